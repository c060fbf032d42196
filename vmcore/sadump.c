// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the files of sadump: one partition, a set of disks, or a backup of either on media.
 *
 * The data are pages as they are, in the order of addresses, so the place of a page is found by
 * counting those before it. Pages of zeros were not written.
 */
#include "vmcore/sadump_format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/bitmap_rank.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/elf_machine.h"
#include "lib/err.h"
#include "vmcore/kdump_headers.h"
#include "vmcore/ranges.h"
#include "vmcore/vmcore.h"

/* CPUs whose state is looked at. */
#define CPUS_MAX 4096

/* The data of one disk. */
struct disk {
	unsigned int file;
	uint64_t off;	  /* of the first byte in the file */
	uint64_t bytes;	  /* that the headers say */
	uint64_t in_file; /* that there are */
};

struct sadump {
	uint32_t block;
	uint64_t part_off, dump_off; /* of headers in the first file */
	uint32_t sub_blocks, nr_cpus;
	struct bitmap ram, stored;
	struct bitmap_rank rank; /* of stored: the place of a page */
	struct disk disks[SADUMP_DISKS_MAX];
	unsigned int nr_disks;
};

static uint32_t le32(const void *p)
{
	return load_u32(p, HOST_BIG_ENDIAN);
}

static uint64_t le64(const void *p)
{
	return load_u64(p, HOST_BIG_ENDIAN);
}

static bool is_part_header(const struct sadump_part_header *h)
{
	return le32(&h->signature1) == SADUMP_SIGNATURE1 &&
	       le32(&h->signature2) == SADUMP_SIGNATURE2;
}

/* Read a header; zeros where the file ends before. */
static void read_header(struct file_reader *fr, uint64_t off, void *header, size_t size)
{
	if (file_read(fr, off, header, size))
		memset(header, 0, size);
}

/*
 * Find the headers for one size of blocks.
 * @part at offset 0, or of a media backup at the second block
 */
static bool find_dump_header(struct sadump *s, struct file_reader *fr,
			     const struct sadump_part_header *part, struct sadump_dump_header *dump)
{
	struct sadump_disk_set_header set;

	s->dump_off = s->part_off + s->block;
	if (!s->part_off && le32(&part->set_disk_set)) {
		read_header(fr, s->block, &set, sizeof(set));
		s->dump_off += (uint64_t)le32(&set.blocks) * s->block;
		s->nr_disks = le32(&set.nr_disks);
	}
	read_header(fr, s->dump_off, dump, sizeof(*dump));
	return !memcmp(dump->signature, SADUMP_DUMP_SIGNATURE, sizeof(dump->signature)) &&
	       le32(&dump->block_size) == s->block;
}

/* Find the headers of the first file. */
static int find_headers(struct sadump *s, struct file_reader *fr, struct sadump_part_header *part,
			struct sadump_dump_header *dump)
{
	bool known = false;

	for (s->block = SADUMP_BLOCK_MIN; s->block <= SADUMP_BLOCK_MAX; s->block *= 2) {
		s->part_off = 0;
		read_header(fr, 0, part, sizeof(*part));
		if (!is_part_header(part)) {
			s->part_off = s->block;
			read_header(fr, s->block, part, sizeof(*part));
		}
		if (!is_part_header(part))
			continue;
		if (find_dump_header(s, fr, part, dump))
			return 0;
		/* A dump header begins with the same bytes. */
		known |= !s->part_off;
	}
	if (!known)
		return -ENOENT;
	if (le32(&part->set_disk_set) > 1)
		return err_set(-EINVAL,
			       "disk %u of a set: name all of them with --diskset, disk 1 first",
			       le32(&part->set_disk_set));
	return err_set(-EBADMSG, "it has no dump header of sadump");
}

static int64_t seconds_of(const struct sadump_time *t)
{
	uint16_t zone = load_u16(&t->timezone, HOST_BIG_ENDIAN);
	struct tm tm = {
		.tm_year = load_u16(&t->year, HOST_BIG_ENDIAN) - 1900,
		.tm_mon = t->month - 1,
		.tm_mday = t->day,
		.tm_hour = t->hour,
		.tm_min = t->minute,
		.tm_sec = t->second,
	};
	time_t seconds = t->month >= 1 && t->month <= 12 ? timegm(&tm) : 0;

	return zone == SADUMP_NO_TIMEZONE ? seconds : seconds + (int16_t)zone * 60;
}

