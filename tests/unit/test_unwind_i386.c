// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unwinding of i386: frame pointers, across exceptions, to the ends of its stacks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "facts/facts.h"
#include "facts/on_demand.h"
#include "kernel/unwind/unwind.h"
#include "lib/byteorder.h"

INIT_OPT_MOD_SYM(vmlinux, entry_INT80_32);
INIT_OPT_MOD_SYM(vmlinux, startup_32_smp);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, inactive_task_frame, bp);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, inactive_task_frame, ret_addr);

#define CODE UINT64_C(0xc1000000)
#define STACK UINT64_C(0xc9000000)
#define STACK_BYTES 0x1000

static void set_member(struct ktype_info *t, unsigned int offset)
{
	t->member_bit_offset = offset * 8;
	t->member_size = 4;
	t->struct_size = 24;
	t->index = FACT_BTF;
}

static int read_memory(void *ctx, vaddr_t va, void *buf, size_t len)
{
	if (va < STACK || va - STACK > STACK_BYTES || STACK_BYTES - (va - STACK) < len)
		return err_set(-EFAULT, "%#" PRIx64 " is not mapped", va);
	memcpy(buf, (uint8_t *)ctx + (va - STACK), len);
	return 0;
}

static void put(uint8_t *stack, unsigned int at, uint32_t word)
{
	store_u32(stack + at, word, HOST_BIG_ENDIAN);
}

static void set_symbol(struct ksym_info *s, uint64_t value)
{
	s->value = value;
	s->index = FACT_KALLSYMS;
}

/* Check the frames from a stopped CPU on: "OFFSET", with an "e" for an exception, and the end. */
static void check(uint8_t *stack, const char *wanted)
{
	static const char *const ends[] = { "more", "done", "damaged", "too-long" };
	struct vmem mem = { .read = read_memory, .ctx = stack, .swap = HOST_BIG_ENDIAN };
	struct code_range range = { .start = CODE, .end = CODE + 0x10000 };
	struct code_map code = { .ranges = &range, .nr = 1 };
	struct unwind_regs regs = { .pc = CODE + 0x50, .sp = STACK, .fp = STACK + 0x10 };
	struct unwind_frame frames[UNWIND_FRAMES_MAX];
	char text[1024], why[160];
	enum unwind_end end;
	size_t nr, len = 0;

	end = unwind_stack(unwind_find(EM_386), &mem, &code, 0, &regs, true, frames, &nr, why);
	for (size_t i = 0; i < nr; i++)
		len += snprintf(text + len, sizeof(text) - len, "%" PRIx64 "%s ",
				frames[i].pc - CODE, frames[i].exception ? "e" : "");
	snprintf(text + len, sizeof(text) - len, "%s", ends[end]);
	assert_string_equal(text, wanted);
}

static void test_stacks(void **state)
{
	const struct fact_set set = facts_on_demand();
	uint8_t stack[STACK_BYTES] = { 0 };

	(void)state;
	facts_reset(&set);
	/* A frame, one whose caller's is the registers of an exception, and a frame in that. */
	put(stack, 0x10, STACK + 0x20);
	put(stack, 0x14, CODE + 0x120);
	put(stack, 0x20, (STACK + 0x100) & 0x7fffffff);
	put(stack, 0x24, CODE + 0x180);
	put(stack, 0x100 + 4 * 5, STACK + 0x200);
	put(stack, 0x100 + 4 * 12, CODE + 0x1f0);
	put(stack, 0x100 + 4 * 13, 0x60);
	put(stack, 0x100 + 4 * 15, STACK + 0x1f0);
	put(stack, 0x204, CODE + 0x2210);
	check(stack, "50e 120 180 1f0e 2210 done");
	/* The frame of a system call has the user's frame pointer; the registers of one are not. */
	put(stack, 0x200, 0x12345678);
	check(stack, "50e 120 180 1f0e 2210 damaged");
	set_symbol(GET_MOD_SYM_PTR(vmlinux, entry_INT80_32), CODE + 0x2200);
	check(stack, "50e 120 180 1f0e 2210 done");
	set_symbol(GET_MOD_SYM_PTR(vmlinux, entry_INT80_32), CODE + 0x2300);
	check(stack, "50e 120 180 1f0e 2210 damaged");
	set_symbol(GET_MOD_SYM_PTR(vmlinux, startup_32_smp), CODE + 0x2000);
	check(stack, "50e 120 180 1f0e 2210 done");
	/* Registers of user mode, and those of a kernel thread that begins. */
	put(stack, 0x100 + 4 * 13, 0x63);
	check(stack, "50e 120 180 done");
	memset(stack + 0x100, 0, 17 * 4);
	check(stack, "50e 120 180 done");
	put(stack, 0x20, STACK + 0x23);
	check(stack, "50e 120 180 damaged");
	facts_reset(&set);
}

