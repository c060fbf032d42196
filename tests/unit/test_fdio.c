// SPDX-License-Identifier: GPL-2.0-or-later
/* Whole reads and writes, whatever the kernel does to the single ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/fdio.h"

#define MANY (1u << 20)

static uint8_t *pattern(size_t len)
{
	uint8_t *p = malloc(len);

	assert_non_null(p);
	for (size_t i = 0; i < len; i++)
		p[i] = i * 7 + i / 256;
	return p;
}

static void test_positions(void **state)
{
	int fd = memfd_create("fdio", MFD_CLOEXEC);
	char buf[16];
	size_t written = 77;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fd_pwrite(fd, "hello world", 11, 5, &written), 0);
	assert_int_equal(written, 11);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	assert_int_equal(fd_pread(fd, buf, 5, 11), 5);
	assert_memory_equal(buf, "world", 5);
	assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
	assert_int_equal(fd_read(fd, buf, 5), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(fd_write(fd, "_", 1, NULL), 0);
	assert_int_equal(fd_pread(fd, buf, sizeof(buf), 0), sizeof(buf));
	assert_memory_equal(buf, "\0\0\0\0\0hello_world", 16);
	close(fd);
}

static void test_end_of_file(void **state)
{
	int fd = memfd_create("fdio", MFD_CLOEXEC);
	char buf[64];

	(void)state;
	assert_int_equal(fd_write(fd, "0123456789", 10, NULL), 0);
	assert_int_equal(fd_pread(fd, buf, sizeof(buf), 4), 6);
	assert_int_equal(fd_pread(fd, buf, sizeof(buf), 10), 0);
	assert_int_equal(fd_pread(fd, buf, sizeof(buf), 1000), 0);
	assert_int_equal(fd_read(fd, buf, sizeof(buf)), 0);
	close(fd);
}

static void test_nothing_to_do(void **state)
{
	size_t written = 77;

	(void)state;
	assert_int_equal(fd_pread(-1, NULL, 0, 0), 0);
	assert_int_equal(fd_pwrite(-1, NULL, 0, 0, &written), 0);
	assert_int_equal(written, 0);
}

static void test_errors(void **state)
{
	size_t written = 77;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int file = memfd_create("fdio", MFD_CLOEXEC);
	char c = 0;

	(void)state;
	assert_int_equal(fd_read(-1, &c, 1), -EBADF);
	assert_int_equal(fd_pread(file, &c, 1, UINT64_C(1) << 63), -EINVAL);
	assert_true(full >= 0);
	assert_int_equal(fd_write(full, &c, 1, &written), -ENOSPC);
	assert_int_equal(written, 0);
	assert_int_equal(fd_pwrite(full, &c, 1, 5, NULL), -ENOSPC);
	close(full);
	close(file);
}

/* A write that is cut in the middle says how much there is. */
static void test_partial_write(void **state)
{
	struct rlimit old, limit;
	char path[] = "/tmp/test_fdio.XXXXXX";
	uint8_t *data = pattern(MANY);
	size_t written = 0;
	int fd = mkstemp(path), err;

	(void)state;
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){ .rlim_cur = 100000, .rlim_max = old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	err = fd_pwrite(fd, data, MANY, 1000, &written);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(err, -EFBIG);
	assert_int_equal(written, 99000);
	assert_int_equal(lseek(fd, 0, SEEK_END), 100000);
	free(data);
	close(fd);
}

struct pipe_end {
	int fd;
	uint8_t *data;
	int err;
};

static void *write_end(void *arg)
{
	struct pipe_end *p = arg;

	p->err = fd_write(p->fd, p->data, MANY, NULL);
	close(p->fd);
	return NULL;
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Many short transfers, each of them interrupted by signals. */
static void test_short_and_interrupted(void **state)
{
	struct sigaction sa = { .sa_handler = on_alarm }, old;
	struct itimerval every = { { 0, 500 }, { 0, 500 } }, never = { 0 };
	struct pipe_end p = { .data = pattern(MANY) };
	uint8_t *got = malloc(MANY + 1);
	pthread_t id;
	int ends[2];
	ssize_t n;

	(void)state;
	assert_non_null(got);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	p.fd = ends[1];
	sigaction(SIGALRM, &sa, &old);
	assert_int_equal(pthread_create(&id, NULL, write_end, &p), 0);
	setitimer(ITIMER_REAL, &every, NULL);
	for (n = 0; n < 3000; n += 1000) {
		usleep(2000);
		assert_int_equal(fd_read(ends[0], got + n, 1000), 1000);
	}
	n = fd_read(ends[0], got + 3000, MANY + 1 - 3000);
	setitimer(ITIMER_REAL, &never, NULL);
	pthread_join(id, NULL);
	sigaction(SIGALRM, &old, NULL);
	assert_int_equal(p.err, 0);
	assert_int_equal(n, MANY - 3000);
	assert_memory_equal(got, p.data, MANY);
	close(ends[0]);
	free(p.data);
	free(got);
}

static void test_reader_gone(void **state)
{
	int ends[2];
	size_t written = 77;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(fd_write(ends[1], "x", 1, &written), -EPIPE);
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(written, 0);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_end_of_file),
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_partial_write),
		cmocka_unit_test(test_short_and_interrupted),
		cmocka_unit_test(test_reader_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
