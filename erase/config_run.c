// SPDX-License-Identifier: GPL-2.0-or-later
#include "erase/config_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/dwarf_lookup.h"
#include "erase/config_eval.h"
#include "kernel/kernel_tables.h"
#include "lib/array.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "types/btf_lookup.h"

/* Limit of ranges: more are probably a mistake in the file. */
#define RANGES_MAX (1u << 20)

/* The symbols that a config names, as declarations, and what answers beside them. */
struct config_run {
	const struct kernel *kernel;
	struct ksym_info *symbols;   /* owned */
	struct ksym_info **pointers; /* to each of them; owned */
	size_t nr_symbols;
	const char **names; /* of symbols and types, perhaps repeated; owned */
	size_t nr_names;
	struct kernel_tables *facts;
	struct btf_lookup *btf;
	struct dwarf_lookup *dwarf;
	struct type_lookup types;
	struct erase_list *list;
	uint8_t fill; /* of what is being overwritten */
};

/* --- symbols -------------------------------------------------------------------------- */

static const char *declared_module(const char *module)
{
	return module ? module : "vmlinux";
}

static const struct ksym_info *find_symbol(const struct config_run *s, const char *module,
					   const char *name)
{
	for (size_t i = 0; i < s->nr_symbols; i++) {
		const struct ksym_info *k = &s->symbols[i];

		if (!strcmp(k->symname, name) && !strcmp(k->modname, declared_module(module)))
			return k;
	}
	return NULL;
}

/* All that a vmlinux can be asked for by its name, so that one pass over it will do. */
static int add_name(struct config_run *s, const char *name)
{
	if (ARRAY_GROW(s->names, s->nr_names, "names"))
		return -ENOMEM;
	s->names[s->nr_names++] = name;
	return 0;
}

static int declare_symbol(struct config_run *s, const char *module, const char *name)
{
	if (find_symbol(s, module, name))
		return 0;
	if (ARRAY_GROW(s->symbols, s->nr_symbols, "symbols"))
		return -ENOMEM;
	s->symbols[s->nr_symbols++] = (struct ksym_info){
		.modname = declared_module(module),
		.symname = name,
		.index = -1,
	};
	return add_name(s, name);
}

static int declare_path(struct config_run *s, const char *module, const struct config_path *path)
{
	int err = path->first ? declare_symbol(s, module, path->first->name) : 0;

	for (const struct config_step *step = path->first; !err && step; step = step->next)
		if (step->cast)
			err = add_name(s, step->cast->name);
	return err;
}

/* Names of loop variables are skipped: they are not symbols. */
static int declare_symbols(struct config_run *s, const struct config_command *c)
{
	int err = 0;

	for (; !err && c; c = c->next) {
		err = declare_path(s, c->module, &c->what);
		if (!err)
			err = declare_path(s, c->module, &c->size_path);
		if (!err && c->within)
			err = add_name(s, c->within);
		if (!err)
			err = declare_symbols(s, c->body);
	}
	return err;
}

static int resolve_symbols(struct config_run *s)
{
	struct fact_set set = { .nr_ksyms = s->nr_symbols };

	s->pointers = calloc(s->nr_symbols + 1, sizeof(*s->pointers));
	if (!s->pointers)
		return err_set(-ENOMEM, "no memory for %zu symbols", s->nr_symbols);
	for (size_t i = 0; i < s->nr_symbols; i++)
		s->pointers[i] = &s->symbols[i];
	set.ksyms = s->pointers;
	return kernel_resolve(s->kernel, &set, &s->facts);
}

/* --- the world ------------------------------------------------------------------------ */

static bool has_module(void *ctx, const char *module)
{
	const struct config_run *s = ctx;

	return module_list_find(&s->facts->modules, module);
}

static bool any_symbol(const struct config_run *s)
{
	for (size_t i = 0; i < s->nr_symbols; i++)
		if (s->symbols[i].index >= 0)
			return true;
	return false;
}

