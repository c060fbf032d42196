// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The regions, image and page tables of ia64.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>

#include "tests/unit/page_tables.h"

/* Pages of 16 KiB: the memory that entries of levels 1 to 4 are for. */
#define PAGE (16 * KIB)
#define LEVEL_2 (32 * MIB)
#define LEVEL_3 (64 * GIB)
#define LEVEL_4 (UINT64_C(1) << 47)

#define REGION (UINT64_C(1) << 61)
#define GATE UINT64_C(0xa000000000000000)
#define IMAGE UINT64_C(0xa000000100000000)
#define IMAGE_SIZE (64 * MIB)
#define VMALLOC UINT64_C(0xa000000200000000)
#define VMEMMAP UINT64_C(0xa000400000000000)
#define UNCACHED UINT64_C(0xc000000000000000)
#define CACHED UINT64_C(0xe000000000000000)
#define PERCPU UINT64_C(0xfffffffffffc0000)

#define FACTS "SYMBOL(swapper_pg_dir)=a0000001006f0000\nSYMBOL(_stext)=a000000100000000\n"

/*
 * An image at 64 MiB. Flags of data: deferred exceptions 52; readable, writable and executable 9
 * to 11; written 6, used 5, present 0; of the gate: of level 3 (7, 8), readable.
 */
#define TABLES_3 \
	"46f0000 0000000005004000\n"	/* slot 0 of level 3: the gate, vmalloc() */ \
	"46f2000 0000000005014000\n"	/* slot 1024: struct pages */ \
	"46f0800 0000000005024000\n"	/* slot 256, which a process has for region 1 */ \
	"5004000 0000000005008000\n" \
	"5004800 000000000500c000\n"	/* slot 256 of level 2: vmalloc() */ \
	"5008000 00100000046e81a1\n" \
	"500c000 0010000012344661\n" \
	"500c008 000000001234c660\n"	/* in swap */ \
	"500c010 8000000012348020\n"	/* may not be touched */ \
	"500c018 0013ffffffffc661\n"	/* the highest page */ \
	"5014000 0000000005018000\n" \
	"5018000 0010000006000661\n" \
	"5024000 0000000005028000\n" \
	"5028008 00100000abcdc7e1\n"

/* An image of SGI's Altix, in which the place of the gate is not present at level 1 of 3. */
#define TABLES_4 \
	"30046f0000 0000003005000000\n" \
	"30046f0008 0000003005010000\n" \
	"3005000000 0000003005004000\n" \
	"3005004000 0000003005008000\n" \
	"3005004800 000000300500c000\n" \
	"3005008000 00100030046e81a1\n" \
	"300500c000 0010003012344661\n" \
	"3005010000 0000003005014000\n" \
	"3005014000 0000003005018000\n" \
	"3005018000 0010003012348661\n"

static int machine_init(struct machine *m, unsigned int page_shift,
			const struct arch_segment *segment, const char *facts, const char *memory)
{
	const struct machine_kind kind = {
		.machine = EM_IA_64, .is64 = true, .page_shift = page_shift,
		.segments = segment, .nr_segments = segment ? 1 : 0,
	};

	return machine_setup(m, &kind, facts, memory);
}

/* No page table is needed for all memory, cached and not, nor for the image. */
static void test_regions(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, 14, NULL, FACTS, TABLES_3), 0);
	m.memory.reads = 0;
	assert_mapped(&m, CACHED + 0x12345, 0x12345, (UINT64_C(1) << 50) - 0x12345);
	assert_mapped(&m, CACHED + (UINT64_C(1) << 50) - 1, (UINT64_C(1) << 50) - 1, 1);
	assert_mapped(&m, UNCACHED + 0x8000000000, 0x8000000000,
		      (UINT64_C(1) << 50) - 0x8000000000);
	assert_mapped(&m, IMAGE, 64 * MIB, IMAGE_SIZE);
	assert_mapped(&m, IMAGE + IMAGE_SIZE - 1, 128 * MIB - 1, 1);
	assert_hole(&m, CACHED + (UINT64_C(1) << 50), REGION - (UINT64_C(1) << 50));
	assert_hole(&m, UNCACHED + (UINT64_C(1) << 50), REGION - (UINT64_C(1) << 50));
	/* Each CPU has its own memory there. */
	assert_hole(&m, PERCPU, -PERCPU);
	assert_hole(&m, 0x1000, REGION - 0x1000);
	assert_text_has("not an address of the kernel");
	assert_hole(&m, GATE - 1, 1);
	assert_hole(&m, GATE + LEVEL_4, REGION - LEVEL_4);
	assert_int_equal(m.memory.reads, 0);
}

