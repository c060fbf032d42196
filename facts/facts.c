// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts/facts.h"

#include <stdarg.h>
#include <stdbool.h>
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

/* One declaration of any kind. */
struct fact {
	int index;
	const char *module, *kind, *name, *member;
};

static struct fact nth_fact(const struct fact_set *set, size_t i)
{
	if (i < set->nr_ksyms) {
		const struct ksym_info *s = set->ksyms[i];

		return (struct fact){ s->index, s->modname, "SYMBOL", s->symname, NULL };
	}
	i -= set->nr_ksyms;
	if (i < set->nr_ktypes) {
		const struct ktype_info *t = set->ktypes[i];

		return (struct fact){ t->index, t->modname, t->member_name ? "OFFSET" : "SIZE",
				      t->struct_name, t->member_name };
	}
	i -= set->nr_ktypes;
	if (i < set->nr_knums) {
		const struct knum_info *n = set->knums[i];

		return (struct fact){ n->index, n->modname, "NUMBER", n->name, NULL };
	}
	i -= set->nr_knums;
	if (i < set->nr_klens) {
		const struct klen_info *l = set->klens[i];

		return (struct fact){ l->index, l->modname, "LENGTH", l->name, l->member };
	}
	i -= set->nr_klens;
	return (struct fact){ set->kpaths[i]->index, set->kpaths[i]->modname, "OFFSET",
			      set->kpaths[i]->path, NULL };
}

static size_t count_facts(const struct fact_set *set)
{
	return set->nr_ksyms + set->nr_ktypes + set->nr_knums + set->nr_klens + set->nr_kpaths;
}

bool facts_of_modules(const struct fact_set *set)
{
	size_t nr = count_facts(set);

	for (size_t i = 0; i < nr; i++) {
		if (strcmp(nth_fact(set, i).module, "vmlinux"))
			return true;
	}
	return false;
}

/* Append, keeping what fits. */
static void append(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *buf, size_t size, const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + len, size - len, fmt, ap);
	va_end(ap);
}

static void describe_source(const struct fact_set *set, int source, const char *from, char *buf,
			    size_t size)
{
	bool named = source != FACT_FILE && source != FACT_VMCOREINFO;
	size_t nr = count_facts(set), count = 0;
	const char *before = " (";

	for (size_t i = 0; i < nr; i++)
		count += nth_fact(set, i).index == source;
	if (!count)
		return;
	append(buf, size, "%s %zu %s", buf[0] ? "," : "facts:", count, from);
	for (size_t i = 0; named && i < nr; i++) {
		struct fact f = nth_fact(set, i);

		if (f.index != source)
			continue;
		append(buf, size, "%s%s(%s%s%s)", before, f.kind, f.name, f.member ? "." : "",
		       f.member ? f.member : "");
		before = " ";
	}
	if (named)
		append(buf, size, ")");
}

void facts_describe(const struct fact_set *set, char *buf, size_t size)
{
	buf[0] = '\0';
	describe_source(set, FACT_FILE, "from the -i FILE", buf, size);
	describe_source(set, FACT_VMCOREINFO, "from VMCOREINFO", buf, size);
	describe_source(set, FACT_KALLSYMS, "from kallsyms", buf, size);
	describe_source(set, FACT_BTF, "from BTF", buf, size);
	describe_source(set, FACT_DWARF, "from VMLINUX", buf, size);
	describe_source(set, FACT_AMBIGUOUS, "ambiguous", buf, size);
	describe_source(set, -1, "unknown", buf, size);
}

void facts_need(struct fact_list *missing, int there, const char *name)
{
	size_t len = strlen(missing->text);

	if (there)
		return;
	snprintf(missing->text + len, sizeof(missing->text) - len, "%s%s", len ? ", " : "", name);
	missing->count++;
}
