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
/* Records begin at multiples of this: LOG_ALIGN of all kernels is 4 or 8. */
#define RECORD_ALIGN 4u
/* After damage this many places are tried: a record has 64 KiB at most. */
#define TRIES_MAX (UINT32_C(1) << 15)
/* This many records in a row prove where the first of them begins. */
#define PROOF_RECORDS 4
/* The kernel has not run for longer, ns: text does not look like such a time. */
#define TS_NSEC_MAX (UINT64_C(1) << 60)

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
	if (facts_check(&missing))
		return -ENOENT;
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

static uint32_t member(const struct records *r, const uint8_t *raw, unsigned int i)
{
	const uint8_t *p = raw + r->m[i].off;

	return r->m[i].size == 2 ? load_u16(p, r->w->mem->swap) : load_u32(p, r->w->mem->swap);
}

/* Return whether records go on at the beginning of the buffer after its end. */
static bool will_wrap(const struct records *r)
{
	return !r->wrapped && r->next < r->first;
}

/* Return where the records end that follow without a wrap. */
static uint32_t end_of_records(const struct records *r)
{
	return will_wrap(r) ? r->size : r->next;
}

/*
 * Check that a position looks like the start of a record, and what follows like more of them, up
 * to the end or up to the place where they go on at the beginning.
 * @return 1; 0; -errno if the first header cannot be read
 */
static int is_start(const struct records *r, uint32_t pos)
{
	uint32_t end = end_of_records(r);

	for (unsigned int i = 0; i < PROOF_RECORDS && pos != end; i++) {
		uint8_t raw[HEADER_MAX];
		uint32_t len;
		int err = -EBADMSG;

		if (pos < end && range_fits(pos, r->header, end))
			err = vmem_read(r->w->mem, r->buf + pos, raw, r->header);
		if (err)
			return i ? 0 : err;
		len = member(r, raw, LEN);
		if (!len)
			return i && will_wrap(r);
		if (len < r->header || len % RECORD_ALIGN || !range_fits(pos, len, end) ||
		    member(r, raw, TEXT_LEN) > len - r->header ||
		    load_u64(raw + r->m[TS_NSEC].off, r->w->mem->swap) > TS_NSEC_MAX)
			return 0;
		pos += len;
	}
	return 1;
}

/* Return how far to go on where no record begins: over all that is unreadable. */
static uint64_t step_from(const struct records *r, uint32_t pos)
{
	uint8_t byte;
	uint64_t len;

	if (!vmem_read(r->w->mem, r->buf + pos, &byte, 1))
		return RECORD_ALIGN;
	len = printk_unmapped_len(r->w->mem, r->buf + pos);
	return div_round_up(min_u64(len, r->size), RECORD_ALIGN) * RECORD_ALIGN;
}

/* Find the next record after one that is damaged, from pos on. @return false if there is none */
static bool resume(struct records *r, uint64_t pos)
{
	uint32_t end = end_of_records(r);

	pos = div_round_up(pos, RECORD_ALIGN) * RECORD_ALIGN;
	for (uint32_t i = 0; i < TRIES_MAX && pos < end; i++) {
		int ret = is_start(r, pos);

		if (ret == 1) {
			r->pos = pos;
			return true;
		}
		pos += ret == -EFAULT ? step_from(r, pos) : RECORD_ALIGN;
	}
	if (!will_wrap(r))
		return false;
	/* A record begins where the buffer does. */
	r->wrapped = true;
	r->pos = 0;
	return true;
}

/* Report the record at hand as damaged, and go on with the next one. @return false: none */
static bool pass_over(struct records *r, const char *why)
{
	printk_damage(r->w, 1, "the log is damaged at byte %" PRIu32 " of %" PRIu32 ": %s", r->pos,
		      r->size, why);
	return resume(r, (uint64_t)r->pos + RECORD_ALIGN);
}

/* Return what is wrong with the record whose header was read, or NULL. */
static const char *record_fault(const struct records *r)
{
	if (!r->len)
		return will_wrap(r) ? NULL : "a record of no size";
	if (r->len < r->header || !range_fits(r->pos, r->len, r->size))
		return "a record of an impossible size";
	if (r->wrapped == (r->next < r->first) && r->next - r->pos < r->len)
		return "a record that goes beyond the last one";
	return NULL;
}

/* Look at the record at r->pos, or the next one that is not damaged. @return 1; 0; -errno */
static int find_record(struct records *r)
{
	for (;;) {
		const char *fault = NULL;
		int err = 0;

		if (r->pos == r->next && (r->wrapped || r->next >= r->first))
			return 0;
		if (!range_fits(r->pos, r->header, r->size))
			fault = "there is no room for a record";
		else
			err = vmem_read(r->w->mem, r->buf + r->pos, r->raw, r->header);
		if (err == -EFAULT)
			fault = err_text(err);
		else if (err)
			return err;
		if (!fault) {
			r->len = member(r, r->raw, LEN);
			fault = record_fault(r);
		}
		if (fault) {
			if (!pass_over(r, fault))
				return 0;
			continue;
		}
		if (r->len)
			return 1;
		r->wrapped = true;
		r->pos = 0;
	}
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
	while (r->pos != clear_idx && (err = find_record(r)) > 0 && r->pos != clear_idx)
		r->pos += r->len;
	/* If it is not found, return all of the log. */
	if (r->pos != clear_idx)
		rewind_to(r, r->first, false);
	*r->w->stats = (struct printk_stats){ 0 };
	return err < 0 ? err : 0;
}

static int emit_record(struct records *r)
{
	struct printk_record rec = {
		.ts_nsec = load_u64(r->raw + r->m[TS_NSEC].off, r->w->mem->swap),
		.has_caller = r->m[CALLER_ID].known,
		.text = r->text,
		.len = min_u64(member(r, r->raw, TEXT_LEN), r->len - r->header),
	};
	int err = vmem_read(r->w->mem, r->buf + r->pos + r->header, r->text, rec.len);

	if (rec.has_caller)
		rec.caller = member(r, r->raw, CALLER_ID);
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
	while (!err && (err = find_record(r)) > 0) {
		err = emit_record(r);
		r->pos += r->len;
	}
	return err;
}
