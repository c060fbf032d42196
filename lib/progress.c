// SPDX-License-Identifier: GPL-2.0-or-later
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log_control.h"

#define TTY_INTERVAL 0.25 /* seconds between two states of the line */
#define LOG_INTERVAL 5.0  /* seconds between two lines of a log */

static double seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - then->tv_sec + (now.tv_nsec - then->tv_nsec) / 1e9;
}

void progress_begin(struct progress *p, const char *step, uint64_t total)
{
	const char *term = getenv("TERM");

	*p = (struct progress){
		.step = step,
		.total = total,
		.tty = isatty(STDERR_FILENO) && !(term && !strcmp(term, "dumb")),
		.enabled = log_enabled(MDF_LOG_PROGRESS),
	};
	clock_gettime(CLOCK_MONOTONIC, &p->start);
	p->shown = p->start;
}

void progress_format_eta(char *buf, double seconds)
{
	unsigned long s = seconds < 0 ? 0 : seconds > 1e9 ? 1000000000 : seconds;
	unsigned int day = s / 86400, hour = s / 3600 % 24, min = s / 60 % 60;

	if (day > 100)
		snprintf(buf, 16, ">100day");
	else if (day)
		snprintf(buf, 16, "%ud%uh", day, hour);
	else if (hour)
		snprintf(buf, 16, "%uh%um", hour, min);
	else if (s > 99)
		snprintf(buf, 16, "%um%us", min, (unsigned int)(s % 60));
	else
		snprintf(buf, 16, "%us", (unsigned int)s);
}

static void show(const struct progress *p, double fraction, double spent)
{
	char eta[16] = "-";

	if (fraction > 0)
		progress_format_eta(eta, spent / fraction - spent);
	/* Trailing blanks wipe what a longer remaining time left. */
	PROGRESS_MSG("%s%-30s: [%5.1f %%] eta: %s%s", p->tty ? "\r" : "", p->step, fraction * 100,
		     eta, p->tty ? "      " : "\n");
}

void progress_update(struct progress *p, uint64_t done)
{
	if (!p->enabled || seconds_since(&p->shown) < (p->tty ? TTY_INTERVAL : LOG_INTERVAL))
		return;
	clock_gettime(CLOCK_MONOTONIC, &p->shown);
	show(p, p->total && done < p->total ? (double)done / p->total : 1, progress_seconds(p));
}

void progress_end(struct progress *p, bool whole)
{
	if (!p->enabled)
		return;
	if (whole)
		show(p, 1, progress_seconds(p));
	if (p->tty)
		PROGRESS_MSG("\n");
}

double progress_seconds(const struct progress *p)
{
	return seconds_since(&p->start);
}
