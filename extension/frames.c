// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stacks of tasks, for makedumpfile.h.
 */
#include "extension/frames.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "extension/env.h"
#include "extension/memory.h"
#include "extension/sandbox.h"
#include "facts/facts.h"
#include "facts/on_demand.h"
#include "kernel/member.h"
#include "kernel/percpu.h"
#include "kernel/unwind/unwind.h"
#include "lib/array.h"
#include "lib/err.h"
#include "makedumpfile.h"
#include "vmcore/notes.h"

INIT_OPT_MOD_SYM(vmlinux, runqueues);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rq, curr);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, stack);

/* The smallest stack of a task in all architectures and configurations. */
#define STACK_BYTES_MIN (16 << 10)

/* A CPU that was online when the kernel died. */
struct frames_cpu {
	uint64_t task; /* that it ran; 0: not known */
	struct unwind_regs regs;
	bool has_regs;
};

struct extension_frames {
	const struct unwind_ops *ops;
	struct kernel_tables *tables;
	struct code_map code;
	struct frames_cpu *cpus;
	size_t nr_cpus;
};

/* --- what all walks need --------------------------------------------------------- */

static int add_cpu(void *ctx, uint64_t number)
{
	struct extension_frames *f = ctx;
	const struct vmem mem = extension_vmem();
	struct frames_cpu cpu = { 0 };
	vaddr_t rq;

	if (HAS_SYMBOL(runqueues) && !percpu_address(&mem, number, SYMBOL(runqueues), &rq))
		cpu.task = member_or_0(&mem, rq, MEMBER(rq, curr));
	if (ARRAY_GROW(f->cpus, f->nr_cpus, "CPUs"))
		return -ENOMEM;
	f->cpus[f->nr_cpus++] = cpu;
	return 0;
}

/* There is a note for each CPU, in their order. */
static int take_note(void *ctx, unsigned int nth, const void *desc, size_t size)
{
	struct extension_frames *f = ctx;

	if (nth < f->nr_cpus)
		f->cpus[nth].has_regs = !unwind_prstatus_regs(
			&f->ops->note, desc, size, extension_vmem().swap, &f->cpus[nth].regs);
	return 0;
}

static int find_cpus(struct extension_frames *f)
{
	const struct vmcore *vc = extension_env()->kernel->vc;
	const struct vmem mem = extension_vmem();
	int err = percpu_for_each_noted_cpu(&mem, vc->nr_cpus, add_cpu, f);

	/* Without them no task is known to be on a CPU. */
	if (err)
		return err == -ENOMEM ? err : 0;
	return notes_for_each_cpu(vc, take_note, f);
}

static int prepare(struct extension_frames *f)
{
	const struct kernel *k = extension_env()->kernel;
	const struct vmem mem = extension_vmem();
	const struct fact_set set = facts_on_demand();
	int err;

	f->ops = unwind_find(k->vc->machine);
	if (!f->ops)
		return err_set(-ENOTSUP, "stacks of machine %u are not supported", k->vc->machine);
	err = kernel_resolve(k, &set, &f->tables);
	if (!err && !f->tables)
		err = err_set(-ENOENT, "addresses cannot be translated: %s", k->translation_why);
	if (!err)
		err = code_map_read(&f->code, &mem, &f->tables->modules);
	return err ? err : find_cpus(f);
}

void extension_frames_free(struct extension_frames *f)
{
	if (!f)
		return;
	code_map_free(&f->code);
	kernel_tables_close(f->tables);
	free(f->cpus);
	free(f);
}

/* Once; after an error the next call tries again. */
static int get_frames(struct extension_frames **ret)
{
	const struct extension_env *env = extension_env();
	struct extension_frames *f = *env->frames;
	int err;

	if (!f) {
		f = calloc(1, sizeof(*f));
		if (!f)
			return err_set(-ENOMEM, "no memory for stacks");
		if (!env->in_process)
			sandbox_limit_memory(false);
		err = prepare(f);
		if (!env->in_process)
			sandbox_limit_memory(true);
		if (err) {
			extension_frames_free(f);
			return err;
		}
		*env->frames = f;
	}
	*ret = f;
	return 0;
}

/* --- a walk ---------------------------------------------------------------------- */

/* The CPU that a task was on. In the middle of a switch it still has the former task's stack. */
static const struct frames_cpu *find_cpu(const struct extension_frames *f, uint64_t task,
					 uint64_t stack)
{
	const struct frames_cpu *found = NULL;

	for (size_t i = 0; i < f->nr_cpus; i++) {
		const struct frames_cpu *cpu = &f->cpus[i];

		if (cpu->has_regs && !cpu->regs.user && cpu->regs.sp - stack < STACK_BYTES_MIN)
			return cpu;
		if (cpu->task == task)
			found = cpu;
	}
	return found;
}

static int find_regs(const struct extension_frames *f, uint64_t task, struct unwind_regs *regs,
		     bool *on_cpu)
{
	const struct vmem mem = extension_vmem();
	uint64_t stack = member_or_0(&mem, task, MEMBER(task_struct, stack));
	const struct frames_cpu *cpu;

	if (!stack)
		return err_set(-ENOENT, "task %#" PRIx64 " has no stack", task);
	cpu = find_cpu(f, task, stack);
	*on_cpu = cpu;
	if (!cpu)
		return f->ops->task_regs(&mem, task, regs);
	if (!cpu->has_regs)
		return err_set(-ENOENT,
			       "the registers of the CPU of task %#" PRIx64 " are not in the dump",
			       task);
	*regs = cpu->regs;
	return 0;
}

static int visit_frame(const struct kernel_tables *tables, const struct unwind_frame *frame,
		       mdf_visit_frame *visit, void *ctx)
{
	struct mdf_frame to = {
		.address = frame->pc,
		.flags = (frame->exception ? MDF_FRAME_EXCEPTION : 0) |
			 (frame->reliable ? 0 : MDF_FRAME_GUESSED),
	};
	struct ksym sym;

	if (!search_kallsyms_by_address(tables->kallsyms, unwind_code(frame), &sym)) {
		to.function = sym.name;
		to.module = sym.module;
		to.offset = frame->pc - sym.value;
	}
	return visit(ctx, &to);
}

int mdf_for_each_frame(uint64_t task, mdf_visit_frame *visit, void *ctx)
{
	const struct vmem mem = extension_vmem();
	struct unwind_frame frames[UNWIND_FRAMES_MAX];
	struct extension_frames *f = NULL;
	struct unwind_regs regs = { 0 };
	enum unwind_end end = UNWIND_DONE;
	bool on_cpu = false;
	char why[160] = "";
	size_t nr = 0;
	int err = get_frames(&f);

	if (!err)
		err = find_regs(f, task, &regs, &on_cpu);
	if (!err)
		end = unwind_stack(f->ops, &mem, &f->code, task, &regs, on_cpu, frames, &nr, why);
	for (size_t i = 0; !err && i < nr; i++)
		err = visit_frame(f->tables, &frames[i], visit, ctx);
	if (!err && end == UNWIND_DAMAGED)
		err = err_set(-EBADMSG, "the stack of task %#" PRIx64 ": %s", task, why);
	if (!err && end == UNWIND_TOO_LONG)
		err = err_set(-EBADMSG, "the stack of task %#" PRIx64 " has more than %d frames",
			      task, UNWIND_FRAMES_MAX);
	return extension_error(err);
}
