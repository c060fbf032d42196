/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Lines about decisions, by subsystem (--trace): which source a fact came from, which table was
 * found where, which level is tried. One line for each decision, never for each page.
 */
#ifndef LIB_TRACE_H
#define LIB_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/log.h"

enum trace_subsystem {
	TRACE_VMCORE,
	TRACE_FACTS,
	TRACE_KALLSYMS,
	TRACE_BTF,
	TRACE_MODULES,
	TRACE_MEMMAP,
	TRACE_FILTER,
	TRACE_EXTENSION,
	TRACE_OUTPUT,
	NR_TRACE_SUBSYSTEMS
};

/** Choose the subsystems: a sum of 1 << enum trace_subsystem. Not thread-safe. */
void trace_select(unsigned int mask);

/** @return true if a subsystem is traced: ask before preparing costly lines */
bool trace_enabled(enum trace_subsystem subsystem);

/** @return the name of a subsystem, as --trace takes it */
const char *trace_name(enum trace_subsystem subsystem);

/** Write "trace NAME: ..." to standard error, one line. Use TRACE(). Thread-safe. */
void trace_print(enum trace_subsystem subsystem, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** TRACE(MEMMAP, "mem_section at %#" PRIx64, va): the arguments are evaluated if it is traced. */
#define TRACE(subsystem, ...) \
	do { \
		if (trace_enabled(TRACE_##subsystem)) \
			trace_print(TRACE_##subsystem, __VA_ARGS__); \
	} while (0)

#endif
