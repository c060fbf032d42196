// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes for code that is not to be trusted: the caller learns how they end, and
 * the processes they leave do no harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "extension/sandbox.h"
#include "lib/err.h"
#include "lib/log_control.h"
#include "lib/types.h"
#include "tests/unit/capture.h"

static struct extension_shared *shared;

/* Run work in a child. */
static int run_work(int (*work)(void *ctx), unsigned int timeout)
{
	const struct sandbox_task task = {
		.name = "tested", .timeout = timeout, .keep = { -1, -1 }, .shared = shared,
		.work = work,
	};

	*shared = (struct extension_shared){ .stage = EXT_STARTING };
	return sandbox_run(&task);
}

static void expect_failure(int (*work)(void *ctx), int err, const char *why)
{
	assert_int_equal(run_work(work, 60), err);
	assert_string_equal(err_text(err), why);
}

static int do_nothing(void *ctx)
{
	(void)ctx;
	return 0;
}

static int refuse(void *ctx)
{
	(void)ctx;
	return err_set(-ENOENT, "there is no %s", "such thing");
}

static int crash_on_page(void *ctx)
{
	(void)ctx;
	shared->stage = EXT_PAGES;
	shared->pfn = 0x1234;
	raise(SIGSEGV);
	return 0;
}

static int leave(void *ctx)
{
	(void)ctx;
	shared->stage = EXT_ENDING;
	exit(0);
}

static int claim_and_fail(void *ctx)
{
	(void)ctx;
	shared->stage = EXT_FINISHED;
	_exit(7);
}

static int refuse_badly(void *ctx)
{
	(void)ctx;
	memset(shared->text, 'x', sizeof(shared->text));
	shared->err = 12345;
	shared->stage = EXT_REFUSED;
	_exit(1);
}

static void test_ends(void **state)
{
	char text[sizeof(shared->text)];

	(void)state;
	assert_int_equal(run_work(do_nothing, 60), 0);
	assert_int_equal(shared->stage, EXT_FINISHED);
	expect_failure(refuse, -ENOENT, "there is no such thing");
	expect_failure(crash_on_page, -ECANCELED,
		       "killed by SIGSEGV (Segmentation fault) while asked about pfn 0x1234");
	expect_failure(leave, -ECANCELED, "it called exit(0) in its destructors");
	expect_failure(claim_and_fail, -ECANCELED, "it called exit(7) at its beginning");
	assert_int_equal(run_work(refuse_badly, 60), -ECANCELED);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(!strncmp(err_text(-ECANCELED), text, strlen(err_text(-ECANCELED))));
}

static int hang(void *ctx)
{
	(void)ctx;
	shared->stage = EXT_INIT;
	while (pause())
		continue;
	return 0;
}

static int get_on_slowly(void *ctx)
{
	(void)ctx;
	for (int i = 0; i < 8; i++) {
		usleep(300000);
		shared->progress++;
	}
	return 0;
}

static void test_time_limit(void **state)
{
	(void)state;
	assert_int_equal(run_work(hang, 1), -ETIMEDOUT);
	assert_string_equal(err_text(-ETIMEDOUT),
			    "did nothing for 1 s in extension_init(): stopped");
	assert_int_equal(run_work(get_on_slowly, 1), 0);
}

/* As some who start us have it. */
static void test_ignored_children(void **state)
{
	(void)state;
	signal(SIGCHLD, SIG_IGN);
	expect_failure(crash_on_page, -ECANCELED,
		       "killed by SIGSEGV (Segmentation fault) while asked about pfn 0x1234");
	assert_ptr_equal(signal(SIGCHLD, SIG_DFL), SIG_IGN);
}

