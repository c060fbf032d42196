// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables of riscv64.
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

#define TIB (GIB << 10)

static const struct machine_kind kind = {
	.machine = EM_RISCV, .is64 = true, .page_shift = 12,
};

static int machine_init(struct machine *m, const char *facts, const char *memory)
{
	return machine_setup(m, &kind, facts, memory);
}

/* With what a dump has in its headers. */
static int machine_init_segments(struct machine *m, const char *facts,
				 const struct arch_segment *segments, size_t n)
{
	struct machine_kind k = kind;

	k.segments = segments;
	k.nr_segments = n;
	return machine_setup(m, &k, facts, "");
}

/* The image is linked to ffffffff80000000 and loaded to 80200000; the root is at 80201000. */
#define ROOT "SYMBOL(swapper_pg_dir)=ffffffff80001000\n"
#define FACTS_BUT_BITS \
	ROOT \
	"NUMBER(phys_ram_base)=2147483648\n" \
	"NUMBER(PAGE_OFFSET)=0xffffffd600000000\n" \
	"NUMBER(KERNEL_LINK_ADDR)=0xffffffff80000000\n" \
	"NUMBER(va_kernel_pa_offset)=0xfffffffeffe00000\n"
#define FACTS FACTS_BUT_BITS "NUMBER(VA_BITS)=39\n"

/*
 * Indices of ffffffd600000000: 344, 0, 0. An entry is the address shifted right by two, and
 * flags: 1 is a table, e7 data, ef code. Bits 61 and 62 are the type of memory.
 */
#define THREE_LEVELS \
	"80201ac0 0000000020100001\n"	/* slot 344 of level 3: table at 80400000 */ \
	"80201ac8 00000000300000e7\n"	/* slot 345: 3 GiB, 1 GiB page */ \
	"80201ad0 7fc00000400000e7\n"	/* slot 346: 4 GiB, type and reserved bits set */ \
	"80400000 0000000020100401\n"	/* slot 0 of level 2: table at 80401000 */ \
	"80400008 00000000201800e7\n"	/* slot 1: 80600000, 2 MiB page */ \
	"80400010 20000000202000e3\n"	/* slot 2: 80800000, read-only, no cache */ \
	"80400018 7fc0000020100401\n"	/* slot 3: slot 0's table, bits that do not count */ \
	"80401000 00000000208000ef\n"	/* slot 0 of level 1: 82000000 */ \
	"80401008 0000000020800469\n"	/* slot 1: 82001000, executable only */ \
	"80401010 4000000020800c67\n"	/* slot 2: 82003000, type of memory set */ \
	"80401ff8 003fffffffffffe7\n"	/* slot 511: the highest address */

static void test_three_levels(void **state)
{
	const vaddr_t base = 0xffffffd600000000;
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, THREE_LEVELS), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_int_equal(m.arch.root, 0x80201000);
	assert_int_equal(m.arch.phys_base, 0x80000000);
	assert_mapped(&m, base, 0x82000000, 4096);
	assert_mapped(&m, base + 0xff8, 0x82000ff8, 8);
	assert_mapped(&m, base + 0x1234, 0x82001234, 4096 - 0x234);
	assert_mapped(&m, base + 0x2000, 0x82003000, 4096);
	assert_mapped(&m, base + 0x1ff000, 0xfffffffffff000, 4096);
	assert_mapped(&m, base + 2 * MIB, 0x80600000, 2 * MIB);
	assert_mapped(&m, base + 2 * MIB + 0x12345, 0x80612345, 2 * MIB - 0x12345);
	assert_mapped(&m, base + 4 * MIB, 0x80800000, 2 * MIB);
	assert_mapped(&m, base + 6 * MIB, 0x82000000, 4096);
	assert_mapped(&m, base + GIB, 3 * GIB, GIB);
	assert_mapped(&m, base + 3 * GIB - 1, 5 * GIB - 1, 1);
}

/* As far as an entry reaches nothing is mapped. */
static void test_holes(void **state)
{
	const vaddr_t base = 0xffffffd600000000;
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, THREE_LEVELS), 0);
	assert_hole(&m, base + 0x3000, 4096);
	assert_text_has("level 1");
	assert_hole(&m, base + 0x3ffe, 2);
	assert_hole(&m, base + 8 * MIB + 0x100, 2 * MIB - 0x100);
	assert_text_has("level 2");
	assert_hole(&m, base + 3 * GIB + 4 * KIB, GIB - 4 * KIB);
	assert_text_has("level 3");
	assert_text_has("0xffffffd6c0001000");
	assert_hole(&m, base - 1, 1);
	assert_hole(&m, 0, GIB);
	assert_hole(&m, 0x3fffffffff, 1);
	/* The top of the address space. */
	assert_hole(&m, UINT64_MAX, 1);
	assert_hole(&m, 0xffffffffc0000000, GIB);
}

