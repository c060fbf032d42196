// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables of arm64, for each size of pages and of addresses.
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

static int machine_init(struct machine *m, unsigned int page_shift, const char *facts,
			const char *memory)
{
	const struct machine_kind kind = {
		.machine = EM_AARCH64, .is64 = true, .page_shift = page_shift,
	};

	machine_done(m);
	return machine_setup(m, &kind, facts, memory);
}

/* In all of these the root is at 0x10000. */
#define ROOT \
	"SYMBOL(swapper_pg_dir)=fffffffff1c10000\n" \
	"NUMBER(kimage_voffset)=0xfffffffff1c00000\n"

/*
 * 4 KiB pages, 48 bits. Indices of the linear map's beginning, ffff000000000000: 0, 0, 0, 0.
 * The entries have the flags of kernel data; UXN is bit 54, PXN 53, contiguous 52, DBM 51,
 * GP 50, AF 10, shareability 9 and 8. Those that lead to tables may have some of their own.
 */
#define FOUR_LEVELS \
	"10000 1800000000011403\n"	/* slot 0 of level 4 */ \
	"10008 0068008000000701\n"	/* slot 1: no page is as large */ \
	"11000 0000000000012003\n"	/* slot 0 of level 3 */ \
	"11008 0068000100000701\n"	/* slot 1: 4 GiB, 1 GiB block */ \
	"11010 0078000200010701\n"	/* slot 2: 8 GiB, bit 16 is no address */ \
	"12000 0000000000013003\n"	/* slot 0 of level 2 */ \
	"12008 0068000000600701\n"	/* slot 1: 6 MiB, 2 MiB block */ \
	"12010 0078000000811701\n"	/* slot 2: 8 MiB, contiguous */ \
	"13000 0068000000123703\n"	/* slot 0 of level 1 */ \
	"13008 0078000000777f03\n"	/* slot 1: contiguous */ \
	"13010 0068000000999701\n"	/* slot 2: no page has this type */ \
	"13ff8 006ffffffffff703\n"	/* slot 511: the highest address */

#define FACTS_48 ROOT "NUMBER(VA_BITS)=48\n"

static void test_4k_48(void **state)
{
	const vaddr_t base = 0xffff000000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS_48, FOUR_LEVELS), 0);
	assert_int_equal(m.arch.levels, 4);
	assert_int_equal(m.arch.root, 0x10000);
	assert_mapped(&m, base, 0x123000, 4096);
	assert_mapped(&m, base + 0xfff, 0x123fff, 1);
	assert_mapped(&m, base + 0x1234, 0x777234, 4096 - 0x234);
	assert_mapped(&m, base + 0x1ff000, 0xfffffffff000, 4096);
	assert_mapped(&m, base + 2 * MIB, 6 * MIB, 2 * MIB);
	assert_mapped(&m, base + 2 * MIB + 0x12345, 6 * MIB + 0x12345, 2 * MIB - 0x12345);
	assert_mapped(&m, base + 4 * MIB, 8 * MIB, 2 * MIB);
	assert_mapped(&m, base + GIB, 4 * GIB, GIB);
	assert_mapped(&m, base + 2 * GIB + 5, 8 * GIB + 5, GIB - 5);

	/* The same if the processor is known to have used all. */
	assert_int_equal(machine_init(&m, 12, FACTS_48 "NUMBER(TCR_EL1_T1SZ)=0x10\n",
				      FOUR_LEVELS), 0);
	assert_mapped(&m, base + 0x1000, 0x777000, 4096);
	/* Or if only that is known. */
	assert_int_equal(machine_init(&m, 12, ROOT "NUMBER(TCR_EL1_T1SZ)=0x10\n",
				      FOUR_LEVELS), 0);
	assert_mapped(&m, base + 0x1000, 0x777000, 4096);
}

/* As far as an entry reaches nothing is mapped. */
static void test_holes(void **state)
{
	const vaddr_t base = 0xffff000000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS_48, FOUR_LEVELS), 0);
	assert_hole(&m, base + 0x2000, 4096);
	assert_text_has("level 1");
	assert_hole(&m, base + 0x3ffe, 2);
	assert_hole(&m, base + 6 * MIB + 0x100, 2 * MIB - 0x100);
	assert_text_has("level 2");
	assert_hole(&m, base + 3 * GIB + 4 * KIB, GIB - 4 * KIB);
	assert_text_has("level 3");
	assert_hole(&m, base + 512 * GIB, 512 * GIB);
	assert_text_has("level 4");
	assert_text_has("0xffff008000000000");
	assert_hole(&m, base + TIB + 1, 512 * GIB - 1);
	/* The top of the address space. */
	assert_hole(&m, UINT64_MAX, 1);
	assert_hole(&m, 0xffffff8000000000, 512 * GIB);
}

