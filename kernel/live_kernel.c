// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/live_kernel.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts/declare.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/types.h"
#include "symbols/module_list.h"
#include "symbols/vmem.h"
#include "types/btf_info.h"

/* --- symbols ------------------------------------------------------------------------ */

/* A line of /proc/kallsyms. */
struct symbol_line {
	uint64_t value;
	char type, name[512], module[KMODULE_NAME_MAX];
};

static bool parse_line(const char *line, struct symbol_line *ret)
{
	strcpy(ret->module, "vmlinux");
	return sscanf(line, "%" SCNx64 " %c %511s [%63[^]]]", &ret->value, &ret->type, ret->name,
		      ret->module) >= 3;
}

/* A global symbol counts before others; of others, only one that is alone. */
static void offer(struct ksym_info *s, const struct symbol_line *line, bool *global)
{
	bool is_global = isupper((unsigned char)line->type);

	if (*global)
		return;
	if (is_global || s->index == -1) {
		s->value = line->value;
		s->index = FACT_KALLSYMS;
		*global = is_global;
	} else if (s->index >= 0 && s->value != line->value) {
		s->index = FACT_AMBIGUOUS;
	}
}

static void offer_to_all(const struct fact_set *set, const struct symbol_line *line, bool *global)
{
	for (size_t i = 0; i < set->nr_ksyms; i++) {
		struct ksym_info *s = set->ksyms[i];

		if (!strcmp(s->symname, line->name) && !strcmp(s->modname, line->module))
			offer(s, line, &global[i]);
	}
}

static int resolve_symbols(const struct fact_set *set)
{
	_cleanup_free_ bool *global = calloc(set->nr_ksyms + 1, sizeof(*global));
	_cleanup_free_ char *text = NULL;
	struct symbol_line line;
	size_t room = 0;
	FILE *f;

	if (!global)
		return err_set(-ENOMEM, "no memory");
	if (!set->nr_ksyms)
		return 0;
	f = fopen("/proc/kallsyms", "re");
	if (!f)
		return err_errno(-errno, "cannot open /proc/kallsyms");
	while (getline(&text, &room, f) >= 0) {
		if (parse_line(text, &line))
			offer_to_all(set, &line, global);
	}
	fclose(f);
	return 0;
}

/* --- types -------------------------------------------------------------------------- */

#ifdef HAVE_LIBBPF

INIT_OPT_MOD_SYM(vmlinux, __start_BTF);
INIT_OPT_MOD_SYM(vmlinux, __stop_BTF);

#define BTF_DIR "/sys/kernel/btf"
/* The addresses that files are given: that of module n is at (n + 1) times this. */
#define FILE_SPAN (UINT64_C(1) << 32)
/* More than any kernel's; files of this size are not believed. */
#define FILE_MAX (UINT64_C(256) << 20)

/* A file as a piece of memory. */
struct btf_file {
	uint8_t *bytes;
	uint64_t size;
};

struct btf_files {
	struct btf_file *files; /* the first is vmlinux */
	size_t nr;
	struct module_list modules; /* modules[i] is files[i + 1] */
};

static int files_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	const struct btf_files *b = ctx;
	uint64_t i = va / FILE_SPAN, off = va % FILE_SPAN;

	if (!i || i > b->nr || !range_fits(off, len, b->files[i - 1].size))
		return err_set(-EFAULT, "no types at %#" PRIx64, va);
	memcpy(buf, b->files[i - 1].bytes + off, len);
	return 0;
}

static int files_extent(void *ctx, vaddr_t va, uint64_t *len)
{
	const struct btf_files *b = ctx;
	uint64_t i = va / FILE_SPAN, off = va % FILE_SPAN;

	*len = FILE_SPAN - off;
	if (!i || i > b->nr || off >= b->files[i - 1].size)
		return -EFAULT;
	*len = b->files[i - 1].size - off;
	return 0;
}

