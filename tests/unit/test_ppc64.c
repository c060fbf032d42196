// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables of ppc64, and the list of its memory map, in both byte orders.
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
#define LINEAR UINT64_C(0xc000000000000000)
#define VIRT UINT64_C(0xc008000000000000)
#define VMEMMAP UINT64_C(0xc00c000000000000)

/* Kernels: the byte order, and the size of pages. */
enum kind { BE_64K, LE_64K, BE_4K, LE_4K, LE_16K };

static const struct {
	bool big_endian;
	unsigned int page_shift;
} kinds[] = {
	[BE_64K] = { true, 16 },
	[LE_64K] = { false, 16 },
	[BE_4K] = { true, 12 },
	[LE_4K] = { false, 12 },
	[LE_16K] = { false, 14 },
};

/*
 * Page tables are big-endian also in a kernel that is not; all the rest has its order.
 * @return what arch_init() says
 */
static int machine_init(struct machine *m, enum kind k, const char *facts,
			const char *variables, const char *tables)
{
	const struct machine_kind kind = {
		.machine = EM_PPC64, .is64 = true, .big_endian = kinds[k].big_endian,
		.page_shift = kinds[k].page_shift,
	};
	int err = machine_setup(m, &kind, facts, variables);
	struct memory t;

	memory_init(&t, tables);
	for (size_t i = 0; i < t.nr_words; i++) {
		if (!kinds[k].big_endian)
			t.words[i].value = __builtin_bswap64(t.words[i].value);
		assert_true(m->memory.nr_words < WORDS_MAX);
		m->memory.words[m->memory.nr_words++] = t.words[i];
	}
	return err;
}

/* @return what arch_init_late() says */
static int machine_open(struct machine *m, enum kind k, const char *facts,
			const char *variables, const char *tables)
{
	assert_int_equal(machine_init(m, k, facts, variables, tables), 0);
	return arch_init_late(&m->arch, &m->mem);
}

static void machine_close(struct machine *m)
{
	arch_deinit(&m->arch);
	assert_null(m->arch.state);
}

static void assert_cannot(enum kind k, const char *facts, const char *variables, int err,
			  const char *what)
{
	struct machine m;

	assert_int_equal(machine_open(&m, k, facts, variables, ""), err);
	if (!strstr(err_text(err), what))
		fail_msg("\"%s\" does not say \"%s\"", err_text(err), what);
	/* The kernel image can be looked at nevertheless. */
	assert_int_equal(arch_translate(&m.arch, &m.mem, LINEAR + 0x1234, &(struct arch_run){ 0 }),
			 0);
	machine_close(&m);
}

#define ROOT "SYMBOL(swapper_pg_dir)=c000000000010000\n"
#define RADIX ROOT "NUMBER(RADIX_MMU)=1\n"
#define HASH ROOT "NUMBER(RADIX_MMU)=0\n"

/* Before anything is known, and whatever the mode is later. */
static void test_linear_map(void **state)
{
	static const struct {
		const char *facts;
		enum kind kind;
		vaddr_t end;
	} modes[] = {
		{ RADIX, BE_64K, VIRT },
		{ RADIX, BE_4K, VIRT },
		{ HASH, LE_64K, VIRT },
		{ HASH, BE_4K, 0xc000100000000000 },
	};
	struct machine m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(machine_init(&m, modes[i].kind, "", "", ""), 0);
		assert_mapped(&m, LINEAR, 0, 16 * TIB);
		assert_mapped(&m, LINEAR + 0x12345678, 0x12345678, 16 * TIB - 0x12345678);
		assert_hole(&m, VIRT + 5, (UINT64_C(1) << kinds[modes[i].kind].page_shift) - 5);
		assert_text_has("SYMBOL(__pte_index_size)");
		machine_close(&m);
		assert_int_equal(machine_open(&m, modes[i].kind, modes[i].facts, "", ""), 0);
		assert_mapped(&m, LINEAR + 0x12345678, 0x12345678,
			      modes[i].end - LINEAR - 0x12345678);
		assert_mapped(&m, modes[i].end - 1, modes[i].end - LINEAR - 1, 1);
		/* Addresses below the linear map are not the kernel's. */
		assert_hole(&m, LINEAR - 1, 1);
		assert_hole(&m, 0x10, LINEAR - 0x10);
		/* c008... without its region; the tables have it in the same slot. */
		assert_hole(&m, 0x0008000000000000, LINEAR - 0x0008000000000000);
		assert_int_equal(m.memory.reads, 0);
		machine_close(&m);
	}
}

/*
 * Slots of c008000000000000: 4096, 0, 0, 0. Of a pointer to a table the lowest bits are the
 * size of that; none of the last eight is address.
 */
