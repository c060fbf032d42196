// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/data_ends.h"

#include "lib/checked.h"

/* Bits for starts: for each page, and in all. */
#define BITS_PER_PAGE 16u
#define BITS_MIN (UINT64_C(1) << 16)
#define BITS_MAX (UINT64_C(1) << 28)
/* Any odd number with bits all over will do. */
#define SPREAD UINT64_C(0x9e3779b97f4a7c15)
/* A writer left gaps if more than one in this number of ends is no start. */
#define GAPS_USUAL 16u

int data_ends_init(struct data_ends *e, uint64_t nr_pages)
{
	uint64_t bits = BITS_MIN;

	while (bits < BITS_MAX && bits / BITS_PER_PAGE < nr_pages)
		bits *= 2;
	*e = (struct data_ends){ .nr = nr_pages };
	return bitmap_init(&e->starts, bits);
}

void data_ends_deinit(struct data_ends *e)
{
	bitmap_deinit(&e->starts);
}

/* Near offsets have near bits, and offsets that differ in one bit have others. */
static uint64_t start_bit(const struct data_ends *e, uint64_t off)
{
	return (off + off / e->starts.nbits * SPREAD) & (e->starts.nbits - 1);
}

void data_ends_note_start(struct data_ends *e, const struct kdump_page_desc *d)
{
	uint64_t bit = start_bit(e, d->offset);

	bitmap_set_range(&e->starts, bit, bit + 1);
	e->last = max_u64(e->last, d->offset + d->size);
}

void data_ends_note_unknown(struct data_ends *e)
{
	e->nr_unknown++;
}

void data_ends_note_end(struct data_ends *e, const struct kdump_page_desc *d)
{
	uint64_t end = d->offset + d->size;

	if (end == e->last || end == e->odd || bitmap_test(&e->starts, start_bit(e, end)))
		return;
	e->odd = end;
	e->nr_odd++;
}

bool data_ends_are_mixed_up(const struct data_ends *e)
{
	return e->nr_odd > e->nr_unknown && e->nr_odd <= max_u64(e->nr / GAPS_USUAL, 1);
}
