// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/btf_provider.h"

#ifdef HAVE_LIBBPF

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts/request.h"
#include "lib/err.h"

/* Members looked at in all; a program with 1,000 declarations needs 1/50. */
#define MEMBERS_MAX 20000000

struct btf_provider {
	struct fact_requests requests;
	struct btf_names names, all_names;
	char *members; /* parts of paths, each with its NUL */
	uint64_t budget;
	char why[256];
};

static void record_error(struct btf_provider *w, const char *name, const char *problem)
{
	if (!*w->why)
		snprintf(w->why, sizeof(w->why), "%s: %s", name, problem);
}

/* Add the names of a path of members to a list; returns how many. @param to room for the path */
static size_t add_members(const char **list, char **to, const char *path)
{
	size_t nr = 0;

	while (path && *path) {
		size_t len = strcspn(path, ".");

		list[nr++] = *to;
		memcpy(*to, path, len);
		(*to)[len] = '\0';
		*to += len + 1;
		path += len + (path[len] == '.');
	}
	return nr;
}

static int make_names(struct btf_provider *w)
{
	const struct fact_requests *rs = &w->requests;
	size_t nr = 0, bytes = 1, max;
	const char **list;
	char *to;
	int err;

	for (size_t i = 0; i < rs->nr_groups; i++) {
		for (size_t j = 0; j < rs->groups[i].nr; j++)
			bytes += strlen(rs->groups[i].requests[j].member ?: "") + 1;
	}
	/* Each part of a path has a byte. */
	max = rs->nr_groups + bytes;
	list = calloc(max, sizeof(*list));
	w->members = to = malloc(bytes);
	if (!list || !to) {
		free(list);
		return err_set(-ENOMEM, "no memory for %zu names", max);
	}
	for (size_t i = 0; i < rs->nr_groups; i++) {
		if (rs->groups[i].asked)
			list[nr++] = rs->groups[i].name;
	}
	err = btf_names_init(&w->names, list, nr);
	for (size_t i = 0; i < rs->nr_groups; i++) {
		for (size_t j = 0; rs->groups[i].asked && j < rs->groups[i].nr; j++)
			nr += add_members(list + nr, &to, rs->groups[i].requests[j].member);
	}
	if (!err)
		err = btf_names_init(&w->all_names, list, nr);
	free(list);
	return err;
}

int btf_provider_create(struct btf_provider **ret, const struct fact_set *sets, size_t nr)
{
	struct btf_provider *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return err_set(-ENOMEM, "no memory for declarations of types");
	w->budget = MEMBERS_MAX;
	err = fact_requests_init(&w->requests, sets, nr);
	if (!err)
		err = make_names(w);
	if (err)
		btf_provider_destroy(w);
	else
		*ret = w;
	return err;
}

void btf_provider_destroy(struct btf_provider *w)
{
	if (!w)
		return;
	fact_requests_deinit(&w->requests);
	btf_names_deinit(&w->names);
	btf_names_deinit(&w->all_names);
	free(w->members);
	free(w);
}

const struct btf_names *btf_provider_names(const struct btf_provider *w)
{
	return &w->names;
}

const struct btf_names *btf_provider_all_names(const struct btf_provider *w)
{
	return &w->all_names;
}

const char *btf_provider_module(const struct btf_provider *w, size_t i)
{
	return i < w->requests.nr_modules ? w->requests.modules[i] : NULL;
}

const char *btf_provider_why(const struct btf_provider *w)
{
	return w->why;
}

/* --- types ---------------------------------------------------------------------- */

static void try_request(struct btf_provider *w, const struct request_group *g,
			struct fact_request *r, const struct btf_types *t, uint32_t id)
{
	struct btype_member m;
	int err;

	if (!r->member)
		return;
	err = btype_find_member(t, id, r->member, &w->budget, &m);
	if (err && err != -ENOENT)
		record_error(w, g->name, err_text(err));
	if (err)
		return;
	r->trial.known = true;
	r->trial.at = m.at;
}

/* Rank a kind of definition: 3 to 0, or -1 for none. */
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

static void try_definition(struct btf_provider *w, struct request_group *g,
			   const struct btf_types *t, const struct btf_found *f)
{
	uint32_t size;
	int kind = kind_rank(t, f, &size);

	if (kind < 0)
		return;
	request_group_begin(g, size);
	for (size_t i = 0; i < g->nr; i++)
		try_request(w, g, &g->requests[i], t, f->id);
	/* The kernel's before its modules', then the kind. */
	request_group_offer(g, (t->base ? 0 : 4) + kind);
}

/* --- numbers and lengths of variables --------------------------------------------- */

static void try_variable(struct btf_provider *w, struct request_group *g, const struct btf_types *t,
			 const struct btf_found *f)
{
	struct btype var, type;
	int err = btype_get(t, f->id, &var);

	if (!err)
		err = btype_strip(t, var.size, &type);
	if (err)
		record_error(w, g->name, err_text(err));
	else if (type.kind == BTYPE_ARRAY && type.tail[BTYPE_ARRAY_LENGTH])
		request_group_offer_length(g, type.tail[BTYPE_ARRAY_LENGTH]);
}

/* --- all of them ------------------------------------------------------------------ */

static bool concerns(const struct request_group *g, const char *module)
{
	return g->asked && !strcmp(g->module, module);
}

bool btf_provider_complete(const struct btf_provider *w, const char *module)
{
	for (size_t i = 0; i < w->requests.nr_groups; i++) {
		const struct request_group *g = &w->requests.groups[i];

		if (concerns(g, module) && !request_group_complete(g))
			return false;
	}
	return true;
}

static void try_group(struct btf_provider *w, struct request_group *g, const struct btf_types *t,
		      const struct btf_index *ix)
{
	const struct btf_found *f = btf_index_first(ix, g->name);

	for (; f; f = btf_index_next(ix, f)) {
		switch (g->kind) {
		case REQUEST_TYPE:
			try_definition(w, g, t, f);
			break;
		case REQUEST_NUMBER:
			if (f->kind == BTYPE_ENUM)
				request_group_offer_number(g, f->value, f->named);
			break;
		case REQUEST_VARIABLE:
			if (f->kind == BTYPE_VAR)
				try_variable(w, g, t, f);
			break;
		}
	}
}

void btf_provider_try(struct btf_provider *w, const char *module, const struct btf_types *t,
		      const struct btf_index *ix)
{
	if (ix->overflow)
		record_error(w, ix->overflow, "far too many types have this name");
	for (size_t i = 0; i < w->requests.nr_groups; i++) {
		struct request_group *g = &w->requests.groups[i];

		if (concerns(g, module) && !(t->base && request_group_complete(g)))
			try_group(w, g, t, ix);
	}
}

void btf_provider_fill(struct btf_provider *w, const char *module)
{
	fact_requests_fill(&w->requests, module, FACT_BTF);
}

#endif
