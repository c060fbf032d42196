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
#include "lib/search.h"
#include "lib/sweep.h"

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

/* State of the sweep over all ranges: the range that was added first wins. */
struct range_sweep {
	const struct erase_range *in;
	struct erase_range *out;
	size_t nr_out;
};

static void get_range(void *ctx, uint32_t i, uint64_t *start, uint64_t *end)
{
	const struct range_sweep *s = ctx;

	*start = s->in[i].start;
	*end = s->in[i].end;
}

static bool came_first(void *ctx, uint32_t a, uint32_t b)
{
	(void)ctx;
	return a < b;
}

static void put_range(void *ctx, uint64_t start, uint64_t end, uint32_t winner)
{
	struct range_sweep *s = ctx;
	struct erase_range *last = s->nr_out ? &s->out[s->nr_out - 1] : NULL;
	uint8_t fill = s->in[winner].fill;

	if (last && last->end == start && last->fill == fill)
		last->end = end;
	else
		s->out[s->nr_out++] = (struct erase_range){ start, end, fill };
}

void erase_list_seal(struct erase_list *list)
{
	struct range_sweep ctx = { .in = list->ranges };
	const struct sweep sweep = { &ctx, get_range, came_first, put_range };
	struct erase_range *p;

	/* Nothing was added since. */
	if (!list->order)
		return;
	ctx.out = list->ranges + list->nr;
	for (size_t i = 0; i < list->nr; i++)
		list->order[i] = i;
	qsort_r(list->order, list->nr, sizeof(*list->order), compare_starts, list->ranges);
	sweep_run(&sweep, list->order, list->nr);
	list->nr = ctx.nr_out;
	memmove(list->ranges, ctx.out, list->nr * sizeof(*p));
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
	return SEARCH_FIRST(0, list->nr, i, list->ranges[i].end <= pa);
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
