/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For tests: a source of types that knows a few, of either word size.
 *
 *	struct list_head { struct list_head *next, *prev; };
 *	struct hlist_node { struct hlist_node *next, **pprev; };
 *	struct hlist_head { struct hlist_node *first; };
 *	struct node {
 *		struct node *next; struct list_head list; struct hlist_node hash;
 *		char *name; void *data; long size; struct node *kids[3]; char text[16];
 *	};
 *
 * Of variables it knows those that are called like what they are: "node", "list_head" and
 * so on are structs, "nodep" is a pointer to one, "nodes" an array of four.
 */
#ifndef TESTS_UNIT_FEW_TYPES_H
#define TESTS_UNIT_FEW_TYPES_H

#include <errno.h>
#include <string.h>

#include "types/type_lookup.h"

/** A member of one of these structs; sizes and offsets are in longs, but for text. */
struct few_member {
	const char *of, *name;
	unsigned int offset;
	const char *type; /**< a struct's name; "char", "void" or "long" */
	unsigned int stars, length;
};

static const struct few_member few_members[] = {
	{ "list_head", "next", 0, "list_head", 1, 0 },
	{ "list_head", "prev", 1, "list_head", 1, 0 },
	{ "hlist_node", "next", 0, "hlist_node", 1, 0 },
	{ "hlist_node", "pprev", 1, "hlist_node", 2, 0 },
	{ "hlist_head", "first", 0, "hlist_node", 1, 0 },
	{ "node", "next", 0, "node", 1, 0 },
	{ "node", "list", 1, "list_head", 0, 0 },
	{ "node", "hash", 3, "hlist_node", 0, 0 },
	{ "node", "name", 5, "char", 1, 0 },
	{ "node", "data", 6, "void", 1, 0 },
	{ "node", "size", 7, "long", 0, 0 },
	{ "node", "kids", 8, "node", 1, 3 },
	{ "node", "text", 11, "char", 0, 16 },
};

/** Bytes of a struct node, and where its text is. */
static inline unsigned int few_node_size(unsigned int word)
{
	return 11 * word + 16;
}

struct few_types {
	struct type_source source;
	unsigned int word;
};

static inline unsigned int few_word(const struct type_source *s)
{
	return ((const struct few_types *)(const void *)s)->word;
}

static inline int few_struct(struct type_source *s, const char *name, struct c_type *ret)
{
	static const struct {
		const char *name;
		unsigned int longs;
	} sizes[] = { { "list_head", 2 }, { "hlist_node", 2 }, { "hlist_head", 1 } };
	unsigned int word = few_word(s);

	*ret = (struct c_type){
		.source = s,
		.kind = C_STRUCT,
		.tag = TYPE_STRUCT,
		.pointer_size = word,
		.size = few_node_size(word),
		.name = "node",
	};
	if (!strcmp(name, "node"))
		return 0;
	for (unsigned int i = 0; i < 3; i++) {
		if (strcmp(sizes[i].name, name))
			continue;
		ret->name = sizes[i].name;
		ret->size = sizes[i].longs * word;
		return 0;
	}
	return -ENOENT;
}

static inline int few_find(struct type_source *s, const char *module, enum type_tag tag,
			   const char *name, unsigned int nth, struct c_type *ret)
{
	(void)module;
	return nth || tag != TYPE_STRUCT ? -ENOENT : few_struct(s, name, ret);
}

static inline int few_variable(struct type_source *s, const char *module, const char *name,
			       struct c_type *ret)
{
	(void)module;
	if (!strcmp(name, "nodep"))
		return few_struct(s, "node", ret) || c_type_pointer_to(ret);
	if (!strcmp(name, "nodes"))
		return few_struct(s, "node", ret) || c_type_array_of(ret, 4);
	return few_struct(s, name, ret);
}

/* All that has a target has it in outer[]. */
static inline int few_target(const struct c_type *t, struct c_type *ret)
{
	(void)t, (void)ret;
	return -EBADMSG;
}

static inline int few_member(const struct c_type *t, const char *name, struct c_member *ret)
{
	unsigned int word = few_word(t->source);

	for (size_t i = 0; i < sizeof(few_members) / sizeof(*few_members); i++) {
		const struct few_member *m = &few_members[i];
		int err = 0;

		if (strcmp(m->of, t->name) || strcmp(m->name, name))
			continue;
		*ret = (struct c_member){ .at.bit_offset = (uint64_t)m->offset * word * 8 };
		if (few_struct(t->source, m->type, &ret->type)) {
			bool is_char = !strcmp(m->type, "char"), is_void = !strcmp(m->type, "void");

			ret->type = (struct c_type){
				.kind = is_void ? C_VOID : C_NUMBER,
				.is_char = is_char,
				.is_signed = true,
				.name = "",
				.pointer_size = word,
				.size = is_void ? 0 :
					is_char ? 1 :
						  word,
			};
		}
		for (unsigned int j = 0; !err && j < m->stars; j++)
			err = c_type_pointer_to(&ret->type);
		return err ? err : m->length ? c_type_array_of(&ret->type, m->length) : 0;
	}
	return -ENOENT;
}

static const struct type_source_ops few_ops = {
	.find = few_find,
	.variable = few_variable,
	.target = few_target,
	.member = few_member,
};

#endif
