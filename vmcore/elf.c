// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ELF cores: /proc/vmcore, QEMU's dump-guest-memory, makedumpfile -E.
 *
 * PT_LOADs may come in any order, overlap, begin and end anywhere, and claim
 * more than the file holds. They are turned into a table of ranges that do not
 * overlap, once (vmcore/ranges.h); everything else works on that table.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/byteorder.h"
#include "lib/array.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/zero.h"
#include "coverage.h"
#include "notes.h"
#include "ranges.h"
#include "vmcore.h"

/* e_flags of an ELF core that makedumpfile could not finish. */
#define EF_INCOMPLETE 1

/*
 * PT_LOADs may share bytes of the file, as the kernel image and the memory that it lies in do,
 * but only so often.
 */
#define PRESENT_RATIO 16

/* Program headers are read this many at a time. */
#define PHDR_CHUNK 256

/*
 * Bytes of the file that may belong to no program header: padding. More of them are looked at,
 * as many samples at the most.
 */
#define PADDING_MAX 4096
#define GAP_SAMPLES 4096
#define GAP_SAMPLE_BYTES 4096

/* The fields of Elf32_Ehdr and Elf64_Ehdr that matter. */
struct elf_header {
	uint16_t type, machine, phentsize, phnum, shentsize, shnum;
	uint32_t flags;
	uint64_t phoff, shoff;
};

