// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Windows, however the bytes come: mapped, read, or read because they cannot be
 * mapped (/proc/self/mem, which also has spots that cannot be read at all).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/fdio.h"
#include "vmcore/file.h"
#include "vmcore/flattened.h"

#define MIB		((size_t)1 << 20)
#define SIZE		(9 * MIB + 12345)

/* A file without a name, and what is in it. */
struct sample {
	int fd;
	char path[32];
	unsigned char *bytes;
	size_t size;
};

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static void sample_init(struct sample *s, const void *bytes, size_t size)
{
	uint64_t state = 1;

	s->size = size;
	s->bytes = malloc(size + 1);
	assert_non_null(s->bytes);
	for (size_t i = 0; i < size; i++)
		s->bytes[i] = bytes ? ((const unsigned char *)bytes)[i] : next_random(&state);
	s->fd = memfd_create("sample", MFD_CLOEXEC);
	assert_true(s->fd >= 0);
	assert_int_equal(fd_pwrite(s->fd, s->bytes, size, 0, NULL), 0);
	snprintf(s->path, sizeof(s->path), "/proc/self/fd/%d", s->fd);
}

static void sample_deinit(struct sample *s)
{
	close(s->fd);
	free(s->bytes);
}

static int setup(void **state)
{
	struct sample *s = malloc(sizeof(*s));

	assert_non_null(s);
	sample_init(s, NULL, SIZE);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	sample_deinit(*state);
	free(*state);
	return 0;
}

static void open_ok(struct dump_file *f, struct file_reader *r, const char *path, bool use_mmap)
{
	assert_int_equal(file_open(f, path, use_mmap, NULL), 0);
	/* Only files of /proc are mapped, and none of them is of use here. */
	assert_false(f->use_mmap);
	f->use_mmap = use_mmap;
	file_reader_init(r, f);
	file_within(r, 0, UINT64_MAX);
}

static void close_both(struct dump_file *f, struct file_reader *r)
{
	file_reader_deinit(r);
	file_close(f);
}

/* Read all of a file through file_get() and compare. */
static void check_walk(struct file_reader *r, size_t want, const unsigned char *bytes, size_t size)
{
	const void *ptr;
	size_t got;

	for (size_t off = 0; off < size; off += got) {
		assert_int_equal(file_get(r, off, want, &ptr, &got), 0);
		assert_in_range(got, 1, want);
		assert_true(got <= size - off);
		assert_memory_equal(ptr, bytes + off, got);
	}
	assert_int_equal(file_get(r, size, want, &ptr, &got), -ENODATA);
}

static void test_walk(void **state)
{
	const struct sample *s = *state;
	static const size_t wants[] = { 4096, 4095, 100000, SIZE, SIZE_MAX };
	struct file_reader r;
	struct dump_file f;

	for (int use_mmap = 0; use_mmap < 2; use_mmap++) {
		open_ok(&f, &r, s->path, use_mmap);
		assert_int_equal(f.size, SIZE);
		assert_int_equal(f.real_size, SIZE);
		for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++)
			check_walk(&r, wants[i], s->bytes, s->size);
		assert_int_equal(r.use_mmap, use_mmap);
		assert_int_equal(!r.buffer, use_mmap);
		close_both(&f, &r);
	}
}

static void test_any_offset(void **state)
{
	const struct sample *s = *state;
	struct file_reader mapped, read;
	uint64_t rnd = 7;
	struct dump_file f;
	char *buf = malloc(MIB);

	assert_non_null(buf);
	open_ok(&f, &mapped, s->path, true);
	file_reader_init(&read, &f);
	read.use_mmap = false;
	for (int i = 0; i < 2000; i++) {
		size_t off = next_random(&rnd) % SIZE;
		size_t want = 1 + next_random(&rnd) % (i % 10 ? 10000 : MIB);
		size_t len = want < SIZE - off ? want : SIZE - off;
		const void *ptr, *ptr2;
		size_t got, got2;

		if (i % 3 == 0)
			off = off / (4 * MIB) * (4 * MIB) - (off < 4 * MIB ? 0 : i % 5);
		if (off + len > SIZE)
			len = SIZE - off;
		assert_int_equal(file_get(&mapped, off, want, &ptr, &got), 0);
		assert_in_range(got, 1, want);
		assert_memory_equal(ptr, s->bytes + off, got);
		assert_int_equal(file_get(&read, off, want, &ptr2, &got2), 0);
		assert_in_range(got2, 1, want);
		assert_memory_equal(ptr2, s->bytes + off, got2);

		off = next_random(&rnd) % (SIZE - len);
		assert_int_equal(file_read(i % 2 ? &mapped : &read, off, buf, len), 0);
		assert_memory_equal(buf, s->bytes + off, len);
		/* The pointers from file_get() are still valid. */
		assert_memory_equal(ptr, ptr2, got < got2 ? got : got2);
	}
	free(buf);
	file_reader_deinit(&read);
	close_both(&f, &mapped);
}

