// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of modules and their symbols, in both byte orders and word sizes, and what is
 * left of them when lists, tables or facts are damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts/facts.h"
#include "lib/err.h"
#include "symbols/module_list.h"
#include "symbols/module_symbols.h"

#define MEMORY_BYTES (8u << 20)
/* Structs lie this far apart, tables after them. */
#define STEP 0x1000
#define TABLES 0x100000

/* Memory at one place of the address space, with a hole. */
struct memory {
	struct vmem mem;
	vaddr_t base;
	uint8_t *bytes;
	vaddr_t hole, hole_end;
	vaddr_t failing;		/* reads of this address fail with fail_with */
	int fail_with;
	unsigned int reads;
	size_t longest;			/* of them */
};

static int memory_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	struct memory *m = ctx;

	/* No read may reach beyond the address space. */
	assert_true(len <= (m->mem.is64 ? UINT64_MAX : UINT64_C(1) << 32) - va);
	m->reads++;
	m->longest = len > m->longest ? len : m->longest;
	if (m->fail_with && va <= m->failing && m->failing < va + len)
		return err_set(m->fail_with, "read of %#" PRIx64, va);
	if (va < m->base || va - m->base > MEMORY_BYTES || len > MEMORY_BYTES - (va - m->base) ||
	    (va < m->hole_end && va + len > m->hole))
		return err_set(-EFAULT, "nothing at %#" PRIx64, va);
	memcpy(buf, m->bytes + (va - m->base), len);
	return 0;
}

static void put_u32(struct memory *m, vaddr_t va, uint32_t v)
{
	store_u32(m->bytes + (va - m->base), v, m->mem.swap);
}

static void put_word(struct memory *m, vaddr_t va, uint64_t v)
{
	if (m->mem.is64)
		store_u64(m->bytes + (va - m->base), v, m->mem.swap);
	else
		put_u32(m, va, v);
}

static void put_text(struct memory *m, vaddr_t va, const char *text)
{
	memcpy(m->bytes + (va - m->base), text, strlen(text) + 1);
}

/* --- what is known of the kernel ---------------------------------------------- */

/* The offsets are those of no kernel: nothing may know them. */
static const struct fact {
	const char *name;
	uint32_t off64, off32, size;
} facts[] = {
	{ "module.state", 4, 0, 4 },
	{ "module.list", 16, 8, 16 },
	{ "module.name", 40, 20, 0 },
	{ "module.core_kallsyms.symtab", 600, 300, 8 },
	{ "module.core_kallsyms.num_symtab", 616, 304, 4 },
	{ "module.core_kallsyms.strtab", 608, 308, 8 },
	{ "module.core_kallsyms.typetab", 624, 312, 8 },
	{ "module.kallsyms", 632, 316, 8 },
	{ "mod_kallsyms.symtab", 8, 4, 8 },
	{ "mod_kallsyms.num_symtab", 16, 8, 4 },
	{ "mod_kallsyms.strtab", 24, 12, 8 },
	{ "mod_kallsyms.typetab", 0, 0, 8 },
	{ "btf_module.list", 24, 12, 16 },
	{ "btf_module.module", 8, 4, 8 },
	{ "btf_module.btf", 0, 0, 8 },
	{ "btf.data", 16, 8, 8 },
	{ "btf.data_size", 92, 60, 4 },
};

static struct ktype_info *member_record(const char *name)
{
	struct fact_set set = facts_of_program();
	char text[64];

	for (size_t i = 0; i < set.nr_ktypes; i++) {
		snprintf(text, sizeof(text), "%s.%s", set.ktypes[i]->struct_name,
			 set.ktypes[i]->member_name);
		if (!strcmp(text, name))
			return set.ktypes[i];
	}
	return NULL;
}

static struct kpath_info *path_record(const char *name)
{
	struct fact_set set = facts_of_program();

	for (size_t i = 0; i < set.nr_kpaths; i++)
		if (!strcmp(set.kpaths[i]->path, name))
			return set.kpaths[i];
	fail_msg("%s is not declared", name);
	return NULL;
}

static void set_fact(const char *name, uint32_t off, uint32_t size)
{
	struct ktype_info *t = member_record(name);
	struct kpath_info *p;

	if (t) {
		t->index = FACT_BTF;
		t->member_bit_offset = off * 8;
		t->member_size = size;
		return;
	}
	p = path_record(name);
	p->index = FACT_BTF;
	p->bit_offset = off * 8;
	p->size = size;
}

static void forget(const char *name)
{
	struct ktype_info *t = member_record(name);

	if (t)
		t->index = -1;
	else
		path_record(name)->index = -1;
}

static struct ksym_info *symbol_record(const char *name)
{
	struct fact_set set = facts_of_program();

	for (size_t i = 0; i < set.nr_ksyms; i++)
		if (!strcmp(set.ksyms[i]->symname, name))
			return set.ksyms[i];
	fail_msg("%s is not declared", name);
	return NULL;
}

static void set_symbol(const char *name, vaddr_t value)
{
	struct ksym_info *sym = symbol_record(name);

	sym->index = FACT_KALLSYMS;
	sym->value = value;
}

static uint32_t off(const struct memory *m, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		if (!strcmp(facts[i].name, name))
			return m->mem.is64 ? facts[i].off64 : facts[i].off32;
	fail_msg("%s is no fact", name);
	return 0;
}

/* --- a kernel ----------------------------------------------------------------- */

static vaddr_t modules_head(const struct memory *m)
{
	return m->base + 0x100;
}

static vaddr_t btf_head(const struct memory *m)
{
	return m->base + 0x200;
}

/* The structs of the module that is i-th in memory. */
static vaddr_t module_at(const struct memory *m, unsigned int i)
{
	return m->base + (1 + 3 * i) * STEP;
}

static vaddr_t btf_module_at(const struct memory *m, unsigned int i)
{
	return module_at(m, i) + STEP;
}

static vaddr_t btf_at(const struct memory *m, unsigned int i)
{
	return module_at(m, i) + 2 * STEP;
}

static void memory_open(struct memory *m, bool is64, bool swap)
{
	struct fact_set set = facts_of_program();

	*m = (struct memory){
		.mem = { .read = memory_read, .is64 = is64, .swap = swap },
		.base = is64 ? 0xffffffffc0000000 : 0xf8000000,
		.bytes = calloc(1, MEMORY_BYTES),
	};
	m->mem.ctx = m;
	assert_non_null(m->bytes);
	facts_reset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		set_fact(facts[i].name, is64 ? facts[i].off64 : facts[i].off32, facts[i].size);
	set_symbol("modules", modules_head(m));
	set_symbol("btf_modules", btf_head(m));
	put_word(m, modules_head(m), modules_head(m));
	put_word(m, btf_head(m), btf_head(m));
}

