// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Overwrite the name (comm) of every task, so that the dump does not tell what was running.
 *
 *	makedumpfile --require-extension erase_sample -d 31 /proc/vmcore dump
 *
 * This is how data that must not leave the machine is erased: find it, and say where it is.
 * It is overwritten on its way to the dump; the crashed kernel's memory stays as it is.
 * Read sample.c first.
 *
 * It is an example: a name can be elsewhere too, in the kernel's log or in traces.
 */
#include "../makedumpfile.h"
#include "../btf_info.h"
#include "../kallsyms.h"
#include "../extension.h"
#include "../erase_info.h"

EXTENSION_HELP("overwrite the name of every task");

INIT_MOD_SYM(vmlinux, init_task);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, tasks);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, comm);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, signal);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, thread_node);
INIT_MOD_STRUCT_MEMBER(vmlinux, signal_struct, thread_head);

/* There are no more processes than that: /proc/sys/kernel/pid_max cannot be set higher. */
#define PROCESSES_MAX (4UL << 20)

static unsigned long erased;

static void erase_name(uint64_t task)
{
	uint64_t comm = task + GET_MOD_STRUCT_MEMBER_OFF(vmlinux, task_struct, comm);
	int size = GET_MOD_STRUCT_MEMBER_MSIZE(vmlinux, task_struct, comm);

	/* Data that are not in memory are not in the dump either: this is not a failure. */
	if (update_filter_info_raw(comm, 'X', size) == size)
		erased++;
}

static int visit_thread(void *ctx, uint64_t task)
{
	(void)ctx;
	erase_name(task);
	return 0;
}

/* Threads have names of their own. The process itself is one of its threads. */
static void erase_process(uint64_t task)
{
	uint64_t threads, signal;

	if (mdf_read_number(task, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, task_struct, signal), &signal))
		extension_fail("process at 0x%llx: %s", (unsigned long long)task, mdf_error());
	threads = signal + GET_MOD_STRUCT_MEMBER_OFF(vmlinux, signal_struct, thread_head);
	if (mdf_for_each_list(threads, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, task_struct, thread_node),
			      visit_thread, NULL))
		extension_fail("threads of the process at 0x%llx: %s", (unsigned long long)task,
			       mdf_error());
}

/*
 * The list of processes by hand; mdf_for_each_task() would do all of this. Memory of a crashed
 * kernel can hold anything: next_list() returns 0 where it cannot read, and a damaged list
 * may lead in circles, past its head.
 *
 * The user must learn that some names were not found. So failing is right:
 * with --require-extension no dump is made then.
 */
void extension_init(void)
{
	uint64_t tasks = GET_MOD_STRUCT_MEMBER_OFF(vmlinux, task_struct, tasks);
	uint64_t head = GET_MOD_SYM(vmlinux, init_task) + tasks;
	uint64_t link = head;

	/* VMCOREINFO tells where a member is, but not how large: a dump without types. */
	if (!GET_MOD_STRUCT_MEMBER_MSIZE(vmlinux, task_struct, comm))
		extension_fail("it is not known how long a task's name can be");
	for (unsigned long i = 0; i < PROCESSES_MAX; i++) {
		erase_process(link - tasks);
		link = next_list(link);
		if (!link)
			extension_fail("the list of tasks cannot be read");
		if (link == head)
			return;
	}
	extension_fail("the list of tasks has no end");
}

__attribute__((destructor)) static void finish(void)
{
	if (erased)
		MSG("%lu names of tasks erased\n", erased);
}
