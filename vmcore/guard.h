/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Mapped files without SIGBUS.
 *
 * A page of a mapped file that cannot be read, because the file became shorter or a sector is
 * bad, raises SIGBUS when it is touched. Within a guarded mapping such a page is replaced by
 * one of zeros. guard_probe() tells beforehand; what fails later is counted by guard_late().
 * Any other SIGBUS ends the process as ever.
 *
 * The signal is handled for the whole process from the first guard_take() on. Processes that
 * are forked inherit all of it.
 */
#ifndef VMCORE_GUARD_H
#define VMCORE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/** Get a guard for one mapping at a time. @return its number; -1 if all are in use */
int guard_take(void);

/** Give a guard back; its mapping is gone. -1 is allowed. */
void guard_release(int number);

/** Guard a mapping of @p len bytes; 0: none, to be called before it is unmapped. */
void guard_set(int number, const void *start, size_t len);

/**
 * Touch each page of [@p p, @p p + @p len), a part of the mapping.
 * @return whether all of them can be read; those that cannot read as zeros from now on
 */
bool guard_probe(int number, const void *p, size_t len);

/** Return whether a page of a mapping of this process became unreadable after its probe. */
bool guard_late(void);

#endif
