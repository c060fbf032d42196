// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ELF cores of every shape. They are made by tools/mkelfcore.py, all in one run,
 * from the descriptions in this file; what vmcore.c does for each format is
 * tested on them too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "tests/unit/cpu_limit.h"
#include "vmcore/notes.h"
#include "vmcore/vmcore.h"

#define PAGE 4096
#define MIB 0x100000

/* Several PT_LOADs that are unaligned, out of order and of odd sizes. */
#define ODD_SEGMENTS \
	"memory pattern\n" \
	"prstatus 2\n" \
	"vmcoreinfo <<END\nOSRELEASE=6.12.0\nPAGESIZE=4096\nEND\n" \
	"segment 0x9000 0x2000 vaddr=0xc0009000\n" \
	"segment 0x20ff8 0x10\n" \
	"segment 0x1238 0x2340 align=4096\n" \
	"segment 0x4000 0x3000 filesz=0x1208\n" \
	"segment 1<<60 0\n" \
	"segment 0x8000 0x1000 filesz=0 offset=1<<40\n" \
	"segment 0xb000 0x18\n"

static const struct {
	const char *name, *text;
} cores[] = {
	{ "odd-64le", "elf 64 little x86_64\n" ODD_SEGMENTS },
	{ "odd-64be", "elf 64 big s390x\n" ODD_SEGMENTS },
	{ "odd-32le", "elf 32 little i386\n" ODD_SEGMENTS },
	{ "odd-64-386", "elf 64 little i386\n" ODD_SEGMENTS },
	{ "odd-32be", "elf 32 big 8\n" ODD_SEGMENTS },
	/* As QEMU has it: sections in front of the program headers. */
	{ "phoff-64", "phoff 192\nehdr ehsize 8\nehdr shoff 64\nehdr shnum 2\n" ODD_SEGMENTS },
	{ "phoff-32", "elf 32 little arm\nphoff 1003\n" ODD_SEGMENTS },
	{ "xnum-64", "xnum\n" ODD_SEGMENTS },
	{ "xnum-32", "elf 32 big 20\nxnum\n" ODD_SEGMENTS },
	{ "notes-split", "ptnotes split\n" ODD_SEGMENTS },
	{ "notes-last", "ptnotes last\n" ODD_SEGMENTS },
	{ "notes-none", "ptnotes none\n" ODD_SEGMENTS },
	{ "other-phdrs", "phdr 2 offset=1<<60 filesz=1<<60\nphdr 0\n" ODD_SEGMENTS
			 "phdr 0x6474e551 paddr=1<<63 memsz=1<<63\n" },
	{ "many", "segment 4 16 step=4096 count=70000 fill=0x5a\nprstatus 1\n" },
	{ "many-32", "elf 32 little i386\nsegment 4 16 step=4096 count=65535 fill=0x5a\n" },
	{ "overlap", "segment 0x1000 0x4000 fill=0x11\n"
		     "segment 0x3000 0x4000 fill=0x22\n"
		     "segment 0 0x8000 filesz=0x1800 fill=0x33\n"
		     /* the first has only zeros where the second has data */
		     "segment 0x10000 0x4000 filesz=0x1000 fill=0x44\n"
		     "segment 0x12000 0x1000 fill=0x55\n"
		     /* equal ones; one within another; same end */
		     "segment 0x20000 0x1000 fill=0x66\n"
		     "segment 0x20000 0x1000 fill=0x77\n"
		     "segment 0x20400 0x100 fill=0x88\n"
		     "segment 0x21000 0x100 fill=0x99\n"
		     "segment 0x20f80 0x180 fill=0xaa\n" },
	/* As /proc/vmcore: the kernel's image is also part of the memory. */
	{ "nested", "memory pattern\nsegment 0x200000 0x3000 vaddr=0xffffffff81000000\n"
		    "segment 0x100000 0x200000 vaddr=0xffff888000100000\n" },
	{ "no-paddr", "memory pattern\nsegment 0x1000 0x1000\nsegment 0x8000 0x1000\n"
		      "segment 0x4000 0x1000\nlie 1 paddr -1\n" },
	{ "no-paddr-32", "elf 32 big s390x\nmemory pattern\nsegment 0x1000 0x1000\n"
			 "segment 0x8000 0x1000\nsegment 0x4000 0x1000\nlie 1 paddr 0xffffffff\n" },
	{ "filesz-above-memsz", "memory pattern\nsegment 0x1000 0x1000 filesz=0x2000\n"
				"segment 0x5000 0 filesz=0x1000\n" },
	{ "filesz-above-both", "memory pattern\nsegment 0x1000 0x1000 offset=0x2000 "
			       "filesz=0x2000\ntruncate 0x3800\n" },
	{ "filesz-over-another", "memory pattern\nsegment 0x1000 0x1000\nsegment 0x8000 0x1000\n"
				 "segment 0x2000 0x1000\nlie 0 filesz 0x2000\n" },
	{ "incomplete", "ehdr flags 1\nsegment 0 4096\n" },
	{ "eraseinfo", "segment 0 4096\nnote ERASEINFO 0 'erase jiffies size 8'\n" },
	{ "high", "segment (1<<52)-4096 4096 fill=0x42\n" },
	{ "cut", "memory pattern\nsegment 0x10000 0x4000 offset=0x10000\n"
		 "segment 0x20000 0x3000 offset=0x2000 filesz=0x2000\n"
		 /* wins over what the first one lost, but not over what it has */
		 "segment 0x13000 0x2000 offset=0x4000\n"
		 /* zeros do not stand in for what is lost */
		 "segment 0x12000 0x1000 filesz=0\n"
		 "segment 0x30000 0x1000 offset=0x40000\ntruncate 0x11804\n" },
	{ "small", "memory pattern\nprstatus 1\nvmcoreinfo <<E\nPAGESIZE=4096\nE\n"
		   "segment 0x1ff8 0x310 filesz=0x208\nsegment 0x800 0x100\n" },
	{ "small-32be", "elf 32 big 8\nxnum\nmemory pattern\nvmcoreinfo <<E\nPAGESIZE=4096\nE\n"
			"segment 0x1ff8 0x310 filesz=0x208\nsegment 0x800 0x100\n" },
	{ "arm64", "elf 64 little arm64\nsegment 0x10000 0x20000 filesz=0\n" },
	{ "ppc64", "elf 64 big ppc64\nsegment 0x10000 0x20001 filesz=0\n" },
	{ "page-16k", "elf 64 little arm64\nsegment 0x10000 0x20000 filesz=0\n"
		      "vmcoreinfo <<E\nXPAGESIZE=4096\nPAGESIZE=16384\nPAGESIZE=65536\nE\n" },
	{ "page-last",
	  "elf 64 little arm64\nsegment 0 65536 filesz=0\nnote VMCOREINFO 0 'A=B\\nPAGESIZE=16384'\n" },
	{ "page-not-its-own", "segment 0 65536 filesz=0\nvmcoreinfo <<E\nPAGESIZE=8192\nE\n" },
	{ "page-odd",
	  "elf 64 little arm64\nsegment 0 65536 filesz=0\nvmcoreinfo <<E\nPAGESIZE=12288\nE\n" },
	{ "page-small",
	  "elf 64 little arm64\nsegment 0 65536 filesz=0\nvmcoreinfo <<E\nPAGESIZE=2048\nE\n" },
	{ "page-text",
	  "elf 64 little arm64\nsegment 0 65536 filesz=0\nvmcoreinfo <<E\nPAGESIZE=16384k\nE\n" },
	{ "page-none",
	  "elf 64 little arm64\nsegment 0 65536 filesz=0\nvmcoreinfo <<E\nPAGESIZE=\nE\n" },
	{ "page-huge", "elf 64 little arm64\nsegment 0 65536 filesz=0\nvmcoreinfo <<E\n"
		       "PAGESIZE=340282366920938463463374607431768227840\nE\n" },
	{ "note-lies", "segment 0 4096\nprstatus 2\nvmcoreinfo <<E\nPAGESIZE=16384\nE\n"
		       "lienote 1 descsz 0xfffffff0\n" },
	{ "note-lies-split", "elf 64 little arm64\nptnotes split\nsegment 0 4096\nprstatus 2\n"
			     "vmcoreinfo <<E\nPAGESIZE=16384\nE\nlienote 1 namesz 400\n" },
	{ "note-lies-cut", "segment 0 4096\nprstatus 2\nlienote 1 namesz 400\n"
			   "lie 1 filesz 8192\nlie 1 memsz 8192\n" },
	{ "ptnote-too-long", "segment 0 4096\nprstatus 3\nlie 0 filesz 1<<40\n" },
	{ "ptnote-beyond", "segment 0 4096\nprstatus 3\nlie 0 offset 1<<63\n" },
	{ "bad-class", "segment 0 4096\npatch 4 03\n" },
	{ "bad-order", "segment 0 4096\npatch 5 00\n" },
	{ "bad-type", "segment 0 4096\nehdr type 2\n" },
	{ "bad-phentsize", "segment 0 4096\nehdr phentsize 57\n" },
	{ "bad-phentsize-32", "elf 32 little i386\nsegment 0 4096\nehdr phentsize 56\n" },
	{ "bad-phnum", "segment 0 4096\nehdr phnum 1000\n" },
	{ "no-phnum", "segment 0 4096\nehdr phnum 0\n" },
	{ "bad-phoff", "segment 0 4096\nehdr phoff 1<<40\n" },
	{ "bad-phoff-wrap", "segment 0 4096\nehdr phoff -56\n" },
	{ "bad-xnum", "segment 0 4096\nehdr phnum 0xffff\n" },
	{ "no-shoff", "xnum\nsegment 0 4096\nehdr shoff 0\n" },
	{ "bad-shentsize", "xnum\nsegment 0 4096\nehdr shentsize 60000\n" },
	{ "bad-shoff", "xnum\nsegment 0 4096\nehdr shoff 1<<40\n" },
	{ "bad-info", "xnum\nsegment 0 4096\nshdr info 0xffffffff\n" },
	{ "no-info", "xnum\nsegment 0 4096\nshdr info 0\n" },
	{ "bad-high", "segment (1<<52)-4096 4097\n" },
	{ "no-memory", "prstatus 1\nsegment 0x1000 0\n" },
	{ "no-load", "prstatus 1\n" },
};

