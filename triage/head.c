// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The head of a triage: what died, how and where. The kernel's own state says whether it
 * panicked, and on which CPU; its log says why; the stack of that CPU says where.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "facts/on_demand.h"
#include "kernel/member.h"
#include "lib/printable.h"
#include "triage/log_text.h"
#include "triage/parts.h"

INIT_OPT_MOD_SYM(vmlinux, tainted_mask);
INIT_OPT_MOD_SYM(vmlinux, saved_command_line);
INIT_OPT_MOD_SYM(vmlinux, _totalram_pages);
INIT_OPT_MOD_SYM(vmlinux, panic_cpu);
/* An array of struct tk_data in newer kernels; before, a struct without a name. */
INIT_OPT_MOD_SYM(vmlinux, timekeeper_data);
INIT_OPT_MOD_SYM(vmlinux, tk_core);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, tk_data, timekeeper);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, timekeeper, xtime_sec);

/* A clock that was never set, or is damaged, is out of this range. */
#define YEAR_2000 UINT64_C(946684800)
#define YEAR_2100 UINT64_C(4102444800)

/* --- how it died ----------------------------------------------------------------- */

static const struct {
	const char *key, *text;
} kinds[NR_TRIAGE_KINDS] = {
	[TRIAGE_RUNNING] = { "running", "no crash: the kernel was running" },
	[TRIAGE_UNKNOWN] = { "unknown", "the kernel may have crashed: its log was not found" },
	[TRIAGE_PANIC] = { "panic", "panic" },
	[TRIAGE_OOPS] = { "oops", "oops" },
	[TRIAGE_NULL_POINTER] = { "null-pointer", "NULL pointer dereference" },
	[TRIAGE_PAGE_FAULT] = { "page-fault", "access to an invalid address" },
	[TRIAGE_PROTECTION_FAULT] = { "protection-fault", "general protection fault" },
	[TRIAGE_BUG] = { "bug", "BUG" },
	[TRIAGE_STACK_OVERFLOW] = { "stack-overflow", "stack overflow" },
	[TRIAGE_HUNG_TASK] = { "hung-task", "hung task" },
	[TRIAGE_SOFT_LOCKUP] = { "soft-lockup", "soft lockup" },
	[TRIAGE_HARD_LOCKUP] = { "hard-lockup", "hard lockup" },
	[TRIAGE_RCU_STALL] = { "rcu-stall", "RCU stall" },
	[TRIAGE_SYSRQ] = { "sysrq", "crash by sysrq" },
	[TRIAGE_OOM] = { "oom", "out of memory" },
	[TRIAGE_NMI] = { "nmi", "NMI" },
	[TRIAGE_MACHINE_CHECK] = { "machine-check", "machine check" },
	[TRIAGE_INIT_DIED] = { "init-died", "init died" },
};

const char *triage_kind_key(enum triage_kind kind)
{
	return kinds[kind].key;
}

const char *triage_kind_text(enum triage_kind kind)
{
	return kinds[kind].text;
}

/*
 * Words of the log, the telling ones first: panic()'s own message says the kind unless an oops
 * led to it. The same words since v4.x in all architectures, or as noted.
 */
static const struct {
	const char *words;
	enum triage_kind kind;
} phrases[] = {
	{ "stack guard page was hit", TRIAGE_STACK_OVERFLOW },
	{ "kernel stack overflow", TRIAGE_STACK_OVERFLOW },
	{ "Insufficient stack space to handle exception",
	  TRIAGE_STACK_OVERFLOW }, /* arm64, riscv64 */
	{ "kernel NULL pointer dereference", TRIAGE_NULL_POINTER },
	{ "Kernel NULL pointer dereference", TRIAGE_NULL_POINTER }, /* ppc64 */
	{ "kernel BUG at ", TRIAGE_BUG },
	{ "general protection fault", TRIAGE_PROTECTION_FAULT },
	{ "unable to handle page fault", TRIAGE_PAGE_FAULT },
	{ "Unable to handle kernel ", TRIAGE_PAGE_FAULT }, /* paging request, pointer dereference */
	{ "unable to handle kernel ", TRIAGE_PAGE_FAULT },
	{ "Kernel attempted to ", TRIAGE_PAGE_FAULT }, /* ppc64 */
};

