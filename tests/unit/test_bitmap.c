// SPDX-License-Identifier: GPL-2.0-or-later
/* Bitmaps against an array of one byte per bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/bitmap.h"
#include "lib/err.h"
#include "lib/types.h"

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* A model of a bitmap: a byte for each bit. */
struct model {
	uint64_t nbits;
	unsigned char *bits;
};

static uint64_t model_fill(struct model *m, uint64_t start, uint64_t end, unsigned char value)
{
	uint64_t changed = 0;

	for (uint64_t i = start; i < end && i < m->nbits; i++) {
		changed += m->bits[i] != value;
		m->bits[i] = value;
	}
	return changed;
}

static uint64_t model_next(const struct model *m, uint64_t start, uint64_t end, int value)
{
	while (start < end && m->bits[start] != value)
		start++;
	return start < end ? start : end;
}

static uint64_t model_count(const struct model *m, uint64_t start, uint64_t end)
{
	uint64_t n = 0;

	for (uint64_t i = start; i < end; i++)
		n += m->bits[i];
	return n;
}

static uint64_t model_skip(const struct model *m, uint64_t start, uint64_t count)
{
	while (count && start < m->nbits)
		count -= m->bits[start++];
	return count ? m->nbits : start;
}

static void assert_same(const struct bitmap *b, const struct model *m)
{
	for (uint64_t i = 0; i < m->nbits; i++)
		assert_int_equal(bitmap_test(b, i), m->bits[i]);
	/* The layout on disk, whatever the host's byte order. */
	for (uint64_t i = 0; i < (m->nbits + 63) / 64 * 64; i++)
		assert_int_equal(((const uint8_t *)b->words)[i / 8] >> i % 8 & 1,
				 i < m->nbits ? m->bits[i] : 0);
}

static void random_operations(uint64_t nbits, uint64_t seed)
{
	struct model m = { nbits, calloc(nbits + 1, 1) };
	struct bitmap b;

	assert_non_null(m.bits);
	assert_int_equal(bitmap_init(&b, nbits), 0);
	assert_int_equal(b.nbits, nbits);
	for (unsigned int i = 0; i < 400; i++) {
		uint64_t start = next_random(&seed) % (nbits + 1);
		uint64_t len = next_random(&seed) % (i % 3 ? 70 : nbits + 2);
		uint64_t end = start + len, count = next_random(&seed) % (nbits + 2);

		switch (next_random(&seed) % 3) {
		case 0:
			assert_int_equal(bitmap_set_range(&b, start, end),
					 model_fill(&m, start, end, 1));
			break;
		case 1:
			assert_int_equal(bitmap_clear_range(&b, start, end),
					 model_fill(&m, start, end, 0));
			break;
		}
		end = end < nbits ? end : nbits;
		assert_int_equal(bitmap_count(&b, start, end), model_count(&m, start, end));
		assert_int_equal(bitmap_next_set(&b, start, end), model_next(&m, start, end, 1));
		assert_int_equal(bitmap_next_clear(&b, start, end), model_next(&m, start, end, 0));
		assert_int_equal(bitmap_end_of_nth_set(&b, start, count),
				 model_skip(&m, start, count));
		if (i % 50 == 0)
			assert_same(&b, &m);
	}
	assert_same(&b, &m);
	bitmap_deinit(&b);
	free(m.bits);
}

