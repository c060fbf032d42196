/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * From the parts of a split dump to one that is not.
 */
#ifndef OUTPUT_REASSEMBLE_H
#define OUTPUT_REASSEMBLE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Put all parts of a split dump together, in the order of classes if the parts tell where their
 * classes begin. Pages are copied as they are stored. A page is lost if
 * its descriptor is invalid, or its data overlap others in part or cannot be read; the rest is
 * copied (vmcore/places.h).
 *
 * @param parts paths, in any order; the files may be flattened ones
 * @param nr_parts at least 1
 * @param use_mmap as file_open()
 * @param path of the file, as sink_file_create()
 * @return 0; before the file is made: -EINVAL if they are not all parts, and each once, of one
 * dump; -EBADMSG if their headers are damaged. When it is made: -EIO if it is incomplete, since
 * a part is, or pages are lost, or data belong to no page; -ENOMEM; -errno if writing failed. The
 * file is marked as incomplete then. With a sentence that names the part
 */
int reassemble(char *const *parts, size_t nr_parts, bool use_mmap, const char *path, bool force)
	__attribute__((warn_unused_result));

#endif
