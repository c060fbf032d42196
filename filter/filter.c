// SPDX-License-Identifier: GPL-2.0-or-later
#include "filter/filter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "filter/plausible.h"
#include "kernel/struct_pages.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/pipeline.h"
#include "lib/progress.h"
#include "lib/search.h"
#include "lib/trace.h"

/* Struct pages that one thread takes at a time: 1 MiB of them where they have 64 bytes. */
#define UNIT_PAGES 16384
/* Struct pages are not those of their pages if more than one in this number is odd. */
#define ODD_USUAL 64
/* More units than threads, so that one slow thread does not stop the others. */
#define UNITS_PER_THREAD 4
/* The kernel image is mapped in few pieces; more are invalid. */
#define IMAGE_PIECES_MAX 4096

struct filter {
	const struct kernel *k;
	struct page_layout layout, image_layout;
	struct memmap map;
	struct plausibility plausibility;
	struct bitmap *dumpable;
	struct bitmap *wanted;	  /* NULL: no extension includes pages */
	struct page_order *order; /* NULL: it is not needed */
	bool drop_offline;	  /* offline and poisoned pages */
	struct pfn_set image;
	/* the walk's position */
	size_t range;
	pfn_t next;
	uint64_t done, total;
	struct progress progress;
};

struct unit {
	struct pfn_range pfns;
	vaddr_t pages;
};

struct found_run {
	pfn_t start;
	uint32_t nr_pages;
	enum page_class class;
};

struct worker {
	struct filter *f;
	struct vmcore_reader *reader;
	uint8_t *buf;		/* a unit's struct pages, when they are not contiguous */
	struct found_run *runs; /* room for one at each page of a unit */
	size_t nr_runs;
	const struct unit *unit;
	struct filter_stats stats;
};

/* Return whether pages of a class are not saved: the level excludes them, and no fill has them. */
static bool is_excluded(const struct filter *f, enum page_class c)
{
	static const unsigned int levels[NR_PAGE_CLASSES] = {
		[PAGE_CACHE] = DL_CACHE | DL_CACHE_PRIVATE,
		[PAGE_CACHE_PRIVATE] = DL_CACHE_PRIVATE,
		[PAGE_USER] = DL_USER,
		[PAGE_FREE] = DL_FREE,
	};

	if (c == PAGE_HWPOISON || c == PAGE_OFFLINE)
		return f->drop_offline;
	return f->layout.level & levels[c] & ~(f->order ? f->order->kept : 0);
}

static void note_run(void *ctx, pfn_t start, uint64_t nr_pages, enum page_class c)
{
	struct worker *w = ctx;

	w->runs[w->nr_runs++] = (struct found_run){ start, nr_pages, c };
}

/* Count the pages of a run that were dumpable until now, and drop them; or note their class. */
static void take_run(struct worker *w, const struct found_run *r)
{
	pfn_t end = r->start + r->nr_pages;

	if (!is_excluded(w->f, r->class)) {
		if (w->f->order)
			page_order_mark(w->f->order, r->start, end, r->class);
		return;
	}
	w->stats.pages[r->class] += bitmap_clear_range(w->f->dumpable, r->start, end);
	if (w->f->wanted && (r->class == PAGE_HWPOISON || r->class == PAGE_OFFLINE))
		bitmap_clear_range(w->f->wanted, r->start, end);
}

/* Keep the pages of struct pages that are not theirs, as if these could not be read. */
static void disbelieve(struct worker *w, pfn_t start, pfn_t end)
{
	uint64_t nr = bitmap_count(w->f->dumpable, start, end);

	w->stats.pages[PAGE_UNREADABLE] += nr;
	w->stats.disbelieved += nr;
}

