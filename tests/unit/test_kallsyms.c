// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Declared symbols found in the tables of kernels of every era, with and without
 * the help of VMCOREINFO, and in modules; and what becomes of tables that lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts/declare.h"
#include "facts/facts.h"
#include "symbols/kallsyms.h"
#include "symbols/module_list.h"
#include "tests/unit/kallsyms_image.h"

#define AT 0xffffffff81000000

/* Symbols enough for tables that are believed. */
#define NR_COMMON 606
#define COMMON \
	"many 300 at+0x10000 16 t __x64_sys_{}_enter\n" \
	"many 300 at+0x12000 16 T XFS_BtreeQ{}_qJKLMNOPRUVWXYZhgwz\n" \
	"symbol T _stext at\n" \
	"symbol d prb at\n" \
	"symbol T _text at\n" \
	"symbol D init_uts_ns at+0x80\n" \
	"symbol d clear_seq at+0x90\n" \
	"pad 64\n" \
	"symbol R linux_banner\n" \
	"text 'Linux version 5.19.0 (username)'\n" \
	"pad 4000\n" \
	"tables\n" \
	"pad 128*K\n"

static const struct kimage_text texts[] = {
	{ "names",
	  "self no\n"
	  "ffffffff81020000 t twice_local\n"
	  "ffffffff81020010 t twice_local\n"
	  "ffffffff81020020 t twice_same\n"
	  "ffffffff81020020 t twice_same\n"
	  "ffffffff81020030 t one_global\n"
	  "ffffffff81020040 T one_global\n"
	  "ffffffff81020050 t one_global\n"
	  "ffffffff81020060 D two_globals\n"
	  "ffffffff81020070 T two_globals\n"
	  "ffffffff81020080 t isra.isra.0\n"
	  "ffffffff81020090 t llvm.llvm.1234567890\n"
	  "ffffffff810200a0 t only_cold.cold\n"
	  "ffffffff810200b0 t isra_and_cold.constprop.0.isra.0\n"
	  "ffffffff810200c0 t isra_and_cold.constprop.0.cold\n"
	  "ffffffff810200d0 t two_suffixes.isra.0\n"
	  "ffffffff810200e0 t two_suffixes.constprop.0\n"
	  "ffffffff810200f0 t plain_and_suffix.isra.0\n"
	  "ffffffff81020100 t plain_and_suffix\n"
	  "ffffffff81020110 t same_suffixes.isra.0\n"
	  "ffffffff81020110 t same_suffixes.constprop.0\n"
	  "ffffffff81020120 t prefix_of_another\n"
	  "ffffffff81020130 W weak\n"
	  "ffffffff81020140 t weak\n"
	  "many 20 at+0x20200 16 t twenty\n"
	  "many 40 at+0x20400 16 T in_a_crowd\n" },
	/* arm64 has such marks within functions. */
	{ "marks", "self no\nffffffff81020000 t marked\nffffffff81020004 t $x.5\n"
		   "ffffffff81020008 t .Lmark\n" },
	{ "self", "self yes\n" },
	{ "7.0", "era 7.0\nself yes\n" },
	/* Between the offsets and relative_base is nothing, or padding. */
	{ "even", "era 6.1\n" },
	{ "odd", "era 6.1\nsymbol t one_more at+0x14000\n" },
	{ "even-percpu", "era 6.1\nvalues absolute-percpu\n" },
	{ "odd-percpu", "era 6.1\nvalues absolute-percpu\nsymbol t one_more at+0x14000\n" },
	{ "big-4.18", "era 4.18\norder big\n" },
	{ "absolute", "era 4.20\nvalues absolute\n" },
	{ "percpu", "era 4.20\nvalues absolute-percpu\n"
		    "symbol A fixed_percpu_data 0\nsymbol A cpu_number 0x1a040\n" },
	{ "two-banners", "self yes\nsymbol R linux_banner at+0x14000\n" },
	{ "modules", "self no\n" },
	{ "modules-32", "self no\nword 32\norder big\n" },
};

/* --- the code under test, with declarations of the test's own --------------------- */

#define MAX_SYMS 64

struct fixture {
	struct kimage img;
	struct kallsyms *ks;
	struct ksym_info syms[MAX_SYMS];
	struct ksym_info *ptrs[MAX_SYMS];
	struct fact_set set;
};

struct images {
	struct kmatrix matrix;
	struct kimages own;
};

static struct ksym_info *declare(struct fixture *f, const char *module, const char *name)
{
	struct ksym_info *s = &f->syms[f->set.nr_ksyms];

	assert_true(f->set.nr_ksyms < MAX_SYMS);
	f->set.ksyms = f->ptrs;
	f->ptrs[f->set.nr_ksyms++] = s;
	*s = (struct ksym_info){ .modname = module, .symname = name, .value = 0, .index = -1 };
	return s;
}

static struct ksym_info *want(struct fixture *f, const char *name)
{
	return declare(f, "vmlinux", name);
}

static void know(struct fixture *f, const char *name, uint64_t value)
{
	struct ksym_info *s = want(f, name);

	s->value = value;
	s->index = FACT_VMCOREINFO;
}

static const struct ksym_info *declared(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->set.nr_ksyms; i++)
		if (!strcmp(f->syms[i].symname, name))
			return &f->syms[i];
	fail_msg("%s is not declared", name);
	return NULL;
}

static void check_found(const struct fixture *f, const char *name, uint64_t value)
{
	const struct ksym_info *s = declared(f, name);

	if (s->index != FACT_KALLSYMS || s->value != value)
		fail_msg("%s: %d, %#llx instead of %#llx", name, s->index,
			 (unsigned long long)s->value, (unsigned long long)value);
}