/* @param ret its bytes are owned by the caller */
static int read_file(const char *path, struct btf_file *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room = 1 << 20;
	ssize_t n = 1;

	*ret = (struct btf_file){ .size = 0 };
	if (fd < 0)
		return err_errno(-errno, "cannot open %s", path);
	while (n > 0) {
		uint8_t *p = realloc(ret->bytes, room);

		if (!p || room > FILE_MAX)
			return err_set(-ENOMEM, "no memory for %s", path);
		ret->bytes = p;
		n = fd_read(fd, p + ret->size, room - ret->size);
		if (n < 0)
			return err_errno(n, "cannot read %s", path);
		ret->size += n;
		room *= 2;
	}
	return 0;
}

/* The name of a module that is declared, by its number; "vmlinux" stands for none. */
static const char *module_of(const struct fact_set *set, size_t n)
{
	if (n < set->nr_ktypes)
		return set->ktypes[n]->modname;
	n -= set->nr_ktypes;
	if (n < set->nr_knums)
		return set->knums[n]->modname;
	n -= set->nr_knums;
	if (n < set->nr_klens)
		return set->klens[n]->modname;
	return set->kpaths[n - set->nr_klens]->modname;
}

/* A module that is not there is no error: what it has is missing. */
static int add_module(struct btf_files *b, const char *name)
{
	struct kmodule *m = &b->modules.modules[b->modules.nr];
	struct btf_file *f = &b->files[b->nr];
	char path[sizeof(BTF_DIR) + sizeof(m->name) + 1];
	int err;

	if (!strcmp(name, "vmlinux") || strchr(name, '/') || strlen(name) >= sizeof(m->name) ||
	    module_list_find(&b->modules, name))
		return 0;
	snprintf(path, sizeof(path), BTF_DIR "/%s", name);
	err = read_file(path, f);
	if (err) {
		free(f->bytes);
		return err == -ENOMEM ? err : 0;
	}
	strcpy(m->name, name);
	m->btf = (b->nr + 1) * FILE_SPAN;
	m->btf_size = f->size;
	b->modules.nr++;
	b->nr++;
	return 0;
}

static int open_files(struct btf_files *b, const struct fact_set *set)
{
	size_t nr = set->nr_ktypes + set->nr_knums + set->nr_klens + set->nr_kpaths;
	int err;

	b->files = calloc(nr + 1, sizeof(*b->files));
	b->modules.modules = calloc(nr + 1, sizeof(*b->modules.modules));
	if (!b->files || !b->modules.modules)
		return err_set(-ENOMEM, "no memory");
	err = read_file(BTF_DIR "/vmlinux", &b->files[0]);
	b->nr = 1;
	for (size_t i = 0; !err && i < nr; i++)
		err = add_module(b, module_of(set, i));
	return err;
}

static void close_files(struct btf_files *b)
{
	for (size_t i = 0; i < b->nr; i++)
		free(b->files[i].bytes);
	free(b->files);
	module_list_free(&b->modules);
}

static void set_symbol(struct ksym_info *s, uint64_t value)
{
	s->value = value;
	s->index = FACT_KALLSYMS;
}

static int resolve_from(const struct btf_files *b, const struct vmem *mem,
			const struct fact_set *set)
{
	struct btf_info *types;
	int err = btf_info_create(&types, mem);

	if (err)
		return err;
	set_symbol(GET_MOD_SYM_PTR(vmlinux, __start_BTF), FILE_SPAN);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, __stop_BTF), FILE_SPAN + b->files[0].size);
	err = register_ktype_section(types, set);
	if (!err)
		err = init_kernel_btf(types);
	if (!err)
		err = init_module_btf(types, &b->modules);
	btf_info_destroy(types);
	return err;
}

static int resolve_types(const struct fact_set *set)
{
	struct btf_files b = { .files = NULL };
	const struct vmem mem = {
		.read = files_read,
		.extent = files_extent,
		.ctx = &b,
		.is64 = sizeof(long) == 8,
	};
	int err = open_files(&b, set);

	if (!err)
		err = resolve_from(&b, &mem, set);
	close_files(&b);
	return err;
}

#else

static int resolve_types(const struct fact_set *set)
{
	(void)set;
	return 0;
}

#endif

int facts_from_running_kernel(const struct fact_set *set)
{
	int err = resolve_symbols(set);

	return err ? err : resolve_types(set);
}
