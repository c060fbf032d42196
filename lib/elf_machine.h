/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Numbers of ELF machines (EM_*), also those that an older elf.h does not have.
 */
#ifndef LIB_ELF_MACHINE_H
#define LIB_ELF_MACHINE_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

/**
 * Return whether the kernels of a machine have pointers of 4 bytes. Dumps of them can be ELF64
 * files: memory above 4 GiB needs that.
 */
static inline bool elf_machine_is_32bit(uint16_t machine)
{
	return machine == EM_386 || machine == EM_ARM || machine == EM_PPC;
}

#endif
