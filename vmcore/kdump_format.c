// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump_format.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/elf_machine.h"
#include "lib/err.h"
#include "lib/types.h"

/* Index of a layout in the tables below. */
enum { LAYOUT_64, LAYOUT_32_ALIGN8, LAYOUT_32_ALIGN4, NR_LAYOUTS };

/* Bytes of a structure in the file. */
struct placement {
	uint16_t off;
	uint8_t size; /* 4 or 8 */
};

/* One integer: where it is in our struct, and where in each layout. */
struct field {
	uint16_t member;     /* offset in our struct */
	uint8_t member_size; /* 4 or 8 bytes */
	uint8_t version;     /* the first header version that has it */
	bool is_signed;
	struct placement at[NR_LAYOUTS];
};

#define FIELD(type, name, since, sign, ...) \
	{ \
		.member = offsetof(struct type, name), \
		.member_size = sizeof(((struct type *)0)->name), .version = since, \
		.is_signed = sign, .at = { __VA_ARGS__ }, \
	}
#define HEADER(name, ...) FIELD(kdump_header, name, 0, true, __VA_ARGS__)
#define SUB(name, since, ...) FIELD(kdump_sub_header, name, since, false, __VA_ARGS__)

/* In front of the integers that differ, all layouts are the same. */
#define HEADER_UTSNAME_OFF (KDUMP_SIGNATURE_SIZE + 4)

/*				64-bit		32-bit, align 8	32-bit, align 4 */
static const struct field header_fields[] = {
	HEADER(version, { 8, 4 }, { 8, 4 }, { 8, 4 }),
	HEADER(timestamp, { 408, 8 }, { 404, 4 }, { 404, 4 }),
	HEADER(status, { 424, 4 }, { 412, 4 }, { 412, 4 }),
	HEADER(block_size, { 428, 4 }, { 416, 4 }, { 416, 4 }),
	HEADER(sub_hdr_size, { 432, 4 }, { 420, 4 }, { 420, 4 }),
	HEADER(bitmap_blocks, { 436, 4 }, { 424, 4 }, { 424, 4 }),
	HEADER(max_mapnr, { 440, 4 }, { 428, 4 }, { 428, 4 }),
	HEADER(nr_cpus, { 460, 4 }, { 448, 4 }, { 448, 4 }),
};
static const uint16_t header_sizes[NR_LAYOUTS] = { 464, 452, 452 };

static const struct field sub_header_fields[] = {
	SUB(phys_base, 0, { 0, 8 }, { 0, 4 }, { 0, 4 }),
	SUB(dump_level, 1, { 8, 4 }, { 4, 4 }, { 4, 4 }),
	SUB(split, 2, { 12, 4 }, { 8, 4 }, { 8, 4 }),
	SUB(start_pfn, 2, { 16, 8 }, { 12, 4 }, { 12, 4 }),
	SUB(end_pfn, 2, { 24, 8 }, { 16, 4 }, { 16, 4 }),
	SUB(offset_vmcoreinfo, 3, { 32, 8 }, { 24, 8 }, { 20, 8 }),
	SUB(size_vmcoreinfo, 3, { 40, 8 }, { 32, 4 }, { 28, 4 }),
	SUB(offset_note, 4, { 48, 8 }, { 40, 8 }, { 32, 8 }),
	SUB(size_note, 4, { 56, 8 }, { 48, 4 }, { 40, 4 }),
	SUB(offset_eraseinfo, 5, { 64, 8 }, { 56, 8 }, { 44, 8 }),
	SUB(size_eraseinfo, 5, { 72, 8 }, { 64, 4 }, { 52, 4 }),
	SUB(start_pfn_64, 6, { 80, 8 }, { 72, 8 }, { 56, 8 }),
	SUB(end_pfn_64, 6, { 88, 8 }, { 80, 8 }, { 64, 8 }),
	SUB(max_mapnr_64, 6, { 96, 8 }, { 88, 8 }, { 72, 8 }),
};
static const uint16_t sub_header_sizes[NR_LAYOUTS] = { 104, 96, 80 };

