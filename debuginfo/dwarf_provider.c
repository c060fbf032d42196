// SPDX-License-Identifier: GPL-2.0-or-later
#include "debuginfo/dwarf_provider.h"

#include <errno.h>

#include "lib/err.h"

#ifdef HAVE_DWARF

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/dwarf_die.h"
#include "debuginfo/dwarf_units.h"
#include "facts/request.h"

/* The most DIEs looked at within one struct. */
#define MEMBERS_MAX 100000
/* Definitions of one name that are remembered as seen. */
#define SEEN_MAX 8

/* Properties that distinguish definitions of one name in different units. */
struct definition {
	int line;
	uint64_t size;
};

/* The last definitions of one name. */
struct seen {
	struct definition definitions[SEEN_MAX];
	unsigned int nr;
};

/* Names of one kind. */
struct table {
	struct request_group *groups;
	size_t nr;
	bool asked; /* of any of them */
};

struct scan {
	const struct debuginfo *d;
	struct fact_requests requests;
	struct table types, numbers, variables;
	struct seen *seen; /* by group of types; owned */
	unsigned int budget;
	bool damaged;
	int error;	     /* libdw's, of the first damage */
	const char *missing; /* name of a file with a part, or NULL */
};

static struct table table_of(const struct fact_requests *rs, enum request_kind kind)
{
	struct table t;

	t.groups = fact_requests_of(rs, "vmlinux", kind, &t.nr);
	t.asked = false;
	for (size_t i = 0; i < t.nr; i++)
		t.asked |= t.groups[i].asked;
	return t;
}

static struct request_group *find_name(const struct scan *s, const struct table *t, Dwarf_Die *die)
{
	const char *name = t->asked ? s->d->dw->dwarf_diename(die) : NULL;

	return name ? request_group_find(t->groups, t->nr, name) : NULL;
}

static int scan_init(struct scan *s, const struct fact_set *set)
{
	int err = fact_requests_init(&s->requests, set, 1);

	if (err)
		return err;
	s->types = table_of(&s->requests, REQUEST_TYPE);
	s->numbers = table_of(&s->requests, REQUEST_NUMBER);
	s->variables = table_of(&s->requests, REQUEST_VARIABLE);
	s->seen = calloc(s->types.nr + 1, sizeof(*s->seen));
	return s->seen ? 0 : err_set(-ENOMEM, "no memory for %zu names", s->types.nr);
}

static void scan_deinit(struct scan *s)
{
	fact_requests_deinit(&s->requests);
	free(s->seen);
}

/*
 * Return whether a path begins with a name.
 * rest is set to what follows its dot, or to NULL at the end of the path.
 */
static bool is_step(const char *path, const char *name, const char **rest)
{
	size_t len = strlen(name);

	if (strncmp(path, name, len) || (path[len] && path[len] != '.'))
		return false;
	*rest = path[len] ? path + len + 1 : NULL;
	return true;
}

static void note_damage(struct scan *s, int rc)
{
	if (rc >= 0 || s->damaged)
		return;
	s->damaged = true;
	s->error = s->d->dw->dwarf_errno();
}

/* Called with a member whose struct begins at base, bits. Returns whether to stop. */
typedef bool member_fn(struct scan *s, void *ctx, const char *name, Dwarf_Die *member,
		       uint64_t base);

/*
 * Members of anonymous structs and unions count as the struct's own.
 * Returns whether fn stopped the walk.
 */
static bool for_members(struct scan *s, Dwarf_Die *type, uint64_t base, unsigned int depth,
			member_fn *fn, void *ctx)
{
	const struct libdw *dw = s->d->dw;
	Dwarf_Die die, inner;
	int rc;

	for (rc = dw->dwarf_child(type, &die); !rc && s->budget;
	     rc = dw->dwarf_siblingof(&die, &die)) {
		bool stop = false;
		const char *name;
		struct member_place m;

		s->budget--;
		if (dw->dwarf_tag(&die) != DW_TAG_member)
			continue;
		name = dw->dwarf_diename(&die);
		if (name)
			stop = fn(s, ctx, name, &die, base);
		else if (depth < DIE_DEPTH_MAX && die_type(dw, &die, &inner) &&
			 die_is_aggregate(dw, &inner) && die_read_member(&die, s->d, base, &m))
			stop = for_members(s, &inner, m.bit_offset, depth + 1, fn, ctx);
		if (stop)
			return true;
	}
	note_damage(s, rc);
	return false;
}

/* On the way down a path. */
struct step {
	const char *path; /* from here on; NULL: arrived */
	Dwarf_Die member;
	struct member_place at;
};

static bool take_step(struct scan *s, void *ctx, const char *name, Dwarf_Die *member, uint64_t base)
{
	struct step *step = ctx;
	const char *rest;

	if (!is_step(step->path, name, &rest) || !die_read_member(member, s->d, base, &step->at))
		return false;
	step->path = rest;
	step->member = *member;
	return true;
}

/* Go to the end of a path, through what is embedded. */
static bool resolve_path(struct scan *s, struct step *step)
{
	Dwarf_Die type;

	while (step->path) {
		/* Only structs and unions have members: no pointer is followed. */
		if (!die_type(s->d->dw, &step->member, &type) ||
		    !for_members(s, &type, step->at.bit_offset, 0, take_step, step))
			return false;
	}
	return true;
}

