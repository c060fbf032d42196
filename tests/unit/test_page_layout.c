// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which facts each level needs, by name, and the layout made of those that there
 * are. test_classify.c tests the coding of each kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "filter/page_layout.h"
#include "lib/byteorder.h"
#include "lib/err.h"
#include "lib/types.h"
#include "tests/unit/facts_text.h"

/* Linux 6.12. */
static const char *const lines[] = {
	"SIZE(page)=64",
	"OFFSET(page.flags)=0",
	"OFFSET(page.mapping)=24",
	"OFFSET(page._mapcount)=48",
	"OFFSET(page.private)=40",
	"OFFSET(page.compound_head)=8",
	"LENGTH(zone.free_area)=11",
	"NUMBER(PG_lru)=5",
	"NUMBER(PG_private)=14",
	"NUMBER(PG_swapcache)=10",
	"NUMBER(PG_swapbacked)=17",
	"NUMBER(PG_hwpoison)=20",
	"NUMBER(PG_reserved)=13",
	"NUMBER(PG_head_mask)=64",
	"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456",
	"NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240",
	"NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592",
	"NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376",
};

/* The layout from these lines, without one of them, and with others added. */
static int layout_in(struct page_layout *l, bool swap, size_t without, const char *more,
		     unsigned int level)
{
	const struct kernel k = { .arch = { .is64 = true, .swap = swap, .page_shift = 12 } };
	char text[2000];
	size_t len;

	/* The first line with a key counts. */
	len = snprintf(text, sizeof(text), "%s\n", more);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (i != without)
			len += snprintf(text + len, sizeof(text) - len, "%s\n", lines[i]);
	}
	facts_from_text(text);
	return page_layout_init(l, &k, level);
}

static int layout(struct page_layout *l, size_t without, const char *more, unsigned int level)
{
	return layout_in(l, false, without, more, level);
}

#define ALL ARRAY_SIZE(lines)

static void test_everything(void **state)
{
	struct page_layout l;

	(void)state;
	assert_int_equal(layout(&l, ALL, "", DL_MAX), 0);
	assert_int_equal(l.size, 64);
	assert_true(l.is64);
	assert_false(l.swap);
	assert_int_equal(l.page_shift, 12);
	assert_int_equal(l.flags, 0);
	assert_int_equal(l.mapping, 24);
	assert_int_equal(l._mapcount, 48);
	assert_int_equal(l.private, 40);
	assert_int_equal(l.compound, 8);
	assert_int_equal(l.pg_lru, 1 << 5);
	assert_int_equal(l.pg_private, 1 << 14);
	assert_int_equal(l.pg_swapcache, 1 << 10);
	assert_int_equal(l.pg_swapbacked, 1 << 17);
	assert_int_equal(l.pg_hwpoison, 1 << 20);
	assert_int_equal(l.pg_reserved, 1 << 13);
	assert_int_equal(l.pg_slab, 0);
	assert_int_equal(l.pg_head, 64);
	assert_int_equal(l.max_order, 10);
	assert_int_equal(l.level, DL_MAX);
	assert_false(l.image);
	assert_true(l.buddy.known);
	assert_int_equal(l.buddy.value, 0xf0000000);
	assert_int_equal(l.buddy.mask, 0xff000000);
	assert_int_equal(l.slab.value, 0xf5000000);
	assert_false(l.unaccepted.known);
	assert_int_equal(l.order_from, COMPOUND_TAIL_FLAGS);
	assert_int_equal(l.hugetlb_from, COMPOUND_NOWHERE);
}

/* Free pages are known by their type, whatever else is not known. */
#define NOT_FREE_ALONE 32u

