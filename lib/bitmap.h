/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * A bit per page.
 *
 * Bit n is bit (n & 7) of byte (n >> 3), whatever the host's byte order: the
 * layout that kdump files have on disk, so a bitmap is written out as it is.
 *
 * All functions but init and deinit may be called by several threads at once,
 * for overlapping ranges too. Looking at bits that another thread is changing
 * gives each of them either way.
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bitmap {
	/**
	 * ceil(nbits / 64) words; bits beyond nbits are always 0. Code that sets bits here
	 * without bitmap_set_range() calls bitmap_touch() before.
	 */
	uint64_t *words;
	uint64_t nbits;
	bool in_file; /**< of a bitmap_store: it needs no memory of its own */
	/**
	 * A bit for each BITMAP_CHUNK bits: 0 if none of them was ever set. So a machine
	 * with memory at high addresses costs what it has, not what lies between.
	 * NULL: nothing is known.
	 */
	uint64_t *touched;
};

/** The place of bitmaps that would need too much memory. Constant once set up. */
struct bitmap_store {
	const char *dir;    /**< borrowed */
	uint64_t max_bytes; /**< larger ones go to a file */
};

/** Bits of which is known whether any was ever set. */
#define BITMAP_CHUNK (UINT64_C(1) << 18)

/**
 * Allocate a bitmap of @p nbits zero bits. Memory is taken only for the parts
 * that get set.
 * @return 0 or -ENOMEM
 */
int bitmap_init(struct bitmap *b, uint64_t nbits);
void bitmap_deinit(struct bitmap *b);
/** bitmap_deinit() at the end of the scope; the bitmap is { 0 } or initialized. */
#define _cleanup_bitmap_ __attribute__((cleanup(bitmap_deinit)))

/**
 * Keep bitmaps of more than @p max_bytes in files of a directory. The files have no name and
 * vanish when the bitmaps are freed.
 * @return 0; -errno if no file can be made there
 */
int bitmap_store_init(struct bitmap_store *s, const char *dir, uint64_t max_bytes);

/**
 * As bitmap_init(), but in a file if the store says so, or there is no memory, and the disk has
 * room for all of it: one that fills up later does no harm then.
 * @param s NULL: there is none
 */
int bitmap_init_stored(struct bitmap *b, uint64_t nbits, const struct bitmap_store *s);

/**
 * Make the words read-only, or writable again. A process that is forked while they are
 * read-only cannot change by a stray write what it shares with this one (of a store).
 */
void bitmap_seal(struct bitmap *b);
void bitmap_unseal(struct bitmap *b);

/** Return whether bit @p bit (< nbits) is set. */
bool bitmap_test(const struct bitmap *b, uint64_t bit);

/**
 * Set or clear bits [start, end), clipped to the bitmap.
 * @return how many bits changed
 */
uint64_t bitmap_set_range(struct bitmap *b, uint64_t start, uint64_t end);
uint64_t bitmap_clear_range(struct bitmap *b, uint64_t start, uint64_t end);

/** The first set bit in [start, end), or @p end. @p end <= nbits. */
uint64_t bitmap_next_set(const struct bitmap *b, uint64_t start, uint64_t end);
/** The first clear bit in [start, end), or @p end. @p end <= nbits. */
uint64_t bitmap_next_clear(const struct bitmap *b, uint64_t start, uint64_t end);

/** The most bitmaps that hold a code for each bit of another. */
#define BITMAP_PLANES_MAX 2

/**
 * The first bit in [start, end) that is set and has a code, or @p end. @p end <= nbits.
 * @param planes bitmaps of as many bits: bit n of a code is in planes[n]
 */
uint64_t bitmap_next_coded(const struct bitmap *b, const struct bitmap *planes,
			   unsigned int nr_planes, unsigned int code, uint64_t start, uint64_t end);
/** The first bit in [start, end) of which that is not so, or @p end. @p end <= nbits. */
uint64_t bitmap_next_not_coded(const struct bitmap *b, const struct bitmap *planes,
			       unsigned int nr_planes, unsigned int code, uint64_t start,
			       uint64_t end);

/** Count the bits of [start, end) that are set. @p end <= nbits. */
uint64_t bitmap_count(const struct bitmap *b, uint64_t start, uint64_t end);

/** Say that bits of [start, end) will be set in the words. @p end <= nbits. */
void bitmap_touch(struct bitmap *b, uint64_t start, uint64_t end);

/**
 * The next part of [*start, end) where bits may be set; all others are 0. @p end <= nbits.
 * @param[in,out] start where to look from, then where the part begins
 * @param[out] stop where it ends: at a multiple of BITMAP_CHUNK, or @p end
 * @return whether there is one
 */
bool bitmap_next_touched(const struct bitmap *b, uint64_t *start, uint64_t end, uint64_t *stop);

/**
 * The end of the shortest range from @p start that holds @p count set bits
 * (one past the last of them), or nbits if there are not as many.
 */
uint64_t bitmap_end_of_nth_set(const struct bitmap *b, uint64_t start, uint64_t count);

#endif
