// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asking about pages: each once, in order, with its own struct page, wherever struct
 * pages lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "extension/page_scan.h"
#include "lib/byteorder.h"
#include "tests/unit/minicore.h"

static const struct core_text texts[] = {
	{ "mini", "" },
	{ "lost-section", "sections 1..2 roots=roots entries=roots+16*K direct=direct "
			  "array=0xffffc90000000000\n" },
	{ "empty-section", "u64 roots+16*K 0 0\n" },
	/*
	 * Struct pages in pieces that do not lie one after the other, of which the one of
	 * pfns 0xa40-0xa80 is lost, in the middle of a huge page's.
	 */
	{ "pieces", "let other 0xfffff5cbc0000000\n"
		    "map other 0x8520000 0x20000\n"
		    "map other+0x20000 0x8510000 0x9000\n"
		    "map other+0x2a000 0x8540000 0x16000\n"
		    "sections 0..1 roots=roots entries=roots+16*K direct=direct array=other\n"
		    "pages other 0..0xa40 flags=1<<13 mapcount=-1\n"
		    "pages other+0x2a000 0xa80..0x1000 flags=1<<13 mapcount=-1\n"
		    "page_struct 0x7fe..0x802 flags=0x2c mapping=direct\n"
		    "page_struct 0xa00 flags=0x20168 mapping=direct+1\n"
		    "page_struct 0xa01..0xa40 compound=other+0xa00*64+1\n"
		    "page_struct 0xa01 flags=9\n"
		    "page_struct 0xa80..0xc00 compound=other+0xa00*64+1\n" },
	/* A huge page that reaches beyond the array of all that there are. */
	{ "gigantic", "page_struct 0 flags=0x40 mapcount=0xf4000000\n"
		      "page_struct 1 flags=18 compound=vmemmap+1\n" },
	/* The ends of a lost piece are within struct pages, those of pfns 2925 and 2998. */
	{ "halves", "let other 0xfffff5cbc0000000\n"
		    "map other 0x8520000 0x28000\n"
		    "map other+0x29000 0x8550000 0xf000\n"
		    "sections 0..1 roots=roots entries=roots+16*K direct=direct array=other\n"
		    "u64 roots+16*K+16 0 0\n"
		    "set SIZE(page) 56\n"
		    "layout size=56\n"
		    "pages other 0..2925 flags=1<<13 mapcount=-1\n"
		    "pages other+2999*56 2999..0x1000 flags=1<<13 mapcount=-1\n" },
};

static struct cores cores;

/* The pages that the callbacks saw. */
static struct seen {
	unsigned long last;
	size_t nr, calls;
	bool disordered;
	uint8_t kinds[0x8800];
	uint8_t *structs;		/* 64 bytes a pfn */
} seen;

static void see(unsigned long pfn, const void *page)
{
	seen.disordered |= seen.nr && pfn <= seen.last;
	seen.last = pfn;
	seen.nr++;
	if (pfn < sizeof(seen.kinds))
		memcpy(seen.structs + pfn * 64, page, 64);
}

static int one(unsigned long pfn, const void *pcache)
{
	seen.calls++;
	see(pfn, pcache);
	return pfn % 3 == 0 ? PG_INCLUDE : pfn % 3 == 1 ? PG_EXCLUDE : pfn % 2 ? PG_UNDECID : 5;
}

static void many(const struct extension_pages *pages, uint8_t *verdicts)
{
	const uint8_t *kinds = extension_page_kinds(pages);

	seen.calls++;
	assert_int_equal(pages->struct_size, 64);
	assert_in_range(pages->nr, 1, 16384);
	for (size_t i = 0; i < pages->nr; i++) {
		unsigned long pfn = pages->pfn + i;

		assert_int_equal(verdicts[i], PG_UNDECID);
		see(pfn, (const uint8_t *)pages->structs + i * 64);
		if (pfn < sizeof(seen.kinds))
			seen.kinds[pfn] = kinds[i];
		verdicts[i] = pfn % 3 == 0 ? PG_INCLUDE : pfn % 3 == 1 ? PG_EXCLUDE :
			      pfn % 2 ? PG_UNDECID : 5;
		/* Long stretches of one verdict. */
		if (pfn >= 0x8000)
			verdicts[i] = pfn < 0x8405 ? PG_UNDECID : PG_EXCLUDE;
	}
}

