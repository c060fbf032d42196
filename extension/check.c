// SPDX-License-Identifier: GPL-2.0-or-later
#include "extension/check.h"

#include <errno.h>
#include <stdio.h>

#include "extension/sandbox.h"
#include "kernel/kernel_tables.h"
#include "kernel/live_kernel.h"
#include "lib/err.h"

static void enter(const struct extension_look *look, enum extension_stage stage)
{
	sandbox_limit_memory(stage != EXT_RESOLVING);
	__atomic_store_n(&look->shared->stage, stage, __ATOMIC_RELEASE);
}

/* The output of lines; err is that of the first line that failed. */
struct printer {
	int fd, err;
};

static void print_line(void *ctx, const char *line)
{
	struct printer *p = ctx;

	if (!p->err && dprintf(p->fd, "%s\n", line) < 0)
		p->err = err_errno(-errno, "cannot write to standard output");
}

int print_help(void *ctx)
{
	const struct extension_look *look = ctx;
	struct printer p = { .fd = look->out };
	char line[256];
	int err;

	enter(look, EXT_LOADING);
	err = extension_load(look->code, false);
	if (err)
		return err;
	snprintf(line, sizeof(line), "%-18s %s", look->code->name,
		 look->code->help ? look->code->help : "(it has no help)");
	print_line(&p, line);
	return p.err;
}

static int print_all(const struct extension_look *look)
{
	struct printer p = { .fd = look->out };

	if (look->code->help)
		print_line(&p, look->code->help);
	facts_for_each_line(&look->code->facts, print_line, &p);
	return p.err;
}

int check_declarations(void *ctx)
{
	const struct extension_look *look = ctx;
	char missing[sizeof(look->shared->text)];
	struct kernel_tables *facts = NULL;
	int err;

	enter(look, EXT_LOADING);
	err = extension_load(look->code, false);
	if (err)
		return err;
	enter(look, EXT_RESOLVING);
	if (look->k)
		err = kernel_resolve(look->k, &look->code->facts, &facts);
	else
		err = facts_from_running_kernel(&look->code->facts);
	kernel_tables_close(facts);
	if (!err)
		err = print_all(look);
	if (!err && facts_missing(&look->code->facts, missing, sizeof(missing)))
		err = err_set(-ENOENT, "%s", missing);
	return err;
}

int check_loadable(void *ctx)
{
	const struct extension_look *look = ctx;

	enter(look, EXT_LOADING);
	return extension_load(look->code, false);
}
