/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Files without a name, for data that no other program needs: they vanish when they are closed.
 */
#ifndef LIB_NAMELESS_FILE_H
#define LIB_NAMELESS_FILE_H

/**
 * Make a file in a directory, for reading and writing by the owner only.
 * @return a descriptor, to be closed; -errno (no sentence set)
 */
int nameless_file_open(const char *dir) __attribute__((warn_unused_result));

#endif
