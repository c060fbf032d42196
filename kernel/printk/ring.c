// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log of kernels since 5.10: a ring of descriptors, a ring of as many infos, and a ring
 * of text.
 *
 * A descriptor's state_var holds in its upper two bits what it is used for, in the others its
 * id; the ids of all descriptors in use are consecutive. It names a block of the ring of
 * text by logical positions, which grow for ever: the lower bits are the place, the upper ones
 * count how often the ring was gone round. A block begins with the id of its descriptor, and one
 * that does not fit at the end of the ring lies at its beginning.
 */
#include "facts/declare.h"
#include "kernel/printk/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "facts/facts.h"
#include "lib/cleanup.h"
#include "symbols/image_scan.h"

INIT_OPT_MOD_SYM(vmlinux, prb);
INIT_OPT_MOD_SYM(vmlinux, clear_seq);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, printk_ringbuffer, desc_ring);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, printk_ringbuffer, text_data_ring);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, prb_desc_ring, count_bits);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, prb_desc_ring, descs);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, prb_desc_ring, infos);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, prb_desc_ring, head_id);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, prb_desc_ring, tail_id);
INIT_OPT_MOD_STRUCT(vmlinux, prb_desc);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, prb_desc, state_var);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, prb_desc, text_blk_lpos);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, prb_data_blk_lpos, begin);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, prb_data_blk_lpos, next);
INIT_OPT_MOD_STRUCT(vmlinux, printk_info);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, printk_info, seq);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, printk_info, ts_nsec);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, printk_info, text_len);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, printk_info, caller_id);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, prb_data_ring, size_bits);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, prb_data_ring, data);
/* Since 5.13 clear_seq is one, with two values of which a counter chooses. */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, latched_seq, val);

/* A log has 2 GiB at most, and a descriptor for each 32 bytes. */
#define SIZE_BITS_MAX 31
#define COUNT_BITS_MAX 26
/*
 * A crash can come after head_id has grown and before the descriptor has the new id: on each CPU,
 * in each context. If more descriptors have another id than their place says, the ring is damaged.
 */
#define UNDER_WAY_MAX 64
/* Messages and bytes of text that are searched where descriptors cannot be read. */
#define RECOVER_MAX (UINT64_C(1) << 16)
#define RECOVER_BYTES_MAX (UINT64_C(1) << 26)
/* No struct of these is larger, nor does one of them reach beyond so much. */
#define STRUCT_MAX 4096u
#define PAGE 4096u

enum desc_state { RESERVED, COMMITTED, FINALIZED, REUSABLE };

/* Bit 0 of begin and next is set in descriptors without a block. */
#define NO_DATA 1
#define EMPTY_LINE 3

/*
 * The format with which the kernel prints a caller: only its presence shows CONFIG_PRINTK_CALLER.
 * It is searched only in the kernel's constants: other pages of the image may have been freed,
 * and contain this program.
 */
static const char caller_format[] = ",caller=%c%u";
INIT_OPT_MOD_SYM(vmlinux, __start_rodata);
INIT_OPT_MOD_SYM(vmlinux, __end_rodata);

enum {
	DESC_RING,
	TEXT_RING, /* printk_ringbuffer */
	COUNT_BITS,
	DESCS,
	INFOS,
	HEAD_ID,
	TAIL_ID, /* prb_desc_ring */
	STATE_VAR,
	TEXT_BLK, /* prb_desc */
	BEGIN,
	NEXT, /* prb_data_blk_lpos */
	SEQ,
	TS_NSEC,
	TEXT_LEN,
	CALLER_ID, /* printk_info */
	SIZE_BITS,
	DATA, /* prb_data_ring */
	NR_MEMBERS,
};

