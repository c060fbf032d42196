/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * A binary heap in an array: heap[0] is the item that wins over all others.
 */
#ifndef LIB_HEAP_H
#define LIB_HEAP_H

#include <stddef.h>

/** Add an item to the first @p nr, which becomes one more. @param wins wins(a, b), of two items */
#define HEAP_PUSH(heap, nr, item, wins) \
	do { \
		__typeof__(*(heap)) item_ = (item); \
		size_t i_ = (nr)++; \
		for (; i_ && wins(item_, (heap)[(i_ - 1) / 2]); i_ = (i_ - 1) / 2) \
			(heap)[i_] = (heap)[(i_ - 1) / 2]; \
		(heap)[i_] = item_; \
	} while (0)

/** Remove heap[0]; @p nr becomes one less. */
#define HEAP_POP(heap, nr, wins) \
	do { \
		__typeof__(*(heap)) item_ = (heap)[--(nr)]; \
		size_t i_ = 0, child_; \
		while ((child_ = 2 * i_ + 1) < (nr)) { \
			if (child_ + 1 < (nr) && wins((heap)[child_ + 1], (heap)[child_])) \
				child_++; \
			if (wins(item_, (heap)[child_])) \
				break; \
			(heap)[i_] = (heap)[child_]; \
			i_ = child_; \
		} \
		(heap)[i_] = item_; \
	} while (0)

#endif
