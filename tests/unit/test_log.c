// SPDX-License-Identifier: GPL-2.0-or-later
/* Which message goes where, and that each is one write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/log_control.h"
#include "lib/types.h"
#include "tests/unit/capture.h"

struct streams {
	struct capture out, err;
};

static void streams_begin(struct streams *s)
{
	capture_begin(&s->out, STDOUT_FILENO);
	capture_begin(&s->err, STDERR_FILENO);
}

static void streams_end(struct streams *s)
{
	capture_end(&s->err);
	capture_end(&s->out);
}

static void one_of_each(void)
{
	PROGRESS_MSG("progress\n");
	MSG("common %d\n", 1);
	ERRMSG("error %s\n", "x");
	DEBUG_MSG("debug\n");
	REPORT_MSG("report\n");
}

static int reset(void **state)
{
	(void)state;
	log_set_levels(LOG_LEVEL_DEFAULT);
	return 0;
}

static void test_streams(void **state)
{
	struct streams s;

	(void)state;
	log_set_levels(LOG_LEVEL_MAX);
	streams_begin(&s);
	one_of_each();
	streams_end(&s);
	assert_string_equal(s.out.text, "common 1\ndebug\nreport\n");
	assert_string_equal(s.err.text, "progress\none_of_each: error x\n");
}

static void test_levels(void **state)
{
	static const char *const lines[] = {
		"progress\n", "common 1\n", "one_of_each: error x\n", "debug\n", "report\n",
	};
	struct streams s;
	bool shown;

	(void)state;
	for (unsigned int mask = 0; mask <= LOG_LEVEL_MAX; mask++) {
		log_set_levels(mask);
		streams_begin(&s);
		one_of_each();
		streams_end(&s);
		for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++) {
			assert_int_equal(log_enabled(1 << i), mask >> i & 1);
			shown = strstr(s.out.text, lines[i]) || strstr(s.err.text, lines[i]);
			assert_int_equal(shown, mask >> i & 1);
		}
	}
}

static void test_errno_is_kept(void **state)
{
	struct streams s;

	(void)state;
	streams_begin(&s);
	errno = EXDEV;
	MSG("x\n");
	assert_int_equal(errno, EXDEV);
	close(STDERR_FILENO);
	ERRMSG("no stream is open\n");
	assert_int_equal(errno, EXDEV);
	streams_end(&s);
}

/* Only progress goes back to the beginning of its line. */
static void test_controls(void **state)
{
	struct streams s;

	(void)state;
	streams_begin(&s);
	MSG("a\rb\x9b" "c\xc2\x9b\td\x1b\n");
	PROGRESS_MSG("\rstep\x1b\n");
	ERRMSG("\r\n");
	streams_end(&s);
	assert_string_equal(s.out.text, "a?b?c??\td?\n");
	assert_string_equal(s.err.text, "\rstep?\ntest_controls: ?\n");
}

static void test_long_message(void **state)
{
	static char big[10000];
	struct streams s;
	size_t len;

	(void)state;
	memset(big, 'y', sizeof(big) - 1);
	for (size_t skip = 0; skip < sizeof(big); skip = skip ? skip * 2 : 1) {
		streams_begin(&s);
		MSG("%s\n", big + skip);
		ERRMSG("%s\n", big + skip);
		streams_end(&s);
		len = strlen(s.out.text);
		assert_in_range(len, 1, strlen(big + skip) + 1);
		assert_true(len >= 5000 || len == strlen(big + skip) + 1);
		/* One line, which ends. */
		assert_ptr_equal(strchr(s.out.text, '\n'), s.out.text + len - 1);
		len = strlen(s.err.text);
		assert_ptr_equal(strchr(s.err.text, '\n'), s.err.text + len - 1);
	}
}

static void *write_lines(void *arg)
{
	for (int i = 0; i < 200; i++)
		MSG("%s %s %s\n", (char *)arg, (char *)arg, (char *)arg);
	return NULL;
}

/* Lines of different threads do not mix, in a pipe either. */
static void test_lines_stay_whole(void **state)
{
	static char word[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	static char other[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
	struct capture c;
	unsigned int lines = 0;
	int ends[2], status;
	pthread_t ids[2];
	char line[512];
	FILE *f;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		/* The reader: every line is of one kind of letter. */
		close(ends[1]);
		f = fdopen(ends[0], "r");
		while (fgets(line, sizeof(line), f)) {
			lines++;
			if (strlen(line) != 3 * sizeof(word) ||
			    strspn(line, line[0] == 'a' ? "a \n" : "b \n") != strlen(line))
				_exit(1);
		}
		_exit(lines == 400 ? 0 : 2);
	}
	capture_begin_at(&c, STDOUT_FILENO, ends[1]);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(pthread_create(&ids[0], NULL, write_lines, word), 0);
	assert_int_equal(pthread_create(&ids[1], NULL, write_lines, other), 0);
	pthread_join(ids[0], NULL);
	pthread_join(ids[1], NULL);
	capture_end(&c);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_nobody_reads(void **state)
{
	struct capture c;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	capture_begin_at(&c, STDOUT_FILENO, ends[1]);
	MSG("into the void\n");
	capture_end(&c);
	close(ends[1]);
	signal(SIGPIPE, SIG_DFL);
}

/* For good: the last test. */
static void test_all_to_stderr(void **state)
{
	struct streams s;

	(void)state;
	log_set_levels(LOG_LEVEL_MAX);
	log_to_stderr();
	streams_begin(&s);
	one_of_each();
	streams_end(&s);
	assert_string_equal(s.out.text, "");
	assert_string_equal(s.err.text,
			    "progress\ncommon 1\none_of_each: error x\ndebug\nreport\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_streams, reset),
		cmocka_unit_test_teardown(test_levels, reset),
		cmocka_unit_test(test_errno_is_kept),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_long_message),
		cmocka_unit_test(test_lines_stay_whole),
		cmocka_unit_test(test_nobody_reads),
		cmocka_unit_test_teardown(test_all_to_stderr, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