struct ring {
	struct printk_walk *w;
	const struct vmem *mem;
	struct printk_member m[NR_MEMBERS];
	uint32_t desc_size, info_size;
	unsigned int ulong_size;
	uint64_t ulong_max;
	vaddr_t descs, infos, data;
	unsigned int count_bits, size_bits;
	uint64_t tail; /* id of the oldest descriptor */
	uint64_t nr;   /* how many there are from it on */
	bool has_caller;
	uint64_t used, strange;	   /* descriptors with a message; with an id of others */
	bool counting;		   /* no record is wanted yet, only the newest seq */
	uint64_t from;		   /* no record of a lower seq is wanted */
	uint64_t newest;	   /* the highest seq that was seen */
	uint8_t piece[STRUCT_MAX]; /* descriptors */
	uint8_t info[STRUCT_MAX];
	uint8_t text[PRINTK_TEXT_MAX];
};

static int find_facts(struct ring *r)
{
	unsigned int ulong_size = r->ulong_size;
	struct printk_member *m = r->m;
	struct fact_list missing = { 0 };
	int err;

	m[DESC_RING] = PRINTK_MEMBER(printk_ringbuffer, desc_ring, ulong_size);
	m[TEXT_RING] = PRINTK_MEMBER(printk_ringbuffer, text_data_ring, ulong_size);
	m[COUNT_BITS] = PRINTK_MEMBER(prb_desc_ring, count_bits, 4);
	m[DESCS] = PRINTK_MEMBER(prb_desc_ring, descs, ulong_size);
	m[INFOS] = PRINTK_MEMBER(prb_desc_ring, infos, ulong_size);
	m[HEAD_ID] = PRINTK_MEMBER(prb_desc_ring, head_id, ulong_size);
	m[TAIL_ID] = PRINTK_MEMBER(prb_desc_ring, tail_id, ulong_size);
	m[STATE_VAR] = PRINTK_MEMBER(prb_desc, state_var, ulong_size);
	m[TEXT_BLK] = PRINTK_MEMBER(prb_desc, text_blk_lpos, 2 * ulong_size);
	m[BEGIN] = PRINTK_MEMBER(prb_data_blk_lpos, begin, ulong_size);
	m[NEXT] = PRINTK_MEMBER(prb_data_blk_lpos, next, ulong_size);
	m[SEQ] = PRINTK_MEMBER(printk_info, seq, 8);
	m[TS_NSEC] = PRINTK_MEMBER(printk_info, ts_nsec, 8);
	m[TEXT_LEN] = PRINTK_MEMBER(printk_info, text_len, 2);
	m[CALLER_ID] = PRINTK_MEMBER(printk_info, caller_id, 4);
	m[SIZE_BITS] = PRINTK_MEMBER(prb_data_ring, size_bits, 4);
	m[DATA] = PRINTK_MEMBER(prb_data_ring, data, ulong_size);
	for (unsigned int i = 0; i < NR_MEMBERS; i++)
		facts_need(&missing, m[i].known || i == CALLER_ID, m[i].name);
	FACTS_REQUIRE_STRUCT(&missing, prb_desc);
	FACTS_REQUIRE_STRUCT(&missing, printk_info);
	if (facts_check(&missing))
		return -ENOENT;
	r->desc_size = GET_MOD_STRUCT_SSIZE(vmlinux, prb_desc);
	r->info_size = GET_MOD_STRUCT_SSIZE(vmlinux, printk_info);
	if (r->desc_size > STRUCT_MAX || r->info_size > STRUCT_MAX)
		return err_set(-EBADMSG,
			       "SIZE(prb_desc) %" PRIu32 " or SIZE(printk_info) %" PRIu32
			       " is invalid",
			       r->desc_size, r->info_size);
	err = printk_check_members(m, NR_MEMBERS, STRUCT_MAX);
	if (!err)
		err = printk_check_members(m + STATE_VAR, 2, r->desc_size);
	if (!err)
		err = printk_check_members(m + BEGIN, 2, 2 * ulong_size);
	return err ? err : printk_check_members(m + SEQ, 4, r->info_size);
}

static uint64_t member(const struct ring *r, const uint8_t *base, unsigned int i)
{
	const uint8_t *p = base + r->m[i].off;
	bool swap = r->mem->swap;

	switch (r->m[i].size) {
	case 2:
		return load_u16(p, swap);
	case 4:
		return load_u32(p, swap);
	default:
		return load_u64(p, swap);
	}
}

