// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Windows and page tables of mips64.
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

#define TIB (UINT64_C(1) << 40)
#define XKSEG UINT64_C(0xc000000000000000)
#define CKSSEG UINT64_C(0xffffffffc0000000)

static int machine_init_order(struct machine *m, unsigned int page_shift, bool big_endian,
			      const char *facts, const char *memory)
{
	const struct machine_kind kind = {
		.machine = EM_MIPS, .is64 = true, .big_endian = big_endian,
		.page_shift = page_shift,
	};

	machine_done(m);
	return machine_setup(m, &kind, facts, memory);
}

static int machine_init(struct machine *m, unsigned int page_shift, const char *facts,
			const char *memory)
{
	return machine_init_order(m, page_shift, false, facts, memory);
}

/* In all of these the root is at 10000: an address in CKSEG0, where the image is. */
#define FACTS "SYMBOL(swapper_pg_dir)=ffffffff80010000\n"

/*
 * 4 KiB pages, three levels of 10, 9 and 9 bits. Entries have the flags of kernel data: present 0,
 * writable 1, used 2, written 3, huge 4; the hardware's global 8, valid 9, dirty 10, cached 11 and
 * 12; the number of the page from bit 14 on. Those that lead to tables are addresses in a window,
 * to empty tables in CKSEG0: these lie at a0000 (of level 2) and a1000 (level 1).
 */
#define ROOT_AND_EMPTY \
	"10000 9800000000014000\n"	/* slot 0 of level 3: XKSEG */ \
	"10008 ffffffff800a0000\n"	/* slot 1: nothing */ \
	"10080 ffffffff800a0000\n"	/* slots 16 and 48, too */ \
	"10180 ffffffff800a0000\n" \
	"11ff8 a800000000015000\n"	/* slot 1023: CKSSEG, in another window */ \
	"14000 9800000000018000\n"	/* slot 0 of level 2 */ \
	"14010 ffffffff800a1000\n"	/* slot 2: nothing */ \
	"14020 0000000000000000\n"	/* slot 4: what no kernel writes */ \
	"15000 9800000000019000\n" \
	"a0000 ffffffff800a1000\n" \
	"a1000 0000000000000000\n"

#define THREE_LEVELS \
	ROOT_AND_EMPTY \
	"14008 000000000c001f1f\n"	/* slot 1: a huge page at 48 MiB * 4 */ \
	"18000 000000000048df0f\n"	/* slot 0 of level 1: page 123 */ \
	"18008 0000000001df1f4f\n"	/* page 77c, which cannot be executed */ \
	"18010 00000000026a5f0e\n"	/* slot 2: not present */ \
	"18018 0000000000000100\n"	/* slot 3: global, and nothing else */ \
	"19000 000000000159df0f\n"	/* page 567 */

static void test_windows(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS, THREE_LEVELS), 0);
	m.memory.reads = 0;
	assert_mapped(&m, 0x9800000000200000, 0x200000, 0x1000000000000 - 0x200000);
	assert_mapped(&m, 0xa8000000ffffffff, 0xffffffff, 0x1000000000000 - 0xffffffff);
	assert_mapped(&m, 0x8000000000000000, 0, 0x1000000000000);
	assert_mapped(&m, 0xb800ffffffffffff, 0xffffffffffff, 1);
	assert_mapped(&m, 0xffffffff80001234, 0x1234, 512 * MIB - 0x1234);
	assert_mapped(&m, 0xffffffffa0001234, 0x1234, 512 * MIB - 0x1234);
	assert_mapped(&m, 0xffffffffbfffffff, 0x1fffffff, 1);
	/* Between them there is nothing. */
	assert_hole(&m, 0x9801000000000000, 0x1000000000000);
	assert_text_has("not an address of the kernel");
	assert_hole(&m, 0x97ffffffffffffff, 1);
	assert_hole(&m, XKSEG + TIB, 0xffffffff80000000 - XKSEG - TIB);
	assert_hole(&m, 0xffffffff7fffffff, 1);
	assert_hole(&m, 0, 0x8000000000000000);
	assert_int_equal(m.memory.reads, 0);
}