/* Valid is one bit; the other flags of an entry without it say nothing. */
static void test_not_valid(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, "80201000 00000000300000e6\n"
						 "80201008 20100001\n"
						 "80400000 fffffffffffffffe\n"
						 "80400008 20100401\n"
						 "80401000 208000e6\n"
						 /* A table after the last level. */
						 "80401008 20800001\n"
						 "80401010 20800031\n"), 0);
	assert_hole(&m, 0, GIB);
	assert_hole(&m, GIB, 2 * MIB);
	assert_hole(&m, GIB + 2 * MIB, 4096);
	assert_hole(&m, GIB + 2 * MIB + 4096, 4096);
	assert_hole(&m, GIB + 2 * MIB + 8192, 4096);
	assert_text_has("level 1");
}

static void assert_not_canonical(struct machine *m, vaddr_t va)
{
	struct arch_run run = { 0 };
	unsigned int reads = m->memory.reads;

	assert_int_equal(arch_translate(&m->arch, &m->mem, va, &run), -EFAULT);
	assert_true(run.len >= 1);
	assert_text_has("canonical");
	assert_int_equal(m->memory.reads, reads);
}

static void test_not_canonical(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, THREE_LEVELS), 0);
	assert_not_canonical(&m, 0x4000000000);
	assert_not_canonical(&m, 0xffffffbfffffffff);
	assert_hole(&m, 0x4000000000, 0xffffffc000000000 - 0x4000000000);
	assert_hole(&m, 0xffffffbfffffffff, 1);
	assert_not_canonical(&m, 0x7fffffd600000000);
	assert_not_canonical(&m, 0x00ffffd600000000);
}

/* ffffaf8000000000 has the indices 351, 0, 0, 0. */
#define FOUR_LEVELS \
	"80201af8 20100001\n"	/* slot 351 of level 4: table at 80400000 */ \
	"80201b00 e7\n"		/* slot 352: 512 GiB page at 0 */ \
	"80400000 20100401\n"	/* level 3: table at 80401000 */ \
	"80400008 300000e7\n"	/* 3 GiB, 1 GiB page */ \
	"80401000 20100801\n"	/* level 2: table at 80402000 */ \
	"80401008 201800e7\n"	/* 80600000, 2 MiB page */ \
	"80402000 208000e7\n"	/* level 1: 82000000 */

static void test_four_levels(void **state)
{
	const vaddr_t base = 0xffffaf8000000000;
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS_BUT_BITS "NUMBER(VA_BITS)=48\n", FOUR_LEVELS), 0);
	assert_int_equal(m.arch.levels, 4);
	assert_mapped(&m, base + 0x10, 0x82000010, 4096 - 0x10);
	assert_mapped(&m, base + 2 * MIB + 0x10, 0x80600010, 2 * MIB - 0x10);
	assert_mapped(&m, base + GIB, 3 * GIB, GIB);
	assert_mapped(&m, base + 512 * GIB + 0x123456789, 0x123456789, 512 * GIB - 0x123456789);
	assert_hole(&m, base + 2 * GIB, GIB);
	assert_hole(&m, base + TIB, 512 * GIB);
	assert_text_has("level 4");
	assert_not_canonical(&m, 0x800000000000);
	assert_not_canonical(&m, 0xff60000000000000);
}

/* ff60000000000000 has the indices 352, 0, 0, 0, 0. */
static void test_five_levels(void **state)
{
	const vaddr_t base = 0xff60000000000000;
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS_BUT_BITS "NUMBER(VA_BITS)=57\n",
				      "80201b00 20100001\n"	/* level 5: 80400000 */
				      "80201b08 e7\n"		/* 256 TiB page at 0 */
				      "80400000 20100401\n"	/* level 4: 80401000 */
				      "80400008 e7\n"		/* 512 GiB page at 0 */
				      "80401000 20100801\n"	/* level 3: 80402000 */
				      "80402000 20100c01\n"	/* level 2: 80403000 */
				      "80403000 208000e7\n"), 0);
	assert_int_equal(m.arch.levels, 5);
	assert_mapped(&m, base + 0x10, 0x82000010, 4096 - 0x10);
	assert_mapped(&m, base + 512 * GIB, 0, 512 * GIB);
	assert_mapped(&m, base + 256 * TIB + 5, 5, 256 * TIB - 5);
	assert_hole(&m, base + TIB, 512 * GIB);
	assert_hole(&m, base + 512 * TIB, 256 * TIB);
	assert_text_has("level 5");
	assert_not_canonical(&m, 0x0100000000000000);
	assert_not_canonical(&m, 0xfeffffffffffffff);
}

