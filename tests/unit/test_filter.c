// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The walk over whole miniature machines: what goes and what stays at each
 * level, with struct pages missing, facts missing, and any number of threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "filter/filter.h"
#include "filter/vmemmap.h"
#include "lib/log_control.h"
#include "lib/types.h"
#include "tests/unit/minicore.h"

/* Variants of tools/mini-x86_64.txt. */
static const struct core_text mini_texts[] = {
	{ "mini", "" },
	{ "no-info", "ptnotes none\n" },
	{ "no-root", "set SYMBOL(init_top_pgt)\nset SYMBOL(swapper_pg_dir)\n" },
	{ "no-sections", "u64 roots 0 0 0\n" },
	{ "lost-section", "sections 1..2 roots=roots entries=roots+16*K direct=direct "
			  "array=0xffffc90000000000\n" },
	{ "no-lru", "set NUMBER(PG_lru)\n" },
	{ "no-flags", "set OFFSET(page.flags)\n" },
	{ "no-mapping", "set OFFSET(page.mapping)\n" },
	{ "no-page", "set SIZE(page)\n" },
	{ "no-buddy", "set NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)\n" },
	{ "bad-page", "set SIZE(page) 8\n" },
	{ "bad-order", "set LENGTH(zone.free_area) 77\n" },
	/* The image is 0x200-0x400, mapped by pages of 4 KiB. */
	{ "image", "page_struct 0x200..0x240 flags=0x2c mapping=0\n"
		   "page_struct 0x240..0x250 flags=0x20128 mapping=direct+0x80b000+1\n"
		   "page_struct 0x250..0x260 flags=0x2c mapping=direct+0x808000\n"
		   "buddy 0x280 order=5\n"
		   "page_struct 0x2c0..0x2d0 mapcount=0xf1000000\n"
		   /* reaches from before the image into it, and out of it */
		   "page_struct 0x1f0..0x200 flags=0x20128 mapping=direct+0x80b000+1\n"
		   "buddy 0x300 order=9\n"
		   "page_struct 0x400..0x500 flags=0\n"
		   "page_struct 0x500..0x510 flags=0x2c mapping=0\n" },
	/* Part of the image is mapped at a second address. */
	{ "image-twice", "map stext+0x1000000 image+0x40*P 0x10*P\n"
			 "page_struct 0x300..0x340 flags=0x2c mapping=0\n" },
	/* A free block over a hole (0x9f-0x100) and over the end of memory. */
	{ "holes", "page_struct 0x0..0x200 flags=0 refcount=0\n"
		   "buddy 0 order=9\n"
		   "buddy 0x8400 order=10\n"
		   "page_struct 0x8800 flags=0x20128 mapping=direct+0x80b000+1\n" },
	/* Memory that ends shortly before a unit does; the struct page after it is a head alone. */
	{ "end", "segment 0xbfe0*P 0x10*P\npage_struct 0xbff4 flags=0x40\n" },
	/* Blocks within blocks, as damage may have it. */
	{ "nested", "buddy 0x8000 order=10\nbuddy 0x8010 order=4\nbuddy 0x8100 order=10\n"
		    "page_struct 0x8020 flags=0x20128 mapping=direct+0x80b000+1\n"
		    "buddy 0x8401 order=3\nbuddy 0x8600 order=11\n" },
};

/* The classes of the pages of "mini": the table in mini.txt. */
static const struct {
	pfn_t start, end;
	enum page_class class;
} kinds[] = {
	{ 0x900, 0x940, PAGE_FREE },
	{ 0x940, 0x960, PAGE_CACHE },
	{ 0x960, 0x970, PAGE_CACHE_PRIVATE },
	{ 0x970, 0x980, PAGE_CACHE },
	{ 0x980, 0x9b0, PAGE_USER },
	{ 0x9c8, 0x9d0, PAGE_OFFLINE },
	{ 0x9d0, 0x9d1, PAGE_HWPOISON },
	{ 0xa00, 0xe00, PAGE_USER },
	{ 0xe00, 0xe10, PAGE_CACHE },
	{ 0x8000, 0x8400, PAGE_FREE },
};