static int read_ulong(const struct ring *r, vaddr_t base, unsigned int i, uint64_t *ret)
{
	return vmem_read_ulong(r->mem, base + r->m[i].off, ret);
}

/* The bits of a state_var that are the id. */
static uint64_t id_mask(const struct ring *r)
{
	return r->ulong_max >> 2;
}

/* Return whether a descriptor has the id that its place says, and a message. */
static bool has_message(const struct ring *r, const uint8_t *desc, uint64_t id)
{
	uint64_t state_var = member(r, desc, STATE_VAR);
	enum desc_state state = state_var >> (8 * r->ulong_size - 2);

	return (state_var & id_mask(r)) == id && (state == COMMITTED || state == FINALIZED);
}

static bool is_there(struct ring *r, uint64_t id)
{
	uint64_t index = id & ((UINT64_C(1) << r->count_bits) - 1);

	return !vmem_read(r->mem, r->descs + index * r->desc_size, r->piece, r->desc_size) &&
	       has_message(r, r->piece, id);
}

/*
 * The kernel moves both ends before it uses a descriptor, and after it has done with it. One that
 * runs may have moved head_id since that was read.
 */
static void find_ends(struct ring *r, uint64_t desc_ring, uint64_t head)
{
	uint64_t count = UINT64_C(1) << r->count_bits, tail = r->tail, nr = r->nr, now;

	for (; r->nr < count && is_there(r, (r->tail - 1) & id_mask(r)); r->nr++)
		r->tail = (r->tail - 1) & id_mask(r);
	while (r->nr < count && is_there(r, (r->tail + r->nr) & id_mask(r)))
		r->nr++;
	if (r->nr != nr && !read_ulong(r, desc_ring, HEAD_ID, &now) && (now & id_mask(r)) == head)
		printk_damage(r->w, 0,
			      "tail_id %#" PRIx64 " and head_id %#" PRIx64 " leave out %" PRIu64
			      " messages",
			      tail, head, r->nr - nr);
}

static int read_rings(struct ring *r)
{
	uint64_t prb, desc_ring, text_ring, head;
	int err = vmem_read_ulong(r->mem, GET_MOD_SYM(vmlinux, prb), &prb);

	if (err)
		return err;
	desc_ring = prb + r->m[DESC_RING].off;
	text_ring = prb + r->m[TEXT_RING].off;
	err = vmem_read_u32(r->mem, desc_ring + r->m[COUNT_BITS].off, &r->count_bits);
	if (!err)
		err = read_ulong(r, desc_ring, DESCS, &r->descs);
	if (!err)
		err = read_ulong(r, desc_ring, INFOS, &r->infos);
	if (!err)
		err = read_ulong(r, desc_ring, HEAD_ID, &head);
	if (!err)
		err = read_ulong(r, desc_ring, TAIL_ID, &r->tail);
	if (!err)
		err = vmem_read_u32(r->mem, text_ring + r->m[SIZE_BITS].off, &r->size_bits);
	if (!err)
		err = read_ulong(r, text_ring, DATA, &r->data);
	if (err)
		return err;
	if (r->count_bits > COUNT_BITS_MAX || r->size_bits > SIZE_BITS_MAX)
		return err_set(-EBADMSG, "2^%u messages in 2^%u bytes are invalid", r->count_bits,
			       r->size_bits);
	head &= id_mask(r);
	r->tail &= id_mask(r);
	r->nr = ((head - r->tail) & id_mask(r)) + 1;
	if (r->nr > UINT64_C(1) << r->count_bits) {
		printk_damage(r->w, 0, "tail_id %#" PRIx64 " is invalid with head_id %#" PRIx64,
			      r->tail, head);
		r->nr = UINT64_C(1) << r->count_bits;
		r->tail = (head - r->nr + 1) & id_mask(r);
	}
	find_ends(r, desc_ring, head);
	return 0;
}

/* --- one record ----------------------------------------------------------------- */

