// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/btf_index.h"

#ifdef HAVE_LIBBPF

#include <errno.h>
#include <stdlib.h>

#include "lib/array.h"
#include "lib/err.h"

struct btf_head {
	uint32_t first; /* number + 1; 0: none */
	uint32_t nr;
};

static void scan_strings(struct btf_index *ix, const struct btf_types *t)
{
	const char *start, *end;

	if (t->str_start == t->str_end)
		return;
	/* They lie together, and end with a NUL. */
	start = btype_name(t, t->str_start);
	end = btype_name(t, t->str_end - 1) + 1;
	if (end - start == (ptrdiff_t)(t->str_end - t->str_start))
		btf_offsets_scan(&ix->offsets, start, end - start, t->str_start);
}

/* The name at an offset, if it is wanted. */
static bool wanted(const struct btf_index *ix, const struct btf_types *t, uint32_t offset,
		   uint32_t *name)
{
	return btf_offsets_find(offset < t->str_start ? &ix->base->offsets : &ix->offsets, offset,
				name);
}

static int add_found(struct btf_index *ix, uint32_t name, const struct btf_found *f)
{
	struct btf_head *head = &ix->heads[name];

	if (head->nr == BTF_FOUND_MAX) {
		ix->overflow = ix->offsets.names->names[name];
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
	int err;

	*ix = (struct btf_index){ .base = base };
	ix->heads = calloc(names->nr + 1, sizeof(*ix->heads));
	err = ix->heads ? btf_offsets_init(&ix->offsets, names) :
			  err_set(-ENOMEM, "no memory for %zu names", names->nr);
	if (!err) {
		scan_strings(ix, t);
		ix->overflow = ix->offsets.overflow;
		err = scan_types(ix, t);
	}
	if (err)
		btf_index_deinit(ix);
	return err;
}

void btf_index_deinit(struct btf_index *ix)
{
	btf_offsets_deinit(&ix->offsets);
	free(ix->heads);
	free(ix->found);
	*ix = (struct btf_index){ 0 };
}

const struct btf_found *btf_index_first(const struct btf_index *ix, const char *name)
{
	ptrdiff_t number = ix->heads ? btf_names_find(ix->offsets.names, name) : -1;

	if (number < 0 || !ix->heads[number].first)
		return NULL;
	return &ix->found[ix->heads[number].first - 1];
}

const struct btf_found *btf_index_next(const struct btf_index *ix, const struct btf_found *f)
{
	return f->next ? &ix->found[f->next - 1] : NULL;
}

#endif
