// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The places of struct pages, in every memory model, and the results of
 * tables that are missing, damaged or lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/memmap.h"
#include "lib/types.h"
#include "tests/unit/cpu_limit.h"
#include "tests/unit/minicore.h"

#define DIRECT 0xffff888000000000
#define VMEMMAP 0xffffea0000000000

/* 32 MiB of memory from 1 MiB on, and 4 MiB at 128 MiB: pfns up to 0x8400. */
static const char common[] =
	"let stext 0xffffffff81000000\n"
	"let image 2*M\n"
	"let direct 0xffff888000000000\n"
	"let vmemmap 0xffffea0000000000\n"
	"let roots 8*M\n"
	"segment 1*M 31*M\n"
	"segment 128*M 4*M\n"
	"tables image+M 0x40000\n"
	"direct direct 1*G\n"
	"vmcoreinfo <<END\n"
	"OSRELEASE=6.12.0\n"
	"PAGESIZE=4096\n"
	"NUMBER(phys_base)=${image-(stext-0xffffffff80000000)}\n"
	"SYMBOL(init_top_pgt)=${stext+M:x}\n"
	"SIZE(page)=64\n"
	"SYMBOL(mem_section)=${direct+roots:x}\n"
	"LENGTH(mem_section)=2048\n"
	"SIZE(mem_section)=16\n"
	"OFFSET(mem_section.section_mem_map)=0\n"
	"NUMBER(SECTION_SIZE_BITS)=27\n"
	"NUMBER(MAX_PHYSMEM_BITS)=46\n"
	"END\n";

#define SECTIONS "sections 0..2 roots=roots entries=roots+16*K direct=direct array=vmemmap\n"
#define VMEMMAP_MAPPED \
	SECTIONS "map vmemmap 16*M 4*M page=2M\nset SYMBOL(vmemmap_populate) ffffffff81000100\n"
/* Sections of 256 KiB: 528 of them, 256 per root. */
#define SMALL_SECTIONS \
	"set NUMBER(SECTION_SIZE_BITS) 18\n" \
	"sections 0..528 bits=18 roots=roots entries=roots+16*K direct=direct array=vmemmap\n"
#define CLASSIC "set NUMBER(MAX_PHYSMEM_BITS) 36\nset LENGTH(mem_section) 512\n"

/* Pointers to four nodes from 7 MiB on, at 7 MiB + 4 KiB; the second one does not exist. */
#define NODES \
	"set SYMBOL(mem_section)\n" \
	"set SYMBOL(node_data) ffff888000700000\nset LENGTH(node_data) 4\n" \
	"set OFFSET(pglist_data.node_mem_map) 0\n" \
	"set OFFSET(pglist_data.node_start_pfn) 8\n" \
	"set OFFSET(pglist_data.node_spanned_pages) 24\n" \
	"u64 7*M direct+7*M+4096 0 direct+7*M+5120 direct+7*M+6144\n"

#define TIMES_4(s) s s s s
#define TIMES_256(s) TIMES_4(TIMES_4(TIMES_4(TIMES_4(s))))
#define TIMES_512(s) TIMES_256(s s)

