/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * A set of names, and the places where BTF's section of strings has them. Names are compared once,
 * with that section; after that, types are looked through for offsets.
 */
#ifndef TYPES_BTF_NAMES_H
#define TYPES_BTF_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A set of names, sorted. */
struct btf_names {
	const char **names; /**< the strings are borrowed */
	size_t nr;
	uint64_t filter[1024]; /**< a bit for what names look like */
};

/** @param list borrowed strings, in any order, also repeated @return 0 or -ENOMEM */
int btf_names_init(struct btf_names *n, const char *const *list, size_t nr)
	__attribute__((warn_unused_result));
/** May be called twice, and on zeros. */
void btf_names_deinit(struct btf_names *n);

/** Return the number of a name, or -1. */
ptrdiff_t btf_names_find(const struct btf_names *n, const char *name);

/** The offsets of the strings that are names of a set. */
struct btf_offsets {
	const struct btf_names *names;
	struct btf_offset *places; /**< a hash: offset of a string -> name */
	size_t nr, mask;
	const char *overflow; /**< a name that is there too often, or NULL */
};

/** @param names borrowed @return 0 or -ENOMEM */
int btf_offsets_init(struct btf_offsets *o, const struct btf_names *names)
	__attribute__((warn_unused_result));
/** May be called twice, and on zeros. */
void btf_offsets_deinit(struct btf_offsets *o);

/**
 * Look through strings, each of which ends with a NUL.
 * @param offset of the first one
 */
void btf_offsets_scan(struct btf_offsets *o, const char *strings, size_t bytes, uint32_t offset);

/** Return whether the string at an offset is a name of the set. @param[out] name its number */
bool btf_offsets_find(const struct btf_offsets *o, uint32_t offset, uint32_t *name);

#endif
