// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON: its form, and what becomes of strings of any bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/types.h"

struct text {
	struct json j;
	FILE *out;
	char *bytes;
	size_t size;
};

static void begin(struct text *t)
{
	t->out = open_memstream(&t->bytes, &t->size);
	assert_non_null(t->out);
	json_begin(&t->j, t->out);
}

static void end_is(struct text *t, const char *expected)
{
	json_end(&t->j);
	assert_int_equal(t->j.depth, 0);
	assert_int_equal(fclose(t->out), 0);
	assert_string_equal(t->bytes, expected);
	free(t->bytes);
}

static void test_values(void **state)
{
	struct text t;

	(void)state;
	begin(&t);
	end_is(&t, "{}\n");
	begin(&t);
	json_string(&t.j, "string", "text");
	json_string(&t.j, "none", NULL);
	json_number(&t.j, "zero", 0);
	json_number(&t.j, "most", UINT64_MAX);
	json_signed(&t.j, "least", INT64_MIN);
	json_bool(&t.j, "yes", true);
	json_bool(&t.j, "no", false);
	json_seconds(&t.j, "seconds", 12.3456789);
	json_seconds(&t.j, "little", 0.0000001);
	json_seconds(&t.j, "nan", NAN);
	json_seconds(&t.j, "infinite", -INFINITY);
	json_null(&t.j, "nothing");
	end_is(&t, "{\n\t\"string\": \"text\",\n\t\"none\": null,\n\t\"zero\": 0,\n"
		   "\t\"most\": 18446744073709551615,\n\t\"least\": -9223372036854775808,\n"
		   "\t\"yes\": true,\n\t\"no\": false,\n"
		   "\t\"seconds\": 12.345679,\n\t\"little\": 0.000000,\n\t\"nan\": null,\n"
		   "\t\"infinite\": null,\n\t\"nothing\": null\n}\n");
}

static void test_nesting(void **state)
{
	struct text t;

	(void)state;
	begin(&t);
	json_array(&t.j, "empty");
	json_end(&t.j);
	json_array(&t.j, "list");
	json_number(&t.j, NULL, 1);
	json_object(&t.j, NULL);
	json_string(&t.j, "a", "b");
	json_end(&t.j);
	json_array(&t.j, NULL);
	json_end(&t.j);
	json_end(&t.j);
	json_object(&t.j, "object");
	json_end(&t.j);
	json_bool(&t.j, "last", true);
	end_is(&t, "{\n\t\"empty\": [],\n\t\"list\": [\n\t\t1,\n\t\t{\n\t\t\t\"a\": \"b\"\n\t\t},\n"
		   "\t\t[]\n\t],\n\t\"object\": {},\n\t\"last\": true\n}\n");
}

static void test_depth(void **state)
{
	struct text t;

	(void)state;
	begin(&t);
	for (unsigned int i = 1; i < JSON_DEPTH_MAX; i++)
		json_array(&t.j, i == 1 ? "deep" : NULL);
	for (unsigned int i = 1; i < JSON_DEPTH_MAX; i++)
		json_end(&t.j);
	json_end(&t.j);
	assert_int_equal(t.j.depth, 0);
	fclose(t.out);
	free(t.bytes);
}

static void test_strings(void **state)
{
	static const struct {
		const char *text, *json;
	} strings[] = {
		{ "", "" },
		{ "\"\\/", "\\\"\\\\/" },
		{ "\x01\t\n\x1b[31m\x7f", "\\u0001\\u0009\\u000a\\u001b[31m\\u007f" },
		{ "\x9b"
		  "a\xc2\x9b"
		  "b\xc2\xa0",
		  "\\ufffda\\u009bb\xc2\xa0" },
		{ "\xc3\xbc \xe2\x82\xac \xf0\x9f\x90\xa7",
		  "\xc3\xbc \xe2\x82\xac \xf0\x9f\x90\xa7" },
		{ "\xc2\xa0\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
		  "\xc2\xa0\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
		/* Lone bytes, cut characters, too long ones, surrogates, too large ones. */
		{ "a\x80z\xff", "a\\ufffdz\\ufffd" },
		{ "\xc3", "\\ufffd" },
		{ "\xe2\x82", "\\ufffd\\ufffd" },
		{ "\xf0\x9f\x90", "\\ufffd\\ufffd\\ufffd" },
		{ "\xc3\"", "\\ufffd\\\"" },
		{ "\xc0\x80", "\\ufffd\\ufffd" },
		{ "\xe0\x9f\xbf", "\\ufffd\\ufffd\\ufffd" },
		{ "\xf0\x8f\xbf\xbf", "\\ufffd\\ufffd\\ufffd\\ufffd" },
		{ "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd" },
		{ "\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd" },
		{ "\xf8\x88\x80\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd" },
	};
	char expected[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		struct text t;

		begin(&t);
		json_string(&t.j, "s", strings[i].text);
		snprintf(expected, sizeof(expected), "{\n\t\"s\": \"%s\"\n}\n", strings[i].json);
		end_is(&t, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
