// SPDX-License-Identifier: GPL-2.0-or-later
#include "debuginfo/dwarf_lookup.h"

#include <errno.h>

#include "lib/array.h"
#include "lib/err.h"

#ifdef HAVE_DWARF

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/dwarf_die.h"
#include "debuginfo/dwarf_units.h"

/* Members that are looked at within one struct. */
#define MEMBERS_MAX 100000
/* Limit of remembered entries of all names together. */
#define ENTRIES_MAX 65536

/* A type or a variable with a name that was asked for. */
struct entry {
	const char *name; /* the file's */
	Dwarf_Die die;
	int tag;
	/* The line of its declaration, and its bytes: nearly every unit brings the same along. */
	int line;
	uint64_t size;
};

struct dwarf_lookup {
	struct type_source source;
	struct debuginfo *d;
	char **names; /* that were sought; owned, as are they */
	size_t nr_names;
	size_t sorted; /* from here on are those that are being sought */
	struct entry *entries;
	size_t nr_entries;
	bool no_memory;
};

_Static_assert(sizeof(Dwarf_Die) <= sizeof(((struct c_type *)0)->handle), "no room for a DIE");

static Dwarf_Die die_of(const struct c_type *t)
{
	Dwarf_Die die;

	memcpy(&die, t->handle, sizeof(die));
	return die;
}

static struct dwarf_lookup *lookup_of(struct type_source *s)
{
	return (struct dwarf_lookup *)((char *)s - offsetof(struct dwarf_lookup, source));
}

static const struct libdw *libdw_of(struct type_source *s)
{
	return lookup_of(s)->d->dw;
}

/* --- types ------------------------------------------------------------------------------ */

static enum c_type_kind kind_of(const struct libdw *dw, Dwarf_Die *die)
{
	switch (dw->dwarf_tag(die)) {
	case DW_TAG_base_type:
	case DW_TAG_enumeration_type:
		return C_NUMBER;
	case DW_TAG_pointer_type:
		return C_POINTER;
	case DW_TAG_array_type:
		return C_ARRAY;
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		return C_STRUCT;
	case DW_TAG_subroutine_type:
		return C_FUNCTION;
	default:
		return C_VOID;
	}
}

static void describe_number(const struct libdw *dw, Dwarf_Die *die, struct c_type *ret)
{
	const char *name = dw->dwarf_diename(die);
	uint64_t encoding = 0;

	die_number(dw, die, DW_AT_encoding, &encoding);
	ret->is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
	ret->is_char = ret->size == 1 && name && !strcmp(name, "char");
}

/* @param die NULL: a void */
static void describe(struct type_source *s, Dwarf_Die *die, struct c_type *ret)
{
	const struct libdw *dw = libdw_of(s);
	bool is64 = lookup_of(s)->d->is64;
	uint64_t n;

	*ret = (struct c_type){
		.source = s,
		.kind = die ? kind_of(dw, die) : C_VOID,
		.name = "",
		.pointer_size = is64 ? 8 : 4,
	};
	if (!die || ret->kind == C_VOID)
		return;
	memcpy(ret->handle, die, sizeof(*die));
	if (die_size(dw, die, is64, &n))
		ret->size = n;
	if (ret->kind == C_NUMBER)
		describe_number(dw, die, ret);
	if (ret->kind != C_STRUCT)
		return;
	ret->tag = dw->dwarf_tag(die) == DW_TAG_union_type ? TYPE_UNION : TYPE_STRUCT;
	ret->incomplete = dw->dwarf_hasattr(die, DW_AT_declaration);
	if (dw->dwarf_diename(die))
		ret->name = dw->dwarf_diename(die);
}

/* All dimensions of an array are in one DIE: they are put on the element's type. */
static int put_dimensions(const struct libdw *dw, Dwarf_Die *range, struct c_type *t,
			  unsigned int depth)
{
	uint64_t n = 0;
	Dwarf_Die next;
	int err = 0;

	if (depth == C_TYPE_OUTER_MAX)
		return err_set(-E2BIG, "an array has too many dimensions");
	if (dw->dwarf_tag(range) == DW_TAG_subrange_type && !die_dimension(dw, range, &n))
		return -ENOENT;
	if (!dw->dwarf_siblingof(range, &next))
		err = put_dimensions(dw, &next, t, depth + 1);
	return err ? err : n ? c_type_array_of(t, n) : 0;
}