static void check_missing(const struct fixture *f, const char *name, int index)
{
	assert_int_equal(declared(f, name)->index, index);
	assert_int_equal(declared(f, name)->value, 0);
}

/* Begin with an image; VMCOREINFO is what kimage_facts() makes of it. */
static void begin(struct fixture *f, const struct kimages *images, const char *name,
		  const char *without, const char *more)
{
	memset(f, 0, sizeof(*f));
	kimage_open(&f->img, images, name);
	kimage_facts(&f->img, without, more);
	assert_int_equal(kallsyms_create(&f->ks, &f->img.mem), 0);
}

static void begin_own(struct fixture *f, void **state, const char *name)
{
	begin(f, &((struct images *)*state)->own, name, NULL, NULL);
}

static int init(struct fixture *f)
{
	assert_int_equal(register_ksym_section(f->ks, &f->set), 0);
	return init_kernel_kallsyms(f->ks);
}

/* Known addresses as VMCOREINFO has them, then everything is resolved. */
static void init_well(struct fixture *f)
{
	know(f, "_stext", AT);
	know(f, "init_uts_ns", AT + 0x80);
	if (init(f))
		fail_msg("%s", kallsyms_why(f->ks));
	assert_string_equal(kallsyms_why(f->ks), "");
}

static void end(struct fixture *f)
{
	kallsyms_destroy(f->ks);
	kimage_close(&f->img);
}

/* --- every layout ------------------------------------------------------------- */

struct walk {
	const struct kmatrix *m;
	const struct kimage_layout *l;
	const struct kcorpus_symbol *next;
	unsigned int nr;
};

static int check_next(void *ctx, const struct ksym *sym)
{
	struct walk *w = ctx;

	while (!klayout_has(w->l, w->next))
		w->next++;
	assert_string_equal(sym->name, w->next->name);
	assert_int_equal(sym->type, w->next->type);
	assert_int_equal(sym->value, klayout_value(w->l, w->next));
	assert_null(sym->module);
	w->next++;
	w->nr++;
	return 0;
}

static void check_layout(const struct kmatrix *m, const struct kimage_layout *l, bool exported)
{
	struct walk w = { m, l, m->corpus.symbols, 0 };
	struct fixture f;
	int err;

	begin(&f, &m->images, l->name, exported ? NULL : "", NULL);
	for (unsigned int i = 0; i < KCORPUS_SYMBOLS; i += 29)
		if (i > 7)
			want(&f, m->corpus.symbols[i].name);
	for (unsigned int i = 0; i < 8; i++) {
		const struct kcorpus_symbol *s = &m->corpus.symbols[i];

		if (s->type == 'D' || s->type == 'd' || !strcmp(s->name, "_stext"))
			know(&f, s->name, klayout_value(l, s));
	}
	err = init(&f);
	if (err)
		fail_msg("%s, %s: %s", l->name, exported ? "exported" : "scanned", err_text(err));
	assert_int_equal(kallsyms_scanned(f.ks), !exported);
	assert_string_equal(kallsyms_why(f.ks), "");
	for (unsigned int i = 0; i < KCORPUS_SYMBOLS; i += 29) {
		const struct kcorpus_symbol *s = &m->corpus.symbols[i];

		if (i <= 7)
			continue;
		if (klayout_has(l, s))
			check_found(&f, s->name, klayout_value(l, s));
		else
			check_missing(&f, s->name, -1);
	}
	assert_int_equal(kallsyms_for_each(f.ks, check_next, &w), 0);
	assert_int_equal(w.nr, kimage_num_syms(&f.img));
	end(&f);
}

static void test_exported(void **state)
{
	const struct kmatrix *m = &((struct images *)*state)->matrix;

	for (size_t i = 0; i < m->nr; i++)
		check_layout(m, &m->layouts[i], true);
}

static void test_scanned(void **state)
{
	const struct kmatrix *m = &((struct images *)*state)->matrix;

	for (size_t i = 0; i < m->nr; i++)
		check_layout(m, &m->layouts[i], false);
}

/* --- names -------------------------------------------------------------------- */

static void test_names(void **state)
{
	struct fixture f;

	begin_own(&f, state, "names");
	want(&f, "twice_local");
	want(&f, "twice_same");
	want(&f, "one_global");
	want(&f, "two_globals");
	want(&f, "isra");
	want(&f, "llvm");
	want(&f, "only_cold");
	want(&f, "isra_and_cold");
	want(&f, "two_suffixes");
	want(&f, "plain_and_suffix");
	want(&f, "same_suffixes");
	want(&f, "prefix_of");
	want(&f, "prefix_of_another_one");
	want(&f, "weak");
	want(&f, "twenty");
	want(&f, "in_a_crowd");
	want(&f, "is_nowhere");
	want(&f, "");
	declare(&f, "xfs", "one_global");
	init_well(&f);
	check_missing(&f, "twice_local", FACT_AMBIGUOUS);
	check_found(&f, "twice_same", AT + 0x20020);
	check_found(&f, "one_global", AT + 0x20040);
	check_missing(&f, "two_globals", FACT_AMBIGUOUS);
	check_found(&f, "isra", AT + 0x20080);
	check_found(&f, "llvm", AT + 0x20090);
	check_missing(&f, "only_cold", -1);
	check_found(&f, "isra_and_cold", AT + 0x200b0);
	check_missing(&f, "two_suffixes", FACT_AMBIGUOUS);
	check_found(&f, "plain_and_suffix", AT + 0x20100);
	check_found(&f, "same_suffixes", AT + 0x20110);
	check_missing(&f, "prefix_of", -1);
	check_missing(&f, "prefix_of_another_one", -1);
	check_found(&f, "weak", AT + 0x20130);
	check_missing(&f, "twenty", FACT_AMBIGUOUS);
	check_missing(&f, "in_a_crowd", FACT_AMBIGUOUS);
	check_missing(&f, "is_nowhere", -1);
	check_missing(&f, "", -1);
	/* The kernel's symbols are not a module's. */
	assert_int_equal(f.syms[18].index, -1);
	end(&f);
}

