// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading kdump-compressed files: those of makedumpfile and of QEMU's
 * dump-guest-memory, of any machine.
 *
 * A page's descriptor is found by counting the pages before it, so the 2nd
 * bitmap is kept in memory with a directory of partial counts. The headers
 * must be valid as far as pages depend on them; what else they get wrong is
 * a warning. A file that ends before its last page is read as far as it goes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "facts/vmcoreinfo.h"
#include "lib/bitmap_rank.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/codec.h"
#include "lib/err.h"
#include "vmcore/data_ends.h"
#include "vmcore/kdump_check.h"
#include "vmcore/kdump_format.h"
#include "vmcore/kdump_headers.h"
#include "vmcore/notes.h"
#include "vmcore/vmcore.h"

/* Descriptors read at once. */
#define DESC_BATCH 512

/* The number of batches of descriptors that are searched for data that is cut off. */
#define CUT_BATCHES 2048

/* Room for decompressed pages, bytes; but never less than CACHE_PAGES_MIN pages. */
#define CACHE_BYTES (256u << 10)
#define CACHE_PAGES_MIN 8

/* A read this close after the last one means that the reader walks the file in order. */
#define NEAR_BYTES (1u << 20)

#define NO_PFN UINT64_MAX

/* An opened file. */
struct kdump {
	struct kdump_layout layout;
	enum codec_id codec; /* the header's: nearly all pages have it */
	pfn_t pfn_base;	     /* of bit 0 of the bitmaps in the file */
	uint64_t exists_off; /* of the 1st bitmap in the file */
	uint64_t desc_off;   /* file offset */
	uint64_t data_off;   /* of what comes after the descriptors of the whole dump */
	uint64_t data_min;   /* no page has data before it */
	struct bitmap has_data;
	struct bitmap_rank rank; /* of has_data: the index of a descriptor */
};

/* A page in the cache. */
struct cached_page {
	pfn_t pfn; /* NO_PFN: none */
	struct kdump_page_desc desc;
	uint64_t used; /* when */
	uint8_t *data; /* page_size bytes */
};

struct kdump_reader {
	struct codec *codecs[NR_CODECS]; /* others than the header's are created when needed */
	struct cached_page *pages;
	unsigned int nr_pages;
	uint64_t clock;
	/* The page that get() returned; NULL: none. */
	const struct cached_page *pinned;
	void *data;	     /* of the pages, and of compressed[] */
	uint8_t *compressed; /* page_size bytes */
	uint64_t next_off;   /* end of the page data read last */
	uint64_t first_desc; /* index of descs[0] */
	unsigned int nr_descs;
	uint8_t descs[DESC_BATCH * KDUMP_PAGE_DESC_SIZE];
};

/* Index of the descriptor of a page whose bit is set. */
static uint64_t desc_index(const struct kdump *kd, pfn_t pfn)
{
	return bitmap_rank(&kd->rank, pfn);
}

static bool desc_missing(const struct kdump_page_desc *d)
{
	return !d->offset && !d->size;
}

/* Return whether part of the page's data lies after the end of the file. */
static bool desc_cut(const struct kdump_page_desc *d, uint64_t file_size)
{
	return !range_fits(d->offset, d->size, file_size);
}

/*
 * Read descriptors [first, first + *nr) of the file: fewer if the file ends
 * before. buf has room for *nr of them.
 */
static int read_descs(const struct kdump *kd, struct file_reader *fr, uint64_t first,
		      unsigned int *nr, void *buf)
{
	uint64_t off = kd->desc_off + first * KDUMP_PAGE_DESC_SIZE;
	uint64_t size = fr->file->size;
	uint64_t there = off < size ? (size - off) / KDUMP_PAGE_DESC_SIZE : 0;
	int err;

	*nr = min_u64(min_u64(*nr, kd->rank.total - first), there);
	if (!*nr)
		return 0;
	err = file_read(fr, off, buf, (size_t)*nr * KDUMP_PAGE_DESC_SIZE);
	return err ? err_prefix(err, "reading page descriptors") : 0;
}

