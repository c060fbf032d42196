/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A piece of a kernel's memory in words of 64 bits, and types of what is in it. */
#ifndef TEST_KERNEL_WORDS_H
#define TEST_KERNEL_WORDS_H

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "facts/facts.h"
#include "lib/err.h"
#include "symbols/vmem.h"

/* The address of the first word. */
#define WORDS_BASE UINT64_C(0xffff888000000000)

struct kernel_words {
	size_t bytes;
	uint64_t words[];
};

/* The caller's to free; all are 0. */
static inline struct kernel_words *kernel_words_create(size_t bytes)
{
	struct kernel_words *w = calloc(1, sizeof(*w) + bytes);

	assert_non_null(w);
	w->bytes = bytes;
	return w;
}

static inline int kernel_words_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	struct kernel_words *w = ctx;

	if (va < WORDS_BASE || va - WORDS_BASE > w->bytes || w->bytes - (va - WORDS_BASE) < len)
		return err_set(-EFAULT, "%#" PRIx64 " is not mapped", va);
	memcpy(buf, (char *)w->words + (va - WORDS_BASE), len);
	return 0;
}

static inline struct vmem kernel_words_mem(struct kernel_words *w)
{
	return (struct vmem){ .read = kernel_words_read, .ctx = w, .is64 = true };
}

static inline void kernel_words_put(struct kernel_words *w, vaddr_t va, uint64_t value)
{
	w->words[(va - WORDS_BASE) / 8] = value;
}

/* Make a member known. Offset and size in bytes. */
static inline void set_member(struct ktype_info *t, uint32_t offset, uint32_t size)
{
	t->member_bit_offset = offset * 8;
	t->member_size = size;
	t->struct_size = 0x800;
	t->index = FACT_BTF;
}

#endif