/* Facts of other providers stay, and do not resolve other declarations. */
static void test_filled_in_before(void **state)
{
	const int sources = FACT_DWARF + 1;
	struct fixture f;

	begin_own(&f, state, "names");
	for (int source = 0; source < sources; source++) {
		struct ksym_info *s = want(&f, "one_global");

		s->index = source;
		s->value = 42 + source;
	}
	want(&f, "one_global");
	init_well(&f);
	for (int source = 0; source < sources; source++) {
		assert_int_equal(f.syms[source].index, source);
		assert_int_equal(f.syms[source].value, 42 + source);
	}
	assert_int_equal(f.syms[sources].index, FACT_KALLSYMS);
	assert_int_equal(f.syms[sources].value, AT + 0x20040);
	end(&f);
}

/* Sets can come one by one, and the same name in several. */
static void test_several_sets(void **state)
{
	struct ksym_info late = { .modname = "vmlinux", .symname = "isra", .index = -1 };
	struct ksym_info same = { .modname = "vmlinux", .symname = "weak", .index = -1 };
	struct ksym_info *ptrs[] = { &late, &same };
	const struct fact_set more = { .ksyms = ptrs, .nr_ksyms = 2 };
	struct fixture f;

	begin_own(&f, state, "names");
	want(&f, "weak");
	init_well(&f);
	check_found(&f, "weak", AT + 0x20130);
	assert_int_equal(register_ksym_section(f.ks, &more), 0);
	assert_int_equal(init_kernel_kallsyms(f.ks), 0);
	assert_int_equal(late.index, FACT_KALLSYMS);
	assert_int_equal(late.value, AT + 0x20080);
	assert_int_equal(same.value, AT + 0x20130);
	end(&f);
}

/* --- where tables are, and how values are encoded ------------------------------- */

/* Without one line of VMCOREINFO, whichever it is. */
static void test_missing_keys(void **state)
{
	static const char *const keys[] = {
		"SYMBOL(kallsyms_names", "SYMBOL(kallsyms_num_syms", "SYMBOL(kallsyms_token_table",
		"SYMBOL(kallsyms_token_index", "SYMBOL(kallsyms_offsets",
		"SYMBOL(kallsyms_relative_base", "SYMBOL(kallsyms_addresses", "",
	};
	static const char *const images[] = {
		"self", "7.0", "odd", "even", "big-4.18", "absolute",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(images) * ARRAY_SIZE(keys); i++) {
		const char *key = keys[i % ARRAY_SIZE(keys)];
		struct fixture f;
		bool needed;

		begin(&f, &((struct images *)*state)->own, images[i / ARRAY_SIZE(keys)], key, NULL);
		want(&f, "__x64_sys_77_enter");
		know(&f, "_stext", AT);
		know(&f, "init_uts_ns", AT + 0x80);
		needed = strstr(f.img.list, key);
		if (init(&f))
			fail_msg("%s without %s: %s", images[i / ARRAY_SIZE(keys)], key,
				 kallsyms_why(f.ks));
		assert_int_equal(kallsyms_scanned(f.ks), needed);
		check_found(&f, "__x64_sys_77_enter", AT + 0x10000 + 77 * 16);
		end(&f);
	}
}

/* Keys that lead elsewhere do no harm, as long as the tables can be found. */
static void test_wrong_keys(void **state)
{
	static const char *const keys[] = {
		"names", "num_syms", "token_table", "token_index", "offsets", "relative_base",
	};
	static const int64_t by[] = { 4, -4, 8, -8, 0x1000, -0x100000, 1LL << 40 };

	for (unsigned int i = 0; i < ARRAY_SIZE(keys) * ARRAY_SIZE(by); i++) {
		const char *key = keys[i % ARRAY_SIZE(keys)];
		const struct kimages *images = &((struct images *)*state)->own;
		char without[64], more[64];
		struct fixture f;
		vaddr_t right;

		begin(&f, images, "odd", NULL, NULL);
		right = kimage_table(&f.img, key);
		end(&f);
		snprintf(without, sizeof(without), "SYMBOL(kallsyms_%s)", key);
		snprintf(more, sizeof(more), "SYMBOL(kallsyms_%s)=%llx\n", key,
			 (unsigned long long)(right + by[i / ARRAY_SIZE(keys)]));
		begin(&f, images, "odd", without, more);
		want(&f, "__x64_sys_299_enter");
		know(&f, "_stext", AT);
		know(&f, "init_uts_ns", AT + 0x80);
		/* Names can be damaged, as far as this looks like it; but none is wrong. */
		if (!init(&f))
			check_found(&f, "__x64_sys_299_enter", AT + 0x10000 + 299 * 16);
		else
			assert_string_not_equal(kallsyms_why(f.ks), "");
		if (declared(&f, "__x64_sys_299_enter")->index >= 0)
			check_found(&f, "__x64_sys_299_enter", AT + 0x10000 + 299 * 16);
		end(&f);
	}
}

