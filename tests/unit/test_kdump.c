// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading kdump-compressed files of every layout and version, sound, lying and
 * cut short. mkkdump makes them; it shares no code with the program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/byteorder.h"
#include "lib/codec.h"
#include "lib/err.h"
#include "vmcore/kdump_format.h"
#include "vmcore/vmcore.h"

/* The contents of a page, by mkkdump's names. */
enum content { ZERO, PATTERN, HALF, RANDOM };

struct test {
	char dir[32];
	char path[64];
	struct vmcore *vc;
	struct vmcore_reader *r;
};

static int setup(void **state)
{
	struct test *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	strcpy(t->dir, "/tmp/test_kdump.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	snprintf(t->path, sizeof(t->path), "%s/dump", t->dir);
	*state = t;
	return 0;
}

static void close_dump(struct test *t)
{
	vmcore_reader_destroy(t->r);
	vmcore_close(t->vc);
	t->r = NULL;
	t->vc = NULL;
}

static int teardown(void **state)
{
	struct test *t = *state;

	close_dump(t);
	unlink(t->path);
	assert_int_equal(rmdir(t->dir), 0);
	free(t);
	return 0;
}

/* Make a file from a description. */
static void make(struct test *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void make(struct test *t, const char *fmt, ...)
{
	const char *tools = getenv("MDF_TOOLS");
	char command[512];
	va_list ap;
	FILE *f;

	snprintf(command, sizeof(command), "'%s/mkkdump' %s", tools ? tools : "tests/tools",
		 t->path);
	f = popen(command, "w");
	assert_non_null(f);
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	assert_int_equal(pclose(f), 0);
}

static int try_open(struct test *t)
{
	const struct vmcore_options opt = { 0 };
	int err;

	close_dump(t);
	err = vmcore_open(&t->vc, t->path, &opt);
	if (err)
		return err;
	assert_ptr_equal(t->vc->ops, &kdump_vmcore_ops);
	return vmcore_reader_create(&t->r, t->vc);
}

static void open_dump(struct test *t)
{
	int err = try_open(t);

	if (err)
		fail_msg("%s", err_text(err));
}

static void fill(enum content content, pfn_t pfn, uint8_t *page, size_t size)
{
	size_t end = content == HALF ? size / 2 : size;
	uint64_t seed = pfn;

	memset(page, 0, size);
	for (size_t off = 0; off < end && content != ZERO; off += 8) {
		uint64_t v = pfn << 32 | off;

		if (content == RANDOM) {
			seed += UINT64_C(0x9e3779b97f4a7c15);
			v = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
			v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
			v ^= v >> 31;
		}
		store_u64(page + off, v, HOST_BIG_ENDIAN);
	}
}

static void assert_page(struct test *t, pfn_t pfn, enum content content)
{
	size_t size = t->vc->page_size;
	uint8_t *want = malloc(size), *page = malloc(size);
	int err;

	assert_non_null(want);
	assert_non_null(page);
	fill(content, pfn, want, size);
	memset(page, 0x55, size);
	err = vmcore_read_page(t->r, pfn, page);
	if (err)
		fail_msg("page %#" PRIx64 ": %s", pfn, err_text(err));
	assert_memory_equal(page, want, size);
	free(want);
	free(page);
}

/* Both ways of reading fail alike. */
static void assert_no_page(struct test *t, pfn_t pfn, int err, const char *part)
{
	const void *p;
	uint8_t byte;
	size_t got;

	assert_int_equal(vmcore_get(t->r, pfn << t->vc->page_shift, 1, &p, &got), err);
	if (!strstr(err_text(err), part))
		fail_msg("\"%s\" lacks \"%s\"", err_text(err), part);
	assert_int_equal(vmcore_read(t->r, pfn << t->vc->page_shift, &byte, 1), err);
}

static void assert_bits(struct test *t, enum vmcore_bitmap_kind which, const char *want)
{
	struct bitmap b;

	assert_int_equal(t->vc->max_pfn, strlen(want));
	assert_int_equal(bitmap_init(&b, t->vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(t->vc, which, &b), 0);
	for (pfn_t pfn = 0; want[pfn]; pfn++)
		assert_int_equal(bitmap_test(&b, pfn), want[pfn] == '1');
	assert_int_equal(bitmap_count(&b, 0, b.nbits), __builtin_popcountll(le64toh(*b.words)));
	bitmap_deinit(&b);
}

static const struct {
	const char *name, *machine;
	uint16_t em;
	bool is64, big_endian;
} layouts[] = {
	{ "64le", "x86_64", EM_X86_64, true, false },
	{ "64be", "s390x", EM_S390, true, true },
	{ "32le", "armv7l", EM_ARM, false, false },
	{ "32be", "ppc", EM_PPC, false, true },
	{ "i386", "i686", EM_386, false, false },
	/* QEMU aligns like i386 for everyone. */
	{ "i386", "armv7l", EM_ARM, false, false },
};

static const char info[] = "OSRELEASE=6.1.0\nPAGESIZE=4096\n";
static const char erased[] = "erase init_task.comm size 16\nerase jiffies nullify\n";

static void test_layouts_and_versions(void **state)
{
	struct test *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		for (int version = 1; version <= 6; version++) {
			const struct vmcore *vc;

			make(t,
			     "layout = %s\n machine = %s\n version = %d\n"
			     "cpus = 2\n dump_level = 17\n codec = zlib\n"
			     "vmcoreinfo = OSRELEASE=6.1.0\n vmcoreinfo = PAGESIZE=4096\n"
			     "eraseinfo = erase init_task.comm size 16\n"
			     "eraseinfo = erase jiffies nullify\n"
			     /* As many as a block has bytes: see the guess of the layout. */
			     "max_mapnr = 4096\n exists = 0\n"
			     "page = 1-3 half\n page = 0xfff random\n",
			     layouts[i].name, layouts[i].machine, version);
			open_dump(t);
			vc = t->vc;
			assert_int_equal(vc->machine, layouts[i].em);
			assert_int_equal(vc->is64, layouts[i].is64);
			assert_int_equal(vc->big_endian, layouts[i].big_endian);
			assert_int_equal(vc->swap, layouts[i].big_endian != HOST_BIG_ENDIAN);
			assert_int_equal(vc->page_size, 4096);
			assert_int_equal(vc->page_shift, 12);
			assert_true(vc->fixed_page_size);
			assert_int_equal(vc->max_pfn, 4096);
			assert_int_equal(vc->dump_level, 17);
			assert_false(vc->incomplete);
			assert_string_equal(vc->warning, "");
			if (version >= 3) {
				assert_int_equal(vc->vmcoreinfo_size, strlen(info));
				assert_memory_equal(vc->vmcoreinfo, info, strlen(info));
			} else {
				assert_null(vc->notes);
				assert_null(vc->vmcoreinfo);
			}
			assert_int_equal(vc->nr_cpus, version >= 4 ? 2 : 0);
			if (version >= 5) {
				assert_int_equal(vc->eraseinfo_size, strlen(erased));
				assert_memory_equal(vc->eraseinfo, erased, strlen(erased));
			} else {
				assert_null(vc->eraseinfo);
			}
			for (pfn_t pfn = 1; pfn <= 3; pfn++)
				assert_page(t, pfn, HALF);
			assert_page(t, 0xfff, RANDOM);
			assert_no_page(t, 0, -EFAULT, "page 0 is not in the dump");
			assert_no_page(t, 0x1000, -EFAULT, "page 0x1000 is not in the dump");
		}
	}
}

/* Versions differ in which max_mapnr counts. */
static void test_max_mapnr(void **state)
{
	struct test *t = *state;

	make(t, "page = 0-9 zero\n header.max_mapnr = 5\n");
	open_dump(t);
	assert_int_equal(t->vc->max_pfn, 10);
	make(t, "version = 5\n page = 0-9 pattern\n header.max_mapnr = 5\n");
	open_dump(t);
	assert_int_equal(t->vc->max_pfn, 5);
	assert_page(t, 4, PATTERN);
	assert_no_page(t, 5, -EFAULT, "not in the dump");
	assert_true(t->vc->incomplete);
	assert_non_null(strstr(t->vc->warning, "more than max_mapnr 0x5"));
}

/* The bitmap tells which of two contradicting numbers of pages is right. */
static void test_contradicting_max_mapnr(void **state)
{
	static const char *const wrong[] = { "5", "0", "0x100000000a", "65537" };
	struct test *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		make(t, "page = 0-9 pattern\n sub.max_mapnr_64 = %s\n", wrong[i]);
		open_dump(t);
		assert_int_equal(t->vc->max_pfn, 10);
		assert_false(t->vc->incomplete);
		assert_non_null(strstr(t->vc->warning, "using max_mapnr 0xa"));
		assert_page(t, 9, PATTERN);
	}
	make(t, "page = 0-9 pattern\n sub.max_mapnr_64 = 5\n header.max_mapnr = 8\n");
	open_dump(t);
	assert_int_equal(t->vc->max_pfn, 5);
	assert_true(t->vc->incomplete);
	/* A page in the last byte of the bitmap, and none. */
	make(t, "page = 0-8 pattern\n sub.max_mapnr_64 = 8\n header.max_mapnr = 8\n");
	open_dump(t);
	assert_true(t->vc->incomplete);
	make(t, "page = 0-7 pattern\n sub.max_mapnr_64 = 8\n header.max_mapnr = 8\n");
	open_dump(t);
	assert_false(t->vc->incomplete);
	/* A page far beyond them. */
	make(t, "page = 0-7 pattern\n page = 100 pattern\n sub.max_mapnr_64 = 8\n"
		"header.max_mapnr = 8\n");
	open_dump(t);
	assert_true(t->vc->incomplete);
	assert_non_null(strstr(t->vc->warning, "more than max_mapnr 0x8"));
}

static void test_codecs_and_block_sizes(void **state)
{
	struct test *t = *state;

	for (enum codec_id id = CODEC_NONE; id < NR_CODECS; id++) {
		static const int shifts[] = { 12, 16, 18 };

		for (size_t j = 0; j < ARRAY_SIZE(shifts); j++) {
			int shift = shifts[j];

			if (!codec_supported(id))
				continue;
			make(t,
			     "block_size = %d\n codec = %s\n page = 2 zero\n page = 3 half\n"
			     "page = 5 random\n page = 6-7 half\n page = 8 pattern none\n",
			     1 << shift, codec_name(id));
			open_dump(t);
			assert_int_equal(t->vc->page_size, 1 << shift);
			assert_page(t, 2, ZERO);
			assert_page(t, 3, HALF);
			assert_page(t, 5, RANDOM);
			assert_page(t, 6, HALF);
			assert_page(t, 7, HALF);
			assert_page(t, 8, PATTERN);
		}
	}
}

static void test_mixed_codecs(void **state)
{
	struct test *t = *state;

	make(t, "status = 0\n page = 0 half zlib\n page = 1 half lzo\n page = 2 half snappy\n"
		"page = 3 half zstd\n page = 4 half none\n page = 5 half zlib\n");
	open_dump(t);
	for (pfn_t pfn = 0; pfn <= 5; pfn++) {
		static const enum codec_id ids[] = {
			CODEC_ZLIB, CODEC_LZO, CODEC_SNAPPY, CODEC_ZSTD, CODEC_NONE, CODEC_ZLIB,
		};

		if (codec_supported(ids[pfn]))
			assert_page(t, pfn, HALF);
		else
			assert_no_page(t, pfn, -EFAULT, codec_name(ids[pfn]));
	}
}

static void test_codec_not_built_in(void **state)
{
	static const enum codec_id ids[] = { CODEC_LZO, CODEC_SNAPPY, CODEC_ZSTD };
	struct test *t = *state;
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		if (codec_supported(ids[i]))
			continue;
		any = true;
		make(t, "codec = %s\n page = 0 zero\n", codec_name(ids[i]));
		assert_int_equal(try_open(t), -ENOTSUP);
		assert_non_null(strstr(err_text(-ENOTSUP), codec_name(ids[i])));
	}
	if (!any)
		skip();
}

