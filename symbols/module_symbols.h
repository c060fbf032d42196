/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The symbol table of one module (core_kallsyms), as the kernel keeps it in memory.
 */
#ifndef SYMBOLS_MODULE_SYMBOLS_H
#define SYMBOLS_MODULE_SYMBOLS_H

#include "symbols/module_list.h"

/** One symbol of a module. Strings are borrowed for the call. */
struct kmodule_symbol {
	const char *name; /**< printable, but for the \1 and \2 of local labels */
	size_t name_len;
	char type;	/**< as nm prints it, lower case; '?' if not known */
	uint64_t value; /**< run-time address */
	bool foreign;	/**< undefined: it belongs to the kernel or another module */
};

/**
 * Give every symbol of a module to a function, also those of others that a livepatch names,
 * but not the nameless ones. A symbol whose name cannot be read is left out.
 *
 * Tables are read in pieces of at most 1 MiB, strings all at once.
 *
 * @param fn returns 0 to go on; anything else ends the walk and is returned
 * @return 0; -EBADMSG if the tables are invalid, -EFAULT if part of them cannot be
 * read (the rest was given), -ENOMEM; the message of which message names the module
 */
int kmodule_for_each_symbol(const struct kmodule *module, const struct vmem *mem,
			    int (*fn)(void *ctx, const struct kmodule_symbol *sym), void *ctx)
	__attribute__((warn_unused_result));

#endif
