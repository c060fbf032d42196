// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names, markers and values of kallsyms in every layout, and what becomes of
 * tables that are damaged, cut off or lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/kallsyms_tables.h"
#include "symbols/symbol_match.h"
#include "tests/unit/kallsyms_image.h"

/* --- memory made by hand ------------------------------------------------------ */

#define HAND_BASE 0xffffffff81000000

/* Tables of which each part has its place, with room. */
struct hand {
	struct kimage img;
	struct kallsyms_tables t;
	size_t names_size;		/* so far */
};

#define HAND_TOKENS 8192

/* Tokens are the printable characters, and "Tx" at 1, "ab" at 2, "." twice at 3. */
static void hand_init(struct hand *h, size_t names_room, uint32_t max_syms)
{
	size_t markers = 4 * (max_syms / KSYM_MARKER_STEP + 1);
	uint8_t *text;

	*h = (struct hand){ .img = { .start = HAND_BASE } };
	h->t.names = HAND_BASE + 4096 + 40;
	h->t.markers = h->t.names + (names_room + 7) / 8 * 8;
	h->t.marker_size = 4;
	h->t.token_table = h->t.markers + (markers + 7) / 8 * 8;
	h->t.token_index = h->t.token_table + HAND_TOKENS;
	h->img.size = h->t.token_index + 512 - HAND_BASE;
	h->img.data = calloc(1, h->img.size);
	assert_non_null(h->img.data);
	h->img.mem = (struct vmem){
		.read = kimage_read, .extent = kimage_extent, .ctx = &h->img, .is64 = true,
		.image_start = HAND_BASE, .image_end = HAND_BASE + h->img.size,
	};
	text = kimage_at(&h->img, h->t.token_table);
	for (unsigned int i = 0; i < 256; i++) {
		const char own[2] = { i > ' ' && i <= '~' ? i : 0 };
		const char *token = i == 1 ? "Tx" : i == 2 ? "ab" : i == 3 ? ".." : own;
		uint16_t start = text - kimage_at(&h->img, h->t.token_table);

		memcpy(kimage_at(&h->img, h->t.token_index + 2 * i), &start, 2);
		strcpy((char *)text, token);
		text += strlen(token) + 1;
	}
}

static void hand_free(struct hand *h)
{
	free(h->img.data);
}

/* Let a token be other text, of which there is only one such at a time. */
static void hand_set_token(struct hand *h, unsigned int code, const char *text, size_t len)
{
	const uint16_t start = 2048;

	memcpy(kimage_at(&h->img, h->t.token_table + start), text, len);
	memcpy(kimage_at(&h->img, h->t.token_index + 2 * code), &start, 2);
}

static void hand_set_start(struct hand *h, unsigned int code, uint16_t start)
{
	memcpy(kimage_at(&h->img, h->t.token_index + 2 * code), &start, 2);
}

/* The bytes of an entry: they depend on which it is. */
static uint8_t hand_byte(uint32_t index, size_t i)
{
	return '!' + (index * 31 + i * 7 + i / 90) % 94;
}

/* Add an entry of hand_byte(). */
static void hand_add(struct hand *h, size_t len)
{
	uint8_t *p = kimage_at(&h->img, h->t.names + h->names_size), *begin = p;
	uint32_t pos = h->names_size;

	assert_true(h->t.names + h->names_size + len + 2 <= h->t.markers);
	if (h->t.num_syms % KSYM_MARKER_STEP == 0)
		store_u32(kimage_at(&h->img, h->t.markers + h->t.num_syms / KSYM_MARKER_STEP * 4),
			  pos, false);
	if (len > 0x7f) {
		*p++ = 0x80 | (len & 0x7f);
		*p++ = len >> 7;
	} else {
		*p++ = len;
	}
	for (size_t i = 0; i < len; i++)
		*p++ = hand_byte(h->t.num_syms, i);
	h->names_size += p - begin;
	h->t.num_syms++;
}

static struct ksym_tokens *read_tokens(const struct vmem *mem, vaddr_t table, vaddr_t index)
{
	struct ksym_tokens *tokens = malloc(sizeof(*tokens));

	assert_non_null(tokens);
	if (ksym_tokens_read(tokens, mem, table, index))
		fail_msg("%s", err_text(-EBADMSG));
	return tokens;
}

