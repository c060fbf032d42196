// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Print who owns the memory: pages by class, the processes with the most pages, and the page cache
 * by type of file system. It changes nothing in the dump.
 *
 *	makedumpfile --dry-run -d 31 --extension stats /proc/vmcore
 *
 * top=N	how many processes to print (10)
 *
 * The report of --json has the pages by class.
 *
 * A page that several processes share counts for each of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../makedumpfile.h"
#include "../btf_info.h"
#include "../kallsyms.h"
#include "../extension.h"

EXTENSION_HELP("print who owns the memory; changes nothing");

INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, comm);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, pid);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, tgid);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, mm);
INIT_MOD_STRUCT_MEMBER(vmlinux, super_block, s_type);
INIT_MOD_STRUCT_MEMBER(vmlinux, super_block, s_inodes);
INIT_MOD_STRUCT_MEMBER(vmlinux, file_system_type, name);
INIT_MOD_STRUCT_MEMBER(vmlinux, inode, i_sb_list);
INIT_MOD_STRUCT_MEMBER(vmlinux, inode, i_mapping);
INIT_MOD_STRUCT_MEMBER(vmlinux, address_space, nrpages);

#define MEMBER(s, m) GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, m)
#define CLASSES (PAGE_IS_OFFLINE + 1)
/* More types of file systems are counted as the last one. */
#define TYPES_MAX 64
#define TOP 10

struct process {
	uint64_t mm, pid;
	char comm[32];
	unsigned long long pages;
};

static struct {
	struct process *processes;
	size_t nr, room;
	struct {
		char name[32];
		unsigned long long pages;
	} types[TYPES_MAX];
	size_t nr_types;
	unsigned long long classes[CLASSES];
	unsigned long damaged;
} stats;

/* --- processes -------------------------------------------------------------------- */

static int see_memory(void *ctx, uint64_t address, uint64_t physical, uint64_t len)
{
	struct process *p = ctx;

	(void)address;
	(void)physical;
	p->pages += len / mdf_page_size();
	return 0;
}

static int see_vma(void *ctx, const struct mdf_vma *vma)
{
	struct process *p = ctx;

	stats.damaged += mdf_for_each_user_memory(p->mm, vma->start, vma->end, see_memory, p) < 0;
	return 0;
}

static int see_task(void *ctx, uint64_t task)
{
	struct process p = { .pages = 0 };
	uint64_t tgid;

	(void)ctx;
	if (mdf_read_number(task, MEMBER(task_struct, pid), &p.pid) ||
	    mdf_read_number(task, MEMBER(task_struct, tgid), &tgid) ||
	    mdf_read_pointer(task, MEMBER(task_struct, mm), &p.mm)) {
		stats.damaged++;
		return 0;
	}
	if (!p.mm || p.pid != tgid)
		return 0;
	mdf_read_string(mdf_member_address(task, MEMBER(task_struct, comm)), p.comm,
			sizeof(p.comm));
	stats.damaged += mdf_for_each_vma(p.mm, see_vma, &p) < 0;
	if (stats.nr == stats.room) {
		stats.room = stats.room ? 2 * stats.room : 256;
		stats.processes =
			reallocarray(stats.processes, stats.room, sizeof(*stats.processes));
		if (!stats.processes)
			extension_fail("no memory for processes");
	}
	stats.processes[stats.nr++] = p;
	return 0;
}

static int by_pages(const void *a, const void *b)
{
	const struct process *p = a, *q = b;

	return (q->pages > p->pages) - (q->pages < p->pages);
}

static void print_processes(unsigned long top)
{
	if (stats.nr)
		qsort(stats.processes, stats.nr, sizeof(*stats.processes), by_pages);
	for (size_t i = 0; i < stats.nr && i < top; i++)
		MSG("process %llu (%s): pages %llu\n", (unsigned long long)stats.processes[i].pid,
		    stats.processes[i].comm, stats.processes[i].pages);
	free(stats.processes);
}

/* --- page cache ------------------------------------------------------------------- */

