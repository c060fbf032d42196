// SPDX-License-Identifier: GPL-2.0-or-later
#include "new_file.h"

#include <errno.h>
#include <fcntl.h>

#include "err.h"
#include "fdio.h"

int new_file_create(const char *path, bool force)
{
	int flags = O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC | (force ? 0 : O_EXCL);
	int fd = open(path, flags, S_IRUSR | S_IWUSR);

	if (fd < 0 && errno == EEXIST)
		return err_set(-EEXIST, "%s: file exists (use -f to overwrite)", path);
	if (fd < 0)
		return err_errno(-errno, "cannot create %s", path);
	return fd;
}

int new_file_check(const char *path, int fd, const char *what)
{
	return fd_is_file(fd, path) ? err_set(-EINVAL, "%s is the %s itself", path, what) : 0;
}
