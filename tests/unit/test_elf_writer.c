// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ELF writer: cases that need more pages than a test of the program would like, and
 * mistakes that only a caller can make.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/types.h"
#include "output/writer.h"
#include "tests/unit/memsink.h"
#include "tests/unit/minicore.h"

#define PAGE 4096

static const struct core_text texts[] = {
	{ "plain", "segment M 16*M vaddr=0xffff888000100000\nprstatus 1\n" },
	{ "erased", "segment M M\nnote ERASEINFO 0 'erase jiffies size 8'\nprstatus 1\n" },
	{ "adjacent", "segment M M\nsegment 2*M M vaddr=0xffff888000200000\nprstatus 1\n" },
	{ "large", "segment 0 G filesz=0 vaddr=0xffff888000000000\n" },
	{ "full", "elf 32 little arm\nsegment 0 4*G-0x1000 filesz=0\n" },
};

static int setup(void **state)
{
	struct cores *c = malloc(sizeof(*c));

	*state = c;
	return c ? cores_make(c, NULL, NULL, texts, ARRAY_SIZE(texts)) : -1;
}

static int teardown(void **state)
{
	int err = cores_remove(*state);

	free(*state);
	return err;
}

struct writing {
	struct machine m;
	struct memsink sink;
	struct dump_source source;
	struct bitmap dumpable;
	struct writer *w;
};

static void writing_init(struct writing *g, void **state, const char *core,
			 const struct erase_list *erase)
{
	memset(g, 0, sizeof(*g));
	machine_open(&g->m, *state, core);
	memsink_init(&g->sink);
	g->source = (struct dump_source){
		.kernel = g->m.k, .vc = g->m.vc, .level = 1, .erase = erase,
	};
	assert_int_equal(bitmap_init(&g->dumpable, g->m.vc->max_pfn), 0);
	assert_int_equal(elf_writer_create(&g->w, &g->source, &g->sink.sink), 0);
	assert_int_equal(writer_begin(g->w, &g->dumpable), 0);
}

static void writing_deinit(struct writing *g)
{
	writer_destroy(g->w);
	bitmap_deinit(&g->dumpable);
	memsink_deinit(&g->sink);
	machine_close(&g->m);
}

/* Put the pages of [start, end), each filled with its number; those of a fate are as it says. */
static int put(struct writing *g, pfn_t start, pfn_t end, enum page_fate fate)
{
	struct page_batch b = { .nr_runs = 0 };
	int err;

	b.pages = calloc(end - start, sizeof(*b.pages));
	b.runs = calloc(end - start, sizeof(*b.runs));
	b.data = malloc((end - start) * PAGE);
	assert_true(b.pages && b.runs && b.data);
	for (pfn_t pfn = start; pfn < end; pfn++) {
		if (!bitmap_test(&g->dumpable, pfn))
			continue;
		b.runs[b.nr_runs++] = (struct page_run){ pfn, pfn + 1, 0 };
		b.pages[b.nr_pages++] = (struct page_out){
			.fate = fate, .size = fate == OUT_RAW ? PAGE : 0,
		};
		if (fate != OUT_RAW)
			continue;
		memset(b.data + b.data_len, pfn & 0xff, PAGE);
		b.data_len += PAGE;
	}
	err = writer_put(g->w, &b);
	free(b.pages);
	free(b.runs);
	free(b.data);
	return err;
}

/* The cores are little-endian; here the members are as the host has them. */
static Elf64_Ehdr ehdr(const struct writing *g)
{
	Elf64_Ehdr h;

	memsink_read(&g->sink, 0, &h, sizeof(h));
	h.e_flags = le32toh(h.e_flags);
	h.e_phnum = le16toh(h.e_phnum);
	return h;
}

static Elf64_Phdr phdr(const struct writing *g, unsigned int i)
{
	Elf64_Phdr h;

	assert_true(i < ehdr(g).e_phnum);
	memsink_read(&g->sink, sizeof(Elf64_Ehdr) + i * sizeof(h), &h, sizeof(h));
	h.p_type = le32toh(h.p_type);
	h.p_offset = le64toh(h.p_offset);
	h.p_vaddr = le64toh(h.p_vaddr);
	h.p_paddr = le64toh(h.p_paddr);
	h.p_filesz = le64toh(h.p_filesz);
	h.p_memsz = le64toh(h.p_memsz);
	return h;
}

