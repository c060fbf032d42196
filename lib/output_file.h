/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Files that are created: what they are, and that nothing is overwritten unasked.
 */
#ifndef LIB_OUTPUT_FILE_H
#define LIB_OUTPUT_FILE_H

#include <stdbool.h>

/**
 * Create a file for writing, which only its owner can read.
 * @param force overwrite an existing file, which keeps its owner and gets the mode 0600; else
 * that is -EEXIST, except /dev/null, which keeps nothing; a pipe is -ESPIPE, since without a
 * reader the writer would wait for ever
 * @return a descriptor; -errno
 */
int output_file_create(const char *path, bool force) __attribute__((warn_unused_result));

#endif
