// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lists of modules, and the symbols of each.
 *
 * Input, numbers with the least significant byte first:
 *	1	flags: FUZZ_*, NO_FACT
 *	1	with NO_FACT: the number of a fact that is not known
 *	1	bytes of module.name
 *	4, 4	the heads of both lists, from the beginning of the memory
 *	12 * 2	bytes where facts[] are in their structs
 *	...	the memory
 */
#include <stdio.h>

#include "facts/declare.h"
#include "symbols/kallsyms.h"
#include "symbols/module_list.h"
#include "symbols/module_symbols.h"
#include "tests/fuzz/fuzz.h"

#define NO_FACT 0x04

/* The target reads symbols of the first MODULES_MAX modules: many can share one table. */
#define MODULES_MAX 16

INIT_OPT_MOD_SYM(alpha, fuzz_single);
INIT_OPT_MOD_SYM(alpha, fuzz_several);
INIT_OPT_MOD_SYM(beta, fuzz_missing);

static const char *const facts[] = {
	"module.state", "module.list", "module.name", "module.core_kallsyms.symtab",
	"module.core_kallsyms.num_symtab", "module.core_kallsyms.strtab",
	"module.core_kallsyms.typetab", "btf_module.list", "btf_module.module",
	"btf_module.btf", "btf.data", "btf.data_size",
};

static void set_fact(const struct fact_set *set, const char *name, uint32_t off, uint32_t size)
{
	char text[64];

	for (size_t i = 0; i < set->nr_ktypes; i++) {
		struct ktype_info *t = set->ktypes[i];

		snprintf(text, sizeof(text), "%s.%s", t->struct_name,
			 t->member_name ? t->member_name : "");
		if (strcmp(text, name))
			continue;
		t->index = FACT_BTF;
		t->member_bit_offset = off * 8;
		t->member_size = size;
	}
	for (size_t i = 0; i < set->nr_kpaths; i++) {
		struct kpath_info *p = set->kpaths[i];

		if (strcmp(p->path, name))
			continue;
		p->index = FACT_BTF;
		p->bit_offset = off * 8;
		p->size = size;
	}
}

static void set_up(struct fuzz_memory *m, const struct fact_set *set, struct fuzz_input *in)
{
	unsigned int flags = fuzz_number(in, 1), missing = fuzz_number(in, 1);
	uint32_t name_bytes = fuzz_number(in, 1);
	uint32_t modules = fuzz_number(in, 4), btf_modules = fuzz_number(in, 4);
	vaddr_t base;

	facts_reset(set);
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		uint32_t off = fuzz_number(in, 2);

		if (!(flags & NO_FACT) || missing % ARRAY_SIZE(facts) != i)
			set_fact(set, facts[i], off, i == 2 ? name_bytes : 8);
	}
	fuzz_memory_init(m, flags);
	base = m->mem.is64 ? 0xffffffffc0000000 : 0xbf000000;
	fuzz_memory_add(m, base, *in);
	fuzz_set_symbol(set, "modules", base + modules);
	fuzz_set_symbol(set, "btf_modules", base + btf_modules);
}

/* Assemblers' local labels have two control characters; what prints names replaces them. */
static bool is_symbol_name(const char *name)
{
	for (; *name; name++)
		if ((*name < ' ' && *name != 1 && *name != 2) || *name > '~')
			return false;
	return true;
}

static int look(void *ctx, const struct kmodule_symbol *sym)
{
	unsigned int *seen = ctx;

	assert(sym->name_len && strlen(sym->name) == sym->name_len);
	assert(is_symbol_name(sym->name));
	assert(sym->type == '?' || (sym->type >= 'a' && sym->type <= 'z'));
	/* A walk can be ended anywhere. */
	return ++*seen == 100000 ? 1 : 0;
}

static void resolve(struct fuzz_memory *m, const struct fact_set *set,
		    const struct module_list *list)
{
	struct kallsyms *ks;
	int err = kallsyms_create(&ks, &m->mem);

	assert(!err);
	err = register_ksym_section(ks, set);
	assert(!err);
	fuzz_check_err(init_module_kallsyms(ks, list));
	assert(fuzz_is_clean(kallsyms_why(ks)));
	kallsyms_destroy(ks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	const struct fact_set set = facts_of_program();
	struct module_list list;
	struct fuzz_memory m;

	set_up(&m, &set, &in);
	fuzz_check_err(module_list_read(&list, &m.mem));
	assert(list.nr <= KMODULES_MAX && fuzz_is_clean(list.why));
	list.nr = min_u64(list.nr, MODULES_MAX);
	for (size_t i = 0; i < list.nr; i++) {
		const struct kmodule *module = &list.modules[i];
		unsigned int seen = 0;
		int err;

		assert(module->name[0] && memchr(module->name, '\0', KMODULE_NAME_MAX));
		assert(fuzz_is_clean(module->name));
		assert(module_list_find(&list, module->name));
		err = kmodule_for_each_symbol(module, &m.mem, look, &seen);
		if (err != 1)
			fuzz_check_err(err);
	}
	resolve(&m, &set, &list);
	module_list_free(&list);
	facts_reset(&set);
	return 0;
}
