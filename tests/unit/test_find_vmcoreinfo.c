// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VMCOREINFO that a dump has in its memory only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>

#include "kernel/find_vmcoreinfo.h"
#include "lib/types.h"
#include "tests/unit/minicore.h"
#include "vmcore/notes.h"

#define TEXT "OSRELEASE=6.12.0-z\nPAGESIZE=4096\n"
#define ESCAPED "'OSRELEASE=6.12.0-z\\nPAGESIZE=4096\\n'"
#define S390X "elf 64 big s390x\nsegment 0 0x10000\n"
#define NOTE "memnote 0x5000 VMCOREINFO 0 " ESCAPED "\n"
#define POINTER "u64 0xe0c 0x5000\n"
/* A page at 0x8000 that says where the text is: address and size. */
#define OS_INFO(size, checksum) \
	"u64 0xe18 0x8000\nu64 0x8000 0x4f53494e464f535a\nu32 0x8008 " checksum " 0x10001\n" \
	"u64 0x8020 0x6000 " size "\n" \
	"text 0x6000 OSRELEASE=6.12.0-z\nhex 0x6012 0a5041474553495a453d343039360a\n"

static const struct core_text texts[] = {
	{ "note", S390X NOTE POINTER },
	{ "others", S390X "prstatus 2\nnote LINUX 1 x\n" NOTE POINTER },
	{ "padded", S390X "u64 0xe0c 0x5000\nmemnote 0x5000 VMCOREINFO 0 "
		    "'OSRELEASE=6.12.0-z\\nPAGESIZE=4096\\n\\0\\0\\0\\0\\0'\n" },
	{ "os_info", S390X OS_INFO("33", "0x16022") },
	/* The pointer leads to no note: it is a mark that the kernel was moved. */
	{ "both", S390X "u64 0xe0c 0x5001\n" OS_INFO("33", "0x16022") },
	{ "empty", S390X "note VMCOREINFO 0 ''\n" NOTE POINTER },
	{ "too-long", S390X OS_INFO("4096", "0x17001") },
	{ "own", S390X "vmcoreinfo <<END\nOSRELEASE=own\nEND\n" NOTE POINTER },

	{ "no-pointer", S390X NOTE },
	{ "nowhere", S390X NOTE "u64 0xe0c 0x20000\n" },
	{ "nowhere-at-all", S390X NOTE "u64 0xe0c 0xfffffffffffffff8\n" },
	{ "odd", S390X NOTE "u64 0xe0c 0x5001\n" },
	{ "other-name", S390X POINTER "memnote 0x5000 VMCOREINFO_XEN 0 " ESCAPED "\n" },
	{ "no-text", S390X POINTER "memnote 0x5000 VMCOREINFO 0 'what is this?'\n" },
	{ "nothing", S390X POINTER "memnote 0x5000 VMCOREINFO 0 ''\n" },
	{ "size-lies", S390X POINTER NOTE "u32 0x5004 0xfffffff0\n" },
	{ "checksum", S390X OS_INFO("33", "0x16023") },
	{ "no-address", S390X "u64 0xe18 0x8000\nu64 0x8000 0x4f53494e464f535a\n"
			"u32 0x8008 0x10022 0x10001\nu64 0x8020 0 33\n" },
	{ "other-machine", "elf 64 little x86_64\nsegment 0 0x10000\n" NOTE POINTER },
	{ "arm64", "elf 64 little arm64\nsegment 0 0x8000\nsegment 0x10000 0x8000\n" },
};
/* The first in which there is nothing to be found. */
#define FIRST_WITHOUT 8

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

static struct vmcore *open_core(const struct cores *c, const char *name)
{
	static const struct vmcore_options opt;
	struct vmcore *vc;
	char path[PATH_MAX];

	cores_path(c, name, path);
	if (vmcore_open(&vc, path, &opt))
		fail_msg("%s", err_text(-EINVAL));
	return vc;
}

static void assert_text(const struct vmcore *vc, const char *name, const char *text)
{
	const char *start = vc->notes, *end = start + vc->notes_size;
	size_t whole;

	if (!vc->vmcoreinfo)
		fail_msg("%s: nothing was found", name);
	assert_int_equal(vc->vmcoreinfo_size, strlen(text));
	assert_memory_equal(vc->vmcoreinfo, text, strlen(text));
	/* It is one of the notes, and these are sound. */
	assert_true(start <= vc->vmcoreinfo && vc->vmcoreinfo + vc->vmcoreinfo_size <= end);
	assert_int_equal(notes_check(vc->notes, vc->notes_size, vc->swap, &whole), 0);
	assert_int_equal(whole, vc->notes_size);
}

