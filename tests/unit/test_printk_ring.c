// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log of kernels since 5.10, in both byte orders and word sizes: what a reader in the kernel
 * would see, and what is left when rings are damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/printk_log.h"

/* Offsets in the memory of the tests; no kernel has these. */
#define PRB 0x100
#define CLEAR_SEQ 0x180
#define RB 0x200
#define DESCS 0x1000
#define INFOS 0x4000
#define DATA 0x10000
#define DESC_RING 16
#define TEXT_RING 96
#define INFO_SIZE 72u
#define COUNT_BITS 4
#define COUNT (1u << COUNT_BITS)
#define SIZE_BITS 9

enum { RESERVED, COMMITTED, FINALIZED, REUSABLE };

static unsigned int word(const struct log_memory *m)
{
	return m->mem.is64 ? 8 : 4;
}

static unsigned int desc_size(const struct log_memory *m)
{
	return 4 * word(m);
}

static void set_facts(const struct log_memory *m, const char *more)
{
	unsigned int w = word(m);

	log_facts("SYMBOL(prb)=%" PRIx64 "\nSYMBOL(clear_seq)=%" PRIx64 "\n"
		  "OFFSET(printk_ringbuffer.desc_ring)=%u\n"
		  "OFFSET(printk_ringbuffer.text_data_ring)=%u\n"
		  "OFFSET(prb_desc_ring.count_bits)=0\nOFFSET(prb_desc_ring.descs)=%u\n"
		  "OFFSET(prb_desc_ring.infos)=%u\nOFFSET(prb_desc_ring.head_id)=%u\n"
		  "OFFSET(prb_desc_ring.tail_id)=%u\nSIZE(prb_desc)=%u\n"
		  "OFFSET(prb_desc.state_var)=%u\nOFFSET(prb_desc.text_blk_lpos)=0\n"
		  "OFFSET(prb_data_blk_lpos.begin)=%u\nOFFSET(prb_data_blk_lpos.next)=0\n"
		  "SIZE(printk_info)=%u\nOFFSET(printk_info.seq)=8\n"
		  "OFFSET(printk_info.ts_nsec)=24\nOFFSET(printk_info.text_len)=2\n"
		  "OFFSET(printk_info.caller_id)=4\nOFFSET(prb_data_ring.size_bits)=4\n"
		  "OFFSET(prb_data_ring.data)=%u\n%s", m->base + PRB, m->base + CLEAR_SEQ,
		  DESC_RING, TEXT_RING, 1 * w, 2 * w, 3 * w, 4 * w, desc_size(m), 2 * w, w,
		  INFO_SIZE, 2 * w, more);
}

/* A log that grows, as the kernel's does. */
struct writer {
	struct log_memory *m;
	uint64_t id, lpos;
	unsigned int count_bits;
};

static uint64_t id_mask(const struct log_memory *m)
{
	return (m->mem.is64 ? UINT64_MAX : UINT32_MAX) >> 2;
}

static void put_ids(struct writer *w, uint64_t tail, uint64_t head)
{
	unsigned int size = word(w->m);

	log_put_ulong(w->m, RB + DESC_RING + 3 * size, head);
	log_put_ulong(w->m, RB + DESC_RING + 4 * size, tail);
}

static void begin(struct writer *w, struct log_memory *m, uint64_t first_id)
{
	*w = (struct writer){ .m = m, .id = first_id, .count_bits = COUNT_BITS };
	memset(m->bytes, 0, LOG_MEMORY);
	m->hole = m->hole_end = 0;
	set_facts(m, "");
	log_put_ulong(m, PRB, m->base + RB);
	log_put(m, RB + DESC_RING, 4, COUNT_BITS);
	log_put_ulong(m, RB + DESC_RING + word(m), m->base + DESCS);
	log_put_ulong(m, RB + DESC_RING + 2 * word(m), m->base + INFOS);
	log_put(m, RB + TEXT_RING + 4, 4, SIZE_BITS);
	log_put_ulong(m, RB + TEXT_RING + 2 * word(m), m->base + DATA);
	put_ids(w, first_id, first_id);
}

