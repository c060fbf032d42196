// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A triage as text: one screen first, then the details.
 */
#include <inttypes.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "triage/parts.h"
#include "lib/size_text.h"

/* Lines of a list. */
#define LIST_MAX 20
/* Tasks of one stack that are named. */
#define NAMES_MAX 12
#define PLACE_MAX 700

static void print_title(FILE *out, const char *title)
{
	fprintf(out, "\n--- %s\n", title);
}

/* --- the head -------------------------------------------------------------------- */

static void print_task(FILE *out, const struct triage_task *task)
{
	fprintf(out, "%s (pid %" PRIu32 ")", task->comm[0] ? task->comm : "?", task->pid);
}

static const struct triage_task *panic_task(const struct triage *t)
{
	size_t task = t->panic_cpu == TRIAGE_NONE ? TRIAGE_NONE : t->cpus[t->panic_cpu].task;

	return task == TRIAGE_NONE ? NULL : &t->tasks[task];
}

static void print_death(const struct triage *t, FILE *out)
{
	const struct triage_task *task = panic_task(t);
	char place[PLACE_MAX];

	if (t->view->live) {
		fprintf(out, "the kernel is running: its memory changed while it was read\n\n");
		return;
	}
	fprintf(out, "%s", triage_kind_text(t->kind));
	if (t->has_culprit) {
		triage_place_text(&t->culprit, place, sizeof(place));
		fprintf(out, " in %s", place);
	}
	if (task) {
		fprintf(out, ", task ");
		print_task(out, task);
	} else if (t->logged.known) {
		fprintf(out, ", task %s (pid %" PRIu32 ")", t->logged.comm, t->logged.pid);
	}
	if (t->panic_cpu != TRIAGE_NONE)
		fprintf(out, ", CPU %" PRIu32, t->cpus[t->panic_cpu].cpu);
	else if (t->logged.known)
		fprintf(out, ", CPU %" PRIu32, t->logged.cpu);
	fputc('\n', out);
	if (t->message[0])
		fprintf(out, "%s\n", t->message);
	fputc('\n', out);
}

static bool is_running(const struct triage *t)
{
	return t->kind == TRIAGE_RUNNING || t->kind == TRIAGE_UNKNOWN;
}

