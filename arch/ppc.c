// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ppc, of 32 bits: registers or pinned entries of the TLB map lower memory one to one from
 * PAGE_OFFSET on; two levels of page tables map the rest (vmalloc(), modules, HIGHMEM), and lower
 * memory only in kernels that debug it.
 *
 * No fact tells the family of the processor, on which the entries depend:
 *
 *	family			bytes of entries	addresses	page's number
 *				root	page		of tables	from bit
 *	Book3S (603 to 74xx)	4	4		physical	12
 *	Book3S, PTE_64BIT	4	8		physical	12
 *	44x			4	8		virtual		12
 *	e500			4	4		virtual		12
 *	e500, PTE_64BIT		4 or 8	8		virtual		24
 *
 * The kernel has entries in the last quarter of the root, and none before, but for modules of newer
 * Book3S kernels, which end where it begins: this tells the size of the root, hence that of the
 * entries. The entries tell the others.
 */
#include "arch/arch.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "facts/declare.h"
#include "lib/checked.h"
#include "lib/err.h"

/* Larger ones are pages of 256 KiB of 44x, whose tables are smaller than a page. */
#define PAGE_SHIFT_MAX 16

/* PAGE_OFFSET is a multiple of this. */
#define SPLIT_ALIGN UINT64_C(0x10000000)
/* CONFIG_LOWMEM_SIZE, unless a PT_LOAD shows more. */
#define LINEAR_BYTES UINT64_C(0x30000000)
#define ADDRESSES_END (UINT64_C(1) << 32)
/* MAX_POSSIBLE_PHYSMEM_BITS */
#define PHYS_BITS 36
#define PHYS_MASK ((UINT64_C(1) << PHYS_BITS) - 1)

#define PTE_PRESENT UINT64_C(0x1)
/* e500 with entries of 4 bytes: present is the first flag, in newer kernels the second one. */
#define PTE_PRESENT_E500 UINT64_C(0x3)
/* e500 with entries of 8 bytes: the size of the page; no other family sets only this flag of it. */
#define PTE_SIZE UINT64_C(0xf00)
#define PTE_SIZE_4K UINT64_C(0x100)
#define NUMBER_SHIFT_E500 24

/* Tables that are looked at for a page. */
#define SAMPLE_TABLES 2

INIT_OPT_MOD_SYM(vmlinux, swapper_pg_dir);

struct ppc {
	unsigned int root_entry, page_entry; /* bytes */
	unsigned int number_shift;	     /* of a page's number in its entry */
	uint64_t present;		     /* an entry of a page has one of these flags */
	/* Lower memory; arch.phys_base is the physical address of its beginning. */
	vaddr_t linear_start, linear_end;
};

/* Addresses that an entry of the root is for. */
static uint64_t root_span(const struct arch *a)
{
	const struct ppc *s = a->state;

	/* A table has a page. */
	return (UINT64_C(1) << 2 * a->page_shift) / s->page_entry;
}

static int read_entry(const struct arch_mem *mem, paddr_t table, uint64_t slot, unsigned int bytes,
		      vaddr_t va, unsigned int level, uint64_t *ret)
{
	return bytes == 8 ? arch_read_entry(mem, table + slot * 8, true, va, level, ret) :
			    arch_read_entry_32(mem, table + slot * 4, true, va, level, ret);
}

/* Find the table that an entry of the root leads to. */
static bool table_of(const struct arch *a, uint64_t entry, paddr_t *table)
{
	const struct ppc *s = a->state;

	*table = entry;
	if (entry >= s->linear_start)
		*table = entry - s->linear_start + a->phys_base;
	return entry && entry < ADDRESSES_END && !(entry & ((UINT64_C(1) << a->page_shift) - 1));
}

static int translate_by_table(const struct arch *a, const struct arch_mem *mem, paddr_t table,
			      vaddr_t va, struct arch_run *ret)
{
	const struct ppc *s = a->state;
	uint64_t page = UINT64_C(1) << a->page_shift, entry;
	int err;

	*ret = arch_run_within(va, page, 0);
	err = read_entry(mem, table, (va & (root_span(a) - 1)) >> a->page_shift, s->page_entry, va,
			 1, &entry);
	if (err)
		return err;
	if (!(entry & s->present))
		return arch_not_mapped(va, 1, entry);
	*ret = arch_run_within(va, page, entry >> s->number_shift << a->page_shift & PHYS_MASK);
	return 0;
}

static int ppc_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			 struct arch_run *ret)
{
	const struct ppc *s = a->state;
	uint64_t entry = 0;
	paddr_t table;
	int err;

	if (va > UINT32_MAX)
		return arch_not_32_bits(va, ret);
	*ret = arch_run_within(va, root_span(a), 0);
	err = read_entry(mem, a->root, va / root_span(a), s->root_entry, va, 2, &entry);
	if (!err && table_of(a, entry, &table))
		return translate_by_table(a, mem, table, va, ret);
	if (!a->user && (err || !entry) && va >= s->linear_start &&
	    (va & -root_span(a)) < s->linear_end) {
		ret->paddr = va - s->linear_start + a->phys_base;
		return 0;
	}
	return err ? err : arch_not_mapped(va, 2, entry);
}

