// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A vmlinux in miniature, compiled here in every dialect of DWARF that the
 * compilers at hand speak. The facts found in it are compared with those that the
 * compiler itself put into an array: offsetof() and sizeof().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "debuginfo/dwarf_provider.h"
#include "lib/err.h"
#include "lib/types.h"

#ifdef HAVE_DWARF

#include "tests/unit/cpu_limit.h"
#include "tests/unit/minivmlinux.h"

#define SOURCE FACT_VMCOREINFO

/* (tag, type, member): what is compared with offsetof() and sizeof(). */
#define MEMBERS(X) \
	X(struct, page, flags) X(struct, page, lru) X(struct, page, mapping) \
	X(struct, page, index) X(struct, page, private) X(struct, page, compound_head) \
	X(struct, page, compound_order) X(struct, page, _mapcount) X(struct, page, page_type) \
	X(struct, page, _refcount) X(struct, folio, page) X(struct, folio, _flags_1) \
	X(struct, folio, _folio_order) X(struct, folio, __page_1) \
	X(struct, mem_section, section_mem_map) X(struct, zone, free_area) \
	X(struct, zone, vm_stat) X(struct, free_area, free_list) X(, nodemask_t, bits) \
	X(, atomic_long_t, counter) X(union, thread_union, stack) X(struct, twins, wanted) \
	X(struct, twins, also) X(struct, outer, innermost) X(struct, inner, deep)

#define DECLARE(tag, type, member) INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, type, member);
#define RECORD(tag, type, member) &_kmember_vmlinux_##type##_##member,
#define TRUTH(tag, type, member) \
	"__builtin_offsetof(" #tag " " #type ", " #member ") * 8," \
	"sizeof(((" #tag " " #type " *)0)->" #member "), sizeof(" #tag " " #type "),\n"

MEMBERS(DECLARE)
static struct ktype_info *const members[] = { MEMBERS(RECORD) };

/* (id, tag, type, path): likewise. */
#define PATHS(X) \
	X(mm_root, struct, mm, mm_mt.ma_root) X(mm_deep, struct, mm, deep.ma_flags) \
	X(mm_tree, struct, mm, mm_mt) X(mm_inner, struct, mm, mm_mt.inner.last) \
	X(mm_array, struct, mm, counts) X(mm_users, struct, mm, users) \
	X(mm_fields, struct, mm, fields) X(lru_prev, struct, folio, page.lru.prev) \
	X(page_lru, struct, folio, page.lru) \
	X(unnamed, , unnamed_t, sub.wanted) X(through_union, union, either, two.sub.wanted) \
	X(rival, struct, rivals, sub.wanted) X(rival_also, struct, rivals, sub.also) \
	X(both_ways, struct, shadow, name.last)

#define DECLARE_PATH(id, tag, type, path) INIT_OPT_MOD_PATH(vmlinux, id, #type "." #path);
#define RECORD_PATH(id, tag, type, path) &_kpath_vmlinux_##id,
#define PATH_TRUTH(id, tag, type, path) \
	"__builtin_offsetof(" #tag " " #type ", " #path ") * 8," \
	"sizeof(((" #tag " " #type " *)0)->" #path "),\n"

PATHS(DECLARE_PATH)
static struct kpath_info *const paths[] = { PATHS(RECORD_PATH) };

/* (type, member, first bit, width, size of the type it is declared with) */
#define BIT_FIELDS(X) \
	X(bits, a, 0, 3, 4) X(bits, b, 3, 5, 4) X(bits, c, 8, 33, 8) X(bits, d, 41, 2, 1) \
	X(bits, e, 43, 1, 1) X(bits, nested, 101, 7, 4) X(packed_bits, x, 8, 17, 4) \
	X(packed_bits, y, 25, 20, 4)

#define DECLARE_BITS(type, member, first, width, size) \
	INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, type, member);
