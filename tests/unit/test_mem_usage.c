// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * --mem-usage: the memory that is reserved for the crash kernel of the running one, and pages of
 * zeros.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>

#include "cli/mem_usage.h"
#include "kernel/crashkernel.h"
#include "lib/types.h"
#include "tests/unit/minicore.h"

#define PAGES 6046 /* of the miniature kernel */

/* 0xe10 to 0x1000 and 0x8400 to 0x8800 are the kernel's; 0x8000 to 0x8400 are free. */
#define SYMBOLS \
	"set SYMBOL(crashk_res) ${stext+0x182000:x}\n" \
	"set SYMBOL(crashk_low_res) ${stext+0x182100:x}\n"
#define OFFSETS "set OFFSET(resource.start) 0\nset OFFSET(resource.end) 8\n"
#define RESOURCE(first, last) "u64 p(stext+0x182000) " first " " last "\n"
#define LOW_RESOURCE(first, last) "u64 p(stext+0x182100) " first " " last "\n"

static const struct core_text texts[] = {
	{ "both", SYMBOLS OFFSETS RESOURCE("0x8300*P", "0x8700*P-1")
	  LOW_RESOURCE("0xf00*P", "0xf80*P-1") },
	{ "one", SYMBOLS OFFSETS RESOURCE("0x8500*P", "0x8700*P-1") },
	{ "narrow", SYMBOLS "set OFFSET(resource.start) 16\nset OFFSET(resource.end) 20\n"
	  "u32 p(stext+0x182010) 0xf00*P 0xf80*P-1\n" },
	{ "beyond", SYMBOLS OFFSETS RESOURCE("0x8700*P", "(1<<63)-1") },
	{ "outside", SYMBOLS OFFSETS RESOURCE("1<<62", "(1<<63)-1") },
	{ "reversed", SYMBOLS OFFSETS RESOURCE("0x8700*P", "0x8500*P-1") },
	{ "no-end", SYMBOLS "set OFFSET(resource.start) 0\n" RESOURCE("0x8500*P", "0x8700*P-1") },
	{ "far-end", SYMBOLS "set OFFSET(resource.start) 0\nset OFFSET(resource.end) 2048\n"
	  RESOURCE("0x8500*P", "0x8700*P-1") },
	{ "no-symbol", OFFSETS },
	{ "nowhere", OFFSETS "set SYMBOL(crashk_res) ffffc90000000000\n" },
	{ "zeros", "segment 1*G 512*M\n" },
};

static struct cores cores;

static int make_cores(void **state)
{
	(void)state;
	return cores_make(&cores, "mini-x86_64.txt", NULL, texts, ARRAY_SIZE(texts));
}

static int remove_cores(void **state)
{
	(void)state;
	return cores_remove(&cores);
}

static struct mem_usage usage_by(const struct machine *m, bool live, unsigned int nr_threads)
{
	struct mem_usage u;

	if (mem_usage_count(m->k, live, nr_threads, &u))
		fail_msg("%s", err_text(-1));
	assert_int_equal(u.zero + u.cache + u.cache_private + u.user + u.free + u.hwpoison +
			 u.offline + u.absent + u.kernel, u.total);
	return u;
}

static struct mem_usage usage(const struct machine *m, bool live)
{
	return usage_by(m, live, 2);
}

/* A running kernel's reservation is not counted, that of a dump is. */
static void test_not_counted(void **state)
{
	struct mem_usage live, dump;
	struct machine m;

	(void)state;
	machine_open(&m, &cores, "both");
	dump = usage(&m, false);
	live = usage(&m, true);
	machine_close(&m);
	assert_int_equal(dump.total, PAGES);
	assert_int_equal(live.total, PAGES - 0x400 - 0x80);
	assert_int_equal(live.free, dump.free - 0x100);
	assert_int_equal(live.absent, 0);
	assert_int_equal(live.user, dump.user);
}

static void assert_pages(const char *name, uint64_t want)
{
	struct mem_usage u;
	struct machine m;

	machine_open(&m, &cores, name);
	u = usage(&m, true);
	machine_close(&m);
	if (PAGES - u.total != want)
		fail_msg("%s: %" PRIu64 " pages are not counted", name, PAGES - u.total);
}

static void test_descriptions(void **state)
{
	(void)state;
	assert_pages("one", 0x200);
	assert_pages("narrow", 0x80);
	assert_pages("beyond", 0x100);
}

static void test_invalid(void **state)
{
	(void)state;
	assert_pages("outside", 0);
	assert_pages("reversed", 0);
	assert_pages("no-end", 0);
	assert_pages("far-end", 0);
	assert_pages("no-symbol", 0);
	assert_pages("nowhere", 0);
}

/* There are too many for one thread to take all of them before another one has begun. */
static void test_zeros_of_all_threads(void **state)
{
	struct mem_usage one, two;
	struct machine m;

	(void)state;
	machine_open(&m, &cores, "zeros");
	one = usage_by(&m, false, 1);
	two = usage_by(&m, false, 2);
	machine_close(&m);
	assert_true(one.zero >= 0x20000);
	assert_int_equal(two.zero, one.zero);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_counted),
		cmocka_unit_test(test_descriptions),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_zeros_of_all_threads),
	};

	return cmocka_run_group_tests(tests, make_cores, remove_cores);
}
