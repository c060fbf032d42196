// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * riscv64: three to five levels of page tables (Sv39, Sv48, Sv57), where an entry of any
 * level can map memory.
 *
 * Everything but the root is found by walking, if the tables can be read. The root lies in the
 * kernel image, which since 5.13 is mapped in the last 2 GiB of the address space, apart from
 * the linear map.
 */
#include "arch/arch.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>

#include "facts/declare.h"
#include "lib/checked.h"
#include "lib/err.h"

/* Default link address of the kernel; modules may lie below the image. */
#define KERNEL_MAP UINT64_C(0xffffffff80000000)
#define KERNEL_MAP_SIZE (UINT64_C(1) << 31)
/* The addresses of the last page are what pointers that are errors look like. */
#define LAST_PAGE UINT64_C(0xfffffffffffff000)

#define PTE_VALID UINT64_C(0x1)
#define PTE_LEAF UINT64_C(0xe) /* readable, writable or executable */
#define PTE_NAPOT (UINT64_C(1) << 63)
/*
 * The page number; below it are flags, above it reserved bits and the type of memory.
 * Shifted by two it is an address.
 */
#define PTE_PPN UINT64_C(0x003ffffffffffc00)
#define PTE_PPN_SHIFT 10

/* Svnapot has one size: 16 entries for 64 KiB, all with this in the low bits of the number. */
#define NAPOT_SHIFT 16
#define NAPOT_MASK UINT64_C(0xf)
#define NAPOT_64K UINT64_C(0x8)

#define PAGE_SHIFT 12
#define LEVEL_BITS 9

INIT_OPT_MOD_SYM(vmlinux, swapper_pg_dir);
INIT_OPT_MOD_NUM(vmlinux, VA_BITS);
INIT_OPT_MOD_NUM(vmlinux, PAGE_OFFSET);
INIT_OPT_MOD_NUM(vmlinux, phys_ram_base);
INIT_OPT_MOD_NUM(vmlinux, KERNEL_LINK_ADDR);
INIT_OPT_MOD_NUM(vmlinux, va_kernel_pa_offset);
INIT_OPT_MOD_NUM(vmlinux, MODULES_VADDR);
INIT_OPT_MOD_NUM(vmlinux, MODULES_END);

static vaddr_t kernel_map(void)
{
	vaddr_t map = KERNEL_MAP;

	if (MOD_NUM_EXIST(vmlinux, KERNEL_LINK_ADDR))
		map = GET_MOD_NUM(vmlinux, KERNEL_LINK_ADDR);
	/* It is within; nor is there time to look for an image in more than that. */
	return map < KERNEL_MAP ? KERNEL_MAP : map;
}

/* The PT_LOAD that is lowest in the linear map, or NULL. */
static const struct arch_segment *linear_segment(const struct arch *a)
{
	const struct arch_segment *lowest = NULL;

	for (size_t i = 0; i < a->nr_segments; i++) {
		const struct arch_segment *s = &a->segments[i];

		if (s->vaddr >> 63 && s->vaddr < kernel_map() &&
		    (!lowest || s->vaddr < lowest->vaddr))
			lowest = s;
	}
	return lowest;
}

/*
 * For old kernels that do not export it, the linear map shows the mode: it begins where
 * the smaller ones have no addresses.
 */
static int guess_va_bits(const struct arch *a, int64_t *ret)
{
	const struct arch_segment *s = linear_segment(a);
	vaddr_t start;

	if (MOD_NUM_EXIST(vmlinux, PAGE_OFFSET))
		start = GET_MOD_NUM(vmlinux, PAGE_OFFSET);
	else if (s)
		start = s->vaddr;
	else
		return err_set(-ENOENT, "NUMBER(VA_BITS) is missing");
	for (*ret = 39; *ret <= 57; *ret += LEVEL_BITS) {
		if (start >> 63 && arch_is_canonical(start, *ret))
			return 0;
	}
	return err_set(-ENOENT,
		       "NUMBER(VA_BITS) is missing, and memory cannot be mapped at %#" PRIx64,
		       start);
}

