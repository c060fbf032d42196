/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The pages of a Xen host that neither Xen nor dom0 needs (-X).
 *
 * The rules for a struct page_info of Xen, first match wins:
 *
 *	xen_heap			keep: Xen's own
 *	state free or offlined, broken	exclude
 *	not allocated, or no owner	keep: Xen's image, tables, ...
 *	owner dom0, dom_xen or dom_io	keep
 *	any other owner			exclude: a domain's
 *
 * A page whose page_info cannot be read is kept, and so is each page of dom0.
 */
#ifndef FILTER_FOREIGN_PAGES_H
#define FILTER_FOREIGN_PAGES_H

#include "kernel/hypervisor.h"
#include "lib/bitmap.h"

/**
 * Exclude the pages.
 * @param k the kernel of dom0
 * @param[in,out] dumpable bits of pages to be saved; unchanged on errors
 * @param[out] nr how many were cleared
 * @return 0; as hypervisor_open(); -EBADMSG if the outcome cannot be true; -ENOMEM
 */
int exclude_foreign_pages(const struct kernel *k, const struct hypervisor_sources *src,
			  struct bitmap *dumpable, uint64_t *nr)
	__attribute__((warn_unused_result));

#endif
