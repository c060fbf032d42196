// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mapped files that become shorter while they are read: no SIGBUS, no zeros that pass for
 * bytes of the file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fdio.h"
#include "vmcore/file.h"
#include "vmcore/guard.h"

#define MIB ((size_t)1 << 20)
#define SIZE (8 * MIB)
#define LEFT MIB

struct input {
	int fd;
	char path[32];
	struct dump_file file;
	struct file_reader r;
};

static int setup(void **state)
{
	struct input *in = calloc(1, sizeof(*in));
	char *bytes = malloc(SIZE);

	assert_non_null(in);
	assert_non_null(bytes);
	memset(bytes, 'x', SIZE);
	in->fd = memfd_create("input", MFD_CLOEXEC);
	assert_true(in->fd >= 0);
	assert_int_equal(fd_pwrite(in->fd, bytes, SIZE, 0, NULL), 0);
	free(bytes);
	snprintf(in->path, sizeof(in->path), "/proc/self/fd/%d", in->fd);
	assert_int_equal(file_open(&in->file, in->path, true, NULL), 0);
	in->file.use_mmap = true;
	file_reader_init(&in->r, &in->file);
	file_within(&in->r, 0, SIZE);
	*state = in;
	return 0;
}

static int teardown(void **state)
{
	struct input *in = *state;

	file_reader_deinit(&in->r);
	file_close(&in->file);
	close(in->fd);
	free(in);
	return 0;
}

static const char *get(struct input *in, uint64_t off, size_t want)
{
	const void *p;
	size_t got;

	assert_int_equal(file_get(&in->r, off, want, &p, &got), 0);
	assert_in_range(got, 1, want);
	assert_int_equal(*(const char *)p, 'x');
	assert_int_equal(((const char *)p)[got - 1], 'x');
	return p;
}

static void assert_lost(struct input *in, uint64_t off)
{
	const void *p;
	size_t got;
	char byte;

	assert_int_equal(file_get(&in->r, off, 4096, &p, &got), -ENODATA);
	assert_int_equal(file_read(&in->r, off, &byte, 1), -ENODATA);
}

static void shorten(struct input *in)
{
	assert_int_equal(ftruncate(in->fd, LEFT), 0);
}

/* In the window, and in one that is mapped afterwards. */
static void test_get(void **state)
{
	struct input *in = *state;

	get(in, 0, 1);
	shorten(in);
	assert_lost(in, 2 * MIB);
	assert_lost(in, 2 * MIB);
	get(in, LEFT - 4096, 2 * MIB);
	assert_lost(in, LEFT);
	assert_lost(in, 5 * MIB);
	assert_false(guard_late());
}

static void test_get_across_the_end(void **state)
{
	struct input *in = *state;

	get(in, 0, 1);
	shorten(in);
	get(in, LEFT - 8192, 2 * MIB);
	assert_lost(in, 6 * MIB);
	assert_false(guard_late());
}

/* Bytes from file_get() stay after the file shrinks, but can no longer be read from it. */
static void test_read(void **state)
{
	struct input *in = *state;
	const char *p = get(in, 0, 2 * MIB);
	char byte = 0;

	shorten(in);
	assert_int_equal(file_read(&in->r, 2 * MIB, &byte, 1), -ENODATA);
	assert_int_equal(p[0], 'x');
	assert_int_equal(file_read(&in->r, LEFT - 1, &byte, 1), 0);
	assert_int_equal(byte, 'x');
	assert_lost(in, 2 * MIB);
	assert_false(guard_late());
}

/* A short copy comes from a piece that stays mapped: zeros in place of lost bytes are not kept. */
static void test_short_copy(void **state)
{
	struct input *in = *state;
	char byte = 0;

	get(in, 4 * MIB, 1);
	assert_int_equal(file_read(&in->r, 2 * MIB, &byte, 1), 0);
	assert_int_equal(byte, 'x');
	shorten(in);
	assert_int_equal(file_read(&in->r, 2 * MIB, &byte, 1), -ENODATA);
	assert_int_equal(file_read(&in->r, 2 * MIB, &byte, 1), -ENODATA);
	assert_false(in->r.use_mmap);
	/* The window has its guard again. */
	assert_lost(in, 4 * MIB + 8192);
	assert_int_equal(file_read(&in->r, LEFT - 1, &byte, 1), 0);
	assert_int_equal(byte, 'x');
	assert_false(guard_late());
}

/* A large copy from elsewhere has a mapping of its own. */
static void test_large_copy(void **state)
{
	struct input *in = *state;
	char *bytes = malloc(MIB);

	assert_non_null(bytes);
	get(in, 4 * MIB, 1);
	shorten(in);
	assert_int_equal(file_read(&in->r, LEFT - 10, bytes, MIB), -ENODATA);
	assert_int_equal(file_read(&in->r, LEFT / 2 + 1, bytes, LEFT / 4), 0);
	assert_int_equal(bytes[0], 'x');
	assert_int_equal(bytes[LEFT / 4 - 1], 'x');
	assert_true(in->r.use_mmap);
	assert_false(guard_late());
	free(bytes);
}

static void test_other_readers(void **state)
{
	struct input *in = *state;
	struct file_reader other;
	const void *p;
	size_t got;

	file_reader_init(&other, &in->file);
	get(in, 0, 1);
	assert_int_equal(file_get(&other, 4 * MIB, 1, &p, &got), 0);
	shorten(in);
	assert_int_equal(file_get(&other, 7 * MIB, 1, &p, &got), -ENODATA);
	assert_lost(in, 3 * MIB);
	get(in, 0, 1);
	file_reader_deinit(&other);
}

/* Many readers, one after the other: guards are given back. */
static void test_guards_are_given_back(void **state)
{
	struct input *in = *state;

	for (unsigned int i = 0; i < 10000; i++) {
		int number = guard_take();

		assert_true(number >= 0);
		guard_release(number);
		file_reader_deinit(&in->r);
		file_reader_init(&in->r, &in->file);
		file_within(&in->r, 0, SIZE);
		get(in, 0, 1);
		assert_true(in->r.use_mmap);
	}
}

/* Without a guard, files are read. */
static void test_no_guard_left(void **state)
{
	struct input *in = *state;
	static int numbers[1 << 16];
	size_t n = 0;

	while (n < sizeof(numbers) / sizeof(*numbers) && (numbers[n] = guard_take()) >= 0)
		n++;
	assert_true(n && numbers[n] == -1);
	get(in, 0, MIB);
	assert_false(in->r.use_mmap);
	while (n--)
		guard_release(numbers[n]);
}

/* Other mappings end the process as they always do. */
static void test_other_mapping(void **state)
{
	struct input *in = *state;
	int status;
	pid_t pid;

	get(in, 0, 1);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		volatile char *p = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, in->fd, 0);

		shorten(in);
		_exit(p[2 * MIB]);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		kill(getpid(), SIGBUS);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

/* Last: that it happened once is never forgotten. */
static void test_late(void **state)
{
	struct input *in = *state;
	const volatile char *p = get(in, 0, 2 * MIB);

	assert_false(guard_late());
	shorten(in);
	assert_int_equal(p[MIB + MIB / 2], 0);
	assert_true(guard_late());
	assert_int_equal(p[0], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_get, setup, teardown),
		cmocka_unit_test_setup_teardown(test_get_across_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_short_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_readers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guards_are_given_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_guard_left, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_mapping, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
