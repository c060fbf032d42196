// SPDX-License-Identifier: GPL-2.0-or-later
/* VMCOREINFO text as it is written, byte by byte, and what comes of it when it is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/vmcoreinfo_writer.h"
#include "lib/err.h"
#include "lib/types.h"

#define SYMBOLS(X) \
	X(vmlinux, low) X(vmlinux, high) X(vmlinux, missing) X(vmlinux, several) X(xfs, low) \
	X(xfs, only_there)
#define STRUCTS(X) \
	X(vmlinux, alone) X(vmlinux, missing) X(xfs, alone) X(xfs, only_there)
#define MEMBERS(X) \
	X(vmlinux, whole, first) X(vmlinux, whole, last) X(vmlinux, whole, missing) \
	X(vmlinux, whole, field) X(vmlinux, whole, odd) X(vmlinux, sizeless, part) \
	X(xfs, whole, last)
#define VAR_LENS(X) X(vmlinux, array) X(vmlinux, missing) X(xfs, only_there)
#define MEMBER_LENS(X) X(vmlinux, whole, list) X(xfs, whole, list)
#define NUMBERS(X) \
	X(vmlinux, minus) X(vmlinux, plus) X(vmlinux, missing) X(xfs, plus) X(xfs, only_there)

#define DECLARE_SYMBOL(mod, name) INIT_OPT_MOD_SYM(mod, name);
#define DECLARE_STRUCT(mod, name) INIT_OPT_MOD_STRUCT(mod, name);
#define DECLARE_MEMBER(mod, name, member) INIT_OPT_MOD_STRUCT_MEMBER(mod, name, member);
#define DECLARE_VAR_LEN(mod, name) INIT_OPT_MOD_VAR_LEN(mod, name);
#define DECLARE_MEMBER_LEN(mod, name, member) INIT_OPT_MOD_MEMBER_LEN(mod, name, member);
#define DECLARE_NUMBER(mod, name) INIT_OPT_MOD_NUM(mod, name);
SYMBOLS(DECLARE_SYMBOL)
STRUCTS(DECLARE_STRUCT)
MEMBERS(DECLARE_MEMBER)
VAR_LENS(DECLARE_VAR_LEN)
MEMBER_LENS(DECLARE_MEMBER_LEN)
NUMBERS(DECLARE_NUMBER)

/* The same again in an order that no compiler changes. */
#define SYMBOL(mod, name) &_ksym_##mod##_##name,
#define STRUCT(mod, name) &_kstruct_##mod##_##name,
#define MEMBER(mod, name, member) &_kmember_##mod##_##name##_##member,
#define VAR_LEN(mod, name) &_klenvar_##mod##_##name,
#define MEMBER_LEN(mod, name, member) &_klen_##mod##_##name##_##member,
#define NUMBER(mod, name) &_knum_##mod##_##name,
static struct ksym_info *const symbols[] = { SYMBOLS(SYMBOL) };
static struct ktype_info *const types[] = { STRUCTS(STRUCT) MEMBERS(MEMBER) };
static struct klen_info *const lengths[] = { VAR_LENS(VAR_LEN) MEMBER_LENS(MEMBER_LEN) };
static struct knum_info *const numbers[] = { NUMBERS(NUMBER) };
static const struct fact_set facts = {
	.ksyms = symbols, .nr_ksyms = ARRAY_SIZE(symbols),
	.ktypes = types, .nr_ktypes = ARRAY_SIZE(types),
	.klens = lengths, .nr_klens = ARRAY_SIZE(lengths),
	.knums = numbers, .nr_knums = ARRAY_SIZE(numbers),
};

#define FACTS \
	"SYMBOL(low)=0\n" \
	"SYMBOL(high)=ffffffff81234567\n" \
	"SIZE(alone)=24\n" \
	"SIZE(whole)=4096\n" \
	"OFFSET(whole.first)=0\n" \
	"OFFSET(whole.last)=4088\n" \
	"OFFSET(sizeless.part)=8\n" \
	"LENGTH(array)=2048\n" \
	"LENGTH(whole.list)=11\n" \
	"NUMBER(minus)=-129\n" \
	"NUMBER(plus)=9223372036854775807\n"

