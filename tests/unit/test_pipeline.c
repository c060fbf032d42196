// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pipeline's promises: every batch is claimed, worked on and committed
 * once, in order; after an error all batches before the failed one are
 * committed and none after it, whatever the threads do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/pipeline.h"
#include "lib/types.h"

#define THREADS_MAX 8
#define SLOTS_MAX 24
#define AT(number) ((number) + 1)

struct batch {
	unsigned int number, result;
	bool in_use;
};

struct worker {
	unsigned int works;
	bool busy;
};

/* A job of @count batches, with an error in up to one place per step. */
struct job {
	unsigned int count;
	unsigned int bad_claim, bad_work, bad_commit;	/* its number plus 1; 0: none */
	/* The work takes longer for batches that are 0 modulo this. */
	unsigned int slow;
	/* Seen by one thread at a time: TSan says if not. */
	unsigned int claimed, committed;
	bool out_of_order;
};

static int claim(void *ctx, void *batch)
{
	struct job *j = ctx;
	struct batch *b = batch;

	if (b->in_use)
		j->out_of_order = true;
	if (AT(j->claimed) == j->bad_claim)
		return err_set(-EBADMSG, "claim %u failed", j->claimed);
	if (j->claimed == j->count)
		return 0;
	b->number = j->claimed++;
	b->in_use = true;
	return 1;
}

static int work(void *ctx, void *worker, void *batch)
{
	const struct job *j = ctx;
	struct worker *w = worker;
	struct batch *b = batch;

	/* A worker's state is its thread's alone. */
	if (w->busy)
		abort();
	w->busy = true;
	w->works++;
	if (j->slow && b->number % j->slow == 0)
		usleep(200);
	b->result = b->number * b->number + 1;
	w->busy = false;
	if (AT(b->number) == j->bad_work)
		return err_set(-EIO, "work %u failed", b->number);
	return 0;
}

static int commit(void *ctx, void *batch)
{
	struct job *j = ctx;
	struct batch *b = batch;

	if (b->number != j->committed || b->result != b->number * b->number + 1)
		j->out_of_order = true;
	if (AT(b->number) == j->bad_commit)
		return err_set(-ENOSPC, "commit %u failed", b->number);
	j->committed++;
	b->in_use = false;
	return 0;
}

static const struct pipeline_ops ops = { .claim = claim, .work = work, .commit = commit };

/* Run a job; the workers' counts are added to *works. */
static int run_ops(const struct pipeline_ops *o, struct job *j, unsigned int nr_workers,
		   unsigned int nr_batches, unsigned int *works)
{
	struct worker workers[THREADS_MAX] = { 0 };
	struct batch batches[SLOTS_MAX] = { 0 };
	void *worker_ptrs[THREADS_MAX] = { NULL }, *batch_ptrs[SLOTS_MAX] = { NULL };
	int err;

	for (unsigned int i = 0; i < nr_workers; i++)
		worker_ptrs[i] = &workers[i];
	for (unsigned int i = 0; i < nr_batches; i++)
		batch_ptrs[i] = &batches[i];
	err = pipeline_run(o, j, worker_ptrs, nr_workers, batch_ptrs, nr_batches);
	*works = 0;
	for (unsigned int i = 0; i < nr_workers; i++)
		*works += workers[i].works;
	return err;
}

static int run(struct job *j, unsigned int nr_workers, unsigned int nr_batches)
{
	unsigned int works;
	int err = run_ops(&ops, j, nr_workers, nr_batches, &works);

	assert_false(j->out_of_order);
	assert_int_equal(works, j->claimed);
	return err;
}

#define JOB(n, ...) (struct job){ .count = (n), __VA_ARGS__ }

static const unsigned int slot_counts[] = { 1, 2, 3, 7, 24 };

static void test_everything_once_and_in_order(void **state)
{
	static const unsigned int counts[] = { 0, 1, 2, 5, 24, 25, 500 };

	(void)state;
	for (unsigned int threads = 1; threads <= THREADS_MAX; threads++) {
		for (size_t s = 0; s < ARRAY_SIZE(slot_counts); s++) {
			for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
				struct job j = JOB(counts[c], .slow = c % 2 ? 3 : 0);

				if (counts[c] == 500)
					j.slow = 100;
				assert_int_equal(run(&j, threads, slot_counts[s]), 0);
				assert_int_equal(j.committed, counts[c]);
			}
		}
	}
}

/* An error at each position, for the first, last and other batches. */
static void expect_error(struct job j, unsigned int bad, int want, const char *what)
{
	for (unsigned int threads = 1; threads <= THREADS_MAX; threads *= 2) {
		for (size_t s = 0; s < ARRAY_SIZE(slot_counts); s++) {
			struct job again = j;
			char text[64];
			int err;

			err_set(want, "of a job before");
			err = run(&again, threads, slot_counts[s]);
			assert_int_equal(err, want);
			snprintf(text, sizeof(text), "%s %u failed", what, bad);
			assert_string_equal(err_text(err), text);
			assert_int_equal(again.committed, bad);
		}
	}
}

static const unsigned int positions[] = { 0, 1, 2, 6, 7, 13, 39 };

static void test_claim_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(positions); i++)
		expect_error(JOB(40, .bad_claim = AT(positions[i])), positions[i], -EBADMSG,
			     "claim");
}

