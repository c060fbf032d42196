/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For tests of what extensions call: a kernel of either byte order and word size whose
 * memory is an array, and the environment of an extension that looks at it.
 */
#ifndef TESTS_UNIT_FLATKERNEL_H
#define TESTS_UNIT_FLATKERNEL_H

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "extension/env.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"

#define FLAT_PAGE 4096u
#define FLAT_PAGES 512u
#define FLAT_BYTES (FLAT_PAGES * FLAT_PAGE)
/* Mapped: at each allocation a sanitizer would write an eighth as much. */
#define FLAT_ERASURES_BYTES (ERASURES_MAX * sizeof(struct erase_range))
/** No physical page. */
#define FLAT_HOLE UINT32_MAX

struct flat {
	struct vmcore vc;
	struct vmcore_reader *r;
	struct kernel k;
	struct extension_shared shared;
	struct extension_env env;
	uint8_t *bytes;
	/** The physical page of each virtual one: at first the same. */
	uint32_t map[FLAT_PAGES];
	/** The first virtual address. */
	uint64_t base;
};

static inline int flat_get(struct vmcore_reader *r, paddr_t pa, size_t want, const void **ptr,
			   size_t *got)
{
	const struct flat *f = r->vc->priv;

	if (pa >= FLAT_BYTES)
		return err_set(-EFAULT, "no physical memory at %#" PRIx64, pa);
	*ptr = f->bytes + pa;
	*got = min_u64(want, FLAT_BYTES - pa);
	return 0;
}

/* Which kernel an architecture belongs to: its segments are lent to this end. */
static inline const struct flat *flat_of(const struct arch *a)
{
	return (const void *)a->segments;
}

static inline int flat_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
				 struct arch_run *ret)
{
	const struct flat *f = flat_of(a);
	uint64_t off = va - f->base, page = off / FLAT_PAGE;

	(void)mem;
	ret->len = FLAT_PAGE - off % FLAT_PAGE;
	if (page >= FLAT_PAGES || f->map[page] == FLAT_HOLE)
		return err_set(-EFAULT, "%#" PRIx64 " is not mapped", va);
	ret->paddr = (paddr_t)f->map[page] * FLAT_PAGE + off % FLAT_PAGE;
	return 0;
}

static const struct arch_ops flat_arch_ops = { .name = "flat", .translate = flat_translate };
static const struct vmcore_ops flat_vmcore_ops = { .name = "flat", .get = flat_get };

/** Begin, with all bytes 0. The struct must not be moved until flat_end(). */
static inline void flat_begin(struct flat *f, bool is64, bool big)
{
	*f = (struct flat){ .base = is64 ? 0xffff888000000000 : 0xc0000000 };
	f->bytes = calloc(1, FLAT_BYTES);
	assert_non_null(f->bytes);
	f->vc = (struct vmcore){
		.ops = &flat_vmcore_ops, .priv = f, .is64 = is64, .big_endian = big,
		.swap = big != HOST_BIG_ENDIAN, .page_size = FLAT_PAGE, .page_shift = 12,
		.max_pfn = FLAT_PAGES,
	};
	f->k = (struct kernel){
		.vc = &f->vc,
		.arch = {
			.ops = &flat_arch_ops, .is64 = is64, .swap = f->vc.swap, .page_shift = 12,
			.ready = true, .segments = (const void *)f,
		},
	};
	for (uint32_t i = 0; i < FLAT_PAGES; i++)
		f->map[i] = i;
	assert_int_equal(vmcore_reader_create(&f->r, &f->vc), 0);
	assert_int_equal(bitmap_init(&f->shared.include, FLAT_PAGES), 0);
	assert_int_equal(bitmap_init(&f->shared.exclude, FLAT_PAGES), 0);
	f->shared.erasures = mmap(NULL, FLAT_ERASURES_BYTES, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(f->shared.erasures != MAP_FAILED);
	f->env = (struct extension_env){
		.name = "test", .arguments = "", .kernel = &f->k, .reader = f->r,
		.shared = &f->shared,
	};
	extension_env_set(&f->env);
}

/** For each of the four kinds of kernels: for EACH_KERNEL(i) { ... BEGIN(&f, i); ... } */
#define EACH_KERNEL(i) (unsigned int i = 0; i < 4; i++)
#define BEGIN(f, i) flat_begin(f, !((i) & 1), (i) & 2)

static inline void flat_end(struct flat *f)
{
	extension_env_set(NULL);
	munmap(f->shared.erasures, FLAT_ERASURES_BYTES);
	bitmap_deinit(&f->shared.include);
	bitmap_deinit(&f->shared.exclude);
	vmcore_reader_destroy(f->r);
	free(f->bytes);
}

/** Bytes of an unsigned long. */
static inline unsigned int flat_long(const struct flat *f)
{
	return f->vc.is64 ? 8 : 4;
}

/** The bytes at a virtual address, by the identity map. */
static inline uint8_t *flat_at(struct flat *f, uint64_t va)
{
	assert_in_range(va - f->base, 0, FLAT_BYTES - 8);
	return f->bytes + (va - f->base);
}

/** Write to memory. Not to be done after the first read. */
static inline void flat_put(struct flat *f, uint64_t va, uint64_t value)
{
	if (f->vc.is64)
		store_u64(flat_at(f, va), value, f->vc.swap);
	else
		store_u32(flat_at(f, va), value, f->vc.swap);
}

/** Fill in a declaration, by its bytes. */
static inline void flat_member(struct ktype_info *t, uint32_t offset, uint32_t size)
{
	t->member_bit_offset = offset * 8;
	t->member_bit_sz = 0;
	t->member_size = size;
	t->index = 0;
}

#endif
