// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/equal_pages.h"

#include <stdlib.h>
#include <string.h>

#ifdef HAVE_XXHASH
#define XXH_INLINE_ALL
#include <xxhash.h>
#endif

/* One word of every second cache line is a sample: each time the one that is 5 further in its line,
 * since objects begin with their lines, and pages of one kind of them differ less there. */
#define LINE_BYTES 64
#define SAMPLE_STEP (2 * LINE_BYTES)
#define SAMPLE_TURN (5 * sizeof(uint64_t))
/* The bytes after which the places of samples in their lines are the same again. */
#define GROUP_BYTES (8 * SAMPLE_STEP)
/* The bytes whose samples are hashed together: every page has a multiple of them. */
#define PIECE_BYTES 4096

#define SLOTS_MAX (UINT64_C(1) << 17)
/* Slots in which a page can be: they are in one cache line, which is all that a page costs that
 * equals none. */
#define BUCKET 8

struct equal_page_entry {
	uint64_t key;
	struct equal_page page;
	uint32_t owner; /* number of the part and kind of the key */
};

static uint32_t owner(unsigned int part, const struct page_key *key)
{
	return part << 2 | key->kind;
}

void equal_pages_init(struct equal_pages *t, uint64_t nr_pages)
{
	uint64_t nr = BUCKET;

	/* Twice as many slots as pages leave few pages without one. */
	while (nr < SLOTS_MAX && nr / 2 < nr_pages)
		nr *= 2;
	*t = (struct equal_pages){ .mask = nr - 1 };
	t->entries = malloc(nr * sizeof(*t->entries));
	if (!t->entries || posix_memalign((void **)&t->slots, BUCKET * sizeof(*t->slots),
					  nr * sizeof(*t->slots))) {
		free(t->entries);
		*t = (struct equal_pages){ 0 };
		return;
	}
	memset(t->slots, 0, nr * sizeof(*t->slots));
}

void equal_pages_deinit(struct equal_pages *t)
{
	free(t->entries);
	free(t->slots);
	*t = (struct equal_pages){ 0 };
}

#ifdef HAVE_XXHASH
/* XXH64 is fast without vector instructions, too, which an emulator may have to imitate. */
static uint64_t hash_samples(const uint8_t *page, size_t len)
{
	uint64_t samples[PIECE_BYTES / SAMPLE_STEP], hash = 0;

	for (size_t piece = 0; piece < len; piece += PIECE_BYTES) {
		uint64_t *to = samples;

		for (size_t group = 0; group < PIECE_BYTES; group += GROUP_BYTES) {
#pragma GCC unroll 8
			for (size_t i = 0; i < GROUP_BYTES / SAMPLE_STEP; i++) {
				size_t off = i * SAMPLE_STEP + i * SAMPLE_TURN % LINE_BYTES;

				memcpy(to++, page + piece + group + off, sizeof(*to));
			}
		}
		hash = XXH64(samples, sizeof(samples), hash);
	}
	return hash;
}
#endif

struct page_key page_key(const void *page, size_t len, bool hash)
{
	const uint8_t *p = page;
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	if (!memcmp(p, p + sizeof(word), len - sizeof(word)))
		return (struct page_key){ PAGE_KEY_WORD, word };
#ifdef HAVE_XXHASH
	if (hash)
		return (struct page_key){ PAGE_KEY_SAMPLES, hash_samples(page, len) };
#else
	(void)hash;
#endif
	return (struct page_key){ PAGE_KEY_NONE, 0 };
}

struct page_key page_key_whole(const void *page, size_t len)
{
#ifdef HAVE_XXHASH
	return (struct page_key){ PAGE_KEY_WHOLE, XXH64(page, len, 0) };
#else
	(void)page;
	(void)len;
	return (struct page_key){ PAGE_KEY_NONE, 0 };
#endif
}

/* Mix all bits of a key. The upper half tells the bucket, the lower one pages of it apart. */
static uint64_t mix(uint32_t owned, uint64_t key)
{
	uint64_t h = (key ^ owned) * UINT64_C(0x9e3779b97f4a7c15);

	return h ^ h >> 32;
}

static uint64_t *bucket_of(const struct equal_pages *t, uint64_t mixed)
{
	return &t->slots[(mixed >> 32) * BUCKET & t->mask];
}

void equal_pages_expect(const struct equal_pages *t, unsigned int part, const struct page_key *key)
{
	if (t->slots && key->kind != PAGE_KEY_NONE)
		__builtin_prefetch(bucket_of(t, mix(owner(part, key), key->value)));
}

const struct equal_page *equal_pages_find(const struct equal_pages *t, unsigned int part,
					  const struct page_key *key)
{
	uint32_t owned = owner(part, key);
	uint64_t mixed = mix(owned, key->value), *bucket;

	if (!t->slots || key->kind == PAGE_KEY_NONE)
		return NULL;
	bucket = bucket_of(t, mixed);
	for (size_t i = 0; i < BUCKET; i++) {
		uint64_t slot = __atomic_load_n(&bucket[i], __ATOMIC_ACQUIRE);
		const struct equal_page_entry *e;

		if (!slot)
			return NULL;
		if (slot >> 32 != (uint32_t)mixed)
			continue;
		e = &t->entries[(uint32_t)slot - 1];
		if (e->owner == owned && e->key == key->value)
			return &e->page;
	}
	return NULL;
}

void equal_pages_add(struct equal_pages *t, unsigned int part, const struct page_key *key,
		     const struct equal_page *page)
{
	uint32_t owned = owner(part, key);
	uint64_t mixed = mix(owned, key->value), *bucket;

	if (!t->slots || key->kind == PAGE_KEY_NONE)
		return;
	bucket = bucket_of(t, mixed);
	for (size_t i = 0; i < BUCKET; i++) {
		if (bucket[i])
			continue;
		t->entries[t->nr++] = (struct equal_page_entry){
			.key = key->value,
			.page = *page,
			.owner = owned,
		};
		__atomic_store_n(&bucket[i], mixed << 32 | t->nr, __ATOMIC_RELEASE);
		return;
	}
}
