// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86_64: ORC tables, which objtool makes at build time. For each address in the code they say
 * where the caller's stack pointer and frame pointer are. Frame pointers are followed where
 * there is no table: in generated code, and in kernels built with CONFIG_UNWINDER_FRAME_POINTER.
 *
 * Formats (arch/x86/include/asm/orc_types.h), told apart by the bit fields of struct orc_entry:
 *  - no "signal", or an "end" besides: type 0 is a call, 1 all registers, 2 those that the
 *    hardware saved; the stack ends where sp_reg is undefined, or at "end"; since Linux kernel
 *    commit ee9f8fce9964 ("x86/unwind: Add the ORC unwinder") (in v4.14)
 *  - "signal" without "end": 0 is undefined, 1 the end of the stack, then 2 to 4 as before; since
 *    Linux kernel commit fb799447ae29 ("x86,objtool: Split UNWIND_HINT_EMPTY in two") (in v6.4)
 */
#include <string.h>

#include "facts/on_demand.h"
#include "kernel/member.h"
#include "lib/elf_machine.h"
#include "kernel/unwind/orc_table.h"
#include "kernel/unwind/unwind.h"

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, sp_offset);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, bp_offset);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, sp_reg);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, bp_reg);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, type);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, signal);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, end);
INIT_OPT_MOD_SYM(vmlinux, ret_from_fork_asm);
INIT_OPT_MOD_SYM(vmlinux, ret_from_fork);

/* Registers that sp_reg and bp_reg name. */
enum orc_reg {
	REG_UNDEFINED,
	REG_PREV_SP,
	REG_DX,
	REG_DI,
	REG_BP,
	REG_SP,
	REG_R10,
	REG_R13,
	REG_BP_INDIRECT,
	REG_SP_INDIRECT,
	REG_UNKNOWN,
};

/*
 * Their numbers. Kernels newer than 7.0 have others, which no type tells: that of the stack
 * pointer tells them apart (orc_stack_pointer()).
 */
#define OLD_SP 5
#define NEW_SP 3
static const enum orc_reg old_numbers[16] = {
	[0] = REG_UNDEFINED,
	[1] = REG_PREV_SP,
	[2] = REG_DX,
	[3] = REG_DI,
	[4] = REG_BP,
	[5] = REG_SP,
	[6] = REG_R10,
	[7] = REG_R13,
	[8] = REG_BP_INDIRECT,
	[9] = REG_SP_INDIRECT,
	[10 ... 15] = REG_UNKNOWN,
};
static const enum orc_reg new_numbers[16] = {
	[0] = REG_UNDEFINED,   [1] = REG_DI,	       [2] = REG_DX,
	[3] = REG_SP,	       [4] = REG_BP,	       [5] = REG_UNKNOWN,
	[6] = REG_R10,	       [7] = REG_R13,	       [8] = REG_PREV_SP,
	[9] = REG_SP_INDIRECT, [10] = REG_BP_INDIRECT, [11 ... 15] = REG_UNKNOWN,
};

/* Meanings of type, in either format. */
enum orc_type {
	ORC_UNDEFINED,
	ORC_END,
	ORC_CALL,
	ORC_REGS,
	ORC_REGS_PARTIAL,
};

struct orc {
	int16_t sp_offset, bp_offset;
	enum orc_reg sp_reg, bp_reg;
	enum orc_type type;
};

/* A direct call: an opcode and a distance of 4 bytes. */
#define CALL_OPCODE 0xe8
#define CALL_BYTES 5
/* Entries that are looked at to learn how registers are numbered. */
#define ENTRIES_SEEN 256
/* No function that crashes the kernel is longer, or has a larger frame. */
#define FUNCTION_MAX 4096
#define FRAME_WORDS_MAX 256

/* Offsets in struct pt_regs, which begins as user_regs_struct of <sys/user.h> does. */
#define PT_R13 16
#define PT_BP 32
#define PT_R10 56
#define PT_DX 96
#define PT_DI 112
#define PT_IP 128
#define PT_CS 136
#define PT_SP 152
/* The registers that the hardware saves begin with ip. */
#define IRET_IP 0
#define IRET_CS 8
#define IRET_SP 24

