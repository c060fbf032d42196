/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * A test that the data of pages in a kdump-compressed file end where others begin.
 *
 * Data lie one after the other, in any order, and pages that are equal can share them. A page
 * descriptor whose offset is damaged names data that end within others, or leaves its own data to
 * no page. Then the contents of a page can be wrong, if they are not compressed. This is cheaper
 * than vmcore/places.h, which also tells the pages: it takes 2 bytes of memory a page, at most
 * 32 MiB, and finds nearly all of such damage.
 */
#ifndef VMCORE_DATA_ENDS_H
#define VMCORE_DATA_ENDS_H

#include "lib/bitmap.h"
#include "vmcore/kdump_format.h"

/** The starts and ends of pages' data: all starts are to be noted before the first end. */
struct data_ends {
	struct bitmap starts; /**< a bit for an offset */
	uint64_t nr;	      /**< of pages */
	uint64_t last;	      /**< the end of all */
	uint64_t odd;	      /**< the last end that is no start */
	uint64_t nr_odd;      /**< of such ends that differ from the one before */
	uint64_t nr_unknown;  /**< pages whose data may begin at such an end */
};

/** @return 0 or -ENOMEM */
int data_ends_init(struct data_ends *e, uint64_t nr_pages) __attribute__((warn_unused_result));
void data_ends_deinit(struct data_ends *e);

/** Note where the data of a page begin. @param d its offset + size does not overflow */
void data_ends_note_start(struct data_ends *e, const struct kdump_page_desc *d);
/** Note that the data of a page are not known: reading the page says so. */
void data_ends_note_unknown(struct data_ends *e);
/** Note where the data of a page end. */
void data_ends_note_end(struct data_ends *e, const struct kdump_page_desc *d);

/**
 * Return whether some pages, whose data end at @c odd, are mixed up with others. If many ends are
 * no starts, that is how the file was written.
 */
bool data_ends_are_mixed_up(const struct data_ends *e);

#endif
