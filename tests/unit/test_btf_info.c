// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Declarations filled in from BTF that is made of C. The compiler's
 * offsetof(), sizeof() and values of the same text are the truth, where it can be asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "facts/declare.h"
#include "lib/types.h"

#include "btf_image.h"
#include "cpu_limit.h"
#include "types/btf_info.h"

#define TEXT_(...) #__VA_ARGS__
#define TEXT(...) TEXT_(__VA_ARGS__)

/* ---- what is asked for --------------------------------------------------------- */

#define WANTED_MAX 40

/* Declarations that are made as a test goes. */
struct wanted {
	struct ktype_info types[WANTED_MAX], *type_ptrs[WANTED_MAX];
	struct knum_info nums[WANTED_MAX], *num_ptrs[WANTED_MAX];
	struct klen_info lens[WANTED_MAX], *len_ptrs[WANTED_MAX];
	struct kpath_info paths[WANTED_MAX], *path_ptrs[WANTED_MAX];
	size_t nr_types, nr_nums, nr_lens, nr_paths;
};

static struct ktype_info *want_type(struct wanted *w, const char *mod, const char *name,
				    const char *member)
{
	struct ktype_info *t = &w->types[w->nr_types];

	assert_true(w->nr_types < WANTED_MAX);
	*t = (struct ktype_info){ .modname = mod, .struct_name = name, .member_name = member,
				  .index = -1 };
	w->type_ptrs[w->nr_types++] = t;
	return t;
}

static struct knum_info *want_num(struct wanted *w, const char *mod, const char *name)
{
	struct knum_info *n = &w->nums[w->nr_nums];

	assert_true(w->nr_nums < WANTED_MAX);
	*n = (struct knum_info){ .modname = mod, .name = name, .index = -1 };
	w->num_ptrs[w->nr_nums++] = n;
	return n;
}

static struct klen_info *want_len(struct wanted *w, const char *mod, const char *name,
				  const char *member)
{
	struct klen_info *l = &w->lens[w->nr_lens];

	assert_true(w->nr_lens < WANTED_MAX);
	*l = (struct klen_info){ .modname = mod, .name = name, .member = member, .index = -1 };
	w->len_ptrs[w->nr_lens++] = l;
	return l;
}

static struct kpath_info *want_path(struct wanted *w, const char *mod, const char *path)
{
	struct kpath_info *p = &w->paths[w->nr_paths];

	assert_true(w->nr_paths < WANTED_MAX);
	*p = (struct kpath_info){ .modname = mod, .path = path, .index = -1 };
	w->path_ptrs[w->nr_paths++] = p;
	return p;
}

static struct fact_set wanted_set(const struct wanted *w)
{
	return (struct fact_set){
		.ktypes = w->type_ptrs, .nr_ktypes = w->nr_types,
		.knums = w->num_ptrs, .nr_knums = w->nr_nums,
		.klens = w->len_ptrs, .nr_klens = w->nr_lens,
		.kpaths = w->path_ptrs, .nr_kpaths = w->nr_paths,
	};
}

static void wanted_reset(struct wanted *w)
{
	struct fact_set set = wanted_set(w);

	facts_reset(&set);
}

/* The result of a resolve(). */
struct result {
	int err, module_err;
	char text[512], why[512];
};

static struct result resolve(struct btf_image *img, const struct wanted *w)
{
	struct fact_set set = wanted_set(w);
	struct result r = { 0 };
	struct btf_info *bi;

	assert_int_equal(btf_info_create(&bi, &img->mem), 0);
	assert_string_equal(btf_info_why(bi), "");
	assert_int_equal(register_ktype_section(bi, &set), 0);
	err_set(-EFAULT, "%s", "");
	r.err = init_kernel_btf(bi);
	if (r.err)
		snprintf(r.text, sizeof(r.text), "%s", err_text(r.err));
	if (img->list.nr) {
		err_set(-EFAULT, "%s", "");
		r.module_err = init_module_btf(bi, &img->list);
		if (r.module_err)
			snprintf(r.text, sizeof(r.text), "%s", err_text(r.module_err));
	}
	snprintf(r.why, sizeof(r.why), "%s", btf_info_why(bi));
	btf_info_destroy(bi);
	return r;
}

/* Resolve from a blob in which nothing is wrong. */
static void resolve_well(struct btf_image *img, const struct wanted *w)
{
	struct result r = resolve(img, w);

	if (r.err || r.module_err)
		fail_msg("%d, %d: %s", r.err, r.module_err, r.text);
	assert_string_equal(r.why, "");
}

static void assert_type(const struct ktype_info *t, uint32_t offset, uint32_t bits, uint32_t size,
			uint32_t struct_size)
{
	if (t->index != FACT_BTF || t->member_bit_offset != offset || t->member_bit_sz != bits ||
	    t->member_size != size || t->struct_size != struct_size)
		fail_msg("%s.%s: bit %u, %u bits, %u bytes, of %u (%d) instead of %u, %u, %u, %u",
			 t->struct_name, t->member_name ? t->member_name : "-",
			 t->member_bit_offset, t->member_bit_sz, t->member_size, t->struct_size,
			 t->index, offset, bits, size, struct_size);
}

static void assert_no_type(const struct ktype_info *t)
{
	if (t->index >= 0)
		fail_msg("%s.%s was found", t->struct_name, t->member_name ? t->member_name : "-");
	assert_int_equal(t->member_bit_offset, 0);
	assert_int_equal(t->member_bit_sz, 0);
	assert_int_equal(t->member_size, 0);
	assert_int_equal(t->struct_size, 0);
}

static void assert_num(const struct knum_info *n, int64_t value)
{
	if (n->index != FACT_BTF || n->value != value)
		fail_msg("%s: %lld (%d) instead of %lld", n->name, (long long)n->value, n->index,
			 (long long)value);
}

static void assert_no_num(const struct knum_info *n)
{
	if (n->index >= 0)
		fail_msg("%s was found: %lld", n->name, (long long)n->value);
}

static void assert_len(const struct klen_info *l, uint64_t value)
{
	if (l->index != FACT_BTF || l->value != value)
		fail_msg("%s.%s: %llu (%d) instead of %llu", l->name, l->member ? l->member : "-",
			 (unsigned long long)l->value, l->index, (unsigned long long)value);
}

static void assert_no_len(const struct klen_info *l)
{
	if (l->index >= 0)
		fail_msg("%s.%s was found: %llu", l->name, l->member ? l->member : "-",
			 (unsigned long long)l->value);
}

static void assert_path(const struct kpath_info *p, uint32_t offset, uint32_t bits, uint32_t size)
{
	if (p->index != FACT_BTF || p->bit_offset != offset || p->bit_sz != bits ||
	    p->size != size)
		fail_msg("%s: bit %u, %u bits, %u bytes (%d) instead of %u, %u, %u", p->path,
			 p->bit_offset, p->bit_sz, p->size, p->index, offset, bits, size);
}

static void assert_no_path(const struct kpath_info *p)
{
	if (p->index >= 0)
		fail_msg("%s was found", p->path);
}

/* ---- types that are C, too ----------------------------------------------------- */

#define TYPES \
	typedef _Bool bool8; \
	struct list_head { struct list_head *next, *prev; }; \
	struct hlist { struct hlist *first; }; \
	typedef struct { int counter; } atomic_t; \
	typedef struct { long counter; } atomic_long_t; \
	typedef atomic_t refcount_t; \
	typedef const volatile refcount_t odd_count_t; \
	typedef struct named { unsigned long bits[4]; } named_t; \
	typedef unsigned long mask_t[6]; \
	typedef mask_t mask2_t; \
	typedef int (*callback_t)(struct list_head *, int, ...); \
	enum colour { RED, GREEN = 7, BLUE }; \
	enum tiny { TINY_A, TINY_B } __attribute__((packed)); \
	enum minus { MINUS = -2, PLUS }; \
	enum wide { WIDE = 0x123456789abcdef0 }; \
	enum wide_minus { WIDE_MINUS = -0x123456789a, WIDE_NONE = 0 }; \
	enum unsig { UNSIG = 0xf0000000 }; \
	enum limits { LOWEST = -2147483648, HIGHEST = 2147483647 }; \
	enum { UNNAMED = 11, UNNAMED_MINUS = -11 }; \
	union either { int i; long l; char c[3]; }; \
	struct page { \
		const volatile atomic_long_t flags; \
		union { \
			struct { \
				union { struct list_head lru; void *pcp[2]; }; \
				struct address_space *mapping; \
				union { unsigned long index, share; }; \
				unsigned long private; \
			}; \
			struct { \
				unsigned long compound_head; \
				unsigned char compound_dtor, compound_order; \
			}; \
		}; \
		union { atomic_t _mapcount; unsigned int page_type; }; \
		odd_count_t _refcount; \
	}; \
	struct all { \
		char c; signed char sc; unsigned char uc; short s; unsigned short us; \
		int i; unsigned u; long l; unsigned long ul; long long ll; \
		unsigned long long ull; bool8 b; float f; double d; \
		enum colour e; enum tiny et; enum wide ew; enum minus em; union either un; \
		void *p; const char *const *pp; callback_t fn; void (*fns[3])(int, char *); \
		int (*(*weird)(int (*)(char)))[5]; \
		int (*to_array)[7]; const struct list_head lists[2]; int grid[3][5]; \
		mask_t mask; mask2_t masks[2]; volatile named_t n; union either *unp; \
		struct { int inner; } sub; int *restrict rp; char last; \
	}; \
	struct packed { char a; long b; short c; struct { int in; }; } __attribute__((packed)); \
	struct spaced { char a; int b __attribute__((aligned(32))); char c; }; \
	struct flexible { long count; short tail[]; }; \
	struct empty { }; \
	struct holder { struct empty none; int after; int zero[0]; }; \
	struct deep { int before; struct { int x1; struct { int x2; union { int x3; \
		struct { int x4; struct { int x5; struct { int x6; }; }; }; }; }; }; }; \
	struct outer { char pad; struct page pages[2]; named_t n; union either un; \
		struct { int q; struct list_head list; } sub; }

