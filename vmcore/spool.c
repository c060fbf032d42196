// SPDX-License-Identifier: GPL-2.0-or-later
#include "spool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/nameless_file.h"
#include "lib/progress.h"
#include "lib/stop.h"
#include "lib/unpack.h"
#include "lib/zero.h"

/* Bytes that are read and written at once. */
#define IN_SIZE ((size_t)256 << 10)
#define OUT_SIZE ((size_t)1 << 20)
/* The unit of holes. */
#define BLOCK ((size_t)4096)

struct unpacking {
	const struct unpack_format *format;
	const struct spool *spool;
	uint64_t memory; /* as unpack_memory() */
	int from, to;
	uint8_t *in;	  /* IN_SIZE bytes */
	uint64_t in_off;  /* bytes that were read */
	uint8_t *out;	  /* OUT_SIZE bytes */
	uint64_t out_off; /* bytes of the contents before those in out */
	struct unpack_io io;
	struct progress progress;
	char damage[100]; /* the reason why the contents end early; or "" */
};

/* Note that the file is damaged or cut short. */
static void note_damage(struct unpacking *u, int err)
{
	snprintf(u->damage, sizeof(u->damage), "its %s data are damaged: %s", u->format->name,
		 err_text(err));
}

/* Write what is in the buffer, except zeros. */
static int flush(struct unpacking *u)
{
	size_t len = u->io.out - u->out, end;

	for (size_t pos = 0; pos < len; pos = end) {
		bool zero = all_zero(u->out + pos, min_u64(BLOCK, len - pos));
		int err;

		for (end = pos; end < len; end += min_u64(BLOCK, len - end))
			if (all_zero(u->out + end, min_u64(BLOCK, len - end)) != zero)
				break;
		err = zero ? 0 : fd_pwrite(u->to, u->out + pos, end - pos, u->out_off + pos, NULL);
		if (err)
			return err_errno(err,
					 "cannot decompress it to a file in %s, after %" PRIu64
					 " bytes: give --work-dir a directory with more room",
					 u->spool->dir, u->out_off + pos);
	}
	u->out_off += len;
	u->io.out = u->out;
	u->io.out_left = OUT_SIZE;
	progress_update(&u->progress, u->in_off - u->io.in_left);
	return stop_check(u->spool->deadline);
}

/* Fill the input buffer after what is left in it. @return 1; 0: there is no more; -ECANCELED */
static int fill(struct unpacking *u)
{
	int err = stop_check(u->spool->deadline);
	ssize_t n;

	if (err)
		return err;
	memmove(u->in, u->io.in, u->io.in_left);
	u->io.in = u->in;
	n = fd_pread(u->from, u->in + u->io.in_left, IN_SIZE - u->io.in_left, u->in_off);
	if (n < 0)
		note_damage(u, err_errno(n, "cannot be read at offset %" PRIu64, u->in_off));
	if (n <= 0)
		return 0;
	u->io.in_left += n;
	u->in_off += n;
	return 1;
}

/* Decompress one stream. @return 0 or -errno; also 0 if it is damaged */
static int unpack_stream(struct unpacking *u, void *state)
{
	int ret = 0;

	while (!ret) {
		size_t in_left = u->io.in_left, out_left = u->io.out_left;

		ret = u->format->ops->run(state, &u->io);
		if (ret == -EBADMSG) {
			note_damage(u, ret);
			return 0;
		}
		if (!ret && !u->io.out_left) {
			ret = flush(u);
		} else if (!ret && (!u->io.in_left || in_left == u->io.in_left) &&
			   out_left == u->io.out_left) {
			ret = fill(u);
			if (!ret && !u->damage[0])
				note_damage(u, err_set(-EBADMSG, "they are cut short"));
			if (ret <= 0)
				return ret;
			ret = 0;
		}
	}
	return ret == UNPACK_END ? 0 : ret;
}

/*
 * Find out whether another stream follows. Zeros before it or at the end are no damage.
 * @return 1; 0; -ECANCELED
 */
