/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The classes of pages (filter/page_order.h) in messages and reports.
 */
#ifndef CLI_CLASSES_H
#define CLI_CLASSES_H

#include "lib/json.h"
#include "output/copy.h"

/**
 * Describe the lack of an incomplete dump, such as "62 % of the page cache is missing".
 * @param fill that of the fill of --fill alone, else that of all other classes, which begins with
 * "kernel memory is complete; " where it is
 * @param[out] text "" if no page is missing
 */
void classes_missing(const struct copy_stats *copy, bool fill, char *text, size_t size);

/** Add a table to the report: pages, bytes and seconds of each class. */
void classes_show(const struct copy_stats *copy);

/** Write the array "classes". */
void classes_put(struct json *j, const struct copy_stats *copy);

#endif
