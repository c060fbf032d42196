// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86_64 and i386: the registers that __switch_to_asm() pushed when a task was switched away from.
 */
#include "facts/on_demand.h"
#include "kernel/member.h"
#include "kernel/unwind/unwind.h"

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, inactive_task_frame, bp);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, inactive_task_frame, ret_addr);
INIT_OPT_MOD_PATH(vmlinux, task_sp, "task_struct.thread.sp");

int unwind_x86_task_regs(const struct vmem *mem, vaddr_t task, struct unwind_regs *ret)
{
	uint64_t sp = path_or_0(mem, task, PATH(task_sp));
	int err = sp ? 0 : err_set(-ENOENT, "OFFSET(task_struct.thread.sp) is not known");

	*ret = (struct unwind_regs){
		.sp = sp + GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, inactive_task_frame, bp),
	};
	if (!err)
		err = member_read(mem, sp, MEMBER(inactive_task_frame, bp), &ret->fp);
	return err ? err : member_read(mem, sp, MEMBER(inactive_task_frame, ret_addr), &ret->pc);
}
