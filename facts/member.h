/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The place and the size of a member within a struct. Offsets are in bits, because of bit
 * fields; sizes are in bytes.
 */
#ifndef FACTS_MEMBER_H
#define FACTS_MEMBER_H

#include <stdint.h>

struct member_place {
	uint64_t bit_offset;  /**< from the start of the struct that was asked about, bits */
	uint32_t bit_size;    /**< width of a bit field, bits; else 0 */
	uint32_t size;	      /**< bytes; 0: not known */
	uint64_t nr_elements; /**< of an array; else 0 */
};

#endif