static uint64_t index_of(uint64_t id)
{
	return id & (COUNT - 1);
}

static void put_desc(struct writer *w, uint64_t id, unsigned int state, uint64_t first,
		     uint64_t next)
{
	struct log_memory *m = w->m;
	uint64_t at = DESCS + index_of(id) * desc_size(m);

	log_put_ulong(m, at, next);
	log_put_ulong(m, at + word(m), first);
	log_put_ulong(m, at + 2 * word(m), (uint64_t)state << (8 * word(m) - 2) | id);
}

static void put_info(struct writer *w, uint64_t id, uint64_t ts_nsec, uint32_t caller, size_t len)
{
	uint64_t at = INFOS + index_of(id) * INFO_SIZE;

	log_put(w->m, at + 8, 8, id);
	log_put(w->m, at + 24, 8, ts_nsec);
	log_put(w->m, at + 2, 2, len);
	log_put(w->m, at + 4, 4, caller);
}

/* The block of a text: as in kernels since 6.19, or before. */
static void put_block(struct writer *w, const char *text, bool old, uint64_t *first,
		      uint64_t *next)
{
	unsigned int size = word(w->m);
	uint64_t ring = UINT64_C(1) << SIZE_BITS, at;

	*first = w->lpos;
	*next = w->lpos + (size + strlen(text) + size - 1) / size * size;
	at = *first % ring;
	if (*first / ring != (*next - !old) / ring) {
		*next = *next / ring * ring + (*next - *first);
		if (*first / ring == *next / ring || *next % ring != (*next - *first) % ring)
			*next = (*first / ring + 1) * ring +
				(size + strlen(text) + size - 1) / size * size;
		at = 0;
	}
	log_put_ulong(w->m, DATA + at, w->id);
	log_put_text(w->m, DATA + at + size, text);
	w->lpos = *next;
}

/* Write a message, the oldest one going if there is no room. */
static void say(struct writer *w, unsigned int state, uint64_t ts_nsec, const char *text)
{
	uint64_t first, next;

	put_block(w, text, false, &first, &next);
	put_desc(w, w->id, state, first, next);
	put_info(w, w->id, ts_nsec, 7, strlen(text));
	w->id = (w->id + 1) & id_mask(w->m);
}

/* Let the log have the last @nr messages. */
static void end(struct writer *w, unsigned int nr)
{
	put_desc(w, (w->id - nr - 1) & id_mask(w->m), REUSABLE, 1, 1);
	put_ids(w, (w->id - nr) & id_mask(w->m), (w->id - 1) & id_mask(w->m));
}

/* --- as it should be ------------------------------------------------------------ */

static void test_messages(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	begin(&w, m, 5);
	say(&w, FINALIZED, 0, "first");
	say(&w, FINALIZED, 1234567890, "second\nof two lines\n");
	say(&w, COMMITTED, UINT64_C(123456789) * 1000000000, "tab\tesc\x1b[31m\xc3\xbc\r\\x");
	say(&w, FINALIZED, 999, "");
	end(&w, 4);
	log_is(m, false,
	       "[    0.000000] first\n"
	       "[    1.234567] second\n"
	       "               of two lines\n"
	       "               \n"
	       "[123456789.000000] tab\tesc\\x1b[31m\\xc3\\xbc\\x0d\\x\n"
	       "[    0.000000] \n");
	assert_int_equal(m->stats.records, 4);
}

