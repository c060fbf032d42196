// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that a kernel used and its vmcore lacks: samples of struct pages, one for each 64 MiB.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "filter/absent.h"
#include "lib/types.h"
#include "tests/unit/minicore.h"

#define MIB (UINT64_C(1) << 20)
/* Pages of 64 KiB: 0x400 of them are 64 MiB. The vmcore has those below 0x1000. */
#define CHUNK (64 * MIB)
#define FIRST (4 * CHUNK)

#define ANON "refcount=1 mapcount=0 mapping=direct+1 "

static const struct core_text texts[] = {
	{ "holes", "" },
	{ "free", "buddy 0x1000 order=5\n" },
	{ "process", "page_struct 0x1000 " ANON "flags=0x20128\n" },
	/* A page of a device is on no list of the LRU. */
	{ "device", "page_struct 0x1000..0x1400 " ANON "flags=0x20108\n" },
	{ "reserved", "set NUMBER(PG_reserved) 13\n"
		      "page_struct 0x1000..0x1400 " ANON "flags=0x22128\n" },
	{ "kernel", "page_struct 0x1000..0x1400 flags=0\n" },
	/* Any struct page of the sample counts, and none after it. */
	{ "last", "page_struct 0x103f " ANON "flags=0x20128\n" },
	{ "after", "page_struct 0x1040 " ANON "flags=0x20128\n" },
	/* A struct page that the kernel did not initialise, and what seems to follow. */
	{ "poison", "page_struct 0x1000 flags=-1 mapping=-1 mapcount=-1 compound=-1\n"
		    "page_struct 0x1001 " ANON "flags=0x20128\n" },
	{ "not-reserved", "set NUMBER(PG_reserved) 13\n"
			  "page_struct 0x1000 " ANON "flags=0x20128\n" },
	{ "side-by-side", "buddy 0x1000 order=5\nbuddy 0x1400 order=5\nbuddy 0x1c00 order=5\n" },
	{ "many", "buddy 0x1000 order=5\nbuddy 0x1800 order=5\nbuddy 0x2000 order=5\n"
		  "buddy 0x2800 order=5\nbuddy 0x3000 order=5\nbuddy 0x3800 order=5\n"
		  "buddy 0x4000 order=5\nbuddy 0x4800 order=5\nbuddy 0x5000 order=5\n"
		  "buddy 0x5400 order=5\n" },
	/* Struct pages in memory that the vmcore lacks. */
	{ "unreadable", "buddy 0x1000 order=5\nmap vmemmap+0x1000*64 0x20000*P P\n" },
	{ "no-facts", "buddy 0x1000 order=5\nset SIZE(page)\n" },
	{ "no-sections", "buddy 0x1000 order=5\nu64 roots 0 0 0\n" },
};

static int setup(void **state)
{
	struct cores *c = malloc(sizeof(*c));

	*state = c;
	return c ? cores_make(c, "mini-arm64-64k.txt", NULL, texts, ARRAY_SIZE(texts)) : -1;
}

static int teardown(void **state)
{
	int err = cores_remove(*state);

	free(*state);
	return err;
}

/* Look for memory in a core, as if its pages of [start, end) were there, too. */
static struct absent_memory find(void **state, const char *core, pfn_t start, pfn_t end)
{
	struct absent_memory ret;
	struct bitmap present;
	struct machine m;

	machine_open(&m, *state, core);
	assert_int_equal(bitmap_init(&present, m.vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(m.vc, VMCORE_PRESENT, &present), 0);
	if (start < end)
		bitmap_set_range(&present, start, end);
	find_absent_memory(m.k, &present, &ret);
	bitmap_deinit(&present);
	machine_close(&m);
	return ret;
}

static void test_classes(void **state)
{
	static const struct {
		const char *core;
		uint64_t bytes;
	} cases[] = {
		{ "holes", 0 }, { "free", CHUNK }, { "process", CHUNK }, { "device", 0 },
		{ "kernel", 0 }, { "not-reserved", CHUNK }, { "reserved", 0 }, { "last", CHUNK },
		{ "after", 0 }, { "poison", 0 }, { "unreadable", 0 }, { "no-facts", 0 },
		{ "no-sections", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct absent_memory a = find(state, cases[i].core, 0, 0);

		if (a.bytes != cases[i].bytes)
			fail_msg("%s: %" PRIu64 " bytes", cases[i].core, a.bytes);
		assert_int_equal(a.nr, a.bytes != 0);
		if (a.nr) {
			assert_int_equal(a.ranges[0].start, FIRST);
			assert_int_equal(a.ranges[0].end, FIRST + CHUNK);
		}
	}
}

static void test_ranges(void **state)
{
	struct absent_memory a = find(state, "side-by-side", 0, 0);

	assert_int_equal(a.bytes, 3 * CHUNK);
	assert_int_equal(a.nr, 2);
	assert_int_equal(a.ranges[0].start, FIRST);
	assert_int_equal(a.ranges[0].end, FIRST + 2 * CHUNK);
	assert_int_equal(a.ranges[1].start, FIRST + 3 * CHUNK);
	assert_int_equal(a.ranges[1].end, FIRST + 4 * CHUNK);

	/* All are counted, also those that are not named. */
	a = find(state, "many", 0, 0);
	assert_int_equal(a.bytes, 10 * CHUNK);
	assert_int_equal(a.nr, ABSENT_RANGES_MAX);
	assert_int_equal(a.ranges[7].start, FIRST + 14 * CHUNK);
	assert_int_equal(a.ranges[7].end, FIRST + 15 * CHUNK);
}

/* One page of the 64 MiB is there: they are not absent. */
static void test_partly_present(void **state)
{
	assert_int_equal(find(state, "side-by-side", 0x13ff, 0x1400).bytes, 2 * CHUNK);
	assert_int_equal(find(state, "side-by-side", 0x1000, 0x1001).bytes, 2 * CHUNK);
	assert_int_equal(find(state, "side-by-side", 0x1800, 0x1801).bytes, 3 * CHUNK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_partly_present),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
