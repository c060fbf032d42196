// SPDX-License-Identifier: GPL-2.0-or-later
#include "triage/log_text.h"

#include <stdio.h>
#include <string.h>

const char *log_last(const char *log, const char *words)
{
	const char *found = NULL;

	for (const char *at = log; (at = strstr(at, words)); at++)
		found = at;
	return found;
}

const char *log_line(const char *log, const char *within, double *seconds)
{
	const char *start = within;

	while (start > log && start[-1] != '\n')
		start--;
	if (seconds && sscanf(start, "[%lf]", seconds) != 1)
		*seconds = -1;
	/* "[    1.5][    T1] " with CONFIG_PRINTK_CALLER. */
	while (*start == '[') {
		const char *stamp = memchr(start, ']', within - start);

		if (!stamp)
			break;
		start = stamp + 1;
	}
	return start + (*start == ' ' && start < within);
}