/* As long as what is wanted is in the window, the window stays. */
static void test_window_stays(void **state)
{
	const struct sample *s = *state;
	const void *first, *second;
	struct file_reader r;
	struct dump_file f;
	size_t got;

	for (int use_mmap = 0; use_mmap < 2; use_mmap++) {
		open_ok(&f, &r, s->path, use_mmap);
		assert_int_equal(file_get(&r, 4 * MIB, 100, &first, &got), 0);
		assert_int_equal(got, 100);
		assert_int_equal(file_get(&r, 4 * MIB + 10000, 1, &second, &got), 0);
		assert_ptr_equal((const char *)second, (const char *)first + 10000);
		assert_int_equal(file_get(&r, 4 * MIB + 3, 1, &second, &got), 0);
		assert_ptr_equal((const char *)second, (const char *)first + 3);
		close_both(&f, &r);
	}
}

/* Get the number of read calls of this process; false if the kernel does not count them. */
static bool count_reads(unsigned long long *n)
{
	FILE *io = fopen("/proc/self/io", "re");
	char line[80];
	bool found = false;

	if (!io)
		return false;
	while (fgets(line, sizeof(line), io))
		found |= sscanf(line, "syscr: %llu", n) == 1;
	fclose(io);
	return found;
}

/* Open the file to be read, where the kernel counts the calls. */
static void open_counted(const struct sample *s, struct dump_file *f,
				       struct file_reader *r)
{
	unsigned long long n;

	if (!count_reads(&n))
		skip();
	open_ok(f, r, s->path, false);
}

static void test_few_reads(void **state)
{
	const struct sample *s = *state;
	unsigned long long before, after;
	struct file_reader r;
	struct dump_file f;
	const void *ptr;
	size_t got;

	open_counted(s, &f, &r);
	assert_true(count_reads(&before));
	for (size_t off = 0; off < SIZE; off += got)
		assert_int_equal(file_get(&r, off, 4096, &ptr, &got), 0);
	assert_true(count_reads(&after));
	/* 64 KiB doubled up to 1 MiB, then 1 MiB each; not 2300 times 4 KiB. */
	assert_in_range(after - before, 9, 100);
	assert_int_equal(r.window_len, (SIZE - 15 * MIB / 16) % MIB);

	/* Jumping about does not read a MiB each time. */
	assert_int_equal(file_get(&r, MIB, 4096, &ptr, &got), 0);
	assert_in_range(r.window_len, 4096, MIB / 8);
	close_both(&f, &r);
}

/* Short reads of a mapped file, in any order, are no calls; the window stays. */
static void test_short_reads_mapped(void **state)
{
	const struct sample *s = *state;
	unsigned long long before, after;
	uint64_t rnd = 11;
	struct file_reader r;
	struct dump_file f;
	const void *ptr;
	char buf[4096];
	size_t got;

	if (!count_reads(&before))
		skip();
	open_ok(&f, &r, s->path, true);
	assert_int_equal(file_get(&r, 5 * MIB, 100, &ptr, &got), 0);
	assert_true(count_reads(&before));
	for (int i = 0; i < 1000; i++) {
		size_t off = next_random(&rnd) % (4 * MIB);
		size_t len = 1 + next_random(&rnd) % sizeof(buf);

		/* Those across the end of a piece are read. */
		off -= off % MIB + len > MIB ? len : 0;
		assert_int_equal(file_read(&r, off, buf, len), 0);
		assert_memory_equal(buf, s->bytes + off, len);
	}
	assert_true(count_reads(&after));
	assert_in_range(after - before, 0, 2);
	assert_memory_equal(ptr, s->bytes + 5 * MIB, got);
	assert_int_equal(file_read(&r, 2 * MIB - 1, buf, 2), 0);
	assert_memory_equal(buf, s->bytes + 2 * MIB - 1, 2);
	assert_true(r.use_mmap);
	close_both(&f, &r);
}