static void test_callers(void **state)
{
	struct log_memory *m = *state;
	char more[128];
	struct writer w;

	begin(&w, m, 0);
	say(&w, FINALIZED, 0, "thread");
	say(&w, FINALIZED, 0, "cpu");
	put_info(&w, 1, 0, PRINTK_CPU | 12, 3);
	end(&w, 2);
	/* Among the kernel's constants, and nowhere else. */
	log_put_text(m, 0x7fff8, ",caller=%c%u");
	log_put_text(m, 0x8fff8, ",caller=%c%u");
	log_is(m, false, "[    0.000000] thread\n[    0.000000] cpu\n");
	snprintf(more, sizeof(more), "SYMBOL(__start_rodata)=%" PRIx64 "\nSYMBOL(__end_rodata)=%"
		 PRIx64 "\n", m->base + 0x80000, m->base + 0x90000);
	set_facts(m, more);
	log_is(m, false, "[    0.000000] thread\n[    0.000000] cpu\n");
	log_put_text(m, 0x80000, ",caller=%c%u");
	log_is(m, false, "[    0.000000] [      T7] thread\n[    0.000000] [     C12] cpu\n");
	/* A range that cannot be that of constants is not searched. */
	snprintf(more, sizeof(more), "SYMBOL(__start_rodata)=%" PRIx64 "\nSYMBOL(__end_rodata)=%"
		 PRIx64 "\n", m->base + 0x90000, m->base + 0x80000);
	set_facts(m, more);
	log_is(m, false, "[    0.000000] thread\n[    0.000000] cpu\n");
}

static void test_states(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	begin(&w, m, 0);
	say(&w, REUSABLE, 0, "reusable");
	say(&w, RESERVED, 0, "reserved");
	say(&w, FINALIZED, 0, "finalized");
	/* A descriptor that has not yet been taken for this id. */
	say(&w, FINALIZED, 0, "of the last round");
	put_desc(&w, 3, FINALIZED, 0, 64);
	log_put_ulong(m, DESCS + 3 * desc_size(m) + 2 * word(m),
		      (uint64_t)FINALIZED << (8 * word(m) - 2) | (3 + COUNT));
	say(&w, COMMITTED, 0, "committed");
	/* Without data: an empty line, and one for which there was no room. */
	say(&w, FINALIZED, 0, "x");
	put_desc(&w, 5, FINALIZED, 3, 3);
	say(&w, FINALIZED, 0, "x");
	put_desc(&w, 6, FINALIZED, 1, 1);
	end(&w, 7);
	log_is(m, false, "[    0.000000] finalized\n[    0.000000] committed\n[    0.000000] \n");
}

static void test_empty(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	/* As the kernel sets it up: one descriptor, reusable. */
	begin(&w, m, -(COUNT + 1) & id_mask(m));
	put_desc(&w, w.id, REUSABLE, 1, 1);
	log_is(m, false, "");
	log_is(m, true, "");
}

/* Nothing is where it should be: that is no empty log. */
static void test_lost_ring(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	for (int partial = 0; partial < 2; partial++) {
		begin(&w, m, 5);
		for (int i = 0; i < 3; i++)
			say(&w, FINALIZED, 0, "message");
		end(&w, 3);
		/* The ring leads to zeros, or to other descriptors. */
		log_put_ulong(m, RB + DESC_RING + word(m), m->base + DESCS +
			      (partial ? desc_size(m) : COUNT * desc_size(m)));
		assert_int_equal(log_read(m, partial), 0);
		assert_string_equal(m->text, "");
		assert_int_equal(m->stats.lost, 3);
		assert_non_null(strstr(m->stats.why, "3 of 3 have another id"));
	}
}

/* Enough messages that all rings go round several times, ids too. */
static void test_rounds(void **state)
{
	struct log_memory *m = *state;
	char text[64], expected[4096];
	struct writer w;

	begin(&w, m, id_mask(m) - 20);
	for (unsigned int i = 0; i < 200; i++) {
		size_t len = 0;

		snprintf(text, sizeof(text), "message %u %.*s", i, i % 29,
			 "abcdefghijklmnopqrstuvwxyzABCDEF");
		say(&w, FINALIZED, i * UINT64_C(1000000000), text);
		end(&w, i < 7 ? i + 1 : 7);
		for (unsigned int j = i < 7 ? 0 : i - 6; j <= i; j++)
			len += snprintf(expected + len, sizeof(expected) - len,
					"[%5u.000000] message %u %.*s\n", j, j, j % 29,
					"abcdefghijklmnopqrstuvwxyzABCDEF");
		log_is(m, false, expected);
	}
}

