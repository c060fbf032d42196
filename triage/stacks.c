// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stacks of CPUs and tasks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addrset.h"
#include "lib/array.h"
#include "lib/size_text.h"
#include "triage/parts.h"
#include "vmcore/notes.h"

/* The largest stack of a task in all architectures and configurations. */
#define STACK_BYTES_MAX (64 << 10)

/* CPUs that are taken from notes alone. */
#define NOTED_CPUS_MAX 8192

/* Times that a stack of a running kernel is read at most. */
#define LIVE_TRIES 4

/* The needs of unwinding, and the traces that were found, by a hash of them. */
struct stacks {
	struct triage *t;
	const struct unwind_ops *ops;
	struct code_map code;
	struct addrset seen;
};

/* A stack, as it was unwound. */
struct unwound {
	struct unwind_frame frames[UNWIND_FRAMES_MAX];
	size_t nr;
	enum unwind_end end;
	char why[160];
};

/* FNV-1a. */
static uint64_t hash_frames(const struct unwind_frame *frames, size_t nr, enum unwind_end end)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ end;

	for (size_t i = 0; i < nr; i++) {
		hash = (hash ^ frames[i].pc) * UINT64_C(0x100000001b3);
		hash = (hash ^ frames[i].exception) * UINT64_C(0x100000001b3);
	}
	return hash ? hash : 1;
}

static int add_trace(struct stacks *s, const struct unwound *u, size_t *ret)
{
	uint64_t hash = hash_frames(u->frames, u->nr, u->end);
	const struct addrset_entry *same = addrset_find(&s->seen, hash);
	struct triage *t = s->t;
	struct triage_trace *trace;

	if (same) {
		*ret = same->value;
		return 0;
	}
	if (ARRAY_GROW(t->traces, t->nr_traces, "stacks"))
		return -ENOMEM;
	trace = &t->traces[t->nr_traces];
	*trace = (struct triage_trace){ .frames = calloc(u->nr + 1, sizeof(*trace->frames)) };
	if (!trace->frames)
		return err_set(-ENOMEM, "no memory for stacks");
	t->nr_traces++;
	for (size_t i = 0; i < u->nr; i++)
		trace->frames[i] = triage_place_of(t, &s->code, &u->frames[i]);
	trace->nr = u->nr;
	trace->end = u->end;
	snprintf(trace->why, sizeof(trace->why), "%s", u->why);
	*ret = t->nr_traces - 1;
	return addrset_add(&s->seen, hash, *ret);
}

static void unwind(struct stacks *s, size_t task, const struct unwind_regs *regs, bool stopped,
		   struct unwound *u)
{
	vaddr_t address = task == TRIAGE_NONE ? 0 : s->t->tasks[task].address;

	u->end = unwind_stack(s->ops, &s->t->view->mem, &s->code, address, regs, stopped, u->frames,
			      &u->nr, u->why);
}

/* --- CPUs ------------------------------------------------------------------------ */

/*
 * In the middle of a switch a CPU still has the stack of the task that it ran before, whose saved
 * registers are old.
 */
static void follow_stack(struct triage *t, struct triage_cpu *cpu, uint64_t sp)
{
	size_t task;

	if (cpu->task != TRIAGE_NONE && sp - t->tasks[cpu->task].stack < STACK_BYTES_MAX)
		return;
	task = triage_task_of_stack(t, sp);
	if (task != TRIAGE_NONE) {
		cpu->task = task;
		cpu->idle = false;
	}
}

/* If no type tells which CPUs are online, each note is of one; their numbers are not known. */
static int add_cpu(struct stacks *s, unsigned int nth)
{
	struct triage *t = s->t;

	if (t->nr_online || !s->code.nr || nth != t->nr_cpus || nth >= NOTED_CPUS_MAX)
		return 0;
	if (ARRAY_GROW(t->cpus, t->nr_cpus, "CPUs"))
		return -ENOMEM;
	t->cpus[t->nr_cpus++] = (struct triage_cpu){
		.cpu = nth,
		.task = TRIAGE_NONE,
		.trace = TRIAGE_NONE,
	};
	return 0;
}