static char dir[] = "/tmp/test_elf.XXXXXX";

static void path_of(char *path, const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", dir, name);
}

static int remove_cores(void **state)
{
	char path[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
		path_of(path, cores[i].name);
		unlink(path);
	}
	return rmdir(dir);
}

static int make_cores(void **state)
{
	char command[PATH_MAX + 64];
	const char *tools = getenv("MDF_TOOLS");
	FILE *f;

	if (!tools) {
		fprintf(stderr, "MDF_TOOLS is to name the directory of mkelfcore.py\n");
		return -1;
	}
	if (!mkdtemp(dir))
		return -1;
	snprintf(command, sizeof(command), "'%s/mkelfcore.py' -m - '%s'", tools, dir);
	f = popen(command, "w");
	if (!f)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(cores); i++)
		fprintf(f, "=== %s\n%s", cores[i].name, cores[i].text);
	if (!pclose(f))
		return 0;
	/* A failing setup is not torn down. */
	remove_cores(state);
	return -1;
}

static struct vmcore *open_path(const char *path, bool no_mmap)
{
	struct vmcore_options opt = { .no_mmap = no_mmap };
	struct vmcore *vc = NULL;
	int ret = vmcore_open(&vc, path, &opt);

	if (ret)
		fail_msg("%s: %d %s", path, ret, err_text(ret));
	return vc;
}

static struct vmcore *open_core(const char *name, bool no_mmap)
{
	char path[PATH_MAX];

	path_of(path, name);
	return open_path(path, no_mmap);
}

static struct vmcore_reader *reader_of(struct vmcore *vc)
{
	struct vmcore_reader *r = NULL;