static void test_against_model(void **state)
{
	static const uint64_t sizes[] = { 1, 2, 63, 64, 65, 127, 128, 129, 1000, 4096, 5000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		random_operations(sizes[i], i + 1);
}

static void test_ends_of_ranges(void **state)
{
	struct bitmap b;

	(void)state;
	assert_int_equal(bitmap_init(&b, 200), 0);
	/* Empty and backward ranges, and such that begin after the end. */
	assert_int_equal(bitmap_set_range(&b, 64, 64), 0);
	assert_int_equal(bitmap_set_range(&b, 70, 60), 0);
	assert_int_equal(bitmap_set_range(&b, 200, UINT64_MAX), 0);
	assert_int_equal(bitmap_clear_range(&b, UINT64_MAX - 1, UINT64_MAX), 0);
	assert_int_equal(bitmap_count(&b, 0, 200), 0);
	/* Clipped, also where the end would overflow into the next word. */
	assert_int_equal(bitmap_set_range(&b, 190, UINT64_MAX), 10);
	assert_int_equal(le64toh(b.words[3]) >> 8, 0);
	assert_int_equal(bitmap_end_of_nth_set(&b, 0, 10), 200);
	assert_int_equal(bitmap_end_of_nth_set(&b, 0, 11), 200);
	assert_int_equal(bitmap_end_of_nth_set(&b, 0, 9), 199);
	assert_int_equal(bitmap_end_of_nth_set(&b, 200, 1), 200);
	assert_int_equal(bitmap_end_of_nth_set(&b, 5, 0), 5);
	assert_int_equal(bitmap_clear_range(&b, 0, UINT64_MAX), 10);
	bitmap_deinit(&b);
}

static void test_no_bits(void **state)
{
	struct bitmap b;

	(void)state;
	assert_int_equal(bitmap_init(&b, 0), 0);
	assert_int_equal(bitmap_set_range(&b, 0, 10), 0);
	assert_int_equal(bitmap_clear_range(&b, 0, 10), 0);
	assert_int_equal(bitmap_count(&b, 0, 0), 0);
	assert_int_equal(bitmap_next_set(&b, 0, 0), 0);
	assert_int_equal(bitmap_end_of_nth_set(&b, 0, 5), 0);
	bitmap_deinit(&b);
	bitmap_deinit(&b);
}

static void test_too_many_bits(void **state)
{
	struct bitmap b;

	(void)state;
	assert_int_equal(bitmap_init(&b, UINT64_MAX), -ENOMEM);
	assert_non_null(strstr(err_text(-ENOMEM), "18446744073709551615 pages"));
	bitmap_deinit(&b);
}

/* A sparse machine: 4 PiB of addresses, hardly any memory or time for the bitmap. */
static void test_holes_cost_nothing(void **state)
{
	const uint64_t nbits = UINT64_C(1) << 40, bit = nbits / 2 + 7;
	struct bitmap b;

	(void)state;
	assert_int_equal(bitmap_init(&b, nbits), 0);
	assert_int_equal(bitmap_next_set(&b, 0, nbits), nbits);
	assert_int_equal(bitmap_end_of_nth_set(&b, 0, 1), nbits);
	assert_int_equal(bitmap_set_range(&b, nbits - 1, nbits), 1);
	assert_int_equal(bitmap_set_range(&b, bit, bit + 2), 2);
	assert_int_equal(bitmap_next_set(&b, 0, nbits), bit);
	assert_int_equal(bitmap_next_set(&b, 0, bit), bit);
	assert_int_equal(bitmap_next_set(&b, bit + 2, nbits), nbits - 1);
	assert_int_equal(bitmap_next_clear(&b, bit, nbits), bit + 2);
	assert_int_equal(bitmap_count(&b, 0, nbits), 3);
	assert_int_equal(bitmap_count(&b, bit + 1, nbits - 1), 1);
	assert_int_equal(bitmap_end_of_nth_set(&b, 5, 2), bit + 2);
	assert_int_equal(bitmap_end_of_nth_set(&b, 5, 3), nbits);
	assert_int_equal(bitmap_clear_range(&b, 1, nbits - 1), 2);
	assert_int_equal(bitmap_count(&b, 0, nbits), 1);
	bitmap_deinit(&b);
}

static void assert_touched(const struct bitmap *b, uint64_t start, uint64_t end, uint64_t want,
			   uint64_t want_stop)
{
	uint64_t stop;

	assert_true(bitmap_next_touched(b, &start, end, &stop));
	assert_int_equal(start, want);
	assert_int_equal(stop, want_stop);
}

/* bitmap_next_touched() finds whole chunks. */
static void test_chunks(void **state)
{
	const uint64_t chunk = BITMAP_CHUNK, nbits = 200 * chunk + 9;
	uint64_t start = 0, stop;
	struct bitmap b;

	(void)state;
	assert_int_equal(bitmap_init(&b, nbits), 0);
	assert_false(bitmap_next_touched(&b, &start, nbits, &stop));
	assert_int_equal(bitmap_set_range(&b, 3 * chunk - 1, 5 * chunk), 2 * chunk + 1);
	assert_int_equal(bitmap_set_range(&b, nbits - 1, nbits), 1);
	bitmap_touch(&b, 100 * chunk - 1, 100 * chunk);
	assert_touched(&b, 0, nbits, 2 * chunk, 3 * chunk);
	assert_touched(&b, 2 * chunk + 5, nbits, 2 * chunk + 5, 3 * chunk);
	assert_touched(&b, 3 * chunk, 3 * chunk + 1, 3 * chunk, 3 * chunk + 1);
	assert_touched(&b, 5 * chunk, nbits, 99 * chunk, 100 * chunk);
	assert_touched(&b, 100 * chunk, nbits, 200 * chunk, nbits);
	start = 100 * chunk;
	assert_false(bitmap_next_touched(&b, &start, 200 * chunk, &stop));
	assert_int_equal(bitmap_count(&b, 0, nbits), 2 * chunk + 2);
	assert_int_equal(bitmap_next_set(&b, 4 * chunk, nbits), 4 * chunk);
	assert_int_equal(bitmap_next_clear(&b, 3 * chunk, nbits), 5 * chunk);
	assert_int_equal(bitmap_end_of_nth_set(&b, 0, chunk + 2), 4 * chunk + 1);
	/* A chunk whose bits were cleared again may still count as touched. */
	assert_int_equal(bitmap_clear_range(&b, 0, nbits), 2 * chunk + 2);
	assert_int_equal(bitmap_next_set(&b, 0, nbits), nbits);
	bitmap_deinit(&b);
}

struct job {
	struct bitmap *b;
	uint64_t seed, changed;
	uint64_t (*change)(struct bitmap *b, uint64_t start, uint64_t end);
};

static void *change_ranges(void *arg)
{
	struct job *j = arg;

	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t start = next_random(&j->seed) % j->b->nbits;

		j->changed += j->change(j->b, start, start + next_random(&j->seed) % 200);
	}
	return NULL;
}

