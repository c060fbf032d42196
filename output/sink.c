// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/err.h"
#include "lib/size_text.h"
#include "vmcore/flattened.h"

int sink_pwrite(struct sink *s, const void *buf, size_t len, uint64_t off)
{
	int err;

	if (!range_fits(off, len, INT64_MAX))
		return sink_write_error(s, -EFBIG, off, len, 0);
	if (!len)
		return 0;
	err = s->ops->pwrite(s, buf, len, off);
	if (err) {
		s->refused += len;
		return err;
	}
	s->written += len;
	s->end = max_u64(s->end, off + len);
	s->nr_writes++;
	return 0;
}

uint64_t sink_size(const struct sink *s)
{
	/* A record for each write, and the one at the end. */
	return s->once ? FLAT_HEADER_SIZE + s->written + (s->nr_writes + 1) * FLAT_RECORD_SIZE :
			 s->end;
}

int sink_pread(struct sink *s, void *buf, size_t len, uint64_t off)
{
	memset(buf, 0, len);
	return s->ops->pread ? s->ops->pread(s, buf, len, off) : 0;
}

void sink_reserve(struct sink *s, uint64_t off, uint64_t len, size_t piece)
{
	if (s->ops->reserve && len && range_fits(off, len, INT64_MAX))
		s->ops->reserve(s, off, len, piece);
}

uint64_t sink_room(const struct sink *s)
{
	uint64_t room = s->ops->room ? s->ops->room(s) : 0;

	return !room || (s->limit && s->limit < room) ? s->limit : room;
}

int sink_sync(struct sink *s)
{
	return s->ops->sync ? s->ops->sync(s) : 0;
}

int sink_finish(struct sink *s)
{
	return s->ops->finish ? s->ops->finish(s) : 0;
}

int sink_restart(struct sink *s)
{
	int err;

	if (!s->ops->restart)
		return err_set(-ENOTSUP, "what was written to %s cannot be taken back", s->path);
	err = s->ops->restart(s);
	s->written = s->refused = s->end = s->nr_writes = 0;
	return err;
}

void sink_close(struct sink *s)
{
	if (s)
		s->ops->close(s);
}

int sink_check_limit(const struct sink *s, uint64_t end, uint64_t off, size_t len)
{
	char limit[SIZE_TEXT_MAX];

	if (!s->limit || end <= s->limit)
		return 0;
	return err_set(-EFBIG,
		       "cannot write %zu bytes at offset %" PRIu64 " of %s: the limit of "
		       "-L (%s) was reached",
		       len, off, s->path, size_text(limit, s->limit));
}

int sink_write_error(const struct sink *s, int err, uint64_t off, size_t len, size_t written)
{
	return err_errno(err,
			 "cannot write %zu bytes at offset %" PRIu64 " of %s (%zu were written)",
			 len, off, s->path, written);
}

int sink_sync_fd(const struct sink *s, int fd)
{
	int err;

	do {
		err = fdatasync(fd) ? -errno : 0;
	} while (err == -EINTR);
	if (!err || err == -EINVAL || err == -ENOTSUP || err == -EROFS)
		return 0;
	return err_errno(err, "cannot flush %s to the disk", s->path);
}
