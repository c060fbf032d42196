// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/coverage.h"

#include <string.h>

#include "lib/checked.h"

/* The first span that ends at @pos or after it. */
static size_t find_span(const struct coverage *c, uint64_t pos)
{
	size_t low = 0, high = c->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->spans[mid].end < pos)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Put a span in the place of spans [i, i + nr). */
static void replace(struct coverage *c, size_t i, size_t nr, struct coverage_span s)
{
	if (!nr && c->nr == COVERAGE_SPANS) {
		c->unknown = true;
		return;
	}
	memmove(&c->spans[i + 1], &c->spans[i + nr], (c->nr - i - nr) * sizeof(s));
	c->spans[i] = s;
	c->nr = c->nr + 1 - nr;
}

/* Remember a header among the first records. Returns whether @s has all bytes of an earlier one. */
static bool repeats(struct coverage *c, struct coverage_span s)
{
	for (size_t i = 0; i < c->nr_first; i++) {
		if (c->first[i].start == s.start && c->first[i].end <= s.end)
			return true;
	}
	if (c->nr_first < COVERAGE_FIRST && s.start < COVERAGE_HEADERS_END)
		c->first[c->nr_first++] = s;
	return false;
}

bool coverage_add(struct coverage *c, uint64_t off, uint64_t len)
{
	struct coverage_span s = { off, off + len };
	bool again = repeats(c, s), fits = true;
	size_t i, end;

	if (c->unknown || !len)
		return true;
	i = end = find_span(c, off);
	for (; end < c->nr && c->spans[end].start <= off + len; end++) {
		const struct coverage_span *t = &c->spans[end];

		if (t->start < off + len && t->end > off)
			fits = again;
		s.start = min_u64(s.start, t->start);
		s.end = max_u64(s.end, t->end);
	}
	replace(c, i, end - i, s);
	return fits;
}

uint64_t coverage_gap(const struct coverage *c, uint64_t start, uint64_t end)
{
	size_t i = find_span(c, start);

	if (c->unknown || start >= end)
		return end;
	/* One that ends at start does not have it. */
	if (i < c->nr && c->spans[i].end == start)
		i++;
	if (i == c->nr || c->spans[i].start > start)
		return start;
	return min_u64(c->spans[i].end, end);
}
