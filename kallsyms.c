// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/kallsyms.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts/declare.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/trace.h"
#include "symbols/kallsyms_encoding.h"
#include "symbols/kallsyms_index.h"
#include "symbols/kallsyms_scan.h"
#include "symbols/kallsyms_tables.h"
#include "symbols/module_list.h"
#include "symbols/module_symbols.h"
#include "symbols/symbol_match.h"

/*
 * In VMCOREINFO since Linux kernel commit 5fd8fea935a1 ("vmcoreinfo: include
 * kallsyms symbols") (in v6.0).
 */
INIT_OPT_MOD_SYM(vmlinux, kallsyms_names);
INIT_OPT_MOD_SYM(vmlinux, kallsyms_num_syms);
INIT_OPT_MOD_SYM(vmlinux, kallsyms_token_table);
INIT_OPT_MOD_SYM(vmlinux, kallsyms_token_index);
INIT_OPT_MOD_SYM(vmlinux, kallsyms_addresses);
INIT_OPT_MOD_SYM(vmlinux, kallsyms_offsets);
INIT_OPT_MOD_SYM(vmlinux, kallsyms_relative_base);

struct kallsyms {
	const struct vmem *mem;
	struct fact_set *sets;
	size_t nr_sets;
	bool have_tables, have_values, scanned;
	struct kallsyms_tables tables;
	struct ksym_values values;
	struct ksym_tokens *tokens;
	const struct module_list *modules; /* or NULL */
	struct kallsyms_index *index;	   /* NULL before the first use */
	char why[256];
};

int kallsyms_create(struct kallsyms **ret, const struct vmem *mem)
{
	struct kallsyms *ks = calloc(1, sizeof(*ks));

	if (ks)
		ks->tokens = malloc(sizeof(*ks->tokens));
	if (!ks || !ks->tokens) {
		free(ks);
		return err_set(-ENOMEM, "no memory for symbols");
	}
	ks->mem = mem;
	*ret = ks;
	return 0;
}

void kallsyms_destroy(struct kallsyms *ks)
{
	if (!ks)
		return;
	kallsyms_index_destroy(ks->index);
	free(ks->tokens);
	free(ks->sets);
	free(ks);
}

int register_ksym_section(struct kallsyms *ks, const struct fact_set *set)
{
	struct fact_set *sets = reallocarray(ks->sets, ks->nr_sets + 1, sizeof(*sets));

	if (!sets)
		return err_set(-ENOMEM, "no memory for declarations");
	ks->sets = sets;
	ks->sets[ks->nr_sets++] = *set;
	return 0;
}

bool kallsyms_scanned(const struct kallsyms *ks)
{
	return ks->scanned;
}

const char *kallsyms_why(const struct kallsyms *ks)
{
	return ks->why;
}

/* Remember what was wrong; what came first counts. */
static int record_error(struct kallsyms *ks, int err)
{
	if (err && err != -ENOENT && !ks->why[0])
		snprintf(ks->why, sizeof(ks->why), "kallsyms: %s", err_text(err));
	return err;
}

/* --- where the tables are --------------------------------------------------- */

static int read_num_syms(const struct vmem *mem, vaddr_t va, uint32_t *ret)
{
	uint64_t word;
	int err = vmem_read_u32(mem, va, ret);

	/* An unsigned long before v4.20, of which these may be the upper 32 bits. */
	if (!err && !*ret && !vmem_read_ulong(mem, va, &word) && word <= KSYMS_MAX)
		*ret = word;
	if (!err && (!*ret || *ret > KSYMS_MAX))
		err = err_set(-EBADMSG, "%" PRIu32 " symbols are invalid", *ret);
	return err;
}

