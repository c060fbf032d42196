// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/places.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/array.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/search.h"

/* Places [first, end) of the list; they overlap each other, or there is one only. */
struct cluster {
	size_t first, end;
	uint64_t start, stop; /* of their bytes */
};

void places_deinit(struct places *p)
{
	free(p->list);
}

int places_add(struct places *p, const struct kdump_page_desc *d, uint64_t page)
{
	if (ARRAY_GROW(p->list, p->nr, "places of pages"))
		return -ENOMEM;
	p->start = p->nr ? min_u64(p->start, d->offset) : d->offset;
	p->list[p->nr++] = (struct place){ d->offset, page, d->size, d->flags };
	p->end = max_u64(p->end, d->offset + d->size);
	return 0;
}

static uint64_t end_of(const struct place *p)
{
	return p->offset + p->size;
}

/* Places that are the same come one after the other. */
static int compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset > y->offset ? 1 : -1;
	if (x->size != y->size)
		return x->size > y->size ? 1 : -1;
	return (x->flags > y->flags) - (x->flags < y->flags);
}

static void sort(struct places *p)
{
	for (size_t i = 1; i < p->nr; i++) {
		if (compare(&p->list[i - 1], &p->list[i]) > 0) {
			qsort(p->list, p->nr, sizeof(*p->list), compare);
			return;
		}
	}
}

/* The first of the places [low, high) that begins at an offset or after it. */
static size_t search(const struct places *p, size_t low, size_t high, uint64_t offset)
{
	return SEARCH_FIRST(low, high, i, p->list[i].offset < offset);
}

/* Return whether a place of a cluster begins at an offset. */
static bool begins(const struct places *p, const struct cluster *c, uint64_t offset)
{
	size_t i = search(p, c->first, c->end, offset);

	return i < c->end && p->list[i].offset == offset;
}

static void mark(const struct places *p, size_t i, struct bitmap *bad)
{
	bitmap_set_range(bad, p->list[i].page, p->list[i].page + 1);
}

/*
 * Mark the places that do not end where another one of their cluster begins. Those that are left
 * and fit together are whole; if some still overlap, nothing tells which of all are wrong.
 */
static void mark_cluster(const struct places *p, const struct cluster *c, struct bitmap *bad)
{
	const struct place *last = NULL;
	bool fits = true;

	for (size_t i = c->first; i < c->end; i++) {
		const struct place *it = &p->list[i];

		if (end_of(it) != c->stop && !begins(p, c, end_of(it))) {
			mark(p, i, bad);
			continue;
		}
		fits &= it->offset == (last ? end_of(last) : c->start) ||
			(last && !compare(it, last));
		last = it;
	}
	for (size_t i = c->first; !fits && i < c->end; i++)
		mark(p, i, bad);
}

/* Find the places from number first on that overlap each other. Return whether any differ. */
static bool next_cluster(const struct places *p, size_t first, struct cluster *c)
{
	const struct place *it = &p->list[first];
	bool differ = false;

	*c = (struct cluster){ first, first + 1, it->offset, end_of(it) };
	for (; c->end < p->nr && p->list[c->end].offset < c->stop; c->end++) {
		const struct place *next = &p->list[c->end];

		differ |= compare(it, next) != 0;
		c->stop = max_u64(c->stop, end_of(next));
	}
	return differ;
}

uint64_t places_check(struct places *p, uint64_t start, struct bitmap *bad)
{
	uint64_t gaps = 0, pos = start;
	struct cluster c;

	sort(p);
	for (size_t i = 0; i < p->nr; i = c.end) {
		if (next_cluster(p, i, &c))
			mark_cluster(p, &c, bad);
		gaps += c.start - pos;
		pos = c.stop;
	}
	return gaps;
}
