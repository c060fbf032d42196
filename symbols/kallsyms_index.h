/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * A table of all symbols, by name and by address, for those who ask at run time.
 */
#ifndef SYMBOLS_KALLSYMS_INDEX_H
#define SYMBOLS_KALLSYMS_INDEX_H

#include "symbols/kallsyms.h"

struct kallsyms_index;

/** An empty table. @return 0 or -ENOMEM */
int kallsyms_index_create(struct kallsyms_index **ret) __attribute__((warn_unused_result));
void kallsyms_index_destroy(struct kallsyms_index *idx);

/**
 * Add a symbol.
 * @param sym its name is copied, its module's is borrowed @return 0 or -ENOMEM
 */
int kallsyms_index_add(struct kallsyms_index *idx, const struct ksym *sym)
	__attribute__((warn_unused_result));

/** Make ready for look-ups, after the last symbol. @return 0 or -ENOMEM */
int kallsyms_index_finish(struct kallsyms_index *idx) __attribute__((warn_unused_result));

/** As search_kallsyms_by_name(); in the order in which they were added. */
int kallsyms_index_by_name(const struct kallsyms_index *idx, const char *module, const char *name,
			   struct ksym *ret, int max) __attribute__((warn_unused_result));

/** As search_kallsyms_by_address(). */
int kallsyms_index_by_address(const struct kallsyms_index *idx, uint64_t address, struct ksym *ret)
	__attribute__((warn_unused_result));

#endif
