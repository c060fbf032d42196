// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/classes.h"
#include "lib/log.h"
#include "lib/size_text.h"

const struct report_kind report_kinds[] = {
	{ PAGE_ZERO, "Pages filled with zero", "zero", DL_ZERO },
	{ PAGE_CACHE, "Non-private cache pages", "cache", DL_CACHE },
	{ PAGE_CACHE_PRIVATE, "Private cache pages", "cache_private", DL_CACHE_PRIVATE },
	{ PAGE_USER, "User process data pages", "user", DL_USER },
	{ PAGE_FREE, "Free pages", "free", DL_FREE },
	{ PAGE_HWPOISON, "Hwpoison pages", "hwpoison", 0 },
	{ PAGE_OFFLINE, "Offline pages", "offline", 0 },
};
const size_t nr_report_kinds = ARRAY_SIZE(report_kinds);

void report_error(const char *text)
{
	mdf_log(MDF_LOG_ERROR, NULL, "makedumpfile: %s\n", text);
}

void report_remember(struct report *rep, const char *text)
{
	if (rep->nr_warnings < WARNINGS_MAX)
		snprintf(rep->warnings[rep->nr_warnings++], WARNING_BYTES, "%s", text);
}

void report_warning(struct report *rep, const char *text)
{
	report_error(text);
	report_remember(rep, text);
}

void report_take_dump(struct report *rep, const struct dump_request *req,
		      const struct dump_result *res)
{
	if (rep->nr_levels < LEVELS_MAX)
		rep->levels[rep->nr_levels++] = req->level;
	rep->codec = res->copy.choice.made ? res->copy.choice.codec : req->codec;
	rep->codec_level = req->codec_level;
	rep->nr_threads = req->nr_threads;
	rep->dump = *res;
}

void report_take_extensions(struct report *rep, struct extension_result *ext)
{
	rep->has_extensions = true;
	rep->extensions_ran = ext->ran;
	rep->extensions_failed = ext->failed;
	snprintf(rep->extensions_why, sizeof(rep->extensions_why), "%s", ext->failed_why);
	rep->ranges_erased = ext->erasures.nr;
	rep->reports = ext->reports;
	rep->nr_reports = ext->nr_reports;
	ext->reports = NULL;
}

struct report_pages report_count(const struct report *rep)
{
	const struct dump_result *res = &rep->dump;
	struct report_pages p = {
		.total = rep->vc->max_pfn,
		.holes = rep->vc->max_pfn - res->filter.original,
		.original = res->filter.original,
		.excluded = res->filter.missing,
	};

	for (size_t i = 0; i < nr_report_kinds; i++)
		p.excluded += res->filter.pages[report_kinds[i].class];
	p.excluded += res->verdicts.excluded - res->verdicts.included + res->filter.unused_vmemmap +
		      res->not_essential + res->foreign;
	p.remaining = p.original - p.excluded;
	return p;
}

static void show_not_filtered(const struct report *rep)
{
	char kinds[128] = "";

	for (size_t i = 0; i < nr_report_kinds; i++) {
		size_t len = strlen(kinds);

		if (report_kinds[i].level & rep->not_filtered)
			snprintf(kinds + len, sizeof(kinds) - len, "%s%s", len ? ", " : "",
				 report_kinds[i].key);
	}
	REPORT_MSG("Not filtered : %s (%s)\n", kinds, rep->not_filtered_why);
}

static void show_extensions(const struct report *rep)
{
	REPORT_MSG("Extensions that ran : %u\n", rep->extensions_ran);
	if (rep->extensions_failed)
		REPORT_MSG("Extensions that did not run : %u (%s%s)\n", rep->extensions_failed,
			   rep->extensions_failed > 1 ? "the first: " : "", rep->extensions_why);
	if (rep->ranges_erased)
		REPORT_MSG("Ranges that were overwritten : %zu\n", rep->ranges_erased);
	REPORT_MSG("\n");
}

/* A number as scripts know it, and for people. */
static void show_pages(const struct report *rep, const char *label, uint64_t pages)
{
	char size[SIZE_TEXT_MAX];

	REPORT_MSG("%s: 0x%016" PRIx64 "  %" PRIu64 " page%s, %s\n", label, pages, pages,
		   plural_s(pages), size_about(size, pages << rep->vc->page_shift));
}

static void show_kind(const struct report *rep, const char *kind, uint64_t pages)
{
	char label[40];

	snprintf(label, sizeof(label), "    %-24s", kind);
	show_pages(rep, label, pages);
}

