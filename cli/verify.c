// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/pipeline.h"
#include "lib/progress.h"
#include "lib/resources.h"
#include "lib/size_text.h"
#include "vmcore/notes.h"

/* Pages that one thread takes at a time, and memory that it needs. */
#define BATCH_PAGES 2048
#define THREAD_BYTES (8u << 20)
#define BATCHES_PER_THREAD 3

/* Faults that are printed; of those of one batch, all but the first are counted. */
#define PRINTED_MAX 20

struct batch {
	pfn_t start, end;
	uint64_t read, unreadable;
	char why[256]; /* of the first that is unreadable */
};

struct worker {
	struct vmcore_reader *reader;
	uint8_t *page;
};

struct verification {
	struct vmcore *vc;
	const struct bitmap *pages;
	struct verify_result *ret;
	pfn_t next;
	uint64_t done;
	unsigned int nr_printed;
	struct progress progress;
};

static void print_fault(struct verification *v, const char *text)
{
	if (v->nr_printed++ < PRINTED_MAX)
		report_error(text);
	else
		v->ret->not_printed++;
}

static void add_fault(void *ctx, const char *text)
{
	struct verification *v = ctx;

	v->ret->faults++;
	print_fault(v, text);
}

/* --- pages ---------------------------------------------------------------------- */

static int claim(void *ctx, void *batch)
{
	struct verification *v = ctx;
	struct batch *b = batch;

	*b = (struct batch){ .start = bitmap_next_set(v->pages, v->next, v->pages->nbits) };
	if (b->start == v->pages->nbits)
		return 0;
	b->end = bitmap_end_of_nth_set(v->pages, b->start, BATCH_PAGES);
	v->next = b->end;
	return 1;
}

static int work(void *ctx, void *worker, void *batch)
{
	const struct verification *v = ctx;
	struct worker *w = worker;
	struct batch *b = batch;

	for (pfn_t pfn = b->start; pfn < b->end; pfn = bitmap_next_set(v->pages, pfn + 1, b->end)) {
		int err = vmcore_read_page(w->reader, pfn, w->page);

		if (err == -ENOMEM)
			return err;
		b->read++;
		if (err && !b->unreadable++)
			snprintf(b->why, sizeof(b->why), "%s", err_text(err));
	}
	return 0;
}

static int commit(void *ctx, void *batch)
{
	struct verification *v = ctx;
	const struct batch *b = batch;
	char text[sizeof(b->why) + 64];

	v->done += b->read;
	progress_update(&v->progress, v->done);
	v->ret->unreadable += b->unreadable;
	if (b->unreadable > 1) {
		snprintf(text, sizeof(text), "%s; and %" PRIu64 " more up to page %#" PRIx64,
			 b->why, b->unreadable - 1, b->end - 1);
		print_fault(v, text);
	} else if (b->unreadable) {
		print_fault(v, b->why);
	}
	return 0;
}

static const struct pipeline_ops pipeline = {
	.claim = claim,
	.work = work,
	.commit = commit,
};

static int worker_init(struct worker *w, struct vmcore *vc)
{
	w->page = malloc(vc->page_size);
	if (!w->page)
		return err_set(-ENOMEM, "no memory for a page");
	return vmcore_reader_create(&w->reader, vc);
}

static int read_pages(struct verification *v, unsigned int nr_threads)
{
	unsigned int nr_batches = nr_threads * BATCHES_PER_THREAD;
	_cleanup_free_ struct worker *workers = calloc(nr_threads, sizeof(*workers));
	_cleanup_free_ struct batch *storage = calloc(nr_batches, sizeof(*storage));
	_cleanup_free_ void **threads = calloc(nr_threads, sizeof(*threads));
	_cleanup_free_ void **batches = calloc(nr_batches, sizeof(*batches));
	int err = 0;

	if (!workers || !storage || !threads || !batches)
		return err_set(-ENOMEM, "no memory");
	for (unsigned int i = 0; i < nr_batches; i++)
		batches[i] = &storage[i];
	for (unsigned int i = 0; !err && i < nr_threads; i++) {
		threads[i] = &workers[i];
		err = worker_init(&workers[i], v->vc);
	}
	if (!err) {
		progress_begin(&v->progress, "Reading pages", v->ret->pages);
		err = pipeline_run(&pipeline, v, threads, nr_threads, batches, nr_batches);
		progress_end(&v->progress, !err);
	}
	for (unsigned int i = 0; i < nr_threads; i++) {
		vmcore_reader_destroy(workers[i].reader);
		free(workers[i].page);
	}
	return err;
}

/* --- all of it ------------------------------------------------------------------ */

static void check_notes(struct verification *v)
{
	const struct vmcore *vc = v->vc;
	size_t len;
	int err = vc->notes ? notes_check(vc->notes, vc->notes_size, vc->swap, &len) : 0;

	/* The warning of a dump is the first: it may be another one. */
	if (err && strcmp(err_text(err), vc->warning))
		add_fault(v, err_text(err));
	/* A bare dump has no place for it but the memory. */
	if (!vc->vmcoreinfo && !vc->bare)
		add_fault(v, "the dump has no VMCOREINFO");
}

static int run(struct verification *v, unsigned int nr_threads)
{
	const struct vmcore_faults faults = { add_fault, v };
	int err;

	if (v->vc->warning[0])
		add_fault(v, v->vc->warning);
	else if (v->vc->incomplete)
		add_fault(v, "the dump is marked incomplete");
	check_notes(v);
	err = vmcore_check(v->vc, &faults);
	return err ? err : read_pages(v, nr_threads);
}

int verify(struct vmcore *vc, unsigned int nr_threads, struct verify_result *ret)
{
	_cleanup_bitmap_ struct bitmap pages = { 0 };
	struct verification v = { .vc = vc, .pages = &pages, .ret = ret };
	int err;

	*ret = (struct verify_result){ 0 };
	nr_threads =
		min_u64(nr_threads ? nr_threads : usable_cpus(), affordable_threads(THREAD_BYTES));
	err = vmcore_check_claim(vc);
	if (!err)
		err = bitmap_init_stored(&pages, vc->max_pfn, vc->bitmaps);
	if (!err)
		err = vmcore_bitmap(vc, VMCORE_EXPECTED, &pages);
	if (err)
		return err;
	ret->pages = bitmap_count(&pages, 0, pages.nbits);
	err = run(&v, nr_threads);
	if (!err && (ret->unreadable || ret->faults))
		err = err_set(-EBADMSG,
			      "%s is damaged or incomplete [unreadable pages: %" PRIu64
			      ", faults in headers and notes: %" PRIu64 "]",
			      vc->file.path, ret->unreadable, ret->faults);
	return err;
}

int verify_print(const struct vmcore *vc, const struct verify_result *r)
{
	uint64_t read = r->pages - r->unreadable;
	char size[SIZE_TEXT_MAX];

	if (r->not_printed)
		printf("Messages that are left out  : %u\n", r->not_printed);
	printf("Pages that were read        : %" PRIu64 " (%s)\n", read,
	       size_about(size, read << vc->page_shift));
	printf("Pages that are unreadable   : %" PRIu64 "\n", r->unreadable);
	printf("Faults in headers and notes : %" PRIu64 "\n", r->faults);
	if (fflush(stdout) || ferror(stdout))
		return err_errno(-errno, "cannot write to standard output");
	return 0;
}
