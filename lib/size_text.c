// SPDX-License-Identifier: GPL-2.0-or-later
#include "size_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "types.h"

static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

const char *size_text(char buf[SIZE_TEXT_MAX], uint64_t bytes)
{
	const char *unit = bytes == 1 ? "byte" : "bytes";

	for (size_t i = 0; i < ARRAY_SIZE(units) && bytes && !(bytes % 1024); i++) {
		bytes /= 1024;
		unit = units[i];
	}
	snprintf(buf, SIZE_TEXT_MAX, "%" PRIu64 " %s", bytes, unit);
	return buf;
}

const char *size_about(char buf[SIZE_TEXT_MAX], uint64_t bytes)
{
	unsigned int shift = 10;

	if (bytes < 1024)
		return size_text(buf, bytes);
	while (bytes >> shift >= 1024)
		shift += 10;
	snprintf(buf, SIZE_TEXT_MAX, "%.1f %s", (double)bytes / (double)(UINT64_C(1) << shift),
		 units[shift / 10 - 1]);
	return buf;
}
