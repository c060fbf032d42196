// SPDX-License-Identifier: GPL-2.0-or-later
/* Types as they are printed, checked by eye against the rules of C. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "lib/types.h"

#include "btf_image.h"
#include "cpu_limit.h"
#include "types/btf_info.h"

static const struct btf_source texts[] = {
	{ "kernel",
	  "typedef _Bool bool; typedef unsigned int u32;"
	  "struct list_head { struct list_head *next, *prev; };"
	  "struct page { unsigned long flags; union { struct list_head lru; struct { void *a; "
	  "unsigned char b[3][4]; }; }; int refs; };"
	  "struct empty { }; union either { int i; char c[3]; };"
	  "enum colour { RED, GREEN = 7, BLUE }; enum minus { MINUS = -2, PLUS };"
	  "enum wide { WIDE = 0x123456789abcdef0, SMALL = 1 };"
	  "enum top { TOP = 0xffffffffffffffff }; enum low { LOW = -0x123456789a };"
	  "struct bits { u32 a:3; unsigned int b:5; bool e:1; int whole; unsigned long long "
	  "c:33; };"
	  "struct decl { const char *const *pp; int (*fn)(struct page *, int n, ...); void "
	  "(*fns[3])(int, char *); int (*(*weird)(int (*)(char)))[5]; int (*to_array)[7]; const "
	  "volatile struct list_head lists[2]; int grid[3][5]; char *restrict r; enum colour e; "
	  "union either un; struct { int inner; } sub; union { int x; } arr[2]; void "
	  "(*none)(void); int __attribute__((btf_type_tag(\"user\"))) *u; struct nowhere *nw; "
	  "double d; union either *eu; enum { IN_A, IN_B } anon_e; struct empty em; char tail[]; "
	  "};"
	  "typedef struct { int counter; } atomic_t; typedef atomic_t refcount_t;"
	  "typedef int (*callback_t)(struct list_head *, int); typedef struct list_head list_t;"
	  "typedef int plain; typedef void void_t; typedef int fn_t(char); typedef u32 arr_t[4];"
	  "typedef struct page page; typedef enum colour colour_t;"
	  "struct outer { char pad; struct page page; struct page pages[2]; struct list_head "
	  "*ptr; };"
	  "struct dup { int a; }; struct dup { int a, b; };"
	  "int func(int); int var; struct only_fwd; struct in_func { int in; }; int "
	  "in_func(void);" },
	{ "ints", ".bits int\nstruct bits { unsigned int a:3; unsigned int b:5; int whole;"
		  " long c:33; };" },
	{ "module", ".base kernel\nstruct own { int a; struct page *p; enum colour c; };"
		    "struct list_head { struct list_head *next, *prev; };"
		    "struct empty { int no_more; };" },
	{ "module2", ".base kernel\nstruct own { int a; struct page *p; enum colour c; };"
		     "struct own2 { char c; };" },
	/* A libbpf that looks at everything first may refuse all of it. */
	{ "damaged", "struct good { int a; long b; };"
		     "struct wild_id { int first; typeof(99999999) y; int last @ 128; };"
		     "struct wild_name { int first, y, last; };\n.set wild_name 1 name 0x7ffffffe\n"
		     "struct wild_offset { int first, y, last; };\n"
		     ".set wild_offset 1 offset 0xffffffff\n"
		     "enum wild_enum { first, y, last };\n.set wild_enum 1 name 0x7fffffff\n"
		     "typedef typeof(123456) wild_t;\n"
		     ".raw proto FUNC_PROTO vlen=1 5 100000\n"
		     "struct wild_param { int first; typeof(proto) *y @ 64; int last @ 128; };" },
	{ "loops", "struct good { int a; long b; };\n"
		   ".raw loop_t TYPEDEF name=loop_t type=loop_t\n"
		   "struct of_typedef { int first; typeof(loop_t) y; int last; };"
		   "u: struct of_unnamed { int first; typeof(u) @ 64; int last @ 128; };"
		   "s: struct of_itself { int first; typeof(s) y; int last; };\n"
		   ".raw me ARRAY me good 4\n"
		   "struct of_array { int first; typeof(me) y; int last; };\n"
		   ".raw c1 CONST type=c2\n.raw c2 VOLATILE type=c1\n"
		   "struct of_const { int first; typeof(c1) y; int last; };\n"
		   ".raw p1 PTR type=p1\nstruct of_pointer { int first; typeof(p1) y @ 64;"
		   " int last @ 128; };\n"
		   ".raw fp FUNC_PROTO type=fp\n.raw pfp PTR type=fp\n"
		   "struct of_proto { int first; typeof(pfp) y @ 64; int last @ 128; };\n"
		   "k: struct { typeof(kp) a @ 0; typeof(kp) b @ 64; };\n.raw kp PTR type=k\n"
		   "struct of_knot { int first; typeof(kp) y @ 64; int last @ 128; };\n" },
	{ "bomb", "l0: struct { int q; };"
#define LEVEL(n, m) "l" #n ": struct { typeof(l" #m "); typeof(l" #m ") b; };\n" \
	".set l" #n " size 4\n.set l" #n " 1 offset 0\n"
		  LEVEL(1, 0) LEVEL(2, 1) LEVEL(3, 2) LEVEL(4, 3) LEVEL(5, 4) LEVEL(6, 5)
		  LEVEL(7, 6) LEVEL(8, 7) LEVEL(9, 8) LEVEL(10, 9) LEVEL(11, 10) LEVEL(12, 11)
		  LEVEL(13, 12) LEVEL(14, 13) LEVEL(15, 14) LEVEL(16, 15) LEVEL(17, 16)
		  LEVEL(18, 17) LEVEL(19, 18) LEVEL(20, 19) LEVEL(21, 20) LEVEL(22, 21)
		  LEVEL(23, 22) LEVEL(24, 23) LEVEL(25, 24) LEVEL(26, 25) LEVEL(27, 26)
		  "struct bomb { typeof(l27) x; int last; }; struct good { int a; long b; };" },
	{ "rich", "struct list_head { struct list_head *next, *prev; }; enum e { E = -1 };"
		  "struct r { int a:3; const volatile long b;"
		  " union { char c[5]; struct { long d; }; }; int (*fn)(int x, ...);"
		  " struct list_head l; enum e en; int *restrict q; };"
		  "enum { BIG = 0x1122334455 }; typedef struct { struct r r; } t; typedef t *p;" },
};

