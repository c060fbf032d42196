/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Finding the kallsyms tables in the kernel image when nothing says where they
 * are: kernels before 6.0 do not export them, and VMCOREINFO can be cut off.
 */
#ifndef SYMBOLS_KALLSYMS_SCAN_H
#define SYMBOLS_KALLSYMS_SCAN_H

#include "symbols/kallsyms_tables.h"

/**
 * Search the image (image_start to image_end of @p mem) for the tables, of any
 * layout since 4.18.
 *
 * A hit counts only if all hold: the token index agrees with the token table; the
 * digits are tokens at their own codes, as are enough other characters; the walk
 * over the names agrees with every marker and ends where the markers begin. Two
 * different hits are no hit. Of equal ones the first counts: the image begins where
 * the search does, and after it can be the copy that the firmware loaded, from which
 * the kernel moved itself (ppc). Candidates for the values are every place and encoding
 * that the layout allows; which one is right is for the caller to tell, from symbols
 * it knows.
 *
 * Needs no more than 4 MiB of memory. Pages that are not there are passed over.
 *
 * Tables in another byte order than that of @p mem are no hit.
 * @return 0; -ENOENT if there are none; -EBADMSG if there are several, or if the image
 * is full of what looks like them; -ENOMEM; another -errno if the dump cannot be read
 */
int kallsyms_scan(struct kallsyms_tables *ret, const struct vmem *mem)
	__attribute__((warn_unused_result));

#endif
