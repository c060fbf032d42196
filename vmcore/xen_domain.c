// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory of one domain of Xen, as xl dump-core writes it: see xen_domain_format.h.
 *
 * Pages that follow each other in memory do so in the file, so the table of pages becomes a
 * short table of ranges (vmcore/ranges.h). The frames of a PV domain become a note, which dumps of
 * it keep (vmcore/frames.h).
 */
#include "vmcore/xen_domain_format.h"

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
#include "vmcore/bare.h"
#include "vmcore/notes.h"
#include "vmcore/ranges.h"

/* xl dump-core writes up to nine sections: more are not looked at. */
#define SECTIONS_MAX 64
/* Bytes of the table of pages that are read at a time; a multiple of an entry. */
#define TABLE_CHUNK 65536

/* The most bytes of frames in the notes: of more, readers might not read the notes. */
#define FRAMES_NOTE_MAX (128u << 20)

struct section {
	uint64_t off, size;
};

enum section_number { PAGES, PFN, P2M, NR_SECTIONS };

static const char *const section_names[] = {
	[PAGES] = XEN_SECTION_PAGES,
	[PFN] = XEN_SECTION_PFN,
	[P2M] = XEN_SECTION_P2M,
};

/* The file, while it is opened. */
struct domain_file {
	struct vmcore *vc;
	struct file_reader reader;
	bool swap;
	uint16_t machine;
	struct section sections[NR_SECTIONS]; /* off is 0 if it is missing */
	struct range_piece *pieces;
	size_t nr;
	struct frames frames;
	pfn_t pfn_limit;     /* those from here on are not believed */
	uint64_t nr_invalid; /* entries of the table of pages */
};

/* Read what section header i has. */
static int read_section(struct domain_file *d, const Elf64_Ehdr *h, unsigned int i,
			struct section *s, uint32_t *name)
{
	Elf64_Shdr raw;
	uint64_t off;
	int err;

	if (!checked_add(load_u64(&h->e_shoff, d->swap), i * sizeof(raw), &off))
		return -ENODATA;
	err = file_read(&d->reader, off, &raw, sizeof(raw));
	if (err)
		return err;
	*name = load_u32(&raw.sh_name, d->swap);
	s->off = load_u64(&raw.sh_offset, d->swap);
	s->size = load_u64(&raw.sh_size, d->swap);
	return 0;
}

/* Return whether the name at an offset in the table of names is this one. */
static bool is_named(struct domain_file *d, const struct section *names, uint32_t at,
		     const char *name)
{
	char text[16];
	size_t size = strlen(name) + 1;
	uint64_t off;

	return size <= sizeof(text) && range_fits(at, size, names->size) &&
	       checked_add(names->off, at, &off) && !file_read(&d->reader, off, text, size) &&
	       !memcmp(text, name, size);
}

/* Find the sections that matter: those that the file has. */
static int find_sections(struct domain_file *d, const Elf64_Ehdr *h)
{
	unsigned int nr = load_u16(&h->e_shnum, d->swap);
	struct section names, s;
	uint32_t name;

	if (nr < 2 || load_u16(&h->e_shentsize, d->swap) != sizeof(Elf64_Shdr) ||
	    read_section(d, h, load_u16(&h->e_shstrndx, d->swap), &names, &name))
		return -ENOENT;
	/* xl dump-core writes the names last, after the table of pages. */
	if (!load_u16(&h->e_phnum, d->swap) && !range_fits(names.off, names.size, d->vc->file.size))
		return err_set(-EBADMSG,
			       "an ELF core without program headers, cut short before the names of "
			       "its sections: if xl dump-core wrote it, the table of its pages is "
			       "missing, too");
	for (unsigned int i = 1; i < nr && i < SECTIONS_MAX; i++) {
		if (read_section(d, h, i, &s, &name))
			continue;
		for (size_t j = 0; j < NR_SECTIONS; j++)
			if (is_named(d, &names, name, section_names[j]))
				d->sections[j] = s;
	}
	return d->sections[PAGES].off ? 0 : -ENOENT;
}

static uint64_t bytes_in_file(const struct vmcore *vc, const struct section *s)
{
	return s->off < vc->file.size ? min_u64(s->size, vc->file.size - s->off) : 0;
}

/* Add the page at an offset in the file. */
static int add_page(struct domain_file *d, pfn_t pfn, uint64_t off)
{
	struct memory_range *last = d->nr ? &d->pieces[d->nr - 1].range : NULL;
	paddr_t start = pfn * XEN_PAGE;

	if (last && last->end == start && last->off + (last->end - last->start) == off) {
		last->end += XEN_PAGE;
		return 0;
	}
	if (ARRAY_GROW(d->pieces, d->nr, "ranges of memory"))
		return -ENOMEM;
	d->pieces[d->nr] = (struct range_piece){
		.range = { start, start + XEN_PAGE, off, 0, RANGE_FILE },
		.index = d->nr,
	};
	d->nr++;
	return 0;
}

/* Add an entry of the table, and the page at an offset in the file. */
static int add_entry(struct domain_file *d, const char *entry, bool has_frame, uint64_t off)
{
	pfn_t pfn = load_u64(entry, d->swap);
	int err = 0;

	if (pfn == XEN_NO_PFN)
		return 0;
	if (pfn >= d->pfn_limit) {
		d->nr_invalid++;
		return 0;
	}
	if (has_frame)
		err = frames_add(&d->frames,
				 load_u64(entry + offsetof(struct xen_p2m, gmfn), d->swap), pfn);
	return err ? err : add_page(d, pfn, off);
}