static const struct extension_code each = { .callback = one };
static const struct extension_code runs = { .callback = one, .pages_callback = many };

/* Ask an extension about a machine's pages, and close it. */
static void ask_machine(struct machine *m, const struct extension_code *code,
			struct extension_shared *shared)
{
	struct page_scan *page_scan;
	struct memmap map;

	*shared = (struct extension_shared){ .pfn = 0 };
	assert_int_equal(bitmap_init(&shared->include, m->vc->max_pfn), 0);
	assert_int_equal(bitmap_init(&shared->exclude, m->vc->max_pfn), 0);
	seen = (struct seen){ .structs = calloc(0x8800, 64) };
	assert_int_equal(memmap_init(&map, m->k, m->r), 0);
	assert_int_equal(page_scan_create(&page_scan, code, m->k, &map, shared), 0);
	assert_int_equal(page_scan_run(page_scan), 0);
	page_scan_destroy(page_scan);
	memmap_deinit(&map);
	machine_close(m);
	assert_false(seen.disordered);
}

/* Ask an extension about a core's pages. @param shared to be freed with forget() */
static void ask(const char *name, const struct extension_code *code,
		struct extension_shared *shared)
{
	struct machine m;

	machine_open(&m, &cores, name);
	ask_machine(&m, code, shared);
}

static void forget(struct extension_shared *shared)
{
	bitmap_deinit(&shared->include);
	bitmap_deinit(&shared->exclude);
	free(seen.structs);
	seen.structs = NULL;
}

static uint64_t flags_of(unsigned long pfn)
{
	return load_u64(seen.structs + pfn * 64, HOST_BIG_ENDIAN);
}

#define NR_PAGES (0x9e + 0xf00 + 0x800)

static void test_each(void **state)
{
	struct extension_shared shared;

	(void)state;
	ask("mini", &each, &shared);
	assert_int_equal(seen.nr, NR_PAGES);
	assert_int_equal(seen.calls, NR_PAGES);
	assert_int_equal(shared.pfn, 0x87ff);
	assert_true(shared.progress >= NR_PAGES);
	assert_int_equal(flags_of(1), 1 << 13);
	assert_int_equal(flags_of(0x9d0), 1 << 20);
	assert_int_equal(flags_of(0x970), 0x20408);
	assert_int_equal(flags_of(0x8000), 0);
	for (unsigned long pfn = 0; pfn < 0x8800; pfn++) {
		bool there = (pfn >= 1 && pfn < 0x9f) || (pfn >= 0x100 && pfn < 0x1000) ||
			     pfn >= 0x8000;

		assert_int_equal(bitmap_test(&shared.include, pfn), there && pfn % 3 == 0);
		assert_int_equal(bitmap_test(&shared.exclude, pfn), there && pfn % 3 == 1);
	}
	forget(&shared);
}

static void test_runs(void **state)
{
	struct extension_shared shared;

	(void)state;
	ask("mini", &runs, &shared);
	assert_int_equal(seen.nr, NR_PAGES);
	assert_int_equal(seen.calls, 3);
	assert_int_equal(flags_of(0x9d0), 1 << 20);
	assert_int_equal(seen.kinds[0x900], PAGE_IS_FREE);
	assert_int_equal(seen.kinds[0x93f], PAGE_IS_FREE);
	assert_int_equal(seen.kinds[0x940], PAGE_IS_CACHE);
	assert_int_equal(seen.kinds[0x960], PAGE_IS_CACHE_PRIVATE);
	assert_int_equal(seen.kinds[0x9c7], PAGE_IS_OTHER);
	assert_int_equal(seen.kinds[0x9c8], PAGE_IS_OFFLINE);
	assert_int_equal(seen.kinds[0x9d0], PAGE_IS_HWPOISON);
	assert_int_equal(seen.kinds[0xbff], PAGE_IS_USER);
	assert_int_equal(seen.kinds[0x83ff], PAGE_IS_FREE);
	for (unsigned long pfn = 0x100; pfn < 0x1000; pfn++) {
		assert_int_equal(bitmap_test(&shared.include, pfn), pfn % 3 == 0);
		assert_int_equal(bitmap_test(&shared.exclude, pfn), pfn % 3 == 1);
	}
	assert_int_equal(bitmap_count(&shared.include, 0x8000, 0x8800), 0);
	assert_int_equal(bitmap_next_set(&shared.exclude, 0x8000, 0x8800), 0x8405);
	assert_int_equal(bitmap_count(&shared.exclude, 0x8000, 0x8800), 0x8800 - 0x8405);
	forget(&shared);
}

