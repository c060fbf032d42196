/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * VMCOREINFO of dumps that were not made by a capture kernel, and have no note of it:
 * the crashed kernel left it in memory.
 */
#ifndef KERNEL_VMCOREINFO_SEARCH_H
#define KERNEL_VMCOREINFO_SEARCH_H

#include <stdbool.h>

#include "vmcore/vmcore.h"

/**
 * Give a dump that has no VMCOREINFO the text that its memory holds, as if it had been
 * among its notes (vmcore_set_vmcoreinfo()). It is looked for where the architecture
 * says that it is. To be called before any reader exists, and while no kernel is open.
 *
 * @param everywhere if it is not there, look for the kernel's own note at the beginning of
 * each page. Of several one counts that leads to its kernel; it can take as long as reading
 * the dump.
 * @return 0, also if there is none; -ENOMEM with a sentence
 */
int vmcoreinfo_search(struct vmcore *vc, bool everywhere) __attribute__((warn_unused_result));

#endif
