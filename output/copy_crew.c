// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/copy_crew.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"

/* Uncompressed bytes of a batch: the unit in which threads work and the writer writes. */
#define BATCH_BYTES (512u << 10)
/* Batches per thread, so that one that compresses badly does not stop the others. */
#define BATCHES_PER_THREAD 3

unsigned int copy_batch_pages(uint32_t page_size)
{
	return page_size < BATCH_BYTES ? BATCH_BYTES / page_size : 1;
}

uint64_t copy_thread_bytes(uint32_t page_size)
{
	return BATCHES_PER_THREAD * (uint64_t)copy_batch_pages(page_size) * page_size + (1u << 20);
}

int copy_worker_init(struct copy_worker *w, const struct dump_source *src, enum codec_id codec)
{
	int err = vmcore_reader_create(&w->reader, src->vc);

	if (!err && codec != CODEC_NONE)
		err = codec_create_level(&w->codec, codec, CODEC_COMPRESS, src->vc->page_size,
					 src->codec_level);
	w->page = malloc(src->vc->page_size);
	w->other = malloc(src->vc->page_size);
	return err ? err : w->page && w->other ? 0 : err_set(-ENOMEM, "no memory");
}

void copy_worker_deinit(struct copy_worker *w)
{
	free(w->page);
	free(w->other);
	codec_destroy(w->codec);
	vmcore_reader_destroy(w->reader);
}

/* NULL without memory. */
static struct copy_worker *create_worker(const struct dump_source *src, enum codec_id codec)
{
	struct copy_worker *w = calloc(1, sizeof(*w));

	if (w && copy_worker_init(w, src, codec)) {
		copy_worker_deinit(w);
		free(w);
		return NULL;
	}
	return w;
}

static void destroy_batch(struct copy_batch *cb)
{
	free(cb->pages.pages);
	free(cb->pages.runs);
	free(cb->pages.data);
	free(cb->keys);
	free(cb);
}

/* NULL without memory. */
static struct copy_batch *create_batch(uint32_t page_size)
{
	unsigned int nr = copy_batch_pages(page_size);
	struct copy_batch *cb = calloc(1, sizeof(*cb));
	struct page_batch *b;

	if (!cb)
		return NULL;
	b = &cb->pages;
	b->pages = calloc(nr, sizeof(*b->pages));
	b->runs = calloc(nr, sizeof(*b->runs));
	b->data = malloc((size_t)nr * page_size);
	cb->keys = calloc(nr, sizeof(*cb->keys));
	if (b->pages && b->runs && b->data && cb->keys)
		return cb;
	destroy_batch(cb);
	return NULL;
}

int copy_crew_hire(struct copy_crew *crew, const struct dump_source *src, enum codec_id codec,
		   unsigned int nr_threads)
{
	unsigned int nr_batches = nr_threads == 1 ? 1 : nr_threads * BATCHES_PER_THREAD;
	void *made;

	*crew = (struct copy_crew){
		.workers = calloc(nr_threads, sizeof(*crew->workers)),
		.batches = calloc(nr_batches, sizeof(*crew->batches)),
	};
	while (crew->workers && crew->nr_workers < nr_threads && (made = create_worker(src, codec)))
		crew->workers[crew->nr_workers++] = made;
	while (crew->batches && crew->nr_batches < nr_batches &&
	       (made = create_batch(src->vc->page_size)))
		crew->batches[crew->nr_batches++] = made;
	if (crew->nr_workers == nr_threads && crew->nr_batches == nr_batches)
		return 0;
	copy_crew_dismiss(crew);
	return err_set(-ENOMEM, "no memory for %u threads", nr_threads);
}

void copy_crew_dismiss(struct copy_crew *crew)
{
	for (unsigned int i = 0; i < crew->nr_workers; i++) {
		copy_worker_deinit(crew->workers[i]);
		free(crew->workers[i]);
	}
	for (unsigned int i = 0; i < crew->nr_batches; i++)
		destroy_batch(crew->batches[i]);
	free(crew->workers);
	free(crew->batches);
	*crew = (struct copy_crew){ 0 };
}
