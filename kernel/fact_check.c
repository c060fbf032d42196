// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/fact_check.h"

#include <inttypes.h>
#include <stdio.h>

#include "facts/macro_values.h"
#include "lib/checked.h"

static bool is_compared(int index, const char *modname, size_t nr)
{
	return (index == FACT_FILE || index == FACT_VMCOREINFO) && !strcmp(modname, "vmlinux") &&
	       nr < FACT_CHECK_MAX;
}

static void copy_types(struct fact_check *c, const struct fact_set *set)
{
	for (size_t i = 0; i < set->nr_ktypes; i++) {
		struct ktype_info *t = set->ktypes[i];
		size_t nr = c->set.nr_ktypes;

		if (!is_compared(t->index, t->modname, nr))
			continue;
		c->types[nr] = (struct ktype_info){
			.modname = t->modname,
			.struct_name = t->struct_name,
			.member_name = t->member_name,
			.struct_required = t->struct_required,
			.member_required = t->member_required,
			.index = -1,
		};
		c->type_ptrs[nr] = &c->types[nr];
		c->type_originals[nr] = t;
		c->set.nr_ktypes++;
	}
}

static void copy_nums(struct fact_check *c, const struct fact_set *set)
{
	for (size_t i = 0; i < set->nr_knums; i++) {
		struct knum_info *n = set->knums[i];
		size_t nr = c->set.nr_knums;

		if (!is_compared(n->index, n->modname, nr))
			continue;
		c->nums[nr] = (struct knum_info){
			.modname = n->modname,
			.name = n->name,
			.required = n->required,
			.index = -1,
		};
		c->num_ptrs[nr] = &c->nums[nr];
		c->num_originals[nr] = n;
		c->set.nr_knums++;
	}
}

/* Copy lengths of members: BTF has no lengths of variables. */
static void copy_lens(struct fact_check *c, const struct fact_set *set)
{
	for (size_t i = 0; i < set->nr_klens; i++) {
		struct klen_info *l = set->klens[i];
		size_t nr = c->set.nr_klens;

		if (!l->member || !is_compared(l->index, l->modname, nr))
			continue;
		c->lens[nr] = (struct klen_info){
			.modname = l->modname,
			.name = l->name,
			.member = l->member,
			.required = l->required,
			.index = -1,
		};
		c->len_ptrs[nr] = &c->lens[nr];
		c->len_originals[nr] = l;
		c->set.nr_klens++;
	}
}

void fact_check_init(struct fact_check *c, const struct fact_set *set)
{
	c->nr_differences = c->nr_doubtful = 0;
	c->set = (struct fact_set){
		.ktypes = c->type_ptrs,
		.knums = c->num_ptrs,
		.klens = c->len_ptrs,
	};
	copy_types(c, set);
	copy_nums(c, set);
	copy_lens(c, set);
}

bool fact_check_is_incomplete(const struct fact_check *c)
{
	for (size_t i = 0; i < c->set.nr_ktypes; i++) {
		if (c->types[i].index < 0)
			return true;
	}
	return false;
}

/*
 * One fact that two sources know: the record in use and the other one, which differs only in what
 * a source fills in.
 */
struct pair {
	struct ktype_info *type, *other_type;
	struct knum_info *num, *other_num;
	struct klen_info *len, *other_len;
};

/* The i-th of all facts that are compared; false at the end. */
static bool get_pair(struct fact_check *c, size_t i, struct pair *p)
{
	const struct fact_set *s = &c->set;

	*p = (struct pair){ 0 };
	if (i < s->nr_ktypes) {
		p->type = c->type_originals[i];
		p->other_type = &c->types[i];
		return true;
	}
	i -= s->nr_ktypes;
	if (i < s->nr_knums) {
		p->num = c->num_originals[i];
		p->other_num = &c->nums[i];
		return true;
	}
	i -= s->nr_knums;
	if (i >= s->nr_klens)
		return false;
	p->len = c->len_originals[i];
	p->other_len = &c->lens[i];
	return true;
}

/* The number that VMCOREINFO has of a type: an offset or a size, in bytes. */
static uint32_t type_number(const struct ktype_info *t)
{
	return t->member_name ? t->member_bit_offset / 8 : t->struct_size;
}

/* Return the sources of the record in use and of the other one, and what these say. */
static void get_values(const struct pair *p, int sources[2], int64_t values[2])
{
	if (p->type) {
		sources[0] = p->type->index;
		sources[1] = p->other_type->index;
		values[0] = type_number(p->type);
		values[1] = type_number(p->other_type);
	} else if (p->num) {
		sources[0] = p->num->index;
		sources[1] = p->other_num->index;
		values[0] = p->num->value;
		values[1] = p->other_num->value;
	} else {
		sources[0] = p->len->index;
		sources[1] = p->other_len->index;
		values[0] = p->len->value;
		values[1] = p->other_len->value;
	}
}

