/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Registers of CPUs in a migration stream of QEMU: sections "cpu" among the states of devices.
 *
 * Sections have no length, and those of devices are not understood, so they are searched for.
 */
#ifndef VMCORE_MIGRATION_CPUS_H
#define VMCORE_MIGRATION_CPUS_H

#include "vmcore/migration_stream.h"

/**
 * Make a note of each CPU after the memory of a stream. Unless the user has named a machine,
 * that of the CPUs becomes vc->machine.
 *
 * A state that cannot be read costs the registers from it on: vmcore_warn().
 * @param ram complete
 * @return 0, also if there are none; -ENOMEM
 */
int migration_add_cpus(struct vmcore *vc, const struct migrated_ram *ram)
	__attribute__((warn_unused_result));

#endif
