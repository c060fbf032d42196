// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Measure the cost of compressing the pages of a dump: bench_codec CODEC DUMP
 *
 * DUMP is what -d 31 without compression made. Compresses each of its pages that equals none
 * before it, as makedumpfile does, and writes "PAGES CPU_SECONDS": nothing but the codec's time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/codec.h"
#include "lib/err.h"
#include "output/equal_pages.h"
#include "vmcore/vmcore.h"

/* Pages that are compressed between two looks at the clock: they are in the cache, as in a copy. */
#define PIECE 64

struct bench {
	struct vmcore_reader *reader;
	struct codec *codec;
	struct equal_pages equal;
	size_t page_size, nr, compressed;
	uint8_t *pages, *out;
	double seconds;
};

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void compress_piece(struct bench *b)
{
	double start = cpu_seconds();

	for (size_t i = 0; i < b->nr; i++)
		(void)codec_compress(b->codec, b->pages + i * b->page_size, b->out);
	b->seconds += cpu_seconds() - start;
	b->compressed += b->nr;
	b->nr = 0;
}

static int add_page(struct bench *b, pfn_t pfn)
{
	uint8_t *page = b->pages + b->nr * b->page_size;
	struct page_key key;
	int err = vmcore_read_page(b->reader, pfn, page);

	if (err)
		return err;
	key = page_key(page, b->page_size, true);
	if (equal_pages_find(&b->equal, 0, &key))
		return 0;
	equal_pages_add(&b->equal, 0, &key, &(struct equal_page){ .pfn = pfn });
	if (++b->nr == PIECE)
		compress_piece(b);
	return 0;
}

static int run(struct bench *b, struct vmcore *vc, enum codec_id id)
{
	struct bitmap stored;
	int err = bitmap_init(&stored, vc->max_pfn);

	if (err)
		return err;
	b->page_size = vc->page_size;
	b->pages = malloc(PIECE * b->page_size);
	b->out = malloc(b->page_size);
	err = b->pages && b->out ? 0 : -ENOMEM;
	if (!err)
		err = vmcore_bitmap(vc, VMCORE_STORED, &stored);
	if (!err)
		err = vmcore_reader_create(&b->reader, vc);
	if (!err)
		err = codec_create(&b->codec, id, CODEC_COMPRESS, b->page_size);
	equal_pages_init(&b->equal, err ? 0 : bitmap_count(&stored, 0, stored.nbits));
	for (pfn_t pfn = 0; !err; pfn++) {
		pfn = bitmap_next_set(&stored, pfn, stored.nbits);
		if (pfn == stored.nbits)
			break;
		err = add_page(b, pfn);
	}
	if (!err)
		compress_piece(b);
	bitmap_deinit(&stored);
	return err;
}

int main(int argc, char *argv[])
{
	const struct vmcore_options opt = { 0 };
	enum codec_id id = CODEC_NONE;
	struct bench b = { 0 };
	struct vmcore *vc;
	int err;

	for (int i = 0; argc == 3 && i < NR_CODECS; i++) {
		if (i != CODEC_NONE && !strcmp(codec_name(i), argv[1]))
			id = i;
	}
	if (id == CODEC_NONE) {
		fprintf(stderr, "usage: bench_codec CODEC DUMP\n");
		return 1;
	}
	err = vmcore_open(&vc, argv[2], &opt);
	if (!err) {
		err = run(&b, vc, id);
		equal_pages_deinit(&b.equal);
		codec_destroy(b.codec);
		vmcore_reader_destroy(b.reader);
		vmcore_close(vc);
		free(b.pages);
		free(b.out);
	}
	if (err) {
		fprintf(stderr, "bench_codec: %s\n", err_text(err));
		return 1;
	}
	printf("%zu %.6f\n", b.compressed, b.seconds);
	return 0;
}
