// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/btf_print.h"

#ifdef HAVE_LIBBPF

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

/* Columns, as pahole has them, where names and comments begin. */
#define NAME_COLUMN 35
#define COMMENT_COLUMN 57
#define TAB 8

/* --- text --------------------------------------------------------------------- */

static bool make_room(struct btf_text *x, size_t len)
{
	size_t more = x->room ? x->room : 4096;
	char *p;

	if (x->err)
		return false;
	if (len >= BTF_TEXT_MAX - x->len) {
		x->err = err_set(-EFBIG, "it makes more than %u MiB of text", BTF_TEXT_MAX >> 20);
		return false;
	}
	while (more <= x->len + len)
		more *= 2;
	if (more == x->room)
		return true;
	p = realloc(x->buf, more);
	if (!p) {
		x->err = err_set(-ENOMEM, "no memory for %zu bytes of text", more);
		return false;
	}
	x->buf = p;
	x->room = more;
	return true;
}

static void put_bytes(struct btf_text *x, const char *s, size_t len)
{
	if (!make_room(x, len))
		return;
	memcpy(x->buf + x->len, s, len);
	x->len += len;
	x->buf[x->len] = '\0';
}

static void put(struct btf_text *x, const char *s)
{
	put_bytes(x, s, strlen(s));
}

/* A name goes to a terminal: nothing in it may be more than text. */
static void put_name(struct btf_text *x, const char *s)
{
	for (const char *bad = s; *s; s = bad) {
		while (*bad >= ' ' && *bad <= '~')
			bad++;
		put_bytes(x, s, bad - s);
		if (*bad) {
			put(x, "?");
			bad++;
		}
	}
}

int btf_text_add(struct btf_text *x, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	put(x, line);
	return x->err;
}

static void begin_line(struct btf_text *x, unsigned int tabs)
{
	for (unsigned int i = 0; i < tabs; i++)
		put(x, "\t");
	x->line = x->len;
	x->tabs = tabs;
}

/* Go to a column, or one further than where the line is. */
static void pad(struct btf_text *x, size_t column)
{
	size_t at = x->tabs * TAB + (x->len - x->line);

	btf_text_add(x, "%*s", at < column ? (int)(column - at) : 1, "");
}

void btf_text_deinit(struct btf_text *x)
{
	free(x->buf);
	*x = (struct btf_text){ 0 };
}

/* --- declarations ------------------------------------------------------------- */

/* A declaration's type: what is derived, from the outside in, and from what. */
struct chain {
	struct btype links[BTYPE_DEPTH_MAX];
	int nr;
	struct btype base;
	bool damaged;
};

/* The struct whose members are printed, and the one that it is in. */
struct body {
	const struct body *outer;
	uint32_t id;
};

/* The declaration being printed. */
struct declaration {
	const char *name;
	uint64_t bit_offset; /* of a member, in all that is printed */
	uint32_t bit_size;
	bool expand;	    /* show what is in a struct with a name, too */
	bool bodies;	    /* show what is in a struct without a name */
	bool columns;	    /* the name has a column of its own */
	unsigned int depth; /* of unnamed structs, functions' parameters */
	const struct body *outer;
};

static const char *shown_name(const struct btf_types *t, uint32_t name_off)
{
	return btype_is_name_lost(t, name_off) ? "/* damaged */" : btype_name(t, name_off);
}

static void put_members(struct btf_text *x, const struct btf_types *t, const struct btype *s,
			uint64_t base, unsigned int depth, const struct body *outer);
static void put_enumerators(struct btf_text *x, const struct btf_types *t, const struct btype *e);
static void put_declaration(struct btf_text *x, const struct btf_types *t, uint32_t type,
			    const struct declaration *d);

static bool is_qualifier(const struct btype *r)
{
	return r->kind == BTYPE_CONST || r->kind == BTYPE_VOLATILE || r->kind == BTYPE_RESTRICT;
}

static bool is_derived(const struct btype *r)
{
	return r->kind == BTYPE_PTR || r->kind == BTYPE_ARRAY || r->kind == BTYPE_FUNC_PROTO;
}

