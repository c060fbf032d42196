/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Contradictions in the headers, bitmaps and page descriptors of a kdump-compressed file.
 */
#ifndef VMCORE_KDUMP_CHECK_H
#define VMCORE_KDUMP_CHECK_H

#include "vmcore/vmcore.h"

/**
 * vmcore_check() of the format.
 *
 * Page descriptors are checked for the place of their data (vmcore/places.h), which takes 24 bytes
 * of memory a page. Sizes and flags are checked when pages are read.
 */
int kdump_check(struct vmcore *vc, const struct vmcore_faults *faults)
	__attribute__((warn_unused_result));

#endif
