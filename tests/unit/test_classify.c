// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page classifier as a truth table: what each kind of page is in each
 * kernel's coding, at each dump level, in both byte orders and word sizes.
 *
 * A kernel's coding ("era") is one row of a table. From it come both the text
 * that the kernel would export, through which the layout is found, and the
 * struct pages, which a small helper writes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/classify.h"
#include "lib/byteorder.h"
#include "tests/unit/facts_text.h"

#define NO -1			/* this kernel has no such flag */

/* IN_INTS: in a number as large as half a word. */
enum order_place { IN_INTS, IN_PAGE, IN_FOLIO, IN_FLAGS };

struct era {
	const char *name;
	/* Numbers of flags. */
	int lru, private, swapcache, swapbacked, slab, hwpoison, head;
	/* Values of the page type; 0: there is no such type. */
	uint32_t buddy, offline, table, hugetlb, slab_type, zsmalloc, unaccepted, large_kmalloc;
	enum order_place order;
	bool has_dtor;		/* HUGETLB_PAGE_DTOR is 2 */
	int hugetlb_flag;	/* of the first tail */
	bool masks;		/* tails have a mask instead of an address */
	/* The word at page.mapping of the first tail. */
	uint64_t tail_mapping;
};

#define TAIL_MAPPING 0xdead000000000400

static const struct era eras[] = {
	{ "4.12", 5, 12, 9, 18, 8, 22, 15, .buddy = ~0x7fu, .order = IN_INTS, .has_dtor = true,
	  .hugetlb_flag = NO, .tail_mapping = TAIL_MAPPING },
	{ "4.17", 5, 12, 9, 18, 8, 22, 15, .buddy = ~0x7fu, .order = IN_PAGE, .has_dtor = true,
	  .hugetlb_flag = NO, .tail_mapping = TAIL_MAPPING },
	{ "4.18", 5, 12, 9, 18, 8, 22, 15, .buddy = ~0x80u, .table = ~0x400u,
	  .order = IN_PAGE, .has_dtor = true, .hugetlb_flag = NO, .tail_mapping = TAIL_MAPPING },
	{ "5.10", 4, 13, 10, 19, 9, NO, 16, .buddy = ~0x80u, .offline = ~0x100u, .table = ~0x400u,
	  .order = IN_PAGE, .has_dtor = true, .hugetlb_flag = NO, .tail_mapping = TAIL_MAPPING },
	{ "6.1", 4, 13, 10, 19, 9, 23, 16, .buddy = ~0x80u, .offline = ~0x100u, .table = ~0x200u,
	  .order = IN_PAGE, .has_dtor = true, .hugetlb_flag = NO, .tail_mapping = TAIL_MAPPING },
	{ "6.3", 4, 13, 10, 19, 9, 23, 16, .buddy = ~0x80u, .offline = ~0x100u, .table = ~0x200u,
	  .order = IN_FOLIO, .has_dtor = true, .hugetlb_flag = NO, .tail_mapping = 0x100000001 },
	{ "6.6", 5, 15, 12, 19, 11, 22, 6, .buddy = ~0x80u, .offline = ~0x100u, .table = ~0x200u,
	  .order = IN_FLAGS, .hugetlb_flag = 8, .tail_mapping = 0x100000001 },
	{ "6.9", 5, 15, 12, 19, 11, 22, 6, .buddy = ~0x80u, .offline = ~0x100u, .table = ~0x200u,
	  .hugetlb = ~0x800u, .order = IN_FLAGS, .hugetlb_flag = NO, .tail_mapping = 0x100000001 },
	{ "6.10", 5, 14, 11, 18, NO, 21, 6, .buddy = ~0x80u, .offline = ~0x100u, .table = ~0x200u,
	  .hugetlb = ~0x800u, .slab_type = ~0x1000u, .order = IN_FLAGS, .hugetlb_flag = NO,
	  .tail_mapping = 0x100000001 },
	{ "6.11", 5, 14, 10, 17, NO, 20, 6, .buddy = ~0x40000000u, .offline = ~0x20000000u,
	  .table = ~0x10000000u, .hugetlb = ~0x04000000u, .slab_type = ~0x02000000u,
	  .zsmalloc = ~0x01000000u, .order = IN_FLAGS, .hugetlb_flag = NO,
	  .tail_mapping = 0x100000001 },
	{ "6.12", 5, 14, 10, 17, NO, 20, 6, .buddy = 0xf0000000, .offline = 0xf1000000,
	  .table = 0xf2000000, .hugetlb = 0xf4000000, .slab_type = 0xf5000000,
	  .zsmalloc = 0xf6000700, .order = IN_FLAGS, .hugetlb_flag = NO,
	  .tail_mapping = 0x100000001 },
	{ "6.16", 5, 14, 10, 17, NO, 21, 6, .buddy = 0xf0000000, .offline = 0xf1000000,
	  .table = 0xf2000000, .hugetlb = 0xf4000000, .slab_type = 0xf5000000,
	  .zsmalloc = 0xf6000600, .unaccepted = 0xf7000000, .large_kmalloc = 0xf8000000,
	  .order = IN_FLAGS, .hugetlb_flag = NO, .tail_mapping = 0xffffffff },
	{ "7.1", 5, 14, 10, 17, NO, 21, 6, .buddy = 0xf0000000, .offline = 0xf1000000,
	  .table = 0xf2000000, .hugetlb = 0xf4000000, .slab_type = 0xf5000000,
	  .zsmalloc = 0xf6000600, .unaccepted = 0xf7000000, .large_kmalloc = 0xf8000000,
	  .order = IN_FLAGS, .hugetlb_flag = NO, .masks = true, .tail_mapping = 0xffffffff },
};

#define LAST_ERA (&eras[ARRAY_SIZE(eras) - 1])

static const struct era *era_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(eras); i++) {
		if (!strcmp(eras[i].name, name))
			return &eras[i];
	}
	fail_msg("no era %s", name);
	return NULL;
}

/* The offsets of the members of a struct page. */
struct geometry {
	bool is64, big;
	size_t size;
	unsigned int flags, compound, mapping, private, mapcount, dtor;
};

static const struct geometry geometries[] = {
	{ true, false, 64, 0, 8, 24, 40, 48, 16 },
	{ true, true, 64, 0, 8, 24, 40, 48, 16 },
	{ false, false, 32, 0, 4, 12, 20, 24, 8 },
	{ false, true, 32, 0, 4, 12, 20, 24, 8 },
	/* smaller and larger ones, as configurations have them */
	{ true, false, 56, 0, 8, 24, 40, 48, 16 },
	{ true, true, 80, 0, 8, 24, 40, 48, 16 },
	{ false, false, 36, 0, 4, 12, 20, 24, 8 },
};

#define GEOMETRY (&geometries[0])
#define VMEMMAP UINT64_C(0xffffea0000000000)
#define MAX_ORDER 10

/* An array of struct pages. */
struct array {
	const struct era *era;
	const struct geometry *g;
	uint8_t *bytes;
	size_t n;
	pfn_t pfn;
	vaddr_t va;
	struct page_layout layout;
};

/* Bytes of the numbers that tell a compound page's order and destructor. */
static unsigned int number_size(const struct array *a)
{
	return a->era->order != IN_INTS ? 1 : a->g->is64 ? 4 : 2;
}

static unsigned int order_offset(const struct array *a)
{
	return a->g->dtor + number_size(a);
}

