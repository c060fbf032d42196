// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/writer.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "filter/page_layout.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/byteorder.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "vmcore/kdump_format.h"

/* Number of page descriptors that are in memory. */
#define WINDOW 4096
/* Descriptors follow their pages after this many bytes of data, ... */
#define DESCRIBE_BYTES (UINT64_C(16) << 20)
/* ... and all of that is on the disk after this many, or seconds. */
#define SYNC_BYTES (UINT64_C(64) << 20)
#define SYNC_SECONDS 5
/* Bytes of a bitmap per write. */
#define BITMAP_PIECE (1u << 20)

struct kdump_writer {
	struct writer base;
	struct kdump_layout layout;
	struct kdump_header header;
	struct kdump_sub_header sub;
	enum codec_id codec;		   /* of the pages to come */
	bool head_waits;		   /* the headers are not written: codec is not final */
	pfn_t pfn_base;			   /* the page of bit 0 of the bitmaps; a multiple of 8 */
	uint64_t bitmap_off, bitmap_bytes; /* bytes: of one bitmap, padded */
	uint64_t desc_off;		   /* of all descriptors */
	uint64_t nr_descs;
	uint64_t data_off;		    /* where the next page's data go */
	uint64_t zero_off;		    /* of the page of zeros; 0: there is none */
	uint64_t described_off, synced_off; /* data before that are described, and on the disk */
	double synced;			    /* clock_seconds() */
	/*
	 * Pages come in any order, but mostly in the order of their descriptors. Those of one
	 * window of the table are here; those that differ from the file are in changed.
	 */
	uint64_t window; /* index of its first; a multiple of WINDOW */
	uint64_t known;	 /* from this index on the table is all zeros in the file */
	uint8_t descs[WINDOW * KDUMP_PAGE_DESC_SIZE];
	uint64_t changed_words[WINDOW / 64];
	struct bitmap changed; /* of these words */
};

static struct kdump_writer *kdump(struct writer *w)
{
	return (struct kdump_writer *)w;
}

/* Write the header, which says whether the dump is complete. */
static int put_header(struct kdump_writer *k)
{
	uint8_t buf[KDUMP_HEADER_SIZE_MAX] = { 0 };

	kdump_encode_header(&k->layout, &k->header, buf);
	return sink_pwrite(k->base.sink, buf, kdump_header_size(&k->layout), 0);
}

/* Write bytes [start, end) of the sub-header. */
static int put_sub_header(struct kdump_writer *k, size_t start, size_t end)
{
	uint8_t buf[KDUMP_SUB_HEADER_SIZE_MAX] = { 0 };

	kdump_encode_sub_header(&k->layout, &k->sub, buf);
	return sink_pwrite(k->base.sink, buf + start, end - start, k->header.block_size + start);
}

/* Write the sub-header, but for what is known last where nothing can be written twice. */
static int begin_sub_header(struct kdump_writer *k)
{
	const struct dump_source *src = k->base.source;
	size_t start, end, size = kdump_sub_header_size(&k->layout);
	int err;

	if (!k->base.sink->once ||
	    !(src->vc->eraseinfo_size || (src->erase && src->erase->text_size)))
		return put_sub_header(k, 0, size);
	kdump_eraseinfo_fields(&k->layout, &start, &end);
	err = put_sub_header(k, 0, start);
	return err ? err : put_sub_header(k, end, size);
}

/* Write the headers that wait for a codec. */
static int put_head(struct kdump_writer *k)
{
	int err = put_header(k);

	k->head_waits = false;
	return err ? err : begin_sub_header(k);
}

/* Say of the dump whether it is complete, if it does not say so already. */
static int put_status(struct kdump_writer *k, bool complete)
{
	bool same = !(k->header.status & KDUMP_INCOMPLETE) == complete;

	if (!same)
		k->header.status ^= KDUMP_INCOMPLETE;
	return k->head_waits ? put_head(k) : same ? 0 : put_header(k);
}

