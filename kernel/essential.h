/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The pages that debuggers look at first: without them no dump opens, and with them the log,
 * tasks, stacks, modules and memory statistics can be read.
 *
 * These are the kernel image, the page tables of the kernel but those of the linear map, per-CPU
 * areas, structures of nodes and zones, the log, modules, and of each task its structures and
 * its kernel stack.
 */
#ifndef KERNEL_ESSENTIAL_H
#define KERNEL_ESSENTIAL_H

#include "kernel/kernel.h"
#include "lib/pfn_set.h"

/**
 * Find the pages. A structure that cannot be found, or is damaged, costs only its own pages.
 * @param[in,out] set gets the pages; it need not be sealed
 */
void essential_find(const struct kernel *k, struct pfn_set *set);

#endif
