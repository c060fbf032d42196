// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the middle outwards: the digits among the tokens are a string that stands
 * hardly anywhere else; around them are the tokens, after these their index. Before
 * the tokens are the markers (in some kernels with a table of 3 bytes for each symbol
 * between the two), so how far away they are says how many there are; before these
 * is the stream of names; before that the number of symbols. All of it is one piece of
 * one section, with nothing but alignment between the tables.
 */
#include "symbols/kallsyms_scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "symbols/image_scan.h"

#define NR_TOKENS 256
/* Longer ones are not believed. Real ones have up to 50 characters. */
#define TOKEN_MAX 511
/* Characters that are tokens themselves. Real tables have more than 60. */
#define SINGLES_MIN 40

/* Tables are aligned to the one or the other. */
#define ALIGN_MIN 4
#define ALIGN_MAX 8
#define SEQ_SIZE 3
#define MARKERS_MAX (KSYMS_MAX / KSYM_MARKER_STEP)
/* Encoded, a group of names from one marker to the next. */
#define GROUP_MIN (2 * KSYM_MARKER_STEP)
#define GROUP_MAX ((KSYM_TEXT_MAX + 2) * KSYM_MARKER_STEP)

/* Memory below the tokens is searched in steps of this size. */
#define STEP (256u << 10)
#define BACK_MAX (MARKERS_MAX * 8u)
/* The most bytes between the beginnings of markers and tokens. */
#define DISTANCE_MAX (UINT64_C(1) * SEQ_SIZE * KSYMS_MAX + BACK_MAX + 2 * ALIGN_MAX)

struct scan {
	const struct vmem *mem;
	struct kallsyms_tables *found; /* names of 0: none yet */
	/* State of the current token table: */
	vaddr_t table, index;
	bool is_type[NR_TOKENS]; /* it begins with what nm prints as a type */
	struct image_window window;
	uint8_t back[STEP + BACK_MAX];
};

/* Markers that may be some. */
struct markers {
	vaddr_t va;
	const uint8_t *bytes;
	unsigned int size; /* of each */
	uint32_t nr;
	uint32_t min, max; /* the number of symbols lies in between */
};

static uint64_t align_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* --- tokens ----------------------------------------------------------------- */

/*
 * Characters of a string that has all that a token has, else 0. A character that stands
 * for itself is at its own code; all other tokens are made of two or more.
 */
static size_t token_len(const uint8_t s[TOKEN_MAX + 1], unsigned int code)
{
	size_t len = 0;

	while (len < TOKEN_MAX && s[len] > ' ' && s[len] <= '~')
		len++;
	return s[len] || (len == 1 && s[0] != code) ? 0 : len;
}

/* False if what begins with the digits is certainly no token table. */
static bool may_be_tokens(const uint8_t *s, size_t have)
{
	size_t len;

	for (unsigned int code = '0'; code < NR_TOKENS && have > TOKEN_MAX + 1; code++) {
		len = token_len(s, code);
		if (!len)
			return false;
		s += len + 1;
		have -= len + 1;
	}
	return true;
}

/* The token at va. @return its length; 0 if it is none */
static size_t read_token(struct scan *s, vaddr_t va, unsigned int code)
{
	/* There is as much after the last token: the index. */
	const uint8_t *p = image_window_get(&s->window, va, TOKEN_MAX + 1);
	size_t len = p ? token_len(p, code) : 0;

	if (len)
		s->is_type[code] = p[0] == '?' || (p[0] >= 'A' && p[0] <= 'Z') ||
				   (p[0] >= 'a' && p[0] <= 'z');
	return len;
}

/* Return the beginning of the string that ends before va; 0 if there is none. */
static vaddr_t previous_string(struct scan *s, vaddr_t va)
{
	const uint8_t *p = image_window_get(&s->window, va - 1, 1);

	if (!p || *p)
		return 0;
	for (unsigned int len = 0; len <= TOKEN_MAX; len++) {
		p = image_window_get(&s->window, va - len - 2, 1);
		if (!p)
			return 0;
		if (!*p)
			return va - len - 1;
	}
	return 0;
}

/* Return whether the index at va has the beginnings of all tokens. */
static bool index_agrees(struct scan *s, vaddr_t va, const vaddr_t start[NR_TOKENS])
{
	const uint8_t *index = image_window_get(&s->window, va, NR_TOKENS * 2);
	vaddr_t table;

	if (!index)
		return false;
	/* The byte before the first token need not be a NUL, so its start is unknown. */
	table = start[1] - load_u16(index + 2, s->mem->swap);
	if (load_u16(index, s->mem->swap) || table % ALIGN_MIN)
		return false;
	for (unsigned int i = 2; i < NR_TOKENS; i++) {
		if (load_u16(index + i * 2, s->mem->swap) != start[i] - table)
			return false;
	}
	s->table = table;
	s->index = va;
	return read_token(s, table, 0) + 1 == start[1] - table;
}