	assert_int_equal(vmcore_reader_create(&r, vc), 0);
	return r;
}

/* A file in memory, by name for vmcore_open(). */
struct memory_file {
	int fd;
	char path[32];
};

static void memory_file_init(struct memory_file *m, const void *bytes, size_t len)
{
	m->fd = memfd_create("core", MFD_CLOEXEC);
	assert_true(m->fd >= 0);
	assert_int_equal(fd_pwrite(m->fd, bytes, len, 0, NULL), 0);
	snprintf(m->path, sizeof(m->path), "/proc/self/fd/%d", m->fd);
}

static void *load_core(const char *name, size_t *len)
{
	char path[PATH_MAX];
	struct stat st;
	void *bytes;
	int fd;

	path_of(path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*len = st.st_size;
	bytes = malloc(*len);
	assert_non_null(bytes);
	assert_int_equal(fd_pread(fd, bytes, *len, 0), *len);
	close(fd);
	return bytes;
}

/* The expected contents of memory in [start, end); there is none between areas. */
enum kind { PATTERN, ZERO, FILL, LOST };

struct area {
	paddr_t start, end;
	enum kind kind;
	uint8_t fill;
};

static uint8_t expected_byte(const struct vmcore *vc, const struct area *a, paddr_t pa)
{
	unsigned int shift = pa % 8 * 8;

	if (a->kind != PATTERN)
		return a->kind == FILL ? a->fill : 0;
	return (pa & ~UINT64_C(7)) >> (vc->big_endian ? 56 - shift : shift);
}

static const struct area *area_of(const struct area *areas, size_t nr, paddr_t pa)
{
	for (size_t i = 0; i < nr; i++) {
		if (pa >= areas[i].start && pa < areas[i].end)
			return &areas[i];
	}
	return NULL;
}

static void check_bytes(const struct vmcore *vc, const struct area *areas, size_t nr, paddr_t pa,
			const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const struct area *a = area_of(areas, nr, pa + i);

		if (!a || a->kind == LOST || bytes[i] != expected_byte(vc, a, pa + i))
			fail_msg("%#llx: %02x", (unsigned long long)(pa + i), bytes[i]);
	}
}

/* Return whether all of [start, end) can be read. */
static bool readable(const struct area *areas, size_t nr, paddr_t start, paddr_t end)
{
	for (; start < end; start++) {
		const struct area *a = area_of(areas, nr, start);

		if (!a || a->kind == LOST)
			return false;
	}
	return true;
}

static void check_get(struct vmcore_reader *r, const struct area *areas, size_t nr, paddr_t from,
		      paddr_t to, size_t want)
{
	for (paddr_t pa = from; pa < to;) {
		const void *ptr = NULL;
		size_t got = 0;

		if (readable(areas, nr, pa, pa + 1)) {
			assert_int_equal(vmcore_get(r, pa, want, &ptr, &got), 0);
			assert_in_range(got, 1, want);
			check_bytes(r->vc, areas, nr, pa, ptr, got);
			pa += got;
		} else {
			assert_int_equal(vmcore_get(r, pa, want, &ptr, &got), -EFAULT);
			pa++;
		}
	}
}

static void check_read(struct vmcore_reader *r, const struct area *areas, size_t nr, paddr_t from,
		       paddr_t to, size_t len)
{
	uint8_t *buf = malloc(len);

	assert_non_null(buf);
	for (paddr_t pa = from; pa < to; pa += len) {
		if (readable(areas, nr, pa, pa + len)) {
			assert_int_equal(vmcore_read(r, pa, buf, len), 0);
			check_bytes(r->vc, areas, nr, pa, buf, len);
		} else {
			assert_int_equal(vmcore_read(r, pa, buf, len), -EFAULT);
		}
	}
	free(buf);
}

static void check_page(struct vmcore_reader *r, const struct area *areas, size_t nr, pfn_t pfn)
{
	uint32_t size = r->vc->page_size;
	bool any = false, lost = false;
	uint8_t *buf = malloc(size);
	int ret;

	assert_non_null(buf);
	memset(buf, 0xee, size);
	ret = vmcore_read_page(r, pfn, buf);
	for (uint32_t i = 0; i < size; i++) {
		const struct area *a = area_of(areas, nr, pfn * size + i);

		any |= a != NULL;
		lost |= a && a->kind == LOST;
		if (!ret && buf[i] != (a ? expected_byte(r->vc, a, pfn * size + i) : 0))
			fail_msg("page %#llx + %#x: %02x", (unsigned long long)pfn, i, buf[i]);
	}
	assert_int_equal(ret, any && !lost ? 0 : -EFAULT);
	free(buf);
}

static void check_bitmap(struct vmcore *vc, const struct area *areas, size_t nr,
			 enum vmcore_bitmap_kind which)
{
	struct bitmap b;

	assert_int_equal(bitmap_init(&b, vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(vc, which, &b), 0);
	for (pfn_t pfn = 0; pfn < vc->max_pfn; pfn++) {
		paddr_t start = pfn * vc->page_size, end = start + vc->page_size;
		bool want = false;

		for (size_t i = 0; i < nr; i++) {
			if (which == VMCORE_STORED && areas[i].kind == ZERO)
				continue;
			want |= areas[i].start < end && areas[i].end > start;
		}
		if (bitmap_test(&b, pfn) != want)
			fail_msg("map %d, page %#llx", which, (unsigned long long)pfn);
	}
	bitmap_deinit(&b);
}

/* Compare everything there is with the areas, which have to be sorted. */
static void check_memory(struct vmcore *vc, const struct area *areas, size_t nr)
{
	static const size_t sizes[] = { 1, 8, 24, 1000, 4096, 100000 };
	paddr_t end = areas[nr - 1].end;
	struct vmcore_reader *r = reader_of(vc);
	const void *ptr;
	size_t got;

	assert_int_equal(vc->max_pfn, div_round_up(end, vc->page_size));
	for (size_t i = 0; i < nr; i++) {
		const struct area *a = &areas[i];

		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
			check_get(r, areas, nr, max_u64(a->start, 16) - 16, a->end + 16, sizes[j]);
			check_read(r, areas, nr, max_u64(a->start, 8) - 8, a->end + 8, sizes[j]);
		}
	}
	/* Backwards, so that no look-up profits from the one before. */
	for (pfn_t pfn = vc->max_pfn; pfn--;)
		check_page(r, areas, nr, pfn);
	for (pfn_t pfn = 0; pfn <= vc->max_pfn; pfn++)
		check_page(r, areas, nr, pfn);
	assert_int_equal(vmcore_get(r, UINT64_MAX, 1, &ptr, &got), -EFAULT);
	assert_int_equal(vmcore_get(r, end, 4096, &ptr, &got), -EFAULT);
	vmcore_reader_destroy(r);
	check_bitmap(vc, areas, nr, VMCORE_PRESENT);
	check_bitmap(vc, areas, nr, VMCORE_STORED);
}

