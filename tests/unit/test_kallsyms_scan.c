// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding the kallsyms tables in the kernel image: in every layout there has been,
 * among lookalikes and holes, and not at all where anything about them is wrong.
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
#include <unistd.h>

#include "lib/types.h"
#include "symbols/kallsyms_scan.h"
#include "tests/unit/cpu_limit.h"
#include "tests/unit/kallsyms_image.h"

#define MIB (1 << 20)
#define NR_TEXTS_MAX 128

/* All digits and enough letters; the number of symbols is odd. */
#define SYMBOLS_64 \
	"ffffffff81000000 T _stext\n" \
	"many 700 0xffffffff81000100 16 t some_function_{}\n" \
	"many 51 0xffffffff81010100 64 D AbCdEfGhIjKlMnOpQrStUvWxYz_{}\n" \
	"many 51 0xffffffff81020100 64 r bcfjkqvwz_$x.{}\n"
#define SYMBOLS_32 \
	"c0008000 T _stext\n" \
	"many 700 0xc0008100 16 t some_function_{}\n" \
	"many 51 0xc0018100 64 D AbCdEfGhIjKlMnOpQrStUvWxYz_{}\n" \
	"many 51 0xc0028100 64 r bcfjkqvwz_$x.{}\n"

/* The encodings of each era, by their letters in ENCODINGS. */
static const struct {
	const char *era, *values;
} eras[] = {
	{ "4.18", "arp" }, { "4.20", "arp" }, { "6.1", "arp" }, { "6.1-seqs", "arp" },
	{ "6.4", "arp" }, { "6.11", "rp" }, { "7.0", "xf" },
};

static const struct {
	char letter;
	const char *name;
} encodings[] = {
	{ 'a', "absolute" }, { 'r', "base-relative" }, { 'p', "absolute-percpu" },
	{ 'x', "place-relative" }, { 'f', "plain" },
};

static const struct kimage_text texts[] = {
	{ "old", "era 4.20\nrandom 5000\n" SYMBOLS_64 "align 8\ntables\nrandom 9000 1\n" },
	{ "seqs", "era 6.1-seqs\nrandom 5000\n" SYMBOLS_64 "align 8\ntables\nrandom 9000 1\n" },
	{ "new", "era 6.11\nrandom 5000\n" SYMBOLS_64 "align 8\ntables\nrandom 9000 1\n" },
	{ "long", "era 6.11\n" SYMBOLS_64 "long 300 0xffffffff81030000 t _RN\n"
		  "long 500 0xffffffff81030100 t _RN\nlong 511 0xffffffff81030200 t _RN\n"
		  "random 5000\ntables\nrandom 5000 1\n" },
	{ "decoys", "era 4.20\n" SYMBOLS_64 "random 3001\ndecoy needle\ndecoy needle\n"
		    "random 1000 3\ndecoy tokens\ndecoy pair\nrandom 100 4\ntables\ndecoy pair\n"
		    "random 3000 5\ndecoy tokens\ndecoy needle\n" },
	{ "two", "era 4.20\n" SYMBOLS_64 "random 3000\ntables\nrandom 3000 1\ntables\n" },
	{ "none", "random 300000\ndecoy needle\ndecoy pair\nrandom 3000 1\n" "era 4.20\n"
		  SYMBOLS_64 "tables\npoke token_index 0 01\n" },
	/* Numbers of symbols about those where another marker comes. */
	{ "count-256", "era 4.20\nrandom 999\nmany 205 0xffffffff81000100 16 t some_function_{}\n"
		       "many 51 0xffffffff81010100 64 D AbCdEfGhIjKlMnOpQrStUvWxYz_{}\n" },
	{ "count-257", "era 4.20\nrandom 999\nmany 206 0xffffffff81000100 16 t some_function_{}\n"
		       "many 51 0xffffffff81010100 64 D AbCdEfGhIjKlMnOpQrStUvWxYz_{}\n" },
	{ "count-768", "era 4.20\nrandom 999\nmany 717 0xffffffff81000100 16 t some_function_{}\n"
		       "many 51 0xffffffff81010100 64 D AbCdEfGhIjKlMnOpQrStUvWxYz_{}\n" },
	{ "count-511", "era 6.1-seqs\nmany 460 0xffffffff81000100 16 t some_function_{}\n"
		       "many 51 0xffffffff81010100 64 D AbCdEfGhIjKlMnOpQrStUvWxYz_{}\n" },
	{ "count-512", "era 6.1-seqs\nmany 461 0xffffffff81000100 16 t some_function_{}\n"
		       "many 51 0xffffffff81010100 64 D AbCdEfGhIjKlMnOpQrStUvWxYz_{}\n" },
	{ "count-513", "era 6.1-seqs\nmany 462 0xffffffff81000100 16 t some_function_{}\n"
		       "many 51 0xffffffff81010100 64 D AbCdEfGhIjKlMnOpQrStUvWxYz_{}\n" },
	/* Memory is searched in steps: markers lie in two of them. */
	{ "many", "era 6.1-seqs\nmany 86948 0xffffffff81000100 16 t some_function_{}\n"
		  "many 52 0xffffffff81410100 64 D AbCdEfGhIjKlMnOpQrStUvWxYz_{}\n" },
	/* Each upper half of a marker can be taken for the beginning of others. */
	{ "4.18,many", "era 4.18\nrandom 1100000\nmany 60000 0xffffffff81000100 16 t some_function_{}\n"
		       "many 52 0xffffffff81410100 64 D AbCdEfGhIjKlMnOpQrStUvWxYz_{}\n" },
	{ "4.18,big", "era 4.18\norder big\nrandom 1100000\n"
		      "many 60000 0xffffffff81000100 16 t some_function_{}\n"
		      "many 52 0xffffffff81410100 64 D AbCdEfGhIjKlMnOpQrStUvWxYz_{}\n" },
	/* Few characters: the tables are right, but there is no erase_log. */
	{ "dull", "era 4.20\nmany 999 0xffffffff81000100 16 t a{}\n" },
};