/* Find the state of a CPU. @return false: the file has none */
static bool find_state(const struct sadump *s, struct file_reader *fr, uint32_t id, uint64_t *ret)
{
	uint64_t off = s->dump_off + s->block, room = (uint64_t)s->sub_blocks * s->block, at;
	uint32_t size;

	if (id >= min_u64(s->nr_cpus, CPUS_MAX) || !room || file_read(fr, off, &size, sizeof(size)))
		return false;
	size = le32(&size) / s->nr_cpus;
	at = sizeof(size) + (uint64_t)s->nr_cpus * SADUMP_APIC_SIZE + (uint64_t)id * size;
	*ret = off + at;
	return size >= SADUMP_STATE_SIZE && range_fits(at, SADUMP_STATE_SIZE, room);
}

/* Return whether a CPU was in 64-bit mode; also if the file has no states of CPUs. */
static bool is_64bit(const struct sadump *s, struct file_reader *fr)
{
	uint64_t at, efer;

	for (uint32_t i = 0; find_state(s, fr, i, &at); i++)
		if (!file_read(fr, at + SADUMP_STATE_EFER, &efer, sizeof(efer)) &&
		    le64(&efer) & EFER_LMA)
			return true;
	return !find_state(s, fr, 0, &at);
}

/* Bits of a byte of their bitmaps are in the other order than ours. */
static int read_bitmap(struct vmcore *vc, struct file_reader *fr, uint64_t off, struct bitmap *b)
{
	int err = bitmap_init_stored(b, vc->max_pfn, vc->bitmaps);
	uint64_t bytes = div_round_up(vc->max_pfn, 8);
	uint8_t buf[SADUMP_BLOCK_MIN];

	for (uint64_t pos = 0; !err && pos < bytes; pos += sizeof(buf)) {
		size_t n = min_u64(bytes - pos, sizeof(buf));

		err = file_read(fr, off + pos, buf, n);
		for (size_t i = 0; i < n; i++) {
			uint8_t x = buf[i];

			x = (x & 0x0f) << 4 | x >> 4;
			x = (x & 0x33) << 2 | (x >> 2 & 0x33);
			buf[i] = (x & 0x55) << 1 | (x >> 1 & 0x55);
		}
		if (!err)
			kdump_or_bytes(b, pos, buf, n);
	}
	return err ? err_prefix(err, "reading a bitmap") : 0;
}

static int load(struct vmcore *vc, struct file_reader *fr, const struct sadump_dump_header *h,
		uint64_t *data_off)
{
	uint32_t bitmap = le32(&h->bitmap_blocks), dumpable = le32(&h->dumpable_blocks);
	uint32_t version = le32(&h->version);
	struct sadump *s = vc->priv;
	uint64_t first = s->dump_off + s->block, size = vc->file.size;
	int err;

	s->sub_blocks = le32(&h->sub_blocks);
	s->nr_cpus = le32(&h->nr_cpus);
	first += (uint64_t)s->sub_blocks * s->block;
	*data_off = first + ((uint64_t)bitmap + dumpable) * s->block;
	if (!bitmap || !dumpable || *data_off > size)
		return err_set(-EBADMSG, "its bitmaps of %u and %u blocks do not fit into the file",
			       bitmap, dumpable);
	vc->machine = is_64bit(s, fr) ? EM_X86_64 : EM_386;
	vc->is64 = vc->machine == EM_X86_64;
	vc->swap = HOST_BIG_ENDIAN;
	vc->bare = true;
	vc->page_size = s->block;
	vc->page_shift = __builtin_ctz(s->block);
	vc->header_version = version;
	vc->timestamp = seconds_of(&h->time);
	vc->max_pfn = min_u64(version ? le64(&h->max_mapnr_64) : le32(&h->max_mapnr),
			      min_u64(bitmap, dumpable) * 8 * s->block);
	vc->max_pfn = min_u64(vc->max_pfn, PADDR_MAX >> vc->page_shift);
	if (!vc->max_pfn)
		return err_set(-EBADMSG, "it has no memory");
	err = read_bitmap(vc, fr, first, &s->ram);
	if (!err)
		err = read_bitmap(vc, fr, first + (uint64_t)bitmap * s->block, &s->stored);
	if (!err)
		kdump_or_bytes(&s->ram, 0, s->stored.words, div_round_up(vc->max_pfn, 8));
	return err ? err : bitmap_rank_init(&s->rank, &s->stored);
}

