// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log of kernels before 5.10: records, and before them mere text. Both byte orders and word
 * sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/printk_log.h"

/* Offsets in the memory of the tests. */
#define LOG_BUF 0x100
#define LOG_BUF_LEN 0x110
#define FIRST_IDX 0x120
#define NEXT_IDX 0x130
#define CLEAR_IDX 0x140
#define CLEAR_SEQ 0x150
#define FIRST_SEQ 0x160
#define LOG_END 0x170
#define LOGGED_CHARS 0x180
#define DATA 0x10000
#define HEADER 24u
#define SIZE 512u

/* --- records -------------------------------------------------------------------- */

static void set_facts(const struct log_memory *m, const char *name, const char *more)
{
	log_facts("SYMBOL(log_buf)=%" PRIx64 "\nSYMBOL(log_buf_len)=%" PRIx64 "\n"
		  "SYMBOL(log_first_idx)=%" PRIx64 "\nSYMBOL(log_next_idx)=%" PRIx64 "\n"
		  "SYMBOL(clear_idx)=%" PRIx64 "\nSIZE(%s)=%u\nOFFSET(%s.ts_nsec)=8\n"
		  "OFFSET(%s.len)=2\nOFFSET(%s.text_len)=4\n%s", m->base + LOG_BUF,
		  m->base + LOG_BUF_LEN, m->base + FIRST_IDX, m->base + NEXT_IDX,
		  m->base + CLEAR_IDX, name, HEADER, name, name, name, more);
}

struct writer {
	struct log_memory *m;
	uint32_t first, next;
};

static void begin(struct writer *w, struct log_memory *m, uint32_t first)
{
	*w = (struct writer){ m, first, first };
	memset(m->bytes, 0, LOG_MEMORY);
	m->hole = m->hole_end = 0;
	set_facts(m, "printk_log", "");
	log_put_ulong(m, LOG_BUF, m->base + DATA);
	log_put(m, LOG_BUF_LEN, 4, SIZE);
	log_put(m, FIRST_IDX, 4, first);
	log_put(m, NEXT_IDX, 4, first);
}

static void put_record(struct writer *w, uint32_t at, uint32_t len, uint32_t text_len)
{
	log_put(w->m, DATA + at + 2, 2, len);
	log_put(w->m, DATA + at + 4, 2, text_len);
}

/* A message, with a dictionary after it that is of no interest. */
static void say(struct writer *w, uint64_t ts_nsec, const char *text)
{
	uint32_t len = (HEADER + strlen(text) + 9 + 3) / 4 * 4;

	if (w->next + len + HEADER > SIZE) {
		memset(w->m->bytes + DATA + w->next, 0, HEADER);
		w->next = 0;
	}
	put_record(w, w->next, len, strlen(text));
	log_put(w->m, DATA + w->next + 8, 8, ts_nsec);
	log_put(w->m, DATA + w->next + 16, 4, PRINTK_CPU | 3);
	log_put_text(w->m, DATA + w->next + HEADER, text);
	log_put_text(w->m, DATA + w->next + HEADER + strlen(text), "DEVICE=x");
	w->next += len;
	log_put(w->m, NEXT_IDX, 4, w->next);
}

static void test_records(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	begin(&w, m, 0);
	log_is(m, false, "");
	say(&w, 0, "first");
	say(&w, 61000000000, "second\nof two lines");
	say(&w, 1999, "");
	log_is(m, false, "[    0.000000] first\n[   61.000000] second\n"
			 "               of two lines\n[    0.000001] \n");
	/* The older name of the struct. */
	set_facts(m, "log", "");
	assert_int_equal(log_read(m, false), 0);
	assert_int_equal(m->stats.records, 3);
	/* A kernel that knows callers shows them. */
	set_facts(m, "printk_log", "OFFSET(printk_log.caller_id)=16\n");
	log_is(m, false, "[    0.000000] [      C3] first\n[   61.000000] [      C3] second\n"
			 "                          of two lines\n[    0.000001] [      C3] \n");
}

