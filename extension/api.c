// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The calls by which extensions change the dump or end: verdicts, failure. And the
 * environment, which all functions for extensions share.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extension.h"
#include "extension/env.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "makedumpfile.h"

/* There is one extension in a process. */
static struct {
	const struct extension_env *env;
	/* env->arguments with NULs for commas; NULL before the first use. */
	char *arguments;
	int err; /* what mdf_error() is asked about */
} current;

void extension_env_set(const struct extension_env *env)
{
	free(current.arguments);
	current.arguments = NULL;
	current.err = 0;
	current.env = env;
}

const struct extension_env *extension_env(void)
{
	return current.env;
}

int extension_error(int err)
{
	if (err < 0)
		current.err = err;
	return err;
}

const char *mdf_error(void)
{
	return err_text(current.err);
}

/* --- arguments -------------------------------------------------------------------- */

static void split_arguments(void)
{
	current.arguments = strdup(current.env->arguments);
	if (!current.arguments)
		extension_fail("no memory for its arguments");
	for (char *p = current.arguments; *p; p++)
		if (*p == ',')
			*p = '\0';
}

const char *extension_argument(const char *key)
{
	const char *end, *value = NULL;
	size_t len = strlen(key);

	if (!current.arguments)
		split_arguments();
	end = current.arguments + strlen(current.env->arguments);
	for (const char *p = current.arguments; p < end; p += strlen(p) + 1) {
		if (strncmp(p, key, len))
			continue;
		if (p[len] == '=')
			value = p + len + 1;
		else if (!p[len])
			value = p + len;
	}
	return value;
}

/* --- verdicts --------------------------------------------------------------------- */

void extension_decide(unsigned long pfn, unsigned long nr, enum extension_verdict verdict)
{
	struct extension_shared *a = current.env->shared;
	uint64_t end;

	if (!checked_add(pfn, nr, &end))
		end = UINT64_MAX;
	if (verdict == PG_INCLUDE)
		bitmap_set_range(&a->include, pfn, end);
	else if (verdict == PG_EXCLUDE)
		bitmap_set_range(&a->exclude, pfn, end);
}

void extension_fail(const char *fmt, ...)
{
	struct extension_shared *a = current.env->shared;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->text, sizeof(a->text), fmt, ap);
	va_end(ap);
	if (current.env->in_process)
		mdf_log(MDF_LOG_ERROR, NULL, "makedumpfile: extension %s: %s\n", current.env->name,
			a->text);
	a->stage = EXT_REFUSED;
	_exit(1);
}