TYPES;

#define BIO struct bio { int x; struct list_head list; short bits[5]; }
#define OWN struct own { struct list_head l; int a[7]; struct bio bio; }

BIO;
OWN;

/* (how C names it, its name, member): asked of the compiler. */
#define MEMBERS(X) \
	X(struct page, page, flags) X(struct page, page, lru) X(struct page, page, pcp) \
	X(struct page, page, mapping) X(struct page, page, index) X(struct page, page, share) \
	X(struct page, page, private) X(struct page, page, compound_head) \
	X(struct page, page, compound_order) X(struct page, page, _mapcount) \
	X(struct page, page, page_type) X(struct page, page, _refcount) \
	X(atomic_t, atomic_t, counter) X(refcount_t, refcount_t, counter) \
	X(odd_count_t, odd_count_t, counter) X(atomic_long_t, atomic_long_t, counter) \
	X(named_t, named_t, bits) X(struct named, named, bits) X(union either, either, c) \
	X(union either, either, l) X(struct list_head, list_head, prev)
#define MEMBERS_OF_ALL(X) \
	X(struct all, all, c) X(struct all, all, sc) X(struct all, all, uc) \
	X(struct all, all, s) X(struct all, all, us) X(struct all, all, i) X(struct all, all, u) \
	X(struct all, all, l) X(struct all, all, ul) X(struct all, all, ll) \
	X(struct all, all, ull) X(struct all, all, b) \
	X(struct all, all, f) X(struct all, all, d) X(struct all, all, e) X(struct all, all, et) \
	X(struct all, all, ew) X(struct all, all, em) X(struct all, all, un) \
	X(struct all, all, p) X(struct all, all, pp) X(struct all, all, fn) \
	X(struct all, all, fns) X(struct all, all, weird) X(struct all, all, to_array) \
	X(struct all, all, lists) X(struct all, all, grid) X(struct all, all, mask) \
	X(struct all, all, masks) X(struct all, all, n) X(struct all, all, unp) \
	X(struct all, all, sub) X(struct all, all, rp) X(struct all, all, last)
#define MEMBERS_OF_ODD(X) \
	X(struct packed, packed, b) X(struct packed, packed, c) X(struct packed, packed, in) \
	X(struct spaced, spaced, b) X(struct spaced, spaced, c) \
	X(struct flexible, flexible, count) X(struct holder, holder, none) \
	X(struct holder, holder, after) X(struct holder, holder, zero) \
	X(struct deep, deep, x1) X(struct deep, deep, x2) X(struct deep, deep, x3) \
	X(struct deep, deep, x4) X(struct deep, deep, x5) X(struct deep, deep, x6) \
	X(struct outer, outer, pages) X(struct outer, outer, sub)

struct member_truth {
	const char *name, *member;
	size_t offset, size, struct_size;
};

#define TRUTH(c, s, m) { #s, #m, offsetof(c, m) * 8, sizeof(((c *)0)->m), sizeof(c) },

static const struct member_truth members[] = { MEMBERS(TRUTH) };
static const struct member_truth members_of_all[] = { MEMBERS_OF_ALL(TRUTH) };
static const struct member_truth members_of_odd[] = { MEMBERS_OF_ODD(TRUTH) };

static const struct {
	const char *name;
	size_t size;
} sizes[] = {
	{ "page", sizeof(struct page) }, { "all", sizeof(struct all) },
	{ "either", sizeof(union either) }, { "packed", sizeof(struct packed) },
	{ "spaced", sizeof(struct spaced) }, { "flexible", sizeof(struct flexible) },
	{ "deep", sizeof(struct deep) }, { "atomic_t", sizeof(atomic_t) },
	{ "odd_count_t", sizeof(odd_count_t) }, { "named_t", sizeof(named_t) },
	{ "mask_t", sizeof(mask_t) }, { "mask2_t", sizeof(mask2_t) },
	{ "callback_t", sizeof(callback_t) }, { "bool8", sizeof(bool8) },
	{ "outer", sizeof(struct outer) },
};

static const struct {
	const char *name;
	int64_t value;
} numbers[] = {
	{ "RED", RED }, { "GREEN", GREEN }, { "BLUE", BLUE }, { "TINY_B", TINY_B },
	{ "MINUS", MINUS }, { "PLUS", PLUS }, { "WIDE", (int64_t)WIDE },
	{ "WIDE_MINUS", (int64_t)WIDE_MINUS }, { "WIDE_NONE", (int64_t)WIDE_NONE },
	{ "UNSIG", (int64_t)UNSIG }, { "LOWEST", LOWEST }, { "HIGHEST", HIGHEST },
	{ "UNNAMED", UNNAMED }, { "UNNAMED_MINUS", UNNAMED_MINUS },
};

/* ---- and those that are not ---------------------------------------------------- */

/* (member, first bit, width, bytes of its type), by the rules of the ABI. */
#define BIT_FIELDS \
	"typedef unsigned int u32; typedef _Bool bool;" \
	"enum three { A, B, C };" \
	"struct bits { u32 a:3; unsigned int b:5; unsigned long long c:33; unsigned char d:2;" \
	" bool e:1; const enum three f:2; int whole; unsigned :4; int g:4; int :0; int h:1;" \
	" struct { unsigned int deep:7; int plain; }; };" \
	"struct holds { char c; struct bits in; };" \
	"union ubits { unsigned int x:9; unsigned long y:40; };" \
	"struct no_bits { int a, b; };\n"

static const struct {
	const char *name, *member;
	uint32_t offset, bits, size, struct_size;
} bit_fields[] = {
	{ "bits", "a", 0, 3, 4, 32 },
	{ "bits", "b", 3, 5, 4, 32 },
	{ "bits", "c", 8, 33, 8, 32 },
	{ "bits", "d", 41, 2, 1, 32 },
	{ "bits", "e", 43, 1, 1, 32 },
	{ "bits", "f", 44, 2, 4, 32 },
	{ "bits", "whole", 64, 0, 4, 32 },
	{ "bits", "g", 100, 4, 4, 32 },
	{ "bits", "h", 128, 1, 4, 32 },
	{ "bits", "deep", 160, 7, 4, 32 },
	{ "bits", "plain", 192, 0, 4, 32 },
	{ "holds", "in", 64, 0, 32, 40 },
	{ "ubits", "x", 0, 9, 4, 8 },
	{ "ubits", "y", 0, 40, 8, 8 },
	{ "no_bits", "b", 32, 0, 4, 8 },
};

/* Declarations that must be found although another part of the blob is damaged. */
#define GOOD "struct good { int a; long b; }; enum { GOOD_NUMBER = 42 };" \
	"int good_array[9] __attribute__((section(\".data..percpu\")));\n"

