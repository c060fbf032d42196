/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * A vmlinux with debug information (-x): which kernel it is of, and what its ELF
 * symbol table tells. Types are for debuginfo/dwarf_provider.h.
 *
 * Not thread-safe; different handles are independent. In a program built without libdw, or
 * which cannot load it, opening fails and the rest cannot be reached.
 */
#ifndef DEBUGINFO_DEBUGINFO_H
#define DEBUGINFO_DEBUGINFO_H

#include <stdbool.h>
#include <stdint.h>

#include "facts/facts.h"
#include "facts/vmcoreinfo.h"
#include "vmcore/kdump_format.h"

/* As libelf and libdw call them. */
struct Elf;
struct Dwarf;
/* Their functions. */
struct libdw;

#define BUILD_ID_BYTES 20

struct build_id {
	uint8_t bytes[BUILD_ID_BYTES];
};

/** One opened vmlinux. Constant; addresses are those it was linked for. */
struct debuginfo {
	const char *path; /**< borrowed */
	int fd;
	struct libdw *dw; /**< owned */
	struct Elf *elf;
	struct Dwarf *dwarf;
	uint16_t machine; /**< EM_* */
	bool is64, big_endian;
	bool has_id;
	struct build_id id;    /**< if has_id */
	char release[UTS_LEN]; /**< "" if unknown */
	bool has_stext, has_image;
	uint64_t stext;			 /**< _stext, if has_stext */
	uint64_t image_start, image_end; /**< _text and _end, if has_image */
};

/** Return whether the program was built with libdw and, if it loads it, can do that. */
bool debuginfo_supported(void);
/** The version of libdw, such as "0.192"; NULL in a program built without it. */
const char *debuginfo_library_version(void);

/**
 * Open an uncompressed vmlinux of any word size, byte order and architecture.
 *
 * @param path borrowed until debuginfo_close()
 * @return 0; -ENOTSUP without libdw; -ENOMEM; -EINVAL if the file is not ELF or has no
 * debug information; -errno if it cannot be read
 */
int debuginfo_open(struct debuginfo **ret, const char *path) __attribute__((warn_unused_result));
void debuginfo_close(struct debuginfo *d);

/**
 * Check whether the vmlinux is of the kernel that a dump's VMCOREINFO describes: same
 * build id, or, if one of the two has none, same release. If neither has them,
 * it is believed.
 *
 * @param machine ELF machine of the dump, 0 if unknown
 * @return 0; -ESTALE, whose message names both sides
 */
int debuginfo_check(const struct debuginfo *d, uint16_t machine, const struct vmcoreinfo *vi)
	__attribute__((warn_unused_result));

/**
 * The distance that the kernel was moved at boot from where it was linked to be, from
 * SYMBOL(_stext), else from KERNELOFFSET.
 *
 * @param[out] ret bytes, to be added to a link address modulo the word size
 * @return 0; -ENOENT (no sentence) if @p vi does not tell
 */
int debuginfo_kaslr_offset(const struct debuginfo *d, const struct vmcoreinfo *vi, uint64_t *ret)
	__attribute__((warn_unused_result));

/**
 * Fill in symbols of vmlinux that are still missing in a set.
 *
 * A name that several local symbols at different addresses have, and no global
 * one, becomes FACT_AMBIGUOUS. A name that no symbol has is also sought as
 * "name.suffix", as compilers rename what they have changed.
 *
 * @param kaslr_offset bytes, added to addresses within the kernel image; others
 * (absolute symbols, offsets of per-CPU variables) stay as they are
 * @return 0; -ENOMEM; -EBADMSG if the symbol table cannot be read
 */
int debuginfo_resolve_symbols(const struct debuginfo *d, const struct fact_set *set,
			      enum fact_source source, uint64_t kaslr_offset)
	__attribute__((warn_unused_result));

#endif
