// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Objects of the kernel that many extensions look for, for makedumpfile.h: CPUs, modules, file
 * systems, files and their pages.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "extension/env.h"
#include "extension/memory.h"
#include "facts/facts.h"
#include "kernel/percpu.h"
#include "kernel/walk.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/types.h"
#include "makedumpfile.h"

INIT_OPT_MOD_SYM(vmlinux, super_blocks);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, super_block, s_list);

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, nsproxy);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, nsproxy, mnt_ns);
/* Mounts are in a red-black tree since 6.8, in a list before. */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mnt_namespace, mounts);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mount, mnt_node);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mnt_namespace, list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mount, mnt_list);

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, files);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, files_struct, fdt);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fdtable, max_fds);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fdtable, fd);

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, address_space, i_pages);

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, dentry, d_parent);
INIT_OPT_MOD_PATH(vmlinux, dentry_name, "dentry.d_name.name");

/* Pointers to files that are read at once. */
#define FDS_AT_ONCE 64
/* Path components. The kernel's PATH_MAX of 4096 bytes has room for no more. */
#define PATH_DEPTH_MAX 2048
/* Bytes of a component, NUL included. */
#define NAME_BYTES 256

#define MEMBER(s, m) GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, m)
#define HAS_MEMBER(s, m) MOD_STRUCT_MEMBER_EXIST(vmlinux, s, m)

/* --- CPUs ------------------------------------------------------------------------- */

int mdf_for_each_cpu(enum mdf_cpus which, mdf_visit *visit, void *ctx)
{
	const struct vmem mem = extension_vmem();

	return extension_error(percpu_for_each_cpu(&mem, which == MDF_CPUS_ONLINE, visit, ctx));
}

static int count_cpu(void *ctx, uint64_t cpu)
{
	int *nr = ctx;

	(void)cpu;
	++*nr;
	return 0;
}

int mdf_cpu_count(enum mdf_cpus which)
{
	int nr = 0, err = mdf_for_each_cpu(which, count_cpu, &nr);

	return err ? err : nr;
}

int mdf_percpu_address(uint64_t variable, unsigned int cpu, uint64_t *address)
{
	const struct vmem mem = extension_vmem();

	return extension_error(percpu_address(&mem, cpu, variable, address));
}

/* --- modules ---------------------------------------------------------------------- */

int mdf_for_each_module(mdf_visit *visit, void *ctx)
{
	const struct vmem mem = extension_vmem();
	struct module_list list;
	int err = module_list_read(&list, &mem);

	if (err)
		return extension_error(err);
	for (size_t i = 0; !err && i < list.nr; i++)
		err = visit(ctx, list.modules[i].address);
	if (!err && list.why[0])
		err = err_set(-EBADMSG, "%s", list.why);
	module_list_free(&list);
	return extension_error(err);
}

/* --- file systems ----------------------------------------------------------------- */

int mdf_for_each_super_block(mdf_visit *visit, void *ctx)
{
	struct fact_list missing = { 0 };
	int err;

	FACTS_REQUIRE_SYM(&missing, super_blocks);
	FACTS_REQUIRE_MEMBER(&missing, super_block, s_list);
	err = facts_check(&missing);
	return err ? extension_error(err) :
		     mdf_for_each_list(GET_MOD_SYM(vmlinux, super_blocks),
				       MEMBER(super_block, s_list), visit, ctx);
}

/* The mounts of a namespace, whose head is in the list before 6.8. */
static int walk_mounts(uint64_t ns, mdf_visit *visit, void *ctx)
{
	if (HAS_MEMBER(mnt_namespace, mounts) && HAS_MEMBER(mount, mnt_node))
		return mdf_for_each_rb(mdf_member_address(ns, MEMBER(mnt_namespace, mounts)),
				       MEMBER(mount, mnt_node), visit, ctx);
	return mdf_for_each_list(mdf_member_address(ns, MEMBER(mnt_namespace, list)),
				 MEMBER(mount, mnt_list), visit, ctx);
}

int mdf_for_each_mount(uint64_t task, mdf_visit *visit, void *ctx)
{
	struct fact_list missing = { 0 };
	uint64_t proxy = 0, ns = 0;
	int err;

	FACTS_REQUIRE_MEMBER(&missing, task_struct, nsproxy);
	FACTS_REQUIRE_MEMBER(&missing, nsproxy, mnt_ns);
	if (!HAS_MEMBER(mnt_namespace, mounts) || !HAS_MEMBER(mount, mnt_node)) {
		FACTS_REQUIRE_MEMBER(&missing, mnt_namespace, list);
		FACTS_REQUIRE_MEMBER(&missing, mount, mnt_list);
	}
	err = facts_check(&missing);
	if (!err)
		err = mdf_read_pointer(task, MEMBER(task_struct, nsproxy), &proxy);
	/* A task that has exited has none. */
	if (!err && proxy)
		err = mdf_read_pointer(proxy, MEMBER(nsproxy, mnt_ns), &ns);
	if (err || !ns)
		return extension_error(err);
	return walk_mounts(ns, visit, ctx);
}

