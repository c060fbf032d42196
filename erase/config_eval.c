// SPDX-License-Identifier: GPL-2.0-or-later
#include "erase/config_eval.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "erase/lvalue.h"
#include "lib/addrset.h"
#include "lib/checked.h"
#include "lib/err.h"

/* Bytes of a string per read; no read crosses a page. */
#define STRING_PIECE 64

struct eval {
	const struct eval_ops *w;
	struct eval_outcome *outcomes;
	uint64_t steps;
};

static struct eval_outcome *outcome_of(const struct eval *e, const struct config_command *c)
{
	return &e->outcomes[c->number];
}

/* Return whether only this memory is wrong: elsewhere it can be right. */
static bool is_passing(int err)
{
	return err == -EFAULT || err == -ERANGE;
}

/* Take note of what went wrong. @return 0, or what ends everything */
static int record_error(const struct eval *e, const struct config_command *c, int err)
{
	struct eval_outcome *o = outcome_of(e, c);

	if (err == -ENOMEM)
		return err;
	o->failed++;
	o->impossible |= !is_passing(err);
	if (!o->why[0] || (o->impossible && o->failed > 1))
		snprintf(o->why, sizeof(o->why), "%s", err_text(err));
	return 0;
}

/* --- sizes ------------------------------------------------------------------------------ */

static int read_number(const struct eval *e, const struct lvalue *p, const char *text,
		       uint64_t *ret)
{
	uint64_t size = c_type_size(&p->type);
	uint8_t raw[8];
	int err;

	if (c_type_kind(&p->type) != C_NUMBER || p->is_bits ||
	    (size != 1 && size != 2 && size != 4 && size != 8))
		return err_set(-EINVAL, "%s is no whole number, so it cannot tell a size", text);
	err = vmem_read(e->w->mem, p->at, raw, size);
	if (err)
		return err;
	*ret = size == 1 ? raw[0] :
	       size == 2 ? load_u16(raw, e->w->mem->swap) :
	       size == 4 ? load_u32(raw, e->w->mem->swap) :
			   load_u64(raw, e->w->mem->swap);
	/* One below zero is larger than everything. */
	if (p->type.is_signed && size < 8 && *ret >> (size * 8 - 1))
		*ret = UINT64_MAX;
	return 0;
}

/* Read a size from the kernel's memory, for an object of @of bytes; 0: unknown. */
static int told_size(const struct eval *e, const struct config_command *c,
		     const struct variable *vars, uint64_t of, uint64_t *ret)
{
	struct lvalue p;
	int err = lvalue_find(e->w, c->module, &c->size_path, vars, &p);

	if (!err)
		err = read_number(e, &p, c->size_path.text, ret);
	if (err)
		return err;
	if (of)
		*ret = min_u64(*ret, of);
	else if (*ret > EVAL_SIZE_MAX)
		return *ret == UINT64_MAX ?
			       err_set(-ERANGE, "%s is negative", c->size_path.text) :
			       err_set(-ERANGE, "%s is %" PRIu64 ", which is not believed",
				       c->size_path.text, *ret);
	return *ret ? 0 : LVALUE_NULL;
}

/*
 * Length of a string, without its NUL. If the NUL is unreadable or too far away, return the
 * length before, and the error.
 */
static int string_size(const struct eval *e, const struct config_command *c, vaddr_t at,
		       uint64_t *ret)
{
	char piece[STRING_PIECE];

	*ret = 0;
	while (*ret < EVAL_STRING_MAX) {
		size_t n =
			min_u64(STRING_PIECE - (at + *ret) % STRING_PIECE, EVAL_STRING_MAX - *ret);
		int err = vmem_read(e->w->mem, at + *ret, piece, n);
		const char *end;

		if (err)
			return err;
		end = memchr(piece, '\0', n);
		*ret += end ? (size_t)(end - piece) : n;
		if (end)
			return 0;
	}
	return err_set(-ERANGE,
		       "only the first %u characters of %s are overwritten: it needs "
		       "\"size\"",
		       EVAL_STRING_MAX, c->what.text);
}