/* --- tokens ------------------------------------------------------------------- */

static void expand(const struct ksym_tokens *tokens, const char *entry, const char *expected)
{
	char text[KSYM_TEXT_MAX] = "left over";
	size_t len = ksym_expand(tokens, (const uint8_t *)entry, strlen(entry), text);

	assert_int_equal(len, expected ? strlen(expected) : 0);
	if (expected)
		assert_string_equal(text, expected);
}

static void test_tokens(void **state)
{
	struct ksym_tokens *tokens;
	struct hand h;

	(void)state;
	hand_init(&h, 0, 0);
	tokens = read_tokens(&h.img.mem, h.t.token_table, h.t.token_index);
	for (unsigned int i = 4; i < 256; i++)
		assert_int_equal(tokens->token[i].len, i > ' ' && i <= '~');
	assert_int_equal(tokens->token[0].len, 0);
	assert_int_equal(tokens->token[1].len, 2);
	expand(tokens, "Tname", "Tname");
	expand(tokens, "\001\002\003z", "Txab..z");
	/* A type and no name; nothing; what is no token, wherever it is. */
	expand(tokens, "T", NULL);
	expand(tokens, "", NULL);
	expand(tokens, "\004name", NULL);
	expand(tokens, "Tna\377me", NULL);
	expand(tokens, "Tname\200", NULL);
	/* The first token alone can have both. */
	expand(tokens, "\001", "Tx");
	free(tokens);
	hand_free(&h);
}

static void test_damaged_tokens(void **state)
{
	char big[1000];
	struct hand h;

	(void)state;
	memset(big, 'a', sizeof(big));
	for (unsigned int i = 0; i < 8; i++) {
		struct ksym_tokens *tokens;
		bool lost = true;

		hand_init(&h, 0, 0);
		switch (i) {
		case 0: hand_set_start(&h, 'q', HAND_TOKENS); break;
		case 1: hand_set_start(&h, 'q', 0xffff); break;
		case 2: hand_set_token(&h, 'q', "two words", 10); break;
		case 3: hand_set_token(&h, 'q', "rub\177out", 8); break;
		case 4: hand_set_token(&h, 'q', "\xc3\xa9t\xc3\xa9", 6); break;
		case 5: hand_set_token(&h, 'q', "", 1); break;
		case 6:
			/* The last token does not end before the index begins. */
			memset(kimage_at(&h.img, h.t.token_index - 4), 'q', 4);
			hand_set_start(&h, 'q', HAND_TOKENS - 4);
			break;
		case 7:
			memcpy(kimage_at(&h.img, h.t.token_index - 4), "qqq", 4);
			hand_set_start(&h, 'q', HAND_TOKENS - 4);
			lost = false;
			break;
		}
		tokens = read_tokens(&h.img.mem, h.t.token_table, h.t.token_index);
		expand(tokens, "Tseq", lost ? NULL : "Tseqqq");
		/* The others are as good as before. */
		expand(tokens, "Tpr", "Tpr");
		free(tokens);
		hand_free(&h);
	}
}