/* 16 entries that all say the same make 64 KiB. */
static void test_napot(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS,
				      "80201000 20100001\n"
				      "80400000 20100401\n"
				      /* 2 MiB: not further up, nor at such an address. */
				      "80400008 80000000202020e7\n"
				      "80401000 80000000208420e7\n"	/* 82100000 */
				      "80401078 80000000208420e7\n"
				      /* Low bits that stand for no size: T-Head's I/O. */
				      "80401080 80000000208440e7\n"	/* 82110000 */
				      "80401088 80000000208444e7\n"
				      /* Just the low bits. */
				      "80401100 00000000208420e7\n"), 0);
	assert_mapped(&m, 0, 0x82100000, 64 * KIB);
	assert_mapped(&m, 0x123, 0x82100123, 64 * KIB - 0x123);
	assert_mapped(&m, 0xf001, 0x8210f001, 0xfff);
	assert_mapped(&m, 0x10000, 0x82110000, 4096);
	assert_mapped(&m, 0x11000, 0x82111000, 4096);
	assert_mapped(&m, 0x20000, 0x82108000, 4096);
	assert_hole(&m, 2 * MIB, 2 * MIB);
	assert_text_has("is no multiple of its page's size");
}

/* With KASLR the image is higher than it was linked to; the offset is of this boot. */
static void test_kaslr(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, "SYMBOL(swapper_pg_dir)=ffffffff9e001000\n"
					  "NUMBER(phys_ram_base)=2147483648\n"
					  "NUMBER(PAGE_OFFSET)=0xffffffd600000000\n"
					  "NUMBER(KERNEL_LINK_ADDR)=0xffffffff80000000\n"
					  "NUMBER(va_kernel_pa_offset)=0xffffffff1de00000\n"
					  "NUMBER(VA_BITS)=39\n", ""), 0);
	assert_int_equal(m.arch.root, 0x80201000);
}

/* Use the dump's headers for a kernel that exports nothing. */
static void test_segments(void **state)
{
	static const struct arch_segment three[] = {
		{ .vaddr = 0xffffffff80000000, .paddr = 0x80200000, .memsz = 32 * MIB },
		{ .vaddr = 0xffffffe000e00000, .paddr = 0x81000000, .memsz = GIB },
		{ .vaddr = 0xffffffe000000000, .paddr = 0x80200000, .memsz = 8 * MIB },
	}, four[] = {
		{ .vaddr = 0xffffffff80000000, .paddr = 0x80200000, .memsz = 32 * MIB },
		{ .vaddr = 0xffffaf8000000000, .paddr = 0x80200000, .memsz = GIB },
	}, five[] = {
		{ .vaddr = 0xff60000000000000, .paddr = 0x80200000, .memsz = GIB },
		{ .vaddr = 0xffffffff80000000, .paddr = 0x80200000, .memsz = 32 * MIB },
	}, user = { .vaddr = 0x1000, .paddr = 0x80200000, .memsz = GIB };
	struct machine m;

	(void)state;
	assert_int_equal(machine_init_segments(&m, ROOT, three, 3), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_int_equal(m.arch.root, 0x80201000);
	assert_int_equal(m.arch.phys_base, 0x80200000);
	assert_int_equal(machine_init_segments(&m, ROOT, four, 2), 0);
	assert_int_equal(m.arch.levels, 4);
	assert_int_equal(machine_init_segments(&m, ROOT, five, 2), 0);
	assert_int_equal(m.arch.levels, 5);
	/* A kernel that lies in the linear map. */
	assert_int_equal(machine_init_segments(&m, "SYMBOL(swapper_pg_dir)=ffffffe000e05000\n",
					       three, 3), 0);
	assert_int_equal(m.arch.root, 0x81005000);
	/* The image alone does not tell the number of levels. */
	assert_int_equal(machine_init_segments(&m, ROOT, three, 1), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "NUMBER(VA_BITS)"));
	assert_int_equal(machine_init_segments(&m, ROOT, &user, 1), -ENOENT);
	/* The offset is believed before the segments, the exported mode too. */
	assert_int_equal(machine_init_segments(&m, FACTS, five, 2), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_int_equal(m.arch.phys_base, 0x80000000);
	assert_int_equal(machine_init_segments(&m, ROOT
					       "NUMBER(va_kernel_pa_offset)=0xfffffffefee00000\n",
					       four, 2), 0);
	assert_int_equal(m.arch.root, 0x81201000);
}

/* Without segments: by the linear map, if that is where the kernel is. */
static void test_linear_map(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, "SYMBOL(swapper_pg_dir)=ffffffe000e05000\n"
					  "NUMBER(PAGE_OFFSET)=0xffffffe000000000\n"
					  "NUMBER(phys_ram_base)=2149580800\n", ""), 0);
	assert_int_equal(m.arch.levels, 3);
	assert_int_equal(m.arch.root, 0x81005000);
	assert_int_equal(machine_init(&m, "SYMBOL(swapper_pg_dir)=ffffffe000e05000\n"
					  "NUMBER(PAGE_OFFSET)=0xffffffe000000000\n", ""), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "NUMBER(phys_ram_base)"));
}

