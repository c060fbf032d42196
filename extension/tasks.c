// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tasks and their address spaces, for makedumpfile.h.
 */
#include <errno.h>
#include <inttypes.h>

#include "extension/env.h"
#include "extension/memory.h"
#include "facts/facts.h"
#include "kernel/walk.h"
#include "lib/err.h"
#include "makedumpfile.h"

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, mm_mt);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, mmap);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vm_area_struct, vm_start);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vm_area_struct, vm_end);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vm_area_struct, vm_next);

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, stack);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, mm);
INIT_OPT_MOD_STRUCT(vmlinux, pt_regs);

#define OFF(s, m) GET_MOD_STRUCT_MEMBER_OFF(vmlinux, s, m)

int mdf_for_each_task(mdf_visit *visit, void *ctx)
{
	const struct vmem mem = extension_vmem();

	return extension_error(walk_tasks(&mem, visit, ctx));
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
	err = facts_check(&missing);
	if (!err)
		err = maple ? walk_maple_vmas(&w, mm) : walk_listed_vmas(&w, mm);
	return extension_error(err);
}

/* --- stacks ----------------------------------------------------------------------- */

int mdf_task_stack(uint64_t task, uint64_t *start, uint64_t *bytes)
{
	*bytes = task_stack_bytes();
	if (!*bytes)
		return extension_error(err_set(-ENOENT, "the size of a kernel stack is not known"));
	return mdf_read_pointer(task, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, task_struct, stack),
				start);
}

/* More bytes than a struct pt_regs has. */
#define PT_REGS_MAX 1024

/* Read the end of a stack, and let the architecture look at it. */
static int find_user_regs(uint64_t end, uint64_t bytes, size_t regs_bytes, uint64_t *regs)
{
	const struct arch *a = &extension_env()->kernel->arch;
	uint8_t top[PT_REGS_MAX + ARCH_USER_REGS_GAP];
	size_t size = regs_bytes + ARCH_USER_REGS_GAP, gap;
	int err = regs_bytes > PT_REGS_MAX || size >= bytes ? -ENOENT : 0;

	if (!err)
		err = readmem(VADDR, end - size, top, size) ? 0 : -EFAULT;
	if (!err)
		err = a->ops->user_regs(a, top, regs_bytes, &gap);
	if (!err)
		*regs = end - gap - regs_bytes;
	return err;
}

int mdf_task_user_regs(uint64_t task, uint64_t *regs)
{
	const struct kernel *k = extension_env()->kernel;
	uint64_t start = 0, bytes = 0, mm = 0;
	struct fact_list missing = { 0 };
	int err = 0;

	FACTS_REQUIRE_STRUCT(&missing, pt_regs);
	if (!k->arch.ops || !k->arch.ops->user_regs)
		err = err_set(-ENOTSUP, "machine %u keeps the registers of user space elsewhere",
			      k->vc->machine);
	else
		err = facts_check(&missing);
	if (err)
		return extension_error(err);
	err = mdf_read_pointer(task, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, task_struct, mm), &mm);
	if (!err)
		err = mdf_task_stack(task, &start, &bytes);
	if (err)
		return err;
	if (mm &&
	    !find_user_regs(start + bytes, bytes, GET_MOD_STRUCT_SSIZE(vmlinux, pt_regs), regs))
		return 0;
	return extension_error(
		err_set(-ENOENT, "task %#" PRIx64 " has no registers of user space", task));
}
