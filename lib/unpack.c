// SPDX-License-Identifier: GPL-2.0-or-later
#include "unpack.h"

#include <string.h>

#include "checked.h"
#include "resources.h"
#include "types.h"

/* Enough for xz -9, which asks for 65 MiB whatever the size of the file. */
#define MEMORY_MIN (UINT64_C(96) << 20)

#ifdef HAVE_LZMA
#define XZ_OPS &unpack_xz_ops
#else
#define XZ_OPS NULL
#endif
#ifdef HAVE_ZSTD
#define ZSTD_OPS &unpack_zstd_ops
#else
#define ZSTD_OPS NULL
#endif
#ifdef HAVE_BZIP2
#define BZIP2_OPS &unpack_bzip2_ops
#else
#define BZIP2_OPS NULL
#endif

static const struct unpack_format formats[] = {
#define FORMAT(name, tool, magic, ops) \
	{ \
		name, tool, magic, sizeof(magic) - 1, ops \
	}
	FORMAT("gzip", "zcat", "\x1f\x8b\x08", &unpack_gzip_ops),
	FORMAT("xz", "xzcat", "\xfd\x37zXZ\0", XZ_OPS),
	FORMAT("zstd", "zstdcat", "\x28\xb5\x2f\xfd", ZSTD_OPS),
	/* A frame to be skipped: pzstd begins files with one. */
	FORMAT("zstd", "zstdcat", "\x50\x2a\x4d\x18", ZSTD_OPS),
	FORMAT("bzip2", "bzcat", "BZh", BZIP2_OPS),
	FORMAT("lz4", "lz4cat", "\x04\x22\x4d\x18", NULL),
#undef FORMAT
};

const struct unpack_format *unpack_format_at(size_t index)
{
	return index < ARRAY_SIZE(formats) ? &formats[index] : NULL;
}

bool unpack_supported(const struct unpack_format *format)
{
	return format->ops && (!format->ops->available || format->ops->available());
}

uint64_t unpack_memory(uint64_t file_size)
{
	uint64_t worth;

	if (!checked_mul(file_size, 1024, &worth))
		worth = UINT64_MAX;
	return max_u64(min_u64(worth, available_memory() / 2), MEMORY_MIN);
}

const struct unpack_format *unpack_find(const void *head, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (len >= formats[i].magic_len &&
		    !memcmp(head, formats[i].magic, formats[i].magic_len))
			return &formats[i];
	return NULL;
}
