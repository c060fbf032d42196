// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's log, in its three forms.
 *
 * Input:
 *	1	flags: FUZZ_*
 *	1	form: 0 a ring, 1 the same with a latched clear_seq, 2 records, 3 text
 *	...	the memory, all of it the kernel image: at multiples of 16 from its
 *		beginning on the symbols of the form, in the order of symbols[]
 */
#include <stdio.h>

#include "facts/vmcoreinfo.h"
#include "kernel/printk/printk.h"
#include "tests/fuzz/fuzz.h"

enum form { RING, LATCHED_RING, RECORDS, FLAT, NR_FORMS };

static const char *const symbols[NR_FORMS][6] = {
	[RING] = { "prb", "clear_seq" },
	[LATCHED_RING] = { "prb", "clear_seq" },
	[RECORDS] = { "log_buf", "log_buf_len", "log_first_idx", "log_next_idx", "clear_idx" },
	[FLAT] = { "log_buf", "log_buf_len", "log_end", "logged_chars" },
};

static const char records_facts[] =
	"SIZE(printk_log)=20\nOFFSET(printk_log.ts_nsec)=0\nOFFSET(printk_log.len)=8\n"
	"OFFSET(printk_log.text_len)=10\nOFFSET(printk_log.caller_id)=16\n";

/* The offsets that the compiler chooses, with an unsigned long of @n bytes. */
static void ring_facts(char *buf, size_t size, unsigned int n, bool latched)
{
	snprintf(buf, size,
		 "OFFSET(printk_ringbuffer.desc_ring)=0\n"
		 "OFFSET(printk_ringbuffer.text_data_ring)=%u\n"
		 "OFFSET(prb_desc_ring.count_bits)=0\nOFFSET(prb_desc_ring.descs)=%u\n"
		 "OFFSET(prb_desc_ring.infos)=%u\nOFFSET(prb_desc_ring.head_id)=%u\n"
		 "OFFSET(prb_desc_ring.tail_id)=%u\nSIZE(prb_desc)=%u\n"
		 "OFFSET(prb_desc.state_var)=0\nOFFSET(prb_desc.text_blk_lpos)=%u\n"
		 "OFFSET(prb_data_blk_lpos.begin)=0\nOFFSET(prb_data_blk_lpos.next)=%u\n"
		 "SIZE(printk_info)=88\nOFFSET(printk_info.seq)=0\nOFFSET(printk_info.ts_nsec)=8\n"
		 "OFFSET(printk_info.text_len)=16\nOFFSET(printk_info.caller_id)=20\n"
		 "OFFSET(prb_data_ring.size_bits)=0\nOFFSET(prb_data_ring.data)=%u\n%s",
		 8 * n, n, 2 * n, 3 * n, 4 * n, 3 * n, n, n, n,
		 latched ? "SIZE(latched_seq)=24\nOFFSET(latched_seq.val)=8\n" : "");
}

static void set_up(struct fuzz_memory *m, const struct fact_set *set, struct fuzz_input *in)
{
	unsigned int flags = fuzz_number(in, 1);
	enum form form = fuzz_number(in, 1) % NR_FORMS;
	struct vmcoreinfo info;
	char text[2048] = "";
	vaddr_t base;

	facts_reset(set);
	fuzz_memory_init(m, flags);
	base = m->mem.is64 ? 0xffffffff82000000 : 0xc2000000;
	fuzz_memory_add(m, base, *in);
	m->mem.image_start = base;
	m->mem.image_end = base + in->size;
	if (form <= LATCHED_RING)
		ring_facts(text, sizeof(text), vmem_ulong_size(&m->mem), form == LATCHED_RING);
	else if (form == RECORDS)
		snprintf(text, sizeof(text), "%s", records_facts);
	info = (struct vmcoreinfo){ text, strlen(text) };
	vmcoreinfo_resolve(&info, set, FACT_VMCOREINFO, NULL, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(symbols[form]) && symbols[form][i]; i++)
		fuzz_set_symbol(set, symbols[form][i], base + 16 * i);
	/* All of it is constants, too. */
	fuzz_set_symbol(set, "__start_rodata", base);
	fuzz_set_symbol(set, "__end_rodata", base + in->size);
}

static int look(void *ctx, const char *s, size_t len)
{
	(void)ctx;
	for (size_t i = 0; i < len; i++)
		assert((s[i] >= ' ' && s[i] <= '~') || s[i] == '\n' || s[i] == '\t');
	return 0;
}

static int record(void *ctx, const struct printk_record *rec)
{
	uint64_t *seen = ctx;

	++*seen;
	assert(rec->len <= 65536);
	return printk_format(rec, look, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	const struct fact_set set = facts_of_program();
	struct fuzz_memory m;

	set_up(&m, &set, &in);
	for (int partial = 0; partial < 2; partial++) {
		struct printk_stats stats;
		uint64_t seen = 0;
		int err = printk_for_each(&m.mem, partial, record, &seen, &stats);

		fuzz_check_err(err);
		assert(fuzz_is_clean(stats.why) && seen == stats.records);
		/* No record takes less than a few bytes of the memory. */
		assert(seen <= 2 * size + 1);
	}
	facts_reset(&set);
	return 0;
}