struct fixture {
	struct kimages set, layouts;
	struct kimage_text layout[NR_TEXTS_MAX];
	unsigned int nr_layouts;
};

/* The start of the tables and the bytes before them differ from one layout to the next. */
static void add_layout(struct fixture *f, const char *era, const char *values, bool is64, bool big)
{
	struct kimage_text *t = &f->layout[f->nr_layouts++];
	char *name, *text;

	assert_true(f->nr_layouts <= NR_TEXTS_MAX);
	assert_true(asprintf(&name, "%s,%s,%d,%s", era, values, is64 ? 64 : 32,
			     big ? "big" : "little") > 0);
	assert_true(asprintf(&text, "era %s\nvalues %s\nword %d\norder %s\nslide %d\n%s%s"
			     "random %u\ntables\nrandom 5000 1\n", era, values, is64 ? 64 : 32,
			     big ? "big" : "little", strcmp(values, "plain") ? 0x200000 : 0,
			     is64 ? SYMBOLS_64 : SYMBOLS_32,
			     strcmp(values, "absolute-percpu") ? "" : "0 A percpu_data\n",
			     5000 + 4 * f->nr_layouts) > 0);
	*t = (struct kimage_text){ name, text };
}

static void add_layouts(struct fixture *f)
{
	for (size_t e = 0; e < ARRAY_SIZE(eras); e++) {
		for (size_t v = 0; v < ARRAY_SIZE(encodings); v++) {
			if (!strchr(eras[e].values, encodings[v].letter))
				continue;
			for (int i = 0; i < 4; i++) {
				/* Only kernels of 32 bits have these. */
				if (encodings[v].letter != 'f' || !(i & 1))
					add_layout(f, eras[e].era, encodings[v].name, i & 1, i & 2);
			}
		}
	}
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	*state = f;
	add_layouts(f);
	return kimages_make(&f->set, NULL, texts, ARRAY_SIZE(texts)) ||
	       kimages_make(&f->layouts, NULL, f->layout, f->nr_layouts) ? -1 : 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int err = kimages_remove(&f->set) | kimages_remove(&f->layouts);

	for (unsigned int i = 0; i < f->nr_layouts; i++) {
		free((char *)f->layout[i].name);
		free((char *)f->layout[i].text);
	}
	free(f);
	return err;
}

static void open_image(struct kimage *img, void **state, const char *name)
{
	struct fixture *f = *state;

	kimage_open(img, &f->set, name);
}

static bool has_candidate(const struct kallsyms_tables *t, struct ksym_values want)
{
	for (unsigned int i = 0; i < t->nr_candidates; i++) {
		const struct ksym_values *c = &t->candidates[i];

		if (c->encoding == want.encoding && c->table == want.table && c->base == want.base)
			return true;
	}
	return false;
}

