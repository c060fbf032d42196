// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lower memory and page tables of 32-bit PowerPC.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>

#include "tests/unit/page_tables.h"

#define FACTS "SYMBOL(swapper_pg_dir)=c0010000\n"

static int machine_init(struct machine *m, const struct arch_segment *segments, size_t nr,
			unsigned int page_shift, const char *memory)
{
	const struct machine_kind kind = {
		.machine = EM_PPC, .big_endian = true, .page_shift = page_shift,
		.segments = segments, .nr_segments = nr,
	};

	machine_done(m);
	return machine_setup(m, &kind, FACTS, memory);
}

/*
 * A word has two entries of 4 bytes, the high half is the first. The root at 10000 has 1024 slots:
 * 0x344 is for d1000000, 0x3ff for ffc00000. Flags of Book3S: present 0, hashed 1.
 */
#define BOOK3S \
	"10d10 0001100000000000\n"	/* d1000000: a table */ \
	"10ff8 0000000000012000\n"	/* ffc00000, too */ \
	"11000 0012359700000002\n"	/* a page; one that was hashed, and is no more */ \
	"11008 fffff59300777596\n"	/* the highest page; not present */ \
	"12ff8 0000000000456597\n"

static void test_book3s(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, NULL, 0, 12, BOOK3S), 0);
	assert_int_equal(m.arch.root, 0x10000);
	assert_int_equal(m.arch.phys_base, 0);
	assert_mapped(&m, 0xd1000000, 0x123000, 4096);
	assert_mapped(&m, 0xd1002fff, 0xffffffff, 1);
	assert_mapped(&m, 0xffffffff, 0x456fff, 1);
	assert_hole(&m, 0xd1001000, 4096);
	assert_text_has("level 1");
	assert_hole(&m, 0xd1003005, 4096 - 5);
	/* Lower memory has no tables: as far as an entry of the root could reach. */
	assert_mapped(&m, 0xc0000000, 0, 4 * MIB);
	assert_mapped(&m, 0xc0412345, 0x412345, 4 * MIB - 0x12345);
	assert_mapped(&m, 0xefffffff, 0x2fffffff, 1);
	assert_hole(&m, 0xf0000000, 4 * MIB);
	assert_text_has("level 2");
	assert_hole(&m, 0xbfffffff, 1);
	assert_hole(&m, 4 * GIB, -4 * GIB);
}

/* Tables of a part of lower memory count: a kernel that debugs it unmaps pages. */
static void test_debugged(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, NULL, 0, 12, BOOK3S
				      "10c08 0001300000000000\n"	/* c0800000 */
				      "13000 0080059700801596\n"), 0);
	assert_mapped(&m, 0xc0800000, 0x800000, 4096);
	assert_hole(&m, 0xc0801000, 4096);
	assert_mapped(&m, 0xc0c00000, 0xc00000, 4 * MIB);
}

/* Entries of a page have 8 bytes: the root has 2048 slots, 0x688 is for d1000000. */
static void test_wide_pages(void **state)
{
	static const struct {
		const char *memory;
		paddr_t paddr;
	} kernels[] = {
		/* Book3S: tables are named by physical addresses. */
		{ "11a20 0001400000000000\n14000 0000000400123597\n", 0x400123000 },
		/* 44x: by virtual ones. The high half of an entry that maps nothing may stay. */
		{ "11a20 c001400000000000\n14000 000000040012305b\n14008 0000000400000000\n",
		  0x400123000 },
		/* 44x: the first page is one of a device, which the size of e500 is not. */
		{ "11a20 c001400000000000\n14000 000000040012355b\n", 0x400123000 },
		/* e500. */
		{ "11a20 c001400000000000\n14000 0000400123241115\n", 0x400123000 },
		/* Its first page is in the second table. */
		{ "11a20 c0014000c0015000\n14000 0000000000000000\n15000 0000400123241115\n", 0 },
		/* A root with entries of 8 bytes. */
		{ "13440 00000000c0018000\n18000 0000400123241115\n", 0x400123000 },
	};
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		assert_int_equal(machine_init(&m, NULL, 0, 12, kernels[i].memory), 0);
		if (kernels[i].paddr)
			assert_mapped(&m, 0xd1000003, kernels[i].paddr + 3, 4093);
		else
			assert_mapped(&m, 0xd1200000, 0x400123000, 4096);
		assert_hole(&m, 0xd1001000, 4096);
		assert_mapped(&m, 0xc0201000, 0x201000, 2 * MIB - 0x1000);
		assert_hole(&m, 0xffffffff, 1);
	}
}

