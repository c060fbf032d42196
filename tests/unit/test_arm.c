// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables of arm: short descriptors and LPAE.
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
	static const struct machine_kind kind = { .machine = EM_ARM, .page_shift = 12 };

	return machine_setup(m, &kind, facts, memory);
}

static int machine_init_big(struct machine *m, const char *facts, const char *memory)
{
	static const struct machine_kind kind = {
		.machine = EM_ARM, .page_shift = 12, .big_endian = true,
	};

	return machine_setup(m, &kind, facts, memory);
}

#define FACTS "SYMBOL(swapper_pg_dir)=c0004000\n"

/*
 * Short descriptors: a word has two entries, the low half is the first. Memory begins at 1 GiB.
 * The entry at slot 0xc00 of the root maps the root.
 */
#define SHORT \
	"40007000 4010140e4000140e\n"	/* c0000000: two sections */ \
	"40007008 4030040f00000000\n"	/* nothing; c0300000: a section, XN for the kernel */ \
	"40007040 1230140e00000000\n"	/* c1100000 */ \
	"40007400 4304040241040402\n"	/* d0000000, d0100000: supersections */ \
	"40007408 4ff405e200000000\n"	/* d0300000: a supersection at 0x_ff_4f000000 */ \
	"40007e00 40009c0140009801\n"	/* f8000000: the two tables of a page */ \
	"40007e08 5000000100000000\n"	/* f8300000: a table that does not exist */ \
	"40007ff8 4000980100000000\n"	/* fff00000: the first once more */ \
	"40009800 4012345340123452\n"	/* pages, the second may not be executed */ \
	"40009808 0000000040555000\n"	/* a type that is no type */ \
	"40009840 4abc00014abc0001\n"	/* f8010000: a large page */ \
	"40009bf8 fffff45200000000\n"	/* f80ff000: the last one, the highest address */ \
	"40009c00 4066645200000000\n"	/* f8101000 */

static void test_short(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, SHORT), 0);
	assert_int_equal(m.arch.levels, 2);
	assert_int_equal(m.arch.root, 0x40004000);
	assert_int_equal(m.arch.phys_base, 0x40000000);
	assert_mapped(&m, 0xc0000000, 0x40000000, MIB);
	assert_mapped(&m, 0xc0112345, 0x40112345, MIB - 0x12345);
	assert_mapped(&m, 0xc0300000, 0x40300000, MIB);
	assert_mapped(&m, 0xc11fffff, 0x123fffff, 1);
	assert_mapped(&m, 0xf8000000, 0x40123000, 4096);
	assert_mapped(&m, 0xf8001010, 0x40123010, 4096 - 0x10);
	assert_mapped(&m, 0xf80ff000, 0xfffff000, 4096);
	assert_mapped(&m, 0xf8101fff, 0x40666fff, 1);
	assert_mapped(&m, 0xfff00000, 0x40123000, 4096);
	assert_mapped(&m, 0xffffffff, 0xffffffff, 1);
}

/* A supersection and a large page are in sixteen equal entries, each for its part of it. */
static void test_sixteen_entries(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, SHORT), 0);
	assert_mapped(&m, 0xd0000000, 0x41000000, MIB);
	assert_mapped(&m, 0xd0100010, 0x43100010, MIB - 0x10);
	/* Bits 23 to 20 are bits 35 to 32 of its address, 8 to 5 are 39 to 36. */
	assert_mapped(&m, 0xd0300000, UINT64_C(0xff4f300000), MIB);
	assert_mapped(&m, 0xf8010000, 0x4abc0000, 4096);
	assert_mapped(&m, 0xf8011234, 0x4abc1234, 4096 - 0x234);
}

static void test_short_holes(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, SHORT), 0);
	assert_hole(&m, 0, MIB);
	assert_text_has("level 2");
	assert_hole(&m, 0xbfffffff, 1);
	assert_hole(&m, 0xc0200000, MIB);
	assert_text_has("0xc0200000");
	assert_hole(&m, 0xf8002004, 4096 - 4);
	assert_text_has("level 1");
	assert_hole(&m, 0xf8003000, 4096);
	/* The table is not in memory. */
	assert_hole(&m, 0xf8301000, 4096);
	assert_text_has("no memory at 0x50000004");
}

