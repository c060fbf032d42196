// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Suspended machines and snapshots of VMware. Their group "memory" tells which addresses the
 * regions of the memory have, and where they are in the bytes of it. These are a tag of the group,
 * or the file .vmem beside. They tell nothing about the kernel, and registers of CPUs are not
 * read.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "vmcore/bare.h"
#include "vmcore/ranges.h"
#include "vmcore/vmware_format.h"

/* No machine has more; VMware's have three regions and some hundred tags. */
#define GROUPS_MAX 4096
#define TAGS_MAX 65536
#define REGIONS_MAX 256

/* In pages: the tags regionPPN, regionPageNum and regionSize. */
struct region {
	uint32_t address;
	uint32_t place; /* in the bytes of the memory */
	uint32_t size;
};

struct vmware {
	struct vmcore *vc;
	struct file_reader fr;
	bool wide; /* sizes of long values have 8 bytes */
	/* 0: all the memory lies together from address 0 on. */
	uint32_t nr_regions;
	struct region regions[REGIONS_MAX];
	/* The memory in the file itself; without, size is 0. */
	uint64_t off, size;
};

struct tag {
	char name[UINT8_MAX + 1];
	uint32_t index;	    /* the first one; 0 without */
	uint64_t off, size; /* of the value in the file */
	uint64_t expanded;  /* bytes of the value in memory */
};

static uint64_t le(const void *raw, bool wide)
{
	return load_ulong(raw, wide, HOST_BIG_ENDIAN);
}

/* Read a tag. @return 0; -ENOENT: the list ends there; another -errno */
static int read_tag(struct vmware *w, uint64_t off, struct tag *t)
{
	uint8_t flags_len[2], raw[18];
	unsigned int nr_indices, width = w->wide ? 8 : 4;
	int err = file_read(&w->fr, off, flags_len, sizeof(flags_len));

	if (err || (!flags_len[0] && !flags_len[1]))
		return err ? err : -ENOENT;
	nr_indices = flags_len[0] >> VMWARE_INDICES_SHIFT;
	*t = (struct tag){ .size = flags_len[0] & VMWARE_SIZE_MASK };
	t->expanded = t->size;
	off += sizeof(flags_len);
	err = file_read(&w->fr, off, t->name, flags_len[1]);
	off += flags_len[1];
	if (!err && nr_indices)
		err = file_read(&w->fr, off, raw, 4);
	if (!err && nr_indices)
		t->index = le(raw, false);
	t->off = off + 4 * nr_indices;
	if (err || t->size < VMWARE_LONG)
		return err;
	err = file_read(&w->fr, t->off, raw, 2 * width + 2);
	if (err)
		return err;
	t->size = le(raw, w->wide);
	t->expanded = le(raw + width, w->wide);
	t->off += 2 * width + 2 + load_u16(raw + 2 * width, HOST_BIG_ENDIAN);
	return 0;
}

/* The place of a tag's number; NULL if it is none of those that are known. */
static uint32_t *number_of(struct vmware *w, const struct tag *t)
{
	static const struct {
		const char *name;
		size_t member;
	} members[] = {
		{ "regionPPN", offsetof(struct region, address) },
		{ "regionPageNum", offsetof(struct region, place) },
		{ "regionSize", offsetof(struct region, size) },
	};

	if (!strcmp(t->name, "regionsCount"))
		return &w->nr_regions;
	for (size_t i = 0; i < ARRAY_SIZE(members) && t->index < REGIONS_MAX; i++)
		if (!strcmp(t->name, members[i].name))
			return (uint32_t *)((char *)&w->regions[t->index] + members[i].member);
	return NULL;
}

static int take_tag(struct vmware *w, const struct tag *t)
{
	uint32_t *number = number_of(w, t);
	uint8_t raw[4];
	int err;

	if (number && t->size == sizeof(raw)) {
		err = file_read(&w->fr, t->off, raw, sizeof(raw));
		*number = le(raw, false);
		return err;
	}
	if (strcmp(t->name, "Memory") || w->size)
		return 0;
	if (t->size != t->expanded)
		return err_set(-ENOTSUP, "its memory is compressed");
	w->off = t->off;
	w->size = t->size;
	return 0;
}

/* Read the tags of the group of memory. */
static int read_tags(struct vmware *w, uint64_t off)
{
	struct tag t;
	int err = 0;

	for (unsigned int i = 0; !err; i++) {
		if (i == TAGS_MAX)
			return err_set(-EBADMSG, "more than %d tags of memory", TAGS_MAX);
		err = read_tag(w, off, &t);
		if (!err)
			err = take_tag(w, &t);
		if (!err && !checked_add(t.off, t.size, &off))
			return err_set(-EBADMSG, "a tag of memory has %" PRIu64 " bytes", t.size);
	}
	/* After a file that is cut short, other tags may tell enough. */
	return err == -ENOENT || (err == -ENODATA && w->size) ? 0 : err;
}

