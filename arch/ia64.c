// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ia64: the first three bits of an address are its region. Regions 6 and 7 are all memory, one to
 * one. Three or four levels of page tables map region 5, but not the kernel's image in it: that
 * has an entry of the TLB of its own. The others are of processes, whose tables have an eighth of
 * the root for each.
 *
 * No fact tells where the image lies if no PT_LOAD does. The first page of region 5, the gate
 * for system calls, is one of the image, so tables that map it there are the right ones; this
 * tells the number of levels as well.
 */
#include "arch/arch.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>

#include "facts/declare.h"
#include "lib/checked.h"
#include "lib/err.h"

#define REGION_SHIFT 61
#define REGION_SIZE (UINT64_C(1) << REGION_SHIFT)
#define REGION_MAPPED 5
/* That of huge pages, whose size the administrator chooses. */
#define REGION_HUGE 4

#define GATE (REGION_MAPPED * REGION_SIZE)
/* KERNEL_START and KERNEL_TR_PAGE_SIZE: the image's place in memory is a multiple of the latter. */
#define IMAGE_START (GATE + (UINT64_C(4) << 30))
#define IMAGE_SIZE (UINT64_C(64) << 20)
/* All machines have memory below: that of SGI's Altix begins at 192 GiB. */
#define IMAGE_PLACE_MAX (UINT64_C(256) << 30)

#define PHYS_BITS 50
#define PTE_PRESENT UINT64_C(0x1)
/* A page that is there, but that its process must not touch. */
#define PTE_PROTNONE (UINT64_C(1) << 63)
#define PTE_ADDR ((UINT64_C(1) << PHYS_BITS) - 0x1000)

#define LEVELS_USUAL 3
#define LEVELS_MAX 4

INIT_OPT_MOD_SYM(vmlinux, swapper_pg_dir);

static unsigned int level_shift(const struct arch *a, unsigned int level)
{
	return a->page_shift + (a->page_shift - 3) * (level - 1);
}

/* The bits of an address that choose entries, without those of its region. */
static unsigned int va_bits(const struct arch *a)
{
	return level_shift(a, a->levels + 1) - (a->user ? 3 : 0);
}

static uint64_t slot_of(const struct arch *a, vaddr_t va, unsigned int level)
{
	uint64_t slot = va >> level_shift(a, level) & ((UINT64_C(1) << (a->page_shift - 3)) - 1);

	/* Bits between the region and those that choose entries are 0. */
	if (a->user && level == a->levels)
		slot |= va >> REGION_SHIFT << (a->page_shift - 6);
	return slot;
}

static int translate_by_tables(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			       struct arch_run *ret)
{
	paddr_t table = a->root;

	for (unsigned int level = a->levels;; level--) {
		uint64_t span = UINT64_C(1) << level_shift(a, level), entry;
		int err;

		*ret = arch_run_within(va, span, 0);
		err = arch_read_entry(mem, table + slot_of(a, va, level) * sizeof(entry), false, va,
				      level, &entry);
		if (err)
			return err;
		if (level == 1 ? !(entry & (PTE_PRESENT | PTE_PROTNONE)) : !entry)
			return arch_not_mapped(va, level, entry);
		table = entry & PTE_ADDR;
		if (level == 1) {
			*ret = arch_run_within(va, span, table);
			return 0;
		}
	}
}

static bool is_in_image(const struct arch *a, vaddr_t va)
{
	return !a->user && va >= IMAGE_START && va - IMAGE_START < IMAGE_SIZE;
}

static bool is_mapped_by_tables(const struct arch *a, vaddr_t va)
{
	unsigned int region = va >> REGION_SHIFT;

	return (a->user ? region < REGION_HUGE : region == REGION_MAPPED) &&
	       va % REGION_SIZE >> va_bits(a) == 0;
}