/* The lowest bit says whether there is anything. */
static void test_not_valid(void **state)
{
	const vaddr_t base = 0xffff000000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS_48, "10000 11002\n"
							"10008 12003\n"
							"12000 0068000040000700\n"
							"12008 13003\n"
							"13000 fffffffffffffffe\n"
							"13008 14003\n"
							"14000 0068000000123702\n"
							"14008 fffffffffffffffc\n"), 0);
	assert_hole(&m, base, 512 * GIB);
	assert_hole(&m, base + 512 * GIB, GIB);
	assert_hole(&m, base + 513 * GIB, 2 * MIB);
	assert_hole(&m, base + 513 * GIB + 2 * MIB, 4096);
	assert_hole(&m, base + 513 * GIB + 2 * MIB + 4096, 4096);
}

/* Not an address of the kernel: as far as there is none, up to where tags begin anew. */
static void test_outside(void **state)
{
	const uint64_t half = UINT64_C(1) << 55;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS_48, FOUR_LEVELS), 0);
	assert_hole(&m, 0, half);
	assert_text_has("not an address of the kernel");
	assert_hole(&m, 0x0000ffffffffffff, half - 0x0000ffffffffffff);
	assert_hole(&m, half - 1, 1);
	assert_hole(&m, half, half - (UINT64_C(1) << 48));
	assert_hole(&m, 0xfffeffffffffffff, 1);
	assert_hole(&m, 0xff80000000000000, half - (UINT64_C(1) << 48));
	assert_int_equal(m.memory.reads, 0);
	assert_mapped(&m, 0xffff000000000000, 0x123000, 4096);
}

/* The top byte is a tag, bit 55 says whose address it is. */
static void test_tags(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS_48, FOUR_LEVELS), 0);
	assert_mapped(&m, 0xf4ff000000001234, 0x777234, 4096 - 0x234);
	assert_mapped(&m, 0x00ff000000200000, 6 * MIB, 2 * MIB);
	assert_hole(&m, 0xf47f000000001234, 0x0001000000000000 - 0x1234);
	assert_text_has("not an address of the kernel");
	assert_hole(&m, 0xf4fe000000000000, 0x0001000000000000);
}

static void test_4k_39(void **state)
{
	const vaddr_t base = 0xffffff8000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, ROOT "NUMBER(VA_BITS)=39\n",
				      "10000 12003\n"
				      "10008 0068000100000701\n"
				      "10ff8 12003\n"
				      "12000 13003\n"
				      "12ff8 0068000000600701\n"
				      "13000 0068000000123703\n"), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_mapped(&m, base, 0x123000, 4096);
	assert_mapped(&m, base + GIB, 4 * GIB, GIB);
	assert_mapped(&m, UINT64_MAX, 8 * MIB - 1, 1);
	assert_hole(&m, base + 2 * GIB, GIB);
	assert_text_has("level 3");
	assert_hole(&m, base - 1, 1);
	assert_text_has("not an address");
}

/*
 * 52 bits with pages of 4 KiB: LPA2. Bits 9 and 8 of an entry are the address's highest, 48
 * and 49 are where they belong, and a page may have 512 GiB.
 */
#define FIVE_LEVELS \
	"10000 0000000000011003\n"	/* slot 0 of level 5 */ \
	"10078 0068000000000401\n"	/* slot 15: no page is as large */ \
	"11000 0000000000012003\n"	/* slot 0 of level 4 */ \
	"11008 006e008000000701\n"	/* slot 1: 512 GiB block at e008000000000 */ \
	"12000 0000000000013003\n"	/* slot 0 of level 3 */ \
	"12008 0068000100000501\n"	/* slot 1: 1 GiB block at 4000100000000 */ \
	"13000 0000000000014103\n"	/* slot 0 of level 2, the table at 4000000014000 */ \
	"13008 0068000000610601\n"	/* slot 1: 2 MiB block at 8000000600000 */ \
	"4000000014000 0068000000123403\n" \
	"4000000014008 006d000000777603\n" \
	"4000000014ff8 006ffffffffff703\n" \
	"14000 0068000000456403\n"	/* what is there if one looks at the wrong place */

