// SPDX-License-Identifier: GPL-2.0-or-later
/* The facts of a linked vmlinux besides types: symbols, and the build ID. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>

#include "debuginfo/debuginfo.h"
#include "lib/err.h"
#include "lib/types.h"

#ifdef HAVE_DWARF

#include "tests/unit/minivmlinux.h"

#define SOURCE FACT_VMCOREINFO
#define BUILD_ID "000102030405060708090a0b0c0d0e0f10111213"

#define SYMBOLS(X) \
	X(init_task) X(once) X(both) X(renamed) X(cut) X(whole) X(rest) X(per_cpu_thing) \
	X(_stext) X(_end)
#define DECLARE_SYMBOL(name) INIT_OPT_MOD_SYM(vmlinux, name);
#define RECORD_SYMBOL(name) &_ksym_vmlinux_##name,
#define ADDRESS(name) "(unsigned long)&" #name "_,\n"

SYMBOLS(DECLARE_SYMBOL)
static struct ksym_info *const symbols[] = { SYMBOLS(RECORD_SYMBOL) };

INIT_OPT_MOD_SYM(vmlinux, absolute);
INIT_OPT_MOD_SYM(vmlinux, twice);
INIT_OPT_MOD_SYM(vmlinux, several);
INIT_OPT_MOD_SYM(vmlinux, undefined_here);
INIT_OPT_MOD_SYM(vmlinux, second);	/* there is a file symbol second.c */
INIT_OPT_MOD_SYM(xfs, init_task);

static const char kernel_c[] =
	"#define AS(name) __asm__(name) __attribute__((used))\n"
	"int init_task_ AS(\"init_task\") = 1, both_ AS(\"both\") = 2;\n"
	"static int once_ AS(\"once\") = 3, twice_ AS(\"twice\") = 4;\n"
	"static int renamed_ AS(\"renamed.llvm.123\") = 5, cut_ AS(\"cut.isra.0\") = 6;\n"
	"static int cold_ AS(\"cut.isra.0.cold\") = 7;\n"
	"static int several_1 AS(\"several.isra.0\") = 8, several_2 AS(\"several.part.0\") = 9;\n"
	"static int whole_ AS(\"whole\") = 10, whole_1 AS(\"whole.part.0\") = 11;\n"
	"static int rest_1 AS(\"rest.part.0\") = 12, rest_ AS(\"rest\") = 13;\n"
	"__attribute__((section(\".data..percpu\"))) int pad = 1;\n"
	"__attribute__((section(\".data..percpu\")))\n"
	"int per_cpu_thing_ AS(\"per_cpu_thing\") = 1;\n"
	"extern char _stext_ AS(\"_stext\"), _end_ AS(\"_end\");\n"
	"extern int undefined_here __attribute__((weak)); int *use = &undefined_here;\n"
	"const char linux_banner[] = \"Linux version 6.1.0-test (me@here) #1 SMP\\n\";\n"
	"const unsigned long addresses[] = {\n" SYMBOLS(ADDRESS) "};\n";

static const char second_c[] =
	"static int twice __attribute__((used)) = 1;\n"
	"static int both __attribute__((used)) = 2;\n";

static const char kernel_lds[] =
	"SECTIONS {\n"
	"	.data..percpu 0 : { *(.data..percpu) }\n"
	"	. = 0xffffffff81000000;\n"
	"	_text = .; _stext = .;\n"
	"	.text : { *(.text*) } .rodata : { *(.rodata*) }\n"
	"	.notes : { *(.note.gnu.build-id) } .data : { *(.data) *(.data.rel*) }\n"
	"	.bss : { *(.bss) } _end = .; absolute = ABSOLUTE(0x1234);\n"
	"	/DISCARD/ : { *(.eh_frame*) *(.note.*) }\n"
	"}\n";

