// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ELF notes, good and damaged, in either byte order. Each is looked at in a
 * buffer of just its size, so that the sanitizer sees a step too far.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/err.h"
#include "vmcore/notes.h"

#define PRSTATUS_SIZE 336

struct notes {
	char bytes[8192];
	size_t size;
	bool swap;
};

/* Append a note whose sizes may be lies; the bytes that follow are true. */
static void add_lie(struct notes *n, uint32_t name_size, uint32_t desc_size, uint32_t type,
		    const void *name, size_t name_len, const void *desc, size_t desc_len)
{
	char *p = n->bytes + n->size;

	assert_true(n->size + 12 + name_len + desc_len + 8 <= sizeof(n->bytes));
	store_u32(p, name_size, n->swap);
	store_u32(p + 4, desc_size, n->swap);
	store_u32(p + 8, type, n->swap);
	memcpy(p + 12, name, name_len);
	p += 12 + (name_len + 3) / 4 * 4;
	if (desc_len)
		memcpy(p, desc, desc_len);
	p += (desc_len + 3) / 4 * 4;
	n->size = p - n->bytes;
}

static void add(struct notes *n, const char *name, uint32_t type, const void *desc, size_t len)
{
	add_lie(n, strlen(name) + 1, len, type, name, strlen(name) + 1, desc, len);
}

static void add_text(struct notes *n, const char *name, const char *text)
{
	add(n, name, 0, text, strlen(text));
}

static void add_prstatus(struct notes *n)
{
	static const char prstatus[PRSTATUS_SIZE];

	add(n, "CORE", 1, prstatus, sizeof(prstatus));
}

/* Scan the first len bytes; the dump is to be freed with drop(). */
static int scan(struct vmcore *vc, const struct notes *n, size_t len)
{
	*vc = (struct vmcore){ .swap = n->swap };
	if (len) {
		vc->notes = malloc(len);
		assert_non_null(vc->notes);
		memcpy(vc->notes, n->bytes, len);
		vc->notes_size = len;
	}
	return notes_scan(vc);
}

static void drop(struct vmcore *vc)
{
	free(vc->notes);
	free(vc->eraseinfo);
	free(vc->xen.vmcoreinfo);
}

static size_t good_length(const struct notes *n)
{
	size_t len = SIZE_MAX;

	(void)notes_check(n->bytes, n->size, n->swap, &len);
	return len;
}

static void assert_vmcoreinfo(const struct vmcore *vc, const char *text)
{
	assert_non_null(vc->vmcoreinfo);
	assert_int_equal(vc->vmcoreinfo_size, strlen(text));
	assert_memory_equal(vc->vmcoreinfo, text, strlen(text));
}

static void test_both_byte_orders(void **state)
{
	(void)state;
	for (int swap = 0; swap < 2; swap++) {
		struct notes n = { .swap = swap };
		struct vmcore vc;

		for (int i = 0; i < 3; i++)
			add_prstatus(&n);
		add(&n, "QEMU", 0, "cpu state", 9);
		add(&n, "CORE", 3, "prpsinfo", 8);
		add(&n, "LINUX", 1, "other", 5);
		add_text(&n, "VMCOREINFO_XEN", "xen");
		add_text(&n, "VMCOREINFO", "OSRELEASE=6\n");
		add_text(&n, "ERASEINFO", "erase x size 1\n");
		assert_int_equal(scan(&vc, &n, n.size), 0);
		assert_int_equal(vc.nr_cpus, 3);
		assert_vmcoreinfo(&vc, "OSRELEASE=6\n");
		assert_int_equal(vc.eraseinfo_size, 15);
		assert_memory_equal(vc.eraseinfo, "erase x size 1\n", 15);
		drop(&vc);
		assert_int_equal(good_length(&n), n.size);
	}
}

static void test_nothing(void **state)
{
	struct notes n = { 0 };
	struct vmcore vc;

	(void)state;
	assert_int_equal(scan(&vc, &n, 0), 0);
	assert_null(vc.vmcoreinfo);
	assert_int_equal(vc.nr_cpus, 0);
	assert_null(vc.eraseinfo);
	drop(&vc);
	assert_int_equal(good_length(&n), 0);
}

static void test_name_with_and_without_nul(void **state)
{
	static const char name[16] = "VMCOREINFO";

	(void)state;
	for (size_t len = 10; len <= sizeof(name); len++) {
		struct notes n = { 0 };
		struct vmcore vc;

		add_lie(&n, len, 3, 0, name, len, "a=b", 3);
		assert_int_equal(scan(&vc, &n, n.size), 0);
		assert_vmcoreinfo(&vc, "a=b");
		drop(&vc);
	}
	for (size_t len = 0; len < 10; len++) {
		struct notes n = { 0 };
		struct vmcore vc;

		add_lie(&n, len, 3, 0, name, len, "a=b", 3);
		assert_int_equal(scan(&vc, &n, n.size), 0);
		assert_null(vc.vmcoreinfo);
		drop(&vc);
	}
}

