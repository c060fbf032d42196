/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Facts about struct pages, rated by a sample of the dump's own struct pages.
 *
 * If VMCOREINFO and the kernel's types contradict each other, the struct pages tell which is
 * right: tails point to heads, free blocks are aligned to their order, pages of a mapping
 * point to it and are on a list of the LRU, counts of mappings are small.
 */
#ifndef FILTER_PAGE_FACTS_H
#define FILTER_PAGE_FACTS_H

#include "kernel/kernel.h"

/**
 * Decide what kernel_open() found contradictory (k->warnings[KERNEL_CONTRADICTION], which is
 * written anew).
 * If struct pages do not tell, nothing changes.
 */
void page_facts_decide(struct kernel *k);

#endif