/* Take a further file as the disk that its header says. */
static int add_disk(struct vmcore *vc, const struct sadump_part_header *first, const char *path)
{
	struct sadump *s = vc->priv;
	struct sadump_part_header h;
	struct file_reader fr;
	int err = vmcore_add_file(vc, path);
	const struct dump_file *f;
	uint32_t number;
	uint64_t used;

	if (err)
		return err;
	f = &vc->others[vc->nr_others - 1];
	file_reader_init(&fr, f);
	read_header(&fr, 0, &h, sizeof(h));
	file_reader_deinit(&fr);
	number = le32(&h.set_disk_set);
	used = le64(&h.used_device);
	if (!is_part_header(&h) || memcmp(&h.sadump_id, &first->sadump_id, sizeof(h.sadump_id)) ||
	    memcmp(&h.disk_set_id, &first->disk_set_id, sizeof(h.disk_set_id)))
		return err_set(-EINVAL, "%s is not a disk of this set", path);
	if (number < 2 || number > s->nr_disks || s->disks[number - 1].file)
		return err_set(-EINVAL, "%s is disk %u of this set of %u: it is not expected here",
			       path, number, s->nr_disks);
	s->disks[number - 1] = (struct disk){
		.file = vc->nr_others,
		.off = s->block,
		.bytes = used - min_u64(used, s->block),
		.in_file = f->size - min_u64(f->size, s->block),
	};
	return 0;
}

/* Find the data: of the first file, and of the other disks of its set. */
static int add_disks(struct vmcore *vc, const struct sadump_part_header *part, uint64_t data_off)
{
	struct sadump *s = vc->priv;
	bool is_set = !s->part_off && le32(&part->set_disk_set);
	const struct vmcore_options *opt = vc->options;
	uint64_t left = s->rank.total * s->block, used = le64(&part->used_device);
	unsigned int missing = 0;
	int err = 0;

	if (is_set && (s->nr_disks < 2 || s->nr_disks > SADUMP_DISKS_MAX))
		return err_set(-EBADMSG, "a set of %u disks is not possible", s->nr_disks);
	if (!is_set && opt->nr_diskset > 1)
		return err_set(-EINVAL, "it is not a disk of a set");
	if (!is_set)
		s->nr_disks = 1;
	s->disks[0] = (struct disk){ .off = data_off, .bytes = left };
	if (is_set)
		s->disks[0].bytes = used - min_u64(used, data_off);
	s->disks[0].in_file = vc->file.size - data_off;
	for (size_t i = 1; !err && i < opt->nr_diskset; i++)
		err = add_disk(vc, part, opt->diskset[i]);
	for (unsigned int i = 0; !err && i < s->nr_disks; i++) {
		struct disk *d = &s->disks[i];

		if (i && !d->file && !missing)
			missing = i + 1;
		if (missing && d->file)
			return err_set(
				-EINVAL,
				"disk %u of the set of %u is missing: name it with --diskset",
				missing, s->nr_disks);
		d->bytes = min_u64(d->bytes, left);
		d->in_file = min_u64(d->in_file, d->bytes);
		if (d->in_file < d->bytes) {
			vmcore_warn(vc, "%s is cut short: %" PRIu64 " bytes of memory are missing",
				    (d->file ? &vc->others[d->file - 1] : &vc->file)->path,
				    d->bytes - d->in_file);
			vc->incomplete = true;
		}
		left -= d->bytes;
	}
	if (err || !left)
		return err;
	vc->incomplete = true;
	if (missing && !opt->nr_diskset)
		return err_set(-EINVAL,
			       "disk 1 of a set of %u: name all of them with --diskset, this first",
			       s->nr_disks);
	if (missing)
		vmcore_warn(vc, "disk %u of the set of %u is missing", missing, s->nr_disks);
	vmcore_warn(vc, "the disks lack %" PRIu64 " bytes of memory", left);
	return 0;
}

