// SPDX-License-Identifier: GPL-2.0-or-later
#include "triage/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "facts/on_demand.h"
#include "kernel/printk/printk.h"
#include "lib/clock.h"
#include "lib/types.h"
#include "symbols/kallsyms.h"
#include "types/btf_info.h"

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, pid);

/* --- the log --------------------------------------------------------------------- */

struct log_buffer {
	struct triage *t;
	size_t room;
};

/* Keep the end of a log that is too long. */
static void drop_half(struct triage *t)
{
	size_t half = t->log_size / 2;
	const char *newline = memchr(t->log + half, '\n', t->log_size - half);
	size_t drop = newline ? (size_t)(newline + 1 - t->log) : half;

	memmove(t->log, t->log + drop, t->log_size - drop);
	t->log_size -= drop;
	t->log_cut += drop;
}

static int put_log(void *ctx, const char *s, size_t len)
{
	struct log_buffer *b = ctx;
	struct triage *t = b->t;

	if (t->log_size + len >= TRIAGE_LOG_BYTES)
		drop_half(t);
	if (t->log_size + len >= b->room) {
		size_t room = b->room ? b->room : 65536;
		char *bigger;

		while (room <= t->log_size + len)
			room *= 2;
		bigger = realloc(t->log, room);
		if (!bigger)
			return err_set(-ENOMEM, "no memory for the log");
		t->log = bigger;
		b->room = room;
	}
	memcpy(t->log + t->log_size, s, len);
	t->log_size += len;
	t->log[t->log_size] = '\0';
	return 0;
}

static int add_record(void *ctx, const struct printk_record *rec)
{
	return printk_format(rec, put_log, ctx);
}

static int read_log(struct triage *t)
{
	struct log_buffer b = { .t = t };
	struct printk_stats stats = { 0 };
	int err = printk_for_each(&t->view->mem, false, add_record, &b, &stats);

	if (!err && stats.why[0])
		triage_missing(t, "the log may be incomplete: %s", stats.why);
	return triage_missing_err(t, err, "no log");
}

/* --- all ------------------------------------------------------------------------- */

/* Say why many parts are not found, before they say it of themselves. */
static void check_sources(struct triage *t)
{
	const struct vmcore *vc = t->view->k->vc;
	const char *why = kallsyms_why(t->view->tables->kallsyms);

	if (vc->incomplete)
		triage_missing(t, "pages: VMCORE is incomplete%s%s", vc->warning[0] ? ": " : "",
			       vc->warning);
	if (why[0])
		triage_missing(t, "names of functions: %s", why);
	if (!HAS_MEMBER(task_struct, pid))
		triage_missing(t, "types: %s: -x VMLINUX gives them, and the kernel's symbols",
			       btf_info_supported() ? "none were found in VMCORE" :
						      "makedumpfile was built without libbpf");
	if (t->view->k->check.nr_doubtful)
		triage_missing(t, "types that agree with VMCOREINFO: all that is read with types "
				  "may be wrong");
}

/* The parts in their order; the head looks at the others. */
static int collect(struct triage *t, const struct triage_options *opt)
{
	int err = read_log(t);

	check_sources(t);
	if (!err)
		err = triage_read_modules(t);
	if (!err)
		err = triage_read_tasks(t);
	if (!err)
		err = triage_read_stacks(t, opt->all_tasks);
	if (!err)
		err = triage_read_locks(t);
	if (!err)
		err = triage_read_memory(t);
	if (!err)
		err = triage_read_cgroups(t);
	if (!err)
		err = triage_read_devices(t);
	triage_read_oom(t);
	return err ? err : triage_read_head(t);
}

int triage_collect(struct triage **ret, const struct kernel *k, const struct triage_options *opt)
{
	struct triage *t = calloc(1, sizeof(*t));
	int err;

	if (t)
		t->view = calloc(1, sizeof(*t->view));
	if (!t || !t->view) {
		free(t);
		return err_set(-ENOMEM, "no memory for a triage");
	}
	t->panic_cpu = TRIAGE_NONE;
	t->death_trace = TRIAGE_NONE;
	t->uptime = -1;
	t->until = clock_seconds() + TRIAGE_SECONDS_MAX;
	err = triage_view_init(t->view, k, opt->overwrite);
	err = err ? triage_missing_err(t, err, "only the head") : collect(t, opt);
	if (!err && !t->view->tables)
		err = triage_read_head(t);
	if (err)
		triage_free(t);
	else
		*ret = t;
	return err;
}

void triage_free(struct triage *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->nr_traces; i++)
		free(t->traces[i].frames);
	free(t->traces);
	free(t->tasks);
	free(t->by_address);
	free(t->by_stack);
	free(t->cpus);
	free(t->modules);
	free(t->meminfo);
	free(t->slabs);
	free(t->cgroups);
	free(t->disks);
	free(t->nets);
	free(t->log);
	free(t->missing);
	free(t->logged.text);
	triage_view_deinit(t->view);
	free(t->view);
	free(t);
}
