// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Essential pages of tasks, pids and run queues.
 */
#include "kernel/essential_search.h"
#include "kernel/member.h"
#include "kernel/percpu.h"
#include "lib/array.h"
#include "lib/trace.h"

INIT_OPT_MOD_SYM(vmlinux, runqueues);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rq, curr);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rq, idle);

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, stack);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, mm);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, active_mm);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, signal);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, sighand);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, cred);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, files);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, fs);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, nsproxy);
/* Since Linux kernel commit 2c4704756cab ("pids: Move the pgrp and session pid pointers from
 * task_struct to signal_struct") (in v4.19). */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, thread_pid);
INIT_OPT_MOD_STRUCT(vmlinux, mm_struct);
INIT_OPT_MOD_STRUCT(vmlinux, signal_struct);
INIT_OPT_MOD_STRUCT(vmlinux, sighand_struct);
INIT_OPT_MOD_STRUCT(vmlinux, cred);
INIT_OPT_MOD_STRUCT(vmlinux, files_struct);
INIT_OPT_MOD_STRUCT(vmlinux, fs_struct);
INIT_OPT_MOD_STRUCT(vmlinux, nsproxy);
INIT_OPT_MOD_STRUCT(vmlinux, pid);
/* Counts that `ps` shows: percpu_counters since Linux kernel commit f1a7941243c1 ("mm: convert mm's
 * rss stats into percpu_counter") (in v6.2). */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, rss_stat);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, pgd);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, percpu_counter, counters);

/* The saved stack pointer: x86_64 and riscv64; s390x and ppc64; arm64; loongarch64. */
INIT_OPT_MOD_PATH(vmlinux, thread_sp, "task_struct.thread.sp");
INIT_OPT_MOD_PATH(vmlinux, thread_ksp, "task_struct.thread.ksp");
INIT_OPT_MOD_PATH(vmlinux, thread_context_sp, "task_struct.thread.cpu_context.sp");
INIT_OPT_MOD_PATH(vmlinux, thread_reg03, "task_struct.thread.reg03");

/* Since Linux kernel commit 95846ecf9dac ("pid: replace pid bitmap implementation with IDR API")
 * (in v4.15), an XArray since commit f8d5d0cc145c ("xarray: Add definition of struct xarray")
 * (in v4.20). */
INIT_OPT_MOD_SYM(vmlinux, init_pid_ns);
INIT_OPT_MOD_PATH(vmlinux, pid_root, "pid_namespace.idr.idr_rt.xa_head");
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, xa_node, slots);

INIT_OPT_MOD_SYM(vmlinux, task_groups);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_group, list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_group, cfs_rq);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_group, se);
INIT_OPT_MOD_STRUCT(vmlinux, cfs_rq);
INIT_OPT_MOD_STRUCT(vmlinux, sched_entity);

/* Bounds of sizes that the kernel's memory tells. */
#define COUNTERS_MAX 16
#define ALL_COUNTERS_MAX (1u << 20)
#define STACK_USUAL (UINT64_C(16) << 10)
#define STACK_MAX (UINT64_C(128) << 10)
#define XA_DEPTH_MAX 6
#define XA_SLOTS_MAX 64

/* Objects of a size that each CPU has one of, by an array of pointers. */
struct per_cpu {
	struct essential *e;
	vaddr_t base;
	uint64_t size;
};

/* --- tasks ----------------------------------------------------------------------- */

static uint64_t stack_bytes(const struct essential *e)
{
	uint64_t bytes = task_stack_bytes();

	return bytes && bytes <= STACK_MAX ? bytes : max_u64(STACK_USUAL, essential_page(e));
}

