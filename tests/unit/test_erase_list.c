// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of what is to be overwritten, against memory that is painted byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "erase/list.h"
#include "lib/err.h"
#include "lib/types.h"

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static void add(struct erase_list *list, paddr_t start, uint64_t len, uint8_t fill)
{
	if (erase_list_add(list, start, len, fill))
		fail_msg("%s", err_text(-ENOMEM));
}

/* Sorted, apart or of different fills, not empty. */
static void assert_sealed(const struct erase_list *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		const struct erase_range *r = &list->ranges[i];

		assert_true(r->start < r->end);
		if (!i)
			continue;
		assert_true(r[-1].end <= r->start);
		assert_false(r[-1].end == r->start && r[-1].fill == r->fill);
	}
}

static void test_empty(void **state)
{
	struct erase_list list = { 0 };
	char buf[] = "unchanged";

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(erase_list_next(&list, 0), UINT64_MAX);
		assert_int_equal(erase_list_next(&list, UINT64_MAX), UINT64_MAX);
		erase_list_apply(&list, 0, buf, sizeof(buf));
		erase_list_apply(&list, UINT64_MAX, buf, sizeof(buf));
		assert_string_equal(buf, "unchanged");
		assert_null(list.text);
		assert_int_equal(list.nr, 0);
		if (!i)
			erase_list_seal(&list);
		else
			erase_list_init(&list);
	}
	erase_list_deinit(&list);
	erase_list_deinit(&list);
}

static void test_what_cannot_be_added(void **state)
{
	struct erase_list list;

	(void)state;
	erase_list_init(&list);
	add(&list, 100, 10, 'x');
	assert_int_equal(erase_list_add(&list, 1, UINT64_MAX, 0), -EINVAL);
	assert_non_null(strstr(err_text(-EINVAL), "the last address"));
	assert_int_equal(erase_list_add(&list, UINT64_MAX, 1, 0), -EINVAL);
	assert_int_equal(erase_list_add(&list, UINT64_MAX / 2, UINT64_MAX, 0), -EINVAL);
	add(&list, 105, 0, 'y');
	add(&list, UINT64_MAX, 0, 'y');
	assert_int_equal(list.nr, 1);
	erase_list_seal(&list);
	assert_int_equal(list.nr, 1);
	assert_int_equal(erase_list_next(&list, 0), 100);
	erase_list_deinit(&list);
}

static void test_too_many(void **state)
{
	struct erase_list list = { .nr = UINT32_MAX, .room = UINT32_MAX };

	(void)state;
	assert_int_equal(erase_list_add(&list, 0, 1, 0), -ENOMEM);
	assert_non_null(strstr(err_text(-ENOMEM), "4294967296 ranges"));
	assert_int_equal(list.nr, UINT32_MAX);
	assert_null(list.ranges);
}

/* The very end of what can be addressed. */
static void test_last_address(void **state)
{
	uint8_t buf[8] = { 0 }, want[8] = { 0, 0, 0, 0, 7, 7, 7, 0 };
	struct erase_list list;

	(void)state;
	erase_list_init(&list);
	add(&list, UINT64_MAX - 3, 3, 7);
	erase_list_seal(&list);
	assert_int_equal(erase_list_next(&list, 5), UINT64_MAX - 3);
	assert_int_equal(erase_list_next(&list, UINT64_MAX - 1), UINT64_MAX - 1);
	assert_int_equal(erase_list_next(&list, UINT64_MAX), UINT64_MAX);
	erase_list_apply(&list, UINT64_MAX - 7, buf, sizeof(buf));
	assert_memory_equal(buf, want, sizeof(buf));
	erase_list_deinit(&list);
}

#define SMALL 24

/* Added ranges, each as "start-end fill", and the memory that results. */
static const struct overlap {
	const char *added[6];
	const char *memory;
	size_t nr;
} overlaps[] = {
	{ { "2-5a" }, "..aaa", 1 },
	{ { "2-5a", "5-7a" }, "..aaaaa", 1 },
	{ { "5-7a", "2-5a" }, "..aaaaa", 1 },
	{ { "2-5a", "5-7b" }, "..aaabb", 2 },
	{ { "2-5a", "6-7a" }, "..aaa.a", 2 },
	{ { "2-5a", "4-7b" }, "..aaabb", 2 },
	{ { "4-7b", "2-5a" }, "..aabbb", 2 },
	{ { "2-9a", "4-6b" }, "..aaaaaaa", 1 },
	{ { "4-6b", "2-9a" }, "..aabbaaa", 3 },
	{ { "2-9a", "2-9b" }, "..aaaaaaa", 1 },
	{ { "2-6a", "2-9b" }, "..aaaabbb", 2 },
	{ { "2-9b", "2-6a" }, "..bbbbbbb", 1 },
	{ { "5-9a", "2-9b" }, "..bbbaaaa", 2 },
	{ { "2-9b", "5-9a" }, "..bbbbbbb", 1 },
	/* One that ends while another is above it comes to light nowhere. */
	{ { "2-9a", "3-5b", "3-12c" }, "..aaaaaaaccc", 2 },
	{ { "4-6a", "3-7b", "2-8c", "1-9d", "0-10e" }, "edcbaabcde", 9 },
	{ { "0-10e", "1-9d", "2-8c", "3-7b", "4-6a" }, "eeeeeeeeee", 1 },
	{ { "1-2a", "3-4a", "5-6a", "0-8b" }, "babababb", 7 },
	{ { "1-2a", "3-4a", "5-6a", "0-8a" }, "aaaaaaaa", 1 },
	{ { "6-8a", "0-4b", "2-7c" }, "bbbbccaa", 3 },
	{ { "0-1a", "8-9b", "0-9c" }, "acccccccb", 3 },
};

