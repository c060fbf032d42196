/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Check that a classification as a whole can be true.
 *
 * Wrong facts, or struct pages that are not those of their pages, can make every page look like
 * one to exclude. Some pages are the kernel's for sure: struct pages themselves, and slabs.
 */
#ifndef FILTER_PLAUSIBLE_H
#define FILTER_PLAUSIBLE_H

#include "filter/filter.h"

/** The most pages of struct pages that are looked at. */
#define KNOWN_PAGES_MAX 1024

/** Taken down before pages are judged. */
struct plausibility {
	pfn_t known[KNOWN_PAGES_MAX]; /**< pages of struct pages that have data */
	size_t nr_known;
	uint64_t described; /**< pages that have data and a struct page */
};

/**
 * Take down what is known before pages are judged.
 * @param dumpable the pages that have data
 */
void plausibility_begin(struct plausibility *p, const struct kernel *k, struct vmcore_reader *r,
			const struct memmap *map, const struct bitmap *dumpable);

/**
 * Check the outcome. A machine of less than 256 MiB is not judged: no kernel panics there and
 * makes a dump.
 * @param dumpable without the pages that are excluded
 * @param order the fill of which counts as excluded, or NULL
 * @return 0; -EBADMSG with an error text if it cannot be true
 */
int plausibility_check(const struct plausibility *p, const struct page_layout *l,
		       const struct memmap *map, const struct bitmap *dumpable,
		       const struct page_order *order, const struct filter_stats *stats)
	__attribute__((warn_unused_result));

#endif