/* Write a piece of the starts of classes. */
static int put_starts(struct kdump_writer *k, const void *buf, size_t len, size_t off)
{
	return sink_pwrite(k->base.sink, buf, len,
			   kdump_starts_offset(&k->layout, &k->header, &k->sub) + off);
}

/* Return whether any of [pfn, end) is in a bitmap, as far as that is known without looking. */
static bool may_have_pages(const struct bitmap *b, pfn_t pfn, pfn_t end)
{
	uint64_t stop;

	return bitmap_next_touched(b, &pfn, end, &stop);
}

static int put_bitmap(struct kdump_writer *k, const struct bitmap *b, uint64_t off)
{
	const uint8_t *bytes = (const uint8_t *)b->words + k->pfn_base / 8;
	uint64_t size = div_round_up(b->nbits - k->pfn_base, 8), done, len;
	_cleanup_free_ uint8_t *padding = NULL;
	int err = 0;

	for (done = 0; !err && done < size; done += len) {
		len = min_u64(BITMAP_PIECE, size - done);
		/*
		 * Nothing need be written where no memory is, which can be much more than all
		 * else; but for the end, so that the file reaches there.
		 */
		if (done + len < size &&
		    !may_have_pages(b, k->pfn_base + done * 8, k->pfn_base + (done + len) * 8))
			continue;
		err = sink_pwrite(k->base.sink, bytes + done, len, off + done);
	}
	if (err || size == k->bitmap_bytes)
		return err;
	padding = calloc(1, k->bitmap_bytes - size);
	if (!padding)
		return err_set(-ENOMEM, "no memory");
	return sink_pwrite(k->base.sink, padding, k->bitmap_bytes - size, off + size);
}

/*
 * Choose phys_base, and the page of bit 0. On arm, where memory seldom begins at 0, readers count
 * pages from phys_base on, which has 32 bits.
 */
static void set_phys_base(struct kdump_writer *k, const struct bitmap *exists)
{
	const struct vmcore *vc = k->base.source->vc;
	paddr_t phys_base = k->base.source->kernel->arch.phys_base;
	pfn_t pfn = phys_base >> vc->page_shift;

	if (vc->machine == EM_ARM) {
		if (phys_base > UINT32_MAX || bitmap_next_set(exists, 0, exists->nbits) < pfn)
			phys_base = pfn = 0;
		k->pfn_base = pfn;
	}
	k->sub.phys_base = phys_base;
}

static int kdump_begin(struct writer *w, const struct bitmap *exists)
{
	struct kdump_writer *k = kdump(w);
	const struct vmcore *vc = w->source->vc;
	uint64_t sub_size = kdump_sub_header_size(&k->layout);
	uint64_t block = vc->page_size;
	/* Padding of up to 7 bytes, and in a part the starts of classes, follow the notes. */
	uint64_t sub_blocks =
		div_round_up(sub_size + vc->notes_size + 7 + KDUMP_STARTS_SIZE, block);
	uint64_t nr_bits, map_blocks;
	int err;

	set_phys_base(k, exists);
	nr_bits = exists->nbits - k->pfn_base;
	map_blocks = div_round_up(div_round_up(nr_bits, 8), block);

	/* The header has 32 bits for the blocks of both bitmaps. */
	if (map_blocks > UINT32_MAX / 2)
		return err_set(-EFBIG, "the machine has too many pages for this format");
	k->header = (struct kdump_header){
		.version = KDUMP_VERSION,
		.utsname = w->source->utsname,
		.timestamp = w->source->kernel->crash_time,
		.status = kdump_flags_of_codec(k->codec) |
			  (w->sink->once && !vc->incomplete ? 0 : KDUMP_INCOMPLETE) |
			  (w->source->excluded_vmemmap ? KDUMP_EXCLUDED_VMEMMAP : 0),
		.block_size = block,
		.sub_hdr_size = sub_blocks,
		.bitmap_blocks = map_blocks * 2,
		.max_mapnr = min_u64(nr_bits, UINT32_MAX),
		.nr_cpus = vc->nr_cpus,
	};
	k->sub = (struct kdump_sub_header){
		.phys_base = k->sub.phys_base,
		.dump_level = w->source->level,
		.offset_note = vc->notes_size ? block + sub_size : 0,
		.size_note = vc->notes_size,
		.max_mapnr_64 = nr_bits,
	};
	if (vc->vmcoreinfo) {
		k->sub.offset_vmcoreinfo =
			k->sub.offset_note + (vc->vmcoreinfo - (const char *)vc->notes);
		k->sub.size_vmcoreinfo = vc->vmcoreinfo_size;
	}
	k->bitmap_bytes = map_blocks * block;
	k->bitmap_off = (1 + sub_blocks) * block;

	err = k->head_waits ? 0 : put_header(k);
	if (!err && vc->notes_size)
		err = sink_pwrite(w->sink, vc->notes, vc->notes_size, k->sub.offset_note);
	if (!err)
		err = put_bitmap(k, exists, k->bitmap_off);
	return err;
}

