// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every library built in, at both ends of the page sizes in use. Buffers end
 * where an inaccessible page begins, so a byte read or written too far ends
 * the test even inside a library that no sanitizer has seen. Compressed bytes
 * are never compared with stored ones: they may differ between versions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/codec.h"
#include "lib/err.h"
#include "lib/types.h"

#define BOTH (CODEC_COMPRESS | CODEC_DECOMPRESS)
#define CANARY 0xa5
#define CANARY_BYTES 64

/* A test runs once per row and skips itself where the library is missing. */
struct variant {
	const struct codec_ops *ops;
	size_t page_size;
};

enum kind { ZERO, ONES, TEXT, MIXED, POINTERS, NR_COMPRESSIBLE, RANDOM = NR_COMPRESSIBLE };

/* Bytes with an inaccessible page after them and a canary before. */
struct guarded {
	uint8_t *map;
	size_t map_bytes;
	uint8_t *end;
};

static void guarded_init(struct guarded *g, size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);

	bytes = (bytes + CANARY_BYTES + page - 1) / page * page;
	g->map_bytes = bytes + page;
	g->map = mmap(NULL, g->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	assert_ptr_not_equal(g->map, MAP_FAILED);
	g->end = g->map + bytes;
	assert_int_equal(mprotect(g->end, page, PROT_NONE), 0);
	memset(g->map, CANARY, bytes);
}

static void guarded_deinit(struct guarded *g)
{
	munmap(g->map, g->map_bytes);
}

/* The last len bytes before the inaccessible page. */
static uint8_t *guarded_tail(const struct guarded *g, size_t len)
{
	return g->end - len;
}

static void assert_canary(const struct guarded *g, size_t len)
{
	uint8_t want[CANARY_BYTES];

	memset(want, CANARY, sizeof(want));
	assert_memory_equal(g->end - len - CANARY_BYTES, want, sizeof(want));
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void fill_random(uint8_t *p, size_t len, uint64_t seed)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;

	for (size_t i = 0; i < len; i++)
		p[i] = next_random(&state) >> 32;
}

static void fill_text(uint8_t *p, size_t len)
{
	static const char *const words[] = {
		"page", "frame", "kernel", "vmcore", "note", "segment", "bitmap", "dump", "\n",
	};
	uint64_t state = 1;
	size_t pos = 0;

	while (pos < len) {
		const char *word = words[next_random(&state) % ARRAY_SIZE(words)];

		for (; *word && pos < len; word++)
			p[pos++] = *word;
		if (pos < len)
			p[pos++] = ' ';
	}
}

static void fill(uint8_t *p, size_t len, enum kind kind)
{
	uint64_t state = 7;

	switch (kind) {
	case ZERO:
		memset(p, 0, len);
		break;
	case ONES:
		memset(p, 0xff, len);
		break;
	case TEXT:
		fill_text(p, len);
		break;
	case MIXED:
		fill_random(p, len / 2, 3);
		fill_text(p + len / 2, len / 4);
		memset(p + len / 2 + len / 4, 0, len - len / 2 - len / 4);
		break;
	case POINTERS:
		for (size_t i = 0; i + 8 <= len; i += 8) {
			uint64_t v = 0xffff888000000000 | (next_random(&state) & 0xffffc0);

			memcpy(p + i, &v, 8);
		}
		break;
	case RANDOM:
		fill_random(p, len, 5);
		break;
	}
}

static const struct codec_ops *find_library(const char *name)
{
	const struct codec_ops *ops;

	for (size_t i = 0; (ops = codec_library_at(i)); i++)
		if (!strcmp(ops->library, name))
			break;
	return ops;
}

static struct codec *create(const struct variant *v, unsigned int flags, size_t page_size)
{
	struct codec *codec = NULL;

	if (!v->ops)
		skip();
	assert_int_equal(codec_create_with(&codec, v->ops, flags, page_size), 0);
	assert_non_null(codec);
	return codec;
}

