// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tasks and CPUs: what runs where.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "facts/on_demand.h"
#include "kernel/member.h"
#include "kernel/percpu.h"
#include "kernel/walk.h"
#include "lib/array.h"
#include "lib/search.h"
#include "triage/parts.h"

INIT_OPT_MOD_SYM(vmlinux, init_task);
INIT_OPT_MOD_SYM(vmlinux, runqueues);
INIT_OPT_MOD_SYM(vmlinux, panic_cpu);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rq, curr);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rq, idle);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rq, clock);

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, pid);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, tgid);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, comm);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, flags);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, exit_state);
/* "__" since Linux kernel commit 2f064a59a11f ("sched: Change task_struct::state") (v5.14). */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, __state);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, state);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, cpu);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, mm);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, stack);
INIT_OPT_MOD_PATH(vmlinux, thread_info_cpu, "task_struct.thread_info.cpu");
INIT_OPT_MOD_PATH(vmlinux, last_arrival, "task_struct.sched_info.last_arrival");

/* An array of percpu_counter since Linux kernel commit f1a7941243c1 ("mm: convert mm's rss stats
 * into percpu_counter") (in v6.2), a struct with an array of longs before. */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, rss_stat);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, percpu_counter, count);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, percpu_counter, counters);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mm_rss_stat, count);
INIT_OPT_MOD_NUM(vmlinux, MM_FILEPAGES);
INIT_OPT_MOD_NUM(vmlinux, MM_ANONPAGES);
INIT_OPT_MOD_NUM(vmlinux, MM_SHMEMPAGES);

/* task_struct.flags */
#define PF_KTHREAD 0x00200000
/* Bits of the states of a task, since v4.14 (include/linux/sched.h). */
#define STATE_INTERRUPTIBLE 0x1
#define STATE_UNINTERRUPTIBLE 0x2
#define STATE_STOPPED 0x4
#define STATE_TRACED 0x8
#define EXIT_DEAD 0x10
#define EXIT_ZOMBIE 0x20
#define STATE_PARKED 0x40
#define STATE_NOLOAD 0x400
/* The smallest stack of a task in all architectures and configurations. */
#define STACK_BYTES_MIN (16 << 10)

static int percpu(const struct triage *t, uint32_t cpu, vaddr_t variable, vaddr_t *ret)
{
	return percpu_address(&t->view->mem, cpu, variable, ret);
}

/* --- tasks ----------------------------------------------------------------------- */

static uint64_t percpu_sum(const struct triage *t, vaddr_t counter)
{
	const struct vmem *mem = &t->view->mem;
	int64_t sum = (int64_t)member_or_0(mem, counter, MEMBER(percpu_counter, count)), part;
	vaddr_t counters = member_or_0(mem, counter, MEMBER(percpu_counter, counters)), at;

	for (size_t i = 0; counters && i < t->nr_cpus; i++)
		if (!percpu(t, t->cpus[i].cpu, counters, &at) && !vmem_read_s32(mem, at, &part))
			sum += part;
	return sum > 0 ? sum : 0;
}

static uint64_t rss_part(const struct triage *t, vaddr_t mm, uint64_t n)
{
	const struct vmem *mem = &t->view->mem;
	vaddr_t at = mm + OFFSET(mm_struct, rss_stat);
	uint64_t value;

	if (HAS_MEMBER(mm_rss_stat, count)) {
		at += OFFSET(mm_rss_stat, count) + n * vmem_ulong_size(mem);
		return vmem_read_ulong(mem, at, &value) || (int64_t)value < 0 ? 0 : value;
	}
	return percpu_sum(t, at + n * GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, percpu_counter, count));
}

static uint64_t rss_of(const struct triage *t, vaddr_t mm)
{
	if (!mm || !HAS_MEMBER(mm_struct, rss_stat) || !MOD_NUM_EXIST(vmlinux, MM_FILEPAGES) ||
	    !MOD_NUM_EXIST(vmlinux, MM_ANONPAGES))
		return 0;
	return rss_part(t, mm, GET_MOD_NUM(vmlinux, MM_FILEPAGES)) +
	       rss_part(t, mm, GET_MOD_NUM(vmlinux, MM_ANONPAGES)) +
	       (MOD_NUM_EXIST(vmlinux, MM_SHMEMPAGES) ?
			rss_part(t, mm, GET_MOD_NUM(vmlinux, MM_SHMEMPAGES)) :
			0);
}

