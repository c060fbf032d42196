/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Work in parallel, results in order.
 *
 * A job is cut into batches. For each batch three steps run:
 *
 *	claim	one thread at a time: says which piece of the job comes next
 *	work	in parallel: the expensive part
 *	commit	one thread at a time, in the order of the claims: puts the
 *		result in its place
 *
 * A claim and a commit may run at the same time.
 *
 * There is no thread that only waits or only writes: whoever finishes the
 * batch that is next to be committed commits it and all that are ready after
 * it. With one thread everything runs in the caller, without locks.
 */
#ifndef LIB_PIPELINE_H
#define LIB_PIPELINE_H

/** Functions of a job. All of them get the job's @c ctx. */
struct pipeline_ops {
	/**
	 * Fill @p batch with the next piece.
	 * @return 1 if there was one, 0 at the end of the job, negative errno
	 */
	int (*claim)(void *ctx, void *batch);
	/**
	 * Do the batch's work.
	 * @param worker this thread's own state, from pipeline_run()'s array
	 * @return 0 or a negative errno
	 */
	int (*work)(void *ctx, void *worker, void *batch);
	/**
	 * Put the result in its place. May be NULL.
	 * @return 0 or a negative errno
	 */
	int (*commit)(void *ctx, void *batch);
};

/**
 * Run a job to its end, or to its first error.
 *
 * @param workers one pointer per thread; @p nr_workers >= 1. If fewer threads
 * can be started the job runs on those there are.
 * @param batches buffers that claims, works and commits share; the more of them,
 * the less a slow batch holds up the others. @p nr_batches >= 1; with one
 * worker only the first is used.
 *
 * After an error, batches claimed before the failed one are still committed;
 * none after it is. @return 0 or the error of the earliest failed batch, with
 * its sentence.
 */
int pipeline_run(const struct pipeline_ops *ops, void *ctx, void *const workers[],
		 unsigned int nr_workers, void *const batches[], unsigned int nr_batches)
	__attribute__((warn_unused_result));

#endif
