/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * VMCOREINFO of dumps that were not made by a capture kernel, and have no note of it:
 * the crashed kernel left it in memory.
 */
#ifndef KERNEL_FIND_VMCOREINFO_H
#define KERNEL_FIND_VMCOREINFO_H

#include <stdbool.h>

#include "vmcore/vmcore.h"

/**
 * Judge a text that was found in memory.
 * @param text to be freed by who judges
 * @return 0 to go on; 1 if it is the right one; -errno
 */
typedef int vmcoreinfo_judge(void *ctx, paddr_t pa, char *text, size_t len);

/**
 * Show each VMCOREINFO text that memory holds, where the architecture says that it is, then
 * the kernel's own notes at the beginning of pages, to a function; a few of these at most.
 *
 * @param everywhere search all pages, too; this can take as long as reading the dump
 * @return 0; -ENOMEM; what @p fn returned of errors
 */
int vmcoreinfo_for_each(struct vmcore *vc, bool everywhere, vmcoreinfo_judge *fn, void *ctx)
	__attribute__((warn_unused_result));

/**
 * Give a dump that has no VMCOREINFO the text that its memory holds, as if it had been
 * among its notes (vmcore_set_vmcoreinfo()). It is looked for where the architecture
 * says that it is. To be called before any reader exists, and while no kernel is open.
 *
 * @param everywhere if it is not there, look for the kernel's own note at the beginning of
 * each page. Among several, one counts that leads to its kernel; it can take as long as reading
 * the dump.
 * @return 0, also if there is none; -ENOMEM
 */
int vmcoreinfo_search(struct vmcore *vc, bool everywhere) __attribute__((warn_unused_result));

#endif