static const struct btf_source texts[] = {
	{ "types", TEXT(TYPES) ";" },
	{ "types-each", ".strings each\n" TEXT(TYPES) ";" },
	{ "types-sorted", ".sorted\n" TEXT(TYPES) ";" },
	{ "types-layout", ".layout\n" TEXT(TYPES) ";" },
	{ "bits-flag", BIT_FIELDS },
	{ "bits-int", ".bits int\n" BIT_FIELDS },
	/* A bit field whose INT has an offset, too; nested ones add up. */
	{ "bits-offset", ".int u3 4 bits=3 offset=2\n.int u9 8 bits=9 offset=7\n"
			 "struct s { int x; u3 f @ 32; struct { u9 g @ 64; } @ 64; };" },
	{ "kinds", "int thing(void); struct other *thing_var; typedef int thing; enum thing { T };"
		   "struct thing { int a, b, c; }; int thing(char);"
		   "struct fore; struct fore { int x; }; struct only_fwd; union only_fwd_union;"
		   "typedef struct only_fwd fwd_t; typedef void void_t; typedef int fn_t(void);"
		   "int only_func(int); int only_var; typedef int plain; typedef char *pointer;"
		   "union uni { short u; }; int uni(void); typedef long uni;"
		   "typedef struct { char c[9]; } all3; struct all3 { char c[7]; };"
		   "union all3 { char c[8]; }; typedef char un_ty[6]; union un_ty { int i; };"
		   "typedef struct { char c[5]; } two_ty; typedef int two_ty;"
		   "typedef struct { long a, b; } two; enum two { TWO };" },
	{ "kinds-back", "typedef struct { long a, b; } two; struct thing { int a, b, c; };"
			"struct fore { int x; }; struct fore; enum thing { T }; typedef int thing;"
			"int thing(void); typedef int two(void); union uni { short u; };"
			"typedef long uni; int uni(void); union all3 { char c[8]; };"
			"struct all3 { char c[7]; }; typedef struct { char c[9]; } all3;"
			"union un_ty { int i; }; typedef char un_ty[6]; typedef int two_ty;"
			"typedef struct { char c[5]; } two_ty;" },
	{ "twins", "struct console { char name[16]; int (*write)(void); int flags; short index; "
		   "void *next; };"
		   "struct console { struct { int x; } dev; long flags; };"
		   "struct irq_info { int a; }; struct irq_info { int a; };"
		   "struct split { int a; int b; }; struct split { int pad; int a; int b; };"
		   "struct halves { int a; int b; }; struct halves { int pad; int a; int c; };"
		   "struct grown { int a; }; struct grown { int a; int b; };"
		   "struct by_path { int x; };"
		   "struct by_path { int p; struct page0 { int y; } x; };"
		   "struct by_len { int x; }; struct by_len { int p; int x[4]; };" },
	{ "twins-back", "struct console { struct { int x; } dev; long flags; };"
			"struct console { char name[16]; int (*write)(void); int flags; "
			"short index; void *next; };"
			"struct irq_info { int a; }; struct irq_info { int a; };"
			"struct split { int pad; int a; int b; }; struct split { int a; int b; };"
			"struct halves { int pad; int a; int c; }; struct halves { int a; int b; };"
			"struct grown { int a; int b; }; struct grown { int a; };"
			"struct by_path { int p; struct page0 { int y; } x; };"
			"struct by_path { int x; };"
			"struct by_len { int p; int x[4]; }; struct by_len { int x; };" },
	{ "lengths", "typedef unsigned long mask_t[6]; typedef const mask_t cmask_t;"
		     "struct s { int a[11]; mask_t m; cmask_t cm; volatile cmask_t *p;"
		     " int grid[3][5]; union { struct { char in[13]; }; long l; }; int none;"
		     " short tail[]; };"
		     "struct other { int a[2]; struct s in[8]; };"
		     "int counts[19] __attribute__((section(\".data..percpu\")));"
		     "mask_t masks __attribute__((section(\".data..percpu\")));"
		     "struct s single __attribute__((section(\".data..percpu\")));"
		     "int shared(int); struct shared { int x[3]; }; const int shared[23];"
		     "int (*table[29])(void);" },
	{ "enums", "enum one { SAME = 3, OTHER }; enum two { SAME = 3, DIFFERENT };"
		   "enum clash1 { CLASH = 1, }; enum clash2 { CLASH = 2, };"
		   "struct SHADOW { int x; }; enum last { SHADOW = 77 };"
		   "enum top { TOP = 0xffffffffffffffff }; enum fwd_only { ZERO };" },
	/* vmlinux and modules */
	{ "kernel", "struct list_head { struct list_head *next, *prev; };" TEXT(BIO) ";"
		    "struct small { int only; }; enum { FROM_KERNEL = 5, IN_BOTH = 6 };"
		    "struct spoken; struct uses { struct spoken *s; };"
		    "int kernel_array[3] __attribute__((section(\".data..percpu\")));\n"
		    ".filler 50\n" },
	{ "mod", ".base kernel\n" TEXT(OWN) ";" TEXT(BIO) ";" TEXT(BIO) ";"
		 "struct small { int only; int more; struct { long extra; }; };"
		 "struct spoken { int now; };"
		 "enum { FROM_MODULE = -9 }; enum modenum { IN_BOTH = 66, WIDE = 0x100000001 };"
		 "int mod_array[4] __attribute__((section(\".data..percpu\")));" },
	{ "mod2", ".base kernel\nstruct own { int other; int own_pad; };" },
	{ "mod-empty", ".base kernel\n" },
	{ "mod-wild", ".base kernel\nstruct own { int a; }; struct w { typeof(1000000) w; };\n"
		      ".set own name 0x7fffffff\nstruct fine { long x; struct list_head l; };" },
	{ "mod-cut", ".base kernel\n"
		     "struct own { struct list_head l; int a[7]; };\n.truncate -9\n" },
	{ "mod-vlen", ".base kernel\nstruct own { int a; };\n.set own vlen 60000\n" },
	/* Found by scanning: as large as a kernel's, and with what every kernel has. */
	{ "scan", "struct page { long flags; }; struct task_struct { int pid; };"
		  "struct list_head { struct list_head *next, *prev; };"
		  "struct good { int a; long b; };\n.filler 12000\n" },
	{ "none", "" },
	{ "word-4", ".word 4\nstruct list_head { struct list_head *next, *prev; };"
		    "struct s { char c; void *p; unsigned long l; void *a[3];"
		    " struct list_head h; int (*fn)(void); };" },
	/* A little of everything, to be broken at every byte. */
	{ "rich", "struct list_head { struct list_head *next, *prev; }; typedef int t;"
		  "enum e { E = -1 }; struct r { int a:3; const volatile t b;"
		  " union { char c[5]; struct { long d; }; }; float f; int (*fn)(int x, ...);"
		  " struct list_head l; enum e en; int *restrict q;"
		  " int __attribute__((btf_type_tag(\"u\"))) *g"
		  " __attribute__((btf_decl_tag(\"d\"))); };"
		  "int func(struct r *r); struct fwd; enum { BIG = 0x1122334455 };"
		  "int var[3] __attribute__((section(\".data..percpu\")));"
		  "struct i { int x; struct r in; };" },
	{ "rich-mod", ".base rich\nstruct own { struct r r; struct i i[3]; struct { int y; }; };"
		      "struct i { int z; }; enum { MINE = 3 };" },
	/* damage of one thing */
	{ "wild-id", GOOD "struct bad { int x; typeof(99999999) y; int z @ 128; };" },
	{ "wild-self-id", GOOD "bad: struct bad { int x; typeof(bad) y; int z; };" },
	{ "wild-name", GOOD "struct bad { int x, y; };\n.set bad 1 name 0x7ffffffe\n" },
	/* It has lost its name: that does not make it an unnamed one. */
	{ "wild-name-in", GOOD "struct bad { int x; struct { int y; } in; int z; };\n"
			  ".set bad 1 name 0x7ffffffe\n" },
	{ "wild-names", GOOD "struct bad { int x; }; struct bad2 { int x; }; enum e { E };\n"
			".set bad2 name 0xffffffff\n.set e 0 name 0xfffffff0\n.set e name 4000\n" },
	{ "wild-offset", GOOD "struct bad { int x, y; };\n.set bad 1 offset 0xffffffff\n" },
	{ "wild-flag", GOOD "struct bad { int x:3, y:5; };\n.set bad 1 offset 0xffffffff\n" },
	{ "wild-size", GOOD "struct bad { int x, y; };\n.set bad size 0xffffffff\n" },
	{ "wild-array", GOOD "struct bad { int x; typeof(huger) y; };\n"
			".raw huge ARRAY good good 0xffffffff\n"
			".raw huger ARRAY huge good 0xffffffff\n" },
	{ "loop-typedef", GOOD "struct bad { int x; typeof(bad_t) y; };\n"
			  ".raw bad_t TYPEDEF name=bad_t type=bad_t\n" },
	{ "loop-struct", GOOD "struct bad { int x; struct { typeof(back) in; int z; }; };"
			 "back: typedef struct bad back_t;" },
	/* Unnamed members that lead to themselves: what is sought is nowhere in them. */
	{ "loop-unnamed", GOOD "bad: struct bad { int x; typeof(bad) @ 64; typeof(alias) @ 128; };"
			  "alias: typedef struct bad alias_t;" },
	{ "loop-two", GOOD "a: struct bad { typeof(b) @ 0; typeof(b) @ 64; };"
		      "b: struct bad2 { typeof(a) @ 0; typeof(a) @ 64; };" },
	{ "loop-array", GOOD ".raw me ARRAY me good 4\nstruct bad { int x; typeof(me) y; };" },
	{ "loop-const", GOOD ".raw c1 CONST type=c2\n.raw c2 VOLATILE type=c1\n"
			"struct bad { int x; typeof(c1) y; typeof(c2) @ 64; };" },
	{ "loop-tag", GOOD ".raw c1 TYPE_TAG name=t type=c1\n"
		      "struct bad { int x; typeof(c1) y; };" },
	/* Each level has the one below it twice: 2^40 ways down. */
	{ "bomb", GOOD "l0: struct { int q; };"
#define LEVEL(n, m) "l" #n ": struct { typeof(l" #m "); typeof(l" #m "); };"
		  LEVEL(1, 0) LEVEL(2, 1) LEVEL(3, 2) LEVEL(4, 3) LEVEL(5, 4) LEVEL(6, 5)
		  LEVEL(7, 6) LEVEL(8, 7) LEVEL(9, 8) LEVEL(10, 9) LEVEL(11, 10) LEVEL(12, 11)
		  LEVEL(13, 12) LEVEL(14, 13) LEVEL(15, 14) LEVEL(16, 15) LEVEL(17, 16)
		  LEVEL(18, 17) LEVEL(19, 18) LEVEL(20, 19) LEVEL(21, 20) LEVEL(22, 21)
		  LEVEL(23, 22) LEVEL(24, 23) LEVEL(25, 24) LEVEL(26, 25) LEVEL(27, 26)
		  LEVEL(28, 27) LEVEL(29, 28) LEVEL(30, 29) LEVEL(31, 30) LEVEL(32, 31)
		  LEVEL(33, 32) LEVEL(34, 33) LEVEL(35, 34) LEVEL(36, 35) LEVEL(37, 36)
		  LEVEL(38, 37) LEVEL(39, 38) LEVEL(40, 39)
		  "struct bad { int x; typeof(l40); typeof(l28); };" },
	/* damage of all of it */
	{ "cut", GOOD "struct bad { int x; };\n.truncate -4\n" },
	{ "cut-types", GOOD "struct bad { int x; };\n.truncate 60\n" },
	{ "cut-header", GOOD ".truncate 23\n" },
	{ "no-strings", GOOD ".header str_len 0\n" },
	{ "long-strings", GOOD ".header str_len +1\n" },
	{ "huge-strings", GOOD ".header str_len 0xfffffff0\n" },
	{ "strings-apart", GOOD ".header str_off 0xfffffff0\n" },
	{ "no-types", GOOD ".header type_len 0\n" },
	{ "odd-types", GOOD ".header type_len -3\n" },
	{ "types-apart", GOOD ".header type_off 0x7ffffffc\n" },
	{ "huge-types", GOOD ".header type_len 0xfffffffc\n" },
	{ "no-header", GOOD ".header hdr_len 0\n" },
	{ "short-header", GOOD ".header hdr_len 20\n" },
	{ "long-header", GOOD ".header hdr_len 0x10000\n" },
	{ "huge-header", GOOD ".header hdr_len 0xffffffff\n" },
	{ "bad-magic", GOOD ".header magic 0x1234\n" },
	{ "bad-version", GOOD ".header version 77\n" },
	{ "long-vlen", GOOD "struct bad { int x; };\n.set bad vlen 0xffff\n" },
	{ "longer-vlen", GOOD "struct bad { int x; };\n.set bad vlen 0xffffff\n" },
	{ "future-kind", GOOD "struct bad { int x; };\n.set bad kind 27\n" },
	{ "kind-0", GOOD "struct bad { int x; };\n.set bad kind 0\n" },
	{ "open-string", GOOD "struct bad { int x; };\n.truncate -1\n.header str_len -1\n" },
};

