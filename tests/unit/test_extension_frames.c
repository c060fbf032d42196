// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mdf_for_each_frame(): tasks that wait and tasks on CPUs, by frame records of arm64 in a kernel
 * whose memory is an array.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdio.h>

#include "facts/facts.h"
#include "facts/on_demand.h"
#include "makedumpfile.h"
#include "tests/unit/flatkernel.h"
#include "vmcore/notes.h"

INIT_OPT_MOD_SYM(vmlinux, _stext);
INIT_OPT_MOD_SYM(vmlinux, _etext);
INIT_OPT_MOD_SYM(vmlinux, runqueues);
INIT_OPT_MOD_SYM(vmlinux, __per_cpu_offset);
INIT_OPT_MOD_SYM(vmlinux, __cpu_online_mask);
INIT_OPT_MOD_SYM(vmlinux, __cpu_present_mask);
INIT_OPT_MOD_STRUCT(vmlinux, cpumask);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rq, curr);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, stack);

/* From the base: tasks, their stacks, code, per-CPU data. */
#define WAITING 0x1000
#define RUNNING 0x2000
#define DEAD 0x3000
#define USER 0x4000
#define STACKS 0x10000
#define STACK_BYTES 0x4000
#define CODE 0x100000
#define CODE_END 0x110000
#define RUNQUEUES 0x8000
#define OFFSETS 0x9000
#define ONLINE 0xa000
#define PRESENT 0xb000

#define NT_PRSTATUS_BYTES (112 + 34 * 8)
#define REGS 112

static void set_symbol(struct ksym_info *s, uint64_t value)
{
	s->value = value;
	s->index = FACT_KALLSYMS;
}

static void set_path(const char *path, uint32_t offset)
{
	struct fact_set set = facts_on_demand();

	for (size_t i = 0; i < set.nr_kpaths; i++) {
		if (strcmp(set.kpaths[i]->path, path))
			continue;
		set.kpaths[i]->bit_offset = offset * 8;
		set.kpaths[i]->size = 8;
		set.kpaths[i]->index = FACT_BTF;
		return;
	}
	fail_msg("%s is not declared", path);
}

static uint64_t stack_of(const struct flat *f, uint64_t task)
{
	return f->base + STACKS + task / 0x1000 * STACK_BYTES;
}

/* A stack: the innermost record of two at 0x100 of it. */
static void put_stack(struct flat *f, uint64_t task)
{
	uint64_t stack = stack_of(f, task);

	flat_put(f, f->base + task + 8, stack);
	flat_put(f, stack + 0x100, stack + 0x200);
	flat_put(f, stack + 0x108, f->base + CODE + 0x20);
	flat_put(f, stack + 0x200, 0);
	flat_put(f, stack + 0x208, 0);
}

static size_t add_note(struct flat *f, uint8_t *notes, uint64_t task, uint64_t pc, uint64_t pstate)
{
	uint8_t desc[NT_PRSTATUS_BYTES] = { 0 };
	uint64_t stack = stack_of(f, task);

	store_u64(desc + REGS + 29 * 8, stack + 0x100, f->vc.swap);
	store_u64(desc + REGS + 31 * 8, stack + 0x80, f->vc.swap);
	store_u64(desc + REGS + 32 * 8, f->base + pc, f->vc.swap);
	store_u64(desc + REGS + 33 * 8, pstate, f->vc.swap);
	return note_encode(notes, "CORE", NT_PRSTATUS, desc, sizeof(desc), f->vc.swap);
}

static void begin(struct flat *f, struct extension_frames **frames, uint8_t *notes)
{
	struct fact_set set = facts_on_demand();

	facts_reset(&set);
	*frames = NULL;
	flat_begin(f, true, false);
	f->env.frames = frames;
	f->env.in_process = true;
	f->vc.machine = EM_AARCH64;
	set_symbol(GET_MOD_SYM_PTR(vmlinux, _stext), f->base + CODE);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, _etext), f->base + CODE_END);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, runqueues), f->base + RUNQUEUES);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, __per_cpu_offset), f->base + OFFSETS);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, __cpu_online_mask), f->base + ONLINE);
	GET_MOD_STRUCT_SSIZE(vmlinux, cpumask) = 8;
	_kstruct_vmlinux_cpumask.index = FACT_BTF;
	flat_member(MEMBER(task_struct, stack), 8, 8);
	flat_member(MEMBER(rq, curr), 0x10, 8);
	set_path("task_struct.thread.cpu_context.fp", 0x20);
	set_path("task_struct.thread.cpu_context.sp", 0x28);
	set_path("task_struct.thread.cpu_context.pc", 0x30);
	put_stack(f, WAITING);
	put_stack(f, RUNNING);
	put_stack(f, USER);
	flat_put(f, f->base + WAITING + 0x20, stack_of(f, WAITING) + 0x100);
	flat_put(f, f->base + WAITING + 0x28, stack_of(f, WAITING) + 0x80);
	flat_put(f, f->base + WAITING + 0x30, f->base + CODE + 0x10);
	/* CPUs 0 and 2 are online. */
	flat_put(f, f->base + ONLINE, 5);
	flat_put(f, f->base + OFFSETS + 16, 0x100);
	flat_put(f, f->base + RUNQUEUES + 0x10, f->base + USER);
	flat_put(f, f->base + RUNQUEUES + 0x110, f->base + RUNNING);
	f->vc.notes = notes;
	f->vc.notes_size = add_note(f, notes, USER, CODE + 0x40, 0);
	f->vc.notes_size += add_note(f, notes + f->vc.notes_size, RUNNING, CODE + 0x50, 5);
	f->vc.nr_cpus = 2;
}

