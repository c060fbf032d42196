// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/vmlinux.h"

#include <errno.h>

#include "lib/err.h"

#ifdef HAVE_DWARF

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/types.h"

/* How well a symbol's name fits, best last. */
enum fit {
	FIT_NONE,
	FIT_SUFFIXED,
	FIT_LOCAL,
	FIT_GLOBAL,
};

/* A symbol that is sought. */
struct symbol {
	const char *name;
	enum fit fit;
	bool ambiguous;
	GElf_Sym sym;
};

bool debuginfo_supported(void)
{
	return true;
}

/* --- symbols ---------------------------------------------------------------- */

static int cmp_symbol(const void *a, const void *b)
{
	return strcmp(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

static struct symbol *find_symbol(struct symbol *symbols, size_t nr, const char *name)
{
	const struct symbol key = { .name = name };

	return bsearch(&key, symbols, nr, sizeof(*symbols), cmp_symbol);
}

static void take_symbol(struct symbol *s, enum fit fit, const GElf_Sym *sym)
{
	if (fit < s->fit)
		return;
	if (fit == s->fit) {
		s->ambiguous |= s->sym.st_value != sym->st_value;
		return;
	}
	s->fit = fit;
	s->ambiguous = false;
	s->sym = *sym;
}

static void match_symbol(struct symbol *symbols, size_t nr, const char *name, const GElf_Sym *sym)
{
	struct symbol *s = find_symbol(symbols, nr, name);
	const char *dot = strchr(name, '.'), *end = name + strlen(name);
	char base[256];

	if (s) {
		take_symbol(s, GELF_ST_BIND(sym->st_info) == STB_LOCAL ? FIT_LOCAL : FIT_GLOBAL,
			    sym);
		return;
	}
	/* What was split off as unlikely is not the function. */
	if (!dot || dot == name || dot - name >= (ptrdiff_t)sizeof(base) ||
	    (end - dot >= 5 && !strcmp(end - 5, ".cold")))
		return;
	memcpy(base, name, dot - name);
	base[dot - name] = '\0';
	s = find_symbol(symbols, nr, base);
	if (s)
		take_symbol(s, FIT_SUFFIXED, sym);
}

/* Look for symbols, which are sorted by name, in one pass over the table. */
static int find_symbols(const struct debuginfo *d, struct symbol *symbols, size_t nr)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	Elf_Data *data;
	GElf_Sym sym;

	while ((scn = elf_nextscn(d->elf, scn))) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_SYMTAB)
			continue;
		data = elf_getdata(scn, NULL);
		if (!data)
			return err_set(-EBADMSG, "cannot read the symbol table of %s: %s", d->path,
				       elf_errmsg(-1));
		for (int i = 1; gelf_getsym(data, i, &sym); i++) {
			const char *name;

			if (sym.st_shndx == SHN_UNDEF || GELF_ST_TYPE(sym.st_info) == STT_FILE)
				continue;
			name = elf_strptr(d->elf, shdr.sh_link, sym.st_name);
			if (name)
				match_symbol(symbols, nr, name, &sym);
		}
		return 0;
	}
	return 0;
}

static bool symbol_found(const struct symbol *s)
{
	return s->fit != FIT_NONE && !s->ambiguous;
}

static uint64_t run_time_address(const struct debuginfo *d, const GElf_Sym *sym,
				 uint64_t kaslr_offset)
{
	uint64_t value = sym->st_value;

	/* Linkers make some symbols of the image absolute, so ask where it lies. */
	if (d->has_image ? value >= d->image_start && value <= d->image_end :
	    sym->st_shndx != SHN_ABS)
		value += kaslr_offset;
	return d->is64 ? value : (uint32_t)value;
}

int debuginfo_resolve_symbols(const struct debuginfo *d, const struct fact_set *set,
			      enum fact_source source, uint64_t kaslr_offset)
{
	_cleanup_free_ struct symbol *symbols = calloc(set->nr_ksyms + 1, sizeof(*symbols));
	size_t nr = 0, unique = 0;
	int err;

