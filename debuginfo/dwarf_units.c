// SPDX-License-Identifier: GPL-2.0-or-later
#include "debuginfo/dwarf_units.h"

#ifdef HAVE_DWARF

#include <dwarf.h>

/* Go from the units of the vmlinux to those in the file of dwz. @return whether there are any */
static bool enter_common(struct dwarf_units *u)
{
	const struct libdw *dw = u->d->dw;
	const char *name;
	const void *id;
	Dwarf *common;

	if (u->file != u->d->dwarf || dw->dwelf_dwarf_gnu_debugaltlink(u->file, &name, &id) <= 0)
		return false;
	common = dw->dwarf_getalt(u->file);
	if (!common) {
		u->missing = u->missing ? u->missing : name;
		return false;
	}
	u->file = common;
	u->cu = NULL;
	return true;
}

/* The vmlinux has of a unit in another file little more than the name of that. */
static void enter_split(struct dwarf_units *u, Dwarf_Die *unit, const Dwarf_Die *split)
{
	const struct libdw *dw = u->d->dw;
	Dwarf_Attribute attr;

	if (split->addr)
		*unit = *split;
	else if (!u->missing && (dw->dwarf_attr(unit, DW_AT_dwo_name, &attr) ||
				 dw->dwarf_attr(unit, DW_AT_GNU_dwo_name, &attr)))
		u->missing = dw->dwarf_formstring(&attr);
}

int dwarf_units_next(struct dwarf_units *u, Dwarf_Die *unit)
{
	Dwarf_Die split;
	uint8_t kind;
	int rc;

	u->file = u->file ? u->file : u->d->dwarf;
	do {
		rc = u->d->dw->dwarf_get_units(u->file, u->cu, &u->cu, NULL, &kind, unit, &split);
	} while (rc == 1 && enter_common(u));
	if (!rc && kind == DW_UT_skeleton)
		enter_split(u, unit, &split);
	return rc;
}

#endif