static void check_core(const char *name, const struct area *areas, size_t nr)
{
	for (int no_mmap = 0; no_mmap < 2; no_mmap++) {
		struct vmcore *vc = open_core(name, no_mmap);

		check_memory(vc, areas, nr);
		vmcore_close(vc);
	}
}

static const struct area odd_areas[] = {
	{ 0x1238, 0x3578, PATTERN, 0 }, { 0x4000, 0x5208, PATTERN, 0 },
	{ 0x5208, 0x7000, ZERO, 0 },	{ 0x8000, 0x9000, ZERO, 0 },
	{ 0x9000, 0xb018, PATTERN, 0 }, { 0x20ff8, 0x21008, PATTERN, 0 },
};

static void test_odd_shapes(void **state)
{
	static const struct {
		const char *name;
		uint16_t machine;
		bool is64, big, no_notes;
	} shapes[] = {
		/* The class is that of the headers, not of the kernel. */
		{ "odd-64-386", EM_386, false, false, false },
		{ "odd-64le", EM_X86_64, true, false, false },
		{ "odd-64be", EM_S390, true, true, false },
		{ "odd-32le", EM_386, false, false, false },
		{ "odd-32be", EM_MIPS, false, true, false },
		{ "phoff-64", EM_X86_64, true, false, false },
		{ "phoff-32", EM_ARM, false, false, false },
		{ "xnum-64", EM_X86_64, true, false, false },
		{ "xnum-32", EM_PPC, false, true, false },
		{ "notes-split", EM_X86_64, true, false, false },
		{ "notes-last", EM_X86_64, true, false, false },
		{ "notes-none", EM_X86_64, true, false, true },
		{ "other-phdrs", EM_X86_64, true, false, false },
	};
	static const char text[] = "OSRELEASE=6.12.0\nPAGESIZE=4096\n";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct vmcore *vc = open_core(shapes[i].name, false);

		assert_ptr_equal(vc->ops, &elf_vmcore_ops);
		assert_int_equal(vc->machine, shapes[i].machine);
		assert_int_equal(vc->is64, shapes[i].is64);
		assert_int_equal(vc->headers64, shapes[i].is64 || !i);
		assert_int_equal(vc->big_endian, shapes[i].big);
		assert_int_equal(vc->swap, shapes[i].big != HOST_BIG_ENDIAN);
		assert_int_equal(vc->page_size, 4096);
		assert_int_equal(vc->page_shift, 12);
		assert_int_equal(vc->nr_segments, 6);
		assert_int_equal(vc->segments[0].vaddr, 0xc0009000);
		assert_int_equal(vc->segments[1].paddr, 0x20ff8);
		assert_int_equal(vc->segments[3].memsz, 0x3000);
		assert_int_equal(vc->segments[3].filesz, 0x1208);
		assert_string_equal(vc->warning, "");
		assert_false(vc->incomplete);
		if (shapes[i].no_notes) {
			assert_null(vc->notes);
			assert_null(vc->vmcoreinfo);
			assert_int_equal(vc->nr_cpus, 0);
		} else {
			assert_int_equal(vc->nr_cpus, 2);
			assert_int_equal(vc->vmcoreinfo_size, sizeof(text) - 1);
			assert_memory_equal(vc->vmcoreinfo, text, sizeof(text) - 1);
		}
		vmcore_close(vc);
		check_core(shapes[i].name, odd_areas, ARRAY_SIZE(odd_areas));
	}
}

