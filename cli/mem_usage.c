// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/mem_usage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "filter/filter.h"
#include "kernel/crashkernel.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/pipeline.h"
#include "lib/progress.h"
#include "lib/resources.h"
#include "lib/size_text.h"
#include "lib/zero.h"

/* Pages that one thread takes at a time, and memory that it needs. */
#define BATCH_PAGES 2048
#define THREAD_BYTES (8u << 20)
#define BATCHES_PER_THREAD 3

/* --- pages of zeros ------------------------------------------------------------- */

struct range {
	pfn_t start, end;
};

struct worker {
	struct vmcore_reader *reader;
	uint8_t *page; /* for one that lies in pieces */
	uint64_t zero, unreadable;
};

struct scan {
	struct vmcore *vc;
	const struct bitmap *pages;
	pfn_t next;
	uint64_t done;
	struct progress progress;
};

static int scan_claim(void *ctx, void *batch)
{
	struct scan *s = ctx;
	struct range *b = batch;

	progress_update(&s->progress, min_u64(s->done, s->progress.total));
	b->start = bitmap_next_set(s->pages, s->next, s->pages->nbits);
	if (b->start == s->pages->nbits)
		return 0;
	b->end = bitmap_end_of_nth_set(s->pages, b->start, BATCH_PAGES);
	s->next = b->end;
	s->done += BATCH_PAGES;
	return 1;
}

/* Look at the pages of [pfn, end), all of which are there. */
static void scan_run(const struct scan *s, struct worker *w, pfn_t pfn, pfn_t end)
{
	uint32_t page_size = s->vc->page_size;
	unsigned int shift = s->vc->page_shift;

	while (pfn < end) {
		const void *ptr;
		size_t got;
		int err = vmcore_get(w->reader, pfn << shift, (end - pfn) << shift, &ptr, &got);
		pfn_t whole = pfn + (err ? 0 : got >> shift);

		for (const uint8_t *p = ptr; pfn < whole; pfn++, p += page_size)
			w->zero += all_zero(p, page_size);
		if (!err && got >= page_size)
			continue;
		if (vmcore_read_page(w->reader, pfn++, w->page))
			w->unreadable++;
		else
			w->zero += all_zero(w->page, page_size);
	}
}

static int scan_work(void *ctx, void *worker, void *batch)
{
	const struct scan *s = ctx;
	const struct range *b = batch;

	for (pfn_t pfn = b->start; pfn < b->end;) {
		pfn_t end = bitmap_next_clear(s->pages, pfn, b->end);

		scan_run(s, worker, pfn, end);
		pfn = bitmap_next_set(s->pages, end, b->end);
	}
	return 0;
}

static const struct pipeline_ops scan_pipeline = {
	.claim = scan_claim,
	.work = scan_work,
};

static int worker_init(struct worker *w, struct vmcore *vc)
{
	int err = vmcore_reader_create(&w->reader, vc);

	w->page = malloc(vc->page_size);
	return err ? err : w->page ? 0 : err_set(-ENOMEM, "no memory");
}

/* Count the pages of a bitmap that hold nothing but zeros, and those that cannot be read. */
static int count_zero(struct vmcore *vc, const struct bitmap *pages, unsigned int nr_threads,
		      struct mem_usage *m)
{
	unsigned int nr_batches = nr_threads * BATCHES_PER_THREAD;
	_cleanup_free_ struct worker *workers = calloc(nr_threads, sizeof(*workers));
	_cleanup_free_ struct range *ranges = calloc(nr_batches, sizeof(*ranges));
	_cleanup_free_ void **threads = calloc(nr_threads, sizeof(*threads));
	_cleanup_free_ void **batches = calloc(nr_batches, sizeof(*batches));
	struct scan s = { .vc = vc, .pages = pages };
	int err = 0;

