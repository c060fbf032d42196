// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Control groups whose memory is at its limit, or in which the kernel killed for memory.
 *
 * The groups are the states of the memory controller, a tree below root_mem_cgroup. Both versions
 * of control groups charge memory to the same counter. Version 1 has another for memory and swap
 * together (memsw), in whose place version 2 counts swap alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "facts/on_demand.h"
#include "kernel/member.h"
#include "kernel/walk.h"
#include "lib/array.h"
#include "triage/parts.h"

INIT_OPT_MOD_SYM(vmlinux, root_mem_cgroup);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mem_cgroup, css);
/* A struct page_counter since Linux kernel commit 3e32cb2e0a12 ("mm: memcontrol: lockless page
 * counters") (in v3.19). */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mem_cgroup, memory);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mem_cgroup, memsw);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mem_cgroup, memory_events);
INIT_OPT_MOD_NUM(vmlinux, MEMCG_OOM_KILL);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page_counter, usage);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page_counter, max);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, cgroup_subsys_state, cgroup);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, cgroup_subsys_state, sibling);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, cgroup_subsys_state, children);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, cgroup, kn);
/* The root of version 2 is cgrp_dfl_root. */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, cgroup, root);
INIT_OPT_MOD_SYM(vmlinux, cgrp_dfl_root);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kernfs_node, name);

/* Groups that are looked at, and those that are listed. */
#define GROUPS_MAX 65536
#define LISTED_MAX 256
/* A group is at its limit from this part of it on: the kernel charges some pages in advance. */
#define FULL_PERCENT 95

/* A group of the tree; the root is the first one. */
struct group {
	vaddr_t css;
	size_t parent;
};

struct tree {
	struct triage *t;
	struct group *groups;
	size_t nr, at; /* at: the one whose children are walked */
};

static int add_group(void *ctx, uint64_t css)
{
	struct tree *tree = ctx;
	int err = triage_check_time(tree->t);

	if (err)
		return err;
	if (tree->nr == GROUPS_MAX)
		return err_set(-E2BIG, "there are more than %d", GROUPS_MAX);
	if (ARRAY_GROW(tree->groups, tree->nr, "control groups"))
		return -ENOMEM;
	tree->groups[tree->nr++] = (struct group){ css, tree->at };
	return 0;
}

/* Put the names of a group and of those above it in front of each other. */
static void read_path(const struct tree *tree, size_t n, char *path, size_t size)
{
	const struct vmem *mem = &tree->t->view->mem;
	char name[TRIAGE_NAME_MAX];
	size_t start = size - 1;

	path[start] = '\0';
	while (n) {
		const struct group *g = &tree->groups[n];
		uint64_t cgroup = member_or_0(mem, g->css, MEMBER(cgroup_subsys_state, cgroup));
		uint64_t node = cgroup ? member_or_0(mem, cgroup, MEMBER(cgroup, kn)) : 0;
		uint64_t at = node ? member_or_0(mem, node, MEMBER(kernfs_node, name)) : 0;
		size_t len;

		if (!at || !read_name(mem, at, name, sizeof(name)))
			snprintf(name, sizeof(name), "?");
		len = strlen(name) + 1;
		if (len > start)
			break;
		start -= len;
		path[start] = '/';
		memcpy(path + start + 1, name, len - 1);
		n = g->parent;
	}
	memmove(path, path + start, size - start);
	if (!path[0])
		snprintf(path, size, "/");
}

static uint64_t oom_kills(const struct vmem *mem, vaddr_t memcg)
{
	uint64_t value;
	int64_t n;

	if (!HAS_MEMBER(mem_cgroup, memory_events) || !MOD_NUM_EXIST(vmlinux, MEMCG_OOM_KILL))
		return 0;
	n = GET_MOD_NUM(vmlinux, MEMCG_OOM_KILL);
	if (n < 0 || vmem_read_ulong(mem,
				     memcg + OFFSET(mem_cgroup, memory_events) +
					     (uint64_t)n * vmem_ulong_size(mem),
				     &value))
		return 0;
	return value;
}

/* The most pages of a counter, which is no limit: PAGE_COUNTER_MAX. */
static uint64_t no_limit(const struct triage *t)
{
	return t->view->mem.is64 ? INT64_MAX / t->view->k->vc->page_size : INT32_MAX;
}

