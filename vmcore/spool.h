/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The contents of a compressed file, in a file without a name: dumps are read at any offset,
 * which compressed files do not allow.
 */
#ifndef VMCORE_SPOOL_H
#define VMCORE_SPOOL_H

#include <stddef.h>

/** The place of the contents. Constant once set up. */
struct spool {
	const char *dir; /**< a directory; NULL: compressed files are refused. Borrowed */
	double deadline; /**< stop_check(); 0: none */
};

/**
 * Decompress a file if it is compressed.
 *
 * Zeros become holes. The contents have the room that is free on the disk; a file that needs
 * more is refused.
 *
 * @param[in,out] fd the file; if it is compressed, it is closed, and the contents take its place
 * @param path for messages
 * @param spool NULL: compressed files are refused, where there is no choice of a directory
 * @param[out] format name of the format, a constant; NULL: the file is not compressed, and
 * nothing was done
 * @param[out] damage a sentence if the contents end early, because the compressed file is damaged
 * or cut short; else ""
 * @return 0; -errno, whose message names the file
 */
int spool_unpack(int *fd, const char *path, const struct spool *spool, const char **format,
		 char *damage, size_t damage_size) __attribute__((warn_unused_result));

#endif
