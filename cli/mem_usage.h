/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The numbers of pages of each kind: --mem-usage.
 */
#ifndef CLI_MEM_USAGE_H
#define CLI_MEM_USAGE_H

#include "cli/estimate.h"
#include "kernel/kernel.h"

/** A table on standard output, and what it is made from. */
struct mem_usage {
	uint64_t zero; /**< pages that would be kept, but hold nothing but zeros */
	uint64_t cache, cache_private, user, free, hwpoison, offline;
	uint64_t absent;     /**< left out of the dump before */
	uint64_t kernel;     /**< the rest */
	uint64_t unreadable; /**< of these, those that could not be looked at */
	uint64_t total;
	struct estimate_level levels[ESTIMATE_LEVELS];
	struct estimate_memory memory;
};

/**
 * Count the pages as a dump of level 31 would treat them.
 * @param live the memory is the running kernel's: pages that are reserved for the crash kernel
 * are not counted, since a vmcore does not have them
 * @param nr_threads 0: as many as there are CPUs
 * @return 0; -errno, whose message says what is missing or broken
 */
int mem_usage_count(const struct kernel *k, bool live, unsigned int nr_threads,
		    struct mem_usage *ret) __attribute__((warn_unused_result));

/** Print the table and the estimates. @return 0; -errno if it cannot be written */
int mem_usage_print(const struct kernel *k, const struct mem_usage *m)
	__attribute__((warn_unused_result));

#endif
