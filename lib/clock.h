/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The time that steps of a run take.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <time.h>

static inline double clock_read(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/** Seconds since some moment, on a clock that is never set: for differences. */
static inline double clock_seconds(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

/** Seconds of a CPU that this thread has used: for differences. */
static inline double clock_thread_seconds(void)
{
	return clock_read(CLOCK_THREAD_CPUTIME_ID);
}

#endif