/* The token table around the digits at va, and its index after it. */
static bool find_tokens(struct scan *s, vaddr_t va)
{
	vaddr_t start[NR_TOKENS], end = va;
	unsigned int singles = 0;

	for (unsigned int code = '0'; code < NR_TOKENS; code++) {
		size_t len = read_token(s, end, code);

		if (!len)
			return false;
		start[code] = end;
		end += len + 1;
		singles += len == 1;
	}
	for (unsigned int code = '0'; code-- > 1;) {
		size_t len;

		start[code] = previous_string(s, start[code + 1]);
		len = start[code] ? read_token(s, start[code], code) : 0;
		if (!len)
			return false;
		singles += len == 1;
	}
	return singles >= SINGLES_MIN && (index_agrees(s, align_up(end, ALIGN_MIN), start) ||
					  index_agrees(s, align_up(end, ALIGN_MAX), start));
}

/* --- names ------------------------------------------------------------------ */

static uint64_t marker(const struct scan *s, const struct markers *m, uint32_t i)
{
	return load_ulong(m->bytes + (size_t)i * m->size, m->size == 8, s->mem->swap);
}

/* Go over nr entries. @return where the next one is; 0 if one of them is none */
static vaddr_t skip_entries(struct scan *s, vaddr_t va, uint32_t nr)
{
	while (nr--) {
		/* There are markers after the last one. */
		const uint8_t *p = image_window_get(&s->window, va, 3);
		unsigned int len, skip = 1;

		if (!p)
			return 0;
		len = p[0];
		if (len & 0x80) {
			len = (len & 0x7f) | p[1] << 7;
			skip = 2;
		}
		if (!len || len > KSYM_ENTRY_MAX || !s->is_type[p[skip]])
			return 0;
		va += skip + len;
	}
	return va;
}

/* Return whether nothing but padding is between the last name and the markers. */
static bool ends_at(struct scan *s, vaddr_t end, vaddr_t markers)
{
	static const uint8_t zeros[ALIGN_MAX];
	const uint8_t *p;

	if (align_up(end, ALIGN_MIN) != markers && align_up(end, ALIGN_MAX) != markers)
		return false;
	p = image_window_get(&s->window, end, markers - end);
	return p && !memcmp(p, zeros, markers - end);
}

/* Return whether a stream of n names agrees with all markers and ends where they begin. */
static bool names_agree(struct scan *s, const struct markers *m, vaddr_t names, uint32_t n)
{
	uint32_t rest = n - (m->nr - 1) * KSYM_MARKER_STEP;
	vaddr_t end = skip_entries(s, names + marker(s, m, m->nr - 1), rest);

	if (!end || !ends_at(s, end, m->va))
		return false;
	for (uint32_t i = 0; i + 1 < m->nr; i++) {
		end = skip_entries(s, names + marker(s, m, i), KSYM_MARKER_STEP);
		if (!end || end != names + marker(s, m, i + 1))
			return false;
	}
	return true;
}

static bool count_fits(const struct markers *m, uint32_t n)
{
	return n >= m->min && n <= m->max;
}

/*
 * Find whether names can begin at va: before them is the number of symbols, in 4 bytes
 * right there or in 4 or 8 bytes at a multiple of 8. @return the number, or 0
 */
static uint32_t count_before(struct scan *s, const struct markers *m, vaddr_t va)
{
	const uint8_t *p = image_window_get(&s->window, va - 8, 8);
	uint32_t first, second;

	if (!p)
		return 0;
	first = load_u32(p, s->mem->swap);
	second = load_u32(p + 4, s->mem->swap);
	if (count_fits(m, second))
		return second;
	return !second && va % ALIGN_MAX == 0 && count_fits(m, first) ? first : 0;
}

/* The names to these markers. @return their address; 0 if there are none */
static vaddr_t find_names(struct scan *s, const struct markers *m, uint32_t *n)
{
	uint64_t last = marker(s, m, m->nr - 1), low, high;

	if (m->va - s->mem->image_start < last + 2 + ALIGN_MAX)
		return 0;
	high = m->va - last - 2;
	low = high - min_u64(high - s->mem->image_start - ALIGN_MAX, GROUP_MAX + ALIGN_MAX);
	for (vaddr_t va = high / ALIGN_MIN * ALIGN_MIN; va >= low; va -= ALIGN_MIN) {
		*n = count_before(s, m, va);
		if (*n && names_agree(s, m, va, *n))
			return va;
		if (!s->window.looks)
			break;
	}
	return 0;
}

