// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/report_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/classes.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/json.h"
#include "lib/output_file.h"

/* Raised when what programs know is no longer so; new values alone are no reason. */
#define SCHEMA 1

/* --- the file -------------------------------------------------------------------- */

static void complain(int err)
{
	err_prefix(err, "there is no report");
	report_error(err_text(err));
}

void report_json_open(struct report_json *rj, const struct plan *plan)
{
	*rj = (struct report_json){ .path = plan->messages.json, .fd = -1 };
	if (!rj->path || plan->mode == MODE_TRIAGE)
		return;
	if (!strcmp(rj->path, "-")) {
		rj->path = "standard output";
		rj->fd = dup(STDOUT_FILENO);
		if (rj->fd < 0)
			complain(err_errno(-errno, "cannot write to standard output"));
		return;
	}
	rj->fd = output_file_create(rj->path, true);
	if (rj->fd < 0)
		complain(rj->fd);
}

/* --- what is in it --------------------------------------------------------------- */

static void put_input(struct json *j, const struct report *rep)
{
	const struct vmcore *vc = rep->vc;
	const struct kernel *k = rep->kernel;

	json_object(j, "input");
	json_string(j, "path", rep->plan->input.vmcore);
	if (vc) {
		json_string(j, "format", vc->ops->name);
		json_string(j, "byte_order", vc->big_endian ? "big" : "little");
		json_number(j, "word_bits", vc->is64 ? 64 : 32);
		json_number(j, "page_size", vc->page_size);
		json_number(j, "cpus", vc->nr_cpus);
		json_number(j, "dump_level", vc->dump_level);
		json_bool(j, "incomplete", vc->incomplete);
	}
	if (k) {
		json_string(j, "architecture", k->arch.ops ? k->arch.ops->name : NULL);
		json_string(j, "release", k->release[0] ? k->release : NULL);
		if (k->crash_time)
			json_number(j, "crash_time", k->crash_time);
		else
			json_null(j, "crash_time");
	}
	json_end(j);
}

static void put_part(struct json *j, const struct vmcore *vc)
{
	if (!vc->is_part) {
		json_null(j, "part");
		return;
	}
	json_object(j, "part");
	json_number(j, "start_pfn", vc->part_start);
	json_number(j, "end_pfn", vc->part_end);
	json_number(j, "max_pfn", vc->max_pfn);
	json_end(j);
}

static void put_kinds(struct json *j, const struct dump_info *info)
{
	if (!info->nr_kinds) {
		json_null(j, "kinds");
		json_string(j, "kinds_why", info->kinds_why);
		return;
	}
	json_object(j, "kinds");
	for (unsigned int i = 0; i < info->nr_kinds; i++) {
		json_object(j, info->kinds[i].key);
		json_number(j, "memory", info->kinds[i].memory);
		json_number(j, "stored", info->kinds[i].stored);
		json_end(j);
	}
	json_end(j);
	json_null(j, "kinds_why");
	json_number(j, "struct_page_unreadable", info->unreadable);
}

static void put_erasures(struct json *j, const struct vmcore *vc, const struct dump_info *info)
{
	char line[512];
	size_t pos = 0;

	json_object(j, "erased");
	json_number(j, "lines", info->erase_places);
	json_number(j, "bytes", info->erase_bytes);
	json_number(j, "failed", info->erase_failed);
	json_array(j, "text");
	while (dump_info_erase_line(vc, &pos, line, sizeof(line)))
		json_string(j, NULL, line);
	json_end(j);
	json_end(j);
}

static void put_info(struct json *j, const struct report *rep)
{
	const struct dump_info *info = &rep->info;
	const struct vmcore *vc = rep->vc;

	if (!rep->has_info) {
		json_null(j, "info");
		return;
	}
	json_object(j, "info");
	json_number(j, "file_bytes", vc->file.real_size);
	json_bool(j, "flattened", vc->file.flat);
	json_string(j, "packed", vc->file.packed ? vc->file.packed : "none");
	json_number(j, "header_version", vc->header_version);
	json_string(j, "compression", codec_name(vc->codec));
	json_number(j, "header_time", vc->timestamp);
	json_string(j, "machine", info->uts.machine);
	json_string(j, "kernel_release", info->uts.release);
	json_string(j, "kernel_version", info->uts.version);
	json_string(j, "host", info->uts.nodename[0] ? info->uts.nodename : NULL);
	json_string(j, "build_id", info->build_id[0] ? info->build_id : NULL);
	put_part(j, vc);
	json_number(j, "memory_pages", info->memory);
	json_number(j, "stored_pages", info->stored);
	json_number(j, "missing_pages", info->missing);
	put_kinds(j, info);
	put_erasures(j, vc, info);
	json_end(j);
}

