/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The bytes of a file that the records of a flattened stream have written, to notice records
 * that do not fit together: a damaged offset leaves a gap, or overwrites other records.
 *
 * Programs write streams nearly in order, so what is covered is a few long spans. Memory is
 * bounded: after too many spans everything is taken for good.
 */
#ifndef OUTPUT_COVERAGE_H
#define OUTPUT_COVERAGE_H

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
};

/**
 * Add the bytes [off, off + len) of a record.
 * @return whether they fit: none was written before, or the record has all bytes of a header
 * that was among the first records, from its beginning on
 */
bool coverage_add(struct coverage *c, uint64_t off, uint64_t len);

/**
 * The first byte of [start, end) that no record has; @p end if there is none, or nothing is
 * known.
 */
uint64_t coverage_gap(const struct coverage *c, uint64_t start, uint64_t end);

#endif
