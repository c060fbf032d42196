/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * This kernel's coding of a struct page: every fact that classifying needs, hoisted out of
 * the declarations into one constant struct.
 */
#ifndef FILTER_PAGE_LAYOUT_H
#define FILTER_PAGE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/kernel.h"

/** Bits of a dump level (-d): which kinds of pages go. */
enum dump_level {
	DL_ZERO = 1,
	DL_CACHE = 2,
	DL_CACHE_PRIVATE = 4,
	DL_USER = 8,
	DL_FREE = 16,
	DL_MAX = KDUMP_LEVEL_MAX,
};

/** log2 of the largest huge page there is, in bytes: 16 GiB on ppc64. */
#define HUGE_PAGE_MAX_SHIFT 34

/** A value of the page_type word (shared with _mapcount), if this kernel has it. */
struct page_type {
	bool known;
	/**
	 * 0xff000000 where types are values of the top byte (since Linux
	 * kernel 6.12 the rest belongs to the page's owner), else all ones.
	 */
	uint32_t mask;
	uint32_t value;
};

/** The source of a head page's order, or of its being hugetlb. */
enum compound_source {
	COMPOUND_NOWHERE,
	COMPOUND_TAIL_BYTE,  /**< a byte of the first tail */
	COMPOUND_TAIL_FLAGS, /**< flags of the first tail (order: low byte; hugetlb: a bit) */
};

/**
 * The members of struct page that are used, and of struct folio, which begins with one. A row
 * declares the member, makes it a field of struct page_layout (its offset, bytes), and has it
 * checked: row(struct, member, which of the folio's struct pages it lies in, bytes, needs).
 * Bytes 0: a word. Needs: the bits of a level, or PAGE_NEEDS_*, for which it is used.
 */
/* clang-format off */
#define PAGE_MEMBERS(row) \
	row(page, _mapcount, 0, 4, PAGE_NEEDS_TYPE) \
	row(page, private, 0, 0, DL_FREE) \
	row(page, flags, 0, 0, PAGE_NEEDS_FLAGS) \
	row(page, compound_head, 0, 0, PAGE_NEEDS_FLAGS) \
	row(page, compound_info, 0, 0, PAGE_NEEDS_FLAGS) \
	row(page, compound_order, 0, 1, PAGE_NEEDS_FLAGS) \
	row(page, compound_dtor, 0, 1, PAGE_NEEDS_FLAGS) \
	row(folio, _folio_order, 1, 1, PAGE_NEEDS_FLAGS) \
	row(folio, _folio_dtor, 1, 1, PAGE_NEEDS_FLAGS) \
	row(page, mapping, 0, 0, DL_CACHE | DL_CACHE_PRIVATE | DL_USER)
/* clang-format on */

/** Offsets are bytes within a struct page, masks apply to the flags word. */
struct page_layout {
	uint32_t size; /**< of a struct page, bytes */
	bool is64, swap;
	unsigned int page_shift;
#define FIELD_(s, member, page, bytes, needs) uint32_t member;
	PAGE_MEMBERS(FIELD_)
#undef FIELD_
	uint32_t compound; /**< compound_info or compound_head */
	/** The bit of tails in the word at compound; 0 if the offset of that word is unknown. */
	uint64_t tail;

	uint64_t pg_lru, pg_private, pg_swapcache, pg_swapbacked, pg_slab, pg_hwpoison;
	/** Never the page cache's nor anybody's memory: 0 if only VMCOREINFO is known. */
	uint64_t pg_reserved;
	uint64_t pg_head; /**< 0 if unknown: no compound page is recognised */
	struct page_type buddy, offline, hugetlb, slab, unaccepted;
	/** A page_type word below this is a type, others are counts of mappings. */
	int32_t type_limit;

	enum compound_source order_from, hugetlb_from;
	uint32_t order_byte; /**< COMPOUND_TAIL_BYTE: its offset in the first tail */
	uint32_t hugetlb_byte;
	uint8_t hugetlb_dtor; /**< value of that byte */
	uint64_t pg_hugetlb;  /**< COMPOUND_TAIL_FLAGS: the bit */
	/** Largest order the buddy allocator hands out; as large as any page can be if unknown. */
	unsigned int max_order;
	/** Kinds of pages to exclude, and those to tell of: bits of enum dump_level. */
	unsigned int level, told;
	/**
	 * The pages are mapped as the kernel image: whatever their flags say
	 * they are kept, unless they have certainly been given back (freed
	 * init code): typed, hugetlb, or belonging to a mapping. Poisoned ones
	 * go all the same.
	 */
	bool image;
};

/**
 * Collect the facts.
 * @param level bits of enum dump_level: only the facts that these need must be there. The layout
 * excludes these kinds, and tells of no others.
 * @return 0; -ENOENT if facts are missing, -EBADMSG if one is out of range; the error text
 * names them
 */
int page_layout_init(struct page_layout *l, const struct kernel *k, unsigned int level)
	__attribute__((warn_unused_result));

/** Return the bits of a level for which all facts are there, each looked at on its own. */
unsigned int page_layout_possible(const struct kernel *k, unsigned int level);

#endif
