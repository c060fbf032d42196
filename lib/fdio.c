// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdio.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

static ssize_t read_all(int fd, void *buf, size_t len, uint64_t off, bool seek)
{
	size_t done = 0;

	while (done < len) {
		char *to = (char *)buf + done;
		ssize_t n = seek ? pread(fd, to, len - done, off + done) : read(fd, to, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += n;
	}
	return done;
}

static int write_all(int fd, const void *buf, size_t len, uint64_t off, bool seek, size_t *written)
{
	size_t done = 0;
	int err = 0;

	while (done < len) {
		const char *from = (const char *)buf + done;
		ssize_t n = seek ? pwrite(fd, from, len - done, off + done) :
				   write(fd, from, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err = n ? -errno : -EIO;
			break;
		}
		done += n;
	}
	if (written)
		*written = done;
	return err;
}

ssize_t fd_pread(int fd, void *buf, size_t len, uint64_t off)
{
	return read_all(fd, buf, len, off, true);
}

ssize_t fd_read(int fd, void *buf, size_t len)
{
	return read_all(fd, buf, len, 0, false);
}

int fd_pwrite(int fd, const void *buf, size_t len, uint64_t off, size_t *written)
{
	return write_all(fd, buf, len, off, true, written);
}

int fd_write(int fd, const void *buf, size_t len, size_t *written)
{
	return write_all(fd, buf, len, 0, false, written);
}
