// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/create.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/classes.h"
#include "cli/report.h"
#include "cli/triage.h"
#include "erase/config_run.h"
#include "extension/run.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/resources.h"
#include "lib/size_text.h"
#include "lib/trace.h"
#include "output/copy_crew.h"
#include "output/dump.h"
#include "output/rearrange.h"
#include "output/reassemble.h"

/* Memory without struct pages of which no warning is due: ROM, and what firmware keeps. */
#define UNDESCRIBED_BYTES (16u << 20)

static unsigned int choose_threads(const struct plan_resources *resources, const struct vmcore *vc)
{
	unsigned int wanted = resources->nr_threads ? resources->nr_threads : usable_cpus();

	return min_u64(wanted, affordable_threads(copy_thread_bytes(vc->page_size)));
}

/* A dump in a less wanted compression is better than none. */
static enum codec_id choose_codec(const struct plan_create *create, struct report *rep)
{
	char text[128];

	if (codec_supported(create->codec))
		return create->codec;
	snprintf(text, sizeof(text),
		 "%s is not built in, or its library is missing: compressing with zlib instead",
		 codec_name(create->codec));
	report_warning(rep, text);
	return CODEC_ZLIB;
}

/* The files that are written. */
struct files {
	struct sink **sinks;
	size_t nr;
};

static int open_sink(const struct plan_output *output, const char *path, struct sink **ret)
{
	int err;

	if (output->dry_run) {
		err = sink_null_create(ret, path ? path : "(nothing)");
		if (!err)
			(*ret)->once = output->flattened;
		return err;
	}
	if (output->flattened)
		return sink_flattened_create(ret, STDOUT_FILENO, "STDOUT");
	return sink_file_create(ret, path, output->force);
}

/* A file without a single page in it would only mislead. */
static void remove_useless(const struct plan_output *output, const struct files *f)
{
	struct stat st;

	for (size_t i = 0; i < f->nr && !output->dry_run && !output->flattened; i++) {
		if (!lstat(f->sinks[i]->path, &st) && S_ISREG(st.st_mode))
			unlink(f->sinks[i]->path);
	}
}

static void close_files(struct files *f)
{
	for (size_t i = 0; i < f->nr; i++)
		sink_close(f->sinks[i]);
	free(f->sinks);
}

static int open_files(const struct plan *plan, struct files *f)
{
	size_t nr = plan->create.split ? plan->output.nr_files : 1;
	int err = 0;

	*f = (struct files){ .sinks = calloc(nr, sizeof(*f->sinks)) };
	if (!f->sinks)
		return err_set(-ENOMEM, "no memory");
	while (!err && f->nr < nr) {
		const char *path = plan->create.split ? plan->output.files[f->nr] :
							plan->output.file;

		err = open_sink(&plan->output, path, &f->sinks[f->nr]);
		if (!err)
			f->sinks[f->nr++]->limit = plan->output.size_limit;
	}
	if (err) {
		remove_useless(&plan->output, f);
		close_files(f);
	}
	return err;
}

static void show_saved(const struct files *f)
{
	MSG("\nThe dumpfile%s saved to %s", f->nr > 1 ? "s are" : " is", f->sinks[0]->path);
	for (size_t i = 1; i < f->nr; i++)
		MSG("%s%s %s", f->nr > 2 ? "," : "", i + 1 == f->nr ? " and" : "",
		    f->sinks[i]->path);
	MSG(".\n");
}

/* Name the pages that --fill did not get to. */
static void show_fill_end(const struct copy_stats *copy, const struct report *rep)
{
	char classes[256];

	classes_missing(copy, true, classes, sizeof(classes));
	MSG("\nDump level %u is complete; of level %u, %s: %s.\n", rep->levels[rep->nr_levels - 1],
	    rep->plan->create.fill_level, classes, copy->fill_why);
}

static void show_outcome(const struct plan_output *output, const struct dump_result *res,
			 const struct files *f, const struct report *rep)
{
	report_show(rep);
	if (res->copy.fill_end)
		show_fill_end(&res->copy, rep);
	if (output->dry_run)
		MSG("\nNothing was written: this was a dry run.\n");
	else if (res->complete)
		show_saved(f);
}