static void memory_close(struct memory *m)
{
	free(m->bytes);
}

static void put_module(struct memory *m, unsigned int i, const char *name, uint32_t state)
{
	vaddr_t va = module_at(m, i);

	put_u32(m, va + off(m, "module.state"), state);
	put_text(m, va + off(m, "module.name"), name);
	put_word(m, va + off(m, "module.core_kallsyms.symtab"), 0x1000 + i);
	put_u32(m, va + off(m, "module.core_kallsyms.num_symtab"), 0x2000 + i);
	put_word(m, va + off(m, "module.core_kallsyms.strtab"), 0x3000 + i);
	put_word(m, va + off(m, "module.core_kallsyms.typetab"), 0x4000 + i);
	/* Padding, which is no part of the number. */
	if (m->mem.is64)
		put_u32(m, va + off(m, "module.core_kallsyms.num_symtab") + 4, 0x5000);
}

static void put_btf(struct memory *m, unsigned int i, vaddr_t module)
{
	put_word(m, btf_module_at(m, i) + off(m, "btf_module.module"), module);
	put_word(m, btf_module_at(m, i) + off(m, "btf_module.btf"), btf_at(m, i));
	put_word(m, btf_at(m, i) + off(m, "btf.data"), m->base + 0x6000 + i);
	put_u32(m, btf_at(m, i) + off(m, "btf.data_size"), 0x7000 + i);
	put_u32(m, btf_at(m, i) + off(m, "btf.data_size") + 4, 0x5000);
}

/* Link the first n modules, or their BTF, in the order of memory. */
static void link_list(struct memory *m, unsigned int n, bool btf)
{
	uint32_t link = off(m, btf ? "btf_module.list" : "module.list");
	vaddr_t head = btf ? btf_head(m) : modules_head(m), last = head;

	for (unsigned int i = 0; i < n; i++) {
		vaddr_t node = (btf ? btf_module_at(m, i) : module_at(m, i)) + link;

		put_word(m, last, node);
		last = node;
	}
	put_word(m, last, head);
}

static const char *const names[] = { "xfs", "dm_mod", "snd-hda", "ext4", "loop" };

static void make_modules(struct memory *m, bool is64, bool swap)
{
	memory_open(m, is64, swap);
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		put_module(m, i, names[i], i % 3);
		put_btf(m, i, module_at(m, i));
	}
	link_list(m, ARRAY_SIZE(names), false);
	link_list(m, ARRAY_SIZE(names), true);
}

static void put_next(struct memory *m, unsigned int i, uint64_t next)
{
	put_word(m, module_at(m, i) + off(m, "module.list"), next);
}

static vaddr_t node_of(const struct memory *m, unsigned int i)
{
	return module_at(m, i) + off(m, "module.list");
}

static void read_list(struct memory *m, struct module_list *list)
{
	int err = module_list_read(list, &m->mem);

	if (err)
		fail_msg("%s", err_text(err));
}

/* The names, in one line. */
static void assert_names(const struct module_list *list, const char *want)
{
	char text[512] = "";

	for (size_t i = 0; i < list->nr; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 list->modules[i].name);
	assert_string_equal(text, want);
}

#define ALL "xfs dm_mod snd-hda ext4 loop"

static void assert_why(const struct module_list *list, const char *part, vaddr_t va)
{
	char address[32];

	snprintf(address, sizeof(address), "%#" PRIx64, va);
	if (!strstr(list->why, part) || !strstr(list->why, address))
		fail_msg("\"%s\" is not about \"%s\" and %s", list->why, part, address);
}

/* --- the list ----------------------------------------------------------------- */

static void check_list(bool is64, bool swap)
{
	struct memory m;
	struct module_list list;

	make_modules(&m, is64, swap);
	read_list(&m, &list);
	assert_string_equal(list.why, "");
	assert_names(&list, ALL);
	assert_int_equal(list.unformed, 0);
	for (unsigned int i = 0; i < list.nr; i++) {
		const struct kmodule *k = &list.modules[i];

		assert_int_equal(k->address, module_at(&m, i));
		assert_int_equal(k->symtab, 0x1000 + i);
		assert_int_equal(k->num_symtab, 0x2000 + i);
		assert_int_equal(k->strtab, 0x3000 + i);
		assert_int_equal(k->typetab, 0x4000 + i);
		assert_int_equal(k->btf, m.base + 0x6000 + i);
		assert_int_equal(k->btf_size, 0x7000 + i);
	}
	/* Two heads; for each module three structs. */
	assert_int_equal(m.reads, 2 + 3 * list.nr);
	assert_true(m.longest < 1024);
	module_list_free(&list);
	assert_int_equal(list.nr, 0);
	memory_close(&m);
}

static void test_list(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		check_list(i & 1, i & 2);
}

static void test_empty_list(void **state)
{
	struct memory m;
	struct module_list list;

	(void)state;
	memory_open(&m, true, false);
	read_list(&m, &list);
	assert_int_equal(list.nr, 0);
	assert_string_equal(list.why, "");
	module_list_free(&list);
	memory_close(&m);
}

static void test_find(void **state)
{
	struct memory m;
	struct module_list list;

	(void)state;
	make_modules(&m, true, false);
	read_list(&m, &list);
	assert_ptr_equal(module_list_find(&list, "xfs"), &list.modules[0]);
	assert_ptr_equal(module_list_find(&list, "dm_mod"), &list.modules[1]);
	assert_ptr_equal(module_list_find(&list, "dm-mod"), &list.modules[1]);
	assert_ptr_equal(module_list_find(&list, "snd_hda"), &list.modules[2]);
	assert_null(module_list_find(&list, "xf"));
	assert_null(module_list_find(&list, "xfs_"));
	assert_null(module_list_find(&list, "dm mod"));
	assert_null(module_list_find(&list, ""));
	module_list_free(&list);
	memory_close(&m);
}

