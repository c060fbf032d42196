// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VMCOREINFO of a running kernel whose /proc/kcore does not have it: an address and a size
 * in a file, and a note in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "kernel/kcore.h"
#include "tests/unit/minicore.h"

static const struct core_text texts[] = {
	{ "notes", "prstatus 3\n" },
	{ "none", "ptnotes none\n" },
	{ "odd", "prstatus 1\nrawnote 050000000300000001000000434f524500000000616263\n" },
	{ "told", "vmcoreinfo <<END\nOSRELEASE=6.1.0\nEND\n" },
};

static struct cores cores;

static int make_cores(void **state)
{
	(void)state;
	return cores_make(&cores, NULL,
			  "segment 0x100000 0x10000\n"
			  "u32 0x100100 11 15 0\n"
			  "text 0x10010c VMCOREINFO\n"
			  "text 0x100118 OSRELEASE=5.4.0\n"
			  "u32 0x100200 11 0xffff 0\n",
			  texts, ARRAY_SIZE(texts));
}

static int remove_cores(void **state)
{
	(void)state;
	return cores_remove(&cores);
}

/* Open a core, with a file that says where the note is (NULL: none). */
static struct vmcore *open_with(const char *name, const char *where)
{
	const struct vmcore_options opt = { .no_mmap = false };
	char path[PATH_MAX], info[PATH_MAX + 8];
	struct vmcore *vc;
	FILE *f;

	cores_path(&cores, name, path);
	if (vmcore_open(&vc, path, &opt))
		fail_msg("%s", err_text(-EINVAL));
	assert_false(vmcore_is_kcore(vc));
	snprintf(info, sizeof(info), "%s.info", path);
	if (where) {
		f = fopen(info, "w");
		assert_non_null(f);
		fputs(where, f);
		assert_int_equal(fclose(f), 0);
	}
	assert_int_equal(kcore_add_vmcoreinfo(vc, info), 0);
	unlink(info);
	return vc;
}

static void is_told(const char *name, const char *where, const char *text, unsigned int nr_cpus)
{
	struct vmcore *vc = open_with(name, where);

	if (text) {
		assert_int_equal(vc->vmcoreinfo_size, strlen(text));
		assert_memory_equal(vc->vmcoreinfo, text, strlen(text));
	} else {
		assert_null(vc->vmcoreinfo);
	}
	assert_int_equal(vc->nr_cpus, nr_cpus);
	vmcore_close(vc);
}

static void test_found(void **state)
{
	(void)state;
	is_told("notes", "0x0000000000100100 1000\n", "OSRELEASE=5.4.0", 3);
	is_told("notes", "100100 28", "OSRELEASE=5.4.0", 3);
	is_told("none", "0x100100 1000\n", "OSRELEASE=5.4.0", 0);
	/* After a note that is not padded. */
	is_told("odd", "0x100100 1000\n", "OSRELEASE=5.4.0", 2);
	/* The dump's own VMCOREINFO counts. */
	is_told("told", "0x100100 1000\n", "OSRELEASE=6.1.0\n", 0);
}

static void test_nothing(void **state)
{
	static const char *const bad[] = {
		"", "\n", "0x100100", "0x100100 0\n", "0x100100 100001\n", "here and there\n",
		"0x200000 1000\n",		/* no memory */
		"0x10fff0 1000\n",		/* not enough of it */
		"0x100200 1000\n",		/* a note that is damaged */
		"0x100300 1000\n",		/* none at all */
	};

	(void)state;
	is_told("notes", NULL, NULL, 3);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		is_told("notes", bad[i], NULL, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found), cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, make_cores, remove_cores);
}