#define RADIX_UPPER \
	"18000 80000000000200e9\n"	/* slot 4096 of level 4: table at 20000 */ \
	"18008 c000000000000187\n"	/* slot 4097: no page is so large */ \
	"20000 8000000000021009\n"	/* slot 0 of level 3 */ \
	"20008 c000000040000187\n"	/* slot 1: 1 GiB page at 1 GiB */ \
	"20010 fee00000c0000187\n"	/* slot 2: 3 GiB, bits that are no address */ \
	"21008 c000000000600187\n"	/* slot 1 of level 2: 2 MiB page at 6 MiB */ \
	"21010 0000000000022005\n"	/* slot 2: not present */ \
	"21018 4000000000600187\n"	/* slot 3: neither */

static void test_radix_64k(void **state)
{
	struct machine m;

	(void)state;
	for (enum kind i = BE_64K; i <= LE_64K; i++) {
		assert_int_equal(machine_open(&m, i, RADIX, "", RADIX_UPPER
					      "21000 8000000000022105\n"
					      "22100 c000000001230187\n"
					      "22108 8000000001250187\n"
					      "22110 4000000001260187\n"
					      "221f8 c01fffffffff0187\n"), 0);
		assert_int_equal(m.arch.root, 0x10000);
		assert_int_equal(m.arch.levels, 4);
		assert_mapped(&m, VIRT, 0x1230000, 64 * KIB);
		assert_mapped(&m, VIRT + 0x1234, 0x1231234, 64 * KIB - 0x1234);
		assert_mapped(&m, VIRT + 0x10000, 0x1250000, 64 * KIB);
		assert_mapped(&m, VIRT + 0x1fffff, 0x1fffffffffffff, 1);
		assert_mapped(&m, VIRT + 2 * MIB + 1, 6 * MIB + 1, 2 * MIB - 1);
		assert_mapped(&m, VIRT + GIB, GIB, GIB);
		assert_mapped(&m, VIRT + 2 * GIB + 5, 3 * GIB + 5, GIB - 5);
		assert_hole(&m, VIRT + 0x20000, 64 * KIB);
		assert_text_has("level 1");
		assert_hole(&m, VIRT + 0x30004, 64 * KIB - 4);
		assert_hole(&m, VIRT + 4 * MIB, 2 * MIB);
		assert_text_has("level 2");
		assert_hole(&m, VIRT + 6 * MIB, 2 * MIB);
		assert_hole(&m, VIRT + 3 * GIB + 1, GIB - 1);
		assert_text_has("level 3");
		assert_hole(&m, VIRT + 512 * GIB, 512 * GIB);
		assert_text_has("level 4");
		assert_hole(&m, VIRT + TIB, 512 * GIB);
		assert_hole(&m, 0xc00fffffffffffff, 1);
		/* 52 bits count. */
		assert_hole(&m, 0xc018000000000000, -UINT64_C(0xc018000000000000));
		assert_hole(&m, 0xd008000000000000, -UINT64_C(0xd008000000000000));
		assert_hole(&m, UINT64_MAX, 1);
		machine_close(&m);
	}
}

static void test_radix_4k(void **state)
{
	struct machine m;

	(void)state;
	for (enum kind i = BE_4K; i <= LE_4K; i++) {
		assert_int_equal(machine_open(&m, i, RADIX, "", RADIX_UPPER
					      "21000 8000000000022009\n"
					      "22000 c000000001230187\n"
					      "22008 c000000001251187\n"
					      "22ff8 c01ffffffffff187\n"), 0);
		assert_mapped(&m, VIRT + 0x10, 0x1230010, 4096 - 0x10);
		assert_mapped(&m, VIRT + 0x1000, 0x1251000, 4096);
		assert_mapped(&m, VIRT + 0x1fffff, 0x1fffffffffffff, 1);
		assert_mapped(&m, VIRT + 2 * MIB, 6 * MIB, 2 * MIB);
		assert_mapped(&m, VIRT + GIB, GIB, GIB);
		assert_hole(&m, VIRT + 0x2000, 4096);
		assert_hole(&m, VIRT + 512 * GIB, 512 * GIB);
		machine_close(&m);
	}
}

/*
 * Slots of c008000000000000 with 64 KiB pages: 128, 0, 0, 0; a table of the last level maps
 * 16 MiB, of the next 16 GiB, 16 TiB.
 */