static void test_wrap(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	begin(&w, m, 400);
	say(&w, 0, "at the end");
	say(&w, 0, "at the beginning, since it did not fit");
	say(&w, 0, "after that");
	assert_true(w.next < 400);
	log_is(m, false, "[    0.000000] at the end\n"
			 "[    0.000000] at the beginning, since it did not fit\n"
			 "[    0.000000] after that\n");
}

static void test_partial_records(void **state)
{
	static const char all[] = "[    0.000000] one\n[    0.000000] two\n[    0.000000] three\n";
	struct log_memory *m = *state;
	char more[128];
	uint32_t two, marker;
	struct writer w;

	begin(&w, m, 0);
	say(&w, 0, "one");
	two = w.next;
	say(&w, 0, "two");
	say(&w, 0, "three");
	log_put(m, CLEAR_IDX, 4, two);
	log_is(m, true, "[    0.000000] two\n[    0.000000] three\n");
	log_put(m, CLEAR_IDX, 4, w.next);
	log_is(m, true, "");
	/* No record is there. */
	log_put(m, CLEAR_IDX, 4, two + 4);
	log_is(m, true, all);
	log_put(m, CLEAR_IDX, 4, UINT32_MAX);
	log_is(m, true, all);
	/* Newer messages have overwritten the place of clear_idx. */
	log_put(m, CLEAR_IDX, 4, two);
	snprintf(more, sizeof(more), "SYMBOL(clear_seq)=%" PRIx64 "\nSYMBOL(log_first_seq)=%"
		 PRIx64 "\n", m->base + CLEAR_SEQ, m->base + FIRST_SEQ);
	set_facts(m, "printk_log", more);
	log_put(m, CLEAR_SEQ, 8, 5);
	log_put(m, FIRST_SEQ, 8, 6);
	log_is(m, true, all);
	log_put(m, FIRST_SEQ, 8, 5);
	log_is(m, true, "[    0.000000] two\n[    0.000000] three\n");
	/* Cleared where the next record then did not fit. */
	begin(&w, m, 400);
	say(&w, 0, "at the end");
	marker = w.next;
	say(&w, 0, "at the beginning, since it did not fit");
	log_put(m, CLEAR_IDX, 4, marker);
	log_is(m, true, "[    0.000000] at the beginning, since it did not fit\n");
	log_put(m, CLEAR_IDX, 4, 0);
	log_is(m, true, "[    0.000000] at the beginning, since it did not fit\n");
}

#define ONE_AND_THREE "[    0.000000] one\n[    0.000000] three\n"

static void test_bad_records(void **state)
{
	struct log_memory *m = *state;
	uint32_t one, two;
	struct writer w;

	begin(&w, m, 0);
	say(&w, 0, "one");
	one = w.next;
	say(&w, 0, "two");
	two = w.next;
	say(&w, 0, "three");
	put_record(&w, one, 0, 3);
	log_is_damaged(m, 1, "no size", ONE_AND_THREE);
	put_record(&w, one, HEADER - 1, 3);
	log_is_damaged(m, 1, "impossible size", ONE_AND_THREE);
	put_record(&w, one, SIZE - one + 1, 3);
	log_is_damaged(m, 1, "impossible size", ONE_AND_THREE);
	put_record(&w, one, w.next - one + 4, 3);
	log_is_damaged(m, 1, "beyond the last", ONE_AND_THREE);
	/* More text than there is room. */
	put_record(&w, one, two - one, 65535);
	log_read(m, false);
	assert_non_null(strstr(m->text, "[    0.000000] two"));
	assert_non_null(strstr(m->text, "[    0.000000] three\n"));
	assert_true(m->len < 200);
	put_record(&w, one, two - one, 3);
	m->hole = m->base + DATA + one + HEADER;
	m->hole_end = m->hole + 1;
	log_is_damaged(m, 1, "nothing at", ONE_AND_THREE);
	m->hole = m->base + DATA + one;
	m->hole_end = m->hole + 1;
	log_is_damaged(m, 1, "nothing at", ONE_AND_THREE);
	m->hole = m->base + LOG_BUF_LEN;
	m->hole_end = m->hole + 1;
	assert_int_equal(log_read(m, false), -EFAULT);
	m->hole = m->hole_end = 0;
	/* A first record after the last one, and no second end of the buffer. */
	log_put(m, FIRST_IDX, 4, two);
	log_put(m, NEXT_IDX, 4, one);
	put_record(&w, w.next, 0, 0);
	put_record(&w, 0, 0, 0);
	log_is_damaged(m, 1, "no size", "[    0.000000] three\n");
	log_put(m, FIRST_IDX, 4, SIZE);
	assert_int_equal(log_read(m, false), -EBADMSG);
	log_put(m, FIRST_IDX, 4, 0);
	log_put(m, LOG_BUF_LEN, 4, UINT32_MAX);
	assert_int_equal(log_read(m, false), -EBADMSG);
}