static void assert_load(const struct writing *g, unsigned int i, pfn_t start, uint64_t in_file,
			uint64_t in_memory)
{
	Elf64_Phdr h = phdr(g, i);

	assert_int_equal(h.p_type, PT_LOAD);
	assert_int_equal(h.p_paddr, start * PAGE);
	assert_int_equal(h.p_filesz, in_file * PAGE);
	assert_int_equal(h.p_memsz, in_memory * PAGE);
	if (!in_file)
		assert_int_equal(h.p_offset, 0);
}

static void assert_page(const struct writing *g, unsigned int i, pfn_t pfn, uint8_t want)
{
	Elf64_Phdr h = phdr(g, i);
	uint8_t got[2];

	memsink_read(&g->sink, h.p_offset + (pfn * PAGE - h.p_paddr), got, 1);
	memsink_read(&g->sink, h.p_offset + (pfn * PAGE - h.p_paddr) + PAGE - 1, got + 1, 1);
	assert_int_equal(got[0], want);
	assert_int_equal(got[1], want);
}

static void test_runs(void **state)
{
	struct writing g;

	writing_init(&g, state, "plain", NULL);
	bitmap_set_range(&g.dumpable, 0x110, 0x700);
	bitmap_clear_range(&g.dumpable, 0x120, 0x121);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	/* The header marks it as incomplete, with one program header. */
	assert_int_equal(ehdr(&g).e_flags, 1);
	assert_int_equal(ehdr(&g).e_phnum, 1);
	assert_int_equal(put(&g, 0x110, 0x200, OUT_RAW), 0);
	/* Few zeros are a hole, many end the PT_LOAD. */
	assert_int_equal(put(&g, 0x200, 0x2ff, OUT_ZERO), 0);
	assert_int_equal(put(&g, 0x2ff, 0x300, OUT_RAW), 0);
	assert_int_equal(put(&g, 0x300, 0x380, OUT_ZERO), 0);
	assert_int_equal(put(&g, 0x380, 0x400, OUT_UNREADABLE), 0);
	assert_int_equal(put(&g, 0x400, 0x500, OUT_RAW), 0);
	assert_int_equal(put(&g, 0x500, 0x700, OUT_ZERO), 0);
	assert_int_equal(writer_finish(g.w, true), 0);
	assert_int_equal(ehdr(&g).e_flags, 0);
	assert_int_equal(ehdr(&g).e_phnum, 5);
	assert_load(&g, 1, 0x100, 0, 0x10);
	assert_load(&g, 2, 0x110, 0x10, 0x11);
	assert_load(&g, 3, 0x121, 0x300 - 0x121, 0x400 - 0x121);
	assert_load(&g, 4, 0x400, 0x100, 0x1100 - 0x400);
	assert_int_equal(phdr(&g, 3).p_vaddr, 0xffff888000121000);
	assert_page(&g, 2, 0x11f, 0x1f);
	assert_page(&g, 3, 0x121, 0x21);
	assert_page(&g, 3, 0x2fe, 0);
	assert_page(&g, 3, 0x2ff, 0xff);
	assert_page(&g, 4, 0x4ff, 0xff);
	/* Complete last of all, when the rest is on the disk. */
	assert_int_equal(memsink_event(&g.sink, 0)->call, MEMSINK_FINISH);
	assert_int_equal(memsink_event(&g.sink, 1)->off, 0);
	assert_int_equal(memsink_event(&g.sink, 2)->call, MEMSINK_SYNC);
	writing_deinit(&g);
}

/* Pages that follow each other, in two PT_LOADs, the first without a virtual address. */
static void test_adjacent_segments(void **state)
{
	struct writing g;

	writing_init(&g, state, "adjacent", NULL);
	bitmap_set_range(&g.dumpable, 0x110, 0x300);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	assert_int_equal(put(&g, 0x110, 0x300, OUT_RAW), 0);
	assert_int_equal(writer_finish(g.w, true), 0);
	assert_int_equal(ehdr(&g).e_phnum, 4);
	assert_load(&g, 1, 0x100, 0, 0x10);
	assert_load(&g, 2, 0x110, 0xf0, 0xf0);
	assert_load(&g, 3, 0x200, 0x100, 0x100);
	assert_int_equal(phdr(&g, 2).p_vaddr, 0);
	assert_int_equal(phdr(&g, 3).p_vaddr, 0xffff888000200000);
	assert_page(&g, 2, 0x1ff, 0xff);
	assert_page(&g, 3, 0x2f0, 0xf0);
	writing_deinit(&g);
}

/*
 * The space of the headers is asked for before anything is written after it: where that means
 * writing zeros, they go nowhere else.
 */
