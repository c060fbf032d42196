// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log of kernels before 3.5: characters as they were printed, in a ring whose size is a
 * power of two. log_end counts all that were ever put there, logged_chars those since the
 * log was cleared, as far as the ring holds them.
 */
#include "facts/declare.h"
#include "kernel/printk/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "facts/facts.h"
#include "lib/cleanup.h"

INIT_OPT_MOD_SYM(vmlinux, log_buf);
INIT_OPT_MOD_SYM(vmlinux, log_buf_len);
INIT_OPT_MOD_SYM(vmlinux, log_end);
INIT_OPT_MOD_SYM(vmlinux, logged_chars);

#define LOG_BUF_MAX (UINT32_C(1) << 31)
/* Bytes per read; a longer line becomes several lines. */
#define PIECE 65536u

struct flat {
	vaddr_t buf;
	uint32_t size;
	uint32_t end, chars; /* the log is the last @chars characters before log_end */
};

static int read_flat(const struct printk_walk *w, struct flat *f)
{
	struct fact_list missing = { 0 };
	uint32_t logged = UINT32_MAX;
	int err;

	FACTS_REQUIRE_SYM(&missing, log_buf);
	FACTS_REQUIRE_SYM(&missing, log_buf_len);
	if (facts_check(&missing))
		return -ENOENT;
	err = vmem_read_ulong(w->mem, GET_MOD_SYM(vmlinux, log_buf), &f->buf);
	if (!err)
		err = vmem_read_u32(w->mem, GET_MOD_SYM(vmlinux, log_buf_len), &f->size);
	if (!err)
		err = vmem_read_u32(w->mem, GET_MOD_SYM(vmlinux, log_end), &f->end);
	if (!err && w->partial && MOD_SYM_EXIST(vmlinux, logged_chars))
		err = vmem_read_u32(w->mem, GET_MOD_SYM(vmlinux, logged_chars), &logged);
	if (err)
		return err_prefix(err, "the kernel's log");
	if (!f->size || f->size > LOG_BUF_MAX || f->size & (f->size - 1))
		return err_set(-EBADMSG, "a log of %" PRIu32 " bytes is invalid", f->size);
	f->chars = min_u64(f->end, f->size);
	/* The log has at most as many characters as were not cleared; more is invalid. */
	if (logged <= f->chars)
		f->chars = logged;
	return 0;
}

/* Give the whole lines of a piece, or all of it. @return how many bytes; or -errno */
static ssize_t give_lines(struct printk_walk *w, const uint8_t *bytes, size_t len, bool all)
{
	size_t done = 0;

	while (done < len) {
		const uint8_t *nl = memchr(bytes + done, '\n', len - done);
		struct printk_record rec = { .is_line = true, .text = bytes + done };
		int err;

		if (!nl && !all && done)
			break;
		rec.len = (nl ? nl : bytes + len) - rec.text;
		err = printk_emit(w, &rec);
		if (err)
			return err;
		done += rec.len + (nl ? 1 : 0);
	}
	return done;
}

int printk_walk_text(struct printk_walk *w)
{
	_cleanup_free_ uint8_t *piece = malloc(PIECE);
	uint32_t pos, left;
	size_t have = 0;
	struct flat f;
	int err;

	if (!piece)
		return err_set(-ENOMEM, "no memory to read the log");
	err = read_flat(w, &f);
	if (err)
		return err;
	pos = f.end - f.chars;
	left = f.chars;
	while (left) {
		uint32_t at = pos & (f.size - 1);
		size_t n = min_u64(min_u64(left, f.size - at), PIECE - have);
		ssize_t given;

		err = vmem_read(w->mem, f.buf + at, piece + have, n);
		if (err == -EFAULT) {
			/* The rest of a page that is not there. */
			n = min_u64(n, 4096 - (f.buf + at) % 4096);
			err = vmem_read(w->mem, f.buf + at, piece + have, n);
		}
		if (err && err != -EFAULT)
			return err;
		if (err) {
			n = min_u64(printk_unmapped_len(w->mem, f.buf + at),
				    min_u64(left, f.size - at));
			/* A page without the end of a line is no log. */
			printk_damage(w, div_round_up(n, 4096), "%s", err_text(err));
		} else {
			have += n;
		}
		pos += n;
		left -= n;
		/* In front of a hole, and at the end, a line may lack its end. */
		if (!err && left && have < PIECE)
			continue;
		given = give_lines(w, piece, have, err || !left);
		if (given < 0)
			return given;
		have -= given;
		memmove(piece, piece + given, have);
	}
	return 0;
}
