// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/btf_provider.h"

#ifdef HAVE_LIBBPF

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

/* Members looked at in all; a program with 1,000 declarations needs 1/50. */
#define MEMBERS_MAX 20000000

enum want_kind {
	WANT_TYPE,
	WANT_NUMBER,
	WANT_VARIABLE,
};

struct answer {
	bool known;
	uint64_t bit_offset;
	uint32_t bit_size, size, struct_size;
	uint64_t length; /* of an array */
	int64_t value;	 /* of an enumerator */
};

/* One declaration. */
struct want {
	enum want_kind kind;
	const char *module, *name;
	const char *member; /* or a path; NULL: the type itself */
	char *owned;	    /* name, if it is a copy */
	struct ktype_info *type;
	struct klen_info *len;
	struct kpath_info *path;
	struct knum_info *num;
	struct answer best, trial;
	bool differs; /* others that are as good answer something else */
};

/* All that is declared of one name in one module. */
struct group {
	struct want *wants;
	size_t nr;
	bool asked;	   /* something is missing */
	unsigned int rank; /* of the best definition so far; 0: none */
};

struct btf_provider {
	struct want *wants;
	size_t nr_wants;
	struct group *groups;
	size_t nr_groups;
	const char **modules;
	size_t nr_modules;
	struct btf_names names;
	uint64_t budget;
	char why[256];
};

static void note(struct btf_provider *w, const char *name, const char *problem)
{
	if (!*w->why)
		snprintf(w->why, sizeof(w->why), "%s: %s", name, problem);
}

/* --- gathering ------------------------------------------------------------------ */

/* VMCOREINFO knows no sizes of members, and seldom those of structs. */
static bool is_asked(const struct want *w)
{
	if (w->type)
		return w->type->index < 0 || !w->type->struct_size ||
		       (w->member && !w->type->member_size);
	if (w->path)
		return w->path->index < 0 || !w->path->size;
	return w->len ? w->len->index < 0 : w->num->index < 0;
}

static struct want *add_want(struct btf_provider *w, const char *module, const char *name)
{
	struct want *want = &w->wants[w->nr_wants++];

	*want = (struct want){ .module = module, .name = name };
	return want;
}

static int add_path(struct btf_provider *w, struct kpath_info *path)
{
	const char *dot = strchr(path->path, '.');
	struct want *want;

	if (!dot)
		return 0;
	want = add_want(w, path->modname, NULL);
	want->owned = strndup(path->path, dot - path->path);
	want->name = want->owned;
	want->member = dot + 1;
	want->path = path;
	return want->owned ? 0 : -ENOMEM;
}

static int add_set(struct btf_provider *w, const struct fact_set *set)
{
	int err = 0;

	for (size_t i = 0; i < set->nr_ktypes; i++) {
		struct ktype_info *t = set->ktypes[i];
		struct want *want = add_want(w, t->modname, t->struct_name);

		want->member = t->member_name;
		want->type = t;
	}
	for (size_t i = 0; i < set->nr_klens; i++) {
		struct klen_info *l = set->klens[i];
		struct want *want = add_want(w, l->modname, l->name);

		want->kind = l->member ? WANT_TYPE : WANT_VARIABLE;
		want->member = l->member;
		want->len = l;
	}
	for (size_t i = 0; i < set->nr_knums; i++) {
		struct want *want = add_want(w, set->knums[i]->modname, set->knums[i]->name);

		want->kind = WANT_NUMBER;
		want->num = set->knums[i];
	}
	for (size_t i = 0; !err && i < set->nr_kpaths; i++)
		err = add_path(w, set->kpaths[i]);
	return err;
}

static int cmp_want(const void *a, const void *b)
{
	const struct want *x = a, *y = b;
	int c = strcmp(x->module, y->module);

	if (!c)
		c = (int)x->kind - (int)y->kind;
	return c ? c : strcmp(x->name, y->name);
}