/* A block that ends with the ring: since 6.19 it lies there, before that at the beginning. */
static void test_ends_with_ring(void **state)
{
	static const char text[] = "0123456789abcdef0123456789abcdef";
	struct log_memory *m = *state;
	uint64_t first, next, size = word(m) + sizeof(text) - 1;

	for (int old = 0; old < 2; old++) {
		struct writer w;

		begin(&w, m, 0);
		w.lpos = (UINT64_C(3) << SIZE_BITS) - size;
		put_block(&w, text, old, &first, &next);
		assert_int_equal(next, (UINT64_C(3) << SIZE_BITS) + (old ? size : 0));
		put_desc(&w, 0, FINALIZED, first, next);
		put_info(&w, 0, 0, 0, sizeof(text) - 1);
		log_is(m, false, "[    0.000000] 0123456789abcdef0123456789abcdef\n");
	}
	/* The last place of the address space is one, too. */
	first = -size & (m->mem.is64 ? UINT64_MAX : UINT32_MAX);
	put_desc(&(struct writer){ .m = m }, 0, FINALIZED, first, 0);
	log_put_text(m, DATA + (1 << SIZE_BITS) - sizeof(text) + 1, text);
	log_is(m, false, "[    0.000000] 0123456789abcdef0123456789abcdef\n");
}

/* --- since it was cleared ------------------------------------------------------- */

static void test_partial(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	begin(&w, m, 40);
	say(&w, FINALIZED, 0, "forty");
	say(&w, FINALIZED, 0, "forty-one");
	say(&w, FINALIZED, 0, "forty-two");
	end(&w, 3);
	log_put(m, CLEAR_SEQ, 8, 41);
	log_is(m, true, "[    0.000000] forty-one\n[    0.000000] forty-two\n");
	log_put(m, CLEAR_SEQ, 8, 43);
	log_is(m, true, "");
	log_is(m, false, "[    0.000000] forty\n[    0.000000] forty-one\n[    0.000000] forty-two\n");
	/* Cleared long ago. */
	log_put(m, CLEAR_SEQ, 8, 2);
	log_is(m, true, "[    0.000000] forty\n[    0.000000] forty-one\n[    0.000000] forty-two\n");
	/* It is invalid to have cleared what is not yet there. */
	log_put(m, CLEAR_SEQ, 8, 44);
	log_is(m, true, "[    0.000000] forty\n[    0.000000] forty-one\n[    0.000000] forty-two\n");
	log_put(m, CLEAR_SEQ, 8, UINT64_MAX);
	log_is(m, true, "[    0.000000] forty\n[    0.000000] forty-one\n[    0.000000] forty-two\n");
	/* Two values, and a counter that chooses. */
	set_facts(m, "SIZE(latched_seq)=24\nOFFSET(latched_seq.val)=8\n");
	log_put(m, CLEAR_SEQ, 4, 6);
	log_put(m, CLEAR_SEQ + 8, 8, 42);
	log_put(m, CLEAR_SEQ + 16, 8, 41);
	log_is(m, true, "[    0.000000] forty-two\n");
	log_put(m, CLEAR_SEQ, 4, 7);
	log_is(m, true, "[    0.000000] forty-one\n[    0.000000] forty-two\n");
}

/*
 * Once the ring has gone round, the place of what was cleared can be ahead of the newest
 * message: others were seen to walk 2^62 steps then.
 */
