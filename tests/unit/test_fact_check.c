// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Facts that two sources know: which are compared, which values are impossible, and how the
 * dump's data decides between two that are possible.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "kernel/fact_check.h"
#include "lib/types.h"

#define OFFSET(m) \
	{ .modname = "vmlinux", .struct_name = "page", .member_name = m, .index = FACT_VMCOREINFO }
#define NUMBER(n, v) { .modname = "vmlinux", .name = n, .value = v, .index = FACT_VMCOREINFO }

/* The facts of VMCOREINFO. */
struct facts {
	struct ktype_info flags, mapping, size, elsewhere, missing;
	struct knum_info lru, buddy, head;
	struct klen_info areas, variable;
	struct ktype_info *types[5];
	struct knum_info *nums[3];
	struct klen_info *lens[2];
	struct fact_set set;
	struct fact_check check;
	char why[256];
};

static void facts_init(struct facts *f)
{
	*f = (struct facts){
		.flags = OFFSET("flags"),
		.mapping = OFFSET("mapping"),
		.size = OFFSET(NULL),
		.elsewhere = OFFSET("a"),
		.missing = OFFSET("b"),
		.lru = NUMBER("PG_lru", 5),
		.buddy = NUMBER("PAGE_BUDDY_MAPCOUNT_VALUE", (int32_t)0xf0000000),
		.head = NUMBER("PG_head_mask", 64),
		.areas = { "vmlinux", "zone", "free_area", false, 11, FACT_FILE },
		.variable = { "vmlinux", "mem_section", NULL, false, 2048, FACT_VMCOREINFO },
		.types = { &f->flags, &f->mapping, &f->size, &f->elsewhere, &f->missing },
		.nums = { &f->lru, &f->buddy, &f->head },
		.lens = { &f->areas, &f->variable },
		.set = { .ktypes = f->types, .nr_ktypes = 5, .knums = f->nums, .nr_knums = 3,
			 .klens = f->lens, .nr_klens = 2 },
	};
	f->mapping.member_bit_offset = 24 * 8;
	f->size.struct_size = 64;
	f->elsewhere.modname = "xfs";
	f->missing.index = -1;
	fact_check_init(&f->check, &f->set);
}

/* Fill in what BTF says: the same, if nothing else is given. */
static void fill_in(struct facts *f, uint32_t mapping, int64_t lru, int64_t buddy)
{
	for (size_t i = 0; i < 3; i++) {
		f->check.types[i].member_bit_offset = f->set.ktypes[i]->member_bit_offset;
		f->check.types[i].member_size = 8;
		f->check.types[i].struct_size = 64;
		f->check.types[i].index = FACT_BTF;
		f->check.nums[i].value = f->set.knums[i]->value;
		f->check.nums[i].index = FACT_BTF;
	}
	f->check.types[1].member_bit_offset = mapping * 8;
	f->check.nums[0].value = lru;
	f->check.nums[1].value = buddy;
	f->check.lens[0].value = 11;
	f->check.lens[0].index = FACT_BTF;
}

#define BUDDY ((int32_t)0xf0000000)

static void test_compared(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	/* Not those of modules, those that are missing, and lengths of variables. */
	assert_int_equal(f.check.set.nr_ktypes, 3);
	assert_int_equal(f.check.set.nr_knums, 3);
	assert_int_equal(f.check.set.nr_klens, 1);
	assert_true(fact_check_is_incomplete(&f.check));
	fill_in(&f, 24, 5, BUDDY);
	assert_false(fact_check_is_incomplete(&f.check));
	assert_true(fact_check_compare(&f.check, f.why, sizeof(f.why)));
	assert_string_equal(f.why, "");
}

static void test_nothing_to_compare_with(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	assert_true(fact_check_compare(&f.check, f.why, sizeof(f.why)));
	assert_int_equal(f.mapping.member_bit_offset, 24 * 8);
}

