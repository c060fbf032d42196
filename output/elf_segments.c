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
	size_t nr;
};

static int add(struct segments *s, vaddr_t vaddr, paddr_t paddr, uint64_t bytes)
{
	if (s->nr == SEGMENTS_MAX)
		return err_set(-EFBIG, "memory is in more pieces than any machine has");
	if (ARRAY_GROW(s->list, s->nr, "PT_LOADs"))
		return -ENOMEM;
	s->list[s->nr++] = (struct vmcore_segment){
		.vaddr = vaddr,
		.paddr = paddr,
		.memsz = bytes,
	};
	return 0;
}

/* Return whether there is memory at an address; and how far, or how far not: at most *len. */
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

/* State of the walk over the kernel image. */
struct image_walk {
	struct segments *s;
	const struct kernel *k;
	const struct bitmap *exists;
};

/* @return 1 if there are enough pieces; -errno */
static int add_image_run(void *ctx, vaddr_t va, paddr_t pa, uint64_t len)
{
	const struct image_walk *w = ctx;
	struct segments *s = w->s;
	int err = 0;

	for (uint64_t n; !err && len; va += n, pa += n, len -= n) {
		struct vmcore_segment *last = s->nr ? &s->list[s->nr - 1] : NULL;
		bool there;

		if (s->nr == IMAGE_PIECES_MAX)
			return 1;
		n = len;
		there = clip_to_memory(w->k, w->exists, pa, &n);
		if (there && last && last->vaddr + last->memsz == va &&
		    last->paddr + last->memsz == pa)
			last->memsz += n;
		else if (there)
			err = add(s, va, pa, n);
	}
	return err;
}

/* Add the mapped pieces of the kernel image that are memory. */

static int add_image(struct segments *s, const struct kernel *k, struct vmcore_reader *r,
		     const struct bitmap *exists)
{
	struct image_walk w = { s, k, exists };
	int ret = kernel_for_each_image_run(k, r, add_image_run, &w);

	return ret < 0 ? ret : 0;
}

/* Return whether memory is where the linear map would have it. */
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
