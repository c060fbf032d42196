// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log of kernels 3.5 to 5.9: records one after the other in a buffer, from log_first_idx
 * to log_next_idx. Each has a header, its text, a dictionary, and padding. A record that does not
 * fit at the end of the buffer lies at its beginning; where it would have been is a header
 * whose length is 0.
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
INIT_OPT_MOD_SYM(vmlinux, clear_seq);
INIT_OPT_MOD_SYM(vmlinux, log_first_idx);
INIT_OPT_MOD_SYM(vmlinux, log_next_idx);
INIT_OPT_MOD_SYM(vmlinux, log_first_seq);
INIT_OPT_MOD_SYM(vmlinux, clear_idx);
INIT_OPT_MOD_STRUCT(vmlinux, printk_log);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, printk_log, ts_nsec);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, printk_log, len);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, printk_log, text_len);
/* Only kernels that print it have it. */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, printk_log, caller_id);
/* The name of the struct before 3.11. */
INIT_OPT_MOD_STRUCT(vmlinux, log);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, log, ts_nsec);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, log, len);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, log, text_len);

#define LOG_BUF_MAX (UINT32_C(1) << 31)
#define HEADER_MAX 256u

enum { TS_NSEC, LEN, TEXT_LEN, CALLER_ID, NR_MEMBERS };

struct records {
	struct printk_walk *w;
	vaddr_t buf;
	uint32_t size;
	uint32_t first, next; /* indexes of the oldest record, and of the one to come */
	uint32_t header;      /* bytes of it */
	struct printk_member m[NR_MEMBERS];
	uint32_t pos;		 /* of the record at hand, */
	uint32_t len;		 /* its bytes, all together, */
	uint8_t raw[HEADER_MAX]; /* and its header */
	bool wrapped;		 /* the walk came to the end of the buffer */
	uint8_t text[PRINTK_TEXT_MAX];
};

static int find_facts(struct records *r)
{
	bool is_new = MOD_STRUCT_EXIST(vmlinux, printk_log);
	struct fact_list missing = { 0 };

	r->header = is_new ? GET_MOD_STRUCT_SSIZE(vmlinux, printk_log) :
			     GET_MOD_STRUCT_SSIZE(vmlinux, log);
	r->m[TS_NSEC] = is_new ? PRINTK_MEMBER(printk_log, ts_nsec, 8) :
				 PRINTK_MEMBER(log, ts_nsec, 8);
	r->m[LEN] = is_new ? PRINTK_MEMBER(printk_log, len, 2) : PRINTK_MEMBER(log, len, 2);
	r->m[TEXT_LEN] = is_new ? PRINTK_MEMBER(printk_log, text_len, 2) :
				  PRINTK_MEMBER(log, text_len, 2);
	r->m[CALLER_ID] = PRINTK_MEMBER(printk_log, caller_id, 4);
	FACTS_REQUIRE_SYM(&missing, log_buf);
	FACTS_REQUIRE_SYM(&missing, log_buf_len);
	FACTS_REQUIRE_SYM(&missing, log_first_idx);
	facts_need(&missing, r->header != 0, "SIZE(printk_log)");
	for (unsigned int i = TS_NSEC; i <= TEXT_LEN; i++)
		facts_need(&missing, r->m[i].known, r->m[i].name);
	if (missing.count)
		return err_set(-ENOENT, "missing: %s", missing.text);
	if (r->header > HEADER_MAX)
		return err_set(-EBADMSG, "SIZE(printk_log) %" PRIu32 " is invalid", r->header);
	return printk_check_members(r->m, NR_MEMBERS, r->header);
}

static int read_globals(struct records *r)
{
	const struct vmem *mem = r->w->mem;
	int err = vmem_read_ulong(mem, GET_MOD_SYM(vmlinux, log_buf), &r->buf);

	if (!err)
		err = vmem_read_u32(mem, GET_MOD_SYM(vmlinux, log_buf_len), &r->size);
	if (!err)
		err = vmem_read_u32(mem, GET_MOD_SYM(vmlinux, log_first_idx), &r->first);
	if (!err)
		err = vmem_read_u32(mem, GET_MOD_SYM(vmlinux, log_next_idx), &r->next);
	if (err)
		return err_prefix(err, "the kernel's log");
	if (r->size > LOG_BUF_MAX || r->first >= r->size || r->next > r->size)
		return err_set(-EBADMSG,
			       "a log of %" PRIu32 " bytes with records from %" PRIu32
			       " to %" PRIu32 " is invalid",
			       r->size, r->first, r->next);
	return 0;
}

