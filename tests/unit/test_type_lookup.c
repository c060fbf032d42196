// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Types by name, from BTF (of a kernel and its modules, in either byte order) and from
 * DWARF: both answer the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/dwarf_lookup.h"
#include "tests/unit/btf_image.h"
#include "types/btf_info.h"
#include "types/btf_lookup.h"

#ifdef HAVE_DWARF
#define setup setup_vmlinux
#define teardown teardown_vmlinux
#include "tests/unit/minivmlinux.h"
#undef setup
#undef teardown
#endif

#define TYPES \
	"struct inner { int a; char text[3]; };\n" \
	"typedef struct inner inner_t;\n" \
	"typedef const inner_t *inner_p;\n" \
	"typedef unsigned int u32;\n" \
	"enum color { RED, BLUE = -1 };\n" \
	"union both { char c; long l; };\n" \
	"struct outer {\n" \
	"	inner_t in; const char *name; inner_p p; void *v;\n" \
	"	short matrix[2][3]; struct { int hidden; union { int deep; }; };\n" \
	"	u32 low : 3, high : 5; struct later *later; struct never *never;\n" \
	"	void (*call)(int); enum color color; signed char sc; unsigned char uc;\n" \
	"	union both both; struct outer **many; _Bool yes; char flexible[];\n" \
	"};\n"

static const struct btf_source texts[] = {
	{ "kernel", TYPES "struct later { long x; };\n"
			  "struct twice { int a, b; };\n"
			  "struct twice { long c; short b; };\n"
			  "struct twice { long c; char d, b; };\n"
			  "struct same { int a; };\n"
			  "long per_cpu_thing __attribute__((section(\".data..percpu\")));\n" },
	{ "module", ".base kernel\n"
		    "struct twice { int own; };\n"
		    "struct never { struct never *next; };\n"
		    "typedef struct twice own_t;\n" },
};

static struct btf_images images;

static int setup(void **state)
{
	(void)state;
	return btf_info_supported() ? btf_images_make(&images, texts, 2) : 0;
}

static int teardown(void **state)
{
	(void)state;
	return btf_info_supported() ? btf_images_remove(&images) : 0;
}

/* --- questions ------------------------------------------------------------------------- */

static struct c_type find(struct type_lookup *l, enum type_tag tag, const char *name)
{
	struct c_type t;
	int err = type_find(l, NULL, tag, name, NULL, &t);

	if (err)
		fail_msg("%s: %s", name, err_text(err));
	return t;
}

static struct c_type member(struct type_lookup *l, const char *module, const struct c_type *t,
			    const char *name, uint64_t offset)
{
	struct c_member m;
	int err = type_member(l, module, t, name, &m);

	if (err)
		fail_msg("%s: %s", name, err_text(err));
	assert_int_equal(m.at.bit_offset, offset * 8);
	assert_int_equal(m.at.bit_size, 0);
	return m.type;
}

static struct c_type target(struct type_lookup *l, const struct c_type *t)
{
	struct c_type ret;
	int err = type_target(l, NULL, t, &ret);

	if (err)
		fail_msg("%s", err_text(err));
	return ret;
}

static void check_type(const struct c_type *t, enum c_type_kind kind, uint64_t size)
{
	assert_int_equal(c_type_kind(t), kind);
	assert_int_equal(c_type_size(t), size);
}

