/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Which pages go: the walk over the memory map.
 */
#ifndef FILTER_FILTER_H
#define FILTER_FILTER_H

#include "filter/absent.h"
#include "filter/classify.h"
#include "filter/page_order.h"
#include "kernel/memmap.h"
#include "lib/bitmap.h"

/** Pages by what became of them. */
struct filter_stats {
	uint64_t original; /**< pages that exist */
	uint64_t missing;  /**< of them, those the input has no data of */
	/** Excluded pages by class; [PAGE_UNREADABLE] counts kept ones. */
	uint64_t pages[NR_PAGE_CLASSES];
	uint64_t odd;	      /**< impossible orders (classify_pages()) */
	uint64_t disbelieved; /**< of pages[PAGE_UNREADABLE]: too many struct pages there are odd */
	uint64_t slabs;	      /**< first pages of slabs */
	uint64_t undescribed; /**< pages that have data and no struct page: kept */
	/** Sections whose description could not be read; their pages are undescribed. */
	uint64_t bad_sections;
	uint64_t replaced_sections;  /**< as of struct memmap */
	uint64_t unused_vmemmap;     /**< pages of struct pages (exclude_unused_vmemmap()) */
	struct absent_memory absent; /**< beside all these pages: the input lacks it */
	double seconds;
};

/**
 * Decide which pages to save.
 *
 * @param level bits of enum dump_level. DL_ZERO is left to the copying.
 * @param dumpable bits of the pages that the input has data of; those of excluded pages are cleared
 * @param wanted NULL, or bits of pages that are to be saved whatever the level says: those of
 * poisoned and offline pages are cleared, since reading them can stop the machine
 * @param order NULL, or where the classes of pages that are not excluded are taken down, as far as
 * facts tell them; pages of its fill are not excluded
 * @param nr_threads at least 1
 *
 * In a dump of a Xen host, only the pages of dom0 are judged, and all others are kept.
 *
 * Pages of the kernel image that were not freed, pages without a struct page, and
 * pages whose struct page cannot be read are kept. So are those of struct pages too many of which
 * are odd: a damaged page table leads to other memory.
 *
 * If the kernel exports PG_hwpoison, poisoned and offline pages are excluded at every
 * level; else offline pages are at levels above DL_ZERO. When nothing but
 * DL_ZERO is asked for, facts or tables that are missing are no error.
 *
 * @return 0; -errno with an error text that says what is missing or broken, or that the outcome
 * cannot be true: @p dumpable has to be made anew then
 */
int filter_pages(const struct kernel *k, unsigned int level, unsigned int nr_threads,
		 struct bitmap *dumpable, struct bitmap *wanted, struct page_order *order,
		 struct filter_stats *stats) __attribute__((warn_unused_result));

/**
 * Find out what of a dump level can be judged.
 *
 * @param level bits of enum dump_level
 * @param[out] possible those of them that filter_pages() can do, as far as can be seen before:
 * DL_ZERO, which needs no facts, is always among them
 * @return 0 if all are; -errno with an error text that says why others are not
 */
int filter_possible(const struct kernel *k, unsigned int level, unsigned int *possible)
	__attribute__((warn_unused_result));

#endif
