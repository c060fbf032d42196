/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The check of PT_LOADs against page tables: both say at which physical address virtual memory
 * lies.
 */
#ifndef KERNEL_SEGMENT_CHECK_H
#define KERNEL_SEGMENT_CHECK_H

#include "kernel/kernel.h"

/**
 * Set the dump's warning, and mark it as incomplete, if the page tables have the memory of a
 * PT_LOAD elsewhere while they agree with another PT_LOAD: p_paddr or p_vaddr is damaged, and
 * pages may be at wrong addresses. PT_LOADs of hypervisors have no virtual addresses, or the
 * physical ones, which the kernel's page tables do not have: nothing is found there.
 */
void segment_check(const struct kernel *k);

#endif