/*
 * Find whether data at the end of the file are missing. Any page may have them: data can lie in an
 * order other than that of the pages. Of a large dump some batches of descriptors are
 * searched, from the last one on: where data are in the order of pages, that one tells.
 * One page whose data lie all beyond the end has a damaged descriptor, and so has one that is too
 * large.
 */
static int find_cut(const struct kdump *kd, uint32_t page_size, struct file_reader *fr, bool *cut)
{
	uint64_t left = div_round_up(kd->rank.total, DESC_BATCH);
	uint64_t step = max_u64(div_round_up(left, CUT_BATCHES), 1);
	_cleanup_free_ uint8_t *buf = malloc(DESC_BATCH * KDUMP_PAGE_DESC_SIZE);
	uint64_t size = fr->file->size, beyond = 0;

	if (!buf)
		return err_set(-ENOMEM, "no memory for page descriptors");
	*cut = kd->data_off > size;
	for (; left && !*cut; left -= min_u64(left, step)) {
		unsigned int nr = DESC_BATCH;
		int err = read_descs(kd, fr, (left - 1) * DESC_BATCH, &nr, buf);

		if (err)
			return err;
		for (unsigned int i = 0; i < nr; i++) {
			struct kdump_page_desc d;

			kdump_decode_page_desc(&kd->layout, buf + i * KDUMP_PAGE_DESC_SIZE, &d);
			beyond += d.offset >= size;
			*cut |= desc_missing(&d) || beyond > 1 ||
				(d.offset < size && d.size <= page_size && desc_cut(&d, size));
		}
	}
	return 0;
}

/*
 * Return how many descriptors there are more than bits in the 2nd bitmap, as far as the data
 * tells: it begins after the descriptors, with one page of zeros as it is or with that of the
 * first page. A size of a page is no multiple of a descriptor's, so the two differ.
 * One bit more or less moves the contents of each page after it to another one.
 */
static int count_spare_descs(const struct kdump *kd, uint32_t page_size, struct file_reader *fr,
			     int64_t *spare)
{
	_cleanup_free_ uint8_t *buf = malloc(DESC_BATCH * KDUMP_PAGE_DESC_SIZE);
	unsigned int nr = DESC_BATCH;
	uint64_t first = UINT64_MAX;
	int64_t more;

	*spare = 0;
	if (!buf)
		return err_set(-ENOMEM, "no memory for page descriptors");
	/* If they cannot be read, each of their pages is found to be lost later. */
	if (read_descs(kd, fr, 0, &nr, buf))
		return 0;
	for (unsigned int i = 0; i < nr; i++) {
		struct kdump_page_desc d;

		kdump_decode_page_desc(&kd->layout, buf + i * KDUMP_PAGE_DESC_SIZE, &d);
		if (!desc_missing(&d) && !desc_cut(&d, fr->file->size) && d.offset > kd->desc_off)
			first = min_u64(first, d.offset);
	}
	if (first == UINT64_MAX)
		return 0;
	more = first - kd->data_off;
	if (more % KDUMP_PAGE_DESC_SIZE)
		more -= page_size;
	if (!(more % KDUMP_PAGE_DESC_SIZE))
		*spare = more / KDUMP_PAGE_DESC_SIZE;
	return 0;
}

/*
 * Read what one of the sub-header's (offset, size) pairs points to. Pages can be read without
 * it, so that it is missing is a warning only.
 */
static int load_range(struct vmcore *vc, struct file_reader *fr, const char *what, uint64_t off,
		      void *buf, uint64_t size)
{
	int err = file_read(fr, off, buf, size);

	if (err) {
		vmcore_warn(vc, "%s of the kdump file: %s", what, err_text(err));
		vc->incomplete = true;
	}
	return err;
}

/* VMCOREINFO apart from the notes: version 3 had that only. It ends at a NUL in any case. */
static int load_vmcoreinfo(struct vmcore *vc, const struct kdump_sub_header *s,
			   struct file_reader *fr)
{
	uint64_t off = s->offset_vmcoreinfo, size = min_u64(s->size_vmcoreinfo, VMCOREINFO_MAX);
	_cleanup_free_ char *text = NULL;
	char *desc;
	int err;

