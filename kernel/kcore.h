/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The running kernel as a dump: /proc/kcore.
 */
#ifndef KERNEL_KCORE_H
#define KERNEL_KCORE_H

#include "vmcore/vmcore.h"

/** The file in which the running kernel gives the place of its VMCOREINFO note. */
#define KCORE_VMCOREINFO "/sys/kernel/vmcoreinfo"

/**
 * Give a dump that has no VMCOREINFO that of the running kernel (vmcore_set_vmcoreinfo()):
 * /proc/kcore has it itself only since 4.19. To be called before any reader exists.
 *
 * @param path KCORE_VMCOREINFO: a physical address and a number of bytes, both hexadecimal
 * @return 0, also if there is none to be found; -ENOMEM
 */
int kcore_add_vmcoreinfo(struct vmcore *vc, const char *path) __attribute__((warn_unused_result));

#endif
