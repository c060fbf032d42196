/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Searching the kernel image for what no symbol leads to.
 *
 * Candidates are examined through a window, which sets a bound to the work that
 * an image full of lookalikes can cause.
 */
#ifndef SYMBOLS_IMAGE_SCAN_H
#define SYMBOLS_IMAGE_SCAN_H

#include "symbols/vmem.h"

/** No architecture has smaller pages: what is mapped is so in multiples of this. */
#define IMAGE_PAGE 4096

/**
 * Called where the needle is.
 * @param bytes memory from @p va on, the needle first
 * @param have how many are at hand; more may follow in the dump
 * @return 0 to go on; anything else ends the search
 */
typedef int image_hit_fn(void *ctx, vaddr_t va, const uint8_t *bytes, size_t have);

/**
 * Find all places of @p needle in the image, from its start to its end. Pages that
 * are not mapped or not in the dump are passed over. Takes 1 MiB of memory.
 * @param needle begins with a byte that is not 0
 * @return 0; what the callback returned; -ENOMEM or another -errno
 */
int image_search(const struct vmem *mem, const void *needle, size_t len, image_hit_fn *hit,
		 void *ctx) __attribute__((warn_unused_result));

/** Bytes that a window shows at most. */
#define IMAGE_WINDOW 65536
/** Looks that one search may take; a kernel of 16 million symbols takes nearly all. */
#define IMAGE_SCAN_BUDGET (UINT32_C(32) << 20)
/** Reading one byte costs as much as searching this many bytes. */
#define IMAGE_BYTES_PER_UNIT 16

/** A piece of the image that is at hand. */
struct image_window {
	const struct vmem *mem;
	/** Looks left; moving the window costs several. */
	uint32_t looks;
	/**
	 * Why nothing more can be seen, a -errno: -EBADMSG if no
	 * look is left, or what reading returned unless it was -EFAULT. 0 if all is well.
	 */
	int err;
	vaddr_t start;
	size_t len;
	uint8_t bytes[IMAGE_WINDOW];
};

/** Begin looking. @param mem borrowed */
void image_window_init(struct image_window *w, const struct vmem *mem);

/** Pay for other reading with looks. @return false if there are no more, or after an error */
bool image_window_spend(struct image_window *w, uint32_t looks);

/** image_window_get() where the window has to be moved. */
const uint8_t *image_window_move(struct image_window *w, vaddr_t va, size_t len);

/**
 * Look at @p len bytes (at most a page) at @p va.
 * @return the bytes, borrowed until the next look; NULL if they are not all in the
 * image and in the dump, or if no look is left
 */
static inline const uint8_t *image_window_get(struct image_window *w, vaddr_t va, size_t len)
{
	if (va - w->start < w->len && w->len - (va - w->start) >= len && w->looks) {
		w->looks--;
		return w->bytes + (va - w->start);
	}
	return image_window_move(w, va, len);
}

#endif
