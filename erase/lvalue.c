// SPDX-License-Identifier: GPL-2.0-or-later
#include "erase/lvalue.h"

#include <errno.h>
#include <string.h>

#include "lib/err.h"

/* Pointers to pointers that a member is sought after. */
#define POINTERS_MAX 4

/* --- types ---------------------------------------------------------------------------- */

/* @param member the one that is to be sought in it; or NULL */
static int cast_type(const struct eval_ops *w, const char *module, const struct config_cast *cast,
		     const char *member, struct c_type *ret)
{
	int err = type_find(w->types, module, cast->tag, cast->name, member, ret);

	for (unsigned int i = 0; !err && i < cast->stars; i++)
		err = c_type_pointer_to(ret);
	for (unsigned int i = cast->nr_dims; !err && i; i--)
		err = c_type_array_of(ret, cast->dims[i - 1]);
	return err;
}

static const char *member_behind(const struct config_step *s)
{
	return s->next ? s->next->name : NULL;
}

/* Give a place the type that a cast tells. */
static int retype(const struct eval_ops *w, const char *module, const struct config_step *s,
		  struct lvalue *p)
{
	if (!s->cast)
		return 0;
	if (p->is_bits)
		return err_set(-EINVAL, "%s is a bit field, which no cast can change", s->name);
	return cast_type(w, module, s->cast, member_behind(s), &p->type);
}

/* A cast that makes a pointer of what is none, or none of one, is of something else. */
static int check_cast(const char *name, const struct c_type *known, const struct c_type *told)
{
	bool was = c_type_kind(known) == C_POINTER, is = c_type_kind(told) == C_POINTER;

	if (was == is)
		return 0;
	return err_set(-EINVAL, "%s is %s, not %s as the cast in front of it tells", name,
		       c_type_describe(known), c_type_describe(told));
}

static int symbol_type(const struct eval_ops *w, const char *module, const struct config_step *s,
		       struct c_type *ret)
{
	struct c_type known;
	int err = type_of_variable(w->types, module, s->name, &known);

	if (err == -ENOMEM)
		return err;
	if (s->cast) {
		int cast_err = cast_type(w, module, s->cast, member_behind(s), ret);

		return cast_err || err ? cast_err : check_cast(s->name, &known, ret);
	}
	if (err == -ENOENT)
		return err_set(-ENOENT,
			       "the type of %s is not known: name it in a cast, as in "
			       "(struct NAME)%s or (char *)%s",
			       s->name, s->name, s->name);
	if (!err)
		*ret = known;
	return err;
}

/* --- paths ---------------------------------------------------------------------------- */

int lvalue_read_pointer(const struct eval_ops *w, vaddr_t at, vaddr_t *ret)
{
	int err = vmem_read_ulong(w->mem, at, ret);

	return err ? err : *ret ? 0 : LVALUE_NULL;
}

int lvalue_enter(const struct eval_ops *w, const char *module, struct lvalue *p)
{
	for (int i = 0; i <= POINTERS_MAX; i++) {
		enum c_type_kind kind = c_type_kind(&p->type);
		int err = 0;

		if (kind != C_POINTER && kind != C_ARRAY)
			return 0;
		if (kind == C_POINTER)
			err = lvalue_read_pointer(w, p->at, &p->at);
		if (!err)
			err = type_target(w->types, module, &p->type, &p->type);
		if (err)
			return err;
	}
	return err_set(-EINVAL, "it is a pointer to pointers without end");
}

/* Bytes from the start of a struct; of a bit field to the unit around it, as its type tells. */
static uint64_t byte_offset(const struct c_member *m)
{
	uint64_t offset = m->at.bit_offset / 8, size = c_type_size(&m->type);

	return m->at.bit_size && size ? offset / size * size : offset;
}

int lvalue_member(const struct eval_ops *w, const char *module, const char *name, struct lvalue *p)
{
	struct c_member m;
	int err = lvalue_enter(w, module, p);

	if (!err)
		err = type_member(w->types, module, &p->type, name, &m);
	if (err)
		return err;
	*p = (struct lvalue){ p->at + byte_offset(&m), m.type, m.at.bit_size > 0 };
	return 0;
}

static const struct lvalue *find_variable(const struct variable *vars, const char *name)
{
	for (; vars; vars = vars->outer)
		if (!strcmp(vars->name, name))
			return vars->place;
	return NULL;
}

int lvalue_start(const struct eval_ops *w, const char *module, const struct config_step *s,
		 const struct variable *vars, struct lvalue *ret)
{
	const struct lvalue *p = find_variable(vars, s->name);
	int err;

	if (p) {
		*ret = *p;
		return 0;
	}
	*ret = (struct lvalue){ .at = 0 };
	err = w->symbol(w->ctx, module, s->name, &ret->at);
	return err ? err : symbol_type(w, module, s, &ret->type);
}

int lvalue_follow(const struct eval_ops *w, const char *module, const struct config_step *s,
		  const struct config_step *end, struct lvalue *p)
{
	int err = 0;

	for (; !err && s != end; s = s->next) {
		err = lvalue_member(w, module, s->name, p);
		if (!err)
			err = retype(w, module, s, p);
	}
	return err;
}

int lvalue_find(const struct eval_ops *w, const char *module, const struct config_path *path,
		const struct variable *vars, struct lvalue *ret)
{
	int err = lvalue_start(w, module, path->first, vars, ret);

	return err ? err : lvalue_follow(w, module, path->first->next, NULL, ret);
}
