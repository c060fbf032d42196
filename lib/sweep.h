/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Ranges that overlap, cut into pieces that do not: in each piece one of the ranges wins.
 */
#ifndef LIB_SWEEP_H
#define LIB_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Ranges are known by their numbers. */
struct sweep {
	void *ctx;
	/** The range: *start and *end, where it ends before. */
	void (*range)(void *ctx, uint32_t i, uint64_t *start, uint64_t *end);
	/** Return whether range @p a wins over range @p b where both are. */
	bool (*wins)(void *ctx, uint32_t a, uint32_t b);
	/** A piece, and the range that wins there. Pieces come in order. */
	void (*emit)(void *ctx, uint64_t start, uint64_t end, uint32_t winner);
};

/**
 * Emit the pieces of ranges. There are less than twice as many pieces as ranges, since each
 * ends where a range begins or ends.
 * @param order the numbers of @p nr ranges, sorted by their starts; overwritten
 */
void sweep_run(const struct sweep *s, uint32_t *order, size_t nr);

#endif