static void check_many(const char *name, size_t nr)
{
	struct vmcore *vc = open_core(name, false);
	struct vmcore_reader *r = reader_of(vc);
	struct bitmap b;
	uint8_t page[PAGE], want[PAGE] = { 0 };

	memset(want + 4, 0x5a, 16);
	assert_int_equal(vc->nr_segments, nr);
	assert_int_equal(vc->max_pfn, nr);
	assert_int_equal(bitmap_init(&b, vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(vc, VMCORE_STORED, &b), 0);
	assert_int_equal(bitmap_count(&b, 0, nr), nr);
	bitmap_deinit(&b);
	for (pfn_t i = 0; i < nr; i++) {
		/* A stride that meets each of them, but not in order. */
		pfn_t pfn = i * 7919 % nr;

		assert_int_equal(vmcore_read_page(r, pfn, page), 0);
		assert_memory_equal(page, want, PAGE);
		assert_int_equal(vmcore_read(r, pfn * PAGE + 3, page, 2), -EFAULT);
	}
	vmcore_reader_destroy(r);
	vmcore_close(vc);
}

static void test_many_program_headers(void **state)
{
	(void)state;
	check_many("many", 70000);
	check_many("many-32", 65535);
}

static void test_overlap(void **state)
{
	static const struct area areas[] = {
		{ 0, 0x1000, FILL, 0x33 },	  { 0x1000, 0x5000, FILL, 0x11 },
		{ 0x5000, 0x7000, FILL, 0x22 },	  { 0x7000, 0x8000, ZERO, 0 },
		{ 0x10000, 0x11000, FILL, 0x44 }, { 0x11000, 0x12000, ZERO, 0 },
		{ 0x12000, 0x13000, FILL, 0x55 }, { 0x13000, 0x14000, ZERO, 0 },
		{ 0x20000, 0x21000, FILL, 0x66 }, { 0x21000, 0x21100, FILL, 0x99 },
	};
	static const struct area nested[] = { { 0x100000, 0x300000, PATTERN, 0 } };
	struct vmcore *vc = open_core("nested", false);

	(void)state;
	/* Large: look at it the quick way. */
	for (int no_mmap = 0; no_mmap < 2; no_mmap++) {
		struct vmcore_reader *r = reader_of(vc);

		check_get(r, nested, 1, 0xffff0, 0x300010, 1 << 20);
		vmcore_reader_destroy(r);
		vmcore_close(vc);
		vc = open_core("nested", true);
	}
	vmcore_close(vc);
	check_core("overlap", areas, ARRAY_SIZE(areas));
}

static void test_filesz_above_memsz(void **state)
{
	static const struct area areas[] = {
		{ 0x1000, 0x3000, PATTERN, 0 },
		{ 0x5000, 0x6000, PATTERN, 0 },
	};

	static const struct area in_the_file[] = { { 0x1000, 0x2000, PATTERN, 0 } };
	/* The bytes after the first in the file are those of another. */
	static const struct area of_another[] = {
		{ 0x1000, 0x3000, PATTERN, 0 },
		{ 0x8000, 0x9000, PATTERN, 0 },
	};
	struct vmcore *vc;

	(void)state;
	check_core("filesz-above-memsz", areas, ARRAY_SIZE(areas));
	check_core("filesz-above-both", in_the_file, 1);
	check_core("filesz-over-another", of_another, ARRAY_SIZE(of_another));
	vc = open_core("filesz-above-both", false);
	assert_int_equal(vc->max_pfn, 2);
	vmcore_close(vc);
}

/* As parts of /proc/kcore have it; of another file the bytes are missing. */
static void test_no_physical_address(void **state)
{
	struct vmcore *vc = open_core("no-paddr", false);

	static const struct area areas[] = {
		{ 0x1000, 0x2000, PATTERN, 0 },
		{ 0x4000, 0x5000, PATTERN, 0 },
	};

	(void)state;
	check_core("no-paddr", areas, ARRAY_SIZE(areas));
	check_core("no-paddr-32", areas, ARRAY_SIZE(areas));
	assert_true(vc->incomplete);
	assert_non_null(strstr(vc->warning, "belong to a PT_LOAD without a physical address"));
	vmcore_close(vc);
}

static void test_highest_address(void **state)
{
	struct vmcore *vc = open_core("high", false);
	struct vmcore_reader *r = reader_of(vc);
	uint8_t page[PAGE], want[PAGE];

	(void)state;
	memset(want, 0x42, sizeof(want));
	assert_int_equal(vc->max_pfn, UINT64_C(1) << 40);
	assert_int_equal(vmcore_read_page(r, vc->max_pfn - 1, page), 0);
	assert_memory_equal(page, want, PAGE);
	assert_int_equal(vmcore_read_page(r, vc->max_pfn, page), -EFAULT);
	assert_int_equal(vmcore_read_page(r, UINT64_MAX, page), -EFAULT);
	vmcore_reader_destroy(r);
	vmcore_close(vc);
	/* The address of this page overflows to 0 unless the code checks it. */
	vc = open_core("incomplete", false);
	r = reader_of(vc);
	assert_int_equal(vmcore_read_page(r, 0, page), 0);
	assert_int_equal(vmcore_read_page(r, UINT64_C(1) << 52, page), -EFAULT);
	vmcore_reader_destroy(r);
	vmcore_close(vc);
}

static void test_incomplete_flag(void **state)
{
	struct vmcore *vc = open_core("incomplete", false);

	(void)state;
	assert_true(vc->incomplete);
	assert_string_equal(vc->warning, "");
	vmcore_close(vc);
}

static void test_eraseinfo(void **state)
{
	struct vmcore *vc = open_core("eraseinfo", false);

	(void)state;
	assert_int_equal(vc->eraseinfo_size, 20);
	assert_memory_equal(vc->eraseinfo, "erase jiffies size 8", 20);
	vmcore_close(vc);
}

static void test_cut_in_memory(void **state)
{
	static const struct area areas[] = {
		{ 0x10000, 0x11804, PATTERN, 0 }, { 0x11804, 0x13000, LOST, 0 },
		{ 0x13000, 0x15000, PATTERN, 0 }, { 0x20000, 0x22000, PATTERN, 0 },
		{ 0x22000, 0x23000, ZERO, 0 },	  { 0x30000, 0x31000, LOST, 0 },
	};
	struct vmcore *vc = open_core("cut", false);
	struct vmcore_reader *r = reader_of(vc);
	struct bitmap b;
	const void *ptr;
	size_t got;

	(void)state;
	assert_true(vc->incomplete);
	assert_non_null(strstr(vc->warning, "has 71684 of 266240 bytes"));
	assert_int_equal(vmcore_get(r, 0x11804, 1, &ptr, &got), -EFAULT);
	assert_non_null(strstr(err_text(-EFAULT), "0x11804 lies beyond the end of the file "
						  "(truncated at 71684 bytes)"));
	check_get(r, areas, ARRAY_SIZE(areas), 0xfff0, 0x31010, 4096);
	check_read(r, areas, ARRAY_SIZE(areas), 0xfff0, 0x31010, 24);
	for (pfn_t pfn = 0; pfn <= vc->max_pfn; pfn++)
		check_page(r, areas, ARRAY_SIZE(areas), pfn);
	/* A page that is lost in part has data. */
	assert_int_equal(bitmap_init(&b, vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(vc, VMCORE_STORED, &b), 0);
	assert_int_equal(bitmap_count(&b, 0, vc->max_pfn), 4 + 2);
	assert_true(bitmap_test(&b, 0x11));
	assert_false(bitmap_test(&b, 0x12));
	assert_false(bitmap_test(&b, 0x30));
	bitmap_deinit(&b);
	check_bitmap(vc, areas, ARRAY_SIZE(areas), VMCORE_PRESENT);
	vmcore_reader_destroy(r);
	vmcore_close(vc);
}

/* Whatever is left of a file is either refused, or right as far as it goes. */
static void check_each_cut(const char *name)
{
	static const struct area areas[] = {
		{ 0x800, 0x900, PATTERN, 0 },
		{ 0x1ff8, 0x2200, PATTERN, 0 },
		{ 0x2200, 0x2308, ZERO, 0 },
	};
	struct vmcore_options opt = { 0 };
	struct memory_file m;
	size_t full, opened = 0;
	void *bytes = load_core(name, &full);

	memory_file_init(&m, bytes, full);
	for (size_t len = full; len != SIZE_MAX; len--) {
		struct vmcore_reader *r;
		struct vmcore *vc;
		int ret;

		assert_int_equal(ftruncate(m.fd, len), 0);
		opt.no_mmap = len & 1;
		ret = vmcore_open(&vc, m.path, &opt);
		if (ret) {
			assert_true(ret == -EBADMSG || (ret == -ENOTSUP && len < SELFMAG));
			assert_non_null(strstr(err_text(ret), m.path));
			continue;
		}
		opened++;
		assert_int_equal(vc->incomplete, len < full);
		assert_int_equal(vc->warning[0] != 0, len < full);
		r = reader_of(vc);
		for (size_t i = 0; i < ARRAY_SIZE(areas); i++) {
			for (paddr_t pa = areas[i].start; pa < areas[i].end; pa++) {
				uint8_t byte = 0;

				ret = vmcore_read(r, pa, &byte, 1);
				if (ret || len == full)
					assert_int_equal(ret, len == full ? 0 : -EFAULT);
				if (!ret)
					assert_int_equal(byte, expected_byte(vc, &areas[i], pa));
			}
		}
		vmcore_reader_destroy(r);
		vmcore_close(vc);
	}
	/* All cuts after the headers. */
	assert_true(opened > 0x208 + 0x100);
	close(m.fd);
	free(bytes);
}

static void test_cut_at_each_byte(void **state)
{
	(void)state;
	check_each_cut("small");
	check_each_cut("small-32be");
}

/* A byte of the headers or notes is wrong: it may be anything but a crash. */
static void check_each_byte(const char *name)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct vmcore_options opt = { 0 };
	struct memory_file m;
	size_t len;
	uint8_t *bytes = load_core(name, &len);

	memory_file_init(&m, bytes, len);
	for (size_t i = 0; i < min_u64(len, 1024); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(values); j++) {
			struct vmcore_reader *r;
			struct vmcore *vc;
			uint8_t buf[64];

			assert_int_equal(fd_pwrite(m.fd, &values[j], 1, i, NULL), 0);
			if (vmcore_open(&vc, m.path, &opt))
				continue;
			r = reader_of(vc);
			for (size_t k = 0; k < vc->nr_segments; k++) {
				const struct vmcore_segment *s = &vc->segments[k];
				int ret = vmcore_read(r, s->paddr, buf, sizeof(buf));

				assert_true(!ret || ret == -EFAULT);
				ret = vmcore_read(r, s->paddr + s->memsz - 1, buf, 1);
				assert_true(!ret || ret == -EFAULT);
			}
			vmcore_reader_destroy(r);
			vmcore_close(vc);
		}
		assert_int_equal(fd_pwrite(m.fd, &bytes[i], 1, i, NULL), 0);
	}
	close(m.fd);
	free(bytes);
}

