/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * No file that a run writes is also one that it reads, or writes by another name.
 */
#ifndef CLI_SAME_FILE_H
#define CLI_SAME_FILE_H

#include "cli/options.h"

/**
 * Compare all files that a command line names, and the standard ones: DUMPFILEs, LOGFILE, the
 * files of -g and --json, VMCORE and the .vmem beside it, parts, the files of -i, -x and --config,
 * standard input, output and error where they are used. Two names can be of one file by spelling,
 * by hard and symbolic links, and through descriptors (/dev/stdout), whether it exists yet or not.
 * Character devices such as /dev/null and terminals can be used twice.
 * @return 0; -EINVAL if a file that is written has two uses; -ENOMEM
 */
int check_same_files(const struct plan *plan) __attribute__((warn_unused_result));

#endif