static void test_4k_3(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS, THREE_LEVELS), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_int_equal(m.arch.root, 0x10000);
	assert_int_equal(m.arch.phys_base, 0);
	assert_mapped(&m, XKSEG, 0x123000, 4096);
	assert_mapped(&m, XKSEG + 0x1fff, 0x77cfff, 1);
	assert_mapped(&m, XKSEG + 2 * MIB + 5, 0x3000005, 2 * MIB - 5);
	/* Modules, through the last slot of the root. */
	assert_mapped(&m, CKSSEG + 7, 0x567007, 4096 - 7);
}

/* As far as an entry reaches nothing is mapped, and no empty table is looked at. */
static void test_holes(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS, THREE_LEVELS), 0);
	assert_hole(&m, XKSEG + 0x2001, 4095);
	assert_text_has("level 1");
	assert_hole(&m, XKSEG + 0x3000, 4096);
	assert_hole(&m, XKSEG + 4 * MIB + 3, 2 * MIB - 3);
	assert_text_has("level 2");
	assert_hole(&m, XKSEG + 8 * MIB, 2 * MIB);
	m.memory.reads = 0;
	assert_hole(&m, XKSEG + GIB + 1, GIB - 1);
	assert_text_has("level 3");
	assert_int_equal(m.memory.reads, 1);
}

/* Kernels with fewer or more of the software's flags: the pages tell where the hardware's begin. */
static void test_place_of_page_number(void **state)
{
	static const struct {
		const char *pages;
		vaddr_t vaddr;
		paddr_t paddr; /* 0: not mapped */
	} kernels[] = {
		/* Without the flags that forbid to execute and to read: global is 6. */
		{ "18000 1237cf\n18008 7777cf\n", XKSEG, 0x123000 },
		{ "18000 48df0f\n18008 48df0f\n", XKSEG, 0x123000 },
		/* One more: global is 9, and a page is cached otherwise (5). */
		{ "18000 91de0f\n18008 91de0f\n", XKSEG, 0x123000 },
		{ "19000 2b3de0f\n", CKSSEG, 0x567000 },
		/* Pages that disagree: most of them are right. */
		{ "18000 48df0f\n18008 91de0f\n18010 48df0f\n", XKSEG, 0x123000 },
		/* None at all: as is usual. */
		{ "18000 48c001\n", XKSEG, 0x123000 },
		{ "18000 48c000\n", XKSEG, 0 },
	};
	struct machine m _cleanup_machine_ = { 0 };
	char text[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		snprintf(text, sizeof(text), ROOT_AND_EMPTY "%s", kernels[i].pages);
		assert_int_equal(machine_init(&m, 12, FACTS, text), 0);
		if (kernels[i].paddr)
			assert_mapped(&m, kernels[i].vaddr, kernels[i].paddr, 4096);
		else
			assert_hole(&m, kernels[i].vaddr, 4096);
	}
}

static void test_16k_3(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 14, FACTS,
				      "10000 9800000000014000\n"
				      "10200 ffffffff800a0000\n"	/* slots 64, 192 */
				      "10600 ffffffff800a0000\n"
				      "13ff8 980000000001c000\n"	/* slot 2047 */
				      "14000 9800000000018000\n"
				      "18000 000000000123df0f\n"	/* bit 16 on: 0x123 */
				      "1ff00 9800000000020000\n"	/* CKSSEG: slot 2016 */
				      "20000 000000000567df0f\n"
				      "a0000 ffffffff800a4000\n"
				      "a4000 0\n"), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_mapped(&m, XKSEG + 1, 0x123 * 16 * KIB + 1, 16 * KIB - 1);
	assert_mapped(&m, CKSSEG, 0x567 * 16 * KIB, 16 * KIB);
}

