/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * "Copying data : [ 37.5 %] eta: 12s" on standard error.
 *
 * On a terminal the line rewrites itself; elsewhere (a log, a serial console
 * with TERM=dumb) a plain line comes now and then. Nothing is shown when
 * MDF_LOG_PROGRESS is off.
 */
#ifndef LIB_PROGRESS_H
#define LIB_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct progress {
	/** Name of the step; borrowed. */
	const char *step;
	/** The value of 100 %, in any unit; 0 counts as done. */
	uint64_t total;
	struct timespec start, shown;
	bool tty, enabled;
};

/** Begin a step. */
void progress_begin(struct progress *p, const char *step, uint64_t total);

/**
 * Show that @p done of the total is done, unless something was shown a moment
 * ago. Cheap, but reads the clock: call it per batch, not per page. Only one
 * thread at a time may call it.
 */
void progress_update(struct progress *p, uint64_t done);

/** End a step: show 100 % if @p whole, and leave the line. */
void progress_end(struct progress *p, bool whole);

/** Seconds since progress_begin(). */
double progress_seconds(const struct progress *p);

/**
 * Write a remaining time as people read it: 99s, 1m40s, 2h10m, 3d4h, >100day.
 * @param buf at least 16 bytes
 */
void progress_format_eta(char *buf, double seconds);

#endif
