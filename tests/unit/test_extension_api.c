// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The interface of extensions: arguments, verdicts, erasures, failing; memory, members,
 * addresses, struct pages and symbols, in both byte orders and word sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "erase_info.h"
#include "extension.h"
#include "makedumpfile.h"
#include "symbols/kallsyms.h"
#include "tests/unit/flatkernel.h"
#include "tests/unit/kallsyms_image.h"
#include "tests/unit/minicore.h"

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, pgd);

static void check_said(int err, const char *what)
{
	assert_string_equal(mdf_error(), err_text(err));
	if (!strstr(mdf_error(), what))
		fail_msg("\"%s\" does not say \"%s\"", mdf_error(), what);
}

/* --- arguments, verdicts, failing ------------------------------------------------- */

static void check_argument(const char *arguments, const char *key, const char *want)
{
	struct extension_env env = { .arguments = arguments };
	const char *value;

	extension_env_set(&env);
	/* Before and after another question. */
	for (unsigned int i = 0; i < 2; i++) {
		value = extension_argument(key);
		if (want)
			assert_string_equal(value, want);
		else
			assert_null(value);
		assert_null(extension_argument("no such key"));
	}
	extension_env_set(NULL);
}

static void test_arguments(void **state)
{
	(void)state;
	check_argument("", "pid", NULL);
	check_argument("pid=1", "pid", "1");
	check_argument("comm=x,pid=12,what", "pid", "12");
	check_argument("comm=x,pid=12,what", "comm", "x");
	check_argument("comm=x,pid=12,what", "what", "");
	check_argument("comm=x,pid=12,what", "wha", NULL);
	check_argument("comm=x,pid=12,what", "whats", NULL);
	check_argument("pid=,a", "pid", "");
	check_argument("a=b=c", "a", "b=c");
	check_argument("a=1,a,b,a=2", "a", "2");
	check_argument("a=1,a", "a", "");
	check_argument(",,a=1,,", "a", "1");
	check_argument("x=pid=1", "pid", NULL);
}

static void check_items(const char *arguments, const char *want)
{
	struct extension_env env = { .arguments = arguments };
	char item[8], all[64] = "";

	extension_env_set(&env);
	for (unsigned int n = 0; !extension_argument_item("k", n, item, sizeof(item)); n++) {
		strcat(all, item);
		strcat(all, "|");
	}
	assert_string_equal(all, want);
	assert_string_equal(item, "");
	extension_env_set(NULL);
}

static void test_argument_items(void **state)
{
	struct extension_env env = { .arguments = "k=ab+cde,long=12345678" };
	char item[8];

	(void)state;
	check_items("", "");
	check_items("k", "");
	check_items("k=", "");
	check_items("k=a", "a|");
	check_items("k=a+bc+d", "a|bc|d|");
	check_items("k=g++", "g++|");
	check_items("k=sh+g+++x,j", "sh|g++|x|");
	check_items("k=+a", "+a|");
	extension_env_set(&env);
	assert_int_equal(extension_argument_item("k", 1, item, 3), -EINVAL);
	assert_string_equal(item, "");
	assert_int_equal(extension_argument_item("k", 1, item, 4), 0);
	assert_string_equal(item, "cde");
	assert_int_equal(extension_argument_item("k", 0, item, 0), -EINVAL);
	assert_int_equal(extension_argument_item("k", UINT_MAX, item, 8), -ENOENT);
	assert_int_equal(extension_argument_item("long", 0, item, 8), -EINVAL);
	check_said(-EINVAL, "long=12345678 is too long");
	extension_env_set(NULL);
}

static void test_argument_words(void **state)
{
	static const char *const words[] = { "all", "stack", "elf", NULL };
	struct extension_env env = { .arguments = "a=elf,b=stack+all+stack,c=" };

	(void)state;
	extension_env_set(&env);
	assert_int_equal(extension_argument_words("a", words), 4);
	assert_int_equal(extension_argument_words("b", words), 3);
	assert_int_equal(extension_argument_words("c", words), 0);
	assert_int_equal(extension_argument_words("d", words), 0);
	extension_env_set(NULL);
}

static void check_bits(const struct bitmap *b, uint64_t start, uint64_t end, uint64_t count)
{
	assert_int_equal(bitmap_count(b, start, end), end - start);
	assert_int_equal(bitmap_count(b, 0, b->nbits), count);
}

