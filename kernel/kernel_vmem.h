/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The kernel's virtual memory as code sees it that knows of no dump (struct vmem).
 */
#ifndef KERNEL_KERNEL_VMEM_H
#define KERNEL_KERNEL_VMEM_H

#include "kernel/kernel.h"
#include "symbols/vmem.h"

/** One reader's view. Not thread-safe, and must not be moved. */
struct kernel_vmem {
	const struct kernel *k;	 /**< borrowed */
	struct vmcore_reader *r; /**< owned */
	struct vmem mem;	 /**< the kernel's memory */
};

/**
 * Begin to look at a kernel's memory. Its addresses have to be translatable.
 * @return 0 (to be freed with kernel_vmem_deinit()); -ENOMEM
 */
int kernel_vmem_init(struct kernel_vmem *v, const struct kernel *k)
	__attribute__((warn_unused_result));
/** Free it. One that is all zeros, or was not made for lack of memory, is allowed. */
void kernel_vmem_deinit(struct kernel_vmem *v);

#endif
