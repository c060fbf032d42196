// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef HAVE_LZO
#include "codec.h"

#include <errno.h>
#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

/*
 * lzo1x_1_12_compress() is lzo1x_1_compress() with a hash table of a quarter of the size, which is
 * emptied for each page. A page of 4 KiB fills no more than that: dumps grow by 0.15 %, and need a
 * tenth less time; with the library of Debian 12 in an emulator, which empties it slowly, a quarter
 * of the time.
 */
#define COMPRESS lzo1x_1_12_compress
#define COMPRESS_WORK LZO1X_1_12_MEM_COMPRESS

/* NULL where only decompression is wanted: that needs no memory. */
struct lzo_state {
	void *work;
	/*
	 * The library does not know how much room there is, and what it makes of
	 * an incompressible page is larger than the page.
	 */
	void *bounce;
};

static size_t worst_case(size_t page_size)
{
	return page_size + page_size / 16 + 64 + 3;
}

static void lzo_destroy(void *p)
{
	struct lzo_state *state = p;

	free(state->work);
	free(state->bounce);
	free(state);
}

static int lzo_create(void **ret_state, unsigned int flags, size_t page_size, int level)
{
	struct lzo_state *state;

	(void)level;
	/* Idempotent; compares the header's idea of types with the library's. */
	if (lzo_init() != LZO_E_OK)
		return err_set(-EINVAL, "the library does not fit this program");
	state = calloc(1, sizeof(*state));
	if (!state)
		return err_set(-ENOMEM, "out of memory");
	if (flags & CODEC_COMPRESS) {
		state->work = malloc(COMPRESS_WORK);
		state->bounce = malloc(worst_case(page_size));
		if (!state->work || !state->bounce) {
			lzo_destroy(state);
			return err_set(-ENOMEM, "out of memory");
		}
	}
	*ret_state = state;
	return 0;
}

static size_t lzo_compress(void *p, const void *src, size_t page_size, void *dst)
{
	struct lzo_state *state = p;
	lzo_uint len = 0;

	if (COMPRESS(src, page_size, state->bounce, &len, state->work) != LZO_E_OK ||
	    len >= page_size)
		return 0;
	memcpy(dst, state->bounce, len);
	return len;
}

static int lzo_decompress(void *p, const void *src, size_t src_len, void *dst, size_t page_size)
{
	lzo_uint len = page_size;
	int rc;

	(void)p;
	rc = lzo1x_decompress_safe(src, src_len, dst, &len, NULL);
	switch (rc) {
	case LZO_E_OK:
		break;
	case LZO_E_INPUT_OVERRUN:
		return err_set(-EBADMSG, "cut short");
	case LZO_E_OUTPUT_OVERRUN:
		return err_set(-EBADMSG, "holds more than a page");
	case LZO_E_INPUT_NOT_CONSUMED:
		return err_set(-EBADMSG, "followed by more bytes");
	default:
		return err_set(-EBADMSG, "invalid (lzo error %d)", rc);
	}
	if (len != page_size)
		return err_set(-EBADMSG, "holds %zu bytes", (size_t)len);
	return 0;
}

const struct codec_ops codec_lzo_ops = {
	.id = CODEC_LZO,
	.library = "lzo",
	.version = lzo_version_string,
	.create = lzo_create,
	.destroy = lzo_destroy,
	.compress = lzo_compress,
	.decompress = lzo_decompress,
};
#endif