static void test_hash_64k(void **state)
{
	struct machine m;

	(void)state;
	for (enum kind i = BE_64K; i <= LE_64K; i++) {
		assert_int_equal(machine_open(&m, i, HASH, "",
					      /* Such pointers had no flags at first. */
					      "10400 8000000000020000\n"
					      "10408 c000000000020000\n"
					      "20000 0000000000022000\n"
					      "20008 c000000000000187\n"
					      /* A directory of huge pages. */
					      "20010 8000000000022024\n"
					      "22000 0000000000024800\n"
					      "22008 c000000001000187\n"
					      "22010 4000000001000187\n"
					      /* Bits for the hash table, above the address. */
					      "24800 c5e0000001233187\n"
					      "24808 c5e0000001250187\n"
					      "24810 0000000001250187\n"), 0);
		assert_mapped(&m, VIRT + 0x1234, 0x1231234, 64 * KIB - 0x1234);
		assert_mapped(&m, VIRT + 0x10000, 0x1250000, 64 * KIB);
		assert_mapped(&m, VIRT + 16 * MIB + 7, 16 * MIB + 7, 16 * MIB - 7);
		assert_mapped(&m, VIRT + 16 * GIB, 0, 16 * GIB);
		assert_hole(&m, VIRT + 0x20000, 64 * KIB);
		assert_hole(&m, VIRT + 32 * MIB, 16 * MIB);
		assert_text_has("level 2");
		assert_hole(&m, VIRT + 48 * MIB, 16 * MIB);
		assert_hole(&m, VIRT + 32 * GIB + 1, 16 * GIB - 1);
		assert_text_has("level 3");
		/* Only a page can be marked so. */
		assert_hole(&m, VIRT + 16 * TIB, 16 * TIB);
		assert_text_has("level 4");
		assert_hole(&m, 0xc00fffffffffffff, 1);
		assert_hole(&m, 0xc010000000000000, -UINT64_C(0xc010000000000000));
		machine_close(&m);
	}
}

/* c0003d0000000000 has the slots 488, 0, 0, 0; the kernel says that it begins there. */
static void test_hash_4k(void **state)
{
	const vaddr_t virt = 0xc0003d0000000000;
	struct machine m;

	(void)state;
	for (enum kind i = BE_4K; i <= LE_4K; i++) {
		assert_int_equal(machine_open(&m, i, HASH
					      "SYMBOL(__kernel_virt_start)=c000000000001008\n",
					      "1008 c0003d0000000000\n",
					      "10f40 8000000000020000\n"
					      "20000 8000000000021000\n"
					      "21000 8000000000022000\n"
					      "213f8 8000000000022000\n"
					      "22000 c1e0000001233187\n"), 0);
		assert_mapped(&m, virt - 1, 0x3cffffffffff, 1);
		assert_mapped(&m, virt + 0x123, 0x1233123, 4096 - 0x123);
		assert_mapped(&m, virt + 254 * MIB, 0x1233000, 4096);
		assert_hole(&m, virt + 0x1000, 4096);
		assert_hole(&m, virt + 2 * MIB, 2 * MIB);
		assert_hole(&m, virt + 256 * MIB, 256 * MIB);
		assert_hole(&m, virt + 128 * GIB, 128 * GIB);
		assert_hole(&m, 0xc000400000000000, -UINT64_C(0xc000400000000000));
		machine_close(&m);
	}
}

#define SIZES \
	"SYMBOL(__pte_index_size)=c000000000001000\n" \
	"SYMBOL(__pmd_index_size)=c000000000001008\n" \
	"SYMBOL(__pud_index_size)=c000000000001010\n" \
	"SYMBOL(__pgd_index_size)=c000000000001018\n"

