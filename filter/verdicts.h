/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Combine the verdicts of extensions with the pages that the dump level excludes.
 */
#ifndef FILTER_VERDICTS_H
#define FILTER_VERDICTS_H

#include "lib/bitmap.h"

/** Pages that extensions want to include or exclude, by pfn. A page in both is saved. */
struct verdicts {
	struct bitmap include, exclude; /**< of as many bits as there are pfns */
};

/** Verdicts of all extensions. */
struct verdict_stats {
	uint64_t included; /**< pages saved that the level would have left out */
	uint64_t excluded; /**< pages left out that the level would have saved */
};

/**
 * Forget wishes to save what the input does not have.
 * @param available bits of the pages that the input has data of
 */
void verdicts_limit(struct verdicts *v, const struct bitmap *available);

/**
 * Change which pages are saved.
 * @param dumpable what the level decided; verdicts_limit() came before it did
 */
void verdicts_apply(const struct verdicts *v, struct bitmap *dumpable, struct verdict_stats *stats);

#endif
