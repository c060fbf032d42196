// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A whole ELF core: VMCOREINFO of its notes or found in its memory, page tables, symbols and
 * types, essential pages, the memory map and struct pages, the order of pages; of a Xen host,
 * dom0's frames and Xen's table of pages.
 *
 * Input:
 *	1	flags: FUZZ_BINARY
 *	1	the dump level
 *	...	the file
 */
#include "filter/filter.h"
#include "filter/foreign_pages.h"
#include "filter/vmemmap.h"
#include "kernel/essential.h"
#include "kernel/find_vmcoreinfo.h"
#include "lib/log_control.h"
#include "tests/fuzz/file.h"

/* Pages that a dump may claim to have. */
#define CLAIM_MAX (1u << 22)

static void filter(const struct kernel *k, struct vmcore *vc, unsigned int level)
{
	static const struct hypervisor_sources none;
	struct filter_stats stats = { 0 };
	struct bitmap dumpable, had;
	uint64_t left, foreign, unused;
	struct page_order order;
	int err;

	if (bitmap_init(&dumpable, vc->max_pfn) || bitmap_init(&had, vc->max_pfn))
		abort();
	page_order_init(&order, vc, level, 0);
	err = vmcore_bitmap(vc, VMCORE_STORED, &dumpable);
	if (!err)
		err = vmcore_bitmap(vc, VMCORE_STORED, &had);
	fuzz_check_file_err(err);
	if (!err) {
		fuzz_check_file_err(exclude_foreign_pages(k, &none, &dumpable, &foreign));
		err = filter_pages(k, level, 1, &dumpable, NULL, &order, &stats);
		fuzz_check_file_err(err);
	}
	if (!err) {
		fuzz_check_file_err(exclude_unused_vmemmap(k, &dumpable, NULL, &unused));
		page_order_complete(&order, k);
	}
	if (!err) {
		left = bitmap_count(&dumpable, 0, vc->max_pfn);
		assert(left <= bitmap_count(&had, 0, vc->max_pfn));
		for (pfn_t pfn = bitmap_next_set(&dumpable, 0, vc->max_pfn); pfn < vc->max_pfn;
		     pfn = bitmap_next_set(&dumpable, pfn + 1, vc->max_pfn))
			assert(bitmap_test(&had, pfn));
		for (enum order_class c = 0; c < NR_ORDER_CLASSES; c++)
			left -= page_order_count(&order, &dumpable, c);
		assert(!left);
	}
	page_order_deinit(&order);
	bitmap_deinit(&had);
	bitmap_deinit(&dumpable);
}

static void learn(struct vmcore *vc, unsigned int level)
{
	struct pfn_set essential = { 0 };
	struct kdump_utsname uts;
	struct vmcore_reader *r;
	struct kernel *k;
	int err = vmcoreinfo_search(vc, true);

	fuzz_check_file_err(err);
	if (err || kernel_open(&k, vc, NULL, NULL))
		return;
	for (size_t i = 0; i < NR_KERNEL_WARNINGS; i++)
		assert(fuzz_is_clean(k->warnings[i]));
	assert(fuzz_is_clean(k->translation_why) && fuzz_is_clean(k->release));
	err = vmcore_reader_create(&r, vc);
	assert(!err);
	kernel_utsname(k, r, NULL, &uts);
	vmcore_reader_destroy(r);
	essential_find(k, &essential);
	for (size_t i = 0; i < essential.nr; i++)
		assert(essential.ranges[i].start < essential.ranges[i].end);
	pfn_set_deinit(&essential);
	/* The page size may be another one now. */
	if (vc->max_pfn <= CLAIM_MAX)
		filter(k, vc, level);
	kernel_close(k);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_set_levels(0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct vmcore_options opt;
	struct fuzz_input in = { data, size };
	unsigned int level;
	struct fuzz_file file;
	struct vmcore *vc;

	fuzz_number(&in, 1);
	level = fuzz_number(&in, 1) & DL_MAX;
	fuzz_file_make(&file, in);
	if (!vmcore_open(&vc, file.path, &opt)) {
		if (vc->max_pfn <= CLAIM_MAX)
			learn(vc, level);
		vmcore_close(vc);
	}
	fuzz_file_close(&file);
	return 0;
}