/* Threads that change overlapping ranges count each bit once. */
static void change_concurrently(struct bitmap *b, struct job *like, uint64_t *changed)
{
	struct job jobs[4];
	pthread_t ids[ARRAY_SIZE(jobs)];

	*changed = 0;
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i] = *like;
		jobs[i].b = b;
		jobs[i].seed = i;
		assert_int_equal(pthread_create(&ids[i], NULL, change_ranges, &jobs[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		assert_int_equal(pthread_join(ids[i], NULL), 0);
		*changed += jobs[i].changed;
	}
}

static void test_concurrent(void **state)
{
	const uint64_t nbits = 100003;
	struct job set = { .change = bitmap_set_range }, clear = { .change = bitmap_clear_range };
	uint64_t changed, left;
	struct bitmap b;

	(void)state;
	assert_int_equal(bitmap_init(&b, nbits), 0);
	change_concurrently(&b, &set, &changed);
	assert_int_equal(bitmap_count(&b, 0, nbits), changed);
	assert_in_range(changed, nbits / 2, nbits);
	bitmap_set_range(&b, 0, nbits);
	change_concurrently(&b, &clear, &changed);
	left = bitmap_count(&b, 0, nbits);
	assert_int_equal(left + changed, nbits);
	bitmap_deinit(&b);
}

/* The numbers of bytes decide where it is; what it does is the same. */
static void test_store(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct rlimit limit, less;
	struct bitmap_store s;
	struct bitmap b;

	(void)state;
	assert_int_equal(bitmap_store_init(&s, "/nonexistent", 0), -ENOENT);
	assert_int_equal(bitmap_store_init(&s, tmp ? tmp : "/tmp", 1000), 0);
	for (uint64_t nbits = 8000; nbits < 8100; nbits += 64) {
		assert_int_equal(bitmap_init_stored(&b, nbits, &s), 0);
		assert_int_equal(b.in_file, nbits > 8000);
		assert_int_equal(bitmap_count(&b, 0, nbits), 0);
		assert_int_equal(bitmap_set_range(&b, 5, nbits - 5), nbits - 10);
		assert_int_equal(bitmap_next_clear(&b, 5, nbits), nbits - 5);
		bitmap_deinit(&b);
	}
	/* One that is sealed: a process that is forked cannot write to it. */
	assert_int_equal(bitmap_init_stored(&b, 100000, &s), 0);
	assert_int_equal(bitmap_set_range(&b, 5, 7), 2);
	for (int sealed = 1; sealed >= 0; sealed--) {
		int status;
		pid_t pid;

		if (sealed)
			bitmap_seal(&b);
		else
			bitmap_unseal(&b);
		pid = fork();
		if (!pid) {
			signal(SIGSEGV, SIG_DFL);
			memset(b.words, sealed ? 0xff : 0x55, 8);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(WIFSIGNALED(status), sealed);
		assert_int_equal(bitmap_count(&b, 0, 64), sealed ? 2 : 32);
	}
	bitmap_deinit(&b);
	assert_int_equal(bitmap_init_stored(&b, 1000000, NULL), 0);
	assert_false(b.in_file);
	bitmap_deinit(&b);
	/* More than a file can have. */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	less = limit;
	less.rlim_cur = 1 << 20;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
	assert_int_equal(bitmap_init_stored(&b, 1 << 24, &s), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_false(b.in_file);
	bitmap_deinit(&b);
	/* Neither memory nor a disk. */
	assert_int_equal(bitmap_init_stored(&b, UINT64_C(1) << 60, &s), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_ends_of_ranges),
		cmocka_unit_test(test_no_bits),
		cmocka_unit_test(test_too_many_bits),
		cmocka_unit_test(test_holes_cost_nothing),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_concurrent),
		cmocka_unit_test(test_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
