/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Kernels in whose page tables no entry above the last level is 0: those that map nothing lead to
 * an empty table, one for each level below the root, which all of them share.
 */
#ifndef ARCH_EMPTY_TABLES_H
#define ARCH_EMPTY_TABLES_H

#include "arch/arch.h"

#define EMPTY_LEVELS_MAX 4

struct empty_tables {
	/** The entry of a level that leads to the empty table of the one below; 0: not known. */
	uint64_t entry[EMPTY_LEVELS_MAX + 1];
};

/**
 * Find the empty tables, and by them the number of levels, which no fact tells.
 * @param a root, page_shift and pte_addr_mask are set; each table has a page
 * @param big_endian the entries' byte order
 * @param table_of find the table that an entry leads to; false: to none
 * @param[out] ret zeros if nothing is found
 * @return levels of page tables, 2 to EMPTY_LEVELS_MAX; 0: not found
 */
unsigned int empty_tables_find(const struct arch *a, const struct arch_mem *mem, bool big_endian,
			       bool (*table_of)(const struct arch *a, uint64_t entry,
						paddr_t *table),
			       struct empty_tables *ret);

#endif