static void unroll(const struct btf_types *t, uint32_t type, struct chain *c)
{
	c->nr = 0;
	c->damaged = true;
	for (int i = 0; i < BTYPE_DEPTH_MAX; i++) {
		if (btype_get(t, type, &c->base))
			return;
		if (!is_qualifier(&c->base) && !is_derived(&c->base) &&
		    c->base.kind != BTYPE_TYPE_TAG) {
			c->damaged = false;
			return;
		}
		type = c->base.kind == BTYPE_ARRAY ? c->base.tail[BTYPE_ARRAY_ELEMENT] :
						     c->base.size;
		if (c->base.kind != BTYPE_TYPE_TAG)
			c->links[c->nr++] = c->base;
	}
}

/* Return whether a pointer needs parentheses: to an array or a function. */
static bool is_grouped(const struct chain *c, int i)
{
	if (c->links[i].kind != BTYPE_PTR)
		return false;
	for (i++; i < c->nr && is_qualifier(&c->links[i]); i++)
		;
	return i < c->nr && c->links[i].kind != BTYPE_PTR;
}

/* Qualifiers from link i outwards; those of an array are its elements'. */
static void put_qualifiers(struct btf_text *x, const struct chain *c, int i, const char *before,
			   const char *after)
{
	unsigned int done = 0;

	for (; i >= 0; i--) {
		const struct btype *r = &c->links[i];

		if (r->kind == BTYPE_ARRAY || done & 1u << r->kind)
			continue;
		if (!is_qualifier(r))
			break;
		done |= 1u << r->kind;
		put(x, before);
		put(x, r->kind == BTYPE_CONST	 ? "const" :
		       r->kind == BTYPE_VOLATILE ? "volatile" :
						   "restrict");
		put(x, after);
	}
}

static const char *keyword(const struct btype *r)
{
	switch (r->kind) {
	case BTYPE_STRUCT:
		return "struct";
	case BTYPE_UNION:
		return "union";
	case BTYPE_ENUM:
	case BTYPE_ENUM64:
		return "enum";
	case BTYPE_FWD:
		return r->flag ? "union" : "struct";
	default:
		return NULL;
	}
}

/* Return whether a struct is within itself, as damaged ones can be. */
static bool is_open(const struct body *b, uint32_t id)
{
	while (b && b->id != id)
		b = b->outer;
	return b;
}

/* "struct name", or "struct {", members and "}". */
static void put_base(struct btf_text *x, const struct btf_types *t, const struct chain *c,
		     const struct declaration *d)
{
	const struct btype *r = &c->base;
	const char *word = keyword(r), *name = shown_name(t, r->name_off);
	unsigned int tabs = x->tabs;
	bool embedded = true;

	for (int i = 0; i < c->nr; i++)
		embedded &= c->links[i].kind == BTYPE_ARRAY || is_qualifier(&c->links[i]);
	if (c->damaged) {
		put(x, "/* damaged */ void");
		return;
	}
	if (!word) {
		put_name(x, r->kind == BTYPE_VOID ? "void" : *name ? name : "?");
		return;
	}
	put(x, word);
	if (*name) {
		put(x, " ");
		put_name(x, name);
	}
	if (*name && (!d->expand || !embedded || !btype_is_struct(r)))
		return;
	if (is_open(d->outer, r->id)) {
		put(x, " { /* damaged */ }");
		return;
	}
	if (d->depth >= BTYPE_DEPTH_MAX || !d->bodies || r->kind == BTYPE_FWD) {
		put(x, " {...}");
		return;
	}
	put(x, " {\n");
	if (btype_is_struct(r))
		put_members(x, t, r, embedded ? d->bit_offset : 0, d->depth + 1, d->outer);
	else
		put_enumerators(x, t, r);
	begin_line(x, tabs);
	put(x, "}");
}

