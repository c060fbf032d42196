// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/btf_index.h"

#ifdef HAVE_LIBBPF

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/err.h"

/* Places in the hash of offsets for each name; half of them are ever used. */
#define PLACES_PER_NAME 16

struct btf_offset {
	uint32_t offset; /* 0: free; there is the empty name */
	uint32_t name;
};

struct btf_head {
	uint32_t first; /* number + 1; 0: none */
	uint32_t nr;
};

/* --- the set of names --------------------------------------------------------- */

static int cmp_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One of 65536 looks of a string. Must be cheap: every string of a kernel is asked. */
static uint32_t filter_bit(const char *s, size_t len)
{
	uint32_t key = (uint8_t)s[0] | (uint32_t)(uint8_t)s[len / 2] << 8 |
		       (uint32_t)(uint8_t)s[len - 1] << 16 | (uint32_t)len << 24;

	return key * UINT32_C(2654435761) >> 16;
}

int btf_names_init(struct btf_names *n, const char *const *list, size_t nr)
{
	memset(n, 0, sizeof(*n));
	n->names = calloc(nr + 1, sizeof(*n->names));
	if (!n->names)
		return err_set(-ENOMEM, "no memory for %zu names", nr);
	for (size_t i = 0; i < nr; i++) {
		if (*list[i])
			n->names[n->nr++] = list[i];
	}
	qsort(n->names, n->nr, sizeof(*n->names), cmp_name);
	nr = n->nr;
	n->nr = 0;
	for (size_t i = 0; i < nr; i++) {
		uint32_t bit = filter_bit(n->names[i], strlen(n->names[i]));

		if (n->nr && !strcmp(n->names[n->nr - 1], n->names[i]))
			continue;
		n->names[n->nr++] = n->names[i];
		n->filter[bit / 64] |= UINT64_C(1) << bit % 64;
	}
	return 0;
}

void btf_names_deinit(struct btf_names *n)
{
	free(n->names);
	n->names = NULL;
	n->nr = 0;
}

/* The number of a name, or -1. */
static ptrdiff_t find_name(const struct btf_names *n, const char *name)
{
	const char **found = bsearch(&name, n->names, n->nr, sizeof(*n->names), cmp_name);

	return found ? found - n->names : -1;
}

/* --- strings ------------------------------------------------------------------ */

static size_t place_of(const struct btf_index *ix, uint32_t offset)
{
	return (offset * UINT32_C(2654435761) >> 7) & ix->mask;
}

static void add_offset(struct btf_index *ix, uint32_t offset, uint32_t name)
{
	size_t place = place_of(ix, offset);

	/* Each string is there once, so this is damage. */
	if (ix->nr_offsets > ix->mask / 2) {
		ix->overflow = ix->names->names[name];
		return;
	}
	while (ix->offsets[place].offset)
		place = (place + 1) & ix->mask;
	ix->offsets[place] = (struct btf_offset){ offset, name };
	ix->nr_offsets++;
}

static void scan_strings(struct btf_index *ix, const struct btf_types *t)
{
	const struct btf_names *n = ix->names;
	const char *start, *s, *end;

	if (t->str_start == t->str_end)
		return;
	/* They lie together, and end with a NUL. */
	start = s = btype_name(t, t->str_start);
	end = btype_name(t, t->str_end - 1) + 1;
	if (end - start != (ptrdiff_t)(t->str_end - t->str_start))
		return;
	while (s < end) {
		size_t len = strlen(s);
		uint32_t bit = len ? filter_bit(s, len) : 0;

		if (len && n->filter[bit / 64] >> bit % 64 & 1) {
			ptrdiff_t name = find_name(n, s);

			if (name >= 0)
				add_offset(ix, t->str_start + (s - start), name);
		}
		s += len + 1;
	}
}

/* The name at an offset, if it is wanted. */
static bool wanted(const struct btf_index *ix, const struct btf_types *t, uint32_t offset,
		   uint32_t *name)
{
	if (offset < t->str_start)
		ix = ix->base;
	for (size_t p = place_of(ix, offset); ix->offsets[p].offset; p = (p + 1) & ix->mask) {
		if (ix->offsets[p].offset == offset) {
			*name = ix->offsets[p].name;
			return true;
		}
	}
	return false;
}

/* --- types -------------------------------------------------------------------- */

static int add_found(struct btf_index *ix, uint32_t name, const struct btf_found *f)
{
	struct btf_head *head = &ix->heads[name];

	if (head->nr == BTF_FOUND_MAX) {
		ix->overflow = ix->names->names[name];
		return 0;
	}
	if (ARRAY_GROW(ix->found, ix->nr_found, "types"))
		return -ENOMEM;
	ix->found[ix->nr_found] = *f;
	ix->found[ix->nr_found].next = head->first;
	head->first = ++ix->nr_found;
	head->nr++;
	return 0;
}

static int scan_enum(struct btf_index *ix, const struct btf_types *t, uint32_t id)
{
	struct btype e;
	bool named;

	if (btype_get(t, id, &e))
		return 0;
	named = *btype_name(t, e.name_off);
	for (uint32_t i = 0; i < e.nr; i++) {
		struct btf_found f = { .id = id, .kind = BTYPE_ENUM, .named = named };
		uint32_t name;
		int err;

		if (!wanted(ix, t, btype_enum_name(&e, i), &name))
			continue;
		f.value = btype_enum_value(&e, i);
		err = add_found(ix, name, &f);
		if (err)
			return err;
	}
	return 0;
}

static int scan_types(struct btf_index *ix, const struct btf_types *t)
{
	unsigned int kind;
	uint32_t name_off, name;
	int err = 0;

	for (uint32_t id = t->first; !err && id < t->end; id++) {
		if (!btype_peek(t, id, &kind, &name_off))
			break;
		switch (kind) {
		case BTYPE_STRUCT:
		case BTYPE_UNION:
		case BTYPE_TYPEDEF:
		case BTYPE_VAR:
			if (wanted(ix, t, name_off, &name))
				err = add_found(ix, name,
						&(struct btf_found){ .id = id, .kind = kind });
			break;
		case BTYPE_ENUM:
		case BTYPE_ENUM64:
			err = scan_enum(ix, t, id);
			break;
		}
	}
	return err;
}

int btf_index_init(struct btf_index *ix, const struct btf_names *names, const struct btf_types *t,
		   const struct btf_index *base)
{
	size_t places = 1024;
	int err;

	while (places < names->nr * PLACES_PER_NAME)
		places *= 2;
	*ix = (struct btf_index){ .names = names, .base = base, .mask = places - 1 };
	ix->offsets = calloc(places, sizeof(*ix->offsets));
	ix->heads = calloc(names->nr + 1, sizeof(*ix->heads));
	if (ix->offsets && ix->heads) {
		scan_strings(ix, t);
		err = scan_types(ix, t);
	} else {
		err = err_set(-ENOMEM, "no memory for %zu names", names->nr);
	}
	if (err)
		btf_index_deinit(ix);
	return err;
}

void btf_index_deinit(struct btf_index *ix)
{
	free(ix->offsets);
	free(ix->heads);
	free(ix->found);
	*ix = (struct btf_index){ 0 };
}

const struct btf_found *btf_index_first(const struct btf_index *ix, const char *name)
{
	ptrdiff_t number = ix->names ? find_name(ix->names, name) : -1;

	if (number < 0 || !ix->heads[number].first)
		return NULL;
	return &ix->found[ix->heads[number].first - 1];
}

const struct btf_found *btf_index_next(const struct btf_index *ix, const struct btf_found *f)
{
	return f->next ? &ix->found[f->next - 1] : NULL;
}

#endif
