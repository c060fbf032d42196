/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Facts of the kernel that is running, as it tells them to everybody.
 */
#ifndef KERNEL_LIVE_KERNEL_H
#define KERNEL_LIVE_KERNEL_H

#include "facts/facts.h"

/**
 * Fill in a set from /proc/kallsyms and /sys/kernel/btf. Addresses that are hidden from
 * this user are 0. Changes the program's own declarations.
 * @return 0, also if facts are missing; -ENOMEM, or -errno if there are no files
 */
int facts_from_running_kernel(const struct fact_set *set) __attribute__((warn_unused_result));

#endif