/* Many, in no order: each with the BTF that is its own. */
static void test_many(void **state)
{
	enum { N = 600 };
	struct memory m;
	struct module_list list;
	char name[16];

	(void)state;
	memory_open(&m, true, false);
	for (unsigned int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		put_module(&m, i, name, 0);
		put_btf(&m, i, module_at(&m, i * 7 % N));
	}
	link_list(&m, N, false);
	link_list(&m, N, true);
	read_list(&m, &list);
	assert_string_equal(list.why, "");
	assert_int_equal(list.nr, N);
	for (unsigned int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		assert_string_equal(list.modules[i].name, name);
		assert_int_equal(list.modules[i * 7 % N].btf, m.base + 0x6000 + i);
	}
	module_list_free(&list);
	memory_close(&m);
}

static void test_unformed(void **state)
{
	struct memory m;
	struct module_list list;

	(void)state;
	make_modules(&m, true, false);
	put_module(&m, 1, "halfmade", 3);
	/* It may have none. */
	put_module(&m, 3, "", 3);
	read_list(&m, &list);
	assert_names(&list, "xfs snd-hda loop");
	assert_int_equal(list.unformed, 2);
	assert_string_equal(list.why, "");
	/* Each module has its own entry of the list of BTF. */
	assert_int_equal(list.modules[1].btf, m.base + 0x6002);
	assert_int_equal(list.modules[2].btf, m.base + 0x6004);
	module_list_free(&list);
	memory_close(&m);
}

/* The symbols of the second module: those that stay, or all. */
static void check_symbols(struct memory *m, unsigned int base)
{
	struct module_list list;

	read_list(m, &list);
	assert_int_equal(list.modules[1].symtab, base + 1);
	assert_int_equal(list.modules[1].num_symtab, base + 0x1001);
	assert_int_equal(list.modules[1].strtab, base + 0x2001);
	assert_int_equal(list.modules[1].typetab, base + 0x3001);
	module_list_free(&list);
}

/* A module that is being initialized has symbols that it will not keep. */
static void test_coming(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct memory m;
		vaddr_t all;

		make_modules(&m, i & 1, i & 2);
		all = m.base + 0x300;
		put_u32(&m, module_at(&m, 1) + off(&m, "module.state"), 0);
		put_word(&m, module_at(&m, 1) + off(&m, "module.kallsyms"), all);
		put_word(&m, all + off(&m, "mod_kallsyms.symtab"), 0x10001);
		put_u32(&m, all + off(&m, "mod_kallsyms.num_symtab"), 0x11001);
		put_word(&m, all + off(&m, "mod_kallsyms.strtab"), 0x12001);
		put_word(&m, all + off(&m, "mod_kallsyms.typetab"), 0x13001);
		check_symbols(&m, 0x1000);
		put_u32(&m, module_at(&m, 1) + off(&m, "module.state"), 1);
		check_symbols(&m, 0x10000);
		/* They are not there, or nothing is known of them. */
		put_word(&m, module_at(&m, 1) + off(&m, "module.kallsyms"), 0x20);
		check_symbols(&m, 0x1000);
		put_word(&m, module_at(&m, 1) + off(&m, "module.kallsyms"), all);
		forget("mod_kallsyms.strtab");
		check_symbols(&m, 0x1000);
		set_fact("mod_kallsyms.strtab", 61, 8);
		check_symbols(&m, 0x1000);
		memory_close(&m);
	}
}

/* Return whether a module whose name has this many characters is listed. */
static bool name_fits(bool is64, uint32_t member_size, unsigned int len)
{
	struct memory m;
	struct module_list list;
	char name[80];
	bool there;

	make_modules(&m, is64, false);
	memset(name, 'n', sizeof(name));
	name[len] = '\0';
	put_module(&m, 1, name, 0);
	set_fact("module.name", off(&m, "module.name"), member_size);
	read_list(&m, &list);
	there = module_list_find(&list, name);
	if (!there)
		assert_why(&list, "modules: ", module_at(&m, 1));
	assert_int_equal(list.nr, 4 + there);
	module_list_free(&list);
	memory_close(&m);
	return there;
}

static void test_name_size(void **state)
{
	(void)state;
	assert_true(name_fits(true, 0, 55));
	assert_false(name_fits(true, 0, 56));
	assert_true(name_fits(false, 0, 59));
	assert_false(name_fits(false, 0, 60));
	assert_true(name_fits(true, 16, 15));
	assert_false(name_fits(true, 16, 16));
	assert_true(name_fits(true, 4096, 63));
	assert_false(name_fits(true, 4096, 64));
}

/* --- what is not known -------------------------------------------------------- */

static void test_missing_facts(void **state)
{
	static const char *const needed[] = { "module.list", "module.state", "module.name" };
	struct memory m;
	struct module_list list;
	int err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		make_modules(&m, true, false);
		forget(needed[i]);
		err = module_list_read(&list, &m.mem);
		assert_int_equal(err, -ENOENT);
		assert_non_null(strstr(err_text(err), needed[i]));
		assert_int_equal(list.nr, 0);
		memory_close(&m);
	}
	make_modules(&m, true, false);
	symbol_record("modules")->index = -1;
	err = module_list_read(&list, &m.mem);
	assert_int_equal(err, -ENOENT);
	assert_non_null(strstr(err_text(err), "SYMBOL(modules)"));
	memory_close(&m);
}

static void test_missing_tables(void **state)
{
	struct memory m;
	struct module_list list;

	(void)state;
	make_modules(&m, true, false);
	forget("module.core_kallsyms.typetab");
	read_list(&m, &list);
	assert_names(&list, ALL);
	assert_int_equal(list.modules[0].typetab, 0);
	assert_int_equal(list.modules[0].symtab, 0x1000);
	module_list_free(&list);

	forget("module.core_kallsyms.symtab");
	forget("module.core_kallsyms.num_symtab");
	forget("module.core_kallsyms.strtab");
	read_list(&m, &list);
	assert_names(&list, ALL);
	assert_string_equal(list.why, "");
	assert_int_equal(list.modules[0].symtab, 0);
	assert_int_equal(list.modules[0].num_symtab, 0);
	assert_int_equal(list.modules[0].btf, m.base + 0x6000);
	module_list_free(&list);
	memory_close(&m);
}

static void test_missing_btf(void **state)
{
	static const char *const needed[] = {
		"btf_module.list", "btf_module.module", "btf_module.btf", "btf.data",
		"btf.data_size", NULL,
	};
	struct memory m;
	struct module_list list;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		make_modules(&m, true, false);
		if (needed[i])
			forget(needed[i]);
		else
			symbol_record("btf_modules")->index = -1;
		read_list(&m, &list);
		assert_names(&list, ALL);
		assert_string_equal(list.why, "");
		for (size_t j = 0; j < list.nr; j++) {
			assert_int_equal(list.modules[j].btf, 0);
			assert_int_equal(list.modules[j].btf_size, 0);
		}
		module_list_free(&list);
		memory_close(&m);
	}
}

