/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The copy pipeline: pages are read, tested for zeros and compressed in
 * parallel, and handed to a writer class by class, in pfn order within a class. The output does
 * not depend on the number of threads.
 *
 * The classes of the fill (struct page_order) come after all others of all parts. Only room and
 * time that are left are for them: when there is none, the copy ends without an error.
 */
#ifndef OUTPUT_COPY_H
#define OUTPUT_COPY_H

#include "filter/page_order.h"
#include "output/codec_choice.h"
#include "output/writer.h"

/** Pages of a class. */
struct class_stats {
	uint64_t pages;	 /**< to copy */
	uint64_t copied; /**< of them, those that were handed to the writer */
	uint64_t bytes;	 /**< their data, compressed; those that several share once */
	/** Size of the outputs when the last of them was written: a smaller dump lacks some. */
	uint64_t file_bytes;
	bool fill;	/**< its pages are the fill */
	double seconds; /**< from the end of what came before to the end of the last batch */
};

/** Counts of copied pages. */
struct copy_stats {
	uint64_t total;	 /**< pages to copy */
	uint64_t copied; /**< of them, those that were handed to the writer */
	uint64_t zero;	 /**< of these, all zeros and recorded as such */
	uint64_t lost;	 /**< of these, unreadable in the input */
	uint64_t shared; /**< of these, recorded with the data of an equal page */
	/** Why the first lost page is lost; "" if none is. */
	char lost_why[256];
	/** Why pages of the fill are missing: -ECANCELED, -ENOSPC, ...; 0: none are. */
	int fill_end;
	char fill_why[256];
	double seconds;
	struct codec_choice choice; /**< if the source has @c choose_codec */
	struct class_stats classes[NR_ORDER_CLASSES];
};

/** The output of the pages of [start, end). */
struct copy_part {
	struct writer *writer;
	pfn_t start, end;
	/** The writer's error, and its sentence; 0: none. */
	int err;
	char why[512];
	/**
	 * For copy_pages(): the next pages to be claimed, and the class of the last that came;
	 * NR_ORDER_CLASSES: none came.
	 */
	enum order_class class, last_class;
	bool filling, filled; /**< pages of the fill were put; no more will be */
	uint64_t limit;	      /**< of the sink, before the fill */
	pfn_t next, counted;  /**< counted: pages before this pfn ... */
	uint64_t index;	      /**< ... have smaller indices than this */
};

struct copy_options {
	unsigned int nr_threads; /**< at least 1 */
	/** Stop at the first error of a writer: the caller is going to begin anew. */
	bool stop_on_first_error;
	/** All writers fail then, see stop_check(), or when a signal comes; 0: never. */
	double deadline;
};

/**
 * Copy all pages of a bitmap to writers that were begun with this bitmap. Several writers get their
 * pages at the same time, each class by class, or all in pfn order if the format wants that.
 *
 * Ranges that the writers' source lists for erasing are overwritten first: the writer never sees
 * it, and a page of which only zeros are left is one of zeros.
 *
 * A page that equals one that was handed to the same writer shares its data, where the format
 * allows that (output/equal_pages.h). Of a running kernel, whose pages change, only pages of one
 * repeated word do.
 *
 * If the source has @c choose_codec, the first pages are written by one thread as they are, and
 * then a codec is chosen (output/codec_choice.h). No sink may be one that forgets then.
 *
 * A page that cannot be read is recorded as lost, and copying goes on. After the error of
 * one writer the others still get their pages, unless the caller is going to begin anew.
 *
 * @param parts at least one, of the same source
 * @param order their classes; NULL: all are of one
 * @return 0, also if some writers failed, or all; -ENOMEM or -ENOTSUP.
 * @p stats holds then how far it came.
 */
int copy_pages(struct copy_part *parts, size_t nr_parts, const struct bitmap *dumpable,
	       const struct page_order *order, const struct copy_options *options,
	       struct copy_stats *stats) __attribute__((warn_unused_result));

#endif
