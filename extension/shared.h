/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Verdicts of an extension, in memory that its process shares with the program.
 *
 * The program believes none of it before the extension has come to its end, and checks
 * all of it then.
 */
#ifndef EXTENSION_SHARED_H
#define EXTENSION_SHARED_H

#include <stdbool.h>
#include <stdint.h>

#include "erase/list.h"
#include "extension/reported.h"
#include "lib/bitmap.h"

/** The most ranges that one extension can have erased. */
#define ERASURES_MAX (1u << 20)

/** The stages of an extension, in order. */
enum extension_stage {
	EXT_STARTING,
	EXT_LOADING,
	EXT_RESOLVING,
	EXT_INIT,   /**< in extension_init() */
	EXT_PAGES,  /**< being asked about pages */
	EXT_ENDING, /**< in its destructors */
	EXT_FINISHED,
	EXT_REFUSED, /**< it did not begin, or gave up; text says why */
};

/** Shared. */
struct extension_shared {
	enum extension_stage stage;
	/** Changes whenever the extension gets on: what the time limit looks at. */
	uint64_t progress;
	uint64_t pfn;	/**< the page, or the first page, it is being asked about */
	int err;	/**< EXT_REFUSED: the -errno that belongs to text, or 0 */
	char text[512]; /**< EXT_REFUSED: why */
	struct reported reported;
	/** Bits for pfns; the words are shared, too. */
	struct bitmap include, exclude;
	/** Room for ERASURES_MAX; memory is taken as they are used. */
	struct erase_range *erasures;
	uint32_t nr_erasures;
	uint8_t erasures_lost;	/**< not 0: there were too many */
	uint8_t types_doubtful; /**< not 0: it declares types, and these may be wrong */
};

#endif