static bool goes(enum page_class c, unsigned int level)
{
	switch (c) {
	case PAGE_CACHE:
		return level & (DL_CACHE | DL_CACHE_PRIVATE);
	case PAGE_CACHE_PRIVATE:
		return level & DL_CACHE_PRIVATE;
	case PAGE_USER:
		return level & DL_USER;
	case PAGE_FREE:
		return level & DL_FREE;
	case PAGE_OFFLINE:
	case PAGE_HWPOISON:
		return true;
	default:
		return false;
	}
}

/*
 * A machine of another kind: 63 MiB from 1 MiB on, struct pages at 16 MiB,
 * mapped by pages of 4 KiB.
 */
#define SMALL(size) \
	"let stext 0xffffffff81000000\n" \
	"let image 2*M\n" \
	"let direct 0xffff888000000000\n" \
	"let vmemmap 0xffffea0000000000\n" \
	"let memmap 16*M\n" \
	"let roots 8*M\n" \
	"tables image+M 0x40000\n" \
	"direct direct 1*G\n" \
	"sections 0..16 roots=roots entries=roots+16*K direct=direct array=vmemmap\n" \
	"vmcoreinfo <<END\n" \
	"OSRELEASE=6.12.0\n" \
	"PAGESIZE=4096\n" \
	"NUMBER(phys_base)=${image-(stext-0xffffffff80000000)}\n" \
	"SYMBOL(init_top_pgt)=${stext+M:x}\n" \
	"SYMBOL(mem_section)=${direct+roots:x}\n" \
	"LENGTH(mem_section)=2048\n" \
	"SIZE(mem_section)=16\n" \
	"OFFSET(mem_section.section_mem_map)=0\n" \
	"NUMBER(SECTION_SIZE_BITS)=27\n" \
	"NUMBER(MAX_PHYSMEM_BITS)=46\n" \
	"SIZE(page)=" size "\n" \
	"OFFSET(page.flags)=0\n" \
	"OFFSET(page.mapping)=24\n" \
	"OFFSET(page._mapcount)=48\n" \
	"OFFSET(page.private)=40\n" \
	"OFFSET(page.compound_head)=8\n" \
	"LENGTH(zone.free_area)=11\n" \
	"NUMBER(PG_lru)=5\n" \
	"NUMBER(PG_private)=14\n" \
	"NUMBER(PG_head_mask)=64\n" \
	"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\n" \
	"NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592\n" \
	"NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240\n" \
	"END\n"

#define ANON "flags=0x20 mapping=direct+1 mapcount=0"

#define GIGANTIC SMALL("64") "segment M 2047*M\n" \
	"let memmap 32*M\n" \
	"map vmemmap memmap 32*M page=2M\n" \
	"pages vmemmap 0..0x20000 " ANON "\n" \
	"pages vmemmap+0x20000*64 0x20000..0x40000 flags=0x20 mapping=direct mapcount=-1\n" \
	"pages vmemmap+0x40000*64 0x40000..0x80000 mapcount=-1 mapping=1 " \
	"compound=vmemmap+0x40000*64+1\n" \
	"page_struct 0x40000 flags=0x40 mapcount=0xf4000000 mapping=direct compound=0\n" \
	"page_struct 0x40001 flags=18\n"