/* The next record is found by the records after it, in the buffer or at its beginning. */
static void test_records_after_damage(void **state)
{
	struct log_memory *m = *state;
	uint32_t two, three, four;
	struct writer w;

	begin(&w, m, 0);
	say(&w, 1, "one");
	two = w.next;
	/* Text and a dictionary that look like a header, but lead nowhere. */
	say(&w, 2, "two\x1c and more");
	three = w.next;
	say(&w, 3, "three");
	four = w.next;
	say(&w, 4, "four");
	say(&w, 5, "five");
	say(&w, 6, "six");
	put_record(&w, two, 65535, 3);
	log_is_damaged(m, 1, "impossible size", "[    0.000000] one\n[    0.000000] three\n"
		       "[    0.000000] four\n[    0.000000] five\n[    0.000000] six\n");
	put_record(&w, two, three - two, 3);
	m->hole = m->base + DATA + four;
	m->hole_end = m->hole + 1;
	log_is_damaged(m, 1, "nothing at", "[    0.000000] one\n[    0.000000] two\n"
		       "[    0.000000] three\n[    0.000000] five\n[    0.000000] six\n");
	/* The last record before the end of the buffer. */
	begin(&w, m, 400);
	say(&w, 1, "at the end");
	say(&w, 2, "at the beginning, since it did not fit");
	put_record(&w, 400, HEADER - 4, 3);
	log_is_damaged(m, 1, "impossible size",
		       "[    0.000000] at the beginning, since it did not fit\n");
	/* The last record. */
	begin(&w, m, 0);
	say(&w, 1, "one");
	two = w.next;
	say(&w, 1, "two");
	put_record(&w, two, 2, 3);
	log_is_damaged(m, 1, "impossible size", "[    0.000000] one\n");
}

static void test_missing(void **state)
{
	struct log_memory *m = *state;

	log_facts("SYMBOL(log_next_idx)=%" PRIx64 "\nSIZE(printk_log)=%u\n", m->base, HEADER);
	assert_int_equal(log_read(m, false), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "SYMBOL(log_buf)"));
	assert_non_null(strstr(err_text(-ENOENT), "OFFSET(printk_log.len)"));
	set_facts(m, "printk_log", "OFFSET(printk_log.caller_id)=21\n");
	assert_int_equal(log_read(m, false), -EBADMSG);
	log_facts("SYMBOL(log_end)=%" PRIx64 "\n", m->base);
	assert_int_equal(log_read(m, false), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "SYMBOL(log_buf_len)"));
}

static void test_random(void **state)
{
	struct log_memory *m = *state;
	uint32_t seed = 1;

	for (unsigned int i = 0; i < 3000; i++) {
		struct writer w;

		begin(&w, m, i % 2 ? 400 : 0);
		say(&w, 0, "one");
		log_put(m, CLEAR_IDX, 4, w.next);
		say(&w, 0, "two, which is a little longer");
		say(&w, 0, "three");
		for (unsigned int n = log_random(&seed) % 4 + 1; n; n--) {
			bool globals = log_random(&seed) % 4 == 0;
			uint32_t at = globals ? LOG_BUF + log_random(&seed) % 0x80 :
				      DATA + log_random(&seed) % SIZE;

			m->bytes[at] = log_random(&seed);
		}
		log_survives(m, 4 * LOG_MEMORY / HEADER);
	}
}

/* --- text ----------------------------------------------------------------------- */

