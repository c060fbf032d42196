// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/bitmap_rank.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lib/checked.h"
#include "lib/err.h"

int bitmap_rank_init(struct bitmap_rank *r, const struct bitmap *b)
{
	uint64_t nr = div_round_up(b->nbits, BITMAP_RANK_BITS);

	*r = (struct bitmap_rank){ .b = b };
	r->below = nr > SIZE_MAX / sizeof(*r->below) ? NULL : malloc(nr * sizeof(*r->below));
	if (!r->below)
		return err_set(-ENOMEM, "no memory for an index of %" PRIu64 " pages", b->nbits);
	for (uint64_t i = 0; i < nr; i++) {
		uint64_t start = i * BITMAP_RANK_BITS;

		r->below[i] = r->total;
		r->total += bitmap_count(b, start, min_u64(start + BITMAP_RANK_BITS, b->nbits));
	}
	return 0;
}

void bitmap_rank_deinit(struct bitmap_rank *r)
{
	free(r->below);
	r->below = NULL;
}

uint64_t bitmap_rank(const struct bitmap_rank *r, uint64_t n)
{
	return r->below[n / BITMAP_RANK_BITS] + bitmap_count(r->b, n - n % BITMAP_RANK_BITS, n);
}
