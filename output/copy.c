// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/page_layout.h"
#include "lib/checked.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/pipeline.h"
#include "lib/progress.h"
#include "lib/stop.h"
#include "output/copy_crew.h"

/* Pages between two runs that are read with them: a call costs as much. */
#define GAP_PAGES 4
/* The most bytes of runs that are read together: they are in the cache when they are looked at. */
#define TOGETHER_BYTES (256u << 10)
/* Pages whose keys are computed before they are put: they stay in the CPU's first cache. */
#define KEYS_AHEAD 4
/* Bytes that a fill leaves for the end of the dump, beside the eraseinfo. */
#define FILL_END_BYTES 4096

_Static_assert(NR_ORDER_CLASSES <= KDUMP_CLASSES, "a part has no room for the starts of classes");

struct copy {
	struct copy_part *parts;
	size_t nr_parts;
	size_t turn;  /* the part that is claimed from next */
	bool filling; /* what is claimed is of the fill */
	const struct copy_options *options;
	const struct bitmap *dumpable;
	const struct page_order *order; /* NULL: that of pfns */
	const struct erase_list *erase; /* NULL: nothing */
	uint32_t page_size;
	unsigned int page_shift;
	unsigned int batch_pages;
	bool drop_zero;
	bool forget;		    /* the sinks only count bytes */
	struct equal_pages *equal;  /* NULL: pages do not share data */
	bool hash;		    /* pages of other contents than one word do, too */
	struct codec_trial *trial;  /* of the first pages; NULL: it is over, or there is none */
	struct copy_worker checker; /* of the thread that commits, to compare pages with hash */
	struct copy_stats *stats;
	double last_put; /* when the last batch was put */
	struct progress progress;
};

static bool part_failed(const struct copy_part *p)
{
	return __atomic_load_n(&p->err, __ATOMIC_RELAXED);
}

/* Return whether no more of a part is to be copied. */
static bool part_ended(const struct copy_part *p)
{
	return part_failed(p) || __atomic_load_n(&p->filled, __ATOMIC_RELAXED);
}

/* The number of a page among the pages to be saved of its part. */
static uint64_t page_index(const struct copy *c, struct copy_part *p, pfn_t pfn)
{
	/* A new class begins anew. */
	if (pfn < p->counted) {
		p->counted = p->start;
		p->index = 0;
	}
	p->index += bitmap_count(c->dumpable, p->counted, pfn);
	p->counted = pfn;
	return p->index;
}

/* Take the next pages of a part's class, if it is its turn. Returns whether there are any. */
static bool take_pages(const struct copy *c, struct copy_part *p, struct page_batch *b)
{
	b->nr_runs = b->nr_pages = 0;
	if (c->filling != (c->order && page_order_is_fill(c->order, p->class)))
		return false;
	while (b->nr_pages < c->batch_pages) {
		pfn_t stop, pfn;

		pfn = page_order_next(c->order, c->dumpable, p->class, p->next, p->end,
				      c->batch_pages - b->nr_pages, &stop);
		p->next = pfn;
		if (pfn == p->end)
			break;
		b->runs[b->nr_runs++] = (struct page_run){ pfn, stop, page_index(c, p, pfn) };
		b->nr_pages += stop - pfn;
		p->next = stop;
	}
	return b->nr_pages;
}

/* Take the next pages of a part, of the first class that has any left. */
static bool take_class(const struct copy *c, struct copy_part *p, struct copy_batch *cb)
{
	while (!take_pages(c, p, &cb->pages)) {
		if (p->class + 1 == NR_ORDER_CLASSES)
			return false;
		p->class ++;
		p->next = p->start;
	}
	cb->part = p;
	cb->class = p->class;
	cb->fill = c->filling;
	return true;
}

/* Take the next pages of one part after the other. */
static bool take_turns(struct copy *c, struct copy_batch *cb)
{
	for (size_t i = 0; i < c->nr_parts; i++) {
		struct copy_part *p = &c->parts[c->turn++ % c->nr_parts];

		if (!part_ended(p) && take_class(c, p, cb))
			return true;
	}
	return false;
}

static void begin_classes(struct copy *c)
{
	for (size_t i = 0; i < c->nr_parts; i++) {
		c->parts[i].class = 0;
		c->parts[i].next = c->parts[i].start;
	}
}

/* The fill begins when nothing else of any part is left. */
static int copy_claim(void *ctx, void *batch)
{
	struct copy *c = ctx;

	if (c->trial && codec_trial_is_over(c->trial))
		return 0;
	if (take_turns(c, batch))
		return 1;
	if (c->filling || !c->order || !c->order->fill)
		return 0;
	c->filling = true;
	begin_classes(c);
	return take_turns(c, batch);
}

