// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/reassemble.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/page_layout.h"
#include "lib/bitmap.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/progress.h"
#include "vmcore/places.h"
#include "output/sink.h"
#include "vmcore/kdump_headers.h"

/* Page descriptors that are looked at together. */
#define DESC_BATCH 4096
/* Data that cannot be read are passed over in pieces of this size. */
#define SECTOR 4096

struct part {
	struct dump_file file;
	struct file_reader fr, other; /* other: for what is read beside */
	struct kdump_headers h;
	pfn_t start, end;
	uint64_t nr_pages; /* in [start, end) */
	uint64_t first;	   /* number of the first of them in the whole dump */
	/* Offsets of each class's data in the part, and of their end; and in the whole dump. */
	uint64_t starts[KDUMP_CLASSES + 1], to[KDUMP_CLASSES];
	uint64_t copied;      /* data before this offset are in the whole dump */
	struct bitmap bad;    /* descriptors that are not copied */
	struct bitmap unread; /* sectors of its data */
	char *eraseinfo;
	size_t eraseinfo_size;
};

struct whole {
	struct part *parts; /* sorted by what they begin with */
	size_t nr;
	struct bitmap dumped;
	uint64_t nr_pages;
	struct sink *sink;
	uint64_t zero_off; /* of the page of zeros, in all files; 0: there is none */
	uint64_t part_off; /* where the data of pages begin in each part */
	uint64_t data_off; /* where the next data go */
	uint8_t *descs;	   /* DESC_BATCH of them */
	uint64_t missing;  /* pages */
	char why[512];	   /* why it is not complete; "" if it is */
	struct progress progress;
	uint64_t done; /* bytes of data */
};

/* Remember the first reason. */
static void lacks(struct whole *w, const struct part *p, const char *what)
{
	if (!w->why[0])
		snprintf(w->why, sizeof(w->why), "%s %s", p->file.path, what);
}

/* The same for bytes that cannot be read. */
static void cannot_read(struct whole *w, int err)
{
	if (!w->why[0])
		snprintf(w->why, sizeof(w->why), "%s", err_text(err));
}

static int read_part(struct part *p)
{
	char signature[KDUMP_SIGNATURE_SIZE] = "";
	int err = file_read(&p->fr, 0, signature, min_u64(sizeof(signature), p->file.size));

	if (err)
		return err;
	if (memcmp(signature, KDUMP_SIGNATURE, sizeof(signature)))
		return err_set(-EINVAL, "%s is not a kdump-compressed file", p->file.path);
	err = kdump_headers_read(&p->h, &p->fr);
	if (err)
		return err_prefix(err, "%s", p->file.path);
	if (!p->h.sub.split)
		return err_set(-EINVAL, "%s is not a part of a split dump", p->file.path);
	kdump_part_range(&p->h, &p->start, &p->end);
	if (p->start > p->end || p->end > p->h.max_pfn)
		return err_set(-EBADMSG,
			       "%s: pages %#" PRIx64 " to %#" PRIx64 " of %#" PRIx64 " are invalid",
			       p->file.path, p->start, p->end, p->h.max_pfn);
	return 0;
}

static int open_part(struct part *p, const char *path, bool use_mmap)
{
	int err = file_open(&p->file, path, use_mmap, NULL);

	if (err)
		return err;
	file_reader_init(&p->fr, &p->file);
	file_reader_init(&p->other, &p->file);
	return read_part(p);
}

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->start != y->start)
		return x->start > y->start ? 1 : -1;
	return (x->end > y->end) - (x->end < y->end);
}

/* The headers as they will be: without what differs between parts. */
static void encode_common(const struct kdump_headers *h, uint8_t *header, uint8_t *sub)
{
	struct kdump_headers common = *h;

	common.header.status &= ~KDUMP_INCOMPLETE;
	common.sub.split = 0;
	common.sub.start_pfn = common.sub.end_pfn = 0;
	common.sub.start_pfn_64 = common.sub.end_pfn_64 = 0;
	common.sub.offset_eraseinfo = common.sub.size_eraseinfo = 0;
	kdump_encode_header(&h->layout, &common.header, header);
	kdump_encode_sub_header(&h->layout, &common.sub, sub);
}

/* Return whether two parts have the same notes and bitmaps. */
static int compare_bytes(struct part *a, struct part *b, uint64_t off, uint64_t end, bool *same)
{
	*same = true;
	while (*same && off < end) {
		const void *p, *q;
		size_t n, m;
		int err = file_get(&a->fr, off, end - off, &p, &n);

		if (!err)
			err = file_get(&b->fr, off, n, &q, &m);
		if (err)
			return err;
		*same = !memcmp(p, q, m);
		off += m;
	}
	return 0;
}

