// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef HAVE_ZSTD
#include "codec.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "byteorder.h"
#include "cleanup.h"
#include "err.h"

/* NULL where the direction is unused; the library's free functions accept it. */
struct zstd_state {
	ZSTD_CCtx *cctx;
	ZSTD_DCtx *dctx;
	int level;
};

static void zstd_destroy(void *p)
{
	struct zstd_state *state = p;

	ZSTD_freeCCtx(state->cctx);
	ZSTD_freeDCtx(state->dctx);
	free(state);
}

/*
 * The first compression makes the context allocate its tables, by level and
 * source size; later ones of the same size find them. One page of zeros here
 * means that running out of memory is noticed now.
 */
static int warm_up(const struct zstd_state *state, size_t page_size)
{
	size_t room = ZSTD_compressBound(page_size);
	_cleanup_free_ void *src = calloc(1, page_size);
	_cleanup_free_ void *dst = malloc(room);
	size_t rc;

	if (!src || !dst)
		return err_set(-ENOMEM, "out of memory");
	rc = ZSTD_compressCCtx(state->cctx, dst, room, src, page_size, state->level);
	if (ZSTD_isError(rc))
		return err_set(-ENOMEM, "%s", ZSTD_getErrorName(rc));
	return 0;
}

static int zstd_create(void **ret_state, unsigned int flags, size_t page_size, int level)
{
	struct zstd_state *state = calloc(1, sizeof(*state));
	int err = 0;

	if (!state)
		return err_set(-ENOMEM, "out of memory");
	state->level = level;
	if (flags & CODEC_COMPRESS) {
		state->cctx = ZSTD_createCCtx();
		err = state->cctx ? warm_up(state, page_size) : err_set(-ENOMEM, "out of memory");
	}
	if (!err && (flags & CODEC_DECOMPRESS)) {
		state->dctx = ZSTD_createDCtx();
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

	len = ZSTD_compressCCtx(state->cctx, dst, page_size - 1, src, page_size, state->level);
	return ZSTD_isError(len) ? 0 : len;
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
	len = ZSTD_findFrameCompressedSize(src, src_len);
	if (ZSTD_isError(len))
		return err_set(-EBADMSG, "%s", ZSTD_getErrorName(len));
	if (len != src_len)
		return err_set(-EBADMSG, "followed by %zu bytes", src_len - len);

	len = ZSTD_decompressDCtx(state->dctx, dst, page_size, src, src_len);
	if (ZSTD_isError(len))
		return err_set(-EBADMSG, "%s", ZSTD_getErrorName(len));
	if (len != page_size)
		return err_set(-EBADMSG, "holds %zu bytes", len);
	return 0;
}

const struct codec_ops codec_zstd_ops = {
	.id = CODEC_ZSTD,
	.library = "zstd",
	.version = ZSTD_versionString,
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