static const struct core_text texts[] = {
	{ "vmemmap", SECTIONS },
	/* As with page_ext; the map is made the last member. */
	{ "entry-32", "set SIZE(mem_section) 32\nset OFFSET(mem_section.section_mem_map) 24\n"
		      "u64 roots direct+roots+16*K\n"
		      "u64 roots+16*K 0 0 0 vmemmap+15 0 0 0 vmemmap+15 1 1 1 0\n" },
	{ "no-length", SECTIONS "set LENGTH(mem_section)\n" },
	{ "no-bits", SECTIONS "set NUMBER(SECTION_SIZE_BITS)\nset NUMBER(MAX_PHYSMEM_BITS)\n" },
	{ "page-56", SECTIONS "set SIZE(page) 56\n" },
	{ "page-56-apart", "sections 0..1 roots=roots entries=roots+16*K direct=direct "
			   "array=direct+16*M\n"
			   "sections 1..2 roots=roots entries=roots+16*K direct=direct "
			   "array=direct+24*M\nset SIZE(page) 56\n" },
	{ "small", SMALL_SECTIONS },
	{ "absent", SMALL_SECTIONS
	  /* 10 to 19 were never there, root 1 neither */
	  "sections 10..20 bits=18 roots=roots entries=roots+16*K direct=direct "
	  "array=vmemmap+10*4096 flags=0\n"
	  "u64 roots+8 0\n" },
	{ "not-valid", "sections 0..1 roots=roots entries=roots+16*K direct=direct array=vmemmap "
		       "flags=3\n"
		       /* marked present, but its map is not (or no longer) there */
		       "sections 1..2 roots=roots entries=roots+16*K direct=direct "
		       "array=vmemmap+0x8000*64 flags=1\n" },
	/* Most sections agree on the place of vmemmap, or the mapped struct pages show it. */
	{ "vmemmap-differs", VMEMMAP_MAPPED "u64 roots+16*K+16 vmemmap+0x100003\n" },
	{ "vmemmap-nowhere", VMEMMAP_MAPPED "u64 roots+16*K vmemmap+0x100000000003\n" },
	{ "no-vmemmap", VMEMMAP_MAPPED "set SYMBOL(vmemmap_populate)\n"
			"u64 roots+16*K+16 vmemmap+0x100003\n" },
	/* 600 sections of 256 KiB, of which the dump has 528. */
	{ "beyond", "set NUMBER(SECTION_SIZE_BITS) 18\n"
		    "sections 0..600 bits=18 roots=roots entries=roots+16*K direct=direct "
		    "array=vmemmap\n" },
	{ "all-flags", "sections 0..2 roots=roots entries=roots+16*K direct=direct array=vmemmap "
		       "flags=0x1f\n" },
	{ "bad-root", SMALL_SECTIONS "u64 roots+8 0xffffc90000000000\n" },
	/* Only the first of the roots is in memory. */
	{ "cut-roots", SMALL_SECTIONS "u64 32*M-8 direct+roots+16*K\n"
		       "set SYMBOL(mem_section) ffff888001fffff8\n" },
	{ "bad-roots", SMALL_SECTIONS "u64 roots 1 0x8000000000000000 0xffff888010000000\n" },
	{ "no-map", SECTIONS "u64 roots+16*K 0xf\n" },
	{ "pointer", SECTIONS "u64 6*M direct+roots\nset SYMBOL(mem_section) ffff888000600000\n" },
	/* Taken for roots, what is after the pointer cannot be read. */
	{ "pointer-garbage", SMALL_SECTIONS "u64 6*M direct+roots 0xffffc90000000000\n"
			     "set SYMBOL(mem_section) ffff888000600000\n" },
	{ "pointer-nowhere", "u64 6*M 0xffffc90000000000\n"
			     "set SYMBOL(mem_section) ffff888000600000\n" },
	{ "pointer-itself", "u64 6*M direct+6*M direct+6*M direct+6*M\n"
			    "set SYMBOL(mem_section) ffff888000600000\n" },
	{ "root-itself", "u64 roots direct+roots+1 direct+roots+1\n" },
	{ "classic", CLASSIC "sections 0..1 entries=roots array=direct+16*M\n"
			     "sections 1..2 entries=roots array=direct+24*M\n" },
	{ "classic-merged", CLASSIC "sections 0..2 entries=roots array=direct+16*M\n" },
	{ "classic-cut", CLASSIC "sections 0..1 entries=32*M-16 array=direct+16*M\n"
				 "set SYMBOL(mem_section) ffff888001fffff0\n" },
	{ "flat", "set SYMBOL(mem_section)\nset SYMBOL(mem_map) ffff888000700000\n"
		  "u64 7*M direct+16*M\n" },
	/* The node ends before the dump does; it cannot be read. */
	{ "flat-node", "set SYMBOL(mem_section)\nset SYMBOL(mem_map) ffff888000700000\n"
		       "set SYMBOL(contig_page_data) ffff888000700040\n"
		       "set OFFSET(pglist_data.node_start_pfn) 8\n"
		       "set OFFSET(pglist_data.node_spanned_pages) 24\n"
		       "u64 7*M direct+16*M\nu64 7*M+0x48 1 0 0x7fff\n" },
	{ "flat-no-node", "set SYMBOL(mem_section)\nset SYMBOL(mem_map) ffff888000700000\n"
			  "set SYMBOL(contig_page_data) ffffc90000000000\n"
			  "set OFFSET(pglist_data.node_start_pfn) 8\n"
			  "set OFFSET(pglist_data.node_spanned_pages) 24\n"
			  "u64 7*M direct+16*M\n" },
	{ "flat-null", "set SYMBOL(mem_section)\nset SYMBOL(mem_map) ffff888000700000\n" },
	{ "flat-nowhere", "set SYMBOL(mem_section)\nset SYMBOL(mem_map) ffffc90000000000\n" },
	/* Not in the order of their memory, and apart; the last one goes on beyond the dump. */
	{ "nodes", NODES "u64 7*M+4096 direct+24*M 0x8000 1 0x1000\n"
			 "u64 7*M+5120 direct+16*M 0x1000 1 0x100\n"
			 "u64 7*M+6144 direct+20*M 0x100 1 0xe00\n" },
	/* Each has the memory of another one in it, but struct pages are together, as on ia64. */
	{ "nodes-overlap", NODES "set SYMBOL(node_data)\nset LENGTH(node_data)\n"
				 "set SYMBOL(pgdat_list) ffff888000700000\n"
				 "set LENGTH(pgdat_list) 4\n"
				 "u64 7*M+4096 direct+16*M 0 0 0x8000\n"
				 "u64 7*M+5120 direct+16*M+0x1000*64 0x1000 0 0x7200\n"
				 "u64 7*M+6144 direct+16*M+0x2000*64 0x2000 0 0x100\n" },
	{ "node-bad", NODES "u64 7*M+4096 direct+24*M 0 1 0x1000\n"
			    "u64 7*M+5120 direct+20*M -1 1 0x1000\n"
			    "u64 7*M+6144 0 0x1000 1 0x1000\n" },
	{ "node-alone", NODES "set LENGTH(node_data)\nu64 7*M+4096 direct+24*M 0 1 0x1000\n"
			      "u64 7*M+5120 direct+20*M 0x1000 1 0x1000\n" },
	{ "node-nowhere", NODES "set SYMBOL(node_data) ffffc90000000000\n" },
	{ "node-no-span", NODES "set OFFSET(pglist_data.node_start_pfn)\n" },
	{ "node-no-map", NODES "set OFFSET(pglist_data.node_mem_map)\n" },
	{ "both", SECTIONS "set SYMBOL(mem_map) ffffc90000000000\n" },
	{ "nowhere", "set SYMBOL(mem_section) ffffc90000000000\n" },
	{ "zero", "set SYMBOL(mem_section) 0\n" },
	{ "no-model", "set SYMBOL(mem_section)\n" },
	{ "no-page", SECTIONS "set SIZE(page)\n" },
	{ "no-facts", SECTIONS "set SIZE(mem_section)\nset OFFSET(mem_section.section_mem_map)\n" },
	{ "no-root", SECTIONS "set SYMBOL(init_top_pgt)\n" },
	/* As much memory as an address can name, and a section for every 8 KiB of it. */
	{ "endless", SECTIONS "segment (1<<52)-4096 4096\nset NUMBER(SECTION_SIZE_BITS) 13\n"
			      "set NUMBER(MAX_PHYSMEM_BITS) 64\n" },
	{ "endless-classic", "segment (1<<52)-4096 4096\nset NUMBER(SECTION_SIZE_BITS) 13\n"
			     "set NUMBER(MAX_PHYSMEM_BITS) 44\n"
			     "set LENGTH(mem_section) 2147483648\n" },
	/*
	 * And a GiB of addresses whose pages are all the same one: a table of
	 * roots that all lead to 256 sections.
	 */
	{ "bomb", "segment (1<<52)-4096 4096\nset NUMBER(SECTION_SIZE_BITS) 13\n"
		  "set NUMBER(MAX_PHYSMEM_BITS) 64\nset SYMBOL(mem_section) ffffc90000000000\n"
		  "let t 9*M+0x67\nlet r direct+9*M+0x4000\n"
		  "u64 image+M+402*8 t\n"
		  "u64 9*M t+0x1000\n"
		  "u64 9*M+0x1000 " TIMES_512("t+0x2000 ") "\n"
		  "u64 9*M+0x2000 " TIMES_512("t+0x3000 ") "\n"
		  "u64 9*M+0x3000 " TIMES_512("r ") "\n"
		  "u64 9*M+0x4000 " TIMES_256("vmemmap+3 3 ") "\n" },
};