/* Offset of the starts of classes; the end of all headers if a part has no room for them. */
static uint64_t starts_offset(const struct part *p)
{
	uint64_t off = kdump_starts_offset(&p->h.layout, &p->h.header, &p->h.sub);

	return off ? off : p->h.desc_off;
}

/* Return whether a part is of the same dump as the first. */
static int check_family(struct part *first, struct part *p)
{
	uint8_t headers[2][KDUMP_HEADER_SIZE_MAX + KDUMP_SUB_HEADER_SIZE_MAX] = { 0 };
	uint64_t notes = first->h.header.block_size + kdump_sub_header_size(&first->h.layout);
	uint64_t starts = starts_offset(first);
	bool same;
	int err;

	encode_common(&first->h, headers[0], headers[0] + KDUMP_HEADER_SIZE_MAX);
	encode_common(&p->h, headers[1], headers[1] + KDUMP_HEADER_SIZE_MAX);
	same = !memcmp(headers[0], headers[1], sizeof(headers[0]));
	err = same ? compare_bytes(first, p, notes, starts, &same) : 0;
	if (!err && same)
		err = compare_bytes(first, p, starts + KDUMP_STARTS_SIZE, first->h.desc_off, &same);
	if (!err && !same)
		err = err_set(-EINVAL, "%s and %s are not parts of the same dump", first->file.path,
			      p->file.path);
	return err;
}

/* Return whether there are pages in [start, end), which none of the parts has. */
static int check_gap(const struct whole *w, pfn_t start, pfn_t end)
{
	if (start >= end || bitmap_next_set(&w->dumped, start, end) == end)
		return 0;
	return err_set(-EINVAL, "the part with pages %#" PRIx64 " to %#" PRIx64 " is missing",
		       start, end);
}

static int check_ranges(const struct whole *w)
{
	const struct part *before = NULL;
	pfn_t end = 0;
	int err = 0;

	for (size_t i = 0; !err && i < w->nr; i++) {
		const struct part *p = &w->parts[i];

		if (p->start == p->end)
			continue;
		if (before && p->start == before->start && p->end == before->end)
			return err_set(-EINVAL, "%s and %s are the same part", before->file.path,
				       p->file.path);
		if (p->start < end)
			return err_set(-EINVAL, "%s and %s overlap: both have page %#" PRIx64,
				       before->file.path, p->file.path, p->start);
		err = check_gap(w, end, p->start);
		end = p->end;
		before = p;
	}
	return err ? err : check_gap(w, end, w->dumped.nbits);
}

static int read_eraseinfo(struct whole *w, struct part *p)
{
	uint64_t off = p->h.sub.offset_eraseinfo, size = p->h.sub.size_eraseinfo;

	if (size > ERASEINFO_MAX || !range_fits(off, size, p->file.size)) {
		lacks(w, p, "lacks the text of what was overwritten in it");
		return 0;
	}
	if (!size)
		return 0;
	p->eraseinfo = malloc(size);
	if (!p->eraseinfo)
		return err_set(-ENOMEM, "no memory for eraseinfo of %" PRIu64 " bytes", size);
	p->eraseinfo_size = size;
	return file_read(&p->fr, off, p->eraseinfo, size);
}

/* See that the parts are those of one dump, and all of them. */
static int check_parts(struct whole *w)
{
	struct part *first = w->parts;
	int err = bitmap_init(&w->dumped, first->h.max_pfn);

	if (!err)
		err = kdump_read_bitmap(&first->fr, first->h.dumped_off, 0, &w->dumped);
	for (size_t i = 1; !err && i < w->nr; i++)
		err = check_family(first, &w->parts[i]);
	if (!err)
		err = check_ranges(w);
	for (size_t i = 0; !err && i < w->nr; i++) {
		if (w->parts[i].file.damage[0])
			lacks(w, &w->parts[i], "is a damaged flattened file");
		if (w->parts[i].h.header.status & KDUMP_INCOMPLETE)
			lacks(w, &w->parts[i], "is marked incomplete");
		err = read_eraseinfo(w, &w->parts[i]);
	}
	return err;
}

