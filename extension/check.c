// SPDX-License-Identifier: GPL-2.0-or-later
#include "extension/check.h"

#include <errno.h>
#include <stdio.h>

#include "facts/fact_format.h"
#include "extension/sandbox.h"
#include "kernel/live_kernel.h"
#include "kernel/kernel_tables.h"
#include "lib/err.h"

static void enter(const struct extension_look *look, enum extension_stage stage)
{
	sandbox_limit_memory(stage != EXT_RESOLVING);
	__atomic_store_n(&look->shared->stage, stage, __ATOMIC_RELEASE);
}

static int print_all(const struct extension_look *look)
{
	size_t nr = fact_count(&look->code->facts);
	char line[FACT_FORMAT_MAX];

	for (size_t i = 0; i < nr; i++) {
		fact_format(&look->code->facts, i, line, sizeof(line));
		if (dprintf(look->out, "%s\n", line) < 0)
			return err_errno(-errno, "cannot write to standard output");
	}
	return 0;
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
