/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The running kernel as a dump: /proc/kcore.
 */
#ifndef VMCORE_LIVE_H
#define VMCORE_LIVE_H

#include "vmcore/vmcore.h"

/** The file in which the running kernel gives the place of its VMCOREINFO note. */
#define LIVE_VMCOREINFO "/sys/kernel/vmcoreinfo"

/** Return whether an opened dump is the running kernel. */
bool vmcore_is_live(const struct vmcore *vc);

/**
 * Add the running kernel's VMCOREINFO to a dump that has none: /proc/kcore has it itself
 * only since 4.19. Needs to be able to read the dump.
 *
 * @param path LIVE_VMCOREINFO: a physical address and a number of bytes, both hexadecimal
 * @return 0, also if there is none to be found; -ENOMEM
 */
int vmcore_add_live_info(struct vmcore *vc, const char *path) __attribute__((warn_unused_result));

#endif
