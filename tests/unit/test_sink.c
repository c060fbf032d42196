// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same writes into every kind of sink, and what happens when there is no
 * room, no reader or no patience at the other end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/fdio.h"
#include "output/sink.h"
#include "vmcore/file.h"
#include "vmcore/flattened.h"

#define KIB ((size_t)1024)

/* A directory of our own, and two files to write in it. */
struct place {
	char dir[4000];
	char path[4096], other[4096];
};

/* The reason for which nothing can be flushed, or 0. */
static int fdatasync_err;

int fdatasync(int fd)
{
	(void)fd;
	errno = fdatasync_err;
	return errno ? -1 : 0;
}

/* A file system that cannot reserve space, and a target that stays as long as it is. */
static bool no_fallocate, keep_size;

int fallocate(int fd, int mode, off_t off, off_t len)
{
	static int (*real)(int fd, int mode, off_t off, off_t len);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "fallocate64");
	if (!no_fallocate && real)
		return real(fd, mode, off, len);
	errno = EOPNOTSUPP;
	return -1;
}

int ftruncate(int fd, off_t len)
{
	static int (*real)(int fd, off_t len);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "ftruncate64");
	return keep_size ? 0 : real(fd, len);
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct place *p = malloc(sizeof(*p));

	assert_non_null(p);
	snprintf(p->dir, sizeof(p->dir), "%s/test_sink.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/dump", p->dir);
	snprintf(p->other, sizeof(p->other), "%s/other", p->dir);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	int err;

	unlink(p->path);
	unlink(p->other);
	err = rmdir(p->dir);
	free(p);
	return err;
}

/* All of a small file. */
static size_t slurp(const char *path, unsigned char **bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*bytes = malloc(st.st_size + 1);
	assert_non_null(*bytes);
	assert_int_equal(fd_read(fd, *bytes, st.st_size), st.st_size);
	close(fd);
	return st.st_size;
}

static void test_file_create(void **state)
{
	const struct place *p = *state;
	mode_t mask = umask(0);
	struct sink *s, *t;
	struct stat st;

	assert_int_equal(sink_file_create(&s, p->path, false), 0);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(sink_pwrite(s, "abc", 3, 0), 0);
	assert_int_equal(sink_finish(s), 0);
	sink_close(s);

	assert_int_equal(sink_file_create(&t, p->path, false), -EEXIST);
	assert_non_null(strstr(err_text(-EEXIST), p->path));
	assert_non_null(strstr(err_text(-EEXIST), "-f"));
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_size, 3);

	assert_int_equal(sink_file_create(&s, p->path, true), 0);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_size, 0);
	sink_close(s);

	/* Not through a symbolic link either. */
	assert_int_equal(unlink(p->path), 0);
	assert_int_equal(symlink(p->other, p->path), 0);
	assert_int_equal(sink_file_create(&t, p->path, false), -EEXIST);
	assert_int_equal(access(p->other, F_OK), -1);

	assert_int_equal(sink_file_create(&t, p->dir, true), -EISDIR);
	assert_non_null(strstr(err_text(-EISDIR), p->dir));
	assert_int_equal(sink_file_create(&t, "/nonexistent/dump", false), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "/nonexistent/dump"));
	sink_close(NULL);
	umask(mask);
}

static void test_file_write(void **state)
{
	const struct place *p = *state;
	unsigned char expected[30] = { 0 }, *bytes;
	struct sink *s;

	assert_int_equal(sink_file_create(&s, p->path, false), 0);
	assert_string_equal(s->path, p->path);
	assert_int_equal(sink_pwrite(s, "tail", 4, 26), 0);
	assert_int_equal(sink_pwrite(s, "head", 4, 0), 0);
	assert_int_equal(sink_pwrite(s, "", 0, 1000), 0);
	assert_int_equal(sink_pwrite(s, "H", 1, 0), 0);
	assert_int_equal(s->written, 9);
	assert_int_equal(sink_sync(s), 0);
	assert_int_equal(sink_finish(s), 0);
	sink_close(s);
	memcpy(expected, "Head", 4);
	memcpy(expected + 26, "tail", 4);
	assert_int_equal(slurp(p->path, &bytes), sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
	free(bytes);
}

/* Reserving changes nothing that can be seen. */
static void test_file_reserve(void **state)
{
	const struct place *p = *state;
	struct stat st;
	struct sink *s;

	assert_int_equal(sink_file_create(&s, p->path, false), 0);
	assert_int_equal(sink_pwrite(s, "abc", 3, 0), 0);
	sink_reserve(s, 0, 64 * KIB, 100);
	sink_reserve(s, 10, 0, 100);
	sink_reserve(s, UINT64_MAX, 1, 100);
	sink_reserve(s, 1, UINT64_MAX, 100);
	assert_int_equal(s->written, 3);
	assert_int_equal(sink_finish(s), 0);
	sink_close(s);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_size, 3);
}