static bool orc_known(void)
{
	return HAS_MEMBER(orc_entry, sp_offset) && HAS_MEMBER(orc_entry, bp_offset) &&
	       HAS_MEMBER(orc_entry, sp_reg) && HAS_MEMBER(orc_entry, bp_reg) &&
	       HAS_MEMBER(orc_entry, type);
}

/* --- the tables ------------------------------------------------------------------ */

static enum orc_type decode_type(uint64_t type, bool end, bool sp_known)
{
	if (HAS_MEMBER(orc_entry, signal) && !HAS_MEMBER(orc_entry, end))
		return type <= ORC_REGS_PARTIAL ? (enum orc_type)type : ORC_UNDEFINED;
	if (!sp_known)
		return end || !HAS_MEMBER(orc_entry, end) ? ORC_END : ORC_UNDEFINED;
	return type <= 2 ? (enum orc_type)(ORC_CALL + type) : ORC_UNDEFINED;
}

static bool orc_read(const struct unwind *u, const struct code_range *code, uint64_t n,
		     struct orc *ret)
{
	const enum orc_reg *numbers = u->code->orc_sp == NEW_SP ? new_numbers : old_numbers;
	uint64_t v[5];
	vaddr_t at;

	at = code->orc + n * GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, orc_entry, sp_offset);
	if (member_read(u->mem, at, MEMBER(orc_entry, sp_offset), &v[0]) ||
	    member_read(u->mem, at, MEMBER(orc_entry, bp_offset), &v[1]) ||
	    member_read(u->mem, at, MEMBER(orc_entry, sp_reg), &v[2]) ||
	    member_read(u->mem, at, MEMBER(orc_entry, bp_reg), &v[3]) ||
	    member_read(u->mem, at, MEMBER(orc_entry, type), &v[4]))
		return false;
	*ret = (struct orc){
		.sp_offset = (int16_t)v[0],
		.bp_offset = (int16_t)v[1],
		.sp_reg = numbers[v[2] % 16],
		.bp_reg = numbers[v[3] % 16],
		.type = decode_type(v[4], member_or_0(u->mem, at, MEMBER(orc_entry, end)),
				    v[2] != REG_UNDEFINED),
	};
	return true;
}

/* @return whether there is an entry for the address */
static bool orc_find(const struct unwind *u, vaddr_t pc, struct orc *ret)
{
	const struct code_range *code = code_find(u->code, pc);
	uint64_t n;

	return code && orc_known() && orc_search(u->mem, code, pc, &n) && orc_read(u, code, n, ret);
}

unsigned int orc_stack_pointer(const struct vmem *mem, const struct code_range *code)
{
	struct code_range range = *code;
	const struct code_map map = { .ranges = &range, .nr = 1 };
	struct unwind u = { .mem = mem, .code = &map };
	uint64_t n, reg;
	struct orc orc;

	if (!orc_known() || !orc_search(mem, code, code->start, &n))
		return 0;
	/* At the first instruction of a function only the return address is on the stack. */
	for (unsigned int i = 0; i < ENTRIES_SEEN && n < code->nr_orcs; i++, n++) {
		vaddr_t at =
			code->orc + n * GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, orc_entry, sp_offset);

		if (orc_read(&u, code, n, &orc) && orc.type == ORC_CALL && orc.sp_offset == 8 &&
		    orc.bp_reg == REG_UNDEFINED &&
		    !member_read(mem, at, MEMBER(orc_entry, sp_reg), &reg))
			return reg;
	}
	return 0;
}

/* --- a step ---------------------------------------------------------------------- */