static void assert_found(struct kimage *img, const char *name)
{
	struct kallsyms_tables t, want = kimage_tables(img, 4);
	int err = kallsyms_scan(&t, &img->mem);

	if (err)
		fail_msg("%s: %s", name, err_text(err));
	if (t.names != want.names || t.num_syms != want.num_syms)
		fail_msg("%s: %u names at %#llx", name, t.num_syms, (unsigned long long)t.names);
	assert_int_equal(t.token_table, want.token_table);
	assert_int_equal(t.token_index, want.token_index);
	assert_int_equal(t.markers, want.markers);
	assert_int_equal(t.marker_size, strncmp(name, "4.18,", 5) || !img->mem.is64 ? 4 : 8);
	assert_true(t.nr_candidates < KSYM_VALUES_MAX);
	if (!has_candidate(&t, want.candidates[0]))
		fail_msg("%s: the values are not among the candidates", name);
}

static void assert_not_found(struct kimage *img, int want)
{
	struct kallsyms_tables t = { .names = 1 };
	int err = kallsyms_scan(&t, &img->mem);

	if (err != want)
		fail_msg("%d: %s", err, err ? err_text(err) : "found");
	assert_true(strlen(err_text(err)) > 10);
	assert_int_equal(t.names, 0);
	assert_int_equal(t.nr_candidates, 0);
}

/* --- what is there ---------------------------------------------------------------- */

static void test_every_layout(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->nr_layouts, (5 * 3 + 2 + 1) * 4 + 2);
	for (unsigned int i = 0; i < f->nr_layouts; i++) {
		struct kimage img;

		kimage_open(&img, &f->layouts, f->layout[i].name);
		assert_found(&img, f->layout[i].name);
		kimage_close(&img);
	}
}

static void test_numbers_of_symbols(void **state)
{
	static const char *const names[] = {
		"count-257", "count-768", "count-511", "count-512",
		"count-513", "many",	  "4.18,many", "4.18,big",
	};
	struct kimage img;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		open_image(&img, state, names[i]);
		assert_found(&img, names[i]);
		kimage_close(&img);
	}
	/* One marker is no evidence. */
	open_image(&img, state, "count-256");
	assert_not_found(&img, -ENOENT);
	kimage_close(&img);
}

static void test_long_names(void **state)
{
	struct kimage img;

	open_image(&img, state, "long");
	assert_true(kimage_longest(&img) > 255);
	assert_found(&img, "long");
	kimage_close(&img);
}

static void test_lookalikes(void **state)
{
	struct kimage img;

	open_image(&img, state, "decoys");
	assert_found(&img, "decoys");
	kimage_close(&img);
	open_image(&img, state, "none");
	assert_not_found(&img, -ENOENT);
	kimage_close(&img);
	open_image(&img, state, "dull");
	assert_not_found(&img, -ENOENT);
	kimage_close(&img);
}

/* Equal ones are a copy of the image: those of the kernel come first. */
static void test_copy(void **state)
{
	struct kimage img;

	open_image(&img, state, "two");
	assert_found(&img, "two");
	kimage_close(&img);
}

static void test_other_byte_order(void **state)
{
	struct kimage img;

	open_image(&img, state, "old");
	img.mem.swap = !img.mem.swap;
	assert_not_found(&img, -ENOENT);
	kimage_close(&img);
}

/* --- where it is ------------------------------------------------------------------ */

/* Holes on both sides, and more addresses than are mapped. */
static void test_holes(void **state)
{
	static const char *const names[] = { "old", "seqs", "new" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct kimage img;
		vaddr_t end;

		open_image(&img, state, names[i]);
		end = img.start + img.size;
		img.mem.image_start -= 64 * MIB;
		img.mem.image_end += 64 * MIB;
		kimage_hole(&img, img.start, 4096);
		kimage_hole(&img, (end - 4000) & ~(vaddr_t)4095, 4096);
		assert_found(&img, names[i]);
		assert_true(img.read_bytes < 8 * MIB);
		kimage_close(&img);
	}
}

static void test_hole_in_a_table(void **state)
{
	static const char *const tables[] = { "names", "markers", "token_table", "token_index" };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		struct kimage img;

		open_image(&img, state, "seqs");
		kimage_hole(&img, kimage_table(&img, tables[i]) + 64, 1);
		assert_not_found(&img, -ENOENT);
		kimage_close(&img);
	}
}

/* Mapped, but not in the dump. */
static int full_extent(void *ctx, vaddr_t va, uint64_t *len)
{
	const struct kimage *img = ctx;

	*len = img->start + img->size - va;
	return 0;
}

