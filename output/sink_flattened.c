// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/types.h"
#include "vmcore/flattened.h"

struct sink_flattened {
	struct sink sink;
	int fd;
	int err;       /* a record failed for this reason, so there is no end record */
	bool broken;   /* half a record is in the stream: none can follow it */
	uint64_t sent; /* bytes of the stream */
	struct kept {  /* room within the limit for ranges that are to come */
		uint64_t off, len, left;
		size_t piece;
	} kept[2]; /* the last two that were asked for; piece: of the smallest record */
};

/* Write head and data one after the other; *written counts both. */
static int write_both(int fd, const void *head, size_t head_len, const void *data, size_t data_len,
		      size_t *written)
{
	struct iovec iov[2] = {
		{ .iov_base = (void *)head, .iov_len = head_len },
		{ .iov_base = (void *)data, .iov_len = data_len },
	};
	struct iovec *v = iov;

	*written = 0;
	while (*written < head_len + data_len) {
		ssize_t n = writev(fd, v, iov + 2 - v);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			/* Whoever shares the pipe with us made it non-blocking. */
			poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
			continue;
		}
		if (n <= 0)
			return n ? -errno : -EIO;
		*written += n;
		if (v == iov && (size_t)n >= v->iov_len) {
			n -= v->iov_len;
			v++;
		}
		if (n) {
			v->iov_base = (char *)v->iov_base + n;
			v->iov_len -= n;
		}
	}
	return 0;
}

static int cut_short(const struct sink_flattened *f)
{
	return err_errno(f->err, "%s is cut short by an earlier error", f->sink.path);
}

/* Remove the last len bytes of the stream, if it is the end of a regular file. */
static bool take_back(const struct sink_flattened *f, size_t len)
{
	off_t end = lseek(f->fd, 0, SEEK_CUR);
	struct stat st;

	return end >= (off_t)len && !fstat(f->fd, &st) && S_ISREG(st.st_mode) &&
	       st.st_size == end && lseek(f->fd, end - len, SEEK_SET) >= 0 &&
	       !ftruncate(f->fd, end - len);
}

/*
 * A record failed after some of its bytes. In a file others can still follow, such as one that
 * marks the dump as incomplete.
 */
static void drop_record(struct sink_flattened *f, int err, size_t written)
{
	f->err = err;
	if (written && !take_back(f, written)) {
		f->broken = true;
		f->sent += written;
	}
}

/* The range that a record belongs to; NULL: none. */
static struct kept *kept_for(struct sink_flattened *f, uint64_t off, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(f->kept); i++) {
		struct kept *k = &f->kept[i];

		if (k->left && off >= k->off && range_fits(off - k->off, len, k->len))
			return k;
	}
	return NULL;
}

/* Bytes of the stream for the last bytes of a range. */
static uint64_t kept_bytes(const struct kept *k, uint64_t left)
{
	return left ? left + div_round_up(left, k->piece) * FLAT_RECORD_SIZE : 0;
}

static int flattened_pwrite(struct sink *s, const void *buf, size_t len, uint64_t off)
{
	struct sink_flattened *f = (struct sink_flattened *)s;
	unsigned char head[FLAT_RECORD_SIZE];
	size_t written, size = sizeof(head) + len;
	struct kept *k = kept_for(f, off, len);
	uint64_t left = k ? k->left - min_u64(k->left, len) : 0;
	uint64_t end = f->sent + size + s->waiting * FLAT_RECORD_SIZE;
	int err = f->broken ? cut_short(f) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(f->kept); i++)
		end += kept_bytes(&f->kept[i], &f->kept[i] == k ? left : f->kept[i].left);
	if (!err)
		err = sink_check_limit(s, end + FLAT_RECORD_SIZE, off, len);
	if (err)
		return err;
	flat_encode_record(head, off, len);
	err = write_both(f->fd, head, sizeof(head), buf, len, &written);
	if (!err) {
		f->sent += written;
		if (k)
			k->left = left;
		return 0;
	}
	drop_record(f, err, written);
	written = written > sizeof(head) ? written - sizeof(head) : 0;
	return sink_write_error(s, err, off, len, written);
}

static void flattened_reserve(struct sink *s, uint64_t off, uint64_t len, size_t piece)
{
	struct sink_flattened *f = (struct sink_flattened *)s;

	f->kept[0] = f->kept[1];
	f->kept[1] = (struct kept){ .off = off, .len = len, .left = len, .piece = piece };
}

static int flattened_sync(struct sink *s)
{
	struct sink_flattened *f = (struct sink_flattened *)s;

	return f->broken ? cut_short(f) : sink_sync_fd(s, f->fd);
}

static int flattened_finish(struct sink *s)
{
	struct sink_flattened *f = (struct sink_flattened *)s;
	unsigned char end[FLAT_RECORD_SIZE];
	size_t written;
	int err;

	if (f->err)
		return cut_short(f);
	flat_encode_record(end, -1, -1);
	err = write_both(f->fd, end, sizeof(end), NULL, 0, &written);
	if (err) {
		drop_record(f, err, written);
		return err_errno(err, "cannot write the end record of %s", s->path);
	}
	err = sink_sync_fd(s, f->fd);
	if (!err)
		return 0;
	drop_record(f, err, written);
	return f->broken ? err_prefix(err, "the stream ends as a complete one does") : err;
}

static void flattened_close(struct sink *s)
{
	free(s);
}

static const struct sink_ops flattened_ops = {
	.name = "flattened",
	.pwrite = flattened_pwrite,
	.reserve = flattened_reserve,
	.sync = flattened_sync,
	.finish = flattened_finish,
	.close = flattened_close,
};

int sink_flattened_create(struct sink **ret, int fd, const char *path)
{
	_cleanup_free_ struct sink_flattened *f = calloc(1, sizeof(*f));
	unsigned char header[FLAT_HEADER_SIZE];
	size_t written;
	int err;

	if (!f)
		return err_set(-ENOMEM, "no memory to write %s", path);
	f->sink.ops = &flattened_ops;
	f->sink.path = path;
	f->sink.once = true;
	f->fd = fd;
	f->sent = sizeof(header);
	flat_encode_header(header);
	err = write_both(fd, header, sizeof(header), NULL, 0, &written);
	if (err)
		return err_errno(err, "cannot write the header of %s", path);
	*ret = &take_ptr(f)->sink;
	return 0;
}
