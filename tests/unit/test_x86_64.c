// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables of x86_64.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/page_tables.h"

static int machine_init(struct machine *m, const char *facts, const char *memory)
{
	static const struct machine_kind kind = {
		.machine = EM_X86_64, .is64 = true, .page_shift = 12,
	};

	return machine_setup(m, &kind, facts, memory);
}

#define FACTS \
	"NUMBER(phys_base)=0\n" \
	"SYMBOL(init_top_pgt)=ffffffff80001000\n"

/*
 * 4 KiB, 2 MiB and 1 GiB pages. Indices of ffff888000000000: 273, 0, 0, 0. The
 * entries have the flags of kernel data; NX is bit 63, PAT of large pages 12.
 */
#define FOUR_LEVELS \
	"1888 0000000000002067\n"	/* slot 273 of level 4 */ \
	"2000 0000000000003067\n"	/* slot 0 of level 3 */ \
	"2008 80000001000000e7\n"	/* slot 1: 4 GiB, 1 GiB page */ \
	"2010 80000002000010e7\n"	/* slot 2: 8 GiB, 1 GiB page, PAT */ \
	"3000 0000000000004067\n"	/* slot 0 of level 2 */ \
	"3008 80000000006000e3\n"	/* slot 1: 6 MiB, 2 MiB page */ \
	"3010 80000000008010e3\n"	/* slot 2: 8 MiB, 2 MiB page, PAT */ \
	"4000 8000000000123063\n"	/* slot 0 of level 1 */ \
	"4008 8000000000777163\n"	/* slot 1; bit 7 is PAT here */ \
	"4010 80000000009990e3\n"	/* slot 2 with it */ \
	"4ff8 000ffffffffff063\n"	/* slot 511: the highest address */

static void test_four_levels(void **state)
{
	const vaddr_t base = 0xffff888000000000;
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, FOUR_LEVELS), 0);
	assert_int_equal(m.arch.levels, 4);
	assert_int_equal(m.arch.root, 0x1000);
	assert_mapped(&m, base, 0x123000, 4096);
	assert_mapped(&m, base + 0xff8, 0x123ff8, 8);
	assert_mapped(&m, base + 0xfff, 0x123fff, 1);
	assert_mapped(&m, base + 0x1234, 0x777234, 4096 - 0x234);
	assert_mapped(&m, base + 0x2000, 0x999000, 4096);
	assert_mapped(&m, base + 0x1ff000, 0xffffffffff000, 4096);
	assert_mapped(&m, base + 2 * MIB, 6 * MIB, 2 * MIB);
	assert_mapped(&m, base + 2 * MIB + 0x12345, 6 * MIB + 0x12345, 2 * MIB - 0x12345);
	assert_mapped(&m, base + 4 * MIB, 8 * MIB, 2 * MIB);
	assert_mapped(&m, base + GIB, 4 * GIB, GIB);
	assert_mapped(&m, base + 2 * GIB - 1, 5 * GIB - 1, 1);
	assert_mapped(&m, base + 2 * GIB + 5, 8 * GIB + 5, GIB - 5);
}

/* Pages in a row, whose entries are in the same 64 bytes, are one run. */
static void test_pages_in_a_row(void **state)
{
	const vaddr_t base = 0xffff888000000000;
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, "1888 2067\n"
						 "2000 3067\n"
						 "3000 4067\n"
						 "4000 8000000000123063\n"
						 "4008 0000000000124163\n"
						 "4010 8000000000125063\n"
						 "4018 8000000000126062\n"	/* not present */
						 "4020 8000000000127063\n"
						 "4028 8000000000129063\n"
						 "4030 800000000012a063\n"
						 "4038 800000000012b063\n"
						 "4040 800000000012c063\n"
						 "4048 800000000012b063\n"), 0);
	assert_mapped(&m, base, 0x123000, 3 * 4096);
	assert_mapped(&m, base + 0x1010, 0x124010, 2 * 4096 - 0x10);
	assert_mapped(&m, base + 0x2000, 0x125000, 4096);
	assert_mapped(&m, base + 0x4000, 0x127000, 4096);
	assert_mapped(&m, base + 0x5000, 0x129000, 3 * 4096);
	assert_mapped(&m, base + 0x7000, 0x12b000, 4096);
	assert_mapped(&m, base + 0x8000, 0x12c000, 4096);
}