#define BITS_OF_INTS \
	"struct bits {\n" \
	"\tunsigned int               a:3;                  /*     0: 0  4 */\n" \
	"\tunsigned int               b:5;                  /*     0: 3  4 */\n" \
	"\tint                        whole;                /*     4     4 */\n" \
	"\tlong int                   c:33;                 /*     8: 0  8 */\n" \
	"\n" \
	"\t/* size: 16, members: 4 */\n" \
	"};\n"
#define MODULE_OWN \
	"/* module mod */\n" \
	"struct own {\n" \
	"\tint                        a;                    /*     0     4 */\n" \
	"\tstruct page *              p;                    /*     8     8 */\n" \
	"\tenum colour                c;                    /*    16     4 */\n" \
	"\n" \
	"\t/* size: 24, members: 3 */\n" \
	"};\n"
#define MODULE_OWN2 \
	"/* module mod_two */\n" \
	"struct own2 {\n" \
	"\tchar                       c;                    /*     0     1 */\n" \
	"\n" \
	"\t/* size: 1, members: 1 */\n" \
	"};\n"
#define MODULE_EMPTY \
	"struct empty {\n" \
	"\n" \
	"\t/* size: 0, members: 0 */\n" \
	"};\n" \
	"/* module mod */\n" \
	"struct empty {\n" \
	"\tint                        no_more;              /*     0     4 */\n" \
	"\n" \
	"\t/* size: 4, members: 1 */\n" \
	"};\n"
#define MODULE_MEMBER \
	"/* module mod */\n" \
	"enum colour                        c;                    /*    16     4 */\n"
#define PATTERN_MEMBER \
	"/* struct list_head */\n" \
	"struct list_head *                 prev;                 /*     8     8 */\n"

