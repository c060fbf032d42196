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
#include "tests/unit/essential.h"

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
/*
 * CPUs 0 and 2 are possible. Their run queues are in 0xe80 and 0xe82: CPU 0 runs a task at 0xe84
 * with a stack at 0xe88, which leads to the end of code in 0x21a, and page tables at 0xe90; its
 * idle task is at 0xe94. CPU 2 runs nothing that is there, and its idle task is at 0xe96. Words of
 * the stack of the task at 0xe64 are code in 0x21e, and in 0x212 in what is not in use of it.
 */
#define CPUS \
	"set SIZE(cpumask) 8\n" \
	"set SYMBOL(__cpu_possible_mask) ${stext+0x184100:x}\n" \
	"set SYMBOL(__per_cpu_offset) ${stext+0x190000:x}\n" \
	"u64 p(stext+0x184100) 5\n" \
	"u64 p(stext+0x190000) direct+0xe80*P-P direct+0xe81*P-P direct+0xe82*P-P\n"
#define QUEUES \
	CPUS \
	"set SYMBOL(runqueues) 1100\n" \
	"set OFFSET(rq.curr) 0\n" \
	"set OFFSET(rq.idle) 8\n" \
	"set OFFSET(task_struct.active_mm) 80\n" \
	"set OFFSET(mm_struct.pgd) 0\n" \
	"u64 0xe80*P+0x100 direct+0xe84*P direct+0xe94*P\n" \
	"u64 0xe82*P+0x100 0x123000 direct+0xe96*P\n" \
	"u64 0xe84*P+48 direct+0xe88*P\n" \
	"u64 0xe84*P+72 direct+0xe8c*P-16 direct+0xe8e*P\n" \
	"u64 0xe88*P+0x100 stext+0x1a*P+0x800\n" \
	"u64 0xe8e*P direct+0xe90*P\n" \
	"u64 0xe73*P+0xf80 stext+0x1e*P+0x800\n" \
	"u64 0xe73*P+0xe80 stext+0x12*P+0x800\n"
/*
 * Two counters of the mm at 0xe78: of the first one CPU 0 has a part in 0xe98, CPU 2 in 0xe9a; of
 * the second one in 0xe9b and 0xe9d. Another number follows.
 */
#define COUNTERS \
	"set OFFSET(mm_struct.rss_stat) 16\n" \
	"set OFFSET(percpu_counter.counters) 8\n" \
	"set SIZE(percpu_counter) 16\n" \
	"u64 0xe78*P+16+8 0x19000 0 0x1c000 0 0x1f000\n"
/*
 * Two groups of tasks, which begin in 0xea0 and 0xea2. Arrays of the first one, in 0xea4 and
 * 0xea6, have the run queues of CPUs 0 to 2 at the end of 0xea8, in 0xeaa, and 0xeab, and an
 * entity of CPU 0 in 0xead. The second one has a run queue of CPU 0 in 0xeae, by an array in 0xeaf.
 */
#define GROUPS \
	"set SYMBOL(task_groups) ${stext+0x184300:x}\n" \
	"set OFFSET(task_group.list) 0\n" \
	"set OFFSET(task_group.cfs_rq) 16\n" \
	"set OFFSET(task_group.se) 24\n" \
	"set SIZE(task_group) 8192\n" \
	"set SIZE(cfs_rq) 512\n" \
	"set SIZE(sched_entity) 512\n" \
	"u64 p(stext+0x184300) direct+0xea0*P direct+0xea2*P\n" \
	"u64 0xea0*P direct+0xea2*P stext+0x184300 direct+0xea4*P direct+0xea6*P\n" \
	"u64 0xea2*P stext+0x184300 direct+0xea0*P direct+0xeaf*P 0x4560\n" \
	"u64 0xea4*P direct+0xea9*P-8 direct+0xeaa*P direct+0xeab*P\n" \
	"u64 0xea6*P direct+0xead*P 0 0\n" \
	"u64 0xeaf*P direct+0xeae*P 0 0xfff8\n"
#define MACHINE TASKS QUEUES COUNTERS GROUPS
/* As many CPUs as a mask can have; from the fourth one on they have no variables. */
#define CROWD \
	"set SIZE(cpumask) 1024\n" \
	"set SYMBOL(__cpu_possible_mask) ${stext+0x186000:x}\n" \
	"page p(stext+0x186000)//P byte 255\n"