static void add_exported_values(struct kallsyms_tables *t, const struct vmem *mem)
{
	vaddr_t offsets = GET_MOD_SYM(vmlinux, kallsyms_offsets);
	uint64_t base;

	if (MOD_SYM_EXIST(vmlinux, kallsyms_addresses))
		kallsyms_add_candidate(t, KSYM_ABSOLUTE, GET_MOD_SYM(vmlinux, kallsyms_addresses),
				       0);
	if (!MOD_SYM_EXIST(vmlinux, kallsyms_offsets))
		return;
	if (MOD_SYM_EXIST(vmlinux, kallsyms_relative_base)) {
		/* Known symbols tell it, too. */
		if (vmem_read_ulong(mem, GET_MOD_SYM(vmlinux, kallsyms_relative_base), &base))
			base = 0;
		kallsyms_add_candidate(t, KSYM_BASE_RELATIVE, offsets, base);
		kallsyms_add_candidate(t, KSYM_ABSOLUTE_PERCPU, offsets, base);
	}
	kallsyms_add_candidate(t, KSYM_PLACE_RELATIVE, offsets, 0);
	kallsyms_add_candidate(t, KSYM_PLAIN, offsets, 0);
}

static int use_exported(struct kallsyms *ks)
{
	struct kallsyms_tables *t = &ks->tables;
	int err;

	if (!MOD_SYM_EXIST(vmlinux, kallsyms_names) || !MOD_SYM_EXIST(vmlinux, kallsyms_num_syms) ||
	    !MOD_SYM_EXIST(vmlinux, kallsyms_token_table) ||
	    !MOD_SYM_EXIST(vmlinux, kallsyms_token_index))
		return err_set(-ENOENT, "VMCOREINFO does not say where the symbol tables are");
	*t = (struct kallsyms_tables){
		.names = GET_MOD_SYM(vmlinux, kallsyms_names),
		.token_table = GET_MOD_SYM(vmlinux, kallsyms_token_table),
		.token_index = GET_MOD_SYM(vmlinux, kallsyms_token_index),
	};
	if (t->token_table <= t->names || t->token_table - t->names > KSYM_NAMES_MAX)
		return err_set(-EBADMSG,
			       "kallsyms_names %#" PRIx64 " and kallsyms_token_table %#" PRIx64
			       " are invalid",
			       t->names, t->token_table);
	err = read_num_syms(ks->mem, GET_MOD_SYM(vmlinux, kallsyms_num_syms), &t->num_syms);
	if (!err)
		err = ksym_tokens_read(ks->tokens, ks->mem, t->token_table, t->token_index);
	if (err)
		return err;
	add_exported_values(t, ks->mem);
	kallsyms_find_markers(t, ks->mem);
	return 0;
}

static int use_scanned(struct kallsyms *ks)
{
	int err;

	ks->scanned = true;
	err = kallsyms_scan(&ks->tables, ks->mem);
	if (!err)
		err = ksym_tokens_read(ks->tokens, ks->mem, ks->tables.token_table,
				       ks->tables.token_index);
	return err;
}

/* --- the kernel's symbols --------------------------------------------------- */

static bool missing(const struct ksym_info *s, const char *module)
{
	return fact_is_missing(s->index, s->modname, module);
}

/* All names that are missing of one module; evidence too if it is the kernel itself. */
static int want_missing(struct symbol_match *w, const struct kallsyms *ks, const char *module)
{
	size_t max = KSYM_EVIDENCE_NAMES;
	int err;

	for (size_t i = 0; i < ks->nr_sets; i++)
		max += ks->sets[i].nr_ksyms;
	err = symbol_match_init(w, max);
	if (err)
		return err;
	for (size_t i = 0; i < ks->nr_sets; i++) {
		for (size_t j = 0; j < ks->sets[i].nr_ksyms; j++) {
			if (missing(ks->sets[i].ksyms[j], module))
				symbol_match_add(w, ks->sets[i].ksyms[j]->symname);
		}
	}
	return 0;
}

