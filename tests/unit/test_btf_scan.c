// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding BTF in the kernel image: in both byte orders, anywhere, with every kind of
 * record; the largest of several; and not what only begins like it.
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
#include "tests/unit/btf_image.h"
#include "tests/unit/cpu_limit.h"
#include "types/btf_scan.h"

#define MIB (UINT64_C(1) << 20)

/* Offsets of fields of the header. */
#define FLAGS 3
#define HDR_LEN 4
#define TYPE_OFF 8
#define TYPE_LEN 12
#define STR_OFF 16
#define STR_LEN 20
#define LAYOUT_OFF 24
#define LAYOUT_LEN 28
#define HEADER_SIZE 24

#define EVERY_KIND \
	"struct list { struct list *next; int x[4]; } ;\n" \
	"union u { long a; const char *b; };\n" \
	"enum few { ONE = 1, TWO };\n" \
	"enum wide { LARGE = 0x123456789 };\n" \
	"struct opaque;\n" \
	"typedef volatile int vint;\n" \
	"void function(struct list *restrict l, vint v);\n" \
	"int variable __attribute__((section(\".data..percpu\")));\n" \
	"double d(void);\n" \
	"struct tagged { int __attribute__((btf_type_tag(\"user\"))) *p; } " \
	"__attribute__((btf_decl_tag(\"tag\")));\n"

static const struct btf_source texts[] = {
	{ "plain", ".filler 3000\n" },
	{ "larger", ".filler 3100\n" },
	{ "kinds", EVERY_KIND ".filler 3000\n" EVERY_KIND },
	{ "layout", ".layout\n" EVERY_KIND ".filler 3000\n" },
	{ "future", ".layout 20=8,4 21=0,0\n.filler 3000\n.raw a 20 vlen=3 1 2 3 4 5\n"
		    ".raw b 21 vlen=7\n.filler 10\n" },
	{ "unknown", ".filler 3000\n.raw a 20\n" },
	/* PTR, if a kind had but 5 bits */
	{ "kind-34", ".filler 3000\n.raw a 34\n" },
	{ "kind-0", ".filler 3000\n.raw a 0\n" },
	{ "vlen", ".filler 3000\n.raw a ENUM vlen=1\n" },
	{ "few", EVERY_KIND ".filler 500\n" },
	{ "empty", "" },
};

static int setup(void **state)
{
	struct btf_images *c = calloc(1, sizeof(*c));

	if (!c)
		return -1;
	*state = c;
	return btf_images_make(c, texts, ARRAY_SIZE(texts));
}

static int teardown(void **state)
{
	int err = btf_images_remove(*state);

	free(*state);
	return err;
}

static void assert_found(struct btf_image *img, unsigned int part)
{
	vaddr_t start;
	uint64_t size;
	int err = btf_scan(&img->mem, &start, &size);

	if (err)
		fail_msg("%s", err_text(err));
	assert_int_equal(start, img->parts[part].va);
	assert_int_equal(size, img->parts[part].len);
}

static void assert_not_found(struct btf_image *img, int want)
{
	vaddr_t start;
	uint64_t size;
	int err = btf_scan(&img->mem, &start, &size);

	if (err != want)
		fail_msg("%d: %s", err, err ? err_text(err) : "found");
	assert_true(strlen(err_text(err)) > 10);
}

/* --- what is there ---------------------------------------------------------------- */

static void test_every_kind(void **state)
{
	static const char *const names[] = { "plain", "kinds", "layout", "future" };

	for (size_t i = 0; i < ARRAY_SIZE(names) * 2; i++) {
		struct btf_image img;

		btf_image_open(&img, *state, names[i / 2], i % 2);
		assert_found(&img, 0);
		/* The other byte order */
		img.mem.swap = !img.mem.swap;
		assert_not_found(&img, -ENOENT);
		btf_image_close(&img);
	}
}

static void test_what_is_not_the_kernels(void **state)
{
	static const char *const names[] = {
		"unknown", "kind-34", "kind-0", "vlen", "few", "empty",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names) * 2; i++) {
		struct btf_image img;

		btf_image_open(&img, *state, names[i / 2], i % 2);
		assert_not_found(&img, -ENOENT);
		btf_image_close(&img);
	}
}

