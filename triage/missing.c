// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "lib/array.h"
#include "lib/printable.h"
#include "triage/parts.h"

/* Lines about what could not be found. */
#define MISSING_MAX 64

void triage_missing(struct triage *t, const char *fmt, ...)
{
	va_list ap;
	char *line;

	if (t->nr_missing == MISSING_MAX)
		return;
	if (ARRAY_GROW(t->missing, t->nr_missing, "lines"))
		return;
	line = t->missing[t->nr_missing++];
	va_start(ap, fmt);
	vsnprintf(line, sizeof(*t->missing), fmt, ap);
	va_end(ap);
	make_printable(line, strlen(line), "");
}

int triage_missing_err(struct triage *t, int err, const char *what)
{
	if (err == -ENOMEM)
		return err;
	if (err)
		triage_missing(t, "%s: %s", what, err_text(err));
	return 0;
}
