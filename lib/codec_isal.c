// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef HAVE_ISAL
#include "codec.h"

#include <errno.h>
#include <isa-l.h>
#include <stdlib.h>

#include "err.h"
#include "library.h"

#define FUNCTIONS(F) \
	F(isal_deflate_set_hufftables) \
	F(isal_deflate_stateless) \
	F(isal_deflate_stateless_init)
LIBRARY(HAVE_ISAL, isal, FUNCTIONS, "zlib at level -1", "libisal.so.2")

struct isal_state {
	struct isal lib;
	struct isal_zstream stream;
};

/*
 * Our level -1 is the library's level 0 with the Huffman codes of RFC 1951, three times as fast
 * as libdeflate's level 1. The library's level 1 is of no use here: that of 2.30 writes other
 * bytes for one page in a thousand from one run to the next.
 */
static void isal_destroy(void *p)
{
	free(p);
}

static int isal_create(void **ret_state, unsigned int flags __attribute__((unused)),
		       size_t page_size __attribute__((unused)), int level __attribute__((unused)))
{
	struct isal_state *state = calloc(1, sizeof(*state));
	int err = state ? isal_load(&state->lib) : err_set(-ENOMEM, "out of memory");

	if (err) {
		free(state);
		return err;
	}
	*ret_state = state;
	return 0;
}

static size_t isal_compress(void *p, const void *src, size_t page_size, void *dst)
{
	struct isal_state *state = p;
	struct isal_zstream *stream = &state->stream;

	state->lib.isal_deflate_stateless_init(stream);
	/* The library's own codes are stored with each page, in 300 bytes. */
	state->lib.isal_deflate_set_hufftables(stream, NULL, IGZIP_HUFFTABLE_STATIC);
	stream->gzip_flag = IGZIP_ZLIB;
	stream->end_of_stream = 1;
	/* It only reads what it compresses. */
	stream->next_in = (uint8_t *)(uintptr_t)src;
	stream->avail_in = page_size;
	stream->next_out = dst;
	stream->avail_out = page_size - 1;
	return state->lib.isal_deflate_stateless(stream) == COMP_OK ? stream->total_out : 0;
}

#define TEXT(x) #x
#define VERSION_TEXT(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

static const char *version(void)
{
	return VERSION_TEXT(ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION);
}

const struct codec_ops codec_isal_ops = {
	.id = CODEC_ZLIB,
	.library = "isa-l",
	.version = version,
	.available = isal_available,
	.level_min = -1,
	.level_max = -1,
	.create = isal_create,
	.destroy = isal_destroy,
	.compress = isal_compress,
};
#endif
