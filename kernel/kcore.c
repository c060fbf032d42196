// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kcore.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"

/* The kernel gives the note a page, of whatever size. */
#define NOTE_MAX (1u << 20)

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

/* Return the text of a VMCOREINFO note; NULL if it is none. */
static const char *note_text(const uint8_t *note, size_t size, bool swap, size_t *len)
{
	static const char name[] = "VMCOREINFO";
	/* Three numbers, then the name and the descriptor at multiples of 4 bytes. */
	const size_t name_at = 12, desc_at = 24;
	const char *text = (const char *)note + desc_at;

	if (size <= desc_at || load_u32(note, swap) != sizeof(name) ||
	    memcmp(note + name_at, name, sizeof(name)) || load_u32(note + 4, swap) > size - desc_at)
		return NULL;
	*len = load_u32(note + 4, swap);
	while (*len && !text[*len - 1])
		(*len)--;
	return *len ? text : NULL;
}

static int read_note(struct vmcore *vc, paddr_t pa, void *note, size_t size)
{
	struct vmcore_reader *r;
	int err = vmcore_reader_create(&r, vc);

	if (err)
		return err;
	err = vmcore_read(r, pa, note, size);
	vmcore_reader_destroy(r);
	return err;
}

int kcore_add_vmcoreinfo(struct vmcore *vc, const char *path)
{
	_cleanup_free_ void *note = NULL;
	const char *text;
	size_t size = 0, len;
	paddr_t pa;
	int err;

	if (vc->vmcoreinfo || !find_note(path, &pa, &size))
		return 0;
	note = malloc(size);
	if (!note)
		return err_set(-ENOMEM, "no memory for %zu bytes of VMCOREINFO", size);
	err = read_note(vc, pa, note, size);
	text = err ? NULL : note_text(note, size, vc->swap, &len);
	if (text)
		err = vmcore_set_vmcoreinfo(vc, text, len);
	return err == -ENOMEM ? err : 0;
}