/* Find lower memory by the PT_LOADs; the one that the root is in tells where it begins. */
static void find_linear(struct arch *a, vaddr_t root)
{
	struct ppc *s = a->state;

	s->linear_start = root & -SPLIT_ALIGN;
	s->linear_end = s->linear_start + LINEAR_BYTES;
	for (size_t i = 0; i < a->nr_segments; i++) {
		const struct arch_segment *seg = &a->segments[i];
		paddr_t base = seg->paddr - (seg->vaddr - s->linear_start);

		if (root >= seg->vaddr && root - seg->vaddr < seg->memsz && base <= PHYS_MASK)
			a->phys_base = base;
	}
	for (size_t i = 0; i < a->nr_segments; i++) {
		const struct arch_segment *seg = &a->segments[i];

		if (seg->vaddr >= s->linear_start && seg->vaddr < ADDRESSES_END &&
		    seg->paddr - (seg->vaddr - s->linear_start) == a->phys_base)
			s->linear_end = max_u64(s->linear_end,
						seg->vaddr + min_u64(seg->memsz, ADDRESSES_END));
	}
}

/* Find the next entry of the root's last quarter that is not empty, from a slot on. */
static bool next_entry(const struct arch *a, const struct arch_mem *mem, uint64_t *slot,
		       uint64_t *entry)
{
	const struct ppc *s = a->state;
	uint64_t end = ADDRESSES_END / root_span(a);

	for (*slot = max_u64(*slot, end / 4 * 3); *slot < end; (*slot)++) {
		if (read_entry(mem, a->root, *slot, s->root_entry, 0, 2, entry))
			return false;
		if (*entry)
			return true;
	}
	return false;
}

/* The first present page in a table tells whether it is one of e500. */
static bool find_page(const struct arch *a, const struct arch_mem *mem, paddr_t table,
		      uint64_t *entry)
{
	const struct ppc *s = a->state;

	for (uint64_t i = 0; i < root_span(a) >> a->page_shift; i++) {
		if (read_entry(mem, table, i, s->page_entry, 0, 1, entry))
			return false;
		if (*entry & PTE_PRESENT)
			return true;
	}
	return false;
}

static bool is_e500(const struct arch *a, const struct arch_mem *mem)
{
	uint64_t slot = 0, entry;
	paddr_t table;

	for (unsigned int i = 0; i < SAMPLE_TABLES && next_entry(a, mem, &slot, &entry); i++) {
		slot++;
		if (table_of(a, entry, &table) && find_page(a, mem, table, &entry))
			return (entry & PTE_SIZE) == PTE_SIZE_4K;
	}
	return false;
}

static void find_entries(const struct arch *a, const struct arch_mem *mem)
{
	static const struct {
		unsigned int root, page;
	} kinds[] = { { 4, 4 }, { 4, 8 }, { 8, 8 } };
	struct ppc *s = a->state;
	uint64_t slot, entry = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		s->root_entry = kinds[i].root;
		s->page_entry = kinds[i].page;
		slot = 0;
		if (next_entry(a, mem, &slot, &entry))
			break;
	}
	s->number_shift = a->page_shift;
	s->present = PTE_PRESENT;
	if (entry < s->linear_start)
		return;
	if (s->page_entry == 4)
		s->present = PTE_PRESENT_E500;
	else if (s->root_entry == 8 || is_e500(a, mem))
		s->number_shift = NUMBER_SHIFT_E500;
}

static int ppc_init(struct arch *a, const struct arch_mem *mem)
{
	vaddr_t root;

	if (a->page_shift > PAGE_SHIFT_MAX)
		return err_set(-ENOTSUP, "pages of %u KiB are not supported on %s",
			       1u << (a->page_shift - 10), a->ops->name);
	if (!MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		return err_set(-ENOENT, "SYMBOL(swapper_pg_dir) is missing");
	root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	if (root > UINT32_MAX || root < SPLIT_ALIGN || root % 8)
		return err_set(-ENOENT, "the page tables cannot be at %#" PRIx64, root);
	a->state = calloc(1, sizeof(struct ppc));
	if (!a->state)
		return err_set(-ENOMEM, "no memory");
	find_linear(a, root);
	a->root = root - ((struct ppc *)a->state)->linear_start + a->phys_base;
	a->levels = 2;
	find_entries(a, mem);
	return 0;
}

const struct arch_ops ppc_arch_ops = {
	.name = "ppc",
	.machine = EM_PPC,
	.page_size = 4096,
	.max_physmem_bits = PHYS_BITS,
	.init = ppc_init,
	.translate = ppc_translate,
	.kernel_image = arch_image_in_32_bits,
	.kaslr_image = true,
	.flat_from_phys_base = true,
};
