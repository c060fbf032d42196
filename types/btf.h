/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * BTF read from a dump: the kernel's, or a module's on top of it.
 *
 * libbpf splits the bytes into records and knows every kind; what a record says is
 * checked here when it is used, since not every version of libbpf does. A type is
 * known by its id: 0 is void, those of a module begin where the kernel's end.
 */
#ifndef TYPES_BTF_H
#define TYPES_BTF_H

#include "facts/member.h"
#include "symbols/vmem.h"

/** The most bytes that are read as BTF; the largest known has 6 MB. */
#define BTF_BYTES_MAX (UINT64_C(64) << 20)
/** C's own limits on nesting are lower; damaged types can have loops. */
#define BTYPE_DEPTH_MAX 32

struct btf;
struct btf_names;

/** Constant once loaded. */
struct btf_types {
	struct btf *btf;
	const struct btf_types *base; /**< of the kernel; NULL: this is the kernel's */
	uint32_t first, end;	      /**< own ids: [first, end) */
	const uint32_t *records_end;  /**< where the last own record ends */
	uint32_t str_start, str_end;  /**< offsets of the own strings, each NUL-ended */
	unsigned int pointer_size;    /**< bytes */
	uint64_t unreadable;	      /**< bytes; types in them are prototypes without a name */
	uint32_t lost_at, lost_end;   /**< offsets of names that could not be read */
	/** Types were lost, maybe more than the ids tell: those of a module cannot follow. */
	bool uncounted;
};

/**
 * Read BTF from a dump.
 * @param base borrowed as long as @p t; NULL for the kernel's
 * @return 0; -EBADMSG if it is damaged; -EFAULT; -ENOMEM; -ENOENT if libbpf cannot do
 * without something the system does not have
 */
int btf_types_load(struct btf_types *t, const struct vmem *mem, vaddr_t start, uint64_t size,
		   const struct btf_types *base) __attribute__((warn_unused_result));
/**
 * Read the part of the kernel's BTF that answers about names, see btf_part_read(): types get other
 * ids, and a module's types cannot be loaded on top of it.
 * @return as btf_part_read()
 */
int btf_types_load_part(struct btf_types *t, const struct vmem *mem, vaddr_t start, uint64_t size,
			const struct btf_names *names) __attribute__((warn_unused_result));
/** May be called twice, and on zeros. */
void btf_types_deinit(struct btf_types *t);

/** Kinds of types, as numbered in BTF. */
enum btype_kind {
	BTYPE_VOID,
	BTYPE_INT,
	BTYPE_PTR,
	BTYPE_ARRAY,
	BTYPE_STRUCT,
	BTYPE_UNION,
	BTYPE_ENUM,
	BTYPE_FWD,
	BTYPE_TYPEDEF,
	BTYPE_VOLATILE,
	BTYPE_CONST,
	BTYPE_RESTRICT,
	BTYPE_FUNC,
	BTYPE_FUNC_PROTO,
	BTYPE_VAR,
	BTYPE_DATASEC,
	BTYPE_FLOAT,
	BTYPE_DECL_TAG,
	BTYPE_TYPE_TAG,
	BTYPE_ENUM64,
};

/** One type. */
struct btype {
	uint32_t id;
	unsigned int kind; /**< enum btype_kind, or one that is newer */
	bool flag;	   /**< what it means depends on the kind */
	uint32_t name_off;
	uint32_t size;	      /**< bytes; or the type it refers to */
	uint32_t nr;	      /**< members, enumerators, or parameters */
	const uint32_t *tail; /**< what the kind has for these, all of it */
};

/** Words of the tail that a member, an enumerator, a parameter has. */
#define BTYPE_MEMBER_WORDS 3
#define BTYPE_ENUM_WORDS 2
#define BTYPE_ENUM64_WORDS 3
#define BTYPE_PARAM_WORDS 2
/** Words of an array's tail. */
#define BTYPE_ARRAY_ELEMENT 0
#define BTYPE_ARRAY_LENGTH 2

/**
 * Return the words that follow the three which each record has.
 * @param nr of members, enumerators, or parameters
 */
uint64_t btype_tail_words(unsigned int kind, uint32_t nr);

/**
 * The words of a record that are ids: the third, and every step-th word from the first on. An array
 * has two of these, other kinds one for each member or parameter.
 */
struct btype_id_places {
	bool third;
	uint8_t first, step; /**< step 0: none */
};
struct btype_id_places btype_id_places(unsigned int kind);

/** The kind of a type and its name's offset, unchecked; false if there is no such id. */
bool btype_peek(const struct btf_types *t, uint32_t id, unsigned int *kind, uint32_t *name_off);

/** The record of a type. @return 0; -EBADMSG */
int btype_get(const struct btf_types *t, uint32_t id, struct btype *ret)
	__attribute__((warn_unused_result));

/** A name; "" if the offset is wild, or the name could not be read. Borrowed from @p t. */
const char *btype_name(const struct btf_types *t, uint32_t name_off);

/** Return whether there is a name at an offset that is not known: "" does not mean "none" then. */
bool btype_is_name_lost(const struct btf_types *t, uint32_t name_off);

static inline bool btype_is_struct(const struct btype *r)
{
	return r->kind == BTYPE_STRUCT || r->kind == BTYPE_UNION;
}

/** Return whether a type only stands for another one: a typedef, const, ... */
bool btype_is_alias(const struct btype *r);

/** The type that typedefs and qualifiers lead to. @return 0; -EBADMSG */
int btype_strip(const struct btf_types *t, uint32_t id, struct btype *ret)
	__attribute__((warn_unused_result));

/**
 * Bytes of a type; 0 for a flexible array.
 * @return 0; -ENOENT if it has no size (void, a forward declaration, a function);
 * -EBADMSG
 */
int btype_size(const struct btf_types *t, uint32_t id, uint32_t *ret)
	__attribute__((warn_unused_result));

/** The type and place of a member. */
struct btype_member {
	uint32_t type; /**< as declared */
	uint32_t name_off;
	struct member_place at; /**< elements are those of an array's first dimension */
};

/** The i-th member of a struct. @return 0; -EBADMSG */
int btype_get_member(const struct btf_types *t, const struct btype *s, uint32_t i,
		     struct btype_member *ret) __attribute__((warn_unused_result));

/**
 * Find a member by its name, also in unnamed members, or one of an embedded struct by
 * MEMBER.MEMBER. An array of structs stands for its first element then.
 *
 * @param[in,out] budget members that may still be looked at, so that damaged types
 * cannot take for ever
 * @return 0; -ENOENT if there is none; -EBADMSG if damage is why
 */
int btype_find_member(const struct btf_types *t, uint32_t id, const char *path, uint64_t *budget,
		      struct btype_member *ret) __attribute__((warn_unused_result));

/** The i-th enumerator's value. */
int64_t btype_enum_value(const struct btype *e, uint32_t i);

/** The offset of its name. */
uint32_t btype_enum_name(const struct btype *e, uint32_t i);

#endif