#define RECORD_BITS(type, member, first, width, size) \
	{ &_kmember_vmlinux_##type##_##member, first, width, size },

BIT_FIELDS(DECLARE_BITS)
static const struct {
	struct ktype_info *record;
	uint32_t first, width, size;
} bit_fields[] = { BIT_FIELDS(RECORD_BITS) };

#define NUMBERS(X) \
	X(PG_lru, 5) X(PG_head, 6) X(PGTY_buddy, 240) X(PGTY_wide, 0xfff0) X(MIXED_MINUS, -2) \
	X(MIXED_BIG, 200) X(MIXED_BIGGER, 40000) X(HUGE_VALUE, INT64_C(0x123456789abcdef0)) \
	X(ANONYMOUS, 17) X(INSIDE, 9)

#define DECLARE_NUMBER(name, value) INIT_OPT_MOD_NUM(vmlinux, name);
#define RECORD_NUMBER(name, value) { &_knum_vmlinux_##name, value },

NUMBERS(DECLARE_NUMBER)
static const struct {
	struct knum_info *record;
	int64_t value;
} numbers[] = { NUMBERS(RECORD_NUMBER) };

INIT_OPT_MOD_STRUCT(vmlinux, page);
INIT_OPT_MOD_STRUCT(vmlinux, thing);
INIT_OPT_MOD_STRUCT(vmlinux, zone_type);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, zone, free_area);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, zone, vm_stat);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, free_area, free_list);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, flexible, tail);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, flexible, none);
INIT_OPT_MOD_VAR_LEN(vmlinux, node_data);
INIT_OPT_MOD_VAR_LEN(vmlinux, table);
INIT_OPT_MOD_VAR_LEN(vmlinux, completed_later);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, flexible, tail);

INIT_OPT_MOD_PATH(vmlinux, narrow, "mm.fields.y");

/* Paths that lead nowhere. */
#define DEAD_ENDS(X) \
	X(pointer, "mm.tree_pointer.ma_root") X(array, "mm.counts.counter") \
	X(number, "mm.users.x") X(no_dot, "mm.mm_mtxma_root") \
	X(missing_end, "mm.mm_mt.missing") X(missing_middle, "mm.missing.ma_root") \
	X(missing_type, "no_such.member") X(declared, "only_declared.member") X(bare, "mm") \
	X(nothing, "") X(dot, ".") X(ends_early, "mm.") X(ends_later, "mm.mm_mt.") \
	X(double_dot, "mm..mm_mt") X(starts_late, ".mm.users") X(prefix, "mm.mm_m") \
	X(longer, "mm.mm_mtx.ma_root") X(enumerator, "zone_type.ZONE_DMA")
#define DECLARE_DEAD_END(id, path) INIT_OPT_MOD_PATH(vmlinux, dead_##id, path);
#define RECORD_DEAD_END(id, path) &_kpath_vmlinux_dead_##id,

DEAD_ENDS(DECLARE_DEAD_END)
static struct kpath_info *const dead_ends[] = { DEAD_ENDS(RECORD_DEAD_END) };

/* Facts that are missing, or in a place where they must not be found. */
INIT_OPT_MOD_STRUCT(vmlinux, only_declared);
INIT_OPT_MOD_STRUCT(vmlinux, local_to_a_function);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page, compound_info);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page, local);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, zone, next);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, twins, unrelated);
/* Definitions of different units that differ, and are equally good. */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, equals, place);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, equals, agreed);
INIT_OPT_MOD_NUM(vmlinux, TWO_VALUES);
INIT_OPT_MOD_NUM(vmlinux, ONE_VALUE);
/* A symbol, to meet damage to the symbol table as well. */
INIT_OPT_MOD_SYM(vmlinux, node_data);
INIT_OPT_MOD_NUM(vmlinux, PG_local);
INIT_OPT_MOD_NUM(vmlinux, page);
INIT_OPT_MOD_VAR_LEN(vmlinux, mem_section);
INIT_OPT_MOD_VAR_LEN(vmlinux, PG_lru);
INIT_OPT_MOD_STRUCT(xfs, page);
INIT_OPT_MOD_NUM(xfs, PG_lru);
INIT_OPT_MOD_PATH(xfs, of_a_module, "mm.mm_mt.ma_root");

