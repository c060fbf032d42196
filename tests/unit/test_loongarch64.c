// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Windows and page tables of loongarch64.
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

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

#define TIB (UINT64_C(1) << 40)

static int machine_init(struct machine *m, unsigned int page_shift, const char *facts,
			const char *memory)
{
	const struct machine_kind kind = {
		.machine = EM_LOONGARCH, .is64 = true, .page_shift = page_shift,
	};

	machine_done(m);
	return machine_setup(m, &kind, facts, memory);
}

/* In all of these the root is at 10000. */
#define FACTS "SYMBOL(swapper_pg_dir)=9000000000010000\n"

/*
 * 16 KiB pages, three levels of 11 bits. Vmalloc() has its addresses from ffff800000000000 on:
 * indices 0, 0, 0. Entries have the flags of kernel data: valid 0, dirty 1, cached 4, global 6,
 * present 7, writable 8, and for a huge page huge 6, global 12; no-exec is 62.
 * Empty tables lie at a0000 (of level 2) and a4000 (level 1).
 */
#define THREE_LEVELS \
	"10000 9000000000014000\n"	/* slot 0 of level 3 */ \
	"10008 90000000000a0000\n"	/* slot 1: nothing */ \
	"11200 90000000000a0000\n"	/* slots 576 and 704, too */ \
	"11600 90000000000a0000\n" \
	"13ff8 9000000000014000\n"	/* slot 2047 */ \
	"14000 9000000000018000\n"	/* slot 0 of level 2 */ \
	"14008 40000000060011d3\n"	/* slot 1: 96 MiB, 32 MiB page */ \
	"14010 90000000000a4000\n"	/* slot 2: nothing */ \
	"14018 0000000006001153\n"	/* slot 3: a huge page that is not present */ \
	"14020 0000000000000000\n"	/* slot 4: what no kernel writes */ \
	"17ff8 9000000000018000\n"	/* slot 2047 */ \
	"18000 40000000001241d3\n"	/* slot 0 of level 1 */ \
	"18008 00000000007780d3\n" \
	"18010 0000000000999152\n"	/* slot 2: not present, though global */ \
	"18018 200000000088845c\n"	/* slot 3: there, but must not be touched */ \
	"1bff8 f800ffffffffc1d3\n"	/* slot 2047: the highest address */ \
	"a0000 90000000000a4000\n" \
	"a4000 0000000000000040\n"

static void test_windows(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 14, FACTS, THREE_LEVELS), 0);
	m.memory.reads = 0;
	assert_mapped(&m, 0x9000000000200000, 0x200000, 0x1000000000000 - 0x200000);
	assert_mapped(&m, 0x9000000000000000, 0, 0x1000000000000);
	assert_mapped(&m, 0x9000ffffffffffff, 0xffffffffffff, 1);
	assert_mapped(&m, 0x8000000012345678, 0x12345678, 0x1000000000000 - 0x12345678);
	assert_mapped(&m, 0xa000000000000001, 1, 0xffffffffffff);
	/* Between them there is nothing. */
	assert_hole(&m, 0x9001000000000000, 0x0fff000000000000);
	assert_text_has("not an address of the kernel");
	assert_hole(&m, 0x8fffffffffffffff, 1);
	assert_hole(&m, 0xa001000000000000, 0xffff800000000000 - 0xa001000000000000);
	assert_hole(&m, 0xb000000000000000, 0xffff800000000000 - 0xb000000000000000);
	assert_hole(&m, 0xffff7fffffffffff, 1);
	assert_hole(&m, 0, 0x8000000000000000);
	assert_hole(&m, 0x7fffffffffffffff, 1);
	assert_int_equal(m.memory.reads, 0);
}

static void test_16k_3(void **state)
{
	const vaddr_t base = 0xffff800000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 14, FACTS, THREE_LEVELS), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_int_equal(m.arch.root, 0x10000);
	assert_int_equal(m.arch.phys_base, 0);
	assert_mapped(&m, base, 0x124000, 16 * KIB);
	assert_mapped(&m, base + 0x3fff, 0x127fff, 1);
	assert_mapped(&m, base + 0x4123, 0x778123, 16 * KIB - 0x123);
	assert_mapped(&m, base + 0xc000, 0x888000, 16 * KIB);
	assert_mapped(&m, base + 32 * MIB - 1, 0xffffffffffff, 1);
	assert_mapped(&m, base + 32 * MIB, 96 * MIB, 32 * MIB);
	assert_mapped(&m, base + 64 * MIB - 5, 128 * MIB - 5, 5);
	/* The top of the address space. */
	assert_mapped(&m, UINT64_MAX, 0xffffffffffff, 1);
}

