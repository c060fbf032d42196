/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * PT_LOADs for an ELF core that is made of a dump without any.
 */
#ifndef OUTPUT_ELF_SEGMENTS_H
#define OUTPUT_ELF_SEGMENTS_H

#include "kernel/kernel.h"
#include "lib/bitmap.h"

/**
 * Make segments of what is known: as /proc/vmcore has them, what is mapped as the kernel image,
 * and each stretch of memory, at its address in the linear map if that is known, else at
 * 0. They have no offset in a file.
 *
 * @param exists the pages that are memory of the machine
 * @param[out] ret to be freed
 * @return 0; -EFBIG if memory is in more pieces than any machine has; -ENOMEM
 */
int elf_segments_make(const struct kernel *k, const struct bitmap *exists,
		      struct vmcore_segment **ret, size_t *nr) __attribute__((warn_unused_result));

#endif