/* A kernel of before 5.2: it has regions of their own, and other sizes, which it tells. */
static void test_sizes_that_the_kernel_tells(void **state)
{
	const vaddr_t virt = 0xd000000000000000;
	struct machine m;

	(void)state;
	for (enum kind i = BE_64K; i <= LE_64K; i++) {
		assert_int_equal(machine_open(&m, i, ROOT SIZES
					      "SYMBOL(__kernel_virt_start)=c000000000001020\n",
					      "1000 8\n1008 5\n1010 5\n1018 c\n"
					      "1020 d000000000000000\n",
					      "10000 20000\n"
					      "20008 21000\n"
					      "21010 22000\n"
					      "22018 c000000001230187\n"), 0);
		assert_mapped(&m, 0xcfffffffffffffff, 0xfffffffffffffff, 1);
		assert_mapped(&m, virt + 544 * MIB + 0x30005, 0x1230005, 64 * KIB - 5);
		assert_hole(&m, virt, 512 * MIB);
		assert_hole(&m, virt + GIB, 512 * MIB);
		assert_hole(&m, virt + 16 * GIB, 16 * GIB);
		assert_hole(&m, virt + 64 * TIB, -(virt + 64 * TIB));
		assert_hole(&m, 0xf000000000000000, UINT64_C(1) << 60);
		machine_close(&m);
	}
	/* Invalid sizes are ignored, and those of today's kernels used. */
	for (size_t i = 0; i < 4; i++) {
		static const char *const bad[] = {
			"1000 8\n1008 0\n1010 5\n1018 c\n", "1000 8\n1008 a\n1010 10\n1018 8\n",
			"1000 f\n1008 f\n1010 f\n1018 f\n", "2000 8\n",
		};

		assert_int_equal(machine_open(&m, BE_64K, HASH SIZES, bad[i],
					      "10400 8000000000020000\n"), 0);
		assert_hole(&m, VIRT, 16 * GIB);
		assert_text_has("no memory at 0x20000");
		machine_close(&m);
	}
	for (size_t i = 0; i < 3; i++) {
		static const char *const bad[] = {
			"1020 0\n", "1020 c000000000100000\n", "1020 ffffffffffff0000\n",
		};

		assert_int_equal(machine_open(&m, BE_64K, HASH
					      "SYMBOL(__kernel_virt_start)=c000000000001020\n",
					      bad[i], "10400 0\n"), 0);
		assert_mapped(&m, VIRT - 1, VIRT - LINEAR - 1, 1);
		assert_hole(&m, VIRT, 16 * TIB);
		machine_close(&m);
	}
	/* The radix MMU has but one. */
	assert_int_equal(machine_open(&m, BE_64K, RADIX SIZES, "1000 8\n1008 5\n1010 5\n1018 c\n",
				      "18000 8000000000020009\n"), 0);
	assert_hole(&m, VIRT, GIB);
	assert_text_has("no memory at 0x20000");
	machine_close(&m);
}

#define CPU \
	"SYMBOL(cur_cpu_spec)=c000000000002000\n" \
	"OFFSET(cpu_spec.mmu_features)=12\n"

static void test_which_mmu(void **state)
{
	static const struct {
		const char *facts, *variables;
		uint64_t hole;		/* of an empty top table */
	} modes[] = {
		{ RADIX, "", 512 * GIB },
		{ HASH, "", 16 * TIB },
		/* The number is believed before the features. */
		{ HASH CPU, "2000 c000000000002100\n2108 7c006e41\n", 16 * TIB },
		{ ROOT CPU, "2000 c000000000002100\n2108 7c006e41\n", 512 * GIB },
		{ ROOT CPU, "2000 c000000000002100\n2108 7c006e40\n", 512 * GIB },
		{ ROOT CPU SIZES, "2000 c000000000002100\n2108 7c006e01\n"
				  "1000 8\n1008 a\n1010 a\n1018 8\n", 16 * TIB },
		/* Neither is known: the sizes tell. */
		{ ROOT SIZES, "1000 5\n1008 9\n1010 9\n1018 d\n", 512 * GIB },
		{ ROOT SIZES, "1000 8\n1008 a\n1010 a\n1018 8\n", 16 * TIB },
		/* The sizes decide, too, if the features cannot be read. */
		{ ROOT CPU SIZES, "2000 1000\n1000 5\n1008 9\n1010 9\n1018 d\n", 512 * GIB },
		{ ROOT CPU SIZES, "2000 ffffffffffffffff\n1000 8\n1008 a\n1010 a\n1018 8\n",
		  16 * TIB },
	};
	struct machine m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		/* Words are 8 bytes: where the 4 of the features are in theirs. */
		assert_int_equal(machine_open(&m, BE_64K, modes[i].facts, modes[i].variables,
					      "10000 0\n"), 0);
		assert_hole(&m, VIRT, modes[i].hole);
		machine_close(&m);
	}
	/* Hash, but the sizes of the tables are unknown: no tables. */
	assert_int_equal(machine_open(&m, BE_64K, ROOT CPU,
				      "2000 c000000000002100\n2108 7c006e01\n", ""), 0);
	assert_hole(&m, VIRT + 1, 64 * KIB - 1);
	assert_text_has("SYMBOL(__pte_index_size)");
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x10000, &(struct arch){ 0 }), -ENOTSUP);
	machine_close(&m);
	/* Nothing tells but the first entry of the tables, which is that of the linear map. */
	assert_int_equal(machine_open(&m, BE_64K, ROOT, "", "10000 80000000000200ad\n"), 0);
	assert_hole(&m, VIRT, 512 * GIB);
	machine_close(&m);
	/* A machine of another kind. */
	assert_cannot(BE_64K, ROOT CPU, "2000 c000000000002100\n2108 90\n", -ENOTSUP,
		      "features 0x90");
}

