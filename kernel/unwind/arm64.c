// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arm64: frame records (AAPCS64), pairs of the caller's record and the return address, which x29
 * points to. A pair of zeros ends the chain. Exceptions put a record into the registers that
 * they save:
 *  - the interrupted x29 and pc, so the chain goes on through it
 *  - zeros and a type, since Linux kernel commit c2c6b27b5aa1 ("arm64: stacktrace: unwind
 *    exception boundaries") (in v6.13): struct frame_record_meta
 */
#include "facts/on_demand.h"
#include "kernel/member.h"
#include "lib/elf_machine.h"
#include "kernel/unwind/unwind.h"

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, frame_record_meta, type);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, stackframe);
INIT_OPT_MOD_NUM(vmlinux, KERNELPACMASK);
INIT_OPT_MOD_PATH(vmlinux, task_fp, "task_struct.thread.cpu_context.fp");
INIT_OPT_MOD_PATH(vmlinux, task_sp, "task_struct.thread.cpu_context.sp");
INIT_OPT_MOD_PATH(vmlinux, task_pc, "task_struct.thread.cpu_context.pc");

/* frame_record_meta.type of saved registers. */
#define META_PT_REGS 2
/* Numbers of words in user_pt_regs, which struct pt_regs begins with. */
#define REG_FP 29
#define REG_LR 30
#define REG_SP 31
#define REG_PC 32
#define REG_PSTATE 33
/* The mode bits of pstate are 0 for user mode. */
#define PSTATE_MODE 0xf

/* A return address without the bits that authenticate it. */
static uint64_t plain_address(uint64_t lr)
{
	if (MOD_NUM_EXIST(vmlinux, KERNELPACMASK) && lr >> 55 & 1)
		lr |= (uint64_t)GET_MOD_NUM(vmlinux, KERNELPACMASK);
	return lr;
}

static enum unwind_end restore(struct unwind *u, vaddr_t regs)
{
	struct unwind_regs *r = &u->regs;
	uint64_t pstate;

	if (!unwind_read(u, regs + REG_PC * 8, &r->pc) ||
	    !unwind_read(u, regs + REG_FP * 8, &r->fp) ||
	    !unwind_read(u, regs + REG_SP * 8, &r->sp) ||
	    !unwind_read(u, regs + REG_PSTATE * 8, &pstate))
		return UNWIND_DAMAGED;
	r->user = !(pstate & PSTATE_MODE);
	u->exception = true;
	return UNWIND_MORE;
}

static enum unwind_end arm64_step(struct unwind *u)
{
	vaddr_t record = u->regs.fp;
	uint64_t fp, lr, type;

	if (!unwind_read(u, record, &fp) || !unwind_read(u, record + 8, &lr))
		return UNWIND_DAMAGED;
	if (!fp && !lr) {
		if (!HAS_MEMBER(frame_record_meta, type) || !HAS_MEMBER(pt_regs, stackframe))
			return UNWIND_DONE;
		if (!unwind_read(u, record + OFFSET(frame_record_meta, type), &type))
			return UNWIND_DAMAGED;
		return type == META_PT_REGS ? restore(u, record - OFFSET(pt_regs, stackframe)) :
					      UNWIND_DONE;
	}
	u->regs.sp = record + 16;
	u->regs.fp = fp;
	u->regs.pc = plain_address(lr);
	return UNWIND_MORE;
}

static int arm64_task_regs(const struct vmem *mem, vaddr_t task, struct unwind_regs *ret)
{
	*ret = (struct unwind_regs){
		.pc = plain_address(path_or_0(mem, task, PATH(task_pc))),
		.sp = path_or_0(mem, task, PATH(task_sp)),
		.fp = path_or_0(mem, task, PATH(task_fp)),
	};
	return ret->pc ? 0 : err_set(-ENOENT, "the registers of a waiting task are not known");
}

const struct unwind_ops unwind_arm64_ops = {
	.machine = EM_AARCH64,
	.task_regs = arm64_task_regs,
	.note = {
		.pc = REG_PC,
		.sp = REG_SP,
		.fp = REG_FP,
		.mode = REG_PSTATE,
		.mode_bits = PSTATE_MODE,
		.is_user_if_0 = true,
	},
	.step = arm64_step,
};
