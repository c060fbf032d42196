// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "facts/facts.h"

INIT_MOD_SYM(vmlinux, here);
INIT_OPT_MOD_SYM(vmlinux, twice);
INIT_OPT_MOD_SYM(xfs, gone);
INIT_MOD_STRUCT(vmlinux, page);
INIT_MOD_STRUCT_MEMBER(vmlinux, page, flags);
INIT_OPT_MOD_NUM(vmlinux, PG_lru);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, zone, free_area);
INIT_OPT_MOD_VAR_LEN(vmlinux, mem_section);
INIT_OPT_MOD_PATH(vmlinux, root, "mm_struct.mm_mt.ma_root");

static void fill(void)
{
	_ksym_vmlinux_here.index = FACT_VMCOREINFO;
	_ksym_vmlinux_here.value = 1;
	_ksym_vmlinux_twice.index = FACT_AMBIGUOUS;
	_kstruct_vmlinux_page.index = FACT_FILE;
	_kmember_vmlinux_page_flags.index = FACT_BTF;
	_knum_vmlinux_PG_lru.index = FACT_BTF;
	_klen_vmlinux_zone_free_area.index = FACT_DWARF;
	_kpath_vmlinux_root.index = FACT_BTF;
	_kpath_vmlinux_root.size = 8;
}

static void test_describe(void **state)
{
	const struct fact_set set = facts_of_program();
	char line[512];

	(void)state;
	fill();
	facts_describe(&set, line, sizeof(line));
	assert_string_equal(line, "facts: 1 from the -i FILE, 1 from VMCOREINFO, 3 from BTF "
			    "(OFFSET(page.flags) NUMBER(PG_lru) OFFSET(mm_struct.mm_mt.ma_root)), "
			    "1 from VMLINUX (LENGTH(zone.free_area)), 1 ambiguous (SYMBOL(twice)), "
			    "2 unknown (SYMBOL(gone) LENGTH(mem_section))");
	/* Text that does not fit is cut off. */
	facts_describe(&set, line, 20);
	assert_string_equal(line, "facts: 1 from the -");
}

static void test_reset(void **state)
{
	const struct fact_set set = facts_of_program();
	char line[512];

	(void)state;
	fill();
	facts_reset(&set);
	assert_false(SYM_EXIST(GET_MOD_SYM_PTR(vmlinux, here)));
	assert_int_equal(GET_MOD_SYM(vmlinux, here), 0);
	assert_false(MOD_PATH_EXIST(vmlinux, root));
	assert_int_equal(GET_MOD_PATH_SIZE(vmlinux, root), 0);
	facts_describe(&set, line, sizeof(line));
	assert_ptr_equal(strstr(line, "facts: 9 unknown ("), line);
}

static void test_modules(void **state)
{
	struct fact_set set = facts_of_program();

	(void)state;
	assert_true(facts_of_modules(&set));
	set.nr_ksyms = 0;
	assert_false(facts_of_modules(&set));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_describe),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