static void test_overlaps(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(overlaps); i++) {
		const struct overlap *o = &overlaps[i];
		char memory[SMALL], want[SMALL];
		struct erase_list list;

		erase_list_init(&list);
		for (size_t j = 0; j < ARRAY_SIZE(o->added) && o->added[j]; j++) {
			unsigned int start, end;
			char fill;

			assert_int_equal(sscanf(o->added[j], "%u-%u%c", &start, &end, &fill), 3);
			add(&list, start, end - start, fill);
		}
		erase_list_seal(&list);
		assert_sealed(&list);
		memset(memory, '.', SMALL);
		memset(want, '.', SMALL);
		memcpy(want, o->memory, strlen(o->memory));
		erase_list_apply(&list, 0, memory, SMALL);
		if (memcmp(memory, want, SMALL) || list.nr != o->nr)
			fail_msg("case %zu: \"%.*s\" in %zu ranges instead of \"%s\" in %zu", i,
				 SMALL, memory, list.nr, o->memory, o->nr);
		erase_list_deinit(&list);
	}
}

/* Pages get what is theirs, to their first and last bytes. */
static void test_page_boundaries(void **state)
{
	uint8_t room[4096 + 2], *page = room + 1;
	struct erase_list list;

	(void)state;
	erase_list_init(&list);
	add(&list, 0x1fff, 2, 'a');
	add(&list, 0x3000, 0x1000, 'b');
	add(&list, 0x6fff, 1, 'c');
	erase_list_seal(&list);
	for (paddr_t pa = 0; pa < 0x9000; pa += 4096) {
		uint8_t want[4096] = { 0 };

		want[4095] = pa == 0x1000 ? 'a' : pa == 0x6000 ? 'c' : 0;
		want[0] = pa == 0x2000 ? 'a' : 0;
		if (pa == 0x3000)
			memset(want, 'b', sizeof(want));
		memset(room, 0, sizeof(room));
		erase_list_apply(&list, pa, page, 4096);
		assert_memory_equal(page, want, 4096);
		/* Its neighbours in memory are others. */
		assert_int_equal(room[0] | room[4097], 0);
	}
	assert_int_equal(erase_list_next(&list, 0), 0x1fff);
	assert_int_equal(erase_list_next(&list, 0x1fff), 0x1fff);
	assert_int_equal(erase_list_next(&list, 0x2000), 0x2000);
	assert_int_equal(erase_list_next(&list, 0x2001), 0x3000);
	assert_int_equal(erase_list_next(&list, 0x3fff), 0x3fff);
	assert_int_equal(erase_list_next(&list, 0x4000), 0x6fff);
	assert_int_equal(erase_list_next(&list, 0x7000), UINT64_MAX);
	erase_list_deinit(&list);
}

/* Memory as it is to be; what is not overwritten is -1. */
struct model {
	int *bytes;
	size_t size;
};

/* The first range decides where several overlap. */
static void model_add(struct model *m, size_t start, size_t len, uint8_t fill)
{
	for (size_t i = start; i < start + len && i < m->size; i++) {
		if (m->bytes[i] < 0)
			m->bytes[i] = fill;
	}
}

static void assert_like_model(const struct erase_list *list, const struct model *m,
			      uint64_t *random)
{
	uint8_t *memory = malloc(m->size), *old = malloc(m->size);
	paddr_t next = UINT64_MAX;

	assert_true(memory && old);
	for (size_t i = 0; i < m->size; i++)
		memory[i] = old[i] = next_random(random);
	/* In pieces of all sizes. */
	for (size_t at = 0, n; at < m->size; at += n) {
		n = next_random(random) % 300;
		n = n < m->size - at ? n : m->size - at;
		erase_list_apply(list, at, memory + at, n);
	}
	for (size_t i = m->size; i--;) {
		if (m->bytes[i] >= 0)
			next = i;
		if (memory[i] != (m->bytes[i] < 0 ? old[i] : m->bytes[i]))
			fail_msg("byte %#zx is %#x instead of %#x", i, memory[i], m->bytes[i]);
		if (erase_list_next(list, i) != next)
			fail_msg("after %#zx comes %#" PRIx64, i, erase_list_next(list, i));
	}
	free(memory);
	free(old);
}

