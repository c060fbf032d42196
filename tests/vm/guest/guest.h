/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that runs inside a test guest: it fills memory with a known mix
 * of pages, says what the kernel thinks of each page, and stops or crashes the
 * machine at that instant.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of a page: the compiler's command line says it. */
#ifndef PAGE
#define PAGE 4096UL
#endif
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

/* The CRC of zlib, by a TABLE of 256 numbers. */
void crc32_init(uint32_t *table);
uint32_t crc32_zlib(const uint32_t *table, const unsigned char *p, size_t n);

/*
 * Map the file UNTOUCHED without ever looking at it and 1 TiB of which two pages
 * are used, run threads called keeper-12, c++ and a-name-that-is-too-long that stay
 * deep in their stacks, create the file READY, and keep all of it for ever.
 */
_Noreturn void keeper(const char *untouched, const char *ready);

/*
 * Print what processes have in memory, all numbers but the pids hexadecimal:
 *	map PID START END	each mapping
 *	page PID ADDRESS PFN	each page that is present
 *	elf PID ADDRESS CRC32	the first page of each ELF file that is mapped
 *	thread PID TID SP	the user stack pointer of each thread
 */
void tasks(char **pids);

/*
 * Give the kernel keys, as far as it takes them: in root's keyring, for dm-crypt, fscrypt at
 * MOUNTPOINT, the WireGuard INTERFACE, a TLS connection. Print "KIND NUMBER BYTES" of each; its
 * bytes follow from the number (make_secret()). Create the file READY, and keep all of it
 * for ever.
 */
_Noreturn void keys(const char *mountpoint, const char *interface, const char *ready);

/*
 * Write the truth about this kernel as a tar archive to the block device DISK.
 * Last come /proc/kpageflags and /proc/kpagecount, read into locked memory
 * until two readings in a row agree on what each page is.
 *
 * With CRASH zero the machine then stops, through the pvpanic device or, where there
 * are breakpoints instead, at the label guest_stop; it goes on when its image has been
 * taken, and the two files are written together with
 * what they say now (NAME.after); if that differs it is all done again.  With
 * CRASH the archive ends with the page frames that hold the two files
 * (NAME.pfns, 64 bits for each page), and the kernel is made to panic.
 *
 * The archive's last member is called "complete".
 */
void truth(const char *disk, int crash);

#endif
