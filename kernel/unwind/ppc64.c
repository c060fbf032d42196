// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ppc64: back chains. Each frame begins with the address of its caller's, in which the callee
 * saved the return address. A frame with saved registers bears a mark (STACK_FRAME_REGS_MARKER),
 * at 96, or in kernels for ELFv2 since v6.2 at 32 bytes; the registers follow it.
 */
#include "facts/on_demand.h"
#include "kernel/member.h"
#include "lib/elf_machine.h"
#include "lib/types.h"
#include "kernel/unwind/unwind.h"

INIT_OPT_MOD_PATH(vmlinux, task_ksp, "task_struct.thread.ksp");

/* Offset in its caller's frame at which a callee saves the return address. */
#define SAVED_LR 16
/* "REGS" as a number, in newer little-endian kernels as it reads in memory; "regshere". */
#define MARK32 UINT64_C(0x52454753)
#define MARK32_LE UINT64_C(0x53474552)
#define MARK64 UINT64_C(0x7265677368657265)
/* msr: the CPU is in user mode. */
#define MSR_PR (1 << 14)
/* Numbers of words in struct pt_regs and in a note: the registers r0 to r31, then these. */
#define REG_SP 1
#define REG_PC 32
#define REG_MSR 33

static enum unwind_end restore(struct unwind *u, vaddr_t regs)
{
	struct unwind_regs *r = &u->regs;
	uint64_t msr;

	if (!unwind_read(u, regs + REG_PC * 8, &r->pc) ||
	    !unwind_read(u, regs + REG_SP * 8, &r->sp) || !unwind_read(u, regs + REG_MSR * 8, &msr))
		return UNWIND_DAMAGED;
	r->user = msr & MSR_PR;
	u->exception = true;
	return UNWIND_MORE;
}

/* The registers saved in a frame, or 0. */
static vaddr_t saved_regs(struct unwind *u, vaddr_t frame)
{
	static const unsigned int marks[] = { 96, 32 };
	uint64_t word;

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (!vmem_read_ulong(u->mem, frame + marks[i], &word) &&
		    (word == MARK32 || word == MARK32_LE || word == MARK64))
			return frame + marks[i] + 16;
	return 0;
}

static enum unwind_end ppc64_step(struct unwind *u)
{
	vaddr_t regs = u->at_call ? saved_regs(u, u->regs.sp) : 0;
	uint64_t chain;

	if (regs)
		return restore(u, regs);
	if (!unwind_read(u, u->regs.sp, &chain))
		return UNWIND_DAMAGED;
	if (!chain)
		return UNWIND_DONE;
	u->regs.sp = chain;
	if (!unwind_read(u, chain + SAVED_LR, &u->regs.pc))
		return UNWIND_DAMAGED;
	return u->regs.pc ? UNWIND_MORE : UNWIND_DONE;
}

/* A task that waits is in _switch(): its caller is in the frame above. */
static int ppc64_task_regs(const struct vmem *mem, vaddr_t task, struct unwind_regs *ret)
{
	uint64_t sp = path_or_0(mem, task, PATH(task_ksp));
	int err = sp ? vmem_read_ulong(mem, sp, &sp) :
		       err_set(-ENOENT, "the registers of a waiting task are not known");

	*ret = (struct unwind_regs){ .sp = sp };
	return err ? err : vmem_read_ulong(mem, sp + SAVED_LR, &ret->pc);
}

const struct unwind_ops unwind_ppc64_ops = {
	.machine = EM_PPC64,
	.task_regs = ppc64_task_regs,
	.note = { .pc = REG_PC, .sp = REG_SP, .mode = REG_MSR, .mode_bits = MSR_PR },
	.step = ppc64_step,
};
