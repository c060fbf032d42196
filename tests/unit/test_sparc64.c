// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The image and page tables of sparc64.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>

#include "tests/unit/page_tables.h"

/* Pages of levels 1 to 3. */
#define PAGE (8 * KIB)
#define LARGE (8 * MIB)
#define HUGE (8 * GIB)

#define MODULES UINT64_C(0x10000000)
#define VMALLOC UINT64_C(0x100000000)
#define IMAGE UINT64_C(0x400000)
#define IMAGE_END UINT64_C(0x6000000)

/* The root is 64 KiB after the beginning of the image, which lies at 4 MiB. */
#define FACTS "SYMBOL(swapper_pg_dir)=410000\nSYMBOL(_stext)=404000\n"

/*
 * sun4u, PAGE_OFFSET fffff80000000000. Flags of data: valid 63; written 11, used 10, readable 9,
 * writable 8, present 7, cached 5 and 4, privileged 2, writable for the hardware 1. Those of more
 * than a page have no flags for the software, but 56 and the size (61 and 62).
 */
#define SUN4U \
	"410000 0000000000412000\n"	/* slot 0: the lower addresses */ \
	"411ff8 0000000000414000\n"	/* slot 1023: all memory */ \
	"412000 0000000000416000\n"	/* slot 0 of level 3 */ \
	"416100 0000000000418000\n"	/* slot 32 of level 2: modules */ \
	"417000 000000000041a000\n"	/* slot 512: vmalloc() */ \
	"417008 e1000000c0000036\n"	/* slot 513: 8 MiB */ \
	"418000 80000000065432b6\n"	/* the address has no bit 12: 6542000 */ \
	"418008 8000000006546fb6\n" \
	"41a000 80000000abcdefb6\n" \
	"41a008 0000000006546000\n"	/* in swap */ \
	"41a010 0000000000006eb6\n"	/* of a process that may not touch it: not valid */ \
	"414000 000000000041c000\n"	/* the first 8 GiB */ \
	"414008 e100000200000036\n"	/* the next 8 GiB, as one page */ \
	"41c000 e100000000000036\n"	/* the first 8 MiB */ \
	"41c010 0000000000000000\n"

/* sun4v, PAGE_OFFSET fff8000000000000: present 4, privileged 8; the size is in bits 0 to 2. */
#define SUN4V \
	"410000 0000000000412000\n" \
	"411800 0000000000414000\n"	/* slot 768 */ \
	"412000 0000000000416000\n" \
	"416100 0000000000418000\n" \
	"418000 bc000000065427d0\n" \
	"414000 000000000041c000\n" \
	"41c000 8100000000000743\n" \
	"41c008 8180008000800743\n"	/* bits of the address up to 55 */

static int machine_init(struct machine *m, const struct arch_segment *segment, const char *facts,
			const char *memory)
{
	const struct machine_kind kind = {
		.machine = EM_SPARCV9, .is64 = true, .big_endian = true, .page_shift = 13,
		.segments = segment, .nr_segments = segment ? 1 : 0,
	};

	return machine_setup(m, &kind, facts, memory);
}

/* The tables alone tell where the image is. */
static void test_image(void **state)
{
	static const struct {
		const char *memory;
		paddr_t place;
	} kernels[] = { { SUN4U, 4 * MIB }, { SUN4V, 4 * MIB } };
	struct machine m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		assert_int_equal(machine_init(&m, NULL, FACTS, kernels[i].memory), 0);
		assert_int_equal(m.arch.root, kernels[i].place + 0x10000);
		m.memory.reads = 0;
		assert_mapped(&m, IMAGE, kernels[i].place, IMAGE_END - IMAGE);
		assert_mapped(&m, IMAGE_END - 1, kernels[i].place + IMAGE_END - IMAGE - 1, 1);
		assert_hole(&m, 0, IMAGE);
		assert_hole(&m, IMAGE - 1, 1);
		assert_text_has("not an address of the kernel");
		assert_int_equal(m.memory.reads, 0);
	}
}

/* The image is where a PT_LOAD says; that of the linear map is none of it. */
static void test_image_of_segment(void **state)
{
	const struct arch_segment image = { IMAGE, 0x23400000, 4 * MIB };
	const struct arch_segment linear = { 0xfffff80000000000, 0, GIB };
	const struct arch_segment wild = { IMAGE, -IMAGE_END, 4 * MIB };
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, &image, FACTS, "23410000 0000000000414000\n"
							 "414000 0000000000416000\n"
							 "416100 0000000000418000\n"
							 "418000 8000000006542fb6\n"), 0);
	assert_int_equal(m.memory.reads, 0);
	assert_int_equal(m.arch.phys_base, 0x23000000);
	assert_mapped(&m, IMAGE + 5, 0x23400005, IMAGE_END - IMAGE - 5);
	assert_mapped(&m, MODULES, 0x6542000, PAGE);
	assert_int_equal(machine_init(&m, &linear, FACTS, SUN4U), 0);
	assert_int_equal(m.arch.root, 0x410000);
	/* No memory is so high. */
	assert_int_equal(machine_init(&m, &wild, FACTS, SUN4U), 0);
	assert_int_equal(m.arch.root, 0x410000);
}