static const struct {
	const char *name;
	int count;
	const char *text;
} types[] = {
	{ "list_head", 1,
	  "struct list_head {\n"
	  "\tstruct list_head *         next;                 /*     0     8 */\n"
	  "\tstruct list_head *         prev;                 /*     8     8 */\n"
	  "\n"
	  "\t/* size: 16, members: 2 */\n"
	  "};\n" },
	{ "page", 2,
	  "struct page {\n"
	  "\tlong unsigned int          flags;                /*     0     8 */\n"
	  "\tunion {\n"
	  "\t\tstruct list_head   lru;                  /*     8    16 */\n"
	  "\t\tstruct {\n"
	  "\t\t\tvoid *     a;                    /*     8     8 */\n"
	  "\t\t\tunsigned char b[3][4];           /*    16    12 */\n"
	  "\t\t};                                       /*     8    24 */\n"
	  "\t};                                               /*     8    24 */\n"
	  "\tint                        refs;                 /*    32     4 */\n"
	  "\n"
	  "\t/* size: 40, members: 3 */\n"
	  "};\n"
	  "typedef struct page page; /* size: 40 */\n" },
	{ "empty", 1,
	  "struct empty {\n"
	  "\n"
	  "\t/* size: 0, members: 0 */\n"
	  "};\n" },
	{ "either", 1,
	  "union either {\n"
	  "\tint                        i;                    /*     0     4 */\n"
	  "\tchar                       c[3];                 /*     0     3 */\n"
	  "\n"
	  "\t/* size: 4, members: 2 */\n"
	  "};\n" },
	{ "colour", 1,
	  "enum colour {\n"
	  "\tRED                    = 0,\n"
	  "\tGREEN                  = 7,\n"
	  "\tBLUE                   = 8,\n"
	  "\n"
	  "\t/* size: 4, enumerators: 3 */\n"
	  "};\n" },
	{ "minus", 1,
	  "enum minus {\n"
	  "\tMINUS                  = -2,\n"
	  "\tPLUS                   = -1,\n"
	  "\n"
	  "\t/* size: 4, enumerators: 2 */\n"
	  "};\n" },
	{ "wide", 1,
	  "enum wide {\n"
	  "\tWIDE                   = 1311768467463790320,\n"
	  "\tSMALL                  = 1,\n"
	  "\n"
	  "\t/* size: 8, enumerators: 2 */\n"
	  "};\n" },
	{ "top", 1,
	  "enum top {\n"
	  "\tTOP                    = 18446744073709551615,\n"
	  "\n"
	  "\t/* size: 8, enumerators: 1 */\n"
	  "};\n" },
	{ "low", 1,
	  "enum low {\n"
	  "\tLOW                    = -78187493530,\n"
	  "\n"
	  "\t/* size: 8, enumerators: 1 */\n"
	  "};\n" },
	{ "bits", 1,
	  "struct bits {\n"
	  "\tu32                        a:3;                  /*     0: 0  4 */\n"
	  "\tunsigned int               b:5;                  /*     0: 3  4 */\n"
	  "\tbool                       e:1;                  /*     1: 0  1 */\n"
	  "\tint                        whole;                /*     4     4 */\n"
	  "\tlong long unsigned int     c:33;                 /*     8: 0  8 */\n"
	  "\n"
	  "\t/* size: 16, members: 5 */\n"
	  "};\n" },
	{ "decl", 1,
	  "struct decl {\n"
	  "\tconst char * const *       pp;                   /*     0     8 */\n"
	  "\tint                        (*fn)(struct page *, int, ...); /*     8     8 */\n"
	  "\tvoid                       (*fns[3])(int, char *); /*    16    24 */\n"
	  "\tint                        (*(*weird)(int (*)(char)))[5]; /*    40     8 */\n"
	  "\tint                        (*to_array)[7];       /*    48     8 */\n"
	  "\tvolatile const struct list_head lists[2];        /*    56    32 */\n"
	  "\tint                        grid[3][5];           /*    88    60 */\n"
	  "\tchar * restrict            r;                    /*   152     8 */\n"
	  "\tenum colour                e;                    /*   160     4 */\n"
	  "\tunion either               un;                   /*   164     4 */\n"
	  "\tstruct {\n"
	  "\t\tint                inner;                /*   168     4 */\n"
	  "\t} sub;                                           /*   168     4 */\n"
	  "\tunion {\n"
	  "\t\tint                x;                    /*   172     4 */\n"
	  "\t} arr[2];                                        /*   172     8 */\n"
	  "\tvoid                       (*none)(void);        /*   184     8 */\n"
	  "\tint *                      u;                    /*   192     8 */\n"
	  "\tstruct nowhere *           nw;                   /*   200     8 */\n"
	  "\tdouble                     d;                    /*   208     8 */\n"
	  "\tunion either *             eu;                   /*   216     8 */\n"
	  "\tenum {\n"
	  "\t\tIN_A           = 0,\n"
	  "\t\tIN_B           = 1,\n"
	  "\t} anon_e;                                        /*   224     4 */\n"
	  "\tstruct empty               em;                   /*   228     0 */\n"
	  "\tchar                       tail[];               /*   228     0 */\n"
	  "\n"
	  "\t/* size: 232, members: 20 */\n"
	  "};\n" },
	{ "atomic_t", 1,
	  "typedef struct {\n"
	  "\tint                        counter;              /*     0     4 */\n"
	  "} atomic_t; /* size: 4 */\n" },
	{ "refcount_t", 1,
	  "typedef atomic_t refcount_t; /* size: 4 */\n"
	  "typedef struct {\n"
	  "\tint                        counter;              /*     0     4 */\n"
	  "} atomic_t; /* size: 4 */\n" },
	{ "callback_t", 1,
	  "typedef int (*callback_t)(struct list_head *, int); /* size: 8 */\n" },
	{ "list_t", 1,
	  "typedef struct list_head list_t; /* size: 16 */\n"
	  "struct list_head {\n"
	  "\tstruct list_head *         next;                 /*     0     8 */\n"
	  "\tstruct list_head *         prev;                 /*     8     8 */\n"
	  "\n"
	  "\t/* size: 16, members: 2 */\n"
	  "};\n" },
	{ "plain", 1,
	  "typedef int plain; /* size: 4 */\n" },
	{ "void_t", 1,
	  "typedef void void_t;\n" },
	{ "fn_t", 1,
	  "typedef int fn_t(char);\n" },
	{ "arr_t", 1,
	  "typedef u32 arr_t[4]; /* size: 16 */\n" },
	{ "colour_t", 1,
	  "typedef enum colour colour_t; /* size: 4 */\n"
	  "enum colour {\n"
	  "\tRED                    = 0,\n"
	  "\tGREEN                  = 7,\n"
	  "\tBLUE                   = 8,\n"
	  "\n"
	  "\t/* size: 4, enumerators: 3 */\n"
	  "};\n" },
	{ "outer", 1,
	  "struct outer {\n"
	  "\tchar                       pad;                  /*     0     1 */\n"
	  "\tstruct page                page;                 /*     8    40 */\n"
	  "\tstruct page                pages[2];             /*    48    80 */\n"
	  "\tstruct list_head *         ptr;                  /*   128     8 */\n"
	  "\n"
	  "\t/* size: 136, members: 4 */\n"
	  "};\n" },
	{ "dup", 2,
	  "struct dup {\n"
	  "\tint                        a;                    /*     0     4 */\n"
	  "\n"
	  "\t/* size: 4, members: 1 */\n"
	  "};\n"
	  "struct dup {\n"
	  "\tint                        a;                    /*     0     4 */\n"
	  "\tint                        b;                    /*     4     4 */\n"
	  "\n"
	  "\t/* size: 8, members: 2 */\n"
	  "};\n" },
	{ "in_func", 1,
	  "struct in_func {\n"
	  "\tint                        in;                   /*     0     4 */\n"
	  "\n"
	  "\t/* size: 4, members: 1 */\n"
	  "};\n" },
};

