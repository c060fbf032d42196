// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The last time that memory ran out, as the kernel's log has it:
 *
 *	COMMAND invoked oom-killer: gfp_mask=..., order=0, oom_score_adj=0
 *	oom-kill:constraint=CONSTRAINT_MEMCG,...,oom_memcg=/a,task_memcg=/a/b,task=x,pid=12,uid=0
 *	Memory cgroup out of memory: Killed process 12 (x) total-vm:...
 *
 * The second line since Linux kernel commit ef8444ea01d7 ("mm, oom: reorganize the oom report in
 * dump_header") (in v5.0), the third one ("Kill process" before v5.3) unless the kernel panicked.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/printable.h"
#include "triage/log_text.h"
#include "triage/parts.h"

#define INVOKED " invoked oom-killer: "
#define CONSTRAINT "oom-kill:constraint=CONSTRAINT_"

/* Copy printable text up to one of the characters of @p ends. */
static void take(const char *from, const char *ends, char *buf, size_t size)
{
	size_t len = strcspn(from, ends);

	snprintf(buf, size, "%.*s", (int)min_u64(len, size - 1), from);
	make_printable(buf, strlen(buf), "");
}

/* Find a field within a line, and copy it. */
static void take_field(const char *line, const char *key, char *buf, size_t size)
{
	const char *end = strchrnul(line, '\n'), *at = memmem(line, end - line, key, strlen(key));

	if (at)
		take(at + strlen(key), ",\n", buf, size);
}

static void take_constraint(struct triage_oom *oom, const char *line)
{
	static const struct {
		const char *kernel, *ours;
	} names[] = {
		{ "NONE", "none" },
		{ "CPUSET", "cpuset" },
		{ "MEMORY_POLICY", "memory-policy" },
		{ "MEMCG", "memcg" },
	};
	char name[32];

	take(line + strlen(CONSTRAINT), ",\n", name, sizeof(name));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i].kernel))
			oom->constraint = names[i].ours;
	take_field(line, ",oom_memcg=", oom->cgroup, sizeof(oom->cgroup));
}

/* "Killed process 12 (x) total-vm:..." or "Kill process 12 (x) score ..." */
static bool take_victim(struct triage_oom *oom, const char *line)
{
	const char *words = strstr(line, "process "), *open, *close, *end;
	char *after;

	if (!words)
		return false;
	oom->pid = strtoul(words + strlen("process "), &after, 10);
	open = after[0] == ' ' && after[1] == '(' ? after + 2 : NULL;
	if (!open)
		return false;
	/* A name can have any character in it. */
	end = strchrnul(open, '\n');
	close = memmem(open, end - open, ") total-vm:", 11);
	if (!close)
		close = memmem(open, end - open, ") score ", 8);
	snprintf(oom->victim, sizeof(oom->victim), "%.*s",
		 (int)min_u64((close ? close : end) - open, sizeof(oom->victim) - 1), open);
	make_printable(oom->victim, strlen(oom->victim), "");
	return true;
}

/* The victim's main thread, if it is still there. */
static size_t find_victim(const struct triage *t)
{
	for (size_t i = 0; i < t->nr_tasks; i++)
		if (t->tasks[i].pid == t->oom.pid && t->tasks[i].tgid == t->oom.pid &&
		    !strcmp(t->tasks[i].comm, t->oom.victim))
			return i;
	return TRIAGE_NONE;
}

void triage_read_oom(struct triage *t)
{
	const char *log = t->log ? t->log : "", *invoked = log_last(log, INVOKED), *line, *start;
	struct triage_oom *oom = &t->oom;

	oom->task = TRIAGE_NONE;
	if (!invoked)
		return;
	t->has_oom = true;
	start = log_line(log, invoked, &oom->seconds);
	snprintf(oom->invoked_by, sizeof(oom->invoked_by), "%.*s",
		 (int)min_u64(invoked - start, sizeof(oom->invoked_by) - 1), start);
	make_printable(oom->invoked_by, strlen(oom->invoked_by), "");
	line = strstr(invoked, CONSTRAINT);
	if (line)
		take_constraint(oom, line);
	line = strstr(invoked, ": Killed process ");
	if (!line)
		line = strstr(invoked, ": Kill process ");
	if (line && take_victim(oom, line))
		oom->task = find_victim(t);
}
