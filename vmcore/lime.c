// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/lime.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lib/array.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "vmcore/bare.h"
#include "vmcore/ranges.h"

/* A machine has some dozens: more are not believed. */
#define RANGES_MAX 65536
/* Memory that the last header may claim after the end of the file. */
#define LOST_MAX (UINT64_C(32) << 30)

/* The walk over the headers. */
struct lime_walk {
	struct vmcore *vc;
	struct range_piece *pieces;
	size_t nr;
	uint64_t off; /* of the next header */
};

static int add_piece(struct lime_walk *w, const struct memory_range *r)
{
	/* A range becomes up to two pieces. */
	int err = ARRAY_GROW(w->pieces, w->nr, "ranges of memory");

	if (!err)
		ranges_add(w->pieces, &w->nr, w->nr, r);
	return err;
}

/* Add the memory after a header. */
static int add_range(struct lime_walk *w, paddr_t first, uint64_t size)
{
	struct vmcore *vc = w->vc;
	uint64_t in_file = min_u64(size, vc->file.size - w->off);
	struct memory_range r = { first, first + in_file, w->off, 0, RANGE_FILE };
	int err = add_piece(w, &r);

	if (err || in_file == size)
		return err;
	vmcore_warn(vc, "the file is cut short: %" PRIu64 " bytes of memory are missing",
		    size - in_file);
	vc->incomplete = true;
	size = min_u64(size - in_file, LOST_MAX);
	r = (struct memory_range){ r.end, r.end + size, 0, 0, RANGE_LOST };
	return add_piece(w, &r);
}

/* Read a header. @return the bytes of memory after it; 0 if it is damaged: vmcore_warn() */
static uint64_t read_header(struct lime_walk *w, struct file_reader *fr, paddr_t *first)
{
	struct vmcore *vc = w->vc;
	struct lime_header h;
	uint64_t last;
	int err = file_read(fr, w->off, &h, sizeof(h));

	if (err) {
		vmcore_warn(vc, "LiME header at offset %#" PRIx64 ": %s", w->off, err_text(err));
		return 0;
	}
	*first = load_u64(&h.first, vc->swap);
	last = load_u64(&h.last, vc->swap);
	if (load_u32(&h.magic, vc->swap) == LIME_MAGIC &&
	    load_u32(&h.version, vc->swap) == LIME_VERSION && *first <= last && last < PADDR_MAX)
		return last - *first + 1;
	vmcore_warn(vc, "LiME header at offset %#" PRIx64 " is invalid: memory after it is lost",
		    w->off);
	return 0;
}

static int read_ranges(struct lime_walk *w, struct file_reader *fr)
{
	uint64_t size = w->vc->file.size;
	int err = 0;

	while (!err && w->off < size) {
		paddr_t first;
		uint64_t bytes;

		if (w->nr > RANGES_MAX)
			return err_set(-EBADMSG, "more than %d ranges of memory", RANGES_MAX);
		bytes = read_header(w, fr, &first);
		if (!bytes) {
			w->vc->incomplete = true;
			break;
		}
		w->off += sizeof(struct lime_header);
		err = add_range(w, first, bytes);
		w->off += min_u64(bytes, size - w->off);
	}
	return err;
}

static int lime_open(struct vmcore *vc, const void *head, size_t head_len)
{
	const struct lime_header *h = head;
	_cleanup_free_ struct range_piece *pieces = NULL;
	struct lime_walk w = { .vc = vc };
	struct file_reader fr;
	bool swap;
	int err;

	if (head_len < sizeof(*h) ||
	    (load_u32(&h->magic, false) != LIME_MAGIC && load_u32(&h->magic, true) != LIME_MAGIC))
		return -ENOENT;
	swap = load_u32(&h->magic, true) == LIME_MAGIC;
	if (load_u32(&h->version, swap) == LIME_VERSION_SNAPPY)
		return err_set(-ENOTSUP, "a file of AVML, which is compressed: "
					 "convert it with avml-convert first");
	bare_init(vc);
	bare_set_order(vc, swap != HOST_BIG_ENDIAN);
	file_reader_init(&fr, &vc->file);
	err = read_ranges(&w, &fr);
	file_reader_deinit(&fr);
	pieces = w.pieces;
	if (!err && !w.nr)
		err = err_set(-EBADMSG, "it holds no memory: %s", vc->warning);
	return err ? err : ranges_build(vc, pieces, w.nr);
}

const struct vmcore_ops lime_vmcore_ops = {
	.name = "LiME",
	.open = lime_open,
	RANGES_OPS,
};
