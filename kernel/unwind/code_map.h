/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The code of the crashed kernel and its modules, and the tables to unwind it.
 */
#ifndef KERNEL_UNWIND_CODE_MAP_H
#define KERNEL_UNWIND_CODE_MAP_H

#include "lib/search.h"
#include "symbols/module_list.h"
#include "symbols/vmem.h"

/**
 * Bytes of code for each number in orc_lookup, since Linux kernel commit ee9f8fce9964
 * ("x86/unwind: Add the ORC unwinder") (in v4.14).
 */
#define ORC_BLOCK 256

/** A range of code, and the ORC tables for it. */
struct code_range {
	vaddr_t start, end;
	vaddr_t orc_ip, orc; /**< 0: none */
	uint64_t nr_orcs;
	vaddr_t orc_lookup; /**< for each ORC_BLOCK bytes of code the entry of the first; 0: none */
};

/** All code of the kernel and its modules. */
struct code_map {
	struct code_range *ranges; /**< sorted by start; owned */
	size_t nr;
	bool has_orcs;	     /**< a range has an ORC table */
	unsigned int orc_sp; /**< orc_stack_pointer() of the kernel's */
};

/** Find the code. Facts of facts_on_demand() are needed. @return 0 or -ENOMEM */
int code_map_read(struct code_map *map, const struct vmem *mem, const struct module_list *modules)
	__attribute__((warn_unused_result));
void code_map_free(struct code_map *map);

/** The range that an address is in, or NULL. */
static inline const struct code_range *code_find(const struct code_map *map, vaddr_t pc)
{
	size_t low = SEARCH_FIRST(0, map->nr, i, map->ranges[i].start <= pc);

	return low && pc < map->ranges[low - 1].end ? &map->ranges[low - 1] : NULL;
}

#endif
