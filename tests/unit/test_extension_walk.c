// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The walks that extensions can make: lists, trees, tasks and mappings, in both byte orders
 * and word sizes, and what is visited of them where they are damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "lib/addrset.h"
#include "makedumpfile.h"
#include "tests/unit/flatkernel.h"

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rb_node, rb_left);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rb_node, rb_right);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, maple_tree, ma_root);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, maple_range_64, pivot);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, maple_range_64, slot);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, maple_arange_64, pivot);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, maple_arange_64, slot);
extern struct klen_info _klen_vmlinux_maple_range_64_pivot, _klen_vmlinux_maple_range_64_slot,
	_klen_vmlinux_maple_arange_64_pivot, _klen_vmlinux_maple_arange_64_slot,
	_klen_vmlinux_xa_node_slots;
INIT_OPT_MOD_NUM(vmlinux, maple_leaf_64);
INIT_OPT_MOD_NUM(vmlinux, maple_range_64);
INIT_OPT_MOD_NUM(vmlinux, maple_arange_64);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, xarray, xa_head);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, xa_node, shift);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, xa_node, offset);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, xa_node, parent);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, xa_node, slots);
INIT_OPT_MOD_SYM(vmlinux, init_task);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, tasks);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, signal);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, thread_node);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, signal_struct, thread_head);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, group_leader);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rq, curr);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rq, idle);
INIT_OPT_MOD_STRUCT(vmlinux, cpumask);
INIT_OPT_MOD_SYM(vmlinux, runqueues);
INIT_OPT_MOD_SYM(vmlinux, __per_cpu_offset);
INIT_OPT_MOD_SYM(vmlinux, __cpu_possible_mask);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, mm_mt);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, mmap);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vm_area_struct, vm_start);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vm_area_struct, vm_end);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vm_area_struct, vm_next);

#define MEMBER(s, m) GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, m)

/* The visited objects. */
struct visited {
	uint64_t first[256], last[256], entry[256];
	unsigned int nr;
	unsigned int stop_at;		/* after this number of visits; 0: never */
	int stop;
};

static int visit_range(void *ctx, uint64_t first, uint64_t last, uint64_t entry)
{
	struct visited *v = ctx;

	assert_in_range(v->nr, 0, 255);
	v->first[v->nr] = first;
	v->last[v->nr] = last;
	v->entry[v->nr++] = entry;
	return v->nr == v->stop_at ? v->stop : 0;
}

static int visit(void *ctx, uint64_t object)
{
	return visit_range(ctx, 0, 0, object);
}

