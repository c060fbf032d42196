// SPDX-License-Identifier: GPL-2.0-or-later
#include "pipeline.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cleanup.h"
#include "err.h"

#define ERR_KEPT 512

enum slot_state { SLOT_FREE, SLOT_WORKING, SLOT_DONE };

struct slot {
	enum slot_state state;
	int err;
	char text[ERR_KEPT];
};

/*
 * Batch number n lives in slot n % nr_slots. Numbers are given out in order
 * (next_claim) and committed in order (next_commit), so a slot is free again
 * when its batch was committed.
 */
struct pipeline {
	const struct pipeline_ops *ops;
	void *ctx;
	void *const *batches;
	struct slot *slots;
	unsigned int nr_slots;
	pthread_mutex_t lock;
	pthread_cond_t room;
	uint64_t next_claim, next_commit;
	bool committing;
	bool ended;  /* no more claims */
	bool failed; /* no more commits */
	int err;
	char text[ERR_KEPT];
};

struct thread {
	struct pipeline *pl;
	void *worker;
	pthread_t id;
};

static void keep_error(struct pipeline *pl, int err, const char *text)
{
	pl->failed = pl->ended = true;
	pl->err = err;
	snprintf(pl->text, sizeof(pl->text), "%s", text);
}

/* Called with the lock held; drops it around each commit. */
static void commit_ready(struct pipeline *pl)
{
	if (pl->committing)
		return;
	pl->committing = true;
	for (;;) {
		unsigned int i = pl->next_commit % pl->nr_slots;
		struct slot *s = &pl->slots[i];
		int err = 0;

		if (s->state != SLOT_DONE)
			break;
		if (!pl->failed && s->err) {
			keep_error(pl, s->err, s->text);
		} else if (!pl->failed && pl->ops->commit) {
			pthread_mutex_unlock(&pl->lock);
			err = pl->ops->commit(pl->ctx, pl->batches[i]);
			pthread_mutex_lock(&pl->lock);
			if (err)
				keep_error(pl, err, err_text(err));
		}
		s->state = SLOT_FREE;
		pl->next_commit++;
		pthread_cond_broadcast(&pl->room);
	}
	pl->committing = false;
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	struct pipeline *pl = t->pl;

	pthread_mutex_lock(&pl->lock);
	for (;;) {
		unsigned int i;
		struct slot *s;
		int err;

		while (!pl->ended && pl->slots[pl->next_claim % pl->nr_slots].state != SLOT_FREE)
			pthread_cond_wait(&pl->room, &pl->lock);
		if (pl->ended)
			break;
		i = pl->next_claim % pl->nr_slots;
		s = &pl->slots[i];
		err = pl->ops->claim(pl->ctx, pl->batches[i]);
		if (!err) {
			pl->ended = true;
			pthread_cond_broadcast(&pl->room);
			break;
		}
		pl->next_claim++;
		s->state = SLOT_WORKING;
		if (err > 0) {
			pthread_mutex_unlock(&pl->lock);
			err = pl->ops->work(pl->ctx, t->worker, pl->batches[i]);
			pthread_mutex_lock(&pl->lock);
		}
		s->err = err;
		if (err) {
			pl->ended = true;
			snprintf(s->text, sizeof(s->text), "%s", err_text(err));
			pthread_cond_broadcast(&pl->room);
		}
		s->state = SLOT_DONE;
		commit_ready(pl);
	}
	pthread_mutex_unlock(&pl->lock);
	return NULL;
}

static int run_inline(const struct pipeline_ops *ops, void *ctx, void *worker, void *batch)
{
	for (;;) {
		int err = ops->claim(ctx, batch);

		if (err <= 0)
			return err;
		err = ops->work(ctx, worker, batch);
		if (!err && ops->commit)
			err = ops->commit(ctx, batch);
		if (err)
			return err;
	}
}

int pipeline_run(const struct pipeline_ops *ops, void *ctx, void *const workers[],
		 unsigned int nr_workers, void *const batches[], unsigned int nr_batches)
{
	_cleanup_free_ struct thread *threads = NULL;
	_cleanup_free_ struct slot *slots = NULL;
	struct pipeline pl = {
		.ops = ops,
		.ctx = ctx,
		.batches = batches,
		.nr_slots = nr_batches,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.room = PTHREAD_COND_INITIALIZER,
	};
	unsigned int started = 0;

	if (nr_workers == 1 || nr_batches == 1)
		return run_inline(ops, ctx, workers[0], batches[0]);
	threads = calloc(nr_workers, sizeof(*threads));
	slots = calloc(nr_batches, sizeof(*slots));
	if (!threads || !slots)
		return run_inline(ops, ctx, workers[0], batches[0]);
	pl.slots = slots;
	/* This thread is the first worker. */
	for (unsigned int i = 1; i < nr_workers; i++) {
		struct thread *t = &threads[started + 1];

		*t = (struct thread){ .pl = &pl, .worker = workers[i] };
		if (pthread_create(&t->id, NULL, thread_main, t))
			break;
		started++;
	}
	threads[0] = (struct thread){ .pl = &pl, .worker = workers[0] };
	thread_main(&threads[0]);
	for (unsigned int i = 1; i <= started; i++)
		pthread_join(threads[i].id, NULL);
	pthread_cond_destroy(&pl.room);
	pthread_mutex_destroy(&pl.lock);
	return pl.failed ? err_adopt(pl.err, pl.text) : 0;
}
