/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Running extensions: each in a process of its own, so that nothing it does can cost
 * the dump.
 */
#ifndef EXTENSION_RUN_H
#define EXTENSION_RUN_H

#include "erase/list.h"
#include "extension/reported.h"
#include "filter/verdicts.h"
#include "kernel/kernel.h"

/** The most extensions of one run. */
#define EXTENSIONS_MAX 32

/** Default number of seconds without progress after which an extension is killed. */
#define EXTENSION_TIMEOUT 60
#define EXTENSION_TIMEOUT_MAX 86400

/** One --extension or --require-extension. Strings are borrowed. */
struct extension_spec {
	const char *text; /**< NAME[,key=value]... */
	bool required;
};

/** Options of running extensions. */
struct extension_options {
	unsigned int timeout; /**< seconds without progress, at least 1 */
	bool in_process;      /**< no process of its own, for debugging */
};

/** Values that one extension reported. */
struct extension_report {
	char name[64];
	struct reported values;
};

/** Results of all extensions. */
struct extension_result {
	struct verdicts verdicts;	  /**< of all that came to their end */
	struct erase_list erasures;	  /**< sealed; its text says what ran and what did not */
	struct extension_report *reports; /**< of those that reported values; owned */
	size_t nr_reports;
	unsigned int ran, failed;
	unsigned int doubtful; /**< ran with types that may be wrong */
	bool required_failed;  /**< one that was required did not come to its end */
	/** The first that failed, and why; or "". If one was required: that one. */
	char failed_why[640];
};

/**
 * Load, resolve and run extensions, one after the other. A failing extension results in a
 * warning (through lib/log.h), and does not affect the others.
 *
 * @return 0, also if extensions failed; -ENOMEM. To be freed in any case.
 */
int extensions_run(const struct kernel *k, const struct extension_spec *specs, size_t nr,
		   const struct extension_options *opt, struct extension_result *ret)
	__attribute__((warn_unused_result));
void extension_result_free(struct extension_result *result);

/**
 * Print to standard output what an extension declares, and what became of each declaration
 * (--check-extension), without running it.
 * @param k NULL: the running kernel, by /proc/kallsyms and /sys/kernel/btf
 * @return 0 if all that is required was found; -ENOENT if not; -errno
 */
int extension_check(const struct kernel *k, const char *text) __attribute__((warn_unused_result));

/** Print to standard output the name and the line of help of an extension. @return 0; -errno */
int extension_describe(const char *name) __attribute__((warn_unused_result));

/**
 * Print to standard output the extensions that --extension finds by name, each with its line
 * of help (--list-extensions): those that are built in, and the files of EXTENSIONDIR.
 * @return 0, also if one cannot be loaded; -errno
 */
int extension_list(void) __attribute__((warn_unused_result));

/**
 * Check a spec as far as possible without a dump: the file exists, may be loaded, and has the
 * right ABI.
 * @return 0; -errno
 */
int extension_validate(const char *text) __attribute__((warn_unused_result));

#endif
