/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Making a dump: filter, then copy.
 */
#ifndef OUTPUT_DUMP_H
#define OUTPUT_DUMP_H

#include "erase/list.h"
#include "filter/filter.h"
#include "filter/verdicts.h"
#include "kernel/kernel.h"
#include "output/copy.h"
#include "output/sink.h"

/** Input of dump_write(). All borrowed. */
struct dump_request {
	const struct kernel *kernel;
	/** More than one: a split dump, a part for each. */
	struct sink *const *sinks;
	size_t nr_sinks;
	/** Parts begin at multiples of this many pages, and of 64; 0: of 64 alone. */
	uint64_t block_pages;
	/** Bits of enum dump_level. Pages that the input's own level excluded stay excluded. */
	unsigned int level;
	/**
	 * Bits of the level, the kinds of which are saved nevertheless, after all else and as long
	 * as there is room and time: the fill. Not with @c elf or @c essential.
	 */
	unsigned int fill;
	/** Leave out pages of other domains than dom0 of a Xen host; NULL: do not. */
	const struct hypervisor_sources *exclude_foreign;
	/** Leave out the struct pages of pages that are left out, too. */
	bool exclude_unused_vmemmap;
	/** Save only essential pages (kernel/essential.h), and those that extensions include. */
	bool essential;
	enum codec_id codec;
	int codec_level; /**< or CODEC_LEVEL_DEFAULT */
	/** Choose a codec when the first pages are written (copy_pages()); codec is CODEC_NONE. */
	bool choose_codec;
	bool elf;		 /**< an ELF core, and no codec */
	unsigned int nr_threads; /**< at least 1 */
	/** Stop at the first error of one part: the caller is going to begin anew. */
	bool stop_on_first_error;
	/** Copying fails at this time of clock_seconds(), and on SIGTERM and SIGINT; 0: never. */
	double deadline;
	/** Fail where the level turns out not to be possible, as with stop_on_first_error. */
	bool strict;
	/** Verdicts of extensions; NULL: none. Changed by dump_write(). */
	struct verdicts *verdicts;
	/**
	 * Ranges to overwrite in the dump, sealed. Lines about levels that are not possible are
	 * added to its text. NULL: nothing, and no lines.
	 */
	struct erase_list *erase;
};

/** The steps of a run, in order. */
enum dump_phase {
	DUMP_BEGIN,  /**< opening the outputs */
	DUMP_FILTER, /**< deciding which pages are excluded: an error is about that */
	DUMP_LAYOUT, /**< dividing the pages among the outputs */
	DUMP_COPY,   /**< copying pages: the output is worth keeping */
};

/** The result of dump_write(); filled in as far as it came, on errors too. */
struct dump_result {
	struct filter_stats filter;
	struct verdict_stats verdicts;
	struct copy_stats copy;
	enum dump_phase phase; /**< the step that it came to */
	/** Bits of the level that turned out not to be possible: the dump is without them. */
	unsigned int not_filtered;
	char not_filtered_why[256];
	/** Why struct pages of excluded pages were kept, though they were to be excluded; or "". */
	char unused_vm_why[256];
	uint64_t foreign; /**< pages left out since they are of other domains, or free in Xen */
	/** Why these were kept, though they were to be excluded; or "". */
	char foreign_why[256];
	uint64_t not_essential; /**< pages left out since they are not essential */
	/**
	 * Everything that was to be saved was, and the dump says so. A fill that ended early
	 * (@c copy) is marked in the dump like other pages that it lacks, but counts as complete.
	 */
	bool complete;
	uint64_t written;      /**< bytes, what was written again included */
	uint64_t size;	       /**< bytes of the files, or of the stream, holes included */
	double finish_seconds; /**< headers, and everything to the disk */
	/** After a write error: about how many more bytes would have been written. */
	uint64_t missing_bytes;
};

/**
 * Filter and copy a dump into sinks, as a kdump-compressed file or an ELF core.
 *
 * Unreadable pages and an input that is itself cut short make the result
 * incomplete, but are no error. If one part of a split dump cannot be written, the others are
 * all the same. Where no page can be judged, pages are saved as at level 0 or 1.
 *
 * @return 0; -errno
 */
int dump_write(const struct dump_request *req, struct dump_result *res)
	__attribute__((warn_unused_result));

#endif
