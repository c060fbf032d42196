/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The on-disk structures of the kdump-compressed format ("KDUMP   "), in any
 * machine's layout, shared by the reader and the writer.
 *
 * The format is the C layout of the dumping machine. Three layouts exist: 64-bit,
 * 32-bit with 8-byte integers aligned to 8 (arm, ppc, ...), and 32-bit with
 * them aligned to 4 (i386). Blocks have the size of a page:
 *
 *	block 0			header
 *	block 1			sub-header, followed at once by the ELF notes;
 *				in our parts of a split dump the starts of classes
 *	then (+ sub_hdr_size)	1st bitmap: the page exists
 *	then			2nd bitmap: the page is in this dump
 *	then (+ bitmap_blocks)	page descriptors, one per set bit of the 2nd
 *	then			page data
 *	end			eraseinfo text
 *
 * See docs/formats.md for each field.
 */
#ifndef VMCORE_KDUMP_FORMAT_H
#define VMCORE_KDUMP_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/codec.h"

#define KDUMP_SIGNATURE "KDUMP   "
#define KDUMP_SIGNATURE_SIZE 8
/** The version we write. Versions 1 to 6 are read; 0 has no sub-header fields. */
#define KDUMP_VERSION 6

/** Bits of kdump_header.status; those of codecs also of page_desc.flags. */
enum kdump_flags {
	KDUMP_ZLIB = 0x1,
	KDUMP_LZO = 0x2,
	KDUMP_SNAPPY = 0x4,
	KDUMP_INCOMPLETE = 0x8,
	KDUMP_EXCLUDED_VMEMMAP = 0x10,
	KDUMP_ZSTD = 0x20,
};

/** The highest dump level there is. */
#define KDUMP_LEVEL_MAX 31

/** The layout of the structures on one machine. */
struct kdump_layout {
	bool is64;
	bool align8; /**< 32-bit only: 8-byte integers are aligned to 8 */
	bool swap;   /**< byte order is not the host's */
};

#define UTS_LEN 65

/** struct new_utsname; each string NUL-ended. */
struct kdump_utsname {
	char sysname[UTS_LEN], nodename[UTS_LEN], release[UTS_LEN];
	char version[UTS_LEN], machine[UTS_LEN], domainname[UTS_LEN];
};

/** disk_dump_header. Sizes and counts in blocks unless said otherwise. */
struct kdump_header {
	int32_t version;
	struct kdump_utsname utsname;
	int64_t timestamp;  /**< seconds */
	uint32_t status;    /**< enum kdump_flags */
	int32_t block_size; /**< bytes */
	int32_t sub_hdr_size;
	uint32_t bitmap_blocks; /**< both bitmaps together */
	uint32_t max_mapnr;	/**< obsolete: cut to 32 bits */
	int32_t nr_cpus;
};

/** kdump_sub_header. Offsets are file offsets in bytes, sizes bytes. */
struct kdump_sub_header {
	uint64_t phys_base;
	int32_t dump_level;
	int32_t split;
	uint64_t start_pfn, end_pfn;			 /**< of a split part; obsolete: 32 bits */
	uint64_t offset_vmcoreinfo, size_vmcoreinfo;	 /**< since version 3 */
	uint64_t offset_note, size_note;		 /**< 4 */
	uint64_t offset_eraseinfo, size_eraseinfo;	 /**< 5 */
	uint64_t start_pfn_64, end_pfn_64, max_mapnr_64; /**< 6 */
};

/** page_desc: the same 24 bytes in every layout. */
struct kdump_page_desc {
	uint64_t offset;     /**< of the data in the file; 0: page is missing */
	uint32_t size;	     /**< of the data, bytes */
	uint32_t flags;	     /**< that of the codec (kdump_codec_of_flags()), or 0: as it is */
	uint64_t page_flags; /**< always 0 */
};

#define KDUMP_PAGE_DESC_SIZE 24

/**
 * The starts of classes in a part of a split dump: KDUMP_STARTS_MAGIC, then for each of
 * KDUMP_CLASSES classes, in their order, 8 bytes: the offset in the file at which its data begin;
 * 0: the part has no pages of it. Other programs take them for padding.
 */
#define KDUMP_CLASSES 8
#define KDUMP_STARTS_MAGIC "CLASSES "
#define KDUMP_STARTS_MAGIC_SIZE 8
#define KDUMP_STARTS_SIZE (KDUMP_STARTS_MAGIC_SIZE + KDUMP_CLASSES * 8)