/* Descriptors are found whatever the order of reading. */
static void test_many_pages(void **state)
{
	enum { NR = 3000, STEP = 7 };
	char *text = malloc(NR * 32);
	struct test *t = *state;
	size_t len = 0;
	uint32_t x = 1;

	assert_non_null(text);
	for (int i = 0; i < NR; i++)
		len += sprintf(text + len, "page = %d half\n", i * STEP);
	make(t, "codec = zlib\n %s", text);
	free(text);
	open_dump(t);
	for (int i = 0; i < NR; i++)
		assert_page(t, i * STEP, HALF);
	for (int i = NR - 1; i >= 0; i -= 3)
		assert_page(t, i * STEP, HALF);
	for (int i = 0; i < 2000; i++) {
		pfn_t pfn;

		x = x * 1664525 + 1013904223;
		pfn = (x >> 8) % ((NR - 1) * STEP);
		if (pfn % STEP)
			assert_no_page(t, pfn, -EFAULT, "is not in the dump");
		else
			assert_page(t, pfn, HALF);
	}
}

/* Descriptors and data without mapping, and by two readers in turn. */
static void test_readers(void **state)
{
	const struct vmcore_options opt = { .no_mmap = true };
	struct vmcore_reader *other;
	struct test *t = *state;

	make(t, "codec = zlib\n page = 0-599 half\n page = 600-1199 random\n");
	assert_int_equal(vmcore_open(&t->vc, t->path, &opt), 0);
	assert_int_equal(vmcore_reader_create(&t->r, t->vc), 0);
	assert_int_equal(vmcore_reader_create(&other, t->vc), 0);
	for (pfn_t pfn = 0; pfn < 600; pfn++) {
		uint8_t page[4096], want[4096];

		assert_page(t, pfn, HALF);
		assert_int_equal(vmcore_read_page(other, 1199 - pfn, page), 0);
		fill(RANDOM, 1199 - pfn, want, sizeof(want));
		assert_memory_equal(page, want, sizeof(want));
	}
	vmcore_reader_destroy(other);
}

