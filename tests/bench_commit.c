// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Measure what the thread that commits can append: bench_commit CODEC DUMP FILE
 *
 * DUMP is what -d 31 without compression made. Its pages are read and compressed in batches; each
 * batch is then committed to FILE as makedumpfile does: equal pages are looked up, though not
 * compared, and data and descriptors are written. Writes "PAGES CPU_SECONDS": nothing but the time
 * of committing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/checked.h"
#include "lib/codec.h"
#include "lib/err.h"
#include "output/equal_pages.h"
#include "output/writer.h"

/* Pages of a batch: as makedumpfile has it for pages of 4 KiB. */
#define BATCH_PAGES 128

struct bench {
	struct vmcore *vc;
	struct vmcore_reader *reader;
	struct codec *codec;
	struct writer *writer;
	struct equal_pages equal;
	struct page_batch batch;
	struct page_key keys[BATCH_PAGES];
	uint8_t *page;
	size_t committed;
	double seconds;
};

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static int add_page(struct bench *b, pfn_t pfn)
{
	struct page_batch *batch = &b->batch;
	struct page_out *out = &batch->pages[batch->nr_pages];
	uint8_t *to = batch->data + batch->data_len;
	int err = vmcore_read_page(b->reader, pfn, b->page);

	if (err)
		return err;
	b->keys[batch->nr_pages++] = page_key(b->page, b->vc->page_size, true);
	*out = (struct page_out){ .fate = OUT_COMPRESSED };
	out->size = codec_compress(b->codec, b->page, to);
	if (!out->size) {
		out->fate = OUT_RAW;
		out->size = b->vc->page_size;
		memcpy(to, b->page, out->size);
	}
	batch->data_len += out->size;
	return 0;
}

/* Let pages share the data of those before them. */
static void share_data(struct bench *b)
{
	struct page_batch *batch = &b->batch;
	uint64_t offset = b->writer->ops->data_offset(b->writer);
	uint8_t *from = batch->data, *to = batch->data;

	for (unsigned int i = 0; i < batch->nr_pages; i++) {
		struct page_out *out = &batch->pages[i];
		const struct equal_page *e = equal_pages_find(&b->equal, 0, &b->keys[i]);
		size_t len = out->size;

		if (e) {
			out->fate = e->compressed ? OUT_COMPRESSED : OUT_RAW;
			out->size = e->size;
			out->shared = e->offset;
		} else {
			equal_pages_add(&b->equal, 0, &b->keys[i],
					&(struct equal_page){
						.offset = offset + (to - batch->data),
						.size = len,
						.compressed = out->fate == OUT_COMPRESSED,
					});
			memmove(to, from, len);
			to += len;
		}
		from += len;
	}
	batch->data_len = to - batch->data;
}

static int commit(struct bench *b)
{
	double start = cpu_seconds();
	int err;

	share_data(b);
	err = writer_put(b->writer, &b->batch);
	b->seconds += cpu_seconds() - start;
	b->committed += b->batch.nr_pages;
	return err;
}

/* Commit the pages of a run that a dump stores, batch by batch. */
static int commit_run(struct bench *b, pfn_t start, pfn_t end)
{
	int err = 0;

	for (pfn_t pfn = start; !err && pfn < end;) {
		pfn_t stop = min_u64(end, pfn + BATCH_PAGES);

		b->batch.runs[0] = (struct page_run){ pfn, stop, b->committed };
		b->batch.nr_pages = b->batch.data_len = 0;
		for (; !err && pfn < stop; pfn++)
			err = add_page(b, pfn);
		if (!err)
			err = commit(b);
	}
	return err;
}

static int run(struct bench *b, enum codec_id id, struct sink *sink)
{
	struct page_out pages[BATCH_PAGES];
	struct page_run runs[1];
	struct dump_source source = { .vc = b->vc, .level = 31, .codec = id };
	struct bitmap stored;
	struct kernel *k;
	int err = kernel_open(&k, b->vc, NULL, NULL);

	if (err)
		return err;
	source.kernel = k;
	b->batch = (struct page_batch){ .runs = runs, .nr_runs = 1, .pages = pages };
	b->batch.data = malloc((size_t)BATCH_PAGES * b->vc->page_size);
	b->page = malloc(b->vc->page_size);
	err = b->batch.data && b->page ? bitmap_init(&stored, b->vc->max_pfn) : -ENOMEM;
	if (!err)
		err = vmcore_bitmap(b->vc, VMCORE_STORED, &stored);
	if (!err)
		err = vmcore_reader_create(&b->reader, b->vc);
	if (!err)
		err = codec_create(&b->codec, id, CODEC_COMPRESS, b->vc->page_size);
	if (!err)
		err = kdump_writer_create(&b->writer, &source, sink);
	if (!err)
		err = writer_begin(b->writer, &stored);
	if (!err)
		err = writer_set_pages(b->writer, &stored);
	equal_pages_init(&b->equal, err ? 0 : bitmap_count(&stored, 0, stored.nbits));
	for (pfn_t pfn = 0, end; !err; pfn = end) {
		pfn = bitmap_next_set(&stored, pfn, stored.nbits);
		if (pfn == stored.nbits)
			break;
		end = bitmap_next_clear(&stored, pfn, stored.nbits);
		err = commit_run(b, pfn, end);
	}
	if (!err)
		err = writer_finish(b->writer, true);
	return err;
}

int main(int argc, char *argv[])
{
	const struct vmcore_options opt = { 0 };
	enum codec_id id = NR_CODECS;
	struct bench b = { 0 };
	struct sink *sink;
	int err;

	for (int i = 0; argc == 4 && i < NR_CODECS; i++) {
		if (i != CODEC_NONE && !strcmp(codec_name(i), argv[1]))
			id = i;
	}
	if (id == NR_CODECS) {
		fprintf(stderr, "usage: bench_commit CODEC DUMP FILE\n");
		return 1;
	}
	err = vmcore_open(&b.vc, argv[2], &opt);
	if (!err)
		err = sink_file_create(&sink, argv[3], true);
	if (!err)
		err = run(&b, id, sink);
	if (err) {
		fprintf(stderr, "bench_commit: %s\n", err_text(err));
		return 1;
	}
	printf("%zu %.6f\n", b.committed, b.seconds);
	return 0;
}
