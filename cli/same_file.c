// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/same_file.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extension/load.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/log.h"
#include "vmcore/vmcore.h"

/* As many symbolic links as Linux follows. */
#define LINKS_MAX 40
/* Files beside DUMPFILEs and parts. */
#define OTHERS_MAX 13

enum sharing {
	BY_SPELLING, /* nothing else is known of it */
	BY_NUMBERS,
	NEVER, /* a character device: no use of it harms another */
};

/* The identity of a file, whatever its name. */
struct identity {
	enum sharing sharing;
	dev_t dev;
	ino_t ino;
	/* In the directory above; "" if the file itself is there. */
	char name[NAME_MAX + 1];
};

struct used_file {
	const char *what; /* how the manual calls it */
	const char *path; /* NULL: a standard file */
	bool written;
	struct identity id;
};

struct used_files {
	struct used_file *files;
	size_t nr;
};

static void identify(const struct stat *st, struct identity *id)
{
	id->sharing = S_ISCHR(st->st_mode) || S_ISDIR(st->st_mode) ? NEVER : BY_NUMBERS;
	id->dev = S_ISBLK(st->st_mode) ? st->st_rdev : st->st_dev;
	id->ino = S_ISBLK(st->st_mode) ? 0 : st->st_ino;
}

/* Follow a symbolic link by one step. Returns false if there is none to follow. */
static bool follow(char path[PATH_MAX])
{
	char target[PATH_MAX], dir[PATH_MAX], next[2 * PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len < 0)
		return false;
	target[len] = '\0';
	strcpy(dir, path);
	if (target[0] == '/')
		snprintf(next, sizeof(next), "%s", target);
	else
		snprintf(next, sizeof(next), "%s/%s", dirname(dir), target);
	if (strlen(next) >= PATH_MAX)
		return false;
	strcpy(path, next);
	return true;
}

/* A file that does not exist yet is known by its directory and its name there. */
static void identify_new(const char *name, struct identity *id)
{
	char path[PATH_MAX], dir[PATH_MAX];
	const char *base;
	struct stat st;

	if (strlen(name) >= PATH_MAX)
		return;
	strcpy(path, name);
	for (int i = 0; i < LINKS_MAX && follow(path); i++)
		;
	strcpy(dir, path);
	if (stat(dirname(dir), &st))
		return;
	base = basename(path);
	if (strlen(base) > NAME_MAX)
		return;
	strcpy(id->name, base);
	id->sharing = BY_NUMBERS;
	id->dev = st.st_dev;
	id->ino = st.st_ino;
}

static void add(struct used_files *u, const char *what, const char *path, bool written)
{
	struct used_file *f = &u->files[u->nr];
	struct stat st;

	if (!path)
		return;
	*f = (struct used_file){ .what = what, .path = path, .written = written };
	if (!stat(path, &st))
		identify(&st, &f->id);
	else if (errno == ENOENT)
		identify_new(path, &f->id);
	u->nr++;
}

static void add_standard(struct used_files *u, const char *what, int fd, bool written)
{
	struct used_file *f = &u->files[u->nr];
	struct stat st;

	*f = (struct used_file){ .what = what, .written = written };
	if (!fstat(fd, &st))
		identify(&st, &f->id);
	u->nr++;
}

static const char *output_name(const struct plan *plan)
{
	return plan->mode == MODE_DUMP_DMESG ? "LOGFILE" :
	       plan->mode == MODE_TRIAGE     ? "FILE" :
					       "DUMPFILE";
}

static void add_extension(struct used_files *u, const char *text)
{
	_cleanup_free_ struct extension_code *code = malloc(sizeof(*code));
	struct used_file *f = &u->files[u->nr];

	if (!code || extension_find(code, text) || code->builtin)
		return;
	add(u, "extension", code->path, false);
	f->path = text;
}