static void end(struct flat *f, struct extension_frames *frames)
{
	extension_frames_free(frames);
	f->vc.notes = NULL;
	flat_end(f);
}

struct seen {
	const struct flat *f;
	char text[256];
	unsigned int stop_after;
};

static int visit(void *ctx, const struct mdf_frame *frame)
{
	struct seen *s = ctx;

	assert_null(frame->function);
	assert_null(frame->module);
	sprintf(s->text + strlen(s->text), "%x:%u ",
		(unsigned int)(frame->address - s->f->base - CODE), frame->flags);
	return s->stop_after && !--s->stop_after ? 7 : 0;
}

static void check_frames(const struct flat *f, uint64_t task, unsigned int stop_after, int want,
			 const char *text)
{
	struct seen s = { .f = f, .stop_after = stop_after };

	assert_int_equal(mdf_for_each_frame(f->base + task, visit, &s), want);
	assert_string_equal(s.text, text);
}

static void test_tasks(void **state)
{
	struct extension_frames *frames;
	uint8_t notes[2048];
	struct flat f;

	(void)state;
	begin(&f, &frames, notes);
	check_frames(&f, WAITING, 0, 0, "10:0 20:0 ");
	check_frames(&f, RUNNING, 0, 0, "50:1 20:0 ");
	check_frames(&f, USER, 0, 0, "");
	check_frames(&f, DEAD, 0, -ENOENT, "");
	check_frames(&f, WAITING, 1, 7, "10:0 ");
	end(&f, frames);
}

/* The CPU's registers are not in the dump. */
static void test_no_registers(void **state)
{
	struct extension_frames *frames;
	uint8_t notes[2048];
	struct flat f;

	(void)state;
	begin(&f, &frames, notes);
	f.vc.notes_size = 0;
	check_frames(&f, RUNNING, 0, -ENOENT, "");
	check_frames(&f, WAITING, 0, 0, "10:0 20:0 ");
	end(&f, frames);
}

/* The panic took CPU 0 offline, whose registers are in the dump. */
static void test_stopped_cpu(void **state)
{
	struct extension_frames *frames;
	uint8_t notes[2048];
	struct flat f;

	(void)state;
	begin(&f, &frames, notes);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, __cpu_present_mask), f.base + PRESENT);
	flat_put(&f, f.base + ONLINE, 4);
	flat_put(&f, f.base + PRESENT, 5);
	check_frames(&f, RUNNING, 0, 0, "50:1 20:0 ");
	check_frames(&f, USER, 0, 0, "");
	end(&f, frames);
}

/* In the middle of a switch the CPU has the stack of the former task. */
static void test_switch(void **state)
{
	struct extension_frames *frames;
	uint8_t notes[2048];
	struct flat f;

	(void)state;
	begin(&f, &frames, notes);
	flat_put(&f, f.base + RUNQUEUES + 0x110, f.base + DEAD);
	check_frames(&f, RUNNING, 0, 0, "50:1 20:0 ");
	end(&f, frames);
}

static void test_damage(void **state)
{
	struct extension_frames *frames;
	uint8_t notes[2048];
	struct flat f;

	(void)state;
	begin(&f, &frames, notes);
	flat_put(&f, stack_of(&f, WAITING) + 0x200, 3);
	check_frames(&f, WAITING, 0, -EBADMSG, "10:0 20:0 ");
	assert_non_null(strstr(mdf_error(), "the stack of task "));
	end(&f, frames);
	begin(&f, &frames, notes);
	f.vc.machine = EM_ARM;
	check_frames(&f, WAITING, 0, -ENOTSUP, "");
	assert_null(frames);
	end(&f, frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tasks),	    cmocka_unit_test(test_no_registers),
		cmocka_unit_test(test_stopped_cpu), cmocka_unit_test(test_switch),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
