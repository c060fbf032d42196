// SPDX-License-Identifier: GPL-2.0-or-later
#include "extension/lifecycle.h"

#include <errno.h>

#include "extension/env.h"
#include "extension/page_scan.h"
#include "extension/sandbox.h"
#include "facts/facts.h"
#include "lib/err.h"

/* Its own code runs in the stage that begins here, or ours for it. */
static void enter(const struct extension_job *job, enum extension_stage stage)
{
	struct extension_shared *a = job->shared;

	if (!job->in_process)
		sandbox_limit_memory(stage != EXT_RESOLVING);
	__atomic_store_n(&a->progress, a->progress + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&a->stage, stage, __ATOMIC_RELEASE);
}

static int check_types(const struct extension_job *job)
{
	const struct fact_set *facts = &job->code->facts;

	if (!job->k->check.nr_doubtful || !(facts->nr_ktypes + facts->nr_klens + facts->nr_kpaths))
		return 0;
	job->shared->types_doubtful = true;
	return job->required ? err_set(-ENOTSUP, "the types may be wrong: VMCOREINFO differs from "
						 "them") :
			       0;
}

static int resolve(const struct extension_job *job, struct extension_env *env)
{
	char missing[sizeof(job->shared->text)];
	int err = kernel_resolve(job->k, &job->code->facts, &env->facts);

	if (err)
		return err;
	if (facts_missing(&job->code->facts, missing, sizeof(missing)))
		return err_set(-ENOENT, "%s", missing);
	return check_types(job);
}

/* One that has no question about pages can do without the map. */
static int prepare_asking(const struct extension_job *job, struct extension_env *env,
			  struct memmap *map, struct page_scan **ret)
{
	bool asks = job->code->callback || job->code->pages_callback;
	int err = memmap_init(map, job->k, env->reader);

	if (!err)
		env->memmap = map;
	if (!asks)
		return 0;
	if (!err)
		err = page_scan_create(ret, job->code, job->k, map, job->shared);
	return err ? err_prefix(err, "it cannot be asked about pages") : 0;
}

static int call_it(const struct extension_job *job, struct page_scan *page_scan)
{
	int err = 0;

	if (job->code->init) {
		enter(job, EXT_INIT);
		job->code->init();
	}
	if (page_scan) {
		enter(job, EXT_PAGES);
		err = page_scan_run(page_scan);
	}
	if (err)
		return err;
	/* Destructors may still ask; what they decide counts. */
	enter(job, EXT_ENDING);
	extension_unload(job->code);
	return 0;
}

static int run(const struct extension_job *job, struct extension_env *env)
{
	struct memmap map = { .ranges = NULL };
	struct page_scan *page_scan = NULL;
	int err;

	enter(job, EXT_RESOLVING);
	err = resolve(job, env);
	if (!err)
		err = prepare_asking(job, env, &map, &page_scan);
	if (!err)
		err = call_it(job, page_scan);
	page_scan_destroy(page_scan);
	kernel_tables_close(env->facts);
	memmap_deinit(&map);
	return err;
}

int extension_main(void *ctx)
{
	const struct extension_job *job = ctx;
	struct extension_frames *frames = NULL;
	struct extension_env env = {
		.name = job->code->name,
		.arguments = job->code->arguments,
		.kernel = job->k,
		.frames = &frames,
		.shared = job->shared,
		.in_process = job->in_process,
	};
	int err = vmcore_reader_create(&env.reader, job->k->vc);

	if (err)
		return err;
	extension_env_set(&env);
	enter(job, EXT_LOADING);
	err = extension_load(job->code, job->in_process);
	if (!err)
		err = run(job, &env);
	extension_env_set(NULL);
	extension_frames_free(frames);
	vmcore_reader_destroy(env.reader);
	return err;
}
