// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/find_vmcoreinfo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "facts/vmcoreinfo.h"
#include "kernel/kernel.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/progress.h"
#include "vmcore/bare.h"

/* The note that the kernel keeps up to date begins at the beginning of a page. */
#define NOTE_ALIGN 4096
#define NOTE_DESC_SIZE 4
#define NOTE_NAME 12
#define NOTE_DESC 24
static const char note_name[] = "VMCOREINFO";

#define SCAN_STEP (1u << 20)
/* No more is looked at, so that it ends in minutes where there is nothing. */
#define SCAN_MAX (UINT64_C(256) << 30)
/* Each is tried, which takes a moment. */
#define TEXTS_MAX 8

/* Read what may be text, and is to be freed; *text is NULL if it is none. */
static int read_text(struct vmcore_reader *r, paddr_t pa, uint64_t size, char **text, size_t *len)
{
	_cleanup_free_ char *buf = NULL;
	struct vmcoreinfo vi;
	const char *val;
	size_t val_len;

	*text = NULL;
	size = min_u64(size, VMCOREINFO_MAX);
	buf = malloc(size + 1);
	if (!buf)
		return err_set(-ENOMEM, "no memory for %" PRIu64 " bytes of VMCOREINFO", size);
	if (vmcore_read(r, pa, buf, size))
		return 0;
	vi = (struct vmcoreinfo){ .text = buf, .size = strnlen(buf, size) };
	*len = vi.size;
	if (vmcoreinfo_find(&vi, "OSRELEASE", &val, &val_len))
		*text = take_ptr(buf);
	return 0;
}

/* Ask the architecture. *text is to be freed; NULL if there is none. */
static int find_text(struct vmcore *vc, paddr_t *pa, char **text, size_t *len)
{
	const struct arch_ops *ops = arch_find(vc->machine);
	struct vmcore_reader *r;
	struct arch_mem mem;
	uint64_t size;
	int err;

	*text = NULL;
	if (!ops || !ops->find_vmcoreinfo)
		return 0;
	err = vmcore_reader_create(&r, vc);
	if (err)
		return err;
	mem = kernel_mem(r);
	if (!ops->find_vmcoreinfo(&mem, pa, &size))
		err = read_text(r, *pa, size, text, len);
	vmcore_reader_destroy(r);
	return err;
}

/*
 * Return whether a text leads to a kernel that says the same of itself. The text of an
 * earlier boot, which is still in memory, does not.
 */
static bool proves_right(const struct vmcore *vc, const char *text, size_t len)
{
	struct vmcore trial = *vc;
	struct kdump_utsname uts = { 0 };
	struct vmcore_reader *r;
	struct kernel *k;
	bool right = false;

	trial.notes = NULL;
	trial.notes_size = 0;
	if (vmcore_set_vmcoreinfo(&trial, text, len))
		return false;
	if (!kernel_open(&k, &trial, NULL, NULL)) {
		if (!k->translation_err && !vmcore_reader_create(&r, &trial)) {
			right = kernel_utsname(k, r, NULL, &uts) &&
				!strncmp(uts.release, k->release, sizeof(uts.release));
			vmcore_reader_destroy(r);
		}
		kernel_close(k);
	}
	free(trial.notes);
	return right;
}

/* A search through all pages. */
struct scan {
	struct vmcore *vc;
	struct vmcore_reader *r;
	uint64_t left;	       /* bytes that may still be looked at */
	unsigned int nr_texts; /* that were found */
	vmcoreinfo_judge *fn;
	void *ctx;
	bool ended; /* the judge has seen enough */
	struct progress progress;
};

/* Give a text to the caller, who owns it from here on. */
static int check_text(struct scan *s, paddr_t pa, char *text, size_t len)
{
	int ret = s->fn(s->ctx, pa, text, len);

	s->ended = ret > 0;
	return ret < 0 ? ret : 0;
}

/* Take the text of a note at pa, if it is one. */
static int try_note(struct scan *s, paddr_t pa, const uint8_t *head)
{
	struct vmcore *vc = s->vc;
	bool swap = vc->swap;
	size_t len;
	char *text;
	int err;

	if (memcmp(head + NOTE_NAME, note_name, sizeof(note_name)))
		return 0;
	if (vc->bare && !vc->machine && load_u32(head, !swap) == sizeof(note_name)) {
		bare_set_order(vc, !vc->big_endian);
		swap = vc->swap;
	}
	if (load_u32(head, swap) != sizeof(note_name))
		return 0;
	err = read_text(s->r, pa + NOTE_DESC, load_u32(head + NOTE_DESC_SIZE, swap), &text, &len);
	if (err || !text)
		return err;
	s->nr_texts++;
	return check_text(s, pa, text, len);
}

static bool ended(const struct scan *s)
{
	return s->ended || !s->left || s->nr_texts == TEXTS_MAX;
}

