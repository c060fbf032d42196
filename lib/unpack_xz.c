// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef HAVE_LZMA
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>

#include "err.h"
#include "library.h"
#include "unpack.h"

#define FUNCTIONS(F) \
	F(lzma_code) \
	F(lzma_end) \
	F(lzma_stream_decoder) \
	F(lzma_version_string)
LIBRARY(HAVE_LZMA, lzma, FUNCTIONS, "dumps in files of xz as input", "liblzma.so.5")

struct xz_state {
	struct lzma lib;
	lzma_stream stream;
};

static int xz_create(void **state, uint64_t memory)
{
	static const lzma_stream init = LZMA_STREAM_INIT;
	struct xz_state *xz = malloc(sizeof(*xz));
	int err = xz ? lzma_load(&xz->lib) : err_set(-ENOMEM, "no memory for liblzma");

	if (!err) {
		xz->stream = init;
		/* Streams choose how much memory they need, up to 4 GiB. */
		if (xz->lib.lzma_stream_decoder(&xz->stream, memory, 0) != LZMA_OK)
			err = err_set(-ENOMEM, "no memory for liblzma");
	}
	if (err) {
		free(xz);
		return err;
	}
	*state = xz;
	return 0;
}

static void xz_destroy(void *state)
{
	struct xz_state *xz = state;

	xz->lib.lzma_end(&xz->stream);
	free(xz);
}

static int xz_run(void *state, struct unpack_io *io)
{
	struct xz_state *xz = state;
	lzma_stream *x = &xz->stream;
	lzma_ret rc;

	x->next_in = io->in;
	x->avail_in = io->in_left;
	x->next_out = io->out;
	x->avail_out = io->out_left;
	rc = xz->lib.lzma_code(x, LZMA_RUN);
	io->in = x->next_in;
	io->in_left = x->avail_in;
	io->out = x->next_out;
	io->out_left = x->avail_out;
	switch (rc) {
	case LZMA_OK:
	case LZMA_BUF_ERROR:
		return 0;
	case LZMA_STREAM_END:
		return UNPACK_END;
	case LZMA_MEM_ERROR:
		return err_set(-ENOMEM, "no memory for liblzma");
	case LZMA_MEMLIMIT_ERROR:
		return err_set(-ENOMEM, UNPACK_TOO_MUCH);
	case LZMA_OPTIONS_ERROR:
		return err_set(-EBADMSG, "a method that liblzma does not know");
	default:
		return err_set(-EBADMSG, "invalid data");
	}
}

static const char *xz_version(void)
{
	struct lzma lib;

	return lzma_load(&lib) ? NULL : lib.lzma_version_string();
}

const struct unpack_ops unpack_xz_ops = {
	.library = "liblzma",
	.version = xz_version,
	.available = lzma_available,
	.create = xz_create,
	.destroy = xz_destroy,
	.run = xz_run,
};
#endif
