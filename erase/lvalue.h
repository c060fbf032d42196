/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Places in the crashed kernel's memory, by the paths of a makedumpfile.conf.
 *
 * All functions return 0; LVALUE_NULL if a NULL pointer is on the way; -EFAULT if memory
 * cannot be read; -ENOMEM; another -errno if there is no such thing.
 */
#ifndef ERASE_LVALUE_H
#define ERASE_LVALUE_H

#include "erase/config_eval.h"

/** Not an error: there is nothing there. */
#define LVALUE_NULL 1

/** Something in the kernel's memory. */
struct lvalue {
	vaddr_t at;
	struct c_type type;
	bool is_bits; /**< a bit field: at is that of its unit */
};

/** A loop's variable, as it is now. */
struct variable {
	const char *name;
	const struct lvalue *place;
	const struct variable *outer; /**< NULL: there is no loop around */
};

/**
 * Find the object that a path leads to.
 * @param module whose names these are; NULL: the kernel's
 * @param vars variables that go before symbols; or NULL
 */
int lvalue_find(const struct eval_ops *w, const char *module, const struct config_path *path,
		const struct variable *vars, struct lvalue *ret)
	__attribute__((warn_unused_result));

/** The beginning of a path: a variable or a symbol. */
int lvalue_start(const struct eval_ops *w, const char *module, const struct config_step *s,
		 const struct variable *vars, struct lvalue *ret)
	__attribute__((warn_unused_result));

/** From a place on by members, up to a step that is not taken; NULL: to the end. */
int lvalue_follow(const struct eval_ops *w, const char *module, const struct config_step *s,
		  const struct config_step *end, struct lvalue *p)
	__attribute__((warn_unused_result));

/** From a place to a member of it. */
int lvalue_member(const struct eval_ops *w, const char *module, const char *name, struct lvalue *p)
	__attribute__((warn_unused_result));

/** Go through pointers, and into the first element of arrays, to where members can be. */
int lvalue_enter(const struct eval_ops *w, const char *module, struct lvalue *p)
	__attribute__((warn_unused_result));

/** The pointer at an address. */
int lvalue_read_pointer(const struct eval_ops *w, vaddr_t at, vaddr_t *ret)
	__attribute__((warn_unused_result));

#endif
