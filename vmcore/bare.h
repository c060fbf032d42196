/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Dumps that hold memory and say nothing of the machine: its kind, word size and byte order come
 * from the user (--machine), or from the VMCOREINFO that is found in the memory.
 */
#ifndef VMCORE_BARE_H
#define VMCORE_BARE_H

#include "vmcore/vmcore.h"

/** Return whether a name is that of a machine: as `uname -m` prints it, or Debian's. */
bool bare_knows_machine(const char *name);

/** For the open() of a format: set bare, machine, is64, big_endian and swap. */
void bare_init(struct vmcore *vc);

/** Take over a machine that a file tells: one that has one word size and one byte order. */
void bare_set_machine(struct vmcore *vc, uint16_t machine);

/** Change the byte order of a dump whose machine is not known. */
void bare_set_order(struct vmcore *vc, bool big_endian);

#endif
