// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "filter/verdicts.h"
#include "lib/types.h"

#define PAGES 200

static void begin(struct verdicts *v, struct bitmap *b)
{
	assert_int_equal(bitmap_init(&v->include, PAGES), 0);
	assert_int_equal(bitmap_init(&v->exclude, PAGES), 0);
	assert_int_equal(bitmap_init(b, PAGES), 0);
}

static void end(struct verdicts *v, struct bitmap *b)
{
	bitmap_deinit(&v->include);
	bitmap_deinit(&v->exclude);
	bitmap_deinit(b);
}

/* All that can be said of a page, and what becomes of it. */
static void test_each_case(void **state)
{
	static const struct {
		bool level, include, exclude, saved;
	} cases[] = {
		{ false, false, false, false }, { true, false, false, true },
		{ false, true, false, true }, { true, true, false, true },
		{ false, false, true, false }, { true, false, true, false },
		{ false, true, true, true }, { true, true, true, true },
	};
	struct verdict_stats stats;
	struct verdicts v;
	struct bitmap b;

	(void)state;
	begin(&v, &b);
	/* At the beginning, across words, and at the end. */
	for (size_t i = 0; i < PAGES; i++) {
		const bool level = cases[i % ARRAY_SIZE(cases)].level;

		if (level)
			bitmap_set_range(&b, i, i + 1);
		if (cases[i % ARRAY_SIZE(cases)].include)
			bitmap_set_range(&v.include, i, i + 1);
		if (cases[i % ARRAY_SIZE(cases)].exclude)
			bitmap_set_range(&v.exclude, i, i + 1);
	}
	verdicts_apply(&v, &b, &stats);
	for (size_t i = 0; i < PAGES; i++)
		assert_int_equal(bitmap_test(&b, i), cases[i % ARRAY_SIZE(cases)].saved);
	assert_int_equal(stats.included, 2 * PAGES / ARRAY_SIZE(cases));
	assert_int_equal(stats.excluded, PAGES / ARRAY_SIZE(cases));
	end(&v, &b);
}

static void test_limit(void **state)
{
	struct verdict_stats stats;
	struct verdicts v;
	struct bitmap b;

	(void)state;
	begin(&v, &b);
	bitmap_set_range(&b, 10, 100);
	bitmap_set_range(&v.include, 0, PAGES);
	verdicts_limit(&v, &b);
	assert_int_equal(bitmap_count(&v.include, 0, PAGES), 90);
	bitmap_clear_range(&b, 20, 30);
	verdicts_apply(&v, &b, &stats);
	assert_int_equal(bitmap_count(&b, 0, PAGES), 90);
	assert_int_equal(bitmap_next_set(&b, 0, PAGES), 10);
	assert_int_equal(stats.included, 10);
	end(&v, &b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_case),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
