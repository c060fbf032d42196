// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * loongarch64: ORC tables, which kernels have since v6.9. An entry says where the caller's stack
 * begins (by the stack pointer, or it is the frame pointer), and where below that the caller's
 * frame pointer and the return address are; a leaf function still has the latter in its register.
 * Frame pointers are followed where there is no table: in generated code, and in older kernels
 * built with them.
 *
 * The code that exceptions enter runs as a copy (eentry, with CONFIG_NUMA one for each CPU).
 */
#include "facts/on_demand.h"
#include "kernel/member.h"
#include "kernel/unwind/orc_table.h"
#include "kernel/unwind/unwind.h"
#include "lib/elf_machine.h"

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, sp_offset);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, fp_offset);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, ra_offset);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, sp_reg);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, fp_reg);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, ra_reg);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, type);
INIT_OPT_MOD_SYM(vmlinux, eentry);
INIT_OPT_MOD_SYM(vmlinux, pcpu_handlers);
INIT_OPT_MOD_SYM(vmlinux, exception_table);
INIT_OPT_MOD_SYM(vmlinux, handle_vint);
INIT_OPT_MOD_SYM(vmlinux, do_vint);
INIT_OPT_MOD_SYM(vmlinux, ret_from_fork);
INIT_OPT_MOD_SYM(vmlinux, ret_from_kernel_thread);
/* Their names since they call functions in C. */
INIT_OPT_MOD_SYM(vmlinux, ret_from_fork_asm);
INIT_OPT_MOD_SYM(vmlinux, ret_from_kernel_thread_asm);
INIT_OPT_MOD_PATH(vmlinux, task_ra, "task_struct.thread.reg01");
INIT_OPT_MOD_PATH(vmlinux, task_sp, "task_struct.thread.reg03");
INIT_OPT_MOD_PATH(vmlinux, task_fp, "task_struct.thread.reg22");

/* arch/loongarch/include/asm/orc_types.h */
enum { REG_UNDEFINED, REG_PREV_SP, REG_SP, REG_FP };
enum { ORC_UNDEFINED, ORC_END, ORC_CALL, ORC_REGS };
struct orc {
	uint64_t sp_reg, fp_reg, ra_reg, type;
	int64_t sp_offset, fp_offset, ra_offset;
};

/* Numbers of words in struct pt_regs and in a note: the registers r0 to r31, then these. */
#define PT_RA 1
#define PT_SP 3
#define PT_FP 22
#define PT_ERA 33
#define PT_PRMD 36
/* csr_prmd: the mode before the exception was that of the user. */
#define PRMD_USER 3
/* Addresses of user space are below. */
#define KERNEL_ADDRESS (UINT64_C(1) << 63)

/* Vectors of eentry, and the first one that is an interrupt's. */
#define VECTOR_BYTES 0x200
#define VECTORS 128
#define FIRST_INTERRUPT 64
/* The largest CONFIG_NR_CPUS. */
#define HANDLERS_MAX 256
/* do_vint() is not longer. */
#define VINT_BYTES 0x400

static bool orc_read(const struct unwind *u, const struct code_range *code, uint64_t n,
		     struct orc *ret)
{
	vaddr_t at = code->orc + n * GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, orc_entry, sp_offset);

	return !member_read_signed(u->mem, at, MEMBER(orc_entry, sp_offset), &ret->sp_offset) &&
	       !member_read_signed(u->mem, at, MEMBER(orc_entry, fp_offset), &ret->fp_offset) &&
	       !member_read_signed(u->mem, at, MEMBER(orc_entry, ra_offset), &ret->ra_offset) &&
	       !member_read(u->mem, at, MEMBER(orc_entry, sp_reg), &ret->sp_reg) &&
	       !member_read(u->mem, at, MEMBER(orc_entry, fp_reg), &ret->fp_reg) &&
	       !member_read(u->mem, at, MEMBER(orc_entry, ra_reg), &ret->ra_reg) &&
	       !member_read(u->mem, at, MEMBER(orc_entry, type), &ret->type);
}

/* A return address is after its call; a new task has yet to begin, at an address that is none. */
static vaddr_t address_of_entry(const struct unwind *u)
{
	const struct ksym_info *const begins[] = {
		GET_MOD_SYM_PTR(vmlinux, ret_from_fork),
		GET_MOD_SYM_PTR(vmlinux, ret_from_kernel_thread),
		GET_MOD_SYM_PTR(vmlinux, ret_from_fork_asm),
		GET_MOD_SYM_PTR(vmlinux, ret_from_kernel_thread_asm),
	};

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (SYM_EXIST(begins[i]) && u->regs.pc == begins[i]->value)
			return u->regs.pc;
	return u->at_call ? u->regs.pc - 1 : u->regs.pc;
}

static bool orc_find(const struct unwind *u, struct orc *ret)
{
	vaddr_t pc = address_of_entry(u);
	const struct code_range *code = code_find(u->code, pc);
	uint64_t n;

	return code && orc_search(u->mem, code, pc, &n) && orc_read(u, code, n, ret);
}

