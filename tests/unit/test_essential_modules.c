// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Essential pages of modules of a miniature machine: data, exported symbols, attributes, and the
 * code that stacks lead to; damage of a module costs only what it hides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "tests/unit/essential.h"

/* Code of the image is from page 0x210 to 0x21f. */
#define IMAGE \
	"set SYMBOL(_stext) ${stext+0x10*P:x}\n" \
	"set SYMBOL(_etext) ${stext+0x20*P:x}\n"

/* A struct module: its list_head is at 8, its name at 24. */
#define LIST \
	"set SYMBOL(modules) ${stext+0x184400:x}\n" \
	"set OFFSET(module.state) 0\n" \
	"set OFFSET(module.list) 8\n" \
	"set OFFSET(module.name) 24\n" \
	"u64 p(stext+0x184400) direct+0xe20*P+8 direct+0xe60*P+8\n" \
	"u64 0xe20*P+8 direct+0xe60*P+8 stext+0x184400\n" \
	"text 0xe20*P+24 first\n" \
	"u64 0xe60*P+8 stext+0x184400 direct+0xe20*P+8\n" \
	"text 0xe60*P+24 second\n"

/*
 * Pieces of the first module: code in 0xe22 and 0xe23, data from the middle of 0xe26 to that of
 * 0xe27, constants in 0xe2a, data that are constant later in 0xe2c. Of the second one: code in
 * 0xe62, data in 0xe64.
 */
#define PIECES \
	"set OFFSET(module.mem) 32\n" \
	"set OFFSET(module_memory.base) 0\n" \
	"set OFFSET(module_memory.size) 8\n" \
	"set SIZE(module_memory) 16\n" \
	"set NUMBER(MOD_TEXT) 0\n" \
	"set NUMBER(MOD_RODATA) 2\n" \
	"u64 0xe20*P+32 direct+0xe22*P 2*P direct+0xe26*P+0x800 P direct+0xe2a*P P direct+0xe2c*P P\n" \
	"u64 0xe60*P+32 direct+0xe62*P P direct+0xe64*P P\n"

/*
 * Symbols that the first module exports: two in 0xe30, whose names are in 0xe2f and 0xe31; of the
 * names up to 2048 bytes are read. Those for GPL modules: one in 0xe34, with its name in 0xe36.
 */
#define EXPORTS \
	"set OFFSET(module.syms) 128\n" \
	"set OFFSET(module.num_syms) 136\n" \
	"set OFFSET(module.gpl_syms) 144\n" \
	"set OFFSET(module.num_gpl_syms) 152\n" \
	"set OFFSET(kernel_symbol.name) 8\n" \
	"set SIZE(kernel_symbol) 16\n" \
	"u64 0xe20*P+128 direct+0xe30*P 2 direct+0xe34*P 1\n" \
	"u64 0xe30*P 0 direct+0xe2f*P+0xf00 0 direct+0xe31*P+0x900\n" \
	"u64 0xe34*P 0 direct+0xe36*P\n"
/* The same names by their distances. */
#define DISTANCES \
	"set OFFSET(kernel_symbol.name_offset) 4\n" \
	"set SIZE(kernel_symbol) 8\n" \
	"u32 0xe30*P 0 0xfffff000+0xf00-4 0 P+0x900-12\n" \
	"u32 0xe34*P 0 2*P-4\n"

/*
 * ORC tables of both modules: the first one's are in 0xe38 and 0xe39, and in 0xe3c and 0xe3d, the
 * second one's in 0xe68 and 0xe6a.
 */
#define ORCS \
	"set SIZE(orc_entry) 6\n" \
	"u64 0xe20*P+160 direct+0xe38*P+0x800 direct+0xe3c*P 683\n" \
	"u64 0xe60*P+160 direct+0xe68*P direct+0xe6a*P 600\n"
/* The task at 0xe48 has a stack at 0xe50, of which a word leads to code of the first module. */
#define STACK(word) \
	"set OFFSET(task_struct.tasks) 0\n" \
	"set OFFSET(task_struct.signal) 16\n" \
	"set OFFSET(task_struct.thread_node) 32\n" \
	"set OFFSET(task_struct.stack) 48\n" \
	"set OFFSET(signal_struct.thread_head) 0\n" \
	"set SYMBOL(init_task) ${stext+0x184500:x}\n" \
	"u64 p(stext+0x184500) direct+0xe48*P direct+0xe48*P\n" \
	"u64 0xe48*P stext+0x184500 stext+0x184500 direct+0xe48*P+0x400 0\n" \
	"u64 0xe48*P+32 direct+0xe48*P+0x400 direct+0xe48*P+0x400 direct+0xe50*P\n" \
	"u64 0xe48*P+0x400 direct+0xe48*P+32 direct+0xe48*P+32\n" \
	"u64 0xe50*P+0x108 " word "\n"

