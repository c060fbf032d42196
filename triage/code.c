// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Modules of the crashed kernel, and the names of places in its code.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "facts/on_demand.h"
#include "kernel/member.h"
#include "kernel/module_memory.h"
#include "lib/array.h"
#include "lib/printable.h"
#include "symbols/kallsyms.h"
#include "triage/parts.h"

INIT_OPT_MOD_SYM(vmlinux, modules);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, taints);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, version);
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
	struct module_piece piece;

	if (ARRAY_GROW(t->modules, t->nr_modules, "modules"))
		return -ENOMEM;
	to = &t->modules[t->nr_modules++];
	*to = (struct triage_module){ 0 };
	snprintf(to->name, sizeof(to->name), "%s", m->name);
	make_printable(to->name, strlen(to->name), "");
	if (version)
		read_name(mem, version, to->version, sizeof(to->version));
	for (unsigned int i = 0; i < MODULE_PIECES_MAX; i++)
		if (module_memory(mem, m->address, i, &piece))
			to->bytes += piece.size;
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
	else if (!HAS_SYMBOL(modules))
		triage_missing(t, "modules: SYMBOL(modules) is not known");
	for (size_t i = 0; !err && i < list->nr; i++)
		err = add_module(t, &list->modules[i]);
	if (t->nr_modules)
		qsort(t->modules, t->nr_modules, sizeof(*t->modules), cmp_modules);
	return err;
}

/* --- places ---------------------------------------------------------------------- */

struct triage_place triage_place_of(const struct triage *t, const struct code_map *code,
				    const struct unwind_frame *frame)
{
	const struct code_range *range = code_find(code, unwind_code(frame));
	struct triage_place p = {
		.pc = frame->pc,
		.exception = frame->exception,
		.reliable = frame->reliable,
	};
	struct kallsyms *ks = t->view->tables->kallsyms;
	struct ksym sym;

	if (!search_kallsyms_by_address(ks, unwind_code(frame), &sym)) {
		p.symbol = sym.name;
		p.module = sym.module;
		p.offset = frame->pc - sym.value;
		p.size = sym.size;
		/* The kernel, too, prints that the last function of a range ends with it. */
		if (range && sym.value < range->end)
			p.size = min_u64(p.size ?: UINT64_MAX, range->end - sym.value);
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
