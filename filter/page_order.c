// SPDX-License-Identifier: GPL-2.0-or-later
#include "filter/page_order.h"

#include "kernel/essential.h"
#include "kernel/memmap.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/log.h"

/*
 * Give each class of pages that are saved a code; returns the number of codes but 0.
 * @param level excludes pages that are not saved
 */
static unsigned int choose_codes(struct page_order *o, unsigned int level)
{
	unsigned int n = 0;

	if (!(level & (DL_CACHE | DL_CACHE_PRIVATE)))
		o->codes[ORDER_CACHE] = ++n;
	if (!(level & DL_USER))
		o->codes[ORDER_USER] = ++n;
	if (!(level & DL_FREE))
		o->codes[ORDER_FREE] = ++n;
	if (level & DL_CACHE_PRIVATE)
		return n;
	if (n < 3)
		o->codes[ORDER_CACHE_PRIVATE] = ++n;
	else if (page_order_is_fill(o, ORDER_CACHE) == page_order_is_fill(o, ORDER_CACHE_PRIVATE))
		o->codes[ORDER_CACHE_PRIVATE] = o->codes[ORDER_CACHE];
	return n;
}

/* Name the classes of pages that a level excludes. */
static unsigned int excluded_classes(unsigned int level)
{
	unsigned int classes = 0;

	if (level & (DL_CACHE | DL_CACHE_PRIVATE))
		classes |= 1u << ORDER_CACHE;
	if (level & DL_CACHE_PRIVATE)
		classes |= 1u << ORDER_CACHE_PRIVATE;
	if (level & DL_USER)
		classes |= 1u << ORDER_USER;
	if (level & DL_FREE)
		classes |= 1u << ORDER_FREE;
	return classes;
}

void page_order_init(struct page_order *o, const struct vmcore *vc, unsigned int level,
		     unsigned int kept)
{
	unsigned int n;

	*o = (struct page_order){
		.kept = kept,
		.fill = excluded_classes(level) & ~excluded_classes(level & ~kept),
	};
	n = choose_codes(o, level & ~kept);
	for (unsigned int wanted = n > 1 ? 2 : n; o->nr_planes < wanted; o->nr_planes++) {
		int err = bitmap_init_stored(&o->planes[o->nr_planes], vc->max_pfn, vc->bitmaps);

		if (!err)
			continue;
		DEBUG_MSG("Pages are saved in the order of their addresses: %s\n", err_text(err));
		page_order_deinit(o);
		return;
	}
}

void page_order_deinit(struct page_order *o)
{
	for (unsigned int i = 0; i < o->nr_planes; i++)
		bitmap_deinit(&o->planes[i]);
	pfn_set_deinit(&o->essential);
	pfn_set_deinit(&o->memmap);
	*o = (struct page_order){ 0 };
}

void page_order_mark(struct page_order *o, pfn_t start, pfn_t end, enum page_class c)
{
	static const enum order_class classes[NR_PAGE_CLASSES] = {
		[PAGE_KEEP] = ORDER_KERNEL,
		[PAGE_CACHE] = ORDER_CACHE,
		[PAGE_CACHE_PRIVATE] = ORDER_CACHE_PRIVATE,
		[PAGE_USER] = ORDER_USER,
		[PAGE_FREE] = ORDER_FREE,
	};
	unsigned int code = o->codes[classes[c]];

	for (unsigned int i = 0; i < o->nr_planes; i++) {
		if (code >> i & 1)
			bitmap_set_range(&o->planes[i], start, end);
	}
}

bool page_order_is_fill(const struct page_order *o, enum order_class c)
{
	return o->fill >> c & 1;
}

unsigned int page_order_position(const struct page_order *o, enum order_class c)
{
	unsigned int fill = o ? o->fill : 0, position = 0;

	for (enum order_class before = 0; before < NR_ORDER_CLASSES; before++) {
		if ((fill >> before & 1) == (fill >> c & 1))
			position += before < c;
		else
			position += fill >> c & 1;
	}
	return position;
}

