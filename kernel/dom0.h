/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The pages of dom0 of a Xen host, if it is a PV domain: its kernel numbers them on its own (pfn),
 * the machine's page tables and the dump by frames (mfn).
 */
#ifndef KERNEL_DOM0_H
#define KERNEL_DOM0_H

#include "lib/pfn_set.h"
#include "vmcore/frames.h"
#include "vmcore/vmcore.h"

/**
 * Read the tree in which dom0 tells Xen the frame of each of its pages: three levels of pages full
 * of frame numbers (pfn_to_mfn_frame_list_list of Xen's public/arch-x86/xen.h).
 *
 * Left out are pages of other domains that dom0 has mapped, those that are no memory, frames that
 * the dump has no data of, each page of a frame but the first, and parts of the tree that cannot
 * be read.
 *
 * @param[out] ret sorted, to be freed with frames_deinit(), after an error too; none if the dump is
 * of no Xen host, or if there is no tree, as in a PVH dom0
 * @param[out] tree the frames that the tree itself is in, sealed; to be freed with
 * pfn_set_deinit(), after an error too
 * @return 0; -ENOMEM; -errno if there is no room for a bitmap
 */
int dom0_frames(struct frames *ret, struct pfn_set *tree, struct vmcore *vc)
	__attribute__((warn_unused_result));

#endif