/* One pass over all names. @return symbols that could not be read */
static int match_names(struct kallsyms *ks, struct symbol_match *w, uint32_t *lost)
{
	struct ksym_stream *s = malloc(sizeof(*s));
	char text[KSYM_TEXT_MAX];
	struct ksym_filter f;
	const uint8_t *entry;
	uint32_t index;
	size_t len;
	int err;

	if (!s)
		return err_set(-ENOMEM, "no memory to read symbols");
	err = ksym_filter_init(&f, ks->tokens, w);
	ksym_stream_init(s, ks->mem, &ks->tables);
	while (!err && (len = ksym_stream_next(s, &f, &index, &entry))) {
		len = ksym_expand(ks->tokens, entry, len, text);
		if (len)
			symbol_match_offer(w, text + 1, len - 1, text[0], index);
	}
	*lost = s->lost;
	ksym_filter_deinit(&f);
	free(s);
	return err;
}

/* The address that all symbols of a name agree on. */
static int agreed_value(const struct kallsyms *ks, const struct symbol_match_name *n, bool by_index,
			uint64_t *ret)
{
	if (n->nr > KSYM_MATCHES_MAX)
		return -ENOTUNIQ;
	for (unsigned int i = 0; i < n->nr; i++) {
		uint64_t value = n->refs[i];
		int err = by_index ? ksym_value(ks->mem, &ks->values, n->refs[i], &value) : 0;

		if (err)
			return err;
		if (i && value != *ret)
			return -ENOTUNIQ;
		*ret = value;
	}
	return n->nr ? 0 : -ENOENT;
}

/* Give the missing declarations what was found. */
static int fill_in(const struct kallsyms *ks, const struct symbol_match *w, const char *module,
		   bool by_index)
{
	int ret = 0;

	for (size_t i = 0; i < ks->nr_sets; i++) {
		for (size_t j = 0; j < ks->sets[i].nr_ksyms; j++) {
			struct ksym_info *s = ks->sets[i].ksyms[j];
			const struct symbol_match_name *n;
			uint64_t value = 0;
			int err;

			if (!missing(s, module))
				continue;
			n = symbol_match_find(w, s->symname);
			err = n ? agreed_value(ks, n, by_index, &value) : -ENOENT;
			if (!err) {
				s->value = value;
				s->index = FACT_KALLSYMS;
			} else if (err == -ENOTUNIQ) {
				s->index = FACT_AMBIGUOUS;
				TRACE(KALLSYMS, "%s is ambiguous: %u symbols differ", s->symname,
				      n->nr);
			} else if (err != -ENOENT) {
				ret = err;
			}
		}
	}
	return ret;
}

static int names_lost(const struct kallsyms *ks, uint32_t lost)
{
	return err_set(-EBADMSG,
		       "the names of %" PRIu32 " of %" PRIu32 " symbols are damaged or missing",
		       lost, ks->tables.num_syms);
}

/* Read names from the tables, and find out how to read values. */
static int try_tables(struct kallsyms *ks, struct symbol_match *w, uint32_t *lost)
{
	int err = want_missing(w, ks, "vmlinux");

	if (err)
		return err;
	ksym_evidence_want(w);
	err = match_names(ks, w, lost);
	if (!err && !ks->have_values)
		err = kallsyms_encoding_choose(&ks->values, ks->mem, &ks->tables, w, ks->sets,
					       ks->nr_sets);
	/* Without names nothing is known of addresses. */
	if (err == -EBADMSG && *lost)
		err = names_lost(ks, *lost);
	if (err)
		symbol_match_deinit(w);
	return err;
}

static int find_tables(struct kallsyms *ks, struct symbol_match *w, uint32_t *lost)
{
	int err, exported_err;

	if (ks->have_tables)
		return try_tables(ks, w, lost);
	exported_err = record_error(ks, use_exported(ks));
	TRACE(KALLSYMS, "tables of VMCOREINFO: %s",
	      exported_err ? err_text(exported_err) : "readable");
	if (!exported_err)
		exported_err = record_error(ks, try_tables(ks, w, lost));
	if (!exported_err || exported_err == -ENOMEM)
		return exported_err;
	err = use_scanned(ks);
	TRACE(KALLSYMS, "search of the kernel image: %s", err ? err_text(err) : "found");
	if (!err)
		err = try_tables(ks, w, lost);
	/* Damage of the tables is a better reason than the absence of others. */
	return err == -ENOENT && exported_err != -ENOENT ?
		       err_set(exported_err, "%s", ks->why[0] ? ks->why : err_text(err)) :
		       err;
}