/* Describe the pages that are missing in a dump that was written to its end. */
static int incomplete(const struct vmcore *vc, const struct dump_result *res)
{
	if (res->copy.lost)
		return err_set(-EIO,
			       "the dump is incomplete, %" PRIu64 " page%s could not be read: %s",
			       res->copy.lost, plural_s(res->copy.lost), res->copy.lost_why);
	return err_set(-EIO, "the dump is incomplete: %s", vc->warning);
}

/*
 * Ask the extensions. Those that fail are no reason not to make a dump, unless they are
 * required.
 */
static int run_extensions(const struct plan *plan, const struct kernel *k,
			  struct extension_result *ext, struct report *rep)
{
	int err = extensions_run(k, plan->create.extensions, plan->create.nr_extensions,
				 &plan->extension_options, ext);

	report_take_extensions(rep, ext);
	if (ext->doubtful)
		report_warning(rep, "extensions may be wrong: the types and VMCOREINFO differ");
	if (!err && !ext->required_failed)
		return 0;
	if (!err)
		return err_set(-ECANCELED, "no dump is made: %s", ext->failed_why);
	for (size_t i = 0; i < plan->create.nr_extensions; i++) {
		if (plan->create.extensions[i].required)
			return err;
	}
	report_warning(rep, err_text(err));
	return 0;
}

static void show_level(const struct plan *plan, unsigned int level, const struct vmcore *vc)
{
	if ((level | vc->dump_level) != level)
		MSG("dump_level is changed to %u, because %s was created by dump_level(%u).\n",
		    level | vc->dump_level, plan->input.vmcore, vc->dump_level);
}

/* Return whether it is worth trying to write less. */
static bool out_of_space(const struct files *f, int err)
{
	uint64_t refused = 0;

	for (size_t i = 0; i < f->nr; i++)
		refused += f->sinks[i]->refused;
	return refused && (err == -ENOSPC || err == -EDQUOT || err == -EFBIG);
}

static int restart(const struct files *f)
{
	int err = 0;

	for (size_t i = 0; !err && i < f->nr; i++)
		err = sink_restart(f->sinks[i]);
	return err;
}

/* A level to try, and the first of -d that it stands for, which is not possible; 0: none. */
struct attempt {
	unsigned int level, instead_of;
	unsigned int fill; /* bits of the level, as of struct dump_request */
};

/* The attempts, in order, without duplicates. */
struct attempts {
	struct attempt list[2 * LEVELS_MAX];
	size_t nr;
	unsigned int possible; /* bits of all levels */
	char why[256];	       /* why others are not; or "" */
	bool warned;
};

/*
 * Add a level, before it with --fill. The page descriptors of the fill need room of their own,
 * which the level could lack.
 */
static void add_attempt(struct attempts *a, const struct plan_create *create, unsigned int level,
			unsigned int instead_of)
{
	unsigned int fill = create->fill & level;

	if (fill)
		a->list[a->nr++] = (struct attempt){ level, instead_of, fill };
	a->list[a->nr++] = (struct attempt){ level, instead_of, 0 };
}

/* Return whether one of the attempts excludes all that a level does. */
static bool includes(const struct attempts *a, unsigned int level)
{
	for (size_t i = 0; i < a->nr; i++)
		if (!(level & ~a->list[i].level))
			return true;
	return false;
}

/*
 * Choose what to try: the levels that are possible; then what is possible of the others, as far
 * as that excludes more.
 */
static int plan_attempts(const struct plan_create *create, const struct kernel *k,
			 struct attempts *a)
{
	unsigned int all = 0, instead_of = 0;
	int err;

	*a = (struct attempts){ .nr = 0 };
	for (size_t i = 0; i < create->nr_levels; i++)
		all |= create->levels[i];
	err = filter_possible(k, all, &a->possible);
	if (err)
		snprintf(a->why, sizeof(a->why), "%s", err_text(err));
	for (size_t i = 0; i < create->nr_levels; i++) {
		if (!(create->levels[i] & ~a->possible))
			add_attempt(a, create, create->levels[i], instead_of);
		else if (!instead_of)
			instead_of = create->levels[i];
	}
	if (create->strict_level)
		return a->nr ? 0 :
			       err_set(err,
				       "dump level %u is not possible, and --strict-level "
				       "is given: %s",
				       instead_of, a->why);
	for (size_t i = 0; i < create->nr_levels; i++) {
		unsigned int level = create->levels[i] & a->possible;

		if (!includes(a, level))
			add_attempt(a, create, level, instead_of);
	}
	return 0;
}