/* Bytes that are expected are read at once, and no others with them. */
static void test_expected(void **state)
{
	const struct sample *s = *state;
	unsigned long long before, after;
	struct file_reader r;
	struct dump_file f;
	const void *ptr;
	size_t got;

	open_counted(s, &f, &r);
	file_expect(&r, MIB + 1, 100000);
	assert_true(count_reads(&before));
	for (size_t off = MIB + 1; off < MIB + 1 + 100000; off += 4000 + got) {
		assert_int_equal(file_get(&r, off, 1000, &ptr, &got), 0);
		assert_int_equal(got, 1000);
		assert_memory_equal(ptr, s->bytes + off, got);
	}
	assert_true(count_reads(&after));
	/* count_reads() needs two. */
	assert_in_range(after - before, 1, 3);
	assert_int_equal(r.window_off + r.window_len, MIB + 1 + 100000);

	/* More than a window, than the file, than there are numbers. */
	file_expect(&r, 2 * MIB, 5 * MIB);
	check_walk(&r, 100000, s->bytes, s->size);
	file_expect(&r, SIZE - 10, 20);
	assert_int_equal(file_get(&r, SIZE - 10, 20, &ptr, &got), 0);
	assert_int_equal(got, 10);
	file_expect(&r, UINT64_MAX, SIZE_MAX);
	check_walk(&r, 4096, s->bytes, s->size);
	close_both(&f, &r);
}

/* Holes read as zeros, and are not read; data next to them are. */
static void test_sparse(void **state)
{
	static const size_t wants[] = { 4096, 4095, 100000, SIZE_MAX };
	unsigned char *bytes = calloc(1, 4 * MIB);
	unsigned long long before, after;
	struct file_reader r;
	struct dump_file f;
	struct sample s;
	const void *ptr;
	size_t got;
	bool counted;

	(void)state;
	assert_non_null(bytes);
	sample_init(&s, "x", 1);
	memset(bytes, 'd', 100);
	memset(bytes + MIB - 10, 'd', 20);
	memset(bytes + 3 * MIB, 'd', 65536);
	assert_int_equal(fd_pwrite(s.fd, bytes, 100, 0, NULL), 0);
	assert_int_equal(fd_pwrite(s.fd, bytes + MIB - 10, 20, MIB - 10, NULL), 0);
	assert_int_equal(fd_pwrite(s.fd, bytes + 3 * MIB, 65536, 3 * MIB, NULL), 0);
	assert_int_equal(ftruncate(s.fd, 4 * MIB), 0);
	open_ok(&f, &r, s.path, false);
	assert_true(f.sparse);
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++)
		check_walk(&r, wants[i], bytes, 4 * MIB);
	counted = count_reads(&before);
	for (size_t off = MIB + 65536; off < 3 * MIB; off += got)
		assert_int_equal(file_get(&r, off, 4096, &ptr, &got), 0);
	if (counted && count_reads(&after))
		assert_in_range(after - before, 0, 2);

	/* A hole that is no longer part of the file is none. */
	assert_int_equal(ftruncate(s.fd, 2 * MIB), 0);
	file_reader_deinit(&r);
	file_reader_init(&r, &f);
	assert_int_equal(file_get(&r, 2 * MIB - 1, 4096, &ptr, &got), 0);
	assert_int_equal(got, 1);
	assert_int_equal(file_get(&r, 2 * MIB, 4096, &ptr, &got), -ENODATA);
	assert_int_equal(file_get(&r, 3 * MIB, 4096, &ptr, &got), -ENODATA);
	close_both(&f, &r);
	sample_deinit(&s);
	free(bytes);
}

