// SPDX-License-Identifier: GPL-2.0-or-later
#include "bitmap.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "checked.h"
#include "err.h"

static size_t map_bytes(uint64_t nbits)
{
	return div_round_up(nbits, 64) * sizeof(uint64_t);
}

int bitmap_init(struct bitmap *b, uint64_t nbits)
{
	*b = (struct bitmap){ .nbits = nbits };
	if (!nbits)
		return 0;
	if (div_round_up(nbits, 64) > SIZE_MAX / sizeof(uint64_t))
		return err_set(-ENOMEM, "a bitmap of %" PRIu64 " pages is too large", nbits);
	/* Untouched parts of a sparse machine's bitmap cost nothing this way. */
	b->words = mmap(NULL, map_bytes(nbits), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->words == MAP_FAILED) {
		b->words = NULL;
		return err_set(-ENOMEM, "no memory for a bitmap of %" PRIu64 " pages", nbits);
	}
	return 0;
}

void bitmap_deinit(struct bitmap *b)
{
	if (b->words)
		munmap(b->words, map_bytes(b->nbits));
	*b = (struct bitmap){ 0 };
}

/* A word that another thread may be changing. */
static uint64_t load_word(const struct bitmap *b, uint64_t w)
{
	return le64toh(__atomic_load_n(&b->words[w], __ATOMIC_RELAXED));
}

bool bitmap_test(const struct bitmap *b, uint64_t bit)
{
	return load_word(b, bit / 64) >> (bit % 64) & 1;
}

/* The bits of [start, end) that lie in word number w. */
static uint64_t word_mask(uint64_t w, uint64_t start, uint64_t end)
{
	uint64_t mask = ~UINT64_C(0);

	if (start > w * 64)
		mask &= ~UINT64_C(0) << (start - w * 64);
	if (end < w * 64 + 64)
		mask &= ~UINT64_C(0) >> (w * 64 + 64 - end);
	return mask;
}

uint64_t bitmap_set_range(struct bitmap *b, uint64_t start, uint64_t end)
{
	uint64_t changed = 0;

	end = min_u64(end, b->nbits);
	if (start >= end)
		return 0;
	for (uint64_t w = start / 64; w <= (end - 1) / 64; w++) {
		uint64_t mask = htole64(word_mask(w, start, end));
		uint64_t old = __atomic_fetch_or(&b->words[w], mask, __ATOMIC_RELAXED);

		changed += __builtin_popcountll(mask & ~old);
	}
	return changed;
}

uint64_t bitmap_clear_range(struct bitmap *b, uint64_t start, uint64_t end)
{
	uint64_t changed = 0;

	end = min_u64(end, b->nbits);
	if (start >= end)
		return 0;
	for (uint64_t w = start / 64; w <= (end - 1) / 64; w++) {
		uint64_t mask = htole64(word_mask(w, start, end));
		uint64_t old = __atomic_load_n(&b->words[w], __ATOMIC_RELAXED);

		/* Holes stay untouched memory. */
		if (!(old & mask))
			continue;
		old = __atomic_fetch_and(&b->words[w], ~mask, __ATOMIC_RELAXED);
		changed += __builtin_popcountll(mask & old);
	}
	return changed;
}

static uint64_t next_bit(const struct bitmap *b, uint64_t start, uint64_t end,
			 uint64_t invert)
{
	if (start >= end)
		return end;
	for (uint64_t w = start / 64; w <= (end - 1) / 64; w++) {
		uint64_t word = (load_word(b, w) ^ invert) & word_mask(w, start, end);

		if (word)
			return w * 64 + __builtin_ctzll(word);
	}
	return end;
}

uint64_t bitmap_next_set(const struct bitmap *b, uint64_t start, uint64_t end)
{
	return next_bit(b, start, end, 0);
}

uint64_t bitmap_next_clear(const struct bitmap *b, uint64_t start, uint64_t end)
{
	return next_bit(b, start, end, ~UINT64_C(0));
}

uint64_t bitmap_count(const struct bitmap *b, uint64_t start, uint64_t end)
{
	uint64_t count = 0;

	if (start >= end)
		return 0;
	for (uint64_t w = start / 64; w <= (end - 1) / 64; w++)
		count += __builtin_popcountll(load_word(b, w) & word_mask(w, start, end));
	return count;
}

uint64_t bitmap_skip(const struct bitmap *b, uint64_t start, uint64_t count)
{
	if (!count)
		return start;
	for (uint64_t w = start / 64; w * 64 < b->nbits; w++) {
		uint64_t word = load_word(b, w) & word_mask(w, start, b->nbits);
		unsigned int n = __builtin_popcountll(word);

		if (n < count) {
			count -= n;
			continue;
		}
		while (--count)
			word &= word - 1;
		return w * 64 + __builtin_ctzll(word) + 1;
	}
	return b->nbits;
}