static void test_found(void **state)
{
	for (size_t i = 0; i < FIRST_WITHOUT; i++) {
		const char *name = texts[i].name;
		bool own = !strcmp(name, "own");
		struct vmcore *vc = open_core(*state, name);
		struct kernel *k;

		assert_true(own == !!vc->vmcoreinfo);
		assert_int_equal(vmcoreinfo_search(vc, false), 0);
		assert_text(vc, name, own ? "OSRELEASE=own\n" : TEXT);
		/* A second time nothing changes. */
		assert_int_equal(vmcoreinfo_search(vc, false), 0);
		assert_text(vc, name, own ? "OSRELEASE=own\n" : TEXT);
		assert_int_equal(kernel_open(&k, vc, NULL, NULL), 0);
		assert_string_equal(k->release, own ? "own" : "6.12.0-z");
		kernel_close(k);
		vmcore_close(vc);
	}
}

static void test_not_found(void **state)
{
	for (size_t i = FIRST_WITHOUT; i < ARRAY_SIZE(texts); i++) {
		struct vmcore *vc = open_core(*state, texts[i].name);

		assert_int_equal(vmcoreinfo_search(vc, false), 0);
		if (vc->vmcoreinfo)
			fail_msg("%s: something was found", texts[i].name);
		vmcore_close(vc);
	}
}

/* Other notes stay, after that of VMCOREINFO. */
static void test_other_notes(void **state)
{
	struct vmcore *vc = open_core(*state, "others");
	size_t size = vc->notes_size;
	char *notes = malloc(size);

	assert_non_null(notes);
	memcpy(notes, vc->notes, size);
	assert_int_equal(vmcoreinfo_search(vc, false), 0);
	assert_true(vc->notes_size > size);
	assert_memory_equal((char *)vc->notes + vc->notes_size - size, notes, size);
	assert_int_equal(vc->nr_cpus, 2);
	/* Read anew, as from the dump that is written, they say the same. */
	vc->vmcoreinfo = NULL;
	vc->nr_cpus = 0;
	assert_int_equal(notes_scan(vc), 0);
	assert_text(vc, "others", TEXT);
	assert_int_equal(vc->nr_cpus, 2);
	free(notes);
	vmcore_close(vc);
}

/* The page size is in the text. */
static void test_page_size(void **state)
{
	static const char text[] = "OSRELEASE=6\nPAGESIZE=65536\n";
	struct vmcore *vc = open_core(*state, "arm64");

	assert_int_equal(vc->page_size, 4096);
	assert_int_equal(vc->max_pfn, 24);
	assert_int_equal(vmcore_set_vmcoreinfo(vc, "OSRELEASE=6\n", 12), 0);
	assert_int_equal(vc->page_size, 4096);
	assert_int_equal(vmcore_set_vmcoreinfo(vc, text, strlen(text)), 0);
	assert_int_equal(vc->page_size, 65536);
	assert_int_equal(vc->page_shift, 16);
	assert_int_equal(vc->max_pfn, 2);
	assert_text(vc, "arm64", text);
	vmcore_close(vc);
}

/* A text replaces the one that was there; other notes stay. */
static void test_replaced(void **state)
{
	static const char text[] = "OSRELEASE=7\n";
	struct vmcore *vc = open_core(*state, "own");
	size_t size;

	assert_int_equal(vmcore_set_vmcoreinfo(vc, text, strlen(text)), 0);
	assert_text(vc, "own", text);
	size = vc->notes_size;
	assert_int_equal(vmcore_set_vmcoreinfo(vc, text, strlen(text)), 0);
	assert_text(vc, "own", text);
	assert_int_equal(vc->notes_size, size);
	assert_int_equal(vmcore_drop_vmcoreinfo(vc), 0);
	assert_null(vc->vmcoreinfo);
	assert_int_equal(vc->notes_size, 0);
	assert_int_equal(vmcore_drop_vmcoreinfo(vc), 0);
	vmcore_close(vc);
	vc = open_core(*state, "others");
	assert_int_equal(vmcore_set_vmcoreinfo(vc, text, strlen(text)), 0);
	size = vc->notes_size - note_size("VMCOREINFO", strlen(text));
	assert_int_equal(vmcore_drop_vmcoreinfo(vc), 0);
	assert_int_equal(vc->notes_size, size);
	vc->nr_cpus = 0;
	assert_int_equal(notes_scan(vc), 0);
	assert_int_equal(vc->nr_cpus, 2);
	vmcore_close(vc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_other_notes),
		cmocka_unit_test(test_page_size),
		cmocka_unit_test(test_replaced),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
