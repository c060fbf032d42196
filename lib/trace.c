// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/trace.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned int selected;

void trace_select(unsigned int mask)
{
	selected = mask;
}

bool trace_enabled(enum trace_subsystem subsystem)
{
	return selected & 1u << subsystem;
}

const char *trace_name(enum trace_subsystem subsystem)
{
	static const char *const names[NR_TRACE_SUBSYSTEMS] = {
		[TRACE_VMCORE] = "vmcore",     [TRACE_FACTS] = "facts",
		[TRACE_KALLSYMS] = "kallsyms", [TRACE_BTF] = "btf",
		[TRACE_MODULES] = "modules",   [TRACE_MEMMAP] = "memmap",
		[TRACE_FILTER] = "filter",     [TRACE_EXTENSION] = "extension",
		[TRACE_OUTPUT] = "output",
	};

	return names[subsystem];
}

void trace_print(enum trace_subsystem subsystem, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	mdf_log(MDF_LOG_TRACE, NULL, "trace %s: %s\n", trace_name(subsystem), line);
}