/* The root has four entries; LPAE_FACTS are those of a kernel whose text begins at 0xc0208000. */
#define LPAE_FACTS "SYMBOL(swapper_pg_dir)=c0203000\n"
#define LPAE \
	"240203000 0000000000000000\n" \
	"240203008 0000000240204002\n"	/* 40000000: no table, as it is not valid */ \
	"240203010 0000000280000701\n"	/* 80000000: a block of 1 GiB */ \
	"240203018 0000000240204003\n"	/* c0000000 */ \
	"240204000 0000000240000711\n"	/* a block of 2 MiB */ \
	"240204008 0040000240200711\n"	/* with the root */ \
	"240204010 00600001238007d1\n"	/* over 4 GiB */ \
	"240204e00 0000000240205003\n"	/* f8000000: a table */ \
	"240204ff8 0000000240205003\n"	/* ffe00000: the same */ \
	"240205000 0660000212345743\n"	/* with bits of Linux's own */ \
	"240205008 0000000240777741\n"	/* a block, which no page is */ \
	"240205010 0000000240888742\n"	/* not valid */ \
	"240205ff8 0060fffffffff743\n"	/* the highest address */

static void test_lpae(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, LPAE_FACTS, LPAE), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_int_equal(m.arch.root, 0x240203000);
	assert_int_equal(m.arch.phys_base, 0x240000000);
	assert_mapped(&m, 0x80000123, 0x280000123, GIB - 0x123);
	assert_mapped(&m, 0xc0000123, 0x240000123, 2 * MIB - 0x123);
	assert_mapped(&m, 0xc0203000, 0x240203000, 2 * MIB - 0x3000);
	assert_mapped(&m, 0xc0400000, 0x123800000, 2 * MIB);
	assert_mapped(&m, 0xf8000008, 0x212345008, 4096 - 8);
	assert_mapped(&m, 0xffffffff, UINT64_C(0xffffffffff), 1);
}

static void test_lpae_holes(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, LPAE_FACTS, LPAE), 0);
	assert_hole(&m, 0, GIB);
	assert_text_has("level 3");
	assert_hole(&m, 0x40001000, GIB - 0x1000);
	assert_hole(&m, 0xc0600000, 2 * MIB);
	assert_text_has("level 2");
	assert_hole(&m, 0xf8001000, 4096);
	assert_text_has("level 1");
	assert_hole(&m, 0xf8002000, 4096);
	assert_hole(&m, 0xf8003000, 4096);
}

static void test_beyond_32_bits(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, SHORT), 0);
	assert_hole(&m, 4 * GIB, UINT64_MAX - UINT32_MAX);
	assert_text_has("more than 32 bits");
	assert_int_equal(machine_init(&m, LPAE_FACTS, LPAE), 0);
	assert_hole(&m, UINT64_MAX, 1);
}