static void test_lying_facts(void **state)
{
	struct memory m;
	struct module_list list;
	int err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		bool btf = !strncmp(facts[i].name, "btf", 3);

		/* test_coming() */
		if (!strncmp(facts[i].name, "mod_", 4))
			continue;
		make_modules(&m, true, false);
		set_fact(facts[i].name, 65536 - 3, facts[i].size);
		err = module_list_read(&list, &m.mem);
		if (btf) {
			assert_int_equal(err, 0);
			assert_names(&list, ALL);
			assert_int_equal(list.modules[0].btf, 0);
			assert_non_null(strstr(list.why, facts[i].name));
			assert_non_null(strstr(list.why, "65533"));
		} else {
			assert_int_equal(err, -EBADMSG);
			assert_non_null(strstr(err_text(err), facts[i].name));
			assert_non_null(strstr(err_text(err), "65533"));
			assert_int_equal(list.nr, 0);
		}
		module_list_free(&list);
		memory_close(&m);
	}
}

/* --- damage ------------------------------------------------------------------- */

/* The pointer after the second module is overwritten: the first two remain. */
static void check_next(bool is64, uint64_t next, const char *what)
{
	struct memory m;
	struct module_list list;

	make_modules(&m, is64, false);
	put_next(&m, 1, next);
	read_list(&m, &list);
	assert_names(&list, "xfs dm_mod");
	assert_why(&list, "modules: ", module_at(&m, 1));
	assert_why(&list, what, is64 ? next : (uint32_t)next);
	/* The BTF of both is there nevertheless. */
	assert_int_equal(list.modules[1].btf, m.base + 0x6001);
	module_list_free(&list);
	memory_close(&m);
}

static void test_bad_next(void **state)
{
	(void)state;
	check_next(true, 0, "is no address");
	check_next(true, 0xdead000000000100, "is poison");
	check_next(true, 0xdead000000000122, "is poison");
	check_next(true, 0xdead000000000200, "is poison");
	check_next(true, 0x5deadbeef0000100, "is poison");
	check_next(true, 0x8, "is no address of an entry");
	check_next(true, 0xffffffffc0001001, "is no address of an entry");
	check_next(true, 0xffffffffc0001014, "is no address of an entry");
	check_next(false, 0, "is no address");
	check_next(false, 0x100, "is poison");
	check_next(false, 0x122, "is poison");
	check_next(false, 0xf8001002, "is no address of an entry");
}

static void test_next_unreadable(void **state)
{
	static const uint64_t next[] = {
		0xffff888000001000, 0xffffffffffffff00, 0xfffffffffffffff8, 0x1000,
		0xffffffffc0000000 + MEMORY_BYTES,
		/* with 32 bits */
		0xffffff00, 0xfffffffc, 0x2000,
	};
	struct memory m;
	struct module_list list;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(next); i++) {
		make_modules(&m, i < 5, false);
		put_next(&m, 1, next[i]);
		read_list(&m, &list);
		assert_names(&list, "xfs dm_mod");
		assert_why(&list, "cannot be read", next[i] - off(&m, "module.list"));
		module_list_free(&list);
		memory_close(&m);
	}
}

static void test_loops(void **state)
{
	struct memory m;
	struct module_list list;

	(void)state;
	for (unsigned int to = 0; to < 4; to++) {
		make_modules(&m, to & 1, false);
		put_next(&m, 3, node_of(&m, to));
		read_list(&m, &list);
		assert_names(&list, "xfs dm_mod snd-hda ext4");
		assert_why(&list, "came before", module_at(&m, 3));
		module_list_free(&list);
		memory_close(&m);
	}
}

/* A head that lies in an entry, or is nowhere. */
static void test_bad_head(void **state)
{
	static const uint64_t heads[] = { 0, 1, 0xffffffffffffffff, 0xffff888000000000 };
	struct memory m;
	struct module_list list;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		make_modules(&m, true, false);
		set_symbol("modules", heads[i]);
		read_list(&m, &list);
		assert_int_equal(list.nr, 0);
		assert_why(&list, "modules: its head", heads[i]);
		module_list_free(&list);
		memory_close(&m);
	}
	make_modules(&m, true, false);
	set_symbol("btf_modules", 0x10);
	read_list(&m, &list);
	assert_names(&list, ALL);
	assert_why(&list, "btf_modules: its head", 0x10);
	module_list_free(&list);
	memory_close(&m);
}

static void test_bad_entries(void **state)
{
	static const struct {
		const char *name;
		uint32_t state;
		const char *what;
	} cases[] = {
		{ "good", 4, "state" },
		{ "good", 0xffffffff, "state" },
		{ "", 0, "name" },
		{ "two words", 0, "name" },
		{ "bell\a", 1, "name" },
		{ "\xc3\xa9t\xc3\xa9", 2, "name" },
		{ "del\x7f", 0, "name" },
	};
	struct memory m;
	struct module_list list;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make_modules(&m, true, i & 1);
		put_module(&m, 1, cases[i].name, cases[i].state);
		put_module(&m, 3, cases[i].name, cases[i].state);
		read_list(&m, &list);
		assert_names(&list, "xfs snd-hda loop");
		assert_int_equal(list.unformed, 0);
		assert_why(&list, cases[i].what, module_at(&m, 1));
		/* Once is enough. */
		assert_null(strchr(list.why, ';'));
		assert_int_equal(list.modules[2].btf, m.base + 0x6004);
		module_list_free(&list);
		memory_close(&m);
	}
}

/* The page with the list_head is there, the one with the tables is not. */
static void test_entry_with_hole(void **state)
{
	struct memory m;
	struct module_list list;

	(void)state;
	make_modules(&m, true, false);
	m.hole = module_at(&m, 2) + 512;
	m.hole_end = m.hole + 512;
	read_list(&m, &list);
	assert_names(&list, "xfs dm_mod ext4 loop");
	assert_why(&list, "left out", module_at(&m, 2));
	module_list_free(&list);

	/* Left out, and then the list ends too early. */
	put_next(&m, 3, 0xdead000000000122);
	read_list(&m, &list);
	assert_names(&list, "xfs dm_mod ext4");
	assert_why(&list, "left out", module_at(&m, 2));
	assert_why(&list, "poison", module_at(&m, 3));
	module_list_free(&list);
	memory_close(&m);
}

