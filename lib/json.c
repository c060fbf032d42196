// SPDX-License-Identifier: GPL-2.0-or-later
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "printable.h"

static void new_line(const struct json *j)
{
	putc('\n', j->out);
	for (unsigned int i = 0; i < j->depth; i++)
		putc('\t', j->out);
}

static void put_quoted(const struct json *j, const char *text)
{
	size_t left = strlen(text);

	putc('"', j->out);
	while (left) {
		uint32_t c = 0;
		unsigned int len = utf8_decode(text, left, &c);

		if (!len)
			fputs("\\ufffd", j->out);
		else if (c == '"' || c == '\\')
			fprintf(j->out, "\\%c", (char)c);
		else if (c < ' ' || (c >= 0x7f && c <= 0x9f))
			fprintf(j->out, "\\u%04" PRIx32, c);
		else
			fwrite(text, 1, len, j->out);
		text += len ? len : 1;
		left -= len ? len : 1;
	}
	putc('"', j->out);
}

/* Write the separator and the key before a value. */
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

void json_signed(struct json *j, const char *key, int64_t value)
{
	begin_value(j, key);
	fprintf(j->out, "%" PRId64, value);
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