/* A PV domain of Xen: each entry has an address of the machine, but the root has its own. */
static void test_frames_of_a_machine(void **state)
{
	const vaddr_t base = 0xffff888000000000;
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS,
				      "1888 0000000100003067\n"
				      "2000 0000000100002067\n"
				      "2008 0000000000003067\n"	/* a frame that is not its own */
				      "3000 0000000100005067\n"
				      "3008 00000001000000e3\n"	/* 2 MiB page */
				      "4000 8000000100123063\n"
				      "4008 8000000000777063\n"), 0);
	m.mem.to_physical = memory_to_physical;
	assert_int_equal(m.arch.root, 0x1000);
	assert_mapped(&m, base, 0x122000, 4096);
	assert_mapped(&m, base + 0x123, 0x122123, 4096 - 0x123);
	/* Pages that follow each other in the machine do not in the domain. */
	assert_mapped(&m, base + 2 * MIB, 0x1000, 4096);
	assert_mapped(&m, base + 2 * MIB + 0x1008, 8, 4096 - 8);
	assert_hole(&m, base + 0x1010, 4096 - 0x10);
	assert_text_has("level 1 page table of 0xffff888000001010: no frame");
	assert_hole(&m, base + GIB, GIB);
	assert_text_has("level 3 page table of 0xffff8880400");
}

/* As far as an entry reaches nothing is mapped. */
static void test_holes(void **state)
{
	const vaddr_t base = 0xffff888000000000;
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, FOUR_LEVELS), 0);
	assert_hole(&m, base + 0x3000, 4096);
	assert_text_has("level 1");
	assert_hole(&m, base + 0x3ffe, 2);
	assert_hole(&m, base + 6 * MIB + 0x100, 2 * MIB - 0x100);
	assert_text_has("level 2");
	assert_hole(&m, base + 3 * GIB + 4 * KIB, GIB - 4 * KIB);
	assert_text_has("level 3");
	assert_hole(&m, 0xffff888000000000 - 1, 1);
	assert_hole(&m, 0xffff900000000000, 512 * GIB);
	assert_text_has("level 4");
	assert_text_has("0xffff900000000000");
	assert_hole(&m, 0, 512 * GIB);
	assert_hole(&m, 0x7fffffffffff, 1);
	/* The top of the address space. */
	assert_hole(&m, UINT64_MAX, 1);
	assert_hole(&m, 0xffffff8000000000, 512 * GIB);
}

/* Present is one bit; the other flags of an absent entry say nothing. */
static void test_not_present(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, "1000 2066\n"
						 "1008 3067\n"
						 "3000 10000e6\n"
						 "3008 4067\n"
						 "4000 fffffffffffffffe\n"
						 "4008 5067\n"
						 "5000 7fe\n"), 0);
	assert_hole(&m, 0, 512 * GIB);
	assert_hole(&m, 512 * GIB, GIB);
	assert_hole(&m, 513 * GIB, 2 * MIB);
	assert_hole(&m, 513 * GIB + 2 * MIB, 4096);
}

static void test_not_canonical(void **state)
{
	static const vaddr_t four[] = {
		0x800000000000, 0xffff7fffffffffff, 0x8000000000000000, 0x00ffff8880000000,
		0x7fffffffffffffff,
	};
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, FOUR_LEVELS), 0);
	for (size_t i = 0; i < ARRAY_SIZE(four); i++) {
		struct arch_run run = { 0 };

		assert_int_equal(arch_translate(&m.arch, &m.mem, four[i], &run), -EFAULT);
		assert_true(run.len >= 1);
		assert_text_has("canonical");
	}
	assert_int_equal(m.memory.reads, 0);
}

