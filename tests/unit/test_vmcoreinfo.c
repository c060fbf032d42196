// SPDX-License-Identifier: GPL-2.0-or-later
/* VMCOREINFO text, from well-formed to garbage, and what becomes of declarations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "facts/declare.h"
#include "facts/vmcoreinfo.h"
#include "lib/elf_machine.h"
#include "lib/types.h"

INIT_MOD_SYM(vmlinux, some_symbol);
INIT_OPT_MOD_SYM(vmlinux, other_symbol);
INIT_MOD_SYM(some_module, some_symbol);
INIT_MOD_STRUCT(vmlinux, thing);
INIT_MOD_STRUCT_MEMBER(vmlinux, thing, part);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, sizeless, part);
INIT_MOD_NUM(vmlinux, some_number);
INIT_OPT_MOD_NUM(vmlinux, other_number);
INIT_MOD_VAR_LEN(vmlinux, array);
INIT_MOD_MEMBER_LEN(vmlinux, thing, list);

/* A text that ends where an inaccessible page begins. */
struct guarded_text {
	char *map;
	size_t page;
	struct vmcoreinfo vi;
};

static void text_init(struct guarded_text *t, const char *text)
{
	size_t len = strlen(text);

	t->page = sysconf(_SC_PAGESIZE);
	t->map = mmap(NULL, 2 * t->page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	assert_ptr_not_equal(t->map, MAP_FAILED);
	assert_true(len <= t->page);
	assert_int_equal(mprotect(t->map + t->page, t->page, PROT_NONE), 0);
	t->vi.text = memcpy(t->map + t->page - len, text, len);
	t->vi.size = len;
}

static void text_deinit(struct guarded_text *t)
{
	munmap(t->map, 2 * t->page);
}

/* The value of a key, or NULL. */
static char *value_of(const char *text, const char *key, char *buf, size_t size)
{
	struct guarded_text t;
	bool found, again;
	const char *val;
	size_t len;

	text_init(&t, text);
	found = vmcoreinfo_find(&t.vi, key, &val, &len);
	again = vmcoreinfo_string(&t.vi, key, buf, size);
	assert_int_equal(found, again);
	if (found && strlen(buf) < size - 1) {
		assert_int_equal(len, strlen(buf));
		assert_memory_equal(val, buf, len);
	}
	text_deinit(&t);
	return found ? buf : NULL;
}

static void test_find(void **state)
{
	static const struct {
		const char *text, *value;	/* of KEY */
	} cases[] = {
		{ "KEY=value\n", "value" },
		{ "KEY=value", "value" },
		{ "KEY=", "" },
		{ "KEY=\nX=1\n", "" },
		{ "\n\nKEY=a=b c\n", "a=b c" },
		{ "KEY=first\nKEY=second\n", "first" },
		{ "XKEY=1\nKEYX=2\nKE=3\n KEY=4\nkey=5\nKEY =6\nKEY=7\n", "7" },
		{ "KEY\nKEY:1\n=KEY=2\nKEY=3\n", "3" },
		{ "KEY", NULL },
		{ "KE", NULL },
		{ "", NULL },
		{ "\n", NULL },
		{ "X=KEY=1", NULL },
		{ "KEYKEY=1", NULL },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *got = value_of(cases[i].text, "KEY", buf, sizeof(buf));

		if (!cases[i].value)
			assert_null(got);
		else if (!got)
			fail_msg("nothing found in \"%s\"", cases[i].text);
		else
			assert_string_equal(got, cases[i].value);
	}
}

/* A dump without VMCOREINFO. */
static void test_no_text(void **state)
{
	struct vmcoreinfo vi = { .text = NULL, .size = 0 };
	char buf[8] = "old";
	const char *val;
	size_t len;

	(void)state;
	assert_false(vmcoreinfo_find(&vi, "KEY", &val, &len));
	assert_false(vmcoreinfo_string(&vi, "KEY", buf, sizeof(buf)));
	assert_string_equal(buf, "");
}

static void test_string(void **state)
{
	char buf[8];

	(void)state;
	assert_string_equal(value_of("A=1234567\n", "A", buf, 8), "1234567");
	assert_string_equal(value_of("A=12345678\n", "A", buf, 8), "1234567");
	assert_string_equal(value_of("A=1", "A", buf, 1), "");
	strcpy(buf, "old");
	assert_null(value_of("A=1", "B", buf, 8));
	assert_string_equal(buf, "");
}

/* NUL bytes and other noise are characters like any other. */
static void test_binary_noise(void **state)
{
	static const char text[] = "\0\0\xff\xfe\nA\0B=1\nKEY=x\0y\n\0KEY2=5\nLAST=7";
	struct vmcoreinfo vi = { .text = text, .size = sizeof(text) - 1 };
	const char *val;
	char buf[16];
	size_t len;

	(void)state;
	assert_true(vmcoreinfo_find(&vi, "KEY", &val, &len));
	assert_int_equal(len, 1);
	assert_true(vmcoreinfo_string(&vi, "KEY", buf, sizeof(buf)));
	assert_string_equal(buf, "x");
	assert_true(vmcoreinfo_find(&vi, "KEY2", &val, &len));
	assert_true(vmcoreinfo_find(&vi, "LAST", &val, &len));
	assert_int_equal(len, 1);
}

static void test_number(void **state)
{
	static const struct {
		const char *text;
		bool hex, good;
		uint64_t value;
	} cases[] = {
		{ "0", false, true, 0 },
		{ "1234567890", false, true, 1234567890 },
		{ "007", false, true, 7 },
		{ "-1", false, true, -1 },
		{ "-0", false, true, 0 },
		{ "-201326592", false, true, -201326592 },
		{ "18446744073709551615", false, true, UINT64_MAX },
		{ "-9223372036854775808", false, true, UINT64_C(1) << 63 },
		{ "0x1f", false, true, 0x1f },
		{ "0XaBc", false, true, 0xabc },
		{ "0xffffffffffffffff", false, true, UINT64_MAX },
		{ "-0x10", false, true, -16 },
		{ "ffffffff81000000", true, true, UINT64_C(0xffffffff81000000) },
		{ "FFFFFFFF81000000", true, true, UINT64_C(0xffffffff81000000) },
		{ "10", true, true, 16 },
		{ "0x10", true, true, 16 },
		{ "0", true, true, 0 },
		{ "00000000000000000000000000000000000001", true, true, 1 },
		{ "18446744073709551616", false, false, 0 },
		{ "184467440737095516150", false, false, 0 },
		{ "-9223372036854775809", false, false, 0 },
		{ "10000000000000000", true, false, 0 },
		{ "0x10000000000000000", false, false, 0 },
		{ "", false, false, 0 },
		{ "", true, false, 0 },
		{ "-", false, false, 0 },
		{ "--1", false, false, 0 },
		{ "+1", false, false, 0 },
		{ " 1", false, false, 0 },
		{ "1 ", false, false, 0 },
		{ "1\r", false, false, 0 },
		{ "1f", false, false, 0 },
		{ "0x", false, false, 0 },
		{ "0xg", false, false, 0 },
		{ "x1", false, false, 0 },
		{ "-1", true, false, 0 },
		{ "1.5", false, false, 0 },
		{ "1e3", false, false, 0 },
		{ "12\00034", false, true, 12 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct guarded_text t;
		uint64_t got = 0x5555;
		bool good;

		text_init(&t, cases[i].text);
		good = vmcoreinfo_number(t.vi.text, t.vi.size, cases[i].hex, &got);
		text_deinit(&t);
		if (good != cases[i].good)
			fail_msg("\"%s\" is a number or not?", cases[i].text);
		if (good)
			assert_int_equal(got, cases[i].value);
	}
	/* All characters count, a NUL too. */
	assert_false(vmcoreinfo_number("12\00034", 5, false, &(uint64_t){ 0 }));
}

static int forget(void **state)
{
	struct fact_set set = facts_of_program();

	(void)state;
	facts_reset(&set);
	return 0;
}

static void resolve(const char *text, enum fact_source source, char *bad, size_t bad_size)
{
	struct fact_set set = facts_of_program();
	struct guarded_text t;

	text_init(&t, text);
	vmcoreinfo_resolve(&t.vi, &set, source, bad, bad_size);
	text_deinit(&t);
}

static void assert_nothing_known(void)
{
	assert_false(MOD_SYM_EXIST(vmlinux, some_symbol));
	assert_false(MOD_SYM_EXIST(vmlinux, other_symbol));
	assert_false(MOD_SYM_EXIST(some_module, some_symbol));
	assert_false(MOD_STRUCT_EXIST(vmlinux, thing));
	assert_false(MOD_STRUCT_MEMBER_EXIST(vmlinux, thing, part));
	assert_false(MOD_STRUCT_MEMBER_EXIST(vmlinux, sizeless, part));
	assert_false(MOD_NUM_EXIST(vmlinux, some_number));
	assert_false(MOD_NUM_EXIST(vmlinux, other_number));
	assert_false(MOD_VAR_LEN_EXIST(vmlinux, array));
	assert_false(MOD_MEMBER_LEN_EXIST(vmlinux, thing, list));
}

static void test_resolve(void **state)
{
	char bad[64];

	(void)state;
	assert_nothing_known();
	resolve("OSRELEASE=6.12.0\n"
		"SYMBOL(some_symbol)=ffffffff81234567\n"
		"SIZE(thing)=64\n"
		"OFFSET(thing.part)=24\n"
		"OFFSET(sizeless.part)=8\n"
		"NUMBER(some_number)=-129\n"
		"NUMBER(other_number)=0xffff000000000000\n"
		"LENGTH(array)=2048\n"
		"LENGTH(thing.list)=11", FACT_VMCOREINFO, bad, sizeof(bad));
	assert_string_equal(bad, "");
	assert_true(MOD_SYM_EXIST(vmlinux, some_symbol));
	assert_int_equal(GET_MOD_SYM(vmlinux, some_symbol), 0xffffffff81234567);
	assert_int_equal(GET_MOD_SYM_PTR(vmlinux, some_symbol)->index, FACT_VMCOREINFO);
	assert_false(MOD_SYM_EXIST(vmlinux, other_symbol));
	/* The text is about vmlinux alone. */
	assert_false(MOD_SYM_EXIST(some_module, some_symbol));
	assert_true(MOD_STRUCT_EXIST(vmlinux, thing));
	assert_int_equal(GET_MOD_STRUCT_SSIZE(vmlinux, thing), 64);
	assert_int_equal(GET_MOD_STRUCT_MEMBER_MOFF(vmlinux, thing, part), 24 * 8);
	assert_int_equal(GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, thing, part), 64);
	assert_int_equal(GET_MOD_STRUCT_MEMBER_MSIZE(vmlinux, thing, part), 0);
	assert_int_equal(GET_MOD_STRUCT_MEMBER_MOFF(vmlinux, sizeless, part), 8 * 8);
	assert_int_equal(GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, sizeless, part), 0);
	assert_int_equal(GET_MOD_NUM(vmlinux, some_number), -129);
	assert_int_equal(GET_MOD_NUM(vmlinux, other_number), (int64_t)0xffff000000000000);
	assert_int_equal(GET_MOD_VAR_LEN(vmlinux, array), 2048);
	assert_int_equal(GET_MOD_MEMBER_LEN(vmlinux, thing, list), 11);
}

