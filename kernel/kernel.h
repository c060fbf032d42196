/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The crashed kernel, as far as the dump lets us know it.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "facts/vmcoreinfo.h"
#include "kernel/fact_check.h"
#include "lib/pfn_set.h"
#include "symbols/kallsyms.h"
#include "vmcore/kdump_format.h"
#include "vmcore/vmcore.h"

/** Sources of facts that can be damaged, in the order of their warnings. */
enum kernel_warning {
	KERNEL_VMCOREINFO,    /**< other VMCOREINFO than the dump's note is used, and why */
	KERNEL_BAD_LINE,      /**< the first line of VMCOREINFO that is invalid */
	KERNEL_CONTRADICTION, /**< VMCOREINFO and types differ in a fact, which is named first */
	KERNEL_KALLSYMS,      /**< the dump's own symbols */
	KERNEL_TYPES,	      /**< the dump's own types */
	KERNEL_MODULES,
	KERNEL_VMLINUX, /**< a vmlinux that was used nevertheless */
	NR_KERNEL_WARNINGS
};

#define KERNEL_WARNING_BYTES 768

/** All facts about a kernel. Constant once opened, shared by all threads. */
struct kernel {
	struct vmcore *vc;	/**< borrowed */
	struct vmcoreinfo info; /**< of the dump; size 0 if there is none */
	/** Text given with -i (size 0: none), and how far its addresses have to be moved. */
	struct vmcoreinfo file;
	char *file_text; /**< owned */
	uint64_t file_moved;
	const char *vmlinux_path; /**< given with -x, or NULL; borrowed */
	struct fact_set facts;
	struct arch arch;
	/**
	 * The pages of dom0 of a Xen host by the frames of the machine, which are the dump's page
	 * numbers. Else none, and the dump has the kernel's own numbers. Owned.
	 */
	struct frames dom0;
	struct pfn_set dom0_tree;      /**< the frames in which dom0 tells them; owned */
	struct arch_segment *segments; /**< arch.segments; owned */
	/**
	 * 0: virtual addresses can be translated. Else the -errno why not, and
	 * the sentence.
	 */
	int translation_err;
	char translation_why[256];
	struct fact_check check; /**< the facts that VMCOREINFO and types both know */
	/** Each a line, or "". */
	char warnings[NR_KERNEL_WARNINGS][KERNEL_WARNING_BYTES];
	/** The dump's OSRELEASE, or ""; cut to what utsname holds. */
	char release[UTS_LEN];
	/** Seconds since the epoch when it crashed (CRASHTIME); 0 if unknown. */
	uint64_t crash_time;
};

/**
 * Learn about the kernel of a dump.
 *
 * Forgets and fills in the program's declarations, which are one set a
 * process: only one kernel can be open at a time. May change the dump's page
 * size, so no reader of it may exist yet.
 *
 * @param info_path VMCOREINFO text to believe before the dump's own (-i), or NULL. Addresses
 * in the kernel image of another boot, or of a vmlinux, are moved to where the dump has it;
 * what else may differ between boots the dump is asked first then.
 * @param vmlinux_path a vmlinux with debug information that is asked for what is
 * still missing then (-x), or NULL; borrowed until kernel_close()
 * @return 0, also when little is known; -ESTALE if one of these files is of another
 * kernel; -errno if it cannot be read
 */
int kernel_open(struct kernel **ret, struct vmcore *vc, const char *info_path,
		const char *vmlinux_path) __attribute__((warn_unused_result));
/**
 * Learn about the kernel of a dump from VMCOREINFO and the dump's symbols alone: its types are
 * not read. Nothing else contradicts VMCOREINFO then. @return as kernel_open()
 */
int kernel_open_untyped(struct kernel **ret, struct vmcore *vc) __attribute__((warn_unused_result));
void kernel_close(struct kernel *k);

struct kernel_tables;

/**
 * Fill in another set of declarations, an extension's, from the same sources.
 *
 * @param[out] ret the dump's own symbols and types, with its modules, open for questions at
 * run time (kernel_tables_close()); NULL if the dump's addresses cannot be translated
 * @return 0, also if facts are missing; -ENOMEM, or -errno if the vmlinux cannot be read
 */
int kernel_resolve(const struct kernel *k, const struct fact_set *set, struct kernel_tables **ret)
	__attribute__((warn_unused_result));

/** Physical memory as the architectures look at it, for as long as the reader is there. */
struct arch_mem kernel_mem(struct vmcore_reader *r);

/**
 * Find the kernel's own number of a page of the dump: of that in its struct pages.
 * @param page the dump's number
 * @return 0; -ENOENT, without a sentence, if dom0 of a Xen host does not have the page
 */
int kernel_pfn(const struct kernel *k, pfn_t page, pfn_t *pfn);

/**
 * Translate a virtual address; the run is clipped to nothing but the mapping:
 * the dump need not hold it. @return as arch_translate()
 */
int kernel_translate(const struct kernel *k, struct vmcore_reader *r, vaddr_t va,
		     struct arch_run *ret) __attribute__((warn_unused_result));

/**
 * Translate a virtual address as kernel_translate() does, and tell of each entry of the page
 * tables on the way.
 */
int kernel_trace(const struct kernel *k, struct vmcore_reader *r, vaddr_t va,
		 void (*step)(void *ctx, const struct arch_step *step), void *ctx,
		 struct arch_run *ret) __attribute__((warn_unused_result));

/**
 * Copy @p len bytes of virtual memory, across any number of pages.
 * @return 0; -EFAULT if part of it is unmapped or unreadable (vmcore_get()); -ENOMEM
 */
int kernel_read(const struct kernel *k, struct vmcore_reader *r, vaddr_t va, void *buf, size_t len)
	__attribute__((warn_unused_result));

/**
 * Give the physical memory of a virtual range to a function, in pieces, without
 * its unmapped ranges.
 * @param fn returns 0 to go on; anything else ends it and is returned
 * @return 0; -EFAULT if some of it is not mapped, or ends after the last address; another
 * -errno
 */
int kernel_for_each_run(const struct kernel *k, struct vmcore_reader *r, vaddr_t va, uint64_t len,
			int (*fn)(void *ctx, paddr_t pa, uint64_t len), void *ctx)
	__attribute__((warn_unused_result));

/**
 * Give the mapped runs of the kernel image to a function, in the order of their addresses.
 * @param fn returns 0 to go on; anything else ends it and is returned
 * @return 0; what @p fn returned
 */
int kernel_for_each_image_run(const struct kernel *k, struct vmcore_reader *r,
			      int (*fn)(void *ctx, vaddr_t va, paddr_t pa, uint64_t len),
			      void *ctx);

/** A change to memory that was copied, before it is used. */
struct kernel_overwrite {
	/** @param pa where @p buf was copied from; it lies together there */
	void (*apply)(const void *ctx, paddr_t pa, void *buf, size_t len);
	const void *ctx;
};

/**
 * The utsname of the kernel (init_uts_ns). Strings that cannot be read are those of the dump's
 * kdump-compressed header or VMCOREINFO; sysname, release, version and machine are never empty,
 * but "(unknown)" where nothing tells them.
 * @param overwrite what is overwritten in it, as in the dump; NULL: nothing
 * @return whether the kernel's memory told
 */
bool kernel_utsname(const struct kernel *k, struct vmcore_reader *r,
		    const struct kernel_overwrite *overwrite, struct kdump_utsname *ret);

#endif
