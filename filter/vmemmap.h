/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Struct pages that describe nothing which is saved.
 */
#ifndef FILTER_VMEMMAP_H
#define FILTER_VMEMMAP_H

#include "kernel/kernel.h"
#include "lib/bitmap.h"

/**
 * Leave out the pages of the memory map that hold struct pages only of pages that are not
 * saved. One that is mapped at several places, as the kernel does for huge pages, goes only if
 * that is so at all of them.
 *
 * @param dumpable bits of the pages to be saved, when everything else is decided
 * @param wanted bits of pages that are to be saved whatever they hold; NULL: none
 * @param[out] dropped how many pages went
 * @return 0; -ENOENT if facts are missing, -EFAULT or -EBADMSG if the memory map cannot be
 * read; -ENOMEM
 */
int exclude_unused_vmemmap(const struct kernel *k, struct bitmap *dumpable,
			   const struct bitmap *wanted, uint64_t *dropped)
	__attribute__((warn_unused_result));

#endif