static const char header[] =
	"typedef _Bool bool;\n"
	"typedef struct { long counter; } atomic_long_t;\n"
	"typedef struct { int counter; } atomic_t;\n"
	"typedef struct { unsigned long f; } memdesc_flags_t;\n"
	"typedef const volatile memdesc_flags_t odd_flags_t;\n"
	"typedef struct nodemask { unsigned long bits[4]; } nodemask_t;\n"
	"enum pageflags { PG_locked, PG_lru = 5, PG_head, __NR_PAGEFLAGS };\n"
	"enum pagetype { PGTY_buddy = 0xf0, PGTY_offline, PGTY_wide = 0xfff0 };\n"
	"enum mixed { MIXED_MINUS = -2, MIXED_BIG = 200, MIXED_BIGGER = 40000 };\n"
	"enum huge { HUGE_VALUE = 0x123456789abcdef0 };\n"
	"enum zone_type { ZONE_DMA, ZONE_NORMAL };\n"
	"struct only_declared;\n"
	"struct list_head { struct list_head *next, *prev; };\n"
	"struct page {\n"
	"	odd_flags_t flags;\n"
	"	union {\n"
	"		struct {\n"
	"			union { struct list_head lru; void *pcp[2]; };\n"
	"			struct address_space *mapping;\n"
	"			union { unsigned long index, share; };\n"
	"			unsigned long private;\n"
	"		};\n"
	"		struct {\n"
	"			unsigned long compound_head;\n"
	"			unsigned char compound_dtor, compound_order;\n"
	"		};\n"
	"	};\n"
	"	union { unsigned int page_type; atomic_t _mapcount; };\n"
	"	atomic_t _refcount;\n"
	"	struct only_declared *owner;\n"
	"};\n"
	"struct folio {\n"
	"	union { struct { unsigned long flags; }; struct page page; };\n"
	"	union {\n"
	"		struct { unsigned long _flags_1, _head_1; unsigned char _dtor, _folio_order; };\n"
	"		struct page __page_1;\n"
	"	};\n"
	"};\n"
	"struct mem_section { unsigned long section_mem_map; void *usage; };\n"
	"struct free_area { struct list_head free_list[5]; unsigned long nr_free; };\n"
	"struct zone { char name; const struct free_area free_area[11]; atomic_long_t vm_stat[3][7]; };\n"
	"struct flexible { int n; long none[0]; short tail[]; };\n"
	"union thread_union { int task; unsigned long stack[512]; };\n"
	"struct bits {\n"
	"	unsigned int a:3, b:5; unsigned long long c:33; signed char d:2; bool e:1;\n"
	"	unsigned int :0; unsigned int gap;\n"
	"	union { struct { unsigned int before:5; unsigned int nested:7; }; };\n"
	"} __attribute__((aligned(8)));\n"
	"struct packed_bits { char c; unsigned int x:17, y:20; } __attribute__((packed));\n"
	"struct outer { enum { INSIDE = 9 } a; struct { int b; struct inner { int deep; } c; struct {\n"
	"	union { int d; struct { int e; struct { int innermost; }; }; }; }; }; };\n"
	"struct tree { union { int lock; struct { short a, b; }; }; void *ma_root; unsigned int ma_flags;\n"
	"	struct { char first; union { char c; long last; }; } inner; };\n"
	"typedef const struct tree tree_t;\n"
	"struct mm { char users; struct { long n; volatile tree_t mm_mt; union { int u;\n"
	"	struct { long pad; struct tree deep; }; }; };\n"
	"	struct fields { unsigned int x:3, y:7; } fields; atomic_long_t counts[4];\n"
	"	struct tree *tree_pointer; };\n"
	"typedef struct { int pad; struct { char also; int wanted; } sub; } unnamed_t;\n"
	"union either { int one; struct { long pad; unnamed_t sub; } two_; struct { long pad[2];\n"
	"	struct { int wanted; } sub; } two; };\n"
	"struct shadow { struct { char c; union { struct { int first, last; } name; }; }; };\n";

/* The first unit: things that look like what is sought. */
static const char decoys[] =
	"struct page; struct zone;\n"
	"struct page *page_pointer; struct zone *zone_pointer;\n"
	"struct twins { int unrelated; };\n"
	"struct rivals { struct { int wanted; } sub; int also; } rivals_1;\n"
	"enum pageflags { PG_locked, PG_lru = 5 } a_flag;\n"
	"typedef int thing; thing a_thing;\n"
	"extern struct twins *completed_later[];\n"
	"struct twins **use_it = completed_later;\n"
	"struct twins twins_1;\n"
	"void function(int n) {\n"
	"	struct page { int local; } p = { n };\n"
	"	struct local_to_a_function { int x; } l = { n };\n"
	"	enum { PG_local = 3 };\n"
	"	*(volatile int *)0 = p.local + l.x + PG_local;\n"
	"}\n";

static const char tables[] =
	"#include \"types.h\"\n"
	"\n"
	"struct twins { long first; int wanted; };\n"
	"struct equals { char pad; long place; int agreed; } equals_2;\n"
	"enum one { TWO_VALUES = 1, ONE_VALUE = 3 } one_2;\n"
	"struct twins twins_2; enum pageflags a_flag_2;\n"
	"struct thing { long a[4]; } a_struct_thing;\n"
	"struct page *mem_section, *node_data[64]; struct page *table[3][5];\n"
	"struct page *completed_later[] = { 0, 0, 0, 0 };\n";

