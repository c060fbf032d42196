// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/absent.h"
#include "filter/foreign_pages.h"
#include "filter/vmemmap.h"
#include "kernel/crashkernel.h"
#include "lib/checked.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/stop.h"
#include "lib/trace.h"
#include "output/writer.h"
#include "vmcore/guard.h"

static int pages_init(struct bitmap *b, const struct vmcore *vc)
{
	int err = bitmap_init_stored(b, vc->max_pfn, vc->bitmaps);

	if (err)
		return err_prefix(err, "memory up to physical address %#" PRIx64,
				  vc->max_pfn << vc->page_shift);
	return b->in_file ? 0 : vmcore_check_claim(vc);
}

/* The output: one file, or the parts of a split dump. */
struct outputs {
	const struct dump_request *req;
	struct dump_source source;
	struct page_order order;
	struct copy_part *parts;
	size_t nr;
};

static int create_writers(struct outputs *o)
{
	int err = 0;

	o->nr = o->req->nr_sinks;
	o->parts = calloc(o->nr, sizeof(*o->parts));
	if (!o->parts)
		return err_set(-ENOMEM, "no memory");
	for (size_t i = 0; !err && i < o->nr; i++) {
		struct writer **w = &o->parts[i].writer;

		err = o->req->elf ? elf_writer_create(w, &o->source, o->req->sinks[i]) :
				    kdump_writer_create(w, &o->source, o->req->sinks[i]);
	}
	return err;
}

static void destroy_writers(struct outputs *o)
{
	for (size_t i = 0; o->parts && i < o->nr; i++)
		writer_destroy(o->parts[i].writer);
	free(o->parts);
}

static uint64_t bytes_written(const struct dump_request *req)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < req->nr_sinks; i++)
		bytes += req->sinks[i]->written;
	return bytes;
}

/* Fill a bitmap with pages of the input. */
static int find_pages(const struct kernel *k, enum vmcore_bitmap_kind which, struct bitmap *b)
{
	int err = vmcore_bitmap(k->vc, which, b);

	return err || !vmcore_is_kcore(k->vc) ? err : crashkernel_exclude(k, b);
}

/* Fill an empty bitmap with the pages that the input has data of. */
static int fill(struct bitmap *b, const struct kernel *k)
{
	int err = pages_init(b, k->vc);

	return err ? err : find_pages(k, VMCORE_STORED, b);
}

/* Write the headers with the pages that exist; then b holds those with data. */
static int begin(struct outputs *o, struct bitmap *b, struct filter_stats *stats)
{
	int err = find_pages(o->req->kernel, VMCORE_PRESENT, b);

	if (err)
		return err;
	vmcore_check_places(o->req->kernel->vc);
	stats->original = bitmap_count(b, 0, b->nbits);
	if (o->req->level & ~DL_ZERO)
		find_absent_memory(o->req->kernel, b, &stats->absent);
	for (size_t i = 0; !err && i < o->nr; i++)
		err = writer_begin(o->parts[i].writer, b);
	if (err)
		return err;
	/* One bit per page is what memory there is for: the bitmap is used again. */
	bitmap_deinit(b);
	err = fill(b, o->req->kernel);
	stats->missing = stats->original - bitmap_count(b, 0, b->nbits);
	return err;
}