/* A file system that cannot reserve space: zeros take it, and what is there stays. */
static void test_file_reserve_by_writing(void **state)
{
	const struct place *p = *state;
	unsigned char *bytes;
	struct stat st;
	struct sink *s;

	no_fallocate = true;
	assert_int_equal(sink_file_create(&s, p->path, false), 0);
	assert_int_equal(sink_pwrite(s, "abc", 3, 0), 0);
	sink_reserve(s, 0, 200 * KIB, 100);
	assert_int_equal(stat(p->path, &st), 0);
	assert_true((uint64_t)st.st_blocks * 512 >= 200 * KIB);
	/* No more than the limit allows. */
	s->limit = 300 * KIB;
	sink_reserve(s, 200 * KIB, 200 * KIB, 100);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_size, 300 * KIB);
	assert_int_equal(s->written, 3);
	assert_int_equal(s->refused, 0);
	sink_close(s);
	no_fallocate = false;
	assert_int_equal(slurp(p->path, &bytes), 300 * KIB);
	assert_memory_equal(bytes, "abc\0\0", 5);
	for (size_t i = 3; i < 300 * KIB; i++)
		assert_int_equal(bytes[i], 0);
	free(bytes);
}

/* The gaps of a dump are zeros on a target that keeps its old bytes, and the data stay. */
static void check_stale(const struct place *p)
{
	unsigned char *bytes = malloc(400 * KIB);
	struct sink *s;

	assert_non_null(bytes);
	memset(bytes, 0xaa, 400 * KIB);
	assert_int_equal(sink_file_create(&s, p->path, true), 0);
	assert_int_equal(sink_pwrite(s, bytes, 400 * KIB, 0), 0);
	free(bytes);
	keep_size = true;
	assert_int_equal(sink_restart(s), 0);
	assert_int_equal(sink_pwrite(s, "xyz", 3, 20), 0);
	assert_int_equal(sink_pwrite(s, "tail", 4, 100 * KIB + 7), 0);
	sink_reserve(s, 150 * KIB, 10 * KIB, 100);
	assert_int_equal(sink_pwrite(s, "end", 3, 300 * KIB), 0);
	assert_int_equal(sink_pwrite(s, "mid", 3, 200 * KIB), 0);
	assert_int_equal(sink_finish(s), 0);
	sink_close(s);
	keep_size = false;
	assert_int_equal(slurp(p->path, &bytes), 400 * KIB);
	assert_memory_equal(bytes + 20, "xyz", 3);
	assert_memory_equal(bytes + 100 * KIB + 7, "tail", 4);
	assert_memory_equal(bytes + 200 * KIB, "mid", 3);
	assert_memory_equal(bytes + 300 * KIB, "end", 3);
	memset(bytes + 20, 0, 3);
	memset(bytes + 100 * KIB + 7, 0, 4);
	memset(bytes + 200 * KIB, 0, 3);
	for (size_t i = 0; i < 300 * KIB; i++)
		assert_int_equal(bytes[i], 0);
	for (size_t i = 300 * KIB + 3; i < 400 * KIB; i++)
		assert_int_equal(bytes[i], 0xaa);
	free(bytes);
}

static void test_stale_bytes(void **state)
{
	check_stale(*state);
}

static void test_stale_bytes_by_writing(void **state)
{
	no_fallocate = true;
	check_stale(*state);
	no_fallocate = false;
}

