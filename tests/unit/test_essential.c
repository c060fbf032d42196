// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Essential pages of a miniature machine: those that symbols, lists and pointers lead to, and no
 * others; damage costs only what it hides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "filter/page_order.h"
#include "kernel/essential.h"
#include "tests/unit/cpu_limit.h"
#include "tests/unit/minicore.h"

/*
 * The image is at page 0x200: code from 0x210 to 0x21f, constants from 0x220 to 0x22f, with a
 * banner.
 * A log is at 0xe30.
 */
#define THINGS \
	"set SYMBOL(_stext) ${stext+0x10*P:x}\n" \
	"set SYMBOL(_etext) ${stext+0x20*P:x}\n" \
	"set SYMBOL(__start_rodata) ${stext+0x20*P:x}\n" \
	"set SYMBOL(kallsyms_num_syms) ${stext+0x30*P:x}\n" \
	"set SYMBOL(linux_banner) ${stext+0x25*P:x}\n" \
	"set SYMBOL(log_buf) ${stext+0x184000:x}\n" \
	"set SYMBOL(log_buf_len) ${stext+0x184008:x}\n" \
	"u64 p(stext+0x184000) direct+0xe30*P 3*P\n"

/* A node of an XArray at 0xe50 that all 64 of its slots lead back to. */
#define NODE " direct+0xe50*P+2"
#define NODES8 NODE NODE NODE NODE NODE NODE NODE NODE
#define CIRCLE \
	"set SYMBOL(init_pid_ns) ${stext+0x184010:x}\n" \
	"set OFFSET(xa_node.slots) 0\n" \
	"u64 p(stext+0x184010)" NODE "\n" \
	"u64 0xe50*P" NODES8 NODES8 NODES8 NODES8 NODES8 NODES8 NODES8 NODES8 "\n"
/* A node that begins at the end of 0xe53 and has its slots in the next page. */
#define APART \
	"set OFFSET(xa_node.slots) 16\n" \
	"set SIZE(xa_node) 528\n" \
	"u64 p(stext+0x184010) direct+0xe54*P-8+2\n" \
	"u64 0xe54*P+8 0\n"

/*
 * Tasks at 0xe60, 0xe64 and 0xe68, the first of which is in the list only as its head. Their
 * signals are in the same pages. The second one has a stack at 0xe70, in use
 * from the end of 0xe73 on, an mm at 0xe78, and credentials at the end of 0xe7a; the third one
 * has pointers to nowhere.
 */
#define FACTS_OF_TASKS \
	"set OFFSET(task_struct.tasks) 0\n" \
	"set OFFSET(task_struct.signal) 16\n" \
	"set OFFSET(task_struct.thread_node) 32\n" \
	"set OFFSET(task_struct.stack) 48\n" \
	"set OFFSET(task_struct.mm) 56\n" \
	"set OFFSET(task_struct.cred) 64\n" \
	"set OFFSET(signal_struct.thread_head) 0\n" \
	"set SIZE(task_struct) 8192\n" \
	"set SIZE(mm_struct) 8192\n" \
	"set SIZE(cred) 64\n" \
	"set SYMBOL(init_task) ${direct+0xe60*P:x}\n"
#define TASK(at) \
	"u64 " at "*P+16 direct+" at "*P+0x400\n" \
	"u64 " at "*P+32 direct+" at "*P+0x400\n" \
	"u64 " at "*P+0x400 direct+" at "*P+32\n"
#define TASKS \
	THINGS FACTS_OF_TASKS TASK("0xe60") TASK("0xe64") TASK("0xe68") \
	"u64 0xe60*P direct+0xe64*P direct+0xe68*P\n" \
	"u64 0xe64*P direct+0xe68*P direct+0xe60*P\n" \
	"u64 0xe68*P direct+0xe60*P direct+0xe64*P\n" \
	"u64 0xe64*P+48 direct+0xe70*P direct+0xe78*P direct+0xe7b*P-32 direct+0xe73*P+0xf00\n" \
	"u64 0xe68*P+48 1*P 0xfffffffffffff000 2\n"
