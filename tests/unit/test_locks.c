// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks that blocked tasks wait for: found by the waiter on the task's stack, or named by the
 * task; believed only if a task owns the lock.
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
#include "kernel_words.h"
#include "triage/parts.h"

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, blocker);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mutex, owner);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mutex, wait_list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mutex_waiter, list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mutex_waiter, task);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rw_semaphore, owner);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rw_semaphore, wait_list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rwsem_waiter, list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rwsem_waiter, task);

/* One piece of memory: the lock, two tasks, and the stack of the one that waits. */
#define LOCK (WORDS_BASE + 0x100)
#define WAITING (WORDS_BASE + 0x1000)
#define OWNER (WORDS_BASE + 0x2000)
#define STACK (WORDS_BASE + 0x4000)
#define STACK_BYTES 0x4000
#define WAITER (STACK + 0x3000)

/* Offsets: a lock's owner and list of waiters, a waiter's list and task. */
#define LOCK_OWNER 0
#define LOCK_LIST 16
#define WAITER_LIST 0
#define WAITER_TASK 24
#define TASK_BLOCKER 64

struct fixture {
	struct kernel_words *words;
	struct triage_view view;
	struct triage_task tasks[2];
	struct triage t;
};

static void set_kind(struct ktype_info *owner, struct ktype_info *wait_list,
		     struct ktype_info *list, struct ktype_info *task)
{
	set_member(owner, LOCK_OWNER, 8);
	set_member(wait_list, LOCK_LIST, 16);
	set_member(list, WAITER_LIST, 16);
	set_member(task, WAITER_TASK, 8);
}

/* Task 0 waits for a lock of task 1, by its waiter; the types of one kind of lock are known. */
static struct fixture *begin(bool mutex)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct fact_set set = facts_on_demand();

	assert_non_null(f);
	facts_reset(&set);
	if (mutex)
		set_kind(MEMBER(mutex, owner), MEMBER(mutex, wait_list), MEMBER(mutex_waiter, list),
			 MEMBER(mutex_waiter, task));
	else
		set_kind(MEMBER(rw_semaphore, owner), MEMBER(rw_semaphore, wait_list),
			 MEMBER(rwsem_waiter, list), MEMBER(rwsem_waiter, task));
	f->words = kernel_words_create(STACK + STACK_BYTES - WORDS_BASE);
	f->view.mem = kernel_words_mem(f->words);
	f->tasks[0] = (struct triage_task){ .address = WAITING, .stack = STACK, .state = 'D' };
	f->tasks[1] = (struct triage_task){ .address = OWNER, .state = 'S' };
	f->t = (struct triage){ .view = &f->view, .tasks = f->tasks, .nr_tasks = 2 };
	kernel_words_put(f->words, LOCK + LOCK_OWNER, OWNER | 1);
	kernel_words_put(f->words, LOCK + LOCK_LIST, WAITER);
	kernel_words_put(f->words, WAITER + WAITER_LIST, LOCK + LOCK_LIST);
	kernel_words_put(f->words, WAITER + WAITER_TASK, WAITING);
	return f;
}

static void check_lock(struct fixture *f, uint64_t lock, const char *kind, uint64_t holder)
{
	const struct triage_task *task = &f->tasks[0];

	assert_int_equal(triage_sort_tasks(&f->t), 0);
	assert_int_equal(triage_read_locks(&f->t), 0);
	free(f->t.by_address);
	free(f->t.by_stack);
	f->t.by_address = f->t.by_stack = NULL;
	assert_int_equal(task->blocked_on, lock);
	assert_int_equal(task->holder, holder);
	assert_int_equal(!task->lock_kind, !kind);
	if (kind)
		assert_string_equal(task->lock_kind, kind);
	assert_int_equal(f->tasks[1].blocked_on, 0);
	free(f->words);
	free(f);
}

static void test_waiter(void **state)
{
	struct fixture *f;

	(void)state;
	check_lock(begin(true), LOCK, "mutex", OWNER);
	check_lock(begin(false), LOCK, "rw_semaphore", OWNER);
	/* Another waiter is between this one and the lock. */
	f = begin(true);
	kernel_words_put(f->words, WAITER + WAITER_LIST, WORDS_BASE + 0x3000);
	kernel_words_put(f->words, WORDS_BASE + 0x3000, LOCK + LOCK_LIST);
	kernel_words_put(f->words, WORDS_BASE + 0x3000 + WAITER_TASK, OWNER);
	check_lock(f, LOCK, "mutex", OWNER);
	/* A pointer to the task that is no waiter comes first on the stack. */
	f = begin(true);
	kernel_words_put(f->words, STACK + 0x800, WAITING);
	check_lock(f, LOCK, "mutex", OWNER);
}

static void test_no_lock(void **state)
{
	struct fixture *f = begin(true);

	(void)state;
	/* Not owned by a task. */
	kernel_words_put(f->words, LOCK + LOCK_OWNER, WORDS_BASE + 0x3000);
	check_lock(f, 0, NULL, 0);
	/* A list of waiters only: the loop ends. */
	f = begin(true);
	kernel_words_put(f->words, WAITER + WAITER_LIST, WORDS_BASE + 0x3000);
	kernel_words_put(f->words, WORDS_BASE + 0x3000, WORDS_BASE + 0x3000);
	kernel_words_put(f->words, WORDS_BASE + 0x3000 + WAITER_TASK, OWNER);
	check_lock(f, 0, NULL, 0);
	/* A list that leads out of memory. */
	f = begin(true);
	kernel_words_put(f->words, WAITER + WAITER_LIST, 8);
	check_lock(f, 0, NULL, 0);
	/* A waiter of another task is on the stack. */
	f = begin(true);
	kernel_words_put(f->words, WAITER + WAITER_TASK, OWNER);
	check_lock(f, 0, NULL, 0);
	/* A task that does not wait without a limit. */
	f = begin(true);
	f->tasks[0].state = 'S';
	check_lock(f, 0, NULL, 0);
	f = begin(true);
	f->tasks[0].stack = 0;
	check_lock(f, 0, NULL, 0);
}

static void test_blocker(void **state)
{
	static const struct {
		unsigned int type;
		const char *kind;
		uint64_t holder;
	} cases[] = {
		{ 0, "mutex", OWNER },
		{ 1, NULL, 0 }, /* a semaphore has no owner */
		{ 2, "rw_semaphore", OWNER },
	};
	struct fixture *f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		f = begin(cases[i].type == 0);
		set_member(MEMBER(task_struct, blocker), TASK_BLOCKER, 8);
		kernel_words_put(f->words, WAITING + TASK_BLOCKER, LOCK | cases[i].type);
		check_lock(f, cases[i].kind ? LOCK : 0, cases[i].kind, cases[i].holder);
	}
	/* The task says that it waits for nothing: its stack is not searched. */
	f = begin(true);
	set_member(MEMBER(task_struct, blocker), TASK_BLOCKER, 8);
	check_lock(f, 0, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waiter),
		cmocka_unit_test(test_no_lock),
		cmocka_unit_test(test_blocker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