static void assert_missing(const char *facts, const char *what)
{
	struct arch_run run;
	struct machine m;

	assert_int_equal(machine_init(&m, facts, ""), -ENOENT);
	if (!strstr(err_text(-ENOENT), what))
		fail_msg("\"%s\" does not say \"%s\"", err_text(-ENOENT), what);
	/* Then nothing is translated. */
	assert_int_equal(arch_translate(&m.arch, &m.mem, 0, &run), -ENOTSUP);
}

static void test_missing_and_senseless_facts(void **state)
{
	struct machine_kind narrow = kind;
	struct machine m;

	(void)state;
	assert_missing("NUMBER(VA_BITS)=39\n", "SYMBOL(swapper_pg_dir)");
	assert_missing(ROOT, "NUMBER(VA_BITS)");
	assert_missing(ROOT "NUMBER(VA_BITS)=47\n", "VA_BITS");
	assert_missing(ROOT "NUMBER(VA_BITS)=4294967335\n", "VA_BITS");
	assert_missing(ROOT "NUMBER(VA_BITS)=39\n", "NUMBER(va_kernel_pa_offset)");
	assert_missing(ROOT "NUMBER(PAGE_OFFSET)=0x8000\n", "0x8000");
	assert_missing("SYMBOL(swapper_pg_dir)=ffffffff80001008\n"
		       "NUMBER(va_kernel_pa_offset)=0xfffffffeffe00000\n"
		       "NUMBER(VA_BITS)=39\n", "0xffffffff80001008");
	assert_missing("SYMBOL(swapper_pg_dir)=1000\n"
		       "NUMBER(PAGE_OFFSET)=0xffffffe000000000\n"
		       "NUMBER(phys_ram_base)=0\n"
		       "NUMBER(VA_BITS)=39\n", "0x1000");
	/* The same machine number stands for 32-bit ones. */
	narrow.is64 = false;
	assert_int_equal(machine_setup(&m, &narrow, FACTS, ""), -ENOTSUP);
	assert_non_null(strstr(err_text(-ENOTSUP), "32-bit"));
}

static void test_tables_that_point_nowhere(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS, ""), 0);
	assert_hole(&m, 0x1234, GIB - 0x1234);
	assert_text_has("no memory at 0x80201000");
	assert_int_equal(machine_init(&m, FACTS, "80201000 003ffffffffffc01\n"
						 "80201008 20100001\n"
						 "80400000 20fffc01\n"), 0);
	assert_hole(&m, 0, 2 * MIB);
	assert_text_has("level 2");
	assert_hole(&m, GIB + 5, 4096 - 5);
	assert_text_has("level 1");
	m.memory.err = -EIO;
	assert_hole(&m, 0, GIB);
	assert_text_has("the disk is on fire");
}