static void test_get(void **state)
{
	uint8_t want[4096], page[4096];
	struct test *t = *state;
	const uint8_t *data;
	const void *p;
	size_t got;

	make(t, "codec = zlib\n page = 0-399 half\n page = 401 random\n");
	open_dump(t);
	fill(HALF, 5, want, sizeof(want));

	/* A page at most, and only what was asked for. */
	assert_int_equal(vmcore_get(t->r, 0x5000, SIZE_MAX, &p, &got), 0);
	assert_int_equal(got, 4096);
	assert_memory_equal(p, want, 4096);
	assert_int_equal(vmcore_get(t->r, 0x5ff9, 100, &p, &got), 0);
	assert_int_equal(got, 7);
	assert_int_equal(vmcore_get(t->r, 0x5108, 3, &p, &got), 0);
	assert_int_equal(got, 3);
	assert_memory_equal(p, want + 0x108, 3);

	/* Whatever is read meanwhile, it stays. */
	assert_int_equal(vmcore_get(t->r, 0x5000, 4096, &p, &got), 0);
	data = p;
	for (int round = 0; round < 3; round++) {
		for (pfn_t pfn = 0; pfn < 400; pfn++) {
			assert_page(t, pfn, HALF);
			assert_ptr_equal(data, p);
			assert_memory_equal(data, want, 4096);
		}
	}
	/* Also reads that fail. */
	assert_int_equal(vmcore_read_page(t->r, 400, page), -EFAULT);
	assert_memory_equal(data, want, 4096);

	/* Across pages, from any byte to any. */
	assert_int_equal(vmcore_read(t->r, 0x5ff0, page, 32), 0);
	assert_memory_equal(page, want + 0xff0, 16);
	fill(HALF, 6, want, sizeof(want));
	assert_memory_equal(page + 16, want, 16);
}