/* The second section's array, from its first pfn down, begins below address 0. */
static const struct core_text wrapping = {
	"wrapping", "u32 image+0x182008 0x1000-0x4000*32+3\n"
};

static int setup(void **state)
{
	struct cores *c = malloc(sizeof(*c));

	*state = c;
	return c ? cores_make(c, NULL, common, texts, ARRAY_SIZE(texts)) : -1;
}

static int teardown(void **state)
{
	int err = cores_remove(*state);

	free(*state);
	return err;
}

static void assert_ranges(void **state, const char *name, uint64_t page_size, uint64_t bad,
			  const struct memmap_range *want, size_t n)
{
	struct machine m;
	struct memmap map;
	int err;

	machine_open(&m, *state, name);
	err = memmap_init(&map, m.k, m.r);
	if (err)
		fail_msg("%s: %s", name, err_text(err));
	assert_int_equal(map.page_struct_size, page_size);
	assert_int_equal(map.bad_sections, bad);
	assert_int_equal(map.nr_ranges, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(map.ranges[i].start, want[i].start);
		assert_int_equal(map.ranges[i].end, want[i].end);
		assert_int_equal(map.ranges[i].pages, want[i].pages);
	}
	memmap_deinit(&map);
	memmap_deinit(&map);
	machine_close(&m);
}