/*
 * ff11000000000000 has the indices 272, 0, 0, 0, 0; in a machine of four levels
 * it is no address at all.
 */
static void test_five_levels(void **state)
{
	const char *tables = "1880 2067\n"
			     "2000 3067\n"
			     "3000 4067\n"
			     "3008 1400000e7\n"
			     "4000 5067\n"
			     "4008 6000e7\n"
			     "5000 123063\n"
			     "6000 0\n";
	const vaddr_t base = 0xff10000000000000;
	struct arch_run run = { 0 };
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS "NUMBER(pgtable_l5_enabled)=1\n", tables), 0);
	assert_int_equal(m.arch.levels, 5);
	assert_mapped(&m, base + 0x10, 0x123010, 4096 - 0x10);
	assert_mapped(&m, base + 2 * MIB, 6 * MIB, 2 * MIB);
	assert_mapped(&m, base + GIB + 1, 5 * GIB + 1, GIB - 1);
	assert_hole(&m, base + 2 * GIB, GIB);
	assert_hole(&m, base + 512 * GIB, 512 * GIB);
	assert_hole(&m, base + (UINT64_C(1) << 48), UINT64_C(1) << 48);
	assert_text_has("level 5");
	assert_hole(&m, 0x00ffffffffffffff, 1);
	assert_int_equal(arch_translate(&m.arch, &m.mem, 0x0100000000000000, &run), -EFAULT);
	assert_text_has("canonical");
	assert_int_equal(arch_translate(&m.arch, &m.mem, 0xfeffffffffffffff, &run), -EFAULT);

	assert_int_equal(machine_init(&m, FACTS "NUMBER(pgtable_l5_enabled)=0\n", tables), 0);
	assert_int_equal(m.arch.levels, 4);
	assert_int_equal(arch_translate(&m.arch, &m.mem, base, &run), -EFAULT);
	assert_text_has("canonical");
}

/* No page is larger than 1 GiB: that bit means nothing further up. */
static void test_no_larger_pages(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS "NUMBER(pgtable_l5_enabled)=1\n",
				      "1000 20e7\n"
				      "2000 30e7\n"
				      "3000 400000e7\n"), 0);
	assert_mapped(&m, 0x123, 0x40000123, GIB - 0x123);
}

/* The CPU refuses large pages at addresses that are none of theirs. */
static void test_damaged_large_pages(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS,
				      "1000 2067\n"
				      "2000 3067\n"
				      "2008 0000000120000e7\n"
				      "3000 6030e3\n"
				      "3008 4fffe3\n"
				      "3010 6010e3\n"), 0);
	assert_hole(&m, 0x123, 2 * MIB - 0x123);
	assert_text_has("level 2 entry 0x6030e3 is damaged");
	assert_hole(&m, 2 * MIB, 2 * MIB);
	assert_mapped(&m, 4 * MIB, 6 * MIB, 2 * MIB);
	assert_hole(&m, GIB, GIB);
	assert_text_has("level 3 entry 0x120000e7 is damaged");
}

static void test_kaslr(void **state)
{
	/* The kernel was loaded 0x8400000 higher, and mapped 0x9000000 higher. */
	const struct arch_segment segments[] = {
		{ .vaddr = 0xffff888000000000, .paddr = 0, .memsz = GIB },
		{ .vaddr = 0xffffffff8a000000, .paddr = 0x9400000, .memsz = 16 * MIB },
		{ .vaddr = 0xffffffffb0000000, .paddr = 0x1000, .memsz = MIB },
	};
	const uint64_t base = 0x9400000 - 0xa000000;	/* below 0 */
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, "NUMBER(phys_base)=-12582912\n"
					  "SYMBOL(init_top_pgt)=ffffffff8a20a000\n",
				      "960a000 2067\n"), 0);
	assert_int_equal(m.arch.phys_base, base);
	assert_int_equal(m.arch.root, 0x960a000);
	assert_hole(&m, 0, GIB);		/* the next table is not there */

	/* Without the number: from the segment of the kernel image. */
	assert_int_equal(machine_init(&m, "SYMBOL(init_top_pgt)=ffffffff8a20a000\n", ""), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "NUMBER(phys_base)"));
	m.arch.segments = segments;
	m.arch.nr_segments = 1;
	assert_int_equal(arch_init(&m.arch, &m.mem), -ENOENT);
	m.arch.nr_segments = 3;
	assert_int_equal(arch_init(&m.arch, &m.mem), 0);
	assert_int_equal(m.arch.phys_base, base);
	assert_int_equal(m.arch.root, 0x960a000);
}