static void test_largest(void **state)
{
	struct btf_image img;

	for (int i = 0; i < 2; i++) {
		btf_image_open(&img, *state, i ? "larger" : "plain", false);
		btf_image_load(&img, *state, "few", BTF_IMAGE_KERNEL + MIB);
		btf_image_load(&img, *state, i ? "plain" : "larger", BTF_IMAGE_KERNEL + 3 * MIB);
		btf_image_load(&img, *state, "empty", BTF_IMAGE_KERNEL + 5 * MIB);
		assert_found(&img, i ? 0 : 2);
		btf_image_close(&img);
	}
}

static void test_vlen_of_24_bits(void **state)
{
	struct btf_image img;
	uint32_t nr = 70000, len, strings;
	uint8_t *p;

	/* A last record that is an enum of many enumerators, none of them with a name. */
	btf_image_open(&img, *state, "plain", false);
	p = img.parts[0].data;
	len = load_u32(p + TYPE_LEN, img.mem.swap);
	strings = load_u32(p + STR_LEN, img.mem.swap);
	p = calloc(1, img.parts[0].len + 12 + 8 * nr);
	assert_non_null(p);
	memcpy(p, img.parts[0].data, HEADER_SIZE + len);
	store_u32(p + HEADER_SIZE + len + 4, 6 << 24 | nr, img.mem.swap);
	memcpy(p + HEADER_SIZE + len + 12 + 8 * nr, img.parts[0].data + HEADER_SIZE + len, strings);
	store_u32(p + TYPE_LEN, len + 12 + 8 * nr, img.mem.swap);
	store_u32(p + STR_OFF, len + 12 + 8 * nr, img.mem.swap);
	free(img.parts[0].data);
	img.parts[0].data = p;
	img.parts[0].len += 12 + 8 * nr;
	assert_found(&img, 0);
	btf_image_close(&img);
}

/* --- where it is ------------------------------------------------------------------ */

static void test_every_address(void **state)
{
	struct btf_image img;

	btf_image_open(&img, *state, "plain", false);
	for (int shift = -40; shift < 40; shift++) {
		img.parts[0].va = BTF_IMAGE_KERNEL / MIB * MIB + shift;
		assert_found(&img, 0);
	}
	img.parts[0].va = img.mem.image_start;
	assert_found(&img, 0);
	img.parts[0].va = img.mem.image_end - img.parts[0].len;
	assert_found(&img, 0);
	img.parts[0].va++;
	assert_not_found(&img, -ENOENT);
	btf_image_close(&img);
}

/* Memory is searched in pieces: it lies on each side of a seam, and across. */
static void test_seams(void **state)
{
	struct btf_image img;
	uint8_t *large = calloc(3, MIB), *small;
	size_t len;

	assert_non_null(large);
	btf_image_open(&img, *state, "plain", true);
	small = img.parts[0].data;
	len = img.parts[0].len;
	img.parts[0].data = large;
	img.parts[0].len = 3 * MIB;
	for (size_t at = MIB - 40; at < MIB + 8; at++) {
		vaddr_t start;
		uint64_t size;

		memset(large, 0, 3 * MIB);
		memcpy(large + at, small, len);
		assert_int_equal(btf_scan(&img.mem, &start, &size), 0);
		assert_int_equal(start, img.parts[0].va + at);
		assert_int_equal(size, len);
	}
	free(small);
	btf_image_close(&img);
}

static void test_truncated(void **state)
{
	struct btf_image img;
	size_t len;

	btf_image_open(&img, *state, "layout", false);
	len = img.parts[0].len;
	for (size_t cut = 1; cut < len; cut += cut < 40 || len - cut < 80 ? 1 : 1013) {
		img.parts[0].len = len - cut;
		assert_not_found(&img, -ENOENT);
	}
	btf_image_close(&img);
}

/* --- damage ----------------------------------------------------------------------- */

static void assert_field(struct btf_image *img, unsigned int at, uint32_t lie)
{
	uint8_t *p = img->parts[0].data + at;
	uint32_t was = load_u32(p, img->mem.swap);

	store_u32(p, lie, img->mem.swap);
	assert_not_found(img, -ENOENT);
	store_u32(p, was, img->mem.swap);
}