#define FACTS_52 ROOT "NUMBER(VA_BITS)=52\nNUMBER(MAX_PHYSMEM_BITS)=52\n"

static void test_4k_52(void **state)
{
	const vaddr_t base = 0xfff0000000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS_52 "NUMBER(TCR_EL1_T1SZ)=0xc\n",
				      FIVE_LEVELS), 0);
	assert_int_equal(m.arch.levels, 5);
	assert_mapped(&m, base + 0x10, 0x123010, 4096 - 0x10);
	assert_mapped(&m, base + 0x1000, 0x9000000777000, 4096);
	assert_mapped(&m, base + 0x1ff000, 0xffffffffff000, 4096);
	assert_mapped(&m, base + 2 * MIB, 0x8000000600000, 2 * MIB);
	assert_mapped(&m, base + GIB + 1, 0x4000100000001, GIB - 1);
	assert_mapped(&m, base + 512 * GIB, 0xe008000000000, 512 * GIB);
	assert_hole(&m, base + 2 * GIB, GIB);
	assert_hole(&m, base + TIB, 512 * GIB);
	assert_hole(&m, base + (UINT64_C(1) << 48), UINT64_C(1) << 48);
	assert_text_has("level 5");
	assert_hole(&m, 0xffff000000000000, UINT64_C(1) << 48);
	assert_text_has("level 5");
	assert_hole(&m, base - 1, 1);
	assert_text_has("not an address");
}

/*
 * The same kernel on a processor without: four levels, and the root is the table that
 * otherwise the second is. Bits 9 and 8 are flags again, though MAX_PHYSMEM_BITS stays 52.
 */
static void test_4k_52_on_48(void **state)
{
	const vaddr_t base = 0xffff000000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS_52 "NUMBER(TCR_EL1_T1SZ)=0x10\n",
				      FOUR_LEVELS), 0);
	assert_int_equal(m.arch.levels, 4);
	assert_mapped(&m, base, 0x123000, 4096);
	assert_mapped(&m, base + 0x1ff000, 0xfffffffff000, 4096);
	assert_mapped(&m, base + 2 * MIB, 6 * MIB, 2 * MIB);
	assert_mapped(&m, base + 2 * GIB, 8 * GIB, GIB);
	assert_hole(&m, base + 512 * GIB, 512 * GIB);
	assert_hole(&m, UINT64_MAX, 1);
	assert_hole(&m, 0xfff0000000000000, 0xf000000000000);
	assert_text_has("not an address");
}

/* 16 KiB pages: 11 bits a level. */
static void test_16k_36(void **state)
{
	const vaddr_t base = 0xfffffff000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 14, ROOT "NUMBER(VA_BITS)=36\n",
				      "10000 14003\n"
				      "10008 0068000006014701\n"
				      "13ff8 14003\n"
				      "14000 0068000000124703\n"
				      "17ff8 0068000000128703\n"), 0);
	assert_int_equal(m.arch.levels, 2);
	assert_mapped(&m, base + 0x3fff, 0x127fff, 1);
	assert_mapped(&m, base + 32 * MIB, 96 * MIB, 32 * MIB);
	assert_mapped(&m, UINT64_MAX, 0x12bfff, 1);
	assert_hole(&m, base + 64 * MIB + 3, 32 * MIB - 3);
	assert_text_has("level 2");
	assert_hole(&m, base + 16 * KIB, 16 * KIB);
}

/* From slot 0 of level 3 on. */
#define THREE_LEVELS_16K \
	"10000 0000000000014003\n"	/* slot 0 of level 3 */ \
	"10008 0068001000000701\n"	/* slot 1: no page is as large */ \
	"14000 0000000000018003\n"	/* slot 0 of level 2 */ \
	"14008 0068000006014701\n"	/* slot 1: 96 MiB, 32 MiB block */ \
	"18000 0068000000127703\n"	/* slot 0 of level 1; bits 12 and 13 are no address */ \
	"1bff8 006ffffffffff703\n"	/* slot 2047 */

