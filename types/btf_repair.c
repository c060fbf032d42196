// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/btf_repair.h"

#ifdef HAVE_LIBBPF

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "types/btf.h"

#define PAGE 4096u
/* The three words that each record has, bytes. */
#define RECORD_BYTES 12u
#define PARAM_BYTES (BTYPE_PARAM_WORDS * 4u)
/* Records that are looked at to find where they go on; places that are tried. */
#define STEPS_MAX 50000000u
#define TRIES_MAX (1u << 14)
/* Counts that are tried; references that there are room for, more than a kernel has. */
#define LOST_MAX 4096u
#define REFS_MAX (1u << 20)
/* Looks at references, for all counts together. */
#define LOOKS_MAX (1u << 28)

int btf_read(const struct vmem *mem, vaddr_t va, uint8_t *buf, uint64_t size, struct btf_hole *hole)
{
	uint64_t len, got = 0;
	int err = vmem_read(mem, va, buf, size);

	*hole = (struct btf_hole){ 0 };
	if (err != -EFAULT)
		return err;
	for (uint64_t at = 0; at < size; at += len) {
		len = min_u64(PAGE - (va + at) % PAGE, size - at);
		err = vmem_read(mem, va + at, buf + at, len);
		if (!err) {
			got += len;
			continue;
		}
		if (err != -EFAULT)
			return err;
		memset(buf + at, 0, len);
		if (hole->start == hole->end)
			hole->start = at;
		hole->end = at + len;
	}
	return got ? 0 : err;
}

static uint32_t word(const struct btf_section *s, uint64_t pos, unsigned int nr)
{
	return load_u32(s->types + pos + 4 * nr, s->swap);
}

static unsigned int kind_at(const struct btf_section *s, uint64_t pos)
{
	return word(s, pos, 1) >> 24 & 0x7f;
}

static uint32_t count_at(const struct btf_section *s, uint64_t pos)
{
	return word(s, pos, 1) & 0xffffff;
}

/* Return the bytes of the record at a position; 0 if there can be none. */
static uint64_t record_bytes(const struct btf_section *s, uint64_t pos)
{
	uint64_t bytes;

	if (!range_fits(pos, RECORD_BYTES, s->len) || !kind_at(s, pos) ||
	    kind_at(s, pos) > BTYPE_ENUM64 || word(s, pos, 0) >= s->str_end)
		return 0;
	bytes = RECORD_BYTES + 4 * btype_tail_words(kind_at(s, pos), count_at(s, pos));
	return range_fits(pos, bytes, s->len) ? bytes : 0;
}

/* Count the records from a position on; 0 if they do not end with the section. */
static uint32_t count_records(const struct btf_section *s, uint64_t pos, uint32_t *steps)
{
	uint32_t nr = 0;

	for (; pos < s->len; nr++) {
		uint64_t bytes = record_bytes(s, pos);

		if (!bytes || ++*steps > STEPS_MAX)
			return 0;
		pos += bytes;
	}
	return nr;
}

/* A reference from a record of a kind to a type. */
struct ref {
	uint32_t id;
	uint8_t kind;
};

/* A section with a hole, as far as it is known. */
struct repair {
	const struct btf_section *s;
	uint64_t start, end;	   /* whole records that are lost */
	uint32_t nr_before;	   /* records before them */
	uint32_t nr_after, *after; /* and after them, with their positions */
	struct ref *refs;	   /* to all but those before */
	uint32_t nr_refs;
};

static bool find_start(struct repair *r, const struct btf_hole *hole)
{
	uint64_t bytes;

	for (; r->start < hole->start; r->start += bytes, r->nr_before++) {
		if (r->start + RECORD_BYTES > hole->start)
			break;
		bytes = record_bytes(r->s, r->start);
		if (!bytes)
			return false;
		if (r->start + bytes > hole->start)
			break;
	}
	return true;
}

static bool find_end(struct repair *r, const struct btf_hole *hole)
{
	uint32_t steps = 0;

	r->end = div_round_up(hole->end, 4) * 4;
	for (unsigned int i = 0; i < TRIES_MAX && r->end < r->s->len; i++, r->end += 4) {
		r->nr_after = count_records(r->s, r->end, &steps);
		if (r->nr_after)
			return true;
	}
	return r->end >= r->s->len;
}

static int list_after(struct repair *r)
{
	uint64_t pos = r->end;

	r->after = calloc(r->nr_after + 1, sizeof(*r->after));
	if (!r->after)
		return err_set(-ENOMEM, "no memory for %" PRIu32 " types", r->nr_after);
	for (uint32_t i = 0; i < r->nr_after; i++) {
		r->after[i] = pos;
		pos += record_bytes(r->s, pos);
	}
	return 0;
}

/* Ids after the hole start at this one, if no type was lost. */
static uint32_t first_after(const struct repair *r)
{
	return r->s->first_id + r->nr_before;
}

static void add_ref(struct repair *r, unsigned int kind, uint32_t id)
{
	if (id >= first_after(r) && r->nr_refs < REFS_MAX)
		r->refs[r->nr_refs++] = (struct ref){ .id = id, .kind = kind };
}

static void add_refs(struct repair *r, uint64_t pos)
{
	unsigned int kind = kind_at(r->s, pos);
	struct btype_id_places p = btype_id_places(kind);
	uint32_t nr = kind == BTYPE_ARRAY ? 2 : count_at(r->s, pos);

	if (p.third)
		add_ref(r, kind, word(r->s, pos, 2));
	for (uint32_t i = 0; p.step && i < nr; i++)
		add_ref(r, kind, word(r->s, pos, p.first + i * p.step));
}

