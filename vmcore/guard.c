// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Each thread has one reader, seldom two. */
#define GUARDS_MAX 4096
/* No host has smaller pages. */
#define PROBE_STEP 4096

/* Numbers that the signal handler looks at while threads change those of other guards. */
struct guard {
	bool taken;
	bool probing, failed; /* by its thread alone */
	uintptr_t start;
	size_t len;
};

static struct {
	struct guard list[GUARDS_MAX];
	size_t page_size;
	bool late;
} guards;

static struct guard *find(uintptr_t addr)
{
	for (size_t i = 0; i < GUARDS_MAX; i++) {
		struct guard *g = &guards.list[i];
		size_t len = __atomic_load_n(&g->len, __ATOMIC_ACQUIRE);

		if (len && addr - __atomic_load_n(&g->start, __ATOMIC_RELAXED) < len)
			return g;
	}
	return NULL;
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	uintptr_t addr = (uintptr_t)info->si_addr;
	struct guard *g = info->si_code > 0 ? find(addr) : NULL;
	int saved = errno;

	(void)context;
	addr -= addr % guards.page_size;
	if (g && mmap((void *)addr, guards.page_size, PROT_READ,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
		if (g->probing)
			__atomic_store_n(&g->failed, true, __ATOMIC_RELAXED);
		else
			__atomic_store_n(&guards.late, true, __ATOMIC_RELAXED);
	} else {
		/* It comes again, and ends the process. */
		signal(sig, SIG_DFL);
		raise(sig);
	}
	errno = saved;
}

static bool install(void)
{
	struct sigaction now, action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	if (!sigaction(SIGBUS, NULL, &now) && now.sa_flags & SA_SIGINFO &&
	    now.sa_sigaction == on_sigbus)
		return true;
	__atomic_store_n(&guards.page_size, sysconf(_SC_PAGESIZE), __ATOMIC_RELAXED);
	sigemptyset(&action.sa_mask);
	return !sigaction(SIGBUS, &action, NULL);
}

int guard_take(void)
{
	if (!install())
		return -1;
	for (int i = 0; i < GUARDS_MAX; i++) {
		struct guard *g = &guards.list[i];

		if (!__atomic_load_n(&g->taken, __ATOMIC_RELAXED) &&
		    !__atomic_exchange_n(&g->taken, true, __ATOMIC_ACQ_REL))
			return i;
	}
	return -1;
}

void guard_release(int number)
{
	if (number < 0)
		return;
	guard_set(number, NULL, 0);
	__atomic_store_n(&guards.list[number].taken, false, __ATOMIC_RELEASE);
}

void guard_set(int number, const void *start, size_t len)
{
	struct guard *g = &guards.list[number];

	/* Never the start of one mapping with the length of another. */
	__atomic_store_n(&g->len, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&g->start, (uintptr_t)start, __ATOMIC_RELEASE);
	__atomic_store_n(&g->len, len, __ATOMIC_RELEASE);
}

bool guard_probe(int number, const void *p, size_t len)
{
	struct guard *g = &guards.list[number];
	const volatile char *bytes = p;

	g->failed = false;
	g->probing = true;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	for (size_t i = 0; i < len; i += PROBE_STEP)
		(void)bytes[i];
	if (len)
		(void)bytes[len - 1];
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	g->probing = false;
	return !__atomic_load_n(&g->failed, __ATOMIC_RELAXED);
}

bool guard_late(void)
{
	return __atomic_load_n(&guards.late, __ATOMIC_RELAXED);
}