static const char types[] =
	"#include \"types.h\"\n"
	"\n\n"
	"struct twins { long pad[3]; int wanted; char also; };\n"
	"struct equals { long place; long pad; int agreed; } equals_3;\n"
	"enum other { TWO_VALUES = 2, ONE_VALUE = 3 } other_3;\n"
	"struct rivals { long pad; struct { int also, wanted; } sub; };\n"
	"struct everything { struct page p; struct folio f; struct mem_section m; struct zone z;\n"
	"	nodemask_t nm; atomic_long_t al; union thread_union t; struct twins tw;\n"
	"	struct outer o; struct bits b; struct packed_bits pb; struct mm mm; unnamed_t un;\n"
	"	union either ei; struct rivals ri; struct shadow sh;\n"
	"	enum pageflags pf; enum pagetype pt; enum mixed mx; enum huge h; enum zone_type zt;\n"
	"} everything;\n"
	"struct flexible flexible; enum { ANONYMOUS = 17 } anonymous; enum huge huge = HUGE_VALUE;\n"
	"const unsigned long long truth[] = {\n" MEMBERS(TRUTH)
	"sizeof(struct page), sizeof(enum zone_type), __builtin_offsetof(struct flexible, tail) * 8,\n"
	PATHS(PATH_TRUTH) "};\n";

/*
 * A way to compile. Where there is no linker for the machine, one unit has to do;
 * it is of a machine whose relocations need not be applied to read it.
 */
struct dialect {
	const char *name, *compiler, *flags;
};

static const struct dialect dialects[] = {
	{ "gcc-5", "gcc", "-gdwarf-5" },
	{ "gcc-4", "gcc", "-gdwarf-4" },
	{ "gcc-2-strict", "gcc", "-gdwarf-2 -gstrict-dwarf" },
	{ "gcc-4-strict", "gcc", "-gdwarf-4 -gstrict-dwarf" },
	{ "gcc-5-type-units", "gcc", "-gdwarf-5 -fdebug-types-section" },
	{ "gcc-4-type-units", "gcc", "-gdwarf-4 -fdebug-types-section" },
	{ "gcc-5-compressed", "gcc", "-gdwarf-5 -gz" },
	{ "gcc-5-64bit-dwarf", "gcc", "-gdwarf-5 -gdwarf64" },
	{ "gcc-5-m32", "gcc", "-gdwarf-5 -m32" },
	{ "gcc-5-optimised", "gcc", "-gdwarf-5 -O2 -fno-eliminate-unused-debug-types" },
	{ "gcc-5-split", "gcc", "-gdwarf-5 -gsplit-dwarf" },
	{ "gcc-4-split", "gcc", "-gdwarf-4 -gsplit-dwarf" },
	{ "gcc-5-dwz", "gcc", "-gdwarf-5" },
	{ "gcc-4-dwz", "gcc", "-gdwarf-4" },
	{ "clang-5", "clang", "-gdwarf-5" },
	{ "clang-4", "clang", "-gdwarf-4" },
	{ "clang-2", "clang", "-gdwarf-2 -gstrict-dwarf" },
	{ "clang-2-big-endian", "clang", "-gdwarf-2 -c --target=armeb-linux-gnueabi" },
	{ "clang-5-big-endian", "clang", "-gdwarf-5 -c --target=armeb-linux-gnueabi" },
};

/* Return whether dwz moves what the vmlinux and another file have in common to a third. */
static bool has_common(const struct dialect *c)
{
	return strstr(c->name, "-dwz");
}

/* Return whether a compiler is there and takes the flags. */
static bool can_compile(const struct test *t, const struct dialect *c)
{
	return !run("cd '%s' && %s %s -x c -c -o empty /dev/null 2>/dev/null", t->dir,
		    c->compiler, c->flags) &&
	       (!has_common(c) || !run("dwz --version >/dev/null 2>&1"));
}

static bool is_linked(const struct dialect *c)
{
	return !strstr(c->flags, " -c");
}

static void compile(const struct test *t, const struct dialect *c)
{
	static const char common[] = "-std=gnu11 -w -ffreestanding -fno-pic -fno-stack-protector";

	write_file(t, "types.h", header);
	write_file(t, "decoys.c", decoys);
	write_file(t, "tables.c", tables);
	write_file(t, "types.c", types);
	if (!is_linked(c))
		assert_int_equal(run("cd '%s' && %s %s %s -o vmlinux types.c", t->dir, c->compiler,
				     common, c->flags), 0);
	else
		assert_int_equal(run("cd '%s' && %s %s %s -nostdlib -static -no-pie -Wl,-e,0 -o vmlinux "
				     "decoys.c tables.c types.c", t->dir, c->compiler, common,
				     c->flags), 0);
	if (has_common(c))
		assert_int_equal(run("cd '%s' && cp vmlinux twin && dwz -m common vmlinux twin",
				     t->dir), 0);
}

