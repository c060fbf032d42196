/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The pages that debuggers look at first: without them no dump opens, and with them the log,
 * tasks, stacks, modules and memory statistics can be read.
 *
 * These are the data of the image and of modules, with the little code that stacks lead to, the
 * page tables of the kernel but those of the linear map, per-CPU areas, structures of nodes and
 * zones, the log, and of each task its structures and its kernel stack.
 */
#ifndef KERNEL_ESSENTIAL_H
#define KERNEL_ESSENTIAL_H

#include "kernel/kernel.h"
#include "lib/pfn_set.h"

/**
 * Find the pages. A structure that cannot be found, or is damaged, costs only its own pages. The
 * search has bounds: on a very large machine the counters of address spaces may be left out.
 * @param[in,out] set gets the pages; it need not be sealed
 */
void essential_find(const struct kernel *k, struct pfn_set *set);

#endif
