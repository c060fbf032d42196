// SPDX-License-Identifier: GPL-2.0-or-later
#include "extension/page_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "filter/classify.h"
#include "kernel/struct_pages.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"

/* Struct pages looked at in one go: 1 MiB of them where they have 64 bytes. */
#define UNIT_PAGES 16384
/* Eight verdicts at once. */
#define UNDECIDED_8 (UINT64_C(0x0101010101010101) * PG_UNDECID)

struct unit {
	pfn_t start, end;
	vaddr_t pages;
};

struct page_scan {
	const struct extension_code *code;
	const struct kernel *k;
	const struct memmap *map;
	struct extension_shared *shared;
	struct vmcore_reader *reader; /* of its own: what it returned must stay */
	struct stat file;	      /* what the dump is read from */
	struct bitmap has_data;
	uint32_t struct_size;
	uint8_t *buf; /* a unit's struct pages, when they are not contiguous */
	const struct unit *unit;
	/* For extension_pages_callback(): */
	bool has_layout;
	struct page_layout layout;
	uint8_t *kinds, *verdicts;
	/* Pages below this one belong to a block that began before, of this kind. */
	pfn_t block_end;
	uint8_t block_kind;
	/* The struct pages of the current call: @nr pages from @first on. */
	const uint8_t *structs;
	pfn_t first;
	size_t nr;
	vaddr_t va;
	bool wants_kinds; /* it has asked for them, and will again */
	bool has_kinds;	  /* of these pages */
};

static void decide(struct extension_shared *shared, pfn_t start, pfn_t end, int verdict)
{
	if (verdict == PG_INCLUDE)
		bitmap_set_range(&shared->include, start, end);
	else if (verdict == PG_EXCLUDE)
		bitmap_set_range(&shared->exclude, start, end);
}

/* Store progress for the other process to see, whatever happens next. */
static void report_progress(struct extension_shared *shared, pfn_t pfn)
{
	__atomic_store_n(&shared->pfn, pfn, __ATOMIC_RELAXED);
	__atomic_store_n(&shared->progress, shared->progress + 1, __ATOMIC_RELAXED);
}

static void ask_each(const struct page_scan *a, pfn_t start, pfn_t end, const uint8_t *structs)
{
	for (pfn_t pfn = start; pfn < end; pfn++, structs += a->struct_size) {
		int verdict;

		report_progress(a->shared, pfn);
		verdict = a->code->callback(pfn, structs);
		if (verdict == PG_INCLUDE || verdict == PG_EXCLUDE)
			decide(a->shared, pfn, pfn + 1, verdict);
	}
}

/* Most of them are undecided. */
static void take_verdicts(struct extension_shared *shared, pfn_t start, const uint8_t *verdicts,
			  size_t nr)
{
	for (size_t i = 0; i < nr;) {
		size_t first = i;
		uint64_t word;

		if (nr - i >= sizeof(word)) {
			memcpy(&word, verdicts + i, sizeof(word));
			if (word == UNDECIDED_8) {
				i += sizeof(word);
				continue;
			}
		}
		for (i++; i < nr && verdicts[i] == verdicts[first];)
			i++;
		decide(shared, start + first, start + i, verdicts[first]);
	}
}

static void ask_run(struct page_scan *a, pfn_t start, pfn_t end, const uint8_t *structs)
{
	const struct extension_pages pages = {
		.pfn = start,
		.nr = end - start,
		.structs = structs,
		.struct_size = a->struct_size,
		.core = a,
	};

	memset(a->verdicts, PG_UNDECID, pages.nr);
	report_progress(a->shared, start);
	a->code->pages_callback(&pages, a->verdicts);
	take_verdicts(a->shared, start, a->verdicts, end - start);
}

static uint8_t kind_of(enum page_class c)
{
	switch (c) {
	case PAGE_FREE:
		return PAGE_IS_FREE;
	case PAGE_CACHE:
		return PAGE_IS_CACHE;
	case PAGE_CACHE_PRIVATE:
		return PAGE_IS_CACHE_PRIVATE;
	case PAGE_USER:
		return PAGE_IS_USER;
	case PAGE_HWPOISON:
		return PAGE_IS_HWPOISON;
	case PAGE_OFFLINE:
		return PAGE_IS_OFFLINE;
	default:
		return PAGE_IS_OTHER;
	}
}

/* A run of one class, which may reach beyond the array. */
static void note_kind(void *ctx, pfn_t start, uint64_t nr_pages, enum page_class c)
{
	struct page_scan *a = ctx;
	size_t i = start - a->first;

	memset(a->kinds + i, kind_of(c), min_u64(nr_pages, a->nr - i));
	if (nr_pages > a->nr - i) {
		a->block_end = start + nr_pages;
		a->block_kind = kind_of(c);
	}
}

/* Say of the pages at hand what they are. */
static void find_kinds(struct page_scan *a)
{
	size_t rest = a->block_end > a->first ? min_u64(a->block_end - a->first, a->nr) : 0;

	memset(a->kinds, a->block_kind, rest);
	memset(a->kinds + rest, PAGE_IS_OTHER, a->nr - rest);
	if (a->has_layout && rest < a->nr)
		classify_pages(&a->layout, a->structs + rest * a->struct_size, a->nr - rest,
			       a->first + rest, a->va + rest * a->struct_size, note_kind, a);
	a->has_kinds = true;
}

