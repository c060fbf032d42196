/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that runs inside a test guest: it fills memory with a known mix
 * of pages, says what the kernel thinks of each page, and stops or crashes the
 * machine at that instant.  x86_64 only, for the port that stops the machine.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stddef.h>

#define PAGE 4096UL
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Print WHAT and errno's text, exit with status 1. */
_Noreturn void die(const char *what);

/*
 * Populate memory with about ANON bytes of anonymous pages and some of every
 * other kind, list the pages whose content is known in /run/content, one
 * "REGION KIND PFN CRC32" (both numbers in hexadecimal, the CRC is zlib's) per
 * line, and keep all of it for ever.
 */
_Noreturn void fill(size_t anon);

/*
 * Write the truth about this kernel as a tar archive to the block device DISK.
 * Last come /proc/kpageflags and /proc/kpagecount, read into locked memory
 * until two readings in a row agree on what each page is.
 *
 * With CRASH zero the machine then stops through the pvpanic device, goes on
 * when its image has been taken, and the two files are written together with
 * what they say now (NAME.after); if that differs it is all done again.  With
 * CRASH the archive ends with the page frames that hold the two files
 * (NAME.pfns, 64 bits for each page), and the kernel is made to panic.
 *
 * The archive's last member is called "complete".
 */
void truth(const char *disk, int crash);

#endif
