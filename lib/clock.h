/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The time that steps of a run take.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <time.h>

/** Seconds since some moment, on a clock that is never set: for differences. */
static inline double clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

#endif
