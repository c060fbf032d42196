/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The functions of libdw, and of libelf, which libdw needs, that read a vmlinux: linked with
 * the program or loaded when a vmlinux is opened (lib/library.h). Only in programs built with
 * libdw.
 */
#ifndef DEBUGINFO_LIBDW_H
#define DEBUGINFO_LIBDW_H

#ifdef HAVE_DWARF

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <gelf.h>

#include "lib/library.h"

#define LIBDW_FUNCTIONS(F) \
	F(dwarf_attr) \
	F(dwarf_attr_integrate) \
	F(dwarf_begin_elf) \
	F(dwarf_child) \
	F(dwarf_decl_line) \
	F(dwarf_diename) \
	F(dwarf_end) \
	F(dwarf_errmsg) \
	F(dwarf_errno) \
	F(dwarf_formref_die) \
	F(dwarf_formstring) \
	F(dwarf_formudata) \
	F(dwarf_get_units) \
	F(dwarf_getalt) \
	F(dwarf_getlocation) \
	F(dwarf_hasattr) \
	F(dwarf_siblingof) \
	F(dwarf_tag) \
	F(dwelf_dwarf_gnu_debugaltlink) \
	F(dwelf_elf_gnu_build_id) \
	F(elf_begin) \
	F(elf_end) \
	F(elf_errmsg) \
	F(elf_getdata) \
	F(elf_getscn) \
	F(elf_kind) \
	F(elf_nextscn) \
	F(elf_rawdata) \
	F(elf_strptr) \
	F(elf_version) \
	F(gelf_getehdr) \
	F(gelf_getshdr) \
	F(gelf_getsym)

/** Constant once it is loaded: struct debuginfo has it. */
LIBRARY_STRUCT(libdw, LIBDW_FUNCTIONS);

#endif

#endif