static void test_missing_page(void **state)
{
	struct kimage img;
	vaddr_t names;

	open_image(&img, state, "many");
	names = kimage_table(&img, "names");
	img.mem.extent = full_extent;
	kimage_hole(&img, img.start + 4096, 4096);
	kimage_hole(&img, kimage_table(&img, "seqs_of_names") + 4096, 1);
	/* After the markers nothing is needed, but the way to them leads over it. */
	assert_not_found(&img, -ENOENT);
	img.nr_holes = 1;
	assert_found(&img, "many");
	kimage_hole(&img, names + 4096, 4096);
	assert_not_found(&img, -ENOENT);
	kimage_close(&img);
}

/* Memory is searched in pieces: the digits lie on each side of a seam, and across. */
static void test_seams(void **state)
{
	static const char first_digits[] = "0\0001\0002";
	struct kimage img;
	uint8_t *small, *digits, *large = calloc(3, MIB);
	size_t size;

	assert_non_null(large);
	open_image(&img, state, "old");
	small = img.data;
	size = img.size;
	digits = memmem(small, size, first_digits, sizeof(first_digits));
	assert_non_null(digits);
	for (int shift = -2048; shift <= 2048; shift += shift >= -64 && shift < 64 ? 8 : 496) {
		struct kallsyms_tables t;
		size_t at = (MIB - (digits - small)) / 8 * 8 + shift;

		memset(large, 0, 3 * MIB);
		memcpy(large + at, small, size);
		img.data = large;
		img.size = 3 * MIB;
		img.mem.image_end = img.start + img.size;
		if (kallsyms_scan(&t, &img.mem))
			fail_msg("%d: %s", shift, err_text(-ENOENT));
		assert_int_equal(t.names, kimage_table(&img, "names") + at);
	}
	img.data = small;
	kimage_close(&img);
	free(large);
}

static void test_truncated(void **state)
{
	struct kimage img;
	vaddr_t index;
	size_t size;

	open_image(&img, state, "old");
	index = kimage_table(&img, "token_index");
	size = index + 512 - img.start;
	for (size_t cut = 1; cut < 2000; cut += cut < 520 ? 1 : 37) {
		img.size = size - cut;
		img.mem.image_end = img.start + img.size;
		assert_not_found(&img, -ENOENT);
	}
	/* The whole image is enough. */
	img.size = size;
	img.mem.image_end = img.start + img.size;
	assert_found(&img, "old");
	/* The table before the names has to be there, too. */
	img.mem.image_start = kimage_table(&img, "num_syms");
	assert_int_equal(kallsyms_scan(&(struct kallsyms_tables){ 0 }, &img.mem), 0);
	img.mem.image_start++;
	assert_not_found(&img, -ENOENT);
	img.mem.image_start = img.mem.image_end;
	assert_not_found(&img, -ENOENT);
	kimage_close(&img);
}

static int failing_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	(void)ctx;
	(void)va;
	memset(buf, 0, len);
	return err_set(-EIO, "the disk is on fire");
}

/* Errors from the second, third, ... read on. */
static int failing_later(void *ctx, vaddr_t va, void *buf, size_t len)
{
	struct kimage *img = ctx;

	return img->reads > 1 ? failing_read(ctx, va, buf, len) : kimage_read(ctx, va, buf, len);
}

static int failing_extent(void *ctx, vaddr_t va, uint64_t *len)
{
	(void)ctx;
	(void)va;
	*len = 1;
	return err_set(-EIO, "the disk is on fire");
}

static void test_read_errors(void **state)
{
	struct kimage img;

	open_image(&img, state, "old");
	img.mem.read = failing_read;
	assert_not_found(&img, -EIO);
	img.mem.read = failing_later;
	assert_not_found(&img, -EIO);
	img.mem.extent = failing_extent;
	assert_not_found(&img, -EIO);
	assert_string_equal(err_text(-EIO), "the disk is on fire");
	kimage_close(&img);
}

/* --- damage ----------------------------------------------------------------------- */

static void assert_byte_counts(struct kimage *img, vaddr_t va, uint8_t xor)
{
	uint8_t *p = kimage_at(img, va);

	*p ^= xor;
	assert_not_found(img, -ENOENT);
	*p ^= xor;
}