static int no_block(struct ring *r, uint64_t begin, uint64_t next)
{
	printk_damage(r->w, 1,
		      "a message cannot be at %#" PRIx64 " to %#" PRIx64 " of the log's text",
		      begin, next);
	return -ENOENT;
}

/*
 * Read the text of the block of a descriptor.
 * @return 0, *len bytes; -ENOENT if there is none, or if it is lost, which is counted;
 * -errno
 */
static int read_text(struct ring *r, uint64_t id, uint64_t begin, uint64_t next, size_t *len)
{
	uint64_t mask = (UINT64_C(1) << r->size_bits) - 1;
	/*
	 * A block that ends with the ring does not go round. Older kernels had it go round, but
	 * then it did so whole.
	 */
	uint64_t first_round = begin >> r->size_bits;
	uint64_t last_round = ((next - 1) & r->ulong_max) >> r->size_bits;
	uint64_t at = begin & mask, size = (next - begin) & r->ulong_max, owner;
	int err;

	if (begin & next & NO_DATA) {
		*len = 0;
		return begin == EMPTY_LINE && next == EMPTY_LINE ? 0 : -ENOENT;
	}
	if (first_round != last_round) {
		if (last_round != ((first_round + 1) & (r->ulong_max >> r->size_bits)))
			return no_block(r, begin, next);
		at = 0;
		size = next & mask;
	}
	if (begin % r->ulong_size || size < r->ulong_size || !range_fits(at, size, mask + 1))
		return no_block(r, begin, next);
	*len = min_u64(*len, size - r->ulong_size);
	err = vmem_read_ulong(r->mem, r->data + at, &owner);
	if (!err && owner != id)
		err = err_set(-EFAULT,
			      "the text of message %#" PRIx64 " begins with the id %#" PRIx64, id,
			      owner);
	if (!err)
		err = vmem_read(r->mem, r->data + at + r->ulong_size, r->text, *len);
	if (err != -EFAULT)
		return err;
	printk_damage(r->w, 1, "%s", err_text(err));
	return -ENOENT;
}

/*
 * Read what the info of a descriptor says of its message.
 * @return 1; 0 if it is lost, which is counted, or not wanted; -errno
 */
static int read_info(struct ring *r, uint64_t index, struct printk_record *rec)
{
	int err = vmem_read(r->mem, r->infos + index * r->info_size, r->info, r->info_size);
	uint64_t seq;

	if (err == -EFAULT) {
		printk_damage(r->w, 1, "%s", err_text(err));
		return 0;
	}
	if (err)
		return err;
	seq = member(r, r->info, SEQ);
	/* Each round of the ring adds its size to the number that an info has. */
	if ((seq ^ index) & ((UINT64_C(1) << r->count_bits) - 1)) {
		printk_damage(r->w, 1, "message %" PRIu64 " is in place of another one", seq);
		return 0;
	}
	r->newest = max_u64(r->newest, seq);
	if (r->counting || seq < r->from)
		return 0;
	*rec = (struct printk_record){
		.text = r->text,
		.has_caller = r->has_caller,
		.ts_nsec = member(r, r->info, TS_NSEC),
		.len = member(r, r->info, TEXT_LEN),
	};
	if (rec->has_caller)
		rec->caller = member(r, r->info, CALLER_ID);
	return 1;
}

/* Give the record of a descriptor that is in use. @return 0; -errno */
static int emit_record(struct ring *r, const uint8_t *desc, uint64_t index)
{
	const uint8_t *block = desc + r->m[TEXT_BLK].off;
	struct printk_record rec;
	int err = read_info(r, index, &rec);

	if (err <= 0)
		return err;
	err = read_text(r, member(r, desc, STATE_VAR) & id_mask(r), member(r, block, BEGIN),
			member(r, block, NEXT), &rec.len);
	if (err)
		return err == -ENOENT ? 0 : err;
	return printk_emit(r->w, &rec);
}

/* --- messages whose descriptors cannot be read ----------------------------------- */

