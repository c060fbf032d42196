// SPDX-License-Identifier: GPL-2.0-or-later
#include "flattened.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/heap.h"
#include "lib/search.h"
#include "vmcore/coverage.h"

/* Numbers are big-endian. */
#define SWAP (!HOST_BIG_ENDIAN)

/* 1 GiB of memory while the index is made; 2 TiB of dump in records of 64 KiB. */
#define MAX_RECORDS ((size_t)1 << 25)

#define HEADS_MIN ((size_t)4096)
#define HEADS_MAX ((size_t)1 << 20)

/* Heads closer to each other than this are read with what is between them. */
#define HEADS_NEAR 16384

static const char signature[FLAT_SIGNATURE_SIZE] = FLAT_SIGNATURE;

/* A record's data: len bytes of the inner file at off are at where. */
struct record {
	uint64_t off, where, len;
};

/* A piece of the inner file; it reaches to the start of the next one. */
struct extent {
	uint64_t start, where;
};

struct flat_index {
	struct extent *extents;
	size_t nr, capacity;
	uint64_t size;
};

/* The walk from head to head. */
struct heads {
	int fd;
	uint64_t file_size;
	unsigned char *buf; /* HEADS_MAX bytes */
	uint64_t start;	    /* of what is in the buffer */
	size_t len;
	size_t ahead;  /* bytes to read at a time */
	size_t served; /* heads found in the buffer */
};

struct records {
	struct record *list;
	size_t nr, capacity;
};

void flat_encode_header(void *buf)
{
	unsigned char *p = buf;

	memset(p, 0, FLAT_HEADER_SIZE);
	memcpy(p, signature, FLAT_SIGNATURE_SIZE);
	store_u64(p + FLAT_SIGNATURE_SIZE, FLAT_TYPE, SWAP);
	store_u64(p + FLAT_SIGNATURE_SIZE + 8, FLAT_VERSION, SWAP);
}

void flat_encode_record(void *buf, int64_t offset, int64_t len)
{
	store_u64(buf, offset, SWAP);
	store_u64((unsigned char *)buf + 8, len, SWAP);
}

int flat_check_header(const void *buf)
{
	const unsigned char *p = buf;
	int64_t type, version;

	if (memcmp(p, signature, FLAT_SIGNATURE_SIZE))
		return -ENOENT;
	type = load_u64(p + FLAT_SIGNATURE_SIZE, SWAP);
	version = load_u64(p + FLAT_SIGNATURE_SIZE + 8, SWAP);
	if (type != FLAT_TYPE || version != FLAT_VERSION)
		return err_set(-ENOTSUP,
			       "flattened file of unknown type %" PRId64 ", version %" PRId64, type,
			       version);
	return 0;
}

int flat_decode_record(const void *buf, uint64_t pos, uint64_t *offset, uint64_t *len)
{
	int64_t off = load_u64(buf, SWAP);
	int64_t size = load_u64((const unsigned char *)buf + 8, SWAP);

	if (off == -1 && size == -1)
		return 0;
	/* No program writes nothing at the beginning: these are zeros that are no record. */
	if (off < 0 || size < 0 || size > INT64_MAX - off || (!off && !size))
		return err_set(-EBADMSG,
			       "the record at offset %" PRIu64 " is damaged: offset %" PRId64
			       ", length %" PRId64,
			       pos, off, size);
	*offset = off;
	*len = size;
	return 1;
}

static int read_heads(struct heads *h, uint64_t pos)
{
	ssize_t n;

	if (h->served && (pos - h->start) / h->served < HEADS_NEAR)
		h->ahead = min_u64(2 * h->ahead, HEADS_MAX);
	else
		h->ahead = HEADS_MIN;
	h->len = 0;
	n = fd_pread(h->fd, h->buf, h->ahead, pos);
	if (n < 0)
		return err_errno(n, "cannot read the record at offset %" PRIu64, pos);
	h->start = pos;
	h->len = n;
	h->served = 0;
	return 0;
}

/*
 * Get the record whose head is at pos. Returns 1, or 0 if it is the end record.
 */
static int next_record(struct heads *h, uint64_t pos, struct record *rec)
{
	int err, ret;

	if (pos < h->start || !range_fits(pos - h->start, FLAT_RECORD_SIZE, h->len)) {
		err = read_heads(h, pos);
		if (err)
			return err;
		if (h->len < FLAT_RECORD_SIZE)
			return err_set(-EBADMSG,
				       "the flattened file has no end record: it is cut "
				       "short after offset %" PRIu64,
				       pos);
	}
	h->served++;
	ret = flat_decode_record(h->buf + (pos - h->start), pos, &rec->off, &rec->len);
	if (ret <= 0)
		return ret;
	rec->where = pos + FLAT_RECORD_SIZE;
	if (!range_fits(rec->where, rec->len, h->file_size))
		return err_set(-EBADMSG,
			       "the flattened file is cut short, or damaged: the record "
			       "at offset %" PRIu64 " has %" PRIu64 " bytes of data",
			       pos, rec->len);
	return 1;
}

