// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line. The input is the arguments, each on a line.
 */
#include <stdlib.h>

#include "cli/options.h"
#include "tests/fuzz/fuzz.h"

#define ARGS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char program[] = "makedumpfile";
	char *argv[ARGS_MAX + 1] = { program }, *copy = malloc(size + 1), *next;
	struct plan plan;
	int argc = 1, err;

	assert(copy);
	memcpy(copy, data, size);
	copy[size] = '\0';
	for (char *arg = copy; arg && argc < ARGS_MAX; arg = next) {
		next = strchr(arg, '\n');
		if (next)
			*next++ = '\0';
		argv[argc++] = arg;
	}
	argv[argc] = NULL;
	err = options_parse(&plan, argc, argv);
	assert(err <= 0);
	if (err)
		assert(err_text(err)[0]);
	else
		assert(plan.create.nr_levels && plan.create.nr_levels <= LEVELS_MAX &&
		       plan.create.nr_extensions <= EXTENSIONS_MAX);
	free(copy);
	return 0;
}
