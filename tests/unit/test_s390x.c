// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables of s390x.
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

#define TIB (1024 * GIB)

static int machine_init_with(struct machine *m, const struct arch_segment *segments, size_t nr,
			     const char *facts, const char *memory)
{
	const struct machine_kind kind = {
		.machine = EM_S390, .is64 = true, .big_endian = true, .page_shift = 12,
		.segments = segments, .nr_segments = nr,
	};

	if (m->arch.ops)
		arch_deinit(&m->arch);
	return machine_setup(m, &kind, facts, memory);
}

static int machine_init(struct machine *m, const char *facts, const char *memory)
{
	return machine_init_with(m, NULL, 0, facts, memory);
}

/* Up to 6.9 the kernel, and with it the root, is where its addresses say. */
#define FACTS "SYMBOL(swapper_pg_dir)=1004000\n"

/*
 * Entries have their table's type in 0xc, those of regions the length of the next table in
 * 0x3; 0x20 is invalid there and 0x400 a large page. In a table of pages 0x400 is invalid.
 * Software's flags are those of kernel data: 0x3d in pages, 0x3003 in large ones.
 */
#define THREE_LEVELS \
	"1004000 0000000000010007\n"	/* slot 0 of the regions */ \
	"1004008 0000000080003507\n"	/* slot 1: 2 GiB, 2 GiB page */ \
	"1004010 0000000100000404\n"	/* slot 2: 4 GiB, 2 GiB page */ \
	"1004018 0000000000000024\n"	/* slot 3: invalid */ \
	"1007ff8 0000000000014007\n"	/* slot 2047 */ \
	"10000 0000000000018800\n"	/* slot 0 of the segments: half a page */ \
	"10008 0000000000603503\n"	/* slot 1: 6 MiB, 1 MiB page */ \
	"10010 0000000000700703\n"	/* slot 2: 7 MiB, write-protected */ \
	"10018 0000000000000020\n"	/* slot 3: invalid */ \
	"10080 0000000001003503\n"	/* slot 16, of the root: 16 MiB */ \
	"17ff8 0000000000019000\n"	/* slot 2047 of the last segments */ \
	"18800 000000000012313d\n"	/* slot 0 of the pages */ \
	"18808 000000000077733d\n"	/* slot 1: write-protected */ \
	"18810 0000000000000400\n"	/* slot 2: invalid */ \
	"18ff8 000ffffffffff13d\n"	/* slot 255: the highest address */ \
	"197f8 0000000000abc13d\n"	/* slot 255 of the last pages */ \

static void test_three_levels(void **state)
{
	struct machine m = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, THREE_LEVELS), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_int_equal(m.arch.root, 0x1004000);
	assert_mapped(&m, 0, 0x123000, 4096);
	assert_mapped(&m, 0xfff, 0x123fff, 1);
	assert_mapped(&m, 0x1234, 0x777234, 4096 - 0x234);
	assert_mapped(&m, 0xff000, 0xffffffffff000, 4096);
	assert_mapped(&m, MIB, 6 * MIB, MIB);
	assert_mapped(&m, MIB + 0x12345, 6 * MIB + 0x12345, MIB - 0x12345);
	assert_mapped(&m, 2 * MIB, 7 * MIB, MIB);
	assert_mapped(&m, 2 * GIB, 2 * GIB, 2 * GIB);
	assert_mapped(&m, 4 * GIB - 1, 4 * GIB - 1, 1);
	assert_mapped(&m, 4 * GIB + 5, 4 * GIB + 5, 2 * GIB - 5);
	assert_mapped(&m, 4 * TIB - 0x10, 0xabcff0, 0x10);
	arch_deinit(&m.arch);
}

/* As far as an entry reaches nothing is mapped. */
static void test_holes(void **state)
{
	struct machine m = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, THREE_LEVELS), 0);
	assert_hole(&m, 0x2000, 4096);
	assert_text_has("level 1");
	assert_hole(&m, 0x2ffe, 2);
	assert_hole(&m, 3 * MIB + 0x100, MIB - 0x100);
	assert_text_has("level 2");
	assert_hole(&m, 6 * GIB + 4 * KIB, 2 * GIB - 4 * KIB);
	assert_text_has("level 3");
	/* Three levels map 42 bits: the rest is one hole. */
	assert_hole(&m, 4 * TIB, -(4 * TIB));
	assert_text_has("0x40000000000");
	assert_hole(&m, UINT64_MAX, 1);
	arch_deinit(&m.arch);
}

