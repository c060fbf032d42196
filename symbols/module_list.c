// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/module_list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts/facts.h"
#include "lib/addrset.h"
#include "lib/array.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/trace.h"

INIT_OPT_MOD_SYM(vmlinux, modules);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, state);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, name);
INIT_OPT_MOD_PATH(vmlinux, module_symtab, "module.core_kallsyms.symtab");
INIT_OPT_MOD_PATH(vmlinux, module_num_symtab, "module.core_kallsyms.num_symtab");
INIT_OPT_MOD_PATH(vmlinux, module_strtab, "module.core_kallsyms.strtab");
INIT_OPT_MOD_PATH(vmlinux, module_typetab, "module.core_kallsyms.typetab");
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, kallsyms);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mod_kallsyms, symtab);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mod_kallsyms, num_symtab);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mod_kallsyms, strtab);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mod_kallsyms, typetab);
INIT_OPT_MOD_SYM(vmlinux, btf_modules);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, btf_module, list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, btf_module, module);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, btf_module, btf);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, btf, data);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, btf, data_size);

/* Limit of bytes that are read of a struct, and of struct mod_kallsyms. */
#define STRUCT_MAX 65536
#define KALLSYMS_BYTES_MAX 64

/* enum module_state */
#define STATE_COMING 1
#define STATE_UNFORMED 3

/* --- structs of the kernel ---------------------------------------------------- */

/* Part of a struct. Its size is 0 if it is not known. */
struct field {
	const char *name;
	uint32_t off, size;
};

#define MEMBER(s, m, bytes) \
	(struct field) \
	{ \
		"OFFSET(" #s "." #m ")", GET_MOD_STRUCT_MEMBER_OFF(vmlinux, s, m), \
			MOD_STRUCT_MEMBER_EXIST(vmlinux, s, m) ? (bytes) : 0 \
	}
#define CORE_KALLSYMS(m, bytes) \
	(struct field) \
	{ \
		"OFFSET(module.core_kallsyms." #m ")", GET_MOD_PATH_OFF(vmlinux, module_##m) / 8, \
			MOD_PATH_EXIST(vmlinux, module_##m) ? (bytes) : 0 \
	}

/* Find the number of bytes of a struct that its fields need. */
static int fields_extent(const struct field *fields, size_t nr, size_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < nr; i++) {
		if (!range_fits(fields[i].off, fields[i].size, STRUCT_MAX))
			return err_set(-EBADMSG, "%s %" PRIu32 " is invalid", fields[i].name,
				       fields[i].off);
		if (fields[i].size)
			*ret = max_u64(*ret, fields[i].off + fields[i].size);
	}
	return 0;
}

/* A number of 4 or 8 bytes, such as a pointer; 0 if the field is not known. */
static uint64_t load_field(const struct vmem *mem, const uint8_t *raw, const struct field *f)
{
	return f->size ? load_ulong(raw + f->off, f->size == 8, mem->swap) : 0;
}