/* As far as an entry reaches nothing is mapped, and no empty table is looked at. */
static void test_holes(void **state)
{
	const vaddr_t base = 0xffff800000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 14, FACTS, THREE_LEVELS), 0);
	assert_hole(&m, base + 0x8001, 16 * KIB - 1);
	assert_text_has("level 1");
	assert_hole(&m, base + 0x10000, 16 * KIB);
	assert_hole(&m, base + 64 * MIB + 3, 32 * MIB - 3);
	assert_text_has("level 2");
	assert_hole(&m, base + 96 * MIB, 32 * MIB);
	assert_hole(&m, base + 128 * MIB, 32 * MIB);
	m.memory.reads = 0;
	assert_hole(&m, base + 64 * GIB + 1, 64 * GIB - 1);
	assert_text_has("level 3");
	assert_int_equal(m.memory.reads, 1);
	assert_hole(&m, base - 64 * GIB, 64 * GIB);
	assert_text_has("not an address of the kernel");
}

/* 4 KiB pages: how many levels there are the empty tables show. */
static void test_4k_4(void **state)
{
	const vaddr_t base = 0xffff800000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS,
				      "10800 9000000000011000\n"	/* slot 256 of level 4 */
				      "10080 90000000000a0000\n"	/* slots 16, 48 */
				      "10180 90000000000a0000\n"
				      "10808 90000000000a0000\n"
				      "11000 9000000000012000\n"
				      "11008 90000000000a1000\n"
				      "12000 9000000000013000\n"
				      "12008 40000000006011d3\n"	/* 6 MiB, 2 MiB page */
				      "12010 90000000000a2000\n"
				      "13000 40000000001231d3\n"
				      "13ff8 4000ffffffffe1d3\n"
				      "a0000 90000000000a1000\n"
				      "a1000 90000000000a2000\n"
				      "a2000 0\n"), 0);
	assert_int_equal(m.arch.levels, 4);
	assert_mapped(&m, base + 1, 0x123001, 4095);
	assert_mapped(&m, base + 2 * MIB - 1, 0xffffffffefff, 1);
	assert_mapped(&m, base + 2 * MIB, 6 * MIB, 2 * MIB);
	assert_hole(&m, base + 4 * MIB, 2 * MIB);
	assert_text_has("level 2");
	assert_hole(&m, base + GIB, GIB);
	assert_text_has("level 3");
	assert_hole(&m, base + 512 * GIB, 512 * GIB);
	assert_text_has("level 4");
}

/* Three of them have 39 bits, and vmalloc() begins far below what those could tell apart. */
static void test_4k_3(void **state)
{
	const vaddr_t base = 0xffff800000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS,
				      "10000 9000000000012000\n"	/* slot 0 of level 3 */
				      "10080 90000000000a1000\n"	/* slots 16, 48 */
				      "10180 90000000000a1000\n"
				      "10008 90000000000a1000\n"
				      "12000 9000000000013000\n"
				      "13000 40000000001231d3\n"
				      "a1000 90000000000a2000\n"
				      "a2000 40\n"), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_mapped(&m, base, 0x123000, 4096);
	assert_hole(&m, base + GIB, GIB);
	assert_text_has("level 3");
}

static void test_16k_2(void **state)
{
	const vaddr_t base = 0xffff800000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 14, FACTS,
				      "10000 9000000000014000\n"
				      "10008 40000000060011d3\n"
				      "11200 90000000000a4000\n"
				      "11600 90000000000a4000\n"
				      "10010 90000000000a4000\n"
				      "14000 40000000001241d3\n"
				      "a4000 0\n"), 0);
	assert_int_equal(m.arch.levels, 2);
	assert_mapped(&m, base, 0x124000, 16 * KIB);
	assert_mapped(&m, base + 32 * MIB, 96 * MIB, 32 * MIB);
	assert_hole(&m, base + 64 * MIB, 32 * MIB);
	assert_text_has("level 2");
}

/* 64 KiB pages, 13 bits a level: two levels have 42 bits, three have more than processors. */
static void test_64k(void **state)
{
	const vaddr_t base = 0xffff800000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 16, FACTS,
				      "10000 9000000000030000\n"
				      "10008 40000000600011d3\n"	/* 512 MiB page */
				      "10800 90000000000b0000\n"	/* slots 256, 768 */
				      "11800 90000000000b0000\n"
				      "10010 90000000000b0000\n"
				      "30000 40000000001201d3\n"
				      "b0000 0\n"), 0);
	assert_int_equal(m.arch.levels, 2);
	assert_mapped(&m, base, 0x120000, 64 * KIB);
	assert_mapped(&m, base + 512 * MIB, 1536 * MIB, 512 * MIB);
	assert_hole(&m, base + GIB, 512 * MIB);

	assert_int_equal(machine_init(&m, 16, FACTS,
				      "1ff00 9000000000030000\n"	/* slot 8160 of level 3 */
				      "10800 90000000000a0000\n"
				      "11800 90000000000a0000\n"
				      "1ff08 90000000000a0000\n"
				      "30000 9000000000040000\n"
				      "30008 40000000600011d3\n"
				      "40000 40000000001201d3\n"
				      "a0000 90000000000b0000\n"
				      "b0000 0\n"), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_mapped(&m, base, 0x120000, 64 * KIB);
	assert_mapped(&m, base + 512 * MIB, 1536 * MIB, 512 * MIB);
	assert_hole(&m, base + 4 * TIB, 4 * TIB);
	assert_text_has("level 3");
}