/* Members, at their offsets in the outermost struct. */
static const struct {
	const char *name;
	int count;
	const char *text;
} members[] = {
	{ "page.lru", 1,
	  "struct list_head {\n"
	  "\tstruct list_head *         next;                 /*     8     8 */\n"
	  "\tstruct list_head *         prev;                 /*    16     8 */\n"
	  "} lru;                                                   /*     8    16 */\n" },
	{ "page.lru.prev", 1,
	  "struct list_head *                 prev;                 /*    16     8 */\n" },
	{ "page.b", 1,
	  "unsigned char                      b[3][4];              /*    16    12 */\n" },
	{ "outer.page", 1,
	  "struct page {\n"
	  "\tlong unsigned int          flags;                /*     8     8 */\n"
	  "\tunion {\n"
	  "\t\tstruct list_head   lru;                  /*    16    16 */\n"
	  "\t\tstruct {\n"
	  "\t\t\tvoid *     a;                    /*    16     8 */\n"
	  "\t\t\tunsigned char b[3][4];           /*    24    12 */\n"
	  "\t\t};                                       /*    16    24 */\n"
	  "\t};                                               /*    16    24 */\n"
	  "\tint                        refs;                 /*    40     4 */\n"
	  "} page;                                                  /*     8    40 */\n" },
	{ "outer.pages", 1,
	  "struct page {\n"
	  "\tlong unsigned int          flags;                /*    48     8 */\n"
	  "\tunion {\n"
	  "\t\tstruct list_head   lru;                  /*    56    16 */\n"
	  "\t\tstruct {\n"
	  "\t\t\tvoid *     a;                    /*    56     8 */\n"
	  "\t\t\tunsigned char b[3][4];           /*    64    12 */\n"
	  "\t\t};                                       /*    56    24 */\n"
	  "\t};                                               /*    56    24 */\n"
	  "\tint                        refs;                 /*    80     4 */\n"
	  "} pages[2];                                              /*    48    80 */\n" },
	{ "outer.pages.b", 1,
	  "unsigned char                      b[3][4];              /*    64    12 */\n" },
	{ "outer.ptr", 1,
	  "struct list_head *                 ptr;                  /*   128     8 */\n" },
	{ "bits.b", 1,
	  "unsigned int                       b:5;                  /*     0: 3  4 */\n" },
	{ "bits.c", 1,
	  "long long unsigned int             c:33;                 /*     8: 0  8 */\n" },
	{ "decl.fn", 1,
	  "int                                (*fn)(struct page *, int, ...);"
	  " /*     8     8 */\n" },
	{ "decl.weird", 1,
	  "int                                (*(*weird)(int (*)(char)))[5]; /*    40     8 */\n" },
	{ "decl.sub", 1,
	  "struct {\n"
	  "\tint                        inner;                /*   168     4 */\n"
	  "} sub;                                                   /*   168     4 */\n" },
	{ "decl.sub.inner", 1,
	  "int                                inner;                /*   168     4 */\n" },
	{ "decl.arr", 1,
	  "union {\n"
	  "\tint                        x;                    /*   172     4 */\n"
	  "} arr[2];                                                /*   172     8 */\n" },
	{ "decl.anon_e", 1,
	  "enum {\n"
	  "\tIN_A                   = 0,\n"
	  "\tIN_B                   = 1,\n"
	  "} anon_e;                                                /*   224     4 */\n" },
	{ "decl.tail", 1,
	  "char                               tail[];               /*   228     0 */\n" },
	{ "decl.e", 1,
	  "enum colour                        e;                    /*   160     4 */\n" },
	{ "refcount_t.counter", 1,
	  "int                                counter;              /*     0     4 */\n" },
	{ "list_t.next", 1,
	  "struct list_head *                 next;                 /*     0     8 */\n" },
	{ "dup.b", 1,
	  "int                                b;                    /*     4     4 */\n" },
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

/* The printed text, as far as there is room. */
struct printed {
	char text[65536];
	size_t len, missed;
	int calls, stop_at;		/* 0: never */
};

static int collect(void *ctx, const char *text)
{
	struct printed *p = ctx;
	size_t len = strlen(text);

	assert_true(len > 0);
	assert_int_equal(text[len - 1], '\n');
	p->calls++;
	if (len < sizeof(p->text) - p->len) {
		memcpy(p->text + p->len, text, len + 1);
		p->len += len;
	} else {
		p->missed += len;
	}
	return p->calls == p->stop_at ? -EPIPE : 0;
}

/* A dump, and what is printed of it. */
struct printer {
	struct btf_image img;
	struct btf_info *bi;
	struct printed out;
	int err;			/* of reading the kernel's BTF */
};

static void printer_open(struct printer *p, void **state, const char *name, bool big)
{
	memset(p, 0, sizeof(*p));
	btf_image_open(&p->img, *state, name, big);
	assert_int_equal(btf_info_create(&p->bi, &p->img.mem), 0);
	p->err = init_kernel_btf(p->bi);
}

static void printer_close(struct printer *p)
{
	btf_info_destroy(p->bi);
	btf_image_close(&p->img);
}

static int print(struct printer *p, const char *name)
{
	p->out = (struct printed){ .stop_at = p->out.stop_at };
	err_set(-EFAULT, "%s", "");
	return btf_info_print(p->bi, &p->img.list, name, collect, &p->out);
}

static void assert_printed(struct printer *p, const char *name, int count, const char *text)
{
	int got = print(p, name);

	if (got != count || p->out.calls != count)
		fail_msg("%s: %d, %d types instead of %d", name, got, p->out.calls, count);
	if (strcmp(p->out.text, text))
		fail_msg("%s: this was printed:\n%sinstead of\n%s", name, p->out.text, text);
}

static void assert_none(struct printer *p, const char *name)
{
	int got = print(p, name);

	if (got != -ENOENT || p->out.calls)
		fail_msg("%s: %d, %d types", name, got, p->out.calls);
	if (!strstr(err_text(-ENOENT), name))
		fail_msg("%s: \"%s\" does not name it", name, err_text(-ENOENT));
}

static bool can_run(void)
{
	return btf_info_supported() && sizeof(long) == 8;
}

static void test_types(void **state)
{
	if (!can_run())
		skip();
	for (int big = 0; big < 2; big++) {
		struct printer p;

		printer_open(&p, state, "kernel", big);
		for (size_t i = 0; i < ARRAY_SIZE(types); i++)
			assert_printed(&p, types[i].name, types[i].count, types[i].text);
		assert_string_equal(btf_info_why(p.bi), "");
		printer_close(&p);
	}
}

static void test_members(void **state)
{
	if (!can_run())
		skip();
	for (int big = 0; big < 2; big++) {
		struct printer p;

		printer_open(&p, state, "kernel", big);
		for (size_t i = 0; i < ARRAY_SIZE(members); i++)
			assert_printed(&p, members[i].name, members[i].count, members[i].text);
		printer_close(&p);
	}
}

/* Bit fields as they were said before kernels had the flag. */
static void test_old_bit_fields(void **state)
{
	struct printer p;

	if (!can_run())
		skip();
	printer_open(&p, state, "ints", false);
	assert_printed(&p, "bits", 1, BITS_OF_INTS);
	printer_close(&p);
}

static void test_nothing(void **state)
{
	static const char *const names[] = {
		"no_such", "func", "var", "only_fwd", "int", "nowhere", "", ".", "pag", "page ",
		"page.", ".lru", "page..lru", "page.lru.", "page.no_such", "page.next",
		"outer.ptr.next", "no_such.lru", "RED", "colour.RED", "callback_t.x", "plain.x",
		"zz*", "PAGE", "a.b.c.d.e.f", "struct page", "[", "*.no_such", "page.lru.next.next",
	};
	char longest[8192];
	struct printer p;

	if (!can_run())
		skip();
	printer_open(&p, state, "kernel", false);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_none(&p, names[i]);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(print(&p, longest), -ENOENT);
	for (size_t i = 1; i < sizeof(longest) - 1; i += 2)
		longest[i] = '.';
	assert_int_equal(print(&p, longest), -ENOENT);
	assert_string_equal(btf_info_why(p.bi), "");
	printer_close(&p);
}

/* A pattern is of structs and unions, each definition of them. */
static void test_patterns(void **state)
{
	static const struct {
		const char *pattern;
		int count;
		const char *has[3], *lacks[2];
	} cases[] = {
		{ "d?p", 2, { "struct dup {" }, { "struct decl" } },
		{ "[be]*", 3, { "struct empty {", "union either {", "struct bits {" },
		  { "struct page" } },
		{ "*_head", 1, { "struct list_head {" }, { "list_t" } },
		{ "colou*", 0, { NULL }, { NULL } },
		{ "*_t", 0, { NULL }, { NULL } },
		{ "p[a]g?", 1, { "struct page {" }, { "typedef" } },
		{ "in_fun[c]", 1, { "struct in_func {" }, { NULL } },
		{ "only_fw?", 0, { NULL }, { NULL } },
		{ "*", 10, { "struct outer {", "union either {", "struct dup {" },
		  { "typedef", "enum colour {" } },
	};
	struct printer p;

	if (!can_run())
		skip();
	printer_open(&p, state, "kernel", false);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int got = print(&p, cases[i].pattern);

		if (got != (cases[i].count ? cases[i].count : -ENOENT) ||
		    p.out.calls != cases[i].count)
			fail_msg("%s: %d", cases[i].pattern, got);
		for (int j = 0; j < 3 && cases[i].has[j]; j++)
			assert_non_null(strstr(p.out.text, cases[i].has[j]));
		for (int j = 0; j < 2 && cases[i].lacks[j]; j++)
			assert_null(strstr(p.out.text, cases[i].lacks[j]));
	}
	/* The name does not show the struct of a member, so a comment does. */
	assert_printed(&p, "lis*.prev", 1, PATTERN_MEMBER);
	printer_close(&p);
}

