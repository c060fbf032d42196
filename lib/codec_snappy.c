// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef HAVE_SNAPPY
#include "codec.h"

#include <errno.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

/*
 * The library keeps no context: its compressor allocates and frees its tables
 * in each call. All we hold is a buffer for its output, because it refuses to
 * start without room for the worst case; NULL where only decompression is
 * wanted.
 */
struct snappy_state {
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

	(void)level;
	if (!state)
		return err_set(-ENOMEM, "out of memory");
	if (flags & CODEC_COMPRESS) {
		state->bounce_bytes = snappy_max_compressed_length(page_size);
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

	if (snappy_compress(src, page_size, state->bounce, &len) != SNAPPY_OK || len >= page_size)
		return 0;
	memcpy(dst, state->bounce, len);
	return len;
}

static int snappy_decompress_page(void *p, const void *src, size_t src_len, void *dst,
				  size_t page_size)
{
	size_t len;

	(void)p;
	/* The stream begins with the length of what it says it holds. */
	if (snappy_uncompressed_length(src, src_len, &len) != SNAPPY_OK)
		return err_set(-EBADMSG, "no length");
	if (len != page_size)
		return err_set(-EBADMSG, "claims to hold %zu bytes", len);
	if (snappy_uncompress(src, src_len, dst, &len) != SNAPPY_OK)
		return err_set(-EBADMSG, "invalid or cut short");
	return 0;
}

const struct codec_ops codec_snappy_ops = {
	.id = CODEC_SNAPPY,
	.library = "snappy",
	.create = snappy_state_create,
	.destroy = snappy_state_destroy,
	.compress = snappy_compress_page,
	.decompress = snappy_decompress_page,
};
#endif
