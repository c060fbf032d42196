// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/image_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"

#define PIECE (UINT64_C(1) << 20)

/* Bytes to where the mapping or the hole at va ends, in the image; at least 1. */
static int extent(const struct vmem *mem, vaddr_t va, uint64_t *len)
{
	int err = mem->extent(mem->ctx, va, len);

	if (!*len || *len > mem->image_end - va)
		*len = mem->image_end - va;
	return err;
}

/* Find the bytes that are mapped from va on, up to max; 0 at the end of the image. */
static int mapped(const struct vmem *mem, vaddr_t va, uint64_t max, uint64_t *len)
{
	int err = 0;

	*len = 0;
	while (*len < max && va + *len < mem->image_end) {
		uint64_t n;

		err = extent(mem, va + *len, &n);
		if (err)
			break;
		*len += n;
	}
	*len = min_u64(*len, max);
	return *len && err == -EFAULT ? 0 : err;
}

/* The next piece that is mapped, at *va or after it; *len is 0 at the end. */
static int next_piece(const struct vmem *mem, vaddr_t *va, uint64_t *len)
{
	int err;

	while ((err = mapped(mem, *va, PIECE, len)) == -EFAULT) {
		uint64_t hole;

		err = extent(mem, *va, &hole);
		if (err != -EFAULT)
			return err;
		*va += hole;
	}
	return err;
}

/* Read what can be read; the rest becomes zeros, in which no needle begins. */
static int read_piece(const struct vmem *mem, vaddr_t va, uint8_t *buf, size_t len)
{
	int err = vmem_read(mem, va, buf, len);

	if (err != -EFAULT)
		return err;
	for (size_t done = 0, n; done < len; done += n) {
		n = min_u64(len - done, IMAGE_PAGE - (va + done) % IMAGE_PAGE);
		err = vmem_read(mem, va + done, buf + done, n);
		if (err == -EFAULT)
			memset(buf + done, 0, n);
		else if (err)
			return err;
	}
	return 0;
}

int image_search(const struct vmem *mem, const void *needle, size_t len, image_hit_fn *hit,
		 void *ctx)
{
	_cleanup_free_ uint8_t *buf = malloc(PIECE + len);
	vaddr_t va = mem->image_start, last = va;
	size_t kept = 0;
	uint64_t n;
	int err;

	if (!buf)
		return err_set(-ENOMEM, "no memory to search the kernel image");
	while (!(err = next_piece(mem, &va, &n)) && n) {
		const uint8_t *end, *p;

		/* The needle may lie across the end of the last piece. */
		if (va != last)
			kept = 0;
		err = read_piece(mem, va, buf + kept, n);
		if (err)
			return err;
		end = buf + kept + n;
		for (p = buf; (p = memmem(p, end - p, needle, len)); p++) {
			err = hit(ctx, va - kept + (p - buf), p, end - p);
			if (err)
				return err;
		}
		last = va += n;
		kept = min_u64(len - 1, end - buf);
		memmove(buf, end - kept, kept);
	}
	return err;
}

void image_window_init(struct image_window *w, const struct vmem *mem)
{
	w->mem = mem;
	w->looks = IMAGE_SCAN_BUDGET;
	w->err = 0;
	w->start = 0;
	w->len = 0;
}

bool image_window_spend(struct image_window *w, uint32_t looks)
{
	if (w->err)
		return false;
	if (looks >= w->looks) {
		w->looks = 0;
		w->err = err_set(-EBADMSG, "too much of the kernel image looks like tables");
		return false;
	}
	w->looks -= looks;
	return true;
}

static bool load_window(struct image_window *w, vaddr_t start, size_t len)
{
	int err;

	w->len = 0;
	if (!image_window_spend(w, len / IMAGE_BYTES_PER_UNIT))
		return false;
	err = vmem_read(w->mem, start, w->bytes, len);
	if (err && err != -EFAULT)
		w->err = err;
	if (err)
		return false;
	w->start = start;
	w->len = len;
	return true;
}

const uint8_t *image_window_move(struct image_window *w, vaddr_t va, size_t len)
{
	const struct vmem *mem = w->mem;
	vaddr_t start = va - va % IMAGE_PAGE;
	uint64_t need = va - start + len, have;

	if (va < mem->image_start || va >= mem->image_end || len > mem->image_end - va)
		return NULL;
	/* The bytes before it are often read next. */
	if (!mapped(mem, start, IMAGE_WINDOW, &have) && have >= need) {
		/* Not all of what is mapped need be in the dump. */
		if (load_window(w, start, have) || load_window(w, start, need))
			return w->bytes + (va - start);
	}
	return load_window(w, va, len) ? w->bytes : NULL;
}
