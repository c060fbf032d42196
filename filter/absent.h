/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Memory that the kernel used and the vmcore lacks: it was added after the crash kernel was
 * loaded.
 */
#ifndef FILTER_ABSENT_H
#define FILTER_ABSENT_H

#include "kernel/kernel.h"
#include "lib/bitmap.h"

/** The most ranges that are named. */
#define ABSENT_RANGES_MAX 8

struct absent_range {
	paddr_t start, end;
};

struct absent_memory {
	uint64_t bytes; /**< in all ranges, also those that are not named */
	size_t nr;	/**< of named ranges */
	struct absent_range ranges[ABSENT_RANGES_MAX];
};

/**
 * Look for absent memory that is in use or free, as samples of its struct pages tell: one for
 * each 64 MiB of which the vmcore has no page. Holes have reserved struct pages or none.
 * Nothing is found where the memory map cannot be read or facts are missing.
 *
 * @param present bits of the pages that the vmcore has
 */
void find_absent_memory(const struct kernel *k, const struct bitmap *present,
			struct absent_memory *ret);

#endif
