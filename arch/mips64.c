// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mips64: the kernel's image and the memory it knows lie in windows, through which addresses are
 * physical ones but for the top bits; two to four levels of page tables for the rest (vmalloc(),
 * modules, processes). Only the low bits of an address are indices: modules, at its very end, and
 * vmalloc() share the tables.
 *
 * An entry that leads to a table is its address in a window. No entry is 0 above the last level:
 * those that map nothing lead to a table that is empty and shared.
 *
 * The software's flags of a page are below those of the hardware, which are shifted out of the
 * entry before it goes to the TLB. Their number depends on the configuration, and no fact tells
 * it: the kernel's own pages do, in which the hardware's lowest three flags are set.
 */
#include "arch/arch.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "arch/empty_tables.h"
#include "facts/declare.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"

/* XKPHYS: a window for each of eight ways to cache. */
#define XKPHYS UINT64_C(0x8000000000000000)
#define XKPHYS_CACHE UINT64_C(0x3800000000000000)
#define PHYSICAL_MASK ((UINT64_C(1) << 48) - 1)
/* CKSEG0, cached, and CKSEG1: the first 512 MiB twice. */
#define CKSEG0 UINT64_C(0xffffffff80000000)
#define CKSEG_MASK UINT64_C(0x1fffffff)
/* CKSSEG, of modules, and XKSEG, of vmalloc(), go through the tables. */
#define CKSSEG UINT64_C(0xffffffffc0000000)
#define XKSEG UINT64_C(0xc000000000000000)

#define PTE_PRESENT UINT64_C(0x1)
/* The hardware's flags: global, valid, dirty, three bits of caching, then the page's number. */
#define HARDWARE_FLAGS UINT64_C(0x7)
#define HARDWARE_BITS 6
/* The place of the first: after present, write, accessed, modified and one more flag at least. */
#define HARDWARE_FIRST 5
#define HARDWARE_LAST 16
/* Linux kernel 4.5 and later, for CPUs of MIPS64 release 2 with huge pages. */
#define HARDWARE_USUAL 8

/* Entries of a table that are looked at for one that leads to another, and pages of the last. */
#define SAMPLE_TABLES 16
#define SAMPLE_PAGES 16

INIT_OPT_MOD_SYM(vmlinux, swapper_pg_dir);

struct mips64 {
	struct empty_tables empty;
	unsigned int pfn_shift; /* of an entry */
};

static bool is_big_endian(const struct arch *a)
{
	return a->swap != HOST_BIG_ENDIAN;
}

/* Find the physical address that an address in a window is. */
static bool in_window(vaddr_t va, paddr_t *pa)
{
	if (va >= CKSEG0 && va < CKSSEG) {
		*pa = va & CKSEG_MASK;
		return true;
	}
	*pa = va & PHYSICAL_MASK;
	return (va & ~(XKPHYS_CACHE | PHYSICAL_MASK)) == XKPHYS;
}

/* Find the table that an entry leads to: no page has all its flags unset. */
static bool table_of(const struct arch *a, uint64_t entry, paddr_t *table)
{
	return in_window(entry, table) && !(entry & ((UINT64_C(1) << a->page_shift) - 1));
}

static unsigned int index_bits(const struct arch *a, unsigned int level)
{
	/* The root of three levels has two pages of 4 KiB. */
	return a->page_shift - 3 + (a->page_shift == 12 && a->levels == 3 && level == 3);
}

static unsigned int level_shift(const struct arch *a, unsigned int level)
{
	return a->page_shift + (a->page_shift - 3) * (level - 1);
}

static uint64_t nr_slots(const struct arch *a, unsigned int level)
{
	return UINT64_C(1) << index_bits(a, level);
}

static uint64_t slot_of(const struct arch *a, vaddr_t va, unsigned int level)
{
	return va >> level_shift(a, level) & (nr_slots(a, level) - 1);
}

/* The place of the hardware's flags in the entry of a page of the kernel; 0: it is not seen. */
static unsigned int hardware_flags_of(uint64_t entry)
{
	if (!(entry & PTE_PRESENT))
		return 0;
	/* Before them is a flag that such a page does not have. */
	for (unsigned int at = HARDWARE_FIRST; at <= HARDWARE_LAST; at++) {
		if ((entry >> at & HARDWARE_FLAGS) == HARDWARE_FLAGS && !(entry >> (at - 1) & 1))
			return at;
	}
	return 0;
}

/* Count the places that the pages of a table of the last level show. */
static void look_at_pages(const struct arch *a, const struct arch_mem *mem, paddr_t table,
			  unsigned int votes[HARDWARE_LAST + 1])
{
	for (uint64_t i = 0; i < SAMPLE_PAGES; i++) {
		uint64_t entry;

		if (arch_read_entry(mem, table + i * sizeof(entry), is_big_endian(a), 0, 1, &entry))
			return;
		votes[hardware_flags_of(entry)]++;
	}
}

/*
 * Find the table of the next lower level that the first entry which leads to one names, beginning
 * with that of an address.
 */