/* The number of the file that a page goes to. */
static unsigned int part_number(const struct copy *c, const struct copy_part *p)
{
	return p - c->parts;
}

/* Return whether a page of the input has these contents. */
static bool has_contents(const struct copy *c, struct copy_worker *w, pfn_t pfn,
			 const uint8_t *page)
{
	return !vmcore_read_page(w->reader, pfn, w->other) && !memcmp(w->other, page, c->page_size);
}

/* Let a page have the data of one that is equal. */
static void share(struct page_out *out, const struct equal_page *e)
{
	*out = (struct page_out){
		.fate = e->compressed ? OUT_COMPRESSED : OUT_RAW,
		.size = e->size,
		.shared = e->offset,
	};
}

/*
 * Find the page that a page shares data with, of those that were committed. The key becomes that
 * of the whole page if another one has its samples: this one stays the first that is found.
 * @param page its contents, or NULL: to be read into the worker's memory where they matter
 */
static const struct equal_page *find_equal(const struct copy *c, struct copy_worker *w,
					   unsigned int part, pfn_t pfn, const uint8_t *page,
					   struct page_key *key)
{
	const struct equal_page *e;

	while ((e = equal_pages_find(c->equal, part, key)) && key->kind != PAGE_KEY_WORD) {
		if (!page && !vmcore_read_page(w->reader, pfn, w->page))
			page = w->page;
		if (page && has_contents(c, w, e->pfn, page))
			break;
		*key = page && key->kind == PAGE_KEY_SAMPLES ?
			       page_key_whole(page, c->page_size) :
			       (struct page_key){ PAGE_KEY_NONE, 0 };
	}
	return e;
}

/* Compute the keys of the next pages of a batch; as_is: with the contents that the input has. */
static void key_pages(const struct copy *c, struct copy_batch *cb, const uint8_t *pages, size_t nr,
		      bool as_is)
{
	struct page_key *keys = &cb->keys[cb->pages.nr_pages];

	for (size_t i = 0; i < nr; i++) {
		keys[i] = page_key(pages + i * c->page_size, c->page_size, c->hash && as_is);
		if (c->equal)
			equal_pages_expect(c->equal, part_number(c, cb->part), &keys[i]);
	}
}

/*
 * Put a page that has its key. That a page which is equal was committed saves compressing it; it
 * is not what decides, since it depends on the other threads.
 */
static void put_page(const struct copy *c, struct copy_worker *w, struct copy_batch *cb, pfn_t pfn,
		     const uint8_t *page)
{
	struct page_batch *b = &cb->pages;
	struct page_key *key = &cb->keys[b->nr_pages];
	const struct equal_page *e;
	struct page_out *out = &b->pages[b->nr_pages++];
	uint8_t *to = b->data + (c->forget ? 0 : b->data_len);

	if (c->drop_zero && key->kind == PAGE_KEY_WORD && !key->value) {
		*out = (struct page_out){ .fate = OUT_ZERO };
		return;
	}
	e = c->equal ? find_equal(c, w, part_number(c, cb->part), pfn, page, key) : NULL;
	if (e) {
		share(out, e);
		return;
	}
	*out = (struct page_out){ .fate = OUT_COMPRESSED };
	if (w->codec)
		out->size = codec_compress(w->codec, page, to);
	if (!out->size) {
		out->fate = OUT_RAW;
		out->size = c->page_size;
		if (!c->forget)
			memcpy(to, page, c->page_size);
	}
	b->data_len += out->size;
}

static void put_lost(struct page_batch *b, int err)
{
	b->pages[b->nr_pages++] = (struct page_out){ .fate = OUT_UNREADABLE };
	if (!b->lost_err) {
		b->lost_err = err;
		snprintf(b->lost_why, sizeof(b->lost_why), "%s", err_text(err));
	}
}

/*
 * Copy a page by way of the worker's memory: one that is to be overwritten, that lies in
 * pieces, or that exists only in part.
 */
static void copy_one(const struct copy *c, struct copy_worker *w, struct copy_batch *cb, pfn_t pfn,
		     bool overwrite)
{
	int err = vmcore_read_page(w->reader, pfn, w->page);

	if (err) {
		put_lost(&cb->pages, err);
		return;
	}
	if (overwrite)
		erase_list_apply(c->erase, pfn << c->page_shift, w->page, c->page_size);
	key_pages(c, cb, w->page, 1, !overwrite);
	put_page(c, w, cb, pfn, w->page);
}