void report_show_choice(const struct report *rep)
{
	const struct codec_choice *c = &rep->dump.copy.choice;

	if (!c->made)
		return;
	MSG("\nCompression: %s, chosen for %u thread%s and a target of %.0f MB/s",
	    codec_name(c->codec), c->nr_threads, plural_s(c->nr_threads),
	    c->target_bytes_per_second / 1e6);
	for (enum codec_id id = 0; id < NR_CODECS; id++)
		if (c->speeds[id].bytes_per_second)
			MSG("; %s: %.0f MB/s a thread, to %.0f%%", codec_name(id),
			    c->speeds[id].bytes_per_second / 1e6, c->speeds[id].ratio * 100);
	MSG(".\n");
}

void report_show(const struct report *rep)
{
	const struct dump_result *res = &rep->dump;
	const struct filter_stats *f = &res->filter;
	struct report_pages p = report_count(rep);
	char size[SIZE_TEXT_MAX];

	REPORT_MSG("STEP [Excluding unnecessary pages] : %f seconds\n", f->seconds);
	REPORT_MSG("STEP [Copying data               ] : %f seconds\n", res->copy.seconds);
	REPORT_MSG("\n");
	show_pages(rep, "Original pages  ", p.original);
	show_pages(rep, "  Excluded pages   ", p.excluded);
	for (size_t i = 0; i < nr_report_kinds; i++)
		show_kind(rep, report_kinds[i].label, f->pages[report_kinds[i].class]);
	if (rep->has_extensions) {
		show_kind(rep, "Excluded by extensions", res->verdicts.excluded);
		show_kind(rep, "Kept by extensions", res->verdicts.included);
	}
	if (rep->plan->create.essential)
		show_kind(rep, "Not essential", res->not_essential);
	if (rep->plan->create.exclude_foreign)
		show_kind(rep, "Of other domains of Xen", res->foreign);
	if (rep->plan->create.exclude_unused_vm)
		show_kind(rep, "Unused struct pages", f->unused_vmemmap);
	if (f->missing)
		show_kind(rep, "Excluded before", f->missing);
	show_pages(rep, "  Remaining pages  ", p.remaining);
	REPORT_MSG("  (The number of pages is reduced to %" PRIu64 "%%.)\n",
		   p.original ? p.remaining * 100 / p.original : 0);
	show_pages(rep, "Memory Hole     ", p.holes);
	REPORT_MSG("--------------------------------------------------\n");
	show_pages(rep, "Total pages     ", p.total);
	REPORT_MSG("Write bytes     : %" PRIu64 "\n", res->written);
	REPORT_MSG("File size       : %" PRIu64 " bytes, %s\n", res->size,
		   size_about(size, res->size));
	if (f->pages[PAGE_UNREADABLE])
		REPORT_MSG("Kept because their struct page could not be read : %" PRIu64
			   " page%s\n",
			   f->pages[PAGE_UNREADABLE], plural_s(f->pages[PAGE_UNREADABLE]));
	if (rep->not_filtered)
		show_not_filtered(rep);
	if (f->undescribed)
		REPORT_MSG("Kept because they have no struct page            : %" PRIu64
			   " page%s\n",
			   f->undescribed, plural_s(f->undescribed));
	if (f->odd)
		REPORT_MSG("Inconsistent struct pages                        : %" PRIu64 "\n",
			   f->odd);
	if (f->absent.bytes)
		REPORT_MSG("Memory of the kernel that VMCORE lacks           : %" PRIu64 " MiB\n",
			   f->absent.bytes >> 20);
	if (!rep->plan->create.elf)
		classes_show(&res->copy);
	if (!rep->plan->create.elf)
		REPORT_MSG("Share the data of an equal page                  : %" PRIu64
			   " page%s\n",
			   res->copy.shared, plural_s(res->copy.shared));
	if (res->copy.lost)
		REPORT_MSG("Lost because VMCORE could not be read there      : %" PRIu64
			   " page%s\n",
			   res->copy.lost, plural_s(res->copy.lost));
	REPORT_MSG("\n");
	if (rep->has_extensions)
		show_extensions(rep);
}

void report_take_config(struct report *rep, const struct erase_report *erased)
{
	rep->has_config = true;
	rep->config_places = erased->places;
	rep->config_bytes = erased->bytes;
	rep->config_failed = erased->failed;
	REPORT_MSG("Overwritten as --config says : %" PRIu64 " byte%s at %" PRIu64 " place%s\n",
		   erased->bytes, plural_s(erased->bytes), erased->places,
		   plural_s(erased->places));
}
