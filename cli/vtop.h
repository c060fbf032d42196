/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The translation of a virtual address into a physical one: --vtop.
 */
#ifndef CLI_VTOP_H
#define CLI_VTOP_H

#include "kernel/kernel.h"

/**
 * Say which entries of page tables a virtual address leads through, and where it is. These
 * are common messages.
 * @return 0; -EFAULT if it is not mapped (the walked entries were printed); another -errno if
 * addresses cannot be translated
 */
int vtop(const struct kernel *k, vaddr_t va) __attribute__((warn_unused_result));

#endif
