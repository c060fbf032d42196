// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/kallsyms_index.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/search.h"
#include "symbols/kallsyms.h"
#include "symbols/symbol_match.h"

/* Bytes of all names together; those of a large kernel and its modules have 8 million. */
#define NAMES_MAX (64u << 20)
/* Symbols, modules' ones included: ten times what there are. */
#define ENTRIES_MAX (4u << 20)
/* No function or variable is as large: an address beyond it belongs to nothing. */
#define SYMBOL_SIZE_MAX (16u << 20)

struct entry {
	uint64_t value;
	const char *module;
	uint32_t name; /* offset in names */
	uint32_t next; /* 1 + the entry added before in the same bucket */
	char type;
};

struct kallsyms_index {
	struct entry *entries;
	uint32_t nr, room;
	char *names;
	uint32_t names_size, names_room;
	uint32_t *buckets; /* 1 + the newest entry */
	uint32_t mask;
	uint32_t *by_value; /* entries that are addresses, sorted */
	uint32_t nr_by_value;
};

int kallsyms_index_create(struct kallsyms_index **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : err_set(-ENOMEM, "no memory for a table of symbols");
}

void kallsyms_index_destroy(struct kallsyms_index *idx)
{
	if (!idx)
		return;
	free(idx->entries);
	free(idx->names);
	free(idx->buckets);
	free(idx->by_value);
	free(idx);
}

/* Room for one more of what has nr items, up to max. @return false: no memory */
static bool grow(void **array, uint32_t *room, uint32_t needed, uint32_t max, size_t item)
{
	uint32_t more = *room ? *room : 4096;
	void *p;

	if (needed <= *room)
		return true;
	while (more < needed && more <= max / 2)
		more *= 2;
	if (more < needed)
		return false;
	p = reallocarray(*array, more, item);
	if (!p)
		return false;
	*array = p;
	*room = more;
	return true;
}

int kallsyms_index_add(struct kallsyms_index *idx, const struct ksym *sym)
{
	size_t len = strlen(sym->name) + 1;
	struct entry *e;

	if (len > NAMES_MAX - idx->names_size ||
	    !grow((void **)&idx->entries, &idx->room, idx->nr + 1, ENTRIES_MAX, sizeof(*e)) ||
	    !grow((void **)&idx->names, &idx->names_room, idx->names_size + len, NAMES_MAX, 1))
		return err_set(-ENOMEM, "no memory for a table of symbols");
	e = &idx->entries[idx->nr++];
	*e = (struct entry){ .value = sym->value,
			     .module = sym->module,
			     .type = sym->type,
			     .name = idx->names_size };
	memcpy(idx->names + idx->names_size, sym->name, len);
	idx->names_size += len;
	return 0;
}

static int cmp_value(const void *a, const void *b, void *ctx)
{
	const struct kallsyms_index *idx = ctx;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	uint64_t x = idx->entries[i].value, y = idx->entries[j].value;

	if (x != y)
		return x < y ? -1 : 1;
	return i < j ? -1 : i > j;
}

static uint32_t *bucket(const struct kallsyms_index *idx, const char *name)
{
	uint32_t hash = ksym_hash(name, strlen(name));

	return &idx->buckets[(hash ^ hash >> 15) & idx->mask];
}

/* Return whether addresses belong to a symbol: not to an offset or a mark within a function. */
static bool has_place(const struct kallsyms_index *idx, const struct entry *e)
{
	const char *name = idx->names + e->name;

	return e->type != 'A' && e->type != 'a' && name[0] != '$' && strncmp(name, ".L", 2);
}

int kallsyms_index_finish(struct kallsyms_index *idx)
{
	uint32_t buckets = 1024;

	while (buckets < idx->nr)
		buckets *= 2;
	idx->mask = buckets - 1;
	idx->buckets = calloc(buckets, sizeof(*idx->buckets));
	idx->by_value = calloc((size_t)idx->nr + 1, sizeof(*idx->by_value));
	if (!idx->buckets || !idx->by_value)
		return err_set(-ENOMEM, "no memory for a table of symbols");
	for (uint32_t i = 0; i < idx->nr; i++) {
		uint32_t *b = bucket(idx, idx->names + idx->entries[i].name);

		idx->entries[i].next = *b;
		*b = i + 1;
		if (has_place(idx, &idx->entries[i]))
			idx->by_value[idx->nr_by_value++] = i;
	}
	qsort_r(idx->by_value, idx->nr_by_value, sizeof(*idx->by_value), cmp_value, idx);
	return 0;
}

static void copy_symbol(const struct kallsyms_index *idx, uint32_t i, struct ksym *ret)
{
	const struct entry *e = &idx->entries[i];

	*ret = (struct ksym){ .name = idx->names + e->name,
			      .module = e->module,
			      .type = e->type,
			      .value = e->value };
}

static bool in_module(const struct entry *e, const char *module)
{
	if (!module)
		return !e->module;
	return !*module || (e->module && !strcmp(e->module, module));
}

static bool matches(const struct kallsyms_index *idx, const struct entry *e, const char *module,
		    const char *name)
{
	return in_module(e, module) && !strcmp(idx->names + e->name, name);
}

int kallsyms_index_by_name(const struct kallsyms_index *idx, const char *module, const char *name,
			   struct ksym *ret, int max)
{
	int nr = 0, at;

	for (uint32_t i = *bucket(idx, name); i; i = idx->entries[i - 1].next)
		nr += matches(idx, &idx->entries[i - 1], module, name);
	/* The chain has the newest first. */
	at = nr;
	for (uint32_t i = *bucket(idx, name); i; i = idx->entries[i - 1].next) {
		if (matches(idx, &idx->entries[i - 1], module, name) && --at < max)
			copy_symbol(idx, i - 1, &ret[at]);
	}
	return nr;
}

/* Count the entries of by_value at or below an address. */
static uint32_t count_up_to(const struct kallsyms_index *idx, uint64_t address)
{
	return SEARCH_FIRST(0, idx->nr_by_value, i,
			    idx->entries[idx->by_value[i]].value <= address);
}

int kallsyms_index_by_address(const struct kallsyms_index *idx, uint64_t address, struct ksym *ret)
{
	uint32_t end = count_up_to(idx, address), best;
	uint64_t value;

	if (end)
		value = idx->entries[idx->by_value[end - 1]].value;
	if (!end || address - value > SYMBOL_SIZE_MAX)
		return err_set(-ENOENT, "no symbol is at or before %#" PRIx64, address);
	/* The kernel takes the first of several, too: its table has the best one first. */
	for (best = end - 1; best && idx->entries[idx->by_value[best - 1]].value == value;)
		best--;
	copy_symbol(idx, idx->by_value[best], ret);
	if (end < idx->nr_by_value)
		ret->size = idx->entries[idx->by_value[end]].value - value;
	return 0;
}
