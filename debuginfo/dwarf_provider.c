// SPDX-License-Identifier: GPL-2.0-or-later
#include "debuginfo/dwarf_provider.h"

#include <errno.h>

#include "lib/err.h"

#ifdef HAVE_DWARF

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/dwarf_die.h"

/* The most DIEs looked at within one struct. */
#define MEMBERS_MAX 100000
/* Definitions of one name that are remembered as seen. */
#define SEEN_MAX 8

/* Values of one declaration in the debug information. */
struct answer {
	bool known;
	uint64_t value;	      /* of an enumerator; sign-extended */
	struct die_member at; /* of a member; of a variable its length */
};

/* One declaration: just one of the records is not NULL. */
struct want {
	const char *name;
	const char *member; /* or a path of members; or NULL */
	struct ktype_info *type;
	struct klen_info *len;
	struct kpath_info *path;
	struct knum_info *num;
	struct answer best;
	struct answer trial; /* in the type that is being looked at */
};

/* Properties that distinguish definitions of one name in different units. */
struct definition {
	int line;
	uint64_t size;
};

/* All that is wanted of one name, wants[0 .. nr_wants). */
struct name {
	const char *name;
	struct want *wants;
	size_t nr_wants, nr_members;
	bool settled;  /* it cannot get better */
	int score;     /* of the best type; negative: none yet */
	uint64_t size; /* its size, bytes */
	struct definition seen[SEEN_MAX];
	unsigned int nr_seen;
};

/* Names of one kind. */
struct table {
	struct want *wants;
	size_t nr_wants;
	struct name *names;
	size_t nr_names, nr_open; /* open: not settled */
};

struct scan {
	const struct debuginfo *d;
	struct table types, numbers, variables;
	char *paths; /* declared ones, taken apart; owned */
	unsigned int budget;
	bool damaged;
	int error; /* libdw's, of the first damage */
};

static int cmp_want(const void *a, const void *b)
{
	return strcmp(((const struct want *)a)->name, ((const struct want *)b)->name);
}

static int cmp_name(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->name, ((const struct name *)b)->name);
}

static struct name *find_name(const struct table *t, const char *name)
{
	const struct name key = { .name = name };

	return bsearch(&key, t->names, t->nr_names, sizeof(*t->names), cmp_name);
}

static void settle(struct table *t, struct name *n)
{
	n->settled = true;
	t->nr_open--;
}

/* Sort what is wanted, and gather it by name. */
static int table_finish(struct table *t)
{
	t->names = calloc(t->nr_wants + 1, sizeof(*t->names));
	if (!t->names)
		return err_set(-ENOMEM, "no memory for %zu names", t->nr_wants);
	qsort(t->wants, t->nr_wants, sizeof(*t->wants), cmp_want);
	for (size_t i = 0; i < t->nr_wants; i++) {
		struct want *w = &t->wants[i];
		struct name *n = t->nr_names ? &t->names[t->nr_names - 1] : NULL;

		if (!n || strcmp(n->name, w->name)) {
			n = &t->names[t->nr_names++];
			*n = (struct name){ .name = w->name, .wants = w, .score = -1 };
		}
		n->nr_wants++;
		n->nr_members += w->member != NULL;
	}
	t->nr_open = t->nr_names;
	return 0;
}

static void table_deinit(struct table *t)
{
	free(t->wants);
	free(t->names);
}

static struct want *add_want(struct table *t)
{
	return &t->wants[t->nr_wants++];
}