/* Architectures write some numbers of theirs under their bare names, in hexadecimal. */
static void test_bare_numbers(void **state)
{
	char bad[64];

	resolve("some_number=3ffe0000000\nother_number=zz\nsome_symbol=1000\nthing=8\n",
		FACT_VMCOREINFO, bad, sizeof(bad));
	assert_int_equal(GET_MOD_NUM(vmlinux, some_number), 0x3ffe0000000);
	assert_false(MOD_NUM_EXIST(vmlinux, other_number));
	assert_string_equal(bad, "other_number=zz");
	assert_false(MOD_SYM_EXIST(vmlinux, some_symbol));
	assert_false(MOD_STRUCT_EXIST(vmlinux, thing));
	/* The key with its kind counts if there are both. */
	forget(state);
	resolve("some_number=10\nNUMBER(some_number)=10\n", FACT_VMCOREINFO, bad, sizeof(bad));
	assert_int_equal(GET_MOD_NUM(vmlinux, some_number), 10);
	assert_string_equal(bad, "");
}

/* A later provider changes no fact of an earlier one; it adds the missing ones. */
static void test_first_provider_wins(void **state)
{
	char bad[64];

	(void)state;
	resolve("SYMBOL(some_symbol)=1000\nNUMBER(some_number)=1\nLENGTH(array)=3\n"
		"OFFSET(thing.part)=4\n", FACT_FILE, bad, sizeof(bad));
	resolve("SYMBOL(some_symbol)=2000\nSYMBOL(other_symbol)=3000\nNUMBER(some_number)=2\n"
		"LENGTH(array)=4\nOFFSET(thing.part)=8\nSIZE(thing)=16\n", FACT_VMCOREINFO, bad,
		sizeof(bad));
	assert_int_equal(GET_MOD_SYM(vmlinux, some_symbol), 0x1000);
	assert_int_equal(GET_MOD_SYM_PTR(vmlinux, some_symbol)->index, FACT_FILE);
	assert_int_equal(GET_MOD_SYM(vmlinux, other_symbol), 0x3000);
	assert_int_equal(GET_MOD_SYM_PTR(vmlinux, other_symbol)->index, FACT_VMCOREINFO);
	assert_int_equal(GET_MOD_NUM(vmlinux, some_number), 1);
	assert_int_equal(GET_MOD_VAR_LEN(vmlinux, array), 3);
	assert_int_equal(GET_MOD_STRUCT_MEMBER_MOFF(vmlinux, thing, part), 4 * 8);
	assert_int_equal(GET_MOD_STRUCT_SSIZE(vmlinux, thing), 16);
	forget(NULL);
	assert_nothing_known();
}

