// SPDX-License-Identifier: GPL-2.0-or-later
/* Remaining times as people read them, and when which line is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log_control.h"
#include "lib/progress.h"
#include "lib/types.h"
#include "tests/unit/capture.h"

static void test_eta(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} cases[] = {
		{ -5, "0s" }, { 0, "0s" }, { 0.9, "0s" }, { 1, "1s" }, { 59.9, "59s" },
		{ 60, "60s" }, { 99, "99s" }, { 99.99, "99s" }, { 100, "1m40s" },
		{ 119, "1m59s" }, { 120, "2m0s" }, { 3599, "59m59s" }, { 3600, "1h0m" },
		{ 7800, "2h10m" }, { 86399, "23h59m" }, { 86400, "1d0h" },
		{ 3 * 86400 + 4 * 3600 + 59, "3d4h" }, { 100 * 86400.0, "100d0h" },
		{ 101 * 86400.0, ">100day" }, { 1e9, ">100day" }, { 1e300, ">100day" },
		{ INFINITY, ">100day" },
	};
	char buf[17];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(buf, '#', sizeof(buf));
		progress_format_eta(buf, cases[i].seconds);
		assert_string_equal(buf, cases[i].text);
		assert_int_equal(buf[16], '#');
	}
}

/* As if the step had begun, and the last line been shown, so long ago. */
static void pretend(struct progress *p, unsigned int began, unsigned int shown)
{
	p->start.tv_sec -= began;
	p->shown.tv_sec -= shown;
}

static void test_lines_of_a_log(void **state)
{
	static const char eta_2m[] = "Copying data                  : [ 20.0 %] eta: 2m";
	struct progress p;
	struct capture c;

	(void)state;
	capture_begin(&c, STDERR_FILENO);
	progress_begin(&p, "Copying data", 1000);
	progress_update(&p, 1);			/* a moment ago */
	pretend(&p, 30, 30);
	progress_update(&p, 200);
	progress_update(&p, 201);		/* a moment ago */
	progress_end(&p, true);
	capture_end(&c);
	assert_true(progress_seconds(&p) >= 30 && progress_seconds(&p) < 40);
	/* 30 s for a fifth; what the machine does meanwhile may add some. */
	assert_memory_equal(c.text, eta_2m, strlen(eta_2m));
	assert_non_null(strstr(c.text, "\nCopying data                  : [100.0 %] eta: 0s\n"));
	assert_int_equal(strlen(strchr(c.text, '\n') + 1),
			 strlen("Copying data                  : [100.0 %] eta: 0s\n"));
	assert_null(strchr(c.text, '\r'));
}

static void test_failed_step(void **state)
{
	struct progress p;
	struct capture c;

	(void)state;
	capture_begin(&c, STDERR_FILENO);
	progress_begin(&p, "Copying data", 1000);
	progress_end(&p, false);
	capture_end(&c);
	assert_string_equal(c.text, "");
}

static void test_odd_totals(void **state)
{
	struct progress p;
	struct capture c;

	(void)state;
	capture_begin(&c, STDERR_FILENO);
	progress_begin(&p, "none", 0);
	pretend(&p, 9, 9);
	progress_update(&p, 0);
	progress_begin(&p, "more", 10);
	pretend(&p, 9, 9);
	progress_update(&p, 20);
	progress_begin(&p, "nothing yet", 10);
	pretend(&p, 9, 9);
	progress_update(&p, 0);
	capture_end(&c);
	assert_string_equal(c.text, "none                          : [100.0 %] eta: 0s\n"
				    "more                          : [100.0 %] eta: 0s\n"
				    "nothing yet                   : [  0.0 %] eta: -\n");
}

static void test_message_level(void **state)
{
	struct progress p;
	struct capture c;

	(void)state;
	capture_begin(&c, STDERR_FILENO);
	log_set_levels(LOG_LEVEL_MAX & ~MDF_LOG_PROGRESS);
	progress_begin(&p, "quiet", 10);
	pretend(&p, 9, 9);
	progress_update(&p, 5);
	progress_end(&p, true);
	log_set_levels(LOG_LEVEL_DEFAULT);
	capture_end(&c);
	assert_string_equal(c.text, "");
}

/* Get the output of one step on a terminal. */
static void show_on_terminal(const char *term, char *text, size_t size)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	struct progress p;
	struct capture c;
	ssize_t n, len = 0;

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	setenv("TERM", term, 1);
	capture_begin_at(&c, STDERR_FILENO, slave);
	progress_begin(&p, "Copying data", 4);
	pretend(&p, 1, 1);
	progress_update(&p, 1);
	pretend(&p, 1, 1);
	progress_update(&p, 2);
	progress_end(&p, true);
	capture_end(&c);
	close(slave);
	/* It may come in pieces; EIO says that this was all. */
	while ((n = read(master, text + len, size - 1 - len)) > 0)
		len += n;
	text[len] = '\0';
	close(master);
}

static unsigned int count(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void test_line_rewrites_itself(void **state)
{
	char text[1024];

	(void)state;
	show_on_terminal("xterm", text, sizeof(text));
	assert_int_equal(count(text, "\rCopying data"), 3);
	assert_int_equal(count(text, "\n"), 1);
	assert_non_null(strstr(text, "[ 25.0 %]"));
	assert_non_null(strstr(text, "[ 50.0 %]"));
	assert_non_null(strstr(text, "[100.0 %] eta: 0s"));
	assert_string_equal(text + strlen(text) - 2, "\r\n");
}

static void test_dumb_terminal(void **state)
{
	char text[1024];

	(void)state;
	show_on_terminal("dumb", text, sizeof(text));
	/* Not shown twice a second there. */
	assert_int_equal(count(text, "Copying data"), 1);
	assert_int_equal(count(text, "\rCopying"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eta),
		cmocka_unit_test(test_lines_of_a_log),
		cmocka_unit_test(test_failed_step),
		cmocka_unit_test(test_odd_totals),
		cmocka_unit_test(test_message_level),
		cmocka_unit_test(test_line_rewrites_itself),
		cmocka_unit_test(test_dumb_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