/* Copy the pages of [pfn, end), in none of which anything is to be overwritten. */
static void copy_as_is(const struct copy *c, struct copy_worker *w, struct copy_batch *cb,
		       pfn_t pfn, pfn_t end)
{
	while (pfn < end) {
		unsigned int ahead = 0;
		const void *ptr;
		size_t got = 0;
		int err = vmcore_get(w->reader, pfn << c->page_shift, (end - pfn) << c->page_shift,
				     &ptr, &got);
		pfn_t whole = pfn + (err ? 0 : got >> c->page_shift);

		for (const uint8_t *p = ptr; pfn < whole; pfn++, p += c->page_size) {
			if (!(ahead++ % KEYS_AHEAD))
				key_pages(c, cb, p, min_u64(KEYS_AHEAD, whole - pfn), true);
			put_page(c, w, cb, pfn, p);
		}
		if (err || got < c->page_size)
			copy_one(c, w, cb, pfn++, false);
	}
}

/* The first page from pfn on in which something is to be overwritten. */
static pfn_t next_erased(const struct copy *c, pfn_t pfn)
{
	return c->erase ? erase_list_next(c->erase, pfn << c->page_shift) >> c->page_shift :
			  UINT64_MAX;
}

/* Copy the pages of [pfn, end), all of which are to be saved. */
static void copy_run(const struct copy *c, struct copy_worker *w, struct copy_batch *cb, pfn_t pfn,
		     pfn_t end)
{
	while (pfn < end) {
		pfn_t erased = min_u64(next_erased(c, pfn), end);

		copy_as_is(c, w, cb, pfn, erased);
		if (erased < end)
			copy_one(c, w, cb, erased++, true);
		pfn = erased;
	}
}

/*
 * Let the runs from number i on that lie close together be read at once. Returns the number of
 * the first that does not.
 */
static unsigned int expect_runs(const struct copy *c, struct copy_worker *w,
				const struct page_batch *b, unsigned int i)
{
	pfn_t start = b->runs[i].start, end = b->runs[i].end;
	pfn_t limit = start + TOGETHER_BYTES / c->page_size;

	while (++i < b->nr_runs && b->runs[i].start - end <= GAP_PAGES && b->runs[i].end <= limit)
		end = b->runs[i].end;
	vmcore_expect(w->reader, start << c->page_shift, (end - start) << c->page_shift);
	return i;
}

static int copy_work(void *ctx, void *worker, void *batch)
{
	const struct copy *c = ctx;
	struct page_batch *b = &((struct copy_batch *)batch)->pages;
	unsigned int unexpected = 0;

	b->nr_pages = 0;
	b->data_len = 0;
	b->lost_err = 0;
	for (unsigned int i = 0; i < b->nr_runs; i++) {
		if (i == unexpected)
			unexpected = expect_runs(c, worker, b, i);
		copy_run(c, worker, batch, b->runs[i].start, b->runs[i].end);
	}
	return 0;
}

/*
 * Find the page that a page of a batch shares data with, or remember the page, whose data are
 * going to lie at an offset.
 */
static const struct equal_page *find_or_add(struct copy *c, struct copy_batch *cb, pfn_t pfn,
					    size_t i, uint64_t offset)
{
	unsigned int part = part_number(c, cb->part);
	const struct page_out *out = &cb->pages.pages[i];
	struct page_key *key = &cb->keys[i];
	const struct equal_page *e = find_equal(c, &c->checker, part, pfn, NULL, key);

	if (!e)
		equal_pages_add(c->equal, part, key,
				&(struct equal_page){
					.offset = offset,
					.pfn = pfn,
					.size = out->size,
					.compressed = out->fate == OUT_COMPRESSED,
				});
	return e;
}

/*
 * Let pages of a batch share data if they equal pages before them. It does not depend on the
 * number of threads: if put_page() found a page, this would find the same one.
 */
static void share_data(struct copy *c, struct copy_batch *cb)
{
	struct page_batch *b = &cb->pages;
	uint64_t offset = cb->part->writer->ops->data_offset(cb->part->writer);
	uint8_t *from = b->data, *to = b->data;
	size_t i = 0;

	for (unsigned int r = 0; r < b->nr_runs; r++) {
		for (pfn_t pfn = b->runs[r].start; pfn < b->runs[r].end; pfn++, i++) {
			struct page_out *out = &b->pages[i];
			size_t len = out->shared ? 0 : out->size;
			const struct equal_page *e =
				len ? find_or_add(c, cb, pfn, i, offset + (to - b->data)) : NULL;

			if (e)
				share(out, e);
			else if (len && to != from && !c->forget)
				memmove(to, from, len);
			to += e ? 0 : len;
			from += len;
		}
	}
	b->data_len = to - b->data;
}

