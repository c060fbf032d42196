/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Processes that a child starts and leaves, also out of its process group (setsid(),
 * a double fork): they become children of this process, and are ended.
 *
 * No privileges are needed; /proc tells which children there are. Where it is not mounted, or this
 * process had other children before (whose orphans look the same), orphans are not ended.
 */
#ifndef EXTENSION_ORPHANS_H
#define EXTENSION_ORPHANS_H

#include <stdbool.h>

struct orphans {
	bool adopted;	   /**< orphans become children of this process */
	int was_subreaper; /**< what it was before */
};

/** Adopt from now on what a child will leave after. Call it before the child is made. */
void orphans_adopt(struct orphans *o);

/**
 * Kill and reap all that was left, and adopt no more. The child itself must have been
 * waited for.
 * @return 0; -ETIMEDOUT if there is no end to them
 */
int orphans_end(struct orphans *o) __attribute__((warn_unused_result));

#endif