/* Use what the kernel tells of its image and of the linear map. */
static void test_tables_that_are_missing(void **state)
{
	static const char facts[] = FACTS "NUMBER(MODULES_VADDR)=0xffffffff1fa00000\n"
					  "NUMBER(MODULES_END)=0xffffffff9e000000\n";
	const vaddr_t base = 0xffffffd600000000;
	struct arch process;
	struct arch_run run;
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, facts, ""), 0);
	assert_mapped(&m, base, 0x80000000, 4096);
	assert_mapped(&m, base + 5 * GIB + 0x123, 0x80000000 + 5 * GIB + 0x123, 4096 - 0x123);
	assert_mapped(&m, 0xffffffff1f9ff000, 0x299f9ff000, 4096);
	assert_mapped(&m, 0xffffffff9e000010, 0x9e200010, 4096 - 0x10);
	assert_mapped(&m, 0xffffffff9f9ff000, 0x9fbff000, 4096);
	/* Other memory, that of modules before the image, and what follows it. */
	assert_hole(&m, base - 1, 1);
	assert_text_has("no memory at 0x80201ab8");
	assert_hole(&m, 0x1000, GIB - 0x1000);
	assert_hole(&m, 0xffffffff1fa00000, 0xffffffff40000000 - 0xffffffff1fa00000);
	assert_hole(&m, 0xffffffff9fa00000, 0xffffffffc0000000 - 0xffffffff9fa00000);
	/* Addresses without memory end where the kernel tells of others. */
	assert_hole(&m, 0xffffffff9dfff000, 4096);
	/* A table further down; entries that can be read are right. */
	assert_int_equal(machine_init(&m, facts, "80201ac0 20fffc01\n80201ac8 0\n"), 0);
	assert_mapped(&m, base, 0x80000000, 4096);
	assert_hole(&m, base + GIB, GIB);
	/* A process has other mappings, and not each kernel tells. */
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x90000000, &process), 0);
	assert_int_equal(arch_translate(&process, &m.mem, base, &run), -EFAULT);
	assert_int_equal(machine_init(&m, FACTS, ""), 0);
	assert_hole(&m, base, GIB);
}

/* A table that is its own table: it is no page, and there are no more levels than that. */
static void test_tables_that_point_at_themselves(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, FACTS_BUT_BITS "NUMBER(VA_BITS)=57\n",
				      "80201000 20080401\n"), 0);
	assert_hole(&m, 0x10, 4096 - 0x10);
	assert_int_equal(m.memory.reads, 5);
}

static void assert_image(const char *facts, vaddr_t start, vaddr_t end)
{
	vaddr_t is_start, is_end;
	struct machine m;

	machine_init(&m, facts, "");
	m.arch.ops->kernel_image(&m.arch, &is_start, &is_end);
	assert_int_equal(is_start, start);
	assert_int_equal(is_end, end);
}

static void test_bounds_of_the_image(void **state)
{
	(void)state;
	assert_image("", 0xffffffff80000000, 0xfffffffffffff000);
	assert_image(FACTS, 0xffffffff80000000, 0xfffffffffffff000);
	assert_image(FACTS "NUMBER(MODULES_VADDR)=0xffffffff01a00000\n"
			   "NUMBER(MODULES_END)=0xffffffff80000000\n",
		     0xffffffff80000000, 0xffffffff81a00000);
	/* KASLR: modules lie in the map, too. */
	assert_image(FACTS "NUMBER(MODULES_VADDR)=0xffffffff1fa00000\n"
			   "NUMBER(MODULES_END)=0xffffffff9e000000\n",
		     0xffffffff9e000000, 0xffffffff9fa00000);
	/* Never backwards, never outside the map. */
	assert_image(FACTS "NUMBER(MODULES_VADDR)=0xffffffff10000000\n"
			   "NUMBER(MODULES_END)=0xffffffff9e000000\n",
		     0xffffffff9e000000, 0xfffffffffffff000);
	assert_image(FACTS "NUMBER(MODULES_VADDR)=0x7fffffffffffffff\n"
			   "NUMBER(MODULES_END)=-1\n",
		     0xfffffffffffff000, 0xfffffffffffff000);
	assert_image(FACTS "NUMBER(MODULES_VADDR)=0xffffffff7fffffff\n",
		     0xffffffff80000000, 0xfffffffffffff000);
	assert_image(FACTS "NUMBER(MODULES_END)=1\n", 0xffffffff80000000, 0xfffffffffffff000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_levels),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_not_valid),
		cmocka_unit_test(test_not_canonical),
		cmocka_unit_test(test_four_levels),
		cmocka_unit_test(test_five_levels),
		cmocka_unit_test(test_napot),
		cmocka_unit_test(test_kaslr),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_linear_map),
		cmocka_unit_test(test_missing_and_senseless_facts),
		cmocka_unit_test(test_tables_that_point_nowhere),
		cmocka_unit_test(test_tables_that_are_missing),
		cmocka_unit_test(test_tables_that_point_at_themselves),
		cmocka_unit_test(test_bounds_of_the_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