static void test_long_texts(void **state)
{
	struct ksym_tokens *tokens;
	char text[KSYM_TEXT_MAX], big[1024];
	struct hand h;

	(void)state;
	memset(big, 'a', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	hand_init(&h, 0, 0);
	hand_set_token(&h, 'q', big, sizeof(big));
	tokens = read_tokens(&h.img.mem, h.t.token_table, h.t.token_index);
	assert_int_equal(ksym_expand(tokens, (const uint8_t *)"qqqqqqq", 4, text), 4 * 1023);
	assert_int_equal(ksym_expand(tokens, (const uint8_t *)"qqqqTTT", 7, text),
			 KSYM_TEXT_MAX - 1);
	assert_int_equal(strlen(text), KSYM_TEXT_MAX - 1);
	assert_int_equal(ksym_expand(tokens, (const uint8_t *)"qqqqTTTT", 8, text), 0);
	assert_int_equal(ksym_expand(tokens, (const uint8_t *)"qqqqqqq", 5, text), 0);
	free(tokens);
	hand_free(&h);
}

static void test_no_tokens(void **state)
{
	struct ksym_tokens *tokens = malloc(sizeof(*tokens));
	const struct vmem *mem;
	struct hand h;

	(void)state;
	hand_init(&h, 2 * KSYM_TOKENS_MAX, 0);
	mem = &h.img.mem;
	/* The index before the table, on it, too near, too far. */
	assert_int_equal(ksym_tokens_read(tokens, mem, h.t.token_index, h.t.token_table), -EBADMSG);
	assert_int_equal(ksym_tokens_read(tokens, mem, h.t.token_table, h.t.token_table), -EBADMSG);
	assert_int_equal(ksym_tokens_read(tokens, mem, h.t.token_table, h.t.token_table + 255),
			 -EBADMSG);
	assert_int_equal(ksym_tokens_read(tokens, mem, h.t.token_index - KSYM_TOKENS_MAX - 1,
					  h.t.token_index), -EBADMSG);
	assert_non_null(strstr(err_text(-EBADMSG), "are invalid"));
	/* Memory that is not there. */
	assert_int_equal(ksym_tokens_read(tokens, mem, HAND_BASE - 4096, HAND_BASE), -EFAULT);
	assert_int_equal(ksym_tokens_read(tokens, mem, h.t.token_table, h.t.token_index + 2),
			 -EFAULT);
	assert_non_null(strstr(err_text(-EFAULT), "tokens"));
	/* Names in place of tokens, and an index of nothing but zeros. */
	memset(kimage_at(&h.img, h.t.token_index), 0xff, 512);
	assert_int_equal(ksym_tokens_read(tokens, mem, h.t.token_table, h.t.token_index), -EBADMSG);
	memset(kimage_at(&h.img, h.t.token_index), 0, 512);
	assert_int_equal(ksym_tokens_read(tokens, mem, h.t.token_table, h.t.token_index), -EBADMSG);
	/* Few tokens are there by chance. */
	for (unsigned int good = 1; good <= 32; good++) {
		hand_set_token(&h, good, "a", 2);
		assert_int_equal(ksym_tokens_read(tokens, mem, h.t.token_table, h.t.token_index),
				 good < 32 ? -EBADMSG : 0);
	}
	free(tokens);
	hand_free(&h);
}

/* --- the stream --------------------------------------------------------------- */

/* The symbols that are lost, also if none is wanted; the entries that are given nevertheless. */
static uint32_t hand_pass_over(const struct hand *h, uint32_t *given)
{
	struct ksym_stream *s = malloc(sizeof(*s));
	struct ksym_tokens *tokens = calloc(1, sizeof(*tokens));
	struct symbol_match none = { 0 };
	const uint8_t *entry;
	struct ksym_filter f;
	uint32_t index, lost;

	assert_true(s && tokens);
	assert_int_equal(ksym_filter_init(&f, tokens, &none), 0);
	ksym_stream_init(s, &h->img.mem, &h->t);
	for (*given = 0; ksym_stream_next(s, &f, &index, &entry);)
		++*given;
	lost = s->lost;
	ksym_filter_deinit(&f);
	free(tokens);
	free(s);
	return lost;
}

/* Walk, and check that each entry that is given from @from on is that of hand_byte(). */
static uint32_t hand_walk(const struct hand *h, uint32_t from, uint32_t *lost)
{
	struct ksym_stream *s = malloc(sizeof(*s));
	uint32_t index, next = 0, nr = 0, given;
	const uint8_t *entry;
	size_t len;

	ksym_stream_init(s, &h->img.mem, &h->t);
	while ((len = ksym_stream_next(s, NULL, &index, &entry))) {
		assert_true(index >= next && index < h->t.num_syms);
		next = index + 1;
		nr++;
		for (size_t i = 0; index >= from && i < len; i++)
			assert_int_equal(entry[i], hand_byte(index, i));
	}
	/* The end stays the end. */
	assert_int_equal(ksym_stream_next(s, NULL, &index, &entry), 0);
	assert_int_equal(hand_pass_over(h, &given), s->lost);
	assert_true(given <= nr);
	if (lost)
		*lost = s->lost;
	else
		assert_int_equal(s->lost, 0);
	free(s);
	return nr;
}

static void test_pass_over(void **state)
{
	uint32_t given, nr = 3000;
	struct hand h;

	(void)state;
	hand_init(&h, 8 << 20, nr + 1);
	for (uint32_t i = 0; i < nr; i++)
		hand_add(&h, 1 + i % 60);
	assert_int_equal(hand_pass_over(&h, &given), 0);
	/* Only entries at the ends of chunks are not passed over. */
	assert_in_range(given, 0, 2 * h.names_size / KSYM_STREAM_CHUNK + 1);
	/* Long ones are given. */
	hand_add(&h, 200);
	assert_int_equal(hand_pass_over(&h, &nr), 0);
	assert_int_equal(nr, given + 1);
	/* A wrong length leads to wrong names, up to the next marker. */
	++*(uint8_t *)kimage_at(&h.img, h.t.names);
	assert_int_equal(hand_pass_over(&h, &nr), KSYM_MARKER_STEP);
	hand_free(&h);
}

static void test_all_lengths(void **state)
{
	struct ksym_stream *s = malloc(sizeof(*s));
	const uint8_t *entry;
	uint32_t index, i = 0;
	struct hand h;
	size_t len;

	(void)state;
	hand_init(&h, 8 << 20, 2000);
	for (len = 1; len <= 700; len++)
		hand_add(&h, len);
	for (; len <= KSYM_ENTRY_MAX; len += 97)
		hand_add(&h, len);
	hand_add(&h, KSYM_ENTRY_MAX);
	hand_add(&h, 1);
	assert_int_equal(hand_walk(&h, 0, NULL), h.t.num_syms);
	/* Lengths, too; it is the same without markers. */
	h.t.markers = 0;
	ksym_stream_init(s, &h.img.mem, &h.t);
	for (len = 1; len <= 700; len++, i++) {
		assert_int_equal(ksym_stream_next(s, NULL, &index, &entry), len);
		assert_int_equal(index, i);
	}
	for (; len <= KSYM_ENTRY_MAX; len += 97)
		assert_int_equal(ksym_stream_next(s, NULL, &index, &entry), len);
	assert_int_equal(ksym_stream_next(s, NULL, &index, &entry), KSYM_ENTRY_MAX);
	assert_int_equal(ksym_stream_next(s, NULL, &index, &entry), 1);
	assert_int_equal(ksym_stream_next(s, NULL, &index, &entry), 0);
	assert_int_equal(s->lost, 0);
	free(s);
	hand_free(&h);
}

/* Wherever in an entry the piece of the stream ends that is read at once. */
static void test_chunk_ends(void **state)
{
	struct hand h;

	(void)state;
	for (size_t first = 1; first <= 140; first++) {
		hand_init(&h, 300000, 2100);
		hand_add(&h, first);
		for (unsigned int i = 0; i < 2000; i++)
			hand_add(&h, i % 2 ? 130 : 127);
		assert_int_equal(hand_walk(&h, 0, NULL), 2001);
		hand_free(&h);
	}
}

/* Entries of 20 to 319 bytes: a block of 256 has more than 40 KB. */
static size_t long_entry(unsigned int i)
{
	return i % 10 ? 20 + i % 300 : 300;
}

static void long_stream(struct hand *h)
{
	hand_init(h, 1 << 20, 3000);
	for (unsigned int i = 0; i < 3000; i++)
		hand_add(h, long_entry(i));
}

static uint32_t marker(const struct hand *h, unsigned int i)
{
	return load_u32(kimage_at((struct kimage *)&h->img, h->t.markers + 4 * i), false);
}

/* The marker of the last block leads to the tokens, which are no names. */
static void test_marker_after_the_names(void **state)
{
	uint32_t lost;
	struct hand h;

	(void)state;
	long_stream(&h);
	store_u32(kimage_at(&h.img, h.t.markers + 3000 / 256 * 4),
		  h.t.token_table - h.t.names + 65, false);
	assert_int_equal(hand_walk(&h, 0, &lost), 3000 / 256 * 256);
	assert_true(lost >= 3000 % 256);
	hand_free(&h);
}

static void test_zero_length(void **state)
{
	uint32_t lost;
	struct hand h;

	(void)state;
	long_stream(&h);
	/* The first entry of block 2: all of the block is gone, no more. */
	*kimage_at(&h.img, h.t.names + marker(&h, 2)) = 0;
	assert_int_equal(hand_walk(&h, 0, &lost), 3000 - 256);
	assert_int_equal(lost, 256);
	hand_free(&h);

	/* In the last block nothing can be found again. */
	long_stream(&h);
	*kimage_at(&h.img, h.t.names + marker(&h, 3000 / 256)) = 0;
	assert_int_equal(hand_walk(&h, 0, &lost), 3000 / 256 * 256);
	assert_int_equal(lost, 3000 % 256);
	/* Nor without markers. */
	h.t.markers = 0;
	assert_int_equal(hand_walk(&h, 0, &lost), 3000 / 256 * 256);
	assert_int_equal(lost, 3000 % 256);
	*kimage_at(&h.img, h.t.names) = 0;
	assert_int_equal(hand_walk(&h, 0, &lost), 0);
	assert_int_equal(lost, 3000);
	hand_free(&h);
}

static void test_garbage(void **state)
{
	struct hand h;

	(void)state;
	for (unsigned int at = 0; at < 60; at++) {
		uint64_t seed = at;
		uint32_t lost, nr;

		/* Somewhere in block 3. */
		long_stream(&h);
		for (unsigned int i = 0; i < 200; i++)
			*kimage_at(&h.img, h.t.names + marker(&h, 3) + 500 * at + i) =
				kcorpus_random(&seed);
		nr = hand_walk(&h, 4 * 256, &lost);
		assert_in_range(nr, 3000 - 256, 3000);
		/* The bytes of entries may have been hit, and no length. */
		assert_true(lost <= 256);
		assert_true(nr + lost >= 3000);
		hand_free(&h);
	}

	/* An entry of the greatest length in block 3 swallows the rest of it. */
	long_stream(&h);
	memset(kimage_at(&h.img, h.t.names + marker(&h, 4) - 2000), 0xff, 100);
	{
		uint32_t lost;

		assert_in_range(hand_walk(&h, 4 * 256, &lost), 3000 - 256, 3000);
		assert_in_range(lost, 1, 256);
	}
	hand_free(&h);
}

/* Pages that are missing cost what is after them in their blocks, and nothing else. */
static void test_holes(void **state)
{
	/* In pages, the first that has names being 1. */
	static const struct {
		unsigned int start, nr;
	} holes[] = { { 1, 1 }, { 2, 1 }, { 18, 1 }, { 17, 2 }, { 17, 16 }, { 31, 60 }, { 1, 40 } };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(holes); i++) {
		uint64_t start, end, pos = 0;
		uint32_t lost, good = 0;
		struct hand h;

		long_stream(&h);
		start = HAND_BASE + 4096 * holes[i].start;
		end = start + 4096 * holes[i].nr;
		kimage_hole(&h.img, start, end - start);
		for (unsigned int j = 0; j < 3000; j++) {
			vaddr_t block = h.t.names + marker(&h, j / 256);

			pos += long_entry(j) + 1 + (long_entry(j) > 0x7f);
			good += block >= end || h.t.names + pos <= start;
		}
		assert_int_equal(pos, h.names_size);
		assert_in_range(good, 1, 2999);
		assert_int_equal(hand_walk(&h, 0, &lost), good);
		assert_int_equal(lost, 3000 - good);
		hand_free(&h);
	}
}

