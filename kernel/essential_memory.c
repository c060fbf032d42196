// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Essential pages of the kernel's memory management: page tables, nodes, sections, swap; and of
 * variables of CPUs.
 */
#include "kernel/essential_search.h"
#include "kernel/member.h"
#include "kernel/nodes.h"
#include "kernel/percpu.h"
#include "lib/checked.h"
#include "lib/trace.h"

/*
 * x86: vmalloc, vmemmap and all that follows begin at a random address since Linux kernel
 * commit a95ae27c2ee1 ("x86/mm: Enable KASLR for vmalloc memory regions") (in v4.8), but not in
 * kernels without CONFIG_DYNAMIC_MEMORY_LAYOUT.
 */
INIT_OPT_MOD_SYM(vmlinux, vmalloc_base);
INIT_OPT_MOD_NUM(vmlinux, VMALLOC_START);
INIT_OPT_MOD_NUM(vmlinux, VMALLOC_END);
INIT_OPT_MOD_NUM(vmlinux, VMEMMAP_START);
INIT_OPT_MOD_NUM(vmlinux, VMEMMAP_END);
INIT_OPT_MOD_NUM(vmlinux, MODULES_VADDR);
INIT_OPT_MOD_NUM(vmlinux, MODULES_END);

INIT_OPT_MOD_SYM(vmlinux, __per_cpu_start);
INIT_OPT_MOD_SYM(vmlinux, __per_cpu_end);
/* s390x: pointers to the prefix pages of the CPUs. */
INIT_OPT_MOD_SYM(vmlinux, lowcore_ptr);
#define LOWCORE_BYTES 8192

INIT_OPT_MOD_STRUCT(vmlinux, pglist_data);
INIT_OPT_MOD_SYM(vmlinux, mem_section);
INIT_OPT_MOD_VAR_LEN(vmlinux, mem_section);

INIT_OPT_MOD_SYM(vmlinux, swap_info);
INIT_OPT_MOD_SYM(vmlinux, nr_swapfiles);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, swap_info_struct, swap_file);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, file, f_inode);
INIT_OPT_MOD_PATH(vmlinux, file_dentry, "file.f_path.dentry");
INIT_OPT_MOD_PATH(vmlinux, file_mount, "file.f_path.mnt");
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, dentry, d_parent);
INIT_OPT_MOD_STRUCT(vmlinux, inode);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mount, mnt);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mount, mnt_parent);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mount, mnt_mountpoint);

/* Bounds of sizes that the kernel's memory tells. */
#define PERCPU_MAX (UINT64_C(2) << 20)
/* The first chunk's room for modules and for dynamic variables follows the static ones. */
#define PERCPU_MORE (UINT64_C(128) << 10)
#define SWAPS_MAX 64
/* Entries of 8 bytes in the least that a disk fails to read. */
#define SECTOR_ENTRIES 64
/* The most directories of a path, and mounts, that are followed. */
#define PATH_MAX_PARTS 16
#define ROOTS_MAX (UINT64_C(1) << 16)

/* Add what an array of pointers points to. */
static void add_pointed(struct essential *e, vaddr_t array, uint64_t nr, uint64_t size)
{
	for (uint64_t i = 0; i < nr; i++) {
		uint64_t va;

		if (vmem_read_ulong(&e->mem, array + i * vmem_ulong_size(&e->mem), &va))
			return;
		if (va)
			essential_add(e, va, size);
	}
}

/* --- page tables ----------------------------------------------------------------- */

struct tables {
	struct essential *e;
	struct arch_step last; /* of a translation; level 0: none */
};

static void take_step(void *ctx, const struct arch_step *step)
{
	struct tables *t = ctx;

	t->last = *step;
	essential_add_table(t->e, step);
}

