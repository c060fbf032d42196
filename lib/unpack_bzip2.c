// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef HAVE_BZIP2
#include <bzlib.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "checked.h"
#include "err.h"
#include "library.h"
#include "unpack.h"

#define FUNCTIONS(F) \
	F(BZ2_bzDecompress) \
	F(BZ2_bzDecompressEnd) \
	F(BZ2_bzDecompressInit) \
	F(BZ2_bzlibVersion)
/* Its own name, as Debian and Arch have it, and that of Fedora, openSUSE and Alpine. */
LIBRARY(HAVE_BZIP2, bzip2, FUNCTIONS, "dumps in files of bzip2 as input", "libbz2.so.1.0",
	"libbz2.so.1")

struct bzip2_state {
	struct bzip2 lib;
	bz_stream stream;
};

static int bzip2_create(void **state, uint64_t memory)
{
	struct bzip2_state *bzip2 = calloc(1, sizeof(*bzip2));
	int err = bzip2 ? bzip2_load(&bzip2->lib) : err_set(-ENOMEM, "no memory for libbz2");

	(void)memory;
	if (!err && bzip2->lib.BZ2_bzDecompressInit(&bzip2->stream, 0, 0) != BZ_OK)
		err = err_set(-ENOMEM, "no memory for libbz2");
	if (err) {
		free(bzip2);
		return err;
	}
	*state = bzip2;
	return 0;
}

static void bzip2_destroy(void *state)
{
	struct bzip2_state *bzip2 = state;

	bzip2->lib.BZ2_bzDecompressEnd(&bzip2->stream);
	free(bzip2);
}

static int bzip2_run(void *state, struct unpack_io *io)
{
	struct bzip2_state *bzip2 = state;
	bz_stream *b = &bzip2->stream;
	unsigned int in = min_u64(io->in_left, UINT_MAX), out = min_u64(io->out_left, UINT_MAX);
	int rc;

	b->next_in = (char *)io->in;
	b->avail_in = in;
	b->next_out = (char *)io->out;
	b->avail_out = out;
	rc = bzip2->lib.BZ2_bzDecompress(b);
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

static const char *bzip2_version(void)
{
	struct bzip2 lib;

	return bzip2_load(&lib) ? NULL : lib.BZ2_bzlibVersion();
}

const struct unpack_ops unpack_bzip2_ops = {
	.library = "libbz2",
	.version = bzip2_version,
	.available = bzip2_available,
	.create = bzip2_create,
	.destroy = bzip2_destroy,
	.run = bzip2_run,
};
#endif