/* Add a sentence about a list, as long as it fits. */
__attribute__((format(printf, 2, 3))) static void complain(struct module_list *list,
							   const char *fmt, ...)
{
	size_t len = strlen(list->why), room = sizeof(list->why) - len;
	const char *before = len ? "; " : "";
	va_list ap;
	int n;

	n = snprintf(list->why + len, room, "%s", before);
	va_start(ap, fmt);
	if (n >= 0 && (size_t)n < room)
		n += vsnprintf(list->why + len + n, room - n, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		list->why[len] = '\0';
	else
		TRACE(MODULES, "%s", list->why + len + strlen(before));
}

/* --- a walk over a list ------------------------------------------------------- */

/* Index of an entry that belongs to no module of the list. */
#define NO_MODULE SIZE_MAX

struct walk {
	const struct vmem *mem;
	struct module_list *list; /* receives damage reports in its "why" */
	const char *name;
	struct field link; /* the struct list_head in an entry */
	size_t bytes;	   /* of an entry that are of interest */
	uint8_t *entry;	   /* the bytes of the one at hand, */
	vaddr_t at;	   /* and its address */
	vaddr_t head, next;
	vaddr_t after; /* in a walk back from the list's end: the list_head that was last; or 0 */
	/* The list_heads that were visited; of modules with their index in the list. */
	struct addrset seen;
	bool left_out; /* a visited entry was skipped */
};

static void walk_end(struct walk *w)
{
	free(w->entry);
	addrset_deinit(&w->seen);
}

static int walk_begin(struct walk *w)
{
	int err = addrset_init(&w->seen);

	if (err)
		return err;
	w->entry = malloc(w->bytes);
	if (!w->entry)
		return err_set(-ENOMEM, "no memory for an entry of %s", w->name);
	w->at = w->head;
	err = vmem_read_ulong(w->mem, w->head, &w->next);
	if (err == -ENOMEM)
		return err;
	if (err) {
		complain(w->list, "%s: its head at %#" PRIx64 " cannot be read", w->name, w->head);
		w->next = w->head;
	}
	return 0;
}

static void leave_out(struct walk *w, const char *what)
{
	if (!w->left_out)
		complain(w->list, "%s: entry %#" PRIx64 " left out: %s", w->name, w->at, what);
	w->left_out = true;
}

/* Values that list_del() writes: LIST_POISON1 and LIST_POISON2 (in older kernels 0x200). */
static bool is_poison(vaddr_t va)
{
	static const uint64_t delta[] = { 0, 0xdead000000000000, 0x5deadbeef0000000 };

	for (size_t i = 0; i < ARRAY_SIZE(delta); i++)
		if (va - delta[i] == 0x100 || va - delta[i] == 0x122 || va - delta[i] == 0x200)
			return true;
	return false;
}

/* Why no entry can be where the walk would go next, or NULL. */
static const char *next_fault(const struct walk *w)
{
	if (!w->next)
		return "no address";
	if (is_poison(w->next))
		return "poison";
	if (w->next % vmem_ulong_size(w->mem) || w->next <= w->link.off)
		return "no address of an entry";
	if (w->seen.nr == KMODULES_MAX)
		return "one too many";
	return NULL;
}

/* Visit a list_head for the first time. @return 0; -EEXIST; -ENOMEM */
static int visit(struct walk *w, vaddr_t node)
{
	w->at = node - w->link.off;
	return addrset_add(&w->seen, node, NO_MODULE);
}

/*
 * Go to the entry before, from the end of a list whose forward links are damaged: an entry counts
 * if it leads forward to the one after it.
 * @return 1; 0 where that ends; -ENOMEM
 */
static int walk_back(struct walk *w)
{
	uint32_t ulong_size = vmem_ulong_size(w->mem);

	for (;;) {
		vaddr_t node, next;
		int err = vmem_read_ulong(w->mem, w->after + ulong_size, &node);

		if (!err && (node % ulong_size || node <= w->link.off || node == w->head ||
			     w->seen.nr == KMODULES_MAX))
			return 0;
		if (!err)
			err = vmem_read_ulong(w->mem, node, &next);
		if (err)
			return err == -ENOMEM ? err : 0;
		if (next != w->after)
			return 0;
		err = visit(w, node);
		if (err)
			return err == -EEXIST ? 0 : err;
		w->after = node;
		err = vmem_read(w->mem, w->at, w->entry, w->bytes);
		if (!err || err == -ENOMEM)
			return err ? err : 1;
		leave_out(w, "it cannot be read");
	}
}

/* The rest of the list can be reached from its end only. */
static int turn_back(struct walk *w)
{
	w->after = w->head;
	return walk_back(w);
}

/*
 * Go to the next entry that can be read; from where the list is damaged, to the entries after it,
 * the last one first.
 * @return 1; 0 at the end of the list, or if no other can be reached; -ENOMEM
 */
static int walk_next(struct walk *w)
{
	if (w->after)
		return walk_back(w);
	while (w->next != w->head) {
		const char *fault = next_fault(w);
		vaddr_t before = w->at;
		int err = fault ? 0 : visit(w, w->next);

		if (err == -EEXIST)
			fault = "an entry that came before";
		else if (err)
			return err;
		if (fault) {
			complain(w->list, "%s: what follows %#" PRIx64 " is %s (%#" PRIx64 ")",
				 w->name, before, fault, w->next);
			return turn_back(w);
		}
		err = vmem_read(w->mem, w->at, w->entry, w->bytes);
		if (!err) {
			w->next = load_field(w->mem, w->entry, &w->link);
			return 1;
		}
		if (err == -ENOMEM)
			return err;
		/* The following entries may be readable. */
		if (vmem_read_ulong(w->mem, w->next, &w->next)) {
			complain(w->list, "%s: entry %#" PRIx64 " cannot be read", w->name, w->at);
			return turn_back(w);
		}
		leave_out(w, "it cannot be read");
	}
	return 0;
}

/* --- modules ------------------------------------------------------------------ */

/* There is no module without the first three. */
enum { M_LIST, M_STATE, M_NAME, M_SYMTAB, M_NUM_SYMTAB, M_STRTAB, M_TYPETAB, M_KALLSYMS, NR_M };
/* struct mod_kallsyms */
enum { K_SYMTAB, K_NUM_SYMTAB, K_STRTAB, K_TYPETAB, NR_K };

static void module_fields(struct field f[NR_M], const struct vmem *mem)
{
	uint32_t ulong_size = vmem_ulong_size(mem);
	uint32_t name_size = GET_MOD_STRUCT_MEMBER_MSIZE(vmlinux, module, name);

	/* MODULE_NAME_LEN */
	if (!name_size)
		name_size = 64 - ulong_size;
	f[M_LIST] = MEMBER(module, list, ulong_size);
	f[M_STATE] = MEMBER(module, state, 4);
	f[M_NAME] = MEMBER(module, name, min_u64(name_size, KMODULE_NAME_MAX));
	f[M_SYMTAB] = CORE_KALLSYMS(symtab, ulong_size);
	f[M_NUM_SYMTAB] = CORE_KALLSYMS(num_symtab, 4);
	f[M_STRTAB] = CORE_KALLSYMS(strtab, ulong_size);
	f[M_TYPETAB] = CORE_KALLSYMS(typetab, ulong_size);
	f[M_KALLSYMS] = MEMBER(module, kallsyms, ulong_size);
}

/*
 * While a module is initialized it has all its symbols, those of the code that does it included;
 * core_kallsyms has those that stay, since Linux kernel commit 8244062ef1e5 ("modules: fix
 * longstanding /proc/kallsyms vs module insertion race.") (in v4.5).
 */
static void take_all_symbols(const struct vmem *mem, vaddr_t kallsyms, struct kmodule *m)
{
	uint32_t ulong_size = vmem_ulong_size(mem);
	const struct field f[NR_K] = {
		[K_SYMTAB] = MEMBER(mod_kallsyms, symtab, ulong_size),
		[K_NUM_SYMTAB] = MEMBER(mod_kallsyms, num_symtab, 4),
		[K_STRTAB] = MEMBER(mod_kallsyms, strtab, ulong_size),
		[K_TYPETAB] = MEMBER(mod_kallsyms, typetab, ulong_size),
	};
	uint8_t raw[KALLSYMS_BYTES_MAX] = { 0 };
	size_t bytes;

	if (!kallsyms || !f[K_SYMTAB].size || !f[K_NUM_SYMTAB].size || !f[K_STRTAB].size ||
	    fields_extent(f, NR_K, &bytes) || bytes > sizeof(raw) ||
	    vmem_read(mem, kallsyms, raw, bytes))
		return;
	m->symtab = load_field(mem, raw, &f[K_SYMTAB]);
	m->strtab = load_field(mem, raw, &f[K_STRTAB]);
	m->typetab = load_field(mem, raw, &f[K_TYPETAB]);
	m->num_symtab = load_field(mem, raw, &f[K_NUM_SYMTAB]);
}

static int add_module(struct module_list *list, const struct kmodule *module)
{
	if (ARRAY_GROW(list->modules, list->nr, "modules"))
		return -ENOMEM;
	list->modules[list->nr++] = *module;
	return 0;
}

/* Return whether a text consists of characters of a name, and has at least one. */
static bool is_name(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	}
	return len;
}