static const struct core_text small_texts[] = {
	/*
	 * All anonymous; two pages of the array are not mapped. One page more
	 * than what is looked at as a unit.
	 */
	{ "hole-64", SMALL("64") "segment M 63*M+4096\n"
	  "map vmemmap memmap 0x40000\n"
	  "map vmemmap+0x42000 memmap+0x42000 0xbf000\n"
	  "pages vmemmap 0..0x1000 " ANON "\n"
	  "pages vmemmap+0x42000 0x1080..0x4001 " ANON "\n" },
	/* Struct pages of 56 bytes lie across the ends of the hole. */
	{ "hole-56", SMALL("56") "layout size=56\nsegment M 63*M\n"
	  "map vmemmap memmap 0x3e000\n"
	  "map vmemmap+0x42000 memmap+0x42000 0x9e000\n"
	  "pages vmemmap 0..4534 " ANON "\n"
	  /* what can be seen of 4534, all but its last 8 bytes, looks anonymous */
	  "u64 memmap+4534*56 0 0 0 direct+1 0 0\n"
	  "pages vmemmap+4828*56 4828..0x4000 " ANON "\n"
	  /* what can be seen of 4827 looks anonymous */
	  "u64 memmap+0x42000 direct+1 0 0 0xffffffff\n" },
	/* Mapped, but not in the dump: the memory they are in has an odd gap. */
	{ "gap-64", SMALL("64") "segment M 31*M+0x40800\nsegment 32*M+0x42000 32*M-0x42000\n"
	  "let memmap 32*M\n"
	  "map vmemmap memmap 0x100000\n"
	  "pages vmemmap 0..0x4000 " ANON "\n" },
	/* Pages of the array in reverse order: nothing lies together. */
	{ "scattered", SMALL("56") "layout size=56\nsegment M 63*M\n"
	  "let a memmap+0xe0000\n"
#define MAP(i) "map vmemmap+" #i "*0x1000 a-" #i "*0x1000 0x1000\n"
	  MAP(0) MAP(1) MAP(2) MAP(3) MAP(4) MAP(5) MAP(6) MAP(7)
#undef MAP
	  "map vmemmap+0x8000 memmap 0xd8000\n"
	  "pages vmemmap 0..0x4000 " ANON "\n"
	  "page_struct 0x200..0x240 mapping=0 flags=0\n" },
	/* A hugetlb page of 1 GiB, and 1 GiB of other pages. */
	{ "gigantic", GIGANTIC "page_struct 0x2000..0x4000 flags=0 mapping=0 mapcount=-1\n" },
	/* The pages that hold struct pages are no longer the kernel's. */
	{ "no-kernel", GIGANTIC },
	{ "lost-map", GIGANTIC "page_struct 0x4000..0x8000 flags=0 mapping=0 mapcount=-1\n" },
	{ "half-map", GIGANTIC "page_struct 0x2000..0x3001 flags=0 mapping=0 mapcount=-1\n" },
	{ "no-slab", GIGANTIC "page_struct 0x2000..0x4000 flags=0 mapping=0 mapcount=-1\n"
	  "set NUMBER(PAGE_SLAB_MAPCOUNT_VALUE) -184549376\n" },
	{ "one-slab", GIGANTIC "page_struct 0x2000..0x4000 flags=0 mapping=0 mapcount=-1\n"
	  "set NUMBER(PAGE_SLAB_MAPCOUNT_VALUE) -184549376\n"
	  "page_struct 0x7000 mapping=0 mapcount=0xf5000000\n" },
};

struct all_cores {
	struct cores mini, small;
};

static int setup(void **state)
{
	struct all_cores *c = malloc(sizeof(*c));

	*state = c;
	log_set_levels(MDF_LOG_ERROR);
	return !c || cores_make(&c->mini, "mini-x86_64.txt", NULL, mini_texts,
				ARRAY_SIZE(mini_texts)) ||
	       cores_make(&c->small, NULL, NULL, small_texts, ARRAY_SIZE(small_texts));
}

static int teardown(void **state)
{
	struct all_cores *c = *state;
	int err = cores_remove(&c->mini);

	err |= cores_remove(&c->small);
	free(c);
	return err;
}

/* One machine that has been filtered. */
struct filtered {
	struct machine m;
	struct bitmap exists, kept;
	struct filter_stats stats;
	int err;
};