static void test_decide(void **state)
{
	const struct extension_shared *a;
	struct flat f;

	(void)state;
	flat_begin(&f, true, false);
	a = &f.shared;
	extension_decide(5, 3, PG_INCLUDE);
	check_bits(&a->include, 5, 8, 3);
	check_bits(&a->exclude, 0, 0, 0);
	extension_decide(7, 2, PG_EXCLUDE);
	check_bits(&a->include, 5, 8, 3);
	check_bits(&a->exclude, 7, 9, 2);
	extension_decide(5, 3, PG_UNDECID);
	extension_decide(6, 0, PG_EXCLUDE);
	extension_decide(0, 9, (enum extension_verdict)77);
	check_bits(&a->include, 5, 8, 3);
	check_bits(&a->exclude, 7, 9, 2);
	/* Ranges after the last page, or of all numbers. */
	extension_decide(FLAT_PAGES - 1, ULONG_MAX, PG_INCLUDE);
	check_bits(&a->include, FLAT_PAGES - 1, FLAT_PAGES, 4);
	extension_decide(ULONG_MAX, 1, PG_INCLUDE);
	extension_decide(ULONG_MAX, ULONG_MAX, PG_EXCLUDE);
	extension_decide(FLAT_PAGES, 8, PG_INCLUDE);
	check_bits(&a->include, FLAT_PAGES - 1, FLAT_PAGES, 4);
	check_bits(&a->exclude, 7, 9, 2);
	flat_end(&f);
}

