// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lib/checked.h"
#include "lib/err.h"
#include "lib/log.h"
#include "output/writer.h"

static int pages_init(struct bitmap *b, const struct vmcore *vc)
{
	int err = bitmap_init(b, vc->max_pfn);

	return err ? err_prefix(err, "memory up to physical address %#" PRIx64,
				vc->max_pfn << vc->page_shift) : 0;
}

/* Write the headers with the pages that exist; then b holds those with data. */
static int begin(struct writer *w, struct bitmap *b, struct filter_stats *stats)
{
	struct vmcore *vc = w->source->vc;
	int err = vmcore_bitmap(vc, VMCORE_EXISTS, b);

	if (err)
		return err;
	stats->original = bitmap_count(b, 0, b->nbits);
	err = writer_begin(w, b);
	if (err)
		return err;
	/* One bit per page is what memory there is for: the bitmap is used again. */
	bitmap_deinit(b);
	err = pages_init(b, vc);
	if (!err)
		err = vmcore_bitmap(vc, VMCORE_HAS_DATA, b);
	stats->missing = stats->original - bitmap_count(b, 0, b->nbits);
	return err;
}

/* Decide which pages to save: the level, and above it the extensions. */
static int choose_pages(const struct dump_request *req, struct bitmap *b, struct dump_result *res)
{
	int err;

	if (req->verdicts)
		verdicts_limit(req->verdicts, b);
	err = filter_pages(req->kernel, req->level, req->nr_threads, b,
			   req->verdicts ? &req->verdicts->include : NULL, &res->filter);
	if (!err && req->verdicts)
		verdicts_apply(req->verdicts, b, &res->verdicts);
	return err;
}

/* The rest will be about as compressible as what was written so far. */
static uint64_t estimate_missing(const struct sink *sink, const struct copy_stats *copy,
				 uint64_t before, uint32_t page_size)
{
	uint64_t left = copy->total - copy->copied;

	if (!copy->copied)
		left *= page_size;
	else
		left *= (double)(sink->written - before) / copy->copied;
	return max_u64(left, sink->refused);
}

static int copy(struct writer *w, const struct dump_request *req, const struct bitmap *b,
		struct dump_result *res)
{
	uint64_t before;
	int err = writer_set_pages(w, b);

	before = req->sink->written;
	if (!err) {
		res->has_pages = true;
		err = copy_pages(w, b, req->nr_threads, &res->copy);
		res->filter.pages[PAGE_ZERO] = res->copy.zero;
	}
	if (!err) {
		res->complete = !res->copy.lost && !w->source->vc->incomplete;
		err = writer_finish(w, res->complete);
	}
	if (err) {
		char why[512];

		snprintf(why, sizeof(why), "%s", err_text(err));
		res->complete = false;
		res->missing_bytes = estimate_missing(req->sink, &res->copy, before,
						      w->source->vc->page_size);
		/* What can still be written down is; only the first error is told. */
		if (writer_abort(w))
			DEBUG_MSG("Some page descriptors could not be written either\n");
		err_adopt(err, why);
	}
	return err;
}

int dump_create(const struct dump_request *req, struct dump_result *res)
{
	struct dump_source source = {
		.kernel = req->kernel,
		.vc = req->kernel->vc,
		.level = req->level | req->kernel->vc->dump_level,
		.codec = req->codec,
		.erase = req->erase,
	};
	struct writer *w = NULL;
	struct vmcore_reader *r;
	struct bitmap b = { 0 };
	int err;

	*res = (struct dump_result){ 0 };
	err = vmcore_reader_create(&r, source.vc);
	if (err)
		return err;
	kernel_utsname(req->kernel, r, req->erase, &source.utsname);
	vmcore_reader_destroy(r);
	err = vmcore_check_claim(source.vc);
	if (!err)
		err = pages_init(&b, source.vc);
	if (!err)
		err = req->elf ? elf_writer_create(&w, &source, req->sink) :
		      kdump_writer_create(&w, &source, req->sink);
	if (!err)
		err = begin(w, &b, &res->filter);
	if (!err) {
		res->filtering = true;
		err = choose_pages(req, &b, res);
	}
	if (!err) {
		res->filtering = false;
		err = copy(w, req, &b, res);
	}
	writer_destroy(w);
	bitmap_deinit(&b);
	return err;
}
