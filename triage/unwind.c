// SPDX-License-Identifier: GPL-2.0-or-later
#include "triage/unwind.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/types.h"

/* No code is below. */
#define LOWEST_CODE 4096

static const struct unwind_ops *const machines[] = {
	&unwind_x86_64_ops, &unwind_arm64_ops, &unwind_riscv64_ops,
	&unwind_s390x_ops,  &unwind_ppc64_ops,
};

const struct unwind_ops *unwind_find(uint16_t machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i]->machine == machine)
			return machines[i];
	return NULL;
}

const struct code_range *code_find(const struct code_map *map, vaddr_t pc)
{
	size_t low = 0, high = map->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (map->ranges[mid].start <= pc)
			low = mid + 1;
		else
			high = mid;
	}
	return low && pc < map->ranges[low - 1].end ? &map->ranges[low - 1] : NULL;
}

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

uint64_t note_word(const void *raw, unsigned int n, bool swap)
{
	return load_u64((const uint8_t *)raw + n * 8, swap);
}

/* Go to the caller. A stack goes up, but for the few that lie in each other. */
static enum unwind_end go_up(const struct unwind_ops *ops, struct unwind *u)
{
	uint64_t sp = u->regs.sp;
	enum unwind_end end;

	u->at_call = !u->exception;
	u->exception = false;
	end = ops->step(u);
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
			     const struct code_map *code, const struct unwind_regs *regs,
			     bool is_exception, struct unwind_frame frames[UNWIND_FRAMES_MAX],
			     size_t *nr, char why[160])
{
	struct unwind u = {
		.mem = mem,
		.code = code,
		.regs = *regs,
		.exception = is_exception,
		.full_regs = is_exception,
	};
	enum unwind_end end = UNWIND_MORE;

	*nr = 0;
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
