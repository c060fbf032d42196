/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The crashed kernel as a triage sees it: its memory, less what is overwritten in the dump, and
 * its symbols.
 */
#ifndef TRIAGE_VIEW_H
#define TRIAGE_VIEW_H

#include "kernel/kernel.h"
#include "kernel/kernel_tables.h"

/** Not thread-safe, and must not be moved. */
struct triage_view {
	const struct kernel *k;	 /**< borrowed */
	struct vmcore_reader *r; /**< owned */
	const struct kernel_overwrite *overwrite;
	bool live;		      /**< the kernel runs: VMCORE is /proc/kcore */
	struct kernel_tables *tables; /**< owned; NULL if addresses cannot be translated */
	struct vmem mem;
};

/**
 * Begin to look at a kernel.
 * @param overwrite what is overwritten in the dump; NULL: nothing
 * @return 0; -ENOENT or another errno if its addresses cannot be translated; -ENOMEM
 */
int triage_view_init(struct triage_view *v, const struct kernel *k,
		     const struct kernel_overwrite *overwrite) __attribute__((warn_unused_result));
void triage_view_deinit(struct triage_view *v);

/**
 * Copy a string, cut to @p size bytes with its NUL; what controls a terminal becomes "?".
 * @return whether it could be read; else it is ""
 */
bool read_name(const struct vmem *mem, vaddr_t va, char *buf, size_t size);

#endif
