// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Putting parts together: what descriptors may say, which fields count, and that no failing call
 * leaves a file that says it is complete.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/byteorder.h"
#include "lib/fdio.h"
#include "lib/log_control.h"
#include "lib/types.h"
#include "output/reassemble.h"
#include "output/writer.h"
#include "tests/unit/failing_calls.h"
#include "tests/unit/minicore.h"

#define PAGE 4096
#define VERSION_OFFSET 8
#define STATUS_OFFSET 424
#define INCOMPLETE 8
/* Fields of the sub-header. */
#define SPLIT (PAGE + 12)
#define OLD_START (PAGE + 16)
#define ERASEINFO (PAGE + 64)
#define START_64 (PAGE + 80)
#define AFTER_SUB_HEADER (PAGE + 200)
#define NODENAME (12 + 65)

/* Parts of 8 pages each: [0x200, 0x208), [0x208, 0x210). */
#define FIRST 0x200
#define MIDDLE 0x208
#define END 0x210

/* Bytes [bad_start, bad_end) of a file cannot be read; 0: all can. */
static ino_t bad_file;
static off_t bad_start, bad_end;

ssize_t pread(int fd, void *buf, size_t len, off_t off)
{
	static ssize_t (*real)(int fd, void *buf, size_t len, off_t off);
	struct stat st;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pread64");
	if (bad_file && off < bad_end && off + (off_t)len > bad_start && !fstat(fd, &st) &&
	    st.st_ino == bad_file) {
		errno = EIO;
		return -1;
	}
	return real(fd, buf, len, off);
}

static const struct core_text texts[] = { { "mini", "" } };

struct files {
	struct cores cores;
	char parts[2][PATH_MAX], whole[PATH_MAX];
};

static int setup(void **state)
{
	struct files *f = malloc(sizeof(*f));

	*state = f;
	log_set_levels(MDF_LOG_ERROR);
	if (!f || cores_make(&f->cores, "mini-x86_64.txt", NULL, texts, ARRAY_SIZE(texts)))
		return -1;
	cores_path(&f->cores, "part0", f->parts[0]);
	cores_path(&f->cores, "part1", f->parts[1]);
	cores_path(&f->cores, "whole", f->whole);
	return 0;
}

static int teardown(void **state)
{
	struct files *f = *state;
	int err;

	unlink(f->parts[0]);
	unlink(f->parts[1]);
	unlink(f->whole);
	err = cores_remove(&f->cores);
	free(f);
	return err;
}

static void write_part(struct machine *m, const char *path, unsigned int level, pfn_t start,
		       pfn_t end)
{
	struct dump_source source = {
		.kernel = m->k, .vc = m->vc, .level = level, .codec = CODEC_ZLIB
	};
	struct page_out pages[MIDDLE - FIRST];
	struct page_run run = { 0, ARRAY_SIZE(pages), 0 };
	struct page_batch b = { .runs = &run, .nr_runs = 1, .nr_pages = ARRAY_SIZE(pages),
				.pages = pages };
	struct bitmap exists, dumpable;
	uint8_t data[ARRAY_SIZE(pages) * PAGE];
	struct writer *w;
	struct sink *s;

	assert_int_equal(bitmap_init(&exists, m->vc->max_pfn), 0);
	assert_int_equal(bitmap_init(&dumpable, m->vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(m->vc, VMCORE_PRESENT, &exists), 0);
	bitmap_set_range(&dumpable, FIRST, END);
	assert_int_equal(sink_file_create(&s, path, true), 0);
	assert_int_equal(kdump_writer_create(&w, &source, s), 0);
	assert_int_equal(writer_begin(w, &exists), 0);
	kdump_writer_set_part(w, start, end);
	assert_int_equal(writer_set_pages(w, &dumpable), 0);
	memset(data, start & 0xff, sizeof(data));
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = (struct page_out){ OUT_RAW, PAGE, 0 };
	/* Sizes and kinds of all sorts. */
	pages[1] = (struct page_out){ OUT_COMPRESSED, 100, 0 };
	if (level)
		pages[2] = (struct page_out){ OUT_ZERO, 0, 0 };
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		b.data_len += pages[i].size;
	b.data = data;
	assert_int_equal(writer_put(w, &b), 0);
	assert_int_equal(writer_finish(w, true), 0);
	writer_destroy(w);
	sink_close(s);
	bitmap_deinit(&exists);
	bitmap_deinit(&dumpable);
}

static void write_parts(struct files *f, unsigned int level)
{
	struct machine m;

	calls_reset(0, 0);
	machine_open(&m, &f->cores, "mini");
	write_part(&m, f->parts[0], level, 0, MIDDLE);
	write_part(&m, f->parts[1], level, MIDDLE, m.vc->max_pfn);
	machine_close(&m);
}

static int put_together(struct files *f)
{
	char *parts[] = { f->parts[1], f->parts[0] };

	return reassemble(parts, 2, true, f->whole, true);
}

static void peek(const char *path, uint64_t off, void *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_pread(fd, buf, len, off), len);
	close(fd);
}