static char state_letter(uint64_t state, uint64_t exit)
{
	if (exit & EXIT_DEAD)
		return 'X';
	if (exit & EXIT_ZOMBIE)
		return 'Z';
	if (!state)
		return 'R';
	if (state & STATE_INTERRUPTIBLE)
		return 'S';
	if (state & STATE_UNINTERRUPTIBLE)
		return state & STATE_NOLOAD ? 'I' : 'D';
	return state & STATE_STOPPED ? 'T' :
	       state & STATE_TRACED  ? 't' :
	       state & STATE_PARKED  ? 'P' :
				       '?';
}

static void read_task(const struct triage *t, vaddr_t address, struct triage_task *to)
{
	const struct vmem *mem = &t->view->mem;
	uint64_t state = HAS_MEMBER(task_struct, __state) ?
				 member_or_0(mem, address, MEMBER(task_struct, __state)) :
				 member_or_0(mem, address, MEMBER(task_struct, state));
	uint64_t arrival = path_or_0(mem, address, PATH(last_arrival));

	*to = (struct triage_task){
		.address = address,
		.stack = member_or_0(mem, address, MEMBER(task_struct, stack)),
		.pid = member_or_0(mem, address, MEMBER(task_struct, pid)),
		.tgid = member_or_0(mem, address, MEMBER(task_struct, tgid)),
		.cpu = HAS_MEMBER(task_struct, cpu) ?
			       member_or_0(mem, address, MEMBER(task_struct, cpu)) :
			       path_or_0(mem, address, PATH(thread_info_cpu)),
		.state = state_letter(state,
				      member_or_0(mem, address, MEMBER(task_struct, exit_state))),
		.kernel_thread = member_or_0(mem, address, MEMBER(task_struct, flags)) & PF_KTHREAD,
		.waited = arrival && t->uptime * 1e9 >= arrival ? t->uptime - arrival / 1e9 : -1,
		.trace = TRIAGE_NONE,
	};
	if (HAS_MEMBER(task_struct, comm))
		read_name(mem, address + OFFSET(task_struct, comm), to->comm,
			  min_u64(sizeof(to->comm), 16));
	if (!to->kernel_thread && to->pid == to->tgid)
		to->rss_pages = rss_of(t, member_or_0(mem, address, MEMBER(task_struct, mm)));
}

static int add_task(void *ctx, uint64_t address)
{
	struct triage *t = ctx;
	int err = triage_check_time(t);

	if (err)
		return err;
	if (t->nr_tasks >= TRIAGE_TASKS_MAX) {
		t->uncounted_tasks++;
		return 0;
	}
	if (ARRAY_GROW(t->tasks, t->nr_tasks, "tasks"))
		return -ENOMEM;
	read_task(t, address, &t->tasks[t->nr_tasks++]);
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct triage_sorted_task *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->task < y->task ? -1 : x->task > y->task;
}

int triage_sort_tasks(struct triage *t)
{
	struct triage_sorted_task *by_address, *by_stack;

	by_address = reallocarray(t->by_address, t->nr_tasks + 1, sizeof(*by_address));
	if (by_address)
		t->by_address = by_address;
	by_stack = reallocarray(t->by_stack, t->nr_tasks + 1, sizeof(*by_stack));
	if (by_stack)
		t->by_stack = by_stack;
	if (!by_address || !by_stack)
		return err_set(-ENOMEM, "no memory for tasks");
	for (size_t i = 0; i < t->nr_tasks; i++) {
		by_address[i] = (struct triage_sorted_task){ t->tasks[i].address, i };
		by_stack[i] = (struct triage_sorted_task){ t->tasks[i].stack, i };
	}
	qsort(by_address, t->nr_tasks, sizeof(*by_address), by_key);
	qsort(by_stack, t->nr_tasks, sizeof(*by_stack), by_key);
	t->nr_sorted = t->nr_tasks;
	return 0;
}