/* Classify the struct pages in [from, to), byte offsets within the unit; partial ones not. */
static void classify_range(void *ctx, const uint8_t *bytes, uint64_t from, uint64_t to)
{
	struct worker *w = ctx;
	const struct unit *u = w->unit;
	const struct page_layout *l = &w->f->layout;
	uint64_t first = div_round_up(from, l->size), end = to / l->size, odd = 0, slabs = 0;
	pfn_t start = u->pfns.start + first;

	w->nr_runs = 0;
	while (first < end) {
		pfn_t pfn = u->pfns.start + first;
		const struct pfn_range *image = pfn_set_next(&w->f->image, pfn);
		bool inside = image && image->start <= pfn;
		struct classify_counts counts;
		uint64_t n = end - first;

		if (image)
			n = min_u64(n, (inside ? image->end : image->start) - pfn);
		counts = classify_pages(inside ? &w->f->image_layout : l,
					bytes + (first * l->size - from), n, pfn,
					u->pages + first * l->size, note_run, w);
		odd += counts.odd;
		slabs += counts.slabs;
		first += n;
	}
	w->stats.odd += odd;
	end += u->pfns.start;
	if (odd > 1 && odd > (end - start) / ODD_USUAL) {
		disbelieve(w, start, end);
		return;
	}
	w->stats.slabs += slabs;
	for (size_t i = 0; i < w->nr_runs; i++)
		take_run(w, &w->runs[i]);
}

static void count_unreadable(void *ctx, uint64_t from, uint64_t to)
{
	struct worker *w = ctx;
	const struct unit *u = w->unit;
	uint32_t size = w->f->layout.size;

	w->stats.pages[PAGE_UNREADABLE] +=
		bitmap_count(w->f->dumpable, min_u64(u->pfns.start + from / size, u->pfns.end),
			     min_u64(u->pfns.start + div_round_up(to, size), u->pfns.end));
}

static int filter_work(void *ctx, void *worker, void *batch)
{
	struct worker *w = worker;
	const struct unit *u = batch;
	const struct struct_pages_walk walk = {
		.k = w->f->k,
		.reader = w->reader,
		.buf = w->buf,
		.ctx = w,
		.found = classify_range,
		.lost = count_unreadable,
	};

	(void)ctx;
	/* Nothing of it is to be dumped anyway: spare the reading. */
	if (bitmap_next_set(w->f->dumpable, u->pfns.start, u->pfns.end) == u->pfns.end)
		return 0;
	w->unit = u;
	struct_pages_walk(&walk, u->pages, (u->pfns.end - u->pfns.start) * w->f->layout.size);
	return 0;
}

static int filter_claim(void *ctx, void *batch)
{
	struct filter *f = ctx;
	struct unit *u = batch;
	const struct memmap_range *r;

	progress_update(&f->progress, f->done);
	if (f->range == f->map.nr_ranges)
		return 0;
	r = &f->map.ranges[f->range];
	u->pfns.start = max_u64(f->next, r->start);
	/* Units are aligned, so that few blocks reach over the end of one. */
	u->pfns.end = min_u64(u->pfns.start / UNIT_PAGES * UNIT_PAGES + UNIT_PAGES, r->end);
	u->pages = r->pages + (u->pfns.start - r->start) * f->layout.size;
	f->next = u->pfns.end;
	f->done += u->pfns.end - u->pfns.start;
	if (f->next == r->end)
		f->range++;
	return 1;
}

static const struct pipeline_ops filter_pipeline = {
	.claim = filter_claim,
	.work = filter_work,
};

/* @return 1 if there are too many pieces */
static int add_image_run(void *ctx, vaddr_t va, paddr_t pa, uint64_t len)
{
	struct filter *f = ctx;
	unsigned int shift = f->k->arch.page_shift;
	pfn_t pfn;

	(void)va;
	if (f->image.nr == IMAGE_PIECES_MAX)
		return 1;
	if (!kernel_pfn(f->k, pa >> shift, &pfn))
		pfn_set_add(&f->image, pfn, pfn + (len >> shift));
	return 0;
}

/* Find the pages that are mapped as the kernel image. */
static void find_image(struct filter *f, struct vmcore_reader *r)
{
	kernel_for_each_image_run(f->k, r, add_image_run, f);
	pfn_set_seal(&f->image);
}

/* Have classes of pages told that are not excluded, as far as that is possible. */
static void tell_more(struct filter *f)
{
	unsigned int more = page_layout_possible(f->k, DL_MAX & ~DL_ZERO) & ~f->layout.level;
	struct page_layout l;

	if (!more || page_layout_init(&l, f->k, f->layout.level | more))
		return;
	l.level = f->layout.level;
	f->layout = l;
}

