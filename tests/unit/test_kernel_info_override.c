// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VMCOREINFO text given with -i: of the same boot, of another one, of a vmlinux, and
 * for dumps that tell less or nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "lib/types.h"
#include "tests/unit/minicore.h"

INIT_OPT_MOD_SYM(vmlinux, low);
INIT_OPT_MOD_SYM(vmlinux, high);
INIT_OPT_MOD_SYM(vmlinux, beyond);
INIT_OPT_MOD_SYM(vmlinux, direct);
INIT_OPT_MOD_SYM(vmlinux, percpu);
INIT_OPT_MOD_SYM(vmlinux, own);
INIT_OPT_MOD_SYM(xfs, low);
INIT_OPT_MOD_NUM(vmlinux, constant);
INIT_OPT_MOD_NUM(vmlinux, base);
INIT_OPT_MOD_STRUCT(vmlinux, thing);

#define KERNEL "OSRELEASE=6.12.0-mini\n"
#define OWN \
	"NUMBER(base)=1\n" \
	"SIZE(thing)=16\n" \
	"SYMBOL(direct)=ffff888000001000\n" \
	"SYMBOL(own)=ffffffff89500000\n"
#define STEXT "SYMBOL(_stext)=ffffffff89400000\n"
#define SLIDE "KERNELOFFSET=8400000\n"
/* The image may lie anywhere in the 512 MiB from ffffffff80000000 on. */
#define IMAGE_SIZE "NUMBER(KERNEL_IMAGE_SIZE)=536870912\n"

static const struct core_text texts[] = {
	{ "both", "segment 0 4096\nvmcoreinfo <<END\n" KERNEL OWN STEXT SLIDE IMAGE_SIZE "END\n" },
	{ "stext", "segment 0 4096\nvmcoreinfo <<END\n" KERNEL OWN STEXT "END\n" },
	{ "slide", "segment 0 4096\nvmcoreinfo <<END\n" KERNEL OWN SLIDE "END\n" },
	{ "neither", "segment 0 4096\nvmcoreinfo <<END\n" KERNEL OWN "END\n" },
	{ "nothing", "segment 0 4096\n" },
	{ "arm64", "elf 64 little 183\nsegment 0 4096\nvmcoreinfo <<END\n"
		   KERNEL "SYMBOL(_stext)=ffffa00012210000\nKERNELOFFSET=200002200000\nEND\n" },
	{ "arm64-slide", "elf 64 little 183\nsegment 0 4096\nvmcoreinfo <<END\n"
			 KERNEL "KERNELOFFSET=200002200000\nEND\n" },
	{ "unknown", "elf 64 little 12345\nsegment 0 4096\nvmcoreinfo <<END\n"
		     KERNEL OWN STEXT "END\n" },
	{ "s390x", "elf 64 big s390x\nsegment 0 4096\nvmcoreinfo <<END\n"
		   KERNEL "SYMBOL(_stext)=3ffe0100000\nKERNELOFFSET=3ffe0000000\nEND\n" },
	{ "32-bit", "elf 32 little 12345\nsegment 0 4096\nvmcoreinfo <<END\n"
		    KERNEL "SYMBOL(_stext)=ffff0000\nEND\n" },
};

static int setup(void **state)
{
	static struct cores cores;

	*state = &cores;
	return cores_make(&cores, NULL, NULL, texts, ARRAY_SIZE(texts));
}

static int teardown(void **state)
{
	return cores_remove(*state);
}