static void poke(const char *path, uint64_t off, const void *buf, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_pwrite(fd, buf, len, off, NULL), 0);
	close(fd);
}

static uint32_t u32_at(const char *path, uint64_t off)
{
	uint8_t raw[4];

	peek(path, off, raw, sizeof(raw));
	return load_u32(raw, HOST_BIG_ENDIAN);
}

static uint64_t u64_at(const char *path, uint64_t off)
{
	uint8_t raw[8];

	peek(path, off, raw, sizeof(raw));
	return load_u64(raw, HOST_BIG_ENDIAN);
}

static void set_u64(const char *path, uint64_t off, uint64_t v)
{
	uint8_t raw[8];

	store_u64(raw, v, HOST_BIG_ENDIAN);
	poke(path, off, raw, sizeof(raw));
}

static void set_u32(const char *path, uint64_t off, uint32_t v)
{
	uint8_t raw[4];

	store_u32(raw, v, HOST_BIG_ENDIAN);
	poke(path, off, raw, sizeof(raw));
}

static uint64_t file_size(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static uint64_t descriptors(const char *path)
{
	return (1 + (uint64_t)u32_at(path, 432) + u32_at(path, 436)) * PAGE;
}

static void assert_complete(const struct files *f)
{
	assert_int_equal(u32_at(f->whole, STATUS_OFFSET), 1);
}

static void test_whole(void **state)
{
	struct files *f = *state;
	uint8_t page[PAGE];
	uint64_t data;

	for (unsigned int level = 0; level < 2; level++) {
		write_parts(f, level);
		assert_int_equal(put_together(f), 0);
		assert_complete(f);
		data = descriptors(f->whole) + 24 * (END - FIRST) + level * PAGE;
		peek(f->whole, data, page, PAGE);
		assert_int_equal(page[0], 0);
		data += (level ? 6 : 7) * PAGE + 100;
		peek(f->whole, data - 1, page, PAGE);
		assert_int_equal(page[0], 0);
		assert_int_equal(page[1], MIDDLE & 0xff);
	}
}

static void assert_fails(struct files *f, int err, const char *why)
{
	assert_int_equal(put_together(f), err);
	assert_non_null(strstr(err_text(err), why));
	if (err == -EIO)
		assert_int_equal(u32_at(f->whole, STATUS_OFFSET), 1 | INCOMPLETE);
}

static void test_other_files(void **state)
{
	struct files *f = *state;
	uint64_t bitmap;

	write_parts(f, 0);
	set_u32(f->parts[1], SPLIT, 0);
	assert_fails(f, -EINVAL, "is not a part of a split dump");
	write_parts(f, 0);
	set_u64(f->parts[1], START_64 + 8, u64_at(f->parts[1], START_64 + 8) + 1);
	assert_fails(f, -EBADMSG, "are invalid");
	write_parts(f, 0);
	bitmap = (1 + (uint64_t)u32_at(f->parts[1], 432)) * PAGE;
	set_u32(f->parts[1], bitmap, u32_at(f->parts[1], bitmap) ^ 2);
	assert_fails(f, -EINVAL, "are not parts of the same dump");
	/* Another host's name, and a byte between the sub-header and the bitmaps. */
	write_parts(f, 0);
	set_u32(f->parts[1], NODENAME, u32_at(f->parts[1], NODENAME) + 1);
	assert_fails(f, -EINVAL, "are not parts of the same dump");
	write_parts(f, 0);
	set_u32(f->parts[1], AFTER_SUB_HEADER, u32_at(f->parts[1], AFTER_SUB_HEADER) + 1);
	assert_fails(f, -EINVAL, "are not parts of the same dump");
}

static void test_incomplete_part(void **state)
{
	struct files *f = *state;

	write_parts(f, 0);
	set_u32(f->parts[1], STATUS_OFFSET, 1 | INCOMPLETE);
	assert_fails(f, -EIO, "is marked incomplete");
	/* Its last page has data after its end; without pages of zeros, in the header. */
	for (unsigned int i = 0; i < 2; i++) {
		write_parts(f, 0);
		set_u64(f->parts[1], descriptors(f->parts[1]) + 24 * 7, i ? 0 : 1 << 20);
		assert_fails(f, -EIO, "1 page is missing");
		assert_non_null(strstr(err_text(-EIO), "describes pages in an invalid way"));
	}
}

/* Each text once. */
static void test_eraseinfo(void **state)
{
	struct files *f = *state;
	char text[2][12] = { "erase one\n", "erase two\n" }, got[2 * sizeof(text[0])];
	struct stat st;

	for (unsigned int texts_differ = 0; texts_differ < 2; texts_differ++) {
		size_t len = (1 + texts_differ) * sizeof(text[0]);

		write_parts(f, 0);
		for (unsigned int i = 0; i < 2; i++) {
			assert_int_equal(stat(f->parts[i], &st), 0);
			poke(f->parts[i], st.st_size, text[texts_differ * i], sizeof(text[0]));
			set_u64(f->parts[i], ERASEINFO, st.st_size);
			set_u64(f->parts[i], ERASEINFO + 8, sizeof(text[0]));
		}
		assert_int_equal(put_together(f), 0);
		assert_int_equal(u64_at(f->whole, ERASEINFO + 8), len);
		peek(f->whole, u64_at(f->whole, ERASEINFO), got, len);
		assert_memory_equal(got, text, len);
	}
	/* It ends after its file. */
	write_parts(f, 0);
	assert_int_equal(stat(f->parts[1], &st), 0);
	set_u64(f->parts[1], ERASEINFO, st.st_size - 8);
	set_u64(f->parts[1], ERASEINFO + 8, 9);
	assert_fails(f, -EIO, "lacks the text of what was overwritten");
}

/* A descriptor of zeros is a lost page, not one of zeros, also where no page of zeros is. */
static void test_lost_page(void **state)
{
	static const uint8_t nothing[24];
	struct files *f = *state;

	for (unsigned int level = 0; level < 2; level++) {
		write_parts(f, level);
		poke(f->parts[1], descriptors(f->parts[1]) + 24 * 4, nothing, sizeof(nothing));
		assert_int_equal(put_together(f), -EIO);
		assert_non_null(strstr(err_text(-EIO), "1 page is missing"));
		assert_int_equal(u32_at(f->whole, STATUS_OFFSET), 1 | INCOMPLETE);
	}
}

static void test_flags(void **state)
{
	/* Flags of a page as it is (0), of a compressed one (1), and of one of zeros (2). */
	static const struct {
		unsigned int page;
		uint32_t flags;
		bool ok;
	} cases[] = {
		{ 1, 1, true },		  { 1, 2, true },      { 1, 4, true },
		{ 1, 0x20, true },	  { 0, 0x40, false },  { 0, 8, false },
		{ 0, 0x80000000, false }, { 1, 3, false },     { 1, 0, false },
		{ 1, 0x21, false },	  { 1, 0x101, false }, { 2, 0x40, false },
		{ 2, 3, false },
	};
	struct files *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		write_parts(f, 1);
		set_u32(f->parts[0], descriptors(f->parts[0]) + 24 * cases[i].page + 12,
			cases[i].flags);
		assert_int_equal(put_together(f), cases[i].ok ? 0 : -EIO);
		assert_int_equal(u32_at(f->whole, STATUS_OFFSET), cases[i].ok ? 1 : 1 | INCOMPLETE);
		if (!cases[i].ok)
			assert_non_null(strstr(err_text(-EIO), "1 page is missing"));
	}
}