static void test_damaged_tables(void **state)
{
	static const char *const names[] = { "old", "seqs", "new" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct kimage img;
		vaddr_t table, index;

		open_image(&img, state, names[i]);
		table = kimage_table(&img, "token_table");
		index = kimage_table(&img, "token_index");
		for (unsigned int at = 0; at < 512; at++)
			assert_byte_counts(&img, index + at, 1 << at % 8);
		/* A NUL more or less, or what is no character. */
		for (vaddr_t va = table; va < table + 200; va++)
			assert_byte_counts(&img, va, *kimage_at(&img, va) ?: 'x');
		for (vaddr_t va = table; va < table + 200; va += 7)
			assert_byte_counts(&img, va, 0x80);
		for (unsigned int at = 0; at < 4 * 4; at++)
			assert_byte_counts(&img, kimage_table(&img, "markers") + at, 0x10);
		for (unsigned int at = 0; at < 4; at++)
			assert_byte_counts(&img, kimage_table(&img, "num_syms") + at, 0x01);
		assert_found(&img, names[i]);
		kimage_close(&img);
	}
}

static void test_damaged_names(void **state)
{
	struct kimage img;
	vaddr_t va;

	open_image(&img, state, "old");
	va = kimage_table(&img, "names");
	for (uint32_t i = 0; i < kimage_num_syms(&img); i++) {
		uint8_t len = *kimage_at(&img, va);

		assert_true(len && len < 128);
		if (i % 10 == 0) {
			assert_byte_counts(&img, va, len);
			assert_byte_counts(&img, va, 1);
			assert_byte_counts(&img, va, 0x80);
			/* A digit is no type. */
			assert_byte_counts(&img, va + 1, *kimage_at(&img, va + 1) ^ '7');
		}
		va += 1 + len;
	}
	assert_found(&img, "old");
	kimage_close(&img);
}

static void test_lying_count(void **state)
{
	struct kimage img;
	uint8_t *p;
	uint32_t n;

	open_image(&img, state, "new");
	n = kimage_num_syms(&img);
	p = kimage_at(&img, kimage_table(&img, "num_syms"));
	for (unsigned int i = 0; i < 8; i++) {
		const uint32_t lies[] = { 0, 1, n - 1, n + 1, n - 256, n + 256, KSYMS_MAX, -1 };

		store_u32(p, lies[i], img.mem.swap);
		assert_not_found(&img, -ENOENT);
	}
	kimage_close(&img);
}

/* --- malice ----------------------------------------------------------------------- */

/* An image of copies of one piece of memory, up to its last 64 KiB; the rest stays. */
static void fill(struct kimage *img, const void *piece, size_t len, size_t size)
{
	uint8_t *data = malloc(size);

	assert_non_null(data);
	for (size_t at = 0; at < size; at += len)
		memcpy(data + at, piece, min_u64(len, size - at));
	free(img->data);
	img->data = data;
	img->size = size;
	img->mem.image_end = img->start + size;
}

static const char needle[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";

static void test_needle_at_the_end(void **state)
{
	struct kimage img;

	open_image(&img, state, "old");
	fill(&img, needle, sizeof(needle), sizeof(needle));
	assert_not_found(&img, -ENOENT);
	for (size_t len = 1; len < sizeof(needle); len++) {
		img.mem.image_end = img.start + len;
		img.size = len;
		assert_not_found(&img, -ENOENT);
	}
	kimage_close(&img);
}

/* Other tables after those of an image: of as many symbols, or of fewer. */
static void test_two_are_none(void **state)
{
	static const char *const names[][2] = { { "old", "seqs" }, { "count-768", "count-257" } };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct kimage img, real, other;
		char first[32];

		open_image(&real, state, names[i][0]);
		open_image(&other, state, names[i][1]);
		open_image(&img, state, names[i][0]);
		fill(&img, "", 1, real.size + other.size);
		memcpy(img.data, real.data, real.size);
		memcpy(img.data + real.size, other.data, other.size);
		assert_not_found(&img, -EBADMSG);
		snprintf(first, sizeof(first), "%#llx",
			 (unsigned long long)kimage_table(&real, "names"));
		assert_non_null(strstr(err_text(-EBADMSG), first));
		kimage_close(&img);
		kimage_close(&real);
		kimage_close(&other);
	}
}