/* From somewhere on, nothing is there. */
static void test_truncated(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 50; i++) {
		struct hand h;
		uint32_t lost, nr;
		uint64_t end;

		long_stream(&h);
		end = i * h.names_size / 50;
		kimage_hole(&h.img, h.t.names + end, 1 << 30);
		nr = hand_walk(&h, 0, &lost);
		assert_int_equal(nr + lost, 3000);
		/* No name in whole readable pages is lost. */
		assert_true(nr >= (end / 4096) * 4096 / 322);
		assert_true(nr <= end / 21);
		hand_free(&h);
	}
}

/* Markers that are wrong or missing do no harm, or little. */
static void test_bad_markers(void **state)
{
	uint32_t lost, bad = 0x7fffffff;
	struct hand h;

	(void)state;
	/* One lies, anywhere. The blocks at both sides of it may be taken for damaged. */
	for (unsigned int i = 1; i <= 3000 / 256; i++) {
		static const uint32_t lies[] = { 0, 1, 100, 0x7fffffff, 0xffffffff };

		for (unsigned int j = 0; j < ARRAY_SIZE(lies); j++) {
			uint32_t nr;

			long_stream(&h);
			memcpy(kimage_at(&h.img, h.t.markers + 4 * i), &lies[j], 4);
			nr = hand_walk(&h, (i + 1) * 256, &lost);
			assert_true(nr + lost >= 3000);
			assert_in_range(lost, 0, 512);
			hand_free(&h);
		}
	}
	/* All lie: what the stream says is all there is. */
	long_stream(&h);
	for (unsigned int i = 1; i <= 3000 / 256; i++)
		memcpy(kimage_at(&h.img, h.t.markers + 4 * i), &bad, 4);
	assert_int_equal(hand_walk(&h, 0, &lost), 3000);
	hand_free(&h);

	long_stream(&h);
	kimage_hole(&h.img, h.t.markers, h.t.token_table - h.t.markers);
	assert_int_equal(hand_walk(&h, 0, &lost), 3000);
	hand_free(&h);
}