static void test_each_byte_wrong(void **state)
{
	(void)state;
	check_each_byte("small");
	check_each_byte("small-32be");
}

static void test_page_size(void **state)
{
	static const struct {
		const char *name;
		uint32_t page_size;
		uint64_t max_pfn;
	} sizes[] = {
		{ "arm64", 4096, 0x30 },	  { "ppc64", 65536, 4 },
		{ "page-16k", 16384, 12 },	  { "page-last", 16384, 4 },
		{ "page-not-its-own", 4096, 16 }, { "page-odd", 4096, 16 },
		{ "page-small", 4096, 16 },	  { "page-text", 4096, 16 },
		{ "page-none", 4096, 16 },	  { "page-huge", 4096, 16 },
	};
	static const uint64_t bad[] = { 0, 1, 2048, 4097, 12288, 524288, UINT64_C(1) << 44 };
	struct vmcore *vc;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		vc = open_core(sizes[i].name, false);
		if (vc->page_size != sizes[i].page_size)
			fail_msg("%s: %u", sizes[i].name, vc->page_size);
		assert_int_equal(1u << vc->page_shift, vc->page_size);
		assert_int_equal(vc->max_pfn, sizes[i].max_pfn);
		vmcore_close(vc);
	}
	vc = open_core("odd-64le", false);
	assert_int_equal(vmcore_set_page_size(vc, 65536), 0);
	check_memory(vc, odd_areas, ARRAY_SIZE(odd_areas));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(vmcore_set_page_size(vc, bad[i]), -EINVAL);
	assert_int_equal(vc->page_size, 65536);
	assert_int_equal(vc->max_pfn, 3);
	assert_int_equal(vmcore_set_page_size(vc, 262144), 0);
	assert_int_equal(vc->max_pfn, 1);
	vmcore_close(vc);
}