static void test_partial_ahead(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	begin(&w, m, COUNT);
	for (unsigned int i = 0; i < 3; i++)
		say(&w, FINALIZED, 0, "new");
	end(&w, 3);
	log_put(m, CLEAR_SEQ, 8, COUNT - 2);
	log_is(m, true, "[    0.000000] new\n[    0.000000] new\n[    0.000000] new\n");
	assert_true(m->reads < 1000);
}

/* --- damage --------------------------------------------------------------------- */

static void three(struct writer *w, struct log_memory *m)
{
	begin(w, m, 0);
	say(w, FINALIZED, 0, "one");
	say(w, FINALIZED, 0, "two");
	say(w, FINALIZED, 0, "three");
	end(w, 3);
}

static void test_bad_blocks(void **state)
{
	static const char rest[] = "[    0.000000] one\n[    0.000000] three\n";
	struct log_memory *m = *state;
	uint64_t blocks[][2] = {
		{ 0, 0 }, { 0, word(m) - 1 }, { 2, 34 }, { 64, 32 }, { 32, 1 << 20 },
		{ 33, 64 }, { 32, 65 }, { 32, 2 << SIZE_BITS }, { 32, 1 << SIZE_BITS | 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		struct writer w;

		three(&w, m);
		put_desc(&w, 1, FINALIZED, blocks[i][0], blocks[i][1]);
		/* An odd end is no place of a block, but harmless where there is text. */
		if (blocks[i][1] == 65 || blocks[i][1] == (1 << SIZE_BITS | 1))
			log_survives(m, 1000);
		else
			log_is_damaged(m, 1, "cannot be at", rest);
	}
}

/* A block of another message, or anything that is not a block, is no text of a message. */
static void test_text_of_others(void **state)
{
	struct log_memory *m = *state;
	unsigned int size = word(m);
	struct writer w;

	three(&w, m);
	log_put_ulong(m, DATA + 2 * size, 5);
	log_is_damaged(m, 1, "the text of message 0x1 begins with the id 0x5",
		       "[    0.000000] one\n[    0.000000] three\n");
	three(&w, m);
	end(&w, 2);
	log_put_ulong(m, RB + TEXT_RING + 2 * size, m->base + DATA + size);
	log_is_damaged(m, 2, "the text of message 0x1", "");
}

/* Messages before and after the ends that the ring names. */
static void test_bad_ends(void **state)
{
	static const uint64_t ends[][2] = { { 1, 3 }, { 0, 2 }, { 2, 2 }, { 4, 3 } };
	struct log_memory *m = *state;
	struct writer w;

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		begin(&w, m, 0);
		for (int n = 0; n < 4; n++)
			say(&w, n % 2 ? FINALIZED : COMMITTED, n * UINT64_C(1000000000), "x");
		end(&w, 4);
		put_ids(&w, ends[i][0], ends[i][1]);
		log_is_damaged(m, 0, ends[i][0] > ends[i][1] ? "is invalid with" : "leave out",
			       "[    0.000000] x\n[    1.000000] x\n[    2.000000] x\n"
			       "[    3.000000] x\n");
		assert_true(m->reads < 100);
	}
}

/* After head_id was read the first time the kernel has another message. */
static int read_growing(void *ctx, vaddr_t va, void *buf, size_t len)
{
	struct log_memory *m = ctx;
	int err = log_memory_read(ctx, va, buf, len);

	if (va == m->base + RB + DESC_RING + 3 * word(m))
		log_put_ulong(m, RB + DESC_RING + 3 * word(m), 2);
	return err;
}

static void test_growing(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	three(&w, m);
	put_ids(&w, 0, 1);
	m->mem.read = read_growing;
	log_is(m, false, "[    0.000000] one\n[    0.000000] two\n[    0.000000] three\n");
	m->mem.read = log_memory_read;
}