static void test_duplicate_keys(void **state)
{
	char bad[64];

	(void)state;
	resolve("NUMBER(some_number)=5\nNUMBER(some_number)=6\n"
		"LENGTH(array)=x\nLENGTH(array)=7\n", FACT_VMCOREINFO, bad, sizeof(bad));
	assert_int_equal(GET_MOD_NUM(vmlinux, some_number), 5);
	assert_false(MOD_VAR_LEN_EXIST(vmlinux, array));
	assert_string_equal(bad, "LENGTH(array)=x");
}

/* A value that is invalid is as good as missing, and is reported. */
static void test_bad_values(void **state)
{
	static const char *const lines[] = {
		"SYMBOL(some_symbol)=xyz",
		"SYMBOL(some_symbol)=",
		"SYMBOL(some_symbol)=-1",
		"SYMBOL(some_symbol)=10000000000000000",
		"SIZE(thing)=sixty",
		"SIZE(thing)=-64",
		"SIZE(thing)=99999999999",
		"SIZE(thing)=18446744073709551615",
		"OFFSET(thing.part)=-8",
		"OFFSET(thing.part)=16777217",
		"OFFSET(sizeless.part)=1 ",
		"NUMBER(some_number)=1.5",
		"NUMBER(some_number)=99999999999999999999",
		"LENGTH(array)=-1",
		"LENGTH(array)=4294967296",
		"LENGTH(thing.list)=eleven",
	};
	char bad[64], text[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		snprintf(text, sizeof(text), "A=1\n%s\nB=2\n", lines[i]);
		forget(NULL);
		resolve(text, FACT_VMCOREINFO, bad, sizeof(bad));
		assert_string_equal(bad, lines[i]);
		assert_nothing_known();
		/* The caller need not give a buffer for the bad line. */
		resolve(text, FACT_VMCOREINFO, NULL, 0);
		assert_nothing_known();
	}
}

