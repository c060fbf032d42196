// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * i386: frame pointers. %ebp has the address of a pair, the caller's frame pointer and the return
 * address. An exception sets it to the address of its saved registers less the highest bit.
 *
 * A system call does not set it: the return address of its frame, the last one, is in one of the
 * two functions that enter the kernel; that of a CPU's first frame in the function it boots in.
 */
#include "facts/on_demand.h"
#include "lib/elf_machine.h"
#include "kernel/unwind/unwind.h"

INIT_OPT_MOD_SYM(vmlinux, entry_SYSENTER_32);
INIT_OPT_MOD_SYM(vmlinux, entry_INT80_32);
INIT_OPT_MOD_SYM(vmlinux, startup_32_smp);

/* Numbers of words in struct pt_regs and in a note. */
#define REG_BP 5
#define REG_PC 12
#define REG_CS 13
#define REG_SP 15
/* cs: the CPU is in user mode. */
#define CS_USER 3
/* The bit that saved registers' addresses have, and frame pointers that lead to them have not. */
#define REGS_BIT UINT64_C(0x80000000)
/* These functions are not longer. */
#define ENTRY_BYTES 0x400

static bool is_within(vaddr_t pc, vaddr_t function)
{
	return pc - function < ENTRY_BYTES;
}

/* Return whether a return address is where a system call or the boot began. */
static bool is_first(vaddr_t pc)
{
	return (HAS_SYMBOL(entry_SYSENTER_32) && is_within(pc, SYMBOL(entry_SYSENTER_32))) ||
	       (HAS_SYMBOL(entry_INT80_32) && is_within(pc, SYMBOL(entry_INT80_32))) ||
	       (HAS_SYMBOL(startup_32_smp) && is_within(pc, SYMBOL(startup_32_smp)));
}

/*
 * The stack pointer among the registers is right since Linux kernel commit 3c88c692c287
 * ("x86/stackframe/32: Provide consistent pt_regs") (in v5.2).
 */
static enum unwind_end restore(struct unwind *u, vaddr_t regs)
{
	struct unwind_regs *r = &u->regs;
	uint64_t cs;

	if (!unwind_read(u, regs + REG_PC * 4, &r->pc) ||
	    !unwind_read(u, regs + REG_SP * 4, &r->sp) ||
	    !unwind_read(u, regs + REG_BP * 4, &r->fp) || !unwind_read(u, regs + REG_CS * 4, &cs))
		return UNWIND_DAMAGED;
	r->user = cs & CS_USER;
	u->exception = true;
	/* A kernel thread began here: its registers are 0. */
	return r->user || r->pc ? UNWIND_MORE : UNWIND_DONE;
}

static enum unwind_end i386_step(struct unwind *u)
{
	vaddr_t frame = u->regs.fp;

	if (!frame || (u->at_call && is_first(u->regs.pc)))
		return UNWIND_DONE;
	if (!(frame & REGS_BIT))
		return restore(u, frame | REGS_BIT);
	u->regs.sp = frame + 8;
	if (!unwind_read(u, frame, &u->regs.fp) || !unwind_read(u, frame + 4, &u->regs.pc))
		return UNWIND_DAMAGED;
	/* The first frame of an idle task. */
	return u->regs.pc ? UNWIND_MORE : UNWIND_DONE;
}

const struct unwind_ops unwind_i386_ops = {
	.machine = EM_386,
	.task_regs = unwind_x86_task_regs,
	.note = {
		.words_of_4 = true,
		.pc = REG_PC,
		.sp = REG_SP,
		.fp = REG_BP,
		.mode = REG_CS,
		.mode_bits = CS_USER,
	},
	.step = i386_step,
};