/* The address in the kernel's code that an address in a copy of the vectors stands for. */
static vaddr_t original_code(const struct unwind *u, vaddr_t pc)
{
	vaddr_t base, copy, function;

	if (code_find(u->code, pc) || !HAS_SYMBOL(eentry) || !HAS_SYMBOL(exception_table) ||
	    !HAS_SYMBOL(handle_vint) || vmem_read_ulong(u->mem, SYMBOL(eentry), &base))
		return pc;
	for (unsigned int i = 0; i < HANDLERS_MAX && HAS_SYMBOL(pcpu_handlers); i++) {
		if (vmem_read_ulong(u->mem, SYMBOL(pcpu_handlers) + i * 8, &copy))
			break;
		if (copy && pc - copy < VECTORS * VECTOR_BYTES) {
			pc = pc - copy + base;
			break;
		}
	}
	if (pc - base >= VECTORS * VECTOR_BYTES)
		return pc;
	function = SYMBOL(handle_vint);
	if ((pc - base) / VECTOR_BYTES < FIRST_INTERRUPT &&
	    vmem_read_ulong(u->mem, SYMBOL(exception_table) + (pc - base) / VECTOR_BYTES * 8,
			    &function))
		return pc;
	return function + (pc - base) % VECTOR_BYTES;
}

static enum unwind_end restore(struct unwind *u, vaddr_t at)
{
	struct unwind_regs *r = &u->regs;
	uint64_t mode;

	if (!unwind_read(u, at + PT_ERA * 8, &r->pc) || !unwind_read(u, at + PT_SP * 8, &r->sp) ||
	    !unwind_read(u, at + PT_RA * 8, &r->lr) || !unwind_read(u, at + PT_FP * 8, &r->fp) ||
	    !unwind_read(u, at + PT_PRMD * 8, &mode))
		return UNWIND_DAMAGED;
	r->user = (mode & PRMD_USER) == PRMD_USER;
	u->exception = true;
	/* A kernel thread began here. */
	return r->sp || r->lr ? UNWIND_MORE : UNWIND_DONE;
}

/*
 * do_vint() changes to the stack of interrupts, and leaves at its beginning the address of the
 * registers that were saved on the other one.
 */
static bool interrupt_began(struct unwind *u, vaddr_t *regs)
{
	vaddr_t pc = u->regs.pc, era;

	return u->at_call && HAS_SYMBOL(do_vint) && pc - SYMBOL(do_vint) < VINT_BYTES &&
	       !vmem_read_ulong(u->mem, u->regs.sp, regs) && !(*regs % 8) &&
	       !vmem_read_ulong(u->mem, *regs + PT_ERA * 8, &era) &&
	       (era < KERNEL_ADDRESS || code_find(u->code, era));
}

static const struct orc by_frame_pointer = {
	.sp_reg = REG_FP,
	.fp_reg = REG_PREV_SP,
	.fp_offset = -16,
	.ra_reg = REG_PREV_SP,
	.ra_offset = -8,
	.type = ORC_CALL,
};

static enum unwind_end return_to_caller(struct unwind *u, const struct orc *orc, uint64_t sp)
{
	uint64_t fp = u->regs.fp, pc = u->regs.lr;

	if (orc->fp_reg == REG_PREV_SP && !unwind_read(u, sp + orc->fp_offset, &fp))
		return UNWIND_DAMAGED;
	if (orc->ra_reg == REG_PREV_SP && !unwind_read(u, sp + orc->ra_offset, &pc))
		return UNWIND_DAMAGED;
	if (!pc)
		return unwind_damaged(u, "the caller of %#" PRIx64 " is not known", u->regs.pc);
	u->regs.pc = original_code(u, pc);
	u->regs.sp = sp;
	u->regs.fp = fp;
	u->regs.lr = 0;
	return UNWIND_MORE;
}

static enum unwind_end loongarch64_step(struct unwind *u)
{
	struct orc orc;
	uint64_t sp;

	if (interrupt_began(u, &sp))
		return restore(u, sp);
	if (!orc_find(u, &orc)) {
		orc = by_frame_pointer;
		u->guessed |= u->code->has_orcs;
	}
	if (orc.type == ORC_END)
		return UNWIND_DONE;
	if (orc.type == ORC_UNDEFINED || (orc.sp_reg != REG_SP && orc.sp_reg != REG_FP))
		return unwind_damaged(u, "the tables do not say who called %#" PRIx64, u->regs.pc);
	if (orc.sp_reg == REG_FP && !u->regs.fp)
		return unwind_damaged(u, "the caller of %#" PRIx64 " is not known", u->regs.pc);
	sp = orc.sp_reg == REG_FP ? u->regs.fp : u->regs.sp + orc.sp_offset;
	return orc.type == ORC_REGS ? restore(u, sp) : return_to_caller(u, &orc, sp);
}

static int loongarch64_task_regs(const struct vmem *mem, vaddr_t task, struct unwind_regs *ret)
{
	*ret = (struct unwind_regs){
		.pc = path_or_0(mem, task, PATH(task_ra)),
		.sp = path_or_0(mem, task, PATH(task_sp)),
		.fp = path_or_0(mem, task, PATH(task_fp)),
	};
	return ret->pc ? 0 : err_set(-ENOENT, "the registers of a waiting task are not known");
}

const struct unwind_ops unwind_loongarch64_ops = {
	.machine = EM_LOONGARCH,
	.task_regs = loongarch64_task_regs,
	.note = {
		.pc = PT_ERA,
		.sp = PT_SP,
		.fp = PT_FP,
		.lr = PT_RA,
		.mode = PT_ERA,
		.mode_bits = KERNEL_ADDRESS,
		.is_user_if_0 = true,
	},
	.step = loongarch64_step,
};