static int prepare(struct filter *f, unsigned int level)
{
	struct vmcore_reader *r;
	int err = vmcore_reader_create(&r, f->k->vc);

	if (err)
		return err;
	err = memmap_init(&f->map, f->k, r);
	if (!err)
		err = page_layout_init(&f->layout, f->k, level);
	f->drop_offline = f->layout.level || f->layout.pg_hwpoison;
	if (!err && f->order)
		tell_more(f);
	f->image_layout = f->layout;
	f->image_layout.image = true;
	if (!err)
		find_image(f, r);
	if (!err)
		plausibility_begin(&f->plausibility, f->k, r, &f->map, f->dumpable);
	vmcore_reader_destroy(r);
	return err;
}

static void workers_destroy(struct worker *workers, unsigned int n)
{
	for (unsigned int i = 0; workers && i < n; i++) {
		vmcore_reader_destroy(workers[i].reader);
		free(workers[i].buf);
		free(workers[i].runs);
	}
	free(workers);
}

static int worker_init(struct worker *w, struct filter *f)
{
	int err = vmcore_reader_create(&w->reader, f->k->vc);

	w->f = f;
	w->buf = malloc((size_t)UNIT_PAGES * f->layout.size);
	w->runs = reallocarray(NULL, UNIT_PAGES, sizeof(*w->runs));
	return err || (w->buf && w->runs) ? err : -ENOMEM;
}

/* Make as many as there is memory for, at most n. */
static int workers_create(struct worker **ret, struct filter *f, unsigned int *n)
{
	struct worker *workers = calloc(*n, sizeof(*workers));
	unsigned int done = 0;

	while (workers && done < *n && !worker_init(&workers[done], f))
		done++;
	if (!done) {
		workers_destroy(workers, *n);
		return err_set(-ENOMEM, "no memory for a thread");
	}
	if (done < *n) {
		vmcore_reader_destroy(workers[done].reader);
		free(workers[done].buf);
		free(workers[done].runs);
	}
	*n = done;
	*ret = workers;
	return 0;
}

static int walk(struct filter *f, unsigned int nr_threads, struct filter_stats *stats)
{
	_cleanup_free_ void **threads = calloc(nr_threads, sizeof(*threads));
	unsigned int nr_units = nr_threads * UNITS_PER_THREAD;
	_cleanup_free_ void **batches = calloc(nr_units, sizeof(*batches));
	_cleanup_free_ struct unit *units = calloc(nr_units, sizeof(*units));
	struct worker *workers = NULL;
	int err;

	if (!threads || !batches || !units)
		return err_set(-ENOMEM, "no memory");
	err = workers_create(&workers, f, &nr_threads);
	if (err)
		return err;
	for (unsigned int i = 0; i < nr_threads; i++)
		threads[i] = &workers[i];
	for (unsigned int i = 0; i < nr_units; i++)
		batches[i] = &units[i];
	for (size_t i = 0; i < f->map.nr_ranges; i++)
		f->total += f->map.ranges[i].end - f->map.ranges[i].start;
	progress_begin(&f->progress, "Excluding unnecessary pages", f->total);
	err = pipeline_run(&filter_pipeline, f, threads, nr_threads, batches, nr_units);
	progress_end(&f->progress, !err);
	stats->seconds = progress_seconds(&f->progress);
	for (unsigned int i = 0; i < nr_threads; i++) {
		for (unsigned int c = 0; c < NR_PAGE_CLASSES; c++)
			stats->pages[c] += workers[i].stats.pages[c];
		stats->odd += workers[i].stats.odd;
		stats->disbelieved += workers[i].stats.disbelieved;
		stats->slabs += workers[i].stats.slabs;
	}
	workers_destroy(workers, nr_threads);
	return err;
}

/* Classify all pages, and check whether that can be true. */
static int classify_all(struct filter *f, unsigned int nr_threads, struct filter_stats *stats)
{
	int err;

	stats->bad_sections = f->map.bad_sections;
	stats->replaced_sections = f->map.replaced_sections;
	stats->undescribed =
		bitmap_count(f->dumpable, 0, f->dumpable->nbits) - f->plausibility.described;
	err = walk(f, nr_threads, stats);
	if (!err && f->layout.level)
		err = plausibility_check(&f->plausibility, &f->layout, &f->map, f->dumpable,
					 f->order, stats);
	TRACE(FILTER, "level %u: %s", f->layout.level, err ? err_text(err) : "done, plausible");
	return err;
}

