// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/btf.h"

#ifdef HAVE_LIBBPF

#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/resources.h"
#include "types/btf_part.h"
#include "types/btf_repair.h"

/* The header that every libbpf accepts. */
#define HEADER_BYTES 24
#define MAGIC 0xeb9f
/* The types of all known kernels have less. */
#define BTF_BYTES_USUAL (UINT64_C(8) << 20)
/* Strings begin there in a module's BTF at the latest. */
#define STRINGS_MAX (UINT32_MAX / 2)

/* The most members that one look-up passes. */
#define LOOKUP_MEMBERS_MAX 100000

/* --- loading ------------------------------------------------------------------ */

/* A header's fields, all in bytes; offsets are from its end. */
struct header {
	uint32_t len, type_off, type_len, str_off, str_len;
	uint8_t flags;
};

static int read_header(const uint8_t *blob, uint64_t size, bool swap, struct header *h)
{
	uint64_t room;

	if (load_u16(blob, swap) != MAGIC)
		return err_set(-EBADMSG, "it does not begin as BTF does");
	if (blob[2] != 1)
		return err_set(-EBADMSG, "its version %u is not known", blob[2]);
	*h = (struct header){
		.len = load_u32(blob + 4, swap),
		.type_off = load_u32(blob + 8, swap),
		.type_len = load_u32(blob + 12, swap),
		.str_off = load_u32(blob + 16, swap),
		.str_len = load_u32(blob + 20, swap),
		.flags = blob[3],
	};
	if (h->len < HEADER_BYTES || h->len > size)
		return err_set(-EBADMSG, "its header of %" PRIu32 " bytes is invalid", h->len);
	room = size - h->len;
	if (h->type_off % 4 || !range_fits(h->type_off, h->type_len, room))
		return err_set(-EBADMSG,
			       "its types (%" PRIu32 " bytes at %" PRIu32 ") are not in it",
			       h->type_len, h->type_off);
	if (!range_fits(h->str_off, h->str_len, room) ||
	    h->str_off < (uint64_t)h->type_off + h->type_len)
		return err_set(-EBADMSG,
			       "its strings (%" PRIu32 " bytes at %" PRIu32 ") are not in it",
			       h->str_len, h->str_off);
	return 0;
}

static void write_header(uint8_t *to, const struct header *h, bool swap)
{
	store_u16(to, MAGIC, swap);
	to[2] = 1;
	to[3] = h->flags;
	store_u32(to + 4, HEADER_BYTES, swap);
	store_u32(to + 8, 0, swap);
	store_u32(to + 12, h->type_len, swap);
	store_u32(to + 16, h->type_len, swap);
	store_u32(to + 20, h->str_len, swap);
}

/*
 * Leave the header that every libbpf knows, types, strings, and nothing in between:
 * since 7.1 there can be a section more, and a longer header that old versions of libbpf
 * do not take in foreign byte order.
 */
static const uint8_t *normalise(uint8_t *blob, const struct header *h, bool swap, uint32_t *size)
{
	uint8_t *types = blob + h->len + h->type_off, *start = types - HEADER_BYTES;

	if (h->str_off != (uint64_t)h->type_off + h->type_len)
		memmove(types + h->type_len, blob + h->len + h->str_off, h->str_len);
	write_header(start, h, swap);
	*size = HEADER_BYTES + h->type_len + h->str_len;
	return start;
}

#ifdef HAVE_BTF_NEW_SPLIT

static int parse_split(const uint8_t *data, uint32_t size, struct btf *base, struct btf **ret)
{
	*ret = btf__new_split(data, size, base);
	return *ret ? 0 : -errno;
}

#else

