/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The report for programs: --json. docs/report.md says what is in it.
 */
#ifndef CLI_REPORT_JSON_H
#define CLI_REPORT_JSON_H

#include "cli/report.h"

/** The output of the report. */
struct report_json {
	const char *path; /**< NULL: nowhere */
	int fd;		  /**< -1: it cannot be written; an error was printed */
};

/**
 * Begin: an existing report is emptied, so that it cannot be mistaken for the report of this
 * run. If the report cannot be created, print an error; the dump is made nevertheless.
 * check_same_files() was called before.
 */
void report_json_open(struct report_json *rj, const struct plan *plan);

/**
 * Write the report, and close it. Print an error if that fails.
 * @param err how the run ended, with its sentence, which is kept
 * @param status the exit status
 */
void report_json_write(struct report_json *rj, const struct report *rep, int err, int status);

#endif
