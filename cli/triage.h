/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * --triage and --triage-file: the first answers about a crash.
 */
#ifndef CLI_TRIAGE_H
#define CLI_TRIAGE_H

#include "cli/options.h"
#include "erase/list.h"
#include "kernel/kernel.h"

/**
 * Write the triage of --triage: text to DUMPFILE or standard output, JSON to the file of --json.
 * @return 0; -errno if one of them cannot be written
 */
int triage_run(const struct plan *plan, const struct kernel *k) __attribute__((warn_unused_result));

/**
 * Write the triage of --triage-file beside a dump: JSON if the name ends in .json, else text.
 * @param erase what is overwritten in the dump, and so here; sealed
 * @return as triage_run()
 */
int triage_beside(const struct plan *plan, const struct kernel *k, const struct erase_list *erase)
	__attribute__((warn_unused_result));

#endif
