// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/estimate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "filter/page_layout.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/zero.h"
#include "output/copy_crew.h"
#include "vmcore/kdump_format.h"

/* Pages of a sample: they are read and compressed in a fraction of a second. */
#define SAMPLE_PAGES 1024

/* Memory of the program, of the kernel's symbols and types, and of what it reads in advance. */
#define BASE_BYTES (14u << 20)

struct sampler {
	struct vmcore_reader *reader;
	struct codec *codecs[NR_CODECS];
	uint8_t *page, *compressed;
};

static void sampler_deinit(struct sampler *s)
{
	for (size_t i = 0; i < NR_CODECS; i++)
		codec_destroy(s->codecs[i]);
	vmcore_reader_destroy(s->reader);
	free(s->page);
	free(s->compressed);
}

static int sampler_init(struct sampler *s, struct vmcore *vc)
{
	int err = 0;

	*s = (struct sampler){ .page = malloc(vc->page_size), .compressed = malloc(vc->page_size) };
	if (!s->page || !s->compressed)
		err = err_set(-ENOMEM, "no memory for a page");
	if (!err)
		err = vmcore_reader_create(&s->reader, vc);
	for (size_t i = 0; !err && i < NR_CODECS; i++)
		if (codec_supported(i))
			err = codec_create(&s->codecs[i], i, CODEC_COMPRESS, vc->page_size);
	if (err)
		sampler_deinit(s);
	return err;
}

/* Bytes of the sampler's page in a dump. */
static size_t compressed_size(const struct sampler *s, size_t codec)
{
	size_t n = codec_compress(s->codecs[codec], s->page, s->compressed);

	return n ? n : s->reader->vc->page_size;
}

static int sample_page(struct sampler *s, pfn_t pfn, struct estimate_sample *ret)
{
	uint32_t page_size = s->reader->vc->page_size;
	int err = vmcore_read_page(s->reader, pfn, s->page);

	/* A page that cannot be read is lost by a dump, too. */
	if (err)
		return err == -ENOMEM ? err : 0;
	ret->pages++;
	if (all_zero(s->page, page_size)) {
		ret->zero++;
		return 0;
	}
	for (size_t i = 0; i < NR_CODECS; i++)
		if (s->codecs[i])
			ret->bytes[i] += compressed_size(s, i);
	return 0;
}

int estimate_take_sample(struct vmcore *vc, const struct bitmap *pages, struct estimate_sample *ret)
{
	uint64_t step = bitmap_count(pages, 0, pages->nbits) / SAMPLE_PAGES + 1;
	struct sampler s;
	int err = sampler_init(&s, vc);

	*ret = (struct estimate_sample){ 0 };
	if (err)
		return err;
	memset(s.page, 0, vc->page_size);
	for (size_t i = 0; i < NR_CODECS; i++)
		if (s.codecs[i])
			ret->zero_bytes[i] = compressed_size(&s, i);
	for (pfn_t pfn = bitmap_next_set(pages, 0, pages->nbits); !err && pfn < pages->nbits;
	     pfn = bitmap_next_set(pages, bitmap_end_of_nth_set(pages, pfn, step), pages->nbits))
		err = sample_page(&s, pfn, ret);
	sampler_deinit(&s);
	return err;
}

/* Add pages that are like those of a sample, and pages of zeros. */
static void add_pages(const struct estimate_sample *s, double full, double zero,
		      struct estimate_level *l)
{
	l->pages += (uint64_t)(l->level & DL_ZERO ? full : full + zero);
	for (size_t i = 0; i < NR_CODECS; i++) {
		double bytes = (full + zero) * KDUMP_PAGE_DESC_SIZE;

		if (s->pages > s->zero)
			bytes += full * (double)s->bytes[i] / (double)(s->pages - s->zero);
		if (!(l->level & DL_ZERO))
			bytes += zero * (double)s->zero_bytes[i];
		if (codec_supported(i))
			l->bytes[i] += (uint64_t)bytes;
	}
}

/* The same for pages of which as many as in the sample are of zeros. */
static void add_unread(const struct estimate_sample *s, uint64_t pages, struct estimate_level *l)
{
	double zero = s->pages ? (double)pages * (double)s->zero / (double)s->pages : 0;

	add_pages(s, (double)pages - zero, zero, l);
}

void estimate_levels(const struct vmcore *vc, const struct estimate_pages *pages,
		     const struct estimate_samples *samples,
		     struct estimate_level ret[ESTIMATE_LEVELS])
{
	static const unsigned int levels[ESTIMATE_LEVELS] = { DL_MAX, DL_MAX & ~DL_USER, DL_ZERO,
							      0 };

	for (size_t i = 0; i < ESTIMATE_LEVELS; i++) {
		struct estimate_level *l = &ret[i];

		*l = (struct estimate_level){ .level = levels[i] };
		for (size_t j = 0; j < NR_CODECS; j++)
			if (codec_supported(j))
				l->bytes[j] = vc->max_pfn / 4; /* two bitmaps */
		add_pages(&samples->kept, (double)pages->kernel, (double)pages->zero, l);
		if (!(l->level & DL_CACHE))
			add_unread(&samples->used, pages->cache, l);
		if (!(l->level & DL_USER))
			add_unread(&samples->used, pages->user, l);
		if (!(l->level & DL_FREE))
			add_unread(&samples->free, pages->free, l);
	}
}

struct estimate_memory estimate_memory(const struct vmcore *vc, const struct bitmap *pages)
{
	struct estimate_memory ret = { .per_thread = copy_thread_bytes(vc->page_size) };
	pfn_t start = 0, stop;

	ret.bytes = BASE_BYTES + ret.per_thread;
	/* Two bitmaps, without their parts for memory holes. */
	for (; bitmap_next_touched(pages, &start, pages->nbits, &stop); start = stop)
		ret.bytes += (stop - start) / 4;
	return ret;
}