static int sadump_open(struct vmcore *vc, const void *head __attribute__((unused)),
		       size_t head_len __attribute__((unused)))
{
	struct sadump_part_header part;
	struct sadump_dump_header dump;
	struct sadump s = { 0 };
	struct file_reader fr;
	uint64_t data_off;
	int err;

	file_reader_init(&fr, &vc->file);
	err = find_headers(&s, &fr, &part, &dump);
	if (!err) {
		vc->priv = malloc(sizeof(s));
		if (!vc->priv)
			err = err_set(-ENOMEM, "no memory for a sadump file");
	}
	if (!err) {
		memcpy(vc->priv, &s, sizeof(s));
		err = load(vc, &fr, &dump, &data_off);
	}
	file_reader_deinit(&fr);
	return err ? err : add_disks(vc, &part, data_off);
}

static void sadump_close(struct vmcore *vc)
{
	struct sadump *s = vc->priv;

	bitmap_deinit(&s->ram);
	bitmap_deinit(&s->stored);
	bitmap_rank_deinit(&s->rank);
	free(s);
}

/* The place of a byte. */
struct place_of_byte {
	unsigned int file;
	uint64_t off;
	size_t len; /* bytes that lie there together, at most to the end of the page */
	bool zero;  /* the page was not written: it holds zeros */
};

static int find(const struct vmcore *vc, paddr_t pa, size_t want, struct place_of_byte *ret)
{
	const struct sadump *s = vc->priv;
	pfn_t pfn = pa >> vc->page_shift;
	uint64_t in_page = pa & (s->block - 1), pos;

	*ret = (struct place_of_byte){ .len = min_u64(want, s->block - in_page) };
	if (pfn >= vc->max_pfn || !bitmap_test(&s->ram, pfn))
		return err_set(-EFAULT, "page %#" PRIx64 " is not in the dump", pfn);
	ret->zero = !bitmap_test(&s->stored, pfn);
	if (ret->zero)
		return 0;
	pos = bitmap_rank(&s->rank, pfn) * s->block + in_page;
	for (unsigned int i = 0; i < s->nr_disks; i++) {
		const struct disk *d = &s->disks[i];

		if (pos < d->in_file) {
			ret->file = d->file;
			ret->off = d->off + pos;
			ret->len = min_u64(ret->len, d->in_file - pos);
			return 0;
		}
		if (pos < d->bytes)
			break;
		pos -= d->bytes;
	}
	return err_set(-EFAULT, "the file ends before the data of page %#" PRIx64, pfn);
}

static int sadump_get(struct vmcore_reader *r, paddr_t pa, size_t want, const void **ptr,
		      size_t *got)
{
	static const char zeros[SADUMP_BLOCK_MIN];
	struct place_of_byte at;
	int err = find(r->vc, pa, want, &at);

	if (err)
		return err;
	if (!at.zero)
		return file_get(vmcore_file(r, at.file), at.off, at.len, ptr, got);
	*ptr = zeros;
	*got = min_u64(at.len, sizeof(zeros));
	return 0;
}

static int sadump_read(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len)
{
	char *to = buf;

	while (len) {
		struct place_of_byte at;
		int err = find(r->vc, pa, len, &at);

		if (!err && at.zero)
			memset(to, 0, at.len);
		else if (!err)
			err = file_read(vmcore_file(r, at.file), at.off, to, at.len);
		if (err)
			return err;
		to += at.len;
		pa += at.len;
		len -= at.len;
	}
	return 0;
}

/* Clear the bits of the pages whose data have the numbers [first, end). */
static void lose_pages(const struct sadump *s, uint64_t first, uint64_t end, struct bitmap *b)
{
	uint64_t nbits = s->stored.nbits;
	pfn_t pfn = first < end ? bitmap_end_of_nth_set(&s->stored, 0, first) : nbits;

	for (; first < end && pfn < nbits; first++) {
		pfn = bitmap_next_set(&s->stored, pfn, nbits);
		bitmap_clear_range(b, pfn, pfn + 1);
		pfn++;
	}
}