static void filter(struct filtered *f, void **state, const char *name, unsigned int level,
		   unsigned int nr_threads)
{
	struct all_cores *all = *state;
	struct cores *c = &all->small;

	for (size_t i = 0; i < ARRAY_SIZE(mini_texts); i++) {
		if (!strcmp(mini_texts[i].name, name))
			c = &all->mini;
	}
	*f = (struct filtered){ .err = 0 };
	machine_open(&f->m, c, name);
	assert_int_equal(bitmap_init(&f->exists, f->m.vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(f->m.vc, VMCORE_PRESENT, &f->exists), 0);
	assert_int_equal(bitmap_init(&f->kept, f->m.vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(f->m.vc, VMCORE_STORED, &f->kept), 0);
	f->err = filter_pages(f->m.k, level, nr_threads, &f->kept, NULL, NULL, &f->stats);
}

static void filtered_deinit(struct filtered *f)
{
	bitmap_deinit(&f->exists);
	bitmap_deinit(&f->kept);
	machine_close(&f->m);
}

static uint64_t kept_pages(const struct filtered *f)
{
	return bitmap_count(&f->kept, 0, f->kept.nbits);
}

/* Every page that existed was kept, or is counted in one class. */
static void assert_adds_up(const struct filtered *f)
{
	uint64_t sum = kept_pages(f);

	for (unsigned int c = 0; c < NR_PAGE_CLASSES; c++) {
		if (c != PAGE_UNREADABLE)
			sum += f->stats.pages[c];
	}
	assert_int_equal(sum, bitmap_count(&f->exists, 0, f->exists.nbits));
	assert_int_equal(f->stats.pages[PAGE_KEEP], 0);
	assert_int_equal(f->stats.pages[PAGE_ZERO], 0);
}

static void filter_ok(struct filtered *f, void **state, const char *name, unsigned int level,
		      unsigned int nr_threads)
{
	filter(f, state, name, level, nr_threads);
	if (f->err)
		fail_msg("%s, level %u: %s", name, level, err_text(f->err));
	assert_adds_up(f);
}

static void test_every_level(void **state)
{
	for (unsigned int level = 0; level <= DL_MAX; level++) {
		uint64_t counts[NR_PAGE_CLASSES] = { 0 };
		struct filtered f;

		filter_ok(&f, state, "mini", level, 1);
		for (pfn_t pfn = 0; pfn < f.kept.nbits; pfn++) {
			enum page_class c = PAGE_KEEP;
			bool keep;

			/* A sample of the pages that do not exist will do. */
			if (!bitmap_test(&f.exists, pfn) && pfn % 64)
				continue;
			for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
				if (pfn >= kinds[i].start && pfn < kinds[i].end)
					c = kinds[i].class;
			}
			keep = bitmap_test(&f.exists, pfn) && !goes(c, level);
			counts[c] += bitmap_test(&f.exists, pfn) && !keep;
			if (bitmap_test(&f.kept, pfn) != keep)
				fail_msg("level %u, pfn %#" PRIx64 ", class %d: %s", level, pfn, c,
					 keep ? "dropped" : "kept");
		}
		for (unsigned int c = 0; c < NR_PAGE_CLASSES; c++)
			assert_int_equal(f.stats.pages[c], counts[c]);
		assert_int_equal(f.stats.odd, 0);
		if (level == DL_MAX) {
			assert_int_equal(f.stats.pages[PAGE_FREE], 1088);
			assert_int_equal(f.stats.pages[PAGE_CACHE], 64);
			assert_int_equal(f.stats.pages[PAGE_CACHE_PRIVATE], 16);
			assert_int_equal(f.stats.pages[PAGE_USER], 1072);
		}
		filtered_deinit(&f);
	}
}

/* Pages whose bits were cleared before are not counted. */
static void test_cleared_before(void **state)
{
	struct all_cores *all = *state;
	struct filter_stats stats = { 0 };
	struct machine m;
	struct bitmap b;

	machine_open(&m, &all->mini, "mini");
	assert_int_equal(bitmap_init(&b, m.vc->max_pfn), 0);
	bitmap_set_range(&b, 0x930, 0x950);
	bitmap_set_range(&b, 0x8000, 0x8001);
	assert_int_equal(filter_pages(m.k, DL_MAX, 2, &b, NULL, NULL, &stats), 0);
	assert_int_equal(bitmap_count(&b, 0, b.nbits), 0);
	assert_int_equal(stats.pages[PAGE_FREE], 0x10 + 1);
	assert_int_equal(stats.pages[PAGE_CACHE], 0x10);
	bitmap_deinit(&b);
	machine_close(&m);
}

/* Reading pages that are poisoned or offline can stop the machine: none is wanted. */
static void test_wanted(void **state)
{
	struct all_cores *all = *state;
	struct filter_stats stats = { 0 };
	struct bitmap b, wanted;
	struct machine m;

	machine_open(&m, &all->mini, "mini");
	assert_int_equal(bitmap_init(&b, m.vc->max_pfn), 0);
	assert_int_equal(bitmap_init(&wanted, m.vc->max_pfn), 0);
	bitmap_set_range(&b, 0x900, 0x1000);
	bitmap_set_range(&wanted, 0x900, 0x1000);
	assert_int_equal(filter_pages(m.k, DL_MAX, 2, &b, &wanted, NULL, &stats), 0);
	for (pfn_t pfn = 0x900; pfn < 0x1000; pfn++)
		assert_int_equal(bitmap_test(&wanted, pfn), pfn < 0x9c8 || pfn > 0x9d0);
	/* The level decides as if no page had been wanted. */
	assert_false(bitmap_test(&b, 0x940));
	bitmap_deinit(&wanted);
	bitmap_deinit(&b);
	machine_close(&m);
}

static void assert_same_result(void **state, const char *name, unsigned int level)
{
	struct filtered one, f;

	filter_ok(&one, state, name, level, 1);
	machine_close(&one.m);
	for (unsigned int n = 2; n <= 4; n++) {
		filter_ok(&f, state, name, level, n);
		assert_int_equal(f.kept.nbits, one.kept.nbits);
		assert_memory_equal(f.kept.words, one.kept.words, (one.kept.nbits + 63) / 64 * 8);
		assert_memory_equal(f.stats.pages, one.stats.pages, sizeof(one.stats.pages));
		assert_int_equal(f.stats.odd, one.stats.odd);
		filtered_deinit(&f);
	}
	bitmap_deinit(&one.exists);
	bitmap_deinit(&one.kept);
}

static void test_any_number_of_threads(void **state)
{
	static const char *const names[] = {
		"mini", "image", "holes", "nested", "lost-section", "hole-64", "gap-64",
		"scattered", "gigantic",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_same_result(state, names[i], DL_MAX);
	assert_same_result(state, "mini", DL_CACHE);
}

static void test_gigantic_page(void **state)
{
	struct filtered f;

	filter_ok(&f, state, "gigantic", DL_MAX, 3);
	assert_int_equal(f.stats.pages[PAGE_USER], 0x20000 - 0x100 - 0x2000 + 0x40000);
	assert_int_equal(f.stats.pages[PAGE_CACHE], 0x20000);
	assert_int_equal(f.stats.odd, 0);
	assert_int_equal(kept_pages(&f), 0x2000);
	filtered_deinit(&f);
	filter_ok(&f, state, "gigantic", DL_CACHE, 3);
	assert_int_equal(f.stats.pages[PAGE_CACHE], 0x20000);
	assert_int_equal(f.stats.pages[PAGE_USER], 0);
	filtered_deinit(&f);
}

/* Some pages are the kernel's for sure. Machines too small to make dumps are not judged. */
static void test_implausible(void **state)
{
	static const struct {
		const char *core, *why;
		unsigned int level;
	} cases[] = {
		{ "no-kernel", "of 524032 pages 0 would be the kernel's", DL_MAX },
		{ "no-kernel", NULL, DL_CACHE },
		{ "no-kernel", NULL, DL_ZERO },
		{ "lost-map", "that hold struct pages 1024 would not be", DL_MAX },
		{ "half-map", NULL, DL_MAX },
		{ "no-slab", "none is a slab", DL_MAX },
		{ "no-slab", NULL, DL_ZERO },
		{ "one-slab", NULL, DL_MAX },
		{ "hole-64", NULL, DL_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct filtered f;

		filter(&f, state, cases[i].core, cases[i].level, 2);
		assert_int_equal(f.err, cases[i].why ? -EBADMSG : 0);
		if (cases[i].why && !strstr(err_text(f.err), cases[i].why))
			fail_msg("%s: \"%s\"", cases[i].core, err_text(f.err));
		filtered_deinit(&f);
	}
}

/* Pages whose struct pages [start, end) cannot be read stay, all others go. */
static void assert_unreadable(void **state, const char *name, pfn_t start, pfn_t end)
{
	struct filtered f;

	filter_ok(&f, state, name, DL_MAX, 1);
	assert_int_equal(bitmap_next_set(&f.kept, 0, f.kept.nbits), start);
	assert_int_equal(bitmap_next_clear(&f.kept, start, f.kept.nbits), end);
	assert_int_equal(kept_pages(&f), end - start);
	assert_int_equal(f.stats.pages[PAGE_UNREADABLE], end - start);
	filtered_deinit(&f);
}

static void test_unreadable_struct_pages(void **state)
{
	assert_unreadable(state, "hole-64", 0x1000, 0x1080);
	assert_unreadable(state, "gap-64", 0x1020, 0x1080);
}

/* Struct pages that lie in the hole with one end only are counted once too. */
static void test_unreadable_parts_of_struct_pages(void **state)
{
	assert_unreadable(state, "hole-56", 0x3e000 / 56, 0x42000 / 56 + 1);
}

static void test_scattered_struct_pages(void **state)
{
	struct filtered f;

	filter_ok(&f, state, "scattered", DL_MAX, 1);
	assert_int_equal(f.stats.pages[PAGE_UNREADABLE], 0);
	assert_int_equal(bitmap_next_set(&f.kept, 0, f.kept.nbits), 0x200);
	assert_int_equal(kept_pages(&f), 0x40);
	filtered_deinit(&f);
}

static void test_lost_section(void **state)
{
	struct filtered f;

	filter_ok(&f, state, "lost-section", DL_MAX, 1);
	assert_int_equal(bitmap_count(&f.kept, 0x8000, 0x8800), 0x800);
	assert_int_equal(f.stats.pages[PAGE_UNREADABLE], 0x800);
	assert_int_equal(f.stats.pages[PAGE_FREE], 0x40);
	filtered_deinit(&f);
}

static void test_kernel_image(void **state)
{
	static const struct {
		pfn_t start, end;
		bool kept;
	} want[] = {
		{ 0x1f0, 0x200, false },	/* anonymous, in front of it */
		{ 0x200, 0x240, true },		/* looks like page cache */
		{ 0x240, 0x260, false },	/* given back: anonymous, page cache */
		{ 0x260, 0x280, true },
		{ 0x280, 0x2a0, false },	/* given back: free */
		{ 0x2a0, 0x2c0, true },
		{ 0x2c0, 0x2d0, false },	/* given back: offline */
		{ 0x2d0, 0x500, true },		/* not a block: 0x300 is not aligned for one */
		{ 0x500, 0x510, false },	/* page cache, after it */
	};
	struct filtered f;

	filter_ok(&f, state, "image", DL_MAX, 1);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		for (pfn_t pfn = want[i].start; pfn < want[i].end; pfn++) {
			if (bitmap_test(&f.kept, pfn) != want[i].kept)
				fail_msg("pfn %#" PRIx64 " was %s", pfn,
					 want[i].kept ? "dropped" : "kept");
		}
	}
	assert_int_equal(f.stats.odd, 1);
	filtered_deinit(&f);
}

/* A piece of the image that lies within another one does not cut it. */
static void test_nested_pieces_of_the_image(void **state)
{
	struct filtered f;

	filter_ok(&f, state, "image-twice", DL_MAX, 1);
	assert_int_equal(bitmap_count(&f.kept, 0x200, 0x400), 0x200);
	filtered_deinit(&f);
}

static void test_struct_pages_after_the_last_page(void **state)
{
	struct filtered f;

	filter_ok(&f, state, "end", DL_MAX, 1);
	assert_int_equal(f.stats.odd, 0);
	filtered_deinit(&f);
}

static void test_holes_do_not_count(void **state)
{
	struct filtered f;

	filter_ok(&f, state, "holes", DL_FREE, 1);
	assert_int_equal(f.stats.pages[PAGE_FREE], 1088 + (0x9f - 1) + (0x200 - 0x100) + 0x400);
	assert_int_equal(bitmap_count(&f.kept, 0, 0x200), 0);
	filtered_deinit(&f);
}

static void test_damaged_blocks(void **state)
{
	struct filtered f;

	filter_ok(&f, state, "nested", DL_MAX, 1);
	/* The outer block counts; those at 0x8401 and 0x8600 are odd. */
	assert_int_equal(f.stats.pages[PAGE_FREE], 1088);
	assert_int_equal(f.stats.odd, 2);
	assert_true(bitmap_test(&f.kept, 0x8401));
	assert_true(bitmap_test(&f.kept, 0x8600));
	filtered_deinit(&f);
}

/* Named at level 31; no obstacle at 0 and 1, where nothing is lost either. */
static void test_missing_facts(void **state)
{
	static const struct {
		const char *core, *what;
		int err;
		bool all_kept;			/* at level 0 and 1 */
	} cases[] = {
		{ "no-info", "VMCOREINFO", -ENOENT, true },
		{ "no-root", "SYMBOL(init_top_pgt)", -ENOENT, true },
		{ "no-sections", "mem_section", -EBADMSG, true },
		{ "no-lru", "NUMBER(PG_lru)", -ENOENT, false },
		{ "no-flags", "OFFSET(page.flags)", -ENOENT, true },
		{ "no-mapping", "OFFSET(page.mapping)", -ENOENT, false },
		{ "no-page", "SIZE(page)", -ENOENT, true },
		{ "no-buddy", "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", -ENOENT, false },
		{ "bad-page", "SIZE(page) 8", -EBADMSG, true },
		{ "bad-order", "LENGTH(zone.free_area) 77", -EBADMSG, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct filtered f;

		uint64_t all;

		filter(&f, state, cases[i].core, DL_MAX, 1);
		all = bitmap_count(&f.exists, 0, f.exists.nbits);
		assert_int_equal(f.err, cases[i].err);
		if (!strstr(err_text(f.err), cases[i].what))
			fail_msg("%s: \"%s\"", cases[i].core, err_text(f.err));
		assert_int_equal(kept_pages(&f), all);
		filtered_deinit(&f);
		for (unsigned int level = 0; level <= DL_ZERO; level++) {
			filter_ok(&f, state, cases[i].core, level, 1);
			assert_int_equal(kept_pages(&f), all - (cases[i].all_kept ? 0 : 9));
			filtered_deinit(&f);
		}
	}
}

/* Facts that a level does not use may be missing. */
static void test_facts_that_are_not_needed(void **state)
{
	struct filtered f;

	filter_ok(&f, state, "no-lru", DL_FREE | DL_USER, 1);
	assert_int_equal(f.stats.pages[PAGE_FREE], 1088);
	filtered_deinit(&f);
	filter_ok(&f, state, "no-buddy", DL_MAX & ~DL_FREE, 1);
	assert_int_equal(f.stats.pages[PAGE_USER], 1072);
	filtered_deinit(&f);
}

/* One fact or table less costs what depends on it. */
static void test_what_is_possible(void **state)
{
	static const struct {
		const char *core;
		unsigned int possible;			/* of DL_MAX */
		const char *why;
	} cases[] = {
		{ "mini", DL_MAX, NULL },
		{ "no-info", DL_ZERO, "VMCOREINFO" },
		{ "no-root", DL_ZERO, "SYMBOL(init_top_pgt)" },
		{ "no-sections", DL_ZERO, "mem_section" },
		{ "lost-section", DL_MAX, NULL },
		{ "no-page", DL_ZERO, "SIZE(page)" },
		{ "no-flags", DL_ZERO | DL_FREE, "OFFSET(page.flags)" },
		{ "no-mapping", DL_ZERO | DL_FREE, "OFFSET(page.mapping)" },
		{ "no-lru", DL_ZERO | DL_USER | DL_FREE, "NUMBER(PG_lru)" },
		{ "no-buddy", DL_MAX & ~DL_FREE, "PAGE_BUDDY" },
		{ "bad-order", DL_MAX & ~DL_FREE, "LENGTH(zone.free_area) 77" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct all_cores *all = *state;
		unsigned int possible;
		struct filtered f;
		struct machine m;
		int err;

		machine_open(&m, &all->mini, cases[i].core);
		assert_int_equal(filter_possible(m.k, DL_ZERO, &possible), 0);
		assert_int_equal(possible, DL_ZERO);
		assert_int_equal(filter_possible(m.k, 0, &possible), 0);
		assert_int_equal(possible, 0);
		err = filter_possible(m.k, DL_MAX & ~DL_ZERO, &possible);
		assert_int_equal(possible, cases[i].possible & ~DL_ZERO);
		err = filter_possible(m.k, DL_MAX, &possible);
		if (possible != cases[i].possible || !err != !cases[i].why)
			fail_msg("%s: %u, error %d", cases[i].core, possible, err);
		if (cases[i].why && !strstr(err_text(err), cases[i].why))
			fail_msg("%s: \"%s\"", cases[i].core, err_text(err));
		machine_close(&m);
		/* The part of the level that is possible works. */
		filter_ok(&f, state, cases[i].core, possible, 1);
		if (possible & DL_FREE && strcmp(cases[i].core, "lost-section"))
			assert_int_equal(f.stats.pages[PAGE_FREE], 1088);
		filtered_deinit(&f);
	}
}

/* Struct pages of excluded pages go, but for pages that are wanted. */
static void test_unused_struct_pages(void **state)
{
	struct all_cores *all = *state;
	struct bitmap b, wanted;
	struct machine m;

	machine_open(&m, &all->small, "gigantic");
	assert_int_equal(bitmap_init(&wanted, m.vc->max_pfn), 0);
	bitmap_set_range(&wanted, 0x2200, 0x2201);
	for (unsigned int want = 0; want < 2; want++) {
		uint64_t dropped;

		assert_int_equal(bitmap_init(&b, m.vc->max_pfn), 0);
		bitmap_set_range(&b, 0x2000, 0x4000);
		assert_int_equal(exclude_unused_vmemmap(m.k, &b, want ? &wanted : NULL, &dropped),
				 0);
		assert_int_equal(bitmap_test(&b, 0x2200), want);
		assert_false(bitmap_test(&b, 0x2201));
		/* Those of 0x2000 to 0x4000 are used. */
		assert_int_equal(bitmap_count(&b, 0x2080, 0x2100), 0x80);
		assert_int_equal(dropped, 0x2000 - 0x80 - want);
		bitmap_deinit(&b);
	}
	bitmap_deinit(&wanted);
	machine_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unused_struct_pages),
		cmocka_unit_test(test_every_level),
		cmocka_unit_test(test_cleared_before),
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_any_number_of_threads),
		cmocka_unit_test(test_gigantic_page),
		cmocka_unit_test(test_implausible),
		cmocka_unit_test(test_unreadable_struct_pages),
		cmocka_unit_test(test_unreadable_parts_of_struct_pages),
		cmocka_unit_test(test_scattered_struct_pages),
		cmocka_unit_test(test_lost_section),
		cmocka_unit_test(test_kernel_image),
		cmocka_unit_test(test_nested_pieces_of_the_image),
		cmocka_unit_test(test_struct_pages_after_the_last_page),
		cmocka_unit_test(test_holes_do_not_count),
		cmocka_unit_test(test_damaged_blocks),
		cmocka_unit_test(test_missing_facts),
		cmocka_unit_test(test_facts_that_are_not_needed),
		cmocka_unit_test(test_what_is_possible),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
