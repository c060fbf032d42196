// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/btf_scan.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/types.h"
#include "symbols/image_scan.h"

/* BPF programs that are part of the kernel have BTF of their own, of some hundred. */
#define TYPES_MIN 2000

#define HEADER_SIZE 24
/* With the layout section, as since 7.1. */
#define LAYOUT_HEADER_SIZE 32
#define HEADER_MAX 256
#define RECORD_SIZE 12
#define LAYOUT_SIZE 4
/* Bytes between sections, to align them, are fewer. */
#define GAPS_MAX 8

struct btf_header {
	uint32_t hdr_len, type_len, str_off, str_len, layout_off, layout_len;
	uint64_t size; /* of all that it tells of, itself included */
};

struct search {
	const struct vmem *mem;
	vaddr_t start;
	uint64_t size; /* 0: nothing found yet */
	struct image_window window;
};

static uint32_t field(const struct search *s, const uint8_t *header, unsigned int at)
{
	return load_u32(header + at, s->mem->swap);
}

/* Offsets in BTF are from the end of its header. */
static bool read_header(struct search *s, vaddr_t va, struct btf_header *h)
{
	const uint8_t *p = image_window_get(&s->window, va, HEADER_SIZE);

	*h = (struct btf_header){ 0 };
	if (!p)
		return false;
	h->hdr_len = field(s, p, 4);
	h->type_len = field(s, p, 12);
	h->str_off = field(s, p, 16);
	h->str_len = field(s, p, 20);
	/* The types come first, at once. */
	if (field(s, p, 8) || h->hdr_len < HEADER_SIZE || h->hdr_len > HEADER_MAX)
		return false;
	h->size = (uint64_t)h->str_off + h->str_len;
	if (h->hdr_len >= LAYOUT_HEADER_SIZE) {
		p = image_window_get(&s->window, va, LAYOUT_HEADER_SIZE);
		if (!p)
			return false;
		h->layout_off = field(s, p, 24);
		h->layout_len = field(s, p, 28);
		h->size = max_u64(h->size, (uint64_t)h->layout_off + h->layout_len);
	}
	/* Sections lie side by side. Less than nothing is between those that overlap. */
	if (h->size - h->type_len - h->str_len - h->layout_len >= GAPS_MAX)
		return false;
	h->size += h->hdr_len;
	return range_fits(va, h->size, s->mem->image_end);
}

static bool strings_fit(struct search *s, vaddr_t va, const struct btf_header *h)
{
	vaddr_t strings = va + h->hdr_len + h->str_off;
	const uint8_t *p = image_window_get(&s->window, strings, 1);

	if (!p || *p)
		return false;
	p = image_window_get(&s->window, strings + h->str_len - 1, 1);
	return p && !*p;
}

/* Sizes of the data after the records of a kind: bytes once, and for each of vlen. */
struct kind {
	bool known;
	uint8_t once, each;
};

static struct kind layout_of(struct search *s, vaddr_t va, const struct btf_header *h,
			     unsigned int kind)
{
	/* By the numbers that kinds have in BTF. */
	static const struct kind kinds[] = {
		[1] = { true, 4, 0 },	/* INT */
		[2] = { true, 0, 0 },	/* PTR */
		[3] = { true, 12, 0 },	/* ARRAY */
		[4] = { true, 0, 12 },	/* STRUCT */
		[5] = { true, 0, 12 },	/* UNION */
		[6] = { true, 0, 8 },	/* ENUM */
		[7] = { true, 0, 0 },	/* FWD */
		[8] = { true, 0, 0 },	/* TYPEDEF */
		[9] = { true, 0, 0 },	/* VOLATILE */
		[10] = { true, 0, 0 },	/* CONST */
		[11] = { true, 0, 0 },	/* RESTRICT */
		[12] = { true, 0, 0 },	/* FUNC */
		[13] = { true, 0, 8 },	/* FUNC_PROTO */
		[14] = { true, 4, 0 },	/* VAR */
		[15] = { true, 0, 12 }, /* DATASEC */
		[16] = { true, 0, 0 },	/* FLOAT */
		[17] = { true, 4, 0 },	/* DECL_TAG */
		[18] = { true, 0, 0 },	/* TYPE_TAG */
		[19] = { true, 0, 12 }, /* ENUM64 */
	};
	const uint8_t *p;

	if (kind < ARRAY_SIZE(kinds))
		return kinds[kind];
	if (kind >= h->layout_len / LAYOUT_SIZE)
		return (struct kind){ false, 0, 0 };
	p = image_window_get(&s->window, va + h->hdr_len + h->layout_off + kind * LAYOUT_SIZE,
			     LAYOUT_SIZE);
	return p ? (struct kind){ true, p[0], p[1] } : (struct kind){ false, 0, 0 };
}

static bool types_fit(struct search *s, vaddr_t va, const struct btf_header *h)
{
	uint64_t pos = 0;
	uint32_t nr = 0;

	for (; pos < h->type_len; nr++) {
		const uint8_t *p = image_window_get(&s->window, va + h->hdr_len + pos, RECORD_SIZE);
		uint32_t name, info;
		struct kind kind;

		if (!p)
			return false;
		name = field(s, p, 0);
		/*
		 * The number of members had 16 bits and the kind 5 until 7.1; the bits
		 * that came to them were 0.
		 */
		info = field(s, p, 4);
		kind = layout_of(s, va, h, info >> 24 & 0x7f);
		if (!kind.known || name >= h->str_len)
			return false;
		pos += RECORD_SIZE + kind.once + (uint64_t)kind.each * (info & 0xffffff);
	}
	return pos == h->type_len && nr >= TYPES_MIN;
}

static int magic_hit(void *ctx, vaddr_t va, const uint8_t *bytes, size_t have)
{
	struct search *s = ctx;
	struct btf_header h;

	(void)bytes;
	(void)have;
	if (read_header(s, va, &h) && h.size > s->size && strings_fit(s, va, &h) &&
	    types_fit(s, va, &h)) {
		s->start = va;
		s->size = h.size;
	}
	return s->window.err;
}

int btf_scan(const struct vmem *mem, vaddr_t *start, uint64_t *size)
{
	/* Magic number, version and flags, in both byte orders. */
	static const uint8_t little[] = { 0x9f, 0xeb, 1, 0 }, big[] = { 0xeb, 0x9f, 1, 0 };
	bool is_big = mem->swap != HOST_BIG_ENDIAN;
	_cleanup_free_ struct search *s = malloc(sizeof(*s));
	int err;

	if (!s)
		return err_set(-ENOMEM, "no memory to search for BTF");
	s->mem = mem;
	s->size = 0;
	image_window_init(&s->window, mem);
	err = image_search(mem, is_big ? big : little, sizeof(little), magic_hit, s);
	if (!err && !s->size)
		err = err_set(-ENOENT, "the kernel image has no BTF");
	if (err)
		return err;
	*start = s->start;
	*size = s->size;
	return 0;
}