/* The number of levels that is assumed if the tables do not show it. */
static void test_levels_not_known(void **state)
{
	static const struct { unsigned int shift, levels; const char *memory; } cases[] = {
		{ 12, 4, "" }, { 14, 3, "" }, { 16, 3, "" },
		/* One entry has no equal. */
		{ 12, 4, "10080 90000000000a1000\n"
			 "10180 90000000000a2000\n"
			 "a1000 0\n"
			 "a2000 0\n" },
		/* Zeros, or anything but tables, are equal in vain. */
		{ 12, 4, "10080 40000000001231d3\n"
			 "10180 40000000001231d3\n" },
		{ 12, 4, "10080 80000000000a1000\n"
			 "10180 80000000000a1000\n"
			 "a1000 0\n" },
		/* More levels than there are, and one that goes on for ever. */
		{ 12, 4, "10080 90000000000a1000\n"
			 "10180 90000000000a1000\n"
			 "a1000 90000000000a1000\n" },
		/* Four of them, which with 64 KiB pages would take addresses of 68 bits. */
		{ 16, 3, "10800 90000000000a0000\n"
			 "11800 90000000000a0000\n"
			 "a0000 90000000000b0000\n"
			 "b0000 90000000000c0000\n"
			 "c0000 0\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct machine m _cleanup_machine_ = { 0 };

		assert_int_equal(machine_init(&m, cases[i].shift, FACTS, cases[i].memory), 0);
		assert_int_equal(m.arch.levels, cases[i].levels);
		assert_true(m.memory.reads <= 16 + 4);
	}
}

/* A process's tables: from 0 on, with the same empty ones. */
static void test_user(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };
	struct arch_run run;
	struct arch user;

	(void)state;
	assert_int_equal(machine_init(&m, 14, FACTS, THREE_LEVELS
				      "50000 90000000000a0000\n"
				      "50008 9000000000014000\n"), 0);
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x50000, &user), 0);
	assert_int_equal(arch_translate(&user, &m.mem, 64 * GIB + 0x4123, &run), 0);
	assert_int_equal(run.paddr, 0x778123);
	assert_int_equal(run.len, 16 * KIB - 0x123);
	assert_int_equal(arch_translate(&user, &m.mem, 0x1000, &run), -EFAULT);
	assert_int_equal(run.len, 64 * GIB - 0x1000);
	/* No window is a process's, nor is what its tables cannot tell from what is. */
	assert_int_equal(arch_translate(&user, &m.mem, 0x9000000000010000, &run), -EFAULT);
	assert_int_equal(run.len, -UINT64_C(0x9000000000010000));
	assert_text_has("not an address of a process");
	assert_int_equal(arch_translate(&user, &m.mem, 0x0000800000000000 + 64 * GIB, &run),
			 -EFAULT);
	assert_text_has("not an address of a process");
	assert_int_equal(arch_translate(&user, &m.mem, 0xffff800000000000, &run), -EFAULT);
}

static void assert_init_fails(unsigned int page_shift, const char *facts, int err,
			      const char *what)
{
	struct machine m _cleanup_machine_ = { 0 };
	struct arch_run run;

	assert_int_equal(machine_init(&m, page_shift, facts, ""), err);
	if (!strstr(err_text(err), what))
		fail_msg("\"%s\" does not say \"%s\"", err_text(err), what);
	/* Then nothing is translated. */
	assert_int_equal(arch_translate(&m.arch, &m.mem, 0x9000000000000000, &run), -ENOTSUP);
}

static void test_missing_and_senseless_facts(void **state)
{
	const struct machine_kind small = { .machine = EM_LOONGARCH, .page_shift = 14 };
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_init_fails(14, "", -ENOENT, "SYMBOL(swapper_pg_dir) is missing");
	assert_init_fails(14, "SYMBOL(swapper_pg_dir)=ffff800000010000\n", -ENOENT,
			  "cannot be at 0xffff800000010000");
	assert_init_fails(14, "SYMBOL(swapper_pg_dir)=9000000000011000\n", -ENOENT,
			  "cannot be at");
	assert_init_fails(14, "SYMBOL(swapper_pg_dir)=9001000000010000\n", -ENOENT,
			  "cannot be at");
	assert_init_fails(13, FACTS, -ENOTSUP, "pages of 8 KiB");
	assert_int_equal(machine_setup(&m, &small, FACTS, ""), -ENOTSUP);
	assert_non_null(strstr(err_text(-ENOTSUP), "64 bits"));
}