/* Each line is needed at some levels, and missed by name there. */
static void test_what_each_level_needs(void **state)
{
	static const struct {
		const char *name;
		/* needed if one of these bits is set; always; or NOT_FREE_ALONE */
		unsigned int levels;
	} needs[ARRAY_SIZE(lines)] = {
		{ "SIZE(page)", ~0u },
		{ "OFFSET(page.flags)", NOT_FREE_ALONE },
		{ "OFFSET(page.mapping)", DL_CACHE | DL_CACHE_PRIVATE | DL_USER },
		{ "OFFSET(page._mapcount)", ~0u },
		{ "OFFSET(page.private)", DL_FREE },
		{ "OFFSET(page.compound_head)", NOT_FREE_ALONE },
		{ "LENGTH(zone.free_area)", DL_FREE },
		{ "NUMBER(PG_lru)", DL_CACHE | DL_CACHE_PRIVATE },
		{ "", 0 }, { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 },
		{ "NUMBER(PG_head_mask)", DL_CACHE | DL_CACHE_PRIVATE | DL_USER },
		{ "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", DL_FREE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		for (unsigned int level = 0; level <= DL_MAX; level++) {
			bool need = needs[i].levels == ~0u || needs[i].levels & level ||
				    (needs[i].levels == NOT_FREE_ALONE &&
				     (level & ~DL_ZERO) != DL_FREE);
			struct page_layout l;
			int err = layout(&l, i, "", level);

			if (err != (need ? -ENOENT : 0))
				fail_msg("level %u without %s: %d", level, lines[i], err);
			if (!need)
				continue;
			if (!strstr(err_text(err), needs[i].name))
				fail_msg("level %u: \"%s\" does not name %s", level,
					 err_text(err), needs[i].name);
			assert_null(strchr(err_text(err), ','));
		}
	}
}

static void test_all_that_is_missing_is_named(void **state)
{
	const struct kernel k = { .arch = { .is64 = true, .page_shift = 12 } };
	static const char *const names[] = {
		"SIZE(page)", "OFFSET(page.flags)", "OFFSET(page.mapping)",
		"OFFSET(page._mapcount)", "OFFSET(page.private)", "OFFSET(page.compound_head)",
		"NUMBER(PG_lru)", "NUMBER(PG_head_mask)", "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)",
		"LENGTH(zone.free_area)",
	};
	struct page_layout l;

	(void)state;
	facts_from_text("");
	assert_int_equal(page_layout_init(&l, &k, DL_MAX), -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strstr(err_text(-ENOENT), names[i]))
			fail_msg("\"%s\" does not name %s", err_text(-ENOENT), names[i]);
	}
}