/*
 * Pages of the first part: 0 raw, 1 compressed, 2 zeros, 3 to 7 raw. A descriptor that points
 * into the data of others, or leaves bytes to no page.
 */
static void test_places(void **state)
{
	static const struct {
		unsigned int page;
		int64_t move;
		uint32_t size;
		unsigned int lost;
	} cases[] = {
		/* Into the data of two other pages, or of one that it joins. */
		{ 0, 2 * PAGE + 1, PAGE, 1 },
		{ 4, PAGE + 10, PAGE, 1 },
		{ 1, 0, 101, 2 },
		{ 4, -8, PAGE, 2 },
		/* Beyond the others, and before all data; of a size that cannot be. */
		{ 4, 1 << 20, PAGE, 1 },
		{ 0, -8, PAGE, 1 },
		{ 1, 0, PAGE, 1 },
		{ 2, 8, PAGE, 1 },
		/* All the data of another page, and too little: it is noticed, but not where. */
		{ 4, PAGE, PAGE, 0 },
		{ 4, -1, 0, 0 },
		{ 1, 0, 99, 0 },
	};
	struct files *f = *state;
	uint64_t at, off;
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		write_parts(f, 1);
		at = descriptors(f->parts[0]) + 24 * cases[i].page;
		/* To the page of zeros. */
		off = cases[i].size ? u64_at(f->parts[0], at) + cases[i].move :
				      descriptors(f->parts[0]) + 24 * (END - FIRST);
		set_u64(f->parts[0], at, off);
		if (cases[i].size)
			set_u32(f->parts[0], at + 8, cases[i].size);
		assert_int_equal(put_together(f), -EIO);
		assert_int_equal(u32_at(f->whole, STATUS_OFFSET), 1 | INCOMPLETE);
		snprintf(text, sizeof(text),
			 cases[i].lost ? "%u page%s missing" : "has data that belong to no page",
			 cases[i].lost, cases[i].lost == 1 ? " is" : "s are");
		assert_non_null(strstr(err_text(-EIO), text));
	}
}

