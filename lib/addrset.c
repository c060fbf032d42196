// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/addrset.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"

#define BITS_MIN 8

static size_t table_size(const struct addrset *s)
{
	return (size_t)1 << s->bits;
}

/* Return the entry of an address, or the free one that it would get. */
static struct addrset_entry *place(const struct addrset *s, uint64_t address)
{
	size_t i = address * UINT64_C(0x9e3779b97f4a7c15) >> (64 - s->bits);

	while (s->table[i].address && s->table[i].address != address)
		i = (i + 1) & (table_size(s) - 1);
	return &s->table[i];
}

static int init_table(struct addrset *s, unsigned int bits)
{
	*s = (struct addrset){
		.bits = bits,
		.table = calloc((size_t)1 << bits, sizeof(*s->table)),
	};
	return s->table ?
		       0 :
		       err_set(-ENOMEM, "no memory to remember %zu addresses", table_size(s) / 2);
}

int addrset_init(struct addrset *s)
{
	return init_table(s, BITS_MIN);
}

void addrset_deinit(struct addrset *s)
{
	free(s->table);
	*s = (struct addrset){ 0 };
}

static int grow(struct addrset *s)
{
	struct addrset more;
	int err = init_table(&more, s->bits + 1);

	if (err)
		return err;
	for (size_t i = 0; i < table_size(s); i++)
		if (s->table[i].address)
			*place(&more, s->table[i].address) = s->table[i];
	more.nr = s->nr;
	free(s->table);
	*s = more;
	return 0;
}

int addrset_add(struct addrset *s, uint64_t address, size_t value)
{
	struct addrset_entry *e = place(s, address);

	if (e->address)
		return -EEXIST;
	if ((s->nr + 1) * 2 > table_size(s)) {
		int err = grow(s);

		if (err)
			return err;
		e = place(s, address);
	}
	*e = (struct addrset_entry){ address, value };
	s->nr++;
	return 0;
}

struct addrset_entry *addrset_find(const struct addrset *s, uint64_t address)
{
	struct addrset_entry *e = place(s, address);

	return e->address ? e : NULL;
}
