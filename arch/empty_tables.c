// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/empty_tables.h"

/* Entries of the root that are examined. */
#define SAMPLES 16

struct finder {
	const struct arch *a;
	const struct arch_mem *mem;
	bool big_endian;
	bool (*table_of)(const struct arch *a, uint64_t entry, paddr_t *table);
};

static bool read_slot(const struct finder *f, paddr_t table, uint64_t slot, uint64_t *entry,
		      paddr_t *leads_to)
{
	return !arch_read_entry(f->mem, table + slot * sizeof(*entry), f->big_endian, 0, 0,
				entry) &&
	       f->table_of(f->a, *entry, leads_to);
}

/* An entry of the root that leads to the empty table: it has an equal. */
static bool find_in_root(const struct finder *f, uint64_t *ret, paddr_t *table)
{
	uint64_t step = (UINT64_C(1) << (f->a->page_shift - 3)) / SAMPLES;
	uint64_t seen[SAMPLES] = { 0 };
	size_t nr_seen = 0;

	for (uint64_t i = 0; i < SAMPLES; i++) {
		if (!read_slot(f, f->a->root, i * step + step / 2, ret, table))
			continue;
		for (size_t j = 0; j < nr_seen; j++) {
			if (seen[j] == *ret)
				return true;
		}
		seen[nr_seen++] = *ret;
	}
	return false;
}

/* Each empty table is full of entries that lead to the next one. */
unsigned int empty_tables_find(const struct arch *a, const struct arch_mem *mem, bool big_endian,
			       bool (*table_of)(const struct arch *a, uint64_t entry,
						paddr_t *table),
			       struct empty_tables *ret)
{
	const struct finder f = { a, mem, big_endian, table_of };
	unsigned int n = 0, bits = a->page_shift - 3;
	uint64_t entry, chain[EMPTY_LEVELS_MAX];
	paddr_t table;

	*ret = (struct empty_tables){ { 0 } };
	if (!find_in_root(&f, &entry, &table))
		return 0;
	do {
		chain[n++] = entry;
	} while (n < EMPTY_LEVELS_MAX && read_slot(&f, table, 0, &entry, &table));
	/* Nor has an address more bits than there are. */
	if (n == EMPTY_LEVELS_MAX || a->page_shift + bits * (n + 1) > 64)
		return 0;
	for (unsigned int i = 0; i < n; i++)
		ret->entry[n + 1 - i] = chain[i];
	return n + 1;
}
