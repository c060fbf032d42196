// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/list_symbols.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "facts/vmcoreinfo.h"
#include "kernel/kernel_tables.h"
#include "lib/err.h"
#include "symbols/kallsyms.h"
#include "types/btf_info.h"

/* Symbols that match a pattern, on their way to standard output. */
struct printer {
	const char *pattern; /* or NULL */
	int digits;	     /* of an address */
	uint64_t count;
};

static int open_facts(struct kernel_tables **ret, const struct kernel *k)
{
	if (k->translation_err)
		return err_set(k->translation_err, "addresses cannot be translated: %s",
			       k->translation_why);
	return kernel_tables_open(ret, k, &k->facts, true, NULL);
}

static int flush(int err)
{
	if (fflush(stdout) || ferror(stdout))
		return err_errno(-errno, "cannot write to standard output");
	return err;
}

/* Names in a damaged dump must not control the terminal. */
static void print_name(const char *name)
{
	for (; *name; name++)
		putchar(*name > ' ' && *name <= '~' ? *name : '?');
}

static void print_symbol(const struct printer *p, const struct ksym *sym, uint64_t offset)
{
	printf("%0*" PRIx64 " %c ", p->digits, sym->value + offset, sym->type);
	print_name(sym->name);
	if (offset)
		printf("+%#" PRIx64, offset);
	if (sym->module) {
		fputs("\t[", stdout);
		print_name(sym->module);
		putchar(']');
	}
	putchar('\n');
}

static int print_if_matching(void *ctx, const struct ksym *sym)
{
	struct printer *p = ctx;

	if (p->pattern && fnmatch(p->pattern, sym->name, 0))
		return 0;
	print_symbol(p, sym, 0);
	p->count++;
	return ferror(stdout) ? -EIO : 0;
}

static int list_address(struct printer *p, struct kallsyms *ks, uint64_t address)
{
	struct ksym sym;
	int err = search_kallsyms_by_address(ks, address, &sym);

	if (!err)
		print_symbol(p, &sym, address - sym.value);
	return err;
}

static int list_matching(struct printer *p, struct kallsyms *ks)
{
	int err = kallsyms_for_each(ks, print_if_matching, p);

	if (!err && !p->count)
		return err_set(-ENOENT, "no symbol matches %s", p->pattern);
	return err;
}

int list_ksyms(const struct kernel *k, const char *pattern)
{
	struct printer p = { .pattern = pattern, .digits = k->arch.is64 ? 16 : 8 };
	char modules_why[256] = "";
	struct kernel_tables *of;
	uint64_t address;
	int err = open_facts(&of, k);

	if (err)
		return err;
	err = kernel_tables_modules(of);
	snprintf(modules_why, sizeof(modules_why), "%s", err ? err_text(err) : of->modules.why);
	if (pattern && !strncmp(pattern, "0x", 2) &&
	    vmcoreinfo_number(pattern, strlen(pattern), true, &address))
		err = list_address(&p, of->kallsyms, address);
	else
		err = list_matching(&p, of->kallsyms);
	kernel_tables_close(of);
	if (!err && modules_why[0])
		err = err_set(-EBADMSG, "symbols of modules are missing: %s", modules_why);
	return flush(err);
}

static int print_type(void *ctx, const char *text)
{
	(void)ctx;
	fputs(text, stdout);
	return ferror(stdout) ? -EIO : 0;
}

int list_ktypes(const struct kernel *k, const char *name)
{
	struct kernel_tables *of;
	int err = open_facts(&of, k), ret;

	if (err)
		return err;
	if (!of->types) {
		kernel_tables_close(of);
		return err_set(-ENOTSUP, "built without libbpf: types are not supported");
	}
	err = kernel_tables_modules(of);
	if (err == -ENOMEM) {
		kernel_tables_close(of);
		return err;
	}
	ret = btf_info_print(of->types, &of->modules, name, print_type, NULL);
	kernel_tables_close(of);
	return flush(ret < 0 ? ret : 0);
}