/* --- values ----------------------------------------------------------------- */

/* Values in 32 bits at va, and after them what they count from. */
static void add_offsets(struct scan *s, struct kallsyms_tables *t, vaddr_t va, unsigned int align)
{
	vaddr_t end = va + align_up(UINT64_C(4) * t->num_syms, align);
	unsigned int word = vmem_ulong_size(s->mem);
	const uint8_t *p = image_window_get(&s->window, end, word);
	uint64_t base;

	if (!p)
		return;
	base = load_ulong(p, s->mem->is64, s->mem->swap);
	kallsyms_add_candidate(t, KSYM_BASE_RELATIVE, va, base);
	kallsyms_add_candidate(t, KSYM_ABSOLUTE_PERCPU, va, base);
}

/* Until 6.3: before the number of symbols. */
static void add_values_before(struct scan *s, struct kallsyms_tables *t)
{
	unsigned int word = vmem_ulong_size(s->mem);
	uint64_t room = t->names - s->mem->image_start;
	uint64_t offsets = 2 * word + align_up(UINT64_C(4) * t->num_syms, word);
	uint64_t addresses = word + (uint64_t)word * t->num_syms;

	if (offsets <= room)
		add_offsets(s, t, t->names - offsets, word);
	if (addresses <= room)
		kallsyms_add_candidate(t, KSYM_ABSOLUTE, t->names - addresses, 0);
}

/* Since 6.4: after the index of the tokens. Since 7.0, aligned to 4 bytes. */
static void add_values_after(struct scan *s, struct kallsyms_tables *t)
{
	unsigned int word = vmem_ulong_size(s->mem);
	vaddr_t end = t->token_index + NR_TOKENS * 2, va = align_up(end, word);

	add_offsets(s, t, va, word);
	if (range_fits(va, (uint64_t)word * t->num_syms, s->mem->image_end))
		kallsyms_add_candidate(t, KSYM_ABSOLUTE, va, 0);
	if (!range_fits(end, UINT64_C(4) * t->num_syms, s->mem->image_end))
		return;
	kallsyms_add_candidate(t, KSYM_PLACE_RELATIVE, end, 0);
	if (!s->mem->is64)
		kallsyms_add_candidate(t, KSYM_PLAIN, end, 0);
}

/* --- markers ---------------------------------------------------------------- */

/* Return whether names from one marker to the next can take this many bytes. */
static bool is_group(uint64_t bytes)
{
	return bytes >= GROUP_MIN && bytes <= GROUP_MAX;
}

/*
 * Return whether what begins at p are halves of markers of 8 bytes (until 4.19), not markers of 4.
 * There are as many such places as markers, and below each a long piece would be searched for
 * names.
 */
static bool are_halves(const struct scan *s, const uint8_t *p, size_t have)
{
	const bool swap = s->mem->swap;

	return s->mem->is64 && have >= 16 && !load_u32(p, swap) && !load_u32(p + 8, swap) &&
	       is_group((uint64_t)load_u32(p + 12, swap) - load_u32(p + 4, swap));
}

/* Count the numbers that can be markers, the first of them 0. */
static uint32_t count_rising(const struct scan *s, const uint8_t *p, size_t have, unsigned int size)
{
	uint64_t last = 0;
	uint32_t n = 0;

	for (; have >= size && n < MARKERS_MAX; p += size, have -= size, n++) {
		uint64_t value = load_ulong(p, size == 8, s->mem->swap);

		if (n ? !is_group(value - last) : value != 0)
			break;
		last = value;
	}
	return n;
}

static bool try_markers(struct scan *s, const struct markers *m)
{
	struct kallsyms_tables t = {
		.token_table = s->table,
		.token_index = s->index,
		.markers = m->va,
		.marker_size = m->size,
	};

	t.names = find_names(s, m, &t.num_syms);
	if (!t.names)
		return false;
	add_values_before(s, &t);
	add_values_after(s, &t);
	*s->found = t;
	return true;
}

/*
 * Markers that begin at m->va and reach up to the tokens, but for padding. @param rising
 * how many of them can be markers
 */
static bool try_adjacent(struct scan *s, struct markers m, uint32_t rising)
{
	uint64_t room = s->table - m.va, nr = room / m.size;

	/* The padding has the size of a marker. */
	if (nr > rising && m.size < ALIGN_MAX)
		nr--;
	if (nr < 2 || nr > rising)
		return false;
	m.nr = nr;
	m.min = (m.nr - 1) * KSYM_MARKER_STEP + 1;
	m.max = m.nr * KSYM_MARKER_STEP;
	return try_markers(s, &m);
}