/* Compress a page of this kind; the result ends at the end of out. */
static size_t compress_to_tail(struct codec *codec, size_t page_size, enum kind kind,
			       const struct guarded *out)
{
	uint8_t *page = malloc(page_size);
	uint8_t *buf = malloc(page_size);
	size_t len;

	assert_non_null(page);
	assert_non_null(buf);
	fill(page, page_size, kind);
	len = codec_compress(codec, page, buf);
	assert_in_range(len, 1, page_size - 1);
	memcpy(guarded_tail(out, len), buf, len);
	free(buf);
	free(page);
	return len;
}

static void assert_damaged(struct codec *codec, const void *src, size_t len,
			   const struct guarded *out, size_t page_size)
{
	err_set(0, "no sentence");
	assert_int_equal(codec_decompress(codec, src, len, guarded_tail(out, page_size)), -EBADMSG);
	/* A sentence of ours, not strerror()'s. */
	assert_string_not_equal(err_text(-EBADMSG), strerror(EBADMSG));
	assert_canary(out, page_size);
}

static void test_round_trip(void **state)
{
	const struct variant *v = *state;
	struct codec *codec = create(v, BOTH, v->page_size);
	struct guarded src, mid, dst;
	uint8_t *page, *packed;

	guarded_init(&src, v->page_size);
	guarded_init(&mid, v->page_size);
	guarded_init(&dst, v->page_size);
	page = guarded_tail(&src, v->page_size);
	packed = guarded_tail(&mid, v->page_size);

	for (enum kind kind = ZERO; kind < NR_COMPRESSIBLE; kind++) {
		uint8_t *tail;
		size_t len;

		fill(page, v->page_size, kind);
		len = codec_compress(codec, page, packed);
		assert_in_range(len, 1, v->page_size - 1);
		assert_canary(&mid, v->page_size);

		tail = guarded_tail(&mid, len);
		memmove(tail, packed, len);
		memset(guarded_tail(&dst, v->page_size), CANARY, v->page_size);
		assert_int_equal(
			codec_decompress(codec, tail, len, guarded_tail(&dst, v->page_size)), 0);
		assert_memory_equal(guarded_tail(&dst, v->page_size), page, v->page_size);
		assert_canary(&dst, v->page_size);
	}
	guarded_deinit(&src);
	guarded_deinit(&mid);
	guarded_deinit(&dst);
	codec_destroy(codec);
}

/* Pages around the point where compressing stops paying. */
static void test_incompressible(void **state)
{
	const struct variant *v = *state;
	struct codec *codec = create(v, CODEC_COMPRESS, v->page_size), *reader;
	size_t step = v->page_size > 4096 ? 128 : 1;
	struct guarded src, mid, dst;
	uint8_t *page, *packed, *back;
	unsigned int stored = 0, smaller = 0;

	assert_int_equal(codec_create(&reader, v->ops->id, CODEC_DECOMPRESS, v->page_size), 0);
	guarded_init(&src, v->page_size);
	guarded_init(&mid, v->page_size);
	guarded_init(&dst, v->page_size);
	page = guarded_tail(&src, v->page_size);
	packed = guarded_tail(&mid, v->page_size);
	back = guarded_tail(&dst, v->page_size);

	fill(page, v->page_size, RANDOM);
	assert_int_equal(codec_compress(codec, page, packed), 0);
	assert_canary(&mid, v->page_size);

	for (size_t zeros = 0; zeros <= v->page_size / 4; zeros += step) {
		size_t len;

		/* In front, where no library has started skipping yet. */
		memset(page, 0, zeros);
		len = codec_compress(codec, page, packed);
		assert_canary(&mid, v->page_size);
		if (!len) {
			stored++;
			continue;
		}
		assert_in_range(len, 1, v->page_size - 1);
		assert_int_equal(codec_decompress(reader, packed, len, back), 0);
		assert_memory_equal(back, page, v->page_size);
		smaller++;
	}
	/* Both sides of that point have been seen. */
	assert_true(stored && smaller);

	guarded_deinit(&src);
	guarded_deinit(&mid);
	guarded_deinit(&dst);
	codec_destroy(reader);
	codec_destroy(codec);
}

