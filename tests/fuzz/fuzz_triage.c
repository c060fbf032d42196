// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parts of a triage: the tree of control groups, and reports in the kernel's log.
 *
 * Input:
 *	1	flags: FUZZ_*
 *	1	part: even the log, odd control groups
 *	...	the log's text; or memory at BASE, where the pointer root_mem_cgroup is
 */
#include <stdlib.h>

#include "facts/on_demand.h"
#include "kernel/kernel.h"
#include "lib/printable.h"
#include "tests/fuzz/fuzz.h"
#include "triage/parts.h"

#define BASE UINT64_C(0xffff888000000000)

/* Offsets and sizes, in words. */
static const struct {
	const char *structure, *member;
	uint32_t at, words;
} facts[] = {
	{ "mem_cgroup", "css", 1, 5 },
	{ "mem_cgroup", "memory", 6, 2 },
	{ "mem_cgroup", "memory_events", 8, 2 },
	{ "mem_cgroup", "memsw", 8, 2 },
	{ "page_counter", "usage", 0, 1 },
	{ "page_counter", "max", 1, 1 },
	{ "cgroup_subsys_state", "cgroup", 0, 1 },
	{ "cgroup_subsys_state", "sibling", 1, 2 },
	{ "cgroup_subsys_state", "children", 3, 2 },
	{ "cgroup", "kn", 1, 1 },
	{ "cgroup", "root", 2, 1 },
	{ "kernfs_node", "name", 1, 1 },
};

static void set_facts(const struct fact_set *set, unsigned int word)
{
	for (size_t j = 0; j < set->nr_ktypes; j++) {
		struct ktype_info *t = set->ktypes[j];

		for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
			if (strcmp(t->struct_name, facts[i].structure) || !t->member_name ||
			    strcmp(t->member_name, facts[i].member))
				continue;
			t->index = FACT_BTF;
			t->struct_size = 10 * word;
			t->member_bit_offset = facts[i].at * word * 8;
			t->member_size = facts[i].words * word;
		}
	}
	for (size_t i = 0; i < set->nr_knums; i++) {
		if (strcmp(set->knums[i]->name, "MEMCG_OOM_KILL"))
			continue;
		set->knums[i]->value = 1;
		set->knums[i]->index = FACT_BTF;
	}
	fuzz_set_symbol(set, "root_mem_cgroup", BASE);
	fuzz_set_symbol(set, "cgrp_dfl_root", BASE);
}

/* Check that a text cannot control a terminal. */
static void check_printable(const char *text)
{
	char copy[4096];

	assert(strlen(text) < sizeof(copy));
	strcpy(copy, text);
	make_printable(copy, strlen(copy), "");
	assert(!strcmp(copy, text));
}

static void read_cgroups(struct triage *t, struct fuzz_memory *m, struct fuzz_input in)
{
	const struct fact_set set = facts_on_demand();

	facts_reset(&set);
	set_facts(&set, m->mem.is64 ? 8 : 4);
	fuzz_memory_add(m, m->mem.is64 ? BASE : (uint32_t)BASE, in);
	assert(!triage_read_cgroups(t));
	for (size_t i = 0; i < t->nr_cgroups; i++)
		check_printable(t->cgroups[i].path);
	facts_reset(&set);
}

/* The log comes as dmesg prints it. */
static void read_log(struct triage *t, struct fuzz_input in)
{
	t->log = malloc(in.size + 1);
	assert(t->log);
	for (size_t i = 0; i < in.size; i++)
		t->log[i] = in.data[i] ? (char)in.data[i] : ' ';
	t->log[in.size] = '\0';
	make_printable(t->log, in.size, "\n");
	triage_read_oom(t);
	assert(!triage_read_log_trace(t, t->log));
	assert(t->death_trace == TRIAGE_NONE || t->traces[0].nr);
	check_printable(t->oom.invoked_by);
	check_printable(t->oom.victim);
	check_printable(t->oom.cgroup);
	check_printable(t->logged.comm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct fuzz_memory m;
	struct vmcore vc = { .page_size = 4096 };
	struct kernel k = { .vc = &vc };
	struct triage_view view = { .k = &k };
	struct triage t = { .view = &view, .until = 1e300, .death_trace = TRIAGE_NONE };

	fuzz_memory_init(&m, fuzz_number(&in, 1));
	view.mem = m.mem;
	if (fuzz_number(&in, 1) & 1)
		read_cgroups(&t, &m, in);
	else
		read_log(&t, in);
	for (size_t i = 0; i < t.nr_missing; i++)
		check_printable(t.missing[i]);
	for (size_t i = 0; i < t.nr_traces; i++)
		free(t.traces[i].frames);
	free(t.traces);
	free(t.logged.text);
	free(t.log);
	free(t.cgroups);
	free(t.missing);
	return 0;
}
