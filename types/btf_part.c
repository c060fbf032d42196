// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/btf_part.h"

#ifdef HAVE_LIBBPF

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "types/btf.h"

/* Bytes that are read at once while all are looked at, and for a single record. */
#define PIECE_BYTES (64u << 10)
#define RECORD_PIECE_BYTES 1024u
/* The three words that each record has. */
#define HEAD_WORDS 3u
/* The place of each 32nd record is remembered. */
#define STRIDE 32u
/* A program with 1,000 declarations takes 1/10. */
#define PICKS_MAX (1u << 14)
/* A name that no type has, at its offset; the empty one is before it. */
#define OTHER_NAME "?"
#define OTHER_NAME_AT 1u

/* A section of types, of which a piece is in memory. */
struct window {
	const struct btf_source *from;
	uint32_t start, len; /* of the piece, in the section */
	uint32_t piece_bytes;
	int err; /* the first one */
	uint8_t bytes[PIECE_BYTES];
};

/* A record, and where it is in the section. */
struct record {
	uint32_t pos, bytes;
	uint32_t name_off, info, third;
	unsigned int kind;
	uint32_t nr;
};

/* A type that is taken, and its record in words[]. */
struct pick {
	uint32_t id, at, nr_words;
};

struct selection {
	const struct btf_names *names;
	struct btf_offsets offsets;
	struct window w;
	uint32_t nr_types;
	uint32_t *places; /* of each STRIDE-th record */
	uint64_t *picked; /* a bit for each id */
	struct pick *picks;
	size_t nr_picks;
	uint32_t *words; /* records, with their old ids */
	size_t nr_words;
	uint32_t *name_at; /* offsets of names in the part */
};

/* --- reading ------------------------------------------------------------------------ */

static bool fail(struct window *w, int err)
{
	if (!w->err)
		w->err = err;
	return false;
}

static bool bad(struct window *w, uint64_t pos)
{
	return fail(w, err_set(-EBADMSG, "its type record at byte %" PRIu64 " is invalid", pos));
}

/* Return whether bytes of the section are in the window. */
static bool in_window(const struct window *w, uint64_t pos, uint32_t bytes)
{
	return pos >= w->start && range_fits(pos - w->start, bytes, w->len);
}

/* Read on from a place of the section, which has a word there. */
static bool move_window(struct window *w, uint64_t pos)
{
	const struct btf_source *from = w->from;
	int err;

	if (!range_fits(pos, 4, from->type_bytes))
		return bad(w, pos);
	w->start = pos;
	w->len = min_u64(from->type_bytes - pos, w->piece_bytes);
	err = vmem_read(from->mem, from->types + pos, w->bytes, w->len);
	if (err)
		w->len = 0;
	return !err || fail(w, err);
}

/* Return a word of the section; 0 after an error. */
static uint32_t word_at(struct window *w, uint64_t pos)
{
	if (!in_window(w, pos, 4) && !move_window(w, pos))
		return 0;
	return load_u32(w->bytes + (pos - w->start), w->from->mem->swap);
}

static uint32_t tail_word(struct window *w, const struct record *r, uint64_t i)
{
	return word_at(w, r->pos + 4 * (HEAD_WORDS + i));
}

static bool get_record(struct window *w, uint32_t pos, struct record *r)
{
	const uint8_t *head;
	uint64_t bytes;
	uint32_t info;

	if (!in_window(w, pos, 4 * HEAD_WORDS) && !move_window(w, pos))
		return false;
	/* Beyond the end of the section are bytes of no meaning, which are refused below. */
	head = w->bytes + (pos - w->start);
	info = load_u32(head + 4, w->from->mem->swap);
	*r = (struct record){
		.pos = pos,
		.name_off = load_u32(head, w->from->mem->swap),
		.info = info,
		.third = load_u32(head + 8, w->from->mem->swap),
		.kind = info >> 24 & 0x7f,
		.nr = info & 0xffffff,
	};
	bytes = 4 * (HEAD_WORDS + btype_tail_words(r->kind, r->nr));
	if (w->err)
		return false;
	if (!r->kind || r->kind > BTYPE_ENUM64 || r->name_off >= w->from->string_bytes ||
	    !range_fits(pos, bytes, w->from->type_bytes))
		return bad(w, pos);
	r->bytes = bytes;
	return true;
}

