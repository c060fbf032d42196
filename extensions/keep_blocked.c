// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Include the user stacks of tasks that wait in uninterruptible sleep (D), which tell in which
 * call each of them hangs. Levels with 8, such as 31, exclude them; kernel stacks are in each dump.
 *
 *	makedumpfile --extension keep_blocked -d 31 --json report /proc/vmcore dump
 */
#include "../makedumpfile.h"
#include "../extension.h"

EXTENSION_HELP("include the user stacks of tasks in uninterruptible sleep");

/* Linux kernel commit 2f064a59a11f ("sched: Change task_struct::state") (in v5.14). */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, __state);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, state);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, pid);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, comm);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, mm);
INIT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, sp);

#define MEMBER(s, m) GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, m)

/* States as in include/linux/sched.h. An idle kernel thread has both. */
#define TASK_UNINTERRUPTIBLE 0x2
#define TASK_NOLOAD 0x400

/* From the stack pointer upwards, where the latest calls are. */
#define STACK_BYTES (256 << 10)

struct blocked {
	unsigned long tasks, pages, damaged;
	uint64_t mm, sp; /* of one task */
};

static int include(void *ctx, uint64_t address, uint64_t physical, uint64_t len)
{
	struct blocked *b = ctx;
	uint64_t first = physical / mdf_page_size();
	uint64_t nr = (physical + len - 1) / mdf_page_size() - first + 1;

	(void)address;
	extension_decide(first, nr, PG_INCLUDE);
	b->pages += nr;
	return 0;
}

static int see_vma(void *ctx, const struct mdf_vma *vma)
{
	struct blocked *b = ctx;
	uint64_t end = vma->end;

	if (b->sp < vma->start || b->sp >= vma->end)
		return 0;
	if (end - b->sp > STACK_BYTES)
		end = b->sp + STACK_BYTES;
	return mdf_for_each_user_memory(b->mm, b->sp, end, include, b);
}

static int is_blocked(uint64_t task)
{
	const struct ktype_info *member = MOD_STRUCT_MEMBER_EXIST(vmlinux, task_struct, __state) ?
						  MEMBER(task_struct, __state) :
						  MEMBER(task_struct, state);
	uint64_t state;
	int err = mdf_read_number(task, member, &state);

	return err ? err : (state & (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)) == TASK_UNINTERRUPTIBLE;
}

static int keep_stack(struct blocked *b, uint64_t task)
{
	uint64_t regs, pid;
	char comm[32];
	int err = mdf_read_number(task, MEMBER(task_struct, pid), &pid);

	if (!err)
		err = mdf_read_string(mdf_member_address(task, MEMBER(task_struct, comm)), comm,
				      sizeof(comm));
	if (!err)
		err = mdf_read_pointer(task, MEMBER(task_struct, mm), &b->mm);
	if (err)
		return err;
	if (!b->tasks++)
		err = extension_report_text("first", comm);
	if (err)
		return err;
	MSG("task %llu (%s) is in uninterruptible sleep\n", (unsigned long long)pid, comm);
	if (!b->mm)
		return 0;
	err = mdf_task_user_regs(task, &regs);
	if (!err)
		err = mdf_read_number(regs, MEMBER(pt_regs, sp), &b->sp);
	return err ? err : mdf_for_each_vma(b->mm, see_vma, b);
}

/* Damage costs the stack of one task. */
static int see_task(void *ctx, uint64_t task)
{
	struct blocked *b = ctx;
	int err = is_blocked(task);

	if (err > 0)
		err = keep_stack(b, task);
	b->damaged += err < 0;
	return 0;
}

void extension_init(void)
{
	struct blocked b = { .tasks = 0 };

	if (!MOD_STRUCT_MEMBER_EXIST(vmlinux, task_struct, __state) &&
	    !MOD_STRUCT_MEMBER_EXIST(vmlinux, task_struct, state))
		extension_fail("the member of task_struct that is the state is not known");
	b.damaged += mdf_for_each_task(see_task, &b) < 0;
	if (b.damaged)
		MSG("%lu times something could not be read\n", b.damaged);
	if (extension_report_number("tasks", b.tasks) ||
	    extension_report_number("pages", b.pages) ||
	    extension_report_number("damaged", b.damaged))
		extension_fail("%s", mdf_error());
}
