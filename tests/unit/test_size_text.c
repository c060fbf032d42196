// SPDX-License-Identifier: GPL-2.0-or-later
/* Sizes as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/size_text.h"
#include "lib/types.h"

static void test_units(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{ 0, "0 bytes" }, { 1, "1 byte" }, { 1023, "1023 bytes" }, { 1024, "1 KiB" },
		{ 1025, "1025 bytes" }, { 20 << 20, "20 MiB" }, { 1536 << 10, "1536 KiB" },
		{ UINT64_C(3) << 30, "3 GiB" }, { UINT64_C(1) << 40, "1 TiB" },
		{ UINT64_C(7) << 50, "7 PiB" }, { UINT64_C(15) << 60, "15 EiB" },
		{ UINT64_MAX, "18446744073709551615 bytes" },
	};
	char buf[SIZE_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_string_equal(size_text(buf, sizes[i].bytes), sizes[i].text);
}

static void test_about(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{ 0, "0 bytes" }, { 1, "1 byte" }, { 1023, "1023 bytes" }, { 1024, "1.0 KiB" },
		{ 1536, "1.5 KiB" }, { 46346240, "44.2 MiB" }, { UINT64_C(1) << 40, "1.0 TiB" },
		{ UINT64_MAX, "16.0 EiB" },
	};
	char buf[SIZE_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_string_equal(size_about(buf, sizes[i].bytes), sizes[i].text);
}

static void test_plural(void **state)
{
	(void)state;
	assert_string_equal(plural_s(0), "s");
	assert_string_equal(plural_s(1), "");
	assert_string_equal(plural_s(2), "s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_about),
		cmocka_unit_test(test_plural),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