/* Groups of one name; a module counts if one of its groups is asked for. */
static void make_groups(struct btf_provider *w)
{
	for (size_t i = 0; i < w->nr_wants; i++) {
		struct want *want = &w->wants[i];
		struct group *g = w->nr_groups ? &w->groups[w->nr_groups - 1] : NULL;

		if (!g || cmp_want(g->wants, want)) {
			g = &w->groups[w->nr_groups++];
			*g = (struct group){ .wants = want };
		}
		g->nr++;
		if (!is_asked(want))
			continue;
		g->asked = true;
		if (strcmp(want->module, "vmlinux") &&
		    (!w->nr_modules || strcmp(w->modules[w->nr_modules - 1], want->module)))
			w->modules[w->nr_modules++] = want->module;
	}
}

static int make_names(struct btf_provider *w)
{
	const char **list = calloc(w->nr_groups + 1, sizeof(*list));
	size_t nr = 0;
	int err;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < w->nr_groups; i++) {
		if (w->groups[i].asked)
			list[nr++] = w->groups[i].wants->name;
	}
	err = btf_names_init(&w->names, list, nr);
	free(list);
	return err;
}

static int gather(struct btf_provider *w, const struct fact_set *sets, size_t nr)
{
	size_t all = 1;
	int err = 0;

	for (size_t i = 0; i < nr; i++)
		all += sets[i].nr_ktypes + sets[i].nr_klens + sets[i].nr_knums + sets[i].nr_kpaths;
	w->wants = calloc(all, sizeof(*w->wants));
	w->groups = calloc(all, sizeof(*w->groups));
	w->modules = calloc(all, sizeof(*w->modules));
	if (!w->wants || !w->groups || !w->modules)
		return -ENOMEM;
	for (size_t i = 0; !err && i < nr; i++)
		err = add_set(w, &sets[i]);
	if (err)
		return err;
	qsort(w->wants, w->nr_wants, sizeof(*w->wants), cmp_want);
	make_groups(w);
	return make_names(w);
}

int btf_provider_create(struct btf_provider **ret, const struct fact_set *sets, size_t nr)
{
	struct btf_provider *w = calloc(1, sizeof(*w));
	int err = w ? gather(w, sets, nr) : -ENOMEM;

	if (err) {
		btf_provider_destroy(w);
		return err_set(err, "no memory for declarations of types");
	}
	w->budget = MEMBERS_MAX;
	*ret = w;
	return 0;
}

void btf_provider_destroy(struct btf_provider *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->nr_wants; i++)
		free(w->wants[i].owned);
	free(w->wants);
	free(w->groups);
	free(w->modules);
	btf_names_deinit(&w->names);
	free(w);
}

const struct btf_names *btf_provider_names(const struct btf_provider *w)
{
	return &w->names;
}

const char *btf_provider_module(const struct btf_provider *w, size_t i)
{
	return i < w->nr_modules ? w->modules[i] : NULL;
}

const char *btf_provider_why(const struct btf_provider *w)
{
	return w->why;
}

/* --- types ---------------------------------------------------------------------- */

/* Values from other providers select among definitions: they have to agree. */
static bool agrees(const struct want *want, const struct answer *a)
{
	const struct ktype_info *t = want->type;

	if (t && t->index >= 0)
		return want->member ? t->member_bit_offset == a->bit_offset :
				      !t->struct_size || t->struct_size == a->struct_size;
	if (want->path && want->path->index >= 0)
		return want->path->bit_offset == a->bit_offset;
	return !want->len || want->len->index < 0 || want->len->value == a->length;
}

static void try_want(struct btf_provider *w, struct want *want, const struct btf_types *t,
		     uint32_t id, uint32_t struct_size)
{
	struct answer *a = &want->trial;
	struct btype_member m;
	int err;

	*a = (struct answer){ .struct_size = struct_size };
	if (want->member) {
		err = btype_find_member(t, id, want->member, &w->budget, &m);
		if (err && err != -ENOENT)
			note(w, want->name, err_text(err));
		if (err || m.bit_offset > UINT32_MAX || (want->len && !m.nr_elements))
			return;
		a->bit_offset = m.bit_offset;
		a->bit_size = m.bit_size;
		a->size = m.size;
		a->length = m.nr_elements;
	}
	a->known = agrees(want, a);
}