/* From some terabytes on, the kernel has one level more. */
static void test_four_levels(void **state)
{
	struct machine m = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, FACTS,
				      "1004000 000000000000c00b\n"
				      "1004008 0000000000000028\n"
				      "1004010 0000000000018008\n"	/* a short table */
				      "1007ff8 000000000000c00b\n"
				      "c000 0000000000010007\n"
				      "c008 0000008000003507\n"
				      "18000 0000018000003507\n"
				      "18ff8 0000028000003507\n"
				      "10080 0000000001003503\n"), 0);
	assert_int_equal(m.arch.levels, 4);
	assert_mapped(&m, 16 * MIB + 7, 16 * MIB + 7, MIB - 7);
	assert_mapped(&m, 2 * GIB + 1, 512 * GIB + 1, 2 * GIB - 1);
	assert_mapped(&m, 2047 * 4 * TIB + 2 * GIB, 512 * GIB, 2 * GIB);
	assert_hole(&m, 4 * TIB, 4 * TIB);
	assert_text_has("level 4");
	assert_mapped(&m, 8 * TIB, 0x18000000000, 2 * GIB);
	/* The last of a quarter, and the first that the next would have. */
	assert_mapped(&m, 8 * TIB + 511 * 2 * GIB, 0x28000000000, 2 * GIB);
	assert_hole(&m, 8 * TIB + 512 * 2 * GIB, 2 * GIB);
	assert_text_has("no entry 512");
	assert_hole(&m, 1 + 2048 * 4 * TIB, -(1 + 2048 * 4 * TIB));
	arch_deinit(&m.arch);
}

/* A table may lack quarters at either end; the origin is that of the whole one. */
static void test_parts_of_tables(void **state)
{
	struct machine m = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, FACTS,
				      "1004000 0000000000010045\n"	/* quarter 1 */
				      "1004008 0000000000010007\n"	/* all */
				      "1004010 00000000000100c6\n"	/* none: 3 to 2 */
				      "10080 0000000001003503\n"
				      "11000 0000000000603503\n"
				      "11ff8 0000000000703503\n"
				      "12000 0000000000803503\n"), -ENOENT);
	assert_int_equal(machine_init(&m, FACTS,
				      "1004000 0000000000010006\n"
				      "1004008 0000000000010045\n"
				      "1004010 00000000000100c6\n"
				      "10080 0000000001003503\n"
				      "11000 0000000000603503\n"
				      "11ff8 0000000000703503\n"
				      "12000 0000000000803503\n"
				      "13000 0000000000903503\n"), 0);
	assert_mapped(&m, 1024 * MIB, 8 * MIB, MIB);
	assert_hole(&m, 1536 * MIB, MIB);
	assert_hole(&m, 2 * GIB + 16 * MIB, MIB);
	assert_hole(&m, 2 * GIB + 511 * MIB, MIB);
	assert_mapped(&m, 2 * GIB + 512 * MIB, 6 * MIB, MIB);
	assert_mapped(&m, 2 * GIB + 1023 * MIB, 7 * MIB, MIB);
	assert_hole(&m, 2 * GIB + 1024 * MIB, MIB);
	for (unsigned int slot = 0; slot < 2048; slot += 256)
		assert_hole(&m, 4 * GIB + slot * MIB, MIB);
	arch_deinit(&m.arch);
}

/* An entry of another kind of table, or an address that no machine has. */
static void test_senseless_entries(void **state)
{
	struct machine m = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, FACTS,
				      "1004000 10007\n"
				      "1004008 1000b\n"		/* regions of a higher level */
				      "1004010 10003\n"		/* segments */
				      "1004018 10000000010007\n"	/* beyond 2^52 */
				      "10000 18007\n"		/* regions among segments */
				      "10008 18000\n"
				      "10010 8000000000100400\n"
				      "10080 1003503\n"
				      "18000 800000000012313d\n"), 0);
	assert_hole(&m, 2 * GIB, 2 * GIB);
	assert_text_has("is invalid");
	assert_hole(&m, 4 * GIB, 2 * GIB);
	assert_text_has("0x10003");
	assert_hole(&m, 6 * GIB, 2 * GIB);
	assert_hole(&m, 0, MIB);
	assert_text_has("level 2");
	assert_hole(&m, MIB, 4096);
	assert_text_has("level 1");
	assert_hole(&m, 2 * MIB, MIB);
	arch_deinit(&m.arch);
}

