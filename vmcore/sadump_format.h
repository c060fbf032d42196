/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Files of sadump, by which the firmware of Fujitsu's servers saves memory: on-disk structures.
 *
 * All numbers are little-endian. Each header begins with a block of its own. docs/formats.md
 * describes their order. No description was published: the layout is that which crash and
 * libkdumpfile read.
 */
#ifndef VMCORE_SADUMP_FORMAT_H
#define VMCORE_SADUMP_FORMAT_H

#include <stdint.h>

/** Bytes of a block, and so of a page: a power of two of these. */
#define SADUMP_BLOCK_MIN 4096u
#define SADUMP_BLOCK_MAX 65536u

/** The most disks of a set. */
#define SADUMP_DISKS_MAX 16

struct sadump_guid {
	uint8_t bytes[16];
};

/** Local time, as EFI has it. */
struct sadump_time {
	uint16_t year;
	uint8_t month, day, hour, minute, second, pad1;
	uint32_t nanosecond;
	int16_t timezone; /**< minutes: UTC is the time plus these; SADUMP_NO_TIMEZONE: unknown */
	uint8_t daylight, pad2;
};

#define SADUMP_NO_TIMEZONE 2047

#define SADUMP_SIGNATURE1 0x75646173u
#define SADUMP_SIGNATURE2 0x0000706du

/** The first header of each disk; in a media backup the second one. */
struct sadump_part_header {
	uint32_t signature1, signature2;
	uint32_t enable, reboot, compress, recycle;
	uint32_t label[16];
	struct sadump_guid sadump_id, disk_set_id, vol_id;
	struct sadump_time time;
	uint32_t set_disk_set; /**< 0: no set; else the number of the disk, from 1 */
	uint32_t pad;
	uint64_t used_device; /**< bytes of the disk that are used, headers included */
	/** Numbers up to the end of the block: each is sadump_next_magic() of the one before. */
	uint32_t magic[982];
};

static inline uint32_t sadump_next_magic(uint32_t magic)
{
	return (magic + 7) * 11;
}

/** Follows on the first disk of a set. */
struct sadump_disk_set_header {
	uint32_t blocks; /**< of this header */
	uint32_t nr_disks;
	uint64_t bytes;
};

#define SADUMP_DUMP_SIGNATURE "sadump\0"
#define SADUMP_DUMP_SIGNATURE_SIZE 8

/** The header of the memory. */
struct sadump_dump_header {
	char signature[SADUMP_DUMP_SIGNATURE_SIZE];
	uint32_t version; /**< from 1 on the 64-bit fields are valid */
	uint32_t pad1;
	struct sadump_time time;
	uint32_t status, compress, block_size;
	uint32_t extra_blocks, sub_blocks, bitmap_blocks, dumpable_blocks;
	uint32_t max_mapnr, total_ram_blocks, device_blocks, written_blocks;
	uint32_t current_cpu, nr_cpus, pad2;
	uint64_t max_mapnr_64, total_ram_blocks_64, device_blocks_64, written_blocks_64;
};

/**
 * The sub-header, of sub_blocks blocks: a u32, the size of all states of CPUs; 16 bytes
 * (u64 APIC id, u64 LDR) for each of nr_cpus; and the states, in the order of APIC ids, each the
 * last KiB of the save area of Intel's system management mode. These are offsets in a state.
 */
#define SADUMP_STATE_R8 852  /**< u64; R9 to R15 lie before it, the last one first */
#define SADUMP_STATE_RAX 860 /**< u64; RCX, RDX, RBX, RSP, RBP, RSI and RDI follow */
#define SADUMP_STATE_ES 936  /**< u32; CS, SS, DS, FS and GS follow */
#define SADUMP_STATE_RIP 984
#define SADUMP_STATE_EFER 992
#define SADUMP_STATE_RFLAGS 1000
#define SADUMP_STATE_SIZE 1024
#define SADUMP_APIC_SIZE 16

/** Bit of IA32_EFER: the CPU was in 64-bit mode. */
#define EFER_LMA (UINT64_C(1) << 10)

#endif
