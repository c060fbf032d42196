/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Opening a kernel with the VMCOREINFO that the dump's memory proves.
 *
 * Notes are written by other programs: a hypervisor may write the one of an earlier boot, and a
 * damaged line costs a fact. The kernel's own copy in memory, and the -i FILE, are as good.
 */
#ifndef KERNEL_VMCOREINFO_CHOICE_H
#define KERNEL_VMCOREINFO_CHOICE_H

#include <stdbool.h>

#include "kernel/kernel.h"

/** Input of kernel_open_proven(). */
struct kernel_choice {
	const char *info_path; /**< as for kernel_open() */
	const char *vmlinux_path;
	/** Memory may be searched; false: VMCOREINFO is not worth it. */
	bool search;
	/** Optional: check what the caller needs of the kernel. @return 0 or -errno */
	int (*needs)(const struct kernel *k, const void *ctx);
	/**
	 * Optional: check whether a kernel that was opened without its types is enough. It is
	 * asked only if the note is proven by it, and there is neither of the two files.
	 * @return true: it is used as it is
	 */
	bool (*enough)(const struct kernel *k, const void *ctx);
	const void *ctx;
};

/**
 * Open a kernel as kernel_open() does, with the best VMCOREINFO there is.
 *
 * A text is proven if addresses can be translated by it, the release and the build id that
 * they lead to are its own, and @c needs is satisfied. The dump's note together with the
 * -i FILE comes first: if it is proven, nothing else is looked at. Else each of the two alone,
 * and what memory holds, are tried, until one is proven. One that is better than the first is
 * used: a warning of k says so.
 *
 * Text that did not come from the dump's note as it is (another copy, the -i FILE, what is
 * left when NULs are taken out) becomes the note of the dump.
 *
 * @return as kernel_open(); -ENOMEM
 */
int kernel_open_proven(struct kernel **ret, struct vmcore *vc, const struct kernel_choice *c)
	__attribute__((warn_unused_result));

#endif
