/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For tests: a disk on which one call fails. Those after it work: they must not hide it.
 */
#ifndef TESTS_UNIT_FAILING_CALLS_H
#define TESTS_UNIT_FAILING_CALLS_H

#include <dlfcn.h>
#include <errno.h>
#include <sys/types.h>
#include <unistd.h>

/** The call of this number fails, the first is 1; 0: none does. */
static unsigned int fail_pwrite, fail_fdatasync;
/** The calls so far. */
static unsigned int nr_pwrite, nr_fdatasync;

static inline void calls_reset(unsigned int pwrite_at, unsigned int fdatasync_at)
{
	fail_pwrite = pwrite_at;
	fail_fdatasync = fdatasync_at;
	nr_pwrite = nr_fdatasync = 0;
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t off)
{
	static ssize_t (*real)(int fd, const void *buf, size_t len, off_t off);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
	if (++nr_pwrite != fail_pwrite)
		return real(fd, buf, len, off);
	errno = EIO;
	return -1;
}

int fdatasync(int fd)
{
	(void)fd;
	if (++nr_fdatasync != fail_fdatasync)
		return 0;
	errno = EIO;
	return -1;
}

#endif