static void test_16k_47(void **state)
{
	const vaddr_t base = 0xffff800000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 14, ROOT "NUMBER(VA_BITS)=47\n", THREE_LEVELS_16K), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_mapped(&m, base, 0x124000, 16 * KIB);
	assert_mapped(&m, base + 32 * MIB - 16 * KIB, 0xffffffffc000, 16 * KIB);
	assert_mapped(&m, base + 32 * MIB + 1, 96 * MIB + 1, 32 * MIB - 1);
	assert_hole(&m, base + 64 * MIB, 32 * MIB);
	assert_hole(&m, base + 64 * GIB, 64 * GIB);
	assert_hole(&m, UINT64_MAX, 1);
	assert_hole(&m, base - 1, 1);

	/* A kernel for 52 bits on a processor without has 47. */
	assert_int_equal(machine_init(&m, 14, FACTS_52 "NUMBER(TCR_EL1_T1SZ)=17\n",
				      THREE_LEVELS_16K), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_mapped(&m, base, 0x124000, 16 * KIB);
	assert_hole(&m, base + 64 * GIB, 64 * GIB);
	assert_hole(&m, base - 1, 1);
}

/* The root has two entries. */
static void test_16k_48(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 14, ROOT "NUMBER(VA_BITS)=48\n",
				      "10008 14003\n"
				      "10010 20003\n"
				      "14000 18003\n"
				      "18000 1c003\n"
				      "1c000 0068000000124703\n"), 0);
	assert_int_equal(m.arch.levels, 4);
	assert_mapped(&m, 0xffff800000000000, 0x124000, 16 * KIB);
	assert_hole(&m, 0xffff000000000000, UINT64_C(1) << 47);
	assert_text_has("level 4");
	assert_hole(&m, UINT64_MAX, 1);
}

static void test_16k_52(void **state)
{
	const vaddr_t base = 0xfff0000000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 14, FACTS_52 "NUMBER(TCR_EL1_T1SZ)=12\n",
				      "10000 14003\n"		/* slot 0 of level 4 */
				      "10008 0068000000000401\n"
				      "100f8 14003\n"		/* slot 31 */
				      "14000 18003\n"		/* slot 0 of level 3 */
				      "14008 006e001000000701\n"	/* slot 1: 64 GiB block */
				      "18000 1c203\n"		/* slot 0 of level 2 */
				      "18008 0068000006000501\n"	/* slot 1: 32 MiB block */
				      "800000001c000 006d000000127603\n"
				      "800000001fff8 006ffffffffff703\n"), 0);
	assert_int_equal(m.arch.levels, 4);
	assert_mapped(&m, base, 0x9000000124000, 16 * KIB);
	assert_mapped(&m, base + 32 * MIB - 1, 0xfffffffffffff, 1);
	assert_mapped(&m, base + 32 * MIB, 0x4000006000000, 32 * MIB);
	assert_mapped(&m, base + 64 * GIB, 0xe001000000000, 64 * GIB);
	assert_mapped(&m, 0xffff800000000000, 0x9000000124000, 16 * KIB);
	assert_hole(&m, base + (UINT64_C(1) << 47), UINT64_C(1) << 47);
	assert_text_has("level 4");
}

/* 64 KiB pages: 13 bits a level, and bits 12 to 15 of an entry are the address's highest. */
static void test_64k_42(void **state)
{
	const vaddr_t base = 0xfffffc0000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 16, ROOT "NUMBER(VA_BITS)=42\n",
				      "10000 20003\n"
				      "10008 0068000060000701\n"
				      "1fff8 20003\n"
				      "20000 0068000000120703\n"
				      "2fff8 0068ffffffff0703\n"), 0);
	assert_int_equal(m.memory.reads, 0);
	assert_int_equal(m.arch.levels, 2);
	assert_mapped(&m, base + 1, 0x120001, 64 * KIB - 1);
	assert_mapped(&m, base + 512 * MIB, 1536 * MIB, 512 * MIB);
	assert_mapped(&m, UINT64_MAX, 0xffffffffffff, 1);
	assert_hole(&m, base + GIB, 512 * MIB);
	assert_hole(&m, base + 64 * KIB, 64 * KIB);
	assert_hole(&m, base - 1, 1);
}

/* From level 2 on; at 30000 as a whole, at 4000000030000 what is on level 1. */
#define LEVELS_64K \
	"20000 0000000000034003\n"	/* slot 0 of level 2 */ \
	"20008 006f000060002701\n"	/* slot 1: 512 MiB block at 2000060000000 */ \
	"4000000030000 006f000000129703\n" \
	"400000003fff8 006fffffffffff03\n"

