/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * An extension's life: what is done in its process, from loading it to its destructors.
 */
#ifndef EXTENSION_LIFECYCLE_H
#define EXTENSION_LIFECYCLE_H

#include "extension/load.h"
#include "extension/shared.h"
#include "kernel/kernel.h"

/** One extension that is to be run. */
struct extension_job {
	struct extension_code *code; /**< found, not loaded */
	const struct kernel *k;
	struct extension_shared *shared;
	bool required;	 /**< it must not run with types that may be wrong */
	bool in_process; /**< not in a process of its own */
};

/**
 * Load it, resolve what it declares, call extension_init(), ask it about pages, unload it.
 * Its stage and its messages are in job->shared.
 *
 * @param job struct extension_job @return 0; -errno: it could not begin
 */
int extension_main(void *job) __attribute__((warn_unused_result));

#endif