static void layout_init(struct array *a, unsigned int level)
{
	const struct era *e = a->era;
	const struct geometry *g = a->g;
	const struct kernel k = { .arch = {
		.is64 = g->is64, .swap = g->big != HOST_BIG_ENDIAN, .page_shift = 12,
	} };
	char text[4000];
	size_t len = 0;

#define LINE(...) (len += snprintf(text + len, sizeof(text) - len, __VA_ARGS__))
#define FLAG_LINE(flag, name) do {								\
	if (e->flag != NO)									\
		LINE("NUMBER(" name ")=%d\n", e->flag);						\
} while (0)
#define TYPE_LINE(type, name) do {								\
	if (e->type)										\
		LINE("NUMBER(PAGE_" name "_MAPCOUNT_VALUE)=%" PRId32 "\n", (int32_t)e->type);	\
} while (0)
	LINE("SIZE(page)=%zu\nOFFSET(page.flags)=%u\nOFFSET(page.mapping)=%u\n", g->size, g->flags,
	     g->mapping);
	LINE("OFFSET(page.private)=%u\nOFFSET(page._mapcount)=%u\n", g->private, g->mapcount);
	LINE("OFFSET(page.compound_%s)=%u\n", e->masks ? "info" : "head", g->compound);
	LINE("LENGTH(zone.free_area)=%d\n", MAX_ORDER + 1);
	FLAG_LINE(lru, "PG_lru");
	FLAG_LINE(private, "PG_private");
	FLAG_LINE(swapcache, "PG_swapcache");
	FLAG_LINE(swapbacked, "PG_swapbacked");
	FLAG_LINE(slab, "PG_slab");
	FLAG_LINE(hwpoison, "PG_hwpoison");
	FLAG_LINE(hugetlb_flag, "PG_hugetlb");
	LINE("NUMBER(PG_head_mask)=%u\n", 1u << e->head);
	TYPE_LINE(buddy, "BUDDY");
	TYPE_LINE(offline, "OFFLINE");
	TYPE_LINE(hugetlb, "HUGETLB");
	TYPE_LINE(slab_type, "SLAB");
	TYPE_LINE(unaccepted, "UNACCEPTED");
	if (e->order == IN_PAGE || e->order == IN_INTS)
		LINE("OFFSET(page.compound_order)=%u\nOFFSET(page.compound_dtor)=%u\n",
		     order_offset(a), g->dtor);
	if (e->order == IN_FOLIO)
		LINE("OFFSET(folio._folio_order)=%zu\nOFFSET(folio._folio_dtor)=%zu\n",
		     g->size + order_offset(a), g->size + g->dtor);
	if (e->has_dtor)
		LINE("NUMBER(HUGETLB_PAGE_DTOR)=2\n");
#undef LINE
#undef FLAG_LINE
#undef TYPE_LINE
	facts_from_text(text);
	assert_int_equal(page_layout_init(&a->layout, &k, level), 0);
}

static uint8_t *at(const struct array *a, size_t i, unsigned int offset)
{
	assert_true(i < a->n);
	return a->bytes + i * a->g->size + offset;
}

static void put_word(const struct array *a, size_t i, unsigned int offset, uint64_t value)
{
	bool swap = a->g->big != HOST_BIG_ENDIAN;

	if (a->g->is64)
		store_u64(at(a, i, offset), value, swap);
	else
		store_u32(at(a, i, offset), value, swap);
}

static void put_type(const struct array *a, size_t i, uint32_t value)
{
	store_u32(at(a, i, a->g->mapcount), value, a->g->big != HOST_BIG_ENDIAN);
}

/* n struct pages as the kernel's own: no flags, no mapping, not mapped. */
static void array_init(struct array *a, const struct era *e, const struct geometry *g, pfn_t pfn,
		       size_t n, unsigned int level)
{
	*a = (struct array){ .era = e, .g = g, .n = n, .pfn = pfn };
	a->va = (g->is64 ? VMEMMAP : 0xc1000000) + pfn * g->size;
	/* Exactly as large: a sanitizer sees what is read after it. */
	a->bytes = calloc(n, g->size);
	assert_non_null(a->bytes);
	for (size_t i = 0; i < n; i++)
		put_type(a, i, UINT32_MAX);
	layout_init(a, level);
}

static void array_deinit(struct array *a)
{
	free(a->bytes);
}

/* Flags by what they mean, so that a row of a table can name them. */
enum {
	LRU = 1, PRIVATE = 2, SWAPCACHE = 4, SWAPBACKED = 8, SLAB = 16, HWPOISON = 32, HEAD = 64,
	BIT_7 = 128,		/* PG_waiters of kernels that have no PG_slab */
};

static uint64_t flag_word(const struct era *e, unsigned int flags)
{
	const struct { unsigned int flag; int bit; } table[] = {
		{ LRU, e->lru }, { PRIVATE, e->private }, { SWAPCACHE, e->swapcache },
		{ SWAPBACKED, e->swapbacked }, { SLAB, e->slab }, { HWPOISON, e->hwpoison },
		{ HEAD, e->head }, { BIT_7, 7 },
	};
	uint64_t word = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (flags & table[i].flag && table[i].bit != NO)
			word |= UINT64_C(1) << table[i].bit;
	}
	return word;
}

static void put_page(const struct array *a, size_t i, unsigned int flags, uint64_t mapping,
		     uint32_t type)
{
	put_word(a, i, a->g->flags, flag_word(a->era, flags));
	put_word(a, i, a->g->mapping, mapping);
	put_type(a, i, type);
}

static void put_free(const struct array *a, size_t i, unsigned int order)
{
	put_page(a, i, 0, 0, a->era->buddy);
	put_word(a, i, a->g->private, order);
}

/* The link of a tail to its head. */
static uint64_t link_to(const struct array *a, size_t head, unsigned int order)
{
	/* Masks can be only where a struct page has a power of two of bytes. */
	if (a->era->masks && !(a->g->size & (a->g->size - 1)))
		return -(uint64_t)(a->g->size << order) | 1;
	return (a->va + head * a->g->size) | 1;
}

/* A number that fits in a byte. */
static void put_number(const struct array *a, size_t i, unsigned int offset, uint8_t value)
{
	*at(a, i, offset + (a->g->big ? number_size(a) - 1 : 0)) = value;
}

static void put_order(const struct array *a, size_t head, unsigned int order, bool hugetlb)
{
	uint64_t flags = 0;

	if (head + 1 >= a->n)
		return;
	if (a->era->order == IN_FLAGS)
		flags |= order;
	else
		put_number(a, head + 1, order_offset(a), order);
	if (a->era->has_dtor)
		put_number(a, head + 1, a->g->dtor, hugetlb ? 2 : 1);
	if (hugetlb && a->era->hugetlb_flag != NO)
		flags |= UINT64_C(1) << a->era->hugetlb_flag;
	put_word(a, head + 1, a->g->flags, flags);
}

/* A compound page; as much of it as fits in the array. */
static void put_compound(const struct array *a, size_t head, unsigned int order, bool hugetlb,
			 unsigned int flags, uint64_t mapping, uint32_t type)
{
	if (hugetlb && a->era->hugetlb)
		type = a->era->hugetlb;
	put_page(a, head, flags | HEAD, mapping, type);
	for (size_t i = head + 1; i < head + ((size_t)1 << order) && i < a->n; i++) {
		put_page(a, i, 0, i == head + 1 ? a->era->tail_mapping : TAIL_MAPPING, UINT32_MAX);
		put_word(a, i, a->g->compound, link_to(a, head, order));
	}
	put_order(a, head, order, hugetlb);
}

/* The runs of excluded pages. */
#define RUNS_MAX 64

struct run {
	pfn_t start;
	uint64_t n;
	enum page_class c;
};

struct result {
	struct run runs[RUNS_MAX];
	size_t nr_runs;
	uint64_t odd;
	pfn_t last;			/* the end of the run before */
};

static void take_run(void *ctx, pfn_t start, uint64_t nr_pages, enum page_class c)
{
	struct result *r = ctx;

	assert_true(r->nr_runs < RUNS_MAX);
	assert_true(nr_pages > 0);
	assert_true(start >= r->last);
	assert_int_not_equal(c, PAGE_KEEP);
	r->last = start + nr_pages;
	r->runs[r->nr_runs++] = (struct run){ start, nr_pages, c };
}

/* Judge the pages [first, n) of an array at a level. */
static struct result judge_from(struct array *a, size_t first, unsigned int level)
{
	struct result r = { .nr_runs = 0 };

	a->layout.level = a->layout.told = level;
	r.odd = classify_pages(&a->layout, a->bytes + first * a->g->size, a->n - first,
			       a->pfn + first, a->va + first * a->g->size, take_run, &r).odd;
	return r;
}

static struct result judge(struct array *a, unsigned int level)
{
	return judge_from(a, 0, level);
}