/*
 * Whether a path begins with a name.
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

/* Whether some declaration of this type is still missing. */
static bool type_sought(const struct fact_set *set, const char *name)
{
	const char *rest;

	for (size_t i = 0; i < set->nr_ktypes; i++) {
		const struct ktype_info *t = set->ktypes[i];

		if (fact_is_missing(t->index, t->modname, "vmlinux") &&
		    !strcmp(t->struct_name, name))
			return true;
	}
	for (size_t i = 0; i < set->nr_klens; i++) {
		const struct klen_info *l = set->klens[i];

		if (fact_is_missing(l->index, l->modname, "vmlinux") && l->member &&
		    !strcmp(l->name, name))
			return true;
	}
	for (size_t i = 0; i < set->nr_kpaths; i++) {
		const struct kpath_info *p = set->kpaths[i];

		if (fact_is_missing(p->index, p->modname, "vmlinux") &&
		    is_step(p->path, name, &rest))
			return true;
	}
	return false;
}

/* Want what paths lead to: the first name in them is the type's. */
static int want_paths(struct scan *s, const struct fact_set *set)
{
	size_t room = 1;
	char *at;

	for (size_t i = 0; i < set->nr_kpaths; i++)
		room += strlen(set->kpaths[i]->path) + 1;
	s->paths = at = malloc(room);
	if (!at)
		return err_set(-ENOMEM, "no memory for %zu paths", set->nr_kpaths);
	for (size_t i = 0; i < set->nr_kpaths; i++) {
		struct kpath_info *p = set->kpaths[i];
		size_t len = strlen(p->path);
		char *dot;

		memcpy(at, p->path, len + 1);
		dot = strchr(at, '.');
		if (!dot || strcmp(p->modname, "vmlinux"))
			continue;
		*dot = '\0';
		if (!type_sought(set, at))
			continue;
		*add_want(&s->types) = (struct want){ .name = at, .member = dot + 1, .path = p };
		at += len + 1;
	}
	return 0;
}

static int scan_init(struct scan *s, const struct fact_set *set)
{
	int err;

	s->types.wants = calloc(set->nr_ktypes + set->nr_klens + set->nr_kpaths + 1,
				sizeof(*s->types.wants));
	s->numbers.wants = calloc(set->nr_knums + 1, sizeof(*s->numbers.wants));
	s->variables.wants = calloc(set->nr_klens + 1, sizeof(*s->variables.wants));
	if (!s->types.wants || !s->numbers.wants || !s->variables.wants)
		return err_set(-ENOMEM, "no memory for declarations");

	/* Values from other providers help to distinguish types of one name. */
	for (size_t i = 0; i < set->nr_ktypes; i++) {
		struct ktype_info *t = set->ktypes[i];

		if (!strcmp(t->modname, "vmlinux") && type_sought(set, t->struct_name))
			*add_want(&s->types) = (struct want){
				.name = t->struct_name,
				.member = t->member_name,
				.type = t,
			};
	}
	for (size_t i = 0; i < set->nr_klens; i++) {
		struct klen_info *l = set->klens[i];

		if (l->member && !strcmp(l->modname, "vmlinux") && type_sought(set, l->name))
			*add_want(&s->types) = (struct want){
				.name = l->name,
				.member = l->member,
				.len = l,
			};
		else if (!l->member && fact_is_missing(l->index, l->modname, "vmlinux"))
			*add_want(&s->variables) = (struct want){ .name = l->name, .len = l };
	}
	for (size_t i = 0; i < set->nr_knums; i++) {
		struct knum_info *n = set->knums[i];

		if (fact_is_missing(n->index, n->modname, "vmlinux"))
			*add_want(&s->numbers) = (struct want){ .name = n->name, .num = n };
	}
	err = want_paths(s, set);
	if (!err)
		err = table_finish(&s->types);
	if (!err)
		err = table_finish(&s->numbers);
	if (!err)
		err = table_finish(&s->variables);
	return err;
}

static void scan_deinit(struct scan *s)
{
	table_deinit(&s->types);
	table_deinit(&s->numbers);
	table_deinit(&s->variables);
	free(s->paths);
}