static void put_verification(struct json *j, const struct report *rep)
{
	if (!rep->verified) {
		json_null(j, "verification");
		return;
	}
	json_object(j, "verification");
	json_number(j, "pages", rep->verify.pages);
	json_number(j, "unreadable", rep->verify.unreadable);
	json_number(j, "faults", rep->verify.faults);
	json_end(j);
}

static void put_levels(struct json *j, const char *key, const unsigned int *levels, size_t nr)
{
	json_array(j, key);
	for (size_t i = 0; i < nr; i++)
		json_number(j, NULL, levels[i]);
	json_end(j);
}

static void put_choice(struct json *j, const struct codec_choice *c)
{
	json_object(j, "compression_choice");
	json_number(j, "target_bytes_per_second", c->target_bytes_per_second);
	json_number(j, "raw_bytes", c->raw_bytes);
	json_array(j, "codecs");
	for (enum codec_id id = 0; id < NR_CODECS; id++) {
		if (!c->speeds[id].bytes_per_second)
			continue;
		json_object(j, NULL);
		json_string(j, "compression", codec_name(id));
		json_number(j, "bytes_per_second", c->speeds[id].bytes_per_second);
		json_number(j, "permille", c->speeds[id].ratio * 1000);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void put_output(struct json *j, const struct report *rep)
{
	const struct plan *plan = rep->plan;

	if (plan->mode != MODE_CREATE) {
		json_null(j, "output");
		return;
	}
	json_object(j, "output");
	json_array(j, "paths");
	for (size_t i = 0; i < plan->output.nr_files; i++)
		json_string(j, NULL, plan->output.files[i]);
	json_end(j);
	json_string(j, "format", plan->create.elf ? "ELF" : "kdump-compressed");
	json_bool(j, "flattened", plan->output.flattened);
	json_bool(j, "dry_run", plan->output.dry_run);
	put_levels(j, "levels_asked", plan->create.levels, plan->create.nr_levels);
	put_levels(j, "levels_tried", rep->levels, rep->nr_levels);
	if (rep->nr_levels) {
		json_number(j, "dump_level", rep->levels[rep->nr_levels - 1] | rep->vc->dump_level);
		json_string(j, "compression", codec_name(rep->codec));
		if (rep->codec_level)
			json_signed(j, "compression_level", rep->codec_level);
		if (rep->codec != CODEC_NONE)
			json_string(j, "compression_library",
				    codec_library_name(rep->codec, rep->codec_level));
		if (rep->dump.copy.choice.made)
			put_choice(j, &rep->dump.copy.choice);
		json_number(j, "threads", rep->nr_threads);
		json_number(j, "bytes", rep->dump.written);
		json_number(j, "file_bytes", rep->dump.size);
		json_number(j, "missing_bytes", rep->dump.missing_bytes);
		json_array(j, "not_filtered");
		for (size_t i = 0; i < nr_report_kinds; i++)
			if (report_kinds[i].level & rep->not_filtered)
				json_string(j, NULL, report_kinds[i].key);
		json_end(j);
		json_string(j, "not_filtered_why",
			    rep->not_filtered ? rep->not_filtered_why : NULL);
		if (plan->create.has_fill) {
			json_number(j, "fill_level", plan->create.fill_level);
			json_string(j, "fill_end",
				    rep->dump.copy.fill_end ? rep->dump.copy.fill_why : NULL);
		}
	}
	json_end(j);
}

static void put_pages(struct json *j, const struct report *rep)
{
	const struct dump_result *res = &rep->dump;
	struct report_pages p;

	if (!rep->nr_levels) {
		json_null(j, "pages");
		return;
	}
	p = report_count(rep);
	json_object(j, "pages");
	json_number(j, "total", p.total);
	json_number(j, "holes", p.holes);
	json_number(j, "original", p.original);
	json_number(j, "remaining", p.remaining);
	json_number(j, "excluded", p.excluded);
	json_object(j, "excluded_by_kind");
	for (size_t i = 0; i < nr_report_kinds; i++)
		json_number(j, report_kinds[i].key, res->filter.pages[report_kinds[i].class]);
	json_number(j, "before", res->filter.missing);
	json_number(j, "unused_struct_pages", res->filter.unused_vmemmap);
	json_number(j, "extensions", res->verdicts.excluded);
	json_number(j, "not_essential", res->not_essential);
	json_number(j, "other_domains", res->foreign);
	json_end(j);
	classes_put(j, &res->copy);
	json_number(j, "kept_by_extensions", res->verdicts.included);
	json_number(j, "copied", res->copy.copied);
	json_number(j, "lost", res->copy.lost);
	json_number(j, "shared", res->copy.shared);
	json_number(j, "struct_page_unreadable", res->filter.pages[PAGE_UNREADABLE]);
	json_number(j, "struct_page_odd", res->filter.odd);
	json_number(j, "struct_page_missing", res->filter.undescribed);
	json_number(j, "absent_memory_bytes", res->filter.absent.bytes);
	json_end(j);
}

static void put_reported(struct json *j, const struct extension_report *r)
{
	json_object(j, NULL);
	json_string(j, "extension", r->name);
	json_object(j, "values");
	for (uint32_t i = 0; i < r->values.nr; i++) {
		const struct reported_value *v = &r->values.values[i];

		if (v->is_text)
			json_string(j, v->key, v->text);
		else
			json_number(j, v->key, v->number);
	}
	json_end(j);
	json_end(j);
}

static void put_extensions(struct json *j, const struct report *rep)
{
	if (!rep->has_extensions) {
		json_null(j, "extensions");
		return;
	}
	json_object(j, "extensions");
	json_number(j, "ran", rep->extensions_ran);
	json_number(j, "failed", rep->extensions_failed);
	json_string(j, "why", rep->extensions_why[0] ? rep->extensions_why : NULL);
	json_number(j, "ranges_erased", rep->ranges_erased);
	json_array(j, "reported");
	for (size_t i = 0; i < rep->nr_reports; i++)
		put_reported(j, &rep->reports[i]);
	json_end(j);
	json_end(j);
}

static void put_config(struct json *j, const struct report *rep)
{
	if (!rep->has_config) {
		json_null(j, "config");
		return;
	}
	json_object(j, "config");
	json_number(j, "places", rep->config_places);
	json_number(j, "bytes", rep->config_bytes);
	json_number(j, "failed", rep->config_failed);
	json_end(j);
}

static void put_seconds(struct json *j, const struct report *rep)
{
	json_object(j, "seconds");
	json_seconds(j, "open", rep->open_seconds);
	json_seconds(j, "resolve", rep->resolve_seconds);
	json_seconds(j, "filter", rep->dump.filter.seconds);
	json_seconds(j, "copy", rep->dump.copy.seconds);
	json_seconds(j, "finish", rep->dump.finish_seconds);
	json_seconds(j, "total", clock_seconds() - rep->start);
	json_end(j);
}

static void put_report(FILE *out, const struct report *rep, const char *error, int status)
{
	struct json j;

	json_begin(&j, out);
	json_number(&j, "schema", SCHEMA);
	json_string(&j, "version", VERSION);
	json_number(&j, "exit_status", status);
	json_bool(&j, "complete", rep->dump.complete);
	json_string(&j, "error", error);
	json_array(&j, "warnings");
	for (unsigned int i = 0; i < rep->nr_warnings; i++)
		json_string(&j, NULL, rep->warnings[i]);
	json_end(&j);
	put_input(&j, rep);
	put_info(&j, rep);
	put_verification(&j, rep);
	put_output(&j, rep);
	put_pages(&j, rep);
	put_extensions(&j, rep);
	put_config(&j, rep);
	put_seconds(&j, rep);
	json_end(&j);
}

static int write_text(const struct report_json *rj, const struct report *rep, const char *error,
		      int status)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int err = out ? 0 : -ENOMEM;

	if (out) {
		put_report(out, rep, error, status);
		if (fclose(out))
			err = -ENOMEM;
	}
	if (!err)
		err = fd_write(rj->fd, text, size, NULL);
	if (close(rj->fd) && !err)
		err = -errno;
	return err ? err_errno(err, "cannot write %s", rj->path) : 0;
}

void report_json_write(struct report_json *rj, const struct report *rep, int err, int status)
{
	char error[512];
	int write_err;

	if (rj->fd < 0)
		return;
	snprintf(error, sizeof(error), "%s", err ? err_text(err) : "");
	write_err = write_text(rj, rep, err ? error : NULL, status);
	rj->fd = -1;
	if (write_err)
		complain(write_err);
	if (err)
		err_adopt(err, error);
}
