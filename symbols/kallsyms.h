/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Symbols of the crashed kernel and its modules, read from the tables in the dump.
 */
#ifndef SYMBOLS_KALLSYMS_H
#define SYMBOLS_KALLSYMS_H

#include <stdbool.h>
#include <stdint.h>

struct fact_set;
struct module_list;
struct vmem;

/**
 * Symbol tables of the crashed kernel and its modules. Not thread-safe. Nothing that
 * goes wrong here is a reason not to make a dump: what could be resolved stays
 * resolved, and kallsyms_why() says what was wrong where.
 */
struct kallsyms;

/** @param mem borrowed @return 0 or -ENOMEM */
int kallsyms_create(struct kallsyms **ret, const struct vmem *mem)
	__attribute__((warn_unused_result));
void kallsyms_destroy(struct kallsyms *ks);

/**
 * Have the symbols of a set resolved by the calls of init_kernel_kallsyms() and
 * init_module_kallsyms() that follow.
 * @param set borrowed, as far as its records go @return 0 or -ENOMEM
 */
int register_ksym_section(struct kallsyms *ks, const struct fact_set *set)
	__attribute__((warn_unused_result));

/**
 * Find the kernel's tables, from what VMCOREINFO says or by scanning the image, and
 * fill in the registered symbols of vmlinux that are still missing, all in one pass.
 *
 * Symbols whose addresses other providers know decide how values are encoded, and known
 * contents of the kernel at other addresses; a single one is not enough.
 *
 * If several symbols have one name, a global symbol counts; if there is none, and their
 * addresses differ, the declaration becomes FACT_AMBIGUOUS. A name that no symbol has
 * is also sought with a compiler's suffix (NAME.isra.0, NAME.llvm.123; not
 * NAME.cold, which is not the function).
 *
 * @return 0; -ENOENT if there are no tables; -EBADMSG if they are damaged (the rest was
 * resolved); -EFAULT; -ENOMEM
 */
int init_kernel_kallsyms(struct kallsyms *ks) __attribute__((warn_unused_result));

/**
 * Fill in the registered symbols of modules; only modules that are named in
 * a declaration are read. Also lets the functions below see modules.
 * @param modules borrowed until kallsyms_destroy()
 * @return as init_kernel_kallsyms(); a module that is not loaded is no error
 */
int init_module_kallsyms(struct kallsyms *ks, const struct module_list *modules)
	__attribute__((warn_unused_result));

/** One symbol. Strings are borrowed, from @c ks or for the length of a call. */
struct ksym {
	const char *name;
	const char *module; /**< NULL: of the kernel itself */
	char type;	    /**< as nm prints it */
	uint64_t value;	    /**< run-time address, or per-CPU offset */
	uint64_t size;	    /**< bytes to the next symbol, found by address; else 0 */
};

/**
 * Give each symbol to a function: the kernel's in the order of its table, then each
 * module's, those of others that a livepatch names among them, as in /proc/kallsyms. Needs
 * init_kernel_kallsyms() to have found tables.
 * @param fn returns 0 to go on; anything else ends the walk and is returned
 * @return 0; -errno, what could be read was given nevertheless
 */
int kallsyms_for_each(struct kallsyms *ks, int (*fn)(void *ctx, const struct ksym *sym), void *ctx)
	__attribute__((warn_unused_result));

/**
 * Find symbols by name at run time. The first call builds a table of all symbols
 * (some 10 MB).
 *
 * @param module NULL: of the kernel; a module's name; "" of either
 * @param[out] ret the first up to @p max of them; strings live as long as @p ks
 * @return how many there are, perhaps more than @p max; or -errno
 */
int search_kallsyms_by_name(struct kallsyms *ks, const char *module, const char *name,
			    struct ksym *ret, int max) __attribute__((warn_unused_result));

/**
 * The address of the one symbol of this name.
 * @return 0; -ENOENT if there is none; -ENOTUNIQ if several differ; -errno
 */
int get_kallsyms_value_by_name(struct kallsyms *ks, const char *module, const char *name,
			       uint64_t *value) __attribute__((warn_unused_result));

/**
 * The symbol that an address belongs to: the nearest at or below it in the kernel
 * image, or in the same module. If several are there, the first counts, as in the kernel.
 * @return 0; -ENOENT if there is none; -errno
 */
int search_kallsyms_by_address(struct kallsyms *ks, uint64_t address, struct ksym *ret)
	__attribute__((warn_unused_result));

/** Return whether the tables were found by scanning. */
bool kallsyms_scanned(const struct kallsyms *ks);

/** The first damage and its place; "" if there is none. Borrowed from @p ks. */
const char *kallsyms_why(const struct kallsyms *ks);

#endif