#define ASSERT_RANGES(name, page_size, bad, ...) do {						\
	const struct memmap_range want_[] = { __VA_ARGS__ };					\
	assert_ranges(state, name, page_size, bad, want_, ARRAY_SIZE(want_));			\
} while (0)

static void assert_error(void **state, const char *name, int want, const char *what)
{
	struct machine m;
	struct memmap map;
	int err;

	machine_open(&m, *state, name);
	err_set(want, "%s", "");
	err = memmap_init(&map, m.k, m.r);
	assert_int_equal(err, want);
	if (!strstr(err_text(err), what))
		fail_msg("%s: \"%s\" does not name %s", name, err_text(err), what);
	assert_null(map.ranges);
	machine_close(&m);
}

static void test_vmemmap(void **state)
{
	ASSERT_RANGES("vmemmap", 64, 0, { 0, 0x8400, VMEMMAP });
	ASSERT_RANGES("entry-32", 64, 0, { 0, 0x8400, VMEMMAP });
	ASSERT_RANGES("all-flags", 64, 0, { 0, 0x8400, VMEMMAP });
	ASSERT_RANGES("small", 64, 0, { 0, 0x8400, VMEMMAP });
}

/* Old kernels do not say all of it. */
static void test_defaults(void **state)
{
	ASSERT_RANGES("no-length", 64, 0, { 0, 0x8400, VMEMMAP });
	ASSERT_RANGES("no-bits", 64, 0, { 0, 0x8400, VMEMMAP });
}

