// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables of i386, with and without PAE.
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

#define FOUR_GIB (4 * GIB)

static int machine_init(struct machine *m, const char *facts, const char *memory)
{
	static const struct machine_kind kind = { .machine = EM_386, .page_shift = 12 };

	return machine_setup(m, &kind, facts, memory);
}

#define FACTS "SYMBOL(swapper_pg_dir)=c1001000\n"

/*
 * Two levels: a word has two entries, the low half is the first. Slot 0x304 of the root maps
 * the root; the entries have the flags of kernel data. Slots 0x3e0 and 0x3e1 are of f8000000.
 */
#define TWO_LEVELS \
	"1001c00 004001e3000001e3\n"	/* c0000000: 0 and 4 MiB, 4 MiB pages */ \
	"1001c10 00000000010001e3\n"	/* c1000000: 16 MiB, a 4 MiB page */ \
	"1001c20 00c031e3008001e2\n"	/* not present; c2400000: PAT, and 4 GiB higher */ \
	"1001c28 000000001fdfe1e3\n"	/* c2800000: all high bits */ \
	"1001f80 0000600100002063\n"	/* f8000000: a table; one that does not exist */ \
	"1001ff8 0000206300000000\n"	/* ffc00000: the table once more */ \
	"2000 0000016100123163\n"	/* two pages */ \
	"2008 007771e300000162\n"	/* not present; PAT, which is bit 7 here */ \
	"2ff8 fffff16300000000\n"	/* the last page: the highest address */

static void test_two_levels(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, TWO_LEVELS), 0);
	assert_int_equal(m.arch.levels, 2);
	assert_int_equal(m.arch.root, 0x1001000);
	assert_int_equal(m.arch.phys_base, 0);
	assert_mapped(&m, 0xc0000000, 0, 4 * MIB);
	assert_mapped(&m, 0xc0412345, 0x412345, 4 * MIB - 0x12345);
	assert_mapped(&m, 0xc1001000, 0x1001000, 4 * MIB - 0x1000);
	assert_mapped(&m, 0xf8000000, 0x123000, 4096);
	assert_mapped(&m, 0xf8000fff, 0x123fff, 1);
	assert_mapped(&m, 0xf8001010, 0x10, 4096 - 0x10);
	assert_mapped(&m, 0xf8003000, 0x777000, 4096);
	assert_mapped(&m, 0xfffff000, 0xfffff000, 4096);
	assert_mapped(&m, 0xffffffff, 0xffffffff, 1);
}

/* Bits 13 to 20 of a 4 MiB page are bits 32 to 39 of its address; bit 12 is PAT. */
static void test_high_pages(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, TWO_LEVELS), 0);
	assert_mapped(&m, 0xc2400000, FOUR_GIB + 12 * MIB, 4 * MIB);
	assert_mapped(&m, 0xc2800001, (UINT64_C(0xff) << 32) + 0x1fc00001, 4 * MIB - 1);
}

static void test_two_level_holes(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, TWO_LEVELS), 0);
	assert_hole(&m, 0, 4 * MIB);
	assert_text_has("level 2");
	assert_hole(&m, 0xbfffffff, 1);
	assert_hole(&m, 0xc2000000, 4 * MIB);
	assert_text_has("0xc2000000");
	assert_hole(&m, 0xf8002004, 4096 - 4);
	assert_text_has("level 1");
	assert_hole(&m, 0xf8004000, 4096);
	/* The table is not in memory. */
	assert_hole(&m, 0xf8400000 + 0x1000, 4096);
	assert_text_has("no memory at 0x6004");
	assert_hole(&m, 0xffffe000, 4096);
}