static const struct {
	const char *words;
	enum triage_kind kind;
} panics[] = {
	{ "sysrq triggered crash", TRIAGE_SYSRQ },
	{ "hung_task", TRIAGE_HUNG_TASK },
	{ "softlockup", TRIAGE_SOFT_LOCKUP },
	{ "Hard LOCKUP", TRIAGE_HARD_LOCKUP },
	{ "hard LOCKUP", TRIAGE_HARD_LOCKUP },
	{ "Watchdog detected hard", TRIAGE_HARD_LOCKUP },
	{ "RCU Stall", TRIAGE_RCU_STALL },
	{ "ut of memory", TRIAGE_OOM },
	{ "NMI", TRIAGE_NMI },
	{ "achine check", TRIAGE_MACHINE_CHECK },
	{ "Attempted to kill init", TRIAGE_INIT_DIED },
	{ "kernel stack overflow", TRIAGE_STACK_OVERFLOW },
	{ "stack overflow", TRIAGE_STACK_OVERFLOW },
};

#define PANIC "Kernel panic - not syncing: "

/* Take a line's text, without the time in front of it. */
static void take_line(const char *log, const char *within, char *buf, size_t size)
{
	const char *start = log_line(log, within, NULL), *end = strchrnul(within, '\n');

	snprintf(buf, size, "%.*s", (int)min_u64(end - start, size), start);
	make_printable(buf, strlen(buf), "");
}

/* The telling line of the last oops, which can be the reason for a panic. */
static const char *find_oops(const char *log, enum triage_kind *kind)
{
	const char *best = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++) {
		const char *at = log_last(log, phrases[i].words);

		if (at && (!best || at > best)) {
			best = at;
			*kind = phrases[i].kind;
		}
	}
	return best;
}

static enum triage_kind kind_of_panic(const char *message, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(panics); i++)
		if (memmem(message, len, panics[i].words, strlen(panics[i].words)))
			return panics[i].kind;
	return TRIAGE_PANIC;
}

/*
 * Return whether the kernel died: it has the number of the CPU, also where CPUs are not known. If
 * that cannot be read, as in a dump of essential pages, VMCOREINFO has the time of a crash.
 */
static bool has_died(const struct triage *t)
{
	int64_t number;

	if (HAS_SYMBOL(panic_cpu) && !vmem_read_s32(&t->view->mem, SYMBOL(panic_cpu), &number))
		return number >= 0;
	return t->log && t->view->k->crash_time;
}

/*
 * An oops kills the kernel by crash_kexec(), or by a panic that names it ("Fatal exception", or
 * an exception's own words). If no CPU died the kernel was running, whatever its log has.
 * @return the line of the log that says so; NULL
 */
static const char *read_death(struct triage *t)
{
	const char *log = t->log ? t->log : "", *panic = log_last(log, PANIC), *oops;
	enum triage_kind kind = TRIAGE_OOPS;

	if (t->view->live)
		return NULL;
	if (!has_died(t) && !panic) {
		t->kind = log[0] || HAS_SYMBOL(panic_cpu) ? TRIAGE_RUNNING : TRIAGE_UNKNOWN;
		return NULL;
	}
	oops = find_oops(log, &kind);
	if (panic) {
		const char *message = panic + strlen(PANIC);
		size_t len = strcspn(message, "\n");

		t->kind = kind_of_panic(message, len);
		take_line(log, panic, t->message, sizeof(t->message));
		/* The exception that led to it. */
		if (t->kind != TRIAGE_PANIC || !memmem(message, len, "xception", 8))
			oops = NULL;
	} else {
		t->kind = oops ? kind : TRIAGE_PANIC;
	}
	if (oops) {
		t->kind = kind;
		take_line(log, oops, t->message, sizeof(t->message));
	}
	/* The sysrq's own panic, or in old kernels (4.19) its NULL pointer. */
	if ((!panic && log_last(log, "sysrq: Trigger a crash") > oops) ||
	    (oops && strstr(oops, "sysrq_handle_crash")))
		t->kind = TRIAGE_SYSRQ;
	return oops ? oops : panic;
}

/* --- where ----------------------------------------------------------------------- */

