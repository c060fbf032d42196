/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The first bytes of a dump, in which it says whether it is complete.
 */
#ifndef OUTPUT_HEAD_H
#define OUTPUT_HEAD_H

#include <stdbool.h>
#include <stdint.h>

/** e_flags of an ELF core that is incomplete. */
#define EF_INCOMPLETE 1

/** The header of a dump of any format lies within this many bytes. */
#define HEAD_SIZE 512

/**
 * Mark a dump as incomplete: set the flag in the header of a kdump-compressed file or an ELF
 * core. Does nothing to bytes that are neither.
 * @param head HEAD_SIZE bytes; zeros where the file ends before
 */
void head_mark_incomplete(uint8_t *head);

/**
 * Where the parts of a kdump-compressed file begin.
 * @param head as above
 * @param[out] sub offset of the sub-header
 * @param[out] descs offset of the page descriptors; from there on the file has no holes
 * @return false if the bytes are not the header of such a file
 */
bool head_kdump_parts(const uint8_t *head, uint64_t *sub, uint64_t *descs);

#endif
