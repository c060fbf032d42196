// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The order in which pages are saved: each page of a dump is in one class, and each class is
 * found in runs, from wherever one begins to look.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "filter/page_order.h"
#include "lib/types.h"
#include "tests/unit/cpu_limit.h"

#define PAGES 3000

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return *seed >> 33;
}

/* An order, and the class of each page; NR_ORDER_CLASSES: not to be saved. */
struct sample {
	struct vmcore vc;
	struct page_order o;
	struct bitmap dumpable;
	enum order_class want[PAGES];
};

static void sample_init(struct sample *s, unsigned int level, unsigned int kept)
{
	memset(s, 0, sizeof(*s));
	s->vc.max_pfn = PAGES;
	page_order_init(&s->o, &s->vc, level, kept);
	assert_int_equal(bitmap_init(&s->dumpable, PAGES), 0);
	for (pfn_t pfn = 0; pfn < PAGES; pfn++)
		s->want[pfn] = NR_ORDER_CLASSES;
}

static void sample_deinit(struct sample *s)
{
	page_order_deinit(&s->o);
	bitmap_deinit(&s->dumpable);
}

/* Put pages in a class that struct pages tell. */
static void mark(struct sample *s, pfn_t start, pfn_t end, enum page_class c, enum order_class want)
{
	page_order_mark(&s->o, start, end, c);
	for (; start < end; start++)
		s->want[start] = want;
}

/* Pages of a set come from it whatever their struct pages say. */
static void put_in_set(struct sample *s, struct pfn_set *set, pfn_t start, pfn_t end,
		       enum order_class want)
{
	pfn_set_add(set, start, end);
	for (; start < end; start++)
		s->want[start] = want;
}

/* Count the pages of a class in its runs. */
static uint64_t count_class(const struct page_order *o, const struct bitmap *dumpable,
			    enum order_class c, pfn_t end)
{
	uint64_t n = 0;
	pfn_t start = 0, stop;

	for (; (start = page_order_next(o, dumpable, c, start, end, UINT64_MAX, &stop)) < end;
	     start = stop)
		n += stop - start;
	return n;
}

static void assert_order(struct sample *s)
{
	uint64_t all = 0;

	for (pfn_t pfn = 0; pfn < PAGES; pfn++) {
		if (s->want[pfn] != NR_ORDER_CLASSES)
			bitmap_set_range(&s->dumpable, pfn, pfn + 1);
	}
	for (unsigned int c = 0; c < NR_ORDER_CLASSES; c++) {
		uint64_t n = 0;

		for (pfn_t pfn = 0; pfn < PAGES; pfn++) {
			pfn_t next = pfn, stop = 0, end;

			n += s->want[pfn] == c;
			while (next < PAGES && s->want[next] != c)
				next++;
			assert_int_equal(page_order_next(&s->o, &s->dumpable, c, pfn, PAGES,
							 UINT64_MAX, &stop), next);
			if (next == PAGES)
				continue;
			assert_true(stop > next && stop <= PAGES);
			for (end = next; end < stop; end++)
				assert_int_equal(s->want[end], c);
			/* A run may be cut in two only where it is found from its middle. */
			assert_true(stop == PAGES || s->want[stop] != c ||
				    page_order_next(&s->o, &s->dumpable, c, stop, PAGES,
						    UINT64_MAX, &end) == stop);
		}
		assert_int_equal(count_class(&s->o, &s->dumpable, c, PAGES), n);
		all += n;
	}
	assert_int_equal(all, bitmap_count(&s->dumpable, 0, PAGES));
}

