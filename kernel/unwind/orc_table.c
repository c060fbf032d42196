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

bool orc_search(const struct vmem *mem, const struct code_range *code, vaddr_t pc, uint64_t *ret)
{
	uint64_t low = 0, high = code->nr_orcs;

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
