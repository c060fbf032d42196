/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Types as C, with offsets and sizes in comments, for people. A comment
 * marks damaged ones at their place.
 */
#ifndef TYPES_BTF_PRINT_H
#define TYPES_BTF_PRINT_H

#include "types/btf.h"

/** The most text one type is worth: 20 times what the largest in a kernel makes. */
#define BTF_TEXT_MAX (1u << 20)

/** Text that grows. All zeros to begin with. */
struct btf_text {
	char *buf; /**< ends with a NUL; NULL while empty */
	size_t len, room;
	size_t line;	   /**< where the last line begins, after its tabs */
	unsigned int tabs; /**< of the last line */
	int err;	   /**< why it no longer grows */
};

/** Free the text; it is empty then. */
void btf_text_deinit(struct btf_text *text);

/**
 * Add a struct, union, enum or typedef, of a typedef also what it stands for.
 * @return 0; -ENOMEM; -EFBIG if it is too long
 */
int btf_print_type(struct btf_text *text, const struct btf_types *t, const struct btype *type)
	__attribute__((warn_unused_result));

/**
 * Add one member, and what is in it if it is a struct.
 * @param of a type to name in a comment in front of it, or NULL
 * @return as btf_print_type()
 */
int btf_print_member(struct btf_text *text, const struct btf_types *t, const struct btype *of,
		     const struct btype_member *m) __attribute__((warn_unused_result));

/** Add text that is no type, at most 511 characters. @return as btf_print_type() */
int btf_text_add(struct btf_text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
