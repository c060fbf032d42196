/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The walk over the bytes of consecutive struct pages: in place where they lie together in the
 * input, copied where they do not, without those that cannot be read.
 */
#ifndef KERNEL_STRUCT_PAGES_H
#define KERNEL_STRUCT_PAGES_H

#include "kernel/kernel.h"

struct struct_pages_walk {
	const struct kernel *k;
	struct vmcore_reader *reader;
	uint8_t *buf; /**< of as many bytes as are walked over at once */
	void *ctx;
	/** Bytes [from, to) of the struct pages, at @p bytes; the ends may be within one. */
	void (*found)(void *ctx, const uint8_t *bytes, uint64_t from, uint64_t to);
	/** Bytes [from, to) cannot be read. Or NULL. */
	void (*lost)(void *ctx, uint64_t from, uint64_t to);
};

/** Walk over @p size bytes of struct pages, which begin at a virtual address. */
void struct_pages_walk(const struct struct_pages_walk *w, vaddr_t pages, uint64_t size);

#endif
