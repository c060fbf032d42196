/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Sizes and numbers as people write them.
 */
#ifndef LIB_SIZE_TEXT_H
#define LIB_SIZE_TEXT_H

#include <stdint.h>

/** Bytes that size_text() may write. */
#define SIZE_TEXT_MAX 32

/**
 * Write a size in the largest unit of which it is a whole number: "20 MiB", "100001 bytes".
 * @return @p buf
 */
const char *size_text(char buf[SIZE_TEXT_MAX], uint64_t bytes);

/**
 * Write a size to one decimal place, in the largest unit that it reaches: "44.2 MiB".
 * @return @p buf
 */
const char *size_about(char buf[SIZE_TEXT_MAX], uint64_t bytes);

/** The ending of a noun after its number: "1 page", "2 pages". */
static inline const char *plural_s(uint64_t nr)
{
	return nr == 1 ? "" : "s";
}

#endif
