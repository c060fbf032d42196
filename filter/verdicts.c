// SPDX-License-Identifier: GPL-2.0-or-later
#include "filter/verdicts.h"

#include "lib/checked.h"

static uint64_t nr_bits(const struct bitmap *a, const struct bitmap *b)
{
	return min_u64(a->nbits, b->nbits);
}

void verdicts_limit(struct verdicts *v, const struct bitmap *available)
{
	uint64_t end = nr_bits(&v->include, available), pos = 0, stop;

	for (; bitmap_next_touched(&v->include, &pos, end, &stop); pos = stop) {
		for (uint64_t i = pos / 64; i <= (stop - 1) / 64; i++) {
			/* Reading is free of charge, but writing takes memory. */
			if (v->include.words[i] & ~available->words[i])
				v->include.words[i] &= available->words[i];
		}
	}
}

static void apply_words(const struct verdicts *v, struct bitmap *dumpable, uint64_t first,
			uint64_t end, struct verdict_stats *stats)
{
	for (uint64_t i = first; i < end; i++) {
		uint64_t include = v->include.words[i];
		uint64_t added = include & ~dumpable->words[i];
		uint64_t gone = v->exclude.words[i] & ~include & dumpable->words[i];

		if (!(added | gone))
			continue;
		dumpable->words[i] = (dumpable->words[i] | added) & ~gone;
		stats->included += __builtin_popcountll(added);
		stats->excluded += __builtin_popcountll(gone);
	}
}

void verdicts_apply(const struct verdicts *v, struct bitmap *dumpable, struct verdict_stats *stats)
{
	uint64_t end = nr_bits(&v->include, dumpable), pos = 0, stop;

	*stats = (struct verdict_stats){ 0 };
	/* Ranges that never had pages do not change: includes are of pages that exist. */
	for (; bitmap_next_touched(dumpable, &pos, end, &stop); pos = stop)
		apply_words(v, dumpable, pos / 64, div_round_up(stop, 64), stats);
}
