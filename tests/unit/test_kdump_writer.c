// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The layout of the files that the kdump-compressed writer makes. The tests compare the file
 * byte by byte, at the offsets that its other readers use.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/types.h"
#include "output/writer.h"
#include "tests/unit/memsink.h"
#include "tests/unit/minicore.h"

#define PAGE 4096
#define HEADER 464
#define SUB_HEADER 104
#define STATUS_OFFSET 424
#define INCOMPLETE 8

static const struct core_text texts[] = {
	{ "mini", "" },
	{ "erased", "note ERASEINFO 0 'erase jiffies size 8\\nerase modules nullify\\n'\n" },
	{ "no-newline", "note ERASEINFO 0 'erase jiffies size 8'\n" },
	{ "many-notes", "prstatus 30\n" },
	{ "no-notes", "ptnotes none\n" },
};

static int setup(void **state)
{
	struct cores *c = malloc(sizeof(*c));

	*state = c;
	return c ? cores_make(c, "mini-x86_64.txt", NULL, texts, ARRAY_SIZE(texts)) : -1;
}

static int teardown(void **state)
{
	int err = cores_remove(*state);

	free(*state);
	return err;
}

/* A writer into memory. */
struct writing {
	struct machine m;
	struct memsink sink;
	struct dump_source source;
	struct bitmap exists, dumpable;
	struct writer *w;
	uint64_t next;	/* index of the page that is put next */
};

