// SPDX-License-Identifier: GPL-2.0-or-later
#include "erase/list.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/printable.h"

/*
 * Memory for each range: for itself, and for the two that it may become when the list is
 * sealed. It is taken when a range is added, so that sealing cannot fail; nothing stands
 * after it before it is used.
 */
#define SLOTS 3
#define ROOM_MIN 32

void erase_list_init(struct erase_list *list)
{
	*list = (struct erase_list){ 0 };
}

void erase_list_deinit(struct erase_list *list)
{
	free(list->ranges);
	free(list->order);
	free(list->text);
	erase_list_init(list);
}

static int grow(struct erase_list *list)
{
	size_t more = 2 * list->nr + ROOM_MIN;
	struct erase_range *ranges = NULL;
	uint32_t *order = NULL;

	if (list->nr < UINT32_MAX)
		ranges = reallocarray(list->ranges, more, SLOTS * sizeof(*ranges));
	if (ranges) {
		list->ranges = ranges;
		order = reallocarray(list->order, more, sizeof(*order));
	}
	if (!order)
		return err_set(-ENOMEM, "no memory for %zu ranges to overwrite", list->nr + 1);
	list->order = order;
	list->room = more;
	return 0;
}

int erase_list_add(struct erase_list *list, paddr_t start, uint64_t len, uint8_t fill)
{
	paddr_t end;

	if (!checked_add(start, len, &end))
		return err_set(-EINVAL, "a range to overwrite ends after the last address");
	if (!len)
		return 0;
	if (list->nr == list->room) {
		int err = grow(list);

		if (err)
			return err;
	}
	list->ranges[list->nr++] = (struct erase_range){ start, end, fill };
	return 0;
}

int erase_list_note(struct erase_list *list, const char *fmt, ...)
{
	_cleanup_free_ char *line = NULL;
	va_list ap;
	char *p;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&line, fmt, ap);
	va_end(ap);
	/* After a failure the value is unspecified. */
	if (len < 0)
		line = NULL;
	p = line ? realloc(list->text, list->text_size + len + 1) : NULL;
	if (!p)
		return err_set(-ENOMEM, "no memory for a line of eraseinfo");
	list->text = p;
	p += list->text_size;
	memcpy(p, line, len);
	make_printable(p, len, "");
	p[len] = '\n';
	list->text_size += len + 1;
	return 0;
}

static int compare_starts(const void *a, const void *b, void *ctx)
{
	const struct erase_range *ranges = ctx;
	paddr_t x = ranges[*(const uint32_t *)a].start, y = ranges[*(const uint32_t *)b].start;

	return (x > y) - (x < y);
}

/* A heap of the ranges that cover an address; the one added first is at its top. */
static void heap_push(uint32_t *heap, size_t nr, uint32_t range)
{
	size_t i = nr;

	for (; i && range < heap[(i - 1) / 2]; i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = range;
}

/* Drop the top; nr are left then. */
static void heap_pop(uint32_t *heap, size_t nr)
{
	uint32_t last = heap[nr];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < nr) {
		if (child + 1 < nr && heap[child + 1] < heap[child])
			child++;
		if (last < heap[child])
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
}

static void put_range(struct erase_range *out, size_t *nr, paddr_t start, paddr_t end, uint8_t fill)
{
	if (*nr && out[*nr - 1].end == start && out[*nr - 1].fill == fill)
		out[*nr - 1].end = end;
	else
		out[(*nr)++] = (struct erase_range){ start, end, fill };
}

/*
 * Sweep over ranges, whose indexes are sorted by their starts, from one address where a
 * range begins or ends to the next. There are less than twice as many pieces as ranges,
 * since each ends where a range begins or ends. The heap takes the place of the indexes
 * that were seen.
 */
static size_t sweep(const struct erase_range *in, size_t nr_in, uint32_t *order,
		    struct erase_range *out)
{
	size_t seen = 0, active = 0, nr_out = 0;
	paddr_t at = 0;

	while (seen < nr_in || active) {
		const struct erase_range *top;
		paddr_t end;

		if (!active)
			at = in[order[seen]].start;
		for (; seen < nr_in && in[order[seen]].start == at; seen++)
			heap_push(order, active++, order[seen]);
		top = &in[order[0]];
		if (top->end <= at) {
			heap_pop(order, --active);
			continue;
		}
		end = top->end;
		if (seen < nr_in)
			end = min_u64(end, in[order[seen]].start);
		put_range(out, &nr_out, at, end, top->fill);
		at = end;
	}
	return nr_out;
}

void erase_list_seal(struct erase_list *list)
{
	struct erase_range *out, *p;

	/* Nothing was added since. */
	if (!list->order)
		return;
	out = list->ranges + list->nr;
	for (size_t i = 0; i < list->nr; i++)
		list->order[i] = i;
	qsort_r(list->order, list->nr, sizeof(*list->order), compare_starts, list->ranges);
	list->nr = sweep(list->ranges, list->nr, list->order, out);
	memmove(list->ranges, out, list->nr * sizeof(*out));
	p = reallocarray(list->ranges, list->nr, sizeof(*p));
	if (p)
		list->ranges = p;
	free(list->order);
	list->order = NULL;
	list->room = list->nr;
}

/* Index of the first range that ends after an address. */
static size_t first_behind(const struct erase_list *list, paddr_t pa)
{
	size_t low = 0, high = list->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->ranges[middle].end > pa)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

paddr_t erase_list_next(const struct erase_list *list, paddr_t from)
{
	size_t i = first_behind(list, from);

	return i < list->nr ? max_u64(list->ranges[i].start, from) : UINT64_MAX;
}

void erase_list_apply(const struct erase_list *list, paddr_t pa, void *buf, size_t len)
{
	uint8_t *bytes = buf;
	paddr_t end;

	if (!checked_add(pa, len, &end))
		end = UINT64_MAX;
	for (size_t i = first_behind(list, pa); i < list->nr; i++) {
		const struct erase_range *r = &list->ranges[i];
		paddr_t from = max_u64(r->start, pa);

		if (from >= end)
			break;
		memset(bytes + (from - pa), r->fill, min_u64(r->end, end) - from);
	}
}
