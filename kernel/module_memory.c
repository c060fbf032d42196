// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/module_memory.h"

#include "kernel/member.h"

/*
 * Since Linux kernel commit ac3b43283923 ("module: replace module_layout with module_memory")
 * (in v6.4).
 */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, mem);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module_memory, base);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module_memory, size);
INIT_OPT_MOD_NUM(vmlinux, MOD_TEXT);
INIT_OPT_MOD_NUM(vmlinux, MOD_RODATA);
INIT_OPT_MOD_NUM(vmlinux, MOD_INIT_TEXT);
/* Before. */
INIT_OPT_MOD_PATH(vmlinux, core_base, "module.core_layout.base");
INIT_OPT_MOD_PATH(vmlinux, core_size, "module.core_layout.size");
INIT_OPT_MOD_PATH(vmlinux, core_ro_size, "module.core_layout.ro_size");
INIT_OPT_MOD_PATH(vmlinux, init_base, "module.init_layout.base");
INIT_OPT_MOD_PATH(vmlinux, init_size, "module.init_layout.size");

#define MEMBER(s, m) GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, m)
#define PATH(id) GET_MOD_PATH_PTR(vmlinux, id)
#define IS_TYPE(n, type) (MOD_NUM_EXIST(vmlinux, type) && (n) == GET_MOD_NUM(vmlinux, type))

/* Element n of an array with one for each type of memory. */
static void piece_of_type(const struct vmem *mem, vaddr_t module, unsigned int n,
			  struct module_piece *ret)
{
	const struct ktype_info *array = MEMBER(module, mem);
	uint32_t size = GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, module_memory, base);
	vaddr_t at = module + array->member_bit_offset / 8 + (uint64_t)n * size;

	if (!size || n >= array->member_size / size)
		return;
	ret->base = member_or_0(mem, at, MEMBER(module_memory, base));
	ret->size = member_or_0(mem, at, MEMBER(module_memory, size));
	ret->code = IS_TYPE(n, MOD_TEXT) || IS_TYPE(n, MOD_INIT_TEXT);
	ret->constants = IS_TYPE(n, MOD_RODATA);
}

/* Code and constants, data, and all that is needed only at the beginning. */
static void piece_of_layout(const struct vmem *mem, vaddr_t module, unsigned int n,
			    struct module_piece *ret)
{
	vaddr_t base = path_or_0(mem, module, PATH(core_base));
	uint64_t size = path_or_0(mem, module, PATH(core_size));
	uint64_t constant = path_or_0(mem, module, PATH(core_ro_size));

	if (constant > size)
		constant = 0;
	if (n == 0)
		*ret = (struct module_piece){ .base = base, .size = constant, .code = true };
	else if (n == 1 && base)
		*ret = (struct module_piece){ .base = base + constant, .size = size - constant };
	else if (n == 2)
		*ret = (struct module_piece){
			.base = path_or_0(mem, module, PATH(init_base)),
			.size = path_or_0(mem, module, PATH(init_size)),
			.code = true,
		};
}

bool module_memory(const struct vmem *mem, vaddr_t module, unsigned int n, struct module_piece *ret)
{
	*ret = (struct module_piece){ 0 };
	if (MOD_STRUCT_MEMBER_EXIST(vmlinux, module, mem))
		piece_of_type(mem, module, n, ret);
	else
		piece_of_layout(mem, module, n, ret);
	return ret->base && ret->size;
}
