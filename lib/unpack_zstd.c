// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef HAVE_ZSTD
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "err.h"
#include "library.h"
#include "unpack.h"

/* Logarithms of the bytes that a frame may make us keep: what each decoder should support (RFC
 * 8878), and the most. */
#define WINDOW_LOG_MIN 23
#define WINDOW_LOG_MAX (sizeof(void *) == 8 ? 31 : 30)

#define FUNCTIONS(F) \
	F(ZSTD_createDCtx) \
	F(ZSTD_DCtx_setParameter) \
	F(ZSTD_decompressStream) \
	F(ZSTD_freeDCtx) \
	F(ZSTD_getErrorCode) \
	F(ZSTD_getErrorName)
LIBRARY(HAVE_ZSTD, unpack_zstd, FUNCTIONS, "dumps in files of zstd as input", "libzstd.so.1")

struct zstd_state {
	struct unpack_zstd lib;
	ZSTD_DCtx *dctx;
};

static int zstd_create(void **state, uint64_t memory)
{
	struct zstd_state *zstd = calloc(1, sizeof(*zstd));
	unsigned int log = WINDOW_LOG_MAX;
	int err = zstd ? unpack_zstd_load(&zstd->lib) : -ENOMEM;

	if (!err) {
		zstd->dctx = zstd->lib.ZSTD_createDCtx();
		err = zstd->dctx ? 0 : -ENOMEM;
	}
	if (err) {
		free(zstd);
		return err == -ENOMEM ? err_set(err, "no memory for zstd") : err;
	}
	/* Frames of zstd --long need more than usual. */
	while (log > WINDOW_LOG_MIN && UINT64_C(1) << log > memory)
		log--;
	/* If it fails, frames of --long are refused. */
	(void)zstd->lib.ZSTD_DCtx_setParameter(zstd->dctx, ZSTD_d_windowLogMax, log);
	*state = zstd;
	return 0;
}

static void zstd_destroy(void *state)
{
	struct zstd_state *zstd = state;

	zstd->lib.ZSTD_freeDCtx(zstd->dctx);
	free(zstd);
}

static int zstd_run(void *state, struct unpack_io *io)
{
	struct zstd_state *zstd = state;
	ZSTD_inBuffer in = { io->in, io->in_left, 0 };
	ZSTD_outBuffer out = { io->out, io->out_left, 0 };
	size_t rc = zstd->lib.ZSTD_decompressStream(zstd->dctx, &out, &in);

	io->in += in.pos;
	io->in_left -= in.pos;
	io->out += out.pos;
	io->out_left -= out.pos;
	switch (zstd->lib.ZSTD_getErrorCode(rc)) {
	case ZSTD_error_no_error:
		break;
	case ZSTD_error_memory_allocation:
		return err_set(-ENOMEM, "no memory for zstd");
	case ZSTD_error_frameParameter_windowTooLarge:
		return err_set(-ENOMEM, UNPACK_TOO_MUCH);
	default:
		return err_set(-EBADMSG, "%s", zstd->lib.ZSTD_getErrorName(rc));
	}
	return rc ? 0 : UNPACK_END;
}

static const char *zstd_version(void)
{
	return ZSTD_VERSION_STRING;
}

const struct unpack_ops unpack_zstd_ops = {
	.library = "zstd",
	.version = zstd_version,
	.available = unpack_zstd_available,
	.create = zstd_create,
	.destroy = zstd_destroy,
	.run = zstd_run,
};
#endif
