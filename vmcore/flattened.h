/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The flattened format: a file as a stream of (offset, length, bytes) records,
 * so that it can be written to a pipe.
 *
 * A 4096-byte header begins with the 16-byte signature "makedumpfile" (padded
 * with NUL), then type = 1 and version = 1 as big-endian 64-bit numbers. Each
 * record is two big-endian signed 64-bit numbers, offset in the inner file and
 * length, followed by the bytes; offset = length = -1 ends the stream. Offsets may go
 * backwards; where records overlap the later one holds.
 */
#ifndef VMCORE_FLATTENED_H
#define VMCORE_FLATTENED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLAT_SIGNATURE "makedumpfile"
#define FLAT_SIGNATURE_SIZE 16
#define FLAT_HEADER_SIZE 4096
#define FLAT_TYPE 1
#define FLAT_VERSION 1
/** Bytes of a record before its data. */
#define FLAT_RECORD_SIZE 16

/** Fill in a header; @p buf has FLAT_HEADER_SIZE bytes. */
void flat_encode_header(void *buf);
/** Fill in a record's head; @p buf has FLAT_RECORD_SIZE bytes. */
void flat_encode_record(void *buf, int64_t offset, int64_t len);

/**
 * Check whether @p buf (at least FLAT_HEADER_SIZE bytes) begins a flattened file.
 * @return 0; -ENOENT if not; -ENOTSUP for an unknown type or version
 */
int flat_check_header(const void *buf);

/**
 * Read a record's head, of FLAT_RECORD_SIZE bytes.
 * @param pos where it is, for the sentence
 * @param[out] offset, len whose sum is an offset, too
 * @return 1; 0 for the end record; -EBADMSG
 */
int flat_decode_record(const void *buf, uint64_t pos, uint64_t *offset, uint64_t *len)
	__attribute__((warn_unused_result));

struct coverage;

/** The place in the flattened file of each part of the inner file. */
struct flat_index;

/**
 * Read the records of a flattened file. Their data is skipped where that is
 * cheaper than reading it.
 * @param fd a seekable file that begins with a flattened header; borrowed,
 * its position is left alone
 * @param file_size bytes of that file
 * @param[out] size bytes of the inner file
 * @param covered gets the records, for coverage_check(); may be NULL
 *
 * Bytes after the end record are ignored. The index takes 16 bytes of memory
 * per record, while it is made some 60.
 * @return 0 (*ret to be freed with flat_index_destroy()); 1: the same, but only of the records
 * before one that is damaged or not whole, or before the end of the file without an end record;
 * the sentence is that of -EBADMSG. -EBADMSG: there is no record before; -ENOMEM, also for more
 * than 2^25 records; another -errno if the file cannot be read. Sentence set; it gives the
 * offset, but no name.
 */
int flat_index_create(struct flat_index **ret, int fd, uint64_t file_size, uint64_t *size,
		      struct coverage *covered) __attribute__((warn_unused_result));
/** NULL is allowed. */
void flat_index_destroy(struct flat_index *idx);

/** Instead of an offset: no record wrote there, it reads as zeros. */
#define FLAT_HOLE UINT64_MAX

/**
 * Find offset @p off of the inner file. Threads may share the index.
 * @param[out] where its offset in the flattened file, or FLAT_HOLE
 * @param[out] len bytes from there on that lie together (or are all hole); >= 1
 * @return 0, or -ENODATA (no sentence) at and beyond the inner file's end
 */
int flat_find(const struct flat_index *idx, uint64_t off, uint64_t *where, uint64_t *len);

#endif
