/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * What an extension declared, and what became of it, in words.
 */
#ifndef FACTS_FACT_FORMAT_H
#define FACTS_FACT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "facts/facts.h"

/** Longest text of one declaration. */
#define FACT_FORMAT_MAX 512

/** How many declarations there are of all kinds. */
size_t fact_count(const struct fact_set *set);

/** Describe the n-th in one line: whether it is required, its value, who knew it. */
void fact_format(const struct fact_set *set, size_t n, char *buf, size_t size);

/**
 * Name all required ones that are missing.
 * @param[out] buf "missing: SYMBOL(x), xfs:OFFSET(a.b) (ambiguous)", as much as fits; ends
 * in "..." if that is not all
 * @return how many are missing
 */
size_t facts_missing(const struct fact_set *set, char *buf, size_t size);

#endif