/* A note for each CPU that is online, in their order. */
static int take_note(void *ctx, unsigned int nth, const void *desc, size_t size)
{
	struct stacks *s = ctx;
	struct triage *t = s->t;
	struct triage_cpu *cpu;
	struct unwind_regs regs;
	struct unwound u;
	int err = add_cpu(s, nth);

	if (err)
		return err;
	if (nth >= t->nr_cpus ||
	    unwind_prstatus_regs(&s->ops->note, desc, size, t->view->mem.swap, &regs))
		return 0;
	cpu = &t->cpus[nth];
	cpu->has_regs = true;
	cpu->user = regs.user;
	cpu->pc = regs.pc;
	if (!regs.user)
		follow_stack(t, cpu, regs.sp);
	unwind(s, cpu->task, &regs, true, &u);
	err = add_trace(s, &u, &cpu->trace);
	if (!err && cpu->task != TRIAGE_NONE)
		t->tasks[cpu->task].trace = cpu->trace;
	return err;
}

static int unwind_cpus(struct stacks *s)
{
	const struct vmcore *vc = s->t->view->k->vc;

	/* The note of /proc/kcore is of the reader, and has no registers. */
	if (s->t->view->live) {
		triage_missing(s->t, "registers: the CPUs are running");
		return 0;
	}
	/* The CPUs of the machine ran the hypervisor when it left the notes. */
	if (vc->xen.found) {
		triage_missing(s->t,
			       "registers: the notes of a Xen host are of the hypervisor, not of "
			       "dom0");
		return 0;
	}
	if (vc->nr_cpus != s->t->nr_cpus && s->t->nr_cpus)
		triage_missing(s->t, "registers: VMCORE has those of %u CPU%s, %zu %s online",
			       vc->nr_cpus, plural_s(vc->nr_cpus), s->t->nr_cpus,
			       s->t->nr_cpus == 1 ? "is" : "are");
	return notes_for_each_cpu(vc, take_note, s);
}

/* --- tasks ----------------------------------------------------------------------- */

/* A task of a running kernel can run while its stack is read: then it is read again. */
static int unwind_task(struct stacks *s, size_t n)
{
	struct triage_task *task = &s->t->tasks[n];
	unsigned int tries = s->t->view->live ? LIVE_TRIES : 1;
	struct unwind_regs regs;
	struct unwound u;

	if (task->trace != TRIAGE_NONE || task->state == 'Z' || task->state == 'X' || task->on_cpu)
		return 0;
	do {
		if (s->ops->task_regs(&s->t->view->mem, task->address, &regs))
			return 0;
		unwind(s, n, &regs, false, &u);
	} while (u.end == UNWIND_DAMAGED && --tries);
	return add_trace(s, &u, &task->trace);
}

static int unwind_tasks(struct stacks *s, bool all)
{
	size_t done = 0, skipped = 0;
	int err = 0;

	for (size_t i = 0; i < s->t->nr_cpus; i++)
		if (s->t->cpus[i].task != TRIAGE_NONE)
			s->t->tasks[s->t->cpus[i].task].on_cpu = true;
	for (size_t i = 0; !err && i < s->t->nr_tasks; i++) {
		if (!all && s->t->tasks[i].state != 'D')
			continue;
		if (done == TRIAGE_TRACES_MAX || triage_check_time(s->t)) {
			skipped++;
			continue;
		}
		err = unwind_task(s, i);
		done++;
	}
	if (skipped)
		triage_missing(s->t, "stacks of %zu task%s: there are too many", skipped,
			       plural_s(skipped));
	return err;
}

int triage_read_stacks(struct triage *t, bool all)
{
	struct stacks s = {
		.t = t,
		.ops = unwind_find(t->view->k->vc->machine),
	};
	const char *name = arch_name(&t->view->k->arch);
	int err;

	if (!s.ops) {
		triage_missing(t, "stacks: those of %s are not supported",
			       name ? name : "this machine");
		return 0;
	}
	err = addrset_init(&s.seen);
	if (!err)
		err = code_map_read(&s.code, &t->view->mem, &t->view->tables->modules);
	if (!err)
		err = unwind_cpus(&s);
	if (!err)
		err = unwind_tasks(&s, all);
	addrset_deinit(&s.seen);
	code_map_free(&s.code);
	return err;
}