static void writing_init(struct writing *g, void **state, const char *core, unsigned int level,
			 enum codec_id codec)
{
	memset(g, 0, sizeof(*g));
	machine_open(&g->m, *state, core);
	memsink_init(&g->sink);
	g->source = (struct dump_source){
		.kernel = g->m.k, .vc = g->m.vc, .level = level, .codec = codec,
	};
	kernel_utsname(g->m.k, g->m.r, NULL, &g->source.utsname);
	assert_int_equal(bitmap_init(&g->exists, g->m.vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(g->m.vc, VMCORE_PRESENT, &g->exists), 0);
	assert_int_equal(bitmap_init(&g->dumpable, g->m.vc->max_pfn), 0);
	assert_int_equal(kdump_writer_create(&g->w, &g->source, &g->sink.sink), 0);
	assert_int_equal(writer_begin(g->w, &g->exists), 0);
}

static void writing_deinit(struct writing *g)
{
	writer_destroy(g->w);
	bitmap_deinit(&g->exists);
	bitmap_deinit(&g->dumpable);
	memsink_deinit(&g->sink);
	machine_close(&g->m);
}

static uint64_t u64_at(const struct writing *g, uint64_t off)
{
	uint8_t raw[8];

	memsink_read(&g->sink, off, raw, sizeof(raw));
	return load_u64(raw, HOST_BIG_ENDIAN);
}

static uint32_t u32_at(const struct writing *g, uint64_t off)
{
	uint8_t raw[4];

	memsink_read(&g->sink, off, raw, sizeof(raw));
	return load_u32(raw, HOST_BIG_ENDIAN);
}

static void assert_text_at(const struct writing *g, uint64_t off, const char *text)
{
	char buf[128];

	assert_true(strlen(text) < sizeof(buf));
	memsink_read(&g->sink, off, buf, strlen(text) + 1);
	assert_string_equal(buf, text);
}

static void assert_zero_at(const struct writing *g, uint64_t off, size_t len)
{
	uint8_t *buf = malloc(len), *zeros = calloc(1, len);

	assert_true(buf && zeros);
	memsink_read(&g->sink, off, buf, len);
	assert_memory_equal(buf, zeros, len);
	free(buf);
	free(zeros);
}

/* While pages are filtered, a lower level can turn out to be what is possible. */
static void test_level(void **state)
{
	struct writing g;

	writing_init(&g, state, "mini", 31, CODEC_ZLIB);
	g.source.level = 1;
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	assert_int_equal(writer_finish(g.w, true), 0);
	assert_int_equal(u32_at(&g, PAGE + 8), 1);
	writing_deinit(&g);
}

static void test_header(void **state)
{
	struct writing g;

	writing_init(&g, state, "mini", 31, CODEC_ZLIB);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	assert_int_equal(writer_finish(g.w, true), 0);
	assert_text_at(&g, 0, "KDUMP   \6");
	assert_int_equal(u32_at(&g, 8), 6);
	assert_text_at(&g, 12, "Linux");
	assert_text_at(&g, 12 + 65, "mini");
	assert_text_at(&g, 12 + 2 * 65, "6.12.0-mini");
	assert_text_at(&g, 12 + 3 * 65, "#1 SMP PREEMPT_DYNAMIC");
	assert_text_at(&g, 12 + 4 * 65, "x86_64");
	assert_text_at(&g, 12 + 5 * 65, "(none)");
	assert_int_equal(u64_at(&g, 408), 1795355278);
	assert_int_equal(u64_at(&g, 416), 0);
	assert_int_equal(u32_at(&g, STATUS_OFFSET), 1);
	assert_int_equal(u32_at(&g, 428), PAGE);
	assert_int_equal(u32_at(&g, 432), (SUB_HEADER + g.m.vc->notes_size + PAGE - 1) / PAGE);
	assert_int_equal(u32_at(&g, 436), 4);
	assert_int_equal(u32_at(&g, 440), 0x8800);
	assert_zero_at(&g, 444, 16);
	assert_int_equal(u32_at(&g, 460), 2);
	assert_zero_at(&g, HEADER, PAGE - HEADER);
	writing_deinit(&g);
}

static void test_sub_header_and_notes(void **state)
{
	struct writing g;
	uint64_t off;
	char *notes;

	writing_init(&g, state, "mini", 23, CODEC_NONE);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	assert_int_equal(u64_at(&g, PAGE), g.m.k->arch.phys_base);
	assert_int_equal(u32_at(&g, PAGE + 8), 23);
	assert_int_equal(u32_at(&g, PAGE + 12), 0);
	assert_int_equal(u64_at(&g, PAGE + 48), PAGE + SUB_HEADER);
	assert_int_equal(u64_at(&g, PAGE + 56), g.m.vc->notes_size);
	notes = malloc(g.m.vc->notes_size);
	assert_non_null(notes);
	memsink_read(&g.sink, PAGE + SUB_HEADER, notes, g.m.vc->notes_size);
	assert_memory_equal(notes, g.m.vc->notes, g.m.vc->notes_size);
	/* VMCOREINFO is the description of one of the notes. */
	off = u64_at(&g, PAGE + 32);
	assert_int_equal(u64_at(&g, PAGE + 40), g.m.vc->vmcoreinfo_size);
	assert_true(off > PAGE + SUB_HEADER);
	assert_memory_equal(notes + off - PAGE - SUB_HEADER, "OSRELEASE=6.12.0-mini\n", 22);
	free(notes);
	assert_zero_at(&g, PAGE + 64, 16);
	assert_int_equal(u64_at(&g, PAGE + 96), 0x8800);
	assert_int_equal(u32_at(&g, STATUS_OFFSET), INCOMPLETE);
	writing_deinit(&g);
}

static void test_notes_of_any_size(void **state)
{
	struct writing g;

	writing_init(&g, state, "many-notes", 0, CODEC_NONE);
	assert_true(g.m.vc->notes_size > 3 * PAGE);
	assert_int_equal(u32_at(&g, 432), (SUB_HEADER + g.m.vc->notes_size + PAGE - 1) / PAGE);
	assert_int_equal(u32_at(&g, 460), 32);
	writing_deinit(&g);

	writing_init(&g, state, "no-notes", 0, CODEC_NONE);
	assert_int_equal(u32_at(&g, 432), 1);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	assert_zero_at(&g, PAGE + 32, 32);
	assert_int_equal(u32_at(&g, 460), 0);
	writing_deinit(&g);
}

static uint64_t first_bitmap(const struct writing *g)
{
	return (1 + u32_at(g, 432)) * (uint64_t)PAGE;
}

static uint64_t descriptors(const struct writing *g)
{
	return first_bitmap(g) + u32_at(g, 436) * (uint64_t)PAGE;
}

static void assert_bitmap_at(const struct writing *g, uint64_t off, const struct bitmap *b)
{
	uint64_t bytes = u32_at(g, 436) / 2 * (uint64_t)PAGE;
	uint8_t *got = malloc(bytes);

	assert_non_null(got);
	memsink_read(&g->sink, off, got, bytes);
	for (uint64_t i = 0; i < bytes * 8; i++)
		assert_int_equal(got[i / 8] >> i % 8 & 1, i < b->nbits && bitmap_test(b, i));
	free(got);
}

static void test_bitmaps(void **state)
{
	struct writing g;

	writing_init(&g, state, "mini", 0, CODEC_NONE);
	bitmap_set_range(&g.dumpable, 0x105, 0x333);
	bitmap_set_range(&g.dumpable, 0x87ff, 0x8800);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	assert_bitmap_at(&g, first_bitmap(&g), &g.exists);
	assert_bitmap_at(&g, first_bitmap(&g) + 2 * PAGE, &g.dumpable);
	writing_deinit(&g);
}

/* A batch of pages that are made up. */
static void put(struct writing *g, struct page_out *pages, unsigned int n, char fill)
{
	struct page_run run = { g->next, g->next + n, g->next };
	struct page_batch b = { .runs = &run, .nr_runs = 1, .nr_pages = n, .pages = pages };

	g->next += n;
	for (unsigned int i = 0; i < n; i++)
		b.data_len += pages[i].size;
	b.data = malloc(b.data_len + 1);
	assert_non_null(b.data);
	memset(b.data, fill, b.data_len);
	assert_int_equal(writer_put(g->w, &b), 0);
	free(b.data);
}

struct desc {
	uint64_t offset, size, flags;
};

static void assert_desc(const struct writing *g, unsigned int i, struct desc want)
{
	uint64_t at = descriptors(g) + 24 * (uint64_t)i;

	assert_int_equal(u64_at(g, at), want.offset);
	assert_int_equal(u32_at(g, at + 8), want.size);
	assert_int_equal(u32_at(g, at + 12), want.flags);
	assert_int_equal(u64_at(g, at + 16), 0);
}

static void test_descriptors(void **state)
{
	static const struct { enum codec_id codec; uint32_t flags; } codecs[] = {
		{ CODEC_ZLIB, 1 }, { CODEC_LZO, 2 }, { CODEC_SNAPPY, 4 }, { CODEC_ZSTD, 0x20 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		struct page_out first[] = {
			{ OUT_RAW, PAGE, 0 }, { OUT_COMPRESSED, 100, 0 }, { OUT_ZERO, 0, 0 },
			{ OUT_UNREADABLE, 0, 0 }, { OUT_COMPRESSED, 4095, 0 },
		};
		struct page_out second[] = { { OUT_ZERO, 0, 0 }, { OUT_RAW, PAGE, 0 } };
		struct writing g;
		uint64_t data;
		char edge[2];

		writing_init(&g, state, "mini", 1, codecs[i].codec);
		bitmap_set_range(&g.dumpable, 0x200, 0x207);
		assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
		put(&g, first, 5, 'x');
		put(&g, second, 2, 'y');
		assert_int_equal(writer_finish(g.w, true), 0);
		data = descriptors(&g) + 7 * 24;
		/* The page that all zeros share comes first. */
		assert_zero_at(&g, data, PAGE);
		assert_desc(&g, 0, (struct desc){ data + PAGE, PAGE, 0 });
		assert_desc(&g, 1, (struct desc){ data + 2 * PAGE, 100, codecs[i].flags });
		assert_desc(&g, 2, (struct desc){ data, PAGE, 0 });
		assert_desc(&g, 3, (struct desc){ 0, 0, 0 });
		assert_desc(&g, 4, (struct desc){ data + 2 * PAGE + 100, 4095, codecs[i].flags });
		assert_desc(&g, 5, (struct desc){ data, PAGE, 0 });
		assert_desc(&g, 6, (struct desc){ data + 2 * PAGE + 4195, PAGE, 0 });
		memsink_read(&g.sink, data + 2 * PAGE + 4194, edge, sizeof(edge));
		assert_memory_equal(edge, "xy", 2);
		assert_int_equal(memsink_size(&g.sink), data + 3 * PAGE + 4195);
		assert_int_equal(u32_at(&g, STATUS_OFFSET), codecs[i].flags);
		writing_deinit(&g);
	}
}

/* Without bit 1 of the level there is no such page. */
static void test_no_page_of_zeros(void **state)
{
	struct page_out pages[] = { { OUT_RAW, PAGE, 0 } };
	struct writing g;

	writing_init(&g, state, "mini", 30, CODEC_NONE);
	bitmap_set_range(&g.dumpable, 0x200, 0x201);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	put(&g, pages, 1, 'z');
	assert_int_equal(writer_finish(g.w, true), 0);
	assert_desc(&g, 0, (struct desc){ descriptors(&g) + 24, PAGE, 0 });
	assert_int_equal(memsink_size(&g.sink), descriptors(&g) + 24 + PAGE);
	writing_deinit(&g);
}

static void test_many_descriptors(void **state)
{
	struct page_out pages[100];
	struct writing g;
	uint64_t data;

	writing_init(&g, state, "mini", 1, CODEC_ZLIB);
	for (unsigned int i = 0; i < 100; i++)
		pages[i] = (struct page_out){ OUT_COMPRESSED, i, 0 };
	bitmap_set_range(&g.dumpable, 0x400, 0x400 + 15000);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	for (unsigned int i = 0; i < 150; i++)
		put(&g, pages, 100, 'x');
	assert_int_equal(writer_finish(g.w, true), 0);
	data = descriptors(&g) + 15000 * 24 + PAGE;
	for (unsigned int i = 0; i < 15000; i++) {
		assert_desc(&g, i, (struct desc){ data, i % 100, 1 });
		data += i % 100;
	}
	writing_deinit(&g);
}

/* It is complete last of all, when everything else is on the disk. */
static void test_order_of_the_end(void **state)
{
	struct page_out pages[] = { { OUT_RAW, PAGE, 0 } };
	struct writing g;

	writing_init(&g, state, "mini", 0, CODEC_NONE);
	bitmap_set_range(&g.dumpable, 0x200, 0x201);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	put(&g, pages, 1, 'x');
	assert_int_equal(u32_at(&g, STATUS_OFFSET), INCOMPLETE);
	assert_int_equal(writer_finish(g.w, true), 0);
	assert_int_equal(memsink_event(&g.sink, 0)->call, MEMSINK_FINISH);
	assert_int_equal(memsink_event(&g.sink, 1)->call, MEMSINK_WRITE);
	assert_int_equal(memsink_event(&g.sink, 1)->off, 0);
	assert_int_equal(memsink_event(&g.sink, 2)->call, MEMSINK_SYNC);
	assert_int_equal(memsink_event(&g.sink, 3)->call, MEMSINK_WRITE);
	assert_int_equal(u32_at(&g, STATUS_OFFSET), 0);
	writing_deinit(&g);
}

static void test_flush_fails(void **state)
{
	struct writing g;

	writing_init(&g, state, "mini", 0, CODEC_ZSTD);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	g.sink.sync_err = -EIO;
	assert_int_equal(writer_finish(g.w, true), -EIO);
	assert_string_equal(err_text(-EIO), "the disk is on fire");
	g.sink.sync_err = 0;
	assert_int_equal(writer_abort(g.w), 0);
	assert_int_equal(u32_at(&g, STATUS_OFFSET), INCOMPLETE | 0x20);
	writing_deinit(&g);
}

/* Even the last flush may fail: by then the header says that the dump is complete. */
static void test_last_flush_fails(void **state)
{
	struct writing g;

	writing_init(&g, state, "mini", 0, CODEC_ZSTD);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	g.sink.finish_err = -EIO;
	assert_int_equal(writer_finish(g.w, true), -EIO);
	assert_int_equal(writer_abort(g.w), 0);
	assert_int_equal(u32_at(&g, STATUS_OFFSET), INCOMPLETE | 0x20);
	writing_deinit(&g);
}

/* Count the writes to bytes of [off, off + len). */
static unsigned int writes_to(const struct writing *g, uint64_t off, uint64_t len)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < g->sink.nr_events; i++) {
		const struct memsink_event *e = &g->sink.events[i];

		n += e->call == MEMSINK_WRITE && e->off < off + len && e->off + e->len > off;
	}
	return n;
}