/* The array is where the size of a struct page says. */
static void test_page_size(void **state)
{
	ASSERT_RANGES("page-56", 56, 0, { 0, 0x8400, VMEMMAP });
	/* These were made for 64 bytes: 8 bytes a page are left over. */
	ASSERT_RANGES("page-56-apart", 56, 0, { 0, 0x8000, DIRECT + 0x1000000 },
		      { 0x8000, 0x8400, DIRECT + 0x1800000 - 0x8000 * 8 });
}

static void test_absent_sections(void **state)
{
	ASSERT_RANGES("absent", 64, 0, { 0, 10 * 64, VMEMMAP },
		      { 20 * 64, 256 * 64, VMEMMAP + 20 * 64 * 64 },
		      { 512 * 64, 0x8400, VMEMMAP + 512 * 64 * 64 });
}

/* valid_section() of the kernel: the flag SECTION_HAS_MEM_MAP. */
static void test_section_without_map(void **state)
{
	struct machine m;
	struct memmap map;

	machine_open(&m, *state, "not-valid");
	assert_int_equal(memmap_init(&map, m.k, m.r), 0);
	assert_int_equal(map.nr_ranges, 1);
	assert_int_equal(map.ranges[0].end, 0x8000);
	memmap_deinit(&map);
	machine_close(&m);
}

static void assert_replaced(void **state, const char *name, uint64_t want)
{
	struct machine m;
	struct memmap map;

	machine_open(&m, *state, name);
	assert_int_equal(memmap_init(&map, m.k, m.r), 0);
	assert_int_equal(map.replaced_sections, want);
	memmap_deinit(&map);
	machine_close(&m);
}

static void test_section_that_contradicts_vmemmap(void **state)
{
	ASSERT_RANGES("vmemmap-differs", 64, 0, { 0, 0x8000, VMEMMAP },
		      { 0x8000, 0x8400, VMEMMAP + 0x8000 * 64 });
	assert_replaced(state, "vmemmap-differs", 1);
	ASSERT_RANGES("vmemmap-nowhere", 64, 0, { 0, 0x8000, VMEMMAP },
		      { 0x8000, 0x8400, VMEMMAP + 0x8000 * 64 });
	assert_replaced(state, "vmemmap-nowhere", 1);
	/* Without vmemmap sections have arrays of their own. */
	ASSERT_RANGES("no-vmemmap", 64, 0, { 0, 0x8000, VMEMMAP },
		      { 0x8000, 0x8400, VMEMMAP + 0x100000 + 0x8000 * 64 });
	assert_replaced(state, "no-vmemmap", 0);
	assert_replaced(state, "vmemmap", 0);
}

static void test_sections_beyond_the_dump(void **state)
{
	struct machine m;
	struct memmap map;

	ASSERT_RANGES("beyond", 64, 0, { 0, 0x8400, VMEMMAP });
	machine_open(&m, *state, "beyond");
	assert_int_equal(memmap_init_whole(&map, m.k, m.r), 0);
	assert_int_equal(map.nr_ranges, 1);
	assert_int_equal(map.ranges[0].end, 600 * 64);
	memmap_deinit(&map);
	machine_close(&m);
	/* FLATMEM has no sections: nothing tells how far it goes. */
	machine_open(&m, *state, "flat");
	assert_int_equal(memmap_init_whole(&map, m.k, m.r), 0);
	assert_int_equal(map.ranges[0].end, 0x8400);
	memmap_deinit(&map);
	machine_close(&m);
}

static void test_unreadable_root(void **state)
{
	ASSERT_RANGES("bad-root", 64, 256, { 0, 256 * 64, VMEMMAP },
		      { 512 * 64, 0x8400, VMEMMAP + 512 * 64 * 64 });
	ASSERT_RANGES("cut-roots", 64, 528 - 256, { 0, 256 * 64, VMEMMAP });
	assert_error(state, "bad-roots", -EBADMSG, "mem_section 0xffff888000800000");
}

