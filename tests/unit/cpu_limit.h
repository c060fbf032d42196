/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A limit for tests that must come to an end: of CPU time, so that a busy machine fails none. */
#ifndef TESTS_UNIT_CPU_LIMIT_H
#define TESTS_UNIT_CPU_LIMIT_H

#include <stdlib.h>
#include <sys/time.h>

/**
 * cpu_limit() - end this process by SIGPROF after so much more CPU time
 * @seconds: of all its threads, user and system; 0: no limit any longer
 *
 * A process that waits uses none: such a hang is found by tests/run. Child processes have
 * no limit until they set one.
 */
static inline void cpu_limit(unsigned int seconds)
{
	const struct itimerval limit = { .it_value.tv_sec = seconds };

	if (setitimer(ITIMER_PROF, &limit, NULL))
		abort();
}

#endif