static void assert_type(const struct ktype_info *t, uint64_t first, uint64_t width, uint64_t size)
{
	if (t->index != SOURCE || t->member_bit_offset != first || t->member_bit_sz != width ||
	    t->member_size != size)
		fail_msg("%s.%s: index %d, bit %u, width %u, size %u; expected bit %" PRIu64
			 ", width %" PRIu64 ", size %" PRIu64, t->struct_name, t->member_name,
			 t->index, t->member_bit_offset, t->member_bit_sz, t->member_size, first,
			 width, size);
}

static void assert_path(const struct kpath_info *p, uint64_t first, uint64_t width, uint64_t size)
{
	if (p->index != SOURCE || p->bit_offset != first || p->bit_sz != width || p->size != size)
		fail_msg("%s: index %d, bit %u, width %u, size %u; expected bit %" PRIu64
			 ", width %" PRIu64 ", size %" PRIu64, p->path, p->index, p->bit_offset,
			 p->bit_sz, p->size, first, width, size);
}

static void assert_number(const struct knum_info *n, int64_t value)
{
	if (n->index != SOURCE || n->value != value)
		fail_msg("%s: index %d, %" PRId64 " instead of %" PRId64, n->name, n->index,
			 n->value, value);
}

static void assert_nothing_else(void)
{
	assert_false(MOD_STRUCT_EXIST(vmlinux, only_declared));
	assert_false(MOD_STRUCT_EXIST(vmlinux, local_to_a_function));
	assert_false(MOD_STRUCT_MEMBER_EXIST(vmlinux, page, compound_info));
	assert_false(MOD_STRUCT_MEMBER_EXIST(vmlinux, page, local));
	assert_false(MOD_STRUCT_MEMBER_EXIST(vmlinux, zone, next));
	assert_false(MOD_STRUCT_MEMBER_EXIST(vmlinux, twins, unrelated));
	assert_false(MOD_NUM_EXIST(vmlinux, PG_local));
	assert_false(MOD_NUM_EXIST(vmlinux, page));
	assert_false(MOD_VAR_LEN_EXIST(vmlinux, mem_section));
	assert_false(MOD_VAR_LEN_EXIST(vmlinux, PG_lru));
	assert_false(MOD_STRUCT_EXIST(xfs, page));
	assert_false(MOD_NUM_EXIST(xfs, PG_lru));
	assert_false(MOD_MEMBER_LEN_EXIST(vmlinux, flexible, tail));
	assert_false(MOD_MEMBER_LEN_EXIST(vmlinux, flexible, none));
	assert_false(MOD_PATH_EXIST(xfs, of_a_module));
	for (size_t i = 0; i < ARRAY_SIZE(dead_ends); i++) {
		if (dead_ends[i]->index >= 0)
			fail_msg("%s was found", dead_ends[i]->path);
	}
}