static void open_core(struct machine *m, const struct cores *c, const char *core,
		      const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	cores_path(c, core, path);
	machine_open_path(m, path);
	kernel_close(m->k);
	cores_path(c, "info", path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	fclose(f);
	assert_int_equal(kernel_open(&m->k, m->vc, path, NULL), 0);
	unlink(path);
}

static void assert_symbol(const struct ksym_info *s, int source, uint64_t value)
{
	if (s->index != source || s->value != value)
		fail_msg("%s: index %d, %#" PRIx64 " instead of index %d, %#" PRIx64, s->symname,
			 s->index, s->value, source, value);
}

static void assert_number(const struct knum_info *n, int source, int64_t value)
{
	if (n->index != source || n->value != value)
		fail_msg("%s: index %d, %" PRId64 " instead of index %d, %" PRId64, n->name,
			 n->index, n->value, source, value);
}

#define SYMBOL(name) (&_ksym_vmlinux_##name)
#define NUMBER(name) (&_knum_vmlinux_##name)

/* Everything by the text, then what it lacks by the dump. */
static void assert_taken_as_it_is(const struct cores *c, const char *core, const char *where)
{
	struct machine m;
	char text[1000];

	snprintf(text, sizeof(text), KERNEL "%sSYMBOL(low)=ffffffff81000010\n"
		 "SYMBOL(direct)=ffff888000002000\nSYMBOL(percpu)=1234\n"
		 "NUMBER(base)=2\nNUMBER(constant)=3\nSIZE(thing)=32\n", where);
	open_core(&m, c, core, text);
	assert_symbol(SYMBOL(low), FACT_FILE, 0xffffffff81000010);
	assert_symbol(SYMBOL(direct), FACT_FILE, 0xffff888000002000);
	assert_symbol(SYMBOL(percpu), FACT_FILE, 0x1234);
	assert_symbol(SYMBOL(high), -1, 0);
	assert_number(NUMBER(base), FACT_FILE, 2);
	assert_number(NUMBER(constant), FACT_FILE, 3);
	assert_int_equal(_kstruct_vmlinux_thing.index, FACT_FILE);
	assert_int_equal(GET_MOD_STRUCT_SSIZE(vmlinux, thing), 32);
	machine_close(&m);
	open_core(&m, c, core, KERNEL);
	if (strcmp(core, "nothing")) {
		assert_number(NUMBER(base), FACT_VMCOREINFO, 1);
		assert_symbol(SYMBOL(direct), FACT_VMCOREINFO, 0xffff888000001000);
	}
	machine_close(&m);
}

static void test_same_boot(void **state)
{
	assert_taken_as_it_is(*state, "both", STEXT);
	/* This one of the two decides. */
	assert_taken_as_it_is(*state, "both", STEXT "KERNELOFFSET=0\n");
	assert_taken_as_it_is(*state, "both", SLIDE);
	assert_taken_as_it_is(*state, "stext", STEXT);
	assert_taken_as_it_is(*state, "slide", STEXT SLIDE);
}

/* No fact shows whether it is the same boot, so the text of -i counts as it is. */
static void test_cannot_be_compared(void **state)
{
	assert_taken_as_it_is(*state, "both", "");
	assert_taken_as_it_is(*state, "both", "SYMBOL(_stext)=what\n");
	assert_taken_as_it_is(*state, "stext", "KERNELOFFSET=0\n");
	assert_taken_as_it_is(*state, "slide", "SYMBOL(_stext)=ffffffff81000000\n");
	assert_taken_as_it_is(*state, "neither", "SYMBOL(_stext)=ffffffff81000000\n"
			      "KERNELOFFSET=0\n");
	assert_taken_as_it_is(*state, "nothing", "SYMBOL(_stext)=ffffffff81000000\n"
			      "KERNELOFFSET=0\n");
}

/* Check a text whose image is elsewhere: base is the distance, modulo 2^64. */
static void assert_moved(const struct cores *c, const char *core, const char *where,
			 uint64_t base)
{
	struct machine m;
	char text[1000];

	snprintf(text, sizeof(text), KERNEL "%sSYMBOL(low)=%" PRIx64 "\nSYMBOL(high)=%" PRIx64 "\n"
		 "SYMBOL(beyond)=ffffffffc0000000\nSYMBOL(own)=ffffffff81000000\n"
		 "SYMBOL(direct)=ffff888000002000\nSYMBOL(percpu)=1234\n"
		 "NUMBER(base)=2\nNUMBER(constant)=3\nSIZE(thing)=32\n", where,
		 UINT64_C(0xffffffff89400010) - base, UINT64_C(0xffffffff89ffffff) - base);
	open_core(&m, c, core, text);
	assert_symbol(SYMBOL(low), FACT_FILE, 0xffffffff89400010);
	assert_symbol(SYMBOL(high), FACT_FILE, 0xffffffff89ffffff);
	assert_symbol(SYMBOL(beyond), -1, 0);
	assert_symbol(SYMBOL(percpu), -1, 0);
	/* Values that differ between boots come from the dump. */
	assert_symbol(SYMBOL(own), FACT_VMCOREINFO, 0xffffffff89500000);
	assert_symbol(SYMBOL(direct), FACT_VMCOREINFO, 0xffff888000001000);
	assert_number(NUMBER(base), FACT_VMCOREINFO, 1);
	assert_int_equal(GET_MOD_STRUCT_SSIZE(vmlinux, thing), 16);
	assert_number(NUMBER(constant), FACT_FILE, 3);
	assert_int_equal(_ksym_xfs_low.index, -1);
	machine_close(&m);
}

static void test_other_boot(void **state)
{
	assert_moved(*state, "both", "SYMBOL(_stext)=ffffffff81000000\nKERNELOFFSET=0\n",
		     0x8400000);
	assert_moved(*state, "stext", "SYMBOL(_stext)=ffffffff81000000\n", 0x8400000);
	assert_moved(*state, "slide", "SYMBOL(_stext)=ffffffff81000000\nKERNELOFFSET=0\n",
		     0x8400000);
	assert_moved(*state, "slide", "KERNELOFFSET=1000000\n", 0x7400000);
	/* Down as well as up. */
	assert_moved(*state, "both", "SYMBOL(_stext)=ffffffff99400000\n", -0x10000000);
}

/* The image's bounds are those of this kernel. */
static void test_size_of_the_image(void **state)
{
	static const char text[] = KERNEL "SYMBOL(_stext)=ffffffff81000000\n"
		"SYMBOL(low)=ffffffff80000000\nSYMBOL(high)=ffffffff9fffffff\n"
		"SYMBOL(beyond)=ffffffffa0000000\nSYMBOL(percpu)=ffffffff7fffffff\n";
	struct machine m;

	open_core(&m, *state, "both", text);
	assert_symbol(SYMBOL(low), FACT_FILE, 0xffffffff88400000);
	assert_symbol(SYMBOL(high), FACT_FILE, 0xffffffffa83fffff);
	assert_symbol(SYMBOL(beyond), -1, 0);
	assert_symbol(SYMBOL(percpu), -1, 0);
	machine_close(&m);
	open_core(&m, *state, "stext", text);
	assert_symbol(SYMBOL(beyond), FACT_FILE, 0xffffffffa8400000);
	machine_close(&m);
}

/* The bounds of an image that can be anywhere enclose the symbols of both dump and text. */
static void test_image_that_moves(void **state)
{
	static const char text[] = KERNEL "KERNELOFFSET=0\nSYMBOL(_stext)=ffff800010010000\n"
		"SYMBOL(low)=ffff800010000000\nSYMBOL(high)=ffff80002fffffff\n"
		"SYMBOL(beyond)=ffff800030000000\nSYMBOL(direct)=ffff000000001000\n"
		"SYMBOL(percpu)=ffff80000fffffff\n";
	static const char *const cores[] = { "arm64", "arm64-slide" };

	for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
		struct machine m;

		open_core(&m, *state, cores[i], text);
		assert_symbol(SYMBOL(low), FACT_FILE, 0xffffa00012200000);
		assert_symbol(SYMBOL(high), FACT_FILE, 0xffffa000321fffff);
		assert_symbol(SYMBOL(beyond), -1, 0);
		assert_symbol(SYMBOL(direct), -1, 0);
		assert_symbol(SYMBOL(percpu), -1, 0);
		machine_close(&m);
	}
}

