// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/info.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/report.h"
#include "filter/filter.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/printable.h"
#include "lib/resources.h"
#include "lib/size_text.h"

/* Memory of a thread that classifies pages. */
#define THREAD_BYTES (8u << 20)

/* The kinds of pages that a level excludes, but for pages of zeros: these are not read. */
#define LEVEL (DL_MAX & ~DL_ZERO)

/* --- collecting ----------------------------------------------------------------- */

static int count_pages(struct vmcore *vc, enum vmcore_bitmap_kind which, uint64_t *ret)
{
	_cleanup_bitmap_ struct bitmap pages = { 0 };
	int err = bitmap_init_stored(&pages, vc->max_pfn, vc->bitmaps);

	if (!err)
		err = vmcore_bitmap(vc, which, &pages);
	if (!err)
		*ret = bitmap_count(&pages, 0, pages.nbits);
	return err;
}

static int classify(const struct kernel *k, enum vmcore_bitmap_kind which, unsigned int nr_threads,
		    struct filter_stats *stats)
{
	_cleanup_bitmap_ struct bitmap pages = { 0 };
	int err = bitmap_init_stored(&pages, k->vc->max_pfn, k->vc->bitmaps);

	*stats = (struct filter_stats){ 0 };
	if (!err)
		err = vmcore_bitmap(k->vc, which, &pages);
	if (!err)
		err = filter_pages(k, LEVEL, nr_threads, &pages, NULL, NULL, stats);
	if (!err)
		stats->pages[PAGE_KEEP] = bitmap_count(&pages, 0, pages.nbits);
	return err;
}

static void add_kind(struct dump_info *info, const char *label, const char *key, uint64_t memory,
		     uint64_t stored)
{
	info->kinds[info->nr_kinds++] = (struct info_kind){ label, key, memory, stored };
}

/* Count pages by kind, as far as the dump has the struct pages of the pages that it lacks. */
static int count_kinds(const struct kernel *k, unsigned int nr_threads, struct dump_info *info)
{
	struct filter_stats memory, stored;
	int err;

	if (k->vc->is_part) {
		snprintf(info->kinds_why, sizeof(info->kinds_why),
			 "this is one part of a split dump");
		return 0;
	}
	err = classify(k, VMCORE_PRESENT, nr_threads, &memory);
	if (!err)
		err = classify(k, VMCORE_STORED, nr_threads, &stored);
	if (err) {
		snprintf(info->kinds_why, sizeof(info->kinds_why), "%s", err_text(err));
		return err == -ENOMEM ? err : 0;
	}
	for (size_t i = 0; i < nr_report_kinds; i++) {
		const struct report_kind *kind = &report_kinds[i];

		if (kind->class != PAGE_ZERO)
			add_kind(info, kind->label, kind->key, memory.pages[kind->class],
				 stored.pages[kind->class]);
	}
	add_kind(info, "Memory of the kernel", "kernel", memory.pages[PAGE_KEEP],
		 stored.pages[PAGE_KEEP]);
	info->unreadable = memory.pages[PAGE_UNREADABLE];
	return 0;
}

bool dump_info_erase_line(const struct vmcore *vc, size_t *pos, char *line, size_t size)
{
	size_t len = 0, left;

	if (*pos >= vc->eraseinfo_size)
		return false;
	left = vc->eraseinfo_size - *pos;
	while (len < left && vc->eraseinfo[*pos + len] != '\n')
		len++;
	snprintf(line, size, "%.*s", (int)min_u64(len, size), vc->eraseinfo + *pos);
	make_printable(line, strlen(line), "");
	*pos += len + 1;
	return true;
}

