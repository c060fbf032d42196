/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * From a flattened stream to the file that is in it.
 */
#ifndef OUTPUT_REARRANGE_H
#define OUTPUT_REARRANGE_H

#include <stdbool.h>

/**
 * Read a flattened stream to its end, and write its inner file. The stream need not seek, may
 * be non-blocking, and what follows its end record is not read further than it happens to be.
 *
 * Zeros that nothing was written before become holes of the file.
 *
 * @param fd where the stream begins; borrowed
 * @param path of the file, as sink_file_create()
 * @return 0; -EBADMSG or -ENOTSUP if the stream is damaged, or ends before its end record:
 * what came before is in the file then, unless it is not even a stream; -errno if reading or
 * writing failed; with a sentence
 */
int rearrange(int fd, const char *path, bool force) __attribute__((warn_unused_result));

#endif
