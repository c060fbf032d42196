// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "triage/parts.h"

int triage_check_time(const struct triage *t)
{
	if (clock_seconds() < t->until)
		return 0;
	return err_set(-ETIME, "the time limit of %d seconds ended", TRIAGE_SECONDS_MAX);
}