/* A count that is too high, up to the highest. */
static void test_lying_count(void **state)
{
	static const uint32_t counts[] = { 3001, 4000, 100000, KSYMS_MAX };

	(void)state;
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(counts); i++) {
		uint32_t lost;
		struct hand h;

		long_stream(&h);
		h.t.num_syms = counts[i / 2];
		if (i & 1)
			h.t.markers = 0;
		assert_true(hand_walk(&h, UINT32_MAX, &lost) >= 3000);
		assert_true(lost > 0);
		hand_free(&h);
	}
}

/* Zeros, ones, noise: the walk ends, and reads nothing that is not its own. */
static void test_noise(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		uint64_t seed = i;
		uint32_t lost;
		struct hand h;

		hand_init(&h, 100000, 5000);
		h.t.num_syms = 5000;
		for (vaddr_t va = h.t.names; va < h.t.token_table; va++)
			*kimage_at(&h.img, va) = i == 0 ? 0 : i == 1 ? 0xff :
				i % 2 ? kcorpus_random(&seed) : kcorpus_random(&seed) % 8;
		if (i % 3 == 0)
			h.t.markers = 0;
		assert_true(hand_walk(&h, UINT32_MAX, &lost) <= 5000);
		hand_free(&h);
	}
}

/* --- every layout ------------------------------------------------------------- */

