/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Decode single entries (DIEs) of DWARF that describe types. Files may be damaged: what makes no
 * sense is not there. Only in programs built with libdw.
 */
#ifndef DEBUGINFO_DWARF_DIE_H
#define DEBUGINFO_DWARF_DIE_H

#ifdef HAVE_DWARF

#include "debuginfo/debuginfo.h"
#include "debuginfo/libdw.h"
#include "facts/member.h"

/** C's own limits on nesting are lower; damaged files can have loops. */
#define DIE_DEPTH_MAX 32

/** An attribute that is a number. @param name DW_AT_* */
bool die_number(const struct libdw *dw, Dwarf_Die *die, unsigned int name, uint64_t *ret);

/** Go from a typedef or a qualified type to the type itself; false: it is void, or damaged. */
bool die_peel(const struct libdw *dw, Dwarf_Die *type);

/** The type of a variable or member, or what a pointer or an array leads to, peeled. */
bool die_type(const struct libdw *dw, Dwarf_Die *die, Dwarf_Die *type);

/** Elements in one dimension of an array; false: it has no bound. */
bool die_dimension(const struct libdw *dw, Dwarf_Die *range, uint64_t *ret);

/** Elements of an array: of its first dimension, or of all of them together. */
bool die_array_length(const struct libdw *dw, Dwarf_Die *array, bool all, uint64_t *ret);

/** Bytes of a type; false: it has none, or they are invalid. */
bool die_size(const struct libdw *dw, Dwarf_Die *type, bool is64, uint64_t *ret);

/**
 * Look at a member of what begins at @p base, bits. Bits are counted in the direction in
 * which the machine counts bytes.
 */
bool die_read_member(Dwarf_Die *member, const struct debuginfo *d, uint64_t base,
		     struct member_place *ret);

bool die_is_aggregate(const struct libdw *dw, Dwarf_Die *type);

/** Return whether a unit leaves structs that are defined within others inside of them. */
bool die_unit_nests(const struct libdw *dw, Dwarf_Die *unit);

#endif

#endif