/*
 * Tables of three levels at 0xee0 that map the first page of vmalloc in kernels that do not move
 * it, and at 0xee4 what is five entries of the root later.
 */
#define VMALLOC_AT "0xffffc90000000000"
#define TABLES(at, entry) \
	"u64 pgt+" entry "*8 " at "*P+3\n" \
	"u64 " at "*P " at "*P+P+3\n" \
	"u64 " at "*P+P " at "*P+2*P+3\n" \
	"u64 " at "*P+2*P 0xef0*P+3\n"
#define VMALLOC THINGS TABLES("0xee0", "402") TABLES("0xee4", "407")
/*
 * 17 entries of the root lead to a table, at 0xef4, all entries of which lead to a table that the
 * dump lacks. They are more than the search may translate one after the other. After them is one
 * whose tables are at 0xee0.
 */
#define LOST " 0x7000*P+3"
#define LOST8 LOST LOST LOST LOST LOST LOST LOST LOST
#define LOST64 LOST8 LOST8 LOST8 LOST8 LOST8 LOST8 LOST8 LOST8
#define HALF " 0xef4*P+3 0xef4*P+3 0xef4*P+3 0xef4*P+3 0xef4*P+3 0xef4*P+3 0xef4*P+3 0xef4*P+3"
#define UNREADABLE \
	THINGS \
	"set NUMBER(VMALLOC_START) " VMALLOC_AT "\n" \
	"u64 pgt+402*8" HALF HALF " 0xef4*P+3\n" \
	"u64 0xef4*P" LOST64 LOST64 LOST64 LOST64 LOST64 LOST64 LOST64 LOST64 "\n" \
	TABLES("0xee0", "419")
/* The roots of the memory map: an array of two pointers; the first root begins with another. */
#define SECTIONS \
	THINGS \
	"set LENGTH(mem_section) 2\n" \
	"set SYMBOL(mem_section) ${direct+0xeb0*P:x}\n" \
	"u64 0xeb0*P direct+0xeb2*P direct+0xeb4*P direct+0xeb6*P\n" \
	"u64 0xeb2*P direct+0xeb8*P\n"
/* The first group leads back to itself, and its arrays are nowhere. */
#define WILD_GROUPS \
	"u64 0xea0*P direct+0xea0*P stext+0x184300 0x4560 0xffffffffffffffff\n"
/* The offset of CPU 0's variables is not in the dump, which lacks the page before 0x100. */
#define WILD_QUEUES \
	"set SYMBOL(__per_cpu_offset) ${direct+0x100*P-8:x}\n" \
	"u64 0x100*P 0 direct+0xe82*P-P\n"

/* The list ends in the second task: it leads to itself, or nowhere. */
#define LOOP "u64 0xe64*P direct+0xe64*P\n"
#define BROKEN "u64 0xe64*P 0x1230\n"

static const struct core_text texts[] = {
	{ "whole", THINGS },
	{ "endless", THINGS "u64 p(stext+0x184008) 0xffffffff\n" },
	{ "log-in-code", THINGS "u64 p(stext+0x184000) stext+0x18*P 3*P\n" },
	{ "backwards", THINGS "set SYMBOL(_etext) ${stext+0x8*P:x}\n" },
	{ "small", THINGS "set SYMBOL(_etext) ${stext+0x10*P+0x80:x}\n" },
	{ "nothing", "" },
	{ "circle", THINGS CIRCLE },
	{ "apart", THINGS CIRCLE APART },
	{ "tasks", TASKS },
	{ "loop", TASKS LOOP },
	{ "broken", TASKS BROKEN },
	{ "machine", MACHINE },
	{ "crowd", MACHINE CROWD },
	{ "sections", SECTIONS },
	{ "vmalloc", VMALLOC "set NUMBER(VMALLOC_START) " VMALLOC_AT "\n" },
	{ "vmalloc-later", VMALLOC "set NUMBER(VMALLOC_START) 0xffffca0000000000\n" },
	{ "vmalloc-unreadable", UNREADABLE },
	{ "vmalloc-untold", VMALLOC "set NUMBER(VMALLOC_START)\n" },
	{ "wild-groups", MACHINE WILD_GROUPS },
	{ "wild-queues", MACHINE WILD_QUEUES },
};

static const struct essential_fact facts[] = {
	{ "pid_namespace.idr.idr_rt.xa_head", 0, 0 },
	{ "task_struct.thread.sp", 72, 0 },
	{ "mm_struct.rss_stat", 0, 32 },
};

