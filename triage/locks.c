// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The locks that blocked tasks wait for, and the tasks that hold them.
 *
 * A kernel with CONFIG_DETECT_HUNG_TASK_BLOCKER writes the lock into the task. In others the task
 * that waits has a struct mutex_waiter or rwsem_waiter on its stack, which names the task, and is
 * in the list whose head is in the lock. A lock is believed if its owner is a task.
 */
#include <errno.h>
#include <stdlib.h>

#include "facts/on_demand.h"
#include "kernel/member.h"
#include "triage/parts.h"

/* Linux kernel commit 3cf67d61ff98 ("hung_task: show the blocker task if the task is hung on
 * mutex") (in v6.16). */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, blocker);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mutex, owner);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mutex, wait_list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mutex_waiter, list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mutex_waiter, task);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rw_semaphore, owner);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rw_semaphore, wait_list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rwsem_waiter, list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rwsem_waiter, task);

/* Bits of task_struct.blocker, and of owners, that are not of an address. */
#define BLOCKER_TYPE 3
#define BLOCKER_SEM 1
#define OWNER_FLAGS 7
/* Bytes of a stack that are searched, tasks, and waiters of a lock. */
#define SEARCH_BYTES 16384
#define TASKS_SEARCHED 1024
#define WAITERS_MAX 1024

/* A kind of lock. */
struct lock_kind {
	const char *name;
	const struct ktype_info *owner, *wait_list, *waiter_list, *waiter_task;
};

struct locks {
	struct triage *t;
	uint64_t words[SEARCH_BYTES / 8];
};

static bool is_task(const struct locks *l, uint64_t address)
{
	return address && triage_task_at(l->t, address) != TRIAGE_NONE;
}

/* The task in an owner field; 0: none. */
static uint64_t owner_of(const struct locks *l, const struct lock_kind *kind, vaddr_t lock)
{
	uint64_t owner = member_or_0(&l->t->view->mem, lock, kind->owner) & ~(uint64_t)OWNER_FLAGS;

	return is_task(l, owner) ? owner : 0;
}

/* Go through the list that a waiter is in, to the node that is part of a lock. */
static bool find_lock(const struct locks *l, const struct lock_kind *kind, vaddr_t waiter,
		      vaddr_t *lock)
{
	const struct vmem *mem = &l->t->view->mem;
	uint64_t list, task, head, start, at;

	if (member_offset(kind->waiter_list, &list) || member_offset(kind->waiter_task, &task) ||
	    member_offset(kind->wait_list, &head))
		return false;
	start = at = waiter + list;
	for (unsigned int i = 0; i < WAITERS_MAX; i++) {
		uint64_t named;

		if (vmem_read_ulong(mem, at, &at) || at == start)
			return false;
		if (!vmem_read_ulong(mem, at - list + task, &named) && is_task(l, named))
			continue;
		*lock = at - head;
		return owner_of(l, kind, *lock);
	}
	return false;
}

static bool search_stack(struct locks *l, struct triage_task *task, const struct lock_kind *kind)
{
	const struct vmem *mem = &l->t->view->mem;
	uint64_t offset;
	vaddr_t lock;

	if (!task->stack || member_offset(kind->waiter_task, &offset) ||
	    !TYPE_EXIST(kind->wait_list) || vmem_read(mem, task->stack, l->words, sizeof(l->words)))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(l->words); i++) {
		if (load_u64(&l->words[i], mem->swap) != task->address ||
		    !find_lock(l, kind, task->stack + i * 8 - offset, &lock))
			continue;
		task->blocked_on = lock;
		task->lock_kind = kind->name;
		task->holder = owner_of(l, kind, lock);
		return true;
	}
	return false;
}

static void read_lock(struct locks *l, struct triage_task *task)
{
	const struct lock_kind kinds[] = {
		{ "mutex", MEMBER(mutex, owner), MEMBER(mutex, wait_list),
		  MEMBER(mutex_waiter, list), MEMBER(mutex_waiter, task) },
		{ "rw_semaphore", MEMBER(rw_semaphore, owner), MEMBER(rw_semaphore, wait_list),
		  MEMBER(rwsem_waiter, list), MEMBER(rwsem_waiter, task) },
	};
	uint64_t blocker =
		member_or_0(&l->t->view->mem, task->address, MEMBER(task_struct, blocker));
	unsigned int type = blocker & BLOCKER_TYPE;

	if (blocker && type != BLOCKER_SEM) {
		task->blocked_on = blocker & ~(uint64_t)BLOCKER_TYPE;
		task->lock_kind = kinds[!!type].name;
		task->holder = owner_of(l, &kinds[!!type], task->blocked_on);
		return;
	}
	if (!HAS_MEMBER(task_struct, blocker) && l->t->view->mem.is64 &&
	    !search_stack(l, task, &kinds[0]))
		search_stack(l, task, &kinds[1]);
}

int triage_read_locks(struct triage *t)
{
	struct locks *l = calloc(1, sizeof(*l));
	unsigned int searched = 0;

	if (!l)
		return err_set(-ENOMEM, "no memory for locks");
	l->t = t;
	for (size_t i = 0; i < t->nr_tasks; i++)
		if (t->tasks[i].state == 'D' && searched++ < TASKS_SEARCHED)
			read_lock(l, &t->tasks[i]);
	free(l);
	return 0;
}
