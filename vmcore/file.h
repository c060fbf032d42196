/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The bytes of a dump file: the transport below the formats.
 *
 * A compressed file is decompressed to another file when it is opened (vmcore/spool.h). A
 * flattened file (makedumpfile -F) holds another file in pieces. Both are
 * recognised here, and the formats above read them as if they were the file inside. So
 * an offset is always one in the file as its format describes it.
 *
 * Files are read through windows of up to 1 MiB; walking a dump in order costs one system call
 * per window. Holes of sparse files are not read. /proc/vmcore is mapped in windows of 4 MiB
 * where it can be mapped. A mapped file that becomes shorter, or has bad sectors, is read()
 * from the first page on that cannot be read.
 */
#ifndef VMCORE_FILE_H
#define VMCORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flat_index;
struct map_cache;
struct spool;

/** An opened file. Constant once opened, so threads share it. */
struct dump_file {
	const char *path; /**< borrowed from the caller */
	int fd;
	uint64_t size;		 /**< bytes; of the inner file if flattened */
	uint64_t real_size;	 /**< bytes of the file itself */
	bool use_mmap;		 /**< its readers map it */
	bool sparse;		 /**< it may have holes, which read as zeros */
	struct flat_index *flat; /**< NULL unless flattened */
	bool flat_cut;		 /**< and bytes that no record has may be lost */
	const char *packed; /**< "gzip" ...: fd is that of its contents; NULL: not compressed */
	/**
	 * A sentence, if the records of a flattened file do not fit together or a compressed file
	 * is damaged; else "".
	 */
	char damage[128];
};

/** One thread's view of a file. */
struct file_reader {
	const struct dump_file *file;
	bool use_mmap;		  /**< cleared for good if the file cannot be mapped */
	uint64_t span, span_end;  /**< the only bytes that are mapped; none, if they are equal */
	void *window;		  /**< mapping or buffer */
	uint64_t window_off;	  /**< in the real file */
	size_t window_len;	  /**< valid bytes; 0: none yet */
	void *buffer;		  /**< the buffer, once one was needed */
	struct map_cache *pieces; /**< mapped for short reads; NULL until there was one */
	/** Bytes that are going to be wanted soon; none, if they are equal. */
	uint64_t expected, expected_end;
	/** The last data or hole that was looked at, if the file is sparse. */
	uint64_t extent, extent_end;
	bool in_hole;
	bool spoiled; /**< a page of the mapping was lost: not to be used again */
	int guard;    /**< of the mapping (vmcore/guard.h); -1: none yet */
};

/**
 * Open @p path, a regular file or a block device, for reading. Its size is
 * taken now: what the file grows by later is not seen.
 * @param use_mmap false: never map (--non-mmap); true: map /proc/vmcore
 * @param spool the place of the contents of a compressed file; NULL: such a file is refused
 * @return 0; -errno, whose message names the file (*f is closed then)
 */
int file_open(struct dump_file *f, const char *path, bool use_mmap, const struct spool *spool)
	__attribute__((warn_unused_result));
/** All readers must be gone. */
void file_close(struct dump_file *f);

/** Return whether it is the memory of the running kernel: /proc/kcore. */
bool file_is_kcore(const struct dump_file *f);

/**
 * Begin reading. Nothing is allocated yet. A reader is used by one thread at a
 * time; readers of the same file do not disturb each other.
 */
void file_reader_init(struct file_reader *r, const struct dump_file *f);
/** Free the reader; the bytes that file_get() returned become invalid. */
void file_reader_deinit(struct file_reader *r);

/**
 * Look at the file's bytes without copying them.
 *
 * @param want bytes wanted at offset @p off; at least 1
 * @param[out] ptr the bytes; borrowed until the next file_get() of this reader
 * (file_read() does not disturb them)
 * @param[out] got how many are there: at least 1, at most @p want; fewer where
 * the window, a flattened file's record or a hole of it ends
 * @return 0; -ENODATA at and beyond the end of the file; another -errno if the
 * byte at @p off cannot be read. Sentence set.
 */
int file_get(struct file_reader *r, uint64_t off, size_t want, const void **ptr, size_t *got)
	__attribute__((warn_unused_result));

/**
 * Copy exactly @p len bytes at @p off: for headers and random access.
 * @return 0; -ENODATA if the file ends before; another -errno. Sentence set;
 * on error the buffer's contents are unspecified.
 */
int file_read(struct file_reader *r, uint64_t off, void *buf, size_t len)
	__attribute__((warn_unused_result));

/** Return whether a flattened file that is cut short should have a byte, but lost it. */
bool file_lost(const struct dump_file *f, uint64_t off);

/**
 * Say that bytes [@p start, @p end) lie together in memory, of one PT_LOAD: if the file is one to
 * map, no others are mapped from now on. x86_64 maps bytes of two in /proc/vmcore as memory
 * that is not cached, or not at all if some of them are mapped already (track_pfn_remap(), seen
 * with Linux 6.12).
 */
void file_within(struct file_reader *r, uint64_t start, uint64_t end);

/**
 * Say which bytes file_get() is going to be asked for, of which it may give fewer at a time: they
 * are read together.
 */
void file_expect(struct file_reader *r, uint64_t off, size_t len);

#endif
