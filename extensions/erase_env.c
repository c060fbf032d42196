// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Overwrite the environment and the arguments of all processes, where passwords and tokens often
 * are.
 *
 *	makedumpfile --require-extension erase_env -d 31 /proc/vmcore dump
 *
 * what=env+args	what to overwrite: both by default
 *
 * These are the bytes that /proc/PID/environ and /proc/PID/cmdline show. Copies that a process
 * made of them in other memory stay; -d 8 excludes all memory of processes.
 */
#include "../makedumpfile.h"
#include "../btf_info.h"
#include "../kallsyms.h"
#include "../extension.h"
#include "../erase_info.h"

EXTENSION_HELP("overwrite the environment and the arguments of processes");

INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, mm);
INIT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, arg_start);
INIT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, arg_end);
INIT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, env_start);
INIT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, env_end);

#define MEMBER(s, m) GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, m)

/* A quarter of the largest stack that execve() allows for arguments is far below that. */
#define BYTES_MAX (1ULL << 30)

enum { ENV = 1, ARGS = 2 };
static const char *const words[] = { "env", "args", NULL };

struct erasing {
	unsigned int what;
	unsigned long processes;
};

static void erase(uint64_t mm, const struct ktype_info *start, const struct ktype_info *end)
{
	uint64_t from, to;

	if (mdf_read_pointer(mm, start, &from) || mdf_read_pointer(mm, end, &to))
		extension_fail("mm_struct 0x%llx: %s", (unsigned long long)mm, mdf_error());
	if (from > to || to - from > BYTES_MAX)
		extension_fail("mm_struct 0x%llx: invalid %s 0x%llx or %s 0x%llx",
			       (unsigned long long)mm, start->member_name, (unsigned long long)from,
			       end->member_name, (unsigned long long)to);
	if (mdf_erase_user(mm, from, to - from, 'X'))
		extension_fail("mm_struct 0x%llx: %s", (unsigned long long)mm, mdf_error());
}

/* Threads share an mm: that it is erased again does no harm. */
static int see_task(void *ctx, uint64_t task)
{
	struct erasing *e = ctx;
	uint64_t mm;

	if (mdf_read_pointer(task, MEMBER(task_struct, mm), &mm))
		extension_fail("task 0x%llx: %s", (unsigned long long)task, mdf_error());
	if (!mm)
		return 0;
	if (e->what & ENV)
		erase(mm, MEMBER(mm_struct, env_start), MEMBER(mm_struct, env_end));
	if (e->what & ARGS)
		erase(mm, MEMBER(mm_struct, arg_start), MEMBER(mm_struct, arg_end));
	e->processes++;
	return 0;
}

void extension_init(void)
{
	static const char *const keys[] = { "what", NULL };
	struct erasing e = { 0, 0 };

	extension_known_keys(keys);
	e.what = extension_argument_words("what", words);
	if (!e.what)
		e.what = ENV | ARGS;
	if (mdf_for_each_task(see_task, &e))
		extension_fail("tasks: %s", mdf_error());
	MSG("tasks whose environment or arguments are overwritten: %lu\n", e.processes);
}