void kdump_writer_set_part(struct writer *w, pfn_t start, pfn_t end)
{
	struct kdump_writer *k = kdump(w);

	/* The first part begins at page 0. */
	start = max_u64(start, k->pfn_base) - k->pfn_base;
	end = max_u64(end, k->pfn_base) - k->pfn_base;
	k->sub.split = 1;
	k->sub.start_pfn = min_u64(start, UINT32_MAX);
	k->sub.end_pfn = min_u64(end, UINT32_MAX);
	k->sub.start_pfn_64 = start;
	k->sub.end_pfn_64 = end;
}

/* Have room in a stream for the headers, if they are to come, and to repeat the first one. */
static void reserve_head(const struct kdump_writer *k)
{
	size_t header = kdump_header_size(&k->layout);

	sink_reserve(k->base.sink, 0,
		     k->head_waits ? k->header.block_size + kdump_sub_header_size(&k->layout) :
				     header,
		     header);
}

static int kdump_set_pages(struct writer *w, const struct bitmap *dumpable)
{
	struct kdump_writer *k = kdump(w);
	uint64_t nr_pages = bitmap_count(dumpable, 0, dumpable->nbits), nr_own = nr_pages;
	int err = put_bitmap(k, dumpable, k->bitmap_off + k->bitmap_bytes);

	/* The level that was possible is known by now. */
	k->sub.dump_level = w->source->level;
	if (k->sub.split)
		nr_own = bitmap_count(dumpable, k->pfn_base + k->sub.start_pfn_64,
				      k->pfn_base + k->sub.end_pfn_64);
	if (!err && !k->head_waits)
		err = begin_sub_header(k);
	if (!err && k->sub.split)
		err = put_starts(k, KDUMP_STARTS_MAGIC, KDUMP_STARTS_MAGIC_SIZE, 0);
	if (err)
		return err;
	if (w->sink->once)
		reserve_head(k);
	k->desc_off = k->bitmap_off + 2 * k->bitmap_bytes;
	k->nr_descs = nr_own;
	/* In a part there is room for all descriptors: data begin at the same place in each. */
	k->data_off = k->desc_off + nr_pages * KDUMP_PAGE_DESC_SIZE;
	sink_reserve(w->sink, k->desc_off, nr_own * KDUMP_PAGE_DESC_SIZE,
		     WINDOW * KDUMP_PAGE_DESC_SIZE);
	/* Every page of zeros shares one, the first of the data. */
	if (w->source->level & DL_ZERO) {
		_cleanup_free_ uint8_t *zeros = calloc(1, k->header.block_size);

		if (!zeros)
			return err_set(-ENOMEM, "no memory");
		k->zero_off = k->data_off;
		k->data_off += k->header.block_size;
		err = sink_pwrite(w->sink, zeros, k->header.block_size, k->zero_off);
	}
	k->described_off = k->synced_off = k->data_off;
	k->synced = clock_seconds();
	return err;
}

