/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The order in which pages are saved: the most valuable ones first.
 *
 * A page to be saved belongs to one class. Classes follow one another, each in pfn order. The
 * classes of the kernel are sets of ranges; those of other pages, which struct pages tell, take
 * at most two bits a page, and none if the dump level excludes all of them.
 *
 * Pages that the level excludes can be saved nevertheless, after all others, as long as there is
 * room: their classes are those of the fill.
 */
#ifndef FILTER_PAGE_ORDER_H
#define FILTER_PAGE_ORDER_H

#include "filter/classify.h"
#include "kernel/kernel.h"
#include "lib/bitmap.h"
#include "lib/pfn_set.h"

/** The classes, in their order. */
enum order_class {
	ORDER_ESSENTIAL, /**< what debuggers look at first (kernel/essential.h) */
	ORDER_KERNEL,	 /**< other memory of the kernel, and all that is in no other class */
	ORDER_MEMMAP,	 /**< struct pages */
	ORDER_CACHE_PRIVATE,
	ORDER_CACHE,
	ORDER_USER,
	ORDER_FREE,
	NR_ORDER_CLASSES,
};

/** Classes of the pages of a dump. Once it is complete, threads may share it. */
struct page_order {
	struct bitmap planes[BITMAP_PLANES_MAX]; /**< each page's code */
	unsigned int nr_planes;
	/** The code of each class; 0: that of the kernel, also for a class that has none. */
	unsigned int codes[NR_ORDER_CLASSES];
	unsigned int kept;		  /**< as of page_order_init() */
	unsigned int fill;		  /**< bits of the classes of the fill */
	struct pfn_set essential, memmap; /**< sealed, apart from each other */
};

/**
 * Begin an order in which all pages are in the class ORDER_KERNEL.
 * @param level bits of enum dump_level; pages that it excludes need no bits, unless they are kept
 * @param kept bits of the level, the kinds of which are saved nevertheless: the fill; 0: none
 *
 * Where all four kinds of pages are saved, both kinds of page cache are one class; but private
 * cache is in the class ORDER_KERNEL if the other cache alone is of the fill. Where there is no
 * memory for the bits, classes are one with ORDER_KERNEL, and there is no fill.
 */
void page_order_init(struct page_order *o, const struct vmcore *vc, unsigned int level,
		     unsigned int kept);
void page_order_deinit(struct page_order *o);

/** Take down the class of pages that are not excluded. Several threads may do so. */
void page_order_mark(struct page_order *o, pfn_t start, pfn_t end, enum page_class c);

/** Have no fill: all pages to be saved are equal. */
void page_order_forget_fill(struct page_order *o);

/**
 * Take over the classes that an order by dom0's own numbers has for its pages. If it has none, for
 * lack of memory, nor has this one then.
 * @param own of the same level and fill
 * @param dom0 the pages' frames, which are the numbers of this order
 */
void page_order_take(struct page_order *o, const struct page_order *own, const struct frames *dom0);

/** Move pages to the class ORDER_KERNEL. @param pages their bits */
void page_order_raise(struct page_order *o, const struct bitmap *pages);

/** Return whether the pages of a class are the fill, or a part of it. */
bool page_order_is_fill(const struct page_order *o, enum order_class c);

/**
 * The number of classes that are written before a class: those of the fill come last.
 * @param o NULL: all pages are in the class ORDER_KERNEL
 */
unsigned int page_order_position(const struct page_order *o, enum order_class c);

/** Return whether a page is of the fill. */
bool page_order_fills(const struct page_order *o, pfn_t pfn);

/** Number of pages to be saved of the fill. */
uint64_t page_order_count_fill(const struct page_order *o, const struct bitmap *dumpable);

/**
 * Find the essential pages and the memory map. Pages of them that are not found stay in the class
 * ORDER_KERNEL.
 */
void page_order_complete(struct page_order *o, const struct kernel *k);

/** The name of a class in messages. */
const char *order_class_name(enum order_class c);
/** Its key in reports. */
const char *order_class_key(enum order_class c);

/** Number of pages to be saved of a class. @param o NULL: all are in the class ORDER_KERNEL */
uint64_t page_order_count(const struct page_order *o, const struct bitmap *dumpable,
			  enum order_class c);

/**
 * The next run of pages of a class in [start, end).
 * @param o NULL: all pages are in the class ORDER_KERNEL
 * @param dumpable the pages to be saved
 * @param most pages of the run: the rest of it is not looked at
 * @param[out] stop the end of the run
 * @return its start; @p end if there is none
 */
pfn_t page_order_next(const struct page_order *o, const struct bitmap *dumpable, enum order_class c,
		      pfn_t start, pfn_t end, uint64_t most, pfn_t *stop);

#endif
