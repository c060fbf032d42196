// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The extensions that are found by name.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extension/load.h"
#include "extension/run.h"
#include "lib/err.h"

static int is_object(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 3 && !strcmp(entry->d_name + len - 3, ".so");
}

static void describe(const char *name)
{
	int err = extension_describe(name);

	if (err)
		printf("%s\n", err_text(err));
	fflush(stdout);
}

static int describe_files(void)
{
	struct dirent **found;
	int nr = scandir(extension_directory(), &found, is_object, alphasort);

	if (nr < 0 && errno == ENOENT)
		return 0;
	if (nr < 0)
		return err_errno(-errno, "cannot read %s", extension_directory());
	for (int i = 0; i < nr; i++) {
		found[i]->d_name[strlen(found[i]->d_name) - 3] = '\0';
		describe(found[i]->d_name);
		free(found[i]);
	}
	free(found);
	return 0;
}

int extension_list(void)
{
	int err = 0;

	for (const struct builtin_extension *b = builtin_extensions; b && b->name; b++)
		describe(b->name);
	if (extension_files_supported())
		err = describe_files();
	if (!err && ferror(stdout))
		err = err_errno(-EIO, "cannot write to standard output");
	return err;
}
