// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <sys/io.h>
#endif

#include "guest.h"

#define CHUNK (1UL << 20)
#define PVPANIC_PORT 0x505
#define PVPANIC_PANICKED 1
#define TRIES 8

/*
 * The bits of /proc/kpageflags that say what a page is: LRU, SLAB, BUDDY, ANON,
 * SWAPCACHE, SWAPBACKED, COMPOUND_HEAD, COMPOUND_TAIL, HUGE, HWPOISON, NOPAGE,
 * THP, OFFLINE, PGTABLE, RESERVED, PRIVATE.
 */
#define KIND_BITS (1ULL << 5 | 1ULL << 7 | 1ULL << 10 | 1ULL << 12 | \
		   1ULL << 13 | 1ULL << 14 | 1ULL << 15 | 1ULL << 16 | \
		   1ULL << 17 | 1ULL << 19 | 1ULL << 20 | 1ULL << 22 | \
		   1ULL << 23 | 1ULL << 26 | 1ULL << 32 | 1ULL << 35)

struct archive {
	int fd;
	uint64_t pos;		/* bytes written */
};

struct buf {
	unsigned char *data;	/* page aligned, as O_DIRECT wants it */
	size_t len, size;	/* bytes */
};

static void buf_init(struct buf *b, size_t size)
{
	b->size = (size + PAGE - 1) & -PAGE;
	b->len = 0;
	b->data = mmap(NULL, b->size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (b->data == MAP_FAILED)
		die("mmap");
	madvise(b->data, b->size, MADV_NOHUGEPAGE);
}

static void buf_free(struct buf *b)
{
	munmap(b->data, b->size);
}

/* Read what fits of PATH; a file that is not there counts as empty. */
static void buf_read(struct buf *b, const char *path)
{
	int fd = open(path, O_RDONLY);

	b->len = 0;
	if (fd < 0)
		return;
	while (b->len < b->size) {
		size_t want = b->size - b->len < CHUNK ? b->size - b->len : CHUNK;
		ssize_t n = read(fd, b->data + b->len, want);

		if (n <= 0)
			break;
		b->len += n;
	}
	close(fd);
}

/* Read all of PATH, however long it is. */
static void buf_read_all(struct buf *b, const char *path)
{
	buf_init(b, 2 * CHUNK);
	for (;;) {
		size_t size = b->size;

		/* One block is left over for the padding of the archive. */
		buf_read(b, path);
		if (b->len + 512 <= size)
			return;
		buf_free(b);
		buf_init(b, 2 * size);
	}
}

/* DATA is aligned and SIZE a multiple of 512: the disk is open with O_DIRECT. */
static void archive_write(struct archive *a, const void *data, size_t size)
{
	while (size) {
		ssize_t n = pwrite(a->fd, data, size < CHUNK ? size : CHUNK,
				   a->pos);

		if (n <= 0)
			die("truth disk");
		data = (const char *)data + n;
		size -= n;
		a->pos += n;
	}
}

/* Add a member, in the ustar format; B has room for padding to 512 bytes. */
static void archive_add(struct archive *a, const char *name, struct buf *b)
{
	_Alignas(4096) unsigned char header[512] = { 0 };
	size_t padded = (b->len + 511) & -512UL;
	unsigned int sum = 0;

	snprintf((char *)header, 100, "%s", name);
	strcpy((char *)header + 100, "0000644");
	strcpy((char *)header + 108, "0000000");
	strcpy((char *)header + 116, "0000000");
	snprintf((char *)header + 124, 12, "%011lo", (unsigned long)b->len);
	strcpy((char *)header + 136, "00000000000");
	header[156] = '0';
	memcpy(header + 257, "ustar\00000", 8);
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
	archive_write(a, header, sizeof(header));
	memset(b->data + b->len, 0, padded - b->len);
	archive_write(a, b->data, padded);
}

static void archive_add_file(struct archive *a, const char *name,
			     const char *path)
{
	struct buf b;

	buf_read_all(&b, path);
	archive_add(a, name, &b);
	buf_free(&b);
}

static void archive_add_btf(struct archive *a)
{
	DIR *dir = opendir("/sys/kernel/btf");
	char path[512], name[512];
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/btf/%s", e->d_name);
		snprintf(name, sizeof(name), "btf/%s", e->d_name);
		archive_add_file(a, name, path);
	}
	if (dir)
		closedir(dir);
}