/* Say, and write down in the dump, that another level is used. */
static int warn_of_level(struct attempts *a, const struct attempt *now, struct erase_list *erase,
			 struct report *rep)
{
	char text[WARNING_BYTES];

	rep->not_filtered = now->instead_of & ~now->level & ~DL_ZERO;
	snprintf(rep->not_filtered_why, sizeof(rep->not_filtered_why), "%s", a->why);
	if (!now->instead_of || a->warned)
		return 0;
	a->warned = true;
	snprintf(text, sizeof(text), "dump level %u is not possible, %u is used: %s",
		 now->instead_of, now->level, a->why);
	report_warning(rep, text);
	return erase_list_note(erase, "# %s", text);
}

/* Take down that an attempt failed for what was seen while pages were judged. */
static void not_possible(struct attempts *a, size_t i, int err)
{
	snprintf(a->why, sizeof(a->why), "%s", err_text(err));
	a->list[i + 1].instead_of = a->list[i].level;
	a->warned = false;
}

static int try_level(struct dump_request *req, struct dump_result *res, struct report *rep)
{
	int err = dump_write(req, res);

	report_take_dump(rep, req, res);
	return err;
}

/* Make a dump of the first attempt that works, or a part of one of the last. */
static int try_levels(const struct plan *plan, struct attempts *a, const struct files *f,
		      struct dump_request *req, struct dump_result *res, struct report *rep)
{
	int err = 0;

	for (size_t i = 0; !err && i < a->nr; i++) {
		req->level = a->list[i].level;
		req->fill = a->list[i].fill;
		req->stop_on_first_error = i + 1 < a->nr;
		err = warn_of_level(a, &a->list[i], req->erase, rep);
		if (err)
			return err;
		TRACE(FILTER, "attempt %zu of %zu: level %u", i + 1, a->nr, req->level);
		show_level(plan, req->level, req->kernel->vc);
		err = try_level(req, res, rep);
		if (!err || !req->stop_on_first_error)
			return err;
		if (req->fill && (res->phase == DUMP_FILTER || out_of_space(f, err)))
			MSG("\n%s.\nRetry without --fill.\n", err_text(err));
		else if (res->phase == DUMP_FILTER)
			not_possible(a, i, err);
		else if (out_of_space(f, err))
			MSG("\nNot enough space: %s.\n"
			    "Retry to create a dumpfile by dump_level(%u).\n",
			    err_text(err), a->list[i + 1].level);
		else
			return err;
		err = restart(f);
	}
	return err;
}

static uint64_t mebibytes(uint64_t pages, const struct vmcore *vc)
{
	return div_round_up(pages << vc->page_shift, 1 << 20);
}

/* Name the memory that the kernel used and the vmcore lacks. */
static void show_absent(const struct absent_memory *m, struct report *rep)
{
	char text[WARNING_BYTES], ranges[ABSENT_RANGES_MAX * 40] = "";
	uint64_t named = 0;

	if (!m->bytes)
		return;
	for (size_t i = 0; i < m->nr; i++) {
		size_t len = strlen(ranges);

		named += m->ranges[i].end - m->ranges[i].start;
		snprintf(ranges + len, sizeof(ranges) - len, "%s%#" PRIx64 "-%#" PRIx64,
			 len ? ", " : "", m->ranges[i].start, m->ranges[i].end - 1);
	}
	snprintf(text, sizeof(text),
		 "VMCORE lacks about %" PRIu64
		 " MiB of memory that the kernel used: load the crash "
		 "kernel again after memory is added [%s%s]",
		 m->bytes >> 20, ranges, named < m->bytes ? ", ..." : "");
	report_warning(rep, text);
}

/* Say what was not filtered as it was to be. */
static void show_filtering(const struct dump_request *req, const struct dump_result *res,
			   struct report *rep)
{
	const struct filter_stats *f = &res->filter;
	const struct vmcore *vc = req->kernel->vc;
	uint64_t unreadable = f->pages[PAGE_UNREADABLE];
	char text[WARNING_BYTES];

