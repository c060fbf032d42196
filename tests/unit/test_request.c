// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/request.h"

INIT_OPT_MOD_STRUCT(vmlinux, page);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page, flags);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page, mapping);
INIT_OPT_MOD_PATH(vmlinux, next, "page.lru.next");
INIT_OPT_MOD_NUM(vmlinux, PG_lru);
INIT_OPT_MOD_VAR_LEN(vmlinux, page);
INIT_OPT_MOD_STRUCT_MEMBER(xfs, xfs_inode, i_ino);

static struct fact_requests requests;
static struct request_group *page;

static int setup(void **state)
{
	const struct fact_set set = facts_of_program();
	struct request_group *groups;
	size_t nr;

	(void)state;
	facts_reset(&set);
	assert_int_equal(fact_requests_init(&requests, &set, 1), 0);
	groups = fact_requests_of(&requests, "vmlinux", REQUEST_TYPE, &nr);
	assert_int_equal(nr, 1);
	page = request_group_find(groups, nr, "page");
	assert_non_null(page);
	assert_int_equal(page->nr, 4);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fact_requests_deinit(&requests);
	return 0;
}

/* Offer a definition of 64 bytes with a member, and maybe the path. */
static void offer(const struct ktype_info *member, uint64_t bit_offset, bool path,
		  unsigned int preference)
{
	request_group_begin(page, 64);
	for (size_t i = 0; i < page->nr; i++) {
		struct fact_request *r = &page->requests[i];

		if (!(r->type == member && member) && !(r->path && path))
			continue;
		r->trial.known = true;
		r->trial.at = (struct member_place){ .bit_offset = bit_offset, .size = 8 };
	}
	request_group_offer(page, preference);
}

static void fill(void)
{
	fact_requests_fill(&requests, "vmlinux", FACT_BTF);
}

static void test_groups(void **state)
{
	size_t nr;

	(void)state;
	fact_requests_of(&requests, "vmlinux", REQUEST_NUMBER, &nr);
	assert_int_equal(nr, 1);
	fact_requests_of(&requests, "vmlinux", REQUEST_VARIABLE, &nr);
	assert_int_equal(nr, 1);
	fact_requests_of(&requests, "ext4", REQUEST_TYPE, &nr);
	assert_int_equal(nr, 0);
	assert_int_equal(requests.nr_modules, 1);
	assert_string_equal(requests.modules[0], "xfs");
}

static void test_the_most_answers_win(void **state)
{
	(void)state;
	offer(&_kmember_vmlinux_page_flags, 64, true, 0);
	offer(&_kmember_vmlinux_page_flags, 128, false, 7);
	assert_false(request_group_complete(page));
	fill();
	assert_int_equal(_kmember_vmlinux_page_flags.index, FACT_BTF);
	assert_int_equal(_kmember_vmlinux_page_flags.member_bit_offset, 64);
	assert_int_equal(_kmember_vmlinux_page_flags.struct_size, 64);
	assert_int_equal(_kpath_vmlinux_next.index, FACT_BTF);
	assert_int_equal(_kpath_vmlinux_next.size, 8);
	assert_int_equal(_kmember_vmlinux_page_mapping.index, -1);
	assert_int_equal(_kstruct_vmlinux_page.struct_size, 64);
}

static void test_preference_decides_between_equals(void **state)
{
	(void)state;
	offer(&_kmember_vmlinux_page_flags, 64, false, 2);
	offer(&_kmember_vmlinux_page_flags, 128, false, 3);
	fill();
	assert_int_equal(_kmember_vmlinux_page_flags.member_bit_offset, 128);
}

static void test_a_tie_is_ambiguous(void **state)
{
	(void)state;
	offer(&_kmember_vmlinux_page_flags, 64, false, 3);
	offer(&_kmember_vmlinux_page_flags, 128, false, 3);
	fill();
	assert_int_equal(_kmember_vmlinux_page_flags.index, FACT_AMBIGUOUS);
	/* In what they agree on they are not. */
	assert_int_equal(_kstruct_vmlinux_page.index, FACT_BTF);
}

static void test_values_of_others_select(void **state)
{
	(void)state;
	_kmember_vmlinux_page_flags.index = FACT_VMCOREINFO;
	_kmember_vmlinux_page_flags.member_bit_offset = 128;
	offer(&_kmember_vmlinux_page_flags, 64, false, 3);
	offer(&_kmember_vmlinux_page_flags, 128, false, 3);
	fill();
	assert_int_equal(_kmember_vmlinux_page_flags.index, FACT_VMCOREINFO);
	assert_int_equal(_kmember_vmlinux_page_flags.member_size, 8);
}

static void test_numbers(void **state)
{
	struct request_group *groups;
	size_t nr;

	(void)state;
	groups = fact_requests_of(&requests, "vmlinux", REQUEST_NUMBER, &nr);
	/* Enums without a name stand for constants of one file. */
	request_group_offer_number(groups, 7, false);
	request_group_offer_number(groups, 5, true);
	request_group_offer_number(groups, 5, true);
	fill();
	assert_int_equal(_knum_vmlinux_PG_lru.index, FACT_BTF);
	assert_int_equal(_knum_vmlinux_PG_lru.value, 5);
	_knum_vmlinux_PG_lru.index = -1;
	request_group_offer_number(groups, 6, true);
	fill();
	assert_int_equal(_knum_vmlinux_PG_lru.index, FACT_AMBIGUOUS);
}

static void test_lengths(void **state)
{
	struct request_group *groups;
	size_t nr;

	(void)state;
	groups = fact_requests_of(&requests, "vmlinux", REQUEST_VARIABLE, &nr);
	assert_false(request_group_complete(groups));
	request_group_offer_length(groups, 11);
	assert_true(request_group_complete(groups));
	fill();
	assert_int_equal(_klenvar_vmlinux_page.value, 11);
	_klenvar_vmlinux_page.index = -1;
	request_group_offer_length(groups, 12);
	fill();
	assert_int_equal(_klenvar_vmlinux_page.index, FACT_AMBIGUOUS);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_groups),
		T(test_the_most_answers_win),
		T(test_preference_decides_between_equals),
		T(test_a_tie_is_ambiguous),
		T(test_values_of_others_select),
		T(test_numbers),
		T(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