/*
 * Attributes of sections of the first module: an array in 0xe3e, of two; the second one has the
 * address of its section, which is after it, in 0xe41, and its name in 0xe42. The notes are in a
 * group, with an array in 0xe44, and in 0xe46 and 0xe47.
 */
#define ATTRIBUTES \
	"set OFFSET(module.sect_attrs) 192\n" \
	"set OFFSET(module.notes_attrs) 200\n" \
	"set OFFSET(bin_attribute.private) 16\n" \
	"set OFFSET(bin_attribute.size) 24\n" \
	"set SIZE(bin_attribute) 64\n" \
	"u64 0xe20*P+192 direct+0xe3e*P direct+0xe44*P\n" \
	"u64 0xe3e*P+8 direct+0xe3e*P+0x100\n" \
	"u64 0xe3e*P+0x100 direct+0xe3f*P direct+0xe41*P-64 0 direct+0xe43*P\n" \
	"u64 0xe41*P-64 direct+0xe42*P\n"
#define NOTE_GROUP \
	"u64 0xe44*P+16 direct+0xe44*P+0x100\n" \
	"u64 0xe44*P+0x100 direct+0xe44*P+0x200 0\n" \
	"u64 0xe44*P+0x200 0 0 direct+0xe46*P+0x800 P\n"
/* Before Linux 6.14: an array. */
#define NOTE_ARRAY \
	"set OFFSET(module_notes_attrs.notes) 0\n" \
	"set OFFSET(module_notes_attrs.attrs) 32\n" \
	"u64 0xe44*P 2\n" \
	"u64 0xe44*P+32+64 0 0 direct+0xe46*P+0x800 P\n"

#define MODULES(notes) \
	IMAGE LIST PIECES EXPORTS ORCS STACK("direct+0xe23*P+0x200") ATTRIBUTES notes

/*
 * Pointers of the second module lead nowhere, and its numbers are the largest ones. Names of
 * symbols for GPL modules are too far apart, attributes without end: of these 1024 are read.
 */
#define NOWHERE " 0x4560 0xffffffffffffffff"
#define WILD \
	"u64 0xe60*P+32" NOWHERE NOWHERE NOWHERE NOWHERE "\n" \
	"u64 0xe60*P+128" NOWHERE NOWHERE NOWHERE NOWHERE NOWHERE "\n" \
	"u64 0xe60*P+144 direct+0xe62*P 2\n" \
	"u64 0xe62*P 0 direct+0xc00*P 0 direct+0xe64*P\n" \
	"u64 0xe60*P+192 direct+0xe68*P\n" \
	"u64 0xe68*P+8 direct+0xe6a*P\n" \
	"page 0xe6a..0xe6e byte 0xff\n"
/*
 * Pointers of the second module lead to 0xe66, whose words are its address: attributes without end,
 * names far apart, and as much of everything as a number can tell.
 */
#define HUGE \
	"page 0xe66 byte 0xff\n" \
	"u64 0xe66*P+8 direct+0xe66*P direct+0xe66*P direct+0xe66*P\n" \
	"u64 0xe60*P+32 direct+0x8400*P 0xffffffffffffffff direct+0x8400*P 0xffffffffffffffff\n" \
	"u64 0xe60*P+128 direct+0xe66*P 0xffffffffffffffff direct+0xe66*P 0xffffffffffffffff\n" \
	"u64 0xe60*P+160 direct+0xe68*P direct+0xe6a*P 0xffffffffffffffff\n" \
	"u64 0xe60*P+192 direct+0xe66*P direct+0xe66*P\n"

/* Before Linux 6.4: all memory of a module in one piece, of which the first part is constant. */
#define LAYOUT \
	"u64 0xe20*P+216 direct+0xe70*P\n" \
	"u32 0xe20*P+224 4*P 2*P\n"
#define WRONG_LAYOUT LAYOUT "u32 0xe20*P+224 4*P 4*P+1\n"
#define HUGE_LAYOUT LAYOUT "u32 0xe20*P+224 0xffffffff 0\n"

static const struct core_text texts[] = {
	{ "modules", MODULES(NOTE_GROUP) },
	{ "distances", MODULES(NOTE_GROUP) DISTANCES },
	{ "array", MODULES(NOTE_ARRAY) },
	{ "unused", IMAGE LIST PIECES ORCS STACK("direct+0xe24*P") },
	{ "wild", MODULES(NOTE_GROUP) WILD },
	{ "huge", MODULES(NOTE_GROUP) HUGE },
	{ "layout", IMAGE LIST LAYOUT },
	{ "wrong-layout", IMAGE LIST WRONG_LAYOUT },
	{ "huge-layout", IMAGE LIST HUGE_LAYOUT },
};

