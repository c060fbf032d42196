/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Types, enumerators and array lengths from the DWARF of a vmlinux (-x).
 *
 * The last provider: it fills only declarations that the others have not filled.
 */
#ifndef DEBUGINFO_DWARF_PROVIDER_H
#define DEBUGINFO_DWARF_PROVIDER_H

#include "debuginfo/debuginfo.h"

/**
 * Fill in structs, members, paths of members, enumerators and array lengths of
 * vmlinux that are still missing in a set.
 *
 * facts/request.h says which of several definitions counts; the kinds of definitions are
 * preferred as in BTF. Members of unnamed structs and unions are the struct's own. A record
 * that lacks only a size gets it, if the definition agrees about the offset.
 *
 * @return 0; -ENOMEM; -EBADMSG if some of the debug information cannot be read
 * (the rest of it is filled in nevertheless)
 */
int debuginfo_resolve_types(const struct debuginfo *d, const struct fact_set *set,
			    enum fact_source source) __attribute__((warn_unused_result));

#endif
