// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration_stream.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/elf_machine.h"
#include "lib/err.h"

/* Numbers of the stream are big-endian. */
#define SWAP (!HOST_BIG_ENDIAN)

#define STREAM_VERSION 3
/* A machine has a dozen: more are not believed. */
#define BLOCKS_MAX 4096
/* Pages of a machine: 1 PiB. */
#define PAGES_MAX (UINT64_C(1) << 38)
#define NAME_SIZE 256

/* The first byte of a section. */
enum section {
	SECTION_START = 1,
	SECTION_PART = 2,
	SECTION_END = 3,
	SECTION_FULL = 4,
	SUBSECTION = 5,
	SECTION_CONFIGURATION = 7,
	SECTION_COMMAND = 8,
	SECTION_FOOTER = 0x7e,
};

/* The lower bits of the number before each page; the upper ones are an address. */
enum page_flag {
	PAGE_ZERO = 0x02,
	PAGE_BLOCKS = 0x04,
	PAGE_BYTES = 0x08,
	PAGE_EOS = 0x10,
	PAGE_SAME_BLOCK = 0x20,
	PAGE_FLAGS = MIGRATED_PAGE - 1,
};

/* The lower bits of the numbers in the storage attributes of s390x. */
enum attributes_flag {
	ATTRIBUTES_EOS = 0x01,
	ATTRIBUTES_MORE = 0x02,
	ATTRIBUTES_DONE = 0x08,
};

/* Bytes of an entry of ppc64's page table. */
#define HASH_ENTRY 16

/*
 * The memory of QEMU's machines: hw/i386/pc_piix.c, hw/i386/pc_q35.c, hw/arm/virt.c,
 * hw/riscv/virt.c, hw/ppc/spapr.c, hw/s390x/s390-virtio-ccw.c. PCs that have memory of
 * split_from bytes or more have split_at bytes of it below 4 GiB.
 */
static const struct board {
	const char *name;  /* the beginning of the machine type's name */
	const char *block; /* the name of its memory, unless it has nodes */
	uint16_t cpus;	   /* as migrated_ram.cpus */
	paddr_t base;
	uint64_t split_from, split_at;
} boards[] = {
	{ "pc-i440fx-", "pc.ram", EM_X86_64, 0, 0xe0000000, 0xc0000000 },
	{ "pc-q35-", "pc.ram", EM_X86_64, 0, 0xb0000000, 0x80000000 },
	{ "virt-", "mach-virt.ram", EM_AARCH64, 0x40000000, UINT64_MAX, 0 },
	{ "virt", "riscv_virt_board.ram", 0, 0x80000000, UINT64_MAX, 0 },
	{ "pseries-", "ppc_spapr.ram", 0, 0, UINT64_MAX, 0 },
	{ "s390-ccw-virtio-", "s390.ram", EM_S390, 0, UINT64_MAX, 0 },
};

/* Memory that is sent under one name. */
struct block {
	char name[NAME_SIZE];
	uint64_t nr_pages;
	uint64_t first;	    /* its first page in migrated_ram.pages */
	bool memory;	    /* of the machine, not of a device */
	unsigned long node; /* memory lies in this order */
};

/* Sections that are sent in parts, and are understood. */
enum known_section { RAM, ATTRIBUTES, HASH_TABLE, NR_SECTIONS };

/* A walk through a stream. */
struct stream {
	struct vmcore *vc;
	struct file_reader fr;
	uint64_t off; /* of the next byte */
	char machine_type[NAME_SIZE];
	uint64_t sections[NR_SECTIONS]; /* their numbers plus 1; 0: it did not begin yet */
	struct block *blocks;
	size_t nr_blocks;
	const struct block *block; /* of the last page */
	struct migrated_ram *ram;
};

static int take(struct stream *s, void *buf, size_t len)
{
	char *to = buf;

	while (len) {
		const void *from;
		size_t got;
		int err = file_get(&s->fr, s->off, len, &from, &got);

		if (err)
			return err;
		memcpy(to, from, got);
		to += got;
		s->off += got;
		len -= got;
	}
	return 0;
}

static int take_u8(struct stream *s, uint8_t *ret)
{
	return take(s, ret, 1);
}

static int take_u16(struct stream *s, uint16_t *ret)
{
	int err = take(s, ret, 2);

	*ret = load_u16(ret, SWAP);
	return err;
}

static int take_u32(struct stream *s, uint32_t *ret)
{
	int err = take(s, ret, 4);

	*ret = load_u32(ret, SWAP);
	return err;
}

