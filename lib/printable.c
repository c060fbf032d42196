// SPDX-License-Identifier: GPL-2.0-or-later
#include "printable.h"

#include <stdbool.h>
#include <string.h>

unsigned int utf8_decode(const char *text, size_t len, uint32_t *ret)
{
	/* The smallest character of each length: smaller ones have shorter codes. */
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	unsigned int bytes;
	uint32_t c;

	if (!len)
		return 0;
	bytes = *s < 0x80 ? 1 : *s < 0xc0 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf8 ? 4 : 0;
	if (!bytes || bytes > len)
		return 0;
	c = bytes == 1 ? *s : *s & (0x7f >> bytes);
	for (unsigned int i = 1; i < bytes; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < smallest[bytes] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return bytes;
}

static bool is_control(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c <= 0x9f);
}

void make_printable(char *text, size_t len, const char *keep)
{
	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		unsigned int bytes = utf8_decode(text + i, len - i, &c);

		if (!bytes || (is_control(c) && !(c && c < ' ' && strchr(keep, c)))) {
			bytes = bytes ? bytes : 1;
			memset(text + i, '?', bytes);
		}
		i += bytes;
	}
}