static void test_section_with_null_map(void **state)
{
	ASSERT_RANGES("no-map", 64, 1, { 0x8000, 0x8400, VMEMMAP + 0x8000 * 64 });
}

static void test_pointer_to_table(void **state)
{
	ASSERT_RANGES("pointer", 64, 0, { 0, 0x8400, VMEMMAP });
	ASSERT_RANGES("pointer-garbage", 64, 0, { 0, 0x8400, VMEMMAP });
	assert_error(state, "pointer-nowhere", -EBADMSG, "mem_section 0xffff888000600000");
	assert_error(state, "pointer-itself", -EBADMSG, "mem_section");
}

static void test_root_that_is_the_table(void **state)
{
	struct machine m;
	struct memmap map;

	/* Nonsense, but within bounds. */
	machine_open(&m, *state, "root-itself");
	if (!memmap_init(&map, m.k, m.r)) {
		assert_true(map.nr_ranges <= 2);
		memmap_deinit(&map);
	}
	machine_close(&m);
}

static void test_classic(void **state)
{
	ASSERT_RANGES("classic", 64, 0, { 0, 0x8000, DIRECT + 0x1000000 },
		      { 0x8000, 0x8400, DIRECT + 0x1800000 });
	ASSERT_RANGES("classic-merged", 64, 0, { 0, 0x8400, DIRECT + 0x1000000 });
	/* The table reaches into a hole; all of it is read at once. */
	assert_error(state, "classic-cut", -EBADMSG, "mem_section 0xffff888001fffff0");
}

static void test_flat(void **state)
{
	ASSERT_RANGES("flat", 64, 0, { 0, 0x8400, DIRECT + 0x1000000 });
	ASSERT_RANGES("flat-node", 64, 0, { 0, 0x8000, DIRECT + 0x1000000 });
	ASSERT_RANGES("flat-no-node", 64, 0, { 0, 0x8400, DIRECT + 0x1000000 });
	assert_error(state, "flat-null", -EBADMSG, "mem_map");
	assert_error(state, "flat-nowhere", -EFAULT, "mem_map");
	/* mem_section is asked first. */
	ASSERT_RANGES("both", 64, 0, { 0, 0x8400, VMEMMAP });
}

/* Each node has struct pages of its own. */
static void test_nodes(void **state)
{
	ASSERT_RANGES("nodes", 64, 0, { 0x100, 0xf00, DIRECT + 0x1400000 },
		      { 0x1000, 0x1100, DIRECT + 0x1000000 },
		      { 0x8000, 0x8400, DIRECT + 0x1800000 });
	ASSERT_RANGES("nodes-overlap", 64, 0, { 0, 0x8200, DIRECT + 0x1000000 });
	ASSERT_RANGES("node-bad", 64, 2, { 0, 0x1000, DIRECT + 0x1800000 });
	ASSERT_RANGES("node-alone", 64, 0, { 0, 0x1000, DIRECT + 0x1800000 });
	assert_error(state, "node-nowhere", -EBADMSG, "no node can be read at 0xffffc90000000000");
	assert_error(state, "node-no-span", -EBADMSG, "no node can be read");
	assert_error(state, "node-no-map", -ENOENT, "SYMBOL(mem_section) or SYMBOL(mem_map)");
}

/* Addresses of 32-bit machines are computed without a carry. */
static void test_wrapping_addresses(void **state)
{
	const struct memmap_range want[] = {
		{ 0, 0x4000, 0xc0400000 },
		{ 0x4000, 0x8000, 0x1000 },
		{ 0x8000, 0x8800, 0xc0400000 + 0x8000 * 32 },
	};
	struct cores c;
	void *cores = &c;

	(void)state;
	assert_int_equal(cores_make(&c, "mini-i386.txt", NULL, &wrapping, 1), 0);
	assert_ranges(&cores, "wrapping", 32, 0, want, ARRAY_SIZE(want));
	cores_remove(&c);
}

