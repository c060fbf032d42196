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

#include "arch/empty_tables.h"
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

INIT_OPT_MOD_SYM(vmlinux, swapper_pg_dir);

static bool in_window(vaddr_t va)
{
	return va >> WINDOW_SHIFT >= WINDOW_FIRST && va >> WINDOW_SHIFT <= WINDOW_LAST &&
	       (va & ~PHYSICAL_MASK) << 4 == 0;
}

static unsigned int level_bits(const struct arch *a)
{
	return a->page_shift - 3;
}

/* Find the table that an entry leads to: no page has all its flags unset. */
static bool table_of(const struct arch *a, uint64_t entry, paddr_t *table)
{
	*table = entry & PHYSICAL_MASK;
	return in_window(entry) && entry >> WINDOW_SHIFT == WINDOW_CACHED &&
	       !(entry & ((UINT64_C(1) << a->page_shift) - 1));
}

static int loongarch64_init(struct arch *a, const struct arch_mem *mem)
{
	struct empty_tables *empty;
	vaddr_t root;

	if (!a->is64)
		return err_set(-ENOTSUP, "of LoongArch only machines of 64 bits are known");
	if (a->page_shift != 12 && a->page_shift != 14 && a->page_shift != 16)
		return err_set(-ENOTSUP, "pages of %u KiB are not of %s",
			       1u << (a->page_shift - 10), a->ops->name);
	if (!MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		return err_set(-ENOENT, "SYMBOL(swapper_pg_dir) is missing");
	root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	if (!table_of(a, root, &a->root))
		return err_set(-ENOENT, "the page tables cannot be at %#" PRIx64, root);
	a->state = empty = calloc(1, sizeof(*empty));
	if (!empty)
		return err_set(-ENOMEM, "no memory");
	a->pte_addr_mask = PHYSICAL_MASK & ~((UINT64_C(1) << a->page_shift) - 1);
	a->levels = empty_tables_find(a, mem, false, table_of, empty);
	/* As most kernels are made. */
	if (!a->levels)
		a->levels = a->page_shift == 12 ? 4 : 3;
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
	const struct empty_tables *empty = a->state;
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
		if (entry == empty->entry[level] || !table_of(a, entry, &table))
			return arch_not_mapped(va, level, entry);
	}
}

const struct arch_ops loongarch64_arch_ops = {
	.name = "loongarch64",
	.machine = EM_LOONGARCH,
	.page_size = 16384,
	.section_size_bits = 29,
	.max_physmem_bits = 48,
	.init = loongarch64_init,
	.translate = loongarch64_translate,
	.kernel_image = arch_image_in_window,
	.kaslr_image = true,
};
