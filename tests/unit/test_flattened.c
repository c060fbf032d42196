// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records in any order, one above another, against a model that notes for each
 * byte of the inner file where it was last written.
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
#include "vmcore/flattened.h"

/* A flattened file in the making. */
struct stream {
	unsigned char *bytes;
	size_t len, capacity;
};

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static unsigned char *stream_grow(struct stream *s, size_t len)
{
	if (s->len + len > s->capacity) {
		s->capacity = 2 * (s->len + len);
		s->bytes = realloc(s->bytes, s->capacity);
		assert_non_null(s->bytes);
	}
	s->len += len;
	return s->bytes + s->len - len;
}

static void stream_init(struct stream *s)
{
	*s = (struct stream){ 0 };
	flat_encode_header(stream_grow(s, FLAT_HEADER_SIZE));
}

static void stream_head(struct stream *s, int64_t off, int64_t len)
{
	flat_encode_record(stream_grow(s, FLAT_RECORD_SIZE), off, len);
}

/* Add a record with data; returns where the data is. */
static size_t stream_record(struct stream *s, int64_t off, size_t len)
{
	stream_head(s, off, len);
	memset(stream_grow(s, len), 0xd4, len);
	return s->len - len;
}

/* Index the first len bytes of the stream. */
static int stream_index(const struct stream *s, size_t len, struct flat_index **idx, uint64_t *size)
{
	int fd = memfd_create("flattened", MFD_CLOEXEC), err;

	assert_true(fd >= 0);
	assert_int_equal(fd_pwrite(fd, s->bytes, len, 0, NULL), 0);
	err = flat_index_create(idx, fd, len, size, NULL);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	close(fd);
	return err;
}

static void finish_ok(struct stream *s, struct flat_index **idx, uint64_t *size)
{
	stream_head(s, -1, -1);
	assert_int_equal(stream_index(s, s->len, idx, size), 0);
	free(s->bytes);
}

static void assert_find(const struct flat_index *idx, uint64_t off, uint64_t where, uint64_t len)
{
	uint64_t found_where, found_len;

	assert_int_equal(flat_find(idx, off, &found_where, &found_len), 0);
	assert_int_equal(found_where, where);
	assert_int_equal(found_len, len);
}

static void assert_end(const struct flat_index *idx, uint64_t size)
{
	uint64_t where, len;

	assert_int_equal(flat_find(idx, size, &where, &len), -ENODATA);
	assert_int_equal(flat_find(idx, UINT64_MAX, &where, &len), -ENODATA);
}

static void test_header(void **state)
{
	unsigned char buf[FLAT_HEADER_SIZE], expected[FLAT_HEADER_SIZE] = "makedumpfile";
	unsigned char record[FLAT_RECORD_SIZE];

	(void)state;
	expected[23] = 1;
	expected[31] = 1;
	memset(buf, 0xff, sizeof(buf));
	flat_encode_header(buf);
	assert_memory_equal(buf, expected, sizeof(buf));
	assert_int_equal(flat_check_header(buf), 0);

	flat_encode_record(record, 0x0102030405060708, 0x1122334455667788);
	assert_memory_equal(record, "\1\2\3\4\5\6\7\10\x11\x22\x33\x44\x55\x66\x77\x88", 16);

	buf[23] = 2;
	assert_int_equal(flat_check_header(buf), -ENOTSUP);
	assert_non_null(strstr(err_text(-ENOTSUP), "type 2"));
	buf[23] = 1;
	buf[31] = 0;
	assert_int_equal(flat_check_header(buf), -ENOTSUP);
	buf[31] = 1;
	buf[15] = 'x';
	assert_int_equal(flat_check_header(buf), -ENOENT);
	memset(buf, 0, sizeof(buf));
	assert_int_equal(flat_check_header(buf), -ENOENT);
}

static void test_no_records(void **state)
{
	struct flat_index *idx;
	struct stream s;
	uint64_t size = 1;

	(void)state;
	stream_init(&s);
	stream_record(&s, 1 << 30, 0);
	finish_ok(&s, &idx, &size);
	assert_int_equal(size, 0);
	assert_end(idx, 0);
	flat_index_destroy(idx);
	flat_index_destroy(NULL);
}