static void test_modules(void **state)
{
	if (!can_run())
		skip();
	for (int big = 0; big < 2; big++) {
		struct printer p;

		printer_open(&p, state, "kernel", big);
		btf_image_add_module(&p.img, *state, "mod", "module");
		btf_image_add_module(&p.img, *state, "bare", NULL);
		btf_image_add_module(&p.img, *state, "mod_two", "module2");
		/* Copies are printed once. */
		assert_printed(&p, "own", 1, MODULE_OWN);
		assert_printed(&p, "own2", 1, MODULE_OWN2);
		assert_int_equal(print(&p, "list_head"), 1);
		assert_int_equal(print(&p, "list_head.prev"), 1);
		assert_printed(&p, "empty", 2, MODULE_EMPTY);
		assert_printed(&p, "own.c", 1, MODULE_MEMBER);
		p.out = (struct printed){ 0 };
		assert_int_equal(btf_info_print(p.bi, NULL, "own", collect, &p.out), -ENOENT);
		assert_int_equal(btf_info_print(p.bi, NULL, "empty", collect, &p.out), 1);
		assert_string_equal(btf_info_why(p.bi), "");

		/* A warning names the module that cannot be read; the others are printed. */
		p.img.modules[0].btf += 64 << 20;
		assert_int_equal(print(&p, "own2"), 1);
		assert_non_null(strstr(btf_info_why(p.bi), "mod"));
		printer_close(&p);
	}
}

