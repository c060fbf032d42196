// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stacks, the code they are of, and ORC tables: all machines that can be unwound.
 *
 * Input, numbers with the least significant byte first:
 *	1	flags: FUZZ_*, STOPPED
 *	1	the number of the machine in machines[]
 *	1	bits: facts[] that are not known
 *	8 * 8	registers: pc, sp, fp, lr, dx, di, r10, r13
 *	4	number of ORC entries
 *	2	bytes of code, at CODE (its lower half on i386); its ORC tables are at ORC_IP and
 *		ORC after it
 *	...	these, and then the stack, at STACK, or STACK_OF_32BIT; its task is there, too
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "facts/on_demand.h"
#include "kernel/unwind/unwind.h"
#include "tests/fuzz/fuzz.h"

#define STOPPED 0x04
#define CODE UINT64_C(0xffffffff81000000)
#define ORC_IP (CODE + 0x1000)
#define ORC (CODE + 0x1400)
#define STACK UINT64_C(0xffffc90000000000)

#define STACK_OF_32BIT UINT64_C(0xc9000000)

static const uint16_t machines[] = { EM_X86_64, EM_AARCH64,   EM_RISCV, EM_S390,
				     EM_PPC64,	EM_LOONGARCH, EM_386 };

static const struct {
	const char *structure, *member;
	uint32_t bit, bits, size;
} facts[] = {
	{ "orc_entry", "sp_offset", 0, 0, 2 },
	{ "orc_entry", "bp_offset", 16, 0, 2 },
	{ "orc_entry", "sp_reg", 32, 4, 4 },
	{ "orc_entry", "bp_reg", 36, 4, 4 },
	{ "orc_entry", "type", 40, 3, 4 },
	{ "orc_entry", "signal", 43, 1, 4 },
	{ "frame_record_meta", "type", 128, 0, 8 },
	{ "pt_regs", "stackframe", 0x110 * 8, 0, 16 },
	{ "pt_regs", "psw", 0, 0, 16 },
	{ "pt_regs", "gprs", 0x10 * 8, 0, 128 },
	{ "pt_regs", "epc", 0, 0, 8 },
	{ "pt_regs", "sp", 0x10 * 8, 0, 8 },
	{ "pt_regs", "s0", 0x40 * 8, 0, 8 },
	{ "pt_regs", "status", 0x100 * 8, 0, 8 },
	{ "stack_frame", "back_chain", 0, 0, 8 },
	{ "stack_frame", "gprs", 0x30 * 8, 0, 80 },
	{ "rethook_node", "llist", 0, 0, 8 },
	{ "rethook_node", "ret_addr", 0x10 * 8, 0, 8 },
	{ "task_struct", "ret_stack", 0xf10 * 8, 0, 8 },
	{ "task_struct", "curr_ret_stack", 0xf18 * 8, 0, 4 },
	{ "ftrace_ret_stack", "ret", 0, 0, 8 },
	{ "fgraph_ops", "idx", 0, 0, 4 },
};

/* Offset in the task of the list of its kretprobes. */
#define RETHOOKS 0xf00

static uint32_t struct_bytes(const char *name)
{
	return !strcmp(name, "orc_entry") ? 6 : !strcmp(name, "pt_regs") ? 0x150 : 160;
}

static void set_facts(const struct fact_set *set, unsigned int missing)
{
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		for (size_t j = 0; j < set->nr_ktypes; j++) {
			struct ktype_info *t = set->ktypes[j];

			if (strcmp(t->struct_name, facts[i].structure) || !t->member_name ||
			    strcmp(t->member_name, facts[i].member) || missing & 1u << i % 8)
				continue;
			t->index = FACT_BTF;
			t->struct_size = struct_bytes(facts[i].structure);
			t->member_bit_offset = facts[i].bit;
			t->member_bit_sz = facts[i].bits;
			t->member_size = facts[i].size;
		}
	}
	fuzz_set_symbol(set, "handle_exception", CODE + 0x400);
	fuzz_set_symbol(set, "ret_from_exception", CODE + 0x440);
	fuzz_set_symbol(set, "arch_rethook_trampoline", CODE + 0x800);
	fuzz_set_symbol(set, "return_to_handler", CODE + 0x840);
	for (size_t i = 0; i < set->nr_kpaths; i++) {
		if (strcmp(set->kpaths[i]->path, "task_struct.rethooks.first"))
			continue;
		set->kpaths[i]->bit_offset = RETHOOKS * 8;
		set->kpaths[i]->size = 8;
		set->kpaths[i]->index = FACT_BTF;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned int flags = fuzz_number(&in, 1) & ~FUZZ_32BIT;
	uint16_t machine = machines[fuzz_number(&in, 1) % ARRAY_SIZE(machines)];
	unsigned int missing = fuzz_number(&in, 1);
	struct fact_set set = facts_on_demand();
	struct unwind_frame frames[UNWIND_FRAMES_MAX];
	struct unwind_regs regs = { 0 };
	bool is_32bit = machine == EM_386;
	vaddr_t at = is_32bit ? (uint32_t)CODE : CODE, task = is_32bit ? STACK_OF_32BIT : STACK;
	struct code_range range = {
		.start = at, .end = at + ORC_IP - CODE, .orc_ip = ORC_IP, .orc = ORC
	};
	struct code_map code = { .ranges = &range, .nr = 1, .has_orcs = true };
	struct fuzz_memory m;
	enum unwind_end end;
	char why[160];
	size_t nr;

	regs.pc = fuzz_number(&in, 8);
	regs.sp = fuzz_number(&in, 8);
	regs.fp = fuzz_number(&in, 8);
	regs.lr = fuzz_number(&in, 8);
	regs.dx = fuzz_number(&in, 8);
	regs.di = fuzz_number(&in, 8);
	regs.r10 = fuzz_number(&in, 8);
	regs.r13 = fuzz_number(&in, 8);
	range.nr_orcs = fuzz_number(&in, 4);
	facts_reset(&set);
	set_facts(&set, missing);
	fuzz_memory_init(&m, flags | (is_32bit ? FUZZ_32BIT : 0));
	fuzz_memory_add(&m, at, fuzz_bytes(&in, fuzz_number(&in, 2)));
	fuzz_memory_add(&m, task, in);
	code.orc_sp = orc_stack_pointer(&m.mem, &range);
	end = unwind_stack(unwind_find(machine), &m.mem, &code, task, &regs, flags & STOPPED,
			   frames, &nr, why);
	assert(end != UNWIND_MORE && nr <= UNWIND_FRAMES_MAX);
	assert((end == UNWIND_DAMAGED) == (why[0] != '\0') && fuzz_is_clean(why));
	facts_reset(&set);
	return 0;
}
