// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "checked.h"
#include "err.h"
#include "unpack.h"

static int gzip_create(void **state, uint64_t memory)
{
	z_stream *z = calloc(1, sizeof(*z));

	(void)memory;
	/* 16: the header is that of gzip. */
	if (z && inflateInit2(z, 16 + MAX_WBITS) == Z_OK) {
		*state = z;
		return 0;
	}
	free(z);
	return err_set(-ENOMEM, "no memory for zlib");
}

static void gzip_destroy(void *state)
{
	inflateEnd(state);
	free(state);
}

static int gzip_run(void *state, struct unpack_io *io)
{
	z_stream *z = state;
	uInt in = min_u64(io->in_left, UINT_MAX), out = min_u64(io->out_left, UINT_MAX);
	int rc;

	z->next_in = (Bytef *)io->in;
	z->avail_in = in;
	z->next_out = io->out;
	z->avail_out = out;
	rc = inflate(z, Z_NO_FLUSH);
	io->in += in - z->avail_in;
	io->in_left -= in - z->avail_in;
	io->out += out - z->avail_out;
	io->out_left -= out - z->avail_out;
	if (rc == Z_OK || rc == Z_BUF_ERROR)
		return 0;
	if (rc == Z_STREAM_END)
		return UNPACK_END;
	return rc == Z_MEM_ERROR ? err_set(-ENOMEM, "no memory for zlib") :
				   err_set(-EBADMSG, "%s", z->msg ? z->msg : "invalid data");
}

const struct unpack_ops unpack_gzip_ops = {
	.library = "zlib",
	.version = zlibVersion,
	.create = gzip_create,
	.destroy = gzip_destroy,
	.run = gzip_run,
};