/* The bytes for a page do not depend on the pages before it. */
static void test_history(void **state)
{
	const struct variant *v = *state;
	struct codec *used = create(v, CODEC_COMPRESS, v->page_size);
	uint8_t *page = malloc(v->page_size);
	uint8_t *a = malloc(v->page_size);
	uint8_t *b = malloc(v->page_size);

	assert_true(page && a && b);
	for (int round = 0; round < 20; round++) {
		enum kind kind = round * 7 % (RANDOM + 1);
		struct codec *fresh = create(v, CODEC_COMPRESS, v->page_size);
		size_t len;

		fill(page, v->page_size, kind);
		fill_random(page + v->page_size / 2, 32, round);
		len = codec_compress(fresh, page, a);
		assert_int_equal(codec_compress(used, page, b), len);
		assert_memory_equal(a, b, len);
		codec_destroy(fresh);
	}
	free(page);
	free(a);
	free(b);
	codec_destroy(used);
}

static void test_truncated(void **state)
{
	const struct variant *v = *state;
	struct codec *codec = create(v, BOTH, v->page_size);
	size_t step = v->page_size > 4096 ? 128 : 1;
	struct guarded src, cut, dst;

	guarded_init(&src, v->page_size);
	guarded_init(&cut, v->page_size);
	guarded_init(&dst, v->page_size);
	for (enum kind kind = ZERO; kind < NR_COMPRESSIBLE; kind++) {
		size_t len = compress_to_tail(codec, v->page_size, kind, &src);
		const uint8_t *packed = guarded_tail(&src, len);

		for (size_t n = 0; n < len; n += n < 64 || n + 64 >= len ? 1 : step) {
			memcpy(guarded_tail(&cut, n), packed, n);
			assert_damaged(codec, guarded_tail(&cut, n), n, &dst, v->page_size);
		}
	}
	guarded_deinit(&src);
	guarded_deinit(&cut);
	guarded_deinit(&dst);
	codec_destroy(codec);
}

static void test_trailing_bytes(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x11, 0xfe, 0xff };
	static const size_t counts[] = { 1, 2, 3, 4, 8, 100 };
	const struct variant *v = *state;
	struct codec *codec = create(v, BOTH, v->page_size);
	struct guarded src, more, dst;

	guarded_init(&src, v->page_size);
	guarded_init(&more, v->page_size);
	guarded_init(&dst, v->page_size);
	for (enum kind kind = ZERO; kind < NR_COMPRESSIBLE; kind++) {
		size_t len = compress_to_tail(codec, v->page_size, kind, &src);

		for (size_t i = 0; i < ARRAY_SIZE(counts) * ARRAY_SIZE(values); i++) {
			size_t n = counts[i / ARRAY_SIZE(values)];
			uint8_t *p = guarded_tail(&more, len + n);

			assert_in_range(len + n, 1, v->page_size);
			memcpy(p, guarded_tail(&src, len), len);
			memset(p + len, values[i % ARRAY_SIZE(values)], n);
			assert_damaged(codec, p, len + n, &dst, v->page_size);
		}
		/* The same page twice is not a page either. */
		if (2 * len <= v->page_size) {
			uint8_t *p = guarded_tail(&more, 2 * len);

			memcpy(p, guarded_tail(&src, len), len);
			memcpy(p + len, guarded_tail(&src, len), len);
			assert_damaged(codec, p, 2 * len, &dst, v->page_size);
		}
	}
	guarded_deinit(&src);
	guarded_deinit(&more);
	guarded_deinit(&dst);
	codec_destroy(codec);
}

/* Sound streams that hold more or less than a page. */
static void test_wrong_length(void **state)
{
	static const struct {
		size_t mul, div, add;
	} sizes[] = {
		{ 2, 1, 0 }, { 1, 1, 1 }, { 1, 1, 79164 }, { 1, 1, -1 }, { 1, 2, 0 }, { 0, 1, 1 },
	};
	const struct variant *v = *state;
	struct codec *codec = create(v, CODEC_DECOMPRESS, v->page_size);
	struct guarded dst;

	guarded_init(&dst, v->page_size);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t other = v->page_size * sizes[i].mul / sizes[i].div + sizes[i].add;
		struct codec *writer;
		struct guarded src;
		size_t len;

		if (other < 64)
			other = 64;
		writer = create(v, CODEC_COMPRESS, other);
		guarded_init(&src, other);
		len = compress_to_tail(writer, other, ZERO, &src);
		assert_damaged(codec, guarded_tail(&src, len), len, &dst, v->page_size);
		guarded_deinit(&src);
		codec_destroy(writer);
	}
	guarded_deinit(&dst);
	codec_destroy(codec);
}