static int add_record(struct records *recs, const struct record *rec)
{
	struct record *list;

	if (recs->nr == MAX_RECORDS)
		return err_set(-ENOMEM,
			       "more than %zu records up to offset %" PRIu64
			       " of the flattened file",
			       MAX_RECORDS, rec->where);
	if (recs->nr == recs->capacity) {
		size_t capacity = recs->capacity ? 2 * recs->capacity : 1024;

		list = realloc(recs->list, capacity * sizeof(*list));
		if (!list)
			return err_set(-ENOMEM,
				       "no memory for the %zu records up to offset %" PRIu64
				       " of the flattened file",
				       recs->nr, rec->where);
		recs->list = list;
		recs->capacity = capacity;
	}
	recs->list[recs->nr++] = *rec;
	return 0;
}

static int read_records(struct records *recs, int fd, uint64_t file_size, struct coverage *covered)
{
	_cleanup_free_ unsigned char *buf = malloc(HEADS_MAX);
	struct heads h = { .fd = fd, .file_size = file_size, .buf = buf, .ahead = HEADS_MIN };
	uint64_t pos = FLAT_HEADER_SIZE;
	struct record rec;
	int ret;

	if (!buf)
		return err_set(-ENOMEM, "no memory to read a flattened file");
	while ((ret = next_record(&h, pos, &rec)) > 0) {
		if (covered)
			coverage_add_record(covered, rec.off, rec.len, pos);
		pos = rec.where + rec.len;
		ret = rec.len ? add_record(recs, &rec) : 0;
		if (ret)
			return ret;
	}
	return ret;
}

static int compare_records(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return (x->off > y->off) - (x->off < y->off);
}

static void sort_records(struct records *recs)
{
	for (size_t i = 1; i < recs->nr; i++) {
		if (recs->list[i].off < recs->list[i - 1].off) {
			qsort(recs->list, recs->nr, sizeof(*recs->list), compare_records);
			return;
		}
	}
}

/* A heap whose root is the record that stands last in the file. */
#define IS_LATER(a, b) ((a).where > (b).where)

static int add_extent(struct flat_index *idx, uint64_t start, uint64_t where)
{
	const struct extent *last = idx->nr ? &idx->extents[idx->nr - 1] : NULL;
	struct extent *extents;

	/* A record that goes on after another one that it lies above. */
	if (last && last->where != FLAT_HOLE && where != FLAT_HOLE &&
	    where - last->where == start - last->start)
		return 0;
	if (idx->nr == idx->capacity) {
		size_t capacity = idx->capacity ? 2 * idx->capacity : 1024;

		extents = realloc(idx->extents, capacity * sizeof(*extents));
		if (!extents)
			return err_set(-ENOMEM, "no memory for an index of the flattened file");
		idx->extents = extents;
		idx->capacity = capacity;
	}
	idx->extents[idx->nr++] = (struct extent){ .start = start, .where = where };
	return 0;
}

/*
 * Sweep over the inner file with all records that cover a place in a heap: the
 * root of the heap holds there. The heap never has more records than the sweep
 * has taken off the sorted list, so it lives at the list's beginning.
 */
static int stack_records(struct flat_index *idx, struct record *list, size_t nr)
{
	size_t next = 0, nr_heap = 0;
	uint64_t pos = 0;
	int err = 0;

	while (!err && (next < nr || nr_heap)) {
		uint64_t end;

		if (!nr_heap && list[next].off > pos) {
			err = add_extent(idx, pos, FLAT_HOLE);
			pos = list[next].off;
		}
		for (; next < nr && list[next].off <= pos; next++)
			HEAP_PUSH(list, nr_heap, list[next], IS_LATER);
		end = list[0].off + list[0].len;
		if (end <= pos) {
			HEAP_POP(list, nr_heap, IS_LATER);
			continue;
		}
		if (!err)
			err = add_extent(idx, pos, list[0].where + (pos - list[0].off));
		pos = next < nr ? min_u64(end, list[next].off) : end;
	}
	idx->size = pos;
	return err;
}

int flat_index_create(struct flat_index **ret, int fd, uint64_t file_size, uint64_t *size,
		      struct coverage *covered)
{
	struct flat_index *idx = calloc(1, sizeof(*idx));
	struct records recs = { 0 };
	struct extent *fitting;
	bool damaged;
	int err;

	if (!idx)
		return err_set(-ENOMEM, "no memory for an index of the flattened file");
	err = read_records(&recs, fd, file_size, covered);
	damaged = err == -EBADMSG && recs.nr;
	if (damaged)
		err = 0;
	if (!err) {
		sort_records(&recs);
		err = stack_records(idx, recs.list, recs.nr);
	}
	free(recs.list);
	if (err) {
		flat_index_destroy(idx);
		return err;
	}
	fitting = idx->nr ? realloc(idx->extents, idx->nr * sizeof(*fitting)) : NULL;
	if (fitting)
		idx->extents = fitting;
	*size = idx->size;
	*ret = idx;
	return damaged;
}

void flat_index_destroy(struct flat_index *idx)
{
	if (!idx)
		return;
	free(idx->extents);
	free(idx);
}

int flat_find(const struct flat_index *idx, uint64_t off, uint64_t *where, uint64_t *len)
{
	const struct extent *e;
	size_t next;
	uint64_t end;

	if (off >= idx->size)
		return -ENODATA;
	/* The first extent starts at 0. */
	next = SEARCH_FIRST(1, idx->nr, i, idx->extents[i].start <= off);
	e = &idx->extents[next - 1];
	end = next < idx->nr ? e[1].start : idx->size;
	*len = end - off;
	*where = e->where == FLAT_HOLE ? FLAT_HOLE : e->where + (off - e->start);
	return 0;
}