static void test_tables(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, 14, NULL, FACTS, TABLES_3), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_int_equal(m.arch.phys_base, 64 * MIB);
	assert_mapped(&m, GATE, 0x46e8000, PAGE);
	assert_mapped(&m, VMALLOC + 0x123, 0x12344123, PAGE - 0x123);
	assert_mapped(&m, VMALLOC + 3 * PAGE, 0x3ffffffffc000, PAGE);
	assert_mapped(&m, VMEMMAP + 5, 0x6000005, PAGE - 5);
	assert_hole(&m, VMALLOC + PAGE, PAGE);
	assert_text_has("level 1");
	assert_hole(&m, VMALLOC + LEVEL_2, LEVEL_2);
	assert_text_has("level 2");
	assert_hole(&m, VMALLOC - LEVEL_2 / 2, LEVEL_2 / 2);
	assert_hole(&m, GATE + LEVEL_3 + 1, LEVEL_3 - 1);
	assert_text_has("level 3");
	/* The tables begin again where the image ends. */
	assert_hole(&m, IMAGE - 1, 1);
	assert_hole(&m, IMAGE + IMAGE_SIZE, LEVEL_2);
}

static void test_four_levels(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, 14, NULL, FACTS, TABLES_4), 0);
	assert_int_equal(m.arch.levels, 4);
	assert_int_equal(m.arch.phys_base, 0x3004000000);
	assert_mapped(&m, IMAGE, 0x3004000000, IMAGE_SIZE);
	assert_mapped(&m, VMALLOC, 0x3012344000, PAGE);
	assert_mapped(&m, GATE + LEVEL_4, 0x3012348000, PAGE);
	assert_hole(&m, GATE + LEVEL_3, LEVEL_3);
	assert_hole(&m, GATE + 2 * LEVEL_4, LEVEL_4);
	assert_hole(&m, GATE + (UINT64_C(1) << 58), REGION - (UINT64_C(1) << 58));
}

/* The bits of an address that choose an entry depend on the size of pages. */
static void test_page_sizes(void **state)
{
	static const struct {
		unsigned int page_shift, levels;
		uint64_t pages;		/* that a table of level 1 maps */
		const char *memory;
	} kernels[] = {
		{ 12, 3, 512, "46f0000 5001000\n" "5001000 5002000\n" "5002000 100000046e81a1\n"
			      "46f0040 5003000\n" "5003000 5004000\n" "5004008 10000056780661\n" },
		{ 12, 4, 512, "46f0000 5001000\n" "5001000 5002000\n" "5001040 5005000\n"
			      "5002000 5003000\n" "5003000 100000046e81a1\n"
			      "5005000 5006000\n" "5006008 10000056780661\n" },
		{ 13, 3, 1024, "46f0000 5002000\n" "5002000 5004000\n" "5004000 100000046e81a1\n"
			       "46f0008 5006000\n" "5006000 5008000\n" "5008008 10000056780661\n" },
		{ 16, 3, 8192, "46f0000 5010000\n" "5010000 5020000\n" "5020000 100000046e01a1\n"
			       "5010080 5030000\n" "5030008 10000056780661\n" },
	};
	struct machine m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		uint64_t page = UINT64_C(1) << kernels[i].page_shift;

		assert_int_equal(machine_init(&m, kernels[i].page_shift, NULL, FACTS,
					      kernels[i].memory), 0);
		assert_int_equal(m.arch.levels, kernels[i].levels);
		assert_mapped(&m, VMALLOC + page, 0x56780000, page);
		assert_hole(&m, VMALLOC + 2 * page, page);
		assert_hole(&m, VMALLOC + kernels[i].pages * page, kernels[i].pages * page);
	}
}

/* The image is where a PT_LOAD of region 5 says, in 64 MiB; its tables may be damaged. */
static void test_image_of_segment(void **state)
{
	const struct arch_segment image = { IMAGE, 0x4000000, 8 * MIB };
	/* kexec-tools takes the beginning of the memory that the image is in for its address. */
	const struct arch_segment before = { IMAGE - MIB, 0x3004000000, 8 * MIB };
	const struct arch_segment damaged = { IMAGE, 0x7123400000, 8 * MIB };
	const struct arch_segment linear = { CACHED, 0, GIB };
	const struct arch_segment wild = { IMAGE, -IMAGE_SIZE, 8 * MIB };
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, 14, &image, FACTS, TABLES_3), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_int_equal(m.memory.reads, 3);
	assert_int_equal(machine_init(&m, 14, &before, FACTS, TABLES_4), 0);
	assert_int_equal(m.arch.levels, 4);
	assert_int_equal(m.arch.phys_base, 0x3004000000);
	assert_int_equal(machine_init(&m, 14, &damaged, FACTS, TABLES_3), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_mapped(&m, IMAGE, 0x7120000000, IMAGE_SIZE);
	assert_int_equal(machine_init(&m, 14, &linear, FACTS, TABLES_3), 0);
	assert_int_equal(m.arch.phys_base, 64 * MIB);
	assert_int_equal(machine_init(&m, 14, &wild, FACTS, TABLES_3), 0);
	assert_int_equal(m.arch.phys_base, 64 * MIB);
}

