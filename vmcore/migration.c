// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Migration streams of QEMU, and the files of virsh save, which hold one: see
 * migration_stream.h. They tell nothing about the kernel.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "vmcore/bare.h"
#include "vmcore/migration_cpus.h"
#include "vmcore/migration_stream.h"
#include "vmcore/ranges.h"

#define ABOVE_4G (UINT64_C(4) << 30)

static const char qemu_magic[] = { 'Q', 'E', 'V', 'M' };

/* The header of libvirt, in the byte order of the host that wrote it. */
struct libvirt_header {
	char magic[16]; /* "LibvirtQemudSave"; "...Part": it was not finished */
	uint32_t version;
	uint32_t data_len; /* bytes of the description after the header; the stream follows */
	uint32_t was_running;
	uint32_t compressed; /* the way in which the stream is: see packers */
	uint32_t cookie_offset;
	uint32_t unused[14];
};

#define LIBVIRT_VERSION_MAX 3

/* Programs that decompress the stream, by the number that libvirt has for its compression. */
static const char *const packers[] = { NULL, "zcat", "bzcat", "xzcat", "lzop -dc", "zstdcat" };

/* Find the stream in a file of libvirt. */
static int read_libvirt_header(const struct libvirt_header *h, uint64_t *off)
{
	bool swap = load_u32(&h->version, false) > LIBVIRT_VERSION_MAX;
	uint32_t compressed = load_u32(&h->compressed, swap);

	*off = sizeof(*h) + (uint64_t)load_u32(&h->data_len, swap);
	if (!compressed)
		return 0;
	if (compressed >= ARRAY_SIZE(packers))
		return err_set(-ENOTSUP,
			       "a save file of libvirt of the kind %" PRIu32 ": make a "
			       "dump with virsh dump --memory-only",
			       compressed);
	return err_set(-ENOTSUP,
		       "its migration stream is compressed: decompress it with "
		       "'tail -c +%" PRIu64 " FILE | %s', and use that",
		       *off + 1, packers[compressed]);
}

/* Find the stream. @return as the open() of a format */
static int find_stream(struct vmcore *vc, const void *head, size_t head_len, uint64_t *off)
{
	const struct libvirt_header *h = head;
	struct file_reader fr;
	char magic[sizeof(qemu_magic)];
	int err;

	*off = 0;
	if (head_len >= sizeof(qemu_magic) && !memcmp(head, qemu_magic, sizeof(qemu_magic)))
		return 0;
	if (head_len < sizeof(*h) || (memcmp(h->magic, "LibvirtQemudSave", sizeof(h->magic)) &&
				      memcmp(h->magic, "LibvirtQemudPart", sizeof(h->magic))))
		return -ENOENT;
	err = read_libvirt_header(h, off);
	if (err)
		return err;
	file_reader_init(&fr, &vc->file);
	err = file_read(&fr, *off, magic, sizeof(magic));
	file_reader_deinit(&fr);
	if (!err && memcmp(magic, qemu_magic, sizeof(magic)))
		err = err_set(-EBADMSG,
			      "a save file of libvirt without a migration stream at "
			      "offset %" PRIu64,
			      *off);
	return err;
}

static paddr_t address_of(const struct migrated_ram *ram, uint64_t page)
{
	uint64_t pos = page * MIGRATED_PAGE;

	return pos < ram->low ? ram->base + pos : ABOVE_4G + (pos - ram->low);
}

static int migration_open(struct vmcore *vc, const void *head, size_t head_len)
{
	struct migrated_ram *ram;
	uint64_t off;
	int err = find_stream(vc, head, head_len, &off);

	if (err)
		return err;
	ram = calloc(1, sizeof(*ram));
	if (!ram)
		return err_set(-ENOMEM, "no memory to open it");
	vc->priv = ram;
	bare_init(vc);
	err = migration_read(vc, off, ram);
	if (err)
		return err;
	vc->memory_end = address_of(ram, ram->nr_pages - 1) + MIGRATED_PAGE;
	return ram->complete ? migration_add_cpus(vc, ram) : 0;
}

static void migration_close(struct vmcore *vc)
{
	struct migrated_ram *ram = vc->priv;

	free(ram->pages);
	free(ram);
}

/* Find the offset of a byte in the file, or MIGRATED_ZERO. */
static int find(const struct vmcore *vc, paddr_t pa, uint64_t *off)
{
	const struct migrated_ram *ram = vc->priv;
	uint64_t pos = UINT64_MAX, place = MIGRATED_NONE;

	if (pa >= ram->base && pa - ram->base < ram->low)
		pos = pa - ram->base;
	else if (pa >= ABOVE_4G && pa < PADDR_MAX)
		pos = pa - ABOVE_4G + ram->low;
	if (pos / MIGRATED_PAGE < ram->nr_pages)
		place = ram->pages[pos / MIGRATED_PAGE];
	if (place == MIGRATED_NONE)
		return err_set(-EFAULT,
			       "the migration stream has no memory at physical address "
			       "%#" PRIx64,
			       pa);
	*off = place == MIGRATED_ZERO ? place : place + pa % MIGRATED_PAGE;
	return 0;
}

static int migration_get(struct vmcore_reader *r, paddr_t pa, size_t want, const void **ptr,
			 size_t *got)
{
	static const char zeros[MIGRATED_PAGE];
	uint64_t off;
	int err = find(r->vc, pa, &off);

	if (err)
		return err;
	want = min_u64(want, MIGRATED_PAGE - pa % MIGRATED_PAGE);
	if (off != MIGRATED_ZERO)
		return file_get(&r->file, off, want, ptr, got);
	*ptr = zeros;
	*got = want;
	return 0;
}

static int migration_copy(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len)
{
	char *to = buf;

	while (len) {
		size_t n = min_u64(len, MIGRATED_PAGE - pa % MIGRATED_PAGE);
		uint64_t off;
		int err = find(r->vc, pa, &off);

		if (!err && off == MIGRATED_ZERO)
			memset(to, 0, n);
		else if (!err)
			err = file_read(&r->file, off, to, n);
		if (err)
			return err;
		to += n;
		pa += n;
		len -= n;
	}
	return 0;
}

static int migration_bitmap(struct vmcore *vc, enum vmcore_bitmap_kind which, struct bitmap *b)
{
	const struct migrated_ram *ram = vc->priv;
	/* Pages that QEMU left out of a whole stream are free ones: the guest told it. */
	bool all = which != VMCORE_STORED && !ram->complete;

	for (uint64_t i = 0; i < ram->nr_pages; i++)
		if (all || ram->pages[i] != MIGRATED_NONE) {
			pfn_t pfn = address_of(ram, i) >> vc->page_shift;

			bitmap_set_range(b, pfn, pfn + 1);
		}
	return 0;
}

const struct vmcore_ops migration_vmcore_ops = {
	.name = "QEMU migration stream",
	.open = migration_open,
	.close = migration_close,
	.get = migration_get,
	.read = migration_copy,
	.bitmap = migration_bitmap,
};
