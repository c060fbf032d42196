/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * A set of addresses, each with a number: where a walk through a dump's memory has been.
 */
#ifndef LIB_ADDRSET_H
#define LIB_ADDRSET_H

#include <stddef.h>
#include <stdint.h>

/** One address that is in the set. */
struct addrset_entry {
	uint64_t address; /**< 0: none */
	size_t value;	  /**< the caller's */
};

/** A hash table, never more than half full. Not thread-safe. */
struct addrset {
	struct addrset_entry *table; /**< owned */
	unsigned int bits;	     /**< log2 of its size */
	size_t nr;		     /**< addresses in the set */
};

/** An empty set. @return 0 or -ENOMEM */
int addrset_init(struct addrset *s) __attribute__((warn_unused_result));
void addrset_deinit(struct addrset *s);

/**
 * Add an address.
 * @param address not 0
 * @return 0; -EEXIST (without a sentence) if it is there already, and keeps its value;
 * -ENOMEM with one
 */
int addrset_add(struct addrset *s, uint64_t address, size_t value)
	__attribute__((warn_unused_result));

/** An address's entry, until the next one is added; NULL if it is not there. */
struct addrset_entry *addrset_find(const struct addrset *s, uint64_t address);

#endif