/* A bit field has no number in VMCOREINFO. */
static bool differs(const struct pair *p)
{
	int64_t values[2];
	int sources[2];

	get_values(p, sources, values);
	return sources[0] >= 0 && sources[1] >= 0 && values[0] != values[1] &&
	       !(p->type && (p->type->member_bit_sz || p->other_type->member_bit_sz));
}

#define SWAP(a, b) \
	do { \
		__typeof__(*(a)) old_ = *(a); \
\
		*(a) = *(b); \
		*(b) = old_; \
	} while (0)

static void use_other(const struct pair *p)
{
	if (p->type)
		SWAP(p->type, p->other_type);
	else if (p->num)
		SWAP(p->num, p->other_num);
	else
		SWAP(p->len, p->other_len);
}

/* Return whether no compiler would put the member there. */
static bool is_impossible_offset(const struct ktype_info *t, const struct ktype_info *btf)
{
	uint32_t size = btf->member_size, offset = type_number(t);

	if (!t->member_name)
		return false;
	if (!range_fits(offset, size, btf->struct_size))
		return true;
	return (size == 2 || size == 4 || size == 8) && type_number(btf) % size == 0 &&
	       offset % size;
}

/* Return whether the number is no bit of a word, no mask of one bit, or no type of a page. */
static bool is_impossible_number(const struct knum_info *n)
{
	if (!strcmp(n->name, "PG_head_mask"))
		return !n->value || n->value & (n->value - 1);
	if (!strncmp(n->name, "PG_", 3))
		return n->value < 0 || n->value > 63;
	if (!strncmp(n->name, "PAGE_", 5) && strstr(n->name, "_MAPCOUNT_VALUE"))
		return (int32_t)n->value > -128;
	return false;
}

static bool is_impossible(const struct pair *p)
{
	if (p->type)
		return is_impossible_offset(p->type, p->other_type);
	return p->num && is_impossible_number(p->num);
}

static const char *source_name(int source)
{
	static const char *const names[] = {
		[FACT_FILE] = "the -i FILE",
		[FACT_VMCOREINFO] = "VMCOREINFO",
		[FACT_BTF] = "BTF",
		[FACT_DWARF] = "VMLINUX",
	};

	return names[source];
}

/* Say which values there are of a fact, and which of them is in use. */
static void describe(const struct pair *p, size_t nr_more, char *why, size_t size)
{
	const char *kind = "LENGTH", *name, *member = NULL;
	char more[48] = "";
	int64_t values[2];
	int sources[2], first;

	get_values(p, sources, values);
	if (p->type) {
		kind = p->type->member_name ? "OFFSET" : "SIZE";
		name = p->type->struct_name;
		member = p->type->member_name;
	} else if (p->num) {
		kind = "NUMBER";
		name = p->num->name;
	} else {
		name = p->len->name;
		member = p->len->member;
	}
	/* VMCOREINFO comes first, whichever is in use. */
	first = sources[1] < sources[0];
	if (nr_more)
		snprintf(more, sizeof(more), ", and %zu other facts differ", nr_more);
	snprintf(why, size,
		 "%s(%s%s%s) is %" PRId64 " in %s and %" PRId64 " in %s: using %" PRId64 "%s", kind,
		 name, member ? "." : "", member ? member : "", values[first],
		 source_name(sources[first]), values[!first], source_name(sources[!first]),
		 values[0], more);
}

/* Count the differences, and describe the first. */
static void sum_up(struct fact_check *c, char *why, size_t size)
{
	struct pair p, first = { 0 };
	int64_t values[2];
	int sources[2];

	c->nr_differences = c->nr_doubtful = 0;
	for (size_t i = 0; get_pair(c, i, &p); i++) {
		if (!differs(&p))
			continue;
		if (!c->nr_differences++)
			first = p;
		get_values(&p, sources, values);
		c->nr_doubtful += sources[0] <= FACT_VMCOREINFO;
	}
	why[0] = '\0';
	if (c->nr_differences)
		describe(&first, c->nr_differences - 1, why, size);
}

bool fact_check_compare(struct fact_check *c, char *why, size_t size)
{
	struct pair p;

	/* Macros, which are in no type, follow from enumerators that are. */
	facts_compute_macros(&c->set);
	for (size_t i = 0; get_pair(c, i, &p); i++) {
		if (differs(&p) && is_impossible(&p))
			use_other(&p);
	}
	sum_up(c, why, size);
	return !c->nr_differences;
}

void fact_check_decide(struct fact_check *c, int64_t (*score)(void *ctx), void *ctx, char *why,
		       size_t size)
{
	int64_t best;
	struct pair p;

	if (!c->nr_differences)
		return;
	best = score(ctx);
	for (size_t i = 0; get_pair(c, i, &p); i++) {
		int64_t other;

		if (!differs(&p))
			continue;
		use_other(&p);
		other = score(ctx);
		if (other > best)
			best = other;
		else
			use_other(&p);
	}
	sum_up(c, why, size);
}
