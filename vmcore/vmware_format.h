/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The format of suspended machines (.vmss) and snapshots (.vmsn) of VMware: a header, a table of
 * groups, and lists of tags, whose values have names. Numbers are little-endian.
 *
 * A tag: u8 flags, u8 length of the name, the name, indices of u32, and the value. Two zeros end
 * a list. A long value begins with its size in the file and in memory (u32 each if the lowest bits
 * of the magic are 0, else u64), a u16 number of bytes, and that many bytes of padding.
 */
#ifndef VMCORE_VMWARE_FORMAT_H
#define VMCORE_VMWARE_FORMAT_H

#include <stdint.h>

#define VMWARE_MAGICS \
	{ \
		0xbed2bed0, 0xbad1bad1, 0xbed2bed2, 0xbed3bed3 \
	}
/** The bits of the magic that are the version of the format. */
#define VMWARE_VERSION_MASK 0xf

struct vmware_header {
	uint32_t magic;
	uint32_t unknown;
	uint32_t nr_groups;
};

/** The table of groups follows the header. */
struct vmware_group {
	char name[64];
	uint64_t tags; /**< offset of its list in the file */
	uint64_t unknown;
};

/** Flags of a tag: bytes of its value, if there are fewer than VMWARE_LONG. */
#define VMWARE_SIZE_MASK 0x3f
#define VMWARE_LONG 62
/** The number of its indices. */
#define VMWARE_INDICES_SHIFT 6

/** The unit of the numbers in tags of memory, whatever the kernel's page size is. */
#define VMWARE_PAGE 4096

#endif