static void link_kernel(const struct test *t, const char *flags)
{
	write_file(t, "kernel.c", kernel_c);
	write_file(t, "second.c", second_c);
	write_file(t, "kernel.lds", kernel_lds);
	assert_int_equal(run("cd '%s' && gcc -w -g -ffreestanding -fno-pic -mcmodel=kernel -nostdlib "
			     "-static -no-pie -Wl,-T,kernel.lds -Wl,--no-warn-rwx-segments %s "
			     "-o vmlinux kernel.c second.c", t->dir, flags), 0);
}

static void test_symbols(void **state)
{
	struct test *t = *state;
	const struct fact_set set = facts_of_program();
	static const uint64_t offsets[] = { 0, 0x5400000, -UINT64_C(0x200000) };
	uint64_t addresses[ARRAY_SIZE(symbols)];
	struct debuginfo *d;

	link_kernel(t, "-Wl,--build-id=0x" BUILD_ID);
	read_array(t, "addresses", addresses, ARRAY_SIZE(addresses));
	d = open_vmlinux(t->path);
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		facts_reset(&set);
		assert_int_equal(debuginfo_resolve_symbols(d, &set, SOURCE, offsets[i]), 0);
		for (size_t j = 0; j < ARRAY_SIZE(symbols); j++) {
			uint64_t want = addresses[j];

			if (symbols[j] != GET_MOD_SYM_PTR(vmlinux, per_cpu_thing))
				want += offsets[i];
			if (symbols[j]->index != SOURCE || symbols[j]->value != want)
				fail_msg("%s: index %d, %#" PRIx64 " instead of %#" PRIx64,
					 symbols[j]->symname, symbols[j]->index,
					 symbols[j]->value, want);
		}
		assert_int_equal(GET_MOD_SYM(vmlinux, per_cpu_thing), 4);
		assert_int_equal(GET_MOD_SYM(vmlinux, absolute), 0x1234);
		assert_int_equal(_ksym_vmlinux_twice.index, FACT_AMBIGUOUS);
		assert_int_equal(GET_MOD_SYM(vmlinux, twice), 0);
		assert_int_equal(_ksym_vmlinux_several.index, FACT_AMBIGUOUS);
		assert_int_equal(_ksym_vmlinux_undefined_here.index, -1);
		assert_false(MOD_SYM_EXIST(vmlinux, second));
		assert_false(MOD_SYM_EXIST(xfs, init_task));
	}
	facts_reset(&set);
	_ksym_vmlinux_init_task.index = FACT_FILE;
	_ksym_vmlinux_init_task.value = 1;
	assert_int_equal(debuginfo_resolve_symbols(d, &set, SOURCE, 0), 0);
	assert_int_equal(GET_MOD_SYM(vmlinux, init_task), 1);
	assert_int_equal(_ksym_vmlinux_init_task.index, FACT_FILE);
	assert_int_equal(debuginfo_resolve_symbols(d, &(struct fact_set){ 0 }, SOURCE, 0), 0);

	/* A symbol that is ambiguous to another provider need not be so here. */
	facts_reset(&set);
	_ksym_vmlinux_init_task.index = _ksym_vmlinux_second.index = FACT_AMBIGUOUS;
	assert_int_equal(debuginfo_resolve_symbols(d, &set, SOURCE, 0), 0);
	assert_int_equal(_ksym_vmlinux_init_task.index, SOURCE);
	assert_int_equal(_ksym_vmlinux_second.index, FACT_AMBIGUOUS);
	debuginfo_close(d);

	/* A symbol that a file only refers to is not in it; linkers leave few of these. */
	assert_int_equal(run("cd '%s' && gcc -w -g -ffreestanding -c -o other kernel.c", t->dir),
			 0);
	d = open_vmlinux(t->other);
	facts_reset(&set);
	assert_int_equal(debuginfo_resolve_symbols(d, &set, SOURCE, 0), 0);
	assert_true(MOD_SYM_EXIST(vmlinux, init_task));
	assert_false(MOD_SYM_EXIST(vmlinux, undefined_here));
	debuginfo_close(d);
}