/* Names come out as they were put in. */
static void check_names(const struct kmatrix *m, const struct kimage_layout *l, struct kimage *img,
			const struct kallsyms_tables *t)
{
	struct ksym_tokens *tokens = read_tokens(&img->mem, t->token_table, t->token_index);
	const struct kcorpus_symbol *next = m->corpus.symbols;
	struct ksym_stream *s = malloc(sizeof(*s));
	char text[KSYM_TEXT_MAX];
	uint32_t index, nr = 0;
	const uint8_t *entry;
	size_t len;

	ksym_stream_init(s, &img->mem, t);
	while ((len = ksym_stream_next(s, NULL, &index, &entry))) {
		assert_int_equal(index, nr++);
		while (!klayout_has(l, next))
			next++;
		len = ksym_expand(tokens, entry, len, text);
		assert_int_equal(len, strlen(next->name) + 1);
		assert_int_equal(text[0], next->type);
		assert_string_equal(text + 1, next->name);
		next++;
	}
	assert_int_equal(nr, kimage_num_syms(img));
	assert_int_equal(s->lost, 0);
	free(tokens);
	free(s);
}

static void check_values(const struct kmatrix *m, const struct kimage_layout *l, struct kimage *img)
{
	const struct kcorpus_symbol *next = m->corpus.symbols;
	struct ksym_values how = kimage_values(img);
	uint32_t nr = kimage_num_syms(img);

	for (uint32_t first = 0; first < nr; first += 700) {
		uint32_t n = min_u64(700, nr - first);
		uint64_t values[KSYM_VALUES_CHUNK], one;

		assert_int_equal(ksym_values_read(&img->mem, &how, first, n, values), 0);
		for (uint32_t i = 0; i < n; i++, next++) {
			while (!klayout_has(l, next))
				next++;
			assert_int_equal(values[i], klayout_value(l, next));
		}
		assert_int_equal(ksym_value(&img->mem, &how, first + n - 1, &one), 0);
		assert_int_equal(one, values[n - 1]);
	}
}