/* Return the type of a DIE. A DIE without a type is a void. */
static int type_of(struct type_source *s, Dwarf_Die *die, struct c_type *ret)
{
	const struct libdw *dw = libdw_of(s);
	Dwarf_Die type, element, range;
	Dwarf_Attribute attr;
	int err;

	if (!dw->dwarf_attr_integrate(die, DW_AT_type, &attr)) {
		describe(s, NULL, ret);
		return 0;
	}
	if (!dw->dwarf_formref_die(&attr, &type) || !die_peel(dw, &type)) {
		/* A typedef or const of void looks like that, too. */
		describe(s, NULL, ret);
		return 0;
	}
	describe(s, &type, ret);
	if (ret->kind != C_ARRAY || !die_type(dw, &type, &element) ||
	    dw->dwarf_child(&type, &range))
		return 0;
	describe(s, &element, ret);
	/* An array without a length adds no dimension. */
	err = put_dimensions(dw, &range, ret, 0);
	if (err == -ENOENT) {
		describe(s, &type, ret);
		err = 0;
	}
	return err;
}

static int dwarf_target(const struct c_type *t, struct c_type *ret)
{
	struct type_source *s = t->source;
	Dwarf_Die die = die_of(t);

	return type_of(s, &die, ret);
}

/* --- members ---------------------------------------------------------------------------- */

/* A member that is sought. */
struct search {
	const struct debuginfo *d;
	const char *name;
	unsigned int budget;
	Dwarf_Die found;
	struct member_place at;
};

/* Members of unnamed structs and unions count as the struct's own. */
static bool find_member(struct search *f, Dwarf_Die *type, uint64_t base, unsigned int depth)
{
	const struct libdw *dw = f->d->dw;
	Dwarf_Die die, inner;

	for (int rc = dw->dwarf_child(type, &die); !rc && f->budget;
	     rc = dw->dwarf_siblingof(&die, &die)) {
		const char *name;

		f->budget--;
		if (dw->dwarf_tag(&die) != DW_TAG_member)
			continue;
		name = dw->dwarf_diename(&die);
		if (name ? strcmp(name, f->name) != 0 :
			   depth >= DIE_DEPTH_MAX || !die_type(dw, &die, &inner) ||
				    !die_is_aggregate(dw, &inner))
			continue;
		if (!die_read_member(&die, f->d, base, &f->at))
			continue;
		f->found = die;
		if (name || find_member(f, &inner, f->at.bit_offset, depth + 1))
			return true;
	}
	return false;
}

static int dwarf_member(const struct c_type *t, const char *name, struct c_member *ret)
{
	struct type_source *s = t->source;
	struct search f = { .d = lookup_of(s)->d, .name = name, .budget = MEMBERS_MAX };
	Dwarf_Die die = die_of(t);

	if (!find_member(&f, &die, 0, 0))
		return -ENOENT;
	*ret = (struct c_member){ .at = f.at };
	return type_of(s, &f.found, &ret->type);
}

/* --- names ------------------------------------------------------------------------------ */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_sought(const struct dwarf_lookup *l, const char *name)
{
	return bsearch(&name, l->names + l->sorted, l->nr_names - l->sorted, sizeof(*l->names),
		       compare_names);
}

static bool seen_before(const struct dwarf_lookup *l, const struct entry *e)
{
	for (size_t i = 0; i < l->nr_entries; i++) {
		const struct entry *other = &l->entries[i];

		if (other->tag == e->tag && other->line == e->line && other->size == e->size &&
		    !strcmp(other->name, e->name))
			return true;
	}
	return false;
}

static void add_entry(struct dwarf_lookup *l, Dwarf_Die *die)
{
	const struct libdw *dw = l->d->dw;
	struct entry e = { .name = dw->dwarf_diename(die), .die = *die, .tag = dw->dwarf_tag(die) };
	Dwarf_Die type = *die;
	struct c_type t;

	if (!e.name || !is_sought(l, e.name) || l->nr_entries == ENTRIES_MAX)
		return;
	if (e.tag == DW_TAG_variable) {
		e.size = type_of(&l->source, die, &t) ? 0 : c_type_size(&t);
		/* With one that is only declared something else can be meant in another unit. */
		if (dw->dwarf_hasattr(die, DW_AT_declaration) && !e.size)
			return;
	} else if (!die_peel(dw, &type) || !die_size(dw, &type, l->d->is64, &e.size)) {
		return;
	}
	if (dw->dwarf_decl_line(die, &e.line))
		e.line = 0;
	if (seen_before(l, &e))
		return;
	if (ARRAY_GROW(l->entries, l->nr_entries, "types"))
		l->no_memory = true;
	else
		l->entries[l->nr_entries++] = e;
}

/* Functions are not entered: what is declared in them is theirs. */
static void scan_children(struct dwarf_lookup *l, Dwarf_Die *parent, bool nested,
			  unsigned int depth)
{
	const struct libdw *dw = l->d->dw;
	Dwarf_Die die;

	for (int rc = dw->dwarf_child(parent, &die); !rc; rc = dw->dwarf_siblingof(&die, &die)) {
		switch (dw->dwarf_tag(&die)) {
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
			add_entry(l, &die);
			if (nested && depth < DIE_DEPTH_MAX)
				scan_children(l, &die, nested, depth + 1);
			break;
		case DW_TAG_enumeration_type:
		case DW_TAG_typedef:
		case DW_TAG_base_type:
		case DW_TAG_variable:
			add_entry(l, &die);
			break;
		}
	}
}

