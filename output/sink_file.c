// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/output_file.h"

/* Zeros are written in pieces of this many bytes. */
#define ZEROS_SIZE ((size_t)64 << 10)
/* Bytes after which they begin to go to the disk, so that dirty pages do not pile up. */
#define PUSH_SIZE ((uint64_t)4 << 20)
/* Holes are made of whole blocks of this size. */
#define BLOCK_SIZE ((uint64_t)4096)
/* The most bytes of a disk that are left to others. */
#define RESERVE_MAX (UINT64_C(1) << 30)

struct sink_file {
	struct sink sink;
	int fd;
	/*
	 * O_TRUNC did not empty it: a device, or a file system that cannot do so. Bytes that the
	 * dump does not write would be those of what was there before.
	 */
	bool stale;
	uint64_t end;	 /* nothing was written from there on */
	uint64_t pushed; /* bytes before this offset are on their way to the disk */
};

/* Make [off, off + len) zeros that take room on the disk. */
static int write_zeros(struct sink_file *f, uint64_t off, uint64_t len)
{
	_cleanup_free_ uint8_t *zeros = calloc(1, ZEROS_SIZE);
	size_t written;
	int err = 0;

	if (!zeros)
		return -ENOMEM;
	while (!err && len) {
		err = fd_pwrite(f->fd, zeros, min_u64(len, ZEROS_SIZE), off, &written);
		off += written;
		len -= written;
	}
	return err;
}

/* Have zeros in [start, end), which the dump leaves out. */
static int clear_gap(struct sink_file *f, uint64_t start, uint64_t end)
{
	uint64_t from = div_round_up(start, BLOCK_SIZE) * BLOCK_SIZE;
	uint64_t to = end / BLOCK_SIZE * BLOCK_SIZE;
	int err;

	/* Whole blocks take no time on a device that can forget them. */
	if (from >= to ||
	    fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from))
		from = to = end;
	err = write_zeros(f, start, from - start);
	return err ? err : write_zeros(f, to, end - to);
}

/* Begin to write back what was appended. It is only a hint: pipes and some devices cannot. */
static void push(struct sink_file *f)
{
	if (f->end < f->pushed + PUSH_SIZE)
		return;
	(void)sync_file_range(f->fd, f->pushed, f->end - f->pushed, SYNC_FILE_RANGE_WRITE);
	f->pushed = f->end;
}

static int file_pread(struct sink *s, void *buf, size_t len, uint64_t off)
{
	struct sink_file *f = (struct sink_file *)s;
	ssize_t n = off < f->end ? fd_pread(f->fd, buf, min_u64(len, f->end - off), off) : 0;

	return n < 0 ? err_errno(n, "cannot read back %zu bytes at offset %" PRIu64 " of %s", len,
				 off, s->path) :
		       0;
}

static int file_pwrite(struct sink *s, const void *buf, size_t len, uint64_t off)
{
	struct sink_file *f = (struct sink_file *)s;
	uint64_t gap = f->end;
	size_t written;
	int gap_err = 0, err = sink_check_limit(s, off + len, off, len);

	if (err)
		return err;
	err = fd_pwrite(f->fd, buf, len, off, &written);
	if (written)
		f->end = max_u64(gap, off + written);
	if (written && f->stale && gap < off)
		gap_err = clear_gap(f, gap, off);
	push(f);
	if (!err && gap_err)
		return err_errno(gap_err, "cannot write zeros before offset %" PRIu64 " of %s", off,
				 s->path);
	return err ? sink_write_error(s, err, off, len, written) : 0;
}

static void file_reserve(struct sink *s, uint64_t off, uint64_t len, size_t piece)
{
	struct sink_file *f = (struct sink_file *)s;
	uint64_t end = s->limit ? min_u64(off + len, s->limit) : off + len;
	uint64_t start = f->stale ? f->end : max_u64(off, f->end);
	int err;

	(void)piece;
	/* The file's size is left to the writes. */
	do {
		err = fallocate(f->fd, FALLOC_FL_KEEP_SIZE, off, len) ? -errno : 0;
	} while (err == -EINTR);
	/* There is no room; else the file system, or the device, cannot do it. */
	if (err == -ENOSPC || err == -EDQUOT || err == -EFBIG)
		return;
	if ((err || f->stale) && start < end && !write_zeros(f, start, end - start))
		f->end = end;
}

static uint64_t file_room(const struct sink *s)
{
	const struct sink_file *f = (const struct sink_file *)s;
	uint64_t free_bytes, reserve;
	struct statvfs fs;
	struct stat st;

	if (fstat(f->fd, &st) || !S_ISREG(st.st_mode) || fstatvfs(f->fd, &fs))
		return 0;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	reserve = min_u64((uint64_t)fs.f_blocks * fs.f_frsize / 20, RESERVE_MAX);
	/* 0 would be any. */
	return max_u64(f->end + (free_bytes > reserve ? free_bytes - reserve : 0), 1);
}

static int file_sync(struct sink *s)
{
	return sink_sync_fd(s, ((struct sink_file *)s)->fd);
}

/* Find out what the file is now that it should be empty. */
static int look_at_target(struct sink_file *f)
{
	struct stat st;

	f->end = f->pushed = 0;
	if (fstat(f->fd, &st))
		return err_errno(-errno, "cannot tell what %s is", f->sink.path);
	f->stale = S_ISBLK(st.st_mode) || (S_ISREG(st.st_mode) && st.st_size);
	return 0;
}

static int file_restart(struct sink *s)
{
	struct sink_file *f = (struct sink_file *)s;

	/* A device has its size, which is not an error: its old bytes become zeros. */
	if (ftruncate(f->fd, 0) && errno != EINVAL)
		return err_errno(-errno, "cannot make %s empty", s->path);
	return look_at_target(f);
}

static void file_close(struct sink *s)
{
	close(((struct sink_file *)s)->fd);
	free(s);
}

static const struct sink_ops file_ops = {
	.name = "file",
	.pwrite = file_pwrite,
	.pread = file_pread,
	.reserve = file_reserve,
	.room = file_room,
	.sync = file_sync,
	.finish = file_sync,
	.restart = file_restart,
	.close = file_close,
};

int sink_file_create(struct sink **ret, const char *path, bool force)
{
	_cleanup_free_ struct sink_file *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return err_set(-ENOMEM, "no memory to write %s", path);
	f->sink.ops = &file_ops;
	f->sink.path = path;
	f->fd = output_file_create(path, force);
	if (f->fd < 0)
		return f->fd;
	err = look_at_target(f);
	if (err) {
		close(f->fd);
		return err;
	}
	*ret = &take_ptr(f)->sink;
	return 0;
}
