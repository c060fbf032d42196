// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Types: the kernel's BTF, and that of a module on top of it.
 *
 * Input, numbers with the least significant byte first:
 *	1	flags: FUZZ_*, SCAN
 *	1	how far from a multiple of 8 the kernel's begins
 *	24	a name to print, padded with NULs
 *	4	bytes of the kernel's BTF
 *	...	the kernel's BTF, then the module's
 */
#include <stdio.h>
#include <stdlib.h>

#include "facts/declare.h"
#include "symbols/module_list.h"
#include "tests/fuzz/fuzz.h"
#include "types/btf_info.h"

/* No symbol says where the kernel's BTF is. */
#define SCAN 0x04

#define KERNEL UINT64_C(0xffffffff82345670)
#define MODULE UINT64_C(0xffffffffc0100010)
#define NAME_MAX 24
#define PAGE 4096
/* Bytes of text that will do: damaged types can have a MiB each. */
#define TEXT_ENOUGH 65536

/* mkseeds makes these, and the same of the module "fuzzed". */
INIT_OPT_MOD_STRUCT(vmlinux, page);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page, flags);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page, lru);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page, bits);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, twice, second);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, alias_t, counter);
INIT_OPT_MOD_NUM(vmlinux, PG_lru);
INIT_OPT_MOD_NUM(vmlinux, WIDE);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, zone, free_area);
INIT_OPT_MOD_VAR_LEN(vmlinux, per_cpu_array);
INIT_OPT_MOD_PATH(vmlinux, deep, "mm_struct.mm_mt.ma_root");
INIT_OPT_MOD_STRUCT(fuzzed, own);
INIT_OPT_MOD_STRUCT_MEMBER(fuzzed, own, lru);
INIT_OPT_MOD_STRUCT_MEMBER(fuzzed, page, flags);
INIT_OPT_MOD_NUM(fuzzed, OWN_NUMBER);
INIT_OPT_MOD_PATH(fuzzed, own_deep, "own.page.flags");

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	if (btf_info_supported())
		return 0;
	puts("built without libbpf");
	exit(77);
}

struct kernel_types {
	struct fuzz_memory memory;
	struct kmodule module;
	struct module_list modules;
	char name[NAME_MAX + 1];
};

static void set_up(struct kernel_types *k, const struct fact_set *set, struct fuzz_input *in)
{
	unsigned int flags = fuzz_number(in, 1);
	vaddr_t start = KERNEL + fuzz_number(in, 1) % 8;
	struct fuzz_input name = fuzz_bytes(in, NAME_MAX), kernel;

	kernel = fuzz_bytes(in, fuzz_number(in, 4));
	*k = (struct kernel_types){
		.module = { .name = "fuzzed", .btf = MODULE, .btf_size = in->size },
		.modules = { .modules = &k->module, .nr = 1 },
	};
	/* Names have only characters that a user can type. */
	for (size_t i = 0; i < name.size && name.data[i] > ' ' && name.data[i] <= '~'; i++)
		k->name[i] = name.data[i];
	fuzz_memory_init(&k->memory, flags);
	fuzz_memory_add(&k->memory, start, kernel);
	fuzz_memory_add(&k->memory, MODULE, *in);
	k->memory.mem.image_start = start & -(vaddr_t)PAGE;
	k->memory.mem.image_end = (start + kernel.size + PAGE) & -(vaddr_t)PAGE;
	facts_reset(set);
	if (flags & SCAN)
		return;
	fuzz_set_symbol(set, "__start_BTF", start);
	fuzz_set_symbol(set, "__stop_BTF", start + kernel.size);
}

static int print(void *ctx, const char *text)
{
	uint64_t *bytes = ctx;
	size_t len = strlen(text);

	assert(len && text[len - 1] == '\n' && fuzz_is_clean(text));
	*bytes += len;
	return *bytes > TEXT_ENOUGH ? -EINTR : 0;
}

static void check_print(struct btf_info *bi, const struct module_list *modules, const char *name)
{
	uint64_t bytes = 0;
	int nr = btf_info_print(bi, modules, name, print, &bytes);

	if (nr > 0)
		assert(bytes);
	else if (nr != -EINTR)
		fuzz_check_err(nr);
	assert(nr && (nr == -EINTR) == (bytes > TEXT_ENOUGH));
}

static void check_facts(const struct fact_set *set)
{
	for (size_t i = 0; i < set->nr_ktypes; i++) {
		const struct ktype_info *t = set->ktypes[i];

		assert(t->index >= 0 ||
		       !(t->member_bit_offset | t->member_bit_sz | t->member_size |
			 t->struct_size));
	}
	for (size_t i = 0; i < set->nr_knums; i++)
		assert(set->knums[i]->index >= 0 || !set->knums[i]->value);
	for (size_t i = 0; i < set->nr_klens; i++)
		assert(set->klens[i]->index >= 0 || !set->klens[i]->value);
	for (size_t i = 0; i < set->nr_kpaths; i++)
		assert(set->kpaths[i]->index >= 0 || !set->kpaths[i]->bit_offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	const struct fact_set set = facts_of_program();
	struct kernel_types k;
	struct btf_info *bi;
	int err;

	set_up(&k, &set, &in);
	err = btf_info_create(&bi, &k.memory.mem);
	assert(!err);
	err = register_ktype_section(bi, &set);
	assert(!err);
	err = init_kernel_btf(bi);
	fuzz_check_err(err);
	if (!err) {
		fuzz_check_err(init_module_btf(bi, &k.modules));
		check_print(bi, &k.modules, "*");
		check_print(bi, NULL, "mm_struct.mm_mt.ma_root");
		if (k.name[0])
			check_print(bi, &k.modules, k.name);
	}
	assert(fuzz_is_clean(btf_info_why(bi)));
	check_facts(&set);
	btf_info_destroy(bi);
	facts_reset(&set);
	return 0;
}