static void test_read_into_hole(void **state)
{
	struct test *t = *state;
	uint8_t buf[8192];

	make(t, "page = 0-1 pattern\n page = 3 pattern\n");
	open_dump(t);
	assert_int_equal(vmcore_read(t->r, 0, buf, 8192), 0);
	assert_int_equal(vmcore_read(t->r, 1, buf, 8192), -EFAULT);
	assert_int_equal(vmcore_read(t->r, 0x3000, buf, 4096), 0);
	assert_int_equal(vmcore_read(t->r, 0x3000, buf, 4097), -EFAULT);
	assert_int_equal(vmcore_read(t->r, UINT64_MAX, buf, 2), -EFAULT);
	assert_int_equal(vmcore_read(t->r, UINT64_MAX, buf, 0), 0);
}

/* Zero pages share their data: the cache must not mix up what else does. */
static void test_shared_pages(void **state)
{
	uint8_t zeros[4096] = { 0 };
	struct test *t = *state;
	const void *p;
	size_t got;

	make(t, "codec = zlib\n page = 0-9 zero shared\n page = 10-12 half\n"
		"page = 13-300 zero shared\n page = 301 half\n");
	open_dump(t);
	assert_false(t->vc->incomplete);
	for (pfn_t pfn = 0; pfn < 302; pfn++)
		assert_page(t, pfn, pfn == 301 || (pfn >= 10 && pfn <= 12) ? HALF : ZERO);
	assert_int_equal(vmcore_get(t->r, 0, 4096, &p, &got), 0);
	for (pfn_t pfn = 0; pfn < 302; pfn++)
		assert_page(t, pfn, pfn == 301 || (pfn >= 10 && pfn <= 12) ? HALF : ZERO);
	assert_memory_equal(p, zeros, 4096);
}

static void test_bitmaps(void **state)
{
	struct test *t = *state;

	make(t, "max_mapnr = 13\n exists = 0-2\n exists = 8\n page = 4-6 pattern\n"
		"page = 12 pattern\n");
	open_dump(t);
	assert_bits(t, VMCORE_STORED, "0000111000001");
	assert_bits(t, VMCORE_PRESENT, "1110111010001");

	/* A page with data exists, whatever the 1st bitmap says. */
	make(t, "exists = 0\n page = 2-3 pattern\n absent = 2\n");
	open_dump(t);
	assert_bits(t, VMCORE_PRESENT, "1011");

	/* Bits of pages that there cannot be do not count. */
	make(t, "max_mapnr = 3\n page = 1 pattern\n page = 3 pattern\n exists = 4-9\n");
	open_dump(t);
	assert_bits(t, VMCORE_STORED, "010");
	assert_bits(t, VMCORE_PRESENT, "010");
	assert_page(t, 1, PATTERN);

	make(t, "bitmaps = 1\n page = 1-2 pattern\n page = 4 pattern\n");
	open_dump(t);
	assert_bits(t, VMCORE_STORED, "01101");
	assert_bits(t, VMCORE_PRESENT, "01101");
	assert_page(t, 4, PATTERN);
	/* One of two blocks, which are not two bitmaps of one block. */
	make(t, "bitmaps = 1\n page = 1 pattern\n page = 40000 pattern\n");
	open_dump(t);
	assert_page(t, 1, PATTERN);
	assert_page(t, 40000, PATTERN);

	make(t, "exists = 0-3\n");
	open_dump(t);
	assert_bits(t, VMCORE_STORED, "0000");
	assert_bits(t, VMCORE_PRESENT, "1111");
	assert_false(t->vc->incomplete);
}

