/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The ranges of physical memory that are overwritten in the dump.
 */
#ifndef ERASE_LIST_H
#define ERASE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/types.h"

/** A range of physical memory to overwrite. */
struct erase_range {
	paddr_t start, end; /**< [start, end) */
	uint8_t fill;
};

/**
 * Ranges to overwrite. Adding is for one thread; once sealed it is constant, and all
 * threads may use it. All zeros is an empty list that is sealed.
 */
struct erase_list {
	struct erase_range *ranges; /**< sorted and not overlapping once sealed; owned */
	size_t nr, room;
	uint32_t *order; /**< the list's own, to seal it with; owned */
	/** Text that goes to the dump's eraseinfo: lines; owned, or NULL. */
	char *text;
	size_t text_size; /**< bytes, without a NUL */
};

void erase_list_init(struct erase_list *list);
void erase_list_deinit(struct erase_list *list);

/**
 * Add a range; it may overlap others: of those that overlap the one added first decides
 * about the fill. No length is no range, and no error.
 * @return 0; -EINVAL if it ends after the last address; -ENOMEM. The
 * list is as it was then.
 */
int erase_list_add(struct erase_list *list, paddr_t start, uint64_t len, uint8_t fill)
	__attribute__((warn_unused_result));

/**
 * Add a line to the text.
 * @param fmt without a newline; control characters become '?'
 * @return 0; -ENOMEM
 */
int erase_list_note(struct erase_list *list, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/**
 * Sort and merge, when the last range was added: the functions below need it. Cannot fail.
 * If more ranges are added, they come after those that are there, and it is to be done again.
 */
void erase_list_seal(struct erase_list *list);

/** The first address at or after @p from that is to be overwritten; UINT64_MAX if none. */
paddr_t erase_list_next(const struct erase_list *list, paddr_t from);

/** Overwrite what is to be overwritten of memory that was copied from @p pa. */
void erase_list_apply(const struct erase_list *list, paddr_t pa, void *buf, size_t len);

#endif