/* Memory begins where the tables map themselves: at any 2 MiB of 4 GiB, 256 MiB of 64 GiB. */
static void test_beginning_of_memory(void **state)
{
	static const struct {
		paddr_t phys_base;
		const char *facts, *memory;
	} kernels[] = {
		{ 0, "SYMBOL(swapper_pg_dir)=c0004000\n", "7000 0000140e\n" },
		{ 0x200000, "SYMBOL(swapper_pg_dir)=b0004000\n", "206c00 0020140e\n" },
		{ 0x10000000, "SYMBOL(swapper_pg_dir)=80204000\n",
		  "10206008 1020140e\n10204000 0\n" },
		{ 0xc0000000, "SYMBOL(swapper_pg_dir)=40004000\n", "c0005000 c000140e\n" },
		{ 0xffe00000, "SYMBOL(swapper_pg_dir)=40003000\n",
		  "ffe03008 00000000ffe04003\nffe04000 00000000ffe00711\n" },
		{ UINT64_C(0xff0000000), "SYMBOL(swapper_pg_dir)=40003000\n",
		  "ff0003008 0000000ff0004003\nff0004000 0000000ff0000711\n" },
		/* Other tables of the same address, such as those of a kernel that never ran. */
		{ 0x40000000, FACTS, "20007000 4000140e4000140e\n" SHORT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		struct machine m;

		assert_int_equal(machine_init(&m, kernels[i].facts, kernels[i].memory), 0);
		assert_int_equal(m.arch.phys_base, kernels[i].phys_base);
	}
}

static void test_no_tables(void **state)
{
	static const struct {
		const char *facts, *memory, *why;
	} bad[] = {
		{ "", SHORT, "SYMBOL(swapper_pg_dir) is missing" },
		{ "SYMBOL(swapper_pg_dir)=c0004010\n", SHORT, "cannot be at 0xc0004010" },
		{ "SYMBOL(swapper_pg_dir)=1c0004000\n", SHORT, "cannot be at 0x1c0004000" },
		{ FACTS, "40007000 0\n", "no page tables at 0xc0004000" },
		/* Memory that does not begin at 2 MiB, or begins at 64 GiB. */
		{ FACTS, "40107000 4010140e\n", "no page tables at" },
		{ LPAE_FACTS, "1000203018 0000001000204003\n1000204008 0000001000200711\n",
		  "no page tables at" },
		{ FACTS, "2000 0\n", "no page tables at" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct machine m;
		struct arch_run run;

		assert_int_equal(machine_init(&m, bad[i].facts, bad[i].memory), -ENOENT);
		if (!strstr(err_text(-ENOENT), bad[i].why))
			fail_msg("%s: %s", bad[i].why, err_text(-ENOENT));
		assert_int_equal(m.arch.phys_base, 0);
		assert_int_equal(arch_translate(&m.arch, &m.mem, 0xc0000000, &run), -ENOTSUP);
	}
}

static void test_big_endian(void **state)
{
	struct machine m;

	(void)state;
	/* The first entry is the high half of a word. */
	assert_int_equal(machine_init_big(&m, FACTS, "40007000 4000140e4010140e\n"
					  "40007e00 4000980100000000\n"
					  "40009800 0000000040123452\n"), 0);
	assert_int_equal(m.arch.levels, 2);
	assert_mapped(&m, 0xc0000000, 0x40000000, MIB);
	assert_mapped(&m, 0xf8001000, 0x40123000, 4096);
	assert_int_equal(machine_init_big(&m, LPAE_FACTS, LPAE), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_mapped(&m, 0xf8000008, 0x212345008, 4096 - 8);
}

/* Tables that lead to themselves end after the lowest level. */
static void test_loops(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, LPAE_FACTS, LPAE "240203010 0000000240203003\n"), 0);
	m.memory.reads = 0;
	assert_mapped(&m, 0x80402000, 0x240203000, 4096);
	assert_int_equal(m.memory.reads, 3);
	m.memory.err = -EIO;
	assert_hole(&m, 0x80402000, GIB - 0x402000);
	assert_text_has("the disk is on fire");
}

/*
 * In a process's tables of short descriptors, Linux's entries count, which are 2048 bytes before
 * the hardware's: those of a page that was not used for long are empty.
 */
static void test_process(void **state)
{
	struct machine m;
	struct arch user;
	struct arch_run run;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, SHORT
				      "48000000 4a000c014a000801\n"
				      "4a000000 50bcd34d50abc34f\n"
				      "4a000010 0000000000123400\n"	/* swapped out */
				      "4a000400 000000006000034d\n"
				      "4a000800 0000000050abc83e\n"), 0);
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x48000000, &user), 0);
	assert_int_equal(arch_translate(&user, &m.mem, 0x4, &run), 0);
	assert_int_equal(run.paddr, 0x50abc004);
	assert_int_equal(arch_translate(&user, &m.mem, 0x1004, &run), 0);
	assert_int_equal(run.paddr, 0x50bcd004);
	assert_int_equal(run.len, 4096 - 4);
	assert_int_equal(arch_translate(&user, &m.mem, 0x100000, &run), 0);
	assert_int_equal(run.paddr, 0x60000000);
	assert_int_equal(arch_translate(&user, &m.mem, 0x4000, &run), -EFAULT);

	assert_int_equal(machine_init(&m, LPAE_FACTS, LPAE
				      "248000040 0000000250000003\n"
				      "250000000 0000000250001003\n"
				      "250001040 0060000123456fd3\n"), 0);
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x248000040, &user), 0);
	assert_int_equal(arch_translate(&user, &m.mem, 0x8004, &run), 0);
	assert_int_equal(run.paddr, 0x123456004);
}

static void test_image(void **state)
{
	vaddr_t start, end;
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS "SYMBOL(_stext)=c0100000\nSYMBOL(_end)=c1e12345\n",
				      SHORT), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(start, 0xc00f0000);
	assert_int_equal(end, 0xc1e20000);
	/* An image that does not fit into 32 bits is none. */
	assert_int_equal(machine_init(&m, FACTS "SYMBOL(_stext)=ff000000\n", SHORT), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(end - start, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_sixteen_entries),
		cmocka_unit_test(test_short_holes),
		cmocka_unit_test(test_lpae),
		cmocka_unit_test(test_lpae_holes),
		cmocka_unit_test(test_beyond_32_bits),
		cmocka_unit_test(test_beginning_of_memory),
		cmocka_unit_test(test_no_tables),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
