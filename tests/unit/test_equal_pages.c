// SPDX-License-Identifier: GPL-2.0-or-later
/* Pages that are found again by their contents, in each file, also when there is no more room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "output/equal_pages.h"

#define PAGE 4096

static void test_key_of_a_word(void **state)
{
	uint64_t page[PAGE / 8];
	struct page_key key;

	(void)state;
	for (size_t i = 0; i < PAGE / 8; i++)
		page[i] = UINT64_C(0x0123456789abcdef);
	key = page_key(page, PAGE, false);
	assert_int_equal(key.kind, PAGE_KEY_WORD);
	assert_int_equal(key.value, UINT64_C(0x0123456789abcdef));
	/* Each byte counts. */
	for (size_t i = 0; i < PAGE; i++) {
		uint8_t *byte = (uint8_t *)page + i;

		*byte ^= 1;
		assert_int_equal(page_key(page, PAGE, false).kind, PAGE_KEY_NONE);
		*byte ^= 1;
	}
}

/* Without xxHash such pages have no key. */
static void test_key_of_other_pages(void **state)
{
	uint8_t *page = calloc(1, PAGE);
	struct page_key first, other;

	(void)state;
	assert_non_null(page);
	page[PAGE - 1] = 1;
	first = page_key(page, PAGE, true);
	if (first.kind == PAGE_KEY_NONE)
		skip();
	assert_int_equal(first.kind, PAGE_KEY_SAMPLES);
	other = page_key(page, PAGE, true);
	assert_int_equal(other.value, first.value);
	page[PAGE / 2] = 1;
	other = page_key(page, PAGE, true);
	assert_int_not_equal(other.value, first.value);
	free(page);
}

/* Each byte counts, unlike in the samples. */
static void test_key_of_whole_page(void **state)
{
	uint8_t *page = calloc(1, PAGE);
	struct page_key first = { 0 }, samples, whole, other;

	(void)state;
	assert_non_null(page);
	page[0] = 1;
	samples = page_key(page, PAGE, true);
	whole = page_key_whole(page, PAGE);
	if (whole.kind == PAGE_KEY_NONE)
		skip();
	assert_int_equal(whole.kind, PAGE_KEY_WHOLE);
	for (size_t i = 0; i < PAGE; i++) {
		page[i] ^= 2;
		other = page_key(page, PAGE, true);
		if (other.value == samples.value)
			first = other;
		other = page_key_whole(page, PAGE);
		assert_int_not_equal(other.value, whole.value);
		page[i] ^= 2;
	}
	assert_int_equal(first.kind, PAGE_KEY_SAMPLES);
	free(page);
}

static void test_key_of_large_page(void **state)
{
	uint8_t *page = calloc(4, PAGE);
	struct page_key first, other;

	(void)state;
	assert_non_null(page);
	page[0] = 1;
	first = page_key(page, 4 * PAGE, true);
	if (first.kind == PAGE_KEY_NONE)
		skip();
	for (size_t i = 0; i < 4; i++) {
		page[i * PAGE + 128 + 40]++;
		other = page_key(page, 4 * PAGE, true);
		assert_int_not_equal(other.value, first.value);
		page[i * PAGE + 128 + 40]--;
	}
	free(page);
}

static void add(struct equal_pages *t, unsigned int part, enum page_key_kind kind, uint64_t value,
		pfn_t pfn)
{
	const struct equal_page page = { .offset = pfn * PAGE, .pfn = pfn, .size = 100 };

	equal_pages_add(t, part, &(struct page_key){ kind, value }, &page);
}

static const struct equal_page *find(const struct equal_pages *t, unsigned int part,
				     enum page_key_kind kind, uint64_t value)
{
	return equal_pages_find(t, part, &(struct page_key){ kind, value });
}

static void test_find(void **state)
{
	struct equal_pages t;

	(void)state;
	equal_pages_init(&t, 1000);
	assert_null(find(&t, 0, PAGE_KEY_WORD, 5));
	add(&t, 0, PAGE_KEY_WORD, 5, 1);
	add(&t, 0, PAGE_KEY_SAMPLES, 5, 2);
	add(&t, 1, PAGE_KEY_WORD, 5, 3);
	assert_int_equal(find(&t, 0, PAGE_KEY_WORD, 5)->pfn, 1);
	assert_int_equal(find(&t, 0, PAGE_KEY_WORD, 5)->offset, PAGE);
	assert_int_equal(find(&t, 0, PAGE_KEY_SAMPLES, 5)->pfn, 2);
	assert_int_equal(find(&t, 1, PAGE_KEY_WORD, 5)->pfn, 3);
	assert_null(find(&t, 1, PAGE_KEY_SAMPLES, 5));
	assert_null(find(&t, 2, PAGE_KEY_WORD, 5));
	assert_null(find(&t, 0, PAGE_KEY_WORD, 6));
	add(&t, 0, PAGE_KEY_NONE, 7, 4);
	assert_null(find(&t, 0, PAGE_KEY_NONE, 7));
	equal_pages_deinit(&t);
}

/* A page that has found room stays, however many come later. */
static void test_full(void **state)
{
	const uint64_t nr = 1 << 19;
	struct equal_pages t;
	uint64_t found = 0;

	(void)state;
	equal_pages_init(&t, nr);
	for (uint64_t i = 0; i < nr; i++)
		add(&t, 0, PAGE_KEY_SAMPLES, i << 32 | i, i);
	for (uint64_t i = 0; i < nr; i++) {
		const struct equal_page *e = find(&t, 0, PAGE_KEY_SAMPLES, i << 32 | i);

		assert_true(!e || e->pfn == i);
		found += e != NULL;
	}
	assert_true(found > nr / 8 && found < nr);
	assert_non_null(find(&t, 0, PAGE_KEY_SAMPLES, 0));
	equal_pages_deinit(&t);
}

/* A table of zeros has no pages, and no room. */
static void test_none(void **state)
{
	struct equal_pages t = { 0 };

	(void)state;
	add(&t, 0, PAGE_KEY_WORD, 5, 1);
	assert_null(find(&t, 0, PAGE_KEY_WORD, 5));
	equal_pages_deinit(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_of_a_word),
		cmocka_unit_test(test_key_of_other_pages),
		cmocka_unit_test(test_key_of_whole_page),
		cmocka_unit_test(test_key_of_large_page),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