/* Several pages have the same data, and data lie in another order than the pages. */
static void test_shared_places(void **state)
{
	struct files *f = *state;
	uint64_t descs, shared, whole;

	write_parts(f, 1);
	descs = descriptors(f->parts[0]);
	/* Page 7 as 6, whose data are the last then; 3 and 4 exchanged. */
	shared = u64_at(f->parts[0], descs + 24 * 6);
	set_u64(f->parts[0], descs + 24 * 7, shared);
	set_u64(f->parts[0], descs + 24 * 3, u64_at(f->parts[0], descs + 24 * 3) + PAGE);
	set_u64(f->parts[0], descs + 24 * 4, u64_at(f->parts[0], descs + 24 * 4) - PAGE);
	assert_int_equal(put_together(f), 0);
	assert_complete(f);
	whole = descriptors(f->whole);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(u64_at(f->whole, whole + 24 * i),
				 u64_at(f->parts[0], descs + 24 * i));
	/* The data of the next part follow. */
	assert_int_equal(u64_at(f->whole, whole + 24 * 8), shared + PAGE);
	/* One that overlaps others costs itself only, also where these are shared. */
	write_parts(f, 1);
	set_u64(f->parts[0], descs + 24 * 5, shared);
	set_u64(f->parts[0], descs + 24 * 4, shared + 10);
	assert_int_equal(put_together(f), -EIO);
	assert_non_null(strstr(err_text(-EIO), "1 page is missing"));
	assert_int_equal(u64_at(f->whole, whole + 24 * 4), 0);
}