/* @return 1 if the entry at hand is a module that has something to show, else 0 */
static int decode_module(struct walk *w, const struct field f[NR_M], struct kmodule *m)
{
	const char *name = (const char *)w->entry + f[M_NAME].off;
	uint64_t state = load_field(w->mem, w->entry, &f[M_STATE]);
	size_t len = strnlen(name, f[M_NAME].size);

	if (state > STATE_UNFORMED) {
		leave_out(w, "it has no state of a module");
		return 0;
	}
	if (state == STATE_UNFORMED) {
		w->list->unformed++;
		return 0;
	}
	if (len == f[M_NAME].size || !is_name(name, len)) {
		leave_out(w, "it has no name");
		return 0;
	}
	*m = (struct kmodule){
		.address = w->at,
		.symtab = load_field(w->mem, w->entry, &f[M_SYMTAB]),
		.strtab = load_field(w->mem, w->entry, &f[M_STRTAB]),
		.typetab = load_field(w->mem, w->entry, &f[M_TYPETAB]),
		.num_symtab = load_field(w->mem, w->entry, &f[M_NUM_SYMTAB]),
	};
	memcpy(m->name, name, len);
	if (state == STATE_COMING && f[M_KALLSYMS].size)
		take_all_symbols(w->mem, load_field(w->mem, w->entry, &f[M_KALLSYMS]), m);
	return 1;
}

