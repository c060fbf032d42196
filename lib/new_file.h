/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Files that are created: what they are, and that nothing is overwritten unasked.
 */
#ifndef LIB_NEW_FILE_H
#define LIB_NEW_FILE_H

#include <stdbool.h>

/**
 * Create a file for writing, which only its owner can read.
 * @param force overwrite an existing file, which keeps its mode and owner; else that
 * is -EEXIST
 * @return a descriptor; -errno with a sentence
 */
int new_file_create(const char *path, bool force) __attribute__((warn_unused_result));

/**
 * Whether a path is not that of a file that is being read.
 * @param fd open for reading; @param what it is called
 * @return 0; -EINVAL with a sentence
 */
int new_file_check(const char *path, int fd, const char *what)
	__attribute__((warn_unused_result));

#endif
