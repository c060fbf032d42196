// SPDX-License-Identifier: GPL-2.0-or-later
/* The part of a text that a terminal gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/printable.h"
#include "lib/types.h"

static void becomes(const char *text, const char *expected, const char *keep)
{
	char buf[128];
	size_t len = strlen(text);

	memcpy(buf, text, len + 1);
	make_printable(buf, len, keep);
	assert_string_equal(buf, expected);
}

static void test_text_stays(void **state)
{
	static const char *const texts[] = {
		"", " plain ~", "\xc2\xa0", "\xc3\xbc\xc3\x9b", "\xe2\x82\xac",
		"\xf0\x9f\x90\xa7", "\xf4\x8f\xbf\xbf",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		becomes(texts[i], texts[i], "");
}

static void test_controls_go(void **state)
{
	char all[2] = "";

	(void)state;
	for (int c = 1; c < 256; c++) {
		all[0] = (char)c;
		becomes(all, c < ' ' || c >= 0x7f ? "?" : all, "");
	}
	for (int c = 0x80; c < 0xa0; c++) {
		char c1[3] = { (char)0xc2, (char)c, '\0' };

		becomes(c1, "??", "");
	}
	becomes("a\x1b[31mb\rc\x9b" "0m\xc2\x9b" "d", "a?[31mb?c?0m??d", "\n\t");
}

static void test_some_are_kept(void **state)
{
	char zero[2] = { 0, 'x' };

	(void)state;
	becomes("a\tb\nc\rd", "a\tb\nc?d", "\n\t");
	becomes("a\tb\nc\rd", "a?b\nc\rd", "\n\r");
	make_printable(zero, 2, "\n");
	assert_memory_equal(zero, "?x", 2);
}

/* Too short, too long for its character, no character, an end within one. */
static void test_no_utf8(void **state)
{
	(void)state;
	becomes("\xc3(", "?(", "");
	becomes("\xc0\x9b", "??", "");
	becomes("\xe0\x82\x9b", "???", "");
	becomes("\xed\xa0\x80", "???", "");
	becomes("\xf4\x90\x80\x80", "????", "");
	becomes("\xf8\x88\x80\x80\x80", "?????", "");
	becomes("x\xe2\x82", "x??", "");
}

static void test_decode(void **state)
{
	uint32_t c = 7;

	(void)state;
	assert_int_equal(utf8_decode("", 0, &c), 0);
	assert_int_equal(utf8_decode("\xe2\x82\xac", 2, &c), 0);
	assert_int_equal(c, 7);
	assert_int_equal(utf8_decode("\xe2\x82\xac", 3, &c), 3);
	assert_int_equal(c, 0x20ac);
	assert_int_equal(utf8_decode("\x7f", 1, &c), 1);
	assert_int_equal(c, 0x7f);
	assert_int_equal(utf8_decode("\xf0\x90\x80\x80", 9, &c), 4);
	assert_int_equal(c, 0x10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_stays),
		cmocka_unit_test(test_controls_go),
		cmocka_unit_test(test_some_are_kept),
		cmocka_unit_test(test_no_utf8),
		cmocka_unit_test(test_decode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