static void compare_random(size_t nr, size_t size, size_t max_len, unsigned int fills,
			   uint64_t seed)
{
	struct model m = { .bytes = malloc(size * sizeof(int)), .size = size };
	struct erase_list list;

	assert_non_null(m.bytes);
	memset(m.bytes, -1, size * sizeof(int));
	erase_list_init(&list);
	for (size_t i = 0; i < nr; i++) {
		size_t start = next_random(&seed) % size, len = next_random(&seed) % (max_len + 1);
		uint8_t fill = next_random(&seed) % fills;

		/* Some are long, and come when most is painted. */
		if (max_len > 100 && !(next_random(&seed) % 5000))
			len = next_random(&seed) % size;
		len = len < size - start ? len : size - start;
		/* Ranges that are sealed precede those added later. */
		if (i == nr / 2)
			erase_list_seal(&list);
		add(&list, start, len, fill);
		model_add(&m, start, len, fill);
	}
	erase_list_seal(&list);
	assert_sealed(&list);
	assert_like_model(&list, &m, &seed);
	erase_list_deinit(&list);
	free(m.bytes);
}

static void test_random(void **state)
{
	(void)state;
	/* Few on little memory: all that can happen does. */
	for (uint64_t seed = 0; seed < 20000; seed++)
		compare_random(1 + seed % 12, 32, 12, 1 + seed % 7, seed);
	compare_random(100000, 4 << 20, 40, 256, 1);
	compare_random(100000, 4 << 20, 40, 2, 2);
	compare_random(100000, 1 << 16, 200, 256, 3);
	compare_random(10000, 1 << 16, 1 << 12, 3, 4);
}

/* As many pieces as there can be: one end of each lies within the one added before. */
static void test_most_pieces(void **state)
{
	static const size_t sizes[] = { 1, 2, 31, 32, 33, 63, 64, 65, 1000, 100000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct erase_list list;
		size_t n = sizes[i];

		erase_list_init(&list);
		for (size_t j = 0; j < n; j++)
			add(&list, n - 1 - j, 2 * j + 1, j % 251);
		erase_list_seal(&list);
		assert_int_equal(list.nr, 2 * n - 1);
		assert_sealed(&list);
		for (size_t j = 0; j < n; j++) {
			assert_int_equal(list.ranges[n - 1 - j].fill, j % 251);
			assert_int_equal(list.ranges[n - 1 + j].fill, j % 251);
		}
		erase_list_deinit(&list);
	}
}

static void assert_notes(const struct erase_list *list, const char *want)
{
	assert_int_equal(list->text_size, strlen(want));
	assert_memory_equal(list->text, want, strlen(want));
}

/* Ranges that are added when there is just enough memory for those that are sealed. */
static void test_sealed_again(void **state)
{
	struct erase_list list;

	(void)state;
	erase_list_init(&list);
	for (size_t i = 0; i < 200; i++) {
		add(&list, 1000 - i, 2 * i + 1, i % 2);
		erase_list_seal(&list);
		if (i % 3)
			erase_list_seal(&list);
		assert_int_equal(list.nr, 2 * i + 1);
		assert_sealed(&list);
	}
	erase_list_deinit(&list);
}

static void test_notes(void **state)
{
	struct erase_list list;
	char *name;

	(void)state;
	erase_list_init(&list);
	assert_int_equal(erase_list_note(&list, "extension %s: %u ranges", "erase_sample", 89u), 0);
	assert_notes(&list, "extension erase_sample: 89 ranges\n");
	/* Names may hold anything, but a line is a line. */
	assert_int_equal(erase_list_note(&list, "a%sb", "\n\r\t\x1b[2J\x7f\x01\x9b \xc3\xa4"), 0);
	assert_notes(&list, "extension erase_sample: 89 ranges\na????[2J??? \xc3\xa4" "b\n");
	assert_int_equal(erase_list_note(&list, "%s", ""), 0);
	assert_notes(&list, "extension erase_sample: 89 ranges\na????[2J??? \xc3\xa4" "b\n\n");
	erase_list_deinit(&list);

	name = malloc(100001);
	assert_non_null(name);
	memset(name, 'n', 100000);
	name[100000] = '\0';
	assert_int_equal(erase_list_note(&list, "%s", name), 0);
	assert_int_equal(list.text_size, 100001);
	assert_memory_equal(list.text, name, 100000);
	assert_int_equal(list.text[100000], '\n');
	free(name);
	erase_list_deinit(&list);
	assert_null(list.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_what_cannot_be_added),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_last_address),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_page_boundaries),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_most_pieces),
		cmocka_unit_test(test_sealed_again),
		cmocka_unit_test(test_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
