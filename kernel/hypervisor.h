/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The hypervisor of a Xen host: its memory, and its table of the machine's pages.
 *
 * Xen's facts come from VMCOREINFO_XEN, or from xen-syms; numbers that none of them has are from
 * Xen's asm/config.h and asm/mm.h of x86. Only Xen 4 on x86_64 is known.
 */
#ifndef KERNEL_HYPERVISOR_H
#define KERNEL_HYPERVISOR_H

#include "kernel/kernel.h"

/** Further sources of Xen's facts. Strings are borrowed; NULL: none. */
struct hypervisor_sources {
	const char *vmcoreinfo; /**< a text that is believed before VMCOREINFO_XEN */
	const char *syms;	/**< a xen-syms that is asked for what is still missing then */
	paddr_t phys_start;	/**< of Xen's image; 0: as the notes tell */
};

/** A hypervisor. Constant once opened. */
struct hypervisor {
	/** For kernel_read() and kernel_translate(): Xen's own page tables. No facts. */
	struct kernel memory;
	paddr_t phys_start;  /**< of Xen's image */
	vaddr_t frame_table; /**< of the struct page_info of frame 0 */
	uint64_t nr_frames;
	uint32_t page_info_size;
	uint32_t count_info, owner; /**< offsets in struct page_info, bytes */
	bool wide_owner;	    /**< the owner has 8 bytes, not 4 */
	/** Domains, as page_info has them; 0: there is none. */
	uint64_t dom0, dom_xen, dom_io;
};

/**
 * Learn about the hypervisor of a dump.
 * @return 0 (no need to close it); -ENOTSUP if the dump is of no Xen host, or of one that is not
 * known; -ENOENT: facts are missing; -EFAULT or -EBADMSG if its memory cannot be read, or cannot
 * be right; -errno if a file cannot be read
 */
int hypervisor_open(struct hypervisor *h, struct vmcore *vc, const struct hypervisor_sources *src)
	__attribute__((warn_unused_result));

#endif