	if (!size)
		return 0;
	if (!range_fits(off, 1, vc->file.size)) {
		vmcore_warn(vc, "the file ends before its VMCOREINFO (offset %#" PRIx64 ")", off);
		return 0;
	}
	size = min_u64(size, vc->file.size - off);
	text = malloc(size);
	if (!text)
		return err_set(-ENOMEM, "no memory for VMCOREINFO of %" PRIu64 " bytes", size);
	if (load_range(vc, fr, "VMCOREINFO", off, text, size))
		return 0;
	size = strnlen(text, size);
	err = size ? notes_add(vc, VMCOREINFO_NAME, size, &desc) : 0;
	if (!err && size)
		memcpy(desc, text, size);
	return err;
}

static int load_notes(struct vmcore *vc, const struct kdump_sub_header *s, struct file_reader *fr)
{
	int err;

	if (s->size_note)
		notes_load(vc, fr, s->offset_note, s->size_note);
	err = notes_scan(vc);
	return err == -ENOMEM || vc->vmcoreinfo ? err : load_vmcoreinfo(vc, s, fr);
}

static int load_eraseinfo(struct vmcore *vc, const struct kdump_sub_header *s,
			  struct file_reader *fr)
{
	const struct kdump *kd = vc->priv;
	uint64_t size = s->size_eraseinfo;

	if (!size)
		return 0;
	/* It is the last part of a file. */
	if (size > ERASEINFO_MAX || s->offset_eraseinfo < kd->desc_off ||
	    !range_fits(s->offset_eraseinfo, size, vc->file.size)) {
		vmcore_warn(vc,
			    "no eraseinfo where the kdump sub-header has it: %" PRIu64
			    " bytes at offset %#" PRIx64,
			    size, s->offset_eraseinfo);
		vc->incomplete = true;
		return 0;
	}
	vc->eraseinfo = malloc(size);
	if (!vc->eraseinfo)
		return err_set(-ENOMEM, "no memory for eraseinfo of %" PRIu64 " bytes", size);
	if (!load_range(vc, fr, "eraseinfo", s->offset_eraseinfo, vc->eraseinfo, size))
		vc->eraseinfo_size = size;
	return 0;
}

static void kdump_close(struct vmcore *vc)
{
	struct kdump *kd = vc->priv;

	bitmap_deinit(&kd->has_data);
	bitmap_rank_deinit(&kd->rank);
	free(kd);
}

/* Descriptors of a part are those of its own pages; their room is that of the whole dump's. */
static int keep_part(struct vmcore *vc, const struct kdump_headers *h)
{
	struct kdump *kd = vc->priv;

	vc->is_part = true;
	kdump_part_range(h, &vc->part_start, &vc->part_end);
	vc->part_start = min_u64(vc->part_start, UINT64_MAX - h->pfn_base) + h->pfn_base;
	vc->part_end = min_u64(vc->part_end, UINT64_MAX - h->pfn_base) + h->pfn_base;
	if (vc->part_start > vc->part_end || vc->part_end > vc->max_pfn)
		return err_set(-EBADMSG,
			       "part of a split dump: pages %#" PRIx64 " to %#" PRIx64
			       " of %#" PRIx64 " are invalid",
			       vc->part_start, vc->part_end, vc->max_pfn);
	bitmap_clear_range(&kd->has_data, 0, vc->part_start);
	bitmap_clear_range(&kd->has_data, vc->part_end, vc->max_pfn);
	return 0;
}