/* Modules of newer Book3S kernels lie before lower memory: their entries tell no size. */
static void test_modules(void **state)
{
	static const char *const kernels[] = {
		BOOK3S "10bc0 0001100000000000\n",
		"11780 0001400000000000\n11a20 0001400000000000\n14000 0000000000123597\n",
	};
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		assert_int_equal(machine_init(&m, NULL, 0, 12, kernels[i]), 0);
		assert_mapped(&m, 0xbc000000, 0x123000, 4096);
		assert_mapped(&m, 0xd1000000, 0x123000, 4096);
		assert_hole(&m, 0xbc001000, 4096);
	}
}

/* A page that its process may not touch has only the second flag of e500. */
static void test_e500_narrow(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };
	struct arch user;
	struct arch_run run;

	(void)state;
	assert_int_equal(machine_init(&m, NULL, 0, 12,
				      "10d10 c001100000000000\n"
				      "11000 0012312f00777022\n"
				      "11008 0045600100000008\n"), 0);
	assert_mapped(&m, 0xd1000000, 0x123000, 4096);
	assert_mapped(&m, 0xd1002000, 0x456000, 4096);
	assert_hole(&m, 0xd1003000, 4096);
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x10000, &user), 0);
	assert_int_equal(arch_translate(&user, &m.mem, 0xd1001000, &run), 0);
	assert_int_equal(run.paddr, 0x777000);
	/* A process has no lower memory. */
	assert_int_equal(arch_translate(&user, &m.mem, 0xc0000000, &run), -EFAULT);
}

/* Pages of 64 KiB of 44x: the root has 8 slots, the last one is for e0000000. */
static void test_64k(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, NULL, 0, 16,
				      "10018 00000000c0020000\n"
				      "20008 000000040012005b\n"), 0);
	assert_mapped(&m, 0xe0010000, 0x400120000, 64 * KIB);
	assert_hole(&m, 0xe0000000, 64 * KIB);
	assert_mapped(&m, 0xc0000000, 0, 512 * MIB);
	assert_int_equal(machine_init(&m, NULL, 0, 18, ""), -ENOTSUP);
}

/* The PT_LOAD that has the root tells where memory begins; another one, where lower memory ends. */
static void test_segments(void **state)
{
	static const struct arch_segment segments[] = {
		{ UINT32_MAX, 0x3c000000, 64 * MIB },	/* of HIGHMEM */
		{ 0xc0000000, 0x4000000, 64 * MIB },
		{ 0xc4000000, 0x8000000, 0x34000000 },
	};
	static const struct arch_segment wild = { 0xc0000000, 0x7000000000000000, 64 * MIB };
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, segments, ARRAY_SIZE(segments), 12,
				      "4010d10 c001100000000000\n"
				      "4011000 0012312f00000000\n"), 0);
	assert_int_equal(m.arch.root, 0x4010000);
	assert_int_equal(m.arch.phys_base, 0x4000000);
	assert_mapped(&m, 0xd1000000, 0x123000, 4096);
	assert_mapped(&m, 0xf7ffffff, 0x3bffffff, 1);
	assert_hole(&m, 0xf8000000, 4 * MIB);
	/* No memory is so high. */
	assert_int_equal(machine_init(&m, &wild, 1, 12, BOOK3S), 0);
	assert_int_equal(m.arch.phys_base, 0);
}

/* Lower memory is found without the tables. */
static void test_damaged(void **state)
{
	struct machine m _cleanup_machine_ = { 0 };

	(void)state;
	assert_int_equal(machine_init(&m, NULL, 0, 12, ""), 0);
	assert_mapped(&m, 0xc0000000, 0, 2 * MIB);
	assert_hole(&m, 0xf0000000, 2 * MIB);
	assert_text_has("no memory at");
	/* Tables that are no tables, not there, or the root. */
	assert_int_equal(machine_init(&m, NULL, 0, 12, "10d10 0001180007777000\n"
						       "10d18 0001000100010000\n"), 0);
	assert_hole(&m, 0xd1000000, 4 * MIB);
	assert_hole(&m, 0xd1400000, 4096);
	assert_text_has("no memory at");
	assert_hole(&m, 0xd1800000, 4 * MIB);
	assert_hole(&m, 0xd1c00000, 4096);
}

static void test_refused(void **state)
{
	static const char *const facts[] = {
		"", "SYMBOL(swapper_pg_dir)=c0010004\n", "SYMBOL(swapper_pg_dir)=10000\n",
		"SYMBOL(swapper_pg_dir)=c000000000010000\n",
	};
	const struct machine_kind kind = {
		.machine = EM_PPC, .big_endian = true, .page_shift = 12,
	};
	struct machine m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		assert_int_equal(machine_setup(&m, &kind, facts[i], BOOK3S), -ENOENT);
		assert_non_null(strstr(err_text(-ENOENT), i ? "cannot be at" : "is missing"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_book3s),
		cmocka_unit_test(test_debugged),
		cmocka_unit_test(test_wide_pages),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_e500_narrow),
		cmocka_unit_test(test_64k),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
