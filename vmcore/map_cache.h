/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Pieces of a file that stay mapped, for short reads of it in any order.
 *
 * read() of /proc/vmcore maps each page and unmaps it, which costs more than the copy. Facts,
 * stacks and tasks, and pages that may be equal to others, lie close together, so a few pieces
 * that are mapped once have nearly all of them. One thread uses a cache.
 */
#ifndef VMCORE_MAP_CACHE_H
#define VMCORE_MAP_CACHE_H

#include <stddef.h>
#include <stdint.h>

/** Bytes of a piece, and where pieces begin in the file: a multiple of every host's page size. */
#define MAP_PIECE ((size_t)1 << 20)

struct map_cache;

/** A mapped piece of the file. */
struct map_piece {
	const char *map;
	uint64_t off; /**< in the file, of the first byte; a multiple of the host's page size */
	size_t len;   /**< bytes */
};

/** @return an empty cache; NULL: no memory */
struct map_cache *map_cache_create(void);

/** Unmap all pieces. NULL is allowed. */
void map_cache_destroy(struct map_cache *cache);

/**
 * Find the piece that has the byte at @p off, or map it in place of the one that was not used
 * for the longest time. A new piece has no bytes outside of [@p start, @p end), in which @p off
 * lies and which begins on a page of the host.
 * @return the piece, valid until the next call; NULL with errno of mmap(), if that fails
 */
const struct map_piece *map_cache_get(struct map_cache *cache, int fd, uint64_t off, uint64_t start,
				      uint64_t end);

#endif
