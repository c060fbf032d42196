// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Code and modules of the crashed kernel: where it is, how it is unwound, what it is called.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "facts/declare.h"
#include "kernel/member.h"
#include "lib/array.h"
#include "lib/printable.h"
#include "symbols/kallsyms.h"
#include "triage/parts.h"

INIT_OPT_MOD_SYM(vmlinux, _stext);
INIT_OPT_MOD_SYM(vmlinux, _etext);
INIT_OPT_MOD_SYM(vmlinux, _sinittext);
INIT_OPT_MOD_SYM(vmlinux, _einittext);
INIT_OPT_MOD_SYM(vmlinux, __start_orc_unwind_ip);
INIT_OPT_MOD_SYM(vmlinux, __stop_orc_unwind_ip);
INIT_OPT_MOD_SYM(vmlinux, __start_orc_unwind);

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, taints);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, version);
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

/* Kinds of memory of a module. */
#define MODULE_MEMORY_MAX 16
/* Bits of module.taints that say it is not of the kernel's own source (TAINT_*). */
#define TAINT_PROPRIETARY_MODULE 0
#define TAINT_OOT_MODULE 12

/* Documentation/admin-guide/tainted-kernels.rst */
static const struct {
	char letter;
	const char *text;
} taints[] = {
	{ 'P', "proprietary module" },
	{ 'F', "module was force-loaded" },
	{ 'S', "kernel on an out-of-specification system" },
	{ 'R', "module was force-unloaded" },
	{ 'M', "machine check" },
	{ 'B', "bad page" },
	{ 'U', "requested by user space" },
	{ 'D', "kernel died before (oops or BUG)" },
	{ 'A', "ACPI table overridden" },
	{ 'W', "warning before" },
	{ 'C', "staging driver" },
	{ 'I', "workaround for firmware" },
	{ 'O', "out-of-tree module" },
	{ 'E', "unsigned module" },
	{ 'L', "soft lockup before" },
	{ 'K', "live patch" },
	{ 'X', "auxiliary taint of the distribution" },
	{ 'T', "structs were randomized" },
	{ 'N', "in-kernel test" },
	{ 'J', "firmware was changed by fwctl" },
};

const char *triage_taint(unsigned int n, char *letter)
{
	if (n >= ARRAY_SIZE(taints))
		return NULL;
	*letter = taints[n].letter;
	return taints[n].text;
}

/* --- modules --------------------------------------------------------------------- */

/* The n-th piece of memory of a module; the first is its code. */
static bool module_memory(const struct vmem *mem, vaddr_t module, unsigned int n, vaddr_t *base,
			  uint64_t *size)
{
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

static unsigned int nr_module_memory(void)
{
	return MOD_NUM_EXIST(vmlinux, MOD_MEM_NUM_TYPES) ?
		       min_u64(GET_MOD_NUM(vmlinux, MOD_MEM_NUM_TYPES), MODULE_MEMORY_MAX) :
		       1;
}

static void taint_letters(uint64_t bits, char *buf, size_t size)
{
	size_t len = 0;

	for (unsigned int n = 0; n < ARRAY_SIZE(taints) && len + 1 < size; n++)
		if (bits >> n & 1)
			buf[len++] = taints[n].letter;
	buf[len] = '\0';
}

static int add_module(struct triage *t, const struct kmodule *m)
{
	struct triage_module *to;
	const struct vmem *mem = &t->view->mem;
	uint64_t bits = member_or_0(mem, m->address, MEMBER(module, taints));
	uint64_t version = member_or_0(mem, m->address, MEMBER(module, version));
	uint64_t size;
	vaddr_t base;

	if (ARRAY_GROW(t->modules, t->nr_modules, "modules"))
		return -ENOMEM;
	to = &t->modules[t->nr_modules++];
	*to = (struct triage_module){ 0 };
	snprintf(to->name, sizeof(to->name), "%s", m->name);
	make_printable(to->name, strlen(to->name), "");
	if (version)
		read_name(mem, version, to->version, sizeof(to->version));
	for (unsigned int i = 0; i < nr_module_memory(); i++)
		if (module_memory(mem, m->address, i, &base, &size))
			to->bytes += size;
	taint_letters(bits, to->taints, sizeof(to->taints));
	to->out_of_tree = bits >> TAINT_OOT_MODULE & 1 || bits >> TAINT_PROPRIETARY_MODULE & 1;
	return 0;
}

/* Out-of-tree ones first, then by name. */
static int cmp_modules(const void *a, const void *b)
{
	const struct triage_module *x = a, *y = b;

	if (x->out_of_tree != y->out_of_tree)
		return x->out_of_tree ? -1 : 1;
	return strcmp(x->name, y->name);
}

int triage_read_modules(struct triage *t)
{
	const struct module_list *list = &t->view->tables->modules;
	int err = 0;

	if (list->why[0])
		triage_missing(t, "modules: %s", list->why);
	for (size_t i = 0; !err && i < list->nr; i++)
		err = add_module(t, &list->modules[i]);
	if (t->nr_modules)
		qsort(t->modules, t->nr_modules, sizeof(*t->modules), cmp_modules);
	return err;
}

/* --- code ------------------------------------------------------------------------ */

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
	}
	map->orc_sp = orc_stack_pointer(mem, &r);
	err = add_range(map, &r);
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

int triage_code_map(struct triage *t, struct code_map *map)
{
	const struct module_list *list = &t->view->tables->modules;
	int err = add_kernel(&t->view->mem, map);

	for (size_t i = 0; !err && i < list->nr; i++)
		err = add_module_code(&t->view->mem, map, list->modules[i].address);
	if (map->nr)
		qsort(map->ranges, map->nr, sizeof(*map->ranges), cmp_ranges);
	return err;
}

/* --- places ---------------------------------------------------------------------- */

struct triage_place triage_place_of(const struct triage *t, const struct unwind_frame *frame)
{
	struct triage_place p = {
		.pc = frame->pc,
		.exception = frame->exception,
		.reliable = frame->reliable,
	};
	struct kallsyms *ks = t->view->tables->kallsyms;
	struct ksym sym;

	/* A return address can be the end of its function, if that did not expect a return. */
	if (!search_kallsyms_by_address(ks, frame->pc - !frame->exception, &sym)) {
		p.symbol = sym.name;
		p.module = sym.module;
		p.offset = frame->pc - sym.value;
		p.size = sym.size;
	}
	return p;
}

void triage_place_text(const struct triage_place *p, char *buf, size_t size)
{
	if (!p->symbol)
		snprintf(buf, size, "0x%" PRIx64, p->pc);
	else
		snprintf(buf, size, "%s+0x%" PRIx64 "/0x%" PRIx64 "%s%s%s", p->symbol, p->offset,
			 p->size, p->module ? " [" : "", p->module ? p->module : "",
			 p->module ? "]" : "");
	make_printable(buf, strlen(buf), "");
}