static void test_kaslr_offset(void **state)
{
	struct test *t = *state;
	struct vmcoreinfo vi;
	struct debuginfo *d;
	uint64_t offset;

	link_kernel(t, "");
	d = open_vmlinux(t->path);
	vi = info("KERNELOFFSET=1000\nSYMBOL(_stext)=ffffffff86400000\n");
	assert_int_equal(debuginfo_kaslr_offset(d, &vi, &offset), 0);
	assert_int_equal(offset, 0x5400000);
	vi = info("SYMBOL(_stext)=what\nKERNELOFFSET=5400000\n");
	assert_int_equal(debuginfo_kaslr_offset(d, &vi, &offset), 0);
	assert_int_equal(offset, 0x5400000);
	vi = info("SYMBOL(_text)=ffffffff86400000\n");
	assert_int_equal(debuginfo_kaslr_offset(d, &vi, &offset), -ENOENT);
	debuginfo_close(d);
}

static void assert_check(const struct debuginfo *d, const char *text, int err)
{
	struct vmcoreinfo vi = info(text);

	assert_int_equal(debuginfo_check(d, EM_X86_64, &vi), err);
}

static void test_build_id(void **state)
{
	static const char other[] = "BUILD-ID=1111111111111111111111111111111111111111\n";
	struct vmcoreinfo vi = info(other);
	struct test *t = *state;
	struct debuginfo *d;

	link_kernel(t, "-Wl,--build-id=0x" BUILD_ID);
	d = open_vmlinux(t->path);
	assert_check(d, "BUILD-ID=" BUILD_ID "\n", 0);
	assert_check(d, "OSRELEASE=another\nBUILD-ID=" BUILD_ID "\n", 0);
	assert_check(d, other, -ESTALE);
	assert_non_null(strstr(err_text(-ESTALE), t->path));
	assert_non_null(strstr(err_text(-ESTALE), BUILD_ID));
	assert_non_null(strstr(err_text(-ESTALE), "1111111111111111111111111111111111111111"));
	assert_int_equal(debuginfo_check(d, 0, &vi), -ESTALE);
	assert_int_equal(debuginfo_check(d, EM_S390, &vi), -ESTALE);
	vi = info("BUILD-ID=" BUILD_ID "\n");
	assert_int_equal(debuginfo_check(d, 0, &vi), 0);
	assert_int_equal(debuginfo_check(d, EM_S390, &vi), -ESTALE);

	/* Begins within the note's header, as some stable kernels have it. */
	assert_check(d, "BUILD-ID=1400000003000000474e55000001020304050607\n", 0);
	assert_check(d, "BUILD-ID=1400000003000000474e55000001020304050608\n", -ESTALE);

	/* None that can be compared: the release decides. */
	assert_check(d, "BUILD-ID=0000000000000000000000000000000000000000\n", 0);
	assert_check(d, "BUILD-ID=00010203\nOSRELEASE=6.1.0-test\n", 0);
	assert_check(d, "BUILD-ID=00010203\nOSRELEASE=6.1.0-tes\n", -ESTALE);
	assert_check(d, "BUILD-ID=" BUILD_ID "00\nOSRELEASE=6.1.0-test2\n", -ESTALE);
	assert_check(d, "BUILD-ID=g0010203040506070809" "0a0b0c0d0e0f10111213\nOSRELEASE=6.1\n",
		     -ESTALE);
	assert_check(d, "", 0);
	debuginfo_close(d);

	link_kernel(t, "-Wl,--build-id=none");
	d = open_vmlinux(t->path);
	assert_check(d, "BUILD-ID=" BUILD_ID "\n", 0);
	assert_check(d, "BUILD-ID=" BUILD_ID "\nOSRELEASE=6.1.0-test\n", 0);
	assert_check(d, "BUILD-ID=" BUILD_ID "\nOSRELEASE=6.12.0\n", -ESTALE);
	assert_non_null(strstr(err_text(-ESTALE), "6.1.0-test"));
	assert_non_null(strstr(err_text(-ESTALE), "6.12.0"));
	debuginfo_close(d);
}

