// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * loongarch64: the kernel and the memory it knows lie in windows, through which addresses
 * are physical ones but for the top bits; two to four levels of page tables for the rest
 * (vmalloc(), modules, vmemmap, processes).
 *
 * An entry that leads to a table is its address in a window, not a physical one. No entry is
 * 0 above the last level: those that map nothing lead to a table that is empty and shared.
 */
#include "arch/arch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "facts/declare.h"
#include "lib/elf_machine.h"
#include "lib/err.h"

/* The top bits of the windows: uncached, cached, with writes combined. */
#define WINDOW_FIRST 0x8
#define WINDOW_CACHED 0x9
#define WINDOW_LAST 0xa
#define WINDOW_SHIFT 60
/* The offset within a window: an address without its top bits. */
#define PHYSICAL_MASK ((UINT64_C(1) << 48) - 1)

/* From here on the kernel's addresses go through its tables: the upper half of 48 bits. */
#define MAPPED_START UINT64_C(0xffff800000000000)

#define PTE_HUGE UINT64_C(0x40)
#define PTE_PRESENT UINT64_C(0x80)
/* A page that is there, but that its process must not touch. */
#define PTE_PROTNONE UINT64_C(0x400)

#define LEVELS_MAX 4
/* Entries of the root that are examined. */
#define SAMPLES 16

/* Far more than an image has even with all debugging. */
#define IMAGE_SIZE_MAX (UINT64_C(256) << 20)

INIT_OPT_MOD_SYM(vmlinux, swapper_pg_dir);

/* a->state: what struct arch has no place for. */
struct loongarch64 {
	/* The entry of a level that leads to the empty table of the one below; 0: not known. */
	uint64_t empty[LEVELS_MAX + 1];
};

static bool in_window(vaddr_t va)
{
	return va >> WINDOW_SHIFT >= WINDOW_FIRST && va >> WINDOW_SHIFT <= WINDOW_LAST &&
	       (va & ~PHYSICAL_MASK) << 4 == 0;
}

static unsigned int level_bits(const struct arch *a)
{
	return a->page_shift - 3;
}

/* Return whether an entry leads to a table: no page has all its flags unset. */
static bool is_table(const struct arch *a, uint64_t entry)
{
	return in_window(entry) && entry >> WINDOW_SHIFT == WINDOW_CACHED &&
	       !(entry & ((UINT64_C(1) << a->page_shift) - 1));
}

static bool read_table(const struct arch *a, const struct arch_mem *mem, paddr_t table,
		       uint64_t slot, uint64_t *ret)
{
	return !arch_read_entry(mem, table + slot * sizeof(*ret), false, 0, 0, ret) &&
	       is_table(a, *ret);
}

/* An entry of the root that leads to the empty table: it has an equal. 0: none is known. */
static uint64_t find_empty(const struct arch *a, const struct arch_mem *mem)
{
	uint64_t step = (UINT64_C(1) << level_bits(a)) / SAMPLES;
	uint64_t seen[SAMPLES] = { 0 };
	size_t nr_seen = 0;

	for (uint64_t i = 0; i < SAMPLES; i++) {
		uint64_t entry;

		if (!read_table(a, mem, a->root, i * step + step / 2, &entry))
			continue;
		for (size_t j = 0; j < nr_seen; j++) {
			if (seen[j] == entry)
				return entry;
		}
		seen[nr_seen++] = entry;
	}
	return 0;
}

/*
 * The kernel does not export the number of levels. The empty tables show it: one exists for each
 * level below the root, and each is full of entries that lead to the next one.
 */
static void find_levels(struct arch *a, const struct arch_mem *mem)
{
	uint64_t entry = find_empty(a, mem), chain[LEVELS_MAX];
	struct loongarch64 *s = a->state;
	unsigned int n = 0;

	/* As most kernels are made. */
	a->levels = a->page_shift == 12 ? 4 : 3;
	if (!entry)
		return;
	do {
		chain[n++] = entry;
	} while (n < LEVELS_MAX && read_table(a, mem, entry & PHYSICAL_MASK, 0, &entry));
	/* Nor has an address more bits than there are. */
	if (n == LEVELS_MAX || a->page_shift + level_bits(a) * (n + 1) > 64)
		return;
	a->levels = n + 1;
	for (unsigned int i = 0; i < n; i++)
		s->empty[a->levels - i] = chain[i];
}