static void put_parameters(struct btf_text *x, const struct btf_types *t, const struct btype *f,
			   unsigned int depth)
{
	struct declaration d = { .name = "", .depth = depth + 1 };

	put(x, "(");
	if (!f->nr)
		put(x, "void");
	for (uint32_t i = 0; i < f->nr && !x->err; i++) {
		const uint32_t *words = f->tail + (size_t)i * BTYPE_PARAM_WORDS;

		if (i)
			put(x, ", ");
		if (!words[1])
			put(x, "...");
		else if (depth >= BTYPE_DEPTH_MAX)
			put(x, "?");
		else
			put_declaration(x, t, words[1], &d);
	}
	put(x, ")");
}

static char last_char(const struct btf_text *x)
{
	return x->len ? x->buf[x->len - 1] : '\0';
}

/* Between the type and the name, or what binds to the name. */
static void separate(struct btf_text *x, const struct declaration *d)
{
	if (d->columns && last_char(x) != '}')
		pad(x, NAME_COLUMN);
	else
		put(x, " ");
}

/* Stars, and what is in front of the name. */
static void put_left(struct btf_text *x, const struct chain *c, const struct declaration *d)
{
	bool separated = false;

	for (int i = c->nr - 1; i >= 0; i--) {
		bool grouped = is_grouped(c, i);

		if (c->links[i].kind != BTYPE_PTR)
			continue;
		if (grouped && !separated) {
			separate(x, d);
			separated = true;
		}
		put(x, grouped ? "(*" : last_char(x) == '*' ? "*" : " *");
		put_qualifiers(x, c, i - 1, " ", "");
	}
	if (!*d->name && !d->bit_size)
		return;
	if (!separated)
		separate(x, d);
	else if (last_char(x) != '*')
		put(x, " ");
}

static void put_declaration(struct btf_text *x, const struct btf_types *t, uint32_t type,
			    const struct declaration *d)
{
	struct chain c;

	unroll(t, type, &c);
	put_qualifiers(x, &c, c.nr - 1, "", " ");
	put_base(x, t, &c, d);
	put_left(x, &c, d);
	put_name(x, d->name);
	for (int i = 0; i < c.nr; i++) {
		if (c.links[i].kind == BTYPE_PTR && is_grouped(&c, i))
			put(x, ")");
		else if (c.links[i].kind == BTYPE_FUNC_PROTO)
			put_parameters(x, t, &c.links[i], d->depth);
		else if (c.links[i].kind == BTYPE_ARRAY && c.links[i].tail[BTYPE_ARRAY_LENGTH])
			btf_text_add(x, "[%" PRIu32 "]", c.links[i].tail[BTYPE_ARRAY_LENGTH]);
		else if (c.links[i].kind == BTYPE_ARRAY)
			put(x, "[]");
	}
	if (d->bit_size)
		btf_text_add(x, ":%" PRIu32, d->bit_size);
}

/* --- members ------------------------------------------------------------------ */

/* Write the place of a bit field: byte of the unit that holds it, first bit in that. */
static void put_bit_offset(struct btf_text *x, uint64_t offset, uint32_t bits, uint32_t size)
{
	uint64_t unit = size ? offset / 8 / size * size : offset / 8;

	/* A packed one can reach across two units. */
	if (offset - unit * 8 + bits > (uint64_t)size * 8)
		unit = offset / 8;
	btf_text_add(x, "/* %5" PRIu64 ":%2" PRIu64 " %2" PRIu32 " */\n", unit, offset - unit * 8,
		     size);
}

static void put_member(struct btf_text *x, const struct btf_types *t, const struct btype_member *m,
		       const struct declaration *d, unsigned int tabs)
{
	begin_line(x, tabs);
	put_declaration(x, t, m->type, d);
	put(x, ";");
	pad(x, COMMENT_COLUMN);
	if (d->bit_size || d->bit_offset % 8)
		put_bit_offset(x, d->bit_offset, d->bit_size, m->at.size);
	else
		btf_text_add(x, "/* %5" PRIu64 " %5" PRIu32 " */\n", d->bit_offset / 8, m->at.size);
}

