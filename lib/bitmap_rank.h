/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The number of a set bit among the set bits of a bitmap: files store what the bits tell of in
 * that order. The index takes 1/16 of the bitmap's size.
 */
#ifndef LIB_BITMAP_RANK_H
#define LIB_BITMAP_RANK_H

#include "lib/bitmap.h"

/** Bits of an entry of the index. */
#define BITMAP_RANK_BITS 1024

/** Constant once made, so threads share it. Zeroed: none. */
struct bitmap_rank {
	const struct bitmap *b; /**< borrowed; must not change */
	uint64_t *below;	/**< of each entry: the set bits before its first one. Owned */
	uint64_t total;		/**< set bits of the bitmap */
};

/** Make the index of a bitmap. @return 0 or -ENOMEM */
int bitmap_rank_init(struct bitmap_rank *r, const struct bitmap *b)
	__attribute__((warn_unused_result));
void bitmap_rank_deinit(struct bitmap_rank *r);

/** The number of set bits before bit @p n, which is below nbits. */
uint64_t bitmap_rank(const struct bitmap_rank *r, uint64_t n);

#endif