/* --- files ------------------------------------------------------------------------ */

/* Visit files of an array, a piece at a time. */
static int walk_files(uint64_t array, uint64_t nr, mdf_visit_range *visit, void *ctx)
{
	unsigned int word = mdf_long_size();
	uint8_t raw[FDS_AT_ONCE * 8];
	int err = 0;

	for (uint64_t fd = 0; !err && fd < nr; fd++) {
		uint64_t at = fd % FDS_AT_ONCE, file;

		if (!at)
			err = extension_read(array + fd * word, raw,
					     min_u64(FDS_AT_ONCE, nr - fd) * word);
		if (err)
			break;
		file = extension_load_ulong(raw + at * word);
		if (file)
			err = visit(ctx, fd, fd, file);
	}
	return err;
}

int mdf_for_each_file(uint64_t task, mdf_visit_range *visit, void *ctx)
{
	struct fact_list missing = { 0 };
	uint64_t files = 0, table = 0, array = 0, nr = 0;
	int err;

	FACTS_REQUIRE_MEMBER(&missing, task_struct, files);
	FACTS_REQUIRE_MEMBER(&missing, files_struct, fdt);
	FACTS_REQUIRE_MEMBER(&missing, fdtable, max_fds);
	FACTS_REQUIRE_MEMBER(&missing, fdtable, fd);
	err = facts_check(&missing);
	if (!err)
		err = mdf_read_pointer(task, MEMBER(task_struct, files), &files);
	if (err || !files)
		return extension_error(err);
	err = mdf_read_pointer(files, MEMBER(files_struct, fdt), &table);
	if (!err)
		err = mdf_read_pointer(table, MEMBER(fdtable, fd), &array);
	if (!err)
		err = mdf_read_number(table, MEMBER(fdtable, max_fds), &nr);
	if (!err && nr > WALK_STEPS_MAX)
		err = err_set(-EBADMSG, "the table of files at %#" PRIx64 " has %" PRIu64 " slots",
			      table, nr);
	return extension_error(err ? err : walk_files(array, nr, visit, ctx));
}

int mdf_for_each_mapping_page(uint64_t mapping, mdf_visit_range *visit, void *ctx)
{
	struct fact_list missing = { 0 };
	int err;

	FACTS_REQUIRE_MEMBER(&missing, address_space, i_pages);
	err = facts_check(&missing);
	return err ? extension_error(err) :
		     mdf_for_each_xarray(mdf_member_address(mapping,
							    MEMBER(address_space, i_pages)),
					 visit, ctx);
}

/* --- paths ------------------------------------------------------------------------ */

/* Put a component in front of a path that ends at the end of a buffer. @return 0; -errno */
static int prepend(uint64_t dentry, const char *buf, char **at)
{
	char name[NAME_BYTES];
	uint64_t address = 0;
	size_t len;
	int err = mdf_read_path(dentry, GET_MOD_PATH_PTR(vmlinux, dentry_name), &address);

	if (!err)
		err = mdf_read_string(address, name, sizeof(name));
	if (err)
		return err;
	len = strlen(name);
	if ((size_t)(*at - buf) < len + 1)
		return err_set(-EINVAL, "the path of dentry %#" PRIx64 " does not fit", dentry);
	*at -= len;
	memcpy(*at, name, len);
	*--*at = '/';
	return 0;
}

int mdf_dentry_path(uint64_t dentry, char *buf, size_t size)
{
	uint64_t parent = 0;
	char *at = buf + size;
	int err = size < 2 ? err_set(-EINVAL, "no room for a path") : 0;

	if (!err)
		*--at = '\0';
	for (unsigned int depth = 0; !err; depth++, dentry = parent) {
		err = mdf_read_pointer(dentry, MEMBER(dentry, d_parent), &parent);
		/* The root of a file system is its own parent. */
		if (err || parent == dentry)
			break;
		err = depth == PATH_DEPTH_MAX ?
			      err_set(-EBADMSG, "the path of dentry %#" PRIx64 " has no end",
				      dentry) :
			      prepend(dentry, buf, &at);
	}
	if (err) {
		if (size)
			buf[0] = '\0';
		return extension_error(err);
	}
	if (!*at)
		*--at = '/';
	memmove(buf, at, strlen(at) + 1);
	return 0;
}