static int ia64_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			  struct arch_run *ret)
{
	if (is_in_image(a, va)) {
		*ret = arch_run_within(va, IMAGE_SIZE, a->phys_base);
		return 0;
	}
	if (is_mapped_by_tables(a, va)) {
		int err = translate_by_tables(a, mem, va, ret);

		if (!a->user && va < IMAGE_START)
			ret->len = min_u64(ret->len, IMAGE_START - va);
		return err;
	}
	if (!a->user && va >> REGION_SHIFT > REGION_MAPPED && va % REGION_SIZE >> PHYS_BITS == 0) {
		*ret = arch_run_within(va, UINT64_C(1) << PHYS_BITS, 0);
		return 0;
	}
	/* Such is the end of region 7, too: it maps other memory on each CPU. */
	*ret = arch_run_within(va, REGION_SIZE, 0);
	return err_set(-EFAULT, "%#" PRIx64 " is not an address of %s", va,
		       a->user ? "a process" : "the kernel");
}

/* Find the image by the PT_LOAD that has an address of region 5. */
static bool find_in_segments(const struct arch *a, paddr_t *place)
{
	for (size_t i = 0; i < a->nr_segments; i++) {
		const struct arch_segment *s = &a->segments[i];

		if (s->vaddr >> REGION_SHIFT == REGION_MAPPED && !(s->paddr >> PHYS_BITS)) {
			*place = s->paddr & -IMAGE_SIZE;
			return true;
		}
	}
	return false;
}

/* Return whether the image is at a place: its tables have the gate in it. */
static bool image_is_at(struct arch *a, const struct arch_mem *mem, vaddr_t root, paddr_t place)
{
	struct arch_run run;

	a->phys_base = place;
	a->root = root - IMAGE_START + place;
	for (a->levels = LEVELS_USUAL; a->levels <= LEVELS_MAX; a->levels++) {
		if (va_bits(a) < REGION_SHIFT && !translate_by_tables(a, mem, GATE, &run) &&
		    run.paddr >= place && run.paddr - place < IMAGE_SIZE)
			return true;
	}
	a->levels = LEVELS_USUAL;
	return false;
}

static int ia64_init(struct arch *a, const struct arch_mem *mem)
{
	vaddr_t root;
	paddr_t place;

	if (a->page_shift != 12 && a->page_shift != 13 && a->page_shift != 14 &&
	    a->page_shift != 16)
		return err_set(-ENOTSUP, "pages of %u KiB are not of %s",
			       1u << (a->page_shift - 10), a->ops->name);
	if (!MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		return err_set(-ENOENT, "SYMBOL(swapper_pg_dir) is missing");
	root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	if (root < IMAGE_START || root - IMAGE_START >= IMAGE_SIZE ||
	    root % (UINT64_C(1) << a->page_shift))
		return err_set(-ENOENT, "the page tables cannot be at %#" PRIx64, root);
	if (find_in_segments(a, &place)) {
		/* If the gate cannot be read, the number of levels is what most kernels have. */
		(void)image_is_at(a, mem, root, place);
		return 0;
	}
	for (place = 0; place < IMAGE_PLACE_MAX; place += IMAGE_SIZE) {
		if (image_is_at(a, mem, root, place))
			return 0;
	}
	a->phys_base = 0;
	return err_set(-ENOENT, "no page tables at %#" PRIx64 " map the gate page", root);
}

static void ia64_kernel_image(const struct arch *a, vaddr_t *start, vaddr_t *end)
{
	(void)a;
	/* The entry of the TLB maps more than the image. */
	arch_image_by_symbols(IMAGE_SIZE, start, end);
	*end = min_u64(*end, IMAGE_START + IMAGE_SIZE);
	*start = min_u64(max_u64(*start, IMAGE_START), *end);
}

const struct arch_ops ia64_arch_ops = {
	.name = "ia64",
	.machine = EM_IA_64,
	.page_size = 16384,
	.section_size_bits = 30,
	.max_physmem_bits = PHYS_BITS,
	.init = ia64_init,
	.translate = ia64_translate,
	.kernel_image = ia64_kernel_image,
};
