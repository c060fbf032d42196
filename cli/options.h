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
#include "kernel/hypervisor.h"
#include "lib/codec.h"
#include "vmcore/vmcore.h"

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
	MODE_LIST_EXTENSIONS,
	MODE_INFO,
	MODE_VERIFY,
	MODE_HELP,
	MODE_VERSION,
};

/** The most ranges of --raw. */
#define RAW_RANGES_MAX 64

/** The most disks of --diskset. */
#define DISKS_MAX 16

/** The most levels that -d takes. */
#define LEVELS_MAX 32

/** The kernel's memory, and sources of facts about it. */
struct plan_input {
	/**
	 * NULL: -g from -x alone; the running kernel; -R and --reassemble. With --raw it can
	 * be the first FILE of that, with --diskset it is.
	 */
	const char *vmcore;
	const char *vmcoreinfo; /**< -i; or NULL */
	const char *vmlinux;	/**< -x; or NULL */
	bool no_mmap;
	struct raw_range raw[RAW_RANGES_MAX]; /**< --raw */
	size_t nr_raw;
	const char *diskset[DISKS_MAX]; /**< --diskset; the first one is vmcore, too */
	size_t nr_diskset;
	const char *machine;	       /**< of a vmcore that does not tell it; or NULL */
	struct hypervisor_sources xen; /**< of a Xen host */
};

/** The files that are written. */
struct plan_output {
	/** NULL: standard output, or nothing with --dry-run. The first of files, or that of -g. */
	const char *file;
	/** --split writes to all of them; else one or none. */
	char *const *files;
	size_t nr_files;
	bool force;	     /**< overwrite an existing file */
	bool flattened;	     /**< -F: to standard output */
	bool dry_run;	     /**< write nothing */
	uint64_t size_limit; /**< -L: bytes; 0: none */
};

/** The pages of a dump, and its format. */
struct plan_create {
	/** The levels to be tried, one after the other when space runs out; at least one. */
	unsigned int levels[LEVELS_MAX];
	size_t nr_levels;
	bool strict_level;	/**< no dump if none of them is possible */
	bool exclude_unused_vm; /**< -e */
	bool exclude_foreign;	/**< -X */
	bool essential;
	bool has_fill;		 /**< --fill */
	unsigned int fill_level; /**< its level */
	/** Bits of the level that are excluded without --fill alone. */
	unsigned int fill;
	unsigned int time_limit; /**< seconds from the start of the program; 0: none */
	struct extension_spec extensions[EXTENSIONS_MAX];
	size_t nr_extensions;
	const char *config; /**< names what is overwritten; or NULL */
	bool require_erase; /**< no dump if config cannot do all of its work */
	enum codec_id codec;
	bool choose_codec; /**< the codec is chosen while the dump is written; codec is none */
	int codec_level;   /**< or CODEC_LEVEL_DEFAULT */
	bool elf;	   /**< -E */
	bool split;
	/** Parts of a split dump begin at multiples of this number of bytes; 0: not given. */
	uint64_t splitblock_bytes;
};

/** The memory and the CPUs that a run may use. */
struct plan_resources {
	unsigned int nr_threads;      /**< 0: not said */
	uint64_t cyclic_buffer_bytes; /**< for bitmaps; 0: not said */
	const char *work_dir;	      /**< for bitmaps that do not fit in memory; or NULL */
};

struct plan_messages {
	unsigned int level; /**< enum log_level */
	unsigned int extra; /**< the part of level that -D and --show-stats add */
	unsigned int trace; /**< sum of 1 << enum trace_subsystem */
	const char *json;   /**< where the report goes, "-": standard output; or NULL */
};

struct plan_triage {
	const char *file; /**< of the triage beside a dump; or NULL */
	bool all_tasks;	  /**< with the stack of each task */
};

/** An address to translate; beside a dump if there is an output. */
struct plan_vtop {
	bool wanted;
	uint64_t address; /**< virtual */
};

/**
 * The parsed command line: a mode, what several modes use, and a part for each mode that needs
 * one. Constant once parsed. Strings are borrowed from argv.
 */
struct plan {
	enum plan_mode mode;
	bool check_params; /**< only look at the command line */

	struct plan_input input;
	struct plan_output output;
	struct plan_resources resources;
	struct plan_messages messages;
	struct extension_options extension_options; /**< CREATE, CHECK_EXTENSION */
	struct plan_triage triage;		    /**< CREATE, TRIAGE */
	struct plan_create create;		    /**< CREATE */
	struct plan_vtop vtop;			    /**< CREATE */
	struct {
		char *const *parts;
		size_t nr_parts;
	} reassemble;
	struct {
		bool partial; /**< only messages after the log was last cleared */
	} dmesg;
	struct {
		const char *svg; /**< the file of the picture; or NULL */
	} mem_usage;
	struct {
		const char *pattern; /**< of symbols or types; NULL: all */
	} list;
	struct {
		const char *name;
	} check_extension;
	struct {
		const char *topic; /**< NULL: the overview */
	} help;
};

/**
 * Understand a command line.
 * @return 0; -EINVAL, whose message says what is wrong with it; -ENOTSUP for what this
 * program does not do
 */
int options_parse(struct plan *plan, int argc, char *argv[]) __attribute__((warn_unused_result));

#endif
