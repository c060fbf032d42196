// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "vmcore/kdump_headers.h"
#include "vmcore/places.h"

/* Descriptors read at once. */
#define DESC_BATCH 512

static void check_header(const struct kdump_headers *h, const struct vmcore_faults *faults)
{
	uint32_t cut = min_u64(h->max_pfn, UINT32_MAX);

	if (h->header.max_mapnr != cut && h->header.max_mapnr != (uint32_t)h->max_pfn)
		vmcore_fault(faults,
			     "kdump header: max_mapnr %#" PRIx32
			     ", but max_mapnr_64 of the sub-header is %#" PRIx64,
			     h->header.max_mapnr, h->max_pfn);
	if (h->header.nr_cpus < 0)
		vmcore_fault(faults, "kdump header: nr_cpus is negative [%" PRId32 "]",
			     h->header.nr_cpus);
}

/* The sub-header's VMCOREINFO is that of the notes. */
static int check_vmcoreinfo(const struct vmcore *vc, const struct kdump_headers *h,
			    struct file_reader *fr, const struct vmcore_faults *faults)
{
	uint64_t off = h->sub.offset_vmcoreinfo, size = h->sub.size_vmcoreinfo;
	_cleanup_free_ char *text = NULL;

	if (!size || !vc->vmcoreinfo)
		return 0;
	if (!range_fits(off, size, fr->file->size)) {
		vmcore_fault(faults,
			     "kdump sub-header: VMCOREINFO is after the end of the file [%" PRIu64
			     " bytes at %#" PRIx64 "]",
			     size, off);
		return 0;
	}
	size = min_u64(size, vc->vmcoreinfo_size);
	text = malloc(size);
	if (!text)
		return err_set(-ENOMEM, "no memory for VMCOREINFO");
	if (file_read(fr, off, text, size) || memcmp(text, vc->vmcoreinfo, size))
		vmcore_fault(faults,
			     "kdump sub-header: VMCOREINFO at %#" PRIx64
			     " is not that of the notes",
			     off);
	return 0;
}

/* Pages of the 2nd bitmap exist by the 1st. */
static int check_bitmaps(struct vmcore *vc, const struct kdump_headers *h, struct file_reader *fr,
			 struct bitmap *stored, const struct vmcore_faults *faults)
{
	_cleanup_bitmap_ struct bitmap exists = { 0 };
	uint64_t extra = 0;
	pfn_t first = 0;
	int err = bitmap_init_stored(&exists, h->max_pfn, vc->bitmaps);

	if (!err)
		err = kdump_read_bitmap(fr, h->exists_off, 0, &exists);
	if (err)
		return err;
	for (pfn_t pfn = bitmap_next_set(stored, 0, stored->nbits), end; pfn < stored->nbits;
	     pfn = bitmap_next_set(stored, end, stored->nbits)) {
		end = bitmap_next_clear(stored, pfn, stored->nbits);
		for (pfn_t p = bitmap_next_clear(&exists, pfn, end), q; p < end;
		     p = bitmap_next_clear(&exists, q, end)) {
			q = bitmap_next_set(&exists, p, end);
			first = extra ? first : p;
			extra += q - p;
		}
	}
	if (extra)
		vmcore_fault(faults,
			     "bitmaps: %" PRIu64 " of the pages in the dump do not exist, "
			     "the first is %#" PRIx64,
			     extra, h->pfn_base + first);
	return 0;
}