/* The root has four entries, which have no flags but that they are present. */
#define THREE_LEVELS \
	"1001000 0000000000000000\n" \
	"1001010 0000000000005086\n"	/* 80000000: not present */ \
	"1001018 0000000000002001\n"	/* c0000000 */ \
	"2000 80000000000001e3\n"	/* 0: a 2 MiB page */ \
	"2008 80000001238011e3\n"	/* over 4 GiB, PAT */ \
	"2010 80000000006021e3\n"	/* no address of such a page */ \
	"2040 00000000010001e3\n"	/* c1000000: 16 MiB */ \
	"2e00 0000000000003063\n"	/* f8000000: a table */ \
	"2ff8 0000000000003063\n"	/* ffe00000: the same */ \
	"3000 8000000212345163\n"	/* over 8 GiB */ \
	"3008 00000000007771e3\n"	/* PAT */ \
	"3010 8000000000888162\n"	/* not present */ \
	"3ff8 000ffffffffff163\n"	/* the highest address */

static void test_three_levels(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, THREE_LEVELS), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_int_equal(m.arch.root, 0x1001000);
	assert_mapped(&m, 0xc0000123, 0x123, 2 * MIB - 0x123);
	assert_mapped(&m, 0xc0200000, 0x123800000, 2 * MIB);
	assert_mapped(&m, 0xc1001000, 0x1001000, 2 * MIB - 0x1000);
	assert_mapped(&m, 0xf8000008, 0x212345008, 4096 - 8);
	assert_mapped(&m, 0xf8001000, 0x777000, 4096);
	assert_mapped(&m, 0xffffffff, 0xfffffffffffff, 1);
}

static void test_three_level_holes(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, THREE_LEVELS), 0);
	assert_hole(&m, 0, GIB);
	assert_text_has("level 3");
	assert_hole(&m, 0x80000000, GIB);
	assert_hole(&m, 0xc0400000, 2 * MIB);
	assert_text_has("level 2 entry 0x80000000006021e3 is damaged");
	assert_hole(&m, 0xc0600000, 2 * MIB);
	assert_text_has("level 2");
	assert_hole(&m, 0xf8002000, 4096);
	assert_text_has("level 1");
}

/* A PV domain of Xen: only with the frames of the machine are the tables found. */
static void test_frames_of_a_machine(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS,
				      "1001018 0000000100003001\n"
				      "2040 0000000100005063\n"
				      "2048 00000001000001e3\n"	/* c1200000: a 2 MiB page */
				      "2050 0000000000005063\n"
				      "4000 8000000100002163\n"
				      "4008 8000000101000163\n"), -ENOENT);
	m.mem.to_physical = memory_to_physical;
	assert_int_equal(arch_init(&m.arch, &m.mem), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_int_equal(m.arch.root, 0x1001000);
	assert_mapped(&m, 0xc1000008, 0x3008, 4096 - 8);
	assert_mapped(&m, 0xc1001000, 0x1001000, 4096);
	assert_mapped(&m, 0xc1200000, 0x1000, 4096);
	assert_hole(&m, 0xc1400000, 2 * MIB);
	assert_text_has("level 2 page table of 0xc1400000: no frame");
}

/* No entry of the root maps memory, whatever its bit 7. */
static void test_root_has_no_pages(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, "1001008 0000000000002081\n" THREE_LEVELS), 0);
	assert_mapped(&m, 0x40000000, 0, 2 * MIB);
}

static void test_beyond_32_bits(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, TWO_LEVELS), 0);
	assert_hole(&m, FOUR_GIB, UINT64_MAX - UINT32_MAX);
	assert_text_has("more than 32 bits");
	assert_hole(&m, UINT64_C(0xffffffffc0000000), GIB);
	assert_hole(&m, UINT64_MAX, 1);
}