/*
 * Flipped bits and noise: a page or -EBADMSG, nothing else, and no byte out of
 * bounds. Where the format has a checksum, a page means the right page.
 */
static void test_corrupted(void **state)
{
	const struct variant *v = *state;
	struct codec *codec = create(v, BOTH, v->page_size);
	unsigned int rounds = v->page_size > 4096 ? 500 : 4000;
	uint64_t seed = 11;
	struct guarded src, bad, dst;
	unsigned int refused = 0;
	uint8_t *page, *back;

	guarded_init(&src, v->page_size);
	guarded_init(&bad, v->page_size);
	guarded_init(&dst, v->page_size);
	back = guarded_tail(&dst, v->page_size);
	page = malloc(v->page_size);
	assert_non_null(page);

	for (enum kind kind = ZERO; kind < NR_COMPRESSIBLE; kind++) {
		size_t len = compress_to_tail(codec, v->page_size, kind, &src);
		uint8_t *p = guarded_tail(&bad, len);

		fill(page, v->page_size, kind);
		for (unsigned int i = 0; i < rounds; i++) {
			int err;

			memcpy(p, guarded_tail(&src, len), len);
			for (uint64_t n = next_random(&seed) % 4 + 1; n; n--) {
				/* Headers deserve more than their share. */
				uint64_t span = next_random(&seed) % 2 && len > 16 ? 16 : len;
				uint8_t *byte = p + next_random(&seed) % span;

				if (i % 2)
					*byte ^= 1 << next_random(&seed) % 8;
				else
					*byte = next_random(&seed);
			}
			err = codec_decompress(codec, p, len, back);
			assert_true(err == 0 || err == -EBADMSG);
			if (err)
				refused++;
			else if (v->ops->id == CODEC_ZLIB)
				assert_memory_equal(back, page, v->page_size);
			assert_canary(&dst, v->page_size);
		}
	}
	assert_true(refused > rounds);

	for (unsigned int i = 0; i < rounds; i++) {
		size_t len = next_random(&seed) % v->page_size + 1;

		fill_random(guarded_tail(&bad, len), len, i);
		assert_damaged(codec, guarded_tail(&bad, len), len, &dst, v->page_size);
	}
	free(page);
	guarded_deinit(&src);
	guarded_deinit(&bad);
	guarded_deinit(&dst);
	codec_destroy(codec);
}

/* A compressed page is never empty and never larger than the page. */
static void test_stored_size(void **state)
{
	const struct variant *v = *state;
	struct codec *codec = create(v, BOTH, v->page_size);
	struct guarded src, dst;
	size_t len;

	guarded_init(&src, v->page_size + 1);
	guarded_init(&dst, v->page_size);
	assert_damaged(codec, src.end, 0, &dst, v->page_size);
	/* Refused before any byte of it is looked at. */
	len = compress_to_tail(codec, v->page_size, ZERO, &src);
	assert_damaged(codec, guarded_tail(&src, len), v->page_size + 1, &dst, v->page_size);
	assert_damaged(codec, guarded_tail(&src, len), SIZE_MAX, &dst, v->page_size);
	guarded_deinit(&src);
	guarded_deinit(&dst);
	codec_destroy(codec);
}