/* More pages than 32 bits count, on a sparse file made by hand. */
static void test_huge(void **state)
{
	const pfn_t max_pfn = (UINT64_C(1) << 32) + 5, pfns[] = { 3, 1u << 31, max_pfn - 1 };
	const struct kdump_layout l = { .is64 = true, .swap = HOST_BIG_ENDIAN };
	const uint32_t bs = 65536;
	uint64_t blocks = (max_pfn + bs * 8 - 1) / (bs * 8);
	uint64_t descs = (2 + 2 * blocks) * bs, data = descs + 3 * KDUMP_PAGE_DESC_SIZE;
	struct kdump_header h = {
		.version = 6,
		.block_size = bs,
		.sub_hdr_size = 1,
		.bitmap_blocks = 2 * blocks,
		.max_mapnr = UINT32_MAX,
	};
	struct kdump_sub_header sub = { .max_mapnr_64 = max_pfn };
	struct test *t = *state;
	uint8_t *page = calloc(1, bs);
	int fd = open(t->path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_non_null(page);
	assert_true(fd >= 0);
	kdump_encode_header(&l, &h, page);
	assert_int_equal(pwrite(fd, page, bs, 0), bs);
	kdump_encode_sub_header(&l, &sub, page);
	assert_int_equal(pwrite(fd, page, 104, bs), 104);
	for (int i = 0; i < 3; i++) {
		uint8_t desc[KDUMP_PAGE_DESC_SIZE], bit = 1 << pfns[i] % 8;
		struct kdump_page_desc d = { .offset = data + i * bs, .size = bs };

		for (int map = 0; map < 2; map++)
			assert_int_equal(pwrite(fd, &bit, 1, (2 + map * blocks) * bs + pfns[i] / 8),
					 1);
		kdump_encode_page_desc(&l, &d, desc);
		assert_int_equal(pwrite(fd, desc, sizeof(desc), descs + i * sizeof(desc)),
				 sizeof(desc));
		fill(PATTERN, pfns[i], page, bs);
		assert_int_equal(pwrite(fd, page, bs, d.offset), bs);
	}
	close(fd);
	free(page);

	open_dump(t);
	assert_int_equal(t->vc->max_pfn, max_pfn);
	for (int i = 0; i < 3; i++) {
		assert_page(t, pfns[i], PATTERN);
		assert_no_page(t, pfns[i] - 1, -EFAULT, "is not in the dump");
	}
	assert_no_page(t, max_pfn, -EFAULT, "is not in the dump");
}

static void test_not_kdump(void **state)
{
	char head[512] = "DISKDUMP";
	struct vmcore vc = { 0 };

	(void)state;
	assert_int_equal(kdump_vmcore_ops.open(&vc, head, sizeof(head)), -ENOENT);
	assert_int_equal(kdump_vmcore_ops.open(&vc, "KDUMP  ", 7), -ENOENT);
	assert_int_equal(kdump_vmcore_ops.open(&vc, "\177ELF", 4), -ENOENT);
}

static const char sound[] = "page = 1-3 pattern\n vmcoreinfo = A=b\n cpus = 1\n"
			    "eraseinfo = erase x size 1\n";

/* Headers that make the pages impossible to find. */
static void test_header_lies(void **state)
{
	static const struct {
		const char *lie;
		int err;
		const char *part;
	} lies[] = {
		{ "header.version = 0", -ENOTSUP, "version 0" },
		{ "header.version = 7", -ENOTSUP, "version 7" },
		{ "header.version = -1", -EBADMSG, "version" },
		{ "header.block_size = 0", -EBADMSG, "block size" },
		{ "header.block_size = -4096", -EBADMSG, "block size" },
		{ "header.block_size = 2048", -EBADMSG, "block size" },
		{ "header.block_size = 5000", -EBADMSG, "block size" },
		{ "header.block_size = 0x80000", -EBADMSG, "block size" },
		{ "header.block_size = 0x40000", -EBADMSG, "headers and bitmaps" },
		{ "header.sub_hdr_size = 0", -EBADMSG, "sub-header size" },
		{ "header.sub_hdr_size = -1", -EBADMSG, "sub-header size" },
		{ "header.sub_hdr_size = 0x7fffffff", -EBADMSG, "headers and bitmaps" },
		{ "header.bitmap_blocks = 0", -EBADMSG, "no bitmaps" },
		{ "header.bitmap_blocks = 3", -EBADMSG, "two bitmaps in 3 blocks" },
		{ "header.bitmap_blocks = 0xffffffff", -EBADMSG, "headers and bitmaps" },
		{ "header.max_mapnr = 0\n sub.max_mapnr_64 = 0", -EBADMSG, "max_mapnr is 0" },
		{ "header.max_mapnr = 0\n sub.max_mapnr_64 = 65537", -EBADMSG,
		  "too small for 65537 pages" },
		{ "header.max_mapnr = 0\n sub.max_mapnr_64 = 0x1000000000000", -EBADMSG,
		  "too small" },
		{ "header.max_mapnr = 0\n sub.max_mapnr_64 = 0xffffffffffffffff", -EBADMSG,
		  "max_mapnr" },
		{ "version = 5\n header.max_mapnr = 0", -EBADMSG, "max_mapnr is 0" },
		{ "version = 5\n header.max_mapnr = 0xffffffff", -EBADMSG, "too small" },
		{ "sub.split = 1", -ENOTSUP, "split" },
		{ "patch = 8 ffffffff", -EBADMSG, "version" },
	};
	struct test *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		int err;

		make(t, "%s%s\n", sound, lies[i].lie);
		err = try_open(t);
		if (err != lies[i].err || !strstr(err_text(err), lies[i].part) ||
		    !strstr(err_text(err), t->path))
			fail_msg("%s: %d, %s", lies[i].lie, err, err_text(err));
	}
}

