/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Asking an extension about every page.
 */
#ifndef EXTENSION_PAGE_SCAN_H
#define EXTENSION_PAGE_SCAN_H

#include "extension/load.h"
#include "extension/shared.h"
#include "kernel/memmap.h"

/** State for calling extensions: made before memory is limited, since bitmaps can be large. */
struct page_scan;

/**
 * @param code loaded, with a callback @param shared gets what it says, and how far it is
 * All are borrowed until page_scan_destroy(). @return 0; -errno
 */
int page_scan_create(struct page_scan **ret, const struct extension_code *code,
		     const struct kernel *k, const struct memmap *map,
		     struct extension_shared *shared) __attribute__((warn_unused_result));
void page_scan_destroy(struct page_scan *a);

/**
 * Ask about each page that the dump has data of and whose struct page can be read, once,
 * in ascending order. Uses extension_pages_callback() if there is one, else
 * extension_callback().
 *
 * @return 0; -EBADF if the dump cannot be read any more (its descriptor was closed)
 */
int page_scan_run(struct page_scan *a) __attribute__((warn_unused_result));

#endif
