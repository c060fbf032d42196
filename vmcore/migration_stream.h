/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The memory in a migration stream of QEMU, which is what `migrate` of its monitor, virsh save and
 * virsh managedsave write. docs/formats.md has the format, as far as it is read.
 *
 * The stream consists of sections, one of which ("ram") is sent in parts. These are lists of
 * pages, each with an address in a block of memory, in any order: of a page that was sent more
 * than once, the last contents count.
 */
#ifndef VMCORE_MIGRATION_STREAM_H
#define VMCORE_MIGRATION_STREAM_H

#include "vmcore/vmcore.h"

/** Bytes of a page of the stream, whatever the kernel's page size is. */
#define MIGRATED_PAGE 4096

/** Values of migrated_ram.pages that are no offset. */
#define MIGRATED_NONE 0 /**< the stream does not have the page */
#define MIGRATED_ZERO 1 /**< a page of zeros */

/** The memory of the machine, without that of its devices. */
struct migrated_ram {
	paddr_t base;	   /**< of its first byte */
	uint64_t low;	   /**< bytes of it that are below 4 GiB; the others begin there */
	uint64_t nr_pages; /**< at most one for each byte of the file */
	uint64_t *pages;   /**< offset of each in the file, or as above. Owned */
	bool complete;	   /**< the stream has its end, or the part of it that tells of memory */
	uint64_t end;	   /**< and the states of devices begin at this offset */
	uint16_t cpus;	   /**< the machine (EM_*) whose CPUs it has; 0: unknown */
};

/**
 * Read a stream to the end of its memory. If it is cut short, or goes on with what is not
 * understood, the rest is lost: vmcore_warn(), and *ram is not complete.
 * @param off its first byte, in vc->file
 * @param[out] ram pages is to be freed, also after an error
 * @return 0; -errno if it has no memory that can be used
 */
int migration_read(struct vmcore *vc, uint64_t off, struct migrated_ram *ram)
	__attribute__((warn_unused_result));

#endif
