// SPDX-License-Identifier: GPL-2.0-or-later
#include "filter/vmemmap.h"

#include <errno.h>

#include "kernel/memmap.h"
#include "lib/checked.h"
#include "lib/err.h"

struct unused_vmemmap {
	const struct kernel *k;
	struct vmcore_reader *r;
	struct memmap map;
	struct bitmap dom0;
	const struct bitmap *dumpable; /* by the kernel's numbers: dom0's on a Xen host */
	struct bitmap unused;	       /* pages of the memory map, by their pfns */
	uint64_t page_size;
};

static vaddr_t round_up(const struct unused_vmemmap *u, vaddr_t va)
{
	return (va + u->page_size - 1) & ~(u->page_size - 1);
}

static vaddr_t round_down(const struct unused_vmemmap *u, vaddr_t va)
{
	return va & ~(u->page_size - 1);
}

/* Mark what is mapped at [va, end), whole pages, as unused or as used. */
static void mark(struct unused_vmemmap *u, vaddr_t va, vaddr_t end, bool unused)
{
	while (va < end) {
		struct arch_run run;
		int err = kernel_translate(u->k, u->r, va, &run);
		uint64_t len = run.len ? min_u64(round_up(u, run.len), end - va) : end - va;
		pfn_t pfn = run.paddr / u->page_size;

		if (!err && unused)
			bitmap_set_range(&u->unused, pfn, pfn + len / u->page_size);
		else if (!err)
			bitmap_clear_range(&u->unused, pfn, pfn + len / u->page_size);
		va += len;
	}
}

/* Mark the struct pages of a range: those that are unused, or all the others. */
static void mark_range(struct unused_vmemmap *u, const struct memmap_range *range, bool unused)
{
	uint64_t size = u->map.page_struct_size;
	vaddr_t used = round_down(u, range->pages);

	for (pfn_t pfn = range->start, end; pfn < range->end; pfn = end) {
		vaddr_t from, to;

		pfn = bitmap_next_clear(u->dumpable, pfn, range->end);
		end = bitmap_next_set(u->dumpable, pfn, range->end);
		from = round_up(u, range->pages + (pfn - range->start) * size);
		to = round_down(u, range->pages + (end - range->start) * size);
		if (from >= to)
			continue;
		mark(u, unused ? from : used, unused ? to : from, unused);
		used = to;
	}
	if (!unused)
		mark(u, used, round_up(u, range->pages + (range->end - range->start) * size),
		     false);
}

static uint64_t drop(const struct unused_vmemmap *u, struct bitmap *dumpable,
		     const struct bitmap *wanted)
{
	uint64_t dropped = 0;

	for (pfn_t pfn = 0, end; pfn < dumpable->nbits; pfn = end) {
		pfn = bitmap_next_set(&u->unused, pfn, dumpable->nbits);
		end = bitmap_next_clear(&u->unused, pfn, dumpable->nbits);
		while (wanted && pfn < end) {
			pfn_t keep = bitmap_next_set(wanted, pfn, end);

			dropped += bitmap_clear_range(dumpable, pfn, keep);
			pfn = bitmap_next_clear(wanted, keep, end);
		}
		dropped += bitmap_clear_range(dumpable, pfn, end);
	}
	return dropped;
}

static int find_unused(struct unused_vmemmap *u)
{
	const struct vmcore *vc = u->k->vc;
	int err = memmap_init(&u->map, u->k, u->r);

	if (!err)
		err = bitmap_init_stored(&u->unused, vc->max_pfn, vc->bitmaps);
	if (err)
		return err_prefix(err, "cannot find struct pages that are not needed");
	for (size_t i = 0; i < u->map.nr_ranges; i++)
		mark_range(u, &u->map.ranges[i], true);
	for (size_t i = 0; i < u->map.nr_ranges; i++)
		mark_range(u, &u->map.ranges[i], false);
	return 0;
}

static int use_dom0(struct unused_vmemmap *u)
{
	int err = bitmap_init_stored(&u->dom0, u->dumpable->nbits, u->k->vc->bitmaps);

	if (!err)
		frames_to_pages(&u->k->dom0, u->dumpable, &u->dom0);
	u->dumpable = &u->dom0;
	return err;
}

int exclude_unused_vmemmap(const struct kernel *k, struct bitmap *dumpable,
			   const struct bitmap *wanted, uint64_t *dropped)
{
	struct unused_vmemmap u = { .k = k, .dumpable = dumpable, .page_size = k->vc->page_size };
	int err = vmcore_reader_create(&u.r, k->vc);

	if (err)
		return err;
	if (k->dom0.nr)
		err = use_dom0(&u);
	if (!err)
		err = find_unused(&u);
	*dropped = err ? 0 : drop(&u, dumpable, wanted);
	bitmap_deinit(&u.unused);
	bitmap_deinit(&u.dom0);
	memmap_deinit(&u.map);
	vmcore_reader_destroy(u.r);
	return err;
}