static void test_64k_2(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 16, FACTS,
				      "10000 9800000000020000\n"
				      "10800 ffffffff800a0000\n"	/* slots 256, 768 */
				      "11800 ffffffff800a0000\n"
				      "20000 000000048d0cdf0f\n"	/* page 0x12343 */
				      "a0000 0\n"), 0);
	assert_int_equal(m.arch.levels, 2);
	assert_mapped(&m, XKSEG, 0x12343 * 64 * KIB, 64 * KIB);
	assert_hole(&m, XKSEG + 128 * GIB, 512 * MIB);
}

/* 4 KiB pages with addresses of 48 bits: the empty tables show the fourth level. */
static void test_4k_4(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS,
				      "10000 9800000000011000\n"
				      "10080 ffffffff800a0000\n"
				      "10180 ffffffff800a0000\n"
				      "11000 9800000000012000\n"
				      "12000 9800000000013000\n"
				      "13000 000000000048df0f\n"
				      "a0000 ffffffff800a1000\n"
				      "a1000 ffffffff800a2000\n"
				      "a2000 0\n"), 0);
	assert_int_equal(m.arch.levels, 4);
	assert_mapped(&m, XKSEG, 0x123000, 4096);
	assert_hole(&m, XKSEG + 8 * TIB, 512 * GIB);
}

static void test_big_endian(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init_order(&m, 12, true, FACTS, THREE_LEVELS), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_mapped(&m, XKSEG, 0x123000, 4096);
	assert_mapped(&m, CKSSEG, 0x567000, 4096);
}

static void test_user(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };
	struct arch user;
	struct arch_run run;

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS, THREE_LEVELS), 0);
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x10000, &user), 0);
	assert_int_equal(arch_translate(&user, &m.mem, 0x1234, &run), 0);
	assert_int_equal(run.paddr, 0x77c234);
	assert_int_equal(arch_translate(&user, &m.mem, TIB, &run), -EFAULT);
	assert_text_has("not an address of a process");
	assert_int_equal(run.len, -TIB);
}

static void assert_refused(int err, int expected, const char *words)
{
	assert_int_equal(err, expected);
	assert_non_null(strstr(err_text(expected), words));
}

static void test_refused(void **state)
{
	const struct machine_kind narrow = { .machine = EM_MIPS, .page_shift = 12 };
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_refused(machine_setup(&m, &narrow, FACTS, THREE_LEVELS), -ENOTSUP, "64 bits");
	assert_refused(machine_init(&m, 13, FACTS, THREE_LEVELS), -ENOTSUP, "pages of 8 KiB");
	assert_refused(machine_init(&m, 12, "", THREE_LEVELS), -ENOENT,
		       "SYMBOL(swapper_pg_dir) is missing");
	/* Behind the tables themselves, and not at a page. */
	assert_refused(machine_init(&m, 12, "SYMBOL(swapper_pg_dir)=c000000000010000\n",
				    THREE_LEVELS), -ENOENT, "cannot be at 0xc000000000010000");
	assert_refused(machine_init(&m, 12, "SYMBOL(swapper_pg_dir)=ffffffff80010800\n",
				    THREE_LEVELS), -ENOENT, "cannot be at 0xffffffff80010800");
}

/* Tables that lead to themselves, or to where nothing is. */
static void test_damaged(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS,
				      "10000 9800000000010000\n"
				      "10080 9800000000010000\n"
				      "10180 9800000000010000\n"
				      "11ff8 9800000777777000\n"), 0);
	assert_hole(&m, XKSEG, 4096);
	assert_hole(&m, CKSSEG, 2 * MIB);
	assert_text_has("no memory at");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_4k_3),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_place_of_page_number),
		cmocka_unit_test(test_16k_3),
		cmocka_unit_test(test_64k_2),
		cmocka_unit_test(test_4k_4),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