/* Write the descriptors [first, end) of the window. */
static int put_descs(struct kdump_writer *k, uint64_t first, uint64_t end)
{
	int err = sink_pwrite(k->base.sink, k->descs + first * KDUMP_PAGE_DESC_SIZE,
			      (end - first) * KDUMP_PAGE_DESC_SIZE,
			      k->desc_off + (k->window + first) * KDUMP_PAGE_DESC_SIZE);

	if (!err) {
		bitmap_clear_range(&k->changed, first, end);
		k->known = max_u64(k->known, k->window + end);
	}
	return err;
}

/*
 * Write what changed in the window: at once with what lies between, unless nothing may be written
 * twice.
 */
static int flush_descs(struct kdump_writer *k)
{
	uint64_t first = bitmap_next_set(&k->changed, 0, WINDOW), end = first, last = WINDOW;
	int err = 0;

	if (k->base.sink->once) {
		for (; !err && first < WINDOW; first = bitmap_next_set(&k->changed, end, WINDOW)) {
			end = bitmap_next_clear(&k->changed, first, WINDOW);
			k->base.sink->waiting--;
			err = put_descs(k, first, end);
		}
	} else if (first < WINDOW) {
		while (!bitmap_test(&k->changed, last - 1))
			last--;
		err = put_descs(k, first, last);
	}
	if (!err)
		k->described_off = k->data_off;
	return err;
}

/* Have the window that a descriptor is in. */
static int move_window(struct kdump_writer *k, uint64_t index)
{
	uint64_t window = index / WINDOW * WINDOW, nr = min_u64(WINDOW, k->nr_descs - window);
	int err;

	if (window == k->window)
		return 0;
	err = flush_descs(k);
	if (err)
		return err;
	k->window = window;
	if (!k->base.sink->once && window < k->known)
		return sink_pread(k->base.sink, k->descs, nr * KDUMP_PAGE_DESC_SIZE,
				  k->desc_off + window * KDUMP_PAGE_DESC_SIZE);
	memset(k->descs, 0, sizeof(k->descs));
	return 0;
}

/* Put the descriptor of a page; off is where its data are if they are its own. */
static int put_desc(struct kdump_writer *k, uint64_t index, const struct page_out *p, uint64_t off)
{
	struct kdump_page_desc d = { 0 };
	int err = move_window(k, index);

	if (err)
		return err;
	if (p->fate == OUT_ZERO) {
		d.offset = k->zero_off;
		d.size = k->header.block_size;
	} else if (p->fate != OUT_UNREADABLE) {
		d.offset = p->shared ? p->shared : off;
		d.size = p->size;
		if (p->fate == OUT_COMPRESSED)
			d.flags = kdump_flags_of_codec(k->codec);
	}
	index -= k->window;
	kdump_encode_page_desc(&k->layout, &d, k->descs + index * KDUMP_PAGE_DESC_SIZE);
	/* A run of descriptors is a record of a stream. */
	k->base.sink->waiting += !index || !bitmap_test(&k->changed, index - 1);
	bitmap_set_range(&k->changed, index, index + 1);
	return 0;
}

static int sync_pages(struct kdump_writer *k)
{
	k->synced_off = k->data_off;
	k->synced = clock_seconds();
	return sink_sync(k->base.sink);
}

/* A stream is the same however long it takes: there time does not count. */
static int describe(struct kdump_writer *k)
{
	bool sync = k->data_off - k->synced_off >= SYNC_BYTES ||
		    clock_seconds() - k->synced >= SYNC_SECONDS;
	int err = 0;

	if (k->data_off - k->described_off >= DESCRIBE_BYTES || (sync && !k->base.sink->once))
		err = flush_descs(k);
	return err || !sync ? err : sync_pages(k);
}

static uint64_t kdump_data_offset(const struct writer *w)
{
	return ((const struct kdump_writer *)w)->data_off;
}