/* Let a fill have the room that is not wanted for others, or for the end of the dump. */
static void limit_fill(struct copy_part *p)
{
	const struct dump_source *src = p->writer->source;
	uint64_t end =
		src->vc->eraseinfo_size + (src->erase ? src->erase->text_size : 0) + FILL_END_BYTES;
	struct sink *s = p->writer->sink;
	uint64_t room = sink_room(s);

	p->filling = true;
	p->limit = s->limit;
	if (room)
		s->limit = room > end ? room - end : 1;
}

static void end_fill(struct copy_part *p)
{
	if (p->filling)
		p->writer->sink->limit = p->limit;
	p->filling = false;
	__atomic_store_n(&p->filled, true, __ATOMIC_RELAXED);
}

/* Return whether it is room or time that a fill lacks, and take down which. */
static bool fill_ended(const struct copy *c, struct copy_part *p, int err)
{
	uint64_t limit = p->limit;

	if (err != -ECANCELED && err != -ENOSPC && err != -EDQUOT && err != -EFBIG)
		return false;
	end_fill(p);
	if (!c->stats->fill_end)
		snprintf(c->stats->fill_why, sizeof(c->stats->fill_why), "%s",
			 err != -EFBIG ? err_text(err) :
			 limit && limit <= sink_room(p->writer->sink) ?
					 "the limit of -L was reached" :
					 "the rest of the disk is a reserve");
	c->stats->fill_end = err;
	return true;
}

/* Take down the error of a part, which gets no more pages. */
static int fail_part(struct copy_part *p, int err)
{
	snprintf(p->why, sizeof(p->why), "%s", err_text(err));
	__atomic_store_n(&p->err, err, __ATOMIC_RELAXED);
	return err;
}

static void sync_parts(const struct copy *c)
{
	for (size_t i = 0; i < c->nr_parts; i++) {
		struct copy_part *p = &c->parts[i];
		int err = part_failed(p) ? 0 : sink_sync(p->writer->sink);

		if (err)
			fail_part(p, err);
	}
}

static int put_batch(const struct copy *c, struct copy_part *p, const struct copy_batch *cb)
{
	int err = stop_check(c->options->deadline);

	/* Each class is safe before the next one begins. */
	if (!err && cb->class != p->last_class)
		err = writer_begin_class(p->writer, page_order_position(c->order, cb->class));
	if (!err && cb->fill && !p->filling)
		limit_fill(p);
	p->last_class = cb->class;
	if (!err)
		err = writer_put(p->writer, &cb->pages);
	if (!err || (cb->fill && fill_ended(c, p, err)))
		return err;
	return fail_part(p, err);
}

/* Put a batch of the first pages, and take its time. */
static int put_trial(const struct copy *c, struct copy_part *p, const struct copy_batch *cb)
{
	double start = clock_seconds();
	int err = put_batch(c, p, cb);

	if (!err && codec_trial_take(c->trial, &cb->pages))
		sync_parts(c);
	codec_trial_spend(c->trial, clock_seconds() - start);
	return err ? err : p->err;
}

static void count_class(struct copy *c, const struct copy_batch *cb)
{
	struct class_stats *s = &c->stats->classes[cb->class];
	double now = clock_seconds();

	s->copied += cb->pages.nr_pages;
	s->bytes += cb->pages.data_len;
	s->file_bytes = 0;
	for (size_t i = 0; i < c->nr_parts; i++)
		s->file_bytes += sink_size(c->parts[i].writer->sink);
	s->seconds += now - c->last_put;
	c->last_put = now;
}

static int copy_commit(void *ctx, void *batch)
{
	struct copy *c = ctx;
	struct copy_batch *cb = batch;
	const struct page_batch *b = &cb->pages;
	struct copy_part *p = cb->part;

	/* The batch was claimed before its part failed. */
	if (part_ended(p))
		return 0;
	if (c->equal)
		share_data(c, cb);
	if (c->trial ? put_trial(c, p, cb) : put_batch(c, p, cb))
		return c->options->stop_on_first_error ? p->err : 0;
	count_class(c, cb);
	c->stats->copied += b->nr_pages;
	for (unsigned int i = 0; i < b->nr_pages; i++) {
		c->stats->zero += b->pages[i].fate == OUT_ZERO;
		c->stats->lost += b->pages[i].fate == OUT_UNREADABLE;
		c->stats->shared += b->pages[i].shared != 0;
	}
	if (b->lost_err && !c->stats->lost_why[0])
		snprintf(c->stats->lost_why, sizeof(c->stats->lost_why), "%s", b->lost_why);
	progress_update(&c->progress, c->stats->copied);
	return 0;
}