static void test_one_direction(void **state)
{
	const struct variant *v = *state;
	struct codec *writer = create(v, CODEC_COMPRESS, v->page_size);
	struct codec *reader = create(v, CODEC_DECOMPRESS, v->page_size);
	uint8_t *page = malloc(v->page_size);
	uint8_t *packed = malloc(v->page_size);
	uint8_t *back = malloc(v->page_size);
	size_t len;

	assert_true(page && packed && back);
	fill(page, v->page_size, TEXT);
	assert_int_equal(codec_compress(reader, page, packed), 0);
	len = codec_compress(writer, page, packed);
	assert_in_range(len, 1, v->page_size - 1);
	assert_int_equal(codec_decompress(writer, packed, len, back), -EINVAL);
	assert_int_equal(codec_decompress(reader, packed, len, back), 0);
	assert_memory_equal(back, page, v->page_size);
	free(page);
	free(packed);
	free(back);
	codec_destroy(writer);
	codec_destroy(reader);
}

/* Whatever writes our zlib pages, any reader's uncompress() opens them. */
static void test_zlib_reads_ours(void **state)
{
	const struct variant *v = *state;
	struct codec *codec = create(v, CODEC_COMPRESS, v->page_size);
	uint8_t *page = malloc(v->page_size);
	uint8_t *packed = malloc(v->page_size);
	uint8_t *back = malloc(v->page_size);

	assert_true(page && packed && back);
	for (enum kind kind = ZERO; kind < NR_COMPRESSIBLE; kind++) {
		uLongf back_len = v->page_size;
		size_t len;

		fill(page, v->page_size, kind);
		len = codec_compress(codec, page, packed);
		assert_in_range(len, 1, v->page_size - 1);
		assert_int_equal(uncompress(back, &back_len, packed, len), Z_OK);
		assert_int_equal(back_len, v->page_size);
		assert_memory_equal(back, page, v->page_size);
	}
	free(page);
	free(packed);
	free(back);
	codec_destroy(codec);
}

/* And we open what zlib writes at any level. */
static void test_we_read_zlib(void **state)
{
	const struct variant *v = *state;
	struct codec *codec = create(v, CODEC_DECOMPRESS, v->page_size);
	uLong bound = compressBound(v->page_size);
	uint8_t *page = malloc(v->page_size);
	uint8_t *packed = malloc(bound);
	uint8_t *back = malloc(v->page_size);

	assert_true(page && packed && back);
	for (int i = 0; i < NR_COMPRESSIBLE * 9; i++) {
		uLongf len = bound;

		fill(page, v->page_size, i / 9);
		assert_int_equal(compress2(packed, &len, page, v->page_size, i % 9 + 1), Z_OK);
		memset(back, CANARY, v->page_size);
		assert_int_equal(codec_decompress(codec, packed, len, back), 0);
		assert_memory_equal(back, page, v->page_size);
	}
	free(page);
	free(packed);
	free(back);
	codec_destroy(codec);
}

/* Stored pages of 3964 bytes whose length field or contents go past the page. */
static void test_snappy_claim(void **state)
{
	static const uint8_t claim[] = { 0xbc, 0x8a, 0x05 }; /* 83260 */
	static const uint8_t copy[] = { 63 << 2 | 2, 1, 0 }; /* 64 times the last byte */
	const struct variant *v = *state;
	struct codec *codec = create(v, CODEC_DECOMPRESS, v->page_size);
	struct codec *writer = create(v, CODEC_COMPRESS, 83260);
	const size_t len = 3964;
	struct guarded src, dst;
	size_t valid_len;
	uint8_t *p;

	guarded_init(&src, 83260);
	guarded_init(&dst, v->page_size);
	valid_len = compress_to_tail(writer, 83260, ZERO, &src);
	p = guarded_tail(&src, valid_len);
	assert_memory_equal(p, claim, sizeof(claim));
	assert_damaged(codec, p, valid_len, &dst, v->page_size);
	assert_non_null(strstr(err_text(-EBADMSG), "83260"));

	/* One literal byte and copies of it for more than 83260 bytes. */
	p = guarded_tail(&src, len);
	memset(p, 0, len);
	memcpy(p, claim, sizeof(claim));
	for (size_t i = 5; i + sizeof(copy) <= len; i += sizeof(copy))
		memcpy(p + i, copy, sizeof(copy));
	assert_damaged(codec, p, len, &dst, v->page_size);

	/* The same after a length that is right. */
	p[0] = (v->page_size & 0x7f) | 0x80;
	p[1] = (v->page_size >> 7 & 0x7f) | 0x80;
	p[2] = v->page_size >> 14;
	assert_damaged(codec, p, len, &dst, v->page_size);
	assert_null(strstr(err_text(-EBADMSG), "claims"));

	/* A length that never ends. */
	memset(p, 0xff, len);
	assert_damaged(codec, p, len, &dst, v->page_size);
	guarded_deinit(&src);
	guarded_deinit(&dst);
	codec_destroy(writer);
	codec_destroy(codec);
}