static int take_u64(struct stream *s, uint64_t *ret)
{
	int err = take(s, ret, 8);

	*ret = load_u64(ret, SWAP);
	return err;
}

/* QEMU's names have no other characters; messages show damaged ones. */
static void make_ascii(char *name)
{
	for (; *name; name++)
		if (!isascii(*name) || !isprint(*name))
			*name = '?';
}

/* Take a name, and the byte before it, its length. */
static int take_name(struct stream *s, char name[NAME_SIZE])
{
	uint8_t len = 0;
	int err = take_u8(s, &len);

	if (!err)
		err = take(s, name, len);
	name[len] = '\0';
	make_ascii(name);
	return err;
}

static int skip(struct stream *s, uint64_t len)
{
	if (!range_fits(s->off, len, s->vc->file.size))
		return err_set(-ENODATA, "the stream ends at offset %" PRIu64, s->vc->file.size);
	s->off += len;
	return 0;
}

/* Names of properties of the stream, some of which change its format. */
static int read_capabilities(struct stream *s)
{
	uint32_t nr = 0;
	int err = take_u32(s, &nr);

	for (uint32_t i = 0; !err && i < nr; i++) {
		char name[NAME_SIZE] = "";

		err = take_name(s, name);
		if (!err && (!strcmp(name, "mapped-ram") || !strcmp(name, "x-ignore-shared")))
			err = err_set(-ENOTSUP, "it was written with the capability %s", name);
	}
	return err;
}

static int read_page_bits(struct stream *s)
{
	uint32_t bits = 0;
	int err = take_u32(s, &bits);

	if (!err && UINT64_C(1) << (bits & 63) != MIGRATED_PAGE)
		err = err_set(-ENOTSUP, "it has pages of 2^%" PRIu32 " bytes", bits);
	return err;
}

static int read_subsection(struct stream *s)
{
	char name[NAME_SIZE] = "";
	uint32_t version;
	int err = take_name(s, name);

	if (!err)
		err = take_u32(s, &version);
	if (err)
		return err;
	if (!strcmp(name, "configuration/capabilities"))
		return read_capabilities(s);
	if (!strcmp(name, "configuration/target-page-bits"))
		return read_page_bits(s);
	if (!strcmp(name, "configuration/uuid"))
		return skip(s, 16);
	return err_set(-ENOTSUP, "the subsection %s is not known", name);
}

/* The first section: the type of the machine. */
static int read_configuration(struct stream *s)
{
	uint32_t len = 0;
	int err = take_u32(s, &len);

	if (!err && len >= NAME_SIZE)
		err = err_set(-EBADMSG, "the machine type has a name of %" PRIu32 " bytes", len);
	if (!err)
		err = take(s, s->machine_type, len);
	make_ascii(s->machine_type);
	return err;
}

static const struct board *find_board(const char *machine_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(boards); i++)
		if (!strncmp(machine_type, boards[i].name, strlen(boards[i].name)))
			return &boards[i];
	return NULL;
}

/* Tell memory of the machine from memory of devices. */
static void judge_block(struct stream *s, struct block *b, const struct board *board)
{
	static const char node[] = "ram-node", dimm[] = "memdimm";
	char *end;

	if (!strcmp(b->name, board->block)) {
		b->memory = true;
	} else if (!strncmp(b->name, node, strlen(node))) {
		b->node = strtoul(b->name + strlen(node), &end, 10);
		b->memory = !*end;
	} else if (!strncmp(b->name, dimm, strlen(dimm))) {
		vmcore_warn(s->vc,
			    "%" PRIu64 " MiB of memory (%s) are lost: a migration stream does not "
			    "tell the addresses of memory that was added",
			    b->nr_pages >> 8, b->name);
		s->vc->incomplete = true;
	}
}

static int cmp_node(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	return (x->node > y->node) - (x->node < y->node);
}

