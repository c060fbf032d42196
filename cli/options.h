/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The command line.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "extension/run.h"
#include "lib/codec.h"

enum plan_mode {
	MODE_CREATE,
	MODE_DUMP_DMESG,
	MODE_TRIAGE,
	MODE_MEM_USAGE,
	MODE_REARRANGE,
	MODE_REASSEMBLE,
	MODE_LIST_KSYMS,
	MODE_LIST_KTYPES,
	MODE_WRITE_VMCOREINFO,
	MODE_CHECK_EXTENSION,
	MODE_INFO,
	MODE_VERIFY,
	MODE_HELP,
	MODE_VERSION,
};

/** The most levels that -d takes. */
#define LEVELS_MAX 32

/** The parsed command line. Constant once parsed. Strings are borrowed from argv. */
struct dump_plan {
	enum plan_mode mode;
	/** Only look at the command line (--check-params). */
	bool check_params;

	/** NULL: -g from -x alone; the running kernel; -R and --reassemble. */
	const char *vmcore;
	/** Parts of a split dump, to be put together (--reassemble). */
	char *const *parts;
	size_t nr_parts;
	/** -i, -x, --config; NULL: none. */
	const char *vmcoreinfo;
	const char *vmlinux;
	const char *config;
	bool require_erase; /**< no dump if --config cannot do all of its work */
	bool no_mmap;

	/**
	 * NULL where standard output is written to, and maybe with --dry-run; -g: FILE.
	 * The first of dumpfiles.
	 */
	const char *dumpfile;
	/** --split writes to all of them; else one or none. */
	char *const *dumpfiles;
	size_t nr_dumpfiles;
	bool force;	/**< overwrite an existing dumpfile */
	bool flattened; /**< -F: to standard output */
	bool dry_run;
	bool elf; /**< -E */
	bool split;
	/** Parts of a split dump begin at multiples of this number of bytes; 0: not given. */
	uint64_t splitblock_bytes;
	uint64_t size_limit; /**< -L: bytes of the output; 0: none */
	enum codec_id codec;

	/** The levels to be tried, one after the other when space runs out; at least one. */
	unsigned int levels[LEVELS_MAX];
	size_t nr_levels;
	bool strict_level;	/**< --strict-level: no dump if none of them is possible */
	bool exclude_unused_vm; /**< -e */
	struct extension_spec extensions[EXTENSIONS_MAX];
	size_t nr_extensions;
	struct extension_options extension_options;

	unsigned int nr_threads;      /**< 0: not said */
	uint64_t cyclic_buffer_bytes; /**< for bitmaps; 0: not said */
	const char *work_dir;	      /**< for bitmaps that do not fit in memory; or NULL */

	const char *svg;	 /**< --mem-usage --svg: the file; or NULL */
	const char *topic;	 /**< -h; NULL: the overview */
	const char *pattern;	 /**< --list-ksyms, --list-ktypes; NULL: all */
	const char *extension;	 /**< --check-extension */
	bool all_tasks;		 /**< a triage has the stack of each task */
	const char *triage_file; /**< of the triage beside a dump; or NULL */
	bool partial_dmesg;	 /**< only what came after the last clearing */
	bool vtop;		 /**< --vtop: translate vtop_address */
	uint64_t vtop_address;

	unsigned int message_level;  /**< enum log_level */
	unsigned int extra_messages; /**< what -D and --show-stats add, included above */
	unsigned int trace;	     /**< --trace: sum of 1 << enum trace_subsystem */
	const char *json;	     /**< where the report goes, "-": standard output; or NULL */
};

/**
 * Understand a command line.
 * @return 0; -EINVAL, whose message says what is wrong with it; -ENOTSUP for what this
 * program does not do
 */
int options_parse(struct dump_plan *plan, int argc, char *argv[])
	__attribute__((warn_unused_result));

#endif