static const struct pipeline_ops copy_pipeline = {
	.claim = copy_claim,
	.work = copy_work,
	.commit = copy_commit,
};

/* Copy the pages that are left, or with a trial the first of them. */
static int run_threads(struct copy *c, const struct dump_source *src, enum codec_id codec,
		       unsigned int nr_threads)
{
	struct copy_crew crew;
	int err = copy_crew_hire(&crew, src, codec, nr_threads);

	/* Half as many leave room for the windows that each of them reads through. */
	while (err && nr_threads > 1) {
		nr_threads /= 2;
		err = copy_crew_hire(&crew, src, codec, nr_threads);
	}
	if (err)
		return err;
	err = pipeline_run(&copy_pipeline, c, crew.workers, crew.nr_workers, crew.batches,
			   crew.nr_batches);
	copy_crew_dismiss(&crew);
	return err;
}

/* Have the writers use a codec, which was chosen with pages left. */
static void set_codec(const struct copy *c, enum codec_id codec)
{
	for (size_t i = 0; i < c->nr_parts; i++) {
		struct copy_part *p = &c->parts[i];
		int err = part_failed(p) ? 0 : writer_set_codec(p->writer, codec);

		if (err)
			fail_part(p, err);
	}
}

/* Copy the first pages as they are, and choose a codec for the others. */
static int try_codecs(struct copy *c, const struct dump_source *src)
{
	struct codec_choice *choice = &c->stats->choice;
	struct codec_trial trial;
	int err = codec_trial_init(&trial, c->page_size, c->stats->total);

	if (err)
		return err;
	c->trial = &trial;
	err = run_threads(c, src, CODEC_NONE, 1);
	c->trial = NULL;
	if (!err && c->stats->copied < c->stats->total)
		codec_trial_choose(&trial, c->options->nr_threads, choice);
	if (choice->made)
		set_codec(c, choice->codec);
	codec_trial_deinit(&trial);
	return err;
}

static int copy_all(struct copy *c, const struct dump_source *src)
{
	int err = 0;

	progress_begin(&c->progress, "Copying data", c->stats->total);
	if (src->choose_codec)
		err = try_codecs(c, src);
	if (!err)
		err = run_threads(c, src,
				  c->stats->choice.made ? c->stats->choice.codec : src->codec,
				  c->options->nr_threads);
	progress_end(&c->progress, c->stats->copied == c->stats->total);
	c->stats->seconds = progress_seconds(&c->progress);
	return err;
}

/* Prepare to let pages share data. They do not where there is no memory for it. */
static void begin_sharing(struct copy *c, struct equal_pages *equal, const struct dump_source *src)
{
	if (!c->parts->writer->ops->data_offset || copy_worker_init(&c->checker, src, CODEC_NONE))
		return;
	equal_pages_init(equal, c->stats->total);
	c->equal = equal;
	c->hash = !vmcore_is_kcore(src->vc);
}

int copy_pages(struct copy_part *parts, size_t nr_parts, const struct bitmap *dumpable,
	       const struct page_order *order, const struct copy_options *options,
	       struct copy_stats *stats)
{
	const struct dump_source *src = parts->writer->source;
	struct copy c = {
		.parts = parts,
		.nr_parts = nr_parts,
		.options = options,
		.dumpable = dumpable,
		.order = parts->writer->ops->any_order ? order : NULL,
		.erase = src->erase,
		.page_size = src->vc->page_size,
		.page_shift = src->vc->page_shift,
		.batch_pages = copy_batch_pages(src->vc->page_size),
		.drop_zero = src->level & DL_ZERO,
		.forget = true,
		.stats = stats,
	};
	struct equal_pages equal = { 0 };
	int err;

	*stats = (struct copy_stats){ .total = bitmap_count(dumpable, 0, dumpable->nbits) };
	for (size_t i = 0; i < nr_parts; i++) {
		struct copy_part *p = &parts[i];

		p->counted = p->start;
		p->last_class = NR_ORDER_CLASSES;
		c.forget &= p->writer->sink->ops->forgets;
	}
	begin_classes(&c);
	c.last_put = clock_seconds();
	begin_sharing(&c, &equal, src);
	err = copy_all(&c, src);
	for (size_t i = 0; i < nr_parts; i++)
		end_fill(&parts[i]);
	copy_worker_deinit(&c.checker);
	equal_pages_deinit(&equal);
	for (size_t i = 0; i < nr_parts; i++) {
		/* The caller sees it there. */
		if (parts[i].err)
			return 0;
	}
	return err;
}