/* The list ends in the second task: it leads to itself, or nowhere. */
#define LOOP "u64 0xe64*P direct+0xe64*P\n"
#define BROKEN "u64 0xe64*P 0x1230\n"

static const struct core_text texts[] = {
	{ "whole", THINGS },
	{ "endless", THINGS "u64 p(stext+0x184008) 0xffffffff\n" },
	{ "backwards", THINGS "set SYMBOL(_etext) ${stext+0x8*P:x}\n" },
	{ "small", THINGS "set SYMBOL(_etext) ${stext+0x10*P+0x80:x}\n" },
	{ "nothing", "" },
	{ "circle", THINGS CIRCLE },
	{ "apart", THINGS CIRCLE APART },
	{ "tasks", TASKS },
	{ "loop", TASKS LOOP },
	{ "broken", TASKS BROKEN },
};

struct found {
	struct machine m;
	struct pfn_set set;
};

/* VMCOREINFO has no paths. */
static void set_path(const struct kernel *k, const char *path, uint32_t offset)
{
	for (size_t i = 0; i < k->facts.nr_kpaths; i++) {
		if (strcmp(k->facts.kpaths[i]->path, path))
			continue;
		k->facts.kpaths[i]->bit_offset = offset * 8;
		k->facts.kpaths[i]->size = 8;
		k->facts.kpaths[i]->index = FACT_BTF;
	}
}

/* Nor sizes of members: those here are pointers. */
static void set_sizes(const struct kernel *k)
{
	for (size_t i = 0; i < k->facts.nr_ktypes; i++)
		if (k->facts.ktypes[i]->index >= 0 && k->facts.ktypes[i]->member_name)
			k->facts.ktypes[i]->member_size = 8;
}

static void find(struct found *f, void **state, const char *name)
{
	*f = (struct found){ 0 };
	machine_open(&f->m, *state, name);
	set_path(f->m.k, "pid_namespace.idr.idr_rt.xa_head", 0);
	set_path(f->m.k, "task_struct.thread.sp", 72);
	set_sizes(f->m.k);
	essential_find(f->m.k, &f->set);
	pfn_set_seal(&f->set);
}

static void forget(struct found *f)
{
	pfn_set_deinit(&f->set);
	machine_close(&f->m);
}

static bool has(const struct found *f, pfn_t pfn)
{
	const struct pfn_range *r = pfn_set_next(&f->set, pfn);

	return r && r->start <= pfn;
}

static void test_image(void **state)
{
	struct found f;

	find(&f, state, "whole");
	assert_true(has(&f, 0x20f));
	assert_true(has(&f, 0x230));
	/* Code and constants, but for the banner. */
	for (pfn_t pfn = 0x210; pfn < 0x230; pfn++)
		assert_int_equal(has(&f, pfn), pfn == 0x225);
	/* Page tables are in the image here; slab pages and struct pages are not essential. */
	assert_true(has(&f, 0x200 + 0x1e0));
	assert_false(has(&f, 0x9b0));
	assert_false(has(&f, 0x410));
	forget(&f);
}

static void test_log(void **state)
{
	struct found f;

	find(&f, state, "whole");
	for (pfn_t pfn = 0xe2e; pfn < 0xe35; pfn++)
		assert_int_equal(has(&f, pfn), pfn >= 0xe30 && pfn < 0xe33);
	forget(&f);
	/* A length that cannot be true has a bound: memory without a mapping ends nothing. */
	find(&f, state, "endless");
	assert_true(has(&f, 0xe30));
	assert_true(has(&f, 0x225));
	forget(&f);
}

/* Bounds of the code that are no bounds: all of the image is essential. */
static void test_backwards(void **state)
{
	struct found f;

	find(&f, state, "backwards");
	for (pfn_t pfn = 0x200; pfn < 0x220; pfn++)
		assert_true(has(&f, pfn));
	forget(&f);
}

/* Code of less than a page: nothing of it is left out. */
static void test_small(void **state)
{
	struct found f;

	find(&f, state, "small");
	assert_true(has(&f, 0x210));
	forget(&f);
}

