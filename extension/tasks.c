// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tasks and their address spaces, for makedumpfile.h.
 */
#include <errno.h>
#include <inttypes.h>

#include "extension/env.h"
#include "extension/memory.h"
#include "extension/walk.h"
#include "facts/facts.h"
#include "lib/addrset.h"
#include "lib/err.h"
#include "makedumpfile.h"

INIT_OPT_MOD_SYM(vmlinux, init_task);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, tasks);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, signal);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, thread_node);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, signal_struct, thread_head);

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, mm_mt);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, mmap);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vm_area_struct, vm_start);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vm_area_struct, vm_end);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vm_area_struct, vm_next);

#define OFF(s, m) (GET_MOD_STRUCT_MEMBER_MOFF(vmlinux, s, m) / 8)

/* --- tasks ------------------------------------------------------------------------ */

struct task_walk {
	mdf_visit *visit;
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

static int read_signal(uint64_t task, uint64_t *signal)
{
	return mdf_read_ulong(task + OFF(task_struct, signal), signal);
}

static int visit_thread(void *ctx, uint64_t task)
{
	struct task_walk *w = ctx;
	uint64_t signal;
	int err;

	if (task == w->leader)
		return 0;
	err = read_signal(task, &signal);
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

/* Whether a process is there, and comes for the first time. */
static int enter_process(struct task_walk *w, uint64_t leader)
{
	int err = read_signal(leader, &w->signal);

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
	err = mdf_for_each_list(w->signal + OFF(signal_struct, thread_head),
				GET_MOD_STRUCT_MEMBER_PTR(vmlinux, task_struct, thread_node),
				visit_thread, w);
	if (err && !w->stop)
		damage_note(&w->damage, err);
	return w->stop;
}

static int need_task_facts(void)
{
	struct fact_list missing = { 0 };

	FACTS_REQUIRE_SYM(&missing, init_task);
	FACTS_REQUIRE_MEMBER(&missing, task_struct, tasks);
	FACTS_REQUIRE_MEMBER(&missing, task_struct, signal);
	FACTS_REQUIRE_MEMBER(&missing, task_struct, thread_node);
	FACTS_REQUIRE_MEMBER(&missing, signal_struct, thread_head);
	return missing.count ? err_set(-ENOENT, "missing: %s", missing.text) : 0;
}

int mdf_for_each_task(mdf_visit *visit, void *ctx)
{
	struct task_walk w = { .visit = visit, .ctx = ctx };
	int err = need_task_facts();

	if (!err)
		err = addrset_init(&w.signals);
	if (err)
		return extension_error(err);
	/* The list's head is in the first idle task. */
	err = mdf_for_each_list(GET_MOD_SYM(vmlinux, init_task) + OFF(task_struct, tasks),
				GET_MOD_STRUCT_MEMBER_PTR(vmlinux, task_struct, tasks),
				visit_process, &w);
	addrset_deinit(&w.signals);
	if (!err || !w.stop) {
		if (err)
			damage_note(&w.damage, err);
		err = damage_error(&w.damage);
	}
	return extension_error(err);
}

/* --- address spaces --------------------------------------------------------------- */

struct vma_walk {
	int (*visit)(void *ctx, const struct mdf_vma *vma);
	void *ctx;
	int stop; /* what the visitor returned */
	struct damage damage;
};

static int read_vma(uint64_t address, struct mdf_vma *vma)
{
	int err;

	vma->address = address;
	err = mdf_read_ulong(address + OFF(vm_area_struct, vm_start), &vma->start);
	if (!err)
		err = mdf_read_ulong(address + OFF(vm_area_struct, vm_end), &vma->end);
	return err;
}

/* Entries that the tree uses internally are not mappings. */
static int visit_maple_vma(void *ctx, uint64_t first, uint64_t last, uint64_t entry)
{
	struct vma_walk *w = ctx;
	struct mdf_vma vma;
	int err = read_vma(entry, &vma);

	if (!err && (vma.start != first || vma.end != last + 1))
		err = err_set(-EBADMSG,
			      "the vm_area_struct %#" PRIx64 " for %#" PRIx64 " to %#" PRIx64
			      " says that it is of others",
			      entry, first, last);
	if (err) {
		damage_note(&w->damage, err);
		return 0;
	}
	w->stop = w->visit(w->ctx, &vma);
	return w->stop;
}

static int walk_maple_vmas(struct vma_walk *w, uint64_t mm)
{
	int err = mdf_for_each_maple(mm + OFF(mm_struct, mm_mt), visit_maple_vma, w);

	return err || w->stop ? err : damage_error(&w->damage);
}

/* The list is sorted, so one that ascends has an end. */
static int walk_listed_vmas(struct vma_walk *w, uint64_t mm)
{
	struct mdf_vma vma = { 0 };
	uint64_t at, before = 0;
	int err = mdf_read_ulong(mm + OFF(mm_struct, mmap), &at);

	for (uint32_t i = 0; !err && at; i++) {
		err = read_vma(at, &vma);
		if (!err && (vma.start < before || vma.start >= vma.end || i == WALK_STEPS_MAX))
			err = err_set(-EBADMSG,
				      "the list of mappings of %#" PRIx64
				      " does not ascend at %#" PRIx64,
				      mm, at);
		if (!err)
			err = mdf_read_ulong(at + OFF(vm_area_struct, vm_next), &at);
		if (!err)
			err = w->visit(w->ctx, &vma);
		before = vma.end;
	}
	return err;
}

int mdf_for_each_vma(uint64_t mm, int (*visit)(void *ctx, const struct mdf_vma *vma), void *ctx)
{
	struct vma_walk w = { .visit = visit, .ctx = ctx };
	bool maple = MOD_STRUCT_MEMBER_EXIST(vmlinux, mm_struct, mm_mt);
	struct fact_list missing = { 0 };
	int err;

	FACTS_REQUIRE_MEMBER(&missing, vm_area_struct, vm_start);
	FACTS_REQUIRE_MEMBER(&missing, vm_area_struct, vm_end);
	if (!maple) {
		FACTS_REQUIRE_MEMBER(&missing, mm_struct, mmap);
		FACTS_REQUIRE_MEMBER(&missing, vm_area_struct, vm_next);
	}
	if (missing.count)
		err = err_set(-ENOENT, "missing: %s", missing.text);
	else
		err = maple ? walk_maple_vmas(&w, mm) : walk_listed_vmas(&w, mm);
	return extension_error(err);
}
