// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The text of a triage: CPUs are grouped, so that those of a large machine fit on a screen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "triage/triage.h"
#include "triage/view.h"

/* Print a triage, and return the text: the caller's. */
static char *printed(struct triage *t)
{
	struct vmcore vc = { .page_size = 4096 };
	struct kernel k = { .vc = &vc };
	struct triage_view view = { .k = &k };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	t->view = &view;
	triage_print(t, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void check_has(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("no \"%s\" in\n%s", words, text);
}

static void test_cpus(void **state)
{
	struct triage_place halt = { .symbol = "halt", .offset = 1, .size = 2, .reliable = true };
	struct triage_place boot = { .symbol = "boot", .offset = 1, .size = 2, .reliable = true };
	struct triage_trace traces[] = {
		{ .frames = &halt, .nr = 1, .end = UNWIND_DONE },
		{ .frames = &boot, .nr = 1, .end = UNWIND_DAMAGED, .why = "it ends" },
	};
	struct triage_task task = {
		.pid = 7,
		.comm = "sh",
		.state = 'D',
		.waited = 12.3,
		.trace = 1,
		.cpu = 5,
	};
	struct triage_cpu cpus[8];
	struct triage t = {
		.kind = TRIAGE_PANIC,
		.tasks = &task,
		.nr_tasks = 1,
		.cpus = cpus,
		.nr_cpus = 8,
		.traces = traces,
		.nr_traces = 2,
		.panic_cpu = 2,
		.tainted_known = true,
		.death_trace = TRIAGE_NONE,
		.uts = { .machine = "x86_64", .nodename = "(none)" },
		.nr_online = 8,
	};
	char *text;

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		cpus[i] = (struct triage_cpu){
			.cpu = i,
			.task = TRIAGE_NONE,
			.idle = true,
			.has_regs = true,
			.trace = 0,
		};
	/* The idle task panicked on CPU 2, CPU 4 is busy, and CPU 6 has no registers. */
	cpus[4] = (struct triage_cpu){
		.cpu = 4, .task = 0, .has_regs = true, .user = true, .trace = TRIAGE_NONE
	};
	cpus[6].has_regs = false;
	cpus[6].trace = TRIAGE_NONE;
	text = printed(&t);
	check_has(text, "panic, CPU 2\n");
	check_has(text, "\nmachine    x86_64, 8 CPUs\n");
	check_has(text, "\ntainted    no\n");
	check_has(text, "--- CPUs\nCPU 2: task is not known\n    halt+0x1/0x2\n"
			"CPU 4: sh (pid 7), in user mode\n"
			"CPUs 0-1, 3, 5, 7: idle\n    halt+0x1/0x2\n"
			"CPU 6: idle, registers are not in the dump\n");
	check_has(text, "--- Tasks on no CPU\nsh (pid 7) D for 12.3 s on CPU 5\n"
			"    boot+0x1/0x2\n    the stack is damaged: it ends\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
