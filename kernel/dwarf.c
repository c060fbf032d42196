// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/dwarf.h"

#include <errno.h>

#include "lib/err.h"

#ifdef HAVE_DWARF

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"

/* No struct of the kernel, and no offset in one, comes near this. */
#define STRUCT_MAX (UINT64_C(1) << 24)
/* Nor has an array as many elements. */
#define LENGTH_MAX (UINT64_C(1) << 31)
/* C's own limits on nesting are lower; damaged files can have loops. */
#define NESTING_MAX 32
/* The most DIEs looked at within one struct. */
#define MEMBERS_MAX 100000
/* Definitions of one name that are remembered as seen. */
#define SEEN_MAX 8

/* What debug information says of one declaration. */
struct answer {
	bool known;
	uint64_t value;			/* of an enumerator; sign-extended */
	uint64_t length;		/* of an array, elements */
	uint64_t bit_offset, bit_size;
	uint64_t size;			/* bytes */
};

/* One declaration: just one of the records is not NULL. */
struct want {
	const char *name;
	const char *member;		/* or a path of members; or NULL */
	struct ktype_info *type;
	struct klen_info *len;
	struct kpath_info *path;
	struct knum_info *num;
	struct answer best;
	struct answer trial;		/* in the type that is being looked at */
};

/* What tells one definition of a name from another in the next unit. */
struct definition {
	int line;
	uint64_t size;
};

/* All that is wanted of one name, wants[0 .. nr_wants). */
struct name {
	const char *name;
	struct want *wants;
	size_t nr_wants, nr_members;
	bool settled;			/* it cannot get better */
	int score;			/* of the best type; negative: none yet */
	uint64_t size;			/* its size, bytes */
	struct definition seen[SEEN_MAX];
	unsigned int nr_seen;
};

/* Names of one kind. */
struct table {
	struct want *wants;
	size_t nr_wants;
	struct name *names;
	size_t nr_names, nr_open;	/* open: not settled */
};

struct scan {
	const struct debuginfo *d;
	struct table types, numbers, variables;
	char *paths;			/* declared ones, taken apart; owned */
	unsigned int budget;
	bool damaged;
	int error;			/* libdw's, of the first damage */
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

