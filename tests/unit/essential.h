/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: the essential pages of a miniature machine, and facts that VMCOREINFO cannot tell. */
#ifndef TESTS_UNIT_ESSENTIAL_H
#define TESTS_UNIT_ESSENTIAL_H

#include <inttypes.h>

#include "kernel/essential.h"
#include "tests/unit/cpu_limit.h"
#include "tests/unit/minicore.h"

/** A path, or a member by its size; a path is STRUCT.MEMBER.MEMBER... */
struct essential_fact {
	const char *name;
	uint32_t offset; /**< of a path */
	uint32_t size;	 /**< of a member, or a path; 0: of a path of 8 bytes */
};

struct found {
	struct machine m;
	struct pfn_set set;
};

static inline void set_path(const struct kernel *k, const struct essential_fact *fact)
{
	for (size_t i = 0; i < k->facts.nr_kpaths; i++) {
		struct kpath_info *path = k->facts.kpaths[i];

		if (strcmp(path->path, fact->name))
			continue;
		path->bit_offset = fact->offset * 8;
		path->size = fact->size ? fact->size : 8;
		path->index = FACT_BTF;
	}
}

/** Set the size of a member; @p name NULL: of all that are known. */
static inline void set_size(const struct kernel *k, const char *name, uint32_t size)
{
	for (size_t i = 0; i < k->facts.nr_ktypes; i++) {
		struct ktype_info *t = k->facts.ktypes[i];
		char text[128];

		if (t->index < 0 || !t->member_name)
			continue;
		snprintf(text, sizeof(text), "%s.%s", t->struct_name, t->member_name);
		if (!name || !strcmp(text, name))
			t->member_size = size;
	}
}

/**
 * Find the essential pages of one of the cores.
 * @param facts those that VMCOREINFO does not tell; other members have the size of a pointer
 */
static inline void essential_search(struct found *f, const struct cores *cores, const char *name,
				    const struct essential_fact *facts, size_t nr_facts)
{
	*f = (struct found){ 0 };
	machine_open(&f->m, cores, name);
	set_size(f->m.k, NULL, 8);
	for (size_t i = 0; i < nr_facts; i++) {
		set_path(f->m.k, &facts[i]);
		if (facts[i].size)
			set_size(f->m.k, facts[i].name, facts[i].size);
	}
	cpu_limit(120);
	essential_find(f->m.k, &f->set);
	cpu_limit(0);
	pfn_set_seal(&f->set);
}

static inline void forget(struct found *f)
{
	pfn_set_deinit(&f->set);
	machine_close(&f->m);
}

static inline bool has(const struct found *f, pfn_t pfn)
{
	const struct pfn_range *r = pfn_set_next(&f->set, pfn);

	return r && r->start <= pfn;
}

/** See that of the pages [start, end) those listed, and no others, are essential. */
static inline void check_pages(const struct found *f, pfn_t start, pfn_t end,
				   const pfn_t *pages, size_t nr_pages)
{
	for (pfn_t pfn = start; pfn < end; pfn++) {
		bool wanted = false;

		for (size_t i = 0; i < nr_pages; i++)
			wanted |= pages[i] == pfn;
		if (has(f, pfn) != wanted)
			fail_msg("page %#" PRIx64 " is %sessential", pfn, wanted ? "not " : "");
	}
}

/** The same with the pages as arguments; there may be none. */
#define CHECK_PAGES(f, start, end, ...) \
	check_pages(f, start, end, (const pfn_t[]){ 0, ##__VA_ARGS__ }, \
		    ARRAY_SIZE(((const pfn_t[]){ 0, ##__VA_ARGS__ })))

#endif