/* Find the addresses of the blocks. */
static int place_blocks(struct stream *s)
{
	struct migrated_ram *ram = s->ram;
	const struct board *board = find_board(s->machine_type);

	if (!board)
		return err_set(-ENOTSUP,
			       "the addresses of the memory of the machine type '%s' "
			       "are not known",
			       s->machine_type);
	for (size_t i = 0; i < s->nr_blocks; i++)
		judge_block(s, &s->blocks[i], board);
	if (s->nr_blocks)
		qsort(s->blocks, s->nr_blocks, sizeof(*s->blocks), cmp_node);
	for (size_t i = 0; i < s->nr_blocks; i++) {
		struct block *b = &s->blocks[i];

		b->first = ram->nr_pages;
		ram->nr_pages += b->memory ? b->nr_pages : 0;
	}
	if (!ram->nr_pages || ram->nr_pages > min_u64(s->vc->file.size, PAGES_MAX))
		return err_set(-EBADMSG,
			       "%" PRIu64 " pages of memory in a file of %" PRIu64 " bytes",
			       ram->nr_pages, s->vc->file.size);
	ram->cpus = board->cpus;
	ram->base = board->base;
	ram->low = ram->nr_pages * MIGRATED_PAGE;
	if (ram->low >= board->split_from)
		ram->low = board->split_at;
	ram->pages = calloc(ram->nr_pages, sizeof(*ram->pages));
	return ram->pages ? 0 :
			    err_set(-ENOMEM, "no memory for the places of %" PRIu64 " pages",
				    ram->nr_pages);
}

/* Read the list of blocks, which together have total bytes. */
static int read_blocks(struct stream *s, uint64_t total)
{
	int err = s->nr_blocks ? err_set(-EBADMSG, "it has two lists of memory") : 0;

	while (!err && total) {
		struct block *b;
		uint64_t size = 0;

		err = ARRAY_GROW(s->blocks, s->nr_blocks, "blocks of memory");
		if (err)
			break;
		b = &s->blocks[s->nr_blocks++];
		*b = (struct block){ 0 };
		err = take_name(s, b->name);
		if (!err)
			err = take_u64(s, &size);
		if (!err &&
		    (!size || size > total || size % MIGRATED_PAGE || s->nr_blocks > BLOCKS_MAX))
			err = err_set(-EBADMSG,
				      "the memory %s has %#" PRIx64 " of %#" PRIx64 " bytes",
				      b->name, size, total);
		b->nr_pages = size / MIGRATED_PAGE;
		total -= size;
	}
	return err ? err : place_blocks(s);
}

static int choose_block(struct stream *s)
{
	char name[NAME_SIZE] = "";
	int err = take_name(s, name);

	s->block = NULL;
	for (size_t i = 0; !err && i < s->nr_blocks; i++)
		if (!strcmp(s->blocks[i].name, name))
			s->block = &s->blocks[i];
	return err;
}

/* Read a page, of which the number before it is known. */
static int read_page(struct stream *s, uint64_t addr, unsigned int flags)
{
	uint64_t pfn = addr / MIGRATED_PAGE, place;
	uint8_t fill = 0;
	int err = flags & PAGE_SAME_BLOCK ? 0 : choose_block(s);

	if (!err && (!s->block || pfn >= s->block->nr_pages))
		err = err_set(-EBADMSG, "the page at %#" PRIx64 " is in no block of memory", addr);
	if (err)
		return err;
	place = s->off;
	if (flags & PAGE_BYTES) {
		err = skip(s, MIGRATED_PAGE);
	} else {
		err = take_u8(s, &fill);
		/* Since QEMU 1.5 these are pages of zeros only. */
		place = fill ? MIGRATED_NONE : MIGRATED_ZERO;
	}
	if (!err && s->block->memory)
		s->ram->pages[s->block->first + pfn] = place;
	return err;
}

/* Read the pages of a part of the section "ram". */
static int read_ram(struct stream *s)
{
	int err = 0;

	while (!err) {
		uint64_t start = s->off, number = 0, addr;
		unsigned int flags, what;

		err = take_u64(s, &number);
		if (err)
			break;
		flags = number & PAGE_FLAGS;
		what = flags & ~PAGE_SAME_BLOCK;
		addr = number - flags;
		if (what == PAGE_EOS)
			return 0;
		if (what == PAGE_BLOCKS)
			err = read_blocks(s, addr);
		else if (what == PAGE_BYTES || what == PAGE_ZERO)
			err = read_page(s, addr, flags);
		else
			err = err_set(-ENOTSUP,
				      "a page of the kind %#x at offset %" PRIu64
				      " (compressed or sent elsewhere)",
				      flags, start);
	}
	return err;
}

/* Skip a part of the section that tells what s390x's guests do with their pages. */
static int skip_attributes(struct stream *s)
{
	int err = 0;

	while (!err) {
		uint64_t start = s->off, number = 0, len = 0;

		err = take_u64(s, &number);
		if (err)
			break;
		switch (number & PAGE_FLAGS) {
		case ATTRIBUTES_EOS:
			return 0;
		case ATTRIBUTES_DONE:
			break;
		case ATTRIBUTES_MORE:
			err = take_u64(s, &len);
			if (!err)
				err = skip(s, len);
			break;
		default:
			err = err_set(-EBADMSG,
				      "storage attributes of the kind %#" PRIx64
				      " at offset %" PRIu64,
				      number & PAGE_FLAGS, start);
		}
	}
	return err;
}

