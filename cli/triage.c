// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/triage.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/output_file.h"
#include "triage/triage.h"

static void apply_erasures(const void *list, paddr_t pa, void *buf, size_t len)
{
	erase_list_apply(list, pa, buf, len);
}

/* @param path NULL or "-": standard output */
static int write_file(const char *path, bool force, const struct triage *t,
		      void (*put)(const struct triage *t, FILE *out))
{
	bool to_stdout = !path || !strcmp(path, "-");
	int fd = to_stdout ? dup(STDOUT_FILENO) : output_file_create(path, force), err = 0;
	FILE *out;

	if (fd < 0)
		return to_stdout ? err_errno(-errno, "cannot write to standard output") : fd;
	out = fdopen(fd, "w");
	if (!out) {
		close(fd);
		return err_set(-ENOMEM, "no memory to write a triage");
	}
	put(t, out);
	if (ferror(out))
		err = -EIO;
	errno = 0;
	if (fclose(out))
		err = errno ? -errno : -EIO;
	return err ? err_errno(err, "cannot write to %s", to_stdout ? "standard output" : path) : 0;
}

int triage_run(const struct plan *plan, const struct kernel *k)
{
	const struct triage_options opt = { .all_tasks = plan->triage.all_tasks };
	bool json_alone = plan->messages.json && !strcmp(plan->messages.json, "-") &&
			  !plan->output.file;
	struct triage *t;
	int err = triage_collect(&t, k, &opt);

	if (err)
		return err;
	if (!json_alone)
		err = write_file(plan->output.file, plan->output.force, t, triage_print);
	if (!err && plan->messages.json)
		err = write_file(plan->messages.json, true, t, triage_json);
	triage_free(t);
	return err;
}

static bool is_json(const char *path)
{
	size_t len = strlen(path);

	return len > 5 && !strcmp(path + len - 5, ".json");
}

int triage_beside(const struct plan *plan, const struct kernel *k, const struct erase_list *erase)
{
	const struct kernel_overwrite overwrite = { apply_erasures, erase };
	const struct triage_options opt = {
		.all_tasks = plan->triage.all_tasks,
		.overwrite = erase->nr ? &overwrite : NULL,
	};
	struct triage *t;
	int err = triage_collect(&t, k, &opt);

	if (!err) {
		err = write_file(plan->triage.file, plan->output.force, t,
				 is_json(plan->triage.file) ? triage_json : triage_print);
		triage_free(t);
	}
	return err ? err_prefix(err, "there is no triage") : 0;
}