static void test_dialect(void **state)
{
	struct test *t = *state;
	const struct dialect *c = t->initial;
	const struct fact_set set = facts_of_program();
	uint64_t truth[3 * ARRAY_SIZE(members) + 3 + 2 * ARRAY_SIZE(paths)];
	const uint64_t *want = truth;
	struct debuginfo *d;

	if (!can_compile(t, c)) {
		print_message("%s %s does not work here\n", c->compiler, c->flags);
		skip();
	}
	compile(t, c);
	read_array(t, "truth", truth, ARRAY_SIZE(truth));
	facts_reset(&set);
	d = open_vmlinux(t->path);
	assert_int_equal(debuginfo_resolve_types(d, &set, SOURCE), 0);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++, want += 3) {
		assert_type(members[i], want[0], 0, want[1]);
		assert_int_equal(members[i]->struct_size, want[2]);
	}
	assert_int_equal(GET_MOD_STRUCT_SSIZE(vmlinux, page), want[0]);
	assert_int_equal(GET_MOD_STRUCT_SSIZE(vmlinux, zone_type), want[1]);
	assert_type(&_kmember_vmlinux_flexible_tail, want[2], 0, 0);
	want += 3;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++, want += 2)
		assert_path(paths[i], want[0], 0, want[1]);
	assert_path(&_kpath_vmlinux_narrow, GET_MOD_PATH_OFF(vmlinux, mm_fields) + 3, 7, 4);
	for (size_t i = 0; i < ARRAY_SIZE(bit_fields); i++)
		assert_type(bit_fields[i].record, bit_fields[i].first, bit_fields[i].width,
			    bit_fields[i].size);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_number(numbers[i].record, numbers[i].value);
	assert_int_equal(GET_MOD_MEMBER_LEN(vmlinux, zone, free_area), 11);
	assert_int_equal(GET_MOD_MEMBER_LEN(vmlinux, zone, vm_stat), 3);
	assert_int_equal(GET_MOD_MEMBER_LEN(vmlinux, free_area, free_list), 5);
	assert_nothing_else();
	if (is_linked(c)) {
		assert_int_equal(_kmember_vmlinux_equals_place.index, FACT_AMBIGUOUS);
		assert_int_equal(_kmember_vmlinux_equals_agreed.index, SOURCE);
		assert_int_equal(_knum_vmlinux_TWO_VALUES.index, FACT_AMBIGUOUS);
		assert_number(&_knum_vmlinux_ONE_VALUE, 3);
		assert_int_equal(GET_MOD_VAR_LEN(vmlinux, node_data), 64);
		assert_int_equal(GET_MOD_VAR_LEN(vmlinux, table), 3);
		assert_int_equal(GET_MOD_VAR_LEN(vmlinux, completed_later), 4);
		assert_int_equal(GET_MOD_STRUCT_SSIZE(vmlinux, thing),
				 GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, nodemask_t, bits));
	}
	debuginfo_close(d);
}

/* Facts of other providers stay; the missing ones are found all the same. */
static void test_fills_only_what_is_missing(void **state)
{
	const struct fact_set set = facts_of_program();
	struct ktype_info *flags = &_kmember_vmlinux_page_flags;
	struct knum_info *lru = &_knum_vmlinux_PG_lru;
	struct klen_info *areas = &_klen_vmlinux_zone_free_area;
	struct kpath_info *root = &_kpath_vmlinux_mm_root;
	struct debuginfo *d;

	compile(*state, &dialects[0]);
	d = open_vmlinux(((struct test *)*state)->path);
	facts_reset(&set);
	flags->index = lru->index = areas->index = root->index = FACT_FILE;
	root->bit_offset = 88;
	flags->member_bit_offset = 800;
	lru->value = 77;
	areas->value = 99;
	assert_int_equal(debuginfo_resolve_types(d, &set, SOURCE), 0);
	assert_int_equal(flags->index, FACT_FILE);
	assert_int_equal(flags->member_bit_offset, 800);
	assert_int_equal(flags->struct_size, 0);
	assert_int_equal(lru->index, FACT_FILE);
	assert_int_equal(lru->value, 77);
	assert_int_equal(areas->index, FACT_FILE);
	assert_int_equal(areas->value, 99);
	assert_int_equal(root->index, FACT_FILE);
	assert_int_equal(root->bit_offset, 88);
	assert_int_equal(_kpath_vmlinux_mm_deep.index, SOURCE);
	assert_int_equal(_kmember_vmlinux_page_lru.index, SOURCE);
	assert_int_equal(_kmember_vmlinux_zone_free_area.index, SOURCE);

	/* A fact about the twins that is known before still shows which of them is meant. */
	facts_reset(&set);
	_kmember_vmlinux_twins_also.index = FACT_FILE;
	_kmember_vmlinux_twins_also.member_bit_offset = 3 * 64 + 32;
	assert_int_equal(debuginfo_resolve_types(d, &set, SOURCE), 0);
	assert_int_equal(_kmember_vmlinux_twins_wanted.member_bit_offset, 3 * 64);
	debuginfo_close(d);
}

static void test_same_declaration_twice(void **state)
{
	struct ktype_info again = _kmember_vmlinux_page_private, *types_of[] = {
		&_kmember_vmlinux_page_private, &again,
	};
	struct knum_info lru = _knum_vmlinux_PG_lru, *nums[] = { &lru, &_knum_vmlinux_PG_lru };
	const struct fact_set set = {
		.ktypes = types_of, .nr_ktypes = 2, .knums = nums, .nr_knums = 2,
	};
	struct debuginfo *d;

	compile(*state, &dialects[0]);
	d = open_vmlinux(((struct test *)*state)->path);
	facts_reset(&set);
	assert_int_equal(debuginfo_resolve_types(d, &set, SOURCE), 0);
	assert_type(&again, 40 * 8, 0, 8);
	assert_type(types_of[0], 40 * 8, 0, 8);
	assert_int_equal(lru.value, 5);
	assert_int_equal(nums[1]->value, 5);
	debuginfo_close(d);
}