static bool read_counter(const struct triage *t, vaddr_t counter, struct triage_counter *ret)
{
	const struct vmem *mem = &t->view->mem;
	uint64_t usage, max, most = no_limit(t), page = t->view->k->vc->page_size;

	if (member_read(mem, counter, MEMBER(page_counter, usage), &usage) ||
	    member_read(mem, counter, MEMBER(page_counter, max), &max) || usage > most ||
	    max > most)
		return false;
	*ret = (struct triage_counter){
		.known = true,
		.usage_bytes = usage * page,
		.limited = max < most,
		.max_bytes = max < most ? max * page : 0,
	};
	return true;
}

static bool is_full(const struct triage_counter *c)
{
	return c->limited && c->usage_bytes / FULL_PERCENT >= c->max_bytes / 100;
}

static bool is_version_1(const struct vmem *mem, vaddr_t css)
{
	uint64_t cgroup = member_or_0(mem, css, MEMBER(cgroup_subsys_state, cgroup));
	uint64_t root = cgroup ? member_or_0(mem, cgroup, MEMBER(cgroup, root)) : 0;

	return HAS_SYMBOL(cgrp_dfl_root) && root && root != SYMBOL(cgrp_dfl_root);
}

/* List a group if memory is short in it. */
static int look_at(const struct tree *tree, size_t n)
{
	struct triage *t = tree->t;
	const struct vmem *mem = &t->view->mem;
	vaddr_t css = tree->groups[n].css, memcg = css - OFFSET(mem_cgroup, css);
	struct triage_cgroup group = { .oom_kills = oom_kills(mem, memcg) };

	if (!read_counter(t, memcg + OFFSET(mem_cgroup, memory), &group.memory))
		return 0;
	if (HAS_MEMBER(mem_cgroup, memsw) && is_version_1(mem, css))
		read_counter(t, memcg + OFFSET(mem_cgroup, memsw), &group.memsw);
	/* The root has the sum of all kills. */
	if (!is_full(&group.memory) && !is_full(&group.memsw) && (!group.oom_kills || !n))
		return 0;
	if (t->nr_cgroups == LISTED_MAX) {
		t->uncounted_cgroups++;
		return 0;
	}
	if (ARRAY_GROW(t->cgroups, t->nr_cgroups, "control groups"))
		return -ENOMEM;
	read_path(tree, n, group.path, sizeof(group.path));
	t->cgroups[t->nr_cgroups++] = group;
	return 0;
}

/* The children of each group follow it: the tree is read level by level. */
static int read_tree(struct tree *tree)
{
	const struct vmem *mem = &tree->t->view->mem;
	struct damage damage = { 0 };
	int err = 0;

	while (!err && tree->at < tree->nr) {
		err = look_at(tree, tree->at);
		if (!err)
			err = walk_list(mem,
					tree->groups[tree->at].css +
						OFFSET(cgroup_subsys_state, children),
					MEMBER(cgroup_subsys_state, sibling), add_group, tree);
		if (err == -EFAULT || err == -EBADMSG) {
			damage_note(&damage, err);
			err = 0;
		}
		tree->at++;
	}
	return err ? err : damage_error(&damage);
}

int triage_read_cgroups(struct triage *t)
{
	struct tree tree = { .t = t };
	uint64_t root = 0;
	int err = 0;

	if (!HAS_SYMBOL(root_mem_cgroup) || !HAS_MEMBER(mem_cgroup, css) ||
	    !HAS_MEMBER(mem_cgroup, memory) || !HAS_MEMBER(cgroup_subsys_state, children))
		err = err_set(-ENOENT, "SYMBOL(root_mem_cgroup) or a type is not known");
	if (!err)
		err = vmem_read_ulong(&t->view->mem, SYMBOL(root_mem_cgroup), &root);
	/* No group is made where the memory controller is disabled. */
	if (!err && root)
		err = add_group(&tree, root + OFFSET(mem_cgroup, css));
	if (!err)
		err = read_tree(&tree);
	free(tree.groups);
	return triage_missing_err(t, err, "control groups");
}