static void test_nonsense(void **state)
{
	static const struct {
		const char *line, *name;
	} cases[] = {
		{ "OFFSET(page.flags)=57", "page.flags) 57" },
		{ "OFFSET(page.mapping)=64", "page.mapping) 64" },
		{ "OFFSET(page._mapcount)=61", "page._mapcount) 61" },
		{ "OFFSET(page.private)=16777216", "page.private) 16777216" },
		{ "OFFSET(page.compound_head)=60", "page.compound_head) 60" },
		{ "OFFSET(page.compound_info)=60", "page.compound_" },
		{ "OFFSET(page.compound_order)=64", "page.compound_order) 64" },
		{ "NUMBER(HUGETLB_PAGE_DTOR)=2\nOFFSET(page.compound_dtor)=64",
		  "page.compound_dtor) 64" },
		/* These two are offsets in the folio; they are in its second page. */
		{ "OFFSET(folio._folio_order)=63", "folio._folio_order) 63" },
		{ "OFFSET(folio._folio_order)=128", "folio._folio_order) 128" },
		{ "NUMBER(HUGETLB_PAGE_DTOR)=2\nOFFSET(folio._folio_dtor)=0",
		  "folio._folio_dtor) 0" },
		{ "LENGTH(zone.free_area)=0", "LENGTH(zone.free_area) 0" },
		{ "LENGTH(zone.free_area)=33", "LENGTH(zone.free_area) 33" },
		{ "LENGTH(zone.free_area)=4294967295", "LENGTH(zone.free_area)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct page_layout l;
		int err = layout(&l, ALL, cases[i].line, DL_MAX);

		assert_int_equal(err, -EBADMSG);
		if (!strstr(err_text(err), cases[i].name))
			fail_msg("%s: \"%s\"", cases[i].line, err_text(err));
	}
}

/* One fact that is missing or out of range costs the bits of the level that need it. */
static void test_possible(void **state)
{
	const struct kernel k = { .arch = { .is64 = true, .page_shift = 12 } };
	static const unsigned int all = DL_MAX & ~DL_ZERO, caches = DL_CACHE | DL_CACHE_PRIVATE;
	static const struct {
		const char *line;		/* with an impossible number */
		unsigned int possible;		/* without it, or with that one */
	} cases[ARRAY_SIZE(lines)] = {
		{ "SIZE(page)=0", 0 },
		{ "OFFSET(page.flags)=57", DL_FREE },
		{ "OFFSET(page.mapping)=64", DL_FREE },
		{ "OFFSET(page._mapcount)=61", 0 },
		{ "OFFSET(page.private)=16777216", all & ~DL_FREE },
		{ "OFFSET(page.compound_head)=60", DL_FREE },
		{ "LENGTH(zone.free_area)=33", all & ~DL_FREE },
		{ "NUMBER(PG_lru)=64", all & ~caches },
		{ NULL, all }, { NULL, all }, { NULL, all }, { NULL, all }, { NULL, all },
		{ "NUMBER(PG_head_mask)=0", DL_FREE },
		{ NULL, all & ~DL_FREE }, { NULL, all }, { NULL, all }, { NULL, all },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct page_layout l;

		(void)layout(&l, i, "", DL_MAX);
		if (page_layout_possible(&k, DL_MAX) != cases[i].possible)
			fail_msg("without %s: %u", lines[i], page_layout_possible(&k, DL_MAX));
		assert_int_equal(page_layout_possible(&k, DL_FREE | DL_ZERO),
				 cases[i].possible & DL_FREE);
		if (!cases[i].line || i == 0)
			continue;
		(void)layout(&l, i, cases[i].line, DL_MAX);
		if (page_layout_possible(&k, DL_MAX) != cases[i].possible)
			fail_msg("%s: %u", cases[i].line, page_layout_possible(&k, DL_MAX));
	}
	/* The order of compound pages is needed for those that can be compound. */
	(void)layout(&(struct page_layout){ 0 }, ALL, "OFFSET(page.compound_order)=64", DL_MAX);
	assert_int_equal(page_layout_possible(&k, DL_MAX), DL_FREE);
}

/* Facts that the level does not need stay unknown. */
static void test_free_alone(void **state)
{
	struct page_layout l;

	(void)state;
	assert_int_equal(layout(&l, 1, "", DL_FREE), 0);
	assert_int_equal(l.tail | l.pg_head | l.pg_lru | l.pg_hwpoison | l.pg_slab, 0);
	assert_int_equal(layout(&l, ALL, "OFFSET(page.flags)=57", DL_FREE), 0);
	assert_int_equal(l.flags, 0);
	assert_int_equal(l.pg_head, 0);
	assert_int_equal(layout(&l, ALL, "OFFSET(page.compound_head)=60", DL_FREE), 0);
	assert_int_equal(l.compound | l.tail, 0);
	assert_int_equal(layout(&l, ALL, "OFFSET(page.mapping)=64", DL_FREE), 0);
	assert_int_equal(l.mapping, 0);
	assert_int_equal(l.tail, 1);
	assert_int_equal(l.pg_head, 64);
}

/* Flags that no word has do not become others. */
static void test_impossible_flags(void **state)
{
	struct page_layout l;

	(void)state;
	assert_int_equal(layout(&l, ALL, "NUMBER(PG_hwpoison)=64", DL_MAX), 0);
	assert_int_equal(l.pg_hwpoison, 0);
	assert_int_equal(layout(&l, ALL, "NUMBER(PG_slab)=-1", DL_MAX), 0);
	assert_int_equal(l.pg_slab, 0);
	assert_int_equal(layout(&l, ALL, "NUMBER(PG_lru)=4294967301", DL_MAX), -ENOENT);
	assert_int_equal(layout(&l, ALL, "NUMBER(PG_private)=63", DL_MAX), 0);
	assert_int_equal(l.pg_private, UINT64_C(1) << 63);
}

/* PG_swapcache that is another name of PG_owner_priv_1 says nothing without PG_swapbacked. */
static void test_swapcache_without_swapbacked(void **state)
{
	struct page_layout l;

	(void)state;
	assert_int_equal(layout(&l, 10, "", DL_MAX), 0);
	assert_int_equal(l.pg_swapbacked, 0);
	assert_int_equal(l.pg_swapcache, 0);
	/* Linux 4.9 */
	assert_int_equal(layout(&l, 10, "NUMBER(PG_private)=11\nNUMBER(PG_swapcache)=15", DL_MAX),
			 0);
	assert_int_equal(l.pg_swapcache, 1 << 15);
	/* Without PG_private it cannot be told. */
	assert_int_equal(layout(&l, 10, "NUMBER(PG_private)=-1\nNUMBER(PG_swapcache)=15", DL_MAX),
			 0);
	assert_int_equal(l.pg_swapcache, 0);
}

static void test_coding_of_types(void **state)
{
	static const struct {
		const char *number;
		uint32_t value, mask;
	} cases[] = {
		{ "-129", 0xffffff7f, 0xffffffff },
		{ "-1073741825", 0xbfffffff, 0xffffffff },
		{ "-268435456", 0xf0000000, 0xff000000 },
		{ "4026531840", 0xf0000000, 0xff000000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct page_layout l;
		char line[80];

		snprintf(line, sizeof(line), "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=%s",
			 cases[i].number);
		assert_int_equal(layout(&l, ALL, line, DL_MAX), 0);
		assert_int_equal(l.buddy.value, cases[i].value);
		assert_int_equal(l.buddy.mask, cases[i].mask);
	}
}

static void test_where_the_order_is(void **state)
{
	struct page_layout l;

	(void)state;
	assert_int_equal(layout(&l, ALL, "OFFSET(page.compound_order)=17\n"
					 "OFFSET(page.compound_dtor)=16\n"
					 "NUMBER(HUGETLB_PAGE_DTOR)=2", DL_MAX), 0);
	assert_int_equal(l.order_from, COMPOUND_TAIL_BYTE);
	assert_int_equal(l.order_byte, 17);
	assert_int_equal(l.hugetlb_from, COMPOUND_TAIL_BYTE);
	assert_int_equal(l.hugetlb_byte, 16);
	assert_int_equal(l.hugetlb_dtor, 2);
	assert_int_equal(layout(&l, ALL, "OFFSET(folio._folio_order)=81\n"
					 "OFFSET(folio._folio_dtor)=80\n"
					 "NUMBER(HUGETLB_PAGE_DTOR)=2", DL_MAX), 0);
	assert_int_equal(l.order_from, COMPOUND_TAIL_BYTE);
	assert_int_equal(l.order_byte, 17);
	assert_int_equal(l.hugetlb_from, COMPOUND_TAIL_BYTE);
	assert_int_equal(l.hugetlb_byte, 16);
	assert_int_equal(layout(&l, ALL, "NUMBER(PG_hugetlb)=8", DL_MAX), 0);
	assert_int_equal(l.order_from, COMPOUND_TAIL_FLAGS);
	assert_int_equal(l.hugetlb_from, COMPOUND_TAIL_FLAGS);
	assert_int_equal(l.pg_hugetlb, 1 << 8);
	/* The newer name of the link, also where both are there. */
	assert_int_equal(layout(&l, 5, "OFFSET(page.compound_info)=16", DL_MAX), 0);
	assert_int_equal(l.compound, 16);
	assert_int_equal(layout(&l, ALL, "OFFSET(page.compound_info)=16", DL_MAX), 0);
	assert_int_equal(l.compound, 16);
}

/* The low byte of a number of four bytes is the last one on a big-endian machine. */
static void test_numbers_of_the_order(void **state)
{
	static const struct {
		bool big;
		unsigned int dtor, order, dtor_byte, order_byte;
	} cases[] = {
		{ false, 16, 20, 16, 20 },
		{ true, 16, 20, 19, 23 },
		{ true, 16, 17, 16, 17 },
		{ true, 56, 60, 59, 63 },
		/* not outside of the struct page */
		{ true, 58, 62, 61, 62 },
		{ true, 20, 16, 20, 16 },
	};
	struct page_layout l;
	char more[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(more, sizeof(more), "OFFSET(page.compound_order)=%u\n"
			 "OFFSET(page.compound_dtor)=%u\nNUMBER(HUGETLB_PAGE_DTOR)=2",
			 cases[i].order, cases[i].dtor);
		assert_int_equal(layout_in(&l, cases[i].big != HOST_BIG_ENDIAN, ALL, more, DL_MAX),
				 0);
		assert_int_equal(l.order_byte, cases[i].order_byte);
		assert_int_equal(l.hugetlb_byte, cases[i].dtor_byte);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_what_each_level_needs),
		cmocka_unit_test(test_all_that_is_missing_is_named),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_possible),
		cmocka_unit_test(test_free_alone),
		cmocka_unit_test(test_impossible_flags),
		cmocka_unit_test(test_swapcache_without_swapbacked),
		cmocka_unit_test(test_coding_of_types),
		cmocka_unit_test(test_where_the_order_is),
		cmocka_unit_test(test_numbers_of_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