/* An info of another message, or anything that is not an info, tells nothing of a message. */
static void test_infos_of_others(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	three(&w, m);
	log_put(m, INFOS + INFO_SIZE + 8, 8, 1 + COUNT);
	log_is(m, false, "[    0.000000] one\n[    0.000000] two\n[    0.000000] three\n");
	log_put(m, INFOS + INFO_SIZE + 8, 8, 2);
	log_is_damaged(m, 1, "message 2 is in place of another one",
		       "[    0.000000] one\n[    0.000000] three\n");
	three(&w, m);
	log_put_ulong(m, RB + DESC_RING + 2 * word(m), m->base + INFOS + INFO_SIZE);
	log_is_damaged(m, 3, "message 1 is in place", "");
}

static void test_text_len(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	three(&w, m);
	/* Longer than its block: what the block has. */
	put_info(&w, 1, 0, 0, 65535);
	assert_int_equal(log_read(m, false), 0);
	assert_non_null(strstr(m->text, "[    0.000000] two"));
	assert_non_null(strstr(m->text, "[    0.000000] three\n"));
	assert_true(m->len < 100);
}

static void test_holes(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	three(&w, m);
	m->hole = m->base + INFOS + INFO_SIZE;
	m->hole_end = m->hole + 1;
	log_is_damaged(m, 1, "nothing at", "[    0.000000] one\n[    0.000000] three\n");
	m->hole = m->base + DATA;
	m->hole_end = m->hole + 3 * word(m) + 1;
	log_is_damaged(m, 2, "nothing at", "[    0.000000] three\n");
	m->hole = m->base + DESCS;
	m->hole_end = m->hole + 1;
	/* Any word of zeros looks like the block of id 0. */
	log_is_damaged(m, 1, "nothing at", "[    0.000000] two\n[    0.000000] three\n");
	m->hole = m->base + RB;
	m->hole_end = m->hole + 1024;
	assert_int_equal(log_read(m, false), -EFAULT);
	m->hole = m->base + CLEAR_SEQ;
	m->hole_end = m->hole + 1;
	log_is(m, true, "[    0.000000] one\n[    0.000000] two\n[    0.000000] three\n");
}

/* Messages are found by the ids in front of their texts. */
static void test_unreadable_descriptors(void **state)
{
	struct log_memory *m = *state;
	uint64_t two;
	struct writer w;

	/* No text looks like these ids. */
	begin(&w, m, 1000);
	say(&w, FINALIZED, 0, "one");
	two = w.lpos;
	say(&w, FINALIZED, 0, "two");
	say(&w, FINALIZED, 0, "three");
	end(&w, 3);
	m->hole = m->base + DESCS + index_of(1001) * desc_size(m);
	m->hole_end = m->hole + 1;
	log_is_damaged(m, 0, "nothing at",
		       "[    0.000000] one\n[    0.000000] two\n[    0.000000] three\n");
	/* Two blocks have the same id: neither is believed. */
	log_put_ulong(m, DATA + (1 << SIZE_BITS) - word(m), 1001);
	log_is_damaged(m, 1, "nothing at", "[    0.000000] one\n[    0.000000] three\n");
	log_put_ulong(m, DATA + (1 << SIZE_BITS) - word(m), 0);
	/* Nor is one that is no more, or whose text would go beyond the ring. */
	log_put_ulong(m, DATA + two, 7);
	log_is_damaged(m, 1, "nothing at", "[    0.000000] one\n[    0.000000] three\n");
	log_put_ulong(m, DATA + two, 1001);
	put_info(&w, 1001, 0, 0, 1 << SIZE_BITS);
	log_is_damaged(m, 1, "nothing at", "[    0.000000] one\n[    0.000000] three\n");
}

static void test_bad_ids(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	three(&w, m);
	/* Further apart than there are descriptors. */
	put_ids(&w, 3, 2);
	log_is_damaged(m, 0, "is invalid",
		       "[    0.000000] one\n[    0.000000] two\n[    0.000000] three\n");
	put_ids(&w, 0, 1000);
	log_is_damaged(m, COUNT, "is invalid", "");
	/* Bits of a state are not part of an id. */
	put_ids(&w, ~id_mask(m), ~id_mask(m) | 2);
	log_is(m, false, "[    0.000000] one\n[    0.000000] two\n[    0.000000] three\n");
}

