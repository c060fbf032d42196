// SPDX-License-Identifier: GPL-2.0-or-later
#include "map_cache.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "lib/checked.h"

/*
 * A dry run with a crash kernel's 600 MB needs 110 pieces with this many places, and 470 with
 * eight. The page tables of a piece are 2 KiB.
 */
#define PLACES 64

struct place {
	struct map_piece piece; /* no bytes: a free place */
	uint64_t used;		/* the count of calls at its last use */
};

struct map_cache {
	struct place places[PLACES];
	uint64_t calls;
};

struct map_cache *map_cache_create(void)
{
	return calloc(1, sizeof(struct map_cache));
}

static void empty(struct map_piece *piece)
{
	if (piece->len)
		munmap((void *)piece->map, piece->len);
	*piece = (struct map_piece){ 0 };
}

void map_cache_destroy(struct map_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < PLACES; i++)
		empty(&cache->places[i].piece);
	free(cache);
}

static bool has(const struct map_piece *piece, uint64_t off)
{
	return off >= piece->off && off - piece->off < piece->len;
}

const struct map_piece *map_cache_get(struct map_cache *cache, int fd, uint64_t off, uint64_t start,
				      uint64_t end)
{
	uint64_t first = off - off % MAP_PIECE;
	struct place *oldest = cache->places;
	struct map_piece new;

	cache->calls++;
	for (struct place *p = cache->places; p < cache->places + PLACES; p++) {
		if (has(&p->piece, off)) {
			p->used = cache->calls;
			return &p->piece;
		}
		if (p->used < oldest->used)
			oldest = p;
	}
	new.off = max_u64(first, start);
	new.len = min_u64(end - new.off, first + MAP_PIECE - new.off);
	new.map = mmap(NULL, new.len, PROT_READ, MAP_PRIVATE, fd, (off_t) new.off);
	if (new.map == MAP_FAILED)
		return NULL;
	empty(&oldest->piece);
	oldest->piece = new;
	oldest->used = cache->calls;
	return &oldest->piece;
}
