/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The frames of the machine in which the pages of a PV domain of Xen are. The domain's page tables
 * have these frames; everything else in a dump is by pfn.
 *
 * A note keeps them, so that a dump of a PV domain can be filtered again. docs/formats.md
 * has its format.
 */
#ifndef VMCORE_FRAMES_H
#define VMCORE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bitmap.h"
#include "lib/types.h"

/** Bytes of a frame, and of a page that is in one. */
#define FRAME_BYTES 4096

/** The name of the note; its type is 0. */
#define FRAMES_NOTE_NAME "XEN_FRAMES"

/** Pages that follow each other both in the domain and in the machine. */
struct frame_run {
	uint64_t frame; /**< of the machine */
	pfn_t pfn;	/**< of the page in it */
	uint64_t nr;
};

/** Zeroed: none. */
struct frames {
	struct frame_run *runs;
	size_t nr;
};

void frames_deinit(struct frames *f);

/**
 * Append a page.
 * @return 0; -ENOMEM
 */
int frames_add(struct frames *f, uint64_t frame, pfn_t pfn) __attribute__((warn_unused_result));

/** Sort runs for frames_find(), after the last page was appended. */
void frames_sort(struct frames *f);

/** Bytes of the note's descriptor. */
size_t frames_size(const struct frames *f);

/** Write the note's descriptor. @param buf frames_size() bytes */
void frames_encode(const struct frames *f, void *buf, bool swap);

/**
 * Read the note's descriptor. Runs that are impossible are passed over.
 * @param[out] f to be freed with frames_deinit(), sorted for frames_find()
 * @return 0; -ENOMEM
 */
int frames_decode(struct frames *f, const void *buf, size_t size, bool swap)
	__attribute__((warn_unused_result));

/**
 * Find the page that is in a frame.
 * @param f sorted
 * @return 0; -ENOENT, without a sentence, if none is
 */
int frames_find(const struct frames *f, uint64_t frame, pfn_t *pfn);

/**
 * Find the frame that a page is in. Each run is looked at.
 * @return 0; -ENOENT, without a sentence, if it is in none
 */
int frames_find_page(const struct frames *f, pfn_t pfn, uint64_t *frame);

/**
 * Set in a bitmap by pages those bits that are set in one by frames. Frames and pages are below
 * the bitmaps' nbits.
 */
void frames_to_pages(const struct frames *f, const struct bitmap *frames, struct bitmap *pages);

/** Give the bits of the pages' frames in a bitmap by frames the values that one by pages has. */
void frames_from_pages(const struct frames *f, const struct bitmap *pages, struct bitmap *frames);

#endif
