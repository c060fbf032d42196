// SPDX-License-Identifier: GPL-2.0-or-later
#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ERR_MAX 512

static _Thread_local struct {
	int err;
	char text[ERR_MAX];
} last;

int err_set(int err, const char *fmt, ...)
{
	char text[ERR_MAX];
	va_list ap;

	/* The arguments may point into the old text. */
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
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
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(err, "%s: %s", text, strerror(-err));
}

int err_prefix(int err, const char *fmt, ...)
{
	char text[ERR_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
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