static void test_layouts(void **state)
{
	struct kmatrix *m = *state;

	assert_int_equal(m->nr, 74);
	for (size_t i = 0; i < m->nr; i++) {
		const struct kimage_layout *l = &m->layouts[i];
		struct kallsyms_tables t, found;
		struct kimage img;

		kimage_open(&img, &m->images, l->name);
		/* Lengths of two bytes and tokens of several characters do occur. */
		assert_true(kimage_longest(&img) > (klayout_big(l) ? 255 : 30));
		t = kimage_tables(&img, strcmp(l->era, "4.18") ? 4 : l->word / 8);
		check_names(m, l, &img, &t);
		check_values(m, l, &img);

		found = t;
		found.markers = found.marker_size = 0;
		kallsyms_find_markers(&found, &img.mem);
		if (found.markers != t.markers)
			fail_msg("%s: markers at %#llx, not %#llx", l->name,
				 (unsigned long long)found.markers, (unsigned long long)t.markers);
		assert_int_equal(found.marker_size, t.marker_size);
		kimage_close(&img);
	}
}

/* Damaged markers are not found, nor other bytes taken for them. */
static void test_find_no_markers(void **state)
{
	struct kmatrix *m = *state;
	struct kallsyms_tables t;
	struct kimage img;

	for (unsigned int i = 0; i < 4; i++) {
		kimage_open(&img, &m->images, "6.1-seqs-base-relative-little-64");
		t = kimage_tables(&img, 4);
		switch (i) {
		case 0: memset(kimage_at(&img, t.markers), 0xff, 4); break;
		case 1: memset(kimage_at(&img, t.markers + 4), 0, 4); break;
		case 2: memset(kimage_at(&img, t.markers + 20), 0x7f, 4); break;
		case 3: kimage_hole(&img, t.markers, 8); break;
		}
		kallsyms_find_markers(&t, &img.mem);
		assert_int_equal(t.markers, 0);
		kimage_close(&img);
	}
	/* Counts that leave no room for any. */
	kimage_open(&img, &m->images, "6.1-base-relative-little-64");
	t = kimage_tables(&img, 4);
	t.num_syms = KSYMS_MAX;
	kallsyms_find_markers(&t, &img.mem);
	assert_int_equal(t.markers, 0);
	kimage_close(&img);
}

/* 256 names have at most 256 times the longest. */
static void test_markers_far_apart(void **state)
{
	const uint32_t most = 256 * (KSYM_ENTRY_MAX + 2);
	const uint32_t markers[][3] = {
		{ 0, 2000, 4000 },
		{ 0, most + 1, most + 2000 },
		{ 0, 511, 4000 },
		{ 0, most, most + 512 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(markers); i++) {
		struct kallsyms_tables found;
		struct hand h;

		hand_init(&h, 5 << 20, 600);
		h.t.num_syms = 600;
		for (unsigned int j = 0; j < 3; j++)
			store_u32(kimage_at(&h.img, h.t.markers + 4 * j), markers[i][j], false);
		found = h.t;
		kallsyms_find_markers(&found, &h.img.mem);
		assert_int_equal(found.markers, i % 3 ? 0 : h.t.markers);
		hand_free(&h);
	}
}

/* --- values ------------------------------------------------------------------- */

/* The bounds of each encoding, by hand. */
static void test_values(void **state)
{
	static const struct {
		enum kallsyms_encoding encoding;
		bool is64;
		uint32_t entry;
		uint64_t expected;	/* of symbol 3 */
	} cases[] = {
		{ KSYM_BASE_RELATIVE, true, 0, 0xffffffff90000000 },
		{ KSYM_BASE_RELATIVE, true, 0x80000000, 0x10000000 },
		{ KSYM_BASE_RELATIVE, true, 0x6fffffff, 0xffffffffffffffff },
		{ KSYM_BASE_RELATIVE, false, 0x80000000, 0x10000000 },
		{ KSYM_ABSOLUTE_PERCPU, true, 0, 0 },
		{ KSYM_ABSOLUTE_PERCPU, true, 0x7fffffff, 0x7fffffff },
		{ KSYM_ABSOLUTE_PERCPU, true, 0xffffffff, 0xffffffff90000000 },
		{ KSYM_ABSOLUTE_PERCPU, true, 0xfffffffe, 0xffffffff90000001 },
		{ KSYM_ABSOLUTE_PERCPU, true, 0x80000000, 0x0fffffff },
		{ KSYM_ABSOLUTE_PERCPU, false, 0xfffffffe, 0x90000001 },
		{ KSYM_PLACE_RELATIVE, true, 0, HAND_BASE + 16 + 12 },
		{ KSYM_PLACE_RELATIVE, true, 0xffffffff, HAND_BASE + 16 + 11 },
		{ KSYM_PLACE_RELATIVE, true, 0x80000000, HAND_BASE + 16 + 12 - 0x80000000 },
		{ KSYM_PLACE_RELATIVE, true, 0x7fffffff, 0x100001b },
		{ KSYM_PLACE_RELATIVE, false, 0x7fffffff, 0x100001b },
		{ KSYM_PLAIN, false, 0xffffffff, 0xffffffff },
		{ KSYM_PLAIN, true, 0xffffffff, 0xffffffff },
	};

	(void)state;
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		uint64_t mask = cases[i / 2].is64 ? UINT64_MAX : UINT32_MAX, value = 1;
		const struct ksym_values how = {
			.encoding = cases[i / 2].encoding,
			.table = (HAND_BASE + 16) & mask,
			.base = 0xffffffff90000000 & mask,
		};
		struct hand h;

		hand_init(&h, 0, 0);
		h.img.start &= mask;
		h.img.mem.is64 = cases[i / 2].is64;
		h.img.mem.swap = i & 1;
		store_u32(kimage_at(&h.img, how.table + 12), cases[i / 2].entry, i & 1);
		assert_int_equal(ksym_value(&h.img.mem, &how, 3, &value), 0);
		assert_int_equal(value, cases[i / 2].expected);
		hand_free(&h);
	}
}