const uint8_t *extension_page_kinds(const struct extension_pages *pages)
{
	struct page_scan *a = pages->core;

	if (!a->has_kinds)
		find_kinds(a);
	/* From now on of all pages, so that what begins in one piece is known in the next. */
	a->wants_kinds = true;
	return a->kinds + (pages->pfn - a->first);
}

/* Ask about those struct pages in [from, to), byte offsets within the unit, that are whole. */
static void ask_range(void *ctx, const uint8_t *bytes, uint64_t from, uint64_t to)
{
	struct page_scan *a = ctx;
	const struct unit *u = a->unit;
	uint64_t first = div_round_up(from, a->struct_size), end = to / a->struct_size;
	const uint8_t *structs = bytes + (first * a->struct_size - from);
	pfn_t pfn = u->start + first, stop = u->start + end;

	if (first >= end)
		return;
	a->structs = structs;
	a->first = pfn;
	a->nr = end - first;
	a->va = u->pages + first * a->struct_size;
	a->has_kinds = false;
	if (a->wants_kinds)
		find_kinds(a);
	for (pfn_t next, p = bitmap_next_set(&a->has_data, pfn, stop); p < stop;
	     p = bitmap_next_set(&a->has_data, next, stop)) {
		const uint8_t *s = structs + (p - pfn) * a->struct_size;

		next = bitmap_next_clear(&a->has_data, p, stop);
		if (a->code->pages_callback)
			ask_run(a, p, next, s);
		else
			ask_each(a, p, next, s);
	}
}

static void ask_unit(struct page_scan *a, const struct unit *u)
{
	const struct struct_pages_walk walk = {
		.k = a->k,
		.reader = a->reader,
		.buf = a->buf,
		.ctx = a,
		.found = ask_range,
	};

	a->unit = u;
	struct_pages_walk(&walk, u->pages, (u->end - u->start) * a->struct_size);
}

/* If not, struct pages seem to be missing, and nothing is decided about their pages. */
static int check_file(const struct page_scan *a)
{
	struct stat st;

	if (!fstat(a->k->vc->file.fd, &st) && st.st_dev == a->file.st_dev &&
	    st.st_ino == a->file.st_ino)
		return 0;
	return err_set(-EBADF, "it closed the dump's descriptor");
}

static int scan_range(struct page_scan *a, const struct memmap_range *r)
{
	pfn_t limit = min_u64(r->end, a->has_data.nbits);
	int err = 0;

	for (pfn_t pfn = r->start; !err && pfn < limit;) {
		struct unit u = { .start = bitmap_next_set(&a->has_data, pfn, limit) };

		/* Nothing more of it is in the dump. */
		if (u.start == limit)
			return 0;
		/* Blocks begin at multiples of their size: none must be cut. */
		u.start = max_u64(u.start / UNIT_PAGES * UNIT_PAGES, pfn);
		u.end = min_u64(u.start / UNIT_PAGES * UNIT_PAGES + UNIT_PAGES, limit);
		u.pages = r->pages + (u.start - r->start) * a->struct_size;
		report_progress(a->shared, u.start);
		ask_unit(a, &u);
		err = check_file(a);
		pfn = u.end;
	}
	return err;
}

static int prepare(struct page_scan *a)
{
	int err = vmcore_reader_create(&a->reader, a->k->vc);

	if (!err && fstat(a->k->vc->file.fd, &a->file))
		err = err_errno(-errno, "cannot look at %s", a->k->vc->file.path);
	if (!err)
		err = bitmap_init_stored(&a->has_data, a->k->vc->max_pfn, a->k->vc->bitmaps);
	if (!err)
		err = vmcore_bitmap(a->k->vc, VMCORE_STORED, &a->has_data);
	if (err)
		return err;
	a->buf = malloc((size_t)UNIT_PAGES * a->struct_size);
	a->kinds = malloc(UNIT_PAGES);
	a->verdicts = malloc(UNIT_PAGES);
	if (!a->buf || !a->kinds || !a->verdicts)
		return err_set(-ENOMEM, "no memory");
	a->has_layout = !page_layout_init(&a->layout, a->k, DL_MAX);
	return 0;
}

int page_scan_create(struct page_scan **ret, const struct extension_code *code,
		     const struct kernel *k, const struct memmap *map,
		     struct extension_shared *shared)
{
	struct page_scan *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return err_set(-ENOMEM, "no memory");
	a->code = code;
	a->k = k;
	a->map = map;
	a->shared = shared;
	a->struct_size = map->page_struct_size;
	err = prepare(a);
	if (err)
		page_scan_destroy(a);
	else
		*ret = a;
	return err;
}

void page_scan_destroy(struct page_scan *a)
{
	if (!a)
		return;
	free(a->buf);
	free(a->kinds);
	free(a->verdicts);
	bitmap_deinit(&a->has_data);
	vmcore_reader_destroy(a->reader);
	free(a);
}

int page_scan_run(struct page_scan *a)
{
	int err = 0;

	for (size_t i = 0; !err && i < a->map->nr_ranges; i++)
		err = scan_range(a, &a->map->ranges[i]);
	return err;
}
