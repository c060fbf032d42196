/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The binary search.
 */
#ifndef LIB_SEARCH_H
#define LIB_SEARCH_H

#include <stddef.h>

/**
 * The first index in [low, high) for which an expression is false; high if it is true for all.
 * @param i the name of the index in the expression
 * @param before the expression, true up to some index and false from there on
 *
 *	first = SEARCH_FIRST(0, nr, i, ranges[i].end <= pos);
 */
#define SEARCH_FIRST(low, high, i, before) \
	({ \
		size_t low_ = (low), high_ = (high); \
		while (low_ < high_) { \
			size_t i = low_ + (high_ - low_) / 2; \
			if (before) \
				low_ = i + 1; \
			else \
				high_ = i; \
		} \
		low_; \
	})

#endif