static void assert_runs_(const struct result *r, uint64_t odd, const struct run *want, size_t n,
			 const char *file, int line)
{
	bool same = r->nr_runs == n && r->odd == odd;

	for (size_t i = 0; same && i < n; i++)
		same = r->runs[i].start == want[i].start && r->runs[i].n == want[i].n &&
		       r->runs[i].c == want[i].c;
	if (same)
		return;
	for (size_t i = 0; i < r->nr_runs; i++)
		print_error("got %#" PRIx64 " +%" PRIu64 " class %d\n", r->runs[i].start,
			    r->runs[i].n, r->runs[i].c);
	print_error("odd: got %" PRIu64 ", expected %" PRIu64 "\n", r->odd, odd);
	_fail(file, line);
}

#define ASSERT_RUNS(r, odd, ...) do {								\
	const struct run want_[] = { __VA_ARGS__ };						\
	const struct result got_ = (r);								\
	assert_runs_(&got_, odd, want_, ARRAY_SIZE(want_), __FILE__, __LINE__);			\
} while (0)

#define ASSERT_NO_RUNS(r, odd) do {								\
	const struct result got_ = (r);								\
	assert_runs_(&got_, odd, NULL, 0, __FILE__, __LINE__);					\
} while (0)

/* --- single pages -------------------------------------------------------- */

#define ANY 32u			/* at every level, 0 too */
#define CACHES (DL_CACHE | DL_CACHE_PRIVATE)

/* Types by name; a row is passed over where the era has no such type. */
enum type { MAPCOUNT, BUDDY, OFFLINE, TABLE, HUGETLB, SLAB_TYPE, ZSMALLOC, LARGE_KMALLOC };

static uint32_t type_value(const struct era *e, enum type t)
{
	switch (t) {
	case BUDDY:
		return e->buddy;
	case OFFLINE:
		return e->offline;
	case TABLE:
		return e->table;
	case HUGETLB:
		return e->hugetlb;
	case SLAB_TYPE:
		return e->slab_type;
	case ZSMALLOC:
		return e->zsmalloc;
	case LARGE_KMALLOC:
		return e->large_kmalloc;
	default:
		return 0;
	}
}

struct row {
	const char *what;
	unsigned int flags;
	uint64_t mapping;		/* on 32 bits: the low half */
	enum type type;
	int mapcount;			/* of MAPCOUNT */
	enum page_class class;
	/* The class is given if one of these bits is set; else poisoned pages go as such. */
	unsigned int levels;
};

#define EVEN 0xffff8880c0123400
#define ANON (EVEN | 1)
#define KSM (EVEN | 3)
#define MOVABLE (EVEN | 2)
#define UNTYPED MAPCOUNT, -1

static const struct row rows[] = {
	{ "the kernel's own", 0, 0, UNTYPED, PAGE_KEEP, 0 },
	{ "with private data, no cache", PRIVATE, 0, UNTYPED, PAGE_KEEP, 0 },
	{ "mapped, the kernel's own", 0, 0, MAPCOUNT, 3, PAGE_KEEP, 0 },
	{ "with a mapping, but not in the cache", 0, EVEN, UNTYPED, PAGE_KEEP, 0 },
	{ "movable", 0, MOVABLE, UNTYPED, PAGE_KEEP, 0 },

	{ "page cache", LRU, EVEN, UNTYPED, PAGE_CACHE, CACHES },
	{ "page cache, truncated", LRU, 0, UNTYPED, PAGE_CACHE, CACHES },
	{ "page cache, mapped", LRU, EVEN, MAPCOUNT, 0, PAGE_CACHE, CACHES },
	{ "page cache, mapped often", LRU, EVEN, MAPCOUNT, 0x7fffffff, PAGE_CACHE, CACHES },
	{ "page cache, mapcount at the limit", LRU, EVEN, MAPCOUNT, -128, PAGE_CACHE, CACHES },
	{ "page cache, private", LRU | PRIVATE, EVEN, UNTYPED, PAGE_CACHE_PRIVATE,
	  DL_CACHE_PRIVATE },
	{ "shmem", LRU | SWAPBACKED, EVEN, UNTYPED, PAGE_CACHE, CACHES },
	{ "swap cache", SWAPCACHE | SWAPBACKED, EVEN, UNTYPED, PAGE_CACHE, CACHES },
	{ "swap cache, private", SWAPCACHE | SWAPBACKED | PRIVATE, EVEN, UNTYPED,
	  PAGE_CACHE_PRIVATE, DL_CACHE_PRIVATE },
	{ "swap cache's bit with another meaning", SWAPCACHE, EVEN, UNTYPED, PAGE_KEEP, 0 },
	{ "swap backed, but not in the cache", SWAPBACKED, EVEN, UNTYPED, PAGE_KEEP, 0 },

	{ "anonymous", LRU | SWAPBACKED, ANON, MAPCOUNT, 0, PAGE_USER, DL_USER },
	{ "anonymous, off the lists", SWAPBACKED, ANON, UNTYPED, PAGE_USER, DL_USER },
	{ "anonymous, no other flag", 0, ANON, UNTYPED, PAGE_USER, DL_USER },
	{ "anonymous, private", LRU | PRIVATE, ANON, UNTYPED, PAGE_USER, DL_USER },
	{ "anonymous in the swap cache", LRU | SWAPCACHE | SWAPBACKED, ANON, UNTYPED, PAGE_USER,
	  DL_USER },
	{ "KSM", LRU, KSM, MAPCOUNT, 1, PAGE_USER, DL_USER },

	{ "slab by its flag", SLAB, 0, UNTYPED, PAGE_KEEP, 0 },
	{ "slab by its flag, odd mapping", SLAB, ANON, UNTYPED, PAGE_KEEP, 0 },
	{ "slab by its flag, whatever else", SLAB | LRU, ANON, MAPCOUNT, 7, PAGE_KEEP, 0 },
	{ "slab", 0, 0, SLAB_TYPE, 0, PAGE_KEEP, 0 },
	{ "slab, odd mapping", 0, ANON, SLAB_TYPE, 0, PAGE_KEEP, 0 },
	{ "slab, on a list", LRU, EVEN, SLAB_TYPE, 0, PAGE_KEEP, 0 },
	{ "page table", 0, 0, TABLE, 0, PAGE_KEEP, 0 },
	{ "page table, odd mapping", 0, ANON, TABLE, 0, PAGE_KEEP, 0 },
	{ "page table, on a list", LRU, EVEN, TABLE, 0, PAGE_KEEP, 0 },
	{ "zsmalloc", PRIVATE, ANON, ZSMALLOC, 0, PAGE_KEEP, 0 },
	{ "large kmalloc", LRU, ANON, LARGE_KMALLOC, 0, PAGE_KEEP, 0 },

	{ "offline", 0, 0, OFFLINE, 0, PAGE_OFFLINE, ANY },
	{ "offline, odd mapping", LRU, ANON, OFFLINE, 0, PAGE_OFFLINE, ANY },
	{ "hugetlb of one page", 0, EVEN, HUGETLB, 0, PAGE_USER, DL_USER },
	{ "free", 0, 0, BUDDY, 0, PAGE_FREE, DL_FREE },
	{ "free, stale flags", LRU | PRIVATE, ANON, BUDDY, 0, PAGE_FREE, DL_FREE },

	{ "waited for, the kernel's own", BIT_7, 0, UNTYPED, PAGE_KEEP, 0 },
	{ "waited for, anonymous", BIT_7 | LRU, ANON, UNTYPED, PAGE_USER, DL_USER },
	{ "waited for, page cache", BIT_7 | LRU, EVEN, UNTYPED, PAGE_CACHE, CACHES },

	{ "poisoned, the kernel's own", HWPOISON, 0, UNTYPED, PAGE_KEEP, 0 },
	{ "poisoned page cache", HWPOISON | LRU, EVEN, UNTYPED, PAGE_KEEP, 0 },
	{ "poisoned, anonymous", HWPOISON | LRU, ANON, UNTYPED, PAGE_KEEP, 0 },
	{ "poisoned, hugetlb", HWPOISON, 0, HUGETLB, 0, PAGE_KEEP, 0 },
	{ "poisoned, offline", HWPOISON, 0, OFFLINE, 0, PAGE_KEEP, 0 },
	{ "poisoned page table", HWPOISON, 0, TABLE, 0, PAGE_KEEP, 0 },
	{ "poisoned slab", HWPOISON | SLAB, ANON, UNTYPED, PAGE_KEEP, 0 },
	{ "poisoned, free", HWPOISON, 0, BUDDY, 0, PAGE_FREE, DL_FREE },
};

