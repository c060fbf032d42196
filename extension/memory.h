/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Virtual memory of the crashed kernel, for the functions that extensions call.
 */
#ifndef EXTENSION_MEMORY_H
#define EXTENSION_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts/declare.h"

/**
 * Copy memory at an address that can be anything.
 * @return 0; -EFAULT if part of it is unmapped, unreadable (vmcore_get()) or beyond the
 * address space; -ENOMEM
 */
int extension_read(uint64_t address, void *buf, size_t len) __attribute__((warn_unused_result));

/** An unsigned long of the kernel. @param raw mdf_long_size() bytes */
uint64_t extension_load_ulong(const void *raw);

/** The highest unsigned long of the kernel. */
uint64_t extension_ulong_max(void);

/**
 * Where in its struct a member begins.
 * @param[out] offset bytes
 * @return 0; -ENOENT if it was not found, -EBADMSG if it is not at a byte
 */
int extension_member_offset(const struct ktype_info *member, uint64_t *offset)
	__attribute__((warn_unused_result));

#endif
