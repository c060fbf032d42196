/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Notes of CPUs whose registers the dump knows by the numbers of the hardware.
 */
#ifndef KERNEL_CPU_NOTES_H
#define KERNEL_CPU_NOTES_H

#include "kernel/kernel.h"

/**
 * Add a note for each CPU that was online to a dump that has registers of CPUs, but no notes, in
 * the order of the kernel's numbers. CPUs without registers have notes of zeros. If the kernel does
 * not tell the numbers of its CPUs, there are no notes.
 * @return 0; -ENOMEM
 */
int kernel_add_cpu_notes(struct kernel *k) __attribute__((warn_unused_result));

#endif