void page_order_forget_fill(struct page_order *o)
{
	o->kept = o->fill = 0;
}

void page_order_take(struct page_order *o, const struct page_order *own, const struct frames *dom0)
{
	if (own->nr_planes < o->nr_planes)
		page_order_deinit(o);
	for (unsigned int i = 0; i < o->nr_planes; i++)
		frames_from_pages(dom0, &own->planes[i], &o->planes[i]);
}

void page_order_raise(struct page_order *o, const struct bitmap *pages)
{
	pfn_t start = 0, stop;

	if (!o->nr_planes)
		return;
	while ((start = bitmap_next_set(pages, start, pages->nbits)) < pages->nbits) {
		stop = bitmap_next_clear(pages, start, pages->nbits);
		for (unsigned int i = 0; i < o->nr_planes; i++)
			bitmap_clear_range(&o->planes[i], start, stop);
		start = stop;
	}
}

bool page_order_fills(const struct page_order *o, pfn_t pfn)
{
	unsigned int code = 0;

	for (unsigned int i = 0; i < o->nr_planes; i++)
		code |= (unsigned int)bitmap_test(&o->planes[i], pfn) << i;
	for (enum order_class c = 0; code && c < NR_ORDER_CLASSES; c++)
		if (o->codes[c] == code && page_order_is_fill(o, c))
			return true;
	return false;
}

uint64_t page_order_count_fill(const struct page_order *o, const struct bitmap *dumpable)
{
	uint64_t nr = 0;

	for (enum order_class c = 0; c < NR_ORDER_CLASSES; c++)
		if (page_order_is_fill(o, c))
			nr += page_order_count(o, dumpable, c);
	return nr;
}

struct map_pages {
	struct pfn_set *set;
	unsigned int page_shift;
};

static int add_run(void *ctx, paddr_t pa, uint64_t len)
{
	struct map_pages *m = ctx;

	pfn_set_add(m->set, pa >> m->page_shift, ((pa + len - 1) >> m->page_shift) + 1);
	return m->set->full;
}

/* Find the pages of struct pages. Those not found count as other memory of the kernel. */
static void find_memmap(struct pfn_set *set, const struct kernel *k)
{
	struct map_pages m = { set, k->vc->page_shift };
	struct vmcore_reader *r;
	struct memmap map;

	if (vmcore_reader_create(&r, k->vc))
		return;
	if (!memmap_init(&map, k, r)) {
		for (size_t i = 0; i < map.nr_ranges; i++) {
			const struct memmap_range *range = &map.ranges[i];
			uint64_t bytes = (range->end - range->start) * map.page_struct_size;

			if (kernel_for_each_run(k, r, range->pages, bytes, add_run, &m) > 0)
				break;
		}
		memmap_deinit(&map);
	}
	vmcore_reader_destroy(r);
}

/* Add those of some pages that have a code, which are no memory of the kernel. */
static void add_coded(struct pfn_set *set, const struct page_order *o, const struct pfn_range *r)
{
	for (unsigned int i = 0; i < o->nr_planes; i++) {
		const struct bitmap *b = &o->planes[i];
		pfn_t pfn = r->start, end = min_u64(r->end, b->nbits), stop;

		for (; (pfn = bitmap_next_set(b, pfn, end)) < end; pfn = stop) {
			stop = bitmap_next_clear(b, pfn, end);
			pfn_set_add(set, pfn, stop);
		}
	}
}

/* Leave pages of the image that the kernel freed to the classes that struct pages tell. */
static void forget_freed(struct page_order *o)
{
	struct pfn_set freed = { 0 };

	for (size_t i = 0; i < o->essential.nr; i++)
		add_coded(&freed, o, &o->essential.ranges[i]);
	pfn_set_seal(&freed);
	pfn_set_subtract(&o->essential, &freed);
	pfn_set_deinit(&freed);
}