	if (!workers || !ranges || !threads || !batches)
		return err_set(-ENOMEM, "no memory");
	for (unsigned int i = 0; i < nr_batches; i++)
		batches[i] = &ranges[i];
	for (unsigned int i = 0; !err && i < nr_threads; i++) {
		threads[i] = &workers[i];
		err = worker_init(&workers[i], vc);
	}
	if (!err) {
		progress_begin(&s.progress, "Looking for pages of zeros",
			       bitmap_count(pages, 0, pages->nbits));
		err = pipeline_run(&scan_pipeline, &s, threads, nr_threads, batches, nr_batches);
		progress_end(&s.progress, !err);
	}
	for (unsigned int i = 0; i < nr_threads; i++) {
		m->zero += workers[i].zero;
		m->unreadable += workers[i].unreadable;
		vmcore_reader_destroy(workers[i].reader);
		free(workers[i].page);
	}
	return err;
}

/* --- all kinds ------------------------------------------------------------------ */

static int find_pages(const struct kernel *k, bool live, enum vmcore_bitmap_kind which,
		      struct bitmap *pages)
{
	int err = vmcore_bitmap(k->vc, which, pages);

	return err || !live ? err : crashkernel_exclude(k, pages);
}

/* Take a sample of the pages that a level keeps and level 31 excludes. */
static int sample(const struct kernel *k, bool live, unsigned int nr_threads, unsigned int level,
		  const struct bitmap *kept, struct estimate_sample *ret)
{
	_cleanup_bitmap_ struct bitmap pages = { 0 };
	struct filter_stats stats = { 0 };
	pfn_t start = 0, stop;
	int err = bitmap_init_stored(&pages, k->vc->max_pfn, k->vc->bitmaps);

	if (!err)
		err = find_pages(k, live, VMCORE_STORED, &pages);
	/* Every level above 1 excludes poisoned and offline pages, which must not be read. */
	if (!err)
		err = filter_pages(k, level, nr_threads, &pages, NULL, NULL, &stats);
	if (err)
		return err;
	while (bitmap_next_touched(&pages, &start, pages.nbits, &stop)) {
		for (uint64_t i = start / 64; i < div_round_up(stop, 64); i++)
			pages.words[i] &= ~kept->words[i];
		start = stop;
	}
	return estimate_take_sample(k->vc, &pages, ret);
}

static int estimate(const struct kernel *k, bool live, unsigned int nr_threads,
		    const struct bitmap *kept, struct mem_usage *m)
{
	const struct estimate_pages pages = {
		.kernel = m->kernel,
		.zero = m->zero,
		.cache = m->cache + m->cache_private,
		.user = m->user,
		.free = m->free,
	};
	struct estimate_samples samples;
	int err = estimate_take_sample(k->vc, kept, &samples.kept);

	if (!err)
		err = sample(k, live, nr_threads, DL_FREE, kept, &samples.used);
	if (!err)
		err = sample(k, live, nr_threads, DL_CACHE | DL_CACHE_PRIVATE | DL_USER, kept,
			     &samples.free);
	if (!err)
		estimate_levels(k->vc, &pages, &samples, m->levels);
	m->memory = estimate_memory(k->vc, kept);
	return err;
}

static int count(const struct kernel *k, bool live, unsigned int nr_threads, struct bitmap *pages,
		 struct mem_usage *m)
{
	struct filter_stats stats = { 0 };
	int err = find_pages(k, live, VMCORE_PRESENT, pages);

	if (err)
		return err;
	m->total = bitmap_count(pages, 0, pages->nbits);
	bitmap_deinit(pages);
	err = bitmap_init_stored(pages, k->vc->max_pfn, k->vc->bitmaps);
	if (!err)
		err = find_pages(k, live, VMCORE_STORED, pages);
	if (err)
		return err;
	m->absent = m->total - bitmap_count(pages, 0, pages->nbits);
	err = filter_pages(k, DL_MAX & ~DL_ZERO, nr_threads, pages, NULL, NULL, &stats);
	if (err)
		return err;
	m->cache = stats.pages[PAGE_CACHE];
	m->cache_private = stats.pages[PAGE_CACHE_PRIVATE];
	m->user = stats.pages[PAGE_USER];
	m->free = stats.pages[PAGE_FREE];
	m->hwpoison = stats.pages[PAGE_HWPOISON];
	m->offline = stats.pages[PAGE_OFFLINE];
	m->kernel = bitmap_count(pages, 0, pages->nbits);
	err = count_zero(k->vc, pages, nr_threads, m);
	m->kernel -= m->zero;
	return err ? err : estimate(k, live, nr_threads, pages, m);
}

