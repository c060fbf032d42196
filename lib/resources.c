// SPDX-License-Identifier: GPL-2.0-or-later
#include "resources.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checked.h"

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
