// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * s390x: back chains. Each frame begins with the address of its caller's, in which the callee
 * saved r6 to r15; r14 is the return address. No back chain means that registers, which were
 * saved when the kernel was entered, follow the frame.
 */
#include "facts/on_demand.h"
#include "kernel/member.h"
#include "lib/elf_machine.h"
#include "kernel/unwind/unwind.h"

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, stack_frame, back_chain);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, stack_frame, gprs);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, psw);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, gprs);
INIT_OPT_MOD_PATH(vmlinux, task_ksp, "task_struct.thread.ksp");

/* The place in gprs[], which begins with r6. */
#define SAVED_R14 (8 * 8)
#define GPR_LR (14 * 8)
#define GPR_SP (15 * 8)
/* psw.mask: the CPU is in user mode. */
#define PSW_USER (UINT64_C(1) << 48)
/* Numbers of words in s390_regs: a psw, then registers. */
#define REG_MASK 0
#define REG_PC 1
#define REG_LR 16
#define REG_SP 17

static enum unwind_end restore(struct unwind *u, vaddr_t regs)
{
	struct unwind_regs *r = &u->regs;
	uint64_t mask;

	if (!unwind_read(u, regs + OFFSET(pt_regs, psw), &mask) ||
	    !unwind_read(u, regs + OFFSET(pt_regs, psw) + 8, &r->pc) ||
	    !unwind_read(u, regs + OFFSET(pt_regs, gprs) + GPR_LR, &r->lr) ||
	    !unwind_read(u, regs + OFFSET(pt_regs, gprs) + GPR_SP, &r->sp))
		return UNWIND_DAMAGED;
	r->user = mask & PSW_USER;
	u->exception = true;
	/* A kernel thread began here. */
	return r->user || (r->sp && code_find(u->code, r->pc)) ? UNWIND_MORE : UNWIND_DONE;
}

static enum unwind_end s390x_step(struct unwind *u)
{
	vaddr_t stopped_at = u->at_call ? 0 : u->regs.pc;
	uint64_t chain;

	if (!HAS_MEMBER(stack_frame, back_chain) || !HAS_MEMBER(stack_frame, gprs) ||
	    !HAS_MEMBER(pt_regs, psw) || !HAS_MEMBER(pt_regs, gprs))
		return unwind_damaged(u, "OFFSET(stack_frame.back_chain) is not known");
	if (!unwind_read(u, u->regs.sp + OFFSET(stack_frame, back_chain), &chain))
		return UNWIND_DAMAGED;
	if (!chain)
		return restore(u, u->regs.sp + GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, stack_frame,
									   back_chain));
	u->regs.sp = chain;
	if (!unwind_read(u, chain + OFFSET(stack_frame, gprs) + SAVED_R14, &u->regs.pc))
		return UNWIND_DAMAGED;
	/* A function that calls none, as arch_cpu_idle(), saves no r14: an old one is there. */
	if (u->regs.pc == stopped_at)
		u->regs.pc = u->regs.lr;
	return UNWIND_MORE;
}

static int s390x_task_regs(const struct vmem *mem, vaddr_t task, struct unwind_regs *ret)
{
	*ret = (struct unwind_regs){ .sp = path_or_0(mem, task, PATH(task_ksp)) };
	if (!ret->sp || !HAS_MEMBER(stack_frame, gprs))
		return err_set(-ENOENT, "the registers of a waiting task are not known");
	return vmem_read_ulong(mem, ret->sp + OFFSET(stack_frame, gprs) + SAVED_R14, &ret->pc);
}

const struct unwind_ops unwind_s390x_ops = {
	.machine = EM_S390,
	.task_regs = s390x_task_regs,
	.note = {
		.pc = REG_PC,
		.sp = REG_SP,
		.lr = REG_LR,
		.mode = REG_MASK,
		.mode_bits = PSW_USER,
	},
	.step = s390x_step,
};