static int setup(void **state)
{
	struct btf_images *c = NULL;

	if (btf_info_supported()) {
		c = malloc(sizeof(*c));
		if (!c || btf_images_make(c, texts, ARRAY_SIZE(texts)))
			return -1;
	}
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	int err = *state ? btf_images_remove(*state) : 0;

	free(*state);
	return err;
}

/* Run in both byte orders; skipped where the program or the truth is another one. */
static void in_both_orders(void **state, const char *name,
			   void (*fn)(struct btf_image *img, const struct btf_images *c))
{
	if (!btf_info_supported() || sizeof(long) != 8)
		skip();
	for (int big = 0; big < 2; big++) {
		struct btf_image img;

		btf_image_open(&img, *state, name, big);
		fn(&img, *state);
		btf_image_close(&img);
	}
}

/* ---- types --------------------------------------------------------------------- */

static void check_members(struct btf_image *img, const struct member_truth *truth, size_t n)
{
	struct wanted w = { 0 };

	for (size_t i = 0; i < n; i++)
		want_type(&w, "vmlinux", truth[i].name, truth[i].member);
	resolve_well(img, &w);
	for (size_t i = 0; i < n; i++)
		assert_type(&w.types[i], truth[i].offset, 0, truth[i].size, truth[i].struct_size);
}

static void check_all_members(struct btf_image *img, const struct btf_images *c)
{
	(void)c;
	check_members(img, members, ARRAY_SIZE(members));
	check_members(img, members_of_all, ARRAY_SIZE(members_of_all));
	check_members(img, members_of_odd, ARRAY_SIZE(members_of_odd));
}

static void test_members(void **state)
{
	in_both_orders(state, "types", check_all_members);
}

/* As pahole and the kernel's build have made BTF in the course of time. */
static void test_layouts(void **state)
{
	in_both_orders(state, "types-each", check_all_members);
	in_both_orders(state, "types-sorted", check_all_members);
	in_both_orders(state, "types-layout", check_all_members);
}

static void check_sizes(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		want_type(&w, "vmlinux", sizes[i].name, NULL);
	resolve_well(img, &w);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_type(&w.types[i], 0, 0, 0, sizes[i].size);
}

static void check_32_bits(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	img->mem.is64 = false;
	img->mem.image_start = 0xc0000000;
	img->mem.image_end = UINT64_C(0x100000000);
	img->parts[0].va = 0xc2345670;
	btf_image_bounds(img->parts[0].va, img->parts[0].va + img->parts[0].len);
	want_type(&w, "vmlinux", "s", "p");
	want_type(&w, "vmlinux", "s", "l");
	want_type(&w, "vmlinux", "s", "a");
	want_type(&w, "vmlinux", "s", "h");
	want_type(&w, "vmlinux", "s", "fn");
	want_path(&w, "vmlinux", "s.h.prev");
	resolve_well(img, &w);
	assert_type(&w.types[0], 32, 0, 4, 36);
	assert_type(&w.types[1], 64, 0, 4, 36);
	assert_type(&w.types[2], 96, 0, 12, 36);
	assert_type(&w.types[3], 192, 0, 8, 36);
	assert_type(&w.types[4], 256, 0, 4, 36);
	assert_path(&w.paths[0], 224, 0, 4);
}

static void test_pointers_of_4_bytes(void **state)
{
	in_both_orders(state, "word-4", check_32_bits);
}

static void test_sizes(void **state)
{
	in_both_orders(state, "types", check_sizes);
}

static void check_flexible(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	want_type(&w, "vmlinux", "flexible", "tail");
	resolve_well(img, &w);
	assert_type(&w.types[0], offsetof(struct flexible, tail) * 8, 0, 0,
		    sizeof(struct flexible));
}

static void test_flexible_array(void **state)
{
	in_both_orders(state, "types", check_flexible);
}

static void check_missing(struct btf_image *img, const struct btf_images *c)
{
	static const char *const missing[][2] = {
		{ "page", "no_such" }, { "page", "next" }, { "page", "counter" }, { "page", "" },
		{ "no_such", "flags" }, { "no_such", NULL }, { "", NULL }, { "", "counter" },
		{ "all", "inner" }, { "outer", "lru" }, { "outer", "list" }, { "mask_t", "bits" },
		{ "callback_t", "x" }, { "pag", "lru" }, { "page ", NULL }, { "lru", NULL },
		{ "deep", "x" }, { "RED", NULL }, { "address_space", NULL }, { "int", NULL },
	};
	struct wanted w = { 0 };

	(void)c;
	for (size_t i = 0; i < ARRAY_SIZE(missing) - 1; i++)
		want_type(&w, "vmlinux", missing[i][0], missing[i][1]);
	resolve_well(img, &w);
	for (size_t i = 0; i < w.nr_types; i++)
		assert_no_type(&w.types[i]);
}

static void test_missing(void **state)
{
	in_both_orders(state, "types", check_missing);
}

static void check_bit_fields(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	for (size_t i = 0; i < ARRAY_SIZE(bit_fields); i++)
		want_type(&w, "vmlinux", bit_fields[i].name, bit_fields[i].member);
	resolve_well(img, &w);
	for (size_t i = 0; i < ARRAY_SIZE(bit_fields); i++)
		assert_type(&w.types[i], bit_fields[i].offset, bit_fields[i].bits,
			    bit_fields[i].size, bit_fields[i].struct_size);
}

static void check_bit_offsets(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	want_type(&w, "vmlinux", "s", "f");
	want_type(&w, "vmlinux", "s", "g");
	want_type(&w, "vmlinux", "s", "x");
	resolve_well(img, &w);
	assert_type(&w.types[0], 34, 3, 4, w.types[2].struct_size);
	assert_type(&w.types[1], 64 + 64 + 7, 9, 8, w.types[2].struct_size);
	assert_int_equal(w.types[2].member_bit_sz, 0);
}

static void test_bit_fields(void **state)
{
	in_both_orders(state, "bits-flag", check_bit_fields);
	in_both_orders(state, "bits-int", check_bit_fields);
	in_both_orders(state, "bits-offset", check_bit_offsets);
}

/* ---- names --------------------------------------------------------------------- */

static void check_kinds(struct btf_image *img, const struct btf_images *c)
{
	static const char *const nothing[] = {
		"only_fwd", "only_fwd_union", "fwd_t", "void_t", "fn_t", "only_func", "only_var",
		"thing_var", "other",
	};
	struct wanted w = { 0 };

	(void)c;
	want_type(&w, "vmlinux", "thing", "c");
	want_type(&w, "vmlinux", "thing", NULL);
	want_type(&w, "vmlinux", "fore", "x");
	want_type(&w, "vmlinux", "uni", NULL);
	want_type(&w, "vmlinux", "uni", "u");
	want_type(&w, "vmlinux", "two", "b");
	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++)
		want_type(&w, "vmlinux", nothing[i], i % 2 ? NULL : "x");
	want_len(&w, "vmlinux", "only_func", NULL);
	resolve_well(img, &w);
	assert_type(&w.types[0], 64, 0, 4, 12);
	assert_type(&w.types[1], 0, 0, 0, 12);
	assert_type(&w.types[2], 0, 0, 4, 4);
	assert_type(&w.types[3], 0, 0, 0, 2);
	assert_type(&w.types[4], 0, 0, 2, 2);
	assert_no_len(&w.lens[0]);
	for (size_t i = 6; i < w.nr_types; i++)
		assert_no_type(&w.types[i]);
	/* In one of the two texts the typedef is of something else. */
	assert_type(&w.types[5], 64, 0, 8, 16);
}

/* Nothing but the kind tells them apart. */
static void check_kind_order(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	want_type(&w, "vmlinux", "all3", NULL);
	want_type(&w, "vmlinux", "un_ty", NULL);
	want_type(&w, "vmlinux", "two_ty", NULL);
	want_type(&w, "vmlinux", "thing", NULL);
	resolve_well(img, &w);
	assert_type(&w.types[0], 0, 0, 0, 7);
	assert_type(&w.types[1], 0, 0, 0, 4);
	assert_type(&w.types[2], 0, 0, 0, 5);
	assert_type(&w.types[3], 0, 0, 0, 12);
}

static void check_plain_typedefs(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	want_type(&w, "vmlinux", "plain", NULL);
	want_type(&w, "vmlinux", "pointer", NULL);
	resolve_well(img, &w);
	assert_type(&w.types[0], 0, 0, 0, 4);
	assert_type(&w.types[1], 0, 0, 0, sizeof(char *));
}

