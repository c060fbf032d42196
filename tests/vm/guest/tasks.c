// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "guest.h"

#define CHUNK 512		/* pages asked about at once */
#define GIB (1UL << 30)
#define TIB (UINT64_C(1) << 40)
#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_PFN ((1ULL << 55) - 1)

/* ---- a process with several stacks --------------------------------------- */

struct thread {
	const char *name;
	size_t depth;		/* pages of its stack: more and less than is usually kept */
	pthread_barrier_t *ready;
	pthread_t id;
};

/* Fill PAGES of the stack and more; then stay there, with READY, or give them up again. */
static __attribute__((noinline)) size_t use_stack(size_t pages, pthread_barrier_t *ready)
{
	volatile unsigned char frame[PAGE];

	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (unsigned char)pages;
	if (pages > 1)
		return use_stack(pages - 1, ready) + frame[0];
	if (!ready)
		return 0;
	pthread_barrier_wait(ready);
	for (;;)
		pause();
}

static void *run_thread(void *arg)
{
	struct thread *t = arg;

	prctl(PR_SET_NAME, t->name);
	use_stack(t->depth + 8, NULL);
	use_stack(t->depth, t->ready);
	return NULL;
}

/* Reserve too many pages for a reader to look at each, and use two; 32 bits lack the room. */
static void use_little(void)
{
#if SIZE_MAX > UINT32_MAX
	unsigned char *p = mmap(NULL, TIB + GIB, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	madvise(p, TIB + GIB, MADV_NOHUGEPAGE);
	p = (unsigned char *)(((uintptr_t)p + GIB - 1) & -GIB);
	p[GIB] = 1;
	p[TIB / 2] = 2;
#endif
}

void keeper(const char *untouched, const char *ready)
{
	struct thread threads[] = {
		{ .name = "keeper-12", .depth = 12 },
		{ .name = "c++", .depth = 2 },
		{ .name = "a-name-that-is-too-long", .depth = 60 },
	};
	int fd = open(untouched, O_RDONLY);
	pthread_barrier_t barrier;

	prctl(PR_SET_NAME, "keeper");
	if (fd < 0 || mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		die(untouched);
	use_little();
	pthread_barrier_init(&barrier, NULL, ARRAY_SIZE(threads) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		threads[i].ready = &barrier;
		if (pthread_create(&threads[i].id, NULL, run_thread, &threads[i]))
			die("pthread_create");
	}
	pthread_barrier_wait(&barrier);
	sleep(1);
	fd = open(ready, O_WRONLY | O_CREAT, 0644);
	if (fd < 0)
		die(ready);
	for (;;)
		pause();
}

/* ---- what processes have in memory ---------------------------------------- */

/* The stack pointer is the last but one word of a blocked thread's /proc/PID/task/TID/syscall. */
static void list_thread(const char *pid, const char *tid)
{
	char path[300], text[300], *pc, *sp;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/syscall", pid, tid);
	in = fopen(path, "r");
	if (!in || !fgets(text, sizeof(text), in))
		die(path);
	fclose(in);
	pc = strrchr(text, ' ');
	if (!pc)
		return;
	*pc = 0;
	sp = strrchr(text, ' ');
	if (sp)
		printf("thread %s %s %s\n", pid, tid, sp + 1);
}

static void list_threads(const char *pid)
{
	char path[300];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	dir = opendir(path);
	if (!dir)
		die(path);
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.')
			list_thread(pid, e->d_name);
	closedir(dir);
}

/* Only pages at multiples of 1 GiB of the large mapping are in use. */
static void list_pages(const char *pid, int pagemap, unsigned long start, unsigned long end)
{
	bool large = end - start >= TIB;
	unsigned long step = large ? GIB : CHUNK * PAGE;
	uint64_t entries[CHUNK];

	if (large)
		start = (start + GIB - 1) & -GIB;
	for (unsigned long at = start, next; at < end; at = next) {
		size_t left = large ? 1 : (end - at) / PAGE, n = left < CHUNK ? left : CHUNK;
		ssize_t got = pread(pagemap, entries, n * 8, at / PAGE * 8);

		/* The last page of 32-bit addresses ends at 0. */
		next = end - at > step ? at + step : end;
		for (ssize_t i = 0; i < got / 8; i++)
			if (entries[i] & PAGEMAP_PRESENT)
				printf("page %s %lx %llx\n", pid, at + i * PAGE,
				       (unsigned long long)(entries[i] & PAGEMAP_PFN));
	}
}

/* The first page of an ELF file that is mapped from its start. */
static void list_elf(const char *pid, unsigned long start, const char *file)
{
	unsigned char page[PAGE] = { 0 };
	int fd = open(file, O_RDONLY);
	uint32_t table[256];

	if (fd < 0)
		return;
	if (read(fd, page, sizeof(page)) == sizeof(page) && !memcmp(page, "\177ELF", 4)) {
		crc32_init(table);
		printf("elf %s %lx %08x\n", pid, start, crc32_zlib(table, page, sizeof(page)));
	}
	close(fd);
}

static void list_process(const char *pid)
{
	char path[300], line[600], file[300];
	unsigned long start, end, offset;
	FILE *maps;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/pagemap", pid);
	fd = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	maps = fopen(path, "r");
	if (fd < 0 || !maps)
		die(path);
	while (fgets(line, sizeof(line), maps)) {
		int n = sscanf(line, "%lx-%lx %*s %lx %*s %*s %299s", &start, &end, &offset, file);

		if (n < 3 || (n == 4 && !strcmp(file, "[vsyscall]")))
			continue;
		printf("map %s %lx %lx\n", pid, start, end);
		list_pages(pid, fd, start, end);
		if (n == 4 && offset == 0 && file[0] == '/')
			list_elf(pid, start, file);
	}
	fclose(maps);
	close(fd);
	list_threads(pid);
}

void tasks(char **pids)
{
	for (; *pids; pids++)
		list_process(*pids);
	if (fflush(stdout))
		die("tasks");
}
