/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The memory map: where the kernel keeps the struct page of each pfn.
 *
 * Models: SPARSEMEM (extreme, with or without vmemmap, and classic) through
 * mem_section; FLATMEM through mem_map; DISCONTIGMEM through the nodes. The result is the same
 * for all of them: a short list of pfn ranges whose struct pages lie together in virtual memory.
 */
#ifndef KERNEL_MEMMAP_H
#define KERNEL_MEMMAP_H

#include <stddef.h>

#include "kernel/kernel.h"

/** Struct pages of pfns [start, end), contiguous from @c pages on. */
struct memmap_range {
	pfn_t start, end;
	vaddr_t pages;
};

struct memmap {
	/** Sorted by pfn, not overlapping. pfns in no range have no struct page. */
	struct memmap_range *ranges;
	size_t nr_ranges;
	uint64_t page_struct_size; /**< bytes of a struct page */
	/** Sections, or nodes, whose description could not be read or is invalid. */
	uint64_t bad_sections;
	/** Sections whose section_mem_map contradicts vmemmap, which is used instead. */
	uint64_t replaced_sections;
};

/**
 * Find the memory map, for pfns below the dump's max_pfn.
 *
 * A section that cannot be read is left out and counted; its pages are then
 * unknown, not lost.
 *
 * @return 0 (to be freed with memmap_deinit()); -ENOENT if facts are missing,
 * -EFAULT or -EBADMSG if the map cannot be read at all
 */
int memmap_init(struct memmap *m, const struct kernel *k, struct vmcore_reader *r)
	__attribute__((warn_unused_result));

/**
 * Find the memory map as memmap_init() does, but with sections of memory that the dump lacks, at
 * least up to 2^19 sections if the kernel has SPARSEMEM.
 */
int memmap_init_whole(struct memmap *m, const struct kernel *k, struct vmcore_reader *r)
	__attribute__((warn_unused_result));

void memmap_deinit(struct memmap *m);

/**
 * Find how much higher the linear map's virtual addresses are than physical ones, by the
 * address of a table that the kernel allocated.
 * @return whether the offset was found
 */
bool memmap_linear_offset(const struct kernel *k, struct vmcore_reader *r, uint64_t *offset);

#endif