/* The warning names a file that is missing; what other files have is found. */
static void check_missing(struct test *t, const char *dialect, const char *name)
{
	const struct fact_set set = facts_of_program();
	const struct dialect *c = dialects;
	struct debuginfo *d;

	while (strcmp(c->name, dialect))
		c++;
	if (!can_compile(t, c))
		skip();
	compile(t, c);
	assert_int_equal(run("mv '%s/%s' '%s'", t->dir, name, t->other), 0);
	d = open_vmlinux(t->path);
	facts_reset(&set);
	assert_int_equal(debuginfo_resolve_types(d, &set, SOURCE), -EBADMSG);
	assert_non_null(strstr(err_text(-EBADMSG), name));
	assert_false(MOD_NUM_EXIST(vmlinux, ANONYMOUS));
	debuginfo_close(d);
}

static void test_missing_files(void **state)
{
	check_missing(*state, "gcc-5-split", "vmlinux-types.dwo");
	assert_int_equal(GET_MOD_VAR_LEN(vmlinux, node_data), 64);
	check_missing(*state, "gcc-5-dwz", "common");
}

/* The search ends when everything is found, and not before. */
static void test_little_is_wanted(void **state)
{
	struct knum_info *nums[] = { &_knum_vmlinux_PG_lru, &_knum_vmlinux_ANONYMOUS };
	struct ktype_info *types_of[] = { &_kmember_vmlinux_outer_innermost };
	struct klen_info *lens[] = { &_klenvar_vmlinux_node_data };
	struct kpath_info *paths_of[] = { &_kpath_vmlinux_lru_prev };
	const struct fact_set sets[] = {
		{ .knums = nums, .nr_knums = 2 },
		{ .ktypes = types_of, .nr_ktypes = 1 },
		{ .klens = lens, .nr_klens = 1 },
		{ .kpaths = paths_of, .nr_kpaths = 1 },
		{ 0 },
	};
	struct debuginfo *d;

	compile(*state, &dialects[0]);
	d = open_vmlinux(((struct test *)*state)->path);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		facts_reset(&sets[i]);
		assert_int_equal(debuginfo_resolve_types(d, &sets[i], SOURCE), 0);
	}
	assert_number(nums[0], 5);
	assert_number(nums[1], 17);
	assert_int_equal(types_of[0]->index, SOURCE);
	assert_int_equal(lens[0]->value, 64);
	assert_int_equal(paths_of[0]->index, SOURCE);
	debuginfo_close(d);
}

/* DWARF that no compiler makes: types that hold themselves, siblings that lead back. */
static const char loops[] =
	".section .debug_abbrev,\"\",@progbits\n"
	"	.byte 1, 0x11, 1, 0, 0\n"
	"	.byte 2, 0x13, 1, 0x03, 0x08, 0x0b, 0x0b, 0, 0\n"		/* struct */
	"	.byte 3, 0x0d, 0, 0x49, 0x13, 0x38, 0x0b, 0, 0\n"		/* no name */
	"	.byte 4, 0x16, 0, 0x03, 0x08, 0x49, 0x13, 0, 0\n"		/* typedef */
	"	.byte 5, 0x13, 1, 0x01, 0x13, 0x03, 0x08, 0x0b, 0x0b, 0, 0\n"	/* with sibling */
	"	.byte 6, 0x01, 0, 0x49, 0x13, 0, 0\n"				/* array */
	"	.byte 7, 0x0d, 0, 0x03, 0x08, 0x49, 0x13, 0x38, 0x0b, 0, 0\n"	/* member */
	"	.byte 0\n"
	".section .debug_info,\"\",@progbits\n"
	"unit:	.long end - start\n"
	"start:	.short 4\n"
	"	.long 0\n"
	"	.byte 8, 1\n"
	"loop:	.byte 4\n"
	"	.asciz \"nodemask_t\"\n"
	"	.long loop - unit\n"
	"array:	.byte 6\n"
	"	.long array - unit\n"
	"page:	.byte 2\n"
	"	.asciz \"page\"\n"
	"	.byte 8\n"
	"	.rept 4\n"
	"	.byte 3\n"
	"	.long page - unit\n"
	"	.byte 0\n"
	"	.endr\n"
	"	.byte 7\n"
	"	.asciz \"mapping\"\n"
	"	.long loop - unit\n"
	"	.byte 0, 0\n"
	"zone:	.byte 2\n"
	"	.asciz \"zone\"\n"
	"	.byte 8, 7\n"
	"	.asciz \"free_area\"\n"
	"	.long array - unit\n"
	"	.byte 0, 0\n"
	"	.byte 5\n"
	"	.long page - unit\n"
	"	.asciz \"mem_section\"\n"
	"	.byte 8, 0, 0\n"
	"end:\n";

