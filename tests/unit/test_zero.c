// SPDX-License-Identifier: GPL-2.0-or-later
/* Zeros of every length, with another byte at every place, wherever they begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "lib/zero.h"

static void assert_one_byte_shows(size_t len, size_t step)
{
	for (size_t begin = 0; begin < 9; begin++) {
		/* No byte more, so that a tool sees one that is read after the end. */
		uint8_t *room = calloc(1, begin + len + !(begin + len)), *p = room + begin;

		assert_non_null(room);
		memset(room, 0xff, begin);
		assert_true(all_zero(p, len));
		for (size_t i = 0; i < len; i += i + step + 9 < len ? step : 1) {
			p[i] = i % 255 + 1;
			assert_false(all_zero(p, len));
			p[i] = 0;
		}
		free(room);
	}
}

static void test_short(void **state)
{
	(void)state;
	for (size_t len = 0; len < 200; len++)
		assert_one_byte_shows(len, 1);
}

static void test_pages(void **state)
{
	(void)state;
	assert_one_byte_shows(4096, 1);
	assert_one_byte_shows(4095, 1);
	assert_one_byte_shows(65536, 61);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