static void test_holes(void **state)
{
	struct flat_index *idx;
	struct stream s;
	uint64_t size;
	size_t a, b;

	(void)state;
	stream_init(&s);
	b = stream_record(&s, 1000, 10);
	a = stream_record(&s, 100, 50);
	finish_ok(&s, &idx, &size);
	assert_int_equal(size, 1010);
	assert_find(idx, 0, FLAT_HOLE, 100);
	assert_find(idx, 99, FLAT_HOLE, 1);
	assert_find(idx, 100, a, 50);
	assert_find(idx, 149, a + 49, 1);
	assert_find(idx, 150, FLAT_HOLE, 850);
	assert_find(idx, 1000, b, 10);
	assert_find(idx, 1009, b + 9, 1);
	assert_end(idx, size);
	flat_index_destroy(idx);

	/* A hole one byte longer than the offset of what follows it. */
	stream_init(&s);
	a = FLAT_HEADER_SIZE + FLAT_RECORD_SIZE;
	assert_int_equal(stream_record(&s, a + 1, 10), a);
	finish_ok(&s, &idx, &size);
	assert_find(idx, 0, FLAT_HOLE, a + 1);
	assert_find(idx, a + 1, a, 10);
	flat_index_destroy(idx);
}

static void test_overlaps(void **state)
{
	struct flat_index *idx;
	struct stream s;
	uint64_t size;
	size_t low, inside, above, same, tail;

	(void)state;
	stream_init(&s);
	stream_record(&s, 220, 30);		/* wholly below the next one */
	low = stream_record(&s, 0, 1000);
	inside = stream_record(&s, 100, 50);
	above = stream_record(&s, 140, 20);
	stream_record(&s, 500, 10);
	same = stream_record(&s, 500, 10);
	tail = stream_record(&s, 990, 30);
	finish_ok(&s, &idx, &size);
	assert_int_equal(size, 1020);
	assert_find(idx, 0, low, 100);
	assert_find(idx, 100, inside, 40);
	assert_find(idx, 140, above, 20);
	/* The end of one record does not cut the one below it in two. */
	assert_find(idx, 160, low + 160, 340);
	assert_find(idx, 500, same, 10);
	assert_find(idx, 510, low + 510, 480);
	assert_find(idx, 990, tail, 30);
	assert_end(idx, size);
	flat_index_destroy(idx);
}

/* The inner file is larger than any file: the hole costs nothing. */
static void test_far(void **state)
{
	struct flat_index *idx;
	struct stream s;
	uint64_t size;
	size_t where;

	(void)state;
	stream_init(&s);
	where = stream_record(&s, INT64_MAX - 1, 1);
	finish_ok(&s, &idx, &size);
	assert_int_equal(size, INT64_MAX);
	assert_find(idx, 0, FLAT_HOLE, INT64_MAX - 1);
	assert_find(idx, INT64_MAX - 1, where, 1);
	assert_end(idx, size);
	flat_index_destroy(idx);
}

static void check_model(unsigned int seed, size_t nr, size_t max_off, size_t max_len)
{
	size_t inner = max_off + max_len, end = 0, off;
	uint64_t *model = malloc(inner * sizeof(*model));
	uint64_t rnd = seed, size, where, len;
	struct flat_index *idx;
	struct stream s;

	assert_non_null(model);
	for (size_t i = 0; i < inner; i++)
		model[i] = FLAT_HOLE;
	stream_init(&s);
	for (size_t i = 0; i < nr; i++) {
		size_t at = next_random(&rnd) % max_off, n = next_random(&rnd) % max_len;
		/* Nothing at the beginning is no record. */
		size_t data = stream_record(&s, at || n ? at : 1, n);

		for (size_t j = 0; j < n; j++)
			model[at + j] = data + j;
		if (n && at + n > end)
			end = at + n;
	}
	finish_ok(&s, &idx, &size);
	assert_int_equal(size, end);
	for (off = 0; off < end; off += len) {
		assert_int_equal(flat_find(idx, off, &where, &len), 0);
		assert_in_range(len, 1, end - off);
		for (size_t j = 0; j < len; j++)
			if (model[off + j] != (where == FLAT_HOLE ? FLAT_HOLE : where + j))
				fail_msg("seed %u: byte %zu is elsewhere", seed, off + j);
		/* And it is all that lies together. */
		if (off + len < end && model[off + len] ==
		    (where == FLAT_HOLE ? FLAT_HOLE : where + len))
			fail_msg("seed %u: piece at %zu ends too early", seed, off);
	}
	/* The same from the middle of pieces. */
	for (size_t i = 0; end && i < 1000; i++) {
		off = next_random(&rnd) % end;
		assert_int_equal(flat_find(idx, off, &where, &len), 0);
		assert_int_equal(where, model[off]);
	}
	assert_end(idx, end);
	flat_index_destroy(idx);
	free(model);
}

