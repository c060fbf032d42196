// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/printk/walk.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"

#define PAGE 4096u

int printk_emit(struct printk_walk *w, const struct printk_record *rec)
{
	w->stats->records++;
	return w->fn ? w->fn(w->ctx, rec) : 0;
}

void printk_damage(struct printk_walk *w, uint64_t lost, const char *fmt, ...)
{
	va_list ap;

	w->stats->lost += lost;
	if (w->stats->why[0])
		return;
	va_start(ap, fmt);
	vsnprintf(w->stats->why, sizeof(w->stats->why), fmt, ap);
	va_end(ap);
}

int printk_read_u64(const struct vmem *mem, vaddr_t va, uint64_t *ret)
{
	uint8_t raw[8];
	int err = vmem_read(mem, va, raw, sizeof(raw));

	if (!err)
		*ret = load_u64(raw, mem->swap);
	return err;
}

uint64_t printk_unmapped_len(const struct vmem *mem, vaddr_t va)
{
	uint64_t rest = PAGE - va % PAGE, len;

	if (!mem->extent(mem->ctx, va, &len))
		return rest;
	return len ? max_u64(len, rest) : UINT64_MAX;
}

int printk_check_members(const struct printk_member *members, size_t nr, uint32_t struct_size)
{
	for (size_t i = 0; i < nr; i++) {
		if (members[i].known && !range_fits(members[i].off, members[i].size, struct_size))
			return err_set(-EBADMSG, "%s %u is invalid in a struct of %u bytes",
				       members[i].name, members[i].off, struct_size);
	}
	return 0;
}