static void test_vmcoreinfo_ends_at_nul(void **state)
{
	struct notes n = { 0 };
	struct vmcore vc;

	(void)state;
	add(&n, "VMCOREINFO", 0, "a=b\n\0\0\0\0\0", 9);
	assert_int_equal(scan(&vc, &n, n.size), 0);
	assert_vmcoreinfo(&vc, "a=b\n");
	drop(&vc);
}

static void test_empty_vmcoreinfo_is_passed_over(void **state)
{
	struct notes n = { 0 };
	struct vmcore vc;

	(void)state;
	add(&n, "VMCOREINFO", 0, NULL, 0);
	add(&n, "VMCOREINFO", 0, "\0\0\0\0", 4);
	add_text(&n, "VMCOREINFO", "first");
	add_text(&n, "VMCOREINFO", "second");
	add(&n, "ERASEINFO", 0, NULL, 0);
	add_text(&n, "ERASEINFO", "one");
	add_text(&n, "ERASEINFO", "two");
	assert_int_equal(scan(&vc, &n, n.size), 0);
	assert_vmcoreinfo(&vc, "first");
	assert_int_equal(vc.eraseinfo_size, 3);
	assert_memory_equal(vc.eraseinfo, "one", 3);
	drop(&vc);
}

/* Other notes of Xen are no crash of a Xen host. */
static void test_other_xen_notes(void **state)
{
	struct notes n = { 0 };
	struct vmcore vc;

	(void)state;
	add(&n, "Xen", 0x1000002, "cr3", 3);
	add(&n, "Xen", 0x2000001, "header", 6);
	assert_int_equal(scan(&vc, &n, n.size), 0);
	assert_false(vc.xen.found);
	drop(&vc);
}

/* Xen's note, of 64-bit Xen, in each of its lengths. */
static void test_xen_crash(void **state)
{
	(void)state;
	for (size_t words = 0; words <= 10; words++) {
		for (int swap = 0; swap < 2; swap++) {
			struct notes n = { .swap = swap };
			char desc[10 * sizeof(uint64_t)];
			struct vmcore vc = { 0 };

			for (size_t i = 0; i < words; i++)
				store_u64(desc + i * sizeof(uint64_t), 100 + i, swap);
			add(&n, "Xen", 0x1000002, "cr3", 3);
			add(&n, "Xen", 0x1000001, desc, words * sizeof(uint64_t));
			add_text(&n, "VMCOREINFO_XEN", "first");
			add_text(&n, "VMCOREINFO_XEN", "second");
			vc.notes = malloc(n.size);
			assert_non_null(vc.notes);
			memcpy(vc.notes, n.bytes, n.size);
			vc.notes_size = n.size;
			vc.swap = swap;
			vc.is64 = true;
			assert_int_equal(notes_scan(&vc), 0);
			assert_true(vc.xen.found);
			assert_int_equal(vc.xen.major, words >= 8 ? 100 : 0);
			assert_int_equal(vc.xen.p2m_root, words > 8 ? 100 + words - 1 : 0);
			assert_int_equal(vc.xen.phys_start, words > 9 ? 100 + words - 2 : 0);
			assert_int_equal(vc.xen.vmcoreinfo_size, 5);
			assert_memory_equal(vc.xen.vmcoreinfo, "first", 5);
			drop(&vc);
		}
	}
}

static void test_what_the_format_knows_stays(void **state)
{
	static const char text[] = "known";
	struct notes n = { 0 };
	struct vmcore vc = { 0 };

	(void)state;
	add_text(&n, "VMCOREINFO", "a=b");
	add_text(&n, "ERASEINFO", "note");
	vc.notes = n.bytes;
	vc.notes_size = n.size;
	vc.nr_cpus = 5;
	vc.vmcoreinfo = text;
	vc.vmcoreinfo_size = 5;
	vc.eraseinfo = strdup("header");
	assert_non_null(vc.eraseinfo);
	vc.eraseinfo_size = 6;
	assert_int_equal(notes_scan(&vc), 0);
	assert_int_equal(vc.nr_cpus, 5);
	assert_ptr_equal(vc.vmcoreinfo, text);
	assert_int_equal(vc.vmcoreinfo_size, 5);
	assert_string_equal(vc.eraseinfo, "header");
	free(vc.eraseinfo);
}

static void test_padding_ends(void **state)
{
	struct notes n = { 0 };
	struct vmcore vc;
	size_t end;

	(void)state;
	add_prstatus(&n);
	end = n.size;
	n.size += 64;
	add_prstatus(&n);
	assert_int_equal(scan(&vc, &n, n.size), 0);
	assert_int_equal(vc.nr_cpus, 1);
	drop(&vc);
	assert_int_equal(good_length(&n), end);
}