static void test_too_far(void **state)
{
	const struct place *p = *state;
	struct sink *sinks[3];
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_int_equal(sink_file_create(&sinks[0], p->path, false), 0);
	assert_int_equal(sink_flattened_create(&sinks[1], fd, "stream"), 0);
	assert_int_equal(sink_null_create(&sinks[2], "nothing"), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(sink_pwrite(sinks[i], "x", 1, INT64_MAX), -EFBIG);
		assert_int_equal(sink_pwrite(sinks[i], "x", 1, UINT64_MAX), -EFBIG);
		assert_non_null(strstr(err_text(-EFBIG), sinks[i]->path));
		assert_int_equal(sinks[i]->written, 0);
		assert_int_equal(sink_pwrite(sinks[i], "x", 1, 0), 0);
		assert_int_equal(sink_finish(sinks[i]), 0);
		sink_close(sinks[i]);
	}
	close(fd);
}

/* Things that are written to and have no disk below. */
/* With a limit nothing of what goes beyond it is written. */
static void test_limit(void **state)
{
	struct place *p = *state;
	struct sink *sinks[2];
	struct stat st;

	assert_int_equal(sink_file_create(&sinks[0], p->path, false), 0);
	assert_int_equal(sink_null_create(&sinks[1], "nothing"), 0);
	for (int i = 0; i < 2; i++) {
		sinks[i]->limit = 100;
		assert_int_equal(sink_pwrite(sinks[i], "12345", 5, 95), 0);
		assert_int_equal(sink_pwrite(sinks[i], "12345", 5, 96), -EFBIG);
		assert_non_null(strstr(err_text(-EFBIG), "the limit of -L (100 bytes)"));
		assert_int_equal(sink_pwrite(sinks[i], "12345", 5, 0), 0);
		assert_int_equal(sinks[i]->written, 10);
		assert_int_equal(sinks[i]->refused, 5);
	}
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_size, 100);
	sink_close(sinks[0]);
	sink_close(sinks[1]);
}

/* The limit of a stream counts its heads, and keeps room for what was asked for beforehand. */
static void test_limit_of_stream(void **state)
{
	struct place *p = *state;
	int fd = open(p->path, O_RDWR | O_CREAT, 0600);
	char data[1000] = { 0 };
	struct sink *s;

	assert_true(fd >= 0);
	assert_int_equal(sink_flattened_create(&s, fd, "stream"), 0);
	/* The bytes to be written, with three heads and the end record. */
	s->limit = FLAT_HEADER_SIZE + 3 * FLAT_RECORD_SIZE + 100 + 1000 + 50 + FLAT_RECORD_SIZE;
	sink_reserve(s, 0, 100, 100);
	assert_int_equal(sink_pwrite(s, data, 1000, 1000), 0);
	assert_int_equal(sink_pwrite(s, data, 51, 2000), -EFBIG);
	assert_int_equal(sink_pwrite(s, data, 100, 0), 0);
	assert_int_equal(sink_pwrite(s, data, 51, 2000), -EFBIG);
	assert_int_equal(sink_pwrite(s, data, 50, 2000), 0);
	assert_int_equal(sink_finish(s), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), s->limit);
	/* It cannot be taken back. */
	assert_int_equal(sink_restart(s), -ENOTSUP);
	sink_close(s);
	close(fd);
}

static void test_restart(void **state)
{
	struct place *p = *state;
	struct sink *s;
	struct stat st;

	assert_int_equal(sink_file_create(&s, p->path, false), 0);
	s->limit = 10;
	assert_int_equal(sink_pwrite(s, "1234567", 7, 0), 0);
	assert_int_equal(sink_pwrite(s, "1234567", 7, 7), -EFBIG);
	assert_int_equal(sink_restart(s), 0);
	assert_int_equal(s->written + s->refused, 0);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(sink_pwrite(s, "1", 1, 2), 0);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_size, 3);
	sink_close(s);
}