/*
 * A table that is read one element too late still has _stext right, since _text has
 * the same address. (Real kernels have no prb there, but symbols like it.)
 */
static void test_shifted_offsets(void **state)
{
	static const char *const images[] = { "even", "odd", "even-percpu", "odd-percpu", "self" };
	const struct kimages *own = &((struct images *)*state)->own;

	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(images); i++) {
		const char *name = images[i / 2];
		bool alone = i & 1;
		struct fixture f;
		char more[64];

		begin(&f, own, name, NULL, NULL);
		snprintf(more, sizeof(more), "SYMBOL(kallsyms_offsets)=%llx\n",
			 (unsigned long long)kimage_table(&f.img, "offsets") + 4);
		end(&f);
		begin(&f, own, name, "SYMBOL(kallsyms_offsets", more);
		want(&f, "__x64_sys_7_enter");
		know(&f, "_stext", AT);
		know(&f, "prb", AT);
		if (alone)
			memset(kimage_at(&f.img, AT + 64), 0, 14);
		else
			know(&f, "init_uts_ns", AT + 0x80);
		if (!init(&f) || !alone) {
			assert_true(kallsyms_scanned(f.ks));
			check_found(&f, "__x64_sys_7_enter", AT + 0x10000 + 7 * 16);
		} else {
			check_missing(&f, "__x64_sys_7_enter", -1);
		}
		end(&f);
	}
}

/* Evidence of which some is wrong, or little is there. */
static void test_evidence(void **state)
{
	static const struct {
		uint64_t stext, uts, seq;	/* 0: not known */
		bool banner, works;
	} cases[] = {
		{ AT, AT + 0x80, 0, true, true },
		{ AT, AT + 0x80, 0, false, true },
		{ AT, 0, 0, true, true },
		{ 0, 0, 0, true, true },
		/* One place, and the order of all. */
		{ AT, 0, 0, false, true },
		{ 0, AT + 0x80, 0, false, true },
		/* Nothing but the order. */
		{ 0, 0, 0, false, false },
		/* Two to two, three to one. */
		{ AT, AT + 0x91, AT + 0x81, true, false },
		{ AT, AT + 0x91, AT + 0x90, true, true },
		/* Two to one, one to one, none to two. */
		{ AT, AT + 0x90, 0, true, true },
		{ AT, AT + 0x90, 0, false, false },
		{ AT + 0x1000, AT + 0x1080, 0, true, false },
		{ AT + 0x1000, AT + 0x1080, 0, false, false },
		{ AT + 0x1000, 0, 0, false, false },
	};

	for (unsigned int i = 0; i < 3 * ARRAY_SIZE(cases); i++) {
		static const char *const images[] = { "self", "7.0", "percpu" };
		const char *name = images[i % 3];
		struct fixture f;
		int err;

		begin_own(&f, state, name);
		want(&f, "__x64_sys_250_enter");
		if (cases[i / 3].stext)
			know(&f, "_stext", cases[i / 3].stext);
		if (cases[i / 3].uts)
			know(&f, "init_uts_ns", cases[i / 3].uts);
		if (cases[i / 3].seq)
			know(&f, "clear_seq", cases[i / 3].seq);
		if (!cases[i / 3].banner)
			memset(kimage_at(&f.img, AT + 64), 'x', 14);
		err = init(&f);
		if (cases[i / 3].works != !err)
			fail_msg("%s, case %u: %s", name, i / 3, err ? err_text(err) : "no error");
		if (err) {
			assert_int_equal(err, -EBADMSG);
			assert_string_not_equal(kallsyms_why(f.ks), "");
			check_missing(&f, "__x64_sys_250_enter", -1);
		} else {
			check_found(&f, "__x64_sys_250_enter", AT + 0x10000 + 250 * 16);
		}
		end(&f);
	}
}

/* No symbol that is once in the tables has a known address. */
static void test_no_evidence(void **state)
{
	struct fixture f;

	begin_own(&f, state, "two-banners");
	want(&f, "__x64_sys_250_enter");
	assert_int_equal(init(&f), -EBADMSG);
	assert_non_null(strstr(kallsyms_why(f.ks), "neither VMCOREINFO"));
	end(&f);
	begin_own(&f, state, "two-banners");
	know(&f, "_stext", AT + 0x1000);
	assert_int_equal(init(&f), -EBADMSG);
	assert_non_null(strstr(kallsyms_why(f.ks), "of 1 known ones the tables have 0 right"));
	end(&f);
}

/* --- damage --------------------------------------------------------------------- */

static void test_lying_count(void **state)
{
	static const uint32_t counts[] = { 0, 1, 100, NR_COMMON - 1, NR_COMMON + 1, 5000,
					   16000000, 16000001, UINT32_MAX };
	static const char *const images[] = { "self", "odd", "big-4.18", "absolute" };

	for (unsigned int i = 0; i < ARRAY_SIZE(counts) * ARRAY_SIZE(images); i++) {
		const char *name = images[i / ARRAY_SIZE(counts)];
		uint32_t count = counts[i % ARRAY_SIZE(counts)];
		struct fixture f;
		uint8_t *p;
		int err;

		begin_own(&f, state, name);
		p = kimage_at(&f.img, kimage_table(&f.img, "num_syms"));
		store_u32(p, 0, false);
		store_u32(strcmp(name, "big-4.18") ? p : p + 4, count, f.img.mem.swap);
		want(&f, "__x64_sys_0_enter");
		know(&f, "_stext", AT);
		know(&f, "init_uts_ns", AT + 0x80);
		err = init(&f);
		if (err)
			assert_string_not_equal(kallsyms_why(f.ks), "");
		/* Right or not at all. */
		if (declared(&f, "__x64_sys_0_enter")->index >= 0)
			check_found(&f, "__x64_sys_0_enter", AT + 0x10000);
		if (!count || count > 16000000)
			assert_int_not_equal(err, 0);
		end(&f);
	}
}