struct program_header {
	uint32_t type;
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

/* Bytes of memory that further PT_LOADs are believed to stand for. */
struct allowance {
	uint64_t absent; /* without bytes in the file */
	uint64_t present;
};

/* Read bytes that have to be there. */
static int read_headers(struct file_reader *r, uint64_t off, void *buf, size_t len,
			const char *what)
{
	int ret = file_read(r, off, buf, len);

	if (ret == -ENODATA)
		return err_set(-EBADMSG, "the file ends within its %s (%" PRIu64 " bytes)", what,
			       r->file->size);
	return ret ? err_prefix(ret, "%s", what) : 0;
}

static void decode_header(const struct vmcore *vc, const char *p, struct elf_header *h)
{
#define FIELD(f) (p + (vc->is64 ? offsetof(Elf64_Ehdr, f) : offsetof(Elf32_Ehdr, f)))
	h->type = load_u16(FIELD(e_type), vc->swap);
	h->machine = load_u16(FIELD(e_machine), vc->swap);
	h->flags = load_u32(FIELD(e_flags), vc->swap);
	h->phentsize = load_u16(FIELD(e_phentsize), vc->swap);
	h->phnum = load_u16(FIELD(e_phnum), vc->swap);
	h->shentsize = load_u16(FIELD(e_shentsize), vc->swap);
	h->shnum = load_u16(FIELD(e_shnum), vc->swap);
	h->phoff = load_ulong(FIELD(e_phoff), vc->is64, vc->swap);
	h->shoff = load_ulong(FIELD(e_shoff), vc->is64, vc->swap);
#undef FIELD
}

static void decode_program_header(const struct vmcore *vc, const char *p, struct program_header *h)
{
#define FIELD(f) \
	load_ulong(p + (vc->is64 ? offsetof(Elf64_Phdr, f) : offsetof(Elf32_Phdr, f)), vc->is64, \
		   vc->swap)
	h->type = load_u32(p, vc->swap);
	h->offset = FIELD(p_offset);
	h->vaddr = FIELD(p_vaddr);
	h->paddr = FIELD(p_paddr);
	h->filesz = FIELD(p_filesz);
	h->memsz = FIELD(p_memsz);
#undef FIELD
}

/* With PN_XNUM or more of them, section header 0 has their number. */
static int read_phnum(const struct vmcore *vc, struct file_reader *r, const struct elf_header *h,
		      uint32_t *ret)
{
	size_t size = vc->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	char shdr[sizeof(Elf64_Shdr)];
	int err;

	*ret = h->phnum;
	if (h->phnum != PN_XNUM)
		return 0;
	if (!h->shoff || h->shentsize != size)
		return err_set(-EBADMSG,
			       "e_phnum refers to a section header, but e_shoff is %" PRIu64
			       " and e_shentsize %u instead of %zu",
			       h->shoff, h->shentsize, size);
	err = read_headers(r, h->shoff, shdr, size, "section header");
	if (err)
		return err;
	*ret = load_u32(shdr + (vc->is64 ? offsetof(Elf64_Shdr, sh_info) :
					   offsetof(Elf32_Shdr, sh_info)),
			vc->swap);
	return 0;
}

static int check_segment(const struct vmcore_segment *s)
{
	uint64_t end;

	if (!checked_add(s->offset, s->filesz, &end))
		return err_set(-EBADMSG,
			       "file offset %#" PRIx64 " + %#" PRIx64 " bytes is no offset",
			       s->offset, s->filesz);
	if (!checked_add(s->paddr, s->memsz, &end))
		return err_set(-EBADMSG,
			       "physical address %#" PRIx64 " + %#" PRIx64 " bytes is no address",
			       s->paddr, s->memsz);
	if (end > PADDR_MAX)
		return err_set(-EBADMSG,
			       "it ends at physical address %#" PRIx64
			       ", beyond what any machine has",
			       end);
	return 0;
}

static uint64_t bytes_in_file(const struct vmcore *vc, uint64_t off, uint64_t size)
{
	return off < vc->file.size ? min_u64(size, vc->file.size - off) : 0;
}

static uint64_t multiple(uint64_t size, uint64_t times)
{
	uint64_t ret;

	return checked_mul(size, times, &ret) ? ret : UINT64_MAX;
}

/* Cut a segment to what the file can stand for. */
static void limit_segment(struct vmcore *vc, struct allowance *left, struct vmcore_segment *s,
			  uint32_t number)
{
	uint64_t present = bytes_in_file(vc, s->offset, s->filesz);

	if (present > left->present) {
		vmcore_warn(vc,
			    "PT_LOAD at program header %" PRIu32 ": its bytes of the file "
			    "belong to other PT_LOADs: it is passed over",
			    number);
		vc->incomplete = true;
		s->memsz = 0;
		return;
	}
	if (s->memsz - present > left->absent) {
		vmcore_warn(vc,
			    "PT_LOAD at program header %" PRIu32 ": p_memsz %#" PRIx64
			    " is too large for a file of %" PRIu64 " bytes: using %#" PRIx64,
			    number, s->memsz, vc->file.size, present);
		vc->incomplete = true;
		s->memsz = s->filesz = present;
	}
	left->present -= present;
	left->absent -= s->memsz - present;
}

/*
 * Virtual memory with no one place in physical memory, as in /proc/kcore. In other files it may
 * be memory whose address was damaged, unless its bytes are those of other headers, too.
 */
static bool is_virtual(const struct vmcore *vc, const struct program_header *h)
{
	return h->paddr == (vc->is64 ? UINT64_MAX : UINT32_MAX);
}

static int add_segment(struct vmcore *vc, struct allowance *left, const struct program_header *h,
		       uint32_t number)
{
	struct vmcore_segment s = {
		.paddr = h->paddr,
		.vaddr = h->vaddr,
		.offset = h->offset,
		.filesz = h->filesz,
		.memsz = h->memsz,
	};
	int ret;

	/*
	 * More data than memory: one of the two is wrong. The file's data are believed, except
	 * where another PT_LOAD has data, too.
	 */
	if (s.filesz > s.memsz) {
		s.doubtful = true;
		if (range_fits(s.offset, s.filesz, vc->file.size))
			s.memsz = s.filesz;
		else
			s.filesz = s.memsz;
	}
	if (!s.memsz || is_virtual(vc, h))
		return 0;
	limit_segment(vc, left, &s, number);
	if (!s.memsz)
		return 0;
	ret = check_segment(&s);
	if (ret) {
		vmcore_warn(vc, "PT_LOAD at program header %" PRIu32 " is passed over: %s", number,
			    err_text(ret));
		vc->incomplete = true;
		return 0;
	}
	if (ARRAY_GROW(vc->segments, vc->nr_segments, "PT_LOADs"))
		return -ENOMEM;
	vc->segments[vc->nr_segments++] = s;
	return 0;
}

/* The bytes of the file that headers claim. */
struct claims {
	struct coverage placed;
	struct coverage unplaced; /* by headers of memory without a physical address */
};

/* Remember which bytes of the file a header claims. */
static void add_claim(const struct vmcore *vc, struct coverage *c, uint64_t off, uint64_t size)
{
	coverage_add(c, off, bytes_in_file(vc, off, size));
}

/* Return whether bytes of the file are room that was not used: samples of it are zeros. */
static bool is_empty(struct file_reader *r, uint64_t start, uint64_t end)
{
	uint64_t step = max_u64((end - start) / GAP_SAMPLES, GAP_SAMPLE_BYTES);
	char sample[GAP_SAMPLE_BYTES];

	for (uint64_t at = start; at < end; at += step) {
		size_t len = min_u64(end - at, sizeof(sample));

		if (!file_read(r, at, sample, len) && !all_zero(sample, len))
			return false;
	}
	return true;
}

/*
 * Find bytes of the file that no header claims: a damaged header may stand for less than it did,
 * or for nothing. Sections may have any bytes, and a block device is larger than its contents.
 */
static void check_claims(struct vmcore *vc, struct file_reader *r, const struct elf_header *h,
			 const struct claims *c)
{
	uint64_t size = vc->file.size, pos, end;
	struct stat st;

	if (h->shnum > 1)
		return;
	for (pos = coverage_gap(&c->placed, 0, size); pos < size;
	     pos = coverage_gap(&c->placed, end, size)) {
		bool unplaced;

		end = coverage_next(&c->placed, pos, size);
		unplaced = coverage_next(&c->unplaced, pos, end) < end;
		if (!unplaced && (end - pos <= PADDING_MAX || is_empty(r, pos, end)))
			continue;
		if (!unplaced && end == size && !fstat(vc->file.fd, &st) && S_ISBLK(st.st_mode))
			continue;
		vmcore_warn(vc,
			    "memory may be missing: %" PRIu64 " bytes at offset %#" PRIx64
			    " belong to %s",
			    end - pos, pos,
			    unplaced ? "a PT_LOAD without a physical address" :
				       "no program header");
		vc->incomplete = true;
		return;
	}
}

static int by_offset(const void *a, const void *b)
{
	const struct vmcore_segment *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/*
 * Find bytes of the file that two PT_LOADs have at different addresses: one of the two is
 * damaged. Without memory the dump is made all the same.
 */
static void check_shared(struct vmcore *vc)
{
	_cleanup_free_ struct vmcore_segment *sorted = NULL;
	const struct vmcore_segment *last = NULL; /* the one that reaches farthest */

	sorted = reallocarray(NULL, vc->nr_segments, sizeof(*sorted));
	if (!sorted)
		return;
	memcpy(sorted, vc->segments, vc->nr_segments * sizeof(*sorted));
	qsort(sorted, vc->nr_segments, sizeof(*sorted), by_offset);
	for (size_t i = 0; i < vc->nr_segments; i++) {
		const struct vmcore_segment *s = &sorted[i];

		if (s->doubtful || !s->filesz)
			continue;
		if (last && s->offset < last->offset + last->filesz &&
		    s->offset - s->paddr != last->offset - last->paddr) {
			vmcore_warn(vc,
				    "pages may be at wrong addresses: PT_LOADs of %#" PRIx64
				    " and %#" PRIx64 " have the same bytes of the file",
				    last->paddr, s->paddr);
			vc->incomplete = true;
			return;
		}
		if (!last || s->offset + s->filesz > last->offset + last->filesz)
			last = s;
	}
}

/* The walk over the program headers. */
struct headers {
	struct vmcore *vc;
	struct file_reader *r;
	struct claims *claims;
	struct allowance left;
	size_t size; /* of one, bytes */
};

/* Read a program header if one is there: it has bytes of the file after itself. */
static bool find_header(const struct headers *w, uint64_t off, struct program_header *ret)
{
	char raw[sizeof(Elf64_Phdr)];

	if (!range_fits(off, w->size, w->vc->file.size) || file_read(w->r, off, raw, w->size))
		return false;
	decode_program_header(w->vc, raw, ret);
	return (ret->type == PT_LOAD || ret->type == PT_NOTE) && ret->filesz &&
	       ret->offset >= off + w->size &&
	       range_fits(ret->offset, ret->filesz, w->vc->file.size);
}

/* Use the usual offset and size of program headers if what the ELF header has is impossible. */
static void repair_table(const struct headers *w, struct elf_header *h, uint32_t *phnum)
{
	struct vmcore *vc = w->vc;
	uint64_t usual = vc->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	struct program_header ph;

	if (h->phentsize != w->size)
		vmcore_warn(vc, "e_phentsize is %u instead of %zu", h->phentsize, w->size);
	if (h->phoff != usual && !find_header(w, h->phoff, &ph) && find_header(w, usual, &ph)) {
		vmcore_warn(vc, "e_phoff is %" PRIu64 ": using %" PRIu64, h->phoff, usual);
		h->phoff = usual;
	}
	if (range_fits(h->phoff, *phnum * (uint64_t)w->size, vc->file.size))
		return;
	vmcore_warn(vc,
		    "the file ends within its program headers: %" PRIu32 " at offset %" PRIu64
		    ", but it has %" PRIu64 " bytes",
		    *phnum, h->phoff, vc->file.size);
	*phnum = 0;
}

/* Dumps have no headers of other types with bytes of the file: the type is damaged. */
static void check_other(struct vmcore *vc, const struct program_header *ph, uint32_t number)
{
	if (!ph->filesz || !range_fits(ph->offset, ph->filesz, vc->file.size))
		return;
	vmcore_warn(vc,
		    "program header %" PRIu32 " is passed over: it is neither PT_LOAD nor PT_NOTE, "
		    "but has %" PRIu64 " bytes [p_type %#" PRIx32 "]",
		    number, ph->filesz, ph->type);
	vc->incomplete = true;
}

static int add_header(struct headers *w, const struct program_header *ph, uint32_t number)
{
	bool unplaced = ph->type == PT_LOAD && is_virtual(w->vc, ph);

	if (ph->type != PT_LOAD && ph->type != PT_NOTE) {
		check_other(w->vc, ph, number);
		return 0;
	}
	if (unplaced && file_is_kcore(&w->vc->file))
		add_claim(w->vc, &w->claims->placed, 0, w->vc->file.size);
	add_claim(w->vc, unplaced ? &w->claims->unplaced : &w->claims->placed, ph->offset,
		  ph->filesz);
	if (ph->type == PT_LOAD)
		return add_segment(w->vc, &w->left, ph, number);
	notes_load(w->vc, w->r, ph->offset, ph->filesz);
	return 0;
}

/* Read nr program headers at an offset; those on a bad sector are passed over. */
static int read_chunk(struct headers *w, uint64_t off, uint32_t first, uint32_t nr)
{
	char chunk[PHDR_CHUNK * sizeof(Elf64_Phdr)];
	int whole = file_read(w->r, off, chunk, nr * w->size), err = 0;

	for (uint32_t i = 0; !err && i < nr; i++) {
		struct program_header ph;
		char *raw = chunk + i * w->size;
		int bad = whole ? file_read(w->r, off + i * w->size, raw, w->size) : 0;

		if (bad) {
			vmcore_warn(w->vc, "program header %" PRIu32 " is passed over: %s",
				    first + i, err_text(bad));
			w->vc->incomplete = true;
			continue;
		}
		decode_program_header(w->vc, raw, &ph);
		err = add_header(w, &ph, first + i);
	}
	return err;
}

/* Read program headers after those that are counted, if they have bytes that no other has. */
static int read_uncounted(struct headers *w, uint64_t phoff, uint32_t phnum)
{
	struct program_header ph;
	uint32_t nr = phnum;
	int err = 0;

	while (!err && find_header(w, phoff + nr * (uint64_t)w->size, &ph)) {
		uint64_t end = ph.offset + ph.filesz;

		if (coverage_next(&w->claims->placed, ph.offset, end) != end)
			break;
		err = add_header(w, &ph, nr++);
	}
	if (!err && nr > phnum)
		vmcore_warn(w->vc,
			    "e_phnum is %" PRIu32 ", but there are %" PRIu32 " program headers",
			    phnum, nr);
	add_claim(w->vc, &w->claims->placed, phoff, nr * (uint64_t)w->size);
	return err;
}

static int read_program_headers(struct vmcore *vc, struct file_reader *r, struct elf_header *h,
				struct claims *claims)
{
	struct headers w = {
		.vc = vc,
		.r = r,
		.claims = claims,
		.left.absent = ranges_absent_max(vc),
		.left.present = multiple(vc->file.size, PRESENT_RATIO),
		.size = vc->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr),
	};
	uint32_t phnum;
	int ret;

	ret = read_phnum(vc, r, h, &phnum);
	if (ret) {
		vmcore_warn(vc, "%s", err_text(ret));
		phnum = 0;
	}
	repair_table(&w, h, &phnum);
	add_claim(vc, &claims->placed, 0, vc->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr));
	if (h->shoff)
		add_claim(vc, &claims->placed, h->shoff,
			  vc->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr));
	ret = 0;
	for (uint32_t i = 0; !ret && i < phnum; i += PHDR_CHUNK)
		ret = read_chunk(&w, h->phoff + i * (uint64_t)w.size, i,
				 min_u64(PHDR_CHUNK, phnum - i));
	if (!ret)
		ret = read_uncounted(&w, h->phoff, phnum);
	if (ret)
		return ret;
	if (vc->nr_segments)
		return 0;
	if (!phnum && !vc->warning[0])
		return err_set(-EBADMSG, "the ELF header speaks of no program headers");
	if (vc->warning[0])
		return err_set(-EBADMSG, "it holds no memory: %s", vc->warning);
	return err_set(-EBADMSG,
		       "it holds no memory: none of its %" PRIu32
		       " program headers is a PT_LOAD of any size",
		       phnum);
}

