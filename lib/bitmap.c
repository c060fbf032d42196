// SPDX-License-Identifier: GPL-2.0-or-later
#include "bitmap.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "checked.h"
#include "cleanup.h"
#include "err.h"
#include "nameless_file.h"

static size_t map_bytes(uint64_t nbits)
{
	return div_round_up(nbits, 64) * sizeof(uint64_t);
}

static uint64_t nr_chunks(uint64_t nbits)
{
	return div_round_up(nbits, BITMAP_CHUNK);
}

static int map_words(struct bitmap *b, uint64_t nbits, int fd)
{
	*b = (struct bitmap){ .nbits = nbits, .in_file = fd >= 0 };
	if (!nbits)
		return 0;
	if (div_round_up(nbits, 64) > SIZE_MAX / sizeof(uint64_t))
		return err_set(-ENOMEM, "a bitmap of %" PRIu64 " pages is too large", nbits);
	/* Untouched parts of a sparse machine's bitmap cost nothing this way. */
	b->words = mmap(NULL, map_bytes(nbits), PROT_READ | PROT_WRITE,
			fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, fd, 0);
	if (b->words == MAP_FAILED)
		b->words = NULL;
	else
		b->touched = calloc(div_round_up(nr_chunks(nbits), 64), sizeof(*b->touched));
	if (b->touched)
		return 0;
	bitmap_deinit(b);
	return err_set(-ENOMEM, "no memory for a bitmap of %" PRIu64 " pages", nbits);
}

int bitmap_init(struct bitmap *b, uint64_t nbits)
{
	return map_words(b, nbits, -1);
}

int bitmap_store_init(struct bitmap_store *s, const char *dir, uint64_t max_bytes)
{
	int fd = nameless_file_open(dir);

	if (fd < 0)
		return err_errno(fd, "cannot make a file in %s", dir);
	close(fd);
	*s = (struct bitmap_store){ .dir = dir, .max_bytes = max_bytes };
	return 0;
}

/* Writing to a mapped hole that there is no room for would be a signal. */
static int take_room(int fd, uint64_t len)
{
	struct statvfs fs;

	if (!fallocate(fd, 0, 0, len))
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	/* A file system that cannot do it is written zeros: only if they have room. */
	if (fstatvfs(fd, &fs))
		return -errno;
	if (len / fs.f_frsize >= fs.f_bavail)
		return -ENOSPC;
	return -posix_fallocate(fd, 0, len);
}

/* In a file, if there is room for all of it. */
static int init_in_file(struct bitmap *b, uint64_t nbits, const char *dir)
{
	_cleanup_close_ int fd = nameless_file_open(dir);
	int err = fd;

	if (map_bytes(nbits) > INT64_MAX)
		return -EFBIG;
	if (fd >= 0)
		err = take_room(fd, map_bytes(nbits));
	return err < 0 ? err : map_words(b, nbits, fd);
}

int bitmap_init_stored(struct bitmap *b, uint64_t nbits, const struct bitmap_store *s)
{
	bool large = s && map_bytes(nbits) > s->max_bytes;
	int err;

	if (large && !init_in_file(b, nbits, s->dir))
		return 0;
	err = bitmap_init(b, nbits);
	if (err && s && !large && nbits && !init_in_file(b, nbits, s->dir))
		return 0;
	return err;
}

void bitmap_deinit(struct bitmap *b)
{
	if (b->words)
		munmap(b->words, map_bytes(b->nbits));
	free(b->touched);
	*b = (struct bitmap){ 0 };
}

static void protect(struct bitmap *b, int how)
{
	/* Failing takes no more than the protection away. */
	if (b->words && mprotect(b->words, map_bytes(b->nbits), how))
		errno = 0;
}

void bitmap_seal(struct bitmap *b)
{
	protect(b, PROT_READ);
}

void bitmap_unseal(struct bitmap *b)
{
	protect(b, PROT_READ | PROT_WRITE);
}

void bitmap_touch(struct bitmap *b, uint64_t start, uint64_t end)
{
	for (uint64_t c = start / BITMAP_CHUNK; b->touched && c < nr_chunks(end); c++) {
		uint64_t bit = UINT64_C(1) << c % 64;

		if (!(__atomic_load_n(&b->touched[c / 64], __ATOMIC_RELAXED) & bit))
			__atomic_fetch_or(&b->touched[c / 64], bit, __ATOMIC_RELAXED);
	}
}