static int find_levels(struct arch *a)
{
	int64_t bits = GET_MOD_NUM(vmlinux, VA_BITS);

	if (!MOD_NUM_EXIST(vmlinux, VA_BITS)) {
		int err = guess_va_bits(a, &bits);

		if (err)
			return err;
	}
	if (bits != 39 && bits != 48 && bits != 57)
		return err_set(-ENOENT, "NUMBER(VA_BITS) %" PRId64 " is invalid", bits);
	a->levels = (bits - PAGE_SHIFT) / LEVEL_BITS;
	return 0;
}

/* Translate an address in the kernel image without page tables. */
static int image_to_phys(const struct arch *a, vaddr_t va, paddr_t *ret)
{
	if (va >= kernel_map() && MOD_NUM_EXIST(vmlinux, va_kernel_pa_offset)) {
		*ret = va - GET_MOD_NUM(vmlinux, va_kernel_pa_offset);
		return 0;
	}
	for (size_t i = 0; i < a->nr_segments; i++) {
		const struct arch_segment *s = &a->segments[i];

		if (va >= s->vaddr && va - s->vaddr < s->memsz) {
			*ret = va - s->vaddr + s->paddr;
			return 0;
		}
	}
	if (va >= kernel_map())
		return err_set(-ENOENT, "NUMBER(va_kernel_pa_offset) is missing");
	if (!MOD_NUM_EXIST(vmlinux, PAGE_OFFSET) || !MOD_NUM_EXIST(vmlinux, phys_ram_base))
		return err_set(-ENOENT, "NUMBER(PAGE_OFFSET) or NUMBER(phys_ram_base) is missing");
	*ret = va - GET_MOD_NUM(vmlinux, PAGE_OFFSET) + GET_MOD_NUM(vmlinux, phys_ram_base);
	return 0;
}