static void test_missing_and_senseless_facts(void **state)
{
	(void)state;
	assert_cannot(BE_64K, ROOT, "", -ENOENT, "NUMBER(RADIX_MMU)");
	assert_cannot(BE_64K, "NUMBER(RADIX_MMU)=1\n", "", -ENOENT, "SYMBOL(swapper_pg_dir)");
	assert_cannot(BE_64K, "NUMBER(RADIX_MMU)=1\nSYMBOL(swapper_pg_dir)=c000000000010008\n",
		      "", -ENOENT, "0xc000000000010008");
	assert_cannot(BE_64K, "NUMBER(RADIX_MMU)=1\nSYMBOL(swapper_pg_dir)=10000\n",
		      "", -ENOENT, "0x10000");
	assert_cannot(LE_16K, RADIX, "", -ENOTSUP, "16384");
}

/*
 * The list begins at 3000, its entries are at 40000 and so on: next, physical, virtual
 * address. The tenth kind of page has 16 MiB.
 */
#define LIST_FACTS HASH LIST_SYMBOLS
#define LIST_SYMBOLS \
	"SYMBOL(vmemmap_list)=c000000000003000\n" \
	"SYMBOL(mmu_vmemmap_psize)=c000000000003008\n" \
	"SYMBOL(mmu_psize_defs)=c000000000030000\n" \
	"SIZE(mmu_psize_def)=104\n" \
	"OFFSET(mmu_psize_def.shift)=0\n" \
	"SIZE(vmemmap_backing)=24\n" \
	"OFFSET(vmemmap_backing.list)=0\n" \
	"OFFSET(vmemmap_backing.phys)=8\n" \
	"OFFSET(vmemmap_backing.virt_addr)=16\n"

/* 4-byte numbers in words of 8: the first of two comes first in memory. */
static const char *psize(enum kind k, unsigned int index, unsigned int shift, char *buf)
{
	sprintf(buf, "3008 %" PRIx64 "\n30410 %" PRIx64 "\n",
		(uint64_t)index << (kinds[k].big_endian ? 32 : 0),
		(uint64_t)shift << (kinds[k].big_endian ? 32 : 0));
	return buf;
}

/* @return as machine_open() */
static int open_list(struct machine *m, enum kind k, const char *list)
{
	char variables[4096], first[64];

	snprintf(variables, sizeof(variables), "%s%s", psize(k, 10, 24, first), list);
	return machine_open(m, k, LIST_FACTS, variables, "10400 0\n");
}

#define PIECES \
	"40000 c000000000040020\n40008 5000000\n40010 c00c000003000000\n" \
	"40020 c000000000040040\n40028 9000000\n40030 c00c000000000000\n" \
	"40048 2000000\n40050 c00c000001000000\n"
#define LIST_BUT_LAST "3000 c000000000040000\n" PIECES
#define LIST LIST_BUT_LAST "40040 0\n"
#define LIST_AT_60 "3000 c000000000040060\n40060 c000000000040000\n" PIECES

static void assert_list(struct machine *m)
{
	assert_mapped(m, VMEMMAP, 0x9000000, 16 * MIB);
	assert_mapped(m, VMEMMAP + 0x123456, 0x9123456, 16 * MIB - 0x123456);
	assert_mapped(m, VMEMMAP + 16 * MIB, 0x2000000, 16 * MIB);
	assert_mapped(m, VMEMMAP + 32 * MIB - 1, 0x2ffffff, 1);
	assert_hole(m, VMEMMAP + 32 * MIB, 16 * MIB);
	assert_text_has("vmemmap");
	assert_hole(m, VMEMMAP + 48 * MIB - 1, 1);
	assert_mapped(m, VMEMMAP + 48 * MIB, 0x5000000, 16 * MIB);
	assert_mapped(m, VMEMMAP + 64 * MIB - 1, 0x5ffffff, 1);
	/* Outside there are tables. */
	assert_hole(m, VMEMMAP + 64 * MIB, 16 * TIB - 64 * MIB);
	assert_text_has("level 4");
	assert_hole(m, VMEMMAP - 1, 1);
}

static void test_list(void **state)
{
	struct arch_run run;
	struct arch user;
	struct machine m;

	(void)state;
	for (enum kind i = BE_64K; i <= LE_64K; i++) {
		assert_int_equal(open_list(&m, i, LIST), 0);
		assert_list(&m);
		assert_null(strstr(err_text(-EFAULT), "damaged"));
		/* It is the kernel's. */
		assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x10000, &user), 0);
		assert_int_equal(arch_translate(&user, &m.mem, VMEMMAP, &run), -EFAULT);
		machine_close(&m);
	}
	/* Empty: no memory map is there. */
	assert_int_equal(open_list(&m, BE_64K, ""), 0);
	assert_hole(&m, VMEMMAP, 16 * TIB);
	machine_close(&m);
	/* A radix kernel may have the list, too, but its tables are right. */
	assert_int_equal(machine_open(&m, BE_64K, RADIX
				      "SYMBOL(vmemmap_list)=c000000000003000\n", "3000 1\n",
				      "10000 0\n"), 0);
	assert_hole(&m, VMEMMAP, 512 * GIB);
	machine_close(&m);
}

