/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Reading a dump to its last byte: --verify.
 */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include <stdint.h>

#include "vmcore/vmcore.h"

/** The result of checking a dump. */
struct verify_result {
	uint64_t pages;		  /**< that the dump should hold */
	uint64_t unreadable;	  /**< of them, those that could not be read or decompressed */
	uint64_t faults;	  /**< others: in headers, notes and page descriptors */
	unsigned int not_printed; /**< messages beyond the first few */
};

/**
 * Read and decompress every page of a dump, and check its headers, notes and page descriptors.
 * Prints the first faults, each as an error.
 * @param nr_threads 0: as many as there are CPUs
 * @return 0; -EBADMSG if anything is wrong with the dump, or it is incomplete; another -errno if
 * it could not be read to its end
 */
int verify(struct vmcore *vc, unsigned int nr_threads, struct verify_result *ret)
	__attribute__((warn_unused_result));

/** Print the numbers to standard output. @return 0; -errno if it cannot be written */
int verify_print(const struct vmcore *vc, const struct verify_result *r)
	__attribute__((warn_unused_result));

#endif
