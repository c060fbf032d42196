/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Walks over structures in the kernel's memory that go on where it is damaged, and say so in
 * the end.
 */
#ifndef KERNEL_WALK_H
#define KERNEL_WALK_H

#include "facts/declare.h"
#include "symbols/vmem.h"

/** The most steps of a walk. */
#define WALK_STEPS_MAX (1u << 24)

/** The first fault. All 0 if there was none. */
struct damage {
	int err;
	char why[256];
};

/** Take note of an error and of the sentence to it; the first one stays. */
void damage_note(struct damage *d, int err);

/** The errno that was taken note of, with its sentence; or 0. */
int damage_error(const struct damage *d);

/** Check that an address can be one of a node. @param what names the node @return 0; -EBADMSG */
int walk_check_address(const struct vmem *mem, const char *what, vaddr_t address)
	__attribute__((warn_unused_result));

/** Receives an object of a walk. @return 0 to go on; anything else ends the walk */
typedef int walk_visit(void *ctx, uint64_t object);

/**
 * Walk a list_head list. Entries that can be read and differ are visited, even if the list
 * does not lead back to its head: then those before the break come first, and those after it
 * from the end of the list on, the last one first. None is visited twice.
 * @param link the list_head in each object
 * @return 0; what @p visit returned; -ENOENT if @p link was not found; -EBADMSG or -EFAULT if the
 * list is broken (what could be reached from its two ends was visited)
 */
int walk_list(const struct vmem *mem, vaddr_t head, const struct ktype_info *link,
	      walk_visit *visit, void *ctx) __attribute__((warn_unused_result));

/**
 * Walk all tasks, threads included, but not the idle ones; a thread group's leader comes first,
 * also if it has exited. No task is visited twice. If the first one of all, which has the list's
 * head, is damaged, the tasks that CPUs run lead to the others.
 * @param visit gets the address of each struct task_struct
 * @return as walk_list(); damage is an error after all that could be reached was visited
 */
int walk_tasks(const struct vmem *mem, walk_visit *visit, void *ctx)
	__attribute__((warn_unused_result));

/** THREAD_SIZE: bytes of a kernel stack, as the first one has; 0 if it is not known. */
uint64_t task_stack_bytes(void);

#endif
