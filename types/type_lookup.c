// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/type_lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/err.h"

/* Answers that are remembered; questions beyond that are asked again. */
#define REMEMBERED_MAX 256
/* The most words of a built-in number: "unsigned long long int". */
#define WORDS_MAX 4

/* One question, and what is answered. */
struct type_found {
	char *module, *name, *member; /* owned; NULL as in the question */
	enum type_tag tag;
	struct c_type type;
};

void type_lookup_init(struct type_lookup *l, unsigned int pointer_size)
{
	*l = (struct type_lookup){ .pointer_size = pointer_size };
}

void type_lookup_add(struct type_lookup *l, struct type_source *source)
{
	l->sources[l->nr_sources++] = source;
}

void type_lookup_deinit(struct type_lookup *l)
{
	for (size_t i = 0; i < l->nr_found; i++) {
		free(l->found[i].module);
		free(l->found[i].name);
		free(l->found[i].member);
	}
	free(l->found);
	*l = (struct type_lookup){ 0 };
}

/* --- numbers that every C has ----------------------------------------------------- */

/* Return whether a word is the next one of a text, and if so move *text past it and its blanks. */
static bool take_word(const char **text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*text, word, len) || ((*text)[len] && (*text)[len] != ' '))
		return false;
	*text += len;
	*text += strspn(*text, " ");
	return true;
}

/* The size of what a number's words say; 0 if they say nothing. */
static unsigned int word_size(unsigned int pointer_size, unsigned int longs, bool is_short,
			      bool is_int, bool is_char, bool has_sign)
{
	if (is_char)
		return longs || is_short || is_int ? 0 : 1;
	if (is_short)
		return longs ? 0 : 2;
	if (longs)
		return longs == 1 ? pointer_size : longs == 2 ? 8 : 0;
	return is_int || has_sign ? 4 : 0;
}

static bool is_built_in(const struct type_lookup *l, const char *name, struct c_type *ret)
{
	unsigned int longs = 0, size;
	bool is_short = false, is_int = false, is_char = false, is_unsigned = false;
	bool is_signed = false;

	*ret = (struct c_type){ .kind = C_VOID, .name = "", .pointer_size = l->pointer_size };
	if (!strcmp(name, "void"))
		return true;
	for (int i = 0; *name && i < WORDS_MAX; i++) {
		if (take_word(&name, "long"))
			longs++;
		else if (take_word(&name, "short"))
			is_short = true;
		else if (take_word(&name, "int"))
			is_int = true;
		else if (take_word(&name, "char"))
			is_char = true;
		else if (take_word(&name, "unsigned"))
			is_unsigned = true;
		else if (take_word(&name, "signed"))
			is_signed = true;
		else
			return false;
	}
	size = word_size(l->pointer_size, longs, is_short, is_int, is_char,
			 is_unsigned || is_signed);
	if (*name || !size || (is_unsigned && is_signed))
		return false;
	ret->kind = C_NUMBER;
	ret->size = size;
	ret->is_char = is_char && !is_unsigned && !is_signed;
	ret->is_signed = !is_unsigned;
	return true;
}

/* --- names ------------------------------------------------------------------------- */

static const char *tag_word(enum type_tag tag)
{
	static const char *const words[] = {
		[TYPE_PLAIN] = "type ",
		[TYPE_STRUCT] = "struct ",
		[TYPE_UNION] = "union ",
		[TYPE_ENUM] = "enum ",
	};

	return words[tag];
}

/* Return whether two strings are the same, or both NULL. */
static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool recall(const struct type_lookup *l, const char *module, enum type_tag tag,
		   const char *name, const char *member, struct c_type *ret)
{
	for (size_t i = 0; i < l->nr_found; i++) {
		const struct type_found *f = &l->found[i];

		if (f->tag == tag && !strcmp(f->name, name) && same(f->module, module) &&
		    same(f->member, member)) {
			*ret = f->type;
			return true;
		}
	}
	return false;
}

/* Copies a string that may be none; *failed is set if that cannot be done. */
static char *copy(const char *text, bool *failed)
{
	char *p = text ? strdup(text) : NULL;

	*failed |= text && !p;
	return p;
}

static int remember(struct type_lookup *l, const char *module, enum type_tag tag, const char *name,
		    const char *member, const struct c_type *type)
{
	bool failed = false;

	if (l->nr_found == REMEMBERED_MAX)
		return 0;
	if (!l->found)
		l->found = calloc(REMEMBERED_MAX, sizeof(*l->found));
	if (!l->found)
		return err_set(-ENOMEM, "no memory for types");
	l->found[l->nr_found++] = (struct type_found){
		.module = copy(module, &failed),
		.name = copy(name, &failed),
		.member = copy(member, &failed),
		.tag = tag,
		.type = *type,
	};
	return failed ? err_set(-ENOMEM, "no memory for types") : 0;
}

/* Find the member in a definition that suits: 0; -ENOENT if it is not the one sought; -errno. */
static int suits(const struct c_type *t, const char *member, uint64_t *offset)
{
	struct c_member m;
	int err;

	*offset = 0;
	if (!member || t->kind != C_STRUCT)
		return 0;
	err = t->source->ops->member(t, member, &m);
	if (!err)
		*offset = m.at.bit_offset;
	return err;
}