static int walk_modules(struct walk *w, const struct field f[NR_M])
{
	int err = walk_begin(w);

	if (err)
		return err;
	while ((err = walk_next(w)) > 0) {
		vaddr_t node = w->at + w->link.off;
		struct kmodule m;

		if (!decode_module(w, f, &m))
			continue;
		err = add_module(w->list, &m);
		if (err)
			return err;
		TRACE(MODULES, "%s: struct module at %#" PRIx64 ", %u symbols", m.name, m.address,
		      m.num_symtab);
		addrset_find(&w->seen, node)->value = w->list->nr - 1;
	}
	return err;
}

/* --- their BTF ---------------------------------------------------------------- */

enum { BM_LIST, BM_MODULE, BM_BTF, NR_BM };
enum { B_DATA, B_DATA_SIZE, NR_B };

/* @return 0; -ENOENT, also if something is not known; -EBADMSG */
static int btf_fields(const struct vmem *mem, struct field bm[NR_BM], size_t *bm_bytes,
		      struct field b[NR_B], size_t *b_bytes)
{
	uint32_t ulong_size = vmem_ulong_size(mem);
	int err;

	bm[BM_LIST] = MEMBER(btf_module, list, ulong_size);
	bm[BM_MODULE] = MEMBER(btf_module, module, ulong_size);
	bm[BM_BTF] = MEMBER(btf_module, btf, ulong_size);
	b[B_DATA] = MEMBER(btf, data, ulong_size);
	b[B_DATA_SIZE] = MEMBER(btf, data_size, 4);
	if (!MOD_SYM_EXIST(vmlinux, btf_modules))
		return -ENOENT;
	for (unsigned int i = 0; i < NR_BM; i++)
		if (!bm[i].size)
			return -ENOENT;
	for (unsigned int i = 0; i < NR_B; i++)
		if (!b[i].size)
			return -ENOENT;
	err = fields_extent(bm, NR_BM, bm_bytes);
	return err ? err : fields_extent(b, NR_B, b_bytes);
}

