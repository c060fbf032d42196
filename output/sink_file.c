// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/new_file.h"

struct sink_file {
	struct sink sink;
	int fd;
};

static int file_pwrite(struct sink *s, const void *buf, size_t len, uint64_t off)
{
	struct sink_file *f = (struct sink_file *)s;
	size_t written;
	int err = sink_check_limit(s, off + len, off, len);

	if (err)
		return err;
	err = fd_pwrite(f->fd, buf, len, off, &written);
	return err ? sink_write_error(s, err, off, len, written) : 0;
}

static void file_reserve(struct sink *s, uint64_t off, uint64_t len)
{
	struct sink_file *f = (struct sink_file *)s;

	/*
	 * Not posix_fallocate(), which would write zeros where the file system
	 * cannot do it; and the file's size is left to the writes.
	 */
	(void)fallocate(f->fd, FALLOC_FL_KEEP_SIZE, off, len);
}

static int file_sync(struct sink *s)
{
	return sink_sync_fd(s, ((struct sink_file *)s)->fd);
}

static int file_restart(struct sink *s)
{
	struct sink_file *f = (struct sink_file *)s;
	struct stat st;

	/* A device has its size. */
	if (fstat(f->fd, &st) || !S_ISREG(st.st_mode) || !ftruncate(f->fd, 0))
		return 0;
	return err_errno(-errno, "cannot make %s empty", s->path);
}

static void file_close(struct sink *s)
{
	close(((struct sink_file *)s)->fd);
	free(s);
}

static const struct sink_ops file_ops = {
	.name = "file",
	.pwrite = file_pwrite,
	.reserve = file_reserve,
	.sync = file_sync,
	.finish = file_sync,
	.restart = file_restart,
	.close = file_close,
};

int sink_file_create(struct sink **ret, const char *path, bool force)
{
	_cleanup_free_ struct sink_file *f = calloc(1, sizeof(*f));

	if (!f)
		return err_set(-ENOMEM, "no memory to write %s", path);
	f->sink.ops = &file_ops;
	f->sink.path = path;
	f->fd = new_file_create(path, force);
	if (f->fd < 0)
		return f->fd;
	*ret = &take_ptr(f)->sink;
	return 0;
}