static void test_space_of_headers(void **state)
{
	struct writing g;
	unsigned int i = 0;

	writing_init(&g, state, "plain", NULL);
	bitmap_set_range(&g.dumpable, 0x100, 0x700);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	while (i < g.sink.nr_events && g.sink.events[i].call != MEMSINK_RESERVE)
		i++;
	assert_true(i < g.sink.nr_events);
	assert_int_equal(g.sink.events[i].off, 0);
	assert_int_equal(g.sink.events[i].len, phdr(&g, 0).p_offset);
	while (i--)
		assert_true(g.sink.events[i].off + g.sink.events[i].len <
			    phdr(&g, 0).p_offset);
	writing_deinit(&g);
}

static void test_nothing(void **state)
{
	struct writing g;

	writing_init(&g, state, "plain", NULL);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	assert_int_equal(writer_finish(g.w, true), 0);
	assert_int_equal(ehdr(&g).e_phnum, 2);
	assert_load(&g, 1, 0x100, 0, 0x1000);
	writing_deinit(&g);
}

/* Every second page is excluded: too many PT_LOADs for anybody. */
static void test_too_many_runs(void **state)
{
	struct writing g;

	writing_init(&g, state, "large", NULL);
	for (pfn_t pfn = 0; pfn < 0x40000; pfn += 2)
		bitmap_set_range(&g.dumpable, pfn, pfn + 1);
	bitmap_clear_range(&g.dumpable, 0x20000, 0x20010);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	for (pfn_t pfn = 0; pfn < 0x40000; pfn += 0x200)
		assert_int_equal(put(&g, pfn, pfn + 0x200, OUT_RAW), 0);
	assert_int_equal(writer_finish(g.w, true), 0);
	assert_int_equal(ehdr(&g).e_phnum, 2);
	assert_load(&g, 0, 0, 0x1ffff, 0x20010);
	assert_load(&g, 1, 0x20010, 0x40000 - 0x20010 - 1, 0x40000 - 0x20010);
	assert_page(&g, 1, 0x20012, 0x12);
	assert_page(&g, 1, 0x20013, 0);
	writing_deinit(&g);
}

/* From 65,535 program headers on a section header has their number. */
static void test_many_program_headers(void **state)
{
	enum { MOST = 65536 };
	struct vmcore_segment *many = calloc(MOST, sizeof(*many));

	assert_non_null(many);
	for (size_t i = 0; i < MOST; i++)
		many[i] = (struct vmcore_segment){ .memsz = PAGE };
	for (uint64_t nr = PN_XNUM - 1; nr <= PN_XNUM + 1; nr++) {
		struct vmcore_segment *own;
		Elf64_Shdr shdr;
		size_t nr_own;
		struct writing g;
		Elf64_Ehdr e;

		writing_init(&g, state, "plain", NULL);
		writer_destroy(g.w);
		own = g.m.vc->segments;
		nr_own = g.m.vc->nr_segments;
		g.m.vc->segments = many;
		/* One is for the notes. */
		g.m.vc->nr_segments = nr - 1;
		assert_int_equal(elf_writer_create(&g.w, &g.source, &g.sink.sink), 0);
		assert_int_equal(writer_begin(g.w, &g.dumpable), 0);
		assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
		assert_int_equal(writer_finish(g.w, true), 0);
		e = ehdr(&g);
		assert_int_equal(e.e_phnum, nr < PN_XNUM ? nr : PN_XNUM);
		assert_int_equal(le16toh(e.e_shnum), nr >= PN_XNUM);
		assert_int_equal(le64toh(e.e_shoff),
				 nr < PN_XNUM ? 0 : sizeof(e) + nr * sizeof(Elf64_Phdr));
		if (nr >= PN_XNUM) {
			memsink_read(&g.sink, le64toh(e.e_shoff), &shdr, sizeof(shdr));
			assert_int_equal(le32toh(shdr.sh_info), nr);
		}
		g.m.vc->segments = own;
		g.m.vc->nr_segments = nr_own;
		writing_deinit(&g);
	}
	free(many);
}