/* Cut the PT_LOADs where their source changes. Says how far the file should reach. */
static size_t cut_segments(const struct vmcore *vc, struct range_piece *pieces, uint64_t *file_end)
{
	size_t n = 0;

	*file_end = 0;
	for (size_t i = 0; i < vc->nr_segments; i++) {
		const struct vmcore_segment *s = &vc->segments[i];
		size_t index = s->doubtful ? vc->nr_segments + i : i;
		paddr_t lost = s->paddr + bytes_in_file(vc, s->offset, s->filesz);
		paddr_t zero = s->paddr + s->filesz;
		const struct memory_range parts[] = {
			{ s->paddr, lost, s->offset, 0, RANGE_FILE },
			{ lost, zero, 0, 0, RANGE_LOST },
			{ zero, s->paddr + s->memsz, 0, 0, RANGE_ZERO },
		};

		for (size_t j = 0; j < ARRAY_SIZE(parts); j++)
			ranges_add(pieces, &n, index, &parts[j]);
		if (s->filesz)
			*file_end = max_u64(*file_end, s->offset + s->filesz);
	}
	return n;
}

static int build_ranges(struct vmcore *vc)
{
	_cleanup_free_ struct range_piece *pieces = NULL;
	uint64_t file_end;

	pieces = reallocarray(NULL, vc->nr_segments, 3 * sizeof(*pieces));
	if (!pieces)
		return err_set(-ENOMEM, "no memory for a table of %zu PT_LOADs", vc->nr_segments);
	if (ranges_build(vc, pieces, cut_segments(vc, pieces, &file_end)))
		return -ENOMEM;
	if (file_end > vc->file.size) {
		vmcore_warn(vc, "the file is cut short: it has %" PRIu64 " of %" PRIu64 " bytes",
			    vc->file.size, file_end);
		vc->incomplete = true;
	}
	return 0;
}

