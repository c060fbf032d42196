// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/codec_choice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/err.h"

/* The most bytes and seconds of a trial. */
#define TRIAL_BYTES (UINT64_C(8) << 20)
#define TRIAL_SECONDS 1.0
/* The part of a dump that a trial may be: one of this many. */
#define TRIAL_PART 16
/*
 * The outputs are flushed after this part of a trial, and whenever what was written has doubled: a
 * slow target ends the trial early, and a fast one does not wait for its disk often.
 */
#define FIRST_SYNC_PART 8
/* Bytes of pages that each codec compresses. */
#define SAMPLE_BYTES (512u << 10)

enum codec_id codec_choose(const struct codec_speed speeds[NR_CODECS],
			   double target_bytes_per_second, unsigned int nr_threads)
{
	enum codec_id best = CODEC_NONE;
	double most = target_bytes_per_second;

	for (enum codec_id id = CODEC_NONE + 1; id < NR_CODECS; id++) {
		double rate = speeds[id].bytes_per_second * nr_threads;

		if (rate * speeds[id].ratio > target_bytes_per_second)
			rate = target_bytes_per_second / speeds[id].ratio;
		if (rate > most) {
			most = rate;
			best = id;
		}
	}
	return best;
}

/* Seconds to divide by, of a clock that may not have moved. */
static double at_least_a_tick(double seconds)
{
	return seconds > 1e-9 ? seconds : 1e-9;
}

static size_t samples_max(const struct codec_trial *t)
{
	return max_u64(SAMPLE_BYTES / t->page_size, 1);
}

int codec_trial_init(struct codec_trial *t, uint32_t page_size, uint64_t dump_pages)
{
	*t = (struct codec_trial){
		.page_size = page_size,
		.pages_max = dump_pages / TRIAL_PART,
		.bytes_max = TRIAL_BYTES,
	};
	if (t->pages_max < TRIAL_BYTES / page_size)
		t->bytes_max = t->pages_max * page_size;
	t->sync_at = t->bytes_max / FIRST_SYNC_PART;
	t->samples = malloc(samples_max(t) * page_size);
	return t->samples ? 0 : err_set(-ENOMEM, "no memory for a sample of pages");
}

/* Take samples that are spread over the trial. */
static void sample(struct codec_trial *t, const uint8_t *page)
{
	uint64_t step = max_u64(t->bytes_max / t->page_size / samples_max(t), 1);

	if (t->nr_data++ % step || t->nr_samples == samples_max(t))
		return;
	memcpy(t->samples + t->nr_samples++ * t->page_size, page, t->page_size);
}

bool codec_trial_take(struct codec_trial *t, const struct page_batch *b)
{
	for (size_t off = 0; off < b->data_len; off += t->page_size)
		sample(t, b->data + off);
	t->pages += b->nr_pages;
	t->bytes += b->data_len;
	if (t->bytes < t->sync_at && !codec_trial_is_over(t))
		return false;
	t->sync_at = t->bytes * 2;
	return true;
}

void codec_trial_spend(struct codec_trial *t, double seconds)
{
	t->seconds += seconds;
}

bool codec_trial_is_over(const struct codec_trial *t)
{
	return t->bytes >= TRIAL_BYTES || t->seconds >= TRIAL_SECONDS ||
	       (t->pages >= t->pages_max && t->nr_samples);
}

/* Compress the sample, of which there is some. */
static struct codec_speed measure(const struct codec_trial *t, struct codec *codec, uint8_t *out)
{
	uint64_t bytes = t->nr_samples * t->page_size, stored = 0;
	double seconds;

	/* The first page finds its tables outside of the cache. */
	codec_compress(codec, t->samples, out);
	seconds = clock_thread_seconds();
	for (size_t i = 0; i < t->nr_samples; i++) {
		size_t n = codec_compress(codec, t->samples + i * t->page_size, out);

		stored += n ? n : t->page_size;
	}
	seconds = clock_thread_seconds() - seconds;
	return (struct codec_speed){
		.bytes_per_second = bytes / at_least_a_tick(seconds),
		.ratio = (double)stored / bytes,
	};
}

static void measure_codecs(const struct codec_trial *t, struct codec_speed speeds[NR_CODECS])
{
	_cleanup_free_ uint8_t *out = malloc(t->page_size);

	for (enum codec_id id = CODEC_NONE + 1; out && id < NR_CODECS; id++) {
		struct codec *codec;

		if (!codec_supported(id) || codec_create(&codec, id, CODEC_COMPRESS, t->page_size))
			continue;
		speeds[id] = measure(t, codec, out);
		codec_destroy(codec);
	}
}

void codec_trial_choose(const struct codec_trial *t, unsigned int nr_threads,
			struct codec_choice *choice)
{
	*choice = (struct codec_choice){
		.made = t->nr_samples,
		.nr_threads = nr_threads,
		.target_bytes_per_second = t->bytes / at_least_a_tick(t->seconds),
		.raw_bytes = t->bytes,
	};
	if (!choice->made)
		return;
	measure_codecs(t, choice->speeds);
	choice->codec = codec_choose(choice->speeds, choice->target_bytes_per_second, nr_threads);
}

void codec_trial_deinit(struct codec_trial *t)
{
	free(t->samples);
}
