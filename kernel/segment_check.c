// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/segment_check.h"

#include <inttypes.h>

/* Addresses of a PT_LOAD that are translated. */
#define SAMPLES 8

/*
 * Find how much higher the page tables have the memory of a PT_LOAD than p_paddr says.
 * Return whether two addresses at least are mapped, and all by the same distance.
 */
static bool measure(const struct kernel *k, struct vmcore_reader *r, const struct vmcore_segment *s,
		    uint64_t *distance)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; s->vaddr && i < SAMPLES; i++) {
		uint64_t off = s->memsz / SAMPLES * i;
		struct arch_run run;

		if (kernel_translate(k, r, s->vaddr + off, &run))
			continue;
		if (nr++ && run.paddr - (s->paddr + off) != *distance)
			return false;
		*distance = run.paddr - (s->paddr + off);
	}
	return nr > 1;
}

void segment_check(const struct kernel *k)
{
	struct vmcore *vc = k->vc;
	const struct vmcore_segment *moved = NULL;
	uint64_t distance = 0, by = 0;
	struct vmcore_reader *r;
	bool proven = false;

	if (k->translation_err || vmcore_reader_create(&r, vc))
		return;
	for (size_t i = 0; i < vc->nr_segments; i++) {
		if (!measure(k, r, &vc->segments[i], &distance))
			continue;
		proven |= !distance;
		if (!distance || moved)
			continue;
		moved = &vc->segments[i];
		by = distance;
	}
	vmcore_reader_destroy(r);
	if (!proven || !moved)
		return;
	vmcore_warn(vc,
		    "pages may be at wrong addresses: a PT_LOAD has p_vaddr %#" PRIx64
		    " and p_paddr %#" PRIx64 ", but page tables have it at %#" PRIx64,
		    moved->vaddr, moved->paddr, moved->paddr + by);
	vc->incomplete = true;
}