static void assert_64k_tables(struct machine *m, vaddr_t base)
{
	assert_int_equal(m->arch.levels, 3);
	assert_mapped(m, base, 0x9000000120000, 64 * KIB);
	assert_mapped(m, base + 512 * MIB - 1, 0xfffffffffffff, 1);
	assert_mapped(m, base + 512 * MIB, 0x2000060000000, 512 * MIB);
	assert_hole(m, base + GIB, 512 * MIB);
	assert_hole(m, base + 4 * TIB, 4 * TIB);
	assert_text_has("level 3");
}

static void test_64k_48(void **state)
{
	const vaddr_t base = 0xffff000000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 16, ROOT "NUMBER(VA_BITS)=48\n",
				      "10000 20003\n"
				      "10008 0068000000000701\n"	/* no page is as large */
				      "101f8 20003\n"		/* slot 63 */
				      LEVELS_64K), 0);
	assert_64k_tables(&m, base);
	assert_mapped(&m, 0xfffffc0000000000, 0x9000000120000, 64 * KIB);
	assert_hole(&m, base - 1, 1);
	assert_text_has("not an address");
}

static void test_64k_52(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 16, FACTS_52 "NUMBER(TCR_EL1_T1SZ)=12\n",
				      "10000 20003\n"
				      "11ff8 20003\n"		/* slot 1023 */
				      LEVELS_64K), 0);
	assert_64k_tables(&m, 0xfff0000000000000);
	assert_mapped(&m, 0xfffffc0000000000, 0x9000000120000, 64 * KIB);
	assert_hole(&m, 0xffeffffffffffff0, 16);
	assert_text_has("not an address");
}

/* On a processor without the last 64 of the 1024 entries are used. */
static void test_64k_52_on_48(void **state)
{
	const char *tables = "11e00 20003\n"		/* slot 960 */
			     LEVELS_64K;
	const vaddr_t base = 0xffff000000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 16, FACTS_52 "NUMBER(TCR_EL1_T1SZ)=16\n", tables), 0);
	assert_64k_tables(&m, base);
	assert_hole(&m, base - 1, 1);
	assert_text_has("not an address");
	/* Before 5.9 VMCOREINFO does not export what the processor has. */
	assert_int_equal(machine_init(&m, 16, FACTS_52, tables), 0);
	assert_64k_tables(&m, base);
	assert_hole(&m, base - 1, 1);
	assert_text_has("level 3");
}

/* Only processes have 52 bits, but it is the kernel's root that grows by it. */
static void test_64k_user_52(void **state)
{
	const char *tables = "11e00 20003\n"		/* slot 960 */
			     "11ff8 20003\n"		/* slot 1023: the root's own address */
			     LEVELS_64K;
	const vaddr_t base = 0xffff000000000000;
	struct machine m _cleanup_machine_ = { 0 };
	struct arch user;
	struct arch_run run;

	(void)state;
	assert_int_equal(machine_init(&m, 16, FACTS_48 "NUMBER(MAX_USER_VA_BITS)=52\n",
				      tables), 0);
	assert_64k_tables(&m, base);
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x11c00, &user), 0);
	assert_int_equal(arch_translate(&user, &m.mem, 0x0001000000000000, &run), 0);
	assert_int_equal(run.paddr, 0x9000000120000);

	/* If VMCOREINFO does not export it, the tables show it. */
	assert_int_equal(machine_init(&m, 16, FACTS_48, tables), 0);
	assert_64k_tables(&m, base);
	assert_int_equal(machine_init(&m, 16, FACTS_48 "NUMBER(MAX_USER_VA_BITS)=48\n",
				      tables), 0);
	assert_hole(&m, base, 4 * TIB);
	/* The smaller size counts if both are possible: other data may follow the table. */
	assert_int_equal(machine_init(&m, 16, FACTS_48, "101f8 20003\n"
							"11ff8 30003\n"
							"2fff8 0068000060000701\n"), 0);
	assert_mapped(&m, UINT64_MAX, 2 * GIB - 1, 1);
}

static void test_big_endian(void **state)
{
	static const struct machine_kind kind = {
		.machine = EM_AARCH64, .is64 = true, .big_endian = true, .page_shift = 12,
	};
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_setup(&m, &kind, FACTS_48, FOUR_LEVELS), 0);
	assert_mapped(&m, 0xffff000000001000, 0x777000, 4096);
}

