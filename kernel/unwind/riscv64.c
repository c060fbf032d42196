// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * riscv64: frame records, pairs of the caller's frame pointer and the return address, which lie
 * below the address in s0. The code that enters the kernel leaves the saved registers where its
 * caller's frame would be.
 */
#include "facts/on_demand.h"
#include "kernel/member.h"
#include "lib/elf_machine.h"
#include "kernel/unwind/unwind.h"

INIT_OPT_MOD_SYM(vmlinux, handle_exception);
INIT_OPT_MOD_SYM(vmlinux, ret_from_exception);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, epc);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, sp);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, s0);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, status);
INIT_OPT_MOD_PATH(vmlinux, task_ra, "task_struct.thread.ra");
INIT_OPT_MOD_PATH(vmlinux, task_ksp, "task_struct.thread.sp");
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, thread_struct, s);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, thread);

/* Numbers of words in user_regs_struct. */
#define REG_PC 0
#define REG_SP 2
#define REG_S0 8
/* status: the mode before the exception was the kernel's. */
#define STATUS_SPP 0x100
/* ret_from_exception() is not longer. */
#define RET_BYTES 0x200

static bool entered_kernel(vaddr_t pc)
{
	return HAS_SYMBOL(handle_exception) && HAS_SYMBOL(ret_from_exception) &&
	       pc >= SYMBOL(handle_exception) && pc < SYMBOL(ret_from_exception) + RET_BYTES;
}

static enum unwind_end restore(struct unwind *u, vaddr_t regs)
{
	struct unwind_regs *r = &u->regs;
	uint64_t status;

	if (member_read(u->mem, regs, MEMBER(pt_regs, epc), &r->pc) ||
	    member_read(u->mem, regs, MEMBER(pt_regs, sp), &r->sp) ||
	    member_read(u->mem, regs, MEMBER(pt_regs, s0), &r->fp) ||
	    member_read(u->mem, regs, MEMBER(pt_regs, status), &status))
		return unwind_damaged(u, "saved registers cannot be read [%#" PRIx64 "]", regs);
	r->user = !(status & STATUS_SPP);
	u->exception = true;
	/* A kernel thread began here, in ret_from_fork(), which is near: its registers are 0. */
	return r->user || r->pc ? UNWIND_MORE : UNWIND_DONE;
}

static enum unwind_end riscv64_step(struct unwind *u)
{
	vaddr_t frame = u->regs.fp;

	if (!frame)
		return UNWIND_DONE;
	/* The frame at hand is that of the entry: its caller is what was interrupted. */
	if (u->at_call && entered_kernel(u->regs.pc))
		return restore(u, u->regs.sp);
	u->regs.sp = frame;
	if (!unwind_read(u, frame - 16, &u->regs.fp) || !unwind_read(u, frame - 8, &u->regs.pc))
		return UNWIND_DAMAGED;
	return code_find(u->code, u->regs.pc) ? UNWIND_MORE : UNWIND_DONE;
}

static int riscv64_task_regs(const struct vmem *mem, vaddr_t task, struct unwind_regs *ret)
{
	*ret = (struct unwind_regs){
		.pc = path_or_0(mem, task, PATH(task_ra)),
		.sp = path_or_0(mem, task, PATH(task_ksp)),
	};
	if (!ret->pc || !HAS_MEMBER(thread_struct, s) || !HAS_MEMBER(task_struct, thread))
		return err_set(-ENOENT, "the registers of a waiting task are not known");
	return vmem_read_ulong(mem, task + OFFSET(task_struct, thread) + OFFSET(thread_struct, s),
			       &ret->fp);
}

const struct unwind_ops unwind_riscv64_ops = {
	.machine = EM_RISCV,
	.task_regs = riscv64_task_regs,
	.note = {
		.pc = REG_PC,
		.sp = REG_SP,
		.fp = REG_S0,
		/* The kernel has the upper half of all addresses. */
		.mode = REG_PC,
		.mode_bits = UINT64_C(1) << 63,
		.is_user_if_0 = true,
	},
	.step = riscv64_step,
};