static void test_last_note_need_not_be_padded(void **state)
{
	struct notes n = { 0 };
	struct vmcore vc;

	(void)state;
	add_text(&n, "VMCOREINFO", "a=b\nc");
	assert_int_equal(scan(&vc, &n, n.size - 3), 0);
	assert_vmcoreinfo(&vc, "a=b\nc");
	drop(&vc);
}

/* A copy has zeros in place of a padding that is missing, nothing that lay there. */
static void test_copy_is_padded(void **state)
{
	struct notes n = { 0 };
	char copy[256];

	(void)state;
	add_text(&n, "ERASEINFO", "erase x");
	add_text(&n, "VMCOREINFO", "a=b\nc");
	memset(copy, 'x', sizeof(copy));
	assert_int_equal(notes_without(n.bytes, n.size - 3, n.swap, "ERASEINFO", copy), 32);
	assert_memory_equal(copy + 24, "a=b\nc\0\0", 8);
	assert_int_equal(copy[32], 'x');
}

/* Notes before the damage count, notes after it do not. */
static void assert_damaged(uint32_t name_size, uint32_t desc_size)
{
	struct notes n = { 0 };
	struct vmcore vc;
	char at[32];
	size_t end;

	add_prstatus(&n);
	end = n.size;
	add_lie(&n, name_size, desc_size, 0, "VMCOREINFO", 11, "a=b", 3);
	add_prstatus(&n);
	assert_int_equal(scan(&vc, &n, n.size), -EBADMSG);
	snprintf(at, sizeof(at), "at offset %zu: ", end);
	assert_non_null(strstr(err_text(-EBADMSG), at));
	assert_int_equal(vc.nr_cpus, 1);
	assert_null(vc.vmcoreinfo);
	drop(&vc);
	assert_int_equal(good_length(&n), end);
}

static void test_sizes_that_lie(void **state)
{
	static const uint32_t huge[] = {
		0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc, 0xfffffffd, 0xffffffff, 0x1000,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
		assert_damaged(11, huge[i]);
		assert_damaged(huge[i], 3);
		for (size_t j = 0; j < ARRAY_SIZE(huge); j++)
			assert_damaged(huge[i], huge[j]);
	}
}

static void test_one_byte_too_long(void **state)
{
	struct notes n = { 0 };
	struct vmcore vc;

	(void)state;
	add_lie(&n, 11, 5, 0, "VMCOREINFO", 11, "a=b\n", 4);
	assert_int_equal(scan(&vc, &n, n.size), -EBADMSG);
	drop(&vc);
	n.size = 0;
	add_lie(&n, 11, 4, 0, "VMCOREINFO", 11, "a=b\n", 4);
	assert_int_equal(scan(&vc, &n, n.size), 0);
	assert_vmcoreinfo(&vc, "a=b\n");
	drop(&vc);
}

static void test_cut_at_each_byte(void **state)
{
	struct notes n = { 0 };
	size_t ends[3], last = 0;

	(void)state;
	add_prstatus(&n);
	ends[0] = n.size;
	add_text(&n, "VMCOREINFO", "OSRELEASE=6\nPAGESIZE=4096\n");
	ends[1] = n.size;
	add_prstatus(&n);
	ends[2] = n.size;
	for (size_t len = 0; len <= n.size; len++) {
		struct notes cut = n;
		struct vmcore vc;
		size_t good;
		int ret = scan(&vc, &n, len);

		cut.size = len;
		good = good_length(&cut);
		assert_true(good <= len && good >= last);
		last = good;
		assert_int_equal(vc.nr_cpus, (len >= ends[0]) + (len >= ends[2]));
		/* Two bytes of padding after the text. */
		assert_int_equal(!!vc.vmcoreinfo, len >= ends[1] - 2);
		/* Fewer than 4 bytes hold no name size: padding. */
		if (ret)
			assert_int_equal(ret, -EBADMSG);
		else
			assert_true(len - good < 4);
		drop(&vc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_byte_orders),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_name_with_and_without_nul),
		cmocka_unit_test(test_vmcoreinfo_ends_at_nul),
		cmocka_unit_test(test_empty_vmcoreinfo_is_passed_over),
		cmocka_unit_test(test_xen_crash),
		cmocka_unit_test(test_other_xen_notes),
		cmocka_unit_test(test_what_the_format_knows_stays),
		cmocka_unit_test(test_padding_ends),
		cmocka_unit_test(test_last_note_need_not_be_padded),
		cmocka_unit_test(test_copy_is_padded),
		cmocka_unit_test(test_sizes_that_lie),
		cmocka_unit_test(test_one_byte_too_long),
		cmocka_unit_test(test_cut_at_each_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