static void test_special_files(void **state)
{
	struct sink *s;

	(void)state;
	assert_int_equal(sink_file_create(&s, "/dev/zero", false), -EEXIST);
	assert_int_equal(sink_file_create(&s, "/dev/null", false), 0);
	assert_int_equal(sink_pwrite(s, "abc", 3, 100), 0);
	sink_reserve(s, 0, 100, 100);
	assert_int_equal(sink_sync(s), 0);
	assert_int_equal(sink_finish(s), 0);
	sink_close(s);
}

static void test_full(void **state)
{
	int fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	struct sink *s;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(sink_file_create(&s, "/dev/full", true), 0);
	assert_int_equal(sink_pwrite(s, "abc", 3, 12345), -ENOSPC);
	assert_string_equal(err_text(-ENOSPC), "cannot write 3 bytes at offset 12345 of /dev/full "
			    "(0 were written): No space left on device");
	assert_int_equal(s->written, 0);
	sink_close(s);

	assert_int_equal(sink_flattened_create(&s, fd, "stream"), -ENOSPC);
	assert_non_null(strstr(err_text(-ENOSPC), "stream"));
	close(fd);
}

static void limit_file_size(rlim_t size)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size ? size : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_file_partial(void **state)
{
	const struct place *p = *state;
	char *buf = calloc(1, 100 * KIB);
	struct sink *s;
	int err;

	assert_non_null(buf);
	assert_int_equal(sink_file_create(&s, p->path, false), 0);
	limit_file_size(80 * KIB);
	err = sink_pwrite(s, buf, 100 * KIB, 1000);
	limit_file_size(0);
	assert_int_equal(err, -EFBIG);
	assert_non_null(strstr(err_text(-EFBIG), "102400 bytes at offset 1000 of "));
	assert_non_null(strstr(err_text(-EFBIG), "(80920 were written)"));
	/* A file goes on where there is room. */
	assert_int_equal(sink_pwrite(s, buf, 10, 0), 0);
	assert_int_equal(sink_finish(s), 0);
	sink_close(s);
	free(buf);
}

/* Write a stream of a record of 16 bytes and one that does not fit. */
static struct sink *cut_stream(const char *path, int fd)
{
	char *buf = calloc(1, 100 * KIB);
	struct sink *s;
	int err;

	assert_true(fd >= 0);
	assert_non_null(buf);
	assert_int_equal(sink_flattened_create(&s, fd, path), 0);
	assert_int_equal(sink_pwrite(s, buf, 16, 0), 0);
	limit_file_size(80 * KIB);
	err = sink_pwrite(s, buf, 100 * KIB, 1000);
	limit_file_size(0);
	assert_int_equal(err, -EFBIG);
	assert_non_null(strstr(err_text(-EFBIG), "102400 bytes at offset 1000 of "));
	/* Less the header, a record of 16 bytes and a head. */
	assert_non_null(strstr(err_text(-EFBIG), "(77776 were written)"));
	assert_int_equal(s->written, 16);
	free(buf);
	return s;
}

/* A stream without its end is read as far as it goes. */
static void assert_cut(const char *path)
{
	struct dump_file f;

	assert_int_equal(file_open(&f, path, true, NULL), 0);
	assert_true(f.flat_cut);
	file_close(&f);
}

/*
 * Bytes that follow half a record would be taken for its data, so it is removed from a stream that
 * is a file. The stream still has no end.
 */
static void test_flattened_partial(void **state)
{
	const struct place *p = *state;
	int fd = open(p->path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	struct sink *s = cut_stream(p->path, fd);
	struct stat st;

	assert_int_equal(sink_pwrite(s, "x", 1, 0), 0);
	assert_int_equal(sink_sync(s), 0);
	assert_int_equal(sink_finish(s), -EFBIG);
	assert_non_null(strstr(err_text(-EFBIG), "earlier error"));
	sink_close(s);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, FLAT_HEADER_SIZE + 2 * FLAT_RECORD_SIZE + 16 + 1);
	assert_cut(p->path);
	close(fd);
}