/** Bytes of the structures in a layout (464 / 104 for 64-bit). */
size_t kdump_header_size(const struct kdump_layout *l);
size_t kdump_sub_header_size(const struct kdump_layout *l);
/** Upper bounds of the two, over all layouts. */
#define KDUMP_HEADER_SIZE_MAX 464
#define KDUMP_SUB_HEADER_SIZE_MAX 104

/** Blocks have the size of a page; no machine has others than these, in bytes. */
#define KDUMP_BLOCK_SIZE_MIN 4096
#define KDUMP_BLOCK_SIZE_MAX (256 << 10)
/** Return whether a block may have @p size bytes: a power of two within the two above. */
bool kdump_block_size_ok(int64_t size);

/** Write a structure; @p buf has room for the size above, which is filled whole. */
void kdump_encode_header(const struct kdump_layout *l, const struct kdump_header *h, void *buf);
void kdump_encode_sub_header(const struct kdump_layout *l, const struct kdump_sub_header *h,
			     void *buf);
void kdump_encode_page_desc(const struct kdump_layout *l, const struct kdump_page_desc *d,
			    void *buf);

/**
 * Offset in the file of the starts of classes: a multiple of 8 after the notes, before the first
 * bitmap. 0: there is no room, or the notes are not there.
 */
uint64_t kdump_starts_offset(const struct kdump_layout *l, const struct kdump_header *h,
			     const struct kdump_sub_header *s);

/** Set KDUMP_INCOMPLETE in an encoded header, and change nothing else. */
void kdump_set_incomplete(const struct kdump_layout *l, void *buf);

/**
 * The bytes [*start, *end) of an encoded sub-header that offset_eraseinfo and size_eraseinfo
 * take: the fields that are known last.
 */
void kdump_eraseinfo_fields(const struct kdump_layout *l, size_t *start, size_t *end);

/** End each string of @p u in its array; bytes from a dump need not have a NUL. */
void kdump_utsname_terminate(struct kdump_utsname *u);

/**
 * Read a structure of the size above. Nothing is checked, strings are made to
 * end. Sub-header fields that are newer than header version @p version are 0.
 * Unsigned longs of 32-bit layouts are zero-extended.
 */
void kdump_decode_header(const struct kdump_layout *l, const void *buf, struct kdump_header *h);
void kdump_decode_sub_header(const struct kdump_layout *l, int32_t version, const void *buf,
			     struct kdump_sub_header *h);
void kdump_decode_page_desc(const struct kdump_layout *l, const void *buf,
			    struct kdump_page_desc *d);

/**
 * Find out the layout of a header from its contents: the one in which
 * version (0 to 255) and block_size are valid. The header does not show how a
 * 32-bit machine aligns 8-byte integers: align8 is set until
 * kdump_guess_sub_layout() knows better.
 * @param buf KDUMP_HEADER_SIZE_MAX bytes that begin with the signature
 * @return 0; -EBADMSG if none does
 */
int kdump_guess_layout(const void *buf, struct kdump_layout *ret)
	__attribute__((warn_unused_result));

/**
 * Find out align8 of a 32-bit layout from the sub-header: the way in which the
 * notes and VMCOREINFO lie after it and max_mapnr_64 agrees with the header.
 * If the sub-header does not tell, i386 aligns to 4 and others to 8. A 64-bit layout is
 * left as it is.
 *
 * The machine's name alone would not do: QEMU writes the layout of i386 for all
 * 32-bit machines.
 * @param h the decoded header; block_size and sub_hdr_size are positive
 * @param buf KDUMP_SUB_HEADER_SIZE_MAX bytes that begin with the sub-header
 */
void kdump_guess_sub_layout(const struct kdump_header *h, const void *buf, struct kdump_layout *l);

/**
 * The codec that a descriptor's or header's flags name. CODEC_NONE if they name
 * none, or more than one. Other flags are ignored.
 */
enum codec_id kdump_codec_of_flags(uint32_t flags);
/** The other way round; 0 for CODEC_NONE. */
uint32_t kdump_flags_of_codec(enum codec_id id);

/**
 * ELF machine number of a utsname.machine such as "x86_64" or "armv7l", in
 * capitals or not; 0 if unknown.
 */
uint16_t kdump_machine_of_uts(const char *machine);
/** The usual utsname.machine of an ELF machine number (EM_*); NULL if unknown. */
const char *kdump_uts_of_machine(uint16_t machine, bool is64, bool big_endian);

#endif
