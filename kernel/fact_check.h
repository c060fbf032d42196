/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Facts that VMCOREINFO and the types both know: offsets, sizes, numbers and lengths. One wrong
 * offset, or one wrong page flag, would exclude the kernel's own pages.
 */
#ifndef KERNEL_FACT_CHECK_H
#define KERNEL_FACT_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts/facts.h"

/** The most facts of one kind that are compared. */
#define FACT_CHECK_MAX 128

/** A second set of declarations, which only types fill in. Must not be moved. */
struct fact_check {
	struct ktype_info types[FACT_CHECK_MAX];
	struct knum_info nums[FACT_CHECK_MAX];
	struct klen_info lens[FACT_CHECK_MAX];
	struct ktype_info *type_ptrs[FACT_CHECK_MAX], *type_originals[FACT_CHECK_MAX];
	struct knum_info *num_ptrs[FACT_CHECK_MAX], *num_originals[FACT_CHECK_MAX];
	struct klen_info *len_ptrs[FACT_CHECK_MAX], *len_originals[FACT_CHECK_MAX];
	struct fact_set set;
	size_t nr_differences;
	/**
	 * Differences in which the value of the types is not used. If there are any, each type may
	 * be wrong: the random layout that gcc's plugin gives to structs is in no type
	 * (CONFIG_GCC_PLUGIN_RANDSTRUCT).
	 */
	size_t nr_doubtful;
};

/** Copy the declarations of vmlinux that VMCOREINFO has filled in, as missing ones. */
void fact_check_init(struct fact_check *c, const struct fact_set *set);

/** Return whether a type, number or length of @c set is still missing. */
bool fact_check_is_incomplete(const struct fact_check *c);

/**
 * Compare, after BTF or DWARF has filled in @c set. A value that is impossible (an offset that is
 * not aligned as its member is, or outside the struct; a page flag that is no bit of a word) is
 * replaced by that of the types; of two possible values that of VMCOREINFO stays.
 * @param[out] why begins with the name of the first fact in which they differ, up to a blank,
 * and says which value is used; or ""
 * @return whether all agree
 */
bool fact_check_compare(struct fact_check *c, char *why, size_t size);

/**
 * Decide each difference that fact_check_compare() has found by the dump's own data: use the value
 * with which more of the data fits together. Where both fit equally well nothing changes.
 * @param score rates the declarations as they are, the more the better
 * @param[out] why as for fact_check_compare()
 */
void fact_check_decide(struct fact_check *c, int64_t (*score)(void *ctx), void *ctx, char *why,
		       size_t size);

#endif
