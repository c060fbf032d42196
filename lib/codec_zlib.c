// SPDX-License-Identifier: GPL-2.0-or-later
#define ZLIB_CONST
#include "codec.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "err.h"

/* An unused stream stays zeroed; zlib's ...End() functions leave it alone. */
struct zlib_state {
	z_stream deflate;
	z_stream inflate;
};

static void zlib_destroy(void *p)
{
	struct zlib_state *state = p;

	deflateEnd(&state->deflate);
	inflateEnd(&state->inflate);
	free(state);
}

static int zlib_create(void **ret_state, unsigned int flags, size_t page_size, int level)
{
	struct zlib_state *state = calloc(1, sizeof(*state));
	int rc = Z_OK;

	(void)page_size;
	if (!state)
		return err_set(-ENOMEM, "out of memory");
	if (flags & CODEC_COMPRESS)
		rc = deflateInit(&state->deflate, level);
	if (rc == Z_OK && (flags & CODEC_DECOMPRESS))
		rc = inflateInit(&state->inflate);
	if (rc != Z_OK) {
		zlib_destroy(state);
		return err_set(rc == Z_MEM_ERROR ? -ENOMEM : -EINVAL, "%s", zError(rc));
	}
	*ret_state = state;
	return 0;
}

static size_t zlib_compress(void *p, const void *src, size_t page_size, void *dst)
{
	z_stream *strm = &((struct zlib_state *)p)->deflate;

	if (deflateReset(strm) != Z_OK)
		return 0;
	strm->next_in = src;
	strm->avail_in = page_size;
	strm->next_out = dst;
	strm->avail_out = page_size - 1;
	if (deflate(strm, Z_FINISH) != Z_STREAM_END)
		return 0;
	return page_size - 1 - strm->avail_out;
}

static int zlib_decompress(void *p, const void *src, size_t src_len, void *dst, size_t page_size)
{
	z_stream *strm = &((struct zlib_state *)p)->inflate;
	int rc;

	rc = inflateReset(strm);
	if (rc != Z_OK)
		return err_set(-EBADMSG, "%s", zError(rc));
	strm->next_in = src;
	strm->avail_in = src_len;
	strm->next_out = dst;
	strm->avail_out = page_size;
	rc = inflate(strm, Z_FINISH);
	if (rc != Z_STREAM_END) {
		if (strm->msg)
			return err_set(-EBADMSG, "%s", strm->msg);
		if (rc != Z_OK && rc != Z_BUF_ERROR)
			return err_set(-EBADMSG, "%s", zError(rc));
		return err_set(-EBADMSG, strm->avail_in ? "holds more than a page" : "cut short");
	}
	if (strm->avail_out)
		return err_set(-EBADMSG, "holds %u bytes too few", strm->avail_out);
	if (strm->avail_in)
		return err_set(-EBADMSG, "followed by %u bytes", strm->avail_in);
	return 0;
}

const struct codec_ops codec_zlib_ops = {
	.id = CODEC_ZLIB,
	.library = "zlib",
	.version = zlibVersion,
	.level_min = Z_BEST_SPEED,
	.level_max = Z_BEST_COMPRESSION,
	.level_default = Z_BEST_SPEED,
	.create = zlib_create,
	.destroy = zlib_destroy,
	.compress = zlib_compress,
	.decompress = zlib_decompress,
};