static void test_bad_sizes(void **state)
{
	static const uint32_t bad[] = { 27, 32, 64, 0x80000000, UINT32_MAX };
	struct log_memory *m = *state;
	struct writer w;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		three(&w, m);
		log_put(m, RB + DESC_RING, 4, bad[i]);
		assert_int_equal(log_read(m, false), -EBADMSG);
		three(&w, m);
		log_put(m, RB + TEXT_RING + 4, 4, bad[i] | 32);
		assert_int_equal(log_read(m, false), -EBADMSG);
	}
	/* As many as there can be, nearly all of them beyond the end of memory. */
	three(&w, m);
	log_put(m, RB + DESC_RING, 4, 26);
	put_ids(&w, 0, (1 << 26) - 1);
	assert_int_equal(log_read(m, false), 0);
	assert_true(m->stats.lost > 1 << 25);
	assert_true(m->reads < 1 << 12);
}

static void test_bad_facts(void **state)
{
	struct log_memory *m = *state;
	struct writer w;

	three(&w, m);
	log_facts("SYMBOL(prb)=%" PRIx64 "\nSIZE(prb_desc)=32\n", m->base + PRB);
	assert_int_equal(log_read(m, false), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "OFFSET(printk_ringbuffer.desc_ring)"));
	log_facts("SIZE(prb_desc)=32\n");
	assert_int_equal(log_read(m, false), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "SYMBOL(prb)"));
	three(&w, m);
	for (size_t i = 0; i < facts_of_program().nr_ktypes; i++) {
		struct ktype_info *t = facts_of_program().ktypes[i];

		if (!t->member_name || strncmp(t->struct_name, "pr", 2))
			continue;
		set_facts(m, "");
		t->member_bit_offset = 1 << 24;
		if (t->index >= 0)
			assert_int_equal(log_read(m, false), -EBADMSG);
	}
	set_facts(m, "");
	log_is(m, false, "[    0.000000] one\n[    0.000000] two\n[    0.000000] three\n");
}

/* Bytes of the rings changed here and there. */
static void test_random(void **state)
{
	struct log_memory *m = *state;
	uint32_t seed = 1;

	for (unsigned int i = 0; i < 3000; i++) {
		struct writer w;

		three(&w, m);
		log_put(m, CLEAR_SEQ, 8, 1);
		for (unsigned int n = log_random(&seed) % 4 + 1; n; n--) {
			static const uint32_t places[][2] = {
				{ RB, 192 }, { DESCS, 128 }, { INFOS, 3 * INFO_SIZE },
				{ DATA, 64 }, { PRB, 136 },
			};
			const uint32_t *p = places[log_random(&seed) % ARRAY_SIZE(places)];

			m->bytes[p[0] + log_random(&seed) % p[1]] = log_random(&seed);
		}
		log_survives(m, 1 << 21);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(test_messages), LOG_TEST(test_callers), LOG_TEST(test_states),
		LOG_TEST(test_empty), LOG_TEST(test_lost_ring), LOG_TEST(test_rounds),
		LOG_TEST(test_ends_with_ring),
		LOG_TEST(test_partial), LOG_TEST(test_partial_ahead), LOG_TEST(test_bad_blocks),
		LOG_TEST(test_text_of_others), LOG_TEST(test_bad_ends), LOG_TEST(test_growing),
		LOG_TEST(test_infos_of_others),
		LOG_TEST(test_text_len), LOG_TEST(test_holes),
		LOG_TEST(test_unreadable_descriptors),
		LOG_TEST(test_bad_ids),
		LOG_TEST(test_bad_sizes), LOG_TEST(test_bad_facts), LOG_TEST(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