/* Check types that are laid out as on a 64-bit machine. */
static void check_outer(struct type_lookup *l)
{
	struct c_type outer = find(l, TYPE_STRUCT, "outer"), t, u;
	struct c_member m;

	check_type(&outer, C_STRUCT, 112);
	assert_string_equal(outer.name, "outer");
	t = member(l, NULL, &outer, "in", 0);
	check_type(&t, C_STRUCT, 8);
	assert_string_equal(t.name, "inner");
	t = member(l, NULL, &t, "text", 4);
	check_type(&t, C_ARRAY, 3);
	assert_int_equal(c_type_length(&t), 3);
	t = target(l, &t);
	check_type(&t, C_NUMBER, 1);
	assert_true(t.is_char);
	t = member(l, NULL, &outer, "name", 8);
	check_type(&t, C_POINTER, 8);
	t = target(l, &t);
	check_type(&t, C_NUMBER, 1);
	assert_true(t.is_char);
	t = member(l, NULL, &outer, "p", 16);
	t = target(l, &t);
	check_type(&t, C_STRUCT, 8);
	t = member(l, NULL, &outer, "v", 24);
	t = target(l, &t);
	check_type(&t, C_VOID, 0);
	t = member(l, NULL, &outer, "matrix", 32);
	check_type(&t, C_ARRAY, 12);
	assert_int_equal(c_type_length(&t), 2);
	t = target(l, &t);
	check_type(&t, C_ARRAY, 6);
	assert_int_equal(c_type_length(&t), 3);
	t = target(l, &t);
	check_type(&t, C_NUMBER, 2);
	assert_true(t.is_signed);
	assert_false(t.is_char);
	t = member(l, NULL, &outer, "hidden", 44);
	check_type(&t, C_NUMBER, 4);
	t = member(l, NULL, &outer, "deep", 48);
	assert_int_equal(type_member(l, NULL, &outer, "high", &m), 0);
	assert_int_equal(m.at.bit_size, 5);
	check_type(&m.type, C_NUMBER, 4);
	assert_false(m.type.is_signed);
	t = member(l, NULL, &outer, "later", 56);
	t = target(l, &t);
	/* Declared there, and defined elsewhere. */
	check_type(&t, C_STRUCT, 8);
	t = member(l, NULL, &t, "x", 0);
	t = member(l, NULL, &outer, "never", 64);
	t = target(l, &t);
	check_type(&t, C_STRUCT, 0);
	assert_true(t.incomplete);
	assert_int_equal(type_member(l, NULL, &t, "next", &m), -ENOENT);
	assert_string_equal(err_text(-ENOENT), "nothing tells what struct never has in it");
	t = member(l, NULL, &outer, "call", 72);
	check_type(&t, C_POINTER, 8);
	t = target(l, &t);
	check_type(&t, C_FUNCTION, 0);
	t = member(l, NULL, &outer, "color", 80);
	check_type(&t, C_NUMBER, 4);
	t = member(l, NULL, &outer, "sc", 84);
	check_type(&t, C_NUMBER, 1);
	assert_false(t.is_char);
	assert_true(t.is_signed);
	t = member(l, NULL, &outer, "uc", 85);
	assert_false(t.is_char || t.is_signed);
	t = member(l, NULL, &outer, "both", 88);
	check_type(&t, C_STRUCT, 8);
	assert_int_equal(t.tag, TYPE_UNION);
	t = member(l, NULL, &outer, "many", 96);
	t = target(l, &t);
	check_type(&t, C_POINTER, 8);
	u = target(l, &t);
	check_type(&u, C_STRUCT, 112);
	t = member(l, NULL, &outer, "flexible", 105);
	check_type(&t, C_ARRAY, 0);
	assert_int_equal(c_type_length(&t), 0);
	t = target(l, &t);
	assert_true(t.is_char);

	assert_int_equal(type_member(l, NULL, &outer, "nosuch", &m), -ENOENT);
	assert_string_equal(err_text(-ENOENT), "struct outer has no member nosuch");
	assert_int_equal(type_member(l, NULL, &t, "x", &m), -EINVAL);
	assert_string_equal(err_text(-EINVAL), "it is a number, which has no member x");
	assert_int_equal(type_target(l, NULL, &outer, &t), -EINVAL);
}