static void test_damaged_notes(void **state)
{
	struct vmcore *vc;

	(void)state;
	/* The damaged note hides what follows in its PT_NOTE ... */
	vc = open_core("note-lies", false);
	assert_int_equal(vc->nr_cpus, 1);
	assert_null(vc->vmcoreinfo);
	assert_non_null(strstr(vc->warning, "ELF notes damaged at offset 356"));
	vmcore_close(vc);
	/* ... but not what the others hold. */
	vc = open_core("note-lies-split", false);
	assert_int_equal(vc->nr_cpus, 1);
	assert_non_null(vc->vmcoreinfo);
	assert_int_equal(vc->page_size, 16384);
	assert_non_null(strstr(vc->warning, "ELF notes damaged at offset 0"));
	assert_false(vc->incomplete);
	vmcore_close(vc);

	/* The first one is the warning. */
	vc = open_core("note-lies-cut", false);
	assert_int_equal(vc->nr_cpus, 1);
	assert_true(vc->incomplete);
	assert_non_null(strstr(vc->warning, "ELF notes damaged at offset 356"));
	vmcore_close(vc);

	vc = open_core("ptnote-too-long", false);
	assert_int_equal(vc->nr_cpus, 3);
	assert_int_equal(vc->notes_size, 3 * 356);
	assert_true(vc->incomplete);
	assert_non_null(strstr(vc->warning, "ends within its ELF notes"));
	vmcore_close(vc);

	vc = open_core("ptnote-beyond", false);
	assert_int_equal(vc->nr_cpus, 0);
	assert_null(vc->notes);
	assert_true(vc->incomplete);
	vmcore_close(vc);
}

static void assert_refused(const char *path, int err, const char *why)
{
	struct vmcore_options opt = { 0 };
	struct vmcore *vc = NULL;
	int ret = vmcore_open(&vc, path, &opt);

	if (ret != err)
		fail_msg("%s: %d %s", path, ret, ret ? err_text(ret) : "");
	if (strncmp(err_text(ret), path, strlen(path)) || !strstr(err_text(ret), why))
		fail_msg("%s: %s", path, err_text(ret));
}

static void test_bad_headers(void **state)
{
	static const struct {
		const char *name;
		int err;
		const char *why;
	} bad[] = {
		{ "bad-class", -EBADMSG, "unknown class 3" },
		{ "bad-order", -EBADMSG, "unknown byte order 0" },
		{ "bad-type", -ENOTSUP, "not a core (e_type is 2)" },
		{ "bad-high", -EBADMSG,
		  "header 0 is passed over: it ends at physical address 0x10000000000001, beyond" },
		{ "no-memory", -EBADMSG, "holds no memory" },
		{ "no-load", -EBADMSG, "holds no memory" },
	};
	char path[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		path_of(path, bad[i].name);
		assert_refused(path, bad[i].err, bad[i].why);
	}
}

/* An ELF header that is wrong about its program headers does not hide them. */
static void test_repaired_headers(void **state)
{
	static const struct {
		const char *name, *warning;
	} repaired[] = {
		{ "bad-phentsize", "e_phentsize is 57 instead of 56" },
		{ "bad-phentsize-32", "e_phentsize is 56 instead of 32" },
		{ "bad-phnum", "within its program headers: 1000 at offset 64" },
		{ "no-phnum", "e_phnum is 0, but there are 1 program headers" },
		{ "bad-phoff", "e_phoff is 1099511627776: using 64" },
		{ "bad-phoff-wrap", "e_phoff is 18446744073709551560: using 64" },
		{ "bad-xnum", "e_shoff is 0" },
		{ "no-shoff", "e_shoff is 0 and e_shentsize 64" },
		{ "bad-shentsize", "e_shentsize 60000 instead of 64" },
		{ "bad-shoff", "within its section header" },
		{ "bad-info", "within its program headers: 4294967295 at" },
		{ "no-info", "e_phnum is 0, but there are 1 program headers" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(repaired); i++) {
		struct vmcore *vc = open_core(repaired[i].name, false);

		if (!strstr(vc->warning, repaired[i].warning))
			fail_msg("%s: %s", repaired[i].name, vc->warning);
		assert_int_equal(vc->nr_segments, 1);
		assert_int_equal(vc->segments[0].filesz, 4096);
		assert_false(vc->incomplete);
		vmcore_close(vc);
	}
}

static void test_not_a_dump(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int err;
		const char *why;
	} files[] = {
		{ "", 0, -ENOTSUP, "not a dump: it is empty" },
		{ "#!/bin/sh\n", 10, -ENOTSUP,
		  "not a dump: it begins with 23 21 2f 62 69 6e 2f 73 \"#!/bin/s\"" },
		{ "\177EL", 3, -ENOTSUP, "begins with 7f 45 4c \".EL\"" },
		{ "\xff\0\n", 3, -ENOTSUP, "begins with ff 00 0a \"...\"" },
		{ "\xa8\x19\x01\x73\x61\x8f\x23\xfd", 8, -ENOTSUP,
		  "a stand-alone dump of s390x: convert it with zgetdump -f elf" },
		{ "\xa8\x19\x01\x73\x61\x8f\x23", 7, -ENOTSUP,
		  "begins with a8 19 01 73 61 8f 23 \"...sa.#\"" },
		{ "PK\3\4\24", 5, -ENOTSUP, "an archive: take the dump out of it with unzip" },
		{ "PK\3\4", 4, -ENOTSUP, "begins with 50 4b 03 04 \"PK..\"" },
		{ "\177ELF", 4, -EBADMSG, "within its ELF header (4 bytes)" },
		{ "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\4", 17, -EBADMSG,
		  "within its ELF header (17 bytes)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct memory_file m;

		memory_file_init(&m, files[i].bytes, files[i].len);
		assert_refused(m.path, files[i].err, files[i].why);
		close(m.fd);
	}
}

static void test_no_such_file(void **state)
{
	struct vmcore_options opt = { 0 };
	struct vmcore *vc;
	char path[PATH_MAX];

	(void)state;
	path_of(path, "nothing");
	assert_int_equal(vmcore_open(&vc, path, &opt), -ENOENT);
	assert_non_null(strstr(err_text(-ENOENT), path));
	assert_int_equal(vmcore_open(&vc, dir, &opt), -EISDIR);
	vmcore_close(NULL);
	vmcore_reader_destroy(NULL);
}

static void test_read_leaves_get_alone(void **state)
{
	struct vmcore *vc = open_core("nested", true);
	struct vmcore_reader *r = reader_of(vc);
	const struct area area = { 0x100000, 0x300000, PATTERN, 0 };
	const void *ptr;
	uint8_t buf[PAGE];
	size_t got;

	(void)state;
	assert_int_equal(vmcore_get(r, 0x100010, 64, &ptr, &got), 0);
	for (paddr_t pa = 0x100000; pa < 0x300000; pa += 0x7ff0)
		assert_int_equal(vmcore_read(r, pa, buf, 64), 0);
	assert_int_equal(vmcore_read_page(r, 0x2ff, buf), 0);
	check_bytes(vc, &area, 1, 0x100010, ptr, got);
	vmcore_reader_destroy(r);
	vmcore_close(vc);
}

/* A mapping ends with its PT_LOAD, and with the part of it that another has. */
static void test_mapped_by_pt_load(void **state)
{
	struct vmcore *vc = open_core("nested", true);
	struct vmcore_reader *r = reader_of(vc);
	const struct area area = { 0x100000, 0x300000, PATTERN, 0 };
	static const struct { paddr_t get, end; } pieces[] = {
		{ 0x1ff000, 0x200000 }, { 0x200000, 0x203000 }, { 0x203000, 0x300000 },
	};
	const void *ptr;
	uint8_t buf[64];
	size_t got;

	(void)state;
	r->file.use_mmap = true;
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		paddr_t pa = pieces[i].get;

		assert_int_equal(vmcore_get(r, pa, MIB, &ptr, &got), 0);
		assert_int_equal(got, pieces[i].end - pa);
		check_bytes(vc, &area, 1, pa, ptr, got);
		assert_ptr_equal((const char *)r->file.window + r->file.window_len,
				 (const char *)ptr + got);
		/* 64 KiB before it if they are its own, else what the page has. */
		assert_in_range((const char *)ptr - (const char *)r->file.window, 0,
				i ? PAGE - 1 : 64 * 1024 - 1);
		/* Bytes of two of them. */
		assert_int_equal(vmcore_read(r, pieces[i].end - 32, buf, i < 2 ? 64 : 32), 0);
		check_bytes(vc, &area, 1, pieces[i].end - 32, buf, i < 2 ? 64 : 32);
	}
	assert_true(r->file.use_mmap);
	assert_null(r->file.buffer);
	vmcore_reader_destroy(r);
	vmcore_close(vc);
}