void page_order_complete(struct page_order *o, const struct kernel *k)
{
	essential_find(k, &o->essential);
	pfn_set_seal(&o->essential);
	forget_freed(o);
	find_memmap(&o->memmap, k);
	pfn_set_seal(&o->memmap);
	pfn_set_subtract(&o->memmap, &o->essential);
}

/* The last end that a run from @p pfn on may have. */
static pfn_t run_limit(pfn_t pfn, pfn_t last, uint64_t most)
{
	return pfn + min_u64(last - pfn, most);
}

/* The next run of the pages of a set. */
static pfn_t next_of_set(const struct pfn_set *s, const struct bitmap *dumpable, pfn_t start,
			 pfn_t end, uint64_t most, pfn_t *stop)
{
	const struct pfn_range *r;

	while (start < end && (r = pfn_set_next(s, start)) && r->start < end) {
		pfn_t last = min_u64(r->end, end);
		pfn_t pfn = bitmap_next_set(dumpable, max_u64(start, r->start), last);

		if (pfn < last) {
			*stop = bitmap_next_clear(dumpable, pfn, run_limit(pfn, last, most));
			return pfn;
		}
		start = last;
	}
	return end;
}

/* The first pfn from @p pfn on that is not in a set; *stop: where the set goes on, if before. */
static pfn_t skip_set(const struct pfn_set *s, pfn_t pfn, pfn_t *stop)
{
	const struct pfn_range *r = pfn_set_next(s, pfn);

	if (r && r->start <= pfn)
		return r->end;
	if (r)
		*stop = min_u64(*stop, r->start);
	return pfn;
}

pfn_t page_order_next(const struct page_order *o, const struct bitmap *dumpable, enum order_class c,
		      pfn_t start, pfn_t end, uint64_t most, pfn_t *stop)
{
	static const struct page_order none = { 0 };

	o = o ? o : &none;
	if (c == ORDER_ESSENTIAL || c == ORDER_MEMMAP)
		return next_of_set(c == ORDER_ESSENTIAL ? &o->essential : &o->memmap, dumpable,
				   start, end, most, stop);
	/* A class without a code of its own has no pages. */
	if (c != ORDER_KERNEL &&
	    (!o->codes[c] || (c == ORDER_CACHE_PRIVATE && o->codes[c] == o->codes[ORDER_CACHE])))
		return end;
	while (start < end) {
		pfn_t pfn = start, last = end;

		start = skip_set(&o->essential, start, &last);
		if (start == pfn)
			start = skip_set(&o->memmap, start, &last);
		if (start != pfn)
			continue;
		pfn = bitmap_next_coded(dumpable, o->planes, o->nr_planes, o->codes[c], start,
					last);
		if (pfn < last) {
			*stop = bitmap_next_not_coded(dumpable, o->planes, o->nr_planes,
						      o->codes[c], pfn, run_limit(pfn, last, most));
			return pfn;
		}
		start = last;
	}
	return end;
}

uint64_t page_order_count(const struct page_order *o, const struct bitmap *dumpable,
			  enum order_class c)
{
	uint64_t nr = 0;
	pfn_t start = 0, stop;

	while ((start = page_order_next(o, dumpable, c, start, dumpable->nbits, UINT64_MAX,
					&stop)) < dumpable->nbits) {
		nr += stop - start;
		start = stop;
	}
	return nr;
}

static const struct {
	const char *key, *name;
} names[] = {
	[ORDER_ESSENTIAL] = { "essential", "essential memory" },
	[ORDER_KERNEL] = { "kernel", "other kernel memory" },
	[ORDER_MEMMAP] = { "memory_map", "the memory map" },
	[ORDER_CACHE_PRIVATE] = { "cache_private", "the private page cache" },
	[ORDER_CACHE] = { "cache", "the page cache" },
	[ORDER_USER] = { "user", "user memory" },
	[ORDER_FREE] = { "free", "free memory" },
};
_Static_assert(ARRAY_SIZE(names) == NR_ORDER_CLASSES, "a class without a name");

const char *order_class_name(enum order_class c)
{
	return names[c].name;
}

const char *order_class_key(enum order_class c)
{
	return names[c].key;
}