/* Nothing but printing is asked for, as by --list-ktypes. */
static void test_printing_alone(void **state)
{
	struct printer p;

	if (!can_run())
		skip();
	printer_open(&p, state, "kernel", false);
	btf_info_destroy(p.bi);
	assert_int_equal(btf_info_create(&p.bi, &p.img.mem), 0);
	assert_int_equal(print(&p, "list_head"), 1);
	btf_image_bounds(0, 0);
	btf_info_destroy(p.bi);
	assert_int_equal(btf_info_create(&p.bi, &p.img.mem), 0);
	assert_int_equal(print(&p, "list_head"), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), "BTF"));
	printer_close(&p);
}

/* A callback that returns an error gets no more calls. */
static void test_stopped(void **state)
{
	struct printer p;

	if (!can_run())
		skip();
	printer_open(&p, state, "kernel", false);
	btf_image_add_module(&p.img, *state, "mod", "module");
	p.out.stop_at = 3;
	assert_int_equal(print(&p, "*"), -EPIPE);
	assert_int_equal(p.out.calls, 3);
	printer_close(&p);
}

/* A comment marks damage at its place, and the members around it are printed. */
static void check_damaged(void **state, const char *blob, const char *const *names, size_t n)
{
	for (int big = 0; big < 2; big++) {
		struct printer p;

		printer_open(&p, state, blob, big);
		for (size_t i = 0; !p.err && i < n; i++) {
			const char *text = p.out.text;

			cpu_limit(20);
			assert_int_equal(print(&p, names[i]), 1);
			cpu_limit(0);
			assert_int_equal(p.out.missed, 0);
			if (!strstr(text, "/* damaged"))
				fail_msg("%s: the damage is not marked:\n%s", names[i], text);
			if (strcmp(names[i] + strlen(names[i]) - 2, "_t") &&
			    (!strstr(text, " first") || !strstr(text, " last")) &&
			    !(strstr(text, "\tfirst") && strstr(text, "\tlast")))
				fail_msg("%s: this is printed:\n%s", names[i], text);
			if (p.out.len > 2000)
				fail_msg("%s: %zu characters", names[i], p.out.len);
		}
		if (!p.err)
			assert_int_equal(print(&p, "good.b"), 1);
		assert_true(!p.err || p.err == -EBADMSG);
		assert_true(print(&p, "*") > 0 || p.err);
		printer_close(&p);
	}
}