	if (res->not_filtered) {
		rep->not_filtered |= res->not_filtered;
		snprintf(rep->not_filtered_why, sizeof(rep->not_filtered_why), "%s",
			 res->not_filtered_why);
		snprintf(text, sizeof(text), "dump level %u is not possible, %u is used: %s",
			 req->level, req->level & DL_ZERO, res->not_filtered_why);
		report_warning(rep, text);
	}
	show_absent(&f->absent, rep);
	if (res->unused_vm_why[0])
		report_warning(rep, res->unused_vm_why);
	if (res->foreign_why[0]) {
		snprintf(text, sizeof(text), "pages of other domains are kept: %s",
			 res->foreign_why);
		report_warning(rep, text);
	}
	if (!(req->level & ~DL_ZERO))
		return;
	if (unreadable) {
		snprintf(text, sizeof(text),
			 "%" PRIu64 " page%s (%" PRIu64 " MiB) %s could not be read%s", unreadable,
			 plural_s(unreadable), mebibytes(unreadable, vc),
			 unreadable == 1 ? "is kept: its struct page" :
					   "are kept: their struct pages",
			 f->disbelieved ? ", or are those of other pages" : "");
		report_warning(rep, text);
	}
	if (f->bad_sections) {
		snprintf(text, sizeof(text),
			 "%" PRIu64 " page%s (%" PRIu64 " MiB) without a struct "
			 "page %s kept: memory sections could not be read [%" PRIu64 "]",
			 f->undescribed, plural_s(f->undescribed), mebibytes(f->undescribed, vc),
			 f->undescribed == 1 ? "is" : "are", f->bad_sections);
		report_warning(rep, text);
	} else if (f->undescribed > UNDESCRIBED_BYTES >> vc->page_shift &&
		   !res->not_filtered_why[0] && !req->kernel->dom0.nr) {
		snprintf(text, sizeof(text),
			 "%" PRIu64 " pages (%" PRIu64
			 " MiB) without a struct page are kept: the memory map lacks them",
			 f->undescribed, mebibytes(f->undescribed, vc));
		report_warning(rep, text);
	}
	if (f->replaced_sections) {
		snprintf(text, sizeof(text),
			 "section_mem_map of memory sections contradicts vmemmap: "
			 "using vmemmap [%" PRIu64 "]",
			 f->replaced_sections);
		report_warning(rep, text);
	}
}

/* The reason that a dump was cut short for, and the pages that it has nevertheless. */
static int cut_short(int err, const struct dump_request *req, const struct dump_result *res)
{
	char classes[256] = "";

	err_prefix(err, "the dump is incomplete, about %" PRIu64 " bytes are missing",
		   res->missing_bytes);
	/* An ELF core is in the order of addresses. */
	if (!req->elf)
		classes_missing(&res->copy, false, classes, sizeof(classes));
	return classes[0] ? err_set(err, "%s; %s", err_text(err), classes) : err;
}

static int write_dump(const struct plan *plan, const struct kernel *k, struct extension_result *ext,
		      struct report *rep)
{
	enum codec_id codec = choose_codec(&plan->create, rep);
	struct dump_request req = {
		.kernel = k,
		.block_pages = plan->create.splitblock_bytes >> k->vc->page_shift,
		.exclude_unused_vmemmap = plan->create.exclude_unused_vm,
		.exclude_foreign =
			plan->create.exclude_foreign && k->vc->xen.found ? &plan->input.xen : NULL,
		.essential = plan->create.essential,
		.deadline = plan->create.time_limit ? rep->start + plan->create.time_limit : 0,
		.codec = codec,
		.codec_level = codec == plan->create.codec ? plan->create.codec_level :
							     CODEC_LEVEL_DEFAULT,
		.choose_codec = plan->create.choose_codec,
		.elf = plan->create.elf,
		.nr_threads = choose_threads(&plan->resources, k->vc),
		.strict = plan->create.strict_level,
		.verdicts = plan->create.nr_extensions ? &ext->verdicts : NULL,
		.erase = &ext->erasures,
	};
	struct attempts attempts;
	struct dump_result res = { 0 };
	struct files f;
	int err;

