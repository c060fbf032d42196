// SPDX-License-Identifier: GPL-2.0-or-later
#include "codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "types.h"

struct codec {
	const struct codec_ops *ops; /* NULL: CODEC_NONE */
	void *state;
	size_t page_size;
	unsigned int flags;
};

/* Per format in order of preference. */
static const struct codec_ops *const libraries[] = {
#ifdef HAVE_ISAL
	&codec_isal_ops,
#endif
#ifdef HAVE_LIBDEFLATE
	&codec_libdeflate_ops,
#endif
	&codec_zlib_ops,
#ifdef HAVE_LZO
	&codec_lzo_ops,
#endif
#ifdef HAVE_SNAPPY
	&codec_snappy_ops,
#endif
#ifdef HAVE_ZSTD
	&codec_zstd_ops,
#endif
};

const struct codec_ops *codec_library_at(size_t index)
{
	return index < ARRAY_SIZE(libraries) ? libraries[index] : NULL;
}

static bool has_level(const struct codec_ops *ops, int level)
{
	if (level == CODEC_LEVEL_DEFAULT)
		return ops->level_default || !ops->level_max;
	return ops->level_max && level >= ops->level_min && level <= ops->level_max;
}

static const struct codec_ops *preferred_library(enum codec_id id, unsigned int flags, int level)
{
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		const struct codec_ops *ops = libraries[i];

		if (ops->id == id && (!ops->available || ops->available()) &&
		    (ops->decompress || !(flags & CODEC_DECOMPRESS)) && has_level(ops, level))
			return ops;
	}
	return NULL;
}

const char *codec_name(enum codec_id id)
{
	static const char *const names[] = {
		[CODEC_NONE] = "none",	   [CODEC_ZLIB] = "zlib", [CODEC_LZO] = "lzo",
		[CODEC_SNAPPY] = "snappy", [CODEC_ZSTD] = "zstd",
	};
	_Static_assert(ARRAY_SIZE(names) == NR_CODECS, "a format without a name");

	return id < NR_CODECS ? names[id] : "unknown";
}

bool codec_supported(enum codec_id id)
{
	return id == CODEC_NONE || preferred_library(id, CODEC_DECOMPRESS, CODEC_LEVEL_DEFAULT);
}

const char *codec_library_name(enum codec_id id, int level)
{
	const struct codec_ops *ops = preferred_library(id, CODEC_COMPRESS, level);

	return ops ? ops->library : NULL;
}

int codec_check_level(enum codec_id id, int level)
{
	int min = 0, max = 0;

	if (level == CODEC_LEVEL_DEFAULT || !codec_supported(id))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		const struct codec_ops *ops = libraries[i];

		if (ops->id != id)
			continue;
		if (has_level(ops, level))
			return 0;
		min = ops->level_min < min || !min ? ops->level_min : min;
		max = ops->level_max > max ? ops->level_max : max;
	}
	if (!max)
		return err_set(-EINVAL, "%s has no compression levels", codec_name(id));
	return err_set(-EINVAL, "%d is not a compression level of %s: use a number from %d to %d",
		       level, codec_name(id), min, max);
}

static int create_codec(struct codec **ret, const struct codec_ops *ops, unsigned int flags,
			size_t page_size, int level)
{
	struct codec *codec;
	int err;

	if (!flags || (flags & ~(unsigned int)(CODEC_COMPRESS | CODEC_DECOMPRESS)))
		return err_set(-EINVAL, "invalid codec flags %#x", flags);
	if (ops && !ops->decompress && (flags & CODEC_DECOMPRESS))
		return err_set(-EINVAL, "%s is only used to compress", ops->library);
	if (!page_size || page_size > CODEC_MAX_PAGE_SIZE)
		return err_set(-EINVAL, "no codec for pages of %zu bytes", page_size);

	codec = calloc(1, sizeof(*codec));
	if (!codec)
		return err_set(-ENOMEM, "no memory for a codec");
	codec->ops = ops;
	codec->page_size = page_size;
	codec->flags = flags;
	if (ops) {
		err = ops->create(&codec->state, flags, page_size,
				  level == CODEC_LEVEL_DEFAULT ? ops->level_default : level);
		if (err) {
			free(codec);
			return err_prefix(err, "cannot set up %s", ops->library);
		}
	}
	*ret = codec;
	return 0;
}

int codec_create_with(struct codec **ret, const struct codec_ops *ops, unsigned int flags,
		      size_t page_size)
{
	return create_codec(ret, ops, flags, page_size, CODEC_LEVEL_DEFAULT);
}

int codec_create_level(struct codec **ret, enum codec_id id, unsigned int flags, size_t page_size,
		       int level)
{
	const struct codec_ops *ops;
	int err = codec_check_level(id, level);

	if (err)
		return err;
	ops = preferred_library(id, flags, level);
	if (!ops && id != CODEC_NONE)
		return err_set(-ENOTSUP, "%s compression is not built in", codec_name(id));
	return create_codec(ret, ops, flags, page_size, level);
}

int codec_create(struct codec **ret, enum codec_id id, unsigned int flags, size_t page_size)
{
	return codec_create_level(ret, id, flags, page_size, CODEC_LEVEL_DEFAULT);
}

void codec_destroy(struct codec *codec)
{
	if (!codec)
		return;
	if (codec->ops)
		codec->ops->destroy(codec->state);
	free(codec);
}

size_t codec_compress(struct codec *codec, const void *src, void *dst)
{
	if (!codec->ops || !(codec->flags & CODEC_COMPRESS))
		return 0;
	return codec->ops->compress(codec->state, src, codec->page_size, dst);
}

int codec_decompress(struct codec *codec, const void *src, size_t src_len, void *dst)
{
	size_t page_size = codec->page_size;
	int err;

	if (!(codec->flags & CODEC_DECOMPRESS))
		return err_set(-EINVAL, "this codec was not created to decompress");
	if (!src_len || src_len > page_size)
		return err_set(-EBADMSG, "a page of %zu bytes cannot be stored in %zu", page_size,
			       src_len);
	if (!codec->ops) {
		if (src_len != page_size)
			return err_set(-EBADMSG, "only %zu bytes of a page of %zu", src_len,
				       page_size);
		memcpy(dst, src, page_size);
		return 0;
	}

	err = codec->ops->decompress(codec->state, src, src_len, dst, page_size);
	if (err)
		return err_prefix(err, "damaged %s page (%zu bytes)", codec_name(codec->ops->id),
				  src_len);
	return 0;
}
