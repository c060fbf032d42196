/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Requests to end early: signals and a time limit.
 *
 * SIGTERM and SIGINT end a process at once, unless it is between stop_begin() and stop_end():
 * there the first one is only noted, and a second one ends the process. Signals that are ignored
 * stay so.
 */
#ifndef LIB_STOP_H
#define LIB_STOP_H

/** Note signals from here on. Not nested; called by one thread. */
void stop_begin(void);
void stop_end(void);

/**
 * Check whether it is time to stop. Any thread may ask.
 * @param deadline in seconds of clock_seconds(); 0: none
 * @return 0; -ECANCELED, whose message names the signal or the time limit
 */
int stop_check(double deadline) __attribute__((warn_unused_result));

#endif
