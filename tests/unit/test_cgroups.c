// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Control groups at their limit: the numbers that a counter of either word size can have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "facts/facts.h"
#include "facts/on_demand.h"
#include "lib/byteorder.h"
#include "triage/parts.h"

INIT_OPT_MOD_SYM(vmlinux, root_mem_cgroup);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mem_cgroup, css);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mem_cgroup, memory);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page_counter, usage);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page_counter, max);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, cgroup_subsys_state, sibling);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, cgroup_subsys_state, children);

/* The pointer to the root, which is at ROOT: its lists, and its counter. */
#define BASE UINT64_C(0xc1000000)
#define ROOT 8
#define SIBLING ROOT
#define CHILDREN (ROOT + 16)
#define USAGE (ROOT + 32)
#define MAX (ROOT + 40)

#define PAGE_BYTES UINT64_C(4096)

static int read_memory(void *ctx, vaddr_t va, void *buf, size_t len)
{
	if (va < BASE || va - BASE + len > MAX + 8)
		return err_set(-EFAULT, "%#" PRIx64 " is not mapped", va);
	memcpy(buf, (uint8_t *)ctx + (va - BASE), len);
	return 0;
}

static void set_member(struct ktype_info *t, uint32_t offset, uint32_t size)
{
	t->member_bit_offset = offset * 8;
	t->member_size = size;
	t->struct_size = 64;
	t->index = FACT_BTF;
}

static void set_facts(const struct fact_set *set, uint32_t word)
{
	facts_reset(set);
	GET_MOD_SYM_PTR(vmlinux, root_mem_cgroup)->value = BASE;
	GET_MOD_SYM_PTR(vmlinux, root_mem_cgroup)->index = FACT_KALLSYMS;
	set_member(MEMBER(mem_cgroup, css), 0, 32);
	set_member(MEMBER(cgroup_subsys_state, sibling), SIBLING - ROOT, 2 * word);
	set_member(MEMBER(cgroup_subsys_state, children), CHILDREN - ROOT, 2 * word);
	set_member(MEMBER(mem_cgroup, memory), USAGE - ROOT, 16);
	set_member(MEMBER(page_counter, usage), 0, word);
	set_member(MEMBER(page_counter, max), MAX - USAGE, word);
}

static void put(uint8_t *memory, uint32_t word, size_t at, uint64_t value)
{
	if (word == 8)
		store_u64(memory + at, value, false);
	else
		store_u32(memory + at, value, false);
}

static void test_counters(void **state)
{
	static const struct {
		uint32_t word;
		uint64_t usage, max;
		bool listed;
	} cases[] = {
		{ 8, 95, 100, true },
		{ 8, 94, 100, false },
		{ 8, 19, 20, true },
		{ 8, 18, 20, false },
		{ 8, INT64_MAX / PAGE_BYTES, INT64_MAX / PAGE_BYTES, false },
		{ 8, INT64_MAX / PAGE_BYTES - 1, INT64_MAX / PAGE_BYTES - 1, true },
		{ 8, INT64_MAX / PAGE_BYTES + 1, 100, false },
		{ 8, 100, UINT64_MAX, false },
		/* 4 GiB, of HIGHMEM. */
		{ 4, 0x100000, 0x100000, true },
		{ 4, 0xf0000, 0x100000, false },
		{ 4, INT32_MAX, INT32_MAX, false },
		{ 4, INT32_MAX - 1, INT32_MAX - 1, true },
		{ 4, UINT64_C(0x80000000), 100, false },
	};
	const struct fact_set set = facts_on_demand();
	struct vmcore vc = { .page_size = PAGE_BYTES };
	struct kernel k = { .vc = &vc };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t word = cases[i].word;
		uint8_t memory[MAX + 8] = { 0 };
		struct triage_view view = {
			.k = &k,
			.mem = { .read = read_memory, .ctx = memory, .is64 = word == 8 },
		};
		struct triage t = { .view = &view, .until = 1e30 };

		set_facts(&set, word);
		put(memory, word, 0, BASE + ROOT);
		put(memory, word, CHILDREN, BASE + CHILDREN);
		put(memory, word, CHILDREN + word, BASE + CHILDREN);
		put(memory, word, USAGE, cases[i].usage);
		put(memory, word, MAX, cases[i].max);
		assert_int_equal(triage_read_cgroups(&t), 0);
		assert_int_equal(t.nr_missing, 0);
		if (t.nr_cgroups != cases[i].listed)
			fail_msg("case %zu: %zu groups", i, t.nr_cgroups);
		if (t.nr_cgroups) {
			assert_true(t.cgroups[0].memory.limited);
			assert_int_equal(t.cgroups[0].memory.usage_bytes,
					 cases[i].usage * PAGE_BYTES);
			assert_int_equal(t.cgroups[0].memory.max_bytes, cases[i].max * PAGE_BYTES);
		}
		free(t.cgroups);
	}
	facts_reset(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
