// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of several definitions answers a declaration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "btf_image.h"
#include "facts/declare.h"
#include "lib/types.h"
#include "types/btf_info.h"

static const struct btf_source texts[] = {
	{ "enums", "enum { COLOUR = 1, SHARED = 4, TWICE = 1 };"
		   "enum named { COLOUR = 2, SHARED = 4 }; enum { COLOUR = 3, TWICE = 2 };"
		   "enum a { BOTH = 1 }; enum b { BOTH = 2 };" },
	{ "structs", "struct twin { int pad; int x; }; struct twin { int x; int pad; };"
		     "struct sized { int x; }; struct sized { int x; int y; };"
		     "union both { int x; long y; }; struct both { int x; char y[6]; };"
		     "typedef struct { int x; } other; struct other { int x; int y; };" },
	{ "kernel", "struct halves { int x; int z; }; enum { NUMBER = 1 };" },
	{ "module", ".base kernel\nstruct halves { int y; int z; int more; };"
		    "enum of_module { NUMBER = 2 };" },
};

static int setup(void **state)
{
	struct btf_images *c = malloc(sizeof(*c));

	*state = c;
	return c ? btf_images_make(c, texts, ARRAY_SIZE(texts)) : -1;
}

static int teardown(void **state)
{
	int err = btf_images_remove(*state);

	free(*state);
	return err;
}

/* Resolve one set, and say whether something was said of it. */
static bool resolve(void **state, const char *image, bool module, const struct fact_set *set)
{
	struct btf_image img;
	struct btf_info *bi;
	bool said;

	btf_image_open(&img, *state, image, false);
	if (module)
		btf_image_add_module(&img, *state, "mod", "module");
	assert_int_equal(btf_info_create(&bi, &img.mem), 0);
	assert_int_equal(register_ktype_section(bi, set), 0);
	assert_int_equal(init_kernel_btf(bi), 0);
	if (module)
		assert_int_equal(init_module_btf(bi, &img.list), 0);
	said = *btf_info_why(bi);
	btf_info_destroy(bi);
	btf_image_close(&img);
	return said;
}

static bool resolve_num(void **state, const char *image, const char *modname, const char *name,
			struct knum_info *num)
{
	struct knum_info *list[] = { num };
	const struct fact_set set = { .knums = list, .nr_knums = 1 };

	*num = (struct knum_info){ .modname = modname, .name = name, .index = -1 };
	return resolve(state, image, strcmp(modname, "vmlinux"), &set);
}

static bool resolve_types(void **state, const char *image, bool module, struct ktype_info *types,
			  size_t nr)
{
	struct ktype_info *list[4];
	const struct fact_set set = { .ktypes = list, .nr_ktypes = nr };

	assert_true(nr <= ARRAY_SIZE(list));
	for (size_t i = 0; i < nr; i++)
		list[i] = &types[i];
	return resolve(state, image, module, &set);
}

#define WANT(mod, s, m) { .modname = mod, .struct_name = s, .member_name = m, .index = -1 }

/* The enum with a name counts if enumerators of one name differ. */
static void test_enumerators(void **state)
{
	struct knum_info num;

	if (!btf_info_supported())
		skip();
	assert_false(resolve_num(state, "enums", "vmlinux", "COLOUR", &num));
	assert_int_equal(num.index, FACT_BTF);
	assert_int_equal(num.value, 2);
	assert_false(resolve_num(state, "enums", "vmlinux", "SHARED", &num));
	assert_int_equal(num.value, 4);
	assert_false(resolve_num(state, "enums", "vmlinux", "TWICE", &num));
	assert_int_equal(num.index, FACT_AMBIGUOUS);
	assert_false(resolve_num(state, "enums", "vmlinux", "BOTH", &num));
	assert_int_equal(num.index, FACT_AMBIGUOUS);
}

/* Facts from VMCOREINFO show which definition is meant. */
static void test_agreement(void **state)
{
	struct ktype_info types[] = {
		WANT("vmlinux", "twin", "x"), WANT("vmlinux", "twin", "pad"),
		WANT("vmlinux", "sized", NULL), WANT("vmlinux", "sized", "x"),
	};

	if (!btf_info_supported())
		skip();
	assert_false(resolve_types(state, "structs", false, types, 4));
	for (int i = 0; i < 4; i++)
		assert_int_equal(types[i].index, FACT_AMBIGUOUS);

	types[0].index = types[2].index = FACT_VMCOREINFO;
	types[0].member_bit_offset = 32;
	types[2].struct_size = 4;
	assert_false(resolve_types(state, "structs", false, types, 4));
	assert_int_equal(types[0].index, FACT_VMCOREINFO);
	assert_int_equal(types[0].member_size, 4);
	assert_int_equal(types[1].index, FACT_BTF);
	assert_int_equal(types[1].member_bit_offset, 0);
	assert_int_equal(types[3].index, FACT_BTF);
	assert_int_equal(types[3].struct_size, 4);
}

/* A struct before a union, a union before a typedef, if they have as much. */
static void test_kinds(void **state)
{
	struct ktype_info both = WANT("vmlinux", "both", "y");
	struct ktype_info other = WANT("vmlinux", "other", "x");

	if (!btf_info_supported())
		skip();
	assert_false(resolve_types(state, "structs", false, &both, 1));
	assert_int_equal(both.member_bit_offset, 32);
	assert_int_equal(both.member_size, 6);
	assert_false(resolve_types(state, "structs", false, &other, 1));
	assert_int_equal(other.struct_size, 8);
}

static void test_kernel_before_module(void **state)
{
	struct ktype_info halves[] = { WANT("mod", "halves", "x"), WANT("mod", "halves", "y") };
	struct ktype_info more[] = {
		WANT("mod", "halves", "z"), WANT("mod", "halves", "y"),
		WANT("mod", "halves", "more"),
	};
	struct knum_info num;

	if (!btf_info_supported())
		skip();
	/* Each has one of two. */
	assert_false(resolve_types(state, "kernel", true, halves, 2));
	assert_int_equal(halves[0].index, FACT_BTF);
	assert_int_equal(halves[0].struct_size, 8);
	assert_int_equal(halves[1].index, -1);
	assert_false(resolve_types(state, "kernel", true, more, 3));
	for (int i = 0; i < 3; i++)
		assert_int_equal(more[i].struct_size, 12);
	assert_false(resolve_num(state, "kernel", "mod", "NUMBER", &num));
	assert_int_equal(num.value, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enumerators),
		cmocka_unit_test(test_agreement),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_kernel_before_module),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
