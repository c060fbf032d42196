/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Arrays that grow, each time to twice their size.
 */
#ifndef LIB_ARRAY_H
#define LIB_ARRAY_H

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"

/** The items that an array gets memory for at first; then each power of two above. */
#define ARRAY_FIRST 32

/**
 * Make room for one more item after the first @p nr of an array. The number of items tells how
 * many there is memory for, so all of the array's memory has to come from here.
 * @param array its pointer, which may change; NULL at first
 * @param what the items, in the plural, for the message
 * @return 0; -ENOMEM: the array is as it was
 */
#define ARRAY_GROW(array, nr, what) \
	({ \
		void *more_ = array_grown((array), (nr), sizeof(*(array)), (what)); \
		if (more_) \
			(array) = more_; \
		more_ ? 0 : -ENOMEM; \
	})

/** The function that ARRAY_GROW() calls. @return the array, maybe moved; NULL: no memory */
static inline void *array_grown(void *array, size_t nr, size_t item_bytes, const char *what)
{
	size_t more = nr ? nr * 2 : ARRAY_FIRST;

	if (nr && (nr < ARRAY_FIRST || nr & (nr - 1)))
		return array;
	array = reallocarray(array, more, item_bytes);
	if (!array)
		err_set(-ENOMEM, "no memory for %zu %s", more, what);
	return array;
}

#endif