/* Structs, unions and typedefs among other things of their name. */
static void test_kinds(void **state)
{
	in_both_orders(state, "kinds", check_kinds);
	in_both_orders(state, "kinds-back", check_kinds);
	in_both_orders(state, "kinds", check_kind_order);
	in_both_orders(state, "kinds-back", check_kind_order);
	in_both_orders(state, "kinds", check_plain_typedefs);
}

static void check_console(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };
	uint32_t size = 16 + sizeof(void *) + 8 + sizeof(void *);

	(void)c;
	want_type(&w, "vmlinux", "console", "flags");
	want_type(&w, "vmlinux", "console", "index");
	want_type(&w, "vmlinux", "console", "next");
	want_type(&w, "vmlinux", "console", "no_such");
	want_type(&w, "vmlinux", "console", NULL);
	want_type(&w, "vmlinux", "irq_info", "a");
	resolve_well(img, &w);
	assert_type(&w.types[0], 8 * (16 + sizeof(void *)), 0, 4, size);
	assert_type(&w.types[1], 8 * (16 + sizeof(void *) + 4), 0, 2, size);
	assert_type(&w.types[2], 8 * (16 + sizeof(void *) + 8), 0, sizeof(void *), size);
	assert_no_type(&w.types[3]);
	assert_type(&w.types[4], 0, 0, 0, size);
	assert_type(&w.types[5], 0, 0, 4, 4);
}

static void check_ambiguous(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	want_type(&w, "vmlinux", "console", "flags");
	want_type(&w, "vmlinux", "split", "b");
	want_type(&w, "vmlinux", "halves", "b");
	want_type(&w, "vmlinux", "halves", "c");
	want_type(&w, "vmlinux", "grown", NULL);
	want_len(&w, "vmlinux", "split", "b");
	resolve(img, &w);
	for (size_t i = 0; i < w.nr_types; i++)
		assert_no_type(&w.types[i]);
	assert_no_len(&w.lens[0]);
}

/* Paths and lengths tell structs apart, too. */
static void check_by_others(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	want_path(&w, "vmlinux", "by_path.x.y");
	want_type(&w, "vmlinux", "by_path", "p");
	want_len(&w, "vmlinux", "by_len", "x");
	want_type(&w, "vmlinux", "by_len", "p");
	want_type(&w, "vmlinux", "grown", "b");
	want_type(&w, "vmlinux", "grown", "a");
	resolve_well(img, &w);
	assert_path(&w.paths[0], 32, 0, 4);
	assert_type(&w.types[0], 0, 0, 4, 8);
	assert_len(&w.lens[0], 4);
	assert_type(&w.types[1], 0, 0, 4, 20);
	assert_type(&w.types[2], 32, 0, 4, 8);
	assert_type(&w.types[3], 0, 0, 4, 8);
}

/* A fact of another set can show which definition is meant. */
static void check_two_sets(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w[2] = { 0 };
	struct btf_info *bi;

	(void)c;
	want_type(&w[0], "vmlinux", "console", "flags");
	want_type(&w[1], "vmlinux", "console", "index");
	assert_int_equal(btf_info_create(&bi, &img->mem), 0);
	for (int i = 0; i < 2; i++) {
		struct fact_set set = wanted_set(&w[i]);

		assert_int_equal(register_ktype_section(bi, &set), 0);
	}
	assert_int_equal(init_kernel_btf(bi), 0);
	btf_info_destroy(bi);
	assert_type(&w[0].types[0], 8 * (16 + sizeof(void *)), 0, 4, w[1].types[0].struct_size);
	assert_type(&w[1].types[0], 8 * (16 + sizeof(void *) + 4), 0, 2, 24 + 2 * sizeof(void *));
}

static void test_structs_of_one_name(void **state)
{
	static const char *const names[] = { "twins", "twins-back" };

	for (int i = 0; i < 2; i++) {
		in_both_orders(state, names[i], check_console);
		in_both_orders(state, names[i], check_ambiguous);
		in_both_orders(state, names[i], check_by_others);
		in_both_orders(state, names[i], check_two_sets);
	}
}

/* ---- numbers, lengths, paths --------------------------------------------------- */

static void check_numbers(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };
	static const char *const missing[] = { "page", "colour", "", "REDD", "RE", "flags", "c" };

	(void)c;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		want_num(&w, "vmlinux", numbers[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++)
		want_num(&w, "vmlinux", missing[i]);
	resolve_well(img, &w);
	for (size_t i = 0; i < w.nr_nums; i++) {
		if (i < ARRAY_SIZE(numbers))
			assert_num(&w.nums[i], numbers[i].value);
		else
			assert_no_num(&w.nums[i]);
	}
}

static void check_enums(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	want_num(&w, "vmlinux", "SAME");
	want_num(&w, "vmlinux", "DIFFERENT");
	want_num(&w, "vmlinux", "SHADOW");
	want_num(&w, "vmlinux", "TOP");
	want_num(&w, "vmlinux", "CLASH");
	want_type(&w, "vmlinux", "SHADOW", "x");
	resolve(img, &w);
	assert_num(&w.nums[0], 3);
	assert_num(&w.nums[1], 4);
	assert_num(&w.nums[2], 77);
	assert_num(&w.nums[3], -1);
	assert_no_num(&w.nums[4]);
	assert_type(&w.types[0], 0, 0, 4, 4);
}

static void test_numbers(void **state)
{
	in_both_orders(state, "types", check_numbers);
	in_both_orders(state, "types-sorted", check_numbers);
	in_both_orders(state, "enums", check_enums);
}

static void check_lengths(struct btf_image *img, const struct btf_images *c)
{
	static const struct {
		const char *name, *member;
		uint64_t len;			/* 0: it is not there */
	} cases[] = {
		{ "s", "a", 11 }, { "s", "m", 6 }, { "s", "cm", 6 }, { "s", "grid", 3 },
		{ "s", "in", 13 }, { "other", "a", 2 }, { "other", "in", 8 },
		{ "counts", NULL, 19 }, { "masks", NULL, 6 }, { "shared", "x", 3 },
		{ "shared", NULL, 23 }, { "table", NULL, 29 }, { "s", "p", 0 },
		{ "s", "none", 0 }, { "s", "l", 0 },
		{ "s", "no_such", 0 }, { "no_such", "a", 0 }, { "single", NULL, 0 },
		{ "s", NULL, 0 }, { "mask_t", NULL, 0 }, { "no_such", NULL, 0 },
		{ "counts", "a", 0 }, { "s", "", 0 }, { "s", "tail", 0 },
	};
	struct wanted w = { 0 };

	(void)c;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		want_len(&w, "vmlinux", cases[i].name, cases[i].member);
	resolve_well(img, &w);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (cases[i].len)
			assert_len(&w.lens[i], cases[i].len);
		else
			assert_no_len(&w.lens[i]);
	}
}

static void test_lengths(void **state)
{
	in_both_orders(state, "lengths", check_lengths);
}

#define PATH(c, s, p) { #s "." #p, offsetof(c, p) * 8, sizeof(((c *)0)->p) }

static const struct {
	const char *path;
	size_t offset, size;
} paths[] = {
	PATH(struct outer, outer, pages),
	PATH(struct outer, outer, n.bits),
	PATH(struct outer, outer, un.l),
	PATH(struct outer, outer, sub.list.prev),
	PATH(struct outer, outer, sub.q),
	PATH(struct page, page, lru.prev),
	PATH(struct page, page, flags.counter),
	PATH(struct page, page, _refcount.counter),
	PATH(struct page, page, _mapcount.counter),
	PATH(struct all, all, n.bits),
	PATH(struct all, all, sub.inner),
	PATH(odd_count_t, odd_count_t, counter),
	PATH(struct deep, deep, x6),
};

static void check_paths(struct btf_image *img, const struct btf_images *c)
{
	static const char *const missing[] = {
		"", ".", "..", "page", "page.", ".page", ".lru", "page..lru", "page.lru.",
		"page.lru..",
		"page.lru.no_such", "page.no_such.next", "no_such.lru", "page.mapping.x",
		"all.p.x", "all.unp.i", "page.lru.next.prev", "page.lru.next.", "all.i.x",
		"page. lru",
		"all.fn.x", "page.lru.prev.next.prev.next",
	};
	struct wanted w = { 0 };
	size_t i;

	(void)c;
	for (i = 0; i < ARRAY_SIZE(paths); i++)
		want_path(&w, "vmlinux", paths[i].path);
	for (i = 0; i < ARRAY_SIZE(missing); i++)
		want_path(&w, "vmlinux", missing[i]);
	resolve_well(img, &w);
	for (i = 0; i < w.nr_paths; i++) {
		if (i < ARRAY_SIZE(paths))
			assert_path(&w.paths[i], paths[i].offset, 0, paths[i].size);
		else
			assert_no_path(&w.paths[i]);
	}
}

/* Through an array it is its first element. */
static void check_path_into_array(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	want_path(&w, "vmlinux", "outer.pages.lru");
	resolve_well(img, &w);
	assert_path(&w.paths[0], offsetof(struct outer, pages[0].lru) * 8, 0,
		    sizeof(struct list_head));
}

static void check_path_to_bits(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	want_path(&w, "vmlinux", "holds.in.b");
	want_path(&w, "vmlinux", "holds.in.deep");
	want_path(&w, "vmlinux", "holds.in.whole");
	want_path(&w, "vmlinux", "holds.in.b.x");
	resolve_well(img, &w);
	assert_path(&w.paths[0], 64 + 3, 5, 4);
	assert_path(&w.paths[1], 64 + 160, 7, 4);
	assert_path(&w.paths[2], 64 + 64, 0, 4);
	assert_no_path(&w.paths[3]);
}

