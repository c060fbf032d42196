/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * A process for code that is not to be trusted to end, or to leave memory alone.
 */
#ifndef EXTENSION_SANDBOX_H
#define EXTENSION_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "extension/shared.h"

/** Bytes of memory that an extension may take, beyond what there was before it began. */
#define EXTENSION_MEMORY (UINT64_C(256) << 20)

/** A task for a process of its own. */
struct sandbox_task {
	const char *name;     /**< of the extension, for messages */
	unsigned int timeout; /**< seconds without progress until it is stopped */
	int keep[2];	      /**< descriptors it needs, besides 0 to 2; or -1 */
	/** Shared memory: stage, progress and pfn tell where it is. */
	struct extension_shared *shared;
	/**
	 * The work; runs in the child. @return 0; -errno: it becomes
	 * answers->err and text
	 */
	int (*work)(void *ctx);
	void *ctx;
};

/**
 * Fork, do the work there, and wait for its end, or stop it. The child's output is
 * printed line by line, with the extension's name in front, up to a limit.
 *
 * Nothing that the child does is an error of the caller's: the sentence
 * says in a few words what became of it, such as "killed by SIGSEGV (Segmentation fault)
 * while asked about pfn 0x1234".
 *
 * No other thread may be running.
 *
 * @return 0 if the work was done; else -errno (the work's own, if it has one)
 */
int sandbox_run(const struct sandbox_task *task) __attribute__((warn_unused_result));

/**
 * In a child: begin, or stop, to limit its memory to EXTENSION_MEMORY more than it has now.
 * It is not limited while the program's own code works for it.
 */
void sandbox_limit_memory(bool limit);

#endif