/* Registers of a task that waits: flags, si, di, bx, bp and the return address. */
static void test_task(void **state)
{
	const struct fact_set set = facts_on_demand();
	uint8_t stack[STACK_BYTES] = { 0 };
	struct vmem mem = { .read = read_memory, .ctx = stack, .swap = HOST_BIG_ENDIAN };
	struct unwind_regs regs;

	(void)state;
	facts_reset(&set);
	assert_int_equal(unwind_find(EM_386)->task_regs(&mem, STACK, &regs), -ENOENT);
	set_member(MEMBER(inactive_task_frame, bp), 16);
	set_member(MEMBER(inactive_task_frame, ret_addr), 20);
	for (size_t i = 0; i < set.nr_kpaths; i++) {
		if (strcmp(set.kpaths[i]->path, "task_struct.thread.sp"))
			continue;
		set.kpaths[i]->bit_offset = 0x40 * 8;
		set.kpaths[i]->size = 4;
		set.kpaths[i]->index = FACT_BTF;
	}
	put(stack, 0x40, STACK + 0x100);
	put(stack, 0x110, STACK + 0x200);
	put(stack, 0x114, CODE + 0x120);
	assert_int_equal(unwind_find(EM_386)->task_regs(&mem, STACK, &regs), 0);
	assert_int_equal(regs.pc, CODE + 0x120);
	assert_int_equal(regs.sp, STACK + 0x118);
	assert_int_equal(regs.fp, STACK + 0x200);
	facts_reset(&set);
}

/* A note: 72 bytes of other members, then words of 4: eip is word 12, xcs 13, esp 15. */
static void test_note(void **state)
{
	uint8_t desc[72 + 16 * 4] = { 0 };
	struct unwind_regs regs;

	(void)state;
	for (unsigned int i = 0; i < 16; i++)
		store_u32(desc + 72 + 4 * i, 0x100 + 4 * i, HOST_BIG_ENDIAN);
	assert_int_equal(unwind_prstatus_regs(&unwind_find(EM_386)->note, desc, sizeof(desc) - 1,
					      HOST_BIG_ENDIAN, &regs),
			 -ENODATA);
	assert_int_equal(unwind_prstatus_regs(&unwind_find(EM_386)->note, desc, sizeof(desc),
					      HOST_BIG_ENDIAN, &regs),
			 0);
	assert_int_equal(regs.pc, 0x100 + 4 * 12);
	assert_int_equal(regs.sp, 0x100 + 4 * 15);
	assert_int_equal(regs.fp, 0x100 + 4 * 5);
	assert_false(regs.user);
	put(desc, 72 + 4 * 13, 0x73);
	assert_int_equal(unwind_prstatus_regs(&unwind_find(EM_386)->note, desc, sizeof(desc),
					      HOST_BIG_ENDIAN, &regs),
			 0);
	assert_true(regs.user);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_task),
		cmocka_unit_test(test_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
