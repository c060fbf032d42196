// SPDX-License-Identifier: GPL-2.0-or-later
#include "size_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "types.h"

const char *size_text(char buf[SIZE_TEXT_MAX], uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	const char *unit = bytes == 1 ? "byte" : "bytes";

	for (size_t i = 0; i < ARRAY_SIZE(units) && bytes && !(bytes % 1024); i++) {
		bytes /= 1024;
		unit = units[i];
	}
	snprintf(buf, SIZE_TEXT_MAX, "%" PRIu64 " %s", bytes, unit);
	return buf;
}