static unsigned int layout_index(const struct kdump_layout *l)
{
	if (l->is64)
		return LAYOUT_64;
	return l->align8 ? LAYOUT_32_ALIGN8 : LAYOUT_32_ALIGN4;
}

size_t kdump_header_size(const struct kdump_layout *l)
{
	return header_sizes[layout_index(l)];
}

size_t kdump_sub_header_size(const struct kdump_layout *l)
{
	return sub_header_sizes[layout_index(l)];
}

static void encode_fields(const struct kdump_layout *l, const struct field *fields, size_t nr,
			  const void *from, void *buf)
{
	for (size_t i = 0; i < nr; i++) {
		const struct field *f = &fields[i];
		const char *member = (const char *)from + f->member;
		unsigned int which = layout_index(l);
		char *to = (char *)buf + f->at[which].off;
		uint64_t v;

		v = f->member_size == 8 ? load_u64(member, false) : load_u32(member, false);
		if (f->at[which].size == 8)
			store_u64(to, v, l->swap);
		else
			store_u32(to, v, l->swap);
	}
}

static void decode_fields(const struct kdump_layout *l, const struct field *fields, size_t nr,
			  int32_t version, const void *buf, void *to)
{
	for (size_t i = 0; i < nr; i++) {
		const struct field *f = &fields[i];
		char *member = (char *)to + f->member;
		unsigned int which = layout_index(l);
		const char *from = (const char *)buf + f->at[which].off;
		uint64_t v = 0;

		if (version >= f->version) {
			v = load_ulong(from, f->at[which].size == 8, l->swap);
			if (f->is_signed && f->at[which].size == 4)
				v = (int32_t)v;
		}
		if (f->member_size == 8)
			store_u64(member, v, false);
		else
			store_u32(member, v, false);
	}
}

void kdump_encode_header(const struct kdump_layout *l, const struct kdump_header *h, void *buf)
{
	memset(buf, 0, kdump_header_size(l));
	memcpy(buf, KDUMP_SIGNATURE, KDUMP_SIGNATURE_SIZE);
	memcpy((char *)buf + HEADER_UTSNAME_OFF, &h->utsname, sizeof(h->utsname));
	encode_fields(l, header_fields, ARRAY_SIZE(header_fields), h, buf);
}

void kdump_encode_sub_header(const struct kdump_layout *l, const struct kdump_sub_header *h,
			     void *buf)
{
	memset(buf, 0, kdump_sub_header_size(l));
	encode_fields(l, sub_header_fields, ARRAY_SIZE(sub_header_fields), h, buf);
}

/* The bytes of a member. */
static const struct placement *place_of(const struct kdump_layout *l, const struct field *fields,
					size_t member)
{
	while (fields->member != member)
		fields++;
	return &fields->at[layout_index(l)];
}

void kdump_set_incomplete(const struct kdump_layout *l, void *buf)
{
	char *p = (char *)buf +
		  place_of(l, header_fields, offsetof(struct kdump_header, status))->off;

	store_u32(p, load_u32(p, l->swap) | KDUMP_INCOMPLETE, l->swap);
}

void kdump_eraseinfo_fields(const struct kdump_layout *l, size_t *start, size_t *end)
{
	const struct placement *first, *last;

	first = place_of(l, sub_header_fields, offsetof(struct kdump_sub_header, offset_eraseinfo));
	last = place_of(l, sub_header_fields, offsetof(struct kdump_sub_header, size_eraseinfo));
	*start = first->off;
	*end = last->off + last->size;
}

void kdump_utsname_terminate(struct kdump_utsname *u)
{
	u->sysname[UTS_LEN - 1] = u->nodename[UTS_LEN - 1] = '\0';
	u->release[UTS_LEN - 1] = u->version[UTS_LEN - 1] = '\0';
	u->machine[UTS_LEN - 1] = u->domainname[UTS_LEN - 1] = '\0';
}

