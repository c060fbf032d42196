// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts/macro_values.h"

#include <string.h>

#include "lib/types.h"

INIT_OPT_MOD_NUM(vmlinux, PG_head);

/* enum pagetype since Linux kernel 6.12: values of the top byte of page_type. */
INIT_OPT_MOD_NUM(vmlinux, PGTY_buddy);
INIT_OPT_MOD_NUM(vmlinux, PGTY_offline);
INIT_OPT_MOD_NUM(vmlinux, PGTY_hugetlb);
INIT_OPT_MOD_NUM(vmlinux, PGTY_slab);
INIT_OPT_MOD_NUM(vmlinux, PGTY_unaccepted);

/*
 * Enumerators of one bit each before that, cleared where the type applies.
 * PG_slab and PG_hugetlb are declared where they are page flags.
 */
INIT_OPT_MOD_NUM(vmlinux, PG_buddy);
INIT_OPT_MOD_NUM(vmlinux, PG_offline);

/*
 * Macros up to about 6.9, of the same values ever since Linux kernel commit
 * 6e292b9be7f4 ("mm: split page_type out from _mapcount") (in v4.18).
 */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page, page_type);
#define PG_BUDDY_MACRO 0x80
#define PG_OFFLINE_MACRO 0x100

/* A number that follows from an enumerator. */
enum derivation {
	MASK_OF_FLAG,
	TOP_BYTE,
	CLEARED_BIT,
};

static const struct rule {
	const char *name, *from;
	enum derivation how;
} rules[] = {
	{ "PG_head_mask", "PG_head", MASK_OF_FLAG },
	{ "PAGE_BUDDY_MAPCOUNT_VALUE", "PGTY_buddy", TOP_BYTE },
	{ "PAGE_BUDDY_MAPCOUNT_VALUE", "PG_buddy", CLEARED_BIT },
	{ "PAGE_OFFLINE_MAPCOUNT_VALUE", "PGTY_offline", TOP_BYTE },
	{ "PAGE_OFFLINE_MAPCOUNT_VALUE", "PG_offline", CLEARED_BIT },
	{ "PAGE_HUGETLB_MAPCOUNT_VALUE", "PGTY_hugetlb", TOP_BYTE },
	{ "PAGE_HUGETLB_MAPCOUNT_VALUE", "PG_hugetlb", CLEARED_BIT },
	{ "PAGE_SLAB_MAPCOUNT_VALUE", "PGTY_slab", TOP_BYTE },
	{ "PAGE_SLAB_MAPCOUNT_VALUE", "PG_slab", CLEARED_BIT },
	{ "PAGE_UNACCEPTED_MAPCOUNT_VALUE", "PGTY_unaccepted", TOP_BYTE },
};

static const struct knum_info *find(const struct fact_set *set, const char *name)
{
	for (size_t i = 0; i < set->nr_knums; i++) {
		const struct knum_info *n = set->knums[i];

		if (n->index >= 0 && !strcmp(n->name, name) && !strcmp(n->modname, "vmlinux"))
			return n;
	}
	return NULL;
}

/* VMCOREINFO prints page types as the kernel's int, hence with a sign. */
static bool derive(enum derivation how, int64_t from, int64_t *ret)
{
	switch (how) {
	case MASK_OF_FLAG:
		if (from < 0 || from > 62)
			return false;
		*ret = INT64_C(1) << from;
		return true;
	case TOP_BYTE:
		if (from < 0 || from > UINT8_MAX)
			return false;
		*ret = (int32_t)((uint32_t)from << 24);
		return true;
	case CLEARED_BIT:
		/* A smaller one is the number of a page flag of this name. */
		if (from < 64 || from > INT32_MAX || from & (from - 1))
			return false;
		*ret = ~from;
		return true;
	}
	return false;
}

static void apply_rules(const struct fact_set *program, struct knum_info *n)
{
	for (size_t i = 0; n->index < 0 && i < ARRAY_SIZE(rules); i++) {
		const struct knum_info *from;
		int64_t value;

		if (strcmp(n->name, rules[i].name))
			continue;
		from = find(program, rules[i].from);
		if (from && derive(rules[i].how, from->value, &value)) {
			n->value = value;
			n->index = from->index;
		}
	}
}

/* The source of the fact that the kernel has these macros, or a negative number. */
static int source_of_macros(const struct fact_set *program)
{
	const struct ktype_info *page_type = &_kmember_vmlinux_page_page_type;
	const struct knum_info *buddy = find(program, "PAGE_BUDDY_MAPCOUNT_VALUE");

	if (MOD_NUM_EXIST(vmlinux, PGTY_buddy) || MOD_NUM_EXIST(vmlinux, PG_buddy))
		return -1;
	/* A dump without types says it, too: until 4.17 the value is another one. */
	if (!TYPE_EXIST(page_type) && buddy && buddy->value == ~PG_BUDDY_MACRO)
		return buddy->index;
	return page_type->index;
}

static void apply_macros(const struct fact_set *program, struct knum_info *n)
{
	int source = source_of_macros(program);

	if (source < 0)
		return;
	if (!strcmp(n->name, "PAGE_BUDDY_MAPCOUNT_VALUE"))
		n->value = ~PG_BUDDY_MACRO;
	else if (!strcmp(n->name, "PAGE_OFFLINE_MAPCOUNT_VALUE"))
		n->value = ~PG_OFFLINE_MACRO;
	else
		return;
	n->index = source;
}

void facts_compute_macros(const struct fact_set *set)
{
	const struct fact_set program = facts_of_program();

	for (size_t i = 0; i < set->nr_knums; i++) {
		struct knum_info *n = set->knums[i];

		if (n->index >= 0 || strcmp(n->modname, "vmlinux"))
			continue;
		apply_rules(&program, n);
		if (n->index < 0)
			apply_macros(&program, n);
	}
}
