/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Files that are read from beginning to end: texts, debug information.
 */
#ifndef LIB_INPUT_FILE_H
#define LIB_INPUT_FILE_H

/**
 * Open a regular file for reading. Never blocks: a pipe without a writer is refused, as are
 * directories and devices, which have no end.
 * @return a descriptor that the caller closes; -errno
 */
int input_file_open(const char *path) __attribute__((warn_unused_result));

#endif