static int load(struct vmcore *vc, struct file_reader *fr)
{
	struct kdump *kd = vc->priv;
	struct kdump_headers h;
	int64_t spare = 0;
	bool cut = false;
	int err = kdump_headers_read(&h, fr);

	if (err)
		return err;
	if (!codec_supported(kdump_codec_of_flags(h.header.status)))
		return err_set(
			-ENOTSUP,
			"the dump's pages are compressed with %s, which is not built in, or its "
			"library is missing",
			codec_name(kdump_codec_of_flags(h.header.status)));
	kd->layout = h.layout;
	kd->codec = kdump_codec_of_flags(h.header.status);
	kd->pfn_base = h.pfn_base;
	kd->exists_off = h.exists_off;
	kd->desc_off = h.desc_off;
	vc->utsname = h.header.utsname;
	vc->machine = kdump_machine_of_uts(h.header.utsname.machine);
	vc->is64 = kd->layout.is64;
	vc->swap = kd->layout.swap;
	vc->big_endian = HOST_BIG_ENDIAN != vc->swap;
	vc->page_size = h.header.block_size;
	vc->page_shift = h.page_shift;
	vc->max_pfn = h.pfn_base + h.max_pfn;
	vc->header_version = h.header.version;
	vc->codec = kd->codec;
	vc->timestamp = h.header.timestamp;
	if (h.sub.split && !vc->parts)
		return err_set(-ENOTSUP, "this is one part of a split dump: "
					 "put the parts together first (--reassemble)");
	if (h.sub.dump_level < 0 || h.sub.dump_level > KDUMP_LEVEL_MAX)
		vmcore_warn(vc, "kdump sub-header: impossible dump level %d", h.sub.dump_level);
	else
		vc->dump_level = h.sub.dump_level;
	err = bitmap_init_stored(&kd->has_data, vc->max_pfn, vc->bitmaps);
	if (!err)
		err = kdump_read_bitmap(fr, h.dumped_off, kd->pfn_base, &kd->has_data);
	if (err)
		return err;
	kd->data_off =
		kd->desc_off + bitmap_count(&kd->has_data, 0, vc->max_pfn) * KDUMP_PAGE_DESC_SIZE;
	if (h.sub.split)
		err = keep_part(vc, &h);
	bitmap_seal(&kd->has_data);
	if (!err)
		err = bitmap_rank_init(&kd->rank, &kd->has_data);
	if (!err)
		err = find_cut(kd, vc->page_size, fr, &cut);
	if (!err)
		err = count_spare_descs(kd, vc->page_size, fr, &spare);
	kd->data_min = spare ? kd->desc_off : kd->data_off;
	if (h.header.version >= 6 && h.max_pfn != h.sub.max_mapnr_64)
		vmcore_warn(vc,
			    "kdump sub-header: the bitmap contradicts max_mapnr_64 %#" PRIx64
			    ": using max_mapnr %#" PRIx64 " of the header",
			    h.sub.max_mapnr_64, h.max_pfn);
	if (h.header.status & KDUMP_INCOMPLETE)
		vmcore_warn(vc, "VMCORE is marked incomplete: pages at its end may be missing");
	else if (h.beyond)
		vmcore_warn(vc, "pages are missing: the bitmap has more than max_mapnr %#" PRIx64,
			    h.max_pfn);
	else if (spare)
		vmcore_warn(vc,
			    "bitmap and page descriptors disagree, pages may be mixed up: "
			    "%" PRIu64 " pages, %" PRIu64 " descriptors",
			    kd->rank.total, kd->rank.total + spare);
	else if (cut)
		vmcore_warn(vc, "the file is shorter than its headers say: "
				"pages at its end are missing");
	vc->excluded_vmemmap = h.header.status & KDUMP_EXCLUDED_VMEMMAP;
	vc->incomplete = cut || spare || h.beyond || h.header.status & KDUMP_INCOMPLETE;
	if (!err)
		err = load_eraseinfo(vc, &h.sub, fr);
	if (!err)
		err = load_notes(vc, &h.sub, fr);
	return err;
}

static int kdump_open(struct vmcore *vc, const void *head, size_t head_len)
{
	struct file_reader fr;
	int err;

	if (head_len < KDUMP_SIGNATURE_SIZE || memcmp(head, KDUMP_SIGNATURE, KDUMP_SIGNATURE_SIZE))
		return -ENOENT;
	vc->priv = calloc(1, sizeof(struct kdump));
	if (!vc->priv)
		return err_set(-ENOMEM, "no memory for a kdump file");
	file_reader_init(&fr, &vc->file);
	err = load(vc, &fr);
	file_reader_deinit(&fr);
	return err;
}