/* From 6.10 on: mapped at the end of four terabytes, 160 MiB into memory. */
#define VR_FACTS "SYMBOL(swapper_pg_dir)=3ffe2000000\n"
#define VR_TABLES \
	"a000000 0000000000000024\n" \
	"a003ff8 0000000000010007\n" \
	"13100 000000000a003503\n"
#define VR_OFFSETS "KERNELOFFSET=3ffe0000000\nKERNELOFFPHYS=8000000\n"
#define VR_WRONG_OFFSETS "KERNELOFFSET=3ffe0000000\nKERNELOFFPHYS=9000000\n"

/* A page of os_info: the image is 3ffe0100000 to 3ffe2400000, at 8100000. */
#define OS_INFO_AT(pointer, checksum) \
	"e18 " pointer "\n" \
	"8000 4f53494e464f535a\n" \
	"8008 " checksum "00010001\n" \
	"80e8 000003ffe0100000\n" \
	"80f8 00000000000003ff\n" \
	"8100 e240000000000000\n" \
	"8110 0000000008100000\n"
#define OS_INFO OS_INFO_AT("8000", "ca610800")

static void assert_root(struct machine *m, paddr_t root)
{
	assert_int_equal(m->arch.root, root);
	assert_int_equal(m->arch.levels, 3);
	assert_mapped(m, 0x3ffe2000123, 0xa000123, MIB - 0x123);
}

static void test_root_by_vmcoreinfo(void **state)
{
	struct machine m = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, VR_FACTS VR_OFFSETS, VR_TABLES), 0);
	assert_root(&m, 0xa000000);
	/* Half of it is nothing. */
	assert_int_equal(machine_init(&m, VR_FACTS "KERNELOFFPHYS=8000000\n", VR_TABLES), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "0x3ffe2000000"));
	assert_non_null(strstr(err_text(-ENOENT), "KERNELOFFPHYS"));
	assert_int_equal(machine_init(&m, VR_FACTS "KERNELOFFSET=3ffe0000000\n", VR_TABLES),
			 -ENOENT);
	assert_int_equal(machine_init(&m, VR_FACTS VR_WRONG_OFFSETS, VR_TABLES), -ENOENT);
	/* As a declaration's line, it says the same. */
	assert_int_equal(machine_init(&m, VR_FACTS "NUMBER(KERNELOFFSET)=0x3ffe0000000\n"
				      "NUMBER(KERNELOFFPHYS)=134217728\n", VR_TABLES), 0);
	assert_root(&m, 0xa000000);
	arch_deinit(&m.arch);
}

static void test_root_by_segments(void **state)
{
	const struct arch_segment segments[] = {
		{ .vaddr = 0, .paddr = 0, .memsz = GIB },
		{ .vaddr = 0x3ffe0100000, .paddr = 0x8100000, .memsz = 0x1f00000 },
		{ .vaddr = 0x3ffe0100000, .paddr = 0x9100000, .memsz = 0x2300000 },
		{ .vaddr = 0x3ffe0100000, .paddr = 0x8100000, .memsz = 0x2300000 },
	};
	struct machine m = { 0 };

	(void)state;
	/* One ends in front of the root, one is wrong. */
	assert_int_equal(machine_init_with(&m, segments, 3, VR_FACTS, VR_TABLES), -ENOENT);
	assert_int_equal(machine_init_with(&m, segments, 4, VR_FACTS, VR_TABLES), 0);
	assert_root(&m, 0xa000000);
	assert_int_equal(machine_init_with(&m, segments, 4, VR_FACTS VR_WRONG_OFFSETS, VR_TABLES),
			 0);
	assert_root(&m, 0xa000000);
	arch_deinit(&m.arch);
}