/* PAGE_OFFSET is that at which the tables map themselves. */
static void test_splits(void **state)
{
	static const struct {
		uint32_t page_offset;
		const char *facts, *memory;
	} splits[] = {
		{ 0xb0000000, "SYMBOL(swapper_pg_dir)=b1001000\n", "1001b10 010001e3\n" },
		{ 0x80000000, "SYMBOL(swapper_pg_dir)=81001000\n", "1001810 010001e3\n" },
		{ 0x78000000, "SYMBOL(swapper_pg_dir)=79001000\n", "1001790 010001e3\n" },
		{ 0x40000000, "SYMBOL(swapper_pg_dir)=41001000\n", "1001410 010001e3\n" },
		/* KASLR can bring the image to where that of another split begins. */
		{ 0xb0000000, "SYMBOL(swapper_pg_dir)=c1001000\n", "11001c10 110001e3\n" },
		{ 0x40000000, "SYMBOL(swapper_pg_dir)=50001000\n",
		  "10001000 0\n10001008 2001\n2400 00000000100001e3\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(splits); i++) {
		struct machine m;

		assert_int_equal(machine_init(&m, splits[i].facts, splits[i].memory), 0);
		assert_mapped(&m, splits[i].page_offset + m.arch.root, m.arch.root,
			      (m.arch.levels == 3 ? 2 : 4) * MIB - 0x1000);
	}
}

static void test_no_tables(void **state)
{
	static const struct {
		const char *facts, *memory, *why;
	} bad[] = {
		{ "", TWO_LEVELS, "SYMBOL(swapper_pg_dir) is missing" },
		{ "SYMBOL(swapper_pg_dir)=c1001010\n", TWO_LEVELS, "cannot be at 0xc1001010" },
		{ "SYMBOL(swapper_pg_dir)=1c1001000\n", TWO_LEVELS, "cannot be at 0x1c1001000" },
		{ "SYMBOL(swapper_pg_dir)=3f001000\n", TWO_LEVELS, "no page tables at 0x3f001000" },
		{ FACTS, "1001000 0\n", "no page tables at 0xc1001000" },
		/* Tables of something else, and a page of another address. */
		{ FACTS, "1001c10 0000000002000163\n", "no page tables at" },
		{ FACTS, "1001c10 00000000014001e3\n", "no page tables at" },
		{ FACTS, "2000 0\n", "no page tables at" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct machine m;
		struct arch_run run;

		assert_int_equal(machine_init(&m, bad[i].facts, bad[i].memory), -ENOENT);
		if (!strstr(err_text(-ENOENT), bad[i].why))
			fail_msg("%s: %s", bad[i].why, err_text(-ENOENT));
		assert_int_equal(arch_translate(&m.arch, &m.mem, 0xc0000000, &run), -ENOTSUP);
	}
}

/* Tables that lead to themselves end after the lowest level. */
static void test_loops(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, "1001c10 01001063010001e3\n"), 0);
	assert_mapped(&m, 0xc1704000, 0x1000000, 4096);
	m.memory.reads = 0;
	assert_mapped(&m, 0xc1705000, 0x1001000, 4096);
	assert_int_equal(m.memory.reads, 2);
	m.memory.err = -EIO;
	assert_hole(&m, 0xc1705000, 4 * MIB - 0x305000);
	assert_text_has("the disk is on fire");
}

/* The tables of a process map its addresses; they can lie at any 32 bytes. */
static void test_process(void **state)
{
	struct machine m;
	struct arch user;
	struct arch_run run;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, THREE_LEVELS
				      "7020 4001\n"
				      "4000 5067\n"
				      "5040 8000000123456067\n"), 0);
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x7020, &user), 0);
	assert_int_equal(arch_translate(&user, &m.mem, 0x8004, &run), 0);
	assert_int_equal(run.paddr, 0x123456004);
}

static void test_image(void **state)
{
	vaddr_t start, end;
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS "SYMBOL(_stext)=c1000000\nSYMBOL(_end)=c1e12345\n",
				      TWO_LEVELS), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(start, 0xc0ff0000);
	assert_int_equal(end, 0xc1e20000);
	assert_int_equal(machine_init(&m, FACTS "SYMBOL(_stext)=c1000000\n", TWO_LEVELS), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(end - start, 128 * MIB);
	/* An image that does not fit into 32 bits is none. */
	assert_int_equal(machine_init(&m, FACTS "SYMBOL(_stext)=ff000000\n", TWO_LEVELS), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(end - start, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_levels),
		cmocka_unit_test(test_high_pages),
		cmocka_unit_test(test_two_level_holes),
		cmocka_unit_test(test_three_levels),
		cmocka_unit_test(test_three_level_holes),
		cmocka_unit_test(test_frames_of_a_machine),
		cmocka_unit_test(test_root_has_no_pages),
		cmocka_unit_test(test_beyond_32_bits),
		cmocka_unit_test(test_splits),
		cmocka_unit_test(test_no_tables),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