static int loongarch64_init(struct arch *a, const struct arch_mem *mem)
{
	vaddr_t root;

	if (!a->is64)
		return err_set(-ENOTSUP, "of LoongArch only machines of 64 bits are known");
	if (a->page_shift != 12 && a->page_shift != 14 && a->page_shift != 16)
		return err_set(-ENOTSUP, "pages of %u KiB are not of %s",
			       1u << (a->page_shift - 10), a->ops->name);
	if (!MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		return err_set(-ENOENT, "SYMBOL(swapper_pg_dir) is missing");
	root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	if (!is_table(a, root))
		return err_set(-ENOENT, "the page tables cannot be at %#" PRIx64, root);
	a->state = calloc(1, sizeof(struct loongarch64));
	if (!a->state)
		return err_set(-ENOMEM, "no memory");
	a->root = root & PHYSICAL_MASK;
	a->pte_addr_mask = PHYSICAL_MASK & ~((UINT64_C(1) << a->page_shift) - 1);
	find_levels(a, mem);
	return 0;
}

/* Not an address at all: how far there is none. */
static int no_address(const struct arch *a, vaddr_t va, struct arch_run *ret)
{
	vaddr_t end = MAPPED_START;

	if (a->user)
		end = 0;
	else if (va >> WINDOW_SHIFT < WINDOW_FIRST)
		end = (uint64_t)WINDOW_FIRST << WINDOW_SHIFT;
	else if (va >> WINDOW_SHIFT < WINDOW_LAST)
		end = ((va >> WINDOW_SHIFT) + 1) << WINDOW_SHIFT;
	ret->len = end - va;
	return err_set(-EFAULT, "%#" PRIx64 " is not an address of %s", va,
		       a->user ? "a process" : "the kernel");
}

static int loongarch64_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
				 struct arch_run *ret)
{
	unsigned int va_bits = a->page_shift + level_bits(a) * a->levels;
	const struct loongarch64 *s = a->state;
	paddr_t table = a->root;

	if (!a->user && in_window(va)) {
		*ret = arch_run_within(va, PHYSICAL_MASK + 1, 0);
		return 0;
	}
	if (a->user ? va >> va_bits != 0 : va < MAPPED_START)
		return no_address(a, va, ret);
	for (unsigned int level = a->levels;; level--) {
		unsigned int shift = a->page_shift + level_bits(a) * (level - 1);
		uint64_t slot = va >> shift & ((UINT64_C(1) << level_bits(a)) - 1);
		uint64_t entry;
		int err;

		*ret = arch_run_within(va, UINT64_C(1) << shift, 0);
		err = arch_read_entry(mem, table + slot * sizeof(entry), false, va, level, &entry);
		if (err)
			return err;
		if (level == 1 || (level == 2 && entry & PTE_HUGE)) {
			if (!(entry & (PTE_PRESENT | PTE_PROTNONE)))
				return arch_not_mapped(va, level, entry);
			*ret = arch_run_within(va, UINT64_C(1) << shift, entry & a->pte_addr_mask);
			return 0;
		}
		if (entry == s->empty[level] || !is_table(a, entry))
			return arch_not_mapped(va, level, entry);
		table = entry & PHYSICAL_MASK;
	}
}

/* It is anywhere in the window: what surrounds it is mapped as well as itself. */
static void loongarch64_kernel_image(const struct arch *a, vaddr_t *start, vaddr_t *end)
{
	(void)a;
	arch_image_by_symbols(IMAGE_SIZE_MAX, start, end);
}

const struct arch_ops loongarch64_arch_ops = {
	.name = "loongarch64",
	.machine = EM_LOONGARCH,
	.page_size = 16384,
	.section_size_bits = 29,
	.max_physmem_bits = 48,
	.init = loongarch64_init,
	.translate = loongarch64_translate,
	.kernel_image = loongarch64_kernel_image,
	.kaslr_image = true,
};