/* A bad sector costs the pages that have data in it, or descriptors. */
static void test_bad_sector(void **state)
{
	struct files *f = *state;
	char *parts[] = { f->parts[0], f->parts[1] };
	uint64_t descs, data;
	struct stat st;

	write_parts(f, 1);
	assert_int_equal(stat(f->parts[0], &st), 0);
	descs = descriptors(f->parts[0]);
	data = u64_at(f->parts[0], descs + 24 * 3);
	for (unsigned int i = 0; i < 2; i++) {
		bad_start = i ? descs : data + PAGE - data % PAGE;
		bad_end = bad_start + PAGE;
		bad_file = st.st_ino;
		assert_int_equal(reassemble(parts, 2, false, f->whole, true), -EIO);
		bad_file = 0;
		assert_non_null(strstr(err_text(-EIO), i ? "8 pages are missing: cannot read" :
							   "2 pages are missing: cannot read"));
		assert_int_equal(u32_at(f->whole, STATUS_OFFSET), 1 | INCOMPLETE);
		for (unsigned int j = 0; j < 16; j++)
			assert_int_equal(!u64_at(f->whole, descriptors(f->whole) + 24 * j),
					 i ? j < 8 : j == 3 || j == 4);
	}
}

/* Since version 6 the fields of 64 bits count, which pfns beyond 16 TiB need. */
static void test_fields_of_64_bits(void **state)
{
	struct files *f = *state;

	write_parts(f, 0);
	for (unsigned int i = 0; i < 2; i++) {
		set_u64(f->parts[i], OLD_START, UINT32_MAX);
		set_u64(f->parts[i], OLD_START + 8, UINT32_MAX);
	}
	assert_int_equal(put_together(f), 0);
	assert_complete(f);
	set_u64(f->parts[0], START_64 + 8, MIDDLE - 1);
	assert_int_equal(put_together(f), -EINVAL);
	/* Before that there were only the others. */
	write_parts(f, 0);
	for (unsigned int i = 0; i < 2; i++) {
		set_u32(f->parts[i], VERSION_OFFSET, 5);
		set_u64(f->parts[i], START_64, UINT32_MAX);
		set_u64(f->parts[i], START_64 + 8, UINT32_MAX);
	}
	assert_int_equal(put_together(f), 0);
	assert_complete(f);
}

/* Each page of the second part is there, or has a descriptor of zeros. */
static void assert_no_other_data(const struct files *f)
{
	uint64_t descs = descriptors(f->parts[0]), zeros = descs + 24 * (END - FIRST);

	if (file_size(f->whole) < zeros + PAGE)
		return;
	for (unsigned int i = MIDDLE - FIRST; i < END - FIRST; i++) {
		uint64_t off = u64_at(f->whole, descs + 24 * i);
		uint8_t byte;

		if (!off || off == zeros)
			continue;
		peek(f->whole, off, &byte, 1);
		assert_int_equal(byte, MIDDLE & 0xff);
	}
}

/* Whichever call fails: the file never says that it is complete. */
static void test_failing_calls(void **state)
{
	struct files *f = *state;
	unsigned int writes, syncs;
	uint8_t head[8];
	int fd;

	write_parts(f, 1);
	calls_reset(0, 0);
	assert_int_equal(put_together(f), 0);
	writes = nr_pwrite;
	syncs = nr_fdatasync;
	assert_true(writes > 8 && syncs == 2);
	for (unsigned int i = 1; i <= writes + syncs; i++) {
		calls_reset(i <= writes ? i : 0, i > writes ? i - writes : 0);
		assert_int_equal(put_together(f), -EIO);
		assert_non_null(strstr(err_text(-EIO), "the dump is incomplete"));
		calls_reset(0, 0);
		fd = open(f->whole, O_RDONLY | O_CLOEXEC);
		/* A file without a header, or one that is marked. */
		if (fd_pread(fd, head, sizeof(head), 0) == sizeof(head) && head[0])
			assert_int_equal(u32_at(f->whole, STATUS_OFFSET), 1 | INCOMPLETE);
		close(fd);
		assert_no_other_data(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_other_files),
		cmocka_unit_test(test_incomplete_part),
		cmocka_unit_test(test_eraseinfo),
		cmocka_unit_test(test_lost_page),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_shared_places),
		cmocka_unit_test(test_bad_sector),
		cmocka_unit_test(test_fields_of_64_bits),
		cmocka_unit_test(test_failing_calls),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