static int kdump_put(struct writer *w, const struct page_batch *b)
{
	struct kdump_writer *k = kdump(w);
	const struct page_out *p = b->pages;
	uint64_t off = k->data_off;
	int err = 0;

	/* Data first: a descriptor never points to what is not there. */
	if (b->data_len)
		err = sink_pwrite(w->sink, b->data, b->data_len, off);
	if (err)
		return err;
	k->data_off += b->data_len;
	for (unsigned int i = 0; !err && i < b->nr_runs; i++) {
		const struct page_run *run = &b->runs[i];

		for (uint64_t j = 0; !err && j < run->end - run->start; j++, p++) {
			err = put_desc(k, run->index + j, p, off);
			off += p->shared ? 0 : p->size;
		}
	}
	return err ? err : describe(k);
}

static int kdump_begin_class(struct writer *w, unsigned int position)
{
	struct kdump_writer *k = kdump(w);
	uint8_t start[8];
	int err = flush_descs(k);

	if (!err && k->data_off != k->synced_off)
		err = sync_pages(k);
	if (err || !k->sub.split)
		return err;
	store_u64(start, k->data_off, k->layout.swap);
	return put_starts(k, start, sizeof(start),
			  KDUMP_STARTS_MAGIC_SIZE + position * sizeof(start));
}

static int kdump_set_codec(struct writer *w, enum codec_id codec)
{
	struct kdump_writer *k = kdump(w);

	k->codec = codec;
	k->header.status |= kdump_flags_of_codec(codec);
	return k->head_waits ? put_head(k) : put_header(k);
}

static int put_eraseinfo(struct kdump_writer *k)
{
	_cleanup_free_ char *text = NULL;
	size_t size, start, end;
	int err = source_eraseinfo(k->base.source, &text, &size);

	if (err || !size)
		return err;
	k->sub.offset_eraseinfo = k->data_off;
	k->sub.size_eraseinfo = size;
	err = sink_pwrite(k->base.sink, text, size, k->data_off);
	kdump_eraseinfo_fields(&k->layout, &start, &end);
	return err ? err : put_sub_header(k, start, end);
}

static int kdump_finish(struct writer *w, bool complete)
{
	struct kdump_writer *k = kdump(w);
	int err = flush_descs(k);

	if (!err)
		err = put_eraseinfo(k);
	/* The dump is on the disk before it says so. */
	if (!err && complete)
		err = sink_sync(w->sink);
	if (!err)
		err = put_status(k, complete);
	return err ? err : sink_finish(w->sink);
}

static int kdump_abort(struct writer *w)
{
	struct kdump_writer *k = kdump(w);
	int err = flush_descs(k), status_err, sync_err;

	/* There may be enough room for this where the last batch had too little. */
	if (!err && k->data_off)
		err = put_eraseinfo(k);
	/* The end may have failed after the dump was complete. */
	status_err = put_status(k, false);
	sync_err = sink_sync(w->sink);
	return err ? err : status_err ? status_err : sync_err;
}

static void kdump_destroy(struct writer *w)
{
	free(kdump(w));
}

static const struct writer_ops kdump_writer_ops = {
	.name = "kdump-compressed",
	.any_order = true,
	.begin = kdump_begin,
	.set_pages = kdump_set_pages,
	.data_offset = kdump_data_offset,
	.put = kdump_put,
	.begin_class = kdump_begin_class,
	.set_codec = kdump_set_codec,
	.finish = kdump_finish,
	.abort = kdump_abort,
	.destroy = kdump_destroy,
};

int kdump_writer_create(struct writer **ret, const struct dump_source *src, struct sink *sink)
{
	struct kdump_writer *k = calloc(1, sizeof(*k));

	if (!k)
		return err_set(-ENOMEM, "no memory");
	k->base = (struct writer){ .ops = &kdump_writer_ops, .source = src, .sink = sink };
	k->codec = src->codec;
	k->head_waits = src->choose_codec && sink->once;
	k->changed = (struct bitmap){ .words = k->changed_words, .nbits = WINDOW };
	k->layout = (struct kdump_layout){
		.is64 = src->vc->is64,
		/* i386 alone aligns 8-byte integers to 4. */
		.align8 = src->vc->machine != EM_386,
		.swap = src->vc->swap,
	};
	*ret = &k->base;
	return 0;
}
