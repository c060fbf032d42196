/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Print facts about a dump's kernel as text: --list-ksyms, --list-ktypes.
 */
#ifndef CLI_LIST_SYMBOLS_H
#define CLI_LIST_SYMBOLS_H

#include "kernel/kernel.h"
#include "types/btf_info.h"

/**
 * Print symbols to standard output as /proc/kallsyms does: address, type, name, [module].
 *
 * @param pattern a shell pattern of names; an address (0x...), whose symbol is printed with
 * the offset in it; or NULL: all symbols
 * @return 0; -ENOENT if there is no such symbol; -errno if symbols are missing because
 * something is damaged (the others were printed), or standard output cannot be written
 */
int list_ksyms(const struct kernel *k, const char *pattern) __attribute__((warn_unused_result));

/**
 * Print types to standard output as C, with offsets and sizes.
 * @param name as for btf_info_print()
 * @return as list_ksyms()
 */
int list_ktypes(const struct kernel *k, const char *name) __attribute__((warn_unused_result));

#endif
