/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Unwinding stacks of the crashed kernel.
 *
 * Code here sees no dump: only memory, facts, and where the kernel's code is. Each architecture
 * unwinds by what its own kernel uses: ORC tables (x86_64, loongarch64), frame records (arm64,
 * riscv64), frame pointers (i386), back chains (s390x, ppc64).
 *
 * Adding an architecture: a file NAME.c with one const struct unwind_ops, put in the
 * table of machines.c; stacks in tests/unit/test_unwind.c.
 */
#ifndef KERNEL_UNWIND_UNWIND_H
#define KERNEL_UNWIND_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/unwind/code_map.h"
#include "symbols/vmem.h"

/** The most frames of a stack. */
#define UNWIND_FRAMES_MAX 128
/** Stacks lie in each other at most as often: task, interrupt, exceptions, NMI, machine check. */
#define UNWIND_STACKS_MAX 8

/** Registers of a CPU. Those that an architecture does not need are 0. */
struct unwind_regs {
	uint64_t pc, sp;
	uint64_t fp; /**< frame pointer: rbp, x29, s0 */
	uint64_t lr; /**< return address: x30, ra */
	/** x86_64: an ORC entry can name them where all registers were saved. */
	uint64_t dx, di, r10, r13;
	bool user; /**< the CPU was in user mode */
};

/** One frame. */
struct unwind_frame {
	vaddr_t pc;
	/** The registers are those that an exception or interrupt saved: pc is not a return. */
	bool exception;
	bool reliable;
};

/** The end of a trace. */
enum unwind_end {
	UNWIND_MORE,	/**< not ended */
	UNWIND_DONE,	/**< at the end of the stack: user mode, or where the task began */
	UNWIND_DAMAGED, /**< why says what is wrong */
	UNWIND_TOO_LONG,
};

/** A walk over one stack. */
struct unwind {
	const struct vmem *mem;
	const struct code_map *code;
	struct unwind_regs regs; /**< of the frame at hand */
	/** pc is where an exception came, or a CPU was stopped; else it is a return address. */
	bool exception;
	bool at_call;	/**< for step(): it was a return address */
	bool full_regs; /**< dx, di, r10 and r13 are those of the frame */
	bool guessed;	/**< a frame was passed by a guess: later ones are not reliable */
	vaddr_t task;	/**< address of its struct task_struct; 0: not known */
	vaddr_t probed; /**< of unwind_find_replaced(): where its next addresses are */
	int64_t traced;
	unsigned int stacks; /**< times that the walk went on at a lower address */
	char why[160];
};

/** Numbers of the words in an NT_PRSTATUS note's pr_reg; 0: not there, but for pc. */
struct unwind_note {
	bool words_of_4; /**< bytes; else of 8 */
	uint8_t pc, sp, fp, lr, dx, di, r10, r13;
	uint8_t mode;	    /**< the word that tells the CPU's mode */
	uint64_t mode_bits; /**< its bits that are 0 in kernel mode */
	bool is_user_if_0;  /**< they are 0 in user mode instead */
};

/** The steps of unwinding that depend on the architecture. */
struct unwind_ops {
	uint16_t machine; /**< EM_* */
	/**
	 * Registers of a task that does not run.
	 * @param task address of its struct task_struct
	 * @return 0; -errno
	 */
	int (*task_regs)(const struct vmem *mem, vaddr_t task, struct unwind_regs *ret);
	struct unwind_note note;
	/** Go to the caller's frame. Where it returns UNWIND_DAMAGED it has set why. */
	enum unwind_end (*step)(struct unwind *u);
};

/** The ops of a machine, or NULL. */
const struct unwind_ops *unwind_find(uint16_t machine);

/**
 * Unwind a stack.
 * @param task address of the struct task_struct; 0: not known
 * @param regs where to begin
 * @param is_exception the registers are those of a CPU that was stopped; else those of a task
 * that waits
 * @param[out] frames up to UNWIND_FRAMES_MAX
 * @param[out] why a sentence for UNWIND_DAMAGED; else ""
 * @return how it ended
 */
enum unwind_end unwind_stack(const struct unwind_ops *ops, const struct vmem *mem,
			     const struct code_map *code, vaddr_t task,
			     const struct unwind_regs *regs, bool is_exception,
			     struct unwind_frame frames[UNWIND_FRAMES_MAX], size_t *nr,
			     char why[160]);

/** The address in a frame's own code: a return address can be the end of its function. */
static inline vaddr_t unwind_code(const struct unwind_frame *frame)
{
	return frame->pc - !frame->exception;
}

/**
 * Get registers out of an NT_PRSTATUS note.
 * @param desc its descriptor, of @p size bytes
 * @return 0; -ENODATA if it is too short
 */
int unwind_prstatus_regs(const struct unwind_note *note, const void *desc, size_t size, bool swap,
			 struct unwind_regs *ret);

/** For the architectures: read a word of the stack; why is set where that fails. */
bool unwind_read(struct unwind *u, vaddr_t va, uint64_t *ret);
/** Set why. @return UNWIND_DAMAGED */
enum unwind_end unwind_damaged(struct unwind *u, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** x86_64 and i386: task_regs(). */
int unwind_x86_task_regs(const struct vmem *mem, vaddr_t task, struct unwind_regs *ret);

/**
 * x86_64: the number by which ORC entries name the stack pointer: it tells how this kernel
 * numbers registers. 0: not known.
 */
unsigned int orc_stack_pointer(const struct vmem *mem, const struct code_range *code);

extern const struct unwind_ops unwind_x86_64_ops;
extern const struct unwind_ops unwind_arm64_ops;
extern const struct unwind_ops unwind_riscv64_ops;
extern const struct unwind_ops unwind_s390x_ops;
extern const struct unwind_ops unwind_ppc64_ops;
extern const struct unwind_ops unwind_loongarch64_ops;
extern const struct unwind_ops unwind_i386_ops;

#endif
