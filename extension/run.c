// SPDX-License-Identifier: GPL-2.0-or-later
#include "extension/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "extension/check.h"
#include "extension/lifecycle.h"
#include "extension/sandbox.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/size_text.h"
#include "lib/trace.h"

/* No machine has memory at or above this. */
#define PHYSICAL_END (UINT64_C(1) << 52)

/* --- memory shared with an extension ----------------------------------------------- */

/*
 * The program's own knowledge of where things are: what the extension's process can
 * write to says nothing about it.
 */
struct shared {
	int fd; /* -1: the memory has no file */
	uint8_t *base;
	size_t size;
	struct extension_shared *shared;
	struct bitmap include, exclude;
	struct erase_range *erasures;
};

/* Rounded up to whole pages. */
static uint64_t pages(uint64_t bytes)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	return div_round_up(bytes, page) * page;
}

/* A file tells which parts of it were written to; without one all has to be looked at. */
static void *map_shared(int fd, size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
}

static int shared_map(struct shared *s, uint64_t size)
{
	s->fd = memfd_create("extension", MFD_CLOEXEC);
	if (s->fd >= 0 && ftruncate(s->fd, size)) {
		close(s->fd);
		s->fd = -1;
	}
	s->base = map_shared(s->fd, size);
	if (s->base != MAP_FAILED)
		return 0;
	s->base = NULL;
	if (s->fd >= 0)
		close(s->fd);
	return err_set(-ENOMEM, "no memory for %" PRIu64 " bytes of its answers", size);
}

static int shared_create(struct shared *s, uint64_t nr_pfns)
{
	uint64_t bits = pages(div_round_up(nr_pfns, 64) * sizeof(uint64_t));
	uint64_t head = pages(sizeof(*s->shared));
	uint64_t size = head + 2 * bits + pages(ERASURES_MAX * sizeof(*s->erasures));
	int err;

	if (size > SIZE_MAX / 2)
		return err_set(-ENOMEM, "a bitmap of %" PRIu64 " pages is too large", nr_pfns);
	err = shared_map(s, size);
	if (err)
		return err;
	s->size = size;
	s->shared = (void *)s->base;
	s->include = (struct bitmap){ .words = (void *)(s->base + head), .nbits = nr_pfns };
	s->exclude = (struct bitmap){
		.words = (void *)(s->base + head + bits),
		.nbits = nr_pfns,
	};
	s->erasures = (void *)(s->base + head + 2 * bits);
	*s->shared = (struct extension_shared){
		.include = s->include,
		.exclude = s->exclude,
		.erasures = s->erasures,
	};
	return 0;
}

static void shared_destroy(struct shared *s)
{
	munmap(s->base, s->size);
	if (s->fd >= 0)
		close(s->fd);
}

/* --- taking over what it said ------------------------------------------------------- */

/*
 * The next part of [pos, end) that was written to; looking at the rest would cost its
 * memory. false: there is none.
 */
static bool next_written(const struct shared *s, uint64_t *pos, uint64_t end, uint64_t *stop)
{
	off_t data, hole;

	*stop = end;
	if (*pos >= end)
		return false;
	if (s->fd < 0)
		return true;
	data = lseek(s->fd, *pos, SEEK_DATA);
	if (data < 0)
		return errno != ENXIO;
	hole = lseek(s->fd, data, SEEK_HOLE);
	*pos = data;
	if (hole > data)
		*stop = min_u64(hole, end);
	return *pos < end;
}

/* Take over bits [first, end), copied piece by piece. @param first a multiple of 64 */
static void take_piece(const struct bitmap *from, uint64_t first, uint64_t end, struct bitmap *to)
{
	uint64_t words[512];

	for (uint64_t nr; first < end; first += nr) {
		struct bitmap copy = { .words = words };

		copy.nbits = nr = min_u64(end - first, sizeof(words) * 8);
		memcpy(words, from->words + first / 64, div_round_up(nr, 64) * sizeof(*words));
		for (uint64_t e, b = bitmap_next_set(&copy, 0, nr); b < nr;
		     b = bitmap_next_set(&copy, e, nr)) {
			e = bitmap_next_clear(&copy, b, nr);
			bitmap_set_range(to, first + b, first + e);
		}
	}
}

static void take_bits(const struct shared *s, const struct bitmap *from, struct bitmap *to)
{
	uint64_t start = (uint8_t *)from->words - s->base;
	uint64_t end = start + div_round_up(from->nbits, 64) * sizeof(uint64_t);
	uint64_t stop;

	for (uint64_t pos = start; next_written(s, &pos, end, &stop); pos = stop)
		take_piece(from, (pos - start) / sizeof(uint64_t) * 64,
			   min_u64((stop - start) * 8, from->nbits), to);
}