/* Lies about what the pages can be read without. */
static void test_note_lies(void **state)
{
	static const struct {
		const char *lie, *part;
	} lies[] = {
		{ "sub.size_note = 0x10000000000", "notes" },
		{ "sub.size_note = 0xffffffffffffffff", "notes" },
		{ "sub.size_note = 0x8000000", "notes" },
		{ "sub.offset_note = 0x7fffffffffffffff", "notes" },
		{ "sub.offset_note = -1", "notes" },
		{ "sub.size_note = 0\nsub.offset_vmcoreinfo = -8", "VMCOREINFO" },
		{ "sub.size_note = 0\nsub.offset_vmcoreinfo = 0x4000000000000000", "VMCOREINFO" },
		{ "sub.size_eraseinfo = 0x1000001", "eraseinfo" },
		{ "sub.size_eraseinfo = 0x10000000000000", "eraseinfo" },
		{ "sub.size_eraseinfo = 0x1000000", "eraseinfo" },
		{ "sub.offset_eraseinfo = -1", "eraseinfo" },
		/* In the headers. */
		{ "sub.offset_eraseinfo = 4096", "eraseinfo" },
		{ "sub.dump_level = -1", "dump level" },
		{ "sub.dump_level = 32", "dump level" },
		/* The type of the first note instead of its lengths. */
		{ "patch = 0x1068 ffffffffffffffff", "note" },
	};
	struct test *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		make(t, "%s%s\n", sound, lies[i].lie);
		open_dump(t);
		if (!strstr(t->vc->warning, lies[i].part))
			fail_msg("%s: warning \"%s\"", lies[i].lie, t->vc->warning);
		for (pfn_t pfn = 1; pfn <= 3; pfn++)
			assert_page(t, pfn, PATTERN);
	}
}

/* VMCOREINFO is found even where no note has it. */
static void test_vmcoreinfo_without_note(void **state)
{
	struct test *t = *state;

	/* Also if the file ends within it. */
	for (int more = 0; more < 2; more++) {
		make(t, "%ssub.size_note = 0\n%s\n", sound,
		     more ? "sub.size_vmcoreinfo = 0x100000" : "");
		open_dump(t);
		assert_int_equal(t->vc->vmcoreinfo_size, 4);
		assert_memory_equal(t->vc->vmcoreinfo, "A=b\n", 4);
	}
}

static void test_descriptor_lies(void **state)
{
	static const struct {
		const char *lie;
		const char *part;
	} lies[] = {
		{ "none missing", "page 0x1 was not written" },
		{ "none offset=0", "page 0x1: its data should lie in the headers" },
		{ "none offset=4096", "in the headers" },
		/* Among the descriptors. */
		{ "none offset=30708", "in the headers" },
		{ "none size=0", "page 0x1: impossible size of 0 bytes" },
		{ "none size=4095", "impossible size of 4095 bytes" },
		{ "none size=4097", "impossible size" },
		{ "none size=0xffffffff", "impossible size" },
		{ "zlib size=4097", "impossible size" },
		{ "zlib size=10", "page 0x1: damaged zlib page" },
		{ "zlib size=0", "impossible size" },
		{ "none flags=1", "page 0x1: damaged zlib page" },
		{ "none flags=3", "page 0x1: unknown flags 0x3" },
		{ "none flags=8", "unknown flags 0x8" },
		{ "none flags=0x10000", "unknown flags" },
		{ "none offset=0x7fffffffffffffff", "beyond the end of the file" },
		{ "none offset=-1", "beyond the end of the file" },
		{ "none offset=0x10000000", "beyond the end of the file" },
		{ "zlib payload=00", "damaged zlib page" },
	};
	struct test *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		const char *part = lies[i].part;

		/* Enough pages that the last page descriptors do not show the lie. */
		make(t, "page = 0 pattern\n page = 1 half %s\n page = 2-600 zero\n", lies[i].lie);
		open_dump(t);
		assert_int_equal(t->vc->incomplete, i == 0);
		assert_page(t, 0, PATTERN);
		assert_no_page(t, 1, -EFAULT, part);
		assert_page(t, 2, ZERO);
		assert_page(t, 600, ZERO);
	}
}

/* A page that cannot be read leaves nothing in the cache in place of readable ones. */
static void test_damaged_page_in_cache(void **state)
{
	struct test *t = *state;

	make(t, "codec = zlib\n page = 0-99 half\n page = 100 half size=200\n");
	open_dump(t);
	for (pfn_t pfn = 0; pfn < 100; pfn++)
		assert_page(t, pfn, HALF);
	assert_no_page(t, 100, -EFAULT, "page 0x64: damaged zlib page");
	for (pfn_t pfn = 100; pfn-- > 0;)
		assert_page(t, pfn, HALF);
}

/* Data that claims to become much larger than a page. */
static void test_snappy_claim(void **state)
{
	struct test *t = *state;

	if (!codec_supported(CODEC_SNAPPY))
		skip();
	/* 83260, then a literal. */
	make(t, "page = 0 zero snappy payload=bc8a0500000000000000\n page = 1 pattern\n");
	open_dump(t);
	assert_no_page(t, 0, -EFAULT, "damaged snappy page");
	assert_page(t, 1, PATTERN);
}

static void test_incomplete(void **state)
{
	struct test *t = *state;

	make(t, "codec = zlib\n status = 9\n exists = 0-7\n"
		"page = 1-3 half\n page = 4-6 half missing\n");
	open_dump(t);
	assert_true(t->vc->incomplete);
	assert_non_null(strstr(t->vc->warning, "incomplete"));
	assert_page(t, 3, HALF);
	assert_no_page(t, 4, -EFAULT, "was not written");
	assert_bits(t, VMCORE_STORED, "01110000");
	assert_bits(t, VMCORE_PRESENT, "11111111");

	/* It says so, and has all pages nevertheless. */
	make(t, "codec = zlib\n status = 9\n page = 1-3 half\n");
	open_dump(t);
	assert_true(t->vc->incomplete);

	/* Pages are missing, but the program did not live to say so. */
	make(t, "codec = zlib\n page = 1-3 half\n page = 4-6 half missing\n");
	open_dump(t);
	assert_true(t->vc->incomplete);
	assert_non_null(strstr(t->vc->warning, "shorter"));
}