	if (!symbols)
		return err_set(-ENOMEM, "no memory for %zu symbols", set->nr_ksyms);
	for (size_t i = 0; i < set->nr_ksyms; i++) {
		if (debuginfo_sought(set->ksyms[i]->modname, set->ksyms[i]->index))
			symbols[nr++].name = set->ksyms[i]->symname;
	}
	qsort(symbols, nr, sizeof(*symbols), cmp_symbol);
	for (size_t i = 0; i < nr; i++) {
		if (!unique || strcmp(symbols[unique - 1].name, symbols[i].name))
			symbols[unique++] = symbols[i];
	}
	if (!unique)
		return 0;
	err = find_symbols(d, symbols, unique);
	for (size_t i = 0; !err && i < set->nr_ksyms; i++) {
		struct ksym_info *k = set->ksyms[i];
		const struct symbol *s;

		if (!debuginfo_sought(k->modname, k->index))
			continue;
		s = find_symbol(symbols, unique, k->symname);
		if (!s || s->fit == FIT_NONE)
			continue;
		if (!s->ambiguous)
			k->value = run_time_address(d, &s->sym, kaslr_offset);
		k->index = s->ambiguous ? FACT_AMBIGUOUS : (int)source;
	}
	return err;
}

/* --- which kernel it is ----------------------------------------------------- */

/* "Linux version 6.1.0 (...": the release, as far as the file holds those bytes. */
static void read_release(struct debuginfo *d, const GElf_Sym *banner)
{
	static const char start[] = "Linux version ";
	const size_t len = sizeof(start) - 1;
	Elf_Scn *scn = elf_getscn(d->elf, banner->st_shndx);
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;
	const char *text, *end;
	GElf_Shdr shdr;
	uint64_t off;

	if (!data || !data->d_buf || !gelf_getshdr(scn, &shdr) || banner->st_value < shdr.sh_addr)
		return;
	off = banner->st_value - shdr.sh_addr;
	if (!range_fits(off, len, data->d_size))
		return;
	text = (const char *)data->d_buf + off;
	if (memcmp(text, start, len))
		return;
	text += len;
	end = memchr(text, ' ', min_u64(data->d_size - off - len, sizeof(d->release)));
	if (end)
		snprintf(d->release, sizeof(d->release), "%.*s", (int)(end - text), text);
}

static int identify(struct debuginfo *d)
{
	/* Sorted by name. */
	struct symbol symbols[] = {
		{ .name = "_end" }, { .name = "_stext" }, { .name = "_text" },
		{ .name = "linux_banner" },
	};
	const struct symbol *end = &symbols[0], *stext = &symbols[1], *text = &symbols[2],
			    *banner = &symbols[3];
	const void *id;
	int err;

	if (dwelf_elf_gnu_build_id(d->elf, &id) == BUILD_ID_BYTES) {
		memcpy(d->id.bytes, id, BUILD_ID_BYTES);
		d->has_id = true;
	}
	err = find_symbols(d, symbols, ARRAY_SIZE(symbols));
	if (err)
		return err;
	d->has_stext = symbol_found(stext);
	d->stext = stext->sym.st_value;
	d->has_image = symbol_found(text) && symbol_found(end);
	d->image_start = text->sym.st_value;
	d->image_end = end->sym.st_value;
	if (symbol_found(banner))
		read_release(d, &banner->sym);
	return 0;
}

static int open_elf(struct debuginfo *d)
{
	Dwarf_CU *cu;
	GElf_Ehdr ehdr;

	d->fd = open(d->path, O_RDONLY | O_CLOEXEC);
	if (d->fd < 0)
		return err_errno(-errno, "cannot open %s", d->path);
	elf_version(EV_CURRENT);
	d->elf = elf_begin(d->fd, ELF_C_READ_MMAP, NULL);
	if (!d->elf || elf_kind(d->elf) != ELF_K_ELF || !gelf_getehdr(d->elf, &ehdr))
		return err_set(-EINVAL, "%s is not a vmlinux: it is not an ELF file", d->path);
	d->machine = ehdr.e_machine;
	d->is64 = ehdr.e_ident[EI_CLASS] == ELFCLASS64;
	d->big_endian = ehdr.e_ident[EI_DATA] == ELFDATA2MSB;
	d->dwarf = dwarf_begin_elf(d->elf, DWARF_C_READ, NULL);
	if (!d->dwarf || dwarf_get_units(d->dwarf, NULL, &cu, NULL, NULL, NULL, NULL))
		return err_set(-EINVAL, "%s has no debug information", d->path);
	return identify(d);
}

int debuginfo_open(struct debuginfo **ret, const char *path)
{
	struct debuginfo *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return err_set(-ENOMEM, "no memory");
	d->path = path;
	d->fd = -1;
	err = open_elf(d);
	if (err) {
		debuginfo_close(d);
		return err;
	}
	*ret = d;
	return 0;
}

void debuginfo_close(struct debuginfo *d)
{
	if (!d)
		return;
	dwarf_end(d->dwarf);
	elf_end(d->elf);
	if (d->fd >= 0)
		close(d->fd);
	free(d);
}