/* List references to types in the hole and after it: those from after it tell the most. */
static int list_refs(struct repair *r)
{
	r->refs = calloc(REFS_MAX, sizeof(*r->refs));
	if (!r->refs)
		return err_set(-ENOMEM, "no memory for references of types");
	for (uint32_t i = 0; i < r->nr_after; i++)
		add_refs(r, r->after[i]);
	for (uint64_t pos = 0; pos < r->start; pos += record_bytes(r->s, pos))
		add_refs(r, pos);
	return 0;
}

/* Kinds that only some kinds of records refer to. */
static bool is_own_kind(unsigned int kind)
{
	return kind == BTYPE_FUNC || kind == BTYPE_FUNC_PROTO || kind == BTYPE_VAR ||
	       kind == BTYPE_DATASEC || kind == BTYPE_DECL_TAG;
}

static bool may_refer(unsigned int from, unsigned int to)
{
	switch (from) {
	case BTYPE_FUNC:
		return to == BTYPE_FUNC_PROTO;
	case BTYPE_DATASEC:
		return to == BTYPE_VAR;
	case BTYPE_DECL_TAG:
		return to != BTYPE_DECL_TAG && to != BTYPE_DATASEC;
	case BTYPE_PTR:
	case BTYPE_TYPEDEF:
		return to == BTYPE_FUNC_PROTO || !is_own_kind(to);
	default:
		return !is_own_kind(to);
	}
}

/* Return whether each reference is to a kind that it may be to, if this many types were lost. */
static bool is_possible(const struct repair *r, uint32_t nr, uint32_t *looks)
{
	for (uint32_t i = 0; i < r->nr_refs; i++, ++*looks) {
		uint32_t at = r->refs[i].id - first_after(r);

		if (at < nr)
			continue;
		if (at - nr >= r->nr_after ||
		    !may_refer(r->refs[i].kind, kind_at(r->s, r->after[at - nr])))
			return false;
	}
	return true;
}

/* Return whether all types after the hole are of kinds that are never looked up. */
static bool is_any_count_right(const struct repair *r)
{
	for (uint32_t i = 0; i < r->nr_after; i++) {
		if (!is_own_kind(kind_at(r->s, r->after[i])))
			return false;
	}
	return true;
}

/*
 * Find how many types were lost; 0 if nothing tells, or it takes too many looks. *only: it is the
 * only number that is possible.
 */
static uint32_t count_lost(const struct repair *r, bool *only)
{
	uint32_t max = min_u64((r->end - r->start) / RECORD_BYTES, LOST_MAX), found = 0;
	uint32_t looks = 0;

	*only = true;
	for (uint32_t nr = 1; nr <= max && *only; nr++) {
		if (looks > LOOKS_MAX)
			return 0;
		if (!is_possible(r, nr, &looks))
			continue;
		*only = !found;
		found = found ? found : nr;
	}
	return *only || is_any_count_right(r) ? found : 0;
}

/* Write a record of a kind with nr of what follows it. @return where the next one goes */
static uint64_t put_record(const struct btf_section *s, uint64_t pos, unsigned int kind,
			   uint32_t nr)
{
	store_u32(s->types + pos + 4, (uint32_t)kind << 24 | nr, s->swap);
	return pos + RECORD_BYTES + 4 * btype_tail_words(kind, nr);
}

static bool has_func(const struct repair *r, uint32_t lost)
{
	for (uint32_t i = 0; i < r->nr_refs; i++) {
		if (r->refs[i].kind == BTYPE_FUNC && r->refs[i].id == first_after(r) + lost)
			return true;
	}
	return false;
}

/*
 * Write records into the lost bytes: prototypes of functions, which any record may refer to, the
 * last of them with parameters for the rest. An odd word makes an int, which no function is.
 */
static bool put_records(const struct repair *r, uint32_t nr)
{
	uint64_t pos = r->start, rest = r->end - r->start - (uint64_t)nr * RECORD_BYTES;
	uint32_t params = rest / PARAM_BYTES, odd = 0;

	if (params > UINT16_MAX)
		return false;
	if (rest % PARAM_BYTES) {
		while (odd < nr && has_func(r, odd))
			odd++;
		if (odd == nr || (nr == 1 && params))
			return false;
	} else {
		odd = nr;
	}
	memset(r->s->types + r->start, 0, r->end - r->start);
	for (uint32_t i = 0, left = params; i < nr; i++) {
		if (i == odd) {
			pos = put_record(r->s, pos, BTYPE_INT, 0);
			continue;
		}
		pos = put_record(r->s, pos, BTYPE_FUNC_PROTO, left);
		left = 0;
	}
	return pos == r->end;
}

int btf_repair(const struct btf_section *s, const struct btf_hole *hole, bool *counted)
{
	_cleanup_free_ uint32_t *after = NULL;
	_cleanup_free_ struct ref *refs = NULL;
	struct repair r = { .s = s };
	uint32_t nr;
	int err;

	if (!find_start(&r, hole) || !find_end(&r, hole))
		return err_set(-EBADMSG, "its types do not go on after those that are unreadable");
	err = list_after(&r);
	after = r.after;
	if (!err)
		err = list_refs(&r);
	refs = r.refs;
	if (err)
		return err;
	nr = count_lost(&r, counted);
	if (!nr || !put_records(&r, nr))
		return err_set(-EBADMSG, "its unreadable types cannot be counted");
	return 0;
}

#endif
