// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/btf_names.h"

#ifdef HAVE_LIBBPF

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

/* Places in the hash of offsets for each name; half of them are ever used. */
#define PLACES_PER_NAME 16

struct btf_offset {
	uint32_t offset; /* 0: free; there is the empty name */
	uint32_t name;
};

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

ptrdiff_t btf_names_find(const struct btf_names *n, const char *name)
{
	const char **found = bsearch(&name, n->names, n->nr, sizeof(*n->names), cmp_name);

	return found ? found - n->names : -1;
}

int btf_offsets_init(struct btf_offsets *o, const struct btf_names *names)
{
	size_t places = 1024;

	while (places < names->nr * PLACES_PER_NAME)
		places *= 2;
	*o = (struct btf_offsets){
		.names = names,
		.places = calloc(places, sizeof(*o->places)),
		.mask = places - 1,
	};
	return o->places ? 0 : err_set(-ENOMEM, "no memory for %zu names", names->nr);
}

void btf_offsets_deinit(struct btf_offsets *o)
{
	free(o->places);
	*o = (struct btf_offsets){ 0 };
}

static size_t place_of(const struct btf_offsets *o, uint32_t offset)
{
	return (offset * UINT32_C(2654435761) >> 7) & o->mask;
}

static void add_offset(struct btf_offsets *o, uint32_t offset, uint32_t name)
{
	size_t place = place_of(o, offset);

	/* Each string is there once, so this is damage. */
	if (o->nr > o->mask / 2) {
		o->overflow = o->names->names[name];
		return;
	}
	while (o->places[place].offset)
		place = (place + 1) & o->mask;
	o->places[place] = (struct btf_offset){ offset, name };
	o->nr++;
}

void btf_offsets_scan(struct btf_offsets *o, const char *strings, size_t bytes, uint32_t offset)
{
	const struct btf_names *n = o->names;
	const char *s = strings, *end = strings + bytes;

	while (s < end) {
		size_t len = strlen(s);
		uint32_t bit = len ? filter_bit(s, len) : 0;

		if (len && n->filter[bit / 64] >> bit % 64 & 1) {
			ptrdiff_t name = btf_names_find(n, s);

			if (name >= 0)
				add_offset(o, offset + (s - strings), name);
		}
		s += len + 1;
	}
}

bool btf_offsets_find(const struct btf_offsets *o, uint32_t offset, uint32_t *name)
{
	for (size_t p = place_of(o, offset); o->places[p].offset; p = (p + 1) & o->mask) {
		if (o->places[p].offset == offset) {
			*name = o->places[p].name;
			return true;
		}
	}
	return false;
}

#endif
