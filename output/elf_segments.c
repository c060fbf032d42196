// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/elf_segments.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/memmap.h"
#include "lib/array.h"
#include "lib/checked.h"
#include "lib/err.h"

#define SEGMENTS_MAX ((size_t)1 << 20)
/* The kernel image is mapped in few pieces; more are invalid. */
#define IMAGE_PIECES_MAX 4096

struct segments {
	struct vmcore_segment *list;
	size_t nr, room;
};

static int add(struct segments *s, vaddr_t vaddr, paddr_t paddr, uint64_t bytes)
{
	if (s->nr == SEGMENTS_MAX)
		return err_set(-EFBIG, "memory is in more pieces than any machine has");
	if (ARRAY_GROW(s->list, s->nr, s->room, "PT_LOADs"))
		return -ENOMEM;
	s->list[s->nr++] = (struct vmcore_segment){
		.vaddr = vaddr,
		.paddr = paddr,
		.memsz = bytes,
	};
	return 0;
}

/* Whether there is memory at an address; and how far, or how far not: at most *len. */
static bool clip_to_memory(const struct kernel *k, const struct bitmap *exists, paddr_t paddr,
			   uint64_t *len)
{
	unsigned int shift = k->vc->page_shift;
	pfn_t pfn = paddr >> shift, end;
	bool there = pfn < exists->nbits && bitmap_test(exists, pfn);

	if (pfn >= exists->nbits)
		return false;
	end = there ? bitmap_next_clear(exists, pfn, exists->nbits) :
		      bitmap_next_set(exists, pfn, exists->nbits);
	if (there || end < exists->nbits)
		*len = min_u64(*len, (end << shift) - paddr);
	return there;
}

/* Add the mapped pieces of the kernel image that are memory. */
static int add_image(struct segments *s, const struct kernel *k, struct vmcore_reader *r,
		     const struct bitmap *exists)
{
	vaddr_t va, end;
	int err = 0;

	if (k->translation_err || !k->arch.ops->kernel_image)
		return 0;
	k->arch.ops->kernel_image(&k->arch, &va, &end);
	while (!err && va < end && s->nr < IMAGE_PIECES_MAX) {
		struct vmcore_segment *last = s->nr ? &s->list[s->nr - 1] : NULL;
		struct arch_run run = { .len = 1 };
		bool mapped = !kernel_translate(k, r, va, &run);
		uint64_t len = min_u64(run.len ? run.len : end - va, end - va);

		mapped = mapped && clip_to_memory(k, exists, run.paddr, &len);
		if (mapped && last && last->vaddr + last->memsz == va &&
		    last->paddr + last->memsz == run.paddr)
			last->memsz += len;
		else if (mapped)
			err = add(s, va, run.paddr, len);
		va += len;
	}
	return err;
}

/* Whether memory is where the linear map would have it. */
static bool is_linear(const struct kernel *k, struct vmcore_reader *r, uint64_t offset,
		      paddr_t start, paddr_t last)
{
	struct arch_run a, b;

	return !kernel_translate(k, r, offset + start, &a) && a.paddr == start &&
	       !kernel_translate(k, r, offset + last, &b) && b.paddr == last;
}

static int add_memory(struct segments *s, const struct kernel *k, struct vmcore_reader *r,
		      const struct bitmap *exists)
{
	unsigned int shift = k->vc->page_shift;
	uint64_t offset = 0;
	bool known = !k->translation_err && memmap_linear_offset(k, r, &offset);
	int err = 0;

	for (pfn_t pfn = 0, end; !err; pfn = end) {
		paddr_t start;
		uint64_t bytes;

		pfn = bitmap_next_set(exists, pfn, exists->nbits);
		if (pfn == exists->nbits)
			break;
		end = bitmap_next_clear(exists, pfn, exists->nbits);
		start = pfn << shift;
		bytes = (end - pfn) << shift;
		err = add(s,
			  known && is_linear(k, r, offset, start, start + bytes - 1) ?
				  offset + start :
				  0,
			  start, bytes);
	}
	return err;
}

int elf_segments_make(const struct kernel *k, const struct bitmap *exists,
		      struct vmcore_segment **ret, size_t *nr)
{
	struct segments s = { 0 };
	struct vmcore_reader *r;
	int err = vmcore_reader_create(&r, k->vc);

	if (err)
		return err;
	err = add_image(&s, k, r, exists);
	if (!err)
		err = add_memory(&s, k, r, exists);
	vmcore_reader_destroy(r);
	if (err) {
		free(s.list);
		return err;
	}
	*ret = s.list;
	*nr = s.nr;
	return 0;
}
