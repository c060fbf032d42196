// SPDX-License-Identifier: GPL-2.0-or-later
#include "filter/foreign_pages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "kernel/struct_pages.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/trace.h"

/* Entries that are looked at together. */
#define UNIT_PAGES 16384
/* The table may have another owner for one of this many pages of dom0. */
#define DOM0_DOUBT 16

/* Bits of count_info (Xen's asm/mm.h, PGC_*). */
#define ALLOCATED (UINT64_C(1) << 63) /* of a free page: to be scrubbed */
#define XEN_HEAP (UINT64_C(1) << 62)
#define SCRUB_4_22 (UINT64_C(1) << 57) /* of a free page */

/* States of a page. */
#define STATE_OFFLINED 2
#define STATE_FREE 3

/*
 * The bits that were moved by Xen commit ae09597da34a ("x86: Don't change the cacheability of the
 * directmap") (in 4.17), and by backports of it. Free pages tell: nothing else is set in theirs.
 */
struct count_bits {
	unsigned int state; /* the first of two bits */
	uint64_t broken;
	uint64_t ignored; /* in a free page */
};

static const struct count_bits layouts[] = {
	{ 55, UINT64_C(1) << 57, ALLOCATED },
	{ 58, UINT64_C(1) << 60, ALLOCATED | SCRUB_4_22 },
};

struct search {
	const struct hypervisor *h;
	const struct bitmap *dumpable;
	struct struct_pages_walk walk;
	void (*look)(struct search *s, pfn_t pfn, const uint8_t *page_info);
	pfn_t unit; /* the first page of those that are looked at */
	uint64_t free[ARRAY_SIZE(layouts)];
	const struct count_bits *bits; /* NULL: no page is free */
	struct bitmap drop;
};

static uint64_t count_info_of(const struct search *s, const uint8_t *page_info)
{
	return load_u64(page_info + s->h->count_info, s->h->memory.vc->swap);
}

static uint64_t owner_of(const struct search *s, const uint8_t *page_info)
{
	const uint8_t *owner = page_info + s->h->owner;
	bool swap = s->h->memory.vc->swap;

	return s->h->wide_owner ? load_u64(owner, swap) : load_u32(owner, swap);
}

static void count_free(struct search *s, pfn_t pfn, const uint8_t *page_info)
{
	uint64_t count_info = count_info_of(s, page_info);

	(void)pfn;
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
		s->free[i] += (count_info & ~layouts[i].ignored) == (uint64_t)STATE_FREE
									    << layouts[i].state;
}

static bool is_foreign(const struct search *s, const uint8_t *page_info)
{
	uint64_t count_info = count_info_of(s, page_info), owner = owner_of(s, page_info);
	unsigned int state = s->bits ? count_info >> s->bits->state & 3 : 0;

	if (count_info & XEN_HEAP)
		return false;
	if (state == STATE_FREE || state == STATE_OFFLINED ||
	    (s->bits && count_info & s->bits->broken))
		return true;
	if (!(count_info & ALLOCATED) || !owner)
		return false;
	return owner != s->h->dom0 && owner != s->h->dom_xen && owner != s->h->dom_io;
}

static void mark(struct search *s, pfn_t pfn, const uint8_t *page_info)
{
	if (is_foreign(s, page_info))
		bitmap_set_range(&s->drop, pfn, pfn + 1);
}

/* Look at the entries that lie within [from, to), byte offsets in the unit. */
static void look_at(void *ctx, const uint8_t *bytes, uint64_t from, uint64_t to)
{
	struct search *s = ctx;
	uint32_t size = s->h->page_info_size;

	for (uint64_t i = div_round_up(from, size); (i + 1) * size <= to; i++)
		s->look(s, s->unit + i, bytes + (i * size - from));
}

static void for_each_page(struct search *s,
			  void (*look)(struct search *s, pfn_t pfn, const uint8_t *page_info))
{
	s->look = look;
	for (pfn_t pfn = 0; pfn < s->h->nr_frames; pfn += UNIT_PAGES) {
		pfn_t end = min_u64(pfn + UNIT_PAGES, s->h->nr_frames);

		if (bitmap_next_set(s->dumpable, pfn, end) == end)
			continue;
		s->unit = pfn;
		struct_pages_walk(&s->walk, s->h->frame_table + pfn * s->h->page_info_size,
				  (end - pfn) * s->h->page_info_size);
	}
}

static void choose_layout(struct search *s)
{
	for_each_page(s, count_free);
	if (s->free[0] || s->free[1])
		s->bits = &layouts[s->free[1] > s->free[0]];
	TRACE(FILTER, "free pages of Xen: %" PRIu64 ", by the bits of older versions %" PRIu64,
	      s->free[1], s->free[0]);
}

/* Keep what dom0 and Xen are known to have. @return -EBADMSG if that contradicts the table */
static int check(struct search *s, const struct frames *dom0)
{
	const struct hypervisor *h = s->h;
	const paddr_t known[] = { h->phys_start, h->memory.arch.root };
	uint64_t pages = 0, wrong = 0;

	for (size_t i = 0; i < dom0->nr; i++) {
		const struct frame_run *r = &dom0->runs[i];

		pages += r->nr;
		wrong += bitmap_clear_range(&s->drop, r->frame, r->frame + r->nr);
	}
	if (wrong > pages / DOM0_DOUBT)
		return err_set(-EBADMSG,
			       "Xen's table of pages is implausible: of %" PRIu64
			       " pages of dom0 %" PRIu64 " would be of others",
			       pages, wrong);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i] / FRAME_BYTES < s->drop.nbits &&
		    bitmap_test(&s->drop, known[i] / FRAME_BYTES))
			return err_set(
				-EBADMSG,
				"Xen's table of pages is implausible: Xen's own page %#" PRIx64
				" would be of others",
				known[i] / FRAME_BYTES);
	}
	return 0;
}

static int find_foreign(struct search *s, const struct kernel *k)
{
	_cleanup_free_ uint8_t *buf = malloc((size_t)UNIT_PAGES * s->h->page_info_size);
	int err = buf ? 0 : err_set(-ENOMEM, "no memory");

	s->walk = (struct struct_pages_walk){
		.k = &s->h->memory,
		.buf = buf,
		.ctx = s,
		.found = look_at,
	};
	if (!err)
		err = vmcore_reader_create(&s->walk.reader, k->vc);
	if (err)
		return err;
	choose_layout(s);
	for_each_page(s, mark);
	vmcore_reader_destroy(s->walk.reader);
	return check(s, &k->dom0);
}

int exclude_foreign_pages(const struct kernel *k, const struct hypervisor_sources *src,
			  struct bitmap *dumpable, uint64_t *nr)
{
	struct hypervisor h;
	struct search s = { .h = &h, .dumpable = dumpable };
	int err = hypervisor_open(&h, k->vc, src);

	*nr = 0;
	if (!err)
		err = bitmap_init_stored(&s.drop, dumpable->nbits, k->vc->bitmaps);
	if (err)
		return err;
	err = find_foreign(&s, k);
	for (pfn_t pfn = 0, end; !err && pfn < s.drop.nbits; pfn = end) {
		pfn = bitmap_next_set(&s.drop, pfn, s.drop.nbits);
		end = bitmap_next_clear(&s.drop, pfn, s.drop.nbits);
		*nr += bitmap_clear_range(dumpable, pfn, end);
	}
	bitmap_deinit(&s.drop);
	return err;
}