static void test_model(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 200; seed++)
		check_model(seed, 1 + seed % 17, 50, 20);
	for (unsigned int seed = 1; seed <= 10; seed++) {
		check_model(seed, 5000, 100000, 100);
		check_model(seed, 5000, 1000000, 100);
		check_model(seed, 2000, 10000, 3000);
	}
}

/* The reading of heads: small and large records take turns. */
static void test_mixed_sizes(void **state)
{
	static const size_t sizes[] = { 1, 300000, 4080, 17, 4096, 20000, 2 << 20 };
	uint64_t rnd = 3, size, off = 0;
	size_t nr = 0, *where = calloc(20000, sizeof(*where));
	uint64_t *offs = calloc(20001, sizeof(*offs));
	struct flat_index *idx;
	struct stream s;

	(void)state;
	assert_non_null(where);
	assert_non_null(offs);
	stream_init(&s);
	while (s.len < (48 << 20)) {
		size_t len = sizes[next_random(&rnd) % 7];
		size_t times = 1 + next_random(&rnd) % (len < 4096 ? 1000 : 3);

		for (; times; times--, nr++) {
			assert_in_range(nr, 0, 19999);
			where[nr] = stream_record(&s, off, len);
			offs[nr] = off;
			off += len;
		}
	}
	offs[nr] = off;
	finish_ok(&s, &idx, &size);
	assert_int_equal(size, off);
	for (size_t i = 0; i < nr; i++)
		assert_find(idx, offs[i], where[i], offs[i + 1] - offs[i]);
	flat_index_destroy(idx);
	free(where);
	free(offs);
}

/* Get a counter of /proc/self/io; false if the kernel has none. */
static bool io_counter(const char *name, unsigned long long *n)
{
	FILE *io = fopen("/proc/self/io", "re");
	size_t len = strlen(name);
	bool found = false;
	char line[80];

	if (!io)
		return false;
	while (fgets(line, sizeof(line), io)) {
		if (!strncmp(line, name, len)) {
			*n = strtoull(line + len, NULL, 10);
			found = true;
		}
	}
	fclose(io);
	return found;
}

static void test_cheap_index(void **state)
{
	unsigned long long before = 0, after = 0, bytes_before = 0, bytes_after = 0;
	struct flat_index *idx;
	struct stream s;
	uint64_t size;

	(void)state;
	if (!io_counter("syscr:", &before) || !io_counter("rchar:", &bytes_before))
		skip();

	/* Tiny records: a dozen reads, not 100000. */
	stream_init(&s);
	for (size_t i = 0; i < 100000; i++)
		stream_record(&s, 8 * i, 8);
	stream_head(&s, -1, -1);
	assert_true(io_counter("syscr:", &before));
	assert_int_equal(stream_index(&s, s.len, &idx, &size), 0);
	assert_true(io_counter("syscr:", &after));
	assert_in_range(after - before, 1, 500);
	flat_index_destroy(idx);
	free(s.bytes);

	/* Large records: their data is not read. */
	stream_init(&s);
	for (size_t i = 0; i < 100; i++)
		stream_record(&s, i << 18, 1 << 18);
	stream_head(&s, -1, -1);
	assert_true(io_counter("rchar:", &bytes_before));
	assert_int_equal(stream_index(&s, s.len, &idx, &size), 0);
	assert_true(io_counter("rchar:", &bytes_after));
	assert_in_range(bytes_after - bytes_before, 1, 1 << 20);
	flat_index_destroy(idx);
	free(s.bytes);
}