/* Frames that the zstd library would accept, but that no page is. */
static void test_zstd_other_frames(void **state)
{
	static const uint8_t skippable[] = { 0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4 };
	static const size_t parts[] = { 1, 2, 4 };
	const struct variant *v = *state;
	struct codec *codec = create(v, BOTH, v->page_size);
	struct guarded src, whole, dst;
	uint8_t *p;
	size_t len;

	guarded_init(&src, v->page_size);
	guarded_init(&whole, v->page_size);
	guarded_init(&dst, v->page_size);

	len = compress_to_tail(codec, v->page_size, TEXT, &src);
	p = guarded_tail(&whole, len + sizeof(skippable));
	memcpy(p, skippable, sizeof(skippable));
	memcpy(p + sizeof(skippable), guarded_tail(&src, len), len);
	assert_damaged(codec, p, len + sizeof(skippable), &dst, v->page_size);
	memcpy(p, guarded_tail(&src, len), len);
	memcpy(p + len, skippable, sizeof(skippable));
	assert_damaged(codec, p, len + sizeof(skippable), &dst, v->page_size);

	/* Sound, of exactly a page, and in the format of version 0.7. */
	len = 14;
	p = guarded_tail(&whole, len);
	memcpy(p, (uint8_t[]){ 0x27, 0xb5, 0x2f, 0xfd }, 4);
	p[4] = 0x60; /* one segment, two-byte size */
	p[5] = (v->page_size - 256) & 0xff;
	p[6] = (v->page_size - 256) >> 8;
	p[7] = 2 << 6 | v->page_size >> 16; /* one byte repeated */
	p[8] = v->page_size >> 8;
	p[9] = v->page_size & 0xff;
	p[10] = CANARY;
	p[11] = 3 << 6; /* the end */
	p[12] = 0;
	p[13] = 0;
	assert_damaged(codec, p, len, &dst, v->page_size);

	/* A page cut into frames: only the one that is whole is a page. */
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t n = parts[i];
		struct codec *writer = create(v, CODEC_COMPRESS, v->page_size / n);

		len = compress_to_tail(writer, v->page_size / n, ZERO, &src);
		p = guarded_tail(&whole, n * len);
		for (size_t j = 0; j < n; j++)
			memcpy(p + j * len, guarded_tail(&src, len), len);
		if (n == 1)
			assert_int_equal(codec_decompress(codec, p, len,
							  guarded_tail(&dst, v->page_size)),
					 0);
		else
			assert_damaged(codec, p, n * len, &dst, v->page_size);
		codec_destroy(writer);
	}
	guarded_deinit(&src);
	guarded_deinit(&whole);
	guarded_deinit(&dst);
	codec_destroy(codec);
}

static void test_none(void **state)
{
	struct codec *codec = NULL;
	struct guarded src, dst;
	uint8_t *page;

	(void)state;
	guarded_init(&src, 4096);
	guarded_init(&dst, 4096);
	page = guarded_tail(&src, 4096);
	assert_int_equal(codec_create(&codec, CODEC_NONE, BOTH, 4096), 0);
	fill(page, 4096, TEXT);
	assert_int_equal(codec_compress(codec, page, guarded_tail(&dst, 4096)), 0);
	assert_int_equal(codec_decompress(codec, page, 4096, guarded_tail(&dst, 4096)), 0);
	assert_memory_equal(guarded_tail(&dst, 4096), page, 4096);
	assert_damaged(codec, page, 4095, &dst, 4096);
	assert_damaged(codec, page, 4097, &dst, 4096);
	assert_damaged(codec, page, 0, &dst, 4096);
	codec_destroy(codec);
	codec_destroy(NULL);
	guarded_deinit(&src);
	guarded_deinit(&dst);
}