/* Copy what lies together in a part. */
static int copy_bytes(struct whole *w, struct file_reader *from, uint64_t off, uint64_t len,
		      uint64_t to)
{
	while (len) {
		const void *p;
		size_t n;
		int err = file_get(from, off, len, &p, &n);

		if (!err)
			err = sink_pwrite(w->sink, p, n, to);
		if (err)
			return err;
		off += n;
		to += n;
		len -= n;
	}
	return 0;
}

static int put_headers(struct whole *w, const struct kdump_headers *h)
{
	uint8_t header[KDUMP_HEADER_SIZE_MAX], sub[KDUMP_SUB_HEADER_SIZE_MAX];
	struct kdump_headers plain = *h;
	int err;

	plain.sub.split = 0;
	plain.sub.start_pfn = plain.sub.end_pfn = 0;
	plain.sub.start_pfn_64 = plain.sub.end_pfn_64 = 0;
	kdump_encode_header(&h->layout, &plain.header, header);
	kdump_encode_sub_header(&h->layout, &plain.sub, sub);
	err = sink_pwrite(w->sink, sub, kdump_sub_header_size(&h->layout), h->header.block_size);
	return err ? err : sink_pwrite(w->sink, header, kdump_header_size(&h->layout), 0);
}

/* All that is before the data, which says so far that it is incomplete. */
static int put_beginning(struct whole *w)
{
	struct part *first = w->parts;
	struct kdump_headers h = first->h;
	uint64_t header = kdump_header_size(&h.layout);
	uint64_t notes = h.header.block_size + kdump_sub_header_size(&h.layout);
	uint64_t starts = starts_offset(first), rest = starts + KDUMP_STARTS_SIZE;
	_cleanup_free_ uint8_t *zeros = NULL;
	int err;

	w->nr_pages = bitmap_count(&w->dumped, 0, w->dumped.nbits);
	for (size_t i = 0; i < w->nr; i++) {
		struct part *p = &w->parts[i];

		p->nr_pages = bitmap_count(&w->dumped, p->start, p->end);
		p->first = i ? p[-1].first + p[-1].nr_pages : 0;
	}
	w->part_off = w->data_off = h.desc_off + w->nr_pages * KDUMP_PAGE_DESC_SIZE;
	h.header.status |= KDUMP_INCOMPLETE;
	h.sub.offset_eraseinfo = h.sub.size_eraseinfo = 0;
	err = put_headers(w, &h);
	/* All but the headers, which would say that the dump is complete, and the starts. */
	if (!err)
		err = copy_bytes(w, &first->fr, header, h.header.block_size - header, header);
	if (!err)
		err = copy_bytes(w, &first->fr, notes, starts - notes, notes);
	if (!err && rest < h.desc_off)
		err = copy_bytes(w, &first->fr, rest, h.desc_off - rest, rest);
	sink_reserve(w->sink, h.desc_off, w->nr_pages * KDUMP_PAGE_DESC_SIZE,
		     DESC_BATCH * KDUMP_PAGE_DESC_SIZE);
	if (err || !(h.sub.dump_level & DL_ZERO))
		return err;
	zeros = calloc(1, h.header.block_size);
	if (!zeros)
		return err_set(-ENOMEM, "no memory");
	w->zero_off = w->data_off;
	w->part_off = w->data_off += h.header.block_size;
	return sink_pwrite(w->sink, zeros, h.header.block_size, w->zero_off);
}

/* Return whether a page can be stored as a descriptor says. */
static bool stored_ok(const struct part *p, const struct kdump_page_desc *d)
{
	uint32_t block = p->h.header.block_size;

	if (d->flags != kdump_flags_of_codec(kdump_codec_of_flags(d->flags)))
		return false;
	return d->flags ? d->size && d->size < block : d->size == block;
}

/* Return whether a page's data can be where a descriptor says. */
static bool desc_ok(const struct whole *w, const struct part *p, const struct kdump_page_desc *d)
{
	return stored_ok(p, d) && d->offset >= w->part_off &&
	       range_fits(d->offset, d->size, p->file.size);
}

static bool is_zero_page(const struct whole *w, const struct kdump_page_desc *d)
{
	return w->zero_off && d->offset == w->zero_off;
}

static void lose(struct bitmap *bad, uint64_t number)
{
	bitmap_set_range(bad, number, number + 1);
}

/*
 * Read a part's descriptors from number first on. Those after the end of the file, or on a bad
 * sector, are zeros.
 */
