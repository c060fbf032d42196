// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole dumps: what our own reader finds in them, that they do not depend on
 * the number of threads, what is left of them when pages are lost or the
 * disk is full, and that what is erased is in none of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/log_control.h"
#include "lib/types.h"
#include "output/copy.h"
#include "output/copy_crew.h"
#include "output/dump.h"
#include "tests/unit/memsink.h"
#include "tests/unit/minicore.h"

static const struct core_text mini_texts[] = {
	{ "mini", "" },
	{ "cut", "truncate 24*M\n" },
	{ "no-root", "set SYMBOL(init_top_pgt)\nset SYMBOL(swapper_pg_dir)\n" },
	{ "secret", "page 0x8500..0x8580 text HIDDEN\npage 0x8700 text HIDDEN\n" },
};

/* Segments that are unaligned, out of order, in pieces. */
#define ODD_SEGMENTS \
	"memory pattern\nprstatus 3\n" \
	"segment 0x9000 0x2000\nsegment 0x20ff8 0x10\nsegment 0x1238 0x2340 align=4096\n" \
	"segment 0x4000 0x3000 filesz=0x1208\nsegment 0x8000 0x1000 filesz=0\n" \
	"segment 0xb000 0x18\nsegment 0xb018 0xfe8\npage 9 zero\npage 0x20 zero\n"

static const struct core_text other_texts[] = {
	{ "odd-64le", "elf 64 little x86_64\n" ODD_SEGMENTS },
	{ "odd-64be", "elf 64 big s390x\n" ODD_SEGMENTS },
	{ "odd-32le", "elf 32 little i386\n" ODD_SEGMENTS },
	{ "odd-32be", "elf 32 big 8\n" ODD_SEGMENTS },
	{ "odd-arm", "elf 32 little arm\n" ODD_SEGMENTS },
	{ "64k", "elf 64 little arm64\nmemory pattern\nvmcoreinfo <<E\nPAGESIZE=65536\nE\n"
		 "segment 0x10000 0x200000\nsegment 0x400000 0x18000\npage 0x20..0x30 zero\n" },
	{ "64k-ppc", "elf 64 big ppc64\nmemory pattern\nsegment 0 0x110000\n" },
};

struct all_cores {
	struct cores mini, other;
};

static int setup(void **state)
{
	struct all_cores *c = malloc(sizeof(*c));

	*state = c;
	log_set_levels(MDF_LOG_ERROR);
	return !c ||
	       cores_make(&c->mini, "mini-x86_64.txt", NULL, mini_texts, ARRAY_SIZE(mini_texts)) ||
	       cores_make(&c->other, NULL, NULL, other_texts, ARRAY_SIZE(other_texts));
}

static int teardown(void **state)
{
	struct all_cores *c = *state;
	int err = cores_remove(&c->mini);

	err |= cores_remove(&c->other);
	free(c);
	return err;
}

static void open_core(struct machine *m, void **state, const char *name)
{
	struct all_cores *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(other_texts); i++) {
		if (!strcmp(other_texts[i].name, name)) {
			machine_open(m, &c->other, name);
			return;
		}
	}
	machine_open(m, &c->mini, name);
}

static int dump_erasing(struct machine *m, struct erase_list *erase, struct memsink *s,
			unsigned int level, enum codec_id codec, unsigned int nr_threads,
			struct dump_result *res)
{
	struct sink *sink = &s->sink;
	struct dump_request req = {
		.kernel = m->k,
		.sinks = &sink,
		.nr_sinks = 1,
		.level = level,
		.codec = codec,
		.nr_threads = nr_threads,
		.erase = erase,
	};

	return dump_write(&req, res);
}

static int dump(struct machine *m, struct memsink *s, unsigned int level, enum codec_id codec,
		unsigned int nr_threads, struct dump_result *res)
{
	return dump_erasing(m, NULL, s, level, codec, nr_threads, res);
}

static void dump_ok(struct machine *m, struct memsink *s, unsigned int level, enum codec_id codec,
		    unsigned int nr_threads, struct dump_result *res)
{
	memsink_init(s);
	if (dump(m, s, level, codec, nr_threads, res))
		fail_msg("%s", err_text(-EIO));
}

/* A dump, opened by our own reader. */
struct reading {
	struct vmcore *vc;
	struct vmcore_reader *r;
	struct bitmap exists, has_data;
	uint8_t *page, *want;
};