static void check_long_path(struct btf_image *img, const struct btf_images *c)
{
	char path[8192];
	struct wanted w = { 0 };

	(void)c;
	memset(path, 'x', sizeof(path));
	memcpy(path, "page.", 5);
	path[sizeof(path) - 1] = '\0';
	want_path(&w, "vmlinux", path);
	want_type(&w, "vmlinux", path + 5, "x");
	want_num(&w, "vmlinux", path + 5);
	resolve_well(img, &w);
	for (size_t i = 5; i < sizeof(path) - 1; i += 2)
		path[i] = '.';
	resolve_well(img, &w);
	assert_no_path(&w.paths[0]);
	assert_no_num(&w.nums[0]);
}

static void test_paths(void **state)
{
	in_both_orders(state, "types", check_paths);
	in_both_orders(state, "types", check_path_into_array);
	in_both_orders(state, "bits-flag", check_path_to_bits);
	in_both_orders(state, "bits-int", check_path_to_bits);
	in_both_orders(state, "types", check_long_path);
}

/* ---- what others filled in ----------------------------------------------------- */

static void check_filled(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };
	uint32_t lru = offsetof(struct page, lru) * 8;

	(void)c;
	/* As VMCOREINFO has it: no member sizes; for members, no struct size either. */
	want_type(&w, "vmlinux", "page", "lru")->index = FACT_VMCOREINFO;
	w.types[0].member_bit_offset = lru;
	want_type(&w, "vmlinux", "page", NULL)->index = FACT_VMCOREINFO;
	w.types[1].struct_size = 4711;
	want_type(&w, "vmlinux", "no_such", "x")->index = FACT_FILE;
	w.types[2].member_bit_offset = 8;
	want_type(&w, "vmlinux", "list_head", "prev")->index = FACT_FILE;
	w.types[3].member_bit_offset = 8 * sizeof(void *);
	w.types[3].member_size = 3;
	w.types[3].struct_size = 5;
	want_num(&w, "vmlinux", "GREEN")->index = FACT_VMCOREINFO;
	w.nums[0].value = -5;
	want_len(&w, "vmlinux", "named", "bits")->index = FACT_VMCOREINFO;
	w.lens[0].value = 99;
	want_path(&w, "vmlinux", "page.lru.prev")->index = FACT_VMCOREINFO;
	w.paths[0].bit_offset = 24;
	resolve_well(img, &w);

	assert_int_equal(w.types[0].index, FACT_VMCOREINFO);
	assert_int_equal(w.types[0].member_bit_offset, lru);
	assert_int_equal(w.types[0].member_size, sizeof(struct list_head));
	assert_int_equal(w.types[0].struct_size, sizeof(struct page));
	assert_int_equal(w.types[1].index, FACT_VMCOREINFO);
	assert_int_equal(w.types[1].struct_size, 4711);
	assert_int_equal(w.types[2].index, FACT_FILE);
	assert_int_equal(w.types[2].member_bit_offset, 8);
	assert_int_equal(w.types[2].member_size, 0);
	assert_int_equal(w.types[3].index, FACT_FILE);
	assert_int_equal(w.types[3].member_size, 3);
	assert_int_equal(w.types[3].struct_size, 5);
	assert_int_equal(w.nums[0].index, FACT_VMCOREINFO);
	assert_int_equal(w.nums[0].value, -5);
	assert_int_equal(w.lens[0].index, FACT_VMCOREINFO);
	assert_int_equal(w.lens[0].value, 99);
	assert_int_equal(w.paths[0].index, FACT_VMCOREINFO);
	assert_int_equal(w.paths[0].bit_offset, 24);
}

/* A size that belongs to another offset is no help, but the offset stays. */
static void check_filled_otherwise(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	want_type(&w, "vmlinux", "page", "lru")->index = FACT_VMCOREINFO;
	w.types[0].member_bit_offset = 4096;
	want_type(&w, "vmlinux", "page", "mapping");
	resolve(img, &w);
	assert_int_equal(w.types[0].index, FACT_VMCOREINFO);
	assert_int_equal(w.types[0].member_bit_offset, 4096);
	assert_int_equal(w.types[0].member_bit_sz, 0);
	assert_int_equal(w.types[0].member_size, 0);
	assert_type(&w.types[1], offsetof(struct page, mapping) * 8, 0, sizeof(void *),
		    sizeof(struct page));
}

static void test_filled_in_before(void **state)
{
	in_both_orders(state, "types", check_filled);
	in_both_orders(state, "types", check_filled_otherwise);
}

/* ---- modules ------------------------------------------------------------------- */

static void check_modules(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	btf_image_add_module(img, c, "mod_two", "mod2");
	btf_image_add_module(img, c, "mod", "mod");
	want_type(&w, "mod", "own", "bio");
	want_type(&w, "mod", "own", NULL);
	want_type(&w, "mod", "list_head", "prev");	/* only vmlinux has it */
	want_type(&w, "mod", "bio", "list");		/* both have it, alike */
	want_type(&w, "mod_two", "own", "own_pad");
	want_type(&w, "mod-two", "own", "other");
	want_type(&w, "mod", "spoken", "now");		/* vmlinux has only heard of it */
	want_type(&w, "vmlinux", "own", "other");
	want_type(&w, "vmlinux", "spoken", NULL);
	want_type(&w, "mod_two", "own", "bio");
	want_type(&w, "mod", "own", "other");
	resolve_well(img, &w);
	assert_type(&w.types[0], offsetof(struct own, bio) * 8, 0, sizeof(struct bio),
		    sizeof(struct own));
	assert_type(&w.types[1], 0, 0, 0, sizeof(struct own));
	assert_type(&w.types[2], 64, 0, 8, 16);
	assert_type(&w.types[3], offsetof(struct bio, list) * 8, 0, 16, sizeof(struct bio));
	assert_type(&w.types[4], 32, 0, 4, 8);
	assert_type(&w.types[5], 0, 0, 4, 8);
	assert_type(&w.types[6], 0, 0, 4, 4);
	for (size_t i = 7; i < w.nr_types; i++)
		assert_no_type(&w.types[i]);
}

static void check_module_others(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	btf_image_add_module(img, c, "mod_two", "mod2");
	btf_image_add_module(img, c, "mod", "mod");
	want_num(&w, "mod", "FROM_MODULE");
	want_num(&w, "mod", "WIDE");
	want_num(&w, "mod", "FROM_KERNEL");
	want_num(&w, "mod", "IN_BOTH");
	want_num(&w, "mod_two", "FROM_MODULE");
	want_num(&w, "vmlinux", "FROM_MODULE");
	want_len(&w, "mod", "own", "a");
	want_len(&w, "mod", "bio", "bits");
	want_len(&w, "mod", "mod_array", NULL);
	want_len(&w, "vmlinux", "mod_array", NULL);
	want_path(&w, "mod", "own.bio.list.prev");
	want_path(&w, "mod", "bio.list.prev");
	want_path(&w, "mod_two", "own.bio.list.prev");
	resolve_well(img, &w);
	assert_num(&w.nums[0], -9);
	assert_num(&w.nums[1], INT64_C(0x100000001));
	assert_num(&w.nums[2], 5);
	assert_num(&w.nums[3], 6);
	assert_no_num(&w.nums[4]);
	assert_no_num(&w.nums[5]);
	assert_len(&w.lens[0], 7);
	assert_len(&w.lens[1], 5);
	assert_len(&w.lens[2], 4);
	assert_no_len(&w.lens[3]);
	assert_path(&w.paths[0], offsetof(struct own, bio.list.prev) * 8, 0, 8);
	assert_path(&w.paths[1], offsetof(struct bio, list.prev) * 8, 0, 8);
	assert_no_path(&w.paths[2]);
}

/* A struct that the module has in another version than vmlinux. */
static void check_module_versions(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 }, one = { 0 };

	btf_image_add_module(img, c, "mod", "mod");
	want_type(&w, "mod", "small", "only");
	want_type(&w, "mod", "small", "more");
	want_type(&w, "mod", "small", "extra");
	want_type(&w, "vmlinux", "small", NULL);
	want_type(&w, "vmlinux", "small", "more");
	resolve_well(img, &w);
	assert_type(&w.types[0], 0, 0, 4, 16);
	assert_type(&w.types[1], 32, 0, 4, 16);
	assert_type(&w.types[2], 64, 0, 8, 16);
	assert_type(&w.types[3], 0, 0, 0, 4);
	assert_no_type(&w.types[4]);

	want_type(&one, "mod", "small", "only");
	resolve_well(img, &one);
	assert_type(&one.types[0], 0, 0, 4, 4);
	/* Nor is the module's better because neither has what is asked for. */
	wanted_reset(&one);
	want_type(&one, "mod", "small", "no_such");
	resolve_well(img, &one);
	assert_type(&one.types[0], 0, 0, 4, 4);
	assert_no_type(&one.types[1]);
}

/* Not loaded, or without BTF: no error, and what vmlinux has is found. */
static void check_module_missing(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	btf_image_add_module(img, c, "bare", NULL);
	btf_image_add_module(img, c, "mod", "mod");
	want_type(&w, "absent", "own", "other");
	want_type(&w, "absent", "bio", "x");
	want_type(&w, "bare", "own", "other");
	want_type(&w, "bare", "bio", "x");
	want_num(&w, "absent", "FROM_MODULE");
	want_len(&w, "bare", "own", "a");
	want_path(&w, "absent", "own.l.next");
	resolve_well(img, &w);
	assert_no_type(&w.types[0]);
	assert_type(&w.types[1], 0, 0, 4, sizeof(struct bio));
	assert_no_type(&w.types[2]);
	assert_type(&w.types[3], 0, 0, 4, sizeof(struct bio));
	assert_no_num(&w.nums[0]);
	assert_no_len(&w.lens[0]);
	assert_no_path(&w.paths[0]);
}