/* --- erase ------------------------------------------------------------------------------ */

static void count_size(struct eval_outcome *o, uint64_t size)
{
	for (unsigned int i = 0; i < o->nr_sizes; i++)
		if (o->sizes[i] == size)
			return;
	if (o->nr_sizes < EVAL_SIZES_MAX)
		o->sizes[o->nr_sizes++] = size;
}

static int overwrite(const struct eval *e, const struct config_command *c, vaddr_t at,
		     uint64_t size, uint8_t fill)
{
	struct eval_outcome *o = outcome_of(e, c);
	int err = e->w->overwrite(e->w->ctx, at, size, fill);

	if (err)
		return err;
	o->done++;
	o->bytes += size;
	count_size(o, size);
	return 0;
}

static int nullify(const struct eval *e, const struct config_command *c, const struct lvalue *p)
{
	if (c_type_kind(&p->type) != C_POINTER)
		return err_set(-EINVAL, "%s is %s: only pointers can be nullified", c->what.text,
			       c_type_describe(&p->type));
	return overwrite(e, c, p->at, p->type.pointer_size, 0);
}

static int need_size(const struct config_command *c, const char *what)
{
	return err_set(-EINVAL, "%s %s: it needs \"size\" or, if it is a pointer, \"nullify\"",
		       c->what.text, what);
}

static int erase_string(const struct eval *e, const struct config_command *c, vaddr_t at)
{
	uint64_t size;
	int err = string_size(e, c, at, &size), other = 0;
	char why[256];

	if (err)
		snprintf(why, sizeof(why), "%s", err_text(err));
	if (size)
		other = overwrite(e, c, at, size, EVAL_FILL);
	return other ? other : err ? err_adopt(err, why) : 0;
}

/* A pointer to single bytes almost always points to more than one byte. */
static bool is_bytes(const struct c_type *t)
{
	return c_type_kind(t) == C_NUMBER && c_type_size(t) == 1;
}

static int erase_pointed_to(const struct eval *e, const struct config_command *c,
			    const struct variable *vars, const struct lvalue *p)
{
	uint64_t size = c->size;
	struct c_type t;
	vaddr_t at;
	int err = type_target(e->w->types, c->module, &p->type, &t);

	if (err)
		return err;
	if (!size && !c->size_path.first && !c_type_size(&t))
		return need_size(c, "points to something of unknown size");
	if (!size && !c->size_path.first && is_bytes(&t) && !t.is_char)
		return need_size(c, "points to some number of bytes");
	err = lvalue_read_pointer(e->w, p->at, &at);
	if (err)
		return err;
	if (c->size_path.first)
		err = told_size(e, c, vars, 0, &size);
	else if (!size && t.is_char && !t.nr_outer)
		return erase_string(e, c, at);
	else if (!size)
		size = c_type_size(&t);
	return err ? err : overwrite(e, c, at, size, EVAL_FILL);
}

static int erase_place(const struct eval *e, const struct config_command *c,
		       const struct variable *vars, const struct lvalue *p)
{
	uint64_t whole = c_type_size(&p->type), size = c->size ? c->size : whole;
	int err = 0;

	if (c_type_kind(&p->type) == C_POINTER)
		return erase_pointed_to(e, c, vars, p);
	if (c->size_path.first)
		err = told_size(e, c, vars, whole, &size);
	else if (!size)
		return need_size(c, "has no size");
	return err ? err : overwrite(e, c, p->at, size, EVAL_FILL);
}

static int run_erase(const struct eval *e, const struct config_command *c,
		     const struct variable *vars)
{
	struct lvalue p;
	int err = lvalue_find(e->w, c->module, &c->what, vars, &p);

	if (!err)
		err = c->nullify ? nullify(e, c, &p) : erase_place(e, c, vars, &p);
	return err < 0 ? record_error(e, c, err) : 0;
}

/* --- loops ------------------------------------------------------------------------------ */

static int run_commands(struct eval *e, const struct config_command *c,
			const struct variable *vars);

