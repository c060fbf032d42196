/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * ELF notes of a dump, whatever the format that carries them.
 *
 * A note is three 32-bit numbers (size of the name, size of the descriptor,
 * type), the name and the descriptor, each of these two padded to 4 bytes.
 * A name size of 0 is padding and ends the notes.
 */
#ifndef VMCORE_NOTES_H
#define VMCORE_NOTES_H

#include "vmcore/vmcore.h"

/** The most bytes of notes that are believed: 8192 CPUs with large notes. */
#define NOTES_MAX (256u << 20)

/**
 * Count the bytes of whole notes among the @p size bytes at @p buf: those after them
 * are padding or damaged.
 * @param swap their byte order is not the host's
 * @param[out] len set in either case; at most @p size
 * @return 0; -EBADMSG, whose message gives the offset within @p buf if a
 * note reaches beyond the end
 */
int notes_check(const void *buf, size_t size, bool swap, size_t *len);

/**
 * Append to vc->notes the whole notes of a part of the file: a PT_NOTE, or that of a
 * kdump-compressed file. Memory is taken only for what is found to be notes, whatever @p size.
 *
 * A part that the file ends in, or that cannot be read, costs its notes only:
 * vmcore_warn() has the reason, and vc->incomplete is set. Damaged notes are a warning.
 * @param size bytes of the part; of more than NOTES_MAX in all the first count
 */
void notes_load(struct vmcore *vc, struct file_reader *r, uint64_t off, uint64_t size);

/** The note of the kernel's own facts, which are text; its type is 0. */
#define VMCOREINFO_NAME "VMCOREINFO"

/** The note that says what was erased; its type is 0. */
#define ERASEINFO_NAME "ERASEINFO"

/** Bytes of a note with a descriptor of @p desc_size bytes. */
size_t note_size(const char *name, size_t desc_size);

/** Write a note, of zeros if @p desc is NULL. @p buf has note_size() bytes. @return these */
size_t note_encode(void *buf, const char *name, uint32_t type, const void *desc, size_t desc_size,
		   bool swap);

/**
 * Copy notes, but not those of a name, and nothing after the last whole one; the size of
 * the copy is a multiple of 4.
 * @param to room for @p size bytes and 3 more; may be NULL if @p size is 0
 * @return bytes of the copy
 */
size_t notes_without(const void *buf, size_t size, bool swap, const char *name, void *to);

/**
 * Find out what the notes of a dump hold. Needs vc->notes, notes_size and swap.
 *
 * Sets vc->vmcoreinfo and vmcoreinfo_size from the first VMCOREINFO note that is
 * not empty (the text ends before the NULs at its end), and vc->eraseinfo from the first
 * ERASEINFO note, unless the format has set them; vc->frames from the first note of them; and
 * vc->nr_cpus, unless there is no NT_PRSTATUS note.
 *
 * @return 0; -EBADMSG as of notes_check(): what came before the damage counts;
 * -ENOTSUP if they are those of a process; -ENOMEM
 */
int notes_scan(struct vmcore *vc);

/**
 * Give the descriptor of each NT_PRSTATUS note of "CORE" to a function, in the order of the
 * notes: one for each CPU.
 * @param fn returns 0 to go on; anything else ends it and is returned
 */
int notes_for_each_cpu(const struct vmcore *vc,
		       int (*fn)(void *ctx, unsigned int nth, const void *desc, size_t size),
		       void *ctx) __attribute__((warn_unused_result));

/**
 * Remove the VMCOREINFO notes of a dump; pointers into its notes become invalid.
 * @return 0; -ENOMEM
 */
int notes_drop_vmcoreinfo(struct vmcore *vc) __attribute__((warn_unused_result));

/**
 * Put a note at the end of a dump's notes; pointers into them become invalid but for
 * vc->vmcoreinfo.
 * @return 0; -ENOMEM
 */
int notes_append(struct vmcore *vc, const char *name, uint32_t type, const void *desc, size_t size)
	__attribute__((warn_unused_result));

/**
 * Put a note of type 0 in front of a dump's notes; pointers into them become invalid.
 *
 * @param size bytes of the descriptor
 * @param[out] desc where it is to be put; borrowed from vc->notes, zeros
 * @return 0; -ENOMEM
 */
int notes_add(struct vmcore *vc, const char *name, size_t size, char **desc)
	__attribute__((warn_unused_result));

#endif
