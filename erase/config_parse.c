// SPDX-License-Identifier: GPL-2.0-or-later
#include "erase/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/input_file.h"

/* Characters of a word that an error message shows. */
#define SHOWN_MAX 60

/* Memory that lives as long as the config. */
struct block {
	struct block *next;
	max_align_t bytes[];
};

/* A piece of the text: a word, or one character. */
struct token {
	const char *start;
	size_t len; /* 0: the end */
	unsigned int line;
	bool begins_line;
};

struct parser {
	struct erase_config *config;
	const char *start, *end;
	struct token now;     /* what comes next */
	const char *last_end; /* of what was taken last */
	const char *module;
	struct config_section **next_section;
	/* Variables of the loops around. */
	const char *variables[CONFIG_DEPTH_MAX];
	unsigned int depth;
};

/* --- memory ------------------------------------------------------------------------- */

static void *take_memory(struct parser *p, size_t size)
{
	struct block *b = calloc(1, sizeof(*b) + size);

	if (!b) {
		err_set(-ENOMEM, "no memory to read %s", p->config->path);
		return NULL;
	}
	b->next = p->config->blocks;
	p->config->blocks = b;
	return b->bytes;
}

static const char *keep_word(struct parser *p, const struct token *t)
{
	char *text = take_memory(p, t->len + 1);

	if (text)
		memcpy(text, t->start, t->len);
	return text;
}

/* A part of the text as people would write it: single blanks, no comments. */
static const char *keep_text(struct parser *p, const char *start, const char *end)
{
	char *text = take_memory(p, end - start + 1), *to = text;

	while (text && start < end) {
		if (*start == '#') {
			start = memchr(start, '\n', end - start);
		} else if (isspace((unsigned char)*start)) {
			if (to > text && to[-1] != ' ')
				*to++ = ' ';
			start++;
		} else {
			*to++ = *start++;
		}
	}
	return text;
}

/* --- tokens ------------------------------------------------------------------------- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static void skip_blanks(struct parser *p, struct token *t)
{
	while (t->start < p->end) {
		if (*t->start == '#') {
			while (t->start < p->end && *t->start != '\n')
				t->start++;
		} else if (isspace((unsigned char)*t->start)) {
			t->begins_line |= *t->start == '\n';
			t->line += *t->start == '\n';
			t->start++;
		} else {
			return;
		}
	}
}

static void advance(struct parser *p)
{
	struct token *t = &p->now;

	p->last_end = t->start + t->len;
	t->start = p->last_end;
	t->len = 0;
	t->begins_line = t->start == p->start;
	skip_blanks(p, t);
	if (t->start == p->end)
		return;
	t->len = 1;
	if (!is_word(*t->start))
		return;
	while (t->start + t->len < p->end && is_word(t->start[t->len]))
		t->len++;
}

static bool at(const struct parser *p, const char *text)
{
	size_t len = strlen(text);

	return p->now.len == len && !memcmp(p->now.start, text, len);
}

static bool accept(struct parser *p, const char *text)
{
	if (!at(p, text))
		return false;
	advance(p);
	return true;
}

static int wrong(const struct parser *p, unsigned int line, const char *what)
{
	return err_set(-EINVAL, "%s:%u: %s", p->config->path, line, what);
}

/* It does not go on as it should. */
static int expected(const struct parser *p, const char *what)
{
	const struct token *t = &p->now;
	char shown[SHOWN_MAX + 1];
	size_t len = min_u64(t->len, SHOWN_MAX);

	if (!t->len)
		return err_set(-EINVAL, "%s:%u: the file ends where %s is expected",
			       p->config->path, t->line, what);
	for (size_t i = 0; i < len; i++)
		shown[i] = isprint((unsigned char)t->start[i]) ? t->start[i] : '?';
	shown[len] = '\0';
	return err_set(-EINVAL, "%s:%u: %s is expected, not \"%s\"", p->config->path, t->line, what,
		       shown);
}

static int need(struct parser *p, const char *text)
{
	char what[16] = "\"";

	if (accept(p, text))
		return 0;
	return expected(p, strcat(strcat(what, text), "\""));
}