/* The memory map far above all that there are tables for, as it was before 5.2. */
static void test_list_in_a_region_of_its_own(void **state)
{
	const vaddr_t vmemmap = 0xf000000000000000;
	struct machine m;

	(void)state;
	for (enum kind i = BE_64K; i <= LE_64K; i++) {
		assert_int_equal(open_list(&m, i, "3000 c000000000040000\n"
					   "40000 0\n40008 5000000\n40010 f000000000000000\n"), 0);
		assert_hole(&m, 0xd000000000000000, vmemmap - 0xd000000000000000);
		assert_hole(&m, vmemmap - 1, 1);
		assert_mapped(&m, vmemmap, 0x5000000, 16 * MIB);
		assert_hole(&m, vmemmap + 16 * MIB, -(vmemmap + 16 * MIB));
		machine_close(&m);
	}
	/* In one entry of the top table with what is not mapped below it. */
	assert_int_equal(open_list(&m, BE_64K, "3000 c000000000040000\n"
				   "40000 0\n40008 5000000\n40010 c00c000003000000\n"), 0);
	assert_hole(&m, VMEMMAP + 5, 48 * MIB - 5);
	assert_mapped(&m, VMEMMAP + 48 * MIB, 0x5000000, 16 * MIB);
	machine_close(&m);
}

/* Check that the entries before the damage count. */
static void assert_damaged_list(const char *list)
{
	struct arch_run run;
	struct machine m;

	for (enum kind i = BE_64K; i <= LE_64K; i++) {
		assert_int_equal(open_list(&m, i, list), 0);
		assert_true(m.memory.reads < 50);
		assert_list(&m);
		assert_int_equal(arch_translate(&m.arch, &m.mem, VMEMMAP + 64 * MIB, &run),
				 -EFAULT);
		assert_text_has("vmemmap_list is damaged");
		machine_close(&m);
	}
}

/* The list alone shows which MMU it is. */
static void test_list_without_tables(void **state)
{
	char variables[4096], first[64];
	struct machine m;

	(void)state;
	snprintf(variables, sizeof(variables), "%s%s", psize(BE_64K, 10, 24, first), LIST);
	assert_int_equal(machine_open(&m, BE_64K, ROOT LIST_SYMBOLS, variables, "10000 0\n"), 0);
	assert_mapped(&m, VMEMMAP + 0x123456, 0x9123456, 16 * MIB - 0x123456);
	assert_hole(&m, VIRT, 64 * KIB);
	assert_text_has("SYMBOL(__pte_index_size)");
	machine_close(&m);
	/* The radix MMU has no list, and no need of one. */
	assert_int_equal(machine_open(&m, BE_64K, ROOT LIST_SYMBOLS, "3000 0\n",
				      "10000 80000000000200ad\n"), 0);
	assert_hole(&m, VMEMMAP, 512 * GIB);
	assert_text_has("level 4");
	machine_close(&m);
}

static void test_damaged_list(void **state)
{
	(void)state;
	assert_damaged_list(LIST_BUT_LAST "40040 1234\n");
	assert_damaged_list(LIST_BUT_LAST "40040 c0000000fffff000\n");
	assert_damaged_list(LIST_BUT_LAST "40040 fffffffffffffff8\n");
	assert_damaged_list(LIST_BUT_LAST "40040 d000000000000000\n");
	/* Loops: of all, of one, of two. */
	assert_damaged_list(LIST_BUT_LAST "40040 c000000000040000\n");
	assert_damaged_list(LIST_BUT_LAST "40040 c000000000040040\n");
	assert_damaged_list(LIST_BUT_LAST "40040 c000000000040020\n");
	/* Pieces that cannot be, in front of the right ones. */
	assert_damaged_list(LIST_AT_60 "40068 7000000\n40070 c000000003000000\n");
	assert_damaged_list(LIST_AT_60 "40068 7000000\n40070 3000000\n");
	assert_damaged_list(LIST_AT_60 "40068 7000000\n40070 c00c000002800000\n");
	assert_damaged_list(LIST_AT_60 "40068 7800000\n40070 c00c000002000000\n");
	assert_damaged_list(LIST_AT_60 "40068 c000000007000000\n40070 c00c000002000000\n");
	/* One virtual address, two physical ones. */
	assert_damaged_list(LIST_AT_60 "40068 7000000\n40070 c00c000003000000\n");
}