static void test_a_million_needles(void **state)
{
	struct kimage img, real;
	size_t size = (1000000 * sizeof(needle)) / 4096 * 4096;
	struct kallsyms_tables t;
	char *list;

	open_image(&real, state, "old");
	open_image(&img, state, "old");
	list = img.list;
	fill(&img, needle, sizeof(needle), size + real.size);
	memcpy(img.data + size, real.data, real.size);
	cpu_limit(20);
	assert_int_equal(kallsyms_scan(&t, &img.mem), 0);
	cpu_limit(0);
	assert_int_equal(t.names, kimage_table(&real, "names") + size);
	assert_true(img.read_bytes < 2 * img.size);
	assert_ptr_equal(img.list, list);
	kimage_close(&img);
	kimage_close(&real);
}

/* Each has to be looked at closely, and then all that is below it. */
static void test_token_tables_without_end(void **state)
{
	struct kimage img;
	vaddr_t table, end;
	uint8_t *pair;
	size_t len;

	open_image(&img, state, "old");
	table = kimage_table(&img, "token_table");
	end = kimage_table(&img, "token_index") + 512;
	len = (end - table + 7) / 8 * 8;
	pair = malloc(len);
	assert_non_null(pair);
	memcpy(pair, kimage_at(&img, table), len);
	fill(&img, pair, len, 16 * MIB);
	free(pair);
	cpu_limit(20);
	assert_not_found(&img, -EBADMSG);
	cpu_limit(0);
	assert_true(img.read_bytes < UINT64_C(600) * MIB);
	kimage_close(&img);
}

/* Before a token table, whatever can be taken for the beginning of markers. */
static void assert_bounded(void **state, const uint32_t *piece, size_t len)
{
	struct kimage img;
	size_t size = 8 * MIB, tail;
	struct kallsyms_tables t;
	uint8_t *copy;

	open_image(&img, state, "old");
	tail = img.start + img.size - kimage_table(&img, "token_table");
	copy = malloc(tail);
	assert_non_null(copy);
	memcpy(copy, img.data + img.size - tail, tail);
	fill(&img, piece, len, size + tail);
	memcpy(img.data + size, copy, tail);
	free(copy);
	cpu_limit(20);
	assert_true(kallsyms_scan(&t, &img.mem) != 0);
	cpu_limit(0);
	assert_true(img.read_bytes < UINT64_C(600) * MIB);
	kimage_close(&img);
}

static void test_markers_without_end(void **state)
{
	static uint32_t rising[62501];

	assert_bounded(state, rising, 4);
	for (size_t i = 0; i < ARRAY_SIZE(rising); i++)
		rising[i] = i * 512;
	assert_bounded(state, rising, 8);
	assert_bounded(state, rising, 12);
	assert_bounded(state, rising, 4 * 600);
	assert_bounded(state, rising, sizeof(rising));
}

/* Entries of one byte, which agree with markers wherever they begin; any word a count. */
static void test_names_without_end(void **state)
{
	struct kimage img, real;
	size_t size = 4 * MIB, nr = 4000, tail;
	struct kallsyms_tables t;
	uint8_t one[2] = { 1, 't' };

	open_image(&real, state, "old");
	open_image(&img, state, "old");
	tail = real.start + real.size - kimage_table(&real, "token_table");
	fill(&img, one, sizeof(one), size + nr * 4 + tail);
	for (size_t i = 0; i < nr; i++)
		store_u32(img.data + size + i * 4, i * 512, img.mem.swap);
	memcpy(img.data + size + nr * 4, real.data + real.size - tail, tail);
	for (size_t at = 0; at < size - nr * 512; at += 4)
		store_u32(img.data + at, nr * 256 - at % 256, img.mem.swap);
	cpu_limit(20);
	(void)!kallsyms_scan(&t, &img.mem);
	cpu_limit(0);
	assert_true(img.read_bytes < UINT64_C(600) * MIB);
	kimage_close(&img);
	kimage_close(&real);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_layout),
		cmocka_unit_test(test_numbers_of_symbols),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_lookalikes),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_two_are_none),
		cmocka_unit_test(test_other_byte_order),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_hole_in_a_table),
		cmocka_unit_test(test_missing_page),
		cmocka_unit_test(test_seams),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_read_errors),
		cmocka_unit_test(test_damaged_tables),
		cmocka_unit_test(test_damaged_names),
		cmocka_unit_test(test_lying_count),
		cmocka_unit_test(test_needle_at_the_end),
		cmocka_unit_test(test_a_million_needles),
		cmocka_unit_test(test_token_tables_without_end),
		cmocka_unit_test(test_markers_without_end),
		cmocka_unit_test(test_names_without_end),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
