// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kernel of which more has to be known than VMCOREINFO tells before its memory map can
 * be read: opened and filtered as a whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "filter/filter.h"
#include "lib/log_control.h"
#include "tests/unit/minicore.h"

/*
 * 4 MiB of ppc64, in pages of 64 KiB. Struct pages are at 2 MiB: 5 (in the image) and 20
 * look like page cache without a mapping, 40 is anonymous. All other words of them are 0.
 */
#define PPC64 \
	"let direct 0xc000000000000000\n" \
	"let vmemmap 0xc00c000000000000\n" \
	"let memmap 2*M\n" \
	"segment 0 4*M vaddr=direct\n" \
	"u64 memmap+5*64 0x20\n" \
	"u64 memmap+20*64 0x20\n" \
	"u64 memmap+40*64 0x20 0 0 direct+1\n" \
	"u64 0x210000 direct+0x220000\n" \
	"u64 0x220000 vmemmap+0xf\n" \
	"vmcoreinfo <<END\n" \
	"OSRELEASE=6.12.0\n" \
	"PAGESIZE=65536\n" \
	"SYMBOL(_stext)=${direct:x}\n" \
	"SYMBOL(_end)=${direct+M:x}\n" \
	"SYMBOL(swapper_pg_dir)=${direct+3*M:x}\n" \
	"SYMBOL(mem_section)=${direct+0x210000:x}\n" \
	"SIZE(mem_section)=16\n" \
	"OFFSET(mem_section.section_mem_map)=0\n" \
	"NUMBER(SECTION_SIZE_BITS)=24\n" \
	"NUMBER(MAX_PHYSMEM_BITS)=51\n" \
	"SIZE(page)=64\n" \
	"OFFSET(page.flags)=0\n" \
	"OFFSET(page.mapping)=24\n" \
	"OFFSET(page._mapcount)=48\n" \
	"OFFSET(page.private)=40\n" \
	"OFFSET(page.compound_head)=8\n" \
	"LENGTH(zone.free_area)=9\n" \
	"NUMBER(PG_lru)=5\n" \
	"NUMBER(PG_private)=14\n" \
	"NUMBER(PG_head_mask)=64\n" \
	"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\n" \
	"NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592\n" \
	"NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240\n"

#define HASH \
	"NUMBER(RADIX_MMU)=0\n" \
	"SYMBOL(vmemmap_list)=${direct+0x230000:x}\n" \
	"SYMBOL(mmu_vmemmap_psize)=${direct+0x230008:x}\n" \
	"SYMBOL(mmu_psize_defs)=${direct+0x230100:x}\n" \
	"SIZE(mmu_psize_def)=104\n" \
	"OFFSET(mmu_psize_def.shift)=0\n" \
	"OFFSET(vmemmap_backing.list)=0\n" \
	"OFFSET(vmemmap_backing.phys)=8\n" \
	"OFFSET(vmemmap_backing.virt_addr)=16\n"

#define HASH_MEMORY \
	"u64 0x230000 direct+0x240000\n" \
	"u32 0x230008 2\n" \
	"u32 0x230100+2*104 16\n" \
	"u64 0x240000 0 memmap vmemmap\n"

/* Entries of page tables are big-endian in either byte order. */
#define RADIX_MEMORY \
	"hex 0x30c000 8000000000310009\n" \
	"hex 0x310000 8000000000311009\n" \
	"hex 0x311000 8000000000312005\n" \
	"hex 0x312000 c000000000200187\n"

static const struct core_text texts[] = {
	{ "hash", "elf 64 big ppc64\n" PPC64 HASH "END\n" HASH_MEMORY },
	{ "hash-le", "elf 64 little ppc64\n" PPC64 HASH "END\n" HASH_MEMORY },
	{ "radix", "elf 64 big ppc64\n" PPC64 "NUMBER(RADIX_MMU)=1\nEND\n" RADIX_MEMORY },
	{ "radix-le", "elf 64 little ppc64\n" PPC64 "NUMBER(RADIX_MMU)=1\nEND\n" RADIX_MEMORY },
	{ "no-mmu", "elf 64 little ppc64\n" PPC64 "END\n" RADIX_MEMORY },
};

static int setup(void **state)
{
	struct cores *c = malloc(sizeof(*c));

	*state = c;
	log_set_levels(MDF_LOG_ERROR);
	return !c || cores_make(c, NULL, NULL, texts, ARRAY_SIZE(texts));
}

static int teardown(void **state)
{
	struct cores *c = *state;
	int err = cores_remove(c);

	free(c);
	return err;
}

static int filter(struct machine *m, struct bitmap *kept, struct filter_stats *stats)
{
	*stats = (struct filter_stats){ 0 };
	assert_int_equal(bitmap_init(kept, m->vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(m->vc, VMCORE_STORED, kept), 0);
	return filter_pages(m->k, DL_MAX & ~DL_ZERO, 1, kept, NULL, NULL, stats);
}

static void test_memory_map_outside_the_linear_map(void **state)
{
	static const char *const names[] = { "hash", "hash-le", "radix", "radix-le" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct filter_stats stats;
		struct kdump_utsname uts;
		struct bitmap kept;
		struct machine m;

		machine_open(&m, *state, names[i]);
		assert_int_equal(m.k->translation_err, 0);
		if (filter(&m, &kept, &stats))
			fail_msg("%s: %s", names[i], err_text(-EINVAL));
		for (pfn_t pfn = 0; pfn < 64; pfn++) {
			if (bitmap_test(&kept, pfn) == (pfn == 20 || pfn == 40))
				fail_msg("%s: pfn %u", names[i], (unsigned int)pfn);
		}
		assert_int_equal(stats.pages[PAGE_UNREADABLE], 0);
		bitmap_deinit(&kept);
		kernel_utsname(m.k, m.r, NULL, &uts);
		assert_string_equal(uts.machine, strstr(names[i], "le") ? "ppc64le" : "ppc64");
		machine_close(&m);
	}
}

/* The error names the missing fact, and no page is excluded. */
static void test_what_cannot_be_known(void **state)
{
	struct filter_stats stats;
	struct bitmap kept;
	struct machine m;

	machine_open(&m, *state, "no-mmu");
	assert_int_equal(m.k->translation_err, -ENOENT);
	assert_int_equal(filter(&m, &kept, &stats), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "NUMBER(RADIX_MMU)"));
	assert_int_equal(bitmap_count(&kept, 0, kept.nbits), 64);
	bitmap_deinit(&kept);
	machine_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_map_outside_the_linear_map),
		cmocka_unit_test(test_what_cannot_be_known),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