size_t triage_task_at(const struct triage *t, vaddr_t address)
{
	const struct triage_sorted_task *s = t->by_address;
	size_t at = SEARCH_FIRST(0, t->nr_sorted, i, s[i].key < address);

	return at < t->nr_sorted && s[at].key == address ? s[at].task : TRIAGE_NONE;
}

size_t triage_task_of_stack(const struct triage *t, vaddr_t sp)
{
	const struct triage_sorted_task *s = t->by_stack;
	size_t after = SEARCH_FIRST(0, t->nr_sorted, i, s[i].key <= sp);

	return after && s[after - 1].key && sp - s[after - 1].key < STACK_BYTES_MIN ?
		       s[after - 1].task :
		       TRIAGE_NONE;
}

/* --- CPUs ------------------------------------------------------------------------ */

static int add_cpu(void *ctx, uint64_t number)
{
	struct triage *t = ctx;

	if (ARRAY_GROW(t->cpus, t->nr_cpus, "CPUs"))
		return -ENOMEM;
	t->cpus[t->nr_cpus++] = (struct triage_cpu){
		.cpu = number,
		.task = TRIAGE_NONE,
		.trace = TRIAGE_NONE,
	};
	return 0;
}

static int read_online(struct triage *t)
{
	int err = percpu_for_each_noted_cpu(&t->view->mem, t->view->k->vc->nr_cpus, add_cpu, t);

	if (err)
		return triage_missing_err(t, err, "CPUs");
	t->nr_online = t->nr_cpus;
	return 0;
}

/* The kernel's clock of the scheduler, which begins at boot. */
static void read_uptime(struct triage *t)
{
	uint64_t clock;
	vaddr_t rq;

	for (size_t i = 0; i < t->nr_cpus && HAS_SYMBOL(runqueues); i++) {
		if (percpu(t, t->cpus[i].cpu, SYMBOL(runqueues), &rq))
			continue;
		clock = member_or_0(&t->view->mem, rq, MEMBER(rq, clock));
		if (clock && clock / 1e9 > t->uptime)
			t->uptime = clock / 1e9;
	}
}

/* The task that a CPU runs. The idle ones are in no list: they are added. */
static int read_current(struct triage *t, struct triage_cpu *cpu)
{
	const struct vmem *mem = &t->view->mem;
	uint64_t curr, idle;
	vaddr_t rq;
	int err = HAS_SYMBOL(runqueues) ? percpu(t, cpu->cpu, SYMBOL(runqueues), &rq) :
					  err_set(-ENOENT, "SYMBOL(runqueues) is not known");

	if (!err)
		err = member_read(mem, rq, MEMBER(rq, curr), &curr);
	if (err)
		return triage_missing_err(t, err, "the tasks that run");
	idle = member_or_0(mem, rq, MEMBER(rq, idle));
	cpu->idle = curr == idle;
	cpu->task = triage_task_at(t, curr);
	if (cpu->task == TRIAGE_NONE && cpu->idle) {
		err = add_task(t, curr);
		if (!err && t->nr_tasks && t->tasks[t->nr_tasks - 1].address == curr)
			cpu->task = t->nr_tasks - 1;
	}
	return err;
}

static void find_panic_cpu(struct triage *t)
{
	int64_t number;

	if (!HAS_SYMBOL(panic_cpu) || vmem_read_s32(&t->view->mem, SYMBOL(panic_cpu), &number))
		return;
	for (size_t i = 0; i < t->nr_cpus; i++)
		if (t->cpus[i].cpu == number)
			t->panic_cpu = i;
}

int triage_read_tasks(struct triage *t)
{
	int err = read_online(t);

	if (err)
		return err;
	read_uptime(t);
	err = triage_missing_err(t, walk_tasks(&t->view->mem, add_task, t), "tasks");
	if (!err)
		err = triage_sort_tasks(t);
	for (size_t i = 0; !err && i < t->nr_cpus; i++)
		err = read_current(t, &t->cpus[i]);
	/* Idle tasks were added. */
	if (!err)
		err = triage_sort_tasks(t);
	find_panic_cpu(t);
	return err;
}