/* Find the beginning of the caller's stack, or of the saved registers. */
static bool find_sp(struct unwind *u, const struct orc *orc, uint64_t *sp)
{
	const struct unwind_regs *r = &u->regs;

	switch (orc->sp_reg) {
	case REG_SP:
		*sp = r->sp + orc->sp_offset;
		return true;
	case REG_BP:
		*sp = r->fp + orc->sp_offset;
		return true;
	case REG_SP_INDIRECT:
		if (!unwind_read(u, r->sp, sp))
			return false;
		*sp += orc->sp_offset;
		return true;
	case REG_BP_INDIRECT:
		return unwind_read(u, r->fp + orc->sp_offset, sp);
	case REG_R10:
	case REG_R13:
	case REG_DI:
	case REG_DX:
		if (!u->full_regs)
			break;
		*sp = orc->sp_reg == REG_R10 ? r->r10 :
		      orc->sp_reg == REG_R13 ? r->r13 :
		      orc->sp_reg == REG_DI  ? r->di :
					       r->dx;
		*sp += orc->sp_offset;
		return true;
	default:
		break;
	}
	unwind_damaged(u, "the caller of %#" PRIx64 " is not known: register %d", r->pc,
		       orc->sp_reg);
	return false;
}

static bool restore_all(struct unwind *u, uint64_t at)
{
	struct unwind_regs r;
	uint64_t cs;

	if (!unwind_read(u, at + PT_IP, &r.pc) || !unwind_read(u, at + PT_SP, &r.sp) ||
	    !unwind_read(u, at + PT_CS, &cs) || !unwind_read(u, at + PT_BP, &r.fp) ||
	    !unwind_read(u, at + PT_DX, &r.dx) || !unwind_read(u, at + PT_DI, &r.di) ||
	    !unwind_read(u, at + PT_R10, &r.r10) || !unwind_read(u, at + PT_R13, &r.r13))
		return false;
	r.user = cs & 3;
	r.lr = 0;
	u->regs = r;
	u->exception = u->full_regs = true;
	return true;
}

static bool restore_partial(struct unwind *u, uint64_t at)
{
	uint64_t cs;

	if (!unwind_read(u, at + IRET_IP, &u->regs.pc) || !unwind_read(u, at + IRET_CS, &cs) ||
	    !unwind_read(u, at + IRET_SP, &u->regs.sp))
		return false;
	u->regs.user = cs & 3;
	u->exception = true;
	return true;
}

static bool restore_call(struct unwind *u, uint64_t sp)
{
	if (!unwind_read(u, sp - 8, &u->regs.pc))
		return false;
	u->regs.sp = sp;
	u->full_regs = false;
	return true;
}

static bool restore(struct unwind *u, const struct orc *orc, uint64_t sp)
{
	uint64_t fp = u->regs.fp;

	if (orc->bp_reg == REG_PREV_SP && !unwind_read(u, sp + orc->bp_offset, &fp))
		return false;
	if (orc->bp_reg == REG_BP && !unwind_read(u, u->regs.fp + orc->bp_offset, &fp))
		return false;
	switch (orc->type) {
	case ORC_REGS:
		return restore_all(u, sp);
	case ORC_REGS_PARTIAL:
		if (!restore_partial(u, sp))
			return false;
		break;
	default:
		if (!restore_call(u, sp))
			return false;
	}
	u->regs.fp = fp;
	return true;
}

/* Rules for a frame that no table describes: by its frame pointer, or after a call to address 0. */
static const struct orc by_frame_pointer = {
	.sp_reg = REG_BP,
	.sp_offset = 16,
	.bp_reg = REG_PREV_SP,
	.bp_offset = -16,
	.type = ORC_CALL,
};
static const struct orc called_null = { .sp_reg = REG_SP, .sp_offset = 8, .type = ORC_CALL };

/*
 * The address whose entry tells of a frame. A return address is after its call, which can be
 * the last instruction of a function; a new task has yet to begin, at an address that is none.
 */
static vaddr_t address_of_entry(const struct unwind *u)
{
	vaddr_t pc = u->regs.pc;

	if ((HAS_SYMBOL(ret_from_fork_asm) && pc == SYMBOL(ret_from_fork_asm)) ||
	    (HAS_SYMBOL(ret_from_fork) && pc == SYMBOL(ret_from_fork)))
		return pc;
	return u->at_call ? pc - 1 : pc;
}

/*
 * Return whether a return address follows a direct call of the function that an address is in.
 * @param[out] function its address
 */
