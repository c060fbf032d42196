/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Making a dump, as the command line asks for it: what it takes, where it goes, and what is
 * said about it.
 */
#ifndef CLI_CREATE_H
#define CLI_CREATE_H

#include "cli/options.h"
#include "cli/report.h"
#include "kernel/kernel.h"

/**
 * Make a dump.
 * @param rep takes down how it goes
 * @return 0 if it is complete; -errno
 */
int run_create(const struct plan *plan, const struct kernel *k, struct report *rep)
	__attribute__((warn_unused_result));

/**
 * Put together what was written in pieces or as a stream (-R, --reassemble).
 * @return as above
 */
int create_from_output(const struct plan *plan) __attribute__((warn_unused_result));

#endif
