// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef HAVE_LZMA
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>

#include "err.h"
#include "resources.h"
#include "unpack.h"

static int xz_create(void **state)
{
	static const lzma_stream init = LZMA_STREAM_INIT;
	lzma_stream *x = malloc(sizeof(*x));

	if (x)
		*x = init;
	/* Streams choose how much memory they need, up to 4 GiB. */
	if (x && lzma_stream_decoder(x, available_memory() / 2, 0) == LZMA_OK) {
		*state = x;
		return 0;
	}
	free(x);
	return err_set(-ENOMEM, "no memory for liblzma");
}

static void xz_destroy(void *state)
{
	lzma_end(state);
	free(state);
}

static int xz_run(void *state, struct unpack_io *io)
{
	lzma_stream *x = state;
	lzma_ret rc;

	x->next_in = io->in;
	x->avail_in = io->in_left;
	x->next_out = io->out;
	x->avail_out = io->out_left;
	rc = lzma_code(x, LZMA_RUN);
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
	case LZMA_MEMLIMIT_ERROR:
		return err_set(-ENOMEM, "no memory for liblzma");
	case LZMA_OPTIONS_ERROR:
		return err_set(-EBADMSG, "a method that liblzma does not know");
	default:
		return err_set(-EBADMSG, "invalid data");
	}
}

const struct unpack_ops unpack_xz_ops = {
	.library = "liblzma",
	.version = lzma_version_string,
	.create = xz_create,
	.destroy = xz_destroy,
	.run = xz_run,
};
#endif
