/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Dump formats that can be written.
 *
 * A writer is called in this order, by one thread at a time:
 *
 *	begin		headers, and which pages exist
 *	set_pages	which of them are to be saved
 *	begin_class	the pages that follow are of another class
 *	put		their contents, batch by batch
 *	set_codec	the pages that follow are compressed with it, where it was not known before
 *	finish		everything is there: the dump becomes complete
 *
 * Until finish() the dump says of itself that it is incomplete; abort() leaves
 * it so, but readable as far as it goes.
 *
 * In a sink that takes each byte once (struct sink, once) that is not possible. There a
 * kdump-compressed file begins with the header of a complete dump, which abort() repeats with
 * the mark, or has its header after the first pages if the codec is chosen only then; an ELF core
 * gets its headers last.
 */
#ifndef OUTPUT_WRITER_H
#define OUTPUT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "erase/list.h"
#include "kernel/kernel.h"
#include "lib/bitmap.h"
#include "lib/codec.h"
#include "output/sink.h"

/** The result of reading and compressing a page. */
enum page_fate {
	OUT_RAW, /**< its bytes as they are */
	OUT_COMPRESSED,
	OUT_ZERO,	/**< nothing but zeros, and the level says so */
	OUT_UNREADABLE, /**< the input could not be read there */
};

/** One page of a batch. */
struct page_out {
	enum page_fate fate;
	uint32_t size; /**< bytes of its data */
	/** Offset in the file of the data of an equal page; 0: its own are in the batch's data. */
	uint64_t shared;
};

/** Pages that follow one another, in memory and among those to be saved. */
struct page_run {
	pfn_t start, end;
	uint64_t index; /**< number of the first among the pages to be saved, in its part */
};

/** Pages to be saved, in runs of ascending pfns. */
struct page_batch {
	struct page_run *runs;
	unsigned int nr_runs;
	unsigned int nr_pages;	/**< of all runs */
	struct page_out *pages; /**< in the order of the runs */
	uint8_t *data;		/**< the bytes of those that share none, one after the other */
	size_t data_len;
	int lost_err; /**< why the first OUT_UNREADABLE is lost; 0 if none is */
	char lost_why[256];
};

/** Sources of a dump. All borrowed, for as long as the writer lives. */
struct dump_source {
	const struct kernel *kernel;
	struct vmcore *vc;
	struct kdump_utsname utsname;
	unsigned int level; /**< dump level that goes into the header */
	enum codec_id codec;
	int codec_level;       /**< or CODEC_LEVEL_DEFAULT */
	bool choose_codec;     /**< codec is CODEC_NONE; writer_set_codec() may come */
	bool excluded_vmemmap; /**< struct pages of excluded pages may be missing */
	/** Memory to overwrite, sealed, and text for the eraseinfo; NULL: nothing. */
	const struct erase_list *erase;
};

struct writer;

/** A dump format. */
struct writer_ops {
	const char *name;
	bool any_order; /**< batches may come in any order, else in that of pfns */
	int (*begin)(struct writer *w, const struct bitmap *exists);
	int (*set_pages)(struct writer *w, const struct bitmap *dumpable);
	/**
	 * Offset in the file at which the data of the next batch will begin; NULL: pages cannot
	 * share data.
	 */
	uint64_t (*data_offset)(const struct writer *w);
	int (*put)(struct writer *w, const struct page_batch *b);
	int (*begin_class)(struct writer *w, unsigned int position); /**< may be NULL */
	int (*set_codec)(struct writer *w, enum codec_id codec);     /**< NULL: pages have none */
	int (*finish)(struct writer *w, bool complete);
	int (*abort)(struct writer *w);
	void (*destroy)(struct writer *w);
};

/** Common part of every writer. */
struct writer {
	const struct writer_ops *ops;
	const struct dump_source *source;
	struct sink *sink;
};

/**
 * A writer of kdump-compressed files, header version 6, in the byte order and
 * layout of the dumped machine.
 * @return 0 or -ENOMEM
 */
int kdump_writer_create(struct writer **ret, const struct dump_source *src, struct sink *sink)
	__attribute__((warn_unused_result));

/**
 * Make what a writer of kdump-compressed files writes one part of a split dump, that of the
 * pages of [start, end): it describes all the others, too, but has not their data. To be called
 * before writer_set_pages().
 */
void kdump_writer_set_part(struct writer *w, pfn_t start, pfn_t end);

/**
 * A writer of ELF cores in the class and byte order of the input, with its notes. Pages of
 * its PT_LOADs, or of those of elf_segments_make(), that are excluded, or zeros where the level
 * says so, are described but not in the file: p_memsz goes beyond p_filesz.
 * @return 0 or -ENOMEM
 */
int elf_writer_create(struct writer **ret, const struct dump_source *src, struct sink *sink)
	__attribute__((warn_unused_result));

/** Free a writer; NULL is allowed. The sink stays. */
void writer_destroy(struct writer *w);

/** Write headers, and which pages the machine had. @return 0 or -errno */
int writer_begin(struct writer *w, const struct bitmap *exists) __attribute__((warn_unused_result));

/** Say which pages will come. @param dumpable borrowed until the end @return as above */
int writer_set_pages(struct writer *w, const struct bitmap *dumpable)
	__attribute__((warn_unused_result));

/** Append a batch. @return as above */
int writer_put(struct writer *w, const struct page_batch *b) __attribute__((warn_unused_result));

/**
 * Have all that was put described in the dump and on the disk, so that it can be read if nothing
 * follows. The pages to come are of another class.
 * @param position number of the classes before it, in this dump or others of the same pages; less
 * than KDUMP_CLASSES
 * @return as above
 */
int writer_begin_class(struct writer *w, unsigned int position) __attribute__((warn_unused_result));

/**
 * Compress the pages that follow with a codec, which the header names from now on. Those before
 * are as they are. At most once, of a kdump-compressed file whose source has @c choose_codec.
 * @return as above
 */
int writer_set_codec(struct writer *w, enum codec_id codec) __attribute__((warn_unused_result));

/**
 * Write what is left and put everything on the disk.
 * @param complete false: the dump stays marked as incomplete
 * @return as above
 */
int writer_finish(struct writer *w, bool complete) __attribute__((warn_unused_result));

/**
 * After an error: write down what was put, as far as that is still possible.
 * @return as above; the dump is incomplete either way
 */
int writer_abort(struct writer *w) __attribute__((warn_unused_result));

/*
 * For the formats.
 */

/**
 * The ERASEINFO of the input, followed by lines about the data that this program erases. A
 * last line without a newline gets one.
 * @param[out] text to be freed; NULL if nothing was erased: @p size is 0 then
 * @return 0 or -ENOMEM
 */
int source_eraseinfo(const struct dump_source *src, char **text, size_t *size)
	__attribute__((warn_unused_result));

#endif
