/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The format of xl dump-core, which saves a domain of Xen: a 64-bit ELF core of sections in any
 * order, without program headers. Xen's docs/misc/dump-core-format.txt describes it; numbers are
 * in the byte order of the ELF header.
 */
#ifndef VMCORE_XEN_DOMAIN_FORMAT_H
#define VMCORE_XEN_DOMAIN_FORMAT_H

#include <stdint.h>

/** Pages, one after the other: in the order of the table that says which ones they are. */
#define XEN_SECTION_PAGES ".xen_pages"
/** The table if Xen translates the domain's physical addresses (HVM, PVH, arm): a u64 pfn each. */
#define XEN_SECTION_PFN ".xen_pfn"
/** The table if the domain knows the frames of the machine (PV): a struct xen_p2m each. */
#define XEN_SECTION_P2M ".xen_p2m"

/** Bytes of a page of the file, whatever the kernel's page size is. */
#define XEN_PAGE 4096

/** In a table: this page is not in the domain, as its memory shrank while it was saved. */
#define XEN_NO_PFN UINT64_MAX

struct xen_p2m {
	uint64_t pfn;  /**< of the domain */
	uint64_t gmfn; /**< the frame of the machine that the page is in */
};

#endif
