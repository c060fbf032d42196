/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Arithmetic on numbers that come from a dump: it says when it overflows.
 */
#ifndef LIB_CHECKED_H
#define LIB_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

/** *ret = a + b; false (and *ret unspecified) if that overflows. */
static inline bool checked_add(uint64_t a, uint64_t b, uint64_t *ret)
{
	return !__builtin_add_overflow(a, b, ret);
}

/** *ret = a * b; false (and *ret unspecified) if that overflows. */
static inline bool checked_mul(uint64_t a, uint64_t b, uint64_t *ret)
{
	return !__builtin_mul_overflow(a, b, ret);
}

/** Return whether [off, off + len) lies within [0, limit). */
static inline bool range_fits(uint64_t off, uint64_t len, uint64_t limit)
{
	return off <= limit && len <= limit - off;
}

/** a / b rounded up; b must not be 0. Cannot overflow. */
static inline uint64_t div_round_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
