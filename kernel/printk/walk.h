/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Definitions that the walks over the forms of the kernel's log (printk.h) share.
 */
#ifndef KERNEL_PRINTK_WALK_H
#define KERNEL_PRINTK_WALK_H

#include "kernel/printk/printk.h"

/** A walk over the log: what printk_for_each() was given. */
struct printk_walk {
	const struct vmem *mem;
	bool partial;
	printk_record_fn *fn;
	void *ctx;
	struct printk_stats *stats;
};

/** The forms: each as printk_for_each(), with its stats all zeros. */
int printk_walk_ring(struct printk_walk *w) __attribute__((warn_unused_result));
int printk_walk_records(struct printk_walk *w) __attribute__((warn_unused_result));
int printk_walk_text(struct printk_walk *w) __attribute__((warn_unused_result));

/** Count a record, and give it to the function. @return what that returned */
int printk_emit(struct printk_walk *w, const struct printk_record *rec)
	__attribute__((warn_unused_result));

/** Say what is wrong, unless something was before. @param lost records that are lost by it */
void printk_damage(struct printk_walk *w, uint64_t lost, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** Read a number of 8 bytes. @return as vmem_read() */
int printk_read_u64(const struct vmem *mem, vaddr_t va, uint64_t *ret)
	__attribute__((warn_unused_result));

/**
 * Return the bytes to skip from an address where reading has failed: to the end of its page, or
 * of the unmapped range. Logs seem large if only a pointer to them is damaged.
 * @return bytes, at least 1
 */
uint64_t printk_unmapped_len(const struct vmem *mem, vaddr_t va);

/** A member of a struct, in bytes. */
struct printk_member {
	const char *name; /**< as VMCOREINFO calls it */
	bool known;
	uint32_t off, size;
};

#define PRINTK_MEMBER(s, m, bytes) \
	(struct printk_member) \
	{ \
		"OFFSET(" #s "." #m ")", MOD_STRUCT_MEMBER_EXIST(vmlinux, s, m), \
			GET_MOD_STRUCT_MEMBER_OFF(vmlinux, s, m), bytes \
	}

/** Check that all members lie within a struct. @return 0; -EBADMSG */
int printk_check_members(const struct printk_member *members, size_t nr, uint32_t struct_size)
	__attribute__((warn_unused_result));

#endif
