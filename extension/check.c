// SPDX-License-Identifier: GPL-2.0-or-later
#include "extension/check.h"

#include <errno.h>
#include <stdio.h>

#include "extension/declared.h"
#include "extension/process.h"
#include "extension/running.h"
#include "kernel/own_facts.h"
#include "lib/err.h"

static void enter(const struct extension_look *look, enum extension_stage stage)
{
	child_limit_memory(stage != EXT_RESOLVING);
	__atomic_store_n(&look->answers->stage, stage, __ATOMIC_RELEASE);
}

static int print_all(const struct extension_look *look)
{
	size_t nr = declared_count(&look->code->facts);
	char line[DECLARED_MAX];

	for (size_t i = 0; i < nr; i++) {
		declared_describe(&look->code->facts, i, line, sizeof(line));
		if (dprintf(look->out, "%s\n", line) < 0)
			return err_errno(-errno, "cannot write to standard output");
	}
	return 0;
}

int check_declarations(void *ctx)
{
	const struct extension_look *look = ctx;
	char missing[sizeof(look->answers->text)];
	struct own_facts *facts = NULL;
	int err;

	enter(look, EXT_LOADING);
	err = extension_load(look->code, false);
	if (err)
		return err;
	enter(look, EXT_RESOLVING);
	if (look->k)
		err = kernel_resolve(look->k, &look->code->facts, &facts);
	else
		err = resolve_running(&look->code->facts);
	own_facts_close(facts);
	if (!err)
		err = print_all(look);
	if (!err && declared_missing(&look->code->facts, missing, sizeof(missing)))
		err = err_set(-ENOENT, "%s", missing);
	return err;
}

int check_loadable(void *ctx)
{
	const struct extension_look *look = ctx;

	enter(look, EXT_LOADING);
	return extension_load(look->code, false);
}
