// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/symbol_match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

/* Most symbols that are not wanted hash to an empty slot. */
#define SLOTS_PER_NAME 4

/* Any odd number with bits all over will do. */
#define HASH_FACTOR 0x9e3779b1u

uint32_t ksym_hash(const char *name, size_t len)
{
	uint32_t h = 0;

	for (size_t i = 0; i < len; i++)
		h = h * HASH_FACTOR + (unsigned char)name[i];
	return h;
}

int symbol_match_init(struct symbol_match *w, size_t max)
{
	size_t slots = 1024;

	*w = (struct symbol_match){ 0 };
	if (max > SYMBOL_MATCH_MAX)
		return err_set(-E2BIG, "%zu symbols are too many to be declared", max);
	while (slots < max * SLOTS_PER_NAME)
		slots *= 2;
	w->names = calloc(max + 1, sizeof(*w->names));
	w->slots = calloc(slots, sizeof(*w->slots));
	if (!w->names || !w->slots) {
		symbol_match_deinit(w);
		return err_set(-ENOMEM, "no memory for %zu symbols", max);
	}
	w->room = max;
	w->mask = slots - 1;
	return 0;
}

void symbol_match_deinit(struct symbol_match *w)
{
	free(w->names);
	free(w->slots);
	*w = (struct symbol_match){ 0 };
}

/* The slot of a name, or the empty one where it belongs. */
static uint16_t *find_slot(const struct symbol_match *w, const char *name, size_t len,
			   uint32_t hash)
{
	uint32_t i = (hash ^ hash >> 15) & w->mask;

	for (;; i = (i + 1) & w->mask) {
		const struct symbol_match_name *n;

		if (!w->slots[i])
			return &w->slots[i];
		n = &w->names[w->slots[i] - 1];
		if (n->hash == hash && !strncmp(n->name, name, len) && !n->name[len])
			return &w->slots[i];
	}
}

static struct symbol_match_name *find(const struct symbol_match *w, const char *name, size_t len)
{
	const uint16_t *slot = find_slot(w, name, len, ksym_hash(name, len));

	return *slot ? &w->names[*slot - 1] : NULL;
}

void symbol_match_add(struct symbol_match *w, const char *name)
{
	size_t len = strlen(name);
	uint32_t hash = ksym_hash(name, len);
	uint16_t *slot = find_slot(w, name, len, hash);

	if (*slot || w->nr == w->room)
		return;
	w->names[w->nr] = (struct symbol_match_name){ .name = name, .hash = hash };
	*slot = ++w->nr;
}

struct symbol_match_name *symbol_match_find(const struct symbol_match *w, const char *name)
{
	return find(w, name, strlen(name));
}

static void keep_best(struct symbol_match_name *n, enum ksym_fit fit, uint64_t ref)
{
	if (fit < n->fit)
		return;
	if (fit > n->fit) {
		n->fit = fit;
		n->nr = 0;
	}
	if (n->nr < KSYM_MATCHES_MAX)
		n->refs[n->nr] = ref;
	n->nr++;
}

/* NAME.cold, or NAME.cold.57: what was split off as unlikely is not the function. */
static bool is_cold(const char *name, size_t len)
{
	static const char cold[] = ".cold";
	const char *p = memmem(name, len, cold, sizeof(cold) - 1);

	if (!p)
		return false;
	p += sizeof(cold) - 1;
	return p == name + len || *p == '.';
}

void symbol_match_offer(struct symbol_match *w, const char *name, size_t len, char type,
			uint64_t ref)
{
	struct symbol_match_name *n = find(w, name, len);
	const char *dot = memchr(name, '.', len);

	if (n)
		keep_best(n, type >= 'A' && type <= 'Z' ? KSYM_FIT_GLOBAL : KSYM_FIT_LOCAL, ref);
	if (!dot || is_cold(name, len))
		return;
	n = find(w, name, dot - name);
	if (n)
		keep_best(n, KSYM_FIT_SUFFIXED, ref);
}