static int reading_init(struct reading *d, const char *path)
{
	struct vmcore_options opt = { .no_mmap = false };
	int err = vmcore_open(&d->vc, path, &opt);

	if (err)
		return err;
	assert_int_equal(vmcore_reader_create(&d->r, d->vc), 0);
	assert_int_equal(bitmap_init(&d->exists, d->vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(d->vc, VMCORE_PRESENT, &d->exists), 0);
	assert_int_equal(bitmap_init(&d->has_data, d->vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(d->vc, VMCORE_STORED, &d->has_data), 0);
	d->page = malloc(d->vc->page_size);
	d->want = malloc(d->vc->page_size);
	assert_true(d->page && d->want);
	return 0;
}

static void reading_deinit(struct reading *d)
{
	vmcore_reader_destroy(d->r);
	vmcore_close(d->vc);
	bitmap_deinit(&d->exists);
	bitmap_deinit(&d->has_data);
	free(d->page);
	free(d->want);
}

/* Return whether an error is about a page that was written, but cannot be read. */
static bool is_damaged(int err)
{
	const char *why = err_text(err);

	return err && !strstr(why, "is not in the dump") && !strstr(why, "was not written") &&
	       !strstr(why, "the file ends before");
}

/* 0 if the page is there, with the source's contents; the error if it is not. */
static int page_error(struct reading *d, struct machine *m, pfn_t pfn)
{
	int err = vmcore_read_page(d->r, pfn, d->page);

	if (err)
		return err;
	assert_int_equal(vmcore_read_page(m->r, pfn, d->want), 0);
	if (memcmp(d->page, d->want, d->vc->page_size))
		fail_msg("page %#" PRIx64 " has other contents", pfn);
	return 0;
}

static bool same_page(struct reading *d, struct machine *m, pfn_t pfn)
{
	int err = page_error(d, m, pfn);

	if (is_damaged(err))
		fail_msg("page %#" PRIx64 ": %s", pfn, err_text(err));
	return !err;
}

/* A complete dump has every page but those that went. */
static void assert_whole(struct machine *m, const struct memsink *s, const struct dump_result *res,
			 unsigned int level)
{
	struct bitmap exists;
	uint64_t gone = 0, pages = 0;
	struct reading d;

	if (reading_init(&d, s->path))
		fail_msg("%s", err_text(-EBADMSG));
	assert_false(d.vc->incomplete);
	assert_int_equal(d.vc->dump_level, level);
	assert_int_equal(d.vc->max_pfn, m->vc->max_pfn);
	assert_int_equal(d.vc->page_size, m->vc->page_size);
	assert_int_equal(d.vc->is64, m->vc->is64);
	assert_int_equal(d.vc->big_endian, m->vc->big_endian);
	assert_int_equal(d.vc->nr_cpus, m->vc->nr_cpus);
	assert_int_equal(d.vc->notes_size, m->vc->notes_size);
	if (m->vc->notes_size)
		assert_memory_equal(d.vc->notes, m->vc->notes, m->vc->notes_size);
	assert_int_equal(bitmap_init(&exists, m->vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(m->vc, VMCORE_PRESENT, &exists), 0);
	assert_memory_equal(d.exists.words, exists.words, (exists.nbits + 63) / 64 * 8);
	for (pfn_t pfn = 0; pfn < m->vc->max_pfn; pfn++) {
		bool there = bitmap_test(&d.has_data, pfn);

		/* A sample of the pages that do not exist will do. */
		if (!there && !bitmap_test(&exists, pfn) && pfn % 256)
			continue;
		if (there && !bitmap_test(&exists, pfn))
			fail_msg("page %#" PRIx64 " does not exist", pfn);
		gone += bitmap_test(&exists, pfn) && !there;
		pages += there;
		if (same_page(&d, m, pfn) != there)
			fail_msg("page %#" PRIx64 " is%s there", pfn, there ? " not" : "");
	}
	assert_int_equal(pages, res->copy.copied);
	assert_int_equal(res->copy.total, res->copy.copied);
	gone -= res->filter.missing;
	for (unsigned int c = 0; c < NR_PAGE_CLASSES; c++)
		gone -= c == PAGE_ZERO || c == PAGE_UNREADABLE ? 0 : res->filter.pages[c];
	assert_int_equal(gone, 0);
	assert_int_equal(res->filter.pages[PAGE_ZERO], res->copy.zero);
	assert_true(res->complete);
	assert_int_equal(res->phase, DUMP_COPY);
	assert_int_equal(res->missing_bytes, 0);
	bitmap_deinit(&exists);
	reading_deinit(&d);
}

static void test_read_back(void **state)
{
	static const struct {
		unsigned int level;
		enum codec_id codec;
	} cases[] = {
		{ 0, CODEC_NONE },  { 0, CODEC_ZLIB }, { 1, CODEC_ZSTD },    { 31, CODEC_NONE },
		{ 31, CODEC_ZLIB }, { 31, CODEC_LZO }, { 31, CODEC_SNAPPY }, { 31, CODEC_ZSTD },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dump_result res;
		struct memsink s;
		struct machine m;

		if (!codec_supported(cases[i].codec))
			continue;
		open_core(&m, state, "mini");
		dump_ok(&m, &s, cases[i].level, cases[i].codec, 2, &res);
		assert_int_equal(res.filter.original, 6046);
		if (cases[i].level == 31)
			assert_int_equal(res.copy.copied, 6046 - 1088 - 64 - 16 - 1072 - 1 - 8);
		assert_int_equal(res.copy.lost, 0);
		assert_whole(&m, &s, &res, cases[i].level);
		memsink_deinit(&s);
		machine_close(&m);
	}
}

static void test_machines_of_all_kinds(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(other_texts); i++) {
		for (unsigned int level = 0; level <= DL_ZERO; level++) {
			struct dump_result res;
			struct memsink s;
			struct machine m;

			open_core(&m, state, other_texts[i].name);
			dump_ok(&m, &s, level, CODEC_ZLIB, 2, &res);
			assert_whole(&m, &s, &res, level);
			memsink_deinit(&s);
			machine_close(&m);
		}
	}
}

/* Pages that have data of their own. */
static uint64_t data_pages(const struct dump_result *res)
{
	return res->copy.copied - res->copy.zero - res->copy.shared;
}

static uint8_t *contents(const struct memsink *s)
{
	uint8_t *bytes = malloc(memsink_size(s) + 1);

	assert_non_null(bytes);
	memsink_read(s, 0, bytes, memsink_size(s));
	return bytes;
}

static void test_any_number_of_threads(void **state)
{
	for (enum codec_id id = CODEC_NONE + 1; id < NR_CODECS; id++) {
		struct dump_result one, res;
		struct memsink s, t;
		struct machine m;
		uint8_t *want;

		if (!codec_supported(id))
			continue;
		open_core(&m, state, "mini");
		dump_ok(&m, &s, 31, id, 1, &one);
		want = contents(&s);
		/* All numbers with the first, one with the others. */
		for (unsigned int n = id == CODEC_ZLIB ? 2 : 3; n <= (id == CODEC_ZLIB ? 4u : 3u);
		     n++) {
			uint8_t *got;

			dump_ok(&m, &t, 31, id, n, &res);
			assert_int_equal(memsink_size(&t), memsink_size(&s));
			got = contents(&t);
			assert_memory_equal(got, want, memsink_size(&s));
			assert_int_equal(res.copy.copied, one.copy.copied);
			assert_int_equal(res.copy.zero, one.copy.zero);
			assert_int_equal(res.copy.shared, one.copy.shared);
			free(got);
			memsink_deinit(&t);
		}
		free(want);
		memsink_deinit(&s);
		machine_close(&m);
	}
}

/* The codec of a dump, and of a stream, is chosen while it is written. */
static void test_codec_is_chosen(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct dump_result res;
		struct memsink s;
		struct machine m;
		struct sink *sink = &s.sink;
		struct dump_request req = {
			.sinks = &sink,
			.nr_sinks = 1,
			.level = 31,
			.choose_codec = true,
			.nr_threads = 1 + i / 2,
		};

		open_core(&m, state, "mini");
		req.kernel = m.k;
		memsink_init(&s);
		s.sink.once = i % 2;
		assert_int_equal(dump_write(&req, &res), 0);
		assert_true(res.copy.choice.made);
		assert_int_equal(res.copy.choice.nr_threads, req.nr_threads);
		/* A sixteenth of the dump, to the end of the batch; equal pages are there once. */
		assert_in_range(res.copy.choice.raw_bytes, 4096,
				res.copy.total / 16 * 4096 + (512 << 10));
		assert_whole(&m, &s, &res, 31);
		memsink_deinit(&s);
		machine_close(&m);
	}
}

/* The flush that belongs to the measurement fails. */
static void test_flush_of_the_trial_fails(void **state)
{
	struct dump_result res;
	struct memsink s;
	struct machine m;
	struct sink *sink = &s.sink;
	struct dump_request req = {
		.sinks = &sink, .nr_sinks = 1, .choose_codec = true, .nr_threads = 1,
		.stop_on_first_error = true,
	};

	open_core(&m, state, "mini");
	req.kernel = m.k;
	memsink_init(&s);
	s.sync_err = -EIO;
	assert_int_equal(dump_write(&req, &res), -EIO);
	assert_non_null(strstr(err_text(-EIO), "the disk is on fire"));
	assert_false(res.copy.choice.made);
	assert_true(res.copy.copied < res.copy.total / 2);
	memsink_deinit(&s);
	machine_close(&m);
}

/* Pages of zeros are known from their contents, to the last byte. */
static void test_zero_pages(void **state)
{
	struct dump_result res;
	struct memsink s, t;
	struct machine m;

	open_core(&m, state, "odd-64le");
	dump_ok(&m, &s, 0, CODEC_NONE, 1, &res);
	assert_int_equal(res.copy.zero, 0);
	dump_ok(&m, &t, 1, CODEC_NONE, 1, &res);
	/* Page 9, and 0x20 of which only the last 8 bytes exist; they share one, as at level 0. */
	assert_int_equal(res.copy.zero, 2);
	assert_int_equal(memsink_size(&s), memsink_size(&t));
	memsink_deinit(&s);
	memsink_deinit(&t);
	machine_close(&m);
}

/* Copy the pages of a bitmap that are not all there. */
static void copy_with_lost(void **state, unsigned int nr_threads, struct memsink *s,
			   struct copy_stats *stats)
{
	struct dump_source source = { .level = 1, .codec = CODEC_ZLIB };
	struct copy_options options = { .nr_threads = nr_threads };
	struct bitmap exists, dumpable;
	struct copy_part part;
	struct writer *w;
	struct machine m;

	open_core(&m, state, "mini");
	memsink_init(s);
	source.kernel = m.k;
	source.vc = m.vc;
	assert_int_equal(bitmap_init(&exists, m.vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(m.vc, VMCORE_PRESENT, &exists), 0);
	assert_int_equal(bitmap_init(&dumpable, m.vc->max_pfn), 0);
	/* 0x9f-0x100 and 0x1000-0x8000 are holes. */
	bitmap_set_range(&dumpable, 0x90, 0x110);
	bitmap_set_range(&dumpable, 0xff0, 0x1010);
	bitmap_set_range(&dumpable, 0x8400, 0x8410);
	assert_int_equal(kdump_writer_create(&w, &source, &s->sink), 0);
	assert_int_equal(writer_begin(w, &exists), 0);
	assert_int_equal(writer_set_pages(w, &dumpable), 0);
	part = (struct copy_part){ .writer = w, .end = dumpable.nbits };
	assert_int_equal(copy_pages(&part, 1, &dumpable, NULL, &options, stats), 0);
	assert_int_equal(part.err, 0);
	assert_int_equal(writer_finish(w, false), 0);
	writer_destroy(w);
	bitmap_deinit(&exists);
	bitmap_deinit(&dumpable);
	machine_close(&m);
}

static void test_lost_pages(void **state)
{
	struct copy_stats stats, again;
	struct memsink s, t;
	struct machine m;
	struct reading d;
	uint8_t *want, *got;

	copy_with_lost(state, 1, &s, &stats);
	assert_int_equal(stats.total, 0x80 + 0x20 + 0x10);
	assert_int_equal(stats.copied, stats.total);
	assert_int_equal(stats.lost, 0x61 + 0x10);
	assert_non_null(strstr(stats.lost_why, "0x9f000"));
	open_core(&m, state, "mini");
	if (reading_init(&d, s.path))
		fail_msg("%s", err_text(-EBADMSG));
	assert_true(d.vc->incomplete);
	for (pfn_t pfn = 0; pfn < m.vc->max_pfn; pfn++)
		assert_int_equal(same_page(&d, &m, pfn), (pfn >= 0x90 && pfn < 0x9f) ||
								 (pfn >= 0x100 && pfn < 0x110) ||
								 (pfn >= 0xff0 && pfn < 0x1000) ||
								 (pfn >= 0x8400 && pfn < 0x8410));
	reading_deinit(&d);
	machine_close(&m);

	want = contents(&s);
	for (unsigned int n = 2; n <= 4; n++) {
		copy_with_lost(state, n, &t, &again);
		assert_int_equal(again.lost, stats.lost);
		assert_string_equal(again.lost_why, stats.lost_why);
		assert_int_equal(memsink_size(&t), memsink_size(&s));
		got = contents(&t);
		assert_memory_equal(got, want, memsink_size(&s));
		free(got);
		memsink_deinit(&t);
	}
	free(want);
	memsink_deinit(&s);
}

/* The dump of an input that is cut short lacks the pages after the cut, and is incomplete. */
static void test_input_cut_short(void **state)
{
	struct dump_result res;
	struct machine m, whole;
	struct memsink s;
	struct reading d;
	uint64_t pages = 0;

	open_core(&m, state, "cut");
	assert_true(m.vc->incomplete);
	dump_ok(&m, &s, 0, CODEC_ZSTD, 2, &res);
	assert_false(res.complete);
	assert_int_equal(res.phase, DUMP_COPY);
	machine_close(&m);
	open_core(&whole, state, "mini");
	if (reading_init(&d, s.path))
		fail_msg("%s", err_text(-EBADMSG));
	assert_true(d.vc->incomplete);
	for (pfn_t pfn = 0; pfn < whole.vc->max_pfn; pfn++)
		pages += same_page(&d, &whole, pfn);
	assert_int_equal(pages, res.copy.copied - res.copy.lost);
	assert_in_range(pages, 4000, 6045);
	assert_int_equal(res.filter.original, 6046);
	assert_int_equal(res.filter.missing + res.copy.lost + res.filter.pages[PAGE_OFFLINE] +
				 res.filter.pages[PAGE_HWPOISON],
			 6046 - pages);
	reading_deinit(&d);
	memsink_deinit(&s);
	machine_close(&whole);
}

/*
 * The disk is full at some offset; the space of the descriptors, which were
 * asked for first, is below it. All that was put is there.
 */
static void full_at(void **state, uint64_t end, unsigned int level, enum codec_id codec)
{
	uint64_t copied = 0;
	struct dump_result res;
	struct machine m;
	struct memsink s;
	struct reading d;

	open_core(&m, state, "mini");
	memsink_init(&s);
	s.end = end;
	assert_int_equal(dump(&m, &s, level, codec, 3, &res), -ENOSPC);
	assert_non_null(strstr(err_text(-ENOSPC), s.path));
	assert_non_null(strstr(err_text(-ENOSPC), strerror(ENOSPC)));
	assert_false(res.complete);
	if (res.phase != DUMP_COPY) {
		if (!reading_init(&d, s.path)) {
			assert_true(d.vc->incomplete);
			reading_deinit(&d);
		}
	} else {
		if (!res.missing_bytes)
			fail_msg("full at offset %" PRIu64 ": no bytes are missing?", end);
		assert_true(res.copy.copied < res.copy.total);
		if (reading_init(&d, s.path))
			fail_msg("%s", err_text(-EBADMSG));
		assert_true(d.vc->incomplete);
		for (pfn_t pfn = 0; pfn < m.vc->max_pfn; pfn++)
			copied += bitmap_test(&d.exists, pfn) && same_page(&d, &m, pfn);
		/* No page of a batch that was cut in the middle counts. */
		assert_int_equal(copied, res.copy.copied);
		reading_deinit(&d);
	}
	memsink_deinit(&s);
	machine_close(&m);
}

static void test_disk_full_in_the_data(void **state)
{
	struct dump_result res;
	struct memsink s;
	struct machine m;
	uint64_t size, data;

	open_core(&m, state, "mini");
	dump_ok(&m, &s, 31, CODEC_NONE, 1, &res);
	size = memsink_size(&s);
	data = size - (data_pages(&res) + 1) * 4096;
	memsink_deinit(&s);
	machine_close(&m);
	full_at(state, data + 4096, 31, CODEC_NONE);
	full_at(state, data + 4097, 31, CODEC_NONE);
	full_at(state, data + (size - data) / 3, 31, CODEC_NONE);
	full_at(state, data + (size - data) / 2 + 77, 31, CODEC_NONE);
	full_at(state, size - 1, 31, CODEC_NONE);
	full_at(state, data + 1000, 30, CODEC_ZLIB);
}

static void test_disk_full_before_the_data(void **state)
{
	static const uint64_t ends[] = {
		0, 1, 463, 464, 4096, 4200, 8192, 12287, 16384, 20480, 24576,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		full_at(state, ends[i], 31, CODEC_NONE);
}

/* The error is about the first of several writes that fail. */
static void assert_first_failure_told(const struct memsink *s)
{
	char offset[40];

	snprintf(offset, sizeof(offset), " at offset %" PRIu64 " ", s->failed_off);
	if (!strstr(err_text(-ENOSPC), offset))
		fail_msg("\"%s\" is not about%s", err_text(-ENOSPC), offset);
}

/*
 * Not one byte more, at any moment: the descriptors too may be lost then, but
 * no page has wrong contents.
 */
static void test_no_more_room_at_all(void **state)
{
	struct dump_result res;
	struct memsink s;
	struct machine m;
	uint64_t size;

	open_core(&m, state, "mini");
	dump_ok(&m, &s, 31, CODEC_ZLIB, 1, &res);
	size = s.sink.written;
	memsink_deinit(&s);
	for (unsigned int i = 1; i < 12; i++) {
		unsigned int torn = 0;
		struct reading d;

		memsink_init(&s);
		s.budget = size * i / 12;
		assert_int_equal(dump(&m, &s, 31, CODEC_ZLIB, 2, &res), -ENOSPC);
		assert_first_failure_told(&s);
		assert_false(res.complete);
		if (!reading_init(&d, s.path)) {
			assert_true(d.vc->incomplete);
			/* Only where a descriptor was cut in the middle it is damaged. */
			for (pfn_t pfn = 0; pfn < d.vc->max_pfn; pfn++)
				torn += bitmap_test(&d.exists, pfn) &&
					is_damaged(page_error(&d, &m, pfn));
			assert_in_range(torn, 0, 1);
			reading_deinit(&d);
		}
		memsink_deinit(&s);
	}
	/* The very last bytes: everything is there but the word that it is complete. */
	memsink_init(&s);
	s.budget = size - 1;
	assert_int_equal(dump(&m, &s, 31, CODEC_ZLIB, 2, &res), -ENOSPC);
	assert_int_equal(res.copy.copied, res.copy.total);
	memsink_deinit(&s);
	machine_close(&m);
}

static void test_flush_fails(void **state)
{
	struct dump_result res;
	struct memsink s;
	struct machine m;
	struct reading d;

	open_core(&m, state, "mini");
	memsink_init(&s);
	s.sync_err = -EIO;
	assert_int_equal(dump(&m, &s, 31, CODEC_ZLIB, 2, &res), -EIO);
	assert_string_equal(err_text(-EIO), "the disk is on fire");
	assert_false(res.complete);
	assert_int_equal(reading_init(&d, s.path), 0);
	assert_true(d.vc->incomplete);
	reading_deinit(&d);
	memsink_deinit(&s);
	machine_close(&m);
}

/* A level that is not possible: all pages are saved, unless the caller has other plans. */
static void test_cannot_be_filtered(void **state)
{
	for (unsigned int how = 0; how < 3; how++) {
		struct erase_list list = { 0 };
		struct dump_result res;
		struct memsink s;
		struct sink *sink = &s.sink;
		struct machine m;
		struct dump_request req;

		open_core(&m, state, "no-root");
		memsink_init(&s);
		req = (struct dump_request){
			.kernel = m.k,
			.sinks = &sink,
			.nr_sinks = 1,
			.level = 31,
			.codec = CODEC_ZLIB,
			.nr_threads = 2,
			.erase = &list,
			.strict = how == 1,
			.stop_on_first_error = how == 2,
		};
		assert_int_equal(dump_write(&req, &res), how ? -ENOENT : 0);
		assert_int_equal(res.phase == DUMP_COPY, !how);
		if (how) {
			assert_non_null(strstr(err_text(-ENOENT), "SYMBOL(init_top_pgt)"));
			assert_int_equal(res.phase, DUMP_FILTER);
		} else {
			assert_int_equal(res.not_filtered, 30);
			assert_non_null(strstr(res.not_filtered_why, "SYMBOL(init_top_pgt)"));
			assert_non_null(memmem(list.text, list.text_size, "1 is used: ", 11));
			assert_whole(&m, &s, &res, 1);
		}
		erase_list_deinit(&list);
		memsink_deinit(&s);
		machine_close(&m);
	}
}

/* A dump of a dump: the same pages; what went before has no data now. */
static void test_filtered_again(void **state)
{
	struct dump_result res, again;
	struct memsink s, t, direct;
	struct machine m, n;
	uint8_t *a, *b;

	open_core(&m, state, "mini");
	dump_ok(&m, &direct, 31, CODEC_ZLIB, 1, &res);
	dump_ok(&m, &s, 16, CODEC_ZSTD, 1, &res);
	machine_close(&m);
	machine_open_path(&n, s.path);
	assert_int_equal(n.vc->dump_level, 16);
	dump_ok(&n, &t, 31, CODEC_ZLIB, 2, &again);
	assert_int_equal(again.filter.original, 6046);
	assert_int_equal(again.filter.missing, 1088 + 1 + 8);
	assert_int_equal(again.filter.pages[PAGE_OFFLINE], 0);
	assert_int_equal(again.filter.pages[PAGE_FREE], 0);
	assert_int_equal(again.filter.pages[PAGE_USER], 1072);
	machine_close(&n);
	/* The way does not show. */
	assert_int_equal(memsink_size(&t), memsink_size(&direct));
	a = contents(&t);
	b = contents(&direct);
	assert_memory_equal(a, b, memsink_size(&t));
	free(a);
	free(b);
	memsink_deinit(&s);
	memsink_deinit(&t);
	memsink_deinit(&direct);
}

/* An erased range; the first decides where several overlap. */
struct erasure {
	paddr_t start;
	uint64_t len;
	uint8_t fill;
};

static const struct erasure mini_erasures[] = {
	{ 0x8402ffe, 2, 'a' },	    /* the last bytes of a page */
	{ 0x8404000, 1, 'b' },	    /* the first one */
	{ 0x8405ff0, 0x20, 'c' },   /* over a boundary */
	{ 0x8407000, 0x1000, 'd' }, /* a page, */
	{ 0x8408000, 0x3000, 'd' }, /* and those after it */
	{ 0x840a800, 0x1000, 0 },   /* the rest of the last one has a fill */
	{ 0x840b900, 1, 'e' },	       { 0x840b902, 1, 'f' },
	{ 0x840d000, 0x2000, 0 },     /* nothing is left of these */
	{ 0x8600123, 1, 'g' },	      /* a page of zeros no more */
	{ 0x900000, 0x40000, 'h' },   /* free pages */
	{ 0x9eff0, 0x100, 'i' },      /* at the end of some memory, and after it */
	{ 0x4000000, 0x100000, 'j' }, /* where there is none */
	{ 0x10000000, 0x100000, 'k' }, { 0x8480000, 0x200000, 0 }, /* more than a batch */
};

static const struct erasure odd_erasures[] = {
	{ 0x1240, 8, 'a' },    /* a page that exists in part, */
	{ 0x1000, 0x10, 'b' }, /* and the part of it that does not */
	{ 0x5200, 0x10, 'c' }, /* where the bytes in the file end */
	{ 0x8000, 1, 'd' },    /* there are none of it there */
	{ 0xb010, 0x10, 'e' }, /* two segments */
	{ 0x20ff8, 8, 'f' },   { 0xa000, 0xff8, 0 },
	{ 0xaff8, 8, 0 }, /* nothing is left, twice over */
};

static const struct erasure big_erasures[] = {
	{ 0x1fffe, 4, 'a' },
	{ 0x30000, 0x30000, 0 },
	{ 0x4123456, 1, 'b' },
	{ 0x417fff, 2, 'c' },
};

static const struct {
	const char *core;
	const struct erasure *erasures;
	size_t nr;
} erased_cores[] = {
	{ "mini", mini_erasures, ARRAY_SIZE(mini_erasures) },
	{ "odd-64le", odd_erasures, ARRAY_SIZE(odd_erasures) },
	{ "odd-32be", odd_erasures, ARRAY_SIZE(odd_erasures) },
	{ "64k", big_erasures, ARRAY_SIZE(big_erasures) },
};

static void erase_list_of(struct erase_list *list, const struct erasure *e, size_t nr)
{
	erase_list_init(list);
	for (size_t i = 0; i < nr; i++)
		assert_int_equal(erase_list_add(list, e[i].start, e[i].len, e[i].fill), 0);
	erase_list_seal(list);
}

/* The page as it is to be. */
static void expect_page(struct machine *m, const struct erasure *e, size_t nr, pfn_t pfn,
			uint8_t *page)
{
	paddr_t start = pfn << m->vc->page_shift, end = start + m->vc->page_size;

	assert_int_equal(vmcore_read_page(m->r, pfn, page), 0);
	for (size_t i = nr; i--;) {
		paddr_t from = max_u64(e[i].start, start);
		paddr_t to = min_u64(e[i].start + e[i].len, end);

		if (from < to)
			memset(page + (from - start), e[i].fill, to - from);
	}
}

/* All pages of a dump have had everything overwritten. @return pages of zeros */
static uint64_t assert_erased(struct machine *m, const struct memsink *s, const struct erasure *e,
			      size_t nr)
{
	uint64_t zero = 0;
	struct reading d;

	if (reading_init(&d, s->path))
		fail_msg("%s", err_text(-EBADMSG));
	for (pfn_t pfn = 0; pfn < d.vc->max_pfn; pfn++) {
		pfn = bitmap_next_set(&d.has_data, pfn, d.has_data.nbits);
		if (pfn == d.has_data.nbits)
			break;
		assert_int_equal(vmcore_read_page(d.r, pfn, d.page), 0);
		expect_page(m, e, nr, pfn, d.want);
		if (memcmp(d.page, d.want, d.vc->page_size))
			fail_msg("page %#" PRIx64 " is not as it should be", pfn);
		zero += !d.want[0] && !memcmp(d.want, d.want + 1, d.vc->page_size - 1);
	}
	reading_deinit(&d);
	return zero;
}

static void erase_and_compare(void **state, size_t which, unsigned int level, enum codec_id codec)
{
	const struct erasure *e = erased_cores[which].erasures;
	size_t nr = erased_cores[which].nr;
	struct dump_result res;
	struct erase_list list;
	struct memsink s, t;
	struct machine m;
	uint64_t zero;
	uint8_t *want;

	erase_list_of(&list, e, nr);
	open_core(&m, state, erased_cores[which].core);
	memsink_init(&s);
	assert_int_equal(dump_erasing(&m, &list, &s, level, codec, 1, &res), 0);
	assert_true(res.complete);
	assert_int_equal(res.copy.lost, 0);
	zero = assert_erased(&m, &s, e, nr);
	assert_int_equal(res.copy.zero, level & 1 ? zero : 0);
	want = contents(&s);
	for (unsigned int n = 2; n <= 4; n++) {
		uint8_t *got;

		memsink_init(&t);
		assert_int_equal(dump_erasing(&m, &list, &t, level, codec, n, &res), 0);
		assert_int_equal(memsink_size(&t), memsink_size(&s));
		got = contents(&t);
		assert_memory_equal(got, want, memsink_size(&s));
		free(got);
		memsink_deinit(&t);
	}
	free(want);
	memsink_deinit(&s);
	machine_close(&m);
	erase_list_deinit(&list);
}

static void test_erased(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(erased_cores); i++) {
		erase_and_compare(state, i, 0, CODEC_NONE);
		erase_and_compare(state, i, 1, CODEC_ZLIB);
	}
	erase_and_compare(state, 0, 31, CODEC_NONE);
}

static bool file_has(const struct memsink *s, const char *what)
{
	uint8_t *bytes = contents(s);
	bool has = memmem(bytes, memsink_size(s), what, strlen(what));

	free(bytes);
	return has;
}

/* Not a byte of it is left anywhere in the file, whatever the input. */
static void test_nothing_is_left(void **state)
{
	static const struct erasure secret[] = {
		{ 0x8500000, 0x80000, 'x' },
		{ 0x8700000, 0x1000, 'y' },
	};
	struct dump_result res;
	struct erase_list list;
	struct memsink s, t;
	struct machine m, n;

	erase_list_of(&list, secret, ARRAY_SIZE(secret));
	open_core(&m, state, "secret");
	dump_ok(&m, &s, 0, CODEC_NONE, 2, &res);
	assert_true(file_has(&s, "HIDDEN"));
	memsink_init(&t);
	assert_int_equal(dump_erasing(&m, &list, &t, 0, CODEC_NONE, 2, &res), 0);
	assert_false(file_has(&t, "HIDDEN"));
	assert_false(file_has(&t, "HID"));
	assert_true(file_has(&t, "xxxxxx"));
	memsink_deinit(&t);
	machine_close(&m);
	/* The same of a dump that was not erased. */
	machine_open_path(&n, s.path);
	memsink_init(&t);
	assert_int_equal(dump_erasing(&n, &list, &t, 31, CODEC_NONE, 2, &res), 0);
	assert_false(file_has(&t, "HIDDEN"));
	assert_erased(&n, &t, secret, ARRAY_SIZE(secret));
	memsink_deinit(&t);
	machine_close(&n);
	memsink_deinit(&s);
	erase_list_deinit(&list);
}

/* Pages that erasing makes zeros take no room; zero pages that it changes take some. */
static void test_erased_to_zeros(void **state)
{
	static const struct erasure changes[] = {
		{ 0x8500000, 0x2000, 0 },
		{ 0x8700000, 0xfff, 0 },
		{ 0x8701fff, 1, 1 },
	};
	struct dump_result plain, res;
	struct erase_list list;
	struct memsink s, t;
	struct machine m;

	erase_list_of(&list, changes, ARRAY_SIZE(changes));
	open_core(&m, state, "secret");
	dump_ok(&m, &s, 31, CODEC_NONE, 2, &plain);
	memsink_init(&t);
	assert_int_equal(dump_erasing(&m, &list, &t, 31, CODEC_NONE, 2, &res), 0);
	assert_int_equal(res.copy.copied, plain.copy.copied);
	assert_int_equal(res.copy.zero, plain.copy.zero + 2 - 1);
	assert_int_equal(res.filter.pages[PAGE_ZERO], res.copy.zero);
	assert_int_equal(memsink_size(&t) - memsink_size(&s),
			 4096 * (data_pages(&res) - data_pages(&plain)));
	assert_erased(&m, &t, changes, ARRAY_SIZE(changes));
	memsink_deinit(&t);
	/* Without bit 1 of the level there are no such pages. */
	memsink_init(&t);
	assert_int_equal(dump_erasing(&m, &list, &t, 30, CODEC_NONE, 2, &res), 0);
	assert_int_equal(res.copy.zero, 0);
	assert_erased(&m, &t, changes, ARRAY_SIZE(changes));
	memsink_deinit(&t);
	memsink_deinit(&s);
	machine_close(&m);
	erase_list_deinit(&list);
}

static void assert_eraseinfo(const struct vmcore *vc, const char *want)
{
	assert_int_equal(vc->eraseinfo_size, strlen(want));
	assert_memory_equal(vc->eraseinfo, want, strlen(want));
}

/* Each dump of a dump adds its own erasures, and lines to ERASEINFO. */
static void test_erased_again(void **state)
{
	static const struct erasure both[] = {
		{ 0x8500800, 0x1000, 'x' },
		{ 0x8501000, 0x2000, 'y' },
	};
	struct machine m, first, second;
	struct dump_result res;
	struct erase_list list;
	struct memsink s, t, u;

	open_core(&m, state, "secret");
	memsink_init(&s);
	erase_list_of(&list, both, 1);
	assert_int_equal(erase_list_note(&list, "one"), 0);
	assert_int_equal(dump_erasing(&m, &list, &s, 0, CODEC_ZLIB, 1, &res), 0);
	erase_list_deinit(&list);
	machine_close(&m);

	machine_open_path(&first, s.path);
	assert_eraseinfo(first.vc, "one\n");
	memsink_init(&t);
	erase_list_of(&list, both + 1, 1);
	assert_int_equal(erase_list_note(&list, "two"), 0);
	assert_int_equal(dump_erasing(&first, &list, &t, 0, CODEC_ZLIB, 2, &res), 0);
	erase_list_deinit(&list);
	machine_close(&first);

	machine_open_path(&second, t.path);
	assert_eraseinfo(second.vc, "one\ntwo\n");
	dump_ok(&second, &u, 31, CODEC_ZLIB, 2, &res);
	machine_close(&second);
	machine_open_path(&second, u.path);
	assert_eraseinfo(second.vc, "one\ntwo\n");
	machine_close(&second);

	open_core(&m, state, "secret");
	/* The second time it was over what the first one had left. */
	assert_erased(&m, &u, (const struct erasure[]){ both[1], both[0] }, 2);
	machine_close(&m);
	memsink_deinit(&s);
	memsink_deinit(&t);
	memsink_deinit(&u);
}

/*
 * The disk is full, and another attempt is made: both are erased. Of the first one it is
 * said, too, if there is room.
 */
static void test_erased_in_every_attempt(void **state)
{
	static const struct erasure secret[] = {
		{ 0x8500000, 0x80000, 'x' },
		{ 0x8700000, 0x1000, 0 },
	};
	struct dump_result res;
	struct erase_list list;
	struct memsink s, t;
	struct reading d;
	struct machine m;
	uint64_t size;

	erase_list_of(&list, secret, ARRAY_SIZE(secret));
	assert_int_equal(erase_list_note(&list, "all of it"), 0);
	open_core(&m, state, "secret");
	dump_ok(&m, &s, 30, CODEC_NONE, 2, &res);
	size = memsink_size(&s);
	memsink_deinit(&s);
	memsink_init(&s);
	s.end = size - 5000;
	assert_int_equal(dump_erasing(&m, &list, &s, 30, CODEC_NONE, 2, &res), -ENOSPC);
	assert_int_equal(res.phase, DUMP_COPY);
	assert_false(file_has(&s, "HIDDEN"));
	assert_int_equal(reading_init(&d, s.path), 0);
	assert_true(d.vc->incomplete);
	assert_eraseinfo(d.vc, "all of it\n");
	reading_deinit(&d);

	memsink_init(&t);
	assert_int_equal(dump_erasing(&m, &list, &t, 31, CODEC_NONE, 2, &res), 0);
	assert_false(file_has(&t, "HIDDEN"));
	assert_erased(&m, &t, secret, ARRAY_SIZE(secret));
	memsink_deinit(&s);
	memsink_deinit(&t);
	machine_close(&m);
	erase_list_deinit(&list);
}

/* A page that cannot be read is lost, be it erased or not. */
static void test_lost_and_erased(void **state)
{
	static const struct erasure all = { 0, 0x10000000, 'x' };
	struct dump_result plain, res;
	struct erase_list list;
	struct memsink s;
	struct machine m;

	erase_list_of(&list, &all, 1);
	open_core(&m, state, "cut");
	dump_ok(&m, &s, 0, CODEC_NONE, 1, &plain);
	memsink_deinit(&s);
	memsink_init(&s);
	assert_int_equal(dump_erasing(&m, &list, &s, 0, CODEC_NONE, 1, &res), 0);
	assert_int_equal(res.copy.lost, plain.copy.lost);
	assert_int_equal(res.filter.missing, plain.filter.missing);
	assert_string_equal(res.copy.lost_why, plain.copy.lost_why);
	assert_false(res.complete);
	memsink_deinit(&s);
	machine_close(&m);
	erase_list_deinit(&list);
}

static void test_memory_per_thread(void **state)
{
	(void)state;
	for (uint32_t page_size = 4096; page_size <= 256 << 10; page_size *= 2) {
		assert_true(copy_thread_bytes(page_size) >= page_size);
		assert_true(copy_thread_bytes(page_size) <= 8 << 20);
	}
	/* No page is too large for a batch. */
	assert_true(copy_thread_bytes(1 << 20) >= 1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_machines_of_all_kinds),
		cmocka_unit_test(test_any_number_of_threads),
		cmocka_unit_test(test_codec_is_chosen),
		cmocka_unit_test(test_flush_of_the_trial_fails),
		cmocka_unit_test(test_zero_pages),
		cmocka_unit_test(test_lost_pages),
		cmocka_unit_test(test_input_cut_short),
		cmocka_unit_test(test_disk_full_in_the_data),
		cmocka_unit_test(test_disk_full_before_the_data),
		cmocka_unit_test(test_no_more_room_at_all),
		cmocka_unit_test(test_flush_fails),
		cmocka_unit_test(test_cannot_be_filtered),
		cmocka_unit_test(test_filtered_again),
		cmocka_unit_test(test_erased),
		cmocka_unit_test(test_nothing_is_left),
		cmocka_unit_test(test_erased_to_zeros),
		cmocka_unit_test(test_erased_again),
		cmocka_unit_test(test_erased_in_every_attempt),
		cmocka_unit_test(test_lost_and_erased),
		cmocka_unit_test(test_memory_per_thread),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
