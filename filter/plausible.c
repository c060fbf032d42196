// SPDX-License-Identifier: GPL-2.0-or-later
#include "filter/plausible.h"

#include <errno.h>
#include <inttypes.h>

#include "lib/checked.h"
#include "lib/err.h"

/* Bytes of memory that a machine has at least. */
#define MEMORY_MIN (UINT64_C(256) << 20)

/*
 * hugetlb can free 7 of 8 pages of struct pages; half of the rest is enough to be plausible, and
 * the kernel has other pages.
 */
#define STRUCT_PAGES_SHARE 16

/* Count the set bits of pages that have a struct page. */
static uint64_t count_described(const struct memmap *map, const struct bitmap *b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < map->nr_ranges; i++)
		n += bitmap_count(b, min_u64(map->ranges[i].start, b->nbits),
				  min_u64(map->ranges[i].end, b->nbits));
	return n;
}

void plausibility_begin(struct plausibility *p, const struct kernel *k, struct vmcore_reader *r,
			const struct memmap *map, const struct bitmap *dumpable)
{
	uint64_t nr = 0, before = 0;
	size_t range = 0;

	p->nr_known = 0;
	p->described = count_described(map, dumpable);
	for (size_t i = 0; i < map->nr_ranges; i++)
		nr += map->ranges[i].end - map->ranges[i].start;
	for (size_t i = 0; nr && i < KNOWN_PAGES_MAX; i++) {
		uint64_t n = nr * i / KNOWN_PAGES_MAX, len;
		struct arch_run run;
		pfn_t pfn;

		while (len = map->ranges[range].end - map->ranges[range].start, n - before >= len) {
			before += len;
			range++;
		}
		if (kernel_translate(
			    k, r, map->ranges[range].pages + (n - before) * map->page_struct_size,
			    &run))
			continue;
		if (!kernel_pfn(k, run.paddr >> k->vc->page_shift, &pfn) && pfn < dumpable->nbits &&
		    bitmap_test(dumpable, pfn))
			p->known[p->nr_known++] = pfn;
	}
}

int plausibility_check(const struct plausibility *p, const struct page_layout *l,
		       const struct memmap *map, const struct bitmap *dumpable,
		       const struct page_order *order, const struct filter_stats *stats)
{
	uint64_t judged = p->described - min_u64(p->described, stats->pages[PAGE_UNREADABLE]);
	uint64_t kept = count_described(map, dumpable), wrong = 0;

	if (order)
		kept -= min_u64(kept, page_order_count_fill(order, dumpable));
	kept -= min_u64(kept, stats->pages[PAGE_UNREADABLE]);
	if (!judged && p->described + stats->undescribed >= MEMORY_MIN >> l->page_shift)
		return err_set(-EBADMSG,
			       "of %" PRIu64 " pages none has a struct page that can be read",
			       p->described + stats->undescribed);
	if (judged < MEMORY_MIN >> l->page_shift)
		return 0;
	if (kept < (judged * l->size >> l->page_shift) / STRUCT_PAGES_SHARE)
		return err_set(-EBADMSG,
			       "struct pages are implausible: of %" PRIu64 " pages %" PRIu64
			       " would be the kernel's",
			       judged, kept);
	if ((l->pg_slab || l->slab.known) && !stats->slabs)
		return err_set(-EBADMSG,
			       "struct pages are implausible: of %" PRIu64 " pages none is a slab",
			       judged);
	for (size_t i = 0; i < p->nr_known; i++)
		wrong += !bitmap_test(dumpable, p->known[i]) ||
			 (order && page_order_fills(order, p->known[i]));
	if (wrong * 2 > p->nr_known)
		return err_set(-EBADMSG,
			       "struct pages are implausible: of %zu pages that hold "
			       "struct pages %" PRIu64 " would not be the kernel's",
			       p->nr_known, wrong);
	return 0;
}
