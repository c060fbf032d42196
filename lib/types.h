/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The three kinds of number that must not be mixed up.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdint.h>

/** Page frame number: physical address divided by the dump's page size. */
typedef uint64_t pfn_t;
/** Physical address of the crashed machine, in bytes. */
typedef uint64_t paddr_t;
/** Virtual address of the crashed kernel, in bytes. */
typedef uint64_t vaddr_t;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