static void test_unreadable(void **state)
{
	struct extension_shared shared;

	(void)state;
	ask("lost-section", &each, &shared);
	assert_int_equal(seen.nr, 0x9e + 0xf00);
	forget(&shared);
	ask("empty-section", &each, &shared);
	assert_int_equal(seen.nr, 0x800);
	forget(&shared);
}

static void test_pieces(void **state)
{
	struct extension_shared shared;

	(void)state;
	ask("pieces", &runs, &shared);
	assert_int_equal(seen.nr, NR_PAGES - 0x40);
	for (unsigned long pfn = 0x7f0; pfn < 0x810; pfn++)
		assert_int_equal(seen.kinds[pfn], pfn >= 0x7fe && pfn < 0x802 ? PAGE_IS_CACHE :
				 PAGE_IS_OTHER);
	/* Tails of a head that is known, after the hole. */
	assert_int_equal(seen.kinds[0xa00], PAGE_IS_USER);
	assert_int_equal(seen.kinds[0xa3f], PAGE_IS_USER);
	assert_int_equal(seen.kinds[0xa40], 0);
	assert_int_equal(seen.kinds[0xa80], PAGE_IS_USER);
	assert_int_equal(seen.kinds[0xbff], PAGE_IS_USER);
	assert_int_equal(seen.kinds[0xc00], PAGE_IS_OTHER);
	assert_int_equal(flags_of(0xa40), 0);
	assert_int_equal(flags_of(0xfff), 1 << 13);
	forget(&shared);
}

static void test_block_beyond(void **state)
{
	struct extension_shared shared;

	(void)state;
	ask("gigantic", &runs, &shared);
	assert_int_equal(seen.nr, NR_PAGES);
	assert_int_equal(seen.kinds[0x1], PAGE_IS_USER);
	assert_int_equal(seen.kinds[0xfff], PAGE_IS_USER);
	assert_int_equal(seen.kinds[0x87ff], PAGE_IS_USER);
	forget(&shared);
}

/* A struct page of which all bytes can be seen. */
static int whole(unsigned long pfn, const void *pcache)
{
	seen.nr++;
	seen.disordered |= load_u64(pcache, HOST_BIG_ENDIAN) != 1 << 13;
	assert_false(pfn >= 2925 && pfn <= 2998);
	return PG_UNDECID;
}

static void test_halves(void **state)
{
	const struct extension_code code = { .callback = whole };
	struct extension_shared shared;

	(void)state;
	ask("halves", &code, &shared);
	assert_int_equal(seen.nr, 0x9e + 0xf00 - (2998 - 2925 + 1));
	forget(&shared);
}

/* The first pages of a free block are not in the dump. */
static int bitmap_without_head(struct vmcore *vc, enum vmcore_bitmap_kind which, struct bitmap *b)
{
	int err = elf_vmcore_ops.bitmap(vc, which, b);

	bitmap_clear_range(b, 0x8000, 0x8010);
	return err;
}

static void test_block_begins_before(void **state)
{
	struct vmcore_ops ops = elf_vmcore_ops;
	struct extension_shared shared;
	struct machine m;

	(void)state;
	ops.bitmap = bitmap_without_head;
	machine_open(&m, &cores, "mini");
	m.vc->ops = &ops;
	ask_machine(&m, &runs, &shared);
	assert_int_equal(seen.nr, NR_PAGES - 0x10);
	assert_int_equal(seen.kinds[0x8010], PAGE_IS_FREE);
	assert_int_equal(seen.kinds[0x83ff], PAGE_IS_FREE);
	forget(&shared);
}

static int set_up(void **state)
{
	(void)state;
	return cores_make(&cores, "mini-x86_64.txt", NULL, texts, ARRAY_SIZE(texts));
}

static int tear_down(void **state)
{
	(void)state;
	return cores_remove(&cores);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_block_beyond),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_block_begins_before),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
