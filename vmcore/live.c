// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/live.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "vmcore/notes.h"

/* The kernel gives the note a page, of whatever size. */
#define NOTE_MAX (1u << 20)

bool vmcore_is_live(const struct vmcore *vc)
{
	struct stat in, kcore;

	return !fstat(vc->file.fd, &in) && !stat("/proc/kcore", &kcore) &&
	       in.st_dev == kcore.st_dev && in.st_ino == kcore.st_ino;
}

/* @return false if nothing there says where the note is */
static bool find_note(const char *path, paddr_t *pa, size_t *size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t bytes;
	char text[64];
	ssize_t n;

	if (fd < 0)
		return false;
	n = fd_read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return false;
	text[n] = '\0';
	if (sscanf(text, "%" SCNx64 " %" SCNx64, pa, &bytes) != 2 || !bytes || bytes > NOTE_MAX)
		return false;
	*size = bytes;
	return true;
}

/* Append the note after the last whole one. @return 0; -ENOMEM; or that it is of no use */
static int append_note(struct vmcore *vc, struct vmcore_reader *r, paddr_t pa, size_t size)
{
	size_t whole, start;
	char *notes;
	int err;

	/* A warning about damage in the notes was printed before. */
	if (vc->notes) {
		err = notes_check(vc->notes, vc->notes_size, vc->swap, &whole);
		vc->notes_size = whole;
	}
	start = (vc->notes_size + 3) / 4 * 4;
	notes = realloc(vc->notes, start + size);
	if (!notes)
		return err_set(-ENOMEM, "no memory for %zu bytes of notes", size);
	vc->notes = notes;
	memset(notes + vc->notes_size, 0, start - vc->notes_size);
	err = vmcore_read(r, pa, notes + start, size);
	if (err)
		return err;
	vc->notes_size = start + size;
	return notes_scan(vc);
}

int vmcore_add_live_info(struct vmcore *vc, const char *path)
{
	struct vmcore_reader *r;
	paddr_t pa;
	size_t size;
	int err;

	if (vc->vmcoreinfo || !find_note(path, &pa, &size))
		return 0;
	err = vmcore_reader_create(&r, vc);
	if (err)
		return err;
	err = append_note(vc, r, pa, size);
	vmcore_reader_destroy(r);
	return err == -ENOMEM ? err : 0;
}