static void test_size_zero(void **state)
{
	char bad[64];

	(void)state;
	resolve("SIZE(thing)=0\nOFFSET(thing.part)=0\n", FACT_VMCOREINFO, bad, sizeof(bad));
	assert_false(MOD_STRUCT_EXIST(vmlinux, thing));
	assert_true(MOD_STRUCT_MEMBER_EXIST(vmlinux, thing, part));
}

static void test_first_bad_line_cut_to_fit(void **state)
{
	char text[600], bad[40], tiny[1];

	(void)state;
	snprintf(text, sizeof(text), "NUMBER(some_number)=%0500dx\nLENGTH(array)=y\n", 0);
	resolve(text, FACT_VMCOREINFO, bad, sizeof(bad));
	assert_int_equal(strlen(bad), sizeof(bad) - 1);
	assert_memory_equal(bad, "NUMBER(some_number)=000", 23);
	resolve(text, FACT_VMCOREINFO, tiny, sizeof(tiny));
	assert_string_equal(tiny, "");
	strcpy(bad, "left over");
	resolve("", FACT_VMCOREINFO, bad, sizeof(bad));
	assert_string_equal(bad, "");
}

/* Any text at all: nothing but the declarations is written to. */
static void test_random_text(void **state)
{
	static const char *const words[] = {
		"SYMBOL(", "SIZE(", "OFFSET(", "NUMBER(", "LENGTH(", "thing", ".part", ".list",
		"some_symbol", "some_number", "array", ")", "=", "\n", "-", "0x", "ffff", "9", "12",
		"\r", "(", " ",
	};
	struct fact_set set = facts_of_program();
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		char text[400] = "", bad[32];

		for (int i = 0; i < 40 && strlen(text) < 380; i++) {
			seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			strcat(text, words[(seed >> 33) % ARRAY_SIZE(words)]);
		}
		facts_reset(&set);
		resolve(text, FACT_VMCOREINFO, bad, sizeof(bad));
		assert_false(MOD_SYM_EXIST(some_module, some_symbol));
		if (MOD_VAR_LEN_EXIST(vmlinux, array))
			assert_non_null(strstr(text, "LENGTH(array)="));
		if (MOD_STRUCT_EXIST(vmlinux, thing))
			assert_in_range(GET_MOD_STRUCT_SSIZE(vmlinux, thing), 1, 1 << 24);
		if (bad[0])
			assert_non_null(strchr(bad, '='));
	}
}

