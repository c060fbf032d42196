/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The types in BTF of a given set of names, found in one pass.
 */
#ifndef TYPES_BTF_INDEX_H
#define TYPES_BTF_INDEX_H

#include "types/btf.h"
#include "types/btf_names.h"

/** Types of one name; more are ignored. */
#define BTF_FOUND_MAX 64

/** A struct, union, typedef, variable or enumerator. */
struct btf_found {
	uint32_t id;	   /**< of the type; of the enum */
	unsigned int kind; /**< BTYPE_ENUM stands for an enumerator of either width */
	bool named;	   /**< whether its enum has a name */
	int64_t value;	   /**< of the enumerator */
	uint32_t next;	   /**< of the same name: number + 1; 0: none */
};

struct btf_index {
	const struct btf_index *base;
	struct btf_offsets offsets;
	struct btf_head *heads; /**< of each name */
	struct btf_found *found;
	size_t nr_found;
	/** A name under which there was too much, or NULL. */
	const char *overflow;
};

/**
 * Look through the types of @p t, not those of its base.
 * @param names borrowed
 * @param base for a module: the kernel's index for the same names; borrowed
 * @return 0 or -ENOMEM
 */
int btf_index_init(struct btf_index *ix, const struct btf_names *names, const struct btf_types *t,
		   const struct btf_index *base) __attribute__((warn_unused_result));
/** May be called twice, and on zeros. */
void btf_index_deinit(struct btf_index *ix);

/** The first that was found under a name of the set, or NULL. */
const struct btf_found *btf_index_first(const struct btf_index *ix, const char *name);
/** The one after it, or NULL. */
const struct btf_found *btf_index_next(const struct btf_index *ix, const struct btf_found *f);

#endif