static void test_unreadable_values(void **state)
{
	uint64_t values[KSYM_VALUES_CHUNK + 1];
	struct ksym_values how = { .encoding = KSYM_PLACE_RELATIVE };
	struct hand h;

	(void)state;
	hand_init(&h, 0, 0);
	how.table = HAND_BASE + h.img.size - 4 * 1000;
	assert_int_equal(ksym_values_read(&h.img.mem, &how, 0, 1000, values), 0);
	assert_int_equal(ksym_values_read(&h.img.mem, &how, 1, 1000, values), -EFAULT);
	assert_non_null(strstr(err_text(-EFAULT), "addresses"));
	assert_int_equal(ksym_value(&h.img.mem, &how, 999, values), 0);
	assert_int_equal(ksym_value(&h.img.mem, &how, 1000, values), -EFAULT);
	assert_int_equal(ksym_value(&h.img.mem, &how, KSYMS_MAX, values), -EFAULT);
	/* The last one at the top of all addresses has none after it. */
	how.table = -8;
	assert_int_equal(ksym_value(&h.img.mem, &how, 2, values), -EFAULT);
	assert_int_equal(ksym_values_read(&h.img.mem, &how, 0, KSYM_VALUES_CHUNK + 1, values),
			 -EINVAL);
	hand_free(&h);
}

static void test_candidates(void **state)
{
	struct kallsyms_tables t = { 0 };

	(void)state;
	for (unsigned int i = 0; i < KSYM_VALUES_MAX + 3; i++)
		kallsyms_add_candidate(&t, KSYM_PLAIN, i, 100 + i);
	assert_int_equal(t.nr_candidates, KSYM_VALUES_MAX);
	assert_int_equal(t.candidates[KSYM_VALUES_MAX - 1].table, KSYM_VALUES_MAX - 1);
	assert_int_equal(t.candidates[3].base, 103);
	assert_int_equal(t.candidates[3].encoding, KSYM_PLAIN);
}

static int group_setup(void **state)
{
	struct kmatrix *m = calloc(1, sizeof(*m));

	*state = m;
	return m ? kmatrix_make(m) : -1;
}

static int group_teardown(void **state)
{
	int err = kmatrix_remove(*state);

	free(*state);
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_damaged_tokens),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_no_tokens),
		cmocka_unit_test(test_pass_over),
		cmocka_unit_test(test_all_lengths),
		cmocka_unit_test(test_chunk_ends),
		cmocka_unit_test(test_marker_after_the_names),
		cmocka_unit_test(test_zero_length),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_bad_markers),
		cmocka_unit_test(test_lying_count),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_find_no_markers),
		cmocka_unit_test(test_markers_far_apart),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_unreadable_values),
		cmocka_unit_test(test_candidates),
	};

	return cmocka_run_group_tests_name("kallsyms_tables", tests, group_setup, group_teardown);
}
