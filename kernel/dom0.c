// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/dom0.h"

#include "lib/bitmap.h"
#include "lib/byteorder.h"
#include "lib/elf_machine.h"
#include "lib/trace.h"

#define TREE_LEVELS 3
#define TREE_FANOUT (FRAME_BYTES / sizeof(uint64_t))

/* Bits of an entry: the page is another domain's, or no memory. Xen sets all of a missing one. */
#define ENTRY_FOREIGN (UINT64_C(1) << 63)
#define ENTRY_IDENTITY (UINT64_C(1) << 62)

struct tree {
	struct vmcore *vc;
	struct vmcore_reader *r;
	struct frames *frames;
	struct pfn_set *pages; /* the tree's own */
	/*
	 * Frames that the dump has data of, and that no page is in yet. A frame has one page,
	 * hence a damaged tree has no more runs than the dump has pages.
	 */
	struct bitmap left;
	/* The last page of entries without a frame: it stands for all such parts of the tree. */
	uint64_t empty;
};

/* Return whether an entry is a frame that the dump can hold. */
static bool is_frame(const struct tree *t, uint64_t entry)
{
	return entry && !(entry & (ENTRY_FOREIGN | ENTRY_IDENTITY)) && entry < t->vc->max_pfn;
}

/* Add the pages below one page of the tree, at a level; the first of them is page pfn. */
static int walk(struct tree *t, uint64_t frame, unsigned int level, pfn_t pfn)
{
	uint64_t entries[TREE_FANOUT], span = 1;
	bool empty = true;
	int err = 0;

	if (frame == t->empty || vmcore_read(t->r, frame * FRAME_BYTES, entries, sizeof(entries)))
		return 0;
	pfn_set_add(t->pages, frame, frame + 1);
	for (unsigned int l = 1; l < level; l++)
		span *= TREE_FANOUT;
	/* No more pages than frames: a damaged tree has no end otherwise. */
	for (size_t i = 0; !err && i < TREE_FANOUT; i++, pfn += span) {
		uint64_t entry = load_u64(&entries[i], t->vc->swap);
		bool beyond = pfn >= t->vc->max_pfn;

		if (!is_frame(t, entry))
			continue;
		empty = false;
		if (level > 2 || (level == 2 && !beyond))
			err = walk(t, entry, level - 1, pfn);
		else if (level == 2)
			pfn_set_add(t->pages, entry, entry + 1);
		else if (!beyond && bitmap_clear_range(&t->left, entry, entry + 1))
			err = frames_add(t->frames, entry, pfn);
	}
	if (empty)
		t->empty = frame;
	return err;
}

int dom0_frames(struct frames *ret, struct pfn_set *tree, struct vmcore *vc)
{
	struct tree t = { .vc = vc, .frames = ret, .pages = tree };
	int err;

	*ret = (struct frames){ 0 };
	*tree = (struct pfn_set){ 0 };
	if (vc->machine != EM_X86_64 || !is_frame(&t, vc->xen.p2m_root))
		return 0;
	err = bitmap_init_stored(&t.left, vc->max_pfn, vc->bitmaps);
	if (err)
		return err;
	err = vmcore_bitmap(vc, VMCORE_STORED, &t.left);
	if (!err)
		err = vmcore_reader_create(&t.r, vc);
	if (!err) {
		err = walk(&t, vc->xen.p2m_root, TREE_LEVELS, 0);
		vmcore_reader_destroy(t.r);
	}
	bitmap_deinit(&t.left);
	frames_sort(ret);
	pfn_set_seal(tree);
	TRACE(MEMMAP, "dom0: %zu runs of frames", ret->nr);
	return err;
}