/* Damage to the names of one block loses its 256 symbols, not those of other blocks. */
static void test_damaged_names(void **state)
{
	struct fixture f;
	vaddr_t names;

	begin_own(&f, state, "names");
	names = kimage_table(&f.img, "names");
	/* The length of the first name in the second block. */
	*kimage_at(&f.img, names + load_u32(kimage_at(&f.img, kimage_table(&f.img, "markers") + 4),
					    HOST_BIG_ENDIAN)) = 0;
	want(&f, "__x64_sys_5_enter");
	want(&f, "__x64_sys_290_enter");
	want(&f, "isra");
	know(&f, "_stext", AT);
	know(&f, "init_uts_ns", AT + 0x80);
	assert_int_equal(init(&f), -EBADMSG);
	assert_non_null(strstr(kallsyms_why(f.ks), "256 of"));
	check_found(&f, "__x64_sys_5_enter", AT + 0x10000 + 5 * 16);
	check_missing(&f, "__x64_sys_290_enter", -1);
	check_found(&f, "isra", AT + 0x20080);
	end(&f);
}

/* A cut dump can lack the names. Then the reason is not a lack of VMCOREINFO. */
static void test_missing_names(void **state)
{
	struct fixture f;
	vaddr_t names;

	begin_own(&f, state, "names");
	names = kimage_table(&f.img, "names");
	kimage_hole(&f.img, names, kimage_table(&f.img, "markers") - names);
	want(&f, "isra");
	know(&f, "_stext", AT);
	know(&f, "init_uts_ns", AT + 0x80);
	assert_int_equal(init(&f), -EBADMSG);
	assert_non_null(strstr(kallsyms_why(f.ks), "symbols are damaged or missing"));
	check_missing(&f, "isra", -1);
	end(&f);
}

static int count(void *ctx, const struct ksym *sym)
{
	(void)sym;
	++*(unsigned int *)ctx;
	return 0;
}

/* Known symbols and the banner tell the base that offsets count from; neither does alone. */
static void test_damaged_base(void **state)
{
	static const char *const images[] = { "self", "percpu" };
	static const struct {
		int64_t by;	/* all known addresses are wrong by so much */
		bool seq, banner, works;
	} cases[] = {
		{ 0, true, true, true },
		{ 0, true, false, false },
		{ 0, false, true, true },
		{ 0x1000, true, true, false },
		{ -0x200000, true, false, false },
	};

	for (unsigned int i = 0; i < 4 * ARRAY_SIZE(cases); i++) {
		unsigned int c = i / 4;
		struct fixture f;
		vaddr_t base;
		int err;

		begin_own(&f, state, images[i & 1]);
		base = kimage_table(&f.img, "relative_base");
		if (i & 2)
			kimage_hole(&f.img, base, 8);
		else
			*(uint8_t *)kimage_at(&f.img, base + 2) ^= 0x10;
		want(&f, "__x64_sys_250_enter");
		know(&f, "_stext", AT + cases[c].by);
		know(&f, "init_uts_ns", AT + 0x80 + cases[c].by);
		if (cases[c].seq)
			know(&f, "clear_seq", AT + 0x90 + cases[c].by);
		if (!cases[c].banner)
			memset(kimage_at(&f.img, AT + 64), 'x', 14);
		err = init(&f);
		if (cases[c].works != !err)
			fail_msg("case %u: %s", i, err ? err_text(err) : "no error");
		if (!err)
			check_found(&f, "__x64_sys_250_enter", AT + 0x10000 + 250 * 16);
		end(&f);
	}
}

/* Unreadable values lose only the symbols that have them. */
static void test_unreadable_values(void **state)
{
	unsigned int nr = 0;
	struct fixture f;

	begin_own(&f, state, "names");
	/* Those of the symbols 100 to 109. */
	kimage_hole(&f.img, kimage_table(&f.img, "offsets") + 400, 40);
	want(&f, "__x64_sys_10_enter");
	want(&f, "__x64_sys_99_enter");
	want(&f, "isra");
	know(&f, "_stext", AT);
	know(&f, "init_uts_ns", AT + 0x80);
	assert_int_equal(init(&f), -EFAULT);
	assert_string_not_equal(kallsyms_why(f.ks), "");
	check_found(&f, "__x64_sys_10_enter", AT + 0x10000 + 10 * 16);
	check_missing(&f, "__x64_sys_99_enter", -1);
	check_found(&f, "isra", AT + 0x20080);
	assert_int_equal(kallsyms_for_each(f.ks, count, &nr), -EBADMSG);
	assert_int_equal(nr, kimage_num_syms(&f.img) - 10);
	end(&f);
}

