/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Members of structs in the kernel's memory, by their declarations.
 */
#ifndef KERNEL_MEMBER_H
#define KERNEL_MEMBER_H

#include "facts/declare.h"
#include "symbols/vmem.h"

/**
 * Get the offset of a member in its struct.
 * @param[out] offset bytes
 * @return 0; -ENOENT if it was not found, -EBADMSG if it is not at a byte
 */
int member_offset(const struct ktype_info *member, uint64_t *offset)
	__attribute__((warn_unused_result));

/**
 * Read a member that is a number, a pointer or a bit field, in the byte order of this machine.
 * @param base address of the struct
 * @return 0; -ENOENT if the member or its size was not found; -EINVAL if it is no number;
 * -EBADMSG; -EFAULT as vmem_read()
 */
int member_read(const struct vmem *mem, vaddr_t base, const struct ktype_info *member,
		uint64_t *value) __attribute__((warn_unused_result));

/** The same of a signed number. @param[out] value sign-extended */
int member_read_signed(const struct vmem *mem, vaddr_t base, const struct ktype_info *member,
		       int64_t *value) __attribute__((warn_unused_result));

/** The last member of a path as a member of the path's first struct, for the functions above. */
struct ktype_info member_of_path(const struct kpath_info *path);

/** Read a member of a struct, or of a struct in it; 0 if that is not possible. */
uint64_t member_or_0(const struct vmem *mem, vaddr_t base, const struct ktype_info *member);
uint64_t path_or_0(const struct vmem *mem, vaddr_t base, const struct kpath_info *path);

#endif