static void test_end(void **state)
{
	const struct sample *s = *state;
	struct file_reader r;
	struct dump_file f;
	unsigned char buf[100];
	const void *ptr;
	size_t got;

	for (int use_mmap = 0; use_mmap < 2; use_mmap++) {
		open_ok(&f, &r, s->path, use_mmap);
		assert_int_equal(file_get(&r, SIZE - 1, 4096, &ptr, &got), 0);
		assert_int_equal(got, 1);
		assert_int_equal(*(const unsigned char *)ptr, s->bytes[SIZE - 1]);
		/* /proc/vmcore cannot be mapped beyond its end. */
		assert_int_equal(r.window_off + r.window_len, SIZE);
		assert_int_equal(file_get(&r, SIZE, 1, &ptr, &got), -ENODATA);
		assert_non_null(strstr(err_text(-ENODATA), s->path));
		assert_int_equal(file_get(&r, UINT64_MAX, SIZE_MAX, &ptr, &got), -ENODATA);
		assert_int_equal(file_get(&r, UINT64_MAX / 2 + 1, 1, &ptr, &got), -ENODATA);

		assert_int_equal(file_read(&r, SIZE - 100, buf, 100), 0);
		assert_memory_equal(buf, s->bytes + SIZE - 100, 100);
		assert_int_equal(file_read(&r, SIZE - 99, buf, 100), -ENODATA);
		assert_int_equal(file_read(&r, SIZE, buf, 1), -ENODATA);
		assert_int_equal(file_read(&r, UINT64_MAX - 10, buf, 100), -ENODATA);
		assert_int_equal(file_read(&r, SIZE, buf, 0), 0);
		close_both(&f, &r);
	}
}

static void test_empty_file(void **state)
{
	struct file_reader r;
	struct dump_file f;
	struct sample s;
	const void *ptr;
	size_t got;
	char c;

	(void)state;
	sample_init(&s, NULL, 0);
	for (int use_mmap = 0; use_mmap < 2; use_mmap++) {
		open_ok(&f, &r, s.path, use_mmap);
		assert_int_equal(f.size, 0);
		assert_int_equal(file_get(&r, 0, 1, &ptr, &got), -ENODATA);
		assert_int_equal(file_read(&r, 0, &c, 1), -ENODATA);
		close_both(&f, &r);
	}
	sample_deinit(&s);
}

static void test_one_byte(void **state)
{
	struct file_reader r;
	struct dump_file f;
	struct sample s;

	(void)state;
	sample_init(&s, "x", 1);
	for (int use_mmap = 0; use_mmap < 2; use_mmap++) {
		open_ok(&f, &r, s.path, use_mmap);
		check_walk(&r, 4096, s.bytes, 1);
		close_both(&f, &r);
	}
	sample_deinit(&s);
}

static void test_open_errors(void **state)
{
	struct dump_file f;
	char path[32];
	int fds[2];

	(void)state;
	assert_int_equal(file_open(&f, "/nonexistent/dump", true, NULL), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "/nonexistent/dump"));
	assert_int_equal(f.fd, -1);
	assert_int_equal(file_open(&f, "/", true, NULL), -EISDIR);
	assert_non_null(strstr(err_text(-EISDIR), "cannot read /"));

	assert_int_equal(pipe(fds), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	assert_int_equal(file_open(&f, path, true, NULL), -ESPIPE);
	assert_int_equal(f.fd, -1);
	close(fds[0]);
	close(fds[1]);
}

static void test_shrunk(void **state)
{
	struct file_reader r;
	struct dump_file f;
	struct sample s;
	const void *ptr;
	char buf[16];
	size_t got;

	(void)state;
	sample_init(&s, NULL, 3 * MIB);
	open_ok(&f, &r, s.path, false);
	assert_int_equal(ftruncate(s.fd, MIB + 10), 0);
	assert_int_equal(file_get(&r, MIB, 4096, &ptr, &got), 0);
	assert_int_equal(got, 10);
	assert_memory_equal(ptr, s.bytes + MIB, 10);
	assert_int_equal(file_get(&r, MIB + 10, 1, &ptr, &got), -ENODATA);
	assert_int_equal(file_get(&r, 2 * MIB, 1, &ptr, &got), -ENODATA);
	assert_int_equal(file_read(&r, MIB, buf, 10), 0);
	assert_int_equal(file_read(&r, MIB, buf, 16), -ENODATA);
	close_both(&f, &r);
	sample_deinit(&s);
}

