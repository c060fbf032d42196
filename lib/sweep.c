// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/sweep.h"

#include "lib/heap.h"

/*
 * Go from one place where a range begins or ends to the next. The heap holds the ranges that
 * have begun; it takes the place of the numbers that were seen.
 */
void sweep_run(const struct sweep *s, uint32_t *order, size_t nr)
{
#define WINS(a, b) s->wins(s->ctx, a, b)
	size_t seen = 0, active = 0;
	uint64_t at = 0;

	while (seen < nr || active) {
		uint64_t start = 0, end, ignored, stop;

		if (!active)
			s->range(s->ctx, order[seen], &at, &ignored);
		for (; seen < nr; seen++) {
			uint32_t next = order[seen];

			s->range(s->ctx, next, &start, &ignored);
			if (start != at)
				break;
			HEAP_PUSH(order, active, next, WINS);
		}
		s->range(s->ctx, order[0], &ignored, &end);
		if (end <= at) {
			HEAP_POP(order, active, WINS);
			continue;
		}
		stop = seen < nr && start < end ? start : end;
		s->emit(s->ctx, at, stop, order[0]);
		at = stop;
	}
#undef WINS
}