/* Add up ERASEINFO; docs/formats.md describes its lines. */
static void count_erasures(const struct vmcore *vc, struct dump_info *info)
{
	char line[512];
	size_t pos = 0;

	while (dump_info_erase_line(vc, &pos, line, sizeof(line))) {
		const char *size = strstr(line, " size "), *bytes = strchr(line, ':');
		uint64_t n = 0;

		if (line[0] == '#') {
			info->erase_failed++;
			continue;
		}
		if (!strncmp(line, "extension ", 10)) {
			if (!bytes || sscanf(bytes, ": %" SCNu64 " bytes", &n) != 1) {
				info->erase_failed++;
				continue;
			}
		} else if (size) {
			n = strtoull(size + 6, NULL, 10);
		}
		info->erase_places++;
		if (!checked_add(info->erase_bytes, n, &info->erase_bytes))
			info->erase_bytes = UINT64_MAX;
	}
}

static int find_names(const struct kernel *k, struct dump_info *info)
{
	struct vmcore_reader *r;
	int err = vmcore_reader_create(&r, k->vc);

	if (err)
		return err;
	kernel_utsname(k, r, NULL, &info->uts);
	vmcore_reader_destroy(r);
	vmcoreinfo_string(&k->info, "BUILD-ID", info->build_id, sizeof(info->build_id));
	return 0;
}

int dump_info_collect(const struct kernel *k, unsigned int nr_threads, struct dump_info *ret)
{
	struct vmcore *vc = k->vc;
	uint64_t expected = 0;
	int err;

	*ret = (struct dump_info){ 0 };
	nr_threads =
		min_u64(nr_threads ? nr_threads : usable_cpus(), affordable_threads(THREAD_BYTES));
	err = vmcore_check_claim(vc);
	if (!err)
		err = find_names(k, ret);
	if (!err)
		err = count_pages(vc, VMCORE_PRESENT, &ret->memory);
	if (!err)
		err = count_pages(vc, VMCORE_STORED, &ret->stored);
	if (!err)
		err = count_pages(vc, VMCORE_EXPECTED, &expected);
	if (err)
		return err;
	ret->missing = expected - min_u64(ret->stored, expected);
	count_erasures(vc, ret);
	return count_kinds(k, nr_threads, ret);
}

/* --- printing ------------------------------------------------------------------- */