static int add_line(const struct dump_request *req, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Add a line to the eraseinfo. */
static int add_line(const struct dump_request *req, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return req->erase ? erase_list_note(req->erase, "# %s", text) : 0;
}

/* Save all pages, as far as it takes facts to exclude some. err says why. */
static int keep_all(struct outputs *o, struct bitmap *b, int err, struct dump_result *res)
{
	struct vmcore *vc = o->source.vc;
	unsigned int level = o->req->level & DL_ZERO;

	res->not_filtered = o->req->level & ~DL_ZERO;
	snprintf(res->not_filtered_why, sizeof(res->not_filtered_why), "%s", err_text(err));
	memset(res->filter.pages, 0, sizeof(res->filter.pages));
	o->source.level = level | vc->dump_level;
	page_order_forget_fill(&o->order);
	err = add_line(o->req, "dump level %u is not possible, %u is used: %s", o->req->level,
		       level, res->not_filtered_why);
	bitmap_deinit(b);
	return err ? err : fill(b, o->req->kernel);
}

/* Exclude what the level says. */
static int filter(struct outputs *o, struct bitmap *b, struct dump_result *res)
{
	const struct dump_request *req = o->req;
	int err = filter_pages(req->kernel, req->level, req->nr_threads, b,
			       req->verdicts ? &req->verdicts->include : NULL,
			       req->elf ? NULL : &o->order, &res->filter);

	return !err || req->stop_on_first_error || req->strict ? err : keep_all(o, b, err, res);
}

/* Exclude pages of other domains; where they cannot be found, they are kept. */
static int filter_foreign(const struct dump_request *req, struct bitmap *b, struct dump_result *res)
{
	int err = exclude_foreign_pages(req->kernel, req->exclude_foreign, b, &res->foreign);

	if (!err || req->strict)
		return err;
	snprintf(res->foreign_why, sizeof(res->foreign_why), "%s", err_text(err));
	return add_line(req, "pages of other domains are kept: %s", res->foreign_why);
}

/* Exclude struct pages of excluded pages; where they cannot be found, they are kept. */
static int filter_unused_vm(const struct dump_request *req, struct bitmap *b,
			    struct dump_result *res)
{
	int err = exclude_unused_vmemmap(req->kernel, b,
					 req->verdicts ? &req->verdicts->include : NULL,
					 &res->filter.unused_vmemmap);

	if (!err || req->stop_on_first_error || req->strict)
		return err;
	snprintf(res->unused_vm_why, sizeof(res->unused_vm_why), "%s", err_text(err));
	return add_line(req, "%s", res->unused_vm_why);
}

/* Leave out pages of [start, end), except those that extensions include. */
static void leave_out(const struct dump_request *req, struct bitmap *b, pfn_t start, pfn_t end)
{
	while (start < end) {
		pfn_t stop = end;

		if (req->verdicts)
			stop = bitmap_next_set(&req->verdicts->include, start, end);
		bitmap_clear_range(b, start, stop);
		start = stop < end ? bitmap_next_clear(&req->verdicts->include, stop, end) : end;
	}
}

static int keep_essential(struct outputs *o, struct bitmap *b, struct dump_result *res)
{
	const struct pfn_set *essential = &o->order.essential;
	uint64_t before = bitmap_count(b, 0, b->nbits);
	pfn_t pfn = 0;

	if (!essential->nr)
		return err_set(-ENOENT, "essential pages are not found");
	for (size_t i = 0; i < essential->nr; i++) {
		leave_out(o->req, b, pfn, min_u64(essential->ranges[i].start, b->nbits));
		pfn = essential->ranges[i].end;
	}
	leave_out(o->req, b, pfn, b->nbits);
	res->not_essential = before - bitmap_count(b, 0, b->nbits);
	return 0;
}

/* Decide which pages to save: the level, and above it the extensions. */
static int choose_pages(struct outputs *o, struct bitmap *b, struct dump_result *res)
{
	const struct dump_request *req = o->req;
	int err;

	if (req->verdicts)
		verdicts_limit(req->verdicts, b);
	err = filter(o, b, res);
	if (!err && req->exclude_foreign)
		err = filter_foreign(req, b, res);
	if (!err && req->verdicts)
		verdicts_apply(req->verdicts, b, &res->verdicts);
	if (!err && req->verdicts)
		page_order_raise(&o->order, &req->verdicts->include);
	if (!err && req->exclude_unused_vmemmap)
		err = filter_unused_vm(req, b, res);
	if (!err && (req->essential || !req->elf))
		page_order_complete(&o->order, req->kernel);
	if (!err && req->essential)
		err = keep_essential(o, b, res);
	return err;
}

/*
 * Parts begin at multiples of this many pages. Programs that read parts without putting them
 * together look at a bitmap word by word: crash since 8.0.1 fails on parts that begin elsewhere.
 */
#define PART_ALIGN 64

/* The smallest multiple of PART_ALIGN and of the block that the user wants. */
static uint64_t part_unit(uint64_t block_pages)
{
	uint64_t common = (block_pages | PART_ALIGN) & -(block_pages | PART_ALIGN);

	return block_pages ? block_pages / common * PART_ALIGN : PART_ALIGN;
}

/* The multiple of a unit that is nearest to a pfn. */
static pfn_t round_to(pfn_t pfn, uint64_t unit)
{
	return (pfn / unit + (pfn % unit >= div_round_up(unit, 2))) * unit;
}

/* Divide the pages among the parts, so that each has as many to save. */
static void divide(struct outputs *o, const struct bitmap *b)
{
	uint64_t total = bitmap_count(b, 0, b->nbits), done = 0;
	uint64_t unit = part_unit(o->req->block_pages);
	pfn_t pfn = 0, start = 0, last = b->nbits / unit * unit;

	for (size_t i = 0; i < o->nr; i++) {
		uint64_t until = total / o->nr * (i + 1) + min_u64(total % o->nr, i + 1);
		struct copy_part *p = &o->parts[i];

		pfn = bitmap_end_of_nth_set(b, pfn, until - done);
		done = until;
		p->start = start;
		p->end = i + 1 == o->nr ? b->nbits :
					  min_u64(max_u64(round_to(pfn, unit), start), last);
		start = p->end;
		if (o->nr > 1)
			kdump_writer_set_part(p->writer, p->start, p->end);
	}
}

static int set_pages(struct outputs *o, const struct bitmap *b)
{
	int err = 0;

	divide(o, b);
	for (size_t i = 0; !err && i < o->nr; i++)
		err = writer_set_pages(o->parts[i].writer, b);
	return err;
}

/* The rest, but the fill, will be about as compressible as what was written so far. */
static uint64_t estimate_missing(const struct dump_request *req, const struct copy_stats *copy,
				 uint64_t before, uint32_t page_size)
{
	uint64_t left = 0, refused = 0;

	for (enum order_class c = 0; c < NR_ORDER_CLASSES; c++)
		if (!copy->classes[c].fill)
			left += copy->classes[c].pages - copy->classes[c].copied;
	if (!copy->copied)
		left *= page_size;
	else
		left *= (double)(bytes_written(req) - before) / copy->copied;
	for (size_t i = 0; i < req->nr_sinks; i++)
		refused += req->sinks[i]->refused;
	return max_u64(left, refused);
}

static void end_part(struct copy_part *p, int err, bool complete)
{
	if (!p->err && !err)
		p->err = writer_finish(p->writer, complete);
	if (p->err && !p->why[0])
		snprintf(p->why, sizeof(p->why), "%s", err_text(p->err));
	/* Write the descriptors that can still be written; only the first error is returned. */
	if ((p->err || err) && writer_abort(p->writer))
		DEBUG_MSG("Some page descriptors could not be written either\n");
}

/* End each output; err is what keeps all of them from being whole. Returns the first error. */
static int end_parts(struct outputs *o, int err, bool complete)
{
	const struct copy_part *first = NULL;
	char why[512];

	snprintf(why, sizeof(why), "%s", err ? err_text(err) : "");
	for (size_t i = 0; i < o->nr; i++) {
		end_part(&o->parts[i], err, complete);
		if (o->parts[i].err && !first)
			first = &o->parts[i];
	}
	if (!err && !first)
		return 0;
	return first ? err_adopt(first->err, first->why) : err_adopt(err, why);
}

static void count_classes(const struct outputs *o, const struct bitmap *b, struct copy_stats *copy)
{
	for (enum order_class c = 0; c < NR_ORDER_CLASSES; c++) {
		struct class_stats *s = &copy->classes[c];

		s->fill = page_order_is_fill(&o->order, c);
		s->pages = copy->copied == copy->total ?
				   s->copied :
				   page_order_count(o->req->elf ? NULL : &o->order, b, c);
	}
}

static int copy(struct outputs *o, const struct bitmap *b, struct dump_result *res)
{
	const struct copy_options options = {
		.nr_threads = o->req->nr_threads,
		.stop_on_first_error = o->req->stop_on_first_error,
		.deadline = o->req->deadline,
	};
	uint64_t before;
	double start;
	int err = set_pages(o, b);

	before = bytes_written(o->req);
	if (!err) {
		res->phase = DUMP_COPY;
		stop_begin();
		err = copy_pages(o->parts, o->nr, b, &o->order, &options, &res->copy);
		stop_end();
		count_classes(o, b, &res->copy);
		res->filter.pages[PAGE_ZERO] = res->copy.zero;
	}
	if (guard_late()) {
		vmcore_warn(o->source.vc, "VMCORE became unreadable while it was read");
		o->source.vc->incomplete = true;
	}
	res->complete = !res->copy.lost && !o->source.vc->incomplete;
	start = clock_seconds();
	err = end_parts(o, err, res->complete && !res->copy.fill_end);
	TRACE(OUTPUT, "%" PRIu64 " of %" PRIu64 " pages copied, %" PRIu64 " unreadable: %s",
	      res->copy.copied, res->copy.total, res->copy.lost,
	      err	    ? err_text(err) :
	      res->complete ? "complete" :
			      "incomplete");
	res->finish_seconds = clock_seconds() - start;
	if (err) {
		res->complete = false;
		res->missing_bytes =
			estimate_missing(o->req, &res->copy, before, o->source.vc->page_size);
	}
	return err;
}

static void erase_copied(const void *ctx, paddr_t pa, void *buf, size_t len)
{
	erase_list_apply(ctx, pa, buf, len);
}

int dump_write(const struct dump_request *req, struct dump_result *res)
{
	struct outputs o = {
		.req = req,
		.source = {
			.kernel = req->kernel,
			.vc = req->kernel->vc,
			.level = req->level | req->kernel->vc->dump_level,
			.codec = req->codec,
			.codec_level = req->codec_level,
			.choose_codec = req->choose_codec,
			.excluded_vmemmap = req->exclude_unused_vmemmap ||
					    req->kernel->vc->excluded_vmemmap,
			.erase = req->erase,
		},
	};
	const struct kernel_overwrite erase = { erase_copied, req->erase };
	struct vmcore_reader *r;
	struct bitmap b = { 0 };
	int err;

	*res = (struct dump_result){ 0 };
	TRACE(OUTPUT, "level %u, %s, codec %s, %u threads, %zu outputs%s", req->level,
	      req->elf ? "ELF" : "kdump-compressed",
	      req->choose_codec ? "to be chosen" : codec_name(req->codec), req->nr_threads,
	      req->nr_sinks, req->stop_on_first_error ? ", stop on the first error" : "");
	err = vmcore_reader_create(&r, o.source.vc);
	if (err)
		return err;
	kernel_utsname(req->kernel, r, req->erase ? &erase : NULL, &o.source.utsname);
	vmcore_reader_destroy(r);
	err = pages_init(&b, o.source.vc);
	if (!err)
		err = create_writers(&o);
	if (!err) {
		page_order_init(&o.order, o.source.vc, req->elf ? DL_MAX : req->level, req->fill);
		err = begin(&o, &b, &res->filter);
	}
	if (!err) {
		res->phase = DUMP_FILTER;
		err = choose_pages(&o, &b, res);
	}
	if (!err) {
		res->phase = DUMP_LAYOUT;
		err = copy(&o, &b, res);
	}
	res->written = bytes_written(req);
	for (size_t i = 0; i < req->nr_sinks; i++)
		res->size += sink_size(req->sinks[i]);
	destroy_writers(&o);
	page_order_deinit(&o.order);
	bitmap_deinit(&b);
	return err;
}
