/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Writing VMCOREINFO text to a file (-g), for -i to read.
 *
 * The text has a line for each declaration of the program for vmlinux that is known,
 * and that VMCOREINFO has a form for: SYMBOL, SIZE, OFFSET, LENGTH, NUMBER. Members
 * that are bit fields, and paths, have none.
 *
 * A file that is there already is overwritten only with @p force; not if it is what
 * is being read. One that cannot be written to its end is removed.
 */
#ifndef KERNEL_VMCOREINFO_WRITER_H
#define KERNEL_VMCOREINFO_WRITER_H

#include <stdbool.h>

#include "kernel/kernel.h"

/**
 * Make text of what is known of a dump's kernel: the lines of its own VMCOREINFO, or before
 * them those of the -i FILE if it is of the same boot, as they are, but for NULs among them;
 * what they lack of release and page size comes before them, the rest after them.
 *
 * @param[out] text to be freed
 * @return 0; -ENOENT if the kernel's release is not known; -EFBIG; -ENOMEM
 */
int vmcoreinfo_text(const struct kernel *k, char **text, size_t *size)
	__attribute__((warn_unused_result));

/**
 * Write the text of vmcoreinfo_text() to a file.
 *
 * @return 0; -EEXIST; -EINVAL if @p path is the dump; -ENOENT if the kernel's release
 * is not known; -EFBIG if the text is larger than readers accept; -errno
 */
int vmcoreinfo_write_dump(const struct kernel *k, const char *path, bool force)
	__attribute__((warn_unused_result));

/**
 * Write what a vmlinux with debug information tells. Addresses are those it was linked
 * for, which KERNELOFFSET=0 says.
 *
 * Forgets and fills in the program's declarations, so no kernel may be open.
 *
 * @return as vmcoreinfo_write_dump(), or as debuginfo_open(); -EBADMSG if some of the
 * debug information cannot be read. Nothing is written on error.
 */
int vmcoreinfo_write_vmlinux(const char *vmlinux_path, const char *path, bool force)
	__attribute__((warn_unused_result));

#endif
