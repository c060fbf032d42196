// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/btf_lookup.h"

#include <errno.h>

#include "lib/err.h"

#ifdef HAVE_LIBBPF

#include <stdlib.h>
#include <string.h>

#include "types/btf.h"
#include "types/btf_info.h"

/* Modules whose types were asked for; more are not remembered but refused. */
#define MODULES_MAX 64
/* Members that may be looked at to find one: more than the largest struct has. */
#define MEMBERS_MAX 100000

struct btf_lookup {
	struct type_source source;
	const struct vmem *mem;
	const struct module_list *list;
	const struct btf_types *kernel;
	struct {
		const struct kmodule *module;
		struct btf_types types;
	} modules[MODULES_MAX];
	size_t nr_modules;
};

/* A type's handle: where it is, and its id there. */
static const struct btf_types *types_of(const struct c_type *t)
{
	return (const struct btf_types *)(uintptr_t)t->handle[0];
}

static enum c_type_kind kind_of(const struct btype *r)
{
	switch (r->kind) {
	case BTYPE_INT:
	case BTYPE_ENUM:
	case BTYPE_ENUM64:
	case BTYPE_FLOAT:
		return C_NUMBER;
	case BTYPE_PTR:
		return C_POINTER;
	case BTYPE_ARRAY:
		return C_ARRAY;
	case BTYPE_STRUCT:
	case BTYPE_UNION:
	case BTYPE_FWD:
		return C_STRUCT;
	case BTYPE_FUNC:
	case BTYPE_FUNC_PROTO:
		return C_FUNCTION;
	default:
		return C_VOID;
	}
}

/* Decode the word after an integer's record. */
#define BTF_SIGNED (1u << 24)

static int describe(struct type_source *s, const struct btf_types *types, uint32_t id,
		    struct c_type *ret)
{
	struct btype r;
	uint32_t size;
	int err = btype_strip(types, id, &r);

	if (err)
		return err;
	*ret = (struct c_type){
		.source = s,
		.kind = kind_of(&r),
		.name = "",
		.incomplete = r.kind == BTYPE_FWD,
		.pointer_size = types->pointer_size,
		.handle = { (uintptr_t)types, r.id },
	};
	if (ret->kind == C_STRUCT) {
		/* A declaration's flag says that it is a union. */
		ret->tag = r.kind == BTYPE_UNION || (r.kind == BTYPE_FWD && r.flag) ? TYPE_UNION :
										      TYPE_STRUCT;
		ret->name = btype_name(types, r.name_off);
	}
	if (r.kind == BTYPE_ARRAY)
		ret->length = r.tail[BTYPE_ARRAY_LENGTH];
	if (r.kind == BTYPE_INT) {
		ret->is_char = r.size == 1 && !strcmp(btype_name(types, r.name_off), "char");
		ret->is_signed = r.tail[0] & BTF_SIGNED;
	}
	if (r.kind == BTYPE_ENUM || r.kind == BTYPE_ENUM64)
		ret->is_signed = r.flag;
	err = btype_size(types, r.id, &size);
	if (!err)
		ret->size = size;
	return err == -ENOENT ? 0 : err;
}

/* The types of a module, read now if they were not. NULL in *ret: it has none of its own. */
static int module_types(struct btf_lookup *b, const char *name, const struct btf_types **ret)
{
	const struct kmodule *m = name ? module_list_find(b->list, name) : NULL;
	int err;

	*ret = NULL;
	if (!m || !m->btf)
		return 0;
	for (size_t i = 0; i < b->nr_modules; i++) {
		if (b->modules[i].module == m) {
			*ret = &b->modules[i].types;
			return 0;
		}
	}
	if (b->nr_modules == MODULES_MAX)
		return err_set(-ENOMEM, "types of more than %d modules", MODULES_MAX);
	err = btf_types_load(&b->modules[b->nr_modules].types, b->mem, m->btf, m->btf_size,
			     b->kernel);
	if (err)
		return err_prefix(err, "module %s", m->name);
	b->modules[b->nr_modules].module = m;
	*ret = &b->modules[b->nr_modules++].types;
	return 0;
}

static bool has_tag(unsigned int kind, enum type_tag tag)
{
	switch (tag) {
	case TYPE_STRUCT:
		return kind == BTYPE_STRUCT;
	case TYPE_UNION:
		return kind == BTYPE_UNION;
	case TYPE_ENUM:
		return kind == BTYPE_ENUM || kind == BTYPE_ENUM64;
	default:
		return kind == BTYPE_TYPEDEF || kind == BTYPE_INT || kind == BTYPE_FLOAT;
	}
}

