// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef HAVE_BZIP2
#include <bzlib.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "checked.h"
#include "err.h"
#include "unpack.h"

static int bzip2_create(void **state)
{
	bz_stream *b = calloc(1, sizeof(*b));

	if (b && BZ2_bzDecompressInit(b, 0, 0) == BZ_OK) {
		*state = b;
		return 0;
	}
	free(b);
	return err_set(-ENOMEM, "no memory for libbz2");
}

static void bzip2_destroy(void *state)
{
	BZ2_bzDecompressEnd(state);
	free(state);
}

static int bzip2_run(void *state, struct unpack_io *io)
{
	bz_stream *b = state;
	unsigned int in = min_u64(io->in_left, UINT_MAX), out = min_u64(io->out_left, UINT_MAX);
	int rc;

	b->next_in = (char *)io->in;
	b->avail_in = in;
	b->next_out = (char *)io->out;
	b->avail_out = out;
	rc = BZ2_bzDecompress(b);
	io->in += in - b->avail_in;
	io->in_left -= in - b->avail_in;
	io->out += out - b->avail_out;
	io->out_left -= out - b->avail_out;
	if (rc == BZ_OK)
		return 0;
	if (rc == BZ_STREAM_END)
		return UNPACK_END;
	return rc == BZ_MEM_ERROR ? err_set(-ENOMEM, "no memory for libbz2") :
				    err_set(-EBADMSG, "invalid data");
}

const struct unpack_ops unpack_bzip2_ops = {
	.library = "libbz2",
	.version = BZ2_bzlibVersion,
	.create = bzip2_create,
	.destroy = bzip2_destroy,
	.run = bzip2_run,
};
#endif