/*
 * Very many PT_LOADs that all overlap: with an algorithm that compares each with
 * each this does not end within the limit of CPU time.
 */
static void test_hostile_overlap(void **state)
{
	const size_t nr = 300000,
		     size = sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr) + nr * sizeof(Elf64_Phdr);
	struct memory_file m;
	struct vmcore *vc;
	struct vmcore_reader *r;
	uint64_t random = 1;
	Elf64_Ehdr *e = calloc(1, size);
	Elf64_Shdr *s = (Elf64_Shdr *)(e + 1);
	Elf64_Phdr *p = (Elf64_Phdr *)(s + 1);
	uint8_t byte, want;

	(void)state;
	assert_non_null(e);
	memcpy(e->e_ident, ELFMAG, SELFMAG);
	e->e_ident[EI_CLASS] = ELFCLASS64;
	e->e_ident[EI_DATA] = HOST_BIG_ENDIAN ? ELFDATA2MSB : ELFDATA2LSB;
	e->e_type = ET_CORE;
	e->e_phentsize = sizeof(*p);
	e->e_phnum = PN_XNUM;
	e->e_phoff = sizeof(*e) + sizeof(*s);
	e->e_shoff = sizeof(*e);
	e->e_shentsize = sizeof(*s);
	s->sh_info = nr;
	for (size_t i = 0; i < nr; i++) {
		random = random * UINT64_C(6364136223846793005) + 1;
		p[i].p_type = PT_LOAD;
		/* Nested ones, and such that reach over any number of others. */
		p[i].p_paddr = i % 2 ? nr - i : random >> 44;
		p[i].p_memsz = i % 2 ? 2 * i + 1 : (random >> 20) % nr + 1;
		p[i].p_filesz = i % 3 ? p[i].p_memsz / 2 : p[i].p_memsz;
		p[i].p_offset = random >> 40;
	}
	memory_file_init(&m, e, size);
	free(e);
	cpu_limit(120);
	vc = open_path(m.path, false);
	r = reader_of(vc);
	for (paddr_t pa = 0; pa < nr; pa += 97) {
		const struct vmcore_segment *first = NULL;

		/* The first segment that has the byte in the file counts. */
		for (size_t i = 0; i < 2000 && !first; i++) {
			const struct vmcore_segment *g = &vc->segments[i];

			if (pa >= g->paddr && pa - g->paddr < g->filesz &&
			    g->offset + (pa - g->paddr) < size)
				first = g;
		}
		if (!first)
			continue;
		assert_int_equal(vmcore_read(r, pa, &byte, 1), 0);
		assert_int_equal(fd_pread(m.fd, &want, 1, first->offset + pa - first->paddr), 1);
		assert_int_equal(byte, want);
	}
	cpu_limit(0);
	vmcore_reader_destroy(r);
	vmcore_close(vc);
	close(m.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odd_shapes),
		cmocka_unit_test(test_many_program_headers),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_filesz_above_memsz),
		cmocka_unit_test(test_no_physical_address),
		cmocka_unit_test(test_highest_address),
		cmocka_unit_test(test_incomplete_flag),
		cmocka_unit_test(test_eraseinfo),
		cmocka_unit_test(test_cut_in_memory),
		cmocka_unit_test(test_cut_at_each_byte),
		cmocka_unit_test(test_each_byte_wrong),
		cmocka_unit_test(test_page_size),
		cmocka_unit_test(test_damaged_notes),
		cmocka_unit_test(test_bad_headers),
		cmocka_unit_test(test_repaired_headers),
		cmocka_unit_test(test_not_a_dump),
		cmocka_unit_test(test_no_such_file),
		cmocka_unit_test(test_read_leaves_get_alone),
		cmocka_unit_test(test_mapped_by_pt_load),
		cmocka_unit_test(test_hostile_overlap),
	};

	return cmocka_run_group_tests(tests, make_cores, remove_cores);
}