static int look_around(void *ctx)
{
	struct rlimit r;

	(void)ctx;
	for (int fd = 3; fd < 256; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			return err_set(-EBUSY, "fd %d is open", fd);
	}
	if (getpgrp() != getpid())
		return err_set(-EBUSY, "the process group is the parent's");
	if (getrlimit(RLIMIT_CORE, &r) || r.rlim_cur)
		return err_set(-EBUSY, "it would dump core");
	if (signal(SIGPIPE, SIG_DFL) != SIG_DFL)
		return err_set(-EBUSY, "SIGPIPE is ignored");
	sandbox_limit_memory(true);
	if (mmap(NULL, EXTENSION_MEMORY + 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	    MAP_FAILED)
		return err_set(-EBUSY, "memory is not limited");
	sandbox_limit_memory(false);
	if (mmap(NULL, EXTENSION_MEMORY + 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	    MAP_FAILED)
		return err_set(-EBUSY, "memory is limited");
	return 0;
}

static void test_surroundings(void **state)
{
	int fds[3];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		assert_true((fds[i] = open("/dev/null", O_RDWR)) >= 0);
	signal(SIGPIPE, SIG_IGN);
	if (run_work(look_around, 60))
		fail_msg("%s", err_text(-EBUSY));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

static int kept[2];

static int check_kept(void *ctx)
{
	(void)ctx;
	for (int fd = 3; fd < 256; fd++) {
		bool open = fcntl(fd, F_GETFD) >= 0;

		if (open != (fd == kept[0] || fd == kept[1]))
			return err_set(-EBUSY, "fd %d", fd);
	}
	return 0;
}

static void test_kept_files(void **state)
{
	struct sandbox_task task = {
		.name = "tested", .timeout = 60, .shared = shared, .work = check_kept,
	};
	int fds[5];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		assert_true((fds[i] = open("/dev/null", O_RDWR)) >= 0);
	for (size_t i = 0; i < 3; i++) {
		task.keep[0] = kept[0] = (int[]){ fds[1], fds[3], -1 }[i];
		task.keep[1] = kept[1] = (int[]){ fds[3], -1, fds[2] }[i];
		*shared = (struct extension_shared){ .stage = EXT_STARTING };
		if (sandbox_run(&task))
			fail_msg("%s", err_text(-EBUSY));
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

static int talk(void *ctx)
{
	(void)ctx;
	printf("one\ntwo\n\nthree \033[31m");
	fprintf(stderr, "four");
	return 0;
}

static int talk_much(void *ctx)
{
	(void)ctx;
	for (int i = 0; i < 100000; i++)
		printf("%d\n", i);
	return 0;
}

static void test_messages(void **state)
{
	static struct capture out, err;
	const char *p;
	int lines = 0;

	(void)state;
	capture_begin(&out, STDOUT_FILENO);
	capture_begin(&err, STDERR_FILENO);
	assert_int_equal(run_work(talk, 60), 0);
	capture_end(&err);
	capture_end(&out);
	assert_string_equal(out.text, "extension tested: one\nextension tested: two\n"
			    "extension tested: three ?[31m\n");
	assert_string_equal(err.text, "extension tested: four\n");
	capture_begin(&out, STDOUT_FILENO);
	assert_int_equal(run_work(talk_much, 60), 0);
	capture_end(&out);
	for (p = out.text; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 101);
	assert_non_null(strstr(out.text, "extension tested: 99\nextension tested: more than "
			       "100 lines or 16 KiB of messages: --message-level 31 shows the "
			       "rest\n"));
	log_set_levels(LOG_LEVEL_MAX);
	capture_begin(&out, STDOUT_FILENO);
	assert_int_equal(run_work(talk_much, 60), 0);
	capture_end(&out);
	log_set_levels(LOG_LEVEL_DEFAULT);
	assert_non_null(strstr(out.text, "extension tested: 100\n"));
	assert_null(strstr(out.text, "more than"));
}

/* The program's own code may take longer than the extension's. */
static int resolve_slowly(void *ctx)
{
	(void)ctx;
	shared->stage = EXT_RESOLVING;
	usleep(2500000);
	return 0;
}

static void test_time_for_resolving(void **state)
{
	(void)state;
	assert_int_equal(run_work(resolve_slowly, 1), 0);
}

static __attribute__((noreturn)) void count_for_ever(void)
{
	for (;; usleep(1000))
		shared->progress++;
}

static int leave_someone(void *ctx)
{
	(void)ctx;
	if (!fork())
		count_for_ever();
	while (!*(volatile uint64_t *)&shared->progress)
		usleep(1000);
	return 0;
}

/* Make a process with a session and a child of its own, whose parent has ended. */
static int leave_a_daemon(void *ctx)
{
	(void)ctx;
	if (!fork()) {
		setsid();
		if (!fork()) {
			setpgid(0, 0);
			fork();
			count_for_ever();
		}
		_exit(0);
	}
	while (!*(volatile uint64_t *)&shared->progress)
		usleep(1000);
	return 0;
}

static void expect_nobody_left(int (*work)(void *ctx))
{
	uint64_t progress;

	assert_int_equal(run_work(work, 60), 0);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	progress = *(volatile uint64_t *)&shared->progress;
	usleep(50000);
	assert_int_equal(progress, *(volatile uint64_t *)&shared->progress);
}

static void test_grandchildren(void **state)
{
	int before = 1, after = 1;

	(void)state;
	expect_nobody_left(leave_someone);
	assert_int_equal(prctl(PR_GET_CHILD_SUBREAPER, &before), 0);
	expect_nobody_left(leave_a_daemon);
	assert_int_equal(prctl(PR_GET_CHILD_SUBREAPER, &after), 0);
	assert_int_equal(before, after);
}

/* Whose orphans are not to be told from the child's. */
static void test_other_children(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		pause();
		_exit(0);
	}
	assert_int_equal(run_work(leave_someone, 60), 0);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static int set_up(void **state)
{
	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	return shared == MAP_FAILED;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_time_limit),
		cmocka_unit_test(test_ignored_children),
		cmocka_unit_test(test_surroundings),
		cmocka_unit_test(test_kept_files),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_time_for_resolving),
		cmocka_unit_test(test_grandchildren),
		cmocka_unit_test(test_other_children),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
