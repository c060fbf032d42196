// SPDX-License-Identifier: GPL-2.0-or-later
#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "clock.h"
#include "err.h"

static volatile sig_atomic_t noted;

static void note(int sig)
{
	noted = sig;
}

static void set_handler(void (*handler)(int))
{
	/* A write that waits for a reader goes on: SA_RESTART. */
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART | SA_RESETHAND };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

void stop_begin(void)
{
	noted = 0;
	set_handler(note);
}

void stop_end(void)
{
	set_handler(SIG_DFL);
}

int stop_check(double deadline)
{
	if (noted)
		return err_set(-ECANCELED, "stopped by %s",
			       noted == SIGTERM ? "SIGTERM" : "SIGINT");
	if (deadline > 0 && clock_seconds() >= deadline)
		return err_set(-ECANCELED, "the time limit was reached");
	return 0;
}
