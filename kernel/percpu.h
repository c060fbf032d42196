/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * CPUs of the crashed kernel, and the variables that each of them has for itself.
 */
#ifndef KERNEL_PERCPU_H
#define KERNEL_PERCPU_H

#include "symbols/vmem.h"

/** The most CPUs of a kernel: CONFIG_NR_CPUS ends at 8192. */
#define CPUS_MAX 8192

/**
 * Call a function for the number of each CPU that was online, or that the kernel has per-CPU
 * variables for.
 * @param visit returns 0 to continue; another value ends the walk
 * @return 0; what @p visit returned; -ENOENT if the mask or its size is not known; -EFAULT
 */
int percpu_for_each_cpu(const struct vmem *mem, bool online, int (*visit)(void *ctx, uint64_t cpu),
			void *ctx) __attribute__((warn_unused_result));

/**
 * The same for each CPU that a dump's NT_PRSTATUS notes are of, in their order: those that were
 * online, or that are present if only their number is that of the notes. A panic without a crash
 * kernel stops the other CPUs and takes them offline; a hypervisor's image has notes of all.
 */
int percpu_for_each_noted_cpu(const struct vmem *mem, unsigned int nr_notes,
			      int (*visit)(void *ctx, uint64_t cpu), void *ctx)
	__attribute__((warn_unused_result));

/**
 * The address of a CPU's own copy of a per-CPU variable.
 * @param variable address of its symbol, or a pointer that alloc_percpu() returned
 * @return 0; -ENOENT if __per_cpu_offset is not known; -EINVAL; -EFAULT
 */
int percpu_address(const struct vmem *mem, uint64_t cpu, vaddr_t variable, vaddr_t *ret)
	__attribute__((warn_unused_result));

#endif