static void check_names(struct type_lookup *l)
{
	struct c_type t = find(l, TYPE_PLAIN, "inner_t");

	check_type(&t, C_STRUCT, 8);
	t = find(l, TYPE_PLAIN, "inner_p");
	check_type(&t, C_POINTER, 8);
	t = find(l, TYPE_PLAIN, "u32");
	check_type(&t, C_NUMBER, 4);
	assert_false(t.is_signed);
	t = find(l, TYPE_ENUM, "color");
	check_type(&t, C_NUMBER, 4);
	t = find(l, TYPE_UNION, "both");
	check_type(&t, C_STRUCT, 8);
	/* Each is what it is called, and nothing else. */
	assert_int_equal(type_find(l, NULL, TYPE_UNION, "inner", NULL, &t), -ENOENT);
	assert_string_equal(err_text(-ENOENT), "there is no union inner");
	assert_int_equal(type_find(l, NULL, TYPE_PLAIN, "inner", NULL, &t), -ENOENT);
	assert_int_equal(type_find(l, NULL, TYPE_STRUCT, "inner_t", NULL, &t), -ENOENT);
	assert_int_equal(type_find(l, NULL, TYPE_STRUCT, "never", NULL, &t), -ENOENT);
}

/* --- BTF ------------------------------------------------------------------------------- */

struct world {
	struct btf_image img;
	struct btf_info *bi;
	struct btf_lookup *b;
	struct type_lookup l;
};

static void open_world(struct world *w, bool big)
{
	btf_image_open(&w->img, &images, "kernel", big);
	btf_image_add_module(&w->img, &images, "mod", "module");
	btf_image_add_module(&w->img, &images, "bare", NULL);
	assert_int_equal(btf_info_create(&w->bi, &w->img.mem), 0);
	assert_int_equal(btf_lookup_create(&w->b, w->bi, &w->img.mem, &w->img.list), 0);
	type_lookup_init(&w->l, sizeof(long));
	type_lookup_add(&w->l, btf_lookup_source(w->b));
}

static void close_world(struct world *w)
{
	type_lookup_deinit(&w->l);
	btf_lookup_destroy(w->b);
	btf_info_destroy(w->bi);
	btf_image_close(&w->img);
}

static void test_btf(void **state)
{
	struct world w;

	(void)state;
	if (!btf_info_supported())
		skip();
	for (int big = 0; big < 2; big++) {
		open_world(&w, big);
		check_outer(&w.l);
		check_names(&w.l);
		/* Again, from what is remembered. */
		check_outer(&w.l);
		close_world(&w);
	}
}

/* The definition with the member counts if there are several; none if two have it. */
static void test_several(void **state)
{
	struct c_type t;
	struct world w;

	(void)state;
	if (!btf_info_supported())
		skip();
	open_world(&w, false);
	assert_int_equal(type_find(&w.l, NULL, TYPE_STRUCT, "twice", "a", &t), 0);
	assert_int_equal(c_type_size(&t), 8);
	assert_int_equal(type_find(&w.l, NULL, TYPE_STRUCT, "twice", "d", &t), 0);
	member(&w.l, NULL, &t, "b", 9);
	/* As large as the other that has it, but for where the member is. */
	assert_int_equal(type_find(&w.l, NULL, TYPE_STRUCT, "twice", "b", &t), -ENOTUNIQ);
	assert_string_equal(err_text(-ENOTUNIQ), "there is more than one struct twice");
	assert_int_equal(type_find(&w.l, NULL, TYPE_STRUCT, "twice", NULL, &t), -ENOTUNIQ);
	/* type_find() gives a definition even if none has the member; looking it up fails later. */
	assert_int_equal(type_find(&w.l, NULL, TYPE_STRUCT, "twice", "nosuch", &t), 0);
	close_world(&w);
}

