// SPDX-License-Identifier: GPL-2.0-or-later
#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERR_MAX 512
#define ELLIPSIS "..."

static _Thread_local struct {
	int err;
	char text[ERR_MAX];
} last;

/* Keep both ends of a long text: it names the thing first, and the reason last. */
static void shorten(char text[ERR_MAX], const char *all, size_t len)
{
	const size_t dots = strlen(ELLIPSIS), half = (ERR_MAX - 1 - dots) / 2;

	memcpy(text, all, half);
	memcpy(text + half, ELLIPSIS, dots);
	memcpy(text + half + dots, all + len - half, half + 1);
}

/* Without memory the end of a long text is missing. */
__attribute__((format(printf, 2, 0))) static void format(char text[ERR_MAX], const char *fmt,
							 va_list ap)
{
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(text, ERR_MAX, fmt, ap);
	if (len >= ERR_MAX) {
		char *all = malloc((size_t)len + 1);

		if (all) {
			vsnprintf(all, (size_t)len + 1, fmt, again);
			shorten(text, all, len);
		}
		free(all);
	}
	va_end(again);
}

int(err_set)(int err, const char *fmt, ...)
{
	char text[ERR_MAX];
	va_list ap;

	/* The arguments may point into the old text. */
	va_start(ap, fmt);
	format(text, fmt, ap);
	va_end(ap);
	memcpy(last.text, text, sizeof(text));
	last.err = err;
	return err;
}

int err_errno(int err, const char *fmt, ...)
{
	char text[ERR_MAX];
	va_list ap;

	va_start(ap, fmt);
	format(text, fmt, ap);
	va_end(ap);
	return err_set(err, "%s: %s", text, strerror(-err));
}

int err_prefix(int err, const char *fmt, ...)
{
	char text[ERR_MAX];
	va_list ap;

	va_start(ap, fmt);
	format(text, fmt, ap);
	va_end(ap);
	return err_set(err, "%s: %s", text, err_text(err));
}

const char *err_text(int err)
{
	return last.err == err && last.text[0] ? last.text : strerror(-err);
}

int err_adopt(int err, const char *text)
{
	return err_set(err, "%s", text);
}
