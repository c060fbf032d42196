/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The outputs of the bytes of a dump.
 *
 * A writer puts bytes at offsets and does not know whether they end in a file,
 * in a flattened stream on a pipe, or nowhere (--dry-run). A sink is used by
 * one thread at a time.
 */
#ifndef OUTPUT_SINK_H
#define OUTPUT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink;

/** A kind of sink. */
struct sink_ops {
	/** Name for messages. */
	const char *name;
	/** Bytes are only counted: pwrite() does not look at them. */
	bool forgets;
	/** sink_pwrite(); len > 0, and off + len is at most INT64_MAX */
	int (*pwrite)(struct sink *s, const void *buf, size_t len, uint64_t off);
	/** sink_pread(); NULL: nothing is read back */
	int (*pread)(struct sink *s, void *buf, size_t len, uint64_t off);
	/** sink_reserve(); may be NULL */
	void (*reserve)(struct sink *s, uint64_t off, uint64_t len, size_t piece);
	/** sink_room() without the limit; NULL: any */
	uint64_t (*room)(const struct sink *s);
	/** sink_sync(); may be NULL */
	int (*sync)(struct sink *s);
	/** sink_finish(); may be NULL */
	int (*finish)(struct sink *s);
	/** sink_restart(), counters excepted; NULL: what is written cannot be taken back */
	int (*restart)(struct sink *s);
	/** Release everything; the bytes stay. */
	void (*close)(struct sink *s);
};

/** Common part of every sink. */
struct sink {
	const struct sink_ops *ops;
	/** Its name in messages; borrowed. */
	const char *path;
	/**
	 * Bytes that sink_pwrite() has taken so far, those that were written
	 * again included: the report's "Write bytes".
	 */
	uint64_t written;
	/** Bytes of calls that failed. */
	uint64_t refused;
	/** One past the last byte that was written, and the calls that wrote: for sink_size(). */
	uint64_t end, nr_writes;
	/** The most bytes that the file, or the stream, may have; 0: any. For the caller to set. */
	uint64_t limit;
	/**
	 * Records of a stream that wait to be written in a reserved range, beyond one for each
	 * piece: there has to be room for their heads within the limit. For the caller to set.
	 */
	uint64_t waiting;
	/**
	 * No byte of a complete dump is written twice: readers of a stream may believe either
	 * record. For the creator, or the caller, to set.
	 */
	bool once;
};

/**
 * Create a file, mode 0600.
 * @param path borrowed
 * @param force overwrite an existing file, which keeps its mode and owner; else
 * that is -EEXIST
 * @return 0 (*ret to be closed with sink_close()); -errno
 */
int sink_file_create(struct sink **ret, const char *path, bool force)
	__attribute__((warn_unused_result));

/**
 * Write a flattened stream to a descriptor that need not seek. Its header is
 * written at once. The descriptor is borrowed; it may be non-blocking. SIGPIPE
 * must be ignored.
 *
 * A record that could not be written whole ends the stream: every later call
 * fails, and no end record is written.
 * @return as sink_file_create()
 */
int sink_flattened_create(struct sink **ret, int fd, const char *path)
	__attribute__((warn_unused_result));

/** Count the bytes and forget them. @return 0 or -ENOMEM */
int sink_null_create(struct sink **ret, const char *path) __attribute__((warn_unused_result));

/**
 * Put @p len bytes at offset @p off. Parts never written read as zeros later, also of a device.
 * @return 0; -ENOSPC, -EPIPE, -EFBIG (beyond INT64_MAX, or the limit, in which case nothing
 * of it was written) or another -errno, whose message names the file and the offset.
 * Bytes written before remain.
 */
int sink_pwrite(struct sink *s, const void *buf, size_t len, uint64_t off)
	__attribute__((warn_unused_result));

/**
 * Read back bytes at @p off that are zeros or were written before, of a sink that is not one of
 * @c once. One that keeps nothing gives zeros.
 * @return 0 or -errno
 */
int sink_pread(struct sink *s, void *buf, size_t len, uint64_t off)
	__attribute__((warn_unused_result));

/**
 * Ask for the space of [off, off + len) beforehand, so that small structures
 * can still be written when the disk is full. Best effort: failure is silent.
 *
 * If the file system cannot do that, zeros are written from the end of all that was written
 * before on: so this comes before anything is written after the range.
 *
 * @param piece the fewest bytes, at least 1, that will be written there at a time: in a stream each
 * piece has a head
 */
void sink_reserve(struct sink *s, uint64_t off, uint64_t len, size_t piece);

/**
 * Bytes of the file, or with @c once of the stream, as far as it was written: also of a sink that
 * writes nothing.
 */
uint64_t sink_size(const struct sink *s);

/**
 * The most bytes that the file may have so that it is within the limit, and a
 * twentieth of the file system, but at most 1 GiB, stays free for others; 0: any.
 */
uint64_t sink_room(const struct sink *s);

/** All that was written is on the disk when this returns 0. -errno. */
int sink_sync(struct sink *s) __attribute__((warn_unused_result));

/**
 * Nothing more will come: the stream's end record is written, the file is on
 * the disk. A sink that is closed without it is cut short.
 */
int sink_finish(struct sink *s) __attribute__((warn_unused_result));

/**
 * Begin anew: nothing was written, and nothing counted. @return 0; -ENOTSUP or -errno
 */
int sink_restart(struct sink *s) __attribute__((warn_unused_result));

/** Free a sink. NULL is allowed. */
void sink_close(struct sink *s);

/*
 * For the kinds of sinks.
 */

/**
 * Check a write of @p len bytes at @p off against the limit.
 * @param end of the file, or of the stream, when [off, off + len) of the dump is written
 * @return 0; -EFBIG
 */
int sink_check_limit(const struct sink *s, uint64_t end, uint64_t off, size_t len);

/** Set the sentence for a failed write. @return @p err */
int sink_write_error(const struct sink *s, int err, uint64_t off, size_t len, size_t written);

/**
 * Flush a descriptor to the disk. A pipe or a device, which has no disk below, is
 * fine. @return 0 or -errno
 */
int sink_sync_fd(const struct sink *s, int fd);

#endif
