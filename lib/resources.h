/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Resources of this machine: usually a capture kernel's few hundred MB.
 */
#ifndef LIB_RESOURCES_H
#define LIB_RESOURCES_H

#include <stddef.h>
#include <stdint.h>

/** More threads than this never pay. */
#define THREADS_MAX 1024u

/** CPUs this process may run on; at least 1, at most THREADS_MAX. */
unsigned int usable_cpus(void);

/** Bytes of memory that can be had without swapping; UINT64_MAX if unknown. */
uint64_t available_memory(void);

/**
 * The most threads of which each needs @p bytes that leave half of the
 * available memory free; at least 1, at most THREADS_MAX.
 */
unsigned int affordable_threads(uint64_t bytes);

/**
 * Have memory that is freed stay with the process for what is allocated next: to get new pages
 * costs more than most uses of them. To be called before anything is allocated.
 */
void keep_freed_memory(void);

/**
 * Get pages for memory that is going to be allocated, all at once, where the kernel can (since
 * 5.14) and keep_freed_memory() was called. That costs less than a page fault for each.
 */
void prepare_memory(size_t bytes);

#endif