/* Cut B, the notes of a core, down to the text of its VMCOREINFO note. */
static int find_vmcoreinfo(struct buf *b)
{
	static const char name[] = "VMCOREINFO";
	size_t at = 0;

	while (at + sizeof(Elf64_Nhdr) <= b->len) {
		const Elf64_Nhdr *nh = (const void *)(b->data + at);
		size_t text = at + sizeof(*nh) + ((nh->n_namesz + 3) & -4U);

		if (text + nh->n_descsz > b->len)
			break;
		if (nh->n_namesz == sizeof(name) &&
		    !memcmp(nh + 1, name, sizeof(name))) {
			b->len = nh->n_descsz;
			memmove(b->data, b->data + text, b->len);
			return 1;
		}
		at = text + ((nh->n_descsz + 3) & -4U);
	}
	return 0;
}

static void archive_add_vmcoreinfo(struct archive *a)
{
	int fd = open("/proc/kcore", O_RDONLY);
	ElfW(Ehdr) eh;
	ElfW(Phdr) ph;
	struct buf b;

	/* Kernels of arm have none: the address tells where it is in memory. */
	if (fd < 0) {
		archive_add_file(a, "vmcoreinfo.at", "/sys/kernel/vmcoreinfo");
		return;
	}
	buf_init(&b, CHUNK);
	if (pread(fd, &eh, sizeof(eh), 0) != sizeof(eh))
		die("/proc/kcore");
	for (int i = 0; i < eh.e_phnum; i++) {
		if (pread(fd, &ph, sizeof(ph), eh.e_phoff + i * sizeof(ph)) !=
		    sizeof(ph))
			die("/proc/kcore");
		if (ph.p_type != PT_NOTE || ph.p_filesz > b.size)
			continue;
		if (pread(fd, b.data, ph.p_filesz, ph.p_offset) !=
		    (ssize_t)ph.p_filesz)
			die("/proc/kcore");
		b.len = ph.p_filesz;
		if (find_vmcoreinfo(&b))
			archive_add(a, "vmcoreinfo", &b);
	}
	buf_free(&b);
	close(fd);
}

static void archive_add_dmesg(struct archive *a)
{
	struct buf b;
	int n;

	buf_init(&b, 4 * CHUNK);
	n = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, (char *)b.data,
		    b.size - 512);
	b.len = n > 0 ? n : 0;
	archive_add(a, "dmesg", &b);
	buf_free(&b);
}

/* The numbers of the page frames that hold B, which is locked. */
static void archive_add_pfns(struct archive *a, const char *name,
			     const struct buf *b)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	size_t len = b->size / PAGE * 8;
	struct buf pfns;

	buf_init(&pfns, len);
	if (pread(fd, pfns.data, len, (uintptr_t)b->data / PAGE * 8) !=
	    (ssize_t)len)
		die("pagemap");
	for (size_t i = 0; i < len / 8; i++)
		((uint64_t *)pfns.data)[i] &= (1ULL << 55) - 1;
	pfns.len = len;
	archive_add(a, name, &pfns);
	buf_free(&pfns);
	close(fd);
}

static void archive_end(struct archive *a)
{
	struct buf b;

	buf_init(&b, PAGE);
	archive_add(a, "complete", &b);
	archive_write(a, b.data, 1024);
	buf_free(&b);
	fsync(a->fd);
}

static int same_kinds(const struct buf *a, const struct buf *b)
{
	const uint64_t *p = (const void *)a->data, *q = (const void *)b->data;

	if (a->len != b->len)
		return 0;
	for (size_t i = 0; i < a->len / 8; i++)
		if ((p[i] ^ q[i]) & KIND_BITS)
			return 0;
	return 1;
}