static int elf_open(struct vmcore *vc, const void *head, size_t head_len)
{
	_cleanup_free_ struct claims *claims = NULL;
	const unsigned char *ident = head;
	struct elf_header h;
	struct file_reader r;
	int ret;

	if (head_len < SELFMAG || memcmp(head, ELFMAG, SELFMAG))
		return -ENOENT;
	if (head_len < EI_NIDENT)
		return err_set(-EBADMSG, "the file ends within its ELF header (%zu bytes)",
			       head_len);
	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
		return err_set(-EBADMSG, "an ELF file of unknown class %u", ident[EI_CLASS]);
	if (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)
		return err_set(-EBADMSG, "an ELF file of unknown byte order %u", ident[EI_DATA]);
	vc->is64 = ident[EI_CLASS] == ELFCLASS64;
	vc->big_endian = ident[EI_DATA] == ELFDATA2MSB;
	vc->swap = vc->big_endian != HOST_BIG_ENDIAN;
	if (head_len < (vc->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return err_set(-EBADMSG, "the file ends within its ELF header (%zu bytes)",
			       head_len);
	decode_header(vc, head, &h);
	if (h.type != ET_CORE)
		return err_set(-ENOTSUP, "an ELF file, but not a core (e_type is %u)", h.type);
	vc->machine = h.machine;
	vc->incomplete = h.flags & EF_INCOMPLETE;

	claims = calloc(1, sizeof(*claims));
	if (!claims)
		return err_set(-ENOMEM, "no memory to read program headers");
	file_reader_init(&r, &vc->file);
	ret = read_program_headers(vc, &r, &h, claims);
	if (!ret)
		ret = build_ranges(vc);
	if (!ret) {
		check_claims(vc, &r, &h, claims);
		check_shared(vc);
	}
	file_reader_deinit(&r);
	return ret;
}

const struct vmcore_ops elf_vmcore_ops = {
	.name = "ELF core",
	.open = elf_open,
	RANGES_OPS,
};
