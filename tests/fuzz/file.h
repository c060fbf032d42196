/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For fuzz targets of what opens files by their names: inputs as files without a directory.
 */
#ifndef TESTS_FUZZ_FILE_H
#define TESTS_FUZZ_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

/** A file in memory, and a path by which it can be opened again. */
struct fuzz_file {
	int fd;
	char path[32];
};

/** Make a file of some bytes. To be closed with fuzz_file_close(). */
static inline void fuzz_file_make(struct fuzz_file *f, struct fuzz_input bytes)
{
	f->fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (f->fd < 0 || pwrite(f->fd, bytes.data, bytes.size, 0) != (ssize_t)bytes.size)
		abort();
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
}

static inline void fuzz_file_close(struct fuzz_file *f)
{
	close(f->fd);
}

/** Bytes of a file. */
static inline uint64_t fuzz_file_size(const struct fuzz_file *f)
{
	struct stat st;

	if (fstat(f->fd, &st))
		abort();
	return st.st_size;
}

/** Check the result of a function that opens a file: 0, or an error with a clean text. */
static inline void fuzz_check_file_err(int err)
{
	assert(err <= 0);
	if (err)
		assert(err_text(err)[0] && fuzz_is_clean(err_text(err)));
}

#endif
