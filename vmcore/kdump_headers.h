/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The headers of a kdump-compressed file, read and checked.
 */
#ifndef VMCORE_KDUMP_HEADERS_H
#define VMCORE_KDUMP_HEADERS_H

#include "lib/bitmap.h"
#include "lib/types.h"
#include "vmcore/file.h"
#include "vmcore/kdump_format.h"

/** More bytes of eraseinfo are not believed. */
#define ERASEINFO_MAX (16u << 20)

/** The fields of the headers; no sum or product of the numbers below @c sub overflows. */
struct kdump_headers {
	struct kdump_layout layout;
	struct kdump_header header;
	struct kdump_sub_header sub;
	/**
	 * One past the highest bit of the bitmaps; not 0. max_mapnr_64 of the sub-header, but
	 * max_mapnr of the header if the bitmap contradicts the former and not the latter.
	 */
	pfn_t max_pfn;
	/**
	 * The page of bit 0, a multiple of 8: files of arm count pages from phys_base on, of which
	 * QEMU's do not. Added to each number of a page in the headers.
	 */
	pfn_t pfn_base;
	bool beyond; /**< the bitmap has pages from max_pfn on */
	unsigned int page_shift;
	/** Offsets in the file; equal where there is only one bitmap. */
	uint64_t exists_off, dumped_off;
	uint64_t desc_off; /**< of the page descriptors, after the bitmaps */
};

/**
 * Read the headers of a file that begins with KDUMP_SIGNATURE. The strings of utsname are
 * repaired if they are the 4 bytes off that tools of before 2021 wrote on Linux 5.11.
 * @return 0; -EBADMSG if pages could not be found by them; -ENOTSUP for versions that are
 * too new; -errno if the file cannot be read; the message of which message does not name the file
 */
int kdump_headers_read(struct kdump_headers *h, struct file_reader *fr)
	__attribute__((warn_unused_result));

/** The pages [*start, *end) of a part of a split dump, as its headers have them: bits. */
void kdump_part_range(const struct kdump_headers *h, pfn_t *start, pfn_t *end);

/**
 * OR a bitmap of the file, at an offset, into one that is empty or of its length. Memory is
 * taken only for the parts that are not zero.
 * @param first the bit that the file's first becomes: pfn_base, or 0 for the file's own numbers
 * @return 0; -EBADMSG if the file ends before; another -errno
 */
int kdump_read_bitmap(struct file_reader *fr, uint64_t off, pfn_t first, struct bitmap *b)
	__attribute__((warn_unused_result));

/** OR bytes into a bitmap, from its byte @p byte_off on, clipped to it. */
void kdump_or_bytes(struct bitmap *b, uint64_t byte_off, const void *buf, size_t len);

#endif