/* A process's tables: from the other end. */
static void test_user(void **state)
{
	struct arch_run run;
	struct machine m _cleanup_machine_ = { 0 };
	struct arch user;

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS_48, FOUR_LEVELS
				      "50ff8 11003\n"), 0);		/* slot 511 */
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x50000, &user), 0);
	assert_int_equal(arch_translate(&user, &m.mem, 0xff8000200010, &run), 0);
	assert_int_equal(run.paddr, 6 * MIB + 0x10);
	assert_int_equal(run.len, 2 * MIB - 0x10);
	assert_int_equal(arch_translate(&user, &m.mem, 0xff8000000000 + GIB, &run), 0);
	assert_int_equal(run.paddr, 4 * GIB);
	assert_int_equal(run.len, GIB);
	assert_int_equal(arch_translate(&user, &m.mem, 0, &run), -EFAULT);
	assert_int_equal(run.len, 512 * GIB);
	/* With a tag. */
	assert_int_equal(arch_translate(&user, &m.mem, 0xa500ff8040000000, &run), 0);
	assert_int_equal(run.paddr, 4 * GIB);

	assert_int_equal(arch_translate(&user, &m.mem, 0x0001000000000000, &run), -EFAULT);
	assert_int_equal(run.len, (UINT64_C(1) << 55) - (UINT64_C(1) << 48));
	assert_text_has("not an address of a process");
	assert_int_equal(arch_translate(&user, &m.mem, 0xffff000000001000, &run), -EFAULT);
	assert_int_equal(run.len, (UINT64_C(1) << 48) - 0x1000);
	assert_text_has("not an address of a process");
	/* The kernel's are as before. */
	assert_mapped(&m, 0xffff000000001000, 0x777000, 4096);
}

static void test_root_by_segments(void **state)
{
	/* The segments that kexec makes: the image as one, and memory in the linear map. */
	const struct arch_segment segments[] = {
		{ .vaddr = 0xffff800010080000, .paddr = 0x40080000, .memsz = 32 * MIB },
		{ .vaddr = 0xffff000000000000, .paddr = 0x40000000, .memsz = GIB },
	};
	const char *facts = "SYMBOL(swapper_pg_dir)=ffff800011c10000\n"
			    "NUMBER(VA_BITS)=48\n";
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, facts, ""), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "NUMBER(kimage_voffset)"));
	m.arch.segments = segments;
	m.arch.nr_segments = 2;
	assert_int_equal(arch_init(&m.arch, &m.mem), 0);
	assert_int_equal(m.arch.root, 0x41c10000);
	machine_done(&m);
	m.arch.segments = segments + 1;
	m.arch.nr_segments = 1;
	assert_int_equal(arch_init(&m.arch, &m.mem), -ENOENT);

	/* The number is believed before them. */
	assert_int_equal(machine_init(&m, 12, "SYMBOL(swapper_pg_dir)=ffff800011c10000\n"
				      "NUMBER(VA_BITS)=48\n"
				      "NUMBER(kimage_voffset)=0xffff7fffd0000000\n", ""), 0);
	assert_int_equal(m.arch.root, 0x41c10000);
	machine_done(&m);
	m.arch.segments = segments;
	m.arch.nr_segments = 2;
	facts_from_text("SYMBOL(swapper_pg_dir)=ffff800011c10000\n"
			"NUMBER(VA_BITS)=48\n"
			"NUMBER(kimage_voffset)=0xffff7fff00000000\n");
	assert_int_equal(arch_init(&m.arch, &m.mem), 0);
	assert_int_equal(m.arch.root, 0x111c10000);
}

static void assert_init_fails(unsigned int page_shift, const char *facts, int err,
			      const char *what)
{
	struct arch_run run;
	struct machine m _cleanup_machine_ = { 0 };

	assert_int_equal(machine_init(&m, page_shift, facts, ""), err);
	if (!strstr(err_text(err), what))
		fail_msg("\"%s\" does not say \"%s\"", err_text(err), what);
	/* Then nothing is translated. */
	assert_int_equal(arch_translate(&m.arch, &m.mem, 0, &run), -ENOTSUP);
	assert_null(m.arch.state);
}