/* Add the pages of nr entries of the table, the first of which is number first. */
static int add_entries(struct domain_file *d, const char *entries, size_t entry_bytes,
		       uint64_t first, size_t nr)
{
	int err = 0;

	for (size_t i = 0; !err && i < nr; i++)
		err = add_entry(d, entries + i * entry_bytes, entry_bytes == sizeof(struct xen_p2m),
				d->sections[PAGES].off + (first + i) * XEN_PAGE);
	return err;
}

/* Read the table of nr pages. */
static int read_table(struct domain_file *d, const struct section *table, size_t entry_bytes,
		      uint64_t nr)
{
	_cleanup_free_ char *chunk = malloc(TABLE_CHUNK);
	const size_t step = TABLE_CHUNK / entry_bytes;
	int err = chunk ? 0 : err_set(-ENOMEM, "no memory to read the table of pages");

	for (uint64_t at = 0; !err && at < nr; at += step) {
		size_t n = min_u64(step, nr - at);
		int bad = file_read(&d->reader, table->off + at * entry_bytes, chunk,
				    n * entry_bytes);

		if (!bad) {
			err = add_entries(d, chunk, entry_bytes, at, n);
			continue;
		}
		vmcore_warn(d->vc, "%zu pages are lost: the table of pages: %s", n, err_text(bad));
		d->vc->incomplete = true;
	}
	return err;
}

/* Read the table of pages, as far as it and the pages are in the file. */
static int read_pages(struct domain_file *d, const struct section *table, size_t entry_bytes)
{
	struct vmcore *vc = d->vc;
	const struct section *pages = &d->sections[PAGES];
	uint64_t wanted = max_u64(pages->size / XEN_PAGE, table->size / entry_bytes);
	uint64_t nr = min_u64(bytes_in_file(vc, pages) / XEN_PAGE,
			      bytes_in_file(vc, table) / entry_bytes);
	int err = read_table(d, table, entry_bytes, nr);

	if (nr < wanted)
		vmcore_warn(vc,
			    "of %" PRIu64 " pages only the first %" PRIu64 " can be read: the file "
			    "is cut short, or its headers are damaged",
			    wanted, nr);
	if (d->nr_invalid)
		vmcore_warn(vc, "pages with invalid entries in %s are lost: %" PRIu64,
			    section_names[table - d->sections], d->nr_invalid);
	if (nr < wanted || d->nr_invalid)
		vc->incomplete = true;
	return err;
}

/* Let the notes have the frames, as far as they may be so long. */
static int add_frames_note(struct vmcore *vc, struct frames *f)
{
	char *desc;
	int err;

	if (frames_size(f) > FRAMES_NOTE_MAX) {
		vmcore_warn(vc,
			    "the domain's memory is in %zu pieces of the machine: only the first "
			    "%u MiB of them are used",
			    f->nr, FRAMES_NOTE_MAX >> 20);
		vc->incomplete = true;
		f->nr = FRAMES_NOTE_MAX / (frames_size(f) / f->nr);
	}
	err = notes_add(vc, FRAMES_NOTE_NAME, frames_size(f), &desc);
	if (!err)
		frames_encode(f, desc, vc->swap);
	return err;
}

static int read_domain(struct domain_file *d)
{
	int err;

	if (d->sections[PFN].off)
		return read_pages(d, &d->sections[PFN], sizeof(uint64_t));
	if (!d->sections[P2M].off)
		return err_set(-EBADMSG,
			       "a domain of Xen without a table of pages: %s or %s is missing",
			       section_names[PFN], section_names[P2M]);
	err = read_pages(d, &d->sections[P2M], sizeof(struct xen_p2m));
	return err ? err : add_frames_note(d->vc, &d->frames);
}

/* The machine is that of Xen's tools: a domain may have a 32-bit kernel all the same. */
static void set_machine(struct vmcore *vc, uint16_t machine, bool big_endian)
{
	bare_init(vc);
	if (!vc->machine)
		vc->machine = machine;
	bare_set_order(vc, big_endian);
}

static int xen_domain_open(struct vmcore *vc, const void *head, size_t head_len)
{
	_cleanup_free_ struct range_piece *pieces = NULL;
	struct domain_file d = {
		.vc = vc,
		.pfn_limit = min_u64(ranges_absent_max(vc), PADDR_MAX) / XEN_PAGE,
	};
	const Elf64_Ehdr *h = head;
	bool big_endian;
	int err;

	if (head_len < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) ||
	    h->e_ident[EI_CLASS] != ELFCLASS64)
		return -ENOENT;
	big_endian = h->e_ident[EI_DATA] == ELFDATA2MSB;
	d.swap = big_endian != HOST_BIG_ENDIAN;
	if (load_u16(&h->e_type, d.swap) != ET_CORE)
		return -ENOENT;
	file_reader_init(&d.reader, &vc->file);
	err = find_sections(&d, h);
	if (!err) {
		set_machine(vc, load_u16(&h->e_machine, d.swap), big_endian);
		err = read_domain(&d);
	}
	file_reader_deinit(&d.reader);
	frames_deinit(&d.frames);
	pieces = d.pieces;
	if (!err && !d.nr)
		err = err_set(-EBADMSG, "a domain of Xen without memory%s%s",
			      vc->warning[0] ? ": " : "", vc->warning);
	return err ? err : ranges_build(vc, pieces, d.nr);
}

const struct vmcore_ops xen_domain_vmcore_ops = {
	.name = "Xen domain",
	.open = xen_domain_open,
	RANGES_OPS,
};
