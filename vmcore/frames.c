// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/frames.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/array.h"
#include "lib/byteorder.h"
#include "lib/err.h"
#include "lib/search.h"

/* Bytes of a run in the note: three u64. */
#define RUN_BYTES 24
/* Neither a machine nor a domain has as many: addresses have 52 bits. */
#define FRAMES_MAX ((UINT64_C(1) << 52) / FRAME_BYTES)

void frames_deinit(struct frames *f)
{
	free(f->runs);
	*f = (struct frames){ 0 };
}

int frames_add(struct frames *f, uint64_t frame, pfn_t pfn)
{
	struct frame_run *last = f->nr ? &f->runs[f->nr - 1] : NULL;

	if (last && last->frame + last->nr == frame && last->pfn + last->nr == pfn) {
		last->nr++;
		return 0;
	}
	if (ARRAY_GROW(f->runs, f->nr, "frames of the machine"))
		return -ENOMEM;
	f->runs[f->nr++] = (struct frame_run){ frame, pfn, 1 };
	return 0;
}

size_t frames_size(const struct frames *f)
{
	return f->nr * RUN_BYTES;
}

void frames_encode(const struct frames *f, void *buf, bool swap)
{
	char *p = buf;

	for (size_t i = 0; i < f->nr; i++, p += RUN_BYTES) {
		store_u64(p, f->runs[i].frame, swap);
		store_u64(p + 8, f->runs[i].pfn, swap);
		store_u64(p + 16, f->runs[i].nr, swap);
	}
}

static int cmp_frame(const void *a, const void *b)
{
	const struct frame_run *x = a, *y = b;

	return (x->frame > y->frame) - (x->frame < y->frame);
}

void frames_sort(struct frames *f)
{
	if (f->nr)
		qsort(f->runs, f->nr, sizeof(*f->runs), cmp_frame);
}

static bool is_possible(const struct frame_run *r)
{
	return r->nr && r->nr <= FRAMES_MAX && r->frame <= FRAMES_MAX - r->nr &&
	       r->pfn <= FRAMES_MAX - r->nr;
}

int frames_decode(struct frames *f, const void *buf, size_t size, bool swap)
{
	size_t nr = size / RUN_BYTES;
	const char *p = buf;

	*f = (struct frames){ .runs = reallocarray(NULL, nr + 1, sizeof(*f->runs)) };
	if (!f->runs)
		return err_set(-ENOMEM, "no memory for %zu runs of frames of the machine", nr);
	for (size_t i = 0; i < nr; i++, p += RUN_BYTES) {
		const struct frame_run r = { load_u64(p, swap), load_u64(p + 8, swap),
					     load_u64(p + 16, swap) };

		if (is_possible(&r))
			f->runs[f->nr++] = r;
	}
	frames_sort(f);
	return 0;
}

int frames_find(const struct frames *f, uint64_t frame, pfn_t *pfn)
{
	size_t after = SEARCH_FIRST(0, f->nr, i, f->runs[i].frame <= frame);
	const struct frame_run *r = &f->runs[after ? after - 1 : 0];

	if (!after || frame - r->frame >= r->nr)
		return -ENOENT;
	*pfn = r->pfn + (frame - r->frame);
	return 0;
}

int frames_find_page(const struct frames *f, pfn_t pfn, uint64_t *frame)
{
	for (size_t i = 0; i < f->nr; i++) {
		const struct frame_run *r = &f->runs[i];

		if (pfn >= r->pfn && pfn - r->pfn < r->nr) {
			*frame = r->frame + (pfn - r->pfn);
			return 0;
		}
	}
	return -ENOENT;
}

/* Set in a bitmap, from bit at on, the bits that bits [start, end) of another one are. */
static void set_like(struct bitmap *to, uint64_t at, const struct bitmap *from, uint64_t start,
		     uint64_t end)
{
	for (uint64_t bit = start, stop; bit < end; bit = stop) {
		bit = bitmap_next_set(from, bit, end);
		stop = bitmap_next_clear(from, bit, end);
		bitmap_set_range(to, at + (bit - start), at + (stop - start));
	}
}

void frames_to_pages(const struct frames *f, const struct bitmap *frames, struct bitmap *pages)
{
	for (size_t i = 0; i < f->nr; i++) {
		const struct frame_run *r = &f->runs[i];

		set_like(pages, r->pfn, frames, r->frame, r->frame + r->nr);
	}
}

void frames_from_pages(const struct frames *f, const struct bitmap *pages, struct bitmap *frames)
{
	for (size_t i = 0; i < f->nr; i++) {
		const struct frame_run *r = &f->runs[i];

		bitmap_clear_range(frames, r->frame, r->frame + r->nr);
		set_like(frames, r->frame, pages, r->pfn, r->pfn + r->nr);
	}
}