	if (plan->create.splitblock_bytes % k->vc->page_size)
		return err_set(-EINVAL,
			       "block size %" PRIu64 " KiB is not a multiple of the "
			       "page size, %u bytes",
			       plan->create.splitblock_bytes >> 10, k->vc->page_size);
	err = plan_attempts(&plan->create, k, &attempts);
	if (!err && plan->create.fill)
		err = erase_list_note(req.erase,
				      "# --fill %u: pages that dump level %u excludes follow as "
				      "far as there was space and time",
				      plan->create.fill_level, plan->create.levels[0]);
	if (!err)
		err = open_files(plan, &f);
	if (err)
		return err;
	if (vmcore_is_kcore(k->vc))
		report_warning(rep, "the dump is not a snapshot: the kernel of VMCORE is running "
				    "and changes memory while it is read");
	req.sinks = f.sinks;
	req.nr_sinks = f.nr;
	err = try_levels(plan, &attempts, &f, &req, &res, rep);
	report_show_choice(rep);
	if (!err) {
		show_filtering(&req, &res, rep);
		show_outcome(&plan->output, &res, &f, rep);
		if (!res.complete)
			err = incomplete(k->vc, &res);
	} else if (res.phase == DUMP_COPY) {
		err = cut_short(err, &req, &res);
	} else {
		remove_useless(&plan->output, &f);
		if (res.phase == DUMP_FILTER)
			err_set(err, "dump level %u is not possible%s: %s", req.level,
				plan->create.strict_level ? ", and --strict-level is given" : "",
				err_text(err));
	}
	close_files(&f);
	return err;
}

/* With --require-erase, data that were not overwritten are an error. */
static void show_erasures(const struct erase_report *erased, struct report *rep)
{
	char text[64];

	for (size_t i = 0; i < erased->nr_lines; i++) {
		if (erased->lines[i].wrong)
			report_warning(rep, erased->lines[i].text);
		else
			MSG("makedumpfile: %s\n", erased->lines[i].text);
	}
	if (erased->more) {
		snprintf(text, sizeof(text), "... and %zu more, which are in the dump",
			 erased->more);
		report_warning(rep, text);
	}
	report_take_config(rep, erased);
}

/*
 * Add what --config says to what extensions overwrite. Data that cannot be overwritten cost
 * a warning, or with --require-erase the dump; a file that is wrong costs the dump.
 */
static int add_erasures(const struct plan_create *create, const struct kernel *k,
			struct erase_list *list, struct report *rep)
{
	struct erase_config *config = NULL;
	struct erase_report erased = { .nr_lines = 0 };
	int err = erase_config_read(&config, create->config);

	if (err)
		return err;
	err = erase_run_config(k, config, list, &erased);
	erase_list_seal(list);
	show_erasures(&erased, rep);
	if (err)
		report_warning(rep, err_text(err));
	if (k->check.nr_doubtful)
		report_warning(rep,
			       "--config may overwrite other data than it names: the types and "
			       "VMCOREINFO differ");
	if (create->require_erase && (err || erased.failed || k->check.nr_doubtful))
		err = err_set(-ECANCELED,
			      "no dump is made: not all that %s names could be "
			      "overwritten, and --require-erase is given",
			      create->config);
	else
		err = 0;
	erase_report_free(&erased);
	erase_config_free(config);
	return err;
}

int run_create(const struct plan *plan, const struct kernel *k, struct report *rep)
{
	struct extension_result ext = { 0 };
	int err = 0;

	if (plan->create.nr_extensions)
		err = run_extensions(plan, k, &ext, rep);
	if (!err && plan->create.config)
		err = add_erasures(&plan->create, k, &ext.erasures, rep);
	if (!err && plan->triage.file) {
		/* A dump without it is better than none. */
		int triage_err = triage_beside(plan, k, &ext.erasures);

		if (triage_err)
			report_warning(rep, err_text(triage_err));
	}
	if (!err)
		err = write_dump(plan, k, &ext, rep);
	extension_result_free(&ext);
	return err;
}

int create_from_output(const struct plan *plan)
{
	int err = plan->mode == MODE_REARRANGE ?
			  rearrange(STDIN_FILENO, plan->output.file, plan->output.force) :
			  reassemble(plan->reassemble.parts, plan->reassemble.nr_parts,
				     !plan->input.no_mmap, plan->output.file, plan->output.force);

	if (!err)
		MSG("\nThe dumpfile is saved to %s.\n", plan->output.file);
	return err;
}