/* Return whether the era can have such a page at all. */
static bool row_applies(const struct era *e, const struct row *row)
{
	if (row->type != MAPCOUNT && !type_value(e, row->type))
		return false;
	if (row->type == MAPCOUNT && (uint32_t)row->mapcount == e->buddy)
		return false;
	if (row->flags & SLAB && e->slab == NO)
		return false;
	if (row->flags & BIT_7 && e->slab != NO)
		return false;
	return !(row->flags & HWPOISON) || e->hwpoison != NO;
}

static void check_row(struct array *a, const struct row *row)
{
	uint32_t type = row->type == MAPCOUNT ? (uint32_t)row->mapcount
					      : type_value(a->era, row->type);

	put_page(a, 1, row->flags, row->mapping, type);
	for (unsigned int level = 0; level <= DL_MAX; level++) {
		enum page_class want = (level | ANY) & row->levels ? row->class :
				       row->flags & HWPOISON ? PAGE_HWPOISON : PAGE_KEEP;
		struct result r = judge(a, level);
		bool same = want == PAGE_KEEP ? !r.nr_runs :
			    r.nr_runs == 1 && r.runs[0].c == want && r.runs[0].n == 1 &&
			    r.runs[0].start == a->pfn + 1;

		if (!same || r.odd)
			fail_msg("Linux %s, %s %s endian: %s, level %u: class %d instead of %d",
				 a->era->name, a->g->is64 ? "64-bit" : "32-bit",
				 a->g->big ? "big" : "little", row->what, level,
				 r.nr_runs ? r.runs[0].c : PAGE_KEEP, want);
	}
}

static void test_single_pages(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(eras); e++) {
		for (size_t g = 0; g < ARRAY_SIZE(geometries); g++) {
			struct array a;

			array_init(&a, &eras[e], &geometries[g], 0x12340, 3, DL_MAX);
			for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
				if (row_applies(&eras[e], &rows[i]))
					check_row(&a, &rows[i]);
			}
			array_deinit(&a);
		}
	}
}

/* A type belongs to its era: elsewhere the same word is another type, or none. */
static void test_types_of_other_eras(void **state)
{
	static const struct {
		const char *era;
		uint32_t type;
		enum page_class class;
	} cases[] = {
		/* an unknown type: kept */
		{ "6.1", 0xfffff7ff, PAGE_KEEP }, { "6.1", 0xf0000000, PAGE_KEEP },
		{ "6.12", 0xffffff7f, PAGE_KEEP }, { "6.12", 0xf7000000, PAGE_KEEP },
		{ "6.12", 0xff000000, PAGE_KEEP }, { "6.16", 0x80000000, PAGE_KEEP },
		/* several flags cleared together */
		{ "5.10", 0xfffffe7f, PAGE_KEEP }, { "6.11", 0x9fffffff, PAGE_KEEP },
		/* the rest of the word belongs to the page's owner from 6.12 on only */
		{ "6.12", 0xf0000001, PAGE_FREE }, { "6.12", 0xf0ffffff, PAGE_FREE },
		{ "6.12", 0xf1abcdef, PAGE_OFFLINE }, { "6.12", 0xf4000010, PAGE_USER },
		{ "6.12", 0xf5123456, PAGE_KEEP }, { "6.1", 0xffffff7e, PAGE_KEEP },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct array a;
		struct result r;

		array_init(&a, era_of(cases[i].era), GEOMETRY, 0x1000, 1, DL_MAX);
		put_page(&a, 0, LRU, ANON, cases[i].type);
		r = judge(&a, DL_MAX);
		if ((r.nr_runs ? r.runs[0].c : PAGE_KEEP) != cases[i].class)
			fail_msg("Linux %s, type %#x: class %d", cases[i].era, cases[i].type,
				 r.nr_runs ? r.runs[0].c : PAGE_KEEP);
		array_deinit(&a);
	}
}

/* Flags that are not known are not assumed. */
static void test_unknown_flags(void **state)
{
	struct array a;

	(void)state;
	array_init(&a, era_of("6.12"), GEOMETRY, 0x1000, 1, DL_MAX);
	put_page(&a, 0, LRU, EVEN, UINT32_MAX);
	a.layout.pg_private = 0;
	/* It may have private data. */
	ASSERT_NO_RUNS(judge(&a, DL_CACHE), 0);
	ASSERT_RUNS(judge(&a, DL_CACHE_PRIVATE), 0, { 0x1000, 1, PAGE_CACHE_PRIVATE });
	put_page(&a, 0, SWAPCACHE, EVEN, UINT32_MAX);
	layout_init(&a, DL_MAX);
	ASSERT_NO_RUNS(judge(&a, DL_MAX), 0);
	/* Old kernels had no PG_swapbacked to look at. */
	a.layout.pg_swapbacked = 0;
	ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x1000, 1, PAGE_CACHE });
	array_deinit(&a);
}

static void test_image(void **state)
{
	struct array a;

	(void)state;
	array_init(&a, era_of("6.12"), GEOMETRY, 0x1000, 9, DL_MAX);
	a.layout.image = true;
	put_page(&a, 0, LRU, 0, UINT32_MAX);
	put_page(&a, 1, LRU | PRIVATE | SWAPCACHE | SWAPBACKED, 0, UINT32_MAX);
	put_page(&a, 2, 0, 0, 5);
	/* These were given back, and are used for something else. */
	put_page(&a, 3, LRU, EVEN, UINT32_MAX);
	put_page(&a, 4, LRU, ANON, UINT32_MAX);
	put_free(&a, 6, 1);
	put_page(&a, 8, LRU, ANON, 0xf2000000);
	ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x1003, 1, PAGE_CACHE }, { 0x1004, 1, PAGE_USER },
		    { 0x1006, 2, PAGE_FREE });
	a.layout.image = false;
	ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x1000, 1, PAGE_CACHE },
		    { 0x1001, 1, PAGE_CACHE_PRIVATE }, { 0x1003, 1, PAGE_CACHE },
		    { 0x1004, 1, PAGE_USER }, { 0x1006, 2, PAGE_FREE });
	array_deinit(&a);

	/* Pages of hugetlb were, whether their type says so or their first tail. */
	for (size_t e = 0; e < ARRAY_SIZE(eras); e++) {
		array_init(&a, &eras[e], GEOMETRY, 0x1000, 4, DL_MAX);
		a.layout.image = true;
		put_compound(&a, 0, 2, true, 0, 0, UINT32_MAX);
		ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x1000, 4, PAGE_USER });
		put_compound(&a, 0, 2, false, LRU, 0, UINT32_MAX);
		ASSERT_NO_RUNS(judge(&a, DL_MAX), 0);
		array_deinit(&a);
	}
}

/* First pages of slabs are counted, whether a flag or a type says that they are. */
static void test_slabs(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(eras); e++) {
		struct classify_counts counts;
		struct result r = { .nr_runs = 0 };
		struct array a;

		array_init(&a, &eras[e], GEOMETRY, 0x1000, 8, DL_MAX);
		put_page(&a, 1, eras[e].slab == NO ? 0 : SLAB, ANON,
			 eras[e].slab_type ? eras[e].slab_type : UINT32_MAX);
		put_page(&a, 2, LRU, ANON, UINT32_MAX);
		put_compound(&a, 4, 2, false, eras[e].slab == NO ? 0 : SLAB, EVEN,
			     eras[e].slab_type ? eras[e].slab_type : UINT32_MAX);
		counts = classify_pages(&a.layout, a.bytes, a.n, a.pfn, a.va, take_run, &r);
		assert_int_equal(counts.slabs, 2);
		assert_int_equal(counts.odd, 0);
		array_deinit(&a);
	}
}

