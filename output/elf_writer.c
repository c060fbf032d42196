// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing ELF cores.
 *
 * The place of pages is decided while they come: a page follows the one before it in the file,
 * or begins a new extent. Extents are cut into PT_LOADs in the end; until then there is
 * room for as many as can be needed in front of the data, a hole where fewer are. So one pass
 * is enough, though which pages are zeros is found out while copying; and memory that several
 * PT_LOADs of the input cover is stored once.
 */
#include "output/writer.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/search.h"
#include "output/elf_segments.h"
#include "output/head.h"
#include "vmcore/notes.h"

/*
 * Pages of zeros, and lost ones, take no room on the disk as holes. So many together become
 * the end of a PT_LOAD that is not in the file, which keeps the file short, too.
 */
#define ZERO_RUN 256
/*
 * Excluded pages end a PT_LOAD, so that readers know that they are not there. Where that
 * would make more PT_LOADs than readers like, short runs of them become holes.
 */
#define SEGMENTS_MAX (1u << 15)

/* Data begin at a multiple of this, so that whole pages of the file can be mapped. */
#define DATA_ALIGN 4096

/* Number of program headers per write. */
#define PHDR_BUFFER 1024
/* Headers are written in pieces of about this many bytes. */
#define HEADERS_PIECE 65536

/* Pages [start, end) are in the file, one after the other; holes are some of them. */
struct extent {
	pfn_t start, end;
	uint64_t off;
};

