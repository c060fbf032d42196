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

#endif