static void print_time(const struct triage *t, FILE *out)
{
	time_t when = (time_t)t->crash_time;
	struct tm tm;
	char text[64];

	if (t->crash_time && gmtime_r(&when, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		fprintf(out, "%s    %s\n", is_running(t) ? "time   " : "crashed", text);
	if (t->uptime >= 0) {
		uint64_t s = (uint64_t)t->uptime;

		fprintf(out, "uptime     %s%" PRIu64 " d %02u:%02u:%02u\n",
			t->uptime_by_log && is_running(t) ? "at least " : "", s / 86400,
			(unsigned int)(s / 3600 % 24), (unsigned int)(s / 60 % 60),
			(unsigned int)(s % 60));
	}
}

static void print_taints(const struct triage *t, FILE *out)
{
	const char *meaning, *separator = " ";
	char letter;

	if (!t->tainted_known)
		return;
	if (!t->tainted) {
		fputs("tainted    no\n", out);
		return;
	}
	fprintf(out, "tainted    %" PRIu64, t->tainted);
	for (unsigned int i = 0; (meaning = triage_taint(i, &letter)); i++) {
		if (!(t->tainted >> i & 1))
			continue;
		fprintf(out, "%s%c: %s", separator, letter, meaning);
		separator = ", ";
	}
	fputc('\n', out);
}

static void print_states(const struct triage *t, FILE *out)
{
	static const char letters[] = "RDSITtPXZ?";

	fprintf(out, "tasks      %zu:", t->nr_tasks + t->uncounted_tasks);
	for (const char *l = letters; *l; l++) {
		size_t nr = 0;

		for (size_t i = 0; i < t->nr_tasks; i++)
			nr += t->tasks[i].state == *l;
		if (nr)
			fprintf(out, " %zu %c", nr, *l);
	}
	fputc('\n', out);
}

static void print_head(const struct triage *t, FILE *out)
{
	print_death(t, out);
	fprintf(out, "kernel     %s %s\n", t->uts.release, t->uts.version);
	fprintf(out, "machine    %s", t->uts.machine);
	/* The name of a machine that was not given one. */
	if (t->uts.nodename[0] && strcmp(t->uts.nodename, "(none)"))
		fprintf(out, ", %s", t->uts.nodename);
	if (t->nr_online)
		fprintf(out, ", %" PRIu32 " CPU%s", t->nr_online, plural_s(t->nr_online));
	if (t->memory_bytes)
		fprintf(out, ", %" PRIu64 " MiB", t->memory_bytes >> 20);
	fputc('\n', out);
	print_time(t, out);
	print_taints(t, out);
	if (t->nr_tasks)
		print_states(t, out);
	if (t->command_line[0])
		fprintf(out, "command    %s\n", t->command_line);
	if (t->signature[0])
		fprintf(out, "signature  %s\n", t->signature);
	for (size_t i = 0; i < t->nr_missing; i++)
		fprintf(out, "not found  %s\n", t->missing[i]);
}

/* --- stacks ---------------------------------------------------------------------- */

static void print_trace(const struct triage *t, size_t n, FILE *out)
{
	const struct triage_trace *trace = &t->traces[n];
	char place[PLACE_MAX];

	for (size_t i = 0; i < trace->nr; i++) {
		const struct triage_place *p = &trace->frames[i];

		triage_place_text(p, place, sizeof(place));
		fprintf(out, "    %s%s%s\n", p->reliable ? "" : "? ", place,
			p->exception && i ? "  <- exception" : "");
	}
	if (trace->end == UNWIND_DAMAGED)
		fprintf(out, "    the stack is damaged%s: %s\n",
			t->view->live ? ", or its task was running" : "", trace->why);
	else if (trace->end == UNWIND_TOO_LONG)
		fprintf(out, "    ...\n");
}

/* The rest of a CPU's line, and its stack. */
static void print_stack_of(const struct triage *t, const struct triage_cpu *cpu, FILE *out)
{
	if (!cpu->has_regs && !t->view->live)
		fprintf(out, ", registers are not in the dump");
	else if (cpu->user)
		fprintf(out, ", in user mode");
	fputc('\n', out);
	if (cpu->trace != TRIAGE_NONE)
		print_trace(t, cpu->trace, out);
}

static void print_cpu(const struct triage *t, const struct triage_cpu *cpu, FILE *out)
{
	fprintf(out, "CPU %" PRIu32 ": ", cpu->cpu);
	if (cpu->task == TRIAGE_NONE)
		fprintf(out, "task is not known");
	else
		print_task(out, &t->tasks[cpu->task]);
	print_stack_of(t, cpu, out);
}

/* Idle CPUs with one stack are printed once, unless one of them panicked. */
static bool is_idle_like(const struct triage *t, size_t n, size_t first)
{
	const struct triage_cpu *a = &t->cpus[n], *b = &t->cpus[first];

	return n != t->panic_cpu && a->idle && b->idle && a->trace == b->trace &&
	       a->has_regs == b->has_regs;
}

static bool is_first_like(const struct triage *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_idle_like(t, i, n))
			return false;
	return true;
}

/* "CPUs 0, 2-127: idle" */
static void print_idle(const struct triage *t, size_t first, FILE *out)
{
	size_t nr = 0, end;

	for (size_t i = first; i < t->nr_cpus; i++)
		nr += is_idle_like(t, i, first);
	fprintf(out, "CPU%s", plural_s(nr));
	for (size_t i = first; i < t->nr_cpus; i = end + 1) {
		end = i;
		if (!is_idle_like(t, i, first))
			continue;
		while (end + 1 < t->nr_cpus && is_idle_like(t, end + 1, first) &&
		       t->cpus[end + 1].cpu == t->cpus[end].cpu + 1)
			end++;
		fprintf(out, "%s %" PRIu32, i == first ? "" : ",", t->cpus[i].cpu);
		if (end > i)
			fprintf(out, "-%" PRIu32, t->cpus[end].cpu);
	}
	fprintf(out, ": idle");
	print_stack_of(t, &t->cpus[first], out);
}

static void print_cpus(const struct triage *t, FILE *out)
{
	if (!t->nr_cpus)
		return;
	print_title(out, "CPUs");
	if (t->panic_cpu != TRIAGE_NONE)
		print_cpu(t, &t->cpus[t->panic_cpu], out);
	for (size_t i = 0; i < t->nr_cpus; i++)
		if (i != t->panic_cpu && !t->cpus[i].idle)
			print_cpu(t, &t->cpus[i], out);
	for (size_t i = 0; i < t->nr_cpus; i++)
		if (i != t->panic_cpu && t->cpus[i].idle && is_first_like(t, i))
			print_idle(t, i, out);
}

/* Without kallsyms, the log's Call Trace is the stack that says most. */
static void print_logged(const struct triage *t, FILE *out)
{
	if (t->death_trace == TRIAGE_NONE || !t->traces[t->death_trace].by_log)
		return;
	print_title(out, "The stack of the task that died, by the log");
	print_trace(t, t->death_trace, out);
}

static void print_waiting(const struct triage *t, const struct triage_task *task, FILE *out)
{
	print_task(out, task);
	fprintf(out, " %c", task->state);
	if (task->waited >= 0)
		fprintf(out, " for %.1f s", task->waited);
	fprintf(out, " on CPU %" PRIu32, task->cpu);
	if (task->blocked_on) {
		size_t holder = task->holder ? triage_task_at(t, task->holder) : TRIAGE_NONE;

		fprintf(out, ", waits for a %s", task->lock_kind);
		if (holder != TRIAGE_NONE) {
			fprintf(out, " held by ");
			print_task(out, &t->tasks[holder]);
		}
	}
}

/* The tasks of one stack. */
static void print_group(const struct triage *t, size_t first, const size_t *next, FILE *out)
{
	size_t nr = 0;

	for (size_t i = first; i != TRIAGE_NONE; i = next[i])
		nr++;
	if (nr > 1)
		fprintf(out, "%zu tasks like this: ", nr);
	nr = 0;
	for (size_t i = first; i != TRIAGE_NONE; i = next[i], nr++) {
		if (nr == NAMES_MAX) {
			fprintf(out, ", ...");
			break;
		}
		fprintf(out, "%s", nr ? ", " : "");
		print_waiting(t, &t->tasks[i], out);
	}
	fputc('\n', out);
	print_trace(t, t->tasks[first].trace, out);
}

/* Group the tasks by their stacks, in the order in which the stacks first appear. */
static void print_stacks(const struct triage *t, FILE *out)
{
	size_t *head = malloc((t->nr_traces + 1) * sizeof(*head));
	size_t *next = malloc((t->nr_tasks + 1) * sizeof(*next));
	bool any = false;

	for (size_t i = 0; head && i < t->nr_traces; i++)
		head[i] = TRIAGE_NONE;
	for (size_t i = t->nr_tasks; head && next && i--;) {
		size_t trace = t->tasks[i].trace;

		if (trace == TRIAGE_NONE || t->tasks[i].on_cpu)
			continue;
		next[i] = head[trace];
		head[trace] = i;
	}
	for (size_t i = 0; head && next && i < t->nr_traces; i++) {
		if (head[i] == TRIAGE_NONE)
			continue;
		if (!any)
			print_title(out, "Tasks on no CPU");
		any = true;
		print_group(t, head[i], next, out);
	}
	free(head);
	free(next);
}

/* --- the rest -------------------------------------------------------------------- */

static int cmp_rss(const void *a, const void *b, void *ctx)
{
	const struct triage *t = ctx;
	const struct triage_task *x = &t->tasks[*(const size_t *)a];
	const struct triage_task *y = &t->tasks[*(const size_t *)b];

	if (x->rss_pages != y->rss_pages)
		return x->rss_pages > y->rss_pages ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static void print_processes(const struct triage *t, FILE *out)
{
	size_t *order = malloc((t->nr_tasks + 1) * sizeof(*order)), nr = 0;
	unsigned int kib = t->view->k->vc->page_size >> 10;

	for (size_t i = 0; order && i < t->nr_tasks; i++)
		if (t->tasks[i].rss_pages)
			order[nr++] = i;
	if (nr) {
		print_title(out, "Largest processes");
		fprintf(out, "%10s %10s S COMMAND\n", "RSS KiB", "PID");
		qsort_r(order, nr, sizeof(*order), cmp_rss, (void *)t);
	}
	for (size_t i = 0; i < nr && i < LIST_MAX; i++) {
		const struct triage_task *task = &t->tasks[order[i]];

		fprintf(out, "%10" PRIu64 " %10" PRIu32 " %c %s\n", task->rss_pages * kib,
			task->pid, task->state, task->comm);
	}
	free(order);
}

static void print_meminfo(const struct triage *t, FILE *out)
{
	if (t->nr_meminfo)
		print_title(out, "Memory");
	for (size_t i = 0; i < t->nr_meminfo; i++) {
		const struct triage_number *n = &t->meminfo[i];

		fprintf(out, "%s:%*" PRIu64 " kB\n", n->name,
			(int)(28 - min_u64(strlen(n->name), 24)), n->value);
	}
}

static void print_disks(const struct triage *t, FILE *out)
{
	char size[SIZE_TEXT_MAX];

	if (t->nr_disks)
		print_title(out, "Block devices");
	for (size_t i = 0; i < t->nr_disks; i++)
		fprintf(out, "%s %s\n", t->disks[i].name, size_about(size, t->disks[i].value));
}

static void print_nets(const struct triage *t, FILE *out)
{
	if (t->nr_nets)
		print_title(out, "Network interfaces");
	for (size_t i = 0; i < t->nr_nets; i++)
		fprintf(out, "%s %s\n", t->nets[i].name, t->nets[i].value & IFF_UP ? "up" : "down");
}

static void print_slabs(const struct triage *t, FILE *out)
{
	if (!t->nr_slabs)
		return;
	print_title(out, "Largest slabs");
	fprintf(out, "%10s %10s %10s NAME\n", "KiB", "OBJECTS", "BYTES EACH");
	for (size_t i = 0; i < t->nr_slabs && i < LIST_MAX; i++)
		fprintf(out, "%10" PRIu64 " %10" PRIu64 " %10" PRIu32 " %s\n",
			t->slabs[i].bytes >> 10, t->slabs[i].objects, t->slabs[i].object_bytes,
			t->slabs[i].name);
}

static void print_cgroups(const struct triage *t, FILE *out)
{
	if (!t->nr_cgroups)
		return;
	print_title(out, "Control groups short of memory");
	fprintf(out, "%10s %10s %9s PATH\n", "USED KiB", "LIMIT KiB", "OOM KILLS");
	for (size_t i = 0; i < t->nr_cgroups && i < LIST_MAX; i++) {
		const struct triage_cgroup *c = &t->cgroups[i];
		char limit[24] = "none";

		if (c->memory.limited)
			snprintf(limit, sizeof(limit), "%" PRIu64, c->memory.max_bytes >> 10);
		fprintf(out, "%10" PRIu64 " %10s %9" PRIu64 " %s", c->memory.usage_bytes >> 10,
			limit, c->oom_kills, c->path);
		if (c->memsw.limited)
			fprintf(out, " (%" PRIu64 " of %" PRIu64 " KiB with swap)",
				c->memsw.usage_bytes >> 10, c->memsw.max_bytes >> 10);
		fputc('\n', out);
	}
}

static void print_oom(const struct triage *t, FILE *out)
{
	const struct triage_oom *oom = &t->oom;

	if (!t->has_oom)
		return;
	print_title(out, "Last time that memory ran out");
	if (oom->seconds >= 0)
		fprintf(out, "[%.6f] ", oom->seconds);
	fprintf(out, "%s needed memory", oom->invoked_by);
	if (oom->cgroup[0])
		fprintf(out, " at the limit of control group %s", oom->cgroup);
	else if (oom->constraint)
		fprintf(out, ", constraint: %s", oom->constraint);
	if (oom->victim[0])
		fprintf(out, "; the kernel killed %s (pid %" PRIu32 ")%s", oom->victim, oom->pid,
			oom->task == TRIAGE_NONE ? "" : ", which still lives");
	fputc('\n', out);
}

static void print_modules(const struct triage *t, FILE *out)
{
	if (!t->nr_modules)
		return;
	print_title(out, "Modules");
	for (size_t i = 0; i < t->nr_modules; i++) {
		const struct triage_module *m = &t->modules[i];

		fprintf(out, "%s", m->name);
		if (m->version[0])
			fprintf(out, " %s", m->version);
		if (m->taints[0])
			fprintf(out, " (%s)", m->taints);
		fprintf(out, "%s", i + 1 < t->nr_modules ? ", " : "\n");
	}
}

static void print_log(const struct triage *t, FILE *out)
{
	const char *start;
	unsigned int lines = 0;

	if (!t->log_size)
		return;
	start = t->log + t->log_size;
	while (start > t->log && (start[-1] != '\n' || lines++ < TRIAGE_LOG_LINES + 1))
		start--;
	print_title(out, "The end of the log");
	fputs(start, out);
}

void triage_print(const struct triage *t, FILE *out)
{
	print_head(t, out);
	print_logged(t, out);
	print_cpus(t, out);
	print_stacks(t, out);
	print_meminfo(t, out);
	print_processes(t, out);
	print_slabs(t, out);
	print_cgroups(t, out);
	print_oom(t, out);
	print_modules(t, out);
	print_disks(t, out);
	print_nets(t, out);
	print_log(t, out);
}