static void find(struct found *f, void **state, const char *name)
{
	essential_search(f, *state, name, facts, ARRAY_SIZE(facts));
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
	/* A pointer into code makes nothing of it essential. */
	find(&f, state, "log-in-code");
	assert_true(has(&f, 0x225));
	for (pfn_t pfn = 0x218; pfn < 0x21b; pfn++)
		assert_false(has(&f, pfn));
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

	find(&f, state, "circle");
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
		find(&f, state, names[i]);
			check_task(&f);
		assert_true(has(&f, 0xe30));
		forget(&f);
	}
}

#define QUEUE_PAGES(f) \
	CHECK_PAGES(f, 0xe80, 0xe98, 0xe80, 0xe82, 0xe84, 0xe85, 0xe88, 0xe89, 0xe8a, 0xe8b, \
		    0xe8e, 0xe8f, 0xe90, 0xe91, 0xe94, 0xe95, 0xe96, 0xe97)
#define COUNTER_PAGES(f) \
	CHECK_PAGES(f, 0xe98, 0xea0, 0xe98, 0xe9a, 0xe9b, 0xe9d)

/* Those that each CPU runs are in no list. */
static void test_queues(void **state)
{
	struct found f;

	find(&f, state, "machine");
	check_task(&f);
	QUEUE_PAGES(&f);
	COUNTER_PAGES(&f);
	/* Code that follows a call may be in the next page. */
	CHECK_PAGES(&f, 0x211, 0x220, 0x21a, 0x21b, 0x21e, 0x21f);
	forget(&f);
}

static void test_groups(void **state)
{
	struct found f;

	find(&f, state, "machine");
	CHECK_PAGES(&f, 0xea0, 0xeb0, 0xea0, 0xea1, 0xea2, 0xea3, 0xea4, 0xea6, 0xea8, 0xea9,
		    0xeab, 0xead, 0xeae, 0xeaf);
	forget(&f);
}

static void test_crowd(void **state)
{
	struct found f;

	find(&f, state, "crowd");
	CHECK_PAGES(&f, 0xe80, 0xe86, 0xe80, 0xe81, 0xe82, 0xe84, 0xe85);
	CHECK_PAGES(&f, 0xe98, 0xea0, 0xe98, 0xe99, 0xe9a, 0xe9b, 0xe9c, 0xe9d);
	assert_true(has(&f, 0xe30));
	forget(&f);
}

static void test_damaged_queues(void **state)
{
	struct found f;

	find(&f, state, "wild-queues");
	check_task(&f);
	CHECK_PAGES(&f, 0xe80, 0xea0, 0xe82, 0xe96, 0xe97, 0xe9a, 0xe9d);
	assert_true(has(&f, 0xe30));
	forget(&f);
	find(&f, state, "wild-groups");
	QUEUE_PAGES(&f);
	CHECK_PAGES(&f, 0xea0, 0xeb0, 0xea0, 0xea1, 0xea2, 0xea3, 0xeae, 0xeaf);
	forget(&f);
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

static void test_sections(void **state)
{
	struct found f;

	find(&f, state, "sections");
	CHECK_PAGES(&f, 0xeb1, 0xec0, 0xeb2, 0xeb4);
	forget(&f);
}

static void check_vmalloc(void **state, const char *name, bool first)
{
	struct found f;

	find(&f, state, name);
	for (pfn_t pfn = 0xee0; pfn < 0xef1; pfn++)
		assert_int_equal(has(&f, pfn), (pfn < 0xee3 && first) ||
						       (pfn >= 0xee4 && pfn < 0xee7));
	forget(&f);
}

/* The page tables from the beginning of vmalloc on, where no symbol tells it. */
static void test_vmalloc(void **state)
{
	check_vmalloc(state, "vmalloc", true);
	check_vmalloc(state, "vmalloc-later", false);
	check_vmalloc(state, "vmalloc-untold", true);
}

/* Tables that cannot be read do not cost those after them. */
static void test_unreadable_tables(void **state)
{
	struct found f;

	find(&f, state, "vmalloc-unreadable");
	assert_true(has(&f, 0xef4));
	for (pfn_t pfn = 0xee0; pfn < 0xee3; pfn++)
		assert_true(has(&f, pfn));
	forget(&f);
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
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_damaged_queues),
		cmocka_unit_test(test_freed),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_vmalloc),
		cmocka_unit_test(test_unreadable_tables),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
