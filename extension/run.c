// SPDX-License-Identifier: GPL-2.0-or-later
#include "extension/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extension/answers.h"
#include "extension/check.h"
#include "extension/lifecycle.h"
#include "extension/sandbox.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/trace.h"

/* Take over the answers of an extension. @param fatal as of run_one() */
static int take_answers(const struct extension_answers *a, const char *name,
			struct extension_result *ret, int *fatal)
{
	size_t nr = ret->nr_reports;
	struct extension_report *reports = reallocarray(ret->reports, nr + 1, sizeof(*reports));
	int err;

	if (!reports)
		return err_set(-ENOMEM, "no memory for the values that it reports");
	ret->reports = reports;
	snprintf(reports[nr].name, sizeof(reports[nr].name), "%s", name);
	err = extension_answers_take(a, name, &ret->verdicts, &ret->erasures, &reports[nr].values,
				     fatal);
	ret->nr_reports += !err && reports[nr].values.nr;
	return err;
}

/* --- running them ------------------------------------------------------------------- */

/* An extension's source reads what it copies from the dump as its own machine would. */
static int check_machine(const struct kernel *k)
{
	if (k->vc->swap)
		return err_set(-ENOTSUP, "the dump is of a machine with another byte order");
	if (k->vc->is64 != (sizeof(long) == 8))
		return err_set(-ENOTSUP, "the dump is of a machine with another word size");
	return 0;
}

static int live(struct extension_job *job, unsigned int timeout)
{
	const struct sandbox_task task = {
		.name = job->code->name,
		.timeout = timeout,
		.keep = { job->k->vc->file.fd, -1 },
		.shared = job->shared,
		.work = extension_main,
		.ctx = job,
	};

	return job->in_process ? extension_main(job) : sandbox_run(&task);
}

/*
 * One of them. @return 0; -errno why its answers do not count
 * @param required it must not run with types that may be wrong
 * @param fatal set to the -errno of what went wrong with the program's own memory
 */
static int run_one(const struct kernel *k, struct extension_code *code, bool required,
		   const struct extension_options *opt, struct extension_result *ret, int *fatal)
{
	struct extension_job job = {
		.code = code,
		.k = k,
		.required = required,
		.in_process = opt->in_process,
	};
	struct extension_answers answers;
	int err = check_machine(k);

	if (!err)
		err = extension_answers_create(&answers, k->vc->max_pfn);
	if (err)
		return err;
	job.shared = answers.shared;
	bitmap_seal(&ret->verdicts.include);
	bitmap_seal(&ret->verdicts.exclude);
	err = live(&job, opt->timeout);
	bitmap_unseal(&ret->verdicts.include);
	bitmap_unseal(&ret->verdicts.exclude);
	if (!err)
		err = take_answers(&answers, code->name, ret, fatal);
	ret->doubtful += !err && answers.shared->types_doubtful;
	extension_answers_destroy(&answers);
	return err;
}

/* Say what became of one that did not come to its end. */
static int note_failure(const char *name, const struct extension_spec *spec, const char *why,
			struct extension_result *ret)
{
	char line[sizeof(ret->failed_why)];

	snprintf(line, sizeof(line), "extension %s: %s", name, why);
	ret->failed++;
	if (!ret->failed_why[0] || spec->required)
		snprintf(ret->failed_why, sizeof(ret->failed_why), "%s", line);
	if (spec->required) {
		ret->required_failed = true;
		return 0;
	}
	mdf_log(MDF_LOG_ERROR, NULL, "makedumpfile: %s\n", line);
	return erase_list_note(&ret->erasures, "extension %s did not run: %s", name, why);
}

