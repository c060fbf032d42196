// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/fact_check.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/checked.h"

static bool is_compared(const struct ktype_info *t)
{
	return (t->index == FACT_FILE || t->index == FACT_VMCOREINFO) &&
	       !strcmp(t->modname, "vmlinux") &&
	       (!strcmp(t->struct_name, "page") || !strcmp(t->struct_name, "mem_section"));
}

void fact_check_init(struct fact_check *c, const struct fact_set *set)
{
	size_t nr = 0;

	for (size_t i = 0; i < set->nr_ktypes && nr < FACT_CHECK_MAX; i++) {
		struct ktype_info *t = set->ktypes[i];

		if (!is_compared(t))
			continue;
		c->copies[nr] = (struct ktype_info){
			.modname = t->modname,
			.struct_name = t->struct_name,
			.member_name = t->member_name,
			.index = -1,
		};
		c->pointers[nr] = &c->copies[nr];
		c->originals[nr++] = t;
	}
	c->set = (struct fact_set){ .ktypes = c->pointers, .nr_ktypes = nr };
}

/* The number that VMCOREINFO has of a fact: an offset or a size, in bytes. */
static uint32_t number(const struct ktype_info *t)
{
	return t->member_name ? t->member_bit_offset / 8 : t->struct_size;
}

/* Return whether no compiler would put the member there. */
static bool is_impossible(const struct ktype_info *t, const struct ktype_info *btf)
{
	uint32_t size = btf->member_size;

	if (!t->member_name)
		return false;
	if (!range_fits(number(t), size, btf->struct_size))
		return true;
	return (size == 2 || size == 4 || size == 8) && number(btf) % size == 0 && number(t) % size;
}

bool fact_check_compare(const struct fact_check *c, char *why, size_t size)
{
	why[0] = '\0';
	for (size_t i = 0; i < c->set.nr_ktypes; i++) {
		const struct ktype_info *btf = &c->copies[i];
		struct ktype_info *t = c->originals[i];
		uint32_t value = number(t);
		bool impossible;

		if (btf->index != FACT_BTF || btf->member_bit_sz || value == number(btf))
			continue;
		impossible = is_impossible(t, btf);
		if (impossible)
			*t = (struct ktype_info){
				.modname = t->modname,
				.struct_name = t->struct_name,
				.member_name = t->member_name,
				.struct_required = t->struct_required,
				.member_required = t->member_required,
				.member_bit_offset = btf->member_bit_offset,
				.member_size = btf->member_size,
				.struct_size = t->struct_size ? t->struct_size : btf->struct_size,
				.index = FACT_BTF,
			};
		if (!why[0])
			snprintf(why, size,
				 "%s(%s%s%s) is %" PRIu32 " in VMCOREINFO and %" PRIu32
				 " in BTF: using %" PRIu32,
				 t->member_name ? "OFFSET" : "SIZE", t->struct_name,
				 t->member_name ? "." : "", t->member_name ? t->member_name : "",
				 value, number(btf), number(t));
	}
	return !why[0];
}
