/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The crashed kernel's log as text: --dump-dmesg.
 */
#ifndef CLI_DUMP_DMESG_H
#define CLI_DUMP_DMESG_H

#include <stdbool.h>

#include "kernel/kernel.h"

/**
 * Return whether the log can be read without damage by the facts that are known.
 * @param partial as for dump_dmesg()
 */
bool dmesg_is_whole(const struct kernel *k, bool partial);

/**
 * Write the log as dmesg prints it.
 *
 * @param path of the file to be created, or NULL: to standard output
 * @param force overwrite an existing file
 * @param partial only what came after the log was last cleared
 * @param limit the most bytes that are written; 0: any number
 * @return 0; -ENOENT or another -errno if there is no log to be found, and no file is created
 * then; -errno if part of it is damaged (the rest was written), or if it cannot be written
 * (-EFBIG: all of it)
 */
int dump_dmesg(const struct kernel *k, const char *path, bool force, bool partial, uint64_t limit)
	__attribute__((warn_unused_result));

#endif
