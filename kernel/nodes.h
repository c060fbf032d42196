/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The nodes of a machine: the kernel's array of pointers to their struct pglist_data.
 */
#ifndef KERNEL_NODES_H
#define KERNEL_NODES_H

#include <stdbool.h>

#include "lib/types.h"

/** Nodes of a machine, at most. */
#define NODES_MAX 1024

struct nodes {
	vaddr_t array; /**< of pointers, NULL where there is no such node */
	uint64_t nr;   /**< of pointers, at most NODES_MAX; 0 if that is not known */
};

/** @return false if the kernel has no such array, as those for one node have not */
bool nodes_find(struct nodes *ret);

#endif
