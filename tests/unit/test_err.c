// SPDX-License-Identifier: GPL-2.0-or-later
/* Sentences: how they are put together, cut, handed over and kept apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/err.h"

static void test_set(void **state)
{
	(void)state;
	assert_int_equal(err_set(-EFAULT, "page %d is %s", 7, "gone"), -EFAULT);
	assert_string_equal(err_text(-EFAULT), "page 7 is gone");
	assert_int_equal(err_set(-EIO, "another"), -EIO);
	assert_string_equal(err_text(-EIO), "another");
}

static void test_text_of_another_number(void **state)
{
	(void)state;
	err_set(-EFAULT, "about a fault");
	assert_string_equal(err_text(-ENOSPC), strerror(ENOSPC));
	/* Looking does not forget. */
	assert_string_equal(err_text(-EFAULT), "about a fault");
	err_set(-EFAULT, "%s", "");
	assert_string_equal(err_text(-EFAULT), strerror(EFAULT));
}

static void test_errno(void **state)
{
	char want[128];

	(void)state;
	assert_int_equal(err_errno(-ENOENT, "cannot open %s", "x"), -ENOENT);
	snprintf(want, sizeof(want), "cannot open x: %s", strerror(ENOENT));
	assert_string_equal(err_text(-ENOENT), want);
}

static void test_prefix(void **state)
{
	char want[128];

	(void)state;
	err_set(-EBADMSG, "bad magic");
	assert_int_equal(err_prefix(-EBADMSG, "header %d", 2), -EBADMSG);
	assert_int_equal(err_prefix(-EBADMSG, "%s", "file"), -EBADMSG);
	assert_string_equal(err_text(-EBADMSG), "file: header 2: bad magic");

	/* No sentence was set for this number. */
	assert_int_equal(err_prefix(-EPIPE, "out"), -EPIPE);
	snprintf(want, sizeof(want), "out: %s", strerror(EPIPE));
	assert_string_equal(err_text(-EPIPE), want);
}

/* The old sentence may be an argument of the new one. */
static void test_own_text_as_argument(void **state)
{
	(void)state;
	err_set(-EIO, "inner");
	err_set(-EIO, "<%s>", err_text(-EIO));
	assert_string_equal(err_text(-EIO), "<inner>");
	err_errno(-EIO, "[%s]", err_text(-EIO));
	err_prefix(-EIO, "(%s)", "x");
	err_adopt(-EIO, err_text(-EIO));
	assert_non_null(strstr(err_text(-EIO), "(x): [<inner>]: "));
}

static void test_adopt_is_no_format(void **state)
{
	(void)state;
	assert_int_equal(err_adopt(-EIO, "100%s %n"), -EIO);
	assert_string_equal(err_text(-EIO), "100%s %n");
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

static void test_long_sentences_lose_their_middle(void **state)
{
	char big[200000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_set(-EIO, "begin %s end", big);
	assert_true(strlen(err_text(-EIO)) >= 255);
	assert_true(strlen(err_text(-EIO)) < 512);
	assert_int_equal(strncmp(err_text(-EIO), "begin xxx", 9), 0);
	assert_non_null(strstr(err_text(-EIO), "x...x"));
	assert_true(ends_with(err_text(-EIO), "xxx end"));
	for (int i = 0; i < 100; i++)
		err_prefix(-EIO, "%s", big);
	assert_true(ends_with(err_text(-EIO), "xxx end"));
	err_errno(-EIO, "cannot open %s", big);
	assert_int_equal(strncmp(err_text(-EIO), "cannot open xxx", 15), 0);
	assert_true(ends_with(err_text(-EIO), strerror(EIO)));
	assert_true(strlen(err_text(-EIO)) < 512);
	err_adopt(-EIO, "short again");
	assert_string_equal(err_text(-EIO), "short again");
}

/* The longest that stays whole, and one more byte. */
static void test_cut_begins_at_512_bytes(void **state)
{
	char text[514];

	(void)state;
	for (int len = 511; len <= 512; len++) {
		memset(text, 'x', len);
		strcpy(text + len - 3, "end");
		err_set(-EIO, "%s", text);
		assert_true(ends_with(err_text(-EIO), "xend"));
		assert_int_equal(!strstr(err_text(-EIO), "..."), len == 511);
		assert_true(len == 512 || !strcmp(err_text(-EIO), text));
	}
}

static void *other_thread(void *arg)
{
	(void)arg;
	if (strcmp(err_text(-EIO), strerror(EIO)))
		return "it saw a sentence of another thread";
	err_set(-EIO, "other");
	return strcmp(err_text(-EIO), "other") ? "it lost its own sentence" : NULL;
}

static void test_each_thread_has_its_own(void **state)
{
	pthread_t id;
	void *wrong;

	(void)state;
	err_set(-EIO, "mine");
	assert_int_equal(pthread_create(&id, NULL, other_thread, NULL), 0);
	assert_int_equal(pthread_join(id, &wrong), 0);
	if (wrong)
		fail_msg("%s", (const char *)wrong);
	assert_string_equal(err_text(-EIO), "mine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_text_of_another_number),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_own_text_as_argument),
		cmocka_unit_test(test_adopt_is_no_format),
		cmocka_unit_test(test_long_sentences_lose_their_middle),
		cmocka_unit_test(test_cut_begins_at_512_bytes),
		cmocka_unit_test(test_each_thread_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