static void check_none_twice(const struct visited *v)
{
	for (unsigned int i = 0; i < v->nr; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(v->entry[i], v->entry[j]);
}

static int visit_vma(void *ctx, const struct mdf_vma *vma)
{
	return visit_range(ctx, vma->start, vma->end, vma->address);
}

static void check_said(int err, const char *what)
{
	assert_string_equal(mdf_error(), err_text(err));
	if (!strstr(mdf_error(), what))
		fail_msg("\"%s\" does not say \"%s\"", mdf_error(), what);
}

/* The n-th object, one page each. */
static uint64_t object(const struct flat *f, unsigned int n)
{
	return f->base + (uint64_t)n * FLAT_PAGE;
}

/* --- a set of addresses ----------------------------------------------------------- */

static void test_addrset(void **state)
{
	struct addrset s;

	(void)state;
	assert_int_equal(addrset_init(&s), 0);
	assert_null(addrset_find(&s, 0));
	assert_null(addrset_find(&s, 8));
	/* Neighbours, and what differs in the highest bits only. */
	for (uint64_t i = 1; i <= 5000; i++) {
		assert_int_equal(addrset_add(&s, i * 8, i), 0);
		assert_int_equal(addrset_add(&s, i << 48, i + 7), 0);
	}
	assert_int_equal(s.nr, 10000);
	for (uint64_t i = 1; i <= 5000; i++) {
		assert_int_equal(addrset_find(&s, i * 8)->value, i);
		assert_int_equal(addrset_find(&s, i << 48)->value, i + 7);
		assert_int_equal(addrset_add(&s, i * 8, 0), -EEXIST);
		assert_int_equal(addrset_find(&s, i * 8)->value, i);
		assert_null(addrset_find(&s, i * 8 + 1));
	}
	assert_int_equal(s.nr, 10000);
	assert_null(addrset_find(&s, 0));
	addrset_deinit(&s);
	addrset_deinit(&s);
}

/* --- lists ------------------------------------------------------------------------ */

#define LINK 0x18

/* The head is in page 0; objects 1 to nr follow. */
static void put_list(struct flat *f, unsigned int nr)
{
	flat_put(f, f->base, nr ? object(f, 1) + LINK : f->base);
	for (unsigned int i = 1; i <= nr; i++)
		flat_put(f, object(f, i) + LINK, i == nr ? f->base : object(f, i + 1) + LINK);
}

/* Check that the list leads to the first @nr objects. */
static void check_list(struct flat *f, unsigned int nr, int want, const char *said)
{
	struct ktype_info link = { .struct_name = "thing", .member_name = "link" };
	struct visited v = { 0 };

	flat_member(&link, LINK, 2 * flat_long(f));
	assert_int_equal(mdf_for_each_list(f->base, &link, visit, &v), want);
	assert_int_equal(v.nr, nr);
	for (unsigned int i = 0; i < nr; i++)
		assert_int_equal(v.entry[i], object(f, i + 1));
	if (want)
		check_said(want, said);
}

static void test_list(void **state)
{
	(void)state;
	for EACH_KERNEL(i) {
		for (unsigned int nr = 0; nr < 10; nr++) {
			struct flat f;

			BEGIN(&f, i);
			put_list(&f, nr);
			check_list(&f, nr, 0, NULL);
			flat_end(&f);
		}
	}
}

/* Loops of all lengths, entered after all numbers of entries. */
static void test_list_loops(void **state)
{
	(void)state;
	for (unsigned int nr = 1; nr < 24; nr++) {
		for (unsigned int back = 1; back <= nr; back++) {
			struct flat f;

			flat_begin(&f, true, false);
			put_list(&f, nr);
			flat_put(&f, object(&f, nr) + LINK, object(&f, back) + LINK);
			check_list(&f, nr, -EBADMSG, "breaks off");
			flat_end(&f);
		}
	}
}

static void check_broken_list(uint64_t next, unsigned int hole, unsigned int nr, int want)
{
	struct flat f;

	flat_begin(&f, true, false);
	put_list(&f, 9);
	if (next)
		flat_put(&f, object(&f, 5) + LINK, next == 1 ? 0 : next);
	if (hole != FLAT_HOLE)
		f.map[hole] = FLAT_HOLE;
	check_list(&f, nr, want, "breaks off");
	flat_end(&f);
}

static void test_list_damage(void **state)
{
	(void)state;
	/* NULL, poison, between longs, after the end of all. */
	check_broken_list(1, FLAT_HOLE, 5, -EBADMSG);
	check_broken_list(0xdead000000000100, FLAT_HOLE, 5, -EFAULT);
	check_broken_list(0xffff888000006019, FLAT_HOLE, 5, -EBADMSG);
	check_broken_list(UINT64_MAX - 7, FLAT_HOLE, 5, -EFAULT);
	check_broken_list(UINT64_MAX, FLAT_HOLE, 5, -EBADMSG);
	/* An entry that cannot be read is not visited; nor is anything without a head. */
	check_broken_list(0, 5, 4, -EFAULT);
	check_broken_list(0, 1, 0, -EFAULT);
	check_broken_list(0, 0, 0, -EFAULT);
}

/* A list of nine objects, whose links lead both ways. */
static void begin_two_ways(struct flat *f, unsigned int kernel)
{
	BEGIN(f, kernel);
	put_list(f, 9);
	for (unsigned int i = 1; i <= 9; i++)
		flat_put(f, object(f, i) + LINK + flat_long(f),
			 i == 1 ? f->base : object(f, i - 1) + LINK);
	flat_put(f, f->base + flat_long(f), object(f, 9) + LINK);
}

static void check_two_ways(struct flat *f, int want, const char *numbers)
{
	struct ktype_info link = { .struct_name = "thing", .member_name = "link" };
	struct visited v = { 0 };

	flat_member(&link, LINK, 2 * flat_long(f));
	assert_int_equal(mdf_for_each_list(f->base, &link, visit, &v), want);
	assert_int_equal(v.nr, strlen(numbers));
	for (unsigned int i = 0; i < v.nr; i++)
		assert_int_equal(v.entry[i], object(f, numbers[i] - '0'));
	check_said(want, "breaks off");
	flat_end(f);
}

/* Objects after a break are visited from the end on, and none of them twice. */
static void test_list_from_its_end(void **state)
{
	struct flat f;

	(void)state;
	for EACH_KERNEL(i) {
		begin_two_ways(&f, i);
		f.map[5] = FLAT_HOLE;
		check_two_ways(&f, -EFAULT, "12349876");
		begin_two_ways(&f, i);
		flat_put(&f, object(&f, 5) + LINK, 0);
		check_two_ways(&f, -EBADMSG, "123459876");
		/* A loop: 9 and 8 lead to the head, 7 to 3. */
		begin_two_ways(&f, i);
		flat_put(&f, object(&f, 7) + LINK, object(&f, 3) + LINK);
		check_two_ways(&f, -EBADMSG, "123456798");
		/* Two breaks: nothing leads to what is between them. */
		begin_two_ways(&f, i);
		flat_put(&f, object(&f, 3) + LINK, 0);
		flat_put(&f, object(&f, 7) + LINK + flat_long(&f), 0);
		check_two_ways(&f, -EBADMSG, "123987");
		/* An object that leads back, but is not led to, is no entry. */
		begin_two_ways(&f, i);
		flat_put(&f, object(&f, 5) + LINK, 0);
		flat_put(&f, object(&f, 8) + LINK + flat_long(&f), object(&f, 2) + LINK);
		check_two_ways(&f, -EBADMSG, "1234598");
	}
}

static void test_list_stops(void **state)
{
	static const int stops[] = { 1, -7, -EBADMSG };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stops); i++) {
		struct ktype_info link = { .struct_name = "thing", .member_name = "link" };
		struct visited v = { .stop_at = 3, .stop = stops[i] };
		struct flat f;

		flat_begin(&f, true, false);
		put_list(&f, 9);
		flat_member(&link, LINK, 16);
		assert_int_equal(mdf_for_each_list(f.base, &link, visit, &v), stops[i]);
		assert_int_equal(v.nr, 3);
		link.index = -1;
		assert_int_equal(mdf_for_each_list(f.base, &link, visit, &v), -ENOENT);
		check_said(-ENOENT, "OFFSET(thing.link)");
		link.index = 0;
		link.member_bit_offset++;
		assert_int_equal(mdf_for_each_list(f.base, &link, visit, &v), -EBADMSG);
		assert_int_equal(v.nr, 3);
		flat_end(&f);
	}
}

/* --- red-black trees -------------------------------------------------------------- */

static void know_rb(const struct flat *f)
{
	flat_member(MEMBER(rb_node, rb_right), flat_long(f), flat_long(f));
	flat_member(MEMBER(rb_node, rb_left), 2 * flat_long(f), flat_long(f));
}

/* Objects first to last as a tree; returns its root's rb_node. */
static uint64_t put_rb(struct flat *f, unsigned int first, unsigned int last)
{
	unsigned int middle = first + (last - first) / 2;
	uint64_t node = object(f, middle) + LINK;

	if (last < first)
		return 0;
	flat_put(f, node + flat_long(f), put_rb(f, middle + 1, last));
	flat_put(f, node + 2 * flat_long(f), put_rb(f, first, middle - 1));
	return node;
}

static void begin_rb(struct flat *f, unsigned int kernel, unsigned int nr)
{
	BEGIN(f, kernel);
	know_rb(f);
	flat_put(f, f->base, put_rb(f, 1, nr));
}

static int walk_rb(struct flat *f, struct visited *v)
{
	struct ktype_info node = { .struct_name = "thing", .member_name = "node" };

	flat_member(&node, LINK, 3 * flat_long(f));
	return mdf_for_each_rb(f->base, &node, visit, v);
}