/* Look at the beginning of each page of [pa, end). */
static int scan_range(struct scan *s, paddr_t pa, paddr_t end)
{
	int err = 0;

	pa = (pa + NOTE_ALIGN - 1) & ~(paddr_t)(NOTE_ALIGN - 1);
	while (!err && !ended(s) && pa < end && end - pa >= NOTE_DESC) {
		uint64_t step = NOTE_ALIGN;
		const void *bytes;
		size_t got;

		if (!vmcore_get(s->r, pa, min_u64(end - pa, SCAN_STEP), &bytes, &got)) {
			for (size_t off = 0; !err && !ended(s) && off + NOTE_DESC <= got;
			     off += NOTE_ALIGN)
				err = try_note(s, pa + off, (const uint8_t *)bytes + off);
			step = max_u64(got & ~(size_t)(NOTE_ALIGN - 1), NOTE_ALIGN);
		}
		pa += step;
		s->left -= min_u64(s->left, step);
		progress_update(&s->progress, s->progress.total - s->left);
	}
	return err;
}

/* Return the part of a PT_LOAD that is in the file. */
static uint64_t in_file(const struct vmcore *vc, const struct vmcore_segment *seg)
{
	return seg->offset < vc->file.size ? min_u64(seg->filesz, vc->file.size - seg->offset) : 0;
}

/* PT_LOADs: what they claim and the file has not is no page to look at. */
static int scan_segments(struct scan *s)
{
	const struct vmcore *vc = s->vc;
	int err = 0;

	for (size_t i = 0; i < vc->nr_segments; i++)
		s->left = min_u64(s->left + in_file(vc, &vc->segments[i]), SCAN_MAX);
	progress_begin(&s->progress, "Searching for VMCOREINFO", s->left);
	for (size_t i = 0; !err && i < vc->nr_segments; i++)
		err = scan_range(s, vc->segments[i].paddr,
				 vc->segments[i].paddr + in_file(vc, &vc->segments[i]));
	return err;
}

/* Only ranges with pages count, wherever the pages are. */
static int scan_pages(struct scan *s)
{
	const struct vmcore *vc = s->vc;
	unsigned int shift = vc->page_shift;
	struct bitmap pages;
	int err = bitmap_init(&pages, vc->max_pfn);

	if (!err)
		err = vmcore_bitmap(s->vc, VMCORE_STORED, &pages);
	if (!err) {
		s->left = min_u64(bitmap_count(&pages, 0, pages.nbits) << shift, SCAN_MAX);
		progress_begin(&s->progress, "Searching for VMCOREINFO", s->left);
	}
	for (pfn_t pfn = 0, end; !err && !ended(s) && pfn < pages.nbits; pfn = end) {
		pfn = bitmap_next_set(&pages, pfn, pages.nbits);
		end = bitmap_next_clear(&pages, pfn, pages.nbits);
		err = scan_range(s, pfn << shift, end << shift);
	}
	bitmap_deinit(&pages);
	/* A dump that cannot say where its pages are tells that itself, later. */
	return err == -ENOMEM ? err : 0;
}

static int scan(struct scan *s)
{
	int err = vmcore_reader_create(&s->r, s->vc);

	if (err)
		return err;
	err = s->vc->nr_segments ? scan_segments(s) : scan_pages(s);
	progress_end(&s->progress, !err);
	vmcore_reader_destroy(s->r);
	return err;
}

int vmcoreinfo_for_each(struct vmcore *vc, bool everywhere, vmcoreinfo_judge *fn, void *ctx)
{
	struct scan s = { .vc = vc, .fn = fn, .ctx = ctx };
	char *text;
	size_t len;
	paddr_t pa;
	int err = find_text(vc, &pa, &text, &len);

	if (!err && text)
		err = check_text(&s, pa, text, len);
	if (!err && !s.ended && everywhere)
		err = scan(&s);
	return err;
}

/* The text of those in memory that is to be taken: the first that is right, or the only one. */
struct choice {
	struct vmcore *vc;
	bool unproven; /* take the first without a proof */
	char *text;
	size_t len;
	unsigned int nr_texts;
	bool right;
};

static int choose(void *ctx, paddr_t pa, char *text, size_t len)
{
	struct choice *c = ctx;

	c->right = c->unproven || proves_right(c->vc, text, len);
	DEBUG_MSG("VMCOREINFO in memory at %#" PRIx64 " %s\n", pa,
		  c->unproven ? "was found" :
		  c->right    ? "is right" :
				"does not lead to its kernel");
	if (c->right || !c->nr_texts) {
		free(c->text);
		c->text = text;
		c->len = len;
	} else {
		free(text);
	}
	c->nr_texts++;
	return c->right;
}

int vmcoreinfo_search(struct vmcore *vc, bool everywhere)
{
	struct choice c = { .vc = vc, .unproven = true };
	int err = 0;

	if (vc->vmcoreinfo)
		return 0;
	err = vmcoreinfo_for_each(vc, false, choose, &c);
	c.unproven = false;
	if (!err && !c.text && everywhere)
		err = vmcoreinfo_for_each(vc, true, choose, &c);
	/* Several candidates, none of them proven: the right one is unknown. */
	if (!err && c.text && (c.right || c.nr_texts == 1))
		err = vmcore_set_vmcoreinfo(vc, c.text, c.len);
	free(c.text);
	return err;
}