static void test_nothing(void **state)
{
	struct ksym sym;
	uint64_t value;
	struct fixture f;

	for (unsigned int i = 0; i < 3; i++) {
		begin(&f, &((struct images *)*state)->own, "odd", i ? NULL : "", NULL);
		if (i < 2)
			memset(f.img.data, 0, f.img.size);
		else
			kimage_hole(&f.img, f.img.start, f.img.size);
		want(&f, "isra");
		know(&f, "_stext", AT);
		assert_int_equal(init(&f), i == 0 ? -ENOENT : i == 1 ? -EBADMSG : -EFAULT);
		check_missing(&f, "isra", -1);
		assert_int_equal(kallsyms_for_each(f.ks, count, &value), -ENOENT);
		assert_int_equal(search_kallsyms_by_name(f.ks, NULL, "isra", &sym, 1), -ENOENT);
		assert_int_equal(get_kallsyms_value_by_name(f.ks, NULL, "isra", &value), -ENOENT);
		assert_int_equal(search_kallsyms_by_address(f.ks, AT, &sym), -ENOENT);
		end(&f);
	}
	kallsyms_destroy(NULL);
}

/* --- looking up ------------------------------------------------------------------ */

/* The tables are symbols themselves. */
static void test_own_symbols(void **state)
{
	static const char *const tables[] = {
		"names", "num_syms", "markers", "token_table", "token_index", "offsets",
		"seqs_of_names",
	};

	for (unsigned int i = 0; i < 2; i++) {
		struct fixture f;
		uint64_t value;

		begin_own(&f, state, i ? "7.0" : "self");
		init_well(&f);
		for (unsigned int j = 0; j < ARRAY_SIZE(tables); j++) {
			char name[64];

			snprintf(name, sizeof(name), "kallsyms_%s", tables[j]);
			assert_int_equal(get_kallsyms_value_by_name(f.ks, NULL, name, &value), 0);
			assert_int_equal(value, kimage_table(&f.img, tables[j]));
		}
		assert_int_equal(get_kallsyms_value_by_name(f.ks, NULL, "kallsyms_relative_base",
							    &value), i ? -ENOENT : 0);
		end(&f);
	}
}

static int stop_at_third(void *ctx, const struct ksym *sym)
{
	(void)sym;
	return ++*(int *)ctx == 3 ? 77 : 0;
}

static void test_for_each_ends(void **state)
{
	struct fixture f;
	int nr = 0;

	begin_own(&f, state, "names");
	init_well(&f);
	assert_int_equal(kallsyms_for_each(f.ks, stop_at_third, &nr), 77);
	assert_int_equal(nr, 3);
	end(&f);
}

static void test_by_name(void **state)
{
	struct ksym found[25];
	struct fixture f;
	uint64_t value;

	begin_own(&f, state, "names");
	init_well(&f);
	memset(found, 0, sizeof(found));
	assert_int_equal(search_kallsyms_by_name(f.ks, NULL, "one_global", found, 25), 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_string_equal(found[i].name, "one_global");
		assert_int_equal(found[i].type, "tTt"[i]);
		assert_int_equal(found[i].value, AT + 0x20030 + 16 * i);
		assert_null(found[i].module);
	}
	/* No more than there is room for. */
	memset(found, 0, sizeof(found));
	assert_int_equal(search_kallsyms_by_name(f.ks, "", "twenty", found, 7), 20);
	assert_int_equal(found[6].value, AT + 0x20200 + 6 * 16);
	assert_null(found[7].name);
	assert_int_equal(search_kallsyms_by_name(f.ks, "", "twenty", NULL, 0), 20);
	assert_int_equal(search_kallsyms_by_name(f.ks, NULL, "twent", found, 25), 0);
	assert_int_equal(search_kallsyms_by_name(f.ks, NULL, "", found, 25), 0);
	assert_int_equal(search_kallsyms_by_name(f.ks, "xfs", "twenty", found, 25), 0);

	assert_int_equal(get_kallsyms_value_by_name(f.ks, NULL, "twice_same", &value), 0);
	assert_int_equal(value, AT + 0x20020);
	assert_int_equal(get_kallsyms_value_by_name(f.ks, NULL, "isra.isra.0", &value), 0);
	assert_int_equal(value, AT + 0x20080);
	assert_int_equal(get_kallsyms_value_by_name(f.ks, NULL, "twice_local", &value), -ENOTUNIQ);
	assert_int_equal(get_kallsyms_value_by_name(f.ks, NULL, "twenty", &value), -ENOTUNIQ);
	assert_int_equal(get_kallsyms_value_by_name(f.ks, NULL, "is_nowhere", &value), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "is_nowhere"));
	end(&f);
}

static void check_address(struct fixture *f, uint64_t address, const char *name, uint64_t value)
{
	struct ksym sym = { 0 };

	if (!name) {
		assert_int_equal(search_kallsyms_by_address(f->ks, address, &sym), -ENOENT);
		return;
	}
	assert_int_equal(search_kallsyms_by_address(f->ks, address, &sym), 0);
	assert_string_equal(sym.name, name);
	assert_int_equal(sym.value, value);
}

static void test_by_address(void **state)
{
	struct fixture f;

	begin_own(&f, state, "names");
	init_well(&f);
	check_address(&f, AT + 0x20040, "one_global", AT + 0x20040);
	check_address(&f, AT + 0x2004f, "one_global", AT + 0x20040);
	check_address(&f, AT + 0x2003f, "one_global", AT + 0x20030);
	check_address(&f, AT + 0x20020, "twice_same", AT + 0x20020);
	check_address(&f, AT + 1, "_stext", AT);
	check_address(&f, AT - 1, NULL, 0);
	check_address(&f, 0, NULL, 0);
	check_address(&f, UINT64_MAX, NULL, 0);
	end(&f);

	begin_own(&f, state, "marks");
	init_well(&f);
	check_address(&f, AT + 0x20005, "marked", AT + 0x20000);
	check_address(&f, AT + 0x20008, "marked", AT + 0x20000);
	end(&f);

	/* A per-CPU offset is no address. */
	begin_own(&f, state, "percpu");
	want(&f, "cpu_number");
	init_well(&f);
	check_found(&f, "cpu_number", 0x1a040);
	check_address(&f, 0x1a040, NULL, 0);
	check_address(&f, 0, NULL, 0);
	check_address(&f, AT + 0x10008, "__x64_sys_0_enter", AT + 0x10000);
	end(&f);
}

