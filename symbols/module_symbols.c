// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/module_symbols.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/err.h"

/* Symbols of a module. */
#define SYMBOLS_MAX (1u << 20)
/* Bytes of a symbol table that are read at once. */
#define PIECE_BYTES (1u << 20)
/* Number of symbols that are skipped together if a piece is unreadable. */
#define SYMBOLS_TOGETHER 64
/* Bytes of all names of a module, and of the average of them: KSYM_NAME_LEN. */
#define STRINGS_MAX (64u << 20)
#define STRING_MAX 512
/* Replaces unreadable bytes of the names; no name contains it. */
#define NO_STRING 0xff
/* Strings are read so much at a time where they cannot be read at once. */
#define PAGE_BYTES 4096

struct symbols {
	const struct kmodule *module;
	const struct vmem *mem;
	int (*fn)(void *ctx, const struct kmodule_symbol *sym);
	void *ctx;
	size_t entry_size;
	uint32_t piece; /* symbols that are read at once */
	uint8_t *raw;	/* that many, */
	uint8_t *types; /* and a letter for each */
	char *strings;
	size_t strings_len;
	uint32_t lost; /* symbols that could not be read */
};

/* The fields of Elf32_Sym and Elf64_Sym that matter. */
struct elf_symbol {
	uint32_t name;
	uint8_t info;
	uint16_t shndx;
	uint64_t value, size;
};

static void decode_symbol(const struct vmem *mem, const uint8_t *p, struct elf_symbol *s)
{
#define FIELD(f) (p + (mem->is64 ? offsetof(Elf64_Sym, f) : offsetof(Elf32_Sym, f)))
	s->name = load_u32(FIELD(st_name), mem->swap);
	s->info = *FIELD(st_info);
	s->shndx = load_u16(FIELD(st_shndx), mem->swap);
	s->value = load_ulong(FIELD(st_value), mem->is64, mem->swap);
	s->size = load_ulong(FIELD(st_size), mem->is64, mem->swap);
#undef FIELD
}