/* Look for names in strings, which are read piece by piece. */
static int scan_strings(struct selection *s)
{
	const struct btf_source *from = s->w.from;
	char *buf = (char *)s->w.bytes;
	uint32_t kept = 0, at = 0;

	while (at < from->string_bytes) {
		uint32_t len = min_u64(from->string_bytes - at, PIECE_BYTES - kept), whole;
		int err = vmem_read(from->mem, from->strings + at, buf + kept, len);
		const char *end = err ? NULL : memrchr(buf, '\0', kept + len);

		if (err)
			return err;
		if (!end)
			return err_set(-EBADMSG, "a string in it has no end");
		whole = end + 1 - buf;
		btf_offsets_scan(&s->offsets, buf, whole, at - kept);
		at += len;
		kept = kept + len - whole;
		memmove(buf, end + 1, kept);
	}
	if (kept || s->offsets.overflow)
		return err_set(-EBADMSG, "its strings are invalid");
	return 0;
}

/* --- choosing ----------------------------------------------------------------------- */

static bool is_wanted(struct selection *s, uint32_t name_off)
{
	uint32_t name;

	return btf_offsets_find(&s->offsets, name_off, &name);
}

static bool pick(struct selection *s, uint32_t id)
{
	if (id > s->nr_types || s->nr_picks == PICKS_MAX)
		return fail(&s->w, err_set(-EBADMSG, "there is no type %" PRIu32, id));
	if (!id || s->picked[id / 64] >> id % 64 & 1)
		return true;
	if (ARRAY_GROW(s->picks, s->nr_picks, "types"))
		return fail(&s->w, -ENOMEM);
	s->picked[id / 64] |= UINT64_C(1) << id % 64;
	s->picks[s->nr_picks++] = (struct pick){ .id = id };
	return true;
}

static uint32_t enumerator_words(const struct record *r)
{
	return r->kind == BTYPE_ENUM ? BTYPE_ENUM_WORDS : BTYPE_ENUM64_WORDS;
}

/* Return whether a record bears a name that is wanted, or one of its enumerators does. */
static bool bears_name(struct selection *s, const struct record *r)
{
	switch (r->kind) {
	case BTYPE_STRUCT:
	case BTYPE_UNION:
	case BTYPE_TYPEDEF:
	case BTYPE_VAR:
		return is_wanted(s, r->name_off);
	case BTYPE_ENUM:
	case BTYPE_ENUM64:
		for (uint32_t i = 0; i < r->nr; i++) {
			if (is_wanted(s, tail_word(&s->w, r, (uint64_t)i * enumerator_words(r))))
				return true;
		}
		return false;
	default:
		return false;
	}
}

/* Count a record. */
static void count_type(struct selection *s, uint32_t pos)
{
	if (s->nr_types % STRIDE == 0)
		s->places[s->nr_types / STRIDE] = pos;
	s->nr_types++;
}

/*
 * Pass over types of the kinds that are not asked for by name, which most are, as far as the window
 * reaches. Returns the place of the record that is next, which may be damaged.
 */
static uint32_t pass_over(struct selection *s, uint32_t pos)
{
	const uint32_t kinds = 1u << BTYPE_INT | 1u << BTYPE_PTR | 1u << BTYPE_ARRAY |
			       1u << BTYPE_VOLATILE | 1u << BTYPE_CONST | 1u << BTYPE_RESTRICT |
			       1u << BTYPE_FUNC | 1u << BTYPE_FUNC_PROTO | 1u << BTYPE_FLOAT;
	const struct btf_source *from = s->w.from;
	bool swap = from->mem->swap;

	while (in_window(&s->w, pos, 4 * HEAD_WORDS)) {
		const uint8_t *head = s->w.bytes + (pos - s->w.start);
		uint32_t info = load_u32(head + 4, swap);
		unsigned int kind = info >> 24 & 0x7f;
		uint64_t bytes;

		if (kind > BTYPE_FLOAT || !(kinds >> kind & 1))
			break;
		bytes = 4 * (HEAD_WORDS + btype_tail_words(kind, info & 0xffffff));
		if (load_u32(head, swap) >= from->string_bytes ||
		    !range_fits(pos, bytes, from->type_bytes))
			break;
		count_type(s, pos);
		pos += bytes;
	}
	return pos;
}