static int symbol_address(void *ctx, const char *module, const char *name, vaddr_t *ret)
{
	const struct config_run *s = ctx;
	const struct ksym_info *k = find_symbol(s, module, name);

	if (k && k->index >= 0) {
		*ret = k->value;
		return 0;
	}
	if (k && k->index == FACT_AMBIGUOUS)
		return err_set(-ENOTUNIQ, "several symbols are called %s", name);
	/* Then it may not be the name that is wrong. */
	if (!s->kernel->vmlinux_path && !any_symbol(s))
		return err_set(-ENOENT,
			       "there is no symbol %s (without CONFIG_KALLSYMS_ALL, a "
			       "kernel tells no variables: -x VMLINUX does)",
			       name);
	return err_set(-ENOENT, "there is no symbol %s", name);
}

static int add_run(void *ctx, paddr_t pa, uint64_t len)
{
	struct config_run *s = ctx;

	if (s->list->nr >= RANGES_MAX)
		return err_set(-ENOMEM, "more than %u ranges to overwrite", RANGES_MAX);
	return erase_list_add(s->list, pa, len, s->fill);
}

static int overwrite(void *ctx, vaddr_t va, uint64_t len, uint8_t fill)
{
	struct config_run *s = ctx;

	s->fill = fill;
	return kernel_for_each_run(s->kernel, s->facts->view.r, va, len, add_run, s);
}

static int open_vmlinux(struct config_run *s)
{
	int err = dwarf_lookup_create(&s->dwarf, s->kernel->vmlinux_path, s->names, s->nr_names);

	if (!err)
		type_lookup_add(&s->types, dwarf_lookup_source(s->dwarf));
	return err;
}

static int open_sources(struct config_run *s)
{
	int err = resolve_symbols(s);

	if (err)
		return err;
	if (!s->facts)
		return err_set(-ENOENT, "addresses cannot be translated: %s",
			       s->kernel->translation_why);
	type_lookup_init(&s->types, vmem_ulong_size(&s->facts->view.mem));
	if (s->facts->types) {
		err = btf_lookup_create(&s->btf, s->facts->types, &s->facts->view.mem,
					&s->facts->modules);
		if (!err)
			type_lookup_add(&s->types, btf_lookup_source(s->btf));
		else if (err == -ENOMEM)
			return err;
	}
	return s->kernel->vmlinux_path ? open_vmlinux(s) : 0;
}

static void close_sources(struct config_run *s)
{
	type_lookup_deinit(&s->types);
	btf_lookup_destroy(s->btf);
	dwarf_lookup_destroy(s->dwarf);
	kernel_tables_close(s->facts);
	free(s->pointers);
	free(s->symbols);
	free(s->names);
}

/* --- messages ------------------------------------------------------------------------- */

/* Destinations of messages: the report, and the ERASEINFO of the dump. */
struct erase_log {
	const struct erase_config *config;
	const struct eval_outcome *outcomes;
	const struct module_list *modules;
	struct erase_list *list;
	struct erase_report *report;
};

static int log_line(struct erase_log *t, bool wrong, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* One line to people; in the dump's text it is a comment. */
static int log_line(struct erase_log *t, bool wrong, const char *fmt, ...)
{
	struct erase_report *r = t->report;
	_cleanup_free_ char *text = NULL;
	va_list ap;
	int len, err;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0) {
		text = NULL;
		return err_set(-ENOMEM, "no memory for a message");
	}
	err = erase_list_note(t->list, "# %s", text);
	r->failed += wrong;
	if (r->nr_lines == ERASE_LINES_MAX)
		r->more++;
	else
		r->lines[r->nr_lines++] = (struct erase_line){ take_ptr(text), wrong };
	return err;
}

static int log_erased(struct erase_log *t, const struct config_command *c,
		      const struct eval_outcome *o)
{
	int err = 0;

	t->report->places += o->done;
	t->report->bytes += o->bytes;
	if (c->nullify)
		return o->done ? erase_list_note(t->list, "erase %s nullify", c->what.text) : 0;
	for (unsigned int i = 0; !err && i < o->nr_sizes; i++)
		err = erase_list_note(t->list, "erase %s size %" PRIu64, c->what.text, o->sizes[i]);
	return err;
}

