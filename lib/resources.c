// SPDX-License-Identifier: GPL-2.0-or-later
#include "resources.h"

#include <inttypes.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checked.h"

/* The largest that glibc takes: the types of a kernel fit, which are read first. */
#define KEPT_BLOCK (32 << 20)

unsigned int usable_cpus(void)
{
	cpu_set_t set;
	long n;

	if (!sched_getaffinity(0, sizeof(set), &set))
		n = CPU_COUNT(&set);
	else
		n = sysconf(_SC_NPROCESSORS_ONLN); /* more CPUs than the set has */
	return n < 1 ? 1 : min_u64(n, THREADS_MAX);
}

uint64_t available_memory(void)
{
	uint64_t kib = 0, bytes;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
			break;
	}
	fclose(f);
	return kib && checked_mul(kib, 1024, &bytes) ? bytes : UINT64_MAX;
}

unsigned int affordable_threads(uint64_t bytes)
{
	uint64_t n = available_memory() / 2 / bytes;

	return n ? min_u64(n, THREADS_MAX) : 1;
}

void keep_freed_memory(void)
{
#ifdef M_MMAP_THRESHOLD
	(void)mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK);
	(void)mallopt(M_TRIM_THRESHOLD, 2 * KEPT_BLOCK);
#endif
}

void prepare_memory(size_t bytes)
{
#if defined(M_MMAP_THRESHOLD) && defined(MADV_POPULATE_WRITE)
	uintptr_t page = sysconf(_SC_PAGESIZE), start, end;
	char *p = malloc(bytes);

	if (!p)
		return;
	start = ((uintptr_t)p + page - 1) / page * page;
	end = ((uintptr_t)p + bytes) / page * page;
	if (end > start)
		(void)madvise(p + (start - (uintptr_t)p), end - start, MADV_POPULATE_WRITE);
	free(p);
#else
	(void)bytes;
#endif
}