static int pick_named(struct selection *s)
{
	uint32_t len = s->w.from->type_bytes;
	uint32_t max = len / (4 * HEAD_WORDS), pos = 0;
	struct record r;

	s->places = calloc(max / STRIDE + 1, sizeof(*s->places));
	s->picked = calloc(max / 64 + 1, sizeof(*s->picked));
	if (!s->places || !s->picked)
		return err_set(-ENOMEM, "no memory for %" PRIu32 " bytes of types", len);
	while ((pos = pass_over(s, pos)) < len) {
		if (!get_record(&s->w, pos, &r))
			return s->w.err;
		count_type(s, pos);
		if (bears_name(s, &r) && !pick(s, s->nr_types))
			return s->w.err;
		pos += r.bytes;
	}
	return s->w.err;
}

static bool find_record(struct selection *s, uint32_t id, struct record *r)
{
	uint32_t pos = s->places[(id - 1) / STRIDE];

	for (uint32_t i = (id - 1) % STRIDE; i; i--, pos += r->bytes) {
		if (!get_record(&s->w, pos, r))
			return false;
	}
	return get_record(&s->w, pos, r);
}

/* --- records of the part ------------------------------------------------------------ */

static bool put_word(struct selection *s, uint32_t word)
{
	if (ARRAY_GROW(s->words, s->nr_words, "types"))
		return fail(&s->w, -ENOMEM);
	s->words[s->nr_words++] = word;
	return true;
}

static uint32_t new_name(struct selection *s, uint32_t name_off)
{
	uint32_t name;

	if (!name_off)
		return 0;
	return btf_offsets_find(&s->offsets, name_off, &name) ? s->name_at[name] : OTHER_NAME_AT;
}

/* Put the parts of a struct or enum that are wanted. @param step words of each */
static bool put_parts(struct selection *s, const struct record *r, uint32_t step, bool are_members)
{
	size_t info = s->nr_words - 2;
	uint32_t nr = 0;

	for (uint32_t i = 0; i < r->nr; i++) {
		uint64_t first = (uint64_t)i * step;
		uint32_t name_off = tail_word(&s->w, r, first);

		if (name_off >= s->w.from->string_bytes)
			return bad(&s->w, r->pos);
		if (!(are_members && !name_off) && !is_wanted(s, name_off))
			continue;
		if (!put_word(s, new_name(s, name_off)))
			return false;
		for (uint32_t j = 1; j < step; j++) {
			if (!put_word(s, tail_word(&s->w, r, first + j)))
				return false;
		}
		if (are_members && !pick(s, tail_word(&s->w, r, first + 1)))
			return false;
		nr++;
	}
	s->words[info] = (r->info & 0xff000000) | nr;
	return true;
}

static bool put_head(struct selection *s, const struct record *r, uint32_t info, uint32_t third)
{
	return put_word(s, new_name(s, r->name_off)) && put_word(s, info) && put_word(s, third);
}

static bool put_record(struct selection *s, const struct record *r)
{
	switch (r->kind) {
	case BTYPE_INT:
		return put_head(s, r, r->info, r->third) && put_word(s, tail_word(&s->w, r, 0));
	case BTYPE_FLOAT:
		return put_head(s, r, r->info, r->third);
	case BTYPE_PTR:
		return put_head(s, r, r->info, 0);
	case BTYPE_ARRAY:
		return put_head(s, r, r->info, r->third) &&
		       pick(s, tail_word(&s->w, r, BTYPE_ARRAY_ELEMENT)) &&
		       put_word(s, tail_word(&s->w, r, BTYPE_ARRAY_ELEMENT)) && put_word(s, 0) &&
		       put_word(s, tail_word(&s->w, r, BTYPE_ARRAY_LENGTH));
	case BTYPE_STRUCT:
	case BTYPE_UNION:
		return put_head(s, r, r->info, r->third) &&
		       put_parts(s, r, BTYPE_MEMBER_WORDS, true);
	case BTYPE_ENUM:
	case BTYPE_ENUM64:
		return put_head(s, r, r->info, r->third) &&
		       put_parts(s, r, enumerator_words(r), false);
	case BTYPE_TYPEDEF:
	case BTYPE_VOLATILE:
	case BTYPE_CONST:
	case BTYPE_RESTRICT:
	case BTYPE_TYPE_TAG:
		return put_head(s, r, r->info, r->third) && pick(s, r->third);
	case BTYPE_VAR:
		return put_head(s, r, r->info, r->third) && pick(s, r->third) &&
		       put_word(s, tail_word(&s->w, r, 0));
	default:
		return put_head(s, r, (uint32_t)BTYPE_FWD << 24, 0);
	}
}

