// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/rearrange.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/zero.h"
#include "output/head.h"
#include "output/sink.h"
#include "vmcore/coverage.h"
#include "vmcore/flattened.h"
#include "vmcore/kdump_format.h"

/* Bytes of the stream that are looked at together. */
#define BUFFER_SIZE ((size_t)1 << 20)
/* Holes are made of whole blocks of this size, at multiples of it. */
#define BLOCK_SIZE ((size_t)4096)

/* The stream, as far as it was read. */
struct stream {
	int fd;
	unsigned char *buf; /* BUFFER_SIZE bytes */
	size_t start, end;  /* what is in the buffer and was not taken */
	uint64_t pos;	    /* of buf[start] in the stream */
};

/* The inner file. */
struct inner {
	struct sink *sink;
	uint64_t written; /* nothing was written from there on */
	uint64_t size;
	/* Its beginning, which the file gets with a mark until it is complete. */
	uint8_t head[HEAD_SIZE];
	size_t head_len;
	uint8_t sub[KDUMP_SUB_HEADER_SIZE_MAX];
	struct coverage *covered;
};

/* Read what there is, and wait for something if there is nothing. Returns 0 at the end. */
static ssize_t read_some(const struct stream *s, void *buf, size_t len)
{
	for (;;) {
		ssize_t n = read(s->fd, buf, len);

		if (n >= 0)
			return n;
		if (errno == EAGAIN)
			poll(&(struct pollfd){ .fd = s->fd, .events = POLLIN }, 1, -1);
		else if (errno != EINTR)
			return err_errno(-errno, "cannot read the stream at offset %" PRIu64,
					 s->pos + (s->end - s->start));
	}
}

/*
 * Have at least want bytes in the buffer, or all until the end of the stream. Takes more if
 * it is there, so that the next ones cost nothing.
 */
static int fill(struct stream *s, size_t want)
{
	if (s->start + want > BUFFER_SIZE) {
		memmove(s->buf, s->buf + s->start, s->end - s->start);
		s->end -= s->start;
		s->start = 0;
	}
	while (s->end - s->start < want) {
		ssize_t n = read_some(s, s->buf + s->end, BUFFER_SIZE - s->end);

		if (n <= 0)
			return n;
		s->end += n;
	}
	return 0;
}

static void consume(struct stream *s, size_t len)
{
	s->start += len;
	s->pos += len;
	if (s->start == s->end)
		s->start = s->end = 0;
}

/* Write the beginning of the file, which says that it is incomplete, or what it has to say. */
static int put_head(const struct inner *in, bool complete)
{
	uint8_t head[HEAD_SIZE];

	memcpy(head, in->head, sizeof(head));
	if (!complete)
		head_mark_incomplete(head);
	return sink_pwrite(in->sink, head, in->head_len, 0);
}

/* Remember what the file gets at the place of the sub-header, which follows the header. */
static void keep_sub_header(struct inner *in, const unsigned char *buf, size_t len, uint64_t off)
{
	uint64_t sub = coverage_sub_header(in->head);
	uint64_t start = max_u64(sub, off), end = min_u64(sub + sizeof(in->sub), off + len);

	if (sub && start < end)
		memcpy(in->sub + (start - sub), buf + (start - off), end - start);
}

static int put(struct inner *in, const unsigned char *buf, size_t len, uint64_t off)
{
	size_t n = off < HEAD_SIZE ? min_u64(HEAD_SIZE - off, len) : 0;
	int err = 0;

	if (n) {
		memcpy(in->head + off, buf, n);
		in->head_len = max_u64(in->head_len, off + n);
		err = put_head(in, false);
	}
	keep_sub_header(in, buf, len, off);
	if (!err)
		err = sink_pwrite(in->sink, buf + n, len - n, off + n);
	if (!err && len)
		in->written = max_u64(in->written, off + len);
	return err;
}

/* Write what is after all that was written: the zeros are left out. */
static int put_sparsely(struct inner *in, const unsigned char *buf, size_t len, uint64_t off)
{
	size_t done = 0, kept = 0; /* [done, kept) is to be written */
	int err = 0;

	while (!err && kept < len) {
		size_t n = min_u64(BLOCK_SIZE - (off + kept) % BLOCK_SIZE, len - kept);

		if (n == BLOCK_SIZE && all_zero(buf + kept, n)) {
			err = put(in, buf + done, kept - done, off + done);
			done = kept + n;
		}
		kept += n;
	}
	return err ? err : put(in, buf + done, kept - done, off + done);
}

