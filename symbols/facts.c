// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/facts.h"

#include <stdio.h>
#include <string.h>

/* makedumpfile.ld */
extern struct ksym_info *const __start_init_ksyms[], *const __stop_init_ksyms[];
extern struct ktype_info *const __start_init_ktypes[], *const __stop_init_ktypes[];
extern struct knum_info *const __start_init_knums[], *const __stop_init_knums[];
extern struct klen_info *const __start_init_klens[], *const __stop_init_klens[];
extern struct kpath_info *const __start_init_kpaths[], *const __stop_init_kpaths[];

struct fact_set facts_of_program(void)
{
	return (struct fact_set){
		.ksyms = __start_init_ksyms,
		.nr_ksyms = __stop_init_ksyms - __start_init_ksyms,
		.ktypes = __start_init_ktypes,
		.nr_ktypes = __stop_init_ktypes - __start_init_ktypes,
		.knums = __start_init_knums,
		.nr_knums = __stop_init_knums - __start_init_knums,
		.klens = __start_init_klens,
		.nr_klens = __stop_init_klens - __start_init_klens,
		.kpaths = __start_init_kpaths,
		.nr_kpaths = __stop_init_kpaths - __start_init_kpaths,
	};
}

void facts_reset(const struct fact_set *set)
{
	for (size_t i = 0; i < set->nr_ksyms; i++) {
		set->ksyms[i]->value = 0;
		set->ksyms[i]->index = -1;
	}
	for (size_t i = 0; i < set->nr_ktypes; i++) {
		struct ktype_info *t = set->ktypes[i];

		t->member_bit_offset = t->member_bit_sz = t->member_size = t->struct_size = 0;
		t->index = -1;
	}
	for (size_t i = 0; i < set->nr_knums; i++) {
		set->knums[i]->value = 0;
		set->knums[i]->index = -1;
	}
	for (size_t i = 0; i < set->nr_klens; i++) {
		set->klens[i]->value = 0;
		set->klens[i]->index = -1;
	}
	for (size_t i = 0; i < set->nr_kpaths; i++) {
		struct kpath_info *p = set->kpaths[i];

		p->bit_offset = p->bit_sz = p->size = 0;
		p->index = -1;
	}
}

void facts_need(struct fact_list *missing, int there, const char *name)
{
	size_t len = strlen(missing->text);

	if (there)
		return;
	snprintf(missing->text + len, sizeof(missing->text) - len, "%s%s", len ? ", " : "", name);
	missing->count++;
}