/* One note has the lines about earlier erasures and about those of this run. */
static void test_eraseinfo(void **state)
{
	static const char want[] = "erase jiffies size 8\nerased again\n";
	char notes[2048], *note;
	struct erase_list erase;
	struct writing g;
	Elf64_Phdr h;

	erase_list_init(&erase);
	assert_int_equal(erase_list_note(&erase, "erased again"), 0);
	erase_list_seal(&erase);
	writing_init(&g, state, "erased", &erase);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	assert_int_equal(writer_finish(g.w, true), 0);
	h = phdr(&g, 0);
	assert_int_equal(h.p_type, PT_NOTE);
	assert_true(h.p_filesz < sizeof(notes));
	memsink_read(&g.sink, h.p_offset, notes, h.p_filesz);
	note = memmem(notes, h.p_filesz, "ERASEINFO", 10);
	assert_non_null(note);
	assert_int_equal(le32toh(((Elf64_Nhdr *)(note - 12))->n_descsz), strlen(want));
	assert_int_equal(le32toh(((Elf64_Nhdr *)(note - 12))->n_type), 0);
	assert_memory_equal(note + 12, want, strlen(want));
	assert_null(memmem(note + 1, notes + h.p_filesz - note - 1, "ERASEINFO", 10));
	assert_non_null(memmem(notes, h.p_filesz, "CORE", 5));
	writing_deinit(&g);
	erase_list_deinit(&erase);
}

/* The program headers claim no page that could not be written. */
static void test_no_room(void **state)
{
	struct writing g;

	writing_init(&g, state, "plain", NULL);
	bitmap_set_range(&g.dumpable, 0x100, 0x300);
	bitmap_clear_range(&g.dumpable, 0x220, 0x230);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	assert_int_equal(put(&g, 0x100, 0x200, OUT_RAW), 0);
	g.sink.end = memsink_size(&g.sink) + 0x28 * PAGE + 1;
	assert_int_equal(put(&g, 0x200, 0x300, OUT_RAW), -ENOSPC);
	assert_int_equal(writer_abort(g.w), 0);
	assert_int_equal(ehdr(&g).e_flags, 1);
	assert_int_equal(ehdr(&g).e_phnum, 2);
	assert_load(&g, 1, 0x100, 0x100, 0x1000);
	assert_page(&g, 1, 0x1ff, 0xff);
	writing_deinit(&g);
}

/* A page that finds no place in the file takes nothing with it that was there before. */
static void test_no_place(void **state)
{
	struct writing g;
	Elf32_Ehdr e;
	Elf32_Phdr h;

	writing_init(&g, state, "full", NULL);
	bitmap_set_range(&g.dumpable, 0, 0xfffff);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	/* Holes take place, too, but no room. */
	for (pfn_t pfn = 0; pfn < 0xffffe; pfn += 0x100) {
		assert_int_equal(put(&g, pfn, pfn + 1, OUT_RAW), 0);
		assert_int_equal(put(&g, pfn + 1, min_u64(pfn + 0x100, 0xffffe), OUT_ZERO), 0);
	}
	assert_int_equal(put(&g, 0xffffe, 0xfffff, OUT_RAW), -EFBIG);
	assert_int_equal(writer_abort(g.w), 0);
	memsink_read(&g.sink, 0, &e, sizeof(e));
	assert_int_equal(le32toh(e.e_flags), 1);
	assert_int_equal(le16toh(e.e_phnum), 1);
	memsink_read(&g.sink, sizeof(e), &h, sizeof(h));
	assert_int_equal(h.p_paddr, 0);
	assert_int_equal(le32toh(h.p_filesz), 0xfff01 * (uint64_t)PAGE);
	writing_deinit(&g);
}

/* A disk that fails from the last flush on: by then the header says that the core is complete. */
static void test_last_flush_fails(void **state)
{
	struct writing g;

	writing_init(&g, state, "plain", NULL);
	bitmap_set_range(&g.dumpable, 0x100, 0x110);
	assert_int_equal(writer_set_pages(g.w, &g.dumpable), 0);
	assert_int_equal(put(&g, 0x100, 0x110, OUT_RAW), 0);
	g.sink.finish_err = -EIO;
	assert_int_equal(writer_finish(g.w, true), -EIO);
	assert_int_equal(ehdr(&g).e_flags, 0);
	g.sink.sync_err = -EIO;
	assert_int_equal(writer_abort(g.w), -EIO);
	assert_int_equal(ehdr(&g).e_flags, 1);
	assert_load(&g, 1, 0x100, 0x10, 0x1000);
	writing_deinit(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_adjacent_segments),
		cmocka_unit_test(test_space_of_headers),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_too_many_runs),
		cmocka_unit_test(test_many_program_headers),
		cmocka_unit_test(test_eraseinfo),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_no_place),
		cmocka_unit_test(test_last_flush_fails),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
