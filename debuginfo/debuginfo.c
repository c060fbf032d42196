// SPDX-License-Identifier: GPL-2.0-or-later
#include "debuginfo/debuginfo.h"

#include <errno.h>

#include "lib/err.h"
#include "lib/input_file.h"

#ifdef HAVE_DWARF

#include <elfutils/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debuginfo/libdw.h"
#include "lib/checked.h"
#include "lib/types.h"
#include "symbols/symbol_match.h"

LIBRARY_LOADER(HAVE_DWARF, libdw, LIBDW_FUNCTIONS, "a vmlinux given with -x", "libdw.so.1")

bool debuginfo_supported(void)
{
	return libdw_available();
}

#define TEXT(number) #number
#define VERSION_TEXT(number) "0." TEXT(number)

const char *debuginfo_library_version(void)
{
	return VERSION_TEXT(_ELFUTILS_VERSION);
}

/* --- symbols ---------------------------------------------------------------- */

/* The symbol table, and where its names are; *data is NULL if there is none. */
static int open_table(const struct debuginfo *d, Elf_Data **data, size_t *names)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;

	*data = NULL;
	while ((scn = d->dw->elf_nextscn(d->elf, scn))) {
		if (!d->dw->gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_SYMTAB)
			continue;
		*names = shdr.sh_link;
		*data = d->dw->elf_getdata(scn, NULL);
		if (!*data)
			return err_set(-EBADMSG, "cannot read the symbol table of %s: %s", d->path,
				       d->dw->elf_errmsg(-1));
		return 0;
	}
	return 0;
}

/* Offer all symbols to those that are wanted, by their numbers, in one pass. */
static int match_symbols(const struct debuginfo *d, struct symbol_match *w, Elf_Data **data)
{
	size_t names = 0;
	GElf_Sym sym;
	int err = open_table(d, data, &names);

	if (err || !*data)
		return err;
	for (int i = 1; d->dw->gelf_getsym(*data, i, &sym); i++) {
		bool local = GELF_ST_BIND(sym.st_info) == STB_LOCAL;
		const char *name;

		if (sym.st_shndx == SHN_UNDEF || GELF_ST_TYPE(sym.st_info) == STT_FILE)
			continue;
		name = d->dw->elf_strptr(d->elf, names, sym.st_name);
		if (name)
			symbol_match_offer(w, name, strlen(name), local ? 't' : 'T', i);
	}
	return 0;
}

