// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/kallsyms_tables.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/err.h"

/* Fewer tokens than this, and what was read is something else. */
#define TOKENS_MIN 32

#define PAGE_BYTES 4096

/* --- tokens ----------------------------------------------------------------- */

static bool printable(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	}
	return true;
}

int ksym_tokens_read(struct ksym_tokens *tokens, const struct vmem *mem, vaddr_t table,
		     vaddr_t index)
{
	uint64_t span = index - table;
	unsigned int good = 0;
	uint8_t raw[256][2];
	int err;

	memset(tokens->token, 0, sizeof(tokens->token));
	/* An index before its table is far too large a span. */
	if (span < 256 || span > KSYM_TOKENS_MAX)
		return err_set(-EBADMSG,
			       "kallsyms_token_table %#" PRIx64
			       " and kallsyms_token_index %#" PRIx64 " are invalid",
			       table, index);
	err = vmem_read(mem, table, tokens->text, span);
	if (!err)
		err = vmem_read(mem, index, raw, sizeof(raw));
	if (err)
		return err_prefix(err, "cannot read the tokens of kallsyms");
	tokens->text[span] = '\0';
	for (unsigned int i = 0; i < 256; i++) {
		size_t start = load_u16(raw[i], mem->swap), len;

		if (start >= span)
			continue;
		len = strlen(tokens->text + start);
		if (!len || start + len >= span || !printable(tokens->text + start, len))
			continue;
		tokens->token[i] = (struct ksym_token){ start, len };
		good++;
	}
	if (good < TOKENS_MIN)
		return err_set(-EBADMSG, "kallsyms_token_table %#" PRIx64 " is damaged", table);
	return 0;
}

size_t ksym_expand(const struct ksym_tokens *tokens, const uint8_t *entry, size_t len,
		   char text[KSYM_TEXT_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		const struct ksym_token *t = &tokens->token[entry[i]];

		if (!t->len || n + t->len >= KSYM_TEXT_MAX)
			return 0;
		memcpy(text + n, tokens->text + t->start, t->len);
		n += t->len;
	}
	text[n] = '\0';
	return n > 1 ? n : 0;
}

/* --- the stream of names ---------------------------------------------------- */

static bool read_marker(const struct vmem *mem, const struct kallsyms_tables *t, uint32_t i,
			uint64_t *ret)
{
	uint8_t raw[8];

	if (vmem_read(mem, t->markers + (uint64_t)i * t->marker_size, raw, t->marker_size))
		return false;
	*ret = load_ulong(raw, t->marker_size == 8, mem->swap);
	return true;
}

/* Return whether n entries of the stream can lead from offset a to b. */
static bool can_follow(uint64_t a, uint64_t b, uint64_t n)
{
	return b >= a + 2 * n && b <= a + n * (KSYM_ENTRY_MAX + 2);
}

static bool are_markers(const struct vmem *mem, const struct kallsyms_tables *t)
{
	uint32_t nr = div_round_up(t->num_syms, KSYM_MARKER_STEP);
	uint64_t value, last;

	if (t->markers <= t->names || !read_marker(mem, t, 0, &last) || last)
		return false;
	for (uint32_t i = 1; i < nr && i <= 16; i++) {
		if (!read_marker(mem, t, i, &value) || !can_follow(last, value, KSYM_MARKER_STEP))
			return false;
		last = value;
	}
	return read_marker(mem, t, nr - 1, &last) && last < t->markers - t->names;
}

void kallsyms_find_markers(struct kallsyms_tables *t, const struct vmem *mem)
{
	/* Sizes of markers since Linux kernel commit 80ffbaa5b1bd (in v4.20), and before. */
	static const unsigned int sizes[] = { 4, 8 };
	static const unsigned int alignments[] = { 8, 4 };
	uint64_t nr = div_round_up(t->num_syms, KSYM_MARKER_STEP);

	/* Between markers and tokens there can be three bytes for each symbol. */
	for (unsigned int i = 0; i < 8; i++) {
		uint64_t align = alignments[i & 1], seqs = i & 2 ? 3 * (uint64_t)t->num_syms : 0;

		t->marker_size = sizes[i >> 2];
		t->markers = t->token_table - div_round_up(seqs, align) * align -
			     div_round_up(nr * t->marker_size, align) * align;
		if (are_markers(mem, t))
			return;
	}
	t->markers = 0;
}