static int next_stream(struct unpacking *u)
{
	const struct unpack_format *next;
	int more;

	do {
		while (u->io.in_left && !*u->io.in) {
			u->io.in++;
			u->io.in_left--;
		}
		more = u->io.in_left < UNPACK_MAGIC_MAX ? fill(u) : 0;
	} while (more > 0 && !*u->io.in);
	if (more < 0)
		return more;
	if (u->damage[0] || !u->io.in_left)
		return 0;
	next = unpack_find(u->io.in, u->io.in_left);
	if (next && next->ops == u->format->ops)
		return 1;
	note_damage(u, err_set(-EBADMSG, "something else follows at offset %" PRIu64,
			       u->in_off - u->io.in_left));
	return 0;
}

static int unpack_streams(struct unpacking *u)
{
	int ret;

	u->io.in = u->in;
	u->io.out = u->out;
	u->io.out_left = OUT_SIZE;
	while ((ret = next_stream(u)) > 0) {
		void *state;

		ret = u->format->ops->create(&state, u->memory);
		if (ret)
			break;
		ret = unpack_stream(u, state);
		u->format->ops->destroy(state);
		if (ret)
			break;
	}
	return ret;
}

/* Decompress to a new file, which takes the place of the old one. */
static int unpack(struct unpacking *u, int *fd)
{
	int err = unpack_streams(u);

	if (!err)
		err = flush(u);
	if (!err && u->damage[0] && !u->out_off)
		err = err_set(-EBADMSG, "%s", u->damage);
	if (!err && ftruncate(u->to, u->out_off))
		err = err_errno(-errno, "cannot decompress it to a file in %s", u->spool->dir);
	if (err)
		return err;
	close(*fd);
	*fd = u->to;
	u->to = -1;
	return 0;
}

/* The way out for a file that cannot be decompressed here. */
static int refuse(const struct unpack_format *format, const struct spool *spool)
{
	if (format->ops && !unpack_supported(format))
		return err_set(-ENOTSUP,
			       "it is compressed with %s, and %s cannot be loaded: write it to a "
			       "file with %s first",
			       format->name, format->ops->library, format->tool);
	if (format->ops && !spool)
		return err_set(-ENOTSUP,
			       "it is compressed with %s: write it to a file with %s first",
			       format->name, format->tool);
	if (format->ops)
		return err_set(
			-ENOTSUP,
			"it is compressed with %s: give --work-dir a directory with room for "
			"its contents, or write it to a file with %s first",
			format->name, format->tool);
	return err_set(-ENOTSUP,
		       "it is compressed with %s, which this build does not decompress: write it "
		       "to a file with %s first",
		       format->name, format->tool);
}

int spool_unpack(int *fd, const char *path, const struct spool *spool, const char **format,
		 char *damage, size_t damage_size)
{
	uint8_t head[UNPACK_MAGIC_MAX];
	ssize_t n = fd_pread(*fd, head, sizeof(head), 0);
	struct unpacking u = { .spool = spool, .from = *fd };
	_cleanup_free_ uint8_t *buf = NULL;
	struct stat st;
	int err;

	u.format = n > 0 ? unpack_find(head, n) : NULL;
	*format = u.format ? u.format->name : NULL;
	damage[0] = '\0';
	if (!u.format)
		return 0;
	if (!unpack_supported(u.format) || !spool || !spool->dir)
		return err_prefix(refuse(u.format, spool), "%s", path);
	buf = malloc(IN_SIZE + OUT_SIZE);
	if (!buf || fstat(*fd, &st))
		return err_set(-ENOMEM, "%s: no memory to decompress it", path);
	u.in = buf;
	u.out = buf + IN_SIZE;
	u.memory = unpack_memory(S_ISREG(st.st_mode) ? (uint64_t)st.st_size : UINT64_MAX);
	u.to = nameless_file_open(spool->dir);
	if (u.to < 0)
		return err_errno(u.to, "%s: cannot make a file for its contents in %s", path,
				 spool->dir);
	progress_begin(&u.progress, "Decompressing", st.st_size);
	err = unpack(&u, fd);
	snprintf(damage, damage_size, "%s", u.damage);
	progress_end(&u.progress, !err);
	if (u.to >= 0)
		close(u.to);
	return err ? err_prefix(err, "%s", path) : 0;
}