/* Filter pages whose numbers in the bitmaps are those of their struct pages. */
static int filter_described(const struct kernel *k, unsigned int level, unsigned int nr_threads,
			    struct bitmap *dumpable, struct bitmap *wanted,
			    struct page_order *order, struct filter_stats *stats)
{
	struct filter f = { .k = k, .dumpable = dumpable, .wanted = wanted, .order = order };
	int err = prepare(&f, level & ~DL_ZERO);

	if (!err && (f.drop_offline || f.layout.told)) {
		err = classify_all(&f, nr_threads, stats);
	} else if (err && err != -ENOMEM && !(level & ~DL_ZERO)) {
		DEBUG_MSG("Offline and poisoned pages are not looked for: %s\n", err_text(err));
		err = 0;
	}
	memmap_deinit(&f.map);
	pfn_set_deinit(&f.image);
	return err;
}

/* The bitmaps and the order of filter_pages(), by the numbers that dom0 has for its pages. */
struct dom0_pages {
	const struct frames *frames;
	struct bitmap dumpable, wanted;
	struct page_order order;
};

static int dom0_pages_init(struct dom0_pages *d, const struct kernel *k, unsigned int level,
			   const struct bitmap *dumpable, const struct bitmap *wanted,
			   const struct page_order *order)
{
	int err;

	*d = (struct dom0_pages){ .frames = &k->dom0 };
	err = bitmap_init_stored(&d->dumpable, dumpable->nbits, k->vc->bitmaps);
	if (!err && wanted)
		err = bitmap_init_stored(&d->wanted, wanted->nbits, k->vc->bitmaps);
	if (err)
		return err;
	frames_to_pages(d->frames, dumpable, &d->dumpable);
	if (wanted)
		frames_to_pages(d->frames, wanted, &d->wanted);
	if (order)
		page_order_init(&d->order, k->vc, level, order->kept);
	return 0;
}

static void dom0_pages_deinit(struct dom0_pages *d)
{
	bitmap_deinit(&d->dumpable);
	bitmap_deinit(&d->wanted);
	page_order_deinit(&d->order);
}

/* Filter the pages that dom0 of a Xen host has, in the order of its own numbers. */
static int filter_dom0(const struct kernel *k, unsigned int level, unsigned int nr_threads,
		       struct bitmap *dumpable, struct bitmap *wanted, struct page_order *order,
		       struct filter_stats *stats)
{
	uint64_t all = bitmap_count(dumpable, 0, dumpable->nbits), own;
	struct dom0_pages d;
	int err = dom0_pages_init(&d, k, level, dumpable, wanted, order);

	own = err ? 0 : bitmap_count(&d.dumpable, 0, d.dumpable.nbits);
	if (!err)
		err = filter_described(k, level, nr_threads, &d.dumpable, wanted ? &d.wanted : NULL,
				       order ? &d.order : NULL, stats);
	if (!err) {
		frames_from_pages(d.frames, &d.dumpable, dumpable);
		if (wanted)
			frames_from_pages(d.frames, &d.wanted, wanted);
		if (order)
			page_order_take(order, &d.order, d.frames);
		stats->undescribed += all - min_u64(all, own);
	}
	dom0_pages_deinit(&d);
	return err;
}

int filter_pages(const struct kernel *k, unsigned int level, unsigned int nr_threads,
		 struct bitmap *dumpable, struct bitmap *wanted, struct page_order *order,
		 struct filter_stats *stats)
{
	return (k->dom0.nr ? filter_dom0 : filter_described)(k, level, nr_threads, dumpable, wanted,
							     order, stats);
}

int filter_possible(const struct kernel *k, unsigned int level, unsigned int *possible)
{
	struct vmcore_reader *r;
	struct page_layout l;
	struct memmap map;
	int err;

	*possible = level & DL_ZERO;
	if (*possible == level)
		return 0;
	err = vmcore_reader_create(&r, k->vc);
	if (err)
		return err;
	err = memmap_init(&map, k, r);
	vmcore_reader_destroy(r);
	if (err)
		return err;
	memmap_deinit(&map);
	*possible |= page_layout_possible(k, level);
	err = *possible == level ? 0 : page_layout_init(&l, k, level);
	TRACE(FILTER, "of level %u, %u is possible%s%s", level, *possible, err ? ": " : "",
	      err ? err_text(err) : "");
	return err;
}
