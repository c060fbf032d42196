// SPDX-License-Identifier: GPL-2.0-or-later
#include "notes.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"

#define NOTE_HEADER_SIZE 12
#define VMCOREINFO_NAME "VMCOREINFO"

struct note {
	uint32_t type;
	const char *name;
	size_t name_len;	/* without the NULs at its end */
	const char *desc;
	size_t desc_size;
};

static uint64_t padded(uint64_t size)
{
	return (size + 3) / 4 * 4;
}

/*
 * Take the note at *pos and step over it. Returns 1, 0 at the end, or -EBADMSG.
 * Producers do not agree on the alignment of PT_NOTEs with p_align = 8, but all
 * that write dumps pad to 4.
 */
static int next_note(const char *buf, size_t size, bool swap, size_t *pos, struct note *n)
{
	size_t left = size - *pos;
	uint64_t name_size, desc_size, desc_off;
	const char *p;

	if (left < sizeof(uint32_t))
		return 0;
	p = buf + *pos;
	if (!load_u32(p, swap))
		return 0;
	if (left < NOTE_HEADER_SIZE)
		return err_set(-EBADMSG, "ELF notes damaged at offset %zu: a header is cut short",
			       *pos);
	name_size = load_u32(p, swap);
	desc_size = load_u32(p + 4, swap);
	n->type = load_u32(p + 8, swap);
	/* All below 2^34, so 64 bits hold every sum. */
	desc_off = NOTE_HEADER_SIZE + padded(name_size);
	if (desc_off + desc_size > left)
		return err_set(-EBADMSG,
			       "ELF notes damaged at offset %zu: a name of %u bytes and a "
			       "descriptor of %u bytes do not fit in the %zu bytes left",
			       *pos, (unsigned int)name_size, (unsigned int)desc_size, left);
	n->name = p + NOTE_HEADER_SIZE;
	n->name_len = strnlen(n->name, name_size);
	n->desc = p + desc_off;
	n->desc_size = desc_size;
	/* The last one need not be padded. */
	*pos += min_u64(desc_off + padded(desc_size), left);
	return 1;
}

static bool is_named(const struct note *n, const char *name)
{
	return n->name_len == strlen(name) && !memcmp(n->name, name, n->name_len);
}

int notes_check(const void *buf, size_t size, bool swap, size_t *len)
{
	struct note n;
	size_t pos = 0;
	int ret = 1;

	while (ret > 0)
		ret = next_note(buf, size, swap, &pos, &n);
	*len = pos;
	return ret;
}

size_t note_size(const char *name, size_t desc_size)
{
	return NOTE_HEADER_SIZE + padded(strlen(name) + 1) + padded(desc_size);
}

size_t note_encode(void *buf, const char *name, uint32_t type, const void *desc,
		   size_t desc_size, bool swap)
{
	size_t size = note_size(name, desc_size), name_size = strlen(name) + 1;
	char *p = buf;

	memset(p, 0, size);
	store_u32(p, name_size, swap);
	store_u32(p + 4, desc_size, swap);
	store_u32(p + 8, type, swap);
	memcpy(p + NOTE_HEADER_SIZE, name, name_size);
	if (desc)
		memcpy(p + NOTE_HEADER_SIZE + padded(name_size), desc, desc_size);
	return size;
}

size_t notes_without(const void *buf, size_t size, bool swap, const char *name, void *to)
{
	size_t pos = 0, start, done = 0;
	struct note n;

	while (start = pos, next_note(buf, size, swap, &pos, &n) > 0) {
		if (is_named(&n, name))
			continue;
		memset((char *)to + done, 0, padded(pos - start));
		memcpy((char *)to + done, (const char *)buf + start, pos - start);
		done += padded(pos - start);
	}
	return done;
}

static int copy_eraseinfo(struct vmcore *vc, const struct note *n)
{
	if (vc->eraseinfo || !n->desc_size)
		return 0;
	vc->eraseinfo = malloc(n->desc_size);
	if (!vc->eraseinfo)
		return err_set(-ENOMEM, "no memory for %zu bytes of eraseinfo", n->desc_size);
	memcpy(vc->eraseinfo, n->desc, n->desc_size);
	vc->eraseinfo_size = n->desc_size;
	return 0;
}

int notes_scan(struct vmcore *vc)
{
	unsigned int nr_cpus = 0;
	size_t pos = 0;
	struct note n;
	int ret;

	while ((ret = next_note(vc->notes, vc->notes_size, vc->swap, &pos, &n)) > 0) {
		if (is_named(&n, "CORE") && n.type == NT_PRSTATUS) {
			nr_cpus++;
		} else if (is_named(&n, VMCOREINFO_NAME)) {
			size_t len = strnlen(n.desc, n.desc_size);

			if (!vc->vmcoreinfo && len) {
				vc->vmcoreinfo = n.desc;
				vc->vmcoreinfo_size = len;
			}
		} else if (is_named(&n, ERASEINFO_NAME)) {
			ret = copy_eraseinfo(vc, &n);
			if (ret)
				break;
		}
	}
	if (nr_cpus)
		vc->nr_cpus = nr_cpus;
	return ret;
}

int notes_add_vmcoreinfo(struct vmcore *vc, size_t size, char **text)
{
	size_t more = note_size(VMCOREINFO_NAME, size);
	char *p = malloc(more + vc->notes_size);

	if (!p)
		return err_set(-ENOMEM, "no memory for notes of %zu bytes", more + vc->notes_size);
	note_encode(p, VMCOREINFO_NAME, 0, NULL, size, vc->swap);
	if (vc->notes_size)
		memcpy(p + more, vc->notes, vc->notes_size);
	free(vc->notes);
	vc->notes = p;
	vc->notes_size += more;
	*text = p + more - padded(size);
	return 0;
}
