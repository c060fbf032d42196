// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's symbol tables, told by VMCOREINFO or found by scanning.
 *
 * Input, numbers with the least significant byte first:
 *	1	flags: FUZZ_*, WIDE
 *	1	where the image is, a number of places[]
 *	1, 1	a hole: its first page in the image, how many
 *	2	bit i: VMCOREINFO knows symbols[i]
 *	9 * 4	what they are, from the beginning of the image
 *	...	the image
 */
#include "facts/declare.h"
#include "symbols/kallsyms.h"
#include "symbols/kallsyms_tables.h"
#include "tests/fuzz/fuzz.h"

/* The image's bounds are further away than its bytes. */
#define WIDE 0x04

#define PAGE 4096

/* The last one: as near to the top as the image's size allows. */
static const vaddr_t places[] = {
	0xffffffff81000000, 0xffffffff83400000, 0xc0008000, 0xc2408000, PAGE, 0,
};

static const char *const symbols[] = {
	"kallsyms_names", "kallsyms_num_syms", "kallsyms_token_table", "kallsyms_token_index",
	"kallsyms_addresses", "kallsyms_offsets", "kallsyms_relative_base", "_stext", "prb",
};

/* mkseeds makes one such symbol, several, one with a suffix, and none. */
INIT_OPT_MOD_SYM(vmlinux, fuzz_single);
INIT_OPT_MOD_SYM(vmlinux, fuzz_several);
INIT_OPT_MOD_SYM(vmlinux, fuzz_suffix);
INIT_OPT_MOD_SYM(vmlinux, fuzz_missing);

static void set_up(struct fuzz_memory *m, const struct fact_set *set, struct fuzz_input *in)
{
	unsigned int flags = fuzz_number(in, 1);
	vaddr_t base = places[fuzz_number(in, 1) % ARRAY_SIZE(places)];
	uint64_t hole = fuzz_number(in, 1), hole_pages = fuzz_number(in, 1);
	unsigned int known = fuzz_number(in, 2);
	uint32_t value[ARRAY_SIZE(symbols)];

	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		value[i] = fuzz_number(in, 4);
	fuzz_memory_init(m, flags);
	if (!base)
		base = (m->mem.is64 ? 0 : UINT64_C(1) << 32) - div_round_up(in->size, PAGE) * PAGE;
	fuzz_memory_add(m, base, *in);
	m->hole = base + hole * PAGE;
	m->hole_end = m->hole + hole_pages * PAGE;
	m->mem.image_start = base;
	m->mem.image_end = base + in->size;
	if (flags & WIDE && base > 16 * PAGE && base + in->size < UINT32_MAX) {
		m->mem.image_start -= 16 * PAGE;
		m->mem.image_end += 1024 * PAGE;
	}
	facts_reset(set);
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		if (known & 1 << i)
			fuzz_set_symbol(set, symbols[i], base + value[i]);
}

struct tally {
	unsigned int seen;
	char last[KSYM_TEXT_MAX];
	uint64_t last_value;
};

static int look(void *ctx, const struct ksym *sym)
{
	struct tally *t = ctx;

	assert(!sym->module && sym->name[0] && strlen(sym->name) < KSYM_TEXT_MAX);
	assert(fuzz_is_clean(sym->name) && sym->type > ' ' && sym->type <= '~');
	strcpy(t->last, sym->name);
	t->last_value = sym->value;
	t->seen++;
	return 0;
}

static void ask(struct kallsyms *ks, vaddr_t base, const struct tally *t)
{
	struct ksym found[4];
	uint64_t value;
	int nr = search_kallsyms_by_name(ks, NULL, t->last, found, ARRAY_SIZE(found)), err;

	/* Whatever the walk gave can be found again. */
	assert(nr > 0 && !strcmp(found[0].name, t->last));
	err = get_kallsyms_value_by_name(ks, "", t->last, &value);
	assert(err == -ENOTUNIQ || (!err && value == t->last_value));
	nr = search_kallsyms_by_name(ks, "fuzzed", "fuzz_single", found, ARRAY_SIZE(found));
	assert(nr == 0);
	fuzz_check_err(search_kallsyms_by_address(ks, base, &found[0]));
	fuzz_check_err(search_kallsyms_by_address(ks, UINT64_MAX, &found[0]));
	err = search_kallsyms_by_address(ks, t->last_value, &found[0]);
	fuzz_check_err(err);
	assert(err || found[0].value <= t->last_value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	const struct fact_set set = facts_of_program();
	struct fuzz_memory m;
	struct tally t = { 0 };
	struct kallsyms *ks;
	int err;

	set_up(&m, &set, &in);
	if (kallsyms_create(&ks, &m.mem))
		return 0;
	err = register_ksym_section(ks, &set);
	assert(!err);
	err = init_kernel_kallsyms(ks);
	fuzz_check_err(err);
	assert(fuzz_is_clean(kallsyms_why(ks)));
	/* A symbol that is not found has no value. */
	for (size_t i = 0; i < set.nr_ksyms; i++)
		assert(set.ksyms[i]->index >= 0 || !set.ksyms[i]->value);
	fuzz_check_err(kallsyms_for_each(ks, look, &t));
	if (t.seen)
		ask(ks, m.pieces[0].va, &t);
	kallsyms_destroy(ks);
	facts_reset(&set);
	return 0;
}