static bool returns_from(const struct unwind *u, vaddr_t ret, vaddr_t pc, vaddr_t *function)
{
	uint8_t insn;
	int64_t distance;

	if (!code_find(u->code, ret) || vmem_read(u->mem, ret - CALL_BYTES, &insn, 1) ||
	    insn != CALL_OPCODE || vmem_read_s32(u->mem, ret - 4, &distance))
		return false;
	*function = ret + (uint64_t)distance;
	return *function <= pc && pc - *function < FUNCTION_MAX;
}

/*
 * The place of rbp among the registers that a function pushes at its beginning: 1 is below the
 * return address; 0: it does not push it.
 */
static unsigned int pushed_bp(const struct unwind *u, vaddr_t function)
{
	uint8_t code[64];
	unsigned int nr = 0;

	if (vmem_read(u->mem, function, code, sizeof(code)))
		return 0;
	for (unsigned int i = 0; i + 5 < sizeof(code);) {
		if (code[i] == 0x55)
			return nr + 1;
		if (code[i] == 0x53) { /* push rbx */
			nr++;
			i++;
		} else if (code[i] == 0x41 && code[i + 1] >= 0x54 && code[i + 1] <= 0x57) {
			nr++; /* push r12 to r15 */
			i += 2;
		} else if (!memcmp(code + i, "\x0f\x1f\x44\0\0", 5) || code[i] == CALL_OPCODE) {
			i += 5; /* of ftrace */
		} else if (!memcmp(code + i, "\xf3\x0f\x1e\xfa", 4)) {
			i += 4; /* endbr64 */
		} else {
			break;
		}
	}
	return 0;
}

/*
 * The function in which the kernel saves its registers when it crashes, __crash_kexec(), has no
 * entries: its return address is the first word of the stack that follows a call of it.
 */
static enum unwind_end step_by_call(struct unwind *u)
{
	vaddr_t sp = u->regs.sp, pc = u->regs.pc, function;
	unsigned int bp;
	uint64_t word;

	for (unsigned int i = 0; !u->at_call && i < FRAME_WORDS_MAX; i++, sp += 8) {
		if (!unwind_read(u, sp, &word))
			return UNWIND_DAMAGED;
		if (!returns_from(u, word, pc, &function))
			continue;
		bp = pushed_bp(u, function);
		if (bp && !unwind_read(u, sp - bp * 8, &u->regs.fp))
			return UNWIND_DAMAGED;
		return restore_call(u, sp + 8) ? UNWIND_MORE : UNWIND_DAMAGED;
	}
	return unwind_damaged(u, "the tables do not say who called %#" PRIx64, pc);
}

static enum unwind_end x86_64_step(struct unwind *u)
{
	struct orc orc;
	uint64_t sp;

	if (!u->regs.pc && !u->at_call) {
		orc = called_null;
	} else if (!orc_find(u, address_of_entry(u), &orc)) {
		/* The first frame of an idle task. */
		if (!u->code->has_orcs && !u->regs.fp)
			return UNWIND_DONE;
		/* An exception sets the frame pointer to the address of its registers plus 1. */
		if (!u->code->has_orcs && u->regs.fp & 1)
			return restore_all(u, u->regs.fp - 1) ? UNWIND_MORE : UNWIND_DAMAGED;
		orc = by_frame_pointer;
		u->guessed |= u->code->has_orcs;
	}
	if (orc.type == ORC_END)
		return UNWIND_DONE;
	if (orc.type == ORC_UNDEFINED)
		return step_by_call(u);
	return find_sp(u, &orc, &sp) && restore(u, &orc, sp) ? UNWIND_MORE : UNWIND_DAMAGED;
}

const struct unwind_ops unwind_x86_64_ops = {
	.machine = EM_X86_64,
	.task_regs = unwind_x86_task_regs,
	.note = {
		.pc = PT_IP / 8,
		.sp = PT_SP / 8,
		.fp = PT_BP / 8,
		.dx = PT_DX / 8,
		.di = PT_DI / 8,
		.r10 = PT_R10 / 8,
		.r13 = PT_R13 / 8,
		.mode = PT_CS / 8,
		.mode_bits = 3,
	},
	.step = x86_64_step,
};
