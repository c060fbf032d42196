// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Essential pages of modules: their data, symbols included, and the symbols that they export. These
 * lie among constants, of which debuggers read nothing else.
 */
#include "kernel/essential_search.h"
#include "kernel/member.h"
#include "kernel/module_memory.h"
#include "lib/array.h"
#include "symbols/module_list.h"

INIT_OPT_MOD_PATH(vmlinux, orc_ip, "module.arch.orc_unwind_ip");
INIT_OPT_MOD_PATH(vmlinux, orc, "module.arch.orc_unwind");
INIT_OPT_MOD_PATH(vmlinux, nr_orcs, "module.arch.num_orcs");
INIT_OPT_MOD_STRUCT(vmlinux, orc_entry);

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, syms);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, num_syms);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, gpl_syms);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, num_gpl_syms);
/*
 * An offset from itself since Linux kernel commit 7290d5809571 ("module: use relative references
 * for __ksymtab entries") (in v4.19), where the architecture has that; else a pointer.
 */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kernel_symbol, name_offset);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kernel_symbol, name);
INIT_OPT_MOD_STRUCT(vmlinux, kernel_symbol);

/*
 * Addresses of sections, and notes, which drgn identifies a module by. Notes are in a group since
 * Linux kernel commit 4723f16de64e ("module: sysfs: Add notes attributes through
 * attribute_group") (in v6.14); an array before.
 */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, sect_attrs);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, notes_attrs);
INIT_OPT_MOD_PATH(vmlinux, sections, "module_sect_attrs.grp.bin_attrs");
INIT_OPT_MOD_PATH(vmlinux, note_group, "module_notes_attrs.grp.bin_attrs");
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module_notes_attrs, notes);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module_notes_attrs, attrs);
INIT_OPT_MOD_PATH(vmlinux, attribute_name, "bin_attribute.attr.name");
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, bin_attribute, private);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, bin_attribute, size);
INIT_OPT_MOD_STRUCT(vmlinux, bin_attribute);

/* Bounds of sizes that the kernel's memory tells. */
#define MODULE_MAX (UINT64_C(64) << 20)
#define EXPORTS_MAX (1u << 16)
#define NAMES_MAX (UINT64_C(1) << 20)
#define NAME_MAX 2048
#define ORCS_MAX (UINT64_C(1) << 20)
#define ATTRIBUTES_MAX 1024
#define NOTE_MAX (UINT64_C(64) << 10)

/* Note where code of a module lies. */
static void note_code(struct essential *e, vaddr_t module, vaddr_t va, uint64_t len)
{
	struct vrange *all = &e->module_code;

	if (!len || ARRAY_GROW(e->modules, e->nr_modules, "modules"))
		return;
	e->modules[e->nr_modules++] =
		(struct essential_module){ .code = { va, va + len }, .address = module };
	all->start = all->end ? min_u64(all->start, va) : va;
	all->end = max_u64(all->end, va + len);
}

static void add_orcs(struct essential *e, vaddr_t module)
{
	struct ktype_info ip = member_of_path(PATH(orc_ip)), orc = member_of_path(PATH(orc)),
			  nr_orcs = member_of_path(PATH(nr_orcs));
	uint64_t nr;

	if (member_read(&e->mem, module, &nr_orcs, &nr))
		return;
	essential_add_object(e, module, &ip, min_u64(nr, ORCS_MAX) * 4);
	essential_add_object(e, module, &orc, min_u64(nr, ORCS_MAX) * SIZE(orc_entry));
}

void essential_add_module_code(struct essential *e, vaddr_t va)
{
	for (size_t i = 0; i < e->nr_modules; i++) {
		struct essential_module *m = &e->modules[i];

		if (va < m->code.start || va >= m->code.end)
			continue;
		if (!m->on_stack)
			add_orcs(e, m->address);
		m->on_stack = true;
		essential_add(e, va - ESSENTIAL_FUNCTION_BYTES,
			      ESSENTIAL_FUNCTION_BYTES +
				      min_u64(ESSENTIAL_AFTER_CALL_BYTES, m->code.end - va));
		return;
	}
}

