// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/unwind/orc_table.h"

/* The address that an element of the table of addresses stands for: relative to itself. */
static int orc_address(const struct vmem *mem, const struct code_range *code, uint64_t n,
		       vaddr_t *ret)
{
	vaddr_t at = code->orc_ip + n * 4;
	int64_t distance;
	int err = vmem_read_s32(mem, at, &distance);

	if (!err)
		*ret = at + (uint64_t)distance;
	return err;
}

/*
 * Look up between which entries that of an address is: so only pages are read that are near it, as
 * others can be missing. A table that is wrong is not believed.
 */
static bool look_up(const struct vmem *mem, const struct code_range *code, vaddr_t pc,
		    uint64_t *low, uint64_t *high)
{
	vaddr_t at = code->orc_lookup + (pc - code->start) / ORC_BLOCK * 4, address;
	uint32_t first, last;

	if (!code->orc_lookup || vmem_read_u32(mem, at, &first) ||
	    vmem_read_u32(mem, at + 4, &last) || last >= code->nr_orcs ||
	    orc_address(mem, code, first, &address) || address > pc)
		return false;
	if (last + 1 < code->nr_orcs && !orc_address(mem, code, last + 1, &address) &&
	    address <= pc)
		return false;
	*low = first + UINT64_C(1);
	*high = last + UINT64_C(1);
	return true;
}

bool orc_search(const struct vmem *mem, const struct code_range *code, vaddr_t pc, uint64_t *ret)
{
	uint64_t low = 0, high = code->nr_orcs;

	look_up(mem, code, pc, &low, &high);
	while (low < high) {
		uint64_t mid = low + (high - low) / 2;
		vaddr_t address;

		if (orc_address(mem, code, mid, &address))
			return false;
		if (address <= pc)
			low = mid + 1;
		else
			high = mid;
	}
	*ret = low - 1;
	return low;
}
