// SPDX-License-Identifier: GPL-2.0-or-later
#include "log_control.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "printable.h"

/* The longest path, and the message about it. */
#define LINE_MAX_BYTES (PATH_MAX + 1024)

static unsigned int levels = LOG_LEVEL_DEFAULT;
static int common_fd = STDOUT_FILENO;

void log_set_levels(unsigned int mask)
{
	levels = mask;
}

void log_to_stderr(void)
{
	common_fd = STDERR_FILENO;
}

bool log_enabled(enum log_level level)
{
	return (levels | MDF_LOG_TRACE) & level;
}

void mdf_log(enum log_level level, const char *func, const char *fmt, ...)
{
	int saved = errno, n = 0, fd;
	char line[LINE_MAX_BYTES];
	va_list ap;

	if (!log_enabled(level))
		return;
	if (func)
		n = snprintf(line, sizeof(line), "%s: ", func);
	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(line)) {
		n = sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	/* Names from a dump must not control the terminal; progress rewrites its line. */
	make_printable(line, n, level == MDF_LOG_PROGRESS ? "\n\t\r" : "\n\t");
	fd = level & (MDF_LOG_PROGRESS | MDF_LOG_ERROR | MDF_LOG_TRACE) ? STDERR_FILENO : common_fd;
	for (int done = 0; done < n;) {
		ssize_t w = write(fd, line + done, n - done);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			break; /* the descriptor is closed: the message is lost */
		done += w;
	}
	errno = saved;
}