static void test_missing_and_senseless_facts(void **state)
{
	(void)state;
	assert_init_fails(12, ROOT, -ENOENT, "NUMBER(VA_BITS) is missing");
	assert_init_fails(12, "NUMBER(VA_BITS)=48\n", -ENOENT, "SYMBOL(swapper_pg_dir)");
	assert_init_fails(12, "SYMBOL(swapper_pg_dir)=fffffffff1c10000\n"
			      "NUMBER(VA_BITS)=48\n", -ENOENT, "NUMBER(kimage_voffset)");
	assert_init_fails(12, ROOT "NUMBER(VA_BITS)=53\n", -ENOENT, "NUMBER(VA_BITS) 53");
	assert_init_fails(12, ROOT "NUMBER(VA_BITS)=0\n", -ENOENT, "NUMBER(VA_BITS)");
	assert_init_fails(12, ROOT "NUMBER(VA_BITS)=-1\n", -ENOENT, "NUMBER(VA_BITS)");
	assert_init_fails(12, ROOT "NUMBER(VA_BITS)=20\n", -ENOENT, "NUMBER(VA_BITS) 20");
	assert_init_fails(16, ROOT "NUMBER(VA_BITS)=28\n", -ENOENT, "NUMBER(VA_BITS) 28");
	assert_init_fails(12, FACTS_48 "NUMBER(TCR_EL1_T1SZ)=12\n", -ENOENT, "used 52");
	assert_init_fails(12, FACTS_48 "NUMBER(TCR_EL1_T1SZ)=64\n", -ENOENT, "used 0");
	assert_init_fails(12, FACTS_48 "NUMBER(TCR_EL1_T1SZ)=-1\n", -ENOENT, "is invalid");
	assert_init_fails(12, "SYMBOL(swapper_pg_dir)=ffffc10000\n"
			      "NUMBER(VA_BITS)=48\n", -ENOENT, "cannot be at 0xffffc10000");
	assert_init_fails(12, "SYMBOL(swapper_pg_dir)=fffffffff1c10800\n"
			      "NUMBER(VA_BITS)=48\n", -ENOENT, "cannot be at");
	assert_init_fails(13, FACTS_48, -ENOTSUP, "pages of 8 KiB");
	assert_init_fails(17, FACTS_48, -ENOTSUP, "pages of 128 KiB");
}

static void test_phys_base(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS_48 "NUMBER(PHYS_OFFSET)=0x40000000\n",
				      FOUR_LEVELS), 0);
	assert_int_equal(m.arch.phys_base, 0x40000000);
	assert_int_equal(machine_init(&m, 12, FACTS_48, FOUR_LEVELS), 0);
	assert_int_equal(m.arch.phys_base, 0);
}

static void assert_image(const char *facts, vaddr_t start, vaddr_t end)
{
	vaddr_t got_start, got_end;
	struct machine m _cleanup_machine_ = { 0 };
	char text[512];

	snprintf(text, sizeof(text), FACTS_48 "%s", facts);
	assert_int_equal(machine_init(&m, 12, text, ""), 0);
	m.arch.ops->kernel_image(&m.arch, &got_start, &got_end);
	assert_int_equal(got_start, start);
	assert_int_equal(got_end, end);
}

static void test_bounds_of_the_image(void **state)
{
	(void)state;
	/* The bytes before the text belong to the image, too. */
	assert_image("SYMBOL(_stext)=ffff800010010000\n", 0xffff800010000000, 0xffff800030000000);
	assert_image("SYMBOL(_stext)=ffff800010081000\n", 0xffff800010080000, 0xffff800030080000);
	/* Its end is known, and within. */
	assert_image("SYMBOL(_stext)=ffff800010010000\nSYMBOL(_end)=ffff800012340000\n",
		     0xffff800010000000, 0xffff800012350000);
	/* An end that cannot be. */
	assert_image("SYMBOL(_stext)=ffff800010010000\nSYMBOL(_end)=ffff700012340000\n",
		     0xffff800010000000, 0xffff800030000000);
	assert_image("SYMBOL(_stext)=ffff800010010000\nSYMBOL(_end)=ffff800030000000\n",
		     0xffff800010000000, 0xffff800030000000);
	assert_image("SYMBOL(_stext)=ffff800010010000\nSYMBOL(_end)=ffffffffffffffff\n",
		     0xffff800010000000, 0xffff800030000000);
	/* Nothing is known, or it is invalid. */
	assert_image("", 0, 0);
	assert_image("SYMBOL(_stext)=0\n", 0, 0);
	assert_image("SYMBOL(_stext)=fffffffff0000000\n", 0, 0);
}

static void test_tables_that_point_nowhere(void **state)
{
	const vaddr_t base = 0xffff000000000000;
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS_48, ""), 0);
	assert_hole(&m, base + 0x1234, 512 * GIB - 0x1234);
	assert_text_has("no memory at 0x10000");
	assert_text_has("level 4");
	assert_int_equal(machine_init(&m, 12, FACTS_48, "10000 7ffffffff003\n"
							"10008 12003\n"
							"12000 13003\n"
							"12008 14003\n"
							"14000 fffffffff003\n"), 0);
	assert_hole(&m, base, GIB);
	assert_hole(&m, base + 512 * GIB, 2 * MIB);
	assert_hole(&m, base + 513 * GIB + 5, 4096 - 5);
	assert_text_has("level 1");
}

