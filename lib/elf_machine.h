/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Numbers of ELF machines (EM_*), also those that an older elf.h does not have.
 */
#ifndef LIB_ELF_MACHINE_H
#define LIB_ELF_MACHINE_H

#include <elf.h>

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

#endif
