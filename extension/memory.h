/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Virtual memory of the crashed kernel, for the functions that extensions call.
 */
#ifndef EXTENSION_MEMORY_H
#define EXTENSION_MEMORY_H

#include "symbols/vmem.h"

/**
 * Copy memory at an address that can be anything.
 * @return 0; -EFAULT if part of it is unmapped, unreadable (vmcore_get()) or beyond the
 * address space; -ENOMEM
 */
int extension_read(uint64_t address, void *buf, size_t len) __attribute__((warn_unused_result));

/** The kernel's memory as its other parts see it; valid as long as the environment. */
struct vmem extension_vmem(void);

/** An unsigned long of the kernel. @param raw mdf_long_size() bytes */
uint64_t extension_load_ulong(const void *raw);

/** The highest unsigned long of the kernel. */
uint64_t extension_ulong_max(void);

#endif