/* The id of the nth type of a name among the own ones; 0 if there are only *seen of them. */
static uint32_t nth_own(const struct btf_types *t, enum type_tag tag, const char *name,
			unsigned int nth, unsigned int *seen)
{
	unsigned int kind;
	uint32_t name_off;

	*seen = 0;
	for (uint32_t id = t->first; id < t->end; id++) {
		if (!btype_peek(t, id, &kind, &name_off))
			break;
		if (!has_tag(kind, tag) || strcmp(btype_name(t, name_off), name))
			continue;
		if ((*seen)++ == nth)
			return id;
	}
	return 0;
}

static struct btf_lookup *lookup_of(struct type_source *s)
{
	return (struct btf_lookup *)((char *)s - offsetof(struct btf_lookup, source));
}

static int btf_find(struct type_source *s, const char *module, enum type_tag tag, const char *name,
		    unsigned int nth, struct c_type *ret)
{
	struct btf_lookup *b = lookup_of(s);
	const struct btf_types *own;
	unsigned int seen = 0;
	uint32_t id = 0;
	int err = module_types(b, module, &own);

	if (err)
		return err;
	if (own)
		id = nth_own(own, tag, name, nth, &seen);
	if (!id && !seen) {
		own = b->kernel;
		id = nth_own(own, tag, name, nth, &seen);
	}
	return id ? describe(s, own, id, ret) : -ENOENT;
}

static uint32_t own_variable(const struct btf_types *t, const char *name)
{
	unsigned int kind;
	uint32_t name_off;

	for (uint32_t id = t->first; id < t->end && btype_peek(t, id, &kind, &name_off); id++)
		if (kind == BTYPE_VAR && !strcmp(btype_name(t, name_off), name))
			return id;
	return 0;
}

static int btf_variable(struct type_source *s, const char *module, const char *name,
			struct c_type *ret)
{
	struct btf_lookup *b = lookup_of(s);
	const struct btf_types *types = b->kernel;
	struct btype r;
	uint32_t id;
	int err = 0;

	if (module)
		err = module_types(b, module, &types);
	if (err || !types)
		return err ? err : -ENOENT;
	id = own_variable(types, name);
	if (!id)
		return -ENOENT;
	err = btype_get(types, id, &r);
	return err ? err : describe(s, types, r.size, ret);
}

static int btf_target(const struct c_type *t, struct c_type *ret)
{
	const struct btf_types *types = types_of(t);
	struct btype r;
	int err = btype_get(types, t->handle[1], &r);

	if (err)
		return err;
	return describe(t->source, types,
			r.kind == BTYPE_ARRAY ? r.tail[BTYPE_ARRAY_ELEMENT] : r.size, ret);
}

static int btf_member(const struct c_type *t, const char *name, struct c_member *ret)
{
	const struct btf_types *types = types_of(t);
	uint64_t budget = MEMBERS_MAX;
	struct btype_member m;
	int err = btype_find_member(types, t->handle[1], name, &budget, &m);

	if (err)
		return err;
	*ret = (struct c_member){ .at = m.at };
	return describe(t->source, types, m.type, &ret->type);
}

static const struct type_source_ops btf_source = {
	.find = btf_find,
	.variable = btf_variable,
	.target = btf_target,
	.member = btf_member,
};

int btf_lookup_create(struct btf_lookup **ret, struct btf_info *types, const struct vmem *mem,
		      const struct module_list *modules)
{
	const struct btf_types *kernel;
	struct btf_lookup *b;
	int err = btf_info_types(types, &kernel);

	if (err)
		return err;
	b = calloc(1, sizeof(*b));
	if (!b)
		return err_set(-ENOMEM, "no memory");
	b->source.ops = &btf_source;
	b->mem = mem;
	b->list = modules;
	b->kernel = kernel;
	*ret = b;
	return 0;
}

void btf_lookup_destroy(struct btf_lookup *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->nr_modules; i++)
		btf_types_deinit(&b->modules[i].types);
	free(b);
}

struct type_source *btf_lookup_source(struct btf_lookup *b)
{
	return &b->source;
}

#else

int btf_lookup_create(struct btf_lookup **ret, struct btf_info *types, const struct vmem *mem,
		      const struct module_list *modules)
{
	(void)ret, (void)types, (void)mem, (void)modules;
	return err_set(-ENOTSUP, "built without libbpf: cannot read types from the dump");
}

void btf_lookup_destroy(struct btf_lookup *b)
{
	(void)b;
}

struct type_source *btf_lookup_source(struct btf_lookup *b)
{
	(void)b;
	return NULL;
}

#endif