static int see_inode(void *ctx, uint64_t inode)
{
	unsigned long long *pages = ctx;
	uint64_t mapping, nr;

	if (mdf_read_pointer(inode, MEMBER(inode, i_mapping), &mapping) ||
	    mdf_read_number(mapping, MEMBER(address_space, nrpages), &nr))
		stats.damaged++;
	else
		*pages += nr;
	return 0;
}

/* The sum of a type, which begins at 0. */
static unsigned long long *pages_of_type(const char *name)
{
	size_t i = 0;

	while (i < stats.nr_types && strcmp(stats.types[i].name, name))
		i++;
	if (i == TYPES_MAX)
		return &stats.types[i - 1].pages;
	if (i == stats.nr_types) {
		snprintf(stats.types[i].name, sizeof(stats.types[i].name), "%s", name);
		stats.nr_types++;
	}
	return &stats.types[i].pages;
}

static int see_super_block(void *ctx, uint64_t sb)
{
	uint64_t type, name;
	char text[32];

	(void)ctx;
	if (mdf_read_pointer(sb, MEMBER(super_block, s_type), &type) ||
	    mdf_read_pointer(type, MEMBER(file_system_type, name), &name) ||
	    mdf_read_string(name, text, sizeof(text)) ||
	    mdf_for_each_list(mdf_member_address(sb, MEMBER(super_block, s_inodes)),
			      MEMBER(inode, i_sb_list), see_inode, pages_of_type(text)) < 0)
		stats.damaged++;
	return 0;
}

/* --- all of it -------------------------------------------------------------------- */

void extension_init(void)
{
	static const char *const keys[] = { "top", NULL };
	const char *text = extension_argument("top");
	unsigned long top = TOP;
	char *end;

	extension_known_keys(keys);
	if (text)
		top = strtoul(text, &end, 10);
	if (text && (*end || end == text))
		extension_fail("top=%s: a number is expected", text);
	stats.damaged += mdf_for_each_task(see_task, NULL) < 0;
	print_processes(top);
	stats.damaged += mdf_for_each_super_block(see_super_block, NULL) < 0;
	for (size_t i = 0; i < stats.nr_types; i++)
		if (stats.types[i].pages)
			MSG("page cache of %s: pages %llu\n", stats.types[i].name,
			    stats.types[i].pages);
}

void extension_pages_callback(const struct extension_pages *pages, uint8_t *verdicts)
{
	const uint8_t *kinds = extension_page_kinds(pages);

	(void)verdicts;
	for (size_t i = 0; i < pages->nr; i++)
		stats.classes[kinds[i] < CLASSES ? kinds[i] : PAGE_IS_OTHER]++;
}

__attribute__((destructor)) static void print_classes(void)
{
	static const char *const names[CLASSES] = {
		[PAGE_IS_OTHER] = "kernel and others",
		[PAGE_IS_FREE] = "free",
		[PAGE_IS_CACHE] = "page cache",
		[PAGE_IS_CACHE_PRIVATE] = "page cache with private data",
		[PAGE_IS_USER] = "user",
		[PAGE_IS_HWPOISON] = "poisoned",
		[PAGE_IS_OFFLINE] = "offline",
	};

	static const char *const keys[CLASSES] = {
		[PAGE_IS_OTHER] = "other",     [PAGE_IS_FREE] = "free",
		[PAGE_IS_CACHE] = "cache",     [PAGE_IS_CACHE_PRIVATE] = "cache_private",
		[PAGE_IS_USER] = "user",       [PAGE_IS_HWPOISON] = "hwpoison",
		[PAGE_IS_OFFLINE] = "offline",
	};

	for (size_t i = 0; i < CLASSES; i++) {
		if (stats.classes[i])
			MSG("class %s: pages %llu\n", names[i], stats.classes[i]);
		if (extension_report_number(keys[i], stats.classes[i]))
			ERRMSG("%s\n", mdf_error());
	}
	if (stats.damaged)
		MSG("%lu times something could not be read\n", stats.damaged);
}
