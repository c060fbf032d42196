// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Run a command under limits, and print what it cost.
 *
 * measure -r FD [-c SECONDS] [-w SECONDS] [-m KIB] [-d KIB] [-i FILE] [-1 FILE] [-o FILE]...
 *	COMMAND...
 *
 *	-r	where the result is written to
 *	-c, -w	of CPU, of a clock on the wall
 *	-m	memory that the command may have (RSS); its children are not counted
 *	-d	disk that all files of -o may take
 *	-i, -1	its standard input and standard output, else /dev/null
 *	-o	a file that it writes, for -d
 *
 * The result is one line: "STATUS CPU_MICROSECONDS RSS_KIB DISK_KIB LIMIT". STATUS
 * is an exit status, or a negative signal; LIMIT is what it was killed for: cpu, wall, memory,
 * disk, or "-". A program of its own, since the memory of a process counts from its parent's on
 * and that of an interpreter would hide what is measured.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUTS_MAX 16
/* Nanoseconds between two looks at a command. */
#define INTERVAL 20000000

struct limits {
	int result;			/* a file descriptor */
	long cpu, wall;			/* seconds */
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

/* @return which limit was reached, or NULL */
static const char *reached(const struct limits *l, pid_t pid, const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (l->wall && now.tv_sec - start->tv_sec > l->wall)
		return "wall";
	if (l->memory && memory_of(pid) > l->memory)
		return "memory";
	return l->disk && disk_of(l) > l->disk ? "disk" : NULL;
}

static void run(const struct limits *l, char **command)
{
	const struct timespec interval = { 0, INTERVAL };
	const char *limit = NULL;
	struct timespec start;
	struct rusage usage;
	sigset_t chld;
	long long used;
	int status;
	pid_t pid;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = fork();
	if (!pid)
		child(l, command);
	while (wait4(pid, &status, WNOHANG, &usage) == 0) {
		sigtimedwait(&chld, NULL, &interval);
		if (!limit)
			limit = reached(l, pid, &start);
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

	while ((opt = getopt(argc, argv, "+r:c:w:m:d:i:1:o:")) != -1) {
		switch (opt) {
		case 'r':
			l.result = atoi(optarg);
			break;
		case 'c':
			l.cpu = atol(optarg);
			break;
		case 'w':
			l.wall = atol(optarg);
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