/*
 * Select one of a source's types of a name. If none has the member, select the first one: the
 * caller that looks up the member then reports that it is missing.
 */
static int find_in(struct type_source *s, const char *module, enum type_tag tag, const char *name,
		   const char *member, struct c_type *ret)
{
	bool any = false, suited = false;
	uint64_t offset, first = 0;
	struct c_type t;
	int err;

	for (unsigned int nth = 0; nth < TYPES_FOUND_MAX; nth++) {
		err = s->ops->find(s, module, tag, name, nth, &t);
		if (err)
			return err == -ENOENT && any ? 0 : err;
		err = suits(&t, member, &offset);
		if (err == -ENOMEM)
			return err;
		if (!any || (!err && !suited)) {
			*ret = t;
			first = offset;
		} else if (!err && (c_type_size(&t) != c_type_size(ret) || offset != first)) {
			return err_set(-ENOTUNIQ, "there is more than one %s%s", tag_word(tag),
				       name);
		}
		any = true;
		suited |= !err;
	}
	return any ? 0 : -ENOENT;
}

int type_find(struct type_lookup *l, const char *module, enum type_tag tag, const char *name,
	      const char *member, struct c_type *ret)
{
	int err = -ENOENT;

	if (tag == TYPE_PLAIN && is_built_in(l, name, ret))
		return 0;
	if (recall(l, module, tag, name, member, ret))
		return 0;
	for (size_t i = 0; err && err != -ENOMEM && i < l->nr_sources; i++) {
		int other = find_in(l->sources[i], module, tag, name, member, ret);

		/* Keep the result of one source if another source has none. */
		if (other != -ENOENT)
			err = other;
	}
	if (err == -ENOENT)
		return err_set(-ENOENT, "there is no %s%s%s", tag_word(tag), name,
			       l->nr_sources ? "" : ", since nothing tells of types");
	return err ? err : remember(l, module, tag, name, member, ret);
}

int type_of_variable(struct type_lookup *l, const char *module, const char *name,
		     struct c_type *ret)
{
	for (size_t i = 0; i < l->nr_sources; i++) {
		int err = l->sources[i]->ops->variable(l->sources[i], module, name, ret);

		if (err != -ENOENT)
			return err;
	}
	return err_set(-ENOENT, "the type of %s is not known", name);
}

/* --- from one type to the next ------------------------------------------------------ */

/* A struct that is only declared where it was met is defined elsewhere, if anywhere. */
static int complete(struct type_lookup *l, const char *module, struct c_type *t, const char *member)
{
	struct c_type defined;
	int err;

	if (!t->incomplete || t->nr_outer || !*t->name)
		return 0;
	err = type_find(l, module, t->tag, t->name, member, &defined);
	if (!err)
		*t = defined;
	return err == -ENOENT ? 0 : err;
}

int type_target(struct type_lookup *l, const char *module, const struct c_type *t,
		struct c_type *ret)
{
	enum c_type_kind kind = c_type_kind(t);
	int err;

	if (kind != C_POINTER && kind != C_ARRAY)
		return err_set(-EINVAL, "it is %s, which leads nowhere", c_type_describe(t));
	if (t->nr_outer) {
		*ret = *t;
		ret->nr_outer--;
		err = 0;
	} else {
		err = t->source->ops->target(t, ret);
	}
	return err ? err : complete(l, module, ret, NULL);
}

int type_member(struct type_lookup *l, const char *module, const struct c_type *t, const char *name,
		struct c_member *ret)
{
	struct c_type s = *t;
	int err;

	if (c_type_kind(t) != C_STRUCT)
		return err_set(-EINVAL, "it is %s, which has no member %s", c_type_describe(t),
			       name);
	err = complete(l, module, &s, name);
	if (err)
		return err;
	if (s.incomplete)
		return err_set(-ENOENT, "nothing tells what %s%s has in it", tag_word(s.tag),
			       s.name);
	err = s.source->ops->member(&s, name, ret);
	if (err == -ENOENT)
		return err_set(-ENOENT, "%s%s has no member %s", tag_word(s.tag),
			       *s.name ? s.name : "without a name", name);
	return err;
}

static int put_on(struct c_type *t, uint64_t length)
{
	if (t->nr_outer == C_TYPE_OUTER_MAX)
		return err_set(-E2BIG, "a type has too many stars and brackets");
	t->outer[t->nr_outer++] = length;
	return 0;
}

int c_type_pointer_to(struct c_type *t)
{
	return put_on(t, 0);
}

int c_type_array_of(struct c_type *t, uint64_t length)
{
	return put_on(t, length);
}

uint64_t c_type_size(const struct c_type *t)
{
	uint64_t elements = 1, size = t->size;
	unsigned int i = t->nr_outer;

	for (; i && t->outer[i - 1]; i--)
		if (!checked_mul(elements, t->outer[i - 1], &elements))
			return 0;
	if (i)
		size = t->pointer_size;
	return checked_mul(elements, size, &size) ? size : 0;
}

const char *c_type_describe(const struct c_type *t)
{
	static const char *const words[] = {
		[C_VOID] = "a void",	[C_NUMBER] = "a number", [C_POINTER] = "a pointer",
		[C_ARRAY] = "an array", [C_STRUCT] = "a struct", [C_FUNCTION] = "a function",
	};

	return words[c_type_kind(t)];
}