/* No place, or several. */
#define NO_BLOCK UINT64_MAX

/*
 * Find the blocks of n descriptors from an id on: each begins with its id.
 * @param[out] blocks their offsets in the ring of text; NO_BLOCK where none or several are found
 */
static int find_blocks(struct ring *r, uint64_t first, uint64_t n, uint64_t *blocks)
{
	uint64_t size = min_u64(UINT64_C(1) << r->size_bits, RECOVER_BYTES_MAX), len;
	_cleanup_free_ bool *found = calloc(n, sizeof(*found));

	if (!found)
		return err_set(-ENOMEM, "no memory to search the log");
	for (uint64_t i = 0; i < n; i++)
		blocks[i] = NO_BLOCK;
	for (uint64_t at = 0; at < size; at += len) {
		int err;

		len = min_u64(PAGE, size - at);
		err = vmem_read(r->mem, r->data + at, r->piece, len);
		if (err == -EFAULT)
			continue;
		if (err)
			return err;
		for (uint64_t i = 0; i + r->ulong_size <= len; i += r->ulong_size) {
			uint64_t id = load_ulong(r->piece + i, r->mem->is64, r->mem->swap);
			uint64_t nr = (id - first) & id_mask(r);

			if (id > id_mask(r) || nr >= n)
				continue;
			blocks[nr] = found[nr] ? NO_BLOCK : at + i;
			found[nr] = true;
		}
	}
	return 0;
}

/* Give the message of a block. @return 0; -errno */
static int give_block(struct ring *r, uint64_t index, uint64_t block)
{
	uint64_t size = UINT64_C(1) << r->size_bits;
	struct printk_record rec;
	int err = read_info(r, index, &rec);

	if (err <= 0)
		return err;
	err = -EFAULT;
	if (block != NO_BLOCK && range_fits(block + r->ulong_size, rec.len, size))
		err = vmem_read(r->mem, r->data + block + r->ulong_size, r->text, rec.len);
	if (err == -EFAULT) {
		printk_damage(r->w, 1, "a message without a descriptor is not found");
		return 0;
	}
	return err ? err : printk_emit(r->w, &rec);
}

/* Give the messages of n descriptors that cannot be read, from an id on. @return 0; -errno */
static int recover(struct ring *r, uint64_t first, uint64_t n)
{
	uint64_t mask = (UINT64_C(1) << r->count_bits) - 1;
	_cleanup_free_ uint64_t *blocks = NULL;
	int err;

	if (n > RECOVER_MAX) {
		printk_damage(r->w, n, "too many descriptors cannot be read");
		return 0;
	}
	blocks = calloc(n, sizeof(*blocks));
	if (!blocks)
		return err_set(-ENOMEM, "no memory to search the log");
	err = find_blocks(r, first, n, blocks);
	for (uint64_t i = 0; !err && i < n; i++)
		err = give_block(r, (first + i) & mask, blocks[i]);
	return err;
}

static bool in_use(struct ring *r, const uint8_t *desc, uint64_t id)
{
	bool ret = has_message(r, desc, id);

	r->used += ret;
	r->strange += (member(r, desc, STATE_VAR) & id_mask(r)) != id;
	return ret;
}

/* A ring in which next to nothing is where it should be looks like an empty log. */
static void check_ids(const struct ring *r)
{
	if (r->strange > UNDER_WAY_MAX || (r->strange && !r->used))
		printk_damage(r->w, r->strange,
			      "the ring of descriptors is damaged: %" PRIu64 " of %" PRIu64
			      " have another id than tail_id %#" PRIx64 " and their place say",
			      r->strange, r->nr, r->tail);
}