void kdump_decode_header(const struct kdump_layout *l, const void *buf, struct kdump_header *h)
{
	struct kdump_utsname *u = &h->utsname;

	_Static_assert(sizeof(*u) == 6 * UTS_LEN, "the strings follow each other");
	memcpy(u, (const char *)buf + HEADER_UTSNAME_OFF, sizeof(*u));
	kdump_utsname_terminate(u);
	decode_fields(l, header_fields, ARRAY_SIZE(header_fields), 0, buf, h);
}

void kdump_decode_sub_header(const struct kdump_layout *l, int32_t version, const void *buf,
			     struct kdump_sub_header *h)
{
	decode_fields(l, sub_header_fields, ARRAY_SIZE(sub_header_fields), version, buf, h);
}

void kdump_encode_page_desc(const struct kdump_layout *l, const struct kdump_page_desc *d,
			    void *buf)
{
	char *p = buf;

	store_u64(p, d->offset, l->swap);
	store_u32(p + 8, d->size, l->swap);
	store_u32(p + 12, d->flags, l->swap);
	store_u64(p + 16, d->page_flags, l->swap);
}

void kdump_decode_page_desc(const struct kdump_layout *l, const void *buf,
			    struct kdump_page_desc *d)
{
	const char *p = buf;

	d->offset = load_u64(p, l->swap);
	d->size = load_u32(p + 8, l->swap);
	d->flags = load_u32(p + 12, l->swap);
	d->page_flags = load_u64(p + 16, l->swap);
}

uint64_t kdump_starts_offset(const struct kdump_layout *l, const struct kdump_header *h,
			     const struct kdump_sub_header *s)
{
	uint64_t off = h->block_size + kdump_sub_header_size(l);
	uint64_t end = (1 + (uint64_t)h->sub_hdr_size) * h->block_size;

	if (s->size_note) {
		if (!range_fits(s->offset_note, s->size_note, end))
			return 0;
		off = max_u64(off, s->offset_note + s->size_note);
	}
	off = div_round_up(off, 8) * 8;
	return range_fits(off, KDUMP_STARTS_SIZE, end) ? off : 0;
}

bool kdump_block_size_ok(int64_t size)
{
	return size >= KDUMP_BLOCK_SIZE_MIN && size <= KDUMP_BLOCK_SIZE_MAX && !(size & (size - 1));
}

int kdump_guess_layout(const void *buf, struct kdump_layout *ret)
{
	struct kdump_header h[2];
	int best = 0;

	for (int i = 0; i < 4; i++) {
		struct kdump_layout l = { .is64 = !(i & 1), .align8 = i & 1, .swap = i & 2 };
		int score;

		kdump_decode_header(&l, buf, &h[0]);
		/* Far more than exist: separates a version that is too new from damage. */
		if (h[0].version < 0 || h[0].version > UINT8_MAX ||
		    !kdump_block_size_ok(h[0].block_size))
			continue;
		/*
		 * The number of pages of a 32-bit dump lies where a 64-bit one
		 * has the block size, and may look like one; but then, what
		 * follows is always 0.
		 */
		score = 1 + (h[0].sub_hdr_size > 0 && h[0].bitmap_blocks > 0);
		if (score > best) {
			best = score;
			*ret = l;
		}
	}
	if (best)
		return 0;
	for (int i = 0; i < 2; i++) {
		struct kdump_layout l = { .is64 = !i };

		l.swap = load_u32((const char *)buf + KDUMP_SIGNATURE_SIZE, true) <
			 load_u32((const char *)buf + KDUMP_SIGNATURE_SIZE, false);
		kdump_decode_header(&l, buf, &h[i]);
	}
	return err_set(-EBADMSG, "the kdump header is invalid: version %d, block size %d or %d",
		       h[0].version, h[0].block_size, h[1].block_size);
}

