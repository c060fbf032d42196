// SPDX-License-Identifier: GPL-2.0-or-later
#include "json.h"

#include <inttypes.h>
#include <math.h>

static void new_line(const struct json *j)
{
	putc('\n', j->out);
	for (unsigned int i = 0; i < j->depth; i++)
		putc('\t', j->out);
}

/* Bytes of the UTF-8 character at s, or 0 if there is none. */
static unsigned int utf8_length(const unsigned char *s)
{
	/* The smallest character of each length: shorter ones must not be so long. */
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int len = *s < 0x80 ? 1 : *s < 0xc0 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 :
			   *s < 0xf8 ? 4 : 0;
	uint32_t c;

	if (len < 2)
		return len;
	c = *s & (0x7f >> len);
	for (unsigned int i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < smallest[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return len;
}

static void put_quoted(const struct json *j, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	putc('"', j->out);
	while (*s) {
		unsigned int len = utf8_length(s);

		if (*s == '"' || *s == '\\')
			fprintf(j->out, "\\%c", *s);
		else if (*s < ' ' || *s == 0x7f)
			fprintf(j->out, "\\u%04x", *s);
		else if (!len)
			fputs("\\ufffd", j->out);
		else
			fwrite(s, 1, len, j->out);
		s += len ? len : 1;
	}
	putc('"', j->out);
}

/* What comes in front of a value. */
static void begin_value(struct json *j, const char *key)
{
	if (j->has_values)
		putc(',', j->out);
	new_line(j);
	if (key) {
		put_quoted(j, key);
		fputs(": ", j->out);
	}
	j->has_values = true;
}

static void begin_container(struct json *j, bool is_array)
{
	putc(is_array ? '[' : '{', j->out);
	j->is_array[j->depth++] = is_array;
	j->has_values = false;
}

void json_begin(struct json *j, FILE *out)
{
	*j = (struct json){ .out = out };
	begin_container(j, false);
}

void json_object(struct json *j, const char *key)
{
	begin_value(j, key);
	begin_container(j, false);
}

void json_array(struct json *j, const char *key)
{
	begin_value(j, key);
	begin_container(j, true);
}

void json_end(struct json *j)
{
	bool was_empty = !j->has_values;

	j->depth--;
	if (!was_empty)
		new_line(j);
	putc(j->is_array[j->depth] ? ']' : '}', j->out);
	j->has_values = true;
	if (!j->depth)
		putc('\n', j->out);
}

void json_string(struct json *j, const char *key, const char *value)
{
	if (!value) {
		json_null(j, key);
		return;
	}
	begin_value(j, key);
	put_quoted(j, value);
}

void json_number(struct json *j, const char *key, uint64_t value)
{
	begin_value(j, key);
	fprintf(j->out, "%" PRIu64, value);
}

void json_seconds(struct json *j, const char *key, double value)
{
	if (!isfinite(value)) {
		json_null(j, key);
		return;
	}
	begin_value(j, key);
	fprintf(j->out, "%.6f", value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin_value(j, key);
	fputs(value ? "true" : "false", j->out);
}

void json_null(struct json *j, const char *key)
{
	begin_value(j, key);
	fputs("null", j->out);
}
