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
 * A dump is marked as incomplete until all of it is on the disk, and stays so on errors. Records
 * that do not fit together are an error: a record overwrites others (only the first ones may be
 * repeated), or bytes that the format always has are in no record. The file has all records
 * then; where they overlap the later one holds.
 *
 * @param fd where the stream begins; borrowed
 * @param path of the file, as sink_file_create()
 * @return 0; -EBADMSG or -ENOTSUP if the stream is damaged, or ends before its end record:
 * what came before is in the file then, unless it is not even a stream; -errno if reading or
 * writing failed
 */
int rearrange(int fd, const char *path, bool force) __attribute__((warn_unused_result));

#endif
