/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Memory as a table of ranges, each of which lies together in a file: for formats
 * that are such a table.
 *
 * A format's open() calls ranges_build(), which sets vc->priv and vc->memory_end; the
 * other functions are those of its struct vmcore_ops.
 */
#ifndef VMCORE_RANGES_H
#define VMCORE_RANGES_H

#include "vmcore/vmcore.h"

/** No machine that Linux runs on has memory above this address. */
#define PADDR_MAX (UINT64_C(1) << 52)

/** The origin of the bytes of a range; the lower value wins where two overlap. */
enum range_source {
	RANGE_FILE, /**< the file has them */
	RANGE_LOST, /**< the file should have them, but ends before */
	RANGE_ZERO, /**< they are not in the dump, and read as zeros */
};

/** Bytes of memory [start, end), which end at PADDR_MAX or before. */
struct memory_range {
	paddr_t start, end;
	uint64_t off;	   /**< of the first byte in the file; 0 unless RANGE_FILE */
	unsigned int file; /**< number of the file: vmcore_file() */
	enum range_source source;
};

/** One range as a format has it: it may overlap others. */
struct range_piece {
	struct memory_range range;
	size_t index; /**< the lower one wins where two of one source overlap */
};

/**
 * Bytes of memory that a file is believed to stand for without having them: one damaged number
 * can claim 2^52, and each page costs a bit. At least 32 GiB, and 1024 times the file's size.
 */
uint64_t ranges_absent_max(const struct vmcore *vc);

/** Append [start, end) to pieces, unless it is empty. */
void ranges_add(struct range_piece *pieces, size_t *nr, size_t index,
		const struct memory_range *range);

/**
 * Turn pieces into a table of ranges that do not overlap, which becomes vc->priv.
 * @param pieces at least one; are sorted
 * @return 0; -ENOMEM
 */
int ranges_build(struct vmcore *vc, struct range_piece *pieces, size_t nr)
	__attribute__((warn_unused_result));

void ranges_close(struct vmcore *vc);
int ranges_reader_init(struct vmcore_reader *r);
void ranges_reader_deinit(struct vmcore_reader *r);
int ranges_get(struct vmcore_reader *r, paddr_t pa, size_t want, const void **ptr, size_t *got);
int ranges_read(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len);
int ranges_read_page(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len);
void ranges_expect(struct vmcore_reader *r, paddr_t pa, uint64_t len);
int ranges_bitmap(struct vmcore *vc, enum vmcore_bitmap_kind which, struct bitmap *b);

/** The functions above, in a struct vmcore_ops. */
#define RANGES_OPS \
	.close = ranges_close, .reader_init = ranges_reader_init, \
	.reader_deinit = ranges_reader_deinit, .get = ranges_get, .read = ranges_read, \
	.read_page = ranges_read_page, .expect = ranges_expect, .bitmap = ranges_bitmap

#endif