/* A file of debug information that objcopy makes: no bytes of the kernel. */
static void test_debug_file_of_its_own(void **state)
{
	const struct fact_set set = facts_of_program();
	struct test *t = *state;
	struct debuginfo *d;

	link_kernel(t, "-Wl,--build-id=0x" BUILD_ID);
	assert_int_equal(run("cd '%s' && objcopy --only-keep-debug vmlinux other", t->dir), 0);
	d = open_vmlinux(t->other);
	assert_check(d, "BUILD-ID=" BUILD_ID "\n", 0);
	assert_check(d, "BUILD-ID=00" BUILD_ID "\nOSRELEASE=6.1.0-other\n", 0);
	assert_check(d, "BUILD-ID=1111111111111111111111111111111111111111\n", -ESTALE);
	facts_reset(&set);
	assert_int_equal(debuginfo_resolve_symbols(d, &set, SOURCE, 0x1000), 0);
	assert_true(MOD_SYM_EXIST(vmlinux, init_task));
	debuginfo_close(d);
}

static void assert_refused(const char *path, int err, const char *part)
{
	struct debuginfo *d;

	assert_int_equal(debuginfo_open(&d, path), err);
	if (!strstr(err_text(err), part) || !strstr(err_text(err), path))
		fail_msg("\"%s\" lacks \"%s\" or \"%s\"", err_text(err), part, path);
}

static void test_not_a_vmlinux(void **state)
{
	struct test *t = *state;

	assert_refused(t->path, -ENOENT, "cannot open");
	assert_refused(t->dir, -EINVAL, "a directory");
	write_file(t, "vmlinux", "");
	assert_refused(t->path, -EINVAL, "not an ELF file");
	write_file(t, "vmlinux", "\177ELF");
	assert_refused(t->path, -EINVAL, "not an ELF file");
	write_file(t, "vmlinux", kernel_c);
	assert_refused(t->path, -EINVAL, "not an ELF file");
	link_kernel(t, "");
	assert_int_equal(run("strip -g '%s'", t->path), 0);
	assert_refused(t->path, -EINVAL, "no debug information");
}

/* Give the compressed sections of t->path another kind of compression. */
static void change_compression(const struct test *t, uint32_t kind)
{
	int fd = open(t->path, O_RDWR), nr = 0;
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;

	assert_non_null(elf);
	while ((scn = elf_nextscn(elf, scn))) {
		assert_non_null(gelf_getshdr(scn, &shdr));
		if (!(shdr.sh_flags & SHF_COMPRESSED))
			continue;
		assert_int_equal(pwrite(fd, &kind, sizeof(kind), (off_t)shdr.sh_offset),
				 sizeof(kind));
		nr++;
	}
	assert_true(nr > 0);
	elf_end(elf);
	close(fd);
}

/* As that of kernels with CONFIG_DEBUG_INFO_COMPRESSED_ZSTD is for libdw 0.188. */
static void test_unknown_compression(void **state)
{
	struct test *t = *state;

	link_kernel(t, "-Wl,--compress-debug-sections=zlib");
	debuginfo_close(open_vmlinux(t->path));
	change_compression(t, 99);
	assert_refused(t->path, -EINVAL, "compressed in a way that libdw does not know");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MINE(test_symbols),
		MINE(test_kaslr_offset),
		MINE(test_build_id),
		MINE(test_debug_file_of_its_own),
		MINE(test_not_a_vmlinux),
		MINE(test_unknown_compression),
	};

	elf_version(EV_CURRENT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void test_built_without(void **state)
{
	struct debuginfo *d;

	(void)state;
	assert_false(debuginfo_supported());
	assert_int_equal(debuginfo_open(&d, "vmlinux"), -ENOTSUP);
	assert_non_null(strstr(err_text(-ENOTSUP), "libdw"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_built_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
