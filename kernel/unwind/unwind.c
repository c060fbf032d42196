// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/unwind/unwind.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "kernel/unwind/replaced.h"
#include "lib/byteorder.h"
#include "lib/types.h"

/* Offset of pr_reg in struct elf_prstatus, if a long has 8 bytes, or 4. */
#define PRSTATUS_REGS 112
#define PRSTATUS_REGS32 72
/* No code is below. */
#define LOWEST_CODE 4096

enum unwind_end unwind_damaged(struct unwind *u, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(u->why, sizeof(u->why), fmt, ap);
	va_end(ap);
	return UNWIND_DAMAGED;
}

bool unwind_read(struct unwind *u, vaddr_t va, uint64_t *ret)
{
	if (va % vmem_ulong_size(u->mem)) {
		unwind_damaged(u, "the stack is not aligned [%#" PRIx64 "]", va);
		return false;
	}
	if (vmem_read_ulong(u->mem, va, ret)) {
		unwind_damaged(u, "the stack cannot be read [%#" PRIx64 "]", va);
		return false;
	}
	return true;
}

static uint64_t load_word(const struct unwind_note *note, const uint8_t *regs, unsigned int n,
			  bool swap)
{
	return note->words_of_4 ? load_u32(regs + n * 4, swap) : load_u64(regs + n * 8, swap);
}

int unwind_prstatus_regs(const struct unwind_note *note, const void *desc, size_t size, bool swap,
			 struct unwind_regs *ret)
{
	const struct {
		uint8_t word;
		uint64_t *to;
	} regs[] = {
		{ note->sp, &ret->sp },	  { note->fp, &ret->fp }, { note->lr, &ret->lr },
		{ note->dx, &ret->dx },	  { note->di, &ret->di }, { note->r10, &ret->r10 },
		{ note->r13, &ret->r13 },
	};
	size_t at = note->words_of_4 ? PRSTATUS_REGS32 : PRSTATUS_REGS;
	size_t nr = size < at ? 0 : (size - at) / (note->words_of_4 ? 4 : 8);
	const uint8_t *raw = (const uint8_t *)desc + at;
	uint64_t mode;

	*ret = (struct unwind_regs){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(regs); i++)
		if (regs[i].word >= nr)
			return -ENODATA;
	if (note->pc >= nr || note->mode >= nr)
		return -ENODATA;
	for (size_t i = 0; i < ARRAY_SIZE(regs); i++)
		if (regs[i].word)
			*regs[i].to = load_word(note, raw, regs[i].word, swap);
	ret->pc = load_word(note, raw, note->pc, swap);
	mode = load_word(note, raw, note->mode, swap) & note->mode_bits;
	ret->user = !mode == note->is_user_if_0;
	return 0;
}

/* Go to the caller. A stack goes up, but for the few that lie in each other. */
static enum unwind_end go_up(const struct unwind_ops *ops, struct unwind *u)
{
	uint64_t sp = u->regs.sp;
	enum unwind_end end;

	u->at_call = !u->exception;
	u->exception = false;
	end = ops->step(u);
	if (end == UNWIND_MORE && !u->exception)
		unwind_find_replaced(u);
	if (end == UNWIND_MORE && u->regs.user)
		end = UNWIND_DONE;
	if (end == UNWIND_MORE && u->regs.sp <= sp && u->stacks++ == UNWIND_STACKS_MAX)
		end = unwind_damaged(u, "the stack does not go up [%#" PRIx64 "]", u->regs.sp);
	/* Code that was generated, such as BPF's, is in no range: it is passed by a guess, once. */
	if (end == UNWIND_MORE && !u->exception && !code_find(u->code, u->regs.pc) &&
	    (u->guessed || u->regs.pc < LOWEST_CODE))
		end = unwind_damaged(u, "no code is at the return address [%#" PRIx64 "]",
				     u->regs.pc);
	return end;
}

enum unwind_end unwind_stack(const struct unwind_ops *ops, const struct vmem *mem,
			     const struct code_map *code, vaddr_t task,
			     const struct unwind_regs *regs, bool is_exception,
			     struct unwind_frame frames[UNWIND_FRAMES_MAX], size_t *nr,
			     char why[160])
{
	struct unwind u = {
		.mem = mem,
		.code = code,
		.task = task,
		.regs = *regs,
		.exception = is_exception,
		.full_regs = is_exception,
	};
	enum unwind_end end = UNWIND_MORE;

	*nr = 0;
	unwind_begin_replaced(&u);
	if (regs->user)
		end = UNWIND_DONE;
	while (end == UNWIND_MORE) {
		if (*nr == UNWIND_FRAMES_MAX) {
			end = UNWIND_TOO_LONG;
			break;
		}
		frames[(*nr)++] = (struct unwind_frame){
			.pc = u.regs.pc,
			.exception = u.exception,
			.reliable = !u.guessed,
		};
		end = go_up(ops, &u);
	}
	snprintf(why, 160, "%s", u.why);
	return end;
}
