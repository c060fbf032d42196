/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The zones of a kernel's memory (DMA, DMA32, Normal, ...), of all nodes.
 */
#ifndef KERNEL_ZONES_H
#define KERNEL_ZONES_H

#include "kernel/kernel.h"

/** More zones are passed over. */
#define ZONES_MAX 256

struct zone {
	pfn_t start, end;
	unsigned int node;
	char name[16];
};

/**
 * Find the zones that span any pages.
 *
 * A node whose description cannot be read or is invalid ends the search: zones of further nodes
 * are unknown.
 *
 * @param[out] ret pfns [start, end), below the dump's max_pfn
 * @return number of zones; 0 also if facts or memory are missing
 */
unsigned int zones_find(const struct kernel *k, struct zone ret[ZONES_MAX]);

#endif
