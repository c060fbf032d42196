// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The death as the kernel's log reports it, for dumps whose memory does not tell: those of
 * essential pages alone have no symbols, types and code.
 *
 *	CPU: 1 UID: 0 PID: 467 Comm: guest Kdump: loaded Not tainted 6.12.118 #1
 *	RIP: 0010:xfs_iget+0x1a2/0x300 [xfs]		(other machines: pc, epc, NIP, Krnl PSW)
 *	Call Trace:
 *	 ? unreliable+0x1/0x2
 *	 xfs_lookup+0xe3/0x120 [xfs]
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/printable.h"
#include "symbols/kallsyms.h"
#include "triage/log_text.h"
#include "triage/parts.h"

/* Lines that a report has at most. */
#define LINES_MAX 200
#define FRAMES_MAX UNWIND_FRAMES_MAX

/* The lines of one report, in a copy of the log whose names end in NULs. */
struct report {
	struct triage *t;
	struct triage_trace *trace;
	bool in_trace; /* after "Call Trace:" */
	bool has_task;
};

/* Find FUNCTION+0xOFFSET/0xSIZE, and end the function's name. */
static bool parse_place(char *line, struct triage_place *p)
{
	char *plus = line, *start, *end;

	do {
		plus = strstr(plus, "+0x");
		if (!plus)
			return false;
		p->offset = strtoull(plus + 1, &end, 16);
		plus++;
	} while (strncmp(end, "/0x", 3));
	p->size = strtoull(end + 1, &end, 16);
	start = plus - 1;
	while (start > line && !strchr(" :([", start[-1]))
		start--;
	plus[-1] = '\0';
	p->symbol = start;
	p->module = NULL;
	/* "[xfs]", or "[xfs abcdef01]" with the build ID. */
	if (!strncmp(end, " [", 2)) {
		end[2 + strcspn(end + 2, " ]")] = '\0';
		p->module = end + 2;
	}
	return *start;
}

/*
 * Kernels of arm64 (6.1) name a return address at the end of a function, after a call that does not
 * return, as the beginning of the next one. Name the function that made the call.
 */
static void name_caller(const struct report *r, struct triage_place *p)
{
	const struct kernel_tables *tables = r->t->view->tables;
	size_t nr = r->trace->nr;
	struct ksym sym;
	uint64_t next;

	/* The place of the exception comes twice. */
	if (!tables || p->exception || p->offset || (nr && r->trace->frames[nr - 1].exception) ||
	    get_kallsyms_value_by_name(tables->kallsyms, p->module, p->symbol, &next) ||
	    search_kallsyms_by_address(tables->kallsyms, next - 1, &sym))
		return;
	p->symbol = sym.name;
	p->module = sym.module;
	p->offset = next - sym.value;
	p->size = sym.size;
}

static int add_frame(struct report *r, const struct triage_place *p)
{
	struct triage_trace *trace = r->trace;

	if (trace->nr == FRAMES_MAX) {
		trace->end = UNWIND_TOO_LONG;
		return 0;
	}
	if (ARRAY_GROW(trace->frames, trace->nr, "frames"))
		return -ENOMEM;
	trace->frames[trace->nr++] = *p;
	return 0;
}

/* "CPU: 1 UID: 0 PID: 467 Comm: guest Not tainted ..."; UID since Linux v6.12. */
static void parse_task(struct report *r, const char *line)
{
	const char *pid = strstr(line, "PID: "), *comm = strstr(line, "Comm: "), *end;
	struct triage *t = r->t;

	if (r->has_task || !pid || !comm)
		return;
	r->has_task = true;
	t->logged.cpu = strtoul(line + strlen("CPU: "), NULL, 10);
	t->logged.pid = strtoul(pid + strlen("PID: "), NULL, 10);
	comm += strlen("Comm: ");
	end = strstr(comm, " Kdump: ");
	if (!end)
		end = strstr(comm, " Not tainted");
	if (!end)
		end = strstr(comm, " Tainted: ");
	if (!end)
		end = strchrnul(comm, ' ');
	snprintf(t->logged.comm, sizeof(t->logged.comm), "%.*s",
		 (int)min_u64(end - comm, sizeof(t->logged.comm) - 1), comm);
	make_printable(t->logged.comm, strlen(t->logged.comm), "");
}

/* The place of an exception in the kernel. */
static bool is_pc(const char *line)
{
	static const char *const words[] = {
		"RIP: 0010:", "pc : ", "epc : ", "NIP [", "Krnl PSW : ",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strncmp(line, words[i], strlen(words[i])))
			return true;
	return false;
}

static bool is_end(const char *line)
{
	return !strncmp(line, "---[ end ", 9) || !strncmp(line, "RIP: 0033:", 10) ||
	       !strncmp(line, "</TASK>", 7) || !strncmp(line, "Kernel Offset: ", 15);
}

static int parse_line(struct report *r, char *line)
{
	struct triage_place p = { .reliable = true, .exception = is_pc(line) };
	bool guessed = strstr(line, "? ") || strstr(line, "(unreliable)");

	if (!strncmp(line, "CPU: ", 5))
		parse_task(r, line);
	if (!strncasecmp(line, "Call Trace:", 11))
		r->in_trace = true;
	else if ((p.exception || (r->in_trace && !guessed)) && parse_place(line, &p)) {
		name_caller(r, &p);
		return add_frame(r, &p);
	}
	return 0;
}

int triage_read_log_trace(struct triage *t, const char *from)
{
	struct report r = { .t = t };
	char *line, *next;
	int err = 0;

	if (ARRAY_GROW(t->traces, t->nr_traces, "stacks"))
		return -ENOMEM;
	t->logged.text = strdup(from);
	if (!t->logged.text)
		return err_set(-ENOMEM, "no memory for the log");
	r.trace = &t->traces[t->nr_traces];
	*r.trace = (struct triage_trace){ .end = UNWIND_DONE, .by_log = true };
	line = t->logged.text;
	for (unsigned int i = 0; !err && line && *line && i < LINES_MAX; i++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		line = (char *)log_line(line, line + strlen(line), NULL);
		line += strspn(line, " ");
		if (is_end(line))
			break;
		err = parse_line(&r, line);
		line = next;
	}
	t->logged.known = r.has_task;
	if (r.trace->nr)
		t->death_trace = t->nr_traces;
	t->nr_traces++;
	return err;
}
