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

/**
 * Make room for one more item after the first @p nr of an array.
 * @param array its pointer, which may change
 * @param room items that there is memory for; 0 with an array that is NULL
 * @param what the items, in the plural, for the message
 * @return 0; -ENOMEM: the array is as it was
 */
#define ARRAY_GROW(array, nr, room, what) \
	({ \
		size_t room_ = (room); \
		void *more_ = array_grown((array), (nr), &room_, sizeof(*(array)), (what)); \
		if (more_) { \
			(array) = more_; \
			(room) = room_; \
		} \
		more_ ? 0 : -ENOMEM; \
	})

/** The function that ARRAY_GROW() calls. @return the array, maybe moved; NULL: no memory */
static inline void *array_grown(void *array, size_t nr, size_t *room, size_t item_bytes,
				const char *what)
{
	size_t more = *room ? *room * 2 : 32;

	if (nr < *room)
		return array;
	array = reallocarray(array, more, item_bytes);
	if (array)
		*room = more;
	else
		err_set(-ENOMEM, "no memory for %zu %s", more, what);
	return array;
}

#endif