/* A writer into a sink that takes each byte once, for an input that may be incomplete. */
static void once_init(struct writing *g, void **state, const char *core, bool incomplete)
{
	writing_init(g, state, core, 0, CODEC_NONE);
	writer_destroy(g->w);
	memsink_deinit(&g->sink);
	memsink_init(&g->sink);
	g->sink.sink.once = true;
	g->m.vc->incomplete = incomplete;
	assert_int_equal(kdump_writer_create(&g->w, &g->source, &g->sink.sink), 0);
	assert_int_equal(writer_begin(g->w, &g->exists), 0);
	bitmap_set_range(&g->dumpable, 0x200, 0x201);
	assert_int_equal(writer_set_pages(g->w, &g->dumpable), 0);
	assert_int_equal(u32_at(g, STATUS_OFFSET), incomplete ? INCOMPLETE : 0);
}

/* A writer whose codec is to be chosen, with its pages set. */
static void late_init(struct writing *g, void **state, bool once, unsigned int nr_pages)
{
	writing_init(g, state, "mini", 0, CODEC_NONE);
	writer_destroy(g->w);
	memsink_deinit(&g->sink);
	memsink_init(&g->sink);
	g->sink.sink.once = once;
	g->source.choose_codec = true;
	assert_int_equal(kdump_writer_create(&g->w, &g->source, &g->sink.sink), 0);
	assert_int_equal(writer_begin(g->w, &g->exists), 0);
	bitmap_set_range(&g->dumpable, 0x200, 0x200 + nr_pages);
	assert_int_equal(writer_set_pages(g->w, &g->dumpable), 0);
}