static void test_loops(void **state)
{
	const struct fact_set set = facts_of_program();
	struct test *t = *state;
	struct debuginfo *d;

	write_file(t, "loops.s", loops);
	assert_int_equal(run("cd '%s' && gcc -c -o vmlinux loops.s", t->dir), 0);
	d = open_vmlinux(t->path);
	facts_reset(&set);
	cpu_limit(30);
	assert_int_equal(debuginfo_resolve_types(d, &set, SOURCE), -EBADMSG);
	cpu_limit(0);
	assert_non_null(strstr(err_text(-EBADMSG), t->path));
	assert_int_equal(GET_MOD_STRUCT_SSIZE(vmlinux, page), 8);
	assert_false(MOD_STRUCT_MEMBER_EXIST(vmlinux, page, mapping));
	assert_false(MOD_MEMBER_LEN_EXIST(vmlinux, zone, free_area));
	assert_false(MOD_STRUCT_MEMBER_EXIST(vmlinux, nodemask_t, bits));
	debuginfo_close(d);
}

/* Take from a file whatever it gives. */
static void try_file(const char *path, const char *bytes, size_t size)
{
	const struct fact_set set = facts_of_program();
	struct vmcoreinfo vi = info("OSRELEASE=6.1.0\nSYMBOL(_stext)=ffffffff86400000\n");
	struct debuginfo *d;
	uint64_t offset = 0;
	int err, fd;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	facts_reset(&set);
	err = debuginfo_open(&d, path);
	if (err) {
		assert_true(err == -EINVAL || err == -EBADMSG);
		return;
	}
	err = debuginfo_check(d, 0, &vi);
	assert_true(err == 0 || err == -ESTALE);
	err = debuginfo_kaslr_offset(d, &vi, &offset);
	assert_true(err == 0 || err == -ENOENT);
	err = debuginfo_resolve_symbols(d, &set, SOURCE, offset);
	assert_true(err == 0 || err == -EBADMSG);
	err = debuginfo_resolve_types(d, &set, SOURCE);
	assert_true(err == 0 || err == -EBADMSG);
	debuginfo_close(d);
}

static void test_cut_short(void **state)
{
	struct test *t = *state;
	size_t size;
	char *bytes;

	compile(t, &dialects[0]);
	bytes = slurp(t->path, &size);
	for (size_t i = 1; i < 60; i++)
		try_file(t->other, bytes, size * i / 60);
	free(bytes);
}

/* Never a crash, never a loop; the limit of CPU time ends the latter. */
static void test_damaged(void **state)
{
	const char *rounds = getenv("MDF_ROUNDS");
	struct test *t = *state;
	uint64_t seed = 1;
	size_t size;
	char *bytes;

	compile(t, &dialects[1]);
	bytes = slurp(t->path, &size);
	cpu_limit(rounds ? 0 : 60);
	for (long i = rounds ? atol(rounds) : 300; i > 0; i--) {
		size_t nr = 1 + next_random(&seed) % 16;
		char *copy = malloc(size);

		assert_non_null(copy);
		memcpy(copy, bytes, size);
		for (size_t j = 0; j < nr; j++)
			copy[next_random(&seed) % size] = next_random(&seed);
		try_file(t->other, copy, size);
		free(copy);
	}
	cpu_limit(0);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest fixed[] = {
		MINE(test_fills_only_what_is_missing),
		MINE(test_same_declaration_twice),
		MINE(test_missing_files),
		MINE(test_little_is_wanted),
		MINE(test_loops),
		MINE(test_cut_short),
		MINE(test_damaged),
	};
	struct CMUnitTest tests[ARRAY_SIZE(dialects) + ARRAY_SIZE(fixed)] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(dialects); i++)
		tests[i] = (struct CMUnitTest){
			.name = dialects[i].name, .test_func = test_dialect,
			.setup_func = setup, .teardown_func = teardown,
			.initial_state = (void *)&dialects[i],
		};
	memcpy(tests + ARRAY_SIZE(dialects), fixed, sizeof(fixed));
	elf_version(EV_CURRENT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void test_built_without(void **state)
{
	const struct debuginfo none = { 0 };

	(void)state;
	assert_int_equal(debuginfo_resolve_types(&none, &(struct fact_set){ 0 }, FACT_DWARF),
			 -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_built_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