static bool try_member(struct scan *s, void *ctx, const char *name, Dwarf_Die *member,
		       uint64_t base)
{
	struct request_group *g = ctx;

	for (size_t i = 0; i < g->nr; i++) {
		struct fact_request *r = &g->requests[i];
		struct step step = { .path = r->member };

		if (!r->member || !take_step(s, &step, name, member, base) ||
		    !resolve_path(s, &step))
			continue;
		r->trial.known = true;
		r->trial.at = step.at;
	}
	return false;
}

/* Nearly every unit brings the same definition along. */
static bool seen_before(const struct libdw *dw, struct seen *seen, Dwarf_Die *die, uint64_t size)
{
	struct definition def = { .size = size };

	if (dw->dwarf_decl_line(die, &def.line))
		return false;
	for (unsigned int i = 0; i < seen->nr && i < SEEN_MAX; i++) {
		if (seen->definitions[i].line == def.line && seen->definitions[i].size == def.size)
			return true;
	}
	seen->definitions[seen->nr++ % SEEN_MAX] = def;
	return false;
}

/* A struct is preferred to a union or an enum, these to a typedef of a struct. */
static unsigned int kind_rank(const struct libdw *dw, Dwarf_Die *die, Dwarf_Die *type)
{
	if (dw->dwarf_tag(die) == DW_TAG_typedef)
		return die_is_aggregate(dw, type);
	return dw->dwarf_tag(die) == DW_TAG_structure_type ? 3 : 2;
}

static void try_type(struct scan *s, Dwarf_Die *die)
{
	const struct libdw *dw = s->d->dw;
	struct request_group *g = find_name(s, &s->types, die);
	Dwarf_Die type = *die;
	uint64_t size;

	/* Only what is defined has a size. */
	if (!g || !die_peel(dw, &type) || !die_size(dw, &type, s->d->is64, &size) ||
	    seen_before(dw, &s->seen[g - s->types.groups], die, size))
		return;
	request_group_begin(g, size);
	s->budget = MEMBERS_MAX;
	for_members(s, &type, 0, 0, try_member, g);
	request_group_offer(g, kind_rank(dw, die, &type));
}

static void try_enumerators(struct scan *s, Dwarf_Die *type)
{
	const struct libdw *dw = s->d->dw;
	bool named = dw->dwarf_diename(type);
	Dwarf_Die die;
	int rc;

	if (!s->numbers.asked)
		return;
	for (rc = dw->dwarf_child(type, &die); !rc; rc = dw->dwarf_siblingof(&die, &die)) {
		struct request_group *g = find_name(s, &s->numbers, &die);
		uint64_t value;

		if (g && die_number(dw, &die, DW_AT_const_value, &value))
			request_group_offer_number(g, value, named);
	}
	note_damage(s, rc);
}

static void try_variable(struct scan *s, Dwarf_Die *die)
{
	const struct libdw *dw = s->d->dw;
	struct request_group *g = find_name(s, &s->variables, die);
	uint64_t length;
	Dwarf_Die type;

	if (g && die_type(dw, die, &type) && dw->dwarf_tag(&type) == DW_TAG_array_type &&
	    die_array_length(dw, &type, false, &length) && length)
		request_group_offer_length(g, length);
}

/* Functions are not entered: what is declared in them is theirs. */
static void scan_children(struct scan *s, Dwarf_Die *parent, bool nested, unsigned int depth)
{
	const struct libdw *dw = s->d->dw;
	Dwarf_Die die;
	int rc;

	for (rc = dw->dwarf_child(parent, &die); !rc; rc = dw->dwarf_siblingof(&die, &die)) {
		switch (dw->dwarf_tag(&die)) {
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
			try_type(s, &die);
			if (nested && depth < DIE_DEPTH_MAX)
				scan_children(s, &die, nested, depth + 1);
			break;
		case DW_TAG_enumeration_type:
			try_type(s, &die);
			try_enumerators(s, &die);
			break;
		case DW_TAG_typedef:
			try_type(s, &die);
			break;
		case DW_TAG_variable:
			try_variable(s, &die);
			break;
		}
	}
	note_damage(s, rc);
}

static void scan_units(struct scan *s)
{
	struct dwarf_units units = { .d = s->d };
	Dwarf_Die unit;
	int rc = 0;

	while (s->types.asked || s->numbers.asked || s->variables.asked) {
		rc = dwarf_units_next(&units, &unit);
		if (rc)
			break;
		scan_children(s, &unit, die_unit_nests(s->d->dw, &unit), 0);
	}
	note_damage(s, rc);
	s->missing = units.missing;
}

int debuginfo_resolve_types(const struct debuginfo *d, const struct fact_set *set,
			    enum fact_source source)
{
	struct scan s = { .d = d };
	int err = scan_init(&s, set);

	if (!err) {
		scan_units(&s);
		fact_requests_fill(&s.requests, "vmlinux", source);
		if (s.damaged)
			err = err_set(-EBADMSG,
				      "part of the debug information of %s cannot be "
				      "read: %s",
				      d->path, d->dw->dwarf_errmsg(s.error ? s.error : -1));
		else if (s.missing)
			err = err_set(-EBADMSG,
				      "part of the debug information of %s is in %s, which "
				      "cannot be read",
				      d->path, s.missing);
	}
	scan_deinit(&s);
	return err;
}

#else

int debuginfo_resolve_types(const struct debuginfo *d, const struct fact_set *set,
			    enum fact_source source)
{
	(void)d, (void)set, (void)source;
	return -ENOTSUP;
}

#endif
