/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Finding what a makedumpfile.conf(5) names in the memory of the crashed kernel.
 *
 * That memory can hold anything: a walk never visits an element twice and has a bound, a
 * length read from it is no larger than what it is of or than EVAL_SIZE_MAX, and what
 * cannot be read is passed over and counted.
 */
#ifndef ERASE_CONFIG_EVAL_H
#define ERASE_CONFIG_EVAL_H

#include "erase/config.h"
#include "symbols/vmem.h"

/** Fill bytes for data, and for nullified pointers. */
#define EVAL_FILL 'X'
/** A string's length that is looked at, bytes. */
#define EVAL_STRING_MAX 1024
/** Bytes that a length read from memory can be, if it is not known of what. */
#define EVAL_SIZE_MAX (UINT64_C(64) << 20)
/** Elements of one loop, and of all together. */
#define EVAL_LOOP_MAX (1u << 20)
#define EVAL_STEPS_MAX (1u << 22)
/** Different sizes of one command that are recorded in ERASEINFO. */
#define EVAL_SIZES_MAX 8

/** Access to memory, symbols and types. */
struct eval_ops {
	const struct vmem *mem;
	struct type_lookup *types;
	/** Return whether a module's part is to be done. */
	bool (*has_module)(void *ctx, const char *module);
	/**
	 * The address of a symbol.
	 * @param module NULL: the kernel's
	 * @return 0; -ENOENT or -ENOTUNIQ
	 */
	int (*symbol)(void *ctx, const char *module, const char *name, vaddr_t *ret);
	/**
	 * Have memory overwritten.
	 * @return 0; -EFAULT if some of it is not mapped (the rest is done), -ENOMEM
	 */
	int (*overwrite)(void *ctx, vaddr_t va, uint64_t len, uint8_t fill);
	void *ctx;
};

/** The outcome of one command. */
struct eval_outcome {
	uint64_t done; /**< places that were overwritten; elements of a loop */
	uint64_t bytes;
	uint64_t failed; /**< places that were not, or not wholly */
	/** For an erase: the different sizes, in order of occurrence. */
	uint64_t sizes[EVAL_SIZES_MAX];
	unsigned int nr_sizes;
	/** It cannot be done at all: the kernel has no such thing. */
	bool impossible;
	bool without_module; /**< passed over: the module is not loaded */
	char why[256];	     /**< the first failure; "" if there was none */
};

/**
 * Do what a config says.
 * @param[out] outcomes one for each command, by its number; all zeros before
 * @return 0; -ENOMEM: what comes after was not done
 */
int eval_config(const struct eval_ops *world, const struct erase_config *config,
		struct eval_outcome *outcomes) __attribute__((warn_unused_result));

#endif