static bool same(const struct want *want, const struct answer *a, const struct answer *b)
{
	if (a->known != b->known)
		return false;
	if (!a->known)
		return true;
	if (want->len)
		return a->length == b->length;
	return a->bit_offset == b->bit_offset && a->bit_size == b->bit_size && a->size == b->size &&
	       (want->path || a->struct_size == b->struct_size);
}

/* How good a kind of definition is: 3 to 0, or -1 for none. */
static int kind_rank(const struct btf_types *t, const struct btf_found *f, uint32_t *size)
{
	struct btype r;

	if (f->kind != BTYPE_STRUCT && f->kind != BTYPE_UNION && f->kind != BTYPE_TYPEDEF)
		return -1;
	if (btype_strip(t, f->id, &r) || btype_size(t, f->id, size))
		return -1;
	if (f->kind != BTYPE_TYPEDEF)
		return f->kind == BTYPE_STRUCT ? 3 : 2;
	return btype_is_struct(&r) ? 1 : 0;
}

static void try_definition(struct btf_provider *w, struct group *g, const struct btf_types *t,
			   const struct btf_found *f)
{
	unsigned int rank = 1, known = 0;
	uint32_t size;
	int kind = kind_rank(t, f, &size);

	if (kind < 0)
		return;
	for (size_t i = 0; i < g->nr; i++) {
		try_want(w, &g->wants[i], t, f->id, size);
		known += g->wants[i].trial.known;
	}
	/* First the most members, then the kernel before its modules, then the kind. */
	rank += known * 8 + (t->base ? 0 : 4) + kind;
	if (rank < g->rank)
		return;
	for (size_t i = 0; i < g->nr; i++) {
		struct want *want = &g->wants[i];

		if (rank > g->rank) {
			want->best = want->trial;
			want->differs = false;
		} else if (!same(want, &want->best, &want->trial)) {
			want->differs = true;
		}
	}
	g->rank = rank;
}

static void try_type(struct btf_provider *w, struct group *g, const struct btf_types *t,
		     const struct btf_index *ix)
{
	const struct btf_found *f = btf_index_first(ix, g->wants->name);

	for (; f; f = btf_index_next(ix, f))
		try_definition(w, g, t, f);
}

/* --- numbers and lengths of variables --------------------------------------------- */

/* One answer to everything that is wanted of a name. */
static void answer_all(struct group *g, const struct answer *a, bool differs)
{
	for (size_t i = 0; i < g->nr; i++) {
		g->wants[i].best = *a;
		g->wants[i].differs = differs;
	}
	g->rank = 1;
}

static void try_number(struct group *g, const struct btf_index *ix)
{
	const struct btf_found *f = btf_index_first(ix, g->wants->name);
	struct answer any = { 0 }, named = { 0 };
	bool any_differs = false, named_differs = false;

	for (; f; f = btf_index_next(ix, f)) {
		if (f->kind != BTYPE_ENUM)
			continue;
		any_differs |= any.known && any.value != f->value;
		any = (struct answer){ .known = true, .value = f->value };
		if (!f->named)
			continue;
		named_differs |= named.known && named.value != f->value;
		named = any;
	}
	/* Enums without a name stand for constants of one file. */
	if (any_differs && named.known)
		answer_all(g, &named, named_differs);
	else if (any.known)
		answer_all(g, &any, any_differs);
}