static bool first_table(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			unsigned int level, paddr_t *table)
{
	const struct mips64 *s = a->state;
	uint64_t slot = slot_of(a, va, level), entry;
	uint64_t end = min_u64(slot + SAMPLE_TABLES, nr_slots(a, level));

	for (paddr_t at = *table; slot < end; slot++) {
		if (arch_read_entry(mem, at + slot * sizeof(entry), is_big_endian(a), va, level,
				    &entry))
			return false;
		if (entry != s->empty.entry[level] && table_of(a, entry, table))
			return true;
	}
	return false;
}

/* The place of the page's number in an entry: most pages of modules and of vmalloc() tell it. */
static unsigned int find_pfn_shift(const struct arch *a, const struct arch_mem *mem)
{
	static const vaddr_t starts[] = { XKSEG, CKSSEG };
	unsigned int votes[HARDWARE_LAST + 1] = { 0 }, best = HARDWARE_USUAL;

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		unsigned int level = a->levels;
		paddr_t table = a->root;

		while (level > 1 && first_table(a, mem, starts[i], level, &table))
			level--;
		if (level == 1)
			look_at_pages(a, mem, table, votes);
	}
	for (unsigned int at = HARDWARE_FIRST; at <= HARDWARE_LAST; at++) {
		if (votes[at] > votes[best])
			best = at;
	}
	return a->page_shift - 12 + best + HARDWARE_BITS;
}

static int mips64_init(struct arch *a, const struct arch_mem *mem)
{
	struct mips64 *s;
	vaddr_t root;

	if (!a->is64)
		return err_set(-ENOTSUP, "of MIPS only machines of 64 bits are known");
	if (a->page_shift != 12 && a->page_shift != 14 && a->page_shift != 16)
		return err_set(-ENOTSUP, "pages of %u KiB are not of %s",
			       1u << (a->page_shift - 10), a->ops->name);
	if (!MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		return err_set(-ENOENT, "SYMBOL(swapper_pg_dir) is missing");
	root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	if (!table_of(a, root, &a->root))
		return err_set(-ENOENT, "the page tables cannot be at %#" PRIx64, root);
	a->state = s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(-ENOMEM, "no memory");
	a->levels = empty_tables_find(a, mem, is_big_endian(a), table_of, &s->empty);
	/* As most kernels are made. */
	if (!a->levels)
		a->levels = a->page_shift == 16 ? 2 : 3;
	s->pfn_shift = find_pfn_shift(a, mem);
	return 0;
}

static unsigned int va_bits(const struct arch *a)
{
	return level_shift(a, a->levels) + index_bits(a, a->levels);
}

/* Not an address at all: how far there is none. */
static int no_address(const struct arch *a, vaddr_t va, struct arch_run *ret)
{
	vaddr_t end = CKSEG0;

	if (a->user)
		end = 0;
	else if (va < XKPHYS)
		end = XKPHYS;
	else if (va < XKSEG)
		end = (va & ~PHYSICAL_MASK) + PHYSICAL_MASK + 1;
	ret->len = end - va;
	return err_set(-EFAULT, "%#" PRIx64 " is not an address of %s", va,
		       a->user ? "a process" : "the kernel");
}

static bool is_mapped_by_tables(const struct arch *a, vaddr_t va)
{
	if (a->user)
		return va >> va_bits(a) == 0;
	return va >= CKSSEG || (va >= XKSEG && (va - XKSEG) >> va_bits(a) == 0);
}

static int mips64_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			    struct arch_run *ret)
{
	const struct mips64 *s = a->state;
	paddr_t table = a->root, pa;

	if (!a->user && in_window(va, &pa)) {
		*ret = arch_run_within(va, (va >= CKSEG0 ? CKSEG_MASK : PHYSICAL_MASK) + 1, 0);
		return 0;
	}
	if (!is_mapped_by_tables(a, va))
		return no_address(a, va, ret);
	for (unsigned int level = a->levels;; level--) {
		uint64_t span = UINT64_C(1) << level_shift(a, level), entry;
		int err;

		*ret = arch_run_within(va, span, 0);
		err = arch_read_entry(mem, table + slot_of(a, va, level) * sizeof(entry),
				      is_big_endian(a), va, level, &entry);
		if (err)
			return err;
		if (entry & PTE_PRESENT) {
			pa = entry >> s->pfn_shift << a->page_shift;
			*ret = arch_run_within(va, span, pa & PHYSICAL_MASK);
			return 0;
		}
		if (level == 1 || entry == s->empty.entry[level] || !table_of(a, entry, &table))
			return arch_not_mapped(va, level, entry);
	}
}

const struct arch_ops mips64_arch_ops = {
	.name = "mips64",
	.machine = EM_MIPS,
	.page_size = 4096,
	.section_size_bits = 28,
	.max_physmem_bits = 48,
	.init = mips64_init,
	.translate = mips64_translate,
	.kernel_image = arch_image_in_window,
	.kaslr_image = true,
};
