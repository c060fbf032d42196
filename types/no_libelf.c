// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libelf for a static program without libdw. libbpf.a refers to libelf's functions, but only
 * its readers of ELF files call them, and types in dumps are not in ELF files. Thus the
 * program needs no libelf.a, which some distributions have without all that it calls.
 *
 * Each function returns 0 or NULL: libelf's failure, or an empty answer.
 */
#ifdef NO_LIBELF
#define FAILS(name) \
	long name(void); \
	long name(void) \
	{ \
		return 0; \
	}

FAILS(elf64_getehdr)
FAILS(elf64_getshdr)
FAILS(elf64_newehdr)
FAILS(elf_begin)
FAILS(elf_end)
FAILS(elf_errmsg)
FAILS(elf_getdata)
FAILS(elf_getphdrnum)
FAILS(elf_getscn)
FAILS(elf_getshdrnum)
FAILS(elf_getshdrstrndx)
FAILS(elf_kind)
FAILS(elf_memory)
FAILS(elf_ndxscn)
FAILS(elf_newdata)
FAILS(elf_newscn)
FAILS(elf_nextscn)
FAILS(elf_rawdata)
FAILS(elf_strptr)
FAILS(elf_update)
FAILS(elf_version)
FAILS(gelf_getclass)
FAILS(gelf_getehdr)
FAILS(gelf_getnote)
FAILS(gelf_getphdr)
FAILS(gelf_getshdr)
FAILS(gelf_getsym)
FAILS(gelf_getverdaux)
FAILS(gelf_getverdef)
FAILS(gelf_getversym)
#endif
