/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The kernel's own tables in the dump: kallsyms and BTF, read from its memory.
 */
#ifndef KERNEL_KERNEL_TABLES_H
#define KERNEL_KERNEL_TABLES_H

#include "kernel/kernel_vmem.h"
#include "symbols/kallsyms.h"
#include "symbols/module_list.h"
#include "types/btf_info.h"

/** The dump's symbol tables and types, open for questions. Not thread-safe. */
struct kernel_tables {
	struct kallsyms *kallsyms;
	struct btf_info *types;	    /**< NULL without libbpf, or if they were not wanted */
	struct module_list modules; /**< empty until kernel_tables_modules() */
	struct kernel_vmem view;    /**< what they are read through */
};

/**
 * Find the kernel's tables and fill in what is missing of a set. Addresses of @p k have
 * to be translatable.
 *
 * Nothing that is wrong with the tables is an error here: kallsyms_why() and
 * btf_info_why() tell.
 *
 * @param set declarations of the program or of an extension
 * @param types false: symbols only
 * @param check types that BTF is to fill in, too, or NULL
 * @return 0; -ENOMEM
 */
int kernel_tables_open(struct kernel_tables **ret, const struct kernel *k,
		       const struct fact_set *set, bool types, const struct fact_set *check)
	__attribute__((warn_unused_result));
void kernel_tables_close(struct kernel_tables *of);

/**
 * Read the list of modules, and fill in what is missing of the set and lies in modules.
 * The program's declarations about modules have been resolved by then.
 * @return as module_list_read(), but 0 for a kernel that has no modules; modules.why tells
 * what else was wrong
 */
int kernel_tables_modules(struct kernel_tables *of) __attribute__((warn_unused_result));

#endif
