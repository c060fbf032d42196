/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Overwriting data before it gets into the dump, for extensions.
 *
 * Erased data are overwritten wherever they would be written: in every output, on every
 * attempt. ERASEINFO of the dump records that something was erased, but not its
 * contents.
 */
#ifndef ERASE_INFO_H
#define ERASE_INFO_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * For extensions: overwrite memory of the kernel, across any number of pages, contiguous in
 * physical memory or not.
 *
 * @param vaddr virtual address of the kernel
 * @param fill the byte to overwrite it with
 * @param len bytes
 * @return @p len; 0 if nothing was done, since none of it is mapped; -EFAULT if part of it is not
 * mapped: the rest is overwritten all the same; -ENOMEM if there are too many ranges. mdf_error()
 * is the sentence. Memory that is mapped but not in the dump counts as overwritten.
 */
int update_filter_info_raw(unsigned long long vaddr, int fill, int len);

/** For extensions: the same of a physical address range. @return 0; -EINVAL; -ENOMEM */
int erase_physical(uint64_t paddr, uint64_t len, int fill);

/**
 * For extensions: overwrite memory of the kernel, as update_filter_info_raw(), of any length.
 * @return 0; -EFAULT if part of it is not mapped: the rest is overwritten all the same; -ENOMEM
 */
int mdf_erase(uint64_t vaddr, uint64_t len, int fill);

/**
 * For extensions: overwrite what is in memory of the user addresses [start, start + len).
 * @param mm address of the struct mm_struct
 * @return 0, also if nothing of it is in memory; -EINVAL; -ENOMEM; errors of
 * mdf_for_each_user_memory()
 */
int mdf_erase_user(uint64_t mm, uint64_t start, uint64_t len, int fill);

#ifdef __cplusplus
}
#endif

#endif