static int riscv64_init(struct arch *a, const struct arch_mem *mem)
{
	const struct arch_segment *s = linear_segment(a);
	vaddr_t root;
	int err;

	(void)mem;
	if (!a->is64)
		return err_set(-ENOTSUP, "cannot translate addresses of 32-bit RISC-V");
	err = find_levels(a);
	if (err)
		return err;
	if (!MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		return err_set(-ENOENT, "SYMBOL(swapper_pg_dir) is missing");
	root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	err = image_to_phys(a, root, &a->root);
	if (err)
		return err;
	if (!(root >> 63) || a->root % (1 << PAGE_SHIFT))
		return err_set(-ENOENT, "the page tables cannot be at %#" PRIx64, root);
	/* Consumers take it for where memory begins. */
	if (MOD_NUM_EXIST(vmlinux, phys_ram_base))
		a->phys_base = GET_MOD_NUM(vmlinux, phys_ram_base);
	else if (s)
		a->phys_base = s->paddr;
	a->pte_addr_mask = PTE_PPN;
	return 0;
}

static struct arch_run leaf_run(const struct arch *a, vaddr_t va, unsigned int level,
				uint64_t entry)
{
	unsigned int shift = PAGE_SHIFT + LEVEL_BITS * (level - 1);
	uint64_t ppn = (entry & a->pte_addr_mask) >> PTE_PPN_SHIFT;

	/* Some CPUs of before Svnapot say with the same bit that it is no memory. */
	if (level == 1 && entry & PTE_NAPOT && (ppn & NAPOT_MASK) == NAPOT_64K)
		shift = NAPOT_SHIFT;
	return arch_run_within(va, UINT64_C(1) << shift, ppn << PAGE_SHIFT);
}

static void riscv64_kernel_image(const struct arch *a, vaddr_t *start, vaddr_t *end)
{
	vaddr_t map = kernel_map();

	(void)a;
	*start = map;
	*end = LAST_PAGE;
	/*
	 * With KASLR the image is somewhere in the map, and modules are right below it:
	 * from 2 GiB below the image's end up to its start.
	 */
	if (MOD_NUM_EXIST(vmlinux, MODULES_END) && (vaddr_t)GET_MOD_NUM(vmlinux, MODULES_END) > map)
		*start = GET_MOD_NUM(vmlinux, MODULES_END);
	if (MOD_NUM_EXIST(vmlinux, MODULES_VADDR)) {
		vaddr_t image_end = GET_MOD_NUM(vmlinux, MODULES_VADDR) + KERNEL_MAP_SIZE;

		if (image_end > *start && image_end < *end)
			*end = image_end;
	}
	if (*start > *end)
		*start = *end;
}

/* Addresses that the kernel tells, without page tables, where they are. */
struct told {
	bool known;
	vaddr_t start, end; /* exclusive */
	paddr_t paddr;	    /* of start */
};

/* Find the image and the linear map, which ends before the modules. */
static void find_told(const struct arch *a, struct told ret[2])
{
	struct told *image = &ret[0], *linear = &ret[1];
	bool ends = !a->user && MOD_NUM_EXIST(vmlinux, MODULES_VADDR);

	image->known = ends && MOD_NUM_EXIST(vmlinux, va_kernel_pa_offset);
	riscv64_kernel_image(a, &image->start, &image->end);
	image->paddr = image->start - GET_MOD_NUM(vmlinux, va_kernel_pa_offset);
	linear->known = ends && MOD_NUM_EXIST(vmlinux, PAGE_OFFSET) &&
			MOD_NUM_EXIST(vmlinux, phys_ram_base);
	linear->start = GET_MOD_NUM(vmlinux, PAGE_OFFSET);
	linear->end = GET_MOD_NUM(vmlinux, MODULES_VADDR);
	linear->paddr = GET_MOD_NUM(vmlinux, phys_ram_base);
}

/*
 * Translate an address of a table that cannot be read, if the kernel tells where it is; else cut
 * the run of addresses without memory short of those that it tells.
 */
static int told_to_phys(const struct arch *a, vaddr_t va, struct arch_run *run)
{
	struct told told[2];
	int err = -ENOENT;

	find_told(a, told);
	for (size_t i = 0; err && i < ARRAY_SIZE(told); i++) {
		const struct told *t = &told[i];

		if (!t->known || va < t->start || va >= t->end)
			continue;
		*run = arch_run_within(va, UINT64_C(1) << PAGE_SHIFT,
				       (va - t->start + t->paddr) >> PAGE_SHIFT << PAGE_SHIFT);
		run->len = min_u64(run->len, t->end - va);
		err = 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		if (told[i].known && va < told[i].start)
			run->len = min_u64(run->len, told[i].start - va);
	}
	return err;
}

/*
 * Reserved memory, where the page tables of the kernel are, is not in every dump: kexec-tools
 * 2.0.32 leave it out of /proc/vmcore.
 */
static int riscv64_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			     struct arch_run *ret)
{
	unsigned int bits = PAGE_SHIFT + LEVEL_BITS * a->levels;
	paddr_t table = a->root;

	if (!arch_is_canonical(va, bits))
		return arch_not_canonical(va, bits, ret);
	for (unsigned int level = a->levels;; level--) {
		unsigned int shift = PAGE_SHIFT + LEVEL_BITS * (level - 1);
		unsigned int slot = va >> shift & ((1 << LEVEL_BITS) - 1);
		uint64_t entry;
		int err;

		*ret = arch_run_within(va, UINT64_C(1) << shift, 0);
		err = arch_read_entry(mem, table + slot * sizeof(entry), false, va, level, &entry);
		if (err)
			return told_to_phys(a, va, ret) ? err : 0;
		if (!(entry & PTE_VALID) || (level == 1 && !(entry & PTE_LEAF)))
			return arch_not_mapped(va, level, entry);
		if (entry & PTE_LEAF) {
			if (level > 1 && (entry & a->pte_addr_mask) >> PTE_PPN_SHIFT << PAGE_SHIFT &
						 ((UINT64_C(1) << shift) - 1))
				return arch_not_aligned(va, level, entry);
			*ret = leaf_run(a, va, level, entry);
			return 0;
		}
		table = (entry & a->pte_addr_mask) >> PTE_PPN_SHIFT << PAGE_SHIFT;
	}
}

const struct arch_ops riscv64_arch_ops = {
	.name = "riscv64",
	.machine = EM_RISCV,
	.page_size = 4096,
	.section_size_bits = 27,
	.max_physmem_bits = 56,
	.init = riscv64_init,
	.translate = riscv64_translate,
	.kernel_image = riscv64_kernel_image,
};