static void read_descs(struct whole *w, struct part *p, uint64_t first, unsigned int nr)
{
	uint64_t off = p->h.desc_off + first * KDUMP_PAGE_DESC_SIZE;
	uint64_t left = off < p->file.size ? p->file.size - off : 0;
	size_t len = nr * (size_t)KDUMP_PAGE_DESC_SIZE, there = min_u64(len, left);
	int err;

	there -= there % KDUMP_PAGE_DESC_SIZE;
	memset(w->descs + there, 0, len - there);
	err = there ? file_read(&p->other, off, w->descs, there) : 0;
	if (err) {
		cannot_read(w, err);
		memset(w->descs, 0, len);
	}
}

/* The class whose data an offset in a part is in. */
static unsigned int class_of(const struct part *p, uint64_t off)
{
	unsigned int c = KDUMP_CLASSES - 1;

	while (off < p->starts[c])
		c--;
	return c;
}

/*
 * Read where the classes of a part begin. Starts that are wrong are changed to some that ascend,
 * within the data; a part without starts has one class.
 */
static int read_starts(const struct whole *w, struct part *p)
{
	uint64_t off = kdump_starts_offset(&p->h.layout, &p->h.header, &p->h.sub);
	uint64_t next = max_u64(p->file.size, w->part_off);
	uint8_t raw[KDUMP_STARTS_SIZE] = { 0 };
	int err = off ? file_read(&p->fr, off, raw, sizeof(raw)) : 0;

	if (memcmp(raw, KDUMP_STARTS_MAGIC, KDUMP_STARTS_MAGIC_SIZE))
		memset(raw, 0, sizeof(raw));
	for (unsigned int c = KDUMP_CLASSES; c--;) {
		uint64_t start = load_u64(raw + KDUMP_STARTS_MAGIC_SIZE + c * 8, p->h.layout.swap);

		next = start && start < next ? max_u64(start, w->part_off) : next;
		p->starts[c] = next;
	}
	p->starts[0] = w->part_off;
	return err;
}

/* Have all data of a part in one class. */
static void forget_starts(struct part *p)
{
	for (unsigned int c = 1; c < KDUMP_CLASSES; c++)
		p->starts[c] = p->starts[KDUMP_CLASSES];
}

/* Find the descriptors of a part that are damaged, and the data that the others name. */
static int find_places(struct whole *w, struct part *p, struct places *places)
{
	bool torn = false;
	int err = read_starts(w, p);

	for (uint64_t first = 0; !err && first < p->nr_pages; first += DESC_BATCH) {
		unsigned int nr = min_u64(DESC_BATCH, p->nr_pages - first);

		read_descs(w, p, first, nr);
		for (unsigned int i = 0; !err && i < nr; i++) {
			struct kdump_page_desc d;

			kdump_decode_page_desc(&p->h.layout, w->descs + i * KDUMP_PAGE_DESC_SIZE,
					       &d);
			if (is_zero_page(w, &d) && stored_ok(p, &d))
				continue;
			if (desc_ok(w, p, &d)) {
				torn |= class_of(p, d.offset) != class_of(p, d.offset + d.size - 1);
				err = places_add(places, &d, first + i);
				continue;
			}
			lacks(w, p,
			      d.offset || d.size ? "describes pages in an invalid way, or "
						   "is cut short" :
						   "lacks pages");
			lose(&p->bad, first + i);
		}
	}
	p->starts[KDUMP_CLASSES] = max_u64(places->end, w->part_off);
	if (torn)
		forget_starts(p);
	for (unsigned int c = 0; c < KDUMP_CLASSES; c++)
		p->starts[c] = min_u64(p->starts[c], p->starts[KDUMP_CLASSES]);
	return err;
}

/* Find the pages of a part that it lacks or describes in an invalid way. */
static int check_pages(struct whole *w, struct part *p)
{
	struct places places = { 0 };
	uint64_t lost, gaps;
	int err = bitmap_init(&p->bad, p->nr_pages);

	if (!err)
		err = find_places(w, p, &places);
	if (!err) {
		lost = bitmap_count(&p->bad, 0, p->bad.nbits);
		gaps = places_check(&places, w->part_off, &p->bad);
		if (bitmap_count(&p->bad, 0, p->bad.nbits) > lost)
			lacks(w, p, "has pages whose data overlap");
		else if (gaps && !lost)
			lacks(w, p,
			      "has data that belong to no page: other pages may have their "
			      "contents");
	}
	places_deinit(&places);
	p->copied = w->part_off;
	return err;
}