static void test_other_errors(void **state)
{
	struct memory m;
	struct module_list list;

	(void)state;
	make_modules(&m, true, false);
	m.failing = node_of(&m, 2);
	m.fail_with = -EIO;
	read_list(&m, &list);
	assert_names(&list, "xfs dm_mod");
	assert_why(&list, "cannot be read", module_at(&m, 2));
	module_list_free(&list);

	m.fail_with = -ENOMEM;
	assert_int_equal(module_list_read(&list, &m.mem), -ENOMEM);
	assert_int_equal(list.nr, 0);
	m.failing = btf_at(&m, 2);
	assert_int_equal(module_list_read(&list, &m.mem), -ENOMEM);
	assert_int_equal(list.nr, 0);
	m.failing = modules_head(&m);
	assert_int_equal(module_list_read(&list, &m.mem), -ENOMEM);
	memory_close(&m);
}

/* Modules that lie 64 bytes apart and overlap; all of them are in order. */
static void test_too_many(void **state)
{
	struct memory m;
	struct module_list list;
	uint32_t link;

	(void)state;
	for (unsigned int more = 0; more < 2; more++) {
		vaddr_t last;

		memory_open(&m, true, false);
		link = off(&m, "module.list");
		last = modules_head(&m);
		for (unsigned int i = 0; i < KMODULES_MAX + more; i++) {
			vaddr_t va = m.base + STEP + 64 * i;

			put_word(&m, last, va + link);
			put_text(&m, va + off(&m, "module.name"), "m");
			last = va + link;
		}
		put_word(&m, last, modules_head(&m));
		read_list(&m, &list);
		assert_int_equal(list.nr, KMODULES_MAX);
		if (more)
			assert_why(&list, "one too many", last);
		else
			assert_string_equal(list.why, "");
		module_list_free(&list);
		memory_close(&m);
	}
}

static void test_damaged_btf(void **state)
{
	struct memory m;
	struct module_list list;

	(void)state;
	make_modules(&m, true, false);
	/* BTF of no module, BTF with a wrong module address, and an unreadable struct btf. */
	put_btf(&m, 0, 0);
	put_btf(&m, 1, module_at(&m, 1) + 8);
	put_word(&m, btf_module_at(&m, 2) + off(&m, "btf_module.btf"), 0xffff888000000000);
	read_list(&m, &list);
	assert_names(&list, ALL);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(list.modules[i].btf, 0);
	assert_int_equal(list.modules[3].btf, m.base + 0x6003);
	assert_int_equal(list.modules[4].btf, m.base + 0x6004);
	assert_why(&list, "btf_modules: ", btf_module_at(&m, 2));
	module_list_free(&list);

	/* A loop. */
	put_word(&m, btf_module_at(&m, 3) + off(&m, "btf_module.list"),
		 btf_module_at(&m, 1) + off(&m, "btf_module.list"));
	read_list(&m, &list);
	assert_names(&list, ALL);
	assert_int_equal(list.modules[3].btf, m.base + 0x6003);
	assert_int_equal(list.modules[4].btf, 0);
	assert_why(&list, "came before", btf_module_at(&m, 3));
	module_list_free(&list);
	memory_close(&m);
}

/* --- symbols ------------------------------------------------------------------ */

struct symbol {
	const char *name;
	uint64_t value;
	uint64_t size;
	uint8_t info;
	uint16_t shndx;
	char type;
};

static size_t symbol_size(const struct memory *m)
{
	return m->mem.is64 ? 24 : 16;
}

static void put_symbol(struct memory *m, vaddr_t va, uint32_t name, const struct symbol *s)
{
	uint8_t *p = m->bytes + (va - m->base);
	uint16_t shndx = m->mem.swap ? __builtin_bswap16(s->shndx) : s->shndx;

	put_u32(m, va, name);
	if (m->mem.is64) {
		p[4] = s->info;
		memcpy(p + 6, &shndx, 2);
		put_word(m, va + 8, s->value);
		put_word(m, va + 16, s->size);
	} else {
		put_u32(m, va + 4, s->value);
		put_u32(m, va + 8, s->size);
		p[12] = s->info;
		memcpy(p + 14, &shndx, 2);
	}
}

/* Tables as the kernel lays them out: symbols, strings, types. */
static struct kmodule put_tables(struct memory *m, vaddr_t va, const struct symbol *symbols,
				 uint32_t nr)
{
	struct kmodule k = {
		.name = "xfs", .symtab = va, .strtab = va + nr * symbol_size(m), .num_symtab = nr,
	};
	uint32_t at = 0;

	for (uint32_t i = 0; i < nr; i++) {
		put_symbol(m, k.symtab + i * symbol_size(m), at, &symbols[i]);
		put_text(m, k.strtab + at, symbols[i].name);
		at += strlen(symbols[i].name) + 1;
	}
	k.typetab = k.strtab + at;
	for (uint32_t i = 0; i < nr; i++)
		m->bytes[k.typetab + i - m->base] = symbols[i].type;
	return k;
}

/* The symbols of a walk, a line for each. */
struct heard {
	char text[4096];
	unsigned int nr;
	unsigned int stop_after;
	int stop_with;
};

static int hear(void *ctx, const struct kmodule_symbol *sym)
{
	struct heard *h = ctx;
	size_t len = strlen(h->text);

	assert_int_equal(strlen(sym->name), sym->name_len);
	if (len + sym->name_len + 32 < sizeof(h->text))
		sprintf(h->text + len, "%" PRIx64 " %c %s%s\n", sym->value, sym->type, sym->name,
			sym->foreign ? " of others" : "");
	h->nr++;
	return h->nr == h->stop_after ? h->stop_with : 0;
}

static int walk_symbols(struct memory *m, const struct kmodule *k, struct heard *h)
{
	*h = (struct heard){ .stop_after = h->stop_after, .stop_with = h->stop_with };
	return kmodule_for_each_symbol(k, &m->mem, hear, h);
}

static void assert_symbols(struct memory *m, const struct kmodule *k, const char *want)
{
	struct heard h = { .stop_after = 0 };
	int err = walk_symbols(m, k, &h);

	if (err)
		fail_msg("%s", err_text(err));
	assert_string_equal(h.text, want);
}

