/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * BTF with unreadable bytes: types that lie in them are replaced by others of no meaning, so that
 * all others keep their ids.
 *
 * A type is known by its number only, so the types that were lost have to be counted. References
 * to types after the unreadable bytes tell: a function refers to a prototype, a section to
 * variables, a member to neither, and only with the right count is that so.
 */
#ifndef TYPES_BTF_REPAIR_H
#define TYPES_BTF_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "symbols/vmem.h"

/** Bytes [start, end) of a buffer. */
struct btf_hole {
	uint64_t start, end;
};

/**
 * Read memory page by page; what cannot be read becomes 0.
 * @param[out] hole all that could not be read, and what lies between; start == end: nothing
 * @return 0; -ENOMEM; -EFAULT if no page can be read
 */
int btf_read(const struct vmem *mem, vaddr_t va, uint8_t *buf, uint64_t size, struct btf_hole *hole)
	__attribute__((warn_unused_result));

/** The type section of BTF. */
struct btf_section {
	uint8_t *types;
	uint32_t len;	   /**< bytes */
	uint32_t first_id; /**< of its first type */
	uint32_t str_end;  /**< no name's offset is larger */
	bool swap;
};

/**
 * Write records over those that lie in a hole, as many as there were.
 * @param hole in the section; not empty
 * @param[out] counted false: there may have been more, but no type that is looked up comes after
 * them
 * @return 0; -EBADMSG if they cannot be counted; -ENOMEM
 */
int btf_repair(const struct btf_section *s, const struct btf_hole *hole, bool *counted)
	__attribute__((warn_unused_result));

#endif