static void test_lying_header(void **state)
{
	for (int big = 0; big < 2; big++) {
		struct btf_image img;
		uint32_t types, strings, str_len;
		uint8_t *p;

		btf_image_open(&img, *state, "kinds", big);
		p = img.parts[0].data;
		types = load_u32(p + TYPE_LEN, img.mem.swap);
		strings = load_u32(p + STR_OFF, img.mem.swap);
		str_len = load_u32(p + STR_LEN, img.mem.swap);
		for (int i = 0; i < 12; i++) {
			const uint32_t lies[] = {
				0, 1, 4, 12, 23, 25, 28, 32, 256, 0x7fffffff, 0x80000000,
				0xffffffff,
			};

			assert_field(&img, HDR_LEN, lies[i]);
			if (lies[i])
				assert_field(&img, TYPE_OFF, lies[i]);
			assert_field(&img, TYPE_LEN, lies[i]);
			assert_field(&img, TYPE_LEN, types + 4 * (i + 1));
			assert_field(&img, TYPE_LEN, types - 4 * (i + 1));
			assert_field(&img, STR_OFF, lies[i]);
			assert_field(&img, STR_LEN, lies[i]);
		}
		assert_field(&img, STR_OFF, strings + 1);
		assert_field(&img, STR_OFF, strings - 4);
		assert_field(&img, STR_LEN, str_len - 1);
		assert_field(&img, STR_LEN, str_len + 1);
		p[FLAGS] = 1;
		assert_not_found(&img, -ENOENT);
		p[FLAGS] = 0;
		p[HEADER_SIZE + strings] = 'x';
		assert_not_found(&img, -ENOENT);
		p[HEADER_SIZE + strings] = 0;
		p[img.parts[0].len - 1] = 'x';
		assert_not_found(&img, -ENOENT);
		p[img.parts[0].len - 1] = 0;
		assert_found(&img, 0);
		btf_image_close(&img);
	}
}

static void test_lying_layout(void **state)
{
	struct btf_image img;
	uint32_t off, len;
	uint8_t *p;

	btf_image_open(&img, *state, "future", false);
	p = img.parts[0].data;
	off = load_u32(p + LAYOUT_OFF, img.mem.swap);
	len = load_u32(p + LAYOUT_LEN, img.mem.swap);
	assert_true(len >= 22 * 4);
	assert_field(&img, LAYOUT_OFF, 0);
	assert_field(&img, LAYOUT_OFF, off - 4);
	assert_field(&img, LAYOUT_OFF, 0xffffffff);
	assert_field(&img, LAYOUT_LEN, 0);
	assert_field(&img, LAYOUT_LEN, 20 * 4);
	assert_field(&img, LAYOUT_LEN, 21 * 4 + 3);
	assert_field(&img, LAYOUT_LEN, 0xffffffff);
	p[32 + off + 20 * 4]++;
	assert_not_found(&img, -ENOENT);
	p[32 + off + 20 * 4]--;
	p[32 + off + 20 * 4 + 1]--;
	assert_not_found(&img, -ENOENT);
	p[32 + off + 20 * 4 + 1]++;
	assert_found(&img, 0);
	btf_image_close(&img);
}

/* Records that are not what they were: longer, unknown, with a name beyond the strings. */
static void test_lying_records(void **state)
{
	struct btf_image img;
	uint32_t types, str_len;

	btf_image_open(&img, *state, "plain", false);
	types = load_u32(img.parts[0].data + TYPE_LEN, img.mem.swap);
	str_len = load_u32(img.parts[0].data + STR_LEN, img.mem.swap);
	/* Each is a struct with one member. */
	for (uint32_t at = HEADER_SIZE + types - 24; at > HEADER_SIZE + types - 2400; at -= 24) {
		assert_field(&img, at, str_len);
		assert_field(&img, at, 0xffffffff);
		assert_field(&img, at + 4, 0);
		assert_field(&img, at + 4, 20 << 24);
		assert_field(&img, at + 4, 0x7f << 24);
		assert_field(&img, at + 4, 4 << 24 | 0xffffff);
		assert_field(&img, at + 4, 1 << 24);
	}
	assert_found(&img, 0);
	btf_image_close(&img);
}

