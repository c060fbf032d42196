/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The choice of a codec for a dump (--compression auto).
 *
 * The first pages of a dump, a sixteenth of all but no more than 8 MiB of data and no more than
 * come in one second, are stored as they are. The time that the target needs for them is taken,
 * with what it takes to have them on the disk. Then each codec compresses a sample of them, and
 * the codec is chosen with which the most pages a second can be written: neither the threads nor
 * the target can be faster than that.
 *
 * Thread-safety: one thread at a time uses a trial.
 */
#ifndef OUTPUT_CODEC_CHOICE_H
#define OUTPUT_CODEC_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/codec.h"
#include "output/writer.h"

/** The speed of a codec on the sample. */
struct codec_speed {
	double bytes_per_second; /**< of pages, in one thread; 0: it cannot be used */
	double ratio;		 /**< bytes that are stored for each byte of a page */
};

/** A choice, and its reasons. */
struct codec_choice {
	/** false: none was needed or asked for, or the first pages have no data of their own. */
	bool made;
	enum codec_id codec;
	unsigned int nr_threads;
	double target_bytes_per_second;
	uint64_t raw_bytes; /**< of pages that were stored as they are before the choice */
	struct codec_speed speeds[NR_CODECS]; /**< CODEC_NONE: not used */
};

/** The first pages of a dump. */
struct codec_trial {
	uint32_t page_size;
	uint64_t pages_max, bytes_max;
	uint64_t pages;	  /* so far */
	uint64_t bytes;	  /* of their data */
	uint64_t sync_at; /* the number of bytes after which the outputs are to be flushed */
	double seconds;
	uint64_t nr_data; /* pages that have data of their own */
	uint8_t *samples;
	size_t nr_samples;
};

/**
 * Choose the codec with which the most pages a second can be written.
 * @param speeds of each codec but CODEC_NONE, which takes no time
 * @param target_bytes_per_second of the target
 * @param nr_threads that compress
 */
enum codec_id codec_choose(const struct codec_speed speeds[NR_CODECS],
			   double target_bytes_per_second, unsigned int nr_threads);

/**
 * Begin a trial.
 * @param dump_pages the number of all pages of the dump
 * @return 0 (to be freed with codec_trial_deinit()) or -ENOMEM
 */
int codec_trial_init(struct codec_trial *t, uint32_t page_size, uint64_t dump_pages)
	__attribute__((warn_unused_result));

/**
 * Take down that a batch of pages, as they are, was written.
 * @return true: the caller is to flush the outputs to the disk
 */
bool codec_trial_take(struct codec_trial *t, const struct page_batch *b);

/** Add the seconds that writing, and flushing, a batch took. */
void codec_trial_spend(struct codec_trial *t, double seconds);

/** Return whether enough pages were written: some of them have data of their own. */
bool codec_trial_is_over(const struct codec_trial *t);

/**
 * Measure the codecs, which takes tens of milliseconds, and choose one.
 * @param nr_threads that are going to compress
 */
void codec_trial_choose(const struct codec_trial *t, unsigned int nr_threads,
			struct codec_choice *choice);

void codec_trial_deinit(struct codec_trial *t);

#endif