/* A tree that leads back to itself 64 times at each of its levels. */
static void test_circle(void **state)
{
	struct found f;

	cpu_limit(120);
	find(&f, state, "circle");
	cpu_limit(0);
	assert_true(has(&f, 0xe50));
	assert_true(has(&f, 0xe30));
	forget(&f);
}

static void test_node(void **state)
{
	struct found f;

	find(&f, state, "apart");
	assert_true(has(&f, 0xe53));
	assert_true(has(&f, 0xe54));
	forget(&f);
}

/* See the pages of the second task. */
static void check_task(const struct found *f)
{
	for (pfn_t pfn = 0xe62; pfn < 0xe68; pfn++)
		assert_int_equal(has(f, pfn), pfn == 0xe64 || pfn == 0xe65);
	for (pfn_t pfn = 0xe6c; pfn < 0xe80; pfn++)
		assert_int_equal(has(f, pfn), (pfn >= 0xe70 && pfn < 0xe74) ||
						      (pfn >= 0xe78 && pfn < 0xe7c));
}

static void test_tasks(void **state)
{
	struct found f;

	find(&f, state, "tasks");
	check_task(&f);
	assert_true(has(&f, 0xe60));
	assert_true(has(&f, 0xe68));
	assert_true(has(&f, 0xe69));
	forget(&f);
}

/* Damage of the list, or of pointers in a task, costs no other pages. */
static void test_damaged_tasks(void **state)
{
	static const char *const names[] = { "loop", "broken" };
	struct found f;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cpu_limit(30);
		find(&f, state, names[i]);
		cpu_limit(0);
		check_task(&f);
		assert_true(has(&f, 0xe30));
		forget(&f);
	}
}

/* Pages of the image that were freed, and have other uses, are in the classes of these. */
static void test_freed(void **state)
{
	struct page_order o;
	struct bitmap dumpable;
	struct machine m = { 0 };
	pfn_t stop;

	machine_open(&m, *state, "whole");
	page_order_init(&o, m.k->vc, 0, 0);
	assert_int_equal(bitmap_init(&dumpable, m.k->vc->max_pfn), 0);
	bitmap_set_range(&dumpable, 0, dumpable.nbits);
	page_order_mark(&o, 0x232, 0x234, PAGE_USER);
	page_order_mark(&o, 0x235, 0x236, PAGE_CACHE_PRIVATE);
	page_order_complete(&o, m.k);
	assert_int_equal(page_order_next(&o, &dumpable, ORDER_ESSENTIAL, 0x230, 0x238,
					 UINT64_MAX, &stop), 0x230);
	assert_int_equal(stop, 0x232);
	assert_int_equal(page_order_next(&o, &dumpable, ORDER_ESSENTIAL, 0x232, 0x238,
					 UINT64_MAX, &stop), 0x234);
	assert_int_equal(stop, 0x235);
	assert_int_equal(page_order_next(&o, &dumpable, ORDER_USER, 0x200, 0x238,
					 UINT64_MAX, &stop), 0x232);
	assert_int_equal(stop, 0x234);
	assert_int_equal(page_order_next(&o, &dumpable, ORDER_CACHE, 0x200, 0x238,
					 UINT64_MAX, &stop), 0x235);
	bitmap_deinit(&dumpable);
	page_order_deinit(&o);
	machine_close(&m);
}

static void test_nothing(void **state)
{
	struct found f;

	find(&f, state, "nothing");
	assert_true(has(&f, 0x200));
	assert_false(has(&f, 0xe30));
	forget(&f);
}

static int setup(void **state)
{
	struct cores *c = calloc(1, sizeof(*c));

	*state = c;
	return !c || cores_make(c, "mini-x86_64.txt", NULL, texts, ARRAY_SIZE(texts));
}

static int teardown(void **state)
{
	struct cores *c = *state;
	int err = cores_remove(c);

	free(c);
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_backwards),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_circle),
		cmocka_unit_test(test_node),
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_damaged_tasks),
		cmocka_unit_test(test_freed),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