static size_t size_at_level(enum codec_id id, int level)
{
	uint8_t page[4096], packed[4096], back[4096];
	struct codec *writer, *reader;
	uint32_t seed = 1;
	size_t len;

	/* Numbers that repeat at various distances. */
	for (size_t i = 0; i < sizeof(page); i++)
		page[i] = i % 8 < 3 ? (seed = seed * 1103515245 + 12345) >> 28 : i / 64 % 5;
	assert_int_equal(codec_create_level(&writer, id, CODEC_COMPRESS, sizeof(page), level), 0);
	assert_int_equal(codec_create(&reader, id, CODEC_DECOMPRESS, sizeof(page)), 0);
	len = codec_compress(writer, page, packed);
	if (len) {
		assert_int_equal(codec_decompress(reader, packed, len, back), 0);
		assert_memory_equal(back, page, sizeof(page));
	}
	codec_destroy(reader);
	codec_destroy(writer);
	return len ? len : sizeof(page);
}

/* The levels of all libraries of a format, except 0. */
static void find_levels(enum codec_id id, int *ret_min, int *ret_max)
{
	const struct codec_ops *ops;

	*ret_min = *ret_max = 0;
	for (size_t i = 0; (ops = codec_library_at(i)); i++) {
		if (ops->id != id)
			continue;
		if (!*ret_min || ops->level_min < *ret_min)
			*ret_min = ops->level_min;
		if (ops->level_max > *ret_max)
			*ret_max = ops->level_max;
	}
}

/* A format has the levels of its libraries and no others; the last one compresses most. */
static void test_levels(void **state)
{
	struct codec *codec = NULL;
	int min, max;

	(void)state;
	for (enum codec_id id = CODEC_ZLIB; id < NR_CODECS; id++) {
		if (!codec_supported(id))
			continue;
		find_levels(id, &min, &max);
		assert_int_equal(codec_check_level(id, CODEC_LEVEL_DEFAULT), 0);
		assert_int_equal(codec_check_level(id, max + 1), -EINVAL);
		assert_null(codec_library_name(id, max + 1));
		assert_int_equal(codec_create_level(&codec, id, BOTH, 4096, max + 1), -EINVAL);
		assert_null(codec);
		if (!max)
			continue;
		assert_int_equal(codec_check_level(id, min - 1 ? min - 1 : min - 2), -EINVAL);
		assert_true(size_at_level(id, max) < size_at_level(id, min));
		assert_true(size_at_level(id, 1) <= size_at_level(id, min));
		assert_int_equal(size_at_level(id, CODEC_LEVEL_DEFAULT), size_at_level(id, 1));
	}
}

/* ISA-L compresses at its own level, and never decompresses. */
static void test_isal_choice(void **state)
{
	struct codec *codec = NULL;

	(void)state;
	if (!find_library("isa-l"))
		skip();
	assert_string_equal(codec_library_name(CODEC_ZLIB, -1), "isa-l");
	assert_string_not_equal(codec_library_name(CODEC_ZLIB, 1), "isa-l");
	assert_int_equal(codec_create_with(&codec, find_library("isa-l"), BOTH, 4096), -EINVAL);
	assert_int_equal(codec_create_level(&codec, CODEC_ZLIB, BOTH, 4096, -1), -ENOTSUP);
	assert_null(codec);
}

static void test_create_arguments(void **state)
{
	static const struct {
		unsigned int flags;
		size_t page_size;
	} wrong[] = {
		{ 0, 4096 },
		{ 4, 4096 },
		{ BOTH | 8, 4096 },
		{ BOTH, 0 },
		{ BOTH, CODEC_MAX_PAGE_SIZE + 1 },
		{ BOTH, SIZE_MAX },
	};
	struct codec *codec = NULL;

	(void)state;
	for (enum codec_id id = CODEC_NONE; id < NR_CODECS; id++) {
		if (!codec_supported(id))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
			assert_int_equal(codec_create(&codec, id, wrong[i].flags,
						      wrong[i].page_size),
					 -EINVAL);
			assert_null(codec);
		}
		assert_int_equal(codec_create(&codec, id, BOTH, CODEC_MAX_PAGE_SIZE), 0);
		codec_destroy(codec);
		codec = NULL;
	}
}

