/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Whether memory holds nothing but zeros.
 */
#ifndef LIB_ZERO_H
#define LIB_ZERO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Whether @p len bytes are all zero; of no bytes at all they are. */
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