/* --- modules --------------------------------------------------------------------- */

/* Modules whose data are in the last 64 KiB of the image. */
struct fake {
	struct kmodule modules[3];
	struct module_list list;
	vaddr_t next;
};

struct fake_symbol {
	const char *name;
	char type;
	uint64_t value;
};

static vaddr_t put(struct fixture *f, struct fake *m, const void *data, size_t len)
{
	vaddr_t at = m->next;

	memcpy(kimage_at(&f->img, at), data, len);
	m->next = at + (len + 15) / 16 * 16;
	return at;
}

static void add_module(struct fixture *f, struct fake *m, const char *name,
		       const struct fake_symbol *symbols, unsigned int nr)
{
	struct kmodule *mod = &m->modules[m->list.nr++];
	char strings[512] = "", types[32] = "?";
	bool is64 = f->img.mem.is64, swap = f->img.mem.swap;
	unsigned int size = is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	uint8_t raw[32 * sizeof(Elf64_Sym)] = { 0 };
	size_t at = 1;

	assert_true(nr < 32);
	for (unsigned int i = 0; i < nr; i++) {
		uint8_t *p = raw + (i + 1) * size;

		store_u32(p, at, swap);
		if (is64)
			store_u64(p + offsetof(Elf64_Sym, st_value), symbols[i].value, swap);
		else
			store_u32(p + offsetof(Elf32_Sym, st_value), symbols[i].value, swap);
		p[is64 ? offsetof(Elf64_Sym, st_shndx) : offsetof(Elf32_Sym, st_shndx)] =
			symbols[i].type != 'u';
		types[i + 1] = symbols[i].type;
		at += snprintf(strings + at, sizeof(strings) - at, "%s", symbols[i].name) + 1;
		assert_true(at < sizeof(strings));
	}
	m->list.modules = m->modules;
	*mod = (struct kmodule){ .num_symtab = nr + 1 };
	snprintf(mod->name, sizeof(mod->name), "%s", name);
	if (m->list.nr == 1)
		m->next = f->img.start + f->img.size - 65536;
	mod->symtab = put(f, m, raw, (nr + 1) * size);
	mod->strtab = put(f, m, strings, at);
	/* It begins where the strings end. */
	m->next = mod->strtab + at;
	mod->typetab = put(f, m, types, nr + 1);
}

static const struct fake_symbol in_alpha[] = {
	{ "alpha_ops", 'd', 0xc1000000 }, { "shared", 't', 0xc1000010 },
	{ "twice", 't', 0xc1000020 }, { "twice", 't', 0xc1000030 },
	{ "suffixed.isra.0", 't', 0xc1000040 }, { "only_cold.cold", 't', 0xc1000050 },
};
static const struct fake_symbol in_beta[] = {
	{ "beta_ops", 'd', 0xc2000000 }, { "shared", 't', 0xc2000010 },
	/* A livepatch names those of others. */
	{ "twice", 'u', 0xc1000020 },
};

static void add_modules(struct fixture *f, struct fake *m)
{
	memset(m, 0, sizeof(*m));
	add_module(f, m, "alpha", in_alpha, ARRAY_SIZE(in_alpha));
	add_module(f, m, "beta", in_beta, ARRAY_SIZE(in_beta));
}

/* As init_well(), for the other word size too. */
static void init_somewhere(struct fixture *f)
{
	know(f, "_stext", f->img.start);
	know(f, "init_uts_ns", f->img.start + 0x80);
	if (init(f))
		fail_msg("%s", kallsyms_why(f->ks));
}

static int check_module_symbol(void *ctx, const struct ksym *sym)
{
	unsigned int *nr = ctx, i = (*nr)++;

	if (i < NR_COMMON) {
		assert_null(sym->module);
		return 0;
	}
	i -= NR_COMMON;
	assert_string_equal(sym->module, i < 6 ? "alpha" : "beta");
	assert_string_equal(sym->name, i < 6 ? in_alpha[i].name : in_beta[i - 6].name);
	assert_int_equal(sym->value, i < 6 ? in_alpha[i].value : in_beta[i - 6].value);
	assert_int_equal(sym->type, i < 6 ? in_alpha[i].type : in_beta[i - 6].type);
	return 0;
}

