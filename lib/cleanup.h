/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Scope guards: a variable marked with one of these is released when it goes
 * out of scope, on every path.
 *
 *	_cleanup_free_ char *buf = malloc(n);
 *	if (!buf)
 *		return -ENOMEM;
 *	...
 *	return_ptr(buf);	// ownership passes to the caller
 */
#ifndef LIB_CLEANUP_H
#define LIB_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/** free() the pointer at the end of the scope. */
#define _cleanup_free_ __attribute__((cleanup(cleanup_free)))
/** close() the descriptor at the end of the scope unless it is negative. */
#define _cleanup_close_ __attribute__((cleanup(cleanup_close)))

/** The pointer's value; the variable becomes NULL, so its guard does nothing. */
#define take_ptr(p) \
	({ \
		__typeof__(p) taken_ = (p); \
		(p) = NULL; \
		taken_; \
	})
/** Return a guarded pointer, passing its ownership to the caller. */
#define return_ptr(p) return take_ptr(p)

#endif