/* The symbol of a name. @return 0; -ENOENT; -ENOTUNIQ if several have it and differ */
static int wanted_symbol(const struct debuginfo *d, Elf_Data *data, const struct symbol_match *w,
			 const char *name, GElf_Sym *ret)
{
	const struct symbol_match_name *n = symbol_match_find(w, name);

	if (!n || !n->nr)
		return -ENOENT;
	if (n->nr > KSYM_MATCHES_MAX)
		return -ENOTUNIQ;
	for (unsigned int i = 0; i < n->nr; i++) {
		GElf_Sym sym;

		if (!d->dw->gelf_getsym(data, n->refs[i], &sym))
			return -ENOENT;
		if (i && sym.st_value != ret->st_value)
			return -ENOTUNIQ;
		*ret = sym;
	}
	return 0;
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

static void fill_in(const struct debuginfo *d, Elf_Data *data, const struct symbol_match *w,
		    struct ksym_info *k, enum fact_source source, uint64_t kaslr_offset)
{
	GElf_Sym sym;
	int err = wanted_symbol(d, data, w, k->symname, &sym);

	if (!err) {
		k->value = run_time_address(d, &sym, kaslr_offset);
		k->index = source;
	} else if (err == -ENOTUNIQ) {
		k->index = FACT_AMBIGUOUS;
	}
}

int debuginfo_resolve_symbols(const struct debuginfo *d, const struct fact_set *set,
			      enum fact_source source, uint64_t kaslr_offset)
{
	struct symbol_match w;
	Elf_Data *data;
	int err = symbol_match_init(&w, set->nr_ksyms);

	if (err)
		return err;
	for (size_t i = 0; i < set->nr_ksyms; i++) {
		if (fact_is_missing(set->ksyms[i]->index, set->ksyms[i]->modname, "vmlinux"))
			symbol_match_add(&w, set->ksyms[i]->symname);
	}
	err = match_symbols(d, &w, &data);
	for (size_t i = 0; !err && i < set->nr_ksyms; i++) {
		struct ksym_info *k = set->ksyms[i];

		if (fact_is_missing(k->index, k->modname, "vmlinux"))
			fill_in(d, data, &w, k, source, kaslr_offset);
	}
	symbol_match_deinit(&w);
	return err;
}

/* --- which kernel it is ----------------------------------------------------- */

/* "Linux version 6.1.0 (...": the release, as far as the file holds those bytes. */
static void read_release(struct debuginfo *d, const GElf_Sym *banner)
{
	static const char start[] = "Linux version ";
	const size_t len = sizeof(start) - 1;
	Elf_Scn *scn = d->dw->elf_getscn(d->elf, banner->st_shndx);
	Elf_Data *data = scn ? d->dw->elf_rawdata(scn, NULL) : NULL;
	const char *text, *end;
	GElf_Shdr shdr;
	uint64_t off;

	if (!data || !data->d_buf || !d->dw->gelf_getshdr(scn, &shdr) ||
	    banner->st_value < shdr.sh_addr)
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

static void identify_by(struct debuginfo *d, Elf_Data *data, const struct symbol_match *w)
{
	GElf_Sym sym, end;

	if (!wanted_symbol(d, data, w, "_stext", &sym)) {
		d->has_stext = true;
		d->stext = sym.st_value;
	}
	if (!wanted_symbol(d, data, w, "_text", &sym) && !wanted_symbol(d, data, w, "_end", &end)) {
		d->has_image = true;
		d->image_start = sym.st_value;
		d->image_end = end.st_value;
	}
	if (!wanted_symbol(d, data, w, "linux_banner", &sym))
		read_release(d, &sym);
}

static int identify(struct debuginfo *d)
{
	static const char *const names[] = { "_stext", "_text", "_end", "linux_banner" };
	struct symbol_match w;
	Elf_Data *data;
	const void *id;
	int err;

	if (d->dw->dwelf_elf_gnu_build_id(d->elf, &id) == BUILD_ID_BYTES) {
		memcpy(d->id.bytes, id, BUILD_ID_BYTES);
		d->has_id = true;
	}
	err = symbol_match_init(&w, ARRAY_SIZE(names));
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		symbol_match_add(&w, names[i]);
	err = match_symbols(d, &w, &data);
	if (!err)
		identify_by(d, data, &w);
	symbol_match_deinit(&w);
	return err;
}

/* The error that libdw found no DWARF. It passes over sections that it cannot decompress. */
static int no_debug_information(const struct debuginfo *d)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;

	while ((scn = d->dw->elf_nextscn(d->elf, scn))) {
		if (d->dw->gelf_getshdr(scn, &shdr) && shdr.sh_flags & SHF_COMPRESSED)
			return err_set(-EINVAL,
				       "the debug information of %s is compressed in a way that "
				       "libdw does not know: objcopy --decompress-debug-sections "
				       "decompresses it",
				       d->path);
	}
	return err_set(-EINVAL, "%s has no debug information", d->path);
}

static int open_elf(struct debuginfo *d)
{
	Dwarf_CU *cu;
	GElf_Ehdr ehdr;

	d->fd = input_file_open(d->path);
	if (d->fd < 0)
		return d->fd;
	d->dw->elf_version(EV_CURRENT);
	d->elf = d->dw->elf_begin(d->fd, ELF_C_READ_MMAP, NULL);
	if (!d->elf || d->dw->elf_kind(d->elf) != ELF_K_ELF || !d->dw->gelf_getehdr(d->elf, &ehdr))
		return err_set(-EINVAL, "%s is not a vmlinux: it is not an ELF file", d->path);
	d->machine = ehdr.e_machine;
	d->is64 = ehdr.e_ident[EI_CLASS] == ELFCLASS64;
	d->big_endian = ehdr.e_ident[EI_DATA] == ELFDATA2MSB;
	d->dwarf = d->dw->dwarf_begin_elf(d->elf, DWARF_C_READ, NULL);
	if (!d->dwarf || d->dw->dwarf_get_units(d->dwarf, NULL, &cu, NULL, NULL, NULL, NULL))
		return no_debug_information(d);
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
	d->dw = malloc(sizeof(*d->dw));
	err = d->dw ? libdw_load(d->dw) : err_set(-ENOMEM, "no memory");
	if (!err)
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
	if (d->dwarf)
		d->dw->dwarf_end(d->dwarf);
	if (d->elf)
		d->dw->elf_end(d->elf);
	if (d->fd >= 0)
		close(d->fd);
	free(d->dw);
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
		return err_set(-ESTALE,
			       "%s is of another architecture (ELF machine %u) than the dump (%u)",
			       d->path, d->machine, machine);
	if (d->has_id && vmcoreinfo_find(vi, "BUILD-ID", &text, &len) &&
	    parse_build_id(text, len, &id)) {
		if (same_build_id(d, &id))
			return 0;
		for (size_t i = 0; i < BUILD_ID_BYTES; i++)
			snprintf(hex + 2 * i, 3, "%02x", d->id.bytes[i]);
		return err_set(-ESTALE,
			       "%s is of another kernel: its build id is %s, the dump's is %.*s",
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

const char *debuginfo_library_version(void)
{
	return NULL;
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
