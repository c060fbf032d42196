/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Loads and stores of integers in the dump's byte order, at any alignment.
 *
 * @c swap is true when the dump's byte order differs from the host's. Where
 * it is a compile-time constant the compiler removes the test.
 */
#ifndef LIB_BYTEORDER_H
#define LIB_BYTEORDER_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define HOST_BIG_ENDIAN (__BYTE_ORDER == __BIG_ENDIAN)

static inline uint16_t load_u16(const void *p, bool swap)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return swap ? __builtin_bswap16(v) : v;
}

static inline uint32_t load_u32(const void *p, bool swap)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return swap ? __builtin_bswap32(v) : v;
}

static inline uint64_t load_u64(const void *p, bool swap)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return swap ? __builtin_bswap64(v) : v;
}

/** An unsigned long of the dump: 8 bytes if @p is64, else 4. */
static inline uint64_t load_ulong(const void *p, bool is64, bool swap)
{
	return is64 ? load_u64(p, swap) : load_u32(p, swap);
}

static inline void store_u16(void *p, uint16_t v, bool swap)
{
	v = swap ? __builtin_bswap16(v) : v;
	memcpy(p, &v, sizeof(v));
}

static inline void store_u32(void *p, uint32_t v, bool swap)
{
	v = swap ? __builtin_bswap32(v) : v;
	memcpy(p, &v, sizeof(v));
}

static inline void store_u64(void *p, uint64_t v, bool swap)
{
	v = swap ? __builtin_bswap64(v) : v;
	memcpy(p, &v, sizeof(v));
}

/** An unsigned long of the dump, cut to 4 bytes unless @p is64. */
static inline void store_ulong(void *p, uint64_t v, bool is64, bool swap)
{
	if (is64)
		store_u64(p, v, swap);
	else
		store_u32(p, v, swap);
}

#endif