/* Count the entries of 0 after the last step, to the end of its page. They are not present. */
static uint64_t count_empty(struct tables *t)
{
	struct essential *e = t->e;
	uint64_t page = essential_page(e), entries[64], n = 0;
	paddr_t at = t->last.paddr;

	if (!t->last.level || !e->mem.is64)
		return 0;
	at += sizeof(*entries);
	while (at % page) {
		size_t nr = ARRAY_SIZE(entries) - at % sizeof(entries) / sizeof(*entries);

		if (vmcore_read_cached(e->view.r, at, entries, nr * sizeof(*entries)))
			return n;
		for (size_t i = 0; i < nr; i++, n++) {
			if (entries[i])
				return n;
		}
		at += nr * sizeof(*entries);
	}
	return n;
}

/* Add the page tables of [va, end). */
static void add_tables(struct essential *e, vaddr_t va, vaddr_t end)
{
	uint64_t page = essential_page(e);
	struct tables t = { .e = e };

	for (; va < end && e->left; e->left--) {
		struct arch_run run = { .len = page };
		struct arch_step before = t.last;
		bool mapped;
		uint64_t len;

		t.last.level = 0;
		mapped = !kernel_trace(e->k, e->view.r, va, take_step, &t, &run);
		len = run.len;
		/* The whole of a table of pages is known by one of its entries. */
		if (t.last.level == 1)
			len = page * 256 - va % (page * 256);
		/* Two entries of one table cannot be read: pass over some more. */
		else if (!mapped && t.last.level && t.last.level == before.level &&
			 t.last.paddr == before.paddr && checked_mul(len, SECTOR_ENTRIES, &len))
			len -= va % len;
		else if (!mapped && __builtin_mul_overflow(len, count_empty(&t) + 1, &len))
			return;
		if (!len || __builtin_add_overflow(va, len, &va))
			return;
	}
}

/* The same of a range whose ends are numbers. */
static void add_range(struct essential *e, const struct knum_info *start,
		      const struct knum_info *end)
{
	if (start->index >= 0 && end->index >= 0)
		add_tables(e, start->value, end->value);
}

#define NUMBER(n) (&_knum_vmlinux_##n)

void essential_find_tables(struct essential *e)
{
	uint64_t start;

	if (MOD_SYM_EXIST(vmlinux, vmalloc_base) &&
	    !vmem_read_ulong(&e->mem, GET_MOD_SYM(vmlinux, vmalloc_base), &start)) {
		add_tables(e, start, UINT64_MAX);
		return;
	}
	start = e->k->arch.ops->vmalloc_start;
	if (start) {
		if (MOD_NUM_EXIST(vmlinux, VMALLOC_START))
			start = GET_MOD_NUM(vmlinux, VMALLOC_START);
		add_tables(e, start, UINT64_MAX);
		return;
	}
	add_range(e, NUMBER(VMALLOC_START), NUMBER(VMALLOC_END));
	add_range(e, NUMBER(VMEMMAP_START), NUMBER(VMEMMAP_END));
	add_range(e, NUMBER(MODULES_VADDR), NUMBER(MODULES_END));
}

/* --- CPUs ------------------------------------------------------------------------ */

static int find_cpu(void *ctx, uint64_t cpu)
{
	struct essential *e = ctx;
	vaddr_t start = GET_MOD_SYM(vmlinux, __per_cpu_start), at;

	if (!percpu_address(&e->mem, cpu, start, &at))
		essential_add(e, at,
			      min_u64(GET_MOD_SYM(vmlinux, __per_cpu_end) - start + PERCPU_MORE,
				      PERCPU_MAX));
	if (MOD_SYM_EXIST(vmlinux, lowcore_ptr))
		add_pointed(e, GET_MOD_SYM(vmlinux, lowcore_ptr) + cpu * vmem_ulong_size(&e->mem),
			    1, LOWCORE_BYTES);
	return 0;
}

void essential_find_cpus(struct essential *e)
{
	if (MOD_SYM_EXIST(vmlinux, __per_cpu_start) && MOD_SYM_EXIST(vmlinux, __per_cpu_end) &&
	    percpu_for_each_cpu(&e->mem, false, find_cpu, e))
		TRACE(FILTER, "essential pages of CPUs: %s", err_text(-EBADMSG));
}