/* Only what is named is read, and the kernel's BTF once. */
static void check_module_reads(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	btf_image_add_module(img, c, "mod_two", "mod2");
	btf_image_add_module(img, c, "mod", "mod");
	want_type(&w, "mod_two", "own", "other");
	resolve_well(img, &w);
	assert_type(&w.types[0], 0, 0, 4, 8);
	assert_true(img->parts[1].reads > 0);
	assert_int_equal(img->parts[2].reads, 0);

	/* Nor are those that have nothing left to say. */
	w.types[0].modname = "vmlinux";
	img->parts[1].reads = 0;
	resolve_well(img, &w);
	assert_int_equal(img->parts[1].reads, 0);
}

static void test_modules(void **state)
{
	in_both_orders(state, "kernel", check_modules);
	in_both_orders(state, "kernel", check_module_others);
	in_both_orders(state, "kernel", check_module_versions);
	in_both_orders(state, "kernel", check_module_missing);
	in_both_orders(state, "kernel", check_module_reads);
}

/* ---- damage -------------------------------------------------------------------- */

/*
 * The warning must name the module if all of its BTF is useless; in any case the kernel's
 * and other modules' types are found.
 */
static void check_sick(struct btf_image *img, const struct btf_images *c, bool said,
		       const char *what)
{
	struct wanted w = { 0 };
	struct result r;

	btf_image_add_module(img, c, "mod_two", "mod2");
	want_type(&w, "sick", "own", "l");
	want_type(&w, "sick", "bio", "x");
	want_num(&w, "sick", "NOWHERE");
	want_type(&w, "mod_two", "own", "other");
	r = resolve(img, &w);
	assert_int_equal(r.err, 0);
	if (r.module_err && r.module_err != -EBADMSG && r.module_err != -EFAULT)
		fail_msg("%s: %d: %s", what, r.module_err, r.text);
	if (said && !strstr(r.why, "sick"))
		fail_msg("%s: \"%s\" does not name the module", what, r.why);
	assert_no_type(&w.types[0]);
	assert_type(&w.types[1], 0, 0, 4, sizeof(struct bio));
	assert_no_num(&w.nums[0]);
	assert_type(&w.types[2], 0, 0, 4, 8);
}

static void check_sick_modules(struct btf_image *kernel, const struct btf_images *c)
{
	static const struct {
		const char *name;
		uint64_t move;			/* added to the address of its BTF */
		uint32_t size;
		bool said;
	} cases[] = {
		{ "mod-cut", 0, 0, true },
		{ "mod-vlen", 0, 0, true },
		{ "mod-wild", 0, 0, false },
		{ "mod", 64 << 20, 0, true },
		{ "mod", -BTF_IMAGE_MODULES - (1 << 20) - 4, 0, true },
		{ "mod", 1, 0, true },
		{ "mod", 0, 0xffffffff, true },
		{ "mod", 0, 0x10000, true },
		{ "mod", 0, 24, true },
		{ "mod", 0, 1, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct btf_image img;
		struct kmodule *m;

		btf_image_open(&img, c, "kernel", kernel->mem.swap != HOST_BIG_ENDIAN);
		m = btf_image_add_module(&img, c, "sick", cases[i].name);
		m->btf += cases[i].move;
		if (cases[i].size)
			m->btf_size = cases[i].size;
		check_sick(&img, c, cases[i].said, cases[i].name);
		btf_image_close(&img);
	}
}

static void test_sick_modules(void **state)
{
	in_both_orders(state, "kernel", check_sick_modules);
}

static void want_good(struct wanted *w)
{
	want_type(w, "vmlinux", "good", "b");
	want_num(w, "vmlinux", "GOOD_NUMBER");
	want_len(w, "vmlinux", "good_array", NULL);
	want_path(w, "vmlinux", "good.b");
	want_type(w, "vmlinux", "bad", "x");
	want_type(w, "vmlinux", "bad", "y");
	want_type(w, "vmlinux", "bad", "z");
	want_type(w, "vmlinux", "bad", "no_such");
	want_type(w, "vmlinux", "bad", NULL);
	want_type(w, "vmlinux", "bad_t", "x");
	want_type(w, "vmlinux", "bad2", "x");
	want_len(w, "vmlinux", "bad", "y");
	want_num(w, "vmlinux", "E");
	want_path(w, "vmlinux", "bad.y.z");
	want_path(w, "vmlinux", "bad.in.in.in.in.in.in.in.x");
}

static void assert_good(const struct wanted *w)
{
	assert_type(&w->types[0], 64, 0, 8, 16);
	assert_num(&w->nums[0], 42);
	assert_len(&w->lens[0], 9);
	assert_path(&w->paths[0], 64, 0, 8);
}

/* No member reaches out of its struct. */
static void assert_inside(const struct wanted *w, const char *what)
{
	for (size_t i = 0; i < w->nr_types; i++) {
		const struct ktype_info *t = &w->types[i];
		uint64_t bits = t->member_bit_sz ? t->member_bit_sz : t->member_size * UINT64_C(8);

		if (t->index >= 0 && t->member_bit_offset + bits > t->struct_size * UINT64_C(8))
			fail_msg("%s: %s.%s: bits %u + %llu, of %u bytes", what, t->struct_name,
				 t->member_name ? t->member_name : "-", t->member_bit_offset,
				 (unsigned long long)bits, t->struct_size);
	}
}

static void for_each_order(void **state, const char *name,
			   void (*fn)(struct btf_image *img, const char *name))
{
	for (int big = 0; big < 2; big++) {
		struct btf_image img;

		btf_image_open(&img, *state, name, big);
		cpu_limit(30);
		fn(&img, name);
		cpu_limit(0);
		btf_image_close(&img);
	}
}

/* A libbpf that looks at everything first may refuse all of it. */
static void check_partly(struct btf_image *img, const char *name, bool said)
{
	struct wanted w = { 0 };
	struct result r;

	want_good(&w);
	r = resolve(img, &w);
	if (r.err && r.err != -EBADMSG)
		fail_msg("%s: %d: %s", name, r.err, r.text);
	if (!r.err)
		assert_good(&w);
	if (said && !*r.why)
		fail_msg("%s: there is no warning", name);
	assert_inside(&w, name);
}

static void check_partly_silent(struct btf_image *img, const char *name)
{
	check_partly(img, name, false);
}

static void check_partly_said(struct btf_image *img, const char *name)
{
	check_partly(img, name, true);
}

/* Wrong in one place: the rest is found. */
static void test_partly_damaged(void **state)
{
	static const char *const silent[] = {
		"wild-self-id", "wild-names", "wild-size", "loop-struct", "no-types", "none",
	};
	static const char *const said[] = {
		"wild-id", "wild-name", "wild-name-in", "wild-offset", "wild-flag",
		"wild-array", "loop-typedef", "loop-unnamed", "loop-two", "loop-array",
		"loop-const", "loop-tag", "bomb",
	};

	if (!btf_info_supported() || sizeof(long) != 8)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(said); i++)
		for_each_order(state, said[i], check_partly_said);
	for (size_t i = 0; i < ARRAY_SIZE(silent); i++)
		for_each_order(state, silent[i], check_partly_silent);
}

/* A wild member of a struct does not spoil the others. */
static void check_around_damage(struct btf_image *img, const char *name)
{
	struct wanted w = { 0 };

	(void)name;
	want_type(&w, "vmlinux", "bad", "x");
	want_type(&w, "vmlinux", "bad", "z");
	if (resolve(img, &w).err)
		return;
	assert_type(&w.types[0], 0, 0, 4, w.types[0].struct_size);
	assert_type(&w.types[1], 128, 0, 4, w.types[0].struct_size);
}

/* Members of a member that has lost its name do not become the struct's own. */
static void check_lost_name(struct btf_image *img, const char *name)
{
	struct wanted w = { 0 };

	(void)name;
	want_type(&w, "vmlinux", "bad", "y");
	want_type(&w, "vmlinux", "bad", "z");
	if (resolve(img, &w).err)
		return;
	assert_no_type(&w.types[0]);
	assert_type(&w.types[1], 64, 0, 4, 12);
}

static void test_around_damage(void **state)
{
	if (!btf_info_supported() || sizeof(long) != 8)
		skip();
	for_each_order(state, "wild-name-in", check_lost_name);
	for_each_order(state, "wild-id", check_around_damage);
}

static void check_useless(struct btf_image *img, const char *name)
{
	struct wanted w = { 0 };
	struct result r;

	want_good(&w);
	r = resolve(img, &w);
	if (r.err != -EBADMSG)
		fail_msg("%s: %d: %s", name, r.err, r.text);
	if (!*r.text || !*r.why)
		fail_msg("%s: there is no warning", name);
	for (size_t i = 0; i < w.nr_types; i++)
		assert_no_type(&w.types[i]);
	assert_no_num(&w.nums[0]);
	assert_no_len(&w.lens[0]);
	assert_no_path(&w.paths[0]);
}

static void test_useless(void **state)
{
	static const char *const names[] = {
		"cut", "cut-types", "cut-header", "no-strings", "long-strings", "huge-strings",
		"strings-apart", "odd-types", "types-apart", "huge-types", "no-header",
		"short-header", "long-header", "huge-header", "bad-magic", "bad-version",
		"long-vlen", "longer-vlen", "future-kind", "kind-0", "open-string",
	};

	if (!btf_info_supported() || sizeof(long) != 8)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for_each_order(state, names[i], check_useless);
}

