// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A run of extensions without memory for its results.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "extension/run.h"
#include "kernel/kernel.h"

/* Bytes of a bitmap, of which nothing is touched, and of what there is room for. */
#define BITMAP_BYTES (UINT64_C(8) << 30)
#define ROOM_BYTES (UINT64_C(12) << 30)

/* Address space of this process, bytes; 0 if it is not known. */
static uint64_t used_bytes(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* There is room for one of the two bitmaps: the run fails, and its verdicts say nothing. */
static void test_no_memory(void **state)
{
	struct vmcore vc = { .max_pfn = 8 * BITMAP_BYTES };
	struct kernel k = { .vc = &vc };
	struct extension_options opt = { .timeout = 1 };
	struct extension_result result;
	struct verdict_stats stats;
	struct bitmap dumpable;
	struct rlimit old, less;
	int err;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
	less = old;
	less.rlim_cur = used_bytes() + ROOM_BYTES;
	assert_int_equal(bitmap_init(&dumpable, 256), 0);
	assert_int_equal(setrlimit(RLIMIT_AS, &less), 0);
	err = extensions_run(&k, NULL, 0, &opt, &result);
	assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
	/* An emulator may not limit it. */
	if (!err) {
		extension_result_free(&result);
		bitmap_deinit(&dumpable);
		skip();
	}
	assert_int_equal(err, -ENOMEM);
	bitmap_set_range(&dumpable, 0, 256);
	verdicts_apply(&result.verdicts, &dumpable, &stats);
	assert_int_equal(stats.excluded + stats.included, 0);
	assert_int_equal(bitmap_count(&dumpable, 0, 256), 256);
	extension_result_free(&result);
	bitmap_deinit(&dumpable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
