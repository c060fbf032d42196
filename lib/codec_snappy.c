// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef HAVE_SNAPPY
#include "codec.h"

#include <errno.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "library.h"

#define FUNCTIONS(F) \
	F(snappy_compress) \
	F(snappy_max_compressed_length) \
	F(snappy_uncompress) \
	F(snappy_uncompressed_length)
LIBRARY(HAVE_SNAPPY, snappy, FUNCTIONS, "dumps compressed with snappy", "libsnappy.so.1")

/*
 * The library keeps no context: its compressor allocates and frees its tables
 * in each call. All we hold is a buffer for its output, because it refuses to
 * start without room for the worst case; NULL where only decompression is
 * wanted.
 */
struct snappy_state {
	struct snappy lib;
	void *bounce;
	size_t bounce_bytes;
};

static void snappy_state_destroy(void *p)
{
	struct snappy_state *state = p;

	free(state->bounce);
	free(state);
}

static int snappy_state_create(void **ret_state, unsigned int flags, size_t page_size, int level)
{
	struct snappy_state *state = calloc(1, sizeof(*state));
	int err;

	(void)level;
	if (!state)
		return err_set(-ENOMEM, "out of memory");
	err = snappy_load(&state->lib);
	if (err) {
		snappy_state_destroy(state);
		return err;
	}
	if (flags & CODEC_COMPRESS) {
		state->bounce_bytes = state->lib.snappy_max_compressed_length(page_size);
		state->bounce = malloc(state->bounce_bytes);
		if (!state->bounce) {
			snappy_state_destroy(state);
			return err_set(-ENOMEM, "out of memory");
		}
	}
	*ret_state = state;
	return 0;
}

static size_t snappy_compress_page(void *p, const void *src, size_t page_size, void *dst)
{
	struct snappy_state *state = p;
	size_t len = state->bounce_bytes;

	if (state->lib.snappy_compress(src, page_size, state->bounce, &len) != SNAPPY_OK ||
	    len >= page_size)
		return 0;
	memcpy(dst, state->bounce, len);
	return len;
}

static int snappy_decompress_page(void *p, const void *src, size_t src_len, void *dst,
				  size_t page_size)
{
	const struct snappy *lib = &((struct snappy_state *)p)->lib;
	size_t len;

	/* The stream begins with the length of what it says it holds. */
	if (lib->snappy_uncompressed_length(src, src_len, &len) != SNAPPY_OK)
		return err_set(-EBADMSG, "no length");
	if (len != page_size)
		return err_set(-EBADMSG, "claims to hold %zu bytes", len);
	if (lib->snappy_uncompress(src, src_len, dst, &len) != SNAPPY_OK)
		return err_set(-EBADMSG, "invalid or cut short");
	return 0;
}

const struct codec_ops codec_snappy_ops = {
	.id = CODEC_SNAPPY,
	.library = "snappy",
	.available = snappy_available,
	.create = snappy_state_create,
	.destroy = snappy_state_destroy,
	.compress = snappy_compress_page,
	.decompress = snappy_decompress_page,
};
#endif
