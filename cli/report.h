/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Warnings, and the report about a finished dump: as text (here) and as JSON
 * (cli/report_json.h).
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>

#include "cli/info.h"
#include "cli/options.h"
#include "cli/verify.h"
#include "erase/config_run.h"
#include "extension/run.h"
#include "output/dump.h"

/** The most warnings that are remembered, and the most bytes of one. */
#define WARNINGS_MAX 32
#define WARNING_BYTES 512

/** The result of making a dump: filled in as far as it came. */
struct report {
	const struct plan *plan; /**< borrowed */
	/** The input; NULL if it could not be opened. Borrowed. */
	const struct vmcore *vc;
	const struct kernel *kernel;
	double start; /**< clock_seconds() */
	double open_seconds, resolve_seconds;

	/** Warnings that were printed. */
	char warnings[WARNINGS_MAX][WARNING_BYTES];
	unsigned int nr_warnings;

	/** The levels for which dump_write() was called; the rest is of the last time. */
	unsigned int levels[LEVELS_MAX];
	size_t nr_levels;
	enum codec_id codec;
	int codec_level;
	unsigned int nr_threads;
	struct dump_result dump;
	/** Bits of a level that was asked for and is not possible, and why. */
	unsigned int not_filtered;
	char not_filtered_why[256];

	/** The outcome of --info, if it was collected. */
	bool has_info;
	struct dump_info info;
	/** The outcome of --verify, if it came to an end. */
	bool verified;
	struct verify_result verify;

	bool has_extensions;
	unsigned int extensions_ran, extensions_failed;
	char extensions_why[640]; /**< why the first that failed did; or "" */
	size_t ranges_erased;
	struct extension_report *reports; /**< values that extensions reported; owned */
	size_t nr_reports;

	/** Numbers of places and bytes that --config overwrote, and of its failures. */
	bool has_config;
	uint64_t config_places, config_bytes, config_failed;
};

/** Pages of a dump: what the report's numbers add up to. */
struct report_pages {
	uint64_t total;	    /**< up to the highest one */
	uint64_t holes;	    /**< of them, those that are no memory */
	uint64_t original;  /**< and those that are */
	uint64_t excluded;  /**< of these, those left out, pages of zeros among them */
	uint64_t remaining; /**< and those whose contents are in the dump */
};

/** A kind of pages that are left out. */
struct report_kind {
	enum page_class class;
	const char *label;  /**< for people */
	const char *key;    /**< for programs */
	unsigned int level; /**< the bit that excludes them; 0: none alone */
};

extern const struct report_kind report_kinds[];
extern const size_t nr_report_kinds;

/** Show a sentence about what is wrong, as the program says it. */
void report_error(const char *text);

/** The same, and remember it: it is a warning of this run. */
void report_warning(struct report *rep, const char *text);

/** Remember a warning that is printed by other code. */
void report_remember(struct report *rep, const char *text);

/** Take down what was asked of dump_write() and what came of it. */
void report_take_dump(struct report *rep, const struct dump_request *req,
		      const struct dump_result *res);

/** Take down what came of extensions, and take over what they reported. */
void report_take_extensions(struct report *rep, struct extension_result *ext);

/** Add up. A dump has been made. */
struct report_pages report_count(const struct report *rep);

/** Show the codec that was chosen for a dump, and why, if one was. */
void report_show_choice(const struct report *rep);

/** Show the statistics of a dump, and of extensions, as report messages. */
void report_show(const struct report *rep);

/** Take down, and show, what came of --config. */
void report_take_config(struct report *rep, const struct erase_report *erased);

#endif