/* Half a record that is not the end of the file stays, and nothing follows it. */
static void test_flattened_within(void **state)
{
	const struct place *p = *state;
	int fd = open(p->path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	struct stat st;
	struct sink *s;

	assert_int_equal(ftruncate(fd, 200 * KIB), 0);
	s = cut_stream(p->path, fd);
	assert_int_equal(sink_pwrite(s, "x", 1, 0), -EFBIG);
	assert_non_null(strstr(err_text(-EFBIG), "earlier error"));
	assert_int_equal(sink_sync(s), -EFBIG);
	assert_int_equal(sink_finish(s), -EFBIG);
	sink_close(s);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 80 * KIB);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 200 * KIB);
	assert_cut(p->path);
	close(fd);
}

/* A stream whose last flush fails: a file loses its end record, a pipe keeps it. */
static void test_flattened_flush(void **state)
{
	const struct place *p = *state;
	int fd = open(p->path, O_CREAT | O_RDWR | O_CLOEXEC, 0600), fds[2];
	struct sink *s;

	assert_true(fd >= 0);
	assert_int_equal(sink_flattened_create(&s, fd, p->path), 0);
	assert_int_equal(sink_pwrite(s, "abc", 3, 0), 0);
	fdatasync_err = EIO;
	assert_int_equal(sink_finish(s), -EIO);
	assert_cut(p->path);
	assert_int_equal(sink_pwrite(s, "x", 1, 0), 0);
	sink_close(s);
	assert_int_equal(lseek(fd, 0, SEEK_END), FLAT_HEADER_SIZE + 2 * FLAT_RECORD_SIZE + 4);
	close(fd);

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(sink_flattened_create(&s, fds[1], "standard output"), 0);
	assert_int_equal(sink_pwrite(s, "abc", 3, 0), 0);
	assert_int_equal(sink_finish(s), -EIO);
	assert_non_null(strstr(err_text(-EIO), "ends as a complete one does: cannot flush"));
	assert_int_equal(sink_pwrite(s, "x", 1, 0), -EIO);
	fdatasync_err = 0;
	sink_close(s);
	close(fds[0]);
	close(fds[1]);
}

static void test_epipe(void **state)
{
	struct sink *s;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(sink_flattened_create(&s, fds[1], "standard output"), 0);
	assert_int_equal(sink_pwrite(s, "abc", 3, 0), 0);
	assert_int_equal(sink_sync(s), 0);
	close(fds[0]);
	assert_int_equal(sink_pwrite(s, "def", 3, 3), -EPIPE);
	assert_non_null(strstr(err_text(-EPIPE), "3 bytes at offset 3 of standard output"));
	assert_int_equal(sink_finish(s), -EPIPE);
	assert_non_null(strstr(err_text(-EPIPE), "standard output"));
	sink_close(s);

	assert_int_equal(sink_flattened_create(&s, fds[1], "standard output"), -EPIPE);
	close(fds[1]);

	/* The reader has closed the pipe when the end record comes. */
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(sink_flattened_create(&s, fds[1], "standard output"), 0);
	close(fds[0]);
	assert_int_equal(sink_finish(s), -EPIPE);
	assert_non_null(strstr(err_text(-EPIPE), "end record"));
	sink_close(s);
	close(fds[1]);
}

