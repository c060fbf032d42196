/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Those who copy pages: for each thread a worker with what it reads and compresses by, and the
 * batches of pages that go through their hands.
 */
#ifndef OUTPUT_COPY_CREW_H
#define OUTPUT_COPY_CREW_H

#include "filter/page_order.h"
#include "output/equal_pages.h"
#include "output/writer.h"

/** A thread's own state. */
struct copy_worker {
	struct vmcore_reader *reader;
	struct codec *codec; /**< NULL: pages are stored as they are */
	uint8_t *page;	     /**< for pages that cannot be taken from where they lie */
	uint8_t *other;	     /**< for pages to compare with */
};

/** A batch of pages of one class, and where it goes. */
struct copy_batch {
	struct page_batch pages;
	struct page_key *keys; /**< of each page */
	struct copy_part *part;
	enum order_class class;
	bool fill;
};

/** All of them, as pipeline_run() wants them. */
struct copy_crew {
	void **workers; /**< of struct copy_worker */
	void **batches; /**< of struct copy_batch */
	unsigned int nr_workers, nr_batches;
};

/** @return 0 or -ENOMEM; to be deinitialized in any case */
int copy_worker_init(struct copy_worker *w, const struct dump_source *src, enum codec_id codec)
	__attribute__((warn_unused_result));
void copy_worker_deinit(struct copy_worker *w);

/** The most pages of a batch. */
unsigned int copy_batch_pages(uint32_t page_size);

/** Bytes of memory that a thread takes, at most. */
uint64_t copy_thread_bytes(uint32_t page_size);

/** Have workers and batches for @p nr_threads threads. @return 0, or -ENOMEM: there are none */
int copy_crew_hire(struct copy_crew *crew, const struct dump_source *src, enum codec_id codec,
		   unsigned int nr_threads) __attribute__((warn_unused_result));
void copy_crew_dismiss(struct copy_crew *crew);

#endif
