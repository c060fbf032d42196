// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * i386: two levels of page tables with 4 MiB pages, or with PAE three levels of entries of
 * 8 bytes with 2 MiB pages.
 *
 * The tables map everything that the kernel maps. Their root lies in the kernel image, whose
 * physical addresses, with KASLR too, are the virtual ones minus PAGE_OFFSET. No fact tells
 * PAGE_OFFSET, and VMCOREINFO of PAE kernels alone tells of PAE: the tables that translate
 * their own address are the right ones.
 */
#include "arch/arch.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>

#include "facts/declare.h"
#include "lib/err.h"

#define PAGE_SHIFT 12
#define PAE_LEVELS 3
#define HUGE_LEVEL 2

#define PTE_PRESENT UINT64_C(0x1)
#define PTE_HUGE UINT64_C(0x80)
#define PTE_ADDR UINT64_C(0xfffff000)
/* A 4 MiB page has bits 32 to 39 of its address here (PSE-36). */
#define PSE36_SHIFT 13
#define PSE36_MASK UINT64_C(0xff)

INIT_OPT_MOD_SYM(vmlinux, swapper_pg_dir);

/* CONFIG_PAGE_OFFSET: the kernel's configuration offers no other values. */
static const uint32_t page_offsets[] = {
	0xc0000000, 0xb0000000, 0x80000000, 0x78000000, 0x40000000,
};

static int read_entry(const struct arch *a, const struct arch_mem *mem, paddr_t table, vaddr_t va,
		      unsigned int level, unsigned int slot, uint64_t *ret)
{
	return a->levels == PAE_LEVELS ?
		       arch_read_entry(mem, table + slot * 8, false, va, level, ret) :
		       arch_read_entry_32(mem, table + slot * 4, false, va, level, ret);
}

static paddr_t huge_page(const struct arch *a, uint64_t entry)
{
	paddr_t high = a->levels == PAE_LEVELS ? 0 : entry >> PSE36_SHIFT & PSE36_MASK;

	return high << 32 | (entry & a->pte_addr_mask);
}

static int i386_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			  struct arch_run *ret)
{
	unsigned int bits = a->levels == PAE_LEVELS ? 9 : 10;
	paddr_t table = a->root;

	if (va > UINT32_MAX)
		return arch_not_32_bits(va, ret);
	for (unsigned int level = a->levels;; level--) {
		unsigned int shift = PAGE_SHIFT + bits * (level - 1);
		uint64_t span = UINT64_C(1) << shift, entry;
		int err;

		*ret = arch_run_within(va, span, 0);
		err = read_entry(a, mem, table, va, level, va >> shift & ((1 << bits) - 1), &entry);
		if (err)
			return err;
		if (!(entry & PTE_PRESENT))
			return arch_not_mapped(va, level, entry);
		if (level == HUGE_LEVEL && entry & PTE_HUGE) {
			if (a->levels == PAE_LEVELS &&
			    entry & a->pte_addr_mask & (span - 1) & ~ARCH_X86_PTE_HUGE_PAT)
				return arch_not_aligned(va, level, entry);
			*ret = arch_run_within(va, span, huge_page(a, entry));
			return arch_run_to_physical(mem, va, level, ret);
		}
		table = entry & a->pte_addr_mask;
		if (level == 1) {
			*ret = arch_run_within(va, span, table);
			return arch_run_to_physical(mem, va, level, ret);
		}
		err = arch_to_physical(mem, va, level, &table);
		if (err)
			return err;
	}
}

/* Return whether the root at a virtual address is that of tables that map it there. */
static bool root_maps_itself(struct arch *a, const struct arch_mem *mem, vaddr_t root,
			     unsigned int levels, uint32_t page_offset)
{
	struct arch_run run;

	a->levels = levels;
	a->pte_addr_mask = levels == PAE_LEVELS ? ARCH_X86_PTE_ADDR : PTE_ADDR;
	a->root = root - page_offset;
	return !i386_translate(a, mem, root, &run) && run.paddr == a->root;
}

static int i386_init(struct arch *a, const struct arch_mem *mem)
{
	vaddr_t root;

	if (!MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		return err_set(-ENOENT, "SYMBOL(swapper_pg_dir) is missing");
	root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	if (root > UINT32_MAX || root % (1 << PAGE_SHIFT))
		return err_set(-ENOENT, "the page tables cannot be at %#" PRIx64, root);
	for (unsigned int levels = PAE_LEVELS; levels > 1; levels--) {
		for (size_t i = 0; i < ARRAY_SIZE(page_offsets); i++) {
			if (root >= page_offsets[i] &&
			    root_maps_itself(a, mem, root, levels, page_offsets[i]))
				return 0;
		}
	}
	return err_set(-ENOENT, "no page tables at %#" PRIx64 " map this address", root);
}

const struct arch_ops i386_arch_ops = {
	.name = "i686",
	.machine = EM_386,
	.page_size = 4096,
	.max_physmem_bits = 36,
	.init = i386_init,
	.translate = i386_translate,
	.kernel_image = arch_image_in_32_bits,
	.kaslr_image = true,
};