/* A directory, a file in it, and a kernel of which FACTS are known. */
struct test {
	char dir[4000], path[4096], other[4096];
	struct vmcore vc;
	struct kernel k;
};

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct test *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	snprintf(t->dir, sizeof(t->dir), "%s/test_vmcoreinfo_writer.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(t->dir));
	snprintf(t->path, sizeof(t->path), "%s/info", t->dir);
	snprintf(t->other, sizeof(t->other), "%s/other", t->dir);
	t->vc.file.fd = -1;
	t->vc.page_size = 65536;
	t->k.vc = &t->vc;
	t->k.info.text = "";
	t->k.facts = facts;
	strcpy(t->k.release, "6.12.0-test");
	facts_reset(&facts);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct test *t = *state;

	unlink(t->path);
	unlink(t->other);
	assert_int_equal(rmdir(t->dir), 0);
	free(t);
	return 0;
}

static void know_facts(void)
{
	_ksym_vmlinux_low.index = _ksym_vmlinux_high.index = FACT_KALLSYMS;
	_ksym_vmlinux_high.value = UINT64_C(0xffffffff81234567);
	_ksym_vmlinux_several.index = FACT_AMBIGUOUS;
	_ksym_xfs_low.index = _ksym_xfs_only_there.index = FACT_KALLSYMS;
	_kstruct_xfs_only_there.index = _klenvar_xfs_only_there.index = FACT_BTF;
	_kstruct_xfs_only_there.struct_size = 8;
	_knum_xfs_only_there.index = FACT_BTF;
	_kstruct_vmlinux_alone.index = _kstruct_xfs_alone.index = FACT_BTF;
	_kstruct_vmlinux_alone.struct_size = _kstruct_xfs_alone.struct_size = 24;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i]->member_name && strcmp(types[i]->member_name, "missing")) {
			types[i]->index = FACT_BTF;
			types[i]->struct_size = 4096;
		}
	}
	_kmember_vmlinux_whole_last.member_bit_offset = 4088 * 8;
	_kmember_vmlinux_whole_field.member_bit_offset = 16;
	_kmember_vmlinux_whole_field.member_bit_sz = 3;
	_kmember_vmlinux_whole_odd.member_bit_offset = 17;
	_kmember_vmlinux_sizeless_part.member_bit_offset = 64;
	_kmember_vmlinux_sizeless_part.struct_size = 0;
	_klenvar_vmlinux_array.index = FACT_DWARF;
	_klenvar_vmlinux_array.value = 2048;
	_klen_vmlinux_whole_list.index = _klen_xfs_whole_list.index = FACT_VMCOREINFO;
	_klen_vmlinux_whole_list.value = 11;
	_knum_vmlinux_minus.index = _knum_vmlinux_plus.index = _knum_xfs_plus.index = FACT_BTF;
	_knum_vmlinux_minus.value = -129;
	_knum_vmlinux_plus.value = INT64_MAX;
}

/* The file's text, NUL-ended; to be freed. */
static char *slurp(const char *path)
{
	char *text = calloc(1, VMCOREINFO_MAX + 1);
	FILE *f = fopen(path, "r");

	assert_non_null(text);
	if (!f)
		fail_msg("%s is not there", path);
	fread(text, 1, VMCOREINFO_MAX, f);
	fclose(f);
	return text;
}

static void assert_text(const char *path, const char *want)
{
	char *text = slurp(path);

	assert_string_equal(text, want);
	free(text);
}

