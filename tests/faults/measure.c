// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Run a command under limits, and print what it cost.
 *
 * measure -r FD [-c SECONDS] [-s LOOKS] [-m KIB] [-d KIB] [-i FILE] [-1 FILE] [-o FILE]...
 *	COMMAND...
 *
 *	-r	where the result is written to
 *	-c	CPU time
 *	-s	how often one look after the other, INTERVAL apart, may find it asleep: no thread of
 *		it ran since the look before, wants to run, or waits for a disk. No clock on the
 *		wall is a limit: a busy machine lets a command wait
 *	-m	memory that the command may have (RSS); its children are not counted
 *	-d	disk that all files of -o may take
 *	-i, -1	its standard input and standard output, else /dev/null
 *	-o	a file that it writes, for -d
 *
 * The result is one line: "STATUS CPU_MICROSECONDS RSS_KIB DISK_KIB LIMIT". STATUS
 * is an exit status, or a negative signal; LIMIT is what it was killed for: cpu, asleep, memory,
 * disk, or "-". A program of its own, since the memory of a process counts from its parent's on
 * and that of an interpreter would hide what is measured.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUTS_MAX 16
/* Nanoseconds between two looks at a command. */
#define INTERVAL 20000000

struct limits {
	int result;			/* a file descriptor */
	long cpu;			/* seconds */
	unsigned long asleep;		/* looks */
	long long memory, disk;		/* KiB */
	const char *input, *output;
	const char *outputs[OUTPUTS_MAX];
	unsigned int nr_outputs;
};

static long long disk_of(const struct limits *l)
{
	long long ret = 0;
	struct stat st;

	for (unsigned int i = 0; i < l->nr_outputs; i++)
		if (!stat(l->outputs[i], &st))
			ret += st.st_blocks / 2;
	return ret;
}

static long long memory_of(pid_t pid)
{
	long long pages = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%*s %lld", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Add the nanoseconds that a thread ran. Returns whether it sleeps. */
static bool thread_sleeps(pid_t pid, const char *tid, unsigned long long *ran)
{
	unsigned long long nanoseconds = 0;
	char path[320], state = 'R';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, tid);
	f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%llu", &nanoseconds) == 1)
			*ran += nanoseconds;
		fclose(f);
	}
	snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", (int)pid, tid);
	f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			state = 'R';
		fclose(f);
	}
	return state == 'S';
}

/* Return whether all threads slept since the last look. @param ran by all, until then */
static bool sleeps(pid_t pid, unsigned long long *ran)
{
	unsigned long long now = 0;
	struct dirent *entry;
	bool ret = true;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			ret &= thread_sleeps(pid, entry->d_name, &now);
	closedir(dir);
	ret &= now == *ran;
	*ran = now;
	return ret;
}

static void redirect(int fd, const char *path, int flags)
{
	int from = open(path, flags, 0600);

	if (from < 0 || dup2(from, fd) < 0) {
		perror(path);
		_exit(126);
	}
	if (from != fd)
		close(from);
}

static void child(const struct limits *l, char **command)
{
	const struct rlimit cpu = { l->cpu, l->cpu }, core = { 0, 0 };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	redirect(STDIN_FILENO, l->input, O_RDONLY);
	redirect(STDOUT_FILENO, l->output, O_WRONLY | O_CREAT | O_TRUNC);
	close(l->result);
	if (l->cpu)
		setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &core);
	execv(command[0], command);
	perror(command[0]);
	_exit(126);
}

/* A command, as it was at the last look. */
struct look {
	pid_t pid;
	unsigned long long ran;		/* nanoseconds */
	unsigned long asleep;		/* looks, one after the other */
};

/* @return which limit was reached, or NULL */
static const char *reached(const struct limits *l, struct look *look)
{
	look->asleep = sleeps(look->pid, &look->ran) ? look->asleep + 1 : 0;
	if (l->asleep && look->asleep > l->asleep)
		return "asleep";
	if (l->memory && memory_of(look->pid) > l->memory)
		return "memory";
	return l->disk && disk_of(l) > l->disk ? "disk" : NULL;
}

static void run(const struct limits *l, char **command)
{
	const struct timespec interval = { 0, INTERVAL };
	const char *limit = NULL;
	struct look look = { .pid = -1 };
	struct rusage usage;
	sigset_t chld;
	long long used;
	int status;
	pid_t pid;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	look.pid = pid = fork();
	if (!pid)
		child(l, command);
	while (wait4(pid, &status, WNOHANG, &usage) == 0) {
		sigtimedwait(&chld, NULL, &interval);
		if (!limit)
			limit = reached(l, &look);
		if (limit)
			kill(-pid, SIGKILL);
	}
	/* Processes that it left must not hold the caller's pipes. */
	kill(-pid, SIGKILL);
	used = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL +
		usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
	if (WIFSIGNALED(status) && !limit && l->cpu && used >= (l->cpu - 1) * 1000000LL)
		limit = "cpu";
	dprintf(l->result, "%d %lld %ld %lld %s\n",
		WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status),
		used, usage.ru_maxrss, disk_of(l), limit ?: "-");
}

int main(int argc, char **argv)
{
	struct limits l = { .input = "/dev/null", .output = "/dev/null" };
	int opt;

	while ((opt = getopt(argc, argv, "+r:c:s:m:d:i:1:o:")) != -1) {
		switch (opt) {
		case 'r':
			l.result = atoi(optarg);
			break;
		case 'c':
			l.cpu = atol(optarg);
			break;
		case 's':
			l.asleep = strtoul(optarg, NULL, 10);
			break;
		case 'm':
			l.memory = atoll(optarg);
			break;
		case 'd':
			l.disk = atoll(optarg);
			break;
		case 'i':
			l.input = optarg;
			break;
		case '1':
			l.output = optarg;
			break;
		case 'o':
			if (l.nr_outputs < OUTPUTS_MAX)
				l.outputs[l.nr_outputs++] = optarg;
			break;
		default:
			return 2;
		}
	}
	if (optind == argc || !l.result)
		return 2;
	run(&l, argv + optind);
	return 0;
}