static void test_missing_facts(void **state)
{
	assert_error(state, "no-model", -ENOENT, "SYMBOL(mem_section) or SYMBOL(mem_map)");
	assert_error(state, "no-page", -ENOENT, "SIZE(page)");
	assert_error(state, "no-facts", -ENOENT, "SIZE(mem_section)");
	assert_error(state, "no-facts", -ENOENT, "OFFSET(mem_section.section_mem_map)");
	assert_error(state, "no-root", -ENOENT, "SYMBOL(init_top_pgt)");
	assert_error(state, "nowhere", -EBADMSG, "mem_section 0xffffc90000000000");
	assert_error(state, "zero", -EBADMSG, "mem_section 0");
}

/* The facts of one core, and one of them changed. */
static void with_fact(void **state, const char *core, const char *line, struct memmap *map,
		      int *err)
{
	char text[] = "/tmp/test_memmap.XXXXXX";
	struct machine m;
	int fd = mkstemp(text);

	assert_true(fd >= 0);
	dprintf(fd, "OSRELEASE=6.12.0\n%s\n", line);
	close(fd);
	machine_open(&m, *state, core);
	kernel_close(m.k);
	assert_int_equal(kernel_open(&m.k, m.vc, text, NULL), 0);
	unlink(text);
	cpu_limit(20);
	*err = memmap_init(map, m.k, m.r);
	cpu_limit(0);
	machine_close(&m);
}

