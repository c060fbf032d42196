// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/equal_pages.h"

#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"

#ifdef HAVE_XXHASH
#define XXH_INLINE_ALL
#include <xxhash.h>
#endif

/* Slots of 40 bytes. */
#define SLOTS_MAX (UINT64_C(1) << 17)
#define SLOTS_MIN UINT64_C(64)
/* Slots in which a page can be. */
#define PROBES 8

struct equal_page_slot {
	uint64_t key;
	struct equal_page page;
	/* Number of the part and kind of the key; 0: free. Set last, and never changed again. */
	uint32_t owner;
};

static uint32_t owner(unsigned int part, const struct page_key *key)
{
	return part << 2 | key->kind;
}

void equal_pages_init(struct equal_pages *t, uint64_t nr_pages)
{
	uint64_t nr = SLOTS_MIN;

	/* Twice as many slots as pages leave few pages without one. */
	while (nr < SLOTS_MAX && nr / 2 < nr_pages)
		nr *= 2;
	t->slots = calloc(nr, sizeof(*t->slots));
	t->mask = nr - 1;
}

void equal_pages_deinit(struct equal_pages *t)
{
	free(t->slots);
	t->slots = NULL;
}

struct page_key page_key(const void *page, size_t len, bool hash)
{
	const uint8_t *p = page;
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	if (!memcmp(p, p + sizeof(word), len - sizeof(word)))
		return (struct page_key){ PAGE_KEY_WORD, word };
#ifdef HAVE_XXHASH
	if (hash)
		return (struct page_key){ PAGE_KEY_HASH, XXH3_64bits(page, len) };
#else
	(void)hash;
#endif
	return (struct page_key){ PAGE_KEY_NONE, 0 };
}

/* The first slot in which a page can be; the others follow it. */
static size_t first_slot(const struct equal_pages *t, unsigned int part, uint64_t key)
{
	return ((key ^ part) * UINT64_C(0x9e3779b97f4a7c15) >> 40) & t->mask;
}

static struct equal_page_slot *slot_at(const struct equal_pages *t, size_t number)
{
	return &t->slots[number & t->mask];
}

const struct equal_page *equal_pages_find(const struct equal_pages *t, unsigned int part,
					  const struct page_key *key)
{
	size_t first;

	if (!t->slots || key->kind == PAGE_KEY_NONE)
		return NULL;
	first = first_slot(t, part, key->value);
	for (size_t i = 0; i < PROBES; i++) {
		const struct equal_page_slot *s = slot_at(t, first + i);
		uint32_t owned = __atomic_load_n(&s->owner, __ATOMIC_ACQUIRE);

		if (!owned)
			return NULL;
		if (owned == owner(part, key) && s->key == key->value)
			return &s->page;
	}
	return NULL;
}

void equal_pages_add(struct equal_pages *t, unsigned int part, const struct page_key *key,
		     const struct equal_page *page)
{
	size_t first;

	if (!t->slots || key->kind == PAGE_KEY_NONE)
		return;
	first = first_slot(t, part, key->value);
	for (size_t i = 0; i < PROBES; i++) {
		struct equal_page_slot *s = slot_at(t, first + i);

		if (s->owner)
			continue;
		s->key = key->value;
		s->page = *page;
		__atomic_store_n(&s->owner, owner(part, key), __ATOMIC_RELEASE);
		return;
	}
}