/* Look for the names that were added after the sorted ones. */
static int scan(struct dwarf_lookup *l)
{
	struct dwarf_units units = { .d = l->d };
	Dwarf_Die unit;

	qsort(l->names + l->sorted, l->nr_names - l->sorted, sizeof(*l->names), compare_names);
	while (!dwarf_units_next(&units, &unit))
		scan_children(l, &unit, die_unit_nests(l->d->dw, &unit), 0);
	l->sorted = l->nr_names;
	return l->no_memory ? err_set(-ENOMEM, "no memory for types") : 0;
}

static bool was_sought(const struct dwarf_lookup *l, const char *name)
{
	for (size_t i = 0; i < l->nr_names; i++)
		if (!strcmp(l->names[i], name))
			return true;
	return false;
}

/* Look for names that were not looked for yet. */
static int seek(struct dwarf_lookup *l, const char *const *names, size_t nr)
{
	char **p = reallocarray(l->names, l->nr_names + nr + 1, sizeof(*p));

	if (!p)
		return err_set(-ENOMEM, "no memory for %zu names", nr);
	l->names = p;
	for (size_t i = 0; i < nr; i++) {
		if (was_sought(l, names[i]))
			continue;
		p[l->nr_names] = strdup(names[i]);
		if (!p[l->nr_names])
			return err_set(-ENOMEM, "no memory for %zu names", nr);
		l->nr_names++;
	}
	return l->sorted == l->nr_names ? 0 : scan(l);
}

static bool has_tag(int die, enum type_tag tag)
{
	switch (tag) {
	case TYPE_STRUCT:
		return die == DW_TAG_structure_type;
	case TYPE_UNION:
		return die == DW_TAG_union_type;
	case TYPE_ENUM:
		return die == DW_TAG_enumeration_type;
	default:
		return die == DW_TAG_typedef || die == DW_TAG_base_type;
	}
}

static int dwarf_find(struct type_source *s, const char *module, enum type_tag tag,
		      const char *name, unsigned int nth, struct c_type *ret)
{
	struct dwarf_lookup *l = lookup_of(s);
	int err = seek(l, &name, 1);

	(void)module;
	for (size_t i = 0; !err && i < l->nr_entries; i++) {
		struct entry *e = &l->entries[i];

		if (!has_tag(e->tag, tag) || strcmp(e->name, name) || nth--)
			continue;
		if (e->tag == DW_TAG_typedef)
			return type_of(s, &e->die, ret);
		describe(s, &e->die, ret);
		return 0;
	}
	return err ? err : -ENOENT;
}

/* Those of modules are in other files. */
static int dwarf_variable(struct type_source *s, const char *module, const char *name,
			  struct c_type *ret)
{
	struct dwarf_lookup *l = lookup_of(s);
	struct entry *best = NULL;
	int err = module ? -ENOENT : seek(l, &name, 1);

	if (err)
		return err;
	for (size_t i = 0; i < l->nr_entries; i++) {
		struct entry *e = &l->entries[i];

		if (e->tag != DW_TAG_variable || strcmp(e->name, name))
			continue;
		if (best && best->size != e->size)
			return err_set(-ENOTUNIQ, "several variables are called %s", name);
		best = e;
	}
	return !best ? -ENOENT : type_of(s, &best->die, ret);
}

static const struct type_source_ops dwarf_source = {
	.find = dwarf_find,
	.variable = dwarf_variable,
	.target = dwarf_target,
	.member = dwarf_member,
};

int dwarf_lookup_create(struct dwarf_lookup **ret, const char *path, const char *const *names,
			size_t nr)
{
	struct dwarf_lookup *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return err_set(-ENOMEM, "no memory");
	l->source.ops = &dwarf_source;
	err = debuginfo_open(&l->d, path);
	if (!err)
		err = seek(l, names, nr);
	if (err)
		dwarf_lookup_destroy(l);
	else
		*ret = l;
	return err;
}

void dwarf_lookup_destroy(struct dwarf_lookup *l)
{
	if (!l)
		return;
	debuginfo_close(l->d);
	for (size_t i = 0; i < l->nr_names; i++)
		free(l->names[i]);
	free(l->names);
	free(l->entries);
	free(l);
}

struct type_source *dwarf_lookup_source(struct dwarf_lookup *l)
{
	return &l->source;
}

#else

int dwarf_lookup_create(struct dwarf_lookup **ret, const char *path, const char *const *names,
			size_t nr)
{
	(void)ret, (void)names, (void)nr;
	return err_set(-ENOTSUP, "built without libdw: cannot read %s", path);
}

void dwarf_lookup_destroy(struct dwarf_lookup *l)
{
	(void)l;
}

struct type_source *dwarf_lookup_source(struct dwarf_lookup *l)
{
	(void)l;
	return NULL;
}

#endif