/* --- nodes, sections, swap ------------------------------------------------------- */

/* Add the roots of the memory map. */
static void find_sections(struct essential *e)
{
	const struct ksym_info *sym = GET_MOD_SYM_PTR(vmlinux, mem_section);
	uint64_t nr = min_u64(GET_MOD_VAR_LEN(vmlinux, mem_section), ROOTS_MAX);
	vaddr_t array = sym->value;

	if (!MOD_SYM_EXIST(vmlinux, mem_section) || !MOD_VAR_LEN_EXIST(vmlinux, mem_section))
		return;
	/*
	 * VMCOREINFO has the address of the array, a symbol table that of a pointer to it. So has
	 * VMCOREINFO of the first kernels with an allocated array, of which they are not found.
	 */
	if (sym->index >= FACT_KALLSYMS && vmem_read_ulong(&e->mem, array, &array))
		return;
	add_pointed(e, array, nr, essential_page(e));
}

static void add_dentries(struct essential *e, uint64_t dentry)
{
	for (unsigned int i = 0; dentry && i < PATH_MAX_PARTS; i++) {
		essential_add(e, dentry, GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, dentry, d_parent));
		if (member_read(&e->mem, dentry, MEMBER(dentry, d_parent), &dentry))
			return;
	}
}

static void add_mounts(struct essential *e, uint64_t mount)
{
	uint64_t point, parent;

	for (unsigned int i = 0; i < PATH_MAX_PARTS; i++) {
		essential_add(e, mount, GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, mount, mnt));
		if (member_read(&e->mem, mount, MEMBER(mount, mnt_mountpoint), &point) ||
		    member_read(&e->mem, mount, MEMBER(mount, mnt_parent), &parent))
			return;
		add_dentries(e, point);
		if (parent == mount)
			return;
		mount = parent;
	}
}

/* Add a file or a device to swap to, and its path. */
static void add_swap_file(struct essential *e, uint64_t file)
{
	const struct ktype_info mount = member_of_path(PATH(file_mount)),
				path = member_of_path(PATH(file_dentry));
	uint64_t dentry, mnt;

	essential_add(e, file, GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, file, f_inode));
	essential_add_object(e, file, MEMBER(file, f_inode), SIZE(inode));
	if (!member_read(&e->mem, file, &path, &dentry))
		add_dentries(e, dentry);
	if (!member_read(&e->mem, file, &mount, &mnt) && mnt &&
	    MOD_STRUCT_MEMBER_EXIST(vmlinux, mount, mnt))
		add_mounts(e, mnt - GET_MOD_STRUCT_MEMBER_OFF(vmlinux, mount, mnt));
}

static void find_swap(struct essential *e)
{
	const uint64_t size = GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, swap_info_struct, swap_file);
	const vaddr_t array = GET_MOD_SYM(vmlinux, swap_info);
	uint64_t info, file;
	uint32_t nr;

	if (!MOD_SYM_EXIST(vmlinux, swap_info) || !MOD_SYM_EXIST(vmlinux, nr_swapfiles) ||
	    vmem_read_u32(&e->mem, GET_MOD_SYM(vmlinux, nr_swapfiles), &nr))
		return;
	nr = min_u64(nr, SWAPS_MAX);
	add_pointed(e, array, nr, size);
	for (uint32_t i = 0; i < nr; i++) {
		if (!vmem_read_ulong(&e->mem, array + i * vmem_ulong_size(&e->mem), &info) &&
		    info &&
		    !member_read(&e->mem, info, MEMBER(swap_info_struct, swap_file), &file) && file)
			add_swap_file(e, file);
	}
}

void essential_find_memory(struct essential *e)
{
	struct nodes nodes;

	if (nodes_find(&nodes))
		add_pointed(e, nodes.array, max_u64(nodes.nr, 1), SIZE(pglist_data));
	find_sections(e);
	find_swap(e);
}