static void try_variable(struct btf_provider *w, struct group *g, const struct btf_types *t,
			 const struct btf_index *ix)
{
	const struct btf_found *f = btf_index_first(ix, g->wants->name);
	struct answer a = { 0 };
	bool differs = false;

	for (; f; f = btf_index_next(ix, f)) {
		struct btype var, type;
		uint32_t length;
		int err;

		if (f->kind != BTYPE_VAR)
			continue;
		err = btype_get(t, f->id, &var);
		if (!err)
			err = btype_strip(t, var.size, &type);
		if (err)
			note(w, g->wants->name, err_text(err));
		if (err || type.kind != BTYPE_ARRAY || !type.tail[BTYPE_ARRAY_LENGTH])
			continue;
		length = type.tail[BTYPE_ARRAY_LENGTH];
		differs |= a.known && a.length != length;
		a = (struct answer){ .known = true, .length = length };
	}
	if (a.known)
		answer_all(g, &a, differs);
}

/* --- all of them ------------------------------------------------------------------ */

static bool is_complete(const struct group *g)
{
	for (size_t i = 0; i < g->nr; i++) {
		if (!g->wants[i].best.known)
			return false;
	}
	return true;
}

static bool concerns(const struct group *g, const char *module)
{
	return g->asked && !strcmp(g->wants->module, module);
}

bool btf_provider_complete(const struct btf_provider *w, const char *module)
{
	for (size_t i = 0; i < w->nr_groups; i++) {
		if (concerns(&w->groups[i], module) && !is_complete(&w->groups[i]))
			return false;
	}
	return true;
}

void btf_provider_try(struct btf_provider *w, const char *module, const struct btf_types *t,
		      const struct btf_index *ix)
{
	if (ix->overflow)
		note(w, ix->overflow, "far too many types have this name");
	for (size_t i = 0; i < w->nr_groups; i++) {
		struct group *g = &w->groups[i];

		if (!concerns(g, module) || (t->base && is_complete(g)))
			continue;
		switch (g->wants->kind) {
		case WANT_TYPE:
			try_type(w, g, t, ix);
			break;
		case WANT_NUMBER:
			try_number(g, ix);
			break;
		case WANT_VARIABLE:
			try_variable(w, g, t, ix);
			break;
		}
	}
}

static void fill_type(struct ktype_info *t, const struct answer *a)
{
	if (t->index < 0) {
		t->member_bit_offset = a->bit_offset;
		t->index = FACT_BTF;
	}
	if (!t->member_bit_sz)
		t->member_bit_sz = a->bit_size;
	if (!t->member_size)
		t->member_size = a->size;
	if (!t->struct_size)
		t->struct_size = a->struct_size;
}

static void fill_path(struct kpath_info *p, const struct answer *a)
{
	if (p->index < 0) {
		p->bit_offset = a->bit_offset;
		p->index = FACT_BTF;
	}
	if (!p->bit_sz)
		p->bit_sz = a->bit_size;
	if (!p->size)
		p->size = a->size;
}

static void fill(struct want *want)
{
	const struct answer *a = &want->best;

	if (want->type) {
		fill_type(want->type, a);
	} else if (want->path) {
		fill_path(want->path, a);
	} else if (want->len && want->len->index < 0) {
		want->len->value = a->length;
		want->len->index = FACT_BTF;
	} else if (want->num && want->num->index < 0) {
		want->num->value = a->value;
		want->num->index = FACT_BTF;
	}
}

static void mark_ambiguous(struct want *want)
{
	int *index = want->type ? &want->type->index :
		     want->path ? &want->path->index :
		     want->len	? &want->len->index :
				  &want->num->index;

	if (*index < 0)
		*index = FACT_AMBIGUOUS;
}

void btf_provider_fill(struct btf_provider *w, const char *module)
{
	for (size_t i = 0; i < w->nr_groups; i++) {
		struct group *g = &w->groups[i];

		if (!concerns(g, module))
			continue;
		for (size_t j = 0; j < g->nr; j++) {
			if (g->wants[j].differs)
				mark_ambiguous(&g->wants[j]);
			else if (g->wants[j].best.known)
				fill(&g->wants[j]);
		}
	}
}

#endif
