/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The first answers about a crash: what a dump tells without a debugger.
 *
 * triage_collect() reads the dump; triage_print() and triage_json() write what it found. Texts
 * are printable: bytes of the dump that control a terminal are replaced.
 */
#ifndef TRIAGE_TRIAGE_H
#define TRIAGE_TRIAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "kernel/kernel.h"
#include "kernel/unwind/unwind.h"

/** The version of the JSON document: changes when a key changes its meaning or goes away. */
#define TRIAGE_VERSION 1
/** Limits: a task or module beyond them is counted only. */
#define TRIAGE_TASKS_MAX 131072
#define TRIAGE_CPUS_MAX 8192
/** Stacks that are unwound. */
#define TRIAGE_TRACES_MAX 16384
/** Seconds after which no more tasks, stacks, cgroups and slabs are read. */
#define TRIAGE_SECONDS_MAX 20
/** Lines of the text's list of the log. */
#define TRIAGE_LOG_LINES 50
/** Bytes of the log that are kept: the last ones. */
#define TRIAGE_LOG_BYTES (4u << 20)
#define TRIAGE_NAME_MAX 64
#define TRIAGE_NONE SIZE_MAX

/** The way in which the kernel died. */
enum triage_kind {
	TRIAGE_RUNNING, /**< it did not: the dump is of a running kernel */
	TRIAGE_UNKNOWN, /**< neither panic_cpu nor a log says whether it did */
	TRIAGE_PANIC,	/**< of no kind below */
	TRIAGE_OOPS,
	TRIAGE_NULL_POINTER,
	TRIAGE_PAGE_FAULT,
	TRIAGE_PROTECTION_FAULT,
	TRIAGE_BUG,
	TRIAGE_STACK_OVERFLOW,
	TRIAGE_HUNG_TASK,
	TRIAGE_SOFT_LOCKUP,
	TRIAGE_HARD_LOCKUP,
	TRIAGE_RCU_STALL,
	TRIAGE_SYSRQ,
	TRIAGE_OOM,
	TRIAGE_NMI,
	TRIAGE_MACHINE_CHECK,
	TRIAGE_INIT_DIED,
	NR_TRIAGE_KINDS,
};

/** A word for programs ("null-pointer"), and one for people ("NULL pointer dereference"). */
const char *triage_kind_key(enum triage_kind kind);
const char *triage_kind_text(enum triage_kind kind);

/** A place in the code. Strings are borrowed from the symbol table, and not printable. */
struct triage_place {
	vaddr_t pc;
	const char *symbol; /**< NULL: not known */
	const char *module; /**< NULL: the kernel itself */
	uint64_t offset, size;
	bool exception, reliable;
};

/** A stack. */
struct triage_trace {
	struct triage_place *frames; /**< owned */
	size_t nr;
	enum unwind_end end;
	bool by_log; /**< a Call Trace of the log: places have names, but no addresses */
	char why[160];
};

struct triage_task {
	vaddr_t address, stack;
	uint32_t pid, tgid, cpu;
	bool on_cpu;
	char state; /**< as ps prints it: R, S, D, T, t, X, Z, P, I; ? */
	bool kernel_thread;
	uint64_t rss_pages; /**< of a thread group's leader; else 0 */
	double waited;	    /**< seconds since it was on a CPU; negative: not known */
	char comm[TRIAGE_NAME_MAX];
	size_t trace;	       /**< in traces; TRIAGE_NONE: not unwound */
	uint64_t blocked_on;   /**< address of the lock it waits for; 0: none is known */
	const char *lock_kind; /**< "mutex", "rw_semaphore" */
	uint64_t holder;       /**< address of the task that holds it; 0: not known */
};

struct triage_sorted_task {
	vaddr_t key;
	size_t task; /**< in tasks */
};

struct triage_cpu {
	uint32_t cpu;
	size_t task; /**< in tasks; TRIAGE_NONE */
	bool idle;   /**< its task is the idle one, which is in no list */
	bool has_regs, user;
	uint64_t pc;
	size_t trace; /**< TRIAGE_NONE */
};

struct triage_module {
	char name[TRIAGE_NAME_MAX], version[TRIAGE_NAME_MAX];
	uint64_t bytes;
	char taints[32]; /**< letters, as /proc/modules has them; "" */
	bool out_of_tree;
};

/** A number with a name. */
struct triage_number {
	char name[TRIAGE_NAME_MAX];
	uint64_t value;
};