/* Find the group of memory, and read what it tells. */
static int read_groups(struct vmware *w, uint32_t nr)
{
	struct vmware_group g;

	if (nr > GROUPS_MAX)
		return err_set(-EBADMSG, "%" PRIu32 " groups of tags", nr);
	for (uint32_t i = 0; i < nr; i++) {
		int err = file_read(&w->fr, sizeof(struct vmware_header) + i * sizeof(g), &g,
				    sizeof(g));

		if (err)
			return err;
		if (!strncmp(g.name, "memory", sizeof(g.name)))
			return read_tags(w, le(&g.tags, true));
	}
	return err_set(-ENOTSUP, "it has no memory: suspend the machine, or make a snapshot with "
				 "its memory");
}

char *vmware_memory_path(const char *path)
{
	const char *dot = strrchr(path, '.');
	char *ret;

	if (!dot || strchr(dot, '/'))
		dot = path + strlen(path);
	return asprintf(&ret, "%.*s.vmem", (int)(dot - path), path) < 0 ? NULL : ret;
}

static int open_beside(struct vmware *w)
{
	struct vmcore *vc = w->vc;
	int err;

	vc->beside = vmware_memory_path(vc->file.path);
	if (!vc->beside)
		return err_set(-ENOMEM, "no memory");
	err = vmcore_add_file(vc, vc->beside);
	/* -ENOENT would be that the dump is of another format. */
	if (err)
		return err_set(err == -ENOENT ? -ENODATA : err, "its memory is in another file: %s",
			       err_text(err));
	w->off = 0;
	w->size = vc->others[0].size;
	return 0;
}

/* Make ranges of the regions. */
static int add_regions(struct vmware *w)
{
	struct vmcore *vc = w->vc;
	const struct dump_file *f = vc->nr_others ? &vc->others[0] : &vc->file;
	uint64_t in_file = min_u64(w->size, f->size - min_u64(w->off, f->size));
	uint64_t lost = 0;
	_cleanup_free_ struct range_piece *pieces = calloc(REGIONS_MAX, 2 * sizeof(*pieces));
	size_t nr = 0;

	if (!pieces)
		return err_set(-ENOMEM, "no memory");
	for (uint32_t i = 0; i < w->nr_regions; i++) {
		const struct region *g = &w->regions[i];
		uint64_t place = (uint64_t)g->place * VMWARE_PAGE;
		struct memory_range r = {
			.start = (paddr_t)g->address * VMWARE_PAGE,
			.off = w->off + place,
			.file = vc->nr_others,
		};
		uint64_t size = (uint64_t)g->size * VMWARE_PAGE;
		uint64_t here = min_u64(size, in_file - min_u64(place, in_file));

		r.end = r.start + here;
		ranges_add(pieces, &nr, i, &r);
		r = (struct memory_range){ r.end, r.end + size - here, 0, 0, RANGE_LOST };
		if (size - here <= ranges_absent_max(vc))
			ranges_add(pieces, &nr, i, &r);
		lost += size - here;
	}
	if (!nr)
		return err_set(-EBADMSG, "its regions of memory are empty");
	if (lost) {
		vmcore_warn(vc, "%s is cut short: %" PRIu64 " bytes of memory are missing", f->path,
			    lost);
		vc->incomplete = true;
	}
	return ranges_build(vc, pieces, nr);
}

static int read_memory(struct vmware *w, uint32_t nr_groups)
{
	int err = read_groups(w, nr_groups);

	if (!err && !w->size)
		err = open_beside(w);
	if (err)
		return err;
	if (w->nr_regions > REGIONS_MAX)
		return err_set(-EBADMSG, "%" PRIu32 " regions of memory", w->nr_regions);
	if (!w->nr_regions) {
		w->nr_regions = 1;
		w->regions[0] = (struct region){
			.size = min_u64(w->size / VMWARE_PAGE, UINT32_MAX),
		};
	}
	return add_regions(w);
}

static int vmware_open(struct vmcore *vc, const void *head, size_t head_len)
{
	static const uint32_t magics[] = VMWARE_MAGICS;
	const struct vmware_header *h = head;
	_cleanup_free_ struct vmware *w = NULL;
	uint32_t magic = head_len < sizeof(*h) ? 0 : le(&h->magic, false);
	size_t i = 0;
	int err;

	while (i < ARRAY_SIZE(magics) && magics[i] != magic)
		i++;
	if (i == ARRAY_SIZE(magics))
		return -ENOENT;
	w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(-ENOMEM, "no memory to open it");
	bare_init(vc);
	w->vc = vc;
	w->wide = magic & VMWARE_VERSION_MASK;
	file_reader_init(&w->fr, &vc->file);
	err = read_memory(w, le(&h->nr_groups, false));
	file_reader_deinit(&w->fr);
	return err;
}

const struct vmcore_ops vmware_vmcore_ops = {
	.name = "VMware",
	.open = vmware_open,
	RANGES_OPS,
};
