// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/coverage.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/err.h"
#include "lib/search.h"
#include "vmcore/kdump_format.h"

/* The first span that ends at @pos or after it. */
static size_t find_span(const struct coverage *c, uint64_t pos)
{
	return SEARCH_FIRST(0, c->nr, i, c->spans[i].end < pos);
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

/*
 * Remember a header among the first records. Returns the end of an earlier one of which @s has all
 * bytes; 0: there is none.
 */
static uint64_t repeats(struct coverage *c, struct coverage_span s)
{
	for (size_t i = 0; i < c->nr_first; i++) {
		if (c->first[i].start == s.start && c->first[i].end <= s.end)
			return c->first[i].end;
	}
	if (c->nr_first < COVERAGE_FIRST && s.start < COVERAGE_HEADERS_END)
		c->first[c->nr_first++] = s;
	return 0;
}

bool coverage_add(struct coverage *c, uint64_t off, uint64_t len)
{
	struct coverage_span s = { off, off + len };
	uint64_t again = repeats(c, s);
	bool fits = true;
	size_t i, end;

	if (c->unknown || !len)
		return true;
	i = end = find_span(c, off);
	for (; end < c->nr && c->spans[end].start <= off + len; end++) {
		const struct coverage_span *t = &c->spans[end];

		if (t->start < off + len && t->end > off && min_u64(t->end, off + len) > again)
			fits = false;
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
	if (i == c->nr || c->spans[i].start > start)
		return start;
	return min_u64(c->spans[i].end, end);
}

uint64_t coverage_next(const struct coverage *c, uint64_t start, uint64_t end)
{
	/* A span that ends at start does not have it. */
	size_t i = find_span(c, start + 1);

	return i < c->nr ? min_u64(max_u64(c->spans[i].start, start), end) : end;
}

void coverage_add_record(struct coverage *c, uint64_t off, uint64_t len, uint64_t pos)
{
	if (!coverage_add(c, off, len) && !c->damaged)
		c->damaged = pos;
}

static bool decode(const uint8_t *head, struct kdump_layout *l, struct kdump_header *h)
{
	if (memcmp(head, KDUMP_SIGNATURE, KDUMP_SIGNATURE_SIZE) || kdump_guess_layout(head, l))
		return false;
	kdump_decode_header(l, head, h);
	return kdump_block_size_ok(h->block_size) && h->sub_hdr_size >= 1;
}

uint64_t coverage_sub_header(const uint8_t *head)
{
	struct kdump_layout l;
	struct kdump_header h;

	return decode(head, &l, &h) ? h.block_size : 0;
}

/* Look for a byte of [start, end) that no record has. */
static int check_range(const struct coverage *c, uint64_t start, uint64_t end)
{
	uint64_t gap = coverage_gap(c, start, end);

	return gap >= end ? 0 :
			    err_set(-EBADMSG,
				    "the flattened stream is damaged: no record has byte %" PRIu64
				    " of the file",
				    gap);
}

int coverage_check(const struct coverage *c, const uint8_t *head, const uint8_t *sub, uint64_t size)
{
	struct kdump_sub_header s;
	struct kdump_layout l;
	struct kdump_header h;
	uint64_t descs;
	int err;

	if (c->damaged)
		return err_set(-EBADMSG,
			       "the flattened stream is damaged: the record at offset %" PRIu64
			       " overwrites others",
			       c->damaged);
	err = check_range(c, 0, min_u64(size, 1));
	if (err || !decode(head, &l, &h))
		return err;
	kdump_guess_sub_layout(&h, sub, &l);
	kdump_decode_sub_header(&l, h.version, sub, &s);
	descs = (1 + (uint64_t)h.sub_hdr_size + h.bitmap_blocks) * h.block_size;
	err = check_range(c, h.block_size, h.block_size + UINT64_C(1));
	if (!err && range_fits(s.offset_note, s.size_note, min_u64(descs, size)))
		err = check_range(c, s.offset_note, s.offset_note + s.size_note);
	return err ? err : check_range(c, descs, size);
}