int init_kernel_kallsyms(struct kallsyms *ks)
{
	struct symbol_match w;
	uint32_t lost = 0;
	int err = find_tables(ks, &w, &lost);

	if (err)
		return record_error(ks, err);
	ks->have_tables = ks->have_values = true;
	TRACE(KALLSYMS, "%" PRIu32 " symbols, names at %#" PRIx64, ks->tables.num_syms,
	      ks->tables.names);
	err = fill_in(ks, &w, "vmlinux", true);
	symbol_match_deinit(&w);
	if (!err && lost)
		err = names_lost(ks, lost);
	return record_error(ks, err);
}

/* --- modules' symbols ------------------------------------------------------- */

static int match_module_symbol(void *ctx, const struct kmodule_symbol *sym)
{
	if (!sym->foreign)
		symbol_match_offer(ctx, sym->name, sym->name_len, sym->type, sym->value);
	return 0;
}

static bool is_wanted(const struct kallsyms *ks, const char *module)
{
	for (size_t i = 0; i < ks->nr_sets; i++) {
		for (size_t j = 0; j < ks->sets[i].nr_ksyms; j++) {
			if (missing(ks->sets[i].ksyms[j], module))
				return true;
		}
	}
	return false;
}

int init_module_kallsyms(struct kallsyms *ks, const struct module_list *modules)
{
	int ret = 0;

	ks->modules = modules;
	for (size_t i = 0; i < modules->nr && ret != -ENOMEM; i++) {
		const struct kmodule *m = &modules->modules[i];
		struct symbol_match w;
		int err;

		if (!strcmp(m->name, "vmlinux") || !is_wanted(ks, m->name))
			continue;
		err = want_missing(&w, ks, m->name);
		if (!err) {
			ret = kmodule_for_each_symbol(m, ks->mem, match_module_symbol, &w) ?: ret;
			fill_in(ks, &w, m->name, false);
			symbol_match_deinit(&w);
		}
		ret = err ?: ret;
		record_error(ks, ret);
	}
	return ret;
}

/* --- all symbols ------------------------------------------------------------ */

/* Values of symbols, read many at once. */
struct value_window {
	uint32_t first, nr;
	uint64_t values[KSYM_VALUES_CHUNK];
};

static bool window_value(const struct kallsyms *ks, struct value_window *win, uint32_t index,
			 uint64_t *ret)
{
	if (index < win->first || index - win->first >= win->nr) {
		win->first = index - index % KSYM_VALUES_CHUNK;
		win->nr = min_u64(KSYM_VALUES_CHUNK, ks->tables.num_syms - win->first);
		if (ksym_values_read(ks->mem, &ks->values, win->first, win->nr, win->values)) {
			win->nr = 0;
			return !ksym_value(ks->mem, &ks->values, index, ret);
		}
	}
	*ret = win->values[index - win->first];
	return true;
}

static int for_each_of_kernel(struct kallsyms *ks, int (*fn)(void *ctx, const struct ksym *sym),
			      void *ctx, uint32_t *lost)
{
	struct {
		struct ksym_stream stream;
		struct value_window window;
		char text[KSYM_TEXT_MAX];
	} *b = calloc(1, sizeof(*b));
	const uint8_t *entry;
	uint32_t index;
	size_t len;
	int ret = 0;

	if (!b)
		return err_set(-ENOMEM, "no memory to read symbols");
	ksym_stream_init(&b->stream, ks->mem, &ks->tables);
	while (!ret && (len = ksym_stream_next(&b->stream, NULL, &index, &entry))) {
		struct ksym sym = { .name = b->text + 1 };

		if (!ksym_expand(ks->tokens, entry, len, b->text) ||
		    !window_value(ks, &b->window, index, &sym.value)) {
			++*lost;
			continue;
		}
		sym.type = b->text[0];
		ret = fn(ctx, &sym);
	}
	*lost += b->stream.lost;
	free(b);
	return ret;
}