struct program_header {
	uint32_t type;
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

struct elf_writer {
	struct writer base;
	bool is64, swap;
	unsigned int page_shift;
	/* The described memory: the input's PT_LOADs, or PT_LOADs made for an input without any. */
	const struct vmcore_segment *segments;
	struct vmcore_segment *own_segments; /* or NULL; owned */
	size_t nr_segments;
	const struct bitmap *dumpable;
	uint64_t min_run; /* shorter runs of excluded pages become holes */
	struct extent *extents;
	size_t nr_extents;
	uint8_t *notes; /* with what was erased */
	size_t notes_size;
	uint64_t notes_off;
	uint64_t end; /* where the file ends */
	/* program headers on their way to the file */
	uint8_t *phdrs;
	unsigned int nr_phdrs;
	uint64_t phdrs_off;
};

static struct elf_writer *elf(struct writer *w)
{
	return (struct elf_writer *)w;
}

static size_t ehdr_size(const struct elf_writer *e)
{
	return e->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
}

static size_t phdr_size(const struct elf_writer *e)
{
	return e->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
}

static size_t shdr_size(const struct elf_writer *e)
{
	return e->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
}

/* A field of a structure that exists in two sizes, and what is in it. */
#define AT(type, f) (p + (e->is64 ? offsetof(Elf64_##type, f) : offsetof(Elf32_##type, f)))
#define STORE16(type, f, v) store_u16(AT(type, f), v, e->swap)
#define STORE32(type, f, v) store_u32(AT(type, f), v, e->swap)
#define STORE_ADDRESS(type, f, v) store_ulong(AT(type, f), v, e->is64, e->swap)

/* A header without what is stated anew; that of an ELF input may say more. */
static int begin_ehdr(const struct elf_writer *e, uint8_t *p)
{
	const struct vmcore *vc = e->base.source->vc;
	struct file_reader r;
	int err;

	memset(p, 0, ehdr_size(e));
	if (!e->own_segments) {
		file_reader_init(&r, &vc->file);
		err = file_read(&r, 0, p, ehdr_size(e));
		file_reader_deinit(&r);
		return err;
	}
	memcpy(p, ELFMAG, SELFMAG);
	p[EI_CLASS] = e->is64 ? ELFCLASS64 : ELFCLASS32;
	p[EI_DATA] = vc->big_endian ? ELFDATA2MSB : ELFDATA2LSB;
	p[EI_VERSION] = EV_CURRENT;
	STORE16(Ehdr, e_type, ET_CORE);
	STORE16(Ehdr, e_machine, vc->machine);
	STORE32(Ehdr, e_version, EV_CURRENT);
	return 0;
}

static int put_ehdr(struct elf_writer *e, uint32_t nr_phdrs, bool complete)
{
	uint64_t shdr = ehdr_size(e) + (uint64_t)nr_phdrs * phdr_size(e);
	bool many = nr_phdrs >= PN_XNUM;
	uint8_t p[sizeof(Elf64_Ehdr)];
	uint32_t flags;
	int err = begin_ehdr(e, p);

	if (err)
		return err;
	flags = load_u32(AT(Ehdr, e_flags), e->swap) & ~EF_INCOMPLETE;
	STORE32(Ehdr, e_flags, flags | (complete ? 0 : EF_INCOMPLETE));
	STORE_ADDRESS(Ehdr, e_phoff, ehdr_size(e));
	STORE_ADDRESS(Ehdr, e_shoff, many ? shdr : 0);
	STORE16(Ehdr, e_ehsize, ehdr_size(e));
	STORE16(Ehdr, e_phentsize, phdr_size(e));
	STORE16(Ehdr, e_phnum, many ? PN_XNUM : nr_phdrs);
	STORE16(Ehdr, e_shentsize, many ? shdr_size(e) : 0);
	STORE16(Ehdr, e_shnum, many);
	STORE16(Ehdr, e_shstrndx, 0);
	return sink_pwrite(e->base.sink, p, ehdr_size(e), 0);
}

/* The number of program headers, if it is too large for e_phnum. */
static int put_shdr(struct elf_writer *e, uint32_t nr_phdrs)
{
	uint8_t p[sizeof(Elf64_Shdr)] = { 0 };

	if (nr_phdrs < PN_XNUM)
		return 0;
	STORE_ADDRESS(Shdr, sh_size, 1);
	STORE32(Shdr, sh_info, nr_phdrs);
	return sink_pwrite(e->base.sink, p, shdr_size(e), e->phdrs_off);
}

static int flush_phdrs(struct elf_writer *e)
{
	size_t len = e->nr_phdrs * phdr_size(e);
	int err = sink_pwrite(e->base.sink, e->phdrs, len, e->phdrs_off);

	if (!err) {
		e->phdrs_off += len;
		e->nr_phdrs = 0;
	}
	return err;
}

static int put_phdr(struct elf_writer *e, const struct program_header *h)
{
	uint8_t *p = e->phdrs + e->nr_phdrs * phdr_size(e);

	memset(p, 0, phdr_size(e));
	STORE32(Phdr, p_type, h->type);
	STORE32(Phdr, p_flags, h->type == PT_LOAD ? PF_R | PF_W | PF_X : 0);
	STORE_ADDRESS(Phdr, p_offset, h->offset);
	STORE_ADDRESS(Phdr, p_vaddr, h->vaddr);
	STORE_ADDRESS(Phdr, p_paddr, h->paddr);
	STORE_ADDRESS(Phdr, p_filesz, h->filesz);
	STORE_ADDRESS(Phdr, p_memsz, h->memsz);
	return ++e->nr_phdrs == PHDR_BUFFER ? flush_phdrs(e) : 0;
}

static int put_note_phdr(struct elf_writer *e)
{
	return put_phdr(e, &(struct program_header){
				   .type = PT_NOTE,
				   .offset = e->notes_off,
				   .filesz = e->notes_size,
				   .memsz = e->notes_size,
			   });
}

/* The first extent that ends after an address. */
static size_t find_extent(const struct elf_writer *e, paddr_t pa)
{
	return SEARCH_FIRST(0, e->nr_extents, i, e->extents[i].end << e->page_shift <= pa);
}

/*
 * Split one PT_LOAD of the input: a PT_LOAD for each extent in it, which also covers the
 * missing pages after the extent; and one for missing pages before the first extent. Count
 * them, and write them if @write.
 */
static int put_segment(struct elf_writer *e, const struct vmcore_segment *s, bool write,
		       uint64_t *count)
{
	paddr_t end = s->paddr + s->memsz, pos = s->paddr;
	size_t i = find_extent(e, pos);
	int err = 0;

	while (!err && pos < end) {
		const struct extent *x = i < e->nr_extents ? &e->extents[i] : NULL;
		paddr_t start = x ? x->start << e->page_shift : UINT64_MAX;
		struct program_header h = {
			.type = PT_LOAD,
			.paddr = pos,
			/* Unknown stays unknown. */
			.vaddr = s->vaddr ? s->vaddr + (pos - s->paddr) : 0,
		};
		paddr_t next = start;

		if (start <= pos) {
			h.offset = x->off + (pos - start);
			h.filesz = min_u64(x->end << e->page_shift, end) - pos;
			next = ++i < e->nr_extents ? x[1].start << e->page_shift : UINT64_MAX;
		}
		next = min_u64(next, end);
		h.memsz = next - pos;
		if (write)
			err = put_phdr(e, &h);
		++*count;
		pos = next;
	}
	return err;
}

static int put_segments(struct elf_writer *e, bool write, uint64_t *count)
{
	int err = 0;

	*count = 0;
	for (size_t i = 0; !err && i < e->nr_segments; i++)
		err = put_segment(e, &e->segments[i], write, count);
	return err;
}

/* The program headers of all that was put, and then the header that counts them. */
static int put_headers(struct elf_writer *e, bool complete)
{
	uint64_t nr = 0;
	int err;

	e->nr_phdrs = 0;
	e->phdrs_off = ehdr_size(e);
	err = e->notes_size ? put_note_phdr(e) : 0;
	if (!err)
		err = put_segments(e, true, &nr);
	if (!err)
		err = flush_phdrs(e);
	nr += e->notes_size != 0;
	if (!err)
		err = put_shdr(e, nr);
	/* The dump is on the disk before it says so. */
	if (!err && complete)
		err = sink_sync(e->base.sink);
	return err ? err : put_ehdr(e, nr, complete);
}

static int elf_begin(struct writer *w, const struct bitmap *exists)
{
	struct elf_writer *e = elf(w);
	int err;

	if (e->segments)
		return 0;
	err = elf_segments_make(w->source->kernel, exists, &e->own_segments, &e->nr_segments);
	e->segments = e->own_segments;
	return err;
}

/* Count the runs of at least min_run pages of a segment that are not dumped. */
static uint64_t count_runs(const struct bitmap *b, pfn_t start, pfn_t end, uint64_t min_run)
{
	uint64_t n = 0;

	for (pfn_t pfn = start, next; pfn < end; pfn = next) {
		pfn = bitmap_next_clear(b, pfn, end);
		next = bitmap_next_set(b, pfn, end);
		n += next - pfn >= min_run;
	}
	return n;
}

/*
 * Count the PT_LOADs that there will be for what is excluded, and at most more for runs of zeros
 * that are not known yet.
 */
static uint64_t expect_segments(const struct elf_writer *e, uint64_t *more)
{
	uint64_t n = 0;

	*more = 0;
	for (size_t i = 0; i < e->nr_segments; i++) {
		const struct vmcore_segment *s = &e->segments[i];
		pfn_t start = s->paddr >> e->page_shift;
		pfn_t end = div_round_up(s->paddr + s->memsz, UINT64_C(1) << e->page_shift);

		n += count_runs(e->dumpable, start, end, e->min_run) + 2;
		*more += (end - start) / (ZERO_RUN + 1);
	}
	return n;
}

/* All notes of the input, and one of what was erased and what was not filtered. */
static int make_notes(struct elf_writer *e)
{
	const struct vmcore *vc = e->base.source->vc;
	_cleanup_free_ char *text = NULL;
	size_t text_size;
	int err = source_eraseinfo(e->base.source, &text, &text_size);

	if (err)
		return err;
	e->notes = malloc(vc->notes_size + 3 + note_size(ERASEINFO_NAME, text_size));
	if (!e->notes)
		return err_set(-ENOMEM, "no memory for the notes");
	e->notes_size =
		notes_without(vc->notes, vc->notes_size, vc->swap, ERASEINFO_NAME, e->notes);
	if (text_size)
		e->notes_size += note_encode(e->notes + e->notes_size, ERASEINFO_NAME, 0, text,
					     text_size, vc->swap);
	return 0;
}

static int elf_set_pages(struct writer *w, const struct bitmap *dumpable)
{
	struct elf_writer *e = elf(w);
	uint64_t nr, more, room;
	int err = make_notes(e);

	if (err)
		return err;
	e->dumpable = dumpable;
	e->min_run = 1;
	while ((nr = expect_segments(e, &more)) > SEGMENTS_MAX && e->min_run < ZERO_RUN)
		e->min_run *= 2;
	nr += 1 + more;
	if (nr > UINT32_MAX)
		return err_set(-EFBIG, "%" PRIu64 " PT_LOADs are too many for an ELF file", nr);
	room = nr * phdr_size(e) + shdr_size(e);
	e->notes_off = ehdr_size(e) + room;
	e->end = (e->notes_off + e->notes_size + DATA_ALIGN - 1) & ~(uint64_t)(DATA_ALIGN - 1);
	e->phdrs_off = ehdr_size(e);
	/* Until the end only the notes can be found. */
	err = w->sink->once ? 0 : put_ehdr(e, e->notes_size != 0, false);
	if (!err && e->notes_size && !w->sink->once) {
		err = put_note_phdr(e);
		if (!err)
			err = flush_phdrs(e);
	}
	sink_reserve(w->sink, 0, e->notes_off, HEADERS_PIECE);
	if (!err && e->notes_size)
		err = sink_pwrite(w->sink, e->notes, e->notes_size, e->notes_off);
	return err;
}

/* Return whether pages [start, end), of which none is in the file, can be a hole. */
static bool can_be_hole(const struct elf_writer *e, pfn_t start, pfn_t end)
{
	return end - start < ZERO_RUN && !count_runs(e->dumpable, start, end, e->min_run);
}

static int add_extent(struct elf_writer *e, pfn_t pfn)
{
	if (ARRAY_GROW(e->extents, e->nr_extents, "PT_LOADs"))
		return -ENOMEM;
	e->extents[e->nr_extents++] = (struct extent){ .start = pfn, .end = pfn, .off = e->end };
	return 0;
}

/* Find a place for a page's data. */
static int place(struct elf_writer *e, pfn_t pfn, uint64_t *off)
{
	struct extent *x = e->nr_extents ? &e->extents[e->nr_extents - 1] : NULL;
	int err;

	if (!x || (x->end < pfn && !can_be_hole(e, x->end, pfn))) {
		err = add_extent(e, pfn);
		if (err)
			return err;
		x = &e->extents[e->nr_extents - 1];
	}
	*off = x->off + ((pfn - x->start) << e->page_shift);
	x->end = pfn + 1;
	e->end = *off + (UINT64_C(1) << e->page_shift);
	if (!e->is64 && e->end > UINT32_MAX)
		return err_set(-EFBIG, "a 32-bit ELF file cannot have more than 4 GiB");
	return 0;
}

/* Forget what could not be written from there on. */
static void cut_extents(struct elf_writer *e, uint64_t off)
{
	while (e->nr_extents) {
		struct extent *x = &e->extents[e->nr_extents - 1];

		if (x->off < off) {
			x->end = min_u64(x->end, x->start + ((off - x->off) >> e->page_shift));
			return;
		}
		e->nr_extents--;
	}
}

/*
 * Write zeros for a hole [off, end) of the file. Where no record of a stream has a part of the
 * file, libkdumpfile 0.5.6 reads some other part of the stream instead of zeros.
 */
static int fill_hole(struct sink *sink, uint64_t off, uint64_t end)
{
	static const uint8_t zeros[16384];
	int err = 0;

	while (!err && off < end) {
		size_t len = min_u64(end - off, sizeof(zeros));

		err = sink_pwrite(sink, zeros, len, off);
		off += len;
	}
	return err;
}

/* Bytes of a batch that lie together in the file: [from, data) waits for being written. */
struct elf_piece {
	const uint8_t *from, *data;
	uint64_t off; /* where they go */
};

/* Put a page after those that wait, or write these first. */
static int put_page(struct elf_writer *e, struct elf_piece *p, pfn_t pfn, uint32_t size)
{
	struct sink *sink = e->base.sink;
	uint64_t off;
	int err = place(e, pfn, &off);

	if (!err && off != p->off + (p->data - p->from)) {
		err = sink_pwrite(sink, p->from, p->data - p->from, p->off);
		if (!err) {
			p->off += p->data - p->from;
			p->from = p->data;
			err = sink->once ? fill_hole(sink, p->off, off) : 0;
		}
		if (!err)
			p->off = off;
	}
	p->data += size;
	return err;
}

static int elf_put(struct writer *w, const struct page_batch *b)
{
	struct elf_writer *e = elf(w);
	struct elf_piece piece = { .from = b->data, .data = b->data, .off = e->end };
	const struct page_out *out = b->pages;
	int err = 0;

	for (unsigned int i = 0; !err && i < b->nr_runs; i++) {
		for (pfn_t pfn = b->runs[i].start; !err && pfn < b->runs[i].end; pfn++, out++) {
			if (out->fate == OUT_RAW)
				err = put_page(e, &piece, pfn, out->size);
		}
	}
	if (!err)
		err = sink_pwrite(w->sink, piece.from, piece.data - piece.from, piece.off);
	if (err)
		cut_extents(e, piece.off);
	return err;
}

static int elf_finish(struct writer *w, bool complete)
{
	int err = put_headers(elf(w), complete);

	return err ? err : sink_finish(w->sink);
}

static int elf_abort(struct writer *w)
{
	int err = put_headers(elf(w), false), sync_err = sink_sync(w->sink);

	return err ? err : sync_err;
}

static void elf_destroy(struct writer *w)
{
	struct elf_writer *e = elf(w);

	free(e->own_segments);
	free(e->extents);
	free(e->notes);
	free(e->phdrs);
	free(e);
}

static const struct writer_ops elf_writer_ops = {
	.name = "ELF",
	.begin = elf_begin,
	.set_pages = elf_set_pages,
	.put = elf_put,
	.finish = elf_finish,
	.abort = elf_abort,
	.destroy = elf_destroy,
};

int elf_writer_create(struct writer **ret, const struct dump_source *src, struct sink *sink)
{
	struct elf_writer *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return err_set(-ENOMEM, "no memory");
	e->base = (struct writer){ .ops = &elf_writer_ops, .source = src, .sink = sink };
	/* An ELF input's header is taken over. */
	e->is64 = src->vc->nr_segments ? src->vc->headers64 :
					 src->vc->is64 || src->vc->max_pfn > (UINT64_C(1) << 32) >>
								  src->vc->page_shift;
	e->swap = src->vc->swap;
	e->page_shift = src->vc->page_shift;
	e->segments = src->vc->segments;
	e->nr_segments = src->vc->nr_segments;
	e->phdrs = malloc(PHDR_BUFFER * phdr_size(e));
	err = e->phdrs ? 0 : err_set(-ENOMEM, "no memory");
	if (err)
		elf_destroy(&e->base);
	else
		*ret = &e->base;
	return err;
}