static void kdump_reader_deinit(struct vmcore_reader *r)
{
	struct kdump_reader *kr = r->priv;

	if (!kr)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kr->codecs); i++)
		codec_destroy(kr->codecs[i]);
	free(kr->pages);
	free(kr->data);
	free(kr);
	r->priv = NULL;
}

static int kdump_reader_init(struct vmcore_reader *r)
{
	size_t page_size = r->vc->page_size;
	struct kdump_reader *kr = r->priv = calloc(1, sizeof(*kr));
	const struct kdump *kd = r->vc->priv;

	if (!kr)
		goto no_memory;
	kr->nr_pages = max_u64(CACHE_BYTES / page_size, CACHE_PAGES_MIN);
	kr->pages = calloc(kr->nr_pages, sizeof(*kr->pages));
	kr->data = malloc((kr->nr_pages + 1) * page_size);
	if (!kr->pages || !kr->data)
		goto no_memory;
	for (unsigned int i = 0; i < kr->nr_pages; i++) {
		kr->pages[i].pfn = NO_PFN;
		kr->pages[i].data = (uint8_t *)kr->data + i * page_size;
	}
	kr->compressed = (uint8_t *)kr->data + kr->nr_pages * page_size;
	/* Now rather than at the first page: a reader that there is no memory for reads none. */
	if (codec_create(&kr->codecs[CODEC_NONE], CODEC_NONE, CODEC_DECOMPRESS, page_size))
		goto no_memory;
	if (kd->codec != CODEC_NONE && codec_supported(kd->codec) &&
	    codec_create(&kr->codecs[kd->codec], kd->codec, CODEC_DECOMPRESS, page_size))
		goto no_memory;
	return 0;

no_memory:
	kdump_reader_deinit(r);
	return err_set(-ENOMEM, "no memory for reading a kdump file");
}

static int page_cut(pfn_t pfn)
{
	return err_set(-EFAULT, "the file ends before the data of page %#" PRIx64, pfn);
}

/* The descriptor of a page whose bit is set. */
static int get_desc(struct vmcore_reader *r, pfn_t pfn, struct kdump_page_desc *d)
{
	const struct kdump *kd = r->vc->priv;
	struct kdump_reader *kr = r->priv;
	uint64_t index = desc_index(kd, pfn);

	if (index - kr->first_desc >= kr->nr_descs) {
		uint64_t first = index - index % DESC_BATCH;
		unsigned int nr = DESC_BATCH;
		int err;

		kr->nr_descs = 0;
		err = read_descs(kd, &r->file, first, &nr, kr->descs);
		if (err)
			return err;
		kr->first_desc = first;
		kr->nr_descs = nr;
		if (index - first >= nr)
			return page_cut(pfn);
	}
	kdump_decode_page_desc(&kd->layout,
			       kr->descs + (index - kr->first_desc) * KDUMP_PAGE_DESC_SIZE, d);
	return 0;
}

static int check_desc(const struct vmcore *vc, pfn_t pfn, const struct kdump_page_desc *d)
{
	const struct kdump *kd = vc->priv;

	if (desc_missing(d))
		return err_set(-EFAULT, "page %#" PRIx64 " was not written to the dump", pfn);
	if (d->flags != kdump_flags_of_codec(kdump_codec_of_flags(d->flags)))
		return err_set(-EBADMSG, "page %#" PRIx64 ": unknown flags %#x", pfn, d->flags);
	if (!d->size || d->size > vc->page_size || (!d->flags && d->size != vc->page_size))
		return err_set(-EBADMSG, "page %#" PRIx64 ": impossible size of %u bytes", pfn,
			       d->size);
	if (d->offset < kd->data_min)
		return err_set(-EBADMSG, "page %#" PRIx64 ": its data should lie in the headers",
			       pfn);
	if (!desc_cut(d, vc->file.size))
		return 0;
	if (vc->incomplete)
		return page_cut(pfn);
	return err_set(-EBADMSG,
		       "page %#" PRIx64 ": its data should lie at %#" PRIx64
		       ", beyond the end of the file",
		       pfn, d->offset);
}

/*
 * The page's bytes as the file has them. Windows are for walking in order; one
 * per page would cost more than it saves.
 */
