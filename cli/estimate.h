/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Estimates for a dump that is to be made: its size, and the memory that makedumpfile needs.
 */
#ifndef CLI_ESTIMATE_H
#define CLI_ESTIMATE_H

#include <stdint.h>

#include "lib/bitmap.h"
#include "lib/codec.h"
#include "vmcore/vmcore.h"

/** Numbers of pages. */
struct estimate_pages {
	/** kernel: without pages of zeros, which are in zero */
	uint64_t kernel, zero;
	uint64_t cache, user, free; /**< cache: with and without private data */
};

/** Sizes of compressed pages, measured with a sample of them. */
struct estimate_sample {
	uint64_t pages;			/**< that were looked at */
	uint64_t zero;			/**< of them, those of zeros */
	uint64_t bytes[NR_CODECS];	/**< of the others, compressed; 0: not built in */
	uint64_t zero_bytes[NR_CODECS]; /**< of one page of zeros, compressed */
};

/** Samples of pages that every level keeps, of page cache and user memory, and of free pages. */
struct estimate_samples {
	struct estimate_sample kept, used, free;
};

/** Estimates of one dump level. */
struct estimate_level {
	unsigned int level;
	uint64_t pages;
	uint64_t bytes[NR_CODECS]; /**< of the file, for each compression; 0: not built in */
};

/** The levels that are estimated: 31, 23, 1 and 0. */
#define ESTIMATE_LEVELS 4

/** Compress a sample of the pages of a bitmap. @return 0; -errno */
int estimate_take_sample(struct vmcore *vc, const struct bitmap *pages, struct estimate_sample *ret)
	__attribute__((warn_unused_result));

/** Estimate the sizes of dumps. */
void estimate_levels(const struct vmcore *vc, const struct estimate_pages *pages,
		     const struct estimate_samples *samples,
		     struct estimate_level ret[ESTIMATE_LEVELS]);

/** Bytes of memory that makedumpfile needs. */
struct estimate_memory {
	uint64_t bytes;	     /**< with one thread */
	uint64_t per_thread; /**< for each thread more */
};

/**
 * Estimate the memory that a dump of level 31 needs. Bitmaps need two bits for each page; the
 * rest was measured with dumps of machines of 1 GiB to 1 TiB.
 * @param pages any bits of VMCORE_PRESENT or VMCORE_STORED, also if they were cleared since
 */
struct estimate_memory estimate_memory(const struct vmcore *vc, const struct bitmap *pages);

#endif
