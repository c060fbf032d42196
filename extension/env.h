/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The state of the functions of makedumpfile.h, extension.h and erase_info.h.
 *
 * Extensions call them without a handle, so there is one environment a process, set before
 * an extension's code runs. They are called from one thread.
 */
#ifndef EXTENSION_ENV_H
#define EXTENSION_ENV_H

#include "extension/frames.h"
#include "extension/shared.h"
#include "kernel/kernel.h"
#include "kernel/kernel_tables.h"
#include "kernel/memmap.h"

struct extension_env {
	const char *name;      /**< of the extension, for messages */
	const char *arguments; /**< "key=value,key": what stood after the name; or "" */
	const struct kernel *kernel;
	struct vmcore_reader *reader;
	struct kernel_tables *facts;	  /**< NULL if the dump's tables cannot be used */
	const struct memmap *memmap;	  /**< NULL if it is not known */
	struct extension_frames **frames; /**< of mdf_for_each_frame(); *frames: NULL at first */
	struct extension_shared *shared;
	bool in_process; /**< of the program: no other one reads the shared */
};

/**
 * Begin or end an extension's life: arguments that extension_argument() returned before are
 * gone.
 * @param env borrowed until it is set to another, or NULL; its fields may be filled in later
 */
void extension_env_set(const struct extension_env *env);

/* --- for the functions of those headers --------------------------------------- */

/** The environment that was set. */
const struct extension_env *extension_env(void);

/** Remember a negative errno for mdf_error(). @return @p err, whatever it is */
int extension_error(int err);

#endif