/* Until 1.4, libbpf reads BTF that has a base only from files. */
static int parse_split(const uint8_t *data, uint32_t size, struct btf *base, struct btf **ret)
{
	_cleanup_close_ int fd = memfd_create("btf", MFD_CLOEXEC);
	char path[32];
	size_t written;
	int err;

	if (fd < 0)
		return err_errno(-ENOENT, "cannot make a file in memory, which this libbpf needs");
	err = fd_write(fd, data, size, &written);
	if (err)
		return err_set(-ENOMEM, "no memory for %" PRIu32 " bytes", size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (access(path, R_OK))
		return err_set(-ENOENT, "this libbpf reads it only where /proc is mounted");
	*ret = btf__parse_raw_split(path, base);
	return *ret ? 0 : -errno;
}

#endif

static int parse(struct btf_types *t, const uint8_t *data, uint32_t size)
{
	int err = 0;

	if (t->base) {
		err = parse_split(data, size, t->base->btf, &t->btf);
	} else {
		t->btf = btf__new(data, size);
		if (!t->btf)
			err = -errno;
	}
	if (t->btf || err == -ENOMEM || err == -ENOENT)
		return err;
	return err_set(-EBADMSG, "libbpf does not take it: %s", strerror(-err));
}

/* Note where the own records end, which bounds what is read of the last one. */
static int find_end(struct btf_types *t, uint32_t type_len)
{
	const struct btf_type *first;

	t->end = btf__type_cnt(t->btf);
	if (t->first >= t->end) {
		t->end = t->first;
		return t->base ? 0 : err_set(-EBADMSG, "there are no types in it");
	}
	first = btf__type_by_id(t->btf, t->first);
	if (!first)
		return err_set(-EBADMSG, "libbpf finds no types in it");
	t->records_end = (const uint32_t *)first + type_len / 4;
	return 0;
}

/* The part of a hole in [start, start + len) of a buffer, from start on. */
static struct btf_hole part_of(const struct btf_hole *hole, uint64_t start, uint32_t len)
{
	uint64_t from = max_u64(hole->start, start), to = min_u64(hole->end, start + len);

	return from < to ? (struct btf_hole){ from - start, to - start } : (struct btf_hole){ 0 };
}

/* Note which names are in a hole, with one that goes on in it; the first is always "". */
static void forget_names(struct btf_types *t, uint8_t *strings, const struct btf_hole *hole)
{
	uint64_t start = max_u64(hole->start, 1);

	while (start > 1 && strings[start - 1])
		start--;
	memset(strings + start, 0, hole->end - start);
	t->lost_at = t->str_start + start;
	t->lost_end = t->str_start + hole->end;
}

/* Repair the types if bytes of them could not be read. */
static int fill_hole(struct btf_types *t, uint8_t *blob, const struct header *h, bool swap,
		     const struct btf_hole *hole)
{
	uint64_t types = h->len + (uint64_t)h->type_off, strings = h->len + (uint64_t)h->str_off;
	struct btf_hole of_types = part_of(hole, types, h->type_len);
	struct btf_hole of_names = part_of(hole, strings, h->str_len);
	struct btf_section s = {
		.types = blob + types,
		.len = h->type_len,
		.first_id = t->first,
		.str_end = t->str_end,
		.swap = swap,
	};

	t->unreadable = hole->end - hole->start;
	if (of_names.end)
		forget_names(t, blob + strings, &of_names);
	if (of_types.end) {
		bool counted;
		int err = btf_repair(&s, &of_types, &counted);

		if (err)
			return err;
		t->uncounted = !counted;
	}
	return 0;
}

static int load(struct btf_types *t, const struct vmem *mem, vaddr_t start, uint64_t size)
{
	_cleanup_free_ uint8_t *blob = NULL;
	const uint8_t *data;
	struct header h = { 0 };
	struct btf_hole hole;
	uint32_t len;
	int err;

	if (size < HEADER_BYTES || size > BTF_BYTES_MAX)
		return err_set(-EBADMSG, "a size of %" PRIu64 " bytes is invalid", size);
	/* libbpf makes a copy. A size that no kernel has is not believed that far. */
	if (size <= BTF_BYTES_USUAL)
		prepare_memory(2 * size);
	blob = malloc(size);
	if (!blob)
		return err_set(-ENOMEM, "no memory for %" PRIu64 " bytes", size);
	err = btf_read(mem, start, blob, size, &hole);
	if (!err && hole.end && hole.start < HEADER_BYTES)
		err = err_set(-EFAULT, "its header cannot be read");
	if (!err)
		err = read_header(blob, size, mem->swap, &h);
	if (!err && h.str_len && blob[h.len + h.str_off + h.str_len - 1])
		err = err_set(-EBADMSG, "its last string has no end");
	if (err)
		return err;
	t->str_start = t->base ? t->base->str_end : 0;
	if (h.str_len > STRINGS_MAX - t->str_start)
		return err_set(-EBADMSG, "it has too many strings");
	t->str_end = t->str_start + h.str_len;
	if (hole.end)
		err = fill_hole(t, blob, &h, mem->swap, &hole);
	if (err)
		return err;
	data = normalise(blob, &h, mem->swap, &len);
	err = parse(t, data, len);
	return err ? err : find_end(t, h.type_len);
}

int btf_types_load(struct btf_types *t, const struct vmem *mem, vaddr_t start, uint64_t size,
		   const struct btf_types *base)
{
	int err;

	*t = (struct btf_types){
		.base = base,
		.first = base ? base->end : 1,
		.pointer_size = vmem_ulong_size(mem),
	};
	err = base && base->uncounted ?
		      err_set(-EBADMSG, "it builds on types that were lost and cannot be counted") :
		      load(t, mem, start, size);
	if (err)
		btf_types_deinit(t);
	return err ? err_prefix(err, "BTF at %#" PRIx64, start) : 0;
}

/* Give the part to libbpf. */
static int parse_part(struct btf_types *t, const struct btf_part *part)
{
	struct header h = { .type_len = part->nr_words * 4, .str_len = part->string_bytes };
	_cleanup_free_ uint8_t *blob = malloc(HEADER_BYTES + (size_t)h.type_len + h.str_len);
	int err;

	if (!blob)
		return err_set(-ENOMEM, "no memory for types");
	write_header(blob, &h, false);
	memcpy(blob + HEADER_BYTES, part->types, h.type_len);
	memcpy(blob + HEADER_BYTES + h.type_len, part->strings, h.str_len);
	t->str_end = h.str_len;
	err = parse(t, blob, HEADER_BYTES + h.type_len + h.str_len);
	return err ? err : find_end(t, h.type_len);
}

int btf_types_load_part(struct btf_types *t, const struct vmem *mem, vaddr_t start, uint64_t size,
			const struct btf_names *names)
{
	struct btf_source from = { .mem = mem };
	struct btf_part part = { 0 };
	uint8_t raw[HEADER_BYTES];
	struct header h;
	int err;

	*t = (struct btf_types){ .first = 1, .pointer_size = vmem_ulong_size(mem) };
	if (size < HEADER_BYTES || size > BTF_BYTES_MAX)
		return err_set(-EBADMSG, "a size of %" PRIu64 " bytes is invalid", size);
	err = vmem_read(mem, start, raw, sizeof(raw));
	if (!err)
		err = read_header(raw, size, mem->swap, &h);
	if (err)
		return err;
	from.types = start + h.len + h.type_off;
	from.type_bytes = h.type_len;
	from.strings = start + h.len + h.str_off;
	from.string_bytes = h.str_len;
	err = btf_part_read(&part, &from, names);
	if (!err)
		err = parse_part(t, &part);
	btf_part_deinit(&part);
	if (err)
		btf_types_deinit(t);
	return err;
}

void btf_types_deinit(struct btf_types *t)
{
	btf__free(t->btf);
	*t = (struct btf_types){ 0 };
}

/* --- records -------------------------------------------------------------------- */

/* The word that has kind and count, with the widths they got in 2026. */
static unsigned int kind_of(const struct btf_type *raw)
{
	return raw->info >> 24 & 0x7f;
}

bool btype_peek(const struct btf_types *t, uint32_t id, unsigned int *kind, uint32_t *name_off)
{
	const struct btf_type *raw = btf__type_by_id(t->btf, id);

	if (!raw)
		return false;
	*kind = kind_of(raw);
	*name_off = raw->name_off;
	return true;
}

int btype_get(const struct btf_types *t, uint32_t id, struct btype *ret)
{
	const struct btf_type *raw;
	const uint32_t *end;

	*ret = (struct btype){ .kind = BTYPE_VOID };
	if (!id)
		return 0;
	while (id < t->first && t->base)
		t = t->base;
	if (id >= t->end)
		return err_set(-EBADMSG, "there is no type %" PRIu32, id);
	raw = btf__type_by_id(t->btf, id);
	end = id + 1 == t->end ? t->records_end : (const uint32_t *)btf__type_by_id(t->btf, id + 1);
	if (!raw || !end)
		return err_set(-EBADMSG, "there is no type %" PRIu32, id);
	*ret = (struct btype){
		.id = id,
		.kind = kind_of(raw),
		.flag = raw->info >> 31,
		.size = raw->size,
		.name_off = raw->name_off,
		.nr = raw->info & 0xffffff,
		.tail = (const uint32_t *)(raw + 1),
	};
	/* libbpf may have taken fewer bits for the count. */
	if (ret->tail > end || btype_tail_words(ret->kind, ret->nr) > (size_t)(end - ret->tail))
		return err_set(-EBADMSG, "type %" PRIu32 " is longer than its record", id);
	return 0;
}

const char *btype_name(const struct btf_types *t, uint32_t name_off)
{
	const char *name = btf__str_by_offset(t->btf, name_off);

	return name ? name : "";
}

bool btype_is_name_lost(const struct btf_types *t, uint32_t name_off)
{
	if (name_off >= t->str_end)
		return true;
	if (name_off < t->str_start)
		t = t->base;
	return name_off >= t->lost_at && name_off < t->lost_end;
}

bool btype_is_alias(const struct btype *r)
{
	return r->kind == BTYPE_TYPEDEF || r->kind == BTYPE_CONST || r->kind == BTYPE_VOLATILE ||
	       r->kind == BTYPE_RESTRICT || r->kind == BTYPE_TYPE_TAG;
}

int btype_strip(const struct btf_types *t, uint32_t id, struct btype *ret)
{
	uint32_t next = id;

	for (int i = 0; i < BTYPE_DEPTH_MAX; i++) {
		int err = btype_get(t, next, ret);

		if (err || !btype_is_alias(ret))
			return err;
		next = ret->size;
	}
	return err_set(-EBADMSG, "type %" PRIu32 " leads to others without end", id);
}

int btype_size(const struct btf_types *t, uint32_t id, uint32_t *ret)
{
	uint64_t elements = 1, bytes;
	uint32_t next = id;
	struct btype r;

	for (int i = 0; i < BTYPE_DEPTH_MAX; i++) {
		int err = btype_strip(t, next, &r);

		if (err)
			return err;
		switch (r.kind) {
		case BTYPE_ARRAY:
			next = r.tail[BTYPE_ARRAY_ELEMENT];
			if (!checked_mul(elements, r.tail[BTYPE_ARRAY_LENGTH], &elements))
				return err_set(-EBADMSG, "type %" PRIu32 " is larger than memory",
					       id);
			continue;
		case BTYPE_PTR:
			bytes = t->pointer_size;
			break;
		case BTYPE_INT:
		case BTYPE_STRUCT:
		case BTYPE_UNION:
		case BTYPE_ENUM:
		case BTYPE_ENUM64:
		case BTYPE_FLOAT:
			bytes = r.size;
			break;
		default:
			return -ENOENT;
		}
		if (!checked_mul(bytes, elements, &bytes) || bytes > UINT32_MAX)
			return err_set(-EBADMSG, "type %" PRIu32 " is larger than memory", id);
		*ret = bytes;
		return 0;
	}
	return err_set(-EBADMSG, "type %" PRIu32 " leads to others without end", id);
}

/* --- members -------------------------------------------------------------------- */

/* Until kernels had the flag, an integer type of its own said what a bit field has. */
static void bits_of_int(const struct btype *type, struct btype_member *m)
{
	uint32_t word = type->tail[0], bits = word & 0xff, offset = word >> 16 & 0xff;

	if (!bits || (bits == (uint64_t)type->size * 8 && !offset))
		return;
	m->at.bit_size = bits;
	m->at.bit_offset += offset;
}

int btype_get_member(const struct btf_types *t, const struct btype *s, uint32_t i,
		     struct btype_member *ret)
{
	const uint32_t *words = s->tail + (size_t)i * BTYPE_MEMBER_WORDS;
	struct btype type;
	int err;

	*ret = (struct btype_member){ .name_off = words[0], .type = words[1] };
	ret->at.bit_offset = s->flag ? words[2] & 0xffffff : words[2];
	ret->at.bit_size = s->flag ? words[2] >> 24 : 0;
	err = btype_strip(t, ret->type, &type);
	if (!err)
		err = btype_size(t, ret->type, &ret->at.size);
	if (err && err != -ENOENT)
		return err_prefix(err, "member %" PRIu32 " of type %" PRIu32, i, s->id);
	if (!s->flag && type.kind == BTYPE_INT)
		bits_of_int(&type, ret);
	if (type.kind == BTYPE_ARRAY)
		ret->at.nr_elements = type.tail[BTYPE_ARRAY_LENGTH];
	if (ret->at.bit_size > (uint64_t)ret->at.size * 8 ||
	    !range_fits(ret->at.bit_offset,
			ret->at.bit_size ? ret->at.bit_size : (uint64_t)ret->at.size * 8,
			(uint64_t)s->size * 8))
		return err_set(-EBADMSG,
			       "member %" PRIu32 " of type %" PRIu32 " does not fit into it", i,
			       s->id);
	return 0;
}

/* A look-up of one name. */
struct lookup {
	const struct btf_types *t;
	const char *name;
	size_t len;
	uint64_t budget;
	int err; /* damage on the way, or -ENOENT */
};

static bool find_named(struct lookup *l, const struct btype *s, uint64_t base, unsigned int depth,
		       struct btype_member *ret);

/* Members of unnamed structs and unions count as the struct's own. */
static bool find_below(struct lookup *l, const struct btype *s, uint32_t i, uint64_t base,
		       unsigned int depth, struct btype_member *ret)
{
	struct btype inner;
	int err = btype_get_member(l->t, s, i, ret);

	if (!err)
		err = btype_strip(l->t, ret->type, &inner);
	if (err) {
		l->err = err;
		return false;
	}
	if (!btype_is_struct(&inner) || ret->at.bit_size)
		return false;
	if (depth == BTYPE_DEPTH_MAX) {
		l->err = err_set(-EBADMSG, "type %" PRIu32 " has members without end", s->id);
		return false;
	}
	return find_named(l, &inner, base + ret->at.bit_offset, depth + 1, ret);
}

static bool find_named(struct lookup *l, const struct btype *s, uint64_t base, unsigned int depth,
		       struct btype_member *ret)
{
	for (uint32_t i = 0; i < s->nr; i++) {
		uint32_t name_off = s->tail[(size_t)i * BTYPE_MEMBER_WORDS];
		const char *name = btype_name(l->t, name_off);
		int err;

		if (!l->budget) {
			l->err = err_set(-EBADMSG, "type %" PRIu32 " has members without end",
					 s->id);
			return false;
		}
		l->budget--;
		if (btype_is_name_lost(l->t, name_off)) {
			l->err = err_set(-EBADMSG,
					 "the name of member %" PRIu32 " of type %" PRIu32
					 " is lost",
					 i, s->id);
			continue;
		}
		if (!*name) {
			if (find_below(l, s, i, base, depth, ret))
				return true;
			continue;
		}
		if (strncmp(name, l->name, l->len) || name[l->len])
			continue;
		err = btype_get_member(l->t, s, i, ret);
		if (err) {
			l->err = err;
			return false;
		}
		ret->at.bit_offset += base;
		return true;
	}
	return false;
}

static int find_step(struct lookup *l, const struct btype *s, uint64_t *budget,
		     struct btype_member *ret)
{
	uint64_t granted = min_u64(*budget, LOOKUP_MEMBERS_MAX);
	bool found;

	l->budget = granted;
	l->err = -ENOENT;
	found = l->len && find_named(l, s, 0, 0, ret);
	*budget -= granted - l->budget;
	return found ? 0 : l->err;
}

/* The struct that a member is, or that it has in an array. */
static int enter(const struct btf_types *t, const struct btype_member *m, struct btype *ret)
{
	int err = btype_strip(t, m->type, ret);

	for (int i = 0; !err && ret->kind == BTYPE_ARRAY && i < BTYPE_DEPTH_MAX; i++)
		err = btype_strip(t, ret->tail[BTYPE_ARRAY_ELEMENT], ret);
	if (err)
		return err;
	return btype_is_struct(ret) && !m->at.bit_size ? 0 : -ENOENT;
}

int btype_find_member(const struct btf_types *t, uint32_t id, const char *path, uint64_t *budget,
		      struct btype_member *ret)
{
	struct lookup l = { .t = t, .name = path };
	struct btype s;
	uint64_t base = 0;
	int err = btype_strip(t, id, &s);

	if (!err && !btype_is_struct(&s))
		return -ENOENT;
	while (!err) {
		l.len = strcspn(l.name, ".");
		err = find_step(&l, &s, budget, ret);
		if (err)
			break;
		ret->at.bit_offset += base;
		if (!l.name[l.len])
			return 0;
		base = ret->at.bit_offset;
		l.name += l.len + 1;
		err = enter(t, ret, &s);
	}
	return err;
}

/* --- enumerators ---------------------------------------------------------------- */

int64_t btype_enum_value(const struct btype *e, uint32_t i)
{
	const uint32_t *words;

	if (e->kind == BTYPE_ENUM64) {
		words = e->tail + (size_t)i * BTYPE_ENUM64_WORDS;
		return (int64_t)((uint64_t)words[2] << 32 | words[1]);
	}
	words = e->tail + (size_t)i * BTYPE_ENUM_WORDS;
	return e->flag ? (int64_t)(int32_t)words[1] : (int64_t)words[1];
}

uint32_t btype_enum_name(const struct btype *e, uint32_t i)
{
	size_t words = e->kind == BTYPE_ENUM64 ? BTYPE_ENUM64_WORDS : BTYPE_ENUM_WORDS;

	return e->tail[i * words];
}

#endif
