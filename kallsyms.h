/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Symbols of the crashed kernel.
 *
 * Code that needs a symbol's address says so where it uses it:
 *
 *	INIT_MOD_SYM(vmlinux, init_task);
 *	...
 *	vaddr = GET_MOD_SYM(vmlinux, init_task);
 *
 * The declaration is a record whose address lands in the section .init_ksyms.
 * Before anything is decided about the dump, providers fill the records in:
 * VMCOREINFO first, then whatever else knows the symbol. There is no other
 * place in the program where the symbol is listed.
 *
 * The module's name is as in the kernel's struct module, or vmlinux for the
 * kernel itself. Records are hidden: an extension's declaration is its own,
 * even if the program declares the same symbol.
 */
#ifndef KALLSYMS_H
#define KALLSYMS_H

#include <stdbool.h>
#include <stdint.h>

/** One declared symbol. Extensions own such records: the layout never changes. */
struct ksym_info {
	const char *modname;
	const char *symname;
	/** Whether the declaring code can do nothing without it. */
	bool sym_required;
	/** Run-time virtual address (KASLR included). */
	uint64_t value;
	/** Negative until a provider has filled in the value. */
	int index;
};

#define KSYM_HIDDEN_ __attribute__((visibility("hidden")))

/* The linker makes an array of the pointers: nothing may lie between them. */
#ifdef __clang__
#define KSYM_BARE_ __attribute__((no_sanitize("address")))
#else
#define KSYM_BARE_
#endif

#define INIT_KSYM_(mod, sym, required)						\
	extern struct ksym_info _ksym_##mod##_##sym KSYM_HIDDEN_;		\
	struct ksym_info _ksym_##mod##_##sym = {				\
		.modname = #mod, .symname = #sym,				\
		.sym_required = required, .index = -1,				\
	};									\
	static struct ksym_info *const _ptr_ksym_##mod##_##sym			\
		KSYM_BARE_ __attribute__((used, section(".init_ksyms"))) = &_ksym_##mod##_##sym

/** Declare a symbol the code cannot do without, at file scope. */
#define INIT_MOD_SYM(mod, sym) INIT_KSYM_(mod, sym, true)
/** Declare a symbol that may be missing: ask MOD_SYM_EXIST() before use. */
#define INIT_OPT_MOD_SYM(mod, sym) INIT_KSYM_(mod, sym, false)
/** Use a symbol that another file of the same program declared. */
#define DECLARE_MOD_SYM(mod, sym) extern struct ksym_info _ksym_##mod##_##sym KSYM_HIDDEN_

/** The symbol's address. */
#define GET_MOD_SYM(mod, sym) (_ksym_##mod##_##sym.value)
/** The symbol's record. */
#define GET_MOD_SYM_PTR(mod, sym) (&_ksym_##mod##_##sym)
/** Whether the symbol was found. */
#define MOD_SYM_EXIST(mod, sym) SYM_EXIST(GET_MOD_SYM_PTR(mod, sym))
#define SYM_EXIST(p) ((p)->index >= 0)

#endif
