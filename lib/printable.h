/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Texts that a terminal can show without being controlled by them.
 */
#ifndef LIB_PRINTABLE_H
#define LIB_PRINTABLE_H

#include <stddef.h>
#include <stdint.h>

/**
 * Decode the UTF-8 character at the beginning of @p text, which has @p len bytes.
 * @param ret the character; unchanged if there is none
 * @return its length in bytes; 0 if the bytes are no UTF-8, or @p len is 0
 */
unsigned int utf8_decode(const char *text, size_t len, uint32_t *ret);

/**
 * Replace the bytes of @p text by "?" that control a terminal, and those that are no UTF-8:
 * U+0000 to U+001F, U+007F to U+009F, and the same control characters as single bytes, which
 * terminals with 8-bit controls obey.
 * @param keep control characters that stay, such as "\n"
 */
void make_printable(char *text, size_t len, const char *keep);

#endif