void kallsyms_add_candidate(struct kallsyms_tables *t, enum kallsyms_encoding encoding,
			    vaddr_t table, uint64_t base)
{
	if (t->nr_candidates == KSYM_VALUES_MAX)
		return;
	t->candidates[t->nr_candidates++] = (struct ksym_values){ encoding, table, base };
}

void ksym_stream_init(struct ksym_stream *s, const struct vmem *mem,
		      const struct kallsyms_tables *tables)
{
	s->mem = mem;
	s->tables = tables;
	s->index = s->lost = 0;
	s->pos = 0;
	s->at = s->have = 0;
}

/* Read after what is in the chunk as much as can be read. @return whether anything was */
static bool fill(struct ksym_stream *s)
{
	uint64_t limit = s->tables->token_table - s->tables->names, end, room;

	memmove(s->chunk, s->chunk + s->at, s->have - s->at);
	s->have -= s->at;
	s->at = 0;
	end = s->pos + s->have;
	if (end >= limit)
		return false;
	room = min_u64(sizeof(s->chunk) - s->have, limit - end);
	if (!vmem_read(s->mem, s->tables->names + end, s->chunk + s->have, room)) {
		s->have += room;
		return room;
	}
	/* Something in there is missing: up to there, then. */
	for (uint64_t done = 0; done < room;) {
		vaddr_t va = s->tables->names + end + done;
		uint64_t n = min_u64(room - done, PAGE_BYTES - va % PAGE_BYTES);

		if (vmem_read(s->mem, va, s->chunk + s->have, n))
			return done;
		s->have += n;
		done += n;
	}
	return true;
}

static bool have(struct ksym_stream *s, size_t n)
{
	while (s->have - s->at < n) {
		if (!fill(s))
			return false;
	}
	return true;
}

/* The length of the entry at hand, whose bytes are then in the chunk; 0 if it is damaged. */
static size_t entry_length(struct ksym_stream *s, size_t *prefix)
{
	size_t len;

	*prefix = 1;
	/* Nearly all are short, and not the last of the chunk. */
	if (s->at < s->have && s->chunk[s->at] < 0x80 && s->have - s->at > s->chunk[s->at])
		return s->chunk[s->at];
	if (!have(s, 1))
		return 0;
	len = s->chunk[s->at];
	if (len & 0x80) {
		if (!have(s, 2))
			return 0;
		*prefix = 2;
		len = (len & 0x7f) | (size_t)s->chunk[s->at + 1] << 7;
	}
	return have(s, *prefix + len) ? len : 0;
}

static void jump(struct ksym_stream *s, uint64_t pos)
{
	s->pos = pos;
	s->at = s->have = 0;
}

/* Return whether marker i, which is pos, lies between the one before and the one after. */
static bool is_in_place(const struct ksym_stream *s, uint32_t i, uint64_t pos)
{
	uint64_t before, behind;

	if (!read_marker(s->mem, s->tables, i - 1, &before) ||
	    !can_follow(before, pos, KSYM_MARKER_STEP))
		return false;
	return (i + 1) * (uint64_t)KSYM_MARKER_STEP >= s->tables->num_syms ||
	       (read_marker(s->mem, s->tables, i + 1, &behind) &&
		can_follow(pos, behind, KSYM_MARKER_STEP));
}

/* At the start of a block of 256, believe a possible marker rather than the stream. */
static void check_marker(struct ksym_stream *s)
{
	uint32_t i = s->index / KSYM_MARKER_STEP;
	uint64_t pos;

	if (!s->tables->markers || !i || !read_marker(s->mem, s->tables, i, &pos) ||
	    pos == s->pos || !is_in_place(s, i, pos))
		return;
	s->lost += KSYM_MARKER_STEP;
	jump(s, pos);
}

