/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * A set of pages as ranges of pfns: for few pages of a large machine.
 *
 * Ranges are added in any order; pfn_set_seal() sorts and joins them. The size is bounded:
 * pages for which there is no room are not in the set, which is no error.
 */
#ifndef LIB_PFN_SET_H
#define LIB_PFN_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/types.h"

/** The most ranges of a set: 16 MiB of memory. */
#define PFN_SET_MAX (1u << 20)

/** Pages [start, end). */
struct pfn_range {
	pfn_t start, end;
};

/** Zeroed: empty. Constant, and shared by threads, once it is sealed. */
struct pfn_set {
	struct pfn_range *ranges; /**< once sealed: sorted, apart from each other */
	size_t nr;
	bool full; /**< some pages found no room, or no memory */
};

void pfn_set_deinit(struct pfn_set *s);

/** Add pages [start, end); an empty range is allowed. */
void pfn_set_add(struct pfn_set *s, pfn_t start, pfn_t end);

/** Sort the ranges, and join those that overlap or touch. Ranges may be added again later. */
void pfn_set_seal(struct pfn_set *s);

/** Take the pages of another set out of a set. Both are sealed, before and after. */
void pfn_set_subtract(struct pfn_set *s, const struct pfn_set *other);

/** The first range of a sealed set that ends after @p pfn; NULL if there is none. */
const struct pfn_range *pfn_set_next(const struct pfn_set *s, pfn_t pfn);

/** Number of pages in a sealed set. */
uint64_t pfn_set_count(const struct pfn_set *s);

#endif
