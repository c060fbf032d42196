/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * What is said: that something is wrong, and about a finished dump.
 */
#ifndef REPORT_H
#define REPORT_H

#include "erase/by_config.h"
#include "extension/host.h"
#include "output/dump.h"

/** Show a sentence about what is wrong, as the program says it. */
void report_error(const char *text);

/** Show the statistics, as report messages. */
void report_show(const struct dump_request *req, const struct dump_result *res);

/** Show what extensions did, and which of them did not run. */
void report_extensions(const struct extension_result *ext);

/** Show how much --config has overwritten. */
void report_erasures(const struct erase_report *erased);

#endif