/* An image that is not at the first place that is tried, nor at the last. */
static void test_place_of_image(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, NULL, FACTS, "fec10000 0000000000000000\n"
						       "fec11ff8 00000000fec14000\n"
						       "fec14000 00000000fec16000\n"
						       "fec17fb0 80000000fec00006\n"), -ENOENT);
	assert_int_equal(machine_init(&m, NULL, FACTS, "fec10000 0000000000000000\n"
						       "fec11ff8 00000000fec14000\n"
						       "fec14000 00000000fec16000\n"
						       "fec16fe8 81000000fe800036\n"), 0);
	assert_int_equal(m.arch.phys_base, 0xfe800000);
	assert_mapped(&m, IMAGE, 0xfec00000, IMAGE_END - IMAGE);
}

/* The image is only a part of the addresses that the TLB maps as a whole. */
static void test_image_bounds(void **state)
{
	struct machine m;
	vaddr_t start, end;

	(void)state;
	assert_int_equal(machine_init(&m, NULL, FACTS, SUN4U), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(start, IMAGE);
	assert_int_equal(end, IMAGE_END);
	assert_int_equal(machine_init(&m, NULL, FACTS "SYMBOL(_end)=a12340\n", SUN4U), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(end, 0xa20000);
	assert_int_equal(machine_init(&m, NULL, "SYMBOL(swapper_pg_dir)=410000\n", SUN4U), 0);
	m.arch.ops->kernel_image(&m.arch, &start, &end);
	assert_int_equal(end - start, 0);
}

static void test_tables(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, NULL, FACTS, SUN4U), 0);
	assert_mapped(&m, MODULES + 0x123, 0x6542123, PAGE - 0x123);
	assert_mapped(&m, MODULES + PAGE, 0x6546000, PAGE);
	assert_mapped(&m, VMALLOC, 0xabcde000, PAGE);
	assert_mapped(&m, VMALLOC + LARGE + 1, 0xc0000001, LARGE - 1);
	assert_mapped(&m, 0xfffff80000001234, 0x1234, LARGE - 0x1234);
	assert_mapped(&m, 0xfffff80200000000, HUGE, HUGE);
	assert_hole(&m, VMALLOC + PAGE, PAGE);
	assert_text_has("level 1");
	assert_hole(&m, 0xfffff80000800000 + LARGE, LARGE);
	assert_text_has("level 2");
	assert_hole(&m, 0xfffff80400000000, HUGE);
	assert_hole(&m, UINT64_C(1) << 43, UINT64_C(1) << 43);
	assert_hole(&m, UINT64_C(1) << 52, -(UINT64_C(1) << 53));
	assert_text_has("not a canonical address");
}

static void test_sun4v(void **state)
{
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, NULL, FACTS, SUN4V), 0);
	assert_mapped(&m, MODULES, 0x6542000, PAGE);
	assert_mapped(&m, 0xfff8000000000007, 7, LARGE - 7);
	assert_mapped(&m, 0xfff8000000800000, 0x80008000800000, LARGE);
}

/* A process has low addresses of its own, and pages that only the kernel finds present. */
static void test_user(void **state)
{
	struct machine m;
	struct arch user;
	struct arch_run run;

	(void)state;
	assert_int_equal(machine_init(&m, NULL, FACTS, SUN4U), 0);
	assert_int_equal(arch_init_user(&m.arch, &m.mem, 0x410000, &user), 0);
	assert_int_equal(arch_translate(&user, &m.mem, VMALLOC + 2 * PAGE, &run), 0);
	assert_int_equal(run.paddr, 0x6000);
	assert_int_equal(arch_translate(&user, &m.mem, IMAGE, &run), -EFAULT);
	assert_int_equal(run.len, LARGE - IMAGE);
}

static void assert_refused(int err, int expected, const char *words)
{
	assert_int_equal(err, expected);
	assert_non_null(strstr(err_text(expected), words));
}

static void test_refused(void **state)
{
	const struct machine_kind small = {
		.machine = EM_SPARCV9, .is64 = true, .big_endian = true, .page_shift = 12,
	};
	struct machine m;

	(void)state;
	assert_refused(machine_setup(&m, &small, FACTS, SUN4U), -ENOTSUP, "pages of 4 KiB");
	assert_refused(machine_init(&m, NULL, "", SUN4U), -ENOENT,
		       "SYMBOL(swapper_pg_dir) is missing");
	assert_refused(machine_init(&m, NULL, "SYMBOL(swapper_pg_dir)=411000\n", SUN4U), -ENOENT,
		       "cannot be at 0x411000");
	assert_refused(machine_init(&m, NULL, "SYMBOL(swapper_pg_dir)=fffff80000410000\n", SUN4U),
		       -ENOENT, "cannot be at 0xfffff80000410000");
	assert_refused(machine_init(&m, NULL, FACTS, "410000 0\n"), -ENOENT,
		       "no page tables at 0x410000 map this address");
}

/* Tables that lead to themselves, or to where nothing is. */
static void test_damaged(void **state)
{
	const struct arch_segment image = { IMAGE, IMAGE, 4 * MIB };
	struct machine m;

	(void)state;
	assert_int_equal(machine_init(&m, &image, FACTS, "410000 410000\n"
							 "411ff8 7777770000\n"), 0);
	assert_hole(&m, MODULES, LARGE);
	assert_hole(&m, 0xfffff80000000000, HUGE);
	assert_text_has("no memory at");
	m.memory.err = -EIO;
	assert_hole(&m, MODULES, (UINT64_C(1) << 43) - MODULES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_image_of_segment),
		cmocka_unit_test(test_place_of_image),
		cmocka_unit_test(test_image_bounds),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_sun4v),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