static void test_once(void **state)
{
	static const struct { const char *core; bool complete, abort; } cases[] = {
		{ "mini", true, false }, { "erased", true, false }, { "erased", false, false },
		{ "mini", false, true }, { "erased", false, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct page_out pages[] = { { OUT_RAW, PAGE, 0 } };
		struct writing g;

		once_init(&g, state, cases[i].core, false);
		put(&g, pages, 1, 'x');
		assert_int_equal(cases[i].abort ? writer_abort(g.w) :
				 writer_finish(g.w, cases[i].complete), 0);
		/* Only the header, and only to say that the dump is incomplete. */
		assert_int_equal(writes_to(&g, 0, HEADER), cases[i].complete ? 1 : 2);
		assert_int_equal(u32_at(&g, STATUS_OFFSET), cases[i].complete ? 0 : INCOMPLETE);
		assert_int_equal(writes_to(&g, PAGE + 63, 1), 1);
		assert_int_equal(writes_to(&g, PAGE + 64, 16), 1);
		assert_int_equal(writes_to(&g, PAGE + 80, 1), 1);
		assert_int_equal(u64_at(&g, PAGE + 72), g.m.vc->eraseinfo_size);
		assert_int_equal(u64_at(&g, PAGE + 96), 0x8800);
		writing_deinit(&g);
	}
}

static void test_once_of_an_incomplete_input(void **state)
{
	struct page_out pages[] = { { OUT_RAW, PAGE, 0 } };
	struct writing g;

	once_init(&g, state, "mini", true);
	put(&g, pages, 1, 'x');
	assert_int_equal(writer_finish(g.w, false), 0);
	assert_int_equal(u32_at(&g, STATUS_OFFSET), INCOMPLETE);
	writing_deinit(&g);
}

/* The codec is chosen when there are pages already: of a file, and of a stream. */
static void test_codec_chosen_late(void **state)
{
	for (int once = 0; once < 2; once++) {
		struct page_out first[] = { { OUT_RAW, PAGE, 0 } };
		struct page_out second[] = { { OUT_COMPRESSED, 100, 0 }, { OUT_RAW, PAGE, 0 } };
		struct writing g;
		uint64_t data;

		late_init(&g, state, once, 3);
		/* A stream has its headers once. */
		assert_int_equal(writes_to(&g, 0, HEADER), !once);
		assert_int_equal(writes_to(&g, PAGE, SUB_HEADER), !once);
		put(&g, first, 1, 'x');
		assert_int_equal(writer_set_codec(g.w, CODEC_LZO), 0);
		put(&g, second, 2, 'y');
		assert_int_equal(u32_at(&g, STATUS_OFFSET), once ? 2 : INCOMPLETE | 2);
		assert_int_equal(writer_finish(g.w, true), 0);
		data = descriptors(&g) + 3 * 24;
		assert_desc(&g, 0, (struct desc){ data, PAGE, 0 });
		assert_desc(&g, 1, (struct desc){ data + PAGE, 100, 2 });
		assert_desc(&g, 2, (struct desc){ data + PAGE + 100, PAGE, 0 });
		assert_int_equal(u32_at(&g, STATUS_OFFSET), 2);
		assert_int_equal(writes_to(&g, 0, HEADER), once ? 1 : 3);
		assert_int_equal(writes_to(&g, PAGE, 8), 1);
		assert_int_equal(u64_at(&g, PAGE + 96), 0x8800);
		writing_deinit(&g);
	}
}

/* A stream that ends before has its headers at the end. */
static void test_codec_never_chosen(void **state)
{
	for (int complete = 0; complete < 2; complete++) {
		struct page_out pages[] = { { OUT_RAW, PAGE, 0 } };
		struct writing g;

		late_init(&g, state, true, 1);
		put(&g, pages, 1, 'x');
		assert_int_equal(writes_to(&g, 0, HEADER), 0);
		assert_int_equal(complete ? writer_finish(g.w, true) : writer_abort(g.w), 0);
		assert_int_equal(writes_to(&g, 0, HEADER), 1);
		assert_int_equal(writes_to(&g, PAGE, 8), 1);
		assert_int_equal(u32_at(&g, STATUS_OFFSET), complete ? 0 : INCOMPLETE);
		assert_int_equal(u64_at(&g, PAGE + 96), 0x8800);
		writing_deinit(&g);
	}
}

/* Beyond 16 TiB a pfn has more than 32 bits: the old fields cannot hold it. */
static void test_part_beyond_32_bits(void **state)
{
	const pfn_t start = (UINT64_C(1) << 32) + 64, end = start + 128;
	struct page_out pages[] = { { OUT_RAW, PAGE, 0 } };
	struct bitmap far;
	struct writing g;

	writing_init(&g, state, "mini", 0, CODEC_NONE);
	assert_int_equal(bitmap_init(&far, end), 0);
	bitmap_set_range(&far, 0x200, 0x300);
	bitmap_set_range(&far, start + 5, start + 6);
	writer_destroy(g.w);
	assert_int_equal(kdump_writer_create(&g.w, &g.source, &g.sink.sink), 0);
	assert_int_equal(writer_begin(g.w, &far), 0);
	kdump_writer_set_part(g.w, start, end);
	assert_int_equal(writer_set_pages(g.w, &far), 0);
	put(&g, pages, 1, 'x');
	assert_int_equal(writer_finish(g.w, true), 0);
	assert_int_equal(u32_at(&g, 440), UINT32_MAX);
	assert_int_equal(u32_at(&g, PAGE + 12), 1);
	assert_int_equal(u64_at(&g, PAGE + 16), UINT32_MAX);
	assert_int_equal(u64_at(&g, PAGE + 24), UINT32_MAX);
	assert_int_equal(u64_at(&g, PAGE + 80), start);
	assert_int_equal(u64_at(&g, PAGE + 88), end);
	assert_int_equal(u64_at(&g, PAGE + 96), end);
	/* It has room for the descriptors of all pages, and its own is the first. */
	assert_desc(&g, 0, (struct desc){ descriptors(&g) + 257 * 24, PAGE, 0 });
	bitmap_deinit(&far);
	writing_deinit(&g);
}

static void test_incomplete(void **state)
{
	struct page_out pages[] = { { OUT_RAW, PAGE, 0 } };
	struct writing g;

	writing_init(&g, state, "mini", 0, CODEC_LZO);
	bitmap_set_range(&g.dumpable, 0x200, 0x202);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	put(&g, pages, 1, 'x');
	assert_int_equal(writer_finish(g.w, false), 0);
	assert_int_equal(u32_at(&g, STATUS_OFFSET), INCOMPLETE | 2);
	assert_desc(&g, 0, (struct desc){ descriptors(&g) + 48, PAGE, 0 });
	assert_int_equal(memsink_event(&g.sink, 0)->call, MEMSINK_FINISH);
	writing_deinit(&g);

	writing_init(&g, state, "mini", 0, CODEC_LZO);
	bitmap_set_range(&g.dumpable, 0x200, 0x202);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	put(&g, pages, 1, 'x');
	assert_int_equal(writer_abort(g.w), 0);
	assert_int_equal(u32_at(&g, STATUS_OFFSET), INCOMPLETE | 2);
	assert_desc(&g, 0, (struct desc){ descriptors(&g) + 48, PAGE, 0 });
	/* Nothing says that the stream came to its end. */
	assert_int_equal(memsink_event(&g.sink, 0)->call, MEMSINK_SYNC);
	writing_deinit(&g);
}

/* The space of the descriptors is asked for before any data is written. */
static void test_descriptors_after_the_data(void **state)
{
	struct page_out pages[] = { { OUT_RAW, PAGE, 0 } };
	struct writing g;
	struct page_run run = { 0x201, 0x202, 1 };
	struct page_batch b = { .runs = &run, .nr_runs = 1, .nr_pages = 1, .pages = pages };
	uint8_t data[PAGE] = { 1 };

	writing_init(&g, state, "mini", 0, CODEC_NONE);
	bitmap_set_range(&g.dumpable, 0x200, 0x202);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	put(&g, pages, 1, 'x');
	g.sink.end = descriptors(&g) + 48 + PAGE + 100;
	b.data = data;
	b.data_len = PAGE;
	assert_int_equal(writer_put(g.w, &b), -ENOSPC);
	/* Other data go where these would have been. */
	assert_int_equal(g.w->ops->data_offset(g.w), descriptors(&g) + 48 + PAGE);
	assert_int_equal(writer_abort(g.w), 0);
	/* The page that is there has a descriptor, the other one has none. */
	assert_desc(&g, 0, (struct desc){ descriptors(&g) + 48, PAGE, 0 });
	assert_desc(&g, 1, (struct desc){ 0, 0, 0 });
	writing_deinit(&g);
}

static void test_eraseinfo(void **state)
{
	static const char text[] = "erase jiffies size 8\nerase modules nullify\n";
	struct page_out pages[] = { { OUT_RAW, PAGE, 0 } };
	char got[sizeof(text) - 1];
	struct writing g;

	writing_init(&g, state, "erased", 0, CODEC_NONE);
	assert_int_equal(g.m.vc->eraseinfo_size, strlen(text));
	bitmap_set_range(&g.dumpable, 0x200, 0x201);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	put(&g, pages, 1, 'x');
	assert_int_equal(writer_finish(g.w, true), 0);
	assert_int_equal(u64_at(&g, PAGE + 64), descriptors(&g) + 24 + PAGE);
	assert_int_equal(u64_at(&g, PAGE + 72), strlen(text));
	memsink_read(&g.sink, descriptors(&g) + 24 + PAGE, got, sizeof(got));
	assert_memory_equal(got, text, sizeof(got));
	/* The rest of the sub-header is as it was. */
	assert_int_equal(u64_at(&g, PAGE + 56), g.m.vc->notes_size);
	writing_deinit(&g);
}

/* Check the text of ERASEINFO; "" if there is none. */
static void assert_eraseinfo(const struct writing *g, const char *want)
{
	uint64_t off = u64_at(g, PAGE + 64), size = u64_at(g, PAGE + 72);
	char got[128] = "";

	assert_true(size < sizeof(got));
	memsink_read(&g->sink, off, got, size);
	assert_string_equal(got, want);
	/* It is what the file has last. */
	assert_int_equal(off, size ? descriptors(g) + 24 + PAGE : 0);
	assert_int_equal(memsink_size(&g->sink), descriptors(g) + 24 + PAGE + size);
	assert_int_equal(u64_at(g, PAGE + 56), g->m.vc->notes_size);
}

static void erase_copied(const void *ctx, paddr_t pa, void *buf, size_t len)
{
	erase_list_apply(ctx, pa, buf, len);
}

/* The host's name is in the header too. */
static void test_erased_utsname(void **state)
{
	struct kdump_utsname uts;
	struct erase_list list;
	struct writing g;

	writing_init(&g, state, "mini", 0, CODEC_NONE);
	erase_list_init(&list);
	/* init_uts_ns is 0x180000 bytes from the beginning of the image. */
	assert_int_equal(erase_list_add(&list, 0x380000 + 65, 65, 'X'), 0);
	erase_list_seal(&list);
	kernel_utsname(g.m.k, g.m.r, &(struct kernel_overwrite){ erase_copied, &list }, &uts);
	assert_string_equal(uts.sysname, "Linux");
	for (size_t i = 0; i < sizeof(uts.nodename) - 1; i++)
		assert_int_equal(uts.nodename[i], 'X');
	assert_int_equal(uts.nodename[sizeof(uts.nodename) - 1], 0);
	assert_string_equal(uts.release, "6.12.0-mini");
	erase_list_deinit(&list);
	writing_deinit(&g);
}

static void test_eraseinfo_of_both(void **state)
{
	static const struct { const char *core, *note, *want; } cases[] = {
		{ "mini", NULL, "" },
		{ "mini", "sample ran", "sample ran\n" },
		{ "erased", NULL, "erase jiffies size 8\nerase modules nullify\n" },
		{ "erased", "sample ran",
		  "erase jiffies size 8\nerase modules nullify\nsample ran\n" },
		{ "no-newline", NULL, "erase jiffies size 8" },
		{ "no-newline", "sample ran", "erase jiffies size 8\nsample ran\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (unsigned int end = 0; end < 3; end++) {
			struct page_out pages[] = { { OUT_RAW, PAGE, 0 } };
			struct erase_list list;
			struct writing g;

			writing_init(&g, state, cases[i].core, 0, CODEC_NONE);
			erase_list_init(&list);
			g.source.erase = &list;
			assert_int_equal(erase_list_add(&list, 0x200000, 1, 0), 0);
			if (cases[i].note)
				assert_int_equal(erase_list_note(&list, "%s", cases[i].note), 0);
			erase_list_seal(&list);
			bitmap_set_range(&g.dumpable, 0x200, 0x201);
			assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
			put(&g, pages, 1, 'x');
			/* The header marks a dump that is cut short as incomplete. */
			assert_int_equal(end == 2 ? writer_abort(g.w) :
					 writer_finish(g.w, !end), 0);
			assert_eraseinfo(&g, cases[i].want);
			assert_int_equal(u32_at(&g, STATUS_OFFSET), end ? INCOMPLETE : 0);
			erase_list_deinit(&list);
			writing_deinit(&g);
		}
	}
}

/* An end before there are pages: there is no place for it yet. */
static void test_no_place_for_eraseinfo(void **state)
{
	struct writing g;

	writing_init(&g, state, "erased", 0, CODEC_NONE);
	assert_int_equal(writer_abort(g.w), 0);
	assert_text_at(&g, 0, "KDUMP   \6");
	assert_int_equal(u64_at(&g, PAGE + 72), 0);
	writing_deinit(&g);
}

/* It does not fit: the dump is none the worse, and flushed as far as it goes. */
static void test_no_room_for_eraseinfo(void **state)
{
	struct page_out pages[] = { { OUT_RAW, PAGE, 0 } };
	struct writing g;

	writing_init(&g, state, "erased", 0, CODEC_NONE);
	bitmap_set_range(&g.dumpable, 0x200, 0x201);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	put(&g, pages, 1, 'x');
	g.sink.end = descriptors(&g) + 24 + PAGE + 5;
	assert_int_equal(writer_abort(g.w), -ENOSPC);
	assert_int_equal(memsink_event(&g.sink, 0)->call, MEMSINK_SYNC);
	assert_int_equal(u64_at(&g, PAGE + 72), 0);
	assert_desc(&g, 0, (struct desc){ descriptors(&g) + 24, PAGE, 0 });
	writing_deinit(&g);
}

static void test_too_many_pages_for_the_format(void **state)
{
	struct writing g;
	struct bitmap b;

	writing_init(&g, state, "no-notes", 0, CODEC_NONE);
	/* A bit per page that would have no room in the header: nothing is written. */
	b = (struct bitmap){ .words = g.exists.words, .nbits = UINT64_C(1) << 47 };
	assert_int_equal(writer_begin(g.w, &b), -EFBIG);
	writing_deinit(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_sub_header_and_notes),
		cmocka_unit_test(test_notes_of_any_size),
		cmocka_unit_test(test_bitmaps),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_no_page_of_zeros),
		cmocka_unit_test(test_many_descriptors),
		cmocka_unit_test(test_order_of_the_end),
		cmocka_unit_test(test_flush_fails),
		cmocka_unit_test(test_last_flush_fails),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_once_of_an_incomplete_input),
		cmocka_unit_test(test_codec_chosen_late),
		cmocka_unit_test(test_codec_never_chosen),
		cmocka_unit_test(test_part_beyond_32_bits),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_descriptors_after_the_data),
		cmocka_unit_test(test_eraseinfo),
		cmocka_unit_test(test_erased_utsname),
		cmocka_unit_test(test_eraseinfo_of_both),
		cmocka_unit_test(test_no_place_for_eraseinfo),
		cmocka_unit_test(test_no_room_for_eraseinfo),
		cmocka_unit_test(test_too_many_pages_for_the_format),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