static void test_truncated(void **state)
{
	static const size_t sizes[] = { 100, 3, 5000, 0 };
	struct flat_index *idx;
	struct stream s;
	uint64_t size;
	size_t heads[5];
	char text[80];
	int fd;

	(void)state;
	stream_init(&s);
	for (size_t i = 0; i < 4; i++)
		heads[i] = stream_record(&s, 50 * i, sizes[i]) - FLAT_RECORD_SIZE;
	heads[4] = s.len;
	stream_head(&s, -1, -1);
	for (size_t len = FLAT_HEADER_SIZE, i = 0; len < s.len; len++) {
		/* The record that is not all there. */
		while (i < 4 && len >= heads[i + 1])
			i++;
		snprintf(text, sizeof(text), len < heads[i] + FLAT_RECORD_SIZE ?
			 "no end record: it is cut short after offset %zu" :
			 "record at offset %zu has", heads[i]);
		assert_int_equal(stream_index(&s, len, &idx, &size), i ? 1 : -EBADMSG);
		assert_non_null(strstr(err_text(-EBADMSG), text));
		if (!i)
			continue;
		/* The records before it. */
		assert_int_equal(size, i < 3 ? 100 : 5100);
		flat_index_destroy(idx);
	}
	/* As if it became shorter meanwhile. */
	fd = memfd_create("flattened", MFD_CLOEXEC);
	assert_int_equal(fd_pwrite(fd, s.bytes, s.len - 1, 0, NULL), 0);
	assert_int_equal(flat_index_create(&idx, fd, s.len, &size, NULL), 1);
	assert_non_null(strstr(err_text(-EBADMSG), "no end record"));
	flat_index_destroy(idx);
	close(fd);
	assert_int_equal(stream_index(&s, s.len, &idx, &size), 0);
	assert_int_equal(size, 5100);
	flat_index_destroy(idx);
	free(s.bytes);
}

static void test_garbage_behind(void **state)
{
	struct flat_index *idx;
	struct stream s;
	uint64_t size;
	size_t where;

	(void)state;
	stream_init(&s);
	where = stream_record(&s, 0, 100);
	stream_head(&s, -1, -1);
	stream_record(&s, 0, 50);
	stream_head(&s, -5, -5);
	memset(stream_grow(&s, 10000), 0x80, 10000);
	finish_ok(&s, &idx, &size);
	assert_int_equal(size, 100);
	assert_find(idx, 0, where, 100);
	flat_index_destroy(idx);
}

static void test_damaged(void **state)
{
	static const struct {
		int64_t off, len;
	} heads[] = {
		{ -1, 0 }, { 0, -1 }, { -1, 1 }, { -2, -1 }, { -1, -2 }, { INT64_MIN, 1 },
		{ 0, INT64_MIN }, { INT64_MIN, INT64_MIN }, { INT64_MAX, 1 },
		{ 1, INT64_MAX }, { INT64_MAX, INT64_MAX }, { 0, INT64_MAX },
		{ 0, INT64_MAX - FLAT_HEADER_SIZE - 200 }, { 0, 100 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct flat_index *idx;
		struct stream s;
		uint64_t size;
		char text[32];

		stream_init(&s);
		stream_record(&s, 0, 100);
		snprintf(text, sizeof(text), "record at offset %zu ", s.len);
		stream_head(&s, heads[i].off, heads[i].len);
		memset(stream_grow(&s, 67), 'x', 67);
		stream_head(&s, -1, -1);
		assert_int_equal(stream_index(&s, s.len, &idx, &size), 1);
		assert_non_null(strstr(err_text(-EBADMSG), text));
		if (heads[i].off < 0 || heads[i].len < 0)
			assert_non_null(strstr(err_text(-EBADMSG), "is damaged"));
		assert_int_equal(size, 100);
		flat_index_destroy(idx);
		free(s.bytes);
	}
}

static void test_unreadable(void **state)
{
	struct flat_index *idx;
	uint64_t size;

	(void)state;
	assert_int_equal(flat_index_create(&idx, -1, 1 << 20, &size, NULL), -EBADF);
	assert_non_null(strstr(err_text(-EBADF), "offset 4096"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_no_records),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_far),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_mixed_sizes),
		cmocka_unit_test(test_cheap_index),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_garbage_behind),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
