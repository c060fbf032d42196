// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An extension that prints what it finds by the functions of makedumpfile.h, a line each, for
 * check-extensions to compare with what the guest said about itself.
 */
#include <errno.h>
#include <string.h>

#include "makedumpfile.h"
#include "extension.h"

INIT_MOD_SYM(vmlinux, init_task);
INIT_MOD_SYM(vmlinux, runqueues);
INIT_MOD_STRUCT_MEMBER(vmlinux, rq, cpu);
INIT_MOD_STRUCT_MEMBER(vmlinux, module, name);
INIT_MOD_STRUCT_MEMBER(vmlinux, module, state);
INIT_MOD_STRUCT_MEMBER(vmlinux, super_block, s_type);
INIT_MOD_STRUCT_MEMBER(vmlinux, file_system_type, name);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, pid);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, prio);
INIT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, sp);
INIT_MOD_STRUCT_MEMBER(vmlinux, file, f_mapping);
INIT_MOD_PATH(vmlinux, mount_sb, "mount.mnt.mnt_sb");
INIT_MOD_PATH(vmlinux, file_dentry, "file.f_path.dentry");
INIT_MOD_PATH(vmlinux, sb_root, "super_block.s_root");

#define MEMBER(s, m) GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, m)

static void check(int err)
{
	if (err < 0)
		extension_fail("%s", mdf_error());
}

static int see_cpu(void *ctx, uint64_t cpu)
{
	uint64_t rq, number;

	(void)ctx;
	check(mdf_percpu_address(GET_MOD_SYM(vmlinux, runqueues), (unsigned int)cpu, &rq));
	check(mdf_read_number(rq, MEMBER(rq, cpu), &number));
	MSG("cpu %u %u\n", (unsigned int)cpu, (unsigned int)number);
	return 0;
}

static int see_module(void *ctx, uint64_t module)
{
	char name[64];

	(void)ctx;
	check(mdf_read_string(mdf_member_address(module, MEMBER(module, name)), name,
			      sizeof(name)));
	MSG("module %s\n", name);
	return 0;
}

static void print_type(const char *what, uint64_t sb)
{
	uint64_t type, name;
	char text[32], path[32];

	check(mdf_read_pointer(sb, MEMBER(super_block, s_type), &type));
	check(mdf_read_pointer(type, MEMBER(file_system_type, name), &name));
	check(mdf_read_string(name, text, sizeof(text)));
	check(mdf_read_path(sb, GET_MOD_PATH_PTR(vmlinux, sb_root), &name));
	if (name)
		check(mdf_dentry_path(name, path, sizeof(path)));
	MSG("%s %s %s\n", what, text, name ? path : "-");
}

static int see_super_block(void *ctx, uint64_t sb)
{
	(void)ctx;
	print_type("super_block", sb);
	return 0;
}

static int see_mount(void *ctx, uint64_t mount)
{
	uint64_t sb;

	(void)ctx;
	check(mdf_read_path(mount, GET_MOD_PATH_PTR(vmlinux, mount_sb), &sb));
	print_type("mount", sb);
	return 0;
}

struct mapping {
	uint64_t pages, next;
};

static int see_page(void *ctx, uint64_t first, uint64_t last, uint64_t page)
{
	struct mapping *m = ctx;
	uint64_t pfn;

	if (first < m->next)
		extension_fail("page %#llx comes after %#llx", (unsigned long long)first,
			       (unsigned long long)m->next);
	check(mdf_page_to_pfn(page, &pfn));
	m->next = last + 1;
	m->pages += last - first + 1;
	return 0;
}

static int see_file(void *ctx, uint64_t fd, uint64_t last, uint64_t file)
{
	struct mapping m = { 0, 0 };
	uint64_t dentry, mapping;
	char path[256];

	(void)last;
	check(mdf_read_path(file, GET_MOD_PATH_PTR(vmlinux, file_dentry), &dentry));
	check(mdf_dentry_path(dentry, path, sizeof(path)));
	check(mdf_read_pointer(file, MEMBER(file, f_mapping), &mapping));
	check(mdf_for_each_mapping_page(mapping, see_page, &m));
	MSG("file %llu %llu %s %llu\n", *(unsigned long long *)ctx, (unsigned long long)fd, path,
	    (unsigned long long)m.pages);
	return 0;
}

static int see_frame(void *ctx, const struct mdf_frame *frame)
{
	MSG("frame %llu %u %#llx %s %s %#llx\n", *(unsigned long long *)ctx, frame->flags,
	    (unsigned long long)frame->address, frame->function ? frame->function : "-",
	    frame->module ? frame->module : "-", (unsigned long long)frame->offset);
	return 0;
}

static int see_task(void *ctx, uint64_t task)
{
	uint64_t start, bytes, regs, sp;
	unsigned long long pid;
	int64_t prio;
	int err;

	(void)ctx;
	check(mdf_read_number(task, MEMBER(task_struct, pid), &start));
	pid = start;
	check(mdf_read_signed(task, MEMBER(task_struct, prio), &prio));
	check(mdf_task_stack(task, &start, &bytes));
	if (!mdf_task_user_regs(task, &regs)) {
		check(mdf_read_number(regs, MEMBER(pt_regs, sp), &sp));
		if (regs <= start || regs >= start + bytes)
			extension_fail("registers outside of the stack");
		MSG("task %llu %d sp %#llx\n", pid, (int)prio, (unsigned long long)sp);
	} else {
		MSG("task %llu %d\n", pid, (int)prio);
	}
	check(mdf_for_each_file(task, see_file, &pid));
	err = mdf_for_each_frame(task, see_frame, &pid);
	/* A task that has exited has no stack. */
	if (err != -ENOENT)
		check(err);
	return 0;
}

void extension_init(void)
{
	MSG("cpus %d %d\n", mdf_cpu_count(MDF_CPUS_ONLINE), mdf_cpu_count(MDF_CPUS_POSSIBLE));
	check(mdf_for_each_cpu(MDF_CPUS_POSSIBLE, see_cpu, NULL));
	check(mdf_for_each_module(see_module, NULL));
	check(mdf_for_each_super_block(see_super_block, NULL));
	check(mdf_for_each_mount(GET_MOD_SYM(vmlinux, init_task), see_mount, NULL));
	check(mdf_for_each_task(see_task, NULL));
}