/* The number is believed before the segments. */
static void test_phys_base_wins(void **state)
{
	const struct arch_segment s = { .vaddr = 0xffffffff81000000, .paddr = 0x5000000 };
	struct machine m;

	(void)state;
	machine_init(&m, FACTS, "");
	m.arch.segments = &s;
	m.arch.nr_segments = 1;
	assert_int_equal(arch_init(&m.arch, &m.mem), 0);
	assert_int_equal(m.arch.phys_base, 0);
}

static void test_old_name_of_the_root(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, "NUMBER(phys_base)=0\n"
					  "SYMBOL(swapper_pg_dir)=ffffffff81e00000\n", ""), 0);
	assert_int_equal(m.arch.root, 0x1e00000);
	assert_int_equal(machine_init(&m, "NUMBER(phys_base)=0\n"
					  "SYMBOL(swapper_pg_dir)=ffffffff81e00000\n"
					  "SYMBOL(init_top_pgt)=ffffffff81f00000\n", ""), 0);
	assert_int_equal(m.arch.root, 0x1f00000);
}

static void test_missing_and_senseless_facts(void **state)
{
	struct machine m;
	struct arch none = { 0 };
	struct arch_run run;

	(void)state;
	assert_int_equal(machine_init(&m, "NUMBER(phys_base)=0\n", ""), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "SYMBOL(init_top_pgt)"));
	assert_int_equal(machine_init(&m, "NUMBER(phys_base)=0\n"
					  "SYMBOL(init_top_pgt)=1000\n", ""), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "0x1000"));
	assert_int_equal(machine_init(&m, "NUMBER(phys_base)=0\n"
					  "SYMBOL(init_top_pgt)=ffffffff81000008\n", ""), -ENOENT);
	/* Then nothing is translated. */
	assert_int_equal(arch_translate(&m.arch, &m.mem, 0, &run), -ENOTSUP);
	assert_int_equal(arch_init(&none, &m.mem), -ENOTSUP);
	assert_null(arch_find(EM_NONE));
	assert_null(arch_find(EM_S390 + 10000));
}

/* Memory encryption: one of the address bits is not one. */
static void test_sme_mask(void **state)
{
	const char *tables = "1888 0000800000002067\n"
			     "2000 0000800000003067\n"
			     "2008 80008001000000e7\n"
			     "3000 0000800000004067\n"
			     "3008 80008000006000e3\n"
			     "4000 8000800000123063\n"
			     "4008 8000000000124063\n";
	const vaddr_t base = 0xffff888000000000;
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS "NUMBER(sme_mask)=140737488355328\n", tables), 0);
	assert_mapped(&m, base, 0x123000, 8192);
	assert_mapped(&m, base + 4096, 0x124000, 4096);
	assert_mapped(&m, base + 2 * MIB, 6 * MIB, 2 * MIB);
	assert_mapped(&m, base + GIB, 4 * GIB, GIB);
	/* Without the fact the tables are not found. */
	assert_int_equal(machine_init(&m, FACTS, tables), 0);
	assert_hole(&m, base, GIB);
	assert_text_has("0x800000002000");
}

