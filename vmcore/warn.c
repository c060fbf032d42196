// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>

#include "vmcore/vmcore.h"

void vmcore_warn(struct vmcore *vc, const char *fmt, ...)
{
	va_list ap;

	if (vc->warning[0])
		return;
	va_start(ap, fmt);
	vsnprintf(vc->warning, sizeof(vc->warning), fmt, ap);
	va_end(ap);
}

void vmcore_fault(const struct vmcore_faults *faults, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	faults->add(faults->ctx, text);
}