/* The names end in a suffix that a compiler adds, such as ".cold", or match whole. */
static bool is_among(const char *symbol, const char *const *names, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!strncmp(symbol, names[i], strlen(names[i])) &&
		    (!symbol[strlen(names[i])] || symbol[strlen(names[i])] == '.'))
			return true;
	return false;
}

/* Functions of the kernel that only lead from a fault to the end. */
static bool is_machinery(const char *symbol)
{
	static const char *const names[] = {
		"__crash_kexec",
		"crash_kexec",
		"panic",
		"vpanic",
		"nmi_panic",
		"oops_end",
		"die",
		"__die",
		"die_addr",
		"dump_stack",
		"dump_stack_lvl",
		"machine_kexec",
		"crash_setup_regs",
		"crash_save_cpu",
		"panic_smp_self_stop",
		"native_machine_crash",
		"check_panic_on_warn",
		"watchdog_hardlockup_check",
		"out_of_memory",
		"page_fault_oops",
		"die_kernel_fault",
		"no_context",
		"bust_spinlocks",
		"machine_crash_shutdown",
		"__warn",
		"report_bug",
		"panic_other_cpus_shutdown",
		"oops_exit",
		"make_task_dead",
		"die_unwind",
		"__die_body",
	};

	return is_among(symbol, names, ARRAY_SIZE(names));
}

/*
 * The frame after the last one of panic() and the like: a hypervisor can stop the CPU in code that
 * panic() called.
 */
static size_t after_panic(const struct triage_trace *trace)
{
	static const char *const names[] = {
		"panic", "vpanic", "nmi_panic", "oops_end", "die", "crash_kexec", "__crash_kexec",
	};
	size_t after = 0;

	for (size_t i = 0; i < trace->nr; i++)
		if (trace->frames[i].symbol &&
		    is_among(trace->frames[i].symbol, names, ARRAY_SIZE(names)))
			after = i + 1;
	return after;
}

/*
 * The function of the fault: where an exception came, if that led to the end; else the first one
 * that is not part of dying.
 */
static size_t find_culprit(const struct triage *t, const struct triage_trace *trace)
{
	bool by_exception = t->kind != TRIAGE_SYSRQ && t->kind != TRIAGE_HUNG_TASK &&
			    t->kind != TRIAGE_OOM && t->kind != TRIAGE_PANIC &&
			    t->kind != TRIAGE_INIT_DIED;
	size_t first = after_panic(trace);

	for (size_t i = first; by_exception && i < trace->nr; i++)
		if (trace->frames[i].exception &&
		    (!trace->frames[i].symbol || !is_machinery(trace->frames[i].symbol)))
			return i;
	for (size_t i = first; i < trace->nr; i++)
		if (trace->frames[i].symbol && !is_machinery(trace->frames[i].symbol))
			return i;
	return TRIAGE_NONE;
}

/* Functions that make two crashes the same one. */
#define SIGNATURE_FUNCTIONS 5

/* FNV-1a of the kind and the names of the functions, without suffixes that compilers add. */
static void make_signature(struct triage *t, const struct triage_trace *trace, size_t culprit)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	unsigned int nr = 0;

	for (const char *c = triage_kind_key(t->kind); *c; c++)
		hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	for (size_t i = culprit; i < trace->nr && nr < SIGNATURE_FUNCTIONS; i++) {
		const struct triage_place *p = &trace->frames[i];

		if (!p->symbol || !p->reliable)
			continue;
		hash = (hash ^ '/') * UINT64_C(0x100000001b3);
		for (const char *c = p->symbol; *c && *c != '.'; c++)
			hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
		nr++;
	}
	if (nr)
		snprintf(t->signature, sizeof(t->signature), "%016" PRIx64, hash);
}

/* The stack of the CPU that panicked if it names its functions, else the one in the log. */
static int find_death_trace(struct triage *t, const char *report)
{
	size_t trace = t->panic_cpu == TRIAGE_NONE ? TRIAGE_NONE : t->cpus[t->panic_cpu].trace;

	t->death_trace = trace;
	if (trace != TRIAGE_NONE && t->traces[trace].nr && t->traces[trace].frames[0].symbol)
		return 0;
	return report ? triage_read_log_trace(t, report) : 0;
}

