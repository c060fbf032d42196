// SPDX-License-Identifier: GPL-2.0-or-later
#include "notes.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"

#define NOTE_HEADER_SIZE 12

/* Notes are read in steps, each as large as what is known to be notes, but no smaller. */
#define STEP_MIN ((size_t)64 << 10)
/* The unit of a second try where a step cannot be read. */
#define RETRY_UNIT ((size_t)4096)
/* Names of notes are shorter. */
#define NAME_MAX_SIZE 64

/*
 * The note "Xen" that a crashed Xen leaves once: struct xen_crash_info of 64-bit Xen, which got
 * its last two members one after the other.
 */
#define XEN_CRASH_INFO 0x1000001
#define XEN_CRASH_INFO_WORDS 8 /* the first one is the version */
#define XEN_VMCOREINFO_NAME "VMCOREINFO_XEN"

struct note {
	uint32_t type;
	const char *name;
	size_t name_len; /* without the NULs at its end */
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

/* Read a step; zeros stand for what cannot be read. */
static void read_step(struct vmcore *vc, struct file_reader *r, uint64_t off, char *buf, size_t len)
{
	size_t n;

	if (!file_read(r, off, buf, len))
		return;
	for (size_t done = 0; done < len; done += n) {
		int err;

		n = min_u64(RETRY_UNIT - (off + done) % RETRY_UNIT, len - done);
		err = file_read(r, off + done, buf + done, n);
		if (!err)
			continue;
		memset(buf + done, 0, n);
		vmcore_warn(vc, "ELF notes: %s", err_text(err));
		vc->incomplete = true;
	}
}

static bool is_name(const char *name, size_t size)
{
	size_t len = strnlen(name, size);

	for (size_t i = 0; i < size; i++) {
		if (i < len ? !isascii(name[i]) || !isprint(name[i]) : name[i])
			return false;
	}
	return len;
}

/*
 * Return whether the note at the end of what was read may be worth reading on. A small one
 * always is. A large one proves itself by its name: else the bytes of the dump's memory could
 * pass for notes of any size after a damaged p_filesz.
 */
static bool may_continue(const char *buf, size_t len, bool swap, uint64_t size)
{
	uint64_t name_size, end;

	if (len < NOTE_HEADER_SIZE)
		return true;
	name_size = load_u32(buf, swap);
	end = NOTE_HEADER_SIZE + padded(name_size) + load_u32(buf + 4, swap);
	if (end > size)
		return false;
	return end <= STEP_MIN || len < NOTE_HEADER_SIZE + NAME_MAX_SIZE ||
	       (name_size <= NAME_MAX_SIZE && is_name(buf + NOTE_HEADER_SIZE, name_size));
}

/* Read from off on as long as there are notes; old bytes of vc->notes stay. Returns whole notes. */
static size_t read_notes(struct vmcore *vc, struct file_reader *r, uint64_t off, uint64_t size,
			 size_t old)
{
	size_t have = 0, good = 0;
	bool more = true;

	while (more && have < size) {
		size_t step = min_u64(size - have, max_u64(have, STEP_MIN));
		char *p = realloc(vc->notes, old + have + step);
		int err;

		if (!p) {
			vmcore_warn(vc, "no memory for %zu bytes of ELF notes", have + step);
			vc->incomplete = true;
			break;
		}
		vc->notes = p;
		p += old;
		read_step(vc, r, off + have, p + have, step);
		have += step;
		err = notes_check(p, have, vc->swap, &good);
		/* Without an error, a head that says "no more" lies there. */
		more = have - good < sizeof(uint32_t) ||
		       (err && may_continue(p + good, have - good, vc->swap, size - good));
		if (err && (!more || have == size))
			vmcore_warn(vc, "notes at offset %" PRIu64 ": %s", off, err_text(err));
	}
	return good;
}

void notes_load(struct vmcore *vc, struct file_reader *r, uint64_t off, uint64_t size)
{
	/* Notes of one part must not hide those of the next. */
	size_t old = padded(vc->notes_size), good, max = NOTES_MAX - old;
	uint64_t in_file = off < r->file->size ? r->file->size - off : 0;
	void *p;

	if (size > in_file) {
		vmcore_warn(vc, "the file ends within its ELF notes (%" PRIu64 " bytes)",
			    r->file->size);
		vc->incomplete = true;
		size = in_file;
	}
	good = read_notes(vc, r, off, min_u64(size, max), old);
	if (size > max && max - good < sizeof(uint32_t))
		vmcore_warn(vc, "only the first %u MiB of ELF notes are read", NOTES_MAX >> 20);
	if (good) {
		memset((char *)vc->notes + vc->notes_size, 0, old - vc->notes_size);
		vc->notes_size = old + good;
	}
	/* Give back what was read in vain. */
	p = vc->notes_size ? realloc(vc->notes, vc->notes_size) : NULL;
	if (!vc->notes_size)
		free(vc->notes);
	if (p || !vc->notes_size)
		vc->notes = p;
}

size_t note_size(const char *name, size_t desc_size)
{
	return NOTE_HEADER_SIZE + padded(strlen(name) + 1) + padded(desc_size);
}

size_t note_encode(void *buf, const char *name, uint32_t type, const void *desc, size_t desc_size,
		   bool swap)
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

static bool is_cpu(const struct note *n)
{
	return is_named(n, "CORE") && n->type == NT_PRSTATUS;
}

/* Copy the descriptor of the first note of a kind. */
static int copy_desc(const struct note *n, char **to, size_t *size)
{
	if (*to || !n->desc_size)
		return 0;
	*to = malloc(n->desc_size);
	if (!*to)
		return err_set(-ENOMEM, "no memory for %zu bytes of a note", n->desc_size);
	memcpy(*to, n->desc, n->desc_size);
	*size = n->desc_size;
	return 0;
}

static void take_xen_crash(struct vmcore *vc, const struct note *n)
{
	size_t words = vc->is64 ? n->desc_size / sizeof(uint64_t) : 0;
	struct xen_crash *xen = &vc->xen;

	xen->found = true;
	if (words < XEN_CRASH_INFO_WORDS)
		return;
	xen->major = load_u64(n->desc, vc->swap);
	if (words > XEN_CRASH_INFO_WORDS)
		xen->p2m_root = load_u64(n->desc + (words - 1) * sizeof(uint64_t), vc->swap);
	if (words > XEN_CRASH_INFO_WORDS + 1)
		xen->phys_start = load_u64(n->desc + (words - 2) * sizeof(uint64_t), vc->swap);
}

int notes_scan(struct vmcore *vc)
{
	unsigned int nr_cpus = 0;
	bool process = false;
	size_t pos = 0;
	struct note n;
	int ret;

	while ((ret = next_note(vc->notes, vc->notes_size, vc->swap, &pos, &n)) > 0) {
		if (is_cpu(&n)) {
			nr_cpus++;
		} else if (is_named(&n, "CORE") && n.type == NT_AUXV) {
			process = true;
		} else if (is_named(&n, "Xen") && n.type == XEN_CRASH_INFO) {
			take_xen_crash(vc, &n);
		} else if (is_named(&n, XEN_VMCOREINFO_NAME)) {
			ret = copy_desc(&n, &vc->xen.vmcoreinfo, &vc->xen.vmcoreinfo_size);
		} else if (is_named(&n, VMCOREINFO_NAME)) {
			size_t len = n.desc_size;

			while (len && !n.desc[len - 1])
				len--;
			if (!vc->vmcoreinfo && len) {
				vc->vmcoreinfo = n.desc;
				vc->vmcoreinfo_size = len;
			}
		} else if (is_named(&n, ERASEINFO_NAME)) {
			ret = copy_desc(&n, &vc->eraseinfo, &vc->eraseinfo_size);
		} else if (is_named(&n, FRAMES_NOTE_NAME) && !vc->frames.runs) {
			ret = frames_decode(&vc->frames, n.desc, n.desc_size, vc->swap);
		}
		if (ret < 0)
			break;
	}
	if (nr_cpus)
		vc->nr_cpus = nr_cpus;
	if (process && !vc->vmcoreinfo)
		return err_set(-ENOTSUP, "the core of a process: a debugger such as gdb reads it");
	return ret;
}

int notes_for_each_cpu(const struct vmcore *vc,
		       int (*fn)(void *ctx, unsigned int nth, const void *desc, size_t size),
		       void *ctx)
{
	unsigned int nth = 0;
	size_t pos = 0;
	struct note n;
	int ret = 0;

	while (!ret && next_note(vc->notes, vc->notes_size, vc->swap, &pos, &n) > 0)
		if (is_cpu(&n))
			ret = fn(ctx, nth++, n.desc, n.desc_size);
	return ret;
}

int notes_drop_vmcoreinfo(struct vmcore *vc)
{
	/* Room for the padding that notes_without() adds. */
	char *p = malloc(vc->notes_size + 3);

	if (!p)
		return err_set(-ENOMEM, "no memory for notes of %zu bytes", vc->notes_size);
	vc->notes_size = notes_without(vc->notes, vc->notes_size, vc->swap, VMCOREINFO_NAME, p);
	free(vc->notes);
	vc->notes = p;
	vc->vmcoreinfo = NULL;
	vc->vmcoreinfo_size = 0;
	return 0;
}

int notes_append(struct vmcore *vc, const char *name, uint32_t type, const void *desc, size_t size)
{
	size_t old = padded(vc->notes_size), more = note_size(name, size);
	size_t info = vc->vmcoreinfo ? vc->vmcoreinfo - (char *)vc->notes : 0;
	char *p = realloc(vc->notes, old + more);

	if (!p)
		return err_set(-ENOMEM, "no memory for notes of %zu bytes", old + more);
	vc->notes = p;
	vc->vmcoreinfo = vc->vmcoreinfo ? p + info : NULL;
	memset(p + vc->notes_size, 0, old - vc->notes_size);
	note_encode(p + old, name, type, desc, size, vc->swap);
	vc->notes_size = old + more;
	return 0;
}

int notes_add(struct vmcore *vc, const char *name, size_t size, char **desc)
{
	size_t more = note_size(name, size);
	char *p = malloc(more + vc->notes_size);

	if (!p)
		return err_set(-ENOMEM, "no memory for notes of %zu bytes", more + vc->notes_size);
	note_encode(p, name, 0, NULL, size, vc->swap);
	if (vc->notes_size)
		memcpy(p + more, vc->notes, vc->notes_size);
	free(vc->notes);
	vc->notes = p;
	vc->notes_size += more;
	*desc = p + more - padded(size);
	return 0;
}