static void test_bounds_of_the_image(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };
	vaddr_t start, end;

	(void)state;
	assert_int_equal(machine_init(&m, 14, FACTS "SYMBOL(_stext)=9000000000210000\n", ""), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(start, 0x9000000000200000);
	assert_int_equal(end, 0x9000000010200000);
	assert_int_equal(machine_init(&m, 14, FACTS "SYMBOL(_stext)=9000000005210000\n"
				      "SYMBOL(_end)=9000000006fc0000\n", ""), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(start, 0x9000000005200000);
	assert_int_equal(end, 0x9000000006fd0000);
}

static void test_tables_that_point_nowhere(void **state)
{
	const vaddr_t base = 0xffff800000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 14, FACTS, ""), 0);
	assert_hole(&m, base + 0x1234, 64 * GIB - 0x1234);
	assert_text_has("no memory at 0x10000");
	assert_text_has("level 3");
	assert_int_equal(machine_init(&m, 14, FACTS, "10000 9000700000014000\n"
						     "10008 9000000000014000\n"
						     "10010 40001000000011d3\n"
						     "14000 9000700000014000\n"
						     "14008 8000000000018000\n"
						     "14010 9000000000018004\n"), 0);
	assert_hole(&m, base, 32 * MIB);
	assert_text_has("level 2");
	assert_hole(&m, base + 64 * GIB + 5, 16 * KIB - 5);
	assert_text_has("level 1");
	/* An entry that leads elsewhere than tables are, or has flags, is none. */
	assert_hole(&m, base + 64 * GIB + 32 * MIB, 32 * MIB);
	assert_hole(&m, base + 64 * GIB + 64 * MIB, 32 * MIB);
	/* No page is as large. */
	assert_hole(&m, base + 128 * GIB, 64 * GIB);
}

static void test_tables_that_point_at_themselves(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS, "10800 9000000000010000\n"
						     "10000 9000000000010000\n"), 0);
	m.memory.reads = 0;
	assert_hole(&m, 0xffff800000000010, 4096 - 0x10);
	assert_text_has("level 1");
	assert_int_equal(m.memory.reads, 4);
}

/* The file cannot be read: that is a hole, but the reason is not forgotten. */
static void test_read_error(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 14, FACTS, THREE_LEVELS), 0);
	m.memory.err = -EIO;
	assert_hole(&m, 0xffff800000000000, 64 * GIB);
	assert_text_has("the disk is on fire");
	assert_mapped(&m, 0x9000000000000000, 0, 0x1000000000000);
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* Whatever is in the tables: as many reads as levels, and a run within its page. */
static void test_random_tables(void **state)
{
	/* The physical addresses of the root's entry for the first kernel address. */
	static const paddr_t first[] = { 0x10800, 0x10000, 0x1ff00 };
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct machine m _cleanup_machine_ = { 0 };
		struct arch_run run = { 0 };
		vaddr_t va;
		int err;

		assert_int_equal(machine_init(&m, 12 + round % 3 * 2, FACTS, ""), 0);
		for (size_t i = 0; i < 4; i++) {
			uint64_t entry = 0x9000000000000000 +
					 (next_random(&seed) % 4 + 1) * 0x10000;

			if (next_random(&seed) % 4 == 0)
				entry = next_random(&seed) << 32 | next_random(&seed);
			if (next_random(&seed) % 4 == 0)
				entry |= 0xc0;
			m.memory.words[i].addr = i ? 0x10000 * (1 + i) : first[round % 3];
			m.memory.words[i].value = entry;
		}
		m.memory.nr_words = 4;
		m.memory.reads = 0;
		va = 0xffff800000000000 + (next_random(&seed) & 0xffff);
		err = arch_translate(&m.arch, &m.mem, va, &run);
		assert_true(!err || err == -EFAULT);
		assert_in_range(m.memory.reads, 1, 4);
		assert_true(run.len >= 1 && run.len <= UINT64_C(1) << 42);
		if (!err)
			assert_true(run.paddr < UINT64_C(1) << 48);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_16k_3),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_4k_4),
		cmocka_unit_test(test_4k_3),
		cmocka_unit_test(test_16k_2),
		cmocka_unit_test(test_64k),
		cmocka_unit_test(test_levels_not_known),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_missing_and_senseless_facts),
		cmocka_unit_test(test_bounds_of_the_image),
		cmocka_unit_test(test_tables_that_point_nowhere),
		cmocka_unit_test(test_tables_that_point_at_themselves),
		cmocka_unit_test(test_read_error),
		cmocka_unit_test(test_random_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