static int failing_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	(void)ctx;
	(void)va;
	memset(buf, 0, len);
	return err_set(-EIO, "the disk is on fire");
}

/* The second read is the first look at what was found. */
static int failing_later(void *ctx, vaddr_t va, void *buf, size_t len)
{
	struct btf_image *img = ctx;

	return img->parts[0].reads ? failing_read(ctx, va, buf, len) :
				     btf_image_read(ctx, va, buf, len);
}

static void test_read_errors(void **state)
{
	struct btf_image img;

	btf_image_open(&img, *state, "plain", false);
	img.mem.read = failing_read;
	assert_not_found(&img, -EIO);
	img.mem.read = failing_later;
	assert_not_found(&img, -EIO);
	assert_string_equal(err_text(-EIO), "the disk is on fire");
	btf_image_close(&img);
}

/* --- malice ----------------------------------------------------------------------- */

static void fill(struct btf_image *img, const uint8_t *piece, size_t len, size_t size)
{
	struct btf_image_part *p = &img->parts[0];

	free(p->data);
	p->data = malloc(size);
	assert_non_null(p->data);
	p->len = size;
	for (size_t at = 0; at < size; at += len)
		memcpy(p->data + at, piece, size - at < len ? size - at : len);
}

static void test_magic_at_the_end(void **state)
{
	static const uint8_t magic[] = { 0x9f, 0xeb, 1, 0, 24, 0, 0, 0 };
	struct btf_image img;

	btf_image_open(&img, *state, "plain", false);
	fill(&img, magic, sizeof(magic), sizeof(magic));
	for (; img.parts[0].len; img.parts[0].len--)
		assert_not_found(&img, -ENOENT);
	fill(&img, magic, 4, 8 * MIB);
	cpu_limit(20);
	assert_not_found(&img, -ENOENT);
	cpu_limit(0);
	btf_image_close(&img);
}

/*
 * Headers without end, each in order: the records after it go on and on, and only the
 * last one does not fit. A struct hides the next header as its members.
 */
static void test_headers_without_end(void **state)
{
	uint8_t piece[72] = { 0 };
	uint32_t len = sizeof(piece) * 50000 + 37;
	struct btf_image img;

	btf_image_open(&img, *state, "plain", false);
	memcpy(piece, img.parts[0].data, HEADER_SIZE);
	store_u32(piece + TYPE_LEN, len, img.mem.swap);
	store_u32(piece + STR_OFF, len, img.mem.swap);
	store_u32(piece + STR_LEN, 1, img.mem.swap);
	for (size_t at = HEADER_SIZE; at < sizeof(piece); at += 12)
		store_u32(piece + at + 4, at < 60 ? 2 << 24 : 4 << 24 | 2, img.mem.swap);
	fill(&img, piece, sizeof(piece), 8 * MIB);
	cpu_limit(20);
	assert_not_found(&img, -EBADMSG);
	cpu_limit(0);
	assert_true(img.parts[0].reads < 100000);
	/* The same, but it fits. */
	for (size_t at = 0; at + HEADER_SIZE < img.parts[0].len; at += sizeof(piece)) {
		store_u32(img.parts[0].data + at + TYPE_LEN, len - 37, img.mem.swap);
		store_u32(img.parts[0].data + at + STR_OFF, len - 37, img.mem.swap);
	}
	assert_int_equal(btf_scan(&img.mem, &(vaddr_t){ 0 }, &(uint64_t){ 0 }), 0);
	btf_image_close(&img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_what_is_not_the_kernels),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_vlen_of_24_bits),
		cmocka_unit_test(test_every_address),
		cmocka_unit_test(test_seams),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_lying_header),
		cmocka_unit_test(test_lying_layout),
		cmocka_unit_test(test_lying_records),
		cmocka_unit_test(test_read_errors),
		cmocka_unit_test(test_magic_at_the_end),
		cmocka_unit_test(test_headers_without_end),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
