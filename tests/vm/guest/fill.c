// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

#define MIB (1UL << 20)
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

enum kind { ZERO, PATTERN, TEXT, RANDOM, MIXED, VARIOUS };

static const char *const kind_name[] = {
	[ZERO] = "zero", [PATTERN] = "pattern", [TEXT] = "text",
	[RANDOM] = "random", [MIXED] = "mixed",
};

struct region {
	const char *name;
	enum kind kind;
	unsigned char *start;
	size_t size;		/* bytes, a multiple of PAGE */
};

/* The number after PREFIX in a file of the kernel's; FALLBACK if there is none. */
static size_t kernel_number(const char *path, const char *prefix, size_t fallback)
{
	FILE *in = fopen(path, "r");
	size_t found = fallback;
	char line[256];

	while (in && fgets(line, sizeof(line), in))
		if (!strncmp(line, prefix, strlen(prefix)))
			found = strtoull(line + strlen(prefix), NULL, 10);
	if (in)
		fclose(in);
	return found;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* The kind of page N of a region of various kinds: runs of 16 alike. */
static enum kind kind_of(const struct region *r, uint64_t n)
{
	static const enum kind mix[] = {
		ZERO, PATTERN, PATTERN, TEXT, TEXT, TEXT, RANDOM, RANDOM,
		MIXED, MIXED,
	};

	return r->kind == VARIOUS ? mix[n / 16 % ARRAY_SIZE(mix)] : r->kind;
}

static void fill_text(unsigned char *p, uint64_t *seed)
{
	static const char *const words[] = {
		"kernel", "page", "the", "of", "dump", "memory", "slab", "to",
		"virtual", "address", "0x00000000", "buffer", "inode", "a",
		"thread", "lock", "warning:", "\n", "cache", "user", "free",
	};
	size_t len = 0;

	while (len < PAGE) {
		const char *w = words[next_random(seed) % ARRAY_SIZE(words)];
		size_t n = strlen(w);

		if (n > PAGE - len)
			n = PAGE - len;
		memcpy(p + len, w, n);
		len += n;
		if (len < PAGE)
			p[len++] = ' ';
	}
}

static void fill_page(unsigned char *p, enum kind kind, uint64_t n)
{
	uint64_t seed = 0x9e3779b97f4a7c15ULL + n * 0xbf58476d1ce4e5b9ULL;
	uint64_t *q = (uint64_t *)p;

	switch (kind) {
	case ZERO:
		p[0] = 1;	/* or it stays the shared zero page */
		memset(p, 0, PAGE);
		break;
	case PATTERN:
		for (size_t i = 0; i < PAGE / 8; i++)
			q[i] = 0xfeed000000000000ULL | n;
		break;
	case TEXT:
		fill_text(p, &seed);
		break;
	case RANDOM:
		for (size_t i = 0; i < PAGE / 8; i++)
			q[i] = next_random(&seed);
		break;
	default:
		memset(p, 0, PAGE);
		for (size_t i = 0; i < PAGE / 16; i++)
			q[i] = next_random(&seed);
	}
}

static void fill_region(const struct region *r)
{
	for (size_t n = 0; n < r->size / PAGE; n++)
		fill_page(r->start + n * PAGE, kind_of(r, n), n);
}

/* A filled region of fresh memory, without huge pages unless ALIGN is their size. */
static struct region make_region(const char *name, enum kind kind, size_t size,
				 size_t align)
{
	struct region r = { .name = name, .kind = kind, .size = size };
	unsigned char *p = mmap(NULL, size + align, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	r.start = (unsigned char *)(((uintptr_t)p + align - 1) & -align);
	madvise(r.start, size, align == PAGE ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
	fill_region(&r);
	return r;
}

uint32_t crc32_zlib(const uint32_t *table, const unsigned char *p, size_t n)
{
	uint32_t c = ~0U;

	while (n--)
		c = table[(c ^ *p++) & 255] ^ (c >> 8);
	return ~c;
}

void crc32_init(uint32_t *table)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? 0xedb88320U ^ (c >> 1) : c >> 1;
		table[i] = c;
	}
}

static void list_region(FILE *out, const struct region *r)
{
	uint32_t table[256];
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0)
		die("pagemap");
	crc32_init(table);
	for (size_t n = 0; n < r->size / PAGE; n++) {
		unsigned char *p = r->start + n * PAGE;
		uint64_t entry;

		if (pread(fd, &entry, 8, (uintptr_t)p / PAGE * 8) != 8)
			die("pagemap");
		if (!(entry >> 63))
			continue;	/* not present */
		fprintf(out, "%s %s %llx %08x\n", r->name,
			kind_name[kind_of(r, n)],
			(unsigned long long)(entry & ((1ULL << 55) - 1)),
			crc32_zlib(table, p, PAGE));
	}
	close(fd);
}

