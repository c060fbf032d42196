// SPDX-License-Identifier: GPL-2.0-or-later
/* A library of every machine, loaded and linked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "lib/err.h"
#include "lib/library.h"
#include "lib/types.h"

#define FUNCTIONS(F) F(adler32) F(zlibVersion)
LIBRARY(LINKED, linked, FUNCTIONS, "a test", "libz.so.1")
LIBRARY(DLOPENED, loaded, FUNCTIONS, "a test", "libz.so.1")
LIBRARY(DLOPENED, other_name, FUNCTIONS, "a test", "libz.so.nowhere", "libz.so.1")

static void test_same_functions(void **state)
{
	struct linked linked;
	struct loaded loaded;

	(void)state;
	assert_int_equal(linked_load(&linked), 0);
	assert_int_equal(loaded_load(&loaded), 0);
	assert_string_equal(loaded.zlibVersion(), zlibVersion());
	assert_string_equal(linked.zlibVersion(), zlibVersion());
	assert_int_equal(loaded.adler32(1, (const Bytef *)"page", 4),
			 linked.adler32(1, (const Bytef *)"page", 4));
}

static void test_missing(void **state)
{
	static const char *const nowhere[] = { "libnowhere.so.9", NULL };
	static const char *const zlib[] = { "libz.so.1", NULL };
	static const char *const names[] = { "zlibVersion", "no_such_function" };
	void *functions[ARRAY_SIZE(names)];

	(void)state;
	assert_int_equal(library_load(nowhere, names, functions, 1), -ENOTSUP);
	assert_non_null(strstr(err_text(-ENOTSUP), "libnowhere.so.9"));
	assert_int_equal(library_load(zlib, names, functions, 2), -ENOTSUP);
	assert_string_equal(err_text(-ENOTSUP), "libz.so.1 has no function no_such_function");
	assert_int_equal(library_load(zlib, names, functions, 1), 0);
}

/* A distribution has one of the names. */
static void test_other_name(void **state)
{
	struct other_name other_name;

	(void)state;
	assert_int_equal(other_name_load(&other_name), 0);
	assert_string_equal(other_name.zlibVersion(), zlibVersion());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_functions),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_other_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