static void test_names_of_missing_facts(void **state)
{
	struct fact_list missing = { 0 };

	(void)state;
	facts_need(&missing, 1, "SIZE(page)");
	assert_int_equal(missing.count, 0);
	assert_string_equal(missing.text, "");
	facts_need(&missing, 0, "SIZE(page)");
	facts_need(&missing, 0, "OFFSET(page.flags)");
	assert_string_equal(missing.text, "SIZE(page), OFFSET(page.flags)");
	for (int i = 0; i < 100; i++)
		facts_need(&missing, 0, "NUMBER(PG_something_long)");
	assert_int_equal(missing.count, 102);
	assert_int_equal(strlen(missing.text), sizeof(missing.text) - 1);
}

/* A NUL ends a line as a newline does, wherever it is. */
static void test_nul(void **state)
{
	static const char bytes[] = "A=1\0B=2\nC=3\0\0\nD\0=4\0E=5";
	const struct vmcoreinfo vi = { bytes, sizeof(bytes) - 1 };
	static const char *const lines[] = { "A=1", "B=2", "C=3", "", "", "D", "=4", "E=5" };
	size_t pos = 0, len, n = 0;
	const char *line;
	char buf[8];

	(void)state;
	while (vmcoreinfo_next_line(&vi, &pos, &line, &len)) {
		assert_true(n < ARRAY_SIZE(lines));
		assert_int_equal(len, strlen(lines[n]));
		assert_memory_equal(line, lines[n], len);
		n++;
	}
	assert_int_equal(n, ARRAY_SIZE(lines));
	assert_true(vmcoreinfo_string(&vi, "B", buf, sizeof(buf)));
	assert_string_equal(buf, "2");
	assert_true(vmcoreinfo_string(&vi, "E", buf, sizeof(buf)));
	assert_string_equal(buf, "5");
	assert_false(vmcoreinfo_string(&vi, "D", buf, sizeof(buf)));
}

