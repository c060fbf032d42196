/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The kernel's log, as it lies in the kernel's memory.
 *
 * The facts that are known of the kernel decide which of three forms it has:
 *
 *	SYMBOL(prb)		a ring of descriptors, and one of text (5.10)
 *	SYMBOL(log_next_idx)	records one after the other (3.5 to 5.9)
 *	SYMBOL(log_end)		text as it was printed
 *
 * Nothing of it is believed: a log that is invalid costs a walk over as much as
 * it could hold at most.
 */
#ifndef KERNEL_PRINTK_PRINTK_H
#define KERNEL_PRINTK_PRINTK_H

#include "symbols/vmem.h"

/** Set in printk_record.caller if it is the number of a CPU, not of a thread. */
#define PRINTK_CPU UINT32_C(0x80000000)

/** The longest text of a record, bytes. */
#define PRINTK_TEXT_MAX UINT16_MAX

/** One message. */
struct printk_record {
	uint64_t ts_nsec; /**< when it was written, nanoseconds since boot */
	uint32_t caller;  /**< who wrote it; only if the kernel shows that, too */
	bool has_caller;
	/** The kernel has no records: this is a line that includes its printed prefix. */
	bool is_line;
	/** Its bytes, not to be trusted; they can have newlines in them. Borrowed. */
	const uint8_t *text;
	size_t len;
};

/** Statistics of a walk. */
struct printk_stats {
	uint64_t records;
	uint64_t lost; /**< those that should be there and cannot be read */
	char why[256]; /**< the first thing that is wrong; or "" */
};

/** Receives a message. @return 0 to go on; a negative errno ends the walk */
typedef int printk_record_fn(void *ctx, const struct printk_record *rec);

/**
 * Give each message of the log to a function, the oldest first.
 *
 * @param fn NULL: the log is only checked; who wrote a message is not found out then
 * @param partial only those that came after the log was last cleared; if it cannot be
 * told when that was, all of them
 * @return 0, also if part of it is damaged (@p stats says so); what the function
 * returned; -ENOENT if facts are missing; -EBADMSG or -EFAULT if the log cannot
 * be found; -ENOMEM
 */
int printk_for_each(const struct vmem *mem, bool partial, printk_record_fn *fn, void *ctx,
		    struct printk_stats *stats) __attribute__((warn_unused_result));

/**
 * Write a message as dmesg prints it: "[seconds.microseconds] ", the caller if
 * there is one, and the text; further lines of it indented as far as the first one. A byte
 * that is neither printable ASCII nor a tab becomes \xHH.
 * @param put is given the text piece by piece; returns 0 to go on
 * @return 0, or what @p put returned
 */
int printk_format(const struct printk_record *rec, int (*put)(void *ctx, const char *s, size_t len),
		  void *ctx) __attribute__((warn_unused_result));

#endif