static void test_modules(void **state)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct ksym found[4];
		unsigned int nr = 0;
		struct fixture f;
		struct fake m;
		uint64_t value;

		begin_own(&f, state, i ? "modules-32" : "modules");
		add_modules(&f, &m);
		declare(&f, "alpha", "alpha_ops");
		declare(&f, "alpha", "shared");
		declare(&f, "alpha", "twice");
		declare(&f, "alpha", "suffixed");
		declare(&f, "alpha", "only_cold");
		declare(&f, "alpha", "beta_ops");
		declare(&f, "gamma", "gamma_ops");
		declare(&f, "alpha", "__x64_sys_1_enter");
		want(&f, "twice");
		declare(&f, "beta", "shared");
		declare(&f, "beta", "twice");
		init_somewhere(&f);
		check_missing(&f, "alpha_ops", -1);
		assert_int_equal(init_module_kallsyms(f.ks, &m.list), 0);
		check_found(&f, "alpha_ops", 0xc1000000);
		check_found(&f, "shared", 0xc1000010);
		check_missing(&f, "twice", FACT_AMBIGUOUS);
		check_found(&f, "suffixed", 0xc1000040);
		check_missing(&f, "only_cold", -1);
		check_missing(&f, "beta_ops", -1);
		check_missing(&f, "gamma_ops", -1);
		check_missing(&f, "__x64_sys_1_enter", -1);
		/* A module's symbols are not the kernel's. */
		assert_int_equal(f.syms[8].index, -1);
		assert_int_equal(f.syms[9].value, 0xc2000010);
		assert_int_equal(f.syms[10].index, -1);

		assert_int_equal(kallsyms_for_each(f.ks, check_module_symbol, &nr), 0);
		assert_int_equal(nr, NR_COMMON + 9);
		assert_int_equal(search_kallsyms_by_name(f.ks, "beta", "twice", found, 4), 0);
		assert_int_equal(search_kallsyms_by_name(f.ks, "", "shared", found, 4), 2);
		assert_string_equal(found[0].module, "alpha");
		assert_string_equal(found[1].module, "beta");
		assert_int_equal(search_kallsyms_by_name(f.ks, "beta", "shared", found, 4), 1);
		assert_int_equal(found[0].value, 0xc2000010);
		assert_int_equal(search_kallsyms_by_name(f.ks, NULL, "shared", found, 4), 0);
		assert_int_equal(get_kallsyms_value_by_name(f.ks, "", "shared", &value), -ENOTUNIQ);
		assert_int_equal(get_kallsyms_value_by_name(f.ks, "alpha", "shared", &value), 0);
		assert_int_equal(value, 0xc1000010);
		check_address(&f, 0xc2000008, "beta_ops", 0xc2000000);
		assert_int_equal(search_kallsyms_by_address(f.ks, 0xc2000018, found), 0);
		assert_string_equal(found[0].module, "beta");
		end(&f);
	}
}

/* Only modules that a declaration names are read, and a bad one spoils no other. */
static void test_bad_modules(void **state)
{
	for (unsigned int i = 0; i < 5; i++) {
		bool asked = i != 4;
		struct fixture f;
		struct fake m;
		unsigned int nr = 0;

		begin_own(&f, state, "modules");
		add_modules(&f, &m);
		add_module(&f, &m, "zeta", in_beta, ARRAY_SIZE(in_beta));
		declare(&f, "zeta", "beta_ops");
		if (asked)
			declare(&f, "alpha", "alpha_ops");
		switch (i) {
		case 0: m.modules[0].symtab = 0xc0000000; break;
		case 1: m.modules[0].strtab = 0xc0000000; break;
		case 2: m.modules[0].num_symtab = UINT32_MAX; break;
		case 3: m.modules[0].symtab = 0; break;
		case 4: m.modules[0].symtab = 0xc0000000; break;
		}
		init_somewhere(&f);
		assert_int_equal(!init_module_kallsyms(f.ks, &m.list), i >= 3);
		check_found(&f, "beta_ops", 0xc2000000);
		if (asked)
			check_missing(&f, "alpha_ops", -1);
		if (i < 3)
			assert_non_null(strstr(kallsyms_why(f.ks), "alpha"));
		else
			assert_string_equal(kallsyms_why(f.ks), "");
		/* The walk gives the symbols of the other modules nevertheless. */
		assert_int_equal(!kallsyms_for_each(f.ks, count, &nr), i == 3);
		assert_int_equal(nr, NR_COMMON + 2 * ARRAY_SIZE(in_beta));
		end(&f);
	}
}

/* Modules can be asked for although the kernel's tables cannot be found. */
static void test_modules_alone(void **state)
{
	struct fixture f;
	struct fake m;

	begin_own(&f, state, "modules");
	memset(f.img.data, 0, f.img.size);
	add_modules(&f, &m);
	declare(&f, "beta", "beta_ops");
	assert_int_not_equal(init(&f), 0);
	assert_int_equal(init_module_kallsyms(f.ks, &m.list), 0);
	check_found(&f, "beta_ops", 0xc2000000);
	end(&f);
}

static int group_setup(void **state)
{
	struct images *all = calloc(1, sizeof(*all));

	*state = all;
	if (!all || kmatrix_make(&all->matrix))
		return -1;
	return kimages_make(&all->own, COMMON, texts, ARRAY_SIZE(texts));
}

static int group_teardown(void **state)
{
	struct images *all = *state;
	int err = kmatrix_remove(&all->matrix);

	err = kimages_remove(&all->own) ?: err;
	free(all);
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exported),
		cmocka_unit_test(test_scanned),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_filled_in_before),
		cmocka_unit_test(test_several_sets),
		cmocka_unit_test(test_missing_keys),
		cmocka_unit_test(test_wrong_keys),
		cmocka_unit_test(test_shifted_offsets),
		cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_no_evidence),
		cmocka_unit_test(test_lying_count),
		cmocka_unit_test(test_damaged_names),
		cmocka_unit_test(test_missing_names),
		cmocka_unit_test(test_damaged_base),
		cmocka_unit_test(test_unreadable_values),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_own_symbols),
		cmocka_unit_test(test_for_each_ends),
		cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_by_address),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_bad_modules),
		cmocka_unit_test(test_modules_alone),
	};

	return cmocka_run_group_tests_name("kallsyms", tests, group_setup, group_teardown);
}
