/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Describing a dump: --info.
 */
#ifndef CLI_INFO_H
#define CLI_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/kernel.h"

/** Kinds of pages that are counted: nr_report_kinds at most, and the kernel's own. */
#define INFO_KINDS_MAX 8

/** Pages of one kind. */
struct info_kind {
	const char *label; /**< for people */
	const char *key;   /**< for programs */
	uint64_t memory;   /**< pages of the machine */
	uint64_t stored;   /**< of them, those in the dump */
};

/** A dump, as --info describes it beside what struct vmcore and struct kernel have. */
struct dump_info {
	struct kdump_utsname uts; /**< "(unknown)" or "" where nothing tells a string */
	char build_id[65];	  /**< hexadecimal; or "" */
	uint64_t memory;	  /**< pages of the machine, as far as the dump knows */
	uint64_t stored;	  /**< of them, those in the dump (of a part: in this part) */
	uint64_t missing;	  /**< pages that the dump should hold, and does not */
	/** Pages by kind; if there are none, the reason. */
	struct info_kind kinds[INFO_KINDS_MAX];
	unsigned int nr_kinds;
	char kinds_why[256];
	uint64_t unreadable; /**< pages without a readable struct page: among the kernel's own */
	/** ERASEINFO: what --config and extensions overwrote, and commands that failed. */
	uint64_t erase_places, erase_bytes, erase_failed;
};

/**
 * Find out about a dump.
 * @param nr_threads 0: as many as there are CPUs
 * @return 0, also if little is known; -errno if pages cannot be counted
 */
int dump_info_collect(const struct kernel *k, unsigned int nr_threads, struct dump_info *ret)
	__attribute__((warn_unused_result));

/** Print it to standard output. @return 0; -errno if it cannot be written */
int dump_info_print(const struct kernel *k, const struct dump_info *info)
	__attribute__((warn_unused_result));

/**
 * Step through the lines of ERASEINFO.
 * @param[in,out] pos 0 at first
 * @param[out] line without its newline, NUL-ended, printable
 * @return false at the end
 */
bool dump_info_erase_line(const struct vmcore *vc, size_t *pos, char *line, size_t size);

#endif
