// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a stream to the file in it: the end of the file, records that do not fit together, and
 * that no failing call leaves a dump that says it is complete.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/byteorder.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/types.h"
#include "vmcore/coverage.h"
#include "output/head.h"
#include "output/rearrange.h"
#include "output/sink.h"
#include "tests/unit/failing_calls.h"
#include "vmcore/flattened.h"
#include "vmcore/kdump_format.h"

#define PAGE 4096

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char *path = malloc(PATH_MAX);

	assert_non_null(path);
	snprintf(path, PATH_MAX, "%s/test_rearrange.XXXXXX", tmp ? tmp : "/tmp");
	assert_true(close(mkstemp(path)) == 0);
	*state = path;
	return 0;
}

static int teardown(void **state)
{
	unlink(*state);
	free(*state);
	return 0;
}

/* A stream in memory. */
static int stream_begin(struct sink **s)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	calls_reset(0, 0);
	assert_true(fd >= 0);
	assert_int_equal(sink_flattened_create(s, fd, "stream"), 0);
	return fd;
}

static void stream_end(struct sink *s, int fd)
{
	assert_int_equal(sink_finish(s), 0);
	sink_close(s);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
}

static uint64_t file_size(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Zeros at the end of the file belong to it, also where they are whole blocks. */
static void test_zeros_at_the_end(void **state)
{
	static const uint8_t zeros[3 * PAGE];
	static const uint64_t sizes[] = { 1, PAGE, 2 * PAGE, 3 * PAGE, 3 * PAGE - 1 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct sink *s;
		int fd = stream_begin(&s);

		assert_int_equal(sink_pwrite(s, "data", 4, 0), 0);
		assert_int_equal(sink_pwrite(s, zeros, sizes[i], PAGE), 0);
		stream_end(s, fd);
		assert_int_equal(rearrange(fd, *state, true), 0);
		assert_int_equal(file_size(*state), PAGE + sizes[i]);
		close(fd);
	}
}

/* A header that is written again can have zeros in place of data. */
static void test_zeros_over_data(void **state)
{
	static const uint8_t zeros[3 * PAGE];
	uint8_t data[3 * PAGE];
	struct sink *s;
	int fd = stream_begin(&s), whole;

	memset(data, 'x', sizeof(data));
	assert_int_equal(sink_pwrite(s, "data", 4, 0), 0);
	assert_int_equal(sink_pwrite(s, data, sizeof(data), 4), 0);
	assert_int_equal(sink_pwrite(s, zeros, sizeof(zeros), 4), 0);
	stream_end(s, fd);
	assert_int_equal(rearrange(fd, *state, true), 0);
	close(fd);
	whole = open(*state, O_RDONLY | O_CLOEXEC);
	assert_true(whole >= 0);
	assert_int_equal(pread(whole, data, sizeof(data), 4), sizeof(data));
	assert_memory_equal(data, zeros, sizeof(data));
	close(whole);
}

/* The header of a dump of some kind; returns where it says that it is incomplete. */
static size_t make_head(uint8_t *head, unsigned int kind)
{
	struct kdump_header h = { .version = 6, .block_size = PAGE, .sub_hdr_size = 1,
				  .bitmap_blocks = 2, .max_mapnr = 8 };
	struct kdump_layout l = { .is64 = kind != 1, .align8 = true, .swap = kind == 2 };

	memset(head, 0, HEAD_SIZE);
	if (kind < 3) {
		kdump_encode_header(&l, &h, head);
		return (l.is64 ? 424 : 412) + (l.swap != HOST_BIG_ENDIAN ? 3 : 0);
	}
	memcpy(head, ELFMAG, SELFMAG);
	head[EI_CLASS] = kind == 3 ? ELFCLASS64 : ELFCLASS32;
	head[EI_DATA] = kind == 3 ? ELFDATA2LSB : ELFDATA2MSB;
	return kind == 3 ? offsetof(Elf64_Ehdr, e_flags) : offsetof(Elf32_Ehdr, e_flags) + 3;
}

static void test_failing_calls(void **state)
{
	for (unsigned int kind = 0; kind < 5; kind++) {
		uint8_t head[HEAD_SIZE], got[HEAD_SIZE], data[4 * PAGE];
		size_t mark = make_head(head, kind);
		unsigned int writes = 0, syncs = 0;
		struct sink *s;
		int fd = stream_begin(&s), out;

		memset(data, 'x', sizeof(data));
		assert_int_equal(sink_pwrite(s, head, HEAD_SIZE, 0), 0);
		assert_int_equal(sink_pwrite(s, data, PAGE, PAGE), 0);
		assert_int_equal(sink_pwrite(s, data, 4 * PAGE, 4 * PAGE), 0);
		stream_end(s, fd);
		for (unsigned int i = 0; i <= writes + syncs; i++) {
			calls_reset(i <= writes ? i : 0, i > writes ? i - writes : 0);
			assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
			assert_int_equal(rearrange(fd, *state, true), i ? -EIO : 0);
			if (!i) {
				writes = nr_pwrite;
				syncs = nr_fdatasync;
				assert_true(writes > 3 && syncs == 2);
			}
			calls_reset(0, 0);
			out = open(*state, O_RDONLY | O_CLOEXEC);
			if (fd_pread(out, got, HEAD_SIZE, 0) == HEAD_SIZE) {
				assert_int_equal(!!(got[mark] & (kind < 3 ? 8 : 1)), i > 0);
				got[mark] = head[mark];
				assert_memory_equal(got, head, HEAD_SIZE);
			}
			close(out);
		}
		close(fd);
	}
}

static void test_records_that_do_not_fit(void **state)
{
	/* Beside the header, the sub-header, and the data: one record, and the way it is wrong. */
	static const struct { uint64_t off, len; const char *why; } cases[] = {
		{ 4 * PAGE, PAGE, NULL },
		{ 0, HEAD_SIZE, NULL },
		{ 0, PAGE + 1, "overwrites others" },
		{ 4 * PAGE - 1, 2, "overwrites others" },
		{ 8, 8, "overwrites others" },
		{ 4 * PAGE + 1, 1, "no record has byte 16384" },
	};
	uint8_t head[HEAD_SIZE];
	char text[2 * PAGE];

	make_head(head, 0);
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool at_start = !cases[i].off && cases[i].len == HEAD_SIZE;
		struct sink *s;
		int fd = stream_begin(&s);

		assert_int_equal(sink_pwrite(s, head, HEAD_SIZE, 0), 0);
		assert_int_equal(sink_pwrite(s, text, 100, PAGE), 0);
		assert_int_equal(sink_pwrite(s, text, PAGE, 3 * PAGE), 0);
		assert_int_equal(sink_pwrite(s, at_start ? (void *)head : text, cases[i].len,
					     cases[i].off), 0);
		stream_end(s, fd);
		assert_int_equal(rearrange(fd, *state, true), cases[i].why ? -EBADMSG : 0);
		if (cases[i].why)
			assert_non_null(strstr(err_text(-EBADMSG), cases[i].why));
		close(fd);
	}
}