/* Find the data of all pages. A page whose data cannot be there fails when it is read. */
static int find_places(const struct kdump_headers *h, struct file_reader *fr, uint64_t nr,
		       uint64_t data_off, struct places *places)
{
	_cleanup_free_ uint8_t *buf = malloc(DESC_BATCH * KDUMP_PAGE_DESC_SIZE);
	int err = buf ? 0 : err_set(-ENOMEM, "no memory for page descriptors");

	for (uint64_t i = 0; !err && i < nr; i += DESC_BATCH) {
		size_t n = min_u64(nr - i, DESC_BATCH);

		/* Descriptors that the file does not have are found by reading their pages. */
		if (file_read(fr, h->desc_off + i * KDUMP_PAGE_DESC_SIZE, buf,
			      n * KDUMP_PAGE_DESC_SIZE))
			break;
		for (size_t j = 0; !err && j < n; j++) {
			struct kdump_page_desc d;

			kdump_decode_page_desc(&h->layout, buf + j * KDUMP_PAGE_DESC_SIZE, &d);
			if (d.offset >= data_off && d.size &&
			    d.size <= (uint32_t)h->header.block_size &&
			    range_fits(d.offset, d.size, fr->file->size))
				err = places_add(places, &d, i + j);
		}
	}
	return err;
}

/* The pfn of a page descriptor. */
static pfn_t pfn_of(const struct bitmap *stored, uint64_t nth)
{
	pfn_t pfn = bitmap_next_set(stored, 0, stored->nbits);

	while (nth--)
		pfn = bitmap_next_set(stored, pfn + 1, stored->nbits);
	return pfn;
}

/* The data of pages are apart from each other, or the same, and leave no gap. */
static int check_places(const struct kdump_headers *h, struct file_reader *fr,
			const struct bitmap *stored, uint64_t data_off,
			const struct vmcore_faults *faults)
{
	uint64_t nr = bitmap_count(stored, 0, stored->nbits), nr_bad, gaps;
	_cleanup_bitmap_ struct bitmap bad = { 0 };
	struct places places = { 0 };
	int err = nr ? bitmap_init(&bad, nr) : 0;

	if (!err)
		err = find_places(h, fr, nr, data_off, &places);
	if (!err && places.nr) {
		/* A page of zeros comes first, also where no page is one: a gap that is none. */
		gaps = places_check(&places, places.start, &bad);
		nr_bad = bitmap_count(&bad, 0, nr);
		if (nr_bad)
			vmcore_fault(faults,
				     "page descriptors: the data of %" PRIu64
				     " pages overlap, the first is page %#" PRIx64,
				     nr_bad,
				     h->pfn_base + pfn_of(stored, bitmap_next_set(&bad, 0, nr)));
		else if (gaps)
			vmcore_fault(faults,
				     "page descriptors: %" PRIu64
				     " bytes of data belong to no page: other pages may have their "
				     "contents",
				     gaps);
	}
	places_deinit(&places);
	return err;
}

static int check(struct vmcore *vc, struct file_reader *fr, const struct vmcore_faults *faults)
{
	_cleanup_bitmap_ struct bitmap stored = { 0 };
	struct kdump_headers h;
	uint64_t data_off;
	int err = kdump_headers_read(&h, fr);

	if (err)
		return err;
	check_header(&h, faults);
	err = check_vmcoreinfo(vc, &h, fr, faults);
	if (!err)
		err = bitmap_init_stored(&stored, h.max_pfn, vc->bitmaps);
	if (!err)
		err = kdump_read_bitmap(fr, h.dumped_off, 0, &stored);
	if (!err)
		err = check_bitmaps(vc, &h, fr, &stored, faults);
	if (err)
		return err;
	data_off = h.desc_off + bitmap_count(&stored, 0, h.max_pfn) * KDUMP_PAGE_DESC_SIZE;
	if (vc->is_part) {
		bitmap_clear_range(&stored, 0, vc->part_start - h.pfn_base);
		bitmap_clear_range(&stored, vc->part_end - h.pfn_base, h.max_pfn);
	}
	return check_places(&h, fr, &stored, data_off, faults);
}

int kdump_check(struct vmcore *vc, const struct vmcore_faults *faults)
{
	struct file_reader fr;
	int err;

	file_reader_init(&fr, &vc->file);
	err = check(vc, &fr, faults);
	file_reader_deinit(&fr);
	return err;
}