static int tell_failed(struct erase_log *t, const struct config_command *c,
		       const struct eval_outcome *o)
{
	const char *path = t->config->path;

	if (o->impossible)
		return log_line(t, true, "%s:%u: \"%s\" cannot be done: %s", path, c->line, c->text,
				o->why);
	if (c->is_loop)
		return log_line(t, true,
				"%s:%u: \"%s\" did not come to its end, after %" PRIu64
				" elements: %s",
				path, c->line, c->text, o->done, o->why);
	return log_line(t, true, "%s:%u: \"%s\" was not done for %" PRIu64 " of %" PRIu64 ": %s",
			path, c->line, c->text, o->failed, o->done + o->failed, o->why);
}

static int tell_commands(struct erase_log *t, const struct config_command *c)
{
	int err = 0;

	for (; !err && c; c = c->next) {
		const struct eval_outcome *o = &t->outcomes[c->number];

		if (!c->is_loop)
			err = log_erased(t, c, o);
		if (!err && o->failed)
			err = tell_failed(t, c, o);
		if (!err)
			err = tell_commands(t, c->body);
	}
	return err;
}

/* Commands for a module that is not loaded are skipped. */
static int tell_sections(struct erase_log *t)
{
	int err = 0;

	for (const struct config_section *s = t->config->sections; !err && s; s = s->next) {
		if (module_list_find(t->modules, s->module))
			continue;
		if (t->modules->nr && !t->modules->why[0])
			err = log_line(t, false,
				       "%s:%u: [%s] is passed over: the module is not loaded",
				       t->config->path, s->line, s->module);
		else
			err = log_line(
				t, true,
				"%s:%u: [%s] cannot be done: the dump's modules are not known%s%s",
				t->config->path, s->line, s->module, t->modules->why[0] ? ": " : "",
				t->modules->why);
	}
	return err;
}

/* Nothing could be tried, or not all of it. */
static int log_aborted(struct erase_log *t, const char *what, int why)
{
	char text[256];

	snprintf(text, sizeof(text), "%s", err_text(why));
	return log_line(t, true, "%s: %s: %s", t->config->path, what, text);
}

static int do_config(struct config_run *s, struct erase_log *t, struct eval_outcome *outcomes)
{
	const struct eval_ops w = {
		.mem = &s->facts->view.mem,
		.types = &s->types,
		.has_module = has_module,
		.symbol = symbol_address,
		.overwrite = overwrite,
		.ctx = s,
	};
	int err = eval_config(&w, t->config, outcomes);

	t->modules = &s->facts->modules;
	if (err)
		err = log_aborted(t, "the rest of it is not done", err);
	if (!err)
		err = tell_sections(t);
	return err ? err : tell_commands(t, t->config->first);
}

int erase_run_config(const struct kernel *k, const struct erase_config *config,
		     struct erase_list *list, struct erase_report *report)
{
	_cleanup_free_ struct eval_outcome *outcomes =
		calloc(config->nr_commands + 1, sizeof(*outcomes));
	struct config_run s = { .kernel = k, .list = list };
	struct erase_log t = { config, outcomes, NULL, list, report };
	int err;

	*report = (struct erase_report){ .nr_lines = 0 };
	if (!outcomes)
		return err_set(-ENOMEM, "no memory for %u commands", config->nr_commands);
	err = declare_symbols(&s, config->first);
	if (!err)
		err = open_sources(&s);
	if (!err)
		err = do_config(&s, &t, outcomes);
	else if (err == -ENOENT)
		err = log_aborted(&t, "nothing of it can be done", err);
	close_sources(&s);
	return err;
}

void erase_report_free(struct erase_report *report)
{
	for (size_t i = 0; i < report->nr_lines; i++)
		free(report->lines[i].text);
	*report = (struct erase_report){ .nr_lines = 0 };
}
