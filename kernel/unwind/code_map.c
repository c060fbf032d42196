// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/unwind/code_map.h"

#include <stdlib.h>

#include "facts/on_demand.h"
#include "kernel/member.h"
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

/*
 * Since Linux kernel commit ac3b43283923 ("module: replace module_layout with module_memory")
 * (in v6.4).
 */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, mem);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module_memory, base);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module_memory, size);
INIT_OPT_MOD_NUM(vmlinux, MOD_TEXT);
INIT_OPT_MOD_NUM(vmlinux, MOD_MEM_NUM_TYPES);
/* Before. */
INIT_OPT_MOD_PATH(vmlinux, core_base, "module.core_layout.base");
INIT_OPT_MOD_PATH(vmlinux, core_size, "module.core_layout.size");
INIT_OPT_MOD_PATH(vmlinux, num_orcs, "module.arch.num_orcs");
INIT_OPT_MOD_PATH(vmlinux, orc_unwind_ip, "module.arch.orc_unwind_ip");
INIT_OPT_MOD_PATH(vmlinux, orc_unwind, "module.arch.orc_unwind");

static unsigned int nr_module_memory(void)
{
	return MOD_NUM_EXIST(vmlinux, MOD_MEM_NUM_TYPES) ?
		       min_u64(GET_MOD_NUM(vmlinux, MOD_MEM_NUM_TYPES), MODULE_MEMORY_MAX) :
		       1;
}

bool module_memory(const struct vmem *mem, vaddr_t module, unsigned int n, vaddr_t *base,
		   uint64_t *size)
{
	if (n >= nr_module_memory())
		return false;
	if (HAS_MEMBER(module, mem) && HAS_MEMBER(module_memory, base)) {
		vaddr_t at = module + OFFSET(module, mem) +
			     n * GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, module_memory, base);

		*base = member_or_0(mem, at, MEMBER(module_memory, base));
		*size = member_or_0(mem, at, MEMBER(module_memory, size));
	} else {
		*base = n ? 0 : path_or_0(mem, module, PATH(core_base));
		*size = n ? 0 : path_or_0(mem, module, PATH(core_size));
	}
	return *base && *size;
}

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
	uint64_t size;

	if (r.orc_ip && r.orc)
		r.nr_orcs = path_or_0(mem, module, PATH(num_orcs));
	if (!module_memory(mem, module, 0, &r.start, &size) || !checked_add(r.start, size, &r.end))
		return 0;
	return add_range(map, &r);
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