static bool parse_build_id(const char *text, size_t len, struct build_id *id)
{
	static const struct build_id none;

	if (len != 2 * BUILD_ID_BYTES)
		return false;
	for (size_t i = 0; i < BUILD_ID_BYTES; i++) {
		uint64_t byte;

		if (!vmcoreinfo_number(text + 2 * i, 2, true, &byte))
			return false;
		id->bytes[i] = byte;
	}
	return memcmp(id, &none, sizeof(none));
}

/*
 * Stable kernels that took over "lib/buildid: harden build ID parsing logic",
 * until "lib/buildid: Fix build ID parsing logic" (6.11.3 to 6.11.9, 6.1.113 to
 * 6.1.118, 5.15.168 and others), tell what begins 12 bytes in front of the build
 * id: two words of the note's header, its name, and 8 bytes of the build id.
 */
static bool is_shifted(const struct debuginfo *d, const struct build_id *id)
{
	static const uint8_t le[] = { 20, 0, 0, 0, NT_GNU_BUILD_ID, 0, 0, 0, 'G', 'N', 'U', 0 };
	static const uint8_t be[] = { 0, 0, 0, 20, 0, 0, 0, NT_GNU_BUILD_ID, 'G', 'N', 'U', 0 };

	return !memcmp(id->bytes, d->big_endian ? be : le, sizeof(le));
}

static bool same_build_id(const struct debuginfo *d, const struct build_id *dump)
{
	if (is_shifted(d, dump))
		return !memcmp(dump->bytes + 12, d->id.bytes, BUILD_ID_BYTES - 12);
	return !memcmp(dump, &d->id, sizeof(d->id));
}

int debuginfo_check(const struct debuginfo *d, uint16_t machine, const struct vmcoreinfo *vi)
{
	char hex[2 * BUILD_ID_BYTES + 1], release[UTS_LEN];
	struct build_id id;
	const char *text;
	size_t len;

	if (machine && machine != d->machine)
		return err_set(-ESTALE, "%s is of another architecture (ELF machine %u) than the dump (%u)",
			       d->path, d->machine, machine);
	if (d->has_id && vmcoreinfo_find(vi, "BUILD-ID", &text, &len) &&
	    parse_build_id(text, len, &id)) {
		if (same_build_id(d, &id))
			return 0;
		for (size_t i = 0; i < BUILD_ID_BYTES; i++)
			snprintf(hex + 2 * i, 3, "%02x", d->id.bytes[i]);
		return err_set(-ESTALE, "%s is of another kernel: its build id is %s, the dump's is %.*s",
			       d->path, hex, (int)len, text);
	}
	if (d->release[0] && vmcoreinfo_string(vi, "OSRELEASE", release, sizeof(release)) &&
	    strcmp(release, d->release))
		return err_set(-ESTALE, "%s is of kernel %s, but the dump is of %s", d->path,
			       d->release, release);
	return 0;
}

int debuginfo_kaslr_offset(const struct debuginfo *d, const struct vmcoreinfo *vi, uint64_t *ret)
{
	const char *text;
	uint64_t stext;
	size_t len;

	if (d->has_stext && vmcoreinfo_find(vi, "SYMBOL(_stext)", &text, &len) &&
	    vmcoreinfo_number(text, len, true, &stext)) {
		*ret = stext - d->stext;
		return 0;
	}
	if (vmcoreinfo_find(vi, "KERNELOFFSET", &text, &len) &&
	    vmcoreinfo_number(text, len, true, ret))
		return 0;
	return -ENOENT;
}

#else

bool debuginfo_supported(void)
{
	return false;
}

int debuginfo_open(struct debuginfo **ret, const char *path)
{
	(void)ret;
	return err_set(-ENOTSUP, "built without libdw: cannot read %s", path);
}

void debuginfo_close(struct debuginfo *d)
{
	(void)d;
}

int debuginfo_check(const struct debuginfo *d, uint16_t machine, const struct vmcoreinfo *vi)
{
	(void)d, (void)machine, (void)vi;
	return -ENOTSUP;
}

int debuginfo_kaslr_offset(const struct debuginfo *d, const struct vmcoreinfo *vi, uint64_t *ret)
{
	(void)d, (void)vi, (void)ret;
	return -ENOTSUP;
}

int debuginfo_resolve_symbols(const struct debuginfo *d, const struct fact_set *set,
			      enum fact_source source, uint64_t kaslr_offset)
{
	(void)d, (void)set, (void)source, (void)kaslr_offset;
	return -ENOTSUP;
}

#endif