static void put_flat(struct log_memory *m, const char *text, uint32_t size)
{
	uint32_t end = strlen(text);

	memset(m->bytes, 0, LOG_MEMORY);
	m->hole = m->hole_end = 0;
	log_facts("SYMBOL(log_buf)=%" PRIx64 "\nSYMBOL(log_buf_len)=%" PRIx64 "\n"
		  "SYMBOL(log_end)=%" PRIx64 "\nSYMBOL(logged_chars)=%" PRIx64 "\n",
		  m->base + LOG_BUF, m->base + LOG_BUF_LEN, m->base + LOG_END,
		  m->base + LOGGED_CHARS);
	log_put_ulong(m, LOG_BUF, m->base + DATA);
	log_put(m, LOG_BUF_LEN, 4, size);
	log_put(m, LOG_END, 4, end);
	log_put(m, LOGGED_CHARS, 4, end < size ? end : size);
	for (uint32_t i = 0; i < end; i++)
		m->bytes[DATA + i % size] = text[i];
}

static void test_flat(void **state)
{
	struct log_memory *m = *state;

	put_flat(m, "<6>[    0.000000] one\n<4>two <5>\x01\n<nothing>\n<>\n<1234>\nthe end", 128);
	log_is(m, false, "[    0.000000] one\ntwo <5>\\x01\n<nothing>\n<>\n<1234>\nthe end\n");
	put_flat(m, "", 128);
	log_is(m, false, "");
	/* It has gone round. */
	put_flat(m, "lost, kept\n<6>last line\n", 16);
	log_is(m, false, "pt\nlast line\n");
	log_put(m, LOGGED_CHARS, 4, 13);
	log_is(m, true, "last line\n");
	log_put(m, LOGGED_CHARS, 4, 0);
	log_is(m, true, "");
	/* More than there is: then everything. */
	log_put(m, LOGGED_CHARS, 4, 17);
	log_is(m, true, "pt\nlast line\n");
}

/* A line of nearly any length, across all that is read at a time. */
static void test_long_lines(void **state)
{
	static const uint32_t sizes[] = { 65533, 65534, 65535, 65536, 65537, 131072 };
	struct log_memory *m = *state;
	uint64_t total = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *text = malloc(sizes[i] + 8);

		assert_non_null(text);
		memset(text, 'x', sizes[i]);
		strcpy(text + sizes[i], "\nend\n");
		put_flat(m, text, 1 << 18);
		assert_int_equal(log_read(m, false), 0);
		total += m->stats.records;
		free(text);
	}
	assert_int_equal(total, 2 + 2 + 2 + 3 + 3 + 4);
}

static void test_bad_flat(void **state)
{
	struct log_memory *m = *state;
	char text[16384];

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 128 == 127 ? '\n' : 'a' + i / 4096;
	text[sizeof(text) - 1] = '\0';
	put_flat(m, text, 16384);
	m->hole = m->base + DATA + 5000;
	m->hole_end = m->hole + 10;
	assert_int_equal(log_read(m, false), 0);
	assert_int_equal(m->stats.lost, 1);
	assert_non_null(strstr(m->text, "aaa\n"));
	assert_null(strstr(m->text, "bbb"));
	assert_non_null(strstr(m->text, "ccc\n"));
	assert_non_null(strstr(m->text, "ddd\n"));
	for (uint32_t size = 0; size < 100; size += 33) {
		log_put(m, LOG_BUF_LEN, 4, size);
		assert_int_equal(log_read(m, false), -EBADMSG);
	}
	/* All of it beyond the end of memory. */
	log_put(m, LOG_BUF_LEN, 4, 0x80000000);
	log_put(m, LOG_END, 4, 0x80000000);
	assert_int_equal(log_read(m, false), 0);
	assert_true(m->stats.lost > 1 << 18);
	assert_true(m->reads < 1 << 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(test_records), LOG_TEST(test_wrap), LOG_TEST(test_partial_records),
		LOG_TEST(test_bad_records), LOG_TEST(test_records_after_damage),
		LOG_TEST(test_missing), LOG_TEST(test_random),
		LOG_TEST(test_flat), LOG_TEST(test_long_lines), LOG_TEST(test_bad_flat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
