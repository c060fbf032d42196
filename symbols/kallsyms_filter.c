// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/kallsyms_filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "symbols/kallsyms_tables.h"
#include "symbols/symbol_match.h"

/* Codes: of the mark of a name, of characters that no name has, and the first of one that has. */
#define CODE_ENDS 0
#define CODE_UNUSED 1
#define CODE_FIRST 2

static uint8_t code_of(const struct ksym_filter *f, char c)
{
	return f->codes[c & 0x7f];
}

/* Give each character of a name its code; returns the length of the name. */
static size_t give_codes(struct ksym_filter *f, const char *name)
{
	const char *p = name;

	for (; *p; p++) {
		uint8_t *code = &f->codes[*p & 0x7f];

		if (*code == CODE_UNUSED)
			*code = f->nr_codes++;
	}
	return p - name;
}

static void add_name(struct ksym_filter *f, const char *name, size_t *nr)
{
	size_t at = 0;

	for (; *name; name++) {
		uint32_t *next = &f->starts[at + code_of(f, *name)];

		if (!*next)
			*next = (*nr)++ * f->nr_codes;
		at = *next;
	}
	f->starts[at + CODE_ENDS] = 1;
}

int ksym_filter_init(struct ksym_filter *f, const struct ksym_tokens *tokens,
		     const struct symbol_match *w)
{
	size_t room = 1, nr = 1;

	*f = (struct ksym_filter){ .tokens = tokens, .nr_codes = CODE_FIRST };
	memset(f->codes, CODE_UNUSED, sizeof(f->codes));
	for (size_t i = 0; i < w->nr; i++)
		room += give_codes(f, w->names[i].name);
	if (room <= UINT32_MAX / 256)
		f->starts = calloc(room, f->nr_codes * sizeof(*f->starts));
	if (!f->starts)
		return err_set(-ENOMEM, "no memory for names of symbols");
	for (size_t i = 0; i < w->nr; i++)
		add_name(f, w->names[i].name, &nr);
	return 0;
}

void ksym_filter_deinit(struct ksym_filter *f)
{
	free(f->starts);
	f->starts = NULL;
}

bool ksym_filter_passes(const struct ksym_filter *f, const uint8_t *entry, size_t len)
{
	const struct ksym_token *t = &f->tokens->token[entry[0]];
	/* The first character is the type. */
	const char *p = f->tokens->text + t->start + 1, *end = p - 1 + t->len;
	size_t at = 0;

	for (size_t i = 0;;) {
		for (; p < end; p++) {
			if (*p == '.' && f->starts[at + CODE_ENDS])
				return true;
			at = f->starts[at + code_of(f, *p)];
			if (!at)
				return false;
		}
		if (++i == len)
			return f->starts[at + CODE_ENDS];
		t = &f->tokens->token[entry[i]];
		p = f->tokens->text + t->start;
		end = p + t->len;
	}
}
