/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Overwrite the data that a makedumpfile.conf(5) names (--config).
 *
 * Symbols are those of VMCOREINFO, of the dump's kallsyms and of a vmlinux; types are those of
 * the dump's BTF and of a vmlinux's DWARF. Failures to find or read data are recorded in the
 * report and in the dump; they do not prevent the dump.
 */
#ifndef ERASE_CONFIG_RUN_H
#define ERASE_CONFIG_RUN_H

#include "erase/config.h"
#include "erase/list.h"
#include "kernel/kernel.h"

/** Lines of a report; what goes beyond is counted. */
#define ERASE_LINES_MAX 32

/** Results, for messages and the report. */
struct erase_report {
	struct erase_line {
		char *text; /**< one sentence, owned */
		bool wrong; /**< something was not overwritten that was to be */
	} lines[ERASE_LINES_MAX];
	size_t nr_lines;
	size_t more;		/**< lines that did not fit */
	uint64_t failed;	/**< lines that are wrong, whether they did or not */
	uint64_t places, bytes; /**< that were overwritten */
};

/**
 * Add to a list what a config says.
 *
 * @param list is to be sealed (again) afterwards; also gets the text for the dump's
 * eraseinfo, which has what was done as upstream writes it, and comments about the rest
 * @param[out] report to be freed, also after an error
 * @return 0, also if something cannot be done; -ENOMEM, or -errno if the vmlinux cannot be
 * read: some or all of it was not done
 */
int erase_run_config(const struct kernel *k, const struct erase_config *config,
		     struct erase_list *list, struct erase_report *report)
	__attribute__((warn_unused_result));
void erase_report_free(struct erase_report *report);

#endif