bool bitmap_next_touched(const struct bitmap *b, uint64_t *start, uint64_t end, uint64_t *stop)
{
	uint64_t first = *start / BITMAP_CHUNK, c = first;

	*stop = end;
	if (*start >= end || !b->touched)
		return *start < end;
	while (c < nr_chunks(end)) {
		uint64_t set = __atomic_load_n(&b->touched[c / 64], __ATOMIC_RELAXED) >> c % 64;

		if (set) {
			c += __builtin_ctzll(set);
			break;
		}
		c = (c / 64 + 1) * 64;
	}
	if (c >= nr_chunks(end))
		return false;
	if (c > first)
		*start = c * BITMAP_CHUNK;
	*stop = min_u64((c + 1) * BITMAP_CHUNK, end);
	return true;
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
	bitmap_touch(b, start, end);
	for (uint64_t w = start / 64; w <= (end - 1) / 64; w++) {
		uint64_t mask = htole64(word_mask(w, start, end));
		uint64_t old = __atomic_fetch_or(&b->words[w], mask, __ATOMIC_RELAXED);

		changed += __builtin_popcountll(mask & ~old);
	}
	return changed;
}

/* bitmap_clear_range() for bits of one chunk. */
static uint64_t clear_words(struct bitmap *b, uint64_t start, uint64_t end)
{
	uint64_t changed = 0;

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

uint64_t bitmap_clear_range(struct bitmap *b, uint64_t start, uint64_t end)
{
	uint64_t changed = 0, stop;

	end = min_u64(end, b->nbits);
	for (; bitmap_next_touched(b, &start, end, &stop); start = stop)
		changed += clear_words(b, start, stop);
	return changed;
}

/* The bits of word number w that have a code. */
static uint64_t load_coded(const struct bitmap *b, const struct bitmap *planes,
			   unsigned int nr_planes, unsigned int code, uint64_t w)
{
	uint64_t word = load_word(b, w);

	for (unsigned int i = 0; i < nr_planes; i++)
		word &= load_word(&planes[i], w) ^ (code >> i & 1 ? 0 : ~UINT64_C(0));
	return word;
}

static uint64_t next_bit(const struct bitmap *b, const struct bitmap *planes,
			 unsigned int nr_planes, unsigned int code, uint64_t start, uint64_t end,
			 uint64_t invert)
{
	if (start >= end)
		return end;
	for (uint64_t w = start / 64; w <= (end - 1) / 64; w++) {
		uint64_t word = load_coded(b, planes, nr_planes, code, w) ^ invert;

		word &= word_mask(w, start, end);

		if (word)
			return w * 64 + __builtin_ctzll(word);
	}
	return end;
}

uint64_t bitmap_next_coded(const struct bitmap *b, const struct bitmap *planes,
			   unsigned int nr_planes, unsigned int code, uint64_t start, uint64_t end)
{
	uint64_t stop, bit;

	for (; bitmap_next_touched(b, &start, end, &stop); start = stop) {
		bit = next_bit(b, planes, nr_planes, code, start, stop, 0);
		if (bit < stop)
			return bit;
	}
	return end;
}

uint64_t bitmap_next_not_coded(const struct bitmap *b, const struct bitmap *planes,
			       unsigned int nr_planes, unsigned int code, uint64_t start,
			       uint64_t end)
{
	return next_bit(b, planes, nr_planes, code, start, end, ~UINT64_C(0));
}

uint64_t bitmap_next_set(const struct bitmap *b, uint64_t start, uint64_t end)
{
	return bitmap_next_coded(b, NULL, 0, 0, start, end);
}

uint64_t bitmap_next_clear(const struct bitmap *b, uint64_t start, uint64_t end)
{
	return bitmap_next_not_coded(b, NULL, 0, 0, start, end);
}

uint64_t bitmap_count(const struct bitmap *b, uint64_t start, uint64_t end)
{
	uint64_t count = 0, stop;

	for (; bitmap_next_touched(b, &start, end, &stop); start = stop) {
		for (uint64_t w = start / 64; w <= (stop - 1) / 64; w++)
			count += __builtin_popcountll(load_word(b, w) & word_mask(w, start, stop));
	}
	return count;
}

/* As bitmap_end_of_nth_set(), within [start, end); 0 if it has fewer: *count is how many more. */
static uint64_t skip_words(const struct bitmap *b, uint64_t start, uint64_t end, uint64_t *count)
{
	for (uint64_t w = start / 64; w <= (end - 1) / 64; w++) {
		uint64_t word = load_word(b, w) & word_mask(w, start, end);
		unsigned int n = __builtin_popcountll(word);

		if (n < *count) {
			*count -= n;
			continue;
		}
		while (--*count)
			word &= word - 1;
		return w * 64 + __builtin_ctzll(word) + 1;
	}
	return 0;
}

uint64_t bitmap_end_of_nth_set(const struct bitmap *b, uint64_t start, uint64_t count)
{
	uint64_t stop;

	if (!count)
		return start;
	for (; bitmap_next_touched(b, &start, b->nbits, &stop); start = stop) {
		uint64_t end = skip_words(b, start, stop, &count);

		if (end)
			return end;
	}
	return b->nbits;
}