static void test_tables_that_point_at_themselves(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 12, FACTS_52 "NUMBER(TCR_EL1_T1SZ)=12\n",
				      "10000 10003\n"), 0);
	m.memory.reads = 0;
	assert_mapped(&m, 0xfff0000000000010, 0x10010, 4096 - 0x10);
	assert_int_equal(m.memory.reads, 5);
	assert_int_equal(machine_init(&m, 16, FACTS_48, "10000 20003\n"
							"20000 10003\n"), 0);
	m.memory.reads = 0;
	assert_mapped(&m, 0xffff000000000000, 0x20000, 64 * KIB);
	assert_int_equal(m.memory.reads, 3);
}

/* The file cannot be read: that is a hole, but the reason is not forgotten. */
static void test_read_error(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, 16, FACTS_48, "10000 20003\n"), 0);
	m.memory.err = -EIO;
	assert_hole(&m, 0xffff000000000000, 4 * TIB);
	assert_text_has("the disk is on fire");
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* Whatever is in the tables: as many reads as levels, and a run within its page. */
static void test_random_tables(void **state)
{
	static const struct { unsigned int shift; const char *facts; } modes[] = {
		{ 12, FACTS_48 },
		{ 12, FACTS_52 "NUMBER(TCR_EL1_T1SZ)=12\n" },
		{ 14, FACTS_52 "NUMBER(TCR_EL1_T1SZ)=12\n" },
		{ 14, ROOT "NUMBER(VA_BITS)=36\n" },
		{ 16, FACTS_52 "NUMBER(TCR_EL1_T1SZ)=16\n" },
		{ 16, FACTS_48 },
	};
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		const char *facts = modes[round % ARRAY_SIZE(modes)].facts;
		unsigned int shift = modes[round % ARRAY_SIZE(modes)].shift;
		struct arch_run run = { 0 };
		struct machine m _cleanup_machine_ = { 0 };
		vaddr_t va;
		int err;

		assert_int_equal(machine_init(&m, shift, facts, ""), 0);
		for (size_t i = 0; i < 4; i++) {
			uint64_t entry = (next_random(&seed) % 4 + 1) * 0x10000 + 3;

			if (next_random(&seed) % 4 == 0)
				entry = next_random(&seed) << 32 | next_random(&seed);
			if (next_random(&seed) % 4 == 0)
				entry &= ~UINT64_C(2);
			m.memory.words[i].addr = 0x10000 * (1 + i);
			m.memory.words[i].value = entry;
		}
		m.memory.nr_words = 4;
		m.memory.reads = 0;
		va = -(UINT64_C(1) << 52) + (next_random(&seed) % 16 << 48 & 0xffff000000000000) +
		     (next_random(&seed) & 0xffff);
		err = arch_translate(&m.arch, &m.mem, va, &run);
		assert_true(!err || err == -EFAULT);
		assert_in_range(m.memory.reads, 0, 5);
		assert_true(run.len >= 1 && run.len <= UINT64_C(1) << 52);
		if (!err)
			assert_true(run.paddr < UINT64_C(1) << 52);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_4k_48),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_not_valid),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_4k_39),
		cmocka_unit_test(test_4k_52),
		cmocka_unit_test(test_4k_52_on_48),
		cmocka_unit_test(test_16k_36),
		cmocka_unit_test(test_16k_47),
		cmocka_unit_test(test_16k_48),
		cmocka_unit_test(test_16k_52),
		cmocka_unit_test(test_64k_42),
		cmocka_unit_test(test_64k_48),
		cmocka_unit_test(test_64k_52),
		cmocka_unit_test(test_64k_52_on_48),
		cmocka_unit_test(test_64k_user_52),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_root_by_segments),
		cmocka_unit_test(test_missing_and_senseless_facts),
		cmocka_unit_test(test_phys_base),
		cmocka_unit_test(test_bounds_of_the_image),
		cmocka_unit_test(test_tables_that_point_nowhere),
		cmocka_unit_test(test_tables_that_point_at_themselves),
		cmocka_unit_test(test_read_error),
		cmocka_unit_test(test_random_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