static void test_reserved(void **state)
{
	struct array a;

	(void)state;
	array_init(&a, era_of("6.12"), GEOMETRY, 0x1000, 5, DL_MAX);
	/* Any bit serves: this one. */
	a.layout.pg_reserved = a.layout.pg_private;
	put_page(&a, 0, LRU | PRIVATE, EVEN, UINT32_MAX);
	put_page(&a, 1, PRIVATE, ANON, UINT32_MAX);
	put_page(&a, 2, LRU, EVEN, UINT32_MAX);
	/* Some types are reserved too, and go all the same. */
	put_page(&a, 3, PRIVATE, 0, 0xf1000000);
	put_page(&a, 4, PRIVATE | HWPOISON, EVEN, UINT32_MAX);
	ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x1002, 1, PAGE_CACHE }, { 0x1003, 1, PAGE_OFFLINE },
		    { 0x1004, 1, PAGE_HWPOISON });
	a.layout.pg_reserved = 0;
	ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x1000, 1, PAGE_CACHE_PRIVATE },
		    { 0x1001, 1, PAGE_USER }, { 0x1002, 1, PAGE_CACHE },
		    { 0x1003, 1, PAGE_OFFLINE }, { 0x1004, 1, PAGE_HWPOISON });
	array_deinit(&a);
}

/* --- blocks ------------------------------------------------------------- */

static void test_free_blocks(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(eras); e++) {
		struct array a;

		array_init(&a, &eras[e], GEOMETRY, 0x4000, 2048, DL_MAX);
		put_free(&a, 0, 3);
		/* The other pages of a block have struct pages that are out of date. */
		put_page(&a, 3, LRU, ANON, UINT32_MAX);
		put_free(&a, 5, 0);
		put_free(&a, 8, 0);
		put_page(&a, 9, LRU, EVEN, UINT32_MAX);
		put_free(&a, 1024, 10);
		ASSERT_RUNS(judge(&a, DL_FREE), 0, { 0x4000, 9, PAGE_FREE },
			    { 0x4400, 1024, PAGE_FREE });
		array_deinit(&a);
	}
}

static void test_impossible_free_blocks(void **state)
{
	static const uint64_t orders[] = { 11, 12, 63, 64, 1 << 8, UINT32_MAX, UINT64_MAX };

	(void)state;
	for (size_t g = 0; g < ARRAY_SIZE(geometries); g++) {
		struct array a;

		array_init(&a, era_of("6.12"), &geometries[g], 0x4000, 4, DL_MAX);
		for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
			put_free(&a, 0, 0);
			put_word(&a, 0, a.g->private, orders[i]);
			ASSERT_NO_RUNS(judge(&a, DL_MAX), 1);
			/* The level does not exclude free pages. */
			ASSERT_NO_RUNS(judge(&a, DL_MAX & ~DL_FREE), 0);
		}
		/* Not aligned; the page after it counts for itself. */
		put_page(&a, 0, 0, 0, UINT32_MAX);
		put_free(&a, 1, 1);
		put_page(&a, 2, LRU, ANON, UINT32_MAX);
		put_free(&a, 3, 0);
		ASSERT_RUNS(judge(&a, DL_MAX), 1, { 0x4002, 1, PAGE_USER },
			    { 0x4003, 1, PAGE_FREE });
		array_deinit(&a);
	}
}

static void test_unaccepted_memory(void **state)
{
	const struct era *e = era_of("6.16");
	struct array a;

	(void)state;
	array_init(&a, e, GEOMETRY, 0x4000, 1030, DL_MAX);
	put_page(&a, 0, 0, 0, e->unaccepted);
	/* The order of such a block is not written down. */
	put_word(&a, 0, a.g->private, 3);
	put_page(&a, 1024, LRU, ANON, UINT32_MAX);
	/* Not where a block can be. */
	put_page(&a, 1026, 0, 0, e->unaccepted);
	ASSERT_RUNS(judge(&a, DL_MAX), 1, { 0x4000, 1024, PAGE_FREE }, { 0x4400, 1, PAGE_USER });
	ASSERT_NO_RUNS(judge(&a, DL_CACHE), 0);
	array_deinit(&a);
}

static void test_runs_beyond_the_end(void **state)
{
	struct array a;

	(void)state;
	array_init(&a, era_of("6.12"), GEOMETRY, 0x4000, 2, DL_MAX);
	put_free(&a, 0, 9);
	ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x4000, 512, PAGE_FREE });
	put_compound(&a, 0, 9, false, LRU, ANON, UINT32_MAX);
	ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x4000, 512, PAGE_USER });
	put_compound(&a, 0, 9, false, 0, 0, UINT32_MAX);
	ASSERT_NO_RUNS(judge(&a, DL_MAX), 0);
	array_deinit(&a);
}

static void test_array_that_begins_with_tails(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(eras); e++) {
		struct array a;

		array_init(&a, &eras[e], GEOMETRY, 0x4000, 10, DL_MAX);
		put_compound(&a, 0, 3, false, LRU, ANON, UINT32_MAX);
		put_page(&a, 8, LRU, ANON, UINT32_MAX);
		for (size_t first = 1; first <= 8; first++)
			ASSERT_RUNS(judge_from(&a, first, DL_MAX), 0, { 0x4008, 1, PAGE_USER });
		ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x4000, 9, PAGE_USER });
		array_deinit(&a);
	}
}

/*
 * A mask of more struct pages than any page has is an address, and so is a negative number that
 * is no power of two.
 */
static void test_address_that_looks_like_a_mask(void **state)
{
	static const uint64_t below_the_top[] = { 0x20000000, 0x0c000000 };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(geometries); i++) {
		const struct geometry *g = &geometries[i / 2];
		vaddr_t va = -below_the_top[i % 2];
		struct array a;

		array_init(&a, era_of("5.10"), g, 0x4000, 4, DL_MAX);
		a.va = g->is64 ? va : (uint32_t)va;
		put_compound(&a, 0, 2, false, LRU, ANON, UINT32_MAX);
		ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x4000, 4, PAGE_USER });
		array_deinit(&a);
	}
}

static void test_no_pages(void **state)
{
	struct array a;

	(void)state;
	array_init(&a, LAST_ERA, GEOMETRY, 0x4000, 1, DL_MAX);
	ASSERT_NO_RUNS(judge_from(&a, 1, DL_MAX), 0);
	array_deinit(&a);
}

/* Neighbours of one class are one run, whatever they consist of. */
static void test_runs_are_joined(void **state)
{
	struct array a;

	(void)state;
	array_init(&a, era_of("6.12"), GEOMETRY, 0x4000, 64, DL_MAX);
	put_compound(&a, 0, 2, false, LRU, ANON, UINT32_MAX);
	put_page(&a, 4, LRU, ANON, UINT32_MAX);
	put_page(&a, 5, LRU, KSM, 0);
	put_compound(&a, 6, 1, true, 0, EVEN, UINT32_MAX);
	put_compound(&a, 8, 3, false, LRU, ANON, UINT32_MAX);
	put_page(&a, 16, LRU, EVEN, UINT32_MAX);
	put_page(&a, 17, LRU, EVEN, UINT32_MAX);
	put_page(&a, 18, LRU | PRIVATE, EVEN, UINT32_MAX);
	/* 19: kept */
	put_page(&a, 20, LRU, EVEN, UINT32_MAX);
	put_page(&a, 63, LRU, ANON, UINT32_MAX);
	ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x4000, 16, PAGE_USER }, { 0x4010, 2, PAGE_CACHE },
		    { 0x4012, 1, PAGE_CACHE_PRIVATE }, { 0x4014, 1, PAGE_CACHE },
		    { 0x403f, 1, PAGE_USER });
	array_deinit(&a);
}

/* --- compound pages ------------------------------------------------------ */