static void test_claim_fails_at_the_end(void **state)
{
	(void)state;
	expect_error(JOB(10, .bad_claim = AT(10), .slow = 3), 10, -EBADMSG, "claim");
}

static void test_work_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(positions); i++) {
		/* The failed one is the slowest, or one of the fast ones. */
		expect_error(JOB(40, .bad_work = AT(positions[i])), positions[i], -EIO, "work");
		expect_error(JOB(40, .bad_work = AT(positions[i]), .slow = positions[i] + 1),
			     positions[i], -EIO, "work");
		expect_error(JOB(40, .bad_work = AT(positions[i]), .slow = 2), positions[i], -EIO,
			     "work");
	}
}

static void test_commit_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(positions); i++) {
		expect_error(JOB(40, .bad_commit = AT(positions[i])), positions[i], -ENOSPC,
			     "commit");
		expect_error(JOB(40, .bad_commit = AT(positions[i]), .slow = 5), positions[i],
			     -ENOSPC, "commit");
	}
}

/* The error of the earliest batch counts, even if others come before it in time. */
static void test_earliest_error_counts(void **state)
{
	(void)state;
	/* Batch 3 is slow, 4 and 5 fail long before it does. */
	expect_error(JOB(40, .bad_work = AT(3), .bad_commit = AT(4), .bad_claim = AT(5), .slow = 3),
		     3, -EIO, "work");
	expect_error(JOB(40, .bad_work = AT(5), .bad_commit = AT(3), .bad_claim = AT(4), .slow = 3),
		     3, -ENOSPC, "commit");
	expect_error(JOB(40, .bad_work = AT(4), .bad_commit = AT(5), .bad_claim = AT(3)),
		     3, -EBADMSG, "claim");
	/* Work comes before commit for the same batch. */
	expect_error(JOB(40, .bad_work = AT(4), .bad_commit = AT(4)), 4, -EIO, "work");
}

/* After an error no more than what is in flight is worked on. */
static void test_stops_soon(void **state)
{
	struct job j = JOB(1000000, .bad_work = AT(10));

	(void)state;
	assert_int_equal(run(&j, 4, 8), -EIO);
	assert_true(j.claimed <= 10 + 1 + 8);
}

static void test_no_commit(void **state)
{
	const struct pipeline_ops without = { .claim = claim, .work = work };

	(void)state;
	for (unsigned int threads = 1; threads <= THREADS_MAX; threads++) {
		struct job j = JOB(100);
		unsigned int works;

		/* No callback resets in_use here; only the counts matter. */
		assert_int_equal(run_ops(&without, &j, threads, 2 * threads, &works), 0);
		assert_int_equal(works, 100);
		j = JOB(100, .bad_work = AT(20));
		assert_int_equal(run_ops(&without, &j, threads, 2 * threads, &works), -EIO);
		assert_string_equal(err_text(-EIO), "work 20 failed");
	}
}

static int slow_work(void *ctx, void *worker, void *batch)
{
	/* Long enough for the others to get a batch too. */
	usleep(1000);
	return work(ctx, worker, batch);
}

/* All threads take part. */
static void test_runs_in_parallel(void **state)
{
	const struct pipeline_ops slow = {
		.claim = claim, .work = slow_work, .commit = commit,
	};
	struct worker workers[4] = { 0 };
	struct batch batches[8] = { 0 };
	void *worker_ptrs[4], *batch_ptrs[8];
	struct job j = JOB(100);

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		worker_ptrs[i] = &workers[i];
	for (unsigned int i = 0; i < 8; i++)
		batch_ptrs[i] = &batches[i];
	assert_int_equal(pipeline_run(&slow, &j, worker_ptrs, 4, batch_ptrs, 8), 0);
	assert_int_equal(j.committed, 100);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(workers[i].works > 0);
}

/* No thread can be started: the caller does it all. */
static void test_threads_cannot_be_started(void **state)
{
	pthread_attr_t attr, old;
	struct job j = JOB(100, .slow = 30);

	(void)state;
	assert_int_equal(pthread_getattr_default_np(&old), 0);
	pthread_attr_init(&attr);
	/* No machine has so much address space for a stack. */
	if (pthread_attr_setstacksize(&attr, SIZE_MAX / 4) || pthread_setattr_default_np(&attr))
		skip();
	assert_int_equal(run(&j, 4, 8), 0);
	assert_int_equal(j.committed, 100);
	j = JOB(100, .bad_work = AT(40));
	assert_int_equal(run(&j, 4, 8), -EIO);
	assert_int_equal(j.committed, 40);
	assert_int_equal(pthread_setattr_default_np(&old), 0);
	pthread_attr_destroy(&attr);
	pthread_attr_destroy(&old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_once_and_in_order),
		cmocka_unit_test(test_claim_fails),
		cmocka_unit_test(test_claim_fails_at_the_end),
		cmocka_unit_test(test_work_fails),
		cmocka_unit_test(test_commit_fails),
		cmocka_unit_test(test_earliest_error_counts),
		cmocka_unit_test(test_stops_soon),
		cmocka_unit_test(test_no_commit),
		cmocka_unit_test(test_runs_in_parallel),
		cmocka_unit_test(test_threads_cannot_be_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