struct pages {
	struct buf flags, count;
	struct buf again;	/* a second reading of the flags */
};

static void pages_init(struct pages *p)
{
	struct buf b;

	buf_read_all(&b, "/proc/kpageflags");
	/* Room for padding, as everything that goes into the archive. */
	buf_init(&p->flags, b.len + PAGE);
	buf_init(&p->count, b.len + PAGE);
	buf_init(&p->again, b.len + PAGE);
	buf_free(&b);
}

static void pages_read(struct pages *p)
{
	buf_read(&p->count, "/proc/kpagecount");
	buf_read(&p->flags, "/proc/kpageflags");
	for (int i = 0; i < TRIES; i++) {
		buf_read(&p->again, "/proc/kpageflags");
		if (same_kinds(&p->flags, &p->again))
			return;
		buf_read(&p->flags, "/proc/kpageflags");
	}
	fprintf(stderr, "guest: the pages do not come to rest\n");
}

#if defined(__x86_64__) || defined(__i386__)

static void stop_init(void)
{
	if (iopl(3) < 0)
		die("iopl");
}

static void stop(void)
{
	outb(PVPANIC_PANICKED, PVPANIC_PORT);
}

#else

static void stop_init(void)
{
}

/* Not to be copied: the label is there once. */
static __attribute__((noinline, noclone)) void stop(void)
{
	__asm__ volatile(".globl guest_stop\nguest_stop:" : : : "memory");
}

#endif

static void stop_and_save(struct archive *a, struct pages *p)
{
	struct buf count;

	buf_init(&count, p->count.size);
	mlockall(MCL_CURRENT);
	for (int i = 0; i < TRIES; i++) {
		pages_read(p);
		stop();
		buf_read(&p->again, "/proc/kpageflags");
		if (same_kinds(&p->flags, &p->again))
			break;
	}
	buf_read(&count, "/proc/kpagecount");
	archive_add(a, "kpageflags", &p->flags);
	archive_add(a, "kpagecount", &p->count);
	archive_add(a, "kpageflags.after", &p->again);
	archive_add(a, "kpagecount.after", &count);
	archive_end(a);
}

static void save_and_crash(struct archive *a, struct pages *p)
{
	int sysrq = open("/proc/sysrq-trigger", O_WRONLY);

	mlockall(MCL_CURRENT);
	archive_add_pfns(a, "kpageflags.pfns", &p->flags);
	archive_add_pfns(a, "kpagecount.pfns", &p->count);
	archive_end(a);
	pages_read(p);
	if (write(sysrq, "c", 1) < 0)
		die("sysrq");
}

void truth(const char *disk, int crash)
{
	static const char *const files[] = {
		"/proc/kallsyms", "/proc/modules", "/proc/iomem",
		"/proc/cmdline", "/proc/version", "/proc/cpuinfo",
		"/proc/swaps", "/proc/mounts", "/proc/slabinfo",
		"/proc/vmallocinfo", "/proc/zoneinfo", "/proc/pagetypeinfo",
		"/proc/meminfo", "/proc/vmstat", "/proc/buddyinfo",
		"/run/content", "/run/maps", "/run/tasks",
		"/run/keys", "/run/cgroups",
	};
	struct sched_param priority = { .sched_priority = 50 };
	struct archive a = { .fd = open(disk, O_RDWR | O_DIRECT) };
	struct pages pages;

	if (a.fd < 0)
		die(disk);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		archive_add_file(&a, strrchr(files[i], '/') + 1, files[i]);
	archive_add_vmcoreinfo(&a);
	archive_add_btf(&a);
	archive_add_dmesg(&a);

	pages_init(&pages);
	sched_setscheduler(0, SCHED_FIFO, &priority);
	usleep(300000);
	if (crash) {
		save_and_crash(&a, &pages);
	} else {
		stop_init();
		stop_and_save(&a, &pages);
	}
}
