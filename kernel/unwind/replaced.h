/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Return addresses on a stack that tracing replaced by that of a trampoline.
 */
#ifndef KERNEL_UNWIND_REPLACED_H
#define KERNEL_UNWIND_REPLACED_H

#include "kernel/unwind/unwind.h"

/** Begin with those of the walk's task, if it is known. */
void unwind_begin_replaced(struct unwind *u);

/** Put the real one in the place of the frame's, if that leads to a trampoline. */
void unwind_find_replaced(struct unwind *u);

#endif
