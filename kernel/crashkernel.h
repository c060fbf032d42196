/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The memory that a kernel has reserved for its crash kernel (crashkernel=).
 */
#ifndef KERNEL_CRASHKERNEL_H
#define KERNEL_CRASHKERNEL_H

#include "kernel/kernel.h"
#include "lib/bitmap.h"

/** The reservation itself, and one in low memory. */
#define CRASHKERNEL_RANGES 2

struct crashkernel_range {
	pfn_t start, end;
};

/**
 * Find the reserved pages.
 *
 * A reservation that the kernel does not have, whose description cannot be read or is invalid
 * counts as none.
 *
 * @param[out] ret pfns [start, end), below the dump's max_pfn
 * @return number of ranges
 */
unsigned int crashkernel_find(const struct kernel *k, struct vmcore_reader *r,
			      struct crashkernel_range ret[CRASHKERNEL_RANGES]);

/**
 * Clear the bits of the reserved pages: a vmcore does not have these pages, so a dump of a
 * running kernel is better without them.
 * @return 0; -errno if the input cannot be read at all
 */
int crashkernel_exclude(const struct kernel *k, struct bitmap *pages)
	__attribute__((warn_unused_result));

#endif
