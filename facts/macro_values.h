/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Numbers that VMCOREINFO has and types have not, because they are macros: worked
 * out from the enumerators they expand to.
 */
#ifndef FACTS_MACRO_VALUES_H
#define FACTS_MACRO_VALUES_H

#include "facts/facts.h"

/**
 * Fill in numbers of vmlinux that are still missing in a set and follow from what
 * the program's own declarations hold (enumerators, for the most part). To be
 * called when all providers have had their turn. A derived number has the source
 * of what it was derived from.
 */
void facts_compute_macros(const struct fact_set *set);

#endif
