// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

/* A request with the name that it belongs to, before they are grouped. */
struct named_request {
	const char *module, *name;
	enum request_kind kind;
	struct fact_request request;
};

/* --- gathering ------------------------------------------------------------------ */

/* VMCOREINFO knows no sizes of members, and seldom those of structs. */
static bool is_asked(const struct fact_request *r)
{
	if (r->type)
		return r->type->index < 0 || !r->type->struct_size ||
		       (r->member && !r->type->member_size);
	if (r->path)
		return r->path->index < 0 || !r->path->size;
	return r->len ? r->len->index < 0 : r->num->index < 0;
}

static struct named_request request_of_path(struct kpath_info *path, char **names)
{
	size_t len = strcspn(path->path, ".");
	struct named_request n = {
		.module = path->modname,
		.name = *names,
		.request = { .path = path },
	};

	memcpy(*names, path->path, len);
	(*names)[len] = '\0';
	*names += len + 1;
	n.request.member = path->path[len] ? path->path + len + 1 : NULL;
	return n;
}

/* @param to room for all of them @param names room for the types of paths */
static size_t add_set(struct named_request *to, char **names, const struct fact_set *set)
{
	size_t nr = 0;

	for (size_t i = 0; i < set->nr_ktypes; i++) {
		struct ktype_info *t = set->ktypes[i];

		to[nr++] = (struct named_request){
			.module = t->modname,
			.name = t->struct_name,
			.request = { .member = t->member_name, .type = t },
		};
	}
	for (size_t i = 0; i < set->nr_klens; i++) {
		struct klen_info *l = set->klens[i];

		to[nr++] = (struct named_request){
			.module = l->modname,
			.name = l->name,
			.kind = l->member ? REQUEST_TYPE : REQUEST_VARIABLE,
			.request = { .member = l->member, .len = l },
		};
	}
	for (size_t i = 0; i < set->nr_knums; i++) {
		struct knum_info *n = set->knums[i];

		to[nr++] = (struct named_request){
			.module = n->modname,
			.name = n->name,
			.kind = REQUEST_NUMBER,
			.request = { .num = n },
		};
	}
	for (size_t i = 0; i < set->nr_kpaths; i++) {
		to[nr] = request_of_path(set->kpaths[i], names);
		/* A path without a member leads nowhere. */
		nr += to[nr].request.member != NULL;
	}
	return nr;
}

static int cmp_names(const struct named_request *x, const struct named_request *y)
{
	int c = strcmp(x->module, y->module);

	if (!c)
		c = (int)x->kind - (int)y->kind;
	return c ? c : strcmp(x->name, y->name);
}

static int cmp_named(const void *a, const void *b)
{
	return cmp_names(a, b);
}

/* Groups of one name; a module counts if one of its groups is asked for. */
static void make_groups(struct fact_requests *rs, const struct named_request *all, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct request_group *g = rs->nr_groups ? &rs->groups[rs->nr_groups - 1] : NULL;

		if (!i || cmp_names(&all[i - 1], &all[i])) {
			g = &rs->groups[rs->nr_groups++];
			*g = (struct request_group){
				.module = all[i].module,
				.kind = all[i].kind,
				.name = all[i].name,
				.requests = &rs->requests[i],
			};
		}
		rs->requests[i] = all[i].request;
		g->nr++;
		if (!is_asked(&rs->requests[i]))
			continue;
		g->asked = true;
		if (strcmp(g->module, "vmlinux") &&
		    (!rs->nr_modules || strcmp(rs->modules[rs->nr_modules - 1], g->module)))
			rs->modules[rs->nr_modules++] = g->module;
	}
}

