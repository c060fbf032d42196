// SPDX-License-Identifier: GPL-2.0-or-later
#include "filter/verdicts.h"

#include "lib/checked.h"

static uint64_t nr_words(const struct bitmap *a, const struct bitmap *b)
{
	return div_round_up(min_u64(a->nbits, b->nbits), 64);
}

void verdicts_limit(struct verdicts *v, const struct bitmap *available)
{
	uint64_t words = nr_words(&v->include, available);

	for (uint64_t i = 0; i < words; i++) {
		/* Reading is free of charge, but writing takes memory. */
		if (v->include.words[i] & ~available->words[i])
			v->include.words[i] &= available->words[i];
	}
}

void verdicts_apply(const struct verdicts *v, struct bitmap *dumpable, struct verdict_stats *stats)
{
	uint64_t words = nr_words(&v->include, dumpable);

	*stats = (struct verdict_stats){ 0 };
	for (uint64_t i = 0; i < words; i++) {
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
