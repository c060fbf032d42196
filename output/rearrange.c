// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/rearrange.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/zero.h"
#include "output/sink.h"
#include "vmcore/flattened.h"

/* Bytes of the stream that are looked at together. */
#define BUFFER_SIZE ((size_t)1 << 20)
/* Holes are made of whole blocks of this size, at multiples of it. */
#define BLOCK_SIZE ((size_t)4096)

/* The stream, as far as it was read. */
struct stream {
	int fd;
	unsigned char *buf;		/* BUFFER_SIZE bytes */
	size_t start, end;		/* what is in the buffer and was not taken */
	uint64_t pos;			/* of buf[start] in the stream */
};

/* The inner file. */
struct inner {
	struct sink *sink;
	uint64_t written;		/* nothing was written from there on */
	uint64_t size;
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

static void take(struct stream *s, size_t len)
{
	s->start += len;
	s->pos += len;
	if (s->start == s->end)
		s->start = s->end = 0;
}

static int put(struct inner *in, const unsigned char *buf, size_t len, uint64_t off)
{
	int err = sink_pwrite(in->sink, buf, len, off);

	if (!err && len)
		in->written = max_u64(in->written, off + len);
	return err;
}

/* Write what is behind all that was written: the zeros are left out. */
static int put_sparsely(struct inner *in, const unsigned char *buf, size_t len, uint64_t off)
{
	size_t done = 0, kept = 0;	/* [done, kept) is to be written */
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
	return err_set(-EBADMSG, "the flattened stream has no end record: it is cut short at offset %"
		       PRIu64, s->pos + (s->end - s->start));
}

/* Write the data of one record. */
static int copy_record(struct stream *s, struct inner *in, uint64_t off, uint64_t len)
{
	while (len) {
		/* What is there is written before more is waited for. */
		int err = fill(s, 1);
		size_t n = min_u64(s->end - s->start, len);

		if (!err && !n)
			err = cut_short(s);
		if (!err)
			err = put_piece(in, s->buf + s->start, n, off);
		if (err)
			return err;
		take(s, n);
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
		take(s, FLAT_RECORD_SIZE);
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
	take(s, FLAT_HEADER_SIZE);
	return err;
}

/* A hole at the end of the file is none unless something is behind it. */
static int put_end(struct inner *in)
{
	return in->size > in->written ? put(in, (const unsigned char *)"", 1, in->size - 1) : 0;
}

int rearrange(int fd, const char *path, bool force)
{
	_cleanup_free_ unsigned char *buf = malloc(BUFFER_SIZE);
	struct stream s = { .fd = fd, .buf = buf };
	struct inner in = { 0 };
	int err;

	if (!buf)
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
		err = put_end(&in);
	if (!err)
		err = sink_finish(in.sink);
	if (err)
		err_prefix(err, "%s is incomplete", path);
	sink_close(in.sink);
	return err;
}