static void find_pieces(struct essential *e, vaddr_t module)
{
	for (unsigned int i = 0; i < MODULE_PIECES_MAX; i++) {
		struct module_piece piece;

		if (!module_memory(&e->mem, module, i, &piece))
			continue;
		piece.size = min_u64(piece.size, MODULE_MAX);
		if (piece.code)
			note_code(e, module, piece.base, piece.size);
		else if (!piece.constants)
			essential_add(e, piece.base, piece.size);
	}
}

/* The name of an exported symbol. */
static int name_of(struct essential *e, vaddr_t symbol, vaddr_t *name)
{
	uint64_t offset;
	int64_t distance;
	int err = member_offset(MEMBER(kernel_symbol, name_offset), &offset);

	if (err)
		return member_read(&e->mem, symbol, MEMBER(kernel_symbol, name), name);
	err = member_read_signed(&e->mem, symbol, MEMBER(kernel_symbol, name_offset), &distance);
	*name = symbol + offset + distance;
	return err;
}

/* Debuggers read the names at once, with what lies between, and a few bytes more. */
static void find_exports(struct essential *e, vaddr_t module, const struct ktype_info *array,
			 const struct ktype_info *count)
{
	vaddr_t first = UINT64_MAX, last = 0, name;
	uint32_t size = SIZE(kernel_symbol);
	uint64_t symbols, nr;

	if (!size || member_read(&e->mem, module, array, &symbols) ||
	    member_read(&e->mem, module, count, &nr))
		return;
	for (uint64_t i = 0; i < min_u64(nr, EXPORTS_MAX); i++) {
		if (name_of(e, symbols + i * size, &name))
			return;
		first = min_u64(first, name);
		last = max_u64(last, name);
	}
	if (first <= last && last - first < NAMES_MAX)
		essential_add(e, first, last - first + NAME_MAX);
}

/* --- attributes ------------------------------------------------------------------ */

static void find_attribute(struct essential *e, vaddr_t attribute, bool is_note)
{
	struct ktype_info name = member_of_path(PATH(attribute_name));
	uint64_t note, size;

	/* The address of a section follows. */
	essential_add(e, attribute, SIZE(bin_attribute) + vmem_ulong_size(&e->mem));
	essential_add_object(e, attribute, &name, 1);
	if (is_note && !member_read(&e->mem, attribute, MEMBER(bin_attribute, private), &note) &&
	    !member_read(&e->mem, attribute, MEMBER(bin_attribute, size), &size))
		essential_add(e, note, min_u64(size, NOTE_MAX));
}

/* Find attributes by an array of pointers that ends with 0. */
static void find_group(struct essential *e, vaddr_t base, const struct kpath_info *path,
		       bool is_note)
{
	struct ktype_info member = member_of_path(path);
	unsigned int size = vmem_ulong_size(&e->mem);
	uint64_t array, attribute;

	if (member_read(&e->mem, base, &member, &array))
		return;
	for (unsigned int i = 0; i < ATTRIBUTES_MAX; i++) {
		if (vmem_read_ulong(&e->mem, array + i * size, &attribute) || !attribute)
			return;
		find_attribute(e, attribute, is_note);
	}
}

static void find_attributes(struct essential *e, vaddr_t module)
{
	uint64_t sections, notes, nr, offset;

	if (!member_read(&e->mem, module, MEMBER(module, sect_attrs), &sections) && sections)
		find_group(e, sections, PATH(sections), false);
	if (member_read(&e->mem, module, MEMBER(module, notes_attrs), &notes) || !notes)
		return;
	find_group(e, notes, PATH(note_group), true);
	if (member_read(&e->mem, notes, MEMBER(module_notes_attrs, notes), &nr) ||
	    member_offset(MEMBER(module_notes_attrs, attrs), &offset))
		return;
	for (uint64_t i = 0; i < min_u64(nr, ATTRIBUTES_MAX); i++)
		find_attribute(e, notes + offset + i * SIZE(bin_attribute), true);
}

void essential_find_modules(struct essential *e)
{
	struct module_list list;

	if (module_list_read(&list, &e->mem))
		return;
	for (size_t i = 0; i < list.nr; i++) {
		vaddr_t module = list.modules[i].address;

		find_pieces(e, module);
		find_exports(e, module, MEMBER(module, syms), MEMBER(module, num_syms));
		find_exports(e, module, MEMBER(module, gpl_syms), MEMBER(module, num_gpl_syms));
		find_attributes(e, module);
	}
	module_list_free(&list);
}