/* Give up the block that is damaged, and the ones after it that cannot begin. */
static void skip_block(struct ksym_stream *s)
{
	uint32_t from = s->index, num = s->tables->num_syms;
	uint64_t next = s->index, pos;

	while (s->tables->markers) {
		next += KSYM_MARKER_STEP - next % KSYM_MARKER_STEP;
		if (next >= num)
			break;
		if (read_marker(s->mem, s->tables, next / KSYM_MARKER_STEP, &pos) && pos > s->pos &&
		    pos < s->tables->token_table - s->tables->names) {
			s->index = next;
			s->lost += s->index - from;
			jump(s, pos);
			return;
		}
	}
	s->lost += num - from;
	s->index = num;
}

/*
 * Pass over entries of a block that are not wanted, as long as they are short and in the chunk.
 * Returns whether the block or the table ends after them.
 */
static bool pass_over(struct ksym_stream *s, const struct ksym_filter *filter)
{
	uint32_t end = min_u64(s->index - s->index % KSYM_MARKER_STEP + KSYM_MARKER_STEP,
			       s->tables->num_syms);
	size_t at = s->at;

	for (; s->index < end && at < s->have; s->index++) {
		size_t len = s->chunk[at];

		if (!len || len >= 0x80 || s->have - at <= len ||
		    ksym_filter_passes(filter, &s->chunk[at + 1], len))
			break;
		at += 1 + len;
	}
	s->pos += at - s->at;
	s->at = at;
	return s->index == end;
}

size_t ksym_stream_next(struct ksym_stream *s, const struct ksym_filter *filter, uint32_t *index,
			const uint8_t **entry)
{
	while (s->index < s->tables->num_syms) {
		size_t len, prefix;

		if (s->index % KSYM_MARKER_STEP == 0)
			check_marker(s);
		if (filter && pass_over(s, filter))
			continue;
		len = entry_length(s, &prefix);
		if (!len) {
			skip_block(s);
			continue;
		}
		*entry = s->chunk + s->at + prefix;
		*index = s->index++;
		s->at += prefix + len;
		s->pos += prefix + len;
		return len;
	}
	return 0;
}

/* --- values ----------------------------------------------------------------- */

static unsigned int value_size(const struct vmem *mem, const struct ksym_values *values)
{
	return values->encoding == KSYM_ABSOLUTE ? vmem_ulong_size(mem) : 4;
}

static uint64_t decode(const struct vmem *mem, const struct ksym_values *v, uint32_t index,
		       const uint8_t *raw)
{
	uint32_t entry = load_u32(raw, mem->swap);
	uint64_t value = 0;

	switch (v->encoding) {
	case KSYM_ABSOLUTE:
		value = load_ulong(raw, mem->is64, mem->swap);
		break;
	case KSYM_BASE_RELATIVE:
		value = v->base + entry;
		break;
	case KSYM_ABSOLUTE_PERCPU:
		value = (int32_t)entry >= 0 ? entry : v->base - 1 - (int64_t)(int32_t)entry;
		break;
	case KSYM_PLACE_RELATIVE:
		value = v->table + 4 * (uint64_t)index + (int64_t)(int32_t)entry;
		break;
	case KSYM_PLAIN:
		value = entry;
		break;
	}
	return mem->is64 ? value : (uint32_t)value;
}

int ksym_value(const struct vmem *mem, const struct ksym_values *values, uint32_t index,
	       uint64_t *ret)
{
	return ksym_values_read(mem, values, index, 1, ret);
}

int ksym_values_read(const struct vmem *mem, const struct ksym_values *values, uint32_t first,
		     uint32_t nr, uint64_t *ret)
{
	unsigned int size = value_size(mem, values);
	uint8_t raw[KSYM_VALUES_CHUNK * 8];
	int err;

	if (nr > KSYM_VALUES_CHUNK)
		return err_set(-EINVAL, "%" PRIu32 " values at once", nr);
	err = vmem_read(mem, values->table + (uint64_t)first * size, raw, (size_t)nr * size);
	if (err)
		return err_prefix(err, "cannot read the addresses of symbols");
	for (uint32_t i = 0; i < nr; i++)
		ret[i] = decode(mem, values, first + i, raw + (size_t)i * size);
	return 0;
}