static uint32_t member(const struct records *r, unsigned int i)
{
	const uint8_t *p = r->raw + r->m[i].off;

	return r->m[i].size == 2 ? load_u16(p, r->w->mem->swap) : load_u32(p, r->w->mem->swap);
}

/* The rest is lost: the start of the next record is unknown. */
static int stop_on_first_error(struct records *r, const char *why)
{
	printk_damage(r->w, 1, "the log is damaged at byte %" PRIu32 " of %" PRIu32 ": %s", r->pos,
		      r->size, why);
	return 0;
}

/* Look at the record at r->pos. @return 1; 0 if there is none; -errno */
static int look(struct records *r)
{
	for (;;) {
		int err;

		if (r->pos == r->next && (r->wrapped || r->next >= r->first))
			return 0;
		if (!range_fits(r->pos, r->header, r->size))
			return stop_on_first_error(r, "there is no room for a record");
		err = vmem_read(r->w->mem, r->buf + r->pos, r->raw, r->header);
		if (err == -EFAULT)
			return stop_on_first_error(r, err_text(err));
		if (err)
			return err;
		r->len = member(r, LEN);
		if (r->len)
			break;
		if (r->wrapped || r->next >= r->first)
			return stop_on_first_error(r, "a record of no size");
		r->wrapped = true;
		r->pos = 0;
	}
	if (r->len < r->header || !range_fits(r->pos, r->len, r->size))
		return stop_on_first_error(r, "a record of an impossible size");
	if (r->wrapped == (r->next < r->first) && r->next - r->pos < r->len)
		return stop_on_first_error(r, "a record that goes beyond the last one");
	return 1;
}

static void rewind_to(struct records *r, uint32_t pos, bool wrapped)
{
	r->pos = pos;
	r->wrapped = wrapped;
}

/*
 * Go to where the log was cleared: clear_idx, if there is a record. It says nothing once what
 * was there has been overwritten.
 */
static int skip_cleared(struct records *r)
{
	const struct vmem *mem = r->w->mem;
	uint64_t clear_seq, first_seq;
	uint32_t clear_idx;
	int err = 0;

	if (!MOD_SYM_EXIST(vmlinux, clear_idx) ||
	    vmem_read_u32(mem, GET_MOD_SYM(vmlinux, clear_idx), &clear_idx))
		return 0;
	if (MOD_SYM_EXIST(vmlinux, clear_seq) && MOD_SYM_EXIST(vmlinux, log_first_seq) &&
	    !printk_read_u64(mem, GET_MOD_SYM(vmlinux, clear_seq), &clear_seq) &&
	    !printk_read_u64(mem, GET_MOD_SYM(vmlinux, log_first_seq), &first_seq) &&
	    clear_seq < first_seq)
		return 0;
	/* A record may have been expected where the walk then went on at the beginning. */
	while (r->pos != clear_idx && (err = look(r)) > 0 && r->pos != clear_idx)
		r->pos += r->len;
	/* If it is not found, return all of the log. */
	if (r->pos != clear_idx)
		rewind_to(r, r->first, false);
	*r->w->stats = (struct printk_stats){ 0 };
	return err < 0 ? err : 0;
}

static int give(struct records *r)
{
	struct printk_record rec = {
		.ts_nsec = load_u64(r->raw + r->m[TS_NSEC].off, r->w->mem->swap),
		.has_caller = r->m[CALLER_ID].known,
		.text = r->text,
		.len = min_u64(member(r, TEXT_LEN), r->len - r->header),
	};
	int err = vmem_read(r->w->mem, r->buf + r->pos + r->header, r->text, rec.len);

	if (rec.has_caller)
		rec.caller = member(r, CALLER_ID);
	if (err == -EFAULT) {
		printk_damage(r->w, 1, "%s", err_text(err));
		return 0;
	}
	return err ? err : printk_emit(r->w, &rec);
}

int printk_walk_records(struct printk_walk *w)
{
	_cleanup_free_ struct records *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return err_set(-ENOMEM, "no memory to read the log");
	r->w = w;
	err = find_facts(r);
	if (!err)
		err = read_globals(r);
	if (err)
		return err;
	rewind_to(r, r->first, false);
	if (w->partial)
		err = skip_cleared(r);
	/* The position only grows, but for once. */
	while (!err && (err = look(r)) > 0) {
		err = give(r);
		r->pos += r->len;
	}
	return err;
}