/* A record of nothing is one, but not at the beginning, where it is no more than zeros. */
static void test_empty_records(void **state)
{
	uint8_t record[FLAT_RECORD_SIZE] = { 0 };
	uint64_t off, len;

	(void)state;
	assert_int_equal(flat_decode_record(record, PAGE, &off, &len), -EBADMSG);
	record[7] = 1;
	assert_int_equal(flat_decode_record(record, PAGE, &off, &len), 1);
}

static void test_no_beginning(void **state)
{
	struct sink *s;
	int fd = stream_begin(&s);

	assert_int_equal(sink_pwrite(s, "data", 4, PAGE), 0);
	stream_end(s, fd);
	assert_int_equal(rearrange(fd, *state, true), -EBADMSG);
	assert_non_null(strstr(err_text(-EBADMSG), "no record has byte 0 "));
	close(fd);
}

static void test_coverage(void **state)
{
	struct coverage *c = calloc(1, sizeof(*c));

	(void)state;
	assert_non_null(c);
	assert_int_equal(coverage_gap(c, 0, 10), 0);
	assert_true(coverage_add(c, 100, 100));
	assert_true(coverage_add(c, 300, 100));
	assert_true(coverage_add(c, 0, 50));
	assert_true(coverage_add(c, 200, 100));
	assert_int_equal(c->nr, 2);
	assert_int_equal(coverage_gap(c, 100, 400), 400);
	assert_int_equal(coverage_gap(c, 100, 401), 400);
	assert_int_equal(coverage_gap(c, 10, 400), 50);
	assert_int_equal(coverage_gap(c, 50, 400), 50);
	assert_int_equal(coverage_next(c, 49, 400), 49);
	assert_int_equal(coverage_next(c, 50, 400), 100);
	assert_int_equal(coverage_gap(c, 400, 401), 400);
	assert_true(coverage_add(c, 100, 100));
	assert_false(coverage_add(c, 100, 101));
	assert_false(coverage_add(c, 100, 99));
	assert_false(coverage_add(c, 399, 2));
	assert_false(coverage_add(c, 49, 1));
	assert_true(coverage_add(c, 50, 50));
	assert_int_equal(c->nr, 1);
	assert_int_equal(coverage_gap(c, 0, 1000), 401);
	/* After too many pieces nothing is wrong. */
	for (uint64_t i = 0; i < COVERAGE_SPANS; i++)
		assert_true(coverage_add(c, 1000 + 2 * i, 1));
	assert_true(c->unknown);
	assert_int_equal(c->nr, COVERAGE_SPANS);
	assert_true(coverage_add(c, 1000, 1));
	assert_int_equal(coverage_gap(c, 0, 1000), 1000);
	/* Nothing but a header may be repeated. */
	memset(c, 0, sizeof(*c));
	for (unsigned int i = 0; i < 2; i++) {
		assert_true(coverage_add(c, 0, 100));
		assert_int_equal(coverage_add(c, COVERAGE_HEADERS_END, 100), !i);
	}
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeros_at_the_end),
		cmocka_unit_test(test_zeros_over_data),
		cmocka_unit_test(test_failing_calls),
		cmocka_unit_test(test_records_that_do_not_fit),
		cmocka_unit_test(test_empty_records),
		cmocka_unit_test(test_no_beginning),
		cmocka_unit_test(test_coverage),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