static void test_modules(void **state)
{
	struct c_type t, outer;
	struct world w;

	(void)state;
	if (!btf_info_supported())
		skip();
	open_world(&w, true);
	assert_int_equal(type_find(&w.l, "mod", TYPE_STRUCT, "twice", NULL, &t), 0);
	assert_int_equal(c_type_size(&t), 4);
	assert_int_equal(type_find(&w.l, "mod", TYPE_PLAIN, "own_t", NULL, &t), 0);
	member(&w.l, "mod", &t, "own", 0);
	assert_int_equal(type_find(&w.l, NULL, TYPE_PLAIN, "own_t", NULL, &t), -ENOENT);
	/* The kernel's, of which the module defines what is only declared in it. */
	assert_int_equal(type_find(&w.l, "mod", TYPE_STRUCT, "outer", NULL, &outer), 0);
	t = member(&w.l, "mod", &outer, "never", 64);
	assert_int_equal(type_target(&w.l, "mod", &t, &t), 0);
	check_type(&t, C_STRUCT, 8);
	member(&w.l, "mod", &t, "next", 0);
	/* A module without types has the kernel's, as has one that is not there. */
	assert_int_equal(type_find(&w.l, "bare", TYPE_STRUCT, "inner", NULL, &t), 0);
	assert_int_equal(type_find(&w.l, "nosuch", TYPE_STRUCT, "inner", NULL, &t), 0);
	close_world(&w);
}

static void test_btf_variables(void **state)
{
	struct c_type t;
	struct world w;

	(void)state;
	if (!btf_info_supported())
		skip();
	open_world(&w, false);
	assert_int_equal(type_of_variable(&w.l, NULL, "per_cpu_thing", &t), 0);
	check_type(&t, C_NUMBER, 8);
	assert_int_equal(type_of_variable(&w.l, "mod", "per_cpu_thing", &t), -ENOENT);
	assert_int_equal(type_of_variable(&w.l, NULL, "jiffies", &t), -ENOENT);
	assert_string_equal(err_text(-ENOENT), "the type of jiffies is not known");
	close_world(&w);
}

static void test_damage(void **state)
{
	struct world w;
	struct c_type t;

	(void)state;
	if (!btf_info_supported())
		skip();
	btf_image_open(&w.img, &images, "kernel", false);
	memset(w.img.parts[0].data, 0, 16);
	assert_int_equal(btf_info_create(&w.bi, &w.img.mem), 0);
	assert_int_equal(btf_lookup_create(&w.b, w.bi, &w.img.mem, &w.img.list), -EBADMSG);
	btf_info_destroy(w.bi);
	btf_image_close(&w.img);

	open_world(&w, false);
	memset(w.img.parts[1].data, 0, 16);
	assert_int_equal(type_find(&w.l, "mod", TYPE_STRUCT, "inner", NULL, &t), -EBADMSG);
	assert_non_null(strstr(err_text(-EBADMSG), "module mod: "));
	close_world(&w);
}

/* --- DWARF ------------------------------------------------------------------------------- */

#ifdef HAVE_DWARF

#define UNIT \
	"inner_t variable; struct outer *pointer; char text[20];\n" \
	"static long own = 3; long *use(void) { static int inside; return &own + inside; }\n" \
	"extern short declared[]; short declared[7] = { 1 };\n" \
	"extern struct later elsewhere; struct later *also = &elsewhere;\n" \
	"enum color paint; union both uni; struct outer all;\n"

