// SPDX-License-Identifier: GPL-2.0-or-later
#include "debuginfo/dwarf_die.h"

#ifdef HAVE_DWARF

#include <dwarf.h>
#include <string.h>

#include "lib/checked.h"

/* No struct of the kernel, and no offset in one, comes near this. */
#define STRUCT_MAX (UINT64_C(1) << 24)
/* Nor has an array as many elements. */
#define LENGTH_MAX (UINT64_C(1) << 31)

bool die_number(const struct libdw *dw, Dwarf_Die *die, unsigned int name, uint64_t *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	if (!dw->dwarf_attr(die, name, &attr) || dw->dwarf_formudata(&attr, &word))
		return false;
	*ret = word;
	return true;
}

bool die_peel(const struct libdw *dw, Dwarf_Die *type)
{
	for (int i = 0; i < DIE_DEPTH_MAX; i++) {
		Dwarf_Attribute attr;

		switch (dw->dwarf_tag(type)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			/* Without a type it would be of void. */
			if (!dw->dwarf_attr(type, DW_AT_type, &attr) ||
			    !dw->dwarf_formref_die(&attr, type))
				return false;
			break;
		default:
			return true;
		}
	}
	return false;
}

bool die_type(const struct libdw *dw, Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attr;

	return dw->dwarf_attr(die, DW_AT_type, &attr) && dw->dwarf_formref_die(&attr, type) &&
	       die_peel(dw, type);
}

/* 0 if it has no bound, or -1 for one. */
static uint64_t dimension(const struct libdw *dw, Dwarf_Die *range)
{
	uint64_t count;

	if (!die_number(dw, range, DW_AT_count, &count)) {
		if (!die_number(dw, range, DW_AT_upper_bound, &count))
			return 0;
		count++;
	}
	return count < LENGTH_MAX ? count : 0;
}

bool die_dimension(const struct libdw *dw, Dwarf_Die *range, uint64_t *ret)
{
	*ret = dimension(dw, range);
	return *ret;
}

bool die_array_length(const struct libdw *dw, Dwarf_Die *array, bool all, uint64_t *ret)
{
	uint64_t total = 1;
	bool found = false;
	Dwarf_Die range;

	for (int rc = dw->dwarf_child(array, &range); !rc;
	     rc = dw->dwarf_siblingof(&range, &range)) {
		if (dw->dwarf_tag(&range) != DW_TAG_subrange_type)
			continue;
		found = true;
		if (!checked_mul(total, dimension(dw, &range), &total))
			return false;
		if (!all)
			break;
	}
	if (found)
		*ret = total;
	return found;
}

bool die_size(const struct libdw *dw, Dwarf_Die *type, bool is64, uint64_t *ret)
{
	uint64_t elements = 1, n;
	Dwarf_Die die = *type;

	for (int i = 0; i < DIE_DEPTH_MAX; i++) {
		switch (dw->dwarf_tag(&die)) {
		case DW_TAG_array_type:
			if (!die_array_length(dw, &die, true, &n) ||
			    !checked_mul(elements, n, &elements) || !die_type(dw, &die, &die))
				return false;
			continue;
		case DW_TAG_pointer_type:
			if (!die_number(dw, &die, DW_AT_byte_size, &n))
				n = is64 ? 8 : 4;
			break;
		default:
			if (!die_number(dw, &die, DW_AT_byte_size, &n))
				return false;
			break;
		}
		return checked_mul(n, elements, ret) && *ret < STRUCT_MAX;
	}
	return false;
}

/* Read the offset of a member from the start of its struct, bytes. */
static bool member_location(const struct libdw *dw, Dwarf_Die *member, uint64_t *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	Dwarf_Word word;
	size_t nr;

	*ret = 0;
	if (!dw->dwarf_attr(member, DW_AT_data_member_location, &attr))
		return true; /* of a union, or given in bits */
	if (!dw->dwarf_formudata(&attr, &word)) {
		*ret = word;
	} else {
		/* DWARF 2 has an expression that adds to the struct's address. */
		if (dw->dwarf_getlocation(&attr, &ops, &nr) || nr != 1 ||
		    ops->atom != DW_OP_plus_uconst)
			return false;
		*ret = ops->number;
	}
	return *ret < STRUCT_MAX;
}

/*
 * Look at a member of what begins at base, bits. Bits are counted in the
 * direction in which the machine counts bytes. Until DWARF 4 a bit field's
 * offset was counted from the most significant bit of the storage unit that
 * holds it.
 */
bool die_read_member(Dwarf_Die *member, const struct debuginfo *d, uint64_t base,
		     struct member_place *ret)
{
	const struct libdw *dw = d->dw;
	uint64_t location, offset = 0, storage, size, bits = 0;
	Dwarf_Die type;

	*ret = (struct member_place){ .size = 0 };
	if (!die_type(dw, member, &type) || !member_location(dw, member, &location))
		return false;
	if (!die_size(dw, &type, d->is64, &size))
		size = 0;
	if (dw->dwarf_tag(&type) == DW_TAG_array_type)
		die_array_length(dw, &type, false, &ret->nr_elements);
	die_number(dw, member, DW_AT_bit_size, &bits);
	if (!die_number(dw, member, DW_AT_data_bit_offset, &offset) && bits &&
	    die_number(dw, member, DW_AT_bit_offset, &offset)) {
		if (!die_number(dw, member, DW_AT_byte_size, &storage))
			storage = size;
		if (!d->big_endian)
			offset = storage * 8 - offset - bits;
	}
	ret->bit_offset = base + location * 8 + offset;
	ret->bit_size = bits;
	ret->size = size;
	return ret->bit_offset < STRUCT_MAX * 8 && bits <= 8 * size;
}

bool die_is_aggregate(const struct libdw *dw, Dwarf_Die *type)
{
	return dw->dwarf_tag(type) == DW_TAG_structure_type ||
	       dw->dwarf_tag(type) == DW_TAG_union_type;
}

/*
 * If a struct is defined within another one, C has it in the scope around both, and so
 * does gcc. Clang leaves it inside.
 */
bool die_unit_nests(const struct libdw *dw, Dwarf_Die *unit)
{
	Dwarf_Attribute attr;
	const char *producer = dw->dwarf_formstring(dw->dwarf_attr(unit, DW_AT_producer, &attr));

	return !producer || strncmp(producer, "GNU ", 4);
}

#endif
