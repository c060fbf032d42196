// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walks that extensions make over lists and trees of the kernel.
 *
 * Input, numbers with the least significant byte first:
 *	1	flags: FUZZ_*
 *	1	the kind of the walk, see walk()
 *	1	visits after which it is ended; 0: never
 *	2	offset of its head
 *	...	the memory; what follows is 0
 */
#include <stdlib.h>

#include "makedumpfile.h"
#include "tests/fuzz/fuzz.h"

/* flatkernel.h is for unit tests: these are the assertions that it needs. */
#define assert_non_null(p) assert(p)
#define assert_true(condition) assert(condition)
#define assert_int_equal(a, b) assert((a) == (b))
#define assert_in_range(value, min, max) assert((value) - (min) <= (max) - (min))
#include "tests/unit/flatkernel.h"

/* No walk visits more than this of so little memory. */
#define VISITS_MAX (1u << 20)
#define LINK 0x18

static const struct {
	const char *structure, *member;
	uint32_t at, nr; /* offset and size, words; of size 0: a byte at this byte */
} facts[] = {
	{ "rb_node", "rb_right", 1, 1 },       { "rb_node", "rb_left", 2, 1 },
	{ "maple_tree", "ma_root", 1, 1 },     { "maple_range_64", "pivot", 1, 15 },
	{ "maple_range_64", "slot", 16, 16 },  { "maple_arange_64", "pivot", 1, 9 },
	{ "maple_arange_64", "slot", 10, 10 }, { "xarray", "xa_head", 1, 1 },
	{ "xa_node", "shift", 0, 0 },	       { "xa_node", "offset", 1, 0 },
	{ "xa_node", "parent", 1, 1 },	       { "xa_node", "slots", 5, 16 },
	{ "mm_struct", "mm_mt", 0, 2 },	       { "vm_area_struct", "vm_start", 0, 1 },
	{ "vm_area_struct", "vm_end", 1, 1 },
};

static void set_member(const struct fact_set *set, const struct flat *f, size_t i)
{
	unsigned int word = f->vc.is64 ? 8 : 4;

	for (size_t j = 0; j < set->nr_ktypes; j++) {
		struct ktype_info *t = set->ktypes[j];

		if (strcmp(t->struct_name, facts[i].structure) || !t->member_name ||
		    strcmp(t->member_name, facts[i].member))
			continue;
		if (facts[i].nr)
			flat_member(t, facts[i].at * word, facts[i].nr * word);
		else
			flat_member(t, facts[i].at, 1);
	}
	for (size_t j = 0; j < set->nr_klens; j++) {
		struct klen_info *l = set->klens[j];

		if (strcmp(l->name, facts[i].structure) || !l->member ||
		    strcmp(l->member, facts[i].member))
			continue;
		l->value = facts[i].nr;
		l->index = 0;
	}
}

static void set_facts(const struct flat *f)
{
	static const char *const kinds[] = { "maple_leaf_64", "maple_range_64", "maple_arange_64" };
	const struct fact_set set = facts_of_program();

	facts_reset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		set_member(&set, f, i);
	for (size_t j = 0; j < set.nr_knums; j++) {
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			if (strcmp(set.knums[j]->name, kinds[i]))
				continue;
			set.knums[j]->value = i + 1;
			set.knums[j]->index = 0;
		}
	}
}

struct visits {
	unsigned int nr, stop_at;
};

static int visit(void *ctx, uint64_t object)
{
	struct visits *v = ctx;

	(void)object;
	assert(++v->nr < VISITS_MAX);
	return v->nr == v->stop_at ? 1 : 0;
}

static int visit_range(void *ctx, uint64_t first, uint64_t last, uint64_t entry)
{
	assert(first <= last);
	return visit(ctx, entry);
}

static int visit_vma(void *ctx, const struct mdf_vma *vma)
{
	return visit(ctx, vma->address);
}

static int walk(unsigned int kind, const struct flat *f, uint64_t head, struct visits *v)
{
	struct ktype_info link = { .struct_name = "thing", .member_name = "link" };

	flat_member(&link, LINK, 3 * (f->vc.is64 ? 8 : 4));
	switch (kind % 6) {
	case 0:
		return mdf_for_each_list(head, &link, visit, v);
	case 1:
		return mdf_for_each_hlist(head, &link, visit, v);
	case 2:
		return mdf_for_each_rb(head, &link, visit, v);
	case 3:
		return mdf_for_each_maple(head, visit_range, v);
	case 4:
		return mdf_for_each_xarray(head, visit_range, v);
	default:
		return mdf_for_each_vma(head, visit_vma, v);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned int flags = fuzz_number(&in, 1), kind = fuzz_number(&in, 1);
	struct visits v = { .stop_at = fuzz_number(&in, 1) };
	uint64_t head = fuzz_number(&in, 2);
	struct flat f;
	int err;

	flat_begin(&f, !(flags & FUZZ_32BIT), flags & FUZZ_BIG_ENDIAN);
	memcpy(f.bytes, in.data, min_u64(in.size, FLAT_BYTES));
	set_facts(&f);
	err = walk(kind, &f, f.base + head, &v);
	assert(err == 1 ? v.nr == v.stop_at : !v.stop_at || v.nr < v.stop_at);
	if (err != 1)
		fuzz_check_err(err);
	flat_end(&f);
	return 0;
}