static int run_spec(const struct kernel *k, const struct extension_spec *spec,
		    const struct extension_options *opt, struct extension_result *ret)
{
	_cleanup_free_ struct extension_code *code = malloc(sizeof(*code));
	char why[sizeof(((struct extension_shared *)NULL)->text)];
	int err, fatal = 0;

	if (!code)
		return err_set(-ENOMEM, "no memory");
	err = extension_find(code, spec->text);
	if (!err)
		TRACE(EXTENSION, "%s: %s%s%s, %s", code->name,
		      code->builtin ? "built in" : code->path,
		      code->arguments[0] ? ", arguments " : "", code->arguments,
		      opt->in_process ? "in this process" : "in its own process");
	if (!err)
		err = run_one(k, code, spec->required, opt, ret, &fatal);
	TRACE(EXTENSION, "%s: %s", code->name, err ? err_text(err) : "its verdicts are taken");
	if (fatal)
		return fatal;
	ret->ran += !err;
	if (!err)
		return 0;
	snprintf(why, sizeof(why), "%s", err_text(err));
	return note_failure(code->name[0] ? code->name : spec->text, spec, why, ret);
}

int extensions_run(const struct kernel *k, const struct extension_spec *specs, size_t nr,
		   const struct extension_options *opt, struct extension_result *ret)
{
	int err;

	*ret = (struct extension_result){ .ran = 0 };
	erase_list_init(&ret->erasures);
	err = bitmap_init_stored(&ret->verdicts.include, k->vc->max_pfn, k->vc->bitmaps);
	if (!err)
		err = bitmap_init_stored(&ret->verdicts.exclude, k->vc->max_pfn, k->vc->bitmaps);
	/* Verdicts have both bitmaps, or none. */
	if (err)
		bitmap_deinit(&ret->verdicts.include);
	/* They would take the kernel's numbers of pages for those of the dump. */
	if (!err && k->dom0.nr)
		err = err_set(-ENOTSUP, "extensions do not run on a dump of a Xen host");
	for (size_t i = 0; !err && i < nr && !ret->required_failed; i++)
		err = run_spec(k, &specs[i], opt, ret);
	erase_list_seal(&ret->erasures);
	return err;
}

void extension_result_free(struct extension_result *result)
{
	bitmap_deinit(&result->verdicts.include);
	bitmap_deinit(&result->verdicts.exclude);
	erase_list_deinit(&result->erasures);
	free(result->reports);
	result->reports = NULL;
}

/* --- looking at one ----------------------------------------------------------------- */

/* Do something with an extension's code in a process of its own. */
static int run_in_sandbox(const struct kernel *k, const char *text, int out, int (*work)(void *ctx))
{
	_cleanup_free_ struct extension_code *code = malloc(sizeof(*code));
	struct extension_look look = { .code = code, .k = k, .out = out };
	struct sandbox_task task = {
		.timeout = EXTENSION_TIMEOUT,
		.keep = { k ? k->vc->file.fd : -1, out },
		.work = work,
		.ctx = &look,
	};
	struct extension_answers answers;
	int err;

	if (!code)
		return err_set(-ENOMEM, "no memory");
	err = extension_find(code, text);
	if (!err)
		err = extension_answers_create(&answers, 0);
	if (err)
		return err;
	task.name = code->name;
	task.shared = look.shared = answers.shared;
	err = sandbox_run(&task);
	extension_answers_destroy(&answers);
	return err ? err_prefix(err, "extension %s", code->name) : 0;
}

int extension_check(const struct kernel *k, const char *text)
{
	/* The child's own standard output is a pipe. */
	_cleanup_close_ int out = dup(STDOUT_FILENO);

	if (out < 0)
		return err_errno(-errno, "cannot write to standard output");
	return run_in_sandbox(k, text, out, check_declarations);
}

int extension_describe(const char *name)
{
	_cleanup_close_ int out = dup(STDOUT_FILENO);

	if (out < 0)
		return err_errno(-errno, "cannot write to standard output");
	return run_in_sandbox(NULL, name, out, print_help);
}

int extension_validate(const char *text)
{
	return run_in_sandbox(NULL, text, -1, check_loadable);
}
