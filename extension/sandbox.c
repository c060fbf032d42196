// SPDX-License-Identifier: GPL-2.0-or-later
#include "extension/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "extension/orphans.h"
#include "lib/err.h"
#include "lib/log_control.h"
#include "lib/types.h"

/* Limit of a child's output: more indicates a fault. */
#define LINES_MAX 100
#define BYTES_MAX (16 << 10)
/* One look at what it printed, so that no flood keeps us from looking at the clock. */
#define HEAR_BYTES (64 << 10)
/* Milliseconds between looks at its progress: while its output is open, and afterwards. */
#define TICK_MS 100
#define SHORT_TICK_MS 5
/* Factor of the time limit for our own code, which shows no progress. */
#define RESOLVING_TIMES 10

/* --- in the child ------------------------------------------------------------------ */

static void write_proc(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* It is the better for it, but works without. */
	if (write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

static uint64_t address_space(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%llu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

void sandbox_limit_memory(bool limit)
{
	uint64_t now = limit ? address_space() : 0;
	struct rlimit r;

	if (getrlimit(RLIMIT_AS, &r))
		return;
	r.rlim_cur = r.rlim_max;
	if (now && now + EXTENSION_MEMORY < r.rlim_cur)
		r.rlim_cur = now + EXTENSION_MEMORY;
	setrlimit(RLIMIT_AS, &r);
}

static void close_between(unsigned int first, unsigned int last)
{
	if (first > last)
		return;
#ifdef SYS_close_range
	if (!syscall(SYS_close_range, first, last, 0))
		return;
#endif
	/* Few descriptors are open: one dump, its output, and inherited descriptors. */
	for (unsigned int fd = first; fd <= last && fd < 1024; fd++)
		close(fd);
}

static void close_others(const int *keep)
{
	/* As unsigned numbers, so -1, which is none, comes last. */
	unsigned int a = keep[0], b = keep[1];
	unsigned int low = a < b ? a : b, high = a < b ? b : a;

	close_between(STDERR_FILENO + 1, low - 1);
	if (low < high)
		close_between(low + 1, high - 1);
	if (low < UINT32_MAX && high < UINT32_MAX)
		close_between(high + 1, UINT32_MAX);
}

static void set_up_files(const int *keep, int out, int err)
{
	int null = open("/dev/null", O_RDONLY);

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close_others(keep);
	/* Keep the output before a crash: it is the most useful. */
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static void set_up_signals(void)
{
	sigset_t none;

	/* Its handler looks after mapped windows of the dump, and passes on all else. */
	for (int sig = 1; sig < NSIG; sig++) {
		if (sig != SIGBUS)
			signal(sig, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static __attribute__((noreturn)) void be_child(const struct sandbox_task *t, pid_t parent, int out,
					       int err_fd)
{
	struct extension_shared *a = t->shared;
	const struct rlimit none = { 0, 0 };
	int err;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	set_up_signals();
	set_up_files(t->keep, out, err_fd);
	setrlimit(RLIMIT_CORE, &none);
	write_proc("/proc/self/oom_score_adj", "1000");
	err = t->work(t->ctx);
	if (err) {
		snprintf(a->text, sizeof(a->text), "%s", err_text(err));
		a->err = err;
	}
	fflush(NULL);
	__atomic_store_n(&a->stage, err ? EXT_REFUSED : EXT_FINISHED, __ATOMIC_RELEASE);
	_exit(err ? 1 : 0);
}

/* --- what it prints ---------------------------------------------------------------- */

/* One of its two outputs. */
struct output {
	int fd; /* -1: it is closed */
	enum log_level level;
	char line[512];
	size_t len;
};

/* The program's side of a child. */
struct watch {
	const struct sandbox_task *task;
	pid_t pid;
	struct output outputs[2];
	unsigned int lines;
	size_t bytes;
	bool cut;
	/* The last that was seen of it, and when. */
	uint64_t progress;
	enum extension_stage stage;
	struct timespec since;
	bool stopped;
};

static void show_line(struct watch *w, struct output *o)
{
	const char *name = w->task->name;

	w->cut = !log_enabled(MDF_LOG_DEBUG) &&
		 (w->lines >= LINES_MAX || w->bytes + o->len > BYTES_MAX);
	if (w->cut)
		mdf_log(o->level, NULL,
			"extension %s: more than %d lines or %d KiB of messages: --message-level 31 "
			"shows the rest\n",
			name, LINES_MAX, BYTES_MAX >> 10);
	else
		mdf_log(o->level, NULL, "extension %s: %.*s\n", name, (int)o->len, o->line);
	w->lines++;
	w->bytes += o->len;
	o->len = 0;
}

static void hear_text(struct watch *w, struct output *o, const char *text, size_t n)
{
	for (size_t i = 0; i < n && !w->cut; i++) {
		if (text[i] != '\n')
			o->line[o->len++] = text[i];
		if (text[i] == '\n' ? o->len : o->len == sizeof(o->line))
			show_line(w, o);
	}
}

/* Show what there is, as much as one look may take. */
static void hear(struct watch *w, struct output *o)
{
	char buf[4096];

	for (size_t heard = 0; o->fd >= 0 && heard < HEAR_BYTES;) {
		ssize_t n = read(o->fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close(o->fd);
			o->fd = -1;
			return;
		}
		hear_text(w, o, buf, n);
		heard += n;
	}
}

static void end_hearing(struct watch *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(w->outputs); i++) {
		struct output *o = &w->outputs[i];

		hear(w, o);
		if (o->len)
			show_line(w, o);
		if (o->fd >= 0)
			close(o->fd);
	}
}

/* --- how it gets on ---------------------------------------------------------------- */

static unsigned int seconds_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - t->tv_sec - (now.tv_nsec < t->tv_nsec);
}

static bool is_stuck(struct watch *w)
{
	const struct extension_shared *a = w->task->shared;
	uint64_t progress = __atomic_load_n(&a->progress, __ATOMIC_RELAXED);
	enum extension_stage stage = __atomic_load_n(&a->stage, __ATOMIC_RELAXED);
	uint64_t limit = w->task->timeout;

	if (progress != w->progress || stage != w->stage) {
		w->progress = progress;
		w->stage = stage;
		clock_gettime(CLOCK_MONOTONIC, &w->since);
	}
	if (stage == EXT_RESOLVING)
		limit *= RESOLVING_TIMES;
	return seconds_since(&w->since) >= limit;
}

static bool has_ended(const struct watch *w)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, w->pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

/* Wait for its end. @return as waitpid() tells it */
static int wait_for_end(struct watch *w)
{
	int status = 0;

	while (!has_ended(w)) {
		struct pollfd fds[2] = {
			{ .fd = w->outputs[0].fd, .events = POLLIN },
			{ .fd = w->outputs[1].fd, .events = POLLIN },
		};

		poll(fds, ARRAY_SIZE(fds),
		     fds[0].fd < 0 && fds[1].fd < 0 ? SHORT_TICK_MS : TICK_MS);
		hear(w, &w->outputs[0]);
		hear(w, &w->outputs[1]);
		w->stopped = is_stuck(w);
		if (w->stopped)
			break;
	}
	/* It may have started others, which hold its output open. */
	kill(-w->pid, SIGKILL);
	kill(w->pid, SIGKILL);
	waitpid(w->pid, &status, 0);
	return status;
}

static const char *signal_name(int sig)
{
	static const struct {
		int sig;
		const char *name;
	} names[] = {
		{ SIGSEGV, "SIGSEGV" }, { SIGABRT, "SIGABRT" }, { SIGBUS, "SIGBUS" },
		{ SIGFPE, "SIGFPE" },	{ SIGILL, "SIGILL" },	{ SIGKILL, "SIGKILL" },
		{ SIGTRAP, "SIGTRAP" }, { SIGSYS, "SIGSYS" },	{ SIGTERM, "SIGTERM" },
		{ SIGINT, "SIGINT" },	{ SIGPIPE, "SIGPIPE" }, { SIGALRM, "SIGALRM" },
		{ SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].sig == sig)
			return names[i].name;
	}
	return "a signal";
}

static void say_where(const struct extension_shared *a, char *buf, size_t size)
{
	switch (a->stage) {
	case EXT_LOADING:
		snprintf(buf, size, "while it was loaded");
		break;
	case EXT_RESOLVING:
		snprintf(buf, size, "while its declarations were looked up");
		break;
	case EXT_INIT:
		snprintf(buf, size, "in extension_init()");
		break;
	case EXT_PAGES:
		snprintf(buf, size, "while asked about pfn %#" PRIx64, a->pfn);
		break;
	case EXT_ENDING:
		snprintf(buf, size, "in its destructors");
		break;
	default:
		snprintf(buf, size, "at its beginning");
		break;
	}
}

/* Say what became of it. @param a a copy that nothing else can write to */
static int describe_end(const struct watch *w, const struct extension_shared *a, int status)
{
	char where[64];
	int err = a->err;

	say_where(a, where, sizeof(where));
	if (w->stopped)
		return err_set(-ETIMEDOUT, "did nothing for %u s %s: stopped",
			       seconds_since(&w->since), where);
	if (a->stage == EXT_REFUSED)
		return err_set(err < 0 && err > -4096 ? err : -ECANCELED, "%.*s",
			       (int)sizeof(a->text) - 1, a->text);
	if (WIFSIGNALED(status))
		return err_set(-ECANCELED, "killed by %s (%s) %s", signal_name(WTERMSIG(status)),
			       strsignal(WTERMSIG(status)), where);
	if (a->stage != EXT_FINISHED || WEXITSTATUS(status))
		return err_set(-ECANCELED, "it called exit(%d) %s", WEXITSTATUS(status), where);
	return 0;
}

/* --- both -------------------------------------------------------------------------- */

static int watch_child(const struct sandbox_task *task, pid_t pid, int out, int err,
		       struct orphans *orphans)
{
	struct extension_shared shared;
	struct watch w = {
		.task = task,
		.pid = pid,
		.outputs = {
			{ .fd = out, .level = MDF_LOG_COMMON },
			{ .fd = err, .level = MDF_LOG_ERROR },
		},
	};
	int status, survivors;

	clock_gettime(CLOCK_MONOTONIC, &w.since);
	/* It does the same: whoever comes first. */
	setpgid(pid, pid);
	status = wait_for_end(&w);
	survivors = orphans_end(orphans);
	end_hearing(&w);
	memcpy(&shared, task->shared, sizeof(shared));
	return survivors ? survivors : describe_end(&w, &shared, status);
}

static int fork_child(const struct sandbox_task *task, const int *out, const int *err)
{
	pid_t parent = getpid(), pid;
	struct orphans orphans;
	int ret;

	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	/* Else both of us would write what is still to be written. */
	fflush(NULL);
	orphans_adopt(&orphans);
	pid = fork();
	if (!pid)
		be_child(task, parent, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	if (pid > 0)
		return watch_child(task, pid, out[0], err[0], &orphans);
	ret = err_errno(-errno, "no process can be made for it");
	close(out[0]);
	close(err[0]);
	return orphans_end(&orphans) ?: ret;
}

int sandbox_run(const struct sandbox_task *task)
{
	void (*old)(int);
	int out[2], err[2], ret;

	if (pipe2(out, O_CLOEXEC))
		return err_errno(-errno, "no process can be made for it");
	if (pipe2(err, O_CLOEXEC)) {
		ret = -errno;
		close(out[0]);
		close(out[1]);
		return err_errno(ret, "no process can be made for it");
	}
	/* If SIGCHLD is ignored, waitpid() cannot return the child's status. */
	old = signal(SIGCHLD, SIG_DFL);
	ret = fork_child(task, out, err);
	signal(SIGCHLD, old);
	return ret;
}