/* Note the counters of a task's mm_struct, of which each CPU has a share. */
static void note_counters(struct essential *e, uint64_t task)
{
	const struct ktype_info *counters = MEMBER(percpu_counter, counters);
	uint32_t size = counters->struct_size, all = MEMBER(mm_struct, rss_stat)->member_size;
	uint64_t mm, counter;

	/* Threads of a process follow one another. */
	if (member_read(&e->mem, task, MEMBER(task_struct, mm), &mm) || !mm || mm == e->last_mm)
		return;
	e->last_mm = mm;
	mm += GET_MOD_STRUCT_MEMBER_OFF(vmlinux, mm_struct, rss_stat);
	for (uint32_t i = 0; size && i < COUNTERS_MAX && (i + 1) * size <= all; i++) {
		if (e->nr_counters == ALL_COUNTERS_MAX ||
		    member_read(&e->mem, mm + i * size, counters, &counter) || !counter ||
		    ARRAY_GROW(e->counters, e->nr_counters, "counters"))
			return;
		e->counters[e->nr_counters++] = counter;
	}
}

/* Note the code that the stack of a task leads to; if it waits, from its saved stack pointer on. */
static void scan_stack(struct essential *e, uint64_t task, uint64_t size, bool waits)
{
	const struct kpath_info *paths[] = { PATH(thread_sp), PATH(thread_ksp),
					     PATH(thread_context_sp), PATH(thread_reg03) };
	uint64_t stack, sp, used = size;

	if (member_read(&e->mem, task, MEMBER(task_struct, stack), &stack))
		return;
	for (size_t i = 0; waits && i < ARRAY_SIZE(paths); i++) {
		struct ktype_info member = member_of_path(paths[i]);

		if (!member_read(&e->mem, task, &member, &sp) && sp - stack < size)
			used = stack + size - sp / 8 * 8;
	}
	essential_scan_stack(e, stack + (size - used), used);
}

static int find_task(void *ctx, uint64_t task)
{
	struct essential *e = ctx;
	const struct {
		const struct ktype_info *pointer;
		uint64_t size;
	} objects[] = {
		{ MEMBER(task_struct, stack), stack_bytes(e) },
		{ MEMBER(task_struct, mm), SIZE(mm_struct) },
		{ MEMBER(task_struct, active_mm), SIZE(mm_struct) },
		{ MEMBER(task_struct, signal), SIZE(signal_struct) },
		{ MEMBER(task_struct, sighand), SIZE(sighand_struct) },
		{ MEMBER(task_struct, cred), SIZE(cred) },
		{ MEMBER(task_struct, files), SIZE(files_struct) },
		{ MEMBER(task_struct, fs), SIZE(fs_struct) },
		{ MEMBER(task_struct, nsproxy), SIZE(nsproxy) },
		{ MEMBER(task_struct, thread_pid), SIZE(pid) },
	};

	essential_add(e, task, GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, task_struct, stack));
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		essential_add_object(e, task, objects[i].pointer, objects[i].size);
	note_counters(e, task);
	scan_stack(e, task, stack_bytes(e), true);
	return 0;
}

/*
 * QEMU's notes have the root of the page tables of each CPU, which libkdumpfile begins with. It
 * can be the second one of two, with page table isolation.
 */
static void add_root(struct essential *e, uint64_t task)
{
	uint64_t mm;

	if (!member_read(&e->mem, task, MEMBER(task_struct, active_mm), &mm) && mm)
		essential_add_object(e, mm, MEMBER(mm_struct, pgd), 2 * essential_page(e));
}

static void find_running_task(struct essential *e, uint64_t task)
{
	find_task(e, task);
	add_root(e, task);
	scan_stack(e, task, stack_bytes(e), false);
}

/* The stacks of a CPU, the task that it runs, and its idle one, which is in no list. */
static int find_running(void *ctx, uint64_t cpu)
{
	struct essential *e = ctx;
	vaddr_t rq;
	uint64_t task;

	essential_scan_cpu(e, cpu);
	if (percpu_address(&e->mem, cpu, GET_MOD_SYM(vmlinux, runqueues), &rq))
		return 0;
	if (!member_read(&e->mem, rq, MEMBER(rq, curr), &task))
		find_running_task(e, task);
	if (!member_read(&e->mem, rq, MEMBER(rq, idle), &task))
		find_running_task(e, task);
	return 0;
}