static int get_data(struct vmcore_reader *r, const struct kdump_page_desc *d, const void **ptr)
{
	struct kdump_reader *kr = r->priv;
	bool near = d->offset - kr->next_off < NEAR_BYTES;
	size_t got;

	if (file_lost(&r->vc->file, d->offset))
		return err_set(-EFAULT, "the data of the page are lost with the end of the stream");
	kr->next_off = d->offset + d->size;
	/* Without memory for a window, the page can be read all the same. */
	if (near && !file_get(&r->file, d->offset, d->size, ptr, &got) && got == d->size)
		return 0;
	*ptr = kr->compressed;
	return file_read(&r->file, d->offset, kr->compressed, d->size);
}

static int load_page(struct vmcore_reader *r, const struct kdump_page_desc *d, void *page)
{
	enum codec_id id = kdump_codec_of_flags(d->flags);
	struct kdump_reader *kr = r->priv;
	const void *data;
	int err;

	if (!kr->codecs[id]) {
		err = codec_create(&kr->codecs[id], id, CODEC_DECOMPRESS, r->vc->page_size);
		if (err)
			return err;
	}
	err = get_data(r, d, &data);
	return err ? err : codec_decompress(kr->codecs[id], data, d->size, page);
}

static int find_page(struct vmcore_reader *r, pfn_t pfn, struct cached_page **ret)
{
	const struct kdump *kd = r->vc->priv;
	struct kdump_reader *kr = r->priv;
	struct cached_page *page = NULL;
	struct kdump_page_desc d;
	int err;

	for (unsigned int i = 0; i < kr->nr_pages; i++) {
		if (kr->pages[i].pfn == pfn) {
			page = &kr->pages[i];
			goto found;
		}
	}
	if (pfn >= r->vc->max_pfn || !bitmap_test(&kd->has_data, pfn))
		return err_set(-EFAULT, "page %#" PRIx64 " is not in the dump", pfn);
	err = get_desc(r, pfn, &d);
	if (!err)
		err = check_desc(r->vc, pfn, &d);
	if (err)
		return err;
	for (unsigned int i = 0; i < kr->nr_pages; i++) {
		struct cached_page *p = &kr->pages[i];

		/* All zero pages are one in the file, and so they are here. */
		if (p->pfn != NO_PFN && p->desc.offset == d.offset && p->desc.size == d.size &&
		    p->desc.flags == d.flags) {
			page = p;
			goto found;
		}
		if (p != kr->pinned && (!page || p->used < page->used))
			page = p;
	}
	page->pfn = NO_PFN;
	err = load_page(r, &d, page->data);
	if (err)
		return err_prefix(err, "page %#" PRIx64, pfn);
	page->desc = d;
found:
	page->pfn = pfn;
	page->used = ++kr->clock;
	*ret = page;
	return 0;
}

static int kdump_get(struct vmcore_reader *r, paddr_t pa, size_t want, const void **ptr,
		     size_t *got)
{
	uint32_t page_size = r->vc->page_size, off = pa & (page_size - 1);
	struct kdump_reader *kr = r->priv;
	struct cached_page *page;
	int err;

	kr->pinned = NULL;
	err = find_page(r, pa >> r->vc->page_shift, &page);
	if (err)
		return err;
	kr->pinned = page;
	*ptr = page->data + off;
	*got = min_u64(want, page_size - off);
	return 0;
}

static int kdump_read(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len)
{
	uint32_t page_size = r->vc->page_size;
	uint8_t *to = buf;

	while (len) {
		uint32_t off = pa & (page_size - 1);
		size_t n = min_u64(len, page_size - off);
		struct cached_page *page;
		int err = find_page(r, pa >> r->vc->page_shift, &page);

		if (err)
			return err;
		memcpy(to, page->data + off, n);
		to += n;
		pa += n;
		len -= n;
	}
	return 0;
}

