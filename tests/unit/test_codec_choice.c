// SPDX-License-Identifier: GPL-2.0-or-later
/* The choice of a codec, from speeds that a table gives, and the first pages of a dump. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/types.h"
#include "output/codec_choice.h"

#define PAGE 4096
#define MB 1e6

static void test_choose(void **state)
{
	/* As measured on one core; ISA-L would be faster. */
	static const struct codec_speed speeds[NR_CODECS] = {
		[CODEC_ZLIB] = { 200 * MB, 0.26 },
		[CODEC_LZO] = { 1000 * MB, 0.38 },
		[CODEC_SNAPPY] = { 1100 * MB, 0.42 },
		[CODEC_ZSTD] = { 400 * MB, 0.28 },
	};
	static const struct {
		double target;
		unsigned int nr_threads;
		enum codec_id codec;
	} cases[] = {
		/* The target is slow: the fewest bytes. */
		{ 1 * MB, 1, CODEC_ZLIB },
		{ 50 * MB, 1, CODEC_ZLIB },
		/* zlib is too slow for it, until there are more threads. */
		{ 100 * MB, 1, CODEC_ZSTD },
		{ 100 * MB, 2, CODEC_ZLIB },
		{ 400 * MB, 1, CODEC_LZO },
		{ 400 * MB, 4, CODEC_ZSTD },
		{ 400 * MB, 8, CODEC_ZLIB },
		/* The codecs limit, but snappy is faster than the target. */
		{ 1000 * MB, 1, CODEC_SNAPPY },
		/* Nothing is as fast as no compression. */
		{ 1100 * MB, 1, CODEC_NONE },
		{ 2000 * MB, 1, CODEC_NONE },
		{ 2000 * MB, 2, CODEC_SNAPPY },
		{ 2000 * MB, 64, CODEC_ZLIB },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(codec_choose(speeds, cases[i].target, cases[i].nr_threads),
				 cases[i].codec);
}

static void test_choose_among_few(void **state)
{
	struct codec_speed speeds[NR_CODECS] = { { 0, 0 } };

	(void)state;
	/* None is built in. */
	assert_int_equal(codec_choose(speeds, MB, 64), CODEC_NONE);
	speeds[CODEC_ZLIB] = (struct codec_speed){ 200 * MB, 0.5 };
	assert_int_equal(codec_choose(speeds, MB, 1), CODEC_ZLIB);
	/* Pages that do not become smaller are only work. */
	speeds[CODEC_ZLIB].ratio = 1;
	assert_int_equal(codec_choose(speeds, MB, 1), CODEC_NONE);
}

/* Put a batch of a page of zeros, and pages that a codec halves at least. */
static bool take(struct codec_trial *t, size_t nr_pages, double seconds)
{
	struct page_batch b = { .nr_pages = nr_pages + 1, .data_len = nr_pages * PAGE };
	bool flush;

	b.data = malloc(b.data_len + 1);
	assert_non_null(b.data);
	for (size_t i = 0; i < b.data_len; i++)
		b.data[i] = i % 61;
	flush = codec_trial_take(t, &b);
	codec_trial_spend(t, seconds);
	free(b.data);
	return flush;
}

static void test_trial_ends_with_its_bytes(void **state)
{
	struct codec_trial t;

	(void)state;
	/* A sixteenth of the dump: 64 pages, whatever they are. */
	assert_int_equal(codec_trial_init(&t, PAGE, 1024), 0);
	assert_false(codec_trial_is_over(&t));
	/* An eighth of it, and twice as much each time. */
	assert_false(take(&t, 7, 0.001));
	assert_true(take(&t, 1, 0.001));
	assert_false(take(&t, 7, 0.001));
	assert_true(take(&t, 1, 0.001));
	assert_true(take(&t, 41, 0.001));
	assert_int_equal(t.pages, 62);
	assert_false(codec_trial_is_over(&t));
	/* At the end once more. */
	assert_true(take(&t, 1, 0.001));
	assert_true(codec_trial_is_over(&t));
	codec_trial_deinit(&t);

	/* 8 MiB of a large dump. */
	assert_int_equal(codec_trial_init(&t, PAGE, UINT64_C(1) << 28), 0);
	take(&t, 2047, 0.001);
	assert_false(codec_trial_is_over(&t));
	take(&t, 1, 0.001);
	assert_true(codec_trial_is_over(&t));
	codec_trial_deinit(&t);
}

static void test_trial_ends_with_its_second(void **state)
{
	struct codec_trial t;

	(void)state;
	assert_int_equal(codec_trial_init(&t, PAGE, UINT64_C(1) << 28), 0);
	take(&t, 1, 0.5);
	assert_false(codec_trial_is_over(&t));
	take(&t, 1, 0.5);
	assert_true(codec_trial_is_over(&t));
	codec_trial_deinit(&t);
}

static void test_choice(void **state)
{
	struct codec_choice choice;
	struct codec_trial t;

	(void)state;
	assert_int_equal(codec_trial_init(&t, PAGE, 4096), 0);
	/* A target of 100 bytes a second: whatever compresses most. */
	take(&t, 100, 4096);
	codec_trial_choose(&t, 3, &choice);
	assert_true(choice.made);
	assert_int_equal(choice.nr_threads, 3);
	assert_int_equal(choice.raw_bytes, 100 * PAGE);
	assert_true(choice.target_bytes_per_second == 100);
	assert_int_not_equal(choice.codec, CODEC_NONE);
	for (enum codec_id id = CODEC_NONE + 1; id < NR_CODECS; id++) {
		const struct codec_speed *s = &choice.speeds[id];

		assert_true((s->bytes_per_second > 0) == codec_supported(id));
		assert_true(s->ratio < 0.5);
		if (codec_supported(id))
			assert_true(s->ratio >= choice.speeds[choice.codec].ratio);
	}
	codec_trial_deinit(&t);
}

static void test_no_data(void **state)
{
	struct codec_choice choice;
	struct codec_trial t;

	(void)state;
	assert_int_equal(codec_trial_init(&t, PAGE, 4096), 0);
	for (int i = 0; i < 256; i++)
		take(&t, 0, 0.001);
	assert_false(codec_trial_is_over(&t));
	take(&t, 0, 1);
	assert_true(codec_trial_is_over(&t));
	codec_trial_choose(&t, 1, &choice);
	assert_false(choice.made);
	codec_trial_deinit(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_choose_among_few),
		cmocka_unit_test(test_trial_ends_with_its_bytes),
		cmocka_unit_test(test_trial_ends_with_its_second),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_no_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
