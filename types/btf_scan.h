/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Finding the kernel's BTF in its image when no symbol says where it is: a kernel
 * without CONFIG_KALLSYMS_ALL has no __start_BTF in its table.
 */
#ifndef TYPES_BTF_SCAN_H
#define TYPES_BTF_SCAN_H

#include "symbols/vmem.h"

/**
 * Search the image (image_start to image_end of @p mem) for BTF: a header that makes
 * sense, strings that begin and end with a NUL, and type records that fill their
 * section exactly, some thousand of them. Kinds that are not known here count only if
 * the BTF itself says how long their records are. The largest is the kernel's.
 *
 * Needs less than 2 MiB of memory. Pages that are not there are passed over.
 *
 * @param[out] start of the header @param[out] size bytes, header and strings included
 * @return 0; -ENOENT if there is none; -EBADMSG if the image is full of what looks like
 * BTF; -ENOMEM; another -errno if the dump cannot be read
 */
int btf_scan(const struct vmem *mem, vaddr_t *start, uint64_t *size)
	__attribute__((warn_unused_result));

#endif