static void test_damaged(void **state)
{
	static const char *const names[] = {
		"wild_id", "wild_name", "wild_offset", "wild_enum", "wild_t", "wild_param",
	};

	if (!can_run())
		skip();
	check_damaged(state, "damaged", names, ARRAY_SIZE(names));
}

static void test_loops(void **state)
{
	static const char *const names[] = {
		"loop_t", "of_typedef", "of_unnamed", "of_itself", "of_array", "of_const",
		"of_pointer", "of_proto", "of_knot",
	};

	if (!can_run())
		skip();
	check_damaged(state, "loops", names, ARRAY_SIZE(names));
}

/* Each level has the one below it twice: there is an end to it nevertheless. */
static void test_bomb(void **state)
{
	struct printer p;

	if (!can_run())
		skip();
	printer_open(&p, state, "bomb", false);
	cpu_limit(60);
	assert_int_equal(p.err, 0);
	print(&p, "bomb");
	print(&p, "bomb.x");
	print(&p, "bomb.no_such");
	assert_int_equal(print(&p, "good"), 1);
	cpu_limit(0);
	printer_close(&p);
}

static void assert_harmless(const char *text)
{
	for (; *text; text++) {
		if (*text < ' ' && *text != '\n' && *text != '\t')
			fail_msg("byte %#x is printed: \"%s\"", *text & 0xff, text);
	}
}