/* One bit of the 2nd bitmap more or less: the data begins where it does not fit that. */
static void test_bitmap_damage(void **state)
{
	static const struct {
		const char *pages, *patch;
	} damages[] = {
		{ "page = 1-9 pattern\n", "fc" },
		{ "page = 1-9 pattern\n", "ff" },
		{ "page = 1-9 pattern\n page = 700 zero shared\n", "fc" },
		{ "page = 1-9 pattern\n page = 700 zero shared\n", "ff" },
		{ "page = 1 zero shared\n page = 2-9 half zlib\n", "ff" },
		{ "page = 1 zero shared\n page = 2-9 half zlib\n", "ee" },
	};
	struct test *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		make(t, "%s", damages[i].pages);
		open_dump(t);
		assert_false(t->vc->incomplete);
		make(t, "%s patch = 0x3000 %s\n", damages[i].pages, damages[i].patch);
		open_dump(t);
		assert_true(t->vc->incomplete);
		assert_non_null(strstr(t->vc->warning, "bitmap and page descriptors disagree"));
	}
}

/* The offset of a page's data in a file whose descriptors begin in the fifth block. */
static uint64_t data_at(struct test *t, pfn_t nth, uint64_t change)
{
	off_t at = 4 * 4096 + nth * KDUMP_PAGE_DESC_SIZE;
	int fd = open(t->path, O_RDWR);
	uint64_t offset;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &offset, 8, at), 8);
	offset = htole64(le64toh(offset) ^ change);
	assert_int_equal(pwrite(fd, &offset, 8, at), 8);
	close(fd);
	return le64toh(offset);
}

static bool check_places(struct test *t)
{
	open_dump(t);
	vmcore_check_places(t->vc);
	if (t->vc->incomplete)
		assert_non_null(strstr(t->vc->warning, "pages may be mixed up"));
	return t->vc->incomplete;
}

/* A descriptor names bytes within data of other pages, or all of those of another page. */
static void test_mixed_up(void **state)
{
	static const pfn_t damaged[] = { 0, 5, 299, 300, 303 };
	struct test *t = *state;
	struct stat st;

	make(t, "page = 0-299 pattern\n page = 300 half zlib\n page = 301-330 zero shared\n");
	assert_int_equal(stat(t->path, &st), 0);
	assert_false(check_places(t));
	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		for (uint64_t bit = 1; bit < 1 << 20; bit <<= 1) {
			uint64_t off = data_at(t, damaged[i], bit);

			/* Another page of zeros can be any page. */
			if (off > 4 * 4096 + 331 * KDUMP_PAGE_DESC_SIZE &&
			    (damaged[i] != 303 || bit % 4096) && off + 4096 < (uint64_t)st.st_size)
				assert_true(check_places(t));
			data_at(t, damaged[i], bit);
		}
	}
	assert_false(check_places(t));
}

/* A program can leave gaps between all data; few gaps are damage. */
static void test_gaps(void **state)
{
	struct test *t = *state;

	make(t, "page = 0-599 pattern size=4095\n");
	assert_false(check_places(t));
	make(t, "page = 0-99 pattern size=4095\n page = 100-599 pattern\n");
	assert_false(check_places(t));
	make(t, "page = 0-9 pattern size=4095\n page = 10-599 pattern\n");
	assert_true(check_places(t));
	/* It is known to be incomplete. */
	make(t, "status = 8\n page = 0-9 pattern size=4095\n page = 10-599 pattern\n");
	open_dump(t);
	vmcore_check_places(t->vc);
	assert_non_null(strstr(t->vc->warning, "incomplete"));
}

/*
 * A file cut anywhere is refused, or what is left of it can be read and the
 * bitmap says what that is.
 */
static void test_cut(void **state)
{
	struct test *t = *state;
	struct stat st;
	off_t descs = 4 * 4096, data = descs + 600 * KDUMP_PAGE_DESC_SIZE;

	make(t, "codec = zlib\n page = 0-9 zero shared\n page = 10-19 half\n"
		"page = 20-599 zero shared\n");
	assert_int_equal(stat(t->path, &st), 0);
	for (off_t size = st.st_size; size >= 0; size -= size > st.st_size - 64 ? 1 : 211) {
		struct bitmap b;
		pfn_t there = 0;
		int err;

		assert_int_equal(truncate(t->path, size), 0);
		err = try_open(t);
		if (size < descs) {
			assert_int_equal(err, size < 8 ? -ENOTSUP : -EBADMSG);
			continue;
		}
		assert_int_equal(err, 0);
		assert_int_equal(t->vc->incomplete, size < st.st_size);
		assert_int_equal(!!t->vc->warning[0], size < st.st_size);
		assert_int_equal(bitmap_init(&b, t->vc->max_pfn), 0);
		assert_int_equal(vmcore_bitmap(t->vc, VMCORE_STORED, &b), 0);
		for (pfn_t pfn = 0; pfn < 600; pfn++) {
			if (bitmap_test(&b, pfn)) {
				there++;
				assert_page(t, pfn, pfn >= 10 && pfn <= 19 ? HALF : ZERO);
			} else {
				assert_no_page(t, pfn, -EFAULT, "the file ends before");
			}
		}
		if (size == st.st_size)
			assert_int_equal(there, 600);
		else if (size < data + 4096)
			assert_int_equal(there, 0);
		bitmap_deinit(&b);
	}
}