static void test_tables_that_point_nowhere(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, ""), 0);
	assert_hole(&m, 0x1234, 512 * GIB - 0x1234);
	assert_text_has("no memory at 0x1000");
	assert_text_has("level 4");
	assert_int_equal(machine_init(&m, FACTS, "1000 7ffffffff067\n"
						 "1008 2067\n"
						 "2000 3067\n"
						 "2008 4067\n"
						 "4000 ffffffffff067\n"), 0);
	assert_hole(&m, 0, GIB);
	assert_hole(&m, 512 * GIB, 2 * MIB);
	assert_hole(&m, 513 * GIB + 5, 4096 - 5);
	assert_text_has("level 1");
}

/* A table that is its own table, as some kernels even have it. */
static void test_tables_that_point_at_themselves(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS "NUMBER(pgtable_l5_enabled)=1\n",
				      "1000 1067\n"), 0);
	assert_mapped(&m, 0x10, 0x1010, 4096 - 0x10);
	assert_int_equal(m.memory.reads, 6);
	assert_int_equal(machine_init(&m, FACTS, "1000 2067\n"
						 "2000 1067\n"), 0);
	assert_mapped(&m, 0, 0x1000, 4096);
	assert_int_equal(m.memory.reads, 5);
}

/* The file cannot be read: that is a hole, but the reason is not forgotten. */
static void test_read_error(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, "1000 2067\n"), 0);
	m.memory.err = -EIO;
	assert_hole(&m, 0, 512 * GIB);
	assert_text_has("the disk is on fire");
}

static void test_bounds_of_the_image(void **state)
{
	vaddr_t start, end;
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, ""), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(start, 0xffffffff80000000);
	assert_int_equal(end, 0xffffffffc0000000);
	assert_int_equal(machine_init(&m, FACTS "NUMBER(KERNEL_IMAGE_SIZE)=536870912\n", ""), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(end, 0xffffffffa0000000);
	/* Never beyond the largest there is, never backwards. */
	assert_int_equal(machine_init(&m, FACTS "NUMBER(KERNEL_IMAGE_SIZE)=-1\n", ""), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(end, 0xffffffffc0000000);
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* Whatever is in the tables: as many reads as levels and one more, and a run within its page. */
static void test_random_tables(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct arch_run run = { 0 };
		struct machine m;
		vaddr_t va;
		int err;

		assert_int_equal(machine_init(&m, FACTS "NUMBER(pgtable_l5_enabled)=1\n", ""), 0);
		for (size_t i = 0; i < 4; i++) {
			uint64_t entry = next_random(&seed) % 4 * 0x1000 + 0x1067;

			if (next_random(&seed) % 4 == 0)
				entry = next_random(&seed) << 32 | next_random(&seed);
			if (next_random(&seed) % 4 == 0)
				entry |= 0x80;
			m.memory.words[i].addr = 0x1000 * (1 + i);
			m.memory.words[i].value = entry;
		}
		m.memory.nr_words = 4;
		va = next_random(&seed) & 0xfff;
		err = arch_translate(&m.arch, &m.mem, va, &run);
		assert_true(!err || err == -EFAULT);
		assert_in_range(m.memory.reads, 1, 6);
		assert_true(run.len >= 1 && run.len <= UINT64_C(1) << 48);
		if (!err)
			assert_true(run.paddr < UINT64_C(1) << 52);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_four_levels),
		cmocka_unit_test(test_pages_in_a_row),
		cmocka_unit_test(test_frames_of_a_machine),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_not_present),
		cmocka_unit_test(test_not_canonical),
		cmocka_unit_test(test_five_levels),
		cmocka_unit_test(test_no_larger_pages),
		cmocka_unit_test(test_damaged_large_pages),
		cmocka_unit_test(test_kaslr),
		cmocka_unit_test(test_phys_base_wins),
		cmocka_unit_test(test_old_name_of_the_root),
		cmocka_unit_test(test_missing_and_senseless_facts),
		cmocka_unit_test(test_sme_mask),
		cmocka_unit_test(test_tables_that_point_nowhere),
		cmocka_unit_test(test_tables_that_point_at_themselves),
		cmocka_unit_test(test_read_error),
		cmocka_unit_test(test_bounds_of_the_image),
		cmocka_unit_test(test_random_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
