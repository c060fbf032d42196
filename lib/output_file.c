// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "err.h"

/* /dev/null has this number everywhere (Documentation/admin-guide/devices.txt of Linux). */
#define NULL_MAJOR 1
#define NULL_MINOR 3

/* Return whether a file exists that keeps nothing, so that nothing can be overwritten. */
static bool keeps_nothing(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	return S_ISFIFO(st.st_mode) ||
	       (S_ISCHR(st.st_mode) && st.st_rdev == makedev(NULL_MAJOR, NULL_MINOR));
}

int output_file_create(const char *path, bool force)
{
	int flags = O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC;
	int fd = open(path, flags | (force || keeps_nothing(path) ? 0 : O_EXCL), S_IRUSR | S_IWUSR);
	struct stat st;

	if (fd < 0 && errno == EEXIST) {
		if (!stat(path, &st) && S_ISDIR(st.st_mode))
			return err_set(-EISDIR, "cannot create %s: it is a directory", path);
		return err_set(-EEXIST, "%s: file exists (use -f to overwrite)", path);
	}
	if (fd < 0)
		return err_errno(-errno, "cannot create %s", path);
	if (fstat(fd, &st))
		return fd;
	if (S_ISFIFO(st.st_mode)) {
		close(fd);
		return err_set(
			-ESPIPE,
			"cannot write to %s: it is a pipe, which only standard output can be",
			path);
	}
	/* An old file must not let more users read what is written now. A device keeps its mode. */
	if (force && S_ISREG(st.st_mode) && st.st_mode & (S_IRWXG | S_IRWXO))
		(void)fchmod(fd, S_IRUSR | S_IWUSR);
	return fd;
}
