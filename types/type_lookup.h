/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Types of the crashed kernel by name, for questions that arise at run time. Declarations
 * (btf_info.h) are for what is known when the program is built.
 *
 * Several sources may know types: the dump's BTF, a vmlinux's DWARF. A type belongs to the
 * source it came from, which is asked about its members. Nothing here is thread-safe.
 */
#ifndef TYPES_TYPE_LOOKUP_H
#define TYPES_TYPE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts/member.h"

/** The kinds of names to look up. */
enum type_tag {
	TYPE_PLAIN, /**< a typedef, or a number such as "unsigned int" */
	TYPE_STRUCT,
	TYPE_UNION,
	TYPE_ENUM,
};

/** The kind of a type, after typedefs and qualifiers. */
enum c_type_kind {
	C_VOID,
	C_NUMBER, /**< an integer, an enum; also a floating-point number */
	C_POINTER,
	C_ARRAY,
	C_STRUCT, /**< or a union */
	C_FUNCTION,
};

struct type_source;

/** Pointers and arrays that c_type_pointer_to() and c_type_array_of() can put on a type. */
#define C_TYPE_OUTER_MAX 8

/**
 * One type. Ask c_type_kind(), c_type_size() and c_type_length(): the fields are of what is
 * below outer[].
 */
struct c_type {
	struct type_source *source; /**< NULL: a void or number without a source */
	enum c_type_kind kind;
	uint64_t size;	 /**< bytes; 0: it has none, or it is not known */
	uint64_t length; /**< of an array, elements; 0: not known */
	bool is_char;	 /**< the number is a "char" */
	bool is_signed;
	/** A struct that is declared but not defined where it is used; size is 0. */
	bool incomplete;
	enum type_tag tag;	   /**< of a struct: TYPE_STRUCT or TYPE_UNION */
	const char *name;	   /**< of a struct, "" if it has none; lives as the source */
	unsigned int pointer_size; /**< bytes */
	uint64_t handle[4];	   /**< the source's own */
	/** Derivations, the outermost last: an array's length; 0: a pointer. */
	uint64_t outer[C_TYPE_OUTER_MAX];
	unsigned int nr_outer;
};

/** A member of a struct. */
struct c_member {
	struct c_type type;
	struct member_place at;
};

/** A source of types. */
struct type_source_ops {
	/**
	 * The nth definition of a type that a module may mean: of its own ones or, if it has
	 * none, of the kernel's. A declaration is none.
	 * @param module NULL: the kernel
	 * @return 0; -ENOENT (no sentence needed); -EBADMSG, -EFAULT, -ENOMEM
	 */
	int (*find)(struct type_source *s, const char *module, enum type_tag tag, const char *name,
		    unsigned int nth, struct c_type *ret);
	/** The type of a global variable. @return as find() */
	int (*variable)(struct type_source *s, const char *module, const char *name,
			struct c_type *ret);
	/** The target of a pointer or array without outer[]. @return 0; -EBADMSG; -ENOMEM */
	int (*target)(const struct c_type *t, struct c_type *ret);
	/**
	 * A member of a struct without outer[], also of unnamed members.
	 * @return as find()
	 */
	int (*member)(const struct c_type *t, const char *name, struct c_member *ret);
};

/** A source embeds this. */
struct type_source {
	const struct type_source_ops *ops;
};

#define TYPE_SOURCES_MAX 2
#define TYPES_FOUND_MAX 64

/** The sources of types, and the types found before. */
struct type_lookup {
	struct type_source *sources[TYPE_SOURCES_MAX]; /**< asked in this order */
	size_t nr_sources;
	unsigned int pointer_size; /**< bytes */
	struct type_found *found;  /**< owned */
	size_t nr_found;
};

/** @param pointer_size of the kernel, bytes */
void type_lookup_init(struct type_lookup *l, unsigned int pointer_size);
/** Add a source, at most TYPE_SOURCES_MAX. @param source borrowed */
void type_lookup_add(struct type_lookup *l, struct type_source *source);
void type_lookup_deinit(struct type_lookup *l);

/**
 * Find a type by its name. Built-in numbers ("char", "unsigned long") and void are always
 * known.
 *
 * Among several definitions, those with a member of the given name count; if these differ
 * in their sizes or in where it is, none does.
 *
 * @param module NULL: the kernel
 * @param member the one that is to be asked for next; NULL: none
 * @return 0; -ENOENT; -ENOTUNIQ; -EBADMSG, -EFAULT if damage is why; -ENOMEM; with a
 * sentence that names it
 */
int type_find(struct type_lookup *l, const char *module, enum type_tag tag, const char *name,
	      const char *member, struct c_type *ret) __attribute__((warn_unused_result));

/** The type of a global variable. @return as type_find(); -ENOENT: no source has it */
int type_of_variable(struct type_lookup *l, const char *module, const char *name,
		     struct c_type *ret) __attribute__((warn_unused_result));

/**
 * The target of a pointer, or the element of an array.
 * @param ret may be @p t
 * @return 0; -EINVAL if it is neither; else as type_find()
 */
int type_target(struct type_lookup *l, const char *module, const struct c_type *t,
		struct c_type *ret) __attribute__((warn_unused_result));

/**
 * A member of a struct; one that is only declared where the type comes from is sought by
 * its name.
 * @return 0; -EINVAL if it is no struct; else as type_find()
 */
int type_member(struct type_lookup *l, const char *module, const struct c_type *t, const char *name,
		struct c_member *ret) __attribute__((warn_unused_result));

/** Put a pointer or an array on a type. @return 0; -E2BIG */
int c_type_pointer_to(struct c_type *t) __attribute__((warn_unused_result));
/** @param length elements, not 0 */
int c_type_array_of(struct c_type *t, uint64_t length) __attribute__((warn_unused_result));

static inline enum c_type_kind c_type_kind(const struct c_type *t)
{
	if (!t->nr_outer)
		return t->kind;
	return t->outer[t->nr_outer - 1] ? C_ARRAY : C_POINTER;
}

/** Elements of an array; 0: not known. */
static inline uint64_t c_type_length(const struct c_type *t)
{
	return t->nr_outer ? t->outer[t->nr_outer - 1] : t->length;
}

/** Bytes; 0: it has none, it is not known, or it is larger than memory. */
uint64_t c_type_size(const struct c_type *t);

/** Return the name of the kind: "a pointer". */
const char *c_type_describe(const struct c_type *t);

#endif