static void test_root_by_os_info(void **state)
{
	static const char *const bad[] = {
		OS_INFO_AT("8000", "ca610801"),		/* checksum */
		OS_INFO_AT("8008", "ca610800"),		/* its first word is no name */
		OS_INFO_AT("9000", "ca610800"),		/* no such memory */
		OS_INFO_AT("0", "ca610800"),
	};
	struct machine m = { 0 };
	char text[1000];

	(void)state;
	assert_int_equal(machine_init(&m, VR_FACTS, VR_TABLES OS_INFO), 0);
	assert_root(&m, 0xa000000);
	assert_int_equal(machine_init(&m, VR_FACTS VR_WRONG_OFFSETS, VR_TABLES OS_INFO), 0);
	assert_root(&m, 0xa000000);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), VR_TABLES "%s", bad[i]);
		assert_int_equal(machine_init(&m, VR_FACTS, text), -ENOENT);
		assert_non_null(strstr(err_text(-ENOENT), "os_info"));
	}
	/* It is no os_info without its name, whatever the checksum. */
	assert_int_equal(machine_init(&m, VR_FACTS, VR_TABLES
				      "e18 8000\n8000 4f53494e464f535b\n8008 ca61080000010001\n"
				      "80e8 3ffe0100000\n80f8 3ff\n8100 e240000000000000\n"
				      "8110 8100000\n"), -ENOENT);
	arch_deinit(&m.arch);
}

/* Old kernels have an os_info, too; it does not say where they are. */
static void test_root_in_place(void **state)
{
	const struct arch_segment s = { .vaddr = 0, .paddr = 0, .memsz = GIB };
	struct machine m = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, THREE_LEVELS
				      "e18 8000\n8000 4f53494e464f535a\n8008 0001000100010001\n"),
			 0);
	assert_int_equal(m.arch.root, 0x1004000);
	assert_int_equal(machine_init_with(&m, &s, 1, FACTS, THREE_LEVELS), 0);
	assert_int_equal(m.arch.root, 0x1004000);
	/* The image can be moved, but only with its addresses (KASLR). */
	assert_int_equal(machine_init(&m, "SYMBOL(swapper_pg_dir)=1004000\n"
				      "KERNELOFFSET=f00000\n", THREE_LEVELS), 0);
	assert_int_equal(m.arch.root, 0x1004000);
	arch_deinit(&m.arch);
}

static void test_missing_and_senseless_facts(void **state)
{
	struct machine m = { 0 };
	struct arch_run run;

	(void)state;
	assert_int_equal(machine_init(&m, "", THREE_LEVELS), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "SYMBOL(swapper_pg_dir)"));
	assert_int_equal(machine_init(&m, "SYMBOL(swapper_pg_dir)=1004008\n",
				      "1004008 10007\n10080 1003503\n"), -ENOENT);
	/* Nothing there; no memory there; something, but not the root. */
	assert_int_equal(machine_init(&m, FACTS, "1004008 10007\n"), -ENOENT);
	assert_int_equal(machine_init(&m, FACTS, ""), -ENOENT);
	assert_int_equal(machine_init(&m, FACTS, "1004000 10007\n10080 2003503\n"), -ENOENT);
	/* Then nothing is translated. */
	assert_int_equal(arch_translate(&m.arch, &m.mem, 0, &run), -ENOTSUP);

	/* A kernel of 31 bits. */
	m.arch.is64 = false;
	assert_int_equal(arch_init(&m.arch, &m.mem), -ENOTSUP);
	assert_non_null(strstr(err_text(-ENOTSUP), "31-bit"));
}

/* The file cannot be read: that is a hole, but the reason is not forgotten. */
static void test_read_error(void **state)
{
	struct machine m = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, THREE_LEVELS), 0);
	m.memory.err = -EIO;
	assert_hole(&m, 0, 2 * GIB);
	assert_text_has("the disk is on fire");
	m.memory.err = 0;
	arch_deinit(&m.arch);
}

