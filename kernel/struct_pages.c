// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/struct_pages.h"

#include <string.h>

#include "lib/checked.h"

/* After bytes that cannot be read, the next ones are tried at a multiple of this. */
#define HOLE_STEP 4096

/* Bytes from an address on that lie together; *skip if they cannot be read. */
static int map_bytes(const struct struct_pages_walk *w, vaddr_t va, uint64_t len, const void **ptr,
		     size_t *got, uint64_t *skip)
{
	struct arch_run run;
	int err = kernel_translate(w->k, w->reader, va, &run);

	*skip = HOLE_STEP - va % HOLE_STEP;
	if (!err)
		err = vmcore_get(w->reader, run.paddr, run.len ? min_u64(len, run.len) : len, ptr,
				 got);
	return err;
}

/* [piece, hole) is in the buffer, [hole, end) could not be read. */
static void visit(const struct struct_pages_walk *w, uint64_t piece, uint64_t hole, uint64_t end)
{
	if (piece < hole)
		w->found(w->ctx, w->buf + piece, piece, hole);
	if (w->lost && hole < end)
		w->lost(w->ctx, hole, end);
}

void struct_pages_walk(const struct struct_pages_walk *w, vaddr_t pages, uint64_t size)
{
	uint64_t off = 0, piece = 0, hole = 0;

	while (off < size) {
		const void *ptr;
		uint64_t skip;
		size_t got;

		if (map_bytes(w, pages + off, size - off, &ptr, &got, &skip)) {
			off = min_u64(off + skip, size);
			continue;
		}
		if (!off && got == size) {
			w->found(w->ctx, ptr, 0, size);
			return;
		}
		if (off != hole) {
			visit(w, piece, hole, off);
			piece = off;
		}
		memcpy(w->buf + off, ptr, got);
		off += got;
		hole = off;
	}
	visit(w, piece, hole, off);
}
