// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/unwind/code_map.h"

#include <stdlib.h>

#include "facts/on_demand.h"
#include "kernel/member.h"
#include "kernel/module_memory.h"
#include "kernel/unwind/unwind.h"
#include "lib/array.h"

INIT_OPT_MOD_SYM(vmlinux, _stext);
INIT_OPT_MOD_SYM(vmlinux, _etext);
INIT_OPT_MOD_SYM(vmlinux, _sinittext);
INIT_OPT_MOD_SYM(vmlinux, _einittext);
INIT_OPT_MOD_SYM(vmlinux, __start_orc_unwind_ip);
INIT_OPT_MOD_SYM(vmlinux, __stop_orc_unwind_ip);
INIT_OPT_MOD_SYM(vmlinux, __start_orc_unwind);
INIT_OPT_MOD_SYM(vmlinux, orc_lookup);

INIT_OPT_MOD_PATH(vmlinux, num_orcs, "module.arch.num_orcs");
INIT_OPT_MOD_PATH(vmlinux, orc_unwind_ip, "module.arch.orc_unwind_ip");
INIT_OPT_MOD_PATH(vmlinux, orc_unwind, "module.arch.orc_unwind");

static int add_range(struct code_map *map, const struct code_range *range)
{
	if (range->start >= range->end)
		return 0;
	if (ARRAY_GROW(map->ranges, map->nr, "ranges of code"))
		return -ENOMEM;
	map->ranges[map->nr++] = *range;
	map->has_orcs |= range->nr_orcs;
	return 0;
}

static int add_kernel(const struct vmem *mem, struct code_map *map)
{
	struct code_range r = { .start = SYMBOL(_stext), .end = SYMBOL(_etext) };
	int err;

	if (HAS_SYMBOL(__start_orc_unwind) && HAS_SYMBOL(__start_orc_unwind_ip) &&
	    SYMBOL(__stop_orc_unwind_ip) > SYMBOL(__start_orc_unwind_ip)) {
		r.orc_ip = SYMBOL(__start_orc_unwind_ip);
		r.orc = SYMBOL(__start_orc_unwind);
		r.nr_orcs = (SYMBOL(__stop_orc_unwind_ip) - SYMBOL(__start_orc_unwind_ip)) / 4;
		r.orc_lookup = HAS_SYMBOL(orc_lookup) ? SYMBOL(orc_lookup) : 0;
	}
	map->orc_sp = orc_stack_pointer(mem, &r);
	err = add_range(map, &r);
	r.orc_lookup = 0;
	r.start = SYMBOL(_sinittext);
	r.end = SYMBOL(_einittext);
	return err ? err : add_range(map, &r);
}

static int add_module_code(const struct vmem *mem, struct code_map *map, vaddr_t module)
{
	struct code_range r = {
		.orc_ip = path_or_0(mem, module, PATH(orc_unwind_ip)),
		.orc = path_or_0(mem, module, PATH(orc_unwind)),
	};
	int err = 0;

	if (r.orc_ip && r.orc)
		r.nr_orcs = path_or_0(mem, module, PATH(num_orcs));
	for (unsigned int i = 0; !err && i < MODULE_PIECES_MAX; i++) {
		struct module_piece piece;

		if (!module_memory(mem, module, i, &piece) || !piece.code ||
		    !checked_add(piece.base, piece.size, &r.end))
			continue;
		r.start = piece.base;
		err = add_range(map, &r);
	}
	return err;
}

static int cmp_ranges(const void *a, const void *b)
{
	const struct code_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

int code_map_read(struct code_map *map, const struct vmem *mem, const struct module_list *modules)
{
	int err;

	*map = (struct code_map){ 0 };
	err = add_kernel(mem, map);
	for (size_t i = 0; !err && i < modules->nr; i++)
		err = add_module_code(mem, map, modules->modules[i].address);
	if (err)
		code_map_free(map);
	else if (map->nr)
		qsort(map->ranges, map->nr, sizeof(*map->ranges), cmp_ranges);
	return err;
}

void code_map_free(struct code_map *map)
{
	free(map->ranges);
	*map = (struct code_map){ 0 };
}
