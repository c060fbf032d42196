// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The answers of an extension, whose process may write anything over them: all are taken, or none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "extension/answers.h"
#include "lib/err.h"

#define PFNS 1000

/* Takes over answers; more values lie after those that there is room for. */
struct taken {
	struct verdicts verdicts;
	struct erase_list list;
	struct reported values;
	struct reported_value beyond[REPORTED_MAX];
};

static void taken_init(struct taken *t)
{
	*t = (struct taken){ 0 };
	assert_int_equal(bitmap_init(&t->verdicts.include, PFNS), 0);
	assert_int_equal(bitmap_init(&t->verdicts.exclude, PFNS), 0);
	erase_list_init(&t->list);
	for (size_t i = 0; i < REPORTED_MAX; i++)
		strcpy(t->beyond[i].key, "beyond");
}

static void taken_deinit(struct taken *t)
{
	bitmap_deinit(&t->verdicts.include);
	bitmap_deinit(&t->verdicts.exclude);
	erase_list_deinit(&t->list);
}

/* Answers with nothing wrong in them: a page, a range, and as many values as there may be. */
static void answer(struct extension_answers *a)
{
	assert_int_equal(extension_answers_create(a, PFNS), 0);
	bitmap_set_range(&a->include, 5, 6);
	a->erasures[0] = (struct erase_range){ 0x1000, 0x1001, 'X' };
	a->shared->nr_erasures = 1;
	a->shared->reported.nr = REPORTED_MAX;
	for (size_t i = 0; i < REPORTED_MAX; i++) {
		struct reported_value *v = &a->shared->reported.values[i];

		snprintf(v->key, sizeof(v->key), "key_%zu", i);
		v->is_text = i % 2;
		v->number = i;
		memset(v->text, 'x', sizeof(v->text) - 1);
	}
}

static void test_good_answers(void **state)
{
	struct extension_answers a;
	struct taken t;
	int fatal;

	(void)state;
	answer(&a);
	taken_init(&t);
	assert_int_equal(extension_answers_take(&a, "good", &t.verdicts, &t.list, &t.values,
						&fatal), 0);
	assert_int_equal(bitmap_count(&t.verdicts.include, 0, PFNS), 1);
	assert_int_equal(t.list.nr, 1);
	assert_int_equal(t.values.nr, REPORTED_MAX);
	assert_string_equal(t.values.values[REPORTED_MAX - 1].key, "key_63");
	taken_deinit(&t);
	extension_answers_destroy(&a);
}

static void make_empty(struct extension_answers *a)
{
	a->erasures[0].end = a->erasures[0].start;
}

static void make_reversed(struct extension_answers *a)
{
	a->erasures[0].end = a->erasures[0].start - 1;
}

static void make_too_high(struct extension_answers *a)
{
	a->erasures[0].end = (UINT64_C(1) << 52) + 1;
}

static void add_erasures(struct extension_answers *a)
{
	a->shared->nr_erasures = ERASURES_MAX + 1;
}

static void make_endless(struct extension_answers *a)
{
	memset(a->shared->reported.values[1].text, 'x', REPORTED_TEXT_BYTES);
}

static void make_key_odd(struct extension_answers *a)
{
	a->shared->reported.values[1].key[0] = '\033';
}

static void make_key_endless(struct extension_answers *a)
{
	memset(a->shared->reported.values[1].key, 'k', REPORTED_KEY_BYTES);
}

static void remove_key(struct extension_answers *a)
{
	a->shared->reported.values[0].key[0] = '\0';
}

static void add_value(struct extension_answers *a)
{
	a->shared->reported.nr++;
}

static void test_overwritten_answers(void **state)
{
	static void (*const damages[])(struct extension_answers *a) = {
		make_empty, make_reversed, make_too_high, add_erasures, make_endless,
		make_key_odd, make_key_endless, remove_key, add_value,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		struct extension_answers a;
		struct taken t;
		int fatal;

		answer(&a);
		damages[i](&a);
		taken_init(&t);
		assert_int_equal(extension_answers_take(&a, "bad", &t.verdicts, &t.list,
							&t.values, &fatal), -EBADMSG);
		assert_string_equal(err_text(-EBADMSG), "its answers were overwritten");
		assert_int_equal(bitmap_count(&t.verdicts.include, 0, PFNS), 0);
		assert_int_equal(t.list.nr, 0);
		taken_deinit(&t);
		extension_answers_destroy(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_answers),
		cmocka_unit_test(test_overwritten_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
