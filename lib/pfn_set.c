// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/pfn_set.h"

#include <stdlib.h>

#include "lib/array.h"
#include "lib/checked.h"
#include "lib/search.h"

void pfn_set_deinit(struct pfn_set *s)
{
	free(s->ranges);
	*s = (struct pfn_set){ 0 };
}

/* Have room for one more range. */
static bool make_room(struct pfn_set *s)
{
	if (s->nr == PFN_SET_MAX && !s->full) {
		/* Pages may have been added more than once. */
		pfn_set_seal(s);
		s->full = s->nr > PFN_SET_MAX / 2;
	}
	s->full |= !s->full && ARRAY_GROW(s->ranges, s->nr, "ranges of pages");
	return !s->full;
}

void pfn_set_add(struct pfn_set *s, pfn_t start, pfn_t end)
{
	struct pfn_range *last = s->nr ? &s->ranges[s->nr - 1] : NULL;

	if (start >= end)
		return;
	if (last && last->start <= start && start <= last->end)
		last->end = max_u64(last->end, end);
	else if (make_room(s))
		s->ranges[s->nr++] = (struct pfn_range){ start, end };
}

static int compare_ranges(const void *a, const void *b)
{
	const struct pfn_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

void pfn_set_seal(struct pfn_set *s)
{
	size_t n = 0;

	if (!s->nr)
		return;
	qsort(s->ranges, s->nr, sizeof(*s->ranges), compare_ranges);
	for (size_t i = 0; i < s->nr; i++) {
		struct pfn_range *last = n ? &s->ranges[n - 1] : NULL;

		if (last && s->ranges[i].start <= last->end)
			last->end = max_u64(last->end, s->ranges[i].end);
		else
			s->ranges[n++] = s->ranges[i];
	}
	s->nr = n;
}

void pfn_set_subtract(struct pfn_set *s, const struct pfn_set *other)
{
	struct pfn_set left = { .full = s->full };

	for (size_t i = 0; i < s->nr; i++) {
		pfn_t pfn = s->ranges[i].start, end = s->ranges[i].end;
		const struct pfn_range *hole;

		for (; pfn < end; pfn = max_u64(pfn, hole->end)) {
			hole = pfn_set_next(other, pfn);
			if (!hole) {
				pfn_set_add(&left, pfn, end);
				break;
			}
			pfn_set_add(&left, pfn, min_u64(hole->start, end));
		}
	}
	pfn_set_deinit(s);
	*s = left;
}

const struct pfn_range *pfn_set_next(const struct pfn_set *s, pfn_t pfn)
{
	size_t first = SEARCH_FIRST(0, s->nr, i, s->ranges[i].end <= pfn);

	return first < s->nr ? &s->ranges[first] : NULL;
}

uint64_t pfn_set_count(const struct pfn_set *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->nr; i++)
		n += s->ranges[i].end - s->ranges[i].start;
	return n;
}