/* Walk from the oldest descriptor to the newest. */
static int walk(struct ring *r)
{
	uint64_t count = UINT64_C(1) << r->count_bits;

	r->used = r->strange = 0;
	for (uint64_t done = 0, n; done < r->nr; done += n) {
		uint64_t first = (r->tail + done) & id_mask(r), index = first & (count - 1);
		vaddr_t va = r->descs + index * r->desc_size;
		int err;

		/* Page by page: one that cannot be read costs nothing else. */
		n = max_u64((PAGE - va % PAGE) / r->desc_size, 1);
		n = min_u64(n, min_u64(r->nr - done, count - index));
		err = vmem_read(r->mem, va, r->piece, n * r->desc_size);
		if (err == -EFAULT) {
			n = max_u64(printk_unmapped_len(r->mem, va) / r->desc_size, n);
			n = min_u64(n, min_u64(r->nr - done, count - index));
			printk_damage(r->w, 0, "%s", err_text(err));
			err = recover(r, first, n);
			if (err)
				return err;
			continue;
		}
		for (uint64_t i = 0; !err && i < n; i++) {
			const uint8_t *desc = r->piece + i * r->desc_size;

			if (in_use(r, desc, (first + i) & id_mask(r)))
				err = emit_record(r, desc, index + i);
		}
		if (err)
			return err;
	}
	check_ids(r);
	return 0;
}

/* --- since the log was cleared -------------------------------------------------- */

static int read_clear_seq(const struct ring *r, uint64_t *ret)
{
	vaddr_t va = GET_MOD_SYM(vmlinux, clear_seq);
	uint32_t sequence;
	int err;

	if (!MOD_STRUCT_MEMBER_EXIST(vmlinux, latched_seq, val))
		return printk_read_u64(r->mem, va, ret);
	err = vmem_read_u32(r->mem, va, &sequence);
	va += GET_MOD_STRUCT_MEMBER_OFF(vmlinux, latched_seq, val);
	return err ? err : printk_read_u64(r->mem, va + (sequence & 1) * 8, ret);
}

/* Records contain their own numbers, so any value of clear_seq is valid. */
static int skip_cleared(struct ring *r)
{
	struct printk_stats before = *r->w->stats;
	uint64_t clear_seq;
	int err;

	if (!MOD_SYM_EXIST(vmlinux, clear_seq) || read_clear_seq(r, &clear_seq))
		return 0;
	/* A first walk, which gives nothing: what is the newest record? */
	r->counting = true;
	err = walk(r);
	r->counting = false;
	*r->w->stats = before;
	/* Future records cannot be cleared: then return all records. */
	r->from = r->newest == UINT64_MAX || clear_seq > r->newest + 1 ? 0 : clear_seq;
	return err;
}

static int found(void *ctx, vaddr_t va, const uint8_t *bytes, size_t have)
{
	(void)ctx, (void)va, (void)bytes, (void)have;
	return 1;
}

/* Only a kernel that shows callers has the format for it. */
static int look_for_caller(struct ring *r)
{
	struct vmem rodata = *r->mem;
	int err;

	if (!r->m[CALLER_ID].known || !MOD_SYM_EXIST(vmlinux, __start_rodata) ||
	    !MOD_SYM_EXIST(vmlinux, __end_rodata))
		return 0;
	rodata.image_start = max_u64(GET_MOD_SYM(vmlinux, __start_rodata), r->mem->image_start);
	rodata.image_end = min_u64(GET_MOD_SYM(vmlinux, __end_rodata), r->mem->image_end);
	if (rodata.image_start >= rodata.image_end)
		return 0;
	err = image_search(&rodata, caller_format, strlen(caller_format), found, NULL);
	r->has_caller = err == 1;
	return err == -ENOMEM ? err : 0;
}

int printk_walk_ring(struct printk_walk *w)
{
	_cleanup_free_ struct ring *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return err_set(-ENOMEM, "no memory to read the log");
	r->w = w;
	r->mem = w->mem;
	r->ulong_size = vmem_ulong_size(w->mem);
	r->ulong_max = w->mem->is64 ? UINT64_MAX : UINT32_MAX;
	err = find_facts(r);
	if (err)
		return err;
	err = read_rings(r);
	if (err)
		return err_prefix(err, "the kernel's log");
	if (w->fn)
		err = look_for_caller(r);
	if (!err && w->partial)
		err = skip_cleared(r);
	return err ? err : walk(r);
}