static void test_rb(void **state)
{
	(void)state;
	for EACH_KERNEL(i) {
		for (unsigned int nr = 0; nr < 40; nr++) {
			struct visited v = { 0 };
			struct flat f;

			begin_rb(&f, i, nr);
			assert_int_equal(walk_rb(&f, &v), 0);
			assert_int_equal(v.nr, nr);
			for (unsigned int j = 0; j < nr; j++)
				assert_int_equal(v.entry[j], object(&f, j + 1));
			v = (struct visited){ .stop_at = 5, .stop = 5 };
			assert_int_equal(walk_rb(&f, &v), nr < 5 ? 0 : 5);
			assert_int_equal(v.nr, nr < 5 ? nr : 5);
			flat_end(&f);
		}
	}
}

/* The walk skips the target of a damaged link; it visits all the rest, nothing twice. */
static void test_rb_damage(void **state)
{
	static const struct {
		unsigned int right;	/* instead of object 16's right link: 16 to 31 */
		int want;
		unsigned int nr;
	} cases[] = {
		{ 16, -EBADMSG, 16 },	/* itself */
		{ 1, -EBADMSG, 16 },	/* the first one */
		{ 8, -EBADMSG, 16 },	/* one above the first */
		{ 400, -EFAULT, 16 },	/* nothing */
		{ 401, -EBADMSG, 16 },	/* an odd address */
		{ 100, 0, 17 },		/* something else, empty */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct visited v = { 0 };
		struct flat f;

		begin_rb(&f, 0, 31);
		f.map[400] = FLAT_HOLE;
		flat_put(&f, object(&f, 16) + LINK + 8, object(&f, cases[i].right) + LINK +
			 (cases[i].right == 401));
		assert_int_equal(walk_rb(&f, &v), cases[i].want);
		assert_int_equal(v.nr, cases[i].nr);
		for (unsigned int j = 0; j < 16; j++)
			assert_int_equal(v.entry[j], object(&f, j + 1));
		flat_end(&f);
	}
}

/* Both branches of each of 30 nodes lead to the next one; and 200 nodes in a row. */
static void test_rb_bounds(void **state)
{
	struct visited v = { 0 };
	struct flat f;

	(void)state;
	flat_begin(&f, true, false);
	know_rb(&f);
	for (unsigned int i = 0; i < 30; i++) {
		flat_put(&f, object(&f, i) + LINK + 8, object(&f, i + 1) + LINK);
		flat_put(&f, object(&f, i) + LINK + 16, object(&f, i + 1) + LINK);
	}
	flat_put(&f, f.base, object(&f, 1) + LINK);
	assert_int_equal(walk_rb(&f, &v), -EBADMSG);
	check_said(-EBADMSG, "twice");
	assert_int_equal(v.nr, 30);
	flat_end(&f);

	flat_begin(&f, true, false);
	for (unsigned int i = 1; i < 200; i++)
		flat_put(&f, object(&f, i) + LINK + 16, object(&f, i + 1) + LINK);
	flat_put(&f, f.base, object(&f, 1) + LINK);
	v.nr = 0;
	assert_int_equal(walk_rb(&f, &v), -EBADMSG);
	check_said(-EBADMSG, "has no end");
	assert_int_equal(v.nr, 128);
	MEMBER(rb_node, rb_left)->index = -1;
	assert_int_equal(walk_rb(&f, &v), -ENOENT);
	check_said(-ENOENT, "missing: OFFSET(rb_node.rb_left)");
	assert_int_equal(v.nr, 128);
	flat_end(&f);
}

/* --- maple trees ------------------------------------------------------------------ */

#define DENSE 0
#define LEAF 1
#define RANGE 2
#define ARANGE 3

static void know_length(struct klen_info *l, uint64_t value)
{
	l->value = value;
	l->index = 0;
}

static void know_number(struct knum_info *n, int64_t value)
{
	n->value = value;
	n->index = 0;
}

static void know_maple(const struct flat *f)
{
	unsigned int l = flat_long(f), nr = f->vc.is64 ? 16 : 32, anr = f->vc.is64 ? 10 : 21;

	flat_member(MEMBER(maple_tree, ma_root), 8, l);
	flat_member(MEMBER(maple_range_64, pivot), l, (nr - 1) * l);
	flat_member(MEMBER(maple_range_64, slot), nr * l, nr * l);
	flat_member(MEMBER(maple_arange_64, pivot), l, (anr - 1) * l);
	flat_member(MEMBER(maple_arange_64, slot), anr * l, anr * l);
	know_length(&_klen_vmlinux_maple_range_64_pivot, nr - 1);
	know_length(&_klen_vmlinux_maple_range_64_slot, nr);
	know_length(&_klen_vmlinux_maple_arange_64_pivot, anr - 1);
	know_length(&_klen_vmlinux_maple_arange_64_slot, anr);
	know_number(&_knum_vmlinux_maple_leaf_64, LEAF);
	know_number(&_knum_vmlinux_maple_range_64, RANGE);
	know_number(&_knum_vmlinux_maple_arange_64, ARANGE);
}

/* The n-th node, as a link to it says; the tree is in page 0. */
static uint64_t maple_link(const struct flat *f, unsigned int n, unsigned int type)
{
	return object(f, 1) + n * 0x100 + (type << 3) + 4;
}

static void put_maple_root(struct flat *f, uint64_t link)
{
	flat_put(f, f->base + 8, link | 2);
}

/* One slot of a node, with the pivot where it ends. */
static void put_maple(struct flat *f, unsigned int n, unsigned int type, unsigned int slot,
		      uint64_t pivot, uint64_t entry)
{
	uint64_t node = object(f, 1) + n * 0x100;
	unsigned int nr = type == ARANGE ? (f->vc.is64 ? 10 : 21) : (f->vc.is64 ? 16 : 32);

	if (slot < nr - 1)
		flat_put(f, node + (1 + slot) * flat_long(f), pivot);
	flat_put(f, node + (nr + slot) * flat_long(f), entry);
}

static void check_range(const struct visited *v, unsigned int i, uint64_t first, uint64_t last,
			uint64_t entry)
{
	assert_in_range(i, 0, v->nr - 1);
	assert_int_equal(v->first[i], first);
	assert_int_equal(v->last[i], last);
	assert_int_equal(v->entry[i], entry);
}

static int walk_maple(struct flat *f, struct visited *v)
{
	*v = (struct visited){ 0 };
	return mdf_for_each_maple(f->base, visit_range, v);
}

