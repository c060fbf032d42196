// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Essential pages of the kernel's memory management: page tables, nodes, sections, swap; and of
 * variables of CPUs.
 */
#include "kernel/essential_search.h"
#include "kernel/member.h"
#include "kernel/percpu.h"

/*
 * x86: vmalloc, vmemmap and all that follows begin at a random address since Linux kernel
 * commit a95ae27c2ee1 ("x86/mm: Enable KASLR for vmalloc memory regions") (in v4.8).
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

INIT_OPT_MOD_SYM(vmlinux, node_data);
INIT_OPT_MOD_VAR_LEN(vmlinux, node_data);
INIT_OPT_MOD_STRUCT(vmlinux, pglist_data);
INIT_OPT_MOD_SYM(vmlinux, mem_section);
INIT_OPT_MOD_VAR_LEN(vmlinux, mem_section);

INIT_OPT_MOD_SYM(vmlinux, swap_info);
INIT_OPT_MOD_SYM(vmlinux, nr_swapfiles);
INIT_OPT_MOD_STRUCT(vmlinux, swap_info_struct);

/* Bounds of sizes that the kernel's memory tells. */
#define PERCPU_MAX (UINT64_C(2) << 20)
/* The first chunk's room for modules and for dynamic variables follows the static ones. */
#define PERCPU_MORE (UINT64_C(128) << 10)
#define NODES_MAX 1024
#define SWAPS_MAX 64
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
	uint64_t page = essential_page(e), entry = 0, n = 0;
	paddr_t at = t->last.paddr;

	if (!t->last.level || !e->mem.is64)
		return 0;
	while ((at += sizeof(entry)) % page &&
	       !vmcore_read_cached(e->view.r, at, &entry, sizeof(entry)) && !entry)
		n++;
	return n;
}

/* Add the page tables of [va, end). */
static void add_tables(struct essential *e, vaddr_t va, vaddr_t end)
{
	uint64_t page = essential_page(e);
	struct tables t = { .e = e };

	for (; va < end && e->left; e->left--) {
		struct arch_run run = { .len = page };
		bool mapped;
		uint64_t len;

		t.last.level = 0;
		mapped = !kernel_trace(e->k, e->view.r, va, take_step, &t, &run);
		len = run.len;
		/* The whole of a table of pages is known by one of its entries. */
		if (t.last.level == 1)
			len = page * 256 - va % (page * 256);
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
		return;
}

/* --- nodes, sections, swap ------------------------------------------------------- */

/* Add the roots of the memory map. */
static void find_sections(struct essential *e)
{
	vaddr_t va = GET_MOD_SYM(vmlinux, mem_section), array;
	uint64_t nr = min_u64(GET_MOD_VAR_LEN(vmlinux, mem_section), ROOTS_MAX);

	if (!MOD_SYM_EXIST(vmlinux, mem_section) || !MOD_VAR_LEN_EXIST(vmlinux, mem_section))
		return;
	/* VMCOREINFO has the address of the array; symbols may have that of a pointer to it. */
	add_pointed(e, va, nr, essential_page(e));
	if (!vmem_read_ulong(&e->mem, va, &array))
		add_pointed(e, array, nr, essential_page(e));
}

static void find_swap(struct essential *e)
{
	uint32_t nr;

	if (MOD_SYM_EXIST(vmlinux, swap_info) && MOD_SYM_EXIST(vmlinux, nr_swapfiles) &&
	    !vmem_read_u32(&e->mem, GET_MOD_SYM(vmlinux, nr_swapfiles), &nr))
		add_pointed(e, GET_MOD_SYM(vmlinux, swap_info), min_u64(nr, SWAPS_MAX),
			    SIZE(swap_info_struct));
}

void essential_find_memory(struct essential *e)
{
	uint64_t nr = MOD_VAR_LEN_EXIST(vmlinux, node_data) ? GET_MOD_VAR_LEN(vmlinux, node_data) :
							      1;

	if (MOD_SYM_EXIST(vmlinux, node_data))
		add_pointed(e, GET_MOD_SYM(vmlinux, node_data), min_u64(nr, NODES_MAX),
			    SIZE(pglist_data));
	find_sections(e);
	find_swap(e);
}
