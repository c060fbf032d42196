/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The DWARF of a vmlinux (-x) as a source of types by name. It knows the types of global
 * variables, which BTF does not.
 *
 * In a program built without libdw there is none.
 */
#ifndef DEBUGINFO_DWARF_LOOKUP_H
#define DEBUGINFO_DWARF_LOOKUP_H

#include "debuginfo/debuginfo.h"
#include "types/type_lookup.h"

struct dwarf_lookup;

/**
 * Open a vmlinux. Each lookup of a name costs a pass over the whole file, except that the
 * names passed here share one pass.
 *
 * @param path borrowed as long as this
 * @param names strings of which some may be names in C, in any order, also repeated
 * @return 0; as debuginfo_open(); -ENOMEM
 */
int dwarf_lookup_create(struct dwarf_lookup **ret, const char *path, const char *const *names,
			size_t nr) __attribute__((warn_unused_result));
/** NULL is none. */
void dwarf_lookup_destroy(struct dwarf_lookup *l);

/** For type_lookup_add(). */
struct type_source *dwarf_lookup_source(struct dwarf_lookup *l);

#endif