/* A list of @nr entries, in memory that is made up as it is read. */
struct long_list {
	uint64_t nr, reads;
};

#define LONG_LIST UINT64_C(0x100000)

static int long_list_read(void *ctx, paddr_t pa, void *buf, size_t len)
{
	struct long_list *l = ctx;
	uint64_t i = (pa - LONG_LIST) / 24, value = 0;
	uint8_t raw[8];

	l->reads++;
	if (pa == 0x3000)
		value = LINEAR + LONG_LIST;
	else if (pa == 0x3008)
		value = 10;
	else if (pa == 0x30410)
		value = 16;
	else if (pa >= LONG_LIST && (pa - LONG_LIST) % 24 == 0)
		value = i + 1 == l->nr ? 0 : LINEAR + pa + 24;
	else if (pa >= LONG_LIST && (pa - LONG_LIST) % 24 == 8)
		value = i << 16;
	else if (pa >= LONG_LIST)
		value = VMEMMAP + (i * 7 << 16);
	assert_true(len == 8 || (len == 4 && value <= UINT32_MAX));
	store_u64(raw, value, HOST_BIG_ENDIAN);
	memcpy(buf, raw, len);
	return 0;
}

static void open_long_list(struct machine *m, struct long_list *l)
{
	assert_int_equal(machine_init(m, LE_64K, LIST_FACTS, "", ""), 0);
	m->mem = (struct arch_mem){ .read = long_list_read, .ctx = l };
	assert_int_equal(arch_init_late(&m->arch, &m->mem), 0);
}

static void test_long_list(void **state)
{
	struct long_list l = { .nr = 1000 }, endless = { 0 };
	struct machine m;

	(void)state;
	open_long_list(&m, &l);
	for (uint64_t i = 0; i < 1000; i++) {
		vaddr_t va = VMEMMAP + (i * 7 << 16);

		assert_mapped(&m, va + 1, (i << 16) + 1, 0xffff);
		if (i + 1 < 1000)
			assert_hole(&m, va + 0x10005, 0x5fffb);
	}
	machine_close(&m);
	/* One that has no end, and never comes back to where it was. */
	open_long_list(&m, &endless);
	assert_in_range(endless.reads, 3 << 20, (3 << 20) + 10);
	assert_mapped(&m, VMEMMAP + (7 * 1000000ull << 16), 1000000ull << 16, 0x10000);
	machine_close(&m);
}

static void test_facts_of_the_list(void **state)
{
	static const char *const lines[] = {
		"SYMBOL(mmu_vmemmap_psize)=c000000000003008\n",
		"SYMBOL(mmu_psize_defs)=c000000000030000\n",
		"SIZE(mmu_psize_def)=104\n",
		"OFFSET(mmu_psize_def.shift)=0\n",
		"OFFSET(vmemmap_backing.list)=0\n",
		"OFFSET(vmemmap_backing.phys)=8\n",
		"OFFSET(vmemmap_backing.virt_addr)=16\n",
	};
	char facts[1024], name[64], text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		snprintf(facts, sizeof(facts), HASH "SYMBOL(vmemmap_list)=c000000000003000\n");
		for (size_t j = 0; j < ARRAY_SIZE(lines); j++) {
			if (j != i)
				strcat(facts, lines[j]);
		}
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(lines[i], "="), lines[i]);
		assert_cannot(BE_64K, facts, "3000 0\n30410 0\n", -ENOENT, name);
	}
	assert_cannot(BE_64K, LIST_FACTS, psize(BE_64K, 64, 24, text), -EBADMSG,
		      "mmu_vmemmap_psize 64");
	assert_cannot(BE_64K, LIST_FACTS, psize(BE_64K, 10, 11, text), -EBADMSG, "shift 11");
	assert_cannot(BE_64K, LIST_FACTS, psize(BE_64K, 10, 64, text), -EBADMSG, "shift 64");
	assert_cannot(BE_64K, LIST_FACTS, psize(BE_64K, 0, 0, text), -EBADMSG, "shift 0");
	assert_cannot(BE_64K, LIST_FACTS, "", -EFAULT, "mmu_vmemmap_psize");
	assert_cannot(BE_64K, LIST_FACTS, "3008 0\n", -EFAULT, "mmu_psize_defs");
}