static const struct essential_fact facts[] = {
	{ "module.mem", 0, 4 * 16 },
	{ "kernel_symbol.name_offset", 0, 4 },
	{ "module.arch.orc_unwind_ip", 160, 0 },
	{ "module.arch.orc_unwind", 168, 0 },
	{ "module.arch.num_orcs", 176, 0 },
	{ "module_sect_attrs.grp.bin_attrs", 8, 0 },
	{ "module_notes_attrs.grp.bin_attrs", 16, 0 },
	{ "bin_attribute.attr.name", 0, 0 },
};

static const struct essential_fact layout_facts[] = {
	{ "module.core_layout.base", 216, 0 },
	{ "module.core_layout.size", 224, 4 },
	{ "module.core_layout.ro_size", 228, 4 },
};

static void find(struct found *f, void **state, const char *name)
{
	essential_search(f, *state, name, facts, ARRAY_SIZE(facts));
}

#define CHECK_PIECES(f) CHECK_PAGES(f, 0xe20, 0xe2e, 0xe20, 0xe22, 0xe23, 0xe26, 0xe27, 0xe2c)
#define CHECK_EXPORTS(f) CHECK_PAGES(f, 0xe2e, 0xe38, 0xe2f, 0xe30, 0xe31, 0xe32, 0xe34, 0xe36)
#define CHECK_ORCS(f) CHECK_PAGES(f, 0xe38, 0xe3e, 0xe38, 0xe39, 0xe3c, 0xe3d)
#define CHECK_ATTRIBUTES(f) \
	CHECK_PAGES(f, 0xe3e, 0xe48, 0xe3e, 0xe3f, 0xe40, 0xe41, 0xe42, 0xe44, 0xe46, 0xe47)

static void check_first(const struct found *f)
{
	CHECK_PIECES(f);
	CHECK_EXPORTS(f);
	CHECK_ORCS(f);
	CHECK_ATTRIBUTES(f);
}

static void test_modules(void **state)
{
	struct found f;

	find(&f, state, "modules");
	check_first(&f);
	/* No stack leads to the second one. */
	CHECK_PAGES(&f, 0xe60, 0xe70, 0xe60, 0xe64);
	forget(&f);
}

static void test_unused(void **state)
{
	struct found f;

	/* The word is the end of the code, which is in no function. */
	find(&f, state, "unused");
	CHECK_PAGES(&f, 0xe20, 0xe2e, 0xe20, 0xe26, 0xe27, 0xe2c);
	CHECK_PAGES(&f, 0xe38, 0xe3e);
	forget(&f);
}

/* As kernels of other ages have them. */
static void test_forms(void **state)
{
	struct found f;

	find(&f, state, "distances");
	check_first(&f);
	forget(&f);
	find(&f, state, "array");
	check_first(&f);
	forget(&f);
}

static void test_layout(void **state)
{
	static const struct {
		const char *name;
		pfn_t first; /* that is essential */
		pfn_t end;
	} cases[] = {
		{ "layout", 0xe72, 0xe74 },
		{ "wrong-layout", 0xe70, 0xe74 },
		{ "huge-layout", 0xe70, 0xe80 },
	};
	struct found f;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		essential_search(&f, *state, cases[i].name, layout_facts,
				 ARRAY_SIZE(layout_facts));
		for (pfn_t pfn = 0xe6f; pfn < 0xe80; pfn++)
			assert_int_equal(has(&f, pfn),
					 pfn >= cases[i].first && pfn < cases[i].end);
		forget(&f);
	}
}

static void test_damage(void **state)
{
	struct found f;

	find(&f, state, "wild");
	check_first(&f);
	CHECK_PAGES(&f, 0xe60, 0xe70, 0xe60, 0xe62, 0xe68, 0xe6a, 0xe6b);
	forget(&f);
	/* Pages 0xe66 to 0xf65 have the first 2^16 symbols of 2^64 - 1. */
	find(&f, state, "huge");
	check_first(&f);
	assert_true(has(&f, 0x8400));
	CHECK_PAGES(&f, 0xe48, 0xe66, 0xe48, 0xe50, 0xe51, 0xe52, 0xe53, 0xe60);
	assert_true(has(&f, 0xf65));
	CHECK_PAGES(&f, 0xf66, 0x1000);
	forget(&f);
}

static int setup(void **state)
{
	struct cores *c = calloc(1, sizeof(*c));

	*state = c;
	return !c || cores_make(c, "mini-x86_64.txt", NULL, texts, ARRAY_SIZE(texts));
}

static int teardown(void **state)
{
	struct cores *c = *state;
	int err = cores_remove(c);

	free(c);
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modules), cmocka_unit_test(test_unused),
		cmocka_unit_test(test_forms),	cmocka_unit_test(test_layout),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
