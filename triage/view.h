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

/** Read a signed number of 4 bytes, such as an int. @return as vmem_read() */
int read_s32(const struct vmem *mem, vaddr_t va, int64_t *ret) __attribute__((warn_unused_result));

/** Read a member, or 0 if that is not possible. */
uint64_t member_or_0(const struct vmem *mem, vaddr_t base, const struct ktype_info *member);

/** The same of a member of a member. */
uint64_t path_or_0(const struct vmem *mem, vaddr_t base, const struct kpath_info *path);

/**
 * Copy a string, cut to @p size bytes with its NUL; what controls a terminal becomes "?".
 * @return whether it could be read; else it is ""
 */
bool read_name(const struct vmem *mem, vaddr_t va, char *buf, size_t size);

/** The record of a path. */
#define PATH(id) (&_kpath_vmlinux_##id)
/** The record of a member. */
#define MEMBER(s, m) GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, m)
#define HAS_MEMBER(s, m) MOD_STRUCT_MEMBER_EXIST(vmlinux, s, m)
/** The offset of a member, bytes. */
#define OFFSET(s, m) (GET_MOD_STRUCT_MEMBER_MOFF(vmlinux, s, m) / 8)
/** A symbol. */
#define HAS_SYMBOL(s) MOD_SYM_EXIST(vmlinux, s)
#define SYMBOL(s) GET_MOD_SYM(vmlinux, s)

#endif