/* Large copies of a file that is mapped take no read() calls, and leave the window where it is. */
static void test_mapped_copy(void **state)
{
	unsigned long long before, after;
	char *buf = malloc(MIB);
	struct file_reader r;
	struct dump_file f;
	struct sample s;
	const void *ptr;
	size_t got;

	(void)state;
	assert_non_null(buf);
	sample_init(&s, NULL, 8 * MIB);
	open_counted(&s, &f, &r);
	r.use_mmap = true;
	assert_int_equal(file_get(&r, MIB - 7, 100, &ptr, &got), 0);
	assert_true(count_reads(&before));
	for (size_t off = 5 * MIB + 1; off + MIB / 8 < 8 * MIB; off += MIB / 8) {
		assert_int_equal(file_read(&r, off, buf, MIB / 8), 0);
		assert_memory_equal(buf, s.bytes + off, MIB / 8);
	}
	assert_true(count_reads(&after));
	assert_in_range(after - before, 1, 3);
	assert_memory_equal(ptr, s.bytes + MIB - 7, got);
	close_both(&f, &r);
	sample_deinit(&s);
	free(buf);
}

/* This process's own memory as a file: it can be read and not be mapped. */
static void open_memory(struct dump_file *f, struct file_reader *r)
{
	*f = (struct dump_file){
		.path = "/proc/self/mem",
		.fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC),
		.size = INT64_MAX,
		.real_size = INT64_MAX,
		.use_mmap = true,
	};
	if (f->fd < 0)
		skip();
	file_reader_init(r, f);
	file_within(r, 0, UINT64_MAX);
}

static void test_cannot_map(void **state)
{
	const struct sample *s = *state;
	uint64_t base = (uintptr_t)s->bytes;
	struct file_reader r;
	struct dump_file f;
	const void *ptr;
	size_t got;

	open_memory(&f, &r);
	for (size_t off = 0; off < SIZE; off += got) {
		assert_int_equal(file_get(&r, base + off, SIZE - off, &ptr, &got), 0);
		assert_memory_equal(ptr, s->bytes + off, got);
	}
	assert_false(r.use_mmap);
	assert_non_null(r.buffer);
	assert_ptr_equal(r.window, r.buffer);
	close_both(&f, &r);
}

/* One bad page costs that page, not what would have been read with it. */
static void test_bad_spot(void **state)
{
	size_t page = sysconf(_SC_PAGESIZE), len = 64 * page;
	struct file_reader r;
	struct dump_file f;
	unsigned char *map, *buf;
	const void *ptr;
	size_t got;
	uint64_t base;

	(void)state;
	open_memory(&f, &r);
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	buf = malloc(len);
	assert_ptr_not_equal(map, MAP_FAILED);
	assert_non_null(buf);
	memset(map, 0x5a, len);
	memset(buf, 0x5a, len);
	assert_int_equal(munmap(map + 20 * page, page), 0);
	base = (uintptr_t)map;

	for (size_t off = 0; off < len; off += got) {
		int err = file_get(&r, base + off, len - off, &ptr, &got);

		if (off / page == 20) {
			assert_int_equal(err, -EIO);
			assert_non_null(strstr(err_text(-EIO), "/proc/self/mem at offset"));
			got = page;
			continue;
		}
		assert_int_equal(err, 0);
		assert_memory_equal(ptr, buf, got);
	}
	assert_int_equal(file_read(&r, base + 19 * page, buf, page), 0);
	assert_int_equal(file_read(&r, base + 19 * page, buf, page + 1), -EIO);
	free(buf);
	munmap(map, len);
	close_both(&f, &r);
}

/*
 * "A" * 5000 at 10000, "B" * 3000 at 2000, "C" * 1000 at 4500; holes between.
 */
static size_t make_flattened(unsigned char *buf, unsigned char *inner)
{
	static const struct {
		size_t off, len;
		char c;
	} records[] = { { 10000, 5000, 'A' }, { 2000, 3000, 'B' }, { 4500, 1000, 'C' } };
	size_t pos = FLAT_HEADER_SIZE;

	flat_encode_header(buf);
	for (size_t i = 0; i < 3; i++) {
		flat_encode_record(buf + pos, records[i].off, records[i].len);
		pos += FLAT_RECORD_SIZE;
		memset(buf + pos, records[i].c, records[i].len);
		memset(inner + records[i].off, records[i].c, records[i].len);
		pos += records[i].len;
	}
	flat_encode_record(buf + pos, -1, -1);
	return pos + FLAT_RECORD_SIZE;
}