	/* What others have filled in still helps to tell types of one name apart. */
	for (size_t i = 0; i < set->nr_ktypes; i++) {
		struct ktype_info *t = set->ktypes[i];

		if (!strcmp(t->modname, "vmlinux") && type_sought(set, t->struct_name))
			*add_want(&s->types) = (struct want){
				.name = t->struct_name, .member = t->member_name, .type = t,
			};
	}
	for (size_t i = 0; i < set->nr_klens; i++) {
		struct klen_info *l = set->klens[i];

		if (l->member && !strcmp(l->modname, "vmlinux") && type_sought(set, l->name))
			*add_want(&s->types) = (struct want){
				.name = l->name, .member = l->member, .len = l,
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

static bool get_number(Dwarf_Die *die, unsigned int name, uint64_t *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	if (!dwarf_attr(die, name, &attr) || dwarf_formudata(&attr, &word))
		return false;
	*ret = word;
	return true;
}

/* Go from a typedef or a qualified type to the type itself. */
static bool peel(Dwarf_Die *type)
{
	for (int i = 0; i < NESTING_MAX; i++) {
		Dwarf_Attribute attr;

		switch (dwarf_tag(type)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			/* Without a type it would be of void. */
			if (!dwarf_attr(type, DW_AT_type, &attr) || !dwarf_formref_die(&attr, type))
				return false;
			break;
		default:
			return true;
		}
	}
	return false;
}

static bool get_type(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attr;

	return dwarf_attr(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, type) && peel(type);
}

/* Elements in one dimension; 0 if it has no bound, or -1 for one. */
static uint64_t dimension(Dwarf_Die *range)
{
	uint64_t count;

	if (!get_number(range, DW_AT_count, &count)) {
		if (!get_number(range, DW_AT_upper_bound, &count))
			return 0;
		count++;
	}
	return count < LENGTH_MAX ? count : 0;
}

/* Elements of an array: of its first dimension, or of all of them together. */
static bool array_length(Dwarf_Die *array, bool all, uint64_t *ret)
{
	uint64_t total = 1;
	bool found = false;
	Dwarf_Die range;

	for (int rc = dwarf_child(array, &range); !rc; rc = dwarf_siblingof(&range, &range)) {
		if (dwarf_tag(&range) != DW_TAG_subrange_type)
			continue;
		found = true;
		if (!checked_mul(total, dimension(&range), &total))
			return false;
		if (!all)
			break;
	}
	if (found)
		*ret = total;
	return found;
}

static bool type_size(const struct scan *s, Dwarf_Die *type, uint64_t *ret)
{
	uint64_t elements = 1, n;
	Dwarf_Die die = *type;

	for (int i = 0; i < NESTING_MAX; i++) {
		switch (dwarf_tag(&die)) {
		case DW_TAG_array_type:
			if (!array_length(&die, true, &n) || !checked_mul(elements, n, &elements) ||
			    !get_type(&die, &die))
				return false;
			continue;
		case DW_TAG_pointer_type:
			if (!get_number(&die, DW_AT_byte_size, &n))
				n = s->d->is64 ? 8 : 4;
			break;
		default:
			if (!get_number(&die, DW_AT_byte_size, &n))
				return false;
			break;
		}
		return checked_mul(n, elements, ret) && *ret < STRUCT_MAX;
	}
	return false;
}

/* Where a member begins, from the start of its struct; bytes. */
static bool member_location(Dwarf_Die *member, uint64_t *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	Dwarf_Word word;
	size_t nr;

	*ret = 0;
	if (!dwarf_attr(member, DW_AT_data_member_location, &attr))
		return true;	/* of a union, or given in bits */
	if (!dwarf_formudata(&attr, &word)) {
		*ret = word;
	} else {
		/* DWARF 2 has an expression that adds to the struct's address. */
		if (dwarf_getlocation(&attr, &ops, &nr) || nr != 1 ||
		    ops->atom != DW_OP_plus_uconst)
			return false;
		*ret = ops->number;
	}
	return *ret < STRUCT_MAX;
}

/*
 * Look at a member of what begins at base, bits. Bits are counted in the
 * direction in which the machine counts bytes. Until DWARF 4 a bit field's
 * offset was counted from the most significant bit of the storage unit that
 * holds it.
 */
static bool read_member(const struct scan *s, Dwarf_Die *member, uint64_t base,
			struct answer *ret)
{
	uint64_t location, offset = 0, storage;
	Dwarf_Die type;

	*ret = (struct answer){ .known = true };
	if (!get_type(member, &type) || !member_location(member, &location))
		return false;
	if (!type_size(s, &type, &ret->size))
		ret->size = 0;
	if (dwarf_tag(&type) == DW_TAG_array_type)
		array_length(&type, false, &ret->length);
	get_number(member, DW_AT_bit_size, &ret->bit_size);
	if (!get_number(member, DW_AT_data_bit_offset, &offset) && ret->bit_size &&
	    get_number(member, DW_AT_bit_offset, &offset)) {
		if (!get_number(member, DW_AT_byte_size, &storage))
			storage = ret->size;
		if (!s->d->big_endian)
			offset = storage * 8 - offset - ret->bit_size;
	}
	ret->bit_offset = base + location * 8 + offset;
	return ret->bit_offset < STRUCT_MAX * 8 && ret->bit_size <= 8 * ret->size;
}

static bool is_aggregate(Dwarf_Die *type)
{
	return dwarf_tag(type) == DW_TAG_structure_type || dwarf_tag(type) == DW_TAG_union_type;
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
		struct answer a;

		s->budget--;
		if (dwarf_tag(&die) != DW_TAG_member)
			continue;
		name = dwarf_diename(&die);
		if (name)
			stop = fn(s, ctx, name, &die, base);
		else if (depth < NESTING_MAX && get_type(&die, &inner) && is_aggregate(&inner) &&
			 read_member(s, &die, base, &a))
			stop = for_members(s, &inner, a.bit_offset, depth + 1, fn, ctx);
		if (stop)
			return true;
	}
	note_damage(s, rc);
	return false;
}

/* On the way down a path. */
struct step {
	const char *path;		/* from here on; NULL: arrived */
	Dwarf_Die member;
	struct answer at;
};

static bool take_step(struct scan *s, void *ctx, const char *name, Dwarf_Die *member,
		      uint64_t base)
{
	struct step *step = ctx;
	const char *rest;

	if (!is_step(step->path, name, &rest) || !read_member(s, member, base, &step->at))
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
		if (!get_type(&step->member, &type) ||
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
			w->trial = step.at;
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
	if (!n || n->settled || !peel(&type) || !type_size(s, &type, &size) ||
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

		if (n && !n->settled && get_number(&die, DW_AT_const_value, &a.value))
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

	if (n && !n->settled && get_type(die, &type) && dwarf_tag(&type) == DW_TAG_array_type &&
	    array_length(&type, false, &a.length) && a.length)
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
			if (nested && depth < NESTING_MAX)
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
	Dwarf_Attribute attr;
	const char *producer = dwarf_formstring(dwarf_attr(unit, DW_AT_producer, &attr));

	/*
	 * Where a struct is defined within another one, C has it in the scope
	 * around both, and so does gcc. Clang leaves it inside.
	 */
	scan_children(s, unit, !producer || strncmp(producer, "GNU ", 4), 0);
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

	t->member_bit_offset = w->best.bit_offset;
	t->member_bit_sz = w->best.bit_size;
	t->member_size = w->best.size;
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
				w->len->value = w->best.length;
				w->len->index = source;
			} else if (w->path && w->path->index < 0) {
				w->path->bit_offset = w->best.bit_offset;
				w->path->bit_sz = w->best.bit_size;
				w->path->size = w->best.size;
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
			err = err_set(-EBADMSG, "part of the debug information of %s cannot be "
				      "read: %s", d->path, dwarf_errmsg(s.error ? s.error : -1));
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