/* Each kind of compound page at 0x4000. */
static void check_compound(struct array *a, unsigned int order)
{
	uint64_t n = UINT64_C(1) << order;

	put_compound(a, 0, order, false, LRU | SWAPBACKED, ANON, UINT32_MAX);
	ASSERT_RUNS(judge(a, DL_MAX), 0, { 0x4000, n, PAGE_USER });
	ASSERT_NO_RUNS(judge(a, DL_MAX & ~DL_USER), 0);
	put_compound(a, 0, order, false, LRU, EVEN, UINT32_MAX);
	ASSERT_RUNS(judge(a, DL_CACHE), 0, { 0x4000, n, PAGE_CACHE });
	put_compound(a, 0, order, false, LRU | PRIVATE, EVEN, UINT32_MAX);
	ASSERT_RUNS(judge(a, DL_MAX), 0, { 0x4000, n, PAGE_CACHE_PRIVATE });
	ASSERT_NO_RUNS(judge(a, DL_MAX & ~DL_CACHE_PRIVATE), 0);
	put_compound(a, 0, order, true, 0, EVEN, UINT32_MAX);
	ASSERT_RUNS(judge(a, DL_USER), 0, { 0x4000, n, PAGE_USER });
	ASSERT_NO_RUNS(judge(a, DL_MAX & ~DL_USER), 0);
	/* the kernel's own: vmalloc, drivers, large kmalloc */
	put_compound(a, 0, order, false, 0, 0, UINT32_MAX);
	ASSERT_NO_RUNS(judge(a, DL_MAX), 0);
	if (a->era->hwpoison == NO)
		return;
	put_compound(a, 0, order, false, HWPOISON, 0, UINT32_MAX);
	ASSERT_RUNS(judge(a, 0), 0, { 0x4000, n, PAGE_HWPOISON });
}

static void test_compound_pages(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(eras); e++) {
		for (size_t g = 0; g < ARRAY_SIZE(geometries); g++) {
			struct array a;

			array_init(&a, &eras[e], &geometries[g], 0x4000, 1 << MAX_ORDER, DL_MAX);
			for (unsigned int order = 1; order <= MAX_ORDER; order++)
				check_compound(&a, order);
			array_deinit(&a);
		}
	}
}

/* Slab and kmalloc: their tails look anonymous in many kernels. */
static void test_tails_are_never_judged(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(eras); e++) {
		const struct era *era = &eras[e];
		struct array a;

		array_init(&a, era, GEOMETRY, 0x4000, 24, DL_MAX);
		if (era->slab_type)
			put_compound(&a, 0, 3, false, 0, ANON, era->slab_type);
		else
			put_compound(&a, 0, 3, false, SLAB, ANON, UINT32_MAX);
		put_compound(&a, 8, 3, false, 0, 0,
			     era->large_kmalloc ? era->large_kmalloc : UINT32_MAX);
		put_compound(&a, 16, 2, false, 0, 0, era->table);
		for (size_t i = 0; i < 24; i++) {
			if (i % 8 == 0 || i >= 20)
				continue;
			/* Everything that could be taken for another kind of page. */
			put_word(&a, i, a.g->mapping, 0xffffffff);
			put_type(&a, i, i % 2 ? era->buddy : UINT32_MAX);
			if (i % 8 != 1)
				put_word(&a, i, a.g->flags, flag_word(era, LRU | HWPOISON));
		}
		ASSERT_NO_RUNS(judge(&a, DL_MAX), 0);
		/* And the other way round. */
		put_compound(&a, 8, 3, false, LRU, ANON, UINT32_MAX);
		put_type(&a, 10, era->table);
		put_word(&a, 11, a.g->mapping, 0);
		ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x4008, 8, PAGE_USER });
		array_deinit(&a);
	}
}

/* Larger than the buddy allocator has them, but so are hugetlb pages. */
static void test_gigantic_pages(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(eras); e++) {
		struct array a;

		array_init(&a, &eras[e], GEOMETRY, 0x40000, 0x1000, DL_MAX);
		put_compound(&a, 0, 18, true, 0, EVEN, UINT32_MAX);
		ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x40000, 0x40000, PAGE_USER });
		ASSERT_NO_RUNS(judge(&a, DL_MAX & ~DL_USER), 0);
		/* Not of hugetlb: the order is impossible. */
		put_compound(&a, 0, 18, false, LRU, ANON, UINT32_MAX);
		ASSERT_RUNS(judge(&a, DL_MAX), 1, { 0x40000, 1, PAGE_USER });
		array_deinit(&a);
	}
}

/* All of it at once: its last struct page is looked at too. */
static void test_whole_gigantic_page(void **state)
{
	struct array a;

	(void)state;
	array_init(&a, LAST_ERA, GEOMETRY, 0x40000, 0x40000, DL_MAX);
	put_compound(&a, 0, 18, true, 0, EVEN, UINT32_MAX);
	ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x40000, 0x40000, PAGE_USER });
	put_word(&a, 0x3ffff, a.g->compound, 0);
	assert_int_equal(judge(&a, DL_MAX).odd, 1);
	array_deinit(&a);
}

/* A head whose tails do not agree is a page of its own. */
static void test_impossible_compound_pages(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(eras); e++) {
		const struct era *era = &eras[e];
		struct array a;

		array_init(&a, era, GEOMETRY, 0x4000, 32, DL_MAX);

		/* too large an order */
		put_compound(&a, 0, 4, false, LRU, ANON, UINT32_MAX);
		put_order(&a, 0, MAX_ORDER + 1, false);
		ASSERT_RUNS(judge(&a, DL_MAX), 1, { 0x4000, 1, PAGE_USER });
		put_order(&a, 0, 255, false);
		ASSERT_RUNS(judge(&a, DL_MAX), 1, { 0x4000, 1, PAGE_USER });
		put_order(&a, 0, 255, true);
		assert_int_equal(judge(&a, DL_MAX).odd, 1);
		assert_true(judge(&a, DL_MAX).last <= 0x4001);
		/* none */
		put_order(&a, 0, 0, false);
		ASSERT_RUNS(judge(&a, DL_MAX), 1, { 0x4000, 1, PAGE_USER });
		/* the last page of it is no tail */
		put_order(&a, 0, 5, false);
		ASSERT_RUNS(judge(&a, DL_MAX), 1, { 0x4000, 1, PAGE_USER });
		/* the first page after it is none */
		put_compound(&a, 0, 4, false, LRU, ANON, UINT32_MAX);
		put_word(&a, 1, a.g->compound, link_to(&a, 0, 4) & ~UINT64_C(1));
		put_word(&a, 1, a.g->mapping, 0);
		assert_int_equal(judge(&a, DL_MAX).odd, 1);
		assert_int_equal(judge(&a, DL_MAX).runs[0].n, 1);
		/* kept, if it would be as a single page */
		put_page(&a, 0, HEAD, 0, UINT32_MAX);
		put_page(&a, 1, 0, 0, UINT32_MAX);
		ASSERT_NO_RUNS(judge(&a, DL_MAX), 1);
		array_deinit(&a);

		/* not aligned */
		array_init(&a, era, GEOMETRY, 0x4000, 32, DL_MAX);
		put_compound(&a, 4, 3, false, LRU, ANON, UINT32_MAX);
		ASSERT_RUNS(judge(&a, DL_MAX), 1, { 0x4004, 1, PAGE_USER });
		array_deinit(&a);

		/* the array ends with a head */
		array_init(&a, era, GEOMETRY, 0x4000, 1, DL_MAX);
		put_compound(&a, 0, 3, false, LRU, ANON, UINT32_MAX);
		ASSERT_RUNS(judge(&a, DL_MAX), 1, { 0x4000, 1, PAGE_USER });
		array_deinit(&a);
	}
}

/* Tails that name another head, before or after. */
static void test_tails_of_another_head(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(eras); e++) {
		struct array a;

		if (eras[e].masks)
			continue;
		array_init(&a, &eras[e], GEOMETRY, 0x4000, 64, DL_MAX);
		put_compound(&a, 32, 3, false, LRU, ANON, UINT32_MAX);
		/* far after, or far before */
		put_word(&a, 33, a.g->compound, (a.va + 40 * 64) | 1);
		ASSERT_RUNS(judge(&a, DL_MAX), 1, { 0x4020, 1, PAGE_USER });
		put_word(&a, 33, a.g->compound, (a.va + 8 * 64) | 1);
		ASSERT_RUNS(judge(&a, DL_MAX), 1, { 0x4020, 1, PAGE_USER });
		put_word(&a, 33, a.g->compound, 1);
		ASSERT_RUNS(judge(&a, DL_MAX), 1, { 0x4020, 1, PAGE_USER });
		array_deinit(&a);
	}
}