/* Count the right facts among those that a sub-header states twice, or within limits. */
static int sub_header_score(const struct kdump_layout *l, const struct kdump_header *h,
			    const void *buf)
{
	uint64_t start = h->block_size;
	uint64_t end = (1 + (uint64_t)h->sub_hdr_size) * h->block_size;
	struct kdump_sub_header s;
	int score = 0;

	kdump_decode_sub_header(l, h->version, buf, &s);
	if (s.size_vmcoreinfo)
		score += s.offset_vmcoreinfo >= start && s.offset_vmcoreinfo < end &&
			 s.size_vmcoreinfo <= end - s.offset_vmcoreinfo;
	if (s.size_note)
		score += s.offset_note >= start && s.offset_note < end &&
			 s.size_note <= end - s.offset_note;
	if (h->version >= 6)
		score += s.max_mapnr_64 &&
			 (s.max_mapnr_64 == h->max_mapnr ||
			  (s.max_mapnr_64 > UINT32_MAX && h->max_mapnr == UINT32_MAX));
	return score;
}

void kdump_guess_sub_layout(const struct kdump_header *h, const void *buf, struct kdump_layout *l)
{
	struct kdump_layout align8 = *l, align4 = *l;
	int score8, score4;

	if (l->is64)
		return;
	align8.align8 = true;
	align4.align8 = false;
	score8 = sub_header_score(&align8, h, buf);
	score4 = sub_header_score(&align4, h, buf);
	if (score8 != score4)
		l->align8 = score8 > score4;
	else
		l->align8 = kdump_machine_of_uts(h->utsname.machine) != EM_386;
}

static const uint32_t codec_flags[] = {
	[CODEC_NONE] = 0,	   [CODEC_ZLIB] = KDUMP_ZLIB,
	[CODEC_LZO] = KDUMP_LZO,   [CODEC_SNAPPY] = KDUMP_SNAPPY,
	[CODEC_ZSTD] = KDUMP_ZSTD,
};
_Static_assert(ARRAY_SIZE(codec_flags) == NR_CODECS, "a format without a flag");

enum codec_id kdump_codec_of_flags(uint32_t flags)
{
	uint32_t all = 0;

	for (size_t i = 0; i < NR_CODECS; i++)
		all |= codec_flags[i];
	for (size_t i = 0; i < NR_CODECS; i++) {
		if ((flags & all) == codec_flags[i])
			return i;
	}
	return CODEC_NONE;
}

uint32_t kdump_flags_of_codec(enum codec_id id)
{
	return codec_flags[id];
}

const char *kdump_uts_of_machine(uint16_t machine, bool is64, bool big_endian)
{
	switch (machine) {
	case EM_X86_64:
		return "x86_64";
	case EM_386:
		return "i686";
	case EM_AARCH64:
		return "aarch64";
	case EM_ARM:
		return "armv7l";
	case EM_PPC64:
		return big_endian ? "ppc64" : "ppc64le";
	case EM_PPC:
		return "ppc";
	case EM_S390:
		return is64 ? "s390x" : "s390";
	case EM_RISCV:
		return is64 ? "riscv64" : "riscv32";
	case EM_LOONGARCH:
		return is64 ? "loongarch64" : "loongarch32";
	case EM_MIPS:
		return is64 ? "mips64" : "mips";
	case EM_SPARCV9:
		return "sparc64";
	case EM_IA_64:
		return "ia64";
	default:
		return NULL;
	}
}

uint16_t kdump_machine_of_uts(const char *machine)
{
	/* The first prefix that fits counts. */
	static const struct {
		const char *prefix;
		uint16_t em;
	} machines[] = {
		{ "x86_64", EM_X86_64 },
		{ "i386", EM_386 },
		{ "i486", EM_386 },
		{ "i586", EM_386 },
		{ "i686", EM_386 },
		{ "aarch64", EM_AARCH64 },
		{ "arm64", EM_AARCH64 },
		{ "arm", EM_ARM },
		{ "ppc64", EM_PPC64 },
		{ "ppc", EM_PPC },
		{ "s390", EM_S390 },
		{ "riscv", EM_RISCV },
		{ "loongarch", EM_LOONGARCH },
		{ "mips", EM_MIPS },
		{ "sparc64", EM_SPARCV9 },
		{ "ia64", EM_IA_64 },
	};

	/* QEMU writes some of them in capitals. */
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (!strncasecmp(machine, machines[i].prefix, strlen(machines[i].prefix)))
			return machines[i].em;
	return 0;
}
