// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/ranges.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/search.h"
#include "lib/sweep.h"

/*
 * A page of a filtered ELF core that was excluded left its struct page after, so such a core has
 * 1/64 of its memory; cores made with -e have less.
 */
#define ABSENT_RATIO 1024
#define ABSENT_MIN (UINT64_C(32) << 30)

/* vc->priv */
struct range_table {
	struct memory_range *ranges; /* sorted by address, none empty, none overlap */
	size_t nr_ranges;
};

/* The priv of a reader. */
struct range_reader {
	size_t hint; /* the range that was used last */
};

uint64_t ranges_absent_max(const struct vmcore *vc)
{
	uint64_t ret;

	return checked_mul(vc->file.size, ABSENT_RATIO, &ret) ? max_u64(ret, ABSENT_MIN) :
								UINT64_MAX;
}

void ranges_add(struct range_piece *pieces, size_t *nr, size_t index,
		const struct memory_range *range)
{
	struct range_piece *p;

	if (range->start == range->end)
		return;
	p = &pieces[(*nr)++];
	*p = (struct range_piece){ .range = *range, .index = index };
	if (range->source != RANGE_FILE)
		p->range.off = 0;
}

static int cmp_start(const void *a, const void *b)
{
	const struct range_piece *x = a, *y = b;

	return (x->range.start > y->range.start) - (x->range.start < y->range.start);
}

/* Return whether a is to be used where both have bytes. */
static bool wins(const struct range_piece *a, const struct range_piece *b)
{
	if (a->range.source != b->range.source)
		return a->range.source < b->range.source;
	return a->index < b->index;
}

/* Append [start, end) of a piece, or let the last range grow. */
static void add_range(struct range_table *d, const struct memory_range *p, paddr_t start,
		      paddr_t end)
{
	struct memory_range *last = d->nr_ranges ? &d->ranges[d->nr_ranges - 1] : NULL;
	uint64_t off = p->source == RANGE_FILE ? p->off + (start - p->start) : 0;

	if (last && last->end == start && last->source == p->source &&
	    (p->source != RANGE_FILE ||
	     (last->file == p->file && last->off + (start - last->start) == off))) {
		last->end = end;
		return;
	}
	d->ranges[d->nr_ranges++] = (struct memory_range){ start, end, off, p->file, p->source };
}

/* State of the sweep over all pieces. */
struct piece_sweep {
	struct range_table *d;
	const struct range_piece *pieces;
};

static void piece_range(void *ctx, uint32_t i, uint64_t *start, uint64_t *end)
{
	const struct piece_sweep *s = ctx;

	*start = s->pieces[i].range.start;
	*end = s->pieces[i].range.end;
}

static bool piece_wins(void *ctx, uint32_t a, uint32_t b)
{
	const struct piece_sweep *s = ctx;

	return wins(&s->pieces[a], &s->pieces[b]);
}

static void emit_piece(void *ctx, uint64_t start, uint64_t end, uint32_t winner)
{
	const struct piece_sweep *s = ctx;

	add_range(s->d, &s->pieces[winner].range, start, end);
}

int ranges_build(struct vmcore *vc, struct range_piece *pieces, size_t nr)
{
	struct range_table *d = calloc(1, sizeof(*d));
	_cleanup_free_ uint32_t *order = NULL;
	struct piece_sweep ctx = { .d = d, .pieces = pieces };
	const struct sweep sweep = { &ctx, piece_range, piece_wins, emit_piece };
	struct memory_range *fit;

	vc->priv = d;
	if (!d || nr > UINT32_MAX)
		goto nomem;
	order = reallocarray(NULL, nr, sizeof(*order));
	d->ranges = reallocarray(NULL, nr, 2 * sizeof(*d->ranges));
	if (!order || !d->ranges)
		goto nomem;
	qsort(pieces, nr, sizeof(*pieces), cmp_start);
	for (size_t i = 0; i < nr; i++)
		order[i] = i;
	sweep_run(&sweep, order, nr);
	fit = reallocarray(d->ranges, d->nr_ranges, sizeof(*fit));
	if (fit)
		d->ranges = fit;
	vc->memory_end = d->nr_ranges ? d->ranges[d->nr_ranges - 1].end : 0;
	return 0;
nomem:
	return err_set(-ENOMEM, "no memory for a table of %zu ranges of memory", nr);
}

void ranges_close(struct vmcore *vc)
{
	struct range_table *d = vc->priv;

	free(d->ranges);
	free(d);
}

int ranges_reader_init(struct vmcore_reader *r)
{
	r->priv = calloc(1, sizeof(struct range_reader));
	return r->priv ? 0 : err_set(-ENOMEM, "no memory to read the dump");
}

void ranges_reader_deinit(struct vmcore_reader *r)
{
	free(r->priv);
}

/* The first range that ends after pa; nr_ranges if there is none. */
static size_t search(const struct range_table *d, paddr_t pa)
{
	return SEARCH_FIRST(0, d->nr_ranges, i, d->ranges[i].end <= pa);
}

/*
 * Like search(), but the range that was used last and the one after it come
 * first. NULL instead of nr_ranges.
 */