static void spit(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void set_info(struct test *t, const char *text)
{
	t->k.info = (struct vmcoreinfo){ .text = text, .size = strlen(text) };
}

/* Check the text that is written for the test's kernel. */
static void assert_written(struct test *t, const char *want)
{
	int err = vmcoreinfo_write_dump(&t->k, t->path, true);

	if (err)
		fail_msg("%s", err_text(err));
	assert_text(t->path, want);
}

static void test_dump_without_text(void **state)
{
	struct test *t = *state;
	struct stat st;

	assert_written(t, "OSRELEASE=6.12.0-test\nPAGESIZE=65536\n");
	know_facts();
	assert_written(t, "OSRELEASE=6.12.0-test\nPAGESIZE=65536\n" FACTS);
	assert_int_equal(stat(t->path, &st), 0);
	/* It says where the kernel is. */
	assert_int_equal(st.st_mode & 0777, 0600);
}

#define OWN \
	"PAGESIZE=4096\n" \
	"# what is this?\n" \
	"NUMBER(plus)=9223372036854775807\n" \
	"NUMBER(plus)=6\n" \
	"\n" \
	"OSRELEASE=6.12.0-test\r\n" \
	"SYMBOL(low)=senseless\n" \
	"SYMBOL(higher)=1\n" \
	"SIZE(whole)=4096\n" \
	"LENGTH(array)=2048"
#define REST \
	"SYMBOL(high)=ffffffff81234567\n" \
	"SIZE(alone)=24\n" \
	"OFFSET(whole.first)=0\n" \
	"OFFSET(whole.last)=4088\n" \
	"OFFSET(sizeless.part)=8\n" \
	"LENGTH(whole.list)=11\n"
#define LAST "NUMBER(minus)=-129\n"

static void test_own_lines_come_first(void **state)
{
	struct test *t = *state;
	static const char padded[] = OWN "\0\0\0\0";

	set_info(t, OWN "\n");
	assert_written(t, OWN "\n");
	know_facts();
	assert_written(t, OWN "\n" REST LAST);
	set_info(t, OWN);
	assert_written(t, OWN "\n" REST LAST);
	t->k.info = (struct vmcoreinfo){ .text = padded, .size = sizeof(padded) };
	assert_written(t, OWN "\n" REST LAST);
	/* A fact that a bare key has is not written again. */
	set_info(t, OWN "\nminus=ffffffffffffff7f\n");
	assert_written(t, OWN "\nminus=ffffffffffffff7f\n" REST);
}

static void test_what_own_lines_lack(void **state)
{
	struct test *t = *state;

	set_info(t, "NUMBER(a)=1\n");
	assert_written(t, "OSRELEASE=6.12.0-test\nPAGESIZE=65536\nNUMBER(a)=1\n");
	set_info(t, "NUMBER(a)=1\nPAGESIZE=4096\n");
	assert_written(t, "OSRELEASE=6.12.0-test\nNUMBER(a)=1\nPAGESIZE=4096\n");
	set_info(t, "NUMBER(a)=1\nOSRELEASE=6.12.0\n");
	assert_written(t, "PAGESIZE=65536\nNUMBER(a)=1\nOSRELEASE=6.12.0\n");
	t->k.release[0] = '\0';
	assert_written(t, "PAGESIZE=65536\nNUMBER(a)=1\nOSRELEASE=6.12.0\n");
}

/* Facts are the same after they were written and read. */
static void test_round_trip(void **state)
{
	struct test *t = *state;
	struct vmcoreinfo vi;
	char bad[64], *text;

	know_facts();
	assert_written(t, "OSRELEASE=6.12.0-test\nPAGESIZE=65536\n" FACTS);
	text = slurp(t->path);
	vi = (struct vmcoreinfo){ .text = text, .size = strlen(text) };
	facts_reset(&t->k.facts);
	vmcoreinfo_resolve(&vi, &t->k.facts, FACT_FILE, bad, sizeof(bad));
	assert_string_equal(bad, "");
	assert_false(MOD_STRUCT_MEMBER_EXIST(vmlinux, whole, field));
	assert_false(MOD_STRUCT_MEMBER_EXIST(vmlinux, whole, odd));
	assert_false(MOD_SYM_EXIST(vmlinux, several));
	t->k.release[0] = '\0';
	set_info(t, "OSRELEASE=6.12.0-test\nPAGESIZE=65536\n");
	assert_written(t, text);
	free(text);
}

/* Nothing is written, and a file of that name is as it was. */
static void assert_refused(struct test *t, bool force, int err, const char *part)
{
	spit(t->path, "old\n");
	assert_int_equal(vmcoreinfo_write_dump(&t->k, t->path, force), err);
	if (!strstr(err_text(err), part))
		fail_msg("\"%s\" lacks \"%s\"", err_text(err), part);
	assert_text(t->path, "old\n");
}

static void test_existing_file(void **state)
{
	struct test *t = *state;
	char long_text[1000];

	assert_refused(t, false, -EEXIST, "info: file exists (use -f");
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	spit(t->path, long_text);
	assert_written(t, "OSRELEASE=6.12.0-test\nPAGESIZE=65536\n");
	unlink(t->path);
	assert_int_equal(vmcoreinfo_write_dump(&t->k, t->path, false), 0);
}

static void test_release_unknown(void **state)
{
	struct test *t = *state;

	t->k.release[0] = '\0';
	assert_refused(t, true, -ENOENT, "release");
	set_info(t, "PAGESIZE=4096\n");
	assert_refused(t, true, -ENOENT, "release");
}

static void test_too_large_to_be_read(void **state)
{
	struct test *t = *state;
	char *text = calloc(1, VMCOREINFO_MAX);

	assert_non_null(text);
	memset(text, 'x', VMCOREINFO_MAX);
	memcpy(text, "OSRELEASE=6\nPAGESIZE=1\n", 23);
	t->k.info = (struct vmcoreinfo){ .text = text, .size = VMCOREINFO_MAX };
	assert_refused(t, true, -EFBIG, "too large");
	t->k.info.size = VMCOREINFO_MAX - 1;
	assert_refused(t, true, -EFBIG, "too large");
	t->k.info.size = VMCOREINFO_MAX - 2;
	assert_int_equal(vmcoreinfo_write_dump(&t->k, t->path, true), 0);
	free(text);
}

static void test_cannot_be_written(void **state)
{
	struct rlimit limit, few = { .rlim_cur = 20 };
	struct test *t = *state;
	char path[5000];
	struct stat st;

	snprintf(path, sizeof(path), "%s/no/info", t->dir);
	assert_int_equal(vmcoreinfo_write_dump(&t->k, path, false), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "cannot create"));
	assert_non_null(strstr(err_text(-ENOENT), path));
	/* Not by its own name: whoever may remove a device must not do it by mistake. */
	assert_int_equal(symlink("/dev/full", t->other), 0);
	assert_int_equal(vmcoreinfo_write_dump(&t->k, t->other, true), -ENOSPC);
	assert_non_null(strstr(err_text(-ENOSPC), "cannot write"));
	assert_int_equal(lstat(t->other, &st), 0);

	/* Half a file is none. */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	few.rlim_max = limit.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	assert_int_equal(vmcoreinfo_write_dump(&t->k, t->path, false), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(stat(t->path, &st), -1);
}

/* --- from a vmlinux --------------------------------------------------------- */

#ifdef HAVE_DWARF

static const char kernel_c[] =
	"int low = 1, high = 2;\n"
	"struct alone { char a[24]; } alone;\n"
	"struct whole { long first; int field:3; int list[11]; char pad[4000]; int last; } whole;\n"
	"int array[2048];\n"
	"enum { minus = -129, plus = 9223372036854775807 } numbers;\n"
	"static int several_1 __asm__(\"several\") __attribute__((used)) = 3;\n"
	"static int several_2 __asm__(\"several.0\") __attribute__((used)) = 4;\n"
	"const char linux_banner[] = \"Linux version 6.1.0-linked (me@here) #1 SMP\\n\";\n";
static const char kernel_lds[] =
	"SECTIONS {\n"
	"	. = 0xffffffff81000000;\n"
	"	_text = .; _stext = .; .text : { *(.text*) } .rodata : { *(.rodata*) }\n"
	"	.notes : { *(.note.gnu.build-id) }\n"
	"	. = 0xffffffff82000000; .data : { *(.data) } .bss : { *(.bss) }\n"
	"	/DISCARD/ : { *(.eh_frame*) *(.note.*) }\n"
	"}\n";

static void link_kernel(const struct test *t, const char *flags)
{
	char path[5000], command[20000];

	snprintf(path, sizeof(path), "%s/kernel.c", t->dir);
	spit(path, kernel_c);
	snprintf(path, sizeof(path), "%s/kernel.lds", t->dir);
	spit(path, kernel_lds);
	snprintf(command, sizeof(command), "cd '%s' && gcc -w -g -fno-toplevel-reorder "
		 "-ffreestanding -fno-pic -mcmodel=kernel -nostdlib -static -no-pie "
		 "-Wl,-T,kernel.lds "
		 "-Wl,--no-warn-rwx-segments %s -o other kernel.c && rm kernel.c kernel.lds",
		 t->dir, flags);
	assert_int_equal(system(command), 0);
}

/* Lines about declared facts. */
static const char *const linked_facts[] = {
	"SYMBOL(low)=ffffffff82000000\n", "SYMBOL(high)=ffffffff82000004\n",
	"SYMBOL(several)=ffffffff82000008\n", "SIZE(alone)=24\n", "SIZE(whole)=4064\n",
	"OFFSET(whole.first)=0\n", "OFFSET(whole.last)=4056\n", "LENGTH(array)=2048\n",
	"LENGTH(whole.list)=11\n", "NUMBER(minus)=-129\n", "NUMBER(plus)=9223372036854775807\n",
};

static void test_vmlinux(void **state)
{
	static const char head[] =
		"OSRELEASE=6.1.0-linked\n"
		"BUILD-ID=000102030405060708090a0b0c0d0e0f10111213\n"
		"PAGESIZE=4096\n"
		"SYMBOL(_stext)=ffffffff81000000\n"
		"KERNELOFFSET=0\n";
	struct test *t = *state;
	size_t len = strlen(head);
	char *text;

	link_kernel(t, "-fno-common -Wl,--build-id=0x000102030405060708090a0b0c0d0e0f10111213");
	/* Facts of another kernel are forgotten. */
	_ksym_vmlinux_missing.index = FACT_VMCOREINFO;
	if (vmcoreinfo_write_vmlinux(t->other, t->path, false))
		fail_msg("%s", err_text(-EINVAL));
	text = slurp(t->path);
	assert_memory_equal(text, head, len);
	for (size_t i = 0; i < ARRAY_SIZE(linked_facts); i++) {
		if (!strstr(text, linked_facts[i]))
			fail_msg("%s is not in %s", linked_facts[i], text);
		len += strlen(linked_facts[i]);
	}
	assert_int_equal(strlen(text), len);
	free(text);

	assert_int_equal(vmcoreinfo_write_vmlinux(t->other, t->path, false), -EEXIST);
	assert_int_equal(vmcoreinfo_write_vmlinux(t->other, t->path, true), 0);
}

static void test_vmlinux_without_build_id(void **state)
{
	struct test *t = *state;
	char *text;

	link_kernel(t, "-Wl,--build-id=none");
	assert_int_equal(vmcoreinfo_write_vmlinux(t->other, t->path, false), 0);
	text = slurp(t->path);
	assert_null(strstr(text, "BUILD-ID"));
	assert_non_null(strstr(text, "OSRELEASE=6.1.0-linked\nPAGESIZE"));
	free(text);
}

static void assert_vmlinux_refused(struct test *t, int err, const char *part)
{
	struct stat st;

	assert_int_equal(vmcoreinfo_write_vmlinux(t->other, t->path, true), err);
	if (!strstr(err_text(err), part))
		fail_msg("\"%s\" lacks \"%s\"", err_text(err), part);
	assert_int_equal(stat(t->path, &st), -1);
}

static void test_vmlinux_of_no_use(void **state)
{
	struct test *t = *state;
	char command[10000];

	assert_vmlinux_refused(t, -ENOENT, "cannot open");
	link_kernel(t, "-Dlinux_banner=a_banner");
	assert_vmlinux_refused(t, -ENOENT, "release");
	/* A unit that ends in the middle. */
	link_kernel(t, "");
	snprintf(command, sizeof(command), "cd '%s' && objcopy -O binary "
		 "--only-section=.debug_info --set-section-flags .debug_info=alloc other info && "
		 "truncate -s -40 info && objcopy --update-section .debug_info=info other; rm info", t->dir);
	assert_int_equal(system(command), 0);
	assert_vmlinux_refused(t, -EBADMSG, "cannot be read");
}

#else

static void test_built_without(void **state)
{
	struct test *t = *state;

	assert_int_equal(vmcoreinfo_write_vmlinux("vmlinux", t->path, false), -ENOTSUP);
}

#endif

#define MINE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MINE(test_dump_without_text),
		MINE(test_own_lines_come_first),
		MINE(test_what_own_lines_lack),
		MINE(test_round_trip),
		MINE(test_existing_file),
		MINE(test_release_unknown),
		MINE(test_too_large_to_be_read),
		MINE(test_cannot_be_written),
#ifdef HAVE_DWARF
		MINE(test_vmlinux),
		MINE(test_vmlinux_without_build_id),
		MINE(test_vmlinux_of_no_use),
#else
		MINE(test_built_without),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
