// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A triage as JSON: docs/triage.md and docs/triage.schema.json describe it.
 */
#include <inttypes.h>
#include <net/if.h>
#include <string.h>

#include "lib/json.h"
#include "triage/parts.h"

/* A number of 64 bits that is an address: JSON's numbers are not exact. */
static void put_address(struct json *j, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	json_string(j, key, text);
}

static void put_text(struct json *j, const char *key, const char *text)
{
	json_string(j, key, text[0] ? text : NULL);
}

static void put_place(struct json *j, const char *key, const struct triage_place *p)
{
	json_object(j, key);
	if (p->pc)
		put_address(j, "address", p->pc);
	else
		json_null(j, "address");
	json_string(j, "function", p->symbol);
	json_string(j, "module", p->module);
	if (p->symbol) {
		json_number(j, "offset", p->offset);
		json_number(j, "size", p->size);
	}
	json_bool(j, "exception", p->exception);
	json_bool(j, "reliable", p->reliable);
	json_end(j);
}

static void put_index(struct json *j, const char *key, size_t index)
{
	if (index == TRIAGE_NONE)
		json_null(j, key);
	else
		json_number(j, key, index);
}

/* The CPU and the task, by the kernel's memory, else by its log. */
static void put_death(struct json *j, const struct triage *t)
{
	size_t task = t->panic_cpu == TRIAGE_NONE ? TRIAGE_NONE : t->cpus[t->panic_cpu].task;

	if (t->panic_cpu != TRIAGE_NONE)
		json_number(j, "cpu", t->cpus[t->panic_cpu].cpu);
	else if (t->logged.known)
		json_number(j, "cpu", t->logged.cpu);
	else
		json_null(j, "cpu");
	put_index(j, "task", task);
	if (task != TRIAGE_NONE) {
		json_number(j, "pid", t->tasks[task].pid);
		json_string(j, "command", t->tasks[task].comm);
	} else if (t->logged.known) {
		json_number(j, "pid", t->logged.pid);
		json_string(j, "command", t->logged.comm);
	} else {
		json_null(j, "pid");
		json_null(j, "command");
	}
	put_index(j, "stack", t->death_trace);
}

static void put_head(struct json *j, const struct triage *t)
{
	const char *meaning;
	char letter;

	json_object(j, "crash");
	json_string(j, "kind", triage_kind_key(t->kind));
	put_text(j, "message", t->message);
	put_text(j, "signature", t->signature);
	if (t->crash_time)
		json_number(j, "time", t->crash_time);
	else
		json_null(j, "time");
	put_death(j, t);
	if (t->has_culprit)
		put_place(j, "culprit", &t->culprit);
	else
		json_null(j, "culprit");
	json_end(j);

	json_object(j, "kernel");
	json_string(j, "release", t->uts.release);
	json_string(j, "build", t->uts.version);
	json_string(j, "machine", t->uts.machine);
	put_text(j, "node", t->uts.nodename);
	put_text(j, "command_line", t->command_line);
	json_number(j, "memory_bytes", t->memory_bytes);
	json_number(j, "cpus_online", t->nr_online);
	if (t->uptime >= 0)
		json_seconds(j, "uptime", t->uptime);
	else
		json_null(j, "uptime");
	json_array(j, "taints");
	for (unsigned int i = 0; (meaning = triage_taint(i, &letter)); i++)
		if (t->tainted >> i & 1)
			json_string(j, NULL, meaning);
	json_end(j);
	json_end(j);
}

static void put_cpus(struct json *j, const struct triage *t)
{
	json_array(j, "cpus");
	for (size_t i = 0; i < t->nr_cpus; i++) {
		const struct triage_cpu *cpu = &t->cpus[i];

		json_object(j, NULL);
		json_number(j, "cpu", cpu->cpu);
		put_index(j, "task", cpu->task);
		json_bool(j, "idle", cpu->idle);
		json_bool(j, "registers", cpu->has_regs);
		json_bool(j, "user_mode", cpu->user);
		put_index(j, "stack", cpu->trace);
		json_end(j);
	}
	json_end(j);
}

static void put_lock(struct json *j, const struct triage *t, const struct triage_task *task)
{
	json_object(j, "waits_for");
	json_string(j, "kind", task->lock_kind);
	put_address(j, "address", task->blocked_on);
	put_index(j, "holder", task->holder ? triage_task_at(t, task->holder) : TRIAGE_NONE);
	json_end(j);
}

static void put_tasks(struct json *j, const struct triage *t)
{
	uint64_t page = t->view->k->vc->page_size;

	json_array(j, "tasks");
	for (size_t i = 0; i < t->nr_tasks; i++) {
		const struct triage_task *task = &t->tasks[i];
		char state[2] = { task->state, '\0' };

		json_object(j, NULL);
		json_number(j, "pid", task->pid);
		json_number(j, "tgid", task->tgid);
		json_string(j, "command", task->comm);
		json_string(j, "state", state);
		json_number(j, "cpu", task->cpu);
		json_bool(j, "kernel_thread", task->kernel_thread);
		json_number(j, "rss_bytes", task->rss_pages * page);
		if (task->waited >= 0)
			json_seconds(j, "seconds_since_run", task->waited);
		else
			json_null(j, "seconds_since_run");
		put_index(j, "stack", task->trace);
		if (task->blocked_on)
			put_lock(j, t, task);
		json_end(j);
	}
	json_end(j);
	json_number(j, "tasks_not_listed", t->uncounted_tasks);
}

