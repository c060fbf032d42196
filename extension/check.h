/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Looking at an extension without running it: in its process, as loading runs its code.
 */
#ifndef EXTENSION_CHECK_H
#define EXTENSION_CHECK_H

#include "extension/load.h"
#include "extension/shared.h"
#include "kernel/kernel.h"

/** The extension to check. */
struct extension_look {
	struct extension_code *code; /**< found, not loaded */
	const struct kernel *k;	     /**< NULL: the running kernel */
	int out;		     /**< descriptor to print to */
	struct extension_shared *shared;
};

/**
 * Load it, resolve its declarations and print what became of each.
 * @param look struct extension_look
 * @return 0; -ENOENT if required ones are missing; -errno
 */
int check_declarations(void *look) __attribute__((warn_unused_result));

/**
 * Load it, and print its name and its line of help.
 * @param look struct extension_look @return as extension_load(); -errno of writing
 */
int print_help(void *look) __attribute__((warn_unused_result));

/** Load it, no more. @param look struct extension_look @return as extension_load() */
int check_loadable(void *look) __attribute__((warn_unused_result));

#endif