static void test_cut_eraseinfo(void **state)
{
	struct test *t = *state;
	struct stat st;

	make(t, "%s", sound);
	assert_int_equal(stat(t->path, &st), 0);
	assert_int_equal(truncate(t->path, st.st_size - 1), 0);
	open_dump(t);
	assert_true(t->vc->incomplete);
	assert_null(t->vc->eraseinfo);
	assert_non_null(strstr(t->vc->warning, "eraseinfo"));
	assert_page(t, 3, PATTERN);

	/* More than there can be, although the file is large enough. */
	make(t, "%ssub.size_eraseinfo = 0x1000001\n", sound);
	assert_int_equal(truncate(t->path, 32 << 20), 0);
	open_dump(t);
	assert_null(t->vc->eraseinfo);
	assert_non_null(strstr(t->vc->warning, "no eraseinfo where"));
	make(t, "%ssub.size_eraseinfo = 0x1000000\n", sound);
	assert_int_equal(truncate(t->path, 32 << 20), 0);
	open_dump(t);
	assert_int_equal(t->vc->eraseinfo_size, 0x1000000);
}

/* Whatever the bytes are: no crash, no hang, and every error has a sentence. */
static void test_damage(void **state)
{
	struct test *t = *state;
	uint64_t x = 42;
	uint8_t *file, *copy;
	struct stat st;
	int fd;

	make(t, "codec = zlib\n page = 0-1 zero shared\n page = 2-9 half\n page = 12 random\n"
		"vmcoreinfo = A=b\n cpus = 2\n eraseinfo = erase x size 1\n");
	fd = open(t->path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	file = malloc(st.st_size);
	copy = malloc(st.st_size);
	assert_non_null(file);
	assert_non_null(copy);
	assert_int_equal(pread(fd, file, st.st_size, 0), st.st_size);
	for (int round = 0; round < 300; round++) {
		/* The header, sub-header and notes, bitmaps, descriptors and data. */
		static const struct {
			size_t off, len;
		} parts[] = {
			{ 8, 4 },    { 424, 20 },  { 4096, 104 },      { 4200, 800 },
			{ 8192, 4 }, { 12288, 4 }, { 16384, 13 * 24 }, { 16384, 4096 },
		};

		memcpy(copy, file, st.st_size);
		for (int i = 0; i <= round % 4; i++) {
			size_t part, off;

			x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			part = (x >> 60) % ARRAY_SIZE(parts);
			off = parts[part].off + (x >> 40) % parts[part].len;
			copy[off] = x & 0x100000000 ? (uint8_t)(x >> 33) :
						      copy[off] ^ 1 << (x >> 33) % 8;
		}
		assert_int_equal(pwrite(fd, copy, st.st_size, 0), st.st_size);
		if (try_open(t)) {
			close_dump(t);
			continue;
		}
		for (enum vmcore_bitmap_kind which = VMCORE_PRESENT; which <= VMCORE_STORED;
		     which++) {
			struct bitmap b;

			assert_int_equal(bitmap_init(&b, t->vc->max_pfn), 0);
			assert_int_equal(vmcore_bitmap(t->vc, which, &b), 0);
			bitmap_deinit(&b);
		}
		for (pfn_t pfn = 0; pfn < 20; pfn++) {
			const void *p;
			size_t got;
			int err = vmcore_get(t->r, pfn << t->vc->page_shift, 1, &p, &got);

			assert_true(!err || err == -EFAULT);
			if (err)
				assert_non_null(strstr(err_text(err), "page"));
		}
	}
	free(file);
	free(copy);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_layouts_and_versions),
		TEST(test_max_mapnr),
		TEST(test_contradicting_max_mapnr),
		TEST(test_codecs_and_block_sizes),
		TEST(test_mixed_codecs),
		TEST(test_codec_not_built_in),
		TEST(test_many_pages),
		TEST(test_readers),
		TEST(test_get),
		TEST(test_read_into_hole),
		TEST(test_shared_pages),
		TEST(test_bitmaps),
		TEST(test_huge),
		cmocka_unit_test(test_not_kdump),
		TEST(test_header_lies),
		TEST(test_note_lies),
		TEST(test_vmcoreinfo_without_note),
		TEST(test_descriptor_lies),
		TEST(test_damaged_page_in_cache),
		TEST(test_snappy_claim),
		TEST(test_incomplete),
		TEST(test_bitmap_damage),
		TEST(test_mixed_up),
		TEST(test_gaps),
		TEST(test_cut),
		TEST(test_cut_eraseinfo),
		TEST(test_damage),
	};

	return cmocka_run_group_tests_name("kdump", tests, NULL, NULL);
}