static void test_maple_small(void **state)
{
	static const struct {
		uint64_t root;
		unsigned int nr;
	} cases[] = { { 0, 0 }, { 0x1000, 1 }, { 0x1001, 1 }, { 0x102, 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct visited v;
		struct flat f;

		flat_begin(&f, true, false);
		know_maple(&f);
		flat_put(&f, f.base + 8, cases[i].root);
		assert_int_equal(walk_maple(&f, &v), 0);
		assert_int_equal(v.nr, cases[i].nr);
		if (v.nr)
			check_range(&v, 0, 0, 0, cases[i].root);
		flat_end(&f);
	}
}

/* A node of arange_64 with a leaf that is full, one that is not, and one of a single slot. */
static void put_maple_tree(struct flat *f)
{
	unsigned int full = f->vc.is64 ? 16 : 32;

	put_maple_root(f, maple_link(f, 0, ARANGE));
	put_maple(f, 0, ARANGE, 0, 0xfff, maple_link(f, 1, LEAF));
	put_maple(f, 0, ARANGE, 1, 0x1fff, maple_link(f, 2, LEAF));
	put_maple(f, 0, ARANGE, 2, 0, maple_link(f, 3, LEAF));
	/* Slots after the last one in use do not count. */
	put_maple(f, 0, ARANGE, 3, 0x5000, maple_link(f, 1, LEAF));
	/* The first range may end at 0. */
	for (unsigned int i = 0; i < full; i++)
		put_maple(f, 1, LEAF, i, i * 0x10, 0x200 + i * 0x10);
	put_maple(f, 2, LEAF, 0, 0x17ff, 0);
	put_maple(f, 2, LEAF, 1, 0x18ff, 0x9000);
	put_maple(f, 2, LEAF, 2, 0x19ff, 0x406);	/* a mark */
	put_maple(f, 2, LEAF, 3, 0x1fff, 0x9010);
	put_maple(f, 2, LEAF, 4, 0, 0x9020);
	put_maple(f, 3, LEAF, 0, 0x2fff, 0);
	put_maple(f, 3, LEAF, 1, 0, 0xa000);
}

static void test_maple(void **state)
{
	(void)state;
	for EACH_KERNEL(i) {
		unsigned int full;
		struct visited v;
		struct flat f;

		BEGIN(&f, i);
		know_maple(&f);
		put_maple_tree(&f);
		full = f.vc.is64 ? 16 : 32;
		assert_int_equal(walk_maple(&f, &v), 0);
		assert_int_equal(v.nr, full + 3);
		check_range(&v, 0, 0, 0, 0x200);
		for (unsigned int j = 1; j < full - 1; j++)
			check_range(&v, j, (j - 1) * 0x10 + 1, j * 0x10, 0x200 + j * 0x10);
		check_range(&v, full - 1, (full - 2) * 0x10 + 1, 0xfff, 0x200 + (full - 1) * 0x10);
		check_range(&v, full, 0x1800, 0x18ff, 0x9000);
		check_range(&v, full + 1, 0x1a00, 0x1fff, 0x9010);
		check_range(&v, full + 2, 0x3000, f.vc.is64 ? UINT64_MAX : UINT32_MAX, 0xa000);
		v = (struct visited){ .stop_at = full + 1, .stop = -EPERM };
		assert_int_equal(mdf_for_each_maple(f.base, visit_range, &v), -EPERM);
		assert_int_equal(v.nr, full + 1);
		flat_end(&f);
	}
}

/* The middle of three leaves is something else: the others are visited. */
static void check_maple_damage(uint64_t link, unsigned int hole, int want, const char *said)
{
	struct visited v;
	struct flat f;

	flat_begin(&f, true, false);
	know_maple(&f);
	put_maple_tree(&f);
	put_maple(&f, 0, ARANGE, 1, 0x1fff, link);
	if (hole)
		f.map[hole] = FLAT_HOLE;
	assert_int_equal(walk_maple(&f, &v), want);
	check_said(want, said);
	assert_int_equal(v.nr, 17);
	check_range(&v, 15, 0xe1, 0xfff, 0x2f0);
	check_range(&v, 16, 0x3000, UINT64_MAX, 0xa000);
	flat_end(&f);
}

static void test_maple_damage(void **state)
{
	uint64_t base = 0xffff888000000000;

	(void)state;
	check_maple_damage(0, 0, -EBADMSG, "is no node");
	check_maple_damage(4 + (LEAF << 3), 0, -EBADMSG, "is no node");
	check_maple_damage(base + 0x1200 + (DENSE << 3) + 4, 0, -EBADMSG, "is no node");
	check_maple_damage(base + 0x1200 + (4 << 3) + 4, 0, -EBADMSG, "is no node");
	check_maple_damage(base + 0x1000 + (ARANGE << 3) + 4, 0, -EBADMSG, "twice");
	check_maple_damage(base + 0x1100 + (LEAF << 3) + 4, 0, -EBADMSG, "twice");
	check_maple_damage(base + 0x9000 + (LEAF << 3) + 4, 9, -EFAULT, "not mapped");
	check_maple_damage(UINT64_MAX - 0xff + (LEAF << 3) + 4, 0, -EFAULT, "no memory goes");
}

static void test_maple_order(void **state)
{
	struct visited v;
	struct flat f;

	(void)state;
	/* Pivots that fall; one beyond what the node may have. */
	flat_begin(&f, true, false);
	know_maple(&f);
	put_maple_tree(&f);
	put_maple(&f, 1, LEAF, 3, 0x10, 0x230);
	put_maple(&f, 2, LEAF, 3, 0x2fff, 0x9010);
	/* The error is about the first damage. */
	put_maple(&f, 0, ARANGE, 2, 0, f.base + 0x9000 + (LEAF << 3) + 4);
	f.map[9] = FLAT_HOLE;
	assert_int_equal(walk_maple(&f, &v), -EBADMSG);
	check_said(-EBADMSG, "does not ascend");
	assert_int_equal(v.nr, 3 + 2);
	check_range(&v, 2, 0x11, 0x20, 0x220);
	check_range(&v, 4, 0x1a00, 0x1fff, 0x9010);
	flat_end(&f);
}

/* Each node leads to the next one, deeper than trees are. */
static void test_maple_depth(void **state)
{
	struct visited v;
	struct flat f;

	(void)state;
	for (unsigned int deep = 30; deep <= 31; deep++) {
		flat_begin(&f, true, false);
		know_maple(&f);
		put_maple_root(&f, maple_link(&f, 0, RANGE));
		for (unsigned int i = 0; i < deep; i++)
			put_maple(&f, i, RANGE, 0, UINT64_MAX,
				  maple_link(&f, i + 1, i + 1 == deep ? LEAF : RANGE));
		put_maple(&f, deep, LEAF, 0, UINT64_MAX, 0x8000);
		assert_int_equal(walk_maple(&f, &v), deep == 30 ? 0 : -EBADMSG);
		assert_int_equal(v.nr, deep == 30);
		if (deep == 31)
			check_said(-EBADMSG, "has no end");
		flat_end(&f);
	}
}

static void test_maple_facts(void **state)
{
	struct visited v;
	struct flat f;

	(void)state;
	flat_begin(&f, true, false);
	know_maple(&f);
	_klen_vmlinux_maple_range_64_slot.index = -1;
	_knum_vmlinux_maple_leaf_64.index = -1;
	assert_int_equal(walk_maple(&f, &v), -ENOENT);
	check_said(-ENOENT, "LENGTH(maple_range_64.slot), NUMBER(maple_leaf_64)");
	know_maple(&f);
	know_length(&_klen_vmlinux_maple_arange_64_slot, 65);
	assert_int_equal(walk_maple(&f, &v), -EBADMSG);
	know_length(&_klen_vmlinux_maple_arange_64_slot, 0);
	assert_int_equal(walk_maple(&f, &v), -EBADMSG);
	know_length(&_klen_vmlinux_maple_arange_64_slot, 8);
	assert_int_equal(walk_maple(&f, &v), -EBADMSG);
	know_maple(&f);
	flat_member(MEMBER(maple_range_64, slot), 1024 - 127, 128);
	assert_int_equal(walk_maple(&f, &v), -EBADMSG);
	check_said(-EBADMSG, "is invalid");
	flat_member(MEMBER(maple_range_64, slot), 1024 - 128, 128);
	assert_int_equal(walk_maple(&f, &v), 0);
	flat_end(&f);
}

/* --- xarrays ---------------------------------------------------------------------- */

static void know_xarray(const struct flat *f, unsigned int slots)
{
	unsigned int l = flat_long(f);

	flat_member(MEMBER(xarray, xa_head), 8, l);
	flat_member(MEMBER(xa_node, shift), 0, 1);
	flat_member(MEMBER(xa_node, offset), 1, 1);
	flat_member(MEMBER(xa_node, parent), 8, l);
	flat_member(MEMBER(xa_node, slots), 40, slots * l);
	know_length(&_klen_vmlinux_xa_node_slots, slots);
}

/* Node n, in page n. up: the node it hangs at, in a slot of it; 0: the root. */
static void put_xa_node(struct flat *f, unsigned int n, unsigned int shift, unsigned int up,
			unsigned int slot)
{
	flat_at(f, object(f, n))[0] = shift;
	flat_at(f, object(f, n))[1] = slot;
	flat_put(f, object(f, n) + 8, up ? object(f, up) : 0);
	flat_put(f, up ? object(f, up) + 40 + slot * flat_long(f) : f->base + 8, object(f, n) + 2);
}

static void put_xa(struct flat *f, unsigned int n, unsigned int slot, uint64_t entry)
{
	flat_put(f, object(f, n) + 40 + slot * flat_long(f), entry);
}

static int walk_xarray(struct flat *f, struct visited *v)
{
	*v = (struct visited){ 0 };
	return mdf_for_each_xarray(f->base, visit_range, v);
}

static void test_xarray_small(void **state)
{
	/* NULL, a pointer, a value, marks. */
	static const uint64_t heads[] = { 0, 0x8000, 0x8001, 0x8003, 0x102, 0x402 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		struct visited v;
		struct flat f;

		flat_begin(&f, true, false);
		know_xarray(&f, 64);
		flat_put(&f, f.base + 8, heads[i]);
		assert_int_equal(walk_xarray(&f, &v), 0);
		assert_int_equal(v.nr, i == 1);
		if (v.nr)
			check_range(&v, 0, 0, 0, 0x8000);
		flat_end(&f);
	}
}

/* Three levels. */
static void put_xarray(struct flat *f, unsigned int bits)
{
	put_xa_node(f, 1, 2 * bits, 0, 0);
	put_xa_node(f, 2, bits, 1, 0);
	put_xa_node(f, 3, bits, 1, 3);
	put_xa_node(f, 4, 0, 2, 1);
	put_xa_node(f, 5, 0, 3, 15);
	put_xa(f, 4, 0, 0x8000);
	put_xa(f, 4, 2, 0x8011);		/* a value */
	put_xa(f, 4, 3, 0x402);			/* to be tried again */
	put_xa(f, 4, 15, 0x8020);
	/* Four slots of one entry, then one that is another's. */
	put_xa(f, 2, 4, 0x9000);
	put_xa(f, 2, 5, 4 << 2 | 2);
	put_xa(f, 2, 6, 4 << 2 | 2);
	put_xa(f, 2, 7, 4 << 2 | 2);
	put_xa(f, 2, 8, 3 << 2 | 2);
	put_xa(f, 5, 1, 0xa000);
	put_xa(f, 1, 15, 0xb000);
}

static void test_xarray(void **state)
{
	(void)state;
	for EACH_KERNEL(i) {
		for (unsigned int bits = 4; bits <= 6; bits += 2) {
			uint64_t n = 1 << bits;
			struct visited v;
			struct flat f;

			BEGIN(&f, i);
			know_xarray(&f, n);
			put_xarray(&f, bits);
			assert_int_equal(walk_xarray(&f, &v), 0);
			assert_int_equal(v.nr, 5);
			check_range(&v, 0, n, n, 0x8000);
			check_range(&v, 1, n + 15, n + 15, 0x8020);
			check_range(&v, 2, 4 * n, 8 * n - 1, 0x9000);
			check_range(&v, 3, 3 * n * n + 15 * n + 1, 3 * n * n + 15 * n + 1, 0xa000);
			check_range(&v, 4, 15 * n * n, 16 * n * n - 1, 0xb000);
			v = (struct visited){ .stop_at = 4, .stop = 9 };
			assert_int_equal(mdf_for_each_xarray(f.base, visit_range, &v), 9);
			assert_int_equal(v.nr, 4);
			flat_end(&f);
		}
	}
}

/* The highest node there can be: it has more slots than there are indexes. */
static void test_xarray_top(void **state)
{
	(void)state;
	for EACH_KERNEL(i) {
		struct visited v;
		struct flat f;
		uint64_t max;

		BEGIN(&f, i);
		max = f.vc.is64 ? UINT64_MAX : UINT32_MAX;
		know_xarray(&f, 64);
		put_xa_node(&f, 1, f.vc.is64 ? 60 : 30, 0, 0);
		put_xa(&f, 1, f.vc.is64 ? 15 : 3, 0x8000);
		/* Not even as a part of the last one. */
		put_xa(&f, 1, f.vc.is64 ? 16 : 4, (f.vc.is64 ? 15 : 3) << 2 | 2);
		put_xa(&f, 1, f.vc.is64 ? 17 : 5, 0x9000);
		assert_int_equal(walk_xarray(&f, &v), 0);
		assert_int_equal(v.nr, 1);
		check_range(&v, 0, max - (max >> (f.vc.is64 ? 4 : 2)), max, 0x8000);
		flat_end(&f);
	}
}

enum { XA_SHIFT, XA_ODD_SHIFT, XA_PARENT, XA_OFFSET, XA_SELF, XA_TWICE, XA_NOWHERE, XA_ROOT,
       NR_XA };

/* Node 4 is damaged, or the link to it: what is not below it is visited. */
static void damage_xarray(struct flat *f, unsigned int what)
{
	switch (what) {
	case XA_SHIFT:
		flat_at(f, object(f, 4))[0] = 6;
		break;
	case XA_ODD_SHIFT:
		flat_at(f, object(f, 4))[0] = 1;
		break;
	case XA_PARENT:
		flat_put(f, object(f, 4) + 8, object(f, 3));
		break;
	case XA_OFFSET:
		flat_at(f, object(f, 4))[1] = 2;
		break;
	case XA_SELF:
		put_xa(f, 2, 1, object(f, 2) + 2);
		break;
	case XA_TWICE:
		put_xa(f, 2, 1, object(f, 5) + 2);
		break;
	case XA_NOWHERE:
		f->map[4] = FLAT_HOLE;
		break;
	default:
		put_xa(f, 2, 1, object(f, 1) + 2);
	}
}

static void test_xarray_damage(void **state)
{
	(void)state;
	for (unsigned int what = 0; what < NR_XA; what++) {
		int want = what == XA_NOWHERE ? -EFAULT : -EBADMSG;
		struct visited v;
		struct flat f;

		flat_begin(&f, true, false);
		know_xarray(&f, 64);
		put_xarray(&f, 6);
		damage_xarray(&f, what);
		assert_int_equal(walk_xarray(&f, &v), want);
		check_said(want, what == XA_NOWHERE ? "not mapped" : "none of its nodes");
		assert_int_equal(v.nr, 3);
		check_range(&v, 0, 4 * 64, 8 * 64 - 1, 0x9000);
		flat_end(&f);
	}
}

static void test_xarray_facts(void **state)
{
	struct visited v;
	struct flat f;

	(void)state;
	flat_begin(&f, true, false);
	know_xarray(&f, 64);
	put_xa_node(&f, 2, 5, 0, 0);
	flat_put(&f, f.base + 0x10, object(&f, 2) + 2);
	put_xa_node(&f, 1, 66, 0, 0);
	MEMBER(xa_node, parent)->index = -1;
	assert_int_equal(walk_xarray(&f, &v), -ENOENT);
	check_said(-ENOENT, "missing: OFFSET(xa_node.parent)");
	/* No root reaches that far, or is between the levels. */
	know_xarray(&f, 64);
	assert_int_equal(walk_xarray(&f, &v), -EBADMSG);
	assert_int_equal(mdf_for_each_xarray(f.base + 8, visit_range, &v), -EBADMSG);
	check_said(-EBADMSG, "none of its nodes");
	for (unsigned int slots = 0; slots < 200; slots += 48) {
		know_xarray(&f, slots ? slots : 1);
		assert_int_equal(walk_xarray(&f, &v), -EBADMSG);
		check_said(-EBADMSG, "is invalid");
	}
	know_xarray(&f, 64);
	flat_member(MEMBER(xa_node, shift), 1024, 1);
	assert_int_equal(walk_xarray(&f, &v), -EBADMSG);
	check_said(-EBADMSG, "is invalid");
	know_xarray(&f, 64);
	flat_member(MEMBER(xa_node, parent), 1024 - 7, 8);
	assert_int_equal(walk_xarray(&f, &v), -EBADMSG);
	check_said(-EBADMSG, "is invalid");
	flat_end(&f);
}

/* --- tasks ------------------------------------------------------------------------ */

/* In a task, and in a signal_struct. */
#define TASKS 0x40
#define SIGNAL 0x60
#define THREAD_NODE 0x80
#define THREAD_HEAD 0x10

static void know_tasks(const struct flat *f)
{
	GET_MOD_SYM(vmlinux, init_task) = f->base;
	GET_MOD_SYM_PTR(vmlinux, init_task)->index = 0;
	flat_member(MEMBER(task_struct, tasks), TASKS, 2 * flat_long(f));
	flat_member(MEMBER(task_struct, signal), SIGNAL, flat_long(f));
	flat_member(MEMBER(task_struct, thread_node), THREAD_NODE, 2 * flat_long(f));
	flat_member(MEMBER(signal_struct, thread_head), THREAD_HEAD, 2 * flat_long(f));
}

/*
 * Processes 1 to nr: the leader of process p is object 10 * p, its signal the next one, its
 * other threads, p - 1 of them, those after.
 */
static uint64_t thread(const struct flat *f, unsigned int p, unsigned int t)
{
	return object(f, 10 * p + (t ? t + 1 : 0));
}

static void put_tasks(struct flat *f, unsigned int nr)
{
	flat_put(f, f->base + TASKS, nr ? thread(f, 1, 0) + TASKS : f->base + TASKS);
	for (unsigned int p = 1; p <= nr; p++) {
		uint64_t signal = object(f, 10 * p + 1);

		flat_put(f, thread(f, p, 0) + TASKS, p == nr ? f->base + TASKS :
			 thread(f, p + 1, 0) + TASKS);
		flat_put(f, signal + THREAD_HEAD, thread(f, p, 0) + THREAD_NODE);
		for (unsigned int t = 0; t < p; t++) {
			flat_put(f, thread(f, p, t) + SIGNAL, signal);
			flat_put(f, thread(f, p, t) + THREAD_NODE, t + 1 == p ?
				 signal + THREAD_HEAD : thread(f, p, t + 1) + THREAD_NODE);
		}
	}
}

static void test_tasks(void **state)
{
	(void)state;
	for EACH_KERNEL(i) {
		for (unsigned int nr = 0; nr < 6; nr++) {
			struct visited v = { 0 };
			unsigned int n = 0;
			struct flat f;

			BEGIN(&f, i);
			know_tasks(&f);
			put_tasks(&f, nr);
			assert_int_equal(mdf_for_each_task(visit, &v), 0);
			for (unsigned int p = 1; p <= nr; p++)
				for (unsigned int t = 0; t < p; t++)
					assert_int_equal(v.entry[n++], thread(&f, p, t));
			assert_int_equal(v.nr, n);
			/* At a leader, and at another thread. */
			for (unsigned int stop = 4; nr == 5 && stop <= 5; stop++) {
				v = (struct visited){ .stop_at = stop, .stop = -EPERM };
				assert_int_equal(mdf_for_each_task(visit, &v), -EPERM);
				assert_int_equal(v.nr, stop);
			}
			flat_end(&f);
		}
	}
}

enum { T_LEADER_GONE, T_SIGNAL_GONE, T_NO_SIGNAL, T_OTHERS_SIGNAL, T_OTHERS_THREAD, T_THREADS,
       T_LIST, NR_T };

/* Damage of the third process of four, and how many tasks there are left of the ten. */
static unsigned int damage_tasks(struct flat *f, unsigned int what)
{
	switch (what) {
	case T_LEADER_GONE:
		f->map[30] = FLAT_HOLE;
		return 3;			/* the list ends there */
	case T_SIGNAL_GONE:
		f->map[31] = FLAT_HOLE;
		return 8;			/* the leader is there */
	case T_NO_SIGNAL:
		flat_put(f, thread(f, 3, 0) + SIGNAL, 0);
		return 7;
	case T_OTHERS_SIGNAL:
		flat_put(f, thread(f, 3, 0) + SIGNAL, object(f, 21));
		return 7;
	case T_OTHERS_THREAD:
		/* Leads to the second thread of process 4, and on from there. */
		flat_put(f, thread(f, 3, 1) + THREAD_NODE, thread(f, 4, 1) + THREAD_NODE);
		return 9;
	case T_THREADS:
		flat_put(f, thread(f, 3, 1) + THREAD_NODE, thread(f, 3, 0) + THREAD_NODE);
		return 9;
	default:
		flat_put(f, thread(f, 3, 0) + TASKS, thread(f, 2, 0) + TASKS);
		return 6;
	}
}

static void test_tasks_damage(void **state)
{
	(void)state;
	for (unsigned int what = 0; what < NR_T; what++) {
		struct visited v = { 0 };
		unsigned int left;
		struct flat f;

		flat_begin(&f, true, false);
		know_tasks(&f);
		put_tasks(&f, 4);
		left = damage_tasks(&f, what);
		assert_int_equal(mdf_for_each_task(visit, &v), what == T_LEADER_GONE ||
				 what == T_SIGNAL_GONE ? -EFAULT : -EBADMSG);
		assert_int_equal(v.nr, left);
		check_none_twice(&v);
		flat_end(&f);
	}
}

#define SET_SYMBOL(s, v) \
	(GET_MOD_SYM(vmlinux, s) = (v), GET_MOD_SYM_PTR(vmlinux, s)->index = FACT_KALLSYMS)
#define LEADER 0x20

/*
 * The first task is lost. CPU 0 is idle, and its task has the links of the first process; CPU 2
 * has no variables; CPU 3 runs a thread of the third process.
 */
static void put_cpus(struct flat *f)
{
	uint64_t all = object(f, 200), idle = object(f, 201), word = flat_long(f);

	SET_SYMBOL(__cpu_possible_mask, all);
	SET_SYMBOL(__per_cpu_offset, all + 0x100);
	SET_SYMBOL(runqueues, all + 0x200);
	GET_MOD_STRUCT_SSIZE(vmlinux, cpumask) = 8;
	_kstruct_vmlinux_cpumask.index = FACT_BTF;
	flat_member(MEMBER(rq, curr), 0x10, word);
	flat_member(MEMBER(rq, idle), 0x18, word);
	flat_member(MEMBER(task_struct, group_leader), LEADER, word);
	flat_put(f, all, 1 | 1 << 2 | 1 << 3);
	flat_put(f, all + 0x100 + 2 * word, 0x12345678);
	flat_put(f, all + 0x100 + 3 * word, 0x100);
	flat_put(f, all + 0x210, idle);
	flat_put(f, all + 0x218, idle);
	flat_put(f, all + 0x310, thread(f, 3, 2));
	flat_put(f, idle + LEADER, idle);
	flat_put(f, idle + SIGNAL, object(f, 202));
	flat_put(f, idle + TASKS, thread(f, 2, 0) + TASKS);
	flat_put(f, idle + TASKS + word, f->base + TASKS);
	for (unsigned int p = 1; p <= 4; p++) {
		flat_put(f, thread(f, p, 0) + TASKS + word,
			 p == 1 ? f->base + TASKS : thread(f, p - 1, 0) + TASKS);
		for (unsigned int t = 0; t < p; t++)
			flat_put(f, thread(f, p, t) + LEADER, thread(f, p, 0));
	}
	f->map[0] = FLAT_HOLE;
}

static void test_tasks_of_cpus(void **state)
{
	(void)state;
	for EACH_KERNEL(i) {
		for (unsigned int known = 0; known < 3; known++) {
			struct visited v = { 0 };
			struct flat f;

			BEGIN(&f, i);
			know_tasks(&f);
			put_tasks(&f, 4);
			put_cpus(&f);
			if (!known)
				GET_MOD_SYM_PTR(vmlinux, runqueues)->index = -1;
			/* A thread is in no list of processes. */
			if (known == 1)
				MEMBER(task_struct, group_leader)->index = -1;
			assert_int_equal(mdf_for_each_task(visit, &v), -EFAULT);
			check_said(-EFAULT, "does not lead back to its head");
			assert_int_equal(v.nr, known == 2 ? 10 : 0);
			check_none_twice(&v);
			v = (struct visited){ .stop_at = 5, .stop = -EPERM };
			if (known == 2)
				assert_int_equal(mdf_for_each_task(visit, &v), -EPERM);
			flat_end(&f);
		}
	}
	GET_MOD_SYM_PTR(vmlinux, runqueues)->index = -1;
}

static void test_tasks_facts(void **state)
{
	struct visited v = { 0 };
	struct flat f;

	(void)state;
	flat_begin(&f, true, false);
	know_tasks(&f);
	put_tasks(&f, 2);
	GET_MOD_SYM_PTR(vmlinux, init_task)->index = -1;
	MEMBER(signal_struct, thread_head)->index = -1;
	assert_int_equal(mdf_for_each_task(visit, &v), -ENOENT);
	check_said(-ENOENT, "missing: SYMBOL(init_task), OFFSET(signal_struct.thread_head)");
	assert_int_equal(v.nr, 0);
	flat_end(&f);
}

/* --- mappings --------------------------------------------------------------------- */

#define VM_START 0x10
#define VM_END 0x18
#define VM_NEXT 0x20

static void know_vmas(const struct flat *f, bool maple)
{
	unsigned int l = flat_long(f);

	know_maple(f);
	/* The tree is at the beginning of the mm_struct, in page 0. */
	flat_member(MEMBER(mm_struct, mm_mt), 0, 2 * l);
	MEMBER(mm_struct, mm_mt)->index = maple ? 0 : -1;
	flat_member(MEMBER(mm_struct, mmap), 0x40, l);
	MEMBER(mm_struct, mmap)->index = maple ? -1 : 0;
	flat_member(MEMBER(vm_area_struct, vm_start), VM_START, l);
	flat_member(MEMBER(vm_area_struct, vm_end), VM_END, l);
	flat_member(MEMBER(vm_area_struct, vm_next), VM_NEXT, l);
}

/* Mapping n, at n << 16 for n pages, in object 10 + n; and what leads to it. */
static void put_vmas(struct flat *f, unsigned int nr)
{
	put_maple_root(f, maple_link(f, 0, LEAF));
	flat_put(f, f->base + 0x40, nr ? object(f, 11) : 0);
	put_maple(f, 0, LEAF, 2 * nr, 0, 0);
	for (unsigned int n = 1; n <= nr; n++) {
		uint64_t vma = object(f, 10 + n), start = n << 16, end = start + (n << 12);

		flat_put(f, vma + VM_START, start);
		flat_put(f, vma + VM_END, end);
		flat_put(f, vma + VM_NEXT, n == nr ? 0 : object(f, 11 + n));
		put_maple(f, 0, LEAF, 2 * n - 2, start - 1, 0);
		put_maple(f, 0, LEAF, 2 * n - 1, end - 1, vma);
	}
}

static void test_vmas(void **state)
{
	(void)state;
	for EACH_KERNEL(i) {
		for (unsigned int maple = 0; maple < 2; maple++) {
			struct visited v = { 0 };
			struct flat f;

			BEGIN(&f, i);
			know_vmas(&f, maple);
			put_vmas(&f, 6);
			assert_int_equal(mdf_for_each_vma(f.base, visit_vma, &v), 0);
			assert_int_equal(v.nr, 6);
			for (unsigned int n = 1; n <= 6; n++)
				check_range(&v, n - 1, n << 16, (n << 16) + (n << 12),
					    object(&f, 10 + n));
			v = (struct visited){ .stop_at = 2, .stop = 3 };
			assert_int_equal(mdf_for_each_vma(f.base, visit_vma, &v), 3);
			assert_int_equal(v.nr, 2);
			flat_end(&f);
		}
	}
}

/* One field of the third of six is wrong. */
static void check_vma_damage(bool maple, unsigned int field, uint64_t value, unsigned int nr)
{
	struct visited v = { 0 };
	struct flat f;

	flat_begin(&f, true, false);
	know_vmas(&f, maple);
	put_vmas(&f, 6);
	flat_put(&f, object(&f, 13) + field, value == 1 ? object(&f, 12) : value);
	assert_int_equal(mdf_for_each_vma(f.base, visit_vma, &v), -EBADMSG);
	assert_int_equal(v.nr, nr);
	flat_end(&f);
}

static void test_vma_damage(void **state)
{
	struct visited v = { 0 };
	struct flat f;

	(void)state;
	check_vma_damage(true, VM_START, 0x30001, 5);
	check_vma_damage(true, VM_END, 0x34000, 5);
	check_vma_damage(false, VM_START, 0x21fff, 2);
	check_vma_damage(false, VM_END, 0x30000, 2);
	check_vma_damage(false, VM_NEXT, 1, 3);

	flat_begin(&f, true, false);
	know_vmas(&f, true);
	put_vmas(&f, 6);
	f.map[13] = FLAT_HOLE;
	assert_int_equal(mdf_for_each_vma(f.base, visit_vma, &v), -EFAULT);
	check_said(-EFAULT, "not mapped");
	assert_int_equal(v.nr, 5);
	MEMBER(mm_struct, mm_mt)->index = -1;
	assert_int_equal(mdf_for_each_vma(f.base, visit_vma, &v), -ENOENT);
	check_said(-ENOENT, "missing: OFFSET(mm_struct.mmap)");
	flat_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addrset),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_loops),
		cmocka_unit_test(test_list_damage),
		cmocka_unit_test(test_list_from_its_end),
		cmocka_unit_test(test_list_stops),
		cmocka_unit_test(test_rb),
		cmocka_unit_test(test_rb_damage),
		cmocka_unit_test(test_rb_bounds),
		cmocka_unit_test(test_maple_small),
		cmocka_unit_test(test_maple),
		cmocka_unit_test(test_maple_damage),
		cmocka_unit_test(test_maple_order),
		cmocka_unit_test(test_maple_depth),
		cmocka_unit_test(test_maple_facts),
		cmocka_unit_test(test_xarray_small),
		cmocka_unit_test(test_xarray),
		cmocka_unit_test(test_xarray_top),
		cmocka_unit_test(test_xarray_damage),
		cmocka_unit_test(test_xarray_facts),
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_tasks_damage), cmocka_unit_test(test_tasks_of_cpus),
		cmocka_unit_test(test_tasks_facts),
		cmocka_unit_test(test_vmas),
		cmocka_unit_test(test_vma_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
