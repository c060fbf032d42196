/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The places of the pages' data in a kdump-compressed file, to notice page descriptors that are
 * damaged: the data of two pages are the same bytes or lie apart from each other.
 *
 * Pages may share their data, as those of zeros do, and data may lie in any order. So one
 * descriptor that names exactly the data of another page cannot be noticed; but then bytes are left
 * that belong to no page. Two descriptors whose contents were exchanged look right.
 */
#ifndef VMCORE_PLACES_H
#define VMCORE_PLACES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/bitmap.h"
#include "vmcore/kdump_format.h"

/** The data of one page. */
struct place {
	uint64_t offset;
	uint64_t page; /**< number of the descriptor */
	uint32_t size, flags;
};

/** Zeroed: none yet. */
struct places {
	struct place *list;
	size_t nr;
	uint64_t start; /**< of the first one's data */
	uint64_t end;	/**< of the last one's data; 0 if there is none */
};

void places_deinit(struct places *p);

/**
 * Add the place that a descriptor names.
 * @param d its offset + size does not overflow, and its size is not 0
 * @return 0 or -ENOMEM: each place takes 24 bytes of memory
 */
int places_add(struct places *p, const struct kdump_page_desc *d, uint64_t page)
	__attribute__((warn_unused_result));

/**
 * Find the pages whose data overlap those of others in part, or are read in another way. Where
 * pages that lie exactly one after the other are overlapped by one that does not fit in between,
 * that one is wrong; else all of them may be.
 *
 * @param start of the data in the file
 * @param[in,out] bad a bit for each descriptor: set for those that are wrong
 * @return bytes from @p start on, up to places.end, that belong to no page
 */
uint64_t places_check(struct places *p, uint64_t start, struct bitmap *bad);

#endif