static void test_classes(void **state)
{
	/* Which class pages are in at which levels, and how many bits that takes. */
	static const struct {
		unsigned int level, kept, planes;
		enum order_class cache_private, cache, user, free;
	} cases[] = {
		{ 0, 0, 2, ORDER_CACHE, ORDER_CACHE, ORDER_USER, ORDER_FREE },
		{ 1, 0, 2, ORDER_CACHE, ORDER_CACHE, ORDER_USER, ORDER_FREE },
		{ 2, 0, 2, ORDER_CACHE_PRIVATE, ORDER_KERNEL, ORDER_USER, ORDER_FREE },
		{ 8, 0, 2, ORDER_CACHE_PRIVATE, ORDER_CACHE, ORDER_KERNEL, ORDER_FREE },
		{ 16, 0, 2, ORDER_CACHE_PRIVATE, ORDER_CACHE, ORDER_USER, ORDER_KERNEL },
		{ 27, 0, 1, ORDER_CACHE_PRIVATE, ORDER_KERNEL, ORDER_KERNEL, ORDER_KERNEL },
		{ 23, 0, 1, ORDER_KERNEL, ORDER_KERNEL, ORDER_USER, ORDER_KERNEL },
		{ 31, 0, 0, ORDER_KERNEL, ORDER_KERNEL, ORDER_KERNEL, ORDER_KERNEL },
		/* Some are saved though the level excludes them: those of a fill. */
		{ 31, 30, 2, ORDER_CACHE, ORDER_CACHE, ORDER_USER, ORDER_FREE },
		{ 27, 26, 2, ORDER_KERNEL, ORDER_CACHE, ORDER_USER, ORDER_FREE },
		{ 31, 8, 1, ORDER_KERNEL, ORDER_KERNEL, ORDER_USER, ORDER_KERNEL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const enum order_class classes[] = {
			cases[i].cache_private, cases[i].cache, cases[i].user, cases[i].free,
			ORDER_KERNEL, NR_ORDER_CLASSES,
		};
		static const enum page_class kinds[] = {
			PAGE_CACHE_PRIVATE, PAGE_CACHE, PAGE_USER, PAGE_FREE, PAGE_KEEP, PAGE_KEEP,
		};
		uint64_t seed = i;
		struct sample s;

		sample_init(&s, cases[i].level, cases[i].kept);
		assert_int_equal(s.o.nr_planes, cases[i].planes);
		for (pfn_t pfn = 0; pfn < PAGES;) {
			pfn_t end = pfn + 1 + next_random(&seed) % 150;
			size_t kind = next_random(&seed) % ARRAY_SIZE(kinds);

			end = end < PAGES ? end : PAGES;
			mark(&s, pfn, end, kinds[kind], classes[kind]);
			pfn = end;
		}
		/* The memory map comes before the class that a struct page tells. */
		for (unsigned int n = 0; n < 20; n++) {
			pfn_t pfn = next_random(&seed) % (PAGES - 40);

			put_in_set(&s, &s.o.memmap, pfn, pfn + 1 + n % 40, ORDER_MEMMAP);
		}
		for (unsigned int n = 0; n < 40; n++) {
			pfn_t pfn = next_random(&seed) % (PAGES - 20);

			put_in_set(&s, &s.o.essential, pfn, pfn + 1 + n % 20, ORDER_ESSENTIAL);
		}
		pfn_set_seal(&s.o.essential);
		pfn_set_seal(&s.o.memmap);
		pfn_set_subtract(&s.o.memmap, &s.o.essential);
		assert_order(&s);
		sample_deinit(&s);
	}
}

/* Pages that a level excludes and that are saved nevertheless have classes that no others have. */
/* Each class has a position of its own: those of the fill after all others. */
static void assert_positions(const struct page_order *o)
{
	unsigned int next = 0;

	for (unsigned int fill = 0; fill < 2; fill++) {
		for (enum order_class c = 0; c < NR_ORDER_CLASSES; c++) {
			if (page_order_is_fill(o, c) == fill)
				assert_int_equal(page_order_position(o, c), next++);
		}
	}
}

static void test_fill(void **state)
{
	static const struct {
		unsigned int level, kept, planes;
		unsigned int fill; /* bits of enum order_class */
	} cases[] = {
		{ 31, 0, 0, 0 },
		{ 31, 30, 2, 1 << ORDER_CACHE_PRIVATE | 1 << ORDER_CACHE | 1 << ORDER_USER |
				     1 << ORDER_FREE },
		{ 31, 16, 1, 1 << ORDER_FREE },
		{ 31, 4, 1, 1 << ORDER_CACHE_PRIVATE },
		{ 23, 22, 2, 1 << ORDER_CACHE_PRIVATE | 1 << ORDER_CACHE | 1 << ORDER_FREE },
		{ 27, 26, 2, 1 << ORDER_CACHE | 1 << ORDER_USER | 1 << ORDER_FREE },
		{ 6, 4, 2, 1 << ORDER_CACHE_PRIVATE },
		{ 6, 2, 2, 0 },
	};
	static const struct {
		enum page_class kind;
		enum order_class class;
	} kinds[] = {
		{ PAGE_KEEP, ORDER_KERNEL },
		{ PAGE_CACHE_PRIVATE, ORDER_CACHE_PRIVATE },
		{ PAGE_CACHE, ORDER_CACHE },
		{ PAGE_USER, ORDER_USER },
		{ PAGE_FREE, ORDER_FREE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t nr = 0;
		struct sample s;

		sample_init(&s, cases[i].level, cases[i].kept);
		assert_int_equal(s.o.nr_planes, cases[i].planes);
		assert_int_equal(s.o.fill, cases[i].fill);
		bitmap_set_range(&s.dumpable, 0, PAGES);
		for (size_t j = 0; j < ARRAY_SIZE(kinds); j++)
			page_order_mark(&s.o, 100 * j, 100 * j + 10, kinds[j].kind);
		for (size_t j = 0; j < ARRAY_SIZE(kinds); j++) {
			bool fills = cases[i].fill >> kinds[j].class & 1;

			nr += fills ? 10 : 0;
			assert_int_equal(page_order_fills(&s.o, 100 * j + 9), fills);
			assert_false(page_order_fills(&s.o, 100 * j + 10));
		}
		assert_int_equal(page_order_count_fill(&s.o, &s.dumpable), nr);
		assert_positions(&s.o);
		page_order_forget_fill(&s.o);
		assert_int_equal(page_order_count_fill(&s.o, &s.dumpable), 0);
		sample_deinit(&s);
	}
}

static void test_raise(void **state)
{
	struct bitmap included;
	struct sample s;

	(void)state;
	sample_init(&s, DL_MAX, DL_MAX & ~DL_ZERO);
	bitmap_set_range(&s.dumpable, 0, PAGES);
	assert_int_equal(bitmap_init(&included, PAGES), 0);
	page_order_mark(&s.o, 10, 20, PAGE_FREE);
	page_order_mark(&s.o, PAGES - 5, PAGES, PAGE_USER);
	bitmap_set_range(&included, 12, 14);
	bitmap_set_range(&included, PAGES - 2, PAGES);
	page_order_raise(&s.o, &included);
	for (pfn_t pfn = 0; pfn < PAGES; pfn++)
		assert_int_equal(page_order_fills(&s.o, pfn),
				 ((pfn >= 10 && pfn < 20) || pfn >= PAGES - 5) &&
					 !bitmap_test(&included, pfn));
	bitmap_deinit(&included);
	sample_deinit(&s);
}

/* Without an order there is one class. */
static void test_no_order(void **state)
{
	struct bitmap b;
	pfn_t stop;

	(void)state;
	assert_int_equal(bitmap_init(&b, 100), 0);
	bitmap_set_range(&b, 10, 20);
	assert_int_equal(page_order_next(NULL, &b, ORDER_KERNEL, 0, 100, UINT64_MAX, &stop), 10);
	assert_int_equal(stop, 20);
	assert_int_equal(page_order_next(NULL, &b, ORDER_KERNEL, 20, 100, UINT64_MAX, &stop), 100);
	for (unsigned int c = 0; c < NR_ORDER_CLASSES; c++)
		assert_int_equal(count_class(NULL, &b, c, 100), c == ORDER_KERNEL ? 10 : 0);
	bitmap_deinit(&b);
}

/* A run is as long as it may be, and no longer one is looked at: that would take hours here. */
static void test_long_run(void **state)
{
	const uint64_t pages = UINT64_C(1) << 26, most = 128;
	struct page_order o = { 0 };
	struct bitmap b;

	(void)state;
	assert_int_equal(bitmap_init(&b, pages), 0);
	bitmap_set_range(&b, 0, pages);
	cpu_limit(60);
	for (int set = 0; set < 2; set++) {
		enum order_class c = set ? ORDER_MEMMAP : ORDER_KERNEL;
		pfn_t start = 0, stop;

		if (set)
			pfn_set_add(&o.memmap, 0, pages);
		pfn_set_seal(&o.memmap);
		for (; (start = page_order_next(&o, &b, c, start, pages, most, &stop)) < pages;
		     start = stop)
			assert_int_equal(stop, start + most);
	}
	cpu_limit(0);
	pfn_set_deinit(&o.memmap);
	bitmap_deinit(&b);
}

/* Sets of any ranges, compared with a bit for each page. */
static void test_sets(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned int round = 0; round < 50; round++) {
		struct pfn_set sets[2] = { { 0 }, { 0 } };
		bool in[2][PAGES] = { 0 };

		for (unsigned int n = 0; n < round * 5; n++) {
			unsigned int which = next_random(&seed) % 2;
			pfn_t start = next_random(&seed) % PAGES, end = start + n % 30;

			end = end < PAGES ? end : PAGES;
			pfn_set_add(&sets[which], start, end);
			for (pfn_t pfn = start; pfn < end; pfn++)
				in[which][pfn] = true;
		}
		pfn_set_seal(&sets[0]);
		pfn_set_seal(&sets[1]);
		pfn_set_subtract(&sets[0], &sets[1]);
		for (pfn_t pfn = 0, n = 0; pfn < PAGES; pfn++) {
			const struct pfn_range *r = pfn_set_next(&sets[0], pfn);

			in[0][pfn] &= !in[1][pfn];
			n += in[0][pfn];
			assert_int_equal(r && r->start <= pfn, in[0][pfn]);
			if (pfn + 1 == PAGES)
				assert_int_equal(pfn_set_count(&sets[0]), n);
		}
		for (size_t i = 1; i < sets[0].nr; i++)
			assert_true(sets[0].ranges[i - 1].end < sets[0].ranges[i].start);
		pfn_set_deinit(&sets[0]);
		pfn_set_deinit(&sets[1]);
	}
}

/* A set has a bound; what finds no room is left out. */
static void test_full_set(void **state)
{
	struct pfn_set s = { 0 };

	(void)state;
	for (pfn_t pfn = 0; pfn < 3 * (pfn_t)PFN_SET_MAX; pfn += 2)
		pfn_set_add(&s, pfn, pfn + 1);
	assert_true(s.full);
	pfn_set_seal(&s);
	assert_int_equal(pfn_set_count(&s), PFN_SET_MAX);
	pfn_set_deinit(&s);
}

/* The classes that dom0 of a Xen host has for its pages are those of their frames. */
static void test_take(void **state)
{
	struct frame_run runs[] = { { 100, 1000, 50 }, { 2000, 0, 10 } };
	const struct frames dom0 = { runs, ARRAY_SIZE(runs) };
	struct sample s, own;

	(void)state;
	sample_init(&s, 0, 0);
	sample_init(&own, 0, 0);
	for (pfn_t pfn = 0; pfn < PAGES; pfn++)
		s.want[pfn] = ORDER_KERNEL;
	page_order_mark(&own.o, 1010, 1020, PAGE_USER);
	page_order_mark(&own.o, 0, 10, PAGE_FREE);
	page_order_mark(&own.o, 500, 600, PAGE_CACHE);
	for (pfn_t pfn = 110; pfn < 120; pfn++)
		s.want[pfn] = ORDER_USER;
	for (pfn_t pfn = 2000; pfn < 2010; pfn++)
		s.want[pfn] = ORDER_FREE;
	page_order_take(&s.o, &own.o, &dom0);
	assert_order(&s);
	/* Without memory for the one there is no order of the other. */
	page_order_deinit(&own.o);
	page_order_take(&s.o, &own.o, &dom0);
	for (pfn_t pfn = 0; pfn < PAGES; pfn++)
		s.want[pfn] = ORDER_KERNEL;
	assert_order(&s);
	sample_deinit(&s);
	sample_deinit(&own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_raise),
		cmocka_unit_test(test_no_order),
		cmocka_unit_test(test_long_run),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_full_set),
		cmocka_unit_test(test_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
