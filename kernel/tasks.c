// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts/facts.h"
#include "kernel/member.h"
#include "kernel/percpu.h"
#include "kernel/walk.h"
#include "lib/addrset.h"

INIT_OPT_MOD_SYM(vmlinux, init_task);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, tasks);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, signal);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, thread_node);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, signal_struct, thread_head);

/* Tasks that CPUs run are in the list, too. */
INIT_OPT_MOD_SYM(vmlinux, runqueues);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rq, curr);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rq, idle);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, group_leader);

/* No type tells the size of a stack; the first one of all does. Since 6.10, and before. */
INIT_OPT_MOD_SYM(vmlinux, __start_init_stack);
INIT_OPT_MOD_SYM(vmlinux, __end_init_stack);
INIT_OPT_MOD_SYM(vmlinux, __start_init_task);
INIT_OPT_MOD_SYM(vmlinux, __end_init_task);

/* Stacks are neither smaller nor larger, in any configuration. */
#define STACK_BYTES_MIN (4u << 10)
#define STACK_BYTES_MAX (1u << 20)

#define OFF(s, m) GET_MOD_STRUCT_MEMBER_OFF(vmlinux, s, m)
#define MEMBER(s, m) GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, m)

struct task_walk {
	const struct vmem *mem;
	walk_visit *visit;
	void *ctx;
	int stop;		 /* what the visitor returned */
	struct addrset signals;	 /* the processes that were visited */
	uint64_t leader, signal; /* of the process at hand */
	uint32_t tasks;
	struct damage damage;
};

static int visit_task(struct task_walk *w, uint64_t task)
{
	if (w->tasks++ == WALK_STEPS_MAX)
		w->stop = err_set(-EBADMSG, "there are more tasks than there can be");
	else
		w->stop = w->visit(w->ctx, task);
	return w->stop;
}

static int read_signal(const struct vmem *mem, uint64_t task, uint64_t *signal)
{
	return vmem_read_ulong(mem, task + OFF(task_struct, signal), signal);
}

static int visit_thread(void *ctx, uint64_t task)
{
	struct task_walk *w = ctx;
	uint64_t signal;
	int err;

	if (task == w->leader)
		return 0;
	err = read_signal(w->mem, task, &signal);
	/* Each task belongs to one process, so none is visited as a part of another, too. */
	if (!err && signal != w->signal)
		err = err_set(-EBADMSG,
			      "thread %#" PRIx64 " of process %#" PRIx64
			      " says that it belongs to another",
			      task, w->leader);
	if (err) {
		damage_note(&w->damage, err);
		return 0;
	}
	return visit_task(w, task);
}

/* Read a process, and refuse it if it came before. */
static int enter_process(struct task_walk *w, uint64_t leader)
{
	int err = read_signal(w->mem, leader, &w->signal);

	if (!err && !w->signal)
		err = err_set(-EBADMSG, "task %#" PRIx64 " belongs to no process", leader);
	if (!err)
		err = addrset_add(&w->signals, w->signal, 0);
	if (err == -EEXIST)
		err = err_set(-EBADMSG, "task %#" PRIx64 " belongs to a process that came before",
			      leader);
	w->leader = leader;
	return err;
}

static int visit_process(void *ctx, uint64_t leader)
{
	struct task_walk *w = ctx;
	int err = enter_process(w, leader);

	if (err == -ENOMEM) {
		w->stop = err;
		return err;
	}
	if (err) {
		damage_note(&w->damage, err);
		return 0;
	}
	if (visit_task(w, leader))
		return w->stop;
	err = walk_list(w->mem, w->signal + OFF(signal_struct, thread_head),
			MEMBER(task_struct, thread_node), visit_thread, w);
	if (err && !w->stop)
		damage_note(&w->damage, err);
	return w->stop;
}

static int walk_processes(struct task_walk *w, uint64_t head)
{
	return walk_list(w->mem, head + OFF(task_struct, tasks), MEMBER(task_struct, tasks),
			 visit_process, w);
}

/*
 * Walk the list from the task that a CPU runs. An idle one is in no list: its links are those of
 * the task that it was a copy of.
 * @return not 0 once there were tasks, or if the walk is to end
 */
static int walk_from_cpu(void *ctx, uint64_t cpu)
{
	struct task_walk *w = ctx;
	uint64_t task, idle, leader;
	vaddr_t rq;

	if (percpu_address(w->mem, cpu, GET_MOD_SYM(vmlinux, runqueues), &rq) ||
	    member_read(w->mem, rq, MEMBER(rq, curr), &task) ||
	    member_read(w->mem, rq, MEMBER(rq, idle), &idle) || task == idle)
		return 0;
	if (member_read(w->mem, task, MEMBER(task_struct, group_leader), &leader))
		leader = task;
	(void)walk_processes(w, leader);
	if (w->tasks && !w->stop)
		visit_process(w, leader);
	return w->tasks || w->stop;
}

static int need_task_facts(void)
{
	struct fact_list missing = { 0 };

	FACTS_REQUIRE_SYM(&missing, init_task);
	FACTS_REQUIRE_MEMBER(&missing, task_struct, tasks);
	FACTS_REQUIRE_MEMBER(&missing, task_struct, signal);
	FACTS_REQUIRE_MEMBER(&missing, task_struct, thread_node);
	FACTS_REQUIRE_MEMBER(&missing, signal_struct, thread_head);
	return facts_check(&missing);
}

int walk_tasks(const struct vmem *mem, walk_visit *visit, void *ctx)
{
	struct task_walk w = { .mem = mem, .visit = visit, .ctx = ctx };
	int err = need_task_facts();

	if (!err)
		err = addrset_init(&w.signals);
	if (err)
		return err;
	/* The list's head is in the first idle task. */
	err = walk_processes(&w, GET_MOD_SYM(vmlinux, init_task));
	if (err && !w.stop)
		damage_note(&w.damage, err);
	if (err && !w.stop && !w.tasks && MOD_SYM_EXIST(vmlinux, runqueues)) {
		err = percpu_for_each_cpu(mem, false, walk_from_cpu, &w);
		if (err < 0)
			damage_note(&w.damage, err);
	}
	addrset_deinit(&w.signals);
	return w.stop ? w.stop : damage_error(&w.damage);
}

uint64_t task_stack_bytes(void)
{
	uint64_t bytes = 0;

	if (MOD_SYM_EXIST(vmlinux, __start_init_stack) && MOD_SYM_EXIST(vmlinux, __end_init_stack))
		bytes = GET_MOD_SYM(vmlinux, __end_init_stack) -
			GET_MOD_SYM(vmlinux, __start_init_stack);
	else if (MOD_SYM_EXIST(vmlinux, __start_init_task) &&
		 MOD_SYM_EXIST(vmlinux, __end_init_task))
		bytes = GET_MOD_SYM(vmlinux, __end_init_task) -
			GET_MOD_SYM(vmlinux, __start_init_task);
	return bytes >= STACK_BYTES_MIN && bytes <= STACK_BYTES_MAX ? bytes : 0;
}
