// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Searching memory that has holes, and pages that cannot be read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/types.h"
#include "symbols/image_scan.h"

#define START UINT64_C(0xffffffff81000000)
#define PAGES 1024
#define SIZE (PAGES * (size_t)IMAGE_PAGE)

enum page { PRESENT, UNMAPPED, LOST };

struct memory {
	struct vmem mem;
	uint8_t bytes[SIZE];
	enum page page[PAGES];
	vaddr_t hits[8];
	unsigned int nr_hits;
};

static int memory_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	struct memory *m = ctx;

	/* No caller may rely on the buffer's contents after a failure. */
	memset(buf, 'n', len);
	for (size_t i = 0; i < len; i++) {
		if (va + i - START >= SIZE || m->page[(va + i - START) / IMAGE_PAGE] != PRESENT)
			return err_set(-EFAULT, "nothing is there");
	}
	memcpy(buf, m->bytes + (va - START), len);
	return 0;
}

static int memory_extent(void *ctx, vaddr_t va, uint64_t *len)
{
	struct memory *m = ctx;

	*len = IMAGE_PAGE - va % IMAGE_PAGE;
	if (va - START >= SIZE || m->page[(va - START) / IMAGE_PAGE] == UNMAPPED)
		return -EFAULT;
	return 0;
}

static int setup(void **state)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (!m)
		return -1;
	m->mem = (struct vmem){
		.read = memory_read, .extent = memory_extent, .ctx = m, .is64 = true,
		.image_start = START - 4 * IMAGE_PAGE, .image_end = START + SIZE + 3 * IMAGE_PAGE,
	};
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static int note_hit(void *ctx, vaddr_t va, const uint8_t *bytes, size_t have)
{
	struct memory *m = ctx;

	assert_true(have >= 6);
	assert_memory_equal(bytes, "needle", 6);
	assert_true(m->nr_hits < ARRAY_SIZE(m->hits));
	m->hits[m->nr_hits++] = va;
	return m->nr_hits == ARRAY_SIZE(m->hits) ? -ECANCELED : 0;
}

static int search(struct memory *m)
{
	m->nr_hits = 0;
	return image_search(&m->mem, "needle", 6, note_hit, m);
}

static void put(struct memory *m, size_t at)
{
	memcpy(m->bytes + at, "needle", 6);
}

static void test_places(void **state)
{
	static const size_t at[] = { 0, 4093, 8192, (1 << 20) - 3, (2 << 20) - 1, SIZE - 6 };
	struct memory *m = *state;

	assert_int_equal(search(m), 0);
	assert_int_equal(m->nr_hits, 0);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		put(m, at[i]);
	assert_int_equal(search(m), 0);
	assert_int_equal(m->nr_hits, ARRAY_SIZE(at));
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		assert_int_equal(m->hits[i], START + at[i]);
	/* The callback ends it. */
	put(m, 100);
	put(m, 200);
	put(m, 300);
	assert_int_equal(search(m), -ECANCELED);
	assert_int_equal(m->hits[3], START + 300);
}

static void test_bounds(void **state)
{
	struct memory *m = *state;

	put(m, 0);
	put(m, 5000);
	m->mem.image_start = START + 1;
	m->mem.image_end = START + 5006;
	assert_int_equal(search(m), 0);
	assert_int_equal(m->nr_hits, 1);
	m->mem.image_end--;
	assert_int_equal(search(m), 0);
	assert_int_equal(m->nr_hits, 0);
	m->mem.image_end = m->mem.image_start;
	assert_int_equal(search(m), 0);
}

/* The two halves are not together, although they are read one after the other. */
static void test_needle_around_a_hole(void **state)
{
	struct memory *m = *state;

	put(m, IMAGE_PAGE - 3);
	memcpy(m->bytes + 2 * IMAGE_PAGE, "dle", 3);
	put(m, 2 * IMAGE_PAGE + 10);
	m->page[1] = UNMAPPED;
	assert_int_equal(search(m), 0);
	assert_int_equal(m->nr_hits, 1);
	assert_int_equal(m->hits[0], START + 2 * IMAGE_PAGE + 10);
}

/* A page that is not in the dump has nothing in it; the others are searched. */
static void test_lost_pages(void **state)
{
	struct memory *m = *state;

	put(m, IMAGE_PAGE - 6);
	memcpy(m->bytes + 2 * IMAGE_PAGE, "eedle", 5);
	put(m, 3 * IMAGE_PAGE);
	m->page[1] = m->page[5] = LOST;
	assert_int_equal(search(m), 0);
	assert_int_equal(m->nr_hits, 2);
	assert_int_equal(m->hits[1], START + 3 * IMAGE_PAGE);
}

static void test_window(void **state)
{
	struct memory *m = *state;
	struct image_window *w = malloc(sizeof(*w));
	uint32_t looks;

	assert_non_null(w);
	for (size_t i = 0; i < SIZE; i++)
		m->bytes[i] = i % 251;
	m->page[20] = LOST;
	m->page[40] = UNMAPPED;
	image_window_init(w, &m->mem);
	for (size_t at = 0; at + 8 < SIZE; at += at % 4096 < 16 || at % 4096 > 4080 ? 1 : 61) {
		const uint8_t *p = image_window_get(w, START + at, 8);
		size_t first = at / IMAGE_PAGE, last = (at + 7) / IMAGE_PAGE;

		if (first == 20 || last == 20 || first == 40 || last == 40) {
			assert_null(p);
			continue;
		}
		assert_non_null(p);
		assert_memory_equal(p, m->bytes + at, 8);
	}
	assert_int_equal(w->err, 0);
	assert_null(image_window_get(w, START - 1, 1));
	assert_null(image_window_get(w, START + SIZE - 1, 2));
	assert_non_null(image_window_get(w, START + SIZE - 1, 1));
	/* Not outside of the image, even if something is mapped there. */
	m->mem.image_start = START + 100;
	m->mem.image_end = START + 30 * IMAGE_PAGE + 100;
	w->len = 0;
	assert_null(image_window_get(w, START + 99, 1));
	assert_null(image_window_get(w, START + 30 * IMAGE_PAGE + 99, 2));
	assert_non_null(image_window_get(w, START + 30 * IMAGE_PAGE + 98, 2));
	assert_non_null(image_window_get(w, START + 100, 1));
	/* In the window a look costs one; then there are none left. */
	looks = w->looks;
	assert_non_null(image_window_get(w, START + 101, 1));
	assert_int_equal(w->looks, looks - 1);
	assert_true(image_window_spend(w, looks - 2));
	assert_int_equal(w->err, 0);
	assert_non_null(image_window_get(w, START + 101, 1));
	assert_null(image_window_get(w, START + 101, 1));
	assert_int_equal(w->err, -EBADMSG);
	assert_false(image_window_spend(w, 0));
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_needle_around_a_hole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_window, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