static void test_flattened(void **state)
{
	unsigned char buf[20000], inner[15000] = { 0 }, copy[15000];
	size_t size = make_flattened(buf, inner);
	struct file_reader r;
	struct dump_file f;
	struct sample s;
	const void *ptr;
	size_t got;

	(void)state;
	sample_init(&s, buf, size);
	for (int use_mmap = 0; use_mmap < 2; use_mmap++) {
		open_ok(&f, &r, s.path, use_mmap);
		assert_int_equal(f.size, sizeof(inner));
		assert_int_equal(f.real_size, size);
		check_walk(&r, 4096, inner, sizeof(inner));
		check_walk(&r, SIZE_MAX, inner, sizeof(inner));
		for (size_t off = 0; off < sizeof(inner); off += 77) {
			size_t len = (off * 13) % (sizeof(inner) - off) + 1;

			memset(copy, 0xee, sizeof(copy));
			assert_int_equal(file_read(&r, off, copy, len), 0);
			assert_memory_equal(copy, inner + off, len);
			assert_true(len == sizeof(copy) || copy[len] == 0xee);
		}
		assert_int_equal(file_read(&r, 1, copy, sizeof(inner)), -ENODATA);

		/* A piece ends with its record. */
		assert_int_equal(file_get(&r, 3000, 100000, &ptr, &got), 0);
		assert_int_equal(got, 1500);
		assert_int_equal(file_get(&r, 10000, 100000, &ptr, &got), 0);
		assert_int_equal(got, 5000);
		close_both(&f, &r);
	}
	sample_deinit(&s);
}

/* However much of a flattened file is there, opening says so; whole records can be read. */
static void test_flattened_cut(void **state)
{
	unsigned char buf[20000], inner[15000] = { 0 };
	size_t size = make_flattened(buf, inner);
	const size_t first_end = FLAT_HEADER_SIZE + FLAT_RECORD_SIZE + 5000;
	struct file_reader r;
	struct dump_file f;
	struct sample s;
	char c;

	(void)state;
	sample_init(&s, buf, size);
	for (size_t cut = size - 1; cut >= strlen(FLAT_SIGNATURE); cut -= cut > 4200 ? 13 : 1) {
		assert_int_equal(ftruncate(s.fd, cut), 0);
		if (cut < first_end) {
			assert_int_equal(file_open(&f, s.path, cut % 2, NULL), -EBADMSG);
			assert_int_equal(strncmp(err_text(-EBADMSG), s.path, strlen(s.path)), 0);
			continue;
		}
		assert_int_equal(file_open(&f, s.path, cut % 2, NULL), 0);
		assert_non_null(strstr(f.damage, "cut short"));
		assert_int_equal(f.size, 15000);
		file_reader_init(&r, &f);
		assert_int_equal(file_read(&r, 14999, &c, 1), 0);
		assert_int_equal(c, 'A');
		file_reader_deinit(&r);
		file_close(&f);
	}
	/* Less than a signature is just a short file. */
	for (size_t cut = strlen(FLAT_SIGNATURE) - 1; cut; cut--) {
		assert_int_equal(ftruncate(s.fd, cut), 0);
		assert_int_equal(file_open(&f, s.path, true, NULL), 0);
		assert_int_equal(f.size, cut);
		file_close(&f);
	}
	sample_deinit(&s);
}

static void test_flattened_unknown(void **state)
{
	unsigned char buf[20000], inner[15000] = { 0 };
	size_t size = make_flattened(buf, inner);
	struct dump_file f;
	struct sample s;

	(void)state;
	buf[FLAT_SIGNATURE_SIZE + 7]++;
	sample_init(&s, buf, size);
	assert_int_equal(file_open(&f, s.path, true, NULL), -ENOTSUP);
	assert_non_null(strstr(err_text(-ENOTSUP), s.path));
	sample_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_any_offset),
		cmocka_unit_test(test_window_stays),
		cmocka_unit_test(test_few_reads),
		cmocka_unit_test(test_short_reads_mapped),
		cmocka_unit_test(test_expected),
		cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_empty_file),
		cmocka_unit_test(test_one_byte),
		cmocka_unit_test(test_open_errors),
		cmocka_unit_test(test_shrunk),
		cmocka_unit_test(test_mapped_copy),
		cmocka_unit_test(test_cannot_map),
		cmocka_unit_test(test_bad_spot),
		cmocka_unit_test(test_flattened),
		cmocka_unit_test(test_flattened_cut),
		cmocka_unit_test(test_flattened_unknown),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