static const struct memory_range *range_at(struct vmcore_reader *r, paddr_t pa)
{
	const struct range_table *d = r->vc->priv;
	struct range_reader *er = r->priv;
	size_t i = er->hint;

	if (i < d->nr_ranges && pa >= d->ranges[i].end)
		i++;
	if (i >= d->nr_ranges || pa >= d->ranges[i].end || pa < d->ranges[i].start)
		i = search(d, pa);
	er->hint = i;
	return i < d->nr_ranges ? &d->ranges[i] : NULL;
}

static int no_memory_at(paddr_t pa)
{
	return err_set(-EFAULT, "the dump has no memory at physical address %#" PRIx64, pa);
}

static int lost_memory_at(const struct vmcore *vc, const struct memory_range *g, paddr_t pa)
{
	const struct dump_file *file = g->file ? &vc->others[g->file - 1] : &vc->file;

	return err_set(-EFAULT,
		       "memory at physical address %#" PRIx64
		       " lies beyond the end of the file (truncated at %" PRIu64 " bytes)",
		       pa, file->size);
}

/* Find the range that pa lies in. */
static int find(struct vmcore_reader *r, paddr_t pa, const struct memory_range **ret)
{
	const struct memory_range *g = range_at(r, pa);

	if (!g || pa < g->start)
		return no_memory_at(pa);
	if (g->source == RANGE_LOST)
		return lost_memory_at(r->vc, g, pa);
	*ret = g;
	return 0;
}

/* A file that became shorter since it was opened holds no memory there either. */
static int map_error(const struct vmcore *vc, const struct memory_range *g, paddr_t pa, int err)
{
	if (err == -ENODATA)
		return lost_memory_at(vc, g, pa);
	return err_prefix(err, "memory at physical address %#" PRIx64, pa);
}

/* Get the file that has a range, of which the range can be mapped. */
static struct file_reader *file_of(struct vmcore_reader *r, const struct memory_range *g)
{
	struct file_reader *ret = vmcore_file(r, g->file);

	file_within(ret, g->off, g->off + (g->end - g->start));
	return ret;
}

int ranges_get(struct vmcore_reader *r, paddr_t pa, size_t want, const void **ptr, size_t *got)
{
	static const char zeros[4096];
	const struct memory_range *g;
	int ret = find(r, pa, &g);

	if (ret)
		return ret;
	want = min_u64(want, g->end - pa);
	if (g->source == RANGE_ZERO) {
		*ptr = zeros;
		*got = min_u64(want, sizeof(zeros));
		return 0;
	}
	ret = file_get(file_of(r, g), g->off + (pa - g->start), want, ptr, got);
	return ret ? map_error(r->vc, g, pa, ret) : 0;
}

/* Copy len bytes at pa, which lie in one range. */
static int read_range(struct vmcore_reader *r, const struct memory_range *g, paddr_t pa, void *buf,
		      size_t len)
{
	int ret;

	if (g->source == RANGE_ZERO) {
		memset(buf, 0, len);
		return 0;
	}
	ret = file_read(file_of(r, g), g->off + (pa - g->start), buf, len);
	return ret ? map_error(r->vc, g, pa, ret) : 0;
}

int ranges_read(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len)
{
	char *to = buf;

	while (len) {
		const struct memory_range *g;
		size_t n;
		int ret = find(r, pa, &g);

		if (ret)
			return ret;
		n = min_u64(len, g->end - pa);
		ret = read_range(r, g, pa, to, n);
		if (ret)
			return ret;
		to += n;
		pa += n;
		len -= n;
	}
	return 0;
}

/* pa + len cannot overflow: pages begin below PADDR_MAX. */
int ranges_read_page(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len)
{
	paddr_t pos = pa, end = pa + len;
	bool any = false;

	while (pos < end) {
		const struct memory_range *g = range_at(r, pos);
		char *to = (char *)buf + (pos - pa);
		paddr_t next = g ? min_u64(end, pos < g->start ? g->start : g->end) : end;
		int ret;

		if (!g || pos < g->start) {
			memset(to, 0, next - pos);
		} else if (g->source == RANGE_LOST) {
			return lost_memory_at(r->vc, g, pos);
		} else {
			ret = read_range(r, g, pos, to, next - pos);
			if (ret)
				return ret;
			any = true;
		}
		pos = next;
	}
	return any ? 0 : no_memory_at(pa);
}

void ranges_expect(struct vmcore_reader *r, paddr_t pa, uint64_t len)
{
	const struct memory_range *g = range_at(r, pa);

	if (g && pa >= g->start && g->source == RANGE_FILE)
		file_expect(vmcore_file(r, g->file), g->off + (pa - g->start),
			    min_u64(len, g->end - pa));
}

int ranges_bitmap(struct vmcore *vc, enum vmcore_bitmap_kind which, struct bitmap *b)
{
	const struct range_table *d = vc->priv;

	for (size_t i = 0; i < d->nr_ranges; i++) {
		const struct memory_range *g = &d->ranges[i];

		if (which == VMCORE_PRESENT || g->source == RANGE_FILE ||
		    (which == VMCORE_EXPECTED && g->source == RANGE_LOST))
			bitmap_set_range(b, g->start >> vc->page_shift,
					 ((g->end - 1) >> vc->page_shift) + 1);
	}
	return 0;
}
