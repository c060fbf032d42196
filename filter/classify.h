/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Determine the class of a page from its struct page. Pure: no reads, no state.
 *
 * The rules, first match wins:
 *
 *	tail of a compound page		as its head; its own fields say nothing
 *	type buddy, unaccepted		FREE, a block of 2^order pages
 *	type slab, or flag PG_slab	KEEP
 *	type offline			OFFLINE
 *	type hugetlb			USER
 *	any other type			KEEP: page tables, kmalloc, zsmalloc, ...
 *	in the page cache, not		CACHE or, with PG_private (buffers,
 *	  anonymous			  file system data), CACHE_PRIVATE
 *	anonymous, or hugetlb		USER
 *	otherwise			KEEP
 *
 * A page with PG_hwpoison is HWPOISON, whatever else it is, unless it is FREE.
 * A page has a type if the word shared with _mapcount is below -128: mapped
 * pages count up from -1. "In the page cache" is PG_lru, or PG_swapcache with
 * PG_swapbacked; "anonymous" is bit 0 of page.mapping.
 */
#ifndef FILTER_CLASSIFY_H
#define FILTER_CLASSIFY_H

#include <stddef.h>
#include <stdint.h>

#include "filter/page_layout.h"
#include "lib/types.h"

/** Also the index of the statistics. */
enum page_class {
	PAGE_KEEP,
	PAGE_ZERO, /**< all bytes are 0; found while copying */
	PAGE_CACHE,
	PAGE_CACHE_PRIVATE,
	PAGE_USER,
	PAGE_FREE,
	PAGE_HWPOISON,
	PAGE_OFFLINE,
	PAGE_UNREADABLE, /**< its struct page could not be read: kept */
	NR_PAGE_CLASSES,
};

/** Counts of unusual struct pages. */
struct classify_counts {
	/**
	 * Pages with an impossible order (too large, not aligned, or followed by no tail):
	 * they are judged as single pages; a free block of an impossible order is kept.
	 */
	uint64_t odd;
	uint64_t slabs; /**< first pages of slabs */
};

/**
 * Receives a run of pages, all of one class of those that the layout tells of. Pages of a free
 * block that is not excluded may come again in a run of another class, poisoned ones among them.
 */
typedef void (*page_run_fn)(void *ctx, pfn_t start, uint64_t nr_pages, enum page_class c);

/**
 * Judge an array of struct pages.
 *
 * @param pages @p n struct pages, as in the dump
 * @param pfn of the first of them
 * @param va virtual address of the first of them
 * @param run called for each run of pages of a class, in ascending order of
 * their starts. A run that begins in the array may reach beyond its end: a block
 * belongs to its first page. Tails whose head lies before the array are passed over.
 */
struct classify_counts classify_pages(const struct page_layout *l, const void *pages, size_t n,
				      pfn_t pfn, vaddr_t va, page_run_fn run, void *ctx);

#endif