static void try_damaged(void **state, bool big, size_t at, uint8_t flip)
{
	static const char *const names[] = { "*", "r.l", "r.d", "t", "p", "e" };
	struct printer p;

	memset(&p, 0, sizeof(p));
	btf_image_open(&p.img, *state, "rich", big);
	if (at >= p.img.parts[0].len) {
		btf_image_close(&p.img);
		return;
	}
	p.img.parts[0].data[at] ^= flip;
	assert_int_equal(btf_info_create(&p.bi, &p.img.mem), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int got = print(&p, names[i]);

		if (got <= 0 && got != -ENOENT && got != -EBADMSG)
			fail_msg("byte %zu: %s: %d", at, names[i], got);
		if (p.out.missed)
			fail_msg("byte %zu, %#x: %s is of %zu characters", at, flip, names[i],
				 p.out.missed);
		assert_harmless(p.out.text);
	}
	printer_close(&p);
}

/* Whichever byte is wrong: what is printed is plain text, and not much. */
static void test_any_damage(void **state)
{
	static const uint8_t flips[] = { 0x01, 0x60, 0x80, 0xff };

	if (!can_run())
		skip();
	cpu_limit(120);
	for (size_t at = 0; at < 1024; at++) {
		for (size_t i = 0; i < ARRAY_SIZE(flips); i++) {
			try_damaged(state, false, at, flips[i]);
			try_damaged(state, true, at, flips[i]);
		}
	}
	cpu_limit(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_old_bit_fields),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_printing_alone),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_any_damage),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
