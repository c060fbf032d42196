// SPDX-License-Identifier: GPL-2.0-or-later
#include "extension/orphans.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"

/* Milliseconds that a killed process may take to end, and its children to be found. */
#define ENDING_MS 10000

/* The parent of a process; 0 if it is unknown. */
static pid_t parent_of(long pid)
{
	char path[64], text[512];
	const char *end;
	_cleanup_close_ int fd = -1;
	ssize_t n;
	int parent;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return 0;
	text[n] = '\0';
	/* Its name, in parentheses, can have any characters in it. */
	end = strrchr(text, ')');
	return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* Do something with each child. @return how many there are; -1 if /proc does not tell */
static int for_each_child(void (*act)(pid_t pid))
{
	DIR *dir = opendir("/proc");
	const struct dirent *d;
	int nr = 0;

	if (!dir)
		return -1;
	while ((d = readdir(dir))) {
		long pid = strtol(d->d_name, NULL, 10);

		if (pid <= 0 || parent_of(pid) != getpid())
			continue;
		nr++;
		if (act)
			act(pid);
	}
	closedir(dir);
	return nr;
}

/* Its number is its own until it is reaped. */
static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, WNOHANG);
}

void orphans_adopt(struct orphans *o)
{
	*o = (struct orphans){ .adopted = false };
	if (for_each_child(NULL) || prctl(PR_GET_CHILD_SUBREAPER, &o->was_subreaper))
		return;
	o->adopted = !prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int orphans_end(struct orphans *o)
{
	const struct timespec tick = { .tv_nsec = 1000000 };
	int nr = 0;

	/* Children of what was killed are found in the next round. */
	for (int i = 0; o->adopted && i < ENDING_MS; i++) {
		nr = for_each_child(end_child);
		if (nr <= 0)
			break;
		nanosleep(&tick, NULL);
	}
	if (o->adopted)
		prctl(PR_SET_CHILD_SUBREAPER, o->was_subreaper);
	o->adopted = false;
	return nr > 0 ? err_set(-ETIMEDOUT, "processes that it left do not end [%d]", nr) : 0;
}