static void test_processes(void **state)
{
	struct arch_run run;
	struct machine m;
	struct arch user;

	(void)state;
	assert_int_equal(machine_open(&m, LE_64K, RADIX, "",
				      "50000 8000000000020009\n"
				      "20000 8000000000021009\n"
				      "21000 8000000000022105\n"
				      "22108 c000000001250187\n"), 0);
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x50000, &user), 0);
	assert_int_equal(arch_translate(&user, &m.mem, 0x10005, &run), 0);
	assert_int_equal(run.paddr, 0x1250005);
	assert_int_equal(run.len, 64 * KIB - 5);
	assert_int_equal(arch_translate(&user, &m.mem, 0x5, &run), -EFAULT);
	/* No process has the linear map. */
	assert_int_equal(arch_translate(&user, &m.mem, LINEAR, &run), -EFAULT);
	assert_text_has("outside");
	machine_close(&m);
}

static void test_tables_that_point_at_themselves(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_open(&m, BE_64K, RADIX, "",
				      "18000 8000000000018009\n"), 0);
	/* The last is taken for a page. */
	assert_mapped(&m, VIRT + 0x10, 0x10010, 64 * KIB - 0x10);
	assert_int_equal(m.memory.reads, 4);
	m.memory.err = -EIO;
	assert_hole(&m, VIRT, 512 * GIB);
	assert_text_has("the disk is on fire");
	machine_close(&m);
}

static void test_physical_start(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, BE_64K, "", "", ""), 0);
	assert_int_equal(m.arch.phys_base, 0);
	machine_close(&m);
	assert_int_equal(machine_init(&m, BE_64K, "SYMBOL(_stext)=c000000008000000\n", "", ""),
			 0);
	assert_int_equal(m.arch.phys_base, 0x8000000);
	machine_close(&m);
}

static void assert_image(enum kind k, const char *facts, vaddr_t start, vaddr_t end)
{
	vaddr_t is_start, is_end;
	struct machine m;

	assert_int_equal(machine_init(&m, k, facts, "", ""), 0);
	m.arch.ops->kernel_image(&m.arch, &is_start, &is_end);
	assert_int_equal(is_start, start);
	assert_int_equal(is_end, end);
	machine_close(&m);
}

static void test_bounds_of_the_image(void **state)
{
	(void)state;
	assert_image(BE_64K, "SYMBOL(_stext)=c000000000000000\nSYMBOL(_end)=c000000002a50008\n",
		     LINEAR, LINEAR + 0x2a60000);
	assert_image(BE_4K, "SYMBOL(_stext)=c000000008000100\nSYMBOL(_end)=c00000000a950008\n",
		     LINEAR + 0x8000000, LINEAR + 0xa951000);
	/* The end of the image is not known yet, or is invalid. */
	assert_image(BE_64K, "SYMBOL(_stext)=c000000000000000\n", LINEAR, LINEAR + 256 * MIB);
	assert_image(BE_64K, "SYMBOL(_stext)=c000000008000000\nSYMBOL(_end)=c000000007000000\n",
		     LINEAR + 128 * MIB, LINEAR + 384 * MIB);
	assert_image(BE_64K, "SYMBOL(_stext)=c000000000000000\nSYMBOL(_end)=c000000080000000\n",
		     LINEAR, LINEAR + 256 * MIB);
	assert_image(BE_64K, "SYMBOL(_stext)=c000000000000000\nSYMBOL(_end)=c000000000000000\n",
		     LINEAR, LINEAR + 256 * MIB);
	/* It is not in the linear map. */
	assert_image(BE_64K, "", 0, 0);
	assert_image(BE_64K, "SYMBOL(_stext)=1000\n", 0, 0);
	assert_image(BE_64K, "SYMBOL(_stext)=ffffffffffff0000\n", 0, 0);
}

static void test_names(void **state)
{
	struct arch none = { 0 };
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, BE_64K, "", "", ""), 0);
	assert_string_equal(arch_name(&m.arch), "ppc64");
	machine_close(&m);
	assert_int_equal(machine_init(&m, LE_64K, "", "", ""), 0);
	assert_string_equal(arch_name(&m.arch), "ppc64le");
	machine_close(&m);
	none.ops = arch_find(EM_X86_64);
	assert_string_equal(arch_name(&none), "x86_64");
	none.ops = NULL;
	assert_null(arch_name(&none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linear_map),
		cmocka_unit_test(test_radix_64k),
		cmocka_unit_test(test_radix_4k),
		cmocka_unit_test(test_hash_64k),
		cmocka_unit_test(test_hash_4k),
		cmocka_unit_test(test_sizes_that_the_kernel_tells),
		cmocka_unit_test(test_which_mmu),
		cmocka_unit_test(test_missing_and_senseless_facts),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_in_a_region_of_its_own),
		cmocka_unit_test(test_list_without_tables),
		cmocka_unit_test(test_damaged_list),
		cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_facts_of_the_list),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_tables_that_point_at_themselves),
		cmocka_unit_test(test_physical_start),
		cmocka_unit_test(test_bounds_of_the_image),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
