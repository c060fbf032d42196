// SPDX-License-Identifier: GPL-2.0-or-later
/* Pieces of a file that stay mapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/fdio.h"
#include "vmcore/map_cache.h"

/* More pieces than a cache keeps, and a part of one. */
#define PIECES 100
#define KEPT   64
#define SIZE   (PIECES * MAP_PIECE + 12345)
#define NAME   "pieces"

struct sample {
	int fd;
	struct map_cache *cache;
};

/* A file of zeros, but for the number of each piece at its beginning. */
static int setup(void **state)
{
	static struct sample s;

	s.fd = memfd_create(NAME, MFD_CLOEXEC);
	assert_true(s.fd >= 0);
	assert_int_equal(ftruncate(s.fd, SIZE), 0);
	for (uint64_t i = 0; i <= PIECES; i++)
		assert_int_equal(fd_pwrite(s.fd, &i, sizeof(i), i * MAP_PIECE, NULL), 0);
	s.cache = map_cache_create();
	assert_non_null(s.cache);
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	struct sample *s = *state;

	map_cache_destroy(s->cache);
	close(s->fd);
	return 0;
}

/* Get the piece of a byte, and see that it is the right one. */
static const struct map_piece *get(struct sample *s, uint64_t off)
{
	const struct map_piece *piece = map_cache_get(s->cache, s->fd, off, 0, SIZE);
	uint64_t number;

	assert_non_null(piece);
	assert_true(off >= piece->off && off - piece->off < piece->len);
	memcpy(&number, piece->map, sizeof(number));
	assert_int_equal(number, off / MAP_PIECE);
	return piece;
}

/* Count the mappings of the file; *has: whether one begins at this offset. */
static size_t count_mappings(uint64_t off, bool *has)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	size_t nr = 0;

	assert_non_null(maps);
	*has = false;
	while (fgets(line, sizeof(line), maps)) {
		unsigned long long start, end, at;

		if (!strstr(line, NAME))
			continue;
		assert_int_equal(sscanf(line, "%llx-%llx %*s %llx", &start, &end, &at), 3);
		/* Neighbours in the file that are so in memory are one line. */
		nr += (end - start + MAP_PIECE - 1) / MAP_PIECE;
		*has |= off >= at && off - at < end - start;
	}
	fclose(maps);
	return nr;
}

static void test_any_order(void **state)
{
	struct sample *s = *state;

	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i <= PIECES; i++) {
			uint64_t off = (i * 37 % (PIECES + 1)) * MAP_PIECE;
			const struct map_piece *piece = get(s, off + round * 4000);

			assert_int_equal(piece->off, off);
			assert_int_equal(piece->len,
					 off / MAP_PIECE < PIECES ? MAP_PIECE : 12345);
		}
	}
}

static void test_keeps_what_is_used(void **state)
{
	struct sample *s = *state;
	bool has;

	for (size_t i = 0; i < KEPT; i++)
		get(s, i * MAP_PIECE);
	assert_int_equal(count_mappings(0, &has), KEPT);
	/* Those of 0 and 1 are the oldest, but that of 0 is used again. */
	get(s, 5);
	get(s, KEPT * MAP_PIECE);
	assert_int_equal(count_mappings(0, &has), KEPT);
	assert_true(has);
	count_mappings(MAP_PIECE, &has);
	assert_false(has);
}

static void test_bounds(void **state)
{
	struct sample *s = *state;
	const uint64_t start = MAP_PIECE + 65536, end = 2 * MAP_PIECE + 100;
	const struct map_piece *piece = map_cache_get(s->cache, s->fd, start + 70000, start, end);

	assert_non_null(piece);
	assert_int_equal(piece->off, start);
	assert_int_equal(piece->len, MAP_PIECE - 65536);
	piece = map_cache_get(s->cache, s->fd, end - 1, start, end);
	assert_non_null(piece);
	assert_int_equal(piece->off, 2 * MAP_PIECE);
	assert_int_equal(piece->len, 100);
	/* The byte before is another's: a piece of its own. */
	piece = map_cache_get(s->cache, s->fd, start - 1, 0, start);
	assert_non_null(piece);
	assert_int_equal(piece->off, MAP_PIECE);
	assert_int_equal(piece->len, 65536);
}

static void test_mapping_fails(void **state)
{
	struct sample *s = *state;
	int pipe_fd[2];
	bool has;

	get(s, 0);
	assert_int_equal(pipe(pipe_fd), 0);
	assert_null(map_cache_get(s->cache, pipe_fd[0], MAP_PIECE, 0, SIZE));
	assert_int_equal(errno, ENODEV);
	assert_int_equal(count_mappings(0, &has), 1);
	get(s, 0);
	get(s, MAP_PIECE);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

static void test_unmaps_all(void **state)
{
	struct sample *s = *state;
	bool has;

	for (size_t i = 0; i < 10; i++)
		get(s, i * MAP_PIECE);
	map_cache_destroy(s->cache);
	s->cache = NULL;
	assert_int_equal(count_mappings(0, &has), 0);
	map_cache_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keeps_what_is_used, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mapping_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unmaps_all, setup, teardown),
	};

	return cmocka_run_group_tests_name("map_cache", tests, NULL, NULL);
}
