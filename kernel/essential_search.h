/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The search for essential pages (kernel/essential.h), and its parts.
 *
 * Each part adds the pages of one subject. It reads through @c mem what a debugger reads on the
 * same way, which adds those pages, too. Damage ends a part, or a step of it, without an error.
 */
#ifndef KERNEL_ESSENTIAL_SEARCH_H
#define KERNEL_ESSENTIAL_SEARCH_H

#include "facts/declare.h"
#include "kernel/kernel.h"
#include "kernel/kernel_vmem.h"
#include "kernel/walk.h"
#include "lib/bitmap.h"
#include "lib/pfn_set.h"

/** The most ranges of the image that are not essential. */
#define ESSENTIAL_SKIP_MAX 16
/** More than the levels of page tables. */
#define ESSENTIAL_LEVELS 8
/** Bytes of code that are one bit of struct essential. */
#define ESSENTIAL_CODE_BLOCK 256
/** Most functions have fewer bytes up to a call. */
#define ESSENTIAL_FUNCTION_BYTES 1024
/**
 * Bytes of code after a call: crash disassembles as many instructions from the beginning of the
 * function on as it has bytes up to the call, and an instruction of x86_64 has some 4 bytes.
 */
#define ESSENTIAL_AFTER_CALL_BYTES (3 * ESSENTIAL_FUNCTION_BYTES)

/** Virtual memory [start, end). */
struct vrange {
	vaddr_t start, end;
};

/** Code of a module. */
struct essential_module {
	struct vrange code;
	vaddr_t address; /**< of its struct module */
	bool on_stack;	 /**< a stack leads to it, and its tables for unwinding have been added */
};

/** A virtual page. */
struct essential_slot {
	vaddr_t va; /**< 1: none */
	pfn_t pfn;
	bool mapped, added;
};

/** A search. */
struct essential {
	const struct kernel *k;
	struct pfn_set *set;
	struct kernel_vmem view; /**< page tables are read through its reader */
	struct vmem mem; /**< the kernel's memory; pages that are read through it are added */
	struct vmcore_reader *data;   /**< owned */
	struct essential_slot *slots; /**< translations by the number of the virtual page; owned */
	uint64_t nr_copies;	      /**< pages whose bytes can be remembered */
	vaddr_t *copied;	      /**< those whose bytes are known, by the same; owned */
	uint8_t *pages;		      /**< their bytes; owned */
	pfn_t tables[ESSENTIAL_LEVELS]; /**< page tables that were added last, by their level */
	uint64_t left;			/**< translations that may still be made */
	uint64_t steps; /**< pages that may still be read or added; then all walks end */
	/** Ranges of the image whose pages are not added; the first one is its code. */
	struct vrange skip[ESSENTIAL_SKIP_MAX];
	unsigned int nr_skip;
	struct bitmap code; /**< blocks of the image's code that stacks lead to; 0 bits: none */
	struct essential_module *modules; /**< owned */
	size_t nr_modules;
	struct vrange module_code; /**< the code of all modules lies in it */
	vaddr_t last_mm;	   /**< the mm_struct whose counters were noted last */
	vaddr_t *counters;	   /**< variables of CPUs; owned */
	size_t nr_counters;
};

/**
 * Begin a search.
 * @param set gets the pages
 * @return 0; -ENOMEM: to be ended all the same
 */
int essential_begin(struct essential *e, const struct kernel *k, struct pfn_set *set)
	__attribute__((warn_unused_result));
void essential_end(struct essential *e);

/** The record of a member. */
#define MEMBER(s, m) GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, m)
/** The record of a path. */
#define PATH(id) (&_kpath_vmlinux_##id)
/** The size of a struct, bytes. */
#define SIZE(s) GET_MOD_STRUCT_SSIZE(vmlinux, s)

/** Bytes of a page. */
static inline uint64_t essential_page(const struct essential *e)
{
	return UINT64_C(1) << e->k->arch.page_shift;
}

/**
 * Add the pages of virtual memory, and the page tables that lead there, but for pages that the
 * search skips.
 */
void essential_add(struct essential *e, vaddr_t va, uint64_t len);

/**
 * The same of memory that one translation has shown to lie together.
 * @param va, pa its start, of a page
 */
void essential_add_run(struct essential *e, vaddr_t va, paddr_t pa, uint64_t len);

/** The same as essential_add(), without exception. */
void essential_add_all(struct essential *e, vaddr_t va, uint64_t len);

/** Add a page table. */
void essential_add_table(struct essential *e, const struct arch_step *step);

/** Add what a pointer in a struct points to. @param size bytes of that; 0: nothing */
void essential_add_object(struct essential *e, vaddr_t base, const struct ktype_info *pointer,
			  uint64_t size);

/** Walk a list from the head that a symbol names; damage is only traced. */
void essential_walk(struct essential *e, const struct ksym_info *head,
		    const struct ktype_info *link, walk_visit *visit);

/** Page tables of vmalloc and of all that follows. */
void essential_find_tables(struct essential *e);
/** Static variables of CPUs. */
void essential_find_cpus(struct essential *e);
/** Nodes with their zones, the roots of the memory map, swap. */
void essential_find_memory(struct essential *e);
/** Data of modules. */
void essential_find_modules(struct essential *e);
/** Code of a module that a stack leads to. */
void essential_add_module_code(struct essential *e, vaddr_t va);
/** Tasks, with their stacks and the code that these lead to. */
void essential_find_tasks(struct essential *e);
/** Pids, and the run queues of groups of tasks. */
void essential_find_pids(struct essential *e);
/**
 * Counters of the address spaces of tasks that were found. Each CPU has a part of them: with many
 * of both they are many.
 */
void essential_find_counters(struct essential *e);

/** Note the code that words on a stack lead to. @param size bytes; at most 1 MiB */
void essential_scan_stack(struct essential *e, vaddr_t stack, uint64_t size);
/** Note the code that a CPU's own stacks lead to. */
void essential_scan_cpu(struct essential *e, uint64_t cpu);
/** Note the code that registers in the notes lead to. */
void essential_scan_registers(struct essential *e);
/** Add the code that was noted, with the tables by which a debugger unwinds it. */
void essential_add_code(struct essential *e);

#endif