/* Clear the bits of pages that an incomplete dump lacks. */
static int clear_missing(const struct kdump *kd, struct file_reader *fr, struct bitmap *b)
{
	_cleanup_free_ uint8_t *buf = malloc(DESC_BATCH * KDUMP_PAGE_DESC_SIZE);
	uint64_t nbits = kd->has_data.nbits;
	pfn_t pfn = 0;

	if (!buf)
		return err_set(-ENOMEM, "no memory for page descriptors");
	for (uint64_t i = 0; i < kd->rank.total;) {
		unsigned int nr = DESC_BATCH;
		int err = read_descs(kd, fr, i, &nr, buf);

		if (err)
			return err;
		if (!nr)
			break;
		for (unsigned int j = 0; j < nr; j++, pfn++) {
			struct kdump_page_desc d;

			kdump_decode_page_desc(&kd->layout, buf + j * KDUMP_PAGE_DESC_SIZE, &d);
			pfn = bitmap_next_set(&kd->has_data, pfn, nbits);
			if (desc_missing(&d) || desc_cut(&d, fr->file->size))
				bitmap_clear_range(b, pfn, pfn + 1);
		}
		i += nr;
	}
	/* The rest have not even descriptors. */
	bitmap_clear_range(b, pfn, nbits);
	return 0;
}

static int kdump_bitmap(struct vmcore *vc, enum vmcore_bitmap_kind which, struct bitmap *b)
{
	const struct kdump *kd = vc->priv;
	struct file_reader fr;
	int err = 0;

	/* Whatever the 1st bitmap says, a page of the 2nd one exists. */
	kdump_or_bytes(b, 0, kd->has_data.words, div_round_up(kd->has_data.nbits, 8));
	file_reader_init(&fr, &vc->file);
	if (which == VMCORE_PRESENT)
		err = kdump_read_bitmap(&fr, kd->exists_off, kd->pfn_base, b);
	else if (which == VMCORE_STORED && vc->incomplete)
		err = clear_missing(kd, &fr, b);
	file_reader_deinit(&fr);
	return err;
}

/* Note where the data of all pages begin, or where they end. */
static int note_places(const struct kdump *kd, struct file_reader *fr, struct data_ends *e,
		       bool starts)
{
	_cleanup_free_ uint8_t *buf = malloc(DESC_BATCH * KDUMP_PAGE_DESC_SIZE);
	unsigned int nr = DESC_BATCH;
	int err = buf ? 0 : -ENOMEM;

	for (uint64_t i = 0; !err && nr && i < kd->rank.total; i += nr) {
		nr = DESC_BATCH;
		err = read_descs(kd, fr, i, &nr, buf);
		for (unsigned int j = 0; !err && j < nr; j++) {
			struct kdump_page_desc d;
			bool known;

			kdump_decode_page_desc(&kd->layout, buf + j * KDUMP_PAGE_DESC_SIZE, &d);
			known = d.offset >= kd->data_min && !desc_cut(&d, fr->file->size);
			if (starts && known)
				data_ends_note_start(e, &d);
			else if (starts)
				data_ends_note_unknown(e);
			else if (known)
				data_ends_note_end(e, &d);
		}
	}
	return err;
}

static void kdump_check_places(struct vmcore *vc)
{
	const struct kdump *kd = vc->priv;
	struct file_reader fr;
	struct data_ends e;

	/* An incomplete file has gaps. Without memory the dump is made all the same. */
	if (vc->incomplete || data_ends_init(&e, kd->rank.total))
		return;
	file_reader_init(&fr, &vc->file);
	if (!note_places(kd, &fr, &e, true) && !note_places(kd, &fr, &e, false) &&
	    data_ends_are_mixed_up(&e)) {
		vmcore_warn(vc,
			    "page descriptors: data end at %#" PRIx64
			    ", where no others begin: pages may be mixed up",
			    e.odd);
		vc->incomplete = true;
	}
	file_reader_deinit(&fr);
	data_ends_deinit(&e);
}

const struct vmcore_ops kdump_vmcore_ops = {
	.name = "kdump-compressed",
	.open = kdump_open,
	.close = kdump_close,
	.reader_init = kdump_reader_init,
	.reader_deinit = kdump_reader_deinit,
	.get = kdump_get,
	.read = kdump_read,
	.bitmap = kdump_bitmap,
	.check_places = kdump_check_places,
	.check = kdump_check,
};