static const struct symbol few[] = {
	{ .name = "", .type = '?' },
	{ .name = "xfs_init", .value = 0xc0123450, .size = 'q', .info = 0x12, .shndx = 1,
	  .type = 't' },
	{ .name = "$d.1", .value = 0xc0123458, .shndx = 1, .type = 't' },
	{ .name = ".L123", .value = 0xc0123459, .shndx = 1, .type = 't' },
	{ .name = ".text", .value = 0xc0123460, .shndx = 1, .type = 'T' },
	{ .name = "printk", .value = 0xc1000000, .shndx = 0, .type = 'U' },
	{ .name = "xfs_data", .value = 0xc0223450, .shndx = 0xfff1, .type = 'D' },
	{ .name = "odd", .value = 1, .shndx = 0x100, .type = '-' },
};

#define FEW_BUT_LAST "c0123450 t xfs_init\nc0123458 t $d.1\nc0123459 t .L123\nc0123460 t .text\n" \
	"c1000000 u printk of others\nc0223450 d xfs_data\n"
/* The same two where no type is known. */
#define MARKS "c0123458 ? $d.1\nc0123459 ? .L123\n"
#define PRINTK "c1000000 ? printk of others\n"
#define FEW FEW_BUT_LAST "1 ? odd\n"

static void test_symbols(void **state)
{
	struct memory m;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct kmodule k;

		memory_open(&m, i & 1, i & 2);
		k = put_tables(&m, m.base + TABLES, few, ARRAY_SIZE(few));
		assert_symbols(&m, &k, FEW);
		/* Symbols, strings, types. */
		assert_int_equal(m.reads, 3);
		memory_close(&m);
	}
}

static void test_64_bit_values(void **state)
{
	static const struct symbol s = {
		.name = "far", .value = 0xffffffffc0123456, .shndx = 1, .type = 'b',
	};
	struct memory m;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct kmodule k;

		memory_open(&m, true, i);
		k = put_tables(&m, m.base + TABLES, &s, 1);
		assert_symbols(&m, &k, "ffffffffc0123456 b far\n");
		memory_close(&m);
	}
}

static void test_no_symbols(void **state)
{
	struct memory m;
	struct kmodule k;

	(void)state;
	memory_open(&m, true, false);
	k = put_tables(&m, m.base + TABLES, few, ARRAY_SIZE(few));
	k.num_symtab = 0;
	assert_symbols(&m, &k, "");
	k.num_symtab = 3;
	k.symtab = 0;
	assert_symbols(&m, &k, "");
	assert_int_equal(m.reads, 0);
	/* The null symbol alone. */
	k = put_tables(&m, m.base + TABLES, few, 1);
	assert_symbols(&m, &k, "");
	memory_close(&m);
}

/* Kernels without a table of types have them in st_info or in st_size. */
static void test_types_in_symbols(void **state)
{
	static const struct symbol symbols[] = {
		{ .name = "in_info", .value = 1, .shndx = 1, .info = 't', .size = 'x' },
		{ .name = "in_size", .value = 2, .shndx = 1, .info = 0x12, .size = 'D' },
		{ .name = "large", .value = 3, .shndx = 1, .info = 0x12, .size = 0x100 + 'd' },
		{ .name = "nowhere", .value = 4, .shndx = 1, .info = 0x12, .size = 8 },
	};
	struct memory m;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct kmodule k;

		memory_open(&m, i & 1, i & 2);
		k = put_tables(&m, m.base + TABLES, symbols, ARRAY_SIZE(symbols));
		k.typetab = 0;
		assert_symbols(&m, &k, "1 t in_info\n2 d in_size\n3 ? large\n4 ? nowhere\n");
		memory_close(&m);
	}
}

/* Without types nothing says where the strings end; here memory does. */
static void test_strings_up_to_a_hole(void **state)
{
	struct memory m;
	struct kmodule k;

	(void)state;
	for (size_t before = 1; before <= 3; before++) {
		memory_open(&m, true, false);
		k = put_tables(&m, m.base + TABLES, few, ARRAY_SIZE(few));
		/* The last string ends at the end of a page, with its NUL or without. */
		k = put_tables(&m, m.base + TABLES + STEP - (k.typetab - k.symtab) + 2 - before,
			       few, ARRAY_SIZE(few));
		m.hole = m.base + TABLES + STEP;
		m.hole_end = m.hole + STEP;
		k.typetab = 0;
		assert_symbols(&m, &k, before == 1 ?
			       "c0123450 q xfs_init\n" MARKS "c0123460 ? .text\n" PRINTK
			       "c0223450 ? xfs_data\n" :
			       "c0123450 q xfs_init\n" MARKS "c0123460 ? .text\n" PRINTK
			       "c0223450 ? xfs_data\n1 ? odd\n");
		memory_close(&m);
	}
}

static void test_lying_typetab(void **state)
{
	static const char want[] = "c0123450 ? xfs_init\n" MARKS "c0123460 ? .text\n" PRINTK
				   "c0223450 ? xfs_data\n1 ? odd\n";
	struct memory m;
	struct kmodule k, ok;

	(void)state;
	memory_open(&m, true, false);
	ok = k = put_tables(&m, m.base + TABLES, few, ARRAY_SIZE(few));
	/* At the strings, before them, far after them, nowhere: the names remain. */
	k.typetab = ok.strtab;
	assert_symbols(&m, &k, "c0123450 x xfs_init\nc0123458 f $d.1\nc0123459 s .L123\n"
		       "c0123460 ? .text\nc1000000 i printk of others\nc0223450 n xfs_data\n"
			       "1 i odd\n");
	k.typetab = m.base;
	assert_symbols(&m, &k, want);
	k.typetab = m.base + MEMORY_BYTES;
	assert_symbols(&m, &k, want);
	k.typetab = UINT64_MAX;
	assert_symbols(&m, &k, want);
	/* Within the strings: what begins before it and has its NUL there remains. */
	k.typetab = ok.strtab + 10;
	assert_symbols(&m, &k, "c0123450 d xfs_init\n");
	k.typetab = ok.strtab + 9;
	assert_symbols(&m, &k, "");
	/* Never was much more read than there is. */
	assert_true(m.longest < STEP);
	memory_close(&m);
}

