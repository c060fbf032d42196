/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The test for memory that holds nothing but zeros.
 */
#ifndef LIB_ZERO_H
#define LIB_ZERO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Return whether @p len bytes are all zero: true for no bytes. */
static inline bool all_zero(const void *buf, size_t len)
{
	const uint8_t *p = buf;
	uint64_t first = 0;

	if (len < sizeof(first))
		return !memcmp(p, &first, len);
	/* Most pages with other bytes than zeros have one among the first bytes. */
	memcpy(&first, p, sizeof(first));
	return !first && !memcmp(p, p + sizeof(first), len - sizeof(first));
}

#endif