static int lose_sector(struct part *p, uint64_t sector)
{
	uint64_t nr = div_round_up(p->starts[KDUMP_CLASSES], SECTOR);
	int err = p->unread.nbits ? 0 : bitmap_init(&p->unread, nr);

	if (!err)
		lose(&p->unread, sector);
	return err;
}

/* Copy the data of a class of a part as far as they can be read. */
static int copy_data(struct whole *w, struct part *p, unsigned int class)
{
	uint64_t off = p->starts[class], end = p->starts[class + 1];

	p->to[class] = w->data_off;
	while (off < end) {
		const void *data;
		size_t n;
		int err = file_get(&p->fr, off, end - off, &data, &n);

		if (err == -ENOMEM)
			return err;
		if (err) {
			n = min_u64(SECTOR - off % SECTOR, end - off);
			cannot_read(w, err);
			err = lose_sector(p, off / SECTOR);
		} else {
			err = sink_pwrite(w->sink, data, n, w->data_off);
		}
		if (err)
			return err;
		off += n;
		w->data_off += n;
		w->done += n;
		p->copied = off;
		progress_update(&w->progress, w->done);
	}
	return 0;
}

/* Return whether a part of the data of a page could not be read. */
static bool is_unread(const struct part *p, const struct kdump_page_desc *d)
{
	uint64_t first = d->offset / SECTOR, end = div_round_up(d->offset + d->size, SECTOR);

	return p->unread.nbits && bitmap_next_set(&p->unread, first, end) < end;
}

/* Make a descriptor of a part one of the whole dump: zeros if its data are not there (yet). */
static void convert_desc(const struct whole *w, struct part *p, uint64_t number,
			 struct kdump_page_desc *d)
{
	bool ok = !bitmap_test(&p->bad, number);

	if (ok && is_zero_page(w, d))
		return;
	ok = ok && desc_ok(w, p, d) && d->offset + d->size <= p->copied;
	if (ok && is_unread(p, d)) {
		lose(&p->bad, number);
		ok = false;
	}
	if (ok) {
		unsigned int class = class_of(p, d->offset);

		d->offset += p->to[class] - p->starts[class];
	} else {
		*d = (struct kdump_page_desc){ 0 };
	}
}

/* Write the descriptors of a part: those whose data lie within the bytes that were copied. */
static int put_descs(struct whole *w, struct part *p)
{
	int err = 0;

	for (uint64_t first = 0; !err && first < p->nr_pages; first += DESC_BATCH) {
		unsigned int nr = min_u64(DESC_BATCH, p->nr_pages - first);

		read_descs(w, p, first, nr);
		for (unsigned int i = 0; i < nr; i++) {
			uint8_t *raw = w->descs + i * KDUMP_PAGE_DESC_SIZE;
			struct kdump_page_desc d;

			kdump_decode_page_desc(&p->h.layout, raw, &d);
			convert_desc(w, p, first + i, &d);
			kdump_encode_page_desc(&p->h.layout, &d, raw);
		}
		err = sink_pwrite(w->sink, w->descs, nr * (size_t)KDUMP_PAGE_DESC_SIZE,
				  p->h.desc_off + (p->first + first) * KDUMP_PAGE_DESC_SIZE);
	}
	return err;
}

/* Copy a class of a part. With the first one come the pages of zeros. */
static int copy_class(struct whole *w, struct part *p, unsigned int class)
{
	int err, desc_err;

	if (class && p->starts[class] == p->starts[class + 1])
		return 0;
	/* Data first: a descriptor never points to what is not there. */
	err = copy_data(w, p, class);
	desc_err = put_descs(w, p);
	return err ? err : desc_err;
}

/* Copy the pages of all parts, class by class. */
static int copy_parts(struct whole *w)
{
	uint64_t total = 0;
	int err = 0;

	for (size_t i = 0; !err && i < w->nr; i++) {
		struct part *p = &w->parts[i];

		err = check_pages(w, p);
		total += err ? 0 : p->starts[KDUMP_CLASSES] - w->part_off;
	}
	progress_begin(&w->progress, "Copying data", total);
	for (unsigned int c = 0; c < KDUMP_CLASSES; c++) {
		for (size_t i = 0; !err && i < w->nr; i++)
			err = copy_class(w, &w->parts[i], c);
	}
	progress_end(&w->progress, !err);
	for (size_t i = 0; i < w->nr; i++)
		w->missing += bitmap_count(&w->parts[i].bad, 0, w->parts[i].bad.nbits);
	return err;
}

