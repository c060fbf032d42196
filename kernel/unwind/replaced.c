// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The task has the real addresses, the innermost first: those of kretprobes in a list, those of the
 * function graph tracer on a stack.
 */
#include "kernel/unwind/replaced.h"

#include "facts/on_demand.h"
#include "kernel/member.h"

/*
 * Its name since Linux kernel commit adf8a61a940c ("kprobes: treewide: Make it harder to refer
 * kretprobe_trampoline directly") (in v5.16).
 */
INIT_OPT_MOD_SYM(vmlinux, __kretprobe_trampoline);
INIT_OPT_MOD_PATH(vmlinux, task_kretprobes, "task_struct.kretprobe_instances.first");
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kretprobe_instance, llist);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kretprobe_instance, ret_addr);
/*
 * Instead, on some architectures, since Linux kernel commit 54ecbe6f1ed5 ("rethook: Add a generic
 * return hook") (in v5.18).
 */
INIT_OPT_MOD_SYM(vmlinux, arch_rethook_trampoline);
INIT_OPT_MOD_PATH(vmlinux, task_rethooks, "task_struct.rethooks.first");
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rethook_node, llist);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rethook_node, ret_addr);
INIT_OPT_MOD_SYM(vmlinux, return_to_handler);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, ret_stack);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, curr_ret_stack);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, ftrace_ret_stack, ret);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fgraph_ops, idx);

/* One return address can be replaced several times. */
#define REPLACED_MAX 16
/* The bits of a word that tell how far below the entry is. */
#define DISTANCE_MASK 0x3ff

static uint64_t next_probed(struct unwind *u, const struct ktype_info *llist,
			    const struct ktype_info *ret_addr)
{
	vaddr_t at = u->probed;
	uint64_t offset;

	/* The address of the next one is the first word. */
	if (!at || member_offset(llist, &offset) || vmem_read_ulong(u->mem, at, &u->probed))
		return 0;
	return member_or_0(u->mem, at - offset, ret_addr);
}

/*
 * The stack is an array of entries, of which curr_ret_stack is the last; since Linux kernel commit
 * 7aa1eaef9f42 ("function_graph: Allow multiple users to attach to function graph") (in v6.11)
 * words, of which it is the number: after each entry one that tells how far below it begins.
 */
static uint64_t next_traced(struct unwind *u)
{
	uint64_t stack = member_or_0(u->mem, u->task, MEMBER(task_struct, ret_stack));
	uint64_t word;

	if (!stack || u->traced < 0)
		return 0;
	if (!HAS_MEMBER(fgraph_ops, idx)) {
		stack += (uint64_t)u->traced-- *
			 GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, ftrace_ret_stack, ret);
		return member_or_0(u->mem, stack, MEMBER(ftrace_ret_stack, ret));
	}
	if (!u->traced ||
	    vmem_read_ulong(u->mem, stack + (uint64_t)--u->traced * vmem_ulong_size(u->mem), &word))
		return 0;
	word &= DISTANCE_MASK;
	if (!word || word > (uint64_t)u->traced)
		return 0;
	u->traced -= word;
	return member_or_0(u->mem, stack + (uint64_t)u->traced * vmem_ulong_size(u->mem),
			   MEMBER(ftrace_ret_stack, ret));
}

void unwind_begin_replaced(struct unwind *u)
{
	u->traced = -1;
	if (!u->task)
		return;
	u->probed = HAS_SYMBOL(arch_rethook_trampoline) ?
			    path_or_0(u->mem, u->task, PATH(task_rethooks)) :
			    path_or_0(u->mem, u->task, PATH(task_kretprobes));
	if (member_read_signed(u->mem, u->task, MEMBER(task_struct, curr_ret_stack), &u->traced))
		u->traced = -1;
}

/* The address instead of that of a trampoline; 0: it is none, or its list is damaged. */
static uint64_t real_address(struct unwind *u)
{
	vaddr_t pc = u->regs.pc;

	if (HAS_SYMBOL(arch_rethook_trampoline) && pc == SYMBOL(arch_rethook_trampoline))
		return next_probed(u, MEMBER(rethook_node, llist), MEMBER(rethook_node, ret_addr));
	if (HAS_SYMBOL(__kretprobe_trampoline) && pc == SYMBOL(__kretprobe_trampoline))
		return next_probed(u, MEMBER(kretprobe_instance, llist),
				   MEMBER(kretprobe_instance, ret_addr));
	if (HAS_SYMBOL(return_to_handler) && pc == SYMBOL(return_to_handler))
		return next_traced(u);
	return 0;
}

void unwind_find_replaced(struct unwind *u)
{
	uint64_t pc;

	for (unsigned int i = 0; i < REPLACED_MAX && (pc = real_address(u)); i++)
		u->regs.pc = pc;
}