/* Do what is in a loop with one element. @return 0; -ERANGE if it were too many; -ENOMEM */
static int visit(struct eval *e, const struct config_command *c, const struct variable *vars,
		 const struct lvalue *element)
{
	const struct variable var = { c->variable, element, vars };
	struct eval_outcome *o = outcome_of(e, c);

	if (e->steps >= EVAL_STEPS_MAX)
		return err_set(-ERANGE, "all loops together have more than %u elements",
			       EVAL_STEPS_MAX);
	e->steps++;
	o->done++;
	return run_commands(e, c->body, &var);
}

static int loop_array(struct eval *e, const struct config_command *c, const struct variable *vars,
		      const struct lvalue *array)
{
	uint64_t nr = c_type_length(&array->type), size;
	struct lvalue p = *array;
	int err;

	if (c_type_kind(&array->type) != C_ARRAY)
		return err_set(-EINVAL, "%s is %s, no array: \"via\" or \"within\" is missing",
			       c->what.text, c_type_describe(&array->type));
	err = type_target(e->w->types, c->module, &array->type, &p.type);
	if (err)
		return err;
	size = c_type_size(&p.type);
	if (!size || !nr)
		return err_set(-EINVAL, "%s has an unknown length", c->what.text);
	for (uint64_t i = 0; !err && i < nr; i++, p.at += size) {
		if (i == EVAL_LOOP_MAX)
			return err_set(-ERANGE,
				       "%s has %" PRIu64 " elements, of which %u were "
				       "looked at",
				       c->what.text, nr, EVAL_LOOP_MAX);
		err = visit(e, c, vars, &p);
	}
	return err;
}

/* The elements that a walk has seen. */
struct walk {
	struct addrset seen;
	vaddr_t start; /* where it ends if it comes there again */
};

/* @return 0; LVALUE_NULL at the end; -ERANGE if it is damaged */
static int step_to(struct walk *w, const struct config_command *c, vaddr_t node)
{
	int err;

	if (!node || (w->seen.nr && node == w->start))
		return LVALUE_NULL;
	if (!w->seen.nr)
		w->start = node;
	if (w->seen.nr == EVAL_LOOP_MAX)
		return err_set(-ERANGE, "the list %s has more than %u elements", c->what.text,
			       EVAL_LOOP_MAX);
	err = addrset_add(&w->seen, node, 0);
	if (err == -EEXIST)
		return err_set(-ERANGE,
			       "the list %s comes to %#" PRIx64 " again: it does not "
			       "lead back to its beginning",
			       c->what.text, node);
	return err;
}

static int loop_via(struct eval *e, const struct config_command *c, const struct variable *vars,
		    struct lvalue *p, struct walk *walk)
{
	int err = lvalue_enter(e->w, c->module, p);

	if (!err && c_type_kind(&p->type) != C_STRUCT)
		return err_set(-EINVAL, "%s is %s, no struct", c->what.text,
			       c_type_describe(&p->type));
	if (!err)
		err = step_to(walk, c, p->at);
	while (!err) {
		struct lvalue next = *p;

		err = visit(e, c, vars, p);
		if (!err)
			err = lvalue_follow(e->w, c->module, c->link.first, NULL, &next);
		if (!err && c_type_kind(&next.type) != C_POINTER)
			return err_set(-EINVAL, "%s is %s, no pointer", c->link.text,
				       c_type_describe(&next.type));
		if (!err)
			err = lvalue_read_pointer(e->w, next.at, &p->at);
		if (!err)
			err = step_to(walk, c, p->at);
	}
	return err;
}

/* A list, and how it goes on from one node to the next. */
struct ring {
	struct lvalue node; /* where the walk begins; all nodes are of its type */
	vaddr_t head;	    /* the node that is no element; 0: there is none */
	uint64_t next;	    /* offset of the member next, bytes */
	uint64_t prev;	    /* of prev; 0: it has none */
	struct c_type element;
	uint64_t link; /* offset of the node in an element, bytes */
};