/* The module that an entry of btf_modules belongs to, if it is listed. */
static struct kmodule *btf_owner(const struct walk *w, const struct walk *modules,
				 const struct field *f)
{
	vaddr_t node = load_field(w->mem, w->entry, f) + modules->link.off;
	const struct addrset_entry *e = addrset_find(&modules->seen, node);

	return e && e->value != NO_MODULE ? &w->list->modules[e->value] : NULL;
}

static int walk_btf(struct walk *w, const struct walk *modules, const struct field bm[NR_BM],
		    const struct field b[NR_B], uint8_t *btf, size_t btf_bytes)
{
	int err = walk_begin(w);

	if (err)
		return err;
	while ((err = walk_next(w)) > 0) {
		struct kmodule *m = btf_owner(w, modules, &bm[BM_MODULE]);

		/* Skip BTF of modules that the first walk rejected. */
		if (!m)
			continue;
		err = vmem_read(w->mem, load_field(w->mem, w->entry, &bm[BM_BTF]), btf, btf_bytes);
		if (err == -ENOMEM)
			return err;
		if (err) {
			leave_out(w, "its struct btf cannot be read");
			continue;
		}
		m->btf = load_field(w->mem, btf, &b[B_DATA]);
		m->btf_size = load_field(w->mem, btf, &b[B_DATA_SIZE]);
	}
	return err;
}

static int find_btf(struct module_list *list, const struct vmem *mem, const struct walk *modules)
{
	struct field bm[NR_BM], b[NR_B];
	struct walk w = { .mem = mem, .list = list, .name = "btf_modules" };
	_cleanup_free_ uint8_t *btf = NULL;
	size_t btf_bytes = 0;
	int err = btf_fields(mem, bm, &w.bytes, b, &btf_bytes);

	if (err == -EBADMSG)
		complain(list, "%s: %s", w.name, err_text(err));
	if (err)
		return 0;
	btf = malloc(btf_bytes);
	if (!btf)
		return err_set(-ENOMEM, "no memory for a struct btf");
	w.link = bm[BM_LIST];
	w.head = GET_MOD_SYM(vmlinux, btf_modules);
	err = walk_btf(&w, modules, bm, b, btf, btf_bytes);
	walk_end(&w);
	return err;
}

int module_list_read(struct module_list *list, const struct vmem *mem)
{
	struct walk w = { .mem = mem, .list = list, .name = "modules" };
	struct fact_list missing = { 0 };
	struct field f[NR_M];
	int err;

	*list = (struct module_list){ 0 };
	module_fields(f, mem);
	FACTS_REQUIRE_SYM(&missing, modules);
	for (unsigned int i = M_LIST; i <= M_NAME; i++)
		facts_need(&missing, f[i].size != 0, f[i].name);
	if (facts_check(&missing))
		return -ENOENT;
	err = fields_extent(f, NR_M, &w.bytes);
	if (err)
		return err;
	w.link = f[M_LIST];
	w.head = GET_MOD_SYM(vmlinux, modules);
	err = walk_modules(&w, f);
	TRACE(MODULES, "%zu modules, %u being loaded or unloaded", list->nr, list->unformed);
	if (!err)
		err = find_btf(list, mem, &w);
	walk_end(&w);
	if (err)
		module_list_free(list);
	return err;
}

void module_list_free(struct module_list *list)
{
	free(list->modules);
	*list = (struct module_list){ 0 };
}

static bool same_module_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return *a == *b;
}

const struct kmodule *module_list_find(const struct module_list *list, const char *name)
{
	for (size_t i = 0; i < list->nr; i++)
		if (same_module_name(list->modules[i].name, name))
			return &list->modules[i];
	return NULL;
}