static void test_tables(void **state)
{
	const struct codec_ops *ops;
	struct codec *codec = NULL;
	size_t n = 0;

	(void)state;
	assert_string_equal(codec_name(CODEC_NONE), "none");
	assert_string_equal(codec_name(CODEC_ZLIB), "zlib");
	assert_string_equal(codec_name(CODEC_LZO), "lzo");
	assert_string_equal(codec_name(CODEC_SNAPPY), "snappy");
	assert_string_equal(codec_name(CODEC_ZSTD), "zstd");
	assert_string_equal(codec_name(NR_CODECS), "unknown");

	assert_true(codec_supported(CODEC_NONE));
	assert_true(codec_supported(CODEC_ZLIB));
	assert_null(codec_library_name(CODEC_NONE, CODEC_LEVEL_DEFAULT));
	while ((ops = codec_library_at(n))) {
		assert_true(codec_supported(ops->id));
		n++;
	}
	assert_null(codec_library_at(n + 1));
	assert_null(codec_library_at(SIZE_MAX));
#ifdef HAVE_LIBDEFLATE
	assert_string_equal(codec_library_name(CODEC_ZLIB, CODEC_LEVEL_DEFAULT), "libdeflate");
#else
	assert_string_equal(codec_library_name(CODEC_ZLIB, CODEC_LEVEL_DEFAULT), "zlib");
#endif

	for (enum codec_id id = CODEC_ZLIB; id <= NR_CODECS; id++) {
		if (codec_supported(id)) {
			assert_non_null(codec_library_name(id, CODEC_LEVEL_DEFAULT));
			continue;
		}
		assert_null(codec_library_name(id, CODEC_LEVEL_DEFAULT));
		assert_int_equal(codec_create(&codec, id, BOTH, 4096), -ENOTSUP);
		assert_null(codec);
		assert_non_null(strstr(err_text(-ENOTSUP), codec_name(id)));
	}
	assert_false(codec_supported(NR_CODECS));
}

#define ROWS(test, library, i) \
	{ #test ": " library ", 4K pages", test, NULL, NULL, &variants[i] }, \
	{ \
#test ": " library ", 64K pages", test, NULL, NULL, &variants[(i) + 1] \
	}
#define PER_ZLIB_READER(test) ROWS(test, "libdeflate", 0), ROWS(test, "zlib", 2)
#define PER_READER(test) \
	PER_ZLIB_READER(test), ROWS(test, "lzo", 4), ROWS(test, "snappy", 6), ROWS(test, "zstd", 8)
#define PER_WRITER(test) PER_READER(test), ROWS(test, "isa-l", 10)

int main(void)
{
	static const char *const names[] = { "libdeflate", "zlib", "lzo", "snappy", "zstd",
					     "isa-l" };
	struct variant variants[2 * ARRAY_SIZE(names)];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_isal_choice),
		cmocka_unit_test(test_create_arguments),
		cmocka_unit_test(test_none),
		PER_READER(test_round_trip),
		PER_WRITER(test_incompressible),
		PER_WRITER(test_history),
		PER_READER(test_truncated),
		PER_READER(test_trailing_bytes),
		PER_READER(test_wrong_length),
		PER_READER(test_corrupted),
		PER_READER(test_stored_size),
		PER_READER(test_one_direction),
		PER_ZLIB_READER(test_zlib_reads_ours),
		ROWS(test_zlib_reads_ours, "isa-l", 10),
		PER_ZLIB_READER(test_we_read_zlib),
		ROWS(test_snappy_claim, "snappy", 6),
		ROWS(test_zstd_other_frames, "zstd", 8),
	};

	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		variants[i].page_size = i % 2 ? 65536 : 4096;
		variants[i].ops = find_library(names[i / 2]);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