static void check_dwarf(struct test *test, const char *flags)
{
	static const char *const names[] = { "variable", "pointer", "variable", "later", "" };
	struct type_lookup l;
	struct dwarf_lookup *d;
	struct c_type t;

	write_file(test, "a.c", TYPES UNIT);
	write_file(test, "b.c",
		   "struct later { long x; } elsewhere; static char own;\n"
		   "char *get(void) { return &own; }\n");
	if (run("cd '%s' && ${CC:-cc} %s -O0 -shared -fPIC -nostdlib -o vmlinux a.c b.c",
		test->dir, flags))
		fail_msg("cannot compile");
	assert_int_equal(dwarf_lookup_create(&d, test->path, names, 5), 0);
	type_lookup_init(&l, sizeof(long));
	type_lookup_add(&l, dwarf_lookup_source(d));
	check_outer(&l);
	check_names(&l);
	check_outer(&l);
	assert_int_equal(type_of_variable(&l, NULL, "variable", &t), 0);
	check_type(&t, C_STRUCT, 8);
	assert_int_equal(type_of_variable(&l, NULL, "pointer", &t), 0);
	check_type(&t, C_POINTER, 8);
	assert_int_equal(type_of_variable(&l, NULL, "declared", &t), 0);
	check_type(&t, C_ARRAY, 14);
	assert_int_equal(type_of_variable(&l, NULL, "elsewhere", &t), 0);
	check_type(&t, C_STRUCT, 8);
	assert_int_equal(type_of_variable(&l, NULL, "own", &t), -ENOTUNIQ);
	assert_int_equal(type_of_variable(&l, NULL, "inside", &t), -ENOENT);
	assert_int_equal(type_of_variable(&l, "mod", "variable", &t), -ENOENT);
	type_lookup_deinit(&l);
	dwarf_lookup_destroy(d);
	assert_int_equal(dwarf_lookup_create(&d, "/nowhere", names, 0), -ENOENT);
}

static void test_dwarf(void **state)
{
	check_dwarf(*state, "-g");
	check_dwarf(*state, "-g -gsplit-dwarf");
}

#endif

/* --- without any source -------------------------------------------------------------------- */

static void test_built_in(void **state)
{
	static const struct {
		const char *name;
		unsigned int size32, size64;
		bool is_signed, is_char;
	} numbers[] = {
		{ "char", 1, 1, true, true },
		{ "unsigned char", 1, 1, false, false },
		{ "signed char", 1, 1, true, false },
		{ "int", 4, 4, true, false },
		{ "unsigned", 4, 4, false, false },
		{ "short int", 2, 2, true, false },
		{ "unsigned short", 2, 2, false, false },
		{ "long", 4, 8, true, false },
		{ "long unsigned int", 4, 8, false, false },
		{ "unsigned long long int", 8, 8, false, false },
		{ "signed", 4, 4, true, false },
	};
	static const char *const none[] = {
		"",	 "long char", "short long",  "unsigned signed", "long long long",
		"chars", "u32",	      "int pointer", "char short",
	};
	struct c_type t;

	(void)state;
	for (unsigned int word = 4; word <= 8; word += 4) {
		struct type_lookup l;

		type_lookup_init(&l, word);
		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
			t = find(&l, TYPE_PLAIN, numbers[i].name);
			check_type(&t, C_NUMBER, word == 8 ? numbers[i].size64 : numbers[i].size32);
			assert_int_equal(t.is_signed, numbers[i].is_signed);
			assert_int_equal(t.is_char, numbers[i].is_char);
		}
		for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
			assert_int_equal(type_find(&l, NULL, TYPE_PLAIN, none[i], NULL, &t),
					 -ENOENT);
		t = find(&l, TYPE_PLAIN, "void");
		check_type(&t, C_VOID, 0);
		assert_int_equal(c_type_pointer_to(&t), 0);
		check_type(&t, C_POINTER, word);
		assert_int_equal(c_type_array_of(&t, 5), 0);
		check_type(&t, C_ARRAY, word * 5);
		assert_int_equal(c_type_array_of(&t, UINT32_MAX), 0);
		assert_int_equal(c_type_array_of(&t, UINT32_MAX), 0);
		check_type(&t, C_ARRAY, 0);
		t.nr_outer = C_TYPE_OUTER_MAX;
		assert_int_equal(c_type_pointer_to(&t), -E2BIG);
		type_lookup_deinit(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_btf),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_btf_variables),
		cmocka_unit_test(test_damage),
#ifdef HAVE_DWARF
		cmocka_unit_test_setup_teardown(test_dwarf, setup_vmlinux, teardown_vmlinux),
#endif
		cmocka_unit_test(test_built_in),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