static void test_fail(void **state)
{
	struct extension_shared *shared;
	struct extension_env env = { .arguments = "" };
	int status;
	pid_t pid;

	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	shared->stage = EXT_PAGES;
	env.shared = shared;
	pid = fork();
	assert_return_code(pid, errno);
	if (!pid) {
		extension_env_set(&env);
		extension_fail("no %s in %0600d", "comm", 7);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_int_equal(shared->stage, EXT_REFUSED);
	assert_int_equal(strncmp(shared->text, "no comm in 000", 14), 0);
	assert_int_equal(strlen(shared->text), sizeof(shared->text) - 1);
	munmap(shared, sizeof(*shared));
}

/* --- erasures --------------------------------------------------------------------- */

static void check_erasure(const struct flat *f, unsigned int i, paddr_t start, paddr_t end,
			  unsigned int fill)
{
	assert_in_range(i, 0, f->shared.nr_erasures - 1);
	assert_int_equal(f->shared.erasures[i].start, start);
	assert_int_equal(f->shared.erasures[i].end, end);
	assert_int_equal(f->shared.erasures[i].fill, fill);
}

static void test_erase_physical(void **state)
{
	uint64_t end = UINT64_C(1) << 52;
	struct flat f;

	(void)state;
	flat_begin(&f, true, false);
	assert_int_equal(erase_physical(0x1000, 0, 'X'), 0);
	assert_int_equal(f.shared.nr_erasures, 0);
	assert_int_equal(erase_physical(0x1000, 0x10, 'X'), 0);
	assert_int_equal(erase_physical(0x1010, 0x10, 'X'), 0);
	assert_int_equal(erase_physical(0x1020, 0x10, 'Y'), 0);
	assert_int_equal(erase_physical(0x1031, 0x10, 'Y'), 0);
	assert_int_equal(erase_physical(0x1000, 1, 0x1ff), 0);
	assert_int_equal(f.shared.nr_erasures, 4);
	check_erasure(&f, 0, 0x1000, 0x1020, 'X');
	check_erasure(&f, 1, 0x1020, 0x1030, 'Y');
	check_erasure(&f, 2, 0x1031, 0x1041, 'Y');
	check_erasure(&f, 3, 0x1000, 0x1001, 0xff);
	assert_int_equal(erase_physical(end - 8, 8, 0), 0);
	check_erasure(&f, 4, end - 8, end, 0);
	assert_int_equal(erase_physical(end - 8, 9, 0), -EINVAL);
	assert_int_equal(erase_physical(UINT64_MAX, 2, 0), -EINVAL);
	assert_int_equal(erase_physical(8, UINT64_MAX - 4, 0), -EINVAL);
	check_said(-EINVAL, "for 18446744073709551611 bytes");
	assert_int_equal(f.shared.nr_erasures, 5);
	assert_false(f.shared.erasures_lost);
	flat_end(&f);
}

static void test_too_many_erasures(void **state)
{
	struct flat f;

	(void)state;
	flat_begin(&f, true, false);
	for (unsigned int i = 0; i < ERASURES_MAX; i++)
		assert_int_equal(erase_physical(i * 2, 1, 0), 0);
	assert_false(f.shared.erasures_lost);
	/* There is room for what follows the last one. */
	assert_int_equal(erase_physical(ERASURES_MAX * 2 - 1, 1, 0), 0);
	assert_false(f.shared.erasures_lost);
	assert_int_equal(erase_physical(0, 1, 0), -ENOMEM);
	check_said(-ENOMEM, "1048576 ranges");
	assert_true(f.shared.erasures_lost);
	assert_int_equal(update_filter_info_raw(f.base, 0, 4), -ENOMEM);
	assert_int_equal(f.shared.nr_erasures, ERASURES_MAX);
	flat_end(&f);
}

static void test_erase(void **state)
{
	(void)state;
	for EACH_KERNEL(i) {
		struct flat f;

		BEGIN(&f, i);
		f.map[2] = 3;
		f.map[3] = 2;
		f.map[5] = FLAT_HOLE;
		assert_int_equal(update_filter_info_raw(f.base + 0x10, 'X', 0x20), 0x20);
		check_erasure(&f, 0, 0x10, 0x30, 'X');
		/* Two pages of which the second lies elsewhere, the third before it. */
		assert_int_equal(update_filter_info_raw(f.base + 0x1ff0, 'X', 0x1020), 0x1020);
		check_erasure(&f, 1, 0x1ff0, 0x2000, 'X');
		check_erasure(&f, 2, 0x3000, 0x4000, 'X');
		check_erasure(&f, 3, 0x2000, 0x2010, 'X');
		/* A hole at the end, in the middle, at the beginning; nothing else. */
		assert_int_equal(update_filter_info_raw(f.base + 0x4ff0, 'Z', 0x20), -EFAULT);
		check_said(-EFAULT, "is not mapped");
		check_erasure(&f, 4, 0x4ff0, 0x5000, 'Z');
		assert_int_equal(update_filter_info_raw(f.base + 0x4ff0, 'Y', 0x1020), -EFAULT);
		check_erasure(&f, 5, 0x4ff0, 0x5000, 'Y');
		check_erasure(&f, 6, 0x6000, 0x6010, 'Y');
		assert_int_equal(update_filter_info_raw(f.base + 0x5ff0, 'W', 0x20), -EFAULT);
		check_erasure(&f, 7, 0x6000, 0x6010, 'W');
		assert_int_equal(f.shared.nr_erasures, 8);
		assert_int_equal(update_filter_info_raw(f.base + 0x5000, 'X', 0x1000), 0);
		assert_int_equal(update_filter_info_raw(f.base, 'X', 0), 0);
		assert_int_equal(update_filter_info_raw(f.base, 'X', -5), 0);
		/* The end of the address space. */
		assert_int_equal(update_filter_info_raw(f.vc.is64 ? UINT64_MAX - 3 : UINT32_MAX - 3,
							'X', 8), 0);
		check_said(-EFAULT, "for 8 bytes");
		assert_int_equal(f.shared.nr_erasures, 8);
		flat_end(&f);
	}
}

/* --- reading ---------------------------------------------------------------------- */

static void put_pattern(struct flat *f)
{
	for (unsigned int i = 0; i < FLAT_BYTES; i++)
		f->bytes[i] = i * 7 + (i >> 12);
}

static void test_readmem(void **state)
{
	(void)state;
	for EACH_KERNEL(i) {
		uint8_t buf[0x3000];
		struct flat f;

		BEGIN(&f, i);
		put_pattern(&f);
		f.map[1] = 7;
		f.map[4] = FLAT_HOLE;
		assert_int_equal(readmem(VADDR, f.base + 0xffe, buf, 4), 4);
		assert_memory_equal(buf, f.bytes + 0xffe, 2);
		assert_memory_equal(buf + 2, f.bytes + 0x7000, 2);
		assert_int_equal(readmem(VADDR, f.base + 0x2000, buf, 0x2000), 0x2000);
		assert_memory_equal(buf, f.bytes + 0x2000, 0x2000);
		assert_int_equal(readmem(VADDR, f.base + 0x2001, buf, 0x2000), 0);
		check_said(-EFAULT, "is not mapped");
		assert_int_equal(readmem(PADDR, 0x3001, buf, 0x2000), 0x2000);
		assert_memory_equal(buf, f.bytes + 0x3001, 0x2000);
		assert_int_equal(readmem(PADDR, 0x3fff, buf, 2), 2);
		assert_memory_equal(buf, f.bytes + 0x3fff, 2);
		assert_int_equal(readmem(PADDR, FLAT_BYTES - 1, buf, 2), 0);
		assert_int_equal(readmem(VADDR, f.base, buf, 0), 0);
		assert_int_equal(readmem(2, f.base, buf, 4), 0);
		check_said(-EINVAL, "no kind of address");
		assert_int_equal(readmem(VADDR, f.base, buf, (size_t)INT_MAX + 1), 0);
		assert_int_equal(readmem(VADDR, f.vc.is64 ? UINT64_MAX : UINT32_MAX, buf, 2), 0);
		check_said(-EFAULT, "for 2 bytes");
		assert_int_equal(mdf_page_size(), FLAT_PAGE);
		assert_int_equal(mdf_long_size(), i & 1 ? 4 : 8);
		flat_end(&f);
	}
}

static void test_longs(void **state)
{
	(void)state;
	for EACH_KERNEL(i) {
		uint64_t value = 5, want;
		struct flat f;

		BEGIN(&f, i);
		want = f.vc.is64 ? 0x8182838485868788 : 0x81828384;
		flat_put(&f, f.base + 0x13, want);
		flat_put(&f, f.base + 0x20, f.base + 0x40);
		assert_int_equal(mdf_read_ulong(f.base + 0x13, &value), 0);
		assert_int_equal(value, want);
		assert_int_equal(mdf_read_ulong(f.base + FLAT_BYTES, &value), -EFAULT);
		assert_int_equal(value, want);
		assert_int_equal(next_list(f.base + 0x20), f.base + 0x40);
		assert_int_equal(next_list(f.base - 1), 0);
		flat_end(&f);
	}
}

static void test_number(void **state)
{
	struct ktype_info m = { .struct_name = "thing", .member_name = "count" };

	(void)state;
	for EACH_KERNEL(i) {
		bool big = i & 2;
		uint64_t value;
		struct flat f;

		BEGIN(&f, i);
		for (unsigned int j = 0; j < 8; j++)
			flat_at(&f, f.base + 0x28)[j] = big ? 0xf1 + j : 0xf8 - j;
		for (unsigned int size = 1; size <= 8; size *= 2) {
			/* The lowest bytes are at the end of a big-endian machine's. */
			flat_member(&m, 8 + (big ? 8 - size : 0), size);
			assert_int_equal(mdf_read_number(f.base + 0x20, &m, &value), 0);
			assert_int_equal(value, 0xf1f2f3f4f5f6f7f8 & UINT64_MAX >> (64 - size * 8));
		}
		assert_int_equal(mdf_read_number(f.base - 0x20, &m, &value), -EFAULT);
		flat_member(&m, 8, 3);
		assert_int_equal(mdf_read_number(f.base, &m, &value), -EINVAL);
		check_said(-EINVAL, "thing.count, of 3 bytes");
		flat_member(&m, 8, 16);
		assert_int_equal(mdf_read_number(f.base, &m, &value), -EINVAL);
		flat_member(&m, 8, 0);
		assert_int_equal(mdf_read_number(f.base, &m, &value), -ENOENT);
		check_said(-ENOENT, "size of thing.count");
		flat_member(&m, 8, 4);
		m.member_bit_offset++;
		assert_int_equal(mdf_read_number(f.base, &m, &value), -EBADMSG);
		m.index = -1;
		assert_int_equal(mdf_read_number(f.base, &m, &value), -ENOENT);
		check_said(-ENOENT, "OFFSET(thing.count) is not known");
		flat_end(&f);
	}
}

/* Each field of each width at each bit, against what C would make of a whole number. */
static void test_bit_fields(void **state)
{
	struct ktype_info m = { .struct_name = "thing", .member_name = "bits", .index = 0 };
	const uint64_t whole = 0xd1e2a3b4c5968778;

	(void)state;
	for EACH_KERNEL(i) {
		bool big = i & 2;
		struct flat f;

		BEGIN(&f, i);
		for (unsigned int j = 0; j < 8; j++)
			f.bytes[FLAT_BYTES - 8 + j] = whole >> (big ? 56 - 8 * j : 8 * j);
		for (unsigned int at = 0; at < 64; at++) {
			for (unsigned int width = 1; width <= 64 - at; width++) {
				uint64_t value, want = whole >> (big ? 64 - at - width : at);

				m.member_bit_offset = at;
				m.member_bit_sz = width;
				assert_int_equal(mdf_read_number(f.base + FLAT_BYTES - 8, &m,
								 &value), 0);
				assert_int_equal(value, want & UINT64_MAX >> (64 - width));
			}
		}
		m.member_bit_offset = 1;
		m.member_bit_sz = 64;
		assert_int_equal(mdf_read_number(f.base, &m, &(uint64_t){ 0 }), -EINVAL);
		m.member_bit_sz = UINT32_MAX;
		assert_int_equal(mdf_read_number(f.base, &m, &(uint64_t){ 0 }), -EINVAL);
		flat_end(&f);
	}
}

static void test_member(void **state)
{
	struct ktype_info m = { .struct_name = "thing", .member_name = "name" };
	char buf[32];
	struct flat f;

	(void)state;
	flat_begin(&f, true, true);
	put_pattern(&f);
	flat_member(&m, 0x10, 16);
	memset(buf, 0x55, sizeof(buf));
	assert_int_equal(mdf_read_member(f.base + 0x100, &m, buf, sizeof(buf)), 16);
	assert_memory_equal(buf, f.bytes + 0x110, 16);
	assert_int_equal(buf[16], 0x55);
	assert_int_equal(mdf_read_member(f.base + 0x200, &m, buf, 3), 3);
	assert_memory_equal(buf, f.bytes + 0x210, 3);
	assert_memory_equal(buf + 3, f.bytes + 0x113, 13);
	assert_int_equal(mdf_read_member(f.base + FLAT_BYTES - 0x10, &m, buf, 8), -EFAULT);
	flat_member(&m, 0x10, 0);
	assert_int_equal(mdf_read_member(f.base, &m, buf, 8), -ENOENT);
	flat_member(&m, 0x10, 8);
	assert_int_equal(mdf_read_member(f.base, &m, buf, 8), 8);
	m.member_name = NULL;
	assert_int_equal(mdf_read_member(f.base, &m, buf, 8), -ENOENT);
	flat_end(&f);
}

static void test_string(void **state)
{
	char text[300], buf[300];
	struct flat f;

	(void)state;
	flat_begin(&f, false, false);
	for (unsigned int i = 0; i < sizeof(text) - 1; i++)
		text[i] = 'a' + i % 26;
	text[sizeof(text) - 1] = '\0';
	/* Long, across two pages; and up to the last byte that is mapped. */
	memcpy(f.bytes + 0x1000 - 100, text, sizeof(text));
	memcpy(f.bytes + 0x4000 - 4, "end", 4);
	memcpy(f.bytes + 0x5000 - 4, "over", 4);
	f.map[4] = FLAT_HOLE;
	f.map[5] = FLAT_HOLE;
	f.map[3] = 3;
	assert_int_equal(mdf_read_string(f.base + 0x1000 - 100, buf, sizeof(buf)), 0);
	assert_string_equal(buf, text);
	for (unsigned int size = 1; size < sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		assert_int_equal(mdf_read_string(f.base + 0x1000 - 100, buf, size), 0);
		assert_int_equal(strlen(buf), size - 1);
		assert_int_equal(strncmp(buf, text, size - 1), 0);
		assert_int_equal(buf[size], '#');
	}
	assert_int_equal(mdf_read_string(f.base + 0x4000 - 4, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "end");
	f.map[4] = 4;
	assert_int_equal(mdf_read_string(f.base + 0x5000 - 4, buf, 5), 0);
	assert_string_equal(buf, "over");
	assert_int_equal(mdf_read_string(f.base + 0x5000 - 4, buf, 6), -EFAULT);
	assert_string_equal(buf, "");
	assert_int_equal(mdf_read_string(f.base, buf, 0), -EINVAL);
	flat_end(&f);
}

/* --- signed numbers, pointers, paths, groups of facts ------------------------------ */

static void test_signed(void **state)
{
	struct ktype_info m = { .struct_name = "s", .member_name = "m" };
	struct flat f;
	int64_t value;

	(void)state;
	flat_begin(&f, true, false);
	memset(f.bytes, 0xfe, 8);
	/* Two bit fields: 110, and 011 at bit 2. */
	f.bytes[8] = 0x1e;
	f.bytes[9] = 0x0c;
	for (unsigned int size = 1; size <= 8; size *= 2) {
		flat_member(&m, 0, size);
		assert_int_equal(mdf_read_signed(f.base, &m, &value), 0);
		assert_int_equal(value, size == 1 ? -2 : size == 2 ? -0x102 :
				 size == 4 ? -0x1010102 : -0x101010101010102);
	}
	flat_member(&m, 8, 1);
	m.member_bit_sz = 3;
	assert_int_equal(mdf_read_signed(f.base, &m, &value), 0);
	assert_int_equal(value, -2);
	m.member_bit_offset = 9 * 8 + 2;
	assert_int_equal(mdf_read_signed(f.base, &m, &value), 0);
	assert_int_equal(value, 3);
	value = 7;
	flat_member(&m, 0, 16);
	assert_int_equal(mdf_read_signed(f.base, &m, &value), -EINVAL);
	assert_int_equal(value, 7);
	flat_end(&f);
}

static void test_pointer_and_path(void **state)
{
	struct ktype_info m = { .struct_name = "s", .member_name = "m" };
	struct kpath_info p = { .path = "s.m.n", .bit_offset = 64, .size = 2, .index = -1 };
	uint64_t value = 0;

	(void)state;
	for EACH_KERNEL(i) {
		struct flat f;

		BEGIN(&f, i);
		flat_put(&f, f.base + 16, 0x12345678);
		f.bytes[8] = f.bytes[9] = 0x77;
		/* A union of several pointers, and one whose size is not known. */
		flat_member(&m, 16, 32);
		assert_int_equal(mdf_read_pointer(f.base, &m, &value), 0);
		assert_int_equal(value, 0x12345678);
		flat_member(&m, 16, 0);
		assert_int_equal(mdf_read_pointer(f.base, &m, &value), 0);
		m.index = -1;
		assert_int_equal(mdf_read_pointer(f.base, &m, &value), -ENOENT);
		check_said(-ENOENT, "OFFSET(s.m) is not known");
		p.index = -1;
		assert_int_equal(mdf_read_path(f.base, &p, &value), -ENOENT);
		check_said(-ENOENT, "OFFSET(s.m.n) is not known");
		p.index = 0;
		assert_int_equal(mdf_read_path(f.base, &p, &value), 0);
		assert_int_equal(value, 0x7777);
		flat_end(&f);
	}
}

static void test_require(void **state)
{
	int there = 0, missing = -1, ambiguous = -2;
	const struct mdf_fact facts[] = {
		{ "SIZE(a)", &there }, { "OFFSET(b.c)", &missing }, { "SYMBOL(d)", &ambiguous },
	};

	(void)state;
	assert_int_equal(mdf_require(facts, 0), 0);
	assert_int_equal(mdf_require(facts, 1), 0);
	assert_int_equal(mdf_require(facts, 2), -ENOENT);
	check_said(-ENOENT, "missing: OFFSET(b.c)");
	assert_int_equal(mdf_require(facts, 3), -ENOENT);
	check_said(-ENOENT, "OFFSET(b.c), SYMBOL(d)");
}

/* --- struct pages ----------------------------------------------------------------- */

static void check_page(uint64_t pfn, uint64_t page)
{
	uint64_t value = 1;

	assert_int_equal(mdf_pfn_to_page(pfn, &value), 0);
	assert_int_equal(value, page);
	assert_int_equal(mdf_page_to_pfn(page, &value), 0);
	assert_int_equal(value, pfn);
	assert_int_equal(mdf_page_to_pfn(page + 1, &value), -ENOENT);
	assert_int_equal(mdf_page_to_pfn(page + 63, &value), -ENOENT);
	assert_int_equal(value, pfn);
}

static void check_no_page(uint64_t pfn, uint64_t page)
{
	uint64_t value;

	assert_int_equal(mdf_pfn_to_page(pfn, &value), -ENOENT);
	check_said(-ENOENT, "has no struct page");
	assert_int_equal(mdf_page_to_pfn(page, &value), -ENOENT);
	check_said(-ENOENT, "is no struct page");
}

static void test_pages(void **state)
{
	struct memmap_range ranges[] = {
		{ 0x10, 0x20, 0x50000 },
		{ 0x20, 0x40, 0x90000 },
		{ 0x80, 0x81, 0x20000 },	/* the struct pages do not ascend */
		{ 0x90, 0xa0, 0xfffffffffffffc00 },
	};
	const struct memmap map = { .ranges = ranges, .nr_ranges = 4, .page_struct_size = 64 };
	uint64_t value;
	struct flat f;

	(void)state;
	flat_begin(&f, true, false);
	assert_int_equal(mdf_pfn_to_page(0x10, &value), -ENOENT);
	check_said(-ENOENT, "memory map is not known");
	assert_int_equal(mdf_page_to_pfn(0x50000, &value), -ENOENT);
	f.env.memmap = &map;
	check_page(0x10, 0x50000);
	check_page(0x1f, 0x50000 + 15 * 64);
	check_page(0x20, 0x90000);
	check_page(0x3f, 0x90000 + 31 * 64);
	check_page(0x80, 0x20000);
	check_page(0x90, 0xfffffffffffffc00);
	check_page(0x9f, 0xffffffffffffffc0);
	check_no_page(0x0f, 0x50000 - 64);
	check_no_page(0x40, 0x90000 + 32 * 64);
	check_no_page(0x7f, 0x20000 - 64);
	check_no_page(0x81, 0x20000 + 64);
	check_no_page(UINT64_MAX, 0);
	flat_end(&f);
}

/* --- a real machine's page tables ------------------------------------------------- */

/*
 * An address space of its own: user address 0x401000 is page 0x980, 0x600000 a huge page at
 * 0xa00 and 0x800000 is nowhere.
 */
static const struct core_text machine_text = {
	"mini",
	"set OFFSET(mm_struct.pgd) 24\n"
	"u64 0xe10018 direct+0xe11000\n"
	"u64 0xe11000 0xe12007\n"
	"u64 0xe12000 0xe13007\n"
	"u64 0xe13010 0xe14007 0xa000e7\n"
	"u64 0xe14008 0x980007\n"
	/* The mm of an address space that has lost its tables. */
	"u64 0xe10118 0xffffabcd00000000\n"
};

static void check_user(uint64_t mm, uint64_t address, int want, uint64_t physical)
{
	uint64_t value = 5;

	assert_int_equal(mdf_user_to_physical(mm, address, &value), want);
	assert_int_equal(value, want ? 5 : physical);
}

/* The visited ranges, as text. */
struct user_memory {
	char text[256];
	int stop;			/* after the first */
};

static int visit_memory(void *ctx, uint64_t address, uint64_t physical, uint64_t len)
{
	struct user_memory *u = ctx;
	size_t at = strlen(u->text);

	snprintf(u->text + at, sizeof(u->text) - at, "%" PRIx64 ":%" PRIx64 "+%" PRIx64 " ",
		 address, physical, len);
	return u->stop;
}

static void check_memory(uint64_t mm, uint64_t start, uint64_t end, int want, const char *text)
{
	struct user_memory u = { .stop = want > 0 ? want : 0 };

	assert_int_equal(mdf_for_each_user_memory(mm, start, end, visit_memory, &u), want);
	assert_string_equal(u.text, text);
}

/* All at once: holes of any size are a step, so 2^47 bytes are no more work than a page. */
static void check_user_memory(uint64_t mm)
{
	check_memory(mm, 0, 1ULL << 47, 0, "401000:980000+1000 600000:a00000+200000 ");
	check_memory(mm, 0x401000, 0x601000, 0, "401000:980000+1000 600000:a00000+1000 ");
	check_memory(mm, 0x401ffe, 0x600001, 0, "401ffe:980ffe+2 600000:a00000+1 ");
	check_memory(mm, 0x402000, 0x600000, 0, "");
	check_memory(mm, 0x401000, 0x401000, 0, "");
	check_memory(mm, 0x402000, 0x401000, 0, "");
	check_memory(mm, 0, 1ULL << 47, 7, "401000:980000+1000 ");
	/* No addresses at all are one hole, too. */
	check_memory(mm, 1ULL << 47, UINT64_MAX, 0, "");
	check_memory(mm + 0x100, 0, 1ULL << 47, -EFAULT, "");
}

static void test_user_addresses(void **state)
{
	const uint64_t direct = 0xffff8ae140000000;
	struct extension_env env = { .arguments = "" };
	uint64_t value = 0;
	struct machine m;
	struct memmap map;

	machine_open(&m, *state, "mini");
	assert_int_equal(memmap_init(&map, m.k, m.r), 0);
	env.kernel = m.k;
	env.reader = m.r;
	env.memmap = &map;
	extension_env_set(&env);
	check_user(direct + 0xe10000, 0x401000, 0, 0x980000);
	check_user(direct + 0xe10000, 0x401abc, 0, 0x980abc);
	check_user(direct + 0xe10000, 0x6fffff, 0, 0xafffff);
	check_user(direct + 0xe10000, 0x400000, -EFAULT, 0);
	check_user(direct + 0xe10000, 0x800000, -EFAULT, 0);
	check_said(-EFAULT, "0x800000 is not mapped");
	/* The kernel's own tables have no such address, and these none of the kernel. */
	check_user(direct + 0xe10000, direct, -EFAULT, 0);
	assert_int_equal(mdf_to_physical(0x401000, &value), -EFAULT);
	assert_int_equal(mdf_to_physical(direct + 0x1234, &value), 0);
	assert_int_equal(value, 0x1234);
	check_user(direct + 0xe10100, 0x401000, -EFAULT, 0);
	check_user(0x1000, 0x401000, -EFAULT, 0);
	check_user_memory(direct + 0xe10000);
	GET_MOD_STRUCT_MEMBER_PTR(vmlinux, mm_struct, pgd)->index = -1;
	check_user(direct + 0xe10000, 0x401000, -ENOENT, 0);
	check_said(-ENOENT, "OFFSET(mm_struct.pgd)");
	check_page(0x980, 0xfffff4cbc0000000 + 0x980 * 64);
	extension_env_set(NULL);
	memmap_deinit(&map);
	machine_close(&m);
}

static int machine_setup(void **state)
{
	static struct cores cores;

	*state = &cores;
	return cores_make(&cores, "mini-x86_64.txt", NULL, &machine_text, 1);
}

static int machine_teardown(void **state)
{
	return cores_remove(*state);
}

/* --- symbols ---------------------------------------------------------------------- */

#define AT UINT64_C(0xffffffff81000000)

static const struct kimage_text symbols_text = {
	"symbols",
	"many 300 at+0x10000 16 t __x64_sys_{}_enter\n"
	"many 300 at+0x12000 16 T XFS_BtreeQ{}_qJKLMNOPRUVWXYZhgwz\n"
	"symbol T _stext at\n"
	"symbol D init_uts_ns at+0x80\n"
	"many 2 at+0x20000 16 t twice\n"
	"pad 128*K\n"
	"tables\n"
	"pad 128*K\n"
};

static void check_symbols(void)
{
	uint64_t value, offset;
	char name[64];

	assert_int_equal(mdf_symbol(NULL, "init_uts_ns", &value), 0);
	assert_int_equal(value, AT + 0x80);
	assert_int_equal(mdf_symbol("", "twice", &value), -ENOTUNIQ);
	assert_int_equal(mdf_symbol(NULL, "thrice", &value), -ENOENT);
	check_said(-ENOENT, "thrice");
	assert_int_equal(mdf_symbol("xfs", "init_uts_ns", &value), -ENOENT);
	assert_int_equal(mdf_symbol_at(AT + 0x10015, name, sizeof(name), &offset), 0);
	assert_string_equal(name, "__x64_sys_1_enter");
	assert_int_equal(offset, 5);
	assert_int_equal(mdf_symbol_at(AT + 0x10000, name, 6, NULL), 0);
	assert_string_equal(name, "__x64");
	assert_int_equal(mdf_symbol_at(0x1000, name, sizeof(name), &offset), -ENOENT);
}

static void test_symbols(void **state)
{
	struct ksym_info known[] = {
		{ .modname = "vmlinux", .symname = "_stext", .value = AT },
		{ .modname = "vmlinux", .symname = "init_uts_ns", .value = AT + 0x80 },
	};
	struct ksym_info *const ptrs[] = { &known[0], &known[1] };
	const struct fact_set set = { .ksyms = ptrs, .nr_ksyms = 2 };
	struct extension_env env = { .arguments = "" };
	struct kernel_tables facts = { 0 };
	struct kimage img;
	uint64_t value;
	char name[8];

	known[0].index = known[1].index = FACT_VMCOREINFO;
	extension_env_set(&env);
	assert_int_equal(mdf_symbol(NULL, "init_uts_ns", &value), -ENOENT);
	check_said(-ENOENT, "cannot be used");
	assert_int_equal(mdf_symbol_at(AT, name, sizeof(name), NULL), -ENOENT);

	kimage_open(&img, *state, "symbols");
	kimage_facts(&img, NULL, NULL);
	assert_int_equal(kallsyms_create(&facts.kallsyms, &img.mem), 0);
	assert_int_equal(register_ksym_section(facts.kallsyms, &set), 0);
	assert_int_equal(init_kernel_kallsyms(facts.kallsyms), 0);
	env.facts = &facts;
	check_symbols();
	extension_env_set(NULL);
	kallsyms_destroy(facts.kallsyms);
	kimage_close(&img);
}

static int symbols_setup(void **state)
{
	static struct kimages images;

	*state = &images;
	return kimages_make(&images, NULL, &symbols_text, 1);
}

static int symbols_teardown(void **state)
{
	return kimages_remove(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_argument_items),
		cmocka_unit_test(test_argument_words),
		cmocka_unit_test(test_decide),
		cmocka_unit_test(test_fail),
		cmocka_unit_test(test_erase_physical),
		cmocka_unit_test(test_too_many_erasures),
		cmocka_unit_test(test_erase),
		cmocka_unit_test(test_readmem),
		cmocka_unit_test(test_longs),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_bit_fields),
		cmocka_unit_test(test_member),
		cmocka_unit_test(test_string),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_pointer_and_path),
		cmocka_unit_test(test_require),
		cmocka_unit_test(test_pages),
		cmocka_unit_test_setup_teardown(test_user_addresses, machine_setup,
						machine_teardown),
		cmocka_unit_test_setup_teardown(test_symbols, symbols_setup, symbols_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