void essential_find_tasks(struct essential *e)
{
	if (walk_tasks(&e->mem, find_task, e) ||
	    (MOD_SYM_EXIST(vmlinux, runqueues) &&
	     percpu_for_each_cpu(&e->mem, false, find_running, e)))
		TRACE(FILTER, "essential pages of tasks: %s", err_text(-EBADMSG));
	essential_scan_registers(e);
	essential_add_code(e);
}

static int add_counters(void *ctx, uint64_t cpu)
{
	struct essential *e = ctx;
	vaddr_t base;

	if (percpu_address(&e->mem, cpu, 0, &base))
		return 0;
	for (size_t i = 0; i < e->nr_counters; i++)
		essential_add(e, base + e->counters[i], 4);
	return 0;
}

void essential_find_counters(struct essential *e)
{
	if (e->nr_counters && percpu_for_each_cpu(&e->mem, false, add_counters, e))
		TRACE(FILTER, "essential pages of counters: %s", err_text(-EBADMSG));
}

/* --- pids ------------------------------------------------------------------------ */

/* Add the pids below an entry of an XArray, and its nodes. */
static void add_pids(struct essential *e, uint64_t entry, unsigned int depth)
{
	uint64_t slots = GET_MOD_STRUCT_MEMBER_OFF(vmlinux, xa_node, slots);

	/* An internal entry is a node, another one a pid. */
	if ((entry & 3) != 2) {
		if (entry && !(entry & 3))
			essential_add(e, entry, SIZE(pid));
		return;
	}
	if (entry < 4096 || depth == XA_DEPTH_MAX)
		return;
	essential_add(e, entry - 2, GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, xa_node, slots));
	for (unsigned int i = 0; i < XA_SLOTS_MAX; i++) {
		uint64_t next;

		if (!vmem_read_ulong(&e->mem, entry - 2 + slots + i * vmem_ulong_size(&e->mem),
				     &next))
			add_pids(e, next, depth + 1);
	}
}

static int add_queue(void *ctx, uint64_t cpu)
{
	const struct per_cpu *p = ctx;
	const struct vmem *mem = &p->e->mem;
	uint64_t va;

	if (!vmem_read_ulong(mem, p->base + cpu * vmem_ulong_size(mem), &va) && va)
		essential_add(p->e, va, p->size);
	return 0;
}

/* The run queues of a group of tasks. */
static int find_group(void *ctx, uint64_t group)
{
	struct essential *e = ctx;
	const struct {
		const struct ktype_info *array;
		uint32_t size;
	} objects[] = {
		{ MEMBER(task_group, cfs_rq), SIZE(cfs_rq) },
		{ MEMBER(task_group, se), SIZE(sched_entity) },
	};

	essential_add(e, group, GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, task_group, list));
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		struct per_cpu p = { .e = e, .size = objects[i].size };

		if (!member_read(&e->mem, group, objects[i].array, &p.base) && p.base &&
		    percpu_for_each_cpu(&e->mem, false, add_queue, &p))
			break;
	}
	return 0;
}

void essential_find_pids(struct essential *e)
{
	uint64_t root;

	if (MOD_SYM_EXIST(vmlinux, init_pid_ns) && MOD_PATH_EXIST(vmlinux, pid_root) &&
	    MOD_STRUCT_MEMBER_EXIST(vmlinux, xa_node, slots) &&
	    !vmem_read_ulong(&e->mem,
			     GET_MOD_SYM(vmlinux, init_pid_ns) +
				     GET_MOD_PATH_OFF(vmlinux, pid_root) / 8,
			     &root))
		add_pids(e, root, 0);
	essential_walk(e, GET_MOD_SYM_PTR(vmlinux, task_groups), MEMBER(task_group, list),
		       find_group);
}
