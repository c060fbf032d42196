/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For tests: miniature kernels as ELF cores, made by tools/mkelfcore.py from
 * text, and opened as far as the code under test needs them.
 *
 * The environment variable MDF_TOOLS names the directory of mkelfcore.py.
 */
#ifndef TESTS_UNIT_MINICORE_H
#define TESTS_UNIT_MINICORE_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "lib/err.h"

/** One core: its file name, and the statements that make it. */
struct core_text {
	const char *name, *text;
};

/** A directory of cores. */
struct cores {
	char dir[PATH_MAX - 64];
	const struct core_text *texts;
	size_t nr_texts;
};

static inline void cores_path(const struct cores *c, const char *name, char *path)
{
	snprintf(path, PATH_MAX, "%s/%s", c->dir, name);
}

static inline int cores_copy_file(const char *tools, const char *name, FILE *to)
{
	char path[PATH_MAX], buf[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", tools, name);
	f = fopen(path, "r");
	if (!f) {
		perror(path);
		return -1;
	}
	while ((n = fread(buf, 1, sizeof(buf), f)))
		fwrite(buf, 1, n, to);
	fclose(f);
	return 0;
}

/**
 * Make cores in a directory of their own.
 * @param base a file beside mkelfcore.py whose statements come first, or NULL
 * @param common statements that come next, or NULL
 * @param texts borrowed
 * @return 0 or -1; to be removed with cores_remove()
 */
static inline int cores_make(struct cores *c, const char *base, const char *common,
			     const struct core_text *texts, size_t nr_texts)
{
	const char *tools = getenv("MDF_TOOLS"), *tmp = getenv("TMPDIR");
	char command[2 * PATH_MAX];
	int err = 0;
	FILE *f;

	*c = (struct cores){ .texts = texts, .nr_texts = nr_texts };
	if (!tools) {
		fprintf(stderr, "MDF_TOOLS is to name the directory of mkelfcore.py\n");
		return -1;
	}
	snprintf(c->dir, sizeof(c->dir), "%s/minicore.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(c->dir))
		return -1;
	snprintf(command, sizeof(command), "'%s/mkelfcore.py' -m - '%s'", tools, c->dir);
	f = popen(command, "w");
	if (!f)
		return -1;
	if (base)
		err = cores_copy_file(tools, base, f);
	fprintf(f, "\n%s\n", common ? common : "");
	for (size_t i = 0; i < nr_texts; i++)
		fprintf(f, "=== %s\n%s", texts[i].name, texts[i].text);
	return pclose(f) || err ? -1 : 0;
}

/** Remove the cores and their directory. */
static inline int cores_remove(const struct cores *c)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < c->nr_texts; i++) {
		cores_path(c, c->texts[i].name, path);
		unlink(path);
	}
	return rmdir(c->dir);
}

/** An opened core. */
struct machine {
	struct vmcore *vc;
	struct vmcore_reader *r;
	struct kernel *k;
};

/** Open a core by its path; the test fails if that does not work. */
static inline void machine_open_path(struct machine *m, const char *path)
{
	struct vmcore_options opt = { .no_mmap = false };

	if (vmcore_open(&m->vc, path, &opt))
		fail_msg("%s", err_text(-EINVAL));
	assert_int_equal(vmcore_reader_create(&m->r, m->vc), 0);
	assert_int_equal(kernel_open(&m->k, m->vc, NULL, NULL), 0);
}

/** Open one of the cores. Only one machine can be open at a time. */
static inline void machine_open(struct machine *m, const struct cores *c, const char *name)
{
	char path[PATH_MAX];

	cores_path(c, name, path);
	machine_open_path(m, path);
}

static inline void machine_close(struct machine *m)
{
	kernel_close(m->k);
	vmcore_reader_destroy(m->r);
	vmcore_close(m->vc);
	*m = (struct machine){ 0 };
}

#endif