/* The same with kallsyms_seqs_of_names between the two. */
static bool try_with_seqs(struct scan *s, struct markers m, uint32_t rising)
{
	uint64_t room = s->table - m.va;
	uint64_t least = room / (m.size + SEQ_SIZE * KSYM_MARKER_STEP);

	for (uint64_t nr = max_u64(least, 2); nr <= least + 1 && nr <= rising; nr++) {
		uint64_t seqs = room - nr * m.size, padding = 2 * (ALIGN_MAX - 1);

		m.nr = nr;
		m.min = max_u64((nr - 1) * KSYM_MARKER_STEP + 1,
				seqs > padding ? (seqs - padding) / SEQ_SIZE : 0);
		m.max = min_u64(nr * KSYM_MARKER_STEP, seqs / SEQ_SIZE);
		if (m.min <= m.max && try_markers(s, &m))
			return true;
	}
	return false;
}

static bool find_markers_at(struct scan *s, vaddr_t va, const uint8_t *bytes, size_t have)
{
	for (unsigned int size = are_halves(s, bytes, have) ? 8 : 4;
	     size <= vmem_ulong_size(s->mem); size += 4) {
		struct markers m = { .va = va, .bytes = bytes, .size = size };
		uint32_t rising = count_rising(s, bytes, have, size);

		if (rising >= 2 && (try_adjacent(s, m, rising) || try_with_seqs(s, m, rising)))
			return true;
	}
	return false;
}

/* Read what is below va, up to a step of it. @return how much, 0 if there is nothing */
static size_t read_below(struct scan *s, vaddr_t va)
{
	size_t len = min_u64(STEP, va - s->mem->image_start) / ALIGN_MIN * ALIGN_MIN;

	for (; len; len = len / 2 / ALIGN_MIN * ALIGN_MIN) {
		int err;

		if (!image_window_spend(&s->window, len / IMAGE_BYTES_PER_UNIT + 1))
			return 0;
		err = vmem_read(s->mem, va - len, s->back + STEP - len, len);
		if (!err)
			return len;
		if (err != -EFAULT) {
			s->window.err = err;
			return 0;
		}
	}
	return 0;
}

/* The rest of the tables, from the tokens downwards. */
static bool find_rest(struct scan *s)
{
	vaddr_t low = s->table;
	size_t have = 0, len;

	while (s->table - low < DISTANCE_MAX && (len = read_below(s, low))) {
		low -= len;
		have += len;
		for (size_t at = len; at > 0;) {
			const uint8_t *p = s->back + STEP - len + (at -= ALIGN_MIN);

			if (!load_u32(p, false) && find_markers_at(s, low + at, p, have - at))
				return true;
		}
		have = min_u64(have, BACK_MAX);
		memmove(s->back + STEP, s->back + STEP - len, have);
	}
	return false;
}

/* Return whether one can be a copy of the other: as many names, which take as many bytes. */
static bool are_equal(const struct kallsyms_tables *a, const struct kallsyms_tables *b)
{
	return a->num_syms == b->num_syms && a->token_index - a->names == b->token_index - b->names;
}

static int token_hit(void *ctx, vaddr_t va, const uint8_t *bytes, size_t have)
{
	struct scan *s = ctx;
	struct kallsyms_tables first = *s->found;

	if (!may_be_tokens(bytes, have) || !find_tokens(s, va) || !find_rest(s) || !first.names)
		return s->window.err;
	if (!are_equal(&first, s->found))
		return err_set(-EBADMSG,
			       "there are kallsyms_names at %#" PRIx64 " and at %#" PRIx64
			       ", and nothing tells which are the kernel's",
			       first.names, s->found->names);
	*s->found = first;
	return s->window.err;
}

int kallsyms_scan(struct kallsyms_tables *ret, const struct vmem *mem)
{
	/* Each digit is a token, at the code that it has as a character. */
	static const char digits[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
	_cleanup_free_ struct scan *s = malloc(sizeof(*s));
	int err;

	if (!s)
		return err_set(-ENOMEM, "no memory to search for kallsyms");
	s->mem = mem;
	s->found = ret;
	image_window_init(&s->window, mem);
	memset(ret, 0, sizeof(*ret));
	err = image_search(mem, digits, sizeof(digits), token_hit, s);
	if (!err && !ret->names)
		err = err_set(-ENOENT, "the kernel image has no kallsyms tables");
	if (err)
		memset(ret, 0, sizeof(*ret));
	return err;
}