/* Every byte of a short stream. */
static void test_flattened_bytes(void **state)
{
	const struct place *p = *state;
	int fd = open(p->path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	static const char records[] =
		"\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\3abc"
		"\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\1x"
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
	unsigned char header[FLAT_HEADER_SIZE], *bytes;
	struct sink *s;
	size_t len;

	assert_true(fd >= 0);
	assert_int_equal(sink_flattened_create(&s, fd, p->path), 0);
	assert_int_equal(sink_pwrite(s, "abc", 3, 5), 0);
	assert_int_equal(sink_pwrite(s, "", 0, 77), 0);
	assert_int_equal(sink_pwrite(s, "x", 1, UINT64_C(1) << 32), 0);
	sink_reserve(s, 0, 1000, 100);
	assert_int_equal(sink_finish(s), 0);
	assert_int_equal(s->written, 4);
	sink_close(s);
	close(fd);

	flat_encode_header(header);
	len = slurp(p->path, &bytes);
	assert_int_equal(len, sizeof(header) + sizeof(records) - 1);
	assert_memory_equal(bytes, header, sizeof(header));
	assert_memory_equal(bytes + sizeof(header), records, sizeof(records) - 1);
	free(bytes);
}

/* Copy a pipe into a file, in sips, until it ends. */
static pid_t start_slow_reader(const int *fds, const char *path)
{
	pid_t pid = fork();
	char buf[5000];
	ssize_t n;
	int fd;

	assert_true(pid >= 0);
	if (pid)
		return pid;
	close(fds[1]);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		_exit(1);
	for (size_t i = 0; (n = read(fds[0], buf, sizeof(buf))) > 0; i++) {
		if (i % 50 == 0)
			usleep(2000);
		if (fd_write(fd, buf, n, NULL))
			_exit(1);
	}
	_exit(n != 0);
}

/*
 * The same writes, overlapping and in no order, to a file and through a pipe:
 * both read back as the same file. The writer finds the pipe full most of the
 * time.
 */
static void check_round_trip(const struct place *p, bool nonblocking)
{
	unsigned char *buf = malloc(300 * KIB), *plain;
	struct sink *file, *flat, *none;
	struct file_reader r;
	struct dump_file f;
	uint64_t rnd = 42;
	int fds[2], status;
	size_t size;
	pid_t pid;

	assert_non_null(buf);
	assert_int_equal(pipe(fds), 0);
	pid = start_slow_reader(fds, p->other);
	close(fds[0]);
	if (nonblocking)
		assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(sink_file_create(&file, p->path, false), 0);
	assert_int_equal(sink_flattened_create(&flat, fds[1], "pipe"), 0);
	assert_int_equal(sink_null_create(&none, "nothing"), 0);
	for (int i = 0; i < 200; i++) {
		size_t len = next_random(&rnd) % (i % 20 ? 5000 : 300 * KIB);
		uint64_t off = next_random(&rnd) % (4096 * KIB);

		memset(buf, 1 + i, len);
		assert_int_equal(sink_pwrite(file, buf, len, off), 0);
		assert_int_equal(sink_pwrite(flat, buf, len, off), 0);
		assert_int_equal(sink_pwrite(none, buf, len, off), 0);
	}
	assert_true(file->written > 500 * KIB);
	assert_int_equal(file->written, flat->written);
	assert_int_equal(file->written, none->written);
	sink_reserve(none, 0, 1, 100);
	assert_int_equal(sink_sync(none), 0);
	assert_int_equal(sink_finish(file), 0);
	assert_int_equal(sink_finish(flat), 0);
	assert_int_equal(sink_finish(none), 0);
	sink_close(file);
	sink_close(flat);
	sink_close(none);
	close(fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);

	size = slurp(p->path, &plain);
	assert_int_equal(file_open(&f, p->other, true, NULL), 0);
	assert_non_null(f.flat);
	assert_int_equal(f.size, size);
	file_reader_init(&r, &f);
	for (size_t off = 0, got; off < size; off += got) {
		const void *ptr;

		assert_int_equal(file_get(&r, off, 4096, &ptr, &got), 0);
		assert_memory_equal(ptr, plain + off, got);
	}
	file_reader_deinit(&r);
	file_close(&f);
	free(plain);
	free(buf);
}

static void test_round_trip(void **state)
{
	check_round_trip(*state, false);
}

static void test_round_trip_nonblocking(void **state)
{
	check_round_trip(*state, true);
}

#define SINK_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SINK_TEST(test_file_create),
		SINK_TEST(test_file_write),
		SINK_TEST(test_file_reserve),
		SINK_TEST(test_file_reserve_by_writing),
		SINK_TEST(test_stale_bytes),
		SINK_TEST(test_stale_bytes_by_writing),
		SINK_TEST(test_too_far),
		SINK_TEST(test_limit),
		SINK_TEST(test_limit_of_stream),
		SINK_TEST(test_restart),
		cmocka_unit_test(test_special_files),
		cmocka_unit_test(test_full),
		SINK_TEST(test_file_partial),
		SINK_TEST(test_flattened_partial),
		SINK_TEST(test_flattened_within),
		SINK_TEST(test_flattened_flush),
		cmocka_unit_test(test_epipe),
		SINK_TEST(test_flattened_bytes),
		SINK_TEST(test_round_trip),
		SINK_TEST(test_round_trip_nonblocking),
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