/* Skip a part of the section of ppc64's page table, which is not in its memory. */
static int skip_hash_table(struct stream *s)
{
	uint32_t header = 0, index;
	uint16_t valid = 0, invalid = 0;
	int err = take_u32(s, &header);

	/* The size of the table; all ones: there is none, or 0: entries follow. */
	if (err || header)
		return err;
	do {
		err = take_u32(s, &index);
		if (!err)
			err = take_u16(s, &valid);
		if (!err)
			err = take_u16(s, &invalid);
		if (!err)
			err = skip(s, valid * HASH_ENTRY);
	} while (!err && (valid || invalid));
	return err;
}

static const struct {
	const char *name;
	uint32_t version;
	int (*read)(struct stream *s);
} known[NR_SECTIONS] = {
	[RAM] = { "ram", 4, read_ram },
	[ATTRIBUTES] = { "s390-storage_attributes", 0, skip_attributes },
	[HASH_TABLE] = { "spapr/htab", 1, skip_hash_table },
};

/* Read what begins a section or a part of one. */
static int read_section_head(struct stream *s, unsigned int kind, enum known_section *ret)
{
	char name[NAME_SIZE] = "";
	uint64_t start = s->off - 1;
	uint32_t number = 0, instance, version = 0;
	unsigned int k = 0;
	int err = take_u32(s, &number);

	if (!err && (kind == SECTION_PART || kind == SECTION_END)) {
		while (k < NR_SECTIONS && s->sections[k] != (uint64_t)number + 1)
			k++;
		*ret = k;
		return k < NR_SECTIONS ?
			       0 :
			       err_set(-ENOTSUP, "a section at offset %" PRIu64 " is not known",
				       start);
	}
	if (!err)
		err = take_name(s, name);
	if (!err)
		err = take_u32(s, &instance);
	if (!err)
		err = take_u32(s, &version);
	if (err)
		return err;
	while (k < NR_SECTIONS && (strcmp(name, known[k].name) || version != known[k].version))
		k++;
	if (k == NR_SECTIONS)
		return err_set(-ENOTSUP,
			       "the section %s, version %" PRIu32 ", at offset %" PRIu64
			       " is not known",
			       name, version, start);
	s->sections[k] = (uint64_t)number + 1;
	*ret = k;
	return 0;
}

static int read_command(struct stream *s)
{
	uint16_t command, len = 0;
	int err = take_u16(s, &command);

	if (!err)
		err = take_u16(s, &len);
	return err ? err : skip(s, len);
}

/* Read one section. @return 0; 1 if the memory ends with it; -errno */
static int read_section(struct stream *s)
{
	uint64_t start = s->off;
	enum known_section section;
	uint8_t kind = 0;
	int err = take_u8(s, &kind);

	if (err)
		return err;
	switch (kind) {
	case SECTION_CONFIGURATION:
		return read_configuration(s);
	case SUBSECTION:
		return read_subsection(s);
	case SECTION_COMMAND:
		return read_command(s);
	case SECTION_FOOTER:
		return skip(s, sizeof(uint32_t));
	case SECTION_START:
	case SECTION_PART:
	case SECTION_FULL:
	case SECTION_END:
		err = read_section_head(s, kind, &section);
		if (!err)
			err = known[section].read(s);
		return err ? err : section == RAM && kind == SECTION_END;
	default:
		return err_set(-EBADMSG, "%#x at offset %" PRIu64 " is no section", kind, start);
	}
}

int migration_read(struct vmcore *vc, uint64_t off, struct migrated_ram *ram)
{
	struct stream s = { .vc = vc, .off = off, .ram = ram };
	uint32_t magic, version = 0;
	int err;

	file_reader_init(&s.fr, &vc->file);
	err = take_u32(&s, &magic);
	if (!err)
		err = take_u32(&s, &version);
	if (!err && version != STREAM_VERSION)
		err = err_set(-ENOTSUP, "a migration stream of version %" PRIu32, version);
	while (!err)
		err = read_section(&s);
	file_reader_deinit(&s.fr);
	free(s.blocks);
	ram->complete = err > 0;
	ram->end = s.off;
	if (ram->complete)
		return 0;
	if (err == -ENOMEM || !ram->pages)
		return err;
	vmcore_warn(vc, "the memory in the migration stream is incomplete: %s", err_text(err));
	vc->incomplete = true;
	return 0;
}