static void test_masks(void **state)
{
	(void)state;
	for (size_t g = 0; g < ARRAY_SIZE(geometries); g++) {
		struct array a;

		if (geometries[g].size & (geometries[g].size - 1))
			continue;
		array_init(&a, era_of("7.1"), &geometries[g], 0x4000, 16, DL_MAX);
		/* The mask says another order than the order does. */
		put_compound(&a, 0, 3, false, LRU, ANON, UINT32_MAX);
		put_order(&a, 0, 4, false);
		ASSERT_RUNS(judge(&a, DL_MAX), 1, { 0x4000, 1, PAGE_USER });
		/* 7.1 without the optimisation: addresses. */
		put_compound(&a, 0, 3, false, LRU, ANON, UINT32_MAX);
		for (size_t i = 1; i < 8; i++)
			put_word(&a, i, a.g->compound, a.va | 1);
		ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x4000, 8, PAGE_USER });
		/* Values that are the mask of no order. */
		put_word(&a, 1, a.g->compound, -UINT64_C(96) | 1);
		assert_int_equal(judge(&a, DL_MAX).odd, 1);
		put_word(&a, 1, a.g->compound, UINT64_MAX);
		assert_int_equal(judge(&a, DL_MAX).odd, 1);
		array_deinit(&a);
	}
}

/*
 * Hugetlb that has freed part of its memory map: every 4 KiB of struct pages
 * is the first one again, with a head and a first tail in it.
 */
static void test_fake_heads(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(eras); e++) {
		struct array a;

		if (eras[e].masks)
			continue;
		array_init(&a, &eras[e], GEOMETRY, 0x4000, 576, DL_MAX);
		put_compound(&a, 0, 9, true, 0, EVEN, UINT32_MAX);
		for (size_t i = 64; i < 512; i += 64)
			memcpy(at(&a, i, 0), a.bytes, 4096);
		put_page(&a, 512, LRU, EVEN, UINT32_MAX);
		ASSERT_RUNS(judge(&a, DL_MAX), 0, { 0x4000, 512, PAGE_USER },
			    { 0x4200, 1, PAGE_CACHE });
		ASSERT_RUNS(judge(&a, DL_CACHE), 0, { 0x4200, 1, PAGE_CACHE });
		/* Looked at from the middle on, they are tails. */
		for (size_t first = 1; first < 512; first += first < 70 ? 1 : 61)
			ASSERT_RUNS(judge_from(&a, first, DL_MAX), 0, { 0x4200, 1, PAGE_CACHE });
		array_deinit(&a);
	}
}

/* A kernel that does not say what marks a head. */
static void test_no_head_mask(void **state)
{
	struct array a;

	(void)state;
	array_init(&a, era_of("6.12"), GEOMETRY, 0x4000, 8, DL_MAX);
	a.layout.pg_head = 0;
	put_free(&a, 0, 2);
	put_compound(&a, 4, 2, false, LRU, ANON, UINT32_MAX);
	ASSERT_RUNS(judge(&a, DL_FREE), 0, { 0x4000, 4, PAGE_FREE });
	array_deinit(&a);
}

/* The order of hugetlb pages does not depend on what the buddy allocator has. */
static void test_unknown_max_order(void **state)
{
	struct array a;

	(void)state;
	array_init(&a, era_of("6.12"), GEOMETRY, 0x4000, 512, DL_MAX);
	a.layout.max_order = 0;
	put_compound(&a, 0, 9, true, 0, EVEN, UINT32_MAX);
	ASSERT_RUNS(judge(&a, DL_USER), 0, { 0x4000, 512, PAGE_USER });
	array_deinit(&a);
}

/* --- anything at all ------------------------------------------------------ */

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/*
 * A slow model. It decodes every struct page first, then says for each page
 * which block it belongs to, then what class each block has.
 */
#define MODEL_PAGES 64

struct decoded {
	uint64_t flags, mapping, private, link;
	uint32_t type;
	unsigned int order_byte, dtor_byte;
};

struct model {
	const struct array *a;
	struct decoded page[MODEL_PAGES];
	size_t n;
	uint64_t odd;
};

static uint64_t decode(const struct array *a, size_t i, unsigned int offset, unsigned int bytes)
{
	const uint8_t *p = a->bytes + i * a->g->size + offset;
	uint64_t value = 0;

	for (unsigned int b = 0; b < bytes; b++)
		value |= (uint64_t)p[a->g->big ? bytes - 1 - b : b] << 8 * b;
	return value;
}

static void model_init(struct model *m, const struct array *a)
{
	unsigned int word = a->g->is64 ? 8 : 4;

	*m = (struct model){ .a = a, .n = a->n };
	assert_true(a->n <= MODEL_PAGES);
	for (size_t i = 0; i < a->n; i++) {
		struct decoded *p = &m->page[i];

		p->flags = decode(a, i, a->g->flags, word);
		p->mapping = decode(a, i, a->g->mapping, word);
		p->private = decode(a, i, a->g->private, word);
		p->link = decode(a, i, a->g->compound, word);
		p->type = decode(a, i, a->g->mapcount, 4);
		/* The other bytes of larger numbers are 0, unless all is noise. */
		p->order_byte = decode(a, i, order_offset(a), number_size(a)) % 256;
		p->dtor_byte = decode(a, i, a->g->dtor, number_size(a)) % 256;
	}
}

static bool flagged(const struct decoded *p, int bit)
{
	return bit != NO && p->flags & UINT64_C(1) << bit;
}

/* Words below are types: that of free pages was once what is no type since. */
static int32_t type_limit(const struct era *e)
{
	return (int32_t)e->buddy == -128 ? -127 : -128;
}

static bool typed(const struct era *e, const struct decoded *p, uint32_t type)
{
	if (!type || (int32_t)p->type >= type_limit(e))
		return false;
	return type & 0xffffff ? p->type == type : p->type >> 24 == type >> 24;
}

enum verdict { TAIL, ODD, SINGLE, BLOCK };

/* Return the kind of block that begins at page i. */
static enum verdict model_block(const struct model *m, size_t i, unsigned int *order, bool *huge)
{
	const struct era *e = m->a->era;
	const struct geometry *g = m->a->g;
	const struct decoded *p = &m->page[i], *tail = p + 1;
	uint64_t link, all = g->is64 ? UINT64_MAX : UINT32_MAX, address, mask;
	unsigned int limit;
	bool is_mask = false;

	*order = 0;
	*huge = false;
	if (p->link % 2)
		return TAIL;
	if (!flagged(p, e->head))
		return SINGLE;
	if (i + 1 == m->n || tail->link % 2 == 0)
		return ODD;
	link = tail->link - 1;
	*order = e->order == IN_FLAGS ? tail->flags % 256 : tail->order_byte;
	if (e->has_dtor && tail->dtor_byte == 2)
		*huge = true;
	if (flagged(tail, e->hugetlb_flag))
		*huge = true;
	limit = *huge || typed(e, p, e->hugetlb) ? 22 : MAX_ORDER;
	if (*order > 34)
		return ODD;
	for (unsigned int bit = 0; bit <= 28; bit++) {
		mask = all - ((UINT64_C(1) << bit) - 1);
		if (link == mask)
			is_mask = true;
	}
	address = (m->a->va + i * g->size) & all;
	mask = all - (g->size * (UINT64_C(1) << *order) - 1);
	if (is_mask ? link != (mask & all) : link != address) {
		bool before = link < address && address - link < g->size << *order;

		return before && !is_mask ? TAIL : ODD;
	}
	if (*order == 0 || *order > limit || (m->a->pfn + i) % (UINT64_C(1) << *order))
		return ODD;
	if (i + (UINT64_C(1) << *order) <= m->n &&
	    m->page[i + (UINT64_C(1) << *order) - 1].link % 2 == 0)
		return ODD;
	return BLOCK;
}

