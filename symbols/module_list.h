/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The modules of the crashed kernel: one walk over the lists `modules` and
 * `btf_modules`.
 *
 * Modules can be on the lists half made or half gone, and lists can be damaged: a
 * walk goes only forward, never visits an entry twice, has a bound, and keeps what it
 * had found when it has to stop.
 */
#ifndef SYMBOLS_MODULE_LIST_H
#define SYMBOLS_MODULE_LIST_H

#include "symbols/vmem.h"

/** Bytes of a module's name, NUL included (MODULE_NAME_LEN is 56 or 60). */
#define KMODULE_NAME_MAX 64
/** The most entries of a list. */
#define KMODULES_MAX 65536

/** One loaded module. Addresses are virtual; 0 is "has none". */
struct kmodule {
	char name[KMODULE_NAME_MAX];
	vaddr_t address; /**< of its struct module */
	/**
	 * ELF symbols, their strings, a letter for each of them: core_kallsyms, or those that
	 * the module has until it is initialized.
	 */
	vaddr_t symtab, strtab, typetab;
	uint32_t num_symtab; /**< as the dump says: not checked */
	/** Split BTF, on top of that of vmlinux. */
	vaddr_t btf;
	uint32_t btf_size; /**< bytes, as the dump says: not checked */
};

struct module_list {
	struct kmodule *modules; /**< in the order of the list: newest first */
	size_t nr;
	/** Modules being loaded that have nothing to show yet. */
	unsigned int unformed;
	/** The damage, if a walk ended early or an entry was skipped; else "". */
	char why[256];
};

/**
 * Walk the lists. The program's declarations of struct module, btf_module, btf and
 * list_head have been resolved before, as have the lists' heads.
 *
 * A module whose symbols or BTF the declarations do not lead to is listed without them.
 *
 * @return 0, also when the walk ended early (@c why); -ENOENT if what is needed is not
 * known, -EBADMSG if it is invalid, whose message names it; -ENOMEM. The list
 * is empty on error.
 */
int module_list_read(struct module_list *list, const struct vmem *mem)
	__attribute__((warn_unused_result));
void module_list_free(struct module_list *list);

/** The module of a name, or NULL. '-' and '_' are the same, as for modprobe. */
const struct kmodule *module_list_find(const struct module_list *list, const char *name);

#endif