/* The bounds of an image that can be anywhere are those of the text. */
static void test_bounds_that_move(void **state)
{
	struct machine m;

	open_core(&m, *state, "s390x", KERNEL "SYMBOL(_stext)=3ffe0200000\n"
		  "SYMBOL(low)=3ffe0200000\nSYMBOL(high)=3fff01fffff\n"
		  "SYMBOL(beyond)=3fff0200000\nSYMBOL(direct)=3ffe01fffff\n"
		  "SYMBOL(percpu)=1234\n");
	assert_symbol(SYMBOL(low), FACT_FILE, 0x3ffe0100000);
	assert_symbol(SYMBOL(high), FACT_FILE, 0x3fff00fffff);
	assert_symbol(SYMBOL(beyond), -1, 0);
	assert_symbol(SYMBOL(direct), -1, 0);
	assert_symbol(SYMBOL(percpu), -1, 0);
	machine_close(&m);
	/* As it was linked, by a vmlinux. */
	open_core(&m, *state, "s390x", KERNEL "SYMBOL(_stext)=100000\nKERNELOFFSET=0\n"
		  "SYMBOL(low)=100010\nSYMBOL(percpu)=1234\n");
	assert_symbol(SYMBOL(low), FACT_FILE, 0x3ffe0100010);
	assert_symbol(SYMBOL(percpu), -1, 0);
	machine_close(&m);
}

/* All memory is image if the architecture is unknown; words are as wide as the dump's. */
static void test_unknown_architecture(void **state)
{
	struct machine m;

	open_core(&m, *state, "unknown", KERNEL "SYMBOL(_stext)=ffffffff81000000\n"
		  "SYMBOL(low)=ffffffff81000010\nSYMBOL(percpu)=1234\n");
	assert_symbol(SYMBOL(low), FACT_FILE, 0xffffffff89400010);
	assert_symbol(SYMBOL(percpu), FACT_FILE, 0x8401234);
	machine_close(&m);
	open_core(&m, *state, "32-bit", KERNEL "SYMBOL(_stext)=1000\nSYMBOL(low)=20000\n"
		  "SYMBOL(high)=1010\n");
	assert_symbol(SYMBOL(low), FACT_FILE, 0xf000);
	assert_symbol(SYMBOL(high), FACT_FILE, 0xffff0010);
	machine_close(&m);
}

static void test_senseless_lines(void **state)
{
	struct machine m;

	open_core(&m, *state, "both", KERNEL "SYMBOL(_stext)=ffffffff81000000\nSYMBOL(low)=what\n");
	assert_symbol(SYMBOL(low), -1, 0);
	assert_string_equal(m.k->warnings[KERNEL_BAD_LINE],
			    "VMCOREINFO line SYMBOL(low)=what is invalid and is ignored");
	machine_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_boot),
		cmocka_unit_test(test_cannot_be_compared),
		cmocka_unit_test(test_other_boot),
		cmocka_unit_test(test_size_of_the_image),
		cmocka_unit_test(test_image_that_moves),
		cmocka_unit_test(test_bounds_that_move),
		cmocka_unit_test(test_unknown_architecture),
		cmocka_unit_test(test_senseless_lines),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
