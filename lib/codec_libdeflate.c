// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef HAVE_LIBDEFLATE
#include "codec.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>

#include "err.h"

/* NULL where the direction is unused; the library's free functions accept it. */
struct libdeflate_state {
	struct libdeflate_compressor *compressor;
	struct libdeflate_decompressor *decompressor;
};

static void deflate_destroy(void *p)
{
	struct libdeflate_state *state = p;

	libdeflate_free_compressor(state->compressor);
	libdeflate_free_decompressor(state->decompressor);
	free(state);
}

static int deflate_create(void **ret_state, unsigned int flags, size_t page_size, int level)
{
	struct libdeflate_state *state = calloc(1, sizeof(*state));

	(void)page_size;
	if (!state)
		return err_set(-ENOMEM, "out of memory");
	if (flags & CODEC_COMPRESS)
		state->compressor = libdeflate_alloc_compressor(level);
	if (flags & CODEC_DECOMPRESS)
		state->decompressor = libdeflate_alloc_decompressor();
	if (((flags & CODEC_COMPRESS) && !state->compressor) ||
	    ((flags & CODEC_DECOMPRESS) && !state->decompressor)) {
		deflate_destroy(state);
		return err_set(-ENOMEM, "out of memory");
	}
	*ret_state = state;
	return 0;
}

static size_t deflate_compress(void *p, const void *src, size_t page_size, void *dst)
{
	struct libdeflate_state *state = p;

	return libdeflate_zlib_compress(state->compressor, src, page_size, dst, page_size - 1);
}

static int deflate_decompress(void *p, const void *src, size_t src_len, void *dst, size_t page_size)
{
	struct libdeflate_state *state = p;
	size_t used;

	switch (libdeflate_zlib_decompress_ex(state->decompressor, src, src_len, dst, page_size,
					      &used, NULL)) {
	case LIBDEFLATE_SUCCESS:
		break;
	case LIBDEFLATE_SHORT_OUTPUT:
		return err_set(-EBADMSG, "holds less than a page");
	case LIBDEFLATE_INSUFFICIENT_SPACE:
		return err_set(-EBADMSG, "holds more than a page");
	case LIBDEFLATE_BAD_DATA:
	default:
		return err_set(-EBADMSG, "invalid or cut short");
	}
	if (used != src_len)
		return err_set(-EBADMSG, "followed by %zu bytes", src_len - used);
	return 0;
}

static const char *version(void)
{
	return LIBDEFLATE_VERSION_STRING;
}

const struct codec_ops codec_libdeflate_ops = {
	.id = CODEC_ZLIB,
	.library = "libdeflate",
	.version = version,
	.level_min = 1,
	.level_max = 12,
	.level_default = 1,
	.create = deflate_create,
	.destroy = deflate_destroy,
	.compress = deflate_compress,
	.decompress = deflate_decompress,
};
#endif
