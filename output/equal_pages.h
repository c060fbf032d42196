/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Pages that were written, to be found again by their contents: a page that equals one of them
 * shares its data.
 *
 * A page of one repeated word is known by this word. Other pages are known by a hash of a few of
 * their words (the header-only xxHash; a build without it knows pages of repeated words only): the
 * caller compares the pages byte by byte before they share data. A page that has the words of
 * another one, and is not equal, is known by a hash of all of it.
 *
 * The table has a fixed size, and a page stays in it: pages that find no room are not
 * remembered. So its contents depend on the order of equal_pages_add() alone.
 *
 * Thread-safety: one thread at a time adds pages, any number of threads look for some meanwhile.
 */
#ifndef OUTPUT_EQUAL_PAGES_H
#define OUTPUT_EQUAL_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/types.h"

/** The contents of a page. */
struct page_key {
	enum page_key_kind {
		PAGE_KEY_NONE,	  /**< no other page is known to be equal */
		PAGE_KEY_WORD,	  /**< the page consists of this word */
		PAGE_KEY_SAMPLES, /**< a hash of some words */
		PAGE_KEY_WHOLE,	  /**< a hash of all words */
	} kind;
	uint64_t value;
};

/** A page that was written. */
struct equal_page {
	uint64_t offset; /**< of its data in the file */
	pfn_t pfn;
	uint32_t size; /**< bytes of the data */
	bool compressed;
};

struct equal_page_entry;

/** Zeroed: no page is found or remembered. */
struct equal_pages {
	struct equal_page_entry *entries; /* in the order in which they were added */
	uint32_t nr;
	/* Buckets of slots: 0, or half of the mixed key and the number of the entry from 1 on. */
	uint64_t *slots;
	size_t mask; /* number of slots - 1 */
};

/** Prepare for @p nr_pages pages: at most 6 MiB. Without memory no page is remembered. */
void equal_pages_init(struct equal_pages *t, uint64_t nr_pages);
void equal_pages_deinit(struct equal_pages *t);

/**
 * Describe a page.
 * @param len a multiple of 4096
 * @param hash false: only whether it consists of one word
 */
struct page_key page_key(const void *page, size_t len, bool hash);

/** Describe a page whose samples are those of a page that differs. */
struct page_key page_key_whole(const void *page, size_t len);

/** Have the CPU fetch what equal_pages_find() looks at, which takes as long as some hundred
 * instructions. */
void equal_pages_expect(const struct equal_pages *t, unsigned int part, const struct page_key *key);

/**
 * Find a page.
 * @param part number of the file in whose data it is looked for
 * @return NULL: none is known. It stays valid, but a page of a hash may have other contents.
 */
const struct equal_page *equal_pages_find(const struct equal_pages *t, unsigned int part,
					  const struct page_key *key);

/** Remember a page that equal_pages_find() did not find, if there is room. */
void equal_pages_add(struct equal_pages *t, unsigned int part, const struct page_key *key,
		     const struct equal_page *page);

#endif