/* Kernel memory: a vmalloc area, pipe buffers, a memory file. */
static void fill_kernel(const struct region *data)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
		.value_size = PAGE, .max_entries = 4 * MIB / PAGE,
	};
	int fds[2];
	int fd;

	if (syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) < 0)
		perror("guest: bpf map");
	for (int i = 0; i < 16; i++) {
		if (pipe2(fds, O_NONBLOCK) < 0)
			die("pipe");
		while (write(fds[1], data->start + i * PAGE * 16, PAGE) > 0)
			;
	}
	fd = memfd_create("guest", 0);
	if (fd < 0)
		die("memfd");
	for (size_t n = 0; n < 4 * MIB / PAGE; n++)
		if (write(fd, data->start + n * PAGE, PAGE) < 0)
			die("memfd");
}

static _Noreturn void sleep_for_ever(void)
{
	for (;;)
		pause();
}

static void start_children(void)
{
	/* Poisoned pages; their owner may be killed for having them. */
	if (fork() == 0) {
		struct region bad = make_region("bad", PATTERN, 4 * PAGE, PAGE);

		if (madvise(bad.start, 2 * PAGE, MADV_HWPOISON) < 0)
			perror("guest: MADV_HWPOISON");
		sleep_for_ever();
	}
	/* Processes that share pages and have some of their own. */
	for (int i = 0; i < 4; i++) {
		if (fork() == 0) {
			make_region("child", (enum kind)i, MIB, PAGE);
			sleep_for_ever();
		}
	}
}

/* Most of the huge pages that are set aside; none, if the machine has no such pages. */
static struct region make_hugetlb(void)
{
	size_t size = kernel_number("/proc/meminfo", "Hugepagesize:", 0) << 10;
	size_t pages = kernel_number("/proc/sys/vm/nr_hugepages", "", 0);
	struct region r = {
		.name = "hugetlb", .kind = TEXT, .size = pages * 5 / 8 * size,
	};

	if (!r.size)
		return r;
	r.start = mmap(NULL, r.size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (r.start == MAP_FAILED)
		die("MAP_HUGETLB");
	fill_region(&r);
	return r;
}

void fill(size_t anon)
{
	size_t thp_page = kernel_number("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size",
					"", 2 * MIB);
	size_t thp_size = (anon / 5 + thp_page - 1) & -thp_page;
	struct region small, thp, split, gone, huge, swapped;
	FILE *out;

	gone = make_region("gone", VARIOUS, (anon / 4) & -PAGE, PAGE);
	small = make_region("anon", VARIOUS, (anon - thp_size) & -PAGE, PAGE);
	thp = make_region("thp", VARIOUS, thp_size, thp_page);
	/* A huge page with a hole: the kernel splits it, now or later. */
	split = make_region("thp-split", PATTERN, thp_page, thp_page);
	madvise(split.start + thp_page / 2, thp_page / 4, MADV_DONTNEED);
	huge = make_hugetlb();

	fill_kernel(&small);
	swapped = make_region("swapped", VARIOUS, 4 * MIB, PAGE);
	madvise(swapped.start, swapped.size, MADV_PAGEOUT);
	/* Free pages that still hold data. */
	munmap(gone.start, gone.size);

	/* Before any fork, which would make these pages shared. */
	mlock(small.start, small.size);
	mlock(thp.start, thp.size);
	start_children();
	sleep(1);

	out = fopen("/run/content.new", "w");
	if (!out)
		die("/run/content.new");
	list_region(out, &small);
	list_region(out, &thp);
	list_region(out, &split);
	list_region(out, &huge);
	if (fclose(out) || rename("/run/content.new", "/run/content"))
		die("/run/content");
	sleep_for_ever();
}