struct triage_slab {
	char name[TRIAGE_NAME_MAX];
	uint64_t bytes, objects;
	uint32_t object_bytes;
};

/** A count of memory, and its limit. */
struct triage_counter {
	bool known;
	uint64_t usage_bytes;
	bool limited; /**< max_bytes is the limit */
	uint64_t max_bytes;
};

/** A control group whose memory is at its limit, or in which the kernel killed for memory. */
struct triage_cgroup {
	char path[256]; /**< its end if it is longer */
	struct triage_counter memory;
	struct triage_counter memsw; /**< memory and swap; of version 1 */
	uint64_t oom_kills;
};

/** The last time that memory ran out, by the log. */
struct triage_oom {
	char invoked_by[TRIAGE_NAME_MAX]; /**< command of the task that needed memory */
	double seconds;			  /**< of the log's clock; negative: not known */
	const char *constraint; /**< "none", "cpuset", "memory-policy", "memcg"; NULL: not known */
	char cgroup[256];	/**< the one whose limit it was; "" */
	uint32_t pid;		/**< of the victim */
	char victim[TRIAGE_NAME_MAX]; /**< its command; "": none was killed */
	size_t task;		      /**< in tasks: it still lives; TRIAGE_NONE */
};

/** The task that died, by the log; for dumps whose memory does not tell. */
struct triage_logged {
	bool known;
	uint32_t cpu, pid;
	char comm[TRIAGE_NAME_MAX];
	char *text; /**< keeps the names of the stack; owned */
};

struct triage {
	struct triage_view *view; /**< keeps the symbols; owned */
	double until;		  /**< time of lib/clock.h at which collecting ends */

	/* The head. */
	struct kdump_utsname uts;
	uint64_t crash_time; /**< seconds since the epoch; 0: not known */
	double uptime;	     /**< seconds; negative: not known */
	bool uptime_by_log;  /**< nothing but the last message tells it: a lower bound */
	uint64_t memory_bytes;
	uint32_t nr_online;
	enum triage_kind kind;
	char message[256]; /**< the kernel's line that says why; "" */
	uint64_t tainted;
	bool tainted_known;
	size_t panic_cpu;   /**< in cpus; TRIAGE_NONE */
	size_t death_trace; /**< of the CPU that panicked, or by the log; TRIAGE_NONE */
	struct triage_logged logged;
	struct triage_place culprit;
	bool has_culprit;
	char signature[17]; /**< hash of the top functions; "" */
	char command_line[4096];

	struct triage_task *tasks;
	size_t nr_tasks, uncounted_tasks;
	/** The tasks sorted by an address of theirs. */
	struct triage_sorted_task *by_address, *by_stack;
	size_t nr_sorted;
	struct triage_cpu *cpus;
	size_t nr_cpus;
	struct triage_trace *traces;
	size_t nr_traces;
	struct triage_module *modules; /**< out-of-tree ones first */
	size_t nr_modules;
	struct triage_number *meminfo; /**< KiB */
	size_t nr_meminfo;
	struct triage_slab *slabs; /**< largest first */
	size_t nr_slabs;
	struct triage_cgroup *cgroups;
	size_t nr_cgroups, uncounted_cgroups;
	struct triage_oom oom;
	bool has_oom;
	struct triage_number *disks; /**< bytes */
	size_t nr_disks;
	struct triage_number *nets; /**< flags (IFF_*) */
	size_t nr_nets;
	char *log; /**< lines as dmesg prints them; NUL-ended */
	size_t log_size;
	size_t log_cut; /**< bytes of its beginning that were dropped */

	char (*missing)[256]; /**< sentences: what could not be found, and why */
	size_t nr_missing;
};

/** Choices of what to collect. */
struct triage_options {
	bool all_tasks; /**< the stack of each task, not only of those that are blocked */
	const struct kernel_overwrite *overwrite; /**< what is overwritten in the dump, or NULL */
};

/**
 * Collect all that is found. Data that cannot be found become a line of missing.
 * @param[out] ret to be freed with triage_free()
 * @return 0; -ENOMEM
 */
int triage_collect(struct triage **ret, const struct kernel *k, const struct triage_options *opt)
	__attribute__((warn_unused_result));
void triage_free(struct triage *t);

/** Write a triage as text, and as a JSON document (docs/triage.md). Errors are in the stream. */
void triage_print(const struct triage *t, FILE *out);
void triage_json(const struct triage *t, FILE *out);

#endif
