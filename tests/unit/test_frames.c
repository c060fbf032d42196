// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames of the machine in which the pages of a domain are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "lib/byteorder.h"
#include "vmcore/frames.h"

static void assert_found(const struct frames *f, uint64_t frame, pfn_t pfn)
{
	pfn_t found = 0;

	assert_int_equal(frames_find(f, frame, &found), 0);
	assert_int_equal(found, pfn);
}

static void assert_none(const struct frames *f, uint64_t frame)
{
	pfn_t found;

	assert_int_equal(frames_find(f, frame, &found), -ENOENT);
}

/* Pages come in the order of the domain, and runs of the machine are found whatever that is. */
static void test_runs(void **state)
{
	static const struct { uint64_t frame; pfn_t pfn; } pages[] = {
		{ 500, 0 }, { 501, 1 }, { 502, 2 }, { 40, 3 }, { 41, 4 }, { 42, 6 }, { 7, 7 },
	};
	struct frames f = { 0 }, read;
	char *note;

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++)
		assert_int_equal(frames_add(&f, pages[i].frame, pages[i].pfn), 0);
	assert_int_equal(f.nr, 4);
	note = malloc(frames_size(&f));
	assert_non_null(note);
	for (int swap = 0; swap < 2; swap++) {
		frames_encode(&f, note, swap);
		assert_int_equal(load_u64(note + 24, swap), 40);
		assert_int_equal(frames_decode(&read, note, frames_size(&f), swap), 0);
		assert_int_equal(read.nr, 4);
		for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++)
			assert_found(&read, pages[i].frame, pages[i].pfn);
		assert_none(&read, 0);
		assert_none(&read, 6);
		assert_none(&read, 8);
		assert_none(&read, 43);
		assert_none(&read, 499);
		assert_none(&read, 503);
		assert_none(&read, UINT64_MAX);
		frames_deinit(&read);
	}
	free(note);
	frames_deinit(&f);
}

/* Decode runs of three words in the host's order. */
static void decode(struct frames *f, const uint64_t *words, size_t size)
{
	assert_int_equal(frames_decode(f, words, size, false), 0);
}

static void test_damaged(void **state)
{
	static const uint64_t words[] = {
		10, 1, 0,			/* none */
		20, 2, UINT64_MAX,
		UINT64_C(1) << 40, 3, 1,	/* beyond any machine */
		30, UINT64_C(1) << 40, 1,
		(UINT64_C(1) << 40) - 1, 4, 2,
		50, 5, 1,
		60, 6,				/* cut short */
	};
	struct frames f;

	(void)state;
	decode(&f, words, sizeof(words));
	assert_int_equal(f.nr, 1);
	assert_found(&f, 50, 5);
	assert_none(&f, 20);
	assert_none(&f, 60);
	frames_deinit(&f);
	/* No frames at all are another thing than frames that are not known. */
	decode(&f, words, 0);
	assert_non_null(f.runs);
	assert_none(&f, 0);
	frames_deinit(&f);
}

/* Runs that overlap contradict each other: one of them is found. */
static void test_overlap(void **state)
{
	static const uint64_t words[] = { 100, 0, 50, 110, 1000, 5 };
	struct frames f;

	(void)state;
	decode(&f, words, sizeof(words));
	assert_found(&f, 109, 9);
	assert_found(&f, 112, 1002);
	frames_deinit(&f);
}

/* The other way round: the frame that a page is in. */
static void test_find_page(void **state)
{
	static const uint64_t words[] = { 100, 0, 50, 10, 1000, 5 };
	struct frames f;
	uint64_t frame;

	(void)state;
	decode(&f, words, sizeof(words));
	assert_int_equal(frames_find_page(&f, 49, &frame), 0);
	assert_int_equal(frame, 149);
	assert_int_equal(frames_find_page(&f, 1004, &frame), 0);
	assert_int_equal(frame, 14);
	assert_int_equal(frames_find_page(&f, 50, &frame), -ENOENT);
	assert_int_equal(frames_find_page(&f, 1005, &frame), -ENOENT);
	frames_deinit(&f);
}

static void assert_bits(const struct bitmap *b, const uint64_t *set, size_t nr)
{
	for (uint64_t bit = 0, i = 0; bit < b->nbits; bit++) {
		bool wanted = i < nr && set[i] == bit;

		assert_int_equal(bitmap_test(b, bit), wanted);
		i += wanted;
	}
}

/* Bits go from one number of a page to the other; those of frames without a page stay. */
static void test_bitmaps(void **state)
{
	static const uint64_t words[] = { 100, 0, 50, 10, 70, 5 };
	static const uint64_t by_pages[] = { 0, 1, 49, 71, 74 };
	static const uint64_t changed[] = { 9, 10, 15, 99, 101, 103, 150 };
	struct bitmap frames, pages;
	struct frames f;

	(void)state;
	decode(&f, words, sizeof(words));
	assert_int_equal(bitmap_init(&frames, 200), 0);
	assert_int_equal(bitmap_init(&pages, 200), 0);
	bitmap_set_range(&frames, 99, 102);
	bitmap_set_range(&frames, 149, 151);
	bitmap_set_range(&frames, 9, 10);
	bitmap_set_range(&frames, 11, 12);
	bitmap_set_range(&frames, 14, 16);
	frames_to_pages(&f, &frames, &pages);
	assert_bits(&pages, by_pages, 5);

	bitmap_clear_range(&pages, 0, 1);
	bitmap_clear_range(&pages, 49, 80);
	bitmap_set_range(&pages, 3, 4);
	bitmap_set_range(&pages, 70, 71);
	/* A page of no frame. */
	bitmap_set_range(&pages, 60, 61);
	frames_from_pages(&f, &pages, &frames);
	assert_bits(&frames, changed, 7);
	bitmap_deinit(&frames);
	bitmap_deinit(&pages);
	frames_deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_find_page),
		cmocka_unit_test(test_bitmaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
