/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The command line.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "extension/host.h"
#include "lib/codec.h"

enum plan_mode {
	MODE_CREATE,
	MODE_LIST_KSYMS,
	MODE_LIST_KTYPES,
	MODE_WRITE_VMCOREINFO,
	MODE_CHECK_EXTENSION,
	MODE_HELP,
	MODE_VERSION,
};

/** What the command line asks for: constant once parsed. Strings are borrowed from argv. */
struct dump_plan {
	enum plan_mode mode;
	/** Only look at the command line (--check-params). */
	bool check_params;
	const char *vmcore;		/**< NULL: -g from -x alone; the running kernel */
	const char *dumpfile;		/**< NULL with -F, and maybe with --dry-run; -g: FILE */
	const char *pattern;		/**< what to list or to check; NULL: all */
	const char *vmcoreinfo;		/**< -i; NULL: none */
	const char *vmlinux;		/**< -x; NULL: none */
	enum codec_id codec;
	unsigned int level;
	bool force;			/**< overwrite an existing dumpfile */
	bool flattened;			/**< -F: to standard output */
	bool dry_run;
	bool no_mmap;
	unsigned int nr_threads;	/**< 0: not said */
	struct extension_spec extensions[EXTENSIONS_MAX];
	size_t nr_extensions;
	struct extension_options extension_options;
	unsigned int message_level;	/**< enum log_level */
	unsigned int more_messages;	/**< what -D and --show-stats add, included above */
};

/**
 * Understand a command line.
 * @return 0; -EINVAL with a sentence that says what is wrong with it
 */
int options_parse(struct dump_plan *plan, int argc, char *argv[])
	__attribute__((warn_unused_result));

/** The text of -h. */
extern const char usage_text[];

#endif
