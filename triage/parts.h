/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The parts of a triage. Each fills in its fields; what it cannot find it says by
 * triage_missing(). They return 0 or -ENOMEM.
 */
#ifndef TRIAGE_PARTS_H
#define TRIAGE_PARTS_H

#include "triage/triage.h"
#include "triage/view.h"

/** Add a line to what could not be found; lines beyond a limit are dropped. */
void triage_missing(struct triage *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** The same with the thread's sentence after it (lib/err.h). @return -ENOMEM if @p err is it; 0 */
int triage_missing_err(struct triage *t, int err, const char *what);

/** Return an error once TRIAGE_SECONDS_MAX have passed. @return 0 or -ETIME */
int triage_check_time(const struct triage *t) __attribute__((warn_unused_result));

/** CPUs, tasks, and the stacks of CPUs. */
int triage_read_tasks(struct triage *t);
/** The stacks of tasks. */
int triage_read_stacks(struct triage *t, bool all);
/** Release, time, taints, the kind of death and its culprit; after the others. */
int triage_read_head(struct triage *t);
int triage_read_modules(struct triage *t);
int triage_read_memory(struct triage *t);
int triage_read_cgroups(struct triage *t);
/** After the log and the tasks. */
void triage_read_oom(struct triage *t);
int triage_read_locks(struct triage *t);
int triage_read_devices(struct triage *t);

/**
 * Read who died and its stack, by the log from a place on: logged and death_trace.
 * @return 0; -ENOMEM
 */
int triage_read_log_trace(struct triage *t, const char *from) __attribute__((warn_unused_result));

/** Sort the tasks for the two functions below. @return 0 or -ENOMEM */
int triage_sort_tasks(struct triage *t) __attribute__((warn_unused_result));
/** The number in tasks of the task of an address, or TRIAGE_NONE. */
size_t triage_task_at(const struct triage *t, vaddr_t address);
/** The number in tasks of the task whose stack an address is in, or TRIAGE_NONE. */
size_t triage_task_of_stack(const struct triage *t, vaddr_t sp);

/** The symbol of a frame in the code that is known. */
struct triage_place triage_place_of(const struct triage *t, const struct code_map *code,
				    const struct unwind_frame *frame);

/** Write "FUNCTION+0x1/0x2 [MODULE]", or an address. */
void triage_place_text(const struct triage_place *p, char *buf, size_t size);

/** Names of taint flags: letter and meaning of bit @p n; NULL if there is none. */
const char *triage_taint(unsigned int n, char *letter);

#endif
