/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The memory in which an extension's process answers, and taking over the answers.
 *
 * The process may have written anything there, and a survivor of it may still write. Nothing is
 * believed before it was copied and checked.
 */
#ifndef EXTENSION_ANSWERS_H
#define EXTENSION_ANSWERS_H

#include <stddef.h>
#include <stdint.h>

#include "erase/list.h"
#include "extension/reported.h"
#include "extension/shared.h"
#include "filter/verdicts.h"

/**
 * The program's own knowledge of where things are: what the extension's process can
 * write to says nothing about it.
 */
struct extension_answers {
	int fd; /**< -1: the memory has no file */
	uint8_t *base;
	size_t size;
	struct extension_shared *shared;
	struct bitmap include, exclude;
	struct erase_range *erasures;
};

/** Map memory for answers about nr_pfns pages. @return 0 or -ENOMEM */
int extension_answers_create(struct extension_answers *a, uint64_t nr_pfns)
	__attribute__((warn_unused_result));
void extension_answers_destroy(struct extension_answers *a);

/**
 * Add the answers of an extension to those of others, or nothing of them.
 *
 * @param name of the extension, for the line of the eraseinfo
 * @param v of the same number of pages
 * @param[out] values the values that it reported
 * @param[out] fatal set to the -errno of an error of the program's own, after which v and list
 * have a part of the answers
 * @return 0; -EBADMSG if the answers are invalid; -E2BIG if some were lost; -ENOMEM
 */
int extension_answers_take(const struct extension_answers *a, const char *name, struct verdicts *v,
			   struct erase_list *list, struct reported *values, int *fatal)
	__attribute__((warn_unused_result));

#endif
