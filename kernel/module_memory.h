/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The memory of a module, in pieces: its code, its constants, its data.
 */
#ifndef KERNEL_MODULE_MEMORY_H
#define KERNEL_MODULE_MEMORY_H

#include "symbols/vmem.h"

/** The most pieces of a module. */
#define MODULE_PIECES_MAX 16

struct module_piece {
	vaddr_t base;
	uint64_t size; /**< bytes, as the dump says: not checked */
	/** It is code; that which initializes the module is freed after it has run. */
	bool code;
	bool constants; /**< nothing but constants; kernels before 6.4 have these after the code */
};

/**
 * The n-th piece of a module's memory.
 * @param module address of its struct module
 * @return whether there is one; after a number without one, others can follow
 */
bool module_memory(const struct vmem *mem, vaddr_t module, unsigned int n,
		   struct module_piece *ret);

#endif