static bool is_letter(uint64_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * Types have a table since Linux kernel commit 1c7651f43777 ("kallsyms: store type
 * information in its own array") (in v5.2). Before it they were written over st_info,
 * and since 5439c985c5a8 ("module: Overwrite st_size instead of st_info") (in v5.0)
 * over st_size.
 */
static char symbol_type(const struct symbols *s, const struct elf_symbol *sym, uint8_t type)
{
	uint64_t c = type;

	if (!s->module->typetab)
		c = is_letter(sym->info) ? sym->info : sym->size;
	return is_letter(c) ? c | 0x20 : '?';
}

/* Assemblers put \1, \2 or a space into names of local labels, which some modules keep. */
static bool is_symbol_name(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((s[i] < ' ' && s[i] != 1 && s[i] != 2) || s[i] > '~')
			return false;
	}
	return len;
}

static int give_symbol(const struct symbols *s, const uint8_t *raw, uint8_t type)
{
	struct kmodule_symbol ret;
	struct elf_symbol sym;
	size_t room;

	decode_symbol(s->mem, raw, &sym);
	if (sym.name >= s->strings_len)
		return 0;
	room = s->strings_len - sym.name;
	ret.name = s->strings + sym.name;
	ret.name_len = strnlen(ret.name, room);
	if (ret.name_len == room || !is_symbol_name(ret.name, ret.name_len))
		return 0;
	ret.type = symbol_type(s, &sym, type);
	ret.value = sym.value;
	ret.foreign = sym.shndx == SHN_UNDEF;
	return s->fn(s->ctx, &ret);
}

static int read_symbols(const struct symbols *s, uint32_t first, uint32_t n)
{
	return vmem_read(s->mem, s->module->symtab + first * s->entry_size, s->raw,
			 n * s->entry_size);
}

/* Give symbols [first, first + n), at most a piece. Around holes, pieces become smaller. */
static int give_symbols(struct symbols *s, uint32_t first, uint32_t n)
{
	int err = read_symbols(s, first, n);

	if (err == -EFAULT && n > SYMBOLS_TOGETHER) {
		err = give_symbols(s, first, n / 2);
		return err ? err : give_symbols(s, first + n / 2, n - n / 2);
	}
	if (err == -EFAULT) {
		s->lost += n;
		return 0;
	}
	if (!err && s->module->typetab) {
		err = vmem_read(s->mem, s->module->typetab + first, s->types, n);
		if (err == -EFAULT) {
			memset(s->types, 0, n);
			err = 0;
		}
	}
	if (err)
		return err_prefix(err, "symbols of module %s", s->module->name);
	for (uint32_t i = 0; !err && i < n; i++)
		err = give_symbol(s, s->raw + i * s->entry_size, s->types[i]);
	return err;
}

/* Return the offset of the last name that begins before a limit. */
static size_t last_name(const struct symbols *s, size_t limit)
{
	size_t last = 0;

	for (uint32_t first = 0; first < s->module->num_symtab; first += s->piece) {
		uint32_t n = min_u64(s->piece, s->module->num_symtab - first);

		if (read_symbols(s, first, n))
			continue;
		for (uint32_t i = 0; i < n; i++) {
			struct elf_symbol sym;

			decode_symbol(s->mem, s->raw + i * s->entry_size, &sym);
			if (sym.name < limit)
				last = max_u64(last, sym.name);
		}
	}
	return last;
}

/* The table of types begins where the strings end; without it they end as the last does. */
static size_t strings_bytes(const struct symbols *s)
{
	const struct kmodule *m = s->module;
	size_t limit = min_u64((uint64_t)m->num_symtab * STRING_MAX, STRINGS_MAX);

	if (m->typetab > m->strtab && m->typetab - m->strtab <= limit)
		return m->typetab - m->strtab;
	return last_name(s, limit) + STRING_MAX;
}

/* @return how many bytes could be read */
static size_t read_strings_by_page(struct symbols *s)
{
	size_t done = 0;

	for (size_t at = 0, n; at < s->strings_len; at += n) {
		vaddr_t va = s->module->strtab + at;

		n = min_u64(PAGE_BYTES - va % PAGE_BYTES, s->strings_len - at);
		if (vmem_read(s->mem, va, s->strings + at, n))
			memset(s->strings + at, NO_STRING, n);
		else
			done += n;
	}
	return done;
}

static int read_strings(struct symbols *s)
{
	int err;

	s->strings_len = strings_bytes(s);
	s->strings = malloc(s->strings_len);
	if (!s->strings)
		return err_set(-ENOMEM, "no memory for the symbols of module %s", s->module->name);
	err = vmem_read(s->mem, s->module->strtab, s->strings, s->strings_len);
	if (err == -EFAULT && read_strings_by_page(s))
		return 0;
	return err ? err_prefix(err, "symbol names of module %s", s->module->name) : 0;
}

static int give_all(struct symbols *s)
{
	const struct kmodule *m = s->module;
	int err;

	s->raw = malloc(s->piece * s->entry_size);
	/* These stay 0 for a module that has no table of types. */
	s->types = calloc(s->piece, 1);
	if (!s->raw || !s->types)
		return err_set(-ENOMEM, "no memory for the symbols of module %s", m->name);
	err = read_strings(s);
	for (uint32_t first = 0; !err && first < m->num_symtab; first += s->piece)
		err = give_symbols(s, first, min_u64(s->piece, m->num_symtab - first));
	if (!err && s->lost)
		return err_set(-EFAULT,
			       "%" PRIu32 " of %" PRIu32 " symbols of module %s at %#" PRIx64
			       " cannot be read",
			       s->lost, m->num_symtab, m->name, m->symtab);
	return err;
}

int kmodule_for_each_symbol(const struct kmodule *module, const struct vmem *mem,
			    int (*fn)(void *ctx, const struct kmodule_symbol *sym), void *ctx)
{
	struct symbols s = { .module = module, .mem = mem, .fn = fn, .ctx = ctx };
	int err;

	if (!module->symtab || !module->num_symtab)
		return 0;
	if (module->num_symtab > SYMBOLS_MAX)
		return err_set(-EBADMSG, "module %s claims %" PRIu32 " symbols", module->name,
			       module->num_symtab);
	s.entry_size = mem->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	s.piece = min_u64(PIECE_BYTES / s.entry_size, module->num_symtab);
	err = give_all(&s);
	free(s.raw);
	free(s.types);
	free(s.strings);
	return err;
}