/* The image is only a part of the addresses that the TLB maps as a whole. */
static void test_image_bounds(void **state)
{
	struct machine m;
	vaddr_t start, end;

	(void)state;
	assert_int_equal(machine_init(&m, 14, NULL, FACTS, TABLES_3), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(start, IMAGE);
	assert_in_range(end, IMAGE + IMAGE_SIZE - 64 * KIB, IMAGE + IMAGE_SIZE);
	assert_int_equal(machine_init(&m, 14, NULL, FACTS "SYMBOL(_end)=a000000100c12340\n",
				      TABLES_3), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(start, IMAGE);
	assert_int_equal(end, IMAGE + 0xc20000);
	assert_int_equal(machine_init(&m, 14, NULL, "SYMBOL(swapper_pg_dir)=a0000001006f0000\n",
				      TABLES_3), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(end - start, 0);
}

/* Each region of a process has an eighth of the root. */
static void test_user(void **state)
{
	struct machine m;
	struct arch user;
	struct arch_run run;

	(void)state;
	assert_int_equal(machine_init(&m, 14, NULL, FACTS, TABLES_3), 0);
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x46f0000, &user), 0);
	assert_int_equal(arch_translate(&user, &m.mem, VMALLOC - GATE + 2 * PAGE, &run), 0);
	assert_int_equal(run.paddr, 0x12348000);
	assert_int_equal(arch_translate(&user, &m.mem, REGION + PAGE + 1, &run), 0);
	assert_int_equal(run.paddr, 0xabcdc001);
	assert_int_equal(run.len, PAGE - 1);
	assert_int_equal(arch_translate(&user, &m.mem, REGION + LEVEL_4 / 8, &run), -EFAULT);
	assert_int_equal(run.len, REGION - LEVEL_4 / 8);
	assert_text_has("not an address of a process");
	/* Huge pages, and the kernel. */
	for (unsigned int region = 4; region < 8; region++) {
		assert_int_equal(arch_translate(&user, &m.mem, region * REGION, &run), -EFAULT);
		assert_int_equal(run.len, REGION);
	}
	assert_int_equal(arch_translate(&user, &m.mem, IMAGE, &run), -EFAULT);
}

static void assert_refused(int err, int expected, const char *words)
{
	assert_int_equal(err, expected);
	assert_non_null(strstr(err_text(expected), words));
}

static void test_refused(void **state)
{
	struct machine m;

	(void)state;
	assert_refused(machine_init(&m, 15, NULL, FACTS, TABLES_3), -ENOTSUP, "pages of 32 KiB");
	assert_refused(machine_init(&m, 14, NULL, "", TABLES_3), -ENOENT,
		       "SYMBOL(swapper_pg_dir) is missing");
	assert_refused(machine_init(&m, 14, NULL, "SYMBOL(swapper_pg_dir)=a0000001006f1000\n",
				    TABLES_3), -ENOENT, "cannot be at 0xa0000001006f1000");
	assert_refused(machine_init(&m, 14, NULL, "SYMBOL(swapper_pg_dir)=a0000000fffff000\n",
				    TABLES_3), -ENOENT, "cannot be at");
	assert_refused(machine_init(&m, 14, NULL, "SYMBOL(swapper_pg_dir)=a000000104000000\n",
				    TABLES_3), -ENOENT, "cannot be at");
	assert_refused(machine_init(&m, 14, NULL, FACTS, "46f0000 0\n"), -ENOENT,
		       "no page tables at 0xa0000001006f0000 map the gate page");
	/* Neither before nor after the image is it the gate. */
	assert_refused(machine_init(&m, 14, NULL, FACTS, "46f0000 5004000\n" "5004000 5008000\n"
							 "5008000 3ffc1a1\n"), -ENOENT, "gate");
	assert_refused(machine_init(&m, 14, NULL, FACTS, "46f0000 5004000\n" "5004000 5008000\n"
							 "5008000 80001a1\n"), -ENOENT, "gate");
	/* No kernel with such pages has a fourth level. */
	assert_refused(machine_init(&m, 16, NULL, FACTS, "46f0000 5010000\n" "5010000 5020000\n"
							 "5020000 5030000\n" "5030000 46e01a1\n"),
		       -ENOENT, "gate");
}

/* Tables that lead to themselves, or to where nothing is. */
static void test_damaged(void **state)
{
	const struct arch_segment image = { IMAGE, 0x4000000, 8 * MIB };
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, 14, &image, FACTS, "46f0000 46f0000\n"
							     "46f2000 7777770000\n"), 0);
	assert_hole(&m, GATE, PAGE);
	assert_hole(&m, VMEMMAP, LEVEL_2);
	assert_text_has("no memory at");
	m.memory.err = -EIO;
	assert_hole(&m, VMALLOC, LEVEL_3 - (VMALLOC - GATE));
	assert_hole(&m, GATE, IMAGE - GATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_regions),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_four_levels),
		cmocka_unit_test(test_page_sizes),
		cmocka_unit_test(test_image_of_segment),
		cmocka_unit_test(test_image_bounds),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