static void test_tables_that_point_nowhere(void **state)
{
	struct machine m = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, "1004000 10007\n"
						 "1004008 7ffffff007\n"
						 "10000 7fffff800\n"
						 "10008 18000\n"
						 "10080 1003503\n"
						 "18000 ffffffffff13d\n"), 0);
	assert_hole(&m, 2 * GIB + 5, MIB - 5);
	assert_text_has("no memory at 0x7ffffff000");
	assert_hole(&m, 0x1234, 4096 - 0x234);
	assert_text_has("level 1");
	assert_mapped(&m, MIB, 0xffffffffff000, 4096);
	arch_deinit(&m.arch);
}

/* A table that is its own table is of one type only: the walk ends at the next level. */
static void test_tables_that_point_at_themselves(void **state)
{
	struct machine m = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, "1004000 10007\n"
						 "1004008 1004007\n"
						 "10080 1003503\n"), 0);
	m.memory.reads = 0;
	assert_hole(&m, 2 * GIB, MIB);
	assert_int_equal(m.memory.reads, 2);
	arch_deinit(&m.arch);
}

/* Processes: as many levels as each one's root says. */
static void test_processes(void **state)
{
	struct machine m = { 0 }, process;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, THREE_LEVELS
				      "20000 000000000000000020\n"	/* 2 levels */
				      "20008 0000000000018800\n"
				      "24000 2c\n"			/* 5 levels */
				      "24008 2800f\n"
				      "28000 2c00b\n"
				      "2c008 80000407\n"), 0);
	process = m;
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x20000, &process.arch), 0);
	assert_int_equal(process.arch.levels, 2);
	assert_mapped(&process, MIB + 0x1001, 0x777001, 4095);
	assert_hole(&process, 5, MIB - 5);
	assert_hole(&process, 2 * GIB, -(2 * GIB));

	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x24000, &process.arch), 0);
	assert_int_equal(process.arch.levels, 5);
	assert_mapped(&process, (UINT64_C(1) << 53) + 2 * GIB + 1, 2 * GIB + 1, 2 * GIB - 1);
	assert_hole(&process, 0, UINT64_C(1) << 53);
	assert_hole(&process, UINT64_MAX, 1);

	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x18810, &process.arch), 0);
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x18000, &process.arch), -EBADMSG);
	assert_non_null(strstr(err_text(-EBADMSG), "0x18000"));
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x90000, &process.arch), -EBADMSG);
	arch_deinit(&m.arch);
}

/*
 * A page of a process that was not used for a while is invalid but present, as software's
 * bit 0 says. In the kernel's own tables that does not count.
 */
static void test_old_pages(void **state)
{
	struct machine m = { 0 }, process;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, "1004000 10007\n"
						 "1004008 100002725\n"	/* old, 2 GiB */
						 "10000 18000\n"
						 "10008 602721\n"	/* old, 1 MiB */
						 "10010 700720\n"	/* no access */
						 "10018 18021\n"	/* no table */
						 "10080 1003503\n"
						 "18000 123611\n"	/* old */
						 "18008 124600\n"	/* swapped out */
						 "18010 400\n"
						 "18018 125211\n"), 0);
	process = m;
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x1004000, &process.arch), 0);
	assert_mapped(&process, 0, 0x123000, 4096);
	assert_hole(&process, 0x1000, 4096);
	assert_hole(&process, 0x2000, 4096);
	assert_mapped(&process, 0x3000, 0x125000, 4096);
	assert_mapped(&process, MIB, 6 * MIB, MIB);
	assert_hole(&process, 2 * MIB, MIB);
	assert_hole(&process, 3 * MIB, MIB);
	assert_mapped(&process, 2 * GIB, 4 * GIB, 2 * GIB);
	assert_hole(&m, 0, 4096);
	assert_mapped(&m, 0x3000, 0x125000, 4096);
	assert_hole(&m, MIB, MIB);
	assert_hole(&m, 2 * GIB, 2 * GIB);
	arch_deinit(&m.arch);
}

static void assert_image(struct machine *m, const char *facts, const char *memory, vaddr_t start,
			 vaddr_t end)
{
	vaddr_t got_start, got_end;

	assert_int_equal(machine_init(m, facts, memory), 0);
	m->arch.ops->kernel_image(&m->arch, &got_start, &got_end);
	assert_int_equal(got_start, start);
	assert_int_equal(got_end, end);
}

