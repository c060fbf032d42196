/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The format of LiME, a kernel module that saves the memory of the running machine: ranges of
 * memory one after the other, each after a header. Numbers are in the byte order of the machine.
 */
#ifndef VMCORE_LIME_H
#define VMCORE_LIME_H

#include <stdint.h>

#define LIME_MAGIC UINT32_C(0x4c694d45)
#define LIME_VERSION 1
/** AVML's variation: the bytes are compressed with snappy. */
#define LIME_VERSION_SNAPPY 2

struct lime_header {
	uint32_t magic;
	uint32_t version;
	uint64_t first; /**< physical address */
	uint64_t last;	/**< of the last byte */
	uint64_t reserved;
};

#endif
