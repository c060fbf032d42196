// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump_headers.h"

#include <errno.h>
#include <inttypes.h>

#include <string.h>

#include "lib/checked.h"
#include "lib/elf_machine.h"
#include "lib/err.h"
#include "lib/zero.h"

#define VERSION_MIN 1

/* The strings of struct new_utsname in the header, and the reference count once before them. */
#define UTS_OFF 12
#define UTS_COUNT 4
static const char sysname[] = "Linux";

/* Return whether strings that begin with a sysname are those of a machine that is known. */
static bool is_utsname(const struct kdump_utsname *u)
{
	return !memcmp(u->sysname, sysname, sizeof(sysname)) && memchr(u->machine, '\0', UTS_LEN) &&
	       kdump_machine_of_uts(u->machine);
}

/*
 * Move strings that are 4 bytes off to where they belong. Linux kernel commit 9a56493f6942
 * ("uts: Use generic ns_common::count") (in v5.11) took the count before them away: tools
 * that did not know read 4 bytes too late. A tool that knows only new kernels reads too early.
 */
static void repair_utsname(struct kdump_utsname *u)
{
	const size_t len = sizeof(*u) - UTS_COUNT;
	struct kdump_utsname moved = { 0 };

	memcpy(&moved, sysname, UTS_COUNT);
	memcpy((char *)&moved + UTS_COUNT, u, len);
	if (!is_utsname(&moved)) {
		moved = (struct kdump_utsname){ 0 };
		memcpy(&moved, (const char *)u + UTS_COUNT, len);
	}
	if (is_utsname(&moved))
		*u = moved;
}

static int check_header(const struct kdump_header *h, uint64_t file_size)
{
	uint64_t end;

	if (h->version < VERSION_MIN || h->version > KDUMP_VERSION)
		return err_set(-ENOTSUP, "kdump header version %d is not supported (%d to %d are)",
			       h->version, VERSION_MIN, KDUMP_VERSION);
	if (!kdump_block_size_ok(h->block_size))
		return err_set(-EBADMSG, "kdump header: impossible block size %d", h->block_size);
	if (h->sub_hdr_size < 1)
		return err_set(-EBADMSG, "kdump header: impossible sub-header size of %d blocks",
			       h->sub_hdr_size);
	if (!h->bitmap_blocks)
		return err_set(-EBADMSG, "kdump header: no bitmaps");
	end = (1 + (uint64_t)h->sub_hdr_size + h->bitmap_blocks) * h->block_size;
	if (end > file_size)
		return err_set(-EBADMSG,
			       "headers and bitmaps should take %" PRIu64
			       " bytes, but the file has only %" PRIu64,
			       end, file_size);
	return 0;
}

/* Set the number of pages if the conditions for finding them hold. */
static int set_max_pfn(struct kdump_headers *k, pfn_t max_pfn)
{
	const struct kdump_header *h = &k->header;
	uint64_t need;

	k->page_shift = __builtin_ctz(h->block_size);
	k->max_pfn = max_pfn;
	need = div_round_up(k->max_pfn, (uint64_t)h->block_size * 8);
	if (!k->max_pfn)
		return err_set(-EBADMSG, "kdump header: no pages (max_mapnr is 0)");
	/* No sum or product of page numbers overflows after this. */
	if (k->max_pfn > UINT64_MAX >> 1 >> k->page_shift)
		return err_set(-EBADMSG, "kdump header: impossible max_mapnr %#" PRIx64,
			       k->max_pfn);
	if (h->bitmap_blocks < need)
		return err_set(-EBADMSG,
			       "kdump header: bitmaps of %u blocks are too small "
			       "for %" PRIu64 " pages",
			       h->bitmap_blocks, k->max_pfn);
	if (h->bitmap_blocks >= 2 * need && h->bitmap_blocks % 2)
		return err_set(-EBADMSG, "kdump header: two bitmaps in %u blocks",
			       h->bitmap_blocks);
	k->exists_off = k->dumped_off = (1 + (uint64_t)h->sub_hdr_size) * h->block_size;
	/* With one bitmap only, the dump has all pages there are. */
	if (h->bitmap_blocks >= 2 * need)
		k->dumped_off += (uint64_t)h->bitmap_blocks / 2 * h->block_size;
	k->desc_off = k->exists_off + (uint64_t)h->bitmap_blocks * h->block_size;
	return 0;
}

/* Return whether the 2nd bitmap has pages from max_pfn on. */
static bool has_pages_beyond(const struct kdump_headers *k, struct file_reader *fr)
{
	uint64_t off = k->dumped_off + k->max_pfn / 8;
	uint8_t known = (1u << k->max_pfn % 8) - 1;
	const void *p;
	size_t got;

	for (; off < k->desc_off; off += got, known = 0) {
		const uint8_t *bytes;

		if (file_get(fr, off, min_u64(k->desc_off - off, SIZE_MAX), &p, &got))
			return false;
		bytes = p;
		if (bytes[0] & ~known || !all_zero(bytes + 1, got - 1))
			return true;
	}
	return false;
}