static void test_bounds_of_the_image(void **state)
{
	struct machine m = { 0 };
	vaddr_t start, end;

	(void)state;
	assert_image(&m, FACTS "SYMBOL(_stext)=100000\nSYMBOL(_end)=1812345\n", THREE_LEVELS,
		     0x100000, 0x1900000);
	/* A symbol at the very end is within. */
	assert_image(&m, FACTS "SYMBOL(_stext)=100000\nSYMBOL(_end)=1800000\n", THREE_LEVELS,
		     0x100000, 0x1900000);
	assert_image(&m, FACTS "SYMBOL(_stext)=100000\n", THREE_LEVELS, 0x100000, 0x10100000);
	assert_image(&m, FACTS "SYMBOL(_stext)=100000\nSYMBOL(_end)=80000000\n", THREE_LEVELS,
		     0x100000, 0x10100000);
	assert_image(&m, FACTS "SYMBOL(_stext)=100000\nSYMBOL(_end)=100000\n", THREE_LEVELS,
		     0x100000, 0x10100000);
	assert_image(&m, FACTS, THREE_LEVELS, 0, 0x11100000);
	assert_image(&m, VR_FACTS VR_OFFSETS "SYMBOL(_stext)=3ffe0100000\n", VR_TABLES OS_INFO,
		     0x3ffe0100000, 0x3ffe2500000);
	assert_image(&m, VR_FACTS VR_OFFSETS "SYMBOL(_stext)=3ffe0100000\n"
		     "SYMBOL(_end)=3ffe2212345\n", VR_TABLES OS_INFO,
		     0x3ffe0100000, 0x3ffe2300000);
	assert_image(&m, FACTS "SYMBOL(_stext)=ffffffffffffffff\n", THREE_LEVELS, 0, 0);
	assert_int_equal(machine_init(&m, "", ""), -ENOENT);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(start, 0);
	assert_int_equal(end, 0);
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* Whatever is in the tables: no more reads than levels, and a run within its page. */
static void test_random_tables(void **state)
{
	uint64_t seed = 1;
	unsigned int mapped = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct machine m = { 0 };
		struct arch process;
		struct arch_run run = { 0 };
		vaddr_t va = next_random(&seed) & 0xfff;
		int err;

		assert_int_equal(machine_init(&m, FACTS, "1004000 10007\n10080 1003503\n"), 0);
		for (size_t i = 0; i < 6; i++) {
			uint64_t entry = next_random(&seed) % 6 * 0x4000 + 0x20003;

			entry |= next_random(&seed) % 4 << 2;
			if (next_random(&seed) % 8 == 0)
				entry = next_random(&seed) << 32 | next_random(&seed);
			if (next_random(&seed) % 8 == 0)
				entry |= 0x400;
			m.memory.words[2 + i].addr = 0x20000 + 0x4000 * i;
			m.memory.words[2 + i].value = entry;
		}
		m.memory.nr_words = 8;
		if (arch_init_user(&m.arch, &m.mem, 0x20000, &process)) {
			arch_deinit(&m.arch);
			continue;
		}
		m.memory.reads = 0;
		err = arch_translate(&process, &m.mem, va, &run);
		assert_true(!err || err == -EFAULT);
		assert_in_range(m.memory.reads, 1, 5);
		assert_true(run.len >= 1 && run.len <= UINT64_C(1) << 53);
		if (!err)
			assert_true(run.paddr < UINT64_C(1) << 52);
		mapped += !err;
		arch_deinit(&m.arch);
	}
	/* Not for nothing. */
	assert_in_range(mapped, 1000, 19000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_levels),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_four_levels),
		cmocka_unit_test(test_parts_of_tables),
		cmocka_unit_test(test_senseless_entries),
		cmocka_unit_test(test_root_by_vmcoreinfo),
		cmocka_unit_test(test_root_by_segments),
		cmocka_unit_test(test_root_by_os_info),
		cmocka_unit_test(test_root_in_place),
		cmocka_unit_test(test_missing_and_senseless_facts),
		cmocka_unit_test(test_read_error),
		cmocka_unit_test(test_tables_that_point_nowhere),
		cmocka_unit_test(test_tables_that_point_at_themselves),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_old_pages),
		cmocka_unit_test(test_bounds_of_the_image),
		cmocka_unit_test(test_random_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