int fact_requests_init(struct fact_requests *rs, const struct fact_set *sets, size_t nr_sets)
{
	size_t max = 1, paths = 1, nr = 0;
	struct named_request *all;
	char *names;

	for (size_t i = 0; i < nr_sets; i++) {
		const struct fact_set *s = &sets[i];

		max += s->nr_ktypes + s->nr_klens + s->nr_knums + s->nr_kpaths;
		for (size_t j = 0; j < s->nr_kpaths; j++)
			paths += strlen(s->kpaths[j]->path) + 1;
	}
	all = calloc(max, sizeof(*all));
	*rs = (struct fact_requests){
		.requests = calloc(max, sizeof(*rs->requests)),
		.groups = calloc(max, sizeof(*rs->groups)),
		.modules = calloc(max, sizeof(*rs->modules)),
		.paths = malloc(paths),
	};
	if (!all || !rs->requests || !rs->groups || !rs->modules || !rs->paths) {
		free(all);
		fact_requests_deinit(rs);
		return err_set(-ENOMEM, "no memory for declarations of types");
	}
	names = rs->paths;
	for (size_t i = 0; i < nr_sets; i++)
		nr += add_set(all + nr, &names, &sets[i]);
	qsort(all, nr, sizeof(*all), cmp_named);
	make_groups(rs, all, nr);
	free(all);
	return 0;
}

void fact_requests_deinit(struct fact_requests *rs)
{
	free(rs->requests);
	free(rs->groups);
	free(rs->modules);
	free(rs->paths);
	*rs = (struct fact_requests){ 0 };
}

struct request_group *fact_requests_of(const struct fact_requests *rs, const char *module,
				       enum request_kind kind, size_t *nr)
{
	size_t first = 0;

	while (first < rs->nr_groups &&
	       (strcmp(rs->groups[first].module, module) || rs->groups[first].kind != kind))
		first++;
	*nr = 0;
	while (first + *nr < rs->nr_groups && !strcmp(rs->groups[first + *nr].module, module) &&
	       rs->groups[first + *nr].kind == kind)
		++*nr;
	return rs->groups + first;
}

static int cmp_group(const void *name, const void *group)
{
	return strcmp(name, ((const struct request_group *)group)->name);
}

struct request_group *request_group_find(struct request_group *groups, size_t nr, const char *name)
{
	struct request_group *g = nr ? bsearch(name, groups, nr, sizeof(*groups), cmp_group) : NULL;

	return g && g->asked ? g : NULL;
}

/* --- choosing ------------------------------------------------------------------- */

void request_group_begin(struct request_group *g, uint32_t struct_size)
{
	for (size_t i = 0; i < g->nr; i++)
		g->requests[i].trial = (struct fact_answer){
			.known = !g->requests[i].member,
			.struct_size = struct_size,
		};
}

/* Values from other sources select among definitions: they have to agree. */
static bool agrees(const struct fact_request *r, const struct fact_answer *a)
{
	const struct ktype_info *t = r->type;

	if (t && t->index >= 0)
		return r->member ? t->member_bit_offset == a->at.bit_offset :
				   !t->struct_size || t->struct_size == a->struct_size;
	if (r->path && r->path->index >= 0)
		return r->path->bit_offset == a->at.bit_offset;
	return !r->len || r->len->index < 0 || r->len->value == a->at.nr_elements;
}

static bool is_usable(const struct fact_request *r, const struct fact_answer *a)
{
	return a->known && a->at.bit_offset <= UINT32_MAX && (!r->len || a->at.nr_elements) &&
	       agrees(r, a);
}

static bool is_same(const struct fact_request *r, const struct fact_answer *a,
		    const struct fact_answer *b)
{
	if (a->known != b->known)
		return false;
	if (!a->known)
		return true;
	if (r->len)
		return a->at.nr_elements == b->at.nr_elements;
	return a->at.bit_offset == b->at.bit_offset && a->at.bit_size == b->at.bit_size &&
	       a->at.size == b->at.size && (r->path || a->struct_size == b->struct_size);
}