/*
 * Find the page of bit 0. On arm it is that at phys_base, where memory begins. QEMU counts pages
 * from 0 on, and sets phys_base all the same: then no page is before it.
 */
static void find_pfn_base(struct kdump_headers *k, struct file_reader *fr)
{
	pfn_t base = k->sub.phys_base >> k->page_shift;
	const void *p;
	size_t got;

	k->pfn_base = 0;
	if (k->layout.is64 || kdump_machine_of_uts(k->header.utsname.machine) != EM_ARM || base % 8)
		return;
	for (uint64_t off = 0, end = min_u64(base, k->max_pfn) / 8; off < end; off += got) {
		if (file_get(fr, k->exists_off + off, end - off, &p, &got))
			return;
		if (!all_zero(p, got)) {
			k->pfn_base = base;
			return;
		}
	}
}

/* Let the bitmap decide between the numbers of pages of the two headers. */
static int find_pages(struct kdump_headers *k, struct file_reader *fr)
{
	bool wide = k->header.version >= 6;
	pfn_t max_pfn = wide ? k->sub.max_mapnr_64 : k->header.max_mapnr;
	int err = set_max_pfn(k, max_pfn);

	k->beyond = !err && has_pages_beyond(k, fr);
	if (!wide || (!err && !k->beyond))
		return err;
	if (!set_max_pfn(k, k->header.max_mapnr) && !has_pages_beyond(k, fr)) {
		k->beyond = false;
		return 0;
	}
	return set_max_pfn(k, max_pfn);
}

int kdump_headers_read(struct kdump_headers *h, struct file_reader *fr)
{
	uint8_t head[KDUMP_HEADER_SIZE_MAX], sub[KDUMP_SUB_HEADER_SIZE_MAX];
	int err;

	if (fr->file->size < sizeof(head))
		return err_set(-EBADMSG, "the file ends within the kdump header");
	err = file_read(fr, 0, head, sizeof(head));
	if (err)
		return err_prefix(err, "reading the kdump header");
	err = kdump_guess_layout(head, &h->layout);
	if (err)
		return err;
	repair_utsname((struct kdump_utsname *)(head + UTS_OFF));
	kdump_decode_header(&h->layout, head, &h->header);
	err = check_header(&h->header, fr->file->size);
	if (err)
		return err;
	err = file_read(fr, h->header.block_size, sub, sizeof(sub));
	if (err)
		return err_prefix(err, "reading the kdump sub-header");
	kdump_guess_sub_layout(&h->header, sub, &h->layout);
	kdump_decode_sub_header(&h->layout, h->header.version, sub, &h->sub);
	err = find_pages(h, fr);
	if (!err)
		find_pfn_base(h, fr);
	return err;
}

void kdump_part_range(const struct kdump_headers *h, pfn_t *start, pfn_t *end)
{
	bool wide = h->header.version >= 6;

	*start = wide ? h->sub.start_pfn_64 : h->sub.start_pfn;
	*end = wide ? h->sub.end_pfn_64 : h->sub.end_pfn;
}

void kdump_or_bytes(struct bitmap *b, uint64_t byte_off, const void *buf, size_t len)
{
	uint64_t bytes = div_round_up(b->nbits, 8);
	uint8_t *to = (uint8_t *)b->words;
	const uint8_t *from = buf;

	if (byte_off >= bytes)
		return;
	len = min_u64(len, bytes - byte_off);
	for (size_t i = 0, n; i < len; i += n) {
		n = min_u64(4096, len - i);
		if (all_zero(from + i, n))
			continue;
		bitmap_touch(b, (byte_off + i) * 8, min_u64((byte_off + i + n) * 8, b->nbits));
		for (size_t j = i; j < i + n; j++)
			to[byte_off + j] |= from[j];
	}
	if (byte_off + len == bytes && b->nbits % 8)
		to[bytes - 1] &= (1u << b->nbits % 8) - 1;
}

int kdump_read_bitmap(struct file_reader *fr, uint64_t off, pfn_t first, struct bitmap *b)
{
	uint64_t bytes = div_round_up(b->nbits - first, 8);
	size_t got;

	for (uint64_t done = 0; done < bytes; done += got) {
		const void *p;
		int err = file_get(fr, off + done, min_u64(bytes - done, SIZE_MAX), &p, &got);

		if (err == -ENODATA)
			return err_set(-EBADMSG, "the file ends within its bitmaps");
		if (err)
			return err_prefix(err, "reading a bitmap");
		kdump_or_bytes(b, first / 8 + done, p, got);
	}
	return 0;
}
