/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Facts that VMCOREINFO and BTF both know: members of struct page and struct mem_section, by
 * which pages are judged. One wrong offset would exclude the kernel's own pages.
 */
#ifndef KERNEL_FACT_CHECK_H
#define KERNEL_FACT_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "facts/facts.h"

/** The most facts that are compared. */
#define FACT_CHECK_MAX 32

/** A second set of declarations, which only BTF fills in. Must not be moved. */
struct fact_check {
	struct ktype_info copies[FACT_CHECK_MAX];
	struct ktype_info *pointers[FACT_CHECK_MAX], *originals[FACT_CHECK_MAX];
	struct fact_set set;
};

/** Take down what is to be compared of a set that VMCOREINFO has filled in. */
void fact_check_init(struct fact_check *c, const struct fact_set *set);

/**
 * Compare, after BTF has filled in @c set. An offset that is impossible (not aligned as its
 * member is, or outside the struct) is replaced by that of BTF; of two possible values that of
 * VMCOREINFO stays.
 * @param[out] why begins with the name of the first fact in which they differ, up to a blank,
 * and says which value is used; or ""
 * @return whether all agree
 */
bool fact_check_compare(const struct fact_check *c, char *why, size_t size);

#endif