/* A damaged name must not control the terminal that it goes to. */
static void test_damaged_string(void **state)
{
	static const char bytes[] = "OSRELEASE=6.1\x1b[2\x9b\x7f\tm\r\n";
	const struct vmcoreinfo vi = { bytes, sizeof(bytes) - 1 };
	char buf[32];

	(void)state;
	assert_true(vmcoreinfo_string(&vi, "OSRELEASE", buf, sizeof(buf)));
	assert_string_equal(buf, "6.1?[2???m?");
}

static void test_machine(void **state)
{
	static const struct {
		const char *text;
		bool is64, big_endian;
		uint16_t machine;
	} cases[] = {
		{ "SYMBOL(init_top_pgt)=ffffffff82e10000\n", true, false, EM_X86_64 },
		{ "NUMBER(kimage_voffset)=0xffff7fff40000000\n", true, true, EM_AARCH64 },
		{ "SYMBOL(lowcore_ptr)=1\n", true, true, EM_S390 },
		{ "SYMBOL(_stext)=9000000000200000\n", true, false, EM_LOONGARCH },
		{ "CONFIG_X86_PAE=y\n", false, false, EM_386 },
		{ "CONFIG_PGTABLE_3=y\n", true, false, EM_IA_64 },
		{ "CONFIG_PGTABLE_4=y\n", true, false, EM_IA_64 },
		/* Keys of another word size or byte order. */
		{ "SYMBOL(init_top_pgt)=ffffffff82e10000\n", false, false, 0 },
		{ "SYMBOL(lowcore_ptr)=1\n", true, false, 0 },
		{ "SYMBOL(_stext)=9000000000200000\n", true, true, 0 },
		{ "SYMBOL(_stext)=ffffffff81000000\n", true, false, 0 },
		{ "SYMBOL(_stext)=what\n", true, false, 0 },
		{ "", true, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vmcoreinfo vi = { cases[i].text, strlen(cases[i].text) };

		assert_int_equal(vmcoreinfo_machine(&vi, cases[i].is64, cases[i].big_endian),
				 cases[i].machine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_no_text),
		cmocka_unit_test(test_string),
		cmocka_unit_test(test_binary_noise),
		cmocka_unit_test(test_number),
		cmocka_unit_test_setup(test_resolve, forget),
		cmocka_unit_test_setup(test_bare_numbers, forget),
		cmocka_unit_test_setup(test_first_provider_wins, forget),
		cmocka_unit_test_setup(test_duplicate_keys, forget),
		cmocka_unit_test_setup(test_bad_values, forget),
		cmocka_unit_test_setup(test_size_zero, forget),
		cmocka_unit_test_setup(test_first_bad_line_cut_to_fit, forget),
		cmocka_unit_test_setup(test_random_text, forget),
		cmocka_unit_test(test_names_of_missing_facts),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_damaged_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