/* Clear the bits of the pages of which the files lack data. */
static void lose_missing(const struct sadump *s, struct bitmap *b)
{
	uint64_t done = 0;

	for (unsigned int i = 0; i < s->nr_disks; i++) {
		const struct disk *d = &s->disks[i];

		if (d->in_file < d->bytes)
			lose_pages(s, (done + d->in_file) / s->block,
				   div_round_up(done + d->bytes, s->block), b);
		done += d->bytes;
	}
	lose_pages(s, done / s->block, s->rank.total, b);
}

/* Pages that were not written are known to hold zeros: they count as stored. */
static int sadump_bitmap(struct vmcore *vc, enum vmcore_bitmap_kind which, struct bitmap *b)
{
	const struct sadump *s = vc->priv;

	kdump_or_bytes(b, 0, s->ram.words, div_round_up(vc->max_pfn, 8));
	if (which == VMCORE_STORED && vc->incomplete)
		lose_missing(s, b);
	return 0;
}

/* The bases of FS and GS are not saved. CPUs that there are not have states of zeros. */
static int sadump_cpu_regs(struct vmcore *vc, uint32_t id, uint64_t *words)
{
	enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R15 = R8 + 7, NR_REGS };
	enum { ES, CS, SS, DS, FS, GS, NR_SEGMENTS };
	uint64_t at, r[NR_REGS], seg[NR_SEGMENTS], rip, rflags;
	uint8_t state[SADUMP_STATE_SIZE];
	struct file_reader fr;
	int err = -ENOENT;

	file_reader_init(&fr, &vc->file);
	if (find_state(vc->priv, &fr, id, &at))
		err = file_read(&fr, at, state, sizeof(state));
	file_reader_deinit(&fr);
	if (err)
		return err;
	for (unsigned int i = 0; i < R8; i++)
		r[i] = le64(state + SADUMP_STATE_RAX + 8 * i);
	for (unsigned int i = R8; i < NR_REGS; i++)
		r[i] = le64(state + SADUMP_STATE_R8 - 8 * (i - R8));
	for (unsigned int i = 0; i < NR_SEGMENTS; i++)
		seg[i] = le32(state + SADUMP_STATE_ES + 4 * i);
	rip = le64(state + SADUMP_STATE_RIP);
	rflags = le64(state + SADUMP_STATE_RFLAGS);
	if (vc->is64) {
		const uint64_t w[] = {
			r[R15],	   r[R8 + 6], r[R8 + 5], r[R8 + 4], r[RBP],  r[RBX],  r[R8 + 3],
			r[R8 + 2], r[R8 + 1], r[R8],	 r[RAX],    r[RCX],  r[RDX],  r[RSI],
			r[RDI],	   0,	      rip,	 seg[CS],   rflags,  r[RSP],  seg[SS],
			0,	   0,	      seg[DS],	 seg[ES],   seg[FS], seg[GS],
		};

		memcpy(words, w, sizeof(w));
	} else {
		const uint64_t w[] = {
			r[RBX],	 r[RCX],  r[RDX], r[RSI], r[RDI],  r[RBP], r[RAX], seg[DS], seg[ES],
			seg[FS], seg[GS], 0,	  rip,	  seg[CS], rflags, r[RSP], seg[SS],
		};

		memcpy(words, w, sizeof(w));
	}
	return 0;
}

static int sadump_check(struct vmcore *vc, const struct vmcore_faults *faults)
{
	const struct sadump *s = vc->priv;
	struct sadump_part_header h;
	struct file_reader fr;

	file_reader_init(&fr, &vc->file);
	read_header(&fr, s->part_off, &h, sizeof(h));
	file_reader_deinit(&fr);
	for (size_t i = 1; i < sizeof(h.magic) / sizeof(h.magic[0]); i++)
		if (le32(&h.magic[i]) != sadump_next_magic(le32(&h.magic[i - 1]))) {
			vmcore_fault(faults,
				     "partition header: number %zu of the check sequence is wrong",
				     i);
			break;
		}
	return 0;
}

const struct vmcore_ops sadump_vmcore_ops = {
	.name = "sadump",
	.open = sadump_open,
	.close = sadump_close,
	.get = sadump_get,
	.read = sadump_read,
	.bitmap = sadump_bitmap,
	.cpu_regs = sadump_cpu_regs,
	.check = sadump_check,
};
