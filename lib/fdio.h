/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Whole reads and writes: short transfers and EINTR are gone on with.
 */
#ifndef LIB_FDIO_H
#define LIB_FDIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * Read @p len bytes at @p off.
 * @return bytes read: fewer than @p len only at the end of the file; or a
 * negative errno (no sentence set)
 */
ssize_t fd_pread(int fd, void *buf, size_t len, uint64_t off);

/** Read @p len bytes from the current position; otherwise like fd_pread(). */
ssize_t fd_read(int fd, void *buf, size_t len);

/**
 * Write @p len bytes at @p off.
 * @param written if not NULL, set to the bytes that were written, also on error
 * @return 0 or a negative errno (no sentence set)
 */
int fd_pwrite(int fd, const void *buf, size_t len, uint64_t off, size_t *written);

/** Write @p len bytes at the current position; otherwise like fd_pwrite(). */
int fd_write(int fd, const void *buf, size_t len, size_t *written);

#endif
