// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/crashkernel.h"

#include "lib/byteorder.h"
#include "lib/checked.h"

INIT_OPT_MOD_SYM(vmlinux, crashk_res);
INIT_OPT_MOD_SYM(vmlinux, crashk_low_res);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, resource, start);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, resource, end);

/*
 * Read one of struct resource's two addresses. They lie next to each other, so the distance is
 * their size: VMCOREINFO has no sizes of members.
 */
static bool read_address(const struct kernel *k, struct vmcore_reader *r, vaddr_t va, uint64_t size,
			 paddr_t *ret)
{
	uint8_t raw[8];

	if ((size != 4 && size != 8) || kernel_read(k, r, va, raw, size))
		return false;
	*ret = load_ulong(raw, size == 8, k->arch.swap);
	return true;
}

static bool find_range(const struct kernel *k, struct vmcore_reader *r, vaddr_t resource,
		       struct crashkernel_range *ret)
{
	uint64_t start_offset = GET_MOD_STRUCT_MEMBER_OFF(vmlinux, resource, start);
	uint64_t end_offset = GET_MOD_STRUCT_MEMBER_OFF(vmlinux, resource, end);
	uint64_t size = end_offset - start_offset;
	paddr_t first, last;

	/* The last byte's address; a resource that is not in use has 0 in both. */
	if (!read_address(k, r, resource + start_offset, size, &first) ||
	    !read_address(k, r, resource + end_offset, size, &last) || last <= first)
		return false;
	ret->start = min_u64(first >> k->vc->page_shift, k->vc->max_pfn);
	ret->end = min_u64((last >> k->vc->page_shift) + 1, k->vc->max_pfn);
	return ret->start < ret->end;
}

unsigned int crashkernel_find(const struct kernel *k, struct vmcore_reader *r,
			      struct crashkernel_range ret[CRASHKERNEL_RANGES])
{
	unsigned int n = 0;

	if (k->translation_err || !MOD_STRUCT_MEMBER_EXIST(vmlinux, resource, start) ||
	    !MOD_STRUCT_MEMBER_EXIST(vmlinux, resource, end))
		return 0;
	if (MOD_SYM_EXIST(vmlinux, crashk_res))
		n += find_range(k, r, GET_MOD_SYM(vmlinux, crashk_res), &ret[n]);
	if (MOD_SYM_EXIST(vmlinux, crashk_low_res))
		n += find_range(k, r, GET_MOD_SYM(vmlinux, crashk_low_res), &ret[n]);
	return n;
}

int crashkernel_exclude(const struct kernel *k, struct bitmap *pages)
{
	struct crashkernel_range ranges[CRASHKERNEL_RANGES];
	struct vmcore_reader *r;
	unsigned int n;
	int err = vmcore_reader_create(&r, k->vc);

	if (err)
		return err;
	n = crashkernel_find(k, r, ranges);
	vmcore_reader_destroy(r);
	for (unsigned int i = 0; i < n; i++)
		bitmap_clear_range(pages, ranges[i].start, ranges[i].end);
	return 0;
}