static void test_lying_facts(void **state)
{
	static const struct {
		const char *line, *name;
		int err;
	} cases[] = {
		{ "NUMBER(SECTION_SIZE_BITS)=0", "NUMBER(SECTION_SIZE_BITS)", -ENOENT },
		{ "NUMBER(SECTION_SIZE_BITS)=12", "SECTION_SIZE_BITS 12", -EBADMSG },
		{ "NUMBER(SECTION_SIZE_BITS)=46", "SECTION_SIZE_BITS 46", -EBADMSG },
		{ "NUMBER(SECTION_SIZE_BITS)=64", "SECTION_SIZE_BITS 64", -EBADMSG },
		{ "NUMBER(SECTION_SIZE_BITS)=-1", "SECTION_SIZE_BITS", -EBADMSG },
		{ "NUMBER(SECTION_SIZE_BITS)=4294967323", "SECTION_SIZE_BITS", -EBADMSG },
		{ "NUMBER(MAX_PHYSMEM_BITS)=0", "MAX_PHYSMEM_BITS 0", -EBADMSG },
		{ "NUMBER(MAX_PHYSMEM_BITS)=27", "MAX_PHYSMEM_BITS 27", -EBADMSG },
		{ "NUMBER(MAX_PHYSMEM_BITS)=65", "MAX_PHYSMEM_BITS 65", -EBADMSG },
		{ "NUMBER(MAX_PHYSMEM_BITS)=-1", "MAX_PHYSMEM_BITS", -EBADMSG },
		{ "NUMBER(MAX_PHYSMEM_BITS)=4294967342", "MAX_PHYSMEM_BITS", -EBADMSG },
		{ "SIZE(mem_section)=4", "SIZE(mem_section) 4", -EBADMSG },
		{ "SIZE(mem_section)=4097", "SIZE(mem_section) 4097", -EBADMSG },
		{ "SIZE(mem_section)=16777216", "SIZE(mem_section)", -EBADMSG },
		{ "OFFSET(mem_section.section_mem_map)=9", "section_mem_map) 9", -EBADMSG },
		{ "OFFSET(mem_section.section_mem_map)=16777216", "section_mem_map)", -EBADMSG },
		{ "SIZE(page)=8", "SIZE(page) 8", -EBADMSG },
		{ "SIZE(page)=30", "SIZE(page) 30", -EBADMSG },
		{ "SIZE(page)=4096", "SIZE(page) 4096", -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct memmap map;
		int err;

		with_fact(state, "vmemmap", cases[i].line, &map, &err);
		if (err != cases[i].err || !strstr(err_text(err), cases[i].name))
			fail_msg("%s: \"%s\"", cases[i].line, err_text(err));
	}
}

/* Not impossible, only wrong: any answer will do that comes soon and adds up. */
static void test_wrong_facts(void **state)
{
	static const char *const lines[] = {
		"LENGTH(mem_section)=0", "LENGTH(mem_section)=1", "LENGTH(mem_section)=524288",
		"LENGTH(mem_section)=4294967295", "NUMBER(SECTION_SIZE_BITS)=13",
		"NUMBER(SECTION_SIZE_BITS)=26", "NUMBER(SECTION_SIZE_BITS)=45",
		"NUMBER(MAX_PHYSMEM_BITS)=28", "NUMBER(MAX_PHYSMEM_BITS)=64", "SIZE(mem_section)=8",
		"SIZE(mem_section)=17", "SIZE(mem_section)=4096",
		"OFFSET(mem_section.section_mem_map)=8", "OFFSET(mem_section.section_mem_map)=3",
		"SIZE(page)=28", "SIZE(page)=512",
	};
	static const char *const of[] = { "vmemmap", "classic", "small", "pointer", "bad-root" };

	for (size_t i = 0; i < ARRAY_SIZE(lines) * ARRAY_SIZE(of); i++) {
		struct memmap map;
		pfn_t last = 0;
		int err;

		with_fact(state, of[i / ARRAY_SIZE(lines)], lines[i % ARRAY_SIZE(lines)], &map,
			  &err);
		assert_true(!err || err == -EBADMSG);
		if (err)
			continue;
		for (size_t r = 0; r < map.nr_ranges; r++) {
			assert_true(map.ranges[r].start >= last);
			assert_true(map.ranges[r].start < map.ranges[r].end);
			assert_true(map.ranges[r].end <= 0x8400);
			last = map.ranges[r].end;
		}
		memmap_deinit(&map);
	}
}

/* In a process of its own, so that only the one case fails. */
static void assert_bounded(void **state, const char *name)
{
	struct rusage usage;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		struct machine m;
		struct memmap map;

		cpu_limit(4);
		machine_open(&m, *state, name);
		if (!memmap_init(&map, m.k, m.r))
			memmap_deinit(&map);
		machine_close(&m);
		_exit(0);
	}
	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	if (status)
		fail_msg("%s: it did not come to an end in time", name);
	if (usage.ru_maxrss > 1 << 19)
		fail_msg("%s: it took %ld MiB of memory", name, usage.ru_maxrss >> 10);
}

static void test_endless_tables(void **state)
{
	assert_bounded(state, "endless");
	assert_bounded(state, "endless-classic");
}

static void test_tables_that_multiply(void **state)
{
	assert_bounded(state, "bomb");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vmemmap),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_page_size),
		cmocka_unit_test(test_absent_sections),
		cmocka_unit_test(test_section_without_map),
		cmocka_unit_test(test_section_that_contradicts_vmemmap),
		cmocka_unit_test(test_sections_beyond_the_dump),
		cmocka_unit_test(test_unreadable_root),
		cmocka_unit_test(test_section_with_null_map),
		cmocka_unit_test(test_pointer_to_table),
		cmocka_unit_test(test_root_that_is_the_table),
		cmocka_unit_test(test_classic),
		cmocka_unit_test(test_flat),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_wrapping_addresses),
		cmocka_unit_test(test_missing_facts),
		cmocka_unit_test(test_lying_facts),
		cmocka_unit_test(test_wrong_facts),
		cmocka_unit_test(test_endless_tables),
		cmocka_unit_test(test_tables_that_multiply),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