static void put_members(struct btf_text *x, const struct btf_types *t, const struct btype *s,
			uint64_t base, unsigned int depth, const struct body *outer)
{
	const struct body body = { .outer = outer, .id = s->id };
	unsigned int tabs = x->tabs + 1;

	for (uint32_t i = 0; i < s->nr && !x->err; i++) {
		struct btype_member m;
		int err = btype_get_member(t, s, i, &m);
		const struct declaration d = {
			.name = shown_name(t, m.name_off),
			.bit_offset = base + m.at.bit_offset,
			.bit_size = m.at.bit_size,
			.bodies = true,
			.columns = true,
			.depth = depth,
			.outer = &body,
		};

		if (!err) {
			put_member(x, t, &m, &d, tabs);
			continue;
		}
		begin_line(x, tabs);
		btf_text_add(x, "/* damaged: %s */\n", err_text(err));
	}
}

int btf_print_member(struct btf_text *x, const struct btf_types *t, const struct btype *of,
		     const struct btype_member *m)
{
	const struct declaration d = {
		.name = shown_name(t, m->name_off),
		.bit_offset = m->at.bit_offset,
		.bit_size = m->at.bit_size,
		.expand = true,
		.bodies = true,
		.columns = true,
	};

	if (of) {
		btf_text_add(x, "/* %s ", of->kind == BTYPE_TYPEDEF ? "typedef" : keyword(of));
		put_name(x, shown_name(t, of->name_off));
		put(x, " */\n");
	}
	put_member(x, t, m, &d, 0);
	return x->err;
}

/* --- types -------------------------------------------------------------------- */

static void put_enumerators(struct btf_text *x, const struct btf_types *t, const struct btype *e)
{
	unsigned int tabs = x->tabs + 1;

	for (uint32_t i = 0; i < e->nr && !x->err; i++) {
		int64_t value = btype_enum_value(e, i);

		begin_line(x, tabs);
		put_name(x, shown_name(t, btype_enum_name(e, i)));
		pad(x, NAME_COLUMN - 4);
		if (e->flag)
			btf_text_add(x, "= %" PRId64 ",\n", value);
		else
			btf_text_add(x, "= %" PRIu64 ",\n", (uint64_t)value);
	}
}

static void put_definition(struct btf_text *x, const struct btf_types *t, const struct btype *r)
{
	begin_line(x, 0);
	put(x, keyword(r));
	put(x, " ");
	put_name(x, shown_name(t, r->name_off));
	put(x, " {\n");
	if (btype_is_struct(r))
		put_members(x, t, r, 0, 0, NULL);
	else
		put_enumerators(x, t, r);
	btf_text_add(x, "\n\t/* size: %" PRIu32 ", %s: %" PRIu32 " */\n};\n", r->size,
		     btype_is_struct(r) ? "members" : "enumerators", r->nr);
}

static void put_typedef(struct btf_text *x, const struct btf_types *t, const struct btype *r)
{
	const struct declaration d = { .name = shown_name(t, r->name_off), .bodies = true };
	uint32_t size;

	begin_line(x, 0);
	put(x, "typedef ");
	put_declaration(x, t, r->size, &d);
	put(x, ";");
	if (!btype_size(t, r->id, &size))
		btf_text_add(x, " /* size: %" PRIu32 " */", size);
	put(x, "\n");
}

int btf_print_type(struct btf_text *x, const struct btf_types *t, const struct btype *type)
{
	const char *first = shown_name(t, type->name_off), *name;
	struct btype r = *type;

	for (int i = 0; btype_is_alias(&r); i++) {
		if (i == BTYPE_DEPTH_MAX || (i && r.id == type->id))
			return btf_text_add(x, "/* damaged: it leads to others without end */\n");
		if (r.kind == BTYPE_TYPEDEF)
			put_typedef(x, t, &r);
		if (btype_get(t, r.size, &r))
			return x->err;
	}
	name = shown_name(t, r.name_off);
	/* A struct of the same name is printed for its own sake. */
	if ((btype_is_struct(&r) || r.kind == BTYPE_ENUM || r.kind == BTYPE_ENUM64) && *name &&
	    (r.id == type->id || strcmp(name, first)))
		put_definition(x, t, &r);
	return x->err;
}

#endif
