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
 * Write what is known of a dump's kernel. The lines of its own VMCOREINFO stay as they
 * are; what they lack of release and page size comes before them, the rest behind.
 *
 * @return 0; -EEXIST; -EINVAL if @p path is the dump; -ENOENT if the kernel's release
 * is not known; -EFBIG if nobody would read such a text; -errno; with a sentence
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
 * debug information cannot be read; with a sentence. Nothing is written on error.
 */
int vmcoreinfo_write_vmlinux(const char *vmlinux_path, const char *path, bool force)
	__attribute__((warn_unused_result));

#endif