static void test_bad_names(void **state)
{
	static const struct symbol symbols[] = {
		{ .name = "first", .value = 1, .shndx = 1, .type = 't' },
		/* Assemblers' names of local labels. */
		{ .name = ".L0 ", .value = 2, .shndx = 1, .type = 't' },
		{ .name = ".L1\0022", .value = 3, .shndx = 1, .type = 't' },
		{ .name = "a\nb", .value = 8, .shndx = 1, .type = 't' },
		{ .name = "\xff\xff", .value = 4, .shndx = 1, .type = 't' },
		{ .name = "beyond", .value = 5, .shndx = 1, .type = 't' },
		{ .name = "far_beyond", .value = 6, .shndx = 1, .type = 't' },
		{ .name = "last", .value = 7, .shndx = 1, .type = 't' },
	};
	struct memory m;
	struct kmodule k;

	(void)state;
	memory_open(&m, true, false);
	k = put_tables(&m, m.base + TABLES, symbols, ARRAY_SIZE(symbols));
	put_u32(&m, k.symtab + 5 * 24, k.typetab - k.strtab);
	put_u32(&m, k.symtab + 6 * 24, 0xffffffff);
	assert_symbols(&m, &k, "1 t first\n2 t .L0 \n3 t .L1\0022\n7 t last\n");
	/* Without the types only names whose end is found in the string table are given. */
	memset(m.bytes + (k.typetab - m.base), 0, k.num_symtab);
	k.typetab = 0;
	assert_symbols(&m, &k, "1 ? first\n2 ? .L0 \n3 ? .L1\0022\n7 ? last\n");
	assert_true(m.longest < STEP);
	memory_close(&m);
}

static void test_claims(void **state)
{
	struct memory m;
	struct kmodule k = { .name = "xfs", .symtab = 0xffff888000000000,
			     .strtab = 0xffff888000000000 };
	struct heard h = { .stop_after = 0 };
	int err;

	(void)state;
	memory_open(&m, true, false);
	k.num_symtab = (1 << 20) + 1;
	err = walk_symbols(&m, &k, &h);
	assert_int_equal(err, -EBADMSG);
	assert_non_null(strstr(err_text(err), "xfs claims 1048577"));
	assert_int_equal(m.reads, 0);
	k.num_symtab = UINT32_MAX;
	assert_int_equal(walk_symbols(&m, &k, &h), -EBADMSG);
	/* As many as can be, of which nothing is there. */
	k.num_symtab = 1 << 20;
	k.typetab = k.strtab + (64 << 20);
	err = walk_symbols(&m, &k, &h);
	assert_int_equal(err, -EFAULT);
	assert_non_null(strstr(err_text(err), "module xfs"));
	assert_true(m.reads < 20000);
	assert_int_equal(m.longest, 64 << 20);
	/* The strings are there, the symbols are not. */
	m.reads = m.longest = 0;
	k.strtab = m.base;
	k.typetab = m.base + STEP;
	err = walk_symbols(&m, &k, &h);
	assert_int_equal(err, -EFAULT);
	assert_non_null(strstr(err_text(err), "1048576 of 1048576 symbols of module xfs"));
	assert_true(m.reads < 60000);
	/* At the very end of the address space. */
	k.symtab = UINT64_MAX - 100;
	assert_int_equal(walk_symbols(&m, &k, &h), -EFAULT);
	k.symtab = k.strtab = UINT64_MAX - 100;
	k.typetab = 0;
	assert_int_equal(walk_symbols(&m, &k, &h), -EFAULT);
	assert_int_equal(h.nr, 0);
	memory_close(&m);
}

/* --- many symbols ------------------------------------------------------------- */

/* nr of them; each has 8 bytes of name. */
static struct kmodule put_many(struct memory *m, uint32_t nr)
{
	struct symbol *symbols = calloc(nr, sizeof(*symbols));
	char (*text)[8] = calloc(nr, sizeof(*text));
	struct kmodule k;

	assert_true(symbols && text);
	for (uint32_t i = 0; i < nr; i++) {
		snprintf(text[i], sizeof(text[i]), "s%06u", (unsigned int)(i % 1000000));
		symbols[i] = (struct symbol){ .name = text[i], .value = i, .shndx = 1,
					      .type = 'a' + i % 26 };
	}
	k = put_tables(m, m->base + TABLES, symbols, nr);
	free(symbols);
	free(text);
	return k;
}

/* Check that each symbol is given once, in order, with its own type. */
static int count(void *ctx, const struct kmodule_symbol *sym)
{
	uint32_t *next = ctx;
	char name[16];

	snprintf(name, sizeof(name), "s%06" PRIu32, *next);
	assert_string_equal(sym->name, name);
	assert_int_equal(sym->value, *next);
	assert_int_equal(sym->type, 'a' + *next % 26);
	++*next;
	return 0;
}

static void test_pieces(void **state)
{
	enum { N = 150000 };
	struct memory m;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t next = 0;
		struct kmodule k;

		memory_open(&m, i & 1, i & 2);
		k = put_many(&m, N);
		assert_int_equal(kmodule_for_each_symbol(&k, &m.mem, count, &next), 0);
		assert_int_equal(next, N);
		/* The strings at once; two reads for each MiB of symbols. */
		assert_int_equal(m.reads, 1 + 2 * (m.mem.is64 ? 4 : 3));
		assert_int_equal(m.longest, k.typetab - k.strtab);
		memory_close(&m);
	}
}

/* Without types, the names say how much of the strings is read. */
static void test_many_without_types(void **state)
{
	enum { N = 50000 };
	struct memory m;
	struct kmodule k;
	struct heard h = { .stop_after = 0 };

	(void)state;
	memory_open(&m, false, false);
	k = put_many(&m, N);
	k.typetab = 0;
	assert_int_equal(walk_symbols(&m, &k, &h), 0);
	assert_int_equal(h.nr, N);
	/* The symbols twice, the strings once. */
	assert_int_equal(m.reads, 3);
	assert_int_equal(m.longest, N * 16);
	memory_close(&m);
}

static void test_stop(void **state)
{
	static const int with[] = { 7, -EFAULT, -ENOENT };
	struct memory m;
	struct kmodule k;

	(void)state;
	memory_open(&m, true, false);
	k = put_many(&m, 1000);
	/* Also where symbols are read in small pieces. */
	for (unsigned int hole = 0; hole < 2; hole++) {
		m.hole = k.symtab + 900 * 24;
		m.hole_end = m.hole + hole;
		for (size_t i = 0; i < ARRAY_SIZE(with); i++) {
			struct heard h = { .stop_after = 70, .stop_with = with[i] };

			assert_int_equal(walk_symbols(&m, &k, &h), with[i]);
			assert_int_equal(h.nr, 70);
		}
	}
	memory_close(&m);
}