int mem_usage_count(const struct kernel *k, bool live, unsigned int nr_threads,
		    struct mem_usage *ret)
{
	struct bitmap pages = { 0 };
	int err;

	*ret = (struct mem_usage){ 0 };
	nr_threads =
		min_u64(nr_threads ? nr_threads : usable_cpus(), affordable_threads(THREAD_BYTES));
	err = vmcore_check_claim(k->vc);
	if (!err)
		err = bitmap_init_stored(&pages, k->vc->max_pfn, k->vc->bitmaps);
	if (!err)
		err = count(k, live, nr_threads, &pages, ret);
	bitmap_deinit(&pages);
	return err;
}

static void print_estimates(const struct mem_usage *m)
{
	char size[SIZE_TEXT_MAX], more[SIZE_TEXT_MAX];

	printf("\nEstimated size of a dump, by level and compression:\n%-6s %12s", "LEVEL",
	       "PAGES");
	for (enum codec_id id = 0; id < NR_CODECS; id++)
		if (codec_supported(id))
			printf(" %11s", codec_name(id));
	for (size_t i = 0; i < ESTIMATE_LEVELS; i++) {
		const struct estimate_level *l = &m->levels[i];

		printf("\n%-6u %12" PRIu64, l->level, l->pages);
		for (enum codec_id id = 0; id < NR_CODECS; id++)
			if (codec_supported(id))
				printf(" %11s", size_about(size, l->bytes[id]));
	}
	printf("\n\nMemory needed to make a dump: about %s with one thread, %s for each thread "
	       "more\n",
	       size_about(size, m->memory.bytes), size_about(more, m->memory.per_thread));
}

int mem_usage_print(const struct kernel *k, const struct mem_usage *m)
{
	const struct {
		const char *type, *what;
		uint64_t pages;
		bool excludable, always;
	} rows[] = {
		{ "ZERO", "Pages filled with zero", m->zero, true, true },
		{ "NON_PRI_CACHE", "Page cache without private data", m->cache, true, true },
		{ "PRI_CACHE", "Page cache with private data", m->cache_private, true, true },
		{ "USER", "Memory of user processes", m->user, true, true },
		{ "FREE", "Free pages", m->free, true, true },
		{ "HWPOISON", "Pages with hardware errors", m->hwpoison, true, false },
		{ "OFFLINE", "Pages that are not in use by this system", m->offline, true, false },
		{ "ABSENT", "Pages that were left out before", m->absent, true, false },
		{ "KERN_DATA", "Memory of the kernel", m->kernel, false, true },
	};
	uint32_t page_size = k->vc->page_size;

	printf("%-15s %-20s %-11s %s\n", "TYPE", "PAGES", "EXCLUDABLE", "DESCRIPTION");
	for (int i = 0; i < 80; i++)
		putchar('-');
	putchar('\n');
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].pages || rows[i].always)
			printf("%-15s %-20" PRIu64 " %-11s %s\n", rows[i].type, rows[i].pages,
			       rows[i].excludable ? "yes" : "no", rows[i].what);
	}
	printf("\n%-24s%" PRIu32 "\n", "page size:", page_size);
	printf("%-24s%" PRIu64 "\n", "Total pages on system:", m->total);
	printf("%-24s%" PRIu64 " Byte\n", "Total size on system:", m->total * page_size);
	if (m->unreadable)
		printf("%-24s%" PRIu64 " page%s\n", "Could not be read:", m->unreadable,
		       plural_s(m->unreadable));
	print_estimates(m);
	if (fflush(stdout) || ferror(stdout))
		return err_errno(-errno, "cannot write to standard output");
	return 0;
}
