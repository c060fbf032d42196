/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The bytes of a file that the records of a flattened stream have written, to notice records
 * that do not fit together: a damaged offset leaves a gap, or overwrites other records.
 *
 * Programs write streams nearly in order, so what is covered is a few long spans. Memory is
 * bounded: after too many spans everything is taken for good.
 */
#ifndef VMCORE_COVERAGE_H
#define VMCORE_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COVERAGE_SPANS 4096
/** Headers are among this many first records, and begin before this offset. */
#define COVERAGE_FIRST 3
#define COVERAGE_HEADERS_END 4096

/** Covered bytes; zeroed: none. A few 10 KiB. */
struct coverage {
	struct coverage_span {
		uint64_t start, end;
	} spans[COVERAGE_SPANS]; /**< sorted, apart from each other */
	size_t nr;
	bool unknown; /**< there were too many */
	/** Headers among the first records, which may be written again. */
	struct coverage_span first[COVERAGE_FIRST];
	size_t nr_first;
	uint64_t damaged; /**< offset of the first record that overwrites others; 0: none does */
};

/**
 * Add the bytes [off, off + len) of a record.
 * @return whether they fit: none was written before, except those of a header that was among the
 * first records, of which the record has all bytes, from its beginning on
 */
bool coverage_add(struct coverage *c, uint64_t off, uint64_t len);

/**
 * The first byte of [start, end) that no record has; @p end if there is none, or nothing is
 * known.
 */
uint64_t coverage_gap(const struct coverage *c, uint64_t start, uint64_t end);

/** The first byte of [start, end) that some record has; @p end if there is none. */
uint64_t coverage_next(const struct coverage *c, uint64_t start, uint64_t end);

/** As coverage_add(), for a record at offset @p pos of the stream: damage is remembered. */
void coverage_add_record(struct coverage *c, uint64_t off, uint64_t len, uint64_t pos);

/** The header of a dump of any format lies within this many bytes. */
#define COVERAGE_HEAD_SIZE 512

/**
 * The offset of the sub-header.
 * @param head the first COVERAGE_HEAD_SIZE bytes of the inner file; zeros after its end
 * @return 0 if they are not the header of a kdump-compressed file
 */
uint64_t coverage_sub_header(const uint8_t *head);

/**
 * See that the records are all those of one file: none overwrites others, and the headers, the
 * notes and all from the page descriptors of a kdump-compressed file on have no gaps. (Bitmaps
 * have them, where there is no memory.)
 *
 * @param head as above
 * @param sub KDUMP_SUB_HEADER_SIZE_MAX bytes at coverage_sub_header()
 * @param size of the inner file
 * @return 0; -EBADMSG
 */
int coverage_check(const struct coverage *c, const uint8_t *head, const uint8_t *sub, uint64_t size)
	__attribute__((warn_unused_result));

#endif