static void test_hole_in_symbols(void **state)
{
	struct memory m;
	struct kmodule k;
	struct heard h = { .stop_after = 0 };
	unsigned int lost;
	int err;

	(void)state;
	memory_open(&m, true, false);
	k = put_many(&m, 5000);
	m.hole = k.symtab + 2000 * 24 + 5;
	m.hole_end = m.hole + STEP;
	err = walk_symbols(&m, &k, &h);
	assert_int_equal(err, -EFAULT);
	assert_int_equal(sscanf(err_text(err), "%u of 5000 symbols of module xfs", &lost), 1);
	assert_int_equal(h.nr + lost, 5000);
	/* The page has 171 of them; some more are read with them. */
	assert_in_range(lost, 171, 171 + 2 * 64);
	assert_true(m.reads < 50);

	/* Those around it were given. */
	assert_non_null(strstr(h.text, "\n64 w s000100\n"));
	m.hole_end = m.hole;
	m.failing = k.symtab + 100;
	m.fail_with = -EIO;
	err = walk_symbols(&m, &k, &h);
	assert_int_equal(err, -EIO);
	assert_non_null(strstr(err_text(err), "module xfs"));
	m.failing = k.strtab + 100;
	assert_int_equal(walk_symbols(&m, &k, &h), -EIO);
	m.failing = k.typetab + 100;
	assert_int_equal(walk_symbols(&m, &k, &h), -EIO);
	memory_close(&m);
}

static void test_hole_in_strings(void **state)
{
	struct memory m;
	struct kmodule k;
	struct heard h = { .stop_after = 0 };

	(void)state;
	memory_open(&m, true, false);
	k = put_many(&m, 5000);
	/* A page of names; one begins with it. */
	m.hole = (k.strtab + 2 * STEP) / STEP * STEP;
	m.hole_end = m.hole + STEP;
	assert_int_equal(walk_symbols(&m, &k, &h), 0);
	assert_int_equal((m.hole - k.strtab) % 8, 0);
	assert_int_equal(h.nr, 5000 - STEP / 8);

	/* A name that begins before the hole is lost too. */
	memmove(m.bytes + (k.strtab + 4 - m.base), m.bytes + (k.strtab - m.base), 40000);
	k.strtab += 4;
	k.typetab += 4;
	memset(m.bytes + (k.typetab - m.base), 't', 5000);
	assert_int_equal(walk_symbols(&m, &k, &h), 0);
	assert_int_equal(h.nr, 5000 - STEP / 8 - 1);

	/* Nothing is left. */
	m.hole = k.strtab;
	m.hole_end = k.typetab;
	assert_int_equal(walk_symbols(&m, &k, &h), -EFAULT);
	assert_int_equal(h.nr, 0);
	assert_non_null(strstr(err_text(-EFAULT), "names of module xfs"));
	memory_close(&m);
}

/* The type of the first symbol of the second piece. */
static int type_of_later(void *ctx, const struct kmodule_symbol *sym)
{
	if (sym->value == (1 << 20) / 24)
		*(char *)ctx = sym->type;
	return 0;
}

static void test_hole_in_types(void **state)
{
	struct memory m;
	struct kmodule k;
	char type = 0;

	(void)state;
	memory_open(&m, true, false);
	k = put_tables(&m, m.base + TABLES, few, ARRAY_SIZE(few));
	m.hole = k.typetab + 3;
	m.hole_end = m.hole + 1;
	assert_symbols(&m, &k, "c0123450 ? xfs_init\n" MARKS "c0123460 ? .text\n" PRINTK
		       "c0223450 ? xfs_data\n"
			       "1 ? odd\n");
	memory_close(&m);

	memory_open(&m, true, false);
	k = put_many(&m, 50000);
	assert_int_equal(kmodule_for_each_symbol(&k, &m.mem, type_of_later, &type), 0);
	assert_int_equal(type, 'a' + (1 << 20) / 24 % 26);
	m.hole = k.typetab + 49000;
	m.hole_end = m.hole + 1;
	assert_int_equal(kmodule_for_each_symbol(&k, &m.mem, type_of_later, &type), 0);
	assert_int_equal(type, '?');
	memory_close(&m);
}

/* The second words of the list_heads. */
static void link_back(struct memory *m, unsigned int n)
{
	vaddr_t last = modules_head(m);

	for (unsigned int i = 0; i < n; i++) {
		put_word(m, node_of(m, i) + vmem_ulong_size(&m->mem), last);
		last = node_of(m, i);
	}
	put_word(m, modules_head(m) + vmem_ulong_size(&m->mem), last);
}

/* Modules after a break of the list are found from its end. */
static void test_list_from_its_end(void **state)
{
	static const struct {
		unsigned int broken;
		uint64_t next; /* of this module; 1: it cannot be read */
		const char *names;
	} cases[] = {
		{ 1, 0, "xfs dm_mod loop ext4 snd-hda" },
		{ 1, 1, "xfs loop ext4 snd-hda" },
		{ 3, 0xdead000000000100, "xfs dm_mod snd-hda ext4 loop" },
		{ 0, 1, "loop ext4 snd-hda dm_mod" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct module_list list;
		struct memory m;

		make_modules(&m, true, false);
		link_back(&m, ARRAY_SIZE(names));
		if (cases[i].next == 1) {
			m.hole = module_at(&m, cases[i].broken);
			m.hole_end = m.hole + STEP;
		} else {
			put_next(&m, cases[i].broken, cases[i].next);
		}
		read_list(&m, &list);
		assert_names(&list, cases[i].names);
		assert_string_not_equal(list.why, "");
		module_list_free(&list);
		memory_close(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_from_its_end),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_empty_list),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_unformed),
		cmocka_unit_test(test_coming),
		cmocka_unit_test(test_name_size),
		cmocka_unit_test(test_missing_facts),
		cmocka_unit_test(test_missing_tables),
		cmocka_unit_test(test_missing_btf),
		cmocka_unit_test(test_lying_facts),
		cmocka_unit_test(test_bad_next),
		cmocka_unit_test(test_next_unreadable),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_bad_head),
		cmocka_unit_test(test_bad_entries),
		cmocka_unit_test(test_entry_with_hole),
		cmocka_unit_test(test_other_errors),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_damaged_btf),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_64_bit_values),
		cmocka_unit_test(test_no_symbols),
		cmocka_unit_test(test_types_in_symbols),
		cmocka_unit_test(test_strings_up_to_a_hole),
		cmocka_unit_test(test_lying_typetab),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_many_without_types),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_hole_in_symbols),
		cmocka_unit_test(test_hole_in_strings),
		cmocka_unit_test(test_hole_in_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