static void put_stacks(struct json *j, const struct triage *t)
{
	static const char *const ends[] = {
		[UNWIND_MORE] = "unknown",
		[UNWIND_DONE] = "complete",
		[UNWIND_DAMAGED] = "damaged",
		[UNWIND_TOO_LONG] = "too-long",
	};

	json_array(j, "stacks");
	for (size_t i = 0; i < t->nr_traces; i++) {
		const struct triage_trace *trace = &t->traces[i];

		json_object(j, NULL);
		json_array(j, "frames");
		for (size_t n = 0; n < trace->nr; n++)
			put_place(j, NULL, &trace->frames[n]);
		json_end(j);
		json_string(j, "end", ends[trace->end]);
		put_text(j, "damage", trace->why);
		json_bool(j, "by_log", trace->by_log);
		json_end(j);
	}
	json_end(j);
}

static void put_modules(struct json *j, const struct triage *t)
{
	json_array(j, "modules");
	for (size_t i = 0; i < t->nr_modules; i++) {
		const struct triage_module *m = &t->modules[i];

		json_object(j, NULL);
		json_string(j, "name", m->name);
		put_text(j, "version", m->version);
		json_number(j, "bytes", m->bytes);
		json_string(j, "taints", m->taints);
		json_bool(j, "out_of_tree", m->out_of_tree);
		json_end(j);
	}
	json_end(j);
}

static void put_memory(struct json *j, const struct triage *t)
{
	json_object(j, "meminfo_kib");
	for (size_t i = 0; i < t->nr_meminfo; i++)
		json_number(j, t->meminfo[i].name, t->meminfo[i].value);
	json_end(j);
	json_array(j, "slabs");
	for (size_t i = 0; i < t->nr_slabs; i++) {
		json_object(j, NULL);
		json_string(j, "name", t->slabs[i].name);
		json_number(j, "bytes", t->slabs[i].bytes);
		json_number(j, "objects", t->slabs[i].objects);
		json_number(j, "object_bytes", t->slabs[i].object_bytes);
		json_end(j);
	}
	json_end(j);
}

static void put_counter(struct json *j, const char *usage, const char *max,
			const struct triage_counter *c)
{
	if (c->known)
		json_number(j, usage, c->usage_bytes);
	else
		json_null(j, usage);
	if (c->limited)
		json_number(j, max, c->max_bytes);
	else
		json_null(j, max);
}

static void put_shortage(struct json *j, const struct triage *t)
{
	json_array(j, "cgroups");
	for (size_t i = 0; i < t->nr_cgroups; i++) {
		const struct triage_cgroup *c = &t->cgroups[i];

		json_object(j, NULL);
		json_string(j, "path", c->path);
		put_counter(j, "usage_bytes", "max_bytes", &c->memory);
		put_counter(j, "memsw_usage_bytes", "memsw_max_bytes", &c->memsw);
		json_number(j, "oom_kills", c->oom_kills);
		json_end(j);
	}
	json_end(j);
	json_number(j, "cgroups_not_listed", t->uncounted_cgroups);
	if (!t->has_oom) {
		json_null(j, "last_oom");
		return;
	}
	json_object(j, "last_oom");
	json_string(j, "invoked_by", t->oom.invoked_by);
	if (t->oom.seconds >= 0)
		json_seconds(j, "uptime", t->oom.seconds);
	else
		json_null(j, "uptime");
	json_string(j, "constraint", t->oom.constraint);
	put_text(j, "cgroup", t->oom.cgroup);
	if (t->oom.victim[0]) {
		json_object(j, "victim");
		json_number(j, "pid", t->oom.pid);
		json_string(j, "command", t->oom.victim);
		put_index(j, "task", t->oom.task);
		json_end(j);
	} else {
		json_null(j, "victim");
	}
	json_end(j);
}

static void put_devices(struct json *j, const struct triage *t)
{
	json_array(j, "block_devices");
	for (size_t i = 0; i < t->nr_disks; i++) {
		json_object(j, NULL);
		json_string(j, "name", t->disks[i].name);
		json_number(j, "bytes", t->disks[i].value);
		json_end(j);
	}
	json_end(j);
	json_array(j, "network_interfaces");
	for (size_t i = 0; i < t->nr_nets; i++) {
		json_object(j, NULL);
		json_string(j, "name", t->nets[i].name);
		json_bool(j, "up", t->nets[i].value & IFF_UP);
		json_end(j);
	}
	json_end(j);
}

static void put_log(struct json *j, const struct triage *t)
{
	json_object(j, "log");
	json_number(j, "bytes_dropped", t->log_cut);
	json_string(j, "text", t->log ? t->log : "");
	json_end(j);
}

void triage_json(const struct triage *t, FILE *out)
{
	struct json j;

	json_begin(&j, out);
	json_number(&j, "triage_version", TRIAGE_VERSION);
	json_bool(&j, "live", t->view->live);
	put_head(&j, t);
	put_cpus(&j, t);
	put_tasks(&j, t);
	put_stacks(&j, t);
	put_memory(&j, t);
	put_shortage(&j, t);
	put_modules(&j, t);
	put_devices(&j, t);
	json_array(&j, "missing");
	for (size_t i = 0; i < t->nr_missing; i++)
		json_string(&j, NULL, t->missing[i]);
	json_end(&j);
	put_log(&j, t);
	json_end(&j);
}