static int put_piece(struct inner *in, const unsigned char *buf, size_t len, uint64_t off)
{
	size_t again = off < in->written ? min_u64(in->written - off, len) : 0;
	int err = put(in, buf, again, off);

	if (!err)
		err = put_sparsely(in, buf + again, len - again, off + again);
	in->size = max_u64(in->size, off + len);
	return err;
}

static int cut_short(const struct stream *s)
{
	return err_set(-EBADMSG,
		       "the flattened stream has no end record: it is cut short at offset %" PRIu64,
		       s->pos + (s->end - s->start));
}

/* Write the data of one record. */
static int copy_record(struct stream *s, struct inner *in, uint64_t off, uint64_t len)
{
	while (len) {
		/* Write buffered data before blocking in poll(). */
		int err = fill(s, 1);
		size_t n = min_u64(s->end - s->start, len);

		if (!err && !n)
			err = cut_short(s);
		if (!err)
			err = put_piece(in, s->buf + s->start, n, off);
		if (err)
			return err;
		consume(s, n);
		off += n;
		len -= n;
	}
	return 0;
}

static int copy_records(struct stream *s, struct inner *in)
{
	for (;;) {
		uint64_t off, len;
		int ret = fill(s, FLAT_RECORD_SIZE);

		if (!ret && s->end - s->start < FLAT_RECORD_SIZE)
			ret = cut_short(s);
		if (!ret)
			ret = flat_decode_record(s->buf + s->start, s->pos, &off, &len);
		if (ret <= 0)
			return ret;
		consume(s, FLAT_RECORD_SIZE);
		coverage_add_record(in->covered, off, len, s->pos - FLAT_RECORD_SIZE);
		ret = copy_record(s, in, off, len);
		if (ret)
			return ret;
	}
}

static int read_header(struct stream *s)
{
	int err = fill(s, FLAT_HEADER_SIZE);

	if (err)
		return err;
	if (s->end - s->start < FLAT_HEADER_SIZE)
		return err_set(-EBADMSG, "not a flattened stream: it ends after %zu bytes",
			       s->end - s->start);
	err = flat_check_header(s->buf + s->start);
	if (err == -ENOENT)
		return err_set(-EBADMSG, "not a flattened stream: it does not begin with \"%s\"",
			       FLAT_SIGNATURE);
	consume(s, FLAT_HEADER_SIZE);
	return err;
}

/* A hole at the end of the file is none unless something is after it. */
static int put_end(struct inner *in)
{
	return in->size > in->written ? put(in, (const unsigned char *)"", 1, in->size - 1) : 0;
}

/* All is there: put it on the disk, and then say so. */
static int complete(struct inner *in)
{
	int err = put_end(in);

	if (!err)
		err = coverage_check(in->covered, in->head, in->sub, in->size);
	if (!err)
		err = sink_sync(in->sink);
	if (!err)
		err = put_head(in, true);
	return err ? err : sink_finish(in->sink);
}

/* Keep what came, marked as incomplete. Returns the error, whose text stays. */
static int keep_rest(const struct inner *in, int err)
{
	char why[512];

	snprintf(why, sizeof(why), "%s", err_text(err));
	if (put_head(in, false) || sink_sync(in->sink))
		DEBUG_MSG("The file could not be marked as incomplete: %s\n", err_text(-EIO));
	err_adopt(err, why);
	return err_prefix(err, "%s is incomplete", in->sink->path);
}

int rearrange(int fd, const char *path, bool force)
{
	_cleanup_free_ unsigned char *buf = malloc(BUFFER_SIZE);
	_cleanup_free_ struct coverage *covered = calloc(1, sizeof(*covered));
	struct stream s = { .fd = fd, .buf = buf };
	struct inner in = { .covered = covered };
	int err;

	if (!buf || !covered)
		return err_set(-ENOMEM, "no memory to read a flattened stream");
	/* Fewer calls, if it is a pipe and we may. */
	(void)fcntl(fd, F_SETPIPE_SZ, (int)BUFFER_SIZE);
	err = read_header(&s);
	if (!err)
		err = sink_file_create(&in.sink, path, force);
	if (err)
		return err;
	err = copy_records(&s, &in);
	if (!err)
		err = complete(&in);
	if (err)
		err = keep_rest(&in, err);
	sink_close(in.sink);
	return err;
}