/* Ranges to be erased, out of reach of the extension's process. */
struct erasures {
	struct erase_range *ranges; /* owned */
	uint32_t nr;
};

static int copy_erasures(const struct shared *s, struct erasures *ret)
{
	uint32_t nr = __atomic_load_n(&s->shared->nr_erasures, __ATOMIC_RELAXED);

	if (s->shared->erasures_lost)
		return err_set(-E2BIG, "it has more than %u ranges to be erased", ERASURES_MAX);
	if (nr > ERASURES_MAX)
		return err_set(-EBADMSG, "its answers were overwritten");
	ret->ranges = calloc(nr + 1, sizeof(*ret->ranges));
	if (!ret->ranges)
		return err_set(-ENOMEM, "no memory for %" PRIu32 " ranges to be erased", nr);
	ret->nr = nr;
	memcpy(ret->ranges, s->erasures, nr * sizeof(*ret->ranges));
	for (uint32_t i = 0; i < nr; i++) {
		const struct erase_range *r = &ret->ranges[i];

		if (r->start >= r->end || r->end > PHYSICAL_END)
			return err_set(-EBADMSG, "its answers were overwritten");
	}
	return 0;
}

static int take_erasures(const struct erasures *e, const char *name, struct erase_list *list)
{
	uint64_t bytes = 0;
	int err = 0;

	for (uint32_t i = 0; !err && i < e->nr; i++) {
		const struct erase_range *r = &e->ranges[i];

		err = erase_list_add(list, r->start, r->end - r->start, r->fill);
		bytes += r->end - r->start;
	}
	if (!err && e->nr)
		err = erase_list_note(list,
				      "extension %s: %" PRIu64 " byte%s in %" PRIu32
				      " range%s erased",
				      name, bytes, plural_s(bytes), e->nr, plural_s(e->nr));
	return err;
}

/* Nothing is taken of an extension that reported nothing. */
static int take_reported(const struct shared *s, const char *name, struct extension_result *ret)
{
	size_t nr = ret->nr_reports;
	struct extension_report *reports;
	int err;

	if (!s->shared->reported.nr)
		return 0;
	reports = reallocarray(ret->reports, nr + 1, sizeof(*reports));
	if (!reports)
		return err_set(-ENOMEM, "no memory for what it reports");
	ret->reports = reports;
	snprintf(reports[nr].name, sizeof(reports[nr].name), "%s", name);
	err = reported_copy(&reports[nr].values, &s->shared->reported);
	ret->nr_reports += !err;
	return err;
}

/* @param fatal as of run_one() */
static int take_answers(const struct shared *s, const char *name, struct extension_result *ret,
			int *fatal)
{
	struct erasures e = { .nr = 0 };
	int err = copy_erasures(s, &e);

	if (!err)
		err = take_reported(s, name, ret);
	if (!err) {
		take_bits(s, &s->include, &ret->verdicts.include);
		take_bits(s, &s->exclude, &ret->verdicts.exclude);
		*fatal = err = take_erasures(&e, name, &ret->erasures);
	}
	free(e.ranges);
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
 * @param fatal set to the -errno of what went wrong with the program's own memory
 */
static int run_one(const struct kernel *k, struct extension_code *code,
		   const struct extension_options *opt, struct extension_result *ret, int *fatal)
{
	struct extension_job job = { .code = code, .k = k, .in_process = opt->in_process };
	struct shared s;
	int err = check_machine(k);

	if (!err)
		err = shared_create(&s, k->vc->max_pfn);
	if (err)
		return err;
	job.shared = s.shared;
	bitmap_seal(&ret->verdicts.include);
	bitmap_seal(&ret->verdicts.exclude);
	err = live(&job, opt->timeout);
	bitmap_unseal(&ret->verdicts.include);
	bitmap_unseal(&ret->verdicts.exclude);
	if (!err)
		err = take_answers(&s, code->name, ret, fatal);
	shared_destroy(&s);
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
		err = run_one(k, code, opt, ret, &fatal);
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
	struct shared s;
	int err;

	if (!code)
		return err_set(-ENOMEM, "no memory");
	err = extension_find(code, text);
	if (!err)
		err = shared_create(&s, 0);
	if (err)
		return err;
	task.name = code->name;
	task.shared = look.shared = s.shared;
	err = sandbox_run(&task);
	shared_destroy(&s);
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