/* Find the offset in a struct that a path of embedded members leads to. */
static int member_offset(const struct eval *e, const struct config_command *c, struct c_type type,
			 const struct config_step *s, uint64_t *ret, struct c_type *at)
{
	*ret = 0;
	for (; s; s = s->next) {
		struct c_member m;
		int err = type_member(e->w->types, c->module, &type, s->name, &m);

		if (err)
			return err;
		if (m.at.bit_size)
			return err_set(-EINVAL, "%s is a bit field", c->link.text);
		*ret += m.at.bit_offset / 8;
		type = m.type;
	}
	*at = type;
	return 0;
}

/* The first node of an hlist_head: such a list has an end, and no node is its head. */
static int enter_hlist(const struct eval *e, const struct config_command *c, struct ring *r)
{
	int err = lvalue_member(e->w, c->module, "first", &r->node);

	r->head = 0;
	return err ? err : lvalue_enter(e->w, c->module, &r->node);
}

/* The list_head that a member next or prev belongs to. */
static int find_owner(const struct eval *e, const struct config_command *c,
		      const struct variable *vars, const struct config_step *member, struct ring *r)
{
	struct lvalue p;
	int err = lvalue_start(e->w, c->module, c->what.first, vars, &p);

	if (!err)
		err = lvalue_follow(e->w, c->module, c->what.first->next, member, &p);
	if (!err)
		err = lvalue_enter(e->w, c->module, &p);
	if (err)
		return err;
	/* In another struct it is not a list's. */
	if (c_type_kind(&p.type) == C_STRUCT && !strcmp(p.type.name, r->node.type.name))
		r->head = p.at;
	return 0;
}

/*
 * Find the list by its head, by a pointer to the head, or by the head's member next (or
 * prev): then the head is the struct that contains this member.
 */
static int find_list(const struct eval *e, const struct config_command *c,
		     const struct variable *vars, struct ring *r)
{
	const struct config_step *last = c->what.first;
	struct c_member first;
	int err = lvalue_find(e->w, c->module, &c->what, vars, &r->node);
	bool is_pointer;

	if (err)
		return err;
	is_pointer = c_type_kind(&r->node.type) == C_POINTER;
	err = lvalue_enter(e->w, c->module, &r->node);
	if (err)
		return err;
	r->head = r->node.at;
	if (c_type_kind(&r->node.type) != C_STRUCT)
		return err_set(-EINVAL, "%s is %s, no list", c->what.text,
			       c_type_describe(&r->node.type));
	if (!type_member(e->w->types, c->module, &r->node.type, "first", &first))
		return enter_hlist(e, c, r);
	while (last->next)
		last = last->next;
	if (!is_pointer || last == c->what.first || last->cast)
		return 0;
	if (!strcmp(last->name, "first"))
		r->head = 0;
	else if (!strcmp(last->name, "next") || !strcmp(last->name, "prev"))
		err = find_owner(e, c, vars, last, r);
	return err;
}

static int ring_layout(const struct eval *e, const struct config_command *c, struct ring *r)
{
	const struct config_step *link = c->link.first;
	struct c_member next, prev;
	struct c_type node;
	int err =
		type_find(e->w->types, c->module, TYPE_STRUCT, c->within, link->name, &r->element);

	if (!err)
		err = member_offset(e, c, r->element, link, &r->link, &node);
	if (!err)
		err = type_member(e->w->types, c->module, &node, "next", &next);
	if (err)
		return err;
	if (strcmp(r->node.type.name, node.name))
		return err_set(-EINVAL, "%s is a list of another kind than %s:%s", c->what.text,
			       c->within, c->link.text);
	r->next = next.at.bit_offset / 8;
	err = type_member(e->w->types, c->module, &node, "prev", &prev);
	r->prev = err ? 0 : prev.at.bit_offset / 8;
	return err == -ENOMEM ? err : 0;
}

/*
 * From one node to the next, along a pointer at an offset in each.
 * @param[in,out] node where to begin, then where the walk ended
 * @param met set if the head was come to
 * @return LVALUE_NULL at the end; -errno
 */