static int take_name(struct parser *p, const char *what, const char **ret)
{
	if (!p->now.len || !is_word(*p->now.start) || isdigit((unsigned char)*p->now.start))
		return expected(p, what);
	*ret = keep_word(p, &p->now);
	if (!*ret)
		return -ENOMEM;
	advance(p);
	return 0;
}

/* Words that begin something else, which is likelier than a symbol of that name. */
static bool at_keyword(const struct parser *p)
{
	static const char *const words[] = {
		"erase", "for", "in", "via", "within", "endfor", "size", "nullify",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (at(p, words[i]))
			return true;
	return false;
}

/* Digits, and what stands after them in *rest. */
static int take_number(struct parser *p, const char *what, uint64_t *ret, char *rest)
{
	char text[32], *end;
	bool hex;

	if (!p->now.len || !isdigit((unsigned char)*p->now.start) || p->now.len >= sizeof(text))
		return expected(p, what);
	memcpy(text, p->now.start, p->now.len);
	text[p->now.len] = '\0';
	hex = !strncasecmp(text, "0x", 2);
	errno = 0;
	*ret = strtoull(text, &end, hex ? 16 : 10);
	if (errno || strlen(end) > 1)
		return expected(p, what);
	*rest = *end;
	return 0;
}

/* --- paths --------------------------------------------------------------------------- */

static enum type_tag take_tag(struct parser *p)
{
	return accept(p, "struct") ? TYPE_STRUCT :
	       accept(p, "union")  ? TYPE_UNION :
	       accept(p, "enum")   ? TYPE_ENUM :
				     TYPE_PLAIN;
}

/* "unsigned  long" becomes "unsigned long". */
static int parse_plain_name(struct parser *p, const char **ret)
{
	const char *start = p->now.start, *word;
	int err;

	do {
		err = take_name(p, "the name of a type", &word);
		if (err)
			return err;
	} while (p->now.len && is_word(*p->now.start));
	*ret = keep_text(p, start, p->last_end);
	return *ret ? 0 : -ENOMEM;
}

static int parse_dims(struct parser *p, struct config_cast *cast)
{
	while (accept(p, "[")) {
		uint64_t n;
		char rest;
		int err = take_number(p, "a number of elements", &n, &rest);

		if (err)
			return err;
		if (rest || !n || n > UINT32_MAX)
			return expected(p, "a number of elements");
		if (cast->nr_dims == CONFIG_DIMS_MAX)
			return wrong(p, p->now.line, "a type has too many brackets");
		cast->dims[cast->nr_dims++] = n;
		advance(p);
		err = need(p, "]");
		if (err)
			return err;
	}
	return 0;
}

static int parse_cast(struct parser *p, const struct config_cast **ret)
{
	struct config_cast *cast;
	int err;

	*ret = NULL;
	if (!accept(p, "("))
		return 0;
	cast = take_memory(p, sizeof(*cast));
	if (!cast)
		return -ENOMEM;
	*ret = cast;
	cast->tag = take_tag(p);
	err = cast->tag == TYPE_PLAIN ? parse_plain_name(p, &cast->name) :
					take_name(p, "the name of a type", &cast->name);
	if (err)
		return err;
	while (accept(p, "*"))
		if (++cast->stars > CONFIG_STARS_MAX)
			return wrong(p, p->now.line, "a type has too many stars");
	err = parse_dims(p, cast);
	return err ? err : need(p, ")");
}

/*
 * @param what what the first name is called in errors
 * @param casts whether there can be any
 */
static int parse_path(struct parser *p, const char *what, bool casts, struct config_path *ret)
{
	const struct config_step **next = &ret->first;
	const char *start = p->now.start;

	do {
		struct config_step *step = take_memory(p, sizeof(*step));
		int err = step ? 0 : -ENOMEM;

		if (!err && casts)
			err = parse_cast(p, &step->cast);
		if (!err && !ret->first && at_keyword(p))
			err = expected(p, what);
		if (!err)
			err = take_name(p, ret->first ? "a member" : what, &step->name);
		if (err)
			return err;
		*next = step;
		next = &step->next;
	} while (accept(p, "."));
	ret->text = keep_text(p, start, p->last_end);
	return ret->text ? 0 : -ENOMEM;
}

static bool is_variable(const struct parser *p, const char *name)
{
	for (unsigned int i = 0; i < p->depth; i++)
		if (!strcmp(p->variables[i], name))
			return true;
	return false;
}

/* A path to something in the kernel's memory. */
static int parse_expression(struct parser *p, struct config_path *ret)
{
	unsigned int line = p->now.line;
	int err = parse_path(p, "a symbol", true, ret);

	if (err || !ret->first->cast || !is_variable(p, ret->first->name))
		return err;
	return err_set(-EINVAL,
		       "%s:%u: the type of %s is known; a cast in front of a member "
		       "tells that of the member: %s.(...)member",
		       p->config->path, line, ret->first->name, ret->first->name);
}

/* --- commands ------------------------------------------------------------------------ */

static struct config_command *add_command(struct parser *p, struct config_command ***next)
{
	struct config_command *c = take_memory(p, sizeof(*c));

	if (!c)
		return NULL;
	c->line = p->now.line;
	c->module = p->module;
	c->number = p->config->nr_commands++;
	**next = c;
	*next = &c->next;
	return c;
}

static int parse_size(struct parser *p, struct config_command *c)
{
	static const char what[] = "a size in bytes (1 to 1024M; K and M are units)";
	char rest;
	int err;

	if (!p->now.len || !isdigit((unsigned char)*p->now.start)) {
		if (at_keyword(p) || !(at(p, "(") || (p->now.len && is_word(*p->now.start))))
			return expected(p, what);
		return parse_expression(p, &c->size_path);
	}
	err = take_number(p, what, &c->size, &rest);
	if (err)
		return err;
	rest = tolower((unsigned char)rest);
	if ((rest && rest != 'k' && rest != 'm') ||
	    !checked_mul(c->size,
			 rest == 'm' ? 1 << 20 :
			 rest	     ? 1 << 10 :
				       1,
			 &c->size) ||
	    !c->size || c->size > CONFIG_SIZE_MAX)
		return expected(p, what);
	advance(p);
	return 0;
}

static int parse_erase(struct parser *p, struct config_command *c)
{
	const char *start = p->now.start;
	int err;

	advance(p);
	err = parse_expression(p, &c->what);
	if (err)
		return err;
	if (p->depth && !is_variable(p, c->what.first->name))
		return err_set(-EINVAL,
			       "%s:%u: \"erase\" in a loop begins with the loop's "
			       "variable, %s, not with %s",
			       p->config->path, c->line, p->variables[p->depth - 1],
			       c->what.first->name);
	if (accept(p, "nullify"))
		c->nullify = true;
	else if (accept(p, "size"))
		err = parse_size(p, c);
	if (!err)
		c->text = keep_text(p, start, p->last_end);
	return err ? err : c->text ? 0 : -ENOMEM;
}

static int parse_way(struct parser *p, struct config_command *c)
{
	int err;

	if (accept(p, "via")) {
		c->how = LOOP_VIA;
		return parse_path(p, "a member", false, &c->link);
	}
	if (!accept(p, "within"))
		return 0;
	c->how = LOOP_WITHIN;
	err = take_name(p, "the name of a struct", &c->within);
	if (!err)
		err = need(p, ":");
	return err ? err : parse_path(p, "a member", false, &c->link);
}

static int parse_commands(struct parser *p, struct config_command **first);

static int parse_loop(struct parser *p, struct config_command *c)
{
	const char *start = p->now.start;
	int err;

	advance(p);
	if (p->depth == CONFIG_DEPTH_MAX)
		return wrong(p, c->line, "loops are too deep in each other");
	err = take_name(p, "a variable", &c->variable);
	if (err)
		return err;
	if (is_variable(p, c->variable))
		return err_set(-EINVAL, "%s:%u: %s is the variable of a loop around this one",
			       p->config->path, c->line, c->variable);
	err = need(p, "in");
	if (!err)
		err = parse_expression(p, &c->what);
	if (!err)
		err = parse_way(p, c);
	if (err)
		return err;
	c->text = keep_text(p, start, p->last_end);
	if (!c->text)
		return -ENOMEM;
	p->variables[p->depth++] = c->variable;
	err = parse_commands(p, &c->body);
	p->depth--;
	if (!err && !c->body)
		return expected(p, "\"erase\" or \"for\"");
	if (!err && !at(p, "endfor"))
		return err_set(-EINVAL, "%s:%u: the loop of line %u has no \"endfor\"",
			       p->config->path, p->now.line, c->line);
	if (!err)
		advance(p);
	return err;
}

/* "erase" and "for" as long as there are any. */
static int parse_commands(struct parser *p, struct config_command **first)
{
	struct config_command **next = first;

	while (at(p, "erase") || at(p, "for")) {
		bool is_loop = at(p, "for");
		struct config_command *c = add_command(p, &next);
		int err;

		if (!c)
			return -ENOMEM;
		c->is_loop = is_loop;
		err = is_loop ? parse_loop(p, c) : parse_erase(p, c);
		if (err)
			return err;
	}
	return 0;
}

/* --- sections ------------------------------------------------------------------------ */

static int add_section(struct parser *p, unsigned int line)
{
	struct config_section *s;

	if (!strcmp(p->module, "vmlinux")) {
		p->module = NULL;
		return 0;
	}
	s = take_memory(p, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->module = p->module;
	s->line = line;
	*p->next_section = s;
	p->next_section = &s->next;
	return 0;
}

/* Names of files can have a "-" where the kernel has a "_". */
static const char *keep_module(struct parser *p, const struct token *name)
{
	char *text = take_memory(p, name->len + 1);

	for (size_t i = 0; text && i < name->len; i++)
		text[i] = name->start[i] == '-' ? '_' : name->start[i];
	return text;
}

static int parse_section(struct parser *p)
{
	unsigned int line = p->now.line;
	struct token name;

	/* In another place, brackets are an index, not a section. */
	if (!p->now.begins_line)
		return wrong(p, line, "a section begins on a line of its own");
	advance(p);
	name = p->now;
	p->last_end = name.start;
	while (p->now.len && p->now.start == p->last_end && (is_word(*p->now.start) || at(p, "-")))
		advance(p);
	name.len = p->last_end - name.start;
	if (!name.len || name.line != line)
		return expected(p, "the name of a module");
	p->module = keep_module(p, &name);
	if (!p->module)
		return -ENOMEM;
	if (!at(p, "]") || p->now.line != line)
		return wrong(p, line, "the name of a module ends with \"]\" on its line");
	advance(p);
	return add_section(p, line);
}

static int parse_file(struct parser *p)
{
	struct config_command **next = &p->config->first;

	while (p->now.len) {
		int err;

		if (at(p, "["))
			err = parse_section(p);
		else if (at(p, "erase") || at(p, "for"))
			err = parse_commands(p, next);
		else
			err = expected(p, "\"erase\", \"for\" or \"[\"");
		if (err)
			return err;
		while (*next)
			next = &(*next)->next;
	}
	return 0;
}

int erase_config_parse(struct erase_config **ret, const char *path, const char *text, size_t size)
{
	struct erase_config *config = calloc(1, sizeof(*config));
	struct parser p = { .config = config, .start = text, .end = text + size };
	int err;

	if (!config)
		return err_set(-ENOMEM, "no memory to read %s", path);
	config->path = path;
	p.now = (struct token){ .start = text, .line = 1 };
	p.next_section = &config->sections;
	if (memchr(text, '\0', size)) {
		err = err_set(-EINVAL, "%s is no text", path);
	} else {
		advance(&p);
		err = parse_file(&p);
	}
	if (err)
		erase_config_free(config);
	else
		*ret = config;
	return err;
}

int erase_config_read(struct erase_config **ret, const char *path)
{
	_cleanup_close_ int fd = input_file_open(path);
	_cleanup_free_ char *text = NULL;
	ssize_t n;

	if (fd < 0)
		return fd;
	text = malloc(CONFIG_BYTES_MAX + 1);
	if (!text)
		return err_set(-ENOMEM, "no memory to read %s", path);
	n = fd_read(fd, text, CONFIG_BYTES_MAX + 1);
	if (n < 0)
		return err_errno(n, "cannot read %s", path);
	if (n > (ssize_t)CONFIG_BYTES_MAX)
		return err_set(-EFBIG, "%s is larger than %u bytes", path, CONFIG_BYTES_MAX);
	return erase_config_parse(ret, path, text, n);
}

void erase_config_free(struct erase_config *config)
{
	if (!config)
		return;
	for (struct block *b = config->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(config);
}
