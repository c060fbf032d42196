// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/dump_dmesg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/kernel_vmem.h"
#include "kernel/printk/printk.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/output_file.h"
#include "lib/size_text.h"

#define BUFFER 65536u

/* The output of the text. A file is created when there is something to put in it. */
struct log_file {
	const char *path; /* NULL: standard output */
	bool force;
	int fd;	       /* -1: not yet created */
	int err;       /* it cannot be written */
	uint64_t left; /* bytes that it may still get */
	uint64_t limit;
	size_t len;
	char *buf;
};

static const char *name_of(const struct log_file *f)
{
	return f->path ? f->path : "standard output";
}

static int refuse_more(const struct log_file *f)
{
	char text[SIZE_TEXT_MAX];

	return err_set(-EFBIG, "%s is cut: the limit of -L (%s) was reached", name_of(f),
		       size_text(text, f->limit));
}

static int flush(struct log_file *f)
{
	if (!f->err && f->fd < 0) {
		f->fd = f->path ? output_file_create(f->path, f->force) : dup(STDOUT_FILENO);
		if (f->fd < 0 && !f->path)
			f->fd = err_errno(-errno, "cannot write to %s", name_of(f));
		f->err = f->fd < 0 ? f->fd : 0;
	}
	if (!f->err) {
		size_t len = min_u64(f->len, f->left);

		f->err = fd_write(f->fd, f->buf, len, NULL);
		if (f->err)
			err_errno(f->err, "cannot write to %s", name_of(f));
		else if (len < f->len)
			f->err = refuse_more(f);
		f->left -= len;
	}
	f->len = 0;
	return f->err;
}

static int put(void *ctx, const char *s, size_t len)
{
	struct log_file *f = ctx;

	while (len) {
		size_t n = min_u64(len, BUFFER - f->len);
		int err;

		memcpy(f->buf + f->len, s, n);
		f->len += n;
		s += n;
		len -= n;
		err = f->len == BUFFER ? flush(f) : 0;
		if (err)
			return err;
	}
	return 0;
}

static int write_record(void *ctx, const struct printk_record *rec)
{
	return printk_format(rec, put, ctx);
}

/* Write what is left. A log in which nothing is left is one, too. */
static int finish(struct log_file *f, int err)
{
	int flush_err = 0;

	if (!err || f->len)
		flush_err = flush(f);
	if (f->fd >= 0 && close(f->fd) && !flush_err)
		flush_err = err_errno(-errno, "cannot write to %s", name_of(f));
	return flush_err ? flush_err : err;
}

/* Describe the damage of a log that was written as far as it is readable. */
static int check_whole(const struct printk_stats *stats)
{
	DEBUG_MSG("%" PRIu64 " messages\n", stats->records);
	if (!stats->why[0])
		return 0;
	if (!stats->lost)
		return err_set(-EBADMSG, "the log may be incomplete: %s", stats->why);
	return err_set(-EBADMSG,
		       "the log is incomplete, at least %" PRIu64 " message%s missing: %s",
		       stats->lost, stats->lost == 1 ? " is" : "s are", stats->why);
}

bool dmesg_is_whole(const struct kernel *k, bool partial)
{
	struct printk_stats stats = { 0 };
	struct kernel_vmem view;
	int err = kernel_vmem_init(&view, k);

	if (!err)
		err = printk_for_each(&view.mem, partial, NULL, NULL, &stats);
	kernel_vmem_deinit(&view);
	return !err && !stats.why[0];
}

int dump_dmesg(const struct kernel *k, const char *path, bool force, bool partial, uint64_t limit)
{
	_cleanup_free_ char *buf = malloc(BUFFER);
	struct log_file f = {
		.path = path,
		.force = force,
		.fd = -1,
		.buf = buf,
		.limit = limit,
		.left = limit ? limit : UINT64_MAX,
	};
	struct printk_stats stats = { 0 };
	struct kernel_vmem view;
	int err = 0;

	if (!buf)
		return err_set(-ENOMEM, "no memory to read the log");
	if (k->translation_err)
		return err_set(k->translation_err, "addresses cannot be translated: %s",
			       k->translation_why);
	err = kernel_vmem_init(&view, k);
	if (!err)
		err = printk_for_each(&view.mem, partial, write_record, &f, &stats);
	kernel_vmem_deinit(&view);
	err = finish(&f, err);
	return err ? err : check_whole(&stats);
}
