// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The numbers that VMCOREINFO of each era exports, computed from the enumerators of that era.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <string.h>

#include "facts/macro_values.h"
#include "facts/vmcoreinfo.h"
#include "lib/types.h"

INIT_OPT_MOD_NUM(vmlinux, PG_head_mask);
INIT_OPT_MOD_NUM(vmlinux, PG_hugetlb);
INIT_OPT_MOD_NUM(vmlinux, PG_slab);
INIT_OPT_MOD_NUM(vmlinux, PAGE_BUDDY_MAPCOUNT_VALUE);
INIT_OPT_MOD_NUM(vmlinux, PAGE_HUGETLB_MAPCOUNT_VALUE);
INIT_OPT_MOD_NUM(vmlinux, PAGE_OFFLINE_MAPCOUNT_VALUE);
INIT_OPT_MOD_NUM(vmlinux, PAGE_SLAB_MAPCOUNT_VALUE);
INIT_OPT_MOD_NUM(vmlinux, PAGE_UNACCEPTED_MAPCOUNT_VALUE);
INIT_OPT_MOD_NUM(xfs, PG_head_mask);

static struct knum_info *const derived[] = {
	&_knum_vmlinux_PG_head_mask, &_knum_vmlinux_PAGE_BUDDY_MAPCOUNT_VALUE,
	&_knum_vmlinux_PAGE_OFFLINE_MAPCOUNT_VALUE, &_knum_vmlinux_PAGE_HUGETLB_MAPCOUNT_VALUE,
	&_knum_vmlinux_PAGE_SLAB_MAPCOUNT_VALUE, &_knum_vmlinux_PAGE_UNACCEPTED_MAPCOUNT_VALUE,
};

/* No number of this value is expected. */
#define NONE INT64_MAX

static const struct era {
	const char *known;
	int64_t want[ARRAY_SIZE(derived)];
} eras[] = {
	{ "", { NONE, NONE, NONE, NONE, NONE, NONE } },
	/* 4.18 to 6.8: page types are macros. */
	{ "NUMBER(PG_head)=16\nNUMBER(PG_slab)=9\nOFFSET(page.page_type)=48\n",
	  { 65536, -129, -257, NONE, NONE, NONE } },
	/* 6.6 to 6.8: PG_hugetlb is a page flag. */
	{ "NUMBER(PG_head)=16\nNUMBER(PG_slab)=9\nNUMBER(PG_hugetlb)=8\n"
	  "OFFSET(page.page_type)=48\n",
	  { 65536, -129, -257, NONE, NONE, NONE } },
	/* 6.10 */
	{ "NUMBER(PG_head)=6\nNUMBER(PG_buddy)=128\nNUMBER(PG_offline)=256\n"
	  "NUMBER(PG_hugetlb)=2048\nNUMBER(PG_slab)=4096\nOFFSET(page.page_type)=48\n",
	  { 64, -129, -257, -2049, -4097, NONE } },
	/* 6.11 */
	{ "NUMBER(PG_head)=6\nNUMBER(PG_buddy)=1073741824\nNUMBER(PG_offline)=536870912\n"
	  "NUMBER(PG_hugetlb)=67108864\nNUMBER(PG_slab)=33554432\n",
	  { 64, -1073741825, -536870913, -67108865, -33554433, NONE } },
	/* 6.12 */
	{ "NUMBER(PG_head)=6\nNUMBER(PGTY_buddy)=240\nNUMBER(PGTY_offline)=241\n"
	  "NUMBER(PGTY_hugetlb)=244\nNUMBER(PGTY_slab)=245\n",
	  { 64, -268435456, -251658240, -201326592, -184549376, NONE } },
	{ "NUMBER(PGTY_buddy)=240\nNUMBER(PGTY_unaccepted)=247\nOFFSET(page.page_type)=48\n",
	  { NONE, -268435456, NONE, NONE, NONE, -150994944 } },
	/* Without types: 4.19, before 4.18, and since 6.12. */
	{ "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n", { NONE, -129, -257, NONE, NONE, NONE } },
	{ "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-128\n", { NONE, -128, NONE, NONE, NONE, NONE } },
	{ "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\n",
	  { NONE, -268435456, NONE, NONE, NONE, NONE } },
	/* Values that no kernel has. */
	{ "NUMBER(PG_head)=64\nNUMBER(PGTY_buddy)=256\nNUMBER(PGTY_offline)=-1\n"
	  "NUMBER(PG_hugetlb)=2147483648\nNUMBER(PG_slab)=768\n",
	  { NONE, NONE, NONE, NONE, NONE, NONE } },
	{ "NUMBER(PG_head)=-1\nNUMBER(PG_slab)=32\nNUMBER(PG_hugetlb)=63\n",
	  { NONE, NONE, NONE, NONE, NONE, NONE } },
	{ "NUMBER(PG_head)=62\n", { INT64_C(1) << 62, NONE, NONE, NONE, NONE, NONE } },
};

static void know(const struct fact_set *set, const char *text)
{
	struct vmcoreinfo vi = { .text = text, .size = strlen(text) };
	char bad[64];

	facts_reset(set);
	vmcoreinfo_resolve(&vi, set, FACT_VMCOREINFO, bad, sizeof(bad));
	assert_string_equal(bad, "");
}

static void test_eras(void **state)
{
	const struct fact_set set = facts_of_program();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(eras); i++) {
		know(&set, eras[i].known);
		facts_compute_macros(&set);
		for (size_t j = 0; j < ARRAY_SIZE(derived); j++) {
			int64_t want = eras[i].want[j];
			const struct knum_info *n = derived[j];

			if ((n->index >= 0) != (want != NONE) ||
			    (want != NONE && n->value != want))
				fail_msg("%zu: %s: index %d, %" PRId64 " instead of %" PRId64, i,
					 n->name, n->index, n->value, want);
			if (want != NONE)
				assert_int_equal(n->index, FACT_VMCOREINFO);
		}
		assert_false(MOD_NUM_EXIST(xfs, PG_head_mask));
	}
}

static void test_known_ones_stay(void **state)
{
	const struct fact_set set = facts_of_program();

	(void)state;
	know(&set, "NUMBER(PG_head)=6\nNUMBER(PG_head_mask)=65536\n");
	facts_compute_macros(&set);
	assert_int_equal(GET_MOD_NUM(vmlinux, PG_head_mask), 65536);
}

/* Numbers that an extension declares are computed from facts that the program has found. */
static void test_set_of_an_extension(void **state)
{
	struct knum_info mask = { .modname = "vmlinux", .name = "PG_head_mask", .index = -1 };
	struct knum_info *nums[] = { &mask };
	const struct fact_set program = facts_of_program(), set = { .knums = nums, .nr_knums = 1 };

	(void)state;
	know(&program, "NUMBER(PG_head)=6\n");
	facts_compute_macros(&set);
	assert_int_equal(mask.index, FACT_VMCOREINFO);
	assert_int_equal(mask.value, 64);
	assert_false(MOD_NUM_EXIST(vmlinux, PG_head_mask));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eras),
		cmocka_unit_test(test_known_ones_stay),
		cmocka_unit_test(test_set_of_an_extension),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