void request_group_offer(struct request_group *g, unsigned int preference)
{
	unsigned int rank, known = 0;

	for (size_t i = 0; i < g->nr; i++) {
		struct fact_request *r = &g->requests[i];

		r->trial.known = is_usable(r, &r->trial);
		known += r->trial.known;
	}
	rank = 1 + known * 8 + preference;
	if (rank < g->rank)
		return;
	for (size_t i = 0; i < g->nr; i++) {
		struct fact_request *r = &g->requests[i];

		if (rank > g->rank) {
			r->best = r->trial;
			r->differs = false;
		} else if (!is_same(r, &r->best, &r->trial)) {
			r->differs = true;
		}
	}
	g->rank = rank;
}

static void add_number(struct number_answer *n, int64_t value)
{
	n->differs |= n->known && n->value != value;
	n->known = true;
	n->value = value;
}

void request_group_offer_number(struct request_group *g, int64_t value, bool named)
{
	add_number(&g->any, value);
	if (named)
		add_number(&g->named, value);
}

void request_group_offer_length(struct request_group *g, uint64_t length)
{
	add_number(&g->any, length);
}

bool request_group_complete(const struct request_group *g)
{
	if (g->kind != REQUEST_TYPE)
		return g->any.known;
	for (size_t i = 0; i < g->nr; i++)
		if (!g->requests[i].best.known)
			return false;
	return true;
}

/* --- filling in ----------------------------------------------------------------- */

static void fill_type(struct ktype_info *t, const struct fact_answer *a, enum fact_source source)
{
	if (t->index < 0) {
		t->member_bit_offset = a->at.bit_offset;
		t->index = source;
	}
	if (!t->member_bit_sz)
		t->member_bit_sz = a->at.bit_size;
	if (!t->member_size)
		t->member_size = a->at.size;
	if (!t->struct_size)
		t->struct_size = a->struct_size;
}

static void fill_path(struct kpath_info *p, const struct fact_answer *a, enum fact_source source)
{
	if (p->index < 0) {
		p->bit_offset = a->at.bit_offset;
		p->index = source;
	}
	if (!p->bit_sz)
		p->bit_sz = a->at.bit_size;
	if (!p->size)
		p->size = a->at.size;
}

static void fill_length(struct klen_info *l, uint64_t length, enum fact_source source)
{
	if (l->index >= 0)
		return;
	l->value = length;
	l->index = source;
}

static void fill_request(const struct fact_request *r, enum fact_source source)
{
	if (r->type)
		fill_type(r->type, &r->best, source);
	else if (r->path)
		fill_path(r->path, &r->best, source);
	else
		fill_length(r->len, r->best.at.nr_elements, source);
}

static void fill_number(const struct fact_request *r, int64_t value, enum fact_source source)
{
	if (r->len) {
		fill_length(r->len, value, source);
	} else if (r->num->index < 0) {
		r->num->value = value;
		r->num->index = source;
	}
}

static void mark_ambiguous(const struct fact_request *r)
{
	int *index = r->type ? &r->type->index :
		     r->path ? &r->path->index :
		     r->len  ? &r->len->index :
			       &r->num->index;

	if (*index < 0)
		*index = FACT_AMBIGUOUS;
}

static void fill_types(struct request_group *g, enum fact_source source)
{
	for (size_t i = 0; i < g->nr; i++) {
		if (g->requests[i].differs)
			mark_ambiguous(&g->requests[i]);
		else if (g->requests[i].best.known)
			fill_request(&g->requests[i], source);
	}
}

static void fill_numbers(struct request_group *g, enum fact_source source)
{
	/* Enums without a name stand for constants of one file. */
	const struct number_answer *n = g->any.differs && g->named.known ? &g->named : &g->any;

	for (size_t i = 0; i < g->nr; i++) {
		if (n->differs)
			mark_ambiguous(&g->requests[i]);
		else if (n->known)
			fill_number(&g->requests[i], n->value, source);
	}
}

void fact_requests_fill(struct fact_requests *rs, const char *module, enum fact_source source)
{
	for (size_t i = 0; i < rs->nr_groups; i++) {
		struct request_group *g = &rs->groups[i];

		if (!g->asked || strcmp(g->module, module))
			continue;
		if (g->kind == REQUEST_TYPE)
			fill_types(g, source);
		else
			fill_numbers(g, source);
	}
}
