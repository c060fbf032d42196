// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"

int output_file_create(const char *path, bool force)
{
	int flags = O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC | (force ? 0 : O_EXCL);
	int fd = open(path, flags, S_IRUSR | S_IWUSR);
	struct stat st;

	if (fd < 0 && errno == EEXIST)
		return err_set(-EEXIST, "%s: file exists (use -f to overwrite)", path);
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
