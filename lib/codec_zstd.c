// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef HAVE_ZSTD
#include "codec.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "byteorder.h"
#include "cleanup.h"
#include "err.h"
#include "library.h"

#define FUNCTIONS(F) \
	F(ZSTD_compressBound) \
	F(ZSTD_compressCCtx) \
	F(ZSTD_createCCtx) \
	F(ZSTD_createDCtx) \
	F(ZSTD_decompressDCtx) \
	F(ZSTD_findFrameCompressedSize) \
	F(ZSTD_freeCCtx) \
	F(ZSTD_freeDCtx) \
	F(ZSTD_getErrorName) \
	F(ZSTD_isError)
LIBRARY(HAVE_ZSTD, zstd, FUNCTIONS, "dumps compressed with zstd", "libzstd.so.1")

/* NULL where the direction is unused. */
struct zstd_state {
	struct zstd lib;
	ZSTD_CCtx *cctx;
	ZSTD_DCtx *dctx;
	int level;
};

static void zstd_destroy(void *p)
{
	struct zstd_state *state = p;

	if (state->cctx)
		state->lib.ZSTD_freeCCtx(state->cctx);
	if (state->dctx)
		state->lib.ZSTD_freeDCtx(state->dctx);
	free(state);
}

/*
 * The first compression makes the context allocate its tables, by level and
 * source size; later ones of the same size find them. One page of zeros here
 * means that running out of memory is noticed now.
 */
static int warm_up(const struct zstd_state *state, size_t page_size)
{
	size_t room = state->lib.ZSTD_compressBound(page_size);
	_cleanup_free_ void *src = calloc(1, page_size);
	_cleanup_free_ void *dst = malloc(room);
	size_t rc;

	if (!src || !dst)
		return err_set(-ENOMEM, "out of memory");
	rc = state->lib.ZSTD_compressCCtx(state->cctx, dst, room, src, page_size, state->level);
	if (state->lib.ZSTD_isError(rc))
		return err_set(-ENOMEM, "%s", state->lib.ZSTD_getErrorName(rc));
	return 0;
}

static int zstd_create(void **ret_state, unsigned int flags, size_t page_size, int level)
{
	struct zstd_state *state = calloc(1, sizeof(*state));
	int err;

	if (!state)
		return err_set(-ENOMEM, "out of memory");
	state->level = level;
	err = zstd_load(&state->lib);
	if (!err && (flags & CODEC_COMPRESS)) {
		state->cctx = state->lib.ZSTD_createCCtx();
		err = state->cctx ? warm_up(state, page_size) : err_set(-ENOMEM, "out of memory");
	}
	if (!err && (flags & CODEC_DECOMPRESS)) {
		state->dctx = state->lib.ZSTD_createDCtx();
		if (!state->dctx)
			err = err_set(-ENOMEM, "out of memory");
	}
	if (err) {
		zstd_destroy(state);
		return err;
	}
	*ret_state = state;
	return 0;
}

static size_t zstd_compress(void *p, const void *src, size_t page_size, void *dst)
{
	struct zstd_state *state = p;
	size_t len;

	len = state->lib.ZSTD_compressCCtx(state->cctx, dst, page_size - 1, src, page_size,
					   state->level);
	return state->lib.ZSTD_isError(len) ? 0 : len;
}

static int zstd_decompress(void *p, const void *src, size_t src_len, void *dst, size_t page_size)
{
	struct zstd_state *state = p;
	size_t len;

	/*
	 * The library also takes frames to skip, several frames in a row, and,
	 * as many distributions build it, the formats before 1.0 with their
	 * old decoders. A page is none of these.
	 */
	if (src_len < sizeof(uint32_t) || load_u32(src, HOST_BIG_ENDIAN) != ZSTD_MAGICNUMBER)
		return err_set(-EBADMSG, "not a zstd frame");
	len = state->lib.ZSTD_findFrameCompressedSize(src, src_len);
	if (state->lib.ZSTD_isError(len))
		return err_set(-EBADMSG, "%s", state->lib.ZSTD_getErrorName(len));
	if (len != src_len)
		return err_set(-EBADMSG, "followed by %zu bytes", src_len - len);

	len = state->lib.ZSTD_decompressDCtx(state->dctx, dst, page_size, src, src_len);
	if (state->lib.ZSTD_isError(len))
		return err_set(-EBADMSG, "%s", state->lib.ZSTD_getErrorName(len));
	if (len != page_size)
		return err_set(-EBADMSG, "holds %zu bytes", len);
	return 0;
}

static const char *version(void)
{
	return ZSTD_VERSION_STRING;
}

const struct codec_ops codec_zstd_ops = {
	.id = CODEC_ZSTD,
	.library = "zstd",
	.version = version,
	.available = zstd_available,
	/* ZSTD_minCLevel() and ZSTD_maxCLevel(), since 1.4.0. */
	.level_min = -(1 << 17),
	.level_max = 22,
	.level_default = 1,
	.create = zstd_create,
	.destroy = zstd_destroy,
	.compress = zstd_compress,
	.decompress = zstd_decompress,
};
#endif