static void put(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(const char *name, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	make_printable(text, strlen(text), "");
	printf("%-22s: %s\n", name, text);
}

static void put_pages(const struct vmcore *vc, const char *name, uint64_t pages)
{
	char size[SIZE_TEXT_MAX];

	put(name, "%" PRIu64 " page%s (%s)", pages, plural_s(pages),
	    size_about(size, pages << vc->page_shift));
}

static void put_size(const char *name, uint64_t bytes)
{
	char size[SIZE_TEXT_MAX];

	put(name, "%" PRIu64 " byte%s (%s)", bytes, plural_s(bytes), size_about(size, bytes));
}

static void put_format(const struct vmcore *vc)
{
	char version[32] = "";

	if (vc->header_version)
		snprintf(version, sizeof(version), ", header version %d", vc->header_version);
	put("Format", "%s%s%s%s%s", vc->ops->name, version, vc->file.flat ? ", flattened" : "",
	    vc->file.packed ? ", compressed with " : "", vc->file.packed ? vc->file.packed : "");
	put("Compression", "%s", codec_name(vc->codec));
}

static void put_level(const struct vmcore *vc)
{
	char kinds[160] = "";

	for (size_t i = 0; i < nr_report_kinds; i++) {
		size_t len = strlen(kinds);

		if (report_kinds[i].level & vc->dump_level)
			snprintf(kinds + len, sizeof(kinds) - len, "%s%s",
				 len ? ", " : ": without ", report_kinds[i].key);
	}
	if (vc->header_version)
		put("Dump level", "%u%s", vc->dump_level, kinds);
	if (vc->excluded_vmemmap)
		put("vmemmap", "pages that describe only excluded pages are excluded");
}

static void put_part(const struct vmcore *vc)
{
	if (vc->is_part)
		put("Part of a split dump", "%spages %#" PRIx64 " to %#" PRIx64 " of %#" PRIx64,
		    !vc->part_start		? "the first, " :
		    vc->part_end == vc->max_pfn ? "the last, " :
						  "",
		    vc->part_start, vc->part_end, vc->max_pfn);
}

static void put_state(const struct vmcore *vc, const struct dump_info *info)
{
	if (vc->incomplete)
		put("State", "incomplete%s%s", vc->warning[0] ? ": " : "", vc->warning);
	else
		put("State", "complete%s%s", vc->warning[0] ? ", with a warning: " : "",
		    vc->warning);
	if (info->missing)
		put_pages(vc, "Missing", info->missing);
}

static void put_machine(const struct kernel *k, const struct dump_info *info)
{
	const struct vmcore *vc = k->vc;

	put("Machine", "%s, %s, %s-endian, pages of %u bytes", info->uts.machine,
	    vc->is64 ? "64-bit" : "32-bit", vc->big_endian ? "big" : "little", vc->page_size);
	if (vc->nr_cpus)
		put("CPUs", "%u", vc->nr_cpus);
	put("Kernel release", "%s", info->uts.release);
	put("Kernel version", "%s", info->uts.version);
	put("Build id", "%s", info->build_id[0] ? info->build_id : "(unknown)");
	put("Host", "%s", info->uts.nodename[0] ? info->uts.nodename : "(unknown)");
}

static void put_time(const char *name, time_t when)
{
	struct tm local, utc;
	char text[64], utc_text[64];

	if (localtime_r(&when, &local) && gmtime_r(&when, &utc) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", &local) &&
	    strftime(utc_text, sizeof(utc_text), "%Y-%m-%d %H:%M:%S UTC", &utc))
		put(name, "%s (%s)", text, utc_text);
	else
		put(name, "%lld seconds since 1970", (long long)when);
}

static void put_times(const struct kernel *k)
{
	if (k->crash_time)
		put_time("Crash time", k->crash_time);
	else if (k->vc->timestamp)
		put_time("Time in the header", k->vc->timestamp);
	else
		put("Crash time", "(unknown)");
}

static void print_kinds(const struct vmcore *vc, const struct dump_info *info)
{
	char memory[SIZE_TEXT_MAX], stored[SIZE_TEXT_MAX];

	if (!info->nr_kinds) {
		put("Pages by kind", "(unknown): %s", info->kinds_why);
		return;
	}
	printf("\n%-24s %12s %11s  %12s %11s\n", "KIND", "PAGES", "", "IN THE DUMP", "");
	for (unsigned int i = 0; i < info->nr_kinds; i++) {
		const struct info_kind *kind = &info->kinds[i];

		if (kind->memory)
			printf("%-24s %12" PRIu64 " %11s  %12" PRIu64 " %11s\n", kind->label,
			       kind->memory, size_about(memory, kind->memory << vc->page_shift),
			       kind->stored, size_about(stored, kind->stored << vc->page_shift));
	}
	if (info->unreadable)
		printf("Unreadable struct pages, counted as memory of the kernel: %" PRIu64 "\n",
		       info->unreadable);
}

static void print_erasures(const struct vmcore *vc, const struct dump_info *info)
{
	char line[512];
	size_t pos = 0;

	if (!vc->eraseinfo_size)
		return;
	printf("\nOverwritten: %" PRIu64 " byte%s, by %" PRIu64 " line%s of ERASEINFO; "
	       "%" PRIu64 " failure%s\n",
	       info->erase_bytes, plural_s(info->erase_bytes), info->erase_places,
	       plural_s(info->erase_places), info->erase_failed, plural_s(info->erase_failed));
	while (dump_info_erase_line(vc, &pos, line, sizeof(line)))
		printf("  %s\n", line);
}

int dump_info_print(const struct kernel *k, const struct dump_info *info)
{
	const struct vmcore *vc = k->vc;

	put("File", "%s", vc->file.path);
	put_size("File size", vc->file.real_size);
	put_format(vc);
	put_level(vc);
	put_part(vc);
	put_state(vc, info);
	put_machine(k, info);
	put_times(k);
	put_pages(vc, "Memory", info->memory);
	put_pages(vc, "In the dump", info->stored);
	print_kinds(vc, info);
	print_erasures(vc, info);
	if (fflush(stdout) || ferror(stdout))
		return err_errno(-errno, "cannot write to standard output");
	return 0;
}