static int read_culprit(struct triage *t, const char *report)
{
	const struct triage_trace *trace;
	size_t i;
	int err;

	if (t->kind == TRIAGE_RUNNING || t->kind == TRIAGE_UNKNOWN)
		return 0;
	err = find_death_trace(t, report);
	if (err || t->death_trace == TRIAGE_NONE)
		return err;
	trace = &t->traces[t->death_trace];
	i = find_culprit(t, trace);
	if (i == TRIAGE_NONE)
		return 0;
	t->culprit = trace->frames[i];
	t->has_culprit = true;
	make_signature(t, trace, i);
	return 0;
}

/* --- the rest -------------------------------------------------------------------- */

static void read_command_line(struct triage *t)
{
	const struct vmem *mem = &t->view->mem;
	uint64_t at;

	if (!HAS_SYMBOL(saved_command_line)) {
		const char *words = "Kernel command line: ";
		const char *line = t->log ? log_last(t->log, words) : NULL;

		if (line)
			take_line(line + strlen(words), line + strlen(words), t->command_line,
				  sizeof(t->command_line));
		else
			triage_missing(t, "command line: SYMBOL(saved_command_line) is not known");
	} else if (vmem_read_ulong(mem, SYMBOL(saved_command_line), &at) ||
		   !read_name(mem, at, t->command_line, sizeof(t->command_line)))
		triage_missing(t, "command line: it cannot be read");
}

/* The last message is a lower bound where there is no other clock. */
static void use_log_time(struct triage *t)
{
	const char *last = t->log_size ? t->log + t->log_size - 1 : NULL;
	double seconds;

	while (last && last > t->log && last[-1] != '\n')
		last--;
	if (last && sscanf(last, "[%lf]", &seconds) == 1 && seconds > t->uptime) {
		t->uptime_by_log = t->uptime < 0;
		t->uptime = seconds;
	}
}

/* An image of memory has no time of the crash: the kernel's clock stands at its last tick. */
static void use_timekeeper(struct triage *t)
{
	/* After a seqcount_t, which is smaller. */
	uint64_t offset = HAS_MEMBER(tk_data, timekeeper) ? OFFSET(tk_data, timekeeper) : 8;
	vaddr_t keeper = HAS_SYMBOL(timekeeper_data) ? SYMBOL(timekeeper_data) :
			 HAS_SYMBOL(tk_core)	     ? SYMBOL(tk_core) :
						       0;
	uint64_t seconds;

	if (!t->crash_time && keeper &&
	    !member_read(&t->view->mem, keeper + offset, MEMBER(timekeeper, xtime_sec), &seconds) &&
	    seconds >= YEAR_2000 && seconds < YEAR_2100)
		t->crash_time = seconds;
}

static int read_from_memory(struct triage *t)
{
	const struct vmem *mem = &t->view->mem;
	uint64_t pages;

	if (HAS_SYMBOL(tainted_mask))
		t->tainted_known = !vmem_read_ulong(mem, SYMBOL(tainted_mask), &t->tainted);
	if (HAS_SYMBOL(_totalram_pages) && !vmem_read_ulong(mem, SYMBOL(_totalram_pages), &pages))
		checked_mul(pages, t->view->k->vc->page_size, &t->memory_bytes);
	read_command_line(t);
	use_log_time(t);
	use_timekeeper(t);
	return read_culprit(t, read_death(t));
}

int triage_read_head(struct triage *t)
{
	const struct kernel *k = t->view->k;
	struct vmcore_reader *r = t->view->r;
	int err = r ? 0 : vmcore_reader_create(&r, k->vc);

	if (err)
		return err;
	kernel_utsname(k, r, t->view->overwrite, &t->uts);
	if (!t->view->r)
		vmcore_reader_destroy(r);
	make_printable(t->uts.release, strnlen(t->uts.release, UTS_LEN), "");
	make_printable(t->uts.version, strnlen(t->uts.version, UTS_LEN), "");
	make_printable(t->uts.machine, strnlen(t->uts.machine, UTS_LEN), "");
	make_printable(t->uts.nodename, strnlen(t->uts.nodename, UTS_LEN), "");
	t->crash_time = k->crash_time;
	if (t->view->tables)
		return read_from_memory(t);
	t->kind = t->view->live ? TRIAGE_RUNNING : TRIAGE_UNKNOWN;
	return 0;
}