/* Pass a module's symbols to a visitor for all symbols. */
struct module_walk {
	int (*fn)(void *ctx, const struct ksym *sym);
	void *ctx;
	bool foreign; /* those of others, too */
	const char *module;
	uint32_t count; /* of all modules */
	bool ended;	/* by fn */
};

static int give_module_symbol(void *ctx, const struct kmodule_symbol *s)
{
	struct module_walk *walk = ctx;
	const struct ksym sym = {
		.name = s->name,
		.module = walk->module,
		.type = s->type,
		.value = s->value,
	};
	int ret = -EBADMSG;

	if (s->foreign && !walk->foreign)
		return 0;
	/* Many modules may claim the same large table. */
	if (walk->count++ == KSYMS_MAX)
		err_set(ret, "modules have more than %u symbols", KSYMS_MAX);
	else
		ret = walk->fn(walk->ctx, &sym);
	walk->ended = ret;
	return ret;
}

static int walk_symbols(struct kallsyms *ks, int (*fn)(void *ctx, const struct ksym *sym),
			void *ctx, bool foreign)
{
	struct module_walk walk = { .fn = fn, .ctx = ctx, .foreign = foreign };
	uint32_t lost = 0;
	int ret, err = 0;

	if (!ks->have_values)
		return err_set(-ENOENT, "%s",
			       ks->why[0] ? ks->why : "no symbol tables (kallsyms) were found");
	ret = for_each_of_kernel(ks, fn, ctx, &lost);
	if (ret)
		return ret;
	for (size_t i = 0; ks->modules && i < ks->modules->nr; i++) {
		walk.module = ks->modules->modules[i].name;
		ret = kmodule_for_each_symbol(&ks->modules->modules[i], ks->mem, give_module_symbol,
					      &walk);
		if (walk.ended || ret == -ENOMEM)
			return ret;
		err = ret ?: err;
	}
	if (lost)
		err = err_set(-EBADMSG, "%" PRIu32 " of %" PRIu32 " symbols are damaged", lost,
			      ks->tables.num_syms);
	return err;
}

int kallsyms_for_each(struct kallsyms *ks, int (*fn)(void *ctx, const struct ksym *sym), void *ctx)
{
	return walk_symbols(ks, fn, ctx, true);
}

static int add_to_index(void *ctx, const struct ksym *sym)
{
	return kallsyms_index_add(ctx, sym);
}

static int need_index(struct kallsyms *ks)
{
	struct kallsyms_index *idx;
	int err;

	if (ks->index)
		return 0;
	err = kallsyms_index_create(&idx);
	if (err)
		return err;
	err = walk_symbols(ks, add_to_index, idx, false);
	/* Part of the symbols is better than none. */
	if (err == -EBADMSG || err == -EFAULT)
		err = 0;
	if (!err)
		err = kallsyms_index_finish(idx);
	if (err)
		kallsyms_index_destroy(idx);
	else
		ks->index = idx;
	return err;
}

int search_kallsyms_by_name(struct kallsyms *ks, const char *module, const char *name,
			    struct ksym *ret, int max)
{
	int err = need_index(ks);

	return err ?: kallsyms_index_by_name(ks->index, module, name, ret, max);
}

int get_kallsyms_value_by_name(struct kallsyms *ks, const char *module, const char *name,
			       uint64_t *value)
{
	struct ksym found[KSYM_MATCHES_MAX];
	int nr = search_kallsyms_by_name(ks, module, name, found, KSYM_MATCHES_MAX);

	if (nr < 0)
		return nr;
	if (!nr)
		return err_set(-ENOENT, "no symbol is called %s", name);
	for (int i = 0; i < nr; i++) {
		if (i == KSYM_MATCHES_MAX || found[i].value != found[0].value)
			return err_set(-ENOTUNIQ, "%d symbols are called %s", nr, name);
	}
	*value = found[0].value;
	return 0;
}

int search_kallsyms_by_address(struct kallsyms *ks, uint64_t address, struct ksym *ret)
{
	int err = need_index(ks);

	return err ?: kallsyms_index_by_address(ks->index, address, ret);
}