static enum page_class model_class(const struct model *m, size_t i, bool huge, unsigned int level)
{
	const struct era *e = m->a->era;
	const struct decoded *p = &m->page[i];
	bool poisoned = flagged(p, e->hwpoison), anon = p->mapping % 2;
	enum page_class c = PAGE_KEEP;
	bool cached = flagged(p, e->lru) || (flagged(p, e->swapcache) && flagged(p, e->swapbacked));

	if (flagged(p, e->slab)) {
		c = PAGE_KEEP;
	} else if ((int32_t)p->type < type_limit(e)) {
		if ((typed(e, p, e->buddy) || typed(e, p, e->unaccepted)) && level & 16)
			return PAGE_FREE;
		if (typed(e, p, e->hugetlb) && level & 8)
			c = PAGE_USER;
		if (typed(e, p, e->offline))
			c = PAGE_OFFLINE;
	} else if (cached && !anon && flagged(p, e->private) && level & 4) {
		c = PAGE_CACHE_PRIVATE;
	} else if (cached && !anon && !flagged(p, e->private) && level & 6) {
		c = PAGE_CACHE;
	} else if ((anon || huge) && level & 8) {
		c = PAGE_USER;
	}
	return poisoned ? PAGE_HWPOISON : c;
}

/* The class of each page, also of those after the array that its blocks reach. */
static void model_run(struct model *m, unsigned int level, enum page_class *class, size_t room)
{
	size_t next = 0;

	for (size_t i = 0; i < room; i++)
		class[i] = PAGE_KEEP;
	while (next < m->n) {
		const struct decoded *p = &m->page[next];
		unsigned int order;
		bool huge;
		enum verdict v = model_block(m, next, &order, &huge);
		size_t len = v == BLOCK ? (size_t)1 << order : 1;
		enum page_class c = PAGE_KEEP;

		if (v != TAIL)
			c = model_class(m, next, v == BLOCK && huge, level);
		m->odd += v == ODD;
		if (c == PAGE_FREE) {
			uint64_t n = typed(m->a->era, p, m->a->era->buddy) ? p->private : MAX_ORDER;

			if (n > MAX_ORDER || (m->a->pfn + next) % (UINT64_C(1) << n)) {
				m->odd++;
				c = PAGE_KEEP;
			} else {
				len = (size_t)1 << n;
			}
		}
		for (size_t i = next; i < next + len && i < room; i++)
			class[i] = c;
		next += len;
	}
}

struct verdicts {
	const struct array *a;
	enum page_class class[MODEL_PAGES * 2];
};

static void take_verdicts(void *ctx, pfn_t start, uint64_t nr_pages, enum page_class c)
{
	struct verdicts *v = ctx;

	for (uint64_t i = start - v->a->pfn; nr_pages-- && i < ARRAY_SIZE(v->class); i++)
		v->class[i] = c;
}

static void compare_with_model(struct array *a, unsigned int level, unsigned int round)
{
	struct verdicts got = { .a = a };
	enum page_class want[ARRAY_SIZE(got.class)];
	struct model m;
	uint64_t odd;

	a->layout.level = a->layout.told = level;
	odd = classify_pages(&a->layout, a->bytes, a->n, a->pfn, a->va, take_verdicts, &got).odd;
	model_init(&m, a);
	model_run(&m, level, want, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		if (got.class[i] != want[i])
			fail_msg("round %u, Linux %s, level %u, page %zu: class %d instead of %d",
				 round, a->era->name, level, i, got.class[i], want[i]);
	}
	if (odd != m.odd)
		fail_msg("round %u, Linux %s, level %u: %" PRIu64 " odd pages instead of %" PRIu64,
			 round, a->era->name, level, odd, m.odd);
}

/* A page that may be anything, but seldom something that no page can be. */
static void put_random(const struct array *a, size_t i, uint64_t *seed)
{
	const struct era *e = a->era;
	const uint32_t types[] = {
		UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, 0, 5, -128, -129, e->buddy,
		e->buddy, e->buddy, e->offline, e->table, e->hugetlb, e->slab_type, e->zsmalloc,
		e->unaccepted, e->large_kmalloc, e->buddy ^ 1, e->hugetlb ^ 0x100, 0x80000000,
	};
	const uint64_t mappings[] = { 0, 0, EVEN, EVEN, ANON, KSM, MOVABLE, 0xffffffff };
	unsigned int order = next_random(seed) % 5;

	if (next_random(seed) % 64 == 0)
		order = next_random(seed);
	if (next_random(seed) % 3 == 0) {
		size_t tails = next_random(seed) % 8 ? (size_t)1 << (order & 7) : 2;

		put_compound(a, i, order & 7, next_random(seed) % 4 == 0, next_random(seed) & 63,
			     mappings[next_random(seed) % ARRAY_SIZE(mappings)],
			     types[next_random(seed) % ARRAY_SIZE(types)]);
		if (tails == 2 && i + 1 < a->n)
			put_order(a, i, next_random(seed) % 13, next_random(seed) % 2);
		return;
	}
	put_page(a, i, next_random(seed) & (next_random(seed) % 4 ? 63 : 127),
		 mappings[next_random(seed) % ARRAY_SIZE(mappings)],
		 types[next_random(seed) % ARRAY_SIZE(types)]);
	put_word(a, i, a->g->private, next_random(seed) % 8 ? order : next_random(seed) % 70);
	switch (next_random(seed) % 8) {
	case 0:
		put_word(a, i, a->g->compound,
			 link_to(a, i - next_random(seed) % (i + 1), next_random(seed) % 6));
		break;
	case 1:
		put_word(a, i, a->g->compound, next_random(seed));
		break;
	default:
		put_word(a, i, a->g->compound, 0);
	}
}

static void test_against_model(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned int round = 0; round < 6000; round++) {
		const struct era *e = &eras[round % ARRAY_SIZE(eras)];
		const struct geometry *g = &geometries[next_random(&seed) % ARRAY_SIZE(geometries)];
		pfn_t pfn = 0x4000 + next_random(&seed) % 4 * 16;
		struct array a;

		array_init(&a, e, g, pfn, 1 + next_random(&seed) % MODEL_PAGES, DL_MAX);
		for (size_t i = 0; i < a.n; i += 1 + next_random(&seed) % 3)
			put_random(&a, i, &seed);
		compare_with_model(&a, next_random(&seed) % (DL_MAX + 1), round);
		array_deinit(&a);
	}
}

static void test_noise_against_model(void **state)
{
	uint64_t seed = 2;

	(void)state;
	for (unsigned int round = 0; round < 4000; round++) {
		const struct geometry *g = &geometries[next_random(&seed) % ARRAY_SIZE(geometries)];
		pfn_t pfn = next_random(&seed) % (1 << 20);
		struct array a;

		if (g->is64)
			pfn <<= next_random(&seed) % 20;
		array_init(&a, &eras[round % ARRAY_SIZE(eras)], g, pfn,
			   1 + next_random(&seed) % MODEL_PAGES, DL_MAX);
		for (size_t i = 0; i < a.n * a.g->size; i++) {
			if (next_random(&seed) % 4 == 0)
				a.bytes[i] = next_random(&seed);
		}
		compare_with_model(&a, next_random(&seed) % (DL_MAX + 1), round);
		array_deinit(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_pages),
		cmocka_unit_test(test_types_of_other_eras),
		cmocka_unit_test(test_unknown_flags),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_slabs),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_free_blocks),
		cmocka_unit_test(test_impossible_free_blocks),
		cmocka_unit_test(test_unaccepted_memory),
		cmocka_unit_test(test_runs_beyond_the_end),
		cmocka_unit_test(test_array_that_begins_with_tails),
		cmocka_unit_test(test_address_that_looks_like_a_mask),
		cmocka_unit_test(test_no_pages),
		cmocka_unit_test(test_runs_are_joined),
		cmocka_unit_test(test_compound_pages),
		cmocka_unit_test(test_tails_are_never_judged),
		cmocka_unit_test(test_gigantic_pages),
		cmocka_unit_test(test_whole_gigantic_page),
		cmocka_unit_test(test_impossible_compound_pages),
		cmocka_unit_test(test_tails_of_another_head),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_fake_heads),
		cmocka_unit_test(test_no_head_mask),
		cmocka_unit_test(test_unknown_max_order),
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_noise_against_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
