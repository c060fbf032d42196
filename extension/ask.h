/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Asking an extension about every page.
 */
#ifndef EXTENSION_ASK_H
#define EXTENSION_ASK_H

#include "extension/answers.h"
#include "extension/load.h"
#include "kernel/memmap.h"

/** What is needed to ask: made before memory is limited, since bitmaps can be large. */
struct asking;

/**
 * @param code loaded, with a callback @param answers gets what it says, and how far it is
 * All are borrowed until asking_destroy(). @return 0; -errno with a sentence
 */
int asking_create(struct asking **ret, const struct extension_code *code, const struct kernel *k,
		  const struct memmap *map, struct extension_answers *answers)
	__attribute__((warn_unused_result));
void asking_destroy(struct asking *a);

/**
 * Ask about each page that the dump has data of and whose struct page can be read, once,
 * in ascending order. Uses extension_pages_callback() if there is one, else
 * extension_callback().
 *
 * @return 0; -EBADF if the dump cannot be read any more (its descriptor was closed); with a
 * sentence
 */
int ask_about_pages(struct asking *a) __attribute__((warn_unused_result));

#endif
