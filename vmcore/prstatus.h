/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * NT_PRSTATUS notes for dumps whose format has the registers of CPUs in another form.
 */
#ifndef VMCORE_PRSTATUS_H
#define VMCORE_PRSTATUS_H

#include "vmcore/vmcore.h"

/** The most words of registers in a note. */
#define PRSTATUS_WORDS 34

/**
 * Append to vc->notes the note of a CPU of vc->machine, whose word size and byte order are known.
 *
 * @param cpu its number, from 0 on
 * @param words the registers in the order of the machine's struct user_regs_struct (or
 * user_pt_regs): PRSTATUS_WORDS of them, of which those count that it has
 * @return 0; -ENOTSUP if the layout of the machine's notes is not known; -ENOMEM
 */
int prstatus_add(struct vmcore *vc, unsigned int cpu, const uint64_t words[PRSTATUS_WORDS])
	__attribute__((warn_unused_result));

#endif