static int go_along(struct eval *e, const struct config_command *c, const struct variable *vars,
		    const struct ring *r, uint64_t pointer, struct walk *walk, vaddr_t *node,
		    bool *met)
{
	struct lvalue element = { .type = r->element };
	int err;

	while (!(err = step_to(walk, c, *node))) {
		*met |= *node == r->head;
		if (*node != r->head) {
			element.at = *node - r->link;
			err = visit(e, c, vars, &element);
		}
		if (!err)
			err = vmem_read_ulong(e->w->mem, *node + pointer, node);
		if (err)
			return err;
	}
	return err;
}

/*
 * After a walk that failed at a node, visit the remaining nodes from the other end.
 * @return 0 if it is all that was missing; else what it broke off with; -ENOMEM
 */
static int go_back(struct eval *e, const struct config_command *c, const struct variable *vars,
		   const struct ring *r, struct walk *walk, vaddr_t broken, int why)
{
	/* If the walk broke off where it began, both ways from the head lead there. */
	bool from_head = broken == r->node.at && r->head;
	const uint64_t pointers[] = { r->next, r->prev };
	bool complete = why == -EFAULT, met = false;
	char text[256];

	snprintf(text, sizeof(text), "%s", err_text(why));
	for (size_t i = !from_head; i < ARRAY_SIZE(pointers); i++) {
		vaddr_t begin = from_head ? r->head : r->node.at, node = 0;
		int err = vmem_read_ulong(e->w->mem, begin + pointers[i], &node);

		if (!err && node != broken)
			err = go_along(e, c, vars, r, pointers[i], walk, &node, &met);
		if (err == -ENOMEM)
			return err;
		complete &= node == broken;
	}
	return complete ? 0 : err_adopt(why, text);
}

/*
 * Once around. Where it began at the head's next or prev, the head is come to on the way
 * and left out; that it is, shows that this is its list.
 */
static int walk_ring(struct eval *e, const struct config_command *c, const struct variable *vars,
		     const struct ring *r, struct walk *walk)
{
	bool met = !r->head;
	vaddr_t node = r->node.at;
	int err = go_along(e, c, vars, r, r->next, walk, &node, &met);

	if (is_passing(err) && r->prev)
		return go_back(e, c, vars, r, walk, node, err);
	if (err != LVALUE_NULL)
		return err;
	/* An uninitialised head is the head of an empty list. */
	if (node ? met : !r->head || (walk->seen.nr == 1 && met))
		return 0;
	return err_set(-ERANGE, "the list %s does not lead back to its head", c->what.text);
}

static int run_loop(struct eval *e, const struct config_command *c, const struct variable *vars)
{
	struct walk walk = { .start = 0 };
	struct ring ring = { .head = 0 };
	struct lvalue p;
	int err = addrset_init(&walk.seen);

	if (err)
		return err;
	if (c->how == LOOP_WITHIN) {
		err = find_list(e, c, vars, &ring);
		if (!err)
			err = ring_layout(e, c, &ring);
		if (!err)
			err = walk_ring(e, c, vars, &ring, &walk);
	} else {
		err = lvalue_find(e->w, c->module, &c->what, vars, &p);
		if (!err)
			err = c->how == LOOP_VIA ? loop_via(e, c, vars, &p, &walk) :
						   loop_array(e, c, vars, &p);
	}
	addrset_deinit(&walk.seen);
	return err < 0 ? record_error(e, c, err) : 0;
}

/* A command that failed permanently is not tried again for other elements. */
static int run_commands(struct eval *e, const struct config_command *c, const struct variable *vars)
{
	int err = 0;

	for (; !err && c; c = c->next) {
		struct eval_outcome *o = outcome_of(e, c);

		if (o->impossible)
			continue;
		o->without_module = c->module && !e->w->has_module(e->w->ctx, c->module);
		if (!o->without_module)
			err = c->is_loop ? run_loop(e, c, vars) : run_erase(e, c, vars);
	}
	return err;
}

int eval_config(const struct eval_ops *world, const struct erase_config *config,
		struct eval_outcome *outcomes)
{
	struct eval e = { .w = world, .outcomes = outcomes };

	return run_commands(&e, config->first, NULL);
}