/* Put all that was picked, and what these are made of. */
static int put_records(struct selection *s)
{
	struct record r;

	s->w.piece_bytes = RECORD_PIECE_BYTES;
	for (size_t i = 0; i < s->nr_picks; i++) {
		size_t at = s->nr_words;

		if (!find_record(s, s->picks[i].id, &r) || !put_record(s, &r))
			break;
		s->picks[i].at = at;
		s->picks[i].nr_words = s->nr_words - at;
	}
	return s->w.err;
}

/* --- the part ----------------------------------------------------------------------- */

static int cmp_picks(const void *a, const void *b)
{
	const struct pick *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void renumber(const struct selection *s, uint32_t *id)
{
	const struct pick key = { .id = *id }, *found;

	found = *id ? bsearch(&key, s->picks, s->nr_picks, sizeof(key), cmp_picks) : NULL;
	*id = found ? found - s->picks + 1 : 0;
}

static void renumber_record(const struct selection *s, uint32_t *record)
{
	unsigned int kind = record[1] >> 24 & 0x7f;
	struct btype_id_places p = btype_id_places(kind);
	uint32_t nr = kind == BTYPE_ARRAY ? 2 : record[1] & 0xffffff;

	if (p.third)
		renumber(s, &record[2]);
	for (uint32_t i = 0; p.step && i < nr; i++)
		renumber(s, &record[p.first + (size_t)i * p.step]);
}

static int put_types(struct selection *s, struct btf_part *part)
{
	part->types = calloc(s->nr_words + 1, sizeof(*part->types));
	if (!part->types)
		return err_set(-ENOMEM, "no memory for types");
	if (s->nr_picks)
		qsort(s->picks, s->nr_picks, sizeof(*s->picks), cmp_picks);
	for (size_t i = 0; i < s->nr_picks; i++) {
		const struct pick *p = &s->picks[i];
		uint32_t *record = part->types + part->nr_words;

		memcpy(record, s->words + p->at, p->nr_words * sizeof(*record));
		renumber_record(s, record);
		part->nr_words += p->nr_words;
	}
	return 0;
}

static int put_names(struct selection *s, struct btf_part *part)
{
	const struct btf_names *n = s->names;
	size_t bytes = OTHER_NAME_AT + sizeof(OTHER_NAME);

	for (size_t i = 0; i < n->nr; i++)
		bytes += strlen(n->names[i]) + 1;
	s->name_at = calloc(n->nr + 1, sizeof(*s->name_at));
	part->strings = calloc(1, bytes);
	if (!s->name_at || !part->strings)
		return err_set(-ENOMEM, "no memory for %zu names", n->nr);
	memcpy(part->strings + OTHER_NAME_AT, OTHER_NAME, sizeof(OTHER_NAME));
	part->string_bytes = OTHER_NAME_AT + sizeof(OTHER_NAME);
	for (size_t i = 0; i < n->nr; i++) {
		size_t len = strlen(n->names[i]) + 1;

		s->name_at[i] = part->string_bytes;
		memcpy(part->strings + part->string_bytes, n->names[i], len);
		part->string_bytes += len;
	}
	return 0;
}

static void selection_free(struct selection *s)
{
	btf_offsets_deinit(&s->offsets);
	free(s->places);
	free(s->picked);
	free(s->picks);
	free(s->words);
	free(s->name_at);
	free(s);
}

int btf_part_read(struct btf_part *part, const struct btf_source *from,
		  const struct btf_names *names)
{
	struct selection *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return err_set(-ENOMEM, "no memory for types");
	s->names = names;
	s->w.from = from;
	s->w.piece_bytes = PIECE_BYTES;
	err = btf_offsets_init(&s->offsets, names);
	if (!err)
		err = put_names(s, part);
	if (!err)
		err = scan_strings(s);
	if (!err)
		err = pick_named(s);
	if (!err)
		err = put_records(s);
	if (!err)
		err = put_types(s, part);
	selection_free(s);
	if (err)
		btf_part_deinit(part);
	return err;
}

void btf_part_deinit(struct btf_part *part)
{
	free(part->types);
	free(part->strings);
	*part = (struct btf_part){ 0 };
}

#endif