static bool same_eraseinfo(const struct part *a, const struct part *b)
{
	return a->eraseinfo_size == b->eraseinfo_size &&
	       !memcmp(a->eraseinfo, b->eraseinfo, a->eraseinfo_size);
}

/* Each text once: usually all parts have the same. */
static int put_eraseinfo(struct whole *w, struct kdump_headers *h)
{
	int err = 0;

	h->sub.offset_eraseinfo = h->sub.size_eraseinfo = 0;
	for (size_t i = 0; !err && i < w->nr; i++) {
		const struct part *p = &w->parts[i];
		size_t before = 0;

		if (!p->eraseinfo_size)
			continue;
		while (before < i && !same_eraseinfo(&w->parts[before], p))
			before++;
		if (before < i)
			continue;
		if (!h->sub.size_eraseinfo)
			h->sub.offset_eraseinfo = w->data_off;
		err = sink_pwrite(w->sink, p->eraseinfo, p->eraseinfo_size, w->data_off);
		w->data_off += p->eraseinfo_size;
		h->sub.size_eraseinfo += p->eraseinfo_size;
	}
	return err;
}

/* The end failed: what may already say that it is complete is not. The error's text stays. */
static int take_back(struct whole *w, struct kdump_headers *h, int err)
{
	char why[512];

	snprintf(why, sizeof(why), "%s", err_text(err));
	h->header.status |= KDUMP_INCOMPLETE;
	if (put_headers(w, h) || sink_sync(w->sink))
		DEBUG_MSG("The file could not be marked as incomplete: %s\n", err_text(-EIO));
	return err_adopt(err, why);
}

static int put_end(struct whole *w)
{
	struct kdump_headers h = w->parts->h;
	int err = put_eraseinfo(w, &h);

	h.header.status &= ~KDUMP_INCOMPLETE;
	if (w->why[0])
		h.header.status |= KDUMP_INCOMPLETE;
	/* The dump is on the disk before it says so. */
	if (!err)
		err = sink_sync(w->sink);
	if (!err)
		err = put_headers(w, &h);
	if (!err)
		err = sink_finish(w->sink);
	return err ? take_back(w, &h, err) : 0;
}

static int write_whole(struct whole *w)
{
	int err = put_beginning(w);

	if (!err)
		err = copy_parts(w);
	if (!err)
		err = put_end(w);
	if (err)
		return err_prefix(err, "the dump is incomplete");
	if (w->missing)
		return err_set(-EIO, "the dump is incomplete, %" PRIu64 " page%s missing: %s",
			       w->missing, w->missing == 1 ? " is" : "s are", w->why);
	return w->why[0] ? err_set(-EIO, "the dump is incomplete: %s", w->why) : 0;
}

static int open_parts(struct whole *w, char *const *paths, size_t nr, bool use_mmap)
{
	int err = 0;

	w->parts = calloc(nr, sizeof(*w->parts));
	w->descs = malloc(DESC_BATCH * KDUMP_PAGE_DESC_SIZE);
	if (!w->parts || !w->descs)
		return err_set(-ENOMEM, "no memory for %zu parts", nr);
	for (w->nr = 0; !err && w->nr < nr; w->nr++)
		err = open_part(&w->parts[w->nr], paths[w->nr], use_mmap);
	return err;
}

static void close_parts(struct whole *w)
{
	for (size_t i = 0; i < w->nr; i++) {
		file_reader_deinit(&w->parts[i].fr);
		file_reader_deinit(&w->parts[i].other);
		file_close(&w->parts[i].file);
		free(w->parts[i].eraseinfo);
		bitmap_deinit(&w->parts[i].bad);
		bitmap_deinit(&w->parts[i].unread);
	}
	free(w->parts);
	free(w->descs);
	bitmap_deinit(&w->dumped);
}

int reassemble(char *const *parts, size_t nr_parts, bool use_mmap, const char *path, bool force)
{
	struct whole w = { 0 };
	int err = open_parts(&w, parts, nr_parts, use_mmap);

	if (!err) {
		qsort(w.parts, w.nr, sizeof(*w.parts), compare_parts);
		/* Each reader points to a file that has moved. */
		for (size_t i = 0; i < w.nr; i++)
			w.parts[i].fr.file = w.parts[i].other.file = &w.parts[i].file;
		err = check_parts(&w);
	}
	if (!err)
		err = sink_file_create(&w.sink, path, force);
	if (!err)
		err = write_whole(&w);
	sink_close(w.sink);
	close_parts(&w);
	return err;
}
