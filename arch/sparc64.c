// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sparc64: pages of 8 KiB, four levels of page tables, in which entries of 8 MiB and 8 GiB can
 * map memory. The tables map all memory, from PAGE_OFFSET on, but not the kernel's image: that
 * has entries of the TLB of its own, which map it as a whole.
 *
 * No fact tells where the image lies. If no PT_LOAD does, the tables that translate their own
 * address are the right ones. PAGE_OFFSET depends on the processor.
 *
 * The kernel's entries on sun4u (UltraSPARC) and sun4v (processors with a hypervisor) differ in
 * flags only: of what sun4v has as address, sun4u uses one bit, for pages of 32 and 256 MiB of
 * processes.
 */
#include "arch/arch.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>

#include "facts/declare.h"
#include "lib/checked.h"
#include "lib/err.h"

#define PAGE_SHIFT 13
#define LEVELS 4
#define LEVEL_BITS 10
#define VA_BITS 53
/* The highest level at which an entry can map memory. */
#define HUGE_LEVEL 3

/* KERNBASE, and where the addresses for copying pages begin. */
#define IMAGE_START UINT64_C(0x400000)
#define IMAGE_END UINT64_C(0x6000000)
/* The image lies in pages of 4 MiB. Above, no firmware puts it. */
#define IMAGE_ALIGN (UINT64_C(4) << 20)
#define IMAGE_PLACE_MAX (UINT64_C(4) << 30)

#define PTE_VALID (UINT64_C(1) << 63)
/* That of sun4u and of sun4v: an entry that names a page in swap has neither. */
#define PTE_PRESENT UINT64_C(0x90)
#define PTE_HUGE (UINT64_C(1) << 56)
#define PTE_ADDR UINT64_C(0x00ffffffffffe000)

INIT_OPT_MOD_SYM(vmlinux, swapper_pg_dir);

/* PAGE_OFFSET of UltraSPARC I and II; of T1 to T3; of T4 to M7; of UltraSPARC III, IV and M8. */
static const vaddr_t page_offsets[] = {
	0xfffff80000000000,
	0xffff800000000000,
	0xfff8000000000000,
	0xfff0000000000000,
};

static int translate_by_tables(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			       struct arch_run *ret)
{
	paddr_t table = a->root;

	if (!arch_is_canonical(va, VA_BITS))
		return arch_not_canonical(va, VA_BITS, ret);
	for (unsigned int level = LEVELS;; level--) {
		unsigned int shift = PAGE_SHIFT + LEVEL_BITS * (level - 1);
		uint64_t slot = va >> shift & ((1 << LEVEL_BITS) - 1), entry;
		int err;

		*ret = arch_run_within(va, UINT64_C(1) << shift, 0);
		err = arch_read_entry(mem, table + slot * sizeof(entry), true, va, level, &entry);
		if (err)
			return err;
		if (level == 1 || (level <= HUGE_LEVEL && entry & PTE_HUGE)) {
			if (!(entry & (PTE_VALID | PTE_PRESENT)))
				return arch_not_mapped(va, level, entry);
			*ret = arch_run_within(va, UINT64_C(1) << shift, entry & PTE_ADDR);
			return 0;
		}
		if (!entry)
			return arch_not_mapped(va, level, entry);
		table = entry & PTE_ADDR;
	}
}

static int sparc64_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			     struct arch_run *ret)
{
	if (a->user || va >= IMAGE_END)
		return translate_by_tables(a, mem, va, ret);
	if (va >= IMAGE_START) {
		*ret = (struct arch_run){ va + a->phys_base, IMAGE_END - va };
		return 0;
	}
	ret->len = IMAGE_START - va;
	return err_set(-EFAULT, "%#" PRIx64 " is not an address of the kernel", va);
}

/* Find the image by the PT_LOAD that has an address of it. */
static bool find_in_segments(struct arch *a, vaddr_t va)
{
	for (size_t i = 0; i < a->nr_segments; i++) {
		const struct arch_segment *s = &a->segments[i];

		if (s->vaddr && va >= s->vaddr && va - s->vaddr < s->memsz &&
		    s->paddr - s->vaddr + IMAGE_START <= PTE_ADDR) {
			a->phys_base = s->paddr - s->vaddr;
			a->root = va + a->phys_base;
			return true;
		}
	}
	return false;
}

/* Return whether the tables at a->root map this address from some PAGE_OFFSET on. */
static bool root_maps_itself(const struct arch *a, const struct arch_mem *mem)
{
	struct arch_run run;

	for (size_t i = 0; i < ARRAY_SIZE(page_offsets); i++) {
		if (!translate_by_tables(a, mem, page_offsets[i] + a->root, &run) &&
		    run.paddr == a->root)
			return true;
	}
	return false;
}

static int sparc64_init(struct arch *a, const struct arch_mem *mem)
{
	vaddr_t root;

	if (a->page_shift != PAGE_SHIFT)
		return err_set(-ENOTSUP, "pages of %u KiB are not of %s",
			       1u << (a->page_shift - 10), a->ops->name);
	if (!MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		return err_set(-ENOENT, "SYMBOL(swapper_pg_dir) is missing");
	root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	if (root < IMAGE_START || root >= IMAGE_END || root % (1 << PAGE_SHIFT))
		return err_set(-ENOENT, "the page tables cannot be at %#" PRIx64, root);
	if (find_in_segments(a, root))
		return 0;
	for (paddr_t place = 0; place < IMAGE_PLACE_MAX; place += IMAGE_ALIGN) {
		a->phys_base = place - IMAGE_START;
		a->root = root + a->phys_base;
		if (root_maps_itself(a, mem))
			return 0;
	}
	a->phys_base = 0;
	return err_set(-ENOENT, "no page tables at %#" PRIx64 " map this address", root);
}

static void sparc64_kernel_image(const struct arch *a, vaddr_t *start, vaddr_t *end)
{
	(void)a;
	/* The entries of the TLB map more than the image. */
	arch_image_by_symbols(IMAGE_END - IMAGE_START, start, end);
	*end = min_u64(*end, IMAGE_END);
	*start = min_u64(*start, *end);
}

const struct arch_ops sparc64_arch_ops = {
	.name = "sparc64",
	.machine = EM_SPARCV9,
	.page_size = 1 << PAGE_SHIFT,
	.section_size_bits = 30,
	.max_physmem_bits = VA_BITS,
	.init = sparc64_init,
	.translate = sparc64_translate,
	.kernel_image = sparc64_kernel_image,
	.kaslr_image = true,
};