static void test_both_possible(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	fill_in(&f, 16, 5, BUDDY);
	assert_false(fact_check_compare(&f.check, f.why, sizeof(f.why)));
	assert_string_equal(f.why, "OFFSET(page.mapping) is 24 in VMCOREINFO and 16 in BTF: "
				   "using 24");
	assert_int_equal(f.check.nr_doubtful, 1);
	facts_init(&f);
	fill_in(&f, 24, 4, -129);
	f.check.lens[0].value = 12;
	assert_false(fact_check_compare(&f.check, f.why, sizeof(f.why)));
	assert_string_equal(f.why, "NUMBER(PG_lru) is 5 in VMCOREINFO and 4 in BTF: using 5, "
				   "and 2 other facts differ");
	assert_int_equal(f.lru.value, 5);
	assert_int_equal(f.buddy.value, BUDDY);
}

/* Such a value is not used, whatever the dump's data. */
static void test_impossible(void **state)
{
	static const struct {
		uint32_t mapping;
		int64_t lru, buddy, head;
		const char *why;
	} cases[] = {
		{ 4, 5, BUDDY, 64, "OFFSET(page.mapping) is 4 in VMCOREINFO and 24 in BTF: using 24" },
		{ 64, 5, BUDDY, 64, "is 64 in VMCOREINFO and 24 in BTF: using 24" },
		{ 24, 64, BUDDY, 64, "NUMBER(PG_lru) is 64 in VMCOREINFO and 5 in BTF: using 5" },
		{ 24, -1, BUDDY, 64, "is -1 in VMCOREINFO and 5 in BTF: using 5" },
		{ 24, 5, 28, 64, "MAPCOUNT_VALUE) is 28 in VMCOREINFO and -268435456 in BTF: using -2" },
		{ 24, 5, BUDDY, 65, "(PG_head_mask) is 65 in VMCOREINFO and 64 in BTF: using 64" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct facts f;

		facts_init(&f);
		fill_in(&f, 24, 5, BUDDY);
		f.mapping.member_bit_offset = cases[i].mapping * 8;
		f.lru.value = cases[i].lru;
		f.buddy.value = cases[i].buddy;
		f.head.value = cases[i].head;
		assert_false(fact_check_compare(&f.check, f.why, sizeof(f.why)));
		if (!strstr(f.why, cases[i].why))
			fail_msg("%s", f.why);
		assert_int_equal(f.mapping.member_bit_offset, 24 * 8);
		assert_int_equal(f.lru.value, 5);
		assert_int_equal(f.buddy.value, BUDDY);
		assert_int_equal(f.head.value, 64);
		/* VMCOREINFO is wrong, not the types. */
		assert_int_equal(f.check.nr_differences, 1);
		assert_int_equal(f.check.nr_doubtful, 0);
	}
}

/* A dump in which PG_lru is 4, page.mapping 24, and nothing tells LENGTH(zone.free_area). */
static int64_t score(void *ctx)
{
	const struct facts *f = ctx;

	return (f->lru.value == 4) + (f->mapping.member_bit_offset == 24 * 8);
}

static void test_data_decides(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	fill_in(&f, 16, 4, BUDDY);
	f.check.lens[0].value = 12;
	assert_false(fact_check_compare(&f.check, f.why, sizeof(f.why)));
	assert_int_equal(f.lru.value, 5);
	fact_check_decide(&f.check, score, &f, f.why, sizeof(f.why));
	assert_int_equal(f.mapping.member_bit_offset, 24 * 8);
	assert_int_equal(f.mapping.index, FACT_VMCOREINFO);
	assert_int_equal(f.lru.value, 4);
	assert_int_equal(f.lru.index, FACT_BTF);
	assert_int_equal(f.areas.value, 11);
	assert_int_equal(f.check.nr_differences, 3);
	assert_int_equal(f.check.nr_doubtful, 2);
	assert_non_null(strstr(f.why, "OFFSET(page.mapping) is 24 in VMCOREINFO and 16 in BTF: "
				      "using 24, and 2"));
	/* VMCOREINFO is named first also where its value is not used. */
	facts_init(&f);
	fill_in(&f, 24, 4, BUDDY);
	assert_false(fact_check_compare(&f.check, f.why, sizeof(f.why)));
	fact_check_decide(&f.check, score, &f, f.why, sizeof(f.why));
	assert_string_equal(f.why, "NUMBER(PG_lru) is 5 in VMCOREINFO and 4 in BTF: using 4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compared),
		cmocka_unit_test(test_nothing_to_compare_with),
		cmocka_unit_test(test_both_possible),
		cmocka_unit_test(test_impossible),
		cmocka_unit_test(test_data_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
