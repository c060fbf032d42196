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

/* A signal that the caller of the program ignores stays ignored. */
static void set_handler(int sig, void (*handler)(int))
{
	/* A write that waits for a reader goes on: SA_RESTART. */
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART | SA_RESETHAND };
	struct sigaction old;

	if (!sigaction(sig, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaction(sig, &action, NULL);
}

void stop_begin(void)
{
	noted = 0;
	set_handler(SIGTERM, note);
	set_handler(SIGINT, note);
}

void stop_end(void)
{
	set_handler(SIGTERM, SIG_DFL);
	set_handler(SIGINT, SIG_DFL);
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
