/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * ORC tables: for each range of code one of addresses, which is sorted, and one of entries, whose
 * format depends on the architecture.
 */
#ifndef KERNEL_UNWIND_ORC_TABLE_H
#define KERNEL_UNWIND_ORC_TABLE_H

#include "kernel/unwind/code_map.h"

/**
 * Find the last entry at or below an address.
 * @param[out] ret its number
 * @return whether there is one, and the table can be read
 */
bool orc_search(const struct vmem *mem, const struct code_range *code, vaddr_t pc, uint64_t *ret);

#endif
