/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Texts in buffers of a fixed size.
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stddef.h>

/**
 * Append to a text; what does not fit is left out.
 * @param size bytes of @p text, which ends with NUL before and after
 */
void text_append(char *text, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