/* ---- where it is --------------------------------------------------------------- */

/* That there is none is a pity, but nothing that is wrong. */
static void assert_bounds(struct btf_image *img, vaddr_t start, vaddr_t stop, int want)
{
	struct wanted w = { 0 };
	struct result r;

	want_good(&w);
	btf_image_bounds(start, stop);
	r = resolve(img, &w);
	if (r.err != want)
		fail_msg("%#llx to %#llx: %d: %s", (unsigned long long)start,
			 (unsigned long long)stop, r.err, r.text);
	assert_true(*r.text);
	assert_int_equal(!*r.why, want == -ENOENT);
	assert_no_type(&w.types[0]);
}

static void check_bounds(struct btf_image *img, const struct btf_images *c)
{
	vaddr_t start = BTF_IMAGE_KERNEL, stop = start + img->parts[0].len;

	(void)c;
	assert_bounds(img, 0, 0, -ENOENT);
	assert_bounds(img, stop, start, -EBADMSG);
	assert_bounds(img, start, start, -EBADMSG);
	assert_bounds(img, start, start + 1, -EBADMSG);
	assert_bounds(img, start, start + 23, -EBADMSG);
	assert_bounds(img, start, start + (UINT64_C(1) << 40), -EBADMSG);
	assert_bounds(img, 1, UINT64_MAX, -EBADMSG);
	assert_bounds(img, start - 4096, stop - 4096, -EFAULT);
	assert_bounds(img, start + 4, stop, -EBADMSG);
	assert_bounds(img, UINT64_MAX - 100, UINT64_MAX, -EFAULT);
}

/* A byte after the sections is not read. */
static void check_longer(struct btf_image *img, const struct btf_images *c)
{
	vaddr_t start = BTF_IMAGE_KERNEL, stop = start + img->parts[0].len;
	struct wanted w = { 0 };

	(void)c;
	want_type(&w, "vmlinux", "r", "c");
	btf_image_bounds(start, stop + 1);
	resolve_well(img, &w);
	assert_true(w.types[0].index == FACT_BTF);
}

static void check_scan(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	(void)c;
	want_type(&w, "vmlinux", "good", "b");
	btf_image_bounds(0, 0);
	resolve_well(img, &w);
	assert_type(&w.types[0], 64, 0, 8, 16);

	/* One bound alone is none. */
	wanted_reset(&w);
	btf_image_bounds(BTF_IMAGE_KERNEL, 0);
	resolve_well(img, &w);
	assert_type(&w.types[0], 64, 0, 8, 16);
}

static void test_bounds(void **state)
{
	in_both_orders(state, "rich", check_bounds);
	in_both_orders(state, "rich", check_longer);
	in_both_orders(state, "scan", check_scan);
}

static void check_late_set(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w[2] = { 0 };
	struct btf_info *bi;

	(void)c;
	want_type(&w[0], "vmlinux", "page", "lru");
	want_type(&w[1], "vmlinux", "page", "mapping");
	assert_int_equal(btf_info_create(&bi, &img->mem), 0);
	for (int i = 0; i < 2; i++) {
		struct fact_set set = wanted_set(&w[i]);

		assert_int_equal(register_ktype_section(bi, &set), 0);
		assert_int_equal(init_kernel_btf(bi), 0);
	}
	assert_string_equal(btf_info_why(bi), "");
	btf_info_destroy(bi);
	assert_type(&w[0].types[0], offsetof(struct page, lru) * 8, 0, 16, sizeof(struct page));
	assert_type(&w[1].types[0], offsetof(struct page, mapping) * 8, 0, 8, sizeof(struct page));
}

static void check_nothing_wanted(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };
	struct btf_info *bi;

	(void)c;
	resolve_well(img, &w);
	assert_int_equal(btf_info_create(&bi, &img->mem), 0);
	btf_info_destroy(bi);
	assert_int_equal(btf_info_create(&bi, &img->mem), 0);
	assert_int_equal(init_kernel_btf(bi), 0);
	btf_info_destroy(bi);
}

/* Facts of the kernel need only some of its types; those of modules, and questions, all. */
static void check_part(struct btf_image *img, const struct btf_images *c)
{
	struct btf_image_part *kernel = &img->parts[0];
	const struct btf_types *types;
	struct wanted w = { 0 };
	struct fact_set set;
	struct btf_info *bi;

	want_type(&w, "vmlinux", "r", "c");
	want_num(&w, "vmlinux", "E");
	set = wanted_set(&w);
	assert_int_equal(btf_info_create(&bi, &img->mem), 0);
	assert_int_equal(register_ktype_section(bi, &set), 0);
	assert_int_equal(init_kernel_btf(bi), 0);
	assert_true(w.types[0].index == FACT_BTF && w.nums[0].index == FACT_BTF);
	assert_true(kernel->longest_read < kernel->len);
	assert_int_equal(btf_info_types(bi, &types), 0);
	assert_int_equal(kernel->longest_read, kernel->len);
	btf_info_destroy(bi);

	kernel->longest_read = 0;
	btf_image_add_module(img, c, "mod", "rich-mod");
	want_type(&w, "mod", "own", "y");
	wanted_reset(&w);
	resolve_well(img, &w);
	assert_true(w.types[0].index == FACT_BTF && w.types[1].index == FACT_BTF);
	assert_int_equal(kernel->longest_read, kernel->len);
}

static void test_part(void **state)
{
	in_both_orders(state, "rich", check_part);
}

/* Sets that come later, and none at all. */
static void test_registering(void **state)
{
	in_both_orders(state, "types", check_late_set);
	in_both_orders(state, "types", check_nothing_wanted);
}

/* ---- any damage ---------------------------------------------------------------- */

static void want_rich(struct wanted *w)
{
	static const char *const names[] = { "a", "b", "c", "d", "f", "fn", "l", "en", "q", "g" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		want_type(w, "vmlinux", "r", names[i]);
	want_type(w, "vmlinux", "fwd", NULL);
	want_type(w, "vmlinux", "t", NULL);
	want_num(w, "vmlinux", "E");
	want_num(w, "vmlinux", "BIG");
	want_len(w, "vmlinux", "r", "c");
	want_len(w, "vmlinux", "var", NULL);
	want_path(w, "vmlinux", "i.in.l.prev");
	want_type(w, "mod", "own", "i");
	want_type(w, "mod", "own", "y");
	want_type(w, "mod", "i", "z");
	want_num(w, "mod", "MINE");
	want_path(w, "mod", "own.i.in.d");
}

static void try_damaged(struct btf_image *img, struct wanted *w)
{
	struct result r;

	wanted_reset(w);
	r = resolve(img, w);
	if ((r.err && r.err != -EBADMSG) || (r.module_err && r.module_err != -EBADMSG &&
					     r.module_err != -ENOENT))
		fail_msg("%d, %d: %s", r.err, r.module_err, r.text);
	if ((r.err || r.module_err) && (!*r.text || !*r.why))
		fail_msg("%d, %d: there is no warning", r.err, r.module_err);
}

static void check_flipped(struct btf_image *img, const struct btf_images *c)
{
	static const uint8_t flips[] = { 0x01, 0x80, 0xff };
	struct wanted w = { 0 };

	btf_image_add_module(img, c, "mod", "rich-mod");
	want_rich(&w);
	resolve_well(img, &w);
	cpu_limit(120);
	for (size_t part = 0; part < 2; part++) {
		for (size_t at = 0; at < img->parts[part].len; at++) {
			for (size_t i = 0; i < ARRAY_SIZE(flips); i++) {
				img->parts[part].data[at] ^= flips[i];
				try_damaged(img, &w);
				img->parts[part].data[at] ^= flips[i];
			}
		}
	}
	cpu_limit(0);
}

static void check_truncated(struct btf_image *img, const struct btf_images *c)
{
	struct wanted w = { 0 };

	btf_image_add_module(img, c, "mod", "rich-mod");
	want_rich(&w);
	for (size_t len = 1; len < img->parts[0].len; len++) {
		btf_image_bounds(BTF_IMAGE_KERNEL, BTF_IMAGE_KERNEL + len);
		wanted_reset(&w);
		assert_int_equal(resolve(img, &w).err, -EBADMSG);
	}
	btf_image_bounds(BTF_IMAGE_KERNEL, BTF_IMAGE_KERNEL + img->parts[0].len);
	for (size_t len = 1; len < img->parts[1].len; len++) {
		img->modules[0].btf_size = len;
		try_damaged(img, &w);
	}
}

/* Whichever byte is wrong, and wherever it ends. */
static void test_any_damage(void **state)
{
	in_both_orders(state, "rich", check_flipped);
	in_both_orders(state, "rich", check_truncated);
}

static void test_without_libbpf(void **state)
{
	struct vmem mem = { 0 };
	struct btf_info *bi;

	(void)state;
	if (btf_info_supported())
		skip();
	err_set(-EFAULT, "%s", "");
	assert_int_equal(btf_info_create(&bi, &mem), -ENOTSUP);
	assert_non_null(strstr(err_text(-ENOTSUP), "libbpf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_pointers_of_4_bytes),
		cmocka_unit_test(test_flexible_array),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_bit_fields),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_structs_of_one_name),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_filled_in_before),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_sick_modules),
		cmocka_unit_test(test_partly_damaged),
		cmocka_unit_test(test_around_damage),
		cmocka_unit_test(test_useless),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_part),
		cmocka_unit_test(test_registering),
		cmocka_unit_test(test_any_damage),
		cmocka_unit_test(test_without_libbpf),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
