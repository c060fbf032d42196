/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The units of a vmlinux's debug information, wherever they are: in the vmlinux, in files of
 * their own (gcc -gsplit-dwarf), and in one that has what several have in common (dwz -m).
 * Only in programs built with libdw.
 */
#ifndef DEBUGINFO_DWARF_UNITS_H
#define DEBUGINFO_DWARF_UNITS_H

#ifdef HAVE_DWARF

#include "debuginfo/debuginfo.h"
#include "debuginfo/libdw.h"

/** A place among the units; begins as { .d = ... }. */
struct dwarf_units {
	const struct debuginfo *d;
	Dwarf *file; /**< NULL: the vmlinux, before the first unit */
	Dwarf_CU *cu;
	const char *missing; /**< name of the first file that cannot be read, or NULL */
};

/** Go to the next unit. @return as dwarf_get_units(): 0; 1 at the end; -1 and libdw's error */
int dwarf_units_next(struct dwarf_units *u, Dwarf_Die *unit);

#endif

#endif
