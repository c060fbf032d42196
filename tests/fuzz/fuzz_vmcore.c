// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dumps of every format, as files: ELF headers, kdump headers, notes and eraseinfo, bitmaps,
 * descriptors and pages, the records of flattened files, and compressed files. They are read, and
 * checked as for --verify.
 *
 * Input:
 *	1	flags: FUZZ_BINARY, NO_MMAP, RAW
 *	4	with RAW: the address of the memory that the file holds, in pages of 4 KiB
 *	...	the file
 */
#include "lib/bitmap.h"
#include "lib/clock.h"
#include "tests/fuzz/file.h"
#include "vmcore/prstatus.h"
#include "vmcore/spool.h"
#include "vmcore/vmcore.h"

#define NO_MMAP 0x04
#define RAW 0x08

/* Pages that a dump may claim to have, so that a bitmap of them takes no time. */
#define CLAIM_MAX (1u << 26)
/* Pages that are read. */
#define PAGES_MAX 64

static void check_opened(const struct vmcore *vc)
{
	pfn_t pfn;

	for (size_t i = 0; i < vc->frames.nr; i++)
		assert(!frames_find(&vc->frames, vc->frames.runs[i].frame, &pfn) &&
		       pfn < 1ull << 40);
	assert(vc->page_size && !(vc->page_size & (vc->page_size - 1)));
	assert(vc->page_size == 1u << vc->page_shift);
	for (size_t i = 0; i < vc->nr_segments; i++) {
		const struct vmcore_segment *s = &vc->segments[i];

		assert(s->memsz >= s->filesz && s->memsz);
		assert(s->offset + s->filesz >= s->offset);
		assert(s->paddr + s->memsz <= UINT64_C(1) << 52);
	}
	if (vc->vmcoreinfo)
		assert(range_fits(vc->vmcoreinfo - (char *)vc->notes, vc->vmcoreinfo_size,
				  vc->notes_size));
	assert(strlen(vc->warning) < sizeof(vc->warning) && fuzz_is_clean(vc->warning));
	for (size_t i = 0; i < vc->eraseinfo_size; i++)
		(void)*(volatile char *)&vc->eraseinfo[i];
}

static void read_pages(struct vmcore *vc, const struct bitmap *exists, const struct bitmap *data)
{
	struct vmcore_reader *r;
	void *page = malloc(vc->page_size);
	unsigned int nr = 0;
	int err = vmcore_reader_create(&r, vc);

	assert(!err && page);
	for (pfn_t pfn = bitmap_next_set(data, 0, vc->max_pfn); pfn < vc->max_pfn && nr < PAGES_MAX;
	     pfn = bitmap_next_set(data, pfn + 1, vc->max_pfn), nr++) {
		const void *bytes;
		size_t got = 0;

		assert(bitmap_test(exists, pfn));
		err = vmcore_read_page(r, pfn, page);
		fuzz_check_file_err(err);
		err = vmcore_get(r, pfn << vc->page_shift, vc->page_size, &bytes, &got);
		fuzz_check_file_err(err);
		if (err)
			continue;
		assert(got && got <= vc->page_size);
		for (size_t i = 0; i < got; i++)
			(void)*(volatile const char *)((const char *)bytes + i);
	}
	free(page);
	vmcore_reader_destroy(r);
}

static void check_fault(void *ctx, const char *text)
{
	(void)ctx;
	assert(fuzz_is_clean(text));
}

static void look_at(struct vmcore *vc)
{
	const struct vmcore_faults faults = { check_fault, NULL };
	uint64_t words[PRSTATUS_WORDS];
	struct bitmap exists, data;
	int err;

	for (uint32_t id = 0; id < 4; id++)
		(void)!vmcore_cpu_regs(vc, id, words);
	if (vc->max_pfn > CLAIM_MAX)
		return;
	if (bitmap_init(&exists, vc->max_pfn) || bitmap_init(&data, vc->max_pfn))
		abort();
	err = vmcore_bitmap(vc, VMCORE_PRESENT, &exists);
	fuzz_check_file_err(err);
	if (!err) {
		err = vmcore_bitmap(vc, VMCORE_STORED, &data);
		fuzz_check_file_err(err);
	}
	if (!err)
		read_pages(vc, &exists, &data);
	fuzz_check_file_err(vmcore_check(vc, &faults));
	vmcore_check_places(vc);
	assert(strlen(vc->warning) < sizeof(vc->warning) && fuzz_is_clean(vc->warning));
	bitmap_deinit(&data);
	bitmap_deinit(&exists);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned int flags = fuzz_number(&in, 1);
	struct raw_range raw = { .base = flags & RAW ? fuzz_number(&in, 4) << 12 : 0 };
	const struct spool spool = { .dir = "/dev/shm", .deadline = clock_seconds() + 2 };
	const struct vmcore_options opt = {
		.spool = &spool,
		.no_mmap = flags & NO_MMAP,
		.raw = &raw,
		.nr_raw = !!(flags & RAW),
	};
	struct fuzz_file file;
	struct vmcore *vc;
	int err;

	fuzz_file_make(&file, in);
	err = vmcore_open(&vc, file.path, &opt);
	fuzz_check_file_err(err);
	if (!err) {
		check_opened(vc);
		look_at(vc);
		vmcore_close(vc);
	}
	fuzz_file_close(&file);
	return 0;
}