static void add_all(struct used_files *u, const struct plan *plan, const char *beside)
{
	add(u, "VMCORE", plan->input.vmcore, false);
	if (beside && !access(beside, F_OK))
		add(u, "the memory of VMCORE", beside, false);
	for (size_t i = 0; i < plan->input.nr_raw; i++)
		add(u, "FILE of --raw", plan->input.raw[i].path, false);
	/* The first one is VMCORE. */
	for (size_t i = 1; i < plan->input.nr_diskset; i++)
		add(u, "FILE of --diskset", plan->input.diskset[i], false);
	for (size_t i = 0; i < plan->reassemble.nr_parts; i++)
		add(u, "part", plan->reassemble.parts[i], false);
	add(u, "FILE of -i", plan->input.vmcoreinfo, false);
	add(u, "VMLINUX", plan->input.vmlinux, false);
	add(u, "FILE of --config", plan->create.config, false);
	add(u, "FILE of --xen-vmcoreinfo", plan->input.xen.vmcoreinfo, false);
	add(u, "FILE of --xen-syms", plan->input.xen.syms, false);
	for (size_t i = 0; i < plan->create.nr_extensions; i++)
		add_extension(u, plan->create.extensions[i].text);
	if (plan->mode == MODE_REARRANGE)
		add_standard(u, "standard input", STDIN_FILENO, false);
	for (size_t i = 0; i < plan->output.nr_files; i++)
		add(u, output_name(plan), plan->output.files[i], true);
	if (plan->mode == MODE_WRITE_VMCOREINFO)
		add(u, "FILE of -g", plan->output.file, true);
	add(u, "FILE of --svg", plan->mem_usage.svg, true);
	add(u, "FILE of --triage-file", plan->triage.file, true);
	if (plan->messages.json && strcmp(plan->messages.json, "-"))
		add(u, "FILE of --json", plan->messages.json, true);
	if (plan->output.flattened || plan->messages.level)
		add_standard(u, "standard output", STDOUT_FILENO, true);
	if (plan->messages.level)
		add_standard(u, "standard error", STDERR_FILENO, true);
}

static bool is_same(const struct used_file *a, const struct used_file *b)
{
	if (a->id.sharing != b->id.sharing || a->id.sharing == NEVER)
		return false;
	if (a->id.sharing == BY_SPELLING)
		return a->path && b->path && !strcmp(a->path, b->path);
	return a->id.dev == b->id.dev && a->id.ino == b->id.ino && !strcmp(a->id.name, b->id.name);
}

/* Messages may be mixed with messages, but not with a dump. */
static bool may_be_same(const struct plan *plan, const struct used_file *a,
			const struct used_file *b)
{
	if (!a->written && !b->written)
		return true;
	return !a->path && !b->path && a->written && b->written &&
	       !(plan->output.flattened && plan->mode == MODE_CREATE);
}

static int refuse(const struct used_file *a, const struct used_file *b)
{
	return err_set(-EINVAL, "%s%s%s and %s%s%s are the same file", a->what, a->path ? " " : "",
		       a->path ? a->path : "", b->what, b->path ? " " : "", b->path ? b->path : "");
}

int check_same_files(const struct plan *plan)
{
	size_t most = OTHERS_MAX + plan->output.nr_files + plan->reassemble.nr_parts +
		      plan->input.nr_raw + plan->input.nr_diskset + plan->create.nr_extensions;
	_cleanup_free_ struct used_file *files = calloc(most, sizeof(*files));
	_cleanup_free_ char *beside = plan->input.vmcore ? vmware_memory_path(plan->input.vmcore) :
							   NULL;
	struct used_files u = { .files = files };

	if (!files || (plan->input.vmcore && !beside))
		return err_set(-ENOMEM, "no memory");
	add_all(&u, plan, beside);
	for (size_t i = 0; i < u.nr; i++) {
		for (size_t j = 0; j < i; j++) {
			if (is_same(&files[i], &files[j]) &&
			    !may_be_same(plan, &files[i], &files[j]))
				return refuse(&files[j], &files[i]);
		}
	}
	return 0;
}