static void note_damage(struct scan *s, int rc)
{
	if (rc >= 0 || s->damaged)
		return;
	s->damaged = true;
	s->error = dwarf_errno();
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
	Dwarf_Die die, inner;
	int rc;

	for (rc = dwarf_child(type, &die); !rc && s->budget; rc = dwarf_siblingof(&die, &die)) {
		bool stop = false;
		const char *name;
		struct die_member m;

		s->budget--;
		if (dwarf_tag(&die) != DW_TAG_member)
			continue;
		name = dwarf_diename(&die);
		if (name)
			stop = fn(s, ctx, name, &die, base);
		else if (depth < DIE_DEPTH_MAX && die_type(&die, &inner) &&
			 die_is_aggregate(&inner) && die_read_member(&die, s->d, base, &m))
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
	struct die_member at;
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
static bool go_on(struct scan *s, struct step *step)
{
	Dwarf_Die type;

	while (step->path) {
		/* Only structs and unions have members: no pointer is followed. */
		if (!die_type(&step->member, &type) ||
		    !for_members(s, &type, step->at.bit_offset, 0, take_step, step))
			return false;
	}
	return true;
}

static bool try_member(struct scan *s, void *ctx, const char *name, Dwarf_Die *member,
		       uint64_t base)
{
	struct name *n = ctx;

	for (size_t i = 0; i < n->nr_wants; i++) {
		struct want *w = &n->wants[i];
		struct step step = { .path = w->member };

		if (w->member && take_step(s, &step, name, member, base) && go_on(s, &step) &&
		    (!w->len || step.at.length))
			w->trial = (struct answer){ .known = true, .at = step.at };
	}
	return false;
}

/* Nearly every unit brings the same definition along. */
static bool seen_before(struct name *n, Dwarf_Die *die, uint64_t size)
{
	struct definition def = { .size = size };

	if (dwarf_decl_line(die, &def.line))
		return false;
	for (unsigned int i = 0; i < n->nr_seen && i < SEEN_MAX; i++) {
		if (n->seen[i].line == def.line && n->seen[i].size == def.size)
			return true;
	}
	n->seen[n->nr_seen++ % SEEN_MAX] = def;
	return false;
}

static void try_type(struct scan *s, Dwarf_Die *die, bool tag)
{
	const char *text = s->types.nr_open ? dwarf_diename(die) : NULL;
	struct name *n = text ? find_name(&s->types, text) : NULL;
	Dwarf_Die type = *die;
	size_t found = 0;
	uint64_t size;
	int score;

	/* Only what is defined has a size. */
	if (!n || n->settled || !die_peel(&type) || !die_size(&type, s->d->is64, &size) ||
	    seen_before(n, die, size))
		return;
	for (size_t i = 0; i < n->nr_wants; i++)
		n->wants[i].trial = (struct answer){ .known = !n->wants[i].member };
	s->budget = MEMBERS_MAX;
	if (n->nr_members)
		for_members(s, &type, 0, 0, try_member, n);
	for (size_t i = 0; i < n->nr_wants; i++)
		found += n->wants[i].member && n->wants[i].trial.known;
	score = 2 * found + tag;
	if (score <= n->score)
		return;
	n->score = score;
	n->size = size;
	for (size_t i = 0; i < n->nr_wants; i++)
		n->wants[i].best = n->wants[i].trial;
	if (tag && found == n->nr_members)
		settle(&s->types, n);
}

static void answer_all(struct table *t, struct name *n, const struct answer *a)
{
	for (size_t i = 0; i < n->nr_wants; i++)
		n->wants[i].best = *a;
	settle(t, n);
}

static void try_enumerators(struct scan *s, Dwarf_Die *type)
{
	Dwarf_Die die;
	int rc;

	if (!s->numbers.nr_open)
		return;
	for (rc = dwarf_child(type, &die); !rc; rc = dwarf_siblingof(&die, &die)) {
		struct answer a = { .known = true };
		const char *text = dwarf_diename(&die);
		struct name *n = text ? find_name(&s->numbers, text) : NULL;

		if (n && !n->settled && die_number(&die, DW_AT_const_value, &a.value))
			answer_all(&s->numbers, n, &a);
	}
	note_damage(s, rc);
}

static void try_variable(struct scan *s, Dwarf_Die *die)
{
	const char *text = s->variables.nr_open ? dwarf_diename(die) : NULL;
	struct name *n = text ? find_name(&s->variables, text) : NULL;
	struct answer a = { .known = true };
	Dwarf_Die type;

	if (n && !n->settled && die_type(die, &type) && dwarf_tag(&type) == DW_TAG_array_type &&
	    die_array_length(&type, false, &a.at.length) && a.at.length)
		answer_all(&s->variables, n, &a);
}

/* Functions are not entered: what is declared in them is theirs. */
static void scan_children(struct scan *s, Dwarf_Die *parent, bool nested, unsigned int depth)
{
	Dwarf_Die die;
	int rc;

	for (rc = dwarf_child(parent, &die); !rc; rc = dwarf_siblingof(&die, &die)) {
		switch (dwarf_tag(&die)) {
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
			try_type(s, &die, true);
			if (nested && depth < DIE_DEPTH_MAX)
				scan_children(s, &die, nested, depth + 1);
			break;
		case DW_TAG_enumeration_type:
			try_type(s, &die, true);
			try_enumerators(s, &die);
			break;
		case DW_TAG_typedef:
			try_type(s, &die, false);
			break;
		case DW_TAG_variable:
			try_variable(s, &die);
			break;
		}
	}
	note_damage(s, rc);
}

static void scan_unit(struct scan *s, Dwarf_Die *unit)
{
	scan_children(s, unit, die_unit_nests(unit), 0);
}

static void scan_units(struct scan *s)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die unit;
	int rc = 0;

	while (s->types.nr_open || s->numbers.nr_open || s->variables.nr_open) {
		rc = dwarf_get_units(s->d->dwarf, cu, &cu, NULL, NULL, &unit, NULL);
		if (rc)
			break;
		scan_unit(s, &unit);
	}
	note_damage(s, rc);
}

static void fill_type(const struct name *n, const struct want *w, enum fact_source source)
{
	struct ktype_info *t = w->type;

	t->member_bit_offset = w->best.at.bit_offset;
	t->member_bit_sz = w->best.at.bit_size;
	t->member_size = w->best.at.size;
	t->struct_size = n->size;
	t->index = source;
}

static void fill_in(const struct table *t, enum fact_source source)
{
	for (size_t i = 0; i < t->nr_names; i++) {
		const struct name *n = &t->names[i];

		for (size_t j = 0; j < n->nr_wants; j++) {
			const struct want *w = &n->wants[j];

			if (!w->best.known)
				continue;
			if (w->type && w->type->index < 0) {
				fill_type(n, w, source);
			} else if (w->len && w->len->index < 0) {
				w->len->value = w->best.at.length;
				w->len->index = source;
			} else if (w->path && w->path->index < 0) {
				w->path->bit_offset = w->best.at.bit_offset;
				w->path->bit_sz = w->best.at.bit_size;
				w->path->size = w->best.at.size;
				w->path->index = source;
			} else if (w->num) {
				w->num->value = w->best.value;
				w->num->index = source;
			}
		}
	}
}

int debuginfo_resolve_types(const struct debuginfo *d, const struct fact_set *set,
			    enum fact_source source)
{
	struct scan s = { .d = d };
	int err = scan_init(&s, set);

	if (!err) {
		scan_units(&s);
		fill_in(&s.types, source);
		fill_in(&s.numbers, source);
		fill_in(&s.variables, source);
		if (s.damaged)
			err = err_set(-EBADMSG,
				      "part of the debug information of %s cannot be "
				      "read: %s",
				      d->path, dwarf_errmsg(s.error ? s.error : -1));
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
