// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef HAVE_ZSTD
#include <errno.h>
#include <stdbool.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "err.h"
#include "resources.h"
#include "unpack.h"

/* Logarithms of the bytes that a frame may make us keep: the library's own limit, the most. */
#define WINDOW_LOG_MIN 27
#define WINDOW_LOG_MAX (sizeof(void *) == 8 ? 31 : 30)

static int zstd_create(void **state)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();
	unsigned int log = WINDOW_LOG_MAX;

	if (!d)
		return err_set(-ENOMEM, "no memory for zstd");
	/* Frames of zstd --long need more than usual. */
	while (log > WINDOW_LOG_MIN && UINT64_C(1) << log > available_memory() / 2)
		log--;
	/* If it fails, frames of --long are refused. */
	(void)ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, log);
	*state = d;
	return 0;
}

static void zstd_destroy(void *state)
{
	ZSTD_freeDCtx(state);
}

static int zstd_run(void *state, struct unpack_io *io)
{
	ZSTD_inBuffer in = { io->in, io->in_left, 0 };
	ZSTD_outBuffer out = { io->out, io->out_left, 0 };
	size_t rc = ZSTD_decompressStream(state, &out, &in);

	io->in += in.pos;
	io->in_left -= in.pos;
	io->out += out.pos;
	io->out_left -= out.pos;
	switch (ZSTD_getErrorCode(rc)) {
	case ZSTD_error_no_error:
		break;
	case ZSTD_error_memory_allocation:
	case ZSTD_error_frameParameter_windowTooLarge:
		return err_set(-ENOMEM, "no memory for zstd");
	default:
		return err_set(-EBADMSG, "%s", ZSTD_getErrorName(rc));
	}
	return rc ? 0 : UNPACK_END;
}

const struct unpack_ops unpack_zstd_ops = {
	.library = "zstd",
	.version = ZSTD_versionString,
	.create = zstd_create,
	.destroy = zstd_destroy,
	.run = zstd_run,
};
#endif
