// SPDX-License-Identifier: GPL-2.0-or-later
#include "report.h"

#include <inttypes.h>

#include "lib/log.h"

static const struct {
	enum page_class class;
	const char *label;
} excluded[] = {
	{ PAGE_ZERO, "Pages filled with zero" },
	{ PAGE_CACHE, "Non-private cache pages" },
	{ PAGE_CACHE_PRIVATE, "Private cache pages" },
	{ PAGE_USER, "User process data pages" },
	{ PAGE_FREE, "Free pages" },
	{ PAGE_HWPOISON, "Hwpoison pages" },
	{ PAGE_OFFLINE, "Offline pages" },
};

void report_error(const char *text)
{
	mdf_log(LOG_ERROR, NULL, "makedumpfile: %s\n", text);
}

void report_show(const struct dump_request *req, const struct dump_result *res)
{
	const struct filter_stats *f = &res->filter;
	uint64_t gone = f->missing, left, max_pfn = req->kernel->vc->max_pfn;

	for (size_t i = 0; i < ARRAY_SIZE(excluded); i++)
		gone += f->pages[excluded[i].class];
	gone += res->verdicts.excluded - res->verdicts.included;
	left = f->original - gone;

	REPORT_MSG("STEP [Excluding unnecessary pages] : %f seconds\n", f->seconds);
	REPORT_MSG("STEP [Copying data               ] : %f seconds\n", res->copy.seconds);
	REPORT_MSG("\n");
	REPORT_MSG("Original pages  : 0x%016" PRIx64 "\n", f->original);
	REPORT_MSG("  Excluded pages   : 0x%016" PRIx64 "\n", gone);
	for (size_t i = 0; i < ARRAY_SIZE(excluded); i++)
		REPORT_MSG("    %-24s: 0x%016" PRIx64 "\n", excluded[i].label,
			   f->pages[excluded[i].class]);
	if (req->verdicts) {
		REPORT_MSG("    %-24s: 0x%016" PRIx64 "\n", "Excluded by extensions",
			   res->verdicts.excluded);
		REPORT_MSG("    %-24s: 0x%016" PRIx64 "\n", "Kept by extensions",
			   res->verdicts.included);
	}
	if (f->missing)
		REPORT_MSG("    %-24s: 0x%016" PRIx64 "\n", "Excluded before", f->missing);
	REPORT_MSG("  Remaining pages  : 0x%016" PRIx64 "\n", left);
	REPORT_MSG("  (The number of pages is reduced to %" PRIu64 "%%.)\n",
		   f->original ? left * 100 / f->original : 0);
	REPORT_MSG("Memory Hole     : 0x%016" PRIx64 "\n", max_pfn - f->original);
	REPORT_MSG("--------------------------------------------------\n");
	REPORT_MSG("Total pages     : 0x%016" PRIx64 "\n", max_pfn);
	REPORT_MSG("Write bytes     : %" PRIu64 "\n", res->written);
	if (f->pages[PAGE_UNREADABLE])
		REPORT_MSG("Kept because their struct page could not be read : %" PRIu64 " pages\n",
			   f->pages[PAGE_UNREADABLE]);
	if (f->odd)
		REPORT_MSG("Struct pages that make no sense                  : %" PRIu64 "\n",
			   f->odd);
	if (res->copy.lost)
		REPORT_MSG("Lost because VMCORE could not be read there      : %" PRIu64 " pages\n",
			   res->copy.lost);
	REPORT_MSG("\n");
}

void report_extensions(const struct extension_result *ext)
{
	REPORT_MSG("Extensions that ran : %u\n", ext->ran);
	if (ext->failed)
		REPORT_MSG("Extensions that did not run : %u (%s%s)\n", ext->failed,
			   ext->failed > 1 ? "the first: " : "", ext->failed_why);
	if (ext->erasures.nr)
		REPORT_MSG("Ranges that were overwritten : %zu\n", ext->erasures.nr);
	REPORT_MSG("\n");
}

void report_erasures(const struct erase_report *erased)
{
	REPORT_MSG("Overwritten as --config says : %" PRIu64 " bytes at %" PRIu64 " places\n",
		   erased->bytes, erased->places);
}
